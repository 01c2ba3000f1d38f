//! What happened in a conversation with a customer.

use channels::wecom::kf::{KfBody, KfEvent, KfMessage, Origin};
use serde_json::json;

use super::{Job, apply};
use crate::app::App;
use crate::case::{Case, Event, Resolution, Say};
use crate::chaos;
use crate::clock::{HOUR, SECOND, Timestamp};
use crate::desk::{Channel, ChannelKind, Mode};
use crate::effects;
use crate::evidence::{Actor, Entry, Kind};
use crate::policy;
use crate::store::conversations::{self, Author, Conversation, Message};
use crate::store::desks::{self, Applied};
use crate::store::queue::{self, Door, Row};
use crate::store::sends::{self, Send};
use crate::store::{Tx, cases, pauses, record};

/// How long a welcome code is good (wecom 95122), with a little left for the way.
const WELCOME: Timestamp = 18 * SECOND;
/// The platform's reason for a failed delivery: more than five messages (wecom 94670).
const BUDGET_SPENT: i64 = 6;

/// How long a message waits whose account no channel has.
const UNKNOWN_ACCOUNT: Timestamp = HOUR;

pub(super) async fn did(app: &App, row: Row, account: String, message: KfMessage, backlog: bool) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                // The register comes before the conversation, which is locked next.
                pauses::hold(tx).await?;
                let (desk, now) = (app.desk(tx).await?, app.clock.now());
                let Some(channel) = desk.desk.channel_by_account(ChannelKind::WecomKf, &account) else {
                    let say = Say::new("told.unknown_account").with("account", &account);
                    alarm_once(tx, &app, &desk, &format!("unknown_account:{account}"), &say).await?;
                    return Ok(queue::wait_for_configuration(tx, &row, now + UNKNOWN_ACCOUNT).await?);
                };
                let mut turn = Turn { tx, app: &app, desk: &desk, channel };
                turn.happened(&account, message, backlog).await?;
                chaos::point("customer.told");
                apply::finish(tx, Door::Inbox, &row, now).await?;
                Ok(queue::blank(tx, &row).await?)
            })
        })
        .await
}

/// Counts how often something happened, and tells whoever watches the desk the first time.
async fn alarm_once(tx: &mut Tx, app: &App, desk: &Applied, what: &str, say: &Say) -> anyhow::Result<()> {
    match desks::counted(tx, what).await? {
        1 => apply::alarm(tx, app, desk, say).await,
        _ => Ok(()),
    }
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
            // A number nobody knows yet, with a customer's name on it: rather answered than lost.
            (_, Origin::Customer | Origin::Other(_)) => self.customer_said(conversation, message, backlog).await,
            (_, Origin::System) => Ok(()),
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
        if conversations::has_message(self.tx, &open.id, &message.msgid).await? {
            return Ok(());
        }
        let (kind, body, media_id) = described(&message);
        let wants_person = policy::wants_person(&body) && kind == "text";
        // A channel that only reads opens no case, but goes on with the one that is open.
        let only_record = backlog || (self.channel.mode == Mode::ReadOnly && !wants_person);
        let case = match self.open_case(&open).await? {
            None if !only_record => Some(self.new_case(&mut open).await?),
            open => open,
        };
        let of_case = case.as_ref().map(|case| case.id.clone());
        let seq = self.add(&mut open, &message, Author::Customer, of_case).await?;
        if let Some(media_id) = media_id {
            let job = Job::FetchMedia { conversation: open.id.clone(), seq, media_id };
            job.enqueue(self.tx, self.app, self.app.clock.now()).await?;
        }
        let at = message.send_time * SECOND;
        let Some(case) = case else { return self.only_record(&open, seq, at, &body, backlog).await };
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
            alarm_once(self.tx, self.app, self.desk, &format!("backlog:{}", open.account), &say).await?;
        }
        Ok(())
    }

    /// Adds a message that is not there yet, and gives its number.
    async fn add(
        &mut self,
        open: &mut Conversation,
        message: &KfMessage,
        author: Author,
        case_id: Option<String>,
    ) -> anyhow::Result<i64> {
        let at = message.send_time * SECOND;
        let answered = author != Author::Customer || case_id.is_none();
        let stored = Message { case_id, answered, at, ..message_of(open, message) };
        if author == Author::Customer {
            if !conversations::heard_from(self.tx, &open.id).await? {
                let job = Job::LearnName { conversation: open.id.clone() };
                job.enqueue(self.tx, self.app, self.app.clock.now()).await?;
            }
            open.window_ends_at = open.window_ends_at.max(at + crate::case::WINDOW);
            open.quota_left = crate::case::QUOTA;
        }
        conversations::add_message(self.tx, &stored, author).await?;
        open.last_seq = stored.seq;
        conversations::save(self.tx, open).await?;
        Ok(stored.seq)
    }

    async fn open_case(&mut self, open: &Conversation) -> anyhow::Result<Option<Case>> {
        let Some(id) = &open.case_id else { return Ok(None) };
        Ok(cases::load(self.tx, id).await?.filter(|case| !case.is_closed()))
    }

    /// Opened before its first message is stored, which belongs to it.
    async fn new_case(&mut self, open: &mut Conversation) -> anyhow::Result<Case> {
        let case = apply::open_case(self.tx, self.app, open).await?;
        open.case_id = Some(case.id.clone());
        Ok(case)
    }

    async fn open_or_new_case(&mut self, open: &mut Conversation) -> anyhow::Result<Case> {
        match self.open_case(open).await? {
            Some(case) => Ok(case),
            None => self.new_case(open).await,
        }
    }

    /// A person types in the platform's own client: the bot falls silent.
    async fn servicer_said(&mut self, mut open: Conversation, message: &KfMessage) -> anyhow::Result<()> {
        if conversations::has_message(self.tx, &open.id, &message.msgid).await? {
            return Ok(());
        }
        let case = self.open_or_new_case(&mut open).await?;
        self.add(&mut open, message, Author::Servicer, Some(case.id)).await?;
        let member = message.servicer_userid.clone().unwrap_or_default();
        self.person_answers(open, &member).await
    }

    async fn person_answers(&mut self, mut open: Conversation, member: &str) -> anyhow::Result<()> {
        let case = self.open_or_new_case(&mut open).await?;
        let who = self.desk.desk.person_by_wecom(member).map_or(member, |p| p.id.as_str()).to_owned();
        let _ = apply::apply(self.tx, self.app, &case.id, &Event::ServicerActive { who }).await?;
        Ok(())
    }

    async fn event(&mut self, open: Conversation, event: &KfEvent, at: Timestamp) -> anyhow::Result<()> {
        match event {
            KfEvent::EnterSession { welcome_code: Some(code), .. } => self.welcome(&open, code, at).await,
            KfEvent::CustomerRecalled { recall_msgid } => self.recalled(open, recall_msgid, at).await,
            KfEvent::SendFailed { fail_msgid, fail_type } => self.not_delivered(open, fail_msgid, *fail_type).await,
            KfEvent::SessionStatus { change_type: 3, .. } => match self.open_case(&open).await? {
                Some(case) => apply::apply(self.tx, self.app, &case.id, &Event::SessionEnded).await.map(drop),
                None => Ok(()),
            },
            KfEvent::SessionStatus { new_servicer: Some(member), .. } => {
                let member = member.clone();
                self.person_answers(open, &member).await
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

    /// The text disappears from the conversation, from the record's payload, from prompts, open drafts and copies.
    async fn recalled(&mut self, mut open: Conversation, wire_id: &str, at: Timestamp) -> anyhow::Result<()> {
        if !conversations::has_message(self.tx, &open.id, wire_id).await? {
            return self.recalled_before_it_came(&mut open, wire_id, at).await;
        }
        let Some(message) = conversations::recall(self.tx, &open.id, wire_id).await? else { return Ok(()) };
        record::erase_message(self.tx, self.app, &record::chain_of(&open.id), message.seq).await?;
        if !message.body.is_empty() {
            conversations::forget_copies(self.tx, message.case_id.as_deref(), &message.body).await?;
        }
        if let Some(sha256) = &message.media_sha256 {
            effects::forget_attachment(self.tx, self.app, sha256).await?;
        }
        let anything_left = !conversations::unanswered(self.tx, &open.id).await?.is_empty();
        if let Some(case) = self.open_case(&open).await? {
            let event = Event::CustomerRecalled { seq: message.seq, anything_left };
            let _ = apply::apply(self.tx, self.app, &case.id, &event).await?;
        }
        Ok(())
    }

    /// Keeps the message's place, so that it finds itself taken back already when it comes.
    async fn recalled_before_it_came(
        &mut self,
        open: &mut Conversation,
        wire_id: &str,
        at: Timestamp,
    ) -> anyhow::Result<()> {
        let taken_back = Message { wire_id: wire_id.into(), at, recalled: true, answered: true, ..nothing_in(open) };
        conversations::add_message(self.tx, &taken_back, Author::Customer).await?;
        open.last_seq = taken_back.seq;
        Ok(conversations::save(self.tx, open).await?)
    }

    async fn not_delivered(&mut self, mut open: Conversation, msgid: &str, fail_type: i64) -> anyhow::Result<()> {
        let Some(send) = sends::load(self.tx, msgid).await? else { return Ok(()) };
        sends::not_delivered(self.tx, msgid, fail_type, self.app.clock.now()).await?;
        conversations::not_delivered(self.tx, &open.id, msgid, send.is_reply().then_some(send.case_id.as_str()))
            .await?;
        if fail_type == BUDGET_SPENT && open.window_ends_at <= send.claimed_at + crate::case::WINDOW {
            open.quota_left = 0;
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

    /// A notice, or a reply whose customer is busy with another case by now: whoever watches the desk is told.
    async fn only_tell_not_delivered(&mut self, send: &Send, fail_type: i64) -> anyhow::Result<()> {
        self.record_not_delivered(send, fail_type).await?;
        let say = match cases::load(self.tx, &send.case_id).await? {
            Some(case) if send.is_reply() => {
                Say::new("told.alarm").with("number", case.number).with_key("why", "why.not_delivered")
            }
            _ => Say::new("told.notice_not_delivered")
                .with("channel", self.channel.label())
                .with("customer", &send.customer),
        };
        apply::alarm(self.tx, self.app, self.desk, &say).await
    }

    async fn record_not_delivered(&mut self, send: &Send, fail_type: i64) -> anyhow::Result<()> {
        let payload = json!({ "fail_type": fail_type, "kind": send.kind, "msgid": send.id });
        let entry = Entry { kind: Kind::DeliveryFailed, actor: Actor::System, payload };
        record::append(self.tx, self.app, &record::chain_of(&send.conversation), send.case(), &entry).await
    }

    async fn account_event(&mut self, message: &KfMessage) -> anyhow::Result<()> {
        let payload = json!({ "account_event": message.msgid });
        let entry = Entry { kind: Kind::Alarm, actor: Actor::System, payload };
        record::append(self.tx, self.app, record::DESK, None, &entry).await
    }
}

/// Whether a person said of a send that it did not arrive, or that it does not matter.
fn is_settled(send: &Send) -> bool {
    let settled = [Resolution::NotDelivered, Resolution::Dropped].map(|how| Some(how.as_str()));
    settled.contains(&send.resolution.as_deref())
}

/// A message as it is stored.
fn message_of(open: &Conversation, message: &KfMessage) -> Message {
    let (kind, body, media_id) = described(message);
    Message { kind, body, media_id, wire_id: message.msgid.clone(), ..nothing_in(open) }
}

/// The next message's place, empty.
fn nothing_in(open: &Conversation) -> Message {
    Message {
        conversation: open.id.clone(),
        seq: open.last_seq + 1,
        case_id: None,
        author: String::new(),
        kind: "text".into(),
        body: String::new(),
        wire_id: String::new(),
        media_id: None,
        media_sha256: None,
        media_type: None,
        at: 0,
        recalled: false,
        failed: false,
        answered: false,
    }
}

/// A message as people read it, without the character no database takes: kind, words, attachment.
fn described(message: &KfMessage) -> (String, String, Option<String>) {
    let (kind, body, media_id) = as_written(message);
    (kind.replace('\0', ""), body.replace('\0', ""), media_id)
}

/// A message as it came: kind, words, and the platform's id of its attachment.
fn as_written(message: &KfMessage) -> (String, String, Option<String>) {
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
