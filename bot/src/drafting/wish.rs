//! What a reviewer wants otherwise about a draft, as far as code and not a model sees to it.

use cards::Hint;
use cards::words::Words;
use knowledge::Found;

use super::extract::{fits, leading_sentences, opener};
use super::{Proposal, in_parts};
use crate::policy::Intent;

/// What a reviewer wants otherwise, and about which words.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// How the next draft should differ.
    pub hint: Hint,
    /// What the draft says so far, part by part.
    pub before: &'a [String],
}

impl Wish<'_> {
    /// Whether parts say it in fewer characters than before, where that is the wish.
    pub(super) fn is_met_by(&self, parts: &[String]) -> bool {
        let length = |parts: &[String]| parts.iter().map(|part| part.chars().count()).sum::<usize>();
        self.hint != Hint::Shorter || length(parts) < length(self.before)
    }
}

/// Whether a hint asks for another passage than the draft rests on.
pub fn wants_another_passage(hint: Hint) -> bool {
    matches!(hint, Hint::ChangeRule | Hint::NotCompliant | Hint::FactsWrong)
}

/// Puts the entry that a draft rests on first, and what was found behind it next, so that whoever goes on from there
/// comes by every passage.
pub fn go_on_from(found: &mut Found, entry: &str) {
    if let Some(place) = found.hits.iter().position(|hit| hit.entry == entry) {
        found.hits.rotate_left(place);
    }
}

/// Words of ours told again as a reviewer wants them: without their greeting and by the leading sentences, or with a
/// gentler opening.
pub fn retold(text: &str, hint: Option<Hint>, intent: Intent, words: &Words) -> String {
    let bare = text.strip_prefix(&words.text("opener.plain", &[])).unwrap_or(text).trim_start();
    match hint {
        Some(Hint::Shorter) => leading_sentences(bare).to_owned(),
        Some(Hint::Softer) => softened(bare, intent, words),
        _ => text.to_owned(),
    }
}

fn softened(bare: &str, intent: Intent, words: &Words) -> String {
    let opener = opener(intent, Some(Hint::Softer), words);
    if fits(&opener, bare) { format!("{opener}{bare}") } else { bare.to_owned() }
}

/// A proposal that a model left as it was, with a gentler opening.
pub fn soften(mut proposal: Proposal, intent: Intent, words: &Words) -> Proposal {
    if let Some(first) = proposal.parts.first_mut() {
        *first = retold(first, Some(Hint::Softer), intent, words);
    }
    proposal
}

/// A proposal whose last part says one thing more; as it was, where that would be too long.
pub fn with_sentence(mut proposal: Proposal, sentence: &str) -> Proposal {
    let mut texts = proposal.parts.clone();
    if let Some(last) = texts.last_mut() {
        last.push_str(sentence);
    }
    if let Some(parts) = in_parts(&texts) {
        proposal.parts = parts;
    }
    proposal
}

#[cfg(test)]
mod tests {
    use cards::words::Locale;

    use super::*;

    #[test]
    fn our_words_are_told_shorter_and_softer() {
        let words = Words::load(Locale::ZhCn);
        let text = "您好，您的订单已发货，由顺丰承运。最新物流：派送中，请保持电话畅通，快递员会在今天联系您，谢谢您的耐心等待。";
        let told = |hint| retold(text, hint, Intent::OrderStatus, &words);
        assert_eq!(told(None), text);
        assert_eq!(told(Some(Hint::Shorter)), "您的订单已发货，由顺丰承运。");
        assert!(told(Some(Hint::Softer)).starts_with("您好，让您费心了。您的订单已发货"));
        assert!(retold(text, Some(Hint::Softer), Intent::Complaint, &words).starts_with("非常抱歉"));
    }

    #[test]
    fn shorter_is_fewer_characters() {
        let before = ["一二三".to_owned(), "四五".to_owned()];
        let wish = Wish { hint: Hint::Shorter, before: &before };
        assert!(wish.is_met_by(&["一二三四".to_owned()]) && !wish.is_met_by(&["一二三四五".to_owned()]));
        assert!(Wish { hint: Hint::Softer, before: &before }.is_met_by(&["一二三四五六".to_owned()]));
    }

    #[test]
    fn one_thing_more_is_said_in_the_last_part() {
        let proposal = Proposal { parts: vec!["您好。".into(), "满 99 包邮。".into()], ..Proposal::default() };
        assert_eq!(with_sentence(proposal, "运单号：SF1。").parts, ["您好。", "满 99 包邮。运单号：SF1。"]);
    }
}
