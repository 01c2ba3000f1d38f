use std::collections::BTreeSet;

use reqwest::header;
use serde_json::{Value, json};

use super::*;
use crate::aibot::AiBot;
use crate::telegram::{self, Telegram};
use crate::{CallbackKind, Settings};

const KF: &str = "wkShop";
const WHO: &str = "wmXiaoman";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nnot much of a picture";

/// A simulator with one shop, one customer and one member, its phone page, and a bot that takes every callback.
struct Stage {
    sim: Simulator,
    client: reqwest::Client,
    origin: String,
}

async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    origin
}

impl Stage {
    async fn new() -> Stage {
        let sim = Simulator::start(Settings::default()).await.unwrap();
        sim.add_kf_account(KF, "云朵旗舰店");
        sim.add_customer(WHO, "小满");
        sim.add_member_as("LiHua", "李华", "reviewer");
        let bot = serve(Router::new().route("/callback", post(|| async {}))).await;
        sim.set_callback_url(&format!("{bot}/callback"));
        let origin = serve(router(sim.clone())).await;
        Stage { sim, client: reqwest::Client::new(), origin }
    }

    /// From here on the page also has Telegram, with a person 501, and an AI bot; gives Telegram and its bot's id.
    async fn with_telegram(&mut self) -> (Telegram, i64) {
        let settings = telegram::Settings::default();
        let bot = settings.bots[0].id();
        let telegram = Telegram::start(settings).await.unwrap();
        telegram.add_person(501, "小满");
        let aibot = AiBot::start("aib", "secret", self.sim.clock()).await.unwrap();
        let elsewhere = Elsewhere { telegram: telegram.clone(), aibot };
        self.origin = serve(router_with(self.sim.clone(), elsewhere)).await;
        (telegram, bot)
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(format!("{}{path}", self.origin)).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self.client.post(format!("{}/phone/{path}", self.origin)).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn image(&self, kind: &str, bytes: Vec<u8>) -> reqwest::Response {
        let url = format!("{}/phone/customer/image?open_kfid={KF}&external_userid={WHO}", self.origin);
        self.client.post(url).header(header::CONTENT_TYPE, kind).body(bytes).send().await.unwrap()
    }

    async fn send_card(&self) {
        let (base, settings) = (self.sim.api_base(), self.sim.settings());
        let url = format!("{base}/gettoken?corpid={}&corpsecret={}", settings.corp_id, settings.secret);
        let token: Value = self.client.get(url).send().await.unwrap().json().await.unwrap();
        let url = format!("{base}/message/send?access_token={}", token["access_token"].as_str().unwrap());
        let options = json!([{"id": "short", "text": "更短"}, {"id": "soft", "text": "更软"}]);
        let card = json!({"card_type": "button_interaction", "task_id": "case-1", "main_title": {"title": "退款"},
            "button_selection": {"question_key": "hint", "option_list": options},
            "button_list": [{"text": "发送", "key": "send"}]});
        let body =
            json!({"touser": "LiHua", "msgtype": "template_card", "agentid": settings.agent_id, "template_card": card});
        let answer: Value = self.client.post(url).json(&body).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["errcode"], 0, "{answer}");
    }

    fn callbacks(&self, kind: CallbackKind) -> usize {
        self.sim.ledger().iter().filter(|row| row.call == crate::Call::Callback(kind)).count()
    }
}

fn tap() -> Value {
    json!({"userid": "LiHua", "task_id": "case-1", "key": "send", "selected": [{"question_key": "hint", "option_id": "soft"}]})
}

#[tokio::test]
async fn the_page_and_all_it_asks_for_are_served_under_a_strict_policy() {
    let stage = Stage::new().await;
    let page = stage.get("/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self'") && !policy.contains("unsafe")
    );
    let page = page.text().await.unwrap();
    for name in ["page.css", "card.css", "page.js"] {
        assert!(page.contains(&format!("/phone/{name}")));
    }
    for name in
        ["page.css", "card.css", "page.js", "chat.js", "card.js", "dom.js", "handset.js", "state.js", "words/en.json"]
    {
        let response = stage.get(&format!("/phone/{name}")).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-content-type-options"]),
            (200, &"nosniff".parse().unwrap())
        );
    }
    for name in ["phone.rs", "words/fr.json", "words/..%2Fpage.js"] {
        assert_eq!(stage.get(&format!("/phone/{name}")).await.status().as_u16(), 404, "{name}");
    }
}

#[test]
fn the_scripts_never_turn_data_into_markup_and_ask_nobody_else() {
    for (name, body) in asset::scripts() {
        for banned in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "http://"]
        {
            assert!(!body.replace("\"http://www.w3.org/2000/svg\"", "").contains(banned), "{banned} in {name}");
        }
    }
}

/// The keys in calls of the scripts' `t("…")`.
fn words_used() -> BTreeSet<String> {
    let key = |(body, at): (&str, usize)| {
        let alone = !body[..at].ends_with(|before: char| before.is_alphanumeric() || before == '.');
        alone.then(|| body[at + 3..].split('"').next().unwrap_or_default().to_owned())
    };
    let calls = asset::scripts().flat_map(|(_, body)| body.match_indices("t(\"").map(move |(at, _)| (body, at)));
    calls.filter_map(key).collect()
}

#[test]
fn both_languages_are_complete_and_fill_the_same_gaps() {
    let [chinese, english] = asset::WORDS.map(|(_, body)| serde_json::from_str::<Value>(body).unwrap());
    let gaps = |text: &Value| -> BTreeSet<String> {
        text.as_str().unwrap().split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect()
    };
    let keys = |words: &Value| words.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&chinese), keys(&english));
    for (key, text) in chinese.as_object().unwrap() {
        assert_eq!(gaps(text), gaps(&english[key]), "{key}");
    }
    let used = words_used();
    assert!(used.len() > 20, "{used:?}");
    assert_eq!(used.difference(&keys(&english)).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test]
async fn the_state_is_sent_again_only_when_it_changed() {
    let stage = Stage::new().await;
    let first = stage.get("/phone/state").await;
    let version = first.headers()["etag"].to_str().unwrap().to_owned();
    let state: Value = first.json().await.unwrap();
    assert_eq!(
        (&state["customers"][0]["name"], &state["members"][0]["role_hint"]),
        (&json!("小满"), &json!("reviewer"))
    );
    stage.sim.clock().advance(5_000);
    assert_eq!(stage.get(&format!("/phone/state?known={version}")).await.status().as_u16(), 204);
    stage.sim.customer_says(KF, WHO, "在吗").await.unwrap();
    let changed = stage.get(&format!("/phone/state?known={version}")).await;
    assert_eq!(changed.status().as_u16(), 200);
    assert_eq!(changed.json::<Value>().await.unwrap()["customers"][0]["lines"][0]["text"], "在吗");
}

#[tokio::test]
async fn a_customer_writes_and_takes_it_back() {
    let stage = Stage::new().await;
    let (status, said) =
        stage.post("customer/say", json!({"open_kfid": KF, "external_userid": WHO, "text": "我要退款"})).await;
    assert_eq!((status, stage.sim.history(WHO)[0].text.as_str()), (200, "我要退款"));
    assert_eq!(stage.callbacks(CallbackKind::Doorbell), 1);
    assert_eq!(stage.post("customer/recall", json!({"msgid": said["msgid"]})).await.0, 200);
    assert!(stage.sim.history(WHO)[0].recalled);
    let (status, answer) = stage.post("customer/recall", json!({"msgid": "nobody-wrote-it"})).await;
    assert_eq!((status, &answer["reason"]), (422, &json!("impossible_message")));
}

#[tokio::test]
async fn a_customer_opens_the_chat() {
    let stage = Stage::new().await;
    let (status, answer) = stage.post("customer/enter", json!({"open_kfid": KF, "external_userid": WHO})).await;
    assert_eq!((status, answer), (200, json!({"welcome": true})));
}

#[tokio::test]
async fn a_form_of_another_site_cannot_post() {
    let stage = Stage::new().await;
    let body = json!({"open_kfid": KF, "external_userid": WHO, "text": "x"}).to_string();
    let url = format!("{}/phone/customer/say", stage.origin);
    let response = stage.client.post(url).header(header::CONTENT_TYPE, "text/plain").body(body).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 415);
    assert_eq!(stage.image("text/plain", PNG.to_vec()).await.status().as_u16(), 415);
    assert!(stage.sim.history(WHO).is_empty());
}

#[tokio::test]
async fn a_picture_is_taken_and_shown_as_what_it_is() {
    let stage = Stage::new().await;
    assert_eq!(stage.image("image/png", PNG.to_vec()).await.status().as_u16(), 200);
    let id = stage.sim.history(WHO)[0].media_id.clone().unwrap();
    let shown = stage.get(&format!("/phone/media/{id}")).await;
    assert_eq!(shown.headers()["content-type"], "image/png");
    assert_eq!(shown.bytes().await.unwrap(), PNG);
    assert_eq!(stage.get("/phone/media/none").await.status().as_u16(), 404);
}

#[tokio::test]
async fn what_is_no_picture_is_refused_or_downloaded() {
    let stage = Stage::new().await;
    assert_eq!(stage.image("image/png", b"<script>".to_vec()).await.status().as_u16(), 415);
    let mut big = PNG.to_vec();
    big.resize(MAX_IMAGE_BYTES + 1, 0);
    assert_eq!(stage.image("image/png", big).await.status().as_u16(), 413);
    stage.sim.customer_sends_file(KF, WHO, "a.html", b"<script>alert(1)</script>".to_vec()).await.unwrap();
    let id = stage.sim.history(WHO)[0].media_id.clone().unwrap();
    let file = stage.get(&format!("/phone/media/{id}")).await;
    assert_eq!(
        (&file.headers()["content-type"], &file.headers()["content-disposition"]),
        (&"application/octet-stream".parse().unwrap(), &"attachment".parse().unwrap())
    );
}

#[tokio::test]
async fn a_tap_reaches_the_bot_with_its_choice() {
    let stage = Stage::new().await;
    stage.send_card().await;
    assert_eq!(stage.post("member/tap", tap()).await, (200, json!({"delivered": true, "status": 200})));
    let row =
        stage.sim.ledger().into_iter().rfind(|row| row.call == crate::Call::Callback(CallbackKind::CardEvent)).unwrap();
    let sent = row.body.to_string();
    assert!(sent.contains("soft") && sent.contains("case-1"), "{sent}");
}

#[tokio::test]
async fn a_tap_that_cannot_be_is_told_why() {
    let stage = Stage::new().await;
    let (status, answer) = stage.post("member/tap", tap()).await;
    assert_eq!((status, &answer["error"]), (422, &json!("no such card: case-1")));
    assert_eq!(stage.post("member/tap", json!({"userid": "LiHua"})).await.0, 422);
    assert_eq!(stage.post("member/say", json!({"userid": "Nobody", "text": "x"})).await.0, 422);
}

#[tokio::test]
async fn a_silent_bot_is_reported() {
    let stage = Stage::new().await;
    let nobody = serve(Router::new()).await;
    stage.sim.set_callback_url(&format!("{nobody}/callback"));
    let said = stage.post("member/say", json!({"userid": "LiHua", "text": "/help"})).await;
    assert_eq!(said, (200, json!({"delivered": false, "status": 404})));
}

#[tokio::test]
async fn a_member_writes_opens_the_chat_and_uses_the_menu() {
    let stage = Stage::new().await;
    assert_eq!(stage.post("member/say", json!({"userid": "LiHua", "text": "/queue"})).await.0, 200);
    assert_eq!(stage.post("member/enter", json!({"userid": "LiHua"})).await.0, 200);
    assert_eq!(stage.post("member/menu", json!({"userid": "LiHua", "key": "none"})).await.0, 422);
    assert_eq!((stage.callbacks(CallbackKind::Text), stage.callbacks(CallbackKind::EnterAgent)), (1, 1));
}

/// The page of a demo whose customers can be on Telegram and whose team can be in the chat with the AI bot.
#[tokio::test]
async fn customers_on_telegram_and_a_team_at_the_ai_bot_are_on_the_same_page() {
    let mut stage = Stage::new().await;
    let (telegram, bot) = stage.with_telegram().await;
    let chat = json!({"id": "501", "account": bot.to_string(), "text": "在吗"});
    assert_eq!(stage.post("telegram/say", chat).await.0, 200);
    assert_eq!(telegram.messages()[0].text, "在吗");
    assert_eq!(stage.post("telegram/say", json!({"id": "502", "account": "1", "text": "在吗"})).await.0, 422);
    assert_eq!(stage.post("telegram/say", json!({"id": "x", "account": "1", "text": "在吗"})).await.0, 422);
    let (status, said) = stage.post("aibot/say", json!({"userid": "LiHua", "text": "/status"})).await;
    assert_eq!((status, &said["delivered"]), (200, &json!(false)), "nobody is subscribed");
    let state: Value = stage.get("/phone/state").await.json().await.unwrap();
    let on_telegram = state["customers"].as_array().unwrap().iter().find(|chat| chat["app"] == "telegram").unwrap();
    assert_eq!((&on_telegram["name"], &on_telegram["lines"][0]["text"]), (&json!("小满"), &json!("在吗")));
    let item = &state["members"][0]["bot_items"][0];
    assert_eq!((&item["kind"], &item["text"]), (&json!("own"), &json!("/status")));
}

#[tokio::test]
async fn a_picture_on_telegram_is_shown_and_nothing_else_is_taken_for_one() {
    let mut stage = Stage::new().await;
    let (telegram, bot) = stage.with_telegram().await;
    let url = format!("{}/phone/telegram/image?id=501&account={bot}", stage.origin);
    let send =
        |bytes: &[u8]| stage.client.post(&url).header(header::CONTENT_TYPE, "image/png").body(bytes.to_vec()).send();
    assert_eq!(send(b"<svg>").await.unwrap().status().as_u16(), 415);
    assert_eq!(send(PNG).await.unwrap().status().as_u16(), 200);
    let id = telegram.messages()[0].attachment.clone().unwrap().file_id;
    assert_eq!(stage.get(&format!("/phone/media/{id}")).await.bytes().await.unwrap(), PNG);
}
