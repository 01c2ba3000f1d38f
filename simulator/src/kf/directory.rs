//! `kf/account/list`, `kf/servicer/list`, `kf/customer/batchget` (wecom 94661, 94645, 95159).

use serde_json::{Value, json};

use super::SessionState;
use crate::api::{Answer, Answered, Request};
use crate::body::Fields;
use crate::errcode::Errcode;
use crate::world::World;

/// `kf/account/list`, by page.
pub(crate) fn accounts(world: &World, request: &Request) -> Answered {
    let empty = json!({});
    let body = if request.body.is_null() { &empty } else { &request.body };
    let body = Fields::new(body, &["offset", "limit"])?;
    let page = |key, range, default| body.int_in(key, range, default).map(|n| usize::try_from(n).unwrap_or(0));
    let (offset, limit) = (page("offset", 0..=i64::from(u32::MAX), 0)?, page("limit", 1..=100, 100)?);
    let account = |(id, account): (&String, &super::Account)| json!({"open_kfid": id, "name": account.name, "avatar": "", "manage_privilege": true});
    let list: Vec<Value> = world.kf.accounts.iter().skip(offset).take(limit).map(account).collect();
    Ok(Answer::Json(json!({"account_list": list})))
}

/// `kf/servicer/list`: here 0 is receiving and 1 stopped, unlike the event's 1 and 2.
pub(crate) fn servicers(world: &mut World, request: &Request) -> Answered {
    let account = world.kf.account(request.query("open_kfid"))?;
    let entry =
        |servicer: &super::Servicer| json!({"userid": servicer.userid, "status": i32::from(!servicer.receiving)});
    let list: Vec<Value> = account.servicers.values().map(entry).collect();
    Ok(Answer::Json(json!({"servicer_list": list})))
}

/// `kf/customer/batchget`: only customers who were active within 48 hours.
pub(crate) fn customers(world: &World, request: &Request) -> Answered {
    let body = Fields::new(&request.body, &["external_userid_list", "need_enter_session_context"])?;
    body.int_in("need_enter_session_context", 0..=1, 0)?;
    let ids = body.texts("external_userid_list")?;
    if !(1..=100).contains(&ids.len()) {
        return Err(Errcode::PARAMETER);
    }
    let (mut list, mut invalid) = (Vec::new(), Vec::new());
    for id in ids {
        match world.kf.customers.get(id).filter(|_| active(world, id)) {
            Some(customer) => list.push(json!({
                "external_userid": id, "nickname": customer.nickname, "avatar": "", "gender": 0,
            })),
            None => invalid.push(id),
        }
    }
    Ok(Answer::Json(json!({"customer_list": list, "invalid_external_userid": invalid})))
}

fn active(world: &World, id: &str) -> bool {
    let now = world.now();
    world.kf.sessions.iter().any(|((_, customer), session)| customer == id && session.window_open(now))
}

/// The state as the phones show it.
pub(crate) fn state_of(world: &World, open_kfid: &str, customer: &str) -> Option<SessionState> {
    world.kf.session(open_kfid, customer).map(|session| session.state(world.now()))
}
