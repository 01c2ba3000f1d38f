//! The command line. Output for people by default, `--json` where a script would read it.
//! Exit codes: 0 ok, 1 refused or failed check, 2 usage or configuration.

mod cases;
mod check;
mod evidence;
mod knowledge;
mod serve;
mod wecom;

#[cfg(feature = "demo")]
pub(crate) use evidence::verify as verify_evidence;
pub use serve::{Running, launch};
#[cfg(feature = "demo")]
pub(crate) use wecom::create_menu;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing::Metadata;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::config::{ConfigError, Environment};
use crate::start;

/// A customer-service bot inside WeCom: it drafts, people decide, everything is on record.
#[derive(Parser)]
#[command(name = "aijia", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try the whole product in a browser, with an invented shop and simulated phones
    #[cfg(feature = "demo")]
    Demo {
        /// Play one day by itself, print what everybody saw, and check that all of it held
        #[arg(long)]
        script: bool,
        /// The port of the phones' page
        #[arg(long, default_value_t = 8800)]
        port: u16,
    },
    /// Serve WeCom's callbacks and do the work
    Serve,
    /// The launch checklist against the real configuration
    Check {
        /// For scripts
        #[arg(long)]
        json: bool,
    },
    /// The shop's knowledge
    #[command(subcommand)]
    Knowledge(knowledge::Command),
    /// Cases
    #[command(subcommand)]
    Case(cases::Command),
    /// What was suggested for a case, why, what was done, and who approved it
    Why {
        /// The desk's case number
        case: i64,
    },
    /// The record
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// The configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Setting WeCom up
    #[command(subcommand)]
    Wecom(wecom::Command),
    /// Bring the database's schema up to date and stop
    Migrate,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Put the file of AIJIA_CONFIG in force on all instances
    Apply,
}

/// Why a command did not do what was asked.
pub(crate) enum Failure {
    /// The configuration is unusable: every problem, a line each.
    Config(Vec<ConfigError>),
    /// It was tried and did not work.
    Other(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// Whether a check passed.
pub(crate) enum Verdict {
    /// It did, or there was nothing to check.
    Good,
    /// It did not; what was wrong is already printed.
    Bad,
}

/// Runs the command of the process's arguments.
pub async fn run() -> ExitCode {
    // Variables that are already set win over the file.
    let _ = dotenvy::dotenv();
    let arguments = Arguments::parse();
    log();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("another TLS provider is already installed");
    }
    match dispatch(arguments.command).await {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::FAILURE,
        Err(Failure::Config(problems)) => {
            problems.iter().for_each(|problem| eprintln!("{problem}"));
            ExitCode::from(2)
        }
        Err(Failure::Other(problem)) => {
            eprintln!("{problem:#}");
            ExitCode::FAILURE
        }
    }
}

fn log() {
    let levels = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,aijia=info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(without_answers(levels))).init();
}

/// Whatever RUST_LOG asks for, the model's client stays silent: it writes answers it cannot read into the log, and
/// they may repeat what a customer wrote. (A directive would not do: a narrower one in RUST_LOG would win.)
fn without_answers(levels: EnvFilter) -> impl Filter<Registry> {
    let others = |event: &Metadata<'_>| event.target().split("::").next() != Some("async_openai");
    levels.and(filter_fn(others))
}

async fn dispatch(command: Command) -> Result<Verdict, Failure> {
    match command {
        #[cfg(feature = "demo")]
        Command::Demo { script: false, port } => Ok(crate::demo::play(port).await.map(|()| Verdict::Good)?),
        #[cfg(feature = "demo")]
        Command::Demo { script: true, .. } => Ok(crate::demo::script().await.map(|()| Verdict::Good)?),
        Command::Serve => serve::serve().await,
        Command::Check { json } => check::check(json).await,
        Command::Knowledge(command) => knowledge::run(command).await,
        Command::Case(command) => cases::run(command).await,
        Command::Why { case } => cases::why(case).await,
        Command::Evidence(command) => evidence::run(command).await,
        Command::Config(ConfigCommand::Apply) => serve::apply().await,
        Command::Wecom(command) => wecom::run(command).await,
        Command::Migrate => {
            let environment = environment()?;
            let app = start::assemble(&environment, Clock::System, Ids::system()).await?;
            apply_file(&app, &environment.config).await?;
            println!("the schema is up to date");
            Ok(Verdict::Good)
        }
    }
}

/// The environment of the process.
pub(crate) fn environment() -> Result<Environment, Failure> {
    let environment = Environment::read(|name| std::env::var(name).ok()).map_err(Failure::Config)?;
    environment.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    Ok(environment)
}

/// The program on the process's environment. It follows the configuration in force, which only `serve`, `config
/// apply`, `migrate` and the first start of an empty database change.
pub(crate) async fn assemble() -> Result<App, Failure> {
    let environment = environment()?;
    let app = start::assemble(&environment, Clock::System, Ids::system()).await?;
    let file = environment.config.display();
    match start::is_in_force(&app, &environment.config).await.map_err(bad_file)? {
        None => drop(apply_file(&app, &environment.config).await?),
        Some(true) => {}
        Some(false) => eprintln!(
            "{file} differs from the configuration in force, which is followed here; `aijia config apply` or \
             `aijia serve` puts the file in force"
        ),
    }
    Ok(app)
}

/// Applies the configuration file, with every problem in it as one line.
async fn apply_file(app: &App, path: &Path) -> Result<start::Applying, Failure> {
    start::apply_file(app, path).await.map_err(bad_file)
}

fn bad_file(problem: anyhow::Error) -> Failure {
    match problem.downcast::<start::BadConfig>() {
        Ok(start::BadConfig(problems)) => Failure::Config(problems),
        Err(problem) => Failure::Other(problem),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Writes down whose events got past the filter.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<String>>>);

    impl Layer<Registry> for Seen {
        fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, Registry>) {
            self.0.lock().expect("no panic").push(event.metadata().target().to_owned());
        }
    }

    #[test]
    fn the_models_client_is_silent_whatever_is_asked_for() {
        let seen = Seen::default();
        let levels = EnvFilter::new("info,async_openai=trace,async_openai::error=trace");
        let registry = tracing_subscriber::registry().with(seen.clone().with_filter(without_answers(levels)));
        tracing::subscriber::with_default(registry, || {
            tracing::error!(target: "async_openai::error", "an answer");
            tracing::error!(target: "async_openai", "an answer");
            tracing::info!(target: "aijia::worker", "ours");
            tracing::debug!(target: "aijia::worker", "not asked for");
            tracing::warn!(target: "async_openai_like", "somebody else's");
        });
        assert_eq!(*seen.0.lock().expect("no panic"), ["aijia::worker", "async_openai_like"]);
    }
}
