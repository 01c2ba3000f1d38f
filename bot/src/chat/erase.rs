//! `/erase`: what is kept of a customer, erased for good, or kept for a reason of law.

use super::Desk;
use crate::command::EraseCommand;
use crate::erasure;
use crate::policy::{self, Power};

pub(super) async fn on(desk: &mut Desk<'_, '_>, command: EraseCommand) -> anyhow::Result<()> {
    let Some(view) = desk.case(command.n).await? else { return Ok(()) };
    if let Err(denied) = policy::may(desk.person, Power::Erase, view.channel()) {
        return desk.denied(&denied).await;
    }
    let (Ok(say) | Err(say)) = erasure::answer(desk.tx, desk.app, desk.person, &view.case, &command.wish).await?;
    desk.say(say).await
}
