//! An Official Account's rules at the desk: texts of 2,048 bytes, five messages within 48 hours, and what its refusals mean.

use aijia::case::{Ending, State, Why};
use anyhow::{Context, ensure};
use cards::Act;
use simulator::official::{Call, Official};
use simulator::{Errcode, Fault};

use crate::story;
use crate::world::away::{Away, FOLLOWER};
use crate::world::{Customers, Setting, World};

const FACT: &str = "羊毛衫会起球吗？";

fn followers() -> Setting {
    Setting { customers: Customers::Official, ..Setting::default() }
}

fn account(world: &World) -> anyhow::Result<Official> {
    match &world.away {
        Away::Official(account) => Ok(account.clone()),
        _ => anyhow::bail!("another world"),
    }
}

/// A follower asked, and the approved reply meets this code.
async fn refused_with(world: &mut World, code: i64) -> anyhow::Result<()> {
    world.somebody_asks(FACT).await?;
    account(world)?.disturb(Call::Send, 1, Fault::Refuse(Errcode(code)));
    world.taps("LiHua", Act::Send).await.map(drop)
}

story!(
    /// A text of exactly 2,048 bytes is one message; one byte more is refused before anybody could approve it.
    a_message_has_2048_bytes,
    in followers(),
    |world| {
        world.somebody_asks(FACT).await?;
        let full = format!("{}ab", "好".repeat(682));
        ensure!(full.len() == 2_048);
        let longer = format!("{full}c");
        ensure!(world.rewrites("LiHua", &[&longer]).await.is_err(), "2,049 bytes were taken");
        world.rewrites("LiHua", &[&full, "还有一句。"]).await?;
        let shown = world.case(1).await?.draft().cloned().context("a draft")?.parts;
        ensure!(shown == [full, "还有一句。".to_owned()], "{shown:?}");
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard() == shown, "{:?}", world.somebody_heard());
        ensure!(world.case(1).await?.window.quota_left == Some(3), "each message counts");
    }
);

story!(
    /// 45002, 45157, 48001 and the like are final for these bytes: a person looks, and can still answer.
    a_refusal_goes_to_a_person,
    in followers(),
    |world| {
        refused_with(world, 45_157).await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::SendRefused));
        for code in [45_002, 48_001, 87_014] {
            account(world)?.disturb(Call::Send, 1, Fault::Refuse(Errcode(code)));
            world.taps("LiHua", Act::Edit).await?;
            world.member_says("LiHua", &format!("再回您一次，{code}。")).await?;
            world.taps("LiHua", Act::Send).await?;
            ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::SendRefused), "{code}");
        }
        ensure!(world.somebody_heard().is_empty() && account(world)?.count(Call::Send) == 4, "none was tried again");
        world.taps("LiHua", Act::Edit).await?;
        world.member_says("LiHua", "不好意思，久等了。").await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard() == ["不好意思，久等了。"]);
    }
);

story!(
    /// 45009 and 45011: too often, for the day or for now. The same words leave later, once.
    too_often_is_later,
    in followers(),
    |world| {
        for code in [45_009, 45_011] {
            refused_with(world, code).await?;
            let before = world.somebody_heard().len();
            world.wait(std::time::Duration::from_secs(120)).await?;
            ensure!(world.somebody_heard().len() == before + 1, "{code}: {:?}", world.somebody_heard());
        }
    }
);

story!(
    /// 45047: the platform's count of the five wins over ours.
    the_platform_counts_five,
    in followers(),
    |world| {
        refused_with(world, 45_047).await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::SendRefused));
        ensure!(world.case(1).await?.window.quota_left == Some(0));
        world.somebody_asks(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.somebody_heard().len() == 1, "a new message of the customer opens a new budget");
    }
);

story!(
    /// 45015: the 48 hours are over, or the customer follows no more.
    the_platform_closes_the_window,
    in followers(),
    |world| {
        refused_with(world, 45_015).await?;
        ensure!(world.case(1).await?.state == State::Closed { ending: Ending::WindowLost });
    }
);

story!(
    /// Who unfollows cannot be written to: nobody is left with a card for them, and nothing is tried.
    who_unfollows_is_answered_no_more,
    in followers(),
    |world| {
        world.somebody_asks(FACT).await?;
        let (account, card) = (account(world)?, world.card("LiHua")?);
        ensure!(account.unsubscribes(FOLLOWER).await?.status == Some(200));
        world.settle().await?;
        world.wait(std::time::Duration::from_secs(2)).await?;
        ensure!(world.case(1).await?.state == State::Closed { ending: Ending::WindowLost }, "{:?}", world.case(1).await?.state);
        world.taps_late("LiHua", &card, Act::Send).await?;
        ensure!(account.count(Call::Send) == 0 && !world.has_open_card("LiHua"));
    }
);
