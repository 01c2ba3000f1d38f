//! What several processes that speak for one app have in common: the token, and the platform's limits.

use std::pin::Pin;

use secrecy::SecretString;

/// Something that takes a moment.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An access token with its life, in Unix seconds.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself.
    pub value: SecretString,
    /// From when on another one should be fetched.
    pub replace_at: i64,
    /// When it ends.
    pub ends_at: i64,
}

/// The answer to whoever needs a token.
#[derive(Debug, Clone)]
pub enum Lent {
    /// This one is good.
    Token(Token),
    /// There is none: fetch one, and say what came of it with [`Shared::fetched`].
    Fetch,
    /// There is none now, and nobody may fetch one at present.
    Nothing(String),
}

/// What several processes that speak for one app have in common. Without it, a process is alone.
pub trait Shared: Send + Sync {
    /// A token other than the one the platform `refused`; that one again where no other may be asked for at present.
    fn token<'a>(&'a self, refused: Option<&'a SecretString>) -> Pending<'a, Lent>;

    /// What came of fetching one, after [`Lent::Fetch`].
    fn fetched<'a>(&'a self, token: Option<&'a Token>) -> Pending<'a, ()>;

    /// Takes room for one call of `path` within the platform's limits (wecom 90312); without room, when there may be
    /// some, in Unix milliseconds.
    fn admit<'a>(&'a self, path: &'a str) -> Pending<'a, Result<(), i64>>;

    /// The platform says that the limit of `path` is reached (45009).
    fn exhausted<'a>(&'a self, path: &'a str) -> Pending<'a, ()>;
}
