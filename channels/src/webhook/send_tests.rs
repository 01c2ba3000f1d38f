use std::sync::Mutex;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap as Headers;
use axum::response::{IntoResponse, Response};

use super::*;
use crate::webhook::sign::{self, verify};

const KEY: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OLD: &str = "whsec_paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWl";
const NOW: i64 = 1_795_917_600;

type Seen = Arc<Mutex<Vec<(Headers, Vec<u8>)>>>;

/// An integrator's endpoint that answers with this status.
async fn endpoint(answer: fn() -> Response) -> (String, Seen) {
    let seen = Seen::default();
    let receive = move |State(seen): State<Seen>, headers: Headers, body: Bytes| async move {
        seen.lock().unwrap().push((headers, body.to_vec()));
        answer()
    };
    let app = axum::Router::new().fallback(receive).with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/replies", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, seen)
}

fn keys(texts: &[&str]) -> Vec<Key> {
    texts.iter().map(|text| Key::parse(text).unwrap()).collect()
}

const MESSAGE: Message<'static> =
    Message {
        id: "5f2a", kind: "reply", account: "shop", conversation: "c-81", text: "可以机洗，请用洗衣袋。"
    };

fn made(url: &str, with: &[&str], reach: Reach) -> Result<Endpoint, EndpointError> {
    // Whoever else installed one has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Endpoint::new(url, keys(with), reach)
}

async fn sent_to(url: &str) -> Fate {
    let endpoint = made(url, &[KEY, OLD], Reach::Private).unwrap();
    endpoint.send(MESSAGE, NOW, Instant::now() + Duration::from_secs(5)).await
}

#[tokio::test]
async fn a_reply_is_signed_by_every_key_and_says_what_it_is() {
    let (url, seen) = endpoint(|| StatusCode::ACCEPTED.into_response()).await;
    assert_eq!(sent_to(&url).await, Fate::Accepted);
    let (headers, body) = seen.lock().unwrap().remove(0);
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let (id, timestamp, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let given = sign::Headers { id: &id, timestamp: &timestamp, signature: &signature };
    for key in [KEY, OLD] {
        assert_eq!(verify(&keys(&[key]), given, &body, NOW), Ok(()));
    }
    assert_eq!((id.as_str(), header("content-type").as_str()), ("5f2a", "application/json"));
    let event: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(event["type"], "reply.approved");
    assert_eq!(event["timestamp"], "2026-11-29T02:00:00+00:00");
    let data = json!({"reply_id": "5f2a", "kind": "reply", "account": "shop", "conversation_id": "c-81",
        "thread_kind": "dm", "text": MESSAGE.text});
    assert_eq!(event["data"], data);
}

#[tokio::test]
async fn an_answer_means_what_standard_webhooks_says() {
    let (gone, _) = endpoint(|| StatusCode::GONE.into_response()).await;
    assert_eq!(sent_to(&gone).await, Fate::Refused { code: 410, spent: None });
    let (busy, _) = endpoint(|| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]).into_response()).await;
    assert_eq!(sent_to(&busy).await, Fate::PutOff { code: 429, wait_ms: Some(7_000) });
    let (wrong, _) = endpoint(|| StatusCode::UNAUTHORIZED.into_response()).await;
    assert_eq!(sent_to(&wrong).await, Fate::PutOff { code: 401, wait_ms: None });
    let (broken, _) = endpoint(|| StatusCode::BAD_GATEWAY.into_response()).await;
    assert_eq!(sent_to(&broken).await, Fate::Unknown);
    assert_eq!(sent_to("http://127.0.0.1:9/").await, Fate::NotSent);
    assert_eq!(sent_to("http://nowhere.invalid/").await, Fate::NotSent);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, seen) = endpoint(|| StatusCode::OK.into_response()).await;
    static TARGET: Mutex<String> = Mutex::new(String::new());
    *TARGET.lock().unwrap() = elsewhere;
    let (url, _) = endpoint(|| {
        let target = TARGET.lock().unwrap().clone();
        (StatusCode::TEMPORARY_REDIRECT, [("location", target)]).into_response()
    })
    .await;
    assert_eq!(sent_to(&url).await, Fate::PutOff { code: 307, wait_ms: None });
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_begins_too_late() {
    let (url, seen) = endpoint(|| StatusCode::OK.into_response()).await;
    let endpoint = made(&url, &[KEY], Reach::Private).unwrap();
    assert_eq!(endpoint.send(MESSAGE, NOW, Instant::now()).await, Fate::NotSent);
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_home_is_not_followed_from_outside() {
    let endpoint = made("https://localhost:9/", &[KEY], Reach::Public).unwrap();
    assert_eq!(endpoint.send(MESSAGE, NOW, Instant::now() + Duration::from_secs(5)).await, Fate::NotSent);
}

#[test]
fn addresses_that_must_not_be_reached_are_refused() {
    let refused = |address: &str, reach| made(address, &[KEY], reach).err();
    for address in
        ["https://10.0.0.8/x", "https://127.0.0.1/x", "https://192.168.1.2/", "https://[::1]/", "https://[fd00::1]/"]
    {
        assert_eq!(refused(address, Reach::Public), Some(EndpointError::Private), "{address}");
        assert_eq!(refused(address, Reach::Private), None, "{address}");
    }
    for address in [
        "https://169.254.169.254/latest/meta-data",
        "https://100.100.100.200/",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
    ] {
        for reach in [Reach::Public, Reach::Private] {
            assert_eq!(refused(address, reach), Some(EndpointError::Forbidden), "{address}");
        }
    }
    for address in
        ["http://shop.example/x", "ftp://shop.example/", "https://user:pw@shop.example/", "nonsense", "https://x/#y"]
    {
        assert_eq!(refused(address, Reach::Public), Some(EndpointError::Url), "{address}");
    }
    assert_eq!(refused("http://bridge.lan/x", Reach::Private), None);
    assert_eq!(made("https://shop.example/x", &[], Reach::Public).err(), Some(EndpointError::NoKey));
}
