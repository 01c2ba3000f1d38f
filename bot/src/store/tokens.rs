//! The access token all instances use, and the calls of each platform API they let out together.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::{HOUR, MINUTE, SECOND, Timestamp};

/// An access token as it is kept.
#[derive(Debug, Clone, FromRow)]
pub struct Kept {
    /// The token, encrypted; none before the first was fetched.
    pub sealed: Option<String>,
    /// From when on another one should be fetched.
    pub replace_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Who is fetching the next one.
    pub refresher: Option<String>,
    /// Until when nobody else does.
    pub refresh_until: Timestamp,
    /// When the last ones were asked for, oldest first, as JSON.
    pub fetched: String,
}

/// The token with this name, once one was asked for.
pub async fn load(tx: &mut Tx, name: &str) -> sqlx::Result<Option<Kept>> {
    let sql = "SELECT sealed, replace_at, ends_at, refresher, refresh_until, fetched FROM tokens WHERE name = $1";
    tx.one(sql, args![name]).await
}

/// The token with this name, which nobody else looks at until this transaction ends.
pub async fn hold(tx: &mut Tx, name: &str) -> sqlx::Result<Kept> {
    tx.alone(name).await?;
    let new = "INSERT INTO tokens (name, replace_at, ends_at, refresh_until, fetched) VALUES ($1, 0, 0, 0, '[]')
               ON CONFLICT (name) DO NOTHING";
    tx.run(new, args![name]).await?;
    load(tx, name).await?.ok_or(sqlx::Error::RowNotFound)
}

/// Notes who fetches the next token, until when, and that it is asked for.
pub async fn fetching(tx: &mut Tx, name: &str, who: &str, until: Timestamp, fetched: &str) -> sqlx::Result<()> {
    let sql = "UPDATE tokens SET refresher = $2, refresh_until = $3, fetched = $4 WHERE name = $1";
    tx.run(sql, args![name, who, until, fetched]).await.map(drop)
}

/// Keeps a fetched token.
pub async fn keep(
    tx: &mut Tx,
    name: &str,
    sealed: &str,
    replace_at: Timestamp,
    ends_at: Timestamp,
) -> sqlx::Result<()> {
    let sql = "UPDATE tokens SET sealed = $2, replace_at = $3, ends_at = $4, refresher = NULL WHERE name = $1";
    tx.run(sql, args![name, sealed, replace_at, ends_at]).await.map(drop)
}

/// Lets somebody else fetch: it did not work.
pub async fn not_fetched(tx: &mut Tx, name: &str, who: &str) -> sqlx::Result<()> {
    tx.run("UPDATE tokens SET refresher = NULL WHERE name = $1 AND refresher = $2", args![name, who]).await.map(drop)
}

/// The length of a slot in which calls are counted together. What was admitted in one leaves within the next.
pub const SLOT: Timestamp = 5 * SECOND;
/// Calls of one API in a minute and in an hour (wecom 90312: 10,000 and 150,000), a little less than allowed.
const PER_MINUTE: i64 = 9_900;
const PER_HOUR: i64 = 149_000;
/// Counts as if this many calls had been made: no window has room any more until it is forgotten.
const ALL_OF_A_MINUTE: i64 = 10_000;

/// Takes room for up to `wanted` calls of an API, for all instances together, and says how many there was room for.
pub async fn admit(tx: &mut Tx, api: &str, wanted: i64, now: Timestamp) -> sqlx::Result<i64> {
    tx.alone(&format!("rate:{api}")).await?;
    let sql = "SELECT CAST(COALESCE(SUM(calls), 0) AS BIGINT),
                      CAST(COALESCE(SUM(CASE WHEN slot > $2 THEN calls ELSE 0 END), 0) AS BIGINT)
               FROM rates WHERE api = $1 AND slot > $3";
    let since = |window: Timestamp| now - window - 2 * SLOT;
    let made: Option<(i64, i64)> = tx.one(sql, args![api, since(MINUTE), since(HOUR)]).await?;
    let (hour, minute) = made.unwrap_or_default();
    let room = wanted.min(PER_MINUTE - minute).min(PER_HOUR - hour).max(0);
    if room > 0 {
        count(tx, api, room, now).await?;
    }
    Ok(room)
}

/// Takes room for one call under several counts at once, each with the most that are let out in a minute; false, with
/// nothing counted, when one of them has none.
pub async fn admit_one(tx: &mut Tx, counts: &[(&str, i64)], now: Timestamp) -> sqlx::Result<bool> {
    let sql = "SELECT CAST(COALESCE(SUM(calls), 0) AS BIGINT) FROM rates WHERE api = $1 AND slot > $2";
    for (name, most) in counts {
        tx.alone(&format!("rate:{name}")).await?;
        let made: Option<(i64,)> = tx.one(sql, args![*name, now - MINUTE - SLOT]).await?;
        if made.is_some_and(|(made,)| made >= *most) {
            return Ok(false);
        }
    }
    for (name, _) in counts {
        count(tx, name, 1, now).await?;
    }
    Ok(true)
}

/// The platform says that an API's limit is reached, whatever we counted: nobody calls it for a minute.
pub async fn exhausted(tx: &mut Tx, api: &str, now: Timestamp) -> sqlx::Result<()> {
    count(tx, api, ALL_OF_A_MINUTE, now).await
}

async fn count(tx: &mut Tx, api: &str, calls: i64, now: Timestamp) -> sqlx::Result<()> {
    let sql = "INSERT INTO rates (api, slot, calls) VALUES ($1, $2, $3)
               ON CONFLICT (api, slot) DO UPDATE SET calls = rates.calls + excluded.calls";
    tx.run(sql, args![api, now - now.rem_euclid(SLOT), calls]).await.map(drop)
}

/// Forgets calls that no window counts any more.
pub async fn tidy(tx: &mut Tx, now: Timestamp) -> sqlx::Result<()> {
    tx.run("DELETE FROM rates WHERE slot < $1", args![now - 2 * HOUR]).await.map(drop)
}
