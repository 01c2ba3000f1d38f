//! A file of knowledge that somebody sends in their chat with the bot.

use knowledge::import::MAX_FILE_BYTES;

use super::Desk;
use crate::case::Say;
use crate::knowledge_desk::uploads::{self, NotTaken};
use crate::policy::{self, Power};
use crate::surface::SentFile;
use crate::worker::Job;

/// Somebody sent a file: it is fetched and read where they may look after the knowledge and it can be taken at all.
///
/// # Errors
/// When the database fails.
pub async fn sent(desk: &mut Desk<'_, '_>, file: SentFile) -> anyhow::Result<()> {
    if let Err(denied) = policy::may(desk.person, Power::ManageKnowledge, None) {
        desk.record_denied(&denied).await?;
        return desk.say(Say::new("kb.file_denied")).await;
    }
    if file.in_group {
        return desk.say(Say::new("kb.file_in_group")).await;
    }
    let name = file.name.as_deref().map(uploads::clean_name).unwrap_or_default();
    if let Some(why) = not_taken(&name, file.bytes) {
        return desk.text(why.told(&name, desk.desk.words())).await;
    }
    let job = Job::FetchUpload { to: desk.from.clone(), person: desk.person.id.clone(), file };
    job.enqueue(desk.tx, desk.app, desk.app.clock.now()).await
}

/// Why a file is not even fetched, as far as that is known before.
fn not_taken(name: &str, bytes: Option<u64>) -> Option<NotTaken> {
    if bytes.is_some_and(|bytes| bytes > MAX_FILE_BYTES as u64) {
        return Some(NotTaken::TooLarge);
    }
    // Without an extension its bytes have to tell.
    name.contains('.').then(|| NotTaken::of_name(name))?
}
