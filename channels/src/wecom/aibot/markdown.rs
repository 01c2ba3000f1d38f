//! Text for a surface that only takes markdown (wecom 101463: pushed `text` is refused with 40008). Nothing anybody wrote
//! may become markup: a link whose words lie, a mention, a heading.

/// Characters that make markup, and what is shown for them.
const MARKUP: [(char, char); 12] = [
    ('*', '＊'),
    ('_', '＿'),
    ('`', '｀'),
    ('[', '［'),
    (']', '］'),
    ('<', '＜'),
    ('>', '＞'),
    ('|', '｜'),
    ('~', '～'),
    ('\\', '＼'),
    ('{', '｛'),
    ('}', '｝'),
];

/// The text with its markup made harmless: the signs appear in full width. Addresses are left as they are, so that a tap
/// opens them; `#81` is no heading, because that takes a space.
pub fn harmless(text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(harmless_word).collect()
}

fn harmless_word(word: &str) -> String {
    let bare = word.trim_end();
    let is_address = (bare.starts_with("https://") || bare.starts_with("http://")) && bare.chars().all(in_address);
    if is_address {
        return word.to_owned();
    }
    let heading = !bare.is_empty() && bare.chars().all(|c| c == '#');
    let shown = |c: char| match c {
        '#' if heading => '＃',
        _ => MARKUP.iter().find(|(sign, _)| *sign == c).map_or(c, |(_, wide)| *wide),
    };
    word.chars().map(shown).collect()
}

/// Characters of an address that are no markup inside one.
fn in_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~:/?#@!$&'+,;=%".contains(c)
}

/// The text byte for byte, as preformatted: between fences longer than any in it.
pub fn verbatim(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_and_not_obeyed() {
        assert_eq!(harmless("点[这里](https://evil.example)！"), "点［这里］(https://evil.example)！");
        assert_eq!(harmless("**急** <@all>\n> 引用 # 标题"), "＊＊急＊＊ ＜@all＞\n＞ 引用 ＃ 标题");
        assert_eq!(harmless("#81 已由小李发送"), "#81 已由小李发送");
    }

    #[test]
    fn addresses_stay_addresses() {
        let link = "打开 https://desk.example.com/review/81?t=a_b~c\n好";
        assert_eq!(harmless(link), link);
        assert_eq!(harmless("https://a.example/*x*"), "https://a.example/＊x＊");
    }

    #[test]
    fn what_is_verbatim_cannot_end_its_fence() {
        assert_eq!(verbatim("好 *的*"), "```\n好 *的*\n```");
        assert_eq!(verbatim("a````b"), "`````\na````b\n`````");
    }
}
