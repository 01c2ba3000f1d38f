//! What every way a send can end is taken for. A wrong line here is a lost reply or one that a customer gets twice.

use super::*;
use crate::wecom::stand_in::{api, token_value};
use crate::{Fate, Spent};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the other side does with a connection.
#[derive(Clone)]
enum Does {
    /// Closes before it has read anything.
    Close,
    /// Reads the request and closes.
    ReadAndClose,
    /// Reads the request and says this, byte for byte.
    Say(String),
    /// Reads the request, says this and nothing more, ever.
    SayAndHang(String),
}

async fn other_side(does: Does) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            answer_with(&mut stream, &does).await;
            if matches!(does, Does::SayAndHang(_)) {
                open.push(stream);
            }
        }
    });
    address
}

async fn answer_with(stream: &mut TcpStream, does: &Does) {
    if matches!(does, Does::Close) {
        return;
    }
    let _ = stream.read(&mut [0; 8192]).await;
    if let Does::Say(words) | Does::SayAndHang(words) = does {
        let _ = stream.write_all(words.as_bytes()).await;
    }
}

fn http(status: u16, kind: &str, body: &str) -> Does {
    let length = body.len();
    Does::Say(format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

/// One send to this address with a token already there, so that nothing but the send itself can go wrong.
async fn sent_to(base: &str, limit: Duration) -> Fate {
    let mut api = api(base, Arc::new(|| 1_700_000_000));
    api.http = reqwest::Client::builder().no_proxy().connect_timeout(crate::http::CONNECT_LIMIT).build().unwrap();
    let token = || async { Ok(Fresh { value: token_value(0).into(), expires_in: 7200 }) };
    api.tokens.get(&api.clock, token).await.unwrap();
    let body = json!({ "msgid": "m1" });
    let (body, until) = (Body::Json(&body), Some(Instant::now() + Duration::from_secs(60)));
    Fate::of(&api.json(Call { path: "kf/send_msg", query: &[], body, expect: Expect::Json, limit, until }).await)
}

async fn fate(does: Does) -> Fate {
    // What hangs is given up soon; everything else has all the time it needs.
    let limit = if matches!(does, Does::SayAndHang(_)) { Duration::from_millis(200) } else { Duration::from_secs(20) };
    sent_to(&format!("http://{}/cgi-bin", other_side(does).await), limit).await
}

async fn code(code: i64) -> Fate {
    fate(http(200, "application/json", &format!("{{\"errcode\":{code},\"errmsg\":\"x\"}}"))).await
}

#[tokio::test]
async fn what_never_left_is_not_sent() {
    let long = Duration::from_secs(20);
    assert_eq!(sent_to("http://nowhere.invalid/cgi-bin", long).await, Fate::NotSent, "no such name");
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(sent_to(&format!("http://{gone}/cgi-bin"), long).await, Fate::NotSent, "connection refused");
    let no_tls = other_side(http(200, "text/plain", "this is not TLS")).await;
    assert_eq!(sent_to(&format!("https://{no_tls}/cgi-bin"), long).await, Fate::NotSent, "TLS failed");
    for status in [400, 401, 403, 404, 405, 413, 429] {
        assert_eq!(fate(http(status, "text/html", "<html>no</html>")).await, Fate::NotSent, "HTTP {status}");
    }
}

#[tokio::test]
async fn what_may_have_arrived_is_unknown() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 200\r\n\r\n{\"errcode\":0,";
    let broken = [
        ("reset before the request was read", Does::Close),
        ("reset after the request", Does::ReadAndClose),
        ("no byte in time", Does::SayAndHang(String::new())),
        ("not all bytes in time", Does::SayAndHang(head.into())),
        ("cut in the middle", Does::Say(head.into())),
        ("a page", http(200, "text/html", "<!doctype html><html>gateway</html>")),
        ("cut JSON", http(200, "application/json", "{\"errcode\":0,\"errm")),
        ("nothing", http(200, "application/json", "")),
        ("a list", http(200, "application/json", "[0]")),
        ("no errcode", http(200, "application/json", "{\"errmsg\":\"ok\"}")),
        ("an errcode in words", http(200, "application/json", "{\"errcode\":\"ok\"}")),
        ("an errcode of the wrong type", http(200, "application/json", "{\"errcode\":[0]}")),
        ("no HTTP", Does::Say("220 mail.example ESMTP\r\n".into())),
    ];
    for (how, does) in broken {
        assert_eq!(fate(does).await, Fate::Unknown, "{how}");
    }
    for status in [301, 302, 408, 500, 502, 503, 504] {
        assert_eq!(fate(http(status, "text/html", "<html>later</html>")).await, Fate::Unknown, "HTTP {status}");
    }
    assert_eq!(code(-1).await, Fate::Unknown, "busy never says that nothing was done");
}

/// wecom 94677.
fn spent_by(code: i64) -> Option<Spent> {
    [(95001, Spent::Messages), (95002, Spent::Window)]
        .into_iter()
        .find(|(known, _)| *known == code)
        .map(|(_, what)| what)
}

#[tokio::test]
async fn what_the_platform_says_is_believed() {
    assert_eq!(code(0).await, Fate::Accepted);
    for later in [45009, 45033, 6000] {
        assert_eq!(
            code(later).await,
            Fate::PutOff { code: later, wait_ms: (later == 45009).then_some(60_000) },
            "{later}"
        );
    }
    for refused in [95001, 95002, 95007, 95013, 95018, 95019, 40058, 42014, 40096] {
        assert_eq!(code(refused).await, Fate::Refused { code: refused, spent: spent_by(refused) }, "{refused}");
    }
    // A dead token means that nothing was done. Here there is no other one; `api_tests` has the request repeated.
    for dead in [40014, 42001, 40001] {
        assert_eq!(code(dead).await, Fate::NotSent, "{dead}");
    }
}

/// A worker that slept between its claim and its request begins nothing, and does not repeat with a new token either.
#[tokio::test]
async fn nothing_begins_after_its_time() {
    let server = crate::wecom::stand_in::StandIn::answering(r#"{"errcode":0}"#).await;
    let kf = crate::wecom::kf::Kf::new(server.api());
    let past = Instant::now() - Duration::from_millis(1);
    let late = [
        kf.send_text("wm1", "wk1", "m1", "您好", past).await.map(drop),
        kf.send_on_event("W", Some("m2"), "您好", past).await.map(drop),
    ];
    for late in late {
        assert_eq!(Fate::of(&late), Fate::NotSent);
    }
    assert!(server.seen("kf/send_msg").is_empty() && server.seen("kf/send_msg_on_event").is_empty());
}
