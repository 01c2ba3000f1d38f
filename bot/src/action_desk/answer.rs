//! A standard reply: what is said to a buyer in the back office is a published answer, word for word, where it applies, and
//! only as long as it is in use.

use crate::app::App;
use crate::case::{Citation, Shortcoming};
use crate::desk::Channel;
use crate::knowledge_desk::life;
use crate::knowledge_desk::{asked_on, scope_on};
use crate::policy::Severity;
use crate::store::Tx;
use crate::store::actions::Action;
use crate::store::desks::Applied;
use crate::store::knowledge::{self as entries, uses};
use crate::view::View;

/// A published answer that may be said.
pub(super) struct Answer {
    /// Its words.
    pub(super) text: String,
    /// Whose they are.
    pub(super) citation: Citation,
}

/// Why an answer is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotSaid {
    /// Nobody said which one.
    Which,
    /// No answer of this name is in use here now.
    NotInUse,
    /// It says what must not be said.
    Forbidden,
}

impl NotSaid {
    /// The locale key of what whoever asked is told.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Which => "refused.answer_which",
            Self::NotInUse => "refused.answer_not_in_use",
            Self::Forbidden => "refused.answer_forbidden",
        }
    }
}

/// The answer somebody means: the one they name, else the only one that the draft rests on.
///
/// # Errors
/// When the database fails.
pub(super) async fn meant(tx: &mut Tx, app: &App, view: &View, name: &str) -> anyhow::Result<Result<Answer, NotSaid>> {
    let entry = match (name.trim(), only_cited(view)) {
        ("", None) => return Ok(Err(NotSaid::Which)),
        ("", Some(cited)) => Some(cited),
        (name, _) => life::named(tx, name).await?,
    };
    let (Some(entry), Some(channel)) = (entry, view.channel()) else { return Ok(Err(NotSaid::NotInUse)) };
    let asked = view.customer_texts().join("\n");
    in_use(tx, app, channel, Wanted { entry: &entry, asked: &asked, locale: &view.desk.desk.desk.locale }).await
}

/// The entry that a draft rests on, where it is one alone.
fn only_cited(view: &View) -> Option<String> {
    let mut cited: Vec<&str> = view.case.draft()?.citations.iter().map(|citation| citation.entry.as_str()).collect();
    cited.dedup();
    match cited.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    }
}

/// What a draft rests on, each by its number and title.
///
/// # Errors
/// When the database fails.
pub(super) async fn cited(tx: &mut Tx, view: &View) -> anyhow::Result<Vec<String>> {
    let mut named = Vec::new();
    for citation in view.case.draft().map(|draft| draft.citations.as_slice()).unwrap_or_default() {
        let number = entries::number(tx, &citation.entry).await?;
        named.push(format!("K{number}《{}》", citation.title));
    }
    named.dedup();
    Ok(named)
}

/// An answer that is wanted.
struct Wanted<'a> {
    entry: &'a str,
    /// The customer's words, which may say where they are.
    asked: &'a str,
    locale: &'a str,
}

/// The answer as it is in use on a channel now.
async fn in_use(
    tx: &mut Tx,
    app: &App,
    channel: &Channel,
    wanted: Wanted<'_>,
) -> anyhow::Result<Result<Answer, NotSaid>> {
    let (known, now) = (app.known(tx).await?, app.clock.now());
    let scope = asked_on(Some(channel), wanted.asked, &known.index);
    let versions = entries::in_use_of(tx, wanted.entry).await?;
    let usable = |entry: &knowledge::Entry| !entry.kind.is_rule() && entry.is_valid_at(now) && entry.covers(&scope);
    let Some(entry) = versions.into_iter().find(usable) else { return Ok(Err(NotSaid::NotInUse)) };
    let words = known.lexicon.look(std::slice::from_ref(&entry.answer), &scope_on(Some(channel)), now, wanted.locale);
    if words.iter().any(|word| word.severity == Severity::Block) {
        return Ok(Err(NotSaid::Forbidden));
    }
    let citation = Citation {
        entry: entry.id,
        version: entry.version,
        title: entry.title,
        span: (0, entry.answer.len()),
        owner: entry.owner,
        verify_by: entry.verify_by,
        valid_until: entry.valid_until,
        marked: entry.cautions.iter().copied().map(Shortcoming::from).collect(),
    };
    Ok(Ok(Answer { text: entry.answer.replace("\r\n", "\n"), citation }))
}

/// Whether what an action says may still be said: the very version is in use, and stays so until this transaction ends.
/// An action that says nothing of the knowledge always may.
///
/// # Errors
/// When the database fails.
pub(crate) async fn holds(tx: &mut Tx, app: &App, desk: &Applied, action: &Action) -> anyhow::Result<bool> {
    let Some(citation) = action.citation() else { return Ok(true) };
    let Some(channel) = desk.desk.channel(&action.channel) else { return Ok(false) };
    if !uses::all_in_use(tx, std::slice::from_ref(&citation)).await? {
        return Ok(false);
    }
    let view = View::load(tx, app, &action.case_id).await?;
    let asked = view.customer_texts().join("\n");
    let wanted = Wanted { entry: &citation.entry, asked: &asked, locale: &desk.desk.desk.locale };
    let answer = in_use(tx, app, channel, wanted).await?;
    Ok(answer.is_ok_and(|answer| answer.citation.version == citation.version))
}
