//! How servers that call themselves compatible differ from one another.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Reply;
use super::answer::Completion;
use super::request::{ChatRequest, Refused};

/// A way to be compatible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Gives JSON objects, but none by a schema (400 `This response_format type is unavailable now`), and says what it thought
    /// and what its cache saved in fields of its own: DeepSeek.
    Reasoning,
    /// Writes what it thinks before its answer, between `<think>` and `</think>`, and the answer as a block of Markdown: models
    /// that think, on vLLM or Ollama without a parser for that.
    Thinking,
    /// Knows no `response_format`, and says so with 400.
    Formless,
}

/// What a server of this kind makes of an honest answer.
pub(super) fn spoken(dialect: Dialect, request: &ChatRequest, honest: Completion) -> Reply {
    let form = request.form.as_deref();
    match dialect {
        Dialect::Reasoning if form == Some("json_schema") => refused("This response_format type is unavailable now"),
        Dialect::Formless if form.is_some() => refused("Unrecognized request argument supplied: response_format"),
        Dialect::Reasoning => Reply::json(StatusCode::OK, &reasoning(honest.into_json())),
        Dialect::Thinking => super::completed(honest.thinking()),
        Dialect::Formless => super::completed(honest),
    }
}

fn refused(message: &str) -> Reply {
    Reply::refused(&Refused::invalid("response_format", message))
}

fn reasoning(mut completion: Value) -> Value {
    completion["choices"][0]["message"]["reasoning_content"] = json!("客户问的是 {什么}？先看 p1。");
    completion["usage"]["prompt_cache_hit_tokens"] = json!(64);
    completion["usage"]["completion_tokens_details"] = json!({ "reasoning_tokens": 12 });
    completion
}
