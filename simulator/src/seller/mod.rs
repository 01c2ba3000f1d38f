//! A Chinese shop's back office (商家后台) as a strict site with a ledger: orders, logistics, after-sales, notes, tags,
//! refunds and the buyers' messages behind a sign-in, with everything that gets in the way of whoever works there, and a page that tries every
//! way to write that a browser has.
//!
//! It takes a write only from who is signed in and knows the session's token, and does it as often as it is asked to:
//! there is no idempotency in it, as there is none in most such sites.

mod guises;
mod ledger;
mod pages;
mod server;
mod shop;
mod ways;
mod writes;

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use tokio::sync::watch;

pub use ledger::{Effect, Hit, Write};
pub use shop::{AfterSale, Item, Line, Order, Parcel, Side};
pub use ways::WAYS;

use crate::clock::Clock;
use crate::faults::Lost;
use crate::rng::Rng;
use crate::simulator::until;
use crate::stop::StopOnDrop;
use crate::wire::{Hangup, Listener};

/// What the site is like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guise {
    /// As usual.
    #[default]
    Usual,
    /// Everybody is signed out at the next page.
    Expired,
    /// A slider has to be dragged before anything else.
    Captcha,
    /// The pages have been built anew: other classes, other labels, the buttons change places.
    Redesigned,
    /// The account may not see orders any more.
    Walled,
    /// Every page takes this many real milliseconds.
    Slow(u64),
    /// Every page fails with HTTP 500.
    Broken,
    /// Pages greet with a box of the browser's.
    Alert,
    /// Pages have a box of their own in front.
    Overlay,
    /// Pages lead on to this address, by a script.
    Drifting(Drift),
}

/// Where pages of [`Guise::Drifting`] lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Another page of the site, on which the visit alone has an effect.
    Within,
    /// The same machine under another name.
    Abroad,
}

/// What happens to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing is done, and the answer is lost.
    Before(Lost),
    /// It is done, and the answer is lost.
    After(Lost),
    /// Nothing is done; the answer has this status.
    Refused(u16),
    /// It is done, and everybody is signed out.
    SignedOut,
    /// Everybody was signed out while the form was being filled in: nothing is done, and the answer leads to the sign-in
    /// page.
    Lapsed,
}

/// How a site is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name that signs in.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Everything that is random derives from this.
    pub seed: u64,
    /// The world's time.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            user: "qijian-kefu".to_owned(),
            password: "simulated-password".to_owned(),
            seed: 0,
            clock: Clock::system(),
        }
    }
}

/// A running site on 127.0.0.1; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct Seller {
    shared: Arc<Shared>,
    _stop: Arc<StopOnDrop>,
}

struct Shared {
    settings: Settings,
    port: u16,
    stopped: watch::Receiver<bool>,
    kept: Mutex<Kept>,
}

struct Kept {
    rng: Rng,
    guise: Guise,
    /// Who is signed in: the token of their forms, by session.
    sessions: BTreeMap<String, String>,
    orders: shop::Orders,
    mishaps: VecDeque<Mishap>,
    ledger: ledger::Ledger,
}

impl Shared {
    /// Nothing may await while it is held.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seller {
    /// Binds a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Where no socket can be had.
    pub async fn start(settings: Settings) -> anyhow::Result<Seller> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("binding 127.0.0.1")?;
        let port = listener.local_addr()?.port();
        let (stop, stopped) = watch::channel(false);
        let kept = Mutex::new(Kept::new(&settings));
        let shared = Arc::new(Shared { settings, port, stopped: stopped.clone(), kept });
        let service = server::router(shared.clone()).into_make_service_with_connect_info::<Hangup>();
        let serving = axum::serve(Listener(listener), service).with_graceful_shutdown(until(stopped));
        tokio::spawn(async move { serving.await });
        Ok(Seller { shared, _stop: Arc::new(StopOnDrop(stop)) })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.shared.port)
    }

    /// The settings it runs under.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// What the site is like from now on.
    pub fn appear(&self, guise: Guise) {
        self.shared.kept().guise = guise;
    }

    /// Signs everybody out.
    pub fn expire_sessions(&self) {
        self.shared.kept().sessions.clear();
    }

    /// What happens to the next writes, in order; later ones go well.
    pub fn upset(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.shared.kept().mishaps.extend(mishaps);
    }

    /// All orders, by number.
    pub fn orders(&self) -> Vec<Order> {
        self.shared.kept().orders.values().cloned().collect()
    }

    /// The order with this number.
    pub fn order(&self, no: &str) -> Option<Order> {
        self.shared.kept().orders.get(no).cloned()
    }

    /// Changes an order, as a customer, a courier or a colleague would. Nothing where there is none with this number.
    pub fn change(&self, no: &str, change: impl FnOnce(&mut Order)) {
        if let Some(order) = self.shared.kept().orders.get_mut(no) {
            change(order);
        }
    }

    /// Everything that reached the site and writes, or would have: in order, refused ones included.
    pub fn writes(&self) -> Vec<Write> {
        self.shared.kept().ledger.writes.clone()
    }

    /// Every request that reached the site, in order.
    pub fn hits(&self) -> Vec<Hit> {
        self.shared.kept().ledger.hits.clone()
    }

    /// How many requests that reached the site named this order.
    pub fn visits(&self, no: &str) -> usize {
        self.shared.kept().ledger.hits.iter().filter(|hit| hit.target.contains(no)).count()
    }

    /// The cookies of those who are signed in: what must be on no disk.
    pub fn sessions(&self) -> Vec<String> {
        self.shared.kept().sessions.keys().cloned().collect()
    }
}

impl Kept {
    fn new(settings: &Settings) -> Kept {
        Kept {
            rng: Rng::new(settings.seed),
            guise: Guise::Usual,
            sessions: BTreeMap::new(),
            orders: shop::orders(),
            mishaps: VecDeque::new(),
            ledger: ledger::Ledger::default(),
        }
    }
}

#[cfg(test)]
mod tests;
