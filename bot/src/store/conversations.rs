//! Conversations and what was said in them.

use channels::{BETWEEN_IDS, Thread};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::Tx;
use super::sends::Send;
use crate::args;
use crate::case::Window;
use crate::clock::Timestamp;
use crate::desk::Channel;

/// One customer on one channel.
#[derive(Debug, Clone, FromRow)]
pub struct Conversation {
    /// Unique id.
    pub id: String,
    /// Channel id.
    pub channel: String,
    /// The account the customer wrote to.
    pub account: String,
    /// The customer's id on the wire.
    pub customer: String,
    /// The customer's name, when known.
    pub name: Option<String>,
    /// Sequence number of the newest message.
    pub last_seq: i64,
    /// When the platform's window closes; [`NO_LIMIT`] where it does not.
    window_ends_at: Timestamp,
    /// Messages the platform still accepts; [`NO_LIMIT`] where it does not count.
    quota_left: i64,
    /// The newest case.
    pub case_id: Option<String>,
    /// When everything about the customer was erased; whoever writes afterwards begins a new conversation.
    pub erased_at: Option<Timestamp>,
}

/// What stands in the database for "no limit".
const NO_LIMIT: i64 = i64::MAX;

impl Conversation {
    /// A conversation in which nothing was said yet.
    pub fn begun(id: String, channel: &Channel, account: &str, customer: &str) -> Self {
        let nothing_yet = channel.abilities().window.map_or(NO_LIMIT, |_| 0);
        Self {
            id,
            channel: channel.id.clone(),
            account: account.into(),
            customer: customer.into(),
            name: None,
            last_seq: 0,
            window_ends_at: nothing_yet,
            quota_left: nothing_yet,
            case_id: None,
            erased_at: None,
        }
    }

    /// Whether everybody reads what is answered.
    pub fn is_public(&self) -> bool {
        Thread::of(&self.customer).0 == Thread::Comment
    }

    /// What people call the customer: by name where it is known, else by the channel's id.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| Thread::of(&self.customer).1)
    }

    /// What may still be sent.
    pub fn window(&self) -> Window {
        let known = |value: i64| (value != NO_LIMIT).then_some(value);
        Window { ends_at: known(self.window_ends_at), quota_left: known(self.quota_left) }
    }

    /// Takes over what may still be sent.
    pub fn set_window(&mut self, window: Window) {
        self.window_ends_at = window.ends_at.unwrap_or(NO_LIMIT);
        self.quota_left = window.quota_left.unwrap_or(NO_LIMIT);
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, FromRow)]
pub struct Message {
    /// The conversation.
    pub conversation: String,
    /// Its place there.
    pub seq: i64,
    /// The case it belongs to.
    pub case_id: Option<String>,
    /// Who wrote it: an [`Author`] in words.
    pub author: String,
    /// What it is: `text`, `image`, `voice`, `file`, …
    pub kind: String,
    /// The words, or what the attachment is.
    pub body: String,
    /// The platform's id.
    pub wire_id: String,
    /// The platform's id of the attachment.
    pub media_id: Option<String>,
    /// Hexadecimal SHA-256 of the stored attachment.
    pub media_sha256: Option<String>,
    /// The stored attachment's media type.
    pub media_type: Option<String>,
    /// What a model made of the attachment: what a picture shows, what a voice says.
    pub reading: Option<String>,
    /// When it was written.
    pub at: Timestamp,
    /// The author took it back.
    pub recalled: bool,
    /// The platform accepted it and did not deliver it.
    pub failed: bool,
    /// A reply or a person has answered it.
    pub answered: bool,
}

impl Message {
    /// Who wrote it.
    pub fn author(&self) -> Author {
        match self.author.as_str() {
            "customer" => Author::Customer,
            "servicer" => Author::Servicer,
            _ => Author::Shop,
        }
    }
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The customer.
    Customer,
    /// The bot, with a recorded authority.
    Shop,
    /// A person in the platform's own client.
    Servicer,
}

impl Author {
    fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Shop => "shop",
            Self::Servicer => "servicer",
        }
    }
}

/// The conversation with this customer, created when new, and locked until the transaction ends.
pub async fn open(tx: &mut Tx, new: &Conversation, now: Timestamp) -> sqlx::Result<Conversation> {
    let args = args![&new.id, &new.channel, &new.account, &new.customer, now, new.window_ends_at, new.quota_left];
    // A channel may move to another account; its customers come along.
    let sql = "INSERT INTO conversations
               (id, channel, account, customer, last_seq, window_ends_at, quota_left, created_at, touched_at)
               VALUES ($1, $2, $3, $4, 0, $6, $7, $5, $5) ON CONFLICT (channel, customer) DO UPDATE SET
               touched_at = excluded.touched_at, account = excluded.account RETURNING *";
    tx.one(sql, args).await?.ok_or(sqlx::Error::RowNotFound)
}

/// The names of the newest attachments.
pub async fn newest_media(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<String>> {
    let sql =
        "SELECT media_sha256 FROM messages WHERE media_sha256 IS NOT NULL AND NOT recalled ORDER BY at DESC LIMIT $1";
    let rows: Vec<(String,)> = tx.all(sql, args![limit]).await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// The conversation with this customer.
pub async fn by_customer(tx: &mut Tx, channel: &str, customer: &str) -> sqlx::Result<Option<Conversation>> {
    tx.one("SELECT * FROM conversations WHERE channel = $1 AND customer = $2", args![channel, customer]).await
}

/// The conversation with this id.
pub async fn load(tx: &mut Tx, id: &str) -> sqlx::Result<Option<Conversation>> {
    tx.one("SELECT * FROM conversations WHERE id = $1", args![id]).await
}

/// The conversation with this id, locked until the transaction ends. It owns budget, order and watermark.
pub async fn lock(tx: &mut Tx, id: &str, now: Timestamp) -> sqlx::Result<Option<Conversation>> {
    tx.one("UPDATE conversations SET touched_at = $2 WHERE id = $1 RETURNING *", args![id, now]).await
}

/// The same by one of its cases.
pub async fn lock_of_case(tx: &mut Tx, case_id: &str, now: Timestamp) -> sqlx::Result<Option<Conversation>> {
    let sql = "UPDATE conversations SET touched_at = $2 WHERE id = (SELECT conversation FROM cases WHERE id = $1)
               RETURNING *";
    tx.one(sql, args![case_id, now]).await
}

/// Stores what changes about a conversation.
pub async fn save(tx: &mut Tx, c: &Conversation) -> sqlx::Result<()> {
    let args = args![&c.id, c.last_seq, c.window_ends_at, c.quota_left, c.case_id.clone()];
    let sql =
        "UPDATE conversations SET last_seq = $2, window_ends_at = $3, quota_left = $4, case_id = $5 WHERE id = $1";
    tx.run(sql, args).await.map(drop)
}

/// Notes the customer's name.
pub async fn set_name(tx: &mut Tx, id: &str, name: &str) -> sqlx::Result<()> {
    let sql = "UPDATE conversations SET name = $2 WHERE id = $1 AND erased_at IS NULL";
    tx.run(sql, args![id, name]).await.map(drop)
}

/// What the customer was told belongs to the conversation, once.
pub async fn shop_said(tx: &mut Tx, send: &Send, now: Timestamp) -> sqlx::Result<()> {
    let Some(mut conversation) = lock(tx, &send.conversation, now).await? else { return Ok(()) };
    conversation.last_seq += 1;
    let message = Message {
        conversation: send.conversation.clone(),
        seq: conversation.last_seq,
        case_id: send.case().map(str::to_owned),
        author: String::new(),
        kind: "text".into(),
        body: send.body.clone(),
        wire_id: send.id.clone(),
        media_id: None,
        media_sha256: None,
        media_type: None,
        reading: None,
        at: now,
        recalled: false,
        failed: false,
        answered: true,
    };
    if add_message(tx, &message, Author::Shop).await? {
        save(tx, &conversation).await?;
    }
    Ok(())
}

/// Adds a message; false when the platform's id is already there.
pub async fn add_message(tx: &mut Tx, m: &Message, author: Author) -> sqlx::Result<bool> {
    let args = args![
        &m.conversation,
        m.seq,
        m.case_id.clone(),
        author.as_str(),
        &m.kind,
        &m.body,
        &m.wire_id,
        m.media_id.clone(),
        m.at,
        m.answered,
        m.recalled
    ];
    let added = tx
        .run(
            "INSERT INTO messages (conversation, seq, case_id, author, kind, body, wire_id, media_id, at, answered, recalled, failed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, FALSE) ON CONFLICT (conversation, wire_id) DO NOTHING",
            args,
        )
        .await?;
    Ok(added == 1)
}

/// Whether the platform's message is already stored.
pub async fn has_message(tx: &mut Tx, conversation: &str, wire_id: &str) -> sqlx::Result<bool> {
    let sql = "SELECT seq FROM messages WHERE conversation = $1 AND wire_id = $2";
    Ok(tx.one::<(i64,)>(sql, args![conversation, wire_id]).await?.is_some())
}

/// Whether the customer ever wrote.
pub async fn heard_from(tx: &mut Tx, conversation: &str) -> sqlx::Result<bool> {
    let sql = "SELECT seq FROM messages WHERE conversation = $1 AND author = 'customer' LIMIT 1";
    Ok(tx.one::<(i64,)>(sql, args![conversation]).await?.is_some())
}

/// When the customer wrote the newest of their messages.
pub async fn newest_words_at(tx: &mut Tx, conversation: &str) -> sqlx::Result<Option<Timestamp>> {
    let sql = "SELECT MAX(at) FROM messages WHERE conversation = $1 AND author = 'customer'";
    Ok(tx.one::<(Option<Timestamp>,)>(sql, args![conversation]).await?.and_then(|(at,)| at))
}

/// Notes that a message of ours did not reach the customer; what a reply of `answer_of` answered is open again.
pub async fn not_delivered(
    tx: &mut Tx,
    conversation: &str,
    wire_id: &str,
    answer_of: Option<&str>,
) -> sqlx::Result<()> {
    let failed = "UPDATE messages SET failed = TRUE WHERE conversation = $1 AND wire_id = $2";
    tx.run(failed, args![conversation, wire_id]).await?;
    let Some(case_id) = answer_of else { return Ok(()) };
    let open = "UPDATE messages SET answered = FALSE WHERE conversation = $1 AND case_id = $2 AND author = 'customer'";
    tx.run(open, args![conversation, case_id]).await.map(drop)
}

/// The newest `limit` messages, oldest first.
pub async fn history(tx: &mut Tx, conversation: &str, limit: i64) -> sqlx::Result<Vec<Message>> {
    let sql = "SELECT * FROM messages WHERE conversation = $1 ORDER BY seq DESC LIMIT $2";
    let mut messages: Vec<Message> = tx.all(sql, args![conversation, limit]).await?;
    messages.reverse();
    Ok(messages)
}

/// Something a customer asked.
#[derive(Debug, Clone, FromRow)]
pub struct Asked {
    /// The channel's id.
    pub channel: String,
    /// The words.
    pub text: String,
}

/// What customers wrote of late, the newest first.
pub async fn newest_questions(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<Asked>> {
    let sql = "SELECT c.channel, m.body AS text FROM messages m JOIN conversations c ON c.id = m.conversation
               WHERE m.author = 'customer' AND m.kind = 'text' AND m.recalled = FALSE
               ORDER BY m.at DESC, m.conversation, m.seq DESC LIMIT $1";
    tx.all(sql, args![limit]).await
}

/// What customers were answered of late, the newest first.
pub async fn newest_replies(tx: &mut Tx, limit: i64) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT body FROM messages WHERE author = 'shop' AND kind = 'text' AND recalled = FALSE
               ORDER BY at DESC, conversation, seq DESC LIMIT $1";
    let found: Vec<(String,)> = tx.all(sql, args![limit]).await?;
    Ok(found.into_iter().map(|(body,)| body).collect())
}

/// The customer's messages nobody has answered, oldest first, without what was taken back.
pub async fn unanswered(tx: &mut Tx, conversation: &str) -> sqlx::Result<Vec<Message>> {
    let sql = "SELECT * FROM messages WHERE conversation = $1 AND author = 'customer' AND answered = FALSE
               AND recalled = FALSE ORDER BY seq";
    tx.all(sql, args![conversation]).await
}

/// What was said in a case, oldest first, without what was taken back.
pub async fn of_case(tx: &mut Tx, conversation: &str, case_id: &str) -> sqlx::Result<Vec<Message>> {
    let sql = "SELECT * FROM messages WHERE conversation = $1 AND case_id = $2 AND recalled = FALSE ORDER BY seq";
    tx.all(sql, args![conversation, case_id]).await
}

/// What a customer wrote in a case, oldest first, without what was taken back.
pub async fn words_in_case(tx: &mut Tx, conversation: &str, case_id: &str) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT body FROM messages WHERE conversation = $1 AND case_id = $2 AND author = 'customer'
               AND kind = 'text' AND recalled = FALSE ORDER BY seq";
    let words: Vec<(String,)> = tx.all(sql, args![conversation, case_id]).await?;
    Ok(words.into_iter().map(|(body,)| body).collect())
}

/// Marks the customer's messages up to `seq` as answered.
pub async fn answered(tx: &mut Tx, conversation: &str, seq: i64) -> sqlx::Result<()> {
    let sql = "UPDATE messages SET answered = TRUE WHERE conversation = $1 AND seq <= $2 AND answered = FALSE";
    tx.run(sql, args![conversation, seq]).await.map(drop)
}

/// The stored versions of a message, by their ids, the oldest first.
pub async fn versions(tx: &mut Tx, conversation: &str, wire_id: &str) -> sqlx::Result<Vec<String>> {
    let sql = "SELECT wire_id FROM messages WHERE conversation = $1
               AND (wire_id = $2 OR SUBSTR(wire_id, 1, LENGTH($3)) = $3) ORDER BY seq";
    let rows: Vec<(String,)> = tx.all(sql, args![conversation, wire_id, format!("{wire_id}{BETWEEN_IDS}")]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Of the stored versions of a message: when the newest was written, and whether the customer took the message back; none
/// where no version is stored.
pub async fn newest_version(tx: &mut Tx, conversation: &str, wire_id: &str) -> sqlx::Result<Option<(Timestamp, bool)>> {
    let sql = "SELECT at, recalled FROM messages WHERE conversation = $1
               AND (wire_id = $2 OR SUBSTR(wire_id, 1, LENGTH($3)) = $3) ORDER BY recalled DESC, at DESC LIMIT 1";
    tx.one(sql, args![conversation, wire_id, format!("{wire_id}{BETWEEN_IDS}")]).await
}

/// Notes that a message's author replaced it by another one: it needs no answer of its own.
pub async fn replaced(tx: &mut Tx, conversation: &str, wire_id: &str) -> sqlx::Result<()> {
    for version in versions(tx, conversation, wire_id).await? {
        let sql =
            "UPDATE messages SET answered = TRUE WHERE conversation = $1 AND wire_id = $2 AND author = 'customer'";
        tx.run(sql, args![conversation, version]).await?;
    }
    Ok(())
}

/// Erases a message its author took back; gives the message as it was.
pub async fn recall(tx: &mut Tx, conversation: &str, wire_id: &str) -> sqlx::Result<Option<Message>> {
    let sql = "SELECT * FROM messages WHERE conversation = $1 AND wire_id = $2 AND recalled = FALSE";
    let found: Option<Message> = tx.one(sql, args![conversation, wire_id]).await?;
    let erase = "UPDATE messages SET recalled = TRUE, body = '', media_id = NULL, media_sha256 = NULL, reading = NULL
                 WHERE conversation = $1 AND wire_id = $2";
    tx.run(erase, args![conversation, wire_id]).await?;
    Ok(found)
}

/// Notes where a message's attachment is kept; false when the message was taken back meanwhile.
pub async fn media_stored(
    tx: &mut Tx,
    conversation: &str,
    seq: i64,
    sha256: &str,
    media_type: &str,
) -> sqlx::Result<bool> {
    let sql = "UPDATE messages SET media_sha256 = $3, media_type = $4
               WHERE conversation = $1 AND seq = $2 AND recalled = FALSE";
    Ok(tx.run(sql, args![conversation, seq, sha256, media_type]).await? == 1)
}

/// Notes what a model made of a message's attachment; false when the message was taken back meanwhile.
pub async fn was_read(tx: &mut Tx, conversation: &str, seq: i64, reading: &str) -> sqlx::Result<bool> {
    let sql = "UPDATE messages SET reading = $3 WHERE conversation = $1 AND seq = $2 AND recalled = FALSE";
    Ok(tx.run(sql, args![conversation, seq, reading]).await? == 1)
}

/// Whether any message still has this attachment.
pub async fn has_media(tx: &mut Tx, sha256: &str) -> sqlx::Result<bool> {
    let sql = "SELECT seq FROM messages WHERE media_sha256 = $1 LIMIT 1";
    Ok(tx.one::<(i64,)>(sql, args![sha256]).await?.is_some())
}

/// Forgets the copies of a message's words that are kept outside its conversation: in the list of questions the
/// knowledge does not answer, and in what was told to colleagues. `text` must not be empty.
pub async fn forget_copies(tx: &mut Tx, case_id: Option<&str>, text: &str) -> anyhow::Result<()> {
    let sql = "DELETE FROM gaps WHERE case_id = $1 OR REPLACE($3 || question || $3, $2, '') <> $3 || question || $3";
    tx.run(sql, args![case_id.unwrap_or_default(), format!("\n{text}\n"), "\n"]).await?;
    let quoted = serde_json::to_string(text)?;
    let written = quoted.trim_matches('"').to_owned();
    let sql =
        "UPDATE outbox SET body = '' WHERE kind = 'text' AND done_at IS NOT NULL AND REPLACE(body, $1, '') <> body";
    tx.run(sql, args![written]).await?;
    Ok(())
}
