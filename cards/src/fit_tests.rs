use proptest::prelude::*;

use super::*;

#[test]
fn what_fits_stays_and_what_does_not_says_so() {
    assert_eq!(fit("退款进度", 4), "退款进度");
    assert_eq!(fit("退款进度查询", 5), "退款进度…");
    assert_eq!(fit("退款 进度", 4), "退款…");
    assert_eq!(fit("退款", 1), "…");
    assert_eq!(fit("退款", 0), "");
    assert_eq!(fit("", 0), "");
}

#[test]
fn numbers_are_kept_whole_or_left_out() {
    assert_eq!(fit("合计1280元整", 5), "合计…");
    assert_eq!(fit("合计1280元整", 7), "合计1280…");
    assert_eq!(fit("合计12.50元整", 6), "合计…");
    assert_eq!(fit("到账14:03起", 6), "到账…");
    assert_eq!(fit("仅需¥99包邮", 4), "仅需…");
    assert_eq!(fit("打折30%起", 5), "打折…");
    assert_eq!(fit("12345678", 5), "…");
}

#[test]
fn composed_characters_are_kept_whole_or_left_out() {
    assert_eq!(fit("好👩\u{200d}👧好", 3), "好…");
    assert_eq!(fit("好👍\u{1f3fd}好", 3), "好…");
    assert_eq!(fit("好❤\u{fe0f}好", 3), "好…");
    assert_eq!(fit("ae\u{301}ob", 3), "a…");
    assert_eq!(fit("好🇨🇳好好", 3), "好…");
    assert_eq!(fit("😀😀😀", 2), "😀…");
}

#[test]
fn pieces_prefer_good_places_and_always_come_forward() {
    assert_eq!(split("合计1280元", 8), ["合计", "1280元"]);
    assert_eq!(split("123456", 4), ["1234", "56"]);
    assert_eq!(split("退款", 1), ["退", "款"]);
    assert_eq!(split("退款", 0), ["退", "款"]);
    assert!(split("", 10).is_empty());
    let digits = "7".repeat(500);
    assert_eq!(split(&digits, 100).len(), 5);
}

#[test]
fn one_line_shows_what_hides() {
    assert_eq!(one_line(" 旗舰\n店\t\u{202e}abc\u{0} "), "旗舰 店 [U+202E]abc[U+0000]");
}

proptest! {
    #[test]
    fn fit_keeps_to_the_limit(text in "[a退0-9.¥ 😀\u{200d}]{0,60}", limit in 0usize..40) {
        let fitted = fit(&text, limit);
        prop_assert!(count(&fitted) <= limit);
        if count(&text) <= limit {
            prop_assert_eq!(fitted, text);
        } else if limit > 0 {
            let start = fitted.strip_suffix(ELLIPSIS).expect("a cut text says so");
            prop_assert!(text.starts_with(start));
            let (last, next) = (start.chars().next_back(), text[start.len()..].chars().next());
            prop_assert!(!(last.is_some_and(char::is_numeric) && next.is_some_and(char::is_numeric)));
        }
    }

    #[test]
    fn pieces_are_the_text(text in any::<String>(), bytes in 4usize..64) {
        let pieces = split(&text, bytes);
        prop_assert_eq!(pieces.concat(), text.as_str());
        prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= bytes));
    }
}
