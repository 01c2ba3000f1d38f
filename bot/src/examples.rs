//! Good replies as examples of manner for the model: only with the consent of whoever answers for the channel, only there,
//! and without what is personal in them. The owner sees exactly the words that are kept. An example is shown to the model
//! and to nothing else: it is no knowledge, nothing cites it, and the claim check does not know it.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::case::{Authority, Case};
use crate::desk::{Channel, Person, Role};
use crate::drafting::{self, blanked};
use crate::evidence::{Actor, Entry, Kind};
use crate::policy::{Language, language_of};
use crate::store::examples::Example;
use crate::store::{Tx, conversations, examples, record, sends};
use crate::view::View;

/// Replies that are offered at once.
pub const OFFERED: usize = 5;
/// Replies that are looked at for those.
const LOOKED_AT: i64 = 100;

/// What a case would be as an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// The customer's words, without what is personal.
    pub question: String,
    /// The shop's words, without what is personal.
    pub answer: String,
    /// The language of the customer's words.
    pub language: Language,
}

impl Sketch {
    /// The four characters that stand for exactly these words.
    pub fn code(&self) -> String {
        cards::code_of(&Sha256::digest(format!("{}\0{}", self.question, self.answer)).into())
    }
}

/// Why a case cannot become an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// No reply that a person approved has reached the customer.
    NotAnswered,
    /// The customer wrote nothing, or took it back.
    NoWords,
    /// One side has too many words.
    TooLong,
}

impl Unfit {
    /// The locale key of what is said about it.
    pub fn key(self) -> &'static str {
        match self {
            Self::NotAnswered => "example.not_answered",
            Self::NoWords => "example.no_words",
            Self::TooLong => "example.too_long",
        }
    }
}

/// Whether a person may let replies of a channel become examples: whoever answers for it, and admins.
pub fn may_consent(person: &Person, channel: &Channel) -> bool {
    channel.owner.as_deref() == Some(person.id.as_str()) || person.is(Role::Admin)
}

/// What a case would be as an example.
///
/// # Errors
/// When the database fails.
pub async fn sketch(tx: &mut Tx, view: &View) -> anyhow::Result<Result<Sketch, Unfit>> {
    let parts = sends::newest_reply(tx, &view.case.id).await?;
    let approved = parts.first().and_then(|part| serde_json::from_str::<Authority>(&part.authority).ok());
    if !matches!(approved, Some(Authority::Person(_))) {
        return Ok(Err(Unfit::NotAnswered));
    }
    let said = conversations::words_in_case(tx, &view.case.conversation, &view.case.id).await?;
    if said.is_empty() {
        return Ok(Err(Unfit::NoWords));
    }
    let name = view.conversation.name.as_deref();
    let told: Vec<String> = parts.into_iter().map(|part| part.body).collect();
    let [question, answer] = [&said, &told].map(|texts| blanked(&texts.join("\n"), name));
    let is_long = |text: &String| text.chars().count() > drafting::LONGEST_EXAMPLE;
    if is_long(&question) || is_long(&answer) {
        return Ok(Err(Unfit::TooLong));
    }
    Ok(Ok(Sketch { question, answer, language: language_of(&said) }))
}

/// Keeps a case as an example, on record with who let it. The conversation is locked by the caller, and the words are those
/// of this moment.
///
/// # Errors
/// When the database fails.
pub async fn consent(tx: &mut Tx, app: &App, person: &Person, case: &Case, sketch: Sketch) -> anyhow::Result<()> {
    let payload = json!({
        "number": case.number, "channel": case.channel, "language": sketch.language, "code": sketch.code(),
        "question": sketch.question, "answer": sketch.answer,
    });
    let example = Example {
        case_id: case.id.clone(),
        number: case.number,
        channel: case.channel.clone(),
        language: sketch.language.as_str().to_owned(),
        question: sketch.question,
        answer: sketch.answer,
        consented_by: person.id.clone(),
        consented_at: app.clock.now(),
    };
    examples::keep(tx, &example).await?;
    note(tx, app, case, (Kind::ExampleConsented, Actor::Person(person.id.clone())), payload).await
}

/// Takes an example back; false where there is none.
///
/// # Errors
/// When the database fails.
pub async fn withdraw(tx: &mut Tx, app: &App, person: &Person, case: &Case) -> anyhow::Result<bool> {
    if !examples::take_away(tx, &case.id).await? {
        return Ok(false);
    }
    let payload = json!({ "number": case.number, "channel": case.channel });
    note(tx, app, case, (Kind::ExampleWithdrawn, Actor::Person(person.id.clone())), payload).await?;
    Ok(true)
}

/// A customer's words of a case are erased: what was made of them goes with them, in the record too.
///
/// # Errors
/// When the database fails.
pub async fn forget(tx: &mut Tx, app: &App, case: &Case) -> anyhow::Result<()> {
    let chain = record::chain_of(&case.conversation);
    record::erase_example(tx, app, &chain, case.number).await?;
    if !examples::take_away(tx, &case.id).await? {
        return Ok(());
    }
    let payload = json!({ "number": case.number, "channel": case.channel, "why": "erased" });
    note(tx, app, case, (Kind::ExampleWithdrawn, Actor::Customer), payload).await
}

async fn note(
    tx: &mut Tx,
    app: &App,
    case: &Case,
    (kind, actor): (Kind, Actor),
    payload: serde_json::Value,
) -> anyhow::Result<()> {
    let entry = Entry { kind, actor, payload };
    record::append(tx, app, &record::chain_of(&case.conversation), Some(&case.id), &entry).await
}

/// Replies of a channel that could become examples: sent as they were drafted, the newest of each piece of knowledge.
///
/// # Errors
/// When the database fails.
pub async fn offered(tx: &mut Tx, app: &App, channel: &Channel) -> anyhow::Result<Vec<(i64, Sketch)>> {
    let mut seen: Vec<Option<String>> = Vec::new();
    let mut offered = Vec::new();
    for candidate in examples::candidates(tx, &channel.id, LOOKED_AT).await? {
        if offered.len() == OFFERED || seen.contains(&candidate.basis) {
            continue;
        }
        let view = View::load(tx, app, &candidate.case_id).await?;
        if let Ok(sketch) = sketch(tx, &view).await? {
            seen.push(candidate.basis);
            offered.push((candidate.number, sketch));
        }
    }
    Ok(offered)
}
