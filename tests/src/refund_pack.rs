//! What a person needs to decide about a refund is collected for them, only by looking: the order, its after-sales request and
//! its parcel beside what the customer says, and the published rules (scenarios 13, 20, 31, 39, 51).

use std::time::Duration;

use aijia::evidence::Kind;
use anyhow::{Context, ensure};
use serde_json::Value;
use simulator::ItemKind;
use simulator::seller::{AfterSale, Guise};

use crate::actions::writes;
use crate::story;
use crate::world::{FLAGSHIP, Setting, World, XIAOYU};

/// An order that arrived, with an after-sales request.
const ORDER: &str = "202611280000012371";
const CLAIM: &str = "我要退款，一直没收到货，订单号 202611280000012371";

/// The order is here, and so is the rule; gives the message's id, or nothing where there is no browser.
async fn wants_refund(world: &mut World) -> anyhow::Result<Option<String>> {
    let rule = "id,question,answer,kind\nback,退款要什么条件,签收 7 天内可以申请退款，退款原路退回。,returns\n";
    let report = world.imports("退换.csv", rule, true).await?;
    ensure!(report.problems.is_empty(), "{report:?}");
    if !world.signs_in_to_office().await? {
        return Ok(None);
    }
    let msgid = world.sim.customer_says(FLAGSHIP, XIAOYU, CLAIM).await?;
    world.settle().await?;
    world.wait(Duration::from_secs(4)).await?;
    Ok(Some(msgid))
}

/// The case's page, as a member sees it who has signed in.
async fn page(world: &mut World, member: &str) -> anyhow::Result<String> {
    world.sim.sign_in_as(Some(member));
    let mut browser = world.browser(member)?;
    let url = format!("{}/review/1", world.address);
    Ok(world.opens(&mut browser, &url).await?.html)
}

/// What was collected last, as it is on record.
async fn collected(world: &World) -> anyhow::Result<Value> {
    let told = world.record(1).await?.into_iter().rev().find(|told| told.kind == Kind::RefundPackCollected);
    told.and_then(|told| told.payload).context("nothing was collected")
}

fn names<'a>(pack: &'a Value, of: &str, name: &str) -> Vec<&'a str> {
    pack[of].as_array().into_iter().flatten().filter_map(|one| one[name].as_str()).collect()
}

async fn collects(world: &mut World, member: &str) -> anyhow::Result<Value> {
    world.member_says(member, "/材料 1").await?;
    collected(world).await
}

story!(
    /// Scenarios 13, 20 and 31: one request collects everything beside what the customer says, with pictures, ages and the
    /// rule; where both contradict each other, both are there. The case waits as before, and nothing is written in the shop.
    everything_that_decides_a_refund_is_collected_at_once,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if wants_refund(world).await?.is_none() {
            return Ok(());
        }
        let before = (world.case(1).await?.version, world.case(1).await?.state.name());
        let pictures = |world: &World| world.sim.inbox("WangWu").iter().filter(|item| item.kind == ItemKind::Image).count();
        let seen = pictures(world);
        let pack = collects(world, "WangWu").await?;
        ensure!(names(&pack, "parts", "intent") == ["returns", "refund", "order_status"], "{pack}");
        ensure!(names(&pack, "claim", "text") == [CLAIM] && pack["order"] == ORDER, "{pack}");
        ensure!(names(&pack, "rules", "entry").contains(&"退换.csv:back") && pack["missing"] == serde_json::json!([]), "{pack}");
        let contradictions = names(&pack, "contradictions", "shown");
        ensure!(contradictions.iter().any(|shown| shown.contains("签收")), "{pack}");
        for part in pack["parts"].as_array().into_iter().flatten() {
            ensure!(part["pictures"].as_array().is_some_and(|all| !all.is_empty()), "{part}");
            let until = part["until"].as_object().context("ages")?;
            ensure!(until.values().all(|until| until.as_i64() > Some(world.clock.now())), "{part}");
        }
        ensure!(pictures(world) == seen + 3, "a picture of each page");
        let told = world.phone("WangWu");
        for words in ["退款材料", "不作决定", "售后单：", "物流：", "对不上", "退款要什么条件"] {
            ensure!(told.contains(words), "{words} is not in {told}");
        }
        ensure!((world.case(1).await?.version, world.case(1).await?.state.name()) == before, "it decided something");
        ensure!(writes(world)? == 0);
        let shown = page(world, "WangWu").await?;
        for words in ["一直没收到货", "签收 7 天内可以申请退款", "前有效", "退货退款", "对不上"] {
            ensure!(shown.contains(words), "{words} is not on the page");
        }
        world.wait(Duration::from_secs(31 * 60)).await?;
        let shown = page(world, "WangWu").await?;
        ensure!(shown.contains("起已过期"), "the page does not say what counts no more");
    }
);

story!(
    /// What is not there is said, and the rest is collected all the same.
    what_is_missing_is_said,
    in Setting::with_actions("reviewed").await?,
    |world| {
        world.seller()?.change(ORDER, |order| order.after_sale = None);
        if wants_refund(world).await?.is_none() {
            return Ok(());
        }
        let pack = collects(world, "WangWu").await?;
        ensure!(names(&pack, "parts", "intent") == ["returns", "order_status"], "{pack}");
        ensure!(names(&pack, "missing", "intent") == ["refund"], "{pack}");
        let told = world.phone("WangWu");
        ensure!(told.contains("还缺 1 项：售后单") && told.contains("店里没有"), "{told}");
        let opened = AfterSale {
            no: "AS0000055999".into(), kind: "仅退款".into(), status: "待商家处理".into(),
            amount_cents: 25_900, reason: "没收到货".into(),
        };
        world.seller()?.change(ORDER, |order| order.after_sale = Some(opened));
        ensure!(collects(world, "WangWu").await?["missing"] == serde_json::json!([]), "a second one has it");
    }
);

story!(
    /// Scenario 39: where the account is signed out nothing more is touched: one alarm, and everything named as missing.
    nothing_more_is_touched_where_the_account_is_signed_out,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if wants_refund(world).await?.is_none() {
            return Ok(());
        }
        world.seller()?.appear(Guise::Expired);
        let hits = world.seller()?.hits().len();
        let pack = collects(world, "WangWu").await?;
        ensure!(names(&pack, "missing", "intent") == ["returns", "refund", "order_status"], "{pack}");
        let opened = world.seller()?.hits().into_iter().skip(hits);
        let pages: Vec<String> = opened.map(|hit| hit.target).filter(|target| target.contains(ORDER)).collect();
        ensure!(pages.len() == 1, "{pages:?}");
        let alarms = world.sim.inbox("WangWu").iter().filter(|item| item.text.contains("停了")).count();
        ensure!(alarms == 1, "{}", world.phone("WangWu"));
    }
);

story!(
    /// Scenario 51: whoever named no order, or one that is another customer's, has nothing looked at; who may not decide is
    /// refused; each is on record.
    nobody_elses_order_is_collected,
    in Setting::with_actions("reviewed").await?,
    |world| {
        if wants_refund(world).await?.is_none() {
            return Ok(());
        }
        world.says(FLAGSHIP, "wmAqiang", CLAIM).await?;
        world.sim.add_customer("wmMeimei", "美美");
        world.says(FLAGSHIP, "wmMeimei", "我要退款").await?;
        let hits = world.seller()?.hits().len();
        for (wish, told) in [("/材料 2", "属于另一位客户"), ("/pack 3", "哪个订单")] {
            world.member_says("WangWu", wish).await?;
            ensure!(world.newest_text("WangWu").contains(told), "{wish}: {}", world.newest_text("WangWu"));
        }
        for case in [2, 3] {
            ensure!(world.recorded(case, Kind::Refused).await? && !world.recorded(case, Kind::RefundPackCollected).await?);
        }
        ensure!(world.seller()?.hits().len() == hits, "something was looked at");
    }
);

story!(
    /// What the customer takes back is gone from what was collected beside it too.
    what_is_taken_back_is_gone_from_the_material,
    in Setting::with_actions("reviewed").await?,
    |world| {
        let Some(msgid) = wants_refund(world).await? else { return Ok(()) };
        let pack = collects(world, "WangWu").await?;
        let picture = pack["parts"][0]["pictures"][0]["sha256"].as_str().context("a picture")?.to_owned();
        ensure!(world.app.blobs.has(&picture));
        world.sim.customer_recalls(&msgid).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let told = world.record(1).await?.into_iter().find(|told| told.kind == Kind::RefundPackCollected);
        ensure!(told.context("the entry stays")?.payload.is_none(), "its particulars are still there");
        ensure!(!world.app.blobs.has(&picture), "its picture is still there");
        world.record_verifies().await?;
    }
);
