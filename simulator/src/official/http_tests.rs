//! The platform over HTTP: a caller as the bot is one, and a callback server as the bot is one.

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use channels::wecom::crypt::Signed;
use serde_json::json;

use super::*;
use crate::clock::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::faults::Lost;
use crate::xml::parse;

const NOW: i64 = 1_800_000_000_000;
const XIAOYU: &str = "oXiaoyu-0123456789_abcdefghij";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n shoe";

/// What the bot heard, and what it answers next; 200 and nothing where nothing was told.
#[derive(Clone, Default)]
struct Bot {
    heard: Arc<Mutex<Vec<(String, String)>>>,
    says: Arc<Mutex<VecDeque<(u16, &'static str)>>>,
}

async fn hear(State(bot): State<Bot>, RawQuery(query): RawQuery, body: String) -> Response {
    bot.heard.lock().unwrap().push((query.unwrap(), body));
    let (status, words) = bot.says.lock().unwrap().pop_front().unwrap_or((200, ""));
    (StatusCode::from_u16(status).unwrap(), words).into_response()
}

struct Stage {
    platform: Official,
    bot: Bot,
    http: reqwest::Client,
    token: String,
}

impl Stage {
    async fn new() -> Stage {
        Stage::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Stage {
        let platform = Official::start(Settings { clock: Clock::at(NOW), ..settings }).await.unwrap();
        let bot = Bot::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        platform.knock_at(&format!("http://{}/callback", listener.local_addr().unwrap()));
        let app = Router::new().route("/callback", post(hear)).with_state(bot.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut stage = Stage { platform, bot, http, token: String::new() };
        stage.token = stage.fresh(false).await;
        stage
    }

    async fn fresh(&self, force: bool) -> String {
        let settings = self.platform.settings();
        let body = json!({"grant_type": "client_credential", "appid": settings.app_id, "secret": settings.secret,
            "force_refresh": force});
        let answer = self.raw("stable_token", &body).await;
        assert!(answer.get("errcode").is_none() && answer["expires_in"].as_i64() > Some(0), "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    async fn raw(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/{path}", self.platform.api_base());
        self.http.post(url).json(body).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, call: Call, body: Value) -> i64 {
        let path = format!("{}?access_token={}", call.path(), self.token);
        self.raw(&path, &body).await["errcode"].as_i64().unwrap()
    }

    async fn send(&self, openid: &str, words: &str) -> i64 {
        self.post(Call::Send, json!({"touser": openid, "msgtype": "text", "text": {"content": words}})).await
    }

    async fn typing_with(&self, token: &str) -> i64 {
        let body = json!({"touser": XIAOYU, "command": "CancelTyping"});
        self.raw(&format!("message/custom/typing?access_token={token}"), &body).await["errcode"].as_i64().unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}/{path}", self.platform.api_base());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    async fn upload(&self, bytes: &[u8]) -> Value {
        let form = [
            b"--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\n\r\n",
            bytes,
            b"\r\n--b--\r\n",
        ];
        let url = format!("{}/media/upload?access_token={}&type=image", self.platform.api_base(), self.token);
        let request = self.http.post(url).header("content-type", "multipart/form-data; boundary=b").body(form.concat());
        request.send().await.unwrap().json().await.unwrap()
    }

    fn pass(&self, ms: i64) {
        self.platform.settings().clock.advance(ms);
    }
}

#[tokio::test]
async fn tokens_end_each_other_only_where_they_do() {
    let stage = Stage::new().await;
    stage.platform.says(XIAOYU, "在吗").await.unwrap();
    assert_eq!(stage.fresh(false).await, stage.token);
    let Settings { app_id, secret, .. } = stage.platform.settings();
    let plain = || async {
        let path = format!("token?grant_type=client_credential&appid={app_id}&secret={secret}");
        stage.get(&path).await["access_token"].as_str().unwrap().to_owned()
    };
    let (first, second) = (plain().await, plain().await);
    for (token, code) in [(&first, 40001), (&second, 0), (&stage.token, 0)] {
        assert_eq!(stage.typing_with(token).await, code);
    }
    stage.fresh(true).await;
    assert_eq!(stage.send(XIAOYU, "您好").await, 40001);
    let wrong = [("grant_type", "x", 40002), ("appid", "wx0", 40013), ("secret", "x", 40125)];
    for (name, value, code) in wrong {
        let mut body = json!({"grant_type": "client_credential", "appid": app_id, "secret": secret});
        body[name] = value.into();
        assert_eq!(stage.raw("stable_token", &body).await["errcode"], code);
    }
    let of_get = stage.get("stable_token").await;
    assert_eq!(of_get["errcode"], 43002);
    assert!(!format!("{:?}", stage.platform.ledger()).contains(secret.as_str()));
}

#[tokio::test]
async fn five_messages_in_48_hours_and_no_more() {
    let mut stage = Stage::new().await;
    assert_eq!(stage.send(XIAOYU, "您好").await, 40003, "nobody of that id");
    stage.platform.says(XIAOYU, "在吗").await.unwrap();
    let mut codes = Vec::new();
    for n in 0..6 {
        codes.push(stage.send(XIAOYU, &format!("{n}")).await);
    }
    assert_eq!(codes, [0, 0, 0, 0, 0, 45047]);
    stage.platform.says(XIAOYU, "还在吗").await.unwrap();
    stage.pass(48 * HOUR_MS - 1);
    stage.token = stage.fresh(false).await;
    assert_eq!(stage.send(XIAOYU, "5").await, 0);
    stage.pass(1);
    assert_eq!(stage.send(XIAOYU, "6").await, 45015);
    assert_eq!(stage.platform.accepted().len(), 6);
    assert_eq!(stage.platform.accepted()[4].content, "4");
}

#[tokio::test]
async fn clicks_allow_three_for_a_minute_and_unfollowing_ends_all() {
    let stage = Stage::new().await;
    stage.platform.clicks(XIAOYU, "service").await.unwrap();
    let mut codes = Vec::new();
    for n in 0..4 {
        codes.push(stage.send(XIAOYU, &format!("{n}")).await);
    }
    assert_eq!(codes, [0, 0, 0, 45047]);
    stage.pass(MINUTE_MS);
    assert_eq!(stage.send(XIAOYU, "4").await, 45015);
    stage.platform.views(XIAOYU, "https://e").await.unwrap();
    assert_eq!(stage.send(XIAOYU, "5").await, 45015);
    stage.platform.subscribes(XIAOYU).await.unwrap();
    assert_eq!(stage.send(XIAOYU, "6").await, 0);
    stage.platform.says(XIAOYU, "在吗").await.unwrap();
    stage.platform.unsubscribes(XIAOYU).await.unwrap();
    assert_eq!(stage.send(XIAOYU, "7").await, 45015);
    let other = Stage::with(Settings { unfollowed: Errcode(43004), ..Settings::default() }).await;
    other.platform.subscribes(XIAOYU).await.unwrap();
    other.platform.unsubscribes(XIAOYU).await.unwrap();
    assert_eq!(other.send(XIAOYU, "8").await, 43004);
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_refused() {
    let stage = Stage::new().await;
    stage.platform.says(XIAOYU, "在吗").await.unwrap();
    assert_eq!((stage.send(XIAOYU, "").await, stage.send(XIAOYU, &"好".repeat(683)).await), (44004, 45002));
    assert_eq!(stage.send(XIAOYU, &"a".repeat(2_048)).await, 0);
    let text = json!({"content": "x"});
    for (body, code) in [
        (json!({"msgtype": "text", "text": text}), 40003),
        (json!({"touser": XIAOYU, "text": text}), 40008),
        (json!({"touser": XIAOYU, "msgtype": "poem", "text": text}), 40008),
        (json!({"touser": XIAOYU, "msgtype": "text"}), 44004),
        (json!({"touser": XIAOYU, "msgtype": "text", "text": text, "msgid": "m1"}), 47001),
        (json!({"touser": XIAOYU, "msgtype": "image", "image": {"media_id": "none"}}), 40007),
        (json!([]), 47001),
    ] {
        assert_eq!(stage.post(Call::Send, body.clone()).await, code, "{body}");
    }
    let by_get = stage.get(&format!("message/custom/send?access_token={}", stage.token)).await;
    assert_eq!(by_get["errcode"], 43002);
    assert_eq!(stage.raw("message/custom/send", &json!({})).await["errcode"], 41001);
    stage.pass(7_200 * SECOND_MS);
    assert_eq!(stage.send(XIAOYU, "x").await, 42001);
}

#[tokio::test]
async fn pictures_live_three_days_and_names_are_not_told() {
    let stage = Stage::new().await;
    stage.platform.subscribes(XIAOYU).await.unwrap();
    let up = stage.upload(PNG).await;
    assert!(up.get("errcode").is_none(), "{up}");
    let image = json!({"touser": XIAOYU, "msgtype": "image", "image": {"media_id": up["media_id"]}});
    assert_eq!(stage.post(Call::Send, image).await, 0);
    let sent = stage.platform.accepted().remove(0);
    assert_eq!((sent.kind.as_str(), stage.platform.media(&sent.content)), ("image", Some(PNG.to_vec())));
    assert_eq!(stage.upload(b"RIFF....").await["errcode"], 40005);
    let who = stage.get(&format!("user/info?access_token={}&openid={XIAOYU}", stage.token)).await;
    assert_eq!(
        (&who["subscribe"], &who["nickname"], &who["subscribe_time"]),
        (&json!(1), &json!(""), &json!(NOW / 1000))
    );
    stage.pass(3 * DAY_MS);
    let token = stage.fresh(false).await;
    let gone = stage.get(&format!("media/get?access_token={token}&media_id={}", sent.content)).await;
    assert_eq!(gone["errcode"], 40007);
}

#[tokio::test]
async fn typing_has_its_seconds() {
    let stage = Stage::new().await;
    stage.platform.subscribes(XIAOYU).await.unwrap();
    let typing = |command: &str| stage.post(Call::Typing, json!({"touser": XIAOYU, "command": command}));
    assert_eq!(typing("Typing").await, 45080);
    stage.platform.says(XIAOYU, "在吗").await.unwrap();
    assert_eq!((typing("Typing").await, typing("Typing").await, typing("typing").await), (0, 45081, 45072));
    assert_eq!((stage.send(XIAOYU, "您好").await, typing("Typing").await), (0, 0));
    stage.pass(31 * SECOND_MS);
    assert_eq!(typing("Typing").await, 45080);
}

/// Parameters of a query, which has nothing encoded here.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[tokio::test]
async fn each_mode_has_what_it_has() {
    for mode in [Mode::Clear, Mode::Compatible, Mode::Safe] {
        let stage = Stage::with(Settings { mode, ..Settings::default() }).await;
        stage.platform.says(XIAOYU, "退]]>给<我> & \"谢谢\"").await.unwrap();
        let (query, body) = stage.bot.heard.lock().unwrap()[0].clone();
        let outer = parse(&body).unwrap();
        let (timestamp, nonce) = (parameter(&query, "timestamp").unwrap(), parameter(&query, "nonce").unwrap());
        let signature = parameter(&query, "signature").unwrap();
        assert_eq!(stage.platform.shared.crypt.token().check(signature, timestamp, nonce), Ok(()));
        assert_eq!(parameter(&query, "openid"), Some(XIAOYU));
        assert_eq!(outer.field("Content").is_some(), mode != Mode::Safe);
        assert_eq!(outer.field("ToUserName"), Some("gh_3d5f81a0c7e2"));
        if mode == Mode::Clear {
            assert_eq!((outer.field("Encrypt"), parameter(&query, "encrypt_type")), (None, None));
            continue;
        }
        assert_eq!(parameter(&query, "encrypt_type"), Some("aes"));
        let signed = Signed { msg_signature: parameter(&query, "msg_signature").unwrap(), timestamp, nonce };
        let plain = stage.platform.shared.crypt.open(&signed, outer.field("Encrypt").unwrap()).unwrap();
        let inner = parse(std::str::from_utf8(&plain).unwrap()).unwrap();
        let words = (inner.field("FromUserName"), inner.field("Content"));
        assert_eq!(words, (Some(XIAOYU), Some("退]]>给<我> & \"谢谢\"")));
    }
    let stage = Stage::with(Settings { mode: Mode::Clear, notation: Notation::Json, ..Settings::default() }).await;
    stage.platform.says(XIAOYU, "在吗").await.unwrap();
    let said: Value = serde_json::from_str(&stage.bot.heard.lock().unwrap()[0].1).unwrap();
    assert_eq!(
        (&said["MsgType"], &said["Content"], &said["CreateTime"]),
        (&json!("text"), &json!("在吗"), &json!(NOW / 1000))
    );
}

#[tokio::test]
async fn a_callback_is_tried_three_times_and_words_are_bubbles() {
    for retry_nonce in [Nonce::Same, Nonce::Changed] {
        let stage = Stage::with(Settings { retry_nonce, ..Settings::default() }).await;
        stage.bot.says.lock().unwrap().extend([(500, ""), (503, ""), (200, "success")]);
        let told = stage.platform.says(XIAOYU, "在吗").await.unwrap();
        assert_eq!((told.status, told.attempts), (Some(200), 3));
        let knocks = stage.platform.knocks();
        assert_eq!(knocks[0] == knocks[2], retry_nonce == Nonce::Same);
        stage.bot.says.lock().unwrap().extend([(500, ""); 3]);
        let lost = stage.platform.clicks(XIAOYU, "k").await.unwrap();
        assert_eq!((lost.status, lost.attempts, stage.platform.bubbles().len()), (Some(500), 3, 0));
        stage.bot.says.lock().unwrap().push_back((200, "ok"));
        stage.platform.scans(XIAOYU, "42").await.unwrap();
        assert_eq!(stage.platform.bubbles(), ["ok"]);
    }
    let stage = Stage::new().await;
    stage.platform.knock_at("http://127.0.0.1:1/callback");
    assert_eq!(stage.platform.says(XIAOYU, "在吗").await.unwrap().status, None);
    assert!(stage.platform.verify_callback_url().await.is_err());
}

#[tokio::test]
async fn faults_do_what_they_say() {
    let stage = Stage::new().await;
    stage.platform.says(XIAOYU, "在吗").await.unwrap();
    let body = json!({"touser": XIAOYU, "msgtype": "text", "text": {"content": "您好"}});
    let url = format!("{}/message/custom/send?access_token={}", stage.platform.api_base(), stage.token);
    for (fault, taken) in [(Fault::Before(Lost::Drop), 0), (Fault::After(Lost::Drop), 1)] {
        stage.platform.disturb(Call::Send, 1, fault);
        assert!(stage.http.post(&url).json(&body).send().await.is_err());
        assert_eq!(stage.platform.accepted().len(), taken);
    }
    stage.platform.disturb(Call::Send, 1, Fault::Refuse(Errcode::BUSY));
    assert_eq!(stage.send(XIAOYU, "您好").await, -1);
    stage.platform.revoke_tokens();
    assert_eq!(stage.send(XIAOYU, "您好").await, 40001);
    assert_eq!((stage.platform.count(Call::Send), stage.platform.accepted().len()), (4, 1));
}
