//! Access tokens: those of `token`, where a new one ends the last, and those of `stable_token`, which are apart
//! ("api_getaccesstoken", "api_getstableaccesstoken").

use std::collections::BTreeMap;

use crate::clock::SECOND_MS;
use crate::errcode::Errcode;
use crate::rng::Rng;

use super::api::{TOKEN_EXPIRED, TOKEN_INVALID, TOKEN_MISSING};

const LIFE_MS: i64 = 7_200 * SECOND_MS;
/// So long before its end the stable token is replaced; old and new are both good then.
const REPLACED_MS: i64 = 300 * SECOND_MS;

/// The tokens given out so far.
#[derive(Default)]
pub(super) struct Tokens {
    given: BTreeMap<String, Token>,
    plain: Option<String>,
    stable: Option<String>,
}

struct Token {
    ends_ms: i64,
    revoked: bool,
}

impl Tokens {
    /// A token of `token` with its life in seconds; the one before is dead.
    pub(super) fn plain(&mut self, rng: &mut Rng, now: i64) -> (String, i64) {
        if let Some(old) = self.plain.take() {
            self.kill(&old);
        }
        let name = self.give(rng, now);
        self.plain = Some(name.clone());
        (name, LIFE_MS / SECOND_MS)
    }

    /// The token of `stable_token` with what is left of its life in seconds.
    pub(super) fn stable(&mut self, rng: &mut Rng, now: i64, force: bool) -> (String, i64) {
        if force && let Some(old) = self.stable.take() {
            self.kill(&old);
        }
        let held = self.stable.as_ref().and_then(|name| Some((name, self.given.get(name)?)));
        if let Some((name, token)) = held.filter(|(_, token)| !token.revoked && token.ends_ms - now > REPLACED_MS) {
            return (name.clone(), (token.ends_ms - now) / SECOND_MS);
        }
        let name = self.give(rng, now);
        self.stable = Some(name.clone());
        (name, LIFE_MS / SECOND_MS)
    }

    fn give(&mut self, rng: &mut Rng, now: i64) -> String {
        let name = format!("{}_{}", rng.below(100), rng.hex());
        self.given.insert(name.clone(), Token { ends_ms: now + LIFE_MS, revoked: false });
        name
    }

    fn kill(&mut self, name: &str) {
        if let Some(token) = self.given.get_mut(name) {
            token.revoked = true;
        }
    }

    pub(super) fn revoke(&mut self) {
        self.given.values_mut().for_each(|token| token.revoked = true);
    }

    /// 41001 missing, 40001 "invalid or not latest", 42001 expired.
    pub(super) fn check(&self, name: Option<&str>, now: i64) -> Result<(), Errcode> {
        let token = self.given.get(name.ok_or(TOKEN_MISSING)?).ok_or(TOKEN_INVALID)?;
        match token {
            Token { revoked: true, .. } => Err(TOKEN_INVALID),
            Token { ends_ms, .. } if *ends_ms <= now => Err(TOKEN_EXPIRED),
            Token { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_issue_ends_the_former_of_its_own_kind_only() {
        let (mut tokens, mut rng) = (Tokens::default(), Rng::new(1));
        let check = |tokens: &Tokens, name: &str, now| tokens.check(Some(name), now);
        let (first, _) = tokens.plain(&mut rng, 0);
        let (stable, life) = tokens.stable(&mut rng, 0, false);
        let (second, _) = tokens.plain(&mut rng, 1);
        assert_eq!((check(&tokens, &first, 1), check(&tokens, &second, 1)), (Err(TOKEN_INVALID), Ok(())));
        assert_eq!((tokens.stable(&mut rng, 6_000, false), life), ((stable.clone(), 7_194), 7_200));
        // In its last five minutes there is a new one, and the old one is good to its end.
        let (renewed, _) = tokens.stable(&mut rng, 6_900_000, false);
        assert_ne!(renewed, stable);
        assert_eq!((check(&tokens, &stable, 7_199_999), check(&tokens, &renewed, 7_199_999)), (Ok(()), Ok(())));
        assert_eq!(check(&tokens, &stable, 7_200_000), Err(TOKEN_EXPIRED));
        let (forced, _) = tokens.stable(&mut rng, 7_200_000, true);
        assert_eq!(check(&tokens, &renewed, 7_200_000), Err(TOKEN_INVALID));
        assert_eq!(check(&tokens, &forced, 7_200_000), Ok(()));
        assert_eq!((tokens.check(None, 0), check(&tokens, "x", 0)), (Err(TOKEN_MISSING), Err(TOKEN_INVALID)));
    }
}
