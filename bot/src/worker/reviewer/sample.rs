//! Presses on the card of a reply that had left already: the same buttons, which send nothing.

use cards::wecom::{HINT_QUESTION, REASON_QUESTION, SCOPE_QUESTION};
use cards::{Act, Hint, Key, PauseScope, RejectReason};

use super::{ask, chosen, power_of};
use crate::automation::{self, Reviewed};
use crate::case::Say;
use crate::chat::{self, Desk};
use crate::policy::{self, Power};
use crate::store::outcomes::Outcome;
use crate::store::samples::Sample;
use crate::worker::Question;
use crate::worker::inbox::Pressed;

/// Does what a button of a sample's card says.
pub(super) async fn pressed(desk: &mut Desk<'_, '_>, sample: &Sample, key: &Key, tap: &Pressed) -> anyhow::Result<()> {
    let channel = desk.desk.desk.channel(&sample.channel);
    if let Err(denied) = policy::may(desk.person, power_of(key.act).unwrap_or(Power::Decide), channel) {
        return desk.denied(&denied).await;
    }
    let hint = chosen(tap, HINT_QUESTION).and_then(|hint| hint.parse::<Hint>().ok());
    match key.act {
        Act::Pause => ask(desk, tap, Question::Scope).await.map(drop),
        Act::ConfirmPause => pause(desk, sample, tap).await,
        _ if sample.good.is_some() => desk.say(Say::new("told.sample_over").with("number", key.case)).await,
        Act::Send if hint.is_some() => desk.say(Say::new("refused.hint_with_send").with("number", key.case)).await,
        Act::Send => chat::sample_reviewed(desk, sample, plain(Outcome::Unchanged)).await,
        Act::Edit if hint.is_some() => chat::sample_reviewed(desk, sample, plain(Outcome::Changed)).await,
        Act::Edit => chat::begin_sample_edit(desk, sample, key).await,
        Act::Reject => ask(desk, tap, Question::Reason).await.map(drop),
        Act::ConfirmReject => reject(desk, sample, key, tap).await,
        Act::TakeOver => chat::sample_reviewed(desk, sample, plain(Outcome::TakenOver)).await,
        Act::Escalate => automation::escalate(desk.tx, desk.app, desk.desk, sample).await,
        Act::Delivered | Act::SendAgain | Act::Drop | Act::LookAgain => desk.old_card(&tap.event_key).await,
    }
}

fn plain(outcome: Outcome) -> Reviewed<'static> {
    Reviewed { outcome, reason: None, distance: None }
}

async fn reject(desk: &mut Desk<'_, '_>, sample: &Sample, key: &Key, tap: &Pressed) -> anyhow::Result<()> {
    match chosen(tap, REASON_QUESTION).and_then(|reason| reason.parse::<RejectReason>().ok()) {
        Some(reason) => {
            let said = Reviewed { outcome: Outcome::Rejected, reason: Some(reason.as_str()), distance: None };
            chat::sample_reviewed(desk, sample, said).await
        }
        None => {
            desk.say(Say::new("refused.needs_reason").with("number", key.case)).await?;
            ask(desk, tap, Question::Reason).await.map(drop)
        }
    }
}

/// A pause is a pause, on whatever card it was pressed.
async fn pause(desk: &mut Desk<'_, '_>, sample: &Sample, tap: &Pressed) -> anyhow::Result<()> {
    let Some(case) = automation::as_case(desk.tx, &sample.id).await? else { return Ok(()) };
    match chosen(tap, SCOPE_QUESTION).and_then(|scope| scope.parse::<PauseScope>().ok()) {
        Some(scope) => chat::pause_from_card(desk, &case, scope).await,
        None => {
            desk.say(Say::new("refused.needs_scope").with("number", case.number)).await?;
            ask(desk, tap, Question::Scope).await.map(drop)
        }
    }
}
