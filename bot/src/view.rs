//! What people are shown about a case: the card, the whole story, the answer to "why". Words only; what is
//! shown comes from stored rows.

mod load;
mod office;

pub(crate) use load::on_card;

use std::collections::BTreeSet;
use std::sync::Arc;

use cards::words::Words;
use cards::{Act, Card, Hint, ReviewCard, Row, RowLabel};

use crate::case::{
    Author, Case, Citation, Decided, Doubt, Draft, Ending, Level, Meanwhile, Outcome, SessionOwner, Shortcoming, State,
    Why, act_key,
};
use crate::clock::{SECOND, Timestamp};
use crate::desk::{Channel, Person};
use crate::policy::{self, Power};
use crate::store::conversations::{Conversation, Message};
use crate::store::desks::Applied;

/// Claims without a source a card names.
const MARKED: usize = 3;
/// Entries a card names that the draft rests on.
const BASES: usize = 2;
/// Messages of the conversation a person is shown.
const HISTORY: i64 = 30;

/// A case with everything people see around it.
#[derive(Clone)]
pub struct View {
    /// The case.
    pub case: Case,
    /// The conversation it belongs to.
    pub conversation: Conversation,
    /// The newest messages, oldest first.
    pub messages: Vec<Message>,
    /// The configuration in force.
    pub desk: Arc<Applied>,
    /// Place in the queue, of how many.
    pub place: (i64, i64),
    /// When this was looked at.
    pub now: Timestamp,
    /// When the desk last began on an older copy of the database.
    pub recovered_at: Option<Timestamp>,
    /// Where the draft could leave without a person some day: how many good ones in a row are missing before that may be
    /// opened.
    pub missing: Option<u32>,
}

impl View {
    /// The channel, unless it was removed.
    pub fn channel(&self) -> Option<&Channel> {
        self.desk.desk.channel(&self.case.channel)
    }

    /// The words people read.
    pub fn words(&self) -> &'static Words {
        self.desk.words()
    }

    /// The customer's words since the last answer, and how many attachments came with them.
    pub fn asked(&self) -> (String, u32) {
        let mut newest = self.messages.iter().filter(|m| m.author == "customer" && !m.recalled);
        let open: Vec<&Message> = newest.clone().filter(|m| !m.answered).collect();
        let shown = if open.is_empty() { newest.next_back().into_iter().collect() } else { open };
        let text = shown.iter().filter_map(|message| self.said(message)).collect::<Vec<_>>().join("\n");
        let attachments = shown.iter().filter(|m| m.kind != "text").count();
        (text, u32::try_from(attachments).unwrap_or(u32::MAX))
    }

    /// What a message says: its words, or what a model made of its attachment, marked as such.
    fn said(&self, message: &Message) -> Option<String> {
        if message.kind == "text" { Some(message.body.clone()) } else { self.reading(message) }
    }

    /// What a model made of a message's attachment, marked as such.
    pub fn reading(&self, message: &Message) -> Option<String> {
        let key = if message.kind == "voice" { "card.heard" } else { "card.seen" };
        message.reading.as_deref().map(|text| self.words().text(key, &[("text", text)]))
    }

    /// The card as it stands now, for a person; none when there is nothing left to decide.
    pub fn card(&self, page_url: Option<String>) -> Option<Card> {
        let (body, note, acts) = match &self.case.state {
            State::AwaitingReview(review) => {
                let stale = review.draft.is_stale(self.now);
                let first = if stale { Act::LookAgain } else { Act::Send };
                let acts = vec![first, Act::Edit, Act::Escalate, Act::TakeOver, Act::Reject, Act::Pause];
                let doubt = self.case.doubtful.then(|| self.words().text(Why::SendUnknown.key(), &[]));
                let stale = stale.then(|| self.words().text("card.stale", &[]));
                let note = stale.or(doubt).or_else(|| self.goes_to()).or_else(|| self.forbidden());
                (Some(review.draft.parts.clone()), self.noted(note), acts)
            }
            State::NeedsPerson(stuck) => {
                let acts = vec![Act::TakeOver, Act::Edit, Act::Escalate, Act::Reject, Act::Pause];
                let why = self.words().text(stuck.why.key(), &[]);
                let words = self.forbidden().filter(|_| stuck.why == Why::Forbidden);
                (None, self.noted(Some(words.unwrap_or(why))), acts)
            }
            State::Unknown(doubt) if doubt.by_hand.is_some() => {
                let acts = vec![Act::Delivered, Act::SendAgain, Act::Drop];
                (Some(doubt.draft.parts.clone()), Some(self.words().text(in_hand_key(doubt), &[])), acts)
            }
            State::Unknown(doubt) => {
                let acts = vec![Act::Delivered, Act::SendAgain, Act::Drop, Act::Escalate, Act::TakeOver, Act::Pause];
                (Some(doubt.draft.parts.clone()), self.noted(Some(self.words().text(doubt_key(doubt), &[]))), acts)
            }
            _ => return None,
        };
        let (customer, attachments) = self.asked();
        let draft = self.case.draft();
        Some(Card::Review(ReviewCard {
            number: self.case.number,
            version: self.case.version,
            code: self.case.code(),
            shop: self.channel().map_or_else(|| self.case.channel.clone(), |c| c.label().to_owned()),
            place: Some((to_u32(self.place.0), to_u32(self.place.1))),
            intent: self.intent(),
            risk: draft.map_or(cards::Risk::Low, |d| d.verdict.risk),
            overdue: self.case.overdue(),
            seconds_left: self.case.due().map(|due| (due - self.now) / SECOND),
            quota_left: self.case.window.for_replies(),
            customer,
            attachments,
            hints: if body.is_some() { Hint::offered(self.has_number_to_name()).to_vec() } else { Vec::new() },
            acts: self.without_dead_buttons(acts),
            body,
            note,
            rows: self.rows(),
            by_hand: self.case.asker.is_some(),
            page_url,
        }))
    }

    /// Whether the evidence has a parcel's number that the draft does not say.
    fn has_number_to_name(&self) -> bool {
        let Some(draft) = self.case.draft() else { return false };
        let number = draft.look_up.as_ref().and_then(|look_up| look_up.parcel.as_ref());
        number.is_some_and(|number| !draft.parts.iter().any(|part| part.contains(number)))
    }

    /// The worst word of the draft that must not be said, why, and what to say instead.
    fn forbidden(&self) -> Option<String> {
        let found = &self.case.draft()?.verdict.words;
        let marked = found.iter().filter(|word| word.severity > policy::Severity::Suspicion);
        let worst = marked.max_by_key(|word| word.severity)?;
        let key = match (&worst.instead, worst.severity) {
            (Some(_), policy::Severity::Block) => "forbidden.block_instead",
            (None, policy::Severity::Block) => "forbidden.block",
            _ => "forbidden.review",
        };
        let instead = worst.instead.as_deref().unwrap_or_default();
        let args = [("word", worst.word.as_str()), ("reason", &worst.reason), ("instead", instead)];
        Some(self.words().text(key, &args))
    }

    /// Whoever is above approves for the colleague who has the chat before them.
    fn goes_to(&self) -> Option<String> {
        let raised = self.case.level() == Some(Level::EscalationOwner);
        let asker = self.case.asker.as_deref().filter(|_| raised)?;
        Some(self.words().text("in_hand.goes_to", &[("name", self.desk.desk.name_of(asker))]))
    }

    /// A note, together with the warnings that everybody reads the answer, and that the customer may have been answered in
    /// the part of the record that is lost.
    fn noted(&self, note: Option<String>) -> Option<String> {
        let warning = self.may_be_answered().then(|| self.words().text("told.maybe_answered", &[]));
        let all: Vec<String> = self.public().into_iter().chain(warning).chain(note).collect();
        (!all.is_empty()).then(|| all.join(" · "))
    }

    /// Whether what the customer waits for may have been answered in a part of the record that is lost.
    pub fn may_be_answered(&self) -> bool {
        let before = |m: &Message| self.recovered_at.is_some_and(|at| m.at < at);
        let waits = |m: &&Message| m.author == "customer" && !m.answered && !m.recalled;
        self.messages.iter().filter(waits).any(before)
    }

    fn without_dead_buttons(&self, mut acts: Vec<Act>) -> Vec<Act> {
        if self.case.level() == Some(Level::EscalationOwner) {
            acts.retain(|act| *act != Act::Escalate);
        }
        if !self.may_send_again() {
            acts.retain(|act| *act != Act::SendAgain);
        }
        acts
    }

    /// Whether the platform would still take what is in doubt, or it would be drafted anew anyway.
    pub fn may_send_again(&self) -> bool {
        let State::Unknown(doubt) = &self.case.state else { return false };
        doubt.meanwhile != Meanwhile::Nothing || self.case.window.allows(doubt.draft.parts.len(), self.now)
    }

    fn intent(&self) -> String {
        self.words().text(self.intent_now().key(), &[])
    }

    fn rows(&self) -> Vec<Row> {
        let row = |label, value| Row { label, value, link: None };
        if let State::Unknown(doubt) = &self.case.state {
            return self.doubt_rows(doubt);
        }
        let draft = self.case.draft();
        let mut rows: Vec<Row> = Vec::new();
        let cited = draft.map(|draft| draft.citations.as_slice()).unwrap_or_default();
        rows.extend(self.basis_lines(cited).into_iter().map(|line| row(RowLabel::Basis, line)));
        let translated = draft.and_then(|draft| draft.translation.as_ref()).map(|told| cards::one_line(&told.asked));
        rows.extend(translated.map(|asked| row(RowLabel::Translation, asked)));
        let look_up = draft.and_then(|d| d.look_up.as_ref());
        if let Some(look_up) = look_up {
            let order = look_up.order.clone().map(|order| row(RowLabel::Order, order));
            rows.extend(order.into_iter().chain([row(RowLabel::Evidence, self.looked(look_up))]));
        }
        let mut risk = self.reasons();
        risk.extend(
            self.missing.map(|missing| self.words().text("card.missing", &[("missing", &missing.to_string())])),
        );
        if !risk.is_empty() {
            rows.push(row(RowLabel::Risk, risk.join("·")));
        }
        rows.extend(self.actions_line().map(|line| row(RowLabel::Actions, line)));
        rows.push(row(RowLabel::History, self.history_line()));
        rows.push(row(RowLabel::Owner, self.owner_line()));
        if let Some(action) = draft.filter(|_| look_up.is_none()).and_then(|d| d.action.as_deref()) {
            rows.push(row(
                RowLabel::Evidence,
                self.words().text("card.suggests", &[("action", &self.words().text(action, &[]))]),
            ));
        }
        rows
    }

    /// What the draft rests on, a line each; what is wrong with those behind the last line stands in it as well.
    fn basis_lines(&self, cited: &[Citation]) -> Vec<String> {
        let (each, rest) = cited.split_at(cited.len().min(BASES - 1));
        each.chunks(1).chain(rest.chunks(rest.len().max(1))).filter_map(|cited| self.basis_line(cited)).collect()
    }

    fn basis_line(&self, cited: &[Citation]) -> Option<String> {
        let wrong = cited.iter().flat_map(|citation| citation.shortcomings(&self.desk.desk, self.now));
        let wrong: BTreeSet<Shortcoming> = wrong.collect();
        let labels: String = wrong.iter().map(|what| format!("〔{}〕", self.words().text(what.key(), &[]))).collect();
        cited.first().map(|first| format!("{labels}{} v{}", first.title, first.version))
    }

    /// What is known about a request whose answer is missing.
    fn doubt_rows(&self, doubt: &Doubt) -> Vec<Row> {
        let row = |label, value| Row { label, value, link: None };
        let zone = &self.desk.desk.desk.timezone;
        let approver = match doubt.lost.approved_by.as_str() {
            "" => self.words().text("actor.policy", &[]),
            id => self.desk.desk.name_of(id).to_owned(),
        };
        let approved = format!("{approver} {}", self.clock(doubt.lost.at));
        let until = self.case.window.ends_at.map(|at| row(RowLabel::Until, local(at, zone, "%m-%d %H:%M")));
        let mut rows = vec![
            row(if doubt.by_hand.is_some() { RowLabel::HandedOut } else { RowLabel::Sent }, self.sent_line(doubt)),
            row(RowLabel::Account, self.conversation.account.clone()),
            row(RowLabel::Approved, approved),
        ];
        rows.extend(until);
        rows.extend([row(RowLabel::History, self.history_line()), row(RowLabel::Owner, self.owner_line())]);
        rows
    }

    /// When a request whose answer is missing left, and which part it carried.
    pub fn sent_line(&self, doubt: &Doubt) -> String {
        let at = local(doubt.lost.at, &self.desk.desk.desk.timezone, "%m-%d %H:%M:%S");
        let (part, of) = ((doubt.lost.part + 1).to_string(), doubt.lost.of.to_string());
        self.words().text("card.sent", &[("at", &at), ("part", &part), ("of", &of)])
    }

    /// Why it was not automatic, in words.
    pub fn reasons(&self) -> Vec<String> {
        let Some(draft) = self.case.draft() else { return Vec::new() };
        let named = draft.verdict.reason_keys().into_iter().map(|key| self.words().text(key, &[]));
        let contradicted = draft.verdict.contradictions().map(|(customer, shown)| {
            self.words().text("card.contradiction", &[("customer", customer), ("shown", shown)])
        });
        contradicted.chain(self.unfounded(draft)).chain(named).collect()
    }

    /// What the draft says without a source, in its own words: what a reviewer has to see first.
    fn unfounded(&self, draft: &Draft) -> Option<String> {
        let words: Vec<&str> = draft.grounds.unfounded.iter().map(|claim| claim.words.as_str()).take(MARKED).collect();
        (!words.is_empty())
            .then(|| self.words().text("card.unfounded", &[("words", &cards::one_line(&words.join("、")))]))
    }

    fn history_line(&self) -> String {
        let times = self.messages.iter().filter(|m| m.author == "customer").count();
        let answered = self.messages.iter().filter(|m| m.author != "customer" && !m.failed).count();
        self.words().text("card.history", &[("times", &times.to_string()), ("answers", &answered.to_string())])
    }

    fn owner_line(&self) -> String {
        let names = self.holders().into_iter().map(|id| self.desk.desk.name_of(id));
        names.collect::<Vec<_>>().join("、")
    }

    /// Ids of the people who have the case now, on duty or not.
    pub fn holders(&self) -> Vec<&str> {
        let channel = self.channel();
        match (&self.case.state, self.case.level()) {
            (State::HandedOver { to, .. }, _) => vec![to],
            (_, Some(Level::EscalationOwner)) => {
                channel.and_then(|c| c.escalation_owner.as_deref()).into_iter().collect()
            }
            (_, Some(Level::Reviewers)) if self.case.in_turn.since.is_some() => {
                self.case.in_turn.holder.as_deref().into_iter().collect()
            }
            (_, Some(Level::Reviewers)) if self.case.asker.is_some() => {
                self.case.asker.as_deref().into_iter().collect()
            }
            (_, Some(Level::Reviewers)) => channel.into_iter().flat_map(|c| &c.permitted).map(String::as_str).collect(),
            (_, None) => Vec::new(),
        }
    }

    /// What a card turns into.
    pub fn settled(&self, outcome: &Outcome) -> Card {
        let words = self.words();
        let title = match outcome {
            Outcome::Decided { act, by, at } => self.decided_line(*act, by, *at),
            Outcome::Updated => words.text("settled.updated", &[]),
            Outcome::Expired => {
                let to = self.channel().and_then(|c| c.escalation_owner.clone()).unwrap_or_default();
                words.text("settled.expired", &[("to", self.desk.desk.name_of(&to))])
            }
            Outcome::PassedOn { to: Some(to) } => {
                words.text("settled.passed_on", &[("to", self.desk.desk.name_of(to))])
            }
            Outcome::PassedOn { to: None } => words.text("settled.put_back", &[]),
            Outcome::WindowLost => words.text("settled.window_lost", &[]),
            Outcome::Reviewed { by, good } => {
                let key = if *good { "settled.reviewed_good" } else { "settled.reviewed_bad" };
                words.text(key, &[("by", self.desk.desk.name_of(by))])
            }
            Outcome::TakenOver { by } => words.text("settled.taken_over", &[("by", self.desk.desk.name_of(by))]),
            Outcome::Erased => words.text("settled.erased", &[]),
        };
        let desc = words.text("settled.case", &[("number", &self.case.number.to_string())]);
        Card::Settled { number: self.case.number, title, desc, text: String::new() }
    }

    fn decided_line(&self, act: Act, by: &str, at: Timestamp) -> String {
        let words = self.words();
        let act_key = act_key(act, self.case.asker.is_some());
        let (act, name, time) = (words.text(act_key, &[]), self.desk.desk.name_of(by), self.clock(at));
        words.text("settled.decided", &[("act", &act), ("by", name), ("time", &time)])
    }

    /// A time of day in the desk's zone.
    pub fn clock(&self, at: Timestamp) -> String {
        local(at, &self.desk.desk.desk.timezone, "%H:%M")
    }

    /// The whole story as a chat message: who wrote what, what was suggested, on what grounds, and why it is here.
    pub fn story(&self) -> String {
        let words = self.words();
        let number = self.case.number.to_string();
        let shop = self.channel().map_or(self.case.channel.as_str(), Channel::label);
        let customer = cards::one_line(self.conversation.called());
        let mut lines = vec![words.text("story.head", &[("number", &number), ("shop", shop), ("customer", &customer)])];
        lines.push(self.state_line());
        lines.push(words.text("story.history", &[]));
        lines.extend(self.messages.iter().rev().take(8).rev().map(|m| self.message_line(m)));
        if let Some(draft) = self.case.draft() {
            lines.extend(self.draft_lines(draft));
        }
        let budget = self.case.window.for_replies();
        lines.extend(budget.map(|left| words.text("story.budget", &[("left", &left.to_string())])));
        lines.join("\n")
    }

    fn message_line(&self, message: &Message) -> String {
        let who = self.words().text(&format!("author.{}", message.author), &[]);
        let what = match (message.recalled, message.kind.as_str()) {
            (true, _) if self.conversation.erased_at.is_some() => self.words().text("why.erased", &[]),
            (true, _) => self.words().text("story.recalled", &[]),
            (false, "text") => cards::quoted(&message.body),
            (false, kind) => self.words().text("story.attachment", &[("kind", &self.kind_of(kind))]),
        };
        let line = format!("{} {who}：{what}", self.clock(message.at));
        if message.failed { self.words().text("story.not_delivered", &[("line", &line)]) } else { line }
    }

    /// What an attachment of a kind is called; one nobody named is something else.
    fn kind_of(&self, kind: &str) -> String {
        let key = ["page.kind_", kind].concat();
        self.words().text(if self.words().has(&key) { &key } else { "page.kind_other" }, &[])
    }

    fn draft_lines(&self, draft: &Draft) -> Vec<String> {
        let words = self.words();
        let mut lines = vec![words.text("story.draft", &[("version", &draft.version.to_string())])];
        lines.extend(draft.parts.iter().cloned());
        lines.extend(draft.translation.iter().flat_map(|translation| translation.told(words)));
        let cited: Vec<String> = draft.citations.iter().map(|c| format!("{} v{}", c.title, c.version)).collect();
        if !cited.is_empty() {
            lines.push(words.text("story.basis", &[("entries", &cited.join("、"))]));
        }
        let reasons = self.reasons().join("、");
        if !reasons.is_empty() {
            lines.push(words.text("story.reasons", &[("reasons", &reasons)]));
        }
        if let Author::Person { id } = &draft.author {
            lines.push(words.text("story.edited_by", &[("by", self.desk.desk.name_of(id))]));
        }
        lines
    }

    /// Where the case stands, in one line.
    pub fn state_line(&self) -> String {
        self.public().into_iter().chain([self.state()]).collect::<Vec<_>>().join(" · ")
    }

    /// That everybody reads the answer, where everybody does.
    fn public(&self) -> Option<String> {
        self.conversation.is_public().then(|| self.words().text("card.public", &[]))
    }

    fn state(&self) -> String {
        let words = self.words();
        match &self.case.state {
            State::NeedsPerson(stuck) => words.text(stuck.why.key(), &[]),
            State::HandedOver { to, session } => {
                let key = if *session == SessionOwner::Bot { "state.handed_over_here" } else { "state.handed_over_by" };
                words.text(key, &[("by", self.desk.desk.name_of(to))])
            }
            // Nobody but the colleague saw that it was sent.
            State::Closed { ending: Ending::Answered } if self.case.asker.is_some() => {
                words.text("ending.answered_by_hand", &[])
            }
            State::Closed { ending } => words.text(ending.key(), &[]),
            State::Sending(_) if self.case.asker.is_some() => words.text("state.handing_out", &[]),
            state => words.text(&format!("state.{}", state.name()), &[]),
        }
    }

    /// The last decision, in one line.
    pub fn decision_line(&self, decided: &Decided) -> String {
        self.decided_line(decided.act, &decided.by, decided.at)
    }

    /// Whether a person's decisions about the case count: where a colleague asked for the customer, theirs, and those of
    /// whoever is above.
    pub fn decides(&self, person: &Person) -> bool {
        let may = |power| policy::may(person, power, self.channel()).is_ok();
        let theirs = self.case.asker.as_ref().is_none_or(|asker| *asker == person.id);
        may(Power::Decide) && (theirs || may(Power::DecideHighRisk))
    }

    /// Whether a person may see the case.
    pub fn may_see(&self, person: &str) -> bool {
        let person = self.desk.desk.person(person);
        person.is_some_and(|p| policy::may(p, Power::SeeCase, self.channel()).is_ok())
    }
}

/// What the card of a doubt says first.
fn doubt_key(doubt: &Doubt) -> &'static str {
    match (doubt.meanwhile, doubt.draft.parts.len()) {
        (Meanwhile::AskedForPerson, _) => "doubt.wants_person",
        (Meanwhile::Said, _) => "doubt.newer",
        (Meanwhile::Nothing, 1) => "doubt.one",
        (Meanwhile::Nothing, _) => "doubt.first",
    }
}

/// The same where a colleague has it in their hands.
fn in_hand_key(doubt: &Doubt) -> &'static str {
    match (doubt.meanwhile, doubt.lost.part + 1 == doubt.lost.of) {
        (Meanwhile::AskedForPerson, _) => "in_hand.wants_person",
        (Meanwhile::Said, _) => "in_hand.newer",
        (Meanwhile::Nothing, true) => "in_hand.one",
        (Meanwhile::Nothing, false) => "in_hand.first",
    }
}

fn to_u32(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The day of a moment in a zone: `2026-11-30`.
pub fn local_day(at: Timestamp, timezone: &str) -> String {
    local(at, timezone, "%Y-%m-%d")
}

/// A time in a zone, by a `strftime` pattern.
pub fn local(at: Timestamp, timezone: &str, pattern: &str) -> String {
    let zone: chrono_tz::Tz = timezone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    let utc = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
    utc.with_timezone(&zone).format(pattern).to_string()
}
