//! What was shown is what is sent: drafts longer than a card, and the check at every story's end (see
//! `world/shown.rs`).

use std::time::Duration;

use aijia::evidence::Kind;
use anyhow::ensure;
use cards::Act;
use simulator::{Api, Errcode, Fault, ItemKind};

use crate::story;
use crate::world::{World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

/// Three messages of about 500 汉字 each, different to the last character.
fn long_reply() -> [String; 3] {
    ["洗护", "晾晒", "收纳"].map(|about| {
        let sentences = (1..=23).map(|n| format!("关于{about}的第{n}条说明，请您照着慢慢来就好。"));
        sentences.collect::<String>()
    })
}

/// The messages on a member's phone that carry a stretch of the long reply.
fn pieces(world: &World, member: &str) -> Vec<String> {
    let texts = world.sim.inbox(member).into_iter().filter(|item| item.kind == ItemKind::Text);
    texts.map(|item| item.text).filter(|text| text.contains("条说明")).collect()
}

story!(
    /// A draft longer than the card comes whole, as messages right above it; approved, exactly that leaves.
    a_long_reply_comes_whole_above_its_card,
    |world| {
        world.customer_says(FACT).await?;
        let reply = long_reply();
        world.rewrites("LiHua", &reply.each_ref().map(String::as_str)).await?;
        ensure!(reply.concat().chars().count() >= 1_400);
        for member in ["LiHua", "ZhaoLiu"] {
            let shown: String = pieces(world, member).iter().map(|piece| cards::wecom::stretch_of(piece)).collect();
            ensure!(shown == reply.concat(), "{member} does not see every character: {shown}");
            let inbox = world.sim.inbox(member);
            let newest: Vec<ItemKind> = inbox.iter().rev().take(4).map(|item| item.kind).collect();
            ensure!(newest == [ItemKind::Card, ItemKind::Text, ItemKind::Text, ItemKind::Text], "{newest:?}");
            ensure!(world.card(member)?.has(Act::Send));
        }
        world.taps("ZhaoLiu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == reply);
    }
);

story!(
    /// One of the messages above is refused: no 发送 on that phone until all of them were accepted, then once.
    no_send_button_before_the_whole_draft_was_accepted,
    |world| {
        world.member_says("ZhaoLiu", "/下班").await?;
        world.customer_says(FACT).await?;
        // The prompt after 改 and the first message above the card get through, the second is refused twice.
        let (through, refused) = (Fault::Slow(0), Fault::Refuse(Errcode(-1)));
        for fault in [through, through, refused, refused] {
            world.sim.faults().next(Api::MessageSend, 1, fault);
        }
        let reply = long_reply();
        world.rewrites("LiHua", &reply.each_ref().map(String::as_str)).await?;
        ensure!(!world.has_open_card("LiHua"), "a card with 发送 before the draft is there: {}", world.phone("LiHua"));
        for _ in 0..6 {
            world.wait(Duration::from_secs(5)).await?;
        }
        let card = world.card("LiHua")?;
        ensure!(card.has(Act::Send), "{}", card.text());
        let code = card.code()?;
        let newest: Vec<String> = pieces(world, "LiHua").into_iter().filter(|piece| piece.contains(&code)).collect();
        ensure!(newest.len() >= 3, "the whole draft came again with the card: {newest:?}");
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == reply);
    }
);

story!(
    /// A card that the platform refuses again and again is posted all the same, once it lets it.
    a_card_refused_three_times_is_posted,
    |world| {
        world.member_says("ZhaoLiu", "/下班").await?;
        world.sim.faults().next(Api::MessageSend, 3, Fault::Refuse(Errcode(-1)));
        world.customer_says(FACT).await?;
        for _ in 0..8 {
            world.wait(Duration::from_secs(5)).await?;
        }
        let cards = world.sim.inbox("LiHua").into_iter().filter(|item| item.card.is_some()).count();
        ensure!(cards == 1 && world.card("LiHua")?.has(Act::Send), "{cards} cards: {}", world.phone("LiHua"));
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// The code alone is no approval: whoever was never shown the draft gets the card, and decides nothing.
    a_code_read_out_by_a_colleague_approves_nothing,
    |world| {
        world.member_says("ZhaoLiu", "/下班").await?;
        world.customer_says(FACT).await?;
        let code = world.card("LiHua")?.code()?;
        ensure!(!world.has_open_card("ZhaoLiu"));
        world.member_says("ZhaoLiu", &format!("/approve 1 {code}")).await?;
        ensure!(world.customer_heard(XIAOYU).is_empty(), "approved without having seen it");
        ensure!(world.recorded(1, Kind::Refused).await?, "and it is on record");
        ensure!(world.card("ZhaoLiu")?.has(Act::Send), "the card comes instead");
        world.member_says("ZhaoLiu", &format!("/approve 1 {code}")).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "now it was shown");
    }
);

story!(
    /// The check at every story's end finds what it is there for: other words, another person, another version, a tap
    /// that came before the card.
    a_doctored_reply_would_be_noticed,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        let [reply] = &world.replies().await?[..] else { anyhow::bail!("one reply was sent") };
        reply.was_shown(world)?;
        let mut other = reply.clone();
        other.text.push('。');
        ensure!(other.was_shown(world).is_err(), "one more character was not shown");
        let mut other = reply.clone();
        other.member = "WangWu".into();
        ensure!(other.was_shown(world).is_err(), "somebody else approved nothing");
        let mut other = reply.clone();
        other.key.version += 1;
        ensure!(other.was_shown(world).is_err(), "another version had no card");
        let mut other = reply.clone();
        other.at = 1;
        ensure!(other.was_shown(world).is_err(), "nobody had tapped before");
    }
);
