//! Corrections: what a reviewer changed in a reply that reached the customer, proposed against the words it corrects.

use knowledge::{Entry, HitTests, Kind, Release, Scope, said_instead, says_more};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::care;
use super::life::{Act, Keeper, Outcome, Refused};
use crate::app::App;
use crate::case::{Case, Citation, Say};
use crate::store::desks::Applied;
use crate::store::knowledge::{self as entries, EntryState, StoredEntry};
use crate::store::{Tx, conversations};

/// Messages of a conversation that are looked at for the question.
const LOOKED_AT: i64 = 20;
/// Characters of a title made of a question.
const TITLE: usize = 60;

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What the customer asked.
    pub question: String,
    /// What was answered instead.
    pub answer: String,
    /// The case's number.
    pub case: i64,
    /// What the draft rested on; nothing where nothing was known.
    #[serde(default)]
    pub corrects: Option<Corrected>,
}

/// The words a correction is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrected {
    /// The entry's id.
    pub entry: String,
    /// The version.
    pub version: i64,
    /// Bytes of its answer.
    pub span: (usize, usize),
}

/// An edited reply that reached the customer is what the knowledge should have said: its owner decides. What only says
/// it in another tone, or was dismissed before, is not proposed.
///
/// # Errors
/// When the database fails.
pub async fn propose(
    tx: &mut Tx,
    app: &App,
    desk: &Applied,
    case: &Case,
    text: &str,
    citations: &[Citation],
) -> anyhow::Result<()> {
    let question = question(tx, case).await?;
    let mut cited: Vec<Cited> = Vec::new();
    for citation in citations {
        let stored = entries::version(tx, &citation.entry, citation.version).await?;
        let known = stored.and_then(|stored| Some((stored.entry()?.answer, stored.owner)));
        cited.extend(known.map(|(answer, owner)| Cited { citation, answer, owner }));
    }
    let sources: Vec<&str> = cited.iter().map(|cited| cited.answer.as_str()).chain([question.as_str()]).collect();
    let is_news = |said: &str| !said.is_empty() && says_more(said, &sources);
    if cited.is_empty() {
        return keep(tx, app, desk, case, Correction { about: None, question: &question, said: text, place: 0 }).await;
    }
    let answers: Vec<&str> = cited.iter().map(|cited| cited.answer.as_str()).collect();
    let instead = if cited.len() == 1 { vec![text.to_owned()] } else { said_instead(text, &answers) };
    for (place, (about, said)) in cited.iter().zip(&instead).enumerate().filter(|(_, (_, said))| is_news(said)) {
        keep(tx, app, desk, case, Correction { about: Some(about), question: &question, said, place }).await?;
    }
    Ok(())
}

/// An entry that an edited reply rested on.
struct Cited<'a> {
    citation: &'a Citation,
    answer: String,
    owner: String,
}

/// What was said instead of an entry; where nothing was known, instead of nothing.
struct Correction<'a> {
    about: Option<&'a Cited<'a>>,
    question: &'a str,
    said: &'a str,
    /// Which of the entries of the reply it is about.
    place: usize,
}

async fn keep(
    tx: &mut Tx,
    app: &App,
    desk: &Applied,
    case: &Case,
    Correction { about, question, said, place }: Correction<'_>,
) -> anyhow::Result<()> {
    let corrects = about.map(|cited| Corrected {
        entry: cited.citation.entry.clone(),
        version: cited.citation.version,
        span: cited.citation.span,
    });
    let channel_owner = || desk.desk.channel(&case.channel).and_then(|channel| channel.owner.clone());
    let owner = about.map(|cited| cited.owner.clone()).or_else(channel_owner).unwrap_or_default();
    // Two corrections are one where they say the same about the same words.
    let same = corrects.as_ref().map_or(question, |corrected| &corrected.entry);
    let content_sha256 = hex::encode(Sha256::digest(format!("{same}\0{said}")));
    if entries::was_proposed(tx, &content_sha256).await? {
        return Ok(());
    }
    let title = cards::one_line(question).chars().take(TITLE).collect();
    let proposal = Proposal { question: question.to_owned(), answer: said.to_owned(), case: case.number, corrects };
    let behind = if place == 0 { String::new() } else { format!("-{}", place + 1) };
    let stored = StoredEntry {
        id: format!("proposal-{}-{}{behind}", case.number, case.version),
        version: 1,
        state: EntryState::Proposed,
        owner,
        title,
        content_sha256,
        body: serde_json::to_string(&proposal)?,
        channels: None,
        created_at: app.clock.now(),
        verify_by: None,
    };
    entries::add(tx, &stored, app.clock.now()).await?;
    care::corrected(tx, app, &stored, &proposal).await
}

/// What the customer of a case asked.
async fn question(tx: &mut Tx, case: &Case) -> anyhow::Result<String> {
    let said = conversations::history(tx, &case.conversation, LOOKED_AT).await?;
    let asked = said.iter().filter(|m| m.author == "customer" && m.case_id.as_deref() == Some(&case.id));
    Ok(asked.map(|m| m.body.as_str()).collect::<Vec<_>>().join("\n"))
}

/// Makes a correction the next version of what it corrects, or an entry of its own. It still has to be published.
///
/// # Errors
/// When the database fails.
pub(super) async fn accept(keeper: &mut Keeper<'_, '_>, found: &StoredEntry) -> Outcome {
    let Ok(proposal) = serde_json::from_str::<Proposal>(&found.body) else {
        return Ok(Err(Refused::NotNow(found.state)));
    };
    let draft = match &proposal.corrects {
        Some(corrected) => match corrected_entry(keeper.tx, corrected, &proposal.answer).await? {
            Some(entry) => entry,
            None => return Ok(Err(Refused::Overtaken)),
        },
        None => new_entry(found, &proposal),
    };
    keeper.moved(found, EntryState::Retired, &[], Act::Accepted).await?;
    let version = keeper.write(draft).await?;
    let number = entries::number(keeper.tx, &version.id).await?;
    let done = Say::new("kb.accepted").with("number", number).with("version", version.version);
    Ok(Ok(done.with("title", version.title)))
}

/// The newest version with the corrected words in place; nothing where they are no longer there.
async fn corrected_entry(tx: &mut Tx, corrected: &Corrected, answer: &str) -> anyhow::Result<Option<Entry>> {
    entries::hold(tx, &corrected.entry).await?;
    let Some(cited) = entries::version(tx, &corrected.entry, corrected.version).await? else { return Ok(None) };
    let (Some(cited), Some(newest)) = (cited.entry(), entries::newest(tx, &corrected.entry).await?) else {
        return Ok(None);
    };
    let Some(newest) = newest.entry() else { return Ok(None) };
    let (from, to) = corrected.span;
    let Some(wrong) = cited.answer.get(from..to).filter(|wrong| !wrong.is_empty()) else { return Ok(None) };
    let mended = newest.answer.replacen(wrong, answer, 1);
    Ok((mended != newest.answer).then_some(Entry { answer: mended, ..newest }))
}

fn new_entry(found: &StoredEntry, proposal: &Proposal) -> Entry {
    Entry {
        id: format!("case-{}", proposal.case),
        version: 0,
        file_id: None,
        kind: Kind::General,
        title: found.title.clone(),
        questions: proposal.question.lines().map(str::to_owned).collect(),
        answer: proposal.answer.clone(),
        owner: found.owner.clone(),
        scope: Scope::default(),
        valid_from: None,
        valid_until: None,
        verify_by: None,
        source: format!("#{}", proposal.case),
        tests: HitTests::default(),
        forbids: None,
        cautions: Vec::new(),
        release: Release::default(),
    }
}
