//! What may be done in a back office for a case, and by whose approval. What is not listed is not allowed.

use cards::Risk;
use serde::{Deserialize, Serialize};

use super::{Intent, Power};
use crate::desk::{Action, BackOffice, Channel, Mode};

/// Why something is not done in the back office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotOffered {
    /// The back office is only read.
    ReadOnly,
    /// Nothing of this name is configured.
    NotConfigured,
    /// The channel does not allow it.
    NotAllowed,
    /// It is not for what the customer wants.
    NotForIntent,
}

impl NotOffered {
    /// The locale key of what whoever asked is told.
    pub fn key(self) -> &'static str {
        match self {
            Self::ReadOnly => "refused.action_read_only",
            Self::NotConfigured => "refused.action_not_configured",
            Self::NotAllowed => "refused.action_not_allowed",
            Self::NotForIntent => "refused.action_not_for_intent",
        }
    }
}

/// The action of this name or label, if it may be prepared for a case of this channel and intent.
///
/// # Errors
/// What stands in the way.
pub fn offer<'a>(
    office: &'a BackOffice,
    channel: &Channel,
    intent: Intent,
    name: &str,
) -> Result<&'a Action, NotOffered> {
    let action = office.action(name).ok_or(NotOffered::NotConfigured)?;
    allowed(office, channel, intent, action).map(|()| action)
}

/// Everything that may be prepared for such a case.
pub fn offers<'a>(office: &'a BackOffice, channel: &Channel, intent: Intent) -> Vec<&'a Action> {
    office.actions.iter().filter(|action| allowed(office, channel, intent, action).is_ok()).collect()
}

fn allowed(office: &BackOffice, channel: &Channel, intent: Intent, action: &Action) -> Result<(), NotOffered> {
    if office.mode == Mode::ReadOnly {
        return Err(NotOffered::ReadOnly);
    }
    if office.id != channel.store || !channel.allowed_actions.contains(&action.name) {
        return Err(NotOffered::NotAllowed);
    }
    if !action.intents.is_empty() && !action.intents.contains(&intent) {
        return Err(NotOffered::NotForIntent);
    }
    Ok(())
}

/// Whether a prepared form may be handed in at all, once somebody approved it.
pub fn hands_in(office: &BackOffice) -> bool {
    office.mode == Mode::Reviewed
}

/// The power that approves an action for a case of this risk.
pub fn power_to_approve(action: &Action, risk: Risk) -> Power {
    if action.high_risk || risk >= Risk::High { Power::DecideHighRisk } else { Power::Decide }
}

/// What fills the places in an action's inputs.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The case's number.
    pub case: i64,
    /// What whoever asked typed.
    pub text: &'a str,
    /// The customer's newest words.
    pub customer: &'a str,
    /// What was looked up, in a line.
    pub fact: &'a str,
    /// The name of whoever asked.
    pub by: &'a str,
    /// The words of the published answer that was asked for.
    pub answer: &'a str,
}

/// The places that may stand in an action's inputs.
pub const PLACES: [&str; 6] = ["case", "text", "customer", "fact", "by", "answer"];

impl Given<'_> {
    /// The words with their places filled. What fills a place is not looked at for further places.
    pub fn fill(&self, words: &str) -> String {
        let mut filled = String::with_capacity(words.len());
        let mut rest = words;
        while let Some((before, name, after)) = next_place(rest) {
            filled.push_str(before);
            filled.push_str(&self.of(name));
            rest = after;
        }
        filled + rest
    }

    fn of(&self, place: &str) -> String {
        match place {
            "case" => self.case.to_string(),
            "text" => self.text.to_owned(),
            "customer" => self.customer.to_owned(),
            "fact" => self.fact.to_owned(),
            "by" => self.by.to_owned(),
            "answer" => self.answer.to_owned(),
            other => format!("{{{other}}}"),
        }
    }
}

/// The first place in words: what is before it, its name, and what is after it.
fn next_place(words: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = words.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The places in words that nothing fills.
pub fn unknown_places(words: &str) -> Vec<String> {
    let (mut unknown, mut rest) = (Vec::new(), words);
    while let Some((_, name, after)) = next_place(rest) {
        if !PLACES.contains(&name) {
            unknown.push(name.to_owned());
        }
        rest = after;
    }
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office(mode: Mode) -> BackOffice {
        let note = Action {
            name: "note".into(),
            label: Some("备注".into()),
            recipe: "note".into(),
            intents: vec![Intent::OrderStatus],
            inputs: [("note".to_owned(), "{text}".to_owned())].into(),
            high_risk: false,
        };
        BackOffice {
            id: "flagship".into(),
            account: None,
            site: "https://seller.example.com".into(),
            private: false,
            sign_in: "/login".into(),
            recipes: "recipes".into(),
            order_digits: (12, 24),
            look_ups: Default::default(),
            api: None,
            kuaidi100: None,
            mode,
            actions: vec![note],
        }
    }

    fn channel(allowed: &[&str]) -> Channel {
        let allowed_actions = allowed.iter().map(|name| (*name).to_owned()).collect();
        Channel { store: "flagship".into(), allowed_actions, ..super::super::tests::channel(&[]) }
    }

    #[test]
    fn what_is_not_listed_is_not_allowed() {
        let status = Intent::OrderStatus;
        let asked = |office: &BackOffice, channel: &Channel, intent, name: &str| {
            offer(office, channel, intent, name).map(|action| action.name.clone())
        };
        let (reviewed, here) = (office(Mode::Reviewed), channel(&["reply", "note"]));
        assert_eq!(asked(&reviewed, &here, status, "备注"), Ok("note".to_owned()));
        assert_eq!(asked(&office(Mode::Draft), &here, status, "note"), Ok("note".to_owned()));
        assert_eq!(asked(&office(Mode::ReadOnly), &here, status, "note"), Err(NotOffered::ReadOnly));
        assert_eq!(asked(&reviewed, &channel(&["reply"]), status, "note"), Err(NotOffered::NotAllowed));
        assert_eq!(asked(&reviewed, &here, Intent::Refund, "note"), Err(NotOffered::NotForIntent));
        assert_eq!(asked(&reviewed, &here, status, "refund"), Err(NotOffered::NotConfigured));
        let elsewhere = Channel { store: "outlet".into(), ..here.clone() };
        assert_eq!(asked(&reviewed, &elsewhere, status, "note"), Err(NotOffered::NotAllowed), "store B");
        assert_eq!(offers(&reviewed, &here, status).len(), 1);
        assert!(offers(&reviewed, &elsewhere, status).is_empty());
    }

    #[test]
    fn high_risk_goes_to_who_may_decide_about_it() {
        let mut note = office(Mode::Reviewed).actions.remove(0);
        assert_eq!(power_to_approve(&note, Risk::Medium), Power::Decide);
        assert_eq!(power_to_approve(&note, Risk::High), Power::DecideHighRisk);
        note.high_risk = true;
        assert_eq!(power_to_approve(&note, Risk::Low), Power::DecideHighRisk);
        assert!(hands_in(&office(Mode::Reviewed)) && !hands_in(&office(Mode::Draft)));
    }

    #[test]
    fn places_are_filled_once() {
        let given =
            Given { case: 81, text: "已{by}催", customer: "到哪了", fact: "已发货", by: "李华", answer: "" };
        assert_eq!(given.fill("#{case} {text}：{customer}｜{fact}（{by}）"), "#81 已{by}催：到哪了｜已发货（李华）");
        assert_eq!(given.fill("没有{"), "没有{");
        assert_eq!(unknown_places("{text}{when}{by}{order"), ["when"]);
    }
}
