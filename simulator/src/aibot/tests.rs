//! The platform by a caller that is nobody's client: what it takes, and what it refuses.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt, StreamExt};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;
use crate::Impossible;

const NOW: i64 = 1_800_000_000_000;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\npixels";

struct Raw {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    sent: u64,
}

impl Raw {
    async fn open(bot: &AiBot) -> Raw {
        Raw { socket: connect_async(bot.url()).await.unwrap().0, sent: 0 }
    }

    async fn subscribed(bot: &AiBot) -> Raw {
        let mut raw = Raw::open(bot).await;
        assert_eq!(raw.call("aibot_subscribe", json!({"bot_id": "aib1", "secret": "S1"})).await, 0);
        raw
    }

    async fn send(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame; null where the connection ended.
    async fn hear(&mut self) -> Value {
        match tokio::time::timeout(Duration::from_secs(5), self.socket.next()).await.unwrap() {
            Some(Ok(Message::Text(text))) => serde_json::from_str(text.as_str()).unwrap(),
            _ => Value::Null,
        }
    }

    async fn answer(&mut self, cmd: &str, req_id: &str, body: Value) -> Value {
        self.send(json!({"cmd": cmd, "headers": {"req_id": req_id}, "body": body})).await;
        let answer = self.hear().await;
        assert_eq!(answer["headers"]["req_id"], req_id, "{answer}");
        answer
    }

    /// The code of the answer to a command of our own.
    async fn call(&mut self, cmd: &str, body: Value) -> i64 {
        self.sent += 1;
        let req_id = format!("own-{}", self.sent);
        self.answer(cmd, &req_id, body).await["errcode"].as_i64().unwrap()
    }

    /// The code of the answer to an answer.
    async fn reply(&mut self, cmd: &str, req_id: &str, body: Value) -> i64 {
        self.answer(cmd, req_id, body).await["errcode"].as_i64().unwrap()
    }

    /// The `req_id` and body of the next callback.
    async fn called(&mut self) -> (String, Value) {
        let mut frame = self.hear().await;
        (frame["headers"]["req_id"].as_str().unwrap().to_owned(), frame["body"].take())
    }

    async fn push(&mut self, chatid: &str, card: Value) -> i64 {
        self.call("aibot_send_msg", json!({"chatid": chatid, "msgtype": "template_card", "template_card": card})).await
    }
}

async fn bot() -> AiBot {
    AiBot::start("aib1", "S1", Clock::at(NOW)).await.unwrap()
}

fn card(task_id: &str) -> Value {
    json!({"card_type": "button_interaction", "main_title": {"title": "回复待审核"}, "task_id": task_id,
        "button_selection": {"question_key": "hint", "option_list": [{"id": "a", "text": "短些"}, {"id": "b", "text": "客气些"}]},
        "button_list": [{"text": "发送", "style": 1, "key": "ok"}, {"text": "拒绝", "key": "no"}]})
}

fn settled(task_id: &str) -> Value {
    json!({"card_type": "text_notice", "main_title": {"title": "已发送"}, "task_id": task_id,
        "card_action": {"type": 1, "url": "https://desk.example.com"}})
}

fn update(card: Value) -> Value {
    json!({"response_type": "update_template_card", "template_card": card})
}

fn markdown(chatid: &str) -> Value {
    json!({"chatid": chatid, "msgtype": "markdown", "markdown": {"content": "**hi**"}})
}

#[tokio::test]
async fn nothing_goes_before_the_right_subscription() {
    let bot = bot().await;
    let mut raw = Raw::open(&bot).await;
    assert_eq!(raw.call("ping", Value::Null).await, 846_609);
    assert_eq!(raw.call("aibot_subscribe", json!({"bot_id": "aib2", "secret": "S1"})).await, 93_019);
    assert_eq!(raw.call("aibot_subscribe", json!({"bot_id": "aib1", "secret": "S2"})).await, 853_000);
    assert!(!bot.subscribed());
    assert_eq!(raw.call("aibot_subscribe", json!({"bot_id": "aib1", "secret": "S1"})).await, 0);
    assert_eq!(raw.call("aibot_subscribe", json!({"bot_id": "aib1", "secret": "S1"})).await, 40_058);
    assert_eq!(raw.call("ping", Value::Null).await, 0);
    assert!(bot.ledger().iter().all(|row| !row.body.to_string().contains("S1")));
}

#[tokio::test]
async fn strange_frames_are_refused() {
    let bot = bot().await;
    let mut raw = Raw::subscribed(&bot).await;
    assert_eq!(raw.call("aibot_get_mcp_config", json!({})).await, 40_058);
    raw.send(json!({"cmd": "ping"})).await;
    assert_eq!(raw.hear().await["errcode"], 846_605);
    raw.socket.send(Message::text("{")).await.unwrap();
    assert_eq!(raw.hear().await["errcode"], 40_058);
    raw.send(json!({"cmd": "ping", "headers": {"req_id": "x"}, "extra": 1})).await;
    assert_eq!(raw.hear().await["errcode"], 40_058);
    assert_eq!(raw.reply("ping", "twice", Value::Null).await, 0);
    assert_eq!(raw.reply("ping", "twice", Value::Null).await, 846_605);
}

#[tokio::test]
async fn a_second_subscriber_evicts_the_first() {
    let bot = bot().await;
    let mut first = Raw::subscribed(&bot).await;
    let mut second = Raw::subscribed(&bot).await;
    assert_eq!(first.called().await.1["event"]["eventtype"], "disconnected_event");
    assert_eq!(first.hear().await, Value::Null);
    assert!(bot.says("LiHua", "hi").told);
    assert_eq!(second.called().await.1["text"]["content"], "hi");
    assert_eq!(bot.subscriptions(), 2);
}

#[tokio::test]
async fn a_card_is_pressed_and_changed_once_within_five_seconds() {
    let bot = bot().await;
    let mut raw = Raw::subscribed(&bot).await;
    assert_eq!(raw.push("LiHua", card("t1")).await, 93_006, "nobody has talked to the bot yet");
    bot.says("LiHua", "hi");
    raw.called().await;
    assert_eq!(raw.push("lihua", card("t1")).await, 93_006);
    assert_eq!(raw.push("LiHua", card("t1")).await, 0);
    assert_eq!(raw.push("LiHua", card("t1")).await, 42_014);
    assert_eq!(bot.taps("WangWu", "t1", "ok", &[]).unwrap_err(), Impossible::Card("t1".into()));
    assert_eq!(bot.taps("LiHua", "t1", "yes", &[]).unwrap_err(), Impossible::Button("yes".into()));
    assert!(bot.taps("LiHua", "t1", "ok", &[("hint", "b")]).unwrap().told);
    let (req_id, body) = raw.called().await;
    let selected = json!({"selected_item": [{"question_key": "hint", "option_ids": {"option_id": ["b"]}}]});
    assert_eq!(body["event"]["template_card_event"]["selected_items"], selected);
    let words = json!({"msgtype": "markdown", "markdown": {"content": "x"}});
    assert_eq!(raw.reply("aibot_respond_msg", &req_id, words).await, 846_605);
    assert_eq!(raw.reply("aibot_respond_update_msg", &req_id, update(settled("t2"))).await, 42_014);
    bot.world().clock.advance(5_000);
    assert_eq!(raw.reply("aibot_respond_update_msg", &req_id, update(settled("t1"))).await, 0);
    assert_eq!(raw.reply("aibot_respond_update_msg", &req_id, update(settled("t1"))).await, 846_605);
    assert_eq!(bot.card("LiHua", "t1"), Some(settled("t1")));
    assert_eq!(bot.card_history("t1"), [card("t1"), settled("t1")]);
    raw.push("LiHua", card("t3")).await;
    bot.taps("LiHua", "t3", "no", &[]).unwrap();
    let (req_id, _) = raw.called().await;
    bot.world().clock.advance(5_001);
    assert_eq!(raw.reply("aibot_respond_update_msg", &req_id, update(settled("t3"))).await, 846_605);
}

#[tokio::test]
async fn an_entry_is_once_a_day_and_welcomed_once() {
    let bot = bot().await;
    let mut raw = Raw::subscribed(&bot).await;
    assert!(bot.enters("LiHua").is_some_and(|told| told.told));
    assert_eq!(bot.enters("LiHua"), None);
    let (req_id, _) = raw.called().await;
    let welcome = json!({"msgtype": "text", "text": {"content": "你好"}});
    assert_eq!(raw.reply("aibot_respond_welcome_msg", &req_id, json!({"msgtype": "markdown"})).await, 40_008);
    assert_eq!(raw.reply("aibot_respond_welcome_msg", &req_id, welcome.clone()).await, 0);
    assert_eq!(raw.reply("aibot_respond_welcome_msg", &req_id, welcome).await, 846_605);
    bot.world().clock.advance(86_400_000);
    assert!(bot.enters("LiHua").is_some());
}

#[tokio::test]
async fn a_stream_is_one_text_that_ends() {
    let bot = bot().await;
    let mut raw = Raw::subscribed(&bot).await;
    let told = bot.says("LiHua", "hi");
    let (req_id, _) = raw.called().await;
    let frame = |id: &str, content: &str, finish: bool| json!({"msgtype": "stream", "stream": {"id": id, "content": content, "finish": finish}});
    assert_eq!(raw.reply("aibot_respond_msg", &req_id, frame("s", "a", false)).await, 0);
    assert_eq!(raw.reply("aibot_respond_msg", &req_id, frame("other", "b", false)).await, 40_058);
    assert_eq!(raw.reply("aibot_respond_msg", &req_id, frame("s", &"字".repeat(6_827), false)).await, 45_002);
    assert_eq!(raw.reply("aibot_respond_msg", &req_id, frame("s", "ab", true)).await, 0);
    assert_eq!(bot.streamed(&told.msgid), Some(("ab".to_owned(), true)));
    assert_eq!(raw.reply("aibot_respond_msg", &req_id, frame("s", "abc", true)).await, 846_608);
    bot.says("LiHua", "again");
    let (req_id, _) = raw.called().await;
    raw.reply("aibot_respond_msg", &req_id, frame("s2", "a", false)).await;
    bot.world().clock.advance(360_001);
    assert_eq!(raw.reply("aibot_respond_msg", &req_id, frame("s2", "b", true)).await, 846_608);
}

#[tokio::test]
async fn pushes_have_types_chats_and_rates() {
    let bot = bot().await;
    let mut raw = Raw::subscribed(&bot).await;
    bot.says_in("wrG", "LiHua", "@bot hi");
    raw.called().await;
    let text = json!({"chatid": "wrG", "msgtype": "text", "text": {"content": "x"}});
    assert_eq!(raw.call("aibot_send_msg", text).await, 40_008);
    let mut wrong = markdown("wrG");
    wrong["chat_type"] = json!(1);
    assert_eq!(raw.call("aibot_send_msg", wrong).await, 93_006);
    for _ in 0..30 {
        assert_eq!(raw.call("aibot_send_msg", markdown("wrG")).await, 0);
    }
    assert_eq!(raw.call("aibot_send_msg", markdown("wrG")).await, 45_009);
    bot.world().clock.advance(60_000);
    assert_eq!(raw.call("aibot_send_msg", markdown("wrG")).await, 0);
    assert_eq!(bot.pushed("wrG").len(), 31);
}

#[tokio::test]
async fn an_upload_is_whole_and_what_it_says() {
    let bot = bot().await;
    let mut raw = Raw::subscribed(&bot).await;
    bot.says("LiHua", "hi");
    raw.called().await;
    let md5 = hex::encode(Md5::digest(PNG));
    let init = |md5: &str, parts: i64| json!({"type": "image", "filename": "a.png", "total_size": PNG.len(), "total_chunks": parts, "md5": md5});
    let begin = async |raw: &mut Raw, md5: &str| {
        raw.sent += 1;
        let answer = raw.answer("aibot_upload_media_init", &format!("i{}", raw.sent), init(md5, 2)).await;
        answer["body"]["upload_id"].as_str().unwrap().to_owned()
    };
    let part = |id: &str, index: i64| {
        let (first, second) = PNG.split_at(5);
        let data = STANDARD.encode(if index == 0 { first } else { second });
        json!({"upload_id": id, "chunk_index": index, "base64_data": data})
    };
    assert_eq!(raw.call("aibot_upload_media_init", init(&md5, 101)).await, 40_058);
    let id = begin(&mut raw, &md5).await;
    assert_eq!(raw.call("aibot_upload_media_chunk", part(&id, 2)).await, 40_058);
    assert_eq!(raw.call("aibot_upload_media_chunk", part(&id, 1)).await, 0);
    assert_eq!(raw.call("aibot_upload_media_finish", json!({"upload_id": id})).await, 41_005);
    assert_eq!(raw.call("aibot_upload_media_chunk", part(&id, 1)).await, 0);
    assert_eq!(raw.call("aibot_upload_media_chunk", part(&id, 0)).await, 0);
    assert_eq!(raw.call("aibot_upload_media_finish", json!({"upload_id": id})).await, 0);
    let uploaded = bot.uploads().remove(0);
    assert_eq!((uploaded.bytes.as_slice(), uploaded.filename.as_str()), (PNG, "a.png"));
    let send = |kind: &str, media_id: &str| {
        let mut body = json!({"chatid": "LiHua", "msgtype": kind});
        body[kind] = json!({ "media_id": media_id });
        body
    };
    assert_eq!(raw.call("aibot_send_msg", send("image", &uploaded.media_id)).await, 0);
    assert_eq!(raw.call("aibot_send_msg", send("file", &uploaded.media_id)).await, 40_007);
    let id = begin(&mut raw, &"0".repeat(32)).await;
    for index in 0..2 {
        raw.call("aibot_upload_media_chunk", part(&id, index)).await;
    }
    assert_eq!(raw.call("aibot_upload_media_finish", json!({"upload_id": id})).await, 40_006);
    let id = begin(&mut raw, &md5).await;
    bot.world().clock.advance(30 * 60_000 + 1);
    assert_eq!(raw.call("aibot_upload_media_chunk", part(&id, 0)).await, 40_058);
}

#[tokio::test]
async fn what_happens_while_nobody_listens_is_lost() {
    let bot = bot().await;
    assert!(!bot.says("LiHua", "hello?").told);
    let mut raw = Raw::subscribed(&bot).await;
    bot.half_dead();
    assert!(!bot.says("LiHua", "hello?").told);
    raw.send(json!({"cmd": "ping", "headers": {"req_id": "p"}})).await;
    let silence = tokio::time::timeout(Duration::from_millis(100), raw.socket.next()).await;
    assert!(silence.is_err());
    let mut again = Raw::subscribed(&bot).await;
    assert!(bot.says("LiHua", "hello").told);
    assert_eq!(again.called().await.1["text"]["content"], "hello");
}

#[tokio::test]
async fn faults_meet_commands() {
    let bot = bot().await;
    let mut raw = Raw::subscribed(&bot).await;
    bot.says("LiHua", "hi");
    raw.called().await;
    bot.next(Cmd::SendMsg, 1, Fault::Refuse(crate::Errcode::BUSY));
    assert_eq!(raw.call("aibot_send_msg", markdown("LiHua")).await, -1);
    bot.next(Cmd::SendMsg, 1, Fault::CutAfter);
    raw.send(json!({"cmd": "aibot_send_msg", "headers": {"req_id": "c"}, "body": markdown("LiHua")})).await;
    assert_eq!(raw.hear().await, Value::Null);
    assert_eq!(bot.pushed("LiHua").len(), 1);
    let mut raw = Raw::subscribed(&bot).await;
    bot.next(Cmd::SendMsg, 1, Fault::CutBefore);
    raw.send(json!({"cmd": "aibot_send_msg", "headers": {"req_id": "c"}, "body": markdown("LiHua")})).await;
    assert_eq!(raw.hear().await, Value::Null);
    assert_eq!(bot.pushed("LiHua").len(), 1);
    bot.turn_away(true);
    assert!(connect_async(bot.url()).await.is_err());
}
