//! What a reviewer sees and presses.
//!
//! A [`Card`] says what to show; a renderer per platform ([`wecom`], [`telegram`]) turns it into what that surface takes,
//! inside its limits. A [`Key`] is what a pressed button says. [`words`] holds every word a person sees, per locale.
//! Pure: no clock, no network, no randomness, and nothing of the other crates.
//!
//! The rule everything here serves: the draft, its digits and its code are never cut. A slot of ours that is cut says
//! so with `…`; a draft that does not fit on the card goes whole into messages above it.

mod card;
mod care;
mod draft;
mod fit;
mod hidden;
mod key;
mod lines;
mod names;
mod plan;
pub mod telegram;
pub mod wecom;
pub mod words;

pub use card::{Card, ReviewCard, Row, showable};
pub use care::{CareCard, CareKey, CareTopic};
pub use fit::{fit, one_line};
pub use hidden::{is_invisible, joins, quoted, reveal};
pub use key::{BadKey, Key, code_of, is_code};
pub use names::{Act, CareAct, Hint, NO_CHOICE, PauseScope, PlanAct, RejectReason, Risk, RowLabel, UnknownName};
pub use plan::{PlanCard, PlanKey};
