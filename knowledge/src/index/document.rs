//! How much of what comes near a question stands in a candidate's document: where several of its sections do, the document is
//! about the question, and the answer stands more likely there than in a stray section of another.

use super::Index;
use super::look::{DOCUMENT, share};
use super::rank::Ranked;

/// Fills in what can only be seen beside the other candidates.
pub(super) fn look_around(index: &Index, ranked: &mut [Ranked]) {
    let documents: Vec<&str> = ranked.iter().map(|ranked| document(index, ranked.doc)).collect();
    let all: f32 = ranked.iter().map(Ranked::lexical).sum();
    let shares: Vec<f32> = (0..ranked.len()).map(|place| share(together(ranked, &documents, place), all)).collect();
    ranked.iter_mut().zip(shares).for_each(|(ranked, share)| ranked.features[DOCUMENT] = share);
}

/// The sum of `lexical` over the sections of a candidate's document. Without a heading an entry is a document by itself.
fn together(ranked: &[Ranked], documents: &[&str], place: usize) -> f32 {
    let own = documents[place];
    let beside = |other: usize| other == place || (!own.is_empty() && documents[other] == own);
    ranked.iter().enumerate().filter(|(other, _)| beside(*other)).map(|(_, ranked)| ranked.lexical()).sum()
}

/// The heading over everything in an entry's document; empty where there is none, and where the entry is found by questions of
/// its own, which say more than what stands beside it.
fn document(index: &Index, doc: u32) -> &str {
    let entry = index.entries.get(doc as usize).filter(|entry| entry.questions.is_empty());
    entry.and_then(|entry| entry.title.split(" > ").next()).unwrap_or_default()
}
