//! Files of knowledge that people hand in on a page, each on a page of its own.

use sqlx::FromRow;

use super::Tx;
use crate::args;
use crate::clock::Timestamp;
use crate::surface::Address;

/// A page that takes one file, and what became of the file.
#[derive(Debug, Clone, FromRow)]
pub struct Upload {
    /// Its number.
    pub number: i64,
    /// Who may hand in, by id.
    pub person: String,
    /// Where they asked for it, and hear of it.
    #[sqlx(rename = "member", try_from = "String")]
    pub to: Address,
    /// Until when it takes a file.
    pub until: Timestamp,
    /// The file's name, once one was handed in.
    pub file: Option<String>,
    /// The kind of entries that name none.
    pub kind: Option<String>,
    /// What the file is kept by.
    pub sha256: Option<String>,
    /// What it gave, as JSON, once it was read.
    pub report: Option<String>,
}

/// A file as it is handed in.
#[derive(Debug, Clone)]
pub struct HandedIn {
    /// Its name.
    pub file: String,
    /// The kind of entries that name none.
    pub kind: String,
    /// What it is kept by.
    pub sha256: String,
}

/// Opens a page for one person, by the hash of its token.
pub async fn give(tx: &mut Tx, token_sha256: &str, person: &str, to: &Address, until: Timestamp) -> sqlx::Result<()> {
    tx.alone("upload numbers").await?;
    let sql = "INSERT INTO uploads (number, token_sha256, person, member, until)
               SELECT COALESCE(MAX(number), 0) + 1, $1, $2, $3, $4 FROM uploads";
    tx.run(sql, args![token_sha256, person, to.to_string(), until]).await.map(drop)
}

/// The page with this token's hash.
pub async fn by_token(tx: &mut Tx, token_sha256: &str) -> sqlx::Result<Option<Upload>> {
    tx.one("SELECT * FROM uploads WHERE token_sha256 = $1", args![token_sha256]).await
}

/// The page with this number.
pub async fn load(tx: &mut Tx, number: i64) -> sqlx::Result<Option<Upload>> {
    tx.one("SELECT * FROM uploads WHERE number = $1", args![number]).await
}

/// Takes the page's one file; false where it took one before, or is too old.
pub async fn hand_in(tx: &mut Tx, number: i64, handed: &HandedIn, now: Timestamp) -> sqlx::Result<bool> {
    let sql = "UPDATE uploads SET file = $2, kind = $3, sha256 = $4 WHERE number = $1 AND file IS NULL AND until > $5";
    Ok(tx.run(sql, args![number, &handed.file, &handed.kind, &handed.sha256, now]).await? == 1)
}

/// Keeps what the file gave.
pub async fn was_read(tx: &mut Tx, number: i64, report: &str) -> sqlx::Result<()> {
    tx.run("UPDATE uploads SET report = $2 WHERE number = $1", args![number, report]).await.map(drop)
}
