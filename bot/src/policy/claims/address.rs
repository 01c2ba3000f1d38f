//! Links, hosts, mail addresses and accounts' names.

use super::folded::Folded;

/// An address of a text.
pub(super) struct Address {
    pub(super) value: String,
    pub(super) span: (usize, usize),
}

/// Every address, in order.
pub(super) fn all(text: &Folded) -> Vec<Address> {
    let links = runs(text, |c| !ends_link(c)).into_iter().filter(|run| run.value.contains("://"));
    let tokens = runs(text, is_of_an_address).into_iter().filter(|run| is_address(&run.value));
    let hosts =
        runs(text, |c| c.is_alphanumeric() || matches!(c, '.' | '-')).into_iter().filter(|run| is_host(&run.value));
    links.chain(tokens).chain(hosts).collect()
}

/// Runs of characters that `belong` together, without punctuation at their ends.
fn runs(text: &Folded, belong: impl Fn(char) -> bool) -> Vec<Address> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text.slice(at, text.len()).iter().take_while(|c| belong(**c)).count();
        if length > 0 {
            found.extend(trimmed(text, at, at + length));
        }
        at += length.max(1);
    }
    found
}

fn trimmed(text: &Folded, from: usize, to: usize) -> Option<Address> {
    let run = text.slice(from, to);
    let start = run.iter().position(|c| c.is_alphanumeric())?;
    let end = run.iter().rposition(|c| c.is_alphanumeric())? + 1;
    let value = run.get(start..end)?.iter().collect();
    Some(Address { value, span: (from + start, from + end) })
}

fn ends_link(c: char) -> bool {
    c.is_whitespace() || "，。；！？、：（）「」『』《》【】“”‘’\"'<>(),;!".contains(c)
}

fn is_of_an_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".:/@_-?=&%#+~".contains(c)
}

/// A mail address, a host name, or an account's name.
fn is_address(token: &str) -> bool {
    let bytes = token.as_bytes();
    let host = bytes.windows(3).any(|w| w[1] == b'.' && w[0].is_ascii_alphanumeric() && w[2].is_ascii_alphabetic());
    let letters = token.bytes().any(|b| b.is_ascii_alphabetic());
    (letters && token.contains(['@', '_'])) || host
}

/// A name with a dot between letters of which not all are ASCII: 恶意.中国.
fn is_host(name: &str) -> bool {
    let chars: Vec<char> = name.chars().collect();
    let dotted = |w: &[char]| w[1] == '.' && w[0].is_alphabetic() && w[2].is_alphabetic();
    chars.windows(3).any(|w| dotted(w) && !(w[0].is_ascii() && w[2].is_ascii()))
}
