//! Nobody knows whether a reply arrived: a state of its own, with a card of its own, that a person ends. Nothing is sent
//! twice by itself, nothing is forgotten, and what turns up late is kept.

mod platform;

use std::time::Duration;

use aijia::case::{Ending, State, Why};
use aijia::evidence::Kind;
use aijia::store::pauses::{self, Scope};
use aijia::store::sends::Send;
use aijia::worker;
use anyhow::ensure;
use cards::Act;
use simulator::{Api, Call, Fault, LedgerRow, Lost};

use crate::story;
use crate::world::shown::escaped;
use crate::world::{Card, FLAGSHIP, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";
const PARTS: [&str; 3] = ["亲，轻微起球属于正常现象。", "用小刷子顺着毛轻轻一扫就好。", "三十天内都可以来问我们。"];
const MINUTE: Duration = Duration::from_secs(60);

impl World {
    /// A reply is approved and the answer to it gets lost.
    async fn loses(&mut self, fault: Fault) -> anyhow::Result<()> {
        self.customer_says(FACT).await?;
        self.sim.faults().next(Api::KfSendMsg, 1, fault);
        self.taps("LiHua", Act::Send).await?;
        ensure!(matches!(self.case(1).await?.state, State::Unknown(_)), "{:?}", self.case(1).await?.state);
        Ok(())
    }

    /// The requests that tried to reach a customer, oldest first.
    fn requests(&self) -> Vec<LedgerRow> {
        self.sim.ledger().into_iter().filter(|row| row.call == Call::Api(Api::KfSendMsg)).collect()
    }

    fn request_ids(&self) -> Vec<String> {
        self.requests().iter().filter_map(|row| row.body["msgid"].as_str().map(str::to_owned)).collect()
    }

    /// The intents in the table, oldest first.
    async fn intents(&self) -> anyhow::Result<Vec<Send>> {
        let sql = "SELECT * FROM sends WHERE kind = 'reply' ORDER BY claimed_at, version, part";
        self.app.store.read(move |tx| Box::pin(async move { Ok(tx.all(sql, aijia::args![]).await?) })).await
    }

    async fn ending(&self) -> anyhow::Result<Ending> {
        match self.case(1).await?.state {
            State::Closed { ending } => Ok(ending),
            other => anyhow::bail!("{other:?}"),
        }
    }

    /// What a person said became of the lost part, as the record has it.
    async fn said_of_it(&self) -> anyhow::Result<Vec<String>> {
        let said = self.entries(Kind::SendResolved).await?.into_iter();
        Ok(said.filter_map(|payload| payload["how"].as_str().map(str::to_owned)).collect())
    }

    /// A pause that stands before whatever is done next.
    async fn is_paused(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let declared = self.app.store.commit(move |tx| {
            Box::pin(
                async move { Ok(pauses::declare(tx, "pause-1", &Scope::Everything, "chenjie", "先停", now).await?) },
            )
        });
        declared.await
    }
}

fn buttons(card: &Card) -> Vec<Act> {
    Act::ALL.iter().copied().filter(|act| card.has(*act)).collect()
}

story!(
    /// Its card shows every word that may have arrived, when it left, which part it was, from which account and who had
    /// approved it, what the platform still takes, and three ways on. Unanswered, it goes to the escalation owner.
    an_unknown_send_has_a_card_of_its_own,
    |world| {
        world.loses(Fault::After(Lost::Drop)).await?;
        let text = world.case(1).await?.draft().map(|d| d.parts.concat()).unwrap_or_default();
        for member in ["LiHua", "ZhaoLiu"] {
            let card = world.card(member)?;
            let wanted = [Act::Escalate, Act::TakeOver, Act::Pause, Act::Delivered, Act::SendAgain, Act::Drop];
            ensure!(buttons(&card) == wanted, "{:?}", buttons(&card));
            ensure!(cards::wecom::check(&card.shown).is_ok(), "{:?}", cards::wecom::check(&card.shown));
            let said = card.text();
            for known in ["不知道这条送到没有", "11-25 10:00", "第 1/1 条", FLAGSHIP, "李华", "11-27 10:00", "可回"] {
                ensure!(said.contains(known), "{known} is missing: {said}");
            }
            let phone = world.phone(member);
            ensure!(text.lines().all(|line| phone.contains(line)), "not every word is shown: {phone}");
        }
        world.wait(10 * MINUTE).await?;
        ensure!(world.card("WangWu")?.has(Act::SendAgain), "nobody answered for ten minutes");
        ensure!(!world.has_open_card("LiHua") && world.sim.accepted_kf_sends().len() == 1, "and nothing leaves by itself");
    }
);

story!(
    /// 已确认送达: a person's word, on record as one. The platform never said so, and nothing claims it did.
    a_person_says_that_it_arrived,
    |world| {
        world.loses(Fault::After(Lost::Drop)).await?;
        world.taps("ZhaoLiu", Act::Delivered).await?;
        ensure!(world.ending().await? == Ending::Answered && world.requests().len() == 1);
        ensure!(world.said_of_it().await? == ["delivered"]);
        let settled = world.entries(Kind::SendSettled).await?;
        ensure!(settled.iter().all(|s| s["result"]["result"] == "unknown"), "{settled:?}");
        let sent = &world.intents().await?[0];
        ensure!((sent.state.as_str(), sent.resolution.as_deref()) == ("unknown", Some("delivered")), "{sent:?}");
        world.member_says("LiHua", "/why 1").await?;
        ensure!(world.newest_text("LiHua").contains("人工确认"), "{}", world.newest_text("LiHua"));
        world.customer_says("那羊绒衫呢？").await?;
        ensure!(world.phone("LiHua").contains("已回 1 条"), "what arrived belongs to the conversation");
    }
);

story!(
    /// 没送到，重发: one tap on a card that shows every word is the approval of exactly these bytes. A new intent, a new id,
    /// and the old one is named as what it supersedes; the platform sees two requests, of which the first was lost.
    a_person_says_that_it_did_not_arrive,
    |world| {
        world.loses(Fault::Before(Lost::Drop)).await?;
        world.taps("ZhaoLiu", Act::SendAgain).await?;
        ensure!(world.ending().await? == Ending::Answered && world.customer_heard(XIAOYU).len() == 1);
        let (requests, ids) = (world.requests(), world.request_ids());
        ensure!(requests.len() == 2 && ids[0] != ids[1], "{ids:?}");
        ensure!(!requests[0].accepted && requests[1].accepted);
        let intents = world.intents().await?;
        ensure!(intents[1].supersedes.as_deref() == Some(ids[0].as_str()) && intents[1].id == ids[1]);
        ensure!(intents[0].resolution.as_deref() == Some("not_delivered"));
        let claimed = world.entries(Kind::SendClaimed).await?;
        ensure!(claimed[1]["supersedes"] == ids[0].as_str() && claimed[1]["msgid"] == ids[1].as_str(), "{claimed:?}");
        let decided = world.entries(Kind::Decided).await?;
        ensure!(decided.len() == 2 && decided[1]["decision"] == "send_again", "{decided:?}");
        ensure!(decided[0]["digest"] != decided[1]["digest"], "an approval of its own");
    }
);

story!(
    /// 放弃: closed, with an ending that says so.
    a_person_drops_it,
    |world| {
        world.loses(Fault::Before(Lost::BadGateway)).await?;
        world.taps("LiHua", Act::Drop).await?;
        ensure!(world.ending().await? == Ending::Dropped && world.requests().len() == 1);
        ensure!(world.said_of_it().await? == ["dropped"]);
        ensure!(!world.has_open_card("LiHua") && !world.has_open_card("ZhaoLiu"));
    }
);

story!(
    /// A text longer than a card goes whole into messages above it, here too; it is sent again exactly so.
    a_long_text_is_shown_whole_before_it_leaves_again,
    |world| {
        let long = "羊毛衫请用冷水手洗，平铺晾干。".repeat(40);
        world.customer_says(FACT).await?;
        world.rewrites("LiHua", &[&long]).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Before(Lost::Garbage));
        world.taps("LiHua", Act::Send).await?;
        let code = world.case(1).await?.code();
        ensure!(world.phone("ZhaoLiu").contains(&format!("#1 {code}")) && world.phone("ZhaoLiu").contains(&long));
        world.taps("ZhaoLiu", Act::SendAgain).await?;
        ensure!(world.customer_heard(XIAOYU) == [long]);
    }
);

story!(
    /// The second of three gets lost. It arrived: the third comes back to be approved. Each is read once.
    the_rest_of_a_reply_comes_back,
    |world| {
        world.customer_says(FACT).await?;
        world.rewrites("LiHua", &PARTS).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Slow(0));
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Drop));
        world.taps("LiHua", Act::Send).await?;
        let card = world.card("LiHua")?;
        ensure!(card.text().contains("第 2/3 条") && card.text().contains("不知道①送到没有"), "{}", card.text());
        ensure!(!card.text().contains(PARTS[0]), "what arrived is not sent again");
        world.taps("LiHua", Act::Delivered).await?;
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(ref r) if r.draft.parts == PARTS[2..]));
        world.taps("ZhaoLiu", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU) == PARTS && world.ending().await? == Ending::Answered);
    }
);

story!(
    /// The second of three gets lost and did not arrive: it and the third leave again, under new ids, in order.
    the_rest_of_a_reply_leaves_again,
    |world| {
        world.customer_says(FACT).await?;
        world.rewrites("LiHua", &PARTS).await?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Slow(0));
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::Before(Lost::Drop));
        world.taps("LiHua", Act::Send).await?;
        world.taps("LiHua", Act::SendAgain).await?;
        ensure!(world.customer_heard(XIAOYU) == PARTS, "{:?}", world.customer_heard(XIAOYU));
        let intents = world.intents().await?;
        let superseding: Vec<&str> = intents.iter().filter_map(|i| i.supersedes.as_deref()).collect();
        ensure!(superseding == [intents[1].id.as_str()], "only the lost one is superseded: {intents:?}");
    }
);

story!(
    /// A pause is a pause: nothing leaves again in it. Saying what became of it sends nothing, and works.
    a_pause_stops_sending_again,
    |world| {
        world.loses(Fault::Before(Lost::Drop)).await?;
        world.member_says("WangWu", "/暂停 kf-flagship").await?;
        world.taps("LiHua", Act::SendAgain).await?;
        ensure!(world.requests().len() == 1 && world.newest_text("LiHua").contains("暂停"));
        world.member_says("WangWu", "/恢复 kf-flagship").await?;
        world.taps("ZhaoLiu", Act::SendAgain).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1);
    }
);

story!(
    /// Paused between the tap and the claim: nothing leaves, and it comes back to be approved as any draft.
    a_pause_between_the_tap_and_the_claim,
    |world| {
        world.loses(Fault::Before(Lost::Drop)).await?;
        let card = world.card("LiHua")?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::SendAgain)?, &[]).await?;
        while matches!(world.case(1).await?.state, State::Unknown(_)) {
            worker::tick(&world.app).await?;
        }
        ensure!(world.requests().len() == 1 && matches!(world.case(1).await?.state, State::Sending(_)));
        world.is_paused().await?;
        world.settle().await?;
        ensure!(world.requests().len() == 1 && world.recorded(1, Kind::AuthorityVoided).await?);
        world.member_says("ChenJie", "/恢复 全部").await?;
        world.member_says("WangWu", "/恢复 全部").await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.customer_heard(XIAOYU).len() == 1 && world.requests().len() == 2);
        ensure!(world.intents().await?[1].supersedes.is_some(), "it still supersedes what got lost");
    }
);

story!(
    /// The customer writes meanwhile: their words are on a new card, the old one decides nothing, and 没送到 has both
    /// questions answered together.
    the_customer_writes_while_nobody_knows,
    |world| {
        world.loses(Fault::Before(Lost::Drop)).await?;
        let old = world.card("LiHua")?;
        world.customer_says("还有，羊毛衫怎么洗？").await?;
        let card = world.card("LiHua")?;
        ensure!(card.text().contains("怎么洗") && card.text().contains("客户又说话了"), "{}", card.text());
        world.taps_late("LiHua", &old, Act::SendAgain).await?;
        ensure!(world.requests().len() == 1 && world.newest_text("LiHua").contains("作废"));
        world.taps("LiHua", Act::SendAgain).await?;
        ensure!(world.requests().len() == 1, "the old words no longer answer what was said");
        world.wait(Duration::from_secs(4)).await?;
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)), "{:?}", world.case(1).await?.state);
        world.taps("LiHua", Act::Send).await?;
        let heard = world.customer_heard(XIAOYU);
        ensure!(heard.len() == 2, "both questions are answered: {heard:?}");
        ensure!(world.said_of_it().await? == ["not_delivered"]);
    }
);

story!(
    /// Whoever asks for a person gets one: the wish is on the card, and stands when the doubt is over.
    the_customer_asks_for_a_person_while_nobody_knows,
    |world| {
        world.loses(Fault::After(Lost::Drop)).await?;
        world.customer_says("转人工").await?;
        ensure!(world.card("LiHua")?.text().contains("客户要找真人"));
        world.taps("LiHua", Act::Delivered).await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::AskedForPerson));
    }
);

story!(
    /// Taking over works, and the taker is told what the customer may have read.
    taking_over_while_nobody_knows,
    |world| {
        world.loses(Fault::After(Lost::Drop)).await?;
        world.taps("LiHua", Act::TakeOver).await?;
        ensure!(matches!(world.case(1).await?.state, State::HandedOver { .. }));
        ensure!(world.phone("LiHua").contains("不知道客户收到没有"), "{}", world.phone("LiHua"));
    }
);

story!(
    /// The platform's 48 hours pass: nothing can leave any more, and the case ends as one whose window was lost.
    the_window_closes_while_nobody_knows,
    |world| {
        world.loses(Fault::Before(Lost::Drop)).await?;
        let card = world.card("LiHua")?;
        for _ in 0..49 {
            world.wait(60 * MINUTE).await?;
        }
        ensure!(world.ending().await? == Ending::WindowLost && world.requests().len() == 1);
        world.taps_late("LiHua", &card, Act::SendAgain).await?;
        ensure!(world.requests().len() == 1);
    }
);

story!(
    /// People without the right change nothing but the record.
    only_permitted_people_say_what_became_of_it,
    |world| {
        world.loses(Fault::Before(Lost::Drop)).await?;
        let code = world.case(1).await?.code();
        for outsider in ["SunMei", "Stranger"] {
            for command in ["resend", "delivered", "drop"] {
                world.member_says(outsider, &format!("/{command} 1 {code}")).await?;
            }
        }
        ensure!(world.requests().len() == 1 && matches!(world.case(1).await?.state, State::Unknown(_)));
        ensure!(world.said_of_it().await?.is_empty() && world.recorded_anywhere(Kind::Refused).await?);
    }
);

story!(
    /// A double tap sends once; two people at once have one winner, and the other is told who.
    one_tap_wins_and_sends_once,
    |world| {
        world.loses(Fault::Before(Lost::Drop)).await?;
        let (mine, yours) = (world.card("LiHua")?, world.card("ZhaoLiu")?);
        let (again, dropped) = (mine.key(Act::SendAgain)?, yours.key(Act::Drop)?);
        let (one, two, three) = tokio::join!(
            world.sim.tap_late("LiHua", &mine.task_id, &again, &[]),
            world.sim.tap_late("LiHua", &mine.task_id, &again, &[]),
            world.sim.tap_late("ZhaoLiu", &yours.task_id, &dropped, &[]),
        );
        ensure!(one?.accepted() && two?.accepted() && three?.accepted());
        world.settle().await?;
        let said = world.said_of_it().await?;
        ensure!(said.len() == 1, "{said:?}");
        ensure!(world.requests().len() == if said[0] == "dropped" { 1 } else { 2 });
        ensure!(world.case(1).await?.is_closed());
    }
);

story!(
    /// In chat: with the code of what is shown; without it, the card comes again and nothing is decided.
    what_became_of_it_can_be_typed,
    |world| {
        world.loses(Fault::Before(Lost::Drop)).await?;
        world.member_says("LiHua", "/重发 1").await?;
        ensure!(world.requests().len() == 1 && world.card("LiHua")?.has(Act::SendAgain));
        let code = world.case(1).await?.code();
        world.member_says("LiHua", &format!("/通过 1 {code}")).await?;
        ensure!(world.newest_text("LiHua").contains("不知道送到没有"), "{}", world.newest_text("LiHua"));
        world.member_says("LiHua", &format!("/重发 1 {code}")).await?;
        ensure!(world.requests().len() == 2 && world.ending().await? == Ending::Answered);
        world.member_says("LiHua", &format!("/送达 1 {code}")).await?;
        ensure!(world.said_of_it().await? == ["not_delivered"]);
    }
);

story!(
    /// On the review page, for who signed in: the same three ways, bound to the same version and code.
    what_became_of_it_can_be_said_on_the_page,
    |world| {
        world.loses(Fault::Before(Lost::Drop)).await?;
        world.sim.sign_in_as(Some("LiHua"));
        let mut browser = world.browser("LiHua")?;
        let url = format!("{}/review/1", world.address);
        let page = world.opens(&mut browser, &url).await?;
        ensure!(page.html.contains("不知道客户收到没有") && page.html.contains(&escaped("第 1/1 条")), "{}", page.html);
        ensure!(!page.has_form("/edit") && !page.has_form("/send"));
        let nonsense = world.submits(&mut browser, &page, "/resolve", &[("how", "send")]).await?;
        ensure!(nonsense.status >= 400 && world.requests().len() == 1);
        let done = world.submits(&mut browser, &page, "/resolve", &[("how", "send_again")]).await?;
        ensure!(done.status == 200 && world.customer_heard(XIAOYU).len() == 1, "{}", done.html);
        let again = world.submits(&mut browser, &page, "/resolve", &[("how", "send_again")]).await?;
        ensure!(again.html.contains("不会重复") && world.requests().len() == 2, "{}", again.html);
    }
);
