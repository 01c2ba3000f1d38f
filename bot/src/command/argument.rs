//! What stands behind a command's name.

/// How far a pause or resume reaches, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeArg {
    /// The whole desk.
    Everything,
    /// A channel by its id or name. Nobody has looked yet whether there is one.
    Channel(String),
    /// The conversation of the case with this number.
    Conversation(i64),
    /// What is of high risk, and nothing else: in a region, on a channel, or everywhere where nothing more was said.
    HighRisk(Option<String>),
}

/// Words for the whole desk.
const EVERYTHING: &[&str] = &["全部", "所有", "全店", "全局", "全体", "整个", "all", "desk", "everything"];
/// Words that say that a channel's name follows.
const CHANNEL: &[&str] = &["渠道", "频道", "channel"];
/// Words for what is of high risk.
const HIGH_RISK: &[&str] = &["高风险", "高危", "risk", "high-risk", "highrisk"];
/// Words that say that a region's name follows.
const REGION: &[&str] = &["国家", "地区", "市场", "country", "region", "market"];
/// Most digits of a case number: it always fits.
const MOST_DIGITS: usize = 15;

/// A character in half width and lower case; one stays one, so that places in a text keep their meaning.
pub(super) fn fold(c: char) -> char {
    let half = match c {
        '！'..='～' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    };
    half.to_ascii_lowercase()
}

/// A case number with or without `#`, and what follows it.
pub(super) fn number(text: &str) -> Option<(i64, &str)> {
    let text = text.trim_start();
    let text = text.strip_prefix(['#', '＃']).unwrap_or(text).trim_start();
    let end = text.find(|c: char| !fold(c).is_ascii_digit()).unwrap_or(text.len());
    let digits: String = text[..end].chars().map(fold).collect();
    let number = digits.parse().ok().filter(|n| *n > 0 && digits.len() <= MOST_DIGITS)?;
    Some((number, &text[end..]))
}

/// A case number behind a `#`, and what follows it.
pub(super) fn marked_number(text: &str) -> Option<(i64, &str)> {
    let text = text.trim_start();
    text.starts_with(['#', '＃']).then(|| number(text)).flatten()
}

/// What follows a name that `text` begins with, however its letters are written; nothing where it goes on like another
/// name. Blanks, a colon or a comma set it apart.
pub fn after_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut letters = text.chars();
    for wanted in name.chars() {
        let letter = letters.next()?;
        if fold(letter) != fold(wanted) {
            return None;
        }
    }
    let rest = letters.as_str();
    let apart = |c: char| c.is_whitespace() || matches!(fold(c), ':' | ',' | '、' | '，');
    (rest.is_empty() || rest.starts_with(apart)).then(|| rest.trim_start_matches(apart))
}

/// The text up to the next blank, and what follows it.
pub(super) fn token(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

/// Everything behind a number, without the blanks and the one mark that set it apart.
pub(super) fn rest_of(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix([':', '：']).unwrap_or(text).trim_start()
}

/// A scope, if anything is said, and what follows it.
pub(super) fn scope(text: &str) -> (Option<ScopeArg>, &str) {
    let (first, rest) = token(text);
    let folded: String = first.chars().map(fold).collect();
    if first.is_empty() {
        return (None, "");
    }
    if EVERYTHING.contains(&folded.as_str()) {
        return (Some(ScopeArg::Everything), rest);
    }
    if let Some((n, "")) = number(first) {
        return (Some(ScopeArg::Conversation(n)), rest);
    }
    if CHANNEL.contains(&folded.as_str()) {
        let (name, rest) = token(rest);
        return ((!name.is_empty()).then(|| ScopeArg::Channel(name.to_owned())), rest);
    }
    if HIGH_RISK.contains(&folded.as_str()) {
        let (place, rest) = place(rest);
        return (Some(ScopeArg::HighRisk(place)), rest);
    }
    (Some(ScopeArg::Channel(first.to_owned())), rest)
}

/// The region or channel that something is said of, none for all of them, and what follows it.
fn place(text: &str) -> (Option<String>, &str) {
    let (first, rest) = token(text);
    let folded: String = first.chars().map(fold).collect();
    if first.is_empty() || EVERYTHING.contains(&folded.as_str()) {
        return (None, rest);
    }
    if CHANNEL.contains(&folded.as_str()) || REGION.contains(&folded.as_str()) {
        return place(rest);
    }
    (Some(first.to_owned()), rest)
}
