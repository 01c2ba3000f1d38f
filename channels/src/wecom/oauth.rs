//! Sign-in of the review pages inside WeCom (wecom 91020, 91022, 91023).

use super::api::{Api, ApiError};
use super::json;
use url::form_urlencoded::byte_serialize;

/// Longest code the platform issues, in bytes.
const MAX_CODE: usize = 512;

/// Where to send the browser. It comes back to `redirect_uri?code=…&state=…`; the code works once, within five minutes.
///
/// `redirect_uri` is the plain address (it is encoded here; its host must be the app's trusted domain). `state` is
/// letters and digits, at most 128 bytes, and must be bound to the browser's session.
pub fn authorize_url(corp_id: &str, agent_id: i64, redirect_uri: &str, state: &str) -> String {
    format!(
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid={}&redirect_uri={}&response_type=code\
         &scope=snsapi_base&state={}&agentid={agent_id}#wechat_redirect",
        encode(corp_id),
        encode(redirect_uri),
        encode(state)
    )
}

/// The member a code stands for, or `None` for somebody who is no member of the corp.
///
/// # Errors
/// [`ApiError`]; 40029, 42003 and 42022 mean that the code is invalid, too old or used.
pub async fn userid(api: &Api, code: &str) -> Result<Option<String>, ApiError> {
    if code.is_empty() || code.len() > MAX_CODE {
        return Err(ApiError::refused(40029, "not sent: a code has 1 to 512 bytes"));
    }
    let answer = api.get("auth/getuserinfo", &[("code", code)]).await?;
    Ok(json::text(&answer, "userid").or_else(|| json::text(&answer, "UserId")))
}

fn encode(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_documented_one() {
        assert_eq!(
            authorize_url("ww0corp", 1000007, "https://desk.example.com:8443/review/in?x=1&y=a b", "s7Ab"),
            "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww0corp&redirect_uri=\
             https%3A%2F%2Fdesk.example.com%3A8443%2Freview%2Fin%3Fx%3D1%26y%3Da%20b&response_type=code\
             &scope=snsapi_base&state=s7Ab&agentid=1000007#wechat_redirect"
        );
    }
}
