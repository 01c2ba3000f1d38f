//! Kuaidi100 (快递100), where parcels are asked for by their number: its signed query and the recognition of carriers, as a
//! strict server with a ledger. A number that is asked for twice within half an hour is locked, and written down as such.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::Clock;
use crate::simulator::until;
use crate::stop::StopOnDrop;

/// The customer's code and key it takes.
pub const KUAIDI100_KEY: &str = "CUSTOMERSIMULATED:keysimulated";
/// How often a number may be asked for.
const APART: i64 = 30 * 60 * 1000;
/// Carriers that want the last digits of a phone.
const WANT_PHONE: [&str; 2] = ["shunfeng", "zhongtong"];
/// Carriers it knows.
const CARRIERS: [&str; 12] = [
    "shunfeng",
    "zhongtong",
    "yuantong",
    "shentong",
    "yunda",
    "huitongkuaidi",
    "jtexpress",
    "jd",
    "debangkuaidi",
    "zhaijisong",
    "youzhengguonei",
    "ems",
];

/// A parcel on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The carrier's code.
    pub carrier: String,
    /// The state, such as `0`: in transit.
    pub state: String,
    /// What happened, newest first: when in China's time, and what.
    pub events: Vec<(String, String)>,
    /// The last digits of a phone that opens it.
    pub phone: String,
}

/// A running server on 127.0.0.1; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct Kuaidi100 {
    shared: Arc<Shared>,
    _stop: Arc<StopOnDrop>,
}

struct Shared {
    port: u16,
    clock: Clock,
    kept: Mutex<Kept>,
}

struct Kept {
    parcels: BTreeMap<String, Parcel>,
    asked: BTreeMap<String, i64>,
    /// Queries that are still paid for.
    quota: u32,
    /// Whether the account may ask at all.
    authorised: bool,
    queries: Vec<String>,
    locked: Vec<String>,
    recognitions: Vec<String>,
}

/// Why a query has no answer: the code and the words of the documentation.
struct Refused(&'static str, &'static str);

impl Shared {
    /// Nothing may await while it is held.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kuaidi100 {
    /// Binds a free port of 127.0.0.1; half hours are measured by `clock`.
    ///
    /// # Errors
    /// Where no socket can be had.
    pub async fn start(clock: Clock) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("binding 127.0.0.1")?;
        let (stop, stopped) = watch::channel(false);
        let kept = Kept {
            parcels: BTreeMap::new(),
            asked: BTreeMap::new(),
            quota: u32::MAX,
            authorised: true,
            queries: Vec::new(),
            locked: Vec::new(),
            recognitions: Vec::new(),
        };
        let shared = Arc::new(Shared { port: listener.local_addr()?.port(), clock, kept: Mutex::new(kept) });
        let router = Router::new()
            .route("/poll/query.do", post(query))
            .route("/autonumber/auto", get(recognise))
            .with_state(shared.clone());
        let serving = axum::serve(listener, router).with_graceful_shutdown(until(stopped));
        tokio::spawn(async move { serving.await });
        Ok(Self { shared, _stop: Arc::new(StopOnDrop(stop)) })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.shared.port)
    }

    /// Adds or changes a parcel.
    pub fn has(&self, number: &str, parcel: Parcel) {
        self.shared.kept().parcels.insert(number.to_owned(), parcel);
    }

    /// How many more queries are paid for.
    pub fn has_quota(&self, queries: u32) {
        self.shared.kept().quota = queries;
    }

    /// Whether the account may ask at all.
    pub fn authorises(&self, authorised: bool) {
        self.shared.kept().authorised = authorised;
    }

    /// Somebody else with this account asks for a number.
    pub fn is_asked_elsewhere(&self, number: &str) {
        let now = self.shared.clock.now_ms();
        self.shared.kept().asked.insert(number.to_owned(), now);
    }

    /// The numbers that were asked for, with every query once.
    pub fn queries(&self) -> Vec<String> {
        self.shared.kept().queries.clone()
    }

    /// The numbers that were asked for twice within half an hour.
    pub fn locked(&self) -> Vec<String> {
        self.shared.kept().locked.clone()
    }

    /// The numbers whose carrier was asked for.
    pub fn recognitions(&self) -> Vec<String> {
        self.shared.kept().recognitions.clone()
    }
}

#[derive(Deserialize)]
struct Asked {
    customer: String,
    sign: String,
    param: String,
}

#[derive(Deserialize)]
struct Param {
    com: String,
    num: String,
    #[serde(default)]
    phone: String,
}

async fn query(State(shared): State<Arc<Shared>>, Form(asked): Form<Asked>) -> Json<Value> {
    let answer = match answered(&shared, &asked) {
        Ok(answer) => answer,
        Err(Refused(code, message)) => json!({ "result": false, "returnCode": code, "message": message }),
    };
    Json(answer)
}

fn answered(shared: &Shared, asked: &Asked) -> Result<Value, Refused> {
    let (customer, key) = KUAIDI100_KEY.split_once(':').unwrap_or_default();
    let sign = hex::encode_upper(Md5::digest(format!("{}{key}{customer}", asked.param)));
    if asked.customer != customer || asked.sign != sign {
        return Err(Refused("503", "验证签名失败"));
    }
    let param: Param = serde_json::from_str(&asked.param).map_err(|_| Refused("400", "提交的数据不完整"))?;
    if !(6..=32).contains(&param.num.len())
        || param.com.chars().any(|c| !c.is_ascii_lowercase())
        || param.com.is_empty()
    {
        return Err(Refused("400", "提交的数据不完整，或者贵公司没授权"));
    }
    let (mut kept, now) = (shared.kept(), shared.clock.now_ms());
    if !kept.authorised {
        return Err(Refused("400", "提交的数据不完整，或者贵公司没授权"));
    }
    if !CARRIERS.contains(&param.com.as_str()) {
        return Err(Refused("400", "找不到对应公司"));
    }
    kept.queries.push(param.num.clone());
    if kept.asked.insert(param.num.clone(), now).is_some_and(|before| now - before < APART) {
        kept.locked.push(param.num);
        return Err(Refused("400", "该单号已被锁定，请半小时后再查"));
    }
    kept.quota = kept.quota.checked_sub(1).ok_or(Refused("601", "POLL:KEY已过期"))?;
    let parcel = kept.parcels.get(&param.num).filter(|parcel| parcel.carrier == param.com);
    let parcel = parcel.ok_or(Refused("500", "查询无结果，请隔段时间再查"))?;
    if WANT_PHONE.contains(&param.com.as_str()) && !opens(&param.phone, &parcel.phone) {
        return Err(Refused("408", "快递公司参数异常：验证码错误"));
    }
    Ok(told(&param, parcel))
}

fn opens(given: &str, phone: &str) -> bool {
    given.len() >= 4 && given.ends_with(phone)
}

fn told(param: &Param, parcel: &Parcel) -> Value {
    let event =
        |(time, what): &(String, String)| json!({ "time": time, "ftime": time, "context": what, "location": "" });
    json!({ "message": "ok", "nu": param.num, "ischeck": if parcel.state == "3" { "1" } else { "0" }, "com": param.com,
        "status": "200", "state": parcel.state, "condition": "00",
        "data": parcel.events.iter().map(event).collect::<Vec<_>>() })
}

#[derive(Deserialize)]
struct Recognition {
    num: String,
    key: String,
}

async fn recognise(State(shared): State<Arc<Shared>>, Query(asked): Query<Recognition>) -> Json<Value> {
    let mut kept = shared.kept();
    kept.recognitions.push(asked.num.clone());
    if Some(asked.key.as_str()) != KUAIDI100_KEY.split_once(':').map(|(_, key)| key) {
        return Json(json!({ "result": false, "returnCode": "601", "message": "KEY已过期" }));
    }
    let carrier = kept.parcels.get(&asked.num).map(|parcel| {
        json!({ "lengthPre": asked.num.len(),
        "comCode": parcel.carrier, "noPre": asked.num.get(..2), "noCount": 1 })
    });
    Json(carrier.into_iter().collect())
}
