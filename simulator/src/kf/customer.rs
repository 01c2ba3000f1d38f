//! What customers and servicers do with their phones.

use serde_json::{Value, json};

use super::message::TEXT_BYTES;
use super::state::{Scene, event_code, move_to, scene_of};
use super::{ChatLine, Session, SessionState, Speaker, WINDOW_MS, queue, queue_event};
use crate::body::cut_bytes;
use crate::clock::SECOND_MS;
use crate::impossible::Impossible;
use crate::media::{self, MediaKind};
use crate::world::World;

/// What somebody writes.
pub(crate) enum Said<'a> {
    Text(&'a str),
    Medium { kind: MediaKind, filename: &'a str, bytes: Vec<u8> },
}

/// Checks that both exist.
fn both(world: &World, open_kfid: &str, customer: &str) -> Result<(), Impossible> {
    if !world.kf.accounts.contains_key(open_kfid) {
        return Err(Impossible::Account(open_kfid.to_owned()));
    }
    let known = world.kf.customers.contains_key(customer);
    if known { Ok(()) } else { Err(Impossible::Customer(customer.to_owned())) }
}

/// A customer writes: the session opens or goes on, the window and the quota start anew.
pub(crate) fn says(world: &mut World, open_kfid: &str, customer: &str, said: Said<'_>) -> Result<String, Impossible> {
    both(world, open_kfid, customer)?;
    open_window(world, open_kfid, customer);
    let msgid = world.id("cm");
    let line = line(world, open_kfid, &msgid, Speaker::Customer, said);
    let mut item = item_of(&line, customer, 3);
    item["msgid"] = msgid.as_str().into();
    queue(world, open_kfid, item);
    world.kf.show_line(customer, line);
    Ok(msgid)
}

fn open_window(world: &mut World, open_kfid: &str, customer: &str) {
    let now = world.now();
    let people = world.kf.accounts.get(open_kfid).filter(|account| account.routes_to_people);
    let first = people.and_then(|account| account.servicers.values().find(|servicer| servicer.receiving));
    let servicer = first.map(|servicer| servicer.userid.clone());
    let start = if servicer.is_some() { SessionState::Human } else { SessionState::New };
    let key = (open_kfid.to_owned(), customer.to_owned());
    let session = world.kf.sessions.entry(key).or_insert_with(empty_session);
    if session.state(now) == SessionState::Ended {
        session.state = start;
        session.servicer = servicer;
    }
    session.last_customer_ms = Some(now);
    session.sent = 0;
}

fn empty_session() -> Session {
    Session { state: SessionState::Ended, servicer: None, last_customer_ms: None, last_shop_ms: None, sent: 0 }
}

/// The line that the phone shows. What is too big to be sent arrives as a hint in words (wecom 94670).
fn line(world: &mut World, open_kfid: &str, msgid: &str, from: Speaker, said: Said<'_>) -> ChatLine {
    let (kind, text, media_id) = match said {
        Said::Text(text) => ("text", cut_bytes(text, TEXT_BYTES).to_owned(), None),
        Said::Medium { kind, bytes, .. } if bytes.len() > kind.largest_received() => {
            ("text", format!("[{} > {} B]", kind.name(), kind.largest_received()), None)
        }
        Said::Medium { kind, filename, bytes } => {
            (kind.name(), filename.to_owned(), Some(media::store(world, kind, filename, bytes)))
        }
    };
    let (at_ms, msgid, open_kfid) = (world.now(), msgid.to_owned(), open_kfid.to_owned());
    ChatLine { from, text, kind, at_ms, msgid, open_kfid, media_id, recalled: false, failed: false }
}

/// The `sync_msg` item of a line, without its id.
fn item_of(line: &ChatLine, customer: &str, origin: i64) -> Value {
    let content = match &line.media_id {
        Some(id) => json!({"media_id": id}),
        None => json!({"content": line.text}),
    };
    let mut item = json!({"open_kfid": line.open_kfid, "external_userid": customer, "send_time": line.at_ms / SECOND_MS,
        "origin": origin, "msgtype": line.kind});
    item[line.kind] = content;
    item
}

/// A customer takes a message back; gives the account whose doorbell rings.
pub(crate) fn recalls(world: &mut World, msgid: &str) -> Result<String, Impossible> {
    let unknown = || Impossible::Message(msgid.to_owned());
    let (customer, line) = world.kf.line_mut(msgid).ok_or_else(unknown)?;
    if line.from != Speaker::Customer || line.recalled {
        return Err(unknown());
    }
    line.recalled = true;
    let open_kfid = line.open_kfid.clone();
    queue_event(world, &open_kfid, Some(&customer), "user_recall_msg", json!({"recall_msgid": msgid}));
    Ok(open_kfid)
}

/// A customer opens the chat. A welcome code comes only if the shop wrote nothing within 48 hours.
pub(crate) fn enters(world: &mut World, open_kfid: &str, customer: &str) -> Result<Option<String>, Impossible> {
    both(world, open_kfid, customer)?;
    let now = world.now();
    let key = (open_kfid.to_owned(), customer.to_owned());
    let session = world.kf.sessions.entry(key).or_insert_with(empty_session);
    let silent = session.last_shop_ms.is_none_or(|at| now - at > WINDOW_MS);
    let code = silent.then(|| event_code(world, open_kfid, customer, Scene::Welcome));
    let mut event = json!({"scene": "shop", "scene_param": ""});
    if let Some(code) = &code {
        event["welcome_code"] = code.as_str().into();
    }
    queue_event(world, open_kfid, Some(customer), "enter_session", event);
    Ok(code)
}

/// The servicer as the account writes the id.
fn servicer(world: &World, open_kfid: &str, userid: &str) -> Result<String, Impossible> {
    let account = world.kf.accounts.get(open_kfid).ok_or_else(|| Impossible::Account(open_kfid.to_owned()))?;
    let servicer = account.servicers.get(&userid.to_lowercase());
    servicer.map(|servicer| servicer.userid.clone()).ok_or_else(|| Impossible::Servicer(userid.to_owned()))
}

/// A servicer types in the WeCom client: origin 5, and the session is theirs.
pub(crate) fn servicer_types(
    world: &mut World,
    (open_kfid, customer): (&str, &str),
    userid: &str,
    text: &str,
) -> Result<String, Impossible> {
    both(world, open_kfid, customer)?;
    let userid = servicer(world, open_kfid, userid)?;
    let session = world.kf.session(open_kfid, customer).ok_or_else(|| Impossible::Session(customer.to_owned()))?;
    let (state, holder) = (session.state(world.now()), session.servicer.clone());
    if state != SessionState::Human || holder.as_ref() != Some(&userid) {
        let change = match state {
            SessionState::Ended => 4,
            SessionState::Human => 2,
            _ => 1,
        };
        take(world, open_kfid, customer, &userid, change, holder);
    }
    let msgid = world.id("sv");
    let line = line(world, open_kfid, &msgid, Speaker::Servicer, Said::Text(text));
    let mut item = item_of(&line, customer, 5);
    item["msgid"] = msgid.as_str().into();
    item["servicer_userid"] = userid.into();
    queue(world, open_kfid, item);
    world.kf.show_line(customer, line);
    Ok(msgid)
}

fn take(world: &mut World, open_kfid: &str, customer: &str, userid: &str, change: i64, old: Option<String>) {
    move_to(world, open_kfid, customer, SessionState::Human, Some(userid.to_owned()));
    let mut event = json!({"change_type": change, "new_servicer_userid": userid});
    if let Some(old) = old {
        event["old_servicer_userid"] = old.into();
    }
    if change == 1 {
        event["msg_code"] = event_code(world, open_kfid, customer, Scene::Moved(SessionState::Human)).into();
    }
    queue_event(world, open_kfid, Some(customer), "session_status_change", event);
}

/// A servicer ends the session.
pub(crate) fn ends(world: &mut World, open_kfid: &str, customer: &str) -> Result<(), Impossible> {
    both(world, open_kfid, customer)?;
    let session = world.kf.session(open_kfid, customer).ok_or_else(|| Impossible::Session(customer.to_owned()))?;
    let old = session.servicer.clone().unwrap_or_default();
    move_to(world, open_kfid, customer, SessionState::Ended, None);
    let code = scene_of(SessionState::Ended).map(|scene| event_code(world, open_kfid, customer, scene));
    let event = json!({"change_type": 3, "old_servicer_userid": old, "msg_code": code});
    queue_event(world, open_kfid, Some(customer), "session_status_change", event);
    Ok(())
}

/// A message of the shop does not arrive after all.
pub(crate) fn send_fails(world: &mut World, msgid: &str, fail_type: i64) -> Result<String, Impossible> {
    let unknown = || Impossible::Message(msgid.to_owned());
    let (customer, line) = world.kf.line_mut(msgid).ok_or_else(unknown)?;
    if line.from != Speaker::Shop {
        return Err(unknown());
    }
    line.failed = true;
    let open_kfid = line.open_kfid.clone();
    let event = json!({"fail_msgid": msgid, "fail_type": fail_type});
    queue_event(world, &open_kfid, Some(&customer), "msg_send_fail", event);
    Ok(open_kfid)
}

/// Adds a servicer, or changes whether they receive; the latter is an event.
pub(crate) fn set_servicer(
    world: &mut World,
    open_kfid: &str,
    userid: &str,
    receiving: bool,
) -> Result<(), Impossible> {
    let account = world.kf.accounts.get_mut(open_kfid).ok_or_else(|| Impossible::Account(open_kfid.to_owned()))?;
    let entry = super::Servicer { userid: userid.to_owned(), receiving };
    let before = account.servicers.insert(userid.to_lowercase(), entry);
    if before.is_some_and(|before| before.receiving != receiving) {
        let event = json!({"servicer_userid": userid, "status": if receiving { 1 } else { 2 }});
        queue_event(world, open_kfid, None, "servicer_status_change", event);
    }
    Ok(())
}

/// Whether the account gives new sessions to its receiving servicers instead of the API.
pub(crate) fn route_to_people(world: &mut World, open_kfid: &str, on: bool) -> Result<(), Impossible> {
    let account = world.kf.accounts.get_mut(open_kfid).ok_or_else(|| Impossible::Account(open_kfid.to_owned()))?;
    account.routes_to_people = on;
    Ok(())
}
