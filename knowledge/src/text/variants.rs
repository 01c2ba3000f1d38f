//! Traditional characters to simplified ones: the pairs that customers of a shop write, one character to one.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Lines of pairs, traditional then simplified; lines with `#` say where they come from.
const LISTED: &str = include_str!("variants.txt");

/// First and last character of [`FORMS`].
const RANGE: std::ops::RangeInclusive<u32> = 0x3400..=0x9fff;

/// The simplified form of every character of [`RANGE`], in their order.
static FORMS: LazyLock<Vec<char>> = LazyLock::new(|| {
    let pairs: HashMap<char, char> = pairs().collect();
    RANGE.filter_map(char::from_u32).map(|c| pairs.get(&c).copied().unwrap_or(c)).collect()
});

fn pairs() -> impl Iterator<Item = (char, char)> {
    let mut chars = LISTED.lines().filter(|line| !line.starts_with('#')).flat_map(str::chars);
    std::iter::from_fn(move || chars.next().zip(chars.next()))
}

/// The simplified form of `c`, or `c` itself.
pub(super) fn simplified(c: char) -> char {
    let place = u32::from(c).checked_sub(*RANGE.start()).and_then(|place| FORMS.get(place as usize));
    place.copied().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_simplified_form_is_simplified_again() {
        assert!(pairs().count() > 2_900);
        for (from, to) in pairs() {
            assert_eq!(simplified(from), to, "{from}");
            assert_eq!(simplified(to), to, "{to} is simplified already");
        }
    }

    #[test]
    fn a_customer_from_taipei_is_understood() {
        let text: String =
            "請問運費怎麼算？發票什麼時候寄？我要退貨換尺碼，妳們還有嬰兒濕紙巾嗎".chars().map(simplified).collect();
        assert_eq!(text, "请问运费怎么算？发票什么时候寄？我要退货换尺码，你们还有婴儿湿纸巾吗");
    }
}
