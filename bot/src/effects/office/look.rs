//! Looking an order up before a reply about it is drafted. Identity first: what the customer did not name is asked for, and
//! what belongs to somebody else is not opened.

use std::collections::BTreeMap;
use std::sync::Arc;

use backoffice::{Finding, Oddity, Picture, Recipe, Stopped, Value};
use serde_json::{Value as Json, json};

use super::{NoOffice, Office, api};
use crate::app::App;
use crate::case::{LookUp, Looked, Unseen};
use crate::clock::Timestamp;
use crate::desk::BackOffice;
use crate::policy::{self, Intent, Measure, Shown};
use crate::store::back_office;
use crate::view::{View, local};

/// How many of the customer's earlier messages say what a bare order number is about.
const EARLIER: usize = 5;

/// What the back office has to say about a question.
#[derive(Debug, Clone, Default)]
pub(in crate::effects) struct Sight {
    /// For the draft; nothing where nothing had to be looked up.
    pub(in crate::effects) look_up: Option<LookUp>,
    /// What the question is about, where an order number alone does not say it.
    pub(in crate::effects) intent: Option<Intent>,
    /// What the customer is told.
    pub(in crate::effects) reply: Option<Reply>,
    /// The facts as they are compared with what the customer says.
    pub(in crate::effects) shown: Vec<Shown>,
    /// What the order is worth, in cents, where the page says it.
    pub(in crate::effects) order_cents: Option<i64>,
    /// The order's parcel, where it was seen.
    pub(in crate::effects) parcel: Option<Parcel>,
    /// What goes on record, and what becomes of the recipe.
    pub(super) run: Option<Run>,
}

/// A parcel, as the order names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::effects) struct Parcel {
    /// What the carrier is called there.
    pub(in crate::effects) carrier: String,
    /// Its number.
    pub(in crate::effects) number: String,
}

/// What the customer is told about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::effects) enum Reply {
    /// The shop's own words with the facts in them.
    Facts(String),
    /// The words with this locale key.
    Ask(&'static str),
}

/// A recipe's run, as far as it has to be kept.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) store: String,
    pub(super) recipe: String,
    pub(super) title: String,
    pub(super) at: Timestamp,
    /// The particulars, for the record.
    pub(super) payload: Json,
    pub(super) end: End,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// It went through, in so many milliseconds; the order that it found.
    Through(i64, Option<String>),
    /// The recipe has to be stopped until a person has looked; the picture of what was seen.
    Stop(Unseen, Option<String>),
}

impl Sight {
    /// Whether this very look-up met something that is not as it should be, and stopped its recipe.
    pub(in crate::effects) fn stopped_at_an_oddity(&self) -> bool {
        self.run.as_ref().is_some_and(|run| matches!(run.end, End::Stop(..)))
    }

    /// Whether something was to be looked up and could not be seen.
    pub(in crate::effects) fn was_unseen(&self) -> bool {
        self.look_up.as_ref().is_some_and(|look_up| matches!(look_up.outcome, Looked::Unseen(_)))
    }
}

/// Looks up what a draft about these texts, which say what the customer wants, needs; nothing where another program has the store's browser.
pub(in crate::effects) async fn before_drafting(
    app: &App,
    view: &View,
    texts: &[String],
    intent: Intent,
) -> anyhow::Result<Option<Sight>> {
    match looked_up(app, view, texts, intent).await {
        Err(problem) if problem.is::<Elsewhere>() => Ok(None),
        sight => sight.map(Some),
    }
}

/// Another program has the store's browser.
#[derive(Debug, thiserror::Error)]
#[error("another program has the store's browser")]
pub(super) struct Elsewhere;

async fn looked_up(app: &App, view: &View, texts: &[String], intent: Intent) -> anyhow::Result<Sight> {
    let Some(config) = view.channel().and_then(|channel| view.desk.desk.back_office(&channel.store)) else {
        return Ok(Sight::default());
    };
    // What everybody reads says nothing about anybody's order.
    if view.conversation.is_public() {
        return Ok(Sight::default());
    }
    let earlier = view.customer_texts();
    let named = policy::order_number(texts, config.order_digits);
    let Some((intent, recipe)) = wanted(config, intent, &earlier, named.is_some()) else { return Ok(Sight::default()) };
    let Some(order) = named.or_else(|| policy::order_number(&earlier, config.order_digits)) else {
        return Ok(if policy::about_own_order(texts) { Sight::asking(intent, view.now) } else { Sight::default() });
    };
    look(app, view, config, &Question { intent, recipe, order: &order }).await
}

/// What is looked up.
pub(super) struct Question<'a> {
    pub(super) intent: Intent,
    /// The recipe that looks at a page for it, where there is one.
    pub(super) recipe: Option<&'a str>,
    pub(super) order: &'a str,
}

/// The intent with its recipe. Where a text has hardly more than an order number in it, what was asked before says what
/// it is about.
fn wanted<'a>(
    config: &'a BackOffice,
    intent: Intent,
    earlier: &[String],
    named: bool,
) -> Option<(Intent, Option<&'a str>)> {
    let of = |intent: Intent| config.looks_up(intent).then(|| (intent, config.recipe_for(intent)));
    // Whoever says what they want is not answered about something else.
    let says_nothing = matches!(intent, Intent::Other | Intent::Greeting);
    let said = |text| policy::intent_of(std::slice::from_ref(text));
    let before = || earlier.iter().rev().take(EARLIER).find_map(|text| of(said(text)));
    of(intent).or_else(|| if named && says_nothing { before() } else { None })
}

/// Looks an order up in one way: by the shop's own interface where it has one, else on its page.
pub(super) async fn look(
    app: &App,
    view: &View,
    config: &BackOffice,
    question: &Question<'_>,
) -> anyhow::Result<Sight> {
    let recipe = question.recipe.unwrap_or_default().to_owned();
    let (store, order) = (config.id.clone(), question.order.to_owned());
    let conversation = view.conversation.id.clone();
    let before = app.store.read(move |tx| {
        let (store, recipe, order) = (store.clone(), recipe.clone(), order.clone());
        let conversation = conversation.clone();
        Box::pin(async move {
            let owner = back_office::owner_of_order(tx, &store, &order).await?;
            let runs = back_office::runs_of(tx, &store, &recipe).await?;
            Ok((owner.is_none_or(|owner| owner == conversation), runs.is_some_and(|runs| runs.stopped_at.is_some())))
        })
    });
    let (theirs, stopped) = before.await?;
    let now = view.now;
    if !theirs {
        return Ok(Sight::without(question, now, Looked::NotTheirs, Some(Reply::Ask("order_reply.not_theirs"))));
    }
    if app.offices.is_closed() {
        return Ok(Sight::without(question, now, Looked::Unseen(Unseen::NoBrowser), None));
    }
    if let Some(sight) = api::look(app, view, config, question, now).await? {
        return Ok(sight);
    }
    match question.recipe {
        Some(_) if stopped => Ok(Sight::without(question, now, Looked::Unseen(Unseen::Stopped), None)),
        Some(recipe) => run(app, view, config, (question, recipe), now).await,
        None => Ok(Sight::default()),
    }
}

async fn run(
    app: &App,
    view: &View,
    config: &BackOffice,
    (question, name): (&Question<'_>, &str),
    now: Timestamp,
) -> anyhow::Result<Sight> {
    let office = match app.offices.office(config).await {
        Ok(office) => office,
        Err(problem) => return Ok(unavailable(config, question, now, &problem)),
    };
    let Some(recipe) = office.recipes.get(name) else {
        let problem = NoOffice::Unusable(format!("{name} is no recipe any more"));
        return Ok(unavailable(config, question, now, &problem));
    };
    match app.offices.look_up(&office, recipe, question.order, now).await {
        Ok(finding) => {
            let shown = shown(recipe, &finding, &view.desk.desk.desk.timezone);
            Ok(Sight { shown, ..found(app, &office, recipe, question, finding).await? })
        }
        Err(Ok(stopped)) => stopped_at(app, &office, recipe, question, stopped, now).await,
        Err(Err(NoOffice::Elsewhere(_))) => Err(Elsewhere.into()),
        Err(Err(problem)) => Ok(unavailable(config, question, now, &problem)),
    }
}

/// The facts as they are compared with what the customer says. Of a table whose rows have a time, the newest row counts,
/// which is the first.
fn shown(recipe: &Recipe, finding: &Finding, timezone: &str) -> Vec<Shown> {
    let mut all = Vec::new();
    for (name, fact) in &finding.facts {
        let label = recipe.label(name).to_owned();
        let said = recipe.in_words(name, &fact.value);
        match &fact.value {
            Value::Table(rows) => {
                let dated =
                    |row: &&BTreeMap<String, Value>| row.values().any(|cell| matches!(cell, Value::Time { .. }));
                let states = rows.first().filter(dated).into_iter().flat_map(BTreeMap::values).filter_map(state);
                all.extend(states.map(|said| Shown { label: label.clone(), said, measure: Measure::State }));
            }
            value => all.extend(measure(value, timezone).map(|measure| Shown { label, said, measure })),
        }
    }
    all
}

fn state(value: &Value) -> Option<String> {
    match value {
        Value::Text(said) | Value::Choice(said) => Some(said.clone()),
        _ => None,
    }
}

fn measure(value: &Value, timezone: &str) -> Option<Measure> {
    match value {
        // A text is what somebody wrote, such as a customer's reason; only one of the page's own words is a state.
        Value::Choice(_) => Some(Measure::State),
        Value::Money { cents, .. } => Some(Measure::Cents(*cents)),
        Value::Time { unix_ms } => {
            let day = local(*unix_ms, timezone, "%m-%d");
            let (month, day) = day.split_once('-')?;
            Some(Measure::Day { month: month.parse().ok()?, day: day.parse().ok()? })
        }
        _ => None,
    }
}

fn unavailable(config: &BackOffice, question: &Question<'_>, now: Timestamp, problem: &NoOffice) -> Sight {
    tracing::warn!(store = config.id, %problem, "nothing could be looked up");
    let why = if matches!(problem, NoOffice::NotSignedIn(_)) { Unseen::SignedOut } else { Unseen::NoBrowser };
    Sight::without(question, now, Looked::Unseen(why), None)
}

async fn found(
    app: &App,
    office: &Arc<Office>,
    recipe: &Recipe,
    question: &Question<'_>,
    finding: Finding,
) -> anyhow::Result<Sight> {
    let pictures = keep_pictures(app, &finding.pictures).await?;
    let log = app.blobs.put(&serde_json::to_vec(&finding.asked)?).await?;
    let stale_at = finding.facts.values().map(|fact| fact.stale_at_ms).min().unwrap_or(finding.at_ms);
    let fact = recipe.on_card(&finding.facts);
    let payload = payload_of(recipe, question, &finding, &log)?;
    let looked = Looked::Found { fact, stale_at, pictures };
    let reply = recipe.to_customer(&finding.facts).map(Reply::Facts);
    let worth = finding.facts.values().filter_map(|fact| match fact.value {
        Value::Money { cents, .. } => Some(cents),
        _ => None,
    });
    let took = i64::try_from(finding.took_ms).unwrap_or(i64::MAX);
    let parcel = parcel_in(recipe, &finding);
    Ok(Sight {
        order_cents: worth.max(),
        run: Some(Run::of(office, recipe, finding.at_ms, payload, End::Through(took, Some(question.order.to_owned())))),
        ..Sight::without(question, finding.at_ms, looked, reply).with_parcel(parcel)
    })
}

/// The parcel among a recipe's facts: what it calls `parcel`, with its `carrier`.
fn parcel_in(recipe: &Recipe, finding: &Finding) -> Option<Parcel> {
    let said = |name: &str| finding.facts.get(name).map(|fact| recipe.in_words(name, &fact.value));
    let number = said("parcel").filter(|number| !number.trim().is_empty())?;
    Some(Parcel { carrier: said("carrier").unwrap_or_default(), number })
}

async fn stopped_at(
    app: &App,
    office: &Arc<Office>,
    recipe: &Recipe,
    question: &Question<'_>,
    stopped: Stopped,
    now: Timestamp,
) -> anyhow::Result<Sight> {
    let (looked, reply, sight, end) = match stopped {
        Stopped::NotFound(sight) => {
            let reply = Some(Reply::Ask("order_reply.not_found"));
            (Looked::NotFound, reply, sight, None)
        }
        Stopped::Abnormal(oddity, sight) => {
            let why = why(&oddity);
            tracing::warn!(store = office.config.id, recipe = recipe.id.name, ?why, "a recipe stopped");
            (Looked::Unseen(why), None, sight, Some(why))
        }
        Stopped::Trouble(trouble) => {
            return Ok(unavailable(&office.config, question, now, &NoOffice::Trouble(trouble)));
        }
    };
    let picture = keep_pictures(app, sight.picture.as_slice()).await?.pop();
    let payload = json!({
        "recipe": sight.recipe, "title": recipe.title, "account": sight.account, "order": question.order,
        "outcome": looked, "at": sight.at_ms, "line": sight.line, "url": sight.url, "picture": picture,
        "asked": sight.asked,
    });
    let end = end.map_or(End::Through(0, None), |why| End::Stop(why, picture));
    Ok(Sight {
        run: Some(Run::of(office, recipe, sight.at_ms, payload, end)),
        ..Sight::without(question, sight.at_ms, looked, reply)
    })
}

pub(super) async fn keep_pictures(app: &App, pictures: &[Picture]) -> anyhow::Result<Vec<String>> {
    let mut kept = Vec::with_capacity(pictures.len());
    for picture in pictures {
        kept.push(app.blobs.put(&picture.png).await?);
    }
    Ok(kept)
}

/// What is on record of a look-up; the pictures and the log of requests are kept by their hashes.
fn payload_of(recipe: &Recipe, question: &Question<'_>, finding: &Finding, log: &str) -> anyhow::Result<Json> {
    let said = finding
        .facts
        .iter()
        .map(|(name, fact)| (recipe.label(name).to_owned(), json!(recipe.in_words(name, &fact.value))));
    let until = finding.facts.iter().map(|(name, fact)| (recipe.label(name).to_owned(), json!(fact.stale_at_ms)));
    let stopped = finding.asked.iter().filter(|asked| asked.barred.is_some()).count();
    Ok(json!({
        "recipe": finding.recipe, "title": recipe.title, "account": finding.account, "order": question.order,
        "outcome": "found", "at": finding.at_ms, "took_ms": finding.took_ms, "pages": finding.pages,
        "facts": finding.facts, "said": said.collect::<serde_json::Map<_, _>>(),
        "until": until.collect::<serde_json::Map<_, _>>(), "pictures": finding.pictures,
        "text_sha256": finding.text_sha256, "log_sha256": log,
        "requests": { "all": finding.asked.len() + finding.asked_more, "stopped": stopped },
    }))
}

/// What an oddity means to people.
pub(super) fn why(oddity: &Oddity) -> Unseen {
    match oddity {
        Oddity::SignedOut => Unseen::SignedOut,
        Oddity::NoPermission => Unseen::NoPermission,
        Oddity::Verification => Unseen::Verification,
        Oddity::Changed { .. } | Oddity::Unusable { .. } | Oddity::Misread { .. } | Oddity::Contradiction { .. } => {
            Unseen::Changed
        }
        Oddity::Dialog { .. } => Unseen::Dialog,
        Oddity::Slow => Unseen::Slow,
        Oddity::Broken { .. } | Oddity::Elsewhere { .. } | Oddity::Tainted { .. } => Unseen::Broken,
    }
}

impl Run {
    pub(super) fn of(office: &Office, recipe: &Recipe, at: Timestamp, payload: Json, end: End) -> Self {
        let (store, name, title) = (office.config.id.clone(), recipe.id.name.clone(), recipe.title.clone());
        Self { store, recipe: name, title, at, payload, end }
    }
}

impl Sight {
    /// The same with the order's parcel.
    pub(super) fn with_parcel(mut self, parcel: Option<Parcel>) -> Self {
        if let Some(look_up) = &mut self.look_up {
            look_up.parcel = parcel.as_ref().map(|parcel| parcel.number.clone());
        }
        self.parcel = parcel;
        self
    }

    /// The customer has to name the order first.
    fn asking(intent: Intent, at: Timestamp) -> Self {
        let look_up = LookUp { order: None, at, outcome: Looked::NoOrder, parcel: None };
        let reply = Some(Reply::Ask("order_reply.ask"));
        Self { look_up: Some(look_up), intent: Some(intent), reply, ..Self::default() }
    }

    pub(super) fn without(question: &Question<'_>, at: Timestamp, outcome: Looked, reply: Option<Reply>) -> Self {
        let look_up = LookUp { order: Some(policy::masked(question.order)), at, outcome, parcel: None };
        Self { look_up: Some(look_up), intent: Some(question.intent), reply, ..Self::default() }
    }
}
