//! The card of something to be done in a shop's back office: the plan somebody approves, and what became of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::card::showable;
use crate::key::{BadKey, is_code, number};
use crate::names::PlanAct;

/// What a button of a plan's card starts with; no act of a case is called so.
const PLAN: &str = "plan";

/// An action in the back office as a colleague sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCard {
    /// The number people call the action by.
    pub number: i64,
    /// What ties a press to what was shown.
    pub code: String,
    /// What it is.
    pub title: String,
    /// How it stands, in a line.
    pub desc: String,
    /// What is written, with everything it rests on: whole, in messages above the card.
    pub whole: String,
    /// The same in short, on the card.
    pub brief: String,
    /// What can be done about it; nothing where it is only told.
    pub acts: Vec<PlanAct>,
}

impl PlanCard {
    /// The buttons that may show: what cannot be seen whole is not approved.
    pub fn acts(&self) -> impl Iterator<Item = PlanAct> {
        let seen = showable(&self.whole);
        self.acts.iter().copied().filter(move |act| seen || *act != PlanAct::Approve)
    }
}

/// What a button of a plan's card carries, and gives back when pressed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PlanKey {
    /// The number of the action.
    pub number: i64,
    /// The code of what was shown.
    pub code: String,
    /// What to do.
    pub act: PlanAct,
}

impl PlanKey {
    /// The `event_key` of a button, `plan:approve:12:7f3k`.
    pub fn encode(&self) -> String {
        self.to_string()
    }

    /// Reads what [`PlanKey::encode`] wrote, and nothing else.
    ///
    /// # Errors
    /// [`BadKey::Malformed`] for whatever else it is.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let mut fields = text.split(':');
        let read = [fields.next(), fields.next(), fields.next(), fields.next(), fields.next()];
        match read {
            [Some(PLAN), Some(act), Some(action), Some(code), None] if is_code(code) => Ok(Self {
                number: number(action)?,
                code: code.to_owned(),
                act: act.parse().map_err(|_| BadKey::Malformed)?,
            }),
            _ => Err(BadKey::Malformed),
        }
    }
}

impl fmt::Display for PlanKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PLAN}:{}:{}:{}", self.act.as_str(), self.number, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_is_none_of_a_case() {
        for act in PlanAct::ALL {
            let key = PlanKey { number: 12, code: "7f3k".into(), act: *act };
            assert_eq!(PlanKey::parse(&key.encode()), Ok(key.clone()));
            assert_eq!(crate::Key::parse(&key.encode()), Err(BadKey::Malformed));
            assert_eq!(crate::CareKey::parse(&key.encode()), Err(BadKey::Malformed));
        }
        for forged in
            ["plan:approve:12:7f3", "plan:approve:+12:7f3k", "plan:send:12:7f3k", "plan:approve:12:7f3k:x", ""]
        {
            assert_eq!(PlanKey::parse(forged), Err(BadKey::Malformed), "{forged}");
        }
    }

    #[test]
    fn what_cannot_be_seen_whole_is_not_approved() {
        let acts = vec![PlanAct::Approve, PlanAct::Drop];
        let card = |whole: &str| PlanCard {
            number: 1,
            code: "7f3k".into(),
            title: "添加内部备注".into(),
            desc: String::new(),
            whole: whole.into(),
            brief: String::new(),
            acts: acts.clone(),
        };
        assert_eq!(card("备注：已催").acts().collect::<Vec<_>>(), acts);
        assert_eq!(card("备注：已\u{202e}催").acts().collect::<Vec<_>>(), [PlanAct::Drop]);
    }
}
