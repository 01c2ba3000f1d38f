//! The parameters that sign a callback, after their formats were checked.

use super::{BadCallback, MAX_SKEW_SECS};
use crate::wecom::crypt::Signed;
use crate::wecom::query::Query;

/// Longest nonce: short enough that no cipher block can be moved from the ciphertext into it under the same signature.
const MAX_NONCE: usize = 32;

/// Of a query, fresh and in their formats; nothing is verified yet.
pub(crate) struct Pinned<'a> {
    pub(crate) signature: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) nonce: &'a str,
    /// The timestamp, in Unix seconds.
    pub(crate) at_secs: i64,
}

impl<'a> Pinned<'a> {
    /// With the signature in the parameter of that name.
    pub(crate) fn read(query: &'a Query, signed_by: &'static str, now_secs: i64) -> Result<Pinned<'a>, BadCallback> {
        let get = |name: &'static str, ok: fn(&str) -> bool| {
            query.get(name).filter(|value| ok(value)).ok_or(BadCallback::Parameter(name))
        };
        let signature = get(signed_by, |s| s.len() == 40 && s.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let timestamp = get("timestamp", |s| s.len() == 10 && s.bytes().all(|b| b.is_ascii_digit()))?;
        let nonce =
            get("nonce", |s| (1..=MAX_NONCE).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()))?;
        let at_secs: i64 = timestamp.parse().map_err(|_| BadCallback::Parameter("timestamp"))?;
        let skew_secs = at_secs.saturating_sub(now_secs);
        if !(-MAX_SKEW_SECS..=MAX_SKEW_SECS).contains(&skew_secs) {
            return Err(BadCallback::Stale { skew_secs });
        }
        Ok(Pinned { signature, timestamp, nonce, at_secs })
    }

    pub(crate) fn signed(&self) -> Signed<'a> {
        Signed { msg_signature: self.signature, timestamp: self.timestamp, nonce: self.nonce }
    }
}
