//! The record: evidence chains, written in the transaction of what they tell, and the checkpoints over them.

use sqlx::FromRow;

use super::{Tx, desks};
use crate::app::App;
use crate::args;
use crate::clock::Timestamp;
use crate::evidence::{self, Actor, Entry, Head, Kind, Record, StoredRecord};

/// The chain of acts that belong to no conversation.
pub const DESK: &str = "desk";

/// The chain of a conversation.
pub fn chain_of(conversation: &str) -> String {
    format!("conversation:{conversation}")
}
