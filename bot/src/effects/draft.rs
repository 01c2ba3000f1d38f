//! Looking for an answer: search, draft, judge. Holds no transaction while it works.

use cards::Hint;
use knowledge::{Found, Query};

use crate::app::App;
use crate::case::{Author, Draft, Drafted, Event, State};
use crate::chaos;
use crate::chat;
use crate::drafting::{self, DraftError, Proposal};
use crate::knowledge_desk::scope_on;
use crate::policy::{self, Intent, Matter, Route, WrittenBy};
use crate::store::knowledge::uses;
use crate::store::queue::{self, Door, Row};
use crate::store::{cases, conversations};
use crate::view::View;
use crate::worker::apply;

/// Passages a drafter may rest on.
const PASSAGES: usize = 5;

pub(super) async fn draft(app: &App, row: Row, case: String, generation: i64) -> anyhow::Result<()> {
    let Some(matter) = look(app, &case, generation).await? else { return super::finished(app, row).await };
    chaos::point("draft.began");
    let drafted = search_and_judge(app, &matter).await?;
    chaos::point("draft.judged");
    let rewritten = matter.hint.is_some();
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
                let event = Event::Drafted { generation, drafted };
                // Refused when the customer wrote meanwhile: a newer drafting is already on its way.
                let applied = apply::apply(tx, &app, &case, &event).await?;
                if rewritten && let Ok(shown) = &applied {
                    chat::show_rewriter(tx, &app, shown).await?;
                }
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// What the customer wants answered.
struct Wanted {
    view: View,
    texts: Vec<String>,
    attachments: u32,
    hint: Option<Hint>,
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
                Ok(Some(Wanted { view: View::load(tx, &reader, &case).await?, texts, attachments, hint }))
            })
        })
        .await
}

async fn search_and_judge(app: &App, wanted: &Wanted) -> anyhow::Result<Drafted> {
    let intent = policy::intent_of(&wanted.texts);
    let reader = app.clone();
    let known = app.store.read(move |tx| Box::pin(async move { reader.known(tx).await })).await?;
    let scope = scope_on(wanted.view.channel());
    let found: Vec<Found> = drafting::questions(&wanted.texts)
        .iter()
        .map(|text| known.index.search(&Query { text, scope: &scope, now_ms: app.clock.now(), limit: PASSAGES }))
        .collect();
    let proposal = propose(app, wanted, &found, intent).await;
    let parts = proposal.as_ref().map(|proposal| proposal.parts.as_slice()).unwrap_or_default();
    let locale = &wanted.view.desk.desk.desk.locale;
    let forbidden = known.lexicon.look(parts, &scope, app.clock.now(), locale);
    let judged = judge(app, wanted, proposal.as_ref(), intent)?.with_words(forbidden, WrittenBy::Bot);
    Ok(decide(wanted, proposal, judged, intent))
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

fn judge(app: &App, wanted: &Wanted, proposal: Option<&Proposal>, intent: Intent) -> anyhow::Result<policy::Verdict> {
    let turns = wanted.view.messages.iter().filter(|m| m.author != "customer").count();
    let matter = Matter {
        customer: &wanted.texts,
        draft: proposal.map(|p| p.parts.as_slice()),
        confidence: proposal.map_or(0.0, |p| p.confidence),
        citations: proposal.map_or(0, |p| p.citations.len()),
        intent,
        turns: u32::try_from(turns).unwrap_or(u32::MAX),
        attachments: wanted.attachments,
        order_cents: None,
        public: wanted.view.conversation.is_public(),
    };
    Ok(policy::judge(&matter, &app.policy_rules(&wanted.view.desk, wanted.view.channel())))
}

fn decide(wanted: &Wanted, proposal: Option<Proposal>, verdict: policy::Verdict, intent: Intent) -> Drafted {
    let human_only = verdict.route == Route::HumanOnly;
    // Judged by the policy of when it was looked at: should another be in force by now, it is judged anew.
    let policy = wanted.view.desk.policy.as_str();
    let draft = |proposal| Box::new(draft_of(proposal, verdict, intent, policy));
    match (proposal, human_only) {
        (Some(proposal), false) => Drafted::Reply(draft(proposal)),
        (proposal, true) => Drafted::HumanOnly(draft(proposal.unwrap_or_default())),
        (None, false) if wanted.texts.is_empty() && wanted.attachments == 0 => {
            Drafted::Failed { why: "the customer's words are not readable".into() }
        }
        (None, false) => Drafted::NoAnswer(draft(Proposal::default())),
    }
}

fn draft_of(proposal: Proposal, verdict: policy::Verdict, intent: Intent, policy: &str) -> Draft {
    Draft {
        version: 0,
        parts: proposal.parts,
        digest: String::new(),
        watermark: 0,
        policy: policy.to_owned(),
        author: Author::Bot { drafter: proposal.drafter },
        citations: proposal.citations,
        verdict,
        confidence: proposal.confidence,
        intent,
        action: proposal.action,
        supersedes: None,
    }
}
