//! Giving cases to reviewers whose turn it is, on channels that deal by turn. What is decided is decided by the core;
//! here one instance at a time looks at who is there and what waits.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::apply;
use super::job::Job;
use crate::app::App;
use crate::case::{Case, Event, Roster};
use crate::clock::{SECOND, Timestamp};
use crate::desk::Dispatch;
use crate::store::pauses::{self, Matter};
use crate::store::queue::{Door, Row};
use crate::store::turns::{self, Place};
use crate::store::{Tx, cases, desks, people};

/// Cases moved in one unit of work: others wait for the writer meanwhile.
const AT_ONCE: usize = 8;
/// How often somebody looks whatever happened: hours begin and end without anybody saying so.
const EVERY: Timestamp = 30 * SECOND;

/// Carries out a wish to deal, and all others that wait, until nobody has room or nothing waits.
///
/// # Errors
/// When the database fails.
pub async fn deal(app: &App, row: Row) -> anyhow::Result<()> {
    while !deal_some(app, &row).await? {}
    Ok(())
}

/// A unit of work's share of it; whether that was the last.
async fn deal_some(app: &App, row: &Row) -> anyhow::Result<bool> {
    let (app, row) = (app.clone(), row.clone());
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                turns::deal_alone(tx).await?;
                let now = app.clock.now();
                // Before anything is looked at: what a wish was for is seen from here on.
                turns::absorb_wishes(tx, &row.id, now).await?;
                let done = move_some(tx, &app).await? < AT_ONCE;
                if done {
                    apply::finish(tx, Door::Outbox, &row, now).await?;
                }
                Ok(done)
            })
        })
        .await
}

/// Moves at most [`AT_ONCE`] cases: first those whose holder cannot go on, then those that wait. Says how many were
/// moved; fewer than that when there is nothing left to do. The dealer's lock is held by the caller.
///
/// # Errors
/// When the database fails.
pub async fn move_some(tx: &mut Tx, app: &App) -> anyhow::Result<usize> {
    let mut table = Table::look(tx, app).await?;
    let stranded = table.stranded(tx).await?;
    for case in stranded {
        if table.moved < AT_ONCE {
            table.put_back(tx, app, &case).await?;
        }
    }
    let channels: Vec<String> = table.channels();
    for channel in channels {
        table.raise_unattended(tx, app, &channel).await?;
    }
    table.give_out(tx, app).await?;
    Ok(table.moved)
}

/// Nobody decided in time: the next reviewer gets the case, or the next level.
///
/// # Errors
/// When the database fails.
pub async fn expired(tx: &mut Tx, app: &App, case_id: &str, due: Timestamp) -> anyhow::Result<()> {
    let event = Event::ReviewExpired { due };
    let desk = app.desk(tx).await?;
    let known = cases::load(tx, case_id).await?;
    let by_turn = |channel: &str| desk.desk.channel(channel).is_some_and(|c| c.dispatch == Dispatch::Turn);
    let held = known.filter(|case| case.in_turn.holder.is_some() && by_turn(&case.channel));
    let Some(mut case) = held else {
        return apply::apply(tx, app, case_id, &event).await.map(drop);
    };
    turns::deal_alone(tx).await?;
    let table = Table::look(tx, app).await?;
    case.in_turn.passed.extend(case.in_turn.holder.clone());
    let next = table.roster.next(&case).map(str::to_owned);
    // A refusal means that it no longer matters.
    apply::apply_with(tx, app, case_id, &event, next.as_deref()).await.map(drop)
}

/// Wishes for a look at who is there, now and then.
///
/// # Errors
/// When the database fails.
pub(super) async fn when_due(app: &App) -> anyhow::Result<bool> {
    let (reader, now) = (app.clone(), app.clock.now());
    let due = app.store.read(move |tx| {
        Box::pin(async move {
            let by_turn = reader.desk(tx).await?.desk.channels.iter().any(|c| c.dispatch == Dispatch::Turn);
            let last = desks::value(tx, "dealt_at").await?.and_then(|at| at.parse::<Timestamp>().ok());
            Ok(by_turn && last.is_none_or(|at| now >= at + EVERY))
        })
    });
    if !due.await? {
        return Ok(false);
    }
    let app = app.clone();
    let store = app.store.clone();
    store
        .commit(move |tx| {
            Box::pin(async move {
                desks::set_value(tx, "dealt_at", &now.to_string()).await?;
                Job::Deal { because: "time".into() }.enqueue(tx, &app, now).await?;
                Ok(true)
            })
        })
        .await
}

/// Who is there, who holds what, and which pauses are in force.
struct Table {
    desk: Arc<desks::Applied>,
    roster: Roster,
    held: Vec<(String, String)>,
    pauses: Vec<pauses::Pause>,
    moved: usize,
}

impl Table {
    async fn look(tx: &mut Tx, app: &App) -> anyhow::Result<Self> {
        let desk = app.desk(tx).await?;
        let words = people::duty_words(tx).await?;
        let mut roster = Roster::new(usize::try_from(desk.desk.desk.open_cards)?);
        for channel in desk.desk.channels.iter().filter(|c| c.dispatch == Dispatch::Turn) {
            let off_duty = desk.desk.off_duty(channel, &words, app.clock.now());
            roster.on_duty(&channel.id, desk.desk.reviewers_on_duty(channel, &off_duty));
        }
        let mut held = Vec::new();
        for (person, channel, cases) in turns::held(tx).await? {
            roster.holds(&person, usize::try_from(cases)?);
            held.push((person, channel));
        }
        Ok(Self { desk, roster, held, pauses: pauses::in_force(tx).await?, moved: 0 })
    }

    /// Channels on which cases are given out now: all that deal by turn and are not paused, and those that did.
    fn channels(&self) -> Vec<String> {
        let paused =
            |id: &str| self.pauses.iter().any(|p| p.scope == "everything" || (p.scope == "channel" && p.target == id));
        self.desk.desk.channels.iter().map(|c| c.id.clone()).filter(|id| !paused(id)).collect()
    }

    /// Held cases whose holder cannot go on: off duty, without the right, or paused.
    async fn stranded(&self, tx: &mut Tx) -> anyhow::Result<BTreeSet<String>> {
        let mut stranded = BTreeSet::new();
        for (person, channel) in self.held.iter().filter(|(person, channel)| !self.roster.is_on_duty(channel, person)) {
            stranded.extend(turns::held_by(tx, person, channel).await?);
        }
        for pause in &self.pauses {
            let target = Some(pause.target.as_str());
            let (channel, conversation) = match pause.scope.as_str() {
                "channel" => (target, None),
                "conversation" => (None, target),
                "everything" => (None, None),
                // Cases go on being dealt: what is of high risk is no reviewer's to decide.
                _ => continue,
            };
            stranded.extend(turns::held_within(tx, channel, conversation).await?);
        }
        Ok(stranded)
    }

    async fn put_back(&mut self, tx: &mut Tx, app: &App, case_id: &str) -> anyhow::Result<()> {
        let Some(case) = cases::load(tx, case_id).await? else { return Ok(()) };
        let covered = pauses::covering(tx, Matter::of(&case, &self.desk.desk)).await?.is_some();
        let to = self.roster.next(&case).filter(|_| !covered).map(str::to_owned);
        let Some(from) = case.in_turn.holder.clone() else { return Ok(()) };
        if self.happens(tx, app, &case, &Event::PutBack { to: to.clone() }).await? {
            self.roster.let_go(&from);
            to.iter().for_each(|to| self.roster.holds(to, 1));
        }
        Ok(())
    }

    /// Where nobody is on duty, or cases are not dealt any more, what waits does not wait for ever.
    async fn raise_unattended(&mut self, tx: &mut Tx, app: &App, channel: &str) -> anyhow::Result<()> {
        if self.roster.deals(channel) && self.roster.anybody_left(channel, &[]) {
            return Ok(());
        }
        for (_, case) in turns::waiting(tx, channel, Place::FIRST, self.room()).await? {
            self.happens(tx, app, &case, &Event::Undealt).await?;
        }
        Ok(())
    }

    fn room(&self) -> i64 {
        i64::try_from(AT_ONCE.saturating_sub(self.moved)).unwrap_or(0)
    }

    /// Gives out what waits, in the order of all channels together, as long as somebody has room.
    async fn give_out(&mut self, tx: &mut Tx, app: &App) -> anyhow::Result<()> {
        let mut heads = Vec::new();
        for channel in self.channels() {
            heads.push(Head::new(channel));
        }
        while self.moved < AT_ONCE {
            for head in &mut heads {
                head.read(tx, &self.roster).await?;
            }
            let first = heads.iter_mut().filter(|head| !head.cases.is_empty()).min_by_key(|head| head.place());
            let Some(case) = first.and_then(|head| head.cases.pop_front()).map(|(_, case)| case) else { break };
            self.give(tx, app, &case).await?;
        }
        Ok(())
    }

    async fn give(&mut self, tx: &mut Tx, app: &App, case: &Case) -> anyhow::Result<()> {
        if let Some(to) = self.roster.next(case).map(str::to_owned) {
            if self.happens(tx, app, case, &Event::Dealt { to: to.clone() }).await? {
                self.roster.holds(&to, 1);
            }
        } else if !self.roster.anybody_left(&case.channel, &case.in_turn.passed) {
            // Otherwise whoever has not had it has no room now.
            self.happens(tx, app, case, &Event::Undealt).await?;
        }
        Ok(())
    }

    /// Lets an event happen to a case; false when the case has moved on by itself.
    async fn happens(&mut self, tx: &mut Tx, app: &App, case: &Case, event: &Event) -> anyhow::Result<bool> {
        let happened = apply::apply(tx, app, &case.id, event).await?.is_ok();
        self.moved += usize::from(happened);
        Ok(happened)
    }
}

/// A channel's waiting cases, read a few at a time.
struct Head {
    channel: String,
    cases: VecDeque<(Place, Case)>,
    read_to: Place,
    at_the_end: bool,
}

impl Head {
    fn new(channel: String) -> Self {
        Self { channel, cases: VecDeque::new(), read_to: Place::FIRST, at_the_end: false }
    }

    /// Reads on when nothing is left, as long as somebody there has room.
    async fn read(&mut self, tx: &mut Tx, roster: &Roster) -> anyhow::Result<()> {
        if !roster.has_room(&self.channel) {
            self.cases.clear();
        } else if self.cases.is_empty() && !self.at_the_end {
            let limit = i64::try_from(AT_ONCE)?;
            self.cases = turns::waiting(tx, &self.channel, self.read_to, limit).await?.into();
            self.at_the_end = self.cases.len() < AT_ONCE;
            self.read_to = self.cases.back().map_or(self.read_to, |(place, _)| *place);
        }
        Ok(())
    }

    fn place(&self) -> Option<Place> {
        self.cases.front().map(|(place, _)| *place)
    }
}
