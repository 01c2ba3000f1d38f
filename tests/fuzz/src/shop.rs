//! What customers ask, what replies say, and the lists a shop makes of what must not be said.

use knowledge::{Disguise, Gate, Query, Scope, Severity, WordList};

use crate::desk::SHOP;

/// A question in any letters: what is found lies in the entries, in order, with a likelihood.
pub(crate) fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let found = SHOP.search(&Query { text: &text, meaning: None, scope: &Scope::default(), now_ms: 0, limit: 8 });
    assert!((0.0..=1.0).contains(&found.confidence));
    assert!(found.hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
    for hit in found.hits {
        assert!(hit.text.get(hit.span.0..hit.span.1).is_some_and(|cited| !cited.is_empty()));
    }
}

/// A reply, and before a zero byte perhaps a list of its own: marks lie in the text, and what is only suspected to be
/// a disguise never blocks.
pub(crate) fn gate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (list, reply) = text.split_once('\0').unwrap_or(("", &text));
    looked_at(Gate::starter(), reply);
    if let Ok(list) = WordList::parse(list) {
        looked_at(&Gate::new(&[list]).expect("a list that can be read can be looked for"), reply);
    }
}

fn looked_at(gate: &Gate, reply: &str) {
    let marks = gate.look(reply);
    assert!(marks.windows(2).all(|pair| pair[0].span.start <= pair[1].span.start));
    for mark in marks {
        assert!(reply.get(mark.span.clone()).is_some_and(|said| !said.is_empty()));
        assert!(mark.disguise != Disguise::Sound || mark.severity == Severity::Suspicion);
        assert!(mark.disguise != Disguise::Halves || mark.severity <= Severity::Review);
    }
}
