//! The API calls that the simulator knows, as one value each.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::Value;

use crate::errcode::Errcode;

/// One API of WeCom, under `/cgi-bin/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Api {
    /// `GET gettoken`
    GetToken,
    /// `POST message/send`
    MessageSend,
    /// `POST message/update_template_card`
    UpdateTemplateCard,
    /// `POST message/recall`
    MessageRecall,
    /// `POST media/upload`
    MediaUpload,
    /// `GET media/get`
    MediaGet,
    /// `POST menu/create`
    MenuCreate,
    /// `GET menu/get`
    MenuGet,
    /// `GET menu/delete`
    MenuDelete,
    /// `GET agent/get`
    AgentGet,
    /// `GET user/get`
    UserGet,
    /// `POST kf/sync_msg`
    KfSyncMsg,
    /// `POST kf/send_msg`
    KfSendMsg,
    /// `POST kf/send_msg_on_event`
    KfSendMsgOnEvent,
    /// `POST kf/service_state/get`
    KfStateGet,
    /// `POST kf/service_state/trans`
    KfStateTrans,
    /// `GET kf/servicer/list`
    KfServicerList,
    /// `POST kf/account/list`
    KfAccountList,
    /// `POST kf/customer/batchget`
    KfCustomerBatchGet,
    /// `GET auth/getuserinfo`
    AuthGetUserInfo,
}

/// Which HTTP methods an API takes.
enum Verb {
    Get,
    Post,
    Either,
}

impl Api {
    /// Every API that the simulator knows.
    pub const ALL: [Api; 20] = [
        Api::GetToken,
        Api::MessageSend,
        Api::UpdateTemplateCard,
        Api::MessageRecall,
        Api::MediaUpload,
        Api::MediaGet,
        Api::MenuCreate,
        Api::MenuGet,
        Api::MenuDelete,
        Api::AgentGet,
        Api::UserGet,
        Api::KfSyncMsg,
        Api::KfSendMsg,
        Api::KfSendMsgOnEvent,
        Api::KfStateGet,
        Api::KfStateTrans,
        Api::KfServicerList,
        Api::KfAccountList,
        Api::KfCustomerBatchGet,
        Api::AuthGetUserInfo,
    ];

    /// The path below `/cgi-bin/`.
    pub fn path(self) -> &'static str {
        match self {
            Api::GetToken => "gettoken",
            Api::MessageSend => "message/send",
            Api::UpdateTemplateCard => "message/update_template_card",
            Api::MessageRecall => "message/recall",
            Api::MediaUpload => "media/upload",
            Api::MediaGet => "media/get",
            Api::MenuCreate => "menu/create",
            Api::MenuGet => "menu/get",
            Api::MenuDelete => "menu/delete",
            Api::AgentGet => "agent/get",
            Api::UserGet => "user/get",
            Api::KfSyncMsg => "kf/sync_msg",
            Api::KfSendMsg => "kf/send_msg",
            Api::KfSendMsgOnEvent => "kf/send_msg_on_event",
            Api::KfStateGet => "kf/service_state/get",
            Api::KfStateTrans => "kf/service_state/trans",
            Api::KfServicerList => "kf/servicer/list",
            Api::KfAccountList => "kf/account/list",
            Api::KfCustomerBatchGet => "kf/customer/batchget",
            Api::AuthGetUserInfo => "auth/getuserinfo",
        }
    }

    /// The API at `path` below `/cgi-bin/`; `None` is a 404.
    pub fn from_path(path: &str) -> Option<Api> {
        Api::ALL.into_iter().find(|api| api.path() == path)
    }

    fn verb(self) -> Verb {
        match self {
            Api::GetToken
            | Api::MediaGet
            | Api::MenuGet
            | Api::MenuDelete
            | Api::AgentGet
            | Api::UserGet
            | Api::KfServicerList
            | Api::AuthGetUserInfo => Verb::Get,
            // Older documents give it as a GET.
            Api::KfAccountList => Verb::Either,
            _ => Verb::Post,
        }
    }

    /// Whether the API takes `method`; else 40058 (wecom 90313 names "GET instead of POST").
    pub(crate) fn takes(self, method: &Method) -> bool {
        match self.verb() {
            Verb::Get => method == Method::GET,
            Verb::Post => method == Method::POST,
            Verb::Either => method == Method::GET || method == Method::POST,
        }
    }

    /// Whether the base limits of wecom 90312 count this API: application messages have their own.
    pub(crate) fn counted(self) -> bool {
        !matches!(self, Api::MessageSend | Api::AuthGetUserInfo)
    }
}

/// One call as it reached the server, its token already checked.
pub(crate) struct Request {
    pub(crate) api: Api,
    pub(crate) query: BTreeMap<String, String>,
    /// The JSON body; `Null` where there is none.
    pub(crate) body: Value,
    pub(crate) upload: Option<Upload>,
    /// The `Range` header.
    pub(crate) range: Option<String>,
}

impl Request {
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The part named `media` of a multipart body.
pub(crate) struct Upload {
    pub(crate) filename: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// What a call answers when it is not refused.
pub(crate) enum Answer {
    /// `errcode` 0 and these fields.
    Json(Value),
    /// The bytes of a stored medium.
    File { filename: String, bytes: Vec<u8>, partial: Option<String> },
}

/// The answer, or the errcode it is refused with.
pub(crate) type Answered = Result<Answer, Errcode>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_leads_back_to_its_api() {
        for api in Api::ALL {
            assert_eq!(Api::from_path(api.path()), Some(api));
        }
        assert_eq!(Api::from_path("message/sent"), None);
    }

    #[test]
    fn sending_by_get_is_wrong() {
        assert!(!Api::KfSendMsg.takes(&Method::GET));
        assert!(Api::KfAccountList.takes(&Method::GET) && Api::KfAccountList.takes(&Method::POST));
    }
}
