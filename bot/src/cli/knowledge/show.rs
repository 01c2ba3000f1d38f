//! `aijia knowledge list|show|stale|gaps|used`: what there is to see.

use serde::Serialize;

use super::life::applied;
use crate::app::App;
use crate::cli::{Failure, Verdict};
use crate::knowledge_desk::shown::{self, Listed};
use crate::store::knowledge::{self as entries};

/// Gaps that are listed.
const GAPS: usize = 100;

/// Lists entries; only those that somebody has to look after, where `stale` is wanted.
pub(super) async fn list(app: &App, owner: Option<String>, stale: bool, json: bool) -> Result<Verdict, Failure> {
    let reader = app.clone();
    // Numbers are given where entries have none yet.
    let read = app.store.commit(move |tx| {
        let (reader, owner) = (reader.clone(), owner.clone());
        Box::pin(async move { shown::list(tx, &reader, owner.as_deref()).await })
    });
    let wanted = |listed: &Listed| !stale || listed.vanished || !listed.stale.is_empty();
    let listed: Vec<Listed> = read.await?.into_iter().filter(wanted).collect();
    let desk = applied(app).await?;
    let line = |listed: &Listed| format!("{} · {}", listed.line(desk.words(), &desk.desk), listed.id);
    print(&listed, json, line)
}

/// Shows one entry with its life.
pub(super) async fn show(app: &App, name: String, json: bool) -> Result<Verdict, Failure> {
    let (reader, wanted) = (app.clone(), name.clone());
    let read = app.store.commit(move |tx| {
        let (reader, name) = (reader.clone(), wanted.clone());
        Box::pin(async move {
            let versions = match shown::id_of(tx, &name).await? {
                Some(id) => entries::history(tx, &id).await?,
                None => Vec::new(),
            };
            Ok((shown::show(tx, &reader, &name).await?, versions))
        })
    });
    let (text, versions) = read.await?;
    let Some(text) = text else { return unknown(&name) };
    if json {
        let versions = versions.iter().map(|stored| {
            serde_json::json!({ "version": stored.version, "state": stored.state.as_str(), "owner": stored.owner,
                "channels": stored.only(), "at": stored.created_at, "entry": stored.entry() })
        });
        println!("{}", serde_json::json!({ "versions": versions.collect::<Vec<_>>() }));
    } else {
        println!("{text}");
    }
    Ok(Verdict::Good)
}

/// Questions nobody's knowledge answers, those most customers asked first.
pub(super) async fn gaps(app: &App, json: bool) -> Result<Verdict, Failure> {
    let gaps = app.store.read(|tx| Box::pin(async move { shown::missing(tx, GAPS).await })).await?;
    let desk = applied(app).await?;
    print(&gaps, json, |cluster| cluster.line(desk.words()))
}

/// Which replies used which version of an entry.
pub(super) async fn used(app: &App, name: String, json: bool) -> Result<Verdict, Failure> {
    let wanted = name.clone();
    let read = app.store.read(move |tx| Box::pin(async move { shown::used(tx, &wanted).await }));
    let Some(used) = read.await? else { return unknown(&name) };
    let desk = applied(app).await?;
    print(&used, json, |version| version.lines(&desk).join("\n"))
}

fn print<T: Serialize>(all: &[T], json: bool, line: impl Fn(&T) -> String) -> Result<Verdict, Failure> {
    if json {
        println!("{}", serde_json::to_string(all)?);
    } else {
        all.iter().for_each(|one| println!("{}", line(one)));
    }
    Ok(Verdict::Good)
}

fn unknown(name: &str) -> Result<Verdict, Failure> {
    eprintln!("no entry is called {name}: see `aijia knowledge list`");
    Ok(Verdict::Bad)
}
