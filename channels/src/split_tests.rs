use super::*;
use crate::wecom::kf::{MAX_PART_BYTES, split_for_kf};
use proptest::prelude::*;

fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn a_short_text_is_one_part_and_a_blank_one_none() {
    assert_eq!(split_for_kf("您好\n明天发货"), ["您好\n明天发货"]);
    assert!(split_for_kf("").is_empty());
    assert!(split_for_kf(" \n\t").is_empty());
}

#[test]
fn the_limit_counts_bytes_not_characters() {
    let fits = "好".repeat(682) + "ab";
    assert_eq!(fits.len(), MAX_PART_BYTES);
    assert_eq!(split_for_kf(&fits), [fits.as_str()]);
    assert_eq!(split_for_kf(&(fits + "c")).len(), 2);
}

#[test]
fn a_paragraph_goes_before_a_line_before_a_sentence() {
    let sentence = "这件衣服支持七天无理由退货。";
    let paragraphs = format!("{}\n{}\n\n{}", sentence.repeat(30), sentence.repeat(10), sentence.repeat(40));
    let first = format!("{}\n{}", sentence.repeat(30), sentence.repeat(10));
    assert_eq!(split_for_kf(&paragraphs), [first, sentence.repeat(40)]);
    let block = sentence.repeat(40);
    let lines = format!("{block}\n{block}");
    assert_eq!(split_for_kf(&lines), [block.as_str(), block.as_str()]);
    let parts = split_for_kf(&sentence.repeat(60));
    assert!(parts.iter().all(|p| p.ends_with('。')));
}

#[test]
fn an_early_paragraph_does_not_make_a_tiny_part() {
    let text = format!("您好。\n\n{}", "请把商品寄回，我们收到后两天内退款。".repeat(60));
    let parts = split_for_kf(&text);
    assert!(parts[0].len() > MAX_PART_BYTES / 2);
    assert!(parts[0].ends_with('。'));
}

#[test]
fn quotes_stay_with_their_sentence_and_numbers_stay_whole() {
    assert_eq!(pause_after('。', "”他说"), None);
    assert_eq!(pause_after('！', "！"), None);
    assert_eq!(pause_after('.', "99元"), None);
    assert_eq!(pause_after(',', "000"), None);
    assert_eq!(pause_after('.', " Next"), Some(Pause::Sentence));
    assert_eq!(pause_after('\n', "  \nx"), Some(Pause::Paragraph));
}

#[test]
fn words_are_cut_only_if_nothing_else_is_left() {
    let words = "delivery ".repeat(400);
    assert!(split_for_kf(&words).iter().all(|p| p.split(' ').all(|w| w == "delivery")));
    let parts = split_for_kf(&"x".repeat(5000));
    assert_eq!(parts.iter().map(String::len).collect::<Vec<_>>(), [2048, 2048, 904]);
}

#[test]
fn an_emoji_family_is_not_torn_apart() {
    let family = "👨‍👩‍👧‍👦";
    let text = family.repeat(200);
    let parts = split_for_kf(&text);
    assert!(parts.iter().all(|p| p.len() % family.len() == 0));
    assert_eq!(parts.concat(), text);
    let stacked = "e".to_owned() + &"\u{301}".repeat(3000);
    assert_eq!(split_for_kf(&stacked).concat(), stacked);
}

/// As Telegram counts.
const UNITS: TextLimit = TextLimit::Utf16(4096);

#[test]
fn an_emoji_at_the_border_goes_whole_into_the_next_part() {
    let fits = "a".repeat(4094) + "😀";
    assert_eq!(UNITS.length(&fits), 4096);
    assert_eq!(split(&fits, UNITS), [fits.as_str()]);
    let over = "a".repeat(4095) + "😀";
    assert_eq!(split(&over, UNITS), ["a".repeat(4095), "😀".to_owned()]);
    let smiles = "😀".repeat(2049);
    assert_eq!(split(&smiles, UNITS).iter().map(|part| UNITS.length(part)).collect::<Vec<_>>(), [4096, 2]);
}

#[test]
fn units_are_not_bytes() {
    let han = "好".repeat(4096);
    assert_eq!(split(&han, UNITS).len(), 1);
    let sentences = "这件衣服支持七天无理由退货。".repeat(400);
    let parts = split(&sentences, UNITS);
    assert!(parts.len() == 2 && parts.iter().all(|part| part.ends_with('。') && UNITS.holds(part)));
}

#[test]
fn a_limit_below_one_character_still_ends() {
    assert_eq!(split("😀好", TextLimit::Utf16(0)), ["😀", "好"]);
    assert_eq!(split("好a", TextLimit::Bytes(1)), ["好", "a"]);
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "好",
        "退款",
        "。",
        "，",
        "\n",
        "\n\n",
        " ",
        "a",
        "https://e.cn/x?y=1",
        "👨‍👩‍👧",
        "！",
        "”",
        "\u{301}",
        "\r\n",
        "9.9",
    ]);
    prop::collection::vec(piece, 0..3000).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_but_white_space_at_the_cuts_is_lost(text in pieces()) {
        let parts = split_for_kf(&text);
        prop_assert!(parts.iter().all(|p| !p.trim().is_empty() && p.len() <= MAX_PART_BYTES));
        prop_assert_eq!(bare(&parts.concat()), bare(&text));
        let small = TextLimit::Utf16(64);
        let parts = split(&text, small);
        prop_assert!(parts.iter().all(|p| !p.trim().is_empty() && small.holds(p)));
        prop_assert_eq!(bare(&parts.concat()), bare(&text));
        prop_assert_eq!(parts.is_empty(), text.trim().is_empty());
    }
}
