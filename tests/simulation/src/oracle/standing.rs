//! What must hold while nothing happens: whatever is open has work of its own waiting, or a person answers.

use super::Oracle;
use crate::case::{Case, Part, SessionOwner, State};
use crate::store::{Job, Store};

impl Oracle {
    /// Looks at every open case.
    pub fn looks(&self, store: &Store) {
        for talk in 0..store.conversations.len() {
            let Some(case) = store.open_case(talk) else { continue };
            check_pending(store, case);
        }
        for (case, known) in store.cases.iter().enumerate() {
            let newest = store.conversations[store.talk_of[case]].case == Some(case);
            assert!(newest || known.is_closed(), "{} is open beside a newer one", known.id);
        }
    }
}

/// No dead end: whoever is asked has a due time, and what goes on by itself has a row.
fn check_pending(store: &Store, case: usize) {
    let known = &store.cases[case];
    let waits = |of: &dyn Fn(&Job) -> bool| store.rows.iter().any(|row| of(&row.job));
    let deadline = |at| waits(&|job| matches!(job, Job::ReviewDeadline { case: of, due } if *of == case && *due == at));
    let going_on = match &known.state {
        State::Drafting(_) => {
            let wanted = known.generation;
            waits(&|job| matches!(job, Job::Draft { case: of, generation } if *of == case && *generation == wanted))
        }
        State::AwaitingReview(review) => deadline(review.due),
        State::NeedsPerson(stuck) => deadline(stuck.due),
        State::Unknown(doubt) => deadline(doubt.due),
        State::Sending(sending) => {
            let claimed = sending.parts.iter().position(|part| *part == Part::Claimed);
            claimed.or(sending.next_part()).is_some_and(|wanted| {
                waits(&|job| matches!(job, Job::Send { case: of, part } if *of == case && *part == wanted))
            })
        }
        State::HandedOver { session: SessionOwner::Asked, .. } => {
            waits(&|job| matches!(job, Job::Transfer { case: of } if *of == case))
        }
        State::HandedOver { .. } | State::Closed { .. } => true,
    };
    assert!(going_on, "nothing will ever happen to {}: {:?}", known.id, known.state);
    let ends = with_person(known) || waits(&|job| matches!(job, Job::WindowDeadline { case: of } if *of == case));
    assert!(ends, "no deadline will ever end {}: {:?}", known.id, known.state);
}

fn with_person(case: &Case) -> bool {
    matches!(case.state, State::HandedOver { session: SessionOwner::Person | SessionOwner::Pool, .. })
}
