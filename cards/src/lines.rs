//! What every surface says of a case in the same words: whose it is, what it is about, how long there is, what the customer
//! said, which buttons there are.

use crate::card::ReviewCard;
use crate::fit::{ELLIPSIS, count, cut, fit, one_line};
use crate::hidden::reveal;
use crate::names::Act;
use crate::wecom::limit;
use crate::words::Words;

/// Between the facts of a line.
const DOT: &str = " · ";

/// `旗舰店·3/7`: the shop gives way, the place stays.
pub(crate) fn source(card: &ReviewCard) -> String {
    let place = card.place.map_or_else(String::new, |(this, of)| format!("·{this}/{of}"));
    let shop = one_line(&card.shop);
    match limit::SOURCE.checked_sub(count(&place)) {
        Some(room) if room > 1 => fit(&shop, room) + &place,
        _ => fit(&shop, limit::SOURCE),
    }
}

/// `#81 退款进度 · 中风险`: the intent gives way, number and risk stay.
pub(crate) fn title(card: &ReviewCard, words: &Words) -> String {
    let number = format!("#{}", card.number);
    let risk = format!("{DOT}{}", card.risk.label(words));
    let room = limit::TITLE.saturating_sub(count(&number) + count(&risk) + 1);
    let intent = fit(&one_line(&card.intent), room);
    let gap = if intent.is_empty() { "" } else { " " };
    let whole = format!("{number}{gap}{intent}{risk}");
    if count(&whole) <= limit::TITLE { whole } else { number }
}

/// `剩 2:40 · 可回 4 条 · 第 2 版`: what does not fit is left out from the end, never cut.
pub(crate) fn desc(card: &ReviewCard, words: &Words) -> String {
    let quota = card.quota_left.map(|left| words.text("desc.quota", &[("count", &left.to_string())]));
    let version = (card.version > 1).then(|| words.text("desc.version", &[("version", &card.version.to_string())]));
    let mut line = String::new();
    for fact in [clock(card, words), quota, version].into_iter().flatten() {
        let longer = if line.is_empty() { fact } else { format!("{line}{DOT}{fact}") };
        if count(&longer) <= limit::DESC {
            line = longer;
        }
    }
    line
}

fn clock(card: &ReviewCard, words: &Words) -> Option<String> {
    match (card.overdue, card.seconds_left) {
        (true, Some(left)) if left < 0 => {
            Some(words.text("desc.overdue_by", &[("clock", &minutes(left.unsigned_abs()))]))
        }
        (true, _) => Some(words.text("desc.overdue", &[])),
        (false, Some(left)) => Some(words.text("desc.left", &[("clock", &minutes(left.max(0).unsigned_abs()))])),
        (false, None) => None,
    }
}

/// `2:40`, `1:02:40`.
fn minutes(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Whose words, and the words, of what the customer said last; nothing where that was nothing.
pub(crate) fn customer_said(card: &ReviewCard, words: &Words) -> Option<(String, String)> {
    let text = reveal(&card.customer);
    let text = text.trim();
    if text.is_empty() && card.attachments == 0 {
        return None;
    }
    let title = match card.attachments {
        0 => words.text("quote.title", &[]),
        some => words.text("quote.title_with", &[("count", &some.to_string())]),
    };
    let text = if text.is_empty() { words.text("quote.wordless", &[]) } else { quoted(text, words) };
    Some((title, text))
}

/// The customer's words; where they are cut, how many characters more there were.
pub(crate) fn quoted(text: &str, words: &Words) -> String {
    let total = count(text);
    if total <= limit::QUOTE {
        return text.to_owned();
    }
    let more = |left_out: usize| format!("{ELLIPSIS}{}", words.text("quote.more", &[("count", &left_out.to_string())]));
    let start = cut(text, limit::QUOTE.saturating_sub(count(&more(total))));
    format!("{start}{}", more(total - count(start)))
}

/// A link a platform takes; a card with a bad one would be refused whole (wecom 45034, 42028), so a bad one is left out.
pub(crate) fn is_link(link: &str) -> bool {
    (link.starts_with("https://") || link.starts_with("http://")) && link.len() <= limit::URL_BYTES
}

/// The buttons to show: each once, no more than a card takes, no 发送 and no 重发 without a draft that can be seen whole, no confirmations. A card must have
/// a button (42039), so one that would have none offers 接手.
pub(crate) fn acts(card: &ReviewCard) -> Vec<Act> {
    let mut shown = Vec::new();
    for act in &card.acts {
        let fits = match act {
            Act::Send | Act::SendAgain => card.sendable(),
            Act::Edit | Act::Escalate | Act::TakeOver | Act::Reject | Act::Pause => true,
            Act::Delivered | Act::Drop | Act::LookAgain => true,
            Act::ConfirmReject | Act::ConfirmPause => false,
        };
        if fits && !shown.contains(act) {
            shown.push(*act);
        }
    }
    shown.truncate(limit::BUTTONS);
    if shown.is_empty() { vec![Act::TakeOver] } else { shown }
}
