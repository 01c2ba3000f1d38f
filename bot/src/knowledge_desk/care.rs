//! What owners have to look after: each reason once, as a card with 确认仍有效 · 修改 · 停用.

use cards::words::Words;
use cards::{Card, CareAct, CareCard, CareKey, CareTopic};
use knowledge::{Entry, Indexed, Kind as EntryKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::life::{Act, Keeper, Outcome, Refused, answers_for};
use super::proposals::Proposal;
use super::shown::AHEAD;
use super::uploads;
use crate::app::App;
use crate::case::Say;
use crate::chat::Desk;
use crate::clock::{DAY, HOUR, MINUTE, Timestamp};
use crate::store::Tx;
use crate::store::desks::Applied;
use crate::store::knowledge::care::{self, About, CarePosting, Need, PendingAnswer};
use crate::store::knowledge::{self as entries, EntryState, StoredEntry};
use crate::surface::Address;
use crate::view::{local, local_day};
use crate::worker::{Job, Pressed, apply};

/// How long a confirmation holds.
const CONFIRMED_FOR: Timestamp = 90 * DAY;
/// How long before a campaign's end its owner is asked.
const ENDING: Timestamp = 3 * DAY;
/// What an owner can do with a piece of knowledge.
const ACTS: [CareAct; 3] = [CareAct::Confirm, CareAct::Edit, CareAct::Disable];
/// How long 修改 waits for the next message.
const ANSWER_WAITS: Timestamp = 5 * MINUTE;

/// Owners hear at most so often of corrections they are not asked about on a card.
const WORDS_APART: Timestamp = HOUR;

/// Why an entry has to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It has to be confirmed soon, or should have been.
    VerifyBy,
    /// Its campaign ends soon.
    Ending,
    /// A reviewer corrected it in a reply.
    Corrected,
    /// Another entry answers the same question otherwise.
    Contradicted,
    /// A file was handed in, and what it gave waits to be put in use.
    Imported,
}

impl Cause {
    /// Its name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyBy => "verify_by",
            Self::Ending => "ending",
            Self::Corrected => "corrected",
            Self::Contradicted => "contradicted",
            Self::Imported => "imported",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::VerifyBy, Self::Ending, Self::Corrected, Self::Contradicted, Self::Imported];
        all.into_iter().find(|cause| cause.as_str() == name)
    }

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::VerifyBy => "kb.cause_verify_by",
            Self::Ending => "kb.cause_ending",
            Self::Corrected => "kb.cause_corrected",
            Self::Contradicted => "kb.cause_contradicted",
            Self::Imported => "kb.upload_waits",
        }
    }
}

/// What has to be looked at now because of its dates, and the date that tells this time from the next.
pub fn due(entry: &Indexed, now: Timestamp) -> Option<(Cause, Timestamp)> {
    let soon = |at: Timestamp, ahead| at < now + ahead;
    let ends = entry.valid_until.filter(|at| entry.kind == EntryKind::Campaign && soon(*at, ENDING));
    match (ends, entry.verify_by) {
        // What is over is no longer answered with: nobody needs to be asked.
        (Some(at), _) if at < now => None,
        (Some(at), _) => Some((Cause::Ending, at)),
        (None, Some(at)) if soon(at, AHEAD) && entry.is_valid_at(now) => Some((Cause::VerifyBy, at)),
        _ => None,
    }
}

/// Asks whoever answers for a version to look at it, once for each `occasion`. Gives whether they were not asked before.
///
/// # Errors
/// When the database fails.
pub async fn raise(
    tx: &mut Tx,
    app: &App,
    cause: Cause,
    known: &StoredEntry,
    (occasion, note): (&str, &str),
) -> anyhow::Result<bool> {
    let desk = app.desk(tx).await?;
    let Some((person, to)) = whom(app, &desk, &known.owner) else { return Ok(false) };
    let need = Need {
        id: format!("{}:{}:{}:{occasion}", cause.as_str(), known.id, known.version),
        entry: known.id.clone(),
        version: known.version,
        cause: cause.as_str().to_owned(),
        note: note.to_owned(),
        person: person.clone(),
        at: app.clock.now(),
        outcome: None,
    };
    ask(tx, app, &need, &to).await
}

/// Asks somebody to look, once. Gives whether they were not asked before.
///
/// # Errors
/// When the database fails.
pub(super) async fn ask(tx: &mut Tx, app: &App, need: &Need, to: &Address) -> anyhow::Result<bool> {
    if !care::raise(tx, need).await? {
        return Ok(false);
    }
    announce(tx, app, need, to).await.map(|()| true)
}

/// The number people call what a need is about by, and what it is called in a sentence.
async fn called(tx: &mut Tx, need: &Need, words: &Words) -> anyhow::Result<(i64, String)> {
    if need.cause == Cause::Imported.as_str() {
        return Ok((need.version, uploads::called(need, words)));
    }
    let number = entries::number(tx, &need.entry).await?;
    Ok((number, format!("K{number}")))
}

/// The number a press on a need's card names.
///
/// # Errors
/// When the database fails.
pub(crate) async fn number(tx: &mut Tx, app: &App, need: &Need) -> anyhow::Result<i64> {
    let desk = app.desk(tx).await?;
    Ok(called(tx, need, desk.words()).await?.0)
}

/// The owner, where they can be reached; else whoever watches over the desk.
fn whom(app: &App, desk: &Applied, owner: &str) -> Option<(String, Address)> {
    let reached = |id: &str| Some((id.to_owned(), app.address_of(&desk.desk, id)?));
    reached(owner).or_else(|| desk.desk.watcher().and_then(|watcher| reached(&watcher.id)))
}

/// Announces the card of a need, and has it posted.
async fn announce(tx: &mut Tx, app: &App, need: &Need, to: &Address) -> anyhow::Result<()> {
    let shown = hex::encode(app.ids.random16()?);
    let code = cards::code_of(&Sha256::digest(format!("{}\0{shown}", need.id)).into());
    let card = apply::Beside { about: About::Entry, subject: need.id.clone(), code };
    apply::announce_beside(tx, app, card, &need.person, to).await
}

/// A reviewer corrected what an entry says: its owner is asked, about one correction of an entry after another. Where nothing
/// was known, its owner-to-be is told in words.
///
/// # Errors
/// When the database fails.
pub(super) async fn corrected(
    tx: &mut Tx,
    app: &App,
    proposed: &StoredEntry,
    proposal: &Proposal,
) -> anyhow::Result<()> {
    let cited = match &proposal.corrects {
        Some(corrected) => entries::version(tx, &corrected.entry, corrected.version).await?,
        None => None,
    };
    let Some(cited) = cited else { return tell_of_corrections(tx, app, &proposed.owner).await };
    if care::open_of(tx, &cited.id).await?.iter().any(is_correction) {
        return Ok(());
    }
    raise(tx, app, Cause::Corrected, &cited, (&proposed.content_sha256, &proposed.id)).await.map(drop)
}

fn is_correction(need: &Need) -> bool {
    need.cause == Cause::Corrected.as_str()
}

async fn tell_of_corrections(tx: &mut Tx, app: &App, owner: &str) -> anyhow::Result<()> {
    let desk = app.desk(tx).await?;
    let Some((_, to)) = whom(app, &desk, owner) else { return Ok(()) };
    match care::next_word(tx, owner, app.clock.now(), WORDS_APART).await? {
        Some(at) => Job::Corrections { to, owner: owner.to_owned() }.enqueue(tx, app, at).await,
        None => Ok(()),
    }
}

/// What an owner is told of the corrections that wait for them; nothing where none does.
///
/// # Errors
/// When the database fails.
pub(crate) async fn corrections(tx: &mut Tx, owner: &str) -> anyhow::Result<Option<Say>> {
    let Some((count, newest)) = entries::corrections(tx, owner).await? else { return Ok(None) };
    let number = entries::number(tx, &newest.id).await?;
    Ok(Some(Say::new("kb.corrections").with("count", count).with("number", number).with("title", newest.title)))
}

/// One correction of an entry was settled, or is gone: its owner is asked about the next one.
///
/// # Errors
/// When the database fails.
pub(crate) async fn ask_about_next(tx: &mut Tx, app: &App, entry: &str) -> anyhow::Result<()> {
    for waiting in entries::in_state(tx, EntryState::Proposed).await? {
        let Some(proposal) = proposal(&waiting) else { continue };
        if proposal.corrects.as_ref().is_some_and(|corrected| corrected.entry == entry) {
            return corrected(tx, app, &waiting, &proposal).await;
        }
    }
    Ok(())
}

/// The card of a need as it is shown under a task id; nothing once it is settled.
///
/// # Errors
/// When the database fails.
pub(crate) async fn card(tx: &mut Tx, app: &App, posting: &CarePosting) -> anyhow::Result<Option<Card>> {
    let Some(need) = care::load(tx, &posting.care).await?.filter(|need| need.outcome.is_none()) else {
        return Ok(None);
    };
    let Some(cause) = Cause::named(&need.cause) else { return Ok(None) };
    if cause == Cause::Imported {
        return uploads::card(tx, app, &need, posting).await;
    }
    let Some(stored) = entries::version(tx, &need.entry, need.version).await? else { return Ok(None) };
    let Some(entry) = stored.entry() else { return Ok(None) };
    let desk = app.desk(tx).await?;
    let day = |at: Option<Timestamp>| at.map(|at| local_day(at, &desk.desk.desk.timezone)).unwrap_or_default();
    let until = if cause == Cause::Ending { day(entry.valid_until) } else { day(entry.verify_by) };
    let words = desk.words();
    let other = match cause {
        Cause::Corrected => entries::newest(tx, &need.note).await?.and_then(|p| proposal(&p)).map(|p| p.answer),
        Cause::Contradicted => Some(need.note.clone()),
        Cause::VerifyBy | Cause::Ending | Cause::Imported => None,
    };
    let text = match other {
        Some(other) => words.text("kb.care_other", &[("other", &other), ("answer", &entry.answer)]),
        None => entry.answer,
    };
    let number = entries::number(tx, &need.entry).await?;
    Ok(Some(Card::Care(CareCard {
        topic: CareTopic::Knowledge,
        number,
        version: need.version,
        code: posting.code.clone(),
        title: format!("K{number} {}", stored.title),
        cause: words.text(cause.key(), &[("until", &until)]),
        text,
        acts: ACTS.to_vec(),
    })))
}

fn proposal(stored: &StoredEntry) -> Option<Proposal> {
    serde_json::from_str(&stored.body).ok()
}

/// What became of a need.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Settled {
    act: CareAct,
    by: String,
    at: Timestamp,
}

/// What a settled card says.
///
/// # Errors
/// When the database fails.
pub(crate) async fn settled(tx: &mut Tx, app: &App, posting: &CarePosting) -> anyhow::Result<Option<Card>> {
    let Some(need) = care::load(tx, &posting.care).await? else { return Ok(None) };
    let Some(done) = need.outcome.as_deref().and_then(|o| serde_json::from_str::<Settled>(o).ok()) else {
        return Ok(None);
    };
    let desk = app.desk(tx).await?;
    let (number, desc) = called(tx, &need, desk.words()).await?;
    let title = done_line(&desk, &done);
    Ok(Some(Card::Settled { number, title, desc, text: String::new() }))
}

fn done_line(desk: &Applied, done: &Settled) -> String {
    let (words, zone) = (desk.words(), &desk.desk.desk.timezone);
    let (act, time) = (done.act.label(words), local(done.at, zone, "%H:%M"));
    words.text("settled.decided", &[("act", &act), ("by", desk.desk.name_of(&done.by)), ("time", &time)])
}

/// Somebody pressed a button of a care card: once, and late presses are told.
///
/// # Errors
/// When the database fails.
pub(crate) async fn pressed(desk: &mut Desk<'_, '_>, key: &CareKey, tap: &Pressed) -> anyhow::Result<()> {
    let posting = care::card(desk.tx, &tap.task_id).await?;
    let Some(posting) = posting.filter(|posting| posting.about == About::Entry && posting.code == key.code) else {
        return desk.old_card(&tap.event_key).await;
    };
    let now = desk.app.clock.now();
    care::tapped(desk.tx, &posting.task_id, tap.code.as_deref(), now).await?;
    let Some(need) = care::load(desk.tx, &posting.care).await? else { return desk.old_card(&tap.event_key).await };
    entries::hold(desk.tx, &need.entry).await?;
    let need = care::load(desk.tx, &need.id).await?.unwrap_or(need);
    if let Some(done) = need.outcome.as_deref().and_then(|o| serde_json::from_str::<Settled>(o).ok()) {
        let line = done_line(desk.desk, &done);
        let (_, called) = called(desk.tx, &need, desk.desk.words()).await?;
        Job::SettleCare { task_id: posting.task_id, to: posting.to }.enqueue(desk.tx, desk.app, now).await?;
        return desk.say(Say::new("kb.care_done").with("called", called).with("done", line)).await;
    }
    if need.cause == Cause::Imported.as_str() {
        return uploads::decided(desk, &need, key.act).await;
    }
    let Some(known) = entries::version(desk.tx, &need.entry, need.version).await? else { return Ok(()) };
    if let Err(refused) = answers_for(desk.person, &known) {
        return desk.say(refused.say()).await;
    }
    match act(desk, &need, &known, key.act).await? {
        Ok(Some(say)) => {
            settle(desk.tx, desk.app, &need, key.act, &desk.person.id).await?;
            if is_correction(&need) {
                ask_about_next(desk.tx, desk.app, &need.entry).await?;
            }
            desk.say(say).await
        }
        Ok(None) => Ok(()),
        Err(refused) => desk.say(refused.say()).await,
    }
}

/// Does what a button says; nothing to say yet where a message has to follow.
async fn act(
    desk: &mut Desk<'_, '_>,
    need: &Need,
    known: &StoredEntry,
    act: CareAct,
) -> anyhow::Result<Result<Option<Say>, Refused>> {
    let corrected = is_correction(need);
    let mut keeper = Keeper { tx: desk.tx, app: desk.app, desk: desk.desk, person: desk.person };
    let done: Outcome = match act {
        CareAct::Confirm => {
            if corrected {
                // Dismissed in chat already is as good.
                let _ = keeper.dismiss(&need.note).await?;
            }
            confirm(&mut keeper, known).await
        }
        CareAct::Disable => keeper.disable(&known.id).await,
        CareAct::Edit if corrected => keeper.accept(&need.note).await,
        CareAct::Edit => return wait_for_answer(desk, known).await.map(|()| Ok(None)),
        CareAct::Publish | CareAct::Leave | CareAct::Agree | CareAct::Decline | CareAct::Received => {
            return Ok(Ok(None));
        }
    };
    Ok(done?.map(Some))
}

/// A version still holds: it has to be confirmed again later.
async fn confirm(keeper: &mut Keeper<'_, '_>, known: &StoredEntry) -> Outcome {
    let now = keeper.app.clock.now();
    let dated = known.entry().is_some_and(|entry| entry.verify_by.is_some());
    let until = now + CONFIRMED_FOR;
    if dated {
        entries::confirm(keeper.tx, known, until, now).await?;
    }
    keeper.remember(known, Act::Confirmed, "").await?;
    let number = entries::number(keeper.tx, &known.id).await?;
    let say = Say::new(if dated { "kb.confirmed_until" } else { "kb.confirmed" }).with("number", number);
    let until = local_day(until, &keeper.desk.desk.desk.timezone);
    Ok(Ok(say.with("title", &known.title).with("until", until)))
}

async fn wait_for_answer(desk: &mut Desk<'_, '_>, known: &StoredEntry) -> anyhow::Result<()> {
    let until = desk.app.clock.now() + ANSWER_WAITS;
    let (person, entry, version) = (desk.person.id.clone(), known.id.clone(), known.version);
    care::begin_answer(desk.tx, &PendingAnswer { person, entry, version, until }).await?;
    let number = entries::number(desk.tx, &known.id).await?;
    let say = Say::new("kb.answer_prompt").with("number", number).with("title", &known.title);
    Job::Prompt { to: desk.from.clone(), say }.enqueue(desk.tx, desk.app, desk.app.clock.now()).await
}

/// The new answer arrived: it is a draft, and its owner sees what it would change before it is published.
///
/// # Errors
/// When the database fails.
pub(crate) async fn answered(desk: &mut Desk<'_, '_>, pending: &PendingAnswer, text: &str) -> anyhow::Result<()> {
    let mut keeper = Keeper { tx: desk.tx, app: desk.app, desk: desk.desk, person: desk.person };
    let draft = match keeper.owned(&pending.entry).await? {
        Ok(found) if found.version == pending.version => found.entry(),
        Ok(_) => return desk.say(Refused::Overtaken.say()).await,
        Err(refused) => return desk.say(refused.say()).await,
    };
    let Some(entry) = draft.filter(|_| !text.trim().is_empty()) else { return desk.say(Refused::Empty.say()).await };
    let written = keeper.write(Entry { answer: text.trim().to_owned(), ..entry }).await?;
    for need in care::open_of(desk.tx, &pending.entry).await? {
        settle(desk.tx, desk.app, &need, CareAct::Edit, &desk.person.id).await?;
    }
    let (to, person) = (desk.from.clone(), desk.person.id.clone());
    let job = Job::Publish { to, person, entry: written.id, only: Vec::new(), code: None };
    job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await
}

/// Ends a need, and lets every card of it show that.
pub(super) async fn settle(tx: &mut Tx, app: &App, need: &Need, act: CareAct, by: &str) -> anyhow::Result<()> {
    let now = app.clock.now();
    let outcome = serde_json::to_string(&Settled { act, by: by.to_owned(), at: now })?;
    if care::settle(tx, &need.id, &outcome).await? {
        for posting in care::open_cards(tx, &need.id).await? {
            Job::SettleCare { task_id: posting.task_id, to: posting.to }.enqueue(tx, app, now).await?;
        }
    }
    Ok(())
}
