//! The platform as it really is: lost answers, refusals, retries, empty pages, forged callbacks (scenarios 66, 69).

use std::time::Duration;

use aijia::case::{State, Why};
use aijia::evidence::Kind;
use anyhow::{Context, ensure};
use cards::Act;
use simulator::{Api, Call, Errcode, Fault, Lost, Nonce};

use crate::story;
use crate::world::{FLAGSHIP, OUTLET, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";

story!(
    /// The platform checks the URL, with a `+` in what it sends.
    the_url_check_is_answered,
    |world| {
        world.sim.verify_callback_url().await?;
    }
);

story!(
    /// What does not verify gets one and the same answer, and changes nothing.
    forged_callbacks_are_refused,
    |world| {
        let http = reqwest::Client::new();
        let url = format!("{}/callback/wecom", world.address);
        let forged = [
            format!("{url}?msg_signature={}&timestamp=1795572000&nonce=abc", "0".repeat(40)),
            format!("{url}?msg_signature=x&timestamp=1&nonce=abc"),
            url.clone(),
            format!("{url}?msg_signature={0}&msg_signature={0}&timestamp=1795572000&nonce=abc", "0".repeat(40)),
        ];
        let mut answers = Vec::new();
        for url in &forged {
            let answer = http.post(url).body("<xml><Encrypt>AAAA</Encrypt></xml>").send().await?;
            answers.push((answer.status().as_u16(), answer.text().await?));
        }
        ensure!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == 400), "{answers:?}");
        let bomb = "<!DOCTYPE x [<!ENTITY a \"b\">]><xml><Encrypt>&a;</Encrypt></xml>";
        let answer = http.post(&forged[0]).body(bomb).send().await?;
        ensure!(answer.status() == 400);
        world.settle().await?;
        ensure!(world.case(1).await.is_err());
    }
);

story!(
    /// An answer that got lost is unknown: it goes to a person and is never repeated blindly.
    a_lost_answer_is_unknown,
    |world| {
        world.customer_says(FACT).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Drop));
        world.taps("LiHua", Act::Send).await?;
        ensure!(matches!(world.case(1).await?.state, State::Unknown(_)), "{:?}", world.case(1).await?.state);
        ensure!(world.sim.accepted_kf_sends().len() == 1, "sent once, not twice");
        world.wait(Duration::from_secs(600)).await?;
        ensure!(world.sim.accepted_kf_sends().len() == 1, "and not later either");
        ensure!(!world.card("LiHua").or_else(|_| world.card("WangWu"))?.has(Act::Send));
    }
);

story!(
    /// A definite refusal comes back to a person with the reason; nothing is repeated.
    a_refused_reply_comes_back,
    |world| {
        world.customer_says(FACT).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Refuse(Errcode(95018)));
        world.taps("LiHua", Act::Send).await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::SendRefused));
        ensure!(world.customer_heard(XIAOYU).is_empty());
        ensure!(world.recorded(1, Kind::SendSettled).await?);
    }
);

story!(
    /// A token the platform revoked is fetched anew, and the reply still goes out once.
    a_revoked_token_is_renewed,
    |world| {
        world.customer_says(FACT).await?;
        world.sim.faults().revoke_tokens();
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// A platform that calls a good token expired again and again: no more tokens are asked for than it allows, and
    /// nothing stops for that.
    a_good_token_called_expired_stops_nothing,
    |world| {
        let answers = |world: &World| {
            world.sim.inbox("LiHua").iter().filter(|item| item.text.contains("李华")).count()
        };
        let (heard, fetched) = (answers(world), world.sim.count(Api::GetToken));
        for _ in 0..6 {
            world.sim.faults().next(Api::MessageSend, 1, Fault::Refuse(Errcode(42_001)));
            world.member_says("LiHua", "/whoami").await?;
        }
        ensure!(answers(world) == heard + 6, "{} answers", answers(world));
        ensure!(world.sim.count(Api::GetToken) <= fetched + 3);
    }
);

story!(
    /// Nobody rings: the polling net finds the message, within ten seconds for each account.
    a_lost_doorbell_loses_no_message,
    |world| {
        world.sim.hold_doorbells(true);
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        for _ in 0..2 {
            world.wait(Duration::from_secs(11)).await?;
        }
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.has_open_card("LiHua"), "polling is the net");
        world.sim.hold_doorbells(false);
    }
);

story!(
    /// Where nobody ever rings, all accounts together are asked six times a minute, each in its turn.
    accounts_that_nobody_rings_at_share_six_polls_a_minute,
    |world| {
        world.wait(Duration::from_secs(60)).await?;
        let before = world.sim.count(Api::KfSyncMsg);
        for _ in 0..60 {
            world.wait(Duration::from_secs(2)).await?;
        }
        let polls: Vec<String> = world.sim.ledger().into_iter()
            .filter(|row| row.call == Call::Api(Api::KfSyncMsg))
            .filter_map(|row| row.body["open_kfid"].as_str().map(str::to_owned)).collect();
        let polls = polls.get(before..).context("polls")?;
        ensure!((10..=13).contains(&polls.len()), "{} polls in two minutes", polls.len());
        for account in [FLAGSHIP, OUTLET] {
            let theirs = polls.iter().filter(|polled| *polled == account).count();
            ensure!((5..=7).contains(&theirs), "{account} was asked {theirs} times");
        }
    }
);

story!(
    /// The platform's reading fails for a while: nothing is lost, everything is answered afterwards.
    an_outage_while_reading_loses_nothing,
    |world| {
        world.sim.faults().always(Api::KfSyncMsg, Fault::Before(Lost::BadGateway));
        world.sim.customer_says(FLAGSHIP, XIAOYU, FACT).await?;
        world.wait(Duration::from_secs(30)).await?;
        ensure!(world.case(1).await.is_err());
        world.sim.faults().clear();
        world.wait(Duration::from_secs(30)).await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.has_open_card("LiHua"));
    }
);

story!(
    /// A card that could not be posted is posted later; the reviewer gets it once.
    a_card_that_failed_is_posted_later,
    |world| {
        world.sim.faults().next(Api::MessageSend, 2, Fault::Refuse(Errcode(-1)));
        world.customer_says(FACT).await?;
        world.wait(Duration::from_secs(10)).await?;
        ensure!(world.has_open_card("LiHua") && world.has_open_card("ZhaoLiu"));
    }
);

story!(
    /// Many customers at once: no phone gets more than the platform shows, and none is forgotten.
    a_flood_is_paced,
    |world| {
        for n in 0..40 {
            let customer = format!("wmFlood{n}");
            world.sim.add_customer(&customer, &format!("顾客{n}"));
            world.sim.customer_says(FLAGSHIP, &customer, FACT).await?;
        }
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        let within_a_minute = world.sim.inbox("LiHua").len();
        ensure!(within_a_minute <= 30, "the platform would drop the rest silently: {within_a_minute}");
        world.wait(Duration::from_secs(61)).await?;
        let after_two = world.sim.inbox("LiHua").iter().filter(|item| item.card.is_some()).count();
        ensure!(after_two >= 40, "every customer's card arrives in the end: {after_two}");
    }
);

story!(
    /// The answer to a posted card gets lost: it is posted again, and a tap on either has one effect.
    a_card_whose_answer_was_lost_is_posted_again,
    |world| {
        world.member_says("ZhaoLiu", "/下班").await?;
        world.sim.faults().next(Api::MessageSend, 1, Fault::After(Lost::Drop));
        world.customer_says(FACT).await?;
        let first = world.card("LiHua")?;
        world.wait(Duration::from_secs(10)).await?;
        let second = world.card("LiHua")?;
        ensure!(first.task_id != second.task_id, "nobody knows whether the first arrived");
        world.taps_card("LiHua", &second, Act::Send, &[]).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
        world.taps_late("LiHua", &first, Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1, "one reply");
        ensure!(world.newest_text("LiHua").contains("点过了"), "{}", world.newest_text("LiHua"));
        ensure!(!world.has_open_card("LiHua"), "the tap tells us how to settle it");
    }
);

/// What makes one message unwritable, and what takes that back.
const POISON: [(&str, &str); 2] = [
    (
        "CREATE TRIGGER poison BEFORE INSERT ON inbox WHEN NEW.body LIKE '%毒药%'
         BEGIN SELECT RAISE(ABORT, 'poison'); END",
        "DROP TRIGGER poison",
    ),
    (
        "ALTER TABLE inbox ADD CONSTRAINT poison CHECK (body NOT LIKE '%毒药%')",
        "ALTER TABLE inbox DROP CONSTRAINT poison",
    ),
];

async fn alters(world: &World, statement: &'static str) -> anyhow::Result<()> {
    world.app.store.commit(move |tx| Box::pin(async move { Ok(tx.run(statement, vec![]).await.map(drop)?) })).await
}

story!(
    /// Callbacks that come at the same time are written together, and each gets its own answer: one that cannot be
    /// stored is not acknowledged, keeps nobody else from it, and is stored when the platform delivers it again.
    callbacks_at_once_are_acknowledged_each_for_itself,
    |world| {
        let (poison, antidote) = POISON[usize::from(world.app.store.is_shared())];
        alters(world, poison).await?;
        let texts: Vec<String> = (0..40).map(|n| if n == 17 { "毒药".to_owned() } else { format!("/help {n}") }).collect();
        let said = texts.iter().map(|text| world.sim.says("LiHua", text));
        let deliveries = futures::future::try_join_all(said).await?;
        for (n, delivery) in deliveries.iter().enumerate() {
            ensure!(delivery.accepted() == (n != 17), "message {n} was answered {:?}", delivery.status);
        }
        alters(world, antidote).await?;
        let row = deliveries[17].rows.last().copied().unwrap_or_default();
        ensure!(world.sim.redeliver(row, Nonce::Same).await?.accepted(), "nothing of it stayed the first time");
        world.settle().await?;
        let stored = "SELECT COUNT(*) FROM inbox WHERE lane = 'from:lihua'";
        let count = world.app.store.read(move |tx| Box::pin(async move { Ok(tx.one::<(i64,)>(stored, vec![]).await?) }));
        ensure!(count.await?.map(|(count,)| count) == Some(40), "each is stored once");
        // So many answers take a phone more than a minute.
        world.wait(Duration::from_secs(61)).await?;
    }
);
