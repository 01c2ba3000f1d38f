//! Outward calls, and nothing else: what leaves this program leaves here.

mod draft;
mod erase;
mod fetched;
mod hand;
mod knowledge;
mod media;
mod office;
mod phone;
mod pictures;
mod reply;
mod report;
mod session;
mod surface;
mod upload;
mod wire;

pub(crate) use draft::{Wanted, answer};
pub(crate) use knowledge::what_if;
pub(crate) use media::forget as forget_attachment;
pub use office::{NoOffice, Offices, Seats, Settings as OfficeSettings, Trial};
pub(crate) use office::{forget as forget_look_ups, part_of_pack};
pub(crate) use reply::learned;
pub(crate) use surface::answer_tap;

use channels::wecom::api::ApiError;

use crate::app::App;
use crate::automation;
use crate::case::{Authority, PartResult};
use crate::clock::{MINUTE, SECOND, Timestamp};
use crate::metrics::Sent;
use crate::store::queue::{self, Door, Rank, Row};
use crate::store::sends::Send;
use crate::worker::{Job, apply, deal};

/// Attempts after which a message to a phone is given up and somebody is told.
const MOST_ATTEMPTS: i64 = 12;

/// Does one claimed job of the outbox.
///
/// # Errors
/// When the database fails; the job is then done again by whoever claims it next.
pub async fn perform(app: &App, row: Row) -> anyhow::Result<()> {
    let job: Job = serde_json::from_str(&row.body)?;
    match job {
        Job::Draft { case, generation } => draft::draft(app, row, case, generation).await,
        Job::PostCard { task_id, to } => phone::post_card(app, row, task_id, to).await,
        Job::SettleCard { task_id, to } => phone::settle_card(app, row, task_id, to).await,
        Job::PostCare { task_id, to } => phone::post_care(app, row, task_id, to).await,
        Job::SettleCare { task_id, to } => phone::settle_care(app, row, task_id, to).await,
        Job::Ask { task_id, to, question } => phone::ask(app, row, task_id, to, question).await,
        Job::Say { to, say } => phone::say(app, row, to, say, Rank::First).await,
        Job::Prompt { to, say } => phone::prompt(app, row, to, say).await,
        Job::AnswerPress { press, alert } => phone::answer_press(app, row, press, alert).await,
        Job::Inform { to, say } => phone::say(app, row, to, say, Rank::Then).await,
        Job::Corrections { to, owner } => phone::corrections(app, row, to, owner).await,
        Job::Show { to, picture } => phone::picture(app, row, to, picture).await,
        Job::Draw { to, until } => report::draw(app, row, to, until).await,
        Job::Text { to, text } => phone::text(app, row, to, text).await,
        Job::Story { case, to, person } => phone::story(app, row, case, to, person).await,
        Job::Deal { .. } => deal::deal(app, row).await,
        Job::ReviewDeadline { case, due } => review_deadline(app, row, case, due).await,
        Job::WindowDeadline { case, .. } => happen(app, row, case, crate::case::Event::WindowEnded).await,
        Job::EvidenceStale { case, version } => {
            happen(app, row, case, crate::case::Event::EvidenceStale { version }).await
        }
        Job::PolicyChanged { case } => happen(app, row, case, crate::case::Event::PolicyChanged).await,
        Job::KnowledgeChanged { case } => knowledge::changed(app, row, case).await,
        Job::Publish { to, person, entry, only, code } => {
            knowledge::publish(app, row, to, knowledge::Wish { person, entry, only, code }).await
        }
        Job::AskReview { sample } => ask_review(app, row, sample).await,
        Job::FetchUpload { to, person, file } => upload::fetch(app, row, to, person, file).await,
        Job::ReadUpload { upload } => upload::read(app, row, upload).await,
        Job::PublishUpload { to, person, upload } => upload::publish(app, row, to, person, upload).await,
        Job::Send { case, conversation, part, .. } => reply::send(app, row, case, conversation, part).await,
        Job::Notice { case, conversation, kind } => reply::notice(app, row, case, conversation, kind).await,
        Job::Welcome { conversation, code, until } => reply::welcome(app, row, conversation, code, until).await,
        Job::Transfer { case, conversation, person } => session::transfer(app, row, case, conversation, person).await,
        Job::EndSession { conversation } => session::end(app, row, conversation).await,
        Job::FetchMedia { conversation, seq, media_id } => media::fetch(app, row, conversation, seq, media_id).await,
        Job::TestRecipe { to, store, recipe, order } => {
            office::test(app, row, office::Wanted { to, store, recipe, order }).await
        }
        Job::PrepareAction { action } => office::prepare_action(app, row, action).await,
        Job::SubmitAction { action } => office::submit_action(app, row, action).await,
        Job::CollectPack { to, case, person } => {
            office::collect_pack(app, row, office::PackWish { case, person, to }).await
        }
        Job::LearnName { conversation } => session::learn_name(app, row, conversation).await,
        Job::Erase { conversation, number, person } => erase::erase(app, row, &conversation, number, &person).await,
    }
}

/// A job that is only a date: something happens to a case.
async fn happen(app: &App, row: Row, case: String, event: crate::case::Event) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                // A refusal means that it no longer matters.
                let _ = apply::apply(tx, &app, &case, &event).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// What left without a person is put before a reviewer.
async fn ask_review(app: &App, row: Row, sample: String) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                automation::ask(tx, &app, &sample).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// Nobody decided in time.
async fn review_deadline(app: &App, row: Row, case: String, due: Timestamp) -> anyhow::Result<()> {
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                deal::expired(tx, &app, &case, due).await?;
                apply::finish(tx, Door::Outbox, &row, app.clock.now()).await
            })
        })
        .await
}

/// Marks a job as done that left nothing else to write.
async fn finished(app: &App, row: Row) -> anyhow::Result<()> {
    let now = app.clock.now();
    app.store.commit(move |tx| Box::pin(async move { apply::finish(tx, Door::Outbox, &row, now).await })).await
}

/// Counts what became of a message to a customer, and how long a reply took since its authority.
fn count(app: &App, send: &Send, result: &PartResult) {
    let outcome = match result {
        PartResult::Accepted => Sent::Accepted,
        PartResult::Failed { .. } => Sent::Failed,
        PartResult::PutOff { .. } => Sent::PutOff,
        PartResult::Unknown => Sent::Unknown,
        PartResult::HandedOut => Sent::HandedOut,
    };
    app.metrics.sent(outcome);
    if let (Sent::Accepted, Ok(authority)) = (outcome, serde_json::from_str::<Authority>(&send.authority)) {
        app.metrics.reply_took(app.clock.now() - authority.at());
    }
}

/// How long work waits for the program that has the store's browser.
const ELSEWHERE: Timestamp = SECOND / 2;

/// Leaves a job to the program that has the store's browser.
async fn left_to_another(app: &App, row: Row) -> anyhow::Result<()> {
    let when = app.clock.now() + ELSEWHERE;
    not_before(app, row, when).await
}

/// Puts back a job that was not begun.
async fn not_before(app: &App, row: Row, when: Timestamp) -> anyhow::Result<()> {
    app.store.commit(move |tx| Box::pin(async move { Ok(queue::not_now(tx, &row, when).await?) })).await
}

/// Puts a job back: 2, 4, 8, … seconds, at most a minute.
async fn later(app: &App, row: Row, problem: String) -> anyhow::Result<()> {
    let due = app.clock.now() + backoff(row.attempts);
    app.store
        .commit(move |tx| Box::pin(async move { Ok(queue::later(tx, Door::Outbox, &row, due, &problem).await?) }))
        .await
}

/// How long to wait after the `attempts`-th failure. Never for long: once a platform that refused for hours is well,
/// people see what waits within a minute.
pub(crate) fn backoff(attempts: i64) -> Timestamp {
    let doubled = 1_i64 << attempts.clamp(1, 6);
    (doubled * SECOND).min(MINUTE)
}

/// Whether the platform will say the same to the same request whenever it comes.
fn refused_for_good(error: &ApiError) -> bool {
    matches!(error, ApiError::Refused { .. }) && !error.retryable_later()
}
