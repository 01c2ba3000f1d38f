//! The one form of any text that may be sent: what is shown is what is sent.

use cards::{is_invisible, joins};
use unicode_normalization::UnicodeNormalization;

/// A text as it may be sent: composed (NFC), Unix line ends, no control characters, nothing that turns the reading
/// direction, nothing invisible, no blanks at the ends. Drafts and human edits go through it alike; cleaning twice
/// changes nothing.
pub fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut seen = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => seen.push('\n'),
            '\t' => seen.push(' '),
            // A joiner between two emoji makes them one; anywhere else it hides.
            '\u{200d}'
                if seen.chars().next_back().is_some_and(joins) && chars.peek().is_some_and(|&next| joins(next)) =>
            {
                seen.push(c);
            }
            c if is_invisible(c) => {}
            c => seen.push(c),
        }
    }
    seen.nfc().collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_seen_is_gone() {
        assert_eq!(clean("  退\u{200b}款\u{202e} 7 天\u{feff}\u{7}\r\n内\t到账\u{ad} \n"), "退款 7 天\n内 到账");
        assert_eq!(clean("一\r二\u{2028}三"), "一\n二\n三");
        assert_eq!(clean("\u{200d}退\u{200d}款\u{200d}"), "退款");
        assert_eq!(clean("\u{3164}\u{e0041}"), "");
    }

    #[test]
    fn what_can_be_seen_stays() {
        for text in ["满 99 元包邮，“偏远”除外～ 👍🏻", "👨‍👩‍👧 ❤️", "é à", "一\n\n二", "۱٢ नि"]
        {
            assert_eq!(clean(text), text.nfc().collect::<String>());
        }
        assert_eq!(clean("e\u{301}"), "é");
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in "[\\PC\r\n\t\u{200b}-\u{200f}\u{202a}-\u{202e}👨👩❤\u{fe0f}\u{301}]{0,40}") {
            let once = clean(&text);
            prop_assert_eq!(clean(&once), once.clone());
            prop_assert!(!once.chars().any(|c| c.is_control() && c != '\n'));
            prop_assert!(once.is_empty() || cards::showable(&once) || once.contains("](") || once.to_lowercase().contains("<a"));
        }

        #[test]
        fn any_text_can_be_cleaned(text in any::<String>()) {
            let once = clean(&text);
            prop_assert_eq!(clean(&once), once);
        }
    }
}
