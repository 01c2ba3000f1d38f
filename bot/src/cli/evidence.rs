//! `aijia evidence …`.

mod bundle;

use std::fs::File;
use std::io::{BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use super::{Failure, Verdict, assemble};
use crate::app::App;
use crate::evidence::{Actor, Checkpoint, Entry, Kind, verify_tree};
use crate::store::record;
use crate::worker::checkpoint;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check every chain and every checkpoint, or a bundle, and name the first bad place
    Verify {
        /// A bundle to check instead, without a database
        #[arg(long)]
        bundle: Option<PathBuf>,
        /// The key the bundle has to be signed with: 64 hexadecimal digits, as `evidence bundle` prints them
        #[arg(long, requires = "bundle")]
        key: Option<String>,
    },
    /// Write one case with everything that proves it to others
    Bundle {
        /// The desk's case number
        case: i64,
        /// The file to write
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Write every entry as a line of JSON, also while the program serves
    Export {
        /// The file to write
        #[arg(short, long)]
        output: PathBuf,
    },
}

pub(super) async fn run(command: Command) -> Result<Verdict, Failure> {
    if let Command::Verify { bundle: Some(bundle), key } = &command {
        return Ok(said(bundle::verify(bundle, key.as_deref())?));
    }
    let app = assemble().await?;
    match command {
        Command::Verify { .. } => Ok(said(verify(&app).await?)),
        Command::Bundle { case, output } => Ok(said(bundle::write(&app, case, &output).await?)),
        Command::Export { output } => {
            let count = export(&app, &output).await?;
            println!("{count} entries in {}", output.display());
            Ok(Verdict::Good)
        }
    }
}

fn said(outcome: Result<String, String>) -> Verdict {
    match outcome {
        Ok(summary) => {
            println!("{summary}");
            Verdict::Good
        }
        Err(problem) => {
            eprintln!("{problem}");
            Verdict::Bad
        }
    }
}

/// Entries read at once.
const PAGE: i64 = 1_000;

/// Writes every entry as a line of JSON, chain by chain, and gives their number. Each chain is written to its end at
/// the moment it is read. That something was exported is itself on record, and in the export.
async fn export(app: &App, output: &Path) -> anyhow::Result<u64> {
    let cannot = || format!("cannot write {}", output.display());
    let mut file = BufWriter::new(File::create(output).with_context(cannot)?);
    tell_exported(app, json!({ "what": "all entries" })).await?;
    let (mut after, mut count) = ((String::new(), 0), 0);
    loop {
        let from = after.clone();
        let page = app.store.read(move |tx| Box::pin(async move { Ok(record::page(tx, from, PAGE).await?) })).await?;
        let Some(last) = page.last() else { break };
        after = (last.row.chain.clone(), last.row.seq);
        for entry in &page {
            serde_json::to_writer(&mut file, entry)?;
            file.write_all(b"\n").with_context(cannot)?;
            count += 1;
        }
    }
    file.into_inner().map_err(IntoInnerError::into_error).and_then(|file| file.sync_all()).with_context(cannot)?;
    Ok(count)
}

async fn tell_exported(app: &App, payload: serde_json::Value) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    let entry = Entry { kind: Kind::Exported, actor: Actor::System, payload };
    store.commit(move |tx| Box::pin(async move { record::append(tx, &app, record::DESK, None, &entry).await })).await
}

/// Checks every chain, and the tree against every checkpoint in the database and beside it. Good: a summary;
/// bad: the first bad place.
///
/// # Errors
/// When the database or the checkpoint file cannot be read.
pub(crate) async fn verify(app: &App) -> anyhow::Result<Result<String, String>> {
    let (entries, chains) = match chains(app).await? {
        Ok(counted) => counted,
        Err(bad) => return Ok(Err(bad)),
    };
    let mut kept = app.store.read(|tx| Box::pin(async move { Ok(record::checkpoints(tx).await?) })).await?;
    let file = app.data_dir.join(checkpoint::FILE);
    if file.exists() {
        kept.extend(std::fs::read_to_string(&file)?.lines().map(str::to_owned));
    }
    if let Err(bad) = sealed(app, &kept).await? {
        return Ok(Err(bad));
    }
    Ok(Ok(format!("{entries} entries in {chains} chains verify; {} checkpoints hold", kept.len())))
}

async fn chains(app: &App) -> anyhow::Result<Result<(i64, usize), String>> {
    app.store
        .read(|tx| {
            Box::pin(async move {
                let names = record::chains(tx).await?;
                let mut entries = 0;
                for chain in &names {
                    match record::verify(tx, chain).await? {
                        Ok(head) => entries += head.seq,
                        Err(bad) => return Ok(Err(bad.to_string())),
                    }
                }
                Ok(Ok((entries, names.len())))
            })
        })
        .await
}

/// Whether the checkpoints are ours and the record still grows from each of them.
async fn sealed(app: &App, kept: &[String]) -> anyhow::Result<Result<(), String>> {
    let key = app.signing.verifying_key();
    let mut signed = Vec::with_capacity(kept.len());
    for text in kept {
        match Checkpoint::parse(text).and_then(|checkpoint| checkpoint.verify(&key).map(|()| checkpoint)) {
            Ok(checkpoint) => signed.push(checkpoint),
            Err(bad) => return Ok(Err(format!("{bad}: {text}"))),
        }
    }
    let leaves = app.store.read(|tx| Box::pin(async move { record::leaves(tx).await })).await?;
    Ok(verify_tree(leaves, &signed).map(drop).map_err(|fault| fault.to_string()))
}
