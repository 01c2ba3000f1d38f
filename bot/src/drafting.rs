//! Writing a proposal from what the shop's knowledge says. Two drafters: [`extractive`] takes the entry's own words
//! and needs no model; [`Model`] asks an OpenAI-compatible server and accepts only what rests on the passages.
//!
//! Drafters see what they are given and nothing else: the caller leaves recalled messages out. What a drafter
//! returns is text and sources; recipients, routes and permits are decided elsewhere.

mod clean;
mod embeddings;
mod examples;
mod extract;
mod lexicon;
mod model;
mod placeholders;
mod prompt;
mod questions;
mod senses;
mod usage;
mod wish;

pub use clean::clean;
pub use embeddings::Embeddings;
pub(crate) use embeddings::TEXTS as TEXTS_TOGETHER;
pub use examples::{Example, LONGEST as LONGEST_EXAMPLE, nearest as nearest_examples};
pub use extract::{extractive, extractive_each};
pub use lexicon::Lexicon;
pub use model::{Answered, DraftError, Flaw, Model, Outage, Question, proposal};
pub(crate) use placeholders::{Placeholders, blanked};
pub use questions::{Asked, are_answered_apart, asked};
pub use senses::{Reads, Sense};
pub use usage::Usage;
pub use wish::{Wish, go_on_from, retold, soften, wants_another_passage, with_sentence};

use knowledge::{Caution, Found, Hit};

use crate::case::{Citation, NoModel, Shortcoming, Translation};
use crate::policy::{Grounds, Sources, check_claims};

/// Confidence from which on a passage is worth showing to a reviewer; below it the knowledge has a gap.
///
/// Low on purpose: a person looks at every draft, and one below the desk's threshold is marked as uncertain.
pub const LEAST_CONFIDENCE: f64 = 0.15;

/// Messages one reply may have.
const MOST_PARTS: usize = 3;

/// What a drafter proposes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposal {
    /// One to three messages, each at most 2048 bytes, in the form [`clean`] gives.
    pub parts: Vec<String>,
    /// What they rest on; the first entry gave most.
    pub citations: Vec<Citation>,
    /// How likely the passages answer the customer, 0 to 1.
    pub confidence: f64,
    /// Locale key of a back-office step worth doing first; only ever shown.
    pub action: Option<String>,
    /// Who wrote it: `extractive`, or `openai:` and the model's name.
    pub drafter: String,
    /// Why the model did not write it, where there is one.
    pub no_model: Option<NoModel>,
    /// Numbers of the cases whose replies the model was shown as examples of manner.
    pub examples: Vec<i64>,
    /// For a reviewer who reads another language than the customer's.
    pub translation: Option<Translation>,
}

/// The place in a hit that a draft rests on: the byte range of what it was given.
fn citation_of(hit: &Hit, span: (usize, usize)) -> Citation {
    Citation {
        entry: hit.entry.clone(),
        version: hit.version,
        title: hit.title.clone(),
        span,
        owner: hit.owner.clone(),
        verify_by: hit.verify_by,
        valid_until: hit.valid_until,
        marked: hit.cautions.iter().copied().map(Shortcoming::from).collect(),
    }
}

impl From<Caution> for Shortcoming {
    fn from(caution: Caution) -> Self {
        match caution {
            Caution::VerifyFirst => Self::VerifyFirst,
            Caution::ReviewNeeded => Self::ReviewNeeded,
        }
    }
}

/// How a proposal stands to what it cites, and to fields of the `evidence`. The titles of entries count: they name the
/// article.
pub fn grounds(proposal: &Proposal, found: &[Found], evidence: &[&str]) -> Grounds {
    let hits: Vec<&Hit> = found.iter().flat_map(|found| &found.hits).collect();
    let cited = proposal.citations.iter().filter_map(|citation| {
        let hit = hits.iter().find(|hit| hit.entry == citation.entry && hit.version == citation.version)?;
        Some([hit.text.get(citation.span.0..citation.span.1)?, hit.title.as_str()])
    });
    let knowledge: Vec<&str> = cited.flatten().collect();
    check_claims(&proposal.parts, Sources { knowledge: &knowledge, evidence })
}

/// Whether a proposal is one published answer, whole and word for word, behind at most these words of ours. Several
/// answers side by side were never published together: nobody said that they hold as one.
pub fn is_published(proposal: &Proposal, found: &[Found], opener: &str) -> bool {
    let ([part], [citation]) = (proposal.parts.as_slice(), proposal.citations.as_slice()) else { return false };
    let mut hits = found.iter().flat_map(|found| &found.hits);
    let hit = hits.find(|hit| hit.entry == citation.entry && hit.version == citation.version);
    let is_part = |text: String| in_parts(&[text]).is_some_and(|parts| parts == [part.as_str()]);
    let answer = hit.map(|hit| hit.text.trim());
    answer.is_some_and(|answer| is_part(answer.to_owned()) || is_part(format!("{opener}{answer}")))
}

/// How sure a reply that rests on these is of every question: of the one it answers worst, and not at all where it rests
/// on nothing that was found for one.
pub fn confidence_of(citations: &[Citation], found: &[Found]) -> f64 {
    let cites = |hit: &Hit| citations.iter().any(|citation| citation.entry == hit.entry);
    let answered = |found: &Found| found.hits.iter().position(cites).map_or(0.0, |place| confidence_in(found, place));
    found.iter().map(answered).min_by(f64::total_cmp).unwrap_or_default()
}

/// How likely the hit at `place` is the answer: what is left when the first is not.
fn confidence_in(found: &Found, place: usize) -> f64 {
    if place == 0 { found.confidence } else { found.confidence.min(1.0 - found.confidence) }
}

/// The parts of a reply, or none when they are no reply a customer can be sent.
pub fn in_parts(texts: &[String]) -> Option<Vec<String>> {
    let parts: Vec<String> = texts.iter().flat_map(|text| channels::wecom::kf::split_for_kf(&clean(text))).collect();
    (!parts.is_empty() && parts.len() <= MOST_PARTS).then_some(parts)
}
