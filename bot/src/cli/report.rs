//! `aijia report`: what the drafts taught.

use super::{Failure, Verdict, assemble};
use crate::clock::{HOUR, Timestamp};
use crate::report::{self, csv, told};

/// Unanswered questions that are named.
const MISSING: i64 = 20;

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In words.
    Words,
    /// For scripts.
    Json,
    /// For spreadsheets.
    Csv,
}

impl Form {
    /// What was asked for; both at once cannot be.
    pub(super) fn of(json: bool, csv: bool) -> Self {
        match (json, csv) {
            (true, _) => Self::Json,
            (false, true) => Self::Csv,
            (false, false) => Self::Words,
        }
    }
}

/// Prints the report over the last `days`.
pub(super) async fn report(days: u16, form: Form) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    let confidence = app.chances().await?.quality().cloned();
    // Up to this moment, and what happened in it.
    let until = app.clock.now() + 1;
    let from = until - Timestamp::from(days) * 24 * HOUR;
    let reader = app.clone();
    let (desk, report) = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let desk = reader.desk(tx).await?;
                Ok((desk, report::gather(tx, (from, until), MISSING, confidence).await?))
            })
        })
        .await?;
    match form {
        Form::Json => println!("{}", serde_json::to_string(&report)?),
        Form::Csv => print!("{}", csv(&report)?),
        Form::Words => println!("{}", told(&report, desk.words(), &desk.desk, days.into())),
    }
    Ok(Verdict::Good)
}
