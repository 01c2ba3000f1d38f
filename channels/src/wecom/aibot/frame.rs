//! Frames: JSON texts in both directions. Commands and callbacks name themselves in `cmd`; answers carry none and are known
//! by the `req_id` of what they answer.

use crate::wecom::json;
use serde_json::{Value, json};

/// Largest frame read, in bytes.
pub(super) const MAX_FRAME: usize = 1024 * 1024;
/// Longest `req_id` taken, in bytes.
const MAX_REQ_ID: usize = 256;

/// A frame from the platform.
#[derive(Debug, PartialEq)]
pub enum Frame {
    /// The answer to a command.
    Ack {
        /// The command's.
        req_id: String,
        /// `errcode`; 0 is done.
        code: i64,
        /// `errmsg`, for people only.
        message: String,
        /// What it gives back; null where nothing.
        body: Value,
    },
    /// A message or an event.
    Callback {
        /// Answers to it carry the same.
        req_id: String,
        /// wecom 100719, 101027.
        body: Value,
    },
}

/// Reads a frame; `None` is something this version does not know, which is passed over.
pub fn read(text: &str) -> Option<Frame> {
    if text.len() > MAX_FRAME {
        return None;
    }
    let mut frame: Value = serde_json::from_str(text).ok()?;
    let req_id = json::text(frame.get("headers")?, "req_id").filter(|id| id.len() <= MAX_REQ_ID)?;
    let body = frame.get_mut("body").map(Value::take).unwrap_or_default();
    match json::text(&frame, "cmd").as_deref() {
        Some("aibot_msg_callback" | "aibot_event_callback") => Some(Frame::Callback { req_id, body }),
        Some(_) => None,
        None => {
            let code = json::int(&frame, "errcode")?;
            Some(Frame::Ack { req_id, code, message: json::text(&frame, "errmsg").unwrap_or_default(), body })
        }
    }
}

/// A command as it travels; no body where `body` is null.
pub(super) fn write(cmd: &str, req_id: &str, body: &Value) -> String {
    let headers = json!({ "req_id": req_id });
    match body {
        Value::Null => json!({ "cmd": cmd, "headers": headers }).to_string(),
        body => json!({ "cmd": cmd, "headers": headers, "body": body }).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_look_as_documented() {
        let written: Value = serde_json::from_str(&write("ping", "p-1", &Value::Null)).unwrap();
        assert_eq!(written, json!({"cmd": "ping", "headers": {"req_id": "p-1"}}));
        let written: Value = serde_json::from_str(&write("aibot_subscribe", "s", &json!({"bot_id": "b"}))).unwrap();
        assert_eq!(written["body"], json!({"bot_id": "b"}));
    }

    #[test]
    fn answers_and_callbacks_are_told_apart() {
        let ack = read(r#"{"headers":{"req_id":"r"},"errcode":0,"errmsg":"ok","body":{"upload_id":"u"}}"#);
        let body = json!({"upload_id": "u"});
        assert_eq!(ack, Some(Frame::Ack { req_id: "r".into(), code: 0, message: "ok".into(), body }));
        let ack = read(r#"{"headers":{"req_id":"r"},"errcode":"846605"}"#);
        assert!(matches!(ack, Some(Frame::Ack { code: 846_605, body: Value::Null, .. })));
        let callback = read(r#"{"cmd":"aibot_event_callback","headers":{"req_id":"e"},"body":{}}"#);
        assert_eq!(callback, Some(Frame::Callback { req_id: "e".into(), body: json!({}) }));
    }

    #[test]
    fn what_is_unknown_or_too_large_is_passed_over() {
        let long = format!(r#"{{"headers":{{"req_id":"{}"}},"errcode":0}}"#, "r".repeat(MAX_REQ_ID + 1));
        for text in [
            "",
            "[]",
            "null",
            r#"{"cmd":"aibot_msg_callback"}"#,
            r#"{"cmd":"aibot_new","headers":{"req_id":"r"}}"#,
            r#"{"headers":{"req_id":"r"}}"#,
            r#"{"headers":{"req_id":""},"errcode":0}"#,
            &long,
            &" ".repeat(MAX_FRAME + 1),
        ] {
            assert_eq!(read(text), None);
        }
    }
}
