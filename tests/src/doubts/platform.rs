//! What the platform and the program's own end have to do with a doubt: answers that come late, claims whose worker died,
//! requests that are put off, and what may be asked again under the same id.

use std::time::Duration;

use aijia::case::{Ending, State, Why};
use aijia::evidence::Kind;
use aijia::store::instances;
use aijia::worker;
use anyhow::{Context, ensure};
use cards::Act;
use simulator::{Api, Errcode, Fault, Lost};

use super::{FACT, MINUTE};
use crate::story;
use crate::world::{FLAGSHIP, Setting, World, XIAOYU};

fn learned() -> Setting {
    Setting { knows_duplicates: true, ..Setting::default() }
}

impl World {
    /// A worker lets a reply out and hangs at the platform until somebody else has taken its place.
    async fn slow_worker(&mut self, fault: Fault) -> anyhow::Result<tokio::task::JoinHandle<anyhow::Result<()>>> {
        self.customer_says(FACT).await?;
        let card = self.card("LiHua")?;
        self.sim.faults().next(Api::KfSendMsg, 1, fault);
        self.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        let app = self.app.clone();
        let working = tokio::spawn(async move { worker::pump(&app).await });
        while self.sim.count(Api::KfSendMsg) == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.restart().await?;
        self.wait(Duration::from_secs(61)).await?;
        Ok(working)
    }

    /// A program that knows that nobody else works here takes back what the last one held.
    async fn frees_what_it_held(&mut self) -> anyhow::Result<()> {
        let id = self.app.instance.id().to_owned();
        let freeing = self.app.store.commit(move |tx| {
            Box::pin(async move {
                instances::only(tx, &id).await?;
                Ok(instances::free_what_nobody_has(tx).await?)
            })
        });
        freeing.await?;
        self.settle().await
    }
}

story!(
    /// A worker hangs at the platform, its lease ends, somebody else finds the claim and asks people. The answer comes
    /// after all: it is on record as late, nothing is sent twice, and the doubt is over.
    an_answer_that_comes_late_ends_the_doubt,
    |world| {
        let working = world.slow_worker(Fault::Slow(2_500)).await?;
        ensure!(matches!(world.case(1).await?.state, State::Unknown(_)), "{:?}", world.case(1).await?.state);
        let card = world.card("ZhaoLiu")?;
        // The lease is gone and the answer is kept all the same.
        working.await??;
        world.settle().await?;
        ensure!(world.ending().await? == Ending::Answered && world.requests().len() == 1, "one worker transmitted");
        let settled = world.entries(Kind::SendSettled).await?;
        let late = settled.iter().any(|s| s["late"] == true && s["result"]["result"] == "accepted");
        ensure!(late, "{settled:?}");
        ensure!(world.intents().await?[0].state == "accepted");
        world.taps_late("ZhaoLiu", &card, Act::SendAgain).await?;
        ensure!(world.requests().len() == 1, "an old card sends nothing");
    }
);

story!(
    /// The late answer comes after a person dropped it: their word stands, the platform's is on record beside it, and
    /// whoever watches the desk hears of it.
    an_answer_that_comes_after_a_persons_word,
    |world| {
        let working = world.slow_worker(Fault::Slow(3_500)).await?;
        world.taps("ZhaoLiu", Act::Drop).await?;
        working.await??;
        world.settle().await?;
        ensure!(world.ending().await? == Ending::Dropped, "a person's word stands");
        ensure!(world.phone("WangWu").contains("平台刚刚回话"), "{}", world.phone("WangWu"));
        let sent = &world.intents().await?[0];
        ensure!((sent.state.as_str(), sent.resolution.as_deref()) == ("accepted", Some("dropped")), "{sent:?}");
    }
);

story!(
    /// Killed between claim and request, or between request and answer: the program that starts next asks a person, and
    /// it is never ready again by itself.
    killed_in_between_asks_a_person,
    |world| {
        for (number, fault) in [(1, Fault::Before(Lost::Hang)), (2, Fault::After(Lost::Hang))] {
            let customer = format!("wmKilled{number}");
            world.sim.add_customer(&customer, &customer);
            world.says(FLAGSHIP, &customer, FACT).await?;
            let card = world.card_of("LiHua", number)?;
            world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
            world.sim.faults().next(Api::KfSendMsg, 1, fault);
            world.killed_at(Api::KfSendMsg, 1).await?;
            world.wait(Duration::from_secs(61)).await?;
            ensure!(matches!(world.case(number).await?.state, State::Unknown(_)), "{:?}", world.case(number).await?.state);
            ensure!(world.card_of("ZhaoLiu", number)?.has(Act::SendAgain));
        }
        ensure!(world.requests().len() == 2);
    }
);

story!(
    /// Where the platform's code for a used id is known, a lost answer is asked for again under the same id.
    a_known_duplicate_code_answers_by_itself,
    in learned(),
    |world| {
        world.customer_says(FACT).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Drop));
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.ending().await? == Ending::Answered && world.customer_heard(XIAOYU).len() == 1);
        let ids = world.request_ids();
        ensure!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    }
);

story!(
    /// A refusal of the second request says nothing about the first: it stays unknown, and is not "not sent".
    a_refused_probe_proves_nothing,
    in learned(),
    |world| {
        world.customer_says(FACT).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Drop));
        world.sim.faults().next(Api::KfSendMsg, 2, Fault::Refuse(Errcode(45009)));
        world.taps("LiHua", Act::Send).await?;
        ensure!(matches!(world.case(1).await?.state, State::Unknown(_)), "{:?}", world.case(1).await?.state);
        ensure!(world.requests().len() == 3 && world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// After a crash the platform is asked once under the same id, and a paused reply is not even asked about.
    a_crash_is_asked_about_once,
    in learned(),
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Hang));
        world.killed_at(Api::KfSendMsg, 1).await?;
        world.frees_what_it_held().await?;
        ensure!(world.ending().await? == Ending::Answered && world.customer_heard(XIAOYU).len() == 1);
        ensure!(world.recorded(1, Kind::SendProbed).await? && world.requests().len() == 2);
        world.customer_says("羊毛衫怎么洗？").await?;
        let card = world.card_of("LiHua", 2)?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Before(Lost::Hang));
        world.killed_at(Api::KfSendMsg, 1).await?;
        world.is_paused().await?;
        world.frees_what_it_held().await?;
        ensure!(matches!(world.case(2).await?.state, State::Unknown(_)), "{:?}", world.case(2).await?.state);
        ensure!(world.requests().len() == 3, "nothing begins in a pause");
    }
);

story!(
    /// The platform says too often: nothing was done. The approval stands, and it leaves later under the same id; not in a
    /// pause, and not for ever.
    what_is_put_off_leaves_later,
    |world| {
        world.customer_says(FACT).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Refuse(Errcode(45009)));
        world.taps("LiHua", Act::Send).await?;
        ensure!(matches!(world.case(1).await?.state, State::Sending(_)) && world.customer_heard(XIAOYU).is_empty());
        world.wait(Duration::from_secs(30)).await?;
        ensure!(world.requests().len() == 1, "a minute is left alone");
        world.wait(MINUTE).await?;
        let ids = world.request_ids();
        ensure!(ids.len() == 2 && ids[0] == ids[1] && world.ending().await? == Ending::Answered, "{ids:?}");
        world.customer_says("羊毛衫怎么洗？").await?;
        world.sim.faults().always(Api::KfSendMsg, Fault::Refuse(Errcode(45033)));
        let card = world.card_of("LiHua", 2)?;
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        for _ in 0..20 {
            world.wait(MINUTE).await?;
        }
        ensure!(matches!(world.case(2).await?.state, State::NeedsPerson(ref s) if s.why == Why::SendRefused));
        ensure!(world.requests().len() == 8, "six times, then a person");
    }
);

story!(
    /// Put off, and paused meanwhile: the approval is void.
    what_is_put_off_does_not_leave_in_a_pause,
    |world| {
        world.customer_says(FACT).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Refuse(Errcode(6000)));
        world.taps("LiHua", Act::Send).await?;
        world.member_says("WangWu", "/暂停 kf-flagship").await?;
        world.wait(2 * MINUTE).await?;
        ensure!(world.requests().len() == 1 && matches!(world.case(1).await?.state, State::AwaitingReview(_)));
    }
);

story!(
    /// "System busy" comes from behind the door: nobody knows.
    busy_is_unknown,
    |world| {
        world.loses(Fault::Refuse(Errcode(-1))).await?;
        ensure!(world.requests().len() == 1);
    }
);

story!(
    /// A dead token means that nothing was done, so the request is repeated once; but not when the new token took longer
    /// than a claim lasts.
    a_claim_does_not_wait_for_a_token,
    |world| {
        world.customer_says(FACT).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Refuse(Errcode(40_014)));
        world.sim.faults().always(Api::GetToken, Fault::Slow(2_600));
        world.taps("LiHua", Act::Send).await?;
        world.sim.faults().clear();
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::NeverLeft));
        ensure!(world.sim.accepted_kf_sends().is_empty() && world.requests().len() == 1);
    }
);

story!(
    /// The platform names the lost id as not delivered: the doubt is over. Named after it was sent again, it changes
    /// nothing.
    the_platform_says_not_delivered,
    |world| {
        world.loses(Fault::After(Lost::Drop)).await?;
        let lost = world.request_ids()[0].clone();
        world.sim.send_fails(&lost, 10).await?;
        world.settle().await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::NotDelivered));
        world.says(FLAGSHIP, "wmAqiang", FACT).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Drop));
        let card = world.card_of("LiHua", 2)?;
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        let lost = world.request_ids()[1].clone();
        let card = world.card_of("LiHua", 2)?;
        world.taps_card("LiHua", &card, Act::SendAgain, &[]).await?;
        world.sim.send_fails(&lost, 10).await?;
        world.settle().await?;
        ensure!(world.case(2).await?.is_closed(), "a person had said so, and sent it again");
        let told = world.entries(Kind::DeliveryFailed).await?;
        told.iter().find(|t| t["msgid"] == lost.as_str()).context("it is on record")?;
    }
);
