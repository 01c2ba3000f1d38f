//! The simulator over HTTP: a caller as the bot is one, and a callback server as the bot is one.

mod calls;
mod cards;
mod doorbells;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use channels::wecom::crypt::{Crypt, Signed};
use serde_json::{Value, json};

use crate::xml::{Element, parse};
use crate::{Api, Clock, Settings, Simulator, Switches};

const NOW: i64 = 1_800_000_000_000;

/// A callback that reached the bot: its document, and the nonce it came with.
#[derive(Clone, Debug)]
struct Heard {
    root: Element,
    nonce: String,
}

/// What the bot answers next.
enum Say {
    Status(u16),
    Hang,
    /// This document, encrypted.
    Reply(String),
    Raw(&'static str),
}

/// A bot that hears and answers as told; 200 and nothing where nothing was told.
#[derive(Clone)]
struct Bot {
    crypt: Arc<Crypt>,
    heard: Arc<Mutex<Vec<Heard>>>,
    says: Arc<Mutex<VecDeque<Say>>>,
}

impl Bot {
    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    fn next(&self, say: Say) {
        self.says.lock().unwrap().push_back(say);
    }

    fn open(&self, query: &str, encrypt: &str) -> (Vec<u8>, String) {
        let field = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap();
        let nonce = field("nonce");
        let signed = Signed { msg_signature: field("msg_signature"), timestamp: field("timestamp"), nonce };
        (self.crypt.open(&signed, encrypt).unwrap(), nonce.to_owned())
    }
}

async fn check(State(bot): State<Bot>, RawQuery(query): RawQuery) -> Vec<u8> {
    let query = query.unwrap();
    let (_, echostr) = query.split_once("echostr=").unwrap();
    assert!(echostr.contains('+') || echostr.contains("%2B"));
    let echostr = echostr.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    bot.open(&query, &echostr).0
}

async fn hear(State(bot): State<Bot>, RawQuery(query): RawQuery, body: String) -> Response {
    let outer = parse(&body).unwrap();
    let (plain, nonce) = bot.open(&query.unwrap(), outer.field("Encrypt").unwrap());
    let root = parse(std::str::from_utf8(&plain).unwrap()).unwrap();
    bot.heard.lock().unwrap().push(Heard { root, nonce });
    let say = bot.says.lock().unwrap().pop_front();
    match say {
        None => StatusCode::OK.into_response(),
        Some(Say::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Say::Raw(text)) => text.into_response(),
        Some(Say::Reply(xml)) => {
            bot.crypt.seal(xml.as_bytes(), [7; 16], "1800000000", "n").to_xml("1800000000", "n").into_response()
        }
        Some(Say::Hang) => std::future::pending().await,
    }
}

/// The simulator, a bot that listens, and a caller with a token.
struct Stage {
    sim: Simulator,
    bot: Bot,
    http: reqwest::Client,
    token: String,
}

impl Stage {
    async fn with(settings: Settings) -> Stage {
        let crypt = Crypt::new(&settings.callback_token, &settings.callback_aes_key, &settings.corp_id).unwrap();
        let sim = Simulator::start(settings).await.unwrap();
        let bot = Bot { crypt: Arc::new(crypt), heard: Arc::default(), says: Arc::default() };
        let routes = Router::new().route("/callback", get(check).post(hear)).with_state(bot.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        sim.set_callback_url(&format!("http://{}/callback", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        people(&sim).await;
        let mut stage = Stage { sim, bot, http: reqwest::Client::new(), token: String::new() };
        stage.token = stage.gettoken("simulated-app-secret").await["access_token"].as_str().unwrap().to_owned();
        stage
    }

    async fn new() -> Stage {
        Stage::with(settings(Switches::default())).await
    }

    async fn gettoken(&self, secret: &str) -> Value {
        let corp = self.sim.settings().corp_id;
        let url = format!("{}/gettoken?corpid={corp}&corpsecret={secret}", self.sim.api_base());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    fn url(&self, api: Api, query: &str) -> String {
        format!("{}/{}?access_token={}{query}", self.sim.api_base(), api.path(), self.token)
    }

    async fn post(&self, api: Api, body: Value) -> Value {
        let request = self.http.post(self.url(api, "&agentid=1000002")).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn get(&self, api: Api, query: &str) -> Value {
        self.http.get(self.url(api, query)).send().await.unwrap().json().await.unwrap()
    }

    /// Sends to members; gives the answer.
    async fn send(&self, touser: &str, kind: &str, content: Value) -> Value {
        let mut body = json!({"touser": touser, "msgtype": kind, "agentid": 1_000_002});
        body[kind] = content;
        self.post(Api::MessageSend, body).await
    }

    async fn reply(&self, msgid: &str) -> Value {
        let body = json!({"touser": "wm1", "open_kfid": "wk1", "msgid": msgid, "msgtype": "text", "text": {"content": "您好"}});
        self.post(Api::KfSendMsg, body).await
    }
}

fn settings(switches: Switches) -> Settings {
    Settings { switches, clock: Clock::at(NOW), ..Settings::default() }
}

async fn people(sim: &Simulator) {
    sim.add_member_as("LiHua", "李华", "reviewer");
    sim.add_member("WangWu", "王五");
    sim.add_kf_account("wk1", "旗舰店");
    sim.add_customer("wm1", "小周");
    sim.hold_doorbells(true);
    sim.add_servicer("wk1", "LiHua", true).await.unwrap();
    sim.hold_doorbells(false);
}

fn code(answer: &Value) -> i64 {
    answer["errcode"].as_i64().unwrap()
}

fn card(task_id: &str) -> Value {
    json!({"card_type": "button_interaction", "task_id": task_id, "main_title": {"title": "退款进度"},
        "sub_title_text": "您好〔7f3k〕",
        "button_selection": {"question_key": "hint", "selected_id": "none",
            "option_list": [{"id": "none", "text": "不指定"}, {"id": "shorter", "text": "更短"}]},
        "button_list": [{"text": "发送", "key": "send:81"}, {"text": "改", "key": "edit:81"}]})
}
