//! Where the dictionary cuts a reading into words: what tells a disguised word from parts of ordinary ones.

use super::reading::{Gap, Reading};
use crate::text;

/// For every letter of a reading where its word begins and ends.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    begins: Vec<bool>,
}

impl Cuts {
    /// Words never reach over a gap that is seen or from one script into another.
    pub(super) fn new(reading: &Reading) -> Cuts {
        let mut begins = vec![true; reading.letters.len()];
        let mut run = String::new();
        let mut start = 0;
        for (at, letter) in reading.letters.iter().enumerate() {
            let goes_on = text::is_cjk(letter.char) && letter.gap <= Gap::Hidden;
            if !goes_on {
                mark(&run, start, &mut begins);
                run.clear();
                start = at;
            }
            if text::is_cjk(letter.char) {
                run.push(letter.char);
            } else {
                start = at + 1;
            }
        }
        mark(&run, start, &mut begins);
        Cuts { begins }
    }

    /// Whether a word begins at letter `at`, or the text ends there.
    pub(super) fn edge(&self, at: usize) -> bool {
        self.begins.get(at).copied().unwrap_or(true)
    }

    /// Whether letter `at` is a word of one letter.
    pub(super) fn alone(&self, at: usize) -> bool {
        self.edge(at) && self.edge(at + 1)
    }
}

/// Clears what lies inside the words of `run`, whose first letter is `start`.
fn mark(run: &str, start: usize, begins: &mut [bool]) {
    if run.chars().nth(1).is_none() {
        return;
    }
    let mut at = start;
    for word in text::cut(run) {
        let letters = word.chars().count();
        if let Some(inside) = begins.get_mut(at + 1..at + letters) {
            inside.fill(false);
        }
        at += letters;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_where_the_dictionary_says() {
        let cuts = Cuts::new(&Reading::new("弹性服务 全职位AB客服"));
        let begins: Vec<usize> = (0..cuts.begins.len()).filter(|&at| cuts.edge(at)).collect();
        assert_eq!(begins, [0, 2, 4, 5, 7, 8, 9], "弹性|服务|全|职位|A|B|客服");
        assert!(cuts.alone(4) && !cuts.alone(5) && cuts.edge(11));
    }
}
