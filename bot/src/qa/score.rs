//! What a reply is scored by (requirement QA-02).

use serde::{Deserialize, Serialize};

/// Points there are at most for a dimension; the least is 1.
pub const MOST: u8 = 5;
/// The dimensions.
pub const DIMENSIONS: usize = 7;

/// The locale keys of the dimensions, in the order in which they are scored.
pub const KEYS: [&str; DIMENSIONS] =
    ["qa.intent", "qa.knowledge", "qa.verification", "qa.risk", "qa.reply", "qa.evidence", "qa.feedback"];

/// Points for each dimension: intent, knowledge, verification, risk, reply, evidence, feedback; none where one does not
/// apply, such as verification where nothing had to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scores(pub [Option<u8>; DIMENSIONS]);

impl Scores {
    /// Reads seven signs from 1 to 5, or `-` where a dimension does not apply; blanks and commas between them do not matter.
    /// At least one has to apply.
    pub fn read(text: &str) -> Option<Self> {
        let signs: Vec<char> =
            text.chars().filter(|c| !(c.is_whitespace() || matches!(c, ',' | '，' | '、'))).collect();
        let signs: [char; DIMENSIONS] = signs.try_into().ok()?;
        let mut scores = [None; DIMENSIONS];
        for (score, sign) in scores.iter_mut().zip(signs) {
            *score = match sign {
                '-' | '－' | '—' => None,
                sign => Some(sign.to_digit(10).and_then(|points| u8::try_from(points).ok()).filter(is_possible)?),
            };
        }
        scores.iter().any(Option::is_some).then_some(Self(scores))
    }

    /// The mean of what applies.
    pub fn mean(&self) -> f64 {
        mean(self.0.into_iter().flatten()).unwrap_or_default()
    }
}

fn is_possible(points: &u8) -> bool {
    (1..=MOST).contains(points)
}

/// The mean of all points of each dimension; none where it never applied.
pub fn means(all: &[Scores]) -> [Option<f64>; DIMENSIONS] {
    std::array::from_fn(|at| mean(all.iter().filter_map(|scores| scores.0.get(at).copied().flatten())))
}

fn mean(points: impl Iterator<Item = u8>) -> Option<f64> {
    let points: Vec<f64> = points.map(f64::from).collect();
    let count = f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX));
    (count > 0.0).then(|| points.iter().sum::<f64>() / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_signs_are_seven_scores() {
        let wanted = Scores([Some(5), Some(4), None, Some(5), Some(3), Some(5), Some(1)]);
        for text in ["54-5351", "5 4 - 5 3 5 1", "5,4,-,5,3,5,1", " 5，4、－ 5 3 5 1 "] {
            assert_eq!(Scores::read(text), Some(wanted), "{text}");
        }
        for text in ["", "5", "545535", "54553511", "0454535", "6454535", "a454535", "-------"] {
            assert_eq!(Scores::read(text), None, "{text}");
        }
        assert!((wanted.mean() - 23.0 / 6.0).abs() < 1e-9);
    }

    #[test]
    fn means_are_of_what_applies() {
        let all = [Scores([Some(5); DIMENSIONS]), Scores([Some(3), None, None, None, None, None, None])];
        let found = means(&all);
        assert_eq!((found[0], found[1]), (Some(4.0), Some(5.0)));
        assert_eq!(means(&[])[0], None);
    }
}
