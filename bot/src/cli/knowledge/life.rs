//! `aijia knowledge submit|publish|disable|rollback|accept|dismiss`: somebody acts, by name.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::app::App;
use crate::case::Say;
use crate::cli::{Failure, Verdict};
use crate::desk::Person;
use crate::effects;
use crate::knowledge_desk::life::{Keeper, Refused};
use crate::knowledge_desk::publishing::{self, Prepared};
use crate::store::desks::Applied;
use crate::store::knowledge as entries;

/// Who acts on what.
#[derive(Args)]
pub(in crate::cli) struct Acting {
    /// The entry's number or id
    entry: String,
    /// Who does it: one of [[people]] in the configuration
    #[arg(long)]
    by: String,
    /// For scripts
    #[arg(long)]
    json: bool,
}

/// An act that is done at once.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Act {
    Submit,
    Disable,
    Rollback,
    Accept,
    Dismiss,
}

/// Does it, or says why not.
pub(super) async fn act(app: &App, act: Act, acting: Acting) -> Result<Verdict, Failure> {
    let person = person(app, &acting.by).await?;
    let (unit, name) = (app.clone(), acting.entry.clone());
    let done = app.store.commit(move |tx| {
        Box::pin(async move {
            let desk = unit.desk(tx).await?;
            let mut keeper = Keeper { tx, app: &unit, desk: &desk, person: &person };
            match act {
                Act::Submit => keeper.submit(&name).await,
                Act::Disable => keeper.disable(&name).await,
                Act::Rollback => keeper.roll_back(&name).await,
                Act::Accept => keeper.accept(&name).await,
                Act::Dismiss => keeper.dismiss(&name).await,
            }
        })
    });
    tell(app, done.await?, acting.json).await
}

/// How far a publication goes.
pub(super) enum Publication {
    /// What it would change is shown, and nothing done.
    Preview,
    /// It is done; what would stop replies like some that were sent, by the code of what was shown.
    Now { code: Option<String> },
}

/// Shows what putting an entry in use would change, and does it.
pub(super) async fn publish(
    app: &App,
    acting: Acting,
    channels: Vec<String>,
    publication: Publication,
) -> Result<Verdict, Failure> {
    let person = person(app, &acting.by).await?;
    let prepared = match publishing::prepare(app, &person, &acting.entry, channels).await? {
        Ok(prepared) => prepared,
        Err(refused) => return tell(app, Err(refused), acting.json).await,
    };
    show(app, &prepared, acting.json).await?;
    let Publication::Now { code } = publication else { return Ok(Verdict::Good) };
    if prepared.stops_replies() && code != Some(prepared.code()) {
        let confirm = Say::new("kb.list_confirm").with("code", prepared.code());
        return told(app, Verdict::Bad, confirm, acting.json).await;
    }
    let unit = app.clone();
    let done = app.store.commit(move |tx| {
        Box::pin(async move {
            let desk = unit.desk(tx).await?;
            Keeper { tx, app: &unit, desk: &desk, person: &person }.publish(&prepared).await
        })
    });
    tell(app, done.await?, acting.json).await
}

async fn show(app: &App, prepared: &Prepared, json: bool) -> Result<(), Failure> {
    if json {
        let Prepared { asked, differences, contradicts, measured, .. } = prepared;
        let code = prepared.stops_replies().then(|| prepared.code());
        let shown = json!({ "asked": asked, "differences": differences, "contradicts": contradicts,
            "measured": measured, "code": code });
        println!("{shown}");
        return Ok(());
    }
    let (reader, id) = (app.clone(), prepared.entry.id.clone());
    let read = app
        .store
        .read(move |tx| Box::pin(async move { Ok((reader.desk(tx).await?, entries::number(tx, &id).await?)) }));
    let (desk, number) = read.await?;
    for line in effects::what_if(prepared, number, desk.words(), usize::MAX) {
        println!("{line}");
    }
    Ok(())
}

async fn tell(app: &App, done: Result<Say, Refused>, json: bool) -> Result<Verdict, Failure> {
    match done {
        Ok(say) => told(app, Verdict::Good, say, json).await,
        Err(refused) => told(app, Verdict::Bad, refused.say(), json).await,
    }
}

async fn told(app: &App, verdict: Verdict, say: Say, json: bool) -> Result<Verdict, Failure> {
    let desk = applied(app).await?;
    let said = say.in_words(desk.words(), &desk.desk);
    if json {
        println!("{}", json!({ "done": matches!(verdict, Verdict::Good), "said": said }));
    } else {
        println!("{said}");
    }
    Ok(verdict)
}

async fn person(app: &App, id: &str) -> Result<Person, Failure> {
    let desk = applied(app).await?;
    let found = desk.desk.person(id).cloned();
    found
        .ok_or_else(|| anyhow::anyhow!("--by {id}: no such person in the configuration; name one of [[people]]").into())
}

/// The configuration in force.
pub(super) async fn applied(app: &App) -> anyhow::Result<std::sync::Arc<Applied>> {
    let reader = app.clone();
    app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await
}
