//! What the bot says, as the bodies of its commands (wecom 101031, 101463).

use super::incoming::Chat;
use super::limits::RATES;
use crate::wecom::api::{ApiError, MediaKind};
use serde_json::{Value, json};

/// Longest feedback id, in bytes.
const FEEDBACK_BYTES: usize = 256;

/// A message: pushed, or as the reply to one.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Markdown of at most 20,480 bytes. There is no plain text here: pushed text is refused with 40008.
    Markdown(String),
    /// A template card within [`LIMITS`](super::LIMITS): the object that goes under `template_card`.
    Card(Value),
    /// An uploaded file ([`Link::upload`](super::Link::upload)), of the kind it was uploaded as.
    Media(MediaKind, String),
}

/// A text that grows: every frame replaces the whole text, and the last one is `finished`, at most six minutes after the
/// first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Chosen by us: the same over all frames.
    pub id: String,
    /// The whole text so far, of at most 20,480 bytes; visible at the end, or the client waits for ever.
    pub content: String,
    /// Whether this is the last frame.
    pub finished: bool,
    /// In the first frame: asks for feedback under this id of at most 256 bytes.
    pub feedback: Option<String>,
}

/// The answer to a member's first entry of the day.
#[derive(Debug, Clone, PartialEq)]
pub enum Welcome {
    /// Plain text.
    Text(String),
    /// A template card.
    Card(Value),
}

/// What to do instead, where a command was refused because of its moment and not its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// 846605, 846608: what it replied to is over, or of an earlier connection. Say it by a push.
    Push,
    /// 846601, 846602: the platform asks for one more try.
    Again,
}

/// What to do instead of a refused command.
pub fn instead(error: &ApiError) -> Option<Instead> {
    match error.code()? {
        super::DEAD_REQ_ID | 846_608 => Some(Instead::Push),
        846_601 | 846_602 => Some(Instead::Again),
        _ => None,
    }
}

impl Message {
    /// The body of `aibot_respond_msg`.
    pub(super) fn body(&self) -> Result<Value, ApiError> {
        match self {
            Message::Markdown(content) => {
                fits(content)?;
                Ok(json!({ "msgtype": "markdown", "markdown": { "content": content } }))
            }
            Message::Card(card) => Ok(card_body(card)),
            Message::Media(kind, media_id) => {
                let mut body = json!({ "msgtype": kind.name() });
                body[kind.name()] = json!({ "media_id": media_id });
                Ok(body)
            }
        }
    }

    /// The body of `aibot_send_msg`.
    pub(super) fn pushed_to(&self, chat: &Chat) -> Result<Value, ApiError> {
        let mut body = self.body()?;
        let (id, kind) = match chat {
            Chat::Member(userid) => (userid, 1),
            Chat::Group(chatid) => (chatid, 2),
        };
        body["chatid"] = json!(id);
        body["chat_type"] = json!(kind);
        Ok(body)
    }
}

impl Stream {
    pub(super) fn body(&self) -> Result<Value, ApiError> {
        if self.finished {
            fits(self.content.trim())?;
        }
        if self.content.len() > RATES.text_bytes {
            fits(&self.content)?;
        }
        let mut stream = json!({ "id": self.id, "finish": self.finished, "content": self.content });
        if let Some(id) = &self.feedback {
            if id.is_empty() || id.len() > FEEDBACK_BYTES {
                return Err(ApiError::refused(40058, "not sent: a feedback id has 1 to 256 bytes"));
            }
            stream["feedback"] = json!({ "id": id });
        }
        Ok(json!({ "msgtype": "stream", "stream": stream }))
    }
}

impl Welcome {
    pub(super) fn body(&self) -> Result<Value, ApiError> {
        match self {
            Welcome::Text(content) => {
                fits(content)?;
                Ok(json!({ "msgtype": "text", "text": { "content": content } }))
            }
            Welcome::Card(card) => Ok(card_body(card)),
        }
    }
}

fn card_body(card: &Value) -> Value {
    json!({ "msgtype": "template_card", "template_card": card })
}

/// The body of `aibot_respond_update_msg`; without members every viewer's card changes.
pub(super) fn update_body(card: &Value, userids: &[String]) -> Value {
    let mut body = json!({ "response_type": "update_template_card", "template_card": card });
    if !userids.is_empty() {
        body["userids"] = json!(userids);
    }
    body
}

fn fits(text: &str) -> Result<(), ApiError> {
    match text.len() {
        0 => Err(ApiError::refused(44004, "not sent: empty text")),
        n if n > RATES.text_bytes => {
            Err(ApiError::refused(45002, format!("not sent: {n} bytes, at most {}", RATES.text_bytes)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pushed_card_looks_as_documented() {
        let card = json!({"card_type": "button_interaction", "main_title": {"title": "回复待审核"},
            "button_list": [{"text": "发送", "style": 1, "key": "ok:81:1"}], "task_id": "case-81-r1"});
        let body = Message::Card(card.clone()).pushed_to(&Chat::Member("reviewer01".into())).unwrap();
        let documented =
            json!({"chatid": "reviewer01", "chat_type": 1, "msgtype": "template_card", "template_card": card});
        assert_eq!(body, documented);
        let image = Message::Media(MediaKind::Image, "M1".into()).pushed_to(&Chat::Group("wr1".into())).unwrap();
        let documented = json!({"chatid": "wr1", "chat_type": 2, "msgtype": "image", "image": {"media_id": "M1"}});
        assert_eq!(image, documented);
    }

    #[test]
    fn streams_and_welcomes_look_as_documented() {
        let frame = Stream { id: "s1".into(), content: "ok".into(), finished: true, feedback: Some("f".into()) };
        let stream = json!({"id": "s1", "finish": true, "content": "ok", "feedback": {"id": "f"}});
        assert_eq!(frame.body().unwrap(), json!({"msgtype": "stream", "stream": stream}));
        let welcome = Welcome::Text("你好".into()).body().unwrap();
        assert_eq!(welcome, json!({"msgtype": "text", "text": {"content": "你好"}}));
    }

    #[test]
    fn an_update_names_members_only_where_there_are_some() {
        let card = json!({"task_id": "t"});
        let all = json!({"response_type": "update_template_card", "template_card": card});
        assert_eq!(update_body(&card, &[]), all);
        assert_eq!(update_body(&card, &["LiHua".into()])["userids"], json!(["LiHua"]));
    }

    #[test]
    fn what_would_be_refused_or_never_end_is_not_sent() {
        let code = |result: Result<Value, ApiError>| result.err().and_then(|e| e.code());
        let long = "字".repeat(6_827);
        assert_eq!(code(Message::Markdown(long.clone()).body()), Some(45002));
        assert_eq!(code(Message::Markdown(String::new()).body()), Some(44004));
        let stream = |content: &str, finished| {
            Stream { id: "s".into(), content: content.into(), finished, feedback: None }.body()
        };
        assert_eq!(code(stream(" \n", true)), Some(44004));
        assert_eq!(code(stream(&long, false)), Some(45002));
        assert!(stream("", false).is_ok() && stream(&"字".repeat(6_826), true).is_ok());
    }

    #[test]
    fn refusals_of_the_moment_have_another_way() {
        let of = |code| instead(&ApiError::refused(code, ""));
        assert_eq!((of(846_605), of(846_608)), (Some(Instead::Push), Some(Instead::Push)));
        assert_eq!((of(846_601), of(45009)), (Some(Instead::Again), None));
        assert_eq!(instead(&ApiError::unknown("")), None);
    }
}
