//! What happened in a conversation with a customer, on whatever channel.

mod delivery;

use channels::{Arrival, Said, What};
use serde_json::json;

use super::{Job, apply};
use crate::app::App;
use crate::case::{Case, Event, Say, Window};
use crate::chaos;
use crate::clock::{HOUR, SECOND, Timestamp};
use crate::desk::{Channel, ChannelKind, Desk, Mode};
use crate::effects;
use crate::evidence::{Actor, Entry, Kind};
use crate::examples;
use crate::policy;
use crate::store::conversations::{self, Author, Conversation, Message};
use crate::store::desks::{self, Applied};
use crate::store::queue::{self, Row};
use crate::store::{Tx, cases, pauses, record};

/// How long a welcome code is good (wecom 95122), with a little left for the way.
const WELCOME: Timestamp = 18 * SECOND;

/// How long a message waits whose account no channel has.
const UNKNOWN_ACCOUNT: Timestamp = HOUR;

/// Where something arrived.
#[derive(Clone)]
pub(super) enum Place {
    /// A customer-service account of WeCom.
    Account(String),
    /// A channel with a door of its own, by its id.
    Channel(String),
}

impl Place {
    fn channel<'d>(&self, desk: &'d Desk) -> Option<&'d Channel> {
        match self {
            Self::Account(account) => desk.channel_by_account(ChannelKind::WecomKf, account),
            Self::Channel(id) => desk.channel(id),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Account(name) | Self::Channel(name) => name,
        }
    }
}

pub(super) async fn did(app: &App, row: Row, place: Place, arrival: Arrival, backlog: bool) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                // The register comes before the conversation, which is locked next.
                pauses::hold(tx).await?;
                let (desk, now) = (app.desk(tx).await?, app.clock.now());
                let Some(channel) = place.channel(&desk.desk) else {
                    let account = place.name();
                    let say = Say::new("told.unknown_account").with("account", account);
                    alarm_once(tx, &app, &desk, &format!("unknown_account:{account}"), &say).await?;
                    return Ok(queue::wait_for_configuration(tx, &row, now + UNKNOWN_ACCOUNT).await?);
                };
                let mut turn = Turn { tx, app: &app, desk: &desk, channel };
                turn.happened(arrival, backlog).await?;
                chaos::point("customer.told");
                anyhow::ensure!(queue::heard(tx, &row, now).await?, "{} is no longer ours", row.id);
                Ok(())
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
    async fn happened(&mut self, arrival: Arrival, backlog: bool) -> anyhow::Result<()> {
        let Some(customer) = &arrival.customer else { return self.account_event(&arrival.id).await };
        let mut open = self.conversation(customer).await?;
        self.learn(&open, &arrival).await?;
        self.window_named(&mut open, &arrival).await?;
        let (id, at) = (arrival.id, arrival.at_ms);
        match arrival.what {
            What::Said(said) => self.said(open, Heard { id, at, said }, backlog).await,
            What::ColleagueSaid { member, said } => self.colleague_said(open, Heard { id, at, said }, &member).await,
            What::Edited { id: changed, text } => {
                self.edited(open, &changed, Heard { id, at, said: Said::text(text) }).await
            }
            What::TakenBack { id } => self.recalled(open, &id, at).await,
            What::Entered { code: Some(code) } => self.welcome(&open, &code, at).await,
            What::NotDelivered { id, why, budget_spent } => self.not_delivered(open, &id, (why, budget_spent)).await,
            What::TakenOver { member } => self.person_answers(open, &member).await,
            What::SessionEnded => match self.open_case(&open).await? {
                Some(case) => apply::apply(self.tx, self.app, &case.id, &Event::SessionEnded).await.map(drop),
                None => Ok(()),
            },
            What::Delivered { id } => self.delivered(&open, &id).await,
            What::DeliveryUnknown { id } => self.delivery_unknown(&open, &id).await,
            What::Entered { code: None } | What::Nothing => Ok(()),
        }
    }

    async fn conversation(&mut self, customer: &str) -> anyhow::Result<Conversation> {
        let now = self.app.clock.now();
        let new = Conversation::begun(self.app.ids.next(now)?, self.channel, &self.channel.account, customer);
        Ok(conversations::open(self.tx, &new, now).await?)
    }

    /// The customer's name, where the channel says it by itself.
    async fn learn(&mut self, open: &Conversation, arrival: &Arrival) -> anyhow::Result<()> {
        match &arrival.name {
            Some(name) if open.name.as_ref() != Some(name) => {
                Ok(conversations::set_name(self.tx, &open.id, &name.replace('\0', "")).await?)
            }
            _ => Ok(()),
        }
    }

    /// What may be sent from now on. A customer's words open a window by the platform's rule, or by what the channel says
    /// with them; anything else changes what the channel names, and an open case follows.
    async fn window_named(&mut self, open: &mut Conversation, arrival: &Arrival) -> anyhow::Result<()> {
        let (rule, before) = (self.channel.abilities().window, open.window());
        let named = (arrival.replies_until_ms, arrival.replies_left);
        if let What::Said(_) = arrival.what {
            open.set_window(match rule {
                None => Window { ends_at: named.0, quota_left: named.1 },
                Some(_) => {
                    let opened = Window::opened(arrival.at_ms, rule);
                    Window { ends_at: opened.ends_at.max(before.ends_at), quota_left: opened.quota_left }
                }
            });
            return Ok(());
        }
        let window = Window { ends_at: named.0.or(before.ends_at), quota_left: named.1.or(before.quota_left) };
        if window == before {
            return Ok(());
        }
        // What was overtaken by the customer's next words speaks of an older window.
        if conversations::newest_words_at(self.tx, &open.id).await?.is_some_and(|at| arrival.at_ms < at) {
            return Ok(());
        }
        open.set_window(window);
        conversations::save(self.tx, open).await?;
        match (self.open_case(open).await?, window.ends_at) {
            (Some(case), Some(at)) => {
                Job::WindowDeadline { case: case.id, due: at }.enqueue(self.tx, self.app, at).await
            }
            _ => Ok(()),
        }
    }

    /// A message that was changed on its way is only kept.
    async fn said(&mut self, open: Conversation, heard: Heard, backlog: bool) -> anyhow::Result<()> {
        match self.was_changed(&open, &heard.id).await? {
            true => self.only_keep(open, heard).await,
            false => self.customer_said(open, heard, backlog).await,
        }
    }

    /// Stores the message, and everything that comes of it in the same unit.
    async fn customer_said(&mut self, mut open: Conversation, heard: Heard, backlog: bool) -> anyhow::Result<()> {
        if conversations::has_message(self.tx, &open.id, &heard.id).await? {
            return Ok(());
        }
        let Said { kind, text, attachment } = heard.said.clone();
        let wants_person = policy::wants_person(&text) && kind == "text";
        // A channel that only reads opens no case, but goes on with the one that is open.
        let only_record = backlog || (self.channel.mode == Mode::ReadOnly && !wants_person);
        let case = match self.open_case(&open).await? {
            None if !only_record => Some(self.new_case(&mut open).await?),
            open => open,
        };
        let of_case = case.as_ref().map(|case| case.id.clone());
        let at = heard.at;
        let seq = self.add(&mut open, heard, Author::Customer, of_case).await?;
        if let Some(media_id) = attachment {
            let job = Job::FetchMedia { conversation: open.id.clone(), seq, media_id };
            job.enqueue(self.tx, self.app, self.app.clock.now()).await?;
        }
        let Some(case) = case else { return self.only_record(&open, seq, at, &text, backlog).await };
        let event = Event::customer_said(seq, at, &kind, text);
        apply::apply_locked(self.tx, self.app, &mut open, case, &event, None).await.map(drop)
    }

    /// Whether a later version of a message came before it.
    async fn was_changed(&mut self, open: &Conversation, id: &str) -> anyhow::Result<bool> {
        if !self.channel.abilities().edits || conversations::has_message(self.tx, &open.id, id).await? {
            return Ok(false);
        }
        Ok(conversations::newest_version(self.tx, &open.id, id).await?.is_some())
    }

    /// The customer changed a message. What it said stays on record, and is answered no more; what it says now is the
    /// newest thing they said, unless a later version came first. What they have taken back stays erased.
    async fn edited(&mut self, open: Conversation, changed: &str, heard: Heard) -> anyhow::Result<()> {
        if conversations::has_message(self.tx, &open.id, &heard.id).await? {
            return Ok(());
        }
        match conversations::newest_version(self.tx, &open.id, changed).await? {
            Some((_, true)) => Ok(()),
            Some((at, false)) if at > heard.at => self.only_keep(open, heard).await,
            _ => {
                conversations::replaced(self.tx, &open.id, changed).await?;
                self.customer_said(open, heard, false).await
            }
        }
    }

    /// A version of a message that was overtaken on its way: on record, and nothing to answer.
    async fn only_keep(&mut self, mut open: Conversation, heard: Heard) -> anyhow::Result<()> {
        let (at, text) = (heard.at, heard.said.text.clone());
        let seq = self.add(&mut open, heard, Author::Customer, None).await?;
        self.only_record(&open, seq, at, &text, false).await
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
            let say = Say::new("told.backlog").with("channel", self.channel.label()).with("customer", open.called());
            alarm_once(self.tx, self.app, self.desk, &format!("backlog:{}", open.account), &say).await?;
        }
        Ok(())
    }

    /// Adds a message that is not there yet, and gives its number.
    async fn add(
        &mut self,
        open: &mut Conversation,
        heard: Heard,
        author: Author,
        case_id: Option<String>,
    ) -> anyhow::Result<i64> {
        let answered = author != Author::Customer || case_id.is_none();
        let stored = Message { case_id, answered, ..message_of(open, heard) };
        let asks_for_name = author == Author::Customer && self.channel.abilities().names;
        if asks_for_name && !conversations::heard_from(self.tx, &open.id).await? {
            let job = Job::LearnName { conversation: open.id.clone() };
            job.enqueue(self.tx, self.app, self.app.clock.now()).await?;
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
    async fn colleague_said(&mut self, mut open: Conversation, heard: Heard, member: &str) -> anyhow::Result<()> {
        if conversations::has_message(self.tx, &open.id, &heard.id).await? {
            return Ok(());
        }
        let case = self.open_or_new_case(&mut open).await?;
        self.add(&mut open, heard, Author::Servicer, Some(case.id)).await?;
        self.person_answers(open, member).await
    }

    async fn person_answers(&mut self, mut open: Conversation, member: &str) -> anyhow::Result<()> {
        let case = self.open_or_new_case(&mut open).await?;
        let who = self.desk.desk.person_by_wecom(member).map_or(member, |p| p.id.as_str()).to_owned();
        let _ = apply::apply(self.tx, self.app, &case.id, &Event::ServicerActive { who }).await?;
        Ok(())
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
        let versions = conversations::versions(self.tx, &open.id, wire_id).await?;
        if versions.is_empty() {
            return self.recalled_before_it_came(&mut open, wire_id, at).await;
        }
        let mut newest = None;
        for version in versions {
            if let Some(message) = conversations::recall(self.tx, &open.id, &version).await? {
                self.erase(&message).await?;
                newest = Some(message.seq);
            }
        }
        let Some(seq) = newest else { return Ok(()) };
        let anything_left = !conversations::unanswered(self.tx, &open.id).await?.is_empty();
        if let Some(case) = self.open_case(&open).await? {
            let event = Event::CustomerRecalled { seq, anything_left };
            let _ = apply::apply(self.tx, self.app, &case.id, &event).await?;
        }
        Ok(())
    }

    async fn erase(&mut self, message: &Message) -> anyhow::Result<()> {
        let chain = record::chain_of(&message.conversation);
        record::erase_message(self.tx, self.app, &chain, message.seq).await?;
        if !message.body.is_empty() {
            effects::forget_look_ups(self.tx, self.app, &chain, &message.body).await?;
            conversations::forget_copies(self.tx, message.case_id.as_deref(), &message.body).await?;
        }
        if let Some(id) = &message.case_id
            && let Some(case) = cases::load(self.tx, id).await?
        {
            examples::forget(self.tx, self.app, &case).await?;
        }
        match &message.media_sha256 {
            Some(sha256) => effects::forget_attachment(self.tx, self.app, sha256).await,
            None => Ok(()),
        }
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

    async fn account_event(&mut self, id: &str) -> anyhow::Result<()> {
        let payload = json!({ "account_event": id });
        let entry = Entry { kind: Kind::Alarm, actor: Actor::System, payload };
        record::append(self.tx, self.app, record::DESK, None, &entry).await
    }
}

/// Something that was said, on its way into a conversation.
struct Heard {
    id: String,
    at: Timestamp,
    said: Said,
}

/// A message as it is stored.
fn message_of(open: &Conversation, heard: Heard) -> Message {
    let Heard { id, at, said: Said { kind, text, attachment } } = heard;
    Message { kind, body: text, media_id: attachment, wire_id: id, at, ..nothing_in(open) }
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
        reading: None,
        at: 0,
        recalled: false,
        failed: false,
        answered: false,
    }
}
