//! Governed knowledge: what an entry is, how files become entries, how a customer's words find them.
//!
//! Pure: bytes, clock and time zone are passed in, nothing is read or written. The flow is
//! [`import::read`] (file → [`import::Item`]s and problems) → the caller gives ids, versions and approval →
//! [`Index::build`] over what is published → [`Index::search`]. Ranking is lexical: words and character pairs
//! ([`text`]), synonym groups ([`Synonyms`]), BM25F over questions, title and answer, then a second look at the best
//! candidates that also yields the confidence.

mod correction;
mod encoder;
mod entry;
mod gap;
mod gate;
pub mod import;
mod index;
mod labels;
mod synonyms;
mod text;

pub use correction::{said_instead, says_more};
pub use encoder::{Encoder, EncoderError};
pub use entry::{Caution, Entry, Forbids, HitTests, Kind, Release, Scope, ScopeError, UnknownKind};
pub use gap::{gap_key, question_key};
pub use gate::{
    Disguise, Gate, GateError, Group, LeftOut, Mark, Measured, Said, Severity, Why, WordList, WordListError,
};
pub use index::{Direction, Face, Found, Hit, Index, Indexed, Meanings, Query};
pub use labels::{Example, Guess, Labels};
pub use synonyms::{Synonyms, SynonymsError};
pub use text::warm_up;
