use super::*;
use crate::policy::Grounding;

/// A record of a shop: its documented drafts are sent unchanged more often, the more the search is sure of them.
fn record(count: u32) -> Vec<Decision> {
    (0..count).map(decision).collect()
}

fn decision(at: u32) -> Decision {
    // Fixed steps that share no factor: evenly spread, and never the same combination for long.
    let part = |step: u32, of: u32| f64::from(at.wrapping_mul(step) % of) / f64::from(of);
    let (confidence, luck) = (part(37, 101), part(61, 97));
    let class = if at.is_multiple_of(3) { Grounding::Inferred } else { Grounding::Documented };
    let chance = confidence * if class == Grounding::Documented { 1.0 } else { 0.5 };
    let retrieval = Retrieval { confidence, ..Retrieval::default() };
    Decision { signals: Signals { retrieval, class, ..Signals::default() }, unchanged: luck < chance }
}

fn asked(confidence: f64, class: Grounding) -> Signals {
    Signals { retrieval: Retrieval { confidence, ..Retrieval::default() }, class, ..Signals::default() }
}

#[test]
fn too_few_decisions_say_nothing() {
    assert_eq!(Model::learn(&[]), None);
    assert_eq!(Model::learn(&record(199)), None);
    assert!(Model::learn(&record(200)).is_some());
}

#[test]
fn a_chance_means_what_it_says_on_decisions_it_has_not_seen() {
    let model = Model::learn(&record(3_000)).expect("enough decisions");
    let quality = model.quality();
    assert!(quality.ece <= 0.05 && quality.brier < 0.25, "{quality:?}");
    assert!(quality.auroc.is_some_and(|auroc| auroc > 0.75), "{quality:?}");
    let new: Vec<(f64, bool)> = (3_000..5_000).map(decision).map(|d| (model.chance(&d.signals), d.unchanged)).collect();
    assert!(Quality::of(&new).ece <= 0.05, "{:?}", Quality::of(&new));
}

#[test]
fn better_grounds_and_a_surer_search_raise_the_chance() {
    let model = Model::learn(&record(3_000)).expect("enough decisions");
    let chance = |confidence, class| model.chance(&asked(confidence, class));
    assert!(chance(0.95, Grounding::Documented) > chance(0.95, Grounding::Inferred));
    assert!(chance(0.95, Grounding::Documented) > chance(0.2, Grounding::Documented) + 0.3);
}

#[test]
fn the_same_record_teaches_the_same() {
    assert_eq!(Model::learn(&record(500)), Model::learn(&record(500)));
}

#[test]
fn few_decisions_never_make_certainty() {
    let clean: Vec<Decision> = record(300).into_iter().map(|d| Decision { unchanged: true, ..d }).collect();
    let model = Model::learn(&clean).expect("enough decisions");
    let chance = model.chance(&asked(0.9, Grounding::Documented));
    assert!((0.95..1.0).contains(&chance), "{chance}");
    let never: Vec<Decision> = record(300).into_iter().map(|d| Decision { unchanged: false, ..d }).collect();
    let chance = Model::learn(&never).expect("enough decisions").chance(&asked(0.9, Grounding::Documented));
    assert!(chance < 0.05, "{chance}");
}

#[test]
fn figures_are_those_of_the_book() {
    let quality = Quality::of(&[(0.9, true), (0.8, true), (0.7, false), (0.1, false)]);
    assert_eq!((quality.count, quality.auroc), (4, Some(1.0)));
    assert!((quality.brier - (0.01 + 0.04 + 0.49 + 0.01) / 4.0).abs() < 1e-9);
    assert_eq!(Quality::of(&[(0.5, true), (0.5, false)]).auroc, Some(0.5));
    assert_eq!((Quality::of(&[]).auroc, Quality::of(&[]).ece), (None, 0.0));
    assert_eq!(Quality::of(&[(0.4, true)]).auroc, None);
}

#[test]
fn signals_that_are_no_numbers_do_no_harm() {
    let model = Model::learn(&record(300)).expect("enough decisions");
    let odd = Signals { history: f64::NAN, ..asked(0.9, Grounding::Documented) };
    let chance = model.chance(&odd);
    assert!(chance.is_nan() || chance < 0.9, "no certainty comes of it: {chance}");
}

#[test]
fn a_question_is_compared_by_its_letters() {
    let cover = |asked: &str, there: &str| signals::covered(&signals::pairs(asked), &signals::pairs(there));
    assert_eq!(cover("包邮吗", "满 99 元包邮"), 0.5);
    assert_eq!((cover("", "包邮"), cover("包邮", "")), (0.0, 0.0));
    assert_eq!(cover("ABC", "abc"), 1.0);
}
