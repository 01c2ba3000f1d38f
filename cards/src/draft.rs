//! The draft, shown whole: in the card's body, or in messages above it.

use crate::card::ReviewCard;
use crate::fit::{ELLIPSIS, count, cut, fit, one_line, split};
use crate::wecom::limit;
use crate::words::Words;

/// Characters of a note that stands in front of a draft.
const NOTE: usize = 36;
/// Marks a draft of several parts is shown with.
const MARKS: std::ops::RangeInclusive<char> = '①'..='⑳';

/// The messages above the card, and the card's body.
pub(crate) struct Shown {
    pub(crate) above: Vec<String>,
    pub(crate) body: String,
}

/// `〔#81 7f3k〕`: ends every shown draft.
pub(crate) fn mark(number: i64, code: &str) -> String {
    format!("〔#{number} {code}〕")
}

/// Shows the draft of a card in a body of at most `most` characters, or says that there is none.
pub(crate) fn show(card: &ReviewCard, words: &Words, most: usize) -> Shown {
    let mark = mark(card.number, &card.code);
    match card.body.as_deref() {
        Some(parts) if parts.iter().any(|part| !part.trim().is_empty()) => show_parts(card, parts, &mark, words, most),
        _ => Shown { above: Vec::new(), body: nothing(card, &mark, words, most) },
    }
}

/// A text in the messages it takes; none where there is nothing to say.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.is_empty() {
        Vec::new()
    } else {
        split(text, limit::MESSAGE_BYTES).into_iter().map(str::to_owned).collect()
    }
}

fn nothing(card: &ReviewCard, mark: &str, words: &Words, most: usize) -> String {
    let note = card.note.clone().unwrap_or_else(|| words.text("body.nothing", &[]));
    fit(&note, most.saturating_sub(count(mark))) + mark
}

fn show_parts(card: &ReviewCard, parts: &[String], mark: &str, words: &Words, most: usize) -> Shown {
    let note = note_line(card, words);
    let draft = joined(parts);
    let body = format!("{note}{draft}{mark}");
    if count(&body) <= most && !is_ambiguous(parts) {
        return Shown { above: Vec::new(), body };
    }
    let above = messages(parts, card.number, mark, words);
    let start = format!("{note}{}", words.text("body.above", &[("count", &above.len().to_string())]));
    let room = most.saturating_sub(count(&start) + count(mark) + 1);
    let body = format!("{start}{}{ELLIPSIS}{mark}", cut(&draft, room).trim_end());
    Shown { above, body }
}

/// A line before the draft: the card's note, or why this draft has no 发送.
fn note_line(card: &ReviewCard, words: &Words) -> String {
    let unsendable = || (!card.sendable()).then(|| words.text("body.unshowable", &[]));
    let note = card.note.clone().or_else(unsendable);
    note.map_or_else(String::new, |note| words.text("body.note", &[("note", &fit(&one_line(&note), NOTE))]) + "\n")
}

/// The parts in one text: one as it is, several each behind its mark.
fn joined(parts: &[String]) -> String {
    match parts {
        [only] => only.clone(),
        _ => {
            let marked = parts.iter().enumerate().map(|(at, part)| format!("{}{part}", part_mark(at)));
            marked.collect::<Vec<_>>().join("\n")
        }
    }
}

/// Whether a part contains marks of its own, so that a reader could not tell where one ends: such parts are shown in
/// a message each.
fn is_ambiguous(parts: &[String]) -> bool {
    parts.len() > 1 && parts.iter().any(|part| part.contains(|c| MARKS.contains(&c)))
}

fn part_mark(at: usize) -> String {
    MARKS.clone().nth(at).map_or_else(|| format!("({})", at + 1), String::from)
}

/// The draft in messages: all of it in one if it fits, else every part in as few as it takes.
fn messages(parts: &[String], number: i64, mark: &str, words: &Words) -> Vec<String> {
    let whole = joined(parts);
    let heading = Heading { number, words, parts: parts.len() };
    let room = limit::MESSAGE_BYTES.saturating_sub(heading.most_bytes() + mark.len() + "\n\n".len());
    let mut stretches: Vec<(usize, &str)> = vec![(0, &whole)];
    let one = whole.len() <= room && !is_ambiguous(parts);
    if !one {
        stretches = parts
            .iter()
            .enumerate()
            .flat_map(|(at, part)| split(part, room).into_iter().map(move |s| (at, s)))
            .collect();
    }
    let total = stretches.len();
    let message = |(at, (part, stretch)): (usize, (usize, &str))| {
        let part = (!one).then_some(part);
        format!("{}\n{stretch}\n{mark}", heading.line(at + 1, total, part))
    };
    stretches.into_iter().enumerate().map(message).collect()
}

/// The first line of a message above a card.
struct Heading<'a> {
    number: i64,
    words: &'a Words,
    parts: usize,
}

impl Heading<'_> {
    /// For message `piece` of `pieces`, which holds (a stretch of) this part, or of all.
    fn line(&self, piece: usize, pieces: usize, part: Option<usize>) -> String {
        let [number, piece, pieces] = [self.number.to_string(), piece.to_string(), pieces.to_string()];
        let numbers = [("number", number.as_str()), ("piece", piece.as_str()), ("pieces", pieces.as_str())];
        let line = self.words.text("above.head", &numbers);
        match part {
            Some(part) if self.parts > 1 => line + &self.words.text("above.part", &[("part", &part_mark(part))]),
            _ => line,
        }
    }

    /// More bytes than any line takes.
    fn most_bytes(&self) -> usize {
        let most = u32::MAX as usize;
        self.line(most, most, Some(most)).len()
    }
}
