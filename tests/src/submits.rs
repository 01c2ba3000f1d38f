//! Many notes through the whole desk with one fault in ten: answers lost before and after the write, refusals, changed
//! pages, ended sessions, the program killed with a note on its way. `SUBMITS=5000` makes it the whole campaign
//! (`make submits`).

use std::collections::BTreeMap;
use std::time::Duration;

use aijia::store::actions::ActionState;
use aijia::worker;
use anyhow::{Context, ensure};
use cards::PlanAct;
use simulator::Lost;
use simulator::seller::{Guise, Mishap};

use crate::actions::{ORDER, action, asked, key, notes, plan_card, presses, writes};
use crate::story;
use crate::world::{Setting, World};

/// Notes in continuous integration: one for each fault, and one without.
const USUAL: usize = FAULTS.len() + 1;

/// What goes wrong with a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    LostAfter,
    LostBefore,
    BrokenAfter,
    SignedOutAfter,
    Refused,
    ChangedPage,
    SessionEnded,
    Killed,
}

const FAULTS: [Fault; 8] = [
    Fault::LostAfter,
    Fault::ChangedPage,
    Fault::Killed,
    Fault::Refused,
    Fault::SessionEnded,
    Fault::LostBefore,
    Fault::BrokenAfter,
    Fault::SignedOutAfter,
];

impl Fault {
    /// How the action has to stand afterwards.
    fn expected(self) -> ActionState {
        match self {
            Self::LostAfter | Self::LostBefore | Self::BrokenAfter | Self::SignedOutAfter | Self::Killed => {
                ActionState::Unknown
            }
            Self::Refused => ActionState::Refused,
            Self::ChangedPage | Self::SessionEnded => ActionState::Stopped,
        }
    }

    fn befalls(self, world: &World) -> anyhow::Result<()> {
        let seller = world.seller()?;
        match self {
            Self::LostAfter => seller.upset([Mishap::After(Lost::Drop)]),
            Self::LostBefore => seller.upset([Mishap::Before(Lost::Drop)]),
            Self::BrokenAfter => seller.upset([Mishap::After(Lost::BadGateway)]),
            Self::SignedOutAfter => seller.upset([Mishap::SignedOut]),
            Self::Refused => seller.upset([Mishap::Refused(409)]),
            Self::Killed => seller.upset([Mishap::After(Lost::Hang)]),
            Self::ChangedPage => seller.appear(Guise::Redesigned),
            Self::SessionEnded => seller.expire_sessions(),
        }
        Ok(())
    }
}

/// Every tenth note meets a fault; a short run meets each of them once.
fn fault_of(n: usize, count: usize) -> Option<Fault> {
    match count {
        ..80 => FAULTS.get(n).copied(),
        _ => (n % 10 == 1).then(|| FAULTS[(n / 10) % FAULTS.len()]),
    }
}

async fn approved(world: &mut World, fault: Option<Fault>) -> anyhow::Result<()> {
    if let Some(fault) = fault {
        fault.befalls(world)?;
    }
    if fault != Some(Fault::Killed) {
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
    if matches!(fault, Fault::SessionEnded | Fault::SignedOutAfter) {
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
    let state = action(world, n + 1).await?.state;
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

story!(
    /// However many notes and faults: none is handed in twice, each whose answer is missing is on a card, and what was
    /// stopped wrote nothing.
    notes_under_faults_are_never_doubled,
    in Setting::with_actions("reviewed").await?,
    |world| {
        let count = std::env::var("SUBMITS").ok().and_then(|count| count.parse().ok()).unwrap_or(USUAL);
        if !asked(world).await? {
            return Ok(());
        }
        let mut met: BTreeMap<Option<Fault>, usize> = BTreeMap::new();
        for n in 0..count {
            let fault = fault_of(n, count);
            one(world, n, fault).await.with_context(|| format!("note {n}, {fault:?}"))?;
            *met.entry(fault).or_default() += 1;
        }
        let left = |fault: &Option<Fault>| !matches!(fault, Some(Fault::ChangedPage | Fault::SessionEnded));
        let requests: usize = met.iter().filter(|(fault, _)| left(fault)).map(|(_, times)| times).sum();
        ensure!(writes(world)? == requests, "{} writes reached the shop for {requests} approvals", writes(world)?);
        println!("{count} notes, {requests} writes, 0 twice: {met:?}");
    }
);
