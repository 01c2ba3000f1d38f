//! One customer's turn of a past conversation, as the desk would take it now.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use cards::Risk;
use serde::Serialize;

use super::likeness::{Likeness, compare};
use super::past::{Past, Said, Speaker};
use crate::app::App;
use crate::case::{Author, Automation, Case, Citation, Draft, Event, Level, Rules, State, Why, step};
use crate::clock::Timestamp;
use crate::desk::Channel;
use crate::effects::{self, Wanted};
use crate::policy::{ForbiddenWord, Grounds, Hold, Intent, Paused, Reason};
use crate::store::conversations::{Conversation, Message};
use crate::store::desks::Applied;
use crate::view::View;

/// Messages of the conversation that are looked back at.
const HISTORY: usize = 30;

/// What became of a customer's turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replayed {
    /// The conversation's id in the file.
    pub conversation: String,
    /// The channel's id.
    pub channel: String,
    /// The line of the turn's first message, from 1.
    pub line: u64,
    /// When the answer was looked for, in Unix milliseconds.
    pub at: Timestamp,
    /// What the customer said.
    pub customer: Vec<String>,
    /// What they wanted.
    pub intent: Intent,
    /// How risky it is.
    pub risk: Risk,
    /// What the desk would have done.
    pub became: Became,
    /// What was found in it.
    pub reasons: Vec<Reason>,
    /// What else keeps the draft from leaving without a person.
    pub holds: Vec<Hold>,
    /// Words in the draft that must not be said.
    pub forbidden: Vec<ForbiddenWord>,
    /// Whether it could leave without a person once automation was opened for its kind.
    pub could_leave: bool,
    /// Whether something was to be looked up in a back office, which a replay does not see.
    pub looks_up: bool,
    /// The draft.
    pub draft: Vec<String>,
    /// Who wrote it.
    pub drafter: Option<String>,
    /// What it rests on.
    pub citations: Vec<Citation>,
    /// How it stands to its sources.
    pub grounds: Grounds,
    /// How sure the drafter is, 0 to 1.
    pub confidence: f64,
    /// The chance that a reviewer sends it unchanged; none while there are too few decisions.
    pub chance: Option<f64>,
    /// What a person really sent.
    pub person: Vec<String>,
    /// Both beside each other, where there are both.
    pub likeness: Option<Likeness>,
}

/// What the desk would have done with a customer's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// A reviewer would have been shown the draft.
    Review,
    /// Whoever is above would have been shown the draft.
    EscalationOwner,
    /// A person would have been asked to answer.
    NeedsPerson(Why),
}

impl Became {
    fn of(state: &State) -> Self {
        match state {
            State::AwaitingReview(review) if review.level == Level::Reviewers => Self::Review,
            State::AwaitingReview(_) => Self::EscalationOwner,
            State::NeedsPerson(stuck) => Self::NeedsPerson(stuck.why),
            _ => Self::NeedsPerson(Why::DraftFailed),
        }
    }
}

/// A customer's messages up to a person's answer, what was said before, and the answer.
struct Turn<'p> {
    before: &'p [Said],
    customer: &'p [Said],
    person: &'p [Said],
}

/// The turns of a conversation, oldest first; what the shop said before the customer's first words is only looked back at.
fn turns(said: &[Said]) -> Vec<Turn<'_>> {
    let mut turns = Vec::new();
    let mut from = 0;
    for turn in said.chunk_by(|one, next| !(one.by == Speaker::Shop && next.by == Speaker::Customer)) {
        let asked = turn.iter().take_while(|said| said.by == Speaker::Shop).count();
        let answered = turn.iter().rposition(|said| said.by == Speaker::Customer).map_or(turn.len(), |last| last + 1);
        if let (Some(before), Some(customer), Some(person)) =
            (said.get(..from + asked), turn.get(asked..answered), turn.get(answered..))
            && !customer.is_empty()
        {
            turns.push(Turn { before, customer, person });
        }
        from += turn.len();
    }
    turns
}

/// What every turn is played before. Automation is closed: what could leave by itself is told, and people see it all.
pub(super) struct Stage {
    pub(super) app: App,
    pub(super) desk: Arc<Applied>,
}

impl Stage {
    /// Every turn of a conversation.
    pub(super) async fn play(&self, past: &Past) -> anyhow::Result<Vec<Replayed>> {
        let channel = self.desk.desk.channel(&past.channel).context("no such channel")?;
        let mut replayed = Vec::new();
        for turn in turns(&past.said) {
            replayed.push(self.turn(past, channel, &turn).await?);
        }
        Ok(replayed)
    }

    async fn turn(&self, past: &Past, channel: &Channel, turn: &Turn<'_>) -> anyhow::Result<Replayed> {
        let mut case = self.heard(past, channel, turn);
        let mut at = turn.customer.last().map_or(0, |said| said.at);
        if let State::Drafting(drafting) = &case.state {
            at = drafting.start_at;
            let wanted = self.wanted(past, channel, turn, (&case, at));
            let answer = effects::answer(&self.app, &wanted).await?.context("a back office was asked")?;
            let event = Event::Drafted { generation: case.generation, drafted: answer.drafted };
            case = self.after(&case, &event, channel, at);
        }
        let intent = match case.draft() {
            Some(draft) => draft.intent,
            None => self.app.intent_of(&self.desk, &words(turn.customer)).await?,
        };
        Ok(replayed(past, turn, (&case, intent), at))
    }

    /// A case that has heard the customer's messages, each at its moment.
    fn heard(&self, past: &Past, channel: &Channel, turn: &Turn<'_>) -> Case {
        let begin = turn.customer.first().map_or(0, |said| said.at);
        let opened = Case::opened(past.id.clone(), 0, (&past.id, &channel.id), begin);
        let numbered = turn.customer.iter().zip(turn.before.len()..);
        numbered.fold(opened, |case, (said, place)| {
            let event = Event::customer_said(seq(place), said.at, said.kind, said.text.clone());
            self.after(&case, &event, channel, said.at)
        })
    }

    /// The case after an event; what would have to be done is not done.
    fn after(&self, case: &Case, event: &Event, channel: &Channel, now: Timestamp) -> Case {
        let off_duty = self.desk.desk.off_duty(channel, &HashMap::new(), now);
        let rules = Rules {
            desk: &self.desk.desk,
            channel,
            policy: &self.desk.policy,
            paused: None,
            turn: 0,
            off_duty: &off_duty,
            editing: None,
            next_holder: None,
            automation: Automation::default(),
        };
        step(case, event, &rules, now).map_or_else(|_| case.clone(), |step| step.next)
    }

    fn wanted(&self, past: &Past, channel: &Channel, turn: &Turn<'_>, (case, now): (&Case, Timestamp)) -> Wanted {
        let texts = words(turn.customer);
        let said = turn.before.iter().chain(turn.customer).enumerate();
        let messages: Vec<Message> =
            said.map(|(place, said)| message(past, said, place, place < turn.before.len())).collect();
        let mut conversation = Conversation::begun(past.id.clone(), channel, &channel.account, &past.id);
        conversation.set_window(case.window);
        let view = View {
            case: case.clone(),
            conversation,
            messages: messages.into_iter().rev().take(HISTORY).rev().collect(),
            desk: self.desk.clone(),
            place: (1, 1),
            now,
            recovered_at: None,
            missing: None,
        };
        let attachments = u32::try_from(turn.customer.len() - texts.len()).unwrap_or(u32::MAX);
        Wanted {
            view,
            messages: Vec::new(),
            texts,
            attachments,
            readings: 0,
            hint: None,
            before: None,
            paused: Paused::Nothing,
            open: Vec::new(),
        }
    }
}

/// The place of a message in its conversation, counted from 1 as the store does.
fn seq(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1)
}

/// The texts among messages.
fn words(said: &[Said]) -> Vec<String> {
    said.iter().filter(|said| said.kind == "text").map(|said| said.text.clone()).collect()
}

fn message(past: &Past, said: &Said, place: usize, answered: bool) -> Message {
    let author = if said.by == Speaker::Customer { "customer" } else { "servicer" };
    Message {
        conversation: past.id.clone(),
        seq: seq(place),
        case_id: None,
        author: author.into(),
        kind: said.kind.into(),
        body: said.text.clone(),
        wire_id: said.line.to_string(),
        media_id: None,
        media_sha256: None,
        media_type: None,
        reading: None,
        at: said.at,
        recalled: false,
        failed: false,
        answered,
    }
}

fn replayed(past: &Past, turn: &Turn<'_>, (case, intent): (&Case, Intent), at: Timestamp) -> Replayed {
    let (customer, person) = (words(turn.customer), words(turn.person));
    let bare = Replayed {
        conversation: past.id.clone(),
        channel: past.channel.clone(),
        line: turn.customer.first().map_or(0, |said| said.line),
        at,
        customer,
        intent,
        risk: intent.risk(),
        became: Became::of(&case.state),
        reasons: Vec::new(),
        holds: Vec::new(),
        forbidden: Vec::new(),
        could_leave: false,
        looks_up: false,
        draft: Vec::new(),
        drafter: None,
        citations: Vec::new(),
        grounds: Grounds::default(),
        confidence: 0.0,
        chance: None,
        person,
        likeness: None,
    };
    match case.draft() {
        Some(draft) => with_draft(bare, draft.clone()),
        None => bare,
    }
}

fn with_draft(bare: Replayed, draft: Draft) -> Replayed {
    let shown = matches!(bare.became, Became::Review | Became::EscalationOwner);
    let compares = shown && !bare.person.is_empty();
    let (Author::Bot { drafter, .. } | Author::Person { id: drafter }) = draft.author;
    Replayed {
        intent: draft.intent,
        risk: draft.verdict.risk,
        could_leave: shown && draft.verdict.is_eligible(),
        reasons: draft.verdict.reasons,
        holds: draft.verdict.holds,
        forbidden: draft.verdict.words,
        looks_up: draft.look_up.is_some(),
        likeness: compares.then(|| compare(&draft.parts, &bare.person)),
        drafter: (!draft.parts.is_empty()).then_some(drafter),
        draft: draft.parts,
        citations: draft.citations,
        grounds: draft.grounds,
        confidence: draft.confidence,
        chance: draft.chance,
        ..bare
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(by: Speaker, line: u64) -> Said {
        Said { line, at: 0, by, kind: "text", text: String::new() }
    }

    #[test]
    fn a_turn_ends_with_the_persons_answer() {
        use Speaker::{Customer, Shop};
        let all: Vec<Said> = [Shop, Customer, Customer, Shop, Shop, Customer]
            .into_iter()
            .zip(1..)
            .map(|(by, at)| said(by, at))
            .collect();
        let told: Vec<(usize, usize, usize)> =
            turns(&all).iter().map(|turn| (turn.before.len(), turn.customer.len(), turn.person.len())).collect();
        assert_eq!(told, [(1, 2, 2), (5, 1, 0)]);
    }

    #[test]
    fn a_conversation_without_a_customer_has_no_turn() {
        assert!(turns(&[said(Speaker::Shop, 1)]).is_empty());
    }
}
