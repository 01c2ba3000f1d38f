//! The self-built app: its members, what their phones show, its cards and its menu.

pub(crate) mod directory;
pub(crate) mod menu;
pub(crate) mod reply;
pub(crate) mod send;
pub(crate) mod update;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::card::{CardType, cut};
use crate::clock::HOUR_MS;
use crate::errcode::Errcode;
use crate::ledger::AppMessage;
use crate::tokens::Window;

/// How long a `response_code` lives (wecom 94888).
const CODE_LIFE_MS: i64 = 72 * HOUR_MS;

/// What a member's phone shows of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
    /// A picture.
    Image,
    /// A file.
    File,
    /// A template card.
    Card,
    /// What the member wrote.
    Own,
}

impl ItemKind {
    /// `text`, `markdown`, `image`, `file`, `card` or `own`.
    pub fn name(self) -> &'static str {
        match self {
            ItemKind::Text => "text",
            ItemKind::Markdown => "markdown",
            ItemKind::Image => "image",
            ItemKind::File => "file",
            ItemKind::Card => "card",
            ItemKind::Own => "own",
        }
    }
}

/// One message in the chat between a member and the app, as the phone shows it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Unique among all items; grows with time.
    pub id: u64,
    /// The platform's message id; empty for what the member wrote and for passive replies.
    pub msgid: String,
    /// When it arrived, in milliseconds of the simulated clock.
    pub at_ms: i64,
    /// What it is.
    pub kind: ItemKind,
    /// The words, cut to 2,048 bytes; of a file its name; of a card its title.
    pub text: String,
    /// Of an image or a file.
    pub media_id: Option<String>,
    /// Of a card: the `template_card` in its current state, over-long texts cut as clients cut them.
    pub card: Option<Value>,
    /// Of a card: the id it was sent with, which updates do not change.
    pub task_id: Option<String>,
    /// Of a card: whether this member pressed any of its buttons.
    pub tapped: bool,
    /// Of a card: the caption that replaced its buttons; `None` while they can be pressed.
    pub caption: Option<String>,
}

impl Item {
    /// Of a card: whether its buttons are grey.
    pub fn disabled(&self) -> bool {
        self.caption.is_some()
    }

    /// Puts another card in the place of the one shown. `replace_text` greys an interactive card out.
    pub(crate) fn show_card(&mut self, card: &Value) {
        let interactive = CardType::of(card).is_some_and(CardType::interactive);
        let caption = card.get("replace_text").and_then(Value::as_str).filter(|text| interactive && !text.is_empty());
        self.caption = caption.map(|text| cut::cut(text, CAPTION_CHARS));
        self.text = title_of(card);
        self.card = Some(cut::shown(card));
    }

    /// Greys the buttons out with a caption.
    pub(crate) fn close(&mut self, caption: &str) {
        self.caption = Some(cut::cut(caption, CAPTION_CHARS));
    }
}

const CAPTION_CHARS: usize = 10;

fn title_of(card: &Value) -> String {
    card.pointer("/main_title/title").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A member in the app's visible range.
pub(crate) struct Member {
    pub(crate) userid: String,
    pub(crate) name: String,
    pub(crate) role_hint: String,
    pub(crate) items: Vec<Item>,
    /// Messages of the last hour, for the silent drop.
    pub(crate) received: Window,
}

/// A message that the app sent.
pub(crate) struct Sent {
    pub(crate) msgid: String,
    pub(crate) at_ms: i64,
    pub(crate) body: Value,
    pub(crate) task_id: Option<String>,
    /// Lower-case ids of the members it was accepted for.
    pub(crate) recipients: Vec<String>,
    /// Those of them whose phone never got it.
    pub(crate) dropped: Vec<String>,
}

struct ResponseCode {
    msgid: String,
    expires_ms: i64,
    spent: bool,
}

/// The app's state.
#[derive(Default)]
pub(crate) struct App {
    members: BTreeMap<String, Member>,
    sent: Vec<Sent>,
    by_msgid: BTreeMap<String, usize>,
    task_ids: BTreeSet<String>,
    codes: BTreeMap<String, ResponseCode>,
    pub(crate) duplicates: send::Duplicates,
    pub(crate) menu: Option<Value>,
}

impl App {
    pub(crate) fn add_member(&mut self, userid: &str, name: &str, role_hint: &str) {
        let (userid, name, role_hint) = (userid.to_owned(), name.to_owned(), role_hint.to_owned());
        let member = Member { name, role_hint, items: Vec::new(), received: Window::default(), userid };
        self.members.insert(member.userid.to_lowercase(), member);
    }

    /// Takes a member out of the visible range, with the chat on the phone.
    pub(crate) fn remove_member(&mut self, userid: &str) {
        self.members.remove(&userid.to_lowercase());
    }

    /// Ids are compared without case.
    pub(crate) fn member(&self, userid: &str) -> Option<&Member> {
        self.members.get(&userid.to_lowercase())
    }

    pub(crate) fn member_mut(&mut self, userid: &str) -> Option<&mut Member> {
        self.members.get_mut(&userid.to_lowercase())
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub(crate) fn sent(&self, msgid: &str) -> Option<&Sent> {
        self.sent.get(*self.by_msgid.get(msgid)?)
    }

    pub(crate) fn task_id_used(&self, task_id: &str) -> bool {
        self.task_ids.contains(task_id)
    }

    pub(crate) fn keep_sent(&mut self, sent: Sent) {
        self.task_ids.extend(sent.task_id.clone());
        self.by_msgid.insert(sent.msgid.clone(), self.sent.len());
        self.sent.push(sent);
    }

    /// Removes a message from every phone.
    pub(crate) fn recall(&mut self, msgid: &str) {
        self.members.values_mut().for_each(|member| member.items.retain(|item| item.msgid != msgid));
    }

    /// Makes `code` a way to update the message once within 72 hours.
    pub(crate) fn add_code(&mut self, code: String, msgid: &str, now: i64) {
        let entry = ResponseCode { msgid: msgid.to_owned(), expires_ms: now + CODE_LIFE_MS, spent: false };
        self.codes.insert(code, entry);
    }

    /// The message that the code is for; 60140 where it is unknown, spent or expired.
    pub(crate) fn message_of_code(&self, code: &str, now: i64) -> Result<String, Errcode> {
        let entry = self.codes.get(code).ok_or(Errcode::RESPONSE_CODE)?;
        let usable = !entry.spent && entry.expires_ms > now;
        if usable { Ok(entry.msgid.clone()) } else { Err(Errcode::RESPONSE_CODE) }
    }

    pub(crate) fn spend_code(&mut self, code: &str) {
        if let Some(entry) = self.codes.get_mut(code) {
            entry.spent = true;
        }
    }

    /// The newest message with that `task_id` on the member's phone.
    pub(crate) fn card_of(&self, userid: &str, task_id: &str) -> Option<&Item> {
        self.member(userid)?.items.iter().rev().find(|item| item.task_id.as_deref() == Some(task_id))
    }

    /// The member's view of a message.
    pub(crate) fn item_mut(&mut self, userid: &str, msgid: &str) -> Option<&mut Item> {
        self.member_mut(userid)?.items.iter_mut().find(|item| item.msgid == msgid)
    }

    /// What was accepted for the member, in order.
    pub(crate) fn accepted_for(&self, userid: &str) -> Vec<AppMessage> {
        let userid = userid.to_lowercase();
        let for_member = self.sent.iter().filter(|sent| sent.recipients.contains(&userid));
        let message = |sent: &Sent| AppMessage {
            at_ms: sent.at_ms,
            msgid: sent.msgid.clone(),
            body: sent.body.clone(),
            task_id: sent.task_id.clone(),
            dropped: sent.dropped.contains(&userid),
        };
        for_member.map(message).collect()
    }
}
