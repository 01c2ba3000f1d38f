//! Reading the customer-service accounts: a doorbell, or the polling net, starts a loop over pages. Each
//! page and the cursor after it commit together.

use channels::wecom::api::ApiError;
use channels::wecom::kf::{KfMessage, Page};

use super::inbox::Inbound;
use crate::app::App;
use crate::chaos;
use crate::clock::{MINUTE, SECOND, Timestamp};
use crate::mistake::{self, Mistake};
use crate::store::Tx;
use crate::store::accounts::{self, Account};
use crate::store::queue::{self, Rank};

/// Messages older than this at the very first reading are not answered.
const FRESH: Timestamp = 10 * MINUTE;
/// Pages read in one turn; a longer backlog goes on in the next one.
const PAGES: usize = 50;
/// How long an account that could not be read is left alone.
const TRY_AGAIN: Timestamp = 10 * SECOND;
/// The same, where the platform says that it was read too often.
const LIMITED: Timestamp = 30 * SECOND;
/// Messages in a page (wecom 94670).
const PAGE: u32 = 1000;

/// Reads every account that was rung or not read for a while, one at a time; says whether there was one.
pub(super) async fn read_accounts(app: &App) -> anyhow::Result<bool> {
    if app.wecom.is_none() {
        return Ok(false);
    }
    let mut any = false;
    while let Some(account) = claim(app).await? {
        any |= read(app, account).await?;
    }
    Ok(any)
}

async fn claim(app: &App) -> anyhow::Result<Option<Account>> {
    let (me, now) = (app.instance.id().to_owned(), app.clock.now());
    app.store.commit(move |tx| Box::pin(async move { Ok(accounts::claim(tx, &me, now).await?) })).await
}

/// Whether anything new was read. Whatever goes wrong, the account is let go of and tried again soon.
async fn read(app: &App, account: Account) -> anyhow::Result<bool> {
    let mut any = false;
    match read_pages(app, account.clone(), &mut any).await {
        Ok(()) => release(app, account).await?,
        Err(problem) => {
            tracing::warn!(account = %account.account, problem = %format!("{problem:#}"), "messages could not be read");
            let limited = problem.downcast_ref::<ApiError>().is_some_and(ApiError::is_rate_limited);
            give_up(app, account, if limited { LIMITED } else { TRY_AGAIN }).await?;
        }
    }
    Ok(any)
}

async fn read_pages(app: &App, mut account: Account, any: &mut bool) -> anyhow::Result<()> {
    // Without a doorbell's token every page counts towards the strict limit: the next one comes with the next poll.
    let pages = if token_of(app, &account).is_some() { PAGES } else { 1 };
    for _ in 0..pages {
        chaos::point("sync.before_fetch");
        let page = fetch(app, &account).await?;
        chaos::point("sync.fetched");
        let (more, news) = (page.has_more, !page.messages.is_empty());
        account.cursor = Some(page.next_cursor.clone()).filter(|c| !c.is_empty()).or(account.cursor);
        keep(app, &account, page).await?;
        chaos::point("sync.kept");
        *any |= news;
        if !more {
            break;
        }
    }
    Ok(())
}

async fn fetch(app: &App, account: &Account) -> anyhow::Result<Page> {
    let wecom = app.wecom.as_ref().ok_or_else(|| anyhow::anyhow!("WeCom is not configured"))?;
    Ok(wecom.kf.sync(&account.account, account.cursor.as_deref(), token_of(app, account), PAGE).await?)
}

/// The doorbell's token, while it is good.
fn token_of<'a>(app: &App, account: &'a Account) -> Option<&'a str> {
    account.token.as_deref().filter(|_| app.clock.now() < account.token_until)
}

async fn keep(app: &App, account: &Account, page: Page) -> anyhow::Result<()> {
    let (app, account) = (app.clone(), account.clone());
    let store = app.store.clone();
    if mistake::made(Mistake::CursorBeforeMessages) {
        let (account, now) = (account.clone(), app.clock.now());
        let cursor = account.cursor.clone().unwrap_or_default();
        store
            .commit(move |tx| Box::pin(async move { Ok(accounts::advance(tx, &account, &cursor, now).await?) }))
            .await?;
    }
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                // By the first reading's time, also where that reading is still going on or was broken off.
                let opened = account.first_sync_at.unwrap_or(now);
                for message in page.messages {
                    let backlog = message.send_time * SECOND < opened - FRESH;
                    store_message(tx, &app, &account.account, message, backlog).await?;
                }
                chaos::point("sync.page_stored");
                let cursor = account.cursor.clone().unwrap_or_default();
                let ours = accounts::advance(tx, &account, &cursor, now).await?;
                anyhow::ensure!(ours, "the account {} is read by somebody else now", account.account);
                chaos::point("sync.cursor_moved");
                Ok(())
            })
        })
        .await
}

async fn store_message(tx: &mut Tx, app: &App, account: &str, message: KfMessage, backlog: bool) -> anyhow::Result<()> {
    let now = app.clock.now();
    let customer = message.external_userid.as_deref().unwrap_or_default();
    let lane = format!("kf:{account}:{customer}");
    let dedup = format!("kf:{account}:{}", message.msgid);
    let body = serde_json::to_string(&Inbound::Customer { account: account.into(), message, backlog })?;
    queue::receive(tx, &app.ids.next(now)?, &dedup, (&lane, Rank::Then), &body, now).await?;
    Ok(())
}

async fn release(app: &App, account: Account) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.store.commit(move |tx| Box::pin(async move { Ok(accounts::release(tx, &account, now).await?) })).await
}

async fn give_up(app: &App, account: Account, wait: Timestamp) -> anyhow::Result<()> {
    let until = app.clock.now() + wait;
    app.store.commit(move |tx| Box::pin(async move { Ok(accounts::give_up(tx, &account, until).await?) })).await
}
