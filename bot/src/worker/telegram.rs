//! How updates of Telegram come in. Delivered to us or asked for, as the configuration says; one instance arranges it, and
//! one asks at a time. What was given and how far it has come commit together, and only then the next question confirms it,
//! for good.

mod colleague;

use std::sync::atomic::Ordering;
use std::time::Duration;

use channels::telegram::{CallError, Origin, Refusal, Update, Webhook};
use tokio::sync::watch;

use super::apply;
use super::inbox::store_arrival;
use crate::app::{App, Telegram};
use crate::case::Say;
use crate::clock::{SECOND, Timestamp};
use crate::desk::{ChannelKind, Desk};
use crate::metrics::Ignored;
use crate::store::accounts::{self, Account};
use crate::store::{self, Tx};

/// How long one question waits for something new.
const WAIT: Duration = Duration::from_secs(25);
/// Updates given in answer to one question at most.
const PAGE: u8 = 100;
/// Deliveries to us at the same time, at most.
const CONNECTIONS: u8 = 40;
/// How long nobody asks again after a failure.
const TRY_AGAIN: Timestamp = 5 * SECOND;
/// How long whoever may not ask waits before they try again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Asks until told to stop; where updates are delivered, sees to it that they are.
pub(super) async fn read_until(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() && app.telegram.as_ref().is_some_and(Telegram::has_to_be_asked) {
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

/// Asks once, for at most `wait`; says whether anything was new.
pub(super) async fn read(app: &App, wait: Duration) -> anyhow::Result<bool> {
    let Some(telegram) = app.telegram.as_ref().filter(|telegram| telegram.has_to_be_asked()) else { return Ok(false) };
    let Some(claimed) = claim(app, telegram).await? else { return Ok(false) };
    match asked(app, telegram, &claimed, wait).await {
        Ok(updates) => {
            telegram.troubled.store(false, Ordering::Relaxed);
            let any = !updates.is_empty();
            keep(app, claimed, updates).await?;
            Ok(any)
        }
        Err(problem) => {
            tracing::warn!(%problem, "Telegram gave nothing");
            give_up(app, claimed, problem).await?;
            Ok(false)
        }
    }
}

/// Arranges first how updates come, then takes a page where they have to be asked for.
async fn asked(app: &App, telegram: &Telegram, claimed: &Account, wait: Duration) -> Result<Vec<Update>, CallError> {
    if !telegram.arranged.load(Ordering::Relaxed) {
        arrange(app, telegram).await?;
        // Known from here on; it cannot change while the token stays.
        let _ = telegram.username.set(telegram.bot.me().await?.username);
        telegram.arranged.store(true, Ordering::Relaxed);
    }
    if telegram.webhook_secret.is_some() {
        return Ok(Vec::new());
    }
    let offset = claimed.cursor.as_deref().and_then(|cursor| cursor.parse().ok());
    telegram.bot.poll(offset, PAGE, u32::try_from(wait.as_secs()).unwrap_or(0)).await
}

/// As the configuration says: delivered with a secret to our public address, or kept for us to ask. What waits is kept.
async fn arrange(app: &App, telegram: &Telegram) -> Result<(), CallError> {
    let Some(secret) = &telegram.webhook_secret else { return telegram.bot.delete_webhook().await };
    let address = format!("{}/callback/telegram", app.public_url.as_deref().unwrap_or_default());
    let url = address.parse().map_err(|_| CallError::NotSent { why: "AIJIA_PUBLIC_URL is no address".to_owned() })?;
    telegram.bot.set_webhook(Webhook { url, secret, connections: CONNECTIONS }).await?;
    tracing::info!("Telegram delivers to this program");
    Ok(())
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

/// Stores an update that was delivered to us; false where nobody here is met on Telegram.
///
/// # Errors
/// When the database fails; Telegram then delivers it again.
pub async fn delivered(app: App, update: Update) -> anyhow::Result<bool> {
    let store = app.store.clone();
    let kept = store.commit(move |tx| {
        Box::pin(async move {
            let desk = app.desk(tx).await?;
            if !is_wanted(&desk.desk) {
                return Ok(false);
            }
            keep_one(tx, &app, &desk.desk, &update).await?;
            Ok(true)
        })
    });
    store::ahead(kept).await
}

/// Whoever writes to the bot in private is a customer, unless they are configured as a colleague: then it is never a
/// customer's case. What happens in a group is nobody's here, unless cards are reviewed there. What is not kept is counted.
async fn keep_one(tx: &mut Tx, app: &App, desk: &Desk, update: &Update) -> anyhow::Result<()> {
    let Some(own) = &app.telegram else { return Ok(()) };
    let channel = desk.channel_of_kind(ChannelKind::Telegram);
    let why = match update.origin() {
        Origin::Private { person } if colleague::is_one(desk, person) => {
            return colleague::store(tx, app, own, person, update).await;
        }
        Origin::Private { .. } => match (update.arrival(), channel) {
            (Some(arrival), Some(channel)) => return store_arrival(tx, app, &channel.id, arrival).await,
            _ => Ignored::NoMessage,
        },
        Origin::Group if colleague::store_of_group(tx, app, own, desk, update).await? => return Ok(()),
        Origin::Group => Ignored::Group,
        Origin::Elsewhere => Ignored::NoMessage,
    };
    app.metrics.ignored(why);
    Ok(())
}

/// Lets go for a while. What an operator has to mend is said once, until Telegram gives something again.
async fn give_up(app: &App, claimed: Account, problem: CallError) -> anyhow::Result<()> {
    let wait = match &problem {
        CallError::PutOff { wait_ms: Some(wait) } => (*wait).max(TRY_AGAIN),
        _ => TRY_AGAIN,
    };
    let until = app.clock.now() + wait;
    let news = problem.refusal().is_some() && !app.telegram.as_ref().is_some_and(Telegram::was_troubled);
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                if let (true, CallError::Refused { why, message, .. }) = (news, &problem) {
                    let key = if *why == Refusal::Setup { "told.telegram_setup" } else { "told.telegram_refused" };
                    let desk = app.desk(tx).await?;
                    apply::alarm(tx, &app, &desk, &Say::new(key).with("why", message)).await?;
                }
                Ok(accounts::give_up(tx, &claimed, until).await?)
            })
        })
        .await
}
