//! Known mistakes, to show that the tests catch them. Without the feature `chaos` none is ever made and nothing of
//! this is left in the program; with it, the environment's `AIJIA_MISTAKE` names the one that is made.

macro_rules! mistakes {
    ($($(#[$doc:meta])* $mistake:ident = $name:literal,)*) => {
        /// A mistake that programs of this kind are known for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mistake {
            $($(#[$doc])* $mistake,)*
        }

        impl Mistake {
            /// Every mistake.
            pub const ALL: &[Self] = &[$(Self::$mistake,)*];

            /// The name in `AIJIA_MISTAKE`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$mistake => $name,)*
                }
            }
        }
    };
}

mistakes! {
    /// A callback is acknowledged before it is stored.
    AckBeforeCommit = "ack-before-commit",
    /// SQLite does not wait for the disk at a commit.
    CommitWithoutSync = "commit-without-sync",
    /// The cursor is stored before the messages it passed.
    CursorBeforeMessages = "cursor-before-messages",
    /// A send without an answer is sent again.
    ResendOnTimeout = "resend-on-timeout",
    /// The request leaves before its claim is stored.
    RequestBeforeClaim = "request-before-claim",
    /// The pause register is read from a copy in memory.
    PauseFromCopy = "pause-from-copy",
    /// A decision about an older version counts.
    NoVersionCheck = "no-version-check",
    /// What is sent is not compared with what was approved.
    NotBoundToDigest = "not-bound-to-digest",
    /// Each attempt has a message id of its own.
    FreshMessageId = "fresh-message-id",
    /// A send that is in flight for long is taken for unsent.
    RescueByAge = "rescue-by-age",
    /// Everyone who finds the access token refused asks for a new one.
    RefreshHerd = "refresh-herd",
    /// A decision is taken on what was read before its turn came.
    DecideOnOldRead = "decide-on-old-read",
    /// Fields are hashed one after another without their lengths.
    NoLengthPrefix = "no-length-prefix",
    /// The effect happens before its evidence is stored.
    EffectBeforeEvidence = "effect-before-evidence",
    /// Passages of other shops are dropped only after the best were chosen.
    FilterAfterRanking = "filter-after-ranking",
    /// A link to the review page opens it any number of times.
    ReusablePageToken = "reusable-page-token",
}

/// Whether this mistake is made.
#[cfg(not(feature = "chaos"))]
#[inline(always)]
pub const fn made(_: Mistake) -> bool {
    false
}

/// Whether this mistake is made.
#[cfg(feature = "chaos")]
pub fn made(mistake: Mistake) -> bool {
    use std::sync::OnceLock;
    static MADE: OnceLock<Option<Mistake>> = OnceLock::new();
    *MADE.get_or_init(named) == Some(mistake)
}

/// The mistake the environment names. A name nobody knows ends the program: it must not pass for a clean run.
#[cfg(feature = "chaos")]
fn named() -> Option<Mistake> {
    let name = std::env::var("AIJIA_MISTAKE").ok().filter(|name| !name.is_empty())?;
    let known = Mistake::ALL.iter().copied().find(|mistake| mistake.as_str() == name);
    known.or_else(|| {
        eprintln!("AIJIA_MISTAKE: `{name}` is not a known mistake");
        std::process::exit(2)
    })
}
