//! Who may do what, where: every cell of one table, tried in the chat as the person would, and rights that end
//! between a tap and its commit.

use aijia::evidence::Kind;
use aijia::{config, start};
use anyhow::{Context, ensure};
use cards::Act;

use super::{Dice, runs};
use crate::world::{DESK, FLAGSHIP, OUTLET, On, Setting, World, XIAOYU};

/// The table: a row is a person and a channel, a column something to do. `y`: their right; `.`: not. The bot is
/// nobody: it has a row, and no right. Who a channel escalates to is a supervisor or an admin, or it is not configured.
const TABLE: &str = "
                                see why evidence approve high edit reject escalate take pause-1 pause-channel pause-all resume-1 resume-channel resume-all
reviewer        here            y   y   y        y       .    y    y      y        y    y       y             .         y        .              .
reviewer        elsewhere       .   .   .        .       .    .    .      .        .    .       .             .         .        .              .
owner           here            y   y   y        y       y    y    y      y        y    y       y             .         y        y              .
owner           elsewhere       .   .   .        .       .    .    .      .        .    .       .             .         .        .              .
escalation      here            y   y   y        y       y    y    y      y        y    y       y             y         y        y              y
escalation      elsewhere       y   y   y        y       y    y    y      y        y    y       y             y         y        y              y
supervisor      here            y   y   y        y       y    y    y      y        y    y       y             y         y        y              y
supervisor      elsewhere       y   y   y        y       y    y    y      y        y    y       y             y         y        y              y
admin           here            y   y   y        y       y    y    y      y        y    y       y             y         y        y              y
admin           elsewhere       y   y   y        y       y    y    y      y        y    y       y             y         y        y              y
knowledge_owner here            .   .   .        .       .    .    .      .        .    .       .             .         .        .              .
knowledge_owner elsewhere       .   .   .        .       .    .    .      .        .    .       .             .         .        .              .
auditor         here            y   y   y        .       .    .    .      .        .    .       .             .         .        .              .
auditor         elsewhere       y   y   y        .       .    .    .      .        .    .       .             .         .        .              .
stranger        here            .   .   .        .       .    .    .      .        .    .       .             .         .        .              .
bot             here            .   .   .        .       .    .    .      .        .    .       .             .         .        .              .
";

/// The people of the table. Who is responsible for the flagship shop has nothing to say at the outlet.
const PEOPLE: [(&str, &str, &str); 9] = [
    ("reviewer", "LiHua", "reviewer"),
    ("owner", "ZhaoLiu", "reviewer"),
    ("escalation", "WangWu", "supervisor"),
    ("supervisor", "ZhuGuan", "supervisor"),
    ("admin", "ChenJie", "admin"),
    ("knowledge_owner", "SunMei", "knowledge_owner"),
    ("auditor", "ZhouYi", "auditor"),
    ("elsewhere", "Mallory", "reviewer"),
    ("root", "Root", "admin"),
];

fn member(row: &str) -> &'static str {
    match PEOPLE.iter().find(|(id, ..)| *id == row) {
        Some((_, member, _)) => member,
        None if row == "bot" => "aijia",
        None => "Stranger",
    }
}

/// The id in the configuration: the shop's knowledge names some of them as its owners.
fn id(row: &str) -> String {
    member(row).to_lowercase()
}

fn desk() -> String {
    let person = |(row, wecom, role): &(&str, &str, &str)| {
        let id = id(row);
        format!("[[people]]\nid = \"{id}\"\nname = \"{id}\"\nwecom = \"{wecom}\"\nroles = [\"{role}\"]\n")
    };
    let channel = |name: &str, account: &str, rows: [&str; 3]| {
        let [owner, permitted, above] = rows.map(id);
        format!(
            "[[channels]]\nid = \"{name}\"\nkind = \"wecom_kf\"\naccount = \"{account}\"\nstore = \"{name}\"\n\
             owner = \"{owner}\"\npermitted = [\"{permitted}\"]\nescalation_owner = \"{above}\"\nmode = \"draft\"\n\
             allowed_actions = [\"reply\"]\n"
        )
    };
    let people: String = PEOPLE.iter().map(person).collect();
    let here = channel("here", FLAGSHIP, ["owner", "reviewer", "escalation"]);
    format!("{people}{here}{}", channel("elsewhere", OUTLET, ["elsewhere", "elsewhere", "root"]))
}

/// A desk, and the newest waiting case of each channel and kind.
struct Bench {
    world: World,
    customers: usize,
}

impl Bench {
    async fn open() -> anyhow::Result<Self> {
        let world = World::open(On::Sqlite, Setting::desk(desk())).await?.context("SQLite is always there")?;
        ["ZhuGuan", "ZhouYi", "Mallory", "Root", "aijia"]
            .iter()
            .for_each(|member| world.sim.add_member(member, member));
        Ok(Self { world, customers: 0 })
    }

    /// A new case at a channel: its number.
    async fn case(&mut self, place: &str, high: bool) -> anyhow::Result<i64> {
        self.customers += 1;
        let customer = format!("wmRights{}", self.customers);
        self.world.sim.add_customer(&customer, &customer);
        let account = if place == "here" { FLAGSHIP } else { OUTLET };
        let words =
            if high { "衣服起球了，我要退款，退款多久到账？" } else { "羊毛衫会起球吗？" };
        // Phones take so many cards a minute; a minute later they take more.
        self.world.wait(std::time::Duration::from_secs(61)).await?;
        self.world.says(account, &customer, words).await?;
        Ok(i64::try_from(self.customers)?)
    }

    /// How often somebody was told that this is not theirs to do.
    async fn denials(&self) -> anyhow::Result<usize> {
        let denied = |payload: &serde_json::Value| {
            let text = payload.to_string();
            text.contains("\"power\"") || text.contains("unknown_person") || text.contains("not_the_holder")
        };
        Ok(self.world.entries(Kind::Refused).await?.iter().filter(|payload| denied(payload)).count())
    }

    /// Whether a member is let do something; what they are let do has happened.
    async fn lets(&mut self, who: &str, what: &str, place: &str, number: i64) -> anyhow::Result<bool> {
        let member = member(who);
        if matches!(what, "approve" | "high") && !matches!(who, "stranger" | "bot") {
            // Who approves has seen the card. Phones take so many messages a minute.
            self.world.wait(std::time::Duration::from_secs(61)).await?;
            self.world.member_says(member, &format!("/case {number}")).await?;
        }
        let code = self.world.case(number).await?.code();
        let (before, texts) = (self.denials().await?, self.world.sim.inbox(member).len());
        let command = match what {
            "see" => format!("/case {number}"),
            "approve" | "high" => format!("/approve {number} {code}"),
            "edit" => format!("/edit {number} 亲，轻微起球是正常的。"),
            "reject" => format!("/reject {number} 语气不对"),
            "pause-1" | "resume-1" => format!("/{} #{number}", what.trim_end_matches("-1")),
            "pause-channel" | "resume-channel" => format!("/{} {place}", what.trim_end_matches("-channel")),
            "pause-all" | "resume-all" => format!("/{} 全部", what.trim_end_matches("-all")),
            command => format!("/{command} {number}"),
        };
        self.world.member_says(member, &command).await?;
        let denied = self.denials().await? > before;
        ensure!(self.world.sim.inbox(member).len() > texts || !denied, "{who} is told why not: {command}");
        ensure!(denied || self.happened(what, number).await?, "{who} {what} {place}: neither done nor denied");
        Ok(!denied)
    }

    async fn happened(&self, what: &str, number: i64) -> anyhow::Result<bool> {
        let kind = match what {
            "approve" | "high" => Kind::Decided,
            "edit" => Kind::Edited,
            "reject" => Kind::Rejected,
            "escalate" => Kind::Escalated,
            "take" => Kind::TakenOver,
            "pause-1" | "pause-channel" | "pause-all" => return self.world.recorded_anywhere(Kind::Paused).await,
            "resume-1" | "resume-channel" => return self.world.recorded_anywhere(Kind::Resumed).await,
            "resume-all" => return self.world.recorded_anywhere(Kind::ResumeWanted).await,
            _ => return Ok(true),
        };
        self.world.recorded(number, kind).await
    }
}

/// What has to be so before a right can be tried, and afterwards again.
async fn prepared(bench: &mut Bench, what: &str, place: &str, number: i64) -> anyhow::Result<()> {
    let scope = match what.split_once('-') {
        Some((_, "1")) => format!("#{number}"),
        Some((_, "channel")) => place.to_owned(),
        Some((_, "all")) => "全部".to_owned(),
        _ => return Ok(()),
    };
    let before = if what.starts_with("resume") { "/pause" } else { "/resume" };
    for member in ["Root", "ChenJie"] {
        bench.world.member_says(member, &format!("{before} {scope}")).await?;
    }
    Ok(())
}

async fn everything_goes_on(bench: &mut Bench, number: i64) -> anyhow::Result<()> {
    for scope in ["全部".to_owned(), "here".to_owned(), "elsewhere".to_owned(), format!("#{number}")] {
        for member in ["Root", "ChenJie"] {
            bench.world.member_says(member, &format!("/resume {scope}")).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cell_of_the_table_holds_in_chat() -> anyhow::Result<()> {
    let mut bench = Bench::open().await?;
    let mut lines = TABLE.lines().filter(|line| !line.trim().is_empty());
    let columns: Vec<&str> = lines.next().context("a head")?.split_whitespace().collect();
    let (mut tried, mut allowed, mut wrong) = (0, 0, Vec::new());
    // Nobody without the right changes a case: one of each kind serves all of them.
    let mut waiting = std::collections::BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let (who, place) = (cells[0], cells[1]);
        ensure!(cells.len() == columns.len() + 2, "a row is too short: {line}");
        for (what, cell) in columns.iter().zip(&cells[2..]) {
            let high = *what == "high";
            let number = match waiting.get(&(place.to_owned(), high)) {
                Some(number) => *number,
                None => bench.case(place, high).await?,
            };
            prepared(&mut bench, what, place, number).await?;
            let lets = bench.lets(who, what, place, number).await?;
            if lets != (*cell == "y") {
                wrong.push(format!("{who} {place} {what}: {lets}"));
            }
            if what.contains('-') {
                everything_goes_on(&mut bench, number).await?;
            }
            let changes = matches!(*what, "approve" | "high" | "edit" | "reject" | "escalate" | "take");
            match lets && changes {
                true => waiting.remove(&(place.to_owned(), high)),
                false => waiting.insert((place.to_owned(), high), number),
            };
            tried += 1;
            allowed += usize::from(lets);
        }
    }
    ensure!(wrong.is_empty(), "{wrong:#?}");
    println!("{tried} cells of person × place × action: {allowed} allowed, {} denied, wrong 0", tried - allowed);
    Ok(())
}

/// The demo's desk without the right of one reviewer.
fn without_lihua() -> String {
    let blocks: Vec<&str> = DESK.split("[[people]]").filter(|block| !block.contains("id = \"lihua\"")).collect();
    blocks.join("[[people]]").replace("\"lihua\", ", "")
}

async fn in_force(world: &World, text: &str, label: String) -> anyhow::Result<()> {
    let desk = config::parse_desk(text, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
    start::apply_desk(&world.app, desk, label).await.map(drop)
}

async fn claims(world: &World) -> anyhow::Result<usize> {
    Ok(world.entries(Kind::SendClaimed).await?.len())
}

/// A right that ends while its holder's tap is on the way: nothing is claimed under it afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_ended_sends_nothing_any_more() -> anyhow::Result<()> {
    let mut world = World::open(On::Sqlite, Setting::default()).await?.context("SQLite is always there")?;
    let (mut dice, mut sent, races) = (Dice::seeded(5), 0, runs(100, 2_000));
    for round in 0..races {
        let customer = format!("wmRace{round}");
        world.sim.add_customer(&customer, &customer);
        world.says(FLAGSHIP, &customer, "羊毛衫会起球吗？").await?;
        world.wait(std::time::Duration::from_secs(5)).await?;
        let card = world.card_of("LiHua", i64::try_from(round)? + 1)?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        let app = world.app.clone();
        let working = tokio::spawn(async move { aijia::worker::pump(&app).await });
        for _ in 0..dice.below(40) {
            tokio::task::yield_now().await;
        }
        in_force(&world, &without_lihua(), format!("without, {round}")).await?;
        let then = claims(&world).await?;
        working.await??;
        world.settle().await?;
        ensure!(claims(&world).await? == then, "round {round}: claimed after the right had ended");
        sent += usize::from(!world.customer_heard(&customer).is_empty());
        in_force(&world, DESK, format!("with, {round}")).await?;
        world.settle().await?;
    }
    ensure!(world.customer_heard(XIAOYU).is_empty());
    ensure!(world.sim.accepted_kf_sends().len() == sent);
    println!("{races} rights ended between tap and commit: {sent} had been claimed before, claimed afterwards 0");
    Ok(())
}
