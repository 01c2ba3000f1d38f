//! A language model that is slow, hostile, broken in every way, or gone.

use std::time::Duration;

use anyhow::Context as _;
use simulator::openai::{Behaviour, BrokenKind};
use tokio::time::sleep;

use super::{Context, Row, campaign};
use crate::database::On;
use crate::stage::Bustle;
use crate::world::Plan;

/// Everything that a model does.
fn behaviours() -> Vec<Behaviour> {
    use BrokenKind::{
        CutsOff, EmptyChoices, Endless, Garbage, Hangs, Http500, HugeBody, Prose, Refuses, TruncatedJson,
    };
    let broken = [Http500, Garbage, TruncatedJson, EmptyChoices, Prose, Refuses, CutsOff, Endless, Hangs, HugeBody];
    let mut all: Vec<Behaviour> = broken.into_iter().map(Behaviour::Broken).collect();
    all.extend([
        Behaviour::Honest,
        Behaviour::Slow { ms: 800 },
        Behaviour::Hostile,
        Behaviour::RateLimited,
        Behaviour::Says(String::new()),
        Behaviour::Says("I will answer in another language than asked.".to_owned()),
        Behaviour::Says("{\"parts\":[\"亲，全额退款已经批准！\"],\"citations\":[\"invented:99\"]}".to_owned()),
    ]);
    all
}

/// Every behaviour in turn; a trial is a request that met one of the bad ones.
///
/// # Errors
/// Where the program does not come up.
pub async fn run(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(40, 5_000, 50_000);
    let plan = Plan { model: Some(Behaviour::Honest), ..context.plan(On::Sqlite, 1) };
    let bustle = Bustle { per_second: 12.0, ..Bustle::default() };
    campaign(("model", "requests"), plan, bustle, &mut Vec::new(), async |stage, notes| {
        let model = stage.world.model.clone().context("a model")?;
        let (all, mut met, mut turns) = (behaviours(), 0, 0);
        while met < trials || turns < all.len() {
            let Some(behaviour) = all.get(turns % all.len()) else { break };
            model.behave(behaviour.clone());
            let before = model.chats().len();
            sleep(Duration::from_millis(600)).await;
            if *behaviour != Behaviour::Honest {
                met += (model.chats().len() - before) as u64;
            }
            turns += 1;
        }
        model.behave(Behaviour::Honest);
        notes.push(format!("{} behaviours", all.len()));
        Ok(met)
    })
    .await
}
