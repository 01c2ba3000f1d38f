//! The members' side: what they write, attach and press.

use aes::Aes256;
use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::NoPadding};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::AiBot;
use super::world::{Kind, World};
use crate::clock::DAY_MS;
use crate::impossible::Impossible;
use crate::members::{button_kind, choices};

/// Attachments are padded to this.
const PAD_BLOCK: usize = 32;

/// What became of a member's act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The callback's `msgid`.
    pub msgid: String,
    /// Whether a subscribed connection was told. Otherwise it is lost: it is never sent again.
    pub told: bool,
}

impl AiBot {
    /// A member writes.
    pub fn says(&self, userid: &str, text: &str) -> Told {
        self.message(userid, None, json!({"msgtype": "text", "text": {"content": text}}))
    }

    /// A member writes to the bot in a group, by mentioning it.
    pub fn says_in(&self, chatid: &str, userid: &str, text: &str) -> Told {
        self.message(userid, Some(chatid), json!({"msgtype": "text", "text": {"content": text}}))
    }

    /// A member writes under a quotation.
    pub fn quotes(&self, userid: &str, quoted: &str, text: &str) -> Told {
        let quote = json!({"msgtype": "text", "text": {"content": quoted}});
        self.message(userid, None, json!({"msgtype": "text", "text": {"content": text}, "quote": quote}))
    }

    /// A member speaks; the platform gives the text it recognised.
    pub fn speaks(&self, userid: &str, recognised: &str) -> Told {
        self.message(userid, None, json!({"msgtype": "voice", "voice": {"content": recognised}}))
    }

    /// A member sends a picture.
    pub fn sends_image(&self, userid: &str, name: &str, bytes: &[u8]) -> Told {
        let image = self.world().attach(name, bytes);
        self.message(userid, None, json!({"msgtype": "image", "image": image}))
    }

    /// A member sends a file, in their own chat with the bot: groups bring none (wecom 100719). Without a name where it is
    /// empty.
    pub fn sends_file(&self, userid: &str, name: &str, bytes: &[u8]) -> Told {
        let file = self.world().attach(name, bytes);
        self.message(userid, None, json!({"msgtype": "file", "file": file}))
    }

    /// A member sends a text with a picture.
    pub fn sends_mixed(&self, userid: &str, text: &str, name: &str, bytes: &[u8]) -> Told {
        let image = self.world().attach(name, bytes);
        let items = json!([{"msgtype": "text", "text": {"content": text}}, {"msgtype": "image", "image": image}]);
        self.message(userid, None, json!({"msgtype": "mixed", "mixed": {"msg_item": items}}))
    }

    /// A member opens the chat; `None` where it is not the first time of the day (UTC), and nothing happens.
    pub fn enters(&self, userid: &str) -> Option<Told> {
        let mut world = self.world();
        let today = world.now().div_euclid(DAY_MS);
        world.chats.insert(userid.to_owned(), false);
        if world.entered.insert(userid.to_owned(), today) == Some(today) {
            return None;
        }
        Some(world.happens(userid, userid, Kind::Entry, "enter_chat", json!({})))
    }

    /// A member says what they think of a stream or a card that asked under `id`: 1 good, 2 bad, 3 taken back.
    pub fn rates(&self, userid: &str, id: &str, rating: i64, words: &str) -> Told {
        let feedback = json!({"id": id, "type": rating, "content": words, "inaccurate_reason_list": []});
        self.world().happens(userid, userid, Kind::Feedback, "feedback_event", feedback)
    }

    /// Presses a card's button. `selected` are pairs of question key and option id; questions not named keep what the
    /// card had preset.
    ///
    /// # Errors
    /// Where the member sees no such card, button or option, or the buttons are grey.
    pub fn taps(&self, userid: &str, task_id: &str, key: &str, selected: &[(&str, &str)]) -> Result<Told, Impossible> {
        let mut world = self.world();
        let none = || Impossible::Card(task_id.to_owned());
        let posted = world.cards.get(task_id).ok_or_else(none)?;
        let chatid = posted.chatid.clone();
        let group = world.chats.get(&chatid).copied().unwrap_or(false);
        if !group && chatid != userid {
            return Err(none());
        }
        let card = posted.shown_to(userid).ok_or_else(none)?;
        if card.get("replace_text").is_some() {
            return Err(Impossible::Closed(task_id.to_owned()));
        }
        button_kind(card, key).ok_or_else(|| Impossible::Button(key.to_owned()))?;
        let item = |(key, ids): (String, Vec<String>)| json!({"question_key": key, "option_ids": {"option_id": ids}});
        let items: Vec<Value> = choices(card, selected)?.into_iter().map(item).collect();
        let mut event = json!({"card_type": card["card_type"], "event_key": key, "task_id": task_id});
        if !items.is_empty() {
            event["selected_items"] = json!({ "selected_item": items });
        }
        Ok(world.happens(userid, &chatid, Kind::Tap(task_id.to_owned()), "template_card_event", event))
    }

    fn message(&self, userid: &str, group: Option<&str>, mut body: Value) -> Told {
        let mut world = self.world();
        body["from"] = json!({ "userid": userid });
        body["chattype"] = json!(if group.is_some() { "group" } else { "single" });
        if let Some(chatid) = group {
            body["chatid"] = json!(chatid);
        }
        let chatid = group.unwrap_or(userid);
        world.chats.insert(chatid.to_owned(), group.is_some());
        let (msgid, told) = world.call_back(Kind::Message, chatid, body);
        Told { msgid, told }
    }
}

impl World {
    fn happens(&mut self, userid: &str, chatid: &str, kind: Kind, name: &str, inner: Value) -> Told {
        let mut event = json!({ "eventtype": name });
        event[name] = inner;
        let mut body = json!({"msgtype": "event", "create_time": self.now() / 1_000, "from": {"userid": userid},
            "chattype": "single", "event": event});
        if self.chats.get(chatid) == Some(&true) {
            body["chattype"] = json!("group");
            body["chatid"] = json!(chatid);
        }
        let (msgid, told) = self.call_back(kind, chatid, body);
        Told { msgid, told }
    }

    /// Encrypts an attachment under a key of its own; gives its place and that key.
    fn attach(&mut self, name: &str, bytes: &[u8]) -> Value {
        let mut key = [0; 32];
        key[..16].copy_from_slice(&self.rng.bytes16());
        key[16..].copy_from_slice(&self.rng.bytes16());
        let url = self.keep_file(name, seal(bytes, key));
        json!({"url": url, "aeskey": STANDARD.encode(key)})
    }
}

/// AES-256-CBC, PKCS#7 to 32 bytes, the IV is the key's first half (wecom 100719).
fn seal(bytes: &[u8], key: [u8; 32]) -> Vec<u8> {
    let pad = PAD_BLOCK - bytes.len() % PAD_BLOCK;
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len() + pad, pad as u8);
    let mut iv = [0; 16];
    iv.copy_from_slice(&key[..16]);
    cbc::Encryptor::<Aes256>::new(&key.into(), &iv.into()).encrypt_padded_vec::<NoPadding>(&padded)
}
