//! `aijia health`: what a container engine asks, where there is no other client to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;

use super::{Failure, Verdict, environment};

/// How long the answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

pub(super) async fn health() -> Result<Verdict, Failure> {
    let address = reachable(environment()?.listen);
    let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).no_proxy().build()?;
    let answer = client.get(format!("http://{address}/healthz")).send().await;
    let answer = answer.with_context(|| format!("nothing answers on {address}"))?;
    println!("{}", answer.status());
    Ok(if answer.status().is_success() { Verdict::Good } else { Verdict::Bad })
}

/// Who listens on every address is asked on this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let host = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        one => one,
    };
    SocketAddr::new(host, listen.port())
}
