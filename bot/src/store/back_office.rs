//! How the recipes of the back offices fare, whose an order is, and which program has a store's browser.

use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;

/// How a recipe fares on a store.
#[derive(Debug, Clone, FromRow)]
pub struct RecipeRuns {
    /// The store.
    pub store: String,
    /// The recipe's name.
    pub recipe: String,
    /// When it last went through.
    pub ran_at: Option<Timestamp>,
    /// How long that took, in milliseconds.
    pub took_ms: Option<i64>,
    /// Since when it is stopped.
    pub stopped_at: Option<Timestamp>,
    /// Why, by name.
    pub why: Option<String>,
    /// SHA-256 of the picture of what was seen then, in hex.
    pub picture: Option<String>,
}

impl RecipeRuns {
    /// Whether it went through after it was stopped: a test did, since nothing else runs then.
    pub fn passed_since(&self) -> bool {
        self.stopped_at.is_none_or(|stopped| self.ran_at.is_some_and(|ran| ran >= stopped))
    }
}

/// How a recipe fares; nothing where it never ran.
pub async fn runs_of(tx: &mut Tx, store: &str, recipe: &str) -> sqlx::Result<Option<RecipeRuns>> {
    tx.one("SELECT * FROM recipe_runs WHERE store = $1 AND recipe = $2", args![store, recipe]).await
}

/// Whether any recipe of a store went through since a time.
pub async fn ran_since(tx: &mut Tx, store: &str, since: Timestamp) -> sqlx::Result<bool> {
    let sql = "SELECT recipe FROM recipe_runs WHERE store = $1 AND ran_at >= $2 LIMIT 1";
    Ok(tx.one::<(String,)>(sql, args![store, since]).await?.is_some())
}

/// A recipe went through.
pub async fn ran(tx: &mut Tx, store: &str, recipe: &str, at: Timestamp, took_ms: i64) -> sqlx::Result<()> {
    let sql = "INSERT INTO recipe_runs (store, recipe, ran_at, took_ms) VALUES ($1, $2, $3, $4)
               ON CONFLICT (store, recipe) DO UPDATE SET ran_at = excluded.ran_at, took_ms = excluded.took_ms";
    tx.run(sql, args![store, recipe, at, took_ms]).await.map(drop)
}

/// Stops a recipe; false where it was stopped already.
pub async fn stop(
    tx: &mut Tx,
    store: &str,
    recipe: &str,
    at: Timestamp,
    why: &str,
    picture: Option<&str>,
) -> sqlx::Result<bool> {
    let sql = "INSERT INTO recipe_runs (store, recipe, stopped_at, why, picture) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (store, recipe) DO UPDATE SET stopped_at = excluded.stopped_at, why = excluded.why,
               picture = excluded.picture WHERE recipe_runs.stopped_at IS NULL";
    Ok(tx.run(sql, args![store, recipe, at, why, picture]).await? == 1)
}

/// Lets a stopped recipe run again; false where it was not stopped.
pub async fn resume(tx: &mut Tx, store: &str, recipe: &str) -> sqlx::Result<bool> {
    let sql = "UPDATE recipe_runs SET stopped_at = NULL, why = NULL, picture = NULL
               WHERE store = $1 AND recipe = $2 AND stopped_at IS NOT NULL";
    Ok(tx.run(sql, args![store, recipe]).await? == 1)
}

/// The recipes that are stopped: store and name.
pub async fn stopped(tx: &mut Tx) -> sqlx::Result<Vec<(String, String)>> {
    let sql = "SELECT store, recipe FROM recipe_runs WHERE stopped_at IS NOT NULL ORDER BY store, recipe";
    tx.all(sql, args![]).await
}

/// The conversation an order belongs to, once one is known.
pub async fn owner_of_order(tx: &mut Tx, store: &str, order: &str) -> sqlx::Result<Option<String>> {
    let sql = "SELECT conversation FROM order_owners WHERE store = $1 AND order_sha256 = $2";
    Ok(tx.one::<(String,)>(sql, args![store, sha256(order)]).await?.map(|(owner,)| owner))
}

/// An order was found for a conversation: it belongs to it from now on, unless another one was first. Gives whether it
/// is theirs.
pub async fn claim_order(tx: &mut Tx, store: &str, order: &str, conversation: &str) -> sqlx::Result<bool> {
    let sql = "INSERT INTO order_owners (store, order_sha256, conversation) VALUES ($1, $2, $3)
               ON CONFLICT (store, order_sha256) DO NOTHING";
    tx.run(sql, args![store, sha256(order), conversation]).await?;
    Ok(owner_of_order(tx, store, order).await?.is_some_and(|owner| owner == conversation))
}

/// Takes a store's back office for an instance, or keeps it; false where another one that shows signs of life has it.
pub async fn take_seat(tx: &mut Tx, store: &str, instance: &str) -> sqlx::Result<bool> {
    let sql = "INSERT INTO office_seats (store, owner) VALUES ($1, $2)
               ON CONFLICT (store) DO UPDATE SET owner = excluded.owner WHERE office_seats.owner = excluded.owner
               OR office_seats.owner NOT IN (SELECT id FROM instances)";
    Ok(tx.run(sql, args![store, instance]).await? == 1)
}

/// Leaves a store's back office to the others.
pub async fn leave_seat(tx: &mut Tx, store: &str, instance: &str) -> sqlx::Result<()> {
    tx.run("DELETE FROM office_seats WHERE store = $1 AND owner = $2", args![store, instance]).await.map(drop)
}

/// An order's number is not kept as it is.
fn sha256(order: &str) -> String {
    hex::encode(Sha256::digest(order))
}
