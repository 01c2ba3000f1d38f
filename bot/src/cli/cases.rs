//! `aijia case …` and `aijia why`.

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;

use super::erase::{Asked, erase};
use super::{Failure, Verdict, assemble};
use crate::app::App;
use crate::command::EraseWish;
use crate::store::{Tx, cases};
use crate::view::View;
use crate::why;

#[derive(Subcommand)]
pub(super) enum Command {
    /// The newest cases
    List,
    /// One case with its story
    Show {
        /// The desk's case number
        case: i64,
    },
    /// Erase everything that is kept of a case's customer; without --confirm it only says what that is
    Erase {
        #[command(flatten)]
        asked: Asked,
        /// The code that was shown with it
        #[arg(long)]
        confirm: Option<String>,
    },
    /// Keep a case's customer from being erased, for a reason of law
    Hold {
        #[command(flatten)]
        asked: Asked,
        /// The reason
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        why: String,
    },
    /// End that
    Release {
        #[command(flatten)]
        asked: Asked,
    },
}

pub(super) async fn run(command: Command) -> Result<Verdict, Failure> {
    match command {
        Command::List => list().await,
        Command::Show { case } => show(case).await,
        Command::Erase { asked, confirm: None } => erase(asked, EraseWish::Show).await,
        Command::Erase { asked, confirm } => {
            erase(asked, EraseWish::Confirm { code: confirm.map(|code| code.to_lowercase()) }).await
        }
        Command::Hold { asked, why } => erase(asked, EraseWish::Hold { why }).await,
        Command::Release { asked } => erase(asked, EraseWish::Release).await,
    }
}

async fn list() -> Result<Verdict, Failure> {
    let app = assemble().await?;
    let cases = app.store.read(|tx| Box::pin(async move { Ok(cases::newest(tx, 50).await?) })).await?;
    cases.iter().for_each(|case| println!("#{} {} {}", case.number, case.channel, case.state.name()));
    Ok(Verdict::Good)
}

async fn show(number: i64) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    let reader = app.clone();
    let story = app
        .store
        .read(move |tx| Box::pin(async move { Ok(view(tx, &reader, number).await?.map(|view| view.story())) }));
    said(number, story.await?)
}

/// What was suggested, why, what was done, who approved it.
pub(super) async fn why(number: i64) -> Result<Verdict, Failure> {
    let app = assemble().await?;
    let reader = app.clone();
    let told = app.store.read(move |tx| {
        Box::pin(async move {
            match view(tx, &reader, number).await? {
                Some(view) => why::tell(tx, &view).await.map(Some),
                None => Ok(None),
            }
        })
    });
    said(number, told.await?)
}

async fn view(tx: &mut Tx, app: &App, number: i64) -> anyhow::Result<Option<View>> {
    match cases::by_number(tx, number).await? {
        Some(case) => View::load(tx, app, &case.id).await.map(Some),
        None => Ok(None),
    }
}

fn said(number: i64, text: Option<String>) -> Result<Verdict, Failure> {
    match text {
        Some(text) => println!("{text}"),
        None => {
            eprintln!("there is no case {number}; `aijia case list` shows the newest");
            return Ok(Verdict::Bad);
        }
    }
    Ok(Verdict::Good)
}
