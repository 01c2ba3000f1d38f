//! What the desk as it is now would have made of conversations that people have already answered.
//!
//! A replay takes the production's own way: each message is an [`Event`] for [`case::step`](crate::case::step), what is to
//! be answered goes through [`effects::answer`](crate::effects) (back office, search, drafter, claim check, chance,
//! verdict), and what comes of it is an event again. Time stands at the message's moment, because both take it as a value.
//!
//! Nothing can leave by construction, not by care. `step` performs nothing: what would be sent are [`Effect`] values, and
//! here they are dropped. The program has no wire to customers, colleagues or shops
//! ([`start::assemble_to_replay`](crate::start::assemble_to_replay)), no worker runs, and its store refuses every commit,
//! so that no job, card or entry can come to be. A scratch database with the real worker would prove less: there it would
//! be the missing wires alone that keep replies back, and ten thousand conversations would cost a disk's patience.

mod files;
mod likeness;
mod past;
mod scene;
mod summary;
mod told;
mod trial;

pub use files::{Files, write};
pub use likeness::{Compared, Likeness};
pub use past::{Flaw, MOST_BYTES, Past, Read, Refused, Said, Speaker, Unreadable, read};
pub use scene::{Became, Replayed};
pub use summary::{Earned, Kind, Summary};
pub use trial::{judged_otherwise, newest};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cards::Risk;
use futures::{StreamExt, TryStreamExt, stream};

use crate::app::App;
use crate::automation;
use crate::policy::Intent;
use crate::store::desks::Applied;
use scene::Stage;

/// Conversations under way at the same time: a model takes seconds, the rest is done meanwhile.
const AT_ONCE: usize = 8;

/// Lets every customer's turn of these conversations happen once more; what became of each, in the order of the file.
///
/// # Errors
/// When the database fails.
pub async fn replay(app: &App, desk: &Arc<Applied>, conversations: Vec<Past>) -> anyhow::Result<Vec<Replayed>> {
    let stage = Arc::new(Stage { app: app.clone(), desk: desk.clone() });
    let each = stream::iter(conversations).map(|past| {
        let stage = stage.clone();
        async move { tokio::spawn(async move { stage.play(&past).await }).await? }
    });
    each.buffered(AT_ONCE).try_concat().await
}

/// What real decisions have earned so far, and what is still missing, for each channel and intent of a replay.
///
/// # Errors
/// When the database fails.
pub async fn earned(app: &App, replayed: &[Replayed]) -> anyhow::Result<BTreeMap<(String, Intent), Earned>> {
    let kinds: BTreeSet<(String, Intent)> =
        replayed.iter().map(|one| (one.channel.clone(), one.intent)).filter(|(_, i)| i.risk() == Risk::Low).collect();
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let mut earned = BTreeMap::new();
                for (channel, intent) in kinds {
                    let tally = automation::tally(tx, &channel, intent).await?;
                    earned.insert((channel, intent), Earned(tally));
                }
                Ok(earned)
            })
        })
        .await
}

/// The figures of all of it in the desk's words, a line each.
pub fn figures(files: &Files) -> Vec<String> {
    told::figures(files, files.desk.words())
}
