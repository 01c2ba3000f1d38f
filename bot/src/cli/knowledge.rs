//! `aijia knowledge …`.

mod life;
mod show;

use std::io::BufRead;
use std::path::PathBuf;

use clap::Subcommand;
use knowledge::import::Defaults;
use knowledge::{Kind, Scope};

use self::life::{Act, Acting, Publication};
use super::{Failure, Verdict, assemble};
use crate::app::App;
use crate::knowledge_desk as desk;
use crate::policy::{self, Power};
use crate::worker;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Import files or folders of questions and answers (XLSX, CSV, DOCX, PDF, HTML, Markdown, text)
    Import {
        /// Files or folders
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// The person who answers for entries that name no owner
        #[arg(long)]
        owner: String,
        /// The kind of entries that name none
        #[arg(long)]
        kind: Kind,
        /// Where entries apply that do not say, e.g. store=flagship
        #[arg(long)]
        scope: Vec<Scope>,
        /// Insist on entries being put in use: an owner who may not publish is an error
        #[arg(long, conflicts_with = "draft")]
        publish: bool,
        /// Put nothing in use: every entry waits for its owner's review
        #[arg(long)]
        draft: bool,
        /// The whole report for scripts
        #[arg(long)]
        json: bool,
    },
    /// Search what is published
    Search {
        /// The question
        #[arg(required_unless_present = "batch")]
        query: Option<String>,
        /// For scripts
        #[arg(long)]
        json: bool,
        /// Most results
        #[arg(long, default_value_t = 5)]
        limit: usize,
        /// A file with one question a line; prints one JSON line each
        #[arg(long)]
        batch: Option<PathBuf>,
    },
    /// List what is in use and what waits
    List {
        /// Only what this person answers for
        #[arg(long)]
        owner: Option<String>,
        /// For scripts
        #[arg(long)]
        json: bool,
    },
    /// Show one entry: what it says, its versions, and who did what with it
    Show {
        /// The entry's number or id
        entry: String,
        /// For scripts
        #[arg(long)]
        json: bool,
    },
    /// Hand a draft to its owner for review
    Submit(Acting),
    /// Put an entry's newest version in use, after its tests, and show what that changes
    Publish {
        #[command(flatten)]
        acting: Acting,
        /// Only on this channel; on every channel where none is named
        #[arg(long = "channel")]
        channels: Vec<String>,
        /// Only show what it would change
        #[arg(long)]
        preview: bool,
        /// The code of what was shown, for a list that stops replies like some that were sent
        #[arg(long)]
        code: Option<String>,
    },
    /// Switch an entry off at once
    Disable(Acting),
    /// Take the newest version back for the one before
    Rollback(Acting),
    /// Take a correction, or the removal a file proposes
    Accept(Acting),
    /// Want nothing of a correction, or of a removal: it does not come back
    Dismiss(Acting),
    /// What has to be confirmed, ends, vanished from its file, or has nobody who answers for it
    Stale {
        /// For scripts
        #[arg(long)]
        json: bool,
    },
    /// Questions the knowledge does not answer, those most customers asked first
    Gaps {
        /// For scripts
        #[arg(long)]
        json: bool,
    },
    /// Which replies used which version of an entry, and when it was in use
    Used {
        /// The entry's number or id
        entry: String,
        /// For scripts
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    match command {
        Command::Import { paths, owner, kind, scope, publish, draft, json } => {
            let order = order(&app, owner, (kind, scope), publish, draft).await?;
            import(&app, &paths, &order, json).await
        }
        Command::Search { query, json, limit, batch } => {
            worker::recall(&app).await?;
            match batch {
                Some(file) => search_batch(&app, &file, limit).await,
                None => search(&app, &query.unwrap_or_default(), json, limit).await,
            }
        }
        Command::List { owner, json } => show::list(&app, owner, false, json).await,
        Command::Stale { json } => show::list(&app, None, true, json).await,
        Command::Show { entry, json } => show::show(&app, entry, json).await,
        Command::Gaps { json } => show::gaps(&app, json).await,
        Command::Used { entry, json } => show::used(&app, entry, json).await,
        Command::Publish { acting, channels, preview, code } => {
            let publication = if preview { Publication::Preview } else { Publication::Now { code } };
            life::publish(&app, acting, channels, publication).await
        }
        Command::Submit(acting) => life::act(&app, Act::Submit, acting).await,
        Command::Disable(acting) => life::act(&app, Act::Disable, acting).await,
        Command::Rollback(acting) => life::act(&app, Act::Rollback, acting).await,
        Command::Accept(acting) => life::act(&app, Act::Accept, acting).await,
        Command::Dismiss(acting) => life::act(&app, Act::Dismiss, acting).await,
    }
}

/// What holds where a file says nothing, and whether entries are put in use: where their owner may publish, unless
/// drafts are wanted.
async fn order(
    app: &App,
    owner: String,
    (kind, scopes): (Kind, Vec<Scope>),
    publish: bool,
    draft: bool,
) -> Result<desk::Order, Failure> {
    let applied = life::applied(app).await?;
    let Some(person) = applied.desk.person(&owner) else {
        return Err(
            anyhow::anyhow!("--owner {owner}: no such person in the configuration; name one of [[people]]").into()
        );
    };
    let permitted = policy::may(person, Power::ManageKnowledge, None).is_ok();
    if publish && !permitted {
        let todo = "name a knowledge_owner or an admin, or leave --publish out and let one review the drafts";
        return Err(anyhow::anyhow!("--publish: {owner} may not put knowledge in use; {todo}").into());
    }
    if !permitted && !draft {
        eprintln!("{owner} may not put knowledge in use: every entry waits for review");
    }
    let scope = scopes.into_iter().fold(Scope::default(), |all, one| all.with(one));
    let timezone = applied.desk.desk.timezone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    let defaults = Defaults { owner: Some(owner), kind: Some(kind), scope, timezone };
    let publish = if permitted && !draft { desk::Publish::Everything } else { desk::Publish::Nothing };
    Ok(desk::Order { defaults, publish, by: None, lists_seen: false })
}

async fn import(app: &App, paths: &[PathBuf], order: &desk::Order, json: bool) -> Result<Verdict, Failure> {
    let report = desk::import_paths(app, paths, order, progress).await?;
    report.left_aside.iter().for_each(|what| eprintln!("left aside: {what}"));
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", report.summary());
    }
    Ok(if report.is_clean() { Verdict::Good } else { Verdict::Bad })
}

/// Tells how far the import is, and what in the file needs somebody.
fn progress(done: usize, all: usize, file: &desk::FileReport) {
    let [taken, changed, unchanged] =
        [desk::Outcome::Taken, desk::Outcome::Changed, desk::Outcome::Unchanged].map(|outcome| file.count(outcome));
    let refused = file.problems.len();
    eprintln!("[{done}/{all}] {}: {taken} new, {changed} changed, {unchanged} unchanged, {refused} refused", file.file);
    file.lines().iter().for_each(|line| eprintln!("  {line}"));
}

async fn search(app: &App, query: &str, json: bool, limit: usize) -> Result<Verdict, Failure> {
    let (found, ms) = desk::search(app, query, limit).await?;
    if json {
        println!("{}", desk::search_json(query, &found, ms));
        return Ok(Verdict::Good);
    }
    println!("confidence {:.2}, {ms:.1} ms", found.confidence);
    for hit in &found.hits {
        println!("{:.2} {} v{} [{}] {}\n     {}", hit.score, hit.entry, hit.version, hit.owner, hit.question, hit.text);
    }
    Ok(Verdict::Good)
}

async fn search_batch(app: &App, file: &PathBuf, limit: usize) -> Result<Verdict, Failure> {
    let open = std::fs::File::open(file).map_err(|e| anyhow::anyhow!("cannot read {}: {e}", file.display()))?;
    for line in std::io::BufReader::new(open).lines() {
        let query = line?;
        let (found, ms) = desk::search(app, &query, limit).await?;
        println!("{}", desk::search_json(&query, &found, ms));
    }
    Ok(Verdict::Good)
}
