//! Measures look-ups in the simulated shop: `cargo run -p backoffice --example bench [-- COUNT]`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use backoffice::{Account, Browser, Chromium, Inputs, Job, MOST_TABS, Opening, ProfileKey, Recipes, SigningIn};
use simulator::seller::{Seller, Settings};

const NOW: i64 = 1_795_000_000_000;
const COLD: usize = 8;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let count: usize = std::env::args().nth(1).map_or(Ok(60), |count| count.parse())?;
    let seller = Seller::start(Settings::default()).await?;
    let account = Account::new("flagship", &seller.origin(), true)?;
    let recipes = Recipes::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes"))?;
    let chromium = Chromium::find(None, &std::env::var_os("PATH").unwrap_or_default())?;
    let key = ProfileKey::new([7; 32])?;
    let memory = Path::new("/dev/shm");
    let opening =
        Opening { chromium: &chromium, account: &account, recipes: &recipes, profile: None, key: &key, memory };
    let sealed = signed_in(opening, &seller, &key).await?;
    // A person's own visit sends figures home; nobody stops those.
    let before = seller.writes().len();
    let opening = Opening { profile: Some(&sealed), ..opening };

    println!("profile, sealed                  {:>8.1} KiB", kib(sealed.len()));
    cold(opening, &seller, &recipes).await?;
    let browser = Browser::open(opening).await?;
    println!("memory of an idle browser        {:>8.1} MiB", memory_of(&browser)?);
    warm(&browser, &seller, &recipes, count).await?;
    together(&browser, &seller, &recipes, count).await?;
    println!("memory after {count:>4} look-ups       {:>8.1} MiB", memory_of(&browser)?);
    ensure!(seller.writes().len() == before, "a look-up wrote");
    Ok(())
}

async fn signed_in(opening: Opening<'_>, seller: &Seller, key: &ProfileKey) -> anyhow::Result<Vec<u8>> {
    let person = SigningIn::open(opening, "/login", false).await?;
    person.type_in(&seller.settings().user).await?;
    person.tab_key().await?;
    person.type_in(&seller.settings().password).await?;
    person.enter().await?;
    Ok(person.finish(key, [1; 12]).await?)
}

async fn one(browser: &Browser, recipes: &Recipes, name: &str, order: &str) -> anyhow::Result<backoffice::Finding> {
    let recipe = recipes.get(name).context("a recipe")?;
    let inputs = Inputs::new(recipe, [("order", order)])?;
    Ok(backoffice::look_up(Job { browser, recipe, inputs: &inputs, now_ms: NOW }).await?)
}

/// From no browser at all to a finding.
async fn cold(opening: Opening<'_>, seller: &Seller, recipes: &Recipes) -> anyhow::Result<()> {
    let mut took = Vec::new();
    for order in seller.orders().iter().take(COLD) {
        let began = Instant::now();
        let browser = Browser::open(opening).await?;
        one(&browser, recipes, "order", &order.no).await?;
        took.push(began.elapsed());
    }
    print("cold look-up", &mut took);
    Ok(())
}

async fn warm(browser: &Browser, seller: &Seller, recipes: &Recipes, count: usize) -> anyhow::Result<()> {
    let (mut took, mut sizes) = (Vec::new(), Vec::new());
    for order in seller.orders().iter().cycle().take(count) {
        let began = Instant::now();
        let finding = one(browser, recipes, "order", &order.no).await?;
        took.push(began.elapsed());
        let pictures: usize = finding.pictures.iter().map(|picture| picture.png.len()).sum();
        sizes.push(pictures + serde_json::to_vec(&finding)?.len());
    }
    print("warm look-up, one at a time", &mut took);
    sizes.sort_unstable();
    let at = |share: usize| sizes.get((sizes.len().saturating_sub(1)) * share / 100).copied().unwrap_or_default();
    println!("evidence of a look-up            {:>8.1} KiB p50, {:.1} KiB most", kib(at(50)), kib(at(100)));
    Ok(())
}

/// As many at once as a browser takes.
async fn together(browser: &Browser, seller: &Seller, recipes: &Recipes, count: usize) -> anyhow::Result<()> {
    let (mut took, orders) = (Vec::new(), seller.orders());
    let began = Instant::now();
    for group in orders.iter().cycle().take(count).collect::<Vec<_>>().chunks(MOST_TABS) {
        let timed = group.iter().map(|order| async move {
            let began = Instant::now();
            one(browser, recipes, "order", &order.no).await.map(|_| began.elapsed())
        });
        for each in futures::future::join_all(timed).await {
            took.push(each?);
        }
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    print(&format!("warm look-up, {MOST_TABS} at once"), &mut took);
    println!("look-ups a second, {MOST_TABS} at once     {rate:>8.1}");
    Ok(())
}

fn print(what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let at = |share: usize| took.get((took.len().saturating_sub(1)) * share / 100).map_or(0.0, Duration::as_secs_f64);
    println!("{what:<32} {:>8.0} ms p50, {:.0} ms p95", at(50) * 1_000.0, at(95) * 1_000.0);
}

fn kib(bytes: usize) -> f64 {
    bytes as f64 / 1_024.0
}

/// Proportional memory (PSS) of all processes of the browser, in MiB.
fn memory_of(browser: &Browser) -> anyhow::Result<f64> {
    let group = browser.process_group().context("a running browser")?.to_string();
    let mut kib = 0.0;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let of_group = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(2)) == Some(group.as_str());
        let rollup = std::fs::read_to_string(entry.path().join("smaps_rollup")).unwrap_or_default();
        let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or("0 kB");
        let pss: f64 = pss.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
        kib += if of_group { pss } else { 0.0 };
    }
    Ok(kib / 1_024.0)
}
