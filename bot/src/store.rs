//! What is kept. SQL lives here and nowhere else, in one set of queries for SQLite and PostgreSQL.
//!
//! There is one door, [`Store::commit`]: a unit of work reads its rows, calls the pure core, writes, and
//! gets its answer after the durable commit. No caller ever holds a transaction.

pub mod accounts;
pub mod cards;
pub mod cases;
pub mod conversations;
pub mod desks;
pub mod knowledge;
pub mod pauses;
pub mod people;
pub mod queue;
pub mod record;
pub mod sends;
pub mod turns;
mod tx;
mod writer;

pub use sqlx::Error;
pub use tx::{Args, Tx, Value};

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use futures::future::BoxFuture;
use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::watch;

use crate::config::Database;

/// Arguments of a query, each turned into a [`Value`].
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    backend: Backend,
    wake: watch::Sender<()>,
}

#[derive(Clone)]
enum Backend {
    Sqlite { readers: SqlitePool, writer: writer::Writer },
    Postgres(PgPool),
}

impl Store {
    /// Opens the database, creating an SQLite file that does not exist yet, and brings its schema up to date.
    ///
    /// # Errors
    /// When the database cannot be reached or its schema is newer than this program.
    pub async fn open(database: &Database) -> anyhow::Result<Self> {
        let backend = match database {
            Database::Sqlite(path) => open_sqlite(path).await?,
            Database::Postgres(url) => open_postgres(url).await?,
        };
        Ok(Self { backend, wake: watch::Sender::new(()) })
    }

    /// Runs a unit of work and answers after its durable commit. When the unit fails, nothing of it stays.
    ///
    /// # Errors
    /// Those of the unit, and those of the commit.
    pub async fn commit<T, F>(&self, unit: F) -> anyhow::Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<T>> + Send + 'static,
    {
        let (answer, brings_work) = match &self.backend {
            Backend::Sqlite { writer, .. } => writer.commit(with_news(unit)).await,
            Backend::Postgres(pool) => commit_postgres(pool, with_news(unit)).await,
        }?;
        if brings_work {
            self.wake.send_replace(());
        }
        Ok(answer)
    }

    /// Reads several things that belong to one moment. What the unit writes is not kept.
    ///
    /// # Errors
    /// Those of the unit.
    pub async fn read<T, F>(&self, unit: F) -> anyhow::Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<T>> + Send + 'static,
    {
        let mut tx = match &self.backend {
            Backend::Sqlite { readers, .. } => Tx::sqlite(readers.begin().await?),
            Backend::Postgres(pool) => Tx::postgres(pool.begin_with(ONE_MOMENT).await?),
        };
        let answer = unit(&mut tx).await;
        tx.rollback().await?;
        answer
    }

    /// Writes a copy of an SQLite database as it is at one moment to a file that does not exist yet, while others
    /// read and write.
    ///
    /// # Errors
    /// On PostgreSQL, which has its own tools, and when the file cannot be written.
    pub async fn copy_to(&self, path: &Path) -> anyhow::Result<()> {
        let Backend::Sqlite { readers, .. } = &self.backend else { anyhow::bail!("PostgreSQL is copied by pg_dump") };
        let cannot = || format!("cannot copy the database to {}", path.display());
        let target = path.to_str().with_context(cannot)?.to_owned();
        sqlx::query("VACUUM INTO $1").bind(target).execute(readers).await.with_context(cannot)?;
        std::fs::File::open(path).and_then(|file| file.sync_all()).with_context(cannot)
    }

    /// Hears of new work from now on.
    pub fn news(&self) -> News {
        News(self.wake.subscribe())
    }

    /// Frees everything that was claimed when the last program on this database ended. Where several work side by
    /// side, nothing is freed: nobody knows whose it is, and the leases end by themselves.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_back_leases(&self) -> anyhow::Result<()> {
        if self.is_shared() {
            return Ok(());
        }
        self.commit(|tx| Box::pin(async move { Ok(queue::take_back_leases(tx).await?) })).await
    }

    /// Follows what other instances commit; returns at once on SQLite, which has no other instances.
    ///
    /// # Errors
    /// When the connection is lost; call again.
    pub async fn follow_other_instances(&self) -> anyhow::Result<()> {
        let Backend::Postgres(pool) = &self.backend else { return Ok(()) };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(tx::WORK_CHANNEL).await?;
        loop {
            listener.recv().await?;
            self.wake.send_replace(());
        }
    }

    /// Whether several instances can share this database.
    pub fn is_shared(&self) -> bool {
        matches!(self.backend, Backend::Postgres(_))
    }
}

/// The unit, which also says whether workers should hear of it.
fn with_news<T, F>(
    unit: F,
) -> impl for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<(T, bool)>> + Send + 'static
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<T>> + Send + 'static,
{
    |tx| {
        Box::pin(async move {
            let answer = unit(tx).await?;
            Ok((answer, tx.brings_work()))
        })
    }
}

/// Tells when there is new work. What comes while its holder is busy is told at once when they ask again.
pub struct News(watch::Receiver<()>);

impl News {
    /// Waits until somebody brought work since the last call, or for `at_most`.
    pub async fn wait(&mut self, at_most: Duration) {
        // The sender lives as long as the store; without it, the time is all there is to wait for.
        let _ = tokio::time::timeout(at_most, self.0.changed()).await;
    }
}

/// A reading transaction on PostgreSQL sees one moment, as it does on SQLite.
const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

async fn open_sqlite(path: &Path) -> anyhow::Result<Backend> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(7));
    let cannot = || format!("cannot open the database {}", path.display());
    let writer =
        SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.with_context(cannot)?;
    sqlx::migrate!("../migrations/sqlite").run(&writer).await.with_context(cannot)?;
    let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.with_context(cannot)?;
    Ok(Backend::Sqlite { readers, writer: writer::Writer::start(writer) })
}

async fn open_postgres(url: &str) -> anyhow::Result<Backend> {
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(10))
        .after_connect(|connection, _| {
            Box::pin(async move {
                // A stuck instance must not hold a conversation's lock for long.
                sqlx::query("SET lock_timeout = '5s'").execute(&mut *connection).await?;
                sqlx::query("SET idle_in_transaction_session_timeout = '10s'").execute(&mut *connection).await?;
                Ok(())
            })
        })
        .connect(url)
        .await
        .context("cannot reach the PostgreSQL database of DATABASE_URL")?;
    sqlx::migrate!("../migrations/postgres").run(&pool).await.context("cannot bring the schema up to date")?;
    Ok(Backend::Postgres(pool))
}

async fn commit_postgres<T, F>(pool: &PgPool, unit: F) -> anyhow::Result<T>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<T>> + Send + 'static,
{
    let mut tx = Tx::postgres(pool.begin().await?);
    match unit(&mut tx).await {
        Ok(answer) => tx.commit().await.map(|()| answer),
        Err(problem) => {
            tx.rollback().await?;
            Err(problem)
        }
    }
}
