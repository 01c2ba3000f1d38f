//! One process of the real program.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// How long a start may take.
const START: Duration = Duration::from_secs(60);

/// What a process is started with: the documented contract, nothing else.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The program.
    pub binary: PathBuf,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Where it starts.
    pub folder: PathBuf,
    /// Where its log goes.
    pub log: PathBuf,
}

impl Setup {
    /// The program's command with its environment, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).env_clear().envs(&self.env).current_dir(&self.folder).kill_on_drop(true);
        command
    }

    fn log(&self) -> anyhow::Result<File> {
        let opened = OpenOptions::new().create(true).append(true).open(&self.log);
        opened.with_context(|| format!("cannot write {}", self.log.display()))
    }
}

/// A process that serves.
pub struct Instance {
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took from the start until it listened.
    pub started_in: Duration,
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Instance {
    /// Starts `aijia serve` and waits until it listens.
    ///
    /// # Errors
    /// Where it ends, or does not listen within a minute; the log says why.
    pub async fn start(setup: &Setup) -> anyhow::Result<Self> {
        let began = Instant::now();
        let mut child = setup.command(&["serve"]).stdout(Stdio::piped()).stderr(setup.log()?).spawn()?;
        let stdout = child.stdout.take().context("a piped stdout")?;
        let mut stdout = BufReader::new(stdout);
        let listening = tokio::time::timeout(START, listening(&mut stdout)).await;
        let address = match listening {
            Ok(Ok(address)) => address,
            Ok(Err(_)) => {
                let ended = child.wait().await?;
                bail!("the program ended instead of serving ({ended}); see {}", setup.log.display());
            }
            Err(_) => bail!("the program did not serve within {START:?}; see {}", setup.log.display()),
        };
        Ok(Self { address, started_in: began.elapsed(), child, _stdout: stdout })
    }

    /// Sends a signal; false where the process is gone.
    pub fn signal(&self, signal: Signal) -> bool {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// Where it cannot be waited for.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        self.signal(Signal::KILL);
        self.child.wait().await?;
        Ok(())
    }

    /// Asks it to stop and waits; gives whether it ended well.
    ///
    /// # Errors
    /// Where it does not end within `patience`.
    pub async fn stop(mut self, patience: Duration) -> anyhow::Result<bool> {
        self.signal(Signal::TERM);
        let ended = tokio::time::timeout(patience, self.child.wait()).await;
        Ok(ended.with_context(|| format!("it did not stop within {patience:?}"))??.success())
    }

    /// Whether it has ended by itself.
    pub fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// Where it goes on for longer than `patience`.
    pub async fn until_ended(&mut self, patience: Duration) -> anyhow::Result<()> {
        tokio::time::timeout(patience, self.child.wait()).await.context("it goes on")??;
        Ok(())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }
}

/// The address in the line that the program prints once it serves.
async fn listening(stdout: &mut BufReader<ChildStdout>) -> anyhow::Result<SocketAddr> {
    let mut line = String::new();
    loop {
        line.clear();
        anyhow::ensure!(stdout.read_line(&mut line).await? > 0, "the program ended");
        if let Some((_, address)) = line.trim_end().split_once("serves on http://") {
            return Ok(address.parse()?);
        }
    }
}

/// The program beside this one: the same build.
///
/// # Errors
/// Where it was not built.
pub fn beside() -> anyhow::Result<PathBuf> {
    if let Ok(given) = std::env::var("AIJIA_BINARY") {
        return Ok(PathBuf::from(given));
    }
    let this = std::env::current_exe()?;
    let found = this.ancestors().skip(1).take(2).map(|folder| folder.join("aijia")).find(|path| is_program(path));
    found.context("the program `aijia` is not beside this one: run `cargo build -p aijia` first, or set AIJIA_BINARY")
}

fn is_program(path: &Path) -> bool {
    path.is_file()
}
