//! What a test chooses about the simulated world.

use std::time::Duration;

use crate::clock::Clock;
use crate::errcode::Errcode;
use crate::rng::Rng;

/// One corporation with one self-built app.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The corporation's id; `receiveid` of every callback.
    pub corp_id: String,
    /// The app's number.
    pub agent_id: i64,
    /// The app's secret, as `gettoken` wants it.
    pub secret: String,
    /// The app's callback token.
    pub callback_token: String,
    /// The app's `EncodingAESKey`: 43 characters.
    pub callback_aes_key: String,
    /// Where callbacks go; usually set once the bot listens ([`crate::Simulator::set_callback_url`]).
    pub callback_url: Option<String>,
    /// Everything that is random derives from this.
    pub seed: u64,
    /// The points that the documents leave open.
    pub switches: Switches,
    /// The world's time.
    pub clock: Clock,
    /// How long a callback may take; WeCom gives 5 s (wecom 90238), in real time.
    pub callback_timeout: Duration,
    /// How many times a callback is tried in total; WeCom does 3 (wecom 90238).
    pub callback_attempts: u32,
    /// Calls of one API per minute (wecom 90312: 10,000); above it 45009.
    pub calls_per_minute: usize,
    /// Calls of one API per hour (wecom 90312: 150,000); above it 45009.
    pub calls_per_hour: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            corp_id: "ww5a1d0c3f7be92e64".to_owned(),
            agent_id: 1_000_002,
            secret: "simulated-app-secret".to_owned(),
            callback_token: "simulatedToken".to_owned(),
            callback_aes_key: "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR".to_owned(),
            callback_url: None,
            seed: 0,
            switches: Switches::default(),
            clock: Clock::system(),
            callback_timeout: Duration::from_secs(5),
            callback_attempts: 3,
            calls_per_minute: 10_000,
            calls_per_hour: 150_000,
        }
    }
}

impl Settings {
    /// A world whose seed also decides every open point.
    pub fn from_seed(seed: u64, clock: Clock) -> Settings {
        Settings { seed, switches: Switches::from_seed(seed), clock, ..Settings::default() }
    }
}

/// Whether something delivered again carries the same nonce, signature and random bytes as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonce {
    /// Byte for byte the same request.
    Same,
    /// The same content, sealed anew.
    Changed,
}

/// What happens to a customer-service text above 2,048 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongText {
    /// Accepted; the customer reads the first 2,048 bytes.
    Cut,
    /// Refused with 45002.
    Refused,
}

/// What a send that `enable_duplicate_check` recognised is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateAnswer {
    /// The first send's answer again.
    Repeated,
    /// `errcode` 0 and nothing else.
    Bare,
}

/// The points that the documents leave open (marked \[U\] or \[I\] in the project's fact sheet).
/// The bot must be right under every combination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// The errcode for a `msgid` used before in `kf/send_msg`: not documented. 40058 or an unlisted 95xxx.
    pub duplicate_msgid: Errcode,
    /// Whether a used `msgid` is noticed before the state and the quota are looked at.
    pub duplicate_checked_first: bool,
    /// Whether a retried callback keeps its nonce, signature and random bytes.
    pub retry_nonce: Nonce,
    /// Whether `service_state/trans` allows 0 → 1 (only hinted at by the flow chart).
    pub new_to_assistant: bool,
    /// Whether an API answer in state 0 moves the session to 1.
    pub answering_moves_to_assistant: bool,
    /// Whether messages sent on an event code count towards the five.
    pub event_messages_count: bool,
    /// Texts above 2,048 bytes to customers.
    pub long_text: LongText,
    /// `kf/sync_msg` calls without a token that one account may make per minute (unpublished, "strict").
    pub tokenless_syncs_per_minute: usize,
    /// Whether `kf/sync_msg` gives short pages, and empty ones with `has_more` 1.
    pub uneven_pages: bool,
    /// What a send that `enable_duplicate_check` dropped is told.
    pub duplicate_answer: DuplicateAnswer,
    /// Whether an update that is refused for its content has spent its `response_code`.
    pub refused_update_spends_code: bool,
    /// Whether empty `invaliduser` lists are left out of the answers.
    pub empty_lists_absent: bool,
    /// Whether a token that WeCom killed early is called expired (42001) and not invalid (40014).
    pub revoked_is_expired: bool,
    /// Whether `gettoken` within a token's life repeats that token.
    pub gettoken_repeats: bool,
    /// Whether a spent OAuth code gives 42022 and not 40029.
    pub spent_code_named: bool,
    /// Whether `MsgId`s of different members can be equal (seen in the field).
    pub msgids_collide: bool,
    /// Whether callback texts are wrapped in CDATA.
    pub cdata: bool,
    /// Whether the elements of a callback come in any order.
    pub shuffled_elements: bool,
    /// Whether the `+` of an `echostr` arrives literally and not as `%2B`.
    pub literal_plus: bool,
}

impl Default for Switches {
    /// The kindest reading of every open point.
    fn default() -> Switches {
        Switches {
            duplicate_msgid: Errcode(95_033),
            duplicate_checked_first: true,
            retry_nonce: Nonce::Same,
            new_to_assistant: true,
            answering_moves_to_assistant: false,
            event_messages_count: false,
            long_text: LongText::Cut,
            tokenless_syncs_per_minute: 6,
            uneven_pages: false,
            duplicate_answer: DuplicateAnswer::Repeated,
            refused_update_spends_code: false,
            empty_lists_absent: false,
            revoked_is_expired: false,
            gettoken_repeats: true,
            spent_code_named: false,
            msgids_collide: false,
            cdata: true,
            shuffled_elements: false,
            literal_plus: false,
        }
    }
}

impl Switches {
    /// Decides every open point by `seed`.
    pub fn from_seed(seed: u64) -> Switches {
        // Another stream than the world's own draws, which start from the bare seed.
        let mut rng = Rng::new(seed ^ 0x5749_5443_4845_5321);
        Switches {
            duplicate_msgid: duplicate_code(&mut rng),
            duplicate_checked_first: rng.coin(),
            retry_nonce: if rng.coin() { Nonce::Same } else { Nonce::Changed },
            new_to_assistant: rng.coin(),
            answering_moves_to_assistant: rng.coin(),
            event_messages_count: rng.coin(),
            long_text: if rng.coin() { LongText::Cut } else { LongText::Refused },
            tokenless_syncs_per_minute: [1, 2, 6, 20][usize::from(rng.coin()) * 2 + usize::from(rng.coin())],
            uneven_pages: rng.coin(),
            duplicate_answer: if rng.coin() { DuplicateAnswer::Repeated } else { DuplicateAnswer::Bare },
            refused_update_spends_code: rng.coin(),
            empty_lists_absent: rng.coin(),
            revoked_is_expired: rng.coin(),
            gettoken_repeats: rng.coin(),
            spent_code_named: rng.coin(),
            msgids_collide: rng.coin(),
            cdata: rng.coin(),
            shuffled_elements: rng.coin(),
            literal_plus: rng.coin(),
        }
    }
}

fn duplicate_code(rng: &mut Rng) -> Errcode {
    let unlisted = 95_040 + i64::try_from(rng.below(900)).unwrap_or(0);
    if rng.below(4) == 0 { Errcode::PARAMETER } else { Errcode(unlisted) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_decides_the_same() {
        assert_eq!(Switches::from_seed(42), Switches::from_seed(42));
    }

    #[test]
    fn seeds_reach_both_sides_of_a_switch() {
        let drawn: Vec<Switches> = (0..64).map(Switches::from_seed).collect();
        let readings: [fn(&Switches) -> bool; 3] =
            [|s| s.new_to_assistant, |s| s.uneven_pages, |s| s.retry_nonce == Nonce::Same];
        for of in readings {
            assert!(drawn.iter().any(of) && !drawn.iter().all(of));
        }
        assert!(drawn.iter().any(|s| s.duplicate_msgid == Errcode::PARAMETER));
        assert!(drawn.iter().any(|s| s.duplicate_msgid.0 >= 95_040));
    }
}
