//! What owners have to look after, and the cards that people got beside those of cases.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;
use crate::surface::Address;

/// A reason to look at a version.
#[derive(Debug, Clone, FromRow)]
pub struct Need {
    /// The same reason has the same id, so that nobody is asked twice.
    pub id: String,
    /// The entry's id; the name of a file that was handed in.
    pub entry: String,
    /// The version; the number of the page a file was handed in on.
    pub version: i64,
    /// Why, by its name.
    pub cause: String,
    /// More about it: a proposal's id, or the title of another entry. May be empty.
    pub note: String,
    /// Who is asked, by id.
    pub person: String,
    /// When.
    pub at: Timestamp,
    /// What became of it, as JSON; nothing while it is open.
    pub outcome: Option<String>,
}

/// What a card beside those of cases is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A piece of knowledge that has to be looked after.
    Entry,
    /// Something to be done in a back office.
    Action,
    /// Something that is to be answered without a person.
    Opening,
}

impl About {
    fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Action => "action",
            Self::Opening => "opening",
        }
    }
}

/// Something that this version has no cards about.
#[derive(Debug, thiserror::Error)]
#[error("there are no cards about `{0}`")]
pub struct UnknownAbout(String);

impl TryFrom<String> for About {
    type Error = UnknownAbout;

    fn try_from(name: String) -> Result<Self, UnknownAbout> {
        [Self::Entry, Self::Action, Self::Opening]
            .into_iter()
            .find(|about| about.as_str() == name)
            .ok_or(UnknownAbout(name))
    }
}

/// A card on somebody's phone.
#[derive(Debug, Clone, FromRow)]
pub struct CarePosting {
    /// The platform's task id, unique for ever.
    pub task_id: String,
    /// What it is about.
    #[sqlx(try_from = "String")]
    pub about: About,
    /// The id of the need, of the action, or of the proposal.
    pub care: String,
    /// The person's id.
    pub person: String,
    /// Where it was sent to.
    #[sqlx(rename = "member", try_from = "String")]
    pub to: Address,
    /// The code it shows.
    pub code: String,
    /// `posting`, `open`, and `gone` once the phone shows what became of it, or it never appeared.
    pub state: String,
    /// Lets us change the card once.
    pub response_code: Option<String>,
}

/// Writes a need down; false where it is known already.
pub async fn raise(tx: &mut Tx, need: &Need) -> sqlx::Result<bool> {
    let sql = "INSERT INTO care (id, entry, version, cause, note, person, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (id) DO NOTHING";
    let args = args![&need.id, &need.entry, need.version, &need.cause, &need.note, &need.person, need.at];
    Ok(tx.run(sql, args).await? == 1)
}

/// The need with this id.
pub async fn load(tx: &mut Tx, id: &str) -> sqlx::Result<Option<Need>> {
    tx.one("SELECT * FROM care WHERE id = $1", args![id]).await
}

/// What somebody is still asked about an entry.
pub async fn open_of(tx: &mut Tx, entry: &str) -> sqlx::Result<Vec<Need>> {
    tx.all("SELECT * FROM care WHERE entry = $1 AND outcome IS NULL ORDER BY id", args![entry]).await
}

/// Ends a need; false where somebody was faster.
pub async fn settle(tx: &mut Tx, id: &str, outcome: &str) -> sqlx::Result<bool> {
    let sql = "UPDATE care SET outcome = $2 WHERE id = $1 AND outcome IS NULL";
    Ok(tx.run(sql, args![id, outcome]).await? == 1)
}

/// When an owner is to be told of corrections next: now, or `apart` after the last time. Nothing where that is still ahead of
/// them: then they hear of all at once.
pub async fn next_word(tx: &mut Tx, owner: &str, now: Timestamp, apart: Timestamp) -> sqlx::Result<Option<Timestamp>> {
    let sql = "INSERT INTO kv (name, value) VALUES ($1, CAST($2 AS TEXT)) ON CONFLICT (name) DO UPDATE SET
               value = CAST(CASE WHEN CAST(kv.value AS BIGINT) + $3 > $2 THEN CAST(kv.value AS BIGINT) + $3
                                 ELSE $2 END AS TEXT)
               WHERE CAST(kv.value AS BIGINT) <= $2 RETURNING CAST(value AS BIGINT)";
    let name = format!("corrections told to {owner}");
    Ok(tx.one::<(Timestamp,)>(sql, args![name, now, apart]).await?.map(|(at,)| at))
}

/// Announces a card before it is sent.
pub async fn announce(tx: &mut Tx, posting: &CarePosting) -> sqlx::Result<()> {
    let p = posting;
    let sql = "INSERT INTO care_cards (task_id, about, care, person, member, code, state)
               VALUES ($1, $2, $3, $4, $5, $6, 'posting')";
    let args = args![&p.task_id, p.about.as_str(), &p.care, &p.person, p.to.to_string(), &p.code];
    tx.run(sql, args).await.map(drop)
}

/// The card with this task id.
pub async fn card(tx: &mut Tx, task_id: &str) -> sqlx::Result<Option<CarePosting>> {
    tx.one("SELECT * FROM care_cards WHERE task_id = $1", args![task_id]).await
}

/// The cards of a need, or of an action, that are on a phone, or may be.
pub async fn open_cards(tx: &mut Tx, care: &str) -> sqlx::Result<Vec<CarePosting>> {
    tx.all("SELECT * FROM care_cards WHERE care = $1 AND state <> 'gone' ORDER BY task_id", args![care]).await
}

/// The card has appeared. A tap may be faster than the platform's answer; then its code is the newer one.
pub async fn posted(tx: &mut Tx, task_id: &str, code: Option<&str>, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE care_cards SET state = CASE WHEN state = 'posting' THEN 'open' ELSE state END,
               response_code = COALESCE(response_code, $2), posted_at = COALESCE(posted_at, $3) WHERE task_id = $1";
    tx.run(sql, args![task_id, code, now]).await.map(drop)
}

/// A tap gives the only code that can change the card from now on.
pub async fn tapped(tx: &mut Tx, task_id: &str, code: Option<&str>, now: Timestamp) -> sqlx::Result<()> {
    let sql = "UPDATE care_cards SET state = 'open', response_code = COALESCE($2, response_code),
               posted_at = COALESCE(posted_at, $3) WHERE task_id = $1";
    tx.run(sql, args![task_id, code, now]).await.map(drop)
}

/// Gives the code that changes a card to one user, once.
pub async fn take_code(tx: &mut Tx, task_id: &str) -> sqlx::Result<Option<String>> {
    let found = card(tx, task_id).await?;
    tx.run("UPDATE care_cards SET response_code = NULL WHERE task_id = $1", args![task_id]).await?;
    Ok(found.and_then(|posting| posting.response_code))
}

/// The phone shows what became of it, or it never appeared there.
pub async fn gone(tx: &mut Tx, task_id: &str) -> sqlx::Result<()> {
    tx.run("UPDATE care_cards SET state = 'gone' WHERE task_id = $1", args![task_id]).await.map(drop)
}

/// Whose next message is an entry's new answer.
#[derive(Debug, Clone, FromRow)]
pub struct PendingAnswer {
    /// The person's id.
    pub person: String,
    /// The entry's id.
    pub entry: String,
    /// The version they saw.
    pub version: i64,
    /// Until when.
    pub until: Timestamp,
}

/// The person's next message is an entry's new answer.
pub async fn begin_answer(tx: &mut Tx, pending: &PendingAnswer) -> sqlx::Result<()> {
    let sql = "INSERT INTO pending_answers (person, entry, version, until) VALUES ($1, $2, $3, $4)
               ON CONFLICT (person) DO UPDATE SET entry = excluded.entry, version = excluded.version,
               until = excluded.until";
    tx.run(sql, args![&pending.person, &pending.entry, pending.version, pending.until]).await.map(drop)
}

/// Stops waiting for a person's message; gives what it was for, where it is still wanted.
pub async fn end_answer(tx: &mut Tx, person: &str, now: Timestamp) -> sqlx::Result<Option<PendingAnswer>> {
    let found: Option<PendingAnswer> = tx.one("SELECT * FROM pending_answers WHERE person = $1", args![person]).await?;
    tx.run("DELETE FROM pending_answers WHERE person = $1", args![person]).await?;
    Ok(found.filter(|pending| pending.until > now))
}
