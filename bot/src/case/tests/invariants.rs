//! What must hold after every step, whatever happened: read from the record and the world's own books, not from the
//! core's state alone.

use sha2::{Digest, Sha256};

use super::world::{Job, Logged, PEOPLE, World};
use crate::case::{
    Case, Decision, Ending, Event, KEPT_FOR_HANDOVER, Meanwhile, Part, PartResult, SessionOwner, State, digest,
};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::{self, Level, Power, Route};

impl World {
    /// What must hold for an entry at the moment it is written; earlier entries are in the log already.
    pub(super) fn check_entry(&self, before: &Case, next: &Case, entry: &Entry) {
        match entry.kind {
            Kind::SendClaimed => self.check_claim(next, entry),
            Kind::Decided => self.check_decision(before, entry),
            Kind::Edited | Kind::Rejected | Kind::SendResolved => self.check_single_winner(before, entry),
            _ => {}
        }
    }

    /// A claim rests on a recorded, unspent, unrevoked approval of exactly what was shown.
    fn check_claim(&self, next: &Case, entry: &Entry) {
        let State::Sending(sending) = &next.state else { panic!("claimed outside Sending") };
        let (draft, part) = (&sending.draft, entry.payload["part"].as_u64().unwrap() as usize);
        let decided = self.authority(&draft.digest);
        let approval = self.entry(decided);
        assert_eq!(entry.payload["digest"], draft.digest);
        assert_eq!(approval.payload["parts"], serde_json::json!(draft.parts), "other parts were approved");
        assert_eq!(approval.actor, Actor::Person(sending.authority.approver().unwrap_or_default().to_owned()));
        assert!(self.still_valid(decided, &draft.digest), "the approval was void or a pause was declared since");
        assert!(self.in_force.paused.is_none(), "claimed while paused");
        let bound = digest(&next.conversation, draft.version, draft.watermark, &draft.policy, &draft.parts);
        assert_eq!(draft.digest, bound, "the digest is not the draft's");
        let shown = &self.shown[&draft.version];
        assert_eq!((&shown.parts, &shown.digest), (&draft.parts, &draft.digest), "this was never on show");
        assert_eq!(entry.payload["body_sha256"], hex::encode(Sha256::digest(&shown.parts[part])));
        assert_eq!(draft.watermark, self.seq, "the customer wrote since the draft");
        assert_eq!(draft.policy, self.in_force.policy, "approved under another policy");
        let judged = format!("[{}]", self.in_force.policy);
        assert!(draft.parts[part].ends_with(&judged), "judged under another policy: {}", draft.parts[part]);
        self.check_rights(sending.authority.approver().unwrap_or_default(), &draft.verdict.route);
        self.check_order(draft.version, part);
        self.check_budget(next);
    }

    fn check_order(&self, version: i64, part: usize) {
        for earlier in 0..part {
            let fate = self.claims.get(&(version, earlier)).and_then(|claimed| claimed.result.clone());
            assert_eq!(fate, Some(PartResult::Accepted), "part {part} left before part {earlier} arrived");
        }
    }

    fn check_budget(&self, next: &Case) {
        assert!(self.now < self.window_ends, "claimed after the window");
        assert!(super::shapes::quota(next) >= KEPT_FOR_HANDOVER, "a reply spent the message kept for the hand-over");
        assert!(self.platform_quota > KEPT_FOR_HANDOVER, "the platform's own count is spent");
    }

    fn check_rights(&self, id: &str, route: &Route) {
        let rules = self.in_force.rules();
        let person = rules.desk.person(id).unwrap_or_else(|| panic!("{id} was removed"));
        assert_eq!(policy::may(person, Power::Decide, Some(rules.channel)), Ok(()), "{id} lost the right");
        if *route != Route::Review(Level::Reviewer) {
            let owner = rules.channel.escalation_owner.as_deref() == Some(id);
            let above = policy::may(person, Power::DecideHighRisk, Some(rules.channel)).is_ok();
            assert!(owner || above, "{id} may not decide about high risk");
        }
    }

    fn check_decision(&self, before: &Case, entry: &Entry) {
        self.check_single_winner(before, entry);
        let (draft, level) = match &before.state {
            State::AwaitingReview(review) => (&review.draft, review.level),
            State::Unknown(doubt) => (&doubt.draft, doubt.level),
            other => panic!("approved in {other:?}"),
        };
        assert!(self.in_force.paused.is_none(), "approved while paused");
        assert_eq!(draft.watermark, self.seq, "approved an answer to an older message");
        let Actor::Person(id) = &entry.actor else { panic!("approved by {}", entry.actor) };
        assert!(PEOPLE.contains(&id.as_str()));
        self.check_rights(id, &draft.verdict.route);
        if level == crate::case::Level::EscalationOwner {
            self.check_rights(id, &Route::HumanOnly);
        }
    }

    /// At most one of approve, edit and reject per version. Who took over answers with an own text, about no version.
    fn check_single_winner(&self, before: &Case, entry: &Entry) {
        if matches!(before.state, State::HandedOver { .. }) {
            return;
        }
        // Sending again says that it did not arrive, and approves: one tap, two entries.
        let sent_again = entry.payload["decision"] == "send_again";
        let decisive = |kind| match kind {
            Kind::Decided | Kind::Edited | Kind::Rejected => true,
            Kind::SendResolved => !sent_again,
            _ => false,
        };
        let version = &entry.payload["version"];
        let entries = self.log.iter().filter_map(|logged| match logged {
            Logged::Entry(entry) => Some(entry),
            Logged::Pause => None,
        });
        let earlier = entries.filter(|e| decisive(e.kind) && e.payload["version"] == *version);
        let earlier: Vec<Kind> = earlier.map(|e| e.kind).collect();
        assert_eq!(before.version, version.as_i64().unwrap(), "decided about a version that is not shown");
        assert_eq!(earlier, [], "version {version} was decided before");
    }

    /// Where in the log the approval of this digest stands.
    fn authority(&self, digest: &str) -> usize {
        let approves = |logged: &Logged| match logged {
            Logged::Entry(entry) => entry.kind == Kind::Decided && entry.payload["digest"] == digest,
            Logged::Pause => false,
        };
        self.log.iter().position(approves).expect("claimed without a recorded approval")
    }

    fn entry(&self, at: usize) -> &Entry {
        match &self.log[at] {
            Logged::Entry(entry) => entry,
            Logged::Pause => panic!("not an entry"),
        }
    }

    fn still_valid(&self, decided: usize, digest: &str) -> bool {
        self.log[decided..].iter().all(|logged| match logged {
            Logged::Entry(entry) => {
                entry.kind != Kind::AuthorityVoided || entry.payload["approval"]["digest"] != digest
            }
            Logged::Pause => false,
        })
    }

    /// What must hold between the case before and after a step.
    pub(super) fn check_step(&self, before: &Case, event: &Event, evidence: &[Entry]) {
        let case = &self.case;
        assert!(case.version >= before.version, "the version went down");
        assert!(case.generation >= before.generation, "the generation went down");
        assert!(case.watermark >= before.watermark, "the watermark went down");
        assert!(case.watermark == self.seq, "the customer's newest message was forgotten");
        assert!((0..=super::shapes::QUOTA).contains(&super::shapes::quota(case)), "quota {:?}", case.window);
        let voided = evidence.iter().filter(|entry| entry.kind == Kind::AuthorityVoided).count();
        assert!(voided <= 1, "an authority was voided {voided} times in one step");
        if matches!(event, Event::CustomerSaid { .. }) {
            assert_eq!(
                evidence.first().map(|entry| entry.kind),
                Some(Kind::CustomerSaid),
                "a message was not recorded"
            );
        }
        if let (State::AwaitingReview(old), State::AwaitingReview(new)) = (&before.state, &case.state) {
            let same = old.draft == new.draft;
            assert!(same || case.version > before.version, "another draft under the same version");
        }
        let theirs = |case: &Case| matches!(case.state, State::HandedOver { session: SessionOwner::Person, .. });
        let kept = theirs(case) || case.is_closed();
        assert!(!theirs(before) || kept, "a person's session came back to us: {:?}", case.state);
        let silent = matches!(case.state, State::Drafting(_) | State::AwaitingReview(_));
        assert!(!(self.asked && silent), "the customer asked for a person and gets {:?}", case.state);
        if let State::Closed { ending } = case.state
            && !before.is_closed()
        {
            self.check_ending(before, event, ending, evidence);
        }
        assert!(!before.is_closed() || case.is_closed() || matches!(event, Event::NotDelivered { .. }), "reopened");
    }

    fn check_ending(&self, before: &Case, event: &Event, ending: Ending, evidence: &[Entry]) {
        let closed: Vec<&Entry> = evidence.iter().filter(|entry| entry.kind == Kind::CaseClosed).collect();
        assert_eq!(closed.len(), 1, "a case ends once, on record");
        assert_eq!(closed[0].payload["ending"], serde_json::json!(ending));
        let holds = match ending {
            Ending::Answered => self.all_arrived(before) || self.arrived_after_all(before, event),
            Ending::WindowLost => self.now >= self.window_ends,
            Ending::Rejected => evidence.iter().any(|entry| entry.kind == Kind::Rejected),
            Ending::AnsweredByPerson => matches!(before.state, State::HandedOver { .. }),
            Ending::Dropped => evidence.iter().any(|e| e.payload["how"] == "dropped"),
            Ending::Withdrawn => matches!(event, Event::CustomerRecalled { anything_left: false, .. }),
            Ending::Erased => matches!(event, Event::CustomerErased { .. }),
        };
        assert!(holds, "{ending:?} after {event:?} in {:?}", before.state);
    }

    /// Every part of the answer to the newest message arrived.
    fn all_arrived(&self, before: &Case) -> bool {
        let State::Sending(sending) = &before.state else { return false };
        let arrived = |part| {
            let claimed = self.claims.get(&(sending.draft.version, part));
            claimed.is_some_and(|claimed| claimed.result == Some(PartResult::Accepted))
        };
        sending.draft.watermark == self.seq && (0..sending.draft.parts.len()).all(arrived)
    }

    /// A person or, late, the platform says of the last part that it arrived.
    fn arrived_after_all(&self, before: &Case, event: &Event) -> bool {
        let late = matches!(event, Event::SettledLate { result: PartResult::Accepted, .. });
        let said = matches!(event, Event::Tapped(tap) if tap.decision == Decision::Delivered);
        let (draft, by_person) = match &before.state {
            State::Unknown(doubt) if doubt.meanwhile == Meanwhile::Nothing => (&doubt.draft, said),
            State::Sending(sending) if sending.draft.supersedes.is_some() => (&sending.draft, false),
            State::AwaitingReview(review) if review.draft.supersedes.is_some() => (&review.draft, false),
            _ => return false,
        };
        (late || by_person) && draft.parts.len() == 1 && draft.watermark == self.seq
    }

    /// No dead end: whatever is open has work of its own waiting, or a person answers.
    pub(super) fn check_pending(&self) {
        let waits = |job: &Job| self.jobs.iter().any(|(_, waiting)| waiting == job);
        let kind = |of: fn(&Job) -> bool| self.jobs.iter().any(|(_, waiting)| of(waiting));
        let going_on = match &self.case.state {
            State::Drafting(_) => {
                let generation = self.case.generation;
                waits(&Job::Look { generation })
                    || kind(|job| matches!(job, Job::Bring { .. })) && self.brings(generation)
            }
            State::AwaitingReview(review) => waits(&Job::ReviewDeadline { due: review.due }),
            State::NeedsPerson(stuck) => waits(&Job::ReviewDeadline { due: stuck.due }),
            State::Unknown(doubt) => waits(&Job::ReviewDeadline { due: doubt.due }),
            State::Sending(sending) => match sending.next_part() {
                _ if sending.parts.contains(&Part::Claimed) => kind(|job| matches!(job, Job::Answer { .. })),
                Some(part) => waits(&Job::Send { part }),
                None => false,
            },
            State::HandedOver { session: SessionOwner::Asked, .. } => waits(&Job::Transfer),
            State::HandedOver { .. } | State::Closed { .. } => true,
        };
        assert!(going_on, "nothing will ever happen to {:?}; waiting: {:?}", self.case.state, self.jobs);
        let theirs = matches!(
            &self.case.state,
            State::HandedOver { session: SessionOwner::Person | SessionOwner::Pool, .. } | State::Closed { .. }
        );
        let ends = theirs || waits(&Job::WindowDeadline);
        assert!(ends, "no deadline will ever end {:?}", self.case.state);
    }

    fn brings(&self, wanted: i64) -> bool {
        self.jobs.iter().any(|(_, job)| matches!(job, Job::Bring { generation, .. } if *generation == wanted))
    }
}
