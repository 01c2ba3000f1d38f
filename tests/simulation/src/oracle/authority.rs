//! Authority first: each message that left rests on a recorded, unspent, unrevoked approval of exactly what was on a
//! phone, by somebody who may, with nothing newer said, no pause since, and in the order of the decisions.

use sha2::{Digest, Sha256};

use super::{Approval, Leaving, Oracle, texts};
use crate::case::{Decision, digest};
use crate::evidence::{Actor, Entry};
use crate::happening::{Press, WireId};
use crate::policy::{self, Power};
use crate::shop::NOTICE;
use crate::store::Store;

impl Oracle {
    /// Somebody approved: exactly what their phone showed, as the newest version, while nothing was paused.
    pub(super) fn decided(&mut self, talk: usize, case: usize, entry: &Entry, store: &Store) {
        self.single_winner(talk, case, entry);
        let parts = texts(&entry.payload["parts"]);
        let bound = entry.payload["code"].as_str();
        let wanted = |press: &Press| {
            matches!(press.decision, Decision::Send | Decision::SendAgain)
                && press.shown == parts
                && Some(press.code.as_str()) == bound
        };
        let press = self.pressed(case, entry, wanted);
        let person =
            press.unwrap_or_else(|| panic!("nobody approved these words on a phone: {entry:?}")).person.clone();
        self.check_rights(&person, self.talks[talk].channel, store);
        self.authorised(talk, case, entry, (Some(person), parts), store);
    }

    /// The policy let a reply out by itself: marked, where that was open.
    pub(super) fn permitted(&mut self, talk: usize, case: usize, entry: &Entry, store: &Store) {
        let parts = texts(&entry.payload["parts"]);
        assert!(self.is_open(talk), "permitted where nothing may leave by itself");
        assert_eq!(entry.actor, Actor::Policy(store.policy.to_string()));
        assert!(parts.iter().all(|part| part.ends_with(NOTICE)), "permitted without the mark: {parts:?}");
        self.authorised(talk, case, entry, (None, parts), store);
    }

    fn is_open(&self, talk: usize) -> bool {
        self.open.contains(&(self.talks[talk].channel as u64))
    }

    /// Exactly these words may leave, as an answer to the newest message, while nothing was paused.
    fn authorised(
        &mut self,
        talk: usize,
        case: usize,
        entry: &Entry,
        (person, parts): (Option<String>, Vec<String>),
        store: &Store,
    ) {
        let number = |name: &str| entry.payload[name].as_i64().unwrap_or_default();
        let text = |name: &str| entry.payload[name].as_str().unwrap_or_default().to_owned();
        let (known, policy) = (&self.talks[talk], text("policy"));
        assert_eq!(number("watermark"), known.newest_seq, "approved an answer to an older message");
        let open = &store.conversations[talk].id;
        let bound = digest(open, number("version"), number("watermark"), &policy, &parts);
        assert_eq!(text("digest"), bound, "the digest is not that of what was approved");
        assert!(!self.paused(talk), "approved while paused");
        let part = |body| Leaving { body, id: None, claimed: None, began: 0, accepted: false, settled: None };
        let (order, digest) = (self.order, bound);
        let parts = parts.into_iter().map(part).collect();
        self.talks[talk].approvals.push(Approval { order, case, person, digest, policy, parts, voided: false });
    }

    fn paused(&self, talk: usize) -> bool {
        let channel = self.talks[talk].channel;
        self.pauses.iter().any(|pause| !pause.lifted && pause.scope.covers(channel, talk))
    }

    /// A pause in scope that was declared after an approval ends it, lifted since or not.
    fn paused_since(&self, talk: usize, order: u64) -> impl Iterator<Item = &super::Pause> {
        let channel = self.talks[talk].channel;
        self.pauses.iter().filter(move |pause| pause.order > order && pause.scope.covers(channel, talk))
    }

    fn check_rights(&self, id: &str, channel: usize, store: &Store) {
        let person = store.desk.person(id).unwrap_or_else(|| panic!("{id}, whom nobody knows, decided"));
        let may = policy::may(person, Power::Decide, store.desk.channels.get(channel));
        assert_eq!(may, Ok(()), "{id} may not decide");
    }

    /// A part is let out.
    pub(super) fn claimed(&mut self, talk: usize, case: usize, entry: &Entry, store: &Store) {
        let digest = entry.payload["digest"].as_str().unwrap_or_default();
        let part = entry.payload["part"].as_u64().unwrap_or_default() as usize;
        let known = &self.talks[talk];
        let at = known.approvals.iter().position(|approval| approval.digest == digest && approval.case == case);
        let at = at.unwrap_or_else(|| panic!("claimed without a recorded approval: {entry:?}"));
        let approval = &known.approvals[at];
        assert!(!approval.voided, "claimed by an approval that was void: {entry:?}");
        match &approval.person {
            Some(person) => {
                assert_eq!(entry.actor, Actor::Person(person.clone()));
                self.check_rights(person, known.channel, store);
            }
            None => {
                assert_eq!(entry.actor, Actor::Policy(approval.policy.clone()));
                assert!(self.is_open(talk), "a permit was used where nothing may leave by itself any more");
            }
        }
        assert!(known.newest_said < approval.order, "the customer wrote since the approval");
        assert_eq!(approval.policy, *store.policy, "approved under another policy");
        assert_eq!(self.paused_since(talk, approval.order).count(), 0, "a pause was declared since the approval");
        let earlier = |leaving: &Leaving| leaving.settled.as_deref() == Some("accepted");
        assert!(approval.parts[..part].iter().all(earlier), "part {part} is let out before an earlier one arrived");
        let leaving = &approval.parts[part];
        let again = leaving.settled.as_deref() == Some("put_off");
        assert!(leaving.claimed.is_none() || again, "part {part} was let out twice");
        assert_eq!(
            entry.payload["body_sha256"],
            hex::encode(Sha256::digest(&leaving.body)),
            "other bytes were let out"
        );
        let order = self.order;
        let leaving = &mut self.talks[talk].approvals[at].parts[part];
        leaving.id = entry.payload["msgid"].as_str().map(str::to_owned);
        (leaving.claimed, leaving.began, leaving.settled) = (Some(order), 0, None);
    }

    /// The fate of a part is known.
    pub(super) fn settled(&mut self, talk: usize, case: usize, entry: &Entry) {
        let part = entry.payload["part"].as_u64().unwrap_or_default() as usize;
        let result = entry.payload["result"]["result"].as_str().unwrap_or_default().to_owned();
        self.figures.unknown += usize::from(result == "unknown");
        let (late, id) = (entry.payload["late"] == true, entry.payload["msgid"].as_str());
        let mut approvals = self.talks[talk].approvals.iter_mut().rev().filter(|approval| approval.case == case);
        let meant = |leaving: &&mut Leaving| match late {
            true => leaving.id.as_deref() == id,
            false => leaving.claimed.is_some() && leaving.settled.is_none(),
        };
        let Some(leaving) = approvals.find_map(|approval| approval.parts.get_mut(part).filter(meant)) else { return };
        assert!(result != "accepted" || leaving.accepted, "recorded as accepted what the platform never accepted");
        assert!(!late || leaving.settled.as_deref() == Some("unknown"), "late, but not missed: {entry:?}");
        leaving.settled = Some(result);
    }

    /// The platform says so before its answer came: that is the fate.
    pub(super) fn not_delivered(&mut self, talk: usize, entry: &Entry) {
        let id = entry.payload["msgid"].as_str();
        let mut parts = self.talks[talk].approvals.iter_mut().flat_map(|approval| &mut approval.parts);
        let open = parts.find(|leaving| leaving.id.as_deref() == id && leaving.settled.is_none());
        open.into_iter().for_each(|leaving| leaving.settled = Some("not_delivered".into()));
    }

    pub(super) fn voided(&mut self, talk: usize, entry: &Entry) {
        let digest = entry.payload["approval"]["digest"].as_str().unwrap_or_default();
        let approvals = self.talks[talk].approvals.iter_mut();
        approvals.filter(|approval| approval.digest == digest).for_each(|approval| approval.voided = true);
    }

    /// The first byte of a request left: what was let out, once, to whom it was for, and nothing after a pause that the
    /// pause's acknowledgement does not name.
    pub(super) fn request_began(&mut self, talk: usize, id: &WireId, body: &str) {
        self.figures.requests += 1;
        // Where the platform refuses a second use of an id, a lost answer is asked for again under the same id.
        let most = if self.duplicate_known { 4 } else { 1 };
        let leaves = |leaving: &Leaving| {
            leaving.body == body
                && leaving.id.as_ref() == Some(id)
                && leaving.claimed.is_some()
                && leaving.settled.is_none()
                && leaving.began < most
        };
        let approvals = &self.talks[talk].approvals;
        let found = approvals.iter().enumerate().rev().find_map(|(at, approval)| {
            let part = approval.parts.iter().position(leaves)?;
            Some((at, part))
        });
        let (at, part) = found.unwrap_or_else(|| panic!("a request left without authority: {body}"));
        let order = approvals[at].order;
        let unnamed = self.paused_since(talk, order).filter(|pause| !pause.in_flight.contains(id)).count();
        assert_eq!(unnamed, 0, "a request left after a pause that does not name it: {body}");
        assert!(order >= self.talks[talk].newest_sent, "replies leave in another order than they were decided");
        let talk = &mut self.talks[talk];
        talk.newest_sent = order;
        talk.approvals[at].parts[part].began += 1;
    }

    /// The platform accepted a message: one per approved part.
    pub(super) fn accepted(&mut self, talk: usize, id: &WireId, body: &str) {
        self.figures.accepted += 1;
        let approvals = self.talks[talk].approvals.iter_mut();
        let mut parts: Vec<&mut Leaving> = approvals.flat_map(|approval| &mut approval.parts).collect();
        let left = |leaving: &Leaving| leaving.body == body && leaving.began > 0 && !leaving.accepted;
        let known = parts.iter().position(|leaving| leaving.id.as_ref() == Some(id));
        let at = known.or_else(|| parts.iter().position(|leaving| left(leaving)));
        let at = at.filter(|at| left(parts[*at]));
        let at = at.unwrap_or_else(|| panic!("the customer got this once more than it was approved: {body}"));
        parts[at].accepted = true;
    }
}
