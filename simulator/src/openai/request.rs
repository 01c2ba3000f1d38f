//! What a request must look like, and the error objects of refusals.

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

const CHAT_FIELDS: &[&str] = &[
    "model",
    "messages",
    "temperature",
    "top_p",
    "n",
    "stream",
    "stream_options",
    "stop",
    "max_tokens",
    "max_completion_tokens",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "user",
    "seed",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "metadata",
    "store",
    "service_tier",
    "prediction",
    "modalities",
    "audio",
    "verbosity",
    "safety_identifier",
    "prompt_cache_key",
    "web_search_options",
];
const EMBEDDING_FIELDS: &[&str] = &["model", "input", "encoding_format", "dimensions", "user"];
const ROLES: &[&str] = &["developer", "system", "user", "assistant", "tool", "function"];
const LONGEST_INPUT_LIST: usize = 2048;
const MOST_DIMENSIONS: u64 = 3072;
const USUAL_DIMENSIONS: u64 = 256;

/// A refusal in the service's own shape.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    message: String,
    kind: &'static str,
    param: Option<String>,
    code: Option<&'static str>,
}

impl Refused {
    fn new(status: StatusCode, kind: &'static str, code: Option<&'static str>, message: &str) -> Refused {
        Refused { status, message: message.to_owned(), kind, param: None, code }
    }

    pub(super) fn invalid(param: &str, message: impl Into<String>) -> Refused {
        let refused = Refused::new(StatusCode::BAD_REQUEST, "invalid_request_error", None, "");
        Refused { message: message.into(), param: Some(param.to_owned()), ..refused }
    }

    pub(super) fn server_error() -> Refused {
        let said = "The server had an error while processing your request.";
        Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", None, said)
    }

    pub(super) fn rate_limited() -> Refused {
        let code = Some("rate_limit_exceeded");
        Refused::new(StatusCode::TOO_MANY_REQUESTS, "requests", code, "Rate limit reached. Please try again in 1s.")
    }

    /// `{"error":{"message","type","param","code"}}`
    pub(super) fn body(&self) -> Value {
        json!({"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}})
    }
}

/// Accepts any non-empty `Authorization: Bearer` value.
pub(super) fn authorised(headers: &HeaderMap) -> Result<(), Refused> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match value.and_then(|value| value.strip_prefix("Bearer ")) {
        Some(key) if !key.trim().is_empty() => Ok(()),
        _ => Err(Refused::new(
            StatusCode::UNAUTHORIZED,
            "invalid_request_error",
            Some("invalid_api_key"),
            "You didn't provide an API key in an Authorization header using Bearer auth.",
        )),
    }
}

fn object(headers: &HeaderMap, body: &[u8], known: &[&str]) -> Result<Map<String, Value>, Refused> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Err(Refused::invalid("content-type", "The body must be sent as application/json."));
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(Refused::invalid("body", "We could not parse the JSON body of your request."));
    };
    match fields.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Refused::invalid(name, format!("Unrecognized request argument supplied: {name}"))),
        None => Ok(fields),
    }
}

fn model(fields: &Map<String, Value>) -> Result<String, Refused> {
    match fields.get("model") {
        Some(Value::String(name)) if !name.trim().is_empty() => Ok(name.clone()),
        _ => Err(Refused::invalid("model", "you must provide a model parameter")),
    }
}

/// A chat request that passed.
#[derive(Debug)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    /// Role and text of each message; picture parts are left out.
    pub(super) messages: Vec<(String, String)>,
    pub(super) choices: u64,
    /// The form that the answer is to have, where one is asked for: the type of `response_format`.
    pub(super) form: Option<String>,
    /// Whether there is a picture in it.
    pub(super) sees: bool,
}

impl ChatRequest {
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<ChatRequest, Refused> {
        let fields = object(headers, body, CHAT_FIELDS)?;
        let model = model(&fields)?;
        let messages = messages(&fields)?;
        numbers(&fields)?;
        response_format(&fields, &messages)?;
        if fields.get("stream").is_some_and(|stream| *stream != Value::Bool(false)) {
            return Err(Refused::invalid("stream", "This server answers whole: stream must be false or absent."));
        }
        let choices = whole(&fields, "n", 1, 8)?.unwrap_or(1);
        let sees = fields.get("messages").is_some_and(|messages| messages.to_string().contains("\"image_url\""));
        let form = fields.get("response_format").and_then(|format| format["type"].as_str()).map(str::to_owned);
        Ok(ChatRequest { model, messages, choices, form, sees })
    }
}

fn messages(fields: &Map<String, Value>) -> Result<Vec<(String, String)>, Refused> {
    match fields.get("messages") {
        Some(Value::Array(list)) if !list.is_empty() => list.iter().enumerate().map(message).collect(),
        _ => Err(Refused::invalid("messages", "[] is too short - 'messages'")),
    }
}

fn message((index, message): (usize, &Value)) -> Result<(String, String), Refused> {
    let place = format!("messages[{index}]");
    let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
    if !ROLES.contains(&role) {
        return Err(Refused::invalid(&place, format!("'{role}' is not one of {ROLES:?} - '{place}.role'")));
    }
    if role == "tool" && !message.get("tool_call_id").is_some_and(Value::is_string) {
        return Err(Refused::invalid(&place, "a tool message needs 'tool_call_id'"));
    }
    let silent = role == "assistant" && message.get("tool_calls").is_some_and(Value::is_array);
    match message.get("content") {
        Some(Value::String(text)) => Ok((role.to_owned(), text.clone())),
        Some(Value::Array(parts)) if !parts.is_empty() => Ok((role.to_owned(), text_of(&place, parts)?)),
        None | Some(Value::Null) if silent => Ok((role.to_owned(), String::new())),
        _ => Err(Refused::invalid(&place, format!("Invalid value for '{place}.content'"))),
    }
}

fn text_of(place: &str, parts: &[Value]) -> Result<String, Refused> {
    let mut texts = Vec::new();
    for part in parts {
        match (part.get("type").and_then(Value::as_str), part.get("text").and_then(Value::as_str)) {
            (Some("text"), Some(text)) => texts.push(text),
            (Some("image_url"), None) => {
                let url = part.pointer("/image_url/url").and_then(Value::as_str).unwrap_or_default();
                super::senses::check_picture(place, url)?;
            }
            _ => return Err(Refused::invalid(place, format!("Invalid part in '{place}.content'"))),
        }
    }
    Ok(texts.join("\n"))
}

fn numbers(fields: &Map<String, Value>) -> Result<(), Refused> {
    let bounds = [("temperature", 0.0, 2.0), ("top_p", 0.0, 1.0), ("presence_penalty", -2.0, 2.0)];
    for (name, least, most) in bounds.into_iter().chain([("frequency_penalty", -2.0, 2.0)]) {
        let value = fields.get(name).filter(|value| !value.is_null());
        if value.is_some_and(|value| !value.as_f64().is_some_and(|number| (least..=most).contains(&number))) {
            return Err(Refused::invalid(name, format!("'{name}' must be between {least} and {most}")));
        }
    }
    whole(fields, "max_tokens", 1, u64::MAX)?;
    whole(fields, "max_completion_tokens", 1, u64::MAX)?;
    Ok(())
}

fn whole(fields: &Map<String, Value>, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refused> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(Refused::invalid(name, format!("'{name}' must be a whole number from {least} to {most}"))),
        },
    }
}

/// As the service does: JSON mode demands that the word JSON occurs in the prompt.
fn response_format(fields: &Map<String, Value>, messages: &[(String, String)]) -> Result<(), Refused> {
    let Some(format) = fields.get("response_format").filter(|format| !format.is_null()) else {
        return Ok(());
    };
    let wrong = |said: &str| Err(Refused::invalid("response_format", said));
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(()),
        Some("json_object") if messages.iter().any(|(_, text)| text.to_ascii_lowercase().contains("json")) => Ok(()),
        Some("json_object") => wrong("'messages' must contain the word 'json' in some form"),
        Some("json_schema") if format.pointer("/json_schema/name").is_some_and(Value::is_string) => Ok(()),
        Some("json_schema") => wrong("Missing required parameter: 'response_format.json_schema.name'"),
        _ => wrong("'response_format.type' must be one of 'text', 'json_object', 'json_schema'"),
    }
}

/// How vectors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// A JSON list of numbers.
    Float,
    /// Base64 of little-endian 32-bit floats.
    Base64,
}

/// An embedding request that passed.
#[derive(Debug)]
pub(super) struct EmbeddingRequest {
    pub(super) model: String,
    pub(super) inputs: Vec<String>,
    pub(super) dimensions: usize,
    pub(super) encoding: Encoding,
}

impl EmbeddingRequest {
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<EmbeddingRequest, Refused> {
        let fields = object(headers, body, EMBEDDING_FIELDS)?;
        let model = model(&fields)?;
        let inputs = inputs(&fields)?;
        let dimensions = whole(&fields, "dimensions", 1, MOST_DIMENSIONS)?.unwrap_or(USUAL_DIMENSIONS);
        let encoding = match fields.get("encoding_format").map(Value::as_str) {
            None | Some(Some("float")) => Encoding::Float,
            Some(Some("base64")) => Encoding::Base64,
            Some(_) => return Err(Refused::invalid("encoding_format", "must be 'float' or 'base64'")),
        };
        Ok(EmbeddingRequest { model, inputs, dimensions: usize::try_from(dimensions).unwrap_or(usize::MAX), encoding })
    }
}

fn inputs(fields: &Map<String, Value>) -> Result<Vec<String>, Refused> {
    let list = match fields.get("input") {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let given = fields.get("input").and_then(Value::as_array).map_or(1, Vec::len);
    let sound = !list.is_empty() && list.len() == given && list.len() <= LONGEST_INPUT_LIST;
    if sound && list.iter().all(|text| !text.is_empty()) {
        return Ok(list);
    }
    Err(Refused::invalid("input", "'$.input' is invalid: one non-empty string, or 1 to 2048 of them"))
}
