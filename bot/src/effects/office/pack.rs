//! What a person needs to decide about a refund, collected at once and only by looking: the order, its after-sales request
//! and its parcel beside what the customer says, where the two contradict each other, and the published rules that apply.
//! One entry of the record holds it all, with what is missing. It decides nothing, and changes no draft.

use std::collections::BTreeSet;

use cards::words::Words;
use knowledge::{Hit, Kind as EntryKind, Query};
use serde_json::{Value as Json, json};

use super::keep;
use super::look::{Elsewhere, End, Question, Sight, look};
use crate::app::App;
use crate::case::{LookUp, Looked, Unseen};
use crate::desk::BackOffice;
use crate::effects::{finished, left_to_another};
use crate::evidence::{Actor, Entry, Kind};
use crate::http;
use crate::knowledge_desk::asked_on;
use crate::policy::{self, Contradiction, Intent};
use crate::store::conversations::Message;
use crate::store::queue::{Door, Row};
use crate::store::{Tx, record};
use crate::surface::Address;
use crate::view::View;
use crate::worker::{Job, apply};

/// What is looked up, in the order in which it is shown: the order, its after-sales request, its parcel.
const ASKED: [Intent; 3] = [Intent::Returns, Intent::Refund, Intent::OrderStatus];
/// Kinds of knowledge that say what holds for a refund.
const RULES: [EntryKind; 2] = [EntryKind::Returns, EntryKind::Warranty];
/// Rules that are shown at most.
const MOST_RULES: usize = 5;
/// Hits among which rules are looked for.
const HITS: usize = 20;
/// The customer's messages that are part of it: the newest.
const MOST_SAID: usize = 20;

/// Somebody wants what decides a refund of a case.
#[derive(Debug, Clone)]
pub(in crate::effects) struct PackWish {
    /// The case's id.
    pub(in crate::effects) case: String,
    /// Who, by id.
    pub(in crate::effects) person: String,
    /// Where they are told.
    pub(in crate::effects) to: Address,
}

/// What was collected.
#[derive(Clone)]
struct Pack {
    order: String,
    /// What was looked up, and what came of it.
    parts: Vec<(Intent, Sight)>,
    contradictions: Vec<Contradiction>,
    rules: Vec<Hit>,
}

/// Collects what a person needs to decide about a refund, puts it on record, and tells them.
pub(in crate::effects) async fn collect_pack(app: &App, row: Row, wish: PackWish) -> anyhow::Result<()> {
    let (reader, case) = (app.clone(), wish.case.clone());
    let view = app.store.read(move |tx| {
        let (reader, case) = (reader.clone(), case.clone());
        Box::pin(async move { View::load(tx, &reader, &case).await })
    });
    let view = view.await?;
    // Who lost the right meanwhile is told nothing; an order that was taken back meanwhile is not looked at.
    let order = order_of(&view).filter(|_| view.may_see(&wish.person));
    let Some((config, order)) = order else { return finished(app, row).await };
    let parts = match look_all(app, &view, config, &order).await {
        Err(problem) if problem.is::<Elsewhere>() => return left_to_another(app, row).await,
        parts => parts?,
    };
    let texts = said(&view).into_iter().map(|message| message.body.clone()).collect::<Vec<_>>();
    let shown: Vec<_> = parts.iter().flat_map(|(_, sight)| sight.shown.clone()).collect();
    let contradictions = policy::contradictions(&texts, &shown);
    let rules = rules(app, &view, &texts).await?;
    keep_pack(app, row, wish, view, Pack { order, parts, contradictions, rules }).await
}

/// The store's back office, and the order the customer named.
fn order_of(view: &View) -> Option<(&BackOffice, String)> {
    let config = view.desk.desk.back_office(&view.channel()?.store)?;
    Some((config, policy::order_number(&view.customer_texts(), config.order_digits)?))
}

/// Looks up everything there is to look up, one after the other. Where the account itself is refused, the rest is left
/// alone.
async fn look_all(app: &App, view: &View, config: &BackOffice, order: &str) -> anyhow::Result<Vec<(Intent, Sight)>> {
    let (mut parts, mut ran, mut refused) = (Vec::new(), BTreeSet::new(), None);
    for intent in ASKED.into_iter().filter(|intent| config.looks_up(*intent)) {
        let question = Question { intent, recipe: config.recipe_for(intent), order };
        if question.recipe.is_some_and(|recipe| !ran.insert(recipe)) {
            continue;
        }
        let sight = match refused {
            Some(why) => Sight::without(&question, view.now, Looked::Unseen(why), None),
            None => look(app, view, config, &question).await?,
        };
        refused = refused.or_else(|| account_refused(&sight));
        parts.push((intent, sight));
    }
    Ok(parts)
}

/// Why nothing of the account can be looked at, where this look-up showed it.
fn account_refused(sight: &Sight) -> Option<Unseen> {
    match &sight.run.as_ref()?.end {
        End::Stop(why @ (Unseen::SignedOut | Unseen::NoPermission | Unseen::Verification), _) => Some(*why),
        _ => None,
    }
}

/// The published rules that apply to what the customer asks, the closest first.
async fn rules(app: &App, view: &View, texts: &[String]) -> anyhow::Result<Vec<Hit>> {
    let reader = app.clone();
    let known = app.store.read(move |tx| Box::pin(async move { reader.known(tx).await })).await?;
    let mut questions = texts.to_vec();
    questions.push(view.words().text(Intent::Refund.key(), &[]));
    let mut found: Vec<Hit> = Vec::new();
    for text in &questions {
        let meaning = app.meaning_of(text).await;
        let (meaning, scope) = (meaning.as_deref(), asked_on(view.channel(), text, &known.index));
        let query = Query { text, meaning, scope: &scope, now_ms: view.now, limit: HITS };
        for hit in known.index.search(&query).hits.into_iter().filter(|hit| RULES.contains(&hit.kind)) {
            if !found.iter().any(|known| known.entry == hit.entry) {
                found.push(hit);
            }
        }
    }
    found.truncate(MOST_RULES);
    Ok(found)
}

/// The customer's newest messages of the case, oldest first.
fn said(view: &View) -> Vec<&Message> {
    let theirs =
        |m: &&Message| m.author == "customer" && !m.recalled && m.case_id.as_deref() == Some(view.case.id.as_str());
    let all: Vec<_> = view.messages.iter().filter(theirs).collect();
    all.iter().skip(all.len().saturating_sub(MOST_SAID)).copied().collect()
}

async fn keep_pack(app: &App, row: Row, wish: PackWish, view: View, pack: Pack) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                apply::lock(tx, &app, &view.case.id).await?;
                let entry = Entry {
                    kind: Kind::RefundPackCollected,
                    actor: Actor::Person(wish.person.clone()),
                    payload: pack.payload(&view),
                };
                let chain = record::chain_of(&view.case.conversation);
                record::append(tx, &app, &chain, Some(&view.case.id), &entry).await?;
                for run in pack.parts.iter().filter_map(|(_, sight)| sight.run.as_ref()) {
                    keep::fared(tx, &app, &view.case, run).await?;
                }
                tell(tx, &app, &wish, &view, &pack).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// Whoever wished for it gets the pictures, and what there is in words, with the page that has it all.
async fn tell(tx: &mut Tx, app: &App, wish: &PackWish, view: &View, pack: &Pack) -> anyhow::Result<()> {
    let (to, now) = (wish.to.clone(), app.clock.now());
    for picture in pack.pictures() {
        Job::Show { to: to.clone(), picture: picture.to_owned() }.enqueue(tx, app, now).await?;
    }
    let link = http::give_link(tx, app, &wish.person, &view.case).await?;
    let mut lines = pack.lines(view);
    lines.extend(link.map(|link| view.words().text("pack.page", &[("link", &link)])));
    Job::Text { to, text: lines.join("\n") }.enqueue(tx, app, now).await
}

impl Pack {
    fn look_ups(&self) -> impl Iterator<Item = (Intent, &LookUp)> {
        self.parts.iter().filter_map(|(intent, sight)| Some((*intent, sight.look_up.as_ref()?)))
    }

    /// The first picture of each look-up that found something.
    fn pictures(&self) -> impl Iterator<Item = &str> {
        self.look_ups().filter_map(|(_, look_up)| match &look_up.outcome {
            Looked::Found { pictures, .. } => pictures.first().map(String::as_str),
            _ => None,
        })
    }

    /// What is not there, and why not: nothing where it is not configured at all.
    fn missing(&self) -> Vec<(Intent, Option<&LookUp>)> {
        let looked = |wanted: Intent| self.look_ups().find(|(intent, _)| *intent == wanted).map(|(_, look_up)| look_up);
        let all = ASKED.into_iter().map(|intent| (intent, looked(intent)));
        all.filter(|(_, look_up)| !look_up.is_some_and(|look| matches!(look.outcome, Looked::Found { .. }))).collect()
    }

    /// What is on record.
    fn payload(&self, view: &View) -> Json {
        let part = |(intent, sight): &(Intent, Sight)| {
            let found = matches!(sight.look_up.as_ref()?.outcome, Looked::Found { .. });
            let mut part = sight.run.as_ref().filter(|_| found)?.payload.clone();
            part["intent"] = json!(intent);
            Some(part)
        };
        let missing = self.missing().into_iter().map(|(intent, look_up)| {
            let at = look_up.map_or(view.now, |look_up| look_up.at);
            json!({ "intent": intent, "at": at, "outcome": look_up.map(|look_up| &look_up.outcome) })
        });
        let claim = said(view).into_iter().map(|message| {
            json!({ "seq": message.seq, "at": message.at, "kind": message.kind, "text": message.body,
                "media_sha256": message.media_sha256 })
        });
        let rule = |hit: &Hit| {
            json!({ "entry": hit.entry, "version": hit.version, "kind": hit.kind, "title": hit.title,
                "answer": hit.text, "owner": hit.owner, "verify_by": hit.verify_by, "valid_until": hit.valid_until })
        };
        json!({
            "order": self.order, "at": view.now, "intent": view.intent_now(), "claim": claim.collect::<Vec<_>>(),
            "parts": self.parts.iter().filter_map(part).collect::<Vec<_>>(), "missing": missing.collect::<Vec<_>>(),
            "contradictions": self.contradictions, "rules": self.rules.iter().map(rule).collect::<Vec<_>>(),
        })
    }

    /// What whoever wished for it is told.
    fn lines(&self, view: &View) -> Vec<String> {
        let (words, number) = (view.words(), view.case.number.to_string());
        let order = policy::masked(&self.order);
        let mut lines = vec![words.text("pack.head", &[("number", &number), ("order", &order)])];
        let claim = view.customer_texts().pop().unwrap_or_default();
        lines.push(words.text("pack.claim", &[("text", &cards::one_line(&claim))]));
        lines.extend(self.look_ups().map(|(intent, look_up)| part_of_pack(view, intent, Some(look_up))));
        lines.extend(
            self.contradictions
                .iter()
                .map(|one| words.text("pack.contradiction", &[("customer", &one.customer), ("shown", &one.shown)])),
        );
        lines.push(self.rules_line(words));
        lines.extend(self.missing_line(words));
        lines
    }

    fn rules_line(&self, words: &Words) -> String {
        let named: Vec<String> = self.rules.iter().map(|hit| format!("《{}》v{}", hit.title, hit.version)).collect();
        if named.is_empty() {
            return words.text("pack.no_rules", &[]);
        }
        words.text("pack.rules", &[("entries", &named.join("、"))])
    }

    fn missing_line(&self, words: &Words) -> Option<String> {
        let missing = self.missing();
        let named: Vec<String> = missing.iter().map(|(intent, _)| words.text(part_key(*intent), &[])).collect();
        let count = named.len().to_string();
        (!named.is_empty()).then(|| words.text("pack.missing", &[("count", &count), ("what", &named.join("、"))]))
    }
}

/// What a part of a pack is called.
fn part_key(intent: Intent) -> &'static str {
    match intent {
        Intent::Refund => "pack.after_sale",
        Intent::OrderStatus => "pack.parcel",
        _ => "pack.order",
    }
}

/// A part of a pack in a line: what was looked up, or why it is not there.
pub(crate) fn part_of_pack(view: &View, intent: Intent, look_up: Option<&LookUp>) -> String {
    let words = view.words();
    let said = match look_up {
        None => words.text("pack.not_configured", &[]),
        Some(LookUp { outcome: Looked::NotFound, .. }) => words.text("pack.not_there", &[]),
        Some(look_up) => view.looked(look_up),
    };
    words.text("pack.part", &[("what", &words.text(part_key(intent), &[])), ("said", &said)])
}
