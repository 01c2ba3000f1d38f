//! What the page of a case shows: everything a reviewer needs (requirement HR-01), from stored rows.

use std::collections::HashSet;

use axum::http::StatusCode;
use axum::response::Response;
use cards::words::{Locale, Words};
use serde::Serialize;

use super::basis::{self, Basis, Rules};
use super::form::{self, Forms, editable};
use super::look_up::{self, LookUpShown};
use super::pack::{self, PackShown};
use super::story::{self, Said};
use super::trouble::Trouble;
use super::visitor::Visitor;
use super::{base, sign_in};
use crate::app::App;
use crate::case::{Author, Draft, Part, State, Translation};
use crate::http::render;
use crate::store::{Tx, pauses, people, record};
use crate::view::{View, local};
use crate::why;

/// A case's page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    /// The desk's language.
    #[serde(skip)]
    pub(super) locale: Locale,
    /// Its name.
    pub(super) lang: &'static str,
    /// The path all pages are under.
    pub(super) base: String,
    /// What media addresses end with, so that a link shows the pictures too.
    pub(super) media_query: String,
    /// The case's number.
    pub(super) number: i64,
    /// Where it stands, and how urgent it is.
    pub(super) head: Head,
    /// What the person should read first.
    pub(super) alert: Option<String>,
    /// Who paused this, and why.
    pub(super) paused: Option<String>,
    /// What the customer wants answered.
    pub(super) asked: Vec<Said>,
    /// What is known about a message of which nobody knows whether it arrived.
    pub(super) doubt: Option<String>,
    /// What would be sent.
    pub(super) draft: Option<DraftShown>,
    /// Why a person has to look.
    pub(super) reasons: Vec<ReasonShown>,
    /// What was looked up in the back office, the newest first.
    pub(super) look_ups: Vec<LookUpShown>,
    /// What was collected to decide about a refund, the newest.
    pub(super) pack: Option<PackShown>,
    /// What the draft rests on.
    pub(super) basis: Vec<Basis>,
    /// What is allowed and what is not.
    pub(super) rules: Rules,
    /// Who is asked.
    pub(super) holders: Holders,
    /// The conversation so far.
    pub(super) history: Vec<Said>,
    /// Who did what, when.
    pub(super) record: Vec<why::Line>,
    /// What this person may do here.
    pub(super) forms: Option<Forms>,
    /// Whether anybody can sign in.
    pub(super) can_sign_in: bool,
}

impl Page {
    /// The page as it is answered with.
    pub(super) fn response(&self) -> Response {
        render::html(StatusCode::OK, self.locale, "case.html", self)
    }
}

/// Where a case stands, and how urgent it is.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    shop: String,
    customer: String,
    state: String,
    intent: Option<String>,
    risk: Option<Risk>,
    place: Option<(i64, i64)>,
    due: Option<String>,
    overdue: bool,
    window_ends: Option<String>,
    window_open: bool,
    quota: Option<u32>,
    last: Option<String>,
}

/// A risk, by its name and in words.
#[derive(Debug, Serialize)]
pub(super) struct Risk {
    name: &'static str,
    label: String,
}

/// A draft as it would leave.
#[derive(Debug, Serialize)]
pub(super) struct DraftShown {
    version: i64,
    code: String,
    by: String,
    sure: Option<String>,
    parts: Vec<PartShown>,
    translation: Option<Translation>,
    action: Option<String>,
}

/// One message of a draft, and what became of it.
#[derive(Debug, Serialize)]
pub(super) struct PartShown {
    text: String,
    fate: Option<String>,
}

/// One finding that brought the case to a person, and the words that gave rise to it.
#[derive(Debug, Serialize)]
pub(super) struct ReasonShown {
    label: String,
    words: String,
}

/// Who is asked, and who after them.
#[derive(Debug, Serialize)]
pub(super) struct Holders {
    now: Vec<Holder>,
    above: Option<String>,
}

/// Somebody who is asked.
#[derive(Debug, Serialize)]
pub(super) struct Holder {
    name: String,
    off_duty: bool,
}

/// What is shown on top of the case itself.
#[derive(Debug, Default)]
pub(super) struct Extra {
    /// What the person should read first.
    pub(super) alert: Option<String>,
    /// What they wrote and could not be used: it stays in the form.
    pub(super) kept: Option<Vec<String>>,
}

/// Puts a page together for somebody who may see the case.
///
/// # Errors
/// Only what is broken.
pub(super) async fn build(
    tx: &mut Tx,
    app: &App,
    view: &View,
    visitor: &Visitor,
    extra: &Extra,
) -> Result<Page, Trouble> {
    let pause = pauses::covering(tx, pauses::Matter::of(&view.case, &view.desk.desk)).await?;
    let off_duty = match view.channel() {
        Some(channel) => view.desk.desk.off_duty(channel, &people::duty_words(tx).await?, view.now),
        None => HashSet::new(),
    };
    let told = record::of_case(tx, &view.case.id).await?;
    let drafts = view.case.draft();
    let forms = form::of(app, view, visitor, extra, pause.is_some());
    let locale: Locale = view.desk.desk.desk.locale.parse().unwrap_or_default();
    Ok(Page {
        locale,
        lang: locale.as_str(),
        base: base(app),
        media_query: visitor.token().map(|token| format!("?t={token}")).unwrap_or_default(),
        number: view.case.number,
        head: head(view),
        alert: extra.alert.clone().or_else(|| outdated(view, visitor)),
        paused: pause.map(|p| paused(view, &p)),
        asked: story::asked(view),
        doubt: doubt(view),
        draft: drafts.map(|draft| draft_shown(view, draft)),
        reasons: reasons(view),
        look_ups: look_up::of(view, &told),
        pack: pack::of(view, &told),
        basis: basis::of(tx, view).await?,
        rules: basis::rules(tx, app, view).await?,
        holders: holders(view, &off_duty),
        history: story::history(view),
        record: told.iter().filter_map(|told| why::line(view, told)).collect(),
        forms,
        can_sign_in: sign_in::is_possible(app),
    })
}

/// The page's words of `key`.
pub(super) fn say(words: &Words, key: &str, args: &[(&str, &str)]) -> String {
    words.text(&["page.", key].concat(), args)
}

/// A day and a time in the desk's zone.
pub(super) fn moment(view: &View, at: i64) -> String {
    local(at, &view.desk.desk.desk.timezone, "%m-%d %H:%M")
}

fn head(view: &View) -> Head {
    let (case, words) = (&view.case, view.words());
    let draft = case.draft();
    let waits = matches!(case.state, State::AwaitingReview(_) | State::NeedsPerson(_) | State::Unknown(_));
    Head {
        shop: view.channel().map_or_else(|| case.channel.clone(), |c| c.label().to_owned()),
        customer: cards::one_line(view.conversation.called()),
        state: view.state_line(),
        intent: draft.map(|d| words.text(d.intent.key(), &[])),
        risk: draft.map(|d| Risk { name: d.verdict.risk.as_str(), label: d.verdict.risk.label(words) }),
        place: waits.then_some(view.place),
        due: case.due().map(|due| moment(view, due)),
        overdue: case.due().is_some_and(|due| due <= view.now),
        window_ends: case.window.ends_at.map(|at| moment(view, at)),
        window_open: !case.window.is_over(view.now),
        quota: case.window.for_replies(),
        last: case.last_decision.as_ref().map(|decided| view.decision_line(decided)),
    }
}

fn paused(view: &View, pause: &pauses::Pause) -> String {
    let by = view.desk.paused_by(pause);
    let at = moment(view, pause.at);
    let key = if pause.why.is_empty() { "paused" } else { "paused_why" };
    say(view.words(), key, &[("by", &by), ("at", &at), ("why", &pause.why)])
}

/// A link outlives the version it was given for.
fn outdated(view: &View, visitor: &Visitor) -> Option<String> {
    let stale = !visitor.covers(view.case.version) && editable(view, &visitor.person);
    stale.then(|| say(view.words(), "link_outdated", &[]))
}

/// When the request left whose answer is missing, with what, and who had approved it.
fn doubt(view: &View) -> Option<String> {
    let State::Unknown(doubt) = &view.case.state else { return None };
    let by = view.desk.desk.name_of(&doubt.lost.approved_by);
    if let Some(asker) = view.case.asker.as_deref().filter(|_| doubt.by_hand.is_some()) {
        let (sent, to) = (view.sent_line(doubt), view.desk.desk.name_of(asker));
        return Some(say(view.words(), "in_hand", &[("sent", &sent), ("by", by), ("to", to)]));
    }
    let (sent, account) = (view.sent_line(doubt), view.conversation.account.as_str());
    Some(say(view.words(), "doubt", &[("sent", &sent), ("by", by), ("account", account)]))
}

fn draft_shown(view: &View, draft: &Draft) -> DraftShown {
    let words = view.words();
    let (by, sure) = match &draft.author {
        Author::Person { id } => (say(words, "by_person", &[("name", view.desk.desk.name_of(id))]), None),
        Author::Bot { drafter, no_model, examples } => {
            let why = no_model.map(|why| words.text(why.key(), &[]));
            let by = match &why {
                Some(why) => say(words, "by_bot_because", &[("drafter", drafter), ("why", why)]),
                None => say(words, "by_bot", &[("drafter", drafter)]),
            };
            let sure = format!("{:.0}%", (draft.confidence.clamp(0.0, 1.0)) * 100.0);
            (by + &shown_examples(words, examples), Some(sure))
        }
    };
    let fate = |at: usize| match &view.case.state {
        State::Sending(sending) => sending.parts.get(at).map(|part| say(words, fate_key(*part), &[])),
        State::Unknown(doubt) if doubt.by_hand.is_some() => Some(say(words, fate_key(Part::HandedOut), &[])),
        State::Unknown(_) if at == 0 => Some(say(words, fate_key(Part::Unknown), &[])),
        State::Unknown(_) => Some(say(words, fate_key(Part::Waiting), &[])),
        _ => None,
    };
    let parts = draft.parts.iter().enumerate().map(|(at, text)| PartShown { text: text.clone(), fate: fate(at) });
    DraftShown {
        version: draft.version,
        code: draft.code(),
        by,
        sure,
        parts: parts.collect(),
        translation: draft.translation.clone(),
        action: draft.action.as_deref().map(|action| words.text(action, &[])),
    }
}

/// The cases whose replies the model was shown for their manner.
fn shown_examples(words: &Words, examples: &[i64]) -> String {
    let numbers: Vec<String> = examples.iter().map(|number| format!("#{number}")).collect();
    if numbers.is_empty() {
        return String::new();
    }
    say(words, "by_examples", &[("numbers", &numbers.join(" "))])
}

fn fate_key(part: Part) -> &'static str {
    match part {
        Part::Waiting => "part_waiting",
        Part::Claimed => "part_claimed",
        Part::Accepted => "part_accepted",
        Part::Failed => "part_failed",
        Part::Unknown => "part_unknown",
        Part::HandedOut => "part_handed_out",
        Part::SaidSent => "part_said_sent",
    }
}

fn reasons(view: &View) -> Vec<ReasonShown> {
    let found = view.case.draft().map(|d| d.verdict.reasons.as_slice()).unwrap_or_default();
    let mut shown: Vec<ReasonShown> = Vec::new();
    for reason in found {
        let (label, words) =
            (view.words().text(reason.key(), &[]), reason.words.join(&say(view.words(), "separator", &[])));
        if !shown.iter().any(|s| s.label == label && (s.words == words || words.is_empty())) {
            shown.push(ReasonShown { label, words });
        }
    }
    shown.extend(grounds(view));
    shown
}

/// What the draft rests on, and what else keeps it from being sent without a person.
fn grounds(view: &View) -> Vec<ReasonShown> {
    let Some(draft) = view.case.draft().filter(|draft| !draft.parts.is_empty()) else { return Vec::new() };
    let keys = std::iter::once(draft.grounds.class.key()).chain(draft.verdict.holds.iter().map(|hold| hold.key()));
    keys.map(|key| ReasonShown { label: view.words().text(key, &[]), words: String::new() }).collect()
}

fn holders(view: &View, off_duty: &HashSet<String>) -> Holders {
    let desk = &view.desk.desk;
    let above = view.channel().and_then(|c| c.escalation_owner.as_deref());
    let holder = |id: &str| Holder { name: desk.name_of(id).to_owned(), off_duty: off_duty.contains(id) };
    Holders {
        now: view.holders().into_iter().map(holder).collect(),
        above: above.map(|id| desk.name_of(id).to_owned()),
    }
}
