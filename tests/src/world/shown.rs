//! The rule behind everything: every character that was sent had been visible to the approver at the tap, or is a
//! fixed text an admin approved. The platform's own ledger says what was sent and what was visible.

use aijia::case::{Approval, Authority, Case, Permit, digest};
use aijia::config;
use aijia::desk::{Desk, Notice, Role};
use aijia::evidence::Kind;
use aijia::store::cases;
use aijia::store::sends::{self, Send};
use anyhow::{Context, ensure};
use cards::wecom::Posting;
use cards::{Act, Key};
use serde_json::Value;
use sha2::{Digest, Sha256};
use simulator::{Api, Call, CallbackKind, KfSend, LedgerRow};

use super::{Phones, World};

/// Bytes of a message and characters of a card's body beyond which phones cut silently (wecom 90236).
const MESSAGE_BYTES: usize = 2048;
const BODY_CHARS: usize = 112;

/// A part of a reply that left, and the decision that let it out.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The member who approved.
    pub member: String,
    /// The button that approves what was sent.
    pub key: Key,
    /// The words the platform accepted.
    pub text: String,
    /// The send's place in the platform's ledger.
    pub at: u64,
}

impl World {
    /// What the platform accepted is exactly what its approver had seen, or what an admin fixed.
    pub async fn everything_sent_was_shown(&self) -> anyhow::Result<()> {
        let sent = self.sim.accepted_kf_sends();
        let ids: std::collections::BTreeSet<_> = sent.iter().map(|s| s.msgid.clone()).collect();
        ensure!(ids.len() == sent.len(), "a message id was accepted twice");
        for sent in sent.iter().filter(|sent| !self.answered_for.contains(&sent.msgid)) {
            match self.intent(&sent.msgid).await? {
                Some(intent) if intent.kind == "reply" => match serde_json::from_str(&intent.authority)? {
                    Authority::Person(_) => self.reply(sent, &intent).await?.was_shown(self)?,
                    Authority::Policy(permit) => self.was_permitted(sent, &intent, &permit).await?,
                },
                Some(intent) => self.was_fixed(sent, serde_json::from_str(&intent.authority)?).await?,
                None if sent.on_event => self.was_fixed(sent, self.welcome_on_record(&sent.text).await?).await?,
                None => anyhow::bail!("nobody meant to send {:?}", sent.text),
            }
        }
        Ok(())
    }

    /// The same, remembered: from here on the record need not prove it any more.
    pub async fn everything_sent_is_answered_for(&mut self) -> anyhow::Result<()> {
        self.everything_sent_was_shown().await?;
        self.answered_for.extend(self.sim.accepted_kf_sends().into_iter().map(|sent| sent.msgid));
        Ok(())
    }

    /// The replies that left by a person's decision, each with it.
    pub async fn replies(&self) -> anyhow::Result<Vec<Reply>> {
        let mut replies = Vec::new();
        for sent in self.sim.accepted_kf_sends() {
            let by_a_person =
                |intent: &Send| intent.kind == "reply" && serde_json::from_str::<Approval>(&intent.authority).is_ok();
            if let Some(intent) = self.intent(&sent.msgid).await?.filter(by_a_person) {
                replies.push(self.reply(&sent, &intent).await?);
            }
        }
        Ok(replies)
    }

    async fn intent(&self, msgid: &str) -> anyhow::Result<Option<Send>> {
        let msgid = msgid.to_owned();
        self.app.store.read(move |tx| Box::pin(async move { Ok(sends::load(tx, &msgid).await?) })).await
    }

    /// Who approved a part, and what: the record must say the same bytes, bound by the same digest.
    async fn reply(&self, sent: &KfSend, intent: &Send) -> anyhow::Result<Reply> {
        let approval: Approval = serde_json::from_str(&intent.authority)?;
        let case_id = intent.case_id.clone();
        let case = self.app.store.read(move |tx| Box::pin(async move { Ok(cases::load(tx, &case_id).await?) }));
        let case = case.await?.context("a reply belongs to a case")?;
        let act = self.decision_binds(&case, &approval, intent).await?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&approval.digest, &mut bytes)?;
        let code = cards::code_of(&bytes);
        let key = Key { case: case.number, version: intent.version, code, act };
        // Somebody removed since then is in the configuration the program was started with.
        let (now, then) = (self.desk().await?, self.first_desk()?);
        let member = |desk: &Desk| desk.person(&approval.person).and_then(|p| p.wecom.clone());
        let member = member(&now.desk).or_else(|| member(&then)).context("the approver has no phone")?;
        ensure!(sent.text == intent.body, "what left is not what was claimed: {:?}", sent.text);
        Ok(Reply { member, key, text: sent.text.clone(), at: sent.seq })
    }

    /// The button that approved it: 发送, or 重发 of what nobody knew about.
    async fn decision_binds(&self, case: &Case, approval: &Approval, intent: &Send) -> anyhow::Result<Act> {
        let told = self.record(case.number).await?.into_iter();
        let decided = told.filter(|told| told.kind == Kind::Decided).filter_map(|told| told.payload);
        let decided = decided.into_iter().find(|payload| payload["digest"] == approval.digest.as_str());
        let decided = decided.with_context(|| format!("no decision on record for {:?}", intent.body))?;
        let parts: Vec<String> = serde_json::from_value(decided["parts"].clone())?;
        let number = |name: &str| decided[name].as_i64().unwrap_or_default();
        let policy = decided["policy"].as_str().unwrap_or_default();
        let bound = digest(&case.conversation, number("version"), number("watermark"), policy, &parts);
        ensure!(bound == approval.digest, "the decision's digest is not that of its parts: {decided}");
        let part = parts.get(usize::try_from(intent.part)?);
        ensure!(part == Some(&intent.body), "part {} was not decided: {:?}", intent.part, intent.body);
        Ok(serde_json::from_value(decided["decision"].clone())?)
    }

    /// A permit: on record for exactly these bytes, to this customer, for a published answer, marked as automatic.
    async fn was_permitted(&self, sent: &KfSend, intent: &Send, permit: &Permit) -> anyhow::Result<()> {
        ensure!(sent.text == intent.body, "what left is not what was claimed: {:?}", sent.text);
        let permits = self.entries(Kind::Permitted).await?.into_iter();
        let given = permits.filter(|payload| payload["digest"] == permit.digest.as_str()).collect::<Vec<_>>();
        let [given] = given.as_slice() else { anyhow::bail!("{} permits for {:?}", given.len(), sent.text) };
        let parts: Vec<String> = serde_json::from_value(given["parts"].clone())?;
        let number = |name: &str| given[name].as_i64().unwrap_or_default();
        let policy = given["policy"].as_str().unwrap_or_default();
        let bound = digest(&intent.conversation, number("version"), number("watermark"), policy, &parts);
        ensure!(bound == permit.digest, "the permit's digest is not that of its parts: {given}");
        ensure!(parts.get(usize::try_from(intent.part)?) == Some(&intent.body), "not permitted: {:?}", intent.body);
        ensure!(!permit.notice.is_empty() && sent.text.ends_with(&permit.notice), "not marked: {:?}", sent.text);
        Ok(())
    }

    /// A notice: words an admin approved for exactly these bytes, in force on the account's channel.
    async fn was_fixed(&self, sent: &KfSend, notice: Notice) -> anyhow::Result<()> {
        ensure!(sent.text == notice.text, "another text than the approved one left: {:?}", sent.text);
        ensure!(sha256(&sent.text) == notice.sha256, "the approval was for other bytes: {:?}", sent.text);
        let desk = self.desk().await?;
        let admin = desk.desk.person(&notice.approved_by).is_some_and(|p| p.is(Role::Admin));
        ensure!(admin, "{} may not approve a notice", notice.approved_by);
        let channel = desk.desk.channels.iter().find(|c| c.account == sent.open_kfid);
        let notices = channel.map(|c| c.notices.clone()).unwrap_or_default();
        let known = [notices.welcome, notices.received, notices.handover].into_iter().flatten();
        ensure!(known.into_iter().any(|known| known == notice), "no channel has the notice {:?}", sent.text);
        Ok(())
    }

    async fn welcome_on_record(&self, text: &str) -> anyhow::Result<Notice> {
        let noticed = self.entries(Kind::NoticeSent).await?.into_iter();
        let welcome = noticed.filter(|payload| payload["kind"] == "welcome").find(|payload| payload["text"] == text);
        let welcome = welcome.with_context(|| format!("no welcome on record says {text:?}"))?;
        let field = |name: &str| welcome[name].as_str().unwrap_or_default().to_owned();
        Ok(Notice { text: field("text"), approved_by: field("approved_by"), sha256: field("sha256") })
    }

    /// The payloads of every entry of a kind, over all conversations.
    pub async fn entries(&self, kind: Kind) -> anyhow::Result<Vec<Value>> {
        let sql = "SELECT payload FROM evidence WHERE kind = $1 AND payload IS NOT NULL ORDER BY at_ms, chain, seq";
        let rows = self
            .app
            .store
            .read(move |tx| Box::pin(async move { Ok(tx.all::<(String,)>(sql, aijia::args![kind.as_str()]).await?) }));
        rows.await?.iter().map(|(payload,)| Ok(serde_json::from_str(payload)?)).collect()
    }

    fn first_desk(&self) -> anyhow::Result<Desk> {
        config::parse_desk(self.desk_text(), "aijia.toml").map_err(|problems| anyhow::anyhow!("{problems:?}"))
    }

    /// The configuration in force.
    pub async fn desk(&self) -> anyhow::Result<std::sync::Arc<aijia::store::desks::Applied>> {
        let app = self.app.clone();
        self.app.store.read(move |tx| Box::pin(async move { app.desk(tx).await })).await
    }
}

impl Reply {
    /// Whether every character was visible to the approver when they decided.
    pub fn was_shown(&self, world: &World) -> anyhow::Result<()> {
        let mark = format!("〔#{} {}〕", self.key.case, self.key.code);
        if !matches!(world.phones, Phones::App) && world.saw_elsewhere(&self.member, &mark, &self.text) {
            return Ok(());
        }
        let ledger = world.sim.ledger();
        let Some(tap) = self.decided_at(&ledger) else { return self.was_on_a_page(world) };
        let seen = self.postings(world, &ledger, tap);
        ensure!(!seen.is_empty(), "{} decided about {} and never had its card", self.member, self.key.encode());
        let whole = seen.iter().any(|posting| is_whole(posting) && posting.visible_text().contains(&self.text));
        ensure!(whole, "{} had not seen all of {:?} at the tap, but {seen:#?}", self.member, self.text);
        Ok(())
    }

    /// The last tap or command of the approver that names this version, before the send: earlier ones were refused.
    fn decided_at(&self, ledger: &[LedgerRow]) -> Option<u64> {
        let key = self.key.encode();
        let names = |row: &&LedgerRow| {
            let xml = row.body["xml"].as_str().unwrap_or_default();
            match row.call {
                Call::Callback(CallbackKind::CardEvent) => xml.contains(&key),
                Call::Callback(CallbackKind::Text) => xml.to_lowercase().contains(&self.key.code),
                _ => false,
            }
        };
        let theirs = |row: &&LedgerRow| row.body["from"].as_str().is_some_and(|m| m.eq_ignore_ascii_case(&self.member));
        let before = ledger.iter().filter(|row| row.seq < self.at && row.accepted);
        before.filter(theirs).rfind(names).map(|row| row.seq)
    }

    /// The cards with this button that had reached the approver's phone, each with the messages right above it.
    fn postings(&self, world: &World, ledger: &[LedgerRow], before: u64) -> Vec<Posting> {
        let messages = world.sim.accepted_app_messages(&self.member);
        let arrived = |row: &&LedgerRow| {
            let id = row.answer["msgid"].as_str().unwrap_or_default();
            row.call == Call::Api(Api::MessageSend) && messages.iter().any(|m| m.msgid == id && !m.dropped)
        };
        let mark = format!("〔#{} {}〕", self.key.case, self.key.code);
        let (mut above, mut seen) = (Vec::new(), Vec::new());
        for row in ledger.iter().filter(|row| row.seq < before).filter(arrived) {
            let card = &row.body["template_card"];
            let text = row.body["text"]["content"].as_str().unwrap_or_default();
            if text.ends_with(&mark) {
                above.push(text.to_owned());
                continue;
            }
            let above = std::mem::take(&mut above);
            if card["button_list"].as_array().is_some_and(|list| list.iter().any(|b| b["key"] == self.key.encode())) {
                seen.push(Posting { above, template_card: card.clone() });
            }
        }
        seen
    }

    /// Signed in on the review page, the approver saw the whole draft there.
    fn was_on_a_page(&self, world: &World) -> anyhow::Result<()> {
        let escaped = escaped(&self.text);
        let mut theirs = world.pages.iter().filter(|(member, _)| *member == self.member);
        let shown = theirs.any(|(_, html)| html.contains(&self.key.code) && html.contains(&escaped));
        ensure!(shown, "{} neither tapped nor looked at a page that shows {:?}", self.member, self.text);
        Ok(())
    }
}

/// Whether phones show a posting without cutting anything off.
fn is_whole(posting: &Posting) -> bool {
    let body = posting.template_card["sub_title_text"].as_str().unwrap_or_default();
    body.chars().count() <= BODY_CHARS && posting.above.iter().all(|message| message.len() <= MESSAGE_BYTES)
}

/// A text as a page writes it.
pub fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#x27;".to_owned(),
        '/' => "&#x2f;".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// The hexadecimal SHA-256 of a text.
pub fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}
