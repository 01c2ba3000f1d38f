//! What texts mean, by an encoder's name and the texts' hashes: found once, for all instances.

use super::Tx;
use crate::args;

/// The direction of a text, as bytes.
pub async fn load(tx: &mut Tx, encoder: &str, sha256: &[u8; 32]) -> sqlx::Result<Option<Vec<u8>>> {
    let sql = "SELECT numbers FROM directions WHERE encoder = $1 AND sha256 = $2";
    let found: Option<(String,)> = tx.one(sql, args![encoder, hex::encode(sha256)]).await?;
    Ok(found.and_then(|(numbers,)| hex::decode(numbers).ok()))
}

/// Keeps the direction of a text; another instance may have been faster.
pub async fn keep(tx: &mut Tx, encoder: &str, sha256: &[u8; 32], numbers: &[u8]) -> sqlx::Result<()> {
    let sql = "INSERT INTO directions (encoder, sha256, numbers) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    tx.run(sql, args![encoder, hex::encode(sha256), hex::encode(numbers)]).await.map(drop)
}
