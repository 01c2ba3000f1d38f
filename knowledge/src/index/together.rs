//! Which two entries are one answer: sections of one document, each of which says what the other leaves open of the
//! question.

use super::look::share;
use super::rank::Ranked;
use super::terms::Wanted;
use super::{Index, Indexed};
use crate::import::file_of;

/// Share of the question's weight that each of the two has to say and the other does not.
const ALONE: f32 = 0.25;
/// Share that both have to say together.
const BOTH: f32 = 0.6;

/// The best hit that is one answer with the first one, where there is any.
pub(super) fn completing(index: &Index, ranked: &[Ranked], wanted: &Wanted) -> Option<u32> {
    let (first, others) = ranked.split_first()?;
    // What asks for an entry word for word asks for nothing else.
    let asks_for_more = !first.exact && share(wanted.weight_of(first.mask), wanted.total) <= 1.0 - ALONE;
    let own = index.entries.get(first.doc as usize).filter(|_| asks_for_more)?;
    let completes = |other: &&Ranked| {
        let entry = index.entries.get(other.doc as usize);
        says_the_rest(first.mask, other.mask, wanted) && entry.is_some_and(|entry| belong_together(own, entry))
    };
    others.iter().find(completes).map(|other| other.doc)
}

fn says_the_rest(first: u64, other: u64, wanted: &Wanted) -> bool {
    let says = |terms: u64| share(wanted.weight_of(terms), wanted.total);
    says(other & !first) >= ALONE && says(first & !other) >= ALONE && says(first | other) >= BOTH
}

/// Sections beside one another or one within the other, in one document and one language.
fn belong_together(one: &Indexed, other: &Indexed) -> bool {
    let (mine, theirs) = (section(&one.title), section(&other.title));
    let beside = mine == theirs || *one.title == *theirs || *other.title == *mine;
    let file = file_of(&one.source);
    beside && !file.is_empty() && file == file_of(&other.source) && is_chinese(&one.answer) == is_chinese(&other.answer)
}

/// The headings above an entry.
fn section(title: &str) -> &str {
    title.rsplit_once(" > ").map_or("", |(above, _)| above)
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}
