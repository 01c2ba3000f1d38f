//! Looking for an answer: search, draft, judge. Holds no transaction while it works.

use cards::Hint;
use knowledge::{Found, Query};

use crate::app::App;
use crate::automation;
use crate::case::{Author, Draft, Drafted, Event, State};
use crate::chaos;
use crate::chat;
use crate::confidence::{self, Retrieval, Signals};
use crate::drafting::{self, DraftError, Proposal};
use crate::effects::office::{self, Reply, Sight};
use crate::knowledge_desk::{asked_on, scope_on};
use crate::policy::{self, Circumstances, Grounds, Identity, Intent, Matter, Route, Verdict, WrittenBy};
use crate::store::knowledge::uses;
use crate::store::queue::{self, Door, Row};
use crate::store::{cases, conversations, outcomes, pauses};
use crate::view::View;
use crate::worker::apply;

/// Passages a drafter may rest on.
const PASSAGES: usize = 5;
/// Messages of the shop's rules behind what was looked up.
const MOST_RULES: usize = 2;

pub(super) async fn draft(app: &App, row: Row, case: String, generation: i64) -> anyhow::Result<()> {
    let Some(matter) = look(app, &case, generation).await? else { return super::finished(app, row).await };
    chaos::point("draft.began");
    let Some(Answer { drafted, signals, sight }) = answer(app, &matter).await? else {
        return super::left_to_another(app, row).await;
    };
    chaos::point("draft.judged");
    let wished = matter.hint.is_some() || sight.look_up.is_some();
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                chaos::point("draft.in_unit");
                if !uses::all_in_use(tx, drafted.citations()).await? {
                    // Switched off while it was being written with: it is written anew.
                    return Ok(queue::not_now(tx, &row, app.clock.now()).await?);
                }
                apply::lock(tx, &app, &case).await?;
                // What was seen is on record before anybody is shown it.
                office::keep(tx, &app, &matter.view.case, &sight).await?;
                let shown = match &drafted {
                    Drafted::Reply(draft) => Some(draft.clone()),
                    _ => None,
                };
                let event = Event::Drafted { generation, drafted };
                // Refused when the customer wrote meanwhile: a newer drafting is already on its way.
                let applied = apply::apply(tx, &app, &case, &event).await?;
                if let (Some(draft), Ok(case)) = (&shown, &applied)
                    && case.generation == generation
                {
                    outcomes::drafted(tx, case, draft, &signals, app.clock.now()).await?;
                }
                if wished && let Ok(shown) = &applied {
                    chat::show_rewriter(tx, &app, shown).await?;
                }
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// What the customer wants answered.
pub(crate) struct Wanted {
    /// The case, as it is looked at in this moment.
    pub(crate) view: View,
    /// The customer's texts since the last answer, newest last.
    pub(crate) texts: Vec<String>,
    /// What else came since, which nobody has read.
    pub(crate) attachments: u32,
    /// What a reviewer asked the new draft to do better.
    pub(crate) hint: Option<Hint>,
    /// Whether a pause covers the conversation.
    pub(crate) paused: bool,
    /// What may leave by itself on the channel.
    pub(crate) open: Vec<Intent>,
}

/// What came of looking for an answer.
pub(crate) struct Answer {
    /// The draft with its verdict, or why there is none.
    pub(crate) drafted: Drafted,
    /// What is known about it, as JSON.
    signals: String,
    /// What the back office showed.
    sight: Sight,
}

/// Looks for an answer: what the back office says, search, draft, verdict. Writes nothing and tells nobody; nothing where
/// another program has the store's browser.
///
/// # Errors
/// When the database fails.
pub(crate) async fn answer(app: &App, wanted: &Wanted) -> anyhow::Result<Option<Answer>> {
    let intent = understood(app, wanted).await?;
    let Some(sight) = office::before_drafting(app, &wanted.view, &wanted.texts, intent).await? else {
        return Ok(None);
    };
    let (drafted, signals) = search_and_judge(app, wanted, &sight, sight.intent.unwrap_or(intent)).await?;
    Ok(Some(Answer { drafted, signals, sight }))
}

async fn look(app: &App, case: &str, generation: i64) -> anyhow::Result<Option<Wanted>> {
    let (reader, case) = (app.clone(), case.to_owned());
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let Some(current) = cases::load(tx, &case).await? else { return Ok(None) };
                let State::Drafting(drafting) = &current.state else { return Ok(None) };
                if current.generation != generation {
                    return Ok(None);
                }
                let hint = drafting.hint;
                let open = conversations::unanswered(tx, &current.conversation).await?;
                let texts: Vec<String> = open.iter().filter(|m| m.kind == "text").map(|m| m.body.clone()).collect();
                let attachments = u32::try_from(open.len() - texts.len()).unwrap_or(u32::MAX);
                let view = View::load(tx, &reader, &case).await?;
                let paused = pauses::covering(tx, &current.channel, &current.conversation).await?.is_some();
                let open = match view.channel() {
                    Some(channel) => automation::open_now(tx, channel, reader.clock.now()).await?,
                    None => Vec::new(),
                };
                Ok(Some(Wanted { view, texts, attachments, hint, paused, open }))
            })
        })
        .await
}

/// What the customer wants.
async fn understood(app: &App, wanted: &Wanted) -> anyhow::Result<Intent> {
    let understanding = app.understanding(&wanted.view.desk).await?;
    let mut meant = Vec::new();
    for text in wanted.texts.iter().filter(|_| understanding.asks_for_meaning()) {
        meant.push(app.meaning_of(text).await);
    }
    Ok(understanding.intent_of(&wanted.texts, &meant))
}

/// What comes of looking for an answer, and what is known about it, as JSON.
async fn search_and_judge(
    app: &App,
    wanted: &Wanted,
    sight: &Sight,
    intent: Intent,
) -> anyhow::Result<(Drafted, String)> {
    let reader = app.clone();
    let known = app.store.read(move |tx| Box::pin(async move { reader.known(tx).await })).await?;
    let channel = wanted.view.channel();
    let mut found: Vec<Found> = Vec::new();
    for text in &drafting::questions(&wanted.texts) {
        let meaning = app.meaning_of(text).await;
        let (meaning, now_ms, scope) = (meaning.as_deref(), wanted.view.now, asked_on(channel, text, &known.index));
        found.push(known.index.search(&Query { text, meaning, scope: &scope, now_ms, limit: PASSAGES }));
    }
    let proposal = match told(wanted, sight) {
        Some(told) => {
            Some(with_rules(told, drafting::extractive_each(&found, intent, None, wanted.view.words()), sight))
        }
        None => propose(app, wanted, &found, intent).await,
    };
    let grounds = proposal.as_ref().map(|proposal| drafting::grounds(proposal, &found, &facts(sight)));
    let grounds = grounds.unwrap_or_default();
    let chances = app.chances().await?;
    let signals = Signals::of(weakest(&wanted.texts, &found), &grounds, chances.history(intent));
    let chance = chances.chance(&signals);
    let contradictions = policy::contradictions(&wanted.texts, &sight.shown);
    let opener = wanted.view.words().text("opener.plain", &[]);
    let circumstances = Circumstances {
        paused: wanted.paused,
        abnormal: false,
        unsettled: wanted.view.may_be_answered() || sight.was_unseen(),
        identity: identity(sight),
        grounds: Some(&grounds),
        published: proposal.as_ref().is_some_and(|proposal| drafting::is_published(proposal, &found, &opener)),
        chance,
        contradictions: &contradictions,
        open: wanted.open.contains(&intent),
    };
    let parts = proposal.as_ref().map(|proposal| proposal.parts.as_slice()).unwrap_or_default();
    let forbidden = known.lexicon.look(parts, &scope_on(channel), wanted.view.now, &wanted.view.desk.desk.desk.locale);
    let verdict = judge(app, wanted, proposal.as_ref(), circumstances, intent, sight);
    let verdict = verdict.with_words(forbidden, WrittenBy::Bot);
    let drafted = decide(wanted, proposal, Judged { verdict, grounds, chance, intent }, sight);
    Ok((drafted, serde_json::to_string(&signals)?))
}

/// What the back office showed, as a draft may say it.
fn facts(sight: &Sight) -> Vec<&str> {
    match &sight.reply {
        Some(Reply::Facts(facts)) => vec![facts],
        Some(Reply::Ask(_)) | None => Vec::new(),
    }
}

/// An order's number in a customer's words does not prove that the order is theirs.
fn identity(sight: &Sight) -> Identity {
    if sight.look_up.is_some() { Identity::Uncertain } else { Identity::Unneeded }
}

/// How well the question with the worst answer is answered.
fn weakest(texts: &[String], found: &[Found]) -> Retrieval {
    let questions = drafting::questions(texts);
    let each = questions.iter().zip(found).map(|(question, found)| confidence::retrieval(question, found));
    each.min_by(|a, b| a.confidence.total_cmp(&b.confidence)).unwrap_or_default()
}

/// What the back office lets us say, in the shop's own words.
fn told(wanted: &Wanted, sight: &Sight) -> Option<Proposal> {
    let text = match sight.reply.as_ref()? {
        Reply::Facts(text) => text.clone(),
        Reply::Ask(key) => wanted.view.words().text(key, &[]),
    };
    Some(Proposal {
        parts: drafting::in_parts(&[text])?,
        confidence: 1.0,
        drafter: "look_up".into(),
        ..Proposal::default()
    })
}

/// The facts, and behind them what the shop's knowledge says, where the question is about more than where an order is.
fn with_rules(mut told: Proposal, rules: Option<Proposal>, sight: &Sight) -> Proposal {
    let facts = matches!(sight.reply, Some(Reply::Facts(_)));
    if let Some(rules) = rules.filter(|_| facts && sight.intent != Some(Intent::OrderStatus)) {
        told.parts.extend(rules.parts.into_iter().take(MOST_RULES));
        told.citations = rules.citations;
        told.confidence = rules.confidence;
    }
    told
}

/// The model's reply when it is usable, else the built-in drafter's; none when the knowledge has no answer.
async fn propose(app: &App, wanted: &Wanted, found: &[Found], intent: Intent) -> Option<Proposal> {
    let words = wanted.view.words();
    let passages = together(found);
    if let (Some(model), true) = (&app.model, passages.confidence >= drafting::LEAST_CONFIDENCE) {
        match model.draft(&wanted.texts, &passages, wanted.hint).await {
            Ok(proposal) => return Some(proposal),
            Err(error @ (DraftError::Unavailable(_) | DraftError::Unusable(_))) => {
                tracing::warn!(case = wanted.view.case.number, %error, "the model gave no usable draft");
            }
        }
    }
    drafting::extractive_each(found, intent, wanted.hint, words)
}

/// What was found for all questions, as one set of passages; as sure as the surest.
fn together(found: &[Found]) -> Found {
    let mut all = Found { hits: Vec::new(), confidence: 0.0 };
    for found in found {
        let known: Vec<&str> = all.hits.iter().map(|hit| hit.entry.as_str()).collect();
        let fresh: Vec<_> = found.hits.iter().filter(|hit| !known.contains(&hit.entry.as_str())).cloned().collect();
        all.hits.extend(fresh);
        all.confidence = all.confidence.max(found.confidence);
    }
    all
}

fn judge(
    app: &App,
    wanted: &Wanted,
    proposal: Option<&Proposal>,
    circumstances: Circumstances<'_>,
    intent: Intent,
    sight: &Sight,
) -> Verdict {
    let turns = wanted.view.messages.iter().filter(|m| m.author != "customer").count();
    let matter = Matter {
        customer: &wanted.texts,
        draft: proposal.map(|p| p.parts.as_slice()),
        confidence: proposal.map_or(0.0, |p| p.confidence),
        // What was looked up is a basis like an entry of the knowledge.
        citations: proposal.map_or(0, |p| p.citations.len() + usize::from(sight.reply.is_some())),
        intent,
        turns: u32::try_from(turns).unwrap_or(u32::MAX),
        attachments: wanted.attachments,
        order_cents: sight.order_cents,
        public: wanted.view.conversation.is_public(),
        circumstances,
    };
    policy::judge(&matter, &app.policy_rules(&wanted.view.desk, wanted.view.channel()))
}

/// What was found about a proposal.
struct Judged {
    verdict: Verdict,
    grounds: Grounds,
    chance: Option<f64>,
    intent: Intent,
}

fn decide(wanted: &Wanted, proposal: Option<Proposal>, judged: Judged, sight: &Sight) -> Drafted {
    let human_only = judged.verdict.route == Route::HumanOnly;
    // Judged by the policy of when it was looked at: should another be in force by now, it is judged anew.
    let policy = wanted.view.desk.policy.as_str();
    let draft = |proposal| {
        let draft = draft_of(proposal, judged, policy);
        Box::new(Draft { look_up: sight.look_up.clone(), ..draft })
    };
    match (proposal, human_only) {
        (Some(proposal), false) => Drafted::Reply(draft(proposal)),
        (proposal, true) => Drafted::HumanOnly(draft(proposal.unwrap_or_default())),
        (None, false) if wanted.texts.is_empty() && wanted.attachments == 0 => {
            Drafted::Failed { why: "the customer's words are not readable".into() }
        }
        (None, false) => Drafted::NoAnswer(draft(Proposal::default())),
    }
}

fn draft_of(proposal: Proposal, judged: Judged, policy: &str) -> Draft {
    Draft {
        version: 0,
        parts: proposal.parts,
        digest: String::new(),
        watermark: 0,
        policy: policy.to_owned(),
        author: Author::Bot { drafter: proposal.drafter },
        citations: proposal.citations,
        verdict: judged.verdict,
        confidence: proposal.confidence,
        grounds: judged.grounds,
        chance: judged.chance,
        intent: judged.intent,
        action: proposal.action,
        look_up: None,
        supersedes: None,
    }
}
