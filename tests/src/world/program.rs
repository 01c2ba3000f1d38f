//! The program itself, as operators run it, before a simulated WeCom in real time.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use simulator::{Settings, Simulator};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::{Card, DESK, FLAGSHIP, OUTLET, XIAOYU};
use crate::configuration::program;

/// How long anything may take before the story fails: far longer than it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a desk's configuration and data, and the world it is connected to.
pub struct Operator {
    pub folder: tempfile::TempDir,
    pub sim: Simulator,
    /// The value of `DATABASE_URL`; empty for the file in the data folder.
    pub database: String,
    /// More of the environment.
    pub more: Vec<(&'static str, String)>,
}

impl Operator {
    /// A desk with the demo's people and one customer; the knowledge is imported by the program.
    pub async fn begin() -> anyhow::Result<Self> {
        Self::begin_on(String::new()).await
    }

    /// The same on a database of its own.
    pub async fn begin_on(database: String) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("aijia.toml"), DESK)?;
        let sim = Simulator::start(Settings::default()).await?;
        for (id, name) in [("LiHua", "李华"), ("ZhaoLiu", "赵柳"), ("WangWu", "王武"), ("ChenJie", "陈杰")] {
            sim.add_member(id, name);
        }
        sim.add_customer(XIAOYU, "小雨");
        for account in [FLAGSHIP, OUTLET] {
            sim.add_kf_account(account, "山茶家");
        }
        let operator = Self { folder, sim, database, more: Vec::new() };
        let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/../bot/demo/knowledge/products.csv");
        operator.runs(&["knowledge", "import", shop, "--owner", "sunmei", "--kind", "product"]).await?;
        Ok(operator)
    }

    /// The program with these arguments, its environment only what the contract names.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let settings = self.sim.settings();
        let mut command = Command::new(program()?);
        command.current_dir(self.folder.path()).args(arguments).env_clear().kill_on_drop(true);
        command.env("AIJIA_LISTEN", "127.0.0.1:0").env("AIJIA_LOG", "json").env("RUST_LOG", "info");
        if self.database.starts_with("postgres") {
            command.env("AIJIA_SECRET_KEY", aijia::demo::SECRET);
        }
        command.env("DATABASE_URL", &self.database).env("WECOM_API_BASE", self.sim.api_base());
        command.env("WECOM_CORP_ID", &settings.corp_id).env("WECOM_AGENT_ID", settings.agent_id.to_string());
        command.env("WECOM_APP_SECRET", &settings.secret);
        command.env("WECOM_CALLBACK_TOKEN", &settings.callback_token);
        command.env("WECOM_CALLBACK_AES_KEY", &settings.callback_aes_key);
        command.envs(self.more.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }

    /// Runs a command to its end and gives what it printed.
    pub async fn runs(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(arguments)?.output().await?;
        let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{arguments:?}: {}: {said}{wrong}", output.status);
        Ok(said.into_owned())
    }

    /// Runs a command to its end: its exit code, and everything it said.
    pub async fn tries(&self, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
        let output = self.command(arguments)?.output().await?;
        let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok((output.status.code(), format!("{said}{wrong}")))
    }

    /// Starts `aijia serve`; its log goes to `log` in the folder.
    pub async fn serves(&self) -> anyhow::Result<Serving> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log"))?;
        let mut command = self.command(&["serve"])?;
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let said = child.stdout.take().context("its words are piped")?;
        let mut lines = BufReader::new(said).lines();
        let address = tokio::time::timeout(PATIENCE, address(&mut lines)).await.context("it never said where")??;
        self.sim.set_callback_url(&format!("{address}/callback/wecom"));
        Ok(Serving { child, address, _lines: lines })
    }

    /// What the program logged.
    pub fn log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.folder.path().join("log"))?)
    }

    /// The card a member can press, once it is there.
    pub async fn card(&self, member: &str) -> anyhow::Result<Card> {
        let newest = || self.sim.inbox(member).into_iter().rev().find_map(|item| Card::open(&item));
        until(|| newest().is_some()).await.with_context(|| format!("{member} gets no card"))?;
        newest().context("a card that was there is gone")
    }
}

async fn address(lines: &mut tokio::io::Lines<BufReader<ChildStdout>>) -> anyhow::Result<String> {
    while let Some(line) = lines.next_line().await? {
        if let Some((_, address)) = line.split_once("serves on ") {
            return Ok(address.to_owned());
        }
    }
    anyhow::bail!("it ended before it served")
}

/// Waits until something is so.
pub async fn until(is_so: impl Fn() -> bool) -> anyhow::Result<()> {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.context("waited in vain")
}

/// A program that serves.
pub struct Serving {
    child: Child,
    pub address: String,
    _lines: tokio::io::Lines<BufReader<ChildStdout>>,
}

impl Serving {
    /// Asks it to stop as a service manager does, and gives its exit code.
    pub async fn stops(mut self) -> anyhow::Result<Option<i32>> {
        let pid = self.child.id().context("it ended by itself")?.to_string();
        ensure!(Command::new("kill").args(["-TERM", &pid]).status().await?.success());
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.context("it does not stop")??;
        Ok(ended.code())
    }

    /// Kills it on the spot.
    pub async fn killed(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Its process id.
    pub fn pid(&self) -> anyhow::Result<u32> {
        self.child.id().context("it ended by itself")
    }
}

/// Whether a folder's files are for their owner only.
pub fn is_private(path: &Path) -> anyhow::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o077 == 0)
}
