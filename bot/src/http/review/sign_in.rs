//! Signing in through WeCom (wecom 91022, 91023): a signed state bound to the browser goes out, a code comes back and
//! is exchanged here, and the browser gets a cookie of ours. The platform's tokens never reach it.

use axum::extract::{RawQuery, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use channels::wecom::oauth;
use url::Url;

use super::base;
use super::seal::Seal;
use super::trouble::{self, Trouble};
use super::visitor::{SESSION_COOKIE, cookies, param};
use crate::app::App;
use crate::clock::{HOUR, MINUTE, SECOND, Timestamp};

/// Binds a sign-in to the browser that began it.
const NONCE_COOKIE: &str = "aijia_sign_in";
/// Digits of a nonce.
const NONCE_DIGITS: usize = 32;
/// How long a sign-in may take.
const SIGN_IN_LIVES: Timestamp = 10 * MINUTE;
/// How long somebody stays signed in.
const SESSION_LIVES: Timestamp = 8 * HOUR;
/// The official API's host and its sign-in page's (wecom 91022).
const API_HOST: &str = "qyapi.weixin.qq.com";
const SIGN_IN_ORIGIN: &str = "https://open.weixin.qq.com";

/// Whether anybody can sign in here.
pub(super) fn is_possible(app: &App) -> bool {
    app.wecom.is_some() && app.public_url.is_some()
}

/// Sends the browser to WeCom, which sends it back to [`back`].
pub(super) fn begin(app: &App, number: i64, headers: &HeaderMap) -> Response {
    let Some((to, nonce)) = leave(app, number, headers) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "sign-in is not possible\n").into_response();
    };
    redirect(&to, &cookie(app, NONCE_COOKIE, &nonce, SIGN_IN_LIVES))
}

fn leave(app: &App, number: i64, headers: &HeaderMap) -> Option<(String, String)> {
    let wecom = app.wecom.as_ref()?;
    let back = format!("{}/review/oauth/callback", app.public_url.as_ref()?.trim_end_matches('/'));
    let nonce = nonce(app, headers)?;
    let state = Seal::new(&app.cookie_key).state(number, &nonce, app.clock.now() + SIGN_IN_LIVES);
    let official = oauth::authorize_url(&wecom.corp_id, wecom.agent_id, &back, &state);
    Some((at_own_host(&official, &wecom.api_base), nonce))
}

/// The browser's nonce, kept while it has one, so that two pages can be opened at once.
fn nonce(app: &App, headers: &HeaderMap) -> Option<String> {
    let well_formed = |n: &&str| n.len() == NONCE_DIGITS && n.bytes().all(|b| b.is_ascii_hexdigit());
    let known = cookies(headers, NONCE_COOKIE).find(well_formed).map(str::to_owned);
    known.or_else(|| app.ids.random16().ok().map(hex::encode))
}

/// Where the API is not the official one, neither is the sign-in page.
fn at_own_host(official: &str, api_base: &str) -> String {
    let api = Url::parse(api_base).ok().filter(|api| api.host_str() != Some(API_HOST));
    match (api, official.strip_prefix(SIGN_IN_ORIGIN)) {
        (Some(api), Some(rest)) => format!("{}{rest}", api.origin().ascii_serialization()),
        _ => official.to_owned(),
    }
}

/// The browser comes back from WeCom.
pub(super) async fn back(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let (code, state) = (param(query.as_deref(), "code"), param(query.as_deref(), "state"));
    let now = app.clock.now();
    let seal = Seal::new(&app.cookie_key);
    let state = state.unwrap_or_default();
    let number = cookies(&headers, NONCE_COOKIE).find_map(|nonce| seal.read_state(&state, nonce, now));
    let Some(number) = number else { return trouble::answer(&app, &Trouble::SignInFailed, 0, &[]).await };
    match person(&app, &code.unwrap_or_default()).await {
        Ok(person) => {
            let session = seal.session(&person, now + SESSION_LIVES);
            // The address with the code is used up (40029): on to a clean one.
            redirect(&format!("{}/{number}", base(&app)), &cookie(&app, SESSION_COOKIE, &session, SESSION_LIVES))
        }
        Err(trouble) => trouble::answer(&app, &trouble, number, &[]).await,
    }
}

/// The person a code stands for.
async fn person(app: &App, code: &str) -> Result<String, Trouble> {
    let wecom = app.wecom.as_ref().ok_or(Trouble::SignInFailed)?;
    let member = oauth::userid(&wecom.api, code).await.map_err(|error| {
        tracing::warn!(%error, "a sign-in failed");
        Trouble::SignInFailed
    })?;
    // Somebody who is no member of the company has no member id.
    let member = member.ok_or(Trouble::NotOnList)?;
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    desk.desk.person_by_wecom(&member).map(|p| p.id.clone()).ok_or(Trouble::NotOnList)
}

/// A cookie for our pages only, out of reach of scripts and of other sites' forms.
fn cookie(app: &App, name: &str, value: &str, lives: Timestamp) -> String {
    let secure = if app.public_url.as_deref().is_some_and(|url| url.starts_with("https://")) { "; Secure" } else { "" };
    format!("{name}={value}; Path={}; Max-Age={}; HttpOnly; SameSite=Lax{secure}", base(app), lives / SECOND)
}

fn redirect(to: &str, cookie: &str) -> Response {
    let (Ok(to), Ok(cookie)) = (HeaderValue::from_str(to), HeaderValue::from_str(cookie)) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let response = (StatusCode::SEE_OTHER, [(LOCATION, to), (SET_COOKIE, cookie)]).into_response();
    crate::http::render::never_stored(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_in_page_is_where_the_api_is() {
        let official = oauth::authorize_url("ww0corp", 7, "https://desk.example/review/oauth/callback", "s1");
        assert_eq!(at_own_host(&official, "https://qyapi.weixin.qq.com/cgi-bin"), official);
        let own = at_own_host(&official, "http://127.0.0.1:9001/cgi-bin");
        assert!(own.starts_with("http://127.0.0.1:9001/connect/oauth2/authorize?appid=ww0corp&"), "{own}");
        assert!(own.ends_with("#wechat_redirect") && own.contains("state=s1"), "{own}");
    }
}
