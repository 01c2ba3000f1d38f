//! At the first oddity a run stops, says what it is, shows it, and has touched nothing more.

use backoffice::{Inputs, Oddity, Recipe, Sight, Stopped};
use simulator::seller::{Drift, Guise, Seller};

use crate::world::{NOW, Shop};

fn abnormal(stopped: Stopped) -> (Oddity, Box<Sight>) {
    match stopped {
        Stopped::Abnormal(oddity, sight) => (oddity, sight),
        other => panic!("not abnormal: {other:?}"),
    }
}

fn expected(guise: Guise, seller: &Seller, oddity: &Oddity) -> bool {
    match guise {
        Guise::Expired => *oddity == Oddity::SignedOut,
        Guise::Captcha => *oddity == Oddity::Verification,
        Guise::Walled => *oddity == Oddity::NoPermission,
        Guise::Redesigned => matches!(oddity, Oddity::Changed { page, .. } if page == "order"),
        Guise::Broken => matches!(oddity, Oddity::Broken { why } if why == "HTTP 500"),
        Guise::Alert => *oddity == Oddity::Dialog { kind: "alert".to_owned() },
        Guise::Overlay => *oddity == Oddity::Dialog { kind: "page".to_owned() },
        Guise::Slow(_) => *oddity == Oddity::Slow,
        Guise::Drifting(Drift::Within) => {
            *oddity == Oddity::Elsewhere { url: format!("{}/visit/urge", seller.origin()) }
        }
        Guise::Drifting(Drift::Abroad) => {
            matches!(oddity, Oddity::Elsewhere { url } if url.starts_with("http://localhost:"))
        }
        Guise::Usual => false,
    }
}

#[tokio::test]
async fn every_state_is_known_and_nothing_more_is_touched() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let order = shop.seller.orders()[0].no.clone();
    let text = include_str!("../../recipes/order.toml").replace("seconds = 20", "seconds = 3");
    let (usual, quick) = (shop.recipe("order"), Recipe::parse(&text).unwrap());
    let inputs = Inputs::new(usual, [("order", order.as_str())]).unwrap();
    for guise in [
        Guise::Expired,
        Guise::Captcha,
        Guise::Walled,
        Guise::Redesigned,
        Guise::Broken,
        Guise::Alert,
        Guise::Overlay,
        Guise::Drifting(Drift::Within),
        Guise::Drifting(Drift::Abroad),
        Guise::Slow(60_000),
    ] {
        shop.seller.appear(guise);
        let seen = !matches!(guise, Guise::Slow(_));
        let recipe = if seen { usual } else { &quick };
        let job = backoffice::Job { browser: &browser, recipe, inputs: &inputs, now_ms: NOW };
        let (oddity, sight) = abnormal(backoffice::look_up(job).await.unwrap_err());
        assert!(expected(guise, &shop.seller, &oddity), "{guise:?}: {oddity:?}");
        // A page that never came has no picture.
        assert!(sight.picture.is_some() || !seen, "{guise:?}: no picture");
        assert!(sight.line > 0 && sight.account == "flagship");
    }
    assert_eq!(shop.writes(), []);
    assert!(shop.seller.hits().iter().all(|hit| !hit.target.starts_with("/visit")), "it followed where pages led");
    shop.seller.appear(Guise::Usual);
    shop.look_up(&browser, "order", &order).await.unwrap();
}

#[tokio::test]
async fn the_page_of_another_order_is_a_contradiction() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let orders = shop.seller.orders();
    let other = orders[1].no.clone();
    shop.seller.change(&orders[0].no, |order| order.no.clone_from(&other));
    let (oddity, _) = abnormal(shop.look_up(&browser, "order", &orders[0].no).await.unwrap_err());
    assert_eq!(oddity, Oddity::Contradiction { selector: "#order-no".to_owned() });
}

#[tokio::test]
async fn what_is_no_amount_is_not_read_as_one() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let order = shop.seller.orders()[0].no.clone();
    shop.seller.change(&order, |order| order.status = "<b>待退款</b>".to_owned());
    let (oddity, sight) = abnormal(shop.look_up(&browser, "order", &order).await.unwrap_err());
    assert!(matches!(oddity, Oddity::Misread { output, .. } if output == "status"));
    let picture = sight.picture.unwrap();
    // Everything in fields and tables is covered: the picture does not depend on it.
    shop.seller.change(&order, |order| order.phone = "19999999999".to_owned());
    let (_, again) = abnormal(shop.look_up(&browser, "order", &order).await.unwrap_err());
    assert_eq!(picture, again.picture.unwrap());
}

#[tokio::test]
async fn a_recipe_runs_for_its_own_accounts_only() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let text = include_str!("../../recipes/order.toml").replace("[\"flagship\"]", "[\"outlet\"]");
    let recipe = Recipe::parse(&text).unwrap();
    let inputs = Inputs::new(&recipe, [("order", "1")]).unwrap();
    let hits = shop.seller.hits().len();
    let job = backoffice::Job { browser: &browser, recipe: &recipe, inputs: &inputs, now_ms: NOW };
    let words = backoffice::look_up(job).await.unwrap_err().to_string();
    assert!(words.contains("is not for the account flagship"), "{words}");
    assert_eq!(shop.seller.hits().len(), hits);
}
