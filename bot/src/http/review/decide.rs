//! What is handed in on the page: a new text, or the decision to send. Each in one commit, and by the same rules as
//! on a card; a text that is not used goes back into the form.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use cards::Act;
use cards::words::Locale;
use serde::Deserialize;

use super::page::{self, Extra, Page, say};
use super::seal::Seal;
use super::trouble::{self, Trouble};
use super::visitor::{Asking, Right, Visitor};
use super::{base, token_hash};
use crate::app::App;
use crate::case::{Case, Decision, Event, Refusal, Tap};
use crate::chat::{self, Shown};
use crate::drafting::clean;
use crate::http::render::{self, Notice};
use crate::store::{Tx, cases, people};
use crate::worker::apply;

/// A form of ours, filled in.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Handed {
    #[serde(default)]
    pub(super) part1: String,
    #[serde(default)]
    pub(super) part2: String,
    #[serde(default)]
    pub(super) part3: String,
    /// The draft version that was shown.
    pub(super) version: i64,
    /// The code that was shown.
    #[serde(default)]
    pub(super) code: String,
    /// Shows that the form came from our page.
    pub(super) csrf: String,
    /// The token of the link it was opened by.
    #[serde(default)]
    pub(super) t: String,
    /// What became of a message nobody knew about: the name of a button.
    #[serde(default)]
    pub(super) how: String,
}

impl Handed {
    fn texts(&self) -> Vec<String> {
        vec![self.part1.clone(), self.part2.clone(), self.part3.clone()]
    }

    /// The messages written, cleaned; empty fields are none.
    fn parts(&self) -> Vec<String> {
        let cleaned = self.texts().into_iter().map(|text| clean(&text.replace("\r\n", "\n")));
        cleaned.filter(|part| !part.trim().is_empty()).collect()
    }
}

/// What came of it.
enum Outcome {
    /// Done: the language to say it in, and whether a colleague carries the reply over by hand.
    Done(Locale, bool),
    /// Refused in words, with everything the person wrote still there.
    Refused(Box<Page>),
}

type Submitted = Result<Form<Handed>, FormRejection>;

/// Takes a new text. It comes back as a card to be approved as shown; nothing is sent.
pub(super) async fn edit(
    State(app): State<App>,
    Path(number): Path<String>,
    headers: HeaderMap,
    form: Submitted,
) -> Response {
    let Ok(Form(handed)) = form else { return trouble::answer(&app, &Trouble::BadForm, 0, &[]).await };
    let asking = Asking::with_token(&app, &number, Some(&handed.t), &headers);
    let kept = handed.texts();
    let done = (asking.number, "edited", kept);
    let inside = app.clone();
    let outcome = trouble::in_commit(&app, move |tx| Box::pin(take_text(tx, inside, asking, handed))).await;
    answer(&app, outcome, done).await
}

/// Takes the decision to send exactly what was shown, from somebody who signed in.
pub(super) async fn send(
    State(app): State<App>,
    Path(number): Path<String>,
    headers: HeaderMap,
    form: Submitted,
) -> Response {
    decide(&app, (&number, &headers), form, "sent", |_| Some(Decision::Send)).await
}

/// Takes what somebody who signed in says about a message nobody knew about.
pub(super) async fn resolve(
    State(app): State<App>,
    Path(number): Path<String>,
    headers: HeaderMap,
    form: Submitted,
) -> Response {
    decide(&app, (&number, &headers), form, "resolved", |handed| resolution(&handed.how)).await
}

async fn decide(
    app: &App,
    (number, headers): (&str, &HeaderMap),
    form: Submitted,
    done: &str,
    decision: impl FnOnce(&Handed) -> Option<Decision>,
) -> Response {
    let decided = form.ok().and_then(|Form(handed)| Some((decision(&handed)?, handed)));
    let Some((decision, handed)) = decided else { return trouble::answer(app, &Trouble::BadForm, 0, &[]).await };
    let asking = Asking::with_token(app, number, None, headers);
    let done = (asking.number, done, Vec::new());
    let inside = app.clone();
    let outcome = trouble::in_commit(app, move |tx| Box::pin(take_decision(tx, inside, asking, handed, decision)));
    answer(app, outcome.await, done).await
}

fn resolution(how: &str) -> Option<Decision> {
    match how.parse::<Act>().ok()? {
        Act::Delivered => Some(Decision::Delivered),
        Act::SendAgain => Some(Decision::SendAgain),
        Act::Drop => Some(Decision::Drop),
        _ => None,
    }
}

async fn answer(
    app: &App,
    outcome: Result<Outcome, Trouble>,
    (number, key, kept): (i64, &str, Vec<String>),
) -> Response {
    match outcome {
        Ok(Outcome::Refused(page)) => page.response(),
        Err(trouble) => trouble::answer(app, &trouble, number, &kept).await,
        Ok(Outcome::Done(locale, by_hand)) => {
            let key = if by_hand && key == "sent" { "copied" } else { key };
            let words = crate::app::words(locale);
            let number_text = number.to_string();
            let notice = Notice {
                base: base(app),
                lang: locale.as_str(),
                title: say(words, key, &[("number", &number_text)]),
                text: say(words, &[key, "_next"].concat(), &[]),
                onward: Some(format!("{}/{number}", base(app))),
                kept: Vec::new(),
                good: true,
            };
            render::notice(StatusCode::OK, locale, &notice)
        }
    }
}

async fn take_text(tx: &mut Tx, app: App, asking: Asking, handed: Handed) -> Result<Outcome, Trouble> {
    let (author, case) = author_and_case(tx, &app, &asking, &handed).await?;
    let shown = Shown { person: author.person.clone(), version: handed.version, code: handed.code.clone() };
    let event = chat::edit_event(tx, &app, &case, shown, handed.parts()).await?;
    match apply::apply(tx, &app, &case.id, &event).await? {
        Ok(edited) => {
            use_up(tx, &app, &author).await?;
            chat::show_editor(tx, &app, &edited, &author.person).await?;
            done(tx, &app, &edited).await
        }
        Err(refusal) => refused(tx, &app, &asking, &author, (&refusal, Some(handed.texts()))).await,
    }
}

async fn take_decision(
    tx: &mut Tx,
    app: App,
    asking: Asking,
    handed: Handed,
    decision: Decision,
) -> Result<Outcome, Trouble> {
    let (author, case) = author_and_case(tx, &app, &asking, &handed).await?;
    let tap = Tap { person: author.person.clone(), version: handed.version, code: handed.code, decision };
    match apply::apply(tx, &app, &case.id, &Event::Tapped(tap)).await? {
        Ok(decided) => done(tx, &app, &decided).await,
        Err(refusal) => refused(tx, &app, &asking, &author, (&refusal, None)).await,
    }
}

/// Who hands in, by a form that came from our page, and about what. Whether they may is decided, and put on record,
/// like any other tap.
async fn author_and_case(tx: &mut Tx, app: &App, asking: &Asking, handed: &Handed) -> Result<(Visitor, Case), Trouble> {
    let author = asking.author(tx, app).await?;
    let seal = Seal::new(&app.cookie_key);
    if !seal.is_form_token(&author.binding(), asking.number, &handed.csrf) {
        return Err(Trouble::StalePage);
    }
    if !author.covers(handed.version) {
        return Err(Trouble::LinkOver);
    }
    let case = cases::by_number(tx, asking.number).await?.ok_or(Trouble::NoSuchCase)?;
    Ok((author, case))
}

/// A link takes one text. Should it have been used by another request meanwhile, nothing of this one is kept.
async fn use_up(tx: &mut Tx, app: &App, author: &Visitor) -> anyhow::Result<()> {
    let Right::Link { token, .. } = &author.right else { return Ok(()) };
    let used = people::use_link(tx, &token_hash(token), app.clock.now()).await?;
    anyhow::ensure!(used, "a link was used twice at the same time");
    Ok(())
}

async fn done(tx: &mut Tx, app: &App, case: &Case) -> Result<Outcome, Trouble> {
    let desk = app.desk(tx).await?;
    Ok(Outcome::Done(desk.desk.desk.locale.parse().unwrap_or_default(), case.asker.is_some()))
}

/// The page again with the reason on top, for who may see it.
async fn refused(
    tx: &mut Tx,
    app: &App,
    asking: &Asking,
    author: &Visitor,
    (refusal, kept): (&Refusal, Option<Vec<String>>),
) -> Result<Outcome, Trouble> {
    let view = asking.view(tx, app, author).await?;
    let alert = refusal.say(asking.number).in_words(view.words(), &view.desk.desk);
    let extra = Extra { alert: Some(alert), kept };
    Ok(Outcome::Refused(Box::new(page::build(tx, app, &view, author, &extra).await?)))
}
