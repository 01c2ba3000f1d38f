//! Cards for Telegram: a message with rows of buttons under it (Bot API: `sendMessage`, `InlineKeyboardMarkup`).
//!
//! There are no drop-downs: each rewrite hint, reason and scope is a button of its own. What is set off is said beside the
//! text, so nothing anybody wrote can become markup.

use crate::card::{Card, ReviewCard};
use crate::care::CareCard;
use crate::draft;
use crate::fit::{fit, one_line};
use crate::hidden::reveal;
use crate::lines::{acts, customer_said, desc, is_link, source, title};
use crate::names::{Act, CareAct, Hint, PauseScope, PlanAct, RejectReason};
use crate::plan::PlanCard;
use crate::words::Words;

/// Characters of the body. A message takes 4,096 UTF-16 units after its markup; a character has at most two, and heading,
/// quote and rows take their share.
const BODY: usize = 1_400;
/// Lines under the draft, and characters of each.
const ROWS: usize = 6;
const ROW: usize = 60;
/// Buttons of a row: more are cut on a phone.
const IN_A_ROW: usize = 3;

/// What goes out for one card: first the messages, in order, and once they were accepted the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Text messages that carry a draft too long for the card, made as those of [`crate::wecom::Posting::above`].
    pub above: Vec<String>,
    /// The card's text.
    pub text: Vec<Span>,
    /// Its buttons, row by row; none on a settled card.
    pub rows: Vec<Vec<Button>>,
}

/// A stretch of a card's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// As it is.
    Plain(String),
    /// Set off.
    Bold(String),
    /// The customer's words.
    Quote(String),
}

/// A button under a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What is written on it.
    pub label: String,
    /// What it does.
    pub does: Does,
}

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// It is pressed.
    Press(Press),
    /// It opens an address, http or https.
    Open(String),
}

/// What a pressed button says: an act, and what a drop-down beside it would have said elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// An act alone.
    Act(Act),
    /// 改 with a hint.
    Edit(Hint),
    /// 确认拒绝 for a reason.
    Reject(RejectReason),
    /// 确认暂停 of a scope.
    Pause(PauseScope),
    /// An act on a piece of knowledge.
    Care(CareAct),
    /// An act on a plan for the back office.
    Plan(PlanAct),
}

/// Where the numbers of hints, reasons and scopes begin; those of acts begin at 0.
const HINTS: u8 = 64;
const REASONS: u8 = 96;
const SCOPES: u8 = 128;
const CARE: u8 = 160;
const PLAN: u8 = 192;

impl Press {
    /// Its number: the place in its vocabulary, which only grows at its end, since old cards stay in chats.
    pub fn number(self) -> u8 {
        match self {
            Self::Act(act) => place(Act::ALL, act),
            Self::Edit(hint) => HINTS + place(Hint::ALL, hint),
            Self::Reject(reason) => REASONS + place(RejectReason::ALL, reason),
            Self::Pause(scope) => SCOPES + place(PauseScope::ALL, scope),
            Self::Care(act) => CARE + place(CareAct::ALL, act),
            Self::Plan(act) => PLAN + place(PlanAct::ALL, act),
        }
    }

    /// What [`Press::number`] gave this number to.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            ..HINTS => Act::ALL.get(usize::from(number)).copied().map(Self::Act),
            HINTS..REASONS => Hint::ALL.get(usize::from(number - HINTS)).copied().map(Self::Edit),
            REASONS..SCOPES => RejectReason::ALL.get(usize::from(number - REASONS)).copied().map(Self::Reject),
            SCOPES..CARE => PauseScope::ALL.get(usize::from(number - SCOPES)).copied().map(Self::Pause),
            CARE..PLAN => CareAct::ALL.get(usize::from(number - CARE)).copied().map(Self::Care),
            PLAN.. => PlanAct::ALL.get(usize::from(number - PLAN)).copied().map(Self::Plan),
        }
    }

    /// The act on a case, and the option that was chosen beside it with the question it answers; none where it is about
    /// something else than a case.
    pub fn said(self) -> Option<(Act, Option<(&'static str, &'static str)>)> {
        use crate::wecom::{HINT_QUESTION, REASON_QUESTION, SCOPE_QUESTION};
        Some(match self {
            Self::Act(act) => (act, None),
            Self::Edit(hint) => (Act::Edit, Some((HINT_QUESTION, hint.as_str()))),
            Self::Reject(reason) => (Act::ConfirmReject, Some((REASON_QUESTION, reason.as_str()))),
            Self::Pause(scope) => (Act::ConfirmPause, Some((SCOPE_QUESTION, scope.as_str()))),
            Self::Care(_) | Self::Plan(_) => return None,
        })
    }
}

fn place<T: PartialEq>(all: &[T], one: T) -> u8 {
    all.iter().position(|other| *other == one).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

impl Posting {
    /// What a person reads: the card alone, without the messages above it.
    pub fn card_text(&self) -> String {
        self.text
            .iter()
            .map(|span| match span {
                Span::Plain(text) | Span::Bold(text) | Span::Quote(text) => text.as_str(),
            })
            .collect()
    }
}

/// What to post for a card, or to turn a posted one into.
pub fn post(card: &Card, words: &Words) -> Posting {
    match card {
        Card::Review(review) => review_card(review, words),
        Card::AskReason { number, code, .. } => {
            let choices = RejectReason::ALL.iter().map(|reason| (reason.label(words), Press::Reject(*reason)));
            question(*number, code, ["ask.reason_title", "ask.reason_text"], choices, words)
        }
        Card::AskPause { number, code, .. } => {
            let choices = PauseScope::ALL.iter().map(|scope| (scope.label(words), Press::Pause(*scope)));
            question(*number, code, ["ask.scope_title", "ask.scope_text"], choices, words)
        }
        Card::Care(care) => care_card(care, words),
        Card::Plan(plan) => plan_card(plan, words),
        Card::Settled { number, title, desc, text } => settled(*number, [title, desc, text]),
    }
}

fn review_card(card: &ReviewCard, words: &Words) -> Posting {
    let shown = draft::show(card, words, BODY);
    let mut text = vec![Span::Bold(title(card, words)), Span::Plain(format!("\n{}", source(card)))];
    let clock = desc(card, words);
    if !clock.is_empty() {
        text.push(Span::Plain(format!(" · {clock}")));
    }
    text.push(Span::Plain("\n".to_owned()));
    if let Some((who, said)) = customer_said(card, words) {
        text.extend([Span::Plain(format!("{who}\n")), Span::Quote(said), Span::Plain("\n".to_owned())]);
    }
    text.push(Span::Plain(format!("\n{}\n", shown.body)));
    let rows = card.rows.iter().filter(|row| !row.value.trim().is_empty()).take(ROWS);
    text.extend(
        rows.map(|row| Span::Plain(format!("\n{}：{}", row.label.label(words), fit(&one_line(&row.value), ROW)))),
    );
    Posting { above: shown.above, text, rows: buttons(card, words) }
}

/// The acts, below them the hints for 改, and last the way to the page.
fn buttons(card: &ReviewCard, words: &Words) -> Vec<Vec<Button>> {
    let acts = acts(card);
    let mut rows = in_rows(acts.iter().map(|act| (card.label(*act, words), Press::Act(*act))));
    if acts.contains(&Act::Edit) {
        let edit = Act::Edit.label(words);
        let hint = |hint: &Hint| (format!("{edit}·{}", hint.label(words)), Press::Edit(*hint));
        rows.extend(in_rows(card.hints.iter().map(hint)));
    }
    if let Some(url) = card.page_url.as_deref().filter(|url| is_link(url)) {
        rows.push(vec![Button { label: words.text("card.page", &[]), does: Does::Open(url.to_owned()) }]);
    }
    rows
}

fn care_card(card: &CareCard, words: &Words) -> Posting {
    let title = one_line(&card.title);
    let text = format!("\n{}\n\n{}", one_line(&card.cause), fit(reveal(&card.text).trim(), BODY));
    let acts = card.acts.iter().map(|act| (act.label(words), Press::Care(*act)));
    Posting { above: Vec::new(), text: vec![Span::Bold(title), Span::Plain(text)], rows: in_rows(acts) }
}

fn plan_card(card: &PlanCard, words: &Words) -> Posting {
    let title = format!("A{} {}", card.number, one_line(&card.title));
    let text = format!("\n{}\n\n{}", one_line(&card.desc), fit(reveal(&card.brief).trim(), BODY));
    let acts = card.acts().map(|act| (act.label(words), Press::Plan(act)));
    let above = draft::pieces(&card.whole);
    Posting { above, text: vec![Span::Bold(title), Span::Plain(text)], rows: in_rows(acts) }
}

fn in_rows(presses: impl Iterator<Item = (String, Press)>) -> Vec<Vec<Button>> {
    let buttons: Vec<Button> = presses.map(|(label, press)| Button { label, does: Does::Press(press) }).collect();
    buttons.chunks(IN_A_ROW).map(<[Button]>::to_vec).collect()
}

fn question(
    number: i64,
    code: &str,
    [title, text]: [&str; 2],
    choices: impl Iterator<Item = (String, Press)>,
    words: &Words,
) -> Posting {
    let title = format!("#{number} {}", words.text(title, &[]));
    let text = format!("\n{}{}", words.text(text, &[]), draft::mark(number, code));
    Posting { above: Vec::new(), text: vec![Span::Bold(title), Span::Plain(text)], rows: in_rows(choices) }
}

/// Nothing is left to press.
fn settled(number: i64, lines: [&String; 3]) -> Posting {
    let [title, desc, text] = lines.map(|line| reveal(line).trim().to_owned());
    let head = if desc.is_empty() { format!("#{number}") } else { desc };
    let mut spans = vec![Span::Bold(format!("{head} {title}").trim().to_owned())];
    if !text.is_empty() {
        spans.push(Span::Plain(format!("\n{text}")));
    }
    Posting { above: Vec::new(), text: spans, rows: Vec::new() }
}

#[cfg(test)]
#[path = "telegram_tests.rs"]
mod tests;
