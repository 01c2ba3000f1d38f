use super::*;

/// Digits that look drawn by lot, and are the same every time.
fn digits(seed: u64, count: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from_digit(u32::try_from(state % 10).unwrap_or(0), 10).unwrap_or('0')
    };
    (0..count).map(|_| next()).collect()
}

fn wide(text: &str) -> String {
    let widened = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c);
    text.chars().map(|c| if c.is_ascii_digit() { widened(c) } else { c }).collect()
}

fn grouped(text: &str, size: usize, mark: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(size).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(mark)
}

/// Structured personal data in the forms people write them, by kind.
fn samples(seed: u64) -> Vec<(&'static str, String)> {
    let phone = format!("1{}{}", 3 + seed % 7, digits(seed, 9));
    let (card, bank, order) = (digits(seed + 1, 17), digits(seed + 2, 16 + (seed % 4) as usize), digits(seed + 3, 19));
    vec![
        ("phone", phone.clone()),
        ("phone", format!("{} {} {}", &phone[..3], &phone[3..7], &phone[7..])),
        ("phone", format!("{}-{}-{}", &phone[..3], &phone[3..7], &phone[7..])),
        ("phone", format!("+86 {phone}")),
        ("phone", wide(&phone)),
        ("landline", format!("0571-{}", digits(seed + 4, 8))),
        ("identity card", format!("{card}X")),
        ("identity card", format!("{card}{}", seed % 10)),
        ("bank card", bank.clone()),
        ("bank card", grouped(&bank, 4, " ")),
        ("order", order),
        ("parcel", format!("SF{}", digits(seed + 5, 13))),
        ("parcel", format!("YT{}", digits(seed + 6, 15))),
        ("mail", format!("li.hua{}@mail.example.cn", seed % 1_000)),
        ("plate", format!("浙A{}", digits(seed + 7, 5))),
        ("plate", format!("沪A·D{}", digits(seed + 8, 5))),
        ("account", format!("wxid_{}ab", digits(seed + 9, 6))),
    ]
}

const FRAMES: [(&str, &str); 6] = [
    ("我的号码是", "，帮我查一下"),
    ("", ""),
    ("您好 ", " 谢谢"),
    ("（", "）"),
    ("收件人李小雨，", "，浙江嘉兴南湖区"),
    ("查：", "。什么时候到？"),
];

#[test]
fn structured_personal_data_is_hidden_and_comes_back() {
    let (mut all, mut hidden) = (0_u32, 0_u32);
    for seed in 0..1_000 {
        for (kind, words) in samples(seed) {
            let (before, after) = FRAMES[(seed % 6) as usize];
            let text = format!("{before}{words}{after}");
            let mut placeholders = Placeholders::default();
            let shown = placeholders.hide(&text);
            all += 1;
            let left: usize = shown.chars().filter(|c| is_digit(*c)).count();
            let marks = placeholders.taken.len();
            if marks > 0 && !shown.contains(&words) && left <= marks {
                hidden += 1;
            } else {
                println!("{kind}: {text} → {shown}");
            }
            assert_eq!(placeholders.restore(&shown), text, "{kind}");
        }
    }
    println!("{hidden} of {all} hidden");
    assert!(f64::from(hidden) >= 0.995 * f64::from(all), "{hidden} of {all}");
}

#[test]
fn what_everybody_may_read_stays() {
    for text in [
        "满 299 减 30，12 月 12 日 16:00 前付款",
        "165 110斤穿什么码",
        "M101 有货吗，D205 呢",
        "2026-12-05 补货吗？2026 年 12 月",
        "一二三四五",
        "包邮吗",
        "3–7 个工作日",
        "",
    ] {
        let mut placeholders = Placeholders::default();
        assert_eq!(placeholders.hide(text), text);
    }
}

#[test]
fn the_same_words_have_the_same_placeholder_and_others_another() {
    let mut placeholders = Placeholders::default();
    let shown = placeholders.hide("13800138000 和 13900139000，还是 13800138000");
    assert_eq!(shown, "〔号码1〕 和 〔号码2〕，还是 〔号码1〕");
    assert_eq!(placeholders.restore("打给〔号码2〕"), "打给13900139000");
    assert_eq!(placeholders.restore("〔号码9〕"), "〔号码9〕", "what was never taken out is left");
}

#[test]
fn whatever_a_customer_writes_comes_back_byte_for_byte() {
    for text in [
        "〔号码1〕13800138000〔",
        "a@b",
        "@",
        "〔〕",
        "〔号码1〕〔号码1〕",
        "wxid_",
        "１３８００１３８０００x",
        "+",
        "浙",
        "1-2-3-4-5-6-7-",
    ] {
        let mut placeholders = Placeholders::default();
        let shown = placeholders.hide(text);
        assert_eq!(placeholders.restore(&shown), text, "{shown}");
    }
}

#[test]
fn what_is_blanked_cannot_be_put_back() {
    for (text, blank) in [
        ("我的电话13800001111，会起球吗", "我的电话〔略〕，会起球吗"),
        ("小雨您好，单号 SF1234567890123 已发出", "〔略〕您好，单号 〔略〕 已发出"),
        ("邮箱 xiaoyu@example.com 收〔号码1〕", "邮箱 〔略〕 收〔略〕"),
        ("满 99 元包邮", "满 99 元包邮"),
    ] {
        assert_eq!(blanked(text, Some("小雨")), blank);
    }
    assert_eq!(blanked("雨天也能穿", Some("雨")), "雨天也能穿", "one character is any word");
}
