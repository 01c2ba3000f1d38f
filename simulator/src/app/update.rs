//! `message/update_template_card` (wecom 94888): one `response_code`, once, for the members named.

use serde_json::{Value, json};

use super::send::{check_agent, check_attachments, has_buttons, split_members, updatable};
use crate::api::{Answer, Answered, Request};
use crate::body::Fields;
use crate::card::{self, Purpose};
use crate::errcode::Errcode;
use crate::world::World;

const FIELDS: [&str; 9] = [
    "userids",
    "partyids",
    "tagids",
    "atall",
    "agentid",
    "response_code",
    "button",
    "enable_id_trans",
    "template_card",
];

/// What the card becomes.
pub(crate) enum Change {
    /// The buttons are greyed out with a caption.
    Close(String),
    /// Another card in its place.
    Card(Value),
}

/// `message/update_template_card`.
pub(crate) fn update(world: &mut World, request: &Request) -> Answered {
    let body = Fields::new(&request.body, &FIELDS)?;
    check_agent(world, &body)?;
    let code = body.required("response_code", Errcode::RESPONSE_CODE)?;
    let msgid = world.app.message_of_code(code, world.now())?;
    let outcome = checked(world, &body, &msgid);
    if outcome.is_ok() || world.settings.switches.refused_update_spends_code {
        world.app.spend_code(code);
    }
    let (users, invalid, change) = outcome?;
    for userid in &users {
        apply(world, userid, &msgid, &change);
    }
    let mut answer = json!({});
    if !(invalid.is_empty() && world.settings.switches.empty_lists_absent) {
        answer["invaliduser"] = json!(invalid);
    }
    Ok(Answer::Json(answer))
}

/// The members whose card changes, the names that are none, and the change.
type Checked = (Vec<String>, Vec<String>, Change);

fn checked(world: &World, body: &Fields<'_>, msgid: &str) -> Result<Checked, Errcode> {
    body.int_in("enable_id_trans", 0..=1, 0)?;
    let change = change(world, body, msgid)?;
    let (users, invalid) = audience(world, body, msgid)?;
    Ok((users, invalid, change))
}

fn change(world: &World, body: &Fields<'_>, msgid: &str) -> Result<Change, Errcode> {
    let sent = world.app.sent(msgid).ok_or(Errcode::RESPONSE_CODE)?;
    let button = body.object("button", &["replace_name"])?;
    match (button, body.get("template_card")) {
        (Some(button), None) if has_buttons(sent) => {
            Ok(Change::Close(button.required("replace_name", Errcode::BUTTON_TEXT)?.to_owned()))
        }
        (None, Some(card)) if updatable(sent) => {
            card::validate(card, Purpose::Update)?;
            check_attachments(world, card)?;
            Ok(Change::Card(card.clone()))
        }
        _ => Err(Errcode::PARAMETER),
    }
}

fn audience(world: &World, body: &Fields<'_>, msgid: &str) -> Result<(Vec<String>, Vec<String>), Errcode> {
    let names = body.texts("userids")?;
    let elsewhere = !body.list("partyids")?.is_empty() || !body.list("tagids")?.is_empty();
    let all = body.int_in("atall", 0..=1, 0)? == 1;
    if names.len() > 1_000 {
        return Err(Errcode::MANY_USERS);
    }
    let recipients = world.app.sent(msgid).map(|sent| sent.recipients.clone()).unwrap_or_default();
    if all {
        return Ok((recipients, Vec::new()));
    }
    if names.is_empty() {
        return Err(if elsewhere { Errcode::ALL_INVALID } else { Errcode::NO_RECIPIENT });
    }
    let (members, mut invalid) = split_members(world, &names);
    // Somebody who never got the card has none to change.
    let got_it = |userid: &String| recipients.contains(&userid.to_lowercase());
    let (valid, strangers): (Vec<String>, Vec<String>) = members.into_iter().partition(got_it);
    invalid.extend(strangers.iter().map(|userid| userid.to_lowercase()));
    Ok((valid, invalid))
}

/// Changes one member's card; a card that was dropped on its way is not there to change.
pub(crate) fn apply(world: &mut World, userid: &str, msgid: &str, change: &Change) {
    let Some(item) = world.app.item_mut(userid, msgid) else { return };
    match change {
        Change::Close(caption) => item.close(caption),
        Change::Card(card) => item.show_card(card),
    }
}
