//! `agent/get` and `user/get`.

use serde_json::json;

use super::menu::check_agent;
use crate::api::{Answer, Answered, Request};
use crate::errcode::Errcode;
use crate::world::World;

/// `agent/get`: the app's own record with its visible members.
pub(crate) fn agent(world: &World, request: &Request) -> Answered {
    check_agent(world, request)?;
    let users: Vec<_> = world.app.members().map(|member| json!({"userid": member.userid})).collect();
    Ok(Answer::Json(json!({
        "agentid": world.settings.agent_id,
        "name": "爱嘉",
        "description": "",
        "close": 0,
        "isreportenter": 1,
        "report_location_flag": 0,
        "redirect_domain": "",
        "home_url": "",
        "allow_userinfos": {"user": users},
    })))
}

/// `user/get`: 60111 for an unknown member.
pub(crate) fn user(world: &World, request: &Request) -> Answered {
    let userid = request.query("userid").ok_or(Errcode::USERID_MISSING)?;
    let member = world.app.member(userid).ok_or(Errcode::USER_NOT_FOUND)?;
    Ok(Answer::Json(json!({"userid": member.userid, "name": member.name, "department": [1], "status": 1, "enable": 1})))
}
