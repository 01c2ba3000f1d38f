//! Finding out what entries mean, and the sentences that customers are understood by, beside everything else: until it is
//! known the words decide.

use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;
use crate::meaning::{Directions, Meaning, hash};
use crate::store::desks;
use crate::understanding::Understanding;

/// A pause between two looks, and after a server that did not answer.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
const AFTER_TROUBLE: Duration = Duration::from_secs(30);

/// Goes on until told to stop.
pub(super) async fn learn_until(app: App, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let wait = match super::caught(learn(&app)).await {
            Ok(true) => continue,
            Ok(false) => LOOK_AGAIN,
            Err(problem) => {
                not_yet(&problem);
                AFTER_TROUBLE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stop.changed() => {}
        }
    }
}

/// The same once; says whether there was anything that could be done. Nothing else waits for it.
pub(super) async fn learn_if_possible(app: &App) -> bool {
    learn(app).await.inspect_err(not_yet).unwrap_or(false)
}

fn not_yet(problem: &anyhow::Error) {
    tracing::warn!(problem = %format!("{problem:#}"), "what entries mean could not be found out yet");
}

/// Finds out what the next entries mean, keeps it, and tells the index once nothing is left; says whether there was
/// anything to do.
///
/// # Errors
/// When the database fails or the server does not answer as it should; the texts then wait.
async fn learn(app: &App) -> anyhow::Result<bool> {
    let Some(meaning) = &app.meaning else { return Ok(false) };
    let reader = app.clone();
    let known = app.store.read(move |tx| Box::pin(async move { reader.known(tx).await })).await?;
    let texts = meaning.next();
    if texts.is_empty() {
        return understand(app, meaning).await;
    }
    match meaning.kept_directions(&app.store, texts.clone()).await {
        Ok(found) => meaning.learn(found),
        Err(problem) => {
            meaning.put_back(texts);
            return Err(problem);
        }
    }
    if !meaning.has_more() {
        meaning.tell(&known.index);
    }
    Ok(true)
}

/// Learns a new configuration's sentences by their words, before anybody's edit needs them.
///
/// # Errors
/// When the database fails.
pub(super) async fn keep_up(app: &App) -> anyhow::Result<()> {
    let reader = app.clone();
    let desk = app.store.read(move |tx| {
        Box::pin(async move {
            let known = desks::current_id(tx).await?.is_some();
            if known { reader.desk(tx).await.map(Some) } else { Ok(None) }
        })
    });
    if let Some(desk) = desk.await? {
        app.understanding(&desk).await?;
    }
    Ok(())
}

/// Learns what the shop's sentences for each intent mean; says whether there was anything to learn.
async fn understand(app: &App, meaning: &Meaning) -> anyhow::Result<bool> {
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    if !app.understanding(&desk).await?.may_learn() {
        return Ok(false);
    }
    let sentences: Vec<String> = desk.desk.intents.iter().flat_map(|taught| taught.said.clone()).collect();
    let mut meant = Directions::new();
    for texts in sentences.chunks(Meaning::TOGETHER) {
        meant.extend(meaning.kept_directions(&app.store, texts.to_vec()).await?);
    }
    let teaching = desk.clone();
    let learnt = tokio::task::spawn_blocking(move || Understanding::by_meaning(&teaching.desk, &meant)).await?;
    app.understands(&desk, learnt);
    Ok(true)
}

/// Tells the index what is kept about its entries, and finds nothing out: for a command that only looks.
///
/// # Errors
/// When the database fails.
pub async fn recall(app: &App) -> anyhow::Result<()> {
    let Some(meaning) = &app.meaning else { return Ok(()) };
    let reader = app.clone();
    let known = app.store.read(move |tx| Box::pin(async move { reader.known(tx).await })).await?;
    while meaning.has_more() {
        let hashes = meaning.next().iter().map(|text| hash(text)).collect();
        meaning.learn(meaning.kept(&app.store, hashes).await?);
    }
    meaning.tell(&known.index);
    Ok(())
}
