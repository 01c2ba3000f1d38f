//! Customers who write numbered messages at a rate, whatever the program does: an open loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use simulator::Simulator;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::draw::Draw;
use crate::latency::Latencies;
use crate::shop::{Shop, words};

/// How customers write.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// Messages a second.
    pub per_second: f64,
    /// For how long.
    pub how_long: Duration,
    /// How many customers there are.
    pub customers: usize,
    /// The number of the first message.
    pub first: u64,
    /// Whether the platform rings for each message. Without, the program has to find them by polling.
    pub rings: bool,
}

/// One message that was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The number in its words.
    pub number: u64,
    /// The account it was written to.
    pub account: String,
    /// Who wrote it.
    pub customer: String,
    /// The HTTP status of the doorbell's last attempt; `None` where no answer came, or nothing rang.
    pub status: Option<u16>,
    /// How many times the doorbell was tried again.
    pub retries: u32,
    /// From the scheduled time until the doorbell was answered.
    pub took: Duration,
}

/// The latencies of doorbells that were answered 200 at once.
pub fn acknowledged(written: &[Written]) -> Latencies {
    let at_once = written.iter().filter(|message| message.status == Some(200) && message.retries == 0);
    at_once.map(|message| message.took).collect()
}

/// The customer with this number and the account they write to.
pub fn customer(shop: &Shop, n: usize) -> (String, String) {
    (format!("wmCustomer{n:06}"), shop.account(n % shop.channels.max(1)))
}

/// Writes as `traffic` says and gives every message, in the order of their numbers. `count` tells others meanwhile how
/// many were written.
pub async fn write(sim: &Simulator, shop: &Shop, traffic: Traffic, draw: Draw, count: Arc<AtomicU64>) -> Vec<Written> {
    let quit = watch::Sender::new(false);
    write_until(sim, shop, (traffic, 1), draw, count, quit.subscribe()).await
}

/// Writes as [`write`] does, each customer so many lines in a row, and stops writing once `quit` says so.
pub async fn write_until(
    sim: &Simulator,
    shop: &Shop,
    (traffic, lines): (Traffic, usize),
    draw: Draw,
    count: Arc<AtomicU64>,
    quit: watch::Receiver<bool>,
) -> Vec<Written> {
    let mut draw = draw.apart(1);
    // Doorbells are rung by hand, because their answers are wanted.
    sim.hold_doorbells(true);
    for n in 0..traffic.customers {
        sim.add_customer(&customer(shop, n).0, &format!("顾客{n}"));
    }
    let (began, mut tasks, mut written) = (Instant::now(), JoinSet::new(), Vec::new());
    let total = (traffic.per_second * traffic.how_long.as_secs_f64()).round();
    for n in 0..total as u64 {
        if *quit.borrow() {
            break;
        }
        let scheduled = began + Duration::from_secs_f64(n as f64 / traffic.per_second);
        tokio::time::sleep_until(scheduled).await;
        let (who, account) = customer(shop, speaker(traffic, lines, n, &mut draw));
        let (sim, count) = (sim.clone(), count.clone());
        tasks.spawn(async move {
            let one = say(&sim, traffic.first + n, account, who, scheduled, traffic.rings).await;
            count.fetch_add(1, Ordering::Relaxed);
            one
        });
        while let Some(done) = tasks.try_join_next() {
            written.extend(done);
        }
    }
    while let Some(done) = tasks.join_next().await {
        written.extend(done);
    }
    written.sort_by_key(|message| message.number);
    written
}

/// Who writes message `n`: anybody, or, with several lines, one of the second's customers, who take turns until each
/// has written all of theirs.
fn speaker(traffic: Traffic, lines: usize, n: u64, draw: &mut Draw) -> usize {
    if lines <= 1 {
        return draw.index(traffic.customers);
    }
    let together = (traffic.per_second.ceil() as u64).max(1);
    let group = n / (together * lines as u64);
    usize::try_from((group * together + n % together) % (traffic.customers.max(1) as u64)).unwrap_or(0)
}

async fn say(
    sim: &Simulator,
    number: u64,
    account: String,
    customer: String,
    scheduled: Instant,
    rings: bool,
) -> Written {
    let mut one = Written { number, account, customer, status: None, retries: 0, took: Duration::ZERO };
    // With doorbells held back this only puts the message where it can be read.
    let queued = sim.customer_says(&one.account, &one.customer, &words(number)).await;
    if queued.is_ok()
        && rings
        && let Ok(rung) = sim.ring(&one.account).await
    {
        (one.status, one.retries) = (rung.status, rung.retries);
    }
    one.took = scheduled.elapsed();
    one
}
