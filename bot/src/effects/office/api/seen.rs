//! An order together with its parcel's way: as people are shown it, as the customer is told it, and for the record.

use serde_json::{Value, json};

use super::tracking::{Asked, NoTrack, Track};
use super::{Order, Parcel, State};
use crate::clock::Timestamp;
use crate::policy::{Measure, Shown};
use crate::view::{View, local};

/// What was seen of an order.
pub(super) struct Seen<'a> {
    pub(super) order: &'a Order,
    /// The parcel it is about.
    pub(super) parcel: Option<&'a Parcel>,
    /// Its way, where a logistics service is asked.
    pub(super) asked: Option<&'a Asked>,
}

impl Seen<'_> {
    /// The parcel's way, where it is known, and when it was asked for.
    pub(super) fn track(&self) -> Option<(&Track, Timestamp)> {
        self.asked.and_then(|asked| Some((asked.track.as_ref().ok()?, asked.at)))
    }

    /// Why the parcel's way is not known, where it was to be.
    fn no_track(&self) -> Option<&NoTrack> {
        self.asked.and_then(|asked| asked.track.as_ref().err())
    }

    /// What is on record of the parcel's way; the answer is kept by its hash.
    pub(super) fn on_record(&self) -> Value {
        let Some(asked) = self.asked else { return Value::Null };
        json!({ "by": "kuaidi100", "asked_at": asked.at, "answer_sha256": asked.answer,
            "last_event_at": self.track().map(|(track, _)| track.at),
            "why_not": self.no_track().map(NoTrack::key) })
    }

    /// The facts as people are shown them.
    pub(super) fn shown(&self, view: &View) -> Vec<Shown> {
        let rows = [vec![state(view, self.order.state)], self.way(view), self.particulars(view)];
        rows.concat()
    }

    fn way(&self, view: &View) -> Vec<Shown> {
        let words = view.words();
        if let Some(problem) = self.no_track() {
            return vec![row(view, "order_state.track", words.text(problem.key(), &[]))];
        }
        let Some((track, _)) = self.track() else { return Vec::new() };
        let newest = format!("{} {}", moment(view, track.at), track.what);
        vec![
            row(view, "order_state.track", words.text(track.stage.key(), &[])),
            row(view, "order_state.newest", newest),
        ]
    }

    fn particulars(&self, view: &View) -> Vec<Shown> {
        let paid = self.order.paid.as_ref().map(|(cents, currency)| Shown {
            measure: Measure::Cents(*cents),
            ..row(view, "order_state.paid", format!("{currency} {}.{:02}", cents / 100, cents % 100))
        });
        let placed = self.order.placed_at.and_then(|at| placed(view, at));
        let parcels = self.order.parcels.iter().map(|Parcel { carrier, number }| {
            row(view, "order_state.parcel", format!("{carrier} {number}").trim().to_owned())
        });
        [paid, placed].into_iter().flatten().chain(parcels).collect()
    }

    /// What the customer is told.
    pub(super) fn told(&self, view: &View) -> String {
        let words = view.words();
        let state = words.text(self.order.state.key(), &[]);
        let Some(Parcel { carrier, number }) = self.parcel else {
            return words.text("order_reply.state", &[("state", &state)]);
        };
        let order = [("state", state.as_str()), ("carrier", carrier), ("number", number)];
        let Some((track, _)) = self.track() else { return words.text("order_reply.state_and_parcel", &order) };
        let (stage, at) = (words.text(track.stage.key(), &[]), moment(view, track.at));
        let way = [("stage", stage.as_str()), ("at", &at), ("what", &track.what)];
        words.text("order_reply.tracked", &[&order[..], &way].concat())
    }
}

fn state(view: &View, state: State) -> Shown {
    row(view, "order_state.state", view.words().text(state.key(), &[]))
}

fn row(view: &View, label: &str, said: String) -> Shown {
    Shown { label: view.words().text(label, &[]), said, measure: Measure::State }
}

fn placed(view: &View, at: Timestamp) -> Option<Shown> {
    let day = local(at, &view.desk.desk.desk.timezone, "%m-%d");
    let (month, day) = day.split_once('-')?;
    let measure = Measure::Day { month: month.parse().ok()?, day: day.parse().ok()? };
    Some(Shown { measure, ..row(view, "order_state.placed", moment(view, at)) })
}

fn moment(view: &View, at: Timestamp) -> String {
    local(at, &view.desk.desk.desk.timezone, "%Y-%m-%d %H:%M")
}
