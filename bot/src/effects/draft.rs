//! Looking for an answer: search, draft, judge. Holds no transaction while it works.

mod attachments;
mod budget;
mod proposal;
mod search;

use cards::Hint;
use knowledge::Found;

use crate::app::App;
use crate::automation;
use crate::case::{Author, Before, Case, Draft, Drafted, Event, State};
use crate::chaos;
use crate::chat;
use crate::confidence::{self, Retrieval, Signals};
use crate::drafting::{self, Proposal};
use crate::effects::office::{self, Reply, Sight};
use crate::knowledge_desk::scope_on;
use crate::policy::{
    self, Circumstances, Grounding, Grounds, Identity, Intent, Matter, Paused, Route, Verdict, WrittenBy,
};
use crate::store::conversations::{self, Message};
use crate::store::knowledge::uses;
use crate::store::queue::{self, Door, Row};
use crate::store::{Tx, cases, outcomes, pauses};
use crate::view::View;
use crate::worker::apply;

pub(super) async fn draft(app: &App, row: Row, case: String, generation: i64) -> anyhow::Result<()> {
    let Some(mut matter) = look(app, &case, generation).await? else { return super::finished(app, row).await };
    chaos::point("draft.began");
    attachments::read(app, &mut matter).await?;
    matter.take_up();
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
                let conversation = conversations::load(tx, &matter.view.case.conversation).await?;
                if conversation.is_some_and(|open| open.erased_at.is_some()) {
                    office::discard(&app, &sight).await?;
                    return apply::finish(tx, Door::Outbox, &row, app.clock.now()).await;
                }
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
    /// The customer's messages that wait.
    pub(crate) messages: Vec<Message>,
    /// What they say, in words or as a model read it, newest last.
    pub(crate) texts: Vec<String>,
    /// How many attachments nobody has read.
    pub(crate) attachments: u32,
    /// How many were read by a model.
    pub(crate) readings: u32,
    /// What a reviewer asked the new draft to do better.
    pub(crate) hint: Option<Hint>,
    /// The draft that is to be better.
    pub(crate) before: Option<Before>,
    /// What a pause in force covers here.
    pub(crate) paused: Paused,
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
    let intent = app.intent_of(&wanted.view.desk, &wanted.texts).await?;
    let Some(sight) = office::before_drafting(app, &wanted.view, &wanted.texts, intent).await? else {
        return Ok(None);
    };
    let (drafted, signals) = search_and_judge(app, wanted, &sight, sight.intent.unwrap_or(intent)).await?;
    Ok(Some(Answer { drafted, signals, sight }))
}

impl Wanted {
    /// Takes up what the messages say by now.
    fn take_up(&mut self) {
        let said = |message: &Message| match message.kind.as_str() {
            "text" => Some(message.body.clone()),
            _ => message.reading.clone(),
        };
        self.texts = self.messages.iter().filter_map(said).collect();
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.attachments = count(self.messages.len() - self.texts.len());
        self.readings = count(self.messages.iter().filter(|message| message.reading.is_some()).count());
    }

    /// The entry that the draft so far rests on most.
    fn rested_on(&self) -> Option<&str> {
        self.before.as_ref().and_then(|before| before.entry.as_deref())
    }

    /// What the draft says so far, part by part.
    fn words_before(&self) -> &[String] {
        self.before.as_ref().map(|before| before.parts.as_slice()).unwrap_or_default()
    }
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
                let (hint, before) = (drafting.hint, drafting.before.clone());
                let messages = conversations::unanswered(tx, &current.conversation).await?;
                let view = View::load(tx, &reader, &case).await?;
                let paused = paused(tx, &view, &current).await?;
                let open = match view.channel() {
                    Some(channel) => automation::open_now(tx, channel, reader.clock.now()).await?,
                    None => Vec::new(),
                };
                let (texts, attachments, readings) = (Vec::new(), 0, 0);
                Ok(Some(Wanted { view, messages, texts, attachments, readings, hint, before, paused, open }))
            })
        })
        .await
}

/// What a pause in force covers of a case.
async fn paused(tx: &mut Tx, view: &View, case: &Case) -> anyhow::Result<Paused> {
    let (channel, conversation) = (case.channel.as_str(), case.conversation.as_str());
    if pauses::covering(tx, pauses::Matter::harmless(channel, conversation)).await?.is_some() {
        return Ok(Paused::Everything);
    }
    let held = pauses::covering(tx, pauses::Matter::risky(channel, conversation, true, &view.desk.desk)).await?;
    Ok(if held.is_some() { Paused::HighRisk } else { Paused::Nothing })
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
    let (questions, found) = search::for_each(app, wanted, &known.index).await;
    let (proposal, found) = proposal::propose(app, wanted, found, sight, intent).await?;
    let grounds = proposal.as_ref().map(|proposal| drafting::grounds(proposal, &found, &facts(sight)));
    let mut grounds = grounds.unwrap_or_default();
    if wanted.readings > 0 {
        // What a machine made of a picture or a voice is no question that the knowledge answers for certain.
        grounds.class = Grounding::Inferred;
    }
    let chances = app.chances().await?;
    let signals = Signals::of(weakest(&questions, &found), &grounds, chances.history(intent));
    let chance = chances.chance(&signals);
    let contradictions = policy::contradictions(&wanted.texts, &sight.shown);
    let opener = wanted.view.words().text("opener.plain", &[]);
    let circumstances = Circumstances {
        paused: wanted.paused,
        abnormal: sight.stopped_at_an_oddity(),
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
    let said = match &sight.reply {
        Some(Reply::Facts(facts)) => Some(facts.as_str()),
        Some(Reply::Ask(_)) | None => None,
    };
    let parcel = sight.parcel.iter().flat_map(|parcel| [parcel.number.as_str(), parcel.carrier.as_str()]);
    said.into_iter().chain(parcel).collect()
}

/// An order's number in a customer's words does not prove that the order is theirs.
fn identity(sight: &Sight) -> Identity {
    if sight.look_up.is_some() { Identity::Uncertain } else { Identity::Unneeded }
}

/// How well the question with the worst answer is answered.
fn weakest(questions: &[String], found: &[Found]) -> Retrieval {
    let each = questions.iter().zip(found).map(|(question, found)| confidence::retrieval(question, found));
    each.min_by(|a, b| a.confidence.total_cmp(&b.confidence)).unwrap_or_default()
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
        readings: wanted.readings,
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
        author: Author::Bot { drafter: proposal.drafter, no_model: proposal.no_model, examples: proposal.examples },
        citations: proposal.citations,
        verdict: judged.verdict,
        confidence: proposal.confidence,
        grounds: judged.grounds,
        chance: judged.chance,
        intent: judged.intent,
        action: proposal.action,
        look_up: None,
        translation: proposal.translation,
        supersedes: None,
    }
}
