//! Wishing for what decides a refund: nothing is changed for that, and nothing decided.

use serde_json::json;

use super::Desk;
use crate::case::Say;
use crate::policy::{self, Power};
use crate::store::back_office;
use crate::view::View;
use crate::worker::Job;

pub(super) async fn wish(desk: &mut Desk<'_, '_>, n: i64) -> anyhow::Result<()> {
    let Some(view) = desk.case(n).await? else { return Ok(()) };
    if let Err(denied) = policy::may(desk.person, Power::Decide, view.channel()) {
        return desk.denied(&denied).await;
    }
    if let Some(key) = obstacle(desk, &view).await? {
        return desk.refused_wish(&view.case, key, json!({ "wish": "pack" })).await;
    }
    let (to, case, person) = (desk.from.clone(), view.case.id.clone(), desk.person.id.clone());
    Job::CollectPack { to, case, person }.enqueue(desk.tx, desk.app, desk.app.clock.now()).await?;
    desk.say(Say::new("pack.collecting").with("number", n)).await
}

/// Why nothing can be collected: no back office, no order named, or one of somebody else's. What everybody reads names
/// nobody's order.
async fn obstacle(desk: &mut Desk<'_, '_>, view: &View) -> anyhow::Result<Option<&'static str>> {
    let office = view.channel().and_then(|channel| view.desk.desk.back_office(&channel.store));
    let Some(office) = office else { return Ok(Some("refused.pack_no_office")) };
    let named = policy::order_number(&view.customer_texts(), office.order_digits);
    let Some(order) = named.filter(|_| !view.conversation.is_public()) else {
        return Ok(Some("refused.action_no_order"));
    };
    let owner = back_office::owner_of_order(desk.tx, &office.id, &order).await?;
    Ok(owner.is_some_and(|owner| owner != view.conversation.id).then_some("refused.pack_not_theirs"))
}
