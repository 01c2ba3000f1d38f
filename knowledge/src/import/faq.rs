//! How people mark questions and answers in running text.

/// Longest line that is taken for a question because it ends with a question mark, characters.
const MAX_QUESTION_CHARS: usize = 60;

/// What a line begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mark<'a> {
    /// `问：`, `Q1:`, `【问】`, and the question behind it.
    Question(&'a str),
    /// `答：`, `A:`, `【答】`, and the answer behind it.
    Answer(&'a str),
}

/// The mark at the start of a line, if there is one.
pub(super) fn mark(line: &str) -> Option<Mark<'_>> {
    let line = unnumbered(line.trim());
    let behind = |words: &[&str]| words.iter().find_map(|word| behind(line, word));
    if let Some(rest) = behind(&["问题", "提问", "问", "問題", "問", "question", "q"]) {
        return Some(Mark::Question(rest));
    }
    behind(&["答案", "回答", "回复", "回覆", "答", "answer", "a"]).map(Mark::Answer)
}

/// What follows `word` used as a mark: a colon, or a number and some separator, or brackets around it.
fn behind<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let inside = line.strip_prefix(['【', '[', '［', '（', '(']);
    let rest = strip_word(inside.unwrap_or(line), word)?;
    let numbered = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let has_number = numbered.len() < rest.len();
    if inside.is_some() {
        let rest = numbered.trim_start().strip_prefix(['】', ']', '］', '）', ')'])?;
        return Some(rest.trim_start_matches(['：', ':', ' ']).trim());
    }
    let separated = numbered.trim_start();
    if let Some(rest) = separated.strip_prefix(['：', ':']) {
        return Some(rest.trim());
    }
    if !has_number {
        return None;
    }
    let rest = separated
        .strip_prefix(['.', '．', '、', '。'])
        .or_else(|| (separated.len() < numbered.len()).then_some(separated))?;
    Some(rest.trim())
}

fn strip_word<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let start = line.get(..word.len())?;
    start.eq_ignore_ascii_case(word).then(|| line.get(word.len()..)).flatten()
}

/// The question that a line on its own asks: short, and with a question mark at its end.
pub(super) fn question(line: &str) -> Option<&str> {
    let asked = unnumbered(line.trim());
    let asks = asked.trim_end_matches(['”', '"', '」', ' ']).ends_with(['？', '?']);
    let short = asked.chars().nth(MAX_QUESTION_CHARS).is_none();
    (asks && short && asked.chars().any(char::is_alphanumeric)).then_some(asked)
}

/// A line without the number or bullet of a list in front: `1.`, `2、`, `（3）`, `-`, `一、`.
pub(super) fn unnumbered(line: &str) -> &str {
    let line = line.trim_start_matches(['-', '•', '·', '●', '▪', '*']).trim_start();
    let is_number = |c: char| c.is_ascii_digit() || CHINESE_DIGITS.contains(c);
    let (opened, rest) = match line.strip_prefix(['(', '（']) {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let behind = rest.trim_start_matches(is_number);
    if behind.len() == rest.len() {
        return line;
    }
    let ends: &[char] = if opened { &[')', '）'] } else { &['.', '．', '、', ')', '）'] };
    let decimal = behind.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    behind.strip_prefix(ends).filter(|_| !decimal).map_or(line, str::trim_start)
}

/// The numerals of Chinese lists.
const CHINESE_DIGITS: &str = "一二三四五六七八九十百零〇";

/// The level of a line that is a heading by its number alone: `第一章 …` 1, `一、…` 2, `（一）…` 3.
pub(super) fn numbered_heading(line: &str) -> Option<u8> {
    let line = line.trim();
    let sentence = line.ends_with(['。', '；', '，', '：', ':', ';', ',', '.', '！', '!']);
    if sentence || line.chars().nth(MAX_QUESTION_CHARS / 2).is_some() {
        return None;
    }
    let number = |text: &'static str, end: &[char]| {
        let rest = line.strip_prefix(text)?;
        let behind = rest.trim_start_matches(|c: char| CHINESE_DIGITS.contains(c));
        (behind.len() < rest.len() && behind.starts_with(end) && behind.chars().count() > 1).then_some(())
    };
    if number("第", &['章', '节', '条', '部']).is_some() {
        return Some(1);
    }
    if number("", &['、', '．']).is_some() {
        return Some(2);
    }
    number("（", &['）']).or_else(|| number("(", &[')'])).map(|()| 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_people_write_them() {
        for line in [
            "问：可以退吗",
            "Q:可以退吗",
            "q1：可以退吗",
            "Q1.可以退吗",
            "Q1 可以退吗",
            "【问】可以退吗",
            "3、问题2：可以退吗",
            "- 问: 可以退吗",
            "（问）可以退吗",
        ] {
            assert_eq!(mark(line), Some(Mark::Question("可以退吗")), "{line}");
        }
        for line in ["答：可以", "A: 可以", "Answer：可以", "A1、可以", "[答]：可以", "回复：可以"]
        {
            assert_eq!(mark(line), Some(Mark::Answer("可以")), "{line}");
        }
        for line in ["问题不大", "A. 第一种", "答应退款", "QQ：123", "客服：在吗", "", "可以退吗？"]
        {
            assert_eq!(mark(line), None, "{line}");
        }
    }

    #[test]
    fn a_line_asks_when_it_ends_with_a_question_mark() {
        assert_eq!(question("1、怎么退货？"), Some("怎么退货？"));
        assert_eq!(question("二、Can I return it?"), Some("Can I return it?"));
        for line in ["怎么退货", "？", "在订单页申请。", &format!("{}？", "很长".repeat(40))] {
            assert_eq!(question(line), None, "{line}");
        }
        assert_eq!(question("50.5cm 的衣长合适吗？"), Some("50.5cm 的衣长合适吗？"), "a size is no number of a list");
    }

    #[test]
    fn chinese_numbers_make_headings() {
        assert_eq!(numbered_heading("第三章 售后"), Some(1));
        assert_eq!(numbered_heading("一、退换货"), Some(2));
        assert_eq!(numbered_heading("（二）运费"), Some(3));
        for line in ["一、先打开订单，再点申请。", "1. 退货", "一件也包邮", "第一", "一、"] {
            assert_eq!(numbered_heading(line), None, "{line}");
        }
    }
}
