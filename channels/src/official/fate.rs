//! What the answers of `message/custom/send` mean. There is no id that the platform takes once: a send of which nobody
//! knows whether it arrived is never repeated by itself.

use crate::fate::{Fate, Spent};
use crate::wecom::api::ApiError;

/// Dead tokens. The request was repeated once with a new one; that this one was dead too means that somebody else keeps
/// ending them. Nothing was done.
const TOKEN: [i64; 3] = [40001, 40014, 42001];
/// Called too often: for the day (45009), or for now (45011).
const TOO_OFTEN: [i64; 2] = [45009, 45011];
/// "Out of response count limit".
const COUNT: i64 = 45047;
/// "Response out of time limit or subscription is canceled".
const TIME: i64 = 45015;

impl Fate {
    /// By the result of a send from a 公众号 ("api_sendcustommessage"). [`Fate::Unknown`] are a broken connection, a time
    /// limit, HTTP 5xx or 408, a page, cut or strange JSON, nothing at all, and "system busy" (-1). Everything the
    /// platform refuses by another code is final for these bytes: e.g. 40003 no such openid, 43004 not a follower, 43019
    /// on the black list, 45002 too long, 48001 not allowed to this account, 87014 words it does not carry.
    pub fn of_official<T>(result: &Result<T, ApiError>) -> Fate {
        Fate::by(result, |code| match code {
            COUNT => Fate::Refused { code, spent: Some(Spent::Messages) },
            TIME => Fate::Refused { code, spent: Some(Spent::Window) },
            // How long is not said.
            code if TOKEN.contains(&code) || TOO_OFTEN.contains(&code) => Fate::PutOff { code, wait_ms: None },
            code => Fate::Refused { code, spent: None },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: i64) -> Fate {
        Fate::of_official(&Err::<(), _>(ApiError::refused(code, "")))
    }

    #[test]
    fn every_code_has_its_fate() {
        assert_eq!(Fate::of_official(&Ok(())), Fate::Accepted);
        assert_eq!(of(45047), Fate::Refused { code: 45047, spent: Some(Spent::Messages) });
        assert_eq!(of(45015), Fate::Refused { code: 45015, spent: Some(Spent::Window) });
        for later in [40001, 40014, 42001, 45009, 45011] {
            assert_eq!(of(later), Fate::PutOff { code: later, wait_ms: None });
        }
        for refused in [40003, 40007, 40013, 40164, 43004, 43019, 44004, 45002, 45157, 48001, 50002, 87014, 95001] {
            assert_eq!(of(refused), Fate::Refused { code: refused, spent: None });
        }
        assert_eq!(of(-1), Fate::Unknown, "it says \"try again\", never that nothing was done");
        assert_eq!(Fate::of_official(&Err::<(), _>(ApiError::unknown("cut"))), Fate::Unknown);
        assert_eq!(Fate::of_official(&Err::<(), _>(ApiError::NotSent { why: String::new() })), Fate::NotSent);
    }
}
