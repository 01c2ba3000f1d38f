use super::*;
use crate::Fate;
use crate::wecom::stand_in::{SECRET, Seen, StandIn, json as answer_json, token_value};
use axum::response::{IntoResponse, Response};
use std::sync::atomic::Ordering;
use std::time::Duration;

const OPENID: &str = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY";
const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

fn account(server: &StandIn) -> Account {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = AccountSettings { base: server.base().into(), app_id: "wx0account".into(), secret: SECRET.into() };
    let now = server.now.clone();
    Account::new(settings, Arc::new(move || now.load(Ordering::SeqCst)), None).unwrap()
}

/// A token as this platform gives it: without errcode.
fn bare_token(n: usize) -> Response {
    let body = format!(r#"{{"access_token":"{}","expires_in":7200}}"#, token_value(n));
    ([("content-type", "application/json")], body).into_response()
}

/// Gives tokens, and this answer to everything else.
async fn answering(body: &'static str) -> (StandIn, Account) {
    started(move |seen, n| if seen.path == "stable_token" { bare_token(n) } else { answer_json(body) }).await
}

async fn started(script: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> (StandIn, Account) {
    let server = StandIn::start(script).await;
    let account = account(&server);
    (server, account)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

#[tokio::test]
async fn the_token_is_the_stable_one_and_lasts() {
    let (server, account) = answering(OK).await;
    for (at, fetched) in [(0, 1), (6_899, 1), (6_900, 2)] {
        server.now.store(1_700_000_000 + at, Ordering::SeqCst);
        account.send_text(OPENID, "您好", soon()).await.unwrap();
        assert_eq!(server.seen("stable_token").len(), fetched, "after {at} s");
    }
    let asked = &server.seen("stable_token")[0];
    let expected =
        json!({ "grant_type": "client_credential", "appid": "wx0account", "secret": SECRET, "force_refresh": false });
    assert_eq!((asked.json(), asked.query.as_str()), (expected, ""));
    assert!(server.seen("token").is_empty() && server.seen("gettoken").is_empty());
}

#[tokio::test]
async fn text_picture_and_typing_have_their_forms() {
    let (server, account) = answering(OK).await;
    account.send_text(OPENID, "您好 & <b>", soon()).await.unwrap();
    account.send_image(OPENID, "MID", soon()).await.unwrap();
    account.typing(OPENID, true).await.unwrap();
    account.typing(OPENID, false).await.unwrap();
    let bodies = |path: &str| server.seen(path).iter().map(Seen::json).collect::<Vec<_>>();
    let sent = [
        json!({ "touser": OPENID, "msgtype": "text", "text": { "content": "您好 & <b>" } }),
        json!({ "touser": OPENID, "msgtype": "image", "image": { "media_id": "MID" } }),
    ];
    assert_eq!(bodies("message/custom/send"), sent);
    let raw = String::from_utf8(server.seen("message/custom/send")[0].body.clone()).unwrap();
    assert!(raw.contains("您好"), "as UTF-8, not as \\u: {raw}");
    let typed = ["Typing", "CancelTyping"].map(|command| json!({ "touser": OPENID, "command": command }));
    assert_eq!(bodies("message/custom/typing"), typed);
}

#[tokio::test]
async fn what_cannot_be_sent_never_leaves() {
    let (server, account) = answering(OK).await;
    let code = |sent: Result<(), ApiError>| sent.unwrap_err().code();
    assert_eq!(code(account.send_text(OPENID, "", soon()).await), Some(44004));
    assert_eq!(code(account.send_text(OPENID, &"好".repeat(683), soon()).await), Some(45002));
    for bad in ["", "a b", "号", &"a".repeat(65)] {
        assert_eq!(code(account.send_text(bad, "x", soon()).await), Some(40003), "{bad}");
        assert_eq!(code(account.typing(bad, true).await), Some(40003), "{bad}");
    }
    let late = account.send_text(OPENID, "x", Instant::now() - Duration::from_millis(1)).await;
    assert_eq!(Fate::of_official(&late), Fate::NotSent);
    assert!(server.seen("message/custom/send").is_empty());
    account.send_text(OPENID, &"a".repeat(MAX_TEXT), soon()).await.unwrap();
}

#[tokio::test]
async fn a_dead_token_is_renewed_once() {
    for dead in [r#"{"errcode":40001}"#, r#"{"errcode":40014}"#, r#"{"errcode":42001}"#] {
        let (server, account) = started(move |seen, n| match seen.path.as_str() {
            "stable_token" => bare_token(n),
            _ if seen.query.contains(&token_value(0)) => answer_json(dead),
            _ => answer_json(OK),
        })
        .await;
        account.send_text(OPENID, "您好", soon()).await.unwrap();
        assert_eq!((server.seen("stable_token").len(), server.seen("message/custom/send").len()), (2, 2));
        let (server, account) = answering(dead).await;
        let sent = account.send_text(OPENID, "您好", soon()).await;
        assert!(matches!(Fate::of_official(&sent), Fate::PutOff { .. }), "{sent:?}");
        assert_eq!(server.seen("message/custom/send").len(), 2, "no third try");
    }
}

#[tokio::test]
async fn only_a_send_that_says_so_was_taken() {
    let unknown = ["{}", r#"{"errmsg":"ok"}"#, "", "<html>", "[0]", r#"{"errcode":-1,"errmsg":"system error"}"#];
    for body in unknown {
        let (server, account) = answering(body).await;
        let sent = account.send_text(OPENID, "您好", soon()).await;
        assert_eq!(Fate::of_official(&sent), Fate::Unknown, "{body}");
        assert_eq!(server.seen("message/custom/send").len(), 1, "never resent by itself: {body}");
    }
}

#[tokio::test]
async fn pictures_go_up_and_come_down() {
    for answer in [
        r#"{"type":"image","media_id":"MID","created_at":1700000000}"#,
        r#"{"errcode":0,"errmsg":"ok","type":"image","media_id":"MID","created_at":1700000000}"#,
    ] {
        let (server, account) = answering(answer).await;
        assert_eq!(account.upload_image("a.png", b"123456").await.as_deref(), Ok("MID"));
        assert!(server.only("media/upload").query.ends_with("&type=image"));
    }
    let (_, account) = answering("{}").await;
    assert!(matches!(account.upload_image("a.png", b"123456").await, Err(ApiError::Unknown { .. })));
    let (server, account) = started(|seen, n| match seen.path.as_str() {
        "stable_token" => bare_token(n),
        _ if seen.query.ends_with("=MID") => ([("content-type", "image/jpeg")], "JPEG").into_response(),
        _ => answer_json(r#"{"errcode":40007,"errmsg":"invalid media_id"}"#),
    })
    .await;
    assert_eq!(account.media("MID", 100).await.unwrap().bytes, b"JPEG");
    assert!(matches!(account.media("MID", 3).await, Err(ApiError::Unknown { .. })));
    assert_eq!(account.media("OLD", 100).await.unwrap_err().code(), Some(40007));
    assert_eq!(server.seen("media/get").len(), 3);
}

#[tokio::test]
async fn only_what_the_platform_says_is_known_of_a_customer() {
    let (server, account) = answering(
        r#"{"subscribe":1,"openid":"o9","nickname":"","sex":0,"language":"zh_CN","city":"","headimgurl":"",
            "subscribe_time":1641364601,"unionid":"oV","remark":"","groupid":0,"tagid_list":[]}"#,
    )
    .await;
    let known = Follower {
        subscribed: true,
        subscribed_at_secs: Some(1_641_364_601),
        language: Some("zh_CN".into()),
        unionid: Some("oV".into()),
    };
    assert_eq!(account.follower(OPENID).await.unwrap(), known);
    assert!(server.only("user/info").query.ends_with(&format!("&openid={OPENID}&lang=zh_CN")));
    let (_, account) = answering(r#"{"subscribe":0,"openid":"o9"}"#).await;
    let gone = Follower { subscribed: false, subscribed_at_secs: None, language: None, unionid: None };
    assert_eq!(account.follower(OPENID).await.unwrap(), gone);
    let (_, account) = answering(r#"{"openid":"o9"}"#).await;
    assert!(matches!(account.follower(OPENID).await, Err(ApiError::Unknown { .. })));
    let (_, account) = answering(r#"{"errcode":40003,"errmsg":"invalid openid"}"#).await;
    assert_eq!(account.follower(OPENID).await.unwrap_err().code(), Some(40003));
}

#[tokio::test]
async fn settings_are_named_and_secrets_are_not_shown() {
    let server = StandIn::answering(OK).await;
    let new = |app_id: &str, secret: &str| {
        let settings = AccountSettings { base: server.base().into(), app_id: app_id.into(), secret: secret.into() };
        Account::new(settings, Arc::new(|| 0), None).map(drop)
    };
    let _ = account(&server);
    assert_eq!(new(" ", "s"), Err(SettingsError::AppId));
    assert_eq!(new("wx0", ""), Err(SettingsError::Secret));
    assert_eq!(new("wx0", "s"), Ok(()));
    assert!(!format!("{:?}", account(&server)).contains(SECRET));
    let refusing =
        |_: &Seen, _: usize| answer_json(r#"{"errcode":40125,"errmsg":"SECRETxSECRETxSECRETxSECRET is wrong"}"#);
    let (_, account) = started(refusing).await;
    let refused = account.check().await.unwrap_err();
    assert!(!refused.to_string().contains(SECRET), "{refused}");
}
