//! `aijia report`: what the drafts taught.

use super::{Failure, Verdict, assemble};
use crate::clock::{HOUR, Timestamp};
use crate::report::{Report, told};
use crate::store::knowledge::gaps;
use crate::store::outcomes;

/// Unanswered questions that are named.
const MISSING: i64 = 20;

/// Prints the report over the last `days`.
pub(super) async fn report(days: u16, as_json: bool) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    let chances = app.chances().await?;
    let since = app.clock.now() - Timestamp::from(days) * 24 * HOUR;
    let reader = app.clone();
    let (desk, rows, gaps) = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let desk = reader.desk(tx).await?;
                Ok((desk, outcomes::since(tx, since).await?, gaps::all(tx, MISSING).await?))
            })
        })
        .await?;
    let report = Report::of(&rows, &gaps, chances.quality().cloned());
    if as_json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", told(&report, desk.words(), &desk.desk, days.into()));
    }
    Ok(Verdict::Good)
}
