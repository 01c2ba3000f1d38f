//! Starting on an older copy of the database: noticed, paused, and nothing leaves a second time.

use std::path::Path;
use std::time::Duration;

use aijia::store::pauses;
use anyhow::ensure;
use cards::Act;
use simulator::Api;

use crate::operations::{postgres_tool, succeeds};
use crate::story;
use crate::world::{FLAGSHIP, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

/// A copy of the database as it is now, made by the database's own means; its address.
async fn copied(world: &World, name: &str) -> anyhow::Result<String> {
    let url = world.database_url();
    if !url.starts_with("postgres") {
        let copy = world.folder.path().join(name);
        world.app.store.copy_to(&copy).await?;
        return Ok(format!("sqlite://{}", copy.display()));
    }
    let (dump, new) = (world.folder.path().join(name), world.another_database().await?);
    pg(&["pg_dump", "--format=custom"], &dump, "--file=", &[&url])?;
    let to = format!("--dbname={new}");
    pg(&["pg_restore", "--exit-on-error", "--no-owner"], &dump, "", &[&to])?;
    Ok(new)
}

fn pg(tool: &[&str], file: &Path, prefix: &str, rest: &[&str]) -> anyhow::Result<()> {
    let mut command = postgres_tool(tool[0]);
    command.args(&tool[1..]).args(rest).arg(format!("{prefix}{}", file.display()));
    succeeds(command)
}

async fn paused_by_the_system(world: &World) -> anyhow::Result<bool> {
    let register = world.app.store.read(|tx| Box::pin(async move { Ok(pauses::in_force(tx).await?) })).await?;
    Ok(register.iter().any(|pause| pause.scope == "everything" && pause.person == "system"))
}

/// How long the platform takes answers.
fn aijia_window() -> Duration {
    Duration::from_secs(48 * 3600)
}

/// Two customers ask and are answered after the copy was made. `age` later the program starts on the copy.
async fn restored(world: &mut World, age: Duration) -> anyhow::Result<()> {
    world.customer_says(FACT).await?;
    let old_card = world.card("LiHua")?;
    let copy = copied(world, "older.db").await?;
    world.taps_card("LiHua", &old_card, Act::Send, &[]).await?;
    world.says(FLAGSHIP, "wmAqiang", FACT).await?;
    let card = world.card_of("LiHua", 2)?;
    world.taps_card("LiHua", &card, Act::Send, &[]).await?;
    ensure!(world.customer_heard(XIAOYU).len() == 1 && world.customer_heard("wmAqiang").len() == 1);
    world.wait(age).await?;
    let sent = world.sim.count(Api::KfSendMsg);

    ensure!(world.starts_on(&copy).await?, "the copy is taken for what it is");
    ensure!(paused_by_the_system(world).await?);
    ensure!(world.phone("WangWu").contains("恢复了备份"), "who may resume is told: {}", world.phone("WangWu"));
    for _ in 0..4 {
        world.wait(Duration::from_secs(15)).await?;
    }
    ensure!(world.number_of("wmAqiang").await? == Some(2), "what was said since the copy is read again");
    if age >= aijia_window() {
        // The platform takes no answer any more.
        ensure!(world.sim.count(Api::KfSendMsg) == sent);
        return Ok(());
    }
    let again = world.card_of("LiHua", 2)?;
    ensure!(again.text().contains("可能已答复过"), "{}", again.text());
    world.taps_card("LiHua", &again, Act::Send, &[]).await?;
    world.taps_late("LiHua", &old_card, Act::Send).await?;
    ensure!(world.sim.count(Api::KfSendMsg) == sent, "nothing leaves while it is paused");
    ensure!(!world.starts_on(&copy).await?, "known by now: no second alarm");
    ensure!(paused_by_the_system(world).await?, "and still paused");
    world.member_says("ChenJie", "/status").await?;
    let status = world.newest_text("ChenJie");
    ensure!(status.contains("助手") && !status.contains("system"), "{status}");
    world.member_says("ChenJie", "/恢复 全部").await?;
    ensure!(paused_by_the_system(world).await?, "one person is not enough");
    world.member_says("WangWu", "/恢复 全部").await?;
    ensure!(!paused_by_the_system(world).await?);
    world.wait(Duration::from_secs(60)).await?;
    ensure!(world.sim.count(Api::KfSendMsg) == sent, "resuming sends nothing by itself");
    let seen = world.card_of("LiHua", 2)?;
    world.taps_card("LiHua", &seen, Act::Send, &[]).await?;
    ensure!(world.sim.count(Api::KfSendMsg) == sent + 1, "a person's tap does, knowing it");
    Ok(())
}

story!(
    /// A copy of a minute ago.
    a_copy_of_a_minute_ago_is_noticed,
    |world| {
        restored(world, Duration::from_secs(60)).await?;
    }
);

story!(
    /// A copy of some hours ago.
    a_copy_of_some_hours_ago_is_noticed,
    |world| {
        restored(world, Duration::from_secs(5 * 3600)).await?;
    }
);

story!(
    /// A copy of nearly three days ago: as far back as the platform keeps messages.
    a_copy_of_days_ago_is_noticed,
    |world| {
        restored(world, Duration::from_secs(70 * 3600)).await?;
    }
);

story!(
    /// An ordinary restart is no recovery, however it ended: with everything sealed, with something unsealed, killed.
    an_ordinary_restart_is_no_recovery,
    |world| {
        let database = world.database_url();
        for round in 0..3 {
            world.customer_says(FACT).await?;
            if round > 0 {
                world.wait(Duration::from_secs(61)).await?;
            }
            ensure!(!world.starts_on(&database).await?, "round {round}");
        }
        ensure!(!paused_by_the_system(world).await?);
    }
);
