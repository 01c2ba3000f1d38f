//! The members' side: what reviewers see in the app's chat, press and write.

use serde_json::Value;

use crate::app::reply::{Cause, add_item};
use crate::app::{Item, ItemKind, menu};
use crate::body::cut_bytes;
use crate::callbacks::{Delivery, Event, compose};
use crate::impossible::Impossible;
use crate::ledger::CallbackKind;
use crate::media::{self, MediaKind};
use crate::simulator::Simulator;
use crate::world::World;
use crate::xml::Content;

const TEXT_BYTES: usize = 2048;

impl Simulator {
    /// Adds a member to the app's visible range.
    pub fn add_member(&self, userid: &str, name: &str) {
        self.add_member_as(userid, name, "");
    }

    /// Adds a member with a hint for the phone page of what they do, e.g. `reviewer`; the platform ignores it.
    pub fn add_member_as(&self, userid: &str, name: &str, role_hint: &str) {
        self.world().app.add_member(userid, name, role_hint);
    }

    /// Takes a member out of the visible range: sends to them fail, their chat is gone.
    pub fn remove_member(&self, userid: &str) {
        self.world().app.remove_member(userid);
    }

    /// What the member's phone shows in the app's chat, oldest first, cards in their current state.
    pub fn inbox(&self, userid: &str) -> Vec<Item> {
        self.world().app.member(userid).map(|member| member.items.clone()).unwrap_or_default()
    }

    /// The cards on a member's phone whose buttons can be pressed, oldest first.
    pub fn open_cards(&self, userid: &str) -> Vec<Item> {
        let world = self.world();
        let items = world.app.member(userid).map(|member| member.items.as_slice()).unwrap_or_default();
        items.iter().filter(|item| item.card.is_some() && !item.disabled()).cloned().collect()
    }

    /// Presses a card's button. `selected` are pairs of question key and option id; questions not named keep what the
    /// card had preset. The click has a `response_code` of its own.
    ///
    /// # Errors
    /// Where the phone shows no such card, button or option, or the buttons are grey.
    pub async fn tap(
        &self,
        userid: &str,
        task_id: &str,
        button_key: &str,
        selected: &[(&str, &str)],
    ) -> Result<Delivery, Impossible> {
        self.press(userid, task_id, button_key, selected, Freshness::Current).await
    }

    /// Presses a button of a card that the phone has not yet redrawn: allowed also after the card was closed, and for
    /// any key and option that the card was sent with.
    pub async fn tap_late(
        &self,
        userid: &str,
        task_id: &str,
        button_key: &str,
        selected: &[(&str, &str)],
    ) -> Result<Delivery, Impossible> {
        self.press(userid, task_id, button_key, selected, Freshness::Stale).await
    }

    async fn press(
        &self,
        userid: &str,
        task_id: &str,
        key: &str,
        selected: &[(&str, &str)],
        freshness: Freshness,
    ) -> Result<Delivery, Impossible> {
        let event = click(&mut self.world(), userid, task_id, key, selected, freshness)?;
        self.shared.deliver(&event).await
    }

    /// A member writes to the app.
    pub async fn says(&self, userid: &str, text: &str) -> Result<Delivery, Impossible> {
        let event = words(&mut self.world(), userid, text)?;
        self.shared.deliver(&event).await
    }

    /// A member sends the app a picture (wecom 90239: files are not received, pictures are).
    pub async fn sends_picture(&self, userid: &str, bytes: Vec<u8>) -> Result<Delivery, Impossible> {
        let event = picture(&mut self.world(), userid, bytes)?;
        self.shared.deliver(&event).await
    }

    /// A member uses a `click` entry of the app's menu.
    pub async fn clicks_menu(&self, userid: &str, key: &str) -> Result<Delivery, Impossible> {
        let event = {
            let mut world = self.world();
            if !menu::has_key(world.app.menu.as_ref(), key) {
                return Err(Impossible::Button(key.to_owned()));
            }
            simple_event(&mut world, userid, CallbackKind::Click, key)?
        };
        self.shared.deliver(&event).await
    }

    /// A member opens the app's chat.
    pub async fn enters(&self, userid: &str) -> Result<Delivery, Impossible> {
        let event = simple_event(&mut self.world(), userid, CallbackKind::EnterAgent, "")?;
        self.shared.deliver(&event).await
    }

    /// The console's check of the callback URL: a GET whose `echostr` contains a `+`.
    ///
    /// # Errors
    /// Where the bot does not answer exactly the opened text.
    pub async fn verify_callback_url(&self) -> anyhow::Result<()> {
        Ok(self.shared.verify().await?)
    }
}

/// Whether the phone shows the newest state of the card.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Freshness {
    Current,
    Stale,
}

fn text(value: &str) -> Content {
    Content::Text(value.to_owned())
}

fn member_id(world: &World, userid: &str) -> Result<String, Impossible> {
    let member = world.app.member(userid).ok_or_else(|| Impossible::Member(userid.to_owned()))?;
    if world.callback_url.is_none() { Err(Impossible::NoCallback) } else { Ok(member.userid.clone()) }
}

fn event_of(world: &mut World, userid: String, kind: CallbackKind, mut more: Vec<(&'static str, Content)>) -> Event {
    more.push(("AgentID", Content::Number(world.settings.agent_id)));
    let xml = compose(world, Some(&userid), more);
    Event { kind, xml, cause: Some(Cause { userid, msgid: None }) }
}

fn words(world: &mut World, userid: &str, said: &str) -> Result<Event, Impossible> {
    let userid = member_id(world, userid)?;
    let said = cut_bytes(said, TEXT_BYTES);
    add_item(world, &userid, ItemKind::Own, said.to_owned());
    let msgid = message_number(world, &userid);
    let more = vec![("MsgType", text("text")), ("Content", text(said)), ("MsgId", Content::Number(msgid))];
    Ok(event_of(world, userid, CallbackKind::Text, more))
}

fn picture(world: &mut World, userid: &str, bytes: Vec<u8>) -> Result<Event, Impossible> {
    let userid = member_id(world, userid)?;
    add_item(world, &userid, ItemKind::Own, "[图片]".to_owned());
    let msgid = message_number(world, &userid);
    let media_id = media::store(world, MediaKind::Image, "image.png", bytes);
    let more = vec![
        ("MsgType", text("image")),
        ("PicUrl", text("https://p.qpic.example/pic")),
        ("MediaId", text(&media_id)),
        ("MsgId", Content::Number(msgid)),
    ];
    Ok(event_of(world, userid, CallbackKind::Image, more))
}

/// The `MsgId`: unique, or only per member where the switch says that they collide.
fn message_number(world: &mut World, userid: &str) -> i64 {
    let own = || world.app.member(userid).map_or(0, |member| member.items.len());
    let number = if world.settings.switches.msgids_collide { own() as u64 } else { world.number() };
    4_561_255_354_000_000_000_i64.saturating_add_unsigned(number)
}

fn simple_event(world: &mut World, userid: &str, kind: CallbackKind, key: &str) -> Result<Event, Impossible> {
    let userid = member_id(world, userid)?;
    let name = if kind == CallbackKind::Click { "click" } else { "enter_agent" };
    let more = vec![("MsgType", text("event")), ("Event", text(name)), ("EventKey", text(key))];
    Ok(event_of(world, userid, kind, more))
}

fn click(
    world: &mut World,
    userid: &str,
    task_id: &str,
    key: &str,
    selected: &[(&str, &str)],
    freshness: Freshness,
) -> Result<Event, Impossible> {
    let userid = member_id(world, userid)?;
    let item = world.app.card_of(&userid, task_id).ok_or_else(|| Impossible::Card(task_id.to_owned()))?;
    if item.disabled() && freshness == Freshness::Current {
        return Err(Impossible::Closed(task_id.to_owned()));
    }
    let msgid = item.msgid.clone();
    let sent = world.app.sent(&msgid).and_then(|sent| sent.body.get("template_card"));
    let shown = if freshness == Freshness::Stale { sent } else { item.card.as_ref() };
    let card = shown.cloned().ok_or_else(|| Impossible::Card(task_id.to_owned()))?;
    let kind = button_kind(&card, key).ok_or_else(|| Impossible::Button(key.to_owned()))?;
    let choices = choices(&card, selected)?;
    if let Some(item) = world.app.item_mut(&userid, &msgid) {
        item.tapped = true;
    }
    let code = world.rng.hex();
    let now = world.now();
    world.app.add_code(code.clone(), &msgid, now);
    let mut more = card_elements(&card, kind, key, task_id, code);
    if kind == CallbackKind::CardEvent && !choices.is_empty() {
        more.push(("SelectedItems", selected_items(choices)));
    }
    let mut event = event_of(world, userid.clone(), kind, more);
    event.cause = Some(Cause { userid, msgid: Some(msgid) });
    Ok(event)
}

/// A button or a menu entry with that key; `None` where the card has neither.
pub(crate) fn button_kind(card: &Value, key: &str) -> Option<CallbackKind> {
    let list = |pointer: &str| card.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let button = list("/button_list").any(|button| button["key"] == key && button["type"] != 1);
    if button || card.pointer("/submit_button/key").is_some_and(|submit| submit == key) {
        return Some(CallbackKind::CardEvent);
    }
    list("/action_menu/action_list").any(|action| action["key"] == key).then_some(CallbackKind::CardMenuEvent)
}

fn card_elements(
    card: &Value,
    kind: CallbackKind,
    key: &str,
    task_id: &str,
    code: String,
) -> Vec<(&'static str, Content)> {
    let name = if kind == CallbackKind::CardEvent { "template_card_event" } else { "template_card_menu_event" };
    let card_type = card.get("card_type").and_then(Value::as_str).unwrap_or_default();
    vec![
        ("MsgType", text("event")),
        ("Event", text(name)),
        ("EventKey", text(key)),
        ("TaskId", text(task_id)),
        ("CardType", text(card_type)),
        ("ResponseCode", Content::Text(code)),
    ]
}

/// The chosen options of one question.
pub(crate) type Choice = (String, Vec<String>);

pub(crate) fn choices(card: &Value, selected: &[(&str, &str)]) -> Result<Vec<Choice>, Impossible> {
    let lists = card.get("select_list").and_then(Value::as_array).into_iter().flatten();
    let questions: Vec<&Value> =
        card.get("button_selection").into_iter().chain(lists).chain(card.get("checkbox")).collect();
    let answered = |(question, _): &(&str, &str)| questions.iter().any(|known| known["question_key"] == *question);
    match selected.iter().find(|pair| !answered(pair)) {
        Some((question, _)) => Err(Impossible::Choice((*question).to_owned())),
        None => questions.iter().map(|question| choice(question, selected)).collect(),
    }
}

fn choice(question: &Value, selected: &[(&str, &str)]) -> Result<Choice, Impossible> {
    let key = question["question_key"].as_str().unwrap_or_default().to_owned();
    let options: Vec<&Value> = question["option_list"].as_array().into_iter().flatten().collect();
    let mut chosen: Vec<String> =
        selected.iter().filter(|(of, _)| *of == key).map(|(_, id)| (*id).to_owned()).collect();
    if let Some(wrong) = chosen.iter().find(|id| !options.iter().any(|option| option["id"] == id.as_str())) {
        return Err(Impossible::Choice(wrong.clone()));
    }
    let many = question["mode"] == 1;
    if chosen.len() > 1 && !many {
        return Err(Impossible::Choice(key));
    }
    if chosen.is_empty() {
        let preset = question["selected_id"].as_str().map(str::to_owned);
        let ticked = options.iter().filter(|option| option["is_checked"] == true);
        chosen =
            preset.into_iter().chain(ticked.filter_map(|option| option["id"].as_str().map(str::to_owned))).collect();
    }
    Ok((key, chosen))
}

fn selected_items(choices: Vec<Choice>) -> Content {
    let item = |(key, ids): Choice| {
        let ids = ids.into_iter().map(|id| ("OptionId", Content::Text(id))).collect();
        let parts = vec![("QuestionKey", Content::Text(key)), ("OptionIds", Content::Elements(ids))];
        ("SelectedItem", Content::Elements(parts))
    };
    Content::Elements(choices.into_iter().map(item).collect())
}
