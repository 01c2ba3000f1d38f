//! What a draft rests on and where that applies, and what the channel allows and forbids.

use cards::words::Words;
use knowledge::{Entry, Kind, Scope};
use serde::Serialize;

use super::page::{moment, say};
use super::trouble::Trouble;
use crate::app::App;
use crate::case::Citation;
use crate::desk::Mode;
use crate::knowledge_desk::scope_on;
use crate::store::Tx;
use crate::store::knowledge::{self as entries, EntryState, StoredEntry};
use crate::view::{View, local_day};

/// Forbidden promises shown at most.
const RULES: usize = 30;

/// A piece of knowledge the draft rests on.
#[derive(Debug, Serialize)]
pub(super) struct Basis {
    title: String,
    version: i64,
    quote: Option<Quote>,
    owner: String,
    kind: Option<String>,
    applies: Vec<String>,
    verify: Option<String>,
    verify_over: bool,
    newer: Option<i64>,
    retired: bool,
    source: Option<String>,
}

/// The entry's own words: what is cited, and what stands around it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Quote {
    before: String,
    cited: String,
    after: String,
}

/// What the channel allows and forbids.
#[derive(Debug, Serialize)]
pub(super) struct Rules {
    mode: String,
    allowed: Vec<String>,
    review: Vec<String>,
    forbidden: Vec<Forbidden>,
}

/// A promise the shop's knowledge forbids.
#[derive(Debug, Serialize)]
pub(super) struct Forbidden {
    title: String,
    text: String,
}

/// Everything the draft cites.
pub(super) async fn of(tx: &mut Tx, view: &View) -> Result<Vec<Basis>, Trouble> {
    let cited = view.case.draft().map(|d| d.citations.as_slice()).unwrap_or_default();
    let mut basis = Vec::with_capacity(cited.len());
    for citation in cited {
        let newest = entries::newest(tx, &citation.entry).await?;
        let entry = match &newest {
            Some(newest) if newest.version == citation.version => Some(newest.clone()),
            _ => superseded(tx, citation).await?,
        };
        basis.push(one(view, citation, entry.as_ref(), newest.as_ref()));
    }
    Ok(basis)
}

/// A version that was replaced while the draft waited.
async fn superseded(tx: &mut Tx, citation: &Citation) -> Result<Option<StoredEntry>, Trouble> {
    Ok(entries::version(tx, &citation.entry, citation.version).await?)
}

fn one(view: &View, citation: &Citation, stored: Option<&StoredEntry>, newest: Option<&StoredEntry>) -> Basis {
    let entry = stored.and_then(|s| serde_json::from_str::<Entry>(&s.body).ok());
    let newer = newest.filter(|n| n.version > citation.version && n.state == EntryState::Published);
    Basis {
        title: citation.title.clone(),
        version: citation.version,
        quote: entry.as_ref().map(|e| quote(&e.answer, citation.span)),
        owner: view.desk.desk.name_of(&citation.owner).to_owned(),
        kind: entry.as_ref().map(|e| named(view.words(), &["page.entry_", e.kind.as_str()].concat(), e.kind.as_str())),
        applies: entry.as_ref().map(|e| applies(view, e)).unwrap_or_default(),
        verify: citation.verify_by.map(|at| day(view, at)),
        verify_over: citation.verify_by.is_some_and(|at| at < view.now),
        newer: newer.map(|n| n.version),
        retired: newer.is_none() && stored.is_some_and(|s| s.state != EntryState::Published),
        source: entry.map(|e| e.source),
    }
}

/// An answer around its cited bytes; all of it where the range does not fit.
fn quote(answer: &str, (from, to): (usize, usize)) -> Quote {
    let cut = || Some((answer.get(..from)?, answer.get(from..to)?, answer.get(to..)?));
    let (before, cited, after) = cut().unwrap_or(("", answer, ""));
    Quote { before: before.to_owned(), cited: cited.to_owned(), after: after.to_owned() }
}

fn day(view: &View, at: i64) -> String {
    local_day(at, &view.desk.desk.desk.timezone)
}

/// Where and when an entry applies, a line each.
fn applies(view: &View, entry: &Entry) -> Vec<String> {
    let words = view.words();
    let Scope { store, platform, region, language, channel } = &entry.scope;
    let scopes = [
        ("scope_store", store),
        ("scope_platform", platform),
        ("scope_region", region),
        ("scope_language", language),
        ("scope_channel", channel),
    ];
    let mut lines: Vec<String> = scopes
        .into_iter()
        .filter_map(|(key, value)| value.as_ref().map(|value| say(words, key, &[("value", value)])))
        .collect();
    if lines.is_empty() {
        lines.push(say(words, "scope_everywhere", &[]));
    }
    lines.extend(entry.valid_from.map(|at| say(words, "valid_from", &[("at", &moment(view, at))])));
    lines.extend(entry.valid_until.map(|at| say(words, "valid_until", &[("at", &moment(view, at))])));
    lines
}

/// What the channel allows and forbids.
pub(super) async fn rules(tx: &mut Tx, app: &App, view: &View) -> Result<Rules, Trouble> {
    let words = view.words();
    let known = app.known(tx).await?;
    let scope = scope_on(view.channel());
    let forbidden = known.index.rules(Kind::Forbidden, &scope, view.now).take(RULES);
    let forbidden = forbidden.map(|rule| Forbidden { title: rule.title.clone(), text: rule.answer.clone() }).collect();
    let channel = view.channel();
    let allowed = channel.map(|c| c.allowed_actions.as_slice()).unwrap_or_default();
    let review = channel.map(|c| c.review_required.as_slice()).unwrap_or_default();
    Ok(Rules {
        mode: say(words, mode_key(channel.map(|c| c.mode).unwrap_or_default()), &[]),
        allowed: allowed.iter().map(|name| named(words, &["page.action_", name].concat(), name)).collect(),
        review: review.iter().map(|name| named(words, &["intent", name].join("."), name)).collect(),
        forbidden,
    })
}

fn mode_key(mode: Mode) -> &'static str {
    match mode {
        Mode::ReadOnly => "mode_read_only",
        Mode::Draft => "mode_draft",
        Mode::Reviewed => "mode_reviewed",
        Mode::Auto => "mode_auto",
    }
}

/// The word for a name, or the name itself where we have none: the configuration may use names of its own.
fn named(words: &Words, key: &str, name: &str) -> String {
    if words.has(key) { words.text(key, &[]) } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_marks_what_is_cited_and_survives_a_range_that_does_not_fit() {
        let parts = |span| {
            let Quote { before, cited, after } = quote("甲。乙。丙。", span);
            [before, cited, after]
        };
        assert_eq!(parts((6, 12)), ["甲。", "乙。", "丙。"]);
        assert_eq!(parts((0, 18)), ["", "甲。乙。丙。", ""]);
        for unfit in [(1, 6), (12, 6), (0, 99)] {
            assert_eq!(parts(unfit), ["", "甲。乙。丙。", ""], "{unfit:?}");
        }
    }
}
