use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

use super::*;

struct Colleague {
    http: Client,
    origin: String,
    cookie: String,
}

impl Colleague {
    async fn signed_in(seller: &Seller) -> Colleague {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let origin = seller.origin();
        let form = format!("user={}&password={}", seller.settings().user, seller.settings().password);
        let answer = http.post(format!("{origin}/login")).body(form).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Colleague { http, origin, cookie }
    }

    async fn opens(&self, path: &str) -> Response {
        let request = self.http.get(format!("{}{path}", self.origin)).header("cookie", &self.cookie);
        request.send().await.unwrap()
    }

    async fn token(&self, path: &str) -> String {
        let html = self.opens(path).await.text().await.unwrap();
        html.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    async fn notes(&self, no: &str, token: &str, text: &str) -> reqwest::Result<Response> {
        let body = format!("csrf={token}&visible=internal&text={text}");
        let request = self.http.post(format!("{}/orders/{no}/notes", self.origin)).header("cookie", &self.cookie);
        request.body(body).send().await
    }
}

async fn site() -> (Seller, Colleague, String) {
    let seller = Seller::start(Settings::default()).await.unwrap();
    let colleague = Colleague::signed_in(&seller).await;
    let no = seller.orders()[0].no.clone();
    (seller, colleague, no)
}

#[tokio::test]
async fn only_who_is_signed_in_sees_orders() {
    let (seller, colleague, no) = site().await;
    let page = colleague.opens(&format!("/orders/{no}")).await.text().await.unwrap();
    assert!(page.contains(&no) && page.contains("实付金额") && page.contains("最近订单"));
    assert!(colleague.opens("/orders?keyword=999999").await.text().await.unwrap().contains("没有找到符合条件的订单"));
    seller.expire_sessions();
    let answer = colleague.opens(&format!("/orders/{no}")).await;
    assert_eq!((answer.status(), answer.headers()["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/login"));
}

#[tokio::test]
async fn a_write_needs_the_token_and_is_done_as_often_as_it_is_asked_for() {
    let (seller, colleague, no) = site().await;
    let token = colleague.token(&format!("/orders/{no}/note")).await;
    let before = seller.order(&no).unwrap().notes.len();
    assert_eq!(colleague.notes(&no, "wrong", "x").await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(colleague.notes(&no, &token, "").await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    for _ in 0..2 {
        assert_eq!(colleague.notes(&no, &token, "%E5%B7%B2%E5%9B%9E%E7%94%B5").await.unwrap().status(), 303);
    }
    assert_eq!(seller.order(&no).unwrap().notes[before..], ["已回电", "已回电"]);
    assert_eq!(seller.writes().iter().map(|write| write.done).collect::<Vec<_>>(), [false, false, true, true]);
}

#[tokio::test]
async fn mishaps_lose_the_answer_before_or_after() {
    let (seller, colleague, no) = site().await;
    let token = colleague.token(&format!("/orders/{no}/note")).await;
    seller.upset([Mishap::Before(Lost::Drop), Mishap::After(Lost::Drop), Mishap::Refused(409), Mishap::SignedOut]);
    assert!(colleague.notes(&no, &token, "a").await.is_err());
    assert!(colleague.notes(&no, &token, "b").await.is_err());
    assert_eq!(colleague.notes(&no, &token, "c").await.unwrap().status(), StatusCode::CONFLICT);
    assert_eq!(colleague.notes(&no, &token, "d").await.unwrap().status(), StatusCode::SEE_OTHER);
    assert_eq!(seller.writes().iter().map(|write| write.done).collect::<Vec<_>>(), [false, true, false, true]);
    assert!(seller.sessions().is_empty());
}

#[tokio::test]
async fn a_session_that_ends_mid_form_leads_to_the_sign_in_page_and_writes_nothing() {
    let (seller, colleague, no) = site().await;
    let (token, before) = (colleague.token(&format!("/orders/{no}/note")).await, seller.order(&no).unwrap().notes);
    seller.upset([Mishap::Lapsed]);
    let answer = colleague.notes(&no, &token, "a").await.unwrap();
    assert_eq!((answer.status(), &answer.headers()["location"]), (StatusCode::SEE_OTHER, &"/login".parse().unwrap()));
    assert_eq!(seller.order(&no).unwrap().notes, before);
    assert!(seller.sessions().is_empty() && !seller.writes()[0].done);
}

#[tokio::test]
async fn guises_stand_in_the_way() {
    let (seller, colleague, no) = site().await;
    let path = format!("/orders/{no}");
    let usual = colleague.opens(&path).await.text().await.unwrap();
    for (guise, status, words) in [
        (Guise::Expired, 303, ""),
        (Guise::Captcha, 200, "安全验证"),
        (Guise::Redesigned, 200, "o2-summary"),
        (Guise::Walled, 403, "no-permission"),
        (Guise::Broken, 500, ""),
        (Guise::Alert, 200, "alert("),
        (Guise::Overlay, 200, "modal open"),
        (Guise::Drifting(Drift::Within), 200, "location.href"),
    ] {
        seller.appear(guise);
        let answer = colleague.opens(&path).await;
        assert_eq!(answer.status(), status, "{guise:?}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(words) && text != usual, "{guise:?}: {text}");
    }
}

#[tokio::test]
async fn customers_words_stay_words() {
    let (seller, colleague, no) = site().await;
    seller.change(&no, |order| order.remark = "<script>alert(1)</script>".to_owned());
    let page = colleague.opens(&format!("/orders/{no}")).await.text().await.unwrap();
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"));
}

#[test]
fn every_way_is_tried_by_the_page() {
    let missing: Vec<&&str> = WAYS
        .iter()
        .filter(|way| !["csp-report", "worker-xhr", "worker-nested", "websocket-worker"].contains(way))
        .filter(|way| !ways::SCRIPT.contains(&format!("{way}:")) && !ways::SCRIPT.contains(&format!("'{way}':")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
