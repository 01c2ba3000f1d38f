//! What the knowledge has on each thing the customer asks.

use knowledge::{Found, Index, Query};

use super::Wanted;
use crate::app::App;
use crate::drafting::{self, Asked};
use crate::knowledge_desk::asked_on;

/// Passages a drafter may rest on, for each question.
const PASSAGES: usize = 5;

/// The questions, and what was found for each.
pub(super) async fn for_each(app: &App, wanted: &Wanted, index: &Index) -> (Vec<String>, Vec<Found>) {
    let (clauses, whole) = match drafting::asked(&wanted.texts) {
        Asked::Once(whole) => (Vec::new(), whole),
        Asked::Plainly(questions) => {
            let found = found(app, wanted, index, &questions).await;
            return (questions, found);
        }
        Asked::Perhaps { clauses, whole } => (clauses, whole),
    };
    let apart = found(app, wanted, index, &clauses).await;
    if !clauses.is_empty() && drafting::are_answered_apart(&apart) {
        return (clauses, apart);
    }
    let questions = vec![whole];
    let found = found(app, wanted, index, &questions).await;
    (questions, found)
}

async fn found(app: &App, wanted: &Wanted, index: &Index, questions: &[String]) -> Vec<Found> {
    let mut found = Vec::with_capacity(questions.len());
    for text in questions {
        let meaning = app.meaning_of(text).await;
        let scope = asked_on(wanted.view.channel(), text, index);
        let query =
            Query { text, meaning: meaning.as_deref(), scope: &scope, now_ms: wanted.view.now, limit: PASSAGES };
        found.push(index.search(&query));
    }
    found
}
