//! Which parcels a logistics service was asked for: a number is taken before it is asked for, by one program at a time.

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// Whose turn it is to ask for a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Ours: nobody asked for it lately.
    Ours,
    /// It was asked for lately.
    Known {
        /// When.
        asked_at: Timestamp,
        /// SHA-256 of the answer that is kept, in hex, once there is one.
        answer: Option<String>,
    },
}

/// Takes a parcel, by the SHA-256 of its number, where it was not taken within `apart` milliseconds.
pub async fn take(tx: &mut Tx, parcel: &str, now: Timestamp, apart: Timestamp) -> sqlx::Result<Turn> {
    let sql = "INSERT INTO parcel_queries (parcel_sha256, asked_at) VALUES ($1, $2)
               ON CONFLICT (parcel_sha256) DO UPDATE SET asked_at = excluded.asked_at, answer = NULL
               WHERE parcel_queries.asked_at <= $3";
    if tx.run(sql, args![parcel, now, now.saturating_sub(apart)]).await? == 1 {
        return Ok(Turn::Ours);
    }
    let sql = "SELECT asked_at, answer FROM parcel_queries WHERE parcel_sha256 = $1";
    let known: Option<(Timestamp, Option<String>)> = tx.one(sql, args![parcel]).await?;
    Ok(known.map_or(Turn::Ours, |(asked_at, answer)| Turn::Known { asked_at, answer }))
}

/// Keeps what was answered when a parcel was taken at `asked_at`.
pub async fn answered(tx: &mut Tx, parcel: &str, asked_at: Timestamp, answer: &str) -> sqlx::Result<()> {
    let sql = "UPDATE parcel_queries SET answer = $3 WHERE parcel_sha256 = $1 AND asked_at = $2";
    tx.run(sql, args![parcel, asked_at, answer]).await.map(drop)
}

/// Gives back a parcel that was taken at `asked_at` and not asked for.
pub async fn give_back(tx: &mut Tx, parcel: &str, asked_at: Timestamp) -> sqlx::Result<()> {
    let sql = "DELETE FROM parcel_queries WHERE parcel_sha256 = $1 AND asked_at = $2 AND answer IS NULL";
    tx.run(sql, args![parcel, asked_at]).await.map(drop)
}
