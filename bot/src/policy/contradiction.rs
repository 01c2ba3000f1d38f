//! Where a customer says one thing and the back office another: both are shown to a person. Only plain statements count; a
//! question states nothing.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::plain::{Plain, Word, words};

/// A fact as the back office shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What people call it.
    pub label: String,
    /// What it says, in words.
    pub said: String,
    /// What can be compared.
    pub measure: Measure,
}

/// What can be compared of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// How something stands, in words.
    State,
    /// An amount, in cents.
    Cents(i64),
    /// A day of some year, in the shop's time.
    Day {
        /// From 1.
        month: u32,
        /// From 1.
        day: u32,
    },
}

/// What the customer says, and what the back office shows instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// The customer's words.
    pub customer: String,
    /// The fact: what it is called, and what it says.
    pub shown: String,
}

/// A statement about how something stands, and what contradicts it.
struct Claim {
    said: Vec<(&'static str, Word)>,
    /// What only looks like the statement: questions, and statements about something else.
    but_not: Vec<Word>,
    against: Vec<Word>,
    /// What takes the contradiction back where it stands beside it.
    unless: Vec<Word>,
}

/// Said | but not | against | unless.
const CLAIMS: [[&str; 4]; 6] = [
    [
        "没收到|没有收到|未收到|还没到|没到货|一直没到|没拿到|not received|not arrived|never arrived",
        "没收到退款|没有收到退款|没收到钱|没收到短信|没收到发票|没收到验证码|还没到账|没到货前",
        "签收|妥投|delivered",
        "未签收|拒签|代签收中",
    ],
    [
        "收到了|已收到|已经收到|签收了|拿到了|到货了|received it|has arrived",
        "没收到了|收到了吗|收到了没|签收了吗|签收了没|到货了吗|到货了没|拿到了吗|显示签收了|说签收了|还没收到|收到了回复|收到了短信",
        "待付款|待发货|已发货|已揽收|商家揽收|发往|派送中|运输中",
        "签收",
    ],
    [
        "没发货|没有发货|未发货|不发货|没给我发货|not shipped",
        "没发货吗|没发货的话|没发货能|未发货能",
        "已发货|签收|揽收|发往|派送中|运输中",
        "",
    ],
    [
        "发货了|已发货|已经发货|has shipped",
        "没发货了|发货了吗|发货了没|发货了没有|不发货了|显示已发货",
        "待付款|待发货",
        "",
    ],
    [
        "没退款|没收到退款|退款没到|退款还没|还没退款|没有退款|no refund yet",
        "没退款吗|没退款的话",
        "退款成功|已退款",
        "",
    ],
    [
        "退款成功|已经退款|已退款|退款到了",
        "已经退款了吗|已退款了吗|退款成功了吗|退款到了吗|退款到了没|没已退款",
        "已拒绝|待商家处理|待买家退货",
        "",
    ],
];
/// What people say who speak of what they paid; a fact is about it where its name has one of these characters.
const PAID: &str = "付了|实付|支付了|花了|付款|i paid|paid";
const PAID_LABEL: [&str; 2] = ["付", "paid"];
/// The same for the day they ordered.
const ORDERED: &str = "下单|下的单|买的|拍的|订的|ordered";
const ORDERED_LABEL: [&str; 2] = ["下单", "order"];

static STATES: LazyLock<Vec<Claim>> = LazyLock::new(|| {
    let claim = |[said, but_not, against, unless]: [&'static str; 4]| Claim {
        said: said.split('|').filter_map(|text| Some((text, Word::new(text)?))).collect(),
        but_not: words(but_not),
        against: words(against),
        unless: words(unless),
    };
    CLAIMS.into_iter().map(claim).collect()
});

/// Everything in which the customer's texts and the facts contradict each other, each once.
pub fn contradictions(texts: &[String], facts: &[Shown]) -> Vec<Contradiction> {
    let mut found: Vec<Contradiction> = Vec::new();
    for text in texts {
        let states = STATES.iter().filter_map(|claim| claim.contradicted(text, facts));
        let more = amount(text, facts).into_iter().chain(day(text, facts));
        for contradiction in states.chain(more) {
            if !found.contains(&contradiction) {
                found.push(contradiction);
            }
        }
    }
    found
}

impl Claim {
    fn contradicted(&self, text: &str, facts: &[Shown]) -> Option<Contradiction> {
        let plain = Plain::new(text).without(&self.but_not);
        let (said, _) = self.said.iter().find(|(_, word)| plain.has(word))?;
        let fact = facts.iter().find(|fact| fact.measure == Measure::State && self.is_against(&fact.said))?;
        Some(fact.contradicts(said))
    }

    fn is_against(&self, said: &str) -> bool {
        let said = Plain::new(said);
        let any = |words: &[Word]| words.iter().any(|word| said.has(word));
        any(&self.against) && !any(&self.unless)
    }
}

impl Shown {
    fn contradicts(&self, customer: &str) -> Contradiction {
        Contradiction {
            customer: customer.to_owned(),
            shown: format!("{} {}", self.label, self.said).trim().to_owned(),
        }
    }

    fn is_called(&self, names: [&str; 2]) -> bool {
        let label = self.label.to_lowercase();
        names.iter().any(|name| label.contains(name))
    }
}

fn speaks_of(text: &str, list: &str) -> bool {
    let plain = Plain::new(text);
    words(list).iter().any(|word| plain.has(word))
}

/// What the customer says they paid, where the back office shows something else.
fn amount(text: &str, facts: &[Shown]) -> Option<Contradiction> {
    if !speaks_of(text, PAID) {
        return None;
    }
    let (written, said) = money(text)?;
    let paid = |fact: &&Shown| matches!(fact.measure, Measure::Cents(_)) && fact.is_called(PAID_LABEL);
    let mut shown = facts.iter().filter(paid);
    let first = shown.clone().next()?;
    let agrees = shown.any(|fact| fact.measure == Measure::Cents(said));
    (!agrees).then(|| first.contradicts(&written))
}

/// The first amount in a text, as it is written and in cents: `259元`, `¥259.00`, `259.5 块`.
fn money(text: &str) -> Option<(String, i64)> {
    let narrow = |c: char| if c == '．' { '.' } else { super::order::half_width(c) };
    let chars: Vec<char> = text.chars().map(narrow).collect();
    let mut at = 0;
    while at < chars.len() {
        let digits: String = chars.iter().skip(at).take_while(|c| c.is_ascii_digit() || **c == '.').collect();
        let end = at + digits.len();
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.iter().skip(end).find(|c| !c.is_whitespace());
        let marked = matches!(before, Some('¥' | '￥')) || matches!(after, Some('元' | '块'));
        if !digits.is_empty() && marked {
            return Some((digits.clone(), cents(&digits)?));
        }
        at = end.max(at + 1);
    }
    None
}

fn cents(digits: &str) -> Option<i64> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = match part.len() {
        0 => 0,
        1 => part.parse::<i64>().ok()? * 10,
        2 => part.parse().ok()?,
        _ => return None,
    };
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)
}

/// The day on which the customer says they ordered, where the back office shows another one.
fn day(text: &str, facts: &[Shown]) -> Option<Contradiction> {
    if !speaks_of(text, ORDERED) {
        return None;
    }
    let said = month_and_day(text)?;
    facts.iter().filter(|fact| fact.is_called(ORDERED_LABEL)).find_map(|fact| {
        let Measure::Day { month, day } = fact.measure else { return None };
        ((month, day) != said).then(|| fact.contradicts(&format!("{}月{}日", said.0, said.1)))
    })
}

/// `11月20日`, `11月20号`.
fn month_and_day(text: &str) -> Option<(u32, u32)> {
    let text: String = text.chars().map(super::order::half_width).filter(|c| !c.is_whitespace()).collect();
    let (before, after) = text.split_once('月')?;
    let month: String = before.chars().rev().take_while(char::is_ascii_digit).collect();
    let month = month.chars().rev().collect::<String>().parse().ok().filter(|month| (1..=12).contains(month))?;
    let day: String = after.chars().take_while(char::is_ascii_digit).collect();
    let marked = matches!(after.chars().nth(day.len()), Some('日' | '号'));
    let day = day.parse().ok().filter(|day| marked && (1..=31).contains(day))?;
    Some((month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(label: &str, said: &str) -> Shown {
        Shown { label: label.into(), said: said.into(), measure: Measure::State }
    }

    fn found(text: &str, facts: &[Shown]) -> Vec<(String, String)> {
        let found = contradictions(&[text.to_owned()], facts);
        found.into_iter().map(|c| (c.customer, c.shown)).collect()
    }

    #[test]
    fn a_state_that_is_not_as_the_customer_says() {
        let signed = [state("轨迹", "快件已由本人签收")];
        let on_its_way = [state("状态", "已发货"), state("轨迹", "快件已发往【武汉转运中心】")];
        let waiting = [state("状态", "待发货")];
        let refunded = [state("状态", "退款成功")];
        let refused = [state("状态", "已拒绝")];
        for (text, facts, said) in [
            ("我一直没收到货，怎么回事", &signed[..], "没收到"),
            ("Order not received!", &signed, "not received"),
            ("东西我收到了，但是颜色不对", &on_its_way, "收到了"),
            ("你们怎么还没发货", &on_its_way, "没发货"),
            ("你们说已发货，我查不到", &waiting, "已发货"),
            ("都三天了还没退款", &refunded, "没退款"),
            ("客服说已经退款了", &refused, "已经退款"),
        ] {
            let both = found(text, facts);
            assert!(both.len() == 1 && both[0].0 == said, "{text}: {both:?}");
        }
        assert_eq!(found("没收到", &signed), [("没收到".to_owned(), "轨迹 快件已由本人签收".to_owned())]);
    }

    #[test]
    fn what_agrees_or_only_asks_is_none() {
        let signed = [state("轨迹", "快件已由本人签收")];
        let on_its_way = [state("轨迹", "快件已发往【武汉转运中心】")];
        for (text, facts) in [
            ("没收到货", &on_its_way[..]),
            ("东西收到了，谢谢", &signed),
            ("签收了吗", &on_its_way),
            ("发货了吗", &[state("状态", "待发货")]),
            ("没收到退款", &signed),
            ("我的货到哪了", &signed),
            ("没收到", &[state("状态", "未签收")]),
            ("没收到", &[]),
        ] {
            assert_eq!(found(text, facts), [], "{text}");
        }
    }

    #[test]
    fn an_amount_or_a_day_that_is_another_one() {
        let paid = [Shown { label: "实付".into(), said: "¥259.00".into(), measure: Measure::Cents(25_900) }];
        assert_eq!(found("我实付了300元", &paid), [("300".to_owned(), "实付 ¥259.00".to_owned())]);
        for agrees in ["我付了 259 元", "付款¥259.00", "实付２５９．０块", "退我300元", "300元的那件", "我付了3件的钱"]
        {
            assert_eq!(found(agrees, &paid), [], "{agrees}");
        }
        let refund = [Shown { label: "金额".into(), ..paid[0].clone() }];
        assert_eq!(found("我付了300元", &refund), [], "another amount is about something else");
        let ordered = [Shown {
            label: "下单时间".into(),
            said: "2026-11-20 23:30".into(),
            measure: Measure::Day { month: 11, day: 20 },
        }];
        assert_eq!(
            found("我11月18号下单的", &ordered),
            [("11月18日".to_owned(), "下单时间 2026-11-20 23:30".to_owned())]
        );
        for agrees in ["我11月20日下的单", "11月18日能到吗", "13月18日下单"] {
            assert_eq!(found(agrees, &ordered), [], "{agrees}");
        }
    }
}
