//! What is kept. SQL lives here and nowhere else, in one set of queries for SQLite and PostgreSQL.
//!
//! There is one door, [`Store::commit`]: a unit of work reads its rows, calls the pure core, writes, and
//! gets its answer after the durable commit. No caller ever holds a transaction.

pub mod accounts;
pub mod actions;
pub mod automation;
pub mod back_office;
pub mod cards;
pub mod cases;
pub mod conversations;
pub mod desks;
pub mod erasure;
pub mod examples;
pub mod instances;
pub mod knowledge;
mod lanes;
mod lock;
pub mod outcomes;
pub mod parcels;
pub mod pauses;
pub mod people;
pub mod qa;
pub mod queue;
pub mod record;
pub mod samples;
mod seat;
pub mod sends;
pub mod spending;
pub mod tokens;
pub mod turns;
mod tx;
mod unavailable;
mod unit;
mod writer;

pub use lock::Lock;
pub use seat::Seat;
pub use sqlx::Error;
pub use tx::{Args, Tx, Value};
pub use unavailable::Unavailable;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::watch;

use crate::chaos;
use crate::config::Database;
use crate::metrics::Metrics;
use crate::mistake::{self, Mistake};
use unit::Unit;
use writer::Turn;

/// Arguments of a query, each turned into a [`Value`].
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}

tokio::task_local! {
    /// When what is committed here is written.
    static TURN: Turn;
}

/// Does something for which somebody waits: what it commits is written ahead of everything else on SQLite.
pub async fn ahead<T>(doing: impl Future<Output = T>) -> T {
    TURN.scope(Turn::Ahead, doing).await
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    backend: Backend,
    wake: watch::Sender<()>,
    /// Work that was committed here, which other instances have to hear of.
    ours: watch::Sender<()>,
    metrics: Metrics,
    only_reads: bool,
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
        let metrics = Metrics::default();
        let backend = match database {
            Database::Sqlite(path) => open_sqlite(path, metrics.clone()).await?,
            Database::Postgres(url) => open_postgres(url).await?,
        };
        Ok(Self { backend, wake: watch::Sender::new(()), ours: watch::Sender::new(()), metrics, only_reads: false })
    }

    /// The same database for whoever must not write: every commit is refused.
    pub fn to_read(self) -> Self {
        Self { only_reads: true, ..self }
    }

    /// Whether every commit is refused.
    pub fn only_reads(&self) -> bool {
        self.only_reads
    }

    /// What is counted in this program.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Runs a unit of work and answers after its durable commit. When the unit fails, nothing of it stays. It may be
    /// run again from the start where PostgreSQL says that it and another one stood in each other's way.
    ///
    /// # Errors
    /// Those of the unit, and those of the commit: then it is not known whether it was kept.
    pub async fn commit<T, F>(&self, unit: F) -> anyhow::Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, anyhow::Result<T>> + Clone + Send + 'static,
    {
        let (unit, answer) = unit::without_type(unit);
        self.run(TURN.try_get().unwrap_or(Turn::Behind), unit).await?;
        answer.take()
    }

    fn run(&self, turn: Turn, unit: Unit) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            ensure!(!self.only_reads, "this program only reads the database");
            let brings_work = match &self.backend {
                Backend::Sqlite { writer, .. } => writer.commit(turn, unit).await,
                Backend::Postgres(pool) => commit_postgres(pool, &self.metrics, unit).await,
            }
            .map_err(unavailable::marked)?;
            if brings_work {
                self.wake.send_replace(());
                self.ours.send_replace(());
            }
            Ok(())
        })
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
        let mut tx = self.one_moment().await?;
        let answer = unit(&mut tx).await.map_err(unavailable::marked);
        tx.rollback().boxed().await.map_err(unavailable::marked)?;
        answer
    }

    fn one_moment(&self) -> BoxFuture<'_, anyhow::Result<Tx>> {
        Box::pin(async move {
            let begun = match &self.backend {
                Backend::Sqlite { readers, .. } => readers.begin().await.map(Tx::sqlite).map_err(Into::into),
                Backend::Postgres(pool) => begin(pool, ONE_MOMENT).await,
            };
            begun.map_err(unavailable::marked)
        })
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

    /// The same database, written through another writer.
    #[cfg(test)]
    fn writing_with(&self, writer: writer::Writer) -> Self {
        let backend = match &self.backend {
            Backend::Sqlite { readers, .. } => Backend::Sqlite { readers: readers.clone(), writer },
            Backend::Postgres(pool) => Backend::Postgres(pool.clone()),
        };
        Self { backend, ..self.clone() }
    }

    /// Hears of new work from now on.
    pub fn news(&self) -> News {
        News(self.wake.subscribe())
    }

    /// Returns when the storage lost what it had been given, after which nothing is written any more: the program must
    /// end, and whoever starts it again finds what was kept.
    pub async fn broken(&self) {
        match &self.backend {
            Backend::Sqlite { writer, .. } => writer.broken().await,
            Backend::Postgres(_) => std::future::pending().await,
        }
    }

    /// Hears of the work that other instances commit, and tells them, as the instance `me`, of what was committed here:
    /// once for all that came within a moment, because PostgreSQL lets commits with something to tell in one at a time.
    /// Returns at once on SQLite, which has no other instances.
    ///
    /// # Errors
    /// When the connection is lost; call again.
    pub async fn follow_other_instances(&self, me: &str) -> anyhow::Result<()> {
        let Backend::Postgres(pool) = &self.backend else { return Ok(()) };
        tokio::select! {
            ended = self.hear(pool, me) => ended,
            ended = self.tell(pool, me) => ended,
        }
    }

    async fn hear(&self, pool: &PgPool, me: &str) -> anyhow::Result<()> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(WORK_CHANNEL).await?;
        loop {
            if listener.recv().await?.payload() != me {
                self.wake.send_replace(());
            }
        }
    }

    async fn tell(&self, pool: &PgPool, me: &str) -> anyhow::Result<()> {
        let mut ours = self.ours.subscribe();
        while ours.changed().await.is_ok() {
            sqlx::query("SELECT pg_notify($1, $2)").bind(WORK_CHANNEL).bind(me).execute(pool).await?;
            tokio::time::sleep(TOLD_TOGETHER).await;
        }
        Ok(())
    }

    /// Whether several instances can share this database.
    pub fn is_shared(&self) -> bool {
        matches!(self.backend, Backend::Postgres(_))
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

/// Where instances tell each other of work.
const WORK_CHANNEL: &str = "aijia_work";
/// Work committed within this time is told of together.
const TOLD_TOGETHER: Duration = Duration::from_millis(10);

/// Prepared statements a connection keeps: more than there are different queries, so that none is prepared twice.
const STATEMENTS: usize = 1_000;
/// Pages of the database the writer keeps at hand, in KiB, as SQLite wants it said.
const WRITER_CACHE: &str = "-16384";

/// A reading transaction on PostgreSQL sees one moment, as it does on SQLite.
const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The oldest SQLite whose write-ahead log two connections cannot spoil for each other (its release notes, 3.51.3).
const SQLITE: (u32, u32, u32) = (3, 51, 3);

async fn open_sqlite(path: &Path, metrics: Metrics) -> anyhow::Result<Backend> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(durability())
        .foreign_keys(true)
        .pragma("wal_autocheckpoint", "0")
        // The data folder may be the only place this program may write to.
        .pragma("temp_store", "MEMORY")
        .busy_timeout(Duration::from_secs(7))
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let cannot = || format!("cannot open the database {}", path.display());
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        .connect_with(options.clone().pragma("cache_size", WRITER_CACHE))
        .await
        .with_context(cannot)?;
    let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()").fetch_one(&writer).await?;
    ensure!(
        version_of(&version) >= SQLITE,
        "SQLite {version} is too old: build with the bundled one (3.51.3 or later)"
    );
    chaos::point("migrate.before");
    sqlx::migrate!("../migrations/sqlite").run(&writer).await.with_context(cannot)?;
    chaos::point("migrate.after");
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(5))
        // A file does not go away as a server does.
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .with_context(cannot)?;
    Ok(Backend::Sqlite { readers, writer: writer::Writer::start(writer, options, metrics) })
}

fn version_of(text: &str) -> (u32, u32, u32) {
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

/// A commit is answered only after the disk has it.
fn durability() -> SqliteSynchronous {
    if mistake::made(Mistake::CommitWithoutSync) { SqliteSynchronous::Normal } else { SqliteSynchronous::Full }
}

async fn open_postgres(url: &str) -> anyhow::Result<Backend> {
    let options: PgConnectOptions = url.parse().context("DATABASE_URL is not a PostgreSQL address")?;
    let options = options.statement_cache_capacity(STATEMENTS).disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(Duration::from_secs(3))
        .after_connect(|connection, _| {
            Box::pin(async move {
                // A stuck instance must not hold a conversation's lock for long.
                sqlx::query("SET lock_timeout = '5s'").execute(&mut *connection).await?;
                sqlx::query("SET idle_in_transaction_session_timeout = '10s'").execute(&mut *connection).await?;
                // Every query has its index. A plan made while a table was empty would read all of it for as long as
                // the connection lives.
                sqlx::query("SET enable_seqscan = off").execute(&mut *connection).await?;
                sqlx::query("SET jit = off").execute(&mut *connection).await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
        .context("cannot reach the PostgreSQL database of DATABASE_URL")?;
    sqlx::migrate!("../migrations/postgres").run(&pool).await.context("cannot bring the schema up to date")?;
    Ok(Backend::Postgres(pool))
}

/// Times a unit is run at most that PostgreSQL chose as a victim.
const MOST_RUNS: u64 = 4;

/// Answers whether workers should hear of it.
async fn commit_postgres(pool: &PgPool, metrics: &Metrics, mut unit: Unit) -> anyhow::Result<bool> {
    let mut runs = 1;
    loop {
        match commit_once(pool, metrics, &mut unit).await {
            Err(problem) if runs < MOST_RUNS && is_victim(&problem) => {
                tokio::time::sleep(Duration::from_millis(20 * runs)).await;
                runs += 1;
            }
            done => {
                return done.inspect_err(|problem| {
                    if is_of_the_database(problem) {
                        metrics.database_error();
                    }
                });
            }
        }
    }
}

/// Begins to its end, whoever asked: a connection whose `BEGIN` was given up half way would go back to the pool in a
/// transaction that nobody knows of.
async fn begin(pool: &PgPool, how: &'static str) -> anyhow::Result<Tx> {
    let pool = pool.clone();
    Ok(Tx::postgres(tokio::spawn(async move { pool.begin_with(how).await }).await??))
}

async fn commit_once(pool: &PgPool, metrics: &Metrics, unit: &mut Unit) -> anyhow::Result<bool> {
    let began = std::time::Instant::now();
    let mut tx = begin(pool, "BEGIN").await?;
    let done = match unit(&mut tx).await {
        Ok(()) => lanes::settle(&mut tx).await,
        failed => failed,
    };
    match done {
        Ok(()) => {
            let brings_work = tx.brings_work();
            chaos::point("postgres.before_commit");
            tx.commit().await?;
            chaos::point("postgres.committed");
            metrics.committed(1, began.elapsed());
            Ok(brings_work)
        }
        Err(problem) => {
            // Where the connection is gone there is nothing left to roll back; the first problem is the one to tell.
            let _ = tx.rollback().await;
            Err(problem)
        }
    }
}

fn is_of_the_database(problem: &anyhow::Error) -> bool {
    problem.chain().any(|cause| cause.downcast_ref::<sqlx::Error>().is_some())
}

/// Whether PostgreSQL ended a transaction because it and another one stood in each other's way: nothing of it was
/// kept, and it may be run again (40001 serialization failure, 40P01 deadlock).
fn is_victim(problem: &anyhow::Error) -> bool {
    problem.chain().any(|cause| {
        let database = cause.downcast_ref::<sqlx::Error>().and_then(|error| error.as_database_error());
        database.and_then(|error| error.code()).is_some_and(|code| code == "40001" || code == "40P01")
    })
}
