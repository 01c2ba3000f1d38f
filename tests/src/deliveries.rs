//! Many webhook deliveries, both ways, on wires that lose answers: another system tells what its customers write, again
//! where it did not hear that it was kept, and carries what was approved; sometimes it says later that it does not know
//! whether a reply arrived. The program's own doors, units of work and wires do everything; every channel has a reviewer of
//! its own, whose cards go to a simulated phone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::time::Duration;

use aijia::app::App;
use aijia::args;
use aijia::case::{Decision, Event, State, Tap};
use aijia::clock::{Clock, Ids, Timestamp};
use aijia::config::{self, Database, Environment};
use aijia::demo::WEBHOOK_SECRET;
use aijia::store::{Args, cases};
use aijia::worker::{self, apply};
use aijia::{http, knowledge_desk, start};
use anyhow::{Context, ensure};
use futures::future::try_join_all;
use serde_json::json;
use simulator::integrator::Integrator;
use simulator::{Settings, Simulator};

/// Channels, each with a reviewer of its own: a phone takes 25 messages a minute.
const CHANNELS: usize = 20;
/// Customers who write in one round, a minute apart from the next.
const ROUND: usize = CHANNELS * 20;
/// Of a thousand answers, in both directions, how many get lost.
const LOST: u64 = 50;
/// Of a thousand replies, of how many the other system says later that it does not know.
const UNKNOWN: u64 = 5;
/// When it begins: a Wednesday morning in Shanghai.
const MORNING: Timestamp = 1_795_572_000_000;
/// Everything that can be asked again was asked again by then.
const A_DAY: [u64; 9] = [6, 400, 2_200, 9_000, 13_000, 20_000, 24_000, 28_000, 3_600];
const SHOP: &str = "question,answer,id\n羊毛衫会起球吗？,轻微起球属正常现象，用剃毛器处理即可。,pilling\n";
const FACT: &str = "羊毛衫会起球吗？";

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Events told, each counted once, and replies carried, each counted once.
    pub told: usize,
    pub carried: usize,
    /// Deliveries whose answer got lost, in and out.
    pub lost_in: usize,
    pub lost_out: usize,
    /// Events kept twice, and customers who got more than one reply.
    pub kept_twice: i64,
    pub carried_twice: usize,
    /// Events that were not kept, and approved replies that were not carried.
    pub not_kept: i64,
    pub not_carried: usize,
    /// Replies of which an answer got lost; by the end each was asked for under its id, or is on a card.
    pub learned: usize,
    /// Replies the other system does not know about, and how many of them a person has on a card.
    pub unknown: usize,
    pub on_a_card: i64,
    /// Sends that are still under way in the end.
    pub in_flight: i64,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { told, carried, lost_in, lost_out, kept_twice, carried_twice, not_kept, not_carried, .. } = self;
        let Self { learned, unknown, on_a_card, in_flight, .. } = self;
        write!(
            f,
            "deliveries={} in={told} out={carried} lost_ack_in={lost_in} lost_ack_out={lost_out} dup_in={kept_twice} \
             dup_out={carried_twice} lost_in={not_kept} lost_out={not_carried} resolved_by_key={learned} \
             unknown={unknown} unknown_on_a_card={on_a_card} in_flight={in_flight}",
            told + carried
        )
    }
}

impl Seen {
    /// Whether everything held.
    pub fn holds(&self) -> bool {
        let nothing = (self.kept_twice, self.not_kept, self.in_flight) == (0, 0, 0);
        nothing
            && (self.carried_twice, self.not_carried) == (0, 0)
            && usize::try_from(self.on_a_card).is_ok_and(|on_a_card| on_a_card == self.unknown)
    }
}

/// A desk and the other system.
pub struct Deliveries {
    app: App,
    clock: Clock,
    away: simulator::Clock,
    other: Integrator,
    _wecom: Simulator,
    /// Where the program is.
    address: String,
    goal: usize,
    luck: u64,
    customers: usize,
    seen: Seen,
    _edge: tokio::task::JoinHandle<()>,
}

impl Deliveries {
    /// Opens a desk for so many deliveries.
    pub async fn open(database: Database, folder: &Path, goal: usize) -> anyhow::Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (clock, away) = (Clock::manual(MORNING), simulator::Clock::at(MORNING));
        let other = Integrator::start(WEBHOOK_SECRET, away.clone()).await?;
        other.loses(LOST);
        let wecom = Simulator::start(Settings { clock: away.clone(), ..Settings::default() }).await?;
        (0..CHANNELS).for_each(|n| wecom.add_member(&format!("Boss{n}"), "老板"));
        let own = wecom.settings().clone();
        let (folder, secret) = (folder.to_string_lossy().into_owned(), "11".repeat(32));
        let secrets = (0..CHANNELS).map(|n| format!("c{n}={WEBHOOK_SECRET};")).collect::<String>();
        let read = |name: &str| match name {
            "AIJIA_DATA_DIR" => Some(folder.clone()),
            "AIJIA_SECRET_KEY" => Some(secret.clone()),
            "WEBHOOK_SECRETS" => Some(secrets.clone()),
            "WECOM_API_BASE" => Some(wecom.api_base()),
            "WECOM_CORP_ID" => Some(own.corp_id.clone()),
            "WECOM_AGENT_ID" => Some(own.agent_id.to_string()),
            "WECOM_APP_SECRET" => Some(own.secret.clone()),
            "WECOM_CALLBACK_TOKEN" => Some(own.callback_token.clone()),
            "WECOM_CALLBACK_AES_KEY" => Some(own.callback_aes_key.clone()),
            _ => None,
        };
        let mut environment = Environment::read(read).map_err(start::BadConfig)?;
        environment.database = database;
        let app = start::assemble(&environment, clock.clone(), Ids::seeded(7)).await?;
        let desk = config::parse_desk(&desk(&other.url()), "aijia.toml").map_err(start::BadConfig)?;
        start::apply_desk(&app, desk, "deliveries".into()).await?;
        let zone = chrono_tz::Asia::Shanghai;
        let defaults = knowledge::import::Defaults {
            owner: Some("boss0".into()),
            kind: None,
            scope: knowledge::Scope::default(),
            timezone: zone,
        };
        let order = knowledge_desk::Order {
            defaults,
            publish: knowledge_desk::Publish::Everything,
            by: None,
            lists_seen: false,
        };
        let imported = knowledge_desk::import_bytes(&app, "shop.csv", SHOP.as_bytes().to_vec(), &order).await?;
        ensure!(imported.entries.len() == 1 && imported.problems.is_empty(), "{imported:?}");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        wecom.set_callback_url(&format!("{address}/callback/wecom"));
        let router = http::router(app.clone());
        let edge = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        let (luck, customers, seen) = (7, 0, Seen::default());
        Ok(Self { app, clock, away, other, _wecom: wecom, address, goal, luck, customers, seen, _edge: edge })
    }

    /// Lets everything happen, and says what was seen.
    pub async fn work(mut self) -> anyhow::Result<Seen> {
        let mut unknown = 0;
        while self.seen.told + self.other.carried() < self.goal {
            let first = self.customers;
            self.customers += ROUND.min(self.goal);
            self.customers_write(first..self.customers).await?;
            self.wait(0).await?;
            self.wait(4).await?;
            self.approve().await?;
            let carried = self.other.carried();
            self.wait(1).await?;
            unknown += self.some_are_unknown(carried).await?;
            self.wait(60).await?;
        }
        for seconds in A_DAY {
            self.wait(seconds).await?;
        }
        self.look(unknown).await?;
        Ok(self.seen)
    }

    fn happens(&mut self, of_a_thousand: u64) -> bool {
        self.luck = self.luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.luck >> 33) % 1_000 < of_a_thousand
    }

    async fn wait(&mut self, seconds: u64) -> anyhow::Result<()> {
        let ms = i64::try_from(Duration::from_secs(seconds).as_millis())?;
        self.clock.advance(ms);
        self.away.advance(ms);
        worker::pump(&self.app).await
    }

    /// Whoever does not hear that an event was kept tells it again, under the same id. A customer's number says on which
    /// channel they are.
    async fn tell(&mut self, events: Vec<(usize, String, &'static str, serde_json::Value)>) -> anyhow::Result<()> {
        for some in events.chunks(32) {
            let mut all = Vec::new();
            for (customer, id, kind, data) in some {
                self.seen.told += 1;
                let mut tries = 1;
                while self.happens(LOST) {
                    tries += 1;
                    self.seen.lost_in += 1;
                }
                let other = self.other.clone();
                let door = format!("{}/callback/webhook/c{}", self.address, customer % CHANNELS);
                all.push(async move {
                    let mut heard = 0;
                    while heard < tries {
                        match other.tell_at(&door, id, kind, data.clone()).await? {
                            200 => heard += 1,
                            // Told to come back: the machine has more to do than it can.
                            503 => tokio::time::sleep(Duration::from_millis(200)).await,
                            status => anyhow::bail!("HTTP {status} to {id}"),
                        }
                    }
                    Ok(())
                });
            }
            try_join_all(all).await?;
        }
        Ok(())
    }

    async fn customers_write(&mut self, who: std::ops::Range<usize>) -> anyhow::Result<()> {
        let said = |n: usize| json!({"conversation_id": format!("c-{n}"), "message_id": "m-1", "text": FACT});
        self.tell(who.map(|n| (n, format!("evt-{n}"), "message.created", said(n))).collect()).await
    }

    /// A reviewer sends everything that waits for them.
    async fn approve(&mut self) -> anyhow::Result<()> {
        let sql = "SELECT id FROM cases WHERE state = 'awaiting_review'";
        let waiting =
            self.app.store.read(move |tx| Box::pin(async move { Ok(tx.all::<(String,)>(sql, args![]).await?) }));
        for some in waiting.await?.chunks(32) {
            let taps = some.iter().map(|(case,)| approved(self.app.clone(), case.clone()));
            ensure!(try_join_all(taps).await?.into_iter().all(|approved| approved), "a reviewer was refused");
        }
        Ok(())
    }

    /// The other system does not know what became of some of the newest replies.
    async fn some_are_unknown(&mut self, before: usize) -> anyhow::Result<usize> {
        let mut events = Vec::new();
        for reply in self.other.replies_after(before) {
            if self.happens(UNKNOWN) {
                let data = json!({"conversation_id": reply.conversation, "reply_id": reply.id, "state": "unknown"});
                let customer = reply.conversation.trim_start_matches("c-").parse()?;
                events.push((customer, format!("unknown-{}", reply.id), "delivery.updated", data));
            }
        }
        let unknown = events.len();
        self.tell(events).await?;
        worker::pump(&self.app).await?;
        Ok(unknown)
    }

    async fn count(&self, sql: &'static str, args: Args) -> anyhow::Result<i64> {
        let counted = self.app.store.read(move |tx| {
            Box::pin(async move { Ok(tx.one::<(i64,)>(sql, args).await?.map_or(0, |(count,)| count)) })
        });
        counted.await
    }

    async fn look(&mut self, unknown: usize) -> anyhow::Result<()> {
        let (replies, lost) = (self.other.replies(), self.other.lost());
        let intents = self.count("SELECT COUNT(*) FROM sends", args![]).await?;
        ensure!(self.other.refused().is_empty() && i64::try_from(replies.len())? == intents, "{intents} intents");
        let mut by_customer: BTreeMap<&str, usize> = BTreeMap::new();
        replies.iter().for_each(|reply| *by_customer.entry(&reply.conversation).or_default() += 1);
        let kept = self.count("SELECT COUNT(*) FROM messages WHERE author = 'customer'", args![]).await?;
        let twice = "SELECT COUNT(*) FROM (SELECT conversation FROM messages WHERE author = 'customer'
                       GROUP BY conversation HAVING COUNT(*) > 1) AS twice";
        let doubted = "SELECT COUNT(DISTINCT cards.case_id) FROM cards JOIN cases ON cases.id = cards.case_id
                         WHERE cases.state = 'unknown' AND cards.state IN ('posting', 'open')";
        let (doubts, on_a_card) = (
            self.count("SELECT COUNT(*) FROM cases WHERE state = 'unknown'", args![]).await?,
            self.count(doubted, args![]).await?,
        );
        ensure!(doubts == on_a_card, "{doubts} doubts, {on_a_card} of them on a card");
        self.seen = Seen {
            carried: replies.len(),
            lost_out: lost.len(),
            kept_twice: self.count(twice, args![]).await?,
            carried_twice: by_customer.values().filter(|replies| **replies > 1).count(),
            not_kept: i64::try_from(self.customers)? - kept,
            not_carried: self.customers - by_customer.len(),
            learned: lost.iter().collect::<BTreeSet<_>>().len(),
            unknown,
            on_a_card,
            in_flight: self.count("SELECT COUNT(*) FROM sends WHERE state = 'in_flight'", args![]).await?,
            ..std::mem::take(&mut self.seen)
        };
        Ok(())
    }
}

async fn approved(app: App, case: String) -> anyhow::Result<bool> {
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let known = cases::load(tx, &case).await?.context("no such case")?;
                let (version, code) = (known.version, known.code());
                ensure!(matches!(known.state, State::AwaitingReview(_)));
                let person = known.channel.replacen('c', "boss", 1);
                let tap = Tap { person, version, code, decision: Decision::Send };
                Ok(apply::apply(tx, &app, &case, &Event::Tapped(tap)).await?.is_ok())
            })
        })
        .await
}

fn desk(url: &str) -> String {
    let mut desk = "[desk]\nreview_minutes = 1440\n".to_owned();
    for n in 0..CHANNELS {
        desk += &format!(
            "[[people]]\nid = \"boss{n}\"\nname = \"老板\"\nwecom = \"Boss{n}\"\n\
             roles = [\"admin\", \"supervisor\", \"knowledge_owner\"]\n[[channels]]\nid = \"c{n}\"\nkind = \"webhook\"\n\
             account = \"account{n}\"\nstore = \"flagship\"\nowner = \"boss{n}\"\npermitted = [\"boss{n}\"]\n\
             escalation_owner = \"boss{n}\"\nmode = \"draft\"\nallowed_actions = [\"reply\"]\nurl = \"{url}\"\n\
             private = true\n"
        );
    }
    desk
}
