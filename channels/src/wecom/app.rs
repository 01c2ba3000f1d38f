//! What a self-built app says to members: messages, cards, files, its menu (wecom 90236, 94888, 90253, 90231).

use super::api::{Api, ApiError, Body, CALL_LIMIT, Media, MediaKind};
use super::json;
use serde_json::{Value, json};
use std::sync::Arc;

/// Longest text or markdown, in bytes; the platform cuts what is longer without a word.
pub const MAX_TEXT_BYTES: usize = 2048;
/// Most members one card update may name.
pub const MAX_UPDATED_MEMBERS: usize = 1000;

/// The app, by its agent id. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    api: Arc<Api>,
    agent_id: i64,
}

/// An accepted message. Accepted is not displayed: more than 30 a minute to one member are dropped without a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// For recalling it within 24 h.
    pub msgid: Option<String>,
    /// For one `update_template_card` within 72 h; only cards that can call back have one.
    pub response_code: Option<String>,
    /// Members who did not get it (unknown, out of the visible range, or without a licence), in lower case.
    pub invalid: Vec<String>,
}

impl Sent {
    /// Whether the platform accepted it for this member; ids are compared without case.
    pub fn reached(&self, userid: &str) -> bool {
        !self.invalid.iter().any(|id| id.eq_ignore_ascii_case(userid))
    }
}

/// What the platform knows of the app (wecom 90227).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Name in the console.
    pub name: String,
    /// Whether an admin switched the app off.
    pub closed: bool,
    /// Members in the visible range by name.
    pub members: Vec<String>,
    /// Departments in the visible range; their members are visible too.
    pub parties: Vec<i64>,
    /// Tags in the visible range; their members are visible too.
    pub tags: Vec<i64>,
}

/// A member the app may see (wecom 90196).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Id as the platform spells it.
    pub userid: String,
    /// Display name; apps made since 2022 may get the id instead.
    pub name: String,
    /// Whether the account is activated (status 1); `None` if the platform does not say.
    pub active: Option<bool>,
}

impl App {
    /// The app `agent_id` speaking through its own client.
    pub fn new(api: Arc<Api>, agent_id: i64) -> App {
        App { api, agent_id }
    }

    /// The client this app speaks through.
    pub fn api(&self) -> &Arc<Api> {
        &self.api
    }

    /// Sends plain text of at most 2048 bytes to `to`: one userid, or several joined by `|`.
    ///
    /// # Errors
    /// [`ApiError`]; 81013 means that every recipient is unknown or out of the visible range.
    pub async fn send_text(&self, to: &str, text: &str) -> Result<Sent, ApiError> {
        check_text(text)?;
        self.send(to, "text", json!({ "content": text })).await
    }

    /// Sends markdown of at most 2048 bytes; rendered in WeCom only.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn send_markdown(&self, to: &str, text: &str) -> Result<Sent, ApiError> {
        check_text(text)?;
        self.send(to, "markdown", json!({ "content": text })).await
    }

    /// Sends an uploaded picture.
    ///
    /// # Errors
    /// [`ApiError`]; 40007 means that the media id is unknown or older than three days.
    pub async fn send_image(&self, to: &str, media_id: &str) -> Result<Sent, ApiError> {
        self.send(to, "image", json!({ "media_id": media_id })).await
    }

    /// A picture a member sent to the app, of at most `cap_bytes`. Media ids live three days: fetch on receipt.
    ///
    /// # Errors
    /// [`ApiError`]; 40007 means that the id is unknown or too old. A file over the cap is [`ApiError::Unknown`].
    pub async fn media(&self, media_id: &str, cap_bytes: usize) -> Result<Media, ApiError> {
        self.api.download(media_id, cap_bytes).await
    }

    /// Sends an uploaded file.
    ///
    /// # Errors
    /// [`ApiError`]; 40007 means that the media id is unknown or older than three days.
    pub async fn send_file(&self, to: &str, media_id: &str) -> Result<Sent, ApiError> {
        self.send(to, "file", json!({ "media_id": media_id })).await
    }

    /// Sends a template card: the object that goes under `template_card`.
    ///
    /// # Errors
    /// [`ApiError`]; 43012 means that the app has no callback address, 42014..=42051 that the card is not well made.
    pub async fn send_card(&self, to: &str, template_card: &Value) -> Result<Sent, ApiError> {
        self.send(to, "template_card", template_card.clone()).await
    }

    /// Replaces the card the code belongs to, for these members. The code works once, within 72 h.
    /// Returns the members whose card was not changed, in lower case.
    ///
    /// # Errors
    /// [`ApiError`]; 60140 means that the code is spent or too old.
    pub async fn update_card(
        &self,
        userids: &[String],
        response_code: &str,
        template_card: &Value,
    ) -> Result<Vec<String>, ApiError> {
        if userids.is_empty() || userids.len() > MAX_UPDATED_MEMBERS {
            return Err(ApiError::refused(40058, "not sent: an update names 1 to 1000 members"));
        }
        let body = json!({
            "userids": userids, "agentid": self.agent_id, "response_code": response_code, "template_card": template_card,
        });
        let answer = self.api.post("message/update_template_card", &body, CALL_LIMIT).await?;
        Ok(lower_ids(&answer, "invaliduser"))
    }

    /// Uploads a temporary file and returns its media id: three days, every app of the corp, any number of uses.
    ///
    /// # Errors
    /// [`ApiError`]; 40006 and 45001 for a file that is too small or too large.
    pub async fn upload(&self, kind: MediaKind, filename: &str, bytes: &[u8]) -> Result<String, ApiError> {
        self.api.upload(kind, filename, bytes).await
    }

    /// Replaces the app's menu: `{"button":[…]}`.
    ///
    /// # Errors
    /// [`ApiError`]; 40016..=40027 and 40054, 40055 name what is wrong with the menu.
    pub async fn create_menu(&self, menu: &Value) -> Result<(), ApiError> {
        self.api.post_to("menu/create", &[("agentid", &self.agent_id.to_string())], Body::Json(menu)).await.map(drop)
    }

    /// Deletes the app's menu; fine if there is none (46003).
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete_menu(&self) -> Result<(), ApiError> {
        match self.api.get("menu/delete", &[("agentid", &self.agent_id.to_string())]).await {
            Ok(_) | Err(ApiError::Refused { code: 46003, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What the platform knows of this app.
    ///
    /// # Errors
    /// [`ApiError`]; 301002 means that the secret belongs to another app.
    pub async fn agent(&self) -> Result<Agent, ApiError> {
        let answer = self.api.get("agent/get", &[("agentid", &self.agent_id.to_string())]).await?;
        let range = |name: &str| answer.get(name).cloned().unwrap_or_default();
        Ok(Agent {
            name: json::text(&answer, "name").unwrap_or_default(),
            closed: json::int(&answer, "close") == Some(1),
            members: json::items(&range("allow_userinfos"), "user")
                .iter()
                .filter_map(|u| json::text(u, "userid"))
                .collect(),
            parties: json::ints(&range("allow_partys"), "partyid"),
            tags: json::ints(&range("allow_tags"), "tagid"),
        })
    }

    /// One member, or `None` if the platform knows no such id (60111).
    ///
    /// # Errors
    /// [`ApiError`]; 60011 and 50002 mean that the member is out of the app's visible range.
    pub async fn user(&self, userid: &str) -> Result<Option<Member>, ApiError> {
        let answer = match self.api.get("user/get", &[("userid", userid)]).await {
            Err(ApiError::Refused { code: 60111, .. }) => return Ok(None),
            other => other?,
        };
        Ok(Some(Member {
            userid: json::text(&answer, "userid").unwrap_or_else(|| userid.to_owned()),
            name: json::text(&answer, "name").unwrap_or_default(),
            active: json::int(&answer, "status").map(|status| status == 1),
        }))
    }

    /// `message/send`. The duplicate check stays off: it would drop a second, intended message of the same bytes, and
    /// says nothing when it does.
    async fn send(&self, to: &str, msgtype: &str, content: Value) -> Result<Sent, ApiError> {
        if to.is_empty() {
            return Err(ApiError::refused(81012, "not sent: no recipient"));
        }
        let body = json!({
            "touser": to, "msgtype": msgtype, "agentid": self.agent_id, "enable_duplicate_check": 0, msgtype: content,
        });
        let answer = self.api.post("message/send", &body, CALL_LIMIT).await?;
        let mut invalid = lower_ids(&answer, "invaliduser");
        invalid.extend(lower_ids(&answer, "unlicenseduser"));
        Ok(Sent { msgid: json::text(&answer, "msgid"), response_code: json::text(&answer, "response_code"), invalid })
    }
}

fn check_text(text: &str) -> Result<(), ApiError> {
    match text.len() {
        0 => Err(ApiError::refused(44004, "not sent: empty text")),
        1..=MAX_TEXT_BYTES => Ok(()),
        n => Err(ApiError::refused(45002, format!("not sent: {n} bytes, at most {MAX_TEXT_BYTES}"))),
    }
}

/// Member ids of a field that is `a|b` in one answer and an array in another.
fn lower_ids(answer: &Value, name: &str) -> Vec<String> {
    let joined = json::text(answer, name).unwrap_or_default();
    let split = joined.split('|').filter(|id| !id.is_empty()).map(str::to_lowercase);
    split.chain(json::texts(answer, name).iter().map(|id| id.to_lowercase())).collect()
}

#[cfg(test)]
#[path = "app_tests.rs"]
mod tests;
