//! The state of both phones as one JSON value, for the demo's page.

use serde_json::{Value, json};

use crate::app::{Item, Member};
use crate::kf::ChatLine;
use crate::simulator::Simulator;
use crate::world::World;

impl Simulator {
    /// What the phones show:
    /// `{now_ms, customers:[{app, id, name, account, account_name, lines, session_state, quota_left}],
    /// members:[{userid, name, role_hint, items}], accounts:[{open_kfid, name}], menu:[…]}`.
    ///
    /// A line is `{msgid, from, kind, text, at_ms, recalled, media}`, an item
    /// `{id, msgid, at_ms, kind, text, card, task_id, tapped, disabled, caption, media}`; `media` is null or
    /// `{id, kind, filename}`, `card` the template card as displayed, `caption` what stands in place of grey buttons,
    /// `menu` the buttons as `menu/create` got them. Times are in milliseconds.
    pub fn state_for_phone(&self) -> Value {
        let world = self.world();
        let accounts = world.kf.accounts.iter().map(|(id, account)| json!({"open_kfid": id, "name": account.name}));
        let menu = world.app.menu.as_ref().and_then(|menu| menu.get("button")).cloned();
        json!({
            "now_ms": world.now(),
            "customers": conversations(&world),
            "members": world.app.members().map(|member| shown_member(&world, member)).collect::<Vec<_>>(),
            "accounts": accounts.collect::<Vec<_>>(),
            "menu": menu.unwrap_or_else(|| json!([])),
        })
    }
}

/// One entry per customer and account they wrote to; somebody who wrote to none stands at the first account.
fn conversations(world: &World) -> Vec<Value> {
    let mut list = Vec::new();
    for customer in world.kf.customers.keys() {
        let sessions = world.kf.sessions.keys().filter(|(_, who)| who == customer);
        let mut accounts: Vec<&String> = sessions.map(|(account, _)| account).collect();
        if accounts.is_empty() {
            accounts.extend(world.kf.accounts.keys().next());
        }
        list.extend(accounts.into_iter().filter_map(|account| conversation(world, account, customer)));
    }
    list
}

fn conversation(world: &World, open_kfid: &str, customer: &str) -> Option<Value> {
    let person = world.kf.customers.get(customer)?;
    let session = world.kf.session(open_kfid, customer);
    let now = world.now();
    let visible = person.lines.iter().filter(|line| line.open_kfid == open_kfid && !line.failed);
    Some(json!({
        "app": "wechat",
        "id": customer,
        "name": person.nickname,
        "account": open_kfid,
        "account_name": world.kf.accounts.get(open_kfid).map(|account| &account.name),
        "session_state": session.map(|session| session.state(now).number()),
        "quota_left": session.map(|session| session.quota_left(now)),
        "lines": visible.map(|line| shown_line(world, line)).collect::<Vec<_>>(),
    }))
}

fn shown_line(world: &World, line: &ChatLine) -> Value {
    json!({
        "msgid": line.msgid,
        "from": line.from.name(),
        "kind": line.kind,
        "text": if line.recalled { "" } else { &line.text },
        "at_ms": line.at_ms,
        "recalled": line.recalled,
        "media": medium(world, line.media_id.as_deref().filter(|_| !line.recalled)),
    })
}

fn medium(world: &World, id: Option<&str>) -> Value {
    let found = id.and_then(|id| world.media.get(id).map(|medium| (id, medium)));
    found.map_or(Value::Null, |(id, medium)| json!({"id": id, "kind": medium.kind.name(), "filename": medium.filename}))
}

fn shown_member(world: &World, member: &Member) -> Value {
    let items: Vec<Value> = member.items.iter().map(|item| shown_item(world, item)).collect();
    json!({"userid": member.userid, "name": member.name, "role_hint": member.role_hint, "items": items})
}

fn shown_item(world: &World, item: &Item) -> Value {
    json!({
        "id": item.id,
        "msgid": item.msgid,
        "at_ms": item.at_ms,
        "kind": item.kind.name(),
        "text": item.text,
        "card": item.card,
        "task_id": item.task_id,
        "tapped": item.tapped,
        "disabled": item.disabled(),
        "caption": item.caption,
        "media": medium(world, item.media_id.as_deref()),
    })
}
