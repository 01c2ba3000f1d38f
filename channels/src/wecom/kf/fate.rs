//! What may be believed about a customer send after its answer, and so what may be done next.

use super::ApiError;

/// The platform is busy; see [`Fate::Unknown`].
const BUSY: i64 = -1;
/// Called too often, too much at once, or in conflict with another change (wecom 90313): nothing was done.
const PUT_OFF: [i64; 3] = [45009, 45033, 6000];

/// What became of a customer send, by its answer. 微信客服 has an id that the platform takes once per account, but neither
/// the code it answers to a second use nor how long it remembers is documented: so an unknown send is never repeated by
/// itself, unless that code was learned and configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The platform took it (`errcode` 0). Taken is not delivered.
    Accepted,
    /// The platform did nothing and says so: the other codes. Final for these bytes and this id. A dead token (40014,
    /// 42001, 40001) is among them only when the new one is dead too: the request was repeated once under its id.
    Refused {
        /// `errcode`.
        code: i64,
    },
    /// The platform did nothing and may take the same later: 45009, 45033, 6000. Only after a pause, and after asking
    /// again whether it may still leave.
    PutOff {
        /// `errcode`.
        code: i64,
    },
    /// It never left this host (no name, no connection, no TLS, no token, too late), or a gateway turned it away (HTTP 4xx
    /// but 408).
    NotSent,
    /// It left and no readable answer came: a broken connection, a time limit, HTTP 5xx or 408, a page, cut or strange
    /// JSON, nothing. And -1, "system busy": it comes from behind the door, says "try again", and never that nothing was
    /// done; a person who looks costs less than a customer who reads the same twice.
    Unknown,
}

impl Fate {
    /// By the result of a send.
    pub fn of<T>(result: &Result<T, ApiError>) -> Fate {
        match result {
            Ok(_) => Fate::Accepted,
            Err(ApiError::Refused { code: BUSY, .. }) | Err(ApiError::Unknown { .. }) => Fate::Unknown,
            Err(ApiError::Refused { code, .. }) if PUT_OFF.contains(code) => Fate::PutOff { code: *code },
            Err(ApiError::Refused { code, .. }) => Fate::Refused { code: *code },
            Err(ApiError::NotSent { .. }) => Fate::NotSent,
        }
    }
}
