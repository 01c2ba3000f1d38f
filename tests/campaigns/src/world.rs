//! A world with the real program in it as processes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rustix::process::Signal;
use simulator::openai::{Behaviour, FakeModel};
use simulator::{Clock, Settings, Simulator};

use crate::balancer::Balancer;
use crate::database::{Database, On, Ways};
use crate::evidence::Evidence;
use crate::instance::{Instance, Setup, beside};
use crate::link::Proxy;
use crate::shop::Shop;

/// The secret that all instances share.
pub const SECRET: &str = "5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2";

/// How often a start is tried.
const STARTS: usize = 5;

/// What a world is like when it opens.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides what the platform does where its documentation is silent, and every draw of the campaign.
    pub seed: u64,
    /// The database.
    pub on: On,
    /// Processes; SQLite has one.
    pub instances: usize,
    /// The shop.
    pub shop: Shop,
    /// Instances, the first ones, whose ways to database and platform pass through links that can be cut.
    pub wired: usize,
    /// How the language model behaves; none drafts without one.
    pub model: Option<Behaviour>,
    /// More variables for every process; they win over the usual ones.
    pub env: BTreeMap<String, String>,
    /// The program; `None` takes the one beside this program.
    pub binary: Option<PathBuf>,
    /// Settings of the platform that the seed does not decide.
    pub platform: fn(&mut Settings),
    /// More of the configuration file, behind what the shop itself has.
    pub configured: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 1,
            on: On::Sqlite,
            instances: 1,
            shop: Shop::default(),
            wired: 0,
            model: None,
            env: BTreeMap::new(),
            binary: None,
            platform: |_| {},
            configured: String::new(),
        }
    }
}

/// An open world.
pub struct World {
    /// What it was opened with.
    pub plan: Plan,
    /// The platform; its ledger is the oracle.
    pub sim: Simulator,
    /// The language model, where the plan has one.
    pub model: Option<FakeModel>,
    /// In front of the instances.
    pub balancer: Balancer,
    /// The database.
    pub database: Database,
    /// The ways of each instance.
    pub ways: Vec<Ways>,
    /// The processes; `None` is one that does not run.
    pub instances: Vec<Option<Instance>>,
    /// Everything of this run: configuration, data, logs.
    pub folder: PathBuf,
}

impl World {
    /// Opens a world: shop, database, configuration and knowledge are there, nothing serves yet.
    ///
    /// # Errors
    /// Where the program was not built, or the database is not there.
    pub async fn open(plan: Plan) -> anyhow::Result<Self> {
        ensure!(plan.on == On::Postgres || plan.instances == 1, "SQLite has one instance");
        let folder = folder_for(plan.seed)?;
        let mut settings = Settings::from_seed(plan.seed, Clock::system());
        (plan.platform)(&mut settings);
        let sim = Simulator::start(settings).await?;
        plan.shop.move_in(&sim).await?;
        let balancer = Balancer::open(plan.instances).await?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
        let database = Database::make(plan.on, &name).await?;
        let model = match plan.model.clone() {
            Some(behaviour) => Some(FakeModel::start(behaviour).await?),
            None => None,
        };
        let mut ways = Vec::new();
        for n in 0..plan.instances {
            ways.push(if n < plan.wired { links(&sim, &database).await? } else { Ways::default() });
        }
        let instances = (0..plan.instances).map(|_| None).collect();
        let world = Self { plan, sim, model, balancer, database, ways, instances, folder };
        world.furnish().await?;
        Ok(world)
    }

    /// Configuration and knowledge, and where callbacks go.
    async fn furnish(&self) -> anyhow::Result<()> {
        let desk = self.plan.shop.desk() + &self.plan.configured;
        std::fs::write(self.folder.join("aijia.toml"), desk)?;
        let knowledge = self.plan.shop.knowledge();
        let knowledge = knowledge.to_str().context("a path in UTF-8")?;
        self.run(&["migrate"]).await?;
        self.run(&["knowledge", "import", knowledge, "--owner", "sunmei", "--kind", "product"]).await?;
        self.sim.set_callback_url(&format!("{}/callback/wecom", self.balancer.origin()));
        Ok(())
    }

    /// What instance `n` is started with.
    pub fn setup(&self, n: usize) -> anyhow::Result<Setup> {
        let binary = match &self.plan.binary {
            Some(binary) => binary.clone(),
            None => beside()?,
        };
        let log = self.folder.join(format!("instance-{n}.log"));
        Ok(Setup { binary, env: self.env(n)?, folder: self.folder.clone(), log })
    }

    /// Where instance `n` keeps its files.
    pub fn data(&self, n: usize) -> PathBuf {
        self.folder.join(format!("data-{n}"))
    }

    fn env(&self, n: usize) -> anyhow::Result<BTreeMap<String, String>> {
        let settings = self.sim.settings();
        let data = self.data(n);
        let ways = self.ways.get(n).context("an instance of this world")?;
        let api = match &ways.platform {
            Some(proxy) => format!("http://127.0.0.1:{}/cgi-bin", proxy.port),
            None => self.sim.api_base(),
        };
        let mut env: BTreeMap<String, String> = [
            ("AIJIA_CONFIG", "aijia.toml".to_owned()),
            ("AIJIA_LISTEN", "127.0.0.1:0".to_owned()),
            ("AIJIA_PUBLIC_URL", self.balancer.origin()),
            ("AIJIA_DATA_DIR", data.to_string_lossy().into_owned()),
            ("AIJIA_SECRET_KEY", SECRET.to_owned()),
            ("DATABASE_URL", self.database.url(&data, ways.database.as_ref())),
            ("WECOM_CORP_ID", settings.corp_id),
            ("WECOM_AGENT_ID", settings.agent_id.to_string()),
            ("WECOM_APP_SECRET", settings.secret),
            ("WECOM_CALLBACK_TOKEN", settings.callback_token),
            ("WECOM_CALLBACK_AES_KEY", settings.callback_aes_key),
            ("WECOM_API_BASE", api),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        if let Some(model) = &self.model {
            let model = [("OPENAI_BASE_URL", model.base_url()), ("OPENAI_API_KEY", "campaign".to_owned())];
            env.extend(model.map(|(name, value)| (name.to_owned(), value)));
            env.insert("OPENAI_MODEL".to_owned(), "campaign-model".to_owned());
        }
        env.extend(self.plan.env.clone());
        Ok(env)
    }

    /// Runs a command of the program in instance 0's environment and gives what it printed.
    ///
    /// # Errors
    /// Where it does not end well; with what it said.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut setup = self.setup(0)?;
        setup.env.insert("RUST_LOG".to_owned(), "warn".to_owned());
        let output = setup.command(arguments).output().await?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "`aijia {}` ended with {}: {said}", arguments.join(" "), output.status);
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts every instance that does not run.
    ///
    /// # Errors
    /// Where one does not come up.
    pub async fn start_all(&mut self) -> anyhow::Result<()> {
        for n in 0..self.instances.len() {
            if self.instances.get(n).is_some_and(Option::is_none) {
                self.start(n).await?;
            }
        }
        Ok(())
    }

    /// Starts instance `n`, a few times if need be, as what watches over a service does; gives how long it took until
    /// it listened.
    ///
    /// # Errors
    /// Where it does not come up.
    pub async fn start(&mut self, n: usize) -> anyhow::Result<Duration> {
        let setup = self.setup(n)?;
        let began = Instant::now();
        for _ in 1..STARTS {
            if self.start_with(n, &setup).await.is_ok() {
                return Ok(began.elapsed());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.start_with(n, &setup).await
    }

    /// Starts instance `n` with a setup of its own.
    ///
    /// # Errors
    /// Where it does not come up.
    pub async fn start_with(&mut self, n: usize, setup: &Setup) -> anyhow::Result<Duration> {
        let instance = Instance::start(setup).await?;
        let took = instance.started_in;
        if let Some(link) = self.balancer.links.get(n) {
            link.lead(Some(instance.address));
        }
        if let Some(place) = self.instances.get_mut(n) {
            *place = Some(instance);
        }
        Ok(took)
    }

    /// Kills instance `n` as `kill -9` does.
    ///
    /// # Errors
    /// Where it cannot be waited for.
    pub async fn kill(&mut self, n: usize) -> anyhow::Result<()> {
        if let Some(link) = self.balancer.links.get(n) {
            link.lead(None);
            link.cut();
        }
        match self.instances.get_mut(n).and_then(Option::take) {
            Some(instance) => instance.kill().await,
            None => Ok(()),
        }
    }

    /// Stops or thaws instance `n`.
    pub fn freeze(&self, n: usize, frozen: bool) {
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        if let Some(Some(instance)) = self.instances.get(n) {
            instance.signal(signal);
        }
    }

    /// Everything on record, as `aijia evidence export` gives it.
    ///
    /// # Errors
    /// Where the export fails or cannot be read.
    pub async fn evidence(&self) -> anyhow::Result<Evidence> {
        let file = self.folder.join("evidence.jsonl");
        let path = file.to_str().context("a path in UTF-8")?;
        self.run(&["evidence", "export", "-o", path]).await?;
        Evidence::read(&file)
    }

    /// Ends every process and removes everything; `keep` leaves the folder and the database for a look.
    ///
    /// # Errors
    /// Where a process cannot be waited for.
    pub async fn close(mut self, keep: bool) -> anyhow::Result<()> {
        for n in 0..self.instances.len() {
            self.freeze(n, false);
            self.kill(n).await?;
        }
        self.sim.shutdown();
        if !keep {
            self.database.remove().await;
            let _ = std::fs::remove_dir_all(&self.folder);
        }
        Ok(())
    }
}

async fn links(sim: &Simulator, database: &Database) -> anyhow::Result<Ways> {
    let platform: SocketAddr = sim.origin().trim_start_matches("http://").parse()?;
    Ok(Ways { database: database.proxy().await?, platform: Some(Proxy::open(platform).await?) })
}

/// A folder of this run's own.
fn folder_for(seed: u64) -> anyhow::Result<PathBuf> {
    let base = std::env::var_os("AIJIA_CAMPAIGNS").map_or_else(std::env::temp_dir, PathBuf::from);
    let taken = |path: &Path| path.exists();
    let process = std::process::id();
    let names = (0..1_000_000).map(|n| base.join(format!("campaign-{seed}-{process}-{n}")));
    let folder = names.into_iter().find(|path| !taken(path)).context("no folder is free")?;
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
