//! What a channel says later about a message of ours.

use channels::Thread;
use serde_json::json;

use super::Turn;
use crate::case::{Approval, Event, Lost, PartResult, Resolution, Say, Window};
use crate::clock::Timestamp;
use crate::effects;
use crate::evidence::{Actor, Entry, Kind};
use crate::store::conversations::{self, Conversation};
use crate::store::sends::{self, Send};
use crate::store::{cases, record};
use crate::worker::apply;

impl Turn<'_, '_> {
    /// A reply of ours, by its id, where it belongs to this conversation.
    async fn reply(&mut self, open: &Conversation, id: &str) -> anyhow::Result<Option<Send>> {
        let send = sends::load(self.tx, id).await?;
        Ok(send.filter(|send| send.conversation == open.id && send.is_reply()))
    }

    /// The channel says that a reply arrived: whoever still waits for its answer, or asks a person, need not.
    pub(super) async fn delivered(&mut self, open: &Conversation, id: &str) -> anyhow::Result<()> {
        match self.reply(open, id).await? {
            Some(send) => effects::learned(self.tx, self.app, &send, PartResult::Accepted, 0).await,
            None => Ok(()),
        }
    }

    /// The channel does not know what became of a reply: a person says.
    pub(super) async fn delivery_unknown(&mut self, open: &Conversation, id: &str) -> anyhow::Result<()> {
        let Some(send) = self.reply(open, id).await? else { return Ok(()) };
        if !sends::doubted(self.tx, id, self.app.clock.now()).await? {
            // Its answer may still be missing; what is known by now stays known.
            return effects::learned(self.tx, self.app, &send, PartResult::Unknown, 0).await;
        }
        let busy_with = self.open_case(open).await?.map(|case| case.id);
        if busy_with.is_none_or(|id| id == send.case_id) {
            let event = Event::DeliveryUnknown { lost: self.lost(&send).await?, text: send.body.clone() };
            if apply::apply(self.tx, self.app, &send.case_id, &event).await?.is_ok() {
                return Ok(());
            }
        }
        self.tell_about(&send, "why.send_unknown").await
    }

    async fn lost(&mut self, send: &Send) -> anyhow::Result<Lost> {
        let of = sends::parts_left(self.tx, &send.case_id, send.version).await?;
        let approval: Option<Approval> = serde_json::from_str(&send.authority).ok();
        Ok(Lost {
            msgid: send.id.clone(),
            part: usize::try_from(send.part)?,
            of: usize::try_from(of)?,
            at: send.claimed_at,
            approved_by: approval.map(|approval| approval.person).unwrap_or_default(),
        })
    }

    /// Whoever watches the desk hears of a reply whose case has gone on.
    async fn tell_about(&mut self, send: &Send, why: &str) -> anyhow::Result<()> {
        let Some(case) = cases::load(self.tx, &send.case_id).await? else { return Ok(()) };
        let say = Say::new("told.alarm").with("number", case.number).with_key("why", why);
        apply::alarm(self.tx, self.app, self.desk, &say).await
    }

    pub(super) async fn not_delivered(
        &mut self,
        mut open: Conversation,
        msgid: &str,
        (fail_type, budget_spent): (i64, bool),
    ) -> anyhow::Result<()> {
        let Some(send) = sends::load(self.tx, msgid).await?.filter(|send| send.conversation == open.id) else {
            return Ok(());
        };
        sends::not_delivered(self.tx, msgid, fail_type, self.app.clock.now()).await?;
        conversations::not_delivered(self.tx, &open.id, msgid, send.is_reply().then_some(send.case_id.as_str()))
            .await?;
        if budget_spent && self.is_window_of(&open, send.claimed_at) {
            let window = Window { quota_left: Some(0), ..open.window() };
            open.set_window(window);
            conversations::save(self.tx, &open).await?;
        }
        // A person has settled it already: their word and the platform's agree, or it does not matter.
        if is_settled(&send) {
            return self.record_not_delivered(&send, fail_type).await;
        }
        let busy_with = self.open_case(&open).await?.map(|case| case.id);
        if send.is_reply() && busy_with.is_none_or(|id| id == send.case_id) {
            let event = Event::NotDelivered { msgid: msgid.to_owned(), fail_type };
            if apply::apply(self.tx, self.app, &send.case_id, &event).await?.is_ok() {
                return Ok(());
            }
        }
        self.only_tell_not_delivered(&send, fail_type).await
    }

    /// Whether no newer window was opened since `at`.
    fn is_window_of(&self, open: &Conversation, at: Timestamp) -> bool {
        let of_then = Window::opened(at, self.channel.abilities().window);
        open.window().ends_at <= of_then.ends_at
    }

    /// A notice, or a reply whose customer is busy with another case by now: whoever watches the desk is told.
    async fn only_tell_not_delivered(&mut self, send: &Send, fail_type: i64) -> anyhow::Result<()> {
        self.record_not_delivered(send, fail_type).await?;
        if send.is_reply() && cases::load(self.tx, &send.case_id).await?.is_some() {
            return self.tell_about(send, "why.not_delivered").await;
        }
        let customer = Thread::of(&send.customer).1;
        let say =
            Say::new("told.notice_not_delivered").with("channel", self.channel.label()).with("customer", customer);
        apply::alarm(self.tx, self.app, self.desk, &say).await
    }

    async fn record_not_delivered(&mut self, send: &Send, fail_type: i64) -> anyhow::Result<()> {
        let payload = json!({ "fail_type": fail_type, "kind": send.kind, "msgid": send.id });
        let entry = Entry { kind: Kind::DeliveryFailed, actor: Actor::System, payload };
        record::append(self.tx, self.app, &record::chain_of(&send.conversation), send.case(), &entry).await
    }
}

/// Whether a person said of a send that it did not arrive, or that it does not matter.
fn is_settled(send: &Send) -> bool {
    let settled = [Resolution::NotDelivered, Resolution::Dropped].map(|how| Some(how.as_str()));
    settled.contains(&send.resolution.as_deref())
}
