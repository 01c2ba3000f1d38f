//! What happened in a conversation with a customer.

use channels::wecom::kf::{KfBody, KfEvent, KfMessage, Origin};
use serde_json::json;

use super::{Job, apply};
use crate::app::App;
use crate::case::{Case, Event, Say};
use crate::clock::{SECOND, Timestamp};
use crate::desk::{Channel, ChannelKind, Mode};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy;
use crate::store::conversations::{self, Author, Conversation, Message};
use crate::store::desks::Applied;
use crate::store::queue::{Door, Row};
use crate::store::{Tx, cases, record, sends};

/// How long a welcome code is good (wecom 95122), with a little left for the way.
const WELCOME: Timestamp = 18 * SECOND;

pub(super) async fn did(app: &App, row: Row, account: String, message: KfMessage, backlog: bool) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let desk = app.desk(tx).await?;
                match desk.desk.channel_by_account(ChannelKind::WecomKf, &account) {
                    Some(channel) => {
                        let mut turn = Turn { tx, app: &app, desk: &desk, channel };
                        turn.happened(&account, message, backlog).await?;
                    }
                    None => {
                        let say = Say::new("told.unknown_account").with("account", &account);
                        apply::alarm(tx, &app, &desk, &say).await?;
                    }
                }
                apply::finish(tx, Door::Inbox, &row, app.clock.now()).await
            })
        })
        .await
}

struct Turn<'a, 't> {
    tx: &'t mut Tx,
    app: &'a App,
    desk: &'a Applied,
    channel: &'a Channel,
}

impl Turn<'_, '_> {
    async fn happened(&mut self, account: &str, message: KfMessage, backlog: bool) -> anyhow::Result<()> {
        let Some(customer) = message.external_userid.clone() else { return self.account_event(&message).await };
        let conversation = self.conversation(account, &customer).await?;
        match (&message.body, &message.origin) {
            (KfBody::Event(event), _) => self.event(conversation, event, message.send_time * SECOND).await,
            (_, Origin::Servicer) => self.servicer_said(conversation, &message).await,
            (_, Origin::Customer) => self.customer_said(conversation, message, backlog).await,
            (_, Origin::System | Origin::Other(_)) => Ok(()),
        }
    }

    async fn conversation(&mut self, account: &str, customer: &str) -> anyhow::Result<Conversation> {
        let now = self.app.clock.now();
        let new = Conversation {
            id: self.app.ids.next(now)?,
            channel: self.channel.id.clone(),
            account: account.into(),
            customer: customer.into(),
            name: None,
            last_seq: 0,
            window_ends_at: 0,
            quota_left: 0,
            case_id: None,
        };
        Ok(conversations::open(self.tx, &new, now).await?)
    }

    /// Stores the message, and everything that comes of it in the same unit.
    async fn customer_said(&mut self, mut open: Conversation, message: KfMessage, backlog: bool) -> anyhow::Result<()> {
        let silent = backlog || self.channel.mode == Mode::ReadOnly;
        let (kind, body, media_id) = described(&message);
        let wants_person = policy::wants_person(&body) && kind == "text";
        let Some(seq) = self.add(&mut open, &message, Author::Customer, silent && !wants_person).await? else {
            return Ok(());
        };
        if let Some(media_id) = media_id {
            let job = Job::FetchMedia { conversation: open.id.clone(), seq, media_id };
            job.enqueue(self.tx, self.app, self.app.clock.now()).await?;
        }
        let at = message.send_time * SECOND;
        if silent && (backlog || !wants_person) {
            return self.only_record(&open, seq, at, &body, backlog).await;
        }
        let case = self.open_or_new_case(&open).await?;
        let adds_nothing = kind == "text" && policy::adds_nothing(&body);
        let event = Event::CustomerSaid { seq, at, adds_nothing, wants_person, text: body };
        let _ = apply::apply(self.tx, self.app, &case.id, &event).await?;
        Ok(())
    }

    /// On record, with nothing to follow: a channel that only reads, or what was said before the desk opened.
    async fn only_record(
        &mut self,
        open: &Conversation,
        seq: i64,
        at: Timestamp,
        text: &str,
        backlog: bool,
    ) -> anyhow::Result<()> {
        let payload = json!({ "seq": seq, "at": at, "text": text, "backlog": backlog });
        let entry = Entry { kind: Kind::CustomerSaid, actor: Actor::Customer, payload };
        record::append(self.tx, self.app, &record::chain_of(&open.id), None, &entry).await?;
        if backlog {
            let say = Say::new("told.backlog").with("channel", self.channel.label()).with("customer", &open.customer);
            apply::alarm(self.tx, self.app, self.desk, &say).await?;
        }
        Ok(())
    }

    /// Adds a message; none when it is already there.
    async fn add(
        &mut self,
        open: &mut Conversation,
        message: &KfMessage,
        author: Author,
        answered: bool,
    ) -> anyhow::Result<Option<i64>> {
        let (kind, body, media_id) = described(message);
        let seq = open.last_seq + 1;
        let at = message.send_time * SECOND;
        let case_id = open.case_id.clone();
        let stored = Message {
            conversation: open.id.clone(),
            seq,
            case_id,
            author: String::new(),
            kind,
            body,
            wire_id: message.msgid.clone(),
            media_id,
            media_sha256: None,
            media_type: None,
            at,
            recalled: false,
            answered,
        };
        if !conversations::add_message(self.tx, &stored, author).await? {
            return Ok(None);
        }
        open.last_seq = seq;
        if seq == 1 {
            let job = Job::LearnName { conversation: open.id.clone() };
            job.enqueue(self.tx, self.app, self.app.clock.now()).await?;
        }
        if author == Author::Customer {
            open.window_ends_at = open.window_ends_at.max(at + crate::case::WINDOW);
            open.quota_left = crate::case::QUOTA;
        }
        conversations::save(self.tx, open).await?;
        Ok(Some(seq))
    }

    async fn open_case(&mut self, open: &Conversation) -> anyhow::Result<Option<Case>> {
        let Some(id) = &open.case_id else { return Ok(None) };
        Ok(cases::load(self.tx, id).await?.filter(|case| !case.is_closed()))
    }

    async fn open_or_new_case(&mut self, open: &Conversation) -> anyhow::Result<Case> {
        match self.open_case(open).await? {
            Some(case) => Ok(case),
            None => apply::open_case(self.tx, self.app, open).await,
        }
    }

    /// A person types in the platform's own client: the bot falls silent.
    async fn servicer_said(&mut self, mut open: Conversation, message: &KfMessage) -> anyhow::Result<()> {
        if self.add(&mut open, message, Author::Servicer, true).await?.is_none() {
            return Ok(());
        }
        let member = message.servicer_userid.clone().unwrap_or_default();
        self.person_answers(&open, &member).await
    }

    async fn person_answers(&mut self, open: &Conversation, member: &str) -> anyhow::Result<()> {
        let case = self.open_or_new_case(open).await?;
        let who = self.desk.desk.person_by_wecom(member).map_or(member, |p| p.id.as_str()).to_owned();
        let _ = apply::apply(self.tx, self.app, &case.id, &Event::ServicerActive { who }).await?;
        Ok(())
    }

    async fn event(&mut self, open: Conversation, event: &KfEvent, at: Timestamp) -> anyhow::Result<()> {
        match event {
            KfEvent::EnterSession { welcome_code: Some(code), .. } => self.welcome(&open, code, at).await,
            KfEvent::CustomerRecalled { recall_msgid } => self.recalled(&open, recall_msgid).await,
            KfEvent::SendFailed { fail_msgid, fail_type } => self.not_delivered(&open, fail_msgid, *fail_type).await,
            KfEvent::SessionStatus { change_type: 3, .. } => match self.open_case(&open).await? {
                Some(case) => apply::apply(self.tx, self.app, &case.id, &Event::SessionEnded).await.map(drop),
                None => Ok(()),
            },
            KfEvent::SessionStatus { new_servicer: Some(member), .. } => {
                let member = member.clone();
                self.person_answers(&open, &member).await
            }
            _ => Ok(()),
        }
    }

    async fn welcome(&mut self, open: &Conversation, code: &str, at: Timestamp) -> anyhow::Result<()> {
        if self.channel.notices.welcome.is_none() {
            return Ok(());
        }
        let job = Job::Welcome { conversation: open.id.clone(), code: code.into(), until: at + WELCOME };
        job.enqueue(self.tx, self.app, self.app.clock.now()).await
    }

    /// The text disappears from the conversation, from the record's payload, from prompts and open drafts.
    async fn recalled(&mut self, open: &Conversation, wire_id: &str) -> anyhow::Result<()> {
        let Some(message) = conversations::recall(self.tx, &open.id, wire_id).await? else { return Ok(()) };
        record::erase_message(self.tx, self.app, &record::chain_of(&open.id), message.seq).await?;
        let anything_left = !conversations::unanswered(self.tx, &open.id).await?.is_empty();
        if let Some(case) = self.open_case(open).await? {
            let event = Event::CustomerRecalled { seq: message.seq, anything_left };
            let _ = apply::apply(self.tx, self.app, &case.id, &event).await?;
        }
        Ok(())
    }

    async fn not_delivered(&mut self, open: &Conversation, msgid: &str, fail_type: i64) -> anyhow::Result<()> {
        let Some(send) = sends::load(self.tx, msgid).await? else { return Ok(()) };
        sends::settle(self.tx, msgid, sends::SendState::Failed, fail_type, self.app.clock.now()).await?;
        let busy_with = self.open_case(open).await?.map(|case| case.id);
        if busy_with.is_none_or(|id| id == send.case_id) {
            let event = Event::NotDelivered { fail_type };
            if apply::apply(self.tx, self.app, &send.case_id, &event).await?.is_ok() {
                return Ok(());
            }
        }
        // Another case of the customer is open by now: whoever watches the desk is told instead.
        let number = cases::load(self.tx, &send.case_id).await?.map_or(0, |case| case.number);
        let say = Say::new("told.alarm").with("number", number).with_key("why", "why.not_delivered");
        apply::alarm(self.tx, self.app, self.desk, &say).await
    }

    async fn account_event(&mut self, message: &KfMessage) -> anyhow::Result<()> {
        let payload = json!({ "account_event": message.msgid });
        let entry = Entry { kind: Kind::Alarm, actor: Actor::System, payload };
        record::append(self.tx, self.app, record::DESK, None, &entry).await
    }
}

/// A message as people read it: kind, words, and the platform's id of its attachment.
fn described(message: &KfMessage) -> (String, String, Option<String>) {
    let attachment = |kind: &str, id: &String| (kind.to_owned(), String::new(), Some(id.clone()));
    let words = |kind: &str, words: [Option<&str>; 2]| {
        (kind.to_owned(), words.into_iter().flatten().collect::<Vec<_>>().join(" "), None)
    };
    match &message.body {
        KfBody::Text { content, .. } => ("text".into(), content.clone(), None),
        KfBody::Image { media_id } => attachment("image", media_id),
        KfBody::Voice { media_id } => attachment("voice", media_id),
        KfBody::Video { media_id } => attachment("video", media_id),
        KfBody::File { media_id } => attachment("file", media_id),
        KfBody::Location { name, address, .. } => words("location", [name.as_deref(), address.as_deref()]),
        KfBody::Link { url, title, .. } => words("link", [title.as_deref(), Some(url)]),
        KfBody::Miniprogram { title, .. } => words("miniprogram", [title.as_deref(), None]),
        KfBody::BusinessCard { .. } => words("business_card", [None, None]),
        KfBody::Other { msgtype } => words(msgtype, [None, None]),
        KfBody::Event(_) => words("event", [None, None]),
    }
}
