//! The back office: a fact is looked up before the answer is drafted, by a browser that cannot write; identity first; what
//! is stale is not sent; the first oddity stops the recipe and nothing else (scenarios 22, 31, 44, 51).

use std::time::Duration;

use aijia::case::{Looked, State, Unseen};
use aijia::evidence::Kind;
use anyhow::{Context, ensure};
use cards::Act;
use simulator::ItemKind;
use simulator::seller::Guise;

use crate::story;
use crate::world::operated::OperatedShop;
use crate::world::program::is_private;
use crate::world::{FLAGSHIP, OUTLET, Setting, World, XIAOYU};

/// An order that is on its way.
const ORDER: &str = "202611280000010417";
const QUESTION: &str = "我的货到哪了？";

/// What was looked up for the draft of a case.
async fn looked(world: &World, number: i64) -> anyhow::Result<Option<Looked>> {
    let case = world.case(number).await?;
    Ok(case.draft().and_then(|draft| draft.look_up.clone()).map(|look_up| look_up.outcome))
}

/// The requests that reached the back office about an order.
fn asked_about(world: &World, order: &str) -> anyhow::Result<usize> {
    Ok(world.seller()?.hits().iter().filter(|hit| hit.target.contains(order)).count())
}

fn pictures(world: &World, member: &str) -> usize {
    world.sim.inbox(member).iter().filter(|item| item.kind == ItemKind::Image).count()
}

story!(
    /// Scenarios 22 and 31: the order is looked up before the draft: the card has the fact and its time, the order masked, the picture above it
    /// and on the page behind it; the record has all of it before the draft; nothing was written in the shop.
    an_order_is_looked_up_before_the_answer,
    in Setting::with_back_office().await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        let before = world.seller()?.writes().len();
        world.customer_says(&format!("{QUESTION}订单号 {ORDER}")).await?;
        let card = world.card("LiHua")?;
        ensure!(card.has(Act::Send) && card.text().contains("取证") && card.text().contains("中通快递"), "{}", card.text());
        ensure!(card.text().contains("…0417"), "{}", card.text());
        ensure!(pictures(world, "LiHua") == 1 && pictures(world, "ZhaoLiu") == 1, "a picture above each card");
        let draft = world.case(1).await?.draft().cloned().context("a draft")?;
        ensure!(draft.parts.concat().contains("ZT000730000417"), "{:?}", draft.parts);
        let kinds: Vec<Kind> = world.record(1).await?.iter().map(|told| told.kind).collect();
        let at = |kind| kinds.iter().position(|known| *known == kind);
        ensure!(at(Kind::LookedUp).is_some() && at(Kind::LookedUp) < at(Kind::Drafted), "{kinds:?}");
        let looked_up = world.record(1).await?.into_iter().find(|told| told.kind == Kind::LookedUp);
        let evidence = looked_up.and_then(|told| told.payload).context("the look-up is on record")?;
        for kept in ["at", "pages", "pictures", "log_sha256"] {
            ensure!(!evidence[kept].is_null(), "{kept} is not on record: {evidence}");
        }
        world.sim.sign_in_as(Some("LiHua"));
        let mut browser = world.browser("LiHua")?;
        let url = format!("{}/review/1", world.address);
        let page = world.opens(&mut browser, &url).await?;
        ensure!(page.html.contains("运单号") && page.html.contains("class=\"seen\""), "{}", page.html);
        let picture = draft.look_up.as_ref().and_then(|l| l.pictures().first()).context("a picture")?;
        ensure!(browser.get(&format!("{url}/media/{picture}")).await?.status == 200);
        ensure!(browser.get(&format!("{url}/media/{}", "0".repeat(64))).await?.status == 404);
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == draft.parts);
        // The person's own visit sent its figures home; nothing else wrote.
        ensure!(world.seller()?.writes().len() <= before.max(2), "{:?}", world.seller()?.writes());
    }
);

story!(
    /// Scenario 51, identity first: without a number nothing is opened, and the draft asks for it. The number alone is then enough: what
    /// it is about was said before.
    who_names_no_order_is_asked_for_it,
    in Setting::with_back_office().await?,
    |world| {
        world.customer_says(QUESTION).await?;
        ensure!(world.card("LiHua")?.text().contains("订单号"), "{}", world.card("LiHua")?.text());
        ensure!(looked(world, 1).await? == Some(Looked::NoOrder));
        ensure!(world.seller()?.hits().is_empty(), "nothing was opened");
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        world.taps("LiHua", Act::Send).await?;
        world.customer_says(ORDER).await?;
        ensure!(world.card("LiHua")?.text().contains("中通快递"), "{}", world.card("LiHua")?.text());
        // A question about the shop's rules needs no order.
        world.says(OUTLET, "wmLinlin", "羊毛衫怎么洗？").await?;
        ensure!(!world.card("ZhaoLiu")?.text().contains("订单号"));
    }
);

story!(
    /// What belongs to somebody else is not opened, and nothing of it appears.
    an_order_of_somebody_else_is_not_opened,
    in Setting::with_back_office().await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        world.customer_says(&format!("{QUESTION}{ORDER}")).await?;
        let before = asked_about(world, ORDER)?;
        ensure!(before > 0);
        world.says(FLAGSHIP, "wmAqiang", &format!("{QUESTION}订单{ORDER}")).await?;
        ensure!(asked_about(world, ORDER)? == before, "the order was opened for a stranger");
        ensure!(looked(world, 2).await? == Some(Looked::NotTheirs));
        let card = world.card_of("LiHua", 2)?;
        ensure!(!card.text().contains("中通") && !card.text().contains("ZT000"), "{}", card.text());
        // A number that no order has is asked about once more.
        world.says(FLAGSHIP, "wmLinlin", "我的快递到哪了 999999999999999999").await?;
        ensure!(looked(world, 3).await? == Some(Looked::NotFound));
    }
);

story!(
    /// Facts that do not count any more are not sent: the tap is refused in words, the card offers 重新取证 instead of 发送,
    /// and that brings a new version with fresh facts.
    what_is_stale_is_looked_up_again,
    in Setting::with_back_office().await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        world.customer_says(&format!("{QUESTION}{ORDER}")).await?;
        world.wait(Duration::from_secs(11 * 60)).await?;
        let old = world.card("WangWu")?;
        ensure!(old.has(Act::Send));
        // The time passes, and the tap is faster than the redrawing.
        world.clock.advance(30 * 60 * 1_000);
        world.sim_clock.advance(30 * 60 * 1_000);
        world.sim.tap("WangWu", &old.task_id, &old.key(Act::Send)?, &[]).await?;
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "stale facts were sent");
        let stale = world.card("WangWu")?;
        ensure!(!stale.has(Act::Send) && stale.has(Act::LookAgain) && stale.text().contains("过期"), "{}", stale.text());
        let asked = asked_about(world, ORDER)?;
        world.taps("WangWu", Act::LookAgain).await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(asked_about(world, ORDER)? > asked, "nothing was looked up");
        let fresh = world.card("WangWu")?;
        ensure!(fresh.has(Act::Send), "whoever wished for it sees it: {}", fresh.text());
        world.taps("WangWu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// The customer says that nothing came and the courier that it was signed for: the card says both.
    a_contradiction_is_shown_with_both_words,
    in Setting::with_back_office().await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        world.seller()?.change(ORDER, |order| {
            let signed = ("2026-11-24 10:05:00".to_owned(), "快件已由本人签收".to_owned());
            order.parcel.iter_mut().for_each(|parcel| parcel.events.insert(0, signed.clone()));
        });
        world.customer_says(&format!("我的快递一直没收到，单号 {ORDER}")).await?;
        let card = world.card("LiHua")?;
        ensure!(card.text().contains("客户说“没收到”，后台是“轨迹 快件"), "{}", card.text());
        let verdict = world.case(1).await?.draft().map(|draft| draft.verdict.clone()).context("a draft")?;
        ensure!(verdict.contradictions().count() == 1, "{verdict:?}");
    }
);

story!(
    /// Who takes the order's number back takes everything back that was looked up by it.
    what_was_looked_up_is_taken_back_with_the_number,
    in Setting::with_back_office().await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        let msgid = world.sim.customer_says(FLAGSHIP, XIAOYU, &format!("{QUESTION}{ORDER}")).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let picture = world.case(1).await?.draft().and_then(|draft| draft.look_up.clone());
        let picture = picture.and_then(|look_up| look_up.pictures().first().cloned()).context("a picture")?;
        ensure!(world.app.blobs.has(&picture));
        world.sim.customer_recalls(&msgid).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(!world.app.blobs.has(&picture), "the picture is still there");
        let looked = world.record(1).await?.into_iter().find(|told| told.kind == Kind::LookedUp).context("an entry")?;
        ensure!(looked.payload.is_none(), "{:?}", looked.payload);
    }
);

story!(
    /// Scenario 44: the first oddity stops the recipe for the store and nothing else: the escalation owner is told once, drafts go on
    /// without the fact and say so, nothing more is opened; after a passing test a permitted person lets it run again.
    an_oddity_stops_the_recipe_until_a_person_has_looked,
    in Setting::with_back_office().await?,
    |world| {
        if !world.signs_in_to_office().await? {
            return Ok(());
        }
        world.seller()?.appear(Guise::Redesigned);
        world.customer_says(&format!("{QUESTION}{ORDER}")).await?;
        ensure!(looked(world, 1).await? == Some(Looked::Unseen(Unseen::Changed)));
        let card = world.card("WangWu")?;
        ensure!(card.text().contains("页面变了") && !world.has_open_card("LiHua"), "{}", card.text());
        ensure!(world.phone("WangWu").contains("停了"), "{}", world.phone("WangWu"));
        let (hits, told) = (asked_about(world, ORDER)?, world.phone("WangWu").matches("停了").count());
        world.customer_says(&format!("在吗，{QUESTION}{ORDER}")).await?;
        ensure!(looked(world, 1).await? == Some(Looked::Unseen(Unseen::Stopped)));
        ensure!(asked_about(world, ORDER)? == hits, "a stopped recipe ran");
        ensure!(world.phone("WangWu").matches("停了").count() == told, "told once");
        world.member_says("WangWu", "/后台 恢复 flagship logistics").await?;
        ensure!(world.newest_text("WangWu").contains("测试"), "{}", world.newest_text("WangWu"));
        world.member_says("LiHua", &format!("/后台 测试 flagship logistics {ORDER}")).await?;
        ensure!(!world.phone("LiHua").contains("测试通过"), "a reviewer may not");
        world.seller()?.appear(Guise::Usual);
        world.member_says("WangWu", &format!("/后台 测试 flagship logistics {ORDER}")).await?;
        ensure!(world.newest_text("WangWu").contains("测试通过"), "{}", world.newest_text("WangWu"));
        world.member_says("WangWu", "/backoffice resume flagship logistics").await?;
        world.member_says("WangWu", "/backoffice").await?;
        ensure!(world.newest_text("WangWu").contains("logistics：正常"), "{}", world.newest_text("WangWu"));
        world.customer_says(&format!("{QUESTION}{ORDER}")).await?;
        ensure!(matches!(looked(world, 1).await?, Some(Looked::Found { .. })));
    }
);

story!(
    /// Without Chromium everything else works: the draft goes on without the fact, and the list says what is missing.
    without_a_browser_everything_else_works,
    in Setting::without_chromium().await?,
    |world| {
        world.customer_says(&format!("{QUESTION}{ORDER}")).await?;
        ensure!(looked(world, 1).await? == Some(Looked::Unseen(Unseen::NoBrowser)));
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_) | State::NeedsPerson(_)));
        ensure!(world.has_open_card("LiHua") && world.seller()?.hits().is_empty());
        world.member_says("LiHua", "/后台").await?;
        ensure!(world.newest_text("LiHua").contains("AIJIA_CHROMIUM"), "{}", world.newest_text("LiHua"));
        world.says(FLAGSHIP, "wmAqiang", "羊毛衫会起球吗？").await?;
        ensure!(world.card_of("LiHua", 2)?.has(Act::Send));
    }
);

/// A person shows a path at the command line, by pictures: the draft is there, says what is missing, is nobody's to read but
/// theirs, is never written over, and stops nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_is_shown_at_the_command_line() -> anyhow::Result<()> {
    let shop = OperatedShop::begin().await?;
    let record = ["backoffice", "record", "flagship", "parcel", "--order", ORDER, "--at", "/orders"];
    let early = shop.types(&record, "done\n").await?;
    if !shop.signs_in().await? {
        return Ok(());
    }
    ensure!(!early.status.success(), "nobody had signed in");
    let lines = format!("tab\ntab\ntab\ntype {ORDER}\nenter\ngo /orders/{ORDER}/logistics\nlook\ndone\n");
    let shown = shop.types(&record, &lines).await?;
    let said = String::from_utf8_lossy(&shown.stdout).into_owned();
    ensure!(shown.status.success(), "{said}{}", String::from_utf8_lossy(&shown.stderr));
    for missing in ["parcel.toml.draft", "output.name", "page.fingerprints", "signs.signed_out"] {
        ensure!(said.contains(missing), "{missing} is not said: {said}");
    }
    let file = shop.operator.folder.path().join("parcel.toml.draft");
    let draft = std::fs::read_to_string(&file)?;
    ensure!(draft.contains("fill = { selector = \"#keyword\", value = \"{order}\" }"), "{draft}");
    ensure!(draft.contains("path = \"/orders/{order}/logistics\"") && !draft.contains(ORDER), "{draft}");
    ensure!(is_private(&file)? && !shop.operator.folder.path().join("backoffice.png").exists());
    ensure!(!shop.types(&record, "done\n").await?.status.success(), "it was written over");
    Ok(())
}
