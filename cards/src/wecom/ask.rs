//! The cards a pressed card turns into: a question, or its settled form.

use serde_json::{Value, json};

use crate::draft::mark;
use crate::fit::{count, fit, one_line};
use crate::hidden::reveal;
use crate::key::{Key, settled_key};
use crate::names::{Act, NO_CHOICE, PauseScope, RejectReason};
use crate::wecom::limit;
use crate::wecom::review::PRIMARY;
use crate::words::Words;

/// The `question_key` of the rewrite hints.
pub const HINT_QUESTION: &str = "hint";
/// The `question_key` of the reasons to refuse.
pub const REASON_QUESTION: &str = "reason";
/// The `question_key` of the scopes of a pause.
pub const SCOPE_QUESTION: &str = "scope";

/// A drop-down whose first and selected option chooses nothing, see [`NO_CHOICE`].
pub(super) fn drop_down(
    question: &str,
    title: String,
    nothing: String,
    options: impl Iterator<Item = (&'static str, String)>,
) -> Value {
    let all = std::iter::once((NO_CHOICE, nothing)).chain(options);
    let options: Vec<Value> = all.map(|(id, text)| json!({"id": id, "text": text})).collect();
    json!({"question_key": question, "title": title, "option_list": options, "selected_id": NO_CHOICE})
}

pub(super) fn reason(number: i64, version: i64, code: &str, words: &Words, task_id: &str) -> Value {
    let options = RejectReason::ALL.iter().map(|reason| (reason.as_str(), reason.label(words)));
    let select = drop_down(REASON_QUESTION, words.text("ask.reason", &[]), words.text("ask.choose", &[]), options);
    let key = Key { case: number, version, code: code.to_owned(), act: Act::ConfirmReject };
    question(["ask.reason_title", "ask.reason_desc", "ask.reason_text"], select, &key, words, task_id)
}

pub(super) fn pause(number: i64, version: i64, code: &str, words: &Words, task_id: &str) -> Value {
    let options = PauseScope::ALL.iter().map(|scope| (scope.as_str(), scope.label(words)));
    let select = drop_down(SCOPE_QUESTION, words.text("ask.scope", &[]), words.text("ask.choose", &[]), options);
    let key = Key { case: number, version, code: code.to_owned(), act: Act::ConfirmPause };
    question(["ask.scope_title", "ask.scope_desc", "ask.scope_text"], select, &key, words, task_id)
}

fn question(asked: [&str; 3], select: Value, key: &Key, words: &Words, task_id: &str) -> Value {
    let [title, desc, text] = asked.map(|word| words.text(word, &[]));
    let mark = mark(key.case, &key.code);
    json!({
        "card_type": "button_interaction",
        "task_id": task_id,
        "source": source(key.case),
        "main_title": {"title": title, "desc": desc},
        "sub_title_text": text + &mark,
        "button_selection": select,
        "button_list": [{"text": key.act.label(words), "style": PRIMARY, "key": key.encode()}],
    })
}

/// `#81`; nothing rather than a cut number.
fn source(number: i64) -> Value {
    let number = format!("#{number}");
    let desc = if count(&number) <= limit::SOURCE { number } else { String::new() };
    json!({"desc": desc, "desc_color": 0})
}

/// A card without anything left to decide: title, desc, text. Its one button, which the type demands, decides nothing.
pub(super) fn settled(number: i64, [title, desc, text]: [&str; 3], words: &Words, task_id: &str) -> Value {
    let done = words.text("settled.button", &[]);
    let title = one_line(title);
    json!({
        "card_type": "button_interaction",
        "task_id": task_id,
        "source": source(number),
        "main_title": {
            "title": fit(if title.is_empty() { &done } else { &title }, limit::TITLE),
            "desc": fit(&one_line(desc), limit::DESC),
        },
        "sub_title_text": fit(reveal(text).trim(), limit::BODY),
        "button_list": [{"text": done, "style": 2, "key": settled_key(number)}],
    })
}
