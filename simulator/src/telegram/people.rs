//! What people do: they write, change, block, press and reply.

use serde_json::{Value, json};

use super::handle::Telegram;
use super::room::{Attachment, Edit, Message, Room, Spot};
use super::world::{Group, Query, World};
use crate::clock::{DAY_MS, SECOND_MS};
use crate::impossible::Impossible;

/// A file that somebody sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A picture.
    Photo(Vec<u8>),
    /// A file by its name.
    Document(String, Vec<u8>),
    /// A voice message.
    Voice(Vec<u8>),
    /// A sticker.
    Sticker(Vec<u8>),
}

/// After this a pressed message comes without its contents.
const INACCESSIBLE_MS: i64 = 2 * DAY_MS;

impl Telegram {
    /// Somebody on Telegram.
    pub fn add_person(&self, id: i64, name: &str) {
        self.world().people.insert(id, name.to_owned());
    }

    /// A supergroup (its id is negative) with people and bots in it; a forum where it has topics.
    pub fn add_group(&self, chat: i64, title: &str, members: &[i64], topics: &[i64]) {
        let members = members.iter().copied().collect();
        let group = Group { title: title.to_owned(), members, topics: topics.iter().copied().collect() };
        self.world().groups.insert(chat, group);
    }

    /// Takes a person or a bot out of a group.
    pub fn remove_from_group(&self, chat: i64, member: i64) {
        if let Some(group) = self.world().groups.get_mut(&chat) {
            group.members.remove(&member);
        }
    }

    /// Deletes a topic.
    pub fn delete_topic(&self, chat: i64, topic: i64) {
        if let Some(group) = self.world().groups.get_mut(&chat) {
            group.topics.remove(&topic);
        }
    }

    /// Somebody writes; gives the message's number.
    ///
    /// # Errors
    /// Where they cannot.
    pub fn say(&self, user: i64, spot: Spot, text: &str) -> Result<i64, Impossible> {
        self.write(user, spot, text, None, None)
    }

    /// Somebody replies to a message, such as a prompt.
    ///
    /// # Errors
    /// Where they cannot, or there is no such message.
    pub fn reply(&self, user: i64, spot: Spot, to: i64, text: &str) -> Result<i64, Impossible> {
        self.write(user, spot, text, Some(to), None)
    }

    /// Somebody sends a file with a caption or an empty one.
    ///
    /// # Errors
    /// Where they cannot.
    pub fn send(&self, user: i64, spot: Spot, medium: Medium, caption: &str) -> Result<i64, Impossible> {
        self.write(user, spot, caption, None, Some(medium))
    }

    /// Somebody changes a message of theirs.
    ///
    /// # Errors
    /// Where it is not theirs.
    pub fn edit(&self, user: i64, room: Room, message: i64, text: &str) -> Result<(), Impossible> {
        self.act(|world| {
            let now = world.now();
            let edited = world.message_mut(room, message).filter(|message| message.from == user);
            let edited = edited.ok_or_else(|| Impossible::Message(message.to_string()))?;
            let text = std::mem::replace(&mut edited.text, text.to_owned());
            edited.edits.push(Edit { at_ms: now, text, keyboard: Vec::new() });
            spread(world, room, message, "edited_message");
            Ok(())
        })
    }

    /// Somebody blocks a bot.
    ///
    /// # Errors
    /// Where they never wrote to it.
    pub fn block(&self, user: i64, bot: i64) -> Result<(), Impossible> {
        self.membership(user, bot, true)
    }

    /// Somebody lets a bot write again.
    ///
    /// # Errors
    /// Where they never wrote to it.
    pub fn unblock(&self, user: i64, bot: i64) -> Result<(), Impossible> {
        self.membership(user, bot, false)
    }

    /// Somebody presses the button with these words under a message; gives the query's id ([`Telegram::answer`]).
    ///
    /// # Errors
    /// Where there is no such button, or it opens something.
    pub fn press(&self, user: i64, room: Room, message: i64, label: &str) -> Result<String, Impossible> {
        let data = {
            let world = self.world();
            let shown = world.message(room, message).ok_or_else(|| Impossible::Message(message.to_string()))?;
            let key = shown.keyboard.iter().flatten().find(|key| key.label == label);
            key.and_then(|key| key.data.clone()).ok_or_else(|| Impossible::Button(label.to_owned()))?
        };
        self.press_data(user, room, message, &data)
    }

    /// Somebody whose client sends what it likes presses a button that need not be there.
    ///
    /// # Errors
    /// Where there is no such message of a bot's, or they are not in the chat.
    pub fn press_data(&self, user: i64, room: Room, message: i64, data: &str) -> Result<String, Impossible> {
        self.act(|world| {
            inside(world, user, room)?;
            let shown = world.message(room, message).filter(|message| message.by_bot);
            let shown = shown.ok_or_else(|| Impossible::Message(message.to_string()))?;
            let (bot, now) = (shown.from, world.now());
            let old = shown.at_ms + INACCESSIBLE_MS < now;
            let shown = match old {
                true => json!({"chat": world.chat(room), "message_id": message, "date": 0}),
                false => world.shown(shown),
            };
            let id = format!("{}{}", world.rng.next() >> 20, world.presses.len());
            let query = json!({"id": id, "from": world.user(user), "message": shown,
                "chat_instance": room.chat_id().to_string(), "data": data});
            world.presses.insert(id.clone(), Query { bot, at_ms: now, answer: None });
            world.tell(bot, "callback_query", &query);
            Ok(id)
        })
    }

    /// Delivers the newest update of this bot that was ever about to be delivered once more, under its number: what
    /// Telegram does when it did not hear that the bot took it.
    ///
    /// # Errors
    /// Where there was none.
    pub fn repeat_last(&self, bot: i64) -> Result<(), Impossible> {
        self.act(|world| {
            let state = world.bots.get_mut(&bot).ok_or(Impossible::NoCallback)?;
            let last = state.last.clone().ok_or(Impossible::NoCallback)?;
            state.queue.push_back(last);
            Ok(())
        })
    }

    fn write(
        &self,
        user: i64,
        spot: Spot,
        text: &str,
        reply_to: Option<i64>,
        medium: Option<Medium>,
    ) -> Result<i64, Impossible> {
        self.act(|world| {
            let Spot { room, topic } = spot;
            inside(world, user, room)?;
            if let Some(to) = reply_to.filter(|to| world.message(room, *to).is_none()) {
                return Err(Impossible::Message(to.to_string()));
            }
            begin(world, user, room)?;
            let attachment = medium.map(|medium| attached(world, room, medium));
            let message = Message {
                at_ms: world.now(),
                spot: Spot { room, topic },
                id: 0,
                from: user,
                by_bot: false,
                text: text.to_owned(),
                entities: Value::Array(Vec::new()),
                keyboard: Vec::new(),
                attachment,
                reply_to,
                prompt: false,
                edits: Vec::new(),
            };
            let id = world.write(message);
            spread(world, room, id, "message");
            Ok(id)
        })
    }

    fn membership(&self, user: i64, bot: i64, blocks: bool) -> Result<(), Impossible> {
        self.act(|world| {
            let state = world.bots.get_mut(&bot).filter(|state| state.started_by.contains(&user));
            let state = state.ok_or_else(|| Impossible::Session(user.to_string()))?;
            let changed = if blocks { state.blocked_by.insert(user) } else { state.blocked_by.remove(&user) };
            let bot_user = state.account.user();
            let status = |kicked: bool| match kicked {
                true => json!({"status": "kicked", "user": bot_user, "until_date": 0}),
                false => json!({"status": "member", "user": bot_user}),
            };
            if changed {
                let change = json!({"chat": world.chat(Room::Private { bot, user }), "from": world.user(user),
                    "date": world.now() / SECOND_MS, "old_chat_member": status(!blocks), "new_chat_member": status(blocks)});
                world.tell(bot, "my_chat_member", &change);
            }
            Ok(())
        })
    }

    fn act<T>(&self, what: impl FnOnce(&mut World) -> Result<T, Impossible>) -> Result<T, Impossible> {
        let done = what(&mut self.world());
        self.shared.wake();
        done
    }
}

/// Whether somebody is in a chat.
fn inside(world: &World, user: i64, room: Room) -> Result<(), Impossible> {
    let known = world.people.contains_key(&user);
    let there = match room {
        Room::Private { bot, user: whose } => whose == user && world.bots.contains_key(&bot),
        Room::Group { chat } => world.groups.get(&chat).is_some_and(|group| group.members.contains(&user)),
    };
    if known && there { Ok(()) } else { Err(Impossible::Customer(user.to_string())) }
}

/// The first message to a bot allows it to write.
fn begin(world: &mut World, user: i64, room: Room) -> Result<(), Impossible> {
    let Room::Private { bot, .. } = room else { return Ok(()) };
    let Some(state) = world.bots.get_mut(&bot) else { return Ok(()) };
    if state.blocked_by.contains(&user) {
        return Err(Impossible::Session(format!("{user}, who blocked the bot")));
    }
    state.started_by.insert(user);
    Ok(())
}

fn attached(world: &mut World, room: Room, medium: Medium) -> Attachment {
    let (kind, name, bytes) = match medium {
        Medium::Photo(bytes) => ("photo", None, bytes),
        Medium::Document(name, bytes) => ("document", Some(name), bytes),
        Medium::Voice(bytes) => ("voice", None, bytes),
        Medium::Sticker(bytes) => ("sticker", None, bytes),
    };
    let size = bytes.len();
    // Good for one bot; in a group for whichever comes first.
    let bot = match room {
        Room::Private { bot, .. } => bot,
        Room::Group { chat } => world.bots.keys().copied().find(|bot| is_in(world, chat, *bot)).unwrap_or(0),
    };
    Attachment { kind, name, file_id: world.store(bot, kind, bytes), bytes: size }
}

fn is_in(world: &World, chat: i64, bot: i64) -> bool {
    world.groups.get(&chat).is_some_and(|group| group.members.contains(&bot))
}

/// Tells the bots that may hear it.
fn spread(world: &mut World, room: Room, id: i64, kind: &str) {
    let Some(message) = world.message(room, id) else { return };
    let hearing: Vec<i64> = match room {
        Room::Private { bot, .. } => vec![bot],
        Room::Group { chat } => {
            let bots = world.bots.keys().copied().filter(|bot| is_in(world, chat, *bot));
            bots.filter(|bot| hears(world, *bot, message)).collect()
        }
    };
    let shown = world.shown(message);
    hearing.into_iter().for_each(|bot| world.tell(bot, kind, &shown));
}

/// In a group, where the bot has its privacy: commands, replies to it, and its name.
fn hears(world: &World, bot: i64, message: &Message) -> bool {
    let Some(state) = world.bots.get(&bot) else { return false };
    let replied = message.reply_to.and_then(|id| world.message(message.spot.room, id));
    !state.account.privacy
        || message.text.starts_with('/')
        || message.text.contains(&format!("@{}", state.account.username))
        || replied.is_some_and(|replied| replied.from == bot)
}
