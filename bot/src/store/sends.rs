//! Send intents: what was claimed to leave, with whose authority, and what became of it.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// One message on its way to a customer.
#[derive(Debug, Clone, FromRow)]
pub struct Send {
    /// The platform's `msgid`, derived from the intent.
    pub id: String,
    /// `reply`, or which notice.
    pub kind: String,
    /// The conversation.
    pub conversation: String,
    /// The case; empty for what belongs to none.
    pub case_id: String,
    /// The draft version.
    pub version: i64,
    /// The part, from 0.
    pub part: i64,
    /// The account we write as.
    pub account: String,
    /// The customer's id there.
    pub customer: String,
    /// The exact words.
    pub body: String,
    /// Their hexadecimal SHA-256.
    pub body_sha256: String,
    /// Who allowed it, as JSON.
    pub authority: String,
    /// Where it stands, see [`SendState`].
    pub state: String,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// The send it is sent again for, by its id.
    pub supersedes: Option<String>,
    /// How often it was claimed, this time included: the platform may put it off.
    pub tries: i64,
    /// How often it was asked about after its worker died.
    pub probes: i64,
    /// What a person says became of it: the platform never did.
    pub resolution: Option<String>,
}

impl Send {
    /// The case it belongs to, if any.
    pub fn case(&self) -> Option<&str> {
        Some(self.case_id.as_str()).filter(|id| !id.is_empty())
    }

    /// Whether it is a part of a reply; everything else is a notice.
    pub fn is_reply(&self) -> bool {
        self.kind == "reply"
    }
}

/// Where a send stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendState {
    /// A request may be under way.
    InFlight,
    /// The platform accepted it.
    Accepted,
    /// It did not arrive.
    Failed,
    /// Nobody knows.
    Unknown,
    /// The platform did nothing and asks to come back later.
    PutOff,
    /// A colleague has it, to send it by hand.
    HandedOut,
}

impl SendState {
    /// The name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::PutOff => "put_off",
            Self::HandedOut => "handed_out",
        }
    }
}

/// Records a claim; false when this intent was claimed before, unless the platform put it off: then it is claimed again,
/// under the same id and with the same bytes.
pub async fn claim(tx: &mut Tx, send: &Send) -> sqlx::Result<bool> {
    let args = args![
        &send.id,
        &send.kind,
        &send.conversation,
        &send.case_id,
        send.version,
        send.part,
        &send.account,
        &send.customer,
        &send.body,
        &send.body_sha256,
        &send.authority,
        SendState::InFlight.as_str(),
        send.claimed_at,
        send.supersedes.as_deref(),
        send.tries
    ];
    let added = tx
        .run(
            "INSERT INTO sends (id, kind, conversation, case_id, version, part, account, customer, body, body_sha256,
             authority, state, claimed_at, supersedes, tries)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, claimed_at = excluded.claimed_at,
             authority = excluded.authority, tries = excluded.tries, settled_at = NULL, code = NULL
             WHERE sends.state = 'put_off' AND sends.body_sha256 = excluded.body_sha256",
            args,
        )
        .await?;
    Ok(added == 1)
}

/// Claims once more what a colleague has, or may have, to send it by hand: whether they are given it again is theirs to
/// say. False for anything else.
pub async fn claim_again(tx: &mut Tx, send: &Send) -> sqlx::Result<bool> {
    let sql = "UPDATE sends SET state = 'in_flight', claimed_at = $2, authority = $3, settled_at = NULL, code = NULL,
               resolution = NULL, resolved_by = NULL, resolved_at = NULL
               WHERE id = $1 AND body_sha256 = $4 AND state IN ('handed_out', 'unknown')";
    let args = args![&send.id, send.claimed_at, &send.authority, &send.body_sha256];
    Ok(tx.run(sql, args).await? == 1)
}

/// The intent with this id.
pub async fn load(tx: &mut Tx, id: &str) -> sqlx::Result<Option<Send>> {
    tx.one("SELECT * FROM sends WHERE id = $1", args![id]).await
}

/// Records what became of a claimed send; false when that was known before.
pub async fn settle(tx: &mut Tx, id: &str, state: SendState, code: i64, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "UPDATE sends SET state = $2, code = $3, settled_at = $4 WHERE id = $1 AND state = 'in_flight'";
    Ok(tx.run(sql, args![id, state.as_str(), code, now]).await? == 1)
}

/// Records the fate of a send that had been given up as unknown; false when it was not waiting for one. What a person
/// said about it stays beside it.
pub async fn settle_late(tx: &mut Tx, id: &str, state: SendState, code: i64, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "UPDATE sends SET state = $2, code = $3, settled_at = $4 WHERE id = $1 AND state = 'unknown'";
    Ok(tx.run(sql, args![id, state.as_str(), code, now]).await? == 1)
}

/// Counts that a send whose worker died is asked about.
pub async fn probed(tx: &mut Tx, id: &str) -> sqlx::Result<()> {
    tx.run("UPDATE sends SET probes = probes + 1 WHERE id = $1 AND state = 'in_flight'", args![id]).await.map(drop)
}

/// Records what a person says became of a send whose answer is missing.
pub async fn resolve(tx: &mut Tx, id: &str, how: &str, person: &str, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE sends SET resolution = $2, resolved_by = $3, resolved_at = $4 WHERE id = $1";
    tx.run(sql, args![id, how, person, now]).await.map(drop)
}

/// Records that the platform did not deliver what it had taken.
pub async fn not_delivered(tx: &mut Tx, id: &str, code: i64, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE sends SET state = $2, code = $3, settled_at = $4 WHERE id = $1";
    tx.run(sql, args![id, SendState::Failed.as_str(), code, now]).await.map(drop)
}

/// Records that the channel no longer knows whether it delivered what it had taken; false when it had not taken it.
pub async fn doubted(tx: &mut Tx, id: &str, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "UPDATE sends SET state = $2, settled_at = $3 WHERE id = $1 AND state = $4";
    Ok(tx.run(sql, args![id, SendState::Unknown.as_str(), now, SendState::Accepted.as_str()]).await? == 1)
}

/// How many parts of this version of a case's reply have left.
pub async fn parts_left(tx: &mut Tx, case_id: &str, version: i64) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM sends WHERE case_id = $1 AND version = $2 AND kind = 'reply'";
    Ok(tx.one::<(i64,)>(sql, args![case_id, version]).await?.map_or(0, |(count,)| count))
}

/// The parts of a case's newest reply that arrived, or that a person says did, in order.
pub async fn newest_reply(tx: &mut Tx, case_id: &str) -> sqlx::Result<Vec<Send>> {
    let sql = "SELECT * FROM sends WHERE case_id = $1 AND kind = 'reply'
                 AND (state = 'accepted' OR resolution = 'delivered') ORDER BY version, part";
    let mut parts: Vec<Send> = tx.all(sql, args![case_id]).await?;
    let newest = parts.last().map(|part| part.version);
    parts.retain(|part| Some(part.version) == newest);
    Ok(parts)
}

/// Sends whose request may be under way right now, oldest first.
pub async fn in_flight(tx: &mut Tx) -> sqlx::Result<Vec<Send>> {
    tx.all("SELECT * FROM sends WHERE state = 'in_flight' ORDER BY claimed_at", args![]).await
}

/// What colleagues have in their hands and have not said anything about, oldest first.
pub async fn in_hand(tx: &mut Tx) -> sqlx::Result<Vec<Send>> {
    let sql = "SELECT sends.* FROM sends JOIN cases ON cases.id = sends.case_id
               WHERE cases.state = 'handed_out' AND sends.state IN ('handed_out', 'unknown')
                 AND sends.resolution IS NULL ORDER BY sends.claimed_at";
    tx.all(sql, args![]).await
}

/// How many sends there are of which nobody knows whether they arrived.
pub async fn unknown_count(tx: &mut Tx) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM sends WHERE state = 'unknown'";
    Ok(tx.one::<(i64,)>(sql, args![]).await?.map_or(0, |(count,)| count))
}

/// The part of a case's reply that is still taken for under way, by its id.
pub async fn left_in_flight(tx: &mut Tx, case_id: &str, part: i64) -> sqlx::Result<Option<String>> {
    let sql = "SELECT id FROM sends WHERE case_id = $1 AND part = $2 AND kind = 'reply' AND state = 'in_flight'";
    Ok(tx.one::<(String,)>(sql, args![case_id, part]).await?.map(|(id,)| id))
}

/// Whether a notice of this kind was sent, or may have been, for the case.
pub async fn noticed(tx: &mut Tx, case_id: &str, kind: &str) -> sqlx::Result<bool> {
    let sql = "SELECT id FROM sends WHERE case_id = $1 AND kind = $2 AND state <> 'failed'";
    Ok(tx.one::<(String,)>(sql, args![case_id, kind]).await?.is_some())
}
