//! What is to be done in back offices, from the wish to what became of it.

use std::str::FromStr;

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// Something to be done in a store's back office for a case.
#[derive(Debug, Clone, FromRow)]
pub struct Action {
    /// Its id.
    pub id: String,
    /// By which people name it.
    pub number: i64,
    /// The case.
    pub case_id: String,
    /// The conversation.
    pub conversation: String,
    /// The channel.
    pub channel: String,
    /// The store.
    pub store: String,
    /// Which of the configured actions.
    pub name: String,
    /// The recipe.
    pub recipe: String,
    /// What the recipe is given, as JSON.
    pub inputs: String,
    /// The published answer that it says, as JSON; nothing where it says none.
    pub cites: Option<String>,
    /// Who asked for it, by id.
    pub asked_by: String,
    /// When.
    pub asked_at: Timestamp,
    /// The action that it takes back, by id.
    pub undoes: Option<String>,
    /// Where it stands.
    #[sqlx(try_from = "String")]
    pub state: ActionState,
    /// How often it was shown for a decision.
    pub round: i64,
    /// What would be done, as JSON; nothing before it was prepared.
    pub plan: Option<String>,
    /// Whose approval stands, as JSON.
    pub authority: Option<String>,
    /// When it was claimed.
    pub claimed_at: Option<Timestamp>,
    /// What became of it, as JSON.
    pub outcome: Option<String>,
}

impl Action {
    /// The same, to be done from its beginning.
    pub fn anew(self) -> Self {
        Self {
            state: ActionState::Preparing,
            round: 0,
            plan: None,
            authority: None,
            claimed_at: None,
            outcome: None,
            cites: None,
            ..self
        }
    }
}

/// Where an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionState {
    /// The form is being filled in.
    Preparing,
    /// It waits for somebody's approval.
    Waiting,
    /// The form was filled in, and is not handed in here.
    Filled,
    /// Somebody approved it.
    Approved,
    /// It may be on its way.
    Submitting,
    /// It stands in the shop.
    Done,
    /// The shop refused it.
    Refused,
    /// Nobody knows.
    Unknown,
    /// It stands in the shop, says a person.
    Happened,
    /// It does not, says a person.
    NotHappened,
    /// Nobody wants it any more.
    Dropped,
    /// Something was in the way; nothing was handed in.
    Stopped,
}

impl ActionState {
    const ALL: [Self; 12] = [
        Self::Preparing,
        Self::Waiting,
        Self::Filled,
        Self::Approved,
        Self::Submitting,
        Self::Done,
        Self::Refused,
        Self::Unknown,
        Self::Happened,
        Self::NotHappened,
        Self::Dropped,
        Self::Stopped,
    ];

    /// Its name in the store and in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Waiting => "waiting",
            Self::Filled => "filled",
            Self::Approved => "approved",
            Self::Submitting => "submitting",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Happened => "happened",
            Self::NotHappened => "not_happened",
            Self::Dropped => "dropped",
            Self::Stopped => "stopped",
        }
    }
}

/// A state that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no state of an action")]
pub struct UnknownState(String);

impl FromStr for ActionState {
    type Err = UnknownState;

    fn from_str(name: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == name).ok_or_else(|| UnknownState(name.to_owned()))
    }
}

impl TryFrom<String> for ActionState {
    type Error = UnknownState;

    fn try_from(name: String) -> Result<Self, UnknownState> {
        name.parse()
    }
}

/// Adds an action that somebody asked for.
pub async fn add(tx: &mut Tx, action: &Action) -> sqlx::Result<()> {
    let sql = "INSERT INTO actions (id, number, case_id, conversation, channel, store, name, recipe, inputs, cites,
               asked_by, asked_at, undoes, state, round)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let a = action;
    let args = args![
        &a.id,
        a.number,
        &a.case_id,
        &a.conversation,
        &a.channel,
        &a.store,
        &a.name,
        &a.recipe,
        &a.inputs,
        a.cites.as_deref(),
        &a.asked_by,
        a.asked_at,
        a.undoes.as_deref(),
        a.state.as_str(),
        a.round
    ];
    tx.run(sql, args).await.map(drop)
}

/// The next number, never given twice.
pub async fn next_number(tx: &mut Tx) -> sqlx::Result<i64> {
    let sql = "INSERT INTO kv (name, value) VALUES ('action_number', '1')
               ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(kv.value AS BIGINT) + 1 AS TEXT) RETURNING value";
    let (value,): (String,) = tx.one(sql, args![]).await?.ok_or(sqlx::Error::RowNotFound)?;
    value.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// The action with this id.
pub async fn load(tx: &mut Tx, id: &str) -> sqlx::Result<Option<Action>> {
    tx.one("SELECT * FROM actions WHERE id = $1", args![id]).await
}

/// The action with this id, kept from others until this transaction ends.
pub async fn take(tx: &mut Tx, id: &str) -> sqlx::Result<Option<Action>> {
    let sql = tx.either("SELECT * FROM actions WHERE id = $1", "SELECT * FROM actions WHERE id = $1 FOR UPDATE");
    tx.one(sql, args![id]).await
}

/// The actions of a case, the newest first.
pub async fn of_case(tx: &mut Tx, case_id: &str) -> sqlx::Result<Vec<Action>> {
    tx.all("SELECT * FROM actions WHERE case_id = $1 ORDER BY number DESC", args![case_id]).await
}

/// What may be on its way right now.
pub async fn under_way(tx: &mut Tx) -> sqlx::Result<Vec<Action>> {
    tx.all("SELECT * FROM actions WHERE state = 'submitting' ORDER BY number", args![]).await
}

/// Whether somebody works on taking an action back, or has.
pub async fn is_undone(tx: &mut Tx, id: &str) -> sqlx::Result<bool> {
    let sql =
        "SELECT id FROM actions WHERE undoes = $1 AND state NOT IN ('dropped', 'stopped', 'refused', 'not_happened')
               LIMIT 1";
    Ok(tx.one::<(String,)>(sql, args![id]).await?.is_some())
}

/// It is shown for a decision, with this plan; whatever stood before about its approval is void.
pub async fn planned(tx: &mut Tx, id: &str, state: ActionState, plan: &str) -> sqlx::Result<()> {
    let sql = "UPDATE actions SET state = $2, plan = $3, round = round + 1, authority = NULL, claimed_at = NULL
               WHERE id = $1";
    tx.run(sql, args![id, state.as_str(), plan]).await.map(drop)
}

/// Somebody approved it; false where it does not wait for that.
pub async fn approved(tx: &mut Tx, id: &str, authority: &str) -> sqlx::Result<bool> {
    let sql = "UPDATE actions SET state = 'approved', authority = $2 WHERE id = $1 AND state = 'waiting'";
    Ok(tx.run(sql, args![id, authority]).await? == 1)
}

/// It may be handed in from here on, once; false where it is not approved, or was claimed before.
pub async fn claim(tx: &mut Tx, id: &str, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "UPDATE actions SET state = 'submitting', claimed_at = $2 WHERE id = $1 AND state = 'approved'";
    Ok(tx.run(sql, args![id, now]).await? == 1)
}

/// It came to this; false where it is not (any more) as it was thought to be.
pub async fn settle(
    tx: &mut Tx,
    id: &str,
    from: ActionState,
    to: ActionState,
    outcome: Option<&str>,
) -> sqlx::Result<bool> {
    let sql = "UPDATE actions SET state = $3, outcome = COALESCE($4, outcome) WHERE id = $1 AND state = $2";
    Ok(tx.run(sql, args![id, from.as_str(), to.as_str(), outcome]).await? == 1)
}
