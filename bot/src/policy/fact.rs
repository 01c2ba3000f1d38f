//! What speaks for a review without any word being said: doubt, value, silence of the knowledge, the channel's wish.

use cards::Risk;

use super::{Finding, Level, Matter, Reason, Route, Rules, Trigger};

/// The rule of what a model made of a picture or a voice.
pub(super) const MACHINE_READ: &str = "machine_read";
/// Answers after which a customer who still asks is not a routine matter.
const MANY_TURNS: u32 = 3;
/// Digits of a number from which on it may be an order's or a person's; prices, sizes and dates have fewer.
const PERSONAL: usize = 7;
/// Letters of a message from which on its language is told.
const LETTERS: usize = 8;

/// Every fact that speaks for a review.
pub(super) fn findings(matter: &Matter, rules: &Rules) -> Vec<Finding> {
    let asked_again = matter.turns >= MANY_TURNS;
    // Written so that a confidence that is no number counts as doubt.
    let confidence = matter.circumstances.chance.unwrap_or(matter.confidence);
    let sure = matter.draft.is_some() && confidence >= rules.policy.confidence;
    let high_value = matter.order_cents.is_some_and(|cents| cents >= rules.policy.high_value_cents);
    let demanded = rules.channel.is_some_and(|c| c.review_required.iter().any(|name| name == matter.intent.as_str()));
    let reviewer = (Risk::Medium, Level::Reviewer);
    let facts = [
        (asked_again, Trigger::Rt05, "asked_again", reviewer),
        (!sure, Trigger::Rt06, "confidence", reviewer),
        (matter.citations == 0, Trigger::Rt06, "no_citation", reviewer),
        (matter.attachments > 0, Trigger::Rt06, "unread_attachment", reviewer),
        (matter.readings > 0, Trigger::Rt06, MACHINE_READ, reviewer),
        (high_value, Trigger::Rt07, "high_value", (Risk::High, Level::Supervisor)),
        (speaks_otherwise(matter), Trigger::Rt12, "language", reviewer),
        (matter.public, Trigger::Rt08, "public", reviewer),
        (demanded, Trigger::Rt14, "channel", (Risk::Low, Level::Reviewer)),
    ];
    let holding = facts.into_iter().filter(|(holds, ..)| *holds);
    let mut found: Vec<Finding> = holding.map(|(_, trigger, rule, weight)| finding(trigger, rule, weight)).collect();
    if matter.public && matter.draft.is_some_and(|parts| parts.iter().any(|part| names_somebody(part))) {
        let told = finding(Trigger::Rt03, "public_personal", (Risk::High, Level::Supervisor));
        found.push(Finding { route: Route::HumanOnly, ..told });
    }
    found
}

/// Whether a text has a number that can only be somebody's: an order, a phone, an identity card. Spaces and hyphens in it
/// hide nothing.
fn names_somebody(text: &str) -> bool {
    let mut run = 0;
    for c in text.chars() {
        match c {
            '0'..='9' | '０'..='９' => run += 1,
            ' ' | '-' if run > 0 => {}
            _ => run = 0,
        }
        if run >= PERSONAL {
            return true;
        }
    }
    false
}

fn finding(trigger: Trigger, rule: &str, (risk, level): (Risk, Level)) -> Finding {
    Finding { reason: Reason { trigger, rule: rule.into(), words: Vec::new() }, risk, route: Route::Review(level) }
}

/// The customer writes without a Chinese character, the reply has some, or the other way round.
fn speaks_otherwise(matter: &Matter) -> bool {
    let Some(draft) = matter.draft else { return false };
    match (is_chinese(matter.customer), is_chinese(draft)) {
        (Some(customer), Some(draft)) => customer != draft,
        _ => false,
    }
}

/// Whether texts have Chinese characters; none when there is too little to tell.
fn is_chinese(texts: &[String]) -> Option<bool> {
    let letters = texts.iter().flat_map(|text| text.chars()).filter(|c| c.is_alphabetic());
    let (mut count, mut chinese) = (0, false);
    for c in letters {
        count += 1;
        chinese |= ('\u{4e00}'..='\u{9fff}').contains(&c);
    }
    (chinese || count >= LETTERS).then_some(chinese)
}
