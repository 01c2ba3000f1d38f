//! What comes by a door of its own is acknowledged once it is kept, and never otherwise.

use std::process::Stdio;

use aijia::demo::WEBHOOK_SECRET;
use aijia::{config, start};
use anyhow::{Context, ensure};
use cards::Act;
use simulator::telegram::{Method, Spot, Telegram};
use simulator::{Errcode, Fault};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::story;
use crate::world::away::{Away, FOLLOWER, PERSON, with_channel};
use crate::world::program::{Operator, until};
use crate::world::{Customers, DESK, Setting, World};

const FACT: &str = "羊毛衫会起球吗？";

fn on(customers: Customers) -> Setting {
    Setting { customers, ..Setting::default() }
}

impl World {
    async fn configures(&mut self, desk: &str) -> anyhow::Result<()> {
        let read = config::parse_desk(desk, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
        start::apply_desk(&self.app, read, format!("another desk {}", desk.len())).await?;
        self.settle().await
    }
}

story!(
    /// Telegram keeps what was said while its channel was not configured, and gives it once it is.
    telegram_keeps_what_nobody_took,
    in on(Customers::Telegram),
    |world| {
        world.configures(DESK).await?;
        world.somebody_asks(FACT).await?;
        let Away::Telegram(telegram) = &world.away else { anyhow::bail!("another world") };
        ensure!(telegram.waiting(Away::bot()) == 1 && !world.has_open_card("LiHua"));
        let desk = world.away.on_desk(DESK);
        world.configures(&desk).await?;
        world.wait(std::time::Duration::from_secs(10)).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard().len() == 1, "{:?}", world.somebody_heard());
    }
);

/// A colleague with a Telegram account.
const COLLEAGUE: i64 = 90_001;

story!(
    /// A colleague who writes to the desk's bot is no customer: no case, and their command is answered. Groups are nobody's,
    /// and counted.
    colleagues_and_groups_are_no_customers,
    in on(Customers::Telegram),
    |world| {
        let known = format!("wecom = \"LiHua\"\ntelegram = {COLLEAGUE}");
        let desk = world.away.on_desk(DESK).replacen("wecom = \"LiHua\"", &known, 1);
        ensure!(desk.contains(&known));
        world.configures(&desk).await?;
        let Away::Telegram(telegram) = &world.away else { anyhow::bail!("another world") };
        let (telegram, private) = (telegram.clone(), |user| Spot::private(Away::bot(), user));
        telegram.add_person(COLLEAGUE, "李华");
        telegram.add_group(-100_200, "买家群", &[PERSON, Away::bot()], &[]);
        telegram.say(COLLEAGUE, private(COLLEAGUE), FACT)?;
        telegram.say(COLLEAGUE, private(COLLEAGUE), "/queue")?;
        telegram.say(PERSON, Spot::group(-100_200), "/help")?;
        world.settle().await?;
        world.wait(std::time::Duration::from_secs(4)).await?;
        ensure!(world.case(1).await.is_err() && !world.has_open_card("LiHua"), "a colleague's words became a case");
        let answers = telegram.sent();
        ensure!(answers.len() == 2 && answers.iter().all(|said| said.spot == private(COLLEAGUE)), "{answers:?}");
        ensure!(telegram.waiting(Away::bot()) == 0);
        let ignored = "aijia_telegram_ignored_total{reason=\"group\"} 1";
        ensure!(world.app.metrics.text().contains(ignored), "{}", world.app.metrics.text());
        world.somebody_asks(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        let heard = telegram.sent().into_iter().filter(|said| said.spot == private(PERSON)).count();
        ensure!(heard == 1, "{heard}");
    }
);

story!(
    /// Somebody else reads this bot: whoever watches the desk hears what to do, once, and it goes on by itself.
    two_readers_are_one_too_many,
    in on(Customers::Telegram),
    |world| {
        let Away::Telegram(telegram) = &world.away else { anyhow::bail!("another world") };
        let telegram = telegram.clone();
        telegram.faults().next(Method::GetUpdates, 3, Fault::Refuse(Errcode(409)));
        world.somebody_writes(FACT).await?;
        for _ in 0..3 {
            world.wait(std::time::Duration::from_secs(6)).await?;
        }
        ensure!(world.phone("WangWu").matches("只能由一处读取").count() == 1, "{}", world.phone("WangWu"));
        world.wait(std::time::Duration::from_secs(6)).await?;
        world.wait(std::time::Duration::from_secs(4)).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard().len() == 1);
        ensure!(telegram.count(Method::DeleteWebhook) >= 1, "polling begins by ending a delivery");
    }
);

story!(
    /// An Official Account without a channel is told so, and delivers again: nothing was acknowledged.
    an_account_without_a_channel_is_not_acknowledged,
    in on(Customers::Official),
    |world| {
        world.configures(DESK).await?;
        let Away::Official(account) = &world.away else { anyhow::bail!("another world") };
        let delivery = account.says(FOLLOWER, FACT).await?;
        ensure!(delivery.status == Some(404) && delivery.attempts == 3, "{delivery:?}");
    }
);

/// The program as it is served asks Telegram by itself, answers once, and stops while it waits for an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serving_program_asks_telegram() -> anyhow::Result<()> {
    let mut desk = Operator::begin().await?;
    let away = Away::open(Customers::Telegram, &simulator::Clock::system()).await?;
    std::fs::write(desk.folder.path().join("aijia.toml"), away.on_desk(DESK))?;
    desk.more = away.environment();
    let serving = desk.serves().await?;
    let Away::Telegram(telegram) = &away else { anyhow::bail!("another world") };
    telegram.say(PERSON, Spot::private(Away::bot(), PERSON), FACT)?;
    let card = desk.card("LiHua").await?;
    desk.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
    until(|| !telegram.sent().is_empty()).await.context("nothing reached the customer")?;
    ensure!(serving.stops().await? == Some(0), "it waits for Telegram while it ends");
    ensure!(telegram.sent().len() == 1 && telegram.waiting(Away::bot()) == 0, "{:?}", telegram.sent());
    Ok(())
}

/// The program has Telegram deliver to it where a secret is set, and asks again where it is not: what was waiting is there
/// both times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn telegram_delivers_or_is_asked_as_configured() -> anyhow::Result<()> {
    let mut desk = Operator::begin().await?;
    let away = Away::open(Customers::Telegram, &simulator::Clock::system()).await?;
    std::fs::write(desk.folder.path().join("aijia.toml"), away.on_desk(DESK))?;
    let Away::Telegram(telegram) = &away else { anyhow::bail!("another world") };
    let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    telegram.say(PERSON, Spot::private(Away::bot(), PERSON), FACT)?;
    desk.more = away.environment();
    desk.more.push(("AIJIA_LISTEN", address.to_string()));
    let polling = desk.more.clone();
    desk.more.push(("AIJIA_PUBLIC_URL", format!("http://{address}")));
    desk.more.push(("TELEGRAM_WEBHOOK_SECRET", "a-secret_of-ours".to_owned()));
    let serving = desk.serves().await?;
    answers(&desk, telegram, 1).await?;
    ensure!(telegram.count(Method::SetWebhook) == 1 && telegram.count(Method::GetUpdates) == 0);
    ensure!(serving.stops().await? == Some(0));
    telegram.say(PERSON, Spot::private(Away::bot(), PERSON), "羊毛衫怎么洗？")?;
    desk.more = polling;
    let serving = desk.serves().await?;
    answers(&desk, telegram, 2).await?;
    ensure!(telegram.count(Method::DeleteWebhook) == 1 && telegram.waiting(Away::bot()) == 0);
    ensure!(serving.stops().await? == Some(0));
    Ok(())
}

/// The newest card is approved, and then the customer has heard so many replies.
async fn answers(desk: &Operator, telegram: &Telegram, replies: usize) -> anyhow::Result<()> {
    let card = desk.card("LiHua").await?;
    desk.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
    until(|| telegram.sent().len() == replies).await.context("the customer did not hear it")
}

/// The example in `docs/webhook` against the program as it is served: a customer's line goes in, the approved reply comes out,
/// and the report about it is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_small_integration_carries_a_reply() -> anyhow::Result<()> {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/webhook/integration.py");
    let mut python = Command::new("python3");
    if python.arg("--version").output().await.is_err() {
        eprintln!("not tried: there is no python3");
        return Ok(());
    }
    let mut desk = Operator::begin().await?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let place = format!("url = \"http://127.0.0.1:{port}/replies\"\nprivate = true\n");
    let toml = with_channel(DESK, "webhook", "miniprogram", &place);
    std::fs::write(desk.folder.path().join("aijia.toml"), toml)?;
    desk.more.push(("WEBHOOK_SECRETS", format!("mini={WEBHOOK_SECRET}")));
    let serving = desk.serves().await?;
    let mut python = Command::new("python3");
    python.arg(example).kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped());
    python.env("PYTHONUTF8", "1").env("WEBHOOK_SECRET", WEBHOOK_SECRET).env("PORT", port.to_string());
    python.env("AIJIA", format!("{}/callback/webhook/mini", serving.address));
    let mut running = python.spawn()?;
    let (mut asks, says) = (running.stdin.take().context("piped")?, running.stdout.take().context("piped")?);
    asks.write_all(format!("{FACT}\n").as_bytes()).await?;
    let card = desk.card("LiHua").await?;
    desk.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
    let mut lines = BufReader::new(says).lines();
    let carried = async {
        while let Some(line) = lines.next_line().await? {
            if let Some((_, reply)) = line.split_once("客服 > ") {
                return Ok(reply.to_owned());
            }
        }
        anyhow::bail!("it ended without a reply")
    };
    let reply = tokio::time::timeout(std::time::Duration::from_secs(60), carried).await.context("no reply came")??;
    ensure!(reply.contains("起球"), "{reply}");
    ensure!(serving.stops().await? == Some(0));
    Ok(())
}
