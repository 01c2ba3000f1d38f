//! Every way to write that a browser has, tried by a page: none reaches the shop.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use backoffice::{Account, Inputs, Job, Oddity, Recipe, Stopped, look_up};
use simulator::seller::{Effect, Seller, Settings, WAYS};

use crate::world::{NOW, Shop, chromium};

/// The ways by which something reached the shop.
fn arrived(seller: &Seller) -> BTreeSet<String> {
    let way = |write: simulator::seller::Write| match write.effect {
        Effect::Way(way) => Some(way),
        _ => None,
    };
    seller.writes().into_iter().filter_map(way).collect()
}

/// What the page does in a browser that nobody guards: otherwise its silence in a guarded one would prove nothing.
#[tokio::test]
async fn unguarded_at_least_forty_ways_write() {
    let Some(chromium) = chromium() else { return };
    let seller = Seller::start(Settings::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Command::new(chromium.program())
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-popup-blocking"])
        .arg("--enable-features=FetchLaterAPI")
        .arg(format!("--user-data-dir={}", folder.path().display()))
        .arg(format!("{}/ways", seller.origin()))
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while arrived(&seller).len() < 44 && began.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    browser.kill().unwrap();
    browser.wait().unwrap();
    let arrived = arrived(&seller);
    let missing: Vec<_> = WAYS.iter().filter(|way| !arrived.contains(**way)).collect();
    println!("{} of {} ways write where nobody guards; not {missing:?}", arrived.len(), WAYS.len());
    assert!(arrived.len() >= 40, "only {} ways write; not {missing:?}", arrived.len());
}

/// A recipe over the page that tries all ways: it opens it, has everything tried once more, and reads.
fn everything_tried(fingerprint: &str) -> String {
    format!(
        "name = \"ways\"\nversion = 1\ntitle = \"写入方式\"\nkind = \"read\"\naccounts = [\"flagship\"]\nseconds = 20\n\
         [[input]]\nname = \"order\"\nkind = \"digits\"\nlongest = 24\n\
         [[output]]\nname = \"state\"\nis = {{ choice = [\"已全部执行\"] }}\nmax_age_minutes = 5\n\
         [[page]]\nname = \"ways\"\nat = {{ path = \"/ways\" }}\nroot = \"#ways\"\nfingerprints = [\"{fingerprint}\"]\n\
         [[resource]]\nat = {{ path = \"/static/*\" }}\nkinds = [\"script\"]\n\
         [signs]\nsigned_out = [\"#login-form\"]\nno_permission = [\".no-permission\"]\nverification = [\"#captcha\"]\n\
         [[step]]\nopen = {{ page = \"ways\" }}\n\
         [[step]]\nassert = {{ selector = \"#order-no\", text = \"{{order}}\" }}\n\
         [[step]]\nclick = {{ selector = \"#go\" }}\n\
         [[step]]\nwait_for = {{ selector = \"#state[data-state=done]\" }}\n\
         [[step]]\nread = {{ output = \"state\", selector = \"#state\" }}\n\
         [[step]]\nscreenshot = {{ name = \"ways\" }}\n"
    )
}

#[tokio::test]
async fn guarded_no_way_writes_while_read_recipes_succeed() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let recipe = Recipe::parse(&everything_tried("0000000000000000")).unwrap();
    let inputs = Inputs::new(&recipe, [("order", "202611280000010417")]).unwrap();
    let job = |recipe| Job { browser: &browser, recipe, inputs: &inputs, now_ms: NOW };
    // The first run says what the page looks like.
    let Stopped::Abnormal(Oddity::Changed { fingerprint, .. }, _) = look_up(job(&recipe)).await.unwrap_err() else {
        panic!("the page is not known yet")
    };
    let recipe = Recipe::parse(&everything_tried(&fingerprint)).unwrap();
    for round in 0..2 {
        let finding = look_up(job(&recipe)).await.unwrap_or_else(|s| panic!("round {round}: {s:?}"));
        let stopped = finding.asked.iter().filter(|asked| asked.barred.is_some()).count();
        assert!(stopped >= 60, "{stopped} attempts were seen: {:#?}", finding.asked);
        for order in shop.seller.orders().iter().take(5) {
            shop.look_up(&browser, "order", &order.no).await.unwrap();
            shop.look_up(&browser, "order-search", &order.no).await.unwrap();
        }
    }
    // Workers and frames that were ended may still have had something on its way.
    drop(browser);
    assert_eq!(arrived(&shop.seller), BTreeSet::new());
    assert_eq!(shop.writes(), []);
    let abroad = shop.seller.hits().iter().filter(|hit| hit.host.starts_with("localhost")).count();
    assert_eq!(abroad, 0, "another host was reached");
}

/// Addresses of this machine and its neighbours, in the spellings that browsers take.
fn spellings(port: u16) -> Vec<String> {
    let mut hosts: Vec<String> = [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "0x7f.0x0.0x0.0x1",
        "0",
        "0.0.0.0",
        "127.127.127.127",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "１２７.０.０.１",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "metadata.google.internal",
        "metadata",
        "user:pw@127.0.0.1",
    ]
    .map(str::to_owned)
    .into();
    for octal in ["0177", "00177", "000177"] {
        hosts.extend(
            ["0", "00", "0x0"]
                .iter()
                .flat_map(|zero| ["1", "01", "0x1"].map(|one| format!("{octal}.{zero}.{zero}.{one}"))),
        );
    }
    hosts.into_iter().map(|host| format!("http://{host}:{port}/secret")).collect()
}

/// A site that loads every one of these addresses, in person and by a redirect.
async fn curious_site(addresses: Vec<String>) -> String {
    let of = |n: usize, address: &str| {
        format!("<img src=\"{address}\"><img src=\"/away/{n}\"><link rel=preload as=fetch href=\"{address}\">")
    };
    let images: String = addresses.iter().enumerate().map(|(n, address)| of(n, address)).collect();
    let page =
        format!("<!doctype html><meta charset=utf-8><main id=\"curious\"><p id=\"order-no\">1</p></main>{images}");
    let away = move |axum::extract::Path(n): axum::extract::Path<usize>| async move {
        (axum::http::StatusCode::FOUND, [(axum::http::header::LOCATION, addresses[n].clone())])
    };
    let router = axum::Router::new()
        .route("/curious", axum::routing::get(move || async move { axum::response::Html(page) }))
        .route("/away/{n}", axum::routing::get(away));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

fn curious_recipe(fingerprint: &str) -> String {
    format!(
        "name = \"curious\"\nversion = 1\ntitle = \"x\"\nkind = \"read\"\naccounts = [\"flagship\"]\nseconds = 20\n\
         [[output]]\nname = \"order\"\nis = {{ text = 20 }}\nmax_age_minutes = 5\n\
         [[page]]\nname = \"curious\"\nat = {{ path = \"/curious\" }}\nroot = \"#curious\"\nfingerprints = [\"{fingerprint}\"]\n\
         [[resource]]\nat = {{ path = \"/away/*\" }}\nkinds = [\"image\"]\n\
         [signs]\nsigned_out = [\"#login-form\"]\nno_permission = [\".no-permission\"]\nverification = [\"#captcha\"]\n\
         [[step]]\nopen = {{ page = \"curious\" }}\n\
         [[step]]\nread = {{ output = \"order\", selector = \"#order-no\" }}\n\
         [[step]]\nscreenshot = {{ name = \"page\" }}\n"
    )
}

#[tokio::test]
async fn no_private_address_is_reached_however_it_is_spelled() {
    let home = tokio::net::TcpListener::bind(("0.0.0.0", 0)).await.unwrap();
    let port = home.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while home.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let Some(mut shop) = Shop::open().await else { return };
    shop.account = Account::new("flagship", &curious_site(spellings(port)).await, true).unwrap();
    let browser = shop.browser().await;
    let recipe = Recipe::parse(&curious_recipe("0000000000000000")).unwrap();
    let inputs = Inputs::new(&recipe, [("", ""); 0]).unwrap();
    let job = |recipe| Job { browser: &browser, recipe, inputs: &inputs, now_ms: NOW };
    let Stopped::Abnormal(Oddity::Changed { fingerprint, .. }, _) = look_up(job(&recipe)).await.unwrap_err() else {
        panic!("the page is not known yet")
    };
    let finding = look_up(job(&Recipe::parse(&curious_recipe(&fingerprint)).unwrap())).await.unwrap();
    let stopped = finding.asked.iter().filter(|asked| asked.barred.is_some()).count() + finding.asked_more;
    assert!(stopped > spellings(port).len(), "only {stopped} were tried");
    assert_eq!(connections.load(Ordering::SeqCst), 0);
    // The browser's own calls home end at the relay; of the page's nothing comes that far.
    let port = format!(":{port}");
    assert!(browser.refused().iter().all(|place| !place.ends_with(&port)), "{:?}", browser.refused());
}

#[test]
fn no_recipe_names_a_private_origin() {
    let recipe = |origin: &str| {
        let named =
            format!("at = {{ origin = \"{origin}\", path = \"/secret\" }}\nkinds = [\"image\"]\n\n[[resource]]");
        Recipe::parse(
            &include_str!("../../recipes/order.toml").replace("[[resource]]", &format!("[[resource]]\n{named}")),
        )
    };
    assert!(recipe("https://cdn.example.com").is_ok());
    for spelled in spellings(443) {
        let origin = spelled.trim_end_matches(":443/secret").replace("http://", "https://");
        let faults = recipe(&origin).expect_err(&origin);
        assert!(faults[0].field == "resource.at", "{origin}: {faults:?}");
    }
}
