use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::card::{ReviewCard, Row};
use crate::key::{BadKey, Key};
use crate::names::{Act, Hint, NO_CHOICE, Risk, RowLabel};
use crate::words::Locale;

pub(crate) fn words(locale: Locale) -> Words {
    Words::load(locale)
}

fn row(label: RowLabel, value: &str, link: Option<&str>) -> Row {
    Row { label, value: value.to_owned(), link: link.map(str::to_owned) }
}

pub(crate) fn review() -> ReviewCard {
    ReviewCard {
        number: 81,
        version: 2,
        code: "7f3k".to_owned(),
        shop: "旗舰店".to_owned(),
        place: Some((3, 7)),
        intent: "退款进度".to_owned(),
        risk: Risk::Medium,
        overdue: false,
        seconds_left: Some(160),
        quota_left: Some(4),
        customer: "都签收三天了怎么还没退".to_owned(),
        attachments: 0,
        body: Some(vec!["您好，退款已于6月12日原路退回，预计1至3个工作日到账。".to_owned()]),
        note: None,
        rows: vec![
            row(RowLabel::Basis, "退款时效 v12 ✓至 8/30", Some("https://desk.example.com/review/81/basis")),
            row(RowLabel::Order, "…4471 已签收 6/12", None),
            row(RowLabel::Evidence, "2 分钟前 · 物流页", Some("https://desk.example.com/review/81/evidence")),
            row(RowLabel::Risk, "含金额·未满样本", None),
            row(RowLabel::History, "第 3 次追问·情绪差", None),
            row(RowLabel::Owner, "李华 已看", None),
        ],
        hints: Hint::offered(false).to_vec(),
        acts: vec![Act::Send, Act::Edit, Act::Escalate, Act::TakeOver, Act::Reject, Act::Pause],
        by_hand: false,
        page_url: Some("https://desk.example.com/review/81".to_owned()),
    }
}

fn posted(card: ReviewCard) -> Posting {
    let posting = post(&Card::Review(card), &words(Locale::ZhCn), "case-81-2-a-1");
    assert_eq!(check(&posting.template_card), Ok(()));
    posting
}

fn acts_on(card: &Value) -> Vec<Act> {
    let buttons = card["button_list"].as_array().expect("a card has buttons");
    let key = |button: &Value| Key::parse(button["key"].as_str().expect("a key"));
    buttons.iter().filter_map(|button| key(button).ok()).map(|key| key.act).collect()
}

fn body_of(posting: &Posting) -> &str {
    posting.template_card["sub_title_text"].as_str().expect("a body")
}

fn long_review() -> ReviewCard {
    let first = "您好，您的退款申请已经通过审核。".repeat(8);
    ReviewCard { body: Some(vec![first, "如仍未到账请告诉我们。".to_owned()]), ..review() }
}

fn needs_person() -> ReviewCard {
    let note = Some("客户要求人工，机器人不再回复。".to_owned());
    ReviewCard { body: None, note, overdue: true, seconds_left: Some(-75), attachments: 2, ..review() }
}

#[test]
fn whole_cards() {
    let ask = (81, 2, "7f3k".to_owned());
    let cards = [
        ("review", Card::Review(review())),
        ("review_long", Card::Review(long_review())),
        ("needs_person", Card::Review(needs_person())),
        ("ask_reason", Card::AskReason { number: ask.0, version: ask.1, code: ask.2.clone() }),
        ("ask_pause", Card::AskPause { number: ask.0, version: ask.1, code: ask.2 }),
    ];
    for locale in Locale::ALL {
        for (name, card) in &cards {
            let posting = post(card, &words(*locale), "case-81-2-a-1");
            assert_eq!(check(&posting.template_card), Ok(()), "{name}");
            insta::assert_json_snapshot!(format!("{}_{name}", locale.as_str()), posting);
        }
    }
}

#[test]
fn a_settled_card_has_no_act_and_is_greyed_out_on_update() {
    let card = Card::Settled {
        number: 81,
        title: "已发 · 李华 14:03 · 9 秒".to_owned(),
        desc: "旗舰店 · 退款进度".to_owned(),
        text: "您好，退款已于6月12日原路退回。".to_owned(),
    };
    let updated = settle(&card, &words(Locale::ZhCn), "case-81-2-a-1");
    assert_eq!(check(&updated), Ok(()));
    let key = updated["button_list"][0]["key"].as_str().expect("the type demands a button");
    assert_eq!(Key::parse(key), Err(BadKey::Settled { case: 81 }));
    insta::assert_json_snapshot!("zh-CN_settled", updated);
}

#[test]
fn a_settled_card_without_a_title_still_has_one() {
    let card = Card::Settled { number: 81, title: " ".to_owned(), desc: String::new(), text: String::new() };
    assert_eq!(check(&settle(&card, &words(Locale::En), "t")), Ok(()));
}

#[test]
fn an_update_of_an_open_card_is_the_card() {
    let card = Card::Review(review());
    assert_eq!(settle(&card, &words(Locale::ZhCn), "t"), post(&card, &words(Locale::ZhCn), "t").template_card);
}

#[test]
fn every_button_carries_case_version_and_code() {
    let card = posted(review()).template_card;
    assert_eq!(acts_on(&card), review().acts);
    let key = Key { case: 81, version: 2, code: "7f3k".to_owned(), act: Act::Send };
    assert_eq!(card["button_list"][0]["key"], key.encode());
    assert_eq!(card["button_list"][0]["style"], 1);
}

#[test]
fn nothing_to_send_means_no_send_button() {
    for body in [None, Some(vec![]), Some(vec!["好的".to_owned(), " \n".to_owned()])] {
        let card = posted(ReviewCard { body, ..review() }).template_card;
        assert_eq!(acts_on(&card)[0], Act::Edit);
    }
}

#[test]
fn what_a_person_cannot_see_whole_cannot_be_sent() {
    let hidden = [
        "退款\u{202e}元001",
        "已\u{0}退款",
        "<A href='https://x.example'>官网</a>",
        "<a\nhref='https://x.example'>官网</a>",
        "退\u{200b}款",
        "[官网](https://x.example)",
    ];
    for part in hidden {
        let posting = posted(ReviewCard { body: Some(vec![part.to_owned()]), ..review() });
        assert!(!acts_on(&posting.template_card).contains(&Act::Send), "{part:?}");
        assert!(body_of(&posting).starts_with("【含有看不见的内容"), "{part:?}");
    }
    assert!(crate::showable("👩\u{200d}👧 到货\n请看 https://shop.example.com/a?b=1"));
}

#[test]
fn a_reply_carried_by_hand_is_copied() {
    let labels = |by_hand, acts: &[Act]| {
        let card = posted(ReviewCard { by_hand, acts: acts.to_vec(), ..review() }).template_card;
        assert_eq!(acts_on(&card), acts);
        let buttons = card["button_list"].as_array().expect("a card has buttons").clone();
        buttons.iter().filter_map(|button| button["text"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let acts = [Act::Send, Act::Edit, Act::Delivered, Act::SendAgain, Act::Drop];
    assert_eq!(labels(true, &acts), ["复制", "改", "已发送", "再发一遍", "放弃"]);
    assert_eq!(labels(false, &acts), ["发送", "改", "已确认送达", "没送到，重发", "放弃"]);
}

#[test]
fn a_card_always_has_a_button_and_none_twice() {
    let card = ReviewCard { acts: vec![Act::ConfirmReject], ..review() };
    assert_eq!(acts_on(&posted(card).template_card), [Act::TakeOver]);
    let card = ReviewCard { acts: vec![Act::Send, Act::Edit, Act::Send], ..review() };
    assert_eq!(acts_on(&posted(card).template_card), [Act::Send, Act::Edit]);
}

#[test]
fn drop_downs_start_with_nothing_chosen() {
    let ask = Card::AskReason { number: 81, version: 2, code: "7f3k".to_owned() };
    for card in [Card::Review(review()), ask] {
        let select = post(&card, &words(Locale::En), "t").template_card["button_selection"].clone();
        assert_eq!((&select["option_list"][0]["id"], &select["selected_id"]), (&json!(NO_CHOICE), &json!(NO_CHOICE)));
    }
}

#[test]
fn hints_show_only_where_they_can_act() {
    for (hints, acts) in [(vec![], vec![Act::Send, Act::Edit]), (Hint::offered(true).to_vec(), vec![Act::Send])] {
        let card = posted(ReviewCard { hints, acts, ..review() }).template_card;
        assert!(card.get("button_selection").is_none());
    }
}

#[test]
fn the_clock_turns_red_in_the_last_minute() {
    let colour = |overdue, seconds_left| {
        posted(ReviewCard { overdue, seconds_left, ..review() }).template_card["source"]["desc_color"].clone()
    };
    assert_eq!(colour(false, Some(60)), 0);
    assert_eq!(colour(false, Some(59)), 2);
    assert_eq!(colour(true, None), 2);
    assert_eq!(colour(false, None), 0);
}

#[test]
fn the_line_of_facts_leaves_out_from_the_end_and_never_cuts() {
    let desc = |change: fn(&mut ReviewCard)| {
        let mut card = review();
        change(&mut card);
        posted(card).template_card["main_title"]["desc"].as_str().expect("a text").to_owned()
    };
    assert_eq!(desc(|_| ()), "剩 2:40 · 可回 4 条 · 第 2 版");
    assert_eq!(desc(|card| card.version = 1), "剩 2:40 · 可回 4 条");
    assert_eq!(desc(|card| card.seconds_left = Some(3725)), "剩 1:02:05 · 可回 4 条 · 第 2 版");
    assert_eq!(desc(|card| card.seconds_left = Some(-5)), "剩 0:00 · 可回 4 条 · 第 2 版");
    assert_eq!(desc(|card| card.overdue = true), "已超时 · 可回 4 条 · 第 2 版");
    assert_eq!(desc(|card| card.version = 1_234_567_890_123), "剩 2:40 · 可回 4 条");
    assert_eq!(desc(|card| card.quota_left = Some(0)), "剩 2:40 · 可回 0 条 · 第 2 版");
}

#[test]
fn a_bad_link_is_left_out_rather_than_the_card_refused() {
    let rows = vec![row(RowLabel::Basis, "退款时效", Some("javascript:alert(1)"))];
    let card = posted(ReviewCard { rows, page_url: Some("desk/81".to_owned()), ..review() }).template_card;
    assert!(card["horizontal_content_list"][0].get("url").is_none() && card.get("jump_list").is_none());
}

#[test]
fn attachments_alone_still_show() {
    let card = posted(ReviewCard { customer: String::new(), attachments: 2, ..review() }).template_card;
    assert_eq!(card["quote_area"], json!({"type": 0, "title": "客户 · 附件 2 个", "quote_text": "（没有文字）"}));
    assert!(posted(ReviewCard { customer: String::new(), ..review() }).template_card.get("quote_area").is_none());
}

#[test]
fn a_cut_quote_says_how_much_more_there_was() {
    let posting = posted(ReviewCard { customer: "催".repeat(500), ..review() });
    let quote = posting.template_card["quote_area"]["quote_text"].as_str().expect("a quote");
    let kept = quote.chars().filter(|c| *c == '催').count();
    assert!(quote.ends_with(&format!("…（还有 {} 字）", 500 - kept)), "{quote}");
}

#[test]
fn parts_are_marked_and_ones_with_marks_of_their_own_get_a_message_each() {
    let parts = |texts: [&str; 2]| ReviewCard { body: Some(texts.map(str::to_owned).to_vec()), ..review() };
    let plain = posted(parts(["已退款。", "请查收。"]));
    assert_eq!((plain.above.len(), body_of(&plain)), (0, "①已退款。\n②请查收。〔#81 7f3k〕"));
    let marked = posted(parts(["步骤①打开\n②点击", "请查收。"]));
    assert_eq!(marked.above.len(), 2);
    assert_eq!(marked.above[0], "回复全文 #81（1/2） 第 ① 条\n步骤①打开\n②点击\n〔#81 7f3k〕");
}

#[test]
fn a_long_draft_goes_above_and_the_body_says_so() {
    let posting = posted(long_review());
    assert_eq!(posting.above.len(), 1);
    assert!(body_of(&posting).starts_with("↑ 全文在上面 1 条消息里，开头：①您好"));
    assert!(body_of(&posting).ends_with("…〔#81 7f3k〕"));
}

#[test]
fn a_note_stands_before_the_draft_and_counts() {
    let note = Some("金额超过 500 元，须第二人复核".to_owned());
    let posting = posted(ReviewCard { note: note.clone(), ..review() });
    assert!(body_of(&posting).starts_with("【金额超过 500 元，须第二人复核】\n您好"));
    let fits_alone = "字".repeat(limit::BODY - 10);
    assert!(posted(ReviewCard { body: Some(vec![fits_alone.clone()]), ..review() }).above.is_empty());
    assert_eq!(posted(ReviewCard { body: Some(vec![fits_alone]), note, ..review() }).above.len(), 1);
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let good = posted(review()).template_card;
    let faults: [(&str, Value, &str); 12] = [
        ("/task_id", json!("案件"), "task_id is not"),
        ("/card_type", json!("text_notice"), "card_type is not"),
        ("/source/desc", json!("店".repeat(14)), "source desc: 14 characters, 13 allowed"),
        ("/main_title/title", json!("题".repeat(27)), "main_title title: 27"),
        ("/main_title/desc", json!("题".repeat(31)), "main_title desc: 31"),
        ("/sub_title_text", json!("文".repeat(113)), " sub_title_text: 113"),
        ("/horizontal_content_list/0/keyname", json!("六个字的键名"), "keyname: 6"),
        ("/horizontal_content_list/5/value", json!("值".repeat(27)), "horizontal_content_list[5] value: 27"),
        ("/button_list/1/text", json!("十一个字的按钮文案是它"), "button_list[1] text: 11"),
        ("/button_list/1/key", json!("send:81:2:7f3k"), "button_list key: twice"),
        ("/button_list", json!([]), "button_list has 0 entries"),
        ("/button_selection/selected_id", json!("x"), "selects an option it does not have"),
    ];
    for (slot, value, expected) in faults {
        let mut card = good.clone();
        *card.pointer_mut(slot).expect("the slot is there") = value;
        let found = check(&card).expect_err(slot);
        assert!(found.len() == 1 && found[0].contains(expected), "{slot}: {found:?}");
    }
    assert!(check(&json!([])).is_err() && check(&json!({})).is_err_and(|faults| faults.len() >= 4));
}

/// Text without control characters but for line breaks, of at most 2,048 bytes, with what could confuse us in it.
fn part() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        6 => proptest::char::range('一', '龥'),
        2 => proptest::char::range('0', '9'),
        2 => proptest::sample::select(vec!['\n', ' ', '①', '②', '③', '〔', '〕', '#', '…', '\u{200d}', '\u{fe0f}', '👍']),
        2 => any::<char>().prop_filter("no control characters", |c| !c.is_control()),
    ];
    let text = prop_oneof![
        proptest::collection::vec(character.clone(), 0..60),
        proptest::collection::vec(character, 600..1200),
    ];
    text.prop_map(|characters| {
        let text: String = characters.into_iter().collect();
        text[..text.floor_char_boundary(2048)].to_owned()
    })
}

proptest! {
    #[test]
    fn every_part_of_a_draft_is_seen_whole(parts in proptest::collection::vec(part(), 1..=3), english: bool, number: i64) {
        let locale = if english { Locale::En } else { Locale::ZhCn };
        let card = Card::Review(ReviewCard { number, body: Some(parts.clone()), ..review() });
        let posting = post(&card, &words(locale), "case-81-2-a-1");
        prop_assert_eq!(check(&posting.template_card), Ok(()));
        let mark = format!("〔#{number} 7f3k〕");
        prop_assert!(body_of(&posting).ends_with(&mark));
        for message in &posting.above {
            prop_assert!(message.len() <= 2048 && message.ends_with(&mark));
        }
        if parts.iter().any(|part| !part.trim().is_empty()) {
            let seen = posting.visible_text();
            prop_assert!(parts.iter().all(|part| seen.contains(part.as_str())));
        }
        let stretches: String = posting.above.iter().map(|message| stretch_of(message)).collect();
        if posting.above.len() > 1 {
            prop_assert_eq!(stretches, parts.concat());
        }
    }

    #[test]
    fn no_card_ever_breaks_a_limit(
        numbers: (i64, i64, Option<(u32, u32)>, Option<i64>, Option<u32>, u32),
        texts: [String; 5],
        long in part(),
        flags: [bool; 3],
        risk in proptest::sample::select(Risk::ALL),
        acts in proptest::collection::vec(proptest::sample::select(Act::ALL), 0..9),
    ) {
        let (number, version, place, seconds_left, quota_left, attachments) = numbers;
        let [shop, intent, customer, note, value] = texts;
        let rows = RowLabel::ALL.iter().cycle().take(8).map(|label| row(*label, &value, Some(&customer))).collect();
        let body = flags[0].then(|| vec![long.clone(), value.clone()]);
        let card = Card::Review(ReviewCard {
            number, version, code: "7f3k".to_owned(), shop, place, intent, risk, overdue: flags[1], seconds_left, quota_left,
            customer: customer + &long, attachments, body, note: flags[2].then_some(note), rows, hints: Hint::offered(true).to_vec(), acts,
            by_hand: flags[1], page_url: None,
        });
        let ask = [
            Card::AskReason { number, version, code: "7f3k".to_owned() },
            Card::AskPause { number, version, code: "7f3k".to_owned() },
            Card::Settled { number, title: value.clone(), desc: long.clone(), text: long },
        ];
        for card in ask.iter().chain([&card]) {
            for locale in Locale::ALL {
                prop_assert_eq!(check(&settle(card, &words(*locale), "t")), Ok(()));
            }
        }
    }
}
