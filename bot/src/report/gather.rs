//! Everything a report counts, out of the store.

use super::{Completeness, Report};
use crate::clock::Timestamp;
use crate::confidence::Quality;
use crate::store::knowledge::gaps;
use crate::store::{Tx, outcomes, record};

/// The report over a time, with so many of the questions that nobody's knowledge answers.
///
/// # Errors
/// When the database fails or an entry of the record cannot be read.
pub async fn gather(
    tx: &mut Tx,
    (from, until): (Timestamp, Timestamp),
    missing: i64,
    confidence: Option<Quality>,
) -> anyhow::Result<Report> {
    let rows = outcomes::between(tx, from, until).await?;
    let gaps = gaps::all(tx, missing).await?;
    let evidence = Completeness::of(&record::noted_between(tx, from, until).await?);
    Ok(Report { evidence, ..Report::of(&rows, &gaps, confidence) })
}
