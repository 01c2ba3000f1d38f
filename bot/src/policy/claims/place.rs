//! What surrounds a claim: the same number about something else is another claim.

use super::clause::{ends_clause, spans};
use super::folded::Folded;
use super::quantity::Quantity;
use super::token::Token;

/// Characters looked at on each side.
const REACH: usize = 12;
/// How much more the surroundings of another number must be alike before this one counts as misplaced.
const MARGIN: usize = 4;
/// Letters right beside a number from which on they name what it is: 胸围, 鞋靴质保.
const NAME: usize = 2;

/// How alike the surroundings of two quantities are, in letters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Likeness {
    /// Pairs of neighbouring letters they share.
    around: usize,
    /// Letters of the clause right before, to the first that differs.
    before: usize,
    /// The same right behind.
    behind: usize,
}

impl Likeness {
    pub(super) fn of(draft: &Folded, claimed: &Quantity, source: &Folded, known: &Quantity) -> Self {
        let (mine, theirs) = (Surroundings::of(draft, claimed.span), Surroundings::of(source, known.span));
        let common = |one: &[char], other: &[char]| one.iter().zip(other).take_while(|(a, b)| a == b).count();
        let shared = |one: &[char], other: &[char]| {
            one.windows(2).filter(|pair| other.windows(2).any(|known| known == *pair)).count()
        };
        Self {
            around: shared(&mine.before, &theirs.before) + shared(&mine.behind, &theirs.behind),
            before: common(mine.clause_before(), theirs.clause_before()),
            behind: common(mine.clause_behind(), theirs.clause_behind()),
        }
    }

    /// The most of each.
    pub(super) fn most(self, other: Self) -> Self {
        Self {
            around: self.around.max(other.around),
            before: self.before.max(other.before),
            behind: self.behind.max(other.behind),
        }
    }

    /// Whether a number that is `self` at its best stands where the sources have one that is `rival`.
    pub(super) fn is_beaten_by(self, rival: Self) -> bool {
        let names = |mine: usize, theirs: usize| theirs >= NAME && theirs > mine;
        rival.around >= self.around + MARGIN
            || (names(self.before, rival.before) && rival.behind >= self.behind)
            || (names(self.behind, rival.behind) && rival.before >= self.before)
    }
}

/// Letters on both sides of a claim, the nearest first.
struct Surroundings {
    before: Vec<char>,
    behind: Vec<char>,
    /// How many of them are in its clause.
    of_clause: (usize, usize),
}

impl Surroundings {
    fn of(text: &Folded, (from, to): (usize, usize)) -> Self {
        let letters = |places: &mut dyn Iterator<Item = usize>| {
            let (mut letters, mut inside) = (Vec::new(), None);
            for c in places.filter_map(|place| text.at(place)) {
                if ends_clause(c) {
                    inside.get_or_insert(letters.len());
                } else if c.is_alphanumeric() && !c.is_ascii_digit() {
                    letters.push(c);
                }
                if letters.len() >= REACH {
                    break;
                }
            }
            let inside = inside.unwrap_or(letters.len());
            (letters, inside)
        };
        let (before, inside_before) = letters(&mut (0..from).rev());
        let (behind, inside_behind) = letters(&mut (to..text.len()));
        Self { before, behind, of_clause: (inside_before, inside_behind) }
    }

    fn clause_before(&self) -> &[char] {
        self.before.get(..self.of_clause.0).unwrap_or_default()
    }

    fn clause_behind(&self) -> &[char] {
        self.behind.get(..self.of_clause.1).unwrap_or_default()
    }
}

/// A claim that stands beside others.
#[derive(Debug, Clone)]
pub(super) enum Claim {
    Quantity(Quantity),
    Token(Token),
}

impl Claim {
    pub(super) fn span(&self) -> (usize, usize) {
        match self {
            Self::Quantity(quantity) => quantity.span,
            Self::Token(token) => token.span,
        }
    }

    /// Whether this one, of a source, says what `said` says.
    fn founds(&self, said: &Self) -> bool {
        match (self, said) {
            (Self::Quantity(known), Self::Quantity(said)) => known.founds(said) && !known.bound.opposes(said.bound),
            (Self::Token(known), Self::Token(said)) => known.value == said.value,
            _ => false,
        }
    }

    /// Whether both measure the same thing.
    fn is_kin(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Quantity(one), Self::Quantity(other)) => one.dimension == other.dimension,
            (Self::Token(one), Self::Token(other)) => one.kind == other.kind,
            _ => false,
        }
    }
}

/// The claims of each clause that has any.
pub(super) fn beside(text: &Folded, quantities: &[Quantity], tokens: &[Token]) -> Vec<Vec<Claim>> {
    let claims = quantities.iter().cloned().map(Claim::Quantity).chain(tokens.iter().cloned().map(Claim::Token));
    let mut claims: Vec<Claim> = claims.collect();
    claims.sort_by_key(Claim::span);
    let within = |(from, to): (usize, usize)| {
        let inside = claims.iter().filter(|claim| claim.span().0 >= from && claim.span().0 < to);
        inside.cloned().collect::<Vec<_>>()
    };
    spans(text).into_iter().map(within).filter(|clause: &Vec<Claim>| !clause.is_empty()).collect()
}

/// Claims of a draft's clause that stand beside another one than in the sources: 26 码 64cm, where 25 码 is 64cm.
pub(super) fn mismatched(clause: &[Claim], sources: &[Vec<Claim>]) -> Vec<(usize, usize)> {
    let pairs = clause.windows(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
    let wrong = pairs.filter(|(one, other)| is_mismatch(one, other, sources));
    wrong.map(|(one, other)| (one.span().0, other.span().1)).collect()
}

fn is_mismatch(one: &Claim, other: &Claim, sources: &[Vec<Claim>]) -> bool {
    let together = sources.iter().any(|known| stand_together(one, other, known));
    let parted = |anchor: &Claim, other: &Claim| {
        let rival = |known: &Claim| known.is_kin(other) && !known.founds(other);
        // The anchor itself is no rival: 1–2 天 against 2–2 天.
        let clause = |known: &Vec<Claim>| {
            known.iter().enumerate().any(|(at, claim)| {
                claim.founds(anchor) && known.iter().enumerate().any(|(place, claim)| place != at && rival(claim))
            })
        };
        sources.iter().any(clause)
    };
    !together && (parted(one, other) || parted(other, one))
}

/// Whether two different claims of a clause say these two.
fn stand_together(one: &Claim, other: &Claim, known: &[Claim]) -> bool {
    let places = |said: &Claim| {
        known.iter().enumerate().filter(|(_, claim)| claim.founds(said)).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (first, second) = (places(one), places(other));
    first.iter().any(|at| second.iter().any(|place| at != place))
}
