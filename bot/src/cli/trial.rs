//! `aijia config try`: how a configuration would have judged the newest cases, before it is put in force.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;

use super::{Failure, Verdict, bad_file, environment};
use crate::replay;
use crate::start;
use crate::store::desks;

/// Differences that are printed; more are counted.
const SHOWN: usize = 100;

/// What is tried.
#[derive(clap::Args)]
pub(super) struct Wish {
    /// The configuration to try: the file of AIJIA_CONFIG when absent
    file: Option<PathBuf>,
    /// How many of the newest cases it is tried on
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    last: i64,
}

/// Replays the newest cases under the configuration in force and under the other one, and prints what differs. Changes
/// nothing, and sends nothing.
pub(super) async fn attempt(wish: Wish) -> Result<Verdict, Failure> {
    let environment = environment()?;
    let app = start::assemble_to_replay(&environment).await?;
    let file = wish.file.as_deref().unwrap_or(&environment.config);
    let proposed = Arc::new(start::as_if_in_force(file).map_err(bad_file)?);
    let last = wish.last;
    let read = app
        .store
        .read(move |tx| Box::pin(async move { Ok((desks::current(tx).await?, replay::newest(tx, last).await?)) }));
    let (current, mut pasts) = read.await?;
    let current = Arc::new(current.context("nothing is in force yet: `aijia config apply` puts the file in force")?);
    let known = |channel: &str| [&current, &proposed].iter().all(|desk| desk.desk.channel(channel).is_some());
    pasts.retain(|past| known(&past.channel));
    let count = pasts.len();
    let now = replay::replay(&app, &current, pasts.clone()).await?;
    let then = replay::replay(&app, &proposed, pasts).await?;
    let words = current.words();
    let otherwise = replay::judged_otherwise(&now, &then, words);
    let counted = [now.len(), count, otherwise.len()].map(|count| count.to_string());
    let [turns, cases, differ] = &counted;
    println!("{}", words.text("trial.counted", &[("turns", turns), ("cases", cases), ("differ", differ)]));
    otherwise.iter().take(SHOWN).for_each(|line| println!("{line}"));
    let more = otherwise.len().saturating_sub(SHOWN);
    if more > 0 {
        println!("{}", words.text("trial.more", &[("count", &more.to_string())]));
    }
    Ok(Verdict::Good)
}
