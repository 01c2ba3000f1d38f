//! What follows `/kb`.

use super::argument::{fold, token};

/// Something a colleague wants done with the knowledge. `name` is an entry's number or id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnowledgeCommand {
    /// How it stands.
    Overview,
    /// What has to be confirmed, ends, or has nobody who answers for it.
    Stale,
    /// What customers ask and nobody's knowledge answers.
    Gaps,
    /// What somebody answers for.
    Owner {
        /// Who, by id or name; whoever asks, where nobody is named.
        who: Option<String>,
    },
    /// One entry.
    Show {
        /// The entry.
        name: String,
    },
    /// Which replies used it.
    Used {
        /// The entry.
        name: String,
    },
    /// Hand it to its owner.
    Submit {
        /// The entry.
        name: String,
    },
    /// Put it in use.
    Publish {
        /// The entry.
        name: String,
        /// Channels, and the code of what was shown: which is which is not known here.
        words: Vec<String>,
    },
    /// Switch it off.
    Disable {
        /// The entry.
        name: String,
    },
    /// Take the newest version back.
    Rollback {
        /// The entry.
        name: String,
    },
    /// Take a correction, or the removal a file proposes.
    Accept {
        /// The entry.
        name: String,
    },
    /// Want nothing of it.
    Dismiss {
        /// The entry.
        name: String,
    },
    /// How a file is handed in.
    Import,
}

/// The words that stand for what is wanted, with the number of the act.
const WORDS: &[(&str, Verb)] = &[
    ("stale", Verb::Stale),
    ("过期", Verb::Stale),
    ("待复核", Verb::Stale),
    ("gaps", Verb::Gaps),
    ("缺口", Verb::Gaps),
    ("owner", Verb::Owner),
    ("负责人", Verb::Owner),
    ("负责", Verb::Owner),
    ("show", Verb::Show),
    ("查看", Verb::Show),
    ("used", Verb::Used),
    ("用过", Verb::Used),
    ("submit", Verb::Submit),
    ("送审", Verb::Submit),
    ("publish", Verb::Publish),
    ("发布", Verb::Publish),
    ("disable", Verb::Disable),
    ("停用", Verb::Disable),
    ("rollback", Verb::Rollback),
    ("回滚", Verb::Rollback),
    ("退回", Verb::Rollback),
    ("accept", Verb::Accept),
    ("采纳", Verb::Accept),
    ("dismiss", Verb::Dismiss),
    ("忽略", Verb::Dismiss),
    ("import", Verb::Import),
    ("导入", Verb::Import),
];

#[derive(Clone, Copy)]
enum Verb {
    Stale,
    Gaps,
    Owner,
    Show,
    Used,
    Submit,
    Publish,
    Disable,
    Rollback,
    Accept,
    Dismiss,
    Import,
}

/// Reads what follows `/kb`; nothing where it cannot be understood.
pub(super) fn parse(rest: &str) -> Option<KnowledgeCommand> {
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(KnowledgeCommand::Overview);
    }
    let (verb, rest) = verb(rest)?;
    let mut words = rest.split_whitespace().map(str::to_owned);
    let first = words.next();
    let more: Vec<String> = words.collect();
    let alone = |command| (first.is_none() && more.is_empty()).then_some(command);
    let about = |command: fn(String) -> KnowledgeCommand| first.clone().filter(|_| more.is_empty()).map(command);
    match verb {
        Verb::Stale => alone(KnowledgeCommand::Stale),
        Verb::Gaps => alone(KnowledgeCommand::Gaps),
        Verb::Import => alone(KnowledgeCommand::Import),
        Verb::Owner => more.is_empty().then(|| KnowledgeCommand::Owner { who: first.clone() }),
        Verb::Show => about(|name| KnowledgeCommand::Show { name }),
        Verb::Used => about(|name| KnowledgeCommand::Used { name }),
        Verb::Submit => about(|name| KnowledgeCommand::Submit { name }),
        Verb::Publish => first.clone().map(|name| KnowledgeCommand::Publish { name, words: more.clone() }),
        Verb::Disable => about(|name| KnowledgeCommand::Disable { name }),
        Verb::Rollback => about(|name| KnowledgeCommand::Rollback { name }),
        Verb::Accept => about(|name| KnowledgeCommand::Accept { name }),
        Verb::Dismiss => about(|name| KnowledgeCommand::Dismiss { name }),
    }
}

/// What is wanted, and what follows it; Chinese needs no blank before a number.
fn verb(text: &str) -> Option<(Verb, &str)> {
    let (first, rest) = token(text);
    let folded: String = first.chars().map(fold).collect();
    let whole = WORDS.iter().find(|(word, _)| *word == folded).map(|(_, verb)| (*verb, rest));
    whole.or_else(|| {
        let chinese = WORDS.iter().filter(|(word, _)| !word.is_ascii());
        chinese.filter_map(|(word, verb)| Some((*verb, text.strip_prefix(word)?))).min_by_key(|(_, rest)| rest.len())
    })
}
