//! What follows `/erase`.

use super::argument::{fold, number, rest_of, token};

/// Something about erasing everything of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EraseCommand {
    /// A case of the customer's.
    pub n: i64,
    /// What is wanted.
    pub wish: EraseWish,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EraseWish {
    /// See what would be erased.
    Show,
    /// Erase it.
    Confirm {
        /// The code of what was shown, in lower case; without it nothing is erased.
        code: Option<String>,
    },
    /// Keep it from being erased.
    Hold {
        /// Why, in the person's words.
        why: String,
    },
    /// Let it be erased again.
    Release,
}

const CONFIRM: &[&str] = &["确认", "confirm", "yes", "ok"];
const HOLD: &[&str] = &["保留", "hold"];
const RELEASE: &[&str] = &["解除", "release"];

/// Reads what follows `/erase`; nothing where it cannot be understood.
pub(super) fn parse(rest: &str) -> Option<EraseCommand> {
    let (n, rest) = number(rest)?;
    let (word, rest) = token(rest);
    let word: String = word.chars().map(fold).collect();
    let rest = rest_of(rest).trim();
    let wish = match word.as_str() {
        "" => EraseWish::Show,
        word if CONFIRM.contains(&word) => confirm(rest)?,
        word if HOLD.contains(&word) && !rest.is_empty() => EraseWish::Hold { why: rest.to_owned() },
        word if RELEASE.contains(&word) && rest.is_empty() => EraseWish::Release,
        _ => return None,
    };
    Some(EraseCommand { n, wish })
}

fn confirm(rest: &str) -> Option<EraseWish> {
    let (code, more) = token(rest);
    let code: String = code.chars().map(fold).filter(char::is_ascii_alphanumeric).collect();
    more.trim().is_empty().then(|| EraseWish::Confirm { code: (!code.is_empty()).then_some(code) })
}
