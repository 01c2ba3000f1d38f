//! What the answers of `kf/send_msg` mean. 微信客服 has an id that the platform takes once per account, but neither the code
//! it answers to a second use nor how long it remembers is documented: so an unknown send is never repeated by itself,
//! unless that code was learned and configured.

use super::ApiError;
use crate::fate::{Fate, Spent};

/// The platform is busy. It comes from behind the door, says "try again", and never that nothing was done; a person who
/// looks costs less than a customer who reads the same twice.
const BUSY: i64 = -1;
/// Called too often, too much at once, or in conflict with another change (wecom 90313): nothing was done.
const PUT_OFF: [i64; 3] = [TOO_OFTEN, 45033, 6000];
/// Called too often: blocked for the rest of a minute at least (wecom 90313).
const TOO_OFTEN: i64 = 45009;
const MINUTE_MS: i64 = 60_000;
/// The five messages of one window are sent (wecom 94677).
const QUOTA_SPENT: i64 = 95001;
/// The 48 hours after the customer's last message are over (wecom 94677).
const WINDOW_CLOSED: i64 = 95002;

impl Fate {
    /// By the result of a send over WeCom. A dead token (40014, 42001, 40001) is refused only when the new one is dead
    /// too: the request was repeated once under its id. [`Fate::Unknown`] are a broken connection, a time limit, HTTP 5xx
    /// or 408, a page, cut or strange JSON, nothing at all, and "system busy".
    pub fn of<T>(result: &Result<T, ApiError>) -> Fate {
        Fate::by(result, |code| {
            if PUT_OFF.contains(&code) {
                Fate::PutOff { code, wait_ms: (code == TOO_OFTEN).then_some(MINUTE_MS) }
            } else {
                Fate::Refused { code, spent: spent(code) }
            }
        })
    }

    /// By the result of a send to a platform of this family, whose `refusals` differ.
    pub(crate) fn by<T>(result: &Result<T, ApiError>, refusals: impl FnOnce(i64) -> Fate) -> Fate {
        match result {
            Ok(_) => Fate::Accepted,
            Err(ApiError::Refused { code: BUSY, .. }) | Err(ApiError::Unknown { .. }) => Fate::Unknown,
            Err(ApiError::Refused { code, .. }) => refusals(*code),
            Err(ApiError::NotSent { .. }) => Fate::NotSent,
        }
    }
}

fn spent(code: i64) -> Option<Spent> {
    match code {
        QUOTA_SPENT => Some(Spent::Messages),
        WINDOW_CLOSED => Some(Spent::Window),
        _ => None,
    }
}
