//! A replay, counted: what a shop has to know before it launches.

use std::collections::{BTreeMap, BTreeSet};

use cards::Risk;
use serde::Serialize;

use super::likeness::Compared;
use super::scene::{Became, Replayed};
use crate::case::Why;
use crate::graduation::Tally;
use crate::policy::Intent;

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// Each channel and intent, by name.
    pub kinds: BTreeMap<(String, Intent), Kind>,
    /// Questions without an answer in the knowledge, asked most often first.
    pub gaps: Vec<Gap>,
    /// Why a person has to look, most often first: the rule, the words that were found, and how often.
    pub reasons: Vec<(String, BTreeSet<String>, usize)>,
}

/// What became of the turns about one intent on one channel.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Kind {
    /// Customers' turns.
    pub turns: usize,
    /// A reviewer would have been shown a draft.
    pub review: usize,
    /// Whoever is above would have been shown a draft.
    pub escalated: usize,
    /// The knowledge has no answer.
    pub no_answer: usize,
    /// The customer asked for a person.
    pub asked_for_person: usize,
    /// It is for people only, or could not be drafted.
    pub people_only: usize,
    /// What the draft says must not be said.
    pub forbidden: usize,
    /// High risk or abnormal.
    pub high_risk: usize,
    /// Something was to be looked up.
    pub looks_up: usize,
    /// Drafts beside a person's reply.
    pub compared: usize,
    /// Of those: the same, nearly the same, other words, other facts.
    pub same: usize,
    /// Nearly the same words and the same facts.
    pub alike: usize,
    /// The same facts in other words.
    pub reworded: usize,
    /// Other facts.
    pub other_facts: usize,
    /// Drafts that could leave without a person once that was opened.
    pub could_leave: usize,
    /// Of those: a person sent the same, or nearly.
    pub could_leave_good: usize,
    /// Of those: a person said something else.
    pub could_leave_other_facts: usize,
    /// How far what could leave is from what people sent, on average; none where there is nothing to compare.
    pub could_leave_distance: Option<f64>,
}

/// A question that was asked again and again and that the knowledge does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// As it was asked first.
    pub question: String,
    /// Conversations in which it was asked.
    pub conversations: usize,
    /// Where it was asked first in the file.
    pub line: u64,
}

/// What real decisions about a channel's intent have earned so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned(pub Tally);

impl Earned {
    /// Good decisions in a row that are missing now.
    pub fn missing(self, bad_rate: f64) -> u32 {
        self.0.missing(bad_rate)
    }

    /// How many would be missing had the replay's drafts been decided: those like a person's reply are good ones, those
    /// with other facts bad ones, and the others say nothing. An estimate: it opens nothing.
    pub fn estimate(self, kind: &Kind, bad_rate: f64) -> u32 {
        let more = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let Tally { good, bad } = self.0;
        let good = good.saturating_add(more(kind.could_leave_good));
        Tally { good, bad: bad.saturating_add(more(kind.could_leave_other_facts)) }.missing(bad_rate)
    }
}

impl Summary {
    /// Counts a replay.
    pub fn of(replayed: &[Replayed]) -> Self {
        let mut groups: BTreeMap<(String, Intent), Vec<&Replayed>> = BTreeMap::new();
        replayed.iter().for_each(|one| groups.entry((one.channel.clone(), one.intent)).or_default().push(one));
        let kinds = groups.into_iter().map(|(kind, turns)| (kind, Kind::of(&turns))).collect();
        Self { kinds, gaps: gaps(replayed), reasons: reasons(replayed) }
    }

    /// Everything together.
    pub fn total(&self) -> Kind {
        let sum = |of: fn(&Kind) -> usize| self.kinds.values().map(of).sum();
        Kind {
            turns: sum(|k| k.turns),
            review: sum(|k| k.review),
            escalated: sum(|k| k.escalated),
            no_answer: sum(|k| k.no_answer),
            asked_for_person: sum(|k| k.asked_for_person),
            people_only: sum(|k| k.people_only),
            forbidden: sum(|k| k.forbidden),
            high_risk: sum(|k| k.high_risk),
            looks_up: sum(|k| k.looks_up),
            compared: sum(|k| k.compared),
            same: sum(|k| k.same),
            alike: sum(|k| k.alike),
            reworded: sum(|k| k.reworded),
            other_facts: sum(|k| k.other_facts),
            could_leave: sum(|k| k.could_leave),
            could_leave_good: sum(|k| k.could_leave_good),
            could_leave_other_facts: sum(|k| k.could_leave_other_facts),
            could_leave_distance: None,
        }
    }
}

impl Kind {
    fn of(turns: &[&Replayed]) -> Self {
        let count = |is: &dyn Fn(&Replayed) -> bool| turns.iter().filter(|one| is(one)).count();
        let compared = |with: Compared| count(&|one| one.likeness.is_some_and(|likeness| likeness.verdict == with));
        let needs = |why: Why| count(&|one| one.became == Became::NeedsPerson(why));
        let left = |is: fn(Compared) -> bool| {
            count(&|one| one.could_leave && one.likeness.is_some_and(|likeness| is(likeness.verdict)))
        };
        Self {
            turns: turns.len(),
            review: count(&|one| one.became == Became::Review),
            escalated: count(&|one| one.became == Became::EscalationOwner),
            no_answer: needs(Why::NoAnswer),
            asked_for_person: needs(Why::AskedForPerson),
            people_only: needs(Why::HumanOnly) + needs(Why::DraftFailed) + needs(Why::ReadOnly) + needs(Why::QuotaGone),
            forbidden: needs(Why::Forbidden),
            high_risk: count(&|one| one.risk >= Risk::High),
            looks_up: count(&|one| one.looks_up),
            compared: count(&|one| one.likeness.is_some()),
            same: compared(Compared::Same),
            alike: compared(Compared::Alike),
            reworded: compared(Compared::Reworded),
            other_facts: compared(Compared::OtherFacts),
            could_leave: count(&|one| one.could_leave),
            could_leave_good: left(Compared::is_good),
            could_leave_other_facts: left(|compared| compared == Compared::OtherFacts),
            could_leave_distance: mean(turns.iter().filter(|one| one.could_leave)),
        }
    }
}

fn mean<'a>(turns: impl Iterator<Item = &'a &'a Replayed>) -> Option<f64> {
    let all: Vec<f64> = turns.filter_map(|one| one.likeness.map(|likeness| likeness.distance)).collect();
    let count = f64::from(u32::try_from(all.len()).unwrap_or(u32::MAX));
    (count > 0.0).then(|| (all.iter().sum::<f64>() / count * 1_000.0).round() / 1_000.0)
}

/// Conversations, each with its channel before it.
type Askers<'r> = BTreeSet<(&'r str, &'r str)>;

/// Unanswered questions that mean the same, counted once for each conversation.
fn gaps(replayed: &[Replayed]) -> Vec<Gap> {
    let mut found: BTreeMap<String, (Gap, Askers<'_>)> = BTreeMap::new();
    for one in replayed.iter().filter(|one| one.became == Became::NeedsPerson(Why::NoAnswer)) {
        let question = one.customer.join("\n");
        let new = || (Gap { question: question.clone(), conversations: 0, line: one.line }, BTreeSet::new());
        let (_, asked) = found.entry(knowledge::gap_key(&question)).or_insert_with(new);
        asked.insert((&one.channel, &one.conversation));
    }
    let counted = found.into_values().map(|(gap, asked)| Gap { conversations: asked.len(), ..gap });
    let mut gaps: Vec<Gap> = counted.collect();
    gaps.sort_by_key(|gap| (std::cmp::Reverse(gap.conversations), gap.line));
    gaps
}

fn reasons(replayed: &[Replayed]) -> Vec<(String, BTreeSet<String>, usize)> {
    let mut found: BTreeMap<String, (BTreeSet<String>, usize)> = BTreeMap::new();
    for one in replayed {
        let rules: BTreeSet<&str> = one.reasons.iter().map(|reason| reason.key()).collect();
        rules.into_iter().for_each(|rule| found.entry(rule.to_owned()).or_default().1 += 1);
        for reason in &one.reasons {
            found.entry(reason.key().to_owned()).or_default().0.extend(reason.words.iter().cloned());
        }
    }
    let mut reasons: Vec<_> = found.into_iter().map(|(rule, (words, times))| (rule, words, times)).collect();
    reasons.sort_by_key(|(_, _, times)| std::cmp::Reverse(*times));
    reasons
}
