//! `aijia knowledge …`.

use std::collections::HashSet;
use std::io::BufRead;
use std::path::PathBuf;

use clap::Subcommand;
use knowledge::import::Defaults;
use knowledge::{Kind, Scope};

use super::{Failure, Verdict, assemble};
use crate::app::App;
use crate::knowledge_desk as desk;
use crate::store::knowledge::{self as entries, EntryState};

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
    /// List what is published
    List,
    /// Questions the knowledge does not answer, most frequent first
    Gaps,
}

pub(super) async fn run(command: Command) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    match command {
        Command::Import { paths, owner, kind, scope, json } => {
            let defaults = defaults(&app, owner, kind, scope).await?;
            import(&app, &paths, &defaults, json).await
        }
        Command::Search { batch: Some(file), limit, .. } => search_batch(&app, &file, limit).await,
        Command::Search { query, json, limit, batch: None } => {
            search(&app, &query.unwrap_or_default(), json, limit).await
        }
        Command::List => list(&app).await,
        Command::Gaps => gaps(&app).await,
    }
}

/// What holds where a file says nothing.
async fn defaults(app: &App, owner: String, kind: Kind, scopes: Vec<Scope>) -> Result<Defaults, Failure> {
    let reader = app.clone();
    let applied = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    if applied.desk.person(&owner).is_none() {
        return Err(
            anyhow::anyhow!("--owner {owner}: no such person in the configuration; name one of [[people]]").into()
        );
    }
    let scope = scopes.into_iter().fold(Scope::default(), |all, one| all.with(one));
    let timezone = applied.desk.desk.timezone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    Ok(Defaults { owner: Some(owner), kind: Some(kind), scope, timezone })
}

async fn import(app: &App, paths: &[PathBuf], defaults: &Defaults, json: bool) -> Result<Verdict, Failure> {
    let report = desk::import_paths(app, paths, defaults, progress).await?;
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

async fn list(app: &App) -> Result<Verdict, Failure> {
    let read = app.store.read(|tx| {
        Box::pin(async move {
            let mut all = entries::in_state(tx, EntryState::Published).await?;
            all.extend(entries::in_state(tx, EntryState::Proposed).await?);
            Ok((all, entries::vanished(tx).await?))
        })
    });
    let (all, vanished) = read.await?;
    let vanished: HashSet<_> = vanished.iter().map(|gone| (&gone.id, gone.version)).collect();
    for entry in &all {
        let is_vanished = vanished.contains(&(&entry.id, entry.version));
        let note = if is_vanished { " (gone from its file: proposed for removal)" } else { "" };
        println!("{}{note}", desk::line(entry));
    }
    Ok(Verdict::Good)
}

async fn gaps(app: &App) -> Result<Verdict, Failure> {
    let gaps = app.store.read(|tx| Box::pin(async move { Ok(entries::gaps(tx, 100).await?) })).await?;
    gaps.iter().for_each(|gap| println!("{}× {}", gap.times, gap.question.replace('\n', " / ")));
    Ok(Verdict::Good)
}
