//! The simulated Telegram over HTTP, as strict as the real one and stricter.

use serde_json::{Value, json};

use super::*;
use crate::clock::Clock;

struct Stage {
    telegram: Telegram,
    http: reqwest::Client,
}

impl Stage {
    async fn new() -> Self {
        let settings = Settings { clock: Clock::at(1_800_000_000_000), limits: Limits::NONE, ..Settings::default() };
        let telegram = Telegram::start(settings).await.unwrap();
        telegram.add_person(42, "小满");
        telegram.say(42, Spot::private(7001, 42), "在吗").unwrap();
        Self { telegram, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn at(&self, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}{path}", self.telegram.api_base());
        let answer = self.http.post(url).json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    async fn call(&self, method: &str, body: Value) -> (u16, Value) {
        self.at(&format!("/bot7001:simulated_bot_secret/{method}"), &body).await
    }

    /// The words of a refusal with 400.
    async fn bad(&self, method: &str, body: Value) -> String {
        let (status, answer) = self.call(method, body).await;
        assert_eq!((status, &answer["ok"], &answer["error_code"]), (400, &json!(false), &json!(400)), "{answer}");
        answer["description"].as_str().unwrap().trim_start_matches("Bad Request: ").to_owned()
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_in_telegrams_words() {
    let stage = Stage::new().await;
    let button = |data: &str| json!({"inline_keyboard": [[{"text": "发送", "callback_data": data}]]});
    let bold = |at: u64, long: u64| json!([{"type": "bold", "offset": at, "length": long}]);
    for (body, words) in [
        (json!({"chat_id": 42, "text": " "}), "message text is empty"),
        (json!({"chat_id": 42}), "message text is empty"),
        (json!({"chat_id": 42, "text": "😀".repeat(2049)}), "message is too long"),
        (json!({"chat_id": 41, "text": "x"}), "chat not found"),
        (json!({"chat_id": -1, "text": "x"}), "chat not found"),
        (json!({"chat_id": 42, "text": "x", "reply_markup": button(&"x".repeat(65))}), "BUTTON_DATA_INVALID"),
        (json!({"chat_id": 42, "text": "x", "reply_markup": button("")}), "BUTTON_DATA_INVALID"),
        (json!({"chat_id": 42, "text": "x", "message_thread_id": 9}), "message thread not found"),
        (json!({"chat_id": 42, "text": "x", "reply_parameters": {"message_id": 9}}), "message to be replied not found"),
        // Within a surrogate pair, and beyond the end.
        (json!({"chat_id": 42, "text": "😀", "entities": bold(1, 1)}), "can't parse entities: wrong place or type"),
        (json!({"chat_id": 42, "text": "x", "entities": bold(0, 2)}), "can't parse entities: wrong place or type"),
        (json!({"chat_id": 42, "text": "x", "txet": 1}), "unknown field \"txet\" (Telegram would pass over it)"),
        (
            json!({"chat_id": 42, "text": "x", "parse_mode": "HTML"}),
            "unknown field \"parse_mode\" (Telegram would pass over it)",
        ),
    ] {
        assert_eq!(stage.bad("sendMessage", body.clone()).await, words, "{body}");
    }
    assert!(stage.telegram.sent().is_empty());
    assert!(stage.telegram.ledger().iter().all(|row| !row.accepted && row.code == 400));
}

#[tokio::test]
async fn methods_and_tokens_that_are_none_are_refused() {
    let stage = Stage::new().await;
    let (status, answer) = stage.call("sendMassage", json!({})).await;
    assert_eq!((status, &answer["description"]), (404, &json!("Not Found: method not found")));
    let (status, answer) = stage.at("/bot7001:wrong/getMe", &json!({})).await;
    assert_eq!((status, &answer["description"]), (401, &json!("Unauthorized")));
    assert_eq!(stage.at("/getMe", &json!({})).await.0, 404);
    let (status, answer) = stage.call("GETME", json!({})).await;
    assert_eq!((status, &answer["result"]["username"]), (200, &json!("aijia_bot")));
}

#[tokio::test]
async fn edits_are_of_ones_own_messages_and_change_something() {
    let stage = Stage::new().await;
    let (_, sent) = stage.call("sendMessage", json!({"chat_id": 42, "text": "在的"})).await;
    let id = &sent["result"]["message_id"];
    assert_eq!(id, 2);
    let edit = |id: &Value, text: &str| json!({"chat_id": 42, "message_id": id, "text": text});
    let same = stage.bad("editMessageText", edit(id, "在的")).await;
    assert!(same.starts_with("message is not modified"), "{same}");
    assert_eq!(stage.bad("editMessageText", edit(&json!(1), "x")).await, "message can't be edited");
    assert_eq!(stage.bad("editMessageText", edit(&json!(9), "x")).await, "message to edit not found");
    assert_eq!(stage.call("editMessageText", edit(id, "您好，在的")).await.0, 200);
    let [message] = &stage.telegram.sent()[..] else { panic!("one message") };
    assert_eq!((message.text.as_str(), message.edits[0].text.as_str()), ("您好，在的", "在的"));
}

#[tokio::test]
async fn updates_are_of_the_kinds_asked_for() {
    let stage = Stage::new().await;
    let page = |body: Value| async { stage.call("getUpdates", body).await.1["result"].as_array().unwrap().clone() };
    let before = page(json!({"allowed_updates": ["callback_query"]})).await;
    // What came before is not taken back.
    assert_eq!(before.len(), 1);
    stage.telegram.say(42, Spot::private(7001, 42), "还在吗").unwrap();
    assert_eq!(page(json!({})).await.len(), 1);
    assert_eq!(page(json!({"allowed_updates": []})).await.len(), 1);
    stage.telegram.say(42, Spot::private(7001, 42), "人呢").unwrap();
    let both = page(json!({})).await;
    assert_eq!(both.len(), 2);
    assert_eq!(page(json!({"offset": -1})).await, both[1..]);
    assert_eq!(page(json!({})).await, both[1..]);
    assert_eq!(stage.bad("getUpdates", json!({"limit": 101})).await, "limit must be between 1 and 100");
    let secret = json!({"url": "https://x.example/", "secret_token": "a b"});
    assert_eq!(stage.bad("setWebhook", secret).await, "secret token contains unallowed characters");
    let plain = json!({"url": "http://x.example/"});
    assert_eq!(stage.bad("setWebhook", plain).await, "bad webhook: An HTTPS URL must be provided for webhook");
}

#[tokio::test]
async fn people_do_only_what_their_phones_allow() {
    let stage = Stage::new().await;
    let telegram = &stage.telegram;
    telegram.add_group(-100, "客服", &[7001], &[]);
    assert!(telegram.say(42, Spot::group(-100), "x").is_err());
    assert!(telegram.say(41, Spot::private(7001, 41), "x").is_err());
    assert!(telegram.reply(42, Spot::private(7001, 42), 9, "x").is_err());
    assert!(telegram.press(42, Room::Private { bot: 7001, user: 42 }, 1, "发送").is_err());
    telegram.block(42, 7001).unwrap();
    assert!(telegram.say(42, Spot::private(7001, 42), "x").is_err());
    let (status, answer) = stage.call("sendMessage", json!({"chat_id": 42, "text": "x"})).await;
    assert_eq!((status, &answer["description"]), (403, &json!("Forbidden: bot was blocked by the user")));
}
