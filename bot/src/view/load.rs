//! What is looked at: a case as it stands, or one whose answer had left, as it was before.

use anyhow::Context;

use super::{HISTORY, View};
use crate::app::App;
use crate::automation;
use crate::case::{Author, Case, State};
use crate::clock::{MINUTE, Timestamp};
use crate::policy::Route;
use crate::store::conversations::{self, Message};
use crate::store::desks::Applied;
use crate::store::{Tx, cases};
use crate::worker::recovery;

impl View {
    /// Looks at a case.
    ///
    /// # Errors
    /// When the database fails or the case does not exist.
    pub async fn load(tx: &mut Tx, app: &App, case_id: &str) -> anyhow::Result<Self> {
        let (mut case, sampled) = on_card(tx, case_id).await?.context("no such case")?;
        let conversation = conversations::load(tx, &case.conversation).await?.context("no such conversation")?;
        case.window = conversation.window();
        let mut messages = conversations::history(tx, &case.conversation, HISTORY).await?;
        if sampled {
            before_the_answer(&mut messages, case.watermark);
        }
        let place = cases::place(tx, &case).await?;
        let recovered_at = recovery::recovered_at(tx).await?;
        let desk = app.desk(tx).await?;
        let now = app.clock.now();
        if sampled {
            case.set_due(now + Timestamp::from(desk.desk.desk.review_minutes) * MINUTE);
        }
        let missing = missing(tx, &case, &desk).await?;
        Ok(Self { case, conversation, messages, desk, place, now, recovered_at, missing })
    }
}

/// The case that a card with this case id shows, and whether it is a sample: one that is looked at as it was before its
/// answer left.
///
/// # Errors
/// When the database fails.
pub(crate) async fn on_card(tx: &mut Tx, id: &str) -> anyhow::Result<Option<(Case, bool)>> {
    match cases::load(tx, id).await? {
        Some(case) => Ok(Some((case, false))),
        None => Ok(automation::as_case(tx, id).await?.map(|case| (case, true))),
    }
}

/// How many good drafts in a row are missing before what the draft is about may be answered without a person; none where
/// it never may, or does already.
async fn missing(tx: &mut Tx, case: &Case, desk: &Applied) -> anyhow::Result<Option<u32>> {
    let State::AwaitingReview(review) = &case.state else { return Ok(None) };
    let counts = matches!(review.draft.author, Author::Bot { .. }) && review.draft.verdict.is_eligible();
    if !counts || review.draft.verdict.route == Route::Permit {
        return Ok(None);
    }
    let tally = automation::tally(tx, &case.channel, review.draft.intent).await?;
    Ok(Some(tally.missing(desk.desk.policy.auto.bad_rate)))
}

/// The conversation as it was before the answer to the customer's message `watermark`.
fn before_the_answer(messages: &mut Vec<Message>, watermark: i64) {
    messages.retain(|message| message.seq <= watermark);
    messages.iter_mut().rev().take_while(|message| message.author == "customer").for_each(|message| {
        message.answered = false;
    });
}
