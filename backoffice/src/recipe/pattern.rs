//! Texts with `{inputs}` in them, and what addresses and bodies are compared with.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::inputs::Inputs;

/// A text with `{inputs}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Input(String),
}

/// The path of an address: `{inputs}`, and `*` for one or more characters other than `/`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Path(Template);

/// A value that is either given by a template or left open: `*`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Template")]
pub enum Expected {
    /// Anything.
    Any,
    /// This.
    Is(Template),
}

/// What the body of a request has to be: the same keys, no others, and the values as expected.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// `application/json`.
    Json(Json),
    /// `application/x-www-form-urlencoded`.
    Form(BTreeMap<String, Expected>),
}

/// JSON in which strings are expected values.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Json {
    /// `true`, `false`.
    Truth(bool),
    /// A whole number.
    Number(i64),
    /// A string.
    Text(Expected),
    /// A list of exactly these.
    List(Vec<Json>),
    /// An object of exactly these.
    Object(BTreeMap<String, Json>),
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Template, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("`{` without `}`: write an input's name as {name}")?;
            if before.contains('}') || name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                return Err(format!(
                    "`{{{name}}}` is no input: names are small letters and `_`, in one pair of braces"
                ));
            }
            parts.extend((!before.is_empty()).then(|| Part::Text(before.to_owned())));
            parts.push(Part::Input(name.to_owned()));
            rest = after;
        }
        if rest.contains('}') {
            return Err("`}` without `{`: write an input's name as {name}".to_owned());
        }
        parts.extend((!rest.is_empty()).then(|| Part::Text(rest.to_owned())));
        Ok(Template(parts))
    }
}

impl Template {
    /// The text with its inputs filled in.
    pub fn fill(&self, inputs: &Inputs) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Input(name) => inputs.get(name).to_owned(),
        };
        self.0.iter().map(part).collect()
    }

    /// The inputs that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Input(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Path, String> {
        if !text.starts_with('/') || text.contains("//") || text.contains("**") {
            return Err("a path begins with one `/`, and `*` stands for a part of one segment".to_owned());
        }
        if text.contains(['?', '#', '%', '\\']) || text.split('/').any(|part| part == ".." || part == ".") {
            return Err("a path is plain: parameters go into `parameters`".to_owned());
        }
        Template::try_from(text).map(Path)
    }
}

impl Path {
    /// Whether the path of an address is one of these.
    pub fn matches(&self, inputs: &Inputs, path: &str) -> bool {
        // A segment must not hide another one: servers differ in what they decode.
        let hidden = ["%2f", "%5c", "%2e", "%00", "//", ";"];
        let lower = path.to_ascii_lowercase();
        !hidden.iter().any(|bad| lower.contains(bad)) && glob(&self.pieces(inputs), path)
    }

    /// The path itself; only where there is no `*`.
    pub fn fill(&self, inputs: &Inputs) -> String {
        self.pieces(inputs).concat()
    }

    /// Whether it leaves something open.
    pub fn is_open(&self) -> bool {
        self.0.0.iter().any(|part| matches!(part, Part::Text(text) if text.contains('*')))
    }

    /// The inputs that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names()
    }

    /// What stands between the stars.
    fn pieces(&self, inputs: &Inputs) -> Vec<String> {
        let mut pieces = vec![String::new()];
        for part in &self.0.0 {
            let (text, stars) = match part {
                Part::Text(text) => (text.clone(), true),
                // Digits and codes only: nothing that an address would write otherwise.
                Part::Input(name) => (inputs.get(name).to_owned(), false),
            };
            let mut between = if stars { text.split('*').collect() } else { vec![text.as_str()] }.into_iter();
            if let Some(last) = pieces.last_mut() {
                last.push_str(between.next().unwrap_or_default());
            }
            pieces.extend(between.map(str::to_owned));
        }
        pieces
    }
}

/// Whether `path` is these pieces with something of one segment between each two.
fn glob(pieces: &[String], path: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return path.is_empty() };
    let Some(path) = path.strip_prefix(first.as_str()) else { return false };
    if rest.is_empty() {
        return path.is_empty();
    }
    let mut ends = path.char_indices().map(|(at, c)| (at + c.len_utf8(), c)).take_while(|(_, c)| *c != '/');
    ends.any(|(end, _)| glob(rest, path.get(end..).unwrap_or_default()))
}

impl From<Template> for Expected {
    fn from(template: Template) -> Expected {
        if template.0 == [Part::Text("*".to_owned())] { Expected::Any } else { Expected::Is(template) }
    }
}

impl Expected {
    /// Whether a value is as expected.
    pub fn matches(&self, inputs: &Inputs, value: &str) -> bool {
        match self {
            Expected::Any => true,
            // A form's lines end with CR LF, whatever was typed.
            Expected::Is(template) => value.replace("\r\n", "\n") == template.fill(inputs),
        }
    }

    /// The inputs that it names.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Expected::Any => Vec::new(),
            Expected::Is(template) => template.names().collect(),
        }
    }
}

/// Whether an address has these parameters, each once and as expected, and no others. One that may be anything may be
/// left out as well.
pub(crate) fn parameters_match(expected: &BTreeMap<String, Expected>, inputs: &Inputs, url: &Url) -> bool {
    let pairs: Vec<_> = url.query_pairs().collect();
    let count = |name: &str| pairs.iter().filter(|(known, _)| known == name).count();
    let needed = |(name, value): (&String, &Expected)| *value == Expected::Any || count(name) == 1;
    expected.iter().all(needed)
        && pairs.iter().all(|(name, value)| {
            count(name) == 1 && expected.get(name.as_ref()).is_some_and(|e| e.matches(inputs, value))
        })
}

impl Body {
    /// Whether a request's body says exactly this.
    pub fn matches(&self, inputs: &Inputs, body: &[u8]) -> bool {
        match self {
            Body::Json(json) => serde_json::from_slice(body).is_ok_and(|value| json.matches(inputs, &value)),
            Body::Form(fields) => {
                let pairs: Vec<_> = url::form_urlencoded::parse(body).collect();
                let fits = |(name, value): &(std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
                    fields.get(name.as_ref()).is_some_and(|expected| expected.matches(inputs, value))
                };
                let all = fields.keys().all(|name| pairs.iter().filter(|(known, _)| known == name).count() == 1);
                all && pairs.iter().all(fits)
            }
        }
    }

    /// The inputs that it names.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Body::Json(json) => json.names(),
            Body::Form(fields) => fields.values().flat_map(Expected::names).collect(),
        }
    }
}

impl Json {
    fn matches(&self, inputs: &Inputs, value: &Value) -> bool {
        match (self, value) {
            (Json::Truth(expected), Value::Bool(value)) => expected == value,
            (Json::Number(expected), Value::Number(value)) => value.as_i64() == Some(*expected),
            (Json::Text(expected), Value::String(value)) => expected.matches(inputs, value),
            (Json::List(expected), Value::Array(values)) => {
                expected.len() == values.len() && expected.iter().zip(values).all(|(e, v)| e.matches(inputs, v))
            }
            (Json::Object(expected), Value::Object(values)) => {
                let same = |(name, value)| expected.get(name).is_some_and(|e: &Json| e.matches(inputs, value));
                expected.len() == values.len() && values.iter().all(same)
            }
            _ => false,
        }
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Json::Truth(_) | Json::Number(_) => Vec::new(),
            Json::Text(expected) => expected.names(),
            Json::List(list) => list.iter().flat_map(Json::names).collect(),
            Json::Object(fields) => fields.values().flat_map(Json::names).collect(),
        }
    }
}
