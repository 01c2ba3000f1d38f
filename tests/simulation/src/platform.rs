//! The platform as its documentation has it: a feed per account, a budget per customer, a ledger, requests that get
//! lost on either way, callbacks that come twice, late, or not at all; and the phones its cards appear on.

use std::collections::BTreeSet;

use crate::case::SessionOwner;
use crate::clock::{HOUR, SECOND, Timestamp};
use crate::happening::{Happening, WireId};
use crate::luck::Luck;
use crate::store::Act;

/// How long a client waits for an answer.
pub const PATIENCE: Timestamp = 4 * SECOND;
/// How long it takes replies after a customer's message (wecom 94677).
pub const WINDOW: Timestamp = 48 * HOUR;
/// How many (wecom 94677).
pub const QUOTA: i64 = 5;
/// "Five messages" (wecom 94677).
pub const QUOTA_SPENT: i64 = 95_001;
/// "48 hours" (wecom 94677).
pub const WINDOW_CLOSED: i64 = 95_002;
/// The session is not ours.
const WRONG_SESSION: i64 = 95_018;
/// Too many calls: nothing was done, come back later.
pub const TOO_OFTEN: i64 = 45_009;
/// Whatever else is refused.
const REFUSED: i64 = 40_096;
/// The id was used before; not documented, so seeds vary whether we know it.
pub const DUPLICATE: i64 = 95_099;

/// The platform and what it knows.
pub struct Platform {
    /// What happened on each account, for whoever reads on from a cursor.
    pub feeds: Vec<Vec<Message>>,
    /// The customers, one per conversation.
    pub customers: Vec<Customer>,
    /// Every request that ever left.
    pub requests: Vec<Request>,
    /// Callbacks that still may come.
    pub callbacks: Vec<Callback>,
    /// Cards on phones, the newest at the end.
    pub cards: Vec<Card>,
    used: BTreeSet<WireId>,
}

/// Something in a feed.
#[derive(Debug, Clone)]
pub struct Message {
    /// Whose conversation.
    pub conversation: usize,
    /// When; no two messages of a feed have the same time.
    pub at: Timestamp,
    /// What.
    pub what: Said,
}

/// What a feed tells.
#[derive(Debug, Clone)]
pub enum Said {
    /// The customer wrote.
    Words(&'static str),
    /// The customer took the message at this place back.
    Recalled(usize),
    /// A servicer types in the platform's own client.
    Servicer(usize),
    /// The session ended.
    Ended,
    /// An accepted message was not delivered.
    NotDelivered(WireId),
}

/// A customer as the platform sees one.
#[derive(Debug, Clone)]
pub struct Customer {
    account: usize,
    window_ends_at: Timestamp,
    left: i64,
    /// Whose the session is.
    pub session: SessionOwner,
}

/// What we ask for.
#[derive(Debug, Clone)]
pub enum Asked {
    /// A message to a customer.
    Send {
        /// To whom.
        conversation: usize,
        /// Its id.
        id: WireId,
        /// Its words.
        body: String,
    },
    /// A card on a phone.
    Card(Card),
    /// The session for a person.
    Transfer {
        /// The conversation.
        conversation: usize,
    },
    /// The session's end.
    End {
        /// The conversation.
        conversation: usize,
    },
}

/// A card as it stands on a phone.
#[derive(Debug, Clone)]
pub struct Card {
    /// Whose phone, by place.
    pub person: usize,
    /// The case.
    pub case: usize,
    /// The version on show.
    pub version: i64,
    /// Its code.
    pub code: String,
    /// The words on show; none where there is nothing to send.
    pub parts: Vec<String>,
    /// It asks what became of these words.
    pub doubt: bool,
}

/// The platform's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Done.
    Accepted,
    /// Refused with a code.
    Refused(i64),
    /// The session went to.
    Session(SessionOwner),
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// No connection: nothing left.
    NeverSent,
    /// Nobody knows.
    Unknown,
}

/// A request on its way, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is asked.
    pub asked: Asked,
    begun_at: Timestamp,
    arrives_at: Option<Timestamp>,
    answers_at: Option<Timestamp>,
    connected: bool,
    arrived: bool,
    answer: Option<Answer>,
}

/// A callback and how often it is still tried.
#[derive(Debug, Clone)]
pub struct Callback {
    /// What it says, by number: a repetition has the same.
    pub no: u64,
    /// What it says.
    pub what: Ring,
    /// Not before.
    pub next_at: Timestamp,
    /// Tries left.
    pub tries: u32,
    /// Somebody answered with success.
    pub acknowledged: bool,
}

/// What a callback says.
#[derive(Debug, Clone)]
pub enum Ring {
    /// There may be messages on an account.
    Doorbell(usize),
    /// A member did something.
    Member {
        /// Who, by place.
        person: usize,
        /// What.
        act: Act,
    },
}

/// How likely the wire fails, in a thousandth.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Requests that never connect.
    pub unconnected: u32,
    /// Requests that get lost.
    pub lost: u32,
    /// Answers that get lost.
    pub mute: u32,
    /// Requests that are refused.
    pub refused: u32,
    /// Accepted messages that are not delivered.
    pub undelivered: u32,
    /// The longest way, in milliseconds.
    pub slowest: Timestamp,
}

impl Platform {
    /// A platform with these conversations' accounts.
    pub fn new(accounts: usize, of: impl Iterator<Item = usize>) -> Self {
        let customer = |account| Customer { account, window_ends_at: 0, left: 0, session: SessionOwner::Bot };
        Self {
            feeds: vec![Vec::new(); accounts],
            customers: of.map(customer).collect(),
            requests: Vec::new(),
            callbacks: Vec::new(),
            cards: Vec::new(),
            used: BTreeSet::new(),
        }
    }

    /// Something happens in a conversation; its place in the feed.
    pub fn tell(&mut self, conversation: usize, what: Said, now: Timestamp) -> usize {
        let customer = &mut self.customers[conversation];
        let feed = &mut self.feeds[customer.account];
        let at = feed.last().map_or(now, |newest| now.max(newest.at + 1));
        if let Said::Words(_) = what {
            customer.window_ends_at = at + WINDOW;
            customer.left = QUOTA;
        }
        feed.push(Message { conversation, at, what });
        feed.len() - 1
    }

    /// Lets a request out; its number.
    pub fn ask(&mut self, asked: Asked, weather: &Weather, luck: &mut Luck, now: Timestamp) -> usize {
        let connected = !luck.permille(weather.unconnected);
        let arrives = now + luck.span(1, weather.slowest);
        let answers = arrives + luck.span(1, weather.slowest);
        self.requests.push(Request {
            asked,
            begun_at: now,
            arrives_at: (connected && !luck.permille(weather.lost)).then_some(arrives),
            answers_at: (!luck.permille(weather.mute)).then_some(answers),
            connected,
            arrived: false,
            answer: None,
        });
        self.requests.len() - 1
    }

    /// Requests that reach the platform by now.
    pub fn arriving(&self, now: Timestamp) -> Option<usize> {
        self.requests.iter().rposition(|r| !r.arrived && r.arrives_at.is_some_and(|at| at <= now))
    }

    /// A request reaches the platform.
    pub fn arrive(&mut self, request: usize, weather: &Weather, luck: &mut Luck, now: Timestamp) -> Option<Happening> {
        self.requests[request].arrived = true;
        let refused = luck.permille(weather.refused);
        let mut accepted = None;
        let answer = match self.requests[request].asked.clone() {
            _ if refused => Answer::Refused(*luck.pick(&[REFUSED, TOO_OFTEN])),
            Asked::Send { conversation, id, body } => {
                let answer = self.accept(conversation, &id, now);
                if answer == Answer::Accepted {
                    if luck.permille(weather.undelivered) {
                        self.tell(conversation, Said::NotDelivered(id.clone()), now);
                    }
                    accepted = Some(Happening::Accepted { conversation, id, body });
                }
                answer
            }
            Asked::Card(card) => {
                self.cards.push(card);
                Answer::Accepted
            }
            Asked::Transfer { conversation } => {
                const OWNERS: [SessionOwner; 4] =
                    [SessionOwner::Person, SessionOwner::Person, SessionOwner::Pool, SessionOwner::Bot];
                let owner = *luck.pick(&OWNERS);
                self.customers[conversation].session = owner;
                Answer::Session(owner)
            }
            Asked::End { conversation } => {
                self.customers[conversation].session = SessionOwner::Bot;
                Answer::Accepted
            }
        };
        self.requests[request].answer = Some(answer);
        accepted
    }

    fn accept(&mut self, conversation: usize, id: &WireId, now: Timestamp) -> Answer {
        let customer = &mut self.customers[conversation];
        if self.used.contains(id) {
            Answer::Refused(DUPLICATE)
        } else if customer.session != SessionOwner::Bot {
            Answer::Refused(WRONG_SESSION)
        } else if now >= customer.window_ends_at {
            Answer::Refused(WINDOW_CLOSED)
        } else if customer.left == 0 {
            Answer::Refused(QUOTA_SPENT)
        } else {
            customer.left -= 1;
            self.used.insert(id.clone());
            Answer::Accepted
        }
    }

    /// What the client knows of its request by now; nothing while it has to wait.
    pub fn answer(&self, request: usize, now: Timestamp) -> Option<Result<Answer, NoAnswer>> {
        let request = &self.requests[request];
        if !request.connected {
            return Some(Err(NoAnswer::NeverSent));
        }
        match (request.answer, request.answers_at) {
            (Some(answer), Some(at)) if at <= now && at <= request.begun_at + PATIENCE => Some(Ok(answer)),
            _ if now >= request.begun_at + PATIENCE => Some(Err(NoAnswer::Unknown)),
            _ => None,
        }
    }

    /// When something happens here by itself next.
    pub fn next_at(&self) -> Option<Timestamp> {
        let recent = self.requests.iter().rev().take(64);
        let arrivals = recent.filter(|r| !r.arrived).filter_map(|r| r.arrives_at);
        let callbacks = self.callbacks.iter().map(|callback| callback.next_at);
        arrivals.chain(callbacks).min()
    }

    /// When a client knows more about its request.
    pub fn known_at(&self, request: usize) -> Timestamp {
        let request = &self.requests[request];
        let patience = request.begun_at + PATIENCE;
        match request.answers_at {
            Some(at) if request.connected && request.arrives_at.is_some() => at.min(patience),
            _ if request.connected => patience,
            _ => request.begun_at,
        }
    }

    /// Adds a callback, with luck more than once or not at all.
    pub fn call(&mut self, no: u64, what: Ring, copies: usize, luck: &mut Luck, now: Timestamp) {
        for _ in 0..copies {
            let late = if luck.permille(20) { luck.span(0, 3 * HOUR) } else { luck.span(0, 3 * SECOND) };
            self.callbacks.push(Callback {
                no,
                what: what.clone(),
                next_at: now + late,
                tries: 3,
                acknowledged: false,
            });
        }
    }
}
