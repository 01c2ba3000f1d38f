//! `kf/service_state/get|trans` (wecom 94669) and the codes that a change gives out.

use serde_json::json;

use super::{EventCode, SessionState};
use crate::api::{Answer, Answered, Request};
use crate::body::Fields;
use crate::clock::{HOUR_MS, SECOND_MS};
use crate::errcode::Errcode;
use crate::world::World;

/// What an event code allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// 20 s, text or menu.
    Welcome,
    /// Moved to the pool or taken by a servicer: 48 h, text.
    Moved(SessionState),
    /// The session ended: 20 s, text or menu.
    Ended,
}

/// A fresh code for `send_msg_on_event`.
pub(crate) fn event_code(world: &mut World, open_kfid: &str, customer: &str, scene: Scene) -> String {
    let (life_ms, state, takes_menu) = match scene {
        Scene::Welcome => (20 * SECOND_MS, None, true),
        Scene::Moved(state) => (48 * HOUR_MS, Some(state), false),
        Scene::Ended => (20 * SECOND_MS, Some(SessionState::Ended), true),
    };
    let name = world.id("CODE");
    let expires_ms = world.now() + life_ms;
    let (open_kfid, external_userid) = (open_kfid.to_owned(), customer.to_owned());
    let code = EventCode { open_kfid, external_userid, expires_ms, used: false, state, takes_menu };
    world.kf.event_codes.insert(name.clone(), code);
    name
}

/// The account and the customer that a body names.
fn who<'a>(world: &mut World, body: &Fields<'a>) -> Result<(&'a str, &'a str), Errcode> {
    let open_kfid = body.text("open_kfid")?;
    world.kf.account(open_kfid)?;
    let customer = body.required("external_userid", Errcode::PARAMETER)?;
    let known = world.kf.customers.contains_key(customer);
    if known { Ok((open_kfid.unwrap_or_default(), customer)) } else { Err(Errcode::EXTERNAL_USER) }
}

/// `kf/service_state/get`.
pub(crate) fn get(world: &mut World, request: &Request) -> Answered {
    let body = Fields::new(&request.body, &["open_kfid", "external_userid"])?;
    let (open_kfid, customer) = who(world, &body)?;
    let now = world.now();
    let session = world.kf.session(open_kfid, customer).ok_or(Errcode::KF_NO_CONSULT)?;
    let mut answer = json!({"service_state": session.state(now).number()});
    if let (SessionState::Human, Some(servicer)) = (session.state(now), &session.servicer) {
        answer["servicer_userid"] = servicer.as_str().into();
    }
    Ok(Answer::Json(answer))
}

/// `kf/service_state/trans`.
pub(crate) fn trans(world: &mut World, request: &Request) -> Answered {
    let body = Fields::new(&request.body, &["open_kfid", "external_userid", "service_state", "servicer_userid"])?;
    let (open_kfid, customer) = who(world, &body)?;
    let number = body.int("service_state")?.ok_or(Errcode::PARAMETER)?;
    let target = SessionState::from_number(number).ok_or(Errcode::PARAMETER)?;
    let now = world.now();
    let session = world.kf.session(open_kfid, customer).ok_or(Errcode::KF_NO_CONSULT)?;
    let (from, holder) = (session.state(now), session.servicer.clone());
    let servicer = match target {
        SessionState::Human => Some(body.required("servicer_userid", Errcode::PARAMETER)?),
        _ => None,
    };
    allowed(from, target, world.settings.switches.new_to_assistant)?;
    let servicer = servicer.map(|userid| receiving(world, open_kfid, userid)).transpose()?;
    if from == SessionState::Human && servicer.is_some() && servicer == holder {
        return Err(Errcode::KF_TRANSITION);
    }
    move_to(world, open_kfid, customer, target, servicer);
    Ok(Answer::Json(match scene_of(target) {
        Some(scene) => json!({"msg_code": event_code(world, open_kfid, customer, scene)}),
        None => json!({}),
    }))
}

/// The table of wecom 94669; `new_to_assistant` is the open point 0 → 1.
pub(crate) fn allowed(from: SessionState, to: SessionState, new_to_assistant: bool) -> Result<(), Errcode> {
    use SessionState::{Assistant, Ended, Human, New, Pool};
    match (from, to) {
        (New, Assistant) if new_to_assistant => Ok(()),
        (New | Assistant, Pool | Human) | (Pool, Human) | (Human, Human | Ended) => Ok(()),
        (Ended, _) => Err(Errcode::KF_ENDED),
        _ => Err(Errcode::KF_TRANSITION),
    }
}

pub(crate) fn scene_of(target: SessionState) -> Option<Scene> {
    match target {
        SessionState::Pool | SessionState::Human => Some(Scene::Moved(target)),
        SessionState::Ended => Some(Scene::Ended),
        SessionState::New | SessionState::Assistant => None,
    }
}

/// The servicer as the account writes the id: 95014 none of its servicers, 95019 not receiving.
fn receiving(world: &mut World, open_kfid: &str, userid: &str) -> Result<String, Errcode> {
    let account = world.kf.account(Some(open_kfid))?;
    let servicer = account.servicers.get(&userid.to_lowercase()).ok_or(Errcode::KF_NOT_SERVICER)?;
    if servicer.receiving { Ok(servicer.userid.clone()) } else { Err(Errcode::KF_SERVICER_STOPPED) }
}

/// Changes the session, whatever it was.
pub(crate) fn move_to(
    world: &mut World,
    open_kfid: &str,
    customer: &str,
    state: SessionState,
    servicer: Option<String>,
) {
    if let Some(session) = world.kf.session_mut(open_kfid, customer) {
        session.state = state;
        session.servicer = servicer;
    }
}
