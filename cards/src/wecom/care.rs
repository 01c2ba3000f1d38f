//! The card of a piece of knowledge, or of a proposal.

use serde_json::{Value, json};

use crate::care::{CareCard, CareKey};
use crate::fit::{fit, one_line};
use crate::hidden::reveal;
use crate::names::CareAct;
use crate::wecom::limit;
use crate::wecom::review::PRIMARY;
use crate::words::Words;

pub(super) fn template_card(card: &CareCard, words: &Words, task_id: &str) -> Value {
    let button = |(at, act): (usize, &CareAct)| {
        let key = CareKey { number: card.number, version: card.version, code: card.code.clone(), act: *act };
        json!({"text": act.label(words), "style": if at == 0 { PRIMARY } else { 2 }, "key": key.encode()})
    };
    json!({
        "card_type": "button_interaction",
        "task_id": task_id,
        "source": {"desc": fit(&words.text(card.topic.key(), &[]), limit::SOURCE), "desc_color": 0},
        "main_title": {
            "title": fit(&one_line(&card.title), limit::TITLE),
            "desc": fit(&one_line(&card.cause), limit::DESC),
        },
        "sub_title_text": fit(reveal(&card.text).trim(), limit::BODY),
        "button_list": card.acts.iter().enumerate().map(button).collect::<Vec<_>>(),
    })
}
