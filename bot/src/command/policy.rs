//! What follows `/policy`.

use super::argument::{fold, token};

/// Something about the policies there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyCommand {
    /// Which was in force when.
    List,
    /// Take the one in force back.
    TakeBack {
        /// The code of what was shown, in lower case; without it nothing is taken back.
        code: Option<String>,
    },
}

const BACK: &[&str] = &["停用", "回滚", "退回", "back", "disable", "rollback"];

/// Reads what follows `/policy`; nothing where it cannot be understood.
pub(super) fn parse(rest: &str) -> Option<PolicyCommand> {
    let (word, rest) = token(rest);
    let word: String = word.chars().map(fold).collect();
    if word.is_empty() {
        return Some(PolicyCommand::List);
    }
    let (code, more) = token(rest);
    let code: String = code.chars().map(fold).filter(char::is_ascii_alphanumeric).collect();
    let understood = BACK.contains(&word.as_str()) && more.trim().is_empty();
    understood.then(|| PolicyCommand::TakeBack { code: (!code.is_empty()).then_some(code) })
}
