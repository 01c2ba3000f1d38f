//! What went wrong with a call, shaped by what may be done next.

use secrecy::{ExposeSecret, SecretString};

use crate::http::{chain, shorten};

/// A call that did not succeed. No variant ever holds a token, a secret or a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The platform answered with a code: it did not do what was asked. Branch on `code` only (wecom 90313).
    ///
    /// `-1` ("system busy") is such an answer: the platform did not take the request and asks for a retry with
    /// back-off, at most three times. A timeout or a broken connection is never reported as `-1`. A request that the
    /// platform would refuse without doubt (an over-long text, which it would silently cut) is refused here with the
    /// same code before it is sent.
    #[error("the platform refused with {code}: {message}")]
    Refused {
        /// `errcode`.
        code: i64,
        /// `errmsg`, shortened; for people only.
        message: String,
    },
    /// The request never left this host, was turned away by a gateway (HTTP 4xx), or no token could be had for it: nothing
    /// was done.
    #[error("not sent: {why}")]
    NotSent {
        /// For people only.
        why: String,
    },
    /// The request left this host and no readable answer came: it may or may not have been done.
    #[error("outcome unknown: {why}")]
    Unknown {
        /// For people only.
        why: String,
    },
}

impl ApiError {
    /// The platform's code, if it gave one.
    pub fn code(&self) -> Option<i64> {
        match self {
            ApiError::Refused { code, .. } => Some(*code),
            ApiError::NotSent { .. } | ApiError::Unknown { .. } => None,
        }
    }

    /// A frequency limit (45009: blocked for the rest of the minute, hour or day; 45033: too many at once).
    pub fn is_rate_limited(&self) -> bool {
        matches!(self.code(), Some(45009 | 45033))
    }

    /// Nothing was done and the same request may succeed later: busy (-1), rate limits, a data conflict (6000), a token that
    /// died and could not be replaced yet, or it was never sent. False for [`ApiError::Unknown`]: only the caller knows whether repeating is harmless.
    pub fn retryable_later(&self) -> bool {
        match self {
            ApiError::Refused { code, .. } => {
                matches!(code, -1 | 6000 | 45009 | 45033) || super::TOKEN_REFUSALS.contains(code)
            }
            ApiError::NotSent { .. } => true,
            ApiError::Unknown { .. } => false,
        }
    }

    pub(crate) fn refused(code: i64, message: impl Into<String>) -> ApiError {
        ApiError::Refused { code, message: message.into() }
    }

    pub(crate) fn unknown(why: impl Into<String>) -> ApiError {
        ApiError::Unknown { why: why.into() }
    }

    /// A failure before an answer's head was read. Only an error of building or connecting proves that nothing left.
    pub(crate) fn from_request(error: reqwest::Error) -> ApiError {
        let nothing_left = error.is_builder() || error.is_connect();
        let why = chain(error);
        if nothing_left { ApiError::NotSent { why } } else { ApiError::Unknown { why } }
    }

    /// The same error without the secrets, should the platform have echoed one, and short. In this order: a secret cut
    /// in half would not be found.
    pub(crate) fn scrubbed(mut self, secrets: &[&SecretString]) -> ApiError {
        let text = match &mut self {
            ApiError::Refused { message, .. } => message,
            ApiError::NotSent { why } | ApiError::Unknown { why } => why,
        };
        for secret in secrets {
            *text = text.replace(secret.expose_secret(), "[redacted]");
        }
        *text = shorten(text);
        self
    }
}
