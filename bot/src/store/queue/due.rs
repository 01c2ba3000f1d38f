//! Where there is something to claim.

use sqlx::FromRow;

use super::{Door, Rank};
use crate::args;
use crate::clock::Timestamp;
use crate::store::Tx;

macro_rules! is_due {
    ($table:literal, $rank:literal, $name:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM ",
            $table,
            " WHERE done_at IS NULL AND head AND owner IS NULL AND rank = ",
            $rank,
            " AND due_at <= $1) AS ",
            $name
        )
    };
}

const DUE: &str = concat!(
    "SELECT ",
    is_due!("inbox", 0, "first_in"),
    ", ",
    is_due!("outbox", 0, "first_out"),
    ", ",
    is_due!("inbox", 1, "then_in"),
    ", ",
    is_due!("outbox", 1, "then_out"),
    ", ",
    is_due!("inbox", 2, "slow_in"),
    ", ",
    is_due!("outbox", 2, "slow_out"),
    ", ",
    is_due!("outbox", 3, "linked"),
    ", ",
    is_due!("outbox", 4, "turns")
);

#[derive(FromRow)]
struct Due {
    first_in: bool,
    first_out: bool,
    turns: bool,
    then_in: bool,
    then_out: bool,
    slow_in: bool,
    slow_out: bool,
    linked: bool,
}

/// Where there is something to claim, the first ranks first: one look instead of eight where there is
/// little.
pub async fn due(tx: &mut Tx, now: Timestamp) -> sqlx::Result<Vec<(Rank, Door)>> {
    let Some(due) = tx.one::<Due>(DUE, args![now]).await? else { return Ok(Vec::new()) };
    let places = [
        (Rank::First, Door::Inbox, due.first_in),
        (Rank::First, Door::Outbox, due.first_out),
        (Rank::Turns, Door::Outbox, due.turns),
        (Rank::Then, Door::Inbox, due.then_in),
        (Rank::Then, Door::Outbox, due.then_out),
        (Rank::Slow, Door::Inbox, due.slow_in),
        (Rank::Slow, Door::Outbox, due.slow_out),
        (Rank::Linked, Door::Outbox, due.linked),
    ];
    Ok(places.into_iter().filter(|(.., due)| *due).map(|(rank, door, _)| (rank, door)).collect())
}
