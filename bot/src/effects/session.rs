//! Whose the platform's session is.

use anyhow::Context;
use channels::wecom::api::ApiError;
use channels::wecom::kf::Transfer;

use super::{finished, later};
use crate::app::{App, Wecom};
use crate::case::{Event, SessionOwner};
use crate::store::conversations::{self, Conversation};
use crate::store::queue::{Door, Row};
use crate::worker::apply;

/// Attempts before the person is told to answer through 改.
const MOST_ATTEMPTS: i64 = 4;

/// Gives the session to a person; not receiving → the pool; neither possible → the person answers through 改.
pub(super) async fn transfer(
    app: &App,
    row: Row,
    case: String,
    conversation: String,
    person: String,
) -> anyhow::Result<()> {
    let Some((wecom, open, member)) = session(app, &conversation, &person).await? else {
        return moved(app, row, case, SessionOwner::Bot).await;
    };
    let owner = match hand_over(wecom, &open, member.as_deref()).await {
        Ok(owner) => owner,
        Err(error) if row.attempts < MOST_ATTEMPTS => return later(app, row, error.to_string()).await,
        Err(_) => SessionOwner::Bot,
    };
    moved(app, row, case, owner).await
}

type Session<'a> = (&'a Wecom, Conversation, Option<String>);

/// The conversation and the person's id on the platform; `None` on a channel that has no session to give away.
async fn session<'a>(app: &'a App, conversation: &str, person: &str) -> anyhow::Result<Option<Session<'a>>> {
    let (reader, conversation, person) = (app.clone(), conversation.to_owned(), person.to_owned());
    let found = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let open = conversations::load(tx, &conversation).await?.context("no such conversation")?;
                let desk = reader.desk(tx).await?;
                let has_session = open.erased_at.is_none()
                    && desk.desk.channel(&open.channel).is_some_and(|channel| channel.abilities().session);
                let member = desk.desk.person(&person).and_then(|p| p.wecom.clone());
                Ok(has_session.then_some((open, member)))
            })
        })
        .await?;
    Ok(app.wecom.as_ref().zip(found).map(|(wecom, (open, member))| (wecom, open, member)))
}

async fn hand_over(wire: &Wecom, open: &Conversation, member: Option<&str>) -> Result<SessionOwner, ApiError> {
    if let Some(member) = member {
        match wire.kf.transfer(&open.account, &open.customer, Transfer::Servicer(member)).await {
            Ok(_) => return Ok(SessionOwner::Person),
            // Not a servicer, not receiving, or not from this state: the pool is next (wecom 94669).
            Err(ApiError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    match wire.kf.transfer(&open.account, &open.customer, Transfer::Pool).await {
        Ok(_) => Ok(SessionOwner::Pool),
        Err(ApiError::Refused { .. }) => Ok(SessionOwner::Bot),
        Err(error) => Err(error),
    }
}

async fn moved(app: &App, row: Row, case: String, to: SessionOwner) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let _ = apply::apply(tx, &app, &case, &Event::SessionMoved { to }).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// Ends the session, so that the customer's next message reaches the bot again.
pub(super) async fn end(app: &App, row: Row, conversation: String) -> anyhow::Result<()> {
    let Some((wecom, open, _)) = session(app, &conversation, "").await? else { return finished(app, row).await };
    match wecom.kf.transfer(&open.account, &open.customer, Transfer::End).await {
        Err(error) if !matches!(error, ApiError::Refused { .. }) && row.attempts < MOST_ATTEMPTS => {
            later(app, row, error.to_string()).await
        }
        _ => finished(app, row).await,
    }
}

/// Asks who a new customer is. A name is a comfort: without one, people see the platform's id.
pub(super) async fn learn_name(app: &App, row: Row, conversation: String) -> anyhow::Result<()> {
    let Some((wecom, open, _)) = session(app, &conversation, "").await? else { return finished(app, row).await };
    let name = match wecom.kf.customers(std::slice::from_ref(&open.customer)).await {
        Ok(customers) => customers.into_iter().next().map(|customer| customer.nickname.replace('\0', "")),
        Err(error) if error.retryable_later() && row.attempts < MOST_ATTEMPTS => {
            return later(app, row, error.to_string()).await;
        }
        Err(_) => None,
    };
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                if let Some(name) = name.filter(|name| !name.is_empty()) {
                    conversations::set_name(tx, &conversation, &name).await?;
                }
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}
