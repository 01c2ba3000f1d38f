//! Everything of a customer is erased; whoever wanted that hears of it.

use crate::app::App;
use crate::case::Say;
use crate::clock::{SECOND, Timestamp};
use crate::erasure::{CarriedOut, carry_out};
use crate::store::Tx;
use crate::store::queue::{self, Door, Row};
use crate::worker::apply;

/// How long what is under way is left alone before it is looked at again.
const AGAIN: Timestamp = SECOND;

pub(super) async fn erase(app: &App, row: Row, conversation: &str, number: i64, person: &str) -> anyhow::Result<()> {
    let (app, conversation, person) = (app.clone(), conversation.to_owned(), person.to_owned());
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                let now = app.clock.now();
                let say = match carry_out(tx, &app, &conversation, &person).await? {
                    CarriedOut::NotYet => return Ok(queue::not_now(tx, &row, now + AGAIN).await?),
                    CarriedOut::Done => Say::new("erase.done"),
                    CarriedOut::Already => Say::new("erase.done_before"),
                    CarriedOut::Held(hold) => {
                        Say::new("erase.held").with("why", hold.why).with_person("by", &hold.person)
                    }
                };
                tell(tx, &app, &person, &say.with("number", number)).await?;
                apply::finish(tx, Door::Outbox, &row, now).await
            })
        })
        .await
}

async fn tell(tx: &mut Tx, app: &App, person: &str, say: &Say) -> anyhow::Result<()> {
    let desk = app.desk(tx).await?;
    match app.address_of(&desk.desk, person) {
        Some(to) => apply::queue_say(tx, app, &to, say, app.clock.now()).await,
        None => Ok(()),
    }
}
