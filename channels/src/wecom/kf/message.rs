//! One item of `sync_msg`, read leniently (wecom 94670).

use crate::wecom::json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One thing that happened in an account. Stored as JSON, so names and shapes are part of the stored format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KfMessage {
    /// The platform's id; if it gave none, `raw:` and the hex SHA-256 of the raw JSON, so that it can be deduplicated.
    pub msgid: String,
    /// The account.
    pub open_kfid: String,
    /// The customer; absent on events that concern none.
    pub external_userid: Option<String>,
    /// Unix seconds; 0 if the platform gave none.
    pub send_time: i64,
    /// Who caused it.
    pub origin: Origin,
    /// The servicer who typed it, for [`Origin::Servicer`].
    pub servicer_userid: Option<String>,
    /// What it is.
    pub body: KfBody,
    /// The item exactly as it came.
    pub raw: Value,
}

/// Who caused an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// 3: the customer.
    Customer,
    /// 4: the system.
    System,
    /// 5: a person typing in the WeCom client: the bot must be silent.
    Servicer,
    /// A number this version does not know; 0 if there was none.
    Other(i64),
}

/// The body of an item. Media ids live three days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KfBody {
    /// Text.
    Text {
        /// As written.
        content: String,
        /// Set if the customer tapped an entry of a menu message.
        menu_id: Option<String>,
    },
    /// A picture.
    Image {
        /// For [`super::Kf::media`].
        media_id: String,
    },
    /// A voice message, AMR.
    Voice {
        /// For [`super::Kf::media`].
        media_id: String,
    },
    /// A video.
    Video {
        /// For [`super::Kf::media`].
        media_id: String,
    },
    /// A file.
    File {
        /// For [`super::Kf::media`].
        media_id: String,
    },
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// Its name.
        name: Option<String>,
        /// Its address.
        address: Option<String>,
    },
    /// A shared link.
    Link {
        /// Where it leads.
        url: String,
        /// Its title.
        title: Option<String>,
        /// Its description.
        desc: Option<String>,
    },
    /// A member's card.
    BusinessCard {
        /// Whose.
        userid: String,
    },
    /// A mini program, often an order or a product.
    Miniprogram {
        /// Its title.
        title: Option<String>,
        /// Its app id.
        appid: Option<String>,
        /// The page in it.
        pagepath: Option<String>,
    },
    /// Something that happened.
    Event(KfEvent),
    /// A type this version does not read, or one that lacks what it needs; see [`KfMessage::raw`].
    Other {
        /// The platform's name of it.
        msgtype: String,
    },
}

/// Something that happened in a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KfEvent {
    /// A customer opened the conversation.
    EnterSession {
        /// Scene of the entry link.
        scene: Option<String>,
        /// What was appended to the entry link.
        scene_param: Option<String>,
        /// For one welcome within 20 s.
        welcome_code: Option<String>,
    },
    /// A message of ours that was accepted was not delivered.
    SendFailed {
        /// Its `msgid`.
        fail_msgid: String,
        /// 4 more than 48 h, 5 session closed, 6 more than five messages, 10 the customer refuses, others see 94670.
        fail_type: i64,
    },
    /// A servicer started or stopped receiving.
    ServicerStatus {
        /// Who.
        servicer_userid: String,
        /// 1 receiving, 2 stopped.
        status: i64,
    },
    /// Somebody else answers now.
    SessionStatus {
        /// 1 taken from the pool, 2 transferred, 3 ended, 4 an ended session was entered again.
        change_type: i64,
        /// Who answered before.
        old_servicer: Option<String>,
        /// Who answers now.
        new_servicer: Option<String>,
        /// For one [`super::Kf::send_on_event`].
        msg_code: Option<String>,
    },
    /// The customer took a message back: its content must go from prompts and drafts.
    CustomerRecalled {
        /// Which.
        recall_msgid: String,
    },
    /// A servicer took a message back.
    ServicerRecalled {
        /// Which.
        recall_msgid: String,
    },
    /// An event this version does not read; see [`KfMessage::raw`].
    Other {
        /// The platform's name of it.
        event_type: String,
    },
}

impl KfMessage {
    /// Reads one item of `msg_list` of the account `open_kfid`; never fails.
    pub fn read(raw: &Value, open_kfid: &str) -> KfMessage {
        let msgtype = json::text(raw, "msgtype").unwrap_or_default();
        // Events name account and customer inside `event` only.
        let named = |name: &str| json::text(raw, name).or_else(|| json::text(raw.get("event")?, name));
        KfMessage {
            msgid: json::text(raw, "msgid").unwrap_or_else(|| format!("raw:{}", digest(raw))),
            open_kfid: named("open_kfid").unwrap_or_else(|| open_kfid.to_owned()),
            external_userid: named("external_userid"),
            send_time: json::int(raw, "send_time").unwrap_or(0),
            origin: origin(json::int(raw, "origin").unwrap_or(0)),
            servicer_userid: json::text(raw, "servicer_userid"),
            body: raw.get(&msgtype).and_then(|inner| body(&msgtype, inner)).unwrap_or(KfBody::Other { msgtype }),
            raw: raw.clone(),
        }
    }
}

fn origin(code: i64) -> Origin {
    match code {
        3 => Origin::Customer,
        4 => Origin::System,
        5 => Origin::Servicer,
        other => Origin::Other(other),
    }
}

/// `None` if the type is unknown or lacks what it needs.
fn body(msgtype: &str, inner: &Value) -> Option<KfBody> {
    let text = |name: &str| json::text(inner, name);
    let media_id = || text("media_id");
    Some(match msgtype {
        "text" => KfBody::Text { content: inner.get("content")?.as_str()?.to_owned(), menu_id: text("menu_id") },
        "image" => KfBody::Image { media_id: media_id()? },
        "voice" => KfBody::Voice { media_id: media_id()? },
        "video" => KfBody::Video { media_id: media_id()? },
        "file" => KfBody::File { media_id: media_id()? },
        "location" => KfBody::Location {
            latitude: json::float(inner, "latitude")?,
            longitude: json::float(inner, "longitude")?,
            name: text("name"),
            address: text("address"),
        },
        "link" => KfBody::Link { url: text("url")?, title: text("title"), desc: text("desc") },
        "business_card" => KfBody::BusinessCard { userid: text("userid")? },
        "miniprogram" => KfBody::Miniprogram { title: text("title"), appid: text("appid"), pagepath: text("pagepath") },
        "event" => KfBody::Event(event(inner)),
        _ => return None,
    })
}

fn event(inner: &Value) -> KfEvent {
    let event_type = json::text(inner, "event_type").unwrap_or_default();
    known_event(&event_type, inner).unwrap_or(KfEvent::Other { event_type })
}

fn known_event(event_type: &str, inner: &Value) -> Option<KfEvent> {
    let text = |name: &str| json::text(inner, name);
    let int = |name: &str| json::int(inner, name);
    Some(match event_type {
        "enter_session" => KfEvent::EnterSession {
            scene: text("scene"),
            scene_param: text("scene_param"),
            welcome_code: text("welcome_code"),
        },
        "msg_send_fail" => {
            KfEvent::SendFailed { fail_msgid: text("fail_msgid")?, fail_type: int("fail_type").unwrap_or(0) }
        }
        "servicer_status_change" => {
            KfEvent::ServicerStatus { servicer_userid: text("servicer_userid")?, status: int("status")? }
        }
        "session_status_change" => KfEvent::SessionStatus {
            change_type: int("change_type")?,
            old_servicer: text("old_servicer_userid"),
            new_servicer: text("new_servicer_userid"),
            msg_code: text("msg_code"),
        },
        "user_recall_msg" => KfEvent::CustomerRecalled { recall_msgid: text("recall_msgid")? },
        "servicer_recall_msg" => KfEvent::ServicerRecalled { recall_msgid: text("recall_msgid")? },
        _ => return None,
    })
}

fn digest(raw: &Value) -> String {
    hex::encode(Sha256::digest(raw.to_string().as_bytes()))
}
