//! Approving faster than anybody reads: not refused, since the person decides, but said to them and on record.

use serde_json::json;

use super::apply;
use crate::app::App;
use crate::case::Say;
use crate::clock::{SECOND, Timestamp};
use crate::evidence::{Actor, Entry, Kind};
use crate::store::desks::Applied;
use crate::store::{Tx, people, record};

/// The time approvals are counted in.
const WITHIN: Timestamp = 10 * SECOND;
/// So many approvals in that time are more than anybody reads.
const UNREAD: i64 = 6;

/// Notes that somebody approved just now, and tells them once when it goes too fast.
///
/// # Errors
/// When the database fails.
pub(super) async fn approved(tx: &mut Tx, app: &App, desk: &Applied, entries: &[Entry]) -> anyhow::Result<()> {
    let decided = entries.iter().find(|entry| entry.kind == Kind::Decided);
    let Some(Actor::Person(person)) = decided.map(|entry| &entry.actor) else { return Ok(()) };
    let now = app.clock.now();
    if people::approved(tx, person, now, now - WITHIN).await? != UNREAD {
        return Ok(());
    }
    let payload = json!({ "approvals": UNREAD, "within_ms": WITHIN });
    let entry = Entry { kind: Kind::HastyApprovals, actor: Actor::Person(person.clone()), payload };
    record::append(tx, app, record::DESK, None, &entry).await?;
    let Some(to) = app.address_of(&desk.desk, person) else { return Ok(()) };
    let say = Say::new("told.hasty").with("count", UNREAD).with("seconds", WITHIN / SECOND);
    apply::queue_say(tx, app, &to, &say, now).await
}
