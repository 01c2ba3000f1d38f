//! Cards for WeCom: the app's messages (90236) and the smart bot (101032), inside the smaller limits of the two.
//!
//! Every card is a `button_interaction`. The questions after 拒绝 and 暂停 could be `vote_interaction`, whose options
//! need no drop-down to be opened; but they replace the pressed card in place, and that an update may change the
//! `card_type` is documented for the app only (94888), not for the bot. A decided card stays a `button_interaction`
//! too: a `text_notice` must carry a link to open, and `replace_text` greys the buttons of this one out.

mod ask;
mod care;
mod check;
pub(crate) mod limit;
mod plan;
mod review;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::card::Card;
use crate::draft;
use crate::words::Words;

pub use ask::{HINT_QUESTION, REASON_QUESTION, SCOPE_QUESTION};
pub use check::check;

/// What goes out for one card: first the messages, in order, and once they were accepted the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Text messages of at most 2,048 bytes that carry a draft too long for the card. Each is a line of ours, a
    /// stretch of the draft byte for byte, and a line with number and code.
    pub above: Vec<String>,
    /// The `template_card` object.
    pub template_card: Value,
}

impl Posting {
    /// What a person read of the draft: the stretches in the messages above, joined without the lines around them,
    /// and the body of the card. Every part of a draft that has a 发送 button is a substring of it.
    pub fn visible_text(&self) -> String {
        let mut text: String = self.above.iter().map(|message| stretch_of(message)).collect();
        let body = self.template_card.get("sub_title_text").and_then(Value::as_str).unwrap_or_default();
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(body);
        text
    }
}

/// The stretch of the draft inside one message above a card: all between its first and its last line. Our two lines
/// have no line break in them, so this is exact whatever the draft contains.
pub fn stretch_of(message: &str) -> &str {
    message.split_once('\n').and_then(|(_, rest)| rest.rsplit_once('\n')).map_or("", |(stretch, _)| stretch)
}

/// What to post for a card. `task_id`: at most 128 of `0-9A-Za-z_-@`, unique for ever (wecom 90236).
pub fn post(card: &Card, words: &Words, task_id: &str) -> Posting {
    let (above, template_card) = match card {
        Card::Review(review) => {
            let shown = draft::show(review, words, limit::BODY);
            (shown.above, review::template_card(review, shown.body, words, task_id))
        }
        Card::AskReason { number, version, code } => (Vec::new(), ask::reason(*number, *version, code, words, task_id)),
        Card::AskPause { number, version, code } => (Vec::new(), ask::pause(*number, *version, code, words, task_id)),
        Card::Care(care) => (Vec::new(), care::template_card(care, words, task_id)),
        Card::Plan(plan) => (draft::pieces(&plan.whole), plan::template_card(plan, words, task_id)),
        Card::Settled { number, title, desc, text } => {
            (Vec::new(), ask::settled(*number, [title.as_str(), desc.as_str(), text.as_str()], words, task_id))
        }
    };
    Posting { above, template_card }
}

/// The `template_card` that replaces a posted one: `message/update_template_card` (94888), the passive reply (90241),
/// the bot's card update (101032). `task_id` is that of the posting, which the bot demands and the app ignores.
///
/// An update cannot post messages. To restore a [`Card::Review`] whose draft went above it, those messages must have
/// been accepted for this person before; otherwise settle the card and post anew.
pub fn settle(card: &Card, words: &Words, task_id: &str) -> Value {
    let mut template_card = post(card, words, task_id).template_card;
    if let (Card::Settled { .. }, Some(fields)) = (card, template_card.as_object_mut()) {
        fields.insert("replace_text".to_owned(), words.text("settled.button", &[]).into());
    }
    template_card
}

#[cfg(test)]
#[path = "wecom/slot_tests.rs"]
mod slot_tests;
#[cfg(test)]
#[path = "wecom/tests.rs"]
pub(crate) mod tests;
