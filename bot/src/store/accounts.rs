//! Customer-service accounts: how far their messages were read, and whether somebody rang.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::{MINUTE, SECOND, Timestamp};

/// Without a doorbell's token the platform allows about ten polls a minute. We stay at six, over all accounts, because
/// nobody says whose limit it is; with a token every account is asked so often.
pub const POLL_EVERY: Timestamp = 10 * SECOND;
/// Accounts read at the same time by all instances together (wecom 45033 above about five).
const READERS: i64 = 5;

/// An account to be read.
#[derive(Debug, Clone, FromRow)]
pub struct Account {
    /// The platform's id (`open_kfid`).
    pub account: String,
    /// Where the next page starts.
    pub cursor: Option<String>,
    /// The newest doorbell's token.
    pub token: Option<String>,
    /// Until when the token is good.
    pub token_until: Timestamp,
    /// Counts its claims; proves that the account still is ours to read.
    pub fence: i64,
    /// When it was first read; nothing much older is answered.
    pub first_sync_at: Option<Timestamp>,
}

/// Somebody rang, so many times: there may be messages. Whoever was rung reads them at once; others find them when they
/// look.
pub async fn ring(tx: &mut Tx, account: &str, token: Option<&str>, rings: i64, now: Timestamp) -> sqlx::Result<()> {
    let sql = "INSERT INTO accounts (account, token, token_until, rings, heard, synced_at, tried_at, not_before)
               VALUES ($1, $2, $3, $4, 0, 0, 0, 0) ON CONFLICT (account) DO UPDATE SET
               token = excluded.token, token_until = excluded.token_until, rings = accounts.rings + excluded.rings";
    tx.run(sql, args![account, token, now + 10 * MINUTE, rings]).await.map(drop)
}

/// Makes an account known, so that it is polled even if nobody ever rings.
pub async fn know(tx: &mut Tx, account: &str) -> sqlx::Result<()> {
    let sql = "INSERT INTO accounts (account, token_until, rings, heard, synced_at, tried_at, not_before)
               VALUES ($1, 0, 0, 0, 0, 0, 0) ON CONFLICT (account) DO NOTHING";
    tx.run(sql, args![account]).await.map(drop)
}

macro_rules! claim_sql {
    ($passing_over:literal) => {
        concat!(
            "UPDATE accounts SET owner = $2, fence = fence + 1, tried_at = $1, heard = rings,
               polled_at = CASE WHEN token IS NOT NULL AND token_until > $1 THEN polled_at ELSE $1 END
             WHERE (owner IS NULL OR owner = $2) AND account = (
               SELECT account FROM accounts
               WHERE NOT apart AND (owner = $2 OR owner IS NULL AND not_before <= $1 AND (rings > heard OR tried_at <= $3
                 AND (token IS NOT NULL AND token_until > $1 OR $3 >= (SELECT COALESCE(MAX(polled_at), 0) FROM accounts))))
                 AND (SELECT COUNT(*) FROM accounts busy WHERE NOT busy.apart AND busy.owner <> $2) < $4
               ORDER BY rings - heard DESC, tried_at, account LIMIT 1",
            $passing_over,
            ")
             RETURNING account, cursor, token, token_until, fence, first_sync_at"
        )
    };
}

/// Claims one account that was rung since it was last read, or not read for a while. Rings that come while it is read
/// are heard by the next claim. Each instance reads one account at a time: one that is ours already was left when the
/// database failed.
pub async fn claim(tx: &mut Tx, owner: &str, now: Timestamp) -> sqlx::Result<Option<Account>> {
    let sql = tx.either(claim_sql!(""), claim_sql!(" FOR UPDATE SKIP LOCKED"));
    tx.one(sql, args![now, owner, now - POLL_EVERY, READERS]).await
}

/// Claims what is read in a way of its own, called `name`, for the instance `owner` alone; nothing while another one reads
/// it, or it is to be left alone.
pub async fn claim_apart(tx: &mut Tx, name: &str, owner: &str, now: Timestamp) -> sqlx::Result<Option<Account>> {
    let new = "INSERT INTO accounts (account, token_until, rings, heard, synced_at, tried_at, not_before, apart)
               VALUES ($1, 0, 0, 0, 0, 0, 0, TRUE) ON CONFLICT (account) DO NOTHING";
    tx.run(new, args![name]).await?;
    let sql = "UPDATE accounts SET owner = $2, fence = fence + 1, tried_at = $3
               WHERE account = $1 AND (owner IS NULL OR owner = $2) AND not_before <= $3
               RETURNING account, cursor, token, token_until, fence, first_sync_at";
    tx.one(sql, args![name, owner, now]).await
}

/// Moves the cursor, in the transaction that stored the page; false when the account is no longer ours.
pub async fn advance(tx: &mut Tx, claimed: &Account, cursor: &str, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "UPDATE accounts SET cursor = $3, first_sync_at = COALESCE(first_sync_at, $4)
               WHERE account = $1 AND fence = $2 AND owner IS NOT NULL";
    Ok(tx.run(sql, args![&claimed.account, claimed.fence, cursor, now]).await? == 1)
}

/// Lets go of an account that was read.
pub async fn release(tx: &mut Tx, claimed: &Account, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE accounts SET owner = NULL, synced_at = $3 WHERE account = $1 AND fence = $2";
    tx.run(sql, args![&claimed.account, claimed.fence, now]).await.map(drop)
}

/// Lets go of an account that could not be read: it is tried again after `until`.
pub async fn give_up(tx: &mut Tx, claimed: &Account, until: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE accounts SET owner = NULL, not_before = $3, heard = heard - 1 WHERE account = $1 AND fence = $2";
    tx.run(sql, args![&claimed.account, claimed.fence, until]).await.map(drop)
}

/// When each account was last read to its end; 0 for never.
pub async fn synced(tx: &mut Tx) -> sqlx::Result<Vec<(String, Timestamp)>> {
    tx.all("SELECT account, synced_at FROM accounts", args![]).await
}
