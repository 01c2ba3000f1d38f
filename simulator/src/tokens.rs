//! Access tokens (wecom 91039) and how often an API may be called (wecom 90312).

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::api::{Answer, Answered, Api, Request};
use crate::clock::{HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::errcode::Errcode;
use crate::world::World;

const LIFE_SECONDS: i64 = 7_200;

/// The tokens given out so far.
#[derive(Default)]
pub(crate) struct Tokens {
    given: BTreeMap<String, Token>,
    newest: Option<String>,
}

struct Token {
    expires_ms: i64,
    revoked: bool,
}

impl Tokens {
    pub(crate) fn revoke(&mut self) {
        self.given.values_mut().for_each(|token| token.revoked = true);
    }

    fn alive(&self, now: i64) -> Option<(&String, i64)> {
        let name = self.newest.as_ref()?;
        let token = self.given.get(name)?;
        (!token.revoked && token.expires_ms > now).then_some((name, token.expires_ms))
    }
}

/// `gettoken`: both parameters are required and have to be right.
pub(crate) fn get_token(world: &mut World, request: &Request) -> Answered {
    let corp = request.query("corpid").ok_or(Errcode::CORP_ID_MISSING)?;
    let secret = request.query("corpsecret").ok_or(Errcode::SECRET_MISSING)?;
    if corp != world.settings.corp_id {
        return Err(Errcode::CORP_ID);
    }
    if secret != world.settings.secret {
        return Err(Errcode::BAD_SECRET);
    }
    Ok(Answer::Json(grant(world)))
}

fn grant(world: &mut World) -> Value {
    let now = world.now();
    if world.settings.switches.gettoken_repeats
        && let Some((name, expires_ms)) = world.tokens.alive(now)
    {
        return json!({"access_token": name, "expires_in": (expires_ms - now) / SECOND_MS});
    }
    let name = format!("{}{}", world.rng.hex(), world.rng.hex());
    world.tokens.given.insert(name.clone(), Token { expires_ms: now + LIFE_SECONDS * SECOND_MS, revoked: false });
    world.tokens.newest = Some(name.clone());
    json!({"access_token": name, "expires_in": LIFE_SECONDS})
}

/// Checks the token in the query: 41001 missing, 40014 unknown or killed, 42001 expired.
pub(crate) fn check(world: &World, request: &Request) -> Result<(), Errcode> {
    if request.api == Api::GetToken {
        return Ok(());
    }
    let name = request.query("access_token").ok_or(Errcode::TOKEN_MISSING)?;
    let token = world.tokens.given.get(name).ok_or(Errcode::TOKEN_INVALID)?;
    let killed =
        if world.settings.switches.revoked_is_expired { Errcode::TOKEN_EXPIRED } else { Errcode::TOKEN_INVALID };
    match token {
        Token { revoked: true, .. } => Err(killed),
        Token { expires_ms, .. } if *expires_ms <= world.now() => Err(Errcode::TOKEN_EXPIRED),
        Token { .. } => Ok(()),
    }
}

/// When something happened lately: counts within a sliding window.
#[derive(Default)]
pub(crate) struct Window {
    at_ms: VecDeque<i64>,
}

impl Window {
    /// Counts one more at `now`, unless a minute has `per_minute` or an hour `per_hour` already.
    pub(crate) fn admit(&mut self, now: i64, per_minute: usize, per_hour: usize) -> bool {
        while self.at_ms.front().is_some_and(|at| *at <= now - HOUR_MS) {
            self.at_ms.pop_front();
        }
        let lately = self.at_ms.len() - self.at_ms.partition_point(|at| *at <= now - MINUTE_MS);
        let room = lately < per_minute && self.at_ms.len() < per_hour;
        if room {
            self.at_ms.push_back(now);
        }
        room
    }
}

/// Counts the call; 45009 above the base limits.
pub(crate) fn count(world: &mut World, api: Api) -> Result<(), Errcode> {
    if !api.counted() {
        return Ok(());
    }
    let (now, minute, hour) = (world.now(), world.settings.calls_per_minute, world.settings.calls_per_hour);
    let admitted = world.traffic.entry(api).or_default().admit(now, minute, hour);
    if admitted { Ok(()) } else { Err(Errcode::FREQUENCY) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides() {
        let mut window = Window::default();
        assert!((0..30).all(|n| window.admit(n * 1_000, 30, 1_000)));
        assert!(!window.admit(59_999, 30, 1_000));
        assert!(window.admit(60_000, 30, 1_000));
        assert!(!window.admit(60_500, 30, 1_000));
    }

    #[test]
    fn an_hour_fills_up_too() {
        let mut window = Window::default();
        assert_eq!((0..200).filter(|n| window.admit(n * 10_000, 30, 100)).count(), 100);
        assert!(window.admit(HOUR_MS, 30, 100));
    }
}
