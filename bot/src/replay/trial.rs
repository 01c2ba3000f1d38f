//! What another configuration would have made of the desk's own newest cases, beside the one in force.

use std::collections::BTreeSet;

use cards::Risk;
use cards::words::Words;

use super::past::{Past, Said, Speaker};
use super::scene::{Became, Replayed};
use crate::store::conversations::{self, Message};
use crate::store::{Tx, cases};

/// Characters of a customer's words that are quoted.
const QUOTED: usize = 40;

/// What was said in the newest `limit` cases, newest first, each a conversation by the case's number.
///
/// # Errors
/// When the database fails.
pub async fn newest(tx: &mut Tx, limit: i64) -> anyhow::Result<Vec<Past>> {
    let mut pasts = Vec::new();
    for case in cases::newest(tx, limit).await? {
        let messages = conversations::of_case(tx, &case.conversation, &case.id).await?;
        let said: Vec<Said> = messages.iter().map(said).collect();
        pasts.push(Past { id: format!("#{}", case.number), channel: case.channel, said });
    }
    Ok(pasts)
}

fn said(message: &Message) -> Said {
    Said {
        line: u64::try_from(message.seq).unwrap_or_default(),
        at: message.at,
        by: if message.author == "customer" { Speaker::Customer } else { Speaker::Shop },
        kind: match message.kind.as_str() {
            "text" => "text",
            "image" => "image",
            "voice" => "voice",
            _ => "file",
        },
        text: message.body.clone(),
    }
}

/// The turns that would be judged otherwise, a line each: what only the one in force says of it, and what only the other one
/// does. Both replays are of the same conversations.
pub fn judged_otherwise(now: &[Replayed], then: &[Replayed], words: &Words) -> Vec<String> {
    let told = |(now, then): (&Replayed, &Replayed)| {
        let (before, after) = (judged(now), judged(then));
        let only = |these: &BTreeSet<&'static str>, those: &BTreeSet<&'static str>| {
            let names: Vec<String> = these.difference(those).map(|key| words.text(key, &[])).collect();
            if names.is_empty() { "–".to_owned() } else { names.join("·") }
        };
        let question = cards::fit(&cards::one_line(&now.customer.join(" ")), QUOTED);
        let both = [only(&before, &after), only(&after, &before)];
        let line =
            [("case", now.conversation.as_str()), ("question", &question), ("now", &both[0]), ("then", &both[1])];
        (before != after).then(|| words.text("trial.line", &line))
    };
    now.iter().zip(then).filter_map(told).collect()
}

/// The locale keys of everything that is said about a turn.
fn judged(one: &Replayed) -> BTreeSet<&'static str> {
    let became = match one.became {
        Became::Review => "trial.review",
        Became::EscalationOwner => "trial.escalation_owner",
        Became::NeedsPerson(_) => "trial.needs_person",
    };
    let risk = match one.risk {
        Risk::Low => "risk.low",
        Risk::Medium => "risk.medium",
        Risk::High => "risk.high",
        Risk::Abnormal => "risk.abnormal",
    };
    let found = one.reasons.iter().map(|reason| reason.key()).chain(one.holds.iter().map(|hold| hold.key()));
    let forbidden = (!one.forbidden.is_empty()).then_some("trial.forbidden");
    let alone = one.could_leave.then_some("trial.could_leave");
    [became, risk, one.intent.key()].into_iter().chain(found).chain(forbidden).chain(alone).collect()
}
