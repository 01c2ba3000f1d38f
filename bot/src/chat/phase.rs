//! How far the bot goes, what it still lacks to go further, and what the drafts taught.

use super::Desk;
use crate::clock::{HOUR, Timestamp};
use crate::desk::Mode;
use crate::graduation::Tally;
use crate::policy::{self, Power};
use crate::store::knowledge::gaps;
use crate::store::outcomes;
use crate::{checklist, report};

/// Days a report in chat covers.
const DAYS: Timestamp = 7;
/// Unanswered questions a report names.
const MISSING: i64 = 5;
/// The rate of bad drafts under which an intent may be automated.
const LIMIT: f64 = 0.01;

/// The mode of each channel, and how many good drafts each intent still needs.
pub(super) async fn mode(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let tallies = outcomes::tallies(desk.tx).await?;
    let mut lines = vec![words.text("mode.head", &[])];
    for channel in &desk.desk.desk.channels {
        let mode = words.text(mode_key(channel.mode), &[]);
        lines.push(words.text("mode.channel", &[("channel", channel.label()), ("mode", &mode)]));
        for (_, intent, good, bad) in tallies.iter().filter(|(id, ..)| *id == channel.id) {
            let tally = Tally { good: count(*good), bad: count(*bad) };
            let intent = words.text(&format!("intent.{intent}"), &[]);
            let (good, bad, missing) = (good.to_string(), bad.to_string(), tally.missing(LIMIT).to_string());
            let places = [("intent", intent.as_str()), ("good", &good), ("bad", &bad), ("missing", &missing)];
            lines.push(words.text("mode.intent", &places));
        }
    }
    lines.push(words.text("mode.closed", &[]));
    desk.text(lines.join("\n")).await
}

fn count(decisions: i64) -> u32 {
    u32::try_from(decisions).unwrap_or(u32::MAX)
}

fn mode_key(mode: Mode) -> &'static str {
    match mode {
        Mode::ReadOnly => "page.mode_read_only",
        Mode::Draft => "page.mode_draft",
        Mode::Reviewed => "page.mode_reviewed",
        Mode::Auto => "page.mode_auto",
    }
}

/// The eight points, and what to do about those that fail.
pub(super) async fn checklist(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let points = checklist::points(desk.tx, desk.app).await?;
    let mut lines = vec![words.text("checklist.head", &[])];
    lines.extend(points.iter().map(|point| point.told(words)));
    desk.text(lines.join("\n")).await
}

/// What the drafts of the last week taught, for whoever may read the record everywhere.
pub(super) async fn report(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    if let Err(denied) = policy::may(desk.person, Power::ReadEvidence, None) {
        return desk.denied(&denied).await;
    }
    let since = desk.app.clock.now() - DAYS * 24 * HOUR;
    let rows = outcomes::since(desk.tx, since).await?;
    let gaps = gaps::all(desk.tx, MISSING).await?;
    let counted = report::Report::of(&rows, &gaps, desk.app.known_chances().quality().cloned());
    desk.text(report::told(&counted, desk.desk.words(), &desk.desk.desk, DAYS)).await
}
