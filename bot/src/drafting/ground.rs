//! Does a model's answer say only what its sources say? Words may differ; numbers, amounts and addresses may not.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

/// Chinese numerals, and what makes a number of them a promise.
const NUMERALS: &str = "零〇一二两三四五六七八九十百千万半";
const UNITS: &str = "元块折倍天日周月年";
/// Shortest mixture of letters and digits that is taken for an account or a code.
const CODE: usize = 5;

/// Whether every number, amount, link, address and code of `answer` stands in one of `sources`.
pub(super) fn is_grounded(answer: &str, sources: &[&str]) -> bool {
    let answer = folded(answer);
    let sources = folded(&sources.join("\n"));
    let known = numbers(&sources);
    numbers(&answer).is_subset(&known)
        && amounts(&answer).iter().all(|amount| sources.contains(amount.as_str()))
        && answer
            .split(|c| !is_of_an_address(c))
            .filter(|token| is_address(token))
            .all(|token| sources.contains(trim(token)))
        && links(&answer).all(|link| links(&sources).any(|known| known == link))
        && hosts(&answer).all(|host| sources.contains(host))
}

fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// Every run of digits, without leading zeros.
fn numbers(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_numeric() || NUMERALS.contains(c))
        .filter(|run| !run.is_empty())
        .map(significant)
        .collect()
}

fn significant(run: &str) -> &str {
    let short = run.trim_start_matches('0');
    if short.is_empty() { "0" } else { short }
}

/// Chinese numerals together with the unit behind them: 五百元, 三天.
fn amounts(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut run = String::new();
    for c in text.chars() {
        if NUMERALS.contains(c) {
            run.push(c);
        } else {
            if !run.is_empty() && UNITS.contains(c) {
                found.push(format!("{run}{c}"));
            }
            run.clear();
        }
    }
    found
}

fn is_of_an_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".:/@_-?=&%#+~".contains(c)
}

/// Every link, whatever the letters of its host are, up to a blank or a mark that no link has inside.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("://").map(move |(at, _)| {
        let start = text[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric()).len();
        let rest = &text[at + 3..];
        let ends = |c: char| c.is_whitespace() || "，。；！？、：（）「」『』《》【】“”‘’\"'<>()".contains(c);
        text[start..at + 3 + rest.find(ends).unwrap_or(rest.len())].trim_end_matches(['.', ',', ';', '!', '?'])
    })
}

/// Names with a dot between letters of which not all are ASCII: 恶意.中国.
fn hosts(text: &str) -> impl Iterator<Item = &str> {
    let names = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-')));
    names.filter(|name| {
        let chars: Vec<char> = name.chars().collect();
        let dotted = |w: &[char]| w[1] == '.' && w[0].is_alphabetic() && w[2].is_alphabetic();
        chars.windows(3).any(|w| dotted(w) && !(w[0].is_ascii() && w[2].is_ascii()))
    })
}

fn trim(token: &str) -> &str {
    token.trim_matches(|c: char| !c.is_ascii_alphanumeric())
}

/// A link, a mail address, a host name, or an account's name.
fn is_address(token: &str) -> bool {
    let token = trim(token);
    let bytes = token.as_bytes();
    let host = bytes.windows(3).any(|w| w[1] == b'.' && w[0].is_ascii_alphanumeric() && w[2].is_ascii_alphabetic());
    let letters = token.bytes().any(|b| b.is_ascii_alphabetic());
    let code = letters && token.bytes().any(|b| b.is_ascii_digit()) && token.len() >= CODE;
    token.contains("://") || (token.contains('@') && letters) || host || code
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "中国大陆单笔实付满 99 元包邮，三天内发出。D205 充绒 110 克，详见 https://shop.example/size。";

    #[test]
    fn other_words_for_the_same_facts_are_fine() {
        for answer in [
            "满99元就包邮哦",
            "实付满 ９９ 元免邮",
            "三天内可以发出",
            "看这里 https://shop.example/size",
            "D205 是 110 克",
            "请您稍等",
            "第一次购买也一样",
        ] {
            assert!(is_grounded(answer, &[SOURCE]), "{answer}");
        }
    }

    #[test]
    fn invented_facts_are_not() {
        for answer in [
            "满 59 元包邮",
            "赠您 500 元券",
            "五百元今天到账",
            "两天内发出",
            "看 http://evil.example",
            "看 https://恶意.中国",
            "看 https://恶意/x",
            "看恶意.中国",
            "看 https://shop.example/size恶意",
            "微信://op",
            "看 https://shop.exam",
            "看 https://shop.example/siz",
            "联系 evil.example",
            "加我 wx_abc123",
            "发邮件到 a@b.cn",
            "致电 13800138000",
            "打1③折",
            "www.shop.example",
            "٣ 天到",
        ] {
            assert!(!is_grounded(answer, &[SOURCE]), "{answer}");
        }
    }

    #[test]
    fn nothing_rests_on_no_source() {
        assert!(is_grounded("好的", &[]) && !is_grounded("9 折", &[]));
    }
}
