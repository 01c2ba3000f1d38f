//! What a customer takes back is nowhere any more.

use std::time::Duration;

use aijia::args;
use anyhow::ensure;

use crate::story;
use crate::world::{FLAGSHIP, World, XIAOYU};

const PLACES: [(&str, &str); 7] = [
    ("messages", "SELECT COUNT(*) FROM messages WHERE body LIKE '%13800001111%'"),
    ("evidence", "SELECT COUNT(*) FROM evidence WHERE payload LIKE '%13800001111%'"),
    ("cases", "SELECT COUNT(*) FROM cases WHERE body LIKE '%13800001111%'"),
    ("gaps", "SELECT COUNT(*) FROM gaps WHERE question LIKE '%13800001111%'"),
    ("entries", "SELECT COUNT(*) FROM entries WHERE body LIKE '%13800001111%'"),
    ("inbox", "SELECT COUNT(*) FROM inbox WHERE body LIKE '%13800001111%'"),
    ("outbox", "SELECT COUNT(*) FROM outbox WHERE body LIKE '%13800001111%'"),
];

async fn left_over(world: &World) -> anyhow::Result<Vec<&'static str>> {
    let mut places = Vec::new();
    for (place, sql) in PLACES {
        let found = world.app.store.read(move |tx| Box::pin(async move { Ok(tx.one::<(i64,)>(sql, args![]).await?) }));
        if found.await?.is_some_and(|(count,)| count > 0) {
            places.push(place);
        }
    }
    Ok(places)
}

story!(
    /// Words that were taken back are gone from every table.
    what_is_taken_back_is_nowhere,
    |world| {
        let asked = "我的电话是13800001111，你们老板养的猫叫什么名字？";
        let msgid = world.sim.customer_says(FLAGSHIP, XIAOYU, asked).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(left_over(world).await?.contains(&"gaps"), "it was remembered as a question nobody can answer");
        world.sim.customer_recalls(&msgid).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(left_over(world).await?.is_empty(), "still in {:?}", left_over(world).await?);
    }
);
