//! `kf/send_msg` and `kf/send_msg_on_event` (wecom 94677, 95122): state, window, quota, unique `msgid`s.

use serde_json::json;

use super::message::{PAYLOADS, Shown, read};
use super::{ChatLine, QUOTA, SessionState, Speaker};
use crate::api::{Answer, Answered, Request};
use crate::body::{Fields, is_name};
use crate::errcode::Errcode;
use crate::world::World;

const MSGID_BYTES: usize = 32;

/// `kf/send_msg`.
pub(crate) fn send(world: &mut World, request: &Request) -> Answered {
    let mut known = vec!["touser", "open_kfid", "msgid", "msgtype"];
    known.extend(PAYLOADS);
    let body = Fields::new(&request.body, &known)?;
    let open_kfid = body.text("open_kfid")?;
    world.kf.account(open_kfid)?;
    let open_kfid = open_kfid.unwrap_or_default();
    let customer = body.required("touser", Errcode::PARAMETER)?;
    let msgid = own_msgid(&body)?;
    if !world.kf.customers.contains_key(customer) {
        return Err(Errcode::EXTERNAL_USER);
    }
    let shown = read(world, &body)?;
    let first = world.settings.switches.duplicate_checked_first;
    if first {
        unused(world, open_kfid, msgid)?;
    }
    may_send(world, open_kfid, customer)?;
    if !first {
        unused(world, open_kfid, msgid)?;
    }
    Ok(accept(world, open_kfid, customer, msgid, shown, true))
}

/// The caller's `msgid`, which may be absent but not empty or malformed.
fn own_msgid<'a>(body: &Fields<'a>) -> Result<Option<&'a str>, Errcode> {
    match body.text("msgid")? {
        Some(msgid) if !is_name(msgid, MSGID_BYTES, "_-") => Err(Errcode::PARAMETER),
        msgid => Ok(msgid),
    }
}

fn unused(world: &mut World, open_kfid: &str, msgid: Option<&str>) -> Result<(), Errcode> {
    let duplicate = world.settings.switches.duplicate_msgid;
    let account = world.kf.account(Some(open_kfid))?;
    let used = msgid.is_some_and(|msgid| account.used_msgids.contains(msgid));
    if used { Err(duplicate) } else { Ok(()) }
}

fn may_send(world: &World, open_kfid: &str, customer: &str) -> Result<(), Errcode> {
    let now = world.now();
    let session = world.kf.session(open_kfid, customer).ok_or(Errcode::KF_WINDOW)?;
    if !session.window_open(now) {
        return Err(Errcode::KF_WINDOW);
    }
    match session.state(now) {
        SessionState::New | SessionState::Assistant if session.sent >= QUOTA => Err(Errcode::KF_QUOTA),
        SessionState::New | SessionState::Assistant => Ok(()),
        _ => Err(Errcode::KF_STATE),
    }
}

fn accept(
    world: &mut World,
    open_kfid: &str,
    customer: &str,
    msgid: Option<&str>,
    shown: Shown,
    counts: bool,
) -> Answer {
    let now = world.now();
    let answering = world.settings.switches.answering_moves_to_assistant;
    let msgid = msgid.map_or_else(|| world.id("kfm"), str::to_owned);
    if let Ok(account) = world.kf.account(Some(open_kfid)) {
        account.used_msgids.insert(msgid.clone());
    }
    if let Some(session) = world.kf.session_mut(open_kfid, customer) {
        session.sent += u32::from(counts);
        session.last_shop_ms = Some(now);
        if answering && counts && session.state == SessionState::New {
            session.state = SessionState::Assistant;
        }
    }
    let line = ChatLine {
        from: Speaker::Shop,
        text: shown.text,
        kind: shown.kind,
        at_ms: now,
        msgid: msgid.clone(),
        open_kfid: open_kfid.to_owned(),
        media_id: shown.media_id,
        recalled: false,
        failed: false,
    };
    world.kf.show_line(customer, line);
    Answer::Json(json!({"msgid": msgid}))
}

/// `kf/send_msg_on_event`: a code, once, in time, in the state it was issued for.
pub(crate) fn send_on_event(world: &mut World, request: &Request) -> Answered {
    let body = Fields::new(&request.body, &["code", "msgid", "msgtype", "text", "msgmenu"])?;
    let name = body.required("code", Errcode::KF_TOKEN)?;
    let msgid = own_msgid(&body)?;
    let now = world.now();
    let code = world.kf.event_codes.get(name).filter(|code| !code.used && code.expires_ms > now);
    let code = code.ok_or(Errcode::KF_TOKEN)?;
    let (open_kfid, customer) = (code.open_kfid.clone(), code.external_userid.clone());
    let (state, takes_menu) = (code.state, code.takes_menu);
    let shown = read(world, &body)?;
    if shown.kind == "msgmenu" && !takes_menu {
        return Err(Errcode::MESSAGE_TYPE);
    }
    let session = world.kf.session(&open_kfid, &customer).ok_or(Errcode::KF_WINDOW)?;
    if state.is_some_and(|state| session.state != state) {
        return Err(Errcode::KF_STATE);
    }
    unused(world, &open_kfid, msgid)?;
    if let Some(code) = world.kf.event_codes.get_mut(name) {
        code.used = true;
    }
    let counts = world.settings.switches.event_messages_count;
    Ok(accept(world, &open_kfid, &customer, msgid, shown, counts))
}
