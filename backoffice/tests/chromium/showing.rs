//! A person shows a path in the shop, and the draft that comes of it becomes a recipe once it is completed.

use std::time::Duration;

use backoffice::recipe::{Draft, Shown};
use backoffice::{Browser, Inputs, Job, Oddity, Recipe, Recipes, Showing, Stopped};
use simulator::seller::Effect;

use crate::world::{NOW, Shop};

const PATIENCE: Duration = Duration::from_secs(20);
const SIGNS: &str =
    "signed_out = [\"#login-form\"]\nno_permission = [\".no-permission\"]\nverification = [\"#captcha\"]";

impl Shop {
    /// Somebody who shows a path that begins at a page.
    async fn shows(&self, at: &str) -> Showing {
        let asks = vec!["/api/logistics/query".to_owned()];
        Showing::open(self.opening(), at, false, asks).await.unwrap()
    }

    fn draft(&self, shown: &[Shown]) -> String {
        let order = self.seller.orders()[0].no.clone();
        Draft { name: "shown", account: "flagship", sign_in: "/login", order: &order }.of(shown)
    }
}

/// The person goes on to the element so many ⇥ away, and presses ⏎.
async fn tabs_and_enters(showing: &Showing, tabs: usize) {
    for _ in 0..tabs {
        showing.person().tab_key().await.unwrap();
    }
    showing.person().enter().await.unwrap();
}

/// Waits until something was shown.
async fn until(showing: &Showing, is_so: impl Fn(&[Shown]) -> bool) {
    let waiting = async {
        while !is_so(&showing.shown()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{:#?}", showing.shown()));
}

/// The draft as a person completes it: what is signed out, what it finds out, what proves whose it is.
fn completed(draft: &str) -> String {
    draft
        .replace("signed_out = []\nno_permission = []\nverification = []", SIGNS)
        .replace("[[output]]\nname = \"\"", "[[output]]\nname = \"parcel\"")
        .replace(
            "[[step]]\nscreenshot",
            "[[step]]\nassert = { selector = \"#order-no\", text = \"{order}\" }\n\n\
             [[step]]\nread = { output = \"parcel\", selector = \"#parcel-no\" }\n\n[[step]]\nscreenshot",
        )
        .replace("fingerprints = []", "fingerprints = [\"0000000000000000\"]")
}

/// What a recipe comes to; its fingerprints are put in one by one, as its runs name them.
async fn run(browser: &Browser, mut text: String, order: &str) -> (Recipe, backoffice::Finding) {
    for _ in 0..6 {
        let recipe = Recipe::parse(&text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
        let inputs = Inputs::new(&recipe, [("order", order)]).unwrap();
        match backoffice::look_up(Job { browser, recipe: &recipe, inputs: &inputs, now_ms: NOW }).await {
            Ok(finding) => return (recipe, finding),
            Err(Stopped::Abnormal(Oddity::Changed { page, fingerprint }, _)) => {
                let at = text.find(&format!("name = \"{page}\"")).unwrap();
                let (before, after) = text.split_at(at);
                text = format!("{before}{}", after.replacen("0000000000000000", &fingerprint, 1));
            }
            Err(stopped) => panic!("{stopped:?}\n{text}"),
        }
    }
    panic!("its fingerprints never fit\n{text}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shown_path_becomes_a_recipe_once_it_is_completed() {
    let Some(shop) = Shop::open().await else { return };
    let order = shop.seller.orders()[0].no.clone();
    let showing = shop.shows("/orders").await;
    // Past the two links above, to the field; then past all of that to the only row's link.
    for _ in 0..3 {
        showing.person().tab_key().await.unwrap();
    }
    showing.person().type_in(&order).await.unwrap();
    showing.person().enter().await.unwrap();
    tabs_and_enters(&showing, 5).await;
    tabs_and_enters(&showing, 3).await;
    until(&showing, |shown| shown.iter().any(|s| matches!(s, Shown::Asked { left: true, .. }))).await;
    let draft = shop.draft(&showing.shown());
    drop(showing);
    for line in [
        "fill = { selector = \"#keyword\", value = \"{order}\" }",
        "click = { selector = \"#search\", then = \"orders-2\" }",
        "click = { selector = \"td.order-no a\", then = \"orders-3\" }",
        "click = { selector = \"a[href$=\\\"/logistics\\\"]\", then = \"logistics\" }",
        "body = { json = { \"order\" = \"{order}\" } }",
    ] {
        assert!(draft.lines().any(|known| known == line), "{line} is not in\n{draft}");
    }
    assert!(!draft.contains(&order) && !draft.contains("nth-of-type"), "{draft}");
    let missing = Recipe::parse(&draft).unwrap_err();
    for field in ["output.name", "page.fingerprints", "signs.signed_out"] {
        assert!(missing.iter().any(|fault| fault.field == field && fault.line > 1), "{field}: {missing:?}");
    }
    let browser = shop.browser().await;
    let (recipe, finding) = run(&browser, completed(&draft), &order).await;
    let parcel = shop.seller.order(&order).unwrap().parcel.unwrap().number;
    assert_eq!(recipe.in_words("parcel", &finding.facts["parcel"].value), parcel);
    assert!(shop.writes().iter().all(|write| matches!(write.effect, Effect::Telemetry)), "{:?}", shop.writes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_is_shown_is_not_handed_in() {
    let Some(shop) = Shop::open().await else { return };
    let order = shop.seller.orders()[0].no.clone();
    let before = shop.seller.order(&order).unwrap().notes;
    let showing = shop.shows(&format!("/orders/{order}/note")).await;
    for _ in 0..4 {
        showing.person().tab_key().await.unwrap();
    }
    showing.person().type_in("已催仓库").await.unwrap();
    tabs_and_enters(&showing, 1).await;
    until(&showing, |shown| shown.iter().any(|s| matches!(s, Shown::HandedIn { .. }))).await;
    showing.person().go(&format!("/orders/{order}")).await.unwrap();
    let pages = |shown: &[Shown]| shown.iter().filter(|s| matches!(s, Shown::Page { .. })).count();
    until(&showing, |shown| pages(shown) == 2).await;
    let draft = shop.draft(&showing.shown());
    for line in [
        "kind = \"write\"",
        "fill = { selector = \"#note-text\", value = \"{text}\" }",
        "submit = { selector = \"#note-save\" }",
        "at = { path = \"/orders/{order}/notes\" }",
        "body = { form = { \"csrf\" = \"*\", \"visible\" = \"*\", \"text\" = \"{text}\" } }",
        "label = \"备注内容\"",
    ] {
        assert!(draft.lines().any(|known| known == line), "{line} is not in\n{draft}");
    }
    assert!(!draft.contains("已催仓库"), "{draft}");
    assert_eq!(shop.seller.order(&order).unwrap().notes, before, "a note was written");
    assert!(shop.writes().is_empty(), "{:?}", shop.writes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_never_told() {
    let Some(shop) = Shop::open().await else { return };
    let showing = shop.shows("/login").await;
    showing.person().type_in("qijian-kefu").await.unwrap();
    showing.person().tab_key().await.unwrap();
    showing.person().type_in("hunter2-hunter2").await.unwrap();
    showing.person().tab_key().await.unwrap();
    until(&showing, |shown| shown.contains(&Shown::Secret)).await;
    assert!(!format!("{:?}", showing.shown()).contains("hunter2"), "{:?}", showing.shown());
    let draft = shop.draft(&showing.shown());
    assert!(!draft.contains("qijian-kefu"), "what happens at the sign-in page is nobody's business: {draft}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_is_never_lost_without_a_word() {
    let Some(shop) = Shop::open().await else { return };
    let showing = shop.shows("/orders").await;
    let typed = showing.person().type_in("202611280000010417").await;
    assert!(matches!(typed, Err(backoffice::Trouble::NothingFocused)), "{typed:?}");
}

#[test]
fn a_draft_beside_recipes_stops_none_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let note = include_str!("../../recipes/note.toml");
    std::fs::write(folder.path().join("note.toml"), note).unwrap();
    std::fs::write(folder.path().join("shown.toml.draft"), "name = \"shown\"\n").unwrap();
    assert_eq!(Recipes::read(folder.path()).unwrap().iter().count(), 1);
}
