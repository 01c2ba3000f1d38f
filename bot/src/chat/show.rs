//! Answers that only tell.

use std::collections::BTreeMap;

use cards::words::Words;
use channels::wecom::kf::split_for_kf;

use super::pause::scope_named;
use super::{Desk, phase};
use crate::case::Case;
use crate::clock::SECOND;
use crate::command;
use crate::desk::Role;
use crate::policy::{self, Power};
use crate::store::queue::{self, Waiting as Work};
use crate::store::{cases, pauses, people, record, turns};
use crate::why;

/// Cases a list shows.
const LISTED: usize = 15;
/// Messages the answer to "why" takes at most; the review page has the rest.
pub(super) const WHY_MESSAGES: usize = 3;

/// Only what the person may do.
pub(super) async fn help(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let mut lines = vec![words.text("help.head", &[])];
    for (key, power) in command::help_text_keys() {
        let anywhere = |power| {
            policy::may(desk.person, power, None).is_ok()
                || desk.desk.desk.channels.iter().any(|c| policy::may(desk.person, power, Some(c)).is_ok())
        };
        if power.is_none_or(anywhere) {
            lines.push(words.text(key, &[]));
        }
    }
    desk.text(lines.join("\n")).await
}

pub(super) async fn whoami(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let roles = desk.person.roles.iter().map(|role| words.text(role_key(*role), &[]));
    let roles = roles.collect::<Vec<_>>().join("、");
    let channels = desk.desk.desk.channels.iter();
    let channels = channels.filter(|c| policy::may(desk.person, Power::Decide, Some(c)).is_ok());
    let channels = channels.map(|c| c.label()).collect::<Vec<_>>().join("、");
    let (name, id) = (desk.person.name.as_str(), desk.person.id.as_str());
    let text = words.text("told.whoami", &[("name", name), ("id", id), ("roles", &roles), ("channels", &channels)]);
    desk.text(text).await
}

fn role_key(role: Role) -> &'static str {
    match role {
        Role::Reviewer => "role.reviewer",
        Role::Supervisor => "role.supervisor",
        Role::Admin => "role.admin",
        Role::KnowledgeOwner => "role.knowledge_owner",
        Role::Auditor => "role.auditor",
    }
}

/// How the desk stands: cases by state, pauses, who is off duty.
pub(super) async fn status(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let mut lines = vec![words.text("status.head", &[])];
    for (state, count) in cases::counts(desk.tx).await? {
        lines.push(format!("{} {count}", words.text(&format!("state.{state}"), &[])));
    }
    let paused = pauses::in_force(desk.tx).await?;
    if paused.is_empty() {
        lines.push(words.text("status.no_pause", &[]));
    }
    for pause in paused {
        let by = desk.desk.paused_by(&pause);
        let scope = match pause.covers() {
            Some(scope) => scope_named(desk, &scope).await?,
            None => pause.scope.clone(),
        };
        lines.push(words.text("status.paused", &[("scope", &scope), ("by", &by), ("why", &pause.why)]));
    }
    let depth = turns::depth(desk.tx, None).await?;
    lines.push(depth_line(words, depth));
    lines.extend(waiting_work(desk).await?);
    let off = off_duty(desk).await?;
    let off = off.iter().map(|id| desk.desk.desk.name_of(id)).collect::<Vec<_>>().join("、");
    if !off.is_empty() {
        lines.push(words.text("status.off_duty", &[("people", &off)]));
    }
    lines.extend(phase::controls(desk).await?);
    desk.text(lines.join("\n")).await
}

/// What the program has to do, by kind: how much, and since when the oldest of it waits.
async fn waiting_work(desk: &mut Desk<'_, '_>) -> anyhow::Result<Vec<String>> {
    let (words, now) = (desk.desk.words(), desk.app.clock.now());
    let waiting = queue::waiting(desk.tx, now).await?.into_iter();
    // What is due this very moment waits for nobody: this answer is among it.
    let late = waiting.filter(|waiting| now - waiting.oldest >= SECOND);
    Ok(late
        .map(|Work { kind, count, oldest }| {
            let (kind, count) = (words.text(&format!("work.{kind}"), &[]), count.to_string());
            let seconds = ((now - oldest) / SECOND).to_string();
            words.text("status.waiting", &[("kind", &kind), ("count", &count), ("seconds", &seconds)])
        })
        .collect())
}

/// How much waits for people, in one line.
fn depth_line(words: &Words, depth: turns::Depth) -> String {
    let [waiting, held, overdue] = [depth.waiting, depth.held, depth.overdue].map(|cases| cases.to_string());
    words.text("status.depth", &[("waiting", &waiting), ("held", &held), ("overdue", &overdue)])
}

/// Who is off duty on every channel where their decisions count.
async fn off_duty(desk: &mut Desk<'_, '_>) -> anyhow::Result<Vec<String>> {
    let said = people::duty_words(desk.tx).await?;
    let (configured, now) = (&desk.desk.desk, desk.app.clock.now());
    let mut off = BTreeMap::new();
    for channel in &configured.channels {
        let here = configured.off_duty(channel, &said, now);
        for id in &channel.permitted {
            *off.entry(id.clone()).or_insert(true) &= here.contains(id);
        }
    }
    Ok(off.into_iter().filter(|(_, off)| *off).map(|(id, _)| id).collect())
}

/// What waits, oldest first, as far as the person may see it.
pub(super) async fn queue(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let words = desk.desk.words();
    let Waiting { count, depth, cases: oldest } = waiting(desk).await?;
    if count == 0 {
        return desk.text(words.text("queue.empty", &[])).await;
    }
    let mut lines = vec![words.text("queue.head", &[("count", &count.to_string())]), depth_line(words, depth)];
    lines.extend(oldest.iter().take(LISTED).map(|case| queue_line(desk, case)));
    if count > LISTED {
        lines.push(words.text("queue.more", &[("count", &(count - LISTED).to_string())]));
    }
    desk.text(lines.join("\n")).await
}

/// What a person may see of what waits.
struct Waiting {
    count: usize,
    depth: turns::Depth,
    cases: Vec<Case>,
}

/// How many cases the person may see, and the first of them: what is overdue, then what is oldest. Other channels'
/// cases do not get in the way.
async fn waiting(desk: &mut Desk<'_, '_>) -> anyhow::Result<Waiting> {
    let sees = |channel| policy::may(desk.person, Power::SeeCase, channel).is_ok();
    let channels: Vec<Option<&str>> = if sees(None) {
        vec![None]
    } else {
        let theirs = desk.desk.desk.channels.iter().filter(|c| sees(Some(c)));
        theirs.map(|c| Some(c.id.as_str())).collect()
    };
    let (limit, mut seen) = (i64::try_from(LISTED)?, BTreeMap::new());
    let (mut count, mut depth) = (0, turns::Depth::default());
    for channel in channels {
        let (waiting, oldest) = cases::waiting(desk.tx, channel, limit).await?;
        count += usize::try_from(waiting)?;
        depth += turns::depth(desk.tx, channel).await?;
        let overdue = cases::overdue(desk.tx, channel, limit).await?;
        seen.extend(
            overdue.into_iter().chain(oldest).map(|case| ((!case.overdue(), case.opened_at, case.number), case)),
        );
    }
    Ok(Waiting { count, depth, cases: seen.into_values().collect() })
}

fn queue_line(desk: &Desk<'_, '_>, case: &Case) -> String {
    let words = desk.desk.words();
    let shop = desk.desk.desk.channel(&case.channel).map_or(case.channel.as_str(), |c| c.label());
    let state = words.text(&format!("state.{}", case.state.name()), &[]);
    let left = case.due().map_or(0, |due| (due - desk.app.clock.now()) / crate::clock::MINUTE);
    let args = [("number", case.number.to_string()), ("left", left.abs().to_string())];
    let args = [("number", args[0].1.as_str()), ("shop", shop), ("state", &state), ("left", args[1].1.as_str())];
    let key = match case.due() {
        Some(_) if case.overdue() => "queue.line_raised",
        Some(_) if left < 0 => "queue.line_overdue",
        Some(_) => "queue.line_due",
        None => "queue.line",
    };
    let line = words.text(key, &args);
    match &case.in_turn.holder {
        Some(holder) => words.text("queue.held", &[("line", &line), ("holder", desk.desk.desk.name_of(holder))]),
        None => line,
    }
}

/// Suggested, why, done, approved by whom: from stored records only.
pub(super) async fn why(desk: &mut Desk<'_, '_>, n: i64) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    let told = why::tell(desk.tx, &view).await?;
    let page = desk.app.page_url(n);
    desk.text(shortened(view.words(), &told, WHY_MESSAGES, page)).await
}

/// A story told in lines, within so many messages: its head and its newest lines, and where the rest is.
pub(crate) fn shortened(words: &Words, story: &str, messages: usize, page: Option<String>) -> String {
    let fits = |text: &str| split_for_kf(text).len() <= messages;
    if fits(story) {
        return story.to_owned();
    }
    let mut lines: Vec<&str> = story.lines().collect();
    let head = if lines.is_empty() { "" } else { lines.remove(0) };
    let cut = words.text("told.cut_short", &[("page", &page.unwrap_or_default())]);
    loop {
        let text = format!("{head}\n{cut}\n{}", lines.join("\n"));
        if fits(&text) {
            return text;
        }
        match lines.len() {
            // One line alone is too long: its beginning is shown.
            0 | 1 => return split_for_kf(&text).into_iter().take(messages).collect::<Vec<_>>().join("\n"),
            many => drop(lines.drain(..many.div_ceil(8))),
        }
    }
}

/// The record of a case in figures, checked now.
pub(super) async fn evidence(desk: &mut Desk<'_, '_>, n: i64) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    if let Err(denied) = policy::may(desk.person, Power::ReadEvidence, view.channel()) {
        return desk.denied(&denied).await;
    }
    let words = desk.desk.words();
    let chain = record::chain_of(&view.case.conversation);
    let text = match record::verify(desk.tx, &chain).await? {
        Ok(head) => {
            let hash = hex::encode(head.hash);
            words.text(
                "evidence.good",
                &[("number", &n.to_string()), ("entries", &head.seq.to_string()), ("hash", &hash[..16])],
            )
        }
        Err(bad) => words.text("evidence.bad", &[("number", &n.to_string()), ("place", &bad.to_string())]),
    };
    desk.text(text).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_story_keeps_its_head_and_its_newest_lines() {
        let words = crate::app::words(cards::words::Locale::default());
        let lines = (1..=400).map(|n| format!("第{n}步：客户问了一句，我们答了一句。"));
        let story = format!("#7\n{}", lines.collect::<Vec<_>>().join("\n"));
        let page = "https://desk.example/review/7";
        let short = shortened(words, &story, WHY_MESSAGES, Some(page.to_owned()));
        assert!(split_for_kf(&short).len() <= WHY_MESSAGES, "{}", short.len());
        assert!(
            short.starts_with("#7\n")
                && short.contains(page)
                && short.ends_with("第400步：客户问了一句，我们答了一句。")
        );
        assert!(short.len() > 4_000, "not more is left out than must be: {}", short.len());
        assert_eq!(shortened(words, "#7\n一句", WHY_MESSAGES, None), "#7\n一句");
        let endless = "长".repeat(9_000);
        assert!(split_for_kf(&shortened(words, &endless, WHY_MESSAGES, None)).len() <= WHY_MESSAGES);
    }
}
