//! Signing in on the review pages (wecom 91022, 91023): the authorize page and its single-use codes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::api::{Answer, Answered, Request};
use crate::clock::MINUTE_MS;
use crate::errcode::Errcode;
use crate::world::World;

const LIFE_MS: i64 = 5 * MINUTE_MS;

/// The codes given out so far, and who the phone's owner is.
#[derive(Default)]
pub(crate) struct OauthCodes {
    codes: BTreeMap<String, Code>,
    /// The member who is signed in on the phone that opens the authorize page.
    pub(crate) owner: Option<String>,
}

struct Code {
    expires_ms: i64,
    used: bool,
    who: Person,
}

/// Who opened the page.
pub(crate) enum Person {
    Member(String),
    Outsider { external_userid: String },
}

/// A fresh code: once, 5 minutes.
pub(crate) fn code(world: &mut World, who: Person) -> String {
    let name = world.rng.hex();
    let code = Code { expires_ms: world.now() + LIFE_MS, used: false, who };
    world.oauth.codes.insert(name.clone(), code);
    name
}

/// `auth/getuserinfo`.
pub(crate) fn user_info(world: &mut World, request: &Request) -> Answered {
    let name = request.query("code").ok_or(Errcode::CODE_MISSING)?;
    let now = world.now();
    let spent = if world.settings.switches.spent_code_named { Errcode::OAUTH_CODE_USED } else { Errcode::OAUTH_CODE };
    let code = world.oauth.codes.get_mut(name).ok_or(Errcode::OAUTH_CODE)?;
    if code.used {
        return Err(spent);
    }
    if code.expires_ms <= now {
        return Err(Errcode::OAUTH_CODE_EXPIRED);
    }
    code.used = true;
    Ok(Answer::Json(told(&code.who)))
}

fn told(who: &Person) -> Value {
    match who {
        Person::Member(userid) => json!({"userid": userid}),
        Person::Outsider { external_userid } => {
            json!({"openid": format!("o-{external_userid}"), "external_userid": external_userid})
        }
    }
}

/// What the authorize page shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// Back to the caller's page with a code.
    Redirect(String),
    /// A choice of members.
    Choice(String),
    /// The link is wrong.
    Wrong(&'static str),
}

/// `/connect/oauth2/authorize`: redirects as the member chosen (`as=USERID`, or the phone's owner), else offers them.
pub(crate) fn authorize(world: &mut World, query: &BTreeMap<String, String>) -> Page {
    let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    if let Some(wrong) = fault(world, &given) {
        return Page::Wrong(wrong);
    }
    let chosen = query.get("as").or(world.oauth.owner.as_ref()).cloned();
    let Some(member) = chosen.and_then(|userid| world.app.member(&userid).map(|member| member.userid.clone())) else {
        return Page::Choice(choice(world, query));
    };
    let code = code(world, Person::Member(member));
    let uri = given("redirect_uri");
    let joint = if uri.contains('?') { '&' } else { '?' };
    Page::Redirect(format!("{uri}{joint}code={code}&state={}", given("state")))
}

fn fault<'a>(world: &World, given: &impl Fn(&str) -> &'a str) -> Option<&'static str> {
    let uri = given("redirect_uri");
    let state = given("state");
    let checks = [
        (given("appid") == world.settings.corp_id, "appid"),
        (uri.starts_with("http://") || uri.starts_with("https://"), "redirect_uri"),
        (given("response_type") == "code", "response_type"),
        (matches!(given("scope"), "snsapi_base" | "snsapi_privateinfo"), "scope"),
        (state.len() <= 128 && state.bytes().all(|byte| byte.is_ascii_alphanumeric()), "state"),
    ];
    checks.into_iter().find(|(right, _)| !right).map(|(_, name)| name)
}

fn choice(world: &World, query: &BTreeMap<String, String>) -> String {
    let line = |(userid, name): (&str, &str)| {
        let pairs = query.iter().map(|(key, value)| (key.as_str(), value.as_str())).chain([("as", userid)]);
        let link: String = pairs.map(|(key, value)| format!("&{key}={}", percent(value))).collect();
        format!("<li><a href=\"?{}\">{}</a></li>", &link[1..], text(name))
    };
    let lines: String = world.app.members().map(|member| line((&member.userid, &member.name))).collect();
    format!("<!doctype html><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><ul>{lines}</ul>")
}

fn text(name: &str) -> String {
    name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub(crate) fn percent(value: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}
