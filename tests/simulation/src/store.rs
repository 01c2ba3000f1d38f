//! The model of our store: what a unit of work reads and writes, with the locks and leases of `aijia::store`. A unit is
//! a method call: nothing else runs meanwhile, and it keeps everything or nothing.

mod applying;
mod automating;
mod pausing;
mod queue;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

pub use pausing::Pause;
pub use queue::{Act, Door, Job, Lane, LeaseLost, Life, Row};

use crate::case::Case;
use crate::clock::Timestamp;
use crate::desk::Desk;
use crate::evidence::{self, Content, Entry, Head, StoredRecord};
use crate::happening::{Happening, WireId};
use crate::luck::Luck;
use crate::policy::Intent;
use crate::shop;

/// Everything we ever stored.
pub struct Store {
    /// What is configured.
    pub desk: Arc<Desk>,
    /// The policy version in force.
    pub policy: Arc<str>,
    /// People who said they are off duty.
    pub off_duty: Arc<HashSet<String>>,
    /// Work that is not done.
    pub rows: Vec<Row>,
    /// What came through the inbox, ever.
    pub seen: BTreeSet<Seen>,
    /// Accounts, in the order of the channels.
    pub accounts: Vec<Account>,
    /// Conversations with customers.
    pub conversations: Vec<Conversation>,
    /// All cases, in the order of their numbers.
    pub cases: Vec<Case>,
    /// The conversation of each case.
    pub talk_of: Vec<usize>,
    /// What was claimed to leave.
    pub sends: BTreeMap<WireId, Send>,
    /// The register.
    pub pauses: Vec<Pause>,
    /// How often the register was turned.
    pub turn: i64,
    /// What may leave by itself, by channel.
    pub open: Vec<Vec<Intent>>,
    /// The record: a chain per conversation, the desk's at the end.
    pub chains: Vec<Vec<StoredRecord>>,
    /// What became durable since the oracle looked last.
    pub happened: Vec<Happening>,
    next_row: u64,
    salts: Luck,
}

/// What makes something the world said known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// A message of an account.
    Customer(usize, usize),
    /// What a member did.
    Member(u64),
}

/// How far an account was read.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Messages before this one were stored.
    pub cursor: usize,
    /// The life of the instance that reads it.
    pub owner: Option<Life>,
    /// Counts its claims; proves that it still is ours.
    pub fence: u64,
    /// Doorbells.
    pub rings: u64,
    /// Doorbells that were heard.
    pub heard: u64,
    /// When it was claimed last.
    pub tried_at: Timestamp,
}

/// A conversation as stored.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// The channel, by place.
    pub channel: usize,
    /// Its messages.
    pub messages: Vec<Message>,
    /// Sequence number of the newest.
    pub last_seq: i64,
    /// When the platform stops accepting messages, as far as we know.
    pub window_ends_at: Timestamp,
    /// Messages it still accepts.
    pub quota_left: i64,
    /// Its newest case.
    pub case: Option<usize>,
}

/// A message as stored.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its place in the account's feed; none for ours.
    pub wire: Option<usize>,
    /// Its number.
    pub seq: i64,
    /// Its words.
    pub text: String,
    /// Taken back.
    pub recalled: bool,
    /// Needs no answer any more.
    pub answered: bool,
}

/// A send intent.
#[derive(Debug, Clone)]
pub struct Send {
    /// The conversation.
    pub conversation: usize,
    /// The case.
    pub case: usize,
    /// The part.
    pub part: usize,
    /// The exact words.
    pub body: String,
    /// Where it stands.
    pub state: SendState,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// How often it was claimed: the platform may put it off.
    pub tries: u32,
    /// It was asked about after its worker died.
    pub probed: bool,
    /// A person said what became of it.
    pub resolved: bool,
}

/// Where a send stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendState {
    /// A request may be under way.
    InFlight,
    /// The platform accepted it.
    Accepted,
    /// It did not arrive.
    Failed,
    /// The platform wants it later.
    PutOff,
    /// Nobody knows.
    Unknown,
}

impl Store {
    /// A desk with `talks` customers, nothing said yet.
    pub fn new(seed: u64, talks: usize) -> Self {
        let desk = shop::desk();
        let accounts = vec![Account::default(); desk.channels.len()];
        let channels = desk.channels.len();
        let conversations = (0..talks).map(|at| Conversation {
            id: format!("talk-{at}"),
            channel: at % channels,
            messages: Vec::new(),
            last_seq: 0,
            window_ends_at: 0,
            quota_left: 0,
            case: None,
        });
        Self {
            desk: Arc::new(desk),
            policy: "p1".into(),
            off_duty: Arc::default(),
            rows: Vec::new(),
            seen: BTreeSet::new(),
            accounts,
            conversations: conversations.collect(),
            cases: Vec::new(),
            talk_of: Vec::new(),
            sends: BTreeMap::new(),
            pauses: Vec::new(),
            turn: 0,
            open: vec![Vec::new(); channels],
            chains: vec![Vec::new(); talks + 1],
            happened: Vec::new(),
            next_row: 0,
            salts: Luck::of(seed ^ 0x5A17),
        }
    }

    /// The name of a chain.
    pub fn chain_name(&self, chain: usize) -> String {
        match self.conversations.get(chain) {
            Some(open) => format!("conversation:{}", open.id),
            None => "desk".into(),
        }
    }

    /// Writes an entry into a conversation's chain, or the desk's.
    pub fn record(&mut self, conversation: Option<usize>, case: Option<usize>, entry: Entry, now: Timestamp) {
        let chain = conversation.unwrap_or(self.conversations.len());
        let head: Option<Head> = self.chains[chain].last().map(|stored| stored.record.head());
        let (name, salt) = (self.chain_name(chain), self.salts.salt());
        let case_id = case.map(|case| self.cases[case].id.clone());
        let record = evidence::seal(&name, head.as_ref(), now, case_id.as_deref(), &entry, salt);
        let content = Content { salt, payload: evidence::canonical(&entry.payload) };
        self.chains[chain].push(StoredRecord { record, content: Some(content) });
        self.happened.push(Happening::Entry { conversation, case, entry });
    }

    /// The case that is not closed, if there is one.
    pub fn open_case(&self, conversation: usize) -> Option<usize> {
        self.conversations[conversation].case.filter(|case| !self.cases[*case].is_closed())
    }

    /// Customer messages nobody has answered.
    pub fn unanswered(&self, conversation: usize) -> impl Iterator<Item = &Message> {
        self.conversations[conversation].messages.iter().filter(|m| !m.answered && !m.recalled)
    }
}
