//! Whoever stands above a channel is reached: a test card that is acknowledged, within thirty days (issue 6, the launch
//! checklist's seventh point).

use std::time::Duration;

use aijia::evidence::Kind;
use anyhow::ensure;
use cards::CareAct;

use crate::story;
use crate::world::World;

const DAY: u64 = 24 * 3_600;

/// The line of the checklist about the way to whoever is above.
async fn point(world: &mut World) -> anyhow::Result<String> {
    world.member_says("ChenJie", "/检查").await?;
    let list = world.newest_text("ChenJie");
    Ok(list.lines().find(|line| line.contains("上级确认收到过")).unwrap_or_default().to_owned())
}

story!(
    /// A card that only arrived proves nothing; pressed, it does, for thirty days.
    whoever_is_above_acknowledges_a_test_card,
    |world| {
        world.customer_says("你们就是骗子，我要投诉").await?;
        ensure!(world.has_open_card("WangWu") && point(world).await?.starts_with('✗'), "a card that arrived is no answer");
        world.member_says("LiHua", "/检查 上级").await?;
        ensure!(world.newest_text("LiHua").contains("没有生效"), "{}", world.newest_text("LiHua"));
        world.member_says("ChenJie", "/检查 上级").await?;
        ensure!(world.newest_text("ChenJie").contains("王武"), "{}", world.newest_text("ChenJie"));
        ensure!(world.phone("WangWu").contains("转上级测试"), "{}", world.phone("WangWu"));
        ensure!(point(world).await?.starts_with('✗'), "not before it is pressed");
        world.decides_on_knowledge("WangWu", CareAct::Received).await?;
        ensure!(world.newest_text("WangWu").contains("这条路是通的"), "{}", world.newest_text("WangWu"));
        ensure!(point(world).await?.starts_with('✓'), "{}", point(world).await?);
        let tested = world.entries(Kind::EscalationTested).await?;
        ensure!(tested.len() == 1 && tested[0]["channels"].as_array().is_some_and(|all| all.len() == 2), "{tested:?}");
        ensure!(world.decides_on_knowledge("WangWu", CareAct::Received).await.is_err(), "the card is over");
        world.wait(Duration::from_secs(31 * DAY)).await?;
        ensure!(point(world).await?.starts_with('✗'), "a month ago");
    }
);
