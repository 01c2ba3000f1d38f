//! `aijia replay`: what the desk would have made of past conversations.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};

use super::{Failure, Verdict, bad_file, environment};
use crate::app::App;
use crate::config::Environment;
use crate::replay::{self, Files, Summary};
use crate::start;
use crate::store::desks::{self, Applied};

/// What is replayed, and how.
#[derive(clap::Args)]
pub(super) struct Wish {
    /// The conversations: JSON Lines or CSV, a message a line (docs/replay.md has the columns)
    file: PathBuf,
    /// A configuration to try instead of the one in force
    #[arg(long)]
    config: Option<PathBuf>,
    /// The folder of the report, which is made when it is not there
    #[arg(long, default_value = "replay")]
    out: PathBuf,
    /// The channel of lines that name none
    #[arg(long)]
    channel: Option<String>,
}

/// Replays a file and writes the launch report.
pub(super) async fn replay(wish: Wish) -> Result<Verdict, Failure> {
    let environment = environment()?;
    let bytes = read(&wish.file)?;
    let app = start::assemble_to_replay(&environment).await?;
    let desk = desk(&app, &environment, wish.config.as_deref()).await.map_err(bad_file)?;
    if !desk.desk.stores.is_empty() {
        eprintln!("a replay looks at no back office: what would be looked up stays unseen");
    }
    if let Some(name) = &wish.channel {
        let known = desk.desk.channels.iter().any(|channel| channel.id == *name || channel.label() == name);
        ensure_known(known, name)?;
    }
    let read =
        replay::read(&bytes, &desk.desk, wish.channel.as_deref()).with_context(|| wish.file.display().to_string())?;
    let conversations = read.conversations.len();
    let replayed = replay::replay(&app, &desk, read.conversations).await?;
    let earned = replay::earned(&app, &replayed).await?;
    let summary = Summary::of(&replayed);
    let files = Files {
        desk: &desk,
        conversations,
        replayed: &replayed,
        summary: &summary,
        earned: &earned,
        refused: &read.refused,
    };
    replay::write(&wish.out, &files)?;
    replay::figures(&files).iter().for_each(|line| println!("{line}"));
    println!("{}", wish.out.join("report.md").display());
    Ok(if replayed.is_empty() { Verdict::Bad } else { Verdict::Good })
}

fn ensure_known(known: bool, name: &str) -> anyhow::Result<()> {
    ensure!(known, "--channel: there is no channel {name}; use an id or a name of aijia.toml");
    Ok(())
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", file.display());
    let size = std::fs::metadata(file).with_context(cannot)?.len();
    ensure!(size <= replay::MOST_BYTES, "{} is larger than 1 GiB: replay it in parts", file.display());
    std::fs::read(file).with_context(cannot)
}

/// The configuration to replay under: the one named, else the one in force, else the file that would be put in force.
async fn desk(app: &App, environment: &Environment, wished: Option<&Path>) -> anyhow::Result<Arc<Applied>> {
    if let Some(path) = wished {
        return start::as_if_in_force(path).map(Arc::new);
    }
    let current = app.store.read(|tx| Box::pin(async move { desks::current(tx).await })).await?;
    match current {
        Some(current) => Ok(Arc::new(current)),
        None => start::as_if_in_force(&environment.config).map(Arc::new),
    }
}
