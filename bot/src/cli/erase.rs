//! `aijia case erase|hold|release`: what `/erase` does, for whoever runs the program.

use anyhow::{Context, bail};
use clap::Args;

use super::{Failure, Verdict, assemble};
use crate::app::App;
use crate::case::Say;
use crate::command::EraseWish;
use crate::erasure;
use crate::policy::{self, Power};
use crate::store::{Tx, cases};

/// Whose customer it is about, and who wants it.
#[derive(Clone, Args)]
pub(super) struct Asked {
    /// The desk's number of one of the customer's cases
    case: i64,
    /// The id of the person in `aijia.toml` who wants it and may erase: it stands on record
    #[arg(long)]
    by: String,
}

/// Does what is wanted and prints what became of it. The erasing itself is work of `aijia serve`.
pub(super) async fn erase(asked: Asked, wish: EraseWish) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    let hint =
        (wish == EraseWish::Show).then(|| format!("aijia case erase {} --by {} --confirm CODE", asked.case, asked.by));
    let worker = app.clone();
    let answered =
        app.store.commit(move |tx| Box::pin(async move { answer(tx, &worker, &asked, &wish).await })).await?;
    let (Ok(said) | Err(said)) = &answered;
    println!("{said}");
    if answered.is_err() {
        return Ok(Verdict::Bad);
    }
    hint.iter().for_each(|hint| println!("{hint}"));
    Ok(Verdict::Good)
}

/// In words: that it is granted, or why it is not.
async fn answer(tx: &mut Tx, app: &App, asked: &Asked, wish: &EraseWish) -> anyhow::Result<Result<String, String>> {
    let desk = app.desk(tx).await?;
    let person = desk.desk.person(&asked.by).with_context(|| format!("{} is nobody in aijia.toml", asked.by))?;
    let case = cases::by_number(tx, asked.case).await?;
    let case = case.with_context(|| format!("there is no case {}; `aijia case list` shows the newest", asked.case))?;
    if policy::may(person, Power::Erase, desk.desk.channel(&case.channel)).is_err() {
        bail!("{} may not erase customers' data: an admin may", asked.by);
    }
    let in_words = |say: Say| say.in_words(desk.words(), &desk.desk);
    Ok(erasure::answer(tx, app, person, &case, wish).await?.map(in_words).map_err(in_words))
}
