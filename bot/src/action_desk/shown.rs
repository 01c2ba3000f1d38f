//! What people are shown of an action: its plan for a decision, what became of it, and what a card turns into.

use cards::words::Words;
use cards::{Card, PlanAct, PlanCard};

use super::Planned;
use crate::app::App;
use crate::policy;
use crate::store::actions::{self, Action, ActionState};
use crate::store::desks::Applied;
use crate::store::knowledge::care::CarePosting;
use crate::store::{Tx, cases};
use crate::view::local;

/// The words for how an action stands.
pub(crate) fn state_key(state: ActionState) -> &'static str {
    match state {
        ActionState::Preparing => "action.state_preparing",
        ActionState::Waiting => "action.state_waiting",
        ActionState::Filled => "action.state_filled",
        ActionState::Approved => "action.state_approved",
        ActionState::Submitting => "action.state_submitting",
        ActionState::Done => "action.state_done",
        ActionState::Refused => "action.state_refused",
        ActionState::Unknown => "action.state_unknown",
        ActionState::Happened => "action.state_happened",
        ActionState::NotHappened => "action.state_not_happened",
        ActionState::Dropped => "action.state_dropped",
        ActionState::Stopped => "action.state_stopped",
    }
}

/// The card of an action as it is shown under a task id; nothing once there is a newer one.
///
/// # Errors
/// When the database fails.
pub(crate) async fn card(tx: &mut Tx, app: &App, posting: &CarePosting) -> anyhow::Result<Option<Card>> {
    let action = actions::load(tx, &posting.care).await?.filter(|action| action.code() == posting.code);
    let Some((action, planned)) = action.and_then(|action| action.planned().map(|planned| (action, planned))) else {
        return Ok(None);
    };
    let desk = app.desk(tx).await?;
    let case = cases::load(tx, &action.case_id).await?.map_or(0, |case| case.number);
    let acts = acts(tx, &action, &planned).await?;
    let words = desk.words();
    Ok(Some(Card::Plan(PlanCard {
        number: action.number,
        code: posting.code.clone(),
        title: planned.title.clone(),
        desc: format!("{} · #{case}", words.text(state_key(action.state), &[])),
        whole: whole(words, &desk, (&action, &planned), case),
        brief: brief(words, &planned),
        acts,
    })))
}

/// What can be done about an action as it stands.
async fn acts(tx: &mut Tx, action: &Action, planned: &Planned) -> anyhow::Result<Vec<PlanAct>> {
    let may_be_undone = planned.undo.is_some() && action.undoes.is_none();
    Ok(match action.state {
        ActionState::Waiting => vec![PlanAct::Approve, PlanAct::Drop],
        ActionState::Unknown => vec![PlanAct::Happened, PlanAct::NotHappened],
        ActionState::Done if may_be_undone && !actions::is_undone(tx, &action.id).await? => vec![PlanAct::Undo],
        _ => Vec::new(),
    })
}

/// Everything an approval rests on: what is written, where, for which case, on what grounds.
fn whole(words: &Words, desk: &Applied, (action, planned): (&Action, &Planned), case: i64) -> String {
    let at = local(planned.at, &desk.desk.desk.timezone, "%m-%d %H:%M");
    let (number, case) = (action.number.to_string(), case.to_string());
    let mut lines = vec![
        words.text("action.whole_head", &[("action", &number), ("title", &planned.title), ("case", &case)]),
        words.text("action.whole_order", &[("store", &action.store), ("order", &policy::masked(&planned.order))]),
        words.text("action.whole_fields", &[]),
    ];
    lines.extend(planned.fields.iter().map(|field| format!("· {field}")));
    lines.extend(answer_said(words, desk, action));
    let seen = cards::one_line(&planned.seen);
    lines.extend((!seen.is_empty()).then(|| words.text("action.whole_seen", &[("seen", &seen)])));
    let (intent, risk) = (words.text(planned.intent.key(), &[]), planned.risk.label(words));
    lines.push(words.text("action.whole_grounds", &[("intent", &intent), ("risk", &risk), ("fact", &planned.fact)]));
    let by = desk.desk.name_of(&action.asked_by);
    lines.push(words.text("action.whole_asked", &[("by", by), ("at", &at)]));
    lines.push(format!("{}〔A{number} {}〕", words.text(state_key(action.state), &[]), action.code()));
    lines.join("\n")
}

/// Whose words an action says, where they are a published answer's.
fn answer_said(words: &Words, desk: &Applied, action: &Action) -> Option<String> {
    let cited = action.citation()?;
    let (version, owner) = (cited.version.to_string(), desk.desk.name_of(&cited.owner));
    Some(words.text("action.whole_answer", &[("title", &cited.title), ("version", &version), ("owner", owner)]))
}

fn brief(words: &Words, planned: &Planned) -> String {
    let fields = planned.fields.join(" / ");
    words.text("action.brief", &[("order", &policy::masked(&planned.order)), ("fields", &cards::one_line(&fields))])
}

/// The pictures that go above a card: of the filled form, or of what the shop showed afterwards.
///
/// # Errors
/// When the database fails.
pub(crate) async fn pictures(tx: &mut Tx, posting: &CarePosting) -> anyhow::Result<Vec<String>> {
    let Some(action) = actions::load(tx, &posting.care).await? else { return Ok(Vec::new()) };
    Ok(match action.state {
        ActionState::Waiting | ActionState::Filled => action.planned().map(|p| p.pictures).unwrap_or_default(),
        _ => action.came_to().pictures,
    })
}

/// What a card turns into once it decides nothing any more.
///
/// # Errors
/// When the database fails.
pub(crate) async fn settled(tx: &mut Tx, app: &App, posting: &CarePosting) -> anyhow::Result<Option<Card>> {
    let Some(action) = actions::load(tx, &posting.care).await? else { return Ok(None) };
    let desk = app.desk(tx).await?;
    let title = desk.words().text(state_key(action.state), &[]);
    let by = action.authority().map(|authority| {
        let time = local(authority.at, &desk.desk.desk.timezone, "%H:%M");
        format!(" · {} {time}", desk.desk.name_of(&authority.person))
    });
    let title = title + &by.unwrap_or_default();
    Ok(Some(Card::Settled { number: action.number, title, desc: format!("A{}", action.number), text: String::new() }))
}
