//! What is known about a draft before anybody has seen it.

use std::collections::BTreeSet;

use knowledge::{Found, Hit};
use serde::{Deserialize, Serialize};

use crate::policy::{Grounding, Grounds};

/// Entries behind the first that count as its rivals.
const RIVALS: usize = 4;
/// Letters of an answer that are compared.
const COMPARED: usize = 2_000;
/// Unfounded claims beyond which more say nothing more.
const MANY: usize = 3;

/// What is known about a draft. Nothing a drafter says about itself is among it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Signals {
    /// How well the knowledge answers the question.
    pub retrieval: Retrieval,
    /// What the draft rests on.
    pub class: Grounding,
    /// Claims without a source.
    pub unfounded: usize,
    /// The share of earlier drafts about the same intent that were sent unchanged, 0 to 1.
    pub history: f64,
}

/// How well passages answer a question, and how much better the first one than the others.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Retrieval {
    /// The search's own confidence, 0 to 1.
    pub confidence: f64,
    /// The first score.
    pub score: f64,
    /// What the second score is less, as a share of the first.
    pub lead: f64,
    /// What the fifth score is less, as a share of the first.
    pub drop: f64,
    /// The share of the question that the cited sentence has.
    pub sentence: f64,
    /// The share that the whole answer has.
    pub answer: f64,
    /// The share that the title has.
    pub title: f64,
    /// The largest share that a rival's answer has.
    pub rival: f64,
    /// Pairs of letters in the question.
    pub length: f64,
    /// How little of the question stands in the question the entry was written for.
    pub novelty: f64,
    /// The share of the question that the first answer has and the second has not.
    pub only_first: f64,
    /// The share that the second answer has and the first has not.
    pub only_second: f64,
    /// How alike the first and the second answer are.
    pub twins: f64,
    /// The longest piece of the question that the first answer has word for word, as a share.
    pub verbatim: f64,
    /// The same of the title.
    pub verbatim_title: f64,
    /// Pairs of letters in the first answer.
    pub size: f64,
}

impl Signals {
    /// The signals of a draft.
    pub fn of(retrieval: Retrieval, grounds: &Grounds, history: f64) -> Self {
        Self { retrieval, class: grounds.class, unfounded: grounds.unfounded.len(), history }
    }

    /// In numbers, always in the same order.
    pub(super) fn row(&self) -> Vec<f64> {
        let Retrieval { confidence, score, lead, drop, sentence, answer, title, rival, length, novelty, .. } =
            self.retrieval;
        let Retrieval { only_first, only_second, twins, verbatim, verbatim_title, size, .. } = self.retrieval;
        let sure = confidence.clamp(0.001, 0.999);
        let odds = (sure / (1.0 - sure)).ln();
        let is = |class: Grounding| f64::from(u8::from(self.class == class));
        let unfounded = f64::from(u8::try_from(self.unfounded.min(MANY)).unwrap_or(u8::MAX));
        let found = [odds, score, lead, drop, sentence, answer, title, answer - rival, length.ln_1p(), sure * lead];
        let known = [is(Grounding::Documented), is(Grounding::EvidenceBacked), unfounded, self.history, novelty];
        let compared = [only_first, only_second, twins, verbatim, verbatim_title, size.ln_1p()];
        found.into_iter().chain(compared).chain(known).chain([self.retrieval.bet()]).collect()
    }
}

impl Retrieval {
    /// What the ranking itself would bet on the first passage: its weights are learnt so that the chances of passages are as
    /// the exponentials of their scores. The passages between the second and the fifth count as the fifth.
    fn bet(&self) -> f64 {
        let rivals = f64::from(u8::try_from(RIVALS).unwrap_or(u8::MAX));
        let behind = |part: f64| (-self.score * part).exp();
        1.0 / (1.0 + behind(self.lead) + rivals * behind(self.drop))
    }
}

/// The retrieval's signals for a question.
pub fn retrieval(question: &str, found: &Found) -> Retrieval {
    let Some(first) = found.hits.first() else { return Retrieval::default() };
    let asked = pairs(question);
    let share = |text: &str| covered(&asked, &pairs(text));
    let score = |place: usize| found.hits.get(place).map_or(0.0, |hit| hit.score);
    let behind = |place: usize| if score(0) > 0.0 { (score(0) - score(place)) / score(0) } else { 0.0 };
    let second = found.hits.get(1).map(|hit| pairs(&hit.text)).unwrap_or_default();
    let own = pairs(&first.text);
    let without = |has: &Pairs, other: &Pairs| {
        let left = asked.iter().filter(|pair| has.contains(pair) && !other.contains(pair));
        number(left.count()) / number(asked.len().max(1))
    };
    let rivals = found.hits.iter().skip(1).take(RIVALS).map(|hit| share(&hit.text));
    Retrieval {
        confidence: found.confidence,
        score: score(0),
        lead: behind(1),
        drop: behind(RIVALS),
        sentence: share(cited(first)),
        answer: share(&first.text),
        title: share(&first.title),
        rival: rivals.fold(0.0, f64::max),
        length: number(asked.len()),
        novelty: 1.0 - share(&first.question),
        only_first: without(&own, &second),
        only_second: without(&second, &own),
        twins: covered(&own, &second),
        verbatim: longest_common(question, &first.text),
        verbatim_title: longest_common(question, &first.title),
        size: number(own.len()),
    }
}

fn cited(hit: &Hit) -> &str {
    hit.text.get(hit.span.0..hit.span.1).unwrap_or(&hit.text)
}

/// The longest piece of a question that stands in a text, as a share of the question.
fn longest_common(question: &str, text: &str) -> f64 {
    let (asked, there) = (letters(question), letters(text));
    let mut lengths = vec![0_usize; asked.len() + 1];
    let mut best = 0;
    for c in there.iter().take(COMPARED) {
        for place in (0..asked.len()).rev() {
            lengths[place + 1] = if asked[place] == *c { lengths[place] + 1 } else { 0 };
            best = best.max(lengths[place + 1]);
        }
    }
    number(best) / number(asked.len().max(1))
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Pairs of neighbouring letters.
type Pairs = BTreeSet<(char, char)>;

fn letters(text: &str) -> Vec<char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Neighbouring letters and digits of a text, each pair once.
pub fn pairs(text: &str) -> Pairs {
    let letters = letters(text);
    letters.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect()
}

/// The share of what is `asked` that is `there`.
pub fn covered(asked: &Pairs, there: &Pairs) -> f64 {
    number(asked.intersection(there).count()) / number(asked.len().max(1))
}
