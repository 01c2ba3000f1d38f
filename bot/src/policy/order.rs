//! Which order a customer speaks of.

use std::sync::LazyLock;

use super::plain::{Plain, Word, words};

/// What people say who ask about something of their own, and not about the shop's rules.
static OWN: LazyLock<Vec<Word>> = LazyLock::new(|| {
    words(
        "我的|我买的|我这单|我这个|我那单|我拍的|我下的单|我订的|帮我查|帮我看|查一下|查下|查物流|到哪了|到哪里了|没收到|还没到|没到货|\
         还没发货|没发货|发货了吗|发货了没|不更新|没更新|物流停|物流不动|物流没|催发货|包裹丢|单号|my order|my parcel|my refund|where is|\
         not arrived|order status|track",
    )
});

/// Whether the customer asks about an order of their own.
pub fn about_own_order(texts: &[String]) -> bool {
    texts.iter().any(|text| {
        let plain = Plain::new(text);
        OWN.iter().any(|word| plain.has(word))
    })
}

/// Digits from which on a bare number may be an order's; a shorter one has to be called so.
const BARE: usize = 6;
/// What comes before a short number that is an order's.
const MARKS: [&str; 8] = ["订单", "订单号", "订单编号", "单号", "order", "order number", "order no", "order id"];
/// What comes behind a short number that is something else.
const OTHER: [char; 9] = ['年', '月', '日', '号', '元', '块', '件', '点', '%'];

/// The newest number in texts, newest last, that has as many digits as an order's; letters before it make it another
/// kind of number, such as a parcel's. A short one counts only where it is called an order's: `#1001`, 订单 1001.
pub fn order_number(texts: &[String], (least, most): (u32, u32)) -> Option<String> {
    texts.iter().rev().find_map(|text| {
        let mut numbers = numbers(text);
        numbers.retain(|number| (least as usize..=most as usize).contains(&number.len()));
        numbers.pop()
    })
}

fn numbers(text: &str) -> Vec<String> {
    let (mut numbers, mut number, mut before) = (Vec::new(), String::new(), String::new());
    for c in text.chars().map(half_width).chain([' ']) {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let alone = !before.ends_with(|c: char| c.is_ascii_alphabetic()) && !c.is_ascii_alphabetic();
        let called = number.len() >= BARE || (is_marked(&before) && !OTHER.contains(&c));
        if !number.is_empty() && alone && called {
            numbers.push(number.clone());
        }
        before.push_str(&std::mem::take(&mut number));
        before.push(c);
    }
    numbers
}

/// Whether what stands before a number calls it an order's.
fn is_marked(before: &str) -> bool {
    let near = before.trim_end();
    let bare = near.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '：' | '是' | '为' | '.'));
    near.ends_with(['#', '＃']) || MARKS.iter().any(|mark| bare.to_lowercase().ends_with(mark))
}

pub(super) fn half_width(c: char) -> char {
    match c {
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(c),
        other => other,
    }
}

/// An order's number as a card shows it: its last four digits.
pub fn masked(order: &str) -> String {
    let hidden = order.chars().count().saturating_sub(4);
    format!("…{}", order.chars().skip(hidden).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[&str]) -> Option<String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        order_number(&texts, (12, 24))
    }

    #[test]
    fn the_newest_number_of_an_orders_length_is_the_order() {
        assert_eq!(found(&["订单202611280000010417到哪了"]).as_deref(), Some("202611280000010417"));
        assert_eq!(found(&["２０２６１１２８０００００１０４１７"]).as_deref(), Some("202611280000010417"));
        assert_eq!(found(&["111111111111", "是222222222222不是333333333333"]).as_deref(), Some("333333333333"));
        for none in
            ["我的货到哪了", "电话13800002417", "运单ZT000730000417", "1111111111111111111111111", "12345678901a"]
        {
            assert_eq!(found(&[none]), None, "{none}");
        }
    }

    #[test]
    fn a_short_number_has_to_be_called_an_order() {
        let found = |text: &str| order_number(&[text.to_owned()], (4, 8));
        for text in
            ["#1001 到哪了", "订单1001到哪了", "订单号：１００１", "单号是 1001", "Order 1001?", "order no. 1001"]
        {
            assert_eq!(found(text).as_deref(), Some("1001"), "{text}");
        }
        for text in ["2026年下的单", "花了1001元", "订单2026年的", "我买了1001", "电话尾号1001", "订单12到哪了"]
        {
            assert_eq!(found(text), None, "{text}");
        }
        assert_eq!(found("我的 100123 到哪了").as_deref(), Some("100123"));
    }

    #[test]
    fn own_orders_are_told_from_the_shops_rules() {
        let own = |text: &str| about_own_order(&[text.to_owned()]);
        for text in ["我的货到哪了", "帮我查下物流", "怎么还没发货", "Where is my order?"] {
            assert!(own(text), "{text}");
        }
        for text in ["退款多久到账", "发什么快递", "几天能到"] {
            assert!(!own(text), "{text}");
        }
    }

    #[test]
    fn four_digits_are_shown() {
        assert_eq!([masked("202611280000010417"), masked("12"), masked("")], ["…0417", "…12", "…"]);
    }
}
