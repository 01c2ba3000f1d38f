//! A crowd at a desk that deals by turn: many waiting cases, many reviewers, and what the database says about them.
//! The program's own units of work do everything; only the waiting cases are put there in one go.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use aijia::app::App;
use aijia::args;
use aijia::case::{Author, Automation, Case, Decision, Draft, Drafted, Event, Rejection};
use aijia::case::{Rules, Tap, Window, step};
use aijia::clock::{Clock, Ids, MINUTE, SECOND, Timestamp};
use aijia::config::{self, Database, Environment};
use aijia::desk::Desk;
use aijia::policy::{Intent, Route, Verdict};
use aijia::store::conversations::{self, Conversation};
use aijia::store::{Args, cases, people, turns};
use aijia::worker::{apply, deal};
use aijia::{policy, start};
use anyhow::{Context, ensure};
use cards::{RejectReason, Risk};
use futures::future::try_join_all;

/// Cards a reviewer holds at most.
const OPEN_CARDS: i64 = 3;
/// How long a reviewer looks at a card.
const LOOKS: Timestamp = 10 * SECOND;
/// When it begins: a Wednesday morning in Shanghai.
const MORNING: Timestamp = 1_795_572_000_000;
/// The channels, which share the cases.
const CHANNELS: [&str; 2] = ["kf-flagship", "kf-outlet"];

/// How many there are.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub cases: usize,
    pub reviewers: usize,
}

/// What was seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The most cases anybody held, and the most cards on anybody's phone, at any look.
    pub most_held: i64,
    pub most_cards: i64,
    /// Cases shown as open to two reviewers at once, over all looks.
    pub held_by_two: i64,
    /// Cases without holder and next level after their due time, over all looks, and those left over at the end.
    pub forgotten: i64,
    /// Moves of cases: given to somebody, or put back.
    pub moves: usize,
    /// Cases with the escalation owner at the end.
    pub escalated: i64,
    /// Simulated time.
    pub took: Timestamp,
    /// Real time of each unit that dealt, per case.
    pub per_case: Vec<Duration>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut times = self.per_case.clone();
        times.sort_unstable();
        let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
        let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
        writeln!(f, "most cases held by one reviewer     {}", self.most_held)?;
        writeln!(f, "most open cards on one phone        {}", self.most_cards)?;
        writeln!(f, "cases held by two                   {}", self.held_by_two)?;
        writeln!(f, "cases forgotten                     {}", self.forgotten)?;
        writeln!(f, "moves: given, put back              {}", self.moves)?;
        writeln!(f, "with the escalation owner           {}", self.escalated)?;
        writeln!(f, "simulated time                      {} min", self.took / MINUTE)?;
        write!(f, "time per move          p50 {:.2} ms   p99 {:.2} ms", ms(at(50)), ms(at(99)))
    }
}

/// A desk with a crowd.
pub struct Crowd {
    app: App,
    clock: Clock,
    size: Size,
    luck: u64,
    seen: Seen,
}

impl Crowd {
    /// Puts so many waiting cases before so many reviewers.
    pub async fn gather(database: Database, folder: &Path, size: Size) -> anyhow::Result<Self> {
        // The wire to the app cannot be built without a provider; one that is installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::manual(MORNING);
        let folder = folder.to_string_lossy().into_owned();
        let secret = "11".repeat(32);
        let read = |name: &str| match name {
            "AIJIA_DATA_DIR" => Some(folder.clone()),
            "AIJIA_SECRET_KEY" => Some(secret.clone()),
            // Cards go to the app, which nobody here ever calls.
            "WECOM_CORP_ID" | "WECOM_APP_SECRET" | "WECOM_CALLBACK_TOKEN" => Some("crowd".to_owned()),
            "WECOM_AGENT_ID" => Some("1".to_owned()),
            "WECOM_CALLBACK_AES_KEY" => Some("a".repeat(43)),
            "WECOM_API_BASE" => Some("http://127.0.0.1:1/cgi-bin".to_owned()),
            _ => None,
        };
        let mut environment = Environment::read(read).map_err(start::BadConfig)?;
        environment.database = database;
        let app = start::assemble(&environment, clock.clone(), Ids::seeded(7)).await?;
        let desk = config::parse_desk(&desk(size.reviewers), "aijia.toml").map_err(start::BadConfig)?;
        start::apply_desk(&app, desk, "crowd".into()).await?;
        let mut crowd = Self { app, clock, size, luck: 7, seen: Seen::default() };
        crowd.fill().await?;
        Ok(crowd)
    }

    /// Lets everybody work until nothing is left for reviewers, and says what was seen. `left` hears after every round
    /// how many cases are left for reviewers.
    pub async fn work(mut self, mut left: impl FnMut(i64)) -> anyhow::Result<Seen> {
        for round in 0.. {
            self.deal().await?;
            self.look(round % 20 == 0).await?;
            let waits = self.open_with_reviewers().await?;
            left(waits);
            if waits == 0 {
                break;
            }
            ensure!(round < 100_000, "{waits} cases are never decided");
            self.clock.advance(LOOKS);
            self.seen.took += LOOKS;
            self.decide().await?;
            self.come_and_go().await?;
            self.expire(round % 20 == 0).await?;
        }
        self.look(true).await?;
        Ok(self.seen)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.luck = self.luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.luck >> 33).unwrap_or(0) % bound.max(1)
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        for batch in (0..self.size.cases).collect::<Vec<_>>().chunks(500) {
            let waiting: Vec<(usize, Risk)> = batch.iter().map(|n| (*n, self.risk())).collect();
            let app = self.app.clone();
            self.app
                .store
                .commit(move |tx| {
                    Box::pin(async move {
                        let desk = app.desk(tx).await?;
                        for (n, risk) in waiting {
                            let talk = talk(&desk.desk, n, app.clock.now());
                            conversations::open(tx, &talk, app.clock.now()).await?;
                            conversations::save(tx, &talk).await?;
                            let case = waiting_case(&desk, &talk, n, risk, app.clock.now())?;
                            cases::save(tx, &case, app.clock.now()).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
            self.clock.advance(1);
        }
        Ok(())
    }

    fn risk(&mut self) -> Risk {
        if self.below(5) == 0 { Risk::Medium } else { Risk::Low }
    }

    /// Deals until nothing moves any more.
    async fn deal(&mut self) -> anyhow::Result<()> {
        loop {
            let (app, began) = (self.app.clone(), Instant::now());
            let moved = self.app.store.commit(move |tx| {
                Box::pin(async move {
                    turns::deal_alone(tx).await?;
                    deal::move_some(tx, &app).await
                })
            });
            let moved = moved.await?;
            if moved == 0 {
                return Ok(());
            }
            self.seen.moves += moved;
            let each = began.elapsed() / u32::try_from(moved)?;
            self.seen.per_case.push(each);
        }
    }

    /// Everybody who is attentive decides about one of their cards; one in twenty reviewers never looks.
    async fn decide(&mut self) -> anyhow::Result<()> {
        let held = "SELECT holder, MIN(id) FROM cases WHERE holder IS NOT NULL GROUP BY holder";
        let held = self
            .app
            .store
            .read(move |tx| Box::pin(async move { Ok(tx.all::<(String, String)>(held, args![]).await?) }));
        let attentive = |person: &str| person.trim_start_matches('r').parse::<usize>().is_ok_and(|n| n % 20 != 19);
        let mut decided = Vec::new();
        for (person, case_id) in held.await?.into_iter().filter(|(person, _)| attentive(person)) {
            let decision = match self.below(100) {
                0 => Decision::Escalate,
                1 | 2 => Decision::TakeOver,
                3..10 => Decision::Reject(Rejection { reason: RejectReason::Other, note: None, no_answer_due: true }),
                _ => Decision::Send,
            };
            decided.push(tapped(self.app.clone(), person, case_id, decision));
        }
        let decided = try_join_all(decided).await?;
        ensure!(decided.into_iter().all(|decided| decided), "a holder was refused");
        Ok(())
    }

    /// Somebody goes home or comes back.
    async fn come_and_go(&mut self) -> anyhow::Result<()> {
        let (person, on, now) = (self.below(self.size.reviewers), self.below(3) > 0, self.clock.now());
        let person = format!("r{person}");
        self.app
            .store
            .commit(move |tx| Box::pin(async move { Ok(people::set_duty(tx, &person, on, now).await?) }))
            .await
    }

    /// What nobody decided in time; the waiting ones are looked at now and then only.
    async fn expire(&mut self, all: bool) -> anyhow::Result<()> {
        let now = self.clock.now();
        let due = self.app.store.read(move |tx| {
            let held = "SELECT id, due_at FROM cases WHERE holder IS NOT NULL AND due_at <= $1";
            let any =
                "SELECT id, due_at FROM cases WHERE state IN ('awaiting_review', 'needs_person') AND due_at <= $1";
            let sql = if all { any } else { held };
            Box::pin(async move { Ok(tx.all::<(String, Timestamp)>(sql, args![now]).await?) })
        });
        for (case, due) in due.await? {
            let app = self.app.clone();
            self.app.store.commit(move |tx| Box::pin(async move { deal::expired(tx, &app, &case, due).await })).await?;
        }
        Ok(())
    }

    async fn count(&self, sql: &'static str, args: Args) -> anyhow::Result<i64> {
        let counted = self.app.store.read(move |tx| {
            Box::pin(async move { Ok(tx.one::<(i64,)>(sql, args).await?.map_or(0, |(count,)| count)) })
        });
        counted.await
    }

    async fn open_with_reviewers(&self) -> anyhow::Result<i64> {
        let depth = self.app.store.read(|tx| Box::pin(async move { Ok(turns::depth(tx, None).await?) })).await?;
        Ok(depth.waiting + depth.held)
    }

    async fn look(&mut self, closely: bool) -> anyhow::Result<()> {
        let held = self.app.store.read(|tx| Box::pin(async move { Ok(turns::held(tx).await?) })).await?;
        let mut people: BTreeMap<String, i64> = BTreeMap::new();
        held.into_iter().for_each(|(person, _, cases)| *people.entry(person).or_default() += cases);
        self.seen.most_held = self.seen.most_held.max(people.into_values().max().unwrap_or(0));
        if !closely {
            return Ok(());
        }
        let two = "SELECT COUNT(*) FROM (SELECT case_id FROM cards WHERE state IN ('posting', 'open')
                     GROUP BY case_id HAVING COUNT(*) > 1) AS shown";
        let cards = "SELECT COALESCE(MAX(shown), 0) FROM (SELECT COUNT(*) AS shown FROM cards
                       WHERE state IN ('posting', 'open') AND person <> 'boss' GROUP BY person) AS phones";
        let late = "SELECT COUNT(*) FROM cases WHERE state IN ('awaiting_review', 'needs_person')
                      AND (due_at IS NULL OR due_at + 300000 < $1)";
        let above = "SELECT COUNT(*) FROM cards WHERE person = 'boss' AND state IN ('posting', 'open')";
        self.seen.held_by_two += self.count(two, args![]).await?;
        self.seen.most_cards = self.seen.most_cards.max(self.count(cards, args![]).await?);
        self.seen.forgotten += self.count(late, args![self.clock.now()]).await?;
        self.seen.escalated = self.count(above, args![]).await?;
        Ok(())
    }
}

/// A holder decides; whether it counted.
async fn tapped(app: App, person: String, case_id: String, decision: Decision) -> anyhow::Result<bool> {
    let store = app.store.clone();
    let decided = store.commit(move |tx| {
        Box::pin(async move {
            let case = cases::load(tx, &case_id).await?.context("no such case")?;
            let tap = Tap { person, version: case.version, code: case.code(), decision };
            Ok(apply::apply(tx, &app, &case_id, &Event::Tapped(tap)).await?.is_ok())
        })
    });
    decided.await
}

/// The configuration: everybody reviews both channels, which deal by turn.
fn desk(reviewers: usize) -> String {
    let person = |id: String, role: &str| {
        format!("[[people]]\nid = \"{id}\"\nname = \"{id}\"\nwecom = \"{id}\"\nroles = [\"{role}\"]\n")
    };
    let mut text =
        format!("[desk]\nopen_cards = {OPEN_CARDS}\nwaiting_minutes = 600\n{}", person("boss".into(), "admin"));
    (0..reviewers).for_each(|n| text.push_str(&person(format!("r{n}"), "reviewer")));
    let permitted = (0..reviewers).map(|n| format!("\"r{n}\"")).collect::<Vec<_>>().join(", ");
    for id in CHANNELS {
        text.push_str(&format!(
            "[[channels]]\nid = \"{id}\"\nkind = \"wecom_kf\"\naccount = \"wk-{id}\"\nstore = \"flagship\"\n\
             permitted = [{permitted}]\nescalation_owner = \"boss\"\ndispatch = \"turn\"\nmode = \"draft\"\n"
        ));
    }
    text
}

fn talk(desk: &Desk, n: usize, now: Timestamp) -> Conversation {
    let channel = &desk.channels[n % CHANNELS.len()];
    let mut talk = Conversation::begun(format!("talk-{n:07}"), channel, &channel.account, &format!("wm{n}"));
    talk.set_window(Window::opened(now, channel.abilities().window));
    talk.last_seq = 1;
    talk.case_id = Some(format!("case-{n:07}"));
    talk
}

/// A case as the core leaves it when its first draft waits for a reviewer.
fn waiting_case(
    desk: &aijia::store::desks::Applied,
    talk: &Conversation,
    n: usize,
    risk: Risk,
    now: Timestamp,
) -> anyhow::Result<Case> {
    let off_duty = Default::default();
    let channel = desk.desk.channel(&talk.channel).context("no such channel")?;
    let rules = Rules {
        desk: &desk.desk,
        channel,
        policy: &desk.policy,
        paused: None,
        turn: 0,
        off_duty: &off_duty,
        editing: None,
        next_holder: None,
        automation: Automation::default(),
    };
    let (id, number) = (format!("case-{n:07}"), i64::try_from(n + 1)?);
    let opened =
        Case { watermark: 1, window: talk.window(), ..Case::opened(id, number, (&talk.id, &talk.channel), now) };
    let draft = Draft {
        version: 0,
        parts: vec!["您好，羊毛衫属于天然纤维，前几次穿着会有少量浮毛，属正常现象。".into()],
        digest: String::new(),
        watermark: 0,
        policy: desk.policy.clone(),
        author: Author::Bot { drafter: "extractive".into(), no_model: None, examples: Vec::new() },
        citations: vec![],
        verdict: Verdict {
            route: Route::Review(policy::Level::Reviewer),
            risk,
            reasons: vec![],
            holds: vec![],
            words: vec![],
        },
        confidence: 0.95,
        grounds: Default::default(),
        chance: None,
        intent: Intent::Other,
        action: None,
        look_up: None,
        translation: None,
        supersedes: None,
    };
    let drafted = Event::Drafted { generation: 0, drafted: Drafted::Reply(Box::new(draft)) };
    let next = step(&opened, &drafted, &rules, now).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?.next;
    ensure!(next.waits(), "it waits for a reviewer");
    Ok(next)
}
