//! What a colleague did, on whatever surface: wrote, pressed a button of a card, chose from the menu.

mod sample;

use cards::wecom::{HINT_QUESTION, REASON_QUESTION, SCOPE_QUESTION};
use cards::{Act, CareAct, CareKey, Hint, Key, PauseScope, PlanKey, RejectReason};
use serde_json::json;

use super::inbox::{Deed, Pressed};
use super::{Job, Question, apply};
use crate::action_desk;
use crate::app::App;
use crate::case::{Case, Decision, Event, Refusal, Rejection, Say, State, Tap};
use crate::chaos;
use crate::chat::{self, Along, Desk};
use crate::drill;
use crate::evidence::{Actor, Entry, Kind};
use crate::knowledge_desk::care;
use crate::policy::{self, Power};
use crate::store::queue::{Door, Row};
use crate::store::{Tx, cards as postings, cases, pauses, record, samples};
use crate::surface::Address;

pub(super) async fn did(app: &App, row: Row, from: Address, deed: Deed) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                colleague_did(tx, &app, &from, deed).await?;
                chaos::point("reviewer.told");
                apply::finish(tx, Door::Inbox, &row, app.clock.now()).await
            })
        })
        .await
}

async fn colleague_did(tx: &mut Tx, app: &App, from: &Address, deed: Deed) -> anyhow::Result<()> {
    let desk = app.desk(tx).await?;
    let Some(person) = desk.desk.person_at(from).cloned() else {
        return stranger(tx, app, from, &deed).await;
    };
    let mut desk = Desk { tx, app, desk: &desk, person: &person, from };
    match deed {
        Deed::Said(text) => chat::said(&mut desk, &text, Along::default()).await,
        Deed::SaidUnder { text, quoted } => chat::said(&mut desk, &text, Along::quoted(&quoted)).await,
        Deed::Picture { caption, picture } => chat::pictured(&mut desk, &caption, &picture).await,
        Deed::File(file) => chat::sent_file(&mut desk, file).await,
        Deed::Unreadable => desk.say(Say::new("told.text_only")).await,
        Deed::Pressed(press) => tapped(&mut desk, press).await,
        Deed::Nothing => Ok(()),
    }
}

/// Somebody nobody configured, or who was removed: told so, on record, and nothing else.
async fn stranger(tx: &mut Tx, app: &App, from: &Address, deed: &Deed) -> anyhow::Result<()> {
    let (what, number) = match deed {
        Deed::Pressed(press) => (press.event_key.clone(), Key::parse(&press.event_key).map_or(0, |key| key.case)),
        Deed::Said(_) | Deed::SaidUnder { .. } | Deed::Picture { .. } | Deed::File(_) | Deed::Unreadable => {
            ("message".into(), 0)
        }
        Deed::Nothing => return Ok(()),
    };
    let case = cases::by_number(tx, number).await?;
    let chain = case.as_ref().map_or(record::DESK.to_owned(), |c| record::chain_of(&c.conversation));
    let payload = json!({ "refusal": Refusal::UnknownPerson, "member": from, "what": what });
    let entry = Entry { kind: Kind::Refused, actor: Actor::Person(from.to_string()), payload };
    record::append(tx, app, &chain, case.as_ref().map(|c| c.id.as_str()), &entry).await?;
    apply::tell_refusal(tx, app, from, number, &Refusal::UnknownPerson).await
}

async fn tapped(desk: &mut Desk<'_, '_>, tap: Pressed) -> anyhow::Result<()> {
    if let Ok(key) = CareKey::parse(&tap.event_key) {
        return match key.act {
            CareAct::Agree | CareAct::Decline => chat::opening_pressed(desk, &key, &tap).await,
            CareAct::Received => drill::pressed(desk, &key, &tap).await,
            _ => care::pressed(desk, &key, &tap).await,
        };
    }
    if let Ok(key) = PlanKey::parse(&tap.event_key) {
        return action_desk::pressed(desk, &key, &tap).await;
    }
    let key = Key::parse(&tap.event_key);
    if key.as_ref().is_ok_and(|key| key.act == Act::ConfirmPause) {
        pauses::hold_alone(desk.tx).await?;
    }
    let (Some(posting), Ok(key)) = (on_phone(desk, &tap).await?, key) else {
        return desk.old_card(&tap.event_key).await;
    };
    if let Some(sample) = samples::lock(desk.tx, &posting.case_id).await? {
        return sample::pressed(desk, &sample, &key, &tap).await;
    }
    let Some(case) = cases::load(desk.tx, &posting.case_id).await?.filter(|c| c.number == key.case) else {
        return desk.old_card(&tap.event_key).await;
    };
    let refused = pressed(desk, &case, &key, &tap).await?;
    if refused && tap.code.is_some() && posting.state == "settled" {
        // The card still looked open on this phone: show what became of it.
        let job = Job::SettleCard { task_id: tap.task_id.clone(), to: posting.to.clone() };
        job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await?;
    }
    Ok(())
}

/// The tapped card as stored: the tap proves that it appeared.
async fn on_phone(desk: &mut Desk<'_, '_>, tap: &Pressed) -> anyhow::Result<Option<postings::Posting>> {
    let Some(known) = postings::load(desk.tx, &tap.task_id).await? else { return Ok(None) };
    apply::lock(desk.tx, desk.app, &known.case_id).await?;
    let before = postings::load(desk.tx, &tap.task_id).await?;
    postings::tapped(desk.tx, &tap.task_id, tap.code.as_deref(), desk.app.clock.now()).await?;
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
        Act::Send | Act::Delivered | Act::SendAgain | Act::Drop | Act::LookAgain | Act::Escalate | Act::TakeOver => {
            None
        }
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
async fn pressed(desk: &mut Desk<'_, '_>, case: &Case, key: &Key, tap: &Pressed) -> anyhow::Result<bool> {
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
        Act::LookAgain => decide(Decision::LookAgain),
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

fn chosen<'a>(tap: &'a Pressed, question: &str) -> Option<&'a str> {
    let found = tap.selected.iter().find(|(key, _)| key == question);
    found.and_then(|(_, options)| options.first()).map(String::as_str)
}

/// Turns the tapper's card into a question; nothing is decided yet.
async fn ask(desk: &mut Desk<'_, '_>, tap: &Pressed, question: Question) -> anyhow::Result<bool> {
    // In a group the card is everybody's.
    let to = postings::load(desk.tx, &tap.task_id).await?.map_or_else(|| desk.from.clone(), |posting| posting.to);
    let job = Job::Ask { task_id: tap.task_id.clone(), to, question };
    job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await?;
    Ok(false)
}
