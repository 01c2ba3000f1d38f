//! Two people, two taps, old cards, people without the right (scenarios 9, 14, 15, 71).

use aijia::case::State;
use aijia::evidence::Kind;
use aijia::store::record;
use aijia::{config, start};
use anyhow::ensure;
use cards::Act;

use crate::story;
use crate::world::{FLAGSHIP, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

async fn one_wins_and_one_is_told(world: &World, number: i64) -> anyhow::Result<()> {
    let record = world.record(number).await?;
    let won = record.iter().filter(|told| matches!(told.kind, Kind::Decided | Kind::TakenOver)).count();
    let refused = record.iter().filter(|told| told.kind == Kind::Refused).count();
    ensure!((won, refused) == (1, 1), "one wins, one is told: {won} and {refused}");
    Ok(())
}

story!(
    /// Scenario 14: exactly one decision counts; the other person sees the final state.
    two_reviewers_decide_at_once,
    |world| {
        world.customer_says(FACT).await?;
        let (mine, yours) = (world.card("LiHua")?, world.card("ZhaoLiu")?);
        let (mine_key, yours_key) = (mine.key(Act::Send)?, yours.key(Act::TakeOver)?);
        let (one, two) = tokio::join!(
            world.sim.tap("LiHua", &mine.task_id, &mine_key, &[]),
            world.sim.tap("ZhaoLiu", &yours.task_id, &yours_key, &[]),
        );
        ensure!(one?.accepted() && two?.accepted());
        world.settle().await?;
        one_wins_and_one_is_told(world, 1).await?;
        ensure!(!world.has_open_card("LiHua") && !world.has_open_card("ZhaoLiu"));
    }
);

story!(
    /// The same in words, some times over: nothing is locked before the two meet at the case.
    two_reviewers_write_at_once,
    |world| {
        for number in 1..=5 {
            let customer = format!("wmGuest{number}");
            world.sim.add_customer(&customer, "顾客");
            world.says(FLAGSHIP, &customer, FACT).await?;
            let approve = format!("/approve {number} {}", world.card_of("LiHua", number)?.code()?);
            let take = format!("/take {number}");
            let (one, two) = tokio::join!(world.sim.says("LiHua", &approve), world.sim.says("ZhaoLiu", &take));
            ensure!(one?.accepted() && two?.accepted());
            world.settle().await?;
            one_wins_and_one_is_told(world, number).await?;
        }
    }
);

story!(
    /// A double tap is done, not an error, and sends once.
    a_double_tap_sends_once,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        let key = card.key(Act::Send)?;
        let tap = || world.sim.tap_late("LiHua", &card.task_id, &key, &[]);
        let (one, two) = tokio::join!(tap(), tap());
        ensure!(one?.accepted() && two?.accepted());
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// Scenario 9: a person outside the permitted list changes nothing but the record.
    somebody_without_the_right_presses,
    |world| {
        world.customer_says(FACT).await?;
        let code = world.card("LiHua")?.code()?;
        for outsider in ["SunMei", "Stranger"] {
            world.member_says(outsider, &format!("/approve 1 {code}")).await?;
        }
        ensure!(world.customer_heard(XIAOYU).is_empty());
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)));
        let desk = world.app.store.read(|tx| Box::pin(async move { record::of_desk(tx, 50).await })).await?;
        let refused = desk.iter().filter(|told| told.kind == Kind::Refused).count();
        ensure!(refused == 2, "both are on record: {refused}");
        ensure!(!world.newest_text("SunMei").is_empty(), "they are told");
    }
);

story!(
    /// A person removed from the configuration loses the right at the next tap, without voiding the cards of others.
    a_person_removed_meanwhile,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        let without = include_str!("../../bot/demo/aijia.toml").replace("\"lihua\", ", "");
        let without = remove_person(&without, "lihua");
        let desk = config::parse_desk(&without, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
        start::apply_desk(&world.app, desk, "without lihua".into()).await?;
        world.settle().await?;
        world.sim.tap_late("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        world.settle().await?;
        ensure!(world.customer_heard(XIAOYU).is_empty());
        world.taps("ZhaoLiu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "people and names do not void cards");
    }
);

fn remove_person(toml: &str, id: &str) -> String {
    let blocks: Vec<&str> = toml.split("[[people]]").collect();
    let keep = blocks.iter().filter(|block| !block.contains(&format!("id = \"{id}\"")));
    keep.copied().collect::<Vec<_>>().join("[[people]]")
}

story!(
    /// Scenario 15: the policy changes between card and tap; execution is withheld and a new review asked.
    the_policy_changes_while_a_card_is_open,
    |world| {
        world.customer_says(FACT).await?;
        let old = world.card("LiHua")?;
        let stricter = include_str!("../../bot/demo/aijia.toml").to_owned() + "\n[policy]\nconfidence = 0.95\n";
        let stricter = if stricter.matches("[policy]").count() > 1 {
            include_str!("../../bot/demo/aijia.toml").replace("confidence = 0.90", "confidence = 0.95")
        } else {
            stricter
        };
        let desk = config::parse_desk(&stricter, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
        start::apply_desk(&world.app, desk, "stricter".into()).await?;
        world.taps_late("LiHua", &old, Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "what was judged under the old policy is not sent");
        world.wait(std::time::Duration::from_secs(4)).await?;
        let new = world.card("LiHua")?;
        ensure!(new.code()? != old.code()?, "it was judged anew, and must be approved as shown now");
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// A hint together with 发送 is refused in words: what would be sent is not what was asked for.
    a_hint_with_send_is_refused,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.taps_card("LiHua", &card, Act::Send, &[("hint", "shorter")]).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty());
        ensure!(world.recorded(1, Kind::Refused).await?);
        let card = world.card("LiHua")?;
        world.taps_card("LiHua", &card, Act::Edit, &[("hint", "softer")]).await?;
        ensure!(world.case(1).await?.version > 1, "with 改 the hint makes a new version");
    }
);
