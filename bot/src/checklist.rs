//! The launch checklist: eight points, each shown by the running system's own record, and what to do about those that
//! fail. No channel goes above drafts while one fails.

use cards::words::Words;
use serde::Serialize;

use crate::app::App;
use crate::clock::{HOUR, Timestamp};
use crate::desk::{Channel, Mode};
use crate::policy::{self, Circumstances, Intent, Level, Matter, Route};
use crate::store::desks::Applied;
use crate::store::knowledge::{self, EntryState};
use crate::store::{Tx, back_office, outcomes, pauses, record};

/// How long a test of evidence, escalation or pause stays good.
const GOOD_FOR: Timestamp = 30 * 24 * HOUR;
/// What nobody may be asked without a supervisor.
const HIGH_RISK: [&str; 2] = ["我要投诉你们，必须赔偿", "give me a full refund or I will sue you"];

/// The eight points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Channels and their owners are defined.
    Owners,
    /// Knowledge has owners.
    KnowledgeOwners,
    /// Channels start with drafts.
    DraftFirst,
    /// High risk needs a supervisor.
    HighRisk,
    /// The back office is only read.
    ReadsOnly,
    /// The record is kept and sealed.
    Evidence,
    /// Whoever is above can be reached.
    Escalation,
    /// The pause was tried.
    Pause,
}

impl Item {
    /// The locale keys: of what it is, and of what to do where it fails.
    fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Owners => ("checklist.owners", "checklist.owners_todo"),
            Self::KnowledgeOwners => ("checklist.knowledge_owners", "checklist.knowledge_owners_todo"),
            Self::DraftFirst => ("checklist.draft_first", "checklist.draft_first_todo"),
            Self::HighRisk => ("checklist.high_risk", "checklist.high_risk_todo"),
            Self::ReadsOnly => ("checklist.reads_only", "checklist.reads_only_todo"),
            Self::Evidence => ("checklist.evidence", "checklist.evidence_todo"),
            Self::Escalation => ("checklist.escalation", "checklist.escalation_todo"),
            Self::Pause => ("checklist.pause", "checklist.pause_todo"),
        }
    }
}

/// One of the eight points as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    /// Which.
    pub item: Item,
    /// Whether it holds.
    pub passed: bool,
    /// Where it fails, the ids of channels, or how many; empty where there is nothing to name.
    pub found: String,
}

impl Point {
    /// The point in words: what it is, and what to do where it fails.
    pub fn told(&self, words: &Words) -> String {
        let (what, todo) = self.item.keys();
        let todo =
            if self.item == Item::Evidence && !self.found.is_empty() { "checklist.evidence_stores" } else { todo };
        if self.passed {
            return format!("✓ {}", words.text(what, &[]));
        }
        format!("✗ {}：{}", words.text(what, &[]), words.text(todo, &[("found", &self.found)]))
    }
}

/// The eight points as they stand.
///
/// # Errors
/// When the database fails.
pub async fn points(tx: &mut Tx, app: &App) -> anyhow::Result<Vec<Point>> {
    let desk = app.desk(tx).await?;
    let since = app.clock.now() - GOOD_FOR;
    Ok(vec![
        owners(&desk),
        knowledge_owners(tx, &desk).await?,
        draft_first(tx, &desk).await?,
        high_risk_reviewed(app, &desk),
        reads_only(&desk),
        evidence_tested(tx, &desk, since).await?,
        escalation_reached(tx, app, &desk, since).await?,
        pause_tested(tx, since).await?,
    ])
}

/// Names of the channels for which something fails; all is well where there are channels and none is named.
fn unless(item: Item, desk: &Applied, fails: impl Fn(&Channel) -> bool) -> Point {
    let channels = &desk.desk.channels;
    let failing: Vec<&str> =
        channels.iter().filter(|channel| fails(channel)).map(|channel| channel.id.as_str()).collect();
    Point { item, passed: !channels.is_empty() && failing.is_empty(), found: failing.join("、") }
}

fn owners(desk: &Applied) -> Point {
    unless(Item::Owners, desk, |channel| channel.owner.is_none() || channel.escalation_owner.is_none())
}

async fn knowledge_owners(tx: &mut Tx, desk: &Applied) -> anyhow::Result<Point> {
    let published = knowledge::in_state(tx, EntryState::Published).await?;
    let orphans = published.iter().filter(|entry| desk.desk.person(&entry.owner).is_none()).count();
    let passed = !published.is_empty() && orphans == 0;
    let found = if passed { published.len() } else { orphans };
    Ok(Point { item: Item::KnowledgeOwners, passed, found: found.to_string() })
}

/// A channel goes above drafts once people have decided about some of its own.
async fn draft_first(tx: &mut Tx, desk: &Applied) -> anyhow::Result<Point> {
    let decided = outcomes::tallies(tx).await?;
    let known = |channel: &Channel| decided.iter().any(|(id, ..)| *id == channel.id);
    Ok(unless(Item::DraftFirst, desk, |channel| matches!(channel.mode, Mode::Reviewed | Mode::Auto) && !known(channel)))
}

/// Asked of the gate in force: whatever a table says, high risk goes to a supervisor, and there is one.
fn high_risk_reviewed(app: &App, desk: &Applied) -> Point {
    unless(Item::HighRisk, desk, |channel| {
        let rules = app.policy_rules(desk, Some(channel));
        let escapes = |text: &str| judged(text, &rules) < Route::Review(Level::Supervisor);
        channel.escalation_owner.is_none() || HIGH_RISK.iter().any(|text| escapes(text))
    })
}

/// How an answer about which nothing else is doubtful would be judged.
fn judged(text: &str, rules: &policy::Rules) -> Route {
    let (customer, draft) = ([text.to_owned()], ["您好。".to_owned()]);
    let matter = Matter {
        customer: &customer,
        draft: Some(&draft),
        confidence: 1.0,
        citations: 1,
        intent: Intent::Other,
        turns: 0,
        attachments: 0,
        readings: 0,
        order_cents: None,
        public: false,
        circumstances: Circumstances { open: true, chance: Some(1.0), ..Circumstances::default() },
    };
    policy::judge(&matter, rules).route
}

/// Actions that change nothing where a customer's money or goods are.
const HARMLESS: [&str; 3] = ["reply", "note", "tag"];

fn reads_only(desk: &Applied) -> Point {
    unless(Item::ReadsOnly, desk, |channel| {
        channel.allowed_actions.iter().any(|action| !HARMLESS.contains(&action.as_str()))
    })
}

/// The record was sealed, the desk's own chain is whole now, and each store's back office was looked at, with its pictures.
async fn evidence_tested(tx: &mut Tx, desk: &Applied, since: Timestamp) -> anyhow::Result<Point> {
    let sealed = record::newest_checkpoint(tx).await?.is_some_and(|(_, at)| at >= since);
    let whole = record::verify(tx, record::DESK).await?.is_ok();
    let mut untested = Vec::new();
    for office in desk.desk.stores.iter().filter(|office| !office.look_ups.is_empty()) {
        if !back_office::ran_since(tx, &office.id, since).await? {
            untested.push(office.id.as_str());
        }
    }
    let passed = sealed && whole && untested.is_empty();
    Ok(Point { item: Item::Evidence, passed, found: untested.join("、") })
}

/// Whoever stands above each channel acknowledged a test card, on a surface this program serves.
async fn escalation_reached(tx: &mut Tx, app: &App, desk: &Applied, since: Timestamp) -> anyhow::Result<Point> {
    let mut unreached = Vec::new();
    for channel in &desk.desk.channels {
        let owner = channel.escalation_owner.as_deref().filter(|id| app.address_of(&desk.desk, id).is_some());
        let reached = match owner {
            Some(id) => record::acknowledged(tx, id, since).await?,
            None => false,
        };
        if !reached {
            unreached.push(channel.id.as_str());
        }
    }
    let passed = !desk.desk.channels.is_empty() && unreached.is_empty();
    Ok(Point { item: Item::Escalation, passed, found: unreached.join("、") })
}

async fn pause_tested(tx: &mut Tx, since: Timestamp) -> anyhow::Result<Point> {
    Ok(Point { item: Item::Pause, passed: pauses::tested(tx, since).await?, found: String::new() })
}
