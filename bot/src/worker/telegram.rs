//! Asking Telegram for what is new. One instance asks at a time; what it was given and how far it has come commit
//! together, and only then the next question confirms it, for good.

mod colleague;

use std::time::Duration;

use channels::telegram::{CallError, Update};
use tokio::sync::watch;

use super::inbox::store_arrival;
use crate::app::{App, Telegram};
use crate::clock::{SECOND, Timestamp};
use crate::desk::{ChannelKind, Desk};
use crate::store::Tx;
use crate::store::accounts::{self, Account};

/// How long one question waits for something new.
const WAIT: Duration = Duration::from_secs(25);
/// Updates given in answer to one question at most.
const PAGE: u8 = 100;
/// How long nobody asks again after a failure.
const TRY_AGAIN: Timestamp = 5 * SECOND;
/// How long whoever may not ask waits before they try again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Asks until told to stop.
pub(super) async fn read_until(app: App, mut stop: watch::Receiver<bool>) {
    if polled(&app).is_none() {
        return;
    }
    while !*stop.borrow() {
        let asked = async {
            match super::caught(read(&app, WAIT)).await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(LOOK_AGAIN).await,
                Err(problem) => {
                    tracing::error!(problem = %format!("{problem:#}"), "Telegram could not be asked");
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        };
        tokio::select! {
            () = asked => {}
            _ = stop.changed() => {}
        }
    }
}

/// Telegram, where it is to be asked.
fn polled(app: &App) -> Option<&Telegram> {
    app.telegram.as_ref().filter(|telegram| telegram.webhook_secret.is_none())
}

/// Asks once, for at most `wait`; says whether anything was new.
pub(super) async fn read(app: &App, wait: Duration) -> anyhow::Result<bool> {
    let Some(telegram) = polled(app) else { return Ok(false) };
    let Some(claimed) = claim(app, telegram).await? else { return Ok(false) };
    let offset = claimed.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
    let wait = u32::try_from(wait.as_secs()).unwrap_or(0);
    match telegram.bot.poll(offset, PAGE, wait).await {
        Ok(updates) => {
            let any = !updates.is_empty();
            keep(app, claimed, updates).await?;
            Ok(any)
        }
        Err(problem) => {
            tracing::warn!(%problem, "Telegram gave nothing");
            give_up(app, claimed, &problem).await?;
            Ok(false)
        }
    }
}

async fn claim(app: &App, telegram: &Telegram) -> anyhow::Result<Option<Account>> {
    let (name, me, now) = (format!("telegram:{}", telegram.bot.id()), app.instance.id().to_owned(), app.clock.now());
    let reader = app.clone();
    app.store
        .commit(move |tx| {
            Box::pin(async move {
                if !is_wanted(&reader.desk(tx).await?.desk) {
                    return Ok(None);
                }
                Ok(accounts::claim_apart(tx, &name, &me, now).await?)
            })
        })
        .await
}

async fn keep(app: &App, claimed: Account, updates: Vec<Update>) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let (desk, now) = (app.desk(tx).await?, app.clock.now());
                if !is_wanted(&desk.desk) {
                    // Taken out of the configuration meanwhile: what was given stays with Telegram.
                    return Ok(accounts::release(tx, &claimed, now).await?);
                }
                for update in &updates {
                    keep_one(tx, &app, &desk.desk, update).await?;
                }
                if let Some(last) = updates.iter().map(|update| update.id).max() {
                    let ours = accounts::advance(tx, &claimed, &(last + 1).to_string(), now).await?;
                    anyhow::ensure!(ours, "Telegram is asked by somebody else now");
                }
                Ok(accounts::release(tx, &claimed, now).await?)
            })
        })
        .await
}

/// Whether anybody here is met on Telegram, customers or colleagues.
fn is_wanted(desk: &Desk) -> bool {
    let colleagues = desk.people.iter().any(|person| person.telegram.is_some());
    colleagues || desk.channel_of_kind(ChannelKind::Telegram).is_some()
}

/// Stores one update as a colleague's or a customer's; one that is nobody's here is no more.
async fn keep_one(tx: &mut Tx, app: &App, desk: &Desk, update: &Update) -> anyhow::Result<()> {
    let Some(own) = &app.telegram else { return Ok(()) };
    if colleague::store(tx, app, own, desk, update).await? {
        return Ok(());
    }
    match (update.arrival(), desk.channel_of_kind(ChannelKind::Telegram)) {
        (Some(arrival), Some(channel)) => store_arrival(tx, app, &channel.id, arrival).await,
        _ => Ok(()),
    }
}

/// Stores an update that was delivered; false where nobody here is met on Telegram.
///
/// # Errors
/// When the database fails; Telegram then delivers it again.
pub async fn delivered(app: App, update: Update) -> anyhow::Result<bool> {
    let store = app.store.clone();
    store
        .commit_ahead(move |tx| {
            Box::pin(async move {
                let desk = app.desk(tx).await?;
                if !is_wanted(&desk.desk) {
                    return Ok(false);
                }
                keep_one(tx, &app, &desk.desk, &update).await?;
                Ok(true)
            })
        })
        .await
}

async fn give_up(app: &App, claimed: Account, problem: &CallError) -> anyhow::Result<()> {
    let wait = match problem {
        CallError::PutOff { wait_ms: Some(wait) } => (*wait).max(TRY_AGAIN),
        _ => TRY_AGAIN,
    };
    let until = app.clock.now() + wait;
    app.store.commit(move |tx| Box::pin(async move { Ok(accounts::give_up(tx, &claimed, until).await?) })).await
}
