//! What a decrypted callback says (wecom 90239 messages, 90240 events, 94670 the doorbell of 微信客服).

use crate::wecom::xml::Element;
use serde::{Deserialize, Serialize};

/// One thing that happened in the app. Stored as JSON, so names and shapes are part of the stored format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Incoming {
    /// A member wrote to the app.
    Message(MemberMessage),
    /// A member pressed a button of a card (`template_card_event`).
    CardTap(CardTap),
    /// A member chose an entry of a card's `…` menu (`template_card_menu_event`); `selected` is always empty.
    CardMenu(CardTap),
    /// A member chose an entry of the app's menu (`click`).
    MenuClick {
        /// Who.
        userid: String,
        /// `key` of the menu entry.
        key: String,
        /// `CreateTime`, Unix seconds.
        at_secs: i64,
    },
    /// A member opened the app (`enter_agent`).
    Entered {
        /// Who.
        userid: String,
    },
    /// Something is new in a 微信客服 account: call `kf/sync_msg` now (`kf_msg_or_event`). It carries no message.
    Doorbell {
        /// The account.
        open_kfid: String,
        /// Passed to `sync_msg`; lives ten minutes. Without one the pull is throttled strictly.
        token: Option<String>,
    },
    /// 微信客服 accounts were granted to the app or taken from it (`kf_account_auth_change`).
    KfAccounts(KfAccounts),
    /// Anything else, known by name only.
    Other {
        /// The event's name, or the message type if it is no event.
        event: String,
        /// The member it names, if it names one.
        userid: Option<String>,
    },
}

/// A member's message to the app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberMessage {
    /// Who wrote, as the platform spells it; compare without case.
    pub userid: String,
    /// `MsgId`: unique together with `userid` only. Empty if the platform gave none.
    pub msg_id: String,
    /// `CreateTime`, Unix seconds.
    pub at_secs: i64,
    /// What was written.
    pub content: MemberContent,
}

/// The body of a member's message. Media ids live three days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberContent {
    /// The text exactly as written.
    Text(String),
    /// A picture.
    Image {
        /// For `media/get`.
        media_id: String,
        /// Where the platform shows it.
        pic_url: Option<String>,
    },
    /// A voice message.
    Voice {
        /// For `media/get`.
        media_id: String,
        /// `amr` unless stated otherwise.
        format: Option<String>,
        /// Recognised text, where the platform supplies it.
        recognition: Option<String>,
    },
    /// A video.
    Video {
        /// For `media/get`.
        media_id: String,
        /// Preview picture.
        thumb_media_id: Option<String>,
    },
    /// A file; not in the official list of what an app receives, read if it comes.
    File {
        /// For `media/get`.
        media_id: String,
        /// Name of the file.
        name: Option<String>,
    },
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// Its address in words.
        label: Option<String>,
    },
    /// A shared link.
    Link {
        /// Where it leads.
        url: String,
        /// Its title.
        title: Option<String>,
        /// Its description.
        description: Option<String>,
    },
    /// A type this version does not read, or one that lacks what it needs; by the platform's name.
    Other(String),
}

/// A press on a card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CardTap {
    /// Who pressed: the only thing authority may be bound to.
    pub userid: String,
    /// `CreateTime`, Unix seconds.
    pub at_secs: i64,
    /// `task_id` of the card.
    pub task_id: String,
    /// `card_type` of the card.
    pub card_type: String,
    /// Key of the button, of the submit button, or of the menu entry.
    pub event_key: String,
    /// Fresh code for one `update_template_card` within 72 h.
    pub response_code: Option<String>,
    /// Question key and chosen option ids, in the card's order.
    pub selected: Vec<(String, Vec<String>)>,
}

/// Change of the accounts the app may serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KfAccounts {
    /// `open_kfid`s granted.
    pub added: Vec<String>,
    /// `open_kfid`s taken away.
    pub removed: Vec<String>,
}

/// Reads the decrypted document. `signed_at` stands in for a missing `CreateTime`.
pub(super) fn read(root: &Element, signed_at: i64) -> Incoming {
    let kind = root.field("MsgType").unwrap_or_default();
    let read = if kind == "event" { event(root, signed_at) } else { message(root, &kind, signed_at) };
    read.unwrap_or_else(|| Incoming::Other {
        event: root.field("Event").unwrap_or(kind),
        userid: root.field("FromUserName"),
    })
}

/// `None` if the event is unknown or lacks what it needs.
fn event(root: &Element, signed_at: i64) -> Option<Incoming> {
    let userid = || root.field("FromUserName");
    let at_secs = root.number("CreateTime").unwrap_or(signed_at);
    Some(match root.field("Event")?.to_ascii_lowercase().as_str() {
        "template_card_event" => Incoming::CardTap(card_tap(root, at_secs)?),
        "template_card_menu_event" => Incoming::CardMenu(card_tap(root, at_secs)?),
        "click" => Incoming::MenuClick { userid: userid()?, key: root.field("EventKey")?, at_secs },
        "enter_agent" => Incoming::Entered { userid: userid()? },
        "kf_msg_or_event" => Incoming::Doorbell { open_kfid: root.field("OpenKfId")?, token: root.field("Token") },
        "kf_account_auth_change" => Incoming::KfAccounts(KfAccounts {
            added: texts(root, "AuthAddOpenKfId"),
            removed: texts(root, "AuthDelOpenKfId"),
        }),
        _ => return None,
    })
}

fn card_tap(root: &Element, at_secs: i64) -> Option<CardTap> {
    Some(CardTap {
        userid: root.field("FromUserName")?,
        at_secs,
        task_id: root.field("TaskId")?,
        card_type: root.field("CardType").unwrap_or_default(),
        event_key: root.field("EventKey")?,
        response_code: root.field("ResponseCode"),
        selected: root.child("SelectedItems").map(selected).unwrap_or_default(),
    })
}

fn selected(items: &Element) -> Vec<(String, Vec<String>)> {
    let one = |item: &Element| {
        let options = item.child("OptionIds").map(|ids| texts(ids, "OptionId")).unwrap_or_default();
        Some((item.field("QuestionKey")?, options))
    };
    items.all("SelectedItem").filter_map(one).collect()
}

/// `None` if the message names nobody.
fn message(root: &Element, kind: &str, signed_at: i64) -> Option<Incoming> {
    Some(Incoming::Message(MemberMessage {
        userid: root.field("FromUserName")?,
        msg_id: root.field("MsgId").unwrap_or_default(),
        at_secs: root.number("CreateTime").unwrap_or(signed_at),
        content: content(root, kind).unwrap_or_else(|| MemberContent::Other(kind.to_owned())),
    }))
}

fn content(root: &Element, kind: &str) -> Option<MemberContent> {
    let media_id = || root.field("MediaId");
    let degrees = |name: &str| root.field(name)?.parse().ok().filter(|d: &f64| d.is_finite());
    Some(match kind {
        "text" => MemberContent::Text(root.child("Content")?.text.clone()),
        "image" => MemberContent::Image { media_id: media_id()?, pic_url: root.field("PicUrl") },
        "voice" => MemberContent::Voice {
            media_id: media_id()?,
            format: root.field("Format"),
            recognition: root.field("Recognition"),
        },
        "video" => MemberContent::Video { media_id: media_id()?, thumb_media_id: root.field("ThumbMediaId") },
        "file" => MemberContent::File { media_id: media_id()?, name: root.field("FileName") },
        "location" => MemberContent::Location {
            latitude: degrees("Location_X")?,
            longitude: degrees("Location_Y")?,
            label: root.field("Label"),
        },
        "link" => MemberContent::Link {
            url: root.field("Url")?,
            title: root.field("Title"),
            description: root.field("Description"),
        },
        _ => return None,
    })
}

fn texts(parent: &Element, name: &str) -> Vec<String> {
    parent.all(name).map(|e| e.text.trim().to_owned()).filter(|t| !t.is_empty()).collect()
}
