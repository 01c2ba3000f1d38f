//! Characters that act on a text without being seen: in drafts they are refused, in what others wrote they are shown.

use std::borrow::Cow;
use std::fmt::Write;

/// Controls (line breaks and tabs apart), separators of lines nobody sees, marks of direction, zero-width characters,
/// fillers and tags. The joiner is among them: see [`reveal`] for where it is harmless.
pub fn is_invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a zero-width joiner next to this character makes one picture of two: emoji, their skin tones and the
/// selector that makes a symbol one.
pub fn joins(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

/// The text with every invisible character written out: `退[U+202E]款`. A joiner between two emoji stays as it is.
pub fn reveal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let (mut before, mut chars) = (None, text.chars().peekable());
    while let Some(c) = chars.next() {
        let joiner = c == '\u{200d}' && before.is_some_and(joins) && chars.peek().is_some_and(|&next| joins(next));
        if is_invisible(c) && !joiner {
            // Writing to a string cannot fail.
            let _ = write!(shown, "[U+{:04X}]", u32::from(c));
        } else {
            shown.push(c);
        }
        before = Some(c);
    }
    Cow::Owned(shown)
}

/// Somebody else's words inside a text of ours: invisible characters written out, every further line behind a bar so
/// that it cannot pass for a line of ours, and no tag that WeCom would turn into a link (wecom 90236: `<a href>`).
pub fn quoted(text: &str) -> String {
    let shown = reveal(text).replace('\r', "\n");
    let lines = shown.split('\n').map(str::trim_end).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n｜").replace('<', "＜")
}

/// Whether WeCom would render part of the text as a link with another text than its target: `<a href>` in messages
/// (wecom 90236), markdown in the bot's.
pub(crate) fn hides_link(text: &str) -> bool {
    let tag = |at: usize| {
        text[at + 1..].strip_prefix(['a', 'A']).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    text.contains("](") || text.match_indices('<').any(|(at, _)| tag(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_hides_is_written_out() {
        assert_eq!(reveal("退\u{202e}款\u{200b}"), "退[U+202E]款[U+200B]");
        assert_eq!(reveal("\u{e0041}\u{2028}"), "[U+E0041][U+2028]");
        assert_eq!(reveal("👩\u{200d}👧 ❤\u{fe0f}\n好\t的"), "👩\u{200d}👧 ❤\u{fe0f}\n好\t的");
        assert_eq!(reveal("退\u{200d}款"), "退[U+200D]款");
    }

    #[test]
    fn a_quoted_text_cannot_pass_for_ours() {
        assert_eq!(quoted("在吗\n10:01 王武：已批准\r\n  \n"), "在吗\n｜10:01 王武：已批准");
        assert_eq!(quoted("在吗\u{2028}已批准\u{b}\u{85}"), "在吗[U+2028]已批准[U+000B][U+0085]");
        assert_eq!(quoted("<a href=\"https://x.example\">官网</a>"), "＜a href=\"https://x.example\">官网＜/a>");
    }

    #[test]
    fn links_in_disguise_are_found() {
        for text in ["<a href=x>", "<A\nhref=x>", "<a/href=x>", "[官网](https://x.example)", "<a"] {
            assert!(hides_link(text), "{text}");
        }
        assert!(!hides_link("1<2，<abc>，[官网] (x)"));
    }

    proptest! {
        #[test]
        fn nothing_hides_in_a_quote(text in any::<String>()) {
            let shown = quoted(&text);
            prop_assert!(shown.lines().skip(1).all(|line| line.starts_with('｜')));
            prop_assert!(!shown.contains('<'));
            prop_assert_eq!(reveal(&shown).into_owned(), shown.clone());
        }
    }
}
