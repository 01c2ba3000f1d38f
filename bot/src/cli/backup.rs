//! `aijia backup` and `aijia restore`: what must not be lost, copied together and put back together.
//!
//! A copy is always older than what happened since. A desk that starts on one knows nothing of the replies that left
//! after it, so it starts paused, with every approval void, until two people resume it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::json;

use super::{Failure, Verdict, environment};
use crate::app::App;
use crate::clock::{Clock, Ids};
use crate::config::{Database, Environment};
use crate::evidence::{Actor, Entry, Kind};
use crate::start;
use crate::store::pauses::{self, Scope};
use crate::store::{Store, record};
use crate::worker::checkpoint;

/// The copy of an SQLite database.
const SQLITE: &str = "aijia.db";
/// The copy of a PostgreSQL database, which its own tools make and read.
const POSTGRES: &str = "database.dump";
/// What is copied beside the database: attachments, and the key the record is signed with.
const BESIDE: [&str; 2] = ["blobs", start::SECRET_FILE];
/// Why, in the words of the pause.
const WHY: &str = "restored from a copy";

pub(super) async fn backup(folder: &Path) -> Result<Verdict, Failure> {
    let environment = environment()?;
    fill(folder, &environment).await?;
    println!("{} holds the database, the attachments and the checkpoints", folder.display());
    if environment.secret_key.is_some() {
        println!("AIJIA_SECRET_KEY comes from the environment: keep it yourself, the record is signed with it");
    }
    Ok(Verdict::Good)
}

async fn fill(folder: &Path, environment: &Environment) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let found = files(folder)?;
    match &environment.database {
        Database::Postgres(_) => ensure_dumped(folder, &found)?,
        Database::Sqlite(path) => {
            ensure!(found.is_empty(), "{} is not empty: name a new folder", folder.display());
            ensure!(path.exists(), "there is no database {}", path.display());
        }
    }
    copy(&environment.data_dir, folder, checkpoint::FILE)?;
    if let Database::Sqlite(_) = environment.database {
        Store::open(&environment.database).await?.copy_to(&folder.join(SQLITE)).await?;
    }
    // Attachments are kept before the rows that name them: copied after the database, none is missing.
    BESIDE.iter().try_for_each(|name| copy(&environment.data_dir, folder, name))
}

fn ensure_dumped(folder: &Path, found: &[String]) -> anyhow::Result<()> {
    let dump = folder.join(POSTGRES);
    ensure!(
        found == [POSTGRES],
        "dump the database first, into a new folder: pg_dump --format=custom --file={} DATABASE_URL",
        dump.display()
    );
    Ok(())
}

pub(super) async fn restore(folder: &Path) -> Result<Verdict, Failure> {
    let environment = environment()?;
    put_back(folder, &environment)?;
    let app = start::assemble(&environment, Clock::System, Ids::system()).await?;
    pause(&app).await?;
    println!(
        "restored, and paused: replies that left after the copy was made are not in it. Start `aijia serve`, look at \
         /queue, and let two people send /resume"
    );
    match super::evidence::verify(&app).await? {
        Ok(summary) => println!("{summary}"),
        // Also where newer checkpoints were kept: they tell what the copy does not have.
        Err(problem) => {
            eprintln!("{problem}");
            return Ok(Verdict::Bad);
        }
    }
    Ok(Verdict::Good)
}

/// Copies the files to where they belong, over nothing that is there.
fn put_back(folder: &Path, environment: &Environment) -> anyhow::Result<()> {
    let target = &environment.data_dir;
    fs::create_dir_all(target).with_context(|| format!("cannot create AIJIA_DATA_DIR {}", target.display()))?;
    let foreign: Vec<String> = files(target)?.into_iter().filter(|name| name != checkpoint::FILE).collect();
    ensure!(foreign.is_empty(), "AIJIA_DATA_DIR {} already holds {}", target.display(), foreign.join(", "));
    match &environment.database {
        Database::Sqlite(path) => copy_database(&folder.join(SQLITE), path)?,
        Database::Postgres(_) => {
            ensure!(folder.join(POSTGRES).exists(), "{} holds no copy of a PostgreSQL database", folder.display())
        }
    }
    for name in BESIDE {
        copy(folder, target, name)?;
    }
    // Checkpoints that were kept elsewhere are newer than the copy, and tell how much is missing.
    if !target.join(checkpoint::FILE).exists() {
        copy(folder, target, checkpoint::FILE)?;
    }
    Ok(())
}

fn copy_database(from: &Path, to: &Path) -> anyhow::Result<()> {
    ensure!(from.exists(), "{} is not there: is this a backup of a desk on SQLite?", from.display());
    ensure!(!to.exists(), "there already is a database {}", to.display());
    fs::copy(from, to).with_context(|| format!("cannot write {}", to.display())).map(drop)
}

/// Nothing leaves a restored desk before people have looked at it.
async fn pause(app: &App) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                let (id, (scope, target)) = (app.ids.next(now)?, Scope::Everything.parts());
                pauses::declare(tx, &id, &Scope::Everything, pauses::BY_ITSELF, WHY, now).await?;
                let payload = json!({ "pause": id, "scope": scope, "target": target, "why": WHY, "in_flight": [] });
                let entry = Entry { kind: Kind::Paused, actor: Actor::System, payload };
                record::append(tx, &app, record::DESK, None, &entry).await
            })
        })
        .await
}

/// The names of what is in a folder.
fn files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let cannot = || format!("cannot read {}", folder.display());
    let entries = fs::read_dir(folder).with_context(cannot)?;
    let names = entries.map(|entry| Ok(entry.with_context(cannot)?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

/// Copies a file or a folder of the same name, where there is one.
fn copy(from: &Path, to: &Path, name: &str) -> anyhow::Result<()> {
    let (from, to) = (from.join(name), to.join(name));
    if !from.exists() {
        return Ok(());
    }
    if from.is_dir() {
        fs::create_dir_all(&to).with_context(|| format!("cannot create {}", to.display()))?;
        return files(&from)?.iter().try_for_each(|inner| copy(&from, &to, inner));
    }
    if from.extension().is_some_and(|ending| ending == "part") {
        return Ok(());
    }
    copy_file(&from, &to)
}

/// Copies a file, and makes sure that the copy is on the disk.
fn copy_file(from: &PathBuf, to: &PathBuf) -> anyhow::Result<()> {
    match fs::copy(from, to) {
        Ok(_) => Ok(fs::File::open(to).and_then(|file| file.sync_all())?),
        Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(problem) => bail!("cannot copy {} to {}: {problem}", from.display(), to.display()),
    }
}
