//! Clauses: which of a source's a draft's clause tells, and whether it says yes where that says no.

use super::folded::Folded;

/// Characters of a clause from which on it may be said a little differently; a shorter one is compared to the letter.
const SAYS: usize = 4;
/// Share of pairs of characters from which on two clauses are the same but for a word.
const ALIKE: f64 = 0.6;
/// The same for a clause that only repeats what the sources say.
const TOLD: f64 = 0.7;
/// What a clause that stands whole within a longer one counts for.
const CONTAINED: f64 = 0.75;
/// How much less alike a clause may be than the best and still count.
const NEARLY: f64 = 0.12;
/// Words in which 不, 无 and the like deny nothing.
const NO_DENIALS: &[&str] = &[
    "不好意思",
    "不过",
    "不同",
    "不客气",
    "差不多",
    "不但",
    "不仅",
    "不少",
    "不错",
    "不妨",
    "不管",
    "不论",
    "无论",
    "无理由",
    "无条件",
    "无门槛",
    "无线",
    "非常",
    "没关系",
    "没问题",
    "特别",
    "区别",
    "分别",
    "级别",
    "性别",
    "别的",
    "别人",
    "类别",
    "识别",
    "不锈",
    "不断",
    "不超过",
    "不少于",
    "不足",
    "不满",
    "未来",
    "无忧",
    "不粘",
    "不要紧",
    "不到",
];
const DENIALS: &str = "不没无未勿别非";
/// Letters that only say whether something may, can or must be: 可以机洗 and 不要机洗 are about the same.
const MODAL: &str = "可以能会要需有得是";
/// Courtesies that say nothing about the matter.
const COURTESIES: &[&str] = &[
    "您好",
    "你好",
    "亲",
    "感谢",
    "谢谢",
    "抱歉",
    "对不起",
    "请稍等",
    "稍等",
    "麻烦",
    "费心",
    "祝您",
    "欢迎",
    "辛苦",
    "理解您",
    "久等",
    "随时联系",
    "hello",
    "hi",
    "dear",
    "sorry",
    "thank",
];

/// A clause: what is left of its letters without denials, modal words and figures, and how often it denies.
struct Clause {
    letters: Vec<char>,
    /// Neighbouring ones of these.
    pairs: Vec<(char, char)>,
    denials: usize,
    span: (usize, usize),
}

/// The clauses of the sources.
pub(super) struct Clauses {
    known: Vec<Clause>,
    pairs: Vec<Vec<(char, char)>>,
}

impl Clauses {
    pub(super) fn of(sources: &[Folded]) -> Self {
        let pairs = sources.iter().map(|source| {
            let all: Vec<char> = source.chars().iter().copied().filter(|c| c.is_alphanumeric()).collect();
            pairs(&all).collect()
        });
        Self { known: sources.iter().flat_map(clauses).collect(), pairs: pairs.collect() }
    }

    /// Clauses of a text that say yes where the clause they repeat says no, or the other way round.
    pub(super) fn turned(&self, text: &Folded) -> Vec<(usize, usize)> {
        let turned = clauses(text).into_iter().filter(|clause| self.is_turned(clause));
        turned.map(|clause| clause.span).collect()
    }

    fn is_turned(&self, clause: &Clause) -> bool {
        let likeness: Vec<f64> = self.known.iter().map(|known| likeness(clause, known)).collect();
        let best = likeness.iter().copied().fold(0.0, f64::max);
        if best < ALIKE {
            return false;
        }
        let near = self.known.iter().zip(&likeness).filter(|(_, alike)| **alike >= ALIKE.max(best - NEARLY));
        let mut near = near.map(|(known, _)| known.denials == clause.denials);
        !near.any(|agrees| agrees)
    }

    /// Whether each clause of a text nearly stands in one of the sources, courtesies aside.
    pub(super) fn tell(&self, text: &Folded) -> bool {
        clauses(text).iter().all(|clause| {
            let words: String =
                text.slice(clause.span.0, clause.span.1).iter().filter(|c| c.is_alphanumeric()).collect();
            let courtesy = COURTESIES.iter().any(|word| words.contains(word)) && words.chars().count() <= 3 * SAYS;
            courtesy || words.chars().count() < SAYS || self.pairs.iter().any(|known| covered(&words, known) >= TOLD)
        })
    }
}

/// Share of a clause's pairs that a source has.
fn covered(words: &str, known: &[(char, char)]) -> f64 {
    let letters: Vec<char> = words.chars().collect();
    let all: Vec<_> = pairs(&letters).collect();
    let there = all.iter().filter(|pair| known.contains(pair)).count();
    share(there, all.len())
}

/// How alike two clauses are: Dice's coefficient of their pairs, or most of the share of the shorter one that the longer
/// has. Short ones are the same or not at all.
fn likeness(one: &Clause, other: &Clause) -> f64 {
    if one.letters.len() < SAYS || other.letters.len() < SAYS {
        return if one.letters == other.letters { 1.0 } else { 0.0 };
    }
    let (mine, theirs) = (&one.pairs, &other.pairs);
    let there = mine.iter().filter(|pair| theirs.contains(pair)).count();
    let contained = CONTAINED * share(there, mine.len().min(theirs.len()));
    contained.max(share(2 * there, mine.len() + theirs.len()))
}

fn share(part: usize, of: usize) -> f64 {
    let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    if of == 0 { 0.0 } else { count(part) / count(of) }
}

fn pairs(letters: &[char]) -> impl Iterator<Item = (char, char)> + '_ {
    letters.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
}

/// Whether a clause ends at a mark.
pub(super) fn ends_clause(c: char) -> bool {
    "，。；！？、：,;!?:\n（）()“”\"".contains(c)
}

fn clauses(text: &Folded) -> Vec<Clause> {
    spans(text).into_iter().map(|span| clause(text, span)).collect()
}

/// Where the clauses of a text stand, in order.
pub(super) fn spans(text: &Folded) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..=text.len() {
        if text.at(at).is_none_or(|c| ends_clause(c) && !is_in_number(text, at)) {
            if at > start {
                found.push((start, at));
            }
            start = at + 1;
        }
    }
    found
}

/// A colon or comma between digits ends nothing: 16:00, 1,299.
fn is_in_number(text: &Folded, at: usize) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    matches!(text.at(at), Some(':' | ',')) && digit(text.before(at)) && digit(text.at(at + 1))
}

fn clause(text: &Folded, span: (usize, usize)) -> Clause {
    let (mut letters, mut denials) = (Vec::new(), 0);
    for at in span.0..span.1 {
        let Some(c) = text.at(at).filter(|c| c.is_alphanumeric()) else { continue };
        if denies(text, at) {
            denials += 1;
        } else if !c.is_ascii_digit() && !MODAL.contains(c) {
            letters.push(c);
        }
    }
    denials += english_denials(text, span);
    let pairs = pairs(&letters).collect();
    Clause { letters, pairs, denials, span }
}

fn english_denials(text: &Folded, (from, to): (usize, usize)) -> usize {
    let words: String = text.slice(from, to).iter().collect();
    let words = words.replace(['\'', '’'], "");
    let denials = ["not", "no", "never", "cannot", "dont", "cant", "doesnt", "wont", "isnt", "arent", "without"];
    words.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| denials.contains(word)).count()
}

/// Whether the character at `at` denies.
fn denies(text: &Folded, at: usize) -> bool {
    let Some(c) = text.at(at).filter(|c| DENIALS.contains(*c)) else { return false };
    let harmless = |word: &str| {
        let places = word.chars().enumerate().filter(|(_, inside)| *inside == c).map(|(place, _)| place);
        places.into_iter().any(|place| at.checked_sub(place).is_some_and(|start| text.has_at(start, word)))
    };
    !NO_DENIALS.iter().any(|word| harmless(word))
}

/// Whether what stands at `at` is denied by something before it in its clause.
pub(super) fn is_denied(text: &Folded, at: usize) -> bool {
    let clause = (0..at).rev().take_while(|place| text.at(*place).is_some_and(|c| !ends_clause(c)));
    clause.take(8).any(|place| denies(text, place))
}
