//! A light English stemmer: plural, possessive, -ed and -ing, so that `refunds`, `refunded` and `refund` meet.

use std::borrow::Cow;

/// Units that stand directly behind a number: `160cm` is `160` and `cm`, while `2xl` and `g6e` stay whole.
const UNITS: [&str; 14] = ["cm", "mm", "m", "kg", "g", "ml", "l", "inch", "in", "lb", "oz", "h", "days", "rmb"];

/// A run of letters and digits without a possessive, a number apart from its unit.
pub(super) fn parts(run: &str) -> impl Iterator<Item = &str> {
    let run = run.strip_suffix("'s").unwrap_or(run).trim_matches('\'');
    let digits = run.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = run.split_at(digits);
    let pieces = if !number.is_empty() && UNITS.contains(&unit) { [number, unit] } else { [run, ""] };
    pieces.into_iter().filter(|piece| !piece.is_empty())
}

/// The stem of a lower-case word; words that are not plain ASCII letters stay as they are.
pub(super) fn stem(word: &str) -> Cow<'_, str> {
    // Every ending that is taken off ends with one of four letters.
    let ends = word.ends_with(['s', 'd', 'g', 'e']);
    if word.len() < 4 || !ends || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Cow::Borrowed(word);
    }
    let singular = singular(word);
    let root = verb(&singular);
    match root.strip_suffix('e') {
        Some(short) if short.len() >= 3 => Cow::Owned(short.to_owned()),
        _ if root == word => Cow::Borrowed(word),
        _ => Cow::Owned(root),
    }
}

fn singular(word: &str) -> String {
    if let Some(base) = word.strip_suffix("ies").filter(|base| base.len() > 1) {
        return format!("{base}y");
    }
    let keeps = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    let es = ["sses", "xes", "ches", "shes", "zes"].iter().any(|end| word.ends_with(end));
    match word.strip_suffix('s').filter(|_| !keeps) {
        Some(base) if es => base.trim_end_matches('e').to_owned(),
        Some(base) => base.to_owned(),
        None => word.to_owned(),
    }
}

/// Without `-ing` or `-ed`, if a syllable remains.
fn verb(word: &str) -> String {
    let cut = ["ing", "ed"]
        .iter()
        .find_map(|end| word.strip_suffix(end))
        .filter(|base| base.len() >= 3 && base.bytes().any(|b| b"aeiouy".contains(&b)) && !base.ends_with('e'));
    match cut {
        Some(base) => undouble(base).to_owned(),
        None => word.to_owned(),
    }
}

/// `shipp` is `ship`; `sell` and `pass` stay.
fn undouble(base: &str) -> &str {
    match base.as_bytes() {
        [.., a, b] if a == b && !b"lsz".contains(b) && base.len() > 3 => &base[..base.len() - 1],
        _ => base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_meet() {
        for forms in [
            ["refund", "refunds", "refunded", "refunding"],
            ["ship", "ships", "shipped", "shipping"],
            ["exchange", "exchanges", "exchanged", "exchanging"],
            ["delivery", "deliveries", "delivery", "delivery"],
            ["box", "boxes", "boxed", "boxing"],
            ["dress", "dresses", "dressed", "dressing"],
            ["size", "sizes", "sized", "sizing"],
        ] {
            let stems: Vec<_> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.iter().all(|s| *s == stems[0]), "{forms:?} became {stems:?}");
        }
    }

    #[test]
    fn different_words_stay_apart() {
        assert_ne!(stem("sing"), stem("s"));
        assert_eq!(stem("thing"), "thing");
        assert_eq!(stem("address"), "address");
        assert_eq!(stem("status"), "status");
        assert_eq!(stem("café"), "café");
        assert_eq!(stem("fee"), stem("fees"));
    }

    #[test]
    fn a_number_leaves_its_unit() {
        let all = |run| parts(run).collect::<Vec<_>>();
        assert_eq!(all("160cm"), ["160", "cm"]);
        assert_eq!(all("2xl"), ["2xl"]);
        assert_eq!(all("g6e"), ["g6e"]);
        assert_eq!(all("shop's"), ["shop"]);
        assert_eq!(all("'"), Vec::<&str>::new());
    }
}
