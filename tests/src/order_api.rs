//! Orders asked for by a shop system's own API: the same fact on the card, the same identity first, the same record, and
//! the page where the API does not answer.

use aijia::case::{Looked, Unseen};
use aijia::evidence::Kind;
use anyhow::{Context, ensure};
use cards::Act;
use simulator::shop_api::{Mood, Order, SHOPIFY_TOKEN, ShopApi, WOOCOMMERCE_KEY};

use crate::world::{DESK, FLAGSHIP, On, Setting, Telling, World, XIAOYU, run};

const ORDER: &str = "20261104170";
const QUESTION: &str = "我的货到哪了？订单号 20261104170";

fn order() -> Order {
    Order {
        status: "completed".into(),
        financial: "PAID".into(),
        fulfilment: "FULFILLED".into(),
        paid: "259.00".into(),
        parcel: Some(("顺丰速运".into(), "SF1020304050".into())),
    }
}

/// A shop with an API of a kind; the recipes' pages are those of a site that nobody serves.
async fn with_api(kind: &str, key: &str) -> anyhow::Result<(ShopApi, Setting)> {
    let api = ShopApi::start().await?;
    api.has(ORDER, order());
    let recipes = concat!(env!("CARGO_MANIFEST_DIR"), "/../backoffice/recipes");
    let office = format!(
        "\n[[stores]]\nid = \"flagship\"\nsite = \"https://seller.example.com\"\nprivate = true\n\
         order_digits = [8, 12]\nrecipes = {recipes:?}\n[stores.api]\nkind = {kind:?}\nbase = {:?}\n",
        api.base()
    );
    let setting = Setting::desk(format!("{DESK}{office}"));
    let keys = ("STORE_API_KEYS", format!("outlet=none; flagship={key}"));
    Ok((api, Setting { more: vec![keys], ..setting }))
}

async fn looked(world: &World) -> anyhow::Result<Looked> {
    let case = world.case(1).await?;
    let look_up = case.draft().and_then(|draft| draft.look_up.clone()).context("a look-up")?;
    Ok(look_up.outcome)
}

/// The order is asked for, its fact is on the card and in the reply, the record has where it came from, and a stranger
/// who names it is told nothing.
async fn tells(world: &mut World, api: ShopApi, more: &str) -> anyhow::Result<()> {
    world.customer_says(QUESTION).await?;
    let card = world.card("LiHua")?;
    ensure!(card.text().contains("已发货") && card.text().contains("…4170"), "{}", card.text());
    let parts = world.case(1).await?.draft().map(|draft| draft.parts.concat()).context("a draft")?;
    ensure!(parts.contains("已发货") && parts.contains(more), "{parts}");
    let told = world.record(1).await?.into_iter().find(|told| told.kind == Kind::LookedUp).context("an entry")?;
    let payload = told.payload.context("its particulars")?;
    ensure!(
        payload["said"]["实付"] == "CNY 259.00" && payload["url"].as_str().is_some_and(|url| url.starts_with("http"))
    );
    let log = world.app.blobs.get(payload["log_sha256"].as_str().context("the answer is kept")?).await?;
    let kept = format!("{payload} {}", String::from_utf8_lossy(&log));
    ensure!(kept.contains("259.0") && !kept.contains("13800002417"), "nothing of the customer is kept: {kept}");
    let asked = api.hits().len();
    world.says(FLAGSHIP, "wmAqiang", QUESTION).await?;
    ensure!(api.hits().len() == asked, "a stranger's question opened it");
    let card = world.card_of("LiHua", 1)?;
    world.taps_card("LiHua", &card, Act::Send, &[]).await?;
    ensure!(world.customer_heard(XIAOYU).len() == 1);
    Ok(())
}

async fn on_both(
    kind: &str,
    key: &str,
    story: impl for<'w> Fn(&'w mut World, ShopApi) -> Telling<'w>,
) -> anyhow::Result<()> {
    for on in [On::Sqlite, On::Postgres] {
        let (api, setting) = with_api(kind, key).await?;
        run(on, setting, |world| story(world, api)).await?;
    }
    Ok(())
}

/// WooCommerce: with the parcel where a plug-in keeps one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn woocommerce_is_asked() -> anyhow::Result<()> {
    on_both("woocommerce", WOOCOMMERCE_KEY, |world, api| Box::pin(tells(world, api, "SF1020304050"))).await
}

/// Shopify: with the parcel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shopify_is_asked() -> anyhow::Result<()> {
    on_both("shopify", SHOPIFY_TOKEN, |world, api| Box::pin(tells(world, api, "SF1020304050"))).await
}

/// A number that no order has is asked about once more; an API that does not answer, or takes the key no longer, is said
/// on the card, and the draft goes on without the fact.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_api_does_not_say() -> anyhow::Result<()> {
    on_both("woocommerce", WOOCOMMERCE_KEY, |world, api| Box::pin(says_nothing(world, api))).await
}

async fn says_nothing(world: &mut World, api: ShopApi) -> anyhow::Result<()> {
    world.customer_says("我的货到哪了？订单号 20269999999").await?;
    ensure!(looked(world).await? == Looked::NotFound);
    for (mood, why) in
        [(Mood::Down, Unseen::Broken), (Mood::Garbled, Unseen::Broken), (Mood::Denied, Unseen::NoPermission)]
    {
        api.is(mood);
        world.customer_says(QUESTION).await?;
        ensure!(looked(world).await? == Looked::Unseen(why), "{mood:?}: {:?}", looked(world).await?);
        ensure!(world.has_open_card("LiHua"));
    }
    api.is(Mood::Well);
    world.customer_says(QUESTION).await?;
    ensure!(matches!(looked(world).await?, Looked::Found { .. }));
    Ok(())
}
