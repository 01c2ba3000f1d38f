//! A small desk, and a case in every shape a case can have. Every shape is reached through [`step`], so that none is
//! invented.

use std::collections::HashSet;

use cards::{RejectReason, Risk};
use channels::Spent;

use crate::case::{
    Author, Authority, Automation, Case, Decision, Draft, Drafted, Drafting, Event, PartResult, PausedBy, Refusal,
    Rejection, Rules, SessionOwner, State, Step, Tap, Window, step,
};
use crate::clock::{HOUR, MINUTE, Timestamp};
use crate::desk::{Channel, ChannelKind, Desk, DraftingBudgets, Mode, Notices, Person, Policy, Role, Settings};
use crate::policy::{Intent, Level, Route, Verdict};

/// What stands under what leaves by itself.
pub(in crate::case) const NOTICE: &str = "（AI 自动回复）";
/// When the customer wrote.
pub(in crate::case) const SAID: Timestamp = 1_800_000_000_000;
/// When everything else happens.
pub(in crate::case) const NOW: Timestamp = SAID + MINUTE;
/// How long the channel of these tests takes replies, and how many.
pub(in crate::case) const WINDOW: Timestamp = 48 * HOUR;
pub(in crate::case) const QUOTA: i64 = 5;

/// A refusal, with what its code says is used up.
pub(in crate::case) const fn failed(code: i64) -> PartResult {
    let spent = match code {
        95_001 => Some(Spent::Messages),
        95_002 => Some(Spent::Window),
        _ => None,
    };
    PartResult::Failed { code, spent }
}

/// Wanted later: after a minute where the platform counts minutes.
pub(in crate::case) const fn put_off(code: i64) -> PartResult {
    PartResult::PutOff { code, wait_ms: if code == 45_009 { Some(MINUTE) } else { None } }
}

/// What is left of a window that ends and counts.
pub(in crate::case) fn quota(case: &Case) -> i64 {
    case.window.quota_left.expect("a channel that counts")
}

/// What is in force, owned, so that a test can change it.
pub(in crate::case) struct InForce {
    pub(in crate::case) desk: Desk,
    pub(in crate::case) off_duty: HashSet<String>,
    /// Until when the holder is writing.
    pub(in crate::case) editing: Option<Timestamp>,
    /// Which other reviewer has room.
    pub(in crate::case) next_holder: Option<String>,
    pub(in crate::case) policy: String,
    pub(in crate::case) paused: Option<PausedBy>,
    /// How often the pause register was turned.
    pub(in crate::case) turn: i64,
    /// What may leave by itself.
    pub(in crate::case) open: Vec<Intent>,
}

impl InForce {
    pub(in crate::case) fn new() -> Self {
        Self {
            desk: desk(),
            off_duty: HashSet::new(),
            editing: None,
            next_holder: None,
            policy: "p1".into(),
            paused: None,
            turn: 0,
            open: Vec::new(),
        }
    }

    /// Questions about sending may be answered without a person.
    pub(in crate::case) fn automatic() -> Self {
        let mut automatic = Self { open: vec![Intent::Shipping], ..Self::new() };
        automatic.channel().mode = Mode::Auto;
        automatic
    }

    pub(in crate::case) fn paused() -> Self {
        Self { paused: Some(PausedBy { person: "chenjie".into() }), ..Self::new() }
    }

    pub(in crate::case) fn channel(&mut self) -> &mut Channel {
        &mut self.desk.channels[0]
    }

    pub(in crate::case) fn rules(&self) -> Rules<'_> {
        Rules {
            desk: &self.desk,
            channel: &self.desk.channels[0],
            policy: &self.policy,
            paused: self.paused.clone(),
            turn: self.turn,
            off_duty: &self.off_duty,
            editing: self.editing,
            next_holder: self.next_holder.as_deref(),
            automation: Automation { open: &self.open, notice: NOTICE },
        }
    }

    pub(in crate::case) fn step(&self, case: &Case, event: &Event) -> Result<Step, Refusal> {
        step(case, event, &self.rules(), NOW)
    }
}

/// 李华 and 赵柳 review, 周八 is a supervisor among them, 王五 is asked when nobody decides, 孙琪 only reads.
pub(in crate::case) fn desk() -> Desk {
    let person = |id: &str, role| Person {
        id: id.into(),
        name: id.to_uppercase(),
        wecom: Some(id.into()),
        telegram: None,
        surfaces: Vec::new(),
        roles: vec![role],
        hours: vec![],
    };
    let channel = Channel {
        id: "kf".into(),
        kind: ChannelKind::WecomKf,
        account: "wk".into(),
        store: "flagship".into(),
        name: None,
        owner: None,
        permitted: vec!["lihua".into(), "zhaoliu".into(), "zhouba".into()],
        escalation_owner: Some("wangwu".into()),
        dispatch: Default::default(),
        telegram_group: None,
        hours: Default::default(),
        mode: Mode::Draft,
        allowed_actions: vec![],
        review_required: vec![],
        notices: Notices::default(),
        url: None,
        private: false,
        platform: None,
        region: None,
    };
    let people = vec![
        person("lihua", Role::Reviewer),
        person("zhaoliu", Role::Reviewer),
        person("zhouba", Role::Supervisor),
        person("wangwu", Role::Reviewer),
        person("sunqi", Role::Auditor),
        person("chenjie", Role::Admin),
    ];
    Desk {
        desk: Settings::default(),
        people,
        channels: vec![channel],
        stores: Vec::new(),
        intents: Vec::new(),
        policy: Policy::default(),
        drafting: DraftingBudgets::default(),
    }
}

/// A case as the worker opens it, before the first message is applied.
pub(in crate::case) fn opened(at: Timestamp) -> Case {
    Case {
        id: "case-1".into(),
        number: 81,
        conversation: "talk-1".into(),
        channel: "kf".into(),
        opened_at: at,
        follows: None,
        state: State::Drafting(Drafting { first_at: at, start_at: at, hint: None, before: None }),
        version: 0,
        generation: 0,
        watermark: 0,
        window: Window { ends_at: Some(0), quota_left: Some(0) },
        last_decision: None,
        least: crate::case::Level::Reviewers,
        asked: None,
        asker: None,
        in_turn: crate::case::InTurn::default(),
        doubtful: false,
    }
}

pub(in crate::case) fn verdict(route: Route) -> Verdict {
    let risk = if route == Route::Review(Level::Reviewer) { Risk::Low } else { Risk::High };
    Verdict { route, risk, reasons: vec![], holds: vec![], words: vec![] }
}

/// A draft as drafting brings it: version, digest and watermark are given by the core.
pub(in crate::case) fn proposal(parts: &[&str], route: Route) -> Draft {
    Draft {
        version: 0,
        parts: parts.iter().map(|part| (*part).to_owned()).collect(),
        digest: String::new(),
        watermark: 0,
        policy: "p1".into(),
        author: Author::Bot { drafter: "extractive".into(), no_model: None, examples: Vec::new() },
        citations: vec![],
        verdict: verdict(route),
        confidence: 0.95,
        grounds: Default::default(),
        chance: None,
        intent: Intent::Other,
        action: None,
        look_up: None,
        translation: None,
        supersedes: None,
    }
}

pub(in crate::case) const REVIEWER: Route = Route::Review(Level::Reviewer);
pub(in crate::case) const SUPERVISOR: Route = Route::Review(Level::Supervisor);

pub(in crate::case) fn said(seq: i64) -> Event {
    Event::CustomerSaid { seq, at: SAID, adds_nothing: false, wants_person: false, text: "还能退吗".into() }
}

pub(in crate::case) fn said_nothing(seq: i64) -> Event {
    Event::CustomerSaid { seq, at: SAID, adds_nothing: true, wants_person: false, text: "在吗".into() }
}

pub(in crate::case) fn wants_person(seq: i64) -> Event {
    Event::CustomerSaid { seq, at: SAID, adds_nothing: false, wants_person: true, text: "转人工".into() }
}

pub(in crate::case) fn drafted(generation: i64, drafted: Drafted) -> Event {
    Event::Drafted { generation, drafted }
}

pub(in crate::case) fn reply(parts: &[&str], route: Route) -> Drafted {
    Drafted::Reply(Box::new(proposal(parts, route)))
}

/// A tap on the card that shows the case as it stands.
pub(in crate::case) fn tap(case: &Case, person: &str, decision: Decision) -> Event {
    // A card that was decided about still shows the code of its draft.
    let shown = case.code();
    let code = if shown.is_empty() { case.draft().map(Draft::code).unwrap_or_default() } else { shown };
    Event::Tapped(Tap { person: person.into(), version: case.version, code, decision })
}

pub(in crate::case) fn edit(parts: &[&str]) -> Decision {
    let parts = parts.iter().map(|part| (*part).to_owned()).collect();
    Decision::Edit { parts, verdict: verdict(REVIEWER) }
}

pub(in crate::case) fn reject(no_answer_due: bool) -> Decision {
    Decision::Reject(Rejection { reason: RejectReason::WrongRisk, note: None, no_answer_due })
}

pub(in crate::case) fn claim(part: usize) -> Event {
    Event::Claim { part, paused_since_approval: false }
}

pub(in crate::case) fn settled(part: usize, result: PartResult) -> Event {
    Event::Settled { part, result }
}

/// What the case becomes under the usual rules.
pub(in crate::case) fn after(case: &Case, event: &Event) -> Case {
    InForce::new().step(case, event).unwrap_or_else(|refusal| panic!("{event:?}: {refusal:?}")).next
}

pub(in crate::case) fn drafting() -> Case {
    after(&opened(SAID), &said(1))
}

/// Two parts wait for a reviewer.
pub(in crate::case) fn review() -> Case {
    after(&drafting(), &drafted(1, reply(&["一", "二"], REVIEWER)))
}

pub(in crate::case) fn escalated() -> Case {
    let case = review();
    after(&case, &tap(&case, "zhaoliu", Decision::Escalate))
}

/// As it waited when the policy was another.
pub(in crate::case) fn of_older_policy(mut case: Case) -> Case {
    let conversation = case.conversation.clone();
    if let State::AwaitingReview(review) = &mut case.state {
        age(&mut review.draft, &conversation);
    }
    if let State::Sending(sending) = &mut case.state {
        age(&mut sending.draft, &conversation);
        if let Authority::Person(approval) = &mut sending.authority {
            approval.digest = sending.draft.digest.clone();
        }
    }
    case
}

fn age(draft: &mut Draft, conversation: &str) {
    draft.policy = "p0".into();
    draft.digest = crate::case::digest(conversation, draft.version, draft.watermark, &draft.policy, &draft.parts);
}

pub(in crate::case) fn no_answer() -> Case {
    after(&drafting(), &drafted(1, unanswered(REVIEWER)))
}

/// The knowledge has no answer to a question judged so.
pub(in crate::case) fn unanswered(route: Route) -> Drafted {
    Drafted::NoAnswer(Box::new(proposal(&[], route)))
}

pub(in crate::case) fn human_only() -> Case {
    let draft = proposal(&["一"], Route::HumanOnly);
    after(&drafting(), &drafted(1, Drafted::HumanOnly(Box::new(draft))))
}

pub(in crate::case) fn asked_for_person() -> Case {
    after(&drafting(), &wants_person(2))
}

/// 李华 approved two parts; none was claimed.
pub(in crate::case) fn approved() -> Case {
    let case = review();
    after(&case, &tap(&case, "lihua", Decision::Send))
}

/// The first of two parts may be in flight.
pub(in crate::case) fn claimed() -> Case {
    after(&approved(), &claim(0))
}

/// The first of two parts arrived.
pub(in crate::case) fn halfway() -> Case {
    after(&claimed(), &settled(0, PartResult::Accepted))
}

/// The second of two parts may be in flight.
pub(in crate::case) fn last_claimed() -> Case {
    after(&halfway(), &claim(1))
}

/// Nobody knows about the first of two parts.
pub(in crate::case) fn in_doubt() -> Case {
    after(&claimed(), &settled(0, PartResult::Unknown))
}

/// Nobody knows about the last of two parts.
pub(in crate::case) fn last_in_doubt() -> Case {
    after(&last_claimed(), &settled(1, PartResult::Unknown))
}

/// Nobody knows, nobody said, and the next level is asked.
pub(in crate::case) fn doubt_escalated() -> Case {
    let case = in_doubt();
    after(&case, &tap(&case, "zhaoliu", Decision::Escalate))
}

/// The message id of the request whose answer is missing; of none otherwise.
pub(in crate::case) fn lost(case: &Case) -> String {
    match &case.state {
        State::Unknown(doubt) => doubt.lost.msgid.clone(),
        _ => "another".into(),
    }
}

pub(in crate::case) fn late(case: &Case, result: PartResult) -> Event {
    Event::SettledLate { msgid: lost(case), part: 0, result }
}

/// 李华 took over; the session is on its way to her.
pub(in crate::case) fn taken_over() -> Case {
    let case = review();
    after(&case, &tap(&case, "lihua", Decision::TakeOver))
}

pub(in crate::case) fn handed_over(to: SessionOwner) -> Case {
    after(&taken_over(), &Event::SessionMoved { to })
}

pub(in crate::case) fn answered() -> Case {
    after(&last_claimed(), &settled(1, PartResult::Accepted))
}

pub(in crate::case) fn rejected() -> Case {
    let case = review();
    after(&case, &tap(&case, "lihua", reject(true)))
}
