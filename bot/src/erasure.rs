//! What a customer can ask for: that nothing of them is kept. Somebody with the right sees how much there is, confirms
//! exactly that, and it is erased in one unit of work as soon as nothing of theirs is under way any more. The record keeps
//! who asked and when, and still verifies. A legal hold stands in the way until it is lifted.

mod carry_out;
mod files;

pub(crate) use carry_out::{CarriedOut, carry_out};
pub(crate) use files::remove as remove_files;

use anyhow::Context;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::case::{Case, Say};
use crate::command::EraseWish;
use crate::desk::{Channel, Person};
use crate::evidence::{Actor, Entry, Kind};
use crate::store::conversations::{self, Conversation};
use crate::store::erasure::{self as store, Counts, LegalHold};
use crate::store::{Tx, record};
use crate::view::local;
use crate::worker::{Job, apply};

/// What would be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inventory {
    /// Rows of the database.
    #[serde(flatten)]
    pub counts: Counts,
    /// Pictures, other attachments, and answers of back offices.
    pub files: usize,
    /// Numbers of knowledge in use that was made of the customer's questions: that is the shop's, and stays.
    pub in_use: Vec<i64>,
}

impl Inventory {
    /// What is kept of the customer of a conversation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(tx: &mut Tx, app: &App, conversation: &str) -> anyhow::Result<Self> {
        Ok(Self {
            counts: store::count(tx, conversation, &record::chain_of(conversation)).await?,
            files: files::of(tx, app, conversation).await?.len(),
            in_use: store::in_use(tx, conversation).await?,
        })
    }

    /// The four characters that stand for exactly this, of the customer of this conversation.
    fn code(&self, conversation: &str) -> anyhow::Result<String> {
        let counted = serde_json::to_string(self)?;
        Ok(cards::code_of(&Sha256::digest(format!("{conversation}\0{counted}")).into()))
    }
}

/// What is said about a wish: that it is granted, or why it is not.
pub type Answer = Result<Say, Say>;

/// Does what somebody with the right to erase wants done about the customer of a case, and says what became of it.
///
/// # Errors
/// When the database fails.
pub async fn answer(tx: &mut Tx, app: &App, person: &Person, case: &Case, wish: &EraseWish) -> anyhow::Result<Answer> {
    // Nothing comes in, leaves or is decided in between.
    apply::lock(tx, app, &case.id).await?;
    let open = conversations::load(tx, &case.conversation).await?.context("no such conversation")?;
    let mut asking = Asking { tx, app, person, number: case.number, open: &open };
    if let Some(at) = open.erased_at {
        let already = asking.already(at).await?;
        return Ok(if matches!(wish, EraseWish::Confirm { .. }) { Ok(already) } else { Err(already) });
    }
    match wish {
        EraseWish::Show => asking.show().await,
        EraseWish::Confirm { code } => asking.confirm(code.as_deref()).await,
        EraseWish::Hold { why } => asking.hold(why).await,
        EraseWish::Release => asking.release().await,
    }
}

/// Somebody asks about the customer of a conversation, by the number of one of their cases.
struct Asking<'a, 't> {
    tx: &'t mut Tx,
    app: &'a App,
    person: &'a Person,
    number: i64,
    open: &'a Conversation,
}

impl Asking<'_, '_> {
    fn say(&self, key: &str) -> Say {
        Say::new(key).with("number", self.number)
    }

    async fn already(&mut self, at: i64) -> anyhow::Result<Say> {
        let desk = self.app.desk(self.tx).await?;
        Ok(self.say("erase.already").with("at", local(at, &desk.desk.desk.timezone, "%Y-%m-%d %H:%M")))
    }

    async fn show(&mut self) -> anyhow::Result<Answer> {
        if let Some(hold) = store::held(self.tx, &self.open.id).await? {
            return Ok(Err(held(self.number, &hold)));
        }
        let inventory = Inventory::of(self.tx, self.app, &self.open.id).await?;
        self.shown(&inventory).await.map(Ok)
    }

    async fn shown(&mut self, inventory: &Inventory) -> anyhow::Result<Say> {
        let desk = self.app.desk(self.tx).await?;
        let waits = match store::under_way(self.tx, &self.open.id).await? {
            0 => String::new(),
            count => desk.words().text("erase.waits", &[("count", &count.to_string())]),
        };
        let stays: Vec<String> = inventory.in_use.iter().map(|number| format!("K{number}")).collect();
        let stays = match stays.as_slice() {
            [] => String::new(),
            stays => desk.words().text("erase.stays", &[("list", &stays.join("、"))]),
        };
        let channel = desk.desk.channel(&self.open.channel).map_or(self.open.channel.as_str(), Channel::label);
        let Counts { cases, messages, entries, actions, examples, gaps, proposals } = &inventory.counts;
        let say = self.say("erase.shown").with("channel", channel).with("code", inventory.code(&self.open.id)?);
        let say = say.with("cases", cases).with("messages", messages).with("entries", entries).with("actions", actions);
        let say = say.with("examples", examples).with("gaps", gaps).with("proposals", proposals);
        Ok(say.with("files", inventory.files).with("waits", waits).with("stays", stays))
    }

    /// Only what was shown: without its code, or where there is more or less of it by now, it is shown instead.
    async fn confirm(&mut self, code: Option<&str>) -> anyhow::Result<Answer> {
        if let Some(hold) = store::held(self.tx, &self.open.id).await? {
            return Ok(Err(held(self.number, &hold)));
        }
        let inventory = Inventory::of(self.tx, self.app, &self.open.id).await?;
        if code != Some(inventory.code(&self.open.id)?.as_str()) {
            return self.shown(&inventory).await.map(Err);
        }
        let payload = json!({ "number": self.number, "channel": self.open.channel, "what": inventory });
        self.note(Kind::ErasureAsked, payload).await?;
        let (conversation, person) = (self.open.id.clone(), self.person.id.clone());
        let job = Job::Erase { conversation, number: self.number, person };
        job.enqueue(self.tx, self.app, self.app.clock.now()).await?;
        Ok(Ok(self.say("erase.asked")))
    }

    async fn hold(&mut self, why: &str) -> anyhow::Result<Answer> {
        let hold = LegalHold { why: why.to_owned(), person: self.person.id.clone(), at: self.app.clock.now() };
        store::hold(self.tx, &self.open.id, &hold).await?;
        self.note(Kind::HoldPlaced, json!({ "number": self.number, "why": why })).await?;
        Ok(Ok(self.say("erase.hold_placed").with("why", why)))
    }

    async fn release(&mut self) -> anyhow::Result<Answer> {
        if !store::release(self.tx, &self.open.id).await? {
            return Ok(Err(self.say("erase.not_held")));
        }
        self.note(Kind::HoldLifted, json!({ "number": self.number })).await?;
        Ok(Ok(self.say("erase.hold_lifted")))
    }

    /// On the desk's record, which is not the customer's.
    async fn note(&mut self, kind: Kind, payload: serde_json::Value) -> anyhow::Result<()> {
        let entry = Entry { kind, actor: Actor::Person(self.person.id.clone()), payload };
        record::append(self.tx, self.app, record::DESK, None, &entry).await
    }
}

/// Why nothing is erased.
fn held(number: i64, hold: &LegalHold) -> Say {
    Say::new("erase.held").with("number", number).with("why", &hold.why).with_person("by", &hold.person)
}
