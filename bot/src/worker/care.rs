//! Looking after the knowledge: whoever answers for a piece of it is asked before it goes stale.

use crate::app::App;
use crate::clock::{HOUR, Timestamp};
use crate::knowledge_desk::care::{self, Cause};
use crate::store::knowledge as entries;
use crate::store::{Tx, desks};

/// How often the dates are looked at.
const EVERY: Timestamp = HOUR;
/// Cards of one look at most: the rest follows with the next one.
const AT_ONCE: usize = 20;
/// When the dates were last looked at, by name.
const LOOKED_AT: &str = "knowledge looked after at";

/// Looks when it is time, one instance at a time. Gives whether anybody was asked.
///
/// # Errors
/// When the database fails.
pub(super) async fn when_due(app: &App) -> anyhow::Result<bool> {
    // The index follows what was published, before anybody needs it.
    let reader = app.clone();
    let (known, last) =
        app.store.read(move |tx| Box::pin(async move { Ok((reader.known(tx).await?, last(tx).await?)) })).await?;
    let now = app.clock.now();
    if last.is_some_and(|at| now < at + EVERY) {
        return Ok(false);
    }
    let due = known
        .index
        .entries()
        .iter()
        .filter_map(|entry| Some((entry.id.to_string(), entry.version, care::due(entry, now)?)));
    let due: Vec<(String, i64, (Cause, Timestamp))> = due.collect();
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                entries::hold(tx, LOOKED_AT).await?;
                if last_looked_since(tx, now).await? {
                    return Ok(false);
                }
                desks::set_value(tx, LOOKED_AT, &now.to_string()).await?;
                ask(tx, &app, &due).await
            })
        })
        .await
}

async fn last(tx: &mut Tx) -> anyhow::Result<Option<Timestamp>> {
    Ok(desks::value(tx, LOOKED_AT).await?.and_then(|at| at.parse().ok()))
}

/// Whether another instance looked in the meantime.
async fn last_looked_since(tx: &mut Tx, now: Timestamp) -> anyhow::Result<bool> {
    Ok(last(tx).await?.is_some_and(|at| now < at + EVERY))
}

async fn ask(tx: &mut Tx, app: &App, due: &[(String, i64, (Cause, Timestamp))]) -> anyhow::Result<bool> {
    let mut asked = 0;
    for (id, version, (cause, date)) in due {
        let Some(known) = entries::version(tx, id, *version).await? else { continue };
        asked += usize::from(care::raise(tx, app, *cause, &known, (&date.to_string(), "")).await?);
        if asked == AT_ONCE {
            break;
        }
    }
    Ok(asked > 0)
}
