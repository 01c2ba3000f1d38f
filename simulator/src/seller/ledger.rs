//! What reached the site.

/// A request that reached the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// `GET`, …
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The `Host` header.
    pub host: String,
}

/// What a write is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A note was added to an order.
    Note {
        /// The order.
        order: String,
        /// The words.
        text: String,
    },
    /// A tag was put on an order.
    Tag {
        /// The order.
        order: String,
        /// The tag.
        tag: String,
    },
    /// A tag was taken off an order.
    Untag {
        /// The order.
        order: String,
        /// The tag.
        tag: String,
    },
    /// A buyer was answered in an order's conversation.
    Reply {
        /// The order.
        order: String,
        /// The words.
        text: String,
    },
    /// A refund was agreed to.
    Refund {
        /// The order.
        order: String,
    },
    /// One of the ways to write of the page that tries them all, by name.
    Way(String),
    /// Figures that a page sends home about its visitor.
    Telemetry,
    /// A visit that has an effect of its own.
    Visit,
}

/// A write that reached the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// When, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// What.
    pub effect: Effect,
    /// Whether it was done, even if its answer got lost.
    pub done: bool,
}

#[derive(Default)]
pub(super) struct Ledger {
    pub(super) hits: Vec<Hit>,
    pub(super) writes: Vec<Write>,
}
