//! Hostile texts as a customer's name and message, as knowledge, as an edit and as a reason, on the page in a real
//! browser, on the card and in chat: shown as they are, and nothing runs.

use anyhow::{Context, ensure};
use cards::Act;
use serde_json::Value;

use super::chromium::{self, Chromium};
use super::payloads;
use crate::world::{Browser, FLAGSHIP, On, Page, Setting, World};

/// Bytes of one customer message (wecom 94670), and of one part of a reply.
const MESSAGE_BYTES: usize = 2_000;
/// Texts that share a page.
const TOGETHER: usize = 36;

/// The texts in messages of bearable size, a line each.
fn messages(texts: &[String]) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty() && text.len() < MESSAGE_BYTES) {
        match messages.last_mut() {
            Some(last) if last.len() + text.len() < MESSAGE_BYTES => {
                last.push('\n');
                last.push_str(text);
            }
            _ => messages.push(text.to_owned()),
        }
    }
    messages
}

/// What the page shows of a text.
fn shown(text: &str) -> String {
    cards::reveal(text).replace("\r\n", "\n").replace('\r', "\n").trim().to_owned()
}

/// A case in which every place that takes a text has hostile ones; its page, as the supervisor sees it.
struct Scene {
    number: i64,
    said: Vec<String>,
    drafted: Vec<String>,
}

async fn set(world: &mut World, number: i64, texts: &[String]) -> anyhow::Result<Scene> {
    let customer = format!("wmHostile{number}");
    world.sim.add_customer(&customer, &messages(texts)[0].chars().take(40).collect::<String>());
    let said = messages(texts);
    for message in &said {
        world.sim.customer_says(FLAGSHIP, &customer, message).await?;
    }
    world.says(FLAGSHIP, &customer, "羊毛衫会起球吗？").await?;
    // A reason in the reviewer's own words, and words of a draft that is then shown.
    let note = texts[texts.len() / 2].replace(['\n', '\r'], " ");
    world.member_says("WangWu", &format!("/edit {number} 先这样回。")).await?;
    world.member_says("WangWu", &format!("/reject {number} 语气不对 {note}")).await?;
    let texts: Vec<String> = texts.iter().map(|text| aijia::drafting::clean(text)).collect();
    let edit = messages(&texts).into_iter().next().context("something to write")?;
    let (mut browser, page) = opened(world, number).await?;
    let answer = world.submits(&mut browser, &page, "/edit", &[("part1", &edit)]).await?;
    ensure!(answer.status == 200, "{}", answer.html);
    world.member_says("WangWu", &format!("/pause #{number} {note}")).await?;
    world.member_says("WangWu", &format!("/why {number}")).await?;
    Ok(Scene { number, said, drafted: world.case(number).await?.draft().map(|d| d.parts.clone()).unwrap_or_default() })
}

async fn opened(world: &mut World, number: i64) -> anyhow::Result<(Browser, Page)> {
    world.sim.sign_in_as(Some("WangWu"));
    let mut browser = world.browser("WangWu")?;
    let url = format!("{}/review/{number}", world.address);
    let page = world.opens(&mut browser, &url).await?;
    Ok((browser, page))
}

/// The shop's knowledge with hostile answers among its own.
async fn poisoned(world: &World, texts: &[String]) -> anyhow::Result<()> {
    let quoted = |text: &String| format!("\"{}\"", text.replace('"', "\"\"").replace('\0', ""));
    let rows: String =
        texts.iter().enumerate().map(|(n, text)| format!("怎么保养第{n}号衣服,{}\n", quoted(text))).collect();
    let csv =
        format!("question,answer\n{rows}羊毛衫会起球吗？,\"轻微起球属正常。{}\"\n", texts[0].replace('"', "\"\""));
    world.imports("hostile.csv", &csv, true).await.map(drop)
}

/// Looks at a scene's page in the browser: everything byte for byte, nothing done.
fn look(browser: &mut Chromium, origin: &str, scene: &Scene) -> anyhow::Result<usize> {
    let texts = |value: Value| -> Vec<String> { serde_json::from_value(value).unwrap_or_default() };
    let bubbles = texts(browser.value("[...document.querySelectorAll('.bubble')].map(e => e.textContent)")?);
    let bubbles: Vec<String> = bubbles.iter().map(|text| text.trim().to_owned()).collect();
    for said in scene.said.iter().map(|text| shown(text)) {
        ensure!(bubbles.contains(&said), "#{}: not shown as it is: {said:?} in {bubbles:#?}", scene.number);
    }
    for part in &scene.drafted {
        ensure!(bubbles.contains(&shown(part)), "#{}: the draft is not shown as it is: {part:?}", scene.number);
    }
    let fields = texts(browser.value("[...document.querySelectorAll('textarea')].map(e => e.value)")?);
    for part in &scene.drafted {
        ensure!(fields.contains(part), "#{}: the form does not hold the draft: {part:?} in {fields:?}", scene.number);
    }
    let foreign = "script,img:not([src*='/media/']),svg,math,iframe,object,embed,video,audio,base,link:not([href$='page.css']),meta[http-equiv],[style],[onerror],[onload],[onclick]";
    let found = browser.value(&format!("[...document.querySelectorAll(\"{foreign}\")].map(e => e.outerHTML)"))?;
    ensure!(found == Value::Array(Vec::new()), "#{}: markup of others: {found}", scene.number);
    let did = browser.did(origin);
    ensure!(did.scripts.is_empty(), "#{}: something ran: {:?}", scene.number, did.scripts);
    ensure!(did.violations.is_empty(), "#{}: the policy had to stop something: {:?}", scene.number, did.violations);
    ensure!(did.asked.is_empty(), "#{}: something was fetched: {:?}", scene.number, did.asked);
    Ok(scene.said.len() * 2 + scene.drafted.len() * 2 + 3)
}

/// Every card is inside the platform's limits, and a hostile text is in the quote and the draft only.
fn cards_hold(world: &World) -> anyhow::Result<usize> {
    let mut seen = 0;
    for card in ["LiHua", "ZhaoLiu", "WangWu"].iter().flat_map(|m| world.sim.inbox(m)).filter_map(|item| item.card) {
        ensure!(cards::wecom::check(&card).is_ok(), "{card}");
        for field in ["source", "main_title", "button_list"] {
            ensure!(!card[field].to_string().contains("alert("), "{field}: {card}");
        }
        seen += 1;
    }
    Ok(seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_texts_are_shown_and_nothing_runs() -> anyhow::Result<()> {
    let Some(program) = chromium::program()? else {
        eprintln!("NOT LOOKED AT in a browser: no Chromium here (scripts/setup-test says how to get it)");
        return Ok(());
    };
    let mut world = World::open(On::Sqlite, Setting::default()).await?.context("SQLite is always there")?;
    let texts: Vec<String> = payloads::ours().into_iter().chain(payloads::naughty()).collect();
    ensure!(texts.len() > 600, "{}", texts.len());
    poisoned(&world, &texts).await?;
    let mut browser = tokio::task::block_in_place(|| Chromium::start(program))?;
    detects(&mut browser)?;
    let (mut renderings, mut pages) = (0, 0);
    for (n, group) in texts.chunks(TOGETHER).enumerate() {
        let scene = set(&mut world, i64::try_from(n)? + 1, group).await?;
        world.wait(std::time::Duration::from_secs(61)).await?;
        let origin = world.address.clone();
        let url = format!("{origin}/review/{}", scene.number);
        world.sim.sign_in_as(Some("WangWu"));
        let looked = tokio::task::block_in_place(|| {
            browser.open(&url)?;
            look(&mut browser, "http://127.0.0.1", &scene)
        });
        let kinds = looked.with_context(|| format!("page {}", scene.number))?;
        renderings += group.len() * 2 + kinds;
        pages += 1;
    }
    let cards = cards_hold(&world)?;
    println!(
        "{} hostile texts on {pages} pages in {program} ({renderings} renderings) and {cards} cards: scripts run 0, policy violations 0",
        texts.len()
    );
    Ok(())
}

/// The browser would have told: a page on which something runs, is stopped and is fetched.
fn detects(browser: &mut Chromium) -> anyhow::Result<()> {
    tokio::task::block_in_place(|| {
        browser.open("data:text/html,<p class=bubble>x</p><img src='http://127.0.0.2:9/x' onerror=alert(1)>")?;
        let did = browser.did("http://127.0.0.1");
        ensure!(!did.scripts.is_empty() && did.asked.iter().any(|url| url.contains("127.0.0.2")), "{did:?}");
        let policy =
            "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\"><script>alert(1)</script>";
        browser.open(&format!("data:text/html,{policy}"))?;
        browser.value("1")?;
        let did = browser.did("http://127.0.0.1");
        ensure!(did.scripts.is_empty() && !did.violations.is_empty(), "{did:?}");
        Ok(())
    })
}

/// A draft with markup of any kind that a reader would not see as it is has no 发送.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_that_hides_something_cannot_be_sent() -> anyhow::Result<()> {
    let mut world = World::open(On::Sqlite, Setting::default()).await?.context("SQLite is always there")?;
    world.customer_says("羊毛衫会起球吗？").await?;
    for text in
        ["<a href=\"https://evil.example\">官网</a>", "[官网](https://evil.example)", "看<A\thref=//evil.example>这里"]
    {
        world.member_says("LiHua", &format!("/edit 1 {text}")).await?;
        let card = world.card("LiHua")?;
        ensure!(!card.has(Act::Send) || !card.text().contains("官网"), "{}", card.text());
    }
    ensure!(world.sim.accepted_kf_sends().is_empty());
    Ok(())
}
