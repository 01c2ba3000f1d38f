//! What people see of a shop's back office on a case: what was looked up, and what may be done.

use super::View;
use crate::action_desk;
use crate::case::{LookUp, Looked};
use crate::policy;
use crate::store::conversations::Message;

impl View {
    /// What the customer wants, as far as the draft knows.
    pub fn intent_now(&self) -> policy::Intent {
        self.case.draft().map_or(policy::Intent::Other, |d| d.intent)
    }

    /// What was looked up for the draft, in a line.
    pub fn fact(&self) -> Option<&str> {
        match &self.case.draft()?.look_up.as_ref()?.outcome {
            Looked::Found { fact, .. } => Some(fact),
            _ => None,
        }
    }

    /// The customer's texts, oldest first.
    pub fn customer_texts(&self) -> Vec<String> {
        let readable = |m: &&Message| m.author == "customer" && m.kind == "text" && !m.recalled;
        self.messages.iter().filter(readable).map(|m| m.body.clone()).collect()
    }

    /// What may be done in the back office, and how to ask for it.
    pub(super) fn actions_line(&self) -> Option<String> {
        let offered: Vec<&str> = action_desk::offered(self).iter().map(|action| action.label()).collect();
        let number = self.case.number.to_string();
        let line = || self.words().text("card.actions", &[("number", &number), ("actions", &offered.join("、"))]);
        let lines = [(!offered.is_empty()).then(line), self.pack_line()];
        let lines: Vec<String> = lines.into_iter().flatten().collect();
        (!lines.is_empty()).then(|| lines.join(" · "))
    }

    /// How to have collected what decides a refund, where the customer wants one and there is something to look at.
    fn pack_line(&self) -> Option<String> {
        use policy::Intent::{Compensation, Refund, Returns};
        let wanted = matches!(self.intent_now(), Refund | Returns | Compensation);
        let office = self.desk.desk.back_office(&self.channel()?.store).filter(|_| wanted)?;
        office.looks_up(Refund).then(|| self.words().text("pack.offer", &[("number", &self.case.number.to_string())]))
    }

    /// What was looked up, and when, or why it was not.
    pub fn looked(&self, look_up: &LookUp) -> String {
        let at = self.clock(look_up.at);
        let words = self.words();
        match &look_up.outcome {
            Looked::Found { fact, stale_at, .. } => {
                let key = if *stale_at <= self.now { "card.evidence_stale" } else { "card.evidence" };
                words.text(key, &[("fact", &cards::one_line(fact)), ("at", &at)])
            }
            Looked::NotFound => words.text("card.evidence_not_found", &[("at", &at)]),
            Looked::NoOrder => words.text("card.evidence_no_order", &[]),
            Looked::NotTheirs => words.text("card.evidence_not_theirs", &[]),
            Looked::Unseen(why) => words.text("card.evidence_unseen", &[("why", &words.text(why.key(), &[]))]),
        }
    }
}
