//! The bot's client against a connection that does not hold: cut, taken over, half dead, turned away, cut behind an answer.
//! Members go on pressing until their card shows that it was decided, as people do; a desk with a lease connects again
//! whenever somebody took the bot over.
//!
//! The tests do this twenty times with quick intervals. `CAMPAIGN=full` does it 200 times with the intervals of the product
//! (about three quarters of an hour, nearly all of it waiting):
//! `CAMPAIGN=full cargo test -p simulator aibot::campaign -- --nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use channels::wecom::aibot::{Callback, Chat, Event, Link, Message, Settings, Timing, What, connect};
use serde_json::{Value, json};
use tokio::sync::Mutex as Queue;
use tokio::task::JoinSet;

use super::client_tests::QUICK;
use super::*;

/// Cards pressed around each break.
const CARDS: usize = 5;
/// Members press side by side.
const MEMBERS: usize = 5;
/// Longest time until something a member does is heard again.
const RECOVERY: Duration = Duration::from_secs(5);
/// How exactly the moments of this test are known.
const BLUR: Duration = Duration::from_millis(150);

/// How the connection is broken, in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Break {
    Cut,
    Evicted,
    HalfDead,
    CutBehindAnAnswer,
    TurnedAway,
}

const BREAKS: [Break; 5] = [Break::Cut, Break::Evicted, Break::HalfDead, Break::CutBehindAnAnswer, Break::TurnedAway];

/// What the desk keeps, as a database would.
#[derive(Default)]
struct Kept {
    /// Cards that were decided.
    decided: BTreeSet<String>,
    /// What a decision let out.
    sent: Vec<String>,
    /// How often each callback was heard.
    heard: BTreeMap<String, u32>,
    /// Texts heard.
    texts: BTreeSet<String>,
    /// When nobody listened.
    gaps: Vec<(Instant, Instant)>,
}

struct Desk {
    bot: AiBot,
    timing: Timing,
    kept: Mutex<Kept>,
    over: AtomicBool,
    links: AtomicU64,
    /// Presses: the callback's id, whether the platform told anybody, and when.
    pressed: Mutex<Vec<(String, bool, Instant)>>,
}

impl Desk {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self) -> (Link, channels::wecom::aibot::Events) {
        let seed = self.links.fetch_add(1, Ordering::Relaxed);
        let (url, timing) = (self.bot.url(), self.timing);
        connect(Settings { url, bot_id: "aib1".into(), secret: "S1".into(), timing, seed }).unwrap()
    }

    /// Listens until the campaign is over. Whoever has the lease connects again after an eviction.
    async fn listens(self: Arc<Self>, ready: tokio::sync::oneshot::Sender<Link>) {
        let (mut ready, mut silent_since) = (Some(ready), None);
        while !self.over.load(Ordering::Relaxed) {
            let (link, mut events) = self.connect();
            while let Some(event) = events.next().await {
                match event {
                    Event::Subscribed { gap } => {
                        let now = Instant::now();
                        let since = gap.map(|gap| now - gap).or(silent_since.take()).unwrap_or(now);
                        self.kept().gaps.push((since - BLUR, now + BLUR));
                        if let Some(ready) = ready.take() {
                            let _ = ready.send(link.clone());
                        }
                    }
                    Event::Callback(callback) => drop(tokio::spawn(self.clone().hears(link.clone(), *callback))),
                    Event::Evicted => silent_since = Some(Instant::now()),
                    Event::Lost => {}
                    Event::Refused { code } => panic!("refused with {code}"),
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A card is decided once; every press on it is answered with what was decided.
    async fn hears(self: Arc<Self>, link: Link, callback: Callback) {
        let Callback { reply, incoming } = callback;
        *self.kept().heard.entry(incoming.msgid).or_default() += 1;
        match incoming.what {
            What::Text(text) => drop(self.kept().texts.insert(text)),
            What::Tap(tap) => {
                {
                    let mut kept = self.kept();
                    if kept.decided.insert(tap.task_id.clone()) {
                        kept.sent.push(tap.task_id.clone());
                    }
                }
                // Where it does not get through, the member's next press asks for it again.
                let _ = link.update_card(&reply, &settled(&tap.task_id), &[]).await;
            }
            other => panic!("{other:?}"),
        }
    }

    /// A member presses until the card shows that it was decided.
    async fn presses(&self, member: &str, task_id: &str) {
        loop {
            let at = Instant::now();
            let Ok(told) = self.bot.taps(member, task_id, "ok", &[]) else { return };
            self.pressed.lock().unwrap_or_else(PoisonError::into_inner).push((told.msgid, told.told, at));
            for _ in 0..40 {
                tokio::time::sleep(Duration::from_millis(10)).await;
                if self.bot.card(member, task_id) == Some(settled(task_id)) {
                    return;
                }
            }
        }
    }

    /// How long until something that a member says is heard.
    async fn recovers(&self, word: &str) -> Duration {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            let text = format!("{word} {}", began.elapsed().as_micros());
            self.bot.says("probe", &text);
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(4)).await;
                if self.kept().texts.contains(&text) {
                    return began.elapsed();
                }
            }
        }
        panic!("nothing is heard any more after {word}");
    }

    async fn breaks(&self, how: Break) {
        match how {
            Break::Cut => self.bot.cut(),
            Break::Evicted => self.bot.evict(),
            Break::HalfDead => self.bot.half_dead(),
            Break::CutBehindAnAnswer => {
                let before = self.bot.subscriptions();
                self.bot.next(Cmd::RespondUpdate, 1, Fault::CutAfter);
                // The presses of this round meet it.
                for _ in 0..200 {
                    if self.bot.subscriptions() > before || !self.bot.subscribed() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            Break::TurnedAway => {
                self.bot.turn_away(true);
                self.bot.cut();
                tokio::time::sleep(Duration::from_millis(self.timing.retry_ms / 4)).await;
                self.bot.turn_away(false);
            }
        }
    }
}

fn card(task_id: &str) -> Value {
    json!({"card_type": "button_interaction", "main_title": {"title": "回复待审核"}, "task_id": task_id,
        "button_list": [{"text": "发送", "style": 1, "key": "ok"}]})
}

fn settled(task_id: &str) -> Value {
    json!({"card_type": "text_notice", "main_title": {"title": "已发送"}, "task_id": task_id,
        "card_action": {"type": 1, "url": "https://desk.example.com"}})
}

/// Everybody whose cards these are, 25 each: a chat takes 30 messages a minute.
async fn posted(desk: &Desk, link: &Link, cards: usize) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for n in 0..cards {
        let (member, task_id) = (format!("member{}", n / 25), format!("c{n}"));
        if n % 25 == 0 {
            desk.bot.says(&member, "上班");
        }
        link.push(&Chat::Member(member.clone()), &Message::Card(card(&task_id))).await.unwrap();
        all.push((member, task_id));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_press_is_lost_and_none_decides_twice_on_a_connection_that_does_not_hold() {
    let full = std::env::var("CAMPAIGN").is_ok_and(|form| form == "full");
    let (breaks, timing) = if full { (200, Timing::default()) } else { (20, QUICK) };
    let bot = AiBot::start("aib1", "S1", Clock::system()).await.unwrap();
    let desk = Arc::new(Desk {
        bot,
        timing,
        kept: Mutex::default(),
        over: AtomicBool::new(false),
        links: AtomicU64::new(1),
        pressed: Mutex::default(),
    });
    let (ready, subscribed) = tokio::sync::oneshot::channel();
    let listening = tokio::spawn(desk.clone().listens(ready));
    let link = subscribed.await.unwrap();
    let cards = posted(&desk, &link, breaks * CARDS).await;
    drop(link);
    let (give, take) = tokio::sync::mpsc::channel::<(String, String)>(CARDS);
    let (mut members, take) = (JoinSet::new(), Arc::new(Queue::new(take)));
    for _ in 0..MEMBERS {
        let (desk, take) = (desk.clone(), take.clone());
        members.spawn(async move {
            loop {
                let next = take.lock().await.recv().await;
                let Some((member, task_id)) = next else { return };
                desk.presses(&member, &task_id).await;
            }
        });
    }
    let mut recoveries: BTreeMap<Break, Vec<Duration>> = BTreeMap::new();
    for (n, around) in cards.chunks(CARDS).enumerate() {
        // Long enough for the waits between two sockets to begin anew.
        tokio::time::sleep(Duration::from_millis(timing.steady_ms + 50)).await;
        for card in around {
            give.send(card.clone()).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(n as u64 % 7)).await;
        let how = BREAKS[n % BREAKS.len()];
        desk.breaks(how).await;
        recoveries.entry(how).or_default().push(desk.recovers(&format!("{how:?} {n}")).await);
    }
    drop(give);
    while members.join_next().await.is_some() {}
    desk.over.store(true, Ordering::Relaxed);
    desk.bot.evict();
    listening.await.unwrap();
    judge(&desk, &cards, &recoveries);
}

fn judge(desk: &Desk, cards: &[(String, String)], recoveries: &BTreeMap<Break, Vec<Duration>>) {
    let kept = desk.kept();
    let pressed = desk.pressed.lock().unwrap_or_else(PoisonError::into_inner);
    let undecided = cards.iter().filter(|(_, task_id)| !kept.decided.contains(task_id)).count();
    let redrawn = cards.iter().filter(|(_, task_id)| desk.bot.card_history(task_id).len() == 2).count();
    let twice = kept.heard.values().filter(|times| **times > 1).count();
    let unheard: Vec<_> = pressed.iter().filter(|(id, told, _)| *told && !kept.heard.contains_key(id)).collect();
    let in_gap = |at: &Instant| kept.gaps.iter().any(|(from, to)| (from..=to).contains(&at));
    let silently = unheard.iter().filter(|(_, _, at)| !in_gap(at)).count();
    let updates = desk.bot.accepted(Cmd::RespondUpdate);
    let answered: BTreeSet<&str> =
        updates.iter().filter_map(|body| body["template_card"]["task_id"].as_str()).collect();
    let longest = recoveries.values().flatten().max().copied().unwrap_or_default();
    for (how, times) in recoveries {
        let (most, sum) = (times.iter().max().unwrap(), times.iter().sum::<Duration>());
        println!(
            "{how:?}: {} times, recovered after {:?} on average, {most:?} at most",
            times.len(),
            sum / times.len() as u32
        );
    }
    println!(
        "breaks={} cards={} presses={} told={} unheard={} unheard_outside_a_gap={silently} heard_twice={twice} undecided={undecided} recovery_max={longest:?}",
        recoveries.values().map(Vec::len).sum::<usize>(),
        cards.len(),
        pressed.len(),
        pressed.iter().filter(|(_, told, _)| *told).count(),
        unheard.len(),
    );
    assert_eq!((undecided, redrawn), (0, cards.len()), "a press was lost");
    assert_eq!(kept.sent.len(), cards.len(), "a card was decided twice");
    assert_eq!(twice, 0, "a press was heard twice");
    assert_eq!(silently, 0, "told by the platform, not heard, and no gap says so: {unheard:?}");
    assert_eq!(answered.len(), cards.len(), "what the platform took an answer to was heard and decided");
    assert!(longest <= RECOVERY, "{longest:?}");
}
