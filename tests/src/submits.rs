//! Many notes through the whole desk with one fault in ten: answers lost before and after the write, answers that never
//! come, refusals, changed pages, sessions that end before the form and in the middle of it, the program gone with a note
//! on its way. `SUBMITS=5000` makes it the whole campaign (`make submits`), several shops side by side; `killed` does the
//! last of these with `kill -9` to the real program.

mod killed;

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use aijia::store::actions::ActionState;
use aijia::worker;
use anyhow::{Context, ensure};
use cards::PlanAct;
use futures::{StreamExt, TryStreamExt, stream};
use simulator::Lost;
use simulator::seller::{Guise, Mishap};

use crate::actions::{ORDER, action, asked, key, notes, plan_card, presses, writes};
use crate::world::{self, On, Setting, World};

/// Notes in continuous integration: one for each fault, and one without.
const USUAL: usize = FAULTS.len() + 1;
/// Notes in one shop: what a desk keeps of them grows, and a campaign takes another one.
const IN_ONE_SHOP: usize = 100;
/// Shops side by side in a campaign: a note is mostly waiting for its browser.
const SIDE_BY_SIDE: usize = 3;

/// What goes wrong with a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    LostAfter,
    HungAfter,
    LostBefore,
    BrokenAfter,
    SignedOutAfter,
    Refused,
    ChangedPage,
    SessionEnded,
    SessionEndedMidForm,
    ProgramGone,
}

const FAULTS: [Fault; 10] = [
    Fault::LostAfter,
    Fault::ChangedPage,
    Fault::ProgramGone,
    Fault::Refused,
    Fault::SessionEnded,
    Fault::HungAfter,
    Fault::SessionEndedMidForm,
    Fault::LostBefore,
    Fault::BrokenAfter,
    Fault::SignedOutAfter,
];

impl Fault {
    /// How the action has to stand afterwards.
    fn expected(self) -> ActionState {
        match self {
            Self::LostAfter
            | Self::HungAfter
            | Self::LostBefore
            | Self::BrokenAfter
            | Self::SignedOutAfter
            | Self::SessionEndedMidForm
            | Self::ProgramGone => ActionState::Unknown,
            Self::Refused => ActionState::Refused,
            Self::ChangedPage | Self::SessionEnded => ActionState::Stopped,
        }
    }

    /// Whether the note reaches the shop.
    fn leaves(self) -> bool {
        self.expected() != ActionState::Stopped
    }

    /// Whether a person has to sign in afterwards.
    fn signs_out(self) -> bool {
        matches!(self, Self::SessionEnded | Self::SessionEndedMidForm | Self::SignedOutAfter)
    }

    fn befalls(self, world: &World) -> anyhow::Result<()> {
        let seller = world.seller()?;
        match self {
            Self::LostAfter => seller.upset([Mishap::After(Lost::Drop)]),
            Self::HungAfter | Self::ProgramGone => seller.upset([Mishap::After(Lost::Hang)]),
            Self::LostBefore => seller.upset([Mishap::Before(Lost::Drop)]),
            Self::BrokenAfter => seller.upset([Mishap::After(Lost::BadGateway)]),
            Self::SignedOutAfter => seller.upset([Mishap::SignedOut]),
            Self::SessionEndedMidForm => seller.upset([Mishap::Lapsed]),
            Self::Refused => seller.upset([Mishap::Refused(409)]),
            Self::ChangedPage => seller.appear(Guise::Redesigned),
            Self::SessionEnded => seller.expire_sessions(),
        }
        Ok(())
    }
}

/// Every tenth note meets a fault; a short run meets each of them once.
fn fault_of(n: usize, count: usize) -> Option<Fault> {
    match count {
        ..100 => FAULTS.get(n).copied(),
        _ => (n % 10 == 1).then(|| FAULTS[(n / 10) % FAULTS.len()]),
    }
}

async fn approved(world: &mut World, fault: Option<Fault>) -> anyhow::Result<()> {
    if let Some(fault) = fault {
        fault.befalls(world)?;
    }
    if fault != Some(Fault::ProgramGone) {
        return presses(world, "LiHua", PlanAct::Approve).await.map(drop);
    }
    let (card, before) = (plan_card(world, "LiHua", PlanAct::Approve)?, writes(world)?);
    world.sim.tap("LiHua", &card.task_id, &key(&card, PlanAct::Approve)?, &[]).await?;
    let app = world.app.clone();
    let working = tokio::spawn(async move { worker::pump(&app).await });
    while writes(world)? == before {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    working.abort();
    world.restart().await?;
    world.wait(Duration::from_secs(61)).await
}

/// A person looks, says what stands in the shop, and lets the recipe run again after a passing test.
async fn put_right(world: &mut World, fault: Fault, stands: bool) -> anyhow::Result<()> {
    world.seller()?.appear(Guise::Usual);
    if fault.signs_out() {
        world.signs_in_to_office().await?;
    }
    if fault.expected() == ActionState::Unknown {
        ensure!(plan_card(world, "WangWu", PlanAct::Happened).is_ok(), "{fault:?}: whoever is above has no card");
        let act = if stands { PlanAct::Happened } else { PlanAct::NotHappened };
        presses(world, "LiHua", act).await?;
    }
    if fault != Fault::Refused {
        world.wait(Duration::from_secs(5)).await?;
        world.member_says("WangWu", &format!("/后台 测试 flagship note {ORDER}")).await?;
        world.member_says("WangWu", "/后台 恢复 flagship note").await?;
        ensure!(world.newest_text("WangWu").contains("已恢复"), "{fault:?}: {}", world.newest_text("WangWu"));
    }
    Ok(())
}

async fn one(world: &mut World, n: usize, fault: Option<Fault>) -> anyhow::Result<()> {
    let text = format!("第 {n} 条");
    world.member_says("LiHua", &format!("/do 1 note {text}")).await?;
    approved(world, fault).await?;
    let state = action(world, n % IN_ONE_SHOP + 1).await?.state;
    ensure!(state == fault.map_or(ActionState::Done, Fault::expected), "{n}: {fault:?} came to {state:?}");
    let stands = notes(world)?.iter().filter(|note| note.starts_with(&format!("{text}（"))).count();
    ensure!(stands <= 1, "{n}: {text} stands {stands} times");
    match fault {
        Some(fault) => put_right(world, fault, stands == 1).await?,
        None => ensure!(stands == 1, "{n}: {text} is not there"),
    }
    // The platform takes so many messages a minute, and nobody approves faster than they read.
    world.wait(Duration::from_secs(45)).await
}

/// What notes met, and how many of each.
type Met = BTreeMap<Option<Fault>, usize>;

/// The notes of one shop.
async fn in_one_shop(world: &mut World, notes: Range<usize>, count: usize) -> anyhow::Result<Met> {
    let mut met = Met::new();
    if !asked(world).await? {
        return Ok(met);
    }
    for n in notes {
        let fault = fault_of(n, count);
        one(world, n, fault).await.with_context(|| format!("note {n}, {fault:?}"))?;
        *met.entry(fault).or_default() += 1;
    }
    let left = met.iter().filter(|(fault, _)| fault.is_none_or(Fault::leaves));
    let requests: usize = left.map(|(_, times)| times).sum();
    ensure!(writes(world)? == requests, "{} writes reached the shop for {requests} approvals", writes(world)?);
    Ok(met)
}

/// The same in a world of its own.
async fn shop(on: On, notes: Range<usize>, count: usize) -> anyhow::Result<Met> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let setting = Setting::with_actions("reviewed").await?;
    let story = world::run(on, setting, |world| {
        Box::pin(async move {
            let met = in_one_shop(world, notes, count).await?;
            tell.send(met).map_err(|_| anyhow::anyhow!("nobody asks any more"))
        })
    });
    story.await?;
    // Where there is no such database nothing was told.
    Ok(told.await.unwrap_or_default())
}

async fn campaign(on: On) -> anyhow::Result<()> {
    let count = std::env::var("SUBMITS").ok().map_or(Ok(USUAL), |count| count.parse()).context("SUBMITS")?;
    let began = Instant::now();
    let ends = |first: usize| (first + IN_ONE_SHOP).min(count);
    let shops = (0..count).step_by(IN_ONE_SHOP).map(|first| shop(on, first..ends(first), count));
    let met: Vec<Met> = stream::iter(shops).buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
    let mut all = Met::new();
    for (fault, times) in met.into_iter().flatten() {
        *all.entry(fault).or_default() += times;
    }
    let told: usize = all.values().sum();
    println!("{told} notes in {:.0?}, none of them twice", began.elapsed());
    for (fault, times) in all {
        let name = fault.map_or_else(|| "no fault".to_owned(), |fault| format!("{fault:?}"));
        println!("{times:>6} {name} → {:?}", fault.map_or(ActionState::Done, Fault::expected));
    }
    Ok(())
}

/// However many notes and faults: none is handed in twice, each whose answer is missing is on a card, and what was stopped
/// wrote nothing.
mod notes_under_faults_are_never_doubled {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_sqlite() -> anyhow::Result<()> {
        campaign(On::Sqlite).await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_postgres() -> anyhow::Result<()> {
        campaign(On::Postgres).await
    }
}
