//! What a colleague did in the app: wrote, tapped a card, chose from the menu.

use cards::wecom::{HINT_QUESTION, REASON_QUESTION, SCOPE_QUESTION};
use cards::{Act, Hint, Key, PauseScope, RejectReason};
use channels::wecom::callback::{CardTap, Incoming, MemberContent};
use serde_json::json;

use super::{Job, Question, apply, inbox};
use crate::app::App;
use crate::case::{Case, Decision, Event, Refusal, Rejection, Say, State, Tap};
use crate::chaos;
use crate::chat::{self, Desk};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::{self, Power};
use crate::store::queue::{Door, Row};
use crate::store::{Tx, cards as postings, cases, pauses, record};

pub(super) async fn did(app: &App, row: Row, incoming: Incoming) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                if let Some(member) = inbox::member_of(&incoming).map(str::to_owned) {
                    member_did(tx, &app, &member, incoming).await?;
                }
                chaos::point("reviewer.told");
                apply::finish(tx, Door::Inbox, &row, app.clock.now()).await
            })
        })
        .await
}

async fn member_did(tx: &mut Tx, app: &App, member: &str, incoming: Incoming) -> anyhow::Result<()> {
    let desk = app.desk(tx).await?;
    let Some(person) = desk.desk.person_by_wecom(member).cloned() else {
        return stranger(tx, app, member, &incoming).await;
    };
    let mut desk = Desk { tx, app, desk: &desk, person: &person, member };
    match incoming {
        Incoming::Message(message) => match message.content {
            MemberContent::Text(text) => chat::said(&mut desk, &text).await,
            MemberContent::Voice { recognition: Some(text), .. } => chat::said(&mut desk, &text).await,
            _ => desk.say(Say::new("told.text_only")).await,
        },
        Incoming::CardTap(tap) => tapped(&mut desk, tap).await,
        Incoming::MenuClick { key, .. } => chat::said(&mut desk, &key).await,
        _ => Ok(()),
    }
}

/// Somebody nobody configured, or who was removed: told so, on record, and nothing else.
async fn stranger(tx: &mut Tx, app: &App, member: &str, incoming: &Incoming) -> anyhow::Result<()> {
    let (what, number) = match incoming {
        Incoming::CardTap(tap) => (tap.event_key.clone(), Key::parse(&tap.event_key).map_or(0, |key| key.case)),
        Incoming::Message(_) | Incoming::MenuClick { .. } => ("message".into(), 0),
        _ => return Ok(()),
    };
    let case = cases::by_number(tx, number).await?;
    let chain = case.as_ref().map_or(record::DESK.to_owned(), |c| record::chain_of(&c.conversation));
    let payload = json!({ "refusal": Refusal::UnknownPerson, "member": member, "what": what });
    let entry = Entry { kind: Kind::Refused, actor: Actor::Person(member.to_owned()), payload };
    record::append(tx, app, &chain, case.as_ref().map(|c| c.id.as_str()), &entry).await?;
    apply::tell_refusal(tx, app, member, number, &Refusal::UnknownPerson).await
}

async fn tapped(desk: &mut Desk<'_, '_>, tap: CardTap) -> anyhow::Result<()> {
    let key = Key::parse(&tap.event_key);
    if key.as_ref().is_ok_and(|key| key.act == Act::ConfirmPause) {
        pauses::hold_alone(desk.tx).await?;
    }
    let (Some(posting), Ok(key)) = (on_phone(desk, &tap).await?, key) else {
        return desk.old_card(&tap.event_key).await;
    };
    let Some(case) = cases::load(desk.tx, &posting.case_id).await?.filter(|c| c.number == key.case) else {
        return desk.old_card(&tap.event_key).await;
    };
    let refused = pressed(desk, &case, &key, &tap).await?;
    if refused && tap.response_code.is_some() && posting.state == "settled" {
        // The card still looked open on this phone: show what became of it.
        let job = Job::SettleCard { task_id: tap.task_id.clone(), member: desk.member.to_owned() };
        job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await?;
    }
    Ok(())
}

/// The tapped card as stored: the tap proves that it appeared.
async fn on_phone(desk: &mut Desk<'_, '_>, tap: &CardTap) -> anyhow::Result<Option<postings::Posting>> {
    let Some(known) = postings::load(desk.tx, &tap.task_id).await? else { return Ok(None) };
    apply::lock(desk.tx, desk.app, &known.case_id).await?;
    let before = postings::load(desk.tx, &tap.task_id).await?;
    postings::tapped(desk.tx, &tap.task_id, tap.response_code.as_deref(), desk.app.clock.now()).await?;
    let posting = postings::load(desk.tx, &tap.task_id).await?;
    if let Some(posting) = posting.as_ref().filter(|_| before.is_some_and(|b| b.posted_at.is_none())) {
        chat::card_appeared(desk.tx, desk.app, posting).await?;
    }
    Ok(posting)
}

/// The power without which a button does nothing, for the buttons that ask something first; the core knows the others.
fn power_of(act: Act) -> Option<Power> {
    match act {
        Act::Edit | Act::Reject | Act::ConfirmReject => Some(Power::Decide),
        Act::Pause | Act::ConfirmPause => Some(Power::PauseConversation),
        Act::Send | Act::Delivered | Act::SendAgain | Act::Drop | Act::Escalate | Act::TakeOver => None,
    }
}

/// What is wrong with rejecting what a card shows, if anything: asking for a reason would be in vain.
fn overtaken(case: &Case, key: &Key, person: &str) -> Option<Refusal> {
    let waits = matches!(case.state, State::AwaitingReview(_) | State::NeedsPerson(_));
    if waits && case.version == key.version && case.code() == key.code {
        return None;
    }
    let decided = case.last_decision.clone().filter(|d| d.version == key.version);
    Some(match (decided, &case.state) {
        (Some(d), _) if d.by == person && d.act == Act::Reject => Refusal::AlreadyDone(d),
        (Some(d), _) => Refusal::AlreadyDecided(d),
        (None, State::Closed { .. }) => Refusal::Closed,
        (None, State::HandedOver { to, .. }) => Refusal::HandedOver { to: to.clone() },
        (None, _) => Refusal::Outdated { current: case.version },
    })
}

/// Does what a button says; whether it was refused.
async fn pressed(desk: &mut Desk<'_, '_>, case: &Case, key: &Key, tap: &CardTap) -> anyhow::Result<bool> {
    let decide = |decision| {
        Event::Tapped(Tap { person: desk.person.id.clone(), version: key.version, code: key.code.clone(), decision })
    };
    let channel = desk.desk.desk.channel(&case.channel);
    if let Some(Err(denied)) = power_of(key.act).map(|power| policy::may(desk.person, power, channel)) {
        desk.not_permitted(case, key.act, denied).await?;
        return Ok(true);
    }
    let hint = chosen(tap, HINT_QUESTION).and_then(|hint| hint.parse::<Hint>().ok());
    let event = match key.act {
        Act::Send if hint.is_some() => {
            desk.refused_in_words(case, Act::Send, "refused.hint_with_send").await?;
            return Ok(true);
        }
        Act::Send => decide(Decision::Send),
        Act::Edit => match hint {
            Some(hint) => decide(Decision::Rewrite(hint)),
            None => return desk.begin_edit(case, key.version, &key.code).await.map(|begun| !begun),
        },
        Act::Delivered => decide(Decision::Delivered),
        Act::SendAgain => decide(Decision::SendAgain),
        Act::Drop => decide(Decision::Drop),
        Act::Escalate => decide(Decision::Escalate),
        Act::TakeOver => decide(Decision::TakeOver),
        Act::Reject => match overtaken(case, key, &desk.person.id) {
            Some(refusal) => return desk.refused(case, Act::Reject, &refusal).await.map(|()| true),
            None => return ask(desk, tap, Question::Reason).await,
        },
        Act::Pause => return ask(desk, tap, Question::Scope).await,
        Act::ConfirmReject => match chosen(tap, REASON_QUESTION).and_then(|r| r.parse::<RejectReason>().ok()) {
            Some(reason) => decide(Decision::Reject(Rejection { reason, note: None, no_answer_due: false })),
            None => {
                desk.refused_in_words(case, Act::Reject, "refused.needs_reason").await?;
                return ask(desk, tap, Question::Reason).await.map(|_| true);
            }
        },
        Act::ConfirmPause => match chosen(tap, SCOPE_QUESTION).and_then(|s| s.parse::<PauseScope>().ok()) {
            Some(scope) => return chat::pause_from_card(desk, case, scope).await.map(|()| false),
            None => {
                desk.refused_in_words(case, Act::Pause, "refused.needs_scope").await?;
                return ask(desk, tap, Question::Scope).await.map(|_| true);
            }
        },
    };
    desk.decide(case, &event).await.map(|decided| decided.is_err())
}

fn chosen<'a>(tap: &'a CardTap, question: &str) -> Option<&'a str> {
    let found = tap.selected.iter().find(|(key, _)| key == question);
    found.and_then(|(_, options)| options.first()).map(String::as_str)
}

/// Turns the tapper's card into a question; nothing is decided yet.
async fn ask(desk: &mut Desk<'_, '_>, tap: &CardTap, question: Question) -> anyhow::Result<bool> {
    let job = Job::Ask { task_id: tap.task_id.clone(), member: desk.member.to_owned(), question };
    job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await?;
    Ok(false)
}
