//! `/qa`: a week's sample, how each reply of it came about, and what it is worth.

use super::Desk;
use super::show::{WHY_MESSAGES, shortened};
use crate::case::Say;
use crate::command::QaCommand;
use crate::desk::{CalendarWeek, Channel};
use crate::policy::{self, Power};
use crate::qa::{self, KEYS, MOST, Scores, Standing};
use crate::store::qa::{self as store, Item};
use crate::why;

/// Characters of a note that are kept.
const NOTE: usize = 200;

/// For whoever may read the record everywhere.
pub(super) async fn on(desk: &mut Desk<'_, '_>, command: QaCommand) -> anyhow::Result<()> {
    if let Err(denied) = policy::may(desk.person, Power::ReadEvidence, None) {
        return desk.denied(&denied).await;
    }
    match command {
        QaCommand::Sample { week } => sample(desk, week).await,
        QaCommand::Show { n } => show(desk, n).await,
        QaCommand::Score { n, points, note } => score(desk, n, &points, &note).await,
    }
}

async fn sample(desk: &mut Desk<'_, '_>, week: Option<CalendarWeek>) -> anyhow::Result<()> {
    let newest = CalendarWeek::last_over(desk.app.clock.now(), desk.desk.desk.zone());
    let week = week.unwrap_or(newest);
    if week > newest {
        return desk.say(Say::new("qa.not_over").with("week", week)).await;
    }
    let items = qa::sample(desk.tx, desk.app, desk.desk, week).await?;
    if items.is_empty() {
        return desk.say(Say::new("qa.nothing").with("week", week)).await;
    }
    let standing = Standing::of(&week.to_string(), &items);
    let words = desk.desk.words();
    let (drawn, scored) = (standing.drawn.to_string(), standing.scored.to_string());
    let counted = [("week", standing.week.as_str()), ("drawn", &drawn), ("scored", &scored)];
    let mut lines = vec![words.text("qa.head", &counted)];
    lines.extend(items.iter().map(|item| line(desk, item)));
    lines.push(words.text("qa.how", &[]));
    desk.text(lines.join("\n")).await
}

/// A case of a sample in one line: where, in what language, what for, and what it was worth.
fn line(desk: &Desk<'_, '_>, item: &Item) -> String {
    let words = desk.desk.words();
    let channel = desk.desk.desk.channel(&item.channel).map_or(item.channel.as_str(), Channel::label);
    let kinds: Vec<String> = item.kinds().into_iter().map(|kind| words.text(kind.key(), &[])).collect();
    let number = item.number.to_string();
    let language = words.text(&format!("language.{}", item.language), &[]);
    let parts =
        [("number", number.as_str()), ("channel", channel), ("language", &language), ("kinds", &kinds.join("、"))];
    let told = words.text("qa.item", &parts);
    match item.scores() {
        Some(scores) => format!("{told} · {:.1}", scores.mean()),
        None => told,
    }
}

/// Why a reply is as it is: its whole record, and what to ask about it.
async fn show(desk: &mut Desk<'_, '_>, n: i64) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    let Some(item) = store::newest(desk.tx, n).await? else {
        return desk.say(Say::new("qa.not_drawn").with("number", n)).await;
    };
    let told = why::tell(desk.tx, &view).await?;
    desk.text(shortened(view.words(), &told, WHY_MESSAGES, desk.app.page_url(n))).await?;
    let mut lines = vec![line(desk, &item)];
    lines.extend(said(desk, &item));
    lines.push(desk.desk.words().text("qa.ask", &[("number", &n.to_string())]));
    desk.text(lines.join("\n")).await
}

/// What was said about it so far.
fn said(desk: &Desk<'_, '_>, item: &Item) -> Option<String> {
    let (scores, by) = (item.scores()?, item.scored_by.as_deref()?);
    let words = desk.desk.words();
    let points = KEYS.iter().zip(scores.0).map(|(key, points)| {
        let points = points.map_or_else(|| "–".to_owned(), |points| points.to_string());
        format!("{} {points}", words.text(key, &[]))
    });
    let points = points.collect::<Vec<_>>().join(" · ");
    let note = cards::quoted(item.note.as_deref().unwrap_or_default());
    Some(words.text("qa.said", &[("by", desk.desk.desk.name_of(by)), ("points", &points), ("note", &note)]))
}

async fn score(desk: &mut Desk<'_, '_>, n: i64, points: &str, note: &str) -> anyhow::Result<()> {
    let Some(scores) = Scores::read(points) else {
        return desk.say(Say::new("qa.no_points").with("most", MOST)).await;
    };
    let note: String = note.chars().take(NOTE).collect();
    let scored = qa::score(desk.tx, desk.app, desk.person, n, (scores, &note)).await?;
    match scored {
        Ok(()) => desk.say(Say::new("qa.scored").with("number", n).with("mean", format!("{:.1}", scores.mean()))).await,
        Err(unscored) => desk.say(Say::new(unscored.key()).with("number", n)).await,
    }
}
