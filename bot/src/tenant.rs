//! What all instances have in common towards one WeCom tenant: one access token, fetched by one of them at a time, and
//! one account of the calls they make, so that together they stay within the platform's limits.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use channels::wecom::api::{Lent, Pending, Shared, Token};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::clock::{Clock, Ids, MINUTE, SECOND, Timestamp};
use crate::store::tokens::{self, Kept, SLOT};
use crate::store::{Store, Tx};

/// How long one instance may take to fetch a token before another one tries.
const FETCH: Timestamp = 6 * SECOND;
/// Tokens asked for in a minute at most: whoever asks more often is blocked for a while (wecom 91039).
const PER_MINUTE: usize = 3;
/// How long whoever needs a token waits for another instance's fetching, looking every [`LOOK`].
const PATIENCE: u32 = 30;
const LOOK: Duration = Duration::from_millis(200);
/// Calls taken from the common account at once, to be made within a slot.
const HANDFUL: i64 = 50;
/// A handful that was made use of: the next one may be asked for at once.
const USED_UP: i64 = -1;

/// One instance's share in what all of them have in common.
pub struct Tenant {
    store: Store,
    clock: Clock,
    ids: Ids,
    key: LessSafeKey,
    /// Which token: of this corp, this app, this secret.
    name: String,
    /// This instance.
    me: String,
    /// Room taken and not used yet, by API, with the time it ends.
    room: Mutex<HashMap<String, (i64, Timestamp)>>,
}

impl Tenant {
    /// The share of the instance `me`; the token called `name` is encrypted with `key`.
    ///
    /// # Errors
    /// When the key is unusable.
    pub fn new(store: Store, clock: Clock, ids: Ids, key: [u8; 32], name: String, me: String) -> anyhow::Result<Self> {
        let key = UnboundKey::new(&AES_256_GCM, &key).ok().context("the key for the access token is not usable")?;
        Ok(Self { store, clock, ids, key: LessSafeKey::new(key), name, me, room: Mutex::default() })
    }

    fn seal(&self, token: &SecretString) -> anyhow::Result<String> {
        let mut nonce = [0; NONCE_LEN];
        self.ids.fill(&mut nonce)?;
        let mut bytes = token.expose_secret().as_bytes().to_vec();
        let sealed = self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), self.aad(), &mut bytes);
        sealed.ok().context("the access token cannot be encrypted")?;
        Ok(STANDARD.encode([&nonce[..], &bytes].concat()))
    }

    /// The token, unless it was encrypted with another key.
    fn open(&self, sealed: &str) -> Option<SecretString> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
        let mut rest = rest.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let plain = self.key.open_in_place(nonce, self.aad(), &mut rest).ok()?;
        Some(String::from_utf8(plain.to_vec()).ok()?.into())
    }

    fn aad(&self) -> Aad<&[u8]> {
        Aad::from(self.name.as_bytes())
    }

    fn kept(&self, kept: &Kept) -> Option<Token> {
        let value = self.open(kept.sealed.as_deref()?)?;
        Some(Token { value, replace_at: kept.replace_at / SECOND, ends_at: kept.ends_at / SECOND })
    }

    async fn lend(&self, refused: Option<&SecretString>) -> anyhow::Result<Lent> {
        for _ in 0..PATIENCE {
            let (name, now) = (self.name.clone(), self.clock.now());
            let kept = self.store.read(move |tx| Box::pin(async move { Ok(tokens::load(tx, &name).await?) })).await?;
            let sealed = kept.as_ref().and_then(|kept| kept.sealed.clone());
            let held = kept.as_ref().and_then(|kept| self.kept(kept)).filter(|token| now < token.ends_at * SECOND);
            let token = held.clone().filter(|token| !is_refused(token, refused));
            if let Some(token) = token.as_ref().filter(|token| now < token.replace_at * SECOND) {
                return Ok(Lent::Token(token.clone()));
            }
            let (name, me) = (self.name.clone(), self.me.clone());
            let turn = self.store.commit(move |tx| Box::pin(async move { turn(tx, &name, &me, &sealed, now).await }));
            match (turn.await?, token) {
                (Turn::Ours, _) => return Ok(Lent::Fetch),
                (Turn::Changed, _) => {}
                // Another one is on its way; this one is still good.
                (_, Some(token)) => return Ok(Lent::Token(token)),
                (Turn::Somebodys, None) => tokio::time::sleep(LOOK).await,
                // It may be good all the same, and there is no better one before the minute ends.
                (Turn::Nobodys, None) => {
                    let nothing = || Lent::Nothing("access tokens were asked for too often".into());
                    return Ok(held.map_or_else(nothing, Lent::Token));
                }
            }
        }
        Ok(Lent::Nothing("another instance is fetching an access token".into()))
    }

    async fn keep(&self, token: Option<&Token>) -> anyhow::Result<()> {
        let sealed = token.map(|token| self.seal(&token.value)).transpose()?;
        let life = token.map(|token| (token.replace_at * SECOND, token.ends_at * SECOND)).unwrap_or_default();
        let (name, me) = (self.name.clone(), self.me.clone());
        self.store
            .commit(move |tx| {
                Box::pin(async move {
                    match sealed {
                        Some(sealed) => Ok(tokens::keep(tx, &name, &sealed, life.0, life.1).await?),
                        None => Ok(tokens::not_fetched(tx, &name, &me).await?),
                    }
                })
            })
            .await
    }

    async fn handful(&self, api: String, now: Timestamp) -> anyhow::Result<i64> {
        self.store.commit(move |tx| Box::pin(async move { Ok(tokens::admit(tx, &api, HANDFUL, now).await?) })).await
    }

    async fn take_room(&self, path: &str) -> anyhow::Result<Result<(), Timestamp>> {
        let mut room = self.room.lock().await;
        let now = self.clock.now();
        let (left, until) = match room.get(path).copied() {
            Some((left, until)) if now < until && left != USED_UP => (left, until),
            _ => match self.handful(path.to_owned(), now).await? {
                // Nobody asks again at once whether there is room by now.
                0 => (0, now + SECOND),
                left => (left, now + SLOT),
            },
        };
        let rest = if left == 1 { USED_UP } else { (left - 1).max(0) };
        room.insert(path.to_owned(), (rest, until));
        Ok(if left > 0 { Ok(()) } else { Err(until) })
    }
}

fn is_refused(token: &Token, refused: Option<&SecretString>) -> bool {
    refused.is_some_and(|refused| refused.expose_secret() == token.value.expose_secret())
}

/// Whose turn it is to fetch a token.
enum Turn {
    /// Ours.
    Ours,
    /// Another instance is fetching one.
    Somebodys,
    /// It was done too often lately.
    Nobodys,
    /// There is another token than the one looked at.
    Changed,
}

async fn turn(tx: &mut Tx, name: &str, me: &str, seen: &Option<String>, now: Timestamp) -> anyhow::Result<Turn> {
    let kept = tokens::hold(tx, name).await?;
    if kept.sealed != *seen {
        return Ok(Turn::Changed);
    }
    // A time far ahead was written by a clock that is wrong.
    let in_time = now < kept.refresh_until && kept.refresh_until <= now + FETCH;
    if in_time && kept.refresher.as_deref().is_some_and(|who| who != me) {
        return Ok(Turn::Somebodys);
    }
    let mut fetched: Vec<Timestamp> = serde_json::from_str(&kept.fetched)?;
    fetched.retain(|at| (now - at).abs() < MINUTE);
    if fetched.len() >= PER_MINUTE {
        return Ok(Turn::Nobodys);
    }
    fetched.push(now);
    tokens::fetching(tx, name, me, now + FETCH, &serde_json::to_string(&fetched)?).await?;
    Ok(Turn::Ours)
}

fn told(problem: &anyhow::Error) {
    tracing::warn!(problem = %format!("{problem:#}"), "what the instances have in common cannot be looked at");
}

impl Shared for Tenant {
    fn token<'a>(&'a self, refused: Option<&'a SecretString>) -> Pending<'a, Lent> {
        Box::pin(async move {
            self.lend(refused).await.unwrap_or_else(|problem| {
                told(&problem);
                Lent::Nothing("the database is not there".into())
            })
        })
    }

    fn fetched<'a>(&'a self, token: Option<&'a Token>) -> Pending<'a, ()> {
        // The others fetch one of their own in a moment, where this one could not be kept for them.
        Box::pin(async move { self.keep(token).await.unwrap_or_else(|problem| told(&problem)) })
    }

    fn admit<'a>(&'a self, path: &'a str) -> Pending<'a, Result<(), i64>> {
        Box::pin(async move {
            self.take_room(path).await.unwrap_or_else(|problem| {
                told(&problem);
                Err(self.clock.now() + SECOND)
            })
        })
    }

    fn exhausted<'a>(&'a self, path: &'a str) -> Pending<'a, ()> {
        Box::pin(async move {
            self.room.lock().await.remove(path);
            let (api, now) = (path.to_owned(), self.clock.now());
            let noted =
                self.store.commit(move |tx| Box::pin(async move { Ok(tokens::exhausted(tx, &api, now).await?) }));
            noted.await.unwrap_or_else(|problem| told(&problem));
        })
    }
}
