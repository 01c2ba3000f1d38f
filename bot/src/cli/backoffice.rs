//! `aijia backoffice …`: signing in to a store's back office, showing a path there for a new recipe, and trying recipes
//! out.

use std::io::{BufRead, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ::backoffice::recipe::Draft;
use ::backoffice::{Picture, Recipe, SigningIn, Trouble};
use anyhow::{Context, bail};
use clap::Subcommand;

use super::{Failure, Verdict, assemble};
use crate::app::App;
use crate::desk::BackOffice;
use crate::effects::Trial;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Sign in to a store's back office: in a window, or where there is no screen, by pictures
    Login {
        /// The store, as in [[stores]]
        store: String,
        /// Where the page is put as a PNG where there is no screen
        #[arg(long, default_value = "backoffice.png")]
        picture: PathBuf,
    },
    /// Show a path in the back office: a draft of a recipe comes of it. Nothing that writes leaves the browser
    Record {
        /// The store, as in [[stores]]
        store: String,
        /// The new recipe's name
        name: String,
        /// The number of the order it is shown on
        #[arg(long)]
        order: String,
        /// The path to begin at
        #[arg(long, default_value = "/")]
        at: String,
        /// A path that pages ask by POST without changing anything; may be given again
        #[arg(long)]
        ask: Vec<String>,
        /// Where the draft is put; NAME.toml.draft unless said otherwise
        #[arg(long)]
        file: Option<PathBuf>,
        /// Where the page is put as a PNG where there is no screen
        #[arg(long, default_value = "backoffice.png")]
        picture: PathBuf,
    },
    /// Try a recipe out: facts and pictures, nothing is written
    Test {
        /// The store, as in [[stores]]
        store: String,
        /// The recipe's name
        recipe: String,
        /// The number of an order of the shop
        #[arg(long)]
        order: String,
        /// The folder for the pictures
        #[arg(long, default_value = ".")]
        folder: PathBuf,
    },
}

pub(super) async fn run(command: Command) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    match command {
        Command::Login { store, picture } => login(&app, &store, &picture).await,
        Command::Record { store, name, order, at, ask, file, picture } => {
            let file = file.unwrap_or_else(|| PathBuf::from(format!("{name}.toml.draft")));
            record(&app, &store, Shows { name, order, at, asks: ask, file, picture }).await
        }
        Command::Test { store, recipe, order, folder } => test(&app, &store, &recipe, &order, &folder).await,
    }
}

async fn office(app: &App, store: &str) -> anyhow::Result<BackOffice> {
    let reader = app.clone();
    let desk = app.store.read(move |tx| Box::pin(async move { reader.desk(tx).await })).await?;
    let known: Vec<&str> = desk.desk.stores.iter().map(|office| office.id.as_str()).collect();
    let office = desk.desk.back_office(store).cloned();
    office.with_context(|| format!("{store} has no back office in the configuration; there are: {}", known.join(", ")))
}

async fn login(app: &App, store: &str, picture: &Path) -> Result<Verdict, Failure> {
    let (office, visible) = (office(app, store).await?, is_there_a_screen());
    let person = app.offices.sign_in(&office, visible).await.map_err(anyhow::Error::from)?;
    if visible {
        println!("Sign in in the window that opened, then press Enter here.");
        line()?;
    } else {
        by_pictures(&person, picture).await?;
    }
    app.offices.signed_in(&office, person, &app.ids).await.map_err(anyhow::Error::from)?;
    println!("signed in to {store}; the profile is kept sealed");
    Ok(Verdict::Good)
}

fn is_there_a_screen() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(|name| std::env::var_os(name).is_some())
}

/// How somebody shows a path.
struct Shows {
    name: String,
    order: String,
    at: String,
    asks: Vec<String>,
    file: PathBuf,
    picture: PathBuf,
}

async fn record(app: &App, store: &str, shows: Shows) -> Result<Verdict, Failure> {
    let (office, visible) = (office(app, store).await?, is_there_a_screen());
    let Shows { name, order, at, asks, file, picture } = shows;
    if let Some(path) = [&at].into_iter().chain(&asks).find(|path| !path.starts_with('/')) {
        return Err(anyhow::anyhow!("{path} is no path of the shop's site: it begins with /").into());
    }
    if file.exists() {
        return Err(anyhow::anyhow!("{} is there already: name another --file", file.display()).into());
    }
    let showing = app.offices.show(&office, &at, visible, asks).await.map_err(anyhow::Error::from)?;
    if visible {
        println!("Show the path in the window that opened, then press Enter here. Nothing that writes leaves it.");
        line()?;
    } else {
        by_pictures(showing.person(), &picture).await?;
    }
    let shown = app.offices.was_shown(&office, showing).await.map_err(anyhow::Error::from)?;
    let draft = Draft { name: &name, account: office.account(), sign_in: &office.sign_in, order: &order }.of(&shown);
    put(&file, draft.as_bytes())?;
    println!("{}: a draft. Still to be done:", file.display());
    for fault in Recipe::parse(&draft).err().unwrap_or_default() {
        println!("  {fault}");
    }
    Ok(Verdict::Good)
}

fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line)?;
    if read == 0 {
        bail!("nobody finished signing in; nothing was kept");
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// What a person types where there is no screen.
const WORDS: &str = "click X Y · type TEXT · tab · enter · go /PATH · look · done";

/// The page comes as a picture after everything the person does.
async fn by_pictures(person: &SigningIn, picture: &Path) -> anyhow::Result<()> {
    println!("There is no screen here: the page is in {}.", picture.display());
    println!("Type: {WORDS}");
    loop {
        put(picture, &person.picture().await?)?;
        println!("at {}", person.address().await?);
        print!("> ");
        std::io::stdout().flush()?;
        let said = line()?;
        let (word, rest) = said.split_once(' ').unwrap_or((&said, ""));
        match word {
            "done" => break,
            "look" => {}
            "type" => match person.type_in(rest).await {
                Err(nowhere @ Trouble::NothingFocused) => println!("{nowhere}"),
                typed => typed?,
            },
            "tab" => person.tab_key().await?,
            "enter" => person.enter().await?,
            "click" => match place(rest) {
                Some((x, y)) => person.click(x, y).await?,
                None => println!("click where? As in: click 320 180"),
            },
            "go" if rest.starts_with('/') => person.go(rest).await?,
            other => println!("{other:?} is not known here: {WORDS}"),
        }
    }
    std::fs::remove_file(picture).or(Ok(()))
}

fn place(words: &str) -> Option<(f64, f64)> {
    let (x, y) = words.trim().split_once(char::is_whitespace)?;
    Some((x.parse().ok()?, y.trim().parse().ok()?))
}

/// Writes a file that only its owner can read: a page where somebody signs in may show anything.
fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let open = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(bytes)).with_context(|| format!("cannot write {}", path.display()))
}

async fn test(app: &App, store: &str, recipe: &str, order: &str, folder: &Path) -> Result<Verdict, Failure> {
    let office = office(app, store).await?;
    let tried = app.offices.try_out(&office, recipe, order, app.clock.now()).await.map_err(anyhow::Error::from)?;
    let pictures = match tried {
        Trial::Passed { said, pictures, took_ms, .. } => {
            said.iter().for_each(|(name, words)| println!("{name}: {words}"));
            println!("passed in {took_ms} ms");
            put_all(folder, pictures.iter())?;
            return Ok(Verdict::Good);
        }
        Trial::NotFound => {
            println!("the shop has no order {order}: name another one with --order");
            None
        }
        Trial::Stopped { exactly, picture, .. } => {
            println!("stopped, and touched nothing more: {exactly}");
            picture
        }
    };
    put_all(folder, pictures.iter())?;
    Ok(Verdict::Bad)
}

fn put_all<'a>(folder: &Path, pictures: impl Iterator<Item = &'a Picture>) -> anyhow::Result<()> {
    for picture in pictures {
        let path = folder.join(format!("{}.png", picture.name));
        put(&path, &picture.png)?;
        println!("{}", path.display());
    }
    Ok(())
}
