//! A world with people in it: customers write, reviewers press, somebody pauses, callbacks come twice and late. A
//! campaign sets a stage, does its worst, and lets the stage come to rest and be audited.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use simulator::{Call, Nonce, Simulator};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::audit::{Findings, Moment, audit, taps};
use crate::drain::drained;
use crate::draw::Draw;
use crate::link::Mode;
use crate::reviewers::{Habits, Reviewers, Tap};
use crate::robots::{Traffic, Written, write_until};
use crate::shop::{ADMIN, SUPERVISOR, Shop};
use crate::world::World;

/// How busy a stage is.
#[derive(Clone, Copy, Debug)]
pub struct Bustle {
    /// Messages a second that ring.
    pub per_second: f64,
    /// Messages a second that do not: they have to be found.
    pub silent_per_second: f64,
    /// Customers.
    pub customers: usize,
    /// Messages each of them writes in a row, about one a second; 1: anybody writes at any time.
    pub lines: usize,
    /// What reviewers do.
    pub habits: Habits,
    /// Whether somebody pauses and resumes all the time.
    pub pauses: bool,
    /// Whether callbacks are delivered again, at once and late, as they were and sealed anew.
    pub repeats: bool,
}

impl Default for Bustle {
    fn default() -> Self {
        Self {
            per_second: 6.0,
            silent_per_second: 0.5,
            customers: 150,
            lines: 1,
            habits: Habits::default(),
            pauses: true,
            repeats: true,
        }
    }
}

/// The shop of most campaigns: many small channels, because a member's phone takes thirty messages a minute, and cases
/// that go to the next level soon: a card that reached nobody is missed only then.
pub fn usual_shop() -> Shop {
    Shop { channels: 16, reviewers: 2, review_minutes: 1, ..Shop::default() }
}

/// The most a campaign writes: until it is told to stop.
const ENDLESS: Duration = Duration::from_secs(24 * 3600);
/// The first number of messages that do not ring.
const SILENT: u64 = 1_000_000_000;

/// Channels in the order in which they were paused.
type Paused = Arc<Mutex<Vec<usize>>>;
/// Of these, so many may still be paused at the end: a pause whose acknowledgement was lost may have come after the word
/// that was to lift it. More words would only fill a phone that takes thirty messages a minute.
const LATE: usize = 12;

/// A set stage.
pub struct Stage {
    /// The world.
    pub world: World,
    /// The campaign's draws.
    pub draw: Draw,
    reviewers: Reviewers,
    writing: Vec<JoinHandle<Vec<Written>>>,
    disturbing: Vec<JoinHandle<()>>,
    paused: Paused,
    quit: watch::Sender<bool>,
}

/// What became of a stage.
#[derive(Debug)]
pub struct Outcome {
    /// What the audit found.
    pub findings: Findings,
    /// How long the desk took to come to rest after the last fault; `None`: it did not.
    pub drained: Option<Duration>,
    /// Draft versions with presses of 发送, and the presses.
    pub contested: (usize, usize),
    /// Where everything of the run lies, where it was kept.
    pub folder: Option<PathBuf>,
}

impl Stage {
    /// Lets people into a world.
    pub fn let_in(world: World, bustle: Bustle) -> Self {
        let (sim, shop, draw) = (world.sim.clone(), world.plan.shop.clone(), Draw::new(world.plan.seed));
        let quit = watch::Sender::new(false);
        let reviewers = Reviewers::start(&sim, shop.everybody(), bustle.habits, draw.clone());
        let mut writing = Vec::new();
        for (first, per_second, rings) in [(1, bustle.per_second, true), (SILENT, bustle.silent_per_second, false)] {
            if per_second > 0.0 {
                let traffic = Traffic { per_second, how_long: ENDLESS, customers: bustle.customers, first, rings };
                writing.push(spawn_writing(&sim, &shop, (traffic, bustle.lines), draw.apart(first), quit.subscribe()));
            }
        }
        let (mut disturbing, paused) = (Vec::new(), Paused::default());
        if bustle.pauses {
            let people = (sim.clone(), shop.clone(), paused.clone());
            disturbing.push(tokio::spawn(pausing(people, draw.apart(3), quit.subscribe())));
        }
        if bustle.repeats {
            disturbing.push(tokio::spawn(repeating(sim.clone(), draw.apart(4), quit.subscribe())));
        }
        Self { world, draw: draw.apart(5), reviewers, writing, disturbing, paused, quit }
    }

    /// How often reviewers have pressed so far.
    pub fn taps(&self) -> usize {
        self.reviewers.taps().len()
    }

    /// Ends every fault, lets the desk come to rest within `patience`, and audits it. What is not clean is kept.
    ///
    /// # Errors
    /// Where an instance does not come up any more, or the record cannot be exported.
    pub async fn finish(mut self, patience: Duration) -> anyhow::Result<Outcome> {
        self.quit.send_replace(true);
        heal(&mut self.world).await?;
        let mut written = Vec::new();
        for task in self.writing.drain(..) {
            written.extend(task.await?);
        }
        for task in self.disturbing.drain(..) {
            let _ = task.await;
        }
        let drained = self.rest(written.len(), patience).await;
        let taps = self.reviewers.stop().await;
        let mut outcome = judged(&self.world, &written, &taps).await?;
        outcome.drained = drained;
        if drained.is_none() {
            outcome.findings.forgotten.push(format!("the desk did not come to rest within {patience:?}"));
        }
        if outcome.findings.clean() && std::env::var_os("AIJIA_CAMPAIGNS_KEEP").is_none() {
            self.world.close(false).await?;
        } else {
            keep(&self.world, &outcome)?;
            outcome.folder = Some(self.world.folder.clone());
            self.world.close(true).await?;
        }
        Ok(outcome)
    }

    /// Waits for rest; what nobody rang for is rung for now and then, and what is still paused is resumed.
    async fn rest(&self, written: usize, patience: Duration) -> Option<Duration> {
        let (sim, shop) = (&self.world.sim, &self.world.plan.shop);
        let late: BTreeSet<usize> = latest(&self.paused).into_iter().rev().take(LATE).collect();
        let ringing = async {
            for round in 0_u32.. {
                for channel in 0..shop.channels {
                    let _ = sim.ring(&shop.account(channel)).await;
                    if round.is_multiple_of(4) && late.contains(&channel) {
                        let _ = sim.says(ADMIN, &format!("/恢复 {}", shop.channel(channel))).await;
                    }
                }
                // The second person's word may have been heard before the pause itself was.
                for member in [ADMIN, SUPERVISOR] {
                    let _ = sim.says(member, "/恢复").await;
                }
                sleep(Duration::from_secs(15)).await;
            }
        };
        tokio::select! {
            rest = drained(&self.world, written, patience) => rest,
            () = ringing => None,
        }
    }
}

/// Audits a world that came to rest.
async fn judged(world: &World, written: &[Written], taps: &[Tap]) -> anyhow::Result<Outcome> {
    let evidence = world.evidence().await?;
    let mut findings = audit(&world.sim, &world.plan.shop, &evidence, written, Moment::Drained);
    findings.lost.extend(taps::lost(&evidence, taps));
    let histories = taps::histories(&world.sim.ledger(), &evidence, taps);
    findings.duplicates.extend(taps::disputed(&histories));
    if let Err(problem) = world.run(&["evidence", "verify"]).await {
        findings.incomplete.push(format!("{problem:#}"));
    }
    let contested = (histories.len(), histories.values().map(Vec::len).sum());
    Ok(Outcome { findings, drained: None, contested, folder: None })
}

/// Every fault ends: the platform answers, every way is open, everything runs.
async fn heal(world: &mut World) -> anyhow::Result<()> {
    world.sim.faults().clear();
    for ways in &world.ways {
        ways.links().iter().for_each(|link| link.set(Mode::Open));
    }
    world.balancer.links.iter().for_each(|link| link.set(Mode::Open));
    for n in 0..world.instances.len() {
        world.freeze(n, false);
        if world.instances.get_mut(n).and_then(Option::as_mut).is_some_and(|instance| instance.ended()) {
            world.kill(n).await?;
        }
    }
    world.start_all().await
}

/// Leaves the ledger beside the record, for a look.
fn keep(world: &World, outcome: &Outcome) -> anyhow::Result<()> {
    use std::fmt::Write as _;
    let mut ledger = String::new();
    for row in world.sim.ledger() {
        let _ = writeln!(ledger, "{row:?}");
    }
    std::fs::write(world.folder.join("ledger.txt"), ledger)?;
    let found: Vec<String> = outcome.findings.violations().map(|(kind, line)| format!("{kind}: {line}")).collect();
    std::fs::write(world.folder.join("findings.txt"), format!("seed {}\n{}\n", world.plan.seed, found.join("\n")))?;
    Ok(())
}

fn spawn_writing(
    sim: &Simulator,
    shop: &Shop,
    (traffic, lines): (Traffic, usize),
    draw: Draw,
    quit: watch::Receiver<bool>,
) -> JoinHandle<Vec<Written>> {
    let (sim, shop) = (sim.clone(), shop.clone());
    let count = Arc::new(AtomicU64::new(0));
    tokio::spawn(async move { write_until(&sim, &shop, (traffic, lines), draw, count, quit).await })
}

/// Whether it is time to stop, after a while.
async fn quits(quit: &mut watch::Receiver<bool>, after: Duration) -> bool {
    let _ = timeout(after, quit.wait_for(|quit| *quit)).await;
    *quit.borrow()
}

/// Pauses a channel, sometimes everything, and resumes it a moment later.
async fn pausing((sim, shop, paused): (Simulator, Shop, Paused), mut draw: Draw, mut quit: watch::Receiver<bool>) {
    while !quits(&mut quit, draw.millis(2_000, 6_000)).await {
        let channel = (draw.below(4) > 0).then(|| draw.index(shop.channels));
        let scope = channel.map_or_else(String::new, |channel| shop.channel(channel));
        paused.lock().unwrap_or_else(PoisonError::into_inner).extend(channel);
        until_heard(&sim, ADMIN, &format!("/暂停 {scope}")).await;
        let _ = quits(&mut quit, draw.millis(500, 2_000)).await;
        until_heard(&sim, ADMIN, &format!("/恢复 {scope}")).await;
        if scope.is_empty() {
            // Resuming everything takes two.
            until_heard(&sim, SUPERVISOR, "/恢复").await;
        }
    }
}

fn latest(paused: &Paused) -> Vec<usize> {
    paused.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Says something again and again until it is acknowledged.
pub(crate) async fn until_heard(sim: &Simulator, member: &str, text: &str) {
    for _ in 0..240 {
        if sim.says(member, text).await.is_ok_and(|delivery| delivery.accepted()) {
            return;
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// Delivers callbacks again: the newest ones at once, older ones late, as they were or sealed anew.
async fn repeating(sim: Simulator, mut draw: Draw, mut quit: watch::Receiver<bool>) {
    let mut seen: u64 = 0;
    let mut callbacks: Vec<u64> = Vec::new();
    while !quits(&mut quit, draw.millis(50, 400)).await {
        let news = sim.ledger_after(seen);
        seen = news.last().map_or(seen, |row| row.seq);
        callbacks.extend(news.iter().filter(|row| matches!(row.call, Call::Callback(_))).map(|row| row.seq));
        let late = draw.per_mille(300);
        let from = if late { 0 } else { callbacks.len().saturating_sub(20) };
        let nonce = if draw.per_mille(500) { Nonce::Same } else { Nonce::Changed };
        if let Some(row) = callbacks.get(from..).and_then(|recent| draw.pick(recent)) {
            let _ = sim.redeliver(*row, nonce).await;
        }
    }
}
