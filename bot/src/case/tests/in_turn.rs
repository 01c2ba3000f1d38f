//! Cases taken by turn: the rules one by one, and a simulated desk in which nobody holds too much, nothing is held by
//! two and nothing is forgotten.

use std::collections::BTreeMap;

use super::shapes::*;
use crate::case::{Case, Decision, Effect, Event, Level, Outcome, PausedBy, Refusal, Roster, State, Step};
use crate::clock::{MINUTE, SECOND, Timestamp};
use crate::desk::{Dispatch, Person, Role};

fn by_turn() -> InForce {
    let mut in_force = InForce::new();
    in_force.channel().dispatch = Dispatch::Turn;
    in_force
}

fn happens(in_force: &InForce, case: &Case, event: &Event) -> Step {
    in_force.step(case, event).unwrap_or_else(|refusal| panic!("{event:?}: {refusal:?}"))
}

fn waiting(in_force: &InForce) -> Case {
    happens(in_force, &drafting(), &drafted(1, reply(&["一"], REVIEWER))).next
}

fn dealt(to: &str) -> Event {
    Event::Dealt { to: to.into() }
}

fn held(in_force: &InForce) -> Case {
    happens(in_force, &waiting(in_force), &dealt("lihua")).next
}

fn cards(step: &Step) -> Vec<&str> {
    let cards = step.effects.iter().filter_map(|effect| match effect {
        Effect::PostCard { person } => Some(person.as_str()),
        _ => None,
    });
    cards.collect()
}

#[test]
fn a_new_case_waits_and_asks_to_be_dealt() {
    let in_force = by_turn();
    let step = happens(&in_force, &drafting(), &drafted(1, reply(&["一"], REVIEWER)));
    assert!(step.next.waits() && step.effects.contains(&Effect::Deal), "{:?}", step.effects);
    assert_eq!(cards(&step), [""; 0]);
    assert_eq!(step.next.due(), Some(NOW + 60 * MINUTE), "it has a due time all the same");
    let step = happens(&in_force, &step.next, &dealt("zhaoliu"));
    assert_eq!((cards(&step), step.next.due()), (vec!["zhaoliu"], Some(NOW + 10 * MINUTE)));
    assert!(!step.effects.contains(&Effect::Deal));
}

#[test]
fn a_case_is_given_only_to_whoever_is_there_and_has_not_had_it() {
    let mut in_force = by_turn();
    let case = waiting(&in_force);
    for nobody in ["wangwu", "sunqi", "stranger"] {
        assert_eq!(in_force.step(&case, &dealt(nobody)), Err(Refusal::Overtaken), "{nobody}");
    }
    assert_eq!(in_force.step(&held(&in_force), &dealt("zhaoliu")), Err(Refusal::Overtaken), "one holder");
    in_force.paused = Some(PausedBy { person: "chenjie".into() });
    assert_eq!(in_force.step(&case, &dealt("lihua")), Err(Refusal::Overtaken), "a pause");
    in_force.paused = None;
    in_force.off_duty.insert("lihua".into());
    assert_eq!(in_force.step(&case, &dealt("lihua")), Err(Refusal::Overtaken), "off duty");
}

#[test]
fn everything_that_ends_a_turn_makes_room() {
    let in_force = by_turn();
    let case = held(&in_force);
    for decision in [Decision::Send, Decision::Escalate, Decision::TakeOver, reject(false), reject(true)] {
        let step = happens(&in_force, &case, &tap(&case, "lihua", decision.clone()));
        assert_eq!(step.next.in_turn.holder, None, "{decision:?}");
        assert!(step.effects.contains(&Effect::Deal), "{decision:?}");
    }
    let edited = happens(&in_force, &case, &tap(&case, "lihua", edit(&["三"])));
    assert_eq!((edited.next.in_turn.holder.as_deref(), cards(&edited)), (Some("lihua"), vec!["lihua"]));
    assert!(!edited.effects.contains(&Effect::Deal), "an edit keeps the case");
    let rejected = happens(&in_force, &case, &tap(&case, "lihua", reject(false))).next;
    assert!(rejected.waits() && rejected.in_turn.passed == ["lihua"]);
}

#[test]
fn an_untouched_case_passes_from_one_to_the_next_and_then_up() {
    let mut in_force = by_turn();
    let mut case = held(&in_force);
    for next in ["zhaoliu", "zhouba"] {
        in_force.next_holder = Some(next.into());
        let due = case.due().unwrap();
        let step = happens(&in_force, &case, &Event::ReviewExpired { due });
        let outcome = Outcome::PassedOn { to: Some(next.into()) };
        assert!(step.effects.contains(&Effect::SettleCards(outcome)) && cards(&step) == [next], "{:?}", step.effects);
        case = step.next;
    }
    let due = case.due().unwrap();
    let step = happens(&in_force, &case, &Event::ReviewExpired { due });
    assert_eq!((step.next.level(), cards(&step)), (Some(Level::EscalationOwner), vec!["wangwu"]));
    assert!(step.effects.contains(&Effect::Deal) && step.next.in_turn.passed.is_empty());
}

#[test]
fn without_room_elsewhere_it_waits_and_then_goes_up() {
    let in_force = by_turn();
    let case = held(&in_force);
    let due = case.due().unwrap();
    let step = happens(&in_force, &case, &Event::ReviewExpired { due });
    assert!(step.next.waits() && step.effects.contains(&Effect::SettleCards(Outcome::PassedOn { to: None })));
    let due = step.next.due().unwrap();
    let step = happens(&in_force, &step.next, &Event::ReviewExpired { due });
    assert_eq!((step.next.level(), cards(&step)), (Some(Level::EscalationOwner), vec!["wangwu"]));
}

#[test]
fn whoever_writes_keeps_the_case() {
    let mut in_force = by_turn();
    let case = held(&in_force);
    in_force.editing = Some(NOW + 3 * MINUTE);
    let due = case.due().unwrap();
    let step = happens(&in_force, &case, &Event::ReviewExpired { due });
    assert_eq!((step.next.in_turn.holder.as_deref(), step.next.due()), (Some("lihua"), Some(NOW + 3 * MINUTE)));
    assert_eq!(in_force.step(&case, &Event::PutBack { to: None }), Err(Refusal::Overtaken));
    in_force.editing = Some(NOW);
    assert!(happens(&in_force, &case, &Event::PutBack { to: None }).next.waits());
}

#[test]
fn the_customers_next_words_change_neither_holder_nor_age() {
    let in_force = by_turn();
    let case = held(&in_force);
    let again = happens(&in_force, &case, &said(2));
    assert_eq!(again.next.in_turn, case.in_turn, "also while it is drafted again");
    assert!(!again.effects.contains(&Effect::Deal), "the slot is kept");
    let back = happens(&in_force, &again.next, &drafted(2, reply(&["二"], REVIEWER)));
    assert_eq!((back.next.in_turn.holder.as_deref(), cards(&back)), (Some("lihua"), vec!["lihua"]));
}

#[test]
fn nobody_left_means_the_next_level() {
    let mut in_force = by_turn();
    let case = waiting(&in_force);
    assert_eq!(in_force.step(&case, &Event::Undealt), Err(Refusal::Overtaken), "people are there");
    in_force.off_duty = ["lihua", "zhaoliu", "zhouba"].map(String::from).into();
    let step = happens(&in_force, &case, &Event::Undealt);
    assert_eq!((step.next.level(), cards(&step)), (Some(Level::EscalationOwner), vec!["wangwu"]));
    in_force.channel().dispatch = Dispatch::All;
    in_force.off_duty.clear();
    let step = happens(&in_force, &case, &Event::Undealt);
    assert_eq!(cards(&step), ["lihua", "zhaoliu", "zhouba"], "a channel that asks all again");
    let step = happens(&in_force, &held(&by_turn()), &Event::PutBack { to: None });
    assert_eq!(cards(&step), ["lihua", "zhaoliu", "zhouba"], "also about what somebody held");
    let step = happens(&in_force, &case, &Event::WindowEnded);
    assert!(step.next.waits(), "what nobody was asked about is not lost sight of");
}

#[test]
fn whoever_holds_least_is_next_and_nobody_is_always_first() {
    let mut roster = Roster::new(2);
    roster.on_duty("kf", vec!["a".into(), "b".into(), "c".into()]);
    let case = |number, passed: &[&str]| {
        let mut case = opened(SAID);
        case.number = number;
        case.in_turn.passed = passed.iter().map(|p| (*p).to_owned()).collect();
        case
    };
    assert_eq!([0, 1, 2, 3].map(|n| roster.next(&case(n, &[])).unwrap().to_owned()), ["a", "b", "c", "a"]);
    roster.holds("a", 1);
    assert_eq!(roster.next(&case(0, &[])), Some("b"));
    roster.holds("b", 2);
    roster.holds("c", 2);
    assert_eq!((roster.next(&case(0, &[])), roster.next(&case(0, &["a"]))), (Some("a"), None));
    roster.let_go("c");
    assert_eq!(roster.next(&case(0, &["a"])), Some("c"));
    assert!(!roster.anybody_left("kf", &["a".into(), "b".into(), "c".into()]) && !roster.has_room("other"));
}

/// A desk with many reviewers and cases, dealt to as the program deals.
struct SimulatedDesk {
    in_force: InForce,
    cases: Vec<Case>,
    waiting: BTreeMap<(i64, Timestamp, i64), usize>,
    held: BTreeMap<String, usize>,
    now: Timestamp,
    state: u64,
}

const MOST: usize = 3;

impl SimulatedDesk {
    fn new(seed: u64, reviewers: usize, cases: usize) -> Self {
        let mut in_force = by_turn();
        in_force.desk.people.retain(|person| person.id == "wangwu" || person.id == "chenjie");
        let ids: Vec<String> = (0..reviewers).map(|n| format!("r{n}")).collect();
        let person = |id: &String| Person {
            id: id.clone(),
            name: id.clone(),
            wecom: Some(id.clone()),
            telegram: None,
            surfaces: Vec::new(),
            roles: vec![Role::Reviewer],
            hours: vec![],
        };
        in_force.desk.people.extend(ids.iter().map(person));
        in_force.channel().permitted = ids;
        let mut desk = Self {
            in_force,
            cases: Vec::new(),
            waiting: BTreeMap::new(),
            held: BTreeMap::new(),
            now: NOW,
            state: seed,
        };
        for number in 0..cases {
            let mut case = drafting();
            (case.id, case.number) = (format!("case-{number}"), i64::try_from(number).unwrap());
            desk.cases.push(case);
            let mut proposal = proposal(&["一"], REVIEWER);
            proposal.verdict.risk = if desk.below(4) == 0 { cards::Risk::Medium } else { cards::Risk::Low };
            desk.happens(number, &drafted(1, crate::case::Drafted::Reply(Box::new(proposal))));
        }
        desk
    }

    fn below(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % bound
    }

    fn happens(&mut self, at: usize, event: &Event) -> bool {
        let before = self.cases[at].clone();
        self.now += 1;
        let Ok(step) = crate::case::step(&before, event, &self.in_force.rules(), self.now) else { return false };
        let key = |case: &Case| (case.queue_rank(), case.in_turn.since.unwrap_or(0), case.number);
        if before.waits() {
            self.waiting.remove(&key(&before));
        }
        if let Some(holder) = &before.in_turn.holder {
            *self.held.get_mut(holder).unwrap() -= 1;
        }
        if step.next.waits() {
            self.waiting.insert(key(&step.next), at);
        }
        if let Some(holder) = &step.next.in_turn.holder {
            *self.held.entry(holder.clone()).or_default() += 1;
            assert!(self.held[holder] <= MOST, "{holder} holds {}", self.held[holder]);
        }
        assert!(cards(&step).len() <= 1, "one phone: {:?}", step.effects);
        assert!(step.next.is_closed() || !step.next.waits() || step.next.due() > Some(self.now), "a due time ahead");
        self.cases[at] = step.next;
        true
    }

    fn roster(&self) -> Roster {
        let mut roster = Roster::new(MOST);
        let there = self.in_force.desk.reviewers_on_duty(&self.in_force.desk.channels[0], &self.in_force.off_duty);
        roster.on_duty("kf", there);
        self.held.iter().for_each(|(person, cases)| roster.holds(person, *cases));
        roster
    }

    fn deal(&mut self) {
        for at in 0..self.cases.len() {
            let holder = self.cases[at].in_turn.holder.clone();
            if holder.is_some_and(|holder| self.in_force.off_duty.contains(&holder)) {
                let to = self.roster().next(&self.cases[at]).map(str::to_owned);
                self.happens(at, &Event::PutBack { to });
            }
        }
        let order: Vec<usize> = self.waiting.values().copied().collect();
        for at in order {
            let roster = self.roster();
            let case = &self.cases[at];
            match roster.next(case).map(str::to_owned) {
                Some(to) => drop(self.happens(at, &Event::Dealt { to })),
                None if !roster.anybody_left("kf", &case.in_turn.passed) => drop(self.happens(at, &Event::Undealt)),
                None if !roster.has_room("kf") => break,
                None => {}
            }
        }
    }

    fn deadlines(&mut self) {
        for at in 0..self.cases.len() {
            let Some(due) = self.cases[at].due().filter(|due| *due <= self.now) else { continue };
            let mut leaving = self.cases[at].clone();
            leaving.in_turn.passed.extend(leaving.in_turn.holder.clone());
            self.in_force.next_holder = self.roster().next(&leaving).map(str::to_owned);
            self.happens(at, &Event::ReviewExpired { due });
            self.in_force.next_holder = None;
        }
    }

    /// Ten seconds at the desk.
    fn goes_on(&mut self) {
        self.now += 10 * SECOND;
        for at in 0..self.cases.len() {
            let case = self.cases[at].clone();
            let who = match (&case.in_turn.holder, case.level()) {
                (Some(holder), _) => holder.clone(),
                (None, Some(Level::EscalationOwner)) => "wangwu".to_owned(),
                _ => continue,
            };
            let decision = match self.below(40) {
                0..4 => Decision::Send,
                4 => Decision::Escalate,
                5 => Decision::TakeOver,
                6 => reject(false),
                7 => edit(&["三"]),
                _ => continue,
            };
            self.happens(at, &tap(&case, &who, decision));
        }
        let person = format!("r{}", self.below(self.in_force.desk.channels[0].permitted.len()));
        if !self.in_force.off_duty.remove(&person) && self.below(3) == 0 {
            self.in_force.off_duty.insert(person);
        }
        self.deadlines();
        self.deal();
    }

    fn open(&self) -> usize {
        let open = |case: &&Case| matches!(case.state, State::AwaitingReview(_) | State::NeedsPerson(_));
        self.cases.iter().filter(open).count()
    }
}

#[test]
fn many_cases_and_few_people() {
    for seed in 0..20 {
        let mut desk = SimulatedDesk::new(seed, 5, 120);
        desk.deal();
        let mut rounds = 0;
        while desk.open() > 0 {
            desk.goes_on();
            let lost = |case: &&Case| case.due().is_some_and(|due| due + MINUTE < desk.now);
            assert_eq!(desk.cases.iter().find(lost), None, "seed {seed}: forgotten");
            rounds += 1;
            assert!(rounds < 4_000, "seed {seed}: {} cases are still open", desk.open());
        }
        assert!(desk.held.values().all(|cases| *cases == 0) && desk.waiting.is_empty(), "seed {seed}");
    }
}
