//! The command line. Output for people by default, `--json` where a script would read it.
//! Exit codes: 0 ok, 1 refused or failed check, 2 usage or configuration.

mod backoffice;
mod backup;
mod cases;
mod check;
mod erase;
mod evidence;
mod health;
mod knowledge;
mod log;
mod private;
mod qa;
mod replay;
mod report;
mod serve;
mod trial;
mod wecom;

#[cfg(feature = "demo")]
pub(crate) use evidence::verify as verify_evidence;
pub use serve::{Running, launch};
#[cfg(feature = "demo")]
pub(crate) use wecom::create_menu;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::config::{ConfigError, Environment};
use crate::desk::CalendarWeek;
use crate::{knowledge_desk, start};

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
    /// What the drafts taught: acceptance, edits, rejections, missing knowledge
    Report {
        /// Days back from now
        #[arg(long, default_value_t = 7)]
        since: u16,
        /// For scripts
        #[arg(long, conflicts_with = "csv")]
        json: bool,
        /// For spreadsheets
        #[arg(long)]
        csv: bool,
    },
    /// The sample of a week whose quality is looked at
    Qa {
        /// The week, such as 2026-W48; the last one that is over, when none is named
        #[arg(long)]
        week: Option<CalendarWeek>,
        /// For scripts
        #[arg(long)]
        json: bool,
    },
    /// What would have become of past conversations, compared with what people sent; nothing leaves, nothing is stored
    Replay(replay::Wish),
    /// The record
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// The configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The stores' back offices
    #[command(subcommand)]
    Backoffice(backoffice::Command),
    /// Setting WeCom up
    #[command(subcommand)]
    Wecom(wecom::Command),
    /// Bring the database's schema up to date and stop
    Migrate,
    /// Copy everything that must not be lost into an empty folder, also beside a running server
    Backup {
        /// The folder, which is made when it is not there
        folder: PathBuf,
    },
    /// Put a backup where AIJIA_DATA_DIR and DATABASE_URL say; the desk starts paused
    Restore {
        /// The folder `aijia backup` filled
        folder: PathBuf,
    },
    /// Whether the server on AIJIA_LISTEN answers; for container engines
    Health,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Put the file of AIJIA_CONFIG in force on all instances
    Apply,
    /// Show which of the newest cases a file would have judged otherwise; nothing is put in force
    Try(trial::Wish),
}

/// The credential with the variables that are secret, as systemd's LoadCredential= hands it over.
const CREDENTIAL: &str = "aijia.env";

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
    // Before anything secret is read: this process is given a stranger's file.
    if knowledge_desk::reads_pdf() {
        return knowledge_desk::read_pdf();
    }
    private::from_now_on();
    read_files_of_variables();
    let arguments = Arguments::parse();
    if let Err(problem) = log::start() {
        eprintln!("{problem}");
        return ExitCode::from(2);
    }
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

/// Variables that are already set win over both files, and the service manager's credential over `.env`.
fn read_files_of_variables() {
    if let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") {
        let _ = dotenvy::from_path(Path::new(&folder).join(CREDENTIAL));
    }
    let _ = dotenvy::dotenv();
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
        Command::Report { since, json, csv } => report::report(since, report::Form::of(json, csv)).await,
        Command::Qa { week, json } => qa::qa(week, json).await,
        Command::Replay(wish) => replay::replay(wish).await,
        Command::Evidence(command) => evidence::run(command).await,
        Command::Config(ConfigCommand::Apply) => serve::apply().await,
        Command::Config(ConfigCommand::Try(wish)) => trial::attempt(wish).await,
        Command::Backup { folder } => backup::backup(&folder).await,
        Command::Restore { folder } => backup::restore(&folder).await,
        Command::Health => health::health().await,
        Command::Backoffice(command) => backoffice::run(command).await,
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
