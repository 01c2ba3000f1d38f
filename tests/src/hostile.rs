//! What attackers try at the edge. The short forms run with all tests; `make hostile` (HOSTILE=full) runs the whole
//! campaigns and prints their figures.

mod canary;
mod chromium;
mod flood;
mod forged_lines;
mod forgery;
mod impersonation;
mod markup;
mod outputs;
mod payloads;
mod rights;
mod xml;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;

use crate::world::World;

/// So many runs of a campaign: the short form's, or all of them.
fn runs(short: usize, full: usize) -> usize {
    if is_full() { full } else { short }
}

/// Whether the whole campaigns run.
fn is_full() -> bool {
    std::env::var("HOSTILE").as_deref() == Ok("full")
}

/// Draws that are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 to below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % limit.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn bytes16(&mut self) -> [u8; 16] {
        let (a, b) = (self.next().to_le_bytes(), self.next().to_le_bytes());
        std::array::from_fn(|at| if at < 8 { a[at] } else { b[at - 8] })
    }
}

/// What the edge answered, everything an outsider can see of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Answer {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// Asks the edge without a socket between.
async fn ask(router: &Router, request: Request<Body>) -> anyhow::Result<Answer> {
    let response = router.clone().oneshot(request).await?;
    let status = response.status().as_u16();
    let headers =
        response.headers().iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    Ok(Answer { status, headers, body: to_bytes(response.into_body(), 1 << 20).await?.to_vec() })
}

/// A callback sealed by the company's own keys, as only WeCom can.
struct Sealed {
    signature: String,
    timestamp: String,
    nonce: String,
    encrypt: String,
}

impl Sealed {
    fn new(world: &World, dice: &mut Dice, xml: &str) -> anyhow::Result<Self> {
        let crypt = world.app.wecom.as_ref().and_then(|wecom| wecom.crypt.as_ref()).context("WeCom is configured")?;
        let timestamp = (world.clock.now() / 1000).to_string();
        let nonce = format!("{:010}", dice.next() % 10_000_000_000);
        let sealed = crypt.seal(xml.as_bytes(), dice.bytes16(), &timestamp, &nonce);
        Ok(Self { signature: sealed.msg_signature, encrypt: sealed.encrypt, timestamp, nonce })
    }

    fn query(&self) -> String {
        format!("msg_signature={}&timestamp={}&nonce={}", self.signature, self.timestamp, self.nonce)
    }

    fn body(&self) -> String {
        format!("<xml><Encrypt><![CDATA[{}]]></Encrypt></xml>", self.encrypt)
    }

    /// Delivers it; the HTTP status.
    async fn arrives(&self, world: &World) -> anyhow::Result<u16> {
        let url = format!("{}/callback/wecom?{}", world.address, self.query());
        Ok(reqwest::Client::new().post(url).body(self.body()).send().await?.status().as_u16())
    }
}

/// What a member's tap on a card's button says.
fn tap_xml(member: &str, task_id: &str, key: &str) -> String {
    format!(
        "<xml><ToUserName>x</ToUserName><FromUserName><![CDATA[{member}]]></FromUserName><CreateTime>1795572000\
         </CreateTime><MsgType>event</MsgType><Event>template_card_event</Event><EventKey><![CDATA[{key}]]></EventKey>\
         <TaskId><![CDATA[{task_id}]]></TaskId><CardType>button_interaction</CardType><ResponseCode>forged\
         </ResponseCode><AgentID>1000002</AgentID></xml>"
    )
}

/// What a member's chat message says.
fn text_xml(member: &str, id: u64, text: &str) -> String {
    format!(
        "<xml><ToUserName>x</ToUserName><FromUserName><![CDATA[{member}]]></FromUserName><CreateTime>1795572000\
         </CreateTime><MsgType>text</MsgType><Content><![CDATA[{text}]]></Content><MsgId>{id}</MsgId></xml>"
    )
}
