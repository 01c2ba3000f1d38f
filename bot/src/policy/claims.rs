//! Does a reply say only what its sources say? Words may differ; what a customer could hold the shop to may not.
//!
//! A *claim* is a number with its unit, a date, a size, a code, a link, a promise, or a sentence's yes or no. Each claim
//! of the draft must stand in a source: a cited span of the knowledge, or a field of the evidence. 三天, 3 天 and 72 小时
//! are one claim. A number that stands elsewhere in the source, about something else, does not count: what surrounds it
//! is compared too. Deterministic, and never told how sure anybody is.

mod address;
mod clause;
mod folded;
mod number;
mod place;
mod promise;
mod quantity;
mod token;
mod unit;

use serde::{Deserialize, Serialize};

use clause::Clauses;
use folded::Folded;
use place::{Claim, Likeness};
use promise::Promises;
use quantity::{Bound, Quantity};
use token::Token;

/// Something a draft asserts and no source does, in the draft's own words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unfounded {
    /// What kind of claim it is.
    pub kind: ClaimKind,
    /// The draft's words.
    pub words: String,
}

/// The kinds of claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// A number, with its unit if it has one: amounts, dates, durations, sizes.
    Quantity,
    /// The same, where a source has it, but about something else.
    Misplaced,
    /// A code, an order's or a parcel's number, a phone, a size by letters.
    Code,
    /// A link, a host, a mail address.
    Address,
    /// A word that binds the shop.
    Promise,
    /// A sentence that says yes where the source says no, or the other way round.
    Polarity,
}

impl ClaimKind {
    /// Whether no source has it at all: a model that writes such a thing made it up.
    pub fn is_invented(self) -> bool {
        matches!(self, Self::Quantity | Self::Code | Self::Address)
    }
}

/// What a draft rests on, decided by code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grounding {
    /// Published knowledge says it, nearly in these words.
    Documented,
    /// It needs fields of the evidence.
    EvidenceBacked,
    /// Something of it stands in no source, or says it quite differently.
    #[default]
    Inferred,
}

impl Grounding {
    /// The locale key of its label.
    pub fn key(self) -> &'static str {
        match self {
            Self::Documented => "grounding.documented",
            Self::EvidenceBacked => "grounding.evidence_backed",
            Self::Inferred => "grounding.inferred",
        }
    }
}

/// What a draft may rest on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// The cited spans of published entries, and their titles.
    pub knowledge: &'a [&'a str],
    /// Fields of the evidence: what the back office showed.
    pub evidence: &'a [&'a str],
}

/// How a draft stands to its sources.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Grounds {
    /// What it rests on.
    pub class: Grounding,
    /// What it says without a source, each once, in order.
    pub unfounded: Vec<Unfounded>,
}

impl Grounds {
    /// What of it still holds once a person wrote `parts` instead: their words are theirs, what they left is marked.
    pub fn after_edit(&self, parts: &[String]) -> Self {
        let kept = |claim: &&Unfounded| parts.iter().any(|part| part.contains(&claim.words));
        Self { class: Grounding::Inferred, unfounded: self.unfounded.iter().filter(kept).cloned().collect() }
    }
}

/// Checks a draft against its sources.
pub fn check(parts: &[String], sources: Sources) -> Grounds {
    let draft: Vec<Folded> = parts.iter().map(|part| Folded::new(part)).collect();
    let knowledge = Read::new(sources.knowledge);
    let by_knowledge = knowledge.unfounded(&draft);
    if by_knowledge.is_empty() {
        return Grounds { class: knowledge.class(&draft), unfounded: by_knowledge };
    }
    let all: Vec<&str> = sources.knowledge.iter().chain(sources.evidence).copied().collect();
    let both = Read::new(&all);
    let unfounded = both.unfounded(&draft);
    let backed = unfounded.is_empty() && both.class(&draft) == Grounding::Documented;
    Grounds { class: if backed { Grounding::EvidenceBacked } else { Grounding::Inferred }, unfounded }
}

/// What a draft says that none of `sources` says, in order, each once.
pub fn unfounded(parts: &[String], sources: &[&str]) -> Vec<Unfounded> {
    let draft: Vec<Folded> = parts.iter().map(|part| Folded::new(part)).collect();
    Read::new(sources).unfounded(&draft)
}

/// The sources, read once.
struct Read {
    texts: Vec<Folded>,
    quantities: Vec<(usize, Quantity)>,
    tokens: Vec<Token>,
    addresses: Vec<String>,
    /// The claims of each clause.
    beside: Vec<Vec<Claim>>,
    promises: Promises,
    clauses: Clauses,
}

impl Read {
    fn new(sources: &[&str]) -> Self {
        let texts: Vec<Folded> = sources.iter().map(|text| Folded::new(text)).collect();
        let (mut quantities, mut tokens, mut beside) = (Vec::new(), Vec::new(), Vec::new());
        for (at, text) in texts.iter().enumerate() {
            let (measured, named) = (quantity::all(text), token::all(text));
            beside.extend(place::beside(text, &measured, &named));
            quantities.extend(measured.into_iter().map(|quantity| (at, quantity)));
            tokens.extend(named);
        }
        let addresses = texts.iter().flat_map(address::all).map(|found| found.value).collect();
        let (promises, clauses) = (Promises::of(&texts), Clauses::of(&texts));
        Self { texts, quantities, tokens, addresses, beside, promises, clauses }
    }

    fn unfounded(&self, draft: &[Folded]) -> Vec<Unfounded> {
        let mut found: Vec<Unfounded> = Vec::new();
        for text in draft {
            for claim in self.claims_without_source(text) {
                if !found.contains(&claim) {
                    found.push(claim);
                }
            }
        }
        found
    }

    fn claims_without_source(&self, draft: &Folded) -> Vec<Unfounded> {
        let (quantities, tokens) = (quantity::all(draft), token::all(draft));
        let beside = place::beside(draft, &quantities, &tokens);
        let spans = |kind: ClaimKind, spans: Vec<(usize, usize)>| spans.into_iter().map(move |span| (kind, span));
        let (mut missing, mut misplaced) = (Vec::new(), Vec::new());
        for quantity in &quantities {
            match self.standing(draft, quantity) {
                Standing::Founded => {}
                Standing::Missing => missing.push(quantity.span),
                Standing::Elsewhere => misplaced.push(quantity.span),
            }
        }
        let unknown = tokens.iter().filter(|token| !self.tokens.iter().any(|known| known.value == token.value));
        let addresses = address::all(draft).into_iter().filter(|found| !self.addresses.contains(&found.value));
        misplaced.extend(beside.iter().flat_map(|clause| place::mismatched(clause, &self.beside)));
        let found = spans(ClaimKind::Quantity, missing)
            .chain(spans(ClaimKind::Code, unknown.map(|token| token.span).collect()))
            .chain(spans(ClaimKind::Address, addresses.map(|found| found.span).collect()))
            .chain(spans(ClaimKind::Misplaced, misplaced))
            .chain(spans(ClaimKind::Promise, self.promises.missing(draft)))
            .chain(spans(ClaimKind::Polarity, self.clauses.turned(draft)));
        found.map(|(kind, (from, to))| Unfounded { kind, words: draft.words(from, to) }).collect()
    }

    /// Whether a quantity of the draft is one of the sources', about the same thing.
    fn standing(&self, draft: &Folded, quantity: &Quantity) -> Standing {
        let (same, others): (Vec<_>, Vec<_>) = self.quantities.iter().partition(|(_, known)| known.founds(quantity));
        if same.is_empty() {
            return Standing::Missing;
        }
        let bound =
            |agrees: fn(Bound, Bound) -> bool| same.iter().any(|(_, known)| agrees(known.bound, quantity.bound));
        let bound_holds = bound(|known, said| known == said) || !bound(Bound::opposes);
        let likeness =
            |(at, known): &&(usize, Quantity)| Some(Likeness::of(draft, quantity, self.texts.get(*at)?, known));
        let mut rivals = others.iter().filter(|(_, known)| known.dimension == quantity.dimension).filter_map(likeness);
        let nearest = same.iter().filter_map(likeness).fold(Likeness::default(), Likeness::most);
        let beaten = rivals.any(|rival| nearest.is_beaten_by(rival));
        if bound_holds && !beaten { Standing::Founded } else { Standing::Elsewhere }
    }

    /// A draft without unfounded claims is documented where each of its clauses is nearly a source's.
    fn class(&self, draft: &[Folded]) -> Grounding {
        let told = !self.texts.is_empty() && draft.iter().all(|text| self.clauses.tell(text));
        if told { Grounding::Documented } else { Grounding::Inferred }
    }
}

/// How a quantity stands to the sources.
enum Standing {
    Founded,
    /// No source has it.
    Missing,
    /// The sources have it about something else.
    Elsewhere,
}

#[cfg(test)]
#[path = "claims/tests.rs"]
mod tests;
