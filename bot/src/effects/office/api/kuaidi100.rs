//! Kuaidi100's (快递100) query of a parcel: `POST /poll/query.do`, a signed form that only reads. Errors come with HTTP 200.

use md5::{Digest, Md5};
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

use super::tracking::{NoTrack, Stage, Track};
use super::{NoOrder, Parcel, exchange, json_of};
use crate::clock::Timestamp;
use crate::desk::Kuaidi100;

/// What carriers are called, and Kuaidi100's code for each; one that is not here is recognised by the number.
const CARRIERS: [(&str, &str); 22] = [
    ("顺丰", "shunfeng"),
    ("sf", "shunfeng"),
    ("中通", "zhongtong"),
    ("zto", "zhongtong"),
    ("圆通", "yuantong"),
    ("yto", "yuantong"),
    ("申通", "shentong"),
    ("sto", "shentong"),
    ("韵达", "yunda"),
    ("yunda", "yunda"),
    ("百世", "huitongkuaidi"),
    ("极兔", "jtexpress"),
    ("j&t", "jtexpress"),
    ("京东", "jd"),
    ("jd", "jd"),
    ("德邦", "debangkuaidi"),
    ("deppon", "debangkuaidi"),
    ("宅急送", "zhaijisong"),
    ("中国邮政", "youzhengguonei"),
    ("邮政快递", "youzhengguonei"),
    ("china post", "youzhengguonei"),
    ("ems", "ems"),
];
/// How long a number may be, in characters.
const NUMBER: std::ops::RangeInclusive<usize> = 6..=32;
/// Most characters of what happened that are kept.
const LONGEST: usize = 120;

/// An account there: the customer's code and the key.
pub(super) struct Account<'a> {
    customer: &'a str,
    key: &'a str,
}

impl<'a> Account<'a> {
    /// Reads `CUSTOMER:KEY`.
    pub(super) fn read(written: &'a SecretString) -> Result<Self, NoTrack> {
        let (customer, key) = written
            .expose_secret()
            .split_once(':')
            .ok_or_else(|| NoTrack::Denied("the key of Kuaidi100 is written CUSTOMER:KEY".into()))?;
        Ok(Self { customer, key })
    }

    /// The upper-case MD5 over exactly what is sent as `param`, the key and the customer's code.
    fn sign(&self, param: &str) -> String {
        hex::encode_upper(Md5::digest(format!("{param}{}{}", self.key, self.customer)))
    }
}

#[derive(Serialize)]
struct Param<'a> {
    com: &'a str,
    num: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    show: &'static str,
    order: &'static str,
}

/// The code of a parcel's carrier: by its name, else recognised by the number.
pub(super) async fn carrier_of(
    client: &Client,
    config: &Kuaidi100,
    account: &Account<'_>,
    parcel: &Parcel,
) -> Result<String, NoTrack> {
    if !NUMBER.contains(&parcel.number.chars().count()) {
        return Err(NoTrack::NotFound);
    }
    // Plug-ins write `sf-express` where people write SF Express.
    let name = parcel.carrier.to_lowercase().replace(['-', '_'], " ");
    if let Some((_, code)) = CARRIERS.iter().find(|(called, _)| name.starts_with(called)) {
        return Ok((*code).to_owned());
    }
    let url = format!("{}/autonumber/auto", config.recognition.trim_end_matches('/'));
    let asked = client.get(url).query(&[("num", parcel.number.as_str()), ("key", account.key)]);
    let (status, raw) = exchange(asked).await?;
    if status != StatusCode::OK {
        return Err(NoTrack::Unavailable(status.to_string()));
    }
    let answer = json_of(&raw)?;
    refused(&answer)?;
    answer[0]["comCode"].as_str().map(str::to_owned).ok_or(NoTrack::UnknownCarrier)
}

/// The answer about a parcel, as it came.
pub(super) async fn query(
    client: &Client,
    config: &Kuaidi100,
    account: &Account<'_>,
    (carrier, number): (&str, &str),
) -> Result<Vec<u8>, NoTrack> {
    let phone = config.sender_phone.as_deref();
    let param = Param { com: carrier, num: number, phone, show: "0", order: "desc" };
    let param = serde_json::to_string(&param).map_err(|problem| NoTrack::Unavailable(problem.to_string()))?;
    let form = [("customer", account.customer), ("sign", &account.sign(&param)), ("param", &param)];
    let url = format!("{}/poll/query.do", config.base.trim_end_matches('/'));
    let (status, raw) = exchange(client.post(url).form(&form)).await?;
    match status {
        StatusCode::OK => Ok(raw),
        status => Err(NoTrack::Unavailable(status.to_string())),
    }
}

/// What stands in an answer, if it is about the parcel that was asked for.
pub(super) fn read(raw: &[u8], number: &str) -> Result<Track, NoTrack> {
    let answer = json_of(raw)?;
    refused(&answer)?;
    let odd = |what: &str| NoTrack::Unavailable(format!("the answer has {what}"));
    if answer["nu"].as_str() != Some(number) {
        return Err(odd("another parcel"));
    }
    let stage = answer["state"].as_str().and_then(stage).ok_or_else(|| odd("a state that is not known"))?;
    let newest = &answer["data"][0];
    let at = newest["time"].as_str().and_then(moment).ok_or_else(|| odd("no time"))?;
    let what = newest["context"].as_str().unwrap_or_default().chars().take(LONGEST).collect();
    Ok(Track { stage, at, what })
}

/// What a documented code means to whoever asked, where an answer has one.
fn refused(answer: &Value) -> Result<(), NoTrack> {
    let code = answer["returnCode"].as_str().or_else(|| answer["status"].as_str().filter(|status| *status != "200"));
    Err(match code {
        None => return Ok(()),
        Some("500") => NoTrack::NotFound,
        Some("400") => not_accepted(answer["message"].as_str().unwrap_or_default()),
        Some("408") => NoTrack::PhoneNeeded,
        Some(code @ ("503" | "600" | "601")) => NoTrack::Denied(code.to_owned()),
        Some(code) => NoTrack::Unavailable(code.to_owned()),
    })
}

/// 400 has had several meanings over the documentation's versions, told apart by their words: 找不到对应公司; a number that
/// is locked, perhaps because another system asked; 提交的数据不完整，或者贵公司没授权, which leaves two open.
fn not_accepted(message: &str) -> NoTrack {
    if message.contains("找不到对应公司") {
        NoTrack::UnknownCarrier
    } else if message.contains("锁") {
        NoTrack::Locked
    } else {
        NoTrack::NotAccepted
    }
}

fn stage(state: &str) -> Option<Stage> {
    Some(match state {
        "0" => Stage::InTransit,
        "1" => Stage::PickedUp,
        "2" => Stage::Trouble,
        "3" => Stage::Delivered,
        "4" | "6" => Stage::Returning,
        "5" => Stage::OutForDelivery,
        "7" => Stage::Forwarded,
        "8" | "10" | "11" | "12" | "13" => Stage::Customs,
        "14" => Stage::Refused,
        _ => return None,
    })
}

/// A moment of China's time, `2026-11-29 08:15:00`.
fn moment(text: &str) -> Option<Timestamp> {
    let china = chrono::FixedOffset::east_opt(8 * 3600)?;
    let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    Some(time.and_local_timezone(china).single()?.timestamp_millis())
}

impl From<NoOrder> for NoTrack {
    fn from(problem: NoOrder) -> Self {
        match problem {
            NoOrder::NotFound => Self::NotFound,
            NoOrder::Denied(why) => Self::Denied(why),
            NoOrder::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        let written = SecretString::from("DEMOCUST:demokey");
        let signed = Account::read(&written).unwrap().sign(r#"{"com":"yuantong","num":"YT1234567890"}"#);
        assert_eq!(signed, "5C3CC3DE7CE0EF7779524DCD809848FF");
        assert!(matches!(Account::read(&"demokey".into()), Err(NoTrack::Denied(_))));
    }

    fn answer() -> Value {
        json!({ "message": "ok", "nu": "YT1234567890", "com": "yuantong", "status": "200", "state": "5",
            "data": [{ "time": "2026-11-29 08:15:00", "context": "【杭州】派送中" },
                     { "time": "2026-11-28 20:00:00", "context": "已揽收" }] })
    }

    fn read_json(answer: &Value) -> Result<Track, NoTrack> {
        read(answer.to_string().as_bytes(), "YT1234567890")
    }

    #[test]
    fn the_newest_event_of_the_parcel_is_read() {
        let track = read_json(&answer()).unwrap();
        assert_eq!((track.stage, track.at), (Stage::OutForDelivery, 1_795_911_300_000));
        assert_eq!(track.what, "【杭州】派送中");
        let changed = |field: &str, to: Value| {
            let mut answer = answer();
            answer[field] = to;
            read_json(&answer)
        };
        for (field, to) in [("nu", json!("YT0")), ("state", json!("99")), ("data", json!([]))] {
            assert!(matches!(changed(field, to), Err(NoTrack::Unavailable(_))), "{field}");
        }
    }

    #[test]
    fn errors_say_who_has_to_act() {
        for (code, message, problem) in [
            ("500", "查询无结果，请隔段时间再查", NoTrack::NotFound),
            ("400", "找不到对应公司", NoTrack::UnknownCarrier),
            ("400", "提交的数据不完整，或者贵公司没授权", NoTrack::NotAccepted),
            ("400", "该单号已被锁定，请半小时后再查", NoTrack::Locked),
            ("400", "", NoTrack::NotAccepted),
            ("408", "快递公司参数异常：验证码错误", NoTrack::PhoneNeeded),
            ("503", "验证签名失败", NoTrack::Denied("503".into())),
            ("601", "POLL:KEY已过期", NoTrack::Denied("601".into())),
            ("502", "服务器繁忙", NoTrack::Unavailable("502".into())),
        ] {
            let answer = json!({ "result": false, "returnCode": code, "message": message });
            assert_eq!(read_json(&answer), Err(problem.clone()), "{code} {message}");
            let older = json!({ "nu": "", "status": code, "state": "0", "data": [], "message": message });
            assert_eq!(read_json(&older), Err(problem), "{code} {message}");
        }
        assert!(matches!(read(b"<html>", "1"), Err(NoTrack::Unavailable(_))));
    }
}
