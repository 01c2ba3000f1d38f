//! The only writer of cases: lock the conversation, decide, and store the case, the record and what has
//! to be done, all in the unit of work that handles the event.

use std::sync::Arc;

use anyhow::Context;
use serde_json::json;

use super::haste;
use super::job::Job;
use super::outcome;
use super::recovery;
use crate::app::App;
use crate::automation;
use crate::case::{
    Automation, Case, Effect, Event, Level, Outcome, PausedBy, Refusal, Resolution, Rules, Say, Step, step,
};
use crate::chaos;
use crate::clock::Timestamp;
use crate::desk::NoticeKind;
use crate::evidence::{Actor, Entry, Kind};
use crate::knowledge_desk::proposals;
use crate::mistake::{self, Mistake};
use crate::store::conversations::Conversation;
use crate::store::desks::Applied;
use crate::store::knowledge::care::{self, About, CarePosting};
use crate::store::pauses::{self, Matter};
use crate::store::{Tx, cards, cases, conversations, knowledge, people, queue, record, sends};
use crate::surface::{Address, Surface, TelegramChat};

/// Lets an event happen to a case. A refusal changes nothing but the record.
///
/// # Errors
/// When the database fails, or the case or its channel does not exist.
pub async fn apply(tx: &mut Tx, app: &App, case_id: &str, event: &Event) -> anyhow::Result<Result<Case, Refusal>> {
    apply_with(tx, app, case_id, event, None).await
}

/// Lets an event happen to a case for which another reviewer, `next_holder`, has room.
///
/// # Errors
/// When the database fails, or the case or its channel does not exist.
pub async fn apply_with(
    tx: &mut Tx,
    app: &App,
    case_id: &str,
    event: &Event,
    next_holder: Option<&str>,
) -> anyhow::Result<Result<Case, Refusal>> {
    let read_before = match mistake::made(Mistake::DecideOnOldRead) {
        true => cases::load(tx, case_id).await?,
        false => None,
    };
    // The register comes before the conversation everywhere, so that a pause and a claim cannot wait for each other.
    pauses::hold(tx).await?;
    let now = app.clock.now();
    let mut conversation = conversations::lock_of_case(tx, case_id, now).await?.context("no such case")?;
    let case = match read_before {
        Some(case) => case,
        None => cases::load(tx, case_id).await?.context("no such case")?,
    };
    apply_locked(tx, app, &mut conversation, case, event, next_holder).await
}

/// Lets an event happen to a case as it was read since its conversation was locked.
///
/// # Errors
/// When the database fails, or the case's channel does not exist.
pub async fn apply_locked(
    tx: &mut Tx,
    app: &App,
    conversation: &mut Conversation,
    mut case: Case,
    event: &Event,
    next_holder: Option<&str>,
) -> anyhow::Result<Result<Case, Refusal>> {
    let now = app.clock.now();
    // Only now: a configuration put in force while this waited for its turn is the one to decide by.
    let desk = app.desk(tx).await?;
    case.window = conversation.window();
    let Some(channel) = desk.desk.channel(&case.channel) else { return Ok(Err(Refusal::Overtaken)) };
    let off_duty = desk.desk.off_duty(channel, &people::duty_words(tx).await?, now);
    let editing = match &case.in_turn.holder {
        Some(holder) => people::editing(tx, &case.id, holder).await?,
        None => None,
    };
    let pause = pauses::covering(tx, Matter::of(&case, &desk.desk)).await?;
    let paused = pause.map(|p| PausedBy { person: p.person });
    let turn = pauses::turn(tx).await?;
    let open = automation::held_open(tx, channel, now).await?;
    let notice = automation::notice(&desk);
    let rules = Rules {
        desk: &desk.desk,
        channel,
        policy: &desk.policy,
        paused,
        turn,
        off_duty: &off_duty,
        editing,
        next_holder,
        automation: Automation { open: &open, notice: &notice },
    };
    match step(&case, event, &rules, now) {
        Ok(step) => {
            let next = step.next.clone();
            outcome::note(tx, &case, &step.evidence, now).await?;
            keep(tx, app, &desk, conversation, step).await?;
            Ok(Ok(next))
        }
        Err(refusal) => {
            refuse(tx, app, &case, event, &refusal).await?;
            Ok(Err(refusal))
        }
    }
}

/// Locks what belongs to a case, in the one order everybody keeps: register, conversation, everything else.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, app: &App, case_id: &str) -> anyhow::Result<()> {
    pauses::hold(tx).await?;
    conversations::lock_of_case(tx, case_id, app.clock.now()).await?;
    Ok(())
}

async fn keep(
    tx: &mut Tx,
    app: &App,
    desk: &Arc<Applied>,
    conversation: &mut Conversation,
    step: Step,
) -> anyhow::Result<()> {
    let now = app.clock.now();
    chaos::point("apply.stepped");
    let case = &step.next;
    cases::save(tx, case, now).await?;
    tracing::info!(case = case.number, state = case.state.name(), version = case.version, "a case moved on");
    conversation.set_window(case.window);
    // A late result of an older case must not hide the newer one.
    if !case.is_closed() {
        conversation.case_id = Some(case.id.clone());
    }
    conversations::save(tx, conversation).await?;
    chaos::point("apply.saved");
    for entry in &step.evidence {
        if mistake::made(Mistake::EffectBeforeEvidence) && entry.kind == Kind::SendClaimed {
            record_afterwards(app, case, entry);
            continue;
        }
        record::append(tx, app, &record::chain_of(&case.conversation), Some(&case.id), entry).await?;
    }
    haste::approved(tx, app, desk, &step.evidence).await?;
    let shown = step.evidence.iter().any(|entry| matches!(entry.kind, Kind::Drafted | Kind::Decided));
    if let Some(draft) = case.draft().filter(|_| shown) {
        knowledge::uses::add(tx, &draft.citations, &case.id, draft.version, now).await?;
    }
    chaos::point("apply.recorded");
    let mut planned = Planning { tx, app, desk, case, now };
    for effect in &step.effects {
        planned.plan(effect).await?;
    }
    Ok(())
}

/// What [`Mistake::EffectBeforeEvidence`] makes of an entry.
fn record_afterwards(app: &App, case: &Case, entry: &Entry) {
    let (app, case, entry) = (app.clone(), case.clone(), entry.clone());
    tokio::spawn(async move {
        let store = app.store.clone();
        let chain = record::chain_of(&case.conversation);
        let written = store
            .commit(move |tx| Box::pin(async move { record::append(tx, &app, &chain, Some(&case.id), &entry).await }));
        written.await
    });
}

async fn refuse(tx: &mut Tx, app: &App, case: &Case, event: &Event, refusal: &Refusal) -> anyhow::Result<()> {
    let Event::Tapped(tap) = event else { return Ok(()) };
    let payload = json!({ "refusal": refusal, "act": tap.decision.act(), "version": tap.version, "code": tap.code });
    let entry = Entry { kind: Kind::Refused, actor: Actor::Person(tap.person.clone()), payload };
    record::append(tx, app, &record::chain_of(&case.conversation), Some(&case.id), &entry).await
}

/// Opens a case for what the customer says next. The conversation is locked by the caller.
///
/// # Errors
/// When the database fails.
pub async fn open_case(tx: &mut Tx, app: &App, conversation: &Conversation) -> anyhow::Result<Case> {
    let now = app.clock.now();
    let desk = app.desk(tx).await?;
    let channel = desk.desk.channel(&conversation.channel);
    let asker = channel.and_then(|channel| channel.asker_of(&conversation.customer));
    let case = Case {
        follows: conversation.case_id.clone(),
        watermark: conversation.last_seq,
        window: conversation.window(),
        asker: asker.map(str::to_owned),
        ..Case::opened(
            app.ids.next(now)?,
            cases::next_number(tx).await?,
            (&conversation.id, &conversation.channel),
            now,
        )
    };
    cases::save(tx, &case, now).await?;
    let opened = json!({ "number": case.number, "follows": case.follows, "channel": case.channel });
    let entry = Entry { kind: Kind::CaseOpened, actor: Actor::System, payload: opened };
    record::append(tx, app, &record::chain_of(&conversation.id), Some(&case.id), &entry).await?;
    if let Some(at) = case.window.ends_at {
        // Opened before its first message is stored, which opens a window of its own.
        let rule = channel.and_then(|channel| channel.abilities().window);
        let at = rule.map_or(at, |rule| now + rule.lasts_ms);
        Job::WindowDeadline { case: case.id.clone(), due: at }.enqueue(tx, app, at).await?;
    }
    Ok(case)
}

/// Turns effects into jobs.
struct Planning<'a, 't> {
    tx: &'t mut Tx,
    app: &'a App,
    desk: &'a Arc<Applied>,
    case: &'a Case,
    now: Timestamp,
}

impl Planning<'_, '_> {
    async fn plan(&mut self, effect: &Effect) -> anyhow::Result<()> {
        let case = self.case.id.clone();
        match effect {
            Effect::Draft { generation, at } => self.job(Job::Draft { case, generation: *generation }, *at).await,
            Effect::PostCard { person } => self.announce_card(person).await,
            Effect::Deal => self.job(Job::Deal { because: case }, self.now).await,
            Effect::SettleCards(outcome) => settle_cards(self.tx, self.app, &case, outcome).await,
            Effect::Tell { person, say } => self.tell(person, say).await,
            Effect::Alarm { say } => alarm(self.tx, self.app, self.desk, say).await,
            Effect::TellStory { person } => match self.address(person) {
                Some(to) => self.job(Job::Story { case, to, person: person.clone() }, self.now).await,
                None => Ok(()),
            },
            Effect::ReviewDeadline { due } => self.job(Job::ReviewDeadline { case, due: *due }, *due).await,
            Effect::WindowDeadline { at } => self.job(Job::WindowDeadline { case, due: *at }, *at).await,
            Effect::EvidenceStale { version, at } => {
                self.job(Job::EvidenceStale { case, version: *version }, *at).await
            }
            Effect::Send { part, at } => {
                let conversation = self.case.conversation.clone();
                let to = self.case.asker.as_deref().and_then(|asker| self.address(asker));
                self.job(Job::Send { case, conversation, part: *part, to }, *at).await
            }
            Effect::Resolve { msgid, how, person } => self.resolve(msgid, *how, person).await,
            Effect::TransferSession { person } => {
                let conversation = self.case.conversation.clone();
                self.job(Job::Transfer { case, conversation, person: person.clone() }, self.now).await
            }
            Effect::EndSession => {
                let conversation = self.case.conversation.clone();
                self.job(Job::EndSession { conversation }, self.now).await
            }
            Effect::Notice(kind) => self.notice(*kind).await,
            Effect::Answered { up_to } => Ok(conversations::answered(self.tx, &self.case.conversation, *up_to).await?),
            Effect::RecordGap => self.record_gap().await,
            Effect::LeftByItself { shown } => automation::left_by_itself(self.tx, self.app, self.desk, shown).await,
            Effect::ProposeKnowledge { text, citations } => {
                proposals::propose(self.tx, self.app, self.desk, self.case, text, citations).await
            }
        }
    }

    async fn job(&mut self, job: Job, due: Timestamp) -> anyhow::Result<()> {
        job.enqueue(self.tx, self.app, due).await
    }

    fn address(&self, person: &str) -> Option<Address> {
        self.app.address_of(&self.desk.desk, person)
    }

    async fn tell(&mut self, person: &str, say: &Say) -> anyhow::Result<()> {
        let Some(to) = self.address(person) else { return Ok(()) };
        self.job(Job::Say { to, say: say.clone() }, self.now).await
    }

    async fn announce_card(&mut self, person: &str) -> anyhow::Result<()> {
        let Some(own) = self.address(person) else { return Ok(()) };
        let Some(group) = self.group_of(&own) else {
            return announce(self.tx, self.app, self.case, person, &own).await;
        };
        // One card for all who review there.
        let open = cards::open(self.tx, &self.case.id).await?;
        if open.iter().any(|posting| posting.to.is(&group) && posting.version == self.case.version) {
            return Ok(());
        }
        announce(self.tx, self.app, self.case, person, &group).await
    }

    /// The group in which the channel's reviewers decide together, for one who is met on Telegram.
    fn group_of(&self, own: &Address) -> Option<Address> {
        let channel = self.desk.desk.channel(&self.case.channel)?;
        // Where somebody asked for the customer, only they decide.
        let together = self.case.level() == Some(Level::Reviewers) && self.case.asker.is_none();
        let shared = own.surface == Surface::Telegram && together;
        channel.telegram_group.filter(|_| shared).map(TelegramChat::address)
    }

    async fn notice(&mut self, kind: NoticeKind) -> anyhow::Result<()> {
        let channel = self.desk.desk.channel(&self.case.channel);
        if channel.and_then(|c| c.notices.get(kind)).is_none() {
            return Ok(());
        }
        if self.may_be_answered().await? {
            return Ok(());
        }
        let (case, conversation) = (self.case.id.clone(), self.case.conversation.clone());
        self.job(Job::Notice { case, conversation, kind }, self.now).await
    }

    /// Whether what the customer waits for may have been answered in a part of the record that is lost: then nothing
    /// leaves without a tap.
    async fn may_be_answered(&mut self) -> anyhow::Result<bool> {
        let Some(recovered_at) = recovery::recovered_at(self.tx).await? else { return Ok(false) };
        let waiting = conversations::unanswered(self.tx, &self.case.conversation).await?;
        Ok(waiting.iter().any(|message| message.at < recovered_at))
    }

    /// What arrived by a person's word belongs to the conversation like what the platform accepted.
    async fn resolve(&mut self, msgid: &str, how: Resolution, person: &str) -> anyhow::Result<()> {
        sends::resolve(self.tx, msgid, how.as_str(), person, self.now).await?;
        match sends::load(self.tx, msgid).await? {
            Some(send) if how == Resolution::Delivered => Ok(conversations::shop_said(self.tx, &send, self.now).await?),
            _ => Ok(()),
        }
    }

    async fn record_gap(&mut self) -> anyhow::Result<()> {
        let messages = conversations::unanswered(self.tx, &self.case.conversation).await?;
        let question = messages.iter().map(|m| m.body.as_str()).collect::<Vec<_>>().join("\n");
        let key = ::knowledge::gap_key(&question);
        let case = (self.case.id.as_str(), self.case.conversation.as_str());
        Ok(knowledge::gaps::record(self.tx, &key, &question, case, self.now).await?)
    }
}

/// Turns every open card of a case into what became of it.
///
/// # Errors
/// When the database fails.
pub async fn settle_cards(tx: &mut Tx, app: &App, case_id: &str, outcome: &Outcome) -> anyhow::Result<()> {
    let outcome = serde_json::to_string(outcome)?;
    for card in cards::open(tx, case_id).await? {
        cards::settle(tx, &card.task_id, &outcome).await?;
        Job::SettleCard { task_id: card.task_id, to: card.to }.enqueue(tx, app, app.clock.now()).await?;
    }
    Ok(())
}

/// Announces a card that shows the case as it stands, and has it posted.
///
/// # Errors
/// When the database fails.
pub async fn announce(tx: &mut Tx, app: &App, case: &Case, person: &str, to: &Address) -> anyhow::Result<()> {
    let posting = cards::next_posting(tx, &case.id).await?;
    let random = hex::encode(&app.ids.random16()?[..4]);
    let announced = cards::Posting {
        task_id: task_id(to.surface, case, posting, &random),
        case_id: case.id.clone(),
        person: person.into(),
        to: to.clone(),
        version: case.version,
        code: case.code(),
        posting,
        state: String::new(),
        response_code: None,
        outcome: None,
        posted_at: None,
    };
    cards::announce(tx, &announced).await?;
    let job = Job::PostCard { task_id: announced.task_id, to: to.clone() };
    job.enqueue(tx, app, app.clock.now()).await
}

/// A card beside those of cases.
pub struct Beside {
    /// What it is about.
    pub about: About,
    /// The id of that.
    pub subject: String,
    /// The code it shows.
    pub code: String,
}

/// Announces a card beside those of cases, and has it posted.
///
/// # Errors
/// When the database fails.
pub async fn announce_beside(tx: &mut Tx, app: &App, card: Beside, person: &str, to: &Address) -> anyhow::Result<()> {
    let task_id = format!("k-{}", hex::encode(&app.ids.random16()?[..8]));
    let posting = CarePosting {
        task_id: task_id.clone(),
        about: card.about,
        care: card.subject,
        person: person.to_owned(),
        to: to.clone(),
        code: card.code,
        state: String::new(),
        response_code: None,
    };
    care::announce(tx, &posting).await?;
    Job::PostCare { task_id, to: to.clone() }.enqueue(tx, app, app.clock.now()).await
}

/// Unique for ever. A button of Telegram has no room for more than the random part.
fn task_id(surface: Surface, case: &Case, posting: i64, random: &str) -> String {
    match surface {
        Surface::Telegram => format!("t{posting}-{random}"),
        Surface::WecomApp | Surface::WecomAibot => format!("c{}-v{}-p{posting}-{random}", case.number, case.version),
    }
}

/// Tells whoever watches over the desk.
///
/// # Errors
/// When the database fails.
pub async fn alarm(tx: &mut Tx, app: &App, desk: &Applied, say: &Say) -> anyhow::Result<()> {
    let entry = Entry { kind: Kind::Alarm, actor: Actor::System, payload: json!({ "key": say.key, "args": say.args }) };
    record::append(tx, app, record::DESK, None, &entry).await?;
    let Some(to) = app.watcher(&desk.desk) else { return Ok(()) };
    queue_say(tx, app, &to, say, app.clock.now()).await
}

/// Says something to a colleague.
///
/// # Errors
/// When the database fails.
pub async fn queue_say(tx: &mut Tx, app: &App, to: &Address, say: &Say, due: Timestamp) -> anyhow::Result<()> {
    Job::Say { to: to.clone(), say: say.clone() }.enqueue(tx, app, due).await
}

/// Tells a case's refusal to the person it concerns.
///
/// # Errors
/// When the database fails.
pub async fn tell_refusal(tx: &mut Tx, app: &App, to: &Address, number: i64, refusal: &Refusal) -> anyhow::Result<()> {
    queue_say(tx, app, to, &refusal.say(number), app.clock.now()).await
}

/// Marks a claimed row as done, in the unit that did its work.
///
/// # Errors
/// When the row is no longer ours: the unit must not be kept, since somebody else does the work.
pub async fn finish(tx: &mut Tx, door: queue::Door, row: &queue::Row, now: Timestamp) -> anyhow::Result<()> {
    anyhow::ensure!(queue::done(tx, door, row, now).await?, "{} is no longer ours", row.id);
    Ok(())
}
