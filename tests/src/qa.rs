//! A week's sample for quality: over everything there was, always the same for the same records, scored by people who did
//! not decide (scenario 81, requirements QA-01 to QA-03).

use std::collections::BTreeSet;
use std::time::Duration;

use aijia::args;
use aijia::evidence::Kind as Recorded;
use aijia::qa::Kind;
use aijia::store::qa::{self, Item};
use anyhow::ensure;
use cards::Act;

use crate::automation::{FACT, with_auto};
use crate::story;
use crate::world::{OUTLET, World};

const HOUR: u64 = 3_600;
/// From the stories' morning, a Wednesday at ten, to the Monday after.
const TO_MONDAY: Duration = Duration::from_secs((4 * 24 + 15) * HOUR);
/// The week the stories begin in.
const WEEK: &str = "2026-W48";

/// Traffic of every kind on both channels, in two languages, decided by three people.
async fn a_week_of_everything(world: &mut World) -> anyhow::Result<()> {
    world.opens_automation().await?;
    world.asked_by("wmAuto", FACT).await?;
    for (account, customer, text) in [
        (OUTLET, "wmEdit", "包邮吗？"),
        (OUTLET, "wmEnglish", "Can I wash the wool sweater in the machine?"),
        (OUTLET, "wmReject", "羊毛衫怎么洗"),
    ] {
        world.sim.add_customer(customer, "顾客");
        world.says(account, customer, text).await?;
    }
    let edited = number(world, "kf-outlet", "wmEdit").await?;
    world.member_says("WangWu", &format!("/改 {edited} 亲，满 99 元包邮哦。")).await?;
    let card = world.card_of("WangWu", edited)?;
    world.taps_card("WangWu", &card, Act::Send, &[]).await?;
    let english = number(world, "kf-outlet", "wmEnglish").await?;
    ensure!(world.case(english).await?.draft().is_none_or(|draft| draft.parts.is_empty()), "nothing is drafted");
    world.member_says("ZhaoLiu", &format!("/接手 {english}")).await?;
    let rejected = number(world, "kf-outlet", "wmReject").await?;
    world.member_says("LiHua", &format!("/拒绝 {rejected} 知识过期")).await
}

/// The number of a customer's newest case.
async fn number(world: &World, channel: &'static str, customer: &'static str) -> anyhow::Result<i64> {
    let sql = "SELECT cases.number FROM cases JOIN conversations ON conversations.case_id = cases.id
               WHERE conversations.channel = $1 AND conversations.customer = $2";
    let found = world
        .app
        .store
        .read(move |tx| Box::pin(async move { Ok(tx.one::<(i64,)>(sql, args![channel, customer]).await?) }));
    found.await?.map(|(number,)| number).ok_or_else(|| anyhow::anyhow!("{customer} has no case"))
}

async fn sample(world: &World) -> anyhow::Result<Vec<Item>> {
    world.app.store.read(|tx| Box::pin(async move { Ok(qa::of_week(tx, WEEK).await?) })).await
}

async fn forget(world: &World) -> anyhow::Result<()> {
    let sql = "DELETE FROM qa_items";
    world.app.store.commit(move |tx| Box::pin(async move { Ok(tx.run(sql, args![]).await.map(drop)?) })).await
}

story!(
    /// Every kind, channel, shop, language and person there was is in the sample; drawn again it is the same.
    a_sample_has_some_of_everything_and_is_always_the_same,
    in with_auto("sample = 0.02"),
    |world| {
        a_week_of_everything(world).await?;
        world.member_says("ChenJie", "/质检 2026-W48").await?;
        ensure!(world.newest_text("ChenJie").contains("还没过完"), "{}", world.newest_text("ChenJie"));
        world.wait(TO_MONDAY).await?;
        world.member_says("ChenJie", "/质检").await?;
        let list = world.newest_text("ChenJie");
        ensure!(list.contains("质检 2026-W48") && list.contains("英语") && list.contains("奥莱店"), "{list}");
        let drawn = sample(world).await?;
        let kinds: BTreeSet<Kind> = drawn.iter().flat_map(Item::kinds).collect();
        ensure!(kinds == Kind::ALL.iter().copied().collect(), "{kinds:?}");
        let of = |field: fn(&Item) -> String| drawn.iter().map(field).collect::<BTreeSet<_>>();
        ensure!(of(|item| item.channel.clone()).len() == 2, "{drawn:?}");
        ensure!(of(|item| item.language.clone()).is_superset(&BTreeSet::from(["chinese".into(), "english".into()])));
        let people = of(|item| item.decided_by.clone().unwrap_or_default());
        ensure!(["lihua", "wangwu"].iter().all(|person| people.contains(*person)), "{people:?}");
        let numbers = |items: &[Item]| items.iter().map(|item| (item.number, item.kinds())).collect::<Vec<_>>();
        world.member_says("WangWu", "/qa").await?;
        ensure!(world.newest_text("WangWu") == list, "one sample for everybody");
        forget(world).await?;
        world.wait(Duration::from_secs(26 * HOUR)).await?;
        world.member_says("ChenJie", "/质检 2026-W48").await?;
        ensure!(numbers(&sample(world).await?) == numbers(&drawn), "whoever draws it, and when");
    }
);

story!(
    /// A reply is shown with the record of how it came about; whoever decided about it does not score it; points and words
    /// are on record and in the report of the week.
    a_sample_is_scored_by_others,
    in with_auto("sample = 0.02"),
    |world| {
        a_week_of_everything(world).await?;
        let edited = number(world, "kf-outlet", "wmEdit").await?;
        world.wait(TO_MONDAY).await?;
        world.member_says("LiHua", "/质检").await?;
        ensure!(world.newest_text("LiHua").contains("没有生效"), "{}", world.newest_text("LiHua"));
        ensure!(sample(world).await?.is_empty(), "nobody drew it for a reviewer");
        world.member_says("ChenJie", &format!("/质检 {edited} 5555555")).await?;
        ensure!(world.newest_text("ChenJie").contains("不在质检样本里"), "{}", world.newest_text("ChenJie"));
        world.member_says("ChenJie", "/质检").await?;
        world.member_says("ChenJie", &format!("/质检 {edited}")).await?;
        let phone = world.phone("ChenJie");
        ensure!(phone.contains("满 99 元包邮哦") && phone.contains("意图、知识、核验、风险、回复、证据、反馈"), "{phone}");
        world.member_says("WangWu", &format!("/质检 {edited} 5 5 5 5 5 5 5")).await?;
        ensure!(world.newest_text("WangWu").contains("自己处理的"), "{}", world.newest_text("WangWu"));
        world.member_says("ChenJie", &format!("/质检 {edited} 5 4 - 5 4 5 9")).await?;
        ensure!(world.newest_text("ChenJie").contains("1 到 5"), "{}", world.newest_text("ChenJie"));
        world.member_says("ChenJie", &format!("/质检 {edited} 5 4 - 5 4 5 1 少了一次回访")).await?;
        ensure!(world.newest_text("ChenJie").contains("平均 4.0"), "{}", world.newest_text("ChenJie"));
        let scored = world.record(edited).await?.into_iter().find(|told| told.kind == Recorded::QaScored);
        let payload = scored.and_then(|told| told.payload).unwrap_or_default();
        ensure!(payload["note"] == "少了一次回访" && payload["scores"][2].is_null(), "{payload}");
        world.member_says("ChenJie", &format!("/质检 {edited}")).await?;
        ensure!(world.newest_text("ChenJie").contains("少了一次回访"), "{}", world.newest_text("ChenJie"));
        world.wait(Duration::from_secs(8 * HOUR)).await?;
        let told = world.phone("ChenJie");
        ensure!(told.contains("上周小结") && told.contains("质检 2026-W48：评了 1/"), "{told}");
        ensure!(told.contains("平均 4.0，最弱 反馈 1.0"), "{told}");
    }
);
