//! The reason of a rejection, however it is written: its number on the list, its name, or a label in either language.

use cards::RejectReason;

use super::argument::fold;

/// What people write for a reason besides its number and its name: the labels they are shown, and near ones. A test
/// holds them against the locale files.
const LABELS: &[(RejectReason, &[&str])] = &[
    (RejectReason::MissingKnowledge, &["缺知识", "没有知识", "no entry"]),
    (RejectReason::OutdatedKnowledge, &["知识过期", "过期", "outdated"]),
    (RejectReason::WrongChannel, &["渠道不适用", "渠道不对", "channel"]),
    (RejectReason::MissingCheck, &["没查后台", "未查后台", "unchecked"]),
    (RejectReason::WrongRisk, &["风险判错", "风险不对", "wrong risk"]),
    (RejectReason::OffBrandTone, &["语气不合品牌", "语气不对", "语气", "off tone"]),
    (RejectReason::InaccurateLanguage, &["说法不准确", "不准确", "inaccurate"]),
    (RejectReason::NeedsHuman, &["要真人沟通", "要真人", "need human"]),
    (RejectReason::Other, &["其他", "其它", "other"]),
];

/// The reason a text begins with, if any, and the note behind it.
pub(super) fn find(text: &str) -> (Option<RejectReason>, &str) {
    let names = RejectReason::ALL.iter().enumerate().flat_map(|(place, reason)| {
        let name = reason.as_str();
        [(*reason, (place + 1).to_string()), (*reason, name.to_owned()), (*reason, name.replace('_', " "))]
    });
    let labels = LABELS.iter().flat_map(|(reason, labels)| labels.iter().map(|label| (*reason, (*label).to_owned())));
    let known = names.chain(labels).filter_map(|(reason, name)| Some((reason, after(text, &name)?)));
    // The longest spelling that fits leaves the shortest note.
    match known.min_by_key(|(_, note)| note.len()) {
        Some((reason, note)) => (Some(reason), note.trim_matches(is_between)),
        None => (None, text),
    }
}

/// What follows `name` at the beginning of `text`, where it ends as a word.
fn after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    let begins = name.chars().all(|wanted| rest.next().map(fold) == Some(wanted));
    let note = rest.as_str();
    let ends = note.chars().next().is_none_or(is_between);
    (begins && ends).then_some(note)
}

fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, ',' | '，' | '.' | '。' | ':' | '：' | ';' | '；' | '、' | '-' | '/' | '(' | ')' | '（' | '）')
}

#[cfg(test)]
mod tests {
    use super::*;
    use cards::words::{Locale, Words};

    #[test]
    fn every_reason_is_known_by_number_name_and_label() {
        for (place, reason) in RejectReason::ALL.iter().enumerate() {
            let mut spellings =
                vec![(place + 1).to_string(), reason.as_str().to_owned(), reason.as_str().to_uppercase()];
            spellings.extend(Locale::ALL.iter().map(|locale| reason.label(&Words::load(*locale))));
            for spelling in spellings {
                assert_eq!(find(&spelling), (Some(*reason), ""), "{spelling}");
                assert_eq!(
                    find(&format!("{spelling}，客户问的是另一款")),
                    (Some(*reason), "客户问的是另一款"),
                    "{spelling}"
                );
            }
        }
        assert_eq!(find("１ 全角"), (Some(RejectReason::MissingKnowledge), "全角"));
    }

    #[test]
    fn other_words_are_a_note() {
        for text in ["写得不行", "12 条都错", "channels are wrong", "0", "", "10"] {
            assert_eq!(find(text), (None, text));
        }
    }
}
