//! Sends whose worker is gone, and workers that only look as if they were.

use std::time::Duration;

use aijia::case::State;
use aijia::evidence::Kind;
use aijia::store::sends;
use aijia::{args, worker};
use anyhow::ensure;
use cards::Act;
use simulator::{Api, Fault, Lost};

use crate::story;
use crate::world::{FLAGSHIP, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

impl World {
    /// Heartbeats of all instances so far.
    async fn heartbeats(&self) -> anyhow::Result<i64> {
        let sql = "SELECT CAST(SUM(beats) AS BIGINT) FROM instances";
        let beats = self.app.store.read(move |tx| Box::pin(async move { Ok(tx.one::<(i64,)>(sql, args![]).await?) }));
        Ok(beats.await?.map_or(0, |(beats,)| beats))
    }
}

story!(
    /// The program dies with a reply on its way, and a servicer had taken over meanwhile: the send is unknown on record,
    /// and no pause calls it under way for ever.
    a_send_whose_case_went_on_is_not_left_under_way,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Hang));
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        let (app, goal) = (world.app.clone(), world.sim.count(Api::KfSendMsg) + 1);
        let working = tokio::spawn(async move { worker::pump(&app).await });
        while world.sim.count(Api::KfSendMsg) < goal {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        world.sim.servicer_types(FLAGSHIP, XIAOYU, "WangWu", "我来答").await?;
        for _ in 0..20 {
            worker::tick(&world.app).await?;
            if matches!(world.case(1).await?.state, State::HandedOver { .. }) {
                break;
            }
        }
        ensure!(matches!(world.case(1).await?.state, State::HandedOver { .. }), "{:?}", world.case(1).await?.state);
        working.abort();
        world.restart().await?;
        world.wait(Duration::from_secs(61)).await?;
        let under_way = world.app.store.read(|tx| Box::pin(async move { Ok(sends::in_flight(tx).await?) }));
        ensure!(under_way.await?.is_empty(), "a send is taken for under way for ever");
        let settled = world.entries(Kind::SendSettled).await?;
        ensure!(settled.len() == 1 && settled[0]["result"]["result"] == "unknown", "{settled:?}");
    }
);

story!(
    /// Letting something out is a sign of life: nobody takes over in the moment the request leaves.
    a_claim_is_a_sign_of_life,
    |world| {
        world.customer_says(FACT).await?;
        let before = world.heartbeats().await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        ensure!(world.heartbeats().await? > before, "no time passed, so only the claim can have told");
    }
);
