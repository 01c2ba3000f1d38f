//! Places without an API: a colleague types the customer's words, gets the card, and carries the approved reply over by
//! hand. Told on every surface; nothing anywhere claims that the program sent anything.

use std::time::Duration;

use aijia::case::{Ending, State};
use aijia::evidence::Kind;
use aijia::store::record::Told;
use anyhow::{Context, ensure};
use cards::Act;
use simulator::{Api, Fault, Lost};

use crate::story;
use crate::world::away::with_channel;
use crate::world::colleagues::{aibot_card, telegram_card};
use crate::world::{Colleagues, DESK, Phones, Setting, World};

const ASKED: &str = "/问 千牛 羊毛衫会起球吗？";
const OWN_WORDS: &str = "亲，轻微起球是正常的，用剃毛器处理就好。";

/// The usual desk with a place that has no API.
fn desk() -> String {
    let desk = with_channel(DESK, "manual", "千牛·山茶家", "");
    desk.replace("id = \"mini\"", "id = \"qianniu\"").replace("山茶家小程序", "千牛")
}

fn on(colleagues: Colleagues) -> Setting {
    Setting { colleagues, ..Setting::desk(desk()) }
}

/// Tells one story on every surface.
macro_rules! by_hand {
    ($(#[$about:meta])* $name:ident, |$world:ident| $told:block) => {
        $(#[$about])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            async fn told($world: &mut World) -> anyhow::Result<()> {
                $told
                nothing_was_sent($world).await
            }
            story!(app, in on(Colleagues::App), |world| { told(world).await?; });
            story!(aibot, in on(Colleagues::Aibot), |world| { told(world).await?; });
            story!(telegram, in on(Colleagues::Telegram), |world| { told(world).await?; });
        }
    };
}

mod pictures;

impl World {
    /// A colleague asks for a customer, and the desk has drafted.
    async fn asks(&mut self, member: &str, text: &str) -> anyhow::Result<()> {
        self.writes(member, text).await?;
        self.wait(Duration::from_secs(4)).await
    }

    /// How often a colleague was handed exactly these words, in a message of their own.
    fn handed(&self, member: &str, words: &str) -> usize {
        // The app's chat also shows what its member wrote.
        let told = match &self.phones {
            Phones::App => {
                let pushed = self.sim.accepted_app_messages(member).into_iter().filter(|message| !message.dropped);
                pushed.filter_map(|m| m.body["text"]["content"].as_str().map(str::to_owned)).collect()
            }
            Phones::Aibot(_) | Phones::Telegram(_) => self.was_told(member),
        };
        told.iter().filter(|text| *text == words).count()
    }

    async fn ended(&self, number: i64) -> anyhow::Result<Ending> {
        match self.case(number).await?.state {
            State::Closed { ending } => Ok(ending),
            other => anyhow::bail!("{other:?}"),
        }
    }

    async fn is_in_hand(&self, number: i64) -> anyhow::Result<bool> {
        Ok(self.case(number).await?.state.name() == "handed_out")
    }

    async fn words_shown(&self, number: i64) -> anyhow::Result<String> {
        Ok(self.case(number).await?.draft().context("a draft")?.parts.join("\n"))
    }

    /// The buttons of a colleague's newest open card, as they are called.
    fn labels(&self, member: &str) -> anyhow::Result<Vec<String>> {
        let buttons = |card: crate::world::Card| {
            let list = card.shown["button_list"].as_array().cloned().unwrap_or_default();
            list.iter().filter_map(|button| button["text"].as_str().map(str::to_owned)).collect()
        };
        Ok(match &self.phones {
            Phones::App => buttons(self.card(member)?),
            Phones::Aibot(bot) => buttons(aibot_card(bot, member).context("a card")?),
            Phones::Telegram(telegram) => {
                let card = telegram_card(telegram, member).context("a card")?;
                card.keyboard.into_iter().flatten().filter(|key| key.data.is_some()).map(|key| key.label).collect()
            }
        })
    }

    async fn kinds(&self, number: i64) -> anyhow::Result<Vec<Kind>> {
        Ok(self.record(number).await?.iter().map(|told| told.kind).collect())
    }
}

/// No platform carried anything, and the record of no case says that one did: only that a colleague was handed it, and
/// what they said of it.
async fn nothing_was_sent(world: &World) -> anyhow::Result<()> {
    ensure!(world.sim.accepted_kf_sends().is_empty());
    let sends = [Kind::SendReady, Kind::SendClaimed, Kind::SendSettled, Kind::SendProbed, Kind::SendResolved];
    for kind in sends {
        ensure!(!world.recorded_anywhere(kind).await?, "{kind} is on record");
    }
    Ok(())
}

fn said_of_it(told: &[Told]) -> Vec<String> {
    let said = told.iter().filter(|told| told.kind == Kind::HandOutResolved).filter_map(|told| told.payload.as_ref());
    said.filter_map(|payload| payload["how"].as_str().map(str::to_owned)).collect()
}

by_hand!(
    /// Asked, copied, confirmed: the card comes to the asker alone, the approved words come to their phone byte for byte, and
    /// the case is answered by their word.
    copied_and_confirmed,
    |world| {
        world.asks("LiHua", ASKED).await?;
        let words = world.words_shown(1).await?;
        ensure!(!world.holds_card("ZhaoLiu"), "only the asker has the chat before them");
        let labels = world.labels("LiHua")?;
        ensure!(labels.contains(&"复制".to_owned()) && !labels.contains(&"发送".to_owned()), "{labels:?}");
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.handed("LiHua", &words) == 1, "{:?}", world.was_told("LiHua"));
        ensure!(world.is_in_hand(1).await?, "{:?}", world.case(1).await?.state);
        ensure!(world.labels("LiHua")? == ["已发送", "再发一遍", "放弃"], "{:?}", world.labels("LiHua")?);
        ensure!(!world.was_told("ChenJie").join("\n").contains("#1"), "there is nothing to be alarmed about");
        world.decides("LiHua", Act::Delivered).await?;
        ensure!(world.ended(1).await? == Ending::Answered && !world.holds_card("LiHua"));
        let told = world.record(1).await?;
        let handed = told.iter().find(|told| told.kind == Kind::HandOutSettled).and_then(|told| told.payload.clone());
        ensure!(handed.is_some_and(|payload| payload["to"] == "lihua" && payload["result"]["result"] == "handed_out"));
        ensure!(said_of_it(&told) == ["sent"], "{:?}", said_of_it(&told));
        world.writes("LiHua", "/why 1").await?;
        let why = world.was_told("LiHua").pop().unwrap_or_default();
        ensure!(why.contains("已交给 李华") && why.contains("李华 说那条：已发送"), "{why}");
        ensure!(!why.contains("平台已接受") && !why.contains("出门"), "{why}");
    }
);

by_hand!(
    /// A person's own words are handed to them as they wrote them, after a second look.
    edited_first,
    |world| {
        world.asks("LiHua", ASKED).await?;
        world.decides("LiHua", Act::Edit).await?;
        world.writes("LiHua", OWN_WORDS).await?;
        ensure!(world.handed("LiHua", OWN_WORDS) == 0, "an edit is shown before it is handed out");
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.handed("LiHua", OWN_WORDS) == 1, "{:?}", world.was_told("LiHua"));
        world.decides("LiHua", Act::Delivered).await?;
        ensure!(world.ended(1).await? == Ending::Answered);
    }
);

by_hand!(
    /// The escalation owner approves; the asker gets it, with a line that says who approved, and says what became of it.
    escalated,
    |world| {
        world.asks("LiHua", ASKED).await?;
        let words = world.words_shown(1).await?;
        world.decides("LiHua", Act::Escalate).await?;
        ensure!(!world.holds_card("LiHua") && world.holds_card("WangWu"));
        world.decides("WangWu", Act::Send).await?;
        let told = world.was_told("LiHua");
        let at = told.iter().position(|text| *text == words).with_context(|| format!("{told:?}"))?;
        ensure!(told[at - 1].contains("王武 批准了下面这条"), "{told:?}");
        ensure!(world.handed("WangWu", &words) == 0 && !world.holds_card("WangWu"), "{:?}", world.was_told("WangWu"));
        ensure!(world.is_in_hand(1).await? && world.holds_card("LiHua"));
        world.decides("LiHua", Act::Delivered).await?;
        ensure!(world.ended(1).await? == Ending::Answered);
    }
);

by_hand!(
    /// During a pause nothing is handed out, and what a colleague has in their hands is named; afterwards a new tap does.
    paused_before_the_copy,
    |world| {
        world.asks("LiHua", ASKED).await?;
        let words = world.words_shown(1).await?;
        world.writes("ChenJie", "/暂停 千牛").await?;
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.handed("LiHua", &words) == 0, "handed out during a pause");
        world.writes("WangWu", "/恢复 千牛").await?;
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.handed("LiHua", &words) == 1 && world.is_in_hand(1).await?);
        world.writes("ChenJie", "/暂停 千牛").await?;
        let acknowledged = world.was_told("ChenJie").pop().unwrap_or_default();
        ensure!(acknowledged.contains("可能还会送到的：#1"), "{acknowledged}");
        world.decides("LiHua", Act::SendAgain).await?;
        ensure!(world.handed("LiHua", &words) == 1, "handed out again during a pause");
        world.writes("WangWu", "/恢复 千牛").await?;
        world.decides("LiHua", Act::SendAgain).await?;
        ensure!(world.handed("LiHua", &words) == 1, "what was approved before the pause lost its force");
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.handed("LiHua", &words) == 2 && world.is_in_hand(1).await?);
        world.decides("LiHua", Act::Drop).await?;
        ensure!(world.ended(1).await? == Ending::Dropped);
    }
);

by_hand!(
    /// Further words of the same customer: a newer draft, and while something is in hand a card that shows them.
    asked_again,
    |world| {
        world.asks("LiHua", ASKED).await?;
        world.asks("LiHua", "/问 #1 白色的那件").await?;
        let case = world.case(1).await?;
        ensure!(matches!(case.state, State::AwaitingReview(_)) && case.watermark == 2, "{case:?}");
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.is_in_hand(1).await?);
        world.asks("LiHua", "/ask #1 羊毛衫怎么洗？").await?;
        ensure!(world.is_in_hand(1).await? && world.holds_card("LiHua"), "nobody knows what the customer has read");
        world.decides("LiHua", Act::Delivered).await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)), "what they said since is answered");
        world.decides("LiHua", Act::Send).await?;
        world.decides("LiHua", Act::Delivered).await?;
        ensure!(world.ended(1).await? == Ending::Answered);
        world.asks("LiHua", "/问 #1 还有黑色吗？").await?;
        let follows = world.case(2).await?;
        ensure!(follows.follows == Some(world.case(1).await?.id), "a new number for the same customer");
        world.asks("LiHua", ASKED).await?;
        ensure!(world.case(3).await?.follows.is_none(), "each /ask is a customer of its own");
    }
);

by_hand!(
    /// Without the right nobody asks, and nobody meddles with a colleague's customer: said, and on record.
    refused_askers,
    |world| {
        world.writes("SunMei", ASKED).await?;
        world.wait(Duration::from_secs(4)).await?;
        let told = world.was_told("SunMei").join("\n");
        ensure!(told.contains("权限") || told.contains("角色") || told.contains("身份"), "{told}");
        ensure!(world.recorded_anywhere(Kind::Refused).await? && world.case(1).await.is_err());
        world.asks("LiHua", ASKED).await?;
        world.asks("ZhaoLiu", "/问 #1 便宜点吗").await?;
        ensure!(world.was_told("ZhaoLiu").join("\n").contains("李华 代问"), "{:?}", world.was_told("ZhaoLiu"));
        ensure!(world.case(1).await?.watermark == 1 && world.kinds(1).await?.contains(&Kind::Refused));
        let code = world.case(1).await?.code();
        world.writes("ZhaoLiu", "/case 1").await?;
        ensure!(!world.holds_card("ZhaoLiu"), "they read the story, and have nothing to decide");
        world.writes("ZhaoLiu", &format!("/approve 1 {code}")).await?;
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)), "{:?}", world.case(1).await?.state);
    }
);

by_hand!(
    /// What fits no shop, or has no words, is answered with what can be written.
    unclear_askings,
    |world| {
        world.writes("LiHua", "/问 抖店 在吗").await?;
        ensure!(world.was_told("LiHua").pop().is_some_and(|told| told.contains("千牛") && told.contains("qianniu")));
        world.writes("LiHua", "/问 千牛").await?;
        ensure!(world.was_told("LiHua").pop().is_some_and(|told| told.contains("还缺客户的原话")));
        world.customer_says("羊毛衫会起球吗？").await?;
        world.writes("LiHua", "/问 #1 在吗").await?;
        ensure!(world.was_told("LiHua").pop().is_some_and(|told| told.contains("不用代问")));
        // The app takes no text that is as long.
        if !matches!(world.phones, Phones::App) {
            world.writes("LiHua", &format!("/问 千牛 {}", "长".repeat(4_001))).await?;
            ensure!(world.was_told("LiHua").pop().is_some_and(|told| told.contains("太长了")), "{:?}", world.was_told("LiHua").pop());
        }
        ensure!(world.case(2).await.is_err());
    }
);

by_hand!(
    /// 接手: the chat is the asker's already; given back, the case is over.
    answered_in_person,
    |world| {
        world.asks("LiHua", ASKED).await?;
        world.decides("LiHua", Act::TakeOver).await?;
        ensure!(world.was_told("LiHua").join("\n").contains("请直接在聊天窗口里回复客户"));
        world.asks("LiHua", "/问 #1 还在吗").await?;
        ensure!(!world.holds_card("LiHua"), "the bot is silent");
        world.writes("LiHua", "/交还 1").await?;
        ensure!(world.ended(1).await? == Ending::AnsweredByPerson);
    }
);

by_hand!(
    /// Nobody says what became of it: the asker is asked again, and whoever is above hears of it.
    forgotten_in_hand,
    |world| {
        world.asks("LiHua", ASKED).await?;
        world.decides("LiHua", Act::Send).await?;
        world.wait(Duration::from_secs(601)).await?;
        ensure!(world.is_in_hand(1).await? && world.holds_card("LiHua") && !world.holds_card("WangWu"));
        ensure!(world.was_told("WangWu").join("\n").contains("还没说发了没有"), "{:?}", world.was_told("WangWu"));
        world.decides("LiHua", Act::Delivered).await?;
        ensure!(world.ended(1).await? == Ending::Answered);
    }
);

story!(
    /// Several messages go one after another, each when the asker says that the one before was sent. (The app takes no text
    /// that is as long.)
    several_parts,
    in on(Colleagues::Aibot),
    |world| {
        world.asks("LiHua", ASKED).await?;
        let long = "亲，羊毛是天然纤维，前几次穿着有少量浮毛属于正常现象，用小刷子顺着毛轻轻一扫就好。\n".repeat(20);
        world.writes("LiHua", &format!("/改 1 {long}")).await?;
        let parts = world.case(1).await?.draft().context("a draft")?.parts.clone();
        ensure!(parts.len() == 2, "{}", parts.len());
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.handed("LiHua", &parts[0]) == 1 && world.handed("LiHua", &parts[1]) == 0);
        world.decides("LiHua", Act::Delivered).await?;
        ensure!(world.handed("LiHua", &parts[0]) == 1 && world.handed("LiHua", &parts[1]) == 1);
        ensure!(world.is_in_hand(1).await?);
        world.decides("LiHua", Act::Delivered).await?;
        ensure!(world.ended(1).await? == Ending::Answered);
        ensure!(said_of_it(&world.record(1).await?) == ["sent", "sent"]);
        nothing_was_sent(world).await?;
    }
);

story!(
    /// Killed between the approval and the hand-over, and in the middle of it: the asker gets the words, once more at most.
    restarted_in_between,
    in on(Colleagues::App),
    |world| {
        world.asks("LiHua", ASKED).await?;
        let words = world.words_shown(1).await?;
        let card = world.card("LiHua")?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        world.restart().await?;
        ensure!(world.is_in_hand(1).await? && world.handed("LiHua", &words) == 1, "{:?}", world.was_told("LiHua"));
        let card = world.card("LiHua")?;
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::SendAgain)?, &[]).await?;
        world.killed_at(Api::MessageSend, 1).await?;
        world.wait(Duration::from_secs(120)).await?;
        ensure!(world.is_in_hand(1).await?, "{:?}", world.case(1).await?.state);
        ensure!((2..=3).contains(&world.handed("LiHua", &words)), "{:?}", world.was_told("LiHua"));
        world.taps("LiHua", Act::Delivered).await?;
        ensure!(world.ended(1).await? == Ending::Answered);
        nothing_was_sent(world).await?;
    }
);

story!(
    /// An answer that gets lost on the way to a colleague's phone harms nobody: the words are given again, and nobody is
    /// alarmed.
    a_lost_answer_is_repeated,
    in on(Colleagues::App),
    |world| {
        world.asks("LiHua", ASKED).await?;
        let words = world.words_shown(1).await?;
        world.sim.faults().next(Api::MessageSend, 1, Fault::After(Lost::Drop));
        world.taps("LiHua", Act::Send).await?;
        world.wait(Duration::from_secs(3)).await?;
        ensure!(world.is_in_hand(1).await? && world.handed("LiHua", &words) == 2, "{:?}", world.was_told("LiHua"));
        ensure!(!world.phone("ChenJie").contains("#1") && !world.phone("WangWu").contains("#1"));
        let claims = world.kinds(1).await?.into_iter().filter(|kind| *kind == Kind::HandOutClaimed).count();
        ensure!(claims == 2, "every time is claimed: {claims}");
        nothing_was_sent(world).await?;
    }
);

story!(
    /// The phone is out of reach, and a pause begins before it is back: the approval loses its force, nothing is handed out.
    out_of_reach_and_then_paused,
    in on(Colleagues::App),
    |world| {
        world.asks("LiHua", ASKED).await?;
        let words = world.words_shown(1).await?;
        world.sim.faults().next(Api::MessageSend, 1, Fault::Before(Lost::Drop));
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.handed("LiHua", &words) == 0 && matches!(world.case(1).await?.state, State::Sending(_)));
        world.member_says("ChenJie", "/暂停 千牛").await?;
        world.wait(Duration::from_secs(60)).await?;
        ensure!(world.handed("LiHua", &words) == 0, "handed out after the pause");
        ensure!(matches!(world.case(1).await?.state, State::AwaitingReview(_)), "{:?}", world.case(1).await?.state);
        nothing_was_sent(world).await?;
    }
);

story!(
    /// On the AI bot the customer's message can be quoted: its words are taken where the command has none of its own.
    quoted_words_are_asked,
    in on(Colleagues::Aibot),
    |world| {
        let Phones::Aibot(bot) = &world.phones else { anyhow::bail!("not on the AI bot") };
        ensure!(bot.quotes("LiHua", "羊毛衫会起球吗？", "/问 千牛").told);
        world.listens().await?;
        world.wait(Duration::from_secs(4)).await?;
        let said = world.record(1).await?.into_iter().find(|told| told.kind == Kind::CustomerSaid);
        ensure!(said.and_then(|told| told.payload).is_some_and(|payload| payload["text"] == "羊毛衫会起球吗？"));
        let Phones::Aibot(bot) = &world.phones else { anyhow::bail!("not on the AI bot") };
        ensure!(bot.quotes("LiHua", "别的话", "/问 #1 白色的那件").told);
        world.listens().await?;
        world.wait(Duration::from_secs(4)).await?;
        let texts: Vec<Told> = world.record(1).await?.into_iter().filter(|told| told.kind == Kind::CustomerSaid).collect();
        ensure!(texts.last().and_then(|told| told.payload.as_ref()).is_some_and(|payload| payload["text"] == "白色的那件"));
        world.decides("LiHua", Act::Send).await?;
        ensure!(world.is_in_hand(1).await?);
    }
);

story!(
    /// On the review page, for who signed in: 复制, then what became of it, in the same words as on the card.
    copied_and_confirmed_on_the_page,
    in on(Colleagues::App),
    |world| {
        world.asks("LiHua", ASKED).await?;
        let words = world.words_shown(1).await?;
        world.sim.sign_in_as(Some("ZhaoLiu"));
        let url = format!("{}/review/1", world.address);
        let mut other = world.browser("ZhaoLiu")?;
        let page = world.opens(&mut other, &url).await?;
        ensure!(!page.has_form("/send") && !page.has_form("/edit"), "another reviewer has nothing to decide");
        world.sim.sign_in_as(Some("LiHua"));
        let mut browser = world.browser("LiHua")?;
        let page = world.opens(&mut browser, &url).await?;
        ensure!(page.html.contains("复制这一版") && !page.html.contains("发送这一版"), "{}", page.html);
        let done = world.submits(&mut browser, &page, "/send", &[]).await?;
        ensure!(done.html.contains("交给代问的同事") && world.handed("LiHua", &words) == 1, "{}", done.html);
        let page = world.opens(&mut browser, &url).await?;
        ensure!(page.html.contains("这条交给 李华 去发了") && page.html.contains("在同事手上"), "{}", page.html);
        ensure!(!page.html.contains("已确认送达") && !page.html.contains("平台已接受"), "{}", page.html);
        let done = world.submits(&mut browser, &page, "/resolve", &[("how", "delivered")]).await?;
        ensure!(done.status == 200 && world.ended(1).await? == Ending::Answered);
        let page = world.opens(&mut browser, &url).await?;
        ensure!(page.html.contains("代问的同事说已发给客户"), "{}", page.html);
        nothing_was_sent(world).await?;
    }
);
