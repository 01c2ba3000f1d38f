//! Callbacks on their way into the store. What arrives while others are being written is written together next, so that
//! one durable commit acknowledges as many as came meanwhile, on either database.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, anyhow};
use channels::wecom::callback::{Incoming, Received};
use tokio::sync::{Notify, oneshot};

use super::{caught, inbox};
use crate::app::App;
use crate::chaos;
use crate::store::{self, Tx, accounts, queue};

/// Callbacks written together at most.
const TOGETHER: usize = 128;

/// Acknowledged callbacks remembered here: one that comes again costs no disk, however often somebody repeats it.
const REMEMBERED: usize = 4_096;

/// Told what became of a callback: stored, or why not.
type Tell = oneshot::Sender<Result<(), String>>;

/// Callbacks that wait to be written.
#[derive(Default)]
pub struct Receipts {
    waiting: Mutex<Waiting>,
    /// Rung once a doorbell is stored.
    doorbell: Notify,
}

#[derive(Default)]
struct Waiting {
    callbacks: Vec<(Received, Tell)>,
    /// Whether somebody writes at this moment, who will look here again.
    writing: bool,
    /// What was stored lately, by replay key; and in what order.
    stored: HashSet<String>,
    order: VecDeque<String>,
}

impl Receipts {
    /// Waits until a doorbell was stored here; one that rang since the last call is heard at once.
    pub(super) async fn rang(&self) {
        self.doorbell.notified().await;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn was_stored(&self, key: &str) -> bool {
        self.waiting().stored.contains(key)
    }

    fn remember(&self, keys: Vec<String>) {
        let mut waiting = self.waiting();
        for key in keys {
            if waiting.stored.insert(key.clone()) {
                waiting.order.push_back(key);
            }
        }
        while waiting.order.len() > REMEMBERED
            && let Some(oldest) = waiting.order.pop_front()
        {
            waiting.stored.remove(&oldest);
        }
    }

    /// Adds a callback; whether its caller has to see to it that somebody writes.
    fn add(&self, received: Received, tell: Tell) -> bool {
        let mut waiting = self.waiting();
        waiting.callbacks.push((received, tell));
        !std::mem::replace(&mut waiting.writing, true)
    }

    /// The callbacks to be written next, the oldest first; none when nothing waits, and then nobody writes any more.
    fn take(&self) -> Option<(Vec<Received>, Vec<Tell>)> {
        let mut waiting = self.waiting();
        let most = waiting.callbacks.len().min(TOGETHER);
        waiting.writing = most > 0;
        (most > 0).then(|| waiting.callbacks.drain(..most).unzip())
    }
}

/// Stores a verified callback; nothing else happens before it is durable.
///
/// # Errors
/// When the database fails; the platform then delivers it again.
pub async fn receive(app: &App, received: Received) -> anyhow::Result<()> {
    if app.receipts.was_stored(&received.replay_key) {
        return Ok(());
    }
    let (tell, told) = oneshot::channel();
    if app.receipts.add(received, tell) {
        // On its own feet: whoever waits for an answer may go away, and others wait as well.
        tokio::spawn(write(app.clone()));
    }
    told.await.context("the callback was not written")?.map_err(|problem| anyhow!(problem))
}

async fn write(app: App) {
    while let Some((received, tell)) = app.receipts.take() {
        let together = caught(store(&app, received.clone())).await;
        let alone = together.is_err() && received.len() > 1;
        for (received, tell) in received.into_iter().zip(tell) {
            // One that cannot be written keeps nobody else from being acknowledged.
            let stored = if alone { caught(store(&app, vec![received])).await } else { same(&together) };
            // Who went away hears it again from the platform.
            let _ = tell.send(stored.map_err(|problem| format!("{problem:#}")));
        }
    }
}

fn same(outcome: &anyhow::Result<()>) -> anyhow::Result<()> {
    match outcome {
        Ok(()) => Ok(()),
        Err(problem) => Err(anyhow!("{problem:#}")),
    }
}

async fn store(app: &App, received: Vec<Received>) -> anyhow::Result<()> {
    let keys = received.iter().map(|one| one.replay_key.clone()).collect();
    let rang = received.iter().any(|one| matches!(one.incoming, Incoming::Doorbell { .. }));
    let writer = app.clone();
    let kept = app.store.commit(move |tx| Box::pin(async move { keep(tx, &writer, received).await }));
    store::ahead(kept).await?;
    app.receipts.remember(keys);
    if rang {
        app.receipts.doorbell.notify_one();
    }
    Ok(())
}

async fn keep(tx: &mut Tx, app: &App, received: Vec<Received>) -> anyhow::Result<()> {
    let now = app.clock.now();
    let mut keys: Vec<&str> = received.iter().map(|one| one.replay_key.as_str()).collect();
    // Several instances write in one order, so that none waits for another that waits for it.
    keys.sort_unstable();
    let mut new: HashSet<String> = queue::first_seen(tx, &keys).await?.into_iter().collect();
    chaos::point("receive.in_unit");
    let mut rung: BTreeMap<String, (Option<String>, i64)> = BTreeMap::new();
    for one in received {
        if !new.remove(&one.replay_key) {
            continue;
        }
        match one.incoming {
            Incoming::Doorbell { open_kfid, token } => {
                let account = rung.entry(open_kfid).or_default();
                *account = (token, account.1 + 1);
            }
            incoming => inbox::store_member(tx, app, &one.event_key, incoming).await?,
        }
    }
    for (account, (token, rings)) in rung {
        accounts::ring(tx, &account, token.as_deref(), rings, now).await?;
    }
    Ok(())
}
