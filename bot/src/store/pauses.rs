//! The pause register.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::case::Case;
use crate::clock::Timestamp;
use crate::desk::Desk;
use crate::mistake::{self, Mistake};

/// One pause, in force until lifted.
#[derive(Debug, Clone, FromRow)]
pub struct Pause {
    /// Unique id.
    pub id: String,
    /// The [`Scope`]'s name.
    pub scope: String,
    /// What the scope is of; empty for everything.
    pub target: String,
    /// Who declared it.
    pub person: String,
    /// Why, in the person's words.
    pub why: String,
    /// When.
    pub at: Timestamp,
    /// Who asked to lift it, where a second person must agree.
    pub resume_wanted_by: Option<String>,
    /// When they asked: a wish does not stand for ever.
    pub resume_wanted_at: Option<Timestamp>,
}

pub use crate::case::BY_ITSELF;

/// What a pause covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The whole desk.
    Everything,
    /// One channel, by id.
    Channel(String),
    /// One conversation, by id.
    Conversation(String),
    /// What is of high risk, and nothing else: a platform's rule is uncertain, and questions go on being answered.
    HighRisk(Place),
}

/// Where what is of high risk is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On the whole desk.
    Everywhere,
    /// On one channel, by id.
    Channel(String),
    /// In one region: on its channels, and for customers who name it on a channel of no region.
    Region(String),
}

impl Scope {
    /// The scope's name and target as stored.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Everything => ("everything", ""),
            Self::Channel(id) => ("channel", id),
            Self::Conversation(id) => ("conversation", id),
            Self::HighRisk(Place::Everywhere) => ("high_risk", ""),
            Self::HighRisk(Place::Channel(id)) => ("high_risk_channel", id),
            Self::HighRisk(Place::Region(name)) => ("high_risk_region", name),
        }
    }
}

impl Pause {
    /// What it covers; none where a newer version of the program declared it.
    pub fn covers(&self) -> Option<Scope> {
        let target = self.target.clone();
        Some(match self.scope.as_str() {
            "everything" => Scope::Everything,
            "channel" => Scope::Channel(target),
            "conversation" => Scope::Conversation(target),
            "high_risk" => Scope::HighRisk(Place::Everywhere),
            "high_risk_channel" => Scope::HighRisk(Place::Channel(target)),
            "high_risk_region" => Scope::HighRisk(Place::Region(target)),
            _ => return None,
        })
    }
}

/// What is asked to go on in spite of the pauses.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    channel: &'a str,
    conversation: &'a str,
    /// Empty where the channel has none.
    region: &'a str,
    high_risk: bool,
}

impl<'a> Matter<'a> {
    /// Something for a conversation that is of no risk by itself, such as a fixed text.
    pub fn harmless(channel: &'a str, conversation: &'a str) -> Self {
        Self { channel, conversation, region: "", high_risk: false }
    }

    /// What a case is about, with the risk it was judged to have so far.
    pub fn of(case: &'a Case, desk: &'a Desk) -> Self {
        Self::risky(&case.channel, &case.conversation, case.is_high_risk(), desk)
    }

    /// Something for a conversation, of high risk or not.
    pub fn risky(channel: &'a str, conversation: &'a str, high_risk: bool, desk: &'a Desk) -> Self {
        let region = desk.channel(channel).and_then(|channel| channel.region.as_deref());
        Self { channel, conversation, region: region.unwrap_or_default(), high_risk }
    }

    /// The name of the scopes that hold only what is of high risk, as far as they concern it.
    fn held_by(&self) -> &'static str {
        if self.high_risk { "high_risk" } else { "" }
    }
}

/// Declares a pause, before anything else can be claimed.
pub async fn declare(
    tx: &mut Tx,
    id: &str,
    scope: &Scope,
    person: &str,
    why: &str,
    now: Timestamp,
) -> sqlx::Result<()> {
    let turn = turn_register(tx).await?;
    let (name, target) = scope.parts();
    let sql = "INSERT INTO pauses (id, scope, target, person, why, at, turn) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.run(sql, args![id, name, target, person, why, now, turn]).await.map(drop)
}

/// Keeps the register still until this transaction ends, together with others. Taken before any row is locked.
pub async fn hold(tx: &mut Tx) -> sqlx::Result<()> {
    tx.hold_register().await
}

/// Waits for every claim under way and keeps new ones out until this transaction ends. Whoever is going to declare
/// or lift a pause takes this before [`hold`]: two that hold it together would wait for each other for ever.
pub async fn hold_alone(tx: &mut Tx) -> sqlx::Result<()> {
    tx.take_register().await
}

/// [`hold_alone`] for a start, which waits its turn however busy the others are.
pub async fn hold_alone_at_last(tx: &mut Tx) -> sqlx::Result<()> {
    tx.be_patient().await?;
    hold_alone(tx).await
}

/// Takes the register for itself, and counts.
async fn turn_register(tx: &mut Tx) -> sqlx::Result<i64> {
    hold_alone(tx).await?;
    let sql = "UPDATE kv SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = 'pause_register'";
    tx.run(sql, args![]).await?;
    turn(tx).await
}

/// How often the register was turned: every pause and every resume counts. An approval remembers it, so that
/// a pause after it is recognised even when it was lifted at once.
pub async fn turn(tx: &mut Tx) -> sqlx::Result<i64> {
    let sql = "SELECT CAST(value AS BIGINT) FROM kv WHERE name = 'pause_register'";
    Ok(tx.seldom::<(i64,)>(sql).await?.first().map_or(0, |(turn,)| *turn))
}

/// The pauses in force.
pub async fn in_force(tx: &mut Tx) -> sqlx::Result<Vec<Pause>> {
    tx.seldom("SELECT * FROM pauses WHERE lifted_at IS NULL ORDER BY at, id").await
}

/// Whether pause `p` covers a matter: its channel, its conversation, [`Matter::held_by`], its region.
macro_rules! covers {
    () => {
        "(scope = 'everything'
               OR (scope = 'channel' AND target = $1) OR (scope = 'conversation' AND target = $2)
               OR ($3 = 'high_risk' AND (scope = 'high_risk' OR (scope = 'high_risk_channel' AND target = $1)
                   OR (scope = 'high_risk_region' AND (LOWER(target) = LOWER($4) OR ($4 = '' AND EXISTS
                       (SELECT 1 FROM messages m WHERE m.conversation = $2 AND m.author = 'customer'
                        AND REPLACE(LOWER(m.body), LOWER(p.target), '') <> LOWER(m.body))))))))"
    };
}

/// Keeps the register still, then tells which pause covers a matter now.
pub async fn covering(tx: &mut Tx, matter: Matter<'_>) -> sqlx::Result<Option<Pause>> {
    if mistake::made(Mistake::PauseFromCopy) {
        return copy::covering(tx, matter).await;
    }
    covering_now(tx, matter).await
}

async fn covering_now(tx: &mut Tx, matter: Matter<'_>) -> sqlx::Result<Option<Pause>> {
    tx.hold_register().await?;
    if tx.writes_alone() && in_force(tx).await?.is_empty() {
        return Ok(None);
    }
    let Matter { channel, conversation, region, .. } = matter;
    let sql = concat!("SELECT * FROM pauses p WHERE lifted_at IS NULL AND ", covers!(), " ORDER BY at LIMIT 1");
    tx.one(sql, args![channel, conversation, matter.held_by(), region]).await
}

/// Whether any pause that covers a matter was declared after the register's `turn`, lifted or not.
pub async fn covered_since(tx: &mut Tx, matter: Matter<'_>, turn: i64) -> sqlx::Result<bool> {
    if mistake::made(Mistake::PauseFromCopy) {
        return Ok(false);
    }
    let Matter { channel, conversation, region, .. } = matter;
    let sql = concat!("SELECT id FROM pauses p WHERE turn > $5 AND ", covers!(), " LIMIT 1");
    let args = args![channel, conversation, matter.held_by(), region, turn];
    Ok(tx.one::<(String,)>(sql, args).await?.is_some())
}

/// Notes that somebody wants to lift a pause that needs a second person.
pub async fn want_resume(tx: &mut Tx, id: &str, person: &str, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE pauses SET resume_wanted_by = $2, resume_wanted_at = $3 WHERE id = $1";
    tx.run(sql, args![id, person, now]).await.map(drop)
}

/// Lifts a pause.
pub async fn lift(tx: &mut Tx, id: &str, person: &str, now: Timestamp) -> sqlx::Result<()> {
    turn_register(tx).await?;
    let sql = "UPDATE pauses SET lifted_by = $2, lifted_at = $3 WHERE id = $1 AND lifted_at IS NULL";
    tx.run(sql, args![id, person, now]).await.map(drop)
}

/// What [`Mistake::PauseFromCopy`] reads: what was true when a conversation was looked at first, for five seconds.
mod copy {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use super::{Matter, Pause, Tx};

    static COPY: Mutex<BTreeMap<String, (Instant, Option<Pause>)>> = Mutex::new(BTreeMap::new());

    pub(super) async fn covering(tx: &mut Tx, matter: Matter<'_>) -> sqlx::Result<Option<Pause>> {
        let conversation = matter.conversation;
        let copied = COPY.lock().unwrap_or_else(PoisonError::into_inner).get(conversation).cloned();
        if let Some((_, pause)) = copied.filter(|(read, _)| read.elapsed() < Duration::from_secs(5)) {
            return Ok(pause);
        }
        let pause = super::covering_now(tx, matter).await?;
        let mut copy = COPY.lock().unwrap_or_else(PoisonError::into_inner);
        copy.insert(conversation.to_owned(), (Instant::now(), pause.clone()));
        Ok(pause)
    }
}

/// Whether people declared a pause since a time, and lifted it again.
pub async fn tested(tx: &mut Tx, since: Timestamp) -> sqlx::Result<bool> {
    let sql = "SELECT id FROM pauses WHERE at >= $1 AND lifted_at IS NOT NULL AND person <> $2 LIMIT 1";
    Ok(tx.one::<(String,)>(sql, args![since, BY_ITSELF]).await?.is_some())
}
