//! What changes something in the shop, and the mishaps on the way.

use axum::body::Bytes;
use axum::http::StatusCode;

use super::ledger::{Effect, Write};
use super::pages::{NOTE_CHARS, REPLY_CHARS, TAGS};
use super::shop::{Line, Side};
use super::{Kept, Mishap, Shared};
use crate::faults::Lost;

/// What the site makes of a write.
pub(super) enum Outcome {
    /// Done.
    Done,
    /// Refused, for this reason.
    Refused(StatusCode),
    /// Whoever handed it in is sent to the sign-in page.
    ToSignIn,
    /// Whatever was done, the answer is lost so.
    Lost(Lost),
}

/// A form's fields.
pub(super) fn fields(body: &Bytes) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(n, v)| (decoded(n), decoded(v))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digit = |d: Option<u8>| d.and_then(|d| char::from(d).to_digit(16));
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                bytes.extend(high.zip(low).and_then(|(h, l)| u8::try_from(h * 16 + l).ok()));
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A write by whoever holds `session`: refused unless the form's token is theirs and the order is there.
pub(super) fn write(shared: &Shared, session: Option<&str>, token: &str, effect: Effect) -> Outcome {
    let mut kept = shared.kept();
    let mishap = kept.mishaps.pop_front();
    if mishap == Some(Mishap::Lapsed) {
        kept.sessions.clear();
    }
    let refusal = match mishap {
        Some(Mishap::Before(_)) => Some(StatusCode::BAD_GATEWAY),
        Some(Mishap::Refused(status)) => Some(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)),
        _ => refusal(&kept, session, token, &effect),
    };
    let at_ms = shared.settings.clock.now_ms();
    kept.ledger.writes.push(Write { at_ms, effect: effect.clone(), done: refusal.is_none() });
    if refusal.is_none() {
        carry_out(&mut kept, effect);
    }
    match (mishap, refusal) {
        (Some(Mishap::Before(lost) | Mishap::After(lost)), _) => Outcome::Lost(lost),
        (Some(Mishap::Lapsed), _) => Outcome::ToSignIn,
        (_, Some(status)) => Outcome::Refused(status),
        (Some(Mishap::SignedOut), None) => {
            kept.sessions.clear();
            Outcome::Done
        }
        (_, None) => Outcome::Done,
    }
}

fn refusal(kept: &Kept, session: Option<&str>, token: &str, effect: &Effect) -> Option<StatusCode> {
    let known = session.and_then(|session| kept.sessions.get(session));
    if known.is_none() {
        return Some(StatusCode::UNAUTHORIZED);
    }
    if known.is_none_or(|known| known != token) {
        return Some(StatusCode::FORBIDDEN);
    }
    let (order, fits) = match effect {
        Effect::Note { order, text } => (order, is_text(text, NOTE_CHARS)),
        Effect::Reply { order, text } => (order, is_text(text, REPLY_CHARS)),
        Effect::Tag { order, tag } => (order, TAGS.contains(&tag.as_str())),
        Effect::Untag { order, tag } => (order, kept.orders.get(order).is_some_and(|order| order.tags.contains(tag))),
        Effect::Refund { order } => (order, kept.orders.get(order).is_some_and(|order| order.after_sale.is_some())),
        Effect::Way(_) | Effect::Telemetry | Effect::Visit => return None,
    };
    if !kept.orders.contains_key(order) {
        return Some(StatusCode::NOT_FOUND);
    }
    (!fits).then_some(StatusCode::UNPROCESSABLE_ENTITY)
}

fn is_text(text: &str, longest: usize) -> bool {
    !text.trim().is_empty() && text.replace("\r\n", "\n").chars().count() <= longest
}

fn carry_out(kept: &mut Kept, effect: Effect) {
    match effect {
        Effect::Note { order, text } => {
            let text = text.replace("\r\n", "\n");
            kept.orders.entry(order).and_modify(|order| order.notes.push(text));
        }
        Effect::Reply { order, text } => {
            let line = Line { by: Side::Shop, text: text.replace("\r\n", "\n") };
            kept.orders.entry(order).and_modify(|order| order.chat.push(line));
        }
        Effect::Tag { order, tag } => {
            kept.orders.entry(order).and_modify(|order| order.tags.push(tag));
        }
        Effect::Untag { order, tag } => {
            kept.orders.entry(order).and_modify(|order| {
                order.tags.retain(|known| *known != tag);
                order.removed.push(tag);
            });
        }
        Effect::Refund { order } => {
            let cases = kept.orders.get_mut(&order).into_iter().filter_map(|order| order.after_sale.as_mut());
            cases.for_each(|case| case.status = "退款成功".to_owned());
        }
        Effect::Way(_) | Effect::Telemetry | Effect::Visit => {}
    }
}

/// Writes down what reached the site without anybody's session being asked for.
pub(super) fn note(shared: &Shared, effect: Effect) {
    let at_ms = shared.settings.clock.now_ms();
    shared.kept().ledger.writes.push(Write { at_ms, effect, done: true });
}
