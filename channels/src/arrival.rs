//! What comes in from customers, in the words that all channels share.

use serde::{Deserialize, Serialize};

/// Something that happened in a conversation with a customer, or in the account. Stored as JSON: names and shapes are
/// part of the stored format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Unique in the account: what it is known again by.
    pub id: String,
    /// The customer's id there, or a public thread's by [`Thread::key`]; `None` for what concerns none.
    pub customer: Option<String>,
    /// The customer's name, where the channel says it.
    #[serde(default)]
    pub name: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub at_ms: i64,
    /// Until when the channel takes replies, in Unix milliseconds, where it says so itself.
    #[serde(default)]
    pub replies_until_ms: Option<i64>,
    /// How many more replies the channel takes, where it says so itself.
    #[serde(default)]
    pub replies_left: Option<i64>,
    /// What happened.
    pub what: What,
}

/// Stands between two ids where they make one name, e.g. a message's and its later version's. No id holds it.
pub const BETWEEN_IDS: char = '\u{1f}';

impl Arrival {
    /// The id of a later version of a message.
    pub fn version_id(message: &str, version: &str) -> String {
        format!("{message}{BETWEEN_IDS}{version}")
    }
}

/// Who reads what is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thread {
    /// The customer alone.
    Direct,
    /// Everybody: a comment under a post or a product.
    Comment,
}

/// What a public thread's key begins with.
const COMMENT: &str = "comment\u{1f}";

impl Thread {
    /// What a conversation is known by. One id in both kinds is two conversations, so that what was written to one person
    /// never appears in public.
    pub fn key(self, conversation: &str) -> String {
        match self {
            Self::Direct => conversation.to_owned(),
            Self::Comment => format!("{COMMENT}{conversation}"),
        }
    }

    /// The kind of the thread with this key, and its id on the channel.
    pub fn of(key: &str) -> (Self, &str) {
        key.strip_prefix(COMMENT).map_or((Self::Direct, key), |conversation| (Self::Comment, conversation))
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The customer wrote.
    Said(Said),
    /// A colleague wrote, in the platform's own client.
    ColleagueSaid {
        /// Their id there.
        member: String,
        /// What.
        said: Said,
    },
    /// The customer changed a message.
    Edited {
        /// Which.
        id: String,
        /// What it says now.
        text: String,
    },
    /// The customer took a message back.
    TakenBack {
        /// Which.
        id: String,
    },
    /// The customer opened the conversation.
    Entered {
        /// For one welcome, while it is good.
        code: Option<String>,
    },
    /// A message of ours arrived.
    Delivered {
        /// Its id.
        id: String,
    },
    /// A message of ours that was taken did not arrive.
    NotDelivered {
        /// Its id.
        id: String,
        /// The channel's number for the reason; what it means is the channel's.
        why: i64,
        /// The customer's message budget is spent.
        budget_spent: bool,
    },
    /// The channel took a message of ours, and does not know whether it arrived.
    DeliveryUnknown {
        /// Its id.
        id: String,
    },
    /// A colleague took the conversation over in the platform's own client.
    TakenOver {
        /// Their id there.
        member: String,
    },
    /// The platform ended the conversation.
    SessionEnded,
    /// Nothing that matters to a case; on record where it concerns no customer.
    Nothing,
}

/// A message as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// `text`, `image`, `voice`, `video`, `file`, `location`, … as far as it can be named.
    pub kind: String,
    /// The words, or what stands for them.
    pub text: String,
    /// The channel's id of an attachment.
    pub attachment: Option<String>,
}

impl Said {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of("text", text, None)
    }

    /// Without the character that no database takes.
    pub fn of(kind: &str, text: impl Into<String>, attachment: Option<String>) -> Self {
        let text: String = text.into();
        Self { kind: kind.replace('\0', ""), text: text.replace('\0', ""), attachment }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_and_a_direct_message_of_one_id_are_two_threads() {
        for thread in [Thread::Direct, Thread::Comment] {
            assert_eq!(Thread::of(&thread.key("c-81")), (thread, "c-81"));
        }
        assert_ne!(Thread::Direct.key("c-81"), Thread::Comment.key("c-81"));
        assert_eq!(Thread::of("comment"), (Thread::Direct, "comment"));
    }

    #[test]
    fn what_was_stored_before_is_still_read() {
        let stored = r#"{"id":"m","customer":"c","at_ms":1,"what":"session_ended"}"#;
        let read: Arrival = serde_json::from_str(stored).unwrap();
        assert_eq!((read.replies_until_ms, read.replies_left, read.what), (None, None, What::SessionEnded));
    }
}
