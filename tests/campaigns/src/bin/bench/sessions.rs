//! Customers as they write on a busy day: a few lines one after another, then silence. An open loop.

use std::time::Duration;

use simulator::Simulator;
use tokio::task::JoinSet;
use tokio::time::Instant;

use campaigns::latency::Latencies;
use campaigns::robots::customer;
use campaigns::shop::{Shop, words};

/// Lines of one customer at a time (reliability.md, 5.1: about five).
const LINES: u64 = 5;
/// Between two lines of a customer.
const BETWEEN: Duration = Duration::from_millis(800);

/// What came of the messages of a load.
#[derive(Default)]
pub struct Answered {
    /// From the scheduled time until the doorbell was answered with 200, at the first try.
    pub took: Latencies,
    /// Doorbells that were not answered with 200 at the first try.
    pub refused: usize,
    /// Messages written.
    pub written: usize,
}

/// Lets customers write `rate` messages a second; the numbers of the messages begin at `first`.
pub async fn write(sim: &Simulator, shop: &Shop, rate: f64, how_long: Duration, first: u64) -> Answered {
    // Doorbells are rung by hand, because their answers are wanted.
    sim.hold_doorbells(true);
    let sessions = (rate / LINES as f64 * how_long.as_secs_f64()).ceil() as u64;
    let (began, mut writing) = (Instant::now(), JoinSet::new());
    let mut answered = Answered::default();
    for session in 0..sessions {
        let at = began + Duration::from_secs_f64(session as f64 * LINES as f64 / rate);
        tokio::time::sleep_until(at).await;
        let (who, account) = customer(shop, usize::try_from(first + session).unwrap_or(0));
        sim.add_customer(&who, &who);
        writing.spawn(one(sim.clone(), who, account, at, (first + session) * LINES));
        while let Some(done) = writing.try_join_next() {
            answered.add(done.unwrap_or_default());
        }
    }
    while let Some(done) = writing.join_next().await {
        answered.add(done.unwrap_or_default());
    }
    answered
}

impl Answered {
    fn add(&mut self, lines: Vec<Option<Duration>>) {
        self.written += lines.len();
        self.refused += lines.iter().filter(|line| line.is_none()).count();
        lines.into_iter().flatten().for_each(|took| self.took.add(took));
    }
}

/// The lines of one customer, each at its time whatever became of the one before.
async fn one(sim: Simulator, who: String, account: String, began: Instant, number: u64) -> Vec<Option<Duration>> {
    let mut lines = JoinSet::new();
    for line in 0..LINES {
        let at = began + BETWEEN * u32::try_from(line).unwrap_or(0);
        tokio::time::sleep_until(at).await;
        let (sim, who, account) = (sim.clone(), who.clone(), account.clone());
        lines.spawn(async move {
            sim.customer_says(&account, &who, &words(number + line)).await.ok()?;
            let rung = sim.ring(&account).await.ok()?;
            (rung.status == Some(200) && rung.retries == 0).then(|| at.elapsed())
        });
    }
    lines.join_all().await
}
