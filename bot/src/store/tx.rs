//! One transaction on either database, and the values its queries take.

use std::any::Any;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::queue::Door;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{FromRow, Transaction};

/// Arguments in the order of the placeholders `$1`, `$2`, …
pub type Args = Vec<Value>;

/// An argument of a query.
#[derive(Debug, Clone)]
pub enum Value {
    /// TEXT, or its NULL.
    Text(Option<String>),
    /// BIGINT, or its NULL.
    Int(Option<i64>),
    /// BOOLEAN.
    Bool(bool),
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}
impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}
impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}
impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}
impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// A row type both databases can give.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// What every step asks and few change, as statements name it: tables, and a row of `kv`.
const SELDOM: [&str; 4] = ["desks", "duty_words", "pauses", "pause_register"];

/// A transaction in progress.
pub struct Tx {
    inner: Inner,
    has_work: bool,
    /// Lanes whose head may have changed.
    lanes: BTreeSet<(Door, String)>,
    /// What was read of [`SELDOM`] so far, by the text of its query.
    seldom: HashMap<&'static str, Arc<dyn Any + Send + Sync>>,
    /// Whether the pause register is held already.
    holds_register: bool,
}

enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

type SqliteQuery = sqlx::query::Query<'static, Sqlite, SqliteArguments>;
type PgQuery = sqlx::query::Query<'static, Postgres, PgArguments>;

fn sqlite_query(sql: &'static str, args: Args) -> SqliteQuery {
    args.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bool(flag) => query.bind(flag),
    })
}

fn postgres_query(sql: &'static str, args: Args) -> PgQuery {
    args.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bool(flag) => query.bind(flag),
    })
}

impl Tx {
    pub(super) fn sqlite(inner: Transaction<'static, Sqlite>) -> Self {
        Self::of(Inner::Sqlite(inner))
    }

    pub(super) fn postgres(inner: Transaction<'static, Postgres>) -> Self {
        Self::of(Inner::Postgres(inner))
    }

    fn of(inner: Inner) -> Self {
        Self { inner, has_work: false, lanes: BTreeSet::new(), seldom: HashMap::new(), holds_register: false }
    }

    /// Runs a statement and says how many rows it changed.
    pub async fn run(&mut self, sql: &'static str, args: Args) -> sqlx::Result<u64> {
        self.forget_what_changes(sql);
        match &mut self.inner {
            Inner::Sqlite(tx) => Ok(sqlite_query(sql, args).execute(&mut **tx).await?.rows_affected()),
            Inner::Postgres(tx) => Ok(postgres_query(sql, args).execute(&mut **tx).await?.rows_affected()),
        }
    }

    /// All rows of a query.
    pub async fn all<T: Row>(&mut self, sql: &'static str, args: Args) -> sqlx::Result<Vec<T>> {
        self.forget_what_changes(sql);
        match &mut self.inner {
            Inner::Sqlite(tx) => {
                let rows = sqlite_query(sql, args).fetch_all(&mut **tx).await?;
                rows.iter().map(T::from_row).collect()
            }
            Inner::Postgres(tx) => {
                let rows = postgres_query(sql, args).fetch_all(&mut **tx).await?;
                rows.iter().map(T::from_row).collect()
            }
        }
    }

    /// The first row of a query, if there is one.
    pub async fn one<T: Row>(&mut self, sql: &'static str, args: Args) -> sqlx::Result<Option<T>> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    /// All rows of a query without arguments about what seldom changes ([`SELDOM`]). On SQLite it is asked once in a
    /// transaction, beside which nobody else writes; on PostgreSQL others may have changed it since.
    pub(super) async fn seldom<T: Row + Clone + Sync + 'static>(&mut self, sql: &'static str) -> sqlx::Result<Vec<T>> {
        if let Some(known) = self.seldom.get(sql).and_then(|rows| rows.downcast_ref::<Vec<T>>()) {
            return Ok(known.clone());
        }
        let rows: Vec<T> = self.all(sql, Vec::new()).await?;
        if self.writes_alone() {
            self.seldom.insert(sql, Arc::new(rows.clone()));
        }
        Ok(rows)
    }

    fn forget_what_changes(&mut self, sql: &str) {
        if !self.seldom.is_empty() && !sql.starts_with("SELECT") && SELDOM.iter().any(|name| sql.contains(name)) {
            self.seldom.clear();
        }
    }

    /// Whether nobody else writes while this transaction stands, and what was read stays true.
    pub(super) fn writes_alone(&self) -> bool {
        matches!(self.inner, Inner::Sqlite(_))
    }

    /// Undoes what the unit did since its savepoint.
    pub(super) async fn undo_unit(&mut self) -> sqlx::Result<()> {
        self.seldom.clear();
        self.run("ROLLBACK TO unit", Vec::new()).await.map(drop)
    }

    /// Remembers to wake the workers of all instances after the commit.
    pub(super) fn has_work(&mut self) {
        self.has_work = true;
    }

    /// Whether anything was written that workers should hear of.
    pub(super) fn brings_work(&self) -> bool {
        self.has_work
    }

    /// Begins another unit in the same transaction, which is not told of the work the one before brought.
    pub(super) fn begin_unit(&mut self) {
        self.has_work = false;
    }

    /// Remembers a lane whose next row has to be looked for before the commit.
    pub(super) fn touch(&mut self, door: Door, lane: &str) {
        self.lanes.insert((door, lane.to_owned()));
    }

    /// The lanes remembered so far, which are forgotten by that.
    pub(super) fn touched(&mut self) -> BTreeSet<(Door, String)> {
        std::mem::take(&mut self.lanes)
    }

    /// The text of a query that cannot be the same on both databases.
    pub(super) fn either(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self.inner {
            Inner::Sqlite(_) => sqlite,
            Inner::Postgres(_) => postgres,
        }
    }

    /// Lets only one transaction at a time go on with what `name` stands for, until it ends; SQLite has one writer
    /// anyway.
    pub(super) async fn alone(&mut self, name: &str) -> sqlx::Result<()> {
        if let Inner::Postgres(_) = self.inner {
            let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 20261125))";
            self.run(sql, vec![Value::from(name)]).await?;
        }
        Ok(())
    }

    /// Keeps the pause register still until this transaction ends; several may hold it at once.
    pub(super) async fn hold_register(&mut self) -> sqlx::Result<()> {
        if let (Inner::Postgres(_), false) = (&self.inner, self.holds_register) {
            self.run("SELECT pg_advisory_xact_lock_shared(20261126)", Vec::new()).await?;
            self.holds_register = true;
        }
        Ok(())
    }

    /// Waits until nobody holds the pause register, and keeps it until this transaction ends.
    pub(super) async fn take_register(&mut self) -> sqlx::Result<()> {
        if let Inner::Postgres(_) = self.inner {
            self.run("SELECT pg_advisory_xact_lock(20261126)", Vec::new()).await?;
            self.holds_register = true;
        }
        Ok(())
    }

    /// Waits a minute for locks from here on, instead of a moment: for what has to happen once, at a start.
    pub(super) async fn be_patient(&mut self) -> sqlx::Result<()> {
        if let Inner::Postgres(_) = self.inner {
            self.run("SET LOCAL lock_timeout = '60s'", Vec::new()).await?;
        }
        Ok(())
    }

    /// Lets only one transaction at a time grow the tree over the record.
    pub(super) async fn seal_alone(&mut self) -> sqlx::Result<()> {
        if let Inner::Postgres(_) = self.inner {
            self.run("SELECT pg_advisory_xact_lock(20261127)", Vec::new()).await?;
        }
        Ok(())
    }

    pub(super) async fn commit(self) -> anyhow::Result<()> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    pub(super) async fn rollback(self) -> anyhow::Result<()> {
        match self.inner {
            Inner::Sqlite(tx) => tx.rollback().await?,
            Inner::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}
