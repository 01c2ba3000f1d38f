//! Opening a world, and opening it again after the program was killed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use aijia::app::App;
use aijia::clock::{Clock, Ids, SECOND};
use aijia::config::Database;
use aijia::demo::{Stage, Staging};
use aijia::{http, worker};
use anyhow::{Context, ensure};
use simulator::openai::{Behaviour, FakeModel};
use simulator::seller::Seller;
use simulator::{Api, Simulator};
use tokio::net::TcpListener;

use super::World;
use super::away::{Away, Customers};
use super::colleagues::{Colleagues, Phones};

/// Where every story begins: 2026-11-25 10:00 in Shanghai.
const MORNING: i64 = 1_795_572_000_000;
/// The usual desk.
pub const DESK: &str = include_str!("../../../bot/demo/aijia.toml");

/// Which database a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

/// What a world is like when its story begins.
pub struct Setting {
    /// The configuration file's text.
    pub desk: String,
    /// Decides what the platform does where its documentation is silent.
    pub seed: u64,
    /// How the language model behaves; none drafts without one.
    pub model: Option<Behaviour>,
    /// Whether the program has already read the accounts for the first time.
    pub started: bool,
    /// Whether the platform's code for a message id used twice was learned.
    pub knows_duplicates: bool,
    /// The shop's back office; the desk names it. None has none.
    pub seller: Option<Seller>,
    /// More of the environment.
    pub more: Vec<(&'static str, String)>,
    /// Where the story's customers are.
    pub customers: Customers,
    /// Where its colleagues are.
    pub colleagues: Colleagues,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            desk: DESK.to_owned(),
            seed: 7,
            model: None,
            started: true,
            knows_duplicates: false,
            seller: None,
            more: Vec::new(),
            customers: Customers::Kf,
            colleagues: Colleagues::App,
        }
    }
}

impl Setting {
    /// The usual setting with another desk.
    pub fn desk(desk: String) -> Self {
        Self { desk, ..Self::default() }
    }
}

impl World {
    /// A fresh desk with the demo's shop; none where the database is not there.
    pub async fn open(on: On, setting: Setting) -> anyhow::Result<Option<Self>> {
        install_tls();
        let folder = tempfile::tempdir()?;
        let Some(database) = database(on, &folder).await? else { return Ok(None) };
        let (clock, sim_clock) = (Clock::manual(MORNING), simulator::Clock::at(MORNING));
        let model = match setting.model {
            Some(behaviour) => Some(FakeModel::start(behaviour).await?),
            None => None,
        };
        let (listener, address) = bind().await?;
        let away = Away::open(setting.customers, &sim_clock).await?;
        away.knocks_at(&address);
        let phones = Phones::hand_out(setting.colleagues, &away, &sim_clock).await?;
        let staging = Staging {
            clock: clock.clone(),
            sim_clock: sim_clock.clone(),
            ids: Ids::seeded(setting.seed),
            seed: setting.seed,
            database,
            folder: folder.path().to_owned(),
            public_url: Some(address.clone()),
            desk: phones.on_desk(&away.on_desk(&setting.desk)),
            openai_base: model.as_ref().map(FakeModel::base_url),
            knows_duplicates: setting.knows_duplicates,
            more: away.environment().into_iter().chain(phones.environment()).chain(setting.more).collect(),
        };
        let Stage { app, sim } = Stage::set(staging.clone()).await?;
        let edge = serve(listener, &app, &sim, &address);
        let pages = Vec::new();
        let mut world = Self {
            app,
            sim,
            clock,
            sim_clock,
            address,
            folder,
            model,
            seller: setting.seller,
            pages,
            away,
            phones,
            answered_for: BTreeSet::new(),
            staging,
            edge,
        };
        if setting.started {
            world.settle().await?;
            world.connects().await?;
        }
        Ok(Some(world))
    }

    /// The program is killed and started again on the same database and folder. Whatever was under way is lost.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.reopen().await?;
        self.settle().await?;
        self.connects().await
    }

    /// The AI bot's connection is up, where there is one.
    async fn connects(&mut self) -> anyhow::Result<()> {
        let is_up = |app: &App| app.aibot.as_ref().is_none_or(|aibot| aibot.link().is_some());
        for _ in 0..40 {
            if is_up(&self.app) {
                return Ok(());
            }
            // What died without a word is gone after a while, and what it held is free.
            worker::listen(&self.app, Duration::from_millis(50)).await?;
            if !is_up(&self.app) {
                self.wait(Duration::from_secs(2)).await?;
            }
        }
        anyhow::bail!("the AI bot is not connected")
    }

    async fn reopen(&mut self) -> anyhow::Result<()> {
        self.edge.abort();
        // Nothing starts in no time, and new ids sort after old ones.
        self.clock.advance(SECOND);
        self.sim_clock.advance(SECOND);
        let (listener, address) = bind().await?;
        self.staging.ids = Ids::seeded(self.staging.seed.wrapping_add(u64::try_from(self.clock.now())?));
        self.staging.public_url = Some(address.clone());
        self.app = Stage::reopen(&self.sim, &self.staging).await?;
        self.edge = serve(listener, &self.app, &self.sim, &address);
        self.away.knocks_at(&address);
        self.address = address;
        Ok(())
    }

    /// The program is started on another data folder and another database, in the same world.
    pub async fn moves_to(&mut self, data: &Path, database_url: &str) -> anyhow::Result<()> {
        self.staging.folder = data.to_owned();
        self.staging.database =
            Database::from_url(Some(database_url), data).map_err(|problem| anyhow::anyhow!("{problem}"))?;
        self.restart().await
    }

    /// A new, empty database on the server of this world's own.
    pub async fn another_database(&self) -> anyhow::Result<String> {
        empty_database().await?.context("there is no PostgreSQL server")
    }

    /// Another instance of the program on the same database. It does nothing by itself.
    pub async fn another_instance(&self, seed: u64) -> anyhow::Result<App> {
        let staging = Staging { ids: Ids::seeded(seed), ..self.staging.clone() };
        Stage::reopen(&self.sim, &staging).await
    }

    /// The program is killed and started on another database; whether it takes that for an older copy of its own.
    pub async fn starts_on(&mut self, database_url: &str) -> anyhow::Result<bool> {
        // What was sent so far has its authority in the record that is left behind.
        self.everything_sent_is_answered_for().await?;
        self.staging.database = Database::from_url(Some(database_url), self.folder.path())
            .map_err(|problem| anyhow::anyhow!("{problem}"))?;
        self.reopen().await?;
        let held = worker::recovery::look(&self.app).await?;
        self.settle().await?;
        Ok(held)
    }

    /// The program works until `calls` calls of `api` have reached the platform since now, and is killed there.
    pub async fn killed_at(&mut self, api: Api, calls: usize) -> anyhow::Result<()> {
        let (app, goal) = (self.app.clone(), self.sim.count(api) + calls);
        let working = tokio::spawn(async move { worker::pump(&app).await });
        let reached = async {
            while self.sim.count(api) < goal {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let reached = tokio::time::timeout(Duration::from_secs(10), reached).await;
        working.abort();
        ensure!(reached.is_ok(), "the program never made call {goal} of {}", api.path());
        self.restart().await
    }

    /// The value of `DATABASE_URL`.
    pub fn database_url(&self) -> String {
        match &self.staging.database {
            Database::Sqlite(path) => format!("sqlite://{}", path.display()),
            Database::Postgres(url) => url.clone(),
        }
    }

    /// The configuration file the program was started with.
    pub fn desk_text(&self) -> &str {
        &self.staging.desk
    }
}

async fn bind() -> anyhow::Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    Ok((listener, address))
}

fn serve(listener: TcpListener, app: &aijia::app::App, sim: &Simulator, address: &str) -> tokio::task::JoinHandle<()> {
    let router = http::router(app.clone());
    sim.set_callback_url(&format!("{address}/callback/wecom"));
    tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    })
}

fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// A new, empty database on the tests' PostgreSQL server; none where there is no server.
pub async fn empty_database() -> anyhow::Result<Option<String>> {
    let folder = tempfile::tempdir()?;
    Ok(match database(On::Postgres, &folder).await? {
        Some(Database::Postgres(url)) => Some(url),
        _ => None,
    })
}

/// A fresh database; none where there is no server for it.
pub async fn database(on: On, folder: &tempfile::TempDir) -> anyhow::Result<Option<Database>> {
    match on {
        On::Sqlite => Ok(Some(Database::Sqlite(folder.path().join("aijia.db")))),
        On::Postgres => {
            let Ok(server) = std::env::var("TEST_POSTGRES_URL") else { return Ok(None) };
            let name = format!("story_{}", hex_of(folder));
            let admin = sqlx::postgres::PgPool::connect(&server).await?;
            sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&admin).await?;
            admin.close().await;
            let mut url = url::Url::parse(&server)?;
            url.set_path(&name);
            Ok(Some(Database::Postgres(url.to_string())))
        }
    }
}

fn hex_of(folder: &tempfile::TempDir) -> String {
    let name = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.bytes().map(|b| format!("{b:02x}")).collect()
}
