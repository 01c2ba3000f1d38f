//! What a customers' channel can do, as data: whoever decides asks this, and never which channel it is.

/// What a customers' channel can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// How a reply gets to the customer.
    pub replies: Replies,
    /// Until when replies are taken, and how many; `None` where the platform sets no such limit.
    pub window: Option<ReplyWindow>,
    /// The longest message.
    pub text: TextLimit,
    /// What comes of sending twice under one id.
    pub repeats: Repeats,
    /// Whether a colleague can take the conversation over in the platform's own client.
    pub session: bool,
    /// Whether customers' names can be asked for.
    pub names: bool,
    /// Whether customers' pictures and files come along.
    pub attachments: bool,
    /// Whether it says when a customer changes a message.
    pub edits: bool,
    /// Whether it says when a customer takes a message back.
    pub recalls: bool,
    /// Whether it says later that a message did not arrive.
    pub delivery: bool,
    /// Whether it also brings what everybody reads, and carries answers there.
    pub comments: bool,
    /// What something that comes in twice is known again by, in the platform's words.
    pub known_by: &'static str,
    /// How much may leave, as far as the platform says it.
    pub rates: &'static [Rate],
}

/// How much may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// What is counted.
    pub over: Over,
    /// Messages a second.
    pub per_second: u32,
}

/// What a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Everything that leaves by the channel.
    Channel,
    /// What leaves to one customer.
    Customer,
}

/// How a reply gets to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replies {
    /// The program sends it.
    Sent,
    /// A person carries it over by hand: nothing here proves that it was sent.
    ByHand,
}

/// What a customer's message allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyWindow {
    /// How long after it replies are taken, in milliseconds.
    pub lasts_ms: i64,
    /// How many.
    pub messages: i64,
}

/// The longest message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextLimit {
    /// Of UTF-8.
    Bytes(usize),
    /// UTF-16 units, as Telegram counts after its markup.
    Utf16(usize),
}

impl TextLimit {
    /// How long a text is in this limit's unit.
    pub fn length(self, text: &str) -> usize {
        match self {
            Self::Bytes(_) => text.len(),
            Self::Utf16(_) => text.encode_utf16().count(),
        }
    }

    /// The most there may be of it.
    pub fn most(self) -> usize {
        match self {
            Self::Bytes(most) | Self::Utf16(most) => most,
        }
    }

    /// Whether a text is short enough.
    pub fn holds(self, text: &str) -> bool {
        self.length(text) <= self.most()
    }
}

/// What comes of sending twice under one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// Two messages: a send of which nobody knows whether it arrived is never repeated by itself.
    TwoMessages,
    /// A refusal, but by a code that has to be seen on this tenant first (WeCom customer service).
    RefusedOnceLearned,
    /// One message: it may be repeated until it is answered.
    OneMessage,
}
