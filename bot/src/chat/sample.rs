//! Reviews of replies that had left already.

use cards::Key;

use super::{Desk, EDIT_WAITS};
use crate::automation::{self, Reviewed};
use crate::case::Say;
use crate::report;
use crate::store::outcomes::Outcome;
use crate::store::people::{self, PendingEdit};
use crate::store::samples::Sample;
use crate::worker::Job;

/// A reviewer decided about a sample: kept, and only now they are told that it had left.
///
/// # Errors
/// When the database fails.
pub async fn sample_reviewed(desk: &mut Desk<'_, '_>, sample: &Sample, said: Reviewed<'_>) -> anyhow::Result<()> {
    let number = automation::as_case(desk.tx, &sample.id).await?.map_or(0, |case| case.number);
    let kept = automation::reviewed(desk.tx, desk.app, desk.desk, (sample, desk.person), said).await?;
    let key = match (kept, said.outcome) {
        (false, _) => "told.sample_over",
        (true, Outcome::Unchanged) => "told.sample_good",
        (true, _) => "told.sample_bad",
    };
    desk.say(Say::new(key).with("number", number)).await
}

/// The person's next message is what they would have sent instead.
///
/// # Errors
/// When the database fails.
pub async fn begin_sample_edit(desk: &mut Desk<'_, '_>, sample: &Sample, key: &Key) -> anyhow::Result<()> {
    let until = desk.app.clock.now() + EDIT_WAITS;
    let (person, case_id) = (desk.person.id.clone(), sample.id.clone());
    let edit = PendingEdit { person, case_id, version: key.version, code: key.code.clone(), until };
    people::begin_edit(desk.tx, &edit).await?;
    let say = Say::new("told.edit_prompt").with("number", key.case);
    let prompt = Job::Prompt { to: desk.from.clone(), say };
    prompt.enqueue(desk.tx, desk.app, desk.app.clock.now()).await
}

/// What they would have sent instead arrived.
pub(super) async fn edited(desk: &mut Desk<'_, '_>, sample: &Sample, text: &str) -> anyhow::Result<()> {
    let case = automation::as_case(desk.tx, &sample.id).await?;
    let drafted = case.and_then(|case| case.draft().map(|draft| draft.parts.join("\n"))).unwrap_or_default();
    let distance = i64::try_from(report::distance(&drafted, text)).ok();
    sample_reviewed(desk, sample, Reviewed { outcome: Outcome::Changed, reason: None, distance }).await
}
