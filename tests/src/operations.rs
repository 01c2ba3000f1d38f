//! Running the desk: stopping it, its log, its files, backup and restore. By the program itself, as operators run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use aijia::case::State;
use aijia::store::pauses;
use anyhow::{Context, ensure};
use cards::Act;
use serde_json::Value;
use simulator::{Api, Fault};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::configuration::program;
use crate::story;
use crate::world::program::{Operator, is_private, until};
use crate::world::{DESK, FLAGSHIP, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";
const SIGTERM: u32 = 15;
/// Words that a customer writes and that no log may repeat.
const CANARY: &str = "暗号芝麻开门";

/// Stopped while a reply is on its way: the answer is waited for, the exit is clean, and nothing goes out again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_a_reply_under_way_arrive() -> anyhow::Result<()> {
    let desk = Operator::begin().await?;
    let serving = desk.serves().await?;
    desk.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
    let card = desk.card("LiHua").await?;
    desk.sim.faults().next(Api::KfSendMsg, 1, Fault::Slow(1_500));
    desk.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
    until(|| desk.sim.count(Api::KfSendMsg) == 1).await?;
    ensure!(serving.stops().await? == Some(0), "a clean exit");
    let listed = desk.runs(&["case", "list"]).await?;
    ensure!(listed.contains("closed"), "the answer was waited for: {listed}");
    let again = desk.serves().await?;
    until(|| desk.sim.count(Api::KfSyncMsg) > 1).await?;
    ensure!(again.stops().await? == Some(0));
    ensure!(desk.sim.count(Api::KfSendMsg) == 1, "never again");
    Ok(())
}

/// A stop that comes while the program still starts is a clean exit too: signals are listened to before anything is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_at_the_start_is_a_clean_exit() -> anyhow::Result<()> {
    let desk = Operator::begin().await?;
    let mut child = desk.command(&["serve"])?.stdout(Stdio::piped()).spawn()?;
    let pid = child.id().context("it ended by itself")?;
    let mut said = BufReader::new(child.stdout.take().context("its words are piped")?).lines();
    let first = said.next_line().await?.unwrap_or_default();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).context("a line of what is caught")?;
    ensure!(
        u64::from_str_radix(caught.trim(), 16)? & (1 << (SIGTERM - 1)) != 0,
        "at “{first}” it is still killed: {caught}"
    );
    ensure!(Command::new("kill").args(["-TERM", &pid.to_string()]).status()?.success());
    let ended = tokio::time::timeout(Duration::from_secs(20), child.wait()).await.context("it does not stop")??;
    ensure!(ended.code() == Some(0), "{ended}");
    Ok(())
}

/// A log for machines: an object a line, with the case's number, without what anybody wrote; files for their owner only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_names_cases_and_repeats_nobody() -> anyhow::Result<()> {
    let desk = Operator::begin().await?;
    let serving = desk.serves().await?;
    desk.sim.customer_says(FLAGSHIP, XIAOYU, &format!("{FACT}{CANARY}")).await?;
    let card = desk.card("LiHua").await?;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", serving.pid()?))?;
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
    ensure!(core.split_whitespace().nth(4) == Some("0"), "no core dumps: {core}");
    desk.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
    until(|| desk.sim.accepted_kf_sends().len() == 1).await?;
    ensure!(serving.stops().await? == Some(0));
    let log = desk.log()?;
    let lines: Vec<Value> = log.lines().map(serde_json::from_str).collect::<Result<_, _>>().context(log.clone())?;
    let seen = |state: &str| lines.iter().any(|line| line["case"] == 1 && line["state"] == state);
    ensure!(seen("awaiting_review") && seen("sending") && seen("closed"), "{log}");
    ensure!(!log.contains(CANARY) && !log.contains("起球"), "somebody's words are in the log: {log}");
    let data = desk.folder.path().join("data");
    for name in ["secret.key", "aijia.db", "aijia.db-wal", "checkpoints.txt"] {
        let path = data.join(name);
        ensure!(!path.exists() || is_private(&path)?, "{name} is for its owner only");
    }
    Ok(())
}

#[test]
fn an_unknown_form_of_the_log_is_refused_in_words() -> anyhow::Result<()> {
    let output = Command::new(program()?).args(["case", "list"]).env_clear().env("AIJIA_LOG", "yaml").output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2) && said.contains("AIJIA_LOG") && said.contains("json"), "{said}");
    Ok(())
}

/// The health check of a container: says no where nothing listens, and yes to a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_asked_from_outside() -> anyhow::Result<()> {
    let desk = Operator::begin().await?;
    let serving = desk.serves().await?;
    let port = serving.address.rsplit(':').next().unwrap_or_default().to_owned();
    let asked = async || -> anyhow::Result<Option<i32>> {
        let mut command = desk.command(&["health"])?;
        Ok(command.env("AIJIA_LISTEN", format!("0.0.0.0:{port}")).output().await?.status.code())
    };
    ensure!(asked().await? == Some(0));
    ensure!(serving.stops().await? == Some(0));
    ensure!(asked().await? == Some(1));
    Ok(())
}

/// A folder's program: `aijia ARGUMENTS` on a data folder and a database.
fn aijia(world: &World, data: &Path, database: &str, arguments: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    finished(beside(world, data, database, arguments)?)
}

/// The program with these arguments on a data folder and a database, beside a world's desk.
pub(crate) fn beside(world: &World, data: &Path, database: &str, arguments: &[&str]) -> anyhow::Result<Command> {
    let folder = world.folder.path();
    std::fs::write(folder.join("aijia.toml"), DESK)?;
    let mut command = Command::new(program()?);
    command.current_dir(folder).args(arguments).env_clear();
    command.env("AIJIA_CONFIG", "aijia.toml").env("AIJIA_DATA_DIR", data).env("DATABASE_URL", database);
    if database.starts_with("postgres") {
        command.env("AIJIA_SECRET_KEY", aijia::demo::SECRET);
    }
    Ok(command)
}

/// The exit code of a command, and everything it said.
pub(crate) fn finished(mut command: Command) -> anyhow::Result<(Option<i32>, String)> {
    let output = command.output()?;
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok((output.status.code(), format!("{said}{wrong}")))
}

/// A tool of PostgreSQL: on the path, or where Debian keeps them.
pub(crate) fn postgres_tool(name: &str) -> Command {
    let kept = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = kept.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists()).max();
    Command::new(found.unwrap_or_else(|| PathBuf::from(name)))
}

pub(crate) fn succeeds(mut command: Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?} does not start"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Backs a running desk up as the README says.
fn back_up(world: &World, copy: &Path) -> anyhow::Result<()> {
    let url = world.database_url();
    if url.starts_with("postgres") {
        std::fs::create_dir(copy)?;
        let too_early = aijia(world, world.folder.path(), &url, &["backup", &copy.to_string_lossy()])?;
        ensure!(too_early.0 == Some(1) && too_early.1.contains("pg_dump"), "{too_early:?}");
        let mut dump = postgres_tool("pg_dump");
        dump.arg("--format=custom").arg(format!("--file={}", copy.join("database.dump").display())).arg(&url);
        succeeds(dump)?;
    }
    let copied = aijia(world, world.folder.path(), &url, &["backup", &copy.to_string_lossy()])?;
    ensure!(copied.0 == Some(0), "{copied:?}");
    let again = aijia(world, world.folder.path(), &url, &["backup", &copy.to_string_lossy()])?;
    ensure!(again.0 == Some(1), "nothing is copied over a copy: {again:?}");
    Ok(())
}

/// Restores as the README says, into a new data folder and a new database; gives the database's address.
async fn put_back(world: &World, copy: &Path, data: &Path) -> anyhow::Result<String> {
    let url = world.database_url();
    let new = if url.starts_with("postgres") {
        world.another_database().await?
    } else {
        format!("sqlite://{}", data.join("aijia.db").display())
    };
    if url.starts_with("postgres") {
        let mut load = postgres_tool("pg_restore");
        load.arg("--exit-on-error").arg("--no-owner").arg(format!("--dbname={new}")).arg(copy.join("database.dump"));
        succeeds(load)?;
    }
    let restored = aijia(world, data, &new, &["restore", &copy.to_string_lossy()])?;
    ensure!(restored.0 == Some(0) && restored.1.contains("verify") && restored.1.contains("/resume"), "{restored:?}");
    let again = aijia(world, data, &new, &["restore", &copy.to_string_lossy()])?;
    ensure!(again.0 == Some(1) && again.1.contains("already"), "nothing is overwritten: {again:?}");
    Ok(new)
}

story!(
    /// Copied while it runs, lost, and put back elsewhere: everything up to the copy is there and verifies, attachments
    /// included; nothing leaves, not even what was approved, before two people have resumed the desk.
    a_backup_of_a_running_desk_is_put_back_elsewhere,
    |world| {
        world.customer_says(FACT).await?;
        world.sim.customer_sends_image(FLAGSHIP, "wmLinlin", vec![0x89, b'P', b'N', b'G']).await?;
        world.settle().await?;
        world.wait(std::time::Duration::from_secs(61)).await?;
        let copy = world.folder.path().join("copy");
        // Approved, and its reply not gone yet: the moment in which a copy is most dangerous.
        let card = world.card_of("LiHua", 1)?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        while !matches!(world.case(1).await?.state, State::Sending(_)) {
            aijia::worker::tick(&world.app).await?;
        }
        ensure!(world.sim.count(Api::KfSendMsg) == 0);
        back_up(world, &copy)?;
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "it left after the copy was made");

        let (lost, lost_database) = (world.folder.path().to_owned(), world.database_url());
        let data = lost.join("elsewhere");
        let database = put_back(world, &copy, &data).await?;
        world.moves_to(&data, &database).await?;
        let register = world.app.store.read(|tx| Box::pin(async move { Ok(pauses::in_force(tx).await?) })).await?;
        ensure!(register.iter().any(|pause| pause.scope == "everything"), "the desk is paused: {register:?}");
        world.wait(std::time::Duration::from_secs(600)).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "nothing is sent a second time");
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)), "the approval is void");
        let blobs = aijia::blobs::Blobs::new(data.join("blobs"));
        let kept = world.app.store.read(|tx| Box::pin(async move {
            let open = aijia::store::conversations::by_customer(tx, "kf-flagship", "wmLinlin").await?.context("no conversation")?;
            Ok(aijia::store::conversations::history(tx, &open.id, 10).await?)
        })).await?;
        let name = kept.iter().find_map(|message| message.media_sha256.clone()).context("the picture's name is kept")?;
        ensure!(blobs.get(&name).await?.starts_with(&[0x89, b'P']), "and so is the picture");
        world.member_says("ChenJie", "/恢复 全部").await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        world.member_says("WangWu", "/恢复 全部").await?;
        world.wait(std::time::Duration::from_secs(60)).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "resuming sends nothing by itself");
        // What left after the copy is in the lost desk's record only: there the story's end looks for its authority.
        world.moves_to(&lost, &lost_database).await?;
    }
);
