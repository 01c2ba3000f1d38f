//! The card of something to be done in the back office.

use serde_json::{Value, json};

use crate::fit::{fit, one_line};
use crate::hidden::reveal;
use crate::key::settled_key;
use crate::plan::{PlanCard, PlanKey};
use crate::wecom::limit;
use crate::wecom::review::PRIMARY;
use crate::words::Words;

pub(super) fn template_card(card: &PlanCard, words: &Words, task_id: &str) -> Value {
    let button = |(at, act): (usize, crate::PlanAct)| {
        let key = PlanKey { number: card.number, code: card.code.clone(), act };
        json!({"text": act.label(words), "style": if at == 0 { PRIMARY } else { 2 }, "key": key.encode()})
    };
    let mut buttons: Vec<Value> = card.acts().enumerate().map(button).collect();
    if buttons.is_empty() {
        buttons.push(json!({"text": words.text("settled.button", &[]), "style": 2, "key": settled_key(card.number)}));
    }
    json!({
        "card_type": "button_interaction",
        "task_id": task_id,
        "source": {"desc": fit(&words.text("plan.source", &[]), limit::SOURCE), "desc_color": 0},
        "main_title": {
            "title": fit(&format!("A{} {}", card.number, one_line(&card.title)), limit::TITLE),
            "desc": fit(&one_line(&card.desc), limit::DESC),
        },
        "sub_title_text": fit(reveal(&card.brief).trim(), limit::BODY),
        "button_list": buttons,
    })
}
