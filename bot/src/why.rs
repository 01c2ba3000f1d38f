//! "Why?" answered from stored records: what was suggested, why, what was done, and who approved it.

use serde::Serialize;
use serde_json::Value;

use crate::action_desk;
use crate::case::{LookUp, Looked, Refusal, Say};
use crate::evidence::{Actor, Kind};
use crate::policy;
use crate::store::Tx;
use crate::store::actions::ActionState;
use crate::store::record::{self, Told};
use crate::view::{View, local};

/// One entry of a case's record, in words.
#[derive(Debug, Serialize)]
pub struct Line {
    /// When, in the desk's time.
    pub at: String,
    /// Who.
    pub who: String,
    /// What happened.
    pub what: String,
    /// The particulars; empty when there are none.
    pub detail: String,
}

/// The story of a case as its record tells it, one line an entry, in the desk's words and time.
///
/// # Errors
/// When the database fails.
pub async fn tell(tx: &mut Tx, view: &View) -> anyhow::Result<String> {
    let words = view.words();
    let mut lines = vec![words.text("why.head", &[("number", &view.case.number.to_string())])];
    let told = record::of_case(tx, &view.case.id).await?;
    lines.extend(told.iter().filter_map(|told| line(view, told)).map(|line| line.in_chat()));
    lines.push(view.state_line());
    Ok(lines.join("\n"))
}

impl Line {
    fn in_chat(&self) -> String {
        let Self { at, who, what, detail } = self;
        let detail = cards::quoted(detail);
        if detail.is_empty() { format!("{at} {who} {what}") } else { format!("{at} {who} {what}：{detail}") }
    }
}

/// An entry in words; none for those about our own housekeeping.
pub fn line(view: &View, told: &Told) -> Option<Line> {
    let words = view.words();
    let what = words.text(key_of(told.kind)?, &[]);
    let to_colleague = told.payload.as_ref().is_some_and(|payload| payload["outcome"] == "handing_out");
    let what = if to_colleague { words.text("record.decided_by_hand", &[]) } else { what };
    let at = local(told.at_ms, &view.desk.desk.desk.timezone, "%m-%d %H:%M:%S");
    let who = actor(view, &told.actor);
    let detail = told.payload.as_ref().map_or_else(|| words.text("why.erased", &[]), |p| detail(view, told.kind, p));
    let detail = cards::reveal(&detail).into_owned();
    Some(Line { at, who, what, detail })
}

fn actor(view: &View, actor: &Actor) -> String {
    let words = view.words();
    match actor {
        Actor::System => words.text("actor.system", &[]),
        Actor::Customer => words.text("author.customer", &[]),
        Actor::Person(id) => view.desk.desk.name_of(id).to_owned(),
        Actor::Policy(_) => words.text("actor.policy", &[]),
    }
}

/// The entry's name in the story; entries about our own housekeeping are left out.
fn key_of(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::CustomerSaid => "record.customer_said",
        Kind::CustomerRecalled => "record.customer_recalled",
        Kind::LookedUp => "record.looked_up",
        Kind::Drafted => "record.drafted",
        Kind::Judged => "record.judged",
        Kind::CardPosted => "record.card_posted",
        Kind::Decided => "record.decided",
        Kind::Edited => "record.edited",
        Kind::Rejected => "record.rejected",
        Kind::Escalated => "record.escalated",
        Kind::Dealt => "record.dealt",
        Kind::TakenOver => "record.taken_over",
        Kind::GivenBack => "record.given_back",
        Kind::Refused => "record.refused",
        Kind::Expired => "record.expired",
        Kind::Superseded => "record.superseded",
        Kind::WindowLost => "record.window_lost",
        Kind::SendClaimed => "record.send_claimed",
        Kind::SendSettled => "record.send_settled",
        Kind::SendProbed => "record.send_probed",
        Kind::SendResolved => "record.send_resolved",
        Kind::HandOutClaimed => "record.hand_out_claimed",
        Kind::HandOutSettled => "record.hand_out_settled",
        Kind::HandOutResolved => "record.hand_out_resolved",
        Kind::NoticeSent => "record.notice_sent",
        Kind::HandOver => "record.hand_over",
        Kind::ServicerTyped => "record.servicer_typed",
        Kind::AuthorityVoided => "record.authority_voided",
        Kind::KnowledgeGap => "record.knowledge_gap",
        Kind::DeliveryFailed => "record.delivery_failed",
        Kind::MediaStored => "record.media_stored",
        Kind::MediaRead => "record.media_read",
        Kind::CaseClosed => "record.case_closed",
        Kind::Permitted => "record.permitted",
        Kind::Sampled => "record.sampled",
        Kind::SampleReviewed => "record.sample_reviewed",
        Kind::ActionPlanned => "record.action_planned",
        Kind::ActionApproved => "record.action_approved",
        Kind::ActionDropped => "record.action_dropped",
        Kind::ActionClaimed => "record.action_claimed",
        Kind::ActionSettled => "record.action_settled",
        Kind::ActionResolved => "record.action_resolved",
        Kind::ExampleConsented => "record.example_consented",
        Kind::ExampleWithdrawn => "record.example_withdrawn",
        Kind::QaScored => "record.qa_scored",
        Kind::RefundPackCollected => "record.refund_pack_collected",
        _ => return None,
    })
}

fn detail(view: &View, kind: Kind, payload: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let joined = |value: &Value| {
        let parts = value.as_array().map(Vec::as_slice).unwrap_or_default();
        parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" / ")
    };
    match kind {
        Kind::CustomerSaid | Kind::MediaRead => text(&payload["text"]),
        Kind::Drafted if payload["failed"].is_string() => view.words().text("why.draft_failed", &[]),
        Kind::Drafted => format!("{} {}", joined(&payload["parts"]), cited(&payload["citations"])).trim().to_owned(),
        Kind::LookedUp => looked_up(view, payload),
        Kind::RefundPackCollected => collected(view, payload),
        Kind::Judged => reasons(view, payload),
        Kind::Dealt if payload["to"].is_null() => view.words().text("settled.put_back", &[]),
        Kind::Dealt => view.desk.desk.name_of(&text(&payload["to"])).to_owned(),
        Kind::CardPosted => view.desk.desk.name_of(&text(&payload["person"])).to_owned(),
        Kind::Permitted => joined(&payload["parts"]),
        Kind::Decided => format!("{}〔{}〕", joined(&payload["parts"]), text(&payload["code"])),
        Kind::Edited if payload["hint"].is_string() => {
            view.words().text(&format!("hint.{}", text(&payload["hint"])), &[])
        }
        Kind::Edited => format!("{} → {}", joined(&payload["before"]), joined(&payload["after"])),
        Kind::Rejected => rejection(view, &payload["rejection"]),
        Kind::Refused => refusal(view, &payload["refusal"]),
        Kind::SendSettled => view.words().text(&format!("result.{}", text(&payload["result"]["result"])), &[]),
        Kind::SendResolved => view.words().text(&format!("resolved.{}", text(&payload["how"])), &[]),
        Kind::HandOutClaimed => handed(view, "for_sending", payload),
        Kind::HandOutSettled => handed(view, &text(&payload["result"]["result"]), payload),
        Kind::HandOutResolved => handed(view, &text(&payload["how"]), payload),
        Kind::NoticeSent => text(&payload["text"]),
        Kind::AuthorityVoided => voided(view, &text(&payload["why"])),
        Kind::ActionPlanned | Kind::ActionApproved | Kind::ActionDropped | Kind::ActionClaimed => action(payload),
        Kind::ActionSettled => action_result(view, payload, &payload["result"]),
        Kind::ActionResolved => action_result(view, payload, &payload["how"]),
        _ => String::new(),
    }
}

/// What was looked up, of which order, and what came of it.
fn looked_up(view: &View, payload: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let said = payload["said"].as_object().into_iter().flatten().map(|(_, words)| text(words));
    let mut lines: Vec<String> = vec![text(&payload["title"]), policy::masked(&text(&payload["order"]))];
    lines.extend(said);
    let looked = serde_json::from_value::<Looked>(payload["outcome"].clone()).ok();
    let look_up = looked.map(|outcome| LookUp {
        order: None,
        at: payload["at"].as_i64().unwrap_or_default(),
        outcome,
        parcel: None,
    });
    lines.extend(look_up.map(|look_up| view.looked(&look_up)));
    lines.retain(|line| !line.is_empty());
    lines.join(" · ")
}

/// Of which order something was collected: what there is, and how much is missing.
fn collected(view: &View, payload: &Value) -> String {
    let parts = payload["parts"].as_array().into_iter().flatten();
    let titles = parts.filter_map(|part| part["title"].as_str()).collect::<Vec<_>>().join("、");
    let order = policy::masked(payload["order"].as_str().unwrap_or_default());
    let missing = payload["missing"].as_array().map_or(0, Vec::len).to_string();
    view.words().text("pack.collected", &[("order", &order), ("parts", &titles), ("missing", &missing)])
}

/// Which action, and what would be written where it is told.
fn action(payload: &Value) -> String {
    let said = payload["said"].as_object().into_iter().flatten().filter_map(|(_, words)| words.as_str());
    let head = format!("A{} {}", payload["action"], payload["name"].as_str().unwrap_or_default());
    std::iter::once(head.as_str()).chain(said).collect::<Vec<_>>().join(" · ")
}

fn action_result(view: &View, payload: &Value, result: &Value) -> String {
    let state = result.as_str().and_then(|name| name.parse().ok()).unwrap_or(ActionState::Stopped);
    format!("{} · {}", action(payload), view.words().text(action_desk::state_key(state), &[]))
}

fn rejection(view: &View, rejection: &Value) -> String {
    let reason = view.words().text(&format!("reason.{}", rejection["reason"].as_str().unwrap_or("other")), &[]);
    match rejection["note"].as_str() {
        Some(note) => format!("{reason} {note}"),
        None => reason,
    }
}

/// Whose hands a part went to, or what they say of it.
fn handed(view: &View, what: &str, payload: &Value) -> String {
    let to = view.desk.desk.name_of(payload["to"].as_str().unwrap_or_default());
    view.words().text(&format!("hand_out.{what}"), &[("to", to)])
}

/// What the person was told: a refusal of the core, or the key of a sentence.
fn refusal(view: &View, refused: &Value) -> String {
    let number = view.case.number;
    let said = match refused.as_str() {
        Some(key) => Say::new(key).with("number", number),
        None => match serde_json::from_value::<Refusal>(refused.clone()) {
            Ok(refusal) => refusal.say(number),
            Err(_) => return String::new(),
        },
    };
    said.in_words(view.words(), &view.desk.desk)
}

/// Why an approval was voided; empty where no words exist for it.
fn voided(view: &View, why: &str) -> String {
    let key = format!("voided.{why}");
    if view.words().has(&key) { view.words().text(&key, &[]) } else { String::new() }
}

fn cited(citations: &Value) -> String {
    let citations = citations.as_array().map(Vec::as_slice).unwrap_or_default();
    let named = citations.iter().map(|c| format!("《{}》v{}", c["title"].as_str().unwrap_or_default(), c["version"]));
    named.collect::<String>()
}

fn reasons(view: &View, payload: &Value) -> String {
    let verdict = serde_json::from_value::<crate::policy::Verdict>(payload["verdict"].clone());
    let Ok(verdict) = verdict else { return String::new() };
    let words = view.words();
    let mut named = vec![verdict.risk.label(words)];
    named.extend(verdict.reason_keys().into_iter().map(|key| words.text(key, &[])));
    named.join("、")
}
