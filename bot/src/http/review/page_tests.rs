//! Requests against a desk with one case, handler by handler.

use axum::extract::{Form, Path, RawQuery, State as Shared};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use super::sample::{PICTURE, Sample, hidden, read};
use super::seal::Seal;
use super::{decide, media, show, sign_in};
use crate::case::State;
use crate::clock::MINUTE;
use crate::store::people;

async fn open(sample: &Sample, token: Option<&str>, headers: &HeaderMap) -> Response {
    let query = RawQuery(token.map(|token| format!("t={token}")));
    show(Shared(sample.app.clone()), Path("81".into()), query, headers.clone()).await
}

async fn page(sample: &Sample, token: &str) -> String {
    let (status, text) = read(open(sample, Some(token), &HeaderMap::new()).await).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    text
}

/// Hands in a text by the form of `page`.
async fn hand_in(sample: &Sample, page: &str, headers: &HeaderMap, parts: [&str; 2]) -> (StatusCode, String) {
    let token = if page.contains("name=\"t\"") { hidden(page, "edit", "t") } else { String::new() };
    let form = decide::Handed {
        part1: parts[0].into(),
        part2: parts[1].into(),
        part3: String::new(),
        version: hidden(page, "edit", "version").parse().unwrap(),
        code: hidden(page, "edit", "code"),
        csrf: hidden(page, "edit", "csrf"),
        t: token,
        how: String::new(),
    };
    let app = Shared(sample.app.clone());
    read(decide::edit(app, Path("81".into()), headers.clone(), Ok(Form(form))).await).await
}

async fn approve(sample: &Sample, csrf: String, code: String, headers: &HeaderMap) -> (StatusCode, String) {
    let form = decide::Handed {
        part1: String::new(),
        part2: String::new(),
        part3: String::new(),
        version: 1,
        code,
        csrf,
        t: String::new(),
        how: String::new(),
    };
    let app = Shared(sample.app.clone());
    read(decide::send(app, Path("81".into()), headers.clone(), Ok(Form(form))).await).await
}

#[tokio::test]
async fn a_page_shows_everything_and_nothing_of_it_is_markup() {
    for locale in ["zh-CN", "en"] {
        let sample = Sample::new(locale).await;
        let token = sample.link("lihua").await;
        let text = page(&sample, &token).await;
        for needed in ["七天内可退。", "小红", "v3", "王五", "李华", "87%", &sample.picture, &token, "odd&lt;b&gt;"]
        {
            assert!(text.contains(needed), "{locale}: {needed} is missing in {text}");
        }
        let code = sample.case.draft().expect("a draft").code();
        assert!(text.contains(&code), "{code}");
        assert!(text.contains(&format!("lang=\"{locale}\"")));
        // Customer, draft, citation, title, rule, source, channel: each is escaped.
        assert!(text.matches("&lt;script&gt;").count() >= 8, "{text}");
        for never in ["<script", "<img src=x", "<b>", ">page."] {
            assert!(!text.contains(never), "{locale}: {never} in {text}");
        }
        assert!(text.contains("{{ 7*7 }}"), "what people write is no template: {text}");
    }
}

#[tokio::test]
async fn a_page_is_never_stored_and_runs_nothing() {
    let sample = Sample::new("zh-CN").await;
    let token = sample.link("lihua").await;
    let response = open(&sample, Some(&token), &HeaderMap::new()).await;
    let header = |name| response.headers()[name].to_str().unwrap();
    assert_eq!(header(CACHE_CONTROL), "no-store");
    assert!(header(CONTENT_SECURITY_POLICY).starts_with("default-src 'none'; style-src 'self';"));
    assert_eq!(header(CONTENT_TYPE), "text/html; charset=utf-8");
}

#[tokio::test]
async fn opening_decides_nothing_and_uses_nothing_up() {
    let sample = Sample::new("zh-CN").await;
    let token = sample.link("lihua").await;
    let before = page(&sample, &token).await;
    for _ in 0..3 {
        assert_eq!(page(&sample, &token).await, before);
    }
    assert_eq!(sample.stored().await, sample.case);
    let hash = super::token_hash(&token);
    let now = sample.app.clock.now();
    let link = sample.app.store.read(move |tx| Box::pin(async move { Ok(people::link(tx, &hash, now).await?) })).await;
    assert_eq!(link.unwrap().expect("the link is good").used_at, None);
}

#[tokio::test]
async fn a_link_ends_and_does_not_open_another_case() {
    let sample = Sample::new("zh-CN").await;
    let token = sample.link("lihua").await;
    let other = RawQuery(Some(format!("t={token}")));
    let elsewhere = show(Shared(sample.app.clone()), Path("82".into()), other, HeaderMap::new()).await;
    assert_eq!(elsewhere.status(), StatusCode::GONE);
    for wrong in ["", "00", &"0".repeat(64), &token.to_uppercase()] {
        let response = open(&sample, Some(wrong), &HeaderMap::new()).await;
        assert!(response.status().is_client_error(), "{wrong}");
    }
    sample.app.clock.advance(10 * MINUTE);
    assert_eq!(open(&sample, Some(&token), &HeaderMap::new()).await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn a_new_text_needs_approval_and_uses_the_link_up() {
    let sample = Sample::new("zh-CN").await;
    let token = sample.link("lihua").await;
    let first = page(&sample, &token).await;
    let (status, text) = hand_in(&sample, &first, &HeaderMap::new(), ["可以退。\r\n请寄回。", "运费到付。"]).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let case = sample.stored().await;
    let State::AwaitingReview(review) = &case.state else { panic!("{:?}", case.state) };
    assert_eq!(
        (case.version, &review.draft.parts),
        (2, &vec!["可以退。\n请寄回。".to_owned(), "运费到付。".to_owned()])
    );
    let (status, text) = hand_in(&sample, &first, &HeaderMap::new(), ["再来一次", ""]).await;
    assert_eq!(status, StatusCode::GONE);
    assert!(text.contains("再来一次"), "what was written is given back: {text}");
    assert_eq!(sample.stored().await, case);
    assert_eq!(open(&sample, Some(&token), &HeaderMap::new()).await.status(), StatusCode::GONE);
}

#[tokio::test]
async fn a_text_that_cannot_be_used_stays_in_the_form_and_the_link_stays_good() {
    let sample = Sample::new("zh-CN").await;
    let token = sample.link("lihua").await;
    let first = page(&sample, &token).await;
    let long = "长".repeat(700);
    let (status, text) = hand_in(&sample, &first, &HeaderMap::new(), [&long, ""]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains(&long) && text.contains("role=\"alert\"") && text.contains("52 字节"), "{text}");
    assert_eq!(sample.stored().await, sample.case);
    let (status, text) = hand_in(&sample, &text, &HeaderMap::new(), ["短。", ""]).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(sample.stored().await.version, 2);
}

#[tokio::test]
async fn a_link_for_an_older_version_shows_and_changes_nothing() {
    let sample = Sample::new("zh-CN").await;
    let (old, used) = (sample.link("lihua").await, sample.link("wangwu").await);
    let before = page(&sample, &old).await;
    hand_in(&sample, &page(&sample, &used).await, &HeaderMap::new(), ["新的一版。", ""]).await;
    let after = page(&sample, &old).await;
    assert!(after.contains("新的一版。") && !after.contains("<form"), "{after}");
    let (status, text) = hand_in(&sample, &before, &HeaderMap::new(), ["旧版上改的。", ""]).await;
    assert!(status == StatusCode::OK && text.contains("旧版上改的。") && text.contains("readonly"), "{text}");
    assert_eq!(sample.stored().await.version, 2);
}

#[tokio::test]
async fn a_link_never_approves() {
    let sample = Sample::new("zh-CN").await;
    let text = page(&sample, &sample.link("lihua").await).await;
    assert!(!text.contains("81/send\""));
    let (csrf, code) = (hidden(&text, "edit", "csrf"), hidden(&text, "edit", "code"));
    let (status, _) = approve(&sample, csrf, code, &HeaderMap::new()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(sample.stored().await, sample.case);
}

#[tokio::test]
async fn who_signed_in_sends_once_what_was_shown() {
    let sample = Sample::new("zh-CN").await;
    let headers = sample.signed_in("lihua");
    let (_, text) = read(open(&sample, None, &headers).await).await;
    let (csrf, code) = (hidden(&text, "send", "csrf"), hidden(&text, "send", "code"));
    let (status, wrong) = approve(&sample, csrf.clone(), "0000".into(), &headers).await;
    assert!(status == StatusCode::OK && wrong.contains("role=\"alert\""), "{wrong}");
    assert_eq!(sample.stored().await, sample.case);
    let (status, done) = approve(&sample, csrf.clone(), code.clone(), &headers).await;
    assert!(status == StatusCode::OK && !done.contains("role=\"alert\""), "{done}");
    let case = sample.stored().await;
    assert!(matches!(&case.state, State::Sending(s) if s.authority.approver() == Some("lihua")), "{:?}", case.state);
    let (_, again) = approve(&sample, csrf, code, &headers).await;
    assert!(again.contains("role=\"alert\""), "{again}");
    assert_eq!(sample.stored().await, case);
}

#[tokio::test]
async fn a_form_of_somebody_else_counts_for_nothing() {
    let sample = Sample::new("zh-CN").await;
    let (_, theirs) = read(open(&sample, None, &sample.signed_in("wangwu")).await).await;
    let (csrf, code) = (hidden(&theirs, "send", "csrf"), hidden(&theirs, "send", "code"));
    let (status, _) = approve(&sample, csrf, code, &sample.signed_in("lihua")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(sample.stored().await, sample.case);
}

#[tokio::test]
async fn only_people_of_the_channel_see_the_case() {
    let sample = Sample::new("zh-CN").await;
    let (status, text) = read(open(&sample, None, &sample.signed_in("zhaoliu")).await).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(!text.contains("七天"), "{text}");
    assert_eq!(open(&sample, None, &HeaderMap::new()).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_is_removed_loses_page_and_forms_at_once() {
    let sample = Sample::new("zh-CN").await;
    let (token, headers) = (sample.link("lihua").await, sample.signed_in("lihua"));
    let by_link = page(&sample, &token).await;
    let (_, by_session) = read(open(&sample, None, &headers).await).await;
    sample.remove("lihua").await;
    assert_eq!(open(&sample, Some(&token), &HeaderMap::new()).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(open(&sample, None, &headers).await.status(), StatusCode::FORBIDDEN);
    let (status, _) = hand_in(&sample, &by_link, &HeaderMap::new(), ["改。", ""]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (csrf, code) = (hidden(&by_session, "send", "csrf"), hidden(&by_session, "send", "code"));
    let (status, text) = approve(&sample, csrf, code, &headers).await;
    assert!(status == StatusCode::FORBIDDEN && !text.contains("七天"), "{text}");
    assert_eq!(sample.stored().await, sample.case);
}

#[tokio::test]
async fn attachments_are_those_of_the_conversation() {
    let sample = Sample::new("zh-CN").await;
    let token = sample.link("lihua").await;
    let secret = sample.app.blobs.put(b"of another customer").await.unwrap();
    let get = |sha256: String, token: Option<String>| {
        let query = RawQuery(token.map(|token| format!("t={token}")));
        media::give(Shared(sample.app.clone()), Path(("81".into(), sha256)), query, HeaderMap::new())
    };
    let response = get(sample.picture.clone(), Some(token.clone())).await;
    assert_eq!(response.headers()[CONTENT_TYPE], "image/png");
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    assert_eq!(bytes, PICTURE);
    assert_eq!(get(secret, Some(token.clone())).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get("../../desk.db".into(), Some(token)).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(sample.picture.clone(), None).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_sign_in_that_was_not_begun_here_leads_nowhere() {
    let sample = Sample::new("zh-CN").await;
    let nonce = "00112233445566778899aabbccddeeff";
    let state = Seal::new(&sample.app.cookie_key).state(81, nonce, sample.app.clock.now() + MINUTE);
    let query = format!("code=c&state={state}");
    for cookie in ["", "aijia_sign_in=", "aijia_sign_in=ffeeddccbbaa99887766554433221100"] {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_str(cookie).unwrap());
        let response = sign_in::back(Shared(sample.app.clone()), RawQuery(Some(query.clone())), headers).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{cookie}");
        assert!(!response.headers().contains_key(SET_COOKIE));
    }
}

#[test]
fn the_addresses_do_not_collide() {
    let _: axum::Router<crate::app::App> = super::routes();
}
