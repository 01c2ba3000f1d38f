//! What colleagues type. Pure: a chat text becomes a [`Command`], or is told apart from one.
//!
//! Exact in what it does, forgiving in how it is written: full-width characters, Chinese names, `#81` or `81`, blanks
//! anywhere, a number right behind the name (`/通过81`). Text for a customer is never touched: what is not a command
//! comes back byte for byte, and an edit's text keeps its own blanks and lines.

mod argument;
mod erase;
mod example;
mod knowledge;
mod name;
mod policy;
mod qa;
mod reason;

pub use argument::{ScopeArg, after_name};
pub use erase::{EraseCommand, EraseWish};
pub use example::ExampleCommand;
pub use knowledge::KnowledgeCommand;
pub use policy::PolicyCommand;
pub use qa::QaCommand;

use cards::RejectReason;

use crate::policy::Power;
use argument::{fold, number, rest_of, token};
use name::Name;

/// Something a colleague wants done. `n` is the desk's short case number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// What can be typed.
    Help,
    /// How the desk stands.
    Status,
    /// What waits.
    Queue,
    /// A case's current card.
    Case {
        /// The case.
        n: i64,
    },
    /// What was suggested, why, what was done, by whom.
    Why {
        /// The case.
        n: i64,
    },
    /// Ask for a customer of a place without an API: a shop, and the customer's words.
    Ask {
        /// Both, as they were typed: which shops there are is not known here.
        words: String,
    },
    /// Further words of the customer of a case that was asked for.
    AskMore {
        /// The case.
        n: i64,
        /// The words as they were typed; empty where they are in a quotation.
        text: String,
    },
    /// Send what is shown.
    Approve {
        /// The case.
        n: i64,
        /// The code of what was shown, in lower case; anything else decides nothing.
        code: Option<String>,
    },
    /// Say that what nobody knew about arrived.
    Delivered {
        /// The case.
        n: i64,
        /// The code of what was shown.
        code: Option<String>,
    },
    /// Say that it did not, and send what is shown again.
    Resend {
        /// The case.
        n: i64,
        /// The code of what was shown.
        code: Option<String>,
    },
    /// Say that it does not matter any more.
    Drop {
        /// The case.
        n: i64,
        /// The code of what was shown.
        code: Option<String>,
    },
    /// Replace the text.
    Edit {
        /// The case.
        n: i64,
        /// The new text as it was typed.
        text: String,
    },
    /// Refuse the draft.
    Reject {
        /// The case.
        n: i64,
        /// From the list.
        reason: Option<RejectReason>,
        /// In the person's own words.
        note: Option<String>,
    },
    /// Pass on to the next level.
    Escalate {
        /// The case.
        n: i64,
    },
    /// Answer in person.
    Take {
        /// The case.
        n: i64,
    },
    /// Give a case back that was taken.
    GiveBack {
        /// The case.
        n: i64,
    },
    /// Stop.
    Pause {
        /// How far; none said means everything.
        scope: Option<ScopeArg>,
        /// The person's words for it.
        why: Option<String>,
    },
    /// Go on.
    Resume {
        /// How far; none said means everything.
        scope: Option<ScopeArg>,
    },
    /// Who the bot takes the person for.
    Whoami,
    /// The record of a case, checked.
    Evidence {
        /// The case.
        n: i64,
    },
    /// Something about the stores' back offices.
    Office(OfficeArg),
    /// New cards may come.
    OnDuty,
    /// No new cards.
    OffDuty,
    /// How far the bot goes where, and what automation still lacks.
    Mode,
    /// Answer an intent on a channel without a person, or with one again.
    SetMode {
        /// The channel and the intent, as they were typed.
        place: Place,
        /// Whether without a person.
        auto: bool,
    },
    /// The launch checklist.
    Checklist,
    /// Send whoever stands above a channel a card to acknowledge.
    TestEscalation,
    /// What the drafts of the last week teach.
    Report,
    /// Stop waiting for the text of an edit.
    Cancel,
    /// Something about the knowledge.
    Knowledge(KnowledgeCommand),
    /// Prepare something to be done in the back office.
    Do {
        /// The case.
        n: i64,
        /// Which action, by its name or label; without it, what there is.
        action: Option<String>,
        /// The person's words for it; may be empty.
        text: String,
    },
    /// Collect what a person needs to decide about a refund.
    Pack {
        /// The case.
        n: i64,
    },
    /// Something about replies the drafter may take as examples.
    Example(ExampleCommand),
    /// Something about the quality of a week's replies.
    Qa(QaCommand),
    /// Something about erasing everything of a customer.
    Erase(EraseCommand),
    /// Something about the policies there were.
    Policy(PolicyCommand),
}

/// A channel and an intent as somebody typed them. Nobody has looked yet whether there are such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The channel's id or name.
    pub channel: String,
    /// The intent's name in either language.
    pub intent: String,
}

/// What is wanted of the back offices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfficeArg {
    /// How their recipes fare.
    List,
    /// Try a recipe out on an order.
    Test {
        /// The store.
        store: String,
        /// The recipe's name.
        recipe: String,
        /// The order's number.
        order: String,
    },
    /// Let a stopped recipe run again.
    Resume {
        /// The store.
        store: String,
        /// The recipe's name.
        recipe: String,
    },
}

/// What a chat text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// A command, complete.
    Command(Command),
    /// Anything else, unchanged.
    NotACommand(String),
    /// A command that cannot be carried out as written.
    Bad {
        /// Its name without the slash, as far as it was understood.
        command: String,
        /// Locale key of how to write it.
        usage_key: &'static str,
    },
}

/// Longest name of an unknown command that is repeated to its author, in characters.
const NAMED: usize = 20;

/// Tells what a colleague typed.
pub fn parse(text: &str) -> Parsed {
    if let Some(command) = bare(text) {
        return Parsed::Command(command);
    }
    let Some((text, word)) = after_slash(text) else { return Parsed::NotACommand(text.to_owned()) };
    let Some((name, rest)) = name::find(text, word) else {
        let command = text[..word].chars().take(NAMED).collect();
        return Parsed::Bad { command, usage_key: "usage.unknown" };
    };
    match build(name, rest) {
        Some(command) => Parsed::Command(command),
        None => Parsed::Bad { command: name.as_str().to_owned(), usage_key: name.usage_key() },
    }
}

/// The words that are commands without a slash, and only as the whole message.
fn bare(text: &str) -> Option<Command> {
    let text: String = text.trim().chars().map(fold).collect();
    match text.trim_end_matches(['。', '!', '.']) {
        "暂停" | "pause" => Some(Command::Pause { scope: None, why: None }),
        "帮助" | "help" => Some(Command::Help),
        "取消" | "cancel" => Some(Command::Cancel),
        _ => None,
    }
}

/// What follows a slash, and the length in bytes of the letters it begins with. WeChat's own emoji (`/::)`) and paths
/// are no commands.
fn after_slash(text: &str) -> Option<(&str, usize)> {
    let text = text.trim().strip_prefix(['/', '／'])?.trim_start();
    let word = text.find(|c: char| !(c.is_alphabetic() || matches!(c, '_' | '-'))).unwrap_or(text.len());
    (word > 0 && !text[word..].starts_with('/')).then_some((text, word))
}

fn build(name: Name, rest: &str) -> Option<Command> {
    match name {
        Name::Help => Some(Command::Help),
        Name::Status => alone(rest, Command::Status),
        Name::Queue => alone(rest, Command::Queue),
        Name::Case => with_number(rest, |n| Command::Case { n }),
        Name::Why => with_number(rest, |n| Command::Why { n }),
        Name::Ask => Some(ask(rest)),
        Name::Approve => with_code(rest, |n, code| Command::Approve { n, code }),
        Name::Delivered => with_code(rest, |n, code| Command::Delivered { n, code }),
        Name::Resend => with_code(rest, |n, code| Command::Resend { n, code }),
        Name::Drop => with_code(rest, |n, code| Command::Drop { n, code }),
        Name::Edit => edit(rest),
        Name::Reject => reject(rest),
        Name::Escalate => with_number(rest, |n| Command::Escalate { n }),
        Name::Take => with_number(rest, |n| Command::Take { n }),
        Name::GiveBack => with_number(rest, |n| Command::GiveBack { n }),
        Name::Pause => Some(pause(rest)),
        Name::Resume => resume(rest),
        Name::Whoami => alone(rest, Command::Whoami),
        Name::Evidence => with_number(rest, |n| Command::Evidence { n }),
        Name::BackOffice => office(rest).map(Command::Office),
        Name::OnDuty => alone(rest, Command::OnDuty),
        Name::OffDuty => alone(rest, Command::OffDuty),
        Name::Cancel => alone(rest, Command::Cancel),
        Name::Mode => mode(rest),
        Name::Checklist => checklist(rest),
        Name::Report => alone(rest, Command::Report),
        Name::Kb => knowledge::parse(rest).map(Command::Knowledge),
        Name::Do => to_do(rest),
        Name::Pack => with_number(rest, |n| Command::Pack { n }),
        Name::Example => example::parse(rest).map(Command::Example),
        Name::Qa => qa::parse(rest).map(Command::Qa),
        Name::Erase => erase::parse(rest).map(Command::Erase),
        Name::Policy => policy::parse(rest).map(Command::Policy),
    }
}

fn office(rest: &str) -> Option<OfficeArg> {
    let rest: String = rest.chars().map(fold).collect();
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words.as_slice() {
        [] => Some(OfficeArg::List),
        ["test" | "测试", store, recipe, order] => {
            Some(OfficeArg::Test { store: (*store).into(), recipe: (*recipe).into(), order: (*order).into() })
        }
        ["resume" | "恢复", store, recipe] => {
            Some(OfficeArg::Resume { store: (*store).into(), recipe: (*recipe).into() })
        }
        _ => None,
    }
}

/// Nothing more than the name asks how everything stands.
fn mode(rest: &str) -> Option<Command> {
    if rest.trim().is_empty() {
        return Some(Command::Mode);
    }
    let (place, wished) = rest.trim().rsplit_once(char::is_whitespace)?;
    let wished: String = wished.chars().map(fold).collect();
    let auto = match wished.as_str() {
        "auto" | "自动" | "自動" => true,
        "draft" | "草稿" => false,
        _ => return None,
    };
    let (channel, intent) = place.rsplit_once(['/', '／'])?;
    let [channel, intent] = [channel, intent].map(|name| name.trim().to_owned());
    let named = !channel.is_empty() && !intent.is_empty();
    named.then_some(Command::SetMode { place: Place { channel, intent }, auto })
}

fn checklist(rest: &str) -> Option<Command> {
    let rest: String = rest.trim().chars().map(fold).collect();
    match rest.as_str() {
        "" => Some(Command::Checklist),
        "escalation" | "上级" => Some(Command::TestEscalation),
        _ => None,
    }
}

fn alone(rest: &str, command: Command) -> Option<Command> {
    rest.trim().is_empty().then_some(command)
}

fn with_number(rest: &str, command: impl FnOnce(i64) -> Command) -> Option<Command> {
    let (n, rest) = number(rest)?;
    alone(rest, command(n))
}

/// A case and the code of what was shown, in lower case.
fn with_code(rest: &str, command: impl FnOnce(i64, Option<String>) -> Command) -> Option<Command> {
    let (n, rest) = number(rest)?;
    let (code, rest) = token(rest);
    let code: String = code.chars().map(fold).filter(|c| c.is_ascii_alphanumeric()).collect();
    alone(rest, command(n, (!code.is_empty()).then_some(code)))
}

fn edit(rest: &str) -> Option<Command> {
    let (n, rest) = number(rest)?;
    let text = rest_of(rest);
    (!text.is_empty()).then(|| Command::Edit { n, text: text.to_owned() })
}

fn to_do(rest: &str) -> Option<Command> {
    let (n, rest) = number(rest)?;
    let rest = rest.trim_start();
    let apart = |c: char| c.is_whitespace() || matches!(c, ':' | '：');
    let (action, text) = rest.split_at(rest.find(apart).unwrap_or(rest.len()));
    let action = (!action.is_empty()).then(|| action.chars().map(fold).collect());
    Some(Command::Do { n, action, text: rest_of(text).to_owned() })
}

/// Without a case's number it is about a shop, also where nothing is said yet: the answer names the shops there are.
fn ask(rest: &str) -> Command {
    match argument::marked_number(rest) {
        Some((n, text)) => Command::AskMore { n, text: rest_of(text).to_owned() },
        None => Command::Ask { words: rest.trim().to_owned() },
    }
}

fn reject(rest: &str) -> Option<Command> {
    let (n, rest) = number(rest)?;
    let (reason, note) = reason::find(rest_of(rest));
    Some(Command::Reject { n, reason, note: (!note.is_empty()).then(|| note.to_owned()) })
}

/// Whatever is written behind it, a pause is a pause: stopping must not fail for its spelling.
fn pause(rest: &str) -> Command {
    let (scope, why) = argument::scope(rest);
    let why = why.trim();
    Command::Pause { scope, why: (!why.is_empty()).then(|| why.to_owned()) }
}

fn resume(rest: &str) -> Option<Command> {
    let (scope, rest) = argument::scope(rest);
    alone(rest, Command::Resume { scope })
}

/// The lines of the help text, in order: locale key, and the power without which the line is not shown.
pub fn help_text_keys() -> impl Iterator<Item = (&'static str, Option<Power>)> {
    Name::ALL.iter().filter_map(|name| Some((name.help_key()?, name.power())))
}

#[cfg(test)]
mod tests;
