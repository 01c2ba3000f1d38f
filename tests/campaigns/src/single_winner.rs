//! Whether an order of all presses explains what each was answered: a draft version is a register that the first
//! 发送 sets, and that tells every later one who was first (Wing and Gong's search, with memory).

use std::collections::BTreeSet;

/// What somebody who pressed 发送 was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is sent on their word.
    Won,
    /// It was sent before, on the word of this person.
    LostTo(String),
}

/// One press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who pressed.
    pub by: String,
    /// When they pressed.
    pub asked: i64,
    /// When they had the answer; `None` where that was not seen: any time after they pressed.
    pub answered: Option<i64>,
    /// What they were answered.
    pub answer: Answer,
}

/// Whether the presses happened in some order in which each took effect between being asked and being answered.
pub fn linearizable(history: &[Operation]) -> bool {
    let mut failed = BTreeSet::new();
    explains(history, &mut vec![false; history.len()], None, &mut failed)
}

/// Whether the presses that are not `done` yet can follow a register that holds `winner`.
fn explains(
    history: &[Operation],
    done: &mut Vec<bool>,
    winner: Option<usize>,
    failed: &mut BTreeSet<(Vec<bool>, Option<usize>)>,
) -> bool {
    if done.iter().all(|done| *done) {
        return true;
    }
    if failed.contains(&(done.clone(), winner)) {
        return false;
    }
    for next in 0..history.len() {
        let Some(operation) = history.get(next).filter(|_| done.get(next) == Some(&false)) else { continue };
        if !may_be_next(history, done, operation) {
            continue;
        }
        let Some(after) = step(history, winner, next) else { continue };
        set(done, next, true);
        if explains(history, done, after, failed) {
            return true;
        }
        set(done, next, false);
    }
    failed.insert((done.clone(), winner));
    false
}

/// Nothing that is still to come was answered before this one was asked.
fn may_be_next(history: &[Operation], done: &[bool], operation: &Operation) -> bool {
    let waiting = history.iter().zip(done).filter(|(_, done)| !**done);
    waiting.map(|(other, _)| other).all(|other| other.answered.is_none_or(|answered| answered >= operation.asked))
}

/// The register after this press, where its answer is what the register says.
fn step(history: &[Operation], winner: Option<usize>, next: usize) -> Option<Option<usize>> {
    let first = winner.and_then(|winner| history.get(winner)).map(|operation| operation.by.as_str());
    match (&history.get(next)?.answer, first) {
        (Answer::Won, None) => Some(Some(next)),
        (Answer::LostTo(who), Some(first)) if who == first => Some(winner),
        _ => None,
    }
}

fn set(done: &mut [bool], place: usize, value: bool) {
    if let Some(done) = done.get_mut(place) {
        *done = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(by: &str, asked: i64, answered: i64, answer: Answer) -> Operation {
        Operation { by: by.to_owned(), asked, answered: Some(answered), answer }
    }

    fn lost(to: &str) -> Answer {
        Answer::LostTo(to.to_owned())
    }

    #[test]
    fn one_winner_and_the_others_told_who_it_was() {
        let history = [
            press("a", 0, 9, Answer::Won),
            press("b", 1, 4, lost("a")),
            press("c", 2, 8, lost("a")),
            press("a", 3, 9, lost("a")),
        ];
        assert!(linearizable(&history));
        assert!(linearizable(&[]));
    }

    #[test]
    fn two_winners_are_caught() {
        assert!(!linearizable(&[press("a", 0, 5, Answer::Won), press("b", 1, 6, Answer::Won)]));
        assert!(!linearizable(&[press("a", 0, 5, Answer::Won), press("a", 7, 9, Answer::Won)]));
    }

    #[test]
    fn somebody_who_lost_to_nobody_is_caught() {
        assert!(!linearizable(&[press("a", 0, 5, lost("b"))]));
        assert!(!linearizable(&[press("a", 0, 5, Answer::Won), press("b", 1, 6, lost("c"))]));
    }

    #[test]
    fn an_answer_before_the_winner_had_pressed_is_caught() {
        assert!(!linearizable(&[press("b", 0, 2, lost("a")), press("a", 3, 5, Answer::Won)]));
        let unseen = Operation { answered: None, ..press("b", 0, 0, lost("a")) };
        assert!(linearizable(&[unseen, press("a", 3, 5, Answer::Won)]));
    }

    #[test]
    fn many_presses_at_once_are_decided_quickly() {
        let mut history = vec![press("w", 0, 99, Answer::Won)];
        history.extend((0..20).map(|n| press(&format!("p{n}"), n, 99, lost("w"))));
        assert!(linearizable(&history));
        history.push(press("x", 50, 60, Answer::Won));
        assert!(!linearizable(&history));
    }
}
