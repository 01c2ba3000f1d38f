//! What follows `/qa`.

use super::argument::{fold, number};
use crate::desk::CalendarWeek;

/// Something somebody wants about the quality of a week's replies. `n` is a case's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QaCommand {
    /// The sample of a week: the last one that is over, where none is named.
    Sample {
        /// Which week.
        week: Option<CalendarWeek>,
    },
    /// How a reply came about.
    Show {
        /// The case.
        n: i64,
    },
    /// Points for a reply.
    Score {
        /// The case.
        n: i64,
        /// Seven signs, as they were typed: nobody has looked yet whether they are points.
        points: String,
        /// The person's words for it; may be empty.
        note: String,
    },
}

/// Signs of a score.
const SIGNS: usize = 7;

/// Reads what follows `/qa`; nothing where it cannot be understood.
pub(super) fn parse(rest: &str) -> Option<QaCommand> {
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(QaCommand::Sample { week: None });
    }
    let folded: String = rest.chars().map(fold).collect();
    if let Ok(week) = folded.parse() {
        return Some(QaCommand::Sample { week: Some(week) });
    }
    let (n, rest) = number(rest)?;
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '：'));
    if rest.is_empty() {
        return Some(QaCommand::Show { n });
    }
    let (points, note) = points(rest)?;
    Some(QaCommand::Score { n, points, note: note.trim().to_owned() })
}

/// The first seven signs of points, and what follows them.
fn points(text: &str) -> Option<(String, &str)> {
    let mut points = String::new();
    for (at, c) in text.char_indices() {
        if points.chars().count() == SIGNS {
            // An eighth sign is one too many, and no note.
            return (!fold(c).is_ascii_digit()).then(|| (points, &text[at..]));
        }
        match fold(c) {
            sign @ ('0'..='9' | '-') => points.push(sign),
            ' ' | ',' | '、' | '/' | '\t' => {}
            _ => return None,
        }
    }
    (points.chars().count() == SIGNS).then_some((points, ""))
}
