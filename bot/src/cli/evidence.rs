//! `aijia evidence …`.

use clap::Subcommand;

use super::{Failure, Verdict, assemble};
use crate::app::App;
use crate::evidence::{Checkpoint, verify_tree};
use crate::store::record;
use crate::worker::checkpoint;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check every chain and every checkpoint, and name the first bad place
    Verify,
}

pub(super) async fn run(command: Command) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    match command {
        Command::Verify => match verify(&app).await? {
            Ok(summary) => {
                println!("{summary}");
                Ok(Verdict::Good)
            }
            Err(problem) => {
                eprintln!("{problem}");
                Ok(Verdict::Bad)
            }
        },
    }
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
