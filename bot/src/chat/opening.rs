//! Presses on the card by which the second of two people opens automation, or does not.

use cards::{CareAct, CareKey};

use super::{Desk, phase};
use crate::automation::{self, Proposal};
use crate::case::Say;
use crate::policy::{self, Power};
use crate::store::automation as store;
use crate::store::knowledge::care::{self, About};
use crate::worker::{Job, Pressed};

/// Somebody pressed 同意开启 or 不开启: it counts for the proposal that the card shows, and for no later one.
///
/// # Errors
/// When the database fails.
pub(crate) async fn pressed(desk: &mut Desk<'_, '_>, key: &CareKey, tap: &Pressed) -> anyhow::Result<()> {
    let posting = care::card(desk.tx, &tap.task_id).await?;
    let known = posting.filter(|posting| posting.about == About::Opening && posting.code == key.code);
    let Some((posting, proposal)) = known.and_then(|posting| Proposal::of(&posting).map(|of| (posting, of))) else {
        return desk.old_card(&tap.event_key).await;
    };
    care::tapped(desk.tx, &posting.task_id, tap.code.as_deref(), desk.app.clock.now()).await?;
    let channel = desk.desk.desk.channel(&proposal.channel);
    let stands = store::lock(desk.tx, &proposal.channel, proposal.intent.as_str()).await?;
    let Some(channel) = channel.filter(|_| proposal.waits(&stands)) else {
        let job = Job::SettleCare { task_id: posting.task_id, to: posting.to };
        job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await?;
        return desk.say(Say::new("auto.card_over")).await;
    };
    if let Err(denied) = policy::may(desk.person, Power::SetMode, Some(channel)) {
        return desk.denied(&denied).await;
    }
    if key.act == CareAct::Agree {
        return phase::open(desk, channel, proposal.intent).await;
    }
    automation::close(desk.tx, desk.app, desk.person, &channel.id, proposal.intent).await?;
    let say = |key| Say::new(key).with("channel", channel.label()).with_key("intent", proposal.intent.key());
    desk.say(say("auto.declined")).await?;
    phase::tell_others(desk, say("auto.declined_by").with_person("by", &desk.person.id)).await
}
