use std::collections::BTreeSet;

use super::*;
use crate::wecom::stretch_of;
use crate::wecom::tests::{review, words};
use crate::words::Locale;

/// UTF-16 units of a message (Bot API, `sendMessage`).
const MAX_TEXT: usize = 4_096;

fn posted(card: ReviewCard) -> Posting {
    post(&Card::Review(card), &words(Locale::ZhCn))
}

fn labels(posting: &Posting) -> Vec<String> {
    posting.rows.iter().map(|row| row.iter().map(|b| b.label.as_str()).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_review_card_says_everything() {
    let posting = posted(review());
    assert_eq!(
        posting.card_text(),
        "#81 退款进度 · 中风险\n旗舰店·3/7 · 剩 2:40 · 可回 4 条 · 第 2 版\n客户\n都签收三天了怎么还没退\n\n\
         您好，退款已于6月12日原路退回，预计1至3个工作日到账。〔#81 7f3k〕\n\n\
         依据：退款时效 v12 ✓至 8/30\n订单：…4471 已签收 6/12\n取证：2 分钟前 · 物流页\n风险：含金额·未满样本\n\
         上文：第 3 次追问·情绪差\n负责：李华 已看"
    );
    assert_eq!(
        labels(&posting),
        [
            "发送 改 转上级",
            "接手 拒绝 暂停",
            "改·更短 改·更软 改·补依据",
            "改·换规则 改·不合规 改·事实错",
            "查看全部材料"
        ]
    );
    assert!(posting.text.contains(&Span::Quote("都签收三天了怎么还没退".to_owned())));
}

#[test]
fn a_draft_is_shown_whole_or_goes_above() {
    let long = "亲，这款羊毛衫建议手洗，水温不超过三十度。".repeat(200);
    let posting = posted(ReviewCard { body: Some(vec![long.clone()]), ..review() });
    let shown: String = posting.above.iter().map(|message| stretch_of(message)).collect();
    assert_eq!(shown, long);
    assert!(posting.rows[0][0].does == Does::Press(Press::Act(Act::Send)));
    let short = posted(ReviewCard { body: Some(vec!["好的".to_owned(); 3]), ..review() });
    assert!(short.above.is_empty() && short.card_text().contains("①好的\n②好的\n③好的"));
}

#[test]
fn the_longest_card_is_a_message() {
    let emoji = "😀".repeat(5_000);
    let row = crate::card::Row { value: emoji.clone(), ..review().rows[0].clone() };
    let card = ReviewCard {
        shop: emoji.clone(),
        intent: emoji.clone(),
        customer: emoji.clone(),
        note: Some(emoji.clone()),
        body: Some(vec![emoji]),
        rows: vec![row; 9],
        ..review()
    };
    let units = posted(card).card_text().encode_utf16().count();
    assert!(units <= MAX_TEXT, "{units}");
}

#[test]
fn what_cannot_be_seen_cannot_be_sent() {
    let posting = posted(ReviewCard { body: Some(vec!["退\u{200b}款".to_owned()]), ..review() });
    assert_eq!(labels(&posting)[0], "改 转上级 接手");
}

#[test]
fn a_reply_carried_by_hand_is_copied() {
    let acts = vec![Act::Delivered, Act::SendAgain, Act::Drop];
    let posting = posted(ReviewCard { by_hand: true, acts, page_url: None, ..review() });
    assert_eq!(labels(&posting), ["已发送 再发一遍 放弃"]);
    assert!(posting.rows[0][1].does == Does::Press(Press::Act(Act::SendAgain)));
}

#[test]
fn questions_have_a_button_for_each_answer() {
    let words = words(Locale::En);
    let asked = |card: Card| {
        let rows = post(&card, &words).rows.into_iter().flatten();
        rows.map(|button| button.does).collect::<Vec<_>>()
    };
    let (number, version, code) = (81, 2, "7f3k".to_owned());
    let reasons = asked(Card::AskReason { number, version, code: code.clone() });
    assert_eq!(reasons.len(), RejectReason::ALL.len());
    let scopes = asked(Card::AskPause { number, version, code });
    assert_eq!(scopes[2], Does::Press(Press::Pause(PauseScope::Everything)));
}

#[test]
fn a_settled_card_has_nothing_to_press() {
    let (title, desc) = ("已批准发送 · 李华 14:03".to_owned(), "#81".to_owned());
    let settled = post(&Card::Settled { number: 81, title, desc, text: String::new() }, &words(Locale::ZhCn));
    assert_eq!(settled.card_text(), "#81 已批准发送 · 李华 14:03");
    assert!(settled.rows.is_empty());
}

#[test]
fn presses_and_numbers_are_one_to_one() {
    let acts = Act::ALL.iter().map(|act| Press::Act(*act));
    let hints = Hint::ALL.iter().map(|hint| Press::Edit(*hint));
    let reasons = RejectReason::ALL.iter().map(|reason| Press::Reject(*reason));
    let scopes = PauseScope::ALL.iter().map(|scope| Press::Pause(*scope));
    let care = CareAct::ALL.iter().map(|act| Press::Care(*act));
    let plan = PlanAct::ALL.iter().map(|act| Press::Plan(*act));
    let all: Vec<Press> = acts.chain(hints).chain(reasons).chain(scopes).chain(care).chain(plan).collect();
    let numbers: BTreeSet<u8> = all.iter().map(|press| press.number()).collect();
    assert_eq!(numbers.len(), all.len());
    for press in all {
        assert_eq!(Press::from_number(press.number()), Some(press));
    }
    assert_eq!((0..=u8::MAX).filter_map(Press::from_number).count(), numbers.len());
}

/// Cards of earlier versions stay in chats: a number never means something else.
#[test]
fn numbers_are_fixed() {
    let number = |press: Press| press.number();
    assert_eq!([Act::Send, Act::Pause, Act::ConfirmPause].map(|act| number(Press::Act(act))), [0, 5, 10]);
    assert_eq!(number(Press::Edit(Hint::FactsWrong)), 69);
    assert_eq!(number(Press::Reject(RejectReason::Other)), 104);
    assert_eq!(number(Press::Pause(PauseScope::Conversation)), 128);
}
