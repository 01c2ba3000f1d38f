//! Text as it is compared: what people do to slip a word past a filter is undone.

use unicode_normalization::UnicodeNormalization;

/// A text in the two forms words are looked for in.
pub(super) struct Plain {
    /// Letters and digits only, in lower case and half width; `\n` where a clause ends. For Chinese.
    squeezed: String,
    /// ASCII words between single spaces, with one at each end. For words that need their boundaries.
    spaced: String,
}

/// A word of a table, in the form it is looked for in.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    /// Anywhere in the squeezed text.
    Anywhere(String),
    /// Between boundaries.
    Whole(String),
}

impl Plain {
    pub(super) fn new(text: &str) -> Self {
        Self { squeezed: squeezed(text), spaced: spaced(text) }
    }

    pub(super) fn has(&self, word: &Word) -> bool {
        match word {
            Word::Anywhere(word) => self.squeezed.contains(word.as_str()),
            Word::Whole(word) => self.spaced.contains(word.as_str()),
        }
    }

    /// The text without these words: for phrases that only look like the ones wanted.
    pub(super) fn without(&self, words: &[Word]) -> Self {
        let (mut squeezed, mut spaced) = (self.squeezed.clone(), self.spaced.clone());
        for word in words {
            match word {
                Word::Anywhere(word) => squeezed = squeezed.replace(word.as_str(), "\n"),
                Word::Whole(word) => spaced = spaced.replace(word.as_str(), " "),
            }
        }
        Self { squeezed, spaced }
    }

    /// The squeezed form, clauses separated by `\n`.
    pub(super) fn squeezed(&self) -> &str {
        &self.squeezed
    }
}

impl Word {
    /// The word in its comparable form; none when nothing comparable is left of it.
    pub(super) fn new(word: &str) -> Option<Self> {
        // A percentage has no boundaries to mind, and its sign does not survive between blanks.
        let whole = word.is_ascii() && !word.contains('%');
        let form = if whole { Self::Whole(spaced(word)) } else { Self::Anywhere(squeezed(word)) };
        let (Self::Whole(text) | Self::Anywhere(text)) = &form;
        (!text.trim().is_empty()).then_some(form)
    }

    /// Letters and digits in it.
    pub(super) fn len(&self) -> usize {
        let (Self::Whole(text) | Self::Anywhere(text)) = self;
        text.chars().filter(|c| !c.is_whitespace()).count()
    }
}

/// The words of a list separated by `|`; what cannot be compared is left out.
pub(super) fn words(list: &str) -> Vec<Word> {
    list.split('|').filter_map(Word::new).collect()
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfkc().flat_map(char::to_lowercase)
}

/// A mark at which a clause ends. In a normalised text the full-width ones are ASCII already.
fn ends_clause(c: char) -> bool {
    matches!(c, '。' | '、' | ',' | '!' | '?' | ';' | ':' | '\n')
}

fn squeezed(text: &str) -> String {
    let marks = folded(text).filter(|&c| c.is_alphanumeric() || c == '%' || ends_clause(c));
    let marked: String = marks.collect();
    let mut joined = String::with_capacity(marked.len());
    let mut before = 0;
    for clause in marked.split(ends_clause).filter(|clause| !clause.is_empty()) {
        let length = clause.chars().count();
        // A mark beside a single character was put into a word: 退,款.
        if before > 1 && length > 1 {
            joined.push('\n');
        }
        joined.push_str(clause);
        before = length;
    }
    joined
}

fn spaced(text: &str) -> String {
    let mut words = String::from(" ");
    for c in folded(text).filter(|&c| !matches!(c, '\'' | '’')) {
        if c.is_ascii_alphanumeric() {
            words.push(c);
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(text: &str, word: &str) -> bool {
        Plain::new(text).has(&Word::new(word).expect("a word"))
    }

    #[test]
    fn a_disguised_word_is_found() {
        let disguises = [
            "我要退款",
            "我要退 款",
            "退.款",
            "退-款!",
            "退，款",
            "退\u{200b}款",
            "退😀款",
            "退　款",
            "退\n款",
            "退*款*啊",
        ];
        assert!(disguises.iter().all(|text| finds(text, "退款")), "{disguises:?}");
        assert!(finds("１００％有效哦", "100%有效") && finds("ＲＥＦＵＮＤ!", "refund"));
        assert!(finds("１００ ％ 起效", "100%") && !finds("100 元", "100%"));
    }

    #[test]
    fn two_clauses_are_not_one_word() {
        assert!(!finds("我想退，款式不喜欢", "退款"));
        assert!(!finds("还没退。款到了吗", "退款"));
    }

    #[test]
    fn an_english_word_needs_its_boundaries() {
        assert!(finds("I will sue you", "sue") && finds("我要refund谢谢", "refund") && finds("打12315投诉", "12315"));
        assert!(!finds("an issue with my tissue", "sue") && !finds("订单8812315002", "12315"));
        assert!(finds("I can't wait, my money  back!", "money back"));
    }

    #[test]
    fn nothing_comparable_is_no_word() {
        assert_eq!((Word::new("！？"), Word::new(" - "), Word::new("")), (None, None, None));
        assert_eq!(Word::new("退 款").map(|w| w.len()), Some(2));
    }

    proptest! {
        #[test]
        fn whatever_stands_around_a_word_it_is_found(before in "[a-z好的，。 ]{0,20}", after in "[。！ 吗]{0,5}") {
            let text = format!("{before}我要投诉{after}");
            prop_assert!(finds(&text, "投诉"));
        }

        #[test]
        fn any_text_can_be_compared(text in ".{0,80}") {
            let plain = Plain::new(&text);
            prop_assert!(plain.without(&words("退款|a")).squeezed().len() <= plain.squeezed().len() + 80);
        }
    }
}
