//! Everything that the platform knows, behind one lock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::calls::{Method, Refused, Row};
use super::handle::{BotAccount, Settings};
use super::room::{Message, Room, Spot};
use crate::clock::{DAY_MS, MINUTE_MS, SECOND_MS};
use crate::faults::FaultPlan;
use crate::rng::Rng;

/// Nothing awaits while it is locked.
pub(super) struct World {
    pub(super) settings: Settings,
    pub(super) rng: Rng,
    pub(super) bots: BTreeMap<i64, BotState>,
    /// People's names by their ids.
    pub(super) people: BTreeMap<i64, String>,
    pub(super) groups: BTreeMap<i64, Group>,
    /// In the order in which they were written.
    pub(super) messages: Vec<Message>,
    index: BTreeMap<(Room, i64), usize>,
    last: BTreeMap<Room, i64>,
    pub(super) files: Vec<Stored>,
    pub(super) presses: BTreeMap<String, Query>,
    pub(super) faults: FaultPlan<Method>,
    pub(super) rows: Vec<Row>,
}

/// One bot.
pub(super) struct BotState {
    pub(super) account: BotAccount,
    /// What was not confirmed, oldest first.
    pub(super) queue: VecDeque<Waiting>,
    next_update: i64,
    /// The newest one, confirmed or not.
    pub(super) last: Option<Waiting>,
    /// The kinds of updates it wants; all where it never said.
    pub(super) wants: Option<Vec<String>>,
    pub(super) webhook: Option<Hook>,
    /// The newest poll; older ones end.
    pub(super) poll: u64,
    pub(super) started_by: BTreeSet<i64>,
    pub(super) blocked_by: BTreeSet<i64>,
    /// What it sent in the last minute.
    pub(super) sent: VecDeque<(i64, Room)>,
}

/// An update that waits.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) at_ms: i64,
    pub(super) id: i64,
    pub(super) update: Value,
}

/// Where a bot wants its updates.
#[derive(Clone)]
pub(super) struct Hook {
    pub(super) url: String,
    pub(super) secret: Option<String>,
}

/// A supergroup.
pub(super) struct Group {
    pub(super) title: String,
    /// People and bots.
    pub(super) members: BTreeSet<i64>,
    /// Its topics; none where it is no forum.
    pub(super) topics: BTreeSet<i64>,
}

/// A file, known by its id to one bot only.
pub(super) struct Stored {
    pub(super) bot: i64,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// A press that waits for its answer.
pub(super) struct Query {
    pub(super) bot: i64,
    pub(super) at_ms: i64,
    pub(super) answer: Option<PressAnswer>,
}

/// What a bot answered to a press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PressAnswer {
    /// The words; empty where there were none.
    pub text: String,
    /// Whether they have to be closed.
    pub alert: bool,
}

impl World {
    pub(super) fn new(settings: Settings) -> Self {
        let bots = settings.bots.iter().map(|account| (account.id(), BotState::new(account.clone()))).collect();
        Self {
            rng: Rng::new(settings.seed),
            bots,
            settings,
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
            messages: Vec::new(),
            index: BTreeMap::new(),
            last: BTreeMap::new(),
            files: Vec::new(),
            presses: BTreeMap::new(),
            faults: FaultPlan::default(),
            rows: Vec::new(),
        }
    }

    /// Milliseconds since 1970 on the world's clock.
    pub(super) fn now(&self) -> i64 {
        self.settings.clock.now_ms()
    }

    pub(super) fn append(&mut self, mut row: Row) {
        row.seq = self.rows.len() as u64 + 1;
        self.rows.push(row);
    }

    /// Writes a message; gives its number in its chat.
    pub(super) fn write(&mut self, mut message: Message) -> i64 {
        let last = self.last.entry(message.spot.room).or_insert(0);
        *last += 1;
        message.id = *last;
        self.index.insert((message.spot.room, message.id), self.messages.len());
        self.messages.push(message);
        *last
    }

    pub(super) fn message(&self, room: Room, id: i64) -> Option<&Message> {
        self.messages.get(*self.index.get(&(room, id))?)
    }

    pub(super) fn message_mut(&mut self, room: Room, id: i64) -> Option<&mut Message> {
        self.messages.get_mut(*self.index.get(&(room, id))?)
    }

    /// Tells a bot something, where it wants to know.
    pub(super) fn tell(&mut self, bot: i64, kind: &str, value: &Value) {
        let now = self.now();
        let Some(bot) = self.bots.get_mut(&bot) else { return };
        if bot.wants.as_ref().is_none_or(|wants| wants.iter().any(|wanted| wanted == kind)) {
            let id = bot.next_update;
            bot.next_update += 1;
            let waiting = Waiting { at_ms: now, id, update: json!({"update_id": id, kind: value}) };
            bot.last = Some(waiting.clone());
            bot.queue.push_back(waiting);
        }
    }

    /// The chat that a bot means, where it may write there.
    pub(super) fn room(&self, bot: i64, chat_id: i64) -> Result<Room, Refused> {
        let nowhere = || Refused::bad("chat not found");
        if chat_id < 0 {
            let group = self.groups.get(&chat_id).ok_or_else(nowhere)?;
            let member = group.members.contains(&bot);
            let kicked = || Refused::forbidden("bot was kicked from the supergroup chat");
            return member.then_some(Room::Group { chat: chat_id }).ok_or_else(kicked);
        }
        let state = self.bots.get(&bot).filter(|state| state.started_by.contains(&chat_id)).ok_or_else(nowhere)?;
        if state.blocked_by.contains(&chat_id) {
            return Err(Refused::forbidden("bot was blocked by the user"));
        }
        Ok(Room::Private { bot, user: chat_id })
    }

    /// Takes room for a message under the limits.
    pub(super) fn admit(&mut self, bot: i64, room: Room) -> Result<(), Refused> {
        let (now, limits) = (self.now(), self.settings.limits);
        let Some(state) = self.bots.get_mut(&bot) else { return Ok(()) };
        while state.sent.front().is_some_and(|(at, _)| at + MINUTE_MS <= now) {
            state.sent.pop_front();
        }
        let since = |ms: i64, of: Option<Room>| {
            let counted = |sent: &&(i64, Room)| sent.0 + ms > now && of.is_none_or(|room| room == sent.1);
            state.sent.iter().filter(counted).count()
        };
        let group = matches!(room, Room::Group { .. });
        let mut wait = 0;
        if since(SECOND_MS, None) >= limits.all_per_second || since(SECOND_MS, Some(room)) >= limits.chat_per_second {
            wait = 1;
        }
        if group && since(MINUTE_MS, Some(room)) >= limits.group_per_minute {
            let oldest = state.sent.iter().find(|(_, of)| *of == room).map_or(now, |(at, _)| *at);
            wait = (oldest + MINUTE_MS - now).div_euclid(SECOND_MS) + 1;
        }
        if wait > 0 {
            return Err(Refused::too_many(wait));
        }
        state.sent.push_back((now, room));
        Ok(())
    }

    /// Keeps a file; gives its id for this bot.
    pub(super) fn store(&mut self, bot: i64, kind: &str, bytes: Vec<u8>) -> String {
        let number = self.files.len() + 1;
        let id = format!("{kind}-{bot}-{:08x}{number}", self.rng.next() >> 32);
        self.files.push(Stored { bot, id: id.clone(), path: format!("{kind}s/file_{number}"), bytes });
        id
    }

    /// A person or a bot, as Telegram writes it.
    pub(super) fn user(&self, id: i64) -> Value {
        match self.bots.get(&id) {
            Some(bot) => bot.account.user(),
            None => json!({"id": id, "is_bot": false, "first_name": self.people.get(&id), "language_code": "zh-hans"}),
        }
    }

    pub(super) fn chat(&self, room: Room) -> Value {
        match room {
            Room::Private { user, .. } => {
                json!({"id": user, "type": "private", "first_name": self.people.get(&user)})
            }
            Room::Group { chat } => {
                let group = self.groups.get(&chat);
                let forum = group.is_some_and(|group| !group.topics.is_empty());
                let mut value = json!({"id": chat, "type": "supergroup", "title": group.map(|group| &group.title)});
                if forum {
                    value["is_forum"] = true.into();
                }
                value
            }
        }
    }

    /// A message as Telegram writes it.
    pub(super) fn shown(&self, message: &Message) -> Value {
        let mut value = self.bare(message);
        let replied = message.reply_to.and_then(|id| self.message(message.spot.room, id));
        match (replied, message.spot.topic) {
            (Some(replied), _) => value["reply_to_message"] = self.bare(replied),
            (None, Some(topic)) => value["reply_to_message"] = self.opening(message, topic),
            (None, None) => {}
        }
        value
    }

    /// What everything in a topic replies to: the message that opened it, here always a bot's.
    fn opening(&self, message: &Message, topic: i64) -> Value {
        let room = message.spot.room;
        let members = self.groups.get(&room.chat_id()).map(|group| &group.members);
        let bot = self.bots.keys().find(|bot| members.is_some_and(|members| members.contains(bot)));
        json!({"message_id": topic, "from": self.user(bot.copied().unwrap_or(message.from)), "chat": self.chat(room),
            "date": message.at_ms.div_euclid(SECOND_MS), "message_thread_id": topic, "is_topic_message": true,
            "forum_topic_created": {"name": "topic", "icon_color": 7_322_096}})
    }

    /// A message without the one it replies to.
    fn bare(&self, message: &Message) -> Value {
        let Spot { room, topic } = message.spot;
        let mut value = json!({"message_id": message.id, "from": self.user(message.from), "chat": self.chat(room),
            "date": message.at_ms.div_euclid(SECOND_MS)});
        if let Some(topic) = topic {
            value["message_thread_id"] = topic.into();
            value["is_topic_message"] = true.into();
        }
        if let Some(edit) = message.edits.last() {
            value["edit_date"] = edit.at_ms.div_euclid(SECOND_MS).into();
        }
        let text = if message.attachment.is_some() { "caption" } else { "text" };
        if !message.text.is_empty() {
            value[text] = message.text.as_str().into();
        }
        if let Some(attachment) = &message.attachment {
            value[attachment.kind] = attachment.shown();
        }
        value
    }

    /// Forgets what nobody fetched within a day.
    pub(super) fn expire(&mut self, bot: i64) {
        let now = self.now();
        if let Some(state) = self.bots.get_mut(&bot) {
            state.queue.retain(|waiting| waiting.at_ms + DAY_MS > now);
        }
    }
}

impl BotState {
    fn new(account: BotAccount) -> Self {
        // A bot's numbers begin anywhere.
        let next_update = 100_000 + account.id() % 1_000;
        Self {
            account,
            queue: VecDeque::new(),
            next_update,
            last: None,
            wants: None,
            webhook: None,
            poll: 0,
            started_by: BTreeSet::new(),
            blocked_by: BTreeSet::new(),
            sent: VecDeque::new(),
        }
    }
}

impl super::room::Attachment {
    fn shown(&self) -> Value {
        let file = json!({"file_id": self.file_id, "file_unique_id": format!("u{}", self.file_id),
            "file_size": self.bytes});
        let with = |more: Value| {
            let mut file = file.clone();
            if let (Some(file), Value::Object(more)) = (file.as_object_mut(), more) {
                file.extend(more);
            }
            file
        };
        match self.kind {
            "photo" => Value::Array(vec![with(json!({"width": 800, "height": 600}))]),
            "voice" => with(json!({"duration": 3, "mime_type": "audio/ogg"})),
            "sticker" => with(json!({"width": 512, "height": 512, "type": "regular", "is_animated": false,
                "is_video": false, "emoji": "👍"})),
            _ => with(json!({"file_name": self.name, "mime_type": "application/octet-stream"})),
        }
    }
}
