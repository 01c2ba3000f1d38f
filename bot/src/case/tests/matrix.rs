//! Every state in its interesting shapes × every event in its interesting shapes, with the outcome written out: a
//! change of behaviour shows up as a diff of [`MATRIX`].

use super::shapes::*;
use crate::case::{
    Case, Decision, Drafted, Ending, Event, Lost, PartResult, Refusal, SessionOwner, State, Step, Tap, Why, message_id,
    step,
};
use crate::clock::{MINUTE, Timestamp};
use crate::evidence::Kind;
use crate::policy::Route;

/// The shapes across, each by its two letters in [`MATRIX`].
fn shapes() -> Vec<(&'static str, Case)> {
    vec![
        ("dr", drafting()),
        ("rv", review()),
        ("re", escalated()),
        ("ro", of_older_policy(review())),
        ("na", no_answer()),
        ("ho", human_only()),
        ("ap", asked_for_person()),
        ("s0", approved()),
        ("so", of_older_policy(approved())),
        ("sc", claimed()),
        ("cs", after(&claimed(), &said(2))),
        ("ca", after(&claimed(), &wants_person(2))),
        ("s1", halfway()),
        ("sl", last_claimed()),
        ("u0", in_doubt()),
        ("ul", last_in_doubt()),
        ("un", after(&in_doubt(), &said(3))),
        ("ua", after(&in_doubt(), &wants_person(3))),
        ("ue", doubt_escalated()),
        ("ha", taken_over()),
        ("hp", handed_over(SessionOwner::Person)),
        ("hw", handed_over(SessionOwner::Pool)),
        ("hb", handed_over(SessionOwner::Bot)),
        ("xa", answered()),
        ("xr", rejected()),
    ]
}

/// What happens, made for the case it happens to.
struct Happening {
    name: &'static str,
    event: fn(&Case) -> Event,
    in_force: fn() -> InForce,
    now: Timestamp,
}

fn happening(name: &'static str, event: fn(&Case) -> Event) -> Happening {
    Happening { name, event, in_force: InForce::new, now: NOW }
}

fn customer() -> Vec<Happening> {
    vec![
        happening("said", |_| said(9)),
        happening("said nothing", |_| said_nothing(9)),
        happening("wants person", |_| wants_person(9)),
        happening("recalled some", |_| Event::CustomerRecalled { seq: 1, anything_left: true }),
        happening("recalled all", |_| Event::CustomerRecalled { seq: 1, anything_left: false }),
        happening("erased", |_| Event::CustomerErased { by: "chenjie".into() }),
    ]
}

fn drafting_ends() -> Vec<Happening> {
    let human_only =
        |case: &Case| drafted(case.generation, Drafted::HumanOnly(Box::new(proposal(&["一"], Route::HumanOnly))));
    vec![
        happening("reply", |case| drafted(case.generation, reply(&["一"], REVIEWER))),
        happening("reply, above", |case| drafted(case.generation, reply(&["一"], SUPERVISOR))),
        happening("reply, empty", |case| drafted(case.generation, reply(&[], REVIEWER))),
        happening("reply, late", |case| drafted(case.generation - 1, reply(&["一"], REVIEWER))),
        happening("human only", human_only),
        happening("no answer", |case| drafted(case.generation, unanswered(REVIEWER))),
        happening("draft failed", |case| drafted(case.generation, Drafted::Failed { why: "away".into() })),
    ]
}

fn sends() -> Vec<Happening> {
    vec![
        happening("send", |case| tap(case, "lihua", Decision::Send)),
        happening("send, other", |case| tap(case, "zhaoliu", Decision::Send)),
        happening("send, owner", |case| tap(case, "wangwu", Decision::Send)),
        happening("send, auditor", |case| tap(case, "sunqi", Decision::Send)),
        happening("send, stranger", |case| tap(case, "nobody", Decision::Send)),
        happening("send, old card", |case| with_card(case, 1, None)),
        happening("send, no code", |case| with_card(case, 0, Some(""))),
        Happening { in_force: InForce::paused, ..happening("send, paused", |case| tap(case, "lihua", Decision::Send)) },
    ]
}

/// 李华 taps 发送 on a card that is not the one shown now.
fn with_card(case: &Case, older: i64, code: Option<&str>) -> Event {
    let shown = case.code();
    let version = case.version - older;
    let code = code.map_or(shown, str::to_owned);
    Event::Tapped(Tap { person: "lihua".into(), version, code, decision: Decision::Send })
}

fn other_taps() -> Vec<Happening> {
    vec![
        happening("edit", |case| tap(case, "lihua", edit(&["改"]))),
        happening("edit, other", |case| tap(case, "zhaoliu", edit(&["改"]))),
        happening("edit, empty", |case| tap(case, "lihua", edit(&[" "]))),
        happening("rewrite", |case| tap(case, "lihua", Decision::Rewrite(cards::Hint::Softer))),
        happening("reject", |case| tap(case, "lihua", reject(false))),
        happening("reject, owner", |case| tap(case, "wangwu", reject(false))),
        happening("no answer due", |case| tap(case, "lihua", reject(true))),
        happening("it arrived", |case| tap(case, "lihua", Decision::Delivered)),
        happening("it arrived, owner", |case| tap(case, "wangwu", Decision::Delivered)),
        happening("send again", |case| tap(case, "lihua", Decision::SendAgain)),
        happening("send again, owner", |case| tap(case, "wangwu", Decision::SendAgain)),
        happening("send again, auditor", |case| tap(case, "sunqi", Decision::SendAgain)),
        Happening {
            in_force: InForce::paused,
            ..happening("send again, paused", |case| tap(case, "lihua", Decision::SendAgain))
        },
        Happening {
            now: SAID + WINDOW,
            ..happening("send again, too late", |case| tap(case, "lihua", Decision::SendAgain))
        },
        happening("drop", |case| tap(case, "lihua", Decision::Drop)),
        happening("drop, other", |case| tap(case, "zhaoliu", Decision::Drop)),
        happening("escalate", |case| tap(case, "lihua", Decision::Escalate)),
        happening("take over", |case| tap(case, "lihua", Decision::TakeOver)),
        happening("take, other", |case| tap(case, "zhaoliu", Decision::TakeOver)),
        happening("give back", |case| tap(case, "lihua", Decision::GiveBack)),
        happening("give back, other", |case| tap(case, "zhaoliu", Decision::GiveBack)),
        happening("give back, owner", |case| tap(case, "wangwu", Decision::GiveBack)),
    ]
}

fn passing_time() -> Vec<Happening> {
    let ended = SAID + WINDOW;
    vec![
        happening("expired", |case| Event::ReviewExpired { due: case.due().unwrap_or(NOW) }),
        happening("expired, late", |case| Event::ReviewExpired { due: case.due().unwrap_or(NOW) - MINUTE }),
        happening("window, early", |_| Event::WindowEnded),
        Happening { now: ended, ..happening("window ended", |_| Event::WindowEnded) },
        happening("policy changed", |_| Event::PolicyChanged),
    ]
}

fn platform() -> Vec<Happening> {
    vec![
        happening("taker types", |_| Event::ServicerActive { who: "lihua".into() }),
        happening("other types", |_| Event::ServicerActive { who: "zhaoliu".into() }),
        happening("session ended", |_| Event::SessionEnded),
        happening("moved, person", |_| Event::SessionMoved { to: SessionOwner::Person }),
        happening("moved, pool", |_| Event::SessionMoved { to: SessionOwner::Pool }),
        happening("moved, not", |_| Event::SessionMoved { to: SessionOwner::Bot }),
        happening("delivery unknown", reported),
        happening("not delivered", |case| Event::NotDelivered { msgid: lost(case), fail_type: 10 }),
        happening("another not deliv.", |_| Event::NotDelivered { msgid: "x".into(), fail_type: 10 }),
    ]
}

/// The channel does not know what became of the first part.
fn reported(case: &Case) -> Event {
    let msgid = match &case.state {
        State::Sending(sending) => message_id(case, &sending.draft, 0),
        _ => lost(case),
    };
    Event::DeliveryUnknown {
        lost: Lost { msgid, part: 0, of: 2, at: NOW, approved_by: "lihua".into() },
        text: "一".into(),
    }
}

fn way_out() -> Vec<Happening> {
    let ended = SAID + WINDOW;
    vec![
        happening("claim 0", |_| claim(0)),
        happening("claim 1", |_| claim(1)),
        happening("claim 7", |_| claim(7)),
        Happening { in_force: InForce::paused, ..happening("claim 0, paused", |_| claim(0)) },
        happening("claim 0, was paused", |_| Event::Claim { part: 0, paused_since_approval: true }),
        Happening { in_force: without_lihua, ..happening("claim 0, removed", |_| claim(0)) },
        Happening { now: ended, ..happening("claim 0, too late", |_| claim(0)) },
        happening("0 accepted", |_| settled(0, PartResult::Accepted)),
        happening("0 failed", |_| settled(0, failed(40_096))),
        happening("0 window closed", |_| settled(0, failed(95_002))),
        happening("0 unknown", |_| settled(0, PartResult::Unknown)),
        happening("0 put off", |_| settled(0, put_off(45_009))),
        happening("late: accepted", |case| late(case, PartResult::Accepted)),
        happening("late: never left", |case| late(case, failed(0))),
        happening("late: unknown", |case| late(case, PartResult::Unknown)),
        happening("probe 0", |_| Event::Probe { part: 0, paused_since_approval: false }),
        happening("probe 0, was paused", |_| Event::Probe { part: 0, paused_since_approval: true }),
        happening("1 accepted", |_| settled(1, PartResult::Accepted)),
        happening("7 accepted", |_| settled(7, PartResult::Accepted)),
    ]
}

fn without_lihua() -> InForce {
    let mut in_force = InForce::new();
    in_force.desk.people.retain(|person| person.id != "lihua");
    in_force
}

fn happenings() -> Vec<Happening> {
    [customer(), drafting_ends(), sends(), other_taps(), passing_time(), platform(), way_out()]
        .into_iter()
        .flatten()
        .collect()
}

/// Three letters for what came of it. `=` is "unchanged, but on record"; capitals are states, small letters refusals.
fn outcome(before: &Case, stepped: &Result<Step, Refusal>) -> &'static str {
    match stepped {
        Ok(step) if same(before, &step.next) => "=",
        Ok(step) => became(&step.next.state),
        Err(refusal) => refused(refusal),
    }
}

fn same(before: &Case, next: &Case) -> bool {
    (&before.state, before.version, before.generation) == (&next.state, next.version, next.generation)
}

fn became(state: &State) -> &'static str {
    match state {
        State::Drafting(_) => "D",
        State::AwaitingReview(_) => "R",
        State::NeedsPerson(stuck) => stuck_by(stuck.why),
        State::Sending(_) => "S",
        State::Unknown(_) => "U",
        State::HandedOver { .. } => "H",
        State::Closed { ending: Ending::Answered } => "Xa",
        State::Closed { ending: Ending::Rejected } => "Xr",
        State::Closed { ending: Ending::WindowLost } => "Xw",
        State::Closed { ending: Ending::AnsweredByPerson } => "Xp",
        State::Closed { ending: Ending::Withdrawn } => "Xx",
        State::Closed { ending: Ending::Dropped } => "Xd",
        State::Closed { ending: Ending::Erased } => "Xe",
    }
}

fn stuck_by(why: Why) -> &'static str {
    match why {
        Why::NoAnswer => "Nna",
        Why::HumanOnly => "Nho",
        Why::AskedForPerson => "Nap",
        Why::DraftFailed => "Ndf",
        Why::Rejected => "Nre",
        Why::SendRefused => "Nsr",
        Why::NeverLeft => "Nnl",
        Why::SendUnknown => "Nsu",
        Why::NotDelivered => "Nnd",
        Why::QuotaGone => "Nqg",
        Why::ReadOnly => "Nro",
        Why::Forbidden => "Nfw",
    }
}

fn refused(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NotPermitted(_) => "np",
        Refusal::UnknownPerson => "up",
        Refusal::AlreadyDecided(_) => "ad",
        Refusal::AlreadyDone(_) => "do",
        Refusal::Outdated { .. } => "od",
        Refusal::WrongCode => "wc",
        Refusal::NotTheHolder => "nh",
        Refusal::NothingToSend => "no",
        Refusal::Paused { .. } => "pa",
        Refusal::QuotaGone => "qg",
        Refusal::StaleEvidence => "se",
        Refusal::Closed => "cl",
        Refusal::HandedOver { .. } => "ho",
        Refusal::OnItsWay => "ow",
        Refusal::StillDrafting => "sd",
        Refusal::NobodyAbove => "na",
        Refusal::CustomerWaits => "cw",
        Refusal::SessionMoving => "sm",
        Refusal::BadText => "bt",
        Refusal::InDoubt => "id",
        Refusal::NothingInDoubt => "nd",
        Refusal::CarriedBy { .. } => "cb",
        Refusal::InHand => "ih",
        Refusal::Overtaken => "ov",
    }
}

fn decide(happening: &Happening, case: &Case) -> (Event, Result<Step, Refusal>) {
    let event = (happening.event)(case);
    let stepped = step(case, &event, &(happening.in_force)().rules(), happening.now);
    (event, stepped)
}

fn matrix() -> String {
    let shapes = shapes();
    let line = |name: &str, cells: Vec<&str>| {
        let cells: String = cells.iter().map(|cell| format!(" {cell:<3}")).collect();
        format!("{name:<20}{cells}").trim_end().to_owned()
    };
    let mut lines = vec![line("", shapes.iter().map(|(name, _)| *name).collect())];
    for happening in happenings() {
        let cells = shapes.iter().map(|(_, case)| outcome(case, &decide(&happening, case).1)).collect();
        lines.push(line(happening.name, cells));
    }
    lines.join("\n")
}

#[test]
fn every_pair_is_as_written() {
    let matrix = matrix();
    let now: Vec<&str> = matrix.lines().collect();
    let written: Vec<&str> = MATRIX.trim_matches('\n').lines().map(str::trim_end).collect();
    let differing = (0..now.len().max(written.len())).find(|at| now.get(*at) != written.get(*at));
    let (was, is) = (|at: usize| written.get(at), |at: usize| now.get(at));
    assert!(differing.is_none(), "was {:?}\nis  {:?}\n{matrix}", differing.and_then(was), differing.and_then(is));
}

#[test]
fn no_pair_goes_back_or_loses_a_message() {
    for (shape, case) in shapes() {
        for happening in happenings() {
            let (event, stepped) = decide(&happening, &case);
            let pair = format!("{} in {shape}", happening.name);
            match stepped {
                Ok(step) => forward(&pair, &case, &event, &step),
                Err(refusal) => {
                    let lost = matches!(event, Event::CustomerSaid { .. }) && !case.is_closed();
                    assert!(!lost, "{pair}: {refusal:?}");
                }
            }
        }
    }
}

fn forward(pair: &str, case: &Case, event: &Event, step: &Step) {
    let next = &step.next;
    assert!(next.version >= case.version && next.generation >= case.generation, "{pair}");
    assert_eq!((&next.id, next.number, &next.conversation), (&case.id, case.number, &case.conversation), "{pair}");
    let on_record = !step.evidence.is_empty() || next.state == case.state;
    assert!(on_record, "{pair}: the case changed and nothing is on record");
    if matches!(event, Event::CustomerSaid { .. }) {
        assert_eq!(step.evidence.first().map(|entry| entry.kind), Some(Kind::CustomerSaid), "{pair}");
        assert_eq!(next.watermark, 9, "{pair}");
    }
    let draft_changed = case.draft().is_some() && next.draft().is_some() && case.draft() != next.draft();
    assert!(!draft_changed || next.version > case.version, "{pair}: another draft under the same version");
    let reopened = case.is_closed() && !next.is_closed();
    let reported = matches!(event, Event::NotDelivered { .. } | Event::DeliveryUnknown { .. });
    assert!(!reopened || reported, "{pair}: reopened");
}

const MATRIX: &str = "
                     dr  rv  re  ro  na  ho  ap  s0  so  sc  cs  ca  s1  sl  u0  ul  un  ua  ue  ha  hp  hw  hb  xa  xr
said                 D   D   D   D   D   D   Nap D   D   S   =   =   D   S   U   U   U   U   U   =   =   =   =   cl  cl
said nothing         D   R   R   D   D   D   Nap D   D   S   =   =   D   S   U   U   U   U   U   =   =   =   =   cl  cl
wants person         Nap Nap Nap Nap Nap Nap Nap Nap Nap S   S   =   Nap S   U   U   U   U   U   =   =   =   =   cl  cl
recalled some        D   D   D   D   D   D   Nap D   D   =   =   =   D   =   U   U   U   U   U   =   =   =   =   =   =
recalled all         Xx  Xx  Xx  Xx  Xx  Xx  Xx  Xx  Xx  =   =   =   Xx  =   U   U   U   U   U   =   =   =   =   =   =
erased               Xe  Xe  Xe  Xe  Xe  Xe  Xe  Xe  Xe  ow  ow  ow  Xe  ow  Xe  Xe  Xe  Xe  Xe  Xe  Xe  Xe  Xe  cl  cl
reply                R   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
reply, above         R   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
reply, empty         Ndf ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
reply, late          ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
human only           Nho ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
no answer            Nna ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
draft failed         Ndf ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
send                 sd  S   nh  od  no  nh  no  do  do  do  do  do  do  do  id  id  id  id  nh  ad  ad  ad  ad  do  ad
send, other          sd  S   nh  od  no  nh  no  ad  ad  ad  ad  ad  ad  ad  id  id  id  id  nh  ad  ad  ad  ad  ad  ad
send, owner          sd  S   S   od  no  no  no  ad  ad  ad  ad  ad  ad  ad  id  id  id  id  id  ad  ad  ad  ad  ad  ad
send, auditor        np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np
send, stranger       up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up  up
send, old card       sd  od  nh  od  od  nh  od  ow  ow  ow  ow  ow  ow  ow  do  do  od  od  nh  ho  ho  ho  ho  cl  cl
send, no code        sd  wc  nh  wc  wc  nh  wc  do  do  do  do  do  do  do  wc  wc  wc  wc  nh  ad  ad  ad  ad  do  ad
send, paused         sd  pa  nh  pa  no  nh  no  do  do  do  do  do  do  do  id  id  id  id  nh  ad  ad  ad  ad  do  ad
edit                 sd  R   nh  R   R   nh  R   ad  ad  ad  ad  ad  ad  ad  id  id  id  id  nh  ad  ad  ad  R   ad  ad
edit, other          sd  R   nh  R   R   nh  R   ad  ad  ad  ad  ad  ad  ad  id  id  id  id  nh  ad  ad  ad  ad  ad  ad
edit, empty          bt  bt  nh  bt  bt  nh  bt  bt  bt  bt  bt  bt  bt  bt  bt  bt  bt  bt  nh  bt  bt  bt  bt  bt  bt
rewrite              sd  D   nh  D   no  nh  no  ad  ad  ad  ad  ad  ad  ad  id  id  id  id  nh  ad  ad  ad  ad  ad  ad
reject               sd  Nre nh  Nre Xr  nh  cw  ad  ad  ad  ad  ad  ad  ad  id  id  id  id  nh  ad  ad  ad  ad  ad  do
reject, owner        sd  Nre Nre Nre Xr  Xr  cw  ad  ad  ad  ad  ad  ad  ad  id  id  id  id  id  ad  ad  ad  ad  ad  ad
no answer due        sd  Xr  nh  Xr  Xr  nh  cw  ad  ad  ad  ad  ad  ad  ad  id  id  id  id  nh  ad  ad  ad  ad  ad  do
it arrived           sd  nd  nh  nd  nd  nh  nd  ad  ad  ad  ad  ad  ad  ad  R   Xa  D   Nap nh  ad  ad  ad  ad  ad  ad
it arrived, owner    sd  nd  nd  nd  nd  nd  nd  ad  ad  ad  ad  ad  ad  ad  R   Xa  D   Nap R   ad  ad  ad  ad  ad  ad
send again           sd  nd  nh  nd  nd  nh  nd  ad  ad  ad  ad  ad  ad  ad  S   S   D   Nap nh  ad  ad  ad  ad  ad  ad
send again, owner    sd  nd  nd  nd  nd  nd  nd  ad  ad  ad  ad  ad  ad  ad  S   S   D   Nap S   ad  ad  ad  ad  ad  ad
send again, auditor  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np  np
send again, paused   sd  nd  nh  nd  nd  nh  nd  ad  ad  ad  ad  ad  ad  ad  pa  pa  pa  pa  nh  ad  ad  ad  ad  ad  ad
send again, too late sd  nd  nh  nd  nd  nh  nd  ad  ad  ad  ad  ad  ad  ad  qg  qg  D   Nap nh  ad  ad  ad  ad  ad  ad
drop                 sd  nd  nh  nd  nd  nh  nd  ad  ad  ad  ad  ad  ad  ad  Xd  Xd  D   Nap nh  ad  ad  ad  ad  ad  ad
drop, other          sd  nd  nh  nd  nd  nh  nd  ad  ad  ad  ad  ad  ad  ad  Xd  Xd  D   Nap nh  ad  ad  ad  ad  ad  ad
escalate             sd  R   na  R   Nna na  Nap ad  ad  ad  ad  ad  ad  ad  U   U   U   U   na  ad  ad  ad  ad  ad  ad
take over            H   H   H   H   H   H   H   ad  ad  ad  ad  ad  ad  ad  H   H   H   H   H   do  do  do  do  ad  ad
take, other          H   H   H   H   H   H   H   ad  ad  ad  ad  ad  ad  ad  H   H   H   H   H   ad  ad  ad  ad  ad  ad
give back            ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  sm  Xp  Nap D   ov  ov
give back, other     ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  nh  nh  nh  nh  ov  ov
give back, owner     ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  sm  Xp  Nap D   ov  ov
expired              ov  R   R   R   Nna Nho Nap ov  ov  ov  ov  ov  ov  ov  U   U   U   U   U   ov  ov  ov  ov  ov  ov
expired, late        ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
window, early        =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   cl  cl
window ended         Xw  Xw  Xw  Xw  Xw  Xw  Xw  =   =   =   =   =   =   =   Xw  Xw  Xw  Xw  Xw  =   Xp  Xp  Xw  cl  cl
policy changed       ov  ov  ov  D   ov  ov  ov  ov  D   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
taker types          H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   ov  H   H   cl  cl
other types          H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   H   cl  cl
session ended        ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  Xp  Xp  Xp  Xp  ov  ov
moved, person        ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  H   ov  ov  ov  ov  ov
moved, pool          ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  H   ov  ov  ov  ov  ov
moved, not           ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  H   ov  ov  ov  ov  ov
delivery unknown     ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  U   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  U   ov
not delivered        ov  ov  ov  ov  ov  ov  ov  Nnd Nnd Nnd Nnd Nap Nnd Nnd Nnd Nnd Nnd Nap Nnd ov  ov  ov  ov  Nnd ov
another not deliv.   ov  ov  ov  ov  ov  ov  ov  Nnd Nnd Nnd Nnd Nap Nnd Nnd ov  ov  ov  ov  ov  ov  ov  ov  ov  Nnd ov
claim 0              ov  ov  ov  ov  ov  ov  ov  S   D   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
claim 1              ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  S   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
claim 7              ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
claim 0, paused      ov  ov  ov  ov  ov  ov  ov  R   D   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
claim 0, was paused  ov  ov  ov  ov  ov  ov  ov  R   D   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
claim 0, removed     ov  ov  ov  ov  ov  ov  ov  R   D   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
claim 0, too late    ov  ov  ov  ov  ov  ov  ov  Xw  D   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
0 accepted           =   =   =   =   =   =   =   =   =   S   D   Nap =   =   =   =   =   =   =   =   =   =   =   =   =
0 failed             =   =   =   =   =   =   =   =   =   Nsr Nsr Nap =   =   =   =   =   =   =   =   =   =   =   =   =
0 window closed      =   =   =   =   =   =   =   =   =   Xw  Nsr Nap =   =   =   =   =   =   =   =   =   =   =   =   =
0 unknown            =   =   =   =   =   =   =   =   =   U   U   U   =   =   =   =   =   =   =   =   =   =   =   =   =
0 put off            =   =   =   =   =   =   =   =   =   S   D   Nap =   =   =   =   =   =   =   =   =   =   =   =   =
late: accepted       =   =   =   =   =   =   =   =   =   =   =   =   =   =   R   Xa  D   Nap R   =   =   =   =   =   =
late: never left     =   =   =   =   =   =   =   =   =   =   =   =   =   =   Nnl Nnl Nnl Nap Nnl =   =   =   =   =   =
late: unknown        ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
probe 0              ov  ov  ov  ov  ov  ov  ov  ov  ov  =   ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
probe 0, was paused  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov  ov
1 accepted           =   =   =   =   =   =   =   =   =   =   =   =   =   Xa  =   =   =   =   =   =   =   =   =   =   =
7 accepted           =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =   =
";
