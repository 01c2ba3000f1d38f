//! The day's budgets for the model. What an answer may take is set aside before it is asked for, in the database that all
//! instances share, and corrected by what it took: a budget is never overdrawn by two at once, and a worker that dies
//! leaves too little in it, not too much. A program that only reads the database, as a replay does, keeps no books: whoever
//! started it sees what it asks.

use std::time::Duration;

use crate::app::App;
use crate::case::NoModel;
use crate::desk::DraftingBudgets;
use crate::drafting::Usage;
use crate::store::spending::{self, Spent};
use crate::view::{View, local_day};

/// What was set aside for one answer.
pub(super) struct SetAside {
    day: String,
    conversation: String,
    expected: Spent,
}

/// Sets aside what an answer may take; why that cannot be, where a budget is spent.
pub(super) async fn set_aside(app: &App, view: &View, expected: Usage) -> anyhow::Result<Result<SetAside, NoModel>> {
    let budgets = view.desk.desk.drafting.clone();
    let expected = cost(&budgets, expected, Duration::ZERO);
    let aside = SetAside { day: today(app, view), conversation: view.conversation.id.clone(), expected };
    if app.store.only_reads() {
        return Ok(Ok(aside));
    }
    let (day, conversation) = (aside.day.clone(), aside.conversation.clone());
    let spent = app.store.commit(move |tx| {
        let (day, conversation, budgets) = (day.clone(), conversation.clone(), budgets.clone());
        Box::pin(async move {
            let desk = spending::add(tx, &day, spending::DESK, expected).await?;
            let customer = spending::add(tx, &day, &conversation, expected).await?;
            let spent = over(&budgets, desk, customer);
            if let Some(spent) = spent {
                let back = Spent::default().beyond(expected);
                let refused = |whose| Spent { refused: i64::from(spent == whose), ..back };
                spending::add(tx, &day, spending::DESK, refused(NoModel::DeskBudget)).await?;
                spending::add(tx, &day, &conversation, refused(NoModel::CustomerBudget)).await?;
            }
            Ok(spent)
        })
    });
    Ok(spent.await?.map_or(Ok(aside), Err))
}

/// Corrects what was set aside by what the answer took.
pub(super) async fn settle(
    app: &App,
    view: &View,
    aside: SetAside,
    usage: Usage,
    took: Duration,
) -> anyhow::Result<()> {
    if app.store.only_reads() {
        return Ok(());
    }
    let SetAside { day, conversation, expected } = aside;
    let more = cost(&view.desk.desk.drafting, usage, took).beyond(expected);
    app.store
        .commit(move |tx| {
            let (day, conversation) = (day.clone(), conversation.clone());
            Box::pin(async move {
                spending::add(tx, &day, spending::DESK, more).await?;
                spending::add(tx, &day, &conversation, more).await?;
                Ok(())
            })
        })
        .await
}

fn cost(budgets: &DraftingBudgets, usage: Usage, took: Duration) -> Spent {
    let Usage { tokens_in, tokens_out } = usage;
    let ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    Spent { calls: 1, tokens_in, tokens_out, micros: budgets.micros(tokens_in, tokens_out), ms, refused: 0 }
}

fn today(app: &App, view: &View) -> String {
    local_day(app.clock.now(), &view.desk.desk.desk.timezone)
}

fn over(budgets: &DraftingBudgets, desk: Spent, customer: Spent) -> Option<NoModel> {
    match (desk.exceeds(&budgets.desk), customer.exceeds(&budgets.customer)) {
        (true, _) => Some(NoModel::DeskBudget),
        (false, true) => Some(NoModel::CustomerBudget),
        (false, false) => None,
    }
}
