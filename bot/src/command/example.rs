//! What follows `/example`.

use super::argument::{fold, number, token};

/// Something the owner of a channel wants done about examples for the drafter. `n` is a case's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExampleCommand {
    /// What is in use, and what could be.
    List,
    /// What would be kept of a case.
    Show {
        /// The case.
        n: i64,
    },
    /// Let a case become an example.
    Agree {
        /// The case.
        n: i64,
        /// The code of the words that were shown, in lower case; without it nothing is kept.
        code: Option<String>,
    },
    /// Take an example back.
    Withdraw {
        /// The case.
        n: i64,
    },
}

/// Words for a consent, and for taking it back.
const AGREE: &[&str] = &["同意", "agree", "yes", "ok"];
const WITHDRAW: &[&str] = &["撤回", "取消", "withdraw", "no"];

/// Reads what follows `/example`; nothing where it cannot be understood.
pub(super) fn parse(rest: &str) -> Option<ExampleCommand> {
    if rest.trim().is_empty() {
        return Some(ExampleCommand::List);
    }
    let (n, rest) = number(rest)?;
    let (wish, rest) = token(rest);
    let wish: String = wish.chars().map(fold).collect();
    let (code, rest) = token(rest);
    let code: String = code.chars().map(fold).filter(|c| c.is_ascii_alphanumeric()).collect();
    let code = (!code.is_empty()).then_some(code);
    if !rest.trim().is_empty() {
        return None;
    }
    match wish.as_str() {
        "" => Some(ExampleCommand::Show { n }),
        wish if AGREE.contains(&wish) => Some(ExampleCommand::Agree { n, code }),
        wish if WITHDRAW.contains(&wish) && code.is_none() => Some(ExampleCommand::Withdraw { n }),
        _ => None,
    }
}
