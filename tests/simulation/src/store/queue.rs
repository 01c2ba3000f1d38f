//! The two doors of work, with the lanes and leases of `aijia::store::queue`.

use super::{Seen, SendState, Store};
use crate::case::Decision;
use crate::clock::{MINUTE, SECOND, Timestamp};
use crate::happening::{Scope, WireId};

/// The longest wait before something is tried again.
const LONGEST: Timestamp = 10 * MINUTE;

/// Which door a row came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The world spoke.
    Inbox,
    /// We act.
    Outbox,
}

/// Rows of one lane are worked one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// What a member did.
    From(usize),
    /// What happened in a conversation.
    Customer(usize),
    /// Drafting for a case.
    Draft(usize),
    /// What goes to a member's phone.
    To(usize),
    /// A case's deadlines.
    Due(usize),
    /// What goes to a customer.
    Send(usize),
}

/// What a row is about.
#[derive(Debug, Clone)]
pub enum Job {
    /// Something happened in a conversation.
    Customer {
        /// The conversation.
        conversation: usize,
        /// Its place in the account's feed.
        place: usize,
        /// What.
        what: crate::platform::Said,
        /// When, by the platform's clock.
        at: Timestamp,
    },
    /// A colleague did something.
    Member {
        /// The callback's content.
        no: u64,
        /// Who, by place.
        person: usize,
        /// What.
        act: Act,
    },
    /// Look for an answer.
    Draft {
        /// The case.
        case: usize,
        /// The drafting it belongs to.
        generation: i64,
    },
    /// Post a card.
    PostCard {
        /// The case.
        case: usize,
        /// Whose phone.
        person: usize,
        /// The version it shows.
        version: i64,
    },
    /// Ask the next level.
    ReviewDeadline {
        /// The case.
        case: usize,
        /// The time limit.
        due: Timestamp,
    },
    /// The platform's window.
    WindowDeadline {
        /// The case.
        case: usize,
    },
    /// Draft again what was judged under an older policy.
    PolicyChanged {
        /// The case.
        case: usize,
    },
    /// Claim a part and let it out.
    Send {
        /// The case.
        case: usize,
        /// The part.
        part: usize,
    },
    /// Give the session to a person.
    Transfer {
        /// The case.
        case: usize,
    },
    /// End the platform's session.
    EndSession {
        /// The conversation.
        conversation: usize,
    },
}

/// What a colleague did.
#[derive(Debug, Clone)]
pub enum Act {
    /// Decided about a case.
    Decide {
        /// The case.
        case: usize,
        /// The version they saw.
        version: i64,
        /// The code they saw.
        code: String,
        /// What.
        decision: Decision,
    },
    /// Paused.
    Pause(Scope),
    /// Wants to resume.
    Resume(Scope),
    /// Went on duty, or off.
    Duty(bool),
}

/// A row of either door.
#[derive(Debug, Clone)]
pub struct Row {
    /// Sorts by age.
    pub id: u64,
    /// Its door.
    pub door: Door,
    /// Its lane.
    pub lane: Lane,
    /// What it is about.
    pub job: Job,
    /// Not before.
    pub due_at: Timestamp,
    /// The life of the instance that works on it.
    pub owner: Option<Life>,
    /// Counts its claims; proves that it still is ours.
    pub fence: u64,
    /// How often it was begun.
    pub attempts: u32,
}

/// An instance from its start to its end.
pub type Life = u64;

/// Somebody else has the row by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseLost;

impl Store {
    /// Stores what has to be done.
    pub fn enqueue(&mut self, door: Door, lane: Lane, job: Job, due_at: Timestamp) {
        self.next_row += 1;
        self.rows.push(Row { id: self.next_row, door, lane, job, due_at, owner: None, fence: 0, attempts: 0 });
    }

    /// Stores what the world said, once.
    pub fn receive(&mut self, seen: Seen, lane: Lane, job: Job, now: Timestamp) {
        if self.seen.insert(seen) {
            self.enqueue(Door::Inbox, lane, job, now);
        }
    }

    /// Claims up to `limit` rows that may be worked now.
    pub fn claim(&mut self, owner: Life, now: Timestamp, limit: usize) -> Vec<Row> {
        let mut claimed: Vec<Row> = Vec::new();
        for at in 0..self.rows.len() {
            if claimed.len() == limit {
                break;
            }
            if self.claimable(at, now) {
                let row = &mut self.rows[at];
                row.owner = Some(owner);
                row.fence += 1;
                row.attempts += 1;
                claimed.push(row.clone());
            }
        }
        claimed
    }

    /// Whether nobody works on the row's lane, and the row is the one whose turn it is there.
    pub fn claimable(&self, at: usize, now: Timestamp) -> bool {
        let row = &self.rows[at];
        let free = row.due_at <= now && row.owner.is_none();
        free && self.rows.iter().filter(|other| other.lane == row.lane && other.door == row.door).all(|other| {
            let first = match row.door {
                Door::Inbox => other.id >= row.id,
                Door::Outbox => other.id >= row.id || other.due_at > now,
            };
            first && other.owner.is_none()
        })
    }

    /// Whether a claimed row is still its worker's.
    ///
    /// # Errors
    /// When somebody else has it, or it is done.
    pub fn ours(&self, row: &Row) -> Result<usize, LeaseLost> {
        let mine = |other: &Row| other.id == row.id && other.fence == row.fence && other.owner.is_some();
        self.rows.iter().position(mine).ok_or(LeaseLost)
    }

    /// Ends a claimed row.
    ///
    /// # Errors
    /// When it is not ours any more.
    pub fn done(&mut self, row: &Row) -> Result<(), LeaseLost> {
        let at = self.ours(row)?;
        self.rows.remove(at);
        Ok(())
    }

    /// Puts a claimed row back for later.
    ///
    /// # Errors
    /// When it is not ours any more.
    pub fn later(&mut self, row: &Row, now: Timestamp) -> Result<(), LeaseLost> {
        let at = self.ours(row)?;
        let wait = SECOND << row.attempts.min(10);
        self.rows[at].due_at = now + wait.min(LONGEST);
        self.rows[at].owner = None;
        Ok(())
    }

    /// Frees what belongs to lives that are over, or to a living one that does not work on it.
    pub fn let_go(&mut self, over: impl Fn(Life) -> bool, idle: impl Fn(&Row) -> bool) {
        for row in &mut self.rows {
            if row.owner.is_some_and(&over) || idle(row) {
                row.owner = None;
            }
        }
        for account in &mut self.accounts {
            if account.owner.is_some_and(&over) {
                account.owner = None;
            }
        }
    }

    /// Records what became of a send that stood like this; false when it did not.
    pub fn settle(&mut self, id: &WireId, from: SendState, to: SendState) -> bool {
        let Some(send) = self.sends.get_mut(id).filter(|send| send.state == from) else { return false };
        send.state = to;
        true
    }
}
