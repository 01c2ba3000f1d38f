//! Look-ups in a shop's back office, in a real browser, beside callbacks: they keep no callback waiting.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use aijia::evidence::Kind;
use anyhow::{Context, ensure};
use campaigns::evidence::Evidence;
use campaigns::latency::Latencies;
use campaigns::shop::Shop;
use campaigns::world::{Plan, World};
use simulator::Simulator;
use simulator::seller::{self, Seller};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Asked;
use crate::day::unlimited;
use crate::figures::{Figures, p99, spread};
use crate::sessions::{self, Answered};

/// Customers who ask about an order, and again as soon as it was looked up: enough of them that a browser always has as
/// many look-ups as it takes at once.
const ASKING: usize = 12;
/// Callbacks a second beside them.
const RATE: f64 = 50.0;
/// How long a look-up may take before it is asked for again.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn measure(asked: &Asked, figures: &mut Figures) -> anyhow::Result<()> {
    let seller = Seller::start(seller::Settings::default()).await?;
    let shop = Shop { channels: 2, reviewers: 2, quiet_seconds: 1, ..Shop::default() };
    let path = std::env::var("PATH")?;
    let plan = Plan {
        shop,
        configured: configured(&seller),
        binary: asked.program.clone(),
        platform: unlimited,
        env: [("PATH".to_owned(), path)].into(),
        ..Plan::default()
    };
    let mut world = World::open(plan).await?;
    if !signs_in(&world, &seller).await? {
        eprintln!("bench: no look-ups: there is no Chromium here (apt-get install chromium)");
        return world.close(false).await;
    }
    world.start_all().await?;
    let server = world.instances.first().and_then(Option::as_ref).context("nothing serves")?;
    world.sim.set_callback_url(&format!("http://{}/callback/wecom", server.address));
    let (sim, shop) = (world.sim.clone(), world.plan.shop.clone());
    let calm = sessions::write(&sim, &shop, RATE, asked.share(25), 0).await;
    let (began, mut asking) = (Instant::now(), JoinSet::new());
    for (n, order) in seller.orders().into_iter().take(ASKING).enumerate() {
        asking.spawn(asks(sim.clone(), seller.clone(), shop.account(0), format!("wmOrder{n:02}"), order.no));
    }
    let busy = sessions::write(&sim, &shop, RATE, asked.share(100), 1_000_000).await;
    let lasted = began.elapsed();
    asking.shutdown().await;
    told(figures, &calm, &busy);
    looked_up(figures, &world.evidence().await?, lasted);
    world.close(false).await
}

/// The back office of the first channel's store.
fn configured(seller: &Seller) -> String {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../backoffice/recipes");
    format!(
        "\n[[stores]]\nid = \"store-000\"\naccount = \"flagship\"\nsite = {:?}\nprivate = true\nrecipes = {:?}\n\
         look_ups = {{ order_status = \"logistics\" }}\n",
        seller.origin(),
        recipes.to_string_lossy()
    )
}

/// A person signs in at the command line, by pictures; whether there is a browser.
async fn signs_in(world: &World, seller: &Seller) -> anyhow::Result<bool> {
    let settings = seller.settings();
    let typed = format!("type {}\ntab\ntype {}\nenter\ndone\n", settings.user, settings.password);
    let mut wrong = String::new();
    // Typed before the page was ready for it: as people do, once more.
    for _ in 0..3 {
        let mut command = world.setup(0)?.command(&["backoffice", "login", "store-000"]);
        let mut person =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("a login")?;
        person.stdin.take().context("its input is piped")?.write_all(typed.as_bytes()).await?;
        let ended = person.wait_with_output().await?;
        wrong = String::from_utf8_lossy(&ended.stderr).into_owned();
        if ended.status.success() {
            return Ok(true);
        }
        if wrong.contains("apt-get install") {
            return Ok(false);
        }
    }
    anyhow::bail!("the seller centre did not take the password: {wrong}")
}

/// A customer asks where their order is, again and again, each time once the last look-up has reached the shop.
async fn asks(sim: Simulator, seller: Seller, account: String, who: String, order: String) -> anyhow::Result<()> {
    sim.add_customer(&who, &who);
    loop {
        let seen = seller.visits(&order);
        sim.customer_says(&account, &who, &format!("我的货到哪了？订单号 {order}")).await?;
        sim.ring(&account).await?;
        let asked = Instant::now();
        while seller.visits(&order) == seen && asked.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        ensure!(asked.elapsed() < PATIENCE, "{order} was not looked up");
    }
}

fn told(figures: &mut Figures, calm: &Answered, busy: &Answered) {
    let measured = format!("{RATE:.0}/s: {}", spread(&calm.took));
    figures.add(None, "callback acknowledged, nothing looked up", measured);
    let measured = format!("{RATE:.0}/s: {}, not at once {}", spread(&busy.took), busy.refused);
    let met = busy.refused == 0 && p99(&busy.took) <= 100.0;
    figures.judge(None, "callback acknowledged beside look-ups", measured, "p99 ≤ 100 ms, no 5xx", met);
}

/// How many look-ups there were, how long they took, and how many of them at once.
fn looked_up(figures: &mut Figures, evidence: &Evidence, lasted: Duration) {
    let found = evidence.entries.iter().filter(|entry| entry.kind == Kind::LookedUp);
    let took: Latencies =
        found.filter_map(|entry| entry.payload["took_ms"].as_u64()).map(Duration::from_millis).collect();
    let at_once = took.total().as_secs_f64() / lasted.as_secs_f64();
    let rate = took.count() as f64 / lasted.as_secs_f64();
    let measured = format!("{at_once:.1} on average, {rate:.1} a second");
    // The first of them waited for the browser to start.
    figures.judge(None, "look-ups at once meanwhile", measured, "> 3", at_once > 3.0);
    figures.add(None, "a look-up meanwhile", spread(&took));
}
