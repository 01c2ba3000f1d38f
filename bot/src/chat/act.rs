//! Carrying out a command.

use serde_json::json;

use super::{Along, Desk, ask, erase, example, knowledge, office, pack, pause, phase, policies, qa, show};
use crate::action_desk;
use crate::case::{Decision, Event, Rejection, Say, State, Tap};
use crate::command::Command;
use crate::desk::{Channel, Dispatch};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::{self, Power};
use crate::store::{cards as postings, people, record};
use crate::view::View;
use crate::worker::{Job, apply};

pub(super) async fn on(desk: &mut Desk<'_, '_>, command: Command, along: Along<'_>) -> anyhow::Result<()> {
    match command {
        Command::Help => show::help(desk).await,
        Command::Status => show::status(desk).await,
        Command::Queue => show::queue(desk).await,
        Command::Whoami => show::whoami(desk).await,
        Command::Why { n } => show::why(desk, n).await,
        Command::Evidence { n } => show::evidence(desk, n).await,
        Command::Case { n } => card(desk, n).await,
        Command::Ask { words } => ask::ask(desk, &words, along).await,
        Command::AskMore { n, text } => ask::more(desk, n, &text, along).await,
        Command::Approve { n, code } => by_code(desk, n, code, Decision::Send).await,
        Command::Delivered { n, code } => by_code(desk, n, code, Decision::Delivered).await,
        Command::Resend { n, code } => by_code(desk, n, code, Decision::SendAgain).await,
        Command::Drop { n, code } => by_code(desk, n, code, Decision::Drop).await,
        Command::Edit { n, text } => edit(desk, n, &text).await,
        Command::Reject { n, reason, note } => match reason {
            Some(reason) => {
                let rejection = Rejection { reason, note, no_answer_due: false };
                decide(desk, n, Decision::Reject(rejection)).await
            }
            None => desk.say(Say::new("refused.needs_reason").with("number", n)).await,
        },
        Command::Escalate { n } => decide(desk, n, Decision::Escalate).await,
        Command::Take { n } => decide(desk, n, Decision::TakeOver).await,
        Command::GiveBack { n } => decide(desk, n, Decision::GiveBack).await,
        Command::Pause { scope, why } => pause::pause(desk, scope, why).await,
        Command::Resume { scope } => pause::resume(desk, scope).await,
        Command::OnDuty => duty(desk, true).await,
        Command::OffDuty => duty(desk, false).await,
        Command::Office(wanted) => office::on(desk, wanted).await,
        Command::Mode => phase::mode(desk).await,
        Command::SetMode { place, auto } => phase::set_mode(desk, &place, auto).await,
        Command::Checklist => phase::checklist(desk).await,
        Command::TestEscalation => phase::test_escalation(desk).await,
        Command::Report => phase::report(desk).await,
        Command::Cancel => Ok(()),
        Command::Knowledge(command) => knowledge::on(desk, command).await,
        Command::Example(command) => example::on(desk, command).await,
        Command::Qa(command) => qa::on(desk, command).await,
        Command::Erase(command) => erase::on(desk, command).await,
        Command::Policy(command) => policies::on(desk, command).await,
        Command::Pack { n } => pack::wish(desk, n).await,
        Command::Do { n, action, text } => action_desk::wish(desk, n, action.as_deref(), &text).await,
    }
}

/// The current card again; where nothing is left to decide, the story.
async fn card(desk: &mut Desk<'_, '_>, n: i64) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    if view.decides(desk.person) && view.card(None).is_some() {
        return apply::announce(desk.tx, desk.app, &view.case, &desk.person.id, desk.from).await;
    }
    let (case, person, to) = (view.case.id.clone(), desk.person.id.clone(), desk.from.clone());
    Job::Story { case, to, person }.enqueue(desk.tx, desk.app, desk.app.clock.now()).await
}

/// Approving, and resolving a doubt, needs the code of what is shown now, by whoever it was shown to: a code that a
/// colleague reads out shows nothing. Without it, or with an old one, the card is shown instead.
async fn by_code(desk: &mut Desk<'_, '_>, n: i64, code: Option<String>, decision: Decision) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    let case = &view.case;
    let current = match (&case.state, &decision) {
        (State::AwaitingReview(_), Decision::Send) => Some(case.code()),
        (State::Unknown(_), Decision::Delivered | Decision::SendAgain | Decision::Drop) => Some(case.code()),
        _ => None,
    };
    let shown = postings::shown(desk.tx, &case.id, &desk.person.id, case.version).await?;
    let unseen = !shown && policy::may(desk.person, Power::Decide, view.channel()).is_ok();
    match (code, current) {
        (Some(code), Some(current)) if code == current && !unseen => taken(desk, view, code, decision).await,
        (_, Some(_)) => {
            desk.refused_in_words(case, decision.act(), "refused.wrong_code").await?;
            card(desk, n).await
        }
        (code, None) => taken(desk, view, code.unwrap_or_default(), decision).await,
    }
}

async fn edit(desk: &mut Desk<'_, '_>, n: i64, text: &str) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    let code = view.case.code();
    desk.edit(&view.case, view.case.version, &code, text).await
}

async fn decide(desk: &mut Desk<'_, '_>, n: i64, decision: Decision) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    let code = view.case.code();
    taken(desk, view, code, decision).await
}

async fn taken(desk: &mut Desk<'_, '_>, view: View, code: String, decision: Decision) -> anyhow::Result<()> {
    let done_key = match decision {
        Decision::GiveBack => "done.give_back",
        _ => crate::case::act_key(decision.act(), view.case.asker.is_some()),
    };
    let tap = Tap { person: desk.person.id.clone(), version: view.case.version, code, decision };
    if desk.decide(&view.case, &Event::Tapped(tap)).await?.is_ok() {
        let done = Say::new("told.done").with("number", view.case.number);
        desk.say(done.with_key("act", done_key)).await?;
    }
    Ok(())
}

async fn duty(desk: &mut Desk<'_, '_>, on: bool) -> anyhow::Result<()> {
    people::set_duty(desk.tx, &desk.person.id, on, desk.app.clock.now()).await?;
    let actor = Actor::Person(desk.person.id.clone());
    let entry = Entry { kind: Kind::DutyChanged, actor, payload: json!({ "on": on }) };
    record::append(desk.tx, desk.app, record::DESK, None, &entry).await?;
    deal(desk).await?;
    let here = |c: &&Channel| c.permitted.contains(&desk.person.id);
    let by_turn = desk.desk.desk.channels.iter().filter(here).any(|c| c.dispatch == Dispatch::Turn);
    desk.say(Say::new(match (on, by_turn) {
        (true, _) => "told.on_duty",
        (false, false) => "told.off_duty",
        (false, true) => "told.off_duty_by_turn",
    }))
    .await
}

/// Who is there, or what may be sent, has changed: cases may move.
pub(super) async fn deal(desk: &mut Desk<'_, '_>) -> anyhow::Result<()> {
    let because = format!("person:{}", desk.person.id);
    Job::Deal { because }.enqueue(desk.tx, desk.app, desk.app.clock.now()).await
}
