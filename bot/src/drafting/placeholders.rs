//! Personal numbers of customers' words, taken out before a model reads them and put back into its answer.
//!
//! Phones, identity and bank cards, orders, parcels, mail addresses, number plates and accounts are told by their form.
//! What looks like a placeholder already is taken out too, so that putting back gives every text back byte for byte.

/// Digits from which on a number is somebody's.
const PERSONAL: usize = 7;
/// Letters and digits together are a code from this length on, with so many digits.
const CODE: usize = 8;
const CODE_DIGITS: usize = 4;
/// What stands around a placeholder.
const OPEN: char = '〔';
const CLOSE: char = '〕';
/// The provinces' letters on number plates.
const PLATES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
/// Chinese numerals people spell numbers with.
const SPELLED: &str = "零〇一二三四五六七八九幺";

/// What was taken out of the texts of one request.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    taken: Vec<(String, String)>,
}

impl Placeholders {
    /// The text with placeholders for what is personal. The same words always get the same one.
    pub(crate) fn hide(&mut self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let starts = !text[..at].chars().next_back().is_some_and(|before| joins(before) && joins(c));
            let found = personal(&text[at..]).filter(|_| starts || c == OPEN);
            match found {
                Some((kind, length)) => {
                    shown.push_str(&self.placeholder(kind, &text[at..at + length]));
                    at += length;
                }
                None => {
                    shown.push(c);
                    at += c.len_utf8();
                }
            }
        }
        shown
    }

    /// The text with everything put back.
    pub(super) fn restore(&self, text: &str) -> String {
        let mut rest = text;
        let mut restored = String::with_capacity(text.len());
        while let Some(start) = rest.find(OPEN) {
            restored.push_str(&rest[..start]);
            rest = &rest[start..];
            let known = self.taken.iter().find(|(placeholder, _)| rest.starts_with(placeholder.as_str()));
            let (length, words) = match known {
                Some((placeholder, words)) => (placeholder.len(), words.as_str()),
                None => (OPEN.len_utf8(), &rest[..OPEN.len_utf8()]),
            };
            restored.push_str(words);
            rest = &rest[length..];
        }
        restored + rest
    }

    fn placeholder(&mut self, kind: &str, words: &str) -> String {
        if let Some((placeholder, _)) = self.taken.iter().find(|(_, known)| known == words) {
            return placeholder.clone();
        }
        let placeholder = format!("{OPEN}{kind}{}{CLOSE}", self.taken.len() + 1);
        self.taken.push((placeholder.clone(), words.to_owned()));
        placeholder
    }
}

/// What stands for words that were left out for good.
pub(crate) const BLANK: &str = "〔略〕";
/// Characters of a name from which on it is looked for: a shorter one may be any word.
const NAME: usize = 2;

/// A text without what is personal in it, and without a person's name: nothing puts it back.
pub(crate) fn blanked(text: &str, name: Option<&str>) -> String {
    let name = name.filter(|name| name.chars().count() >= NAME);
    let nameless = name.map_or_else(|| text.to_owned(), |name| text.replace(name, BLANK));
    let mut placeholders = Placeholders::default();
    let hidden = placeholders.hide(&nameless);
    placeholders.taken.iter().fold(hidden, |text, (placeholder, _)| text.replace(placeholder.as_str(), BLANK))
}

/// Whether two neighbouring characters can be of one number or name.
fn joins(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '@') || is_digit(c)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || ('０'..='９').contains(&c)
}

/// What personal thing a text begins with: its kind and its length in bytes.
fn personal(text: &str) -> Option<(&'static str, usize)> {
    let first = text.chars().next()?;
    if first == OPEN {
        return text.find(CLOSE).map(|end| ("原文", end + CLOSE.len_utf8()));
    }
    mail(text).or_else(|| plate(text)).or_else(|| number(text)).or_else(|| spelled(text)).or_else(|| code(text))
}

/// name@host.domain
fn mail(text: &str) -> Option<(&'static str, usize)> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let name = text.find(|c| !of_name(c)).filter(|end| *end > 0)?;
    let host = text[name..].strip_prefix('@')?;
    let end = host.find(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c))).unwrap_or(host.len());
    let host = host[..end].trim_end_matches(['.', '-']);
    host.contains('.').then_some(("邮箱", name + 1 + host.len()))
}

/// 浙A12345, 浙A·D12345.
fn plate(text: &str) -> Option<(&'static str, usize)> {
    let mut chars = text.char_indices();
    chars.next().filter(|(_, c)| PLATES.contains(*c))?;
    chars.next().filter(|(_, c)| c.is_ascii_uppercase())?;
    let (mut count, mut end) = (0, 0);
    for (at, c) in chars {
        match c {
            c if c.is_ascii_uppercase() || c.is_ascii_digit() => (count, end) = (count + 1, at + 1),
            '·' | ' ' | '-' if count == 0 => {}
            _ => break,
        }
    }
    (5..=6).contains(&count).then_some(("车牌", end))
}

/// A long number, with blanks, hyphens and points between its digits, and the X of an identity card.
fn number(text: &str) -> Option<(&'static str, usize)> {
    let start = if text.starts_with('+') { 1 } else { 0 };
    let (mut digits, mut end) = (0, 0);
    let mut gap = 0;
    for (at, c) in text.char_indices().skip(start) {
        if is_digit(c) {
            (digits, end, gap) = (digits + 1, at + c.len_utf8(), 0);
        } else if matches!(c, ' ' | '-' | '.' | '·' | '－' | '\u{a0}') && digits > 0 && gap < 2 {
            gap += 1;
        } else {
            break;
        }
    }
    if digits == 17 && text[end..].starts_with(['X', 'x']) {
        return Some(("证件", end + 1));
    }
    let goes_on = text[end..].starts_with(|c: char| c.is_ascii_alphabetic());
    (digits >= PERSONAL && !goes_on && !is_date(&text[..end])).then_some((kind_of(digits), end))
}

/// 2026-12-05.
fn is_date(text: &str) -> bool {
    let shape = text.bytes().map(|b| if b.is_ascii_digit() { b'd' } else { b });
    shape.eq("dddd-dd-dd".bytes()) && (text.starts_with("19") || text.starts_with("20"))
}

fn kind_of(digits: usize) -> &'static str {
    match digits {
        7..=13 => "号码",
        15 | 18 => "证件",
        _ => "单号",
    }
}

/// A number in Chinese numerals: 幺三八零零…
fn spelled(text: &str) -> Option<(&'static str, usize)> {
    let end = text.find(|c| !SPELLED.contains(c)).unwrap_or(text.len());
    (text[..end].chars().count() >= PERSONAL).then_some(("号码", end))
}

/// An account or a parcel's number: letters, digits and underscores together.
fn code(text: &str) -> Option<(&'static str, usize)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len());
    let word = text[..end].trim_end_matches('-');
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let mixed = word.chars().any(|c| c.is_ascii_alphabetic());
    let account = word.starts_with("wxid_") || word.starts_with("wx_");
    (account || (mixed && word.len() >= CODE && digits >= CODE_DIGITS)).then_some(("单号", word.len()))
}

#[cfg(test)]
#[path = "placeholders_tests.rs"]
mod tests;
