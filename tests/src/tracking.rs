//! Where a parcel is, asked of Kuaidi100 as its order names it: the fact on the card and in the reply, its age, the same
//! number never twice within half an hour, and what people are told where nothing is known.

use std::time::Duration;

use aijia::case::Looked;
use aijia::evidence::Kind;
use anyhow::{Context, ensure};
use cards::Act;
use simulator::Clock;
use simulator::kuaidi100::{KUAIDI100_KEY, Kuaidi100, Parcel};
use simulator::shop_api::{Order, SHOPIFY_TOKEN, ShopApi, WOOCOMMERCE_KEY};

use crate::world::{DESK, FLAGSHIP, On, Setting, Telling, World, XIAOYU, run};

const ORDER: &str = "20261104170";
const PARCEL: &str = "SF1020304050";
const QUESTION: &str = "我的货到哪了？订单号 20261104170";

/// A shop whose orders Shopify knows, and whose parcels Kuaidi100 knows.
struct Outside {
    shop: ShopApi,
    kuaidi: Kuaidi100,
    clock: Clock,
}

impl Outside {
    async fn start() -> anyhow::Result<Self> {
        let (shop, clock) = (ShopApi::start().await?, Clock::at(0));
        let kuaidi = Kuaidi100::start(clock.clone()).await?;
        let outside = Self { shop, kuaidi, clock };
        outside.sent_by("顺丰速运");
        outside.is_at("5", "【杭州市】派送中，派件员小周");
        Ok(outside)
    }

    fn sent_by(&self, carrier: &str) {
        let order = Order {
            status: "completed".into(),
            financial: "PAID".into(),
            fulfilment: "FULFILLED".into(),
            paid: "259.00".into(),
            parcel: Some((carrier.to_owned(), PARCEL.to_owned())),
        };
        self.shop.has(ORDER, order);
    }

    fn is_at(&self, state: &str, what: &str) {
        let events = vec![("2026-11-28 08:15:00".to_owned(), what.to_owned())];
        let parcel = Parcel { carrier: "shunfeng".into(), state: state.into(), events, phone: "2417".into() };
        self.kuaidi.has(PARCEL, parcel);
    }

    fn setting(&self, (kind, key): (&str, &str), more: &str) -> Setting {
        let recipes = concat!(env!("CARGO_MANIFEST_DIR"), "/../backoffice/recipes");
        let (shop, kuaidi) = (self.shop.base(), self.kuaidi.base());
        let office = format!(
            "\n[[stores]]\nid = \"flagship\"\nsite = \"https://seller.example.com\"\nprivate = true\n\
             order_digits = [8, 12]\nrecipes = {recipes:?}\n[stores.api]\nkind = {kind:?}\nbase = {shop:?}\n\
             [stores.kuaidi100]\nbase = {kuaidi:?}\nrecognition = {kuaidi:?}\n{more}\n"
        );
        let setting = Setting::desk(format!("{DESK}{office}"));
        let keys = vec![
            ("STORE_API_KEYS", format!("flagship={key}")),
            ("STORE_TRACKING_KEYS", format!("flagship={KUAIDI100_KEY}")),
        ];
        Setting { more: keys, ..setting }
    }

    /// A customer asks; the desk has drafted.
    async fn asked(&self, world: &mut World, customer: &str, text: &str) -> anyhow::Result<String> {
        world.says(FLAGSHIP, customer, text).await?;
        self.clock.advance(4_000);
        let case = world.case(1).await?;
        Ok(case.draft().map(|draft| draft.parts.concat()).unwrap_or_default())
    }

    async fn passes(&self, world: &mut World, time: Duration) -> anyhow::Result<()> {
        self.clock.advance(i64::try_from(time.as_millis())?);
        world.wait(time).await
    }
}

async fn on_both(more: &str, story: impl for<'w> Fn(&'w mut World, Outside) -> Telling<'w>) -> anyhow::Result<()> {
    at_shop(("shopify", SHOPIFY_TOKEN), more, story).await
}

async fn at_shop(
    shop: (&str, &str),
    more: &str,
    story: impl for<'w> Fn(&'w mut World, Outside) -> Telling<'w>,
) -> anyhow::Result<()> {
    for on in [On::Sqlite, On::Postgres] {
        let outside = Outside::start().await?;
        run(on, outside.setting(shop, more), |world| story(world, outside)).await?;
    }
    Ok(())
}

/// What the newest look-up of the case says, row by row.
async fn seen(world: &World) -> anyhow::Result<serde_json::Value> {
    let entries = world.record(1).await?;
    let told = entries.into_iter().rev().find(|told| told.kind == Kind::LookedUp).context("an entry")?;
    told.payload.context("its particulars")
}

/// The parcel's way is on the card, in the reply and on record; a second question within half an hour rests on the same
/// answer, and no number is locked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_is_followed() -> anyhow::Result<()> {
    on_both("sender_phone = \"2417\"", |world, outside| Box::pin(followed(world, outside))).await
}

async fn followed(world: &mut World, outside: Outside) -> anyhow::Result<()> {
    let parts = outside.asked(world, XIAOYU, QUESTION).await?;
    ensure!(parts.contains("派送中") && parts.contains(PARCEL) && parts.contains("2026-11-28 08:15"), "{parts}");
    let card = world.card("LiHua")?;
    ensure!(card.text().contains("派送中") && card.text().contains("…4170"), "{}", card.text());
    let payload = seen(world).await?;
    ensure!(payload["said"]["物流"] == "派送中" && payload["tracking"]["by"] == "kuaidi100", "{payload}");
    let answer = payload["tracking"]["answer_sha256"].as_str().context("the answer is kept")?;
    ensure!(String::from_utf8_lossy(&world.app.blobs.get(answer).await?).contains(PARCEL));

    outside.is_at("3", "已签收");
    outside.passes(world, Duration::from_secs(29 * 60)).await?;
    let parts = outside.asked(world, XIAOYU, &format!("{PARCEL} 到哪了")).await?;
    ensure!(parts.contains("派送中") && outside.kuaidi.queries().len() == 1, "{parts}");
    let Looked::Found { stale_at, .. } = look_up(world).await? else { anyhow::bail!("nothing was found") };
    ensure!(stale_at - world.clock.now() < 60_000, "an answer of 29 minutes counts for a minute");

    outside.passes(world, Duration::from_secs(120)).await?;
    let parts = outside.asked(world, XIAOYU, QUESTION).await?;
    ensure!(parts.contains("已签收"), "{parts}");
    ensure!(outside.kuaidi.queries().len() == 2 && outside.kuaidi.locked().is_empty());
    ensure!(outside.kuaidi.recognitions().is_empty(), "顺丰 is known by its name");
    let card = world.card("LiHua")?;
    world.taps_card("LiHua", &card, Act::Send, &[]).await?;
    ensure!(world.customer_heard(XIAOYU).iter().any(|heard| heard.contains("已签收")));
    Ok(())
}

async fn look_up(world: &World) -> anyhow::Result<Looked> {
    let case = world.case(1).await?;
    Ok(case.draft().and_then(|draft| draft.look_up.clone()).context("a look-up")?.outcome)
}

/// WooCommerce's orders name no parcels, and a plug-in's do: they are followed alike.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_of_a_plug_in_is_followed() -> anyhow::Result<()> {
    at_shop(("woocommerce", WOOCOMMERCE_KEY), "sender_phone = \"2417\"", |w, o| Box::pin(followed(w, o))).await
}

/// A stranger who names the order, or the parcel, has nothing asked for them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_parcel_is_not_asked_for() -> anyhow::Result<()> {
    on_both("sender_phone = \"2417\"", |world, outside| Box::pin(not_a_strangers(world, outside))).await
}

async fn not_a_strangers(world: &mut World, outside: Outside) -> anyhow::Result<()> {
    outside.asked(world, XIAOYU, QUESTION).await?;
    outside.passes(world, Duration::from_secs(31 * 60)).await?;
    for text in [QUESTION.to_owned(), format!("我的包裹 {PARCEL} 到哪了")] {
        outside.asked(world, "wmAqiang", &text).await?;
    }
    ensure!(outside.kuaidi.queries().len() == 1, "{:?}", outside.kuaidi.queries());
    Ok(())
}

/// A carrier whose name says nothing is recognised by the number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_carrier_is_recognised() -> anyhow::Result<()> {
    on_both("sender_phone = \"2417\"", |world, outside| Box::pin(recognised(world, outside))).await
}

async fn recognised(world: &mut World, outside: Outside) -> anyhow::Result<()> {
    outside.sent_by("默认快递");
    let parts = outside.asked(world, XIAOYU, QUESTION).await?;
    ensure!(parts.contains("派送中") && outside.kuaidi.recognitions() == [PARCEL], "{parts}");
    Ok(())
}

/// What the customer says against the parcel's way goes to a person with both shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_that_did_not_come() -> anyhow::Result<()> {
    on_both("sender_phone = \"2417\"", |world, outside| Box::pin(did_not_come(world, outside))).await
}

async fn did_not_come(world: &mut World, outside: Outside) -> anyhow::Result<()> {
    outside.is_at("3", "已签收，签收人：门卫");
    outside.asked(world, XIAOYU, "我没收到货，订单号 20261104170，帮我查物流").await?;
    let reasons = format!("{:?}", world.case(1).await?.draft().context("a draft")?.verdict);
    ensure!(reasons.contains("没收到") && reasons.contains("已签收"), "{reasons}");
    Ok(())
}

/// Where nothing is known of the parcel the order's facts stand, and people read why; what used up the quota, or is
/// refused, is not asked for again at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kuaidi100_does_not_say() -> anyhow::Result<()> {
    on_both("", |world, outside| Box::pin(says_nothing(world, outside))).await
}

async fn says_nothing(world: &mut World, outside: Outside) -> anyhow::Result<()> {
    let parts = outside.asked(world, XIAOYU, QUESTION).await?;
    ensure!(parts.contains("已发货") && parts.contains(PARCEL), "{parts}");
    ensure!(
        seen(world).await?["said"]["物流"].as_str().is_some_and(|why| why.contains("手机号")),
        "{}",
        seen(world).await?
    );
    outside.kuaidi.has_quota(0);
    outside.passes(world, Duration::from_secs(31 * 60)).await?;
    outside.asked(world, XIAOYU, QUESTION).await?;
    ensure!(
        seen(world).await?["said"]["物流"].as_str().is_some_and(|why| why.contains("额度")),
        "{}",
        seen(world).await?
    );
    outside.asked(world, XIAOYU, QUESTION).await?;
    ensure!(outside.kuaidi.queries().len() == 2 && outside.kuaidi.locked().is_empty());
    ensure!(matches!(look_up(world).await?, Looked::Found { .. }));
    Ok(())
}

/// 400 has several meanings: people read which one it was, and what to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_query_says_which_it_is() -> anyhow::Result<()> {
    on_both("sender_phone = \"2417\"", |world, outside| Box::pin(refused(world, outside))).await
}

async fn refused(world: &mut World, outside: Outside) -> anyhow::Result<()> {
    let says = async |world: &mut World, told: &str| {
        outside.asked(world, XIAOYU, QUESTION).await?;
        let said = seen(world).await?["said"]["物流"].as_str().unwrap_or_default().to_owned();
        ensure!(said.contains(told), "{told} is not in {said}");
        outside.passes(world, Duration::from_secs(31 * 60)).await
    };
    outside.kuaidi.authorises(false);
    says(world, "没开通").await?;
    outside.kuaidi.authorises(true);
    outside.kuaidi.is_asked_elsewhere(PARCEL);
    says(world, "锁住").await?;
    outside.sent_by("默认快递");
    outside
        .kuaidi
        .has(PARCEL, Parcel { carrier: "nobody".into(), state: "0".into(), events: vec![], phone: String::new() });
    says(world, "认不出快递公司").await
}
