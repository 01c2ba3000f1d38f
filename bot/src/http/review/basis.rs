//! What a draft rests on and where that applies, and what the channel allows and forbids.

use cards::words::Words;
use knowledge::{Entry, Kind, Scope};
use serde::Serialize;

use super::page::{moment, say};
use super::trouble::Trouble;
use crate::app::App;
use crate::desk::{Channel, Mode};
use crate::drafting::Citation;
use crate::store::Tx;
use crate::store::knowledge::{self as entries, StoredEntry};
use crate::view::{View, local};

/// Forbidden promises shown at most.
const RULES: usize = 30;

/// A piece of knowledge the draft rests on.
#[derive(Debug, Serialize)]
pub(super) struct Basis {
    title: String,
    version: i64,
    text: String,
    owner: Option<String>,
    kind: Option<String>,
    applies: Vec<String>,
    verify: Option<String>,
    verify_over: bool,
    newer: Option<i64>,
    retired: bool,
    source: Option<String>,
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
        let stored = entries::newest(tx, &citation.entry).await?;
        basis.push(one(view, citation, stored.as_ref()));
    }
    Ok(basis)
}

fn one(view: &View, citation: &Citation, stored: Option<&StoredEntry>) -> Basis {
    let words = view.words();
    let same = stored.filter(|s| s.version == citation.version);
    let entry = same.and_then(|s| serde_json::from_str::<Entry>(&s.body).ok());
    let verify_by = entry.as_ref().and_then(|e| e.verify_by);
    Basis {
        title: citation.title.clone(),
        version: citation.version,
        text: citation.text.clone(),
        owner: stored.map(|s| view.desk.desk.name_of(&s.owner).to_owned()),
        kind: entry.as_ref().map(|e| named(words, "page.entry_", e.kind.as_str())),
        applies: entry.as_ref().map(|e| applies(view, e)).unwrap_or_default(),
        verify: verify_by.map(|at| day(view, at)),
        verify_over: verify_by.is_some_and(|at| at < view.now),
        newer: stored.filter(|s| s.version > citation.version && s.state == "published").map(|s| s.version),
        retired: same.is_some_and(|s| s.state == "retired"),
        source: entry.map(|e| e.source),
    }
}

fn day(view: &View, at: i64) -> String {
    local(at, &view.desk.desk.desk.timezone, "%Y-%m-%d")
}

/// Where and when an entry applies, a line each.
fn applies(view: &View, entry: &Entry) -> Vec<String> {
    let words = view.words();
    let Scope { store, platform, region, language } = &entry.scope;
    let scopes =
        [("scope_store", store), ("scope_platform", platform), ("scope_region", region), ("scope_language", language)];
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
    let index = app.index(tx).await?;
    let scope = Scope { store: view.channel().map(|c| c.store.clone()), ..Scope::default() };
    let forbidden = index.rules(Kind::Forbidden, &scope, view.now).take(RULES);
    let forbidden = forbidden.map(|rule| Forbidden { title: rule.title.clone(), text: rule.answer.clone() }).collect();
    let names = |list: fn(&Channel) -> &Vec<String>, table: &str| {
        let list = view.channel().map(list).map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|name| named(words, table, name)).collect()
    };
    Ok(Rules {
        mode: say(words, mode_key(view.channel().map(|c| c.mode).unwrap_or_default()), &[]),
        allowed: names(|c| &c.allowed_actions, "page.action_"),
        review: names(|c| &c.review_required, "intent."),
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
fn named(words: &Words, table: &str, name: &str) -> String {
    let key = [table, name].concat();
    if words.has(&key) { words.text(&key, &[]) } else { name.to_owned() }
}
