//! A form is filled in and left; what was approved is handed in once; whatever happens on the way, never twice.

use backoffice::{Inputs, Oddity, Recipe, Stopped, Submitted, Unsent};
use simulator::Lost;
use simulator::seller::{Effect, Guise, Line, Mishap, Side};

use crate::world::{Shop, prepared, submitted};

const NOTE: &str = "客户来电催发货，\n已答应今天 18:00 前回复。";

fn note(shop: &Shop, text: &str) -> (Recipe, Inputs, String) {
    note_within(shop, text, 20)
}

fn note_within(shop: &Shop, text: &str, seconds: u32) -> (Recipe, Inputs, String) {
    let recipe_text = include_str!("../../recipes/note.toml").replace("seconds = 20", &format!("seconds = {seconds}"));
    let recipe = Recipe::parse(&recipe_text).unwrap();
    let order = shop.seller.orders()[1].no.clone();
    let inputs = Inputs::new(&recipe, [("order", order.as_str()), ("note", text)]).unwrap();
    (recipe, inputs, order)
}

#[tokio::test]
async fn a_prepared_note_is_filled_in_and_not_saved() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let (recipe, inputs, order) = note(&shop, NOTE);
    let plan = prepared(&browser, &recipe, &inputs).await.unwrap();
    assert_eq!(plan.fields.iter().map(|field| field.value.as_str()).collect::<Vec<_>>(), ["仅客服可见", NOTE]);
    assert_eq!(plan.before.pictures[0].name, "filled");
    let drafts = plan.before.asked.iter().filter(|asked| asked.url.ends_with("/api/drafts"));
    assert!(drafts.clone().count() > 0 && drafts.clone().all(|asked| asked.barred.is_some()), "the page saves drafts");
    assert_eq!(shop.writes(), []);
    let again = prepared(&browser, &recipe, &inputs).await.unwrap();
    assert_eq!(plan.hash, again.hash);
    let other = Inputs::new(&recipe, [("order", order.as_str()), ("note", "别的话")]).unwrap();
    assert_ne!(prepared(&browser, &recipe, &other).await.unwrap().hash, plan.hash);
}

#[tokio::test]
async fn an_approved_note_is_saved_once_and_read_back() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let (recipe, inputs, order) = note(&shop, NOTE);
    let plan = prepared(&browser, &recipe, &inputs).await.unwrap();
    let done = submitted(&browser, &recipe, &inputs, &plan.hash).await;
    let Submitted::Done { status, after, plan: before } = done else { panic!("{done:?}") };
    assert_eq!((status, before.hash), (303, plan.hash));
    assert_eq!(after.pictures[0].name, "saved");
    let effect = Effect::Note { order: order.clone(), text: NOTE.replace('\n', "\r\n") };
    assert_eq!(shop.writes().into_iter().map(|w| (w.effect, w.done)).collect::<Vec<_>>(), [(effect, true)]);
    assert_eq!(shop.seller.order(&order).unwrap().notes.last().unwrap(), NOTE);
}

#[tokio::test]
async fn a_tag_that_a_script_saves_is_one_write_too() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let recipe = shop.recipe("tag");
    let order = shop.seller.orders()[2].no.clone();
    let inputs = Inputs::new(recipe, [("order", order.as_str()), ("tag", "物流异常")]).unwrap();
    let plan = prepared(&browser, recipe, &inputs).await.unwrap();
    assert_eq!(shop.writes(), []);
    let done = submitted(&browser, recipe, &inputs, &plan.hash).await;
    assert!(matches!(done, Submitted::Done { status: 200, .. }), "{done:?}");
    assert_eq!(shop.seller.order(&order).unwrap().tags.last().unwrap(), "物流异常");
    assert_eq!(shop.writes().len(), 1);
    let none = Inputs::new(recipe, [("order", order.as_str()), ("tag", "没有这个标签")]).unwrap();
    let stopped = prepared(&browser, recipe, &none).await.unwrap_err();
    assert!(matches!(stopped, Stopped::Abnormal(Oddity::Unusable { .. }, _)), "{stopped:?}");
}

/// A plan to answer binds what stood in the conversation: nobody is answered about something they have not said yet.
#[tokio::test]
async fn an_answer_is_sent_once_and_only_to_what_was_read() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let (recipe, order) = (shop.recipe("reply"), shop.seller.orders()[0].no.clone());
    let inputs = Inputs::new(recipe, [("order", order.as_str()), ("answer", NOTE)]).unwrap();
    let plan = prepared(&browser, recipe, &inputs).await.unwrap();
    assert_eq!(recipe.on_card(&plan.before.facts), "买家最近说：请问快递到哪里了？");
    let said = Line { by: Side::Buyer, text: "请问快递到哪里了？".into() };
    shop.seller.change(&order, |order| order.chat.push(said));
    let changed = submitted(&browser, recipe, &inputs, &plan.hash).await;
    let Submitted::NotSent(Unsent::PlanChanged(plan)) = changed else { panic!("{changed:?}") };
    assert_eq!(shop.writes(), []);
    let done = submitted(&browser, recipe, &inputs, &plan.hash).await;
    assert!(matches!(done, Submitted::Done { status: 303, .. }), "{done:?}");
    let sent = Line { by: Side::Shop, text: NOTE.into() };
    assert_eq!((shop.writes().len(), shop.seller.order(&order).unwrap().chat.pop()), (1, Some(sent)));
}

#[tokio::test]
async fn a_tag_is_taken_back_by_the_recipe_that_undoes_it() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let (recipe, order) = (shop.recipe("tag"), shop.seller.orders()[2].no.clone());
    assert_eq!(recipe.undo(), Some("untag"));
    let undo = shop.recipe("untag");
    for recipe in [recipe, undo] {
        let inputs = Inputs::new(recipe, [("order", order.as_str()), ("tag", "物流异常")]).unwrap();
        let plan = prepared(&browser, recipe, &inputs).await.unwrap();
        let done = submitted(&browser, recipe, &inputs, &plan.hash).await;
        assert!(matches!(done, Submitted::Done { .. }), "{done:?}");
    }
    assert!(!shop.seller.order(&order).unwrap().tags.contains(&"物流异常".to_owned()));
    assert_eq!(shop.writes().len(), 2);
}

#[tokio::test]
async fn what_is_not_claimed_is_not_handed_in() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let (recipe, inputs, _) = note(&shop, NOTE);
    let plan = prepared(&browser, &recipe, &inputs).await.unwrap();
    let job = || backoffice::Job { browser: &browser, recipe: &recipe, inputs: &inputs, now_ms: 0 };
    let refused = backoffice::submit(job(), &plan.hash, async { false }).await;
    assert!(matches!(refused, Submitted::NotSent(Unsent::NotClaimed)), "{refused:?}");
    let slept_on = async {
        tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
        true
    };
    let late = backoffice::submit(job(), &plan.hash, slept_on).await;
    assert!(matches!(late, Submitted::NotSent(Unsent::NotClaimed)), "{late:?}");
    assert_eq!(shop.writes(), []);
}

#[tokio::test]
async fn what_was_not_approved_like_this_is_not_handed_in() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let (recipe, inputs, order) = note(&shop, NOTE);
    let plan = prepared(&browser, &recipe, &inputs).await.unwrap();
    let changed = Inputs::new(&recipe, [("order", order.as_str()), ("note", "给买家退款 500 元")]).unwrap();
    let outcome = submitted(&browser, &recipe, &changed, &plan.hash).await;
    assert!(matches!(outcome, Submitted::NotSent(Unsent::PlanChanged(_))), "{outcome:?}");
    shop.seller.appear(Guise::Redesigned);
    let outcome = submitted(&browser, &recipe, &inputs, &plan.hash).await;
    let changed = |oddity: &Oddity| matches!(oddity, Oddity::Changed { page, .. } if page == "form");
    assert!(
        matches!(&outcome, Submitted::NotSent(Unsent::Stopped(Stopped::Abnormal(o, _))) if changed(o)),
        "{outcome:?}"
    );
    shop.seller.appear(Guise::Expired);
    let outcome = submitted(&browser, &recipe, &inputs, &plan.hash).await;
    let out = Oddity::SignedOut;
    assert!(
        matches!(&outcome, Submitted::NotSent(Unsent::Stopped(Stopped::Abnormal(o, _))) if *o == out),
        "{outcome:?}"
    );
    assert_eq!(shop.writes(), []);
}

/// What an outcome is called in the table below.
fn name(outcome: &Submitted) -> &'static str {
    match outcome {
        Submitted::Done { .. } => "done",
        Submitted::Refused { .. } => "refused",
        Submitted::NotSent(_) => "not sent",
        Submitted::Unknown { .. } => "unknown",
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_nothing_is_repeated() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    for (mishap, expected, stands) in [
        (Mishap::After(Lost::Drop), "unknown", true),
        (Mishap::Before(Lost::Drop), "unknown", false),
        (Mishap::After(Lost::Hang), "unknown", true),
        (Mishap::After(Lost::BadGateway), "unknown", true),
        (Mishap::Refused(409), "refused", false),
        (Mishap::Refused(500), "unknown", false),
    ] {
        // Only an answer that never comes is waited for until the time is over.
        let seconds = if mishap == Mishap::After(Lost::Hang) { 4 } else { 20 };
        let (recipe, inputs, order) = note_within(&shop, &format!("备注 {mishap:?}"), seconds);
        let plan = prepared(&browser, &recipe, &inputs).await.unwrap();
        let (before, notes) = (shop.writes().len(), shop.seller.order(&order).unwrap().notes.len());
        shop.seller.upset([mishap]);
        let outcome = submitted(&browser, &recipe, &inputs, &plan.hash).await;
        assert_eq!(name(&outcome), expected, "{mishap:?}: {outcome:?}");
        assert_eq!(shop.writes().len() - before, 1, "{mishap:?}: handed in more than once");
        assert_eq!(shop.seller.order(&order).unwrap().notes.len() - notes, usize::from(stands), "{mishap:?}");
        if let Submitted::Unknown { after, .. } = &outcome {
            assert_eq!(after.is_ok(), stands, "{mishap:?}: what the shop shows is a hint for the person: {after:?}");
        }
    }
}

#[tokio::test]
async fn signed_out_right_after_the_write_is_unknown() {
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let (recipe, inputs, _) = note(&shop, NOTE);
    let plan = prepared(&browser, &recipe, &inputs).await.unwrap();
    shop.seller.upset([Mishap::SignedOut]);
    let outcome = submitted(&browser, &recipe, &inputs, &plan.hash).await;
    assert!(matches!(&outcome, Submitted::Unknown { status: Some(303), after: Err(_), .. }), "{outcome:?}");
    assert_eq!(shop.writes().len(), 1);
}

/// Submits with one fault in ten, as many as `BACKOFFICE_SUBMITS` says (one in three of a few): no note stands twice, and every one whose answer
/// was lost is unknown.
#[tokio::test]
async fn submits_under_faults_are_never_doubled() {
    let count: u32 = std::env::var("BACKOFFICE_SUBMITS").ok().and_then(|count| count.parse().ok()).unwrap_or(12);
    let Some(shop) = Shop::open().await else { return };
    let browser = shop.browser().await;
    let mishaps =
        [Mishap::After(Lost::Drop), Mishap::Before(Lost::Drop), Mishap::After(Lost::BadGateway), Mishap::Refused(409)];
    for n in 0..count {
        let text = format!("第 {n} 条");
        let (recipe, inputs, order) = note(&shop, &text);
        let plan = prepared(&browser, &recipe, &inputs).await.unwrap();
        let every = if count < 40 { 3 } else { 10 };
        let mishap = (n % every == 1).then(|| mishaps[(n / every) as usize % mishaps.len()]);
        shop.seller.upset(mishap);
        let outcome = submitted(&browser, &recipe, &inputs, &plan.hash).await;
        let expected = match mishap {
            None => "done",
            Some(Mishap::Refused(_)) => "refused",
            Some(_) => "unknown",
        };
        assert_eq!(name(&outcome), expected, "{n}: {outcome:?}");
        let stands = shop.seller.order(&order).unwrap().notes.iter().filter(|note| **note == text).count();
        assert!(stands <= 1, "{n}: {text} stands {stands} times");
    }
    assert_eq!(shop.writes().len(), count as usize);
}
