//! The customers' side, and the servicers': what they do reaches the bot as a doorbell and waits in `sync_msg`.

use crate::app::reply::Reply;
use crate::callbacks::{Delivery, Event, compose};
use crate::impossible::Impossible;
use crate::kf::customer::{self, Said};
use crate::kf::{ChatLine, SessionState, directory, doorbell_token};
use crate::ledger::CallbackKind;
use crate::media::MediaKind;
use crate::settings::Nonce;
use crate::simulator::Simulator;
use crate::world::World;
use crate::xml::Content;

impl Simulator {
    /// Adds a customer-service account that is managed through the API.
    pub fn add_kf_account(&self, open_kfid: &str, name: &str) {
        self.world().kf.add_account(open_kfid, name);
    }

    /// Adds a servicer to an account, or changes whether they receive (正在接待); the change rings the doorbell.
    pub async fn add_servicer(&self, open_kfid: &str, userid: &str, receiving: bool) -> Result<(), Impossible> {
        customer::set_servicer(&mut self.world(), open_kfid, userid, receiving)?;
        self.doorbell(open_kfid).await
    }

    /// Adds a customer, who becomes visible to the shop with their first act.
    pub fn add_customer(&self, external_userid: &str, nickname: &str) {
        self.world().kf.add_customer(external_userid, nickname);
    }

    /// Lets an account give new sessions to its receiving servicers, as misconfigured accounts do: they start in 3.
    pub fn route_to_people(&self, open_kfid: &str, on: bool) -> Result<(), Impossible> {
        customer::route_to_people(&mut self.world(), open_kfid, on)
    }

    /// A customer writes. Gives the `msgid`.
    pub async fn customer_says(
        &self,
        open_kfid: &str,
        external_userid: &str,
        text: &str,
    ) -> Result<String, Impossible> {
        self.customer_sends(open_kfid, external_userid, Said::Text(text)).await
    }

    /// A customer sends a picture; above 2 MB a hint in words arrives.
    pub async fn customer_sends_image(&self, open_kfid: &str, who: &str, bytes: Vec<u8>) -> Result<String, Impossible> {
        let filename = if bytes.starts_with(b"\x89PNG") { "image.png" } else { "image.jpg" };
        self.customer_sends(open_kfid, who, Said::Medium { kind: MediaKind::Image, filename, bytes }).await
    }

    /// A customer speaks (AMR).
    pub async fn customer_sends_voice(&self, open_kfid: &str, who: &str, bytes: Vec<u8>) -> Result<String, Impossible> {
        self.customer_sends(open_kfid, who, Said::Medium { kind: MediaKind::Voice, filename: "voice.amr", bytes }).await
    }

    /// A customer sends a file.
    pub async fn customer_sends_file(
        &self,
        open_kfid: &str,
        who: &str,
        filename: &str,
        bytes: Vec<u8>,
    ) -> Result<String, Impossible> {
        self.customer_sends(open_kfid, who, Said::Medium { kind: MediaKind::File, filename, bytes }).await
    }

    async fn customer_sends(&self, open_kfid: &str, who: &str, said: Said<'_>) -> Result<String, Impossible> {
        let msgid = customer::says(&mut self.world(), open_kfid, who, said)?;
        self.doorbell(open_kfid).await?;
        Ok(msgid)
    }

    /// A customer takes one of their messages back.
    pub async fn customer_recalls(&self, msgid: &str) -> Result<(), Impossible> {
        let open_kfid = customer::recalls(&mut self.world(), msgid)?;
        self.doorbell(&open_kfid).await
    }

    /// A customer opens the chat. Gives the welcome code, if this entry earned one.
    pub async fn customer_enters(&self, open_kfid: &str, external_userid: &str) -> Result<Option<String>, Impossible> {
        let code = customer::enters(&mut self.world(), open_kfid, external_userid)?;
        self.doorbell(open_kfid).await?;
        Ok(code)
    }

    /// A servicer types in the WeCom client: the message has origin 5 and the session becomes theirs. Gives the `msgid`.
    pub async fn servicer_types(
        &self,
        open_kfid: &str,
        external_userid: &str,
        userid: &str,
        text: &str,
    ) -> Result<String, Impossible> {
        let msgid = customer::servicer_types(&mut self.world(), (open_kfid, external_userid), userid, text)?;
        self.doorbell(open_kfid).await?;
        Ok(msgid)
    }

    /// A servicer ends the session.
    pub async fn end_session(&self, open_kfid: &str, external_userid: &str) -> Result<(), Impossible> {
        customer::ends(&mut self.world(), open_kfid, external_userid)?;
        self.doorbell(open_kfid).await
    }

    /// A message that was accepted does not arrive after all: the customer no longer sees it and `msg_send_fail` comes.
    /// `fail_type` as in wecom 94670, e.g. 10 where the customer refuses.
    pub async fn send_fails(&self, msgid: &str, fail_type: i64) -> Result<(), Impossible> {
        let open_kfid = customer::send_fails(&mut self.world(), msgid, fail_type)?;
        self.doorbell(&open_kfid).await
    }

    /// What the customer's phone shows, over all accounts, oldest first; lines that failed are not shown.
    pub fn history(&self, external_userid: &str) -> Vec<ChatLine> {
        let world = self.world();
        let lines = world.kf.customers.get(external_userid).map(|customer| customer.lines.as_slice());
        lines.unwrap_or_default().iter().filter(|line| !line.failed).cloned().collect()
    }

    /// The session's state now; `None` before the customer's first act.
    pub fn session_state(&self, open_kfid: &str, external_userid: &str) -> Option<SessionState> {
        directory::state_of(&self.world(), open_kfid, external_userid)
    }

    /// Holds doorbells back: messages wait in `sync_msg` unannounced, until [`Simulator::ring`].
    pub fn hold_doorbells(&self, hold: bool) {
        self.world().hold_doorbells = hold;
    }

    /// Rings an account's doorbell, whatever waits.
    pub async fn ring(&self, open_kfid: &str) -> Result<Delivery, Impossible> {
        let event = bell(&mut self.world(), open_kfid);
        self.shared.deliver(&event).await
    }

    /// Rings once and delivers the same doorbell again, with the same nonce or sealed anew.
    pub async fn ring_twice(&self, open_kfid: &str, nonce: Nonce) -> Result<(Delivery, Delivery), Impossible> {
        let first = self.ring(open_kfid).await?;
        let seq = first.rows.last().copied().unwrap_or_default();
        let second = self.redeliver(seq, nonce).await?;
        Ok((first, second))
    }

    /// Delivers the callback of a ledger row once more, with the same nonce, signature and random bytes or sealed anew.
    pub async fn redeliver(&self, seq: u64, nonce: Nonce) -> Result<Delivery, Impossible> {
        self.shared.redeliver(seq, nonce).await
    }

    /// Rings unless doorbells are held back or there is nowhere to ring. That nobody answers is no fault of the caller.
    async fn doorbell(&self, open_kfid: &str) -> Result<(), Impossible> {
        let silent = {
            let world = self.world();
            world.hold_doorbells || world.callback_url.is_none()
        };
        if !silent {
            self.ring(open_kfid).await?;
        }
        Ok(())
    }
}

fn bell(world: &mut World, open_kfid: &str) -> Event {
    let token = doorbell_token(world, open_kfid);
    let text = |text: &str| Content::Text(text.to_owned());
    let more = vec![
        ("MsgType", text("event")),
        ("Event", text("kf_msg_or_event")),
        ("Token", Content::Text(token)),
        ("OpenKfId", text(open_kfid)),
    ];
    Event { kind: CallbackKind::Doorbell, xml: compose(world, None, more), cause: None }
}

impl Delivery {
    /// Whether the member's phone changed by the passive reply.
    pub fn changed_phone(&self) -> bool {
        self.reply == Reply::Shown
    }
}
