//! Reviewers who look at their phones and press what arrives there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cards::{Act, Key};
use serde_json::Value;
use simulator::{Api, Call, Item, LedgerRow, Simulator};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::draw::Draw;

/// How long a card that did not change is left alone before it is pressed again: a tap may have been lost. Twice as long
/// each time, because nobody hammers on a phone that does not answer.
const AGAIN: Duration = Duration::from_secs(8);
/// How often that becomes longer.
const LONGER: u32 = 3;
/// How often one case's 发送 is pressed before the case is given up: what cannot be sent is refused in words.
const STUBBORN: u32 = 5;
/// How often everybody looks at all their cards.
const LOOK: Duration = Duration::from_secs(2);
/// How often the ledger is looked at for news.
const NEWS: Duration = Duration::from_millis(20);

/// What reviewers do, in thousandths of the cards they get; the rest is sent as it is.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// The shortest and longest look at a card, in milliseconds.
    pub think: (u64, u64),
    /// Press 发送 twice.
    pub twice: u64,
    /// Change the text first.
    pub edit: u64,
    /// Refuse it.
    pub reject: u64,
    /// Give it to the next level.
    pub escalate: u64,
}

impl Default for Habits {
    fn default() -> Self {
        Self { think: (100, 600), twice: 100, edit: 30, reject: 20, escalate: 10 }
    }
}

impl Habits {
    /// Everybody sends everything, once.
    pub const SEND_ALL: Self = Self { think: (50, 200), twice: 0, edit: 0, reject: 0, escalate: 0 };
}

/// One press of a button.
#[derive(Clone, Debug)]
pub struct Tap {
    /// Who pressed.
    pub member: String,
    /// The card's task id.
    pub task: String,
    /// The case, version and code of the card.
    pub key: Key,
    /// When it left the phone, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// When it left the phone, since the reviewers began.
    pub asked: Duration,
    /// When the callback was answered.
    pub answered: Duration,
    /// The HTTP status; `None` where no answer came.
    pub status: Option<u16>,
}

/// Reviewers at work. They stop with [`Reviewers::stop`].
pub struct Reviewers {
    taps: Arc<Mutex<Vec<Tap>>>,
    quit: watch::Sender<bool>,
    working: JoinHandle<()>,
}

impl Reviewers {
    /// Lets these members work.
    pub fn start(sim: &Simulator, members: Vec<String>, habits: Habits, draw: Draw) -> Self {
        let taps: Arc<Mutex<Vec<Tap>>> = Arc::default();
        let quit = watch::Sender::new(false);
        let (sim, pressed) = (sim.clone(), Arc::default());
        let desk = Desk { sim, habits, taps: taps.clone(), pressed, began: Instant::now() };
        let working = tokio::spawn(work(desk, members, draw.apart(2), quit.subscribe()));
        Self { taps, quit, working }
    }

    /// The taps so far.
    pub fn taps(&self) -> Vec<Tap> {
        self.taps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets them put their phones away and gives every tap.
    pub async fn stop(self) -> Vec<Tap> {
        self.quit.send_replace(true);
        let _ = self.working.await;
        let mut taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *taps)
    }
}

#[derive(Clone)]
struct Desk {
    sim: Simulator,
    habits: Habits,
    taps: Arc<Mutex<Vec<Tap>>>,
    /// How often 发送 was pressed, by member and case.
    pressed: Arc<Mutex<BTreeMap<(String, i64), u32>>>,
    began: Instant,
}

/// When each card of each member may be pressed again, and how often it was pressed.
type Pressed = BTreeMap<(String, String), (Instant, u32)>;

async fn work(desk: Desk, members: Vec<String>, mut draw: Draw, mut quit: watch::Receiver<bool>) {
    let (mut seen, mut looked, mut pressed) = (0, Instant::now(), Pressed::new());
    while !*quit.borrow() {
        let news = desk.sim.ledger_after(seen);
        seen = news.last().map_or(seen, |row| row.seq);
        let mut who: BTreeSet<&String> = BTreeSet::new();
        if looked.elapsed() > LOOK {
            looked = Instant::now();
            who.extend(&members);
            pressed.retain(|_, (again, _)| again.elapsed() < AGAIN * 4);
        } else {
            let told: BTreeSet<&str> = news.iter().flat_map(recipients).collect();
            who.extend(members.iter().filter(|member| told.contains(member.as_str())));
        }
        for member in who {
            for card in desk.sim.open_cards(member) {
                let key = (member.clone(), card.task_id.clone().unwrap_or_default());
                let (again, times) = pressed.get(&key).copied().unwrap_or((Instant::now(), 0));
                if again <= Instant::now() {
                    pressed.insert(key, (Instant::now() + AGAIN * (1 << times.min(LONGER)), times + 1));
                    tokio::spawn(decide(desk.clone(), member.clone(), card, draw.apart(seen)));
                    draw.next();
                }
            }
        }
        let _ = tokio::time::timeout(NEWS, quit.changed()).await;
    }
}

/// The members a card went to.
fn recipients(row: &LedgerRow) -> impl Iterator<Item = &str> {
    let card = row.accepted && row.call == Call::Api(Api::MessageSend) && row.body["msgtype"] == "template_card";
    let to = row.body["touser"].as_str().filter(|_| card);
    to.into_iter().flat_map(|to| to.split('|'))
}

/// The keys of a card's buttons that decide something.
pub fn keys(card: &Value) -> Vec<Key> {
    let buttons = card["button_list"].as_array().into_iter().flatten();
    let submit = card.pointer("/submit_button/key");
    let texts = buttons.filter_map(|button| button["key"].as_str()).chain(submit.and_then(Value::as_str));
    texts.filter_map(|key| Key::parse(key).ok()).collect()
}

async fn decide(desk: Desk, member: String, item: Item, mut draw: Draw) {
    tokio::time::sleep(draw.millis(desk.habits.think.0, desk.habits.think.1)).await;
    let (Some(card), Some(task)) = (item.card, item.task_id) else { return };
    let keys = keys(&card);
    let with = |act: Act| keys.iter().find(|key| key.act == act).cloned();
    if let Some(key) = with(Act::ConfirmReject) {
        return desk.tap(&member, &task, key, &[("reason", "other")]).await;
    }
    // Nobody knows whether a reply arrived: somebody says something.
    if let Some(key) = draw.pick(&[Act::Delivered, Act::SendAgain, Act::Drop]).and_then(|act| with(*act)) {
        return desk.tap(&member, &task, key, &[]).await;
    }
    let (send, edit) = (with(Act::Send), with(Act::Edit));
    let stubborn = keys.first().is_some_and(|key| desk.pressed_before(&member, key.case) >= STUBBORN);
    let chosen = if stubborn { Act::Reject } else { choose(desk.habits, &mut draw) };
    match chosen {
        Act::Reject if let Some(key) = with(Act::Reject) => desk.tap(&member, &task, key, &[]).await,
        Act::Escalate if let Some(key) = with(Act::Escalate) => desk.tap(&member, &task, key, &[]).await,
        Act::Send if let Some(key) = send => {
            desk.presses(&member, key.case);
            let twice = draw.per_mille(desk.habits.twice);
            let again = async {
                if twice {
                    tokio::time::sleep(draw.millis(0, 40)).await;
                    desk.tap_again(&member, &task, key.clone()).await;
                }
            };
            tokio::join!(desk.tap(&member, &task, key.clone(), &[]), again);
        }
        _ => {
            let Some(key) = edit else { return };
            let text = format!("亲，已经为您核实：{}", number_words(&key));
            desk.tap(&member, &task, key, &[]).await;
            tokio::time::sleep(draw.millis(200, 500)).await;
            let _ = desk.sim.says(&member, &text).await;
        }
    }
}

/// Words of one's own for a case, different each time a version is changed.
fn number_words(key: &Key) -> String {
    format!("这款可以放心穿，洗护请按水洗标来，第 {} 版说明稍后附上。", key.version)
}

fn choose(habits: Habits, draw: &mut Draw) -> Act {
    let mut at = draw.below(1_000);
    for (share, act) in [(habits.edit, Act::Edit), (habits.reject, Act::Reject), (habits.escalate, Act::Escalate)] {
        if at < share {
            return act;
        }
        at -= share;
    }
    Act::Send
}

impl Desk {
    fn pressed_before(&self, member: &str, case: i64) -> u32 {
        let pressed = self.pressed.lock().unwrap_or_else(PoisonError::into_inner);
        pressed.get(&(member.to_owned(), case)).copied().unwrap_or(0)
    }

    fn presses(&self, member: &str, case: i64) {
        let mut pressed = self.pressed.lock().unwrap_or_else(PoisonError::into_inner);
        *pressed.entry((member.to_owned(), case)).or_default() += 1;
    }

    async fn tap(&self, member: &str, task: &str, key: Key, selected: &[(&str, &str)]) {
        let (asked, at_ms) = (self.began.elapsed(), self.sim.clock().now_ms());
        if let Ok(delivery) = self.sim.tap(member, task, &key.encode(), selected).await {
            self.note(member, task, key, (asked, at_ms), delivery.status);
        }
    }

    /// Once more, on a phone that has not redrawn its card yet.
    async fn tap_again(&self, member: &str, task: &str, key: Key) {
        let (asked, at_ms) = (self.began.elapsed(), self.sim.clock().now_ms());
        if let Ok(delivery) = self.sim.tap_late(member, task, &key.encode(), &[]).await {
            self.note(member, task, key, (asked, at_ms), delivery.status);
        }
    }

    fn note(&self, member: &str, task: &str, key: Key, (asked, at_ms): (Duration, i64), status: Option<u16>) {
        let answered = self.began.elapsed();
        let tap = Tap { member: member.to_owned(), task: task.to_owned(), key, at_ms, asked, answered, status };
        self.taps.lock().unwrap_or_else(PoisonError::into_inner).push(tap);
    }
}
