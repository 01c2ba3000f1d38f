//! Reading a call's fields: JSON, or a form in which everything is text. Numbers may be text in both, as with Telegram.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use axum::http::{HeaderMap, Request, header};
use serde_json::{Map, Value};

use super::calls::{Method, Refused};

/// Larger calls are not read.
const BODY_BYTES: usize = 64 * 1024 * 1024;

/// What a call says.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) values: Map<String, Value>,
    /// Uploads by their field.
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl Fields {
    pub(super) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, Refused> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("multipart/form-data") {
            return Self::form(headers, body).await.ok_or_else(|| Refused::bad("can't parse the form"));
        }
        if body.is_empty() {
            return Ok(Self::default());
        }
        let values = serde_json::from_slice(&body).map_err(|_| Refused::bad("object expected"))?;
        Ok(Self { values, files: BTreeMap::new() })
    }

    async fn form(headers: &HeaderMap, body: Bytes) -> Option<Self> {
        let mut request = Request::new(Body::from(body));
        request.headers_mut().insert(header::CONTENT_TYPE, headers.get(header::CONTENT_TYPE)?.clone());
        DefaultBodyLimit::max(BODY_BYTES).apply(&mut request);
        let mut parts = Multipart::from_request(request, &()).await.ok()?;
        let mut fields = Self::default();
        while let Some(part) = parts.next_field().await.ok()? {
            let name = part.name()?.to_owned();
            if part.file_name().is_some() {
                fields.files.insert(name, part.bytes().await.ok()?.to_vec());
            } else {
                fields.values.insert(name, Value::from(part.text().await.ok()?));
            }
        }
        Some(fields)
    }

    /// Refuses what the method does not have.
    pub(super) fn check(&self, method: Method) -> Result<(), Refused> {
        known(self.values.keys().chain(self.files.keys()), method.fields())
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refused> {
        let wrong = || Refused::bad(format!("field \"{name}\" must be of type String"));
        self.get(name).map(|value| value.as_str().ok_or_else(wrong)).transpose()
    }

    pub(super) fn int(&self, name: &str) -> Result<Option<i64>, Refused> {
        let wrong = || Refused::bad(format!("field \"{name}\" must be of type Number"));
        let read = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok()).ok_or_else(wrong);
        self.get(name).map(read).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Refused> {
        let wrong = || Refused::bad(format!("field \"{name}\" must be of type Boolean"));
        let read = |value: &Value| value.as_bool().or_else(|| value.as_str()?.parse().ok()).ok_or_else(wrong);
        self.get(name).map_or(Ok(false), read)
    }

    /// An object or a list, which a form has as text.
    pub(super) fn json(&self, name: &str) -> Result<Option<Value>, Refused> {
        let wrong = || Refused::bad(format!("can't parse {name}"));
        let read = |value: &Value| match value {
            Value::String(text) => serde_json::from_str(text).map_err(|_| wrong()),
            other => Ok(other.clone()),
        };
        self.get(name).map(read).transpose()
    }

    /// `allowed_updates`.
    pub(super) fn kinds(&self) -> Result<Option<Vec<String>>, Refused> {
        let wrong = || Refused::bad("can't parse allowed updates: expected an Array of String");
        let read = |value| serde_json::from_value(value).map_err(|_| wrong());
        self.json("allowed_updates")?.map(read).transpose()
    }
}

/// Refuses names that are not known.
pub(super) fn known<'a>(names: impl Iterator<Item = &'a String>, known: &[&str]) -> Result<(), Refused> {
    for name in names {
        if !known.contains(&name.as_str()) {
            return Err(Refused::bad(format!("unknown field \"{name}\" (Telegram would pass over it)")));
        }
    }
    Ok(())
}

/// The object in a value, without unknown fields.
pub(super) fn object<'a>(value: &'a Value, fields: &[&str]) -> Result<&'a Map<String, Value>, Refused> {
    let map = value.as_object().ok_or_else(|| Refused::bad("object expected"))?;
    known(map.keys(), fields)?;
    Ok(map)
}
