//! Writing what is proposed: from what the back office showed, by the model, or in the knowledge's own words; and as the
//! reviewer who asked for another draft wants it.

use std::time::Instant;

use cards::Hint;
use cards::words::Locale;
use knowledge::Found;

use super::{Wanted, budget};
use crate::app::App;
use crate::case::NoModel;
use crate::drafting::{self, Answered, DraftError, Example, Flaw, Model, Proposal, Question, Usage, Wish};
use crate::effects::office::{Parcel, Reply, Sight};
use crate::metrics::Asked;
use crate::policy::{self, Intent, Language};
use crate::store;

/// Passages that a model is given.
const MOST_PASSAGES: usize = 10;
/// Messages of the shop's rules behind what was looked up.
const MOST_RULES: usize = 2;

/// The reply that is proposed; none when nobody knows one.
pub(super) async fn propose(
    app: &App,
    wanted: &Wanted,
    mut found: Vec<Found>,
    sight: &Sight,
    intent: Intent,
) -> anyhow::Result<(Option<Proposal>, Vec<Found>)> {
    if let (Some(entry), Some(hint)) = (wanted.rested_on(), wanted.hint)
        && drafting::wants_another_passage(hint)
    {
        found.iter_mut().for_each(|found| drafting::go_on_from(found, entry));
    }
    let proposal = match told(wanted, sight, intent) {
        Some(told) => Some(with_rules(told, wanted, &found, sight, intent)),
        None => written(app, wanted, &found, intent).await?,
    };
    Ok((proposal.map(|proposal| with_number(proposal, wanted, sight)), found))
}

/// What the back office lets us say, in the shop's own words.
fn told(wanted: &Wanted, sight: &Sight, intent: Intent) -> Option<Proposal> {
    let words = wanted.view.words();
    let text = match sight.reply.as_ref()? {
        Reply::Facts(text) => text.clone(),
        Reply::Ask(key) => words.text(key, &[]),
    };
    let text = drafting::retold(&text, wanted.hint, intent, words);
    Some(Proposal {
        parts: drafting::in_parts(&[text])?,
        confidence: 1.0,
        drafter: "look_up".into(),
        ..Proposal::default()
    })
}

/// The facts, and behind them what the shop's knowledge says, where the question is about more than where an order is, or
/// a reviewer wants another rule. Whoever wants it shorter gets the facts.
fn with_rules(mut told: Proposal, wanted: &Wanted, found: &[Found], sight: &Sight, intent: Intent) -> Proposal {
    let another = wanted.hint.filter(|hint| drafting::wants_another_passage(*hint));
    let wished = sight.intent != Some(Intent::OrderStatus) || another.is_some();
    let facts = matches!(sight.reply, Some(Reply::Facts(_)));
    if !facts || !wished || wanted.hint == Some(Hint::Shorter) {
        return told;
    }
    // Another rule than none is the first.
    let another = another.filter(|_| wanted.rested_on().is_some());
    let found = &found[..found.len().min(MOST_RULES)];
    if let Some(rules) = drafting::extractive_each(found, intent, another, wanted.view.words()) {
        told.parts.extend(rules.parts.into_iter().take(MOST_RULES));
        told.citations = rules.citations;
        told.confidence = rules.confidence;
    }
    told
}

/// The model's reply when it is usable, else the built-in drafter's; none when the knowledge has no answer.
async fn written(app: &App, wanted: &Wanted, found: &[Found], intent: Intent) -> anyhow::Result<Option<Proposal>> {
    let passages = together(found);
    let no_model = match &app.model {
        Some(model) if passages.confidence >= drafting::LEAST_CONFIDENCE => {
            match asked(app, model, wanted, &passages).await? {
                Ok(proposal) => return Ok(Some(as_wished(as_sure(proposal, found), wanted, intent))),
                Err(why) => Some(why),
            }
        }
        _ => None,
    };
    let built_in = drafting::extractive_each(found, intent, wanted.hint, wanted.view.words());
    Ok(built_in.map(|proposal| Proposal { no_model, ..proposal }))
}

/// The model's reply within the day's budgets; why there is none.
async fn asked(
    app: &App,
    model: &Model,
    wanted: &Wanted,
    passages: &Found,
) -> anyhow::Result<Result<Proposal, NoModel>> {
    let before = wanted.words_before();
    let examples = examples(app, wanted).await?;
    let question = Question::new(&wanted.texts, passages, &examples, wanted.hint.map(|hint| Wish { hint, before }));
    let question = match translated_into(wanted) {
        Some(language) => question.translated_into(language),
        None => question,
    };
    let aside = match budget::set_aside(app, &wanted.view, question.expected()).await? {
        Ok(aside) => aside,
        Err(spent) => {
            app.metrics.model_asked(Asked::OverBudget, Usage::default());
            return Ok(Err(spent));
        }
    };
    let began = Instant::now();
    let Answered { proposal, usage } = model.draft(&question).await;
    budget::settle(app, &wanted.view, aside, usage, began.elapsed()).await?;
    app.metrics.model_asked(Asked::of(proposal.as_ref().err()), usage);
    let shown = examples.iter().map(|example| example.number).collect();
    let proposal = proposal.map(|proposal| Proposal { examples: shown, ..proposal });
    Ok(proposal.map_err(|error| {
        tracing::warn!(case = wanted.view.case.number, %error, "the model gave no usable draft");
        match error {
            DraftError::Unavailable(_) => NoModel::Unavailable,
            DraftError::Unusable(Flaw::AsksToAct) => NoModel::AskedToAct,
            DraftError::Unusable(_) => NoModel::Unusable,
        }
    }))
}

/// The reviewers' language, where the customer's is another one.
fn translated_into(wanted: &Wanted) -> Option<&'static str> {
    let (read, name) = match wanted.view.desk.desk.desk.locale.parse().unwrap_or_default() {
        Locale::ZhCn => (Language::Chinese, "Simplified Chinese"),
        Locale::En => (Language::English, "English"),
    };
    let written = policy::language_of(&wanted.texts);
    (written != read && written != Language::Unknown).then_some(name)
}

/// Replies of the same channel in the customer's language that its owner lets the model learn its manner from, those about
/// nearly the same.
async fn examples(app: &App, wanted: &Wanted) -> anyhow::Result<Vec<Example>> {
    let (channel, language) = (wanted.view.case.channel.clone(), policy::language_of(&wanted.texts));
    let known = app
        .store
        .read(move |tx| Box::pin(async move { Ok(store::examples::on(tx, &channel, language.as_str()).await?) }));
    let known = known.await?.into_iter();
    let known = known.map(|kept| Example { number: kept.number, question: kept.question, answer: kept.answer });
    Ok(drafting::nearest_examples(&wanted.texts.join("\n"), known.collect()))
}

/// The same, no surer than it is of the question it answers worst.
fn as_sure(proposal: Proposal, found: &[Found]) -> Proposal {
    match found {
        [_] => proposal,
        several => Proposal { confidence: drafting::confidence_of(&proposal.citations, several), ..proposal },
    }
}

/// Who asked for softer words gets them, also from a model that repeats itself.
fn as_wished(proposal: Proposal, wanted: &Wanted, intent: Intent) -> Proposal {
    if wanted.hint == Some(Hint::Softer) && proposal.parts == wanted.words_before() {
        drafting::soften(proposal, intent, wanted.view.words())
    } else {
        proposal
    }
}

/// The same with the parcel's number behind it, as the evidence has it, where a reviewer misses it.
fn with_number(proposal: Proposal, wanted: &Wanted, sight: &Sight) -> Proposal {
    let Some(Parcel { carrier, number }) = sight.parcel.as_ref().filter(|_| wanted.hint == Some(Hint::AddNumber))
    else {
        return proposal;
    };
    if proposal.parts.iter().any(|part| part.contains(number.as_str())) {
        return proposal;
    }
    let key = if carrier.is_empty() { "order_reply.number_alone" } else { "order_reply.number" };
    let sentence = wanted.view.words().text(key, &[("carrier", carrier), ("number", number)]);
    drafting::with_sentence(proposal, &sentence)
}

/// What was found for all questions, as one set of passages, the best for each of them first; as sure as the surest.
fn together(found: &[Found]) -> Found {
    let mut all = Found { hits: Vec::new(), confidence: 0.0 };
    let most = found.iter().map(|found| found.hits.len()).max().unwrap_or_default();
    for hit in (0..most).flat_map(|place| found.iter().filter_map(move |found| found.hits.get(place))) {
        if all.hits.iter().all(|known| known.entry != hit.entry) {
            all.hits.push(hit.clone());
        }
    }
    all.hits.truncate(MOST_PASSAGES);
    all.confidence = found.iter().map(|found| found.confidence).fold(0.0, f64::max);
    all
}
