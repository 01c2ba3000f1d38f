//! The open door: another system tells what its customers write and carries the replies. The approval flow is the same,
//! and nothing is carried twice.

mod events;

use std::time::Duration;

use aijia::case::{Ending, State, Why};
use aijia::demo::WEBHOOK_SECRET;
use aijia::evidence::Kind;
use aijia::store::{pauses, sends};
use aijia::{config, start};
use anyhow::{Context, ensure};
use cards::Act;
use serde_json::json;
use simulator::integrator::{Answer, Integrator};

use crate::deliveries::Deliveries;
use crate::story;
use crate::world::away::with_channel;
use crate::world::{DESK, On, World, database};

const FACT: &str = "羊毛衫会起球吗？";

/// The usual desk with one more channel, behind which another system is.
async fn with_a_mini_program(world: &mut World) -> anyhow::Result<Integrator> {
    let other = Integrator::start(WEBHOOK_SECRET, world.sim_clock.clone()).await?;
    let toml = with_channel(DESK, "webhook", "miniprogram", &format!("url = \"{}\"\nprivate = true\n", other.url()));
    let desk = config::parse_desk(&toml, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
    start::apply_desk(&world.app, desk, "with a mini program".to_owned()).await?;
    world.settle().await?;
    other.knock_at(&format!("{}/callback/webhook/mini", world.address));
    Ok(other)
}

/// A customer of the other system writes, and the desk has drafted.
async fn says(world: &mut World, other: &Integrator, message: &str, text: &str) -> anyhow::Result<()> {
    says_in(world, other, "c-1", message, text).await
}

async fn says_in(
    world: &mut World,
    other: &Integrator,
    conversation: &str,
    message: &str,
    text: &str,
) -> anyhow::Result<()> {
    let status = other.customer_says(conversation, message, text).await?;
    ensure!(status == 200, "HTTP {status}");
    world.settle().await?;
    world.wait(Duration::from_secs(4)).await
}

/// A customer of the other system wrote, and their reply was approved; the system answers it so.
async fn approved<const N: usize>(world: &mut World, answers: [Answer; N]) -> anyhow::Result<Integrator> {
    let other = with_a_mini_program(world).await?;
    says(world, &other, "m-1", FACT).await?;
    other.answers(answers);
    world.taps("LiHua", Act::Send).await?;
    Ok(other)
}

/// What the other system says of a reply.
fn delivery(reply: &str, state: &str) -> serde_json::Value {
    json!({"conversation_id": "c-1", "reply_id": reply, "state": state})
}

/// Everything the other system carried was approved word for word, and left under its own id.
async fn everything_was_approved(world: &World, other: &Integrator) -> anyhow::Result<()> {
    ensure!(other.refused().is_empty(), "{:?}", other.refused());
    for reply in other.replies() {
        let id = reply.id.clone();
        let intent = world.app.store.read(move |tx| Box::pin(async move { Ok(sends::load(tx, &id).await?) })).await?;
        let intent = intent.with_context(|| format!("nobody meant to send {reply:?}"))?;
        ensure!(intent.body == reply.text && intent.authority.contains("\"person\""), "{intent:?}");
    }
    Ok(())
}

story!(
    /// The main loop over another system: a card with its shop's name, a tap, the words as they were shown, once.
    a_mini_program_customer_is_answered,
    |world| {
        let other = with_a_mini_program(world).await?;
        says(world, &other, "m-1", FACT).await?;
        let card = world.card("LiHua")?;
        ensure!(card.shown.to_string().contains("山茶家小程序"), "{}", card.shown);
        ensure!(!card.shown.to_string().contains("可回"), "no budget where nobody counts: {}", card.shown);
        let shown = world.case(1).await?.draft().cloned().context("a draft")?.parts;
        world.taps("LiHua", Act::Send).await?;
        let replies = other.replies();
        ensure!(replies.iter().map(|reply| reply.text.clone()).collect::<Vec<_>>() == shown, "{replies:?}");
        ensure!(replies.iter().all(|reply| reply.conversation == "c-1" && reply.kind == "reply"));
        ensure!(matches!(world.case(1).await?.state, State::Closed { ending: Ending::Answered }));
        everything_was_approved(world, &other).await?;
    }
);

story!(
    /// The answer to a reply gets lost. It is asked about under the same id until it is known, and carried once.
    a_lost_answer_is_asked_for_until_it_is_known,
    |world| {
        let other = approved(world, [Answer::TakenAndLost; 5]).await?;
        ensure!(other.tries().len() == 3, "the request and two questions: {:?}", other.tries());
        ensure!(!matches!(world.case(1).await?.state, State::Closed { .. }), "nobody knows yet");
        world.wait(Duration::from_secs(6)).await?;
        ensure!(other.tries().len() == 4, "{:?}", other.tries());
        ensure!(world.phone("LiHua").contains("还没有送到"), "whoever approved it hears that it waits");
        world.wait(Duration::from_secs(6 * 60)).await?;
        ensure!(other.tries().len() == 5, "{:?}", other.tries());
        world.wait(Duration::from_secs(34 * 60)).await?;
        ensure!(other.tries().len() == 6 && other.replies().len() == 1);
        ensure!(other.tries().iter().all(|id| *id == other.replies()[0].id), "one id: {:?}", other.tries());
        ensure!(matches!(world.case(1).await?.state, State::Closed { ending: Ending::Answered }));
        everything_was_approved(world, &other).await?;
    }
);

story!(
    /// Somebody pauses while a lost answer is being asked for: nothing is asked any more, and a person says what became
    /// of it.
    a_pause_ends_the_asking,
    |world| {
        let other = approved(world, [Answer::TakenAndLost; 3]).await?;
        world.member_says("ChenJie", "/暂停 mini").await?;
        world.wait(Duration::from_secs(6)).await?;
        ensure!(other.tries().len() == 3, "asked during a pause: {:?}", other.tries());
        ensure!(matches!(world.case(1).await?.state, State::Unknown(_)), "{:?}", world.case(1).await?.state);
        world.member_says("ChenJie", "/恢复 mini").await?;
        world.wait(Duration::from_secs(3_600)).await?;
        ensure!(other.tries().len() == 3, "it is a person's to say now");
        world.taps("WangWu", Act::Delivered).await?;
        ensure!(matches!(world.case(1).await?.state, State::Closed { .. }));
        ensure!(other.replies().len() == 1);
    }
);

story!(
    /// The customer writes again while a lost answer is being asked for: they are not kept waiting for the next try.
    new_words_end_the_asking,
    |world| {
        let other = approved(world, [Answer::TakenAndLost; 4]).await?;
        world.wait(Duration::from_secs(6)).await?;
        ensure!(other.tries().len() == 4);
        says(world, &other, "m-2", "那怎么洗？").await?;
        ensure!(other.tries().len() == 4, "nothing is sent again");
        ensure!(matches!(world.case(1).await?.state, State::Unknown(_)), "{:?}", world.case(1).await?.state);
        ensure!(world.has_open_card("LiHua"));
        world.taps("LiHua", Act::Delivered).await?;
        world.wait(Duration::from_secs(4)).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(other.replies().len() == 2);
        everything_was_approved(world, &other).await?;
    }
);

story!(
    /// The other system is down, or wants to be left alone: the approved reply waits, and leaves when it can.
    a_system_that_is_down_gets_its_reply_later,
    |world| {
        let other = approved(world, [Answer::Refused(503, None), Answer::Refused(429, Some(600)), Answer::Refused(401, None)]).await?;
        ensure!(other.tries().len() == 1 && other.replies().is_empty());
        world.wait(Duration::from_secs(6)).await?;
        ensure!(other.tries().len() == 2);
        ensure!(world.phone("LiHua").contains("还没有送到"), "whoever approved it hears that it waits");
        world.wait(Duration::from_secs(590)).await?;
        ensure!(other.tries().len() == 2, "it asked for ten minutes");
        world.wait(Duration::from_secs(60)).await?;
        ensure!(other.tries().len() == 3, "{:?}", other.tries());
        world.wait(Duration::from_secs(34 * 60)).await?;
        ensure!(other.replies().len() == 1 && matches!(world.case(1).await?.state, State::Closed { .. }));
        everything_was_approved(world, &other).await?;
    }
);

story!(
    /// 410: the address takes nothing any more. Its channel is paused by the system, which a restart does not forget; people
    /// are told what to do, and somebody with the right resumes it.
    a_gone_address_pauses_its_channel,
    |world| {
        let other = with_a_mini_program(world).await?;
        says(world, &other, "m-1", FACT).await?;
        says_in(world, &other, "c-2", "m-1", FACT).await?;
        other.answers([Answer::Refused(410, None)]);
        let (first, second) = (world.card_of("LiHua", 1)?, world.card_of("LiHua", 2)?);
        world.taps_card("LiHua", &first, Act::Send, &[]).await?;
        let stuck = matches!(world.case(1).await?.state, State::NeedsPerson(ref stuck) if stuck.why == Why::SendRefused);
        ensure!(stuck, "{:?}", world.case(1).await?.state);
        ensure!(world.phone("WangWu").contains("410") && world.phone("LiHua").contains("/恢复 mini"));
        world.restart().await?;
        world.taps_card("LiHua", &second, Act::Send, &[]).await?;
        world.wait(Duration::from_secs(3_600)).await?;
        ensure!(other.tries().len() == 1, "sent to an address that takes nothing: {:?}", other.tries());
        ensure!(world.phone("LiHua").contains("助手 的暂停范围内"), "{}", world.newest_text("LiHua"));
        world.member_says("ChenJie", "/status").await?;
        ensure!(world.newest_text("ChenJie").contains("改 url"), "{}", world.newest_text("ChenJie"));
        world.member_says("ChenJie", "/恢复 mini").await?;
        let second = world.card_of("WangWu", 2).or_else(|_| world.card_of("LiHua", 2))?;
        world.taps_card("WangWu", &second, Act::Send, &[]).await?;
        ensure!(other.replies().len() == 1 && other.replies()[0].conversation == "c-2", "{:?}", other.replies());
        everything_was_approved(world, &other).await?;
    }
);

story!(
    /// Another address in the configuration ends the pause, and no other one of that channel.
    another_address_ends_the_pause,
    |world| {
        let other = approved(world, [Answer::Refused(410, None)]).await?;
        world.member_says("ChenJie", "/暂停 kf-flagship").await?;
        let paused = || async {
            let read = world.app.store.read(|tx| Box::pin(async move { Ok(pauses::in_force(tx).await?) }));
            anyhow::Ok(read.await?.into_iter().map(|pause| pause.target).collect::<Vec<_>>())
        };
        ensure!(paused().await? == ["mini", "kf-flagship"], "{:?}", paused().await?);
        let moved = format!("url = \"{}?v=2\"\nprivate = true\n", other.url());
        let toml = with_channel(DESK, "webhook", "miniprogram", &moved);
        let desk = config::parse_desk(&toml, "aijia.toml").map_err(|e| anyhow::anyhow!("{e:?}"))?;
        start::apply_desk(&world.app, desk, "another address".to_owned()).await?;
        ensure!(paused().await? == ["kf-flagship"], "{:?}", paused().await?);
        world.settle().await?;
        ensure!(world.phone("LiHua").contains("换了新地址"));
        says_in(world, &other, "c-2", "m-1", FACT).await?;
        let card = world.card_of("LiHua", 2)?;
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        ensure!(other.replies().len() == 1);
    }
);

story!(
    /// The question about a lost answer meets 410: nobody asks any more, the channel is paused, and a person says.
    a_gone_address_ends_the_asking,
    |world| {
        let other = approved(world, [Answer::TakenAndLost, Answer::Refused(410, None)]).await?;
        ensure!(other.tries().len() == 2, "{:?}", other.tries());
        ensure!(matches!(world.case(1).await?.state, State::Unknown(_)), "{:?}", world.case(1).await?.state);
        ensure!(world.phone("WangWu").contains("410"));
        world.taps("LiHua", Act::Delivered).await?;
        ensure!(matches!(world.case(1).await?.state, State::Closed { .. }) && other.replies().len() == 1);
    }
);

story!(
    /// The other system says later that a reply did not arrive: the customer's question is open again.
    a_reply_that_did_not_arrive_comes_back,
    |world| {
        let other = approved(world, []).await?;
        let reply = other.replies().first().cloned().context("a reply")?;
        let update = |state| delivery(&reply.id, state);
        ensure!(other.tell("delivery.updated", update("sent")).await? == 200);
        world.settle().await?;
        ensure!(matches!(world.case(1).await?.state, State::Closed { .. }));
        ensure!(other.tell("delivery.updated", update("failed")).await? == 200);
        world.settle().await?;
        let stuck = matches!(world.case(1).await?.state, State::NeedsPerson(ref stuck) if stuck.why == Why::NotDelivered);
        ensure!(stuck, "{:?}", world.case(1).await?.state);
    }
);

story!(
    /// A customer changes or takes back what they wrote: the open card decides nothing any more.
    changed_and_recalled_words_make_the_old_card_worthless,
    |world| {
        let other = with_a_mini_program(world).await?;
        says(world, &other, "m-1", FACT).await?;
        let old = world.card("LiHua")?;
        let edit = json!({"conversation_id": "c-1", "message_id": "m-1", "text": "羊毛衫怎么洗？"});
        ensure!(other.tell("message.edited", edit).await? == 200);
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        world.taps_late("LiHua", &old, Act::Send).await?;
        ensure!(other.replies().is_empty(), "an old card sends nothing");
        let current = world.card("LiHua")?;
        ensure!(current.shown.to_string().contains("怎么洗"), "{}", current.shown);
        let recall = json!({"conversation_id": "c-1", "message_id": "m-1"});
        ensure!(other.tell("message.recalled", recall).await? == 200);
        world.settle().await?;
        world.taps_late("LiHua", &current, Act::Send).await?;
        ensure!(other.replies().is_empty() && world.recorded(1, Kind::Refused).await?);
    }
);

story!(
    /// What does not verify or cannot be read changes nothing, and what comes twice counts once.
    the_door_takes_only_what_is_right,
    |world| {
        let other = with_a_mini_program(world).await?;
        let stranger = Integrator::start("whsec_c3RyYW5nZXIgc3RyYW5nZXIgc3RyYW5nZXIgMDE=", world.sim_clock.clone()).await?;
        stranger.knock_at(&format!("{}/callback/webhook/mini", world.address));
        ensure!(stranger.customer_says("c-1", "m-1", FACT).await? == 401);
        ensure!(other.tell("message.created", json!({"conversation_id": "c-1", "text": FACT})).await? == 422);
        ensure!(other.tell("message.liked", json!({"conversation_id": "c-1"})).await? == 422);
        other.knock_at(&format!("{}/callback/webhook/kf-flagship", world.address));
        ensure!(other.customer_says("c-1", "m-1", FACT).await? == 401, "no key for that channel");
        other.knock_at(&format!("{}/callback/webhook/mini", world.address));
        world.settle().await?;
        ensure!(world.case(1).await.is_err(), "nothing came of it");
        let said = json!({"conversation_id": "c-1", "message_id": "m-1", "text": FACT});
        for id in ["evt_a", "evt_a", "evt_b"] {
            ensure!(other.tell_as(id, "message.created", said.clone()).await? == 200);
        }
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.entries(Kind::CustomerSaid).await?.len() == 1, "one message");
    }
);

story!(
    /// Where the other system sets a time for replies, it is kept; where it does not, a case may wait for days.
    its_reply_window_is_kept,
    |world| {
        let other = with_a_mini_program(world).await?;
        says(world, &other, "m-1", FACT).await?;
        world.wait(Duration::from_secs(72 * 3_600)).await?;
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)), "{:?}", world.case(1).await?.state);
        let closing = json!({
            "conversation_id": "c-2", "message_id": "m-1", "text": FACT, "reply_window": {"can_send": false},
        });
        ensure!(other.tell("message.created", closing).await? == 200);
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(!matches!(world.case(2).await?.state, State::AwaitingReview(_)), "nothing can be sent there");
    }
);

story!(
    /// Ids are the other system's own: none of them is taken for another one, however it is written.
    no_id_is_taken_for_another_one,
    |world| {
        let other = with_a_mini_program(world).await?;
        for (conversation, message) in [("a:b", "c"), ("a", "b:c"), ("a", "b:c~2")] {
            ensure!(other.customer_says(conversation, message, FACT).await? == 200);
        }
        world.settle().await?;
        ensure!(world.entries(Kind::CustomerSaid).await?.len() == 3, "one of them was taken for another");
        let recall = json!({"conversation_id": "a", "message_id": "b:c"});
        ensure!(other.tell("message.recalled", recall).await? == 200);
        world.settle().await?;
        let said = world.entries(Kind::CustomerSaid).await?;
        ensure!(said.len() == 2, "only what was taken back is erased: {said:?}");
        let unusable = json!({"conversation_id": "a", "message_id": "b\u{1f}c", "text": FACT});
        ensure!(other.tell("message.created", unusable).await? == 422);
    }
);

/// A short form of `make deliveries`: five of a hundred answers get lost, in both directions.
async fn deliveries_on(on: On) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(database) = database(on, &folder).await? else { return Ok(()) };
    let seen = Deliveries::open(database, folder.path(), 1_500).await?.work().await?;
    ensure!(seen.holds(), "{seen}");
    ensure!(seen.lost_in > 10 && seen.lost_out > 10 && seen.unknown > 0, "{seen}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_deliveries_on_sqlite() -> anyhow::Result<()> {
    deliveries_on(On::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_deliveries_on_postgres() -> anyhow::Result<()> {
    deliveries_on(On::Postgres).await
}
