//! The desk in chat: what a colleague writes, and what the bot answers.

mod act;
mod ask;
mod erase;
mod example;
mod file;
mod knowledge;
mod office;
mod opening;
mod pack;
mod pause;
mod phase;
mod policies;
mod qa;
mod sample;
mod show;
mod spending;

pub use file::sent as sent_file;
pub(crate) use opening::pressed as opening_pressed;
pub use pause::pause_from_card;
pub use sample::{begin_sample_edit, sample_reviewed};
pub(crate) use show::shortened;

use cards::Act;
use serde_json::{Value, json};

use crate::app::App;
use crate::case::{Case, Decision, Event, Refusal, Say, State, Tap};
use crate::clock::{MINUTE, Timestamp};
use crate::command::{self, Command, Parsed};
use crate::desk::Person;
use crate::drafting::clean;
use crate::evidence::{Actor, Entry, Kind};
use crate::knowledge_desk::{care, scope_on};
use crate::policy::{self, Circumstances, Matter, Power, Verdict, WrittenBy};
use crate::store::conversations;
use crate::store::desks::Applied;
use crate::store::knowledge::care::{self as pending, PendingAnswer};
use crate::store::people::{self, PendingEdit};
use crate::store::{Tx, cards as postings, cases, record, samples};
use crate::surface::{Address, Attached};
use crate::view::View;
use crate::worker::{Job, apply};

/// How long 改 waits for the next message.
const EDIT_WAITS: Timestamp = 5 * MINUTE;

/// A colleague at the desk, in one unit of work.
pub struct Desk<'a, 't> {
    /// The transaction.
    pub tx: &'t mut Tx,
    /// The program.
    pub app: &'a App,
    /// The configuration in force.
    pub desk: &'a Applied,
    /// Who.
    pub person: &'a Person,
    /// Where they wrote or pressed, and where answers go.
    pub from: &'a Address,
}

/// What came along with somebody's words.
#[derive(Debug, Clone, Copy, Default)]
pub struct Along<'a> {
    /// The words they were written under: taken where a command lacks words only.
    pub quoted: Option<&'a str>,
    /// A picture.
    pub picture: Option<&'a Attached>,
}

impl<'a> Along<'a> {
    /// Written under these words.
    pub fn quoted(words: &'a str) -> Self {
        Self { quoted: Some(words), picture: None }
    }
}

/// Somebody sent a picture: of the customer their caption asks for, or whom they asked for last.
///
/// # Errors
/// When the database fails.
pub async fn pictured(desk: &mut Desk<'_, '_>, caption: &str, picture: &Attached) -> anyhow::Result<()> {
    let along = Along { quoted: None, picture: Some(picture) };
    match command::parse(caption) {
        Parsed::NotACommand(text) if text.trim().is_empty() => ask::picture(desk, "", picture).await,
        Parsed::NotACommand(text) => match desk.end_edit().await? {
            Some(edit) => desk.edited(edit, &text).await,
            None => ask::picture(desk, &text, picture).await,
        },
        Parsed::Command(_) | Parsed::Bad { .. } => said(desk, caption, along).await,
    }
}

/// Somebody wrote: a command, the text of an edit, or something we do not understand.
///
/// # Errors
/// When the database fails.
pub async fn said(desk: &mut Desk<'_, '_>, text: &str, along: Along<'_>) -> anyhow::Result<()> {
    match command::parse(text) {
        Parsed::Command(Command::Cancel) => {
            let ended = desk.end_edit().await?.is_some() | desk.end_answer().await?.is_some();
            desk.say(Say::new(if ended { "told.edit_cancelled" } else { "told.nothing_to_cancel" })).await
        }
        Parsed::Command(command) => {
            // A command ends an edit that is waiting for its text.
            desk.end_edit().await?;
            desk.end_answer().await?;
            act::on(desk, command, along).await
        }
        Parsed::Bad { usage_key, .. } => desk.say(Say::new("told.usage").with_key("usage", usage_key)).await,
        Parsed::NotACommand(text) => match desk.end_edit().await? {
            Some(edit) => desk.edited(edit, &text).await,
            None => match desk.end_answer().await? {
                Some(pending) => care::answered(desk, &pending, &text).await,
                None => desk.say(Say::new("told.not_understood")).await,
            },
        },
    }
}

impl Desk<'_, '_> {
    /// Says something to the person.
    pub(crate) async fn say(&mut self, say: Say) -> anyhow::Result<()> {
        apply::queue_say(self.tx, self.app, self.from, &say, self.app.clock.now()).await
    }

    /// Says words that are already put together.
    pub(crate) async fn text(&mut self, text: String) -> anyhow::Result<()> {
        let job = Job::Text { to: self.from.clone(), text };
        job.enqueue(self.tx, self.app, self.app.clock.now()).await
    }

    /// Lets the person decide; a refusal is said to them.
    pub(crate) async fn decide(&mut self, case: &Case, event: &Event) -> anyhow::Result<Result<Case, Refusal>> {
        let decided = apply::apply(self.tx, self.app, &case.id, event).await?;
        if let Err(refusal) = &decided {
            apply::tell_refusal(self.tx, self.app, self.from, case.number, refusal).await?;
        }
        Ok(decided)
    }

    /// A tap that needs something else first: said, and on record.
    pub(crate) async fn refused_in_words(&mut self, case: &Case, act: Act, key: &str) -> anyhow::Result<()> {
        self.refused_wish(case, key, json!({ "act": act, "version": case.version })).await
    }

    /// Something that was wished for about a case and is not done: said, and on record with `more` about it.
    pub(crate) async fn refused_wish(&mut self, case: &Case, key: &str, more: Value) -> anyhow::Result<()> {
        let mut payload = json!({ "refusal": key });
        if let (Some(all), Value::Object(more)) = (payload.as_object_mut(), more) {
            all.extend(more);
        }
        let entry = Entry { kind: Kind::Refused, actor: Actor::Person(self.person.id.clone()), payload };
        record::append(self.tx, self.app, &record::chain_of(&case.conversation), Some(&case.id), &entry).await?;
        self.say(Say::new(key).with("number", case.number)).await
    }

    /// A person without the right: said, and on record.
    pub(crate) async fn denied(&mut self, denied: &policy::Denied) -> anyhow::Result<()> {
        self.record_denied(denied).await?;
        self.say(Say::new(denied.key())).await
    }

    /// Puts on record that the person may not do what they tried.
    async fn record_denied(&mut self, denied: &policy::Denied) -> anyhow::Result<()> {
        let payload = json!({ "refusal": denied });
        let entry = Entry { kind: Kind::Refused, actor: Actor::Person(self.person.id.clone()), payload };
        record::append(self.tx, self.app, record::DESK, None, &entry).await
    }

    /// The case with this number, if the person may see it; otherwise they are told.
    pub(crate) async fn case(&mut self, number: i64) -> anyhow::Result<Option<View>> {
        let Some(case) = cases::by_number(self.tx, number).await? else {
            self.say(Say::new("told.no_such_case").with("number", number)).await?;
            return Ok(None);
        };
        let view = View::load(self.tx, self.app, &case.id).await?;
        match policy::may(self.person, Power::SeeCase, view.channel()) {
            Ok(()) => Ok(Some(view)),
            Err(denied) => self.denied(&denied).await.map(|()| None),
        }
    }

    /// The next message of this person is the case's new text; false where what they saw is no longer what there is.
    pub(crate) async fn begin_edit(&mut self, case: &Case, version: i64, code: &str) -> anyhow::Result<bool> {
        let shown = matches!(case.state, State::AwaitingReview(_) | State::NeedsPerson(_) | State::HandedOver { .. });
        if !shown || version != case.version {
            let refusal = Refusal::Outdated { current: case.version };
            return self.refused_in_words(case, Act::Edit, refusal.key()).await.map(|()| false);
        }
        let until = self.app.clock.now() + EDIT_WAITS;
        let (person, case_id) = (self.person.id.clone(), case.id.clone());
        let edit = PendingEdit { person, case_id, version, code: code.into(), until };
        people::begin_edit(self.tx, &edit).await?;
        // Only one message is waited for.
        self.end_answer().await?;
        let link = crate::http::give_link(self.tx, self.app, &self.person.id, case).await?;
        let say = Say::new(if link.is_some() { "told.edit_prompt_link" } else { "told.edit_prompt" });
        let say = say.with("number", case.number).with("link", link.unwrap_or_default());
        let prompt = Job::Prompt { to: self.from.clone(), say };
        prompt.enqueue(self.tx, self.app, self.app.clock.now()).await.map(|()| true)
    }

    async fn end_edit(&mut self) -> anyhow::Result<Option<PendingEdit>> {
        Ok(people::end_edit(self.tx, &self.person.id, self.app.clock.now()).await?)
    }

    async fn end_answer(&mut self) -> anyhow::Result<Option<PendingAnswer>> {
        Ok(pending::end_answer(self.tx, &self.person.id, self.app.clock.now()).await?)
    }

    /// The text of an edit arrived.
    async fn edited(&mut self, edit: PendingEdit, text: &str) -> anyhow::Result<()> {
        if let Some(sample) = samples::lock(self.tx, &edit.case_id).await? {
            return sample::edited(self, &sample, text).await;
        }
        let Some(case) = cases::load(self.tx, &edit.case_id).await? else { return Ok(()) };
        self.edit(&case, edit.version, &edit.code, text).await
    }

    /// Replaces a case's text. What cannot be used is given back to its author, not lost.
    pub(crate) async fn edit(&mut self, case: &Case, version: i64, code: &str, text: &str) -> anyhow::Result<()> {
        let parts = channels::wecom::kf::split_for_kf(&clean(text));
        let shown = Shown { person: self.person.id.clone(), version, code: code.into() };
        let event = edit_event(self.tx, self.app, case, shown, parts).await?;
        match self.decide(case, &event).await? {
            Ok(edited) => show_editor(self.tx, self.app, &edited, &self.person.id).await,
            Err(_) => {
                let kept = Say::new("told.edit_kept").with("number", case.number).with("text", text);
                self.say(kept).await
            }
        }
    }

    /// A press by somebody without the right: said, and on the case's record.
    pub(crate) async fn not_permitted(&mut self, case: &Case, act: Act, denied: policy::Denied) -> anyhow::Result<()> {
        self.refused(case, act, &Refusal::NotPermitted(denied)).await
    }

    /// A press that does nothing, before it came to a decision: said, and on the case's record.
    pub(crate) async fn refused(&mut self, case: &Case, act: Act, refusal: &Refusal) -> anyhow::Result<()> {
        let payload = json!({ "refusal": refusal, "act": act, "version": case.version });
        let entry = Entry { kind: Kind::Refused, actor: Actor::Person(self.person.id.clone()), payload };
        record::append(self.tx, self.app, &record::chain_of(&case.conversation), Some(&case.id), &entry).await?;
        apply::tell_refusal(self.tx, self.app, self.from, case.number, refusal).await
    }

    /// A press on something that no case goes with: said, and on the desk's record.
    pub(crate) async fn old_card(&mut self, what: &str) -> anyhow::Result<()> {
        let payload = json!({ "refusal": "told.old_card", "what": what });
        let entry = Entry { kind: Kind::Refused, actor: Actor::Person(self.person.id.clone()), payload };
        record::append(self.tx, self.app, record::DESK, None, &entry).await?;
        self.say(Say::new("told.old_card")).await
    }
}

/// Whoever changed a text sees it as a card, also when others are asked to decide about it.
///
/// # Errors
/// When the database fails.
pub(crate) async fn show_editor(tx: &mut Tx, app: &App, case: &Case, person: &str) -> anyhow::Result<()> {
    let open = postings::open(tx, &case.id).await?;
    if open.iter().any(|posting| posting.person == person && posting.version == case.version) {
        return Ok(());
    }
    let desk = app.desk(tx).await?;
    let Some(to) = app.address_of(&desk.desk, person) else { return Ok(()) };
    apply::announce(tx, app, case, person, &to).await
}

/// Whoever wished for another draft sees what came of it.
///
/// # Errors
/// When the database fails.
pub(crate) async fn show_rewriter(tx: &mut Tx, app: &App, case: &Case) -> anyhow::Result<()> {
    let record = record::of_case(tx, &case.id).await?;
    // What the customer said since is what the draft is about: nobody wished for it.
    let mut wishes = record.iter().rev().take_while(|told| told.kind != Kind::CustomerSaid);
    let wished = |told: &&record::Told| {
        let wish = |payload: &serde_json::Value| payload["hint"].is_string() || payload["look_again"] == true;
        told.kind == Kind::Edited && told.payload.as_ref().is_some_and(wish)
    };
    match wishes.find(wished).map(|told| &told.actor) {
        Some(Actor::Person(person)) => show_editor(tx, app, case, person).await,
        _ => Ok(()),
    }
}

/// What a person was shown is on record.
///
/// # Errors
/// When the database fails.
pub(crate) async fn card_appeared(tx: &mut Tx, app: &App, posting: &postings::Posting) -> anyhow::Result<()> {
    let Some(case) = cases::load(tx, &posting.case_id).await? else { return Ok(()) };
    let payload = json!({ "person": posting.person, "version": posting.version, "code": posting.code,
        "task_id": posting.task_id, "posting": posting.posting });
    let entry = Entry { kind: Kind::CardPosted, actor: Actor::System, payload };
    record::append(tx, app, &record::chain_of(&case.conversation), Some(&case.id), &entry).await
}

/// What a person had before them when they decided.
pub(crate) struct Shown {
    /// The person's id.
    pub(crate) person: String,
    /// The draft version.
    pub(crate) version: i64,
    /// The code.
    pub(crate) code: String,
}

/// The event of an edit: its cleaned parts, judged like any other draft.
///
/// # Errors
/// When the database fails.
pub(crate) async fn edit_event(
    tx: &mut Tx,
    app: &App,
    case: &Case,
    shown: Shown,
    parts: Vec<String>,
) -> anyhow::Result<Event> {
    let verdict = judge_edit(tx, app, case, &parts).await?;
    let Shown { person, version, code } = shown;
    Ok(Event::Tapped(Tap { person, version, code, decision: Decision::Edit { parts, verdict } }))
}

async fn judge_edit(tx: &mut Tx, app: &App, case: &Case, parts: &[String]) -> anyhow::Result<Verdict> {
    let view = View::load(tx, app, &case.id).await?;
    // Everything nobody has answered yet, however long ago it was said: one harmless word does not hide the rest.
    let open = conversations::unanswered(tx, &case.conversation).await?;
    let texts: Vec<String> = open.iter().filter(|m| m.kind == "text").map(|m| m.body.clone()).collect();
    let attachments = u32::try_from(open.len() - texts.len()).unwrap_or(u32::MAX);
    let intent = case.draft().map_or_else(|| app.known_intent_of(&view.desk, &texts), |d| d.intent);
    let grounds = case.draft().map(|draft| draft.grounds.after_edit(parts));
    // A person wrote it: certainty and sources are theirs, the words are judged as any others.
    let matter = Matter {
        customer: &texts,
        draft: Some(parts),
        confidence: 1.0,
        citations: 1,
        intent,
        turns: 0,
        attachments,
        // A person has seen what they answer.
        readings: 0,
        order_cents: None,
        public: view.conversation.is_public(),
        circumstances: Circumstances { grounds: grounds.as_ref(), ..Circumstances::default() },
    };
    let (known, scope) = (app.known(tx).await?, scope_on(view.channel()));
    let forbidden = known.lexicon.look(parts, &scope, app.clock.now(), &view.desk.desk.desk.locale);
    Ok(policy::judge(&matter, &app.policy_rules(&view.desk, view.channel())).with_words(forbidden, WrittenBy::Person))
}
