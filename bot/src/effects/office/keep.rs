//! What a look-up leaves behind: its entry in the conversation's record, and how its recipe fares.

use serde_json::{Value, json};

use super::look::{End, Run, Sight};
use crate::app::App;
use crate::case::{Case, Say, Unseen};
use crate::erasure;
use crate::evidence::{Actor, Entry, Kind};
use crate::store::{Tx, back_office, record};
use crate::worker::{Job, apply};

/// Puts a look-up on record, and stops its recipe where something was not as it should be. Belongs into the unit in which
/// the draft is shown.
///
/// # Errors
/// When the database fails.
pub(in crate::effects) async fn keep(tx: &mut Tx, app: &App, case: &Case, sight: &Sight) -> anyhow::Result<()> {
    let Some(run) = &sight.run else { return Ok(()) };
    let entry = Entry { kind: Kind::LookedUp, actor: Actor::System, payload: run.payload.clone() };
    record::append(tx, app, &record::chain_of(&case.conversation), Some(&case.id), &entry).await?;
    fared(tx, app, case, run).await
}

/// How a look-up for a case fared: the order that it found is its customer's from now on.
///
/// # Errors
/// When the database fails.
pub(super) async fn fared(tx: &mut Tx, app: &App, case: &Case, run: &Run) -> anyhow::Result<()> {
    if let End::Through(_, Some(order)) = &run.end {
        let theirs = back_office::claim_order(tx, &run.store, order, &case.conversation).await?;
        // Two asked at the same moment. The unit is not kept, and the next try knows whose it is.
        anyhow::ensure!(theirs, "an order was named in another conversation at the same moment");
    }
    kept(tx, app, Some(case), run).await
}

/// What a look-up showed of a customer whose data were erased meanwhile is not kept.
///
/// # Errors
/// When the disk refuses.
pub(in crate::effects) async fn discard(app: &App, sight: &Sight) -> anyhow::Result<()> {
    match &sight.run {
        Some(run) => erasure::remove_files(app, &run.payload).await,
        None => Ok(()),
    }
}

/// Forgets what was looked up about an order that is named in words which the customer took back.
///
/// # Errors
/// When the database fails, or the disk refuses.
pub(crate) async fn forget(tx: &mut Tx, app: &App, chain: &str, text: &str) -> anyhow::Result<()> {
    for payload in record::erase_look_ups(tx, app, chain, text).await? {
        let parts = payload["parts"].as_array().into_iter().flatten();
        for name in parts.chain([&payload]).flat_map(blobs_of) {
            app.blobs.remove(name).await?;
        }
    }
    Ok(())
}

/// What is kept beside the record of a look-up, by SHA-256.
fn blobs_of(look_up: &Value) -> impl Iterator<Item = &str> {
    let pictures = look_up["pictures"].as_array().into_iter().flatten().map(|picture| &picture["sha256"]);
    let others = [&look_up["picture"], &look_up["log_sha256"], &look_up["tracking"]["answer_sha256"]];
    pictures.chain(others).filter_map(Value::as_str)
}

/// How a recipe fared; whoever has to look is told.
pub(super) async fn kept(tx: &mut Tx, app: &App, case: Option<&Case>, run: &Run) -> anyhow::Result<()> {
    match &run.end {
        End::Through(took, _) => Ok(back_office::ran(tx, &run.store, &run.recipe, run.at, *took).await?),
        End::Stop(why, picture) => stop(tx, app, case, run, *why, picture.as_deref()).await,
    }
}

async fn stop(
    tx: &mut Tx,
    app: &App,
    case: Option<&Case>,
    run: &Run,
    why: Unseen,
    picture: Option<&str>,
) -> anyhow::Result<()> {
    if !back_office::stop(tx, &run.store, &run.recipe, run.at, why.as_str(), picture).await? {
        return Ok(());
    }
    let payload = json!({ "store": run.store, "recipe": run.recipe, "why": why, "picture": picture });
    let entry = Entry { kind: Kind::RecipeStopped, actor: Actor::System, payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    let say = Say::new("told.recipe_stopped").with("title", &run.title).with("recipe", &run.recipe);
    let say = say.with("store", &run.store).with_key("why", why.key()).with_key("todo", why.todo_key());
    let desk = app.desk(tx).await?;
    let channel = case.and_then(|case| desk.desk.channel(&case.channel));
    let owner = channel.and_then(|channel| channel.escalation_owner.as_deref());
    let owner = owner.and_then(|owner| app.address_of(&desk.desk, owner)).or_else(|| app.watcher(&desk.desk));
    match owner {
        Some(to) => {
            if let Some(picture) = picture {
                let show = Job::Show { to: to.clone(), picture: picture.to_owned() };
                show.enqueue(tx, app, app.clock.now()).await?;
            }
            apply::queue_say(tx, app, &to, &say, app.clock.now()).await
        }
        None => Ok(()),
    }
}
