//! What may be believed about a message to a customer after its answer, and so what may be done next.

use serde::{Deserialize, Serialize};

/// What a platform says is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spent {
    /// The messages it takes in one window.
    Messages,
    /// The time in which it takes any.
    Window,
}

/// What became of a message to a customer, by its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The platform took it. Taken is not delivered.
    Accepted,
    /// A colleague has it on their phone, to send it by hand. Nothing says that they did.
    HandedOut,
    /// The platform did nothing and says so. Final for these bytes and this id.
    Refused {
        /// The platform's code.
        code: i64,
        /// What it says is used up.
        spent: Option<Spent>,
    },
    /// The platform did nothing and may take the same later. Only after a pause, and after asking again whether it may
    /// still leave.
    PutOff {
        /// The platform's code.
        code: i64,
        /// How long it wants to be left alone, in milliseconds, where it says so.
        wait_ms: Option<i64>,
    },
    /// It never left this host, or a gateway turned it away.
    NotSent,
    /// It left and nothing readable came back: it may or may not have been done.
    Unknown,
}
