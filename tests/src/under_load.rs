//! Work that is slow, much, or fails again and again: nobody who stands there with a phone waits for it, and nothing
//! is forgotten.

use std::time::{Duration, Instant};

use aijia::args;
use aijia::case::State;
use aijia::clock::Timestamp;
use aijia::evidence::Kind;
use aijia::store::knowledge::{self, EntryState, StoredEntry};
use aijia::store::queue::{self, Job, Rank};
use aijia::store::record;
use aijia::worker;
use anyhow::{Context, ensure};
use cards::Act;
use simulator::openai::Behaviour;
use simulator::{Api, Errcode, Fault, Lost};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::story;
use crate::world::{FLAGSHIP, Setting, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

/// Stores inbox rows that nobody can read, in one lane.
async fn broken_rows(world: &World, lane: &'static str, ids: [&'static str; 2]) -> anyhow::Result<()> {
    let now = world.clock.now();
    world
        .app
        .store
        .commit(move |tx| {
            Box::pin(async move {
                for id in ids {
                    queue::receive(tx, id, id, (lane, Rank::Then), "{", now).await?;
                }
                Ok(())
            })
        })
        .await
}

/// How often an inbox or outbox row was tried, and whether it is done.
async fn tried(world: &World, id: &'static str) -> anyhow::Result<(i64, bool)> {
    let sql = "SELECT attempts, done_at FROM inbox WHERE id = $1
               UNION ALL SELECT attempts, done_at FROM outbox WHERE id = $1";
    let found: Option<(i64, Option<Timestamp>)> =
        world.app.store.read(move |tx| Box::pin(async move { Ok(tx.one(sql, args![id]).await?) })).await?;
    found.map(|(attempts, done)| (attempts, done.is_some())).context("the row is there")
}

/// Time passes until a row that always fails was tried ten times.
async fn ten_attempts(world: &mut World, id: &'static str) -> anyhow::Result<()> {
    for _ in 0..60 {
        if tried(world, id).await?.0 >= 10 {
            return Ok(());
        }
        world.wait(Duration::from_secs(60)).await?;
    }
    anyhow::bail!("tried {:?}", tried(world, id).await?)
}

async fn alarms(world: &World, key: &str) -> anyhow::Result<usize> {
    let desk = world.app.store.read(|tx| Box::pin(async move { record::of_desk(tx, 500).await })).await?;
    let told = desk.into_iter().filter(|told| told.kind == Kind::Alarm).filter_map(|told| told.payload);
    Ok(told.filter(|payload| payload["key"] == key).count())
}

story!(
    /// A customer's message that cannot be handled is never dropped: it backs off, what follows it waits, somebody is
    /// told once, and it is tried again for ever.
    a_customers_message_never_vanishes,
    |world| {
        broken_rows(world, "kf:wkX:wmX", ["f-1", "f-2"]).await?;
        world.settle().await?;
        ensure!(tried(world, "f-1").await? == (1, false));
        ensure!(tried(world, "f-2").await?.0 == 0, "what follows waits for it");
        world.wait(Duration::from_secs(1)).await?;
        ensure!(tried(world, "f-1").await?.0 == 1, "the wait after a failure is kept");
        ten_attempts(world, "f-1").await?;
        ensure!(alarms(world, "told.message_stuck").await? == 1);
        ensure!(world.phone("WangWu").contains("每小时"), "{}", world.phone("WangWu"));
        world.wait(Duration::from_secs(30 * 60)).await?;
        ensure!(tried(world, "f-1").await? == (10, false));
        world.wait(Duration::from_secs(31 * 60)).await?;
        ensure!(tried(world, "f-1").await? == (11, false) && tried(world, "f-2").await?.0 == 0);
        ensure!(alarms(world, "told.message_stuck").await? == 1, "said once");
        world.says(FLAGSHIP, XIAOYU, FACT).await?;
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)), "others are served meanwhile");
        let sql = "DELETE FROM inbox WHERE id = 'f-2'";
        world.app.store.commit(move |tx| Box::pin(async move { Ok(tx.run(sql, args![]).await?) })).await?;
    }
);

story!(
    /// What a colleague's phone sent and nobody can read is set aside, and what follows goes on.
    an_unreadable_tap_is_set_aside,
    |world| {
        broken_rows(world, "from:lihua", ["f-1", "f-2"]).await?;
        ten_attempts(world, "f-1").await?;
        ensure!(tried(world, "f-1").await? == (10, true) && alarms(world, "told.set_aside").await? == 1);
        world.wait(Duration::from_secs(1)).await?;
        ensure!(tried(world, "f-2").await?.0 >= 1);
    }
);

story!(
    /// A job that always fails is said aloud once, with its kind and case, and tried once an hour from then on.
    a_job_that_always_fails_is_said_aloud,
    |world| {
        world.customer_says(FACT).await?;
        let (case, now) = (world.case(1).await?.id, world.clock.now());
        let stored = world.app.store.commit(move |tx| {
            Box::pin(async move {
                let (id, lane, rank) = ("f-job".to_owned(), "draft:broken".to_owned(), Rank::Slow);
                let (kind, case_id, member, body) = ("draft", Some(case.as_str()), None, "{".to_owned());
                let job = Job { id, lane, rank, kind, case_id, member, body, due_at: now };
                Ok(queue::enqueue(tx, job).await?)
            })
        });
        stored.await?;
        ten_attempts(world, "f-job").await?;
        ensure!(alarms(world, "told.job_stuck").await? == 1);
        let told = world.phone("WangWu");
        ensure!(told.contains("draft") && told.contains("#1"), "{told}");
        world.wait(Duration::from_secs(30 * 60)).await?;
        ensure!(tried(world, "f-job").await? == (10, false));
        world.wait(Duration::from_secs(31 * 60)).await?;
        ensure!(tried(world, "f-job").await? == (11, false) && alarms(world, "told.job_stuck").await? == 1);
    }
);

story!(
    /// One entry that cannot be read does not take the rest of the knowledge away.
    an_unreadable_entry_is_left_out,
    |world| {
        let broken = StoredEntry {
            id: "broken".into(),
            version: 1,
            state: EntryState::Published,
            owner: "wangwu".into(),
            title: String::new(),
            body: "{".into(),
            content_sha256: String::new(),
            channels: None,
            created_at: 0,
            verify_by: None,
        };
        let added = world.app.store.commit(move |tx| {
            Box::pin(async move { Ok(knowledge::add(tx, &broken, 0).await?) })
        });
        added.await?;
        world.customer_says(FACT).await?;
        ensure!(world.card("LiHua")?.text().contains("起球"));
    }
);

/// The worker's loops as a serving program has them.
fn works(world: &World) -> (watch::Sender<bool>, JoinHandle<()>) {
    let (stop, stopping) = watch::channel(false);
    (stop, tokio::spawn(worker::run(world.app.clone(), stopping)))
}

/// Waits, in real time, until something is so.
async fn within(limit: Duration, mut so: impl FnMut() -> bool) -> anyhow::Result<()> {
    let began = Instant::now();
    while !so() {
        ensure!(began.elapsed() < limit, "not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

story!(
    /// While the platform takes its time to hand out customers' messages, a pause is acknowledged at once.
    a_pause_does_not_wait_for_slow_reading,
    |world| {
        world.sim.faults().always(Api::KfSyncMsg, Fault::Slow(6_000));
        let (stop, working) = works(world);
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        world.sim.says("WangWu", "/暂停 kf-flagship").await?;
        let acknowledged = within(Duration::from_secs(4), || world.phone("WangWu").contains("暂停")).await;
        world.sim.faults().clear();
        stop.send(true)?;
        working.await?;
        acknowledged?;
    }
);

story!(
    /// While more drafts are being written than the desk can write at once, a pause is acknowledged at once.
    a_pause_does_not_wait_for_slow_drafts,
    in Setting { model: Some(Behaviour::Slow { ms: 3_000 }), ..Setting::default() },
    |world| {
        for n in 0..40 {
            let customer = format!("wmSlow{n}");
            world.sim.add_customer(&customer, &format!("顾客{n}"));
            world.sim.customer_says(FLAGSHIP, &customer, FACT).await?;
        }
        world.settle().await?;
        world.clock.advance(4_000);
        world.sim_clock.advance(4_000);
        let (stop, working) = works(world);
        let model = world.model.clone().context("a model")?;
        within(Duration::from_secs(5), || model.chats().len() >= 16).await?;
        world.sim.says("WangWu", "/暂停 kf-flagship").await?;
        let acknowledged = within(Duration::from_secs(2), || world.phone("WangWu").contains("暂停")).await;
        let drafting = model.chats().len();
        model.behave(Behaviour::Honest);
        stop.send(true)?;
        working.await?;
        acknowledged?;
        ensure!(drafting == 16, "{drafting} drafts were written at once");
        world.wait(Duration::from_secs(61)).await?;
        world.wait(Duration::from_secs(61)).await?;
    }
);

story!(
    /// A phone that gets as many cards as the platform shows still gets an answer to a question, at once.
    an_answer_does_not_wait_behind_cards,
    |world| {
        for n in 0..40 {
            let customer = format!("wmFlood{n}");
            world.sim.add_customer(&customer, &format!("顾客{n}"));
            world.sim.customer_says(FLAGSHIP, &customer, FACT).await?;
        }
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let before = world.sim.inbox("LiHua").len();
        world.member_says("LiHua", "/whoami").await?;
        let inbox = world.sim.inbox("LiHua");
        ensure!(inbox.len() > before && inbox.len() <= 30, "{before} and then {}", inbox.len());
        ensure!(world.newest_text("LiHua").contains("李华"), "{}", world.newest_text("LiHua"));
        world.wait(Duration::from_secs(61)).await?;
        world.wait(Duration::from_secs(61)).await?;
    }
);

story!(
    /// A program alone on its database goes on at once where the one before it was killed.
    work_of_a_killed_program_is_taken_over,
    |world| {
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        world.settle().await?;
        world.clock.advance(4_000);
        world.sim_clock.advance(4_000);
        world.sim.faults().always(Api::MessageSend, Fault::Before(Lost::Hang));
        world.killed_at(Api::MessageSend, 1).await?;
        world.sim.faults().clear();
        worker::begin(&world.app, Vec::new()).await?;
        world.settle().await?;
        let posted = world.has_open_card("LiHua") && world.has_open_card("ZhaoLiu");
        ensure!(posted != world.app.store.is_shared(), "with others on the database silence has to tell");
        world.wait(Duration::from_secs(61)).await?;
        ensure!(world.has_open_card("LiHua") && world.has_open_card("ZhaoLiu"));
    }
);

story!(
    /// Two people pause from their cards at the same moment: both pauses hold, and neither waits for the other for ever.
    two_pause_from_their_cards_at_once,
    |world| {
        world.customer_says(FACT).await?;
        for member in ["LiHua", "ZhaoLiu"] {
            world.taps(member, Act::Pause).await?;
        }
        for member in ["LiHua", "ZhaoLiu"] {
            let card = world.card(member)?;
            let chosen = [("scope", "conversation")];
            world.sim.tap(member, &card.task_id, &card.key(Act::ConfirmPause)?, &chosen).await?;
        }
        world.settle().await?;
        let said = ["LiHua", "ZhaoLiu"].map(|member| world.newest_text(member));
        let counted = world.app.store.read(|tx| Box::pin(async move { Ok(record::count(tx, Kind::Paused).await?) }));
        ensure!(counted.await? == 2, "{said:?}");
    }
);

story!(
    /// A desk that reads no customer's message any more says so, and says when it does again.
    a_desk_that_cannot_read_is_not_ready,
    |world| {
        let ready = format!("{}/readyz", world.address);
        ensure!(reqwest::get(&ready).await?.status() == 200);
        world.sim.faults().always(Api::KfSyncMsg, Fault::Refuse(Errcode(-1)));
        for _ in 0..9 {
            world.wait(Duration::from_secs(10)).await?;
        }
        ensure!(reqwest::get(&ready).await?.status() == 503, "every reading fails");
        world.sim.faults().clear();
        // The two accounts are read in turn.
        for _ in 0..4 {
            world.wait(Duration::from_secs(10)).await?;
        }
        ensure!(reqwest::get(&ready).await?.status() == 200);
    }
);

story!(
    /// Work that comes while nobody listens is not slept over.
    news_is_kept_for_whoever_was_busy,
    |world| {
        let mut news = world.app.store.news();
        world.sim.says("LiHua", "/whoami").await?;
        let asked = Instant::now();
        news.wait(Duration::from_secs(20)).await;
        ensure!(asked.elapsed() < Duration::from_secs(10), "the news was lost");
        let asked = Instant::now();
        world.app.store.commit(|_| Box::pin(async move { Ok(()) })).await?;
        news.wait(Duration::from_millis(50)).await;
        ensure!(asked.elapsed() >= Duration::from_millis(50), "what brings no work wakes nobody");
    }
);

story!(
    /// Checkpoints that the file missed are made up for; a line that was cut off spoils no other.
    missing_checkpoints_are_made_up_for,
    |world| {
        let file = world.folder.path().join(worker::checkpoint::FILE);
        for _ in 0..3 {
            world.customer_says(FACT).await?;
            worker::checkpoint::seal(&world.app).await?;
        }
        let whole = std::fs::read_to_string(&file)?;
        let lines: Vec<&str> = whole.lines().collect();
        let torn: String = lines[1].chars().take(30).collect();
        std::fs::write(&file, format!("{}\n{torn}", lines[0]))?;
        world.customer_says(FACT).await?;
        worker::checkpoint::seal(&world.app).await?;
        let stored = world.app.store.read(|tx| Box::pin(async move { Ok(record::checkpoints(tx).await?) })).await?;
        let mended = std::fs::read_to_string(&file)?;
        let mended: Vec<&str> = mended.lines().filter(|line| *line != torn).collect();
        ensure!(mended == stored, "{mended:#?}\n{stored:#?}");
    }
);
