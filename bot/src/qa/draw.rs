//! Drawing a week's sample. Pure: the same candidates of the same week give the same sample, whoever draws it and when.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::policy::Language;

/// Replies of each kind that are drawn, where there are so many.
const PER_KIND: usize = 4;

/// What a reply is looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It left without a person; what is answered often so is drawn often.
    Automatic,
    /// A person rewrote it, or answered instead.
    Edited,
    /// A person sent it as it was.
    Approved,
    /// A person rejected it.
    Rejected,
    /// Its risk was high or abnormal.
    HighRisk,
    /// Nobody answered, or the customer came back with another case soon.
    Unresolved,
    /// It rests on knowledge that had just been put in use.
    Released,
}

impl Kind {
    /// Every kind. The approved and the rejected are the two halves of one of the six.
    pub const ALL: &'static [Self] = &[
        Self::Automatic,
        Self::Edited,
        Self::Approved,
        Self::Rejected,
        Self::HighRisk,
        Self::Unresolved,
        Self::Released,
    ];

    /// The name in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Edited => "edited",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::HighRisk => "high_risk",
            Self::Unresolved => "unresolved",
            Self::Released => "released",
        }
    }

    /// The locale key of its label.
    pub fn key(self) -> &'static str {
        match self {
            Self::Automatic => "qa.kind_automatic",
            Self::Edited => "qa.kind_edited",
            Self::Approved => "qa.kind_approved",
            Self::Rejected => "qa.kind_rejected",
            Self::HighRisk => "qa.kind_high_risk",
            Self::Unresolved => "qa.kind_unresolved",
            Self::Released => "qa.kind_released",
        }
    }
}

/// A case of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The case's id.
    pub case_id: String,
    /// Its number.
    pub number: i64,
    /// The channel's id.
    pub channel: String,
    /// The shop the channel serves.
    pub store: String,
    /// The language of the customer's words.
    pub language: Language,
    /// Who decided, where somebody did: whose work it is.
    pub decided_by: Option<String>,
    /// Everything it is to be looked at for.
    pub kinds: BTreeSet<Kind>,
}

/// Something that has to be represented wherever there is any of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Facet<'a> {
    Kind(Kind),
    Channel(&'a str),
    Store(&'a str),
    Language(Language),
    Person(&'a str),
}

impl Candidate {
    fn facets(&self) -> BTreeSet<Facet<'_>> {
        let kinds = self.kinds.iter().copied().map(Facet::Kind);
        let place = [Facet::Channel(&self.channel), Facet::Store(&self.store), Facet::Language(self.language)];
        kinds.chain(place).chain(self.decided_by.as_deref().map(Facet::Person)).collect()
    }

    /// Where it comes by chance in a week: nobody can know before, and everybody can check after.
    fn lot(&self, week: &str) -> [u8; 32] {
        Sha256::digest(format!("qa\0{week}\0{}", self.case_id)).into()
    }
}

/// The sample of a week: first as few as represent every kind, channel, shop, language and person there is, then more of
/// each kind, spread over those. By chance, but by a chance that is always the same for these records.
pub fn draw(week: &str, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.sort_by_cached_key(|candidate| candidate.lot(week));
    candidates.dedup_by(|one, other| one.case_id == other.case_id);
    let mut drawn = representatives(&candidates);
    for kind in Kind::ALL {
        fill(*kind, &candidates, &mut drawn);
    }
    let mut places: Vec<usize> = drawn.into_iter().collect();
    places.sort_by_key(|place| candidates.get(*place).map(|candidate| candidate.number));
    places.into_iter().filter_map(|place| candidates.get(place).cloned()).collect()
}

/// Places of a few candidates that have every facet among them: always the one that brings most that is missing, and of
/// those that bring as much, the first by lot.
fn representatives(candidates: &[Candidate]) -> BTreeSet<usize> {
    let mut firsts: BTreeMap<BTreeSet<Facet<'_>>, usize> = BTreeMap::new();
    for (place, candidate) in candidates.iter().enumerate() {
        firsts.entry(candidate.facets()).or_insert(place);
    }
    let mut missing: BTreeSet<&Facet<'_>> = firsts.keys().flatten().collect();
    let mut drawn = BTreeSet::new();
    while !missing.is_empty() {
        let brings = |facets: &BTreeSet<Facet<'_>>| facets.iter().filter(|facet| missing.contains(facet)).count();
        let best = firsts.iter().max_by_key(|(facets, place)| (brings(facets), std::cmp::Reverse(**place)));
        let Some((facets, place)) = best else { break };
        missing.retain(|facet| !facets.contains(facet));
        drawn.insert(*place);
    }
    drawn
}

/// Draws more of a kind, always where least was drawn so far. What left by itself is drawn as often as it leaves.
fn fill(kind: Kind, candidates: &[Candidate], drawn: &mut BTreeSet<usize>) {
    let of_kind = |place: &usize| candidates.get(*place).is_some_and(|candidate| candidate.kinds.contains(&kind));
    while drawn.iter().filter(|place| of_kind(place)).count() < PER_KIND {
        let seen = crowd(candidates, drawn);
        let crowded = |place: usize| match (kind, candidates.get(place)) {
            (Kind::Automatic, _) | (_, None) => 0,
            (_, Some(candidate)) => seen.get(&spot(candidate)).copied().unwrap_or(0),
        };
        let open = (0..candidates.len()).filter(|place| of_kind(place) && !drawn.contains(place));
        let Some(next) = open.min_by_key(|place| (crowded(*place), *place)) else { return };
        drawn.insert(next);
    }
}

type Spot<'a> = (&'a str, Language, Option<&'a str>);

fn spot(candidate: &Candidate) -> Spot<'_> {
    (&candidate.channel, candidate.language, candidate.decided_by.as_deref())
}

/// How much was drawn in each spot.
fn crowd<'a>(candidates: &'a [Candidate], drawn: &BTreeSet<usize>) -> BTreeMap<Spot<'a>, usize> {
    let mut seen = BTreeMap::new();
    for candidate in drawn.iter().filter_map(|place| candidates.get(*place)) {
        *seen.entry(spot(candidate)).or_default() += 1;
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNELS: [(&str, &str); 3] = [("kf-a", "flagship"), ("kf-b", "flagship"), ("tg", "outlet")];
    const LANGUAGES: [Language; 3] = [Language::Chinese, Language::English, Language::Spanish];

    fn week_of(count: i64) -> Vec<Candidate> {
        let one = |number: i64| {
            let at = usize::try_from(number).unwrap_or(0);
            let (channel, store) = CHANNELS[if at % 40 == 7 { 2 } else { at % 2 }];
            let language = LANGUAGES[if at % 50 == 9 { 2 } else { usize::from(at % 10 == 3) }];
            let kind = Kind::ALL[if at % 30 == 4 { at / 30 % 7 } else { at % 2 }];
            let decided_by = (kind != Kind::Automatic).then(|| format!("person{}", at % 5));
            Candidate {
                case_id: format!("case{number}"),
                number,
                channel: channel.into(),
                store: store.into(),
                language,
                decided_by,
                kinds: BTreeSet::from([kind]),
            }
        };
        (1..=count).map(one).collect()
    }

    fn facets(candidates: &[Candidate]) -> BTreeSet<Facet<'_>> {
        candidates.iter().flat_map(Candidate::facets).collect()
    }

    #[test]
    fn everything_there_is_is_represented() {
        for count in [1, 2, 9, 60, 700] {
            let week = week_of(count);
            let drawn = draw("2026-W48", week.clone());
            assert_eq!(facets(&drawn), facets(&week), "of {count}");
            assert!(drawn.len() <= 50, "{} of {count}", drawn.len());
            for kind in Kind::ALL {
                let of = |among: &[Candidate]| among.iter().filter(|one| one.kinds.contains(kind)).count();
                assert!(of(&drawn) >= of(&week).min(PER_KIND), "{kind:?} of {count}");
            }
        }
        assert!(draw("2026-W48", Vec::new()).is_empty());
    }

    #[test]
    fn the_same_week_gives_the_same_sample() {
        let week = week_of(500);
        let drawn = draw("2026-W48", week.clone());
        let mut shuffled = week.clone();
        shuffled.reverse();
        shuffled.rotate_left(123);
        assert_eq!(draw("2026-W48", shuffled), drawn, "the order of the records says nothing");
        assert_ne!(draw("2026-W49", week), drawn, "another week draws otherwise");
    }

    #[test]
    fn a_kind_is_spread_over_its_channels() {
        let drawn = draw("2026-W48", week_of(700));
        let edited: BTreeSet<&str> = drawn
            .iter()
            .filter(|one| one.kinds.contains(&Kind::Edited))
            .map(|one| one.decided_by.as_deref().unwrap_or_default())
            .collect();
        assert!(edited.len() >= PER_KIND, "{edited:?}");
    }
}
