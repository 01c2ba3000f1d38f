use super::*;
use crate::arrival::{Said, What};
use proptest::prelude::*;

const NOW: i64 = 1_700_000_000;
const OPENID: &str = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY";
const GH: &str = "gh_97417a04a28d";

fn crypt() -> Crypt {
    Crypt::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx0account").unwrap()
}

fn sealed_door() -> Door {
    Door::Sealed(crypt())
}

fn clear_door() -> Door {
    Door::Clear { token: crypt().token().clone(), original_id: GH.into() }
}

/// The query of a callback in clear text.
fn clear_query(nonce: &str) -> String {
    let signature = crypt().token().sign("1700000000", nonce);
    format!("signature={signature}&timestamp=1700000000&nonce={nonce}&openid={OPENID}")
}

/// Query and body as 安全模式 has them.
fn safe(plain: &str, nonce: &str) -> (String, String) {
    let random = [nonce.as_bytes()[0]; 16];
    let sealed = crypt().seal(plain.as_bytes(), random, "1700000000", nonce);
    let query = format!("{}&encrypt_type=aes&msg_signature={}", clear_query(nonce), sealed.msg_signature);
    let body = format!(
        "<xml><ToUserName><![CDATA[{GH}]]></ToUserName><Encrypt><![CDATA[{}]]></Encrypt></xml>",
        sealed.encrypt
    );
    (query, body)
}

fn message(inner: &str) -> String {
    format!(
        "<xml><ToUserName>{GH}</ToUserName><FromUserName>{OPENID}</FromUserName><CreateTime>1699999999</CreateTime>\
         {inner}</xml>"
    )
}

fn text(words: &str, id: &str) -> String {
    message(&format!("<MsgType>text</MsgType><Content><![CDATA[{words}]]></Content><MsgId>{id}</MsgId>"))
}

fn got(door: &Door, query: &str, body: &str) -> Result<Received, BadCallback> {
    receive(door, query, body.as_bytes(), NOW)
}

fn arrival(inner: &str) -> Arrival {
    let (query, body) = safe(&message(inner), "7");
    got(&sealed_door(), &query, &body).unwrap().arrival
}

fn v15() -> serde_json::Value {
    let line = include_str!("../wecom/crypt_vectors.jsonl").lines().find(|line| line.contains("\"V15\"")).unwrap();
    serde_json::from_str(line).unwrap()
}

#[test]
fn the_official_example_is_read() {
    let v = v15();
    let door = Door::Sealed(Crypt::new("AAAAA", &"A".repeat(43), "wxba5fad812f8e6fb9").unwrap());
    let query = "signature=6c5c811b55cc85e0e1b54100749188c20beb3f5d&timestamp=1714112445&nonce=415670741\
                 &openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY&encrypt_type=aes\
                 &msg_signature=046e02f8204d34f8ba5fa3b1db94908f3df2e9b3";
    let encrypt = v["encrypt"].as_str().unwrap();
    let body = format!(r#"{{"ToUserName":"{GH}","Encrypt":"{encrypt}"}}"#);
    let got = receive(&door, query, body.as_bytes(), 1_714_112_446).unwrap();
    assert_eq!(got.arrival.customer.as_deref(), Some(OPENID));
    assert_eq!((got.arrival.what, got.arrival.at_ms), (What::Nothing, 1_714_112_445_000));
    assert_eq!(got.replay_key, format!("01714112445-{}", sha256_hex(encrypt.as_bytes())));
    let other = Door::Sealed(Crypt::new("AAAAA", &"A".repeat(43), "wxba5fad812f8e6fb8").unwrap());
    let wrong = receive(&other, query, body.as_bytes(), 1_714_112_446);
    assert_eq!(wrong, Err(BadCallback::Refused(CryptFault::Receiver)));
}

#[test]
fn the_url_check_answers_what_is_in_clear_text() {
    let query = "signature=f464b24fc39322e44b38aa78f5edd27bd1441696&timestamp=1714036504&nonce=1514711492&echostr=";
    let sealed = Door::Sealed(Crypt::new("AAAAA", &"A".repeat(43), "wxba5fad812f8e6fb9").unwrap());
    let clear = Door::Clear { token: CallbackToken::new("AAAAA").unwrap(), original_id: GH.into() };
    for door in [sealed, clear] {
        let check = |query: &str| verify_url(&door, query, 1_714_036_510);
        assert_eq!(check(&format!("{query}4375120948345356249")).as_deref(), Ok("4375120948345356249"));
        let forged = check(&format!("{query}1").replace("f464", "f465"));
        assert_eq!(forged, Err(BadCallback::Refused(CryptFault::Signature)));
        for bad in ["", "%3Cscript%3E", "a%20b", "a+b", &"a".repeat(257)] {
            assert_eq!(check(&format!("{query}{bad}")), Err(BadCallback::Parameter("echostr")), "{bad}");
        }
        assert_eq!(check(""), Err(BadCallback::Parameter("signature")));
        let late = verify_url(&door, &format!("{query}1"), 1_714_036_805);
        assert_eq!(late, Err(BadCallback::Stale { skew_secs: -301 }));
    }
}

#[test]
fn all_three_modes_say_the_same() {
    let said = text("退 & 换 <b>", "23");
    let (query, safe_body) = safe(&said, "7");
    let in_safe = got(&sealed_door(), &query, &safe_body).unwrap();
    let beside =
        said.replace("</xml>", &safe_body.replace(&format!("<xml><ToUserName><![CDATA[{GH}]]></ToUserName>"), ""));
    let in_compatible = got(&sealed_door(), &query, &beside).unwrap();
    let in_clear = got(&clear_door(), &clear_query("7"), &said).unwrap();
    assert_eq!(in_safe, in_compatible);
    assert_eq!(in_safe.arrival, in_clear.arrival);
    let expected = Arrival {
        id: format!("msg:23:{OPENID}"),
        customer: Some(OPENID.into()),
        name: None,
        at_ms: 1_699_999_999_000,
        replies_until_ms: None,
        replies_left: None,
        what: What::Said(Said::text("退 & 换 <b>")),
    };
    assert_eq!(in_safe.arrival, expected);
    assert_eq!(got(&clear_door(), &format!("{}&encrypt_type=raw", clear_query("7")), &said).unwrap(), in_clear);
}

/// Whoever changes the clear part of 兼容模式 changes nothing, and whoever leaves the sealed one away says nothing.
#[test]
fn what_no_signature_covers_is_not_read() {
    let (query, body) = safe(&text("我要退货", "23"), "7");
    let lie = body.replace(
        "<Encrypt>",
        "<FromUserName>other</FromUserName><MsgType>text</MsgType><Content>转账给我</Content><MsgId>9</MsgId><Encrypt>",
    );
    assert_eq!(got(&sealed_door(), &query, &lie), got(&sealed_door(), &query, &body));
    let other = query.replace(OPENID, "someone-else");
    assert_eq!(got(&sealed_door(), &other, &body), got(&sealed_door(), &query, &body));
    let bare = text("转账给我", "24");
    assert_eq!(got(&sealed_door(), &query, &bare), Err(BadCallback::Envelope));
    for downgrade in [clear_query("7"), format!("{}&encrypt_type=raw", clear_query("7"))] {
        assert_eq!(got(&sealed_door(), &downgrade, &bare), Err(BadCallback::Parameter("encrypt_type")));
    }
    assert_eq!(got(&clear_door(), &query, &body), Err(BadCallback::Parameter("encrypt_type")));
    let twice = body.replace("</xml>", "<Encrypt>AAAA</Encrypt></xml>");
    assert_eq!(got(&sealed_door(), &query, &twice), Err(BadCallback::Envelope));
}

#[test]
fn what_was_tampered_with_is_refused() {
    let (query, body) = safe(&text("在吗", "23"), "7");
    let refused = |query: &str, body: &str| got(&sealed_door(), query, body).unwrap_err();
    let signature = BadCallback::Refused(CryptFault::Signature);
    assert_eq!(refused(&query.replace("nonce=7", "nonce=8"), &body), signature);
    assert_eq!(refused(&query.replace("timestamp=1700000000", "timestamp=1700000001"), &body), signature);
    let at = body.find("[CDATA[").and_then(|_| body.find("<Encrypt><![CDATA[")).unwrap() + "<Encrypt><![CDATA[".len();
    let mut flipped = body.clone().into_bytes();
    flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
    assert_eq!(refused(&query, std::str::from_utf8(&flipped).unwrap()), signature);
    // The three-part signature is right: it is not the one that counts.
    let by_token = query.split_once("&msg_signature=").unwrap().0;
    assert_eq!(refused(by_token, &body), BadCallback::Parameter("msg_signature"));
    let three_parts = format!("{by_token}&msg_signature={}", crypt().token().sign("1700000000", "7"));
    assert_eq!(refused(&three_parts, &body), signature);
    let in_clear = got(&clear_door(), &clear_query("7").replace("nonce=7", "nonce=8"), &text("在吗", "23"));
    assert_eq!(in_clear, Err(signature));
}

#[test]
fn another_accounts_callback_is_refused() {
    let (query, body) = safe(&text("在吗", "23"), "7");
    let other = Crypt::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx1account").unwrap();
    let wrong = BadCallback::Refused(CryptFault::Receiver);
    assert_eq!(got(&Door::Sealed(other), &query, &body), Err(wrong));
    let said = text("在吗", "23").replace(GH, "gh_other");
    assert_eq!(got(&clear_door(), &clear_query("7"), &said), Err(wrong));
}

#[test]
fn a_replay_is_known_again_and_old_ones_are_refused() {
    let (query, body) = safe(&text("在吗", "23"), "7");
    let first = got(&sealed_door(), &query, &body).unwrap();
    assert_eq!(got(&sealed_door(), &query, &body).unwrap(), first);
    let (again, sealed_anew) = safe(&text("在吗", "23"), "8");
    let second = got(&sealed_door(), &again, &sealed_anew).unwrap();
    assert_ne!(second.replay_key, first.replay_key);
    assert_eq!(second.arrival.id, first.arrival.id, "delivered twice, it is one message");
    for (skew, now) in [(-301, NOW + 301), (301, NOW - 301)] {
        let old = receive(&sealed_door(), &query, body.as_bytes(), now);
        assert_eq!(old, Err(BadCallback::Stale { skew_secs: skew }));
        let old = receive(&clear_door(), &clear_query("7"), text("在吗", "23").as_bytes(), now);
        assert_eq!(old, Err(BadCallback::Stale { skew_secs: skew }));
    }
    // In clear text a signature is good for one body: other words behind it count as the same request again.
    let words = |words: &str, id: &str| got(&clear_door(), &clear_query("7"), &text(words, id)).unwrap().replay_key;
    assert_eq!(words("在吗", "23"), words("转账给我", "24"));
}

#[test]
fn sizes_are_capped_and_bombs_are_not_opened() {
    let (query, body) = safe(&text("在吗", "23"), "7");
    let padded = |n: usize| body.clone() + &" ".repeat(n - body.len());
    assert!(got(&sealed_door(), &query, &padded(MAX_BODY)).is_ok());
    assert_eq!(got(&sealed_door(), &query, &padded(MAX_BODY + 1)), Err(BadCallback::Envelope));
    let bomb = "<!DOCTYPE x [<!ENTITY a \"b\">]><xml><Encrypt>&a;</Encrypt></xml>";
    assert_eq!(got(&sealed_door(), &query, bomb), Err(BadCallback::Envelope));
    assert!(matches!(got(&clear_door(), &clear_query("7"), bomb), Err(BadCallback::Content(_))));
    let mut bare = query.clone();
    bare.push_str("&nonce=7");
    assert_eq!(got(&sealed_door(), &bare, &body), Err(BadCallback::Query));
}

#[test]
fn words_do_not_escape_from_their_element() {
    let escaped = text("x]]></Content><FromUserName>other</FromUserName><Content><![CDATA[y", "23");
    let (query, body) = safe(&escaped, "7");
    let doubled = BadCallback::Content("a single field comes twice");
    assert_eq!(got(&sealed_door(), &query, &body), Err(doubled));
    assert_eq!(got(&clear_door(), &clear_query("7"), &escaped), Err(doubled));
}

fn said(kind: &str, inner: &str) -> Said {
    match arrival(&format!("<MsgType>{kind}</MsgType>{inner}<MsgId>5</MsgId>")).what {
        What::Said(said) => said,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_message_is_read_or_named() {
    let media = "<MediaId>M</MediaId>";
    let id = || Some("M".to_owned());
    assert_eq!(said("text", "<Content><![CDATA[ 在吗 ]]></Content>"), Said::text(" 在吗 "));
    assert_eq!(said("image", &format!("<PicUrl>http://p</PicUrl>{media}")), Said::of("image", "", id()));
    let spoken = format!("{media}<Format>amr</Format><Recognition><![CDATA[到哪了]]></Recognition>");
    assert_eq!(said("voice", &spoken), Said::of("voice", "到哪了", id()));
    assert_eq!(said("voice", media), Said::of("voice", "", id()));
    for kind in ["video", "shortvideo"] {
        assert_eq!(said(kind, &format!("{media}<ThumbMediaId>T</ThumbMediaId>")), Said::of("video", "", id()));
    }
    let place = "<Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Scale>20</Scale><Label>广州塔</Label>";
    assert_eq!(said("location", place), Said::of("location", "广州塔", None));
    let link = "<Title>鞋</Title><Description>d</Description><Url>https://e</Url>";
    assert_eq!(said("link", link), Said::of("link", "鞋 https://e", None));
    assert_eq!(said("miniprogrampage", ""), Said::of("miniprogrampage", "", None));
    assert_eq!(said("text", ""), Said::text(""));
    let old = arrival("<MsgType>voice</MsgType><MediaId>M</MediaId><MsgID>77</MsgID>");
    assert_eq!(old.id, format!("msg:77:{OPENID}"));
}

#[test]
fn every_event_is_read_and_known_again() {
    let event = |name: &str, key: &str| {
        arrival(&format!("<MsgType>event</MsgType><Event>{name}</Event><EventKey>{key}</EventKey>"))
    };
    for name in ["subscribe", "SCAN", "CLICK"] {
        assert_eq!(event(name, "k").what, What::Entered { code: None }, "{name}");
    }
    for name in ["VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "something_new"] {
        assert_eq!(event(name, "k").what, What::Nothing, "{name}");
    }
    let gone = event("unsubscribe", "");
    assert_eq!((&gone.what, gone.replies_until_ms), (&What::SessionEnded, Some(gone.at_ms)));
    assert!(gone.id.starts_with(&format!("event:{OPENID}:1699999999:")), "{}", gone.id);
    assert_eq!(event("CLICK", "a").id, event("CLICK", "a").id);
    let ids = [event("CLICK", "a").id, event("CLICK", "b").id, event("VIEW", "a").id, event("subscribe", "").id];
    for (n, id) in ids.iter().enumerate() {
        assert!(!ids[n + 1..].contains(id), "{id}");
    }
}

#[test]
fn what_lacks_what_it_needs_is_refused() {
    let refused = |plain: &str| {
        let (query, body) = safe(plain, "7");
        got(&sealed_door(), &query, &body).unwrap_err()
    };
    let nobody = BadCallback::Content("it names no customer");
    assert_eq!(refused("<xml><MsgType>text</MsgType></xml>"), nobody);
    for bad in ["a b", "号", "a:b", &"a".repeat(65)] {
        let plain = format!("<xml><FromUserName>{bad}</FromUserName><MsgType>text</MsgType></xml>");
        assert_eq!(refused(&plain), nobody, "{bad}");
    }
    assert_eq!(
        refused(&format!("<xml><FromUserName>{OPENID}</FromUserName></xml>")),
        BadCallback::Content("it has no MsgType")
    );
    // Without an id a message is known again by all of it, without a time it is of the signed one.
    let (query, body) = safe(&format!("<xml><FromUserName>{OPENID}</FromUserName><MsgType>text</MsgType></xml>"), "7");
    let bare = got(&sealed_door(), &query, &body).unwrap().arrival;
    assert_eq!((bare.id.len(), bare.at_ms), ("msg:".len() + 64, NOW * 1_000));
}

proptest! {
    #[test]
    fn nothing_panics_and_ids_are_plain(plain in "\\PC{0,200}", name in "[a-zA-Z]{0,12}", key in "\\PC{0,40}") {
        let (query, body) = safe(&plain, "7");
        let _ = got(&sealed_door(), &query, &body);
        let _ = got(&clear_door(), &clear_query("7"), &plain);
        let fields = serde_json::json!({
            "FromUserName": OPENID, "MsgType": "event", "Event": name, "EventKey": key, "CreateTime": i64::MAX,
        });
        let (query, body) = safe(&fields.to_string(), "7");
        let got = got(&sealed_door(), &query, &body).unwrap().arrival;
        prop_assert!(got.id.bytes().all(|b| b.is_ascii_graphic()) && got.id.len() < 200);
    }
}
