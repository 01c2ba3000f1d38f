//! Units, and what they measure. 一天 is 24 小时, 一周 is 7 天; a month is no number of days, a working day no day.

use super::folded::Folded;

/// What a quantity measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    /// No unit was written.
    Bare,
    /// Money, in yuan.
    Money,
    /// Another currency, by its name.
    Foreign(&'static str),
    /// Seconds.
    Time,
    /// Working days.
    WorkingDays,
    /// Months.
    Months,
    /// A day in a year: month × 100 + day.
    Date,
    /// A month in a year.
    Month,
    /// A day in a month.
    Day,
    /// A calendar year.
    Year,
    /// A time of day, in minutes.
    Clock,
    /// 折, of ten.
    Discount,
    /// Of a hundred.
    Percent,
    /// Millimetres.
    Length,
    /// Grams.
    Mass,
    /// Millilitres.
    Volume,
    /// Degrees.
    Degrees,
    /// A size by number.
    Size,
    /// Things, by their measure word.
    Count(&'static str),
}

/// Units by name: what they measure, and how many of its base they are. Longer names come first where one begins another.
const UNITS: &[(&str, Dimension, f64)] = &[
    ("个工作日", Dimension::WorkingDays, 1.0),
    ("工作日", Dimension::WorkingDays, 1.0),
    ("working days", Dimension::WorkingDays, 1.0),
    ("business days", Dimension::WorkingDays, 1.0),
    ("business day", Dimension::WorkingDays, 1.0),
    ("个自然日", Dimension::Time, 86_400.0),
    ("自然日", Dimension::Time, 86_400.0),
    ("个小时", Dimension::Time, 3_600.0),
    ("小时", Dimension::Time, 3_600.0),
    ("个钟头", Dimension::Time, 3_600.0),
    ("个钟", Dimension::Time, 3_600.0),
    ("分钟", Dimension::Time, 60.0),
    ("秒钟", Dimension::Time, 1.0),
    ("秒", Dimension::Time, 1.0),
    ("天", Dimension::Time, 86_400.0),
    ("个星期", Dimension::Time, 604_800.0),
    ("星期", Dimension::Time, 604_800.0),
    ("个礼拜", Dimension::Time, 604_800.0),
    ("礼拜", Dimension::Time, 604_800.0),
    ("周年", Dimension::Count("周年"), 1.0),
    ("周", Dimension::Time, 604_800.0),
    ("个月", Dimension::Months, 1.0),
    ("个季度", Dimension::Months, 3.0),
    ("年", Dimension::Months, 12.0),
    ("hours", Dimension::Time, 3_600.0),
    ("hour", Dimension::Time, 3_600.0),
    ("minutes", Dimension::Time, 60.0),
    ("minute", Dimension::Time, 60.0),
    ("days", Dimension::Time, 86_400.0),
    ("day", Dimension::Time, 86_400.0),
    ("weeks", Dimension::Time, 604_800.0),
    ("week", Dimension::Time, 604_800.0),
    ("months", Dimension::Months, 1.0),
    ("month", Dimension::Months, 1.0),
    ("years", Dimension::Months, 12.0),
    ("year", Dimension::Months, 12.0),
    ("美元", Dimension::Foreign("usd"), 1.0),
    ("美金", Dimension::Foreign("usd"), 1.0),
    ("usd", Dimension::Foreign("usd"), 1.0),
    ("欧元", Dimension::Foreign("eur"), 1.0),
    ("eur", Dimension::Foreign("eur"), 1.0),
    ("港币", Dimension::Foreign("hkd"), 1.0),
    ("港元", Dimension::Foreign("hkd"), 1.0),
    ("日元", Dimension::Foreign("jpy"), 1.0),
    ("元", Dimension::Money, 1.0),
    ("块钱", Dimension::Money, 1.0),
    ("块", Dimension::Money, 1.0),
    ("rmb", Dimension::Money, 1.0),
    ("cny", Dimension::Money, 1.0),
    ("yuan", Dimension::Money, 1.0),
    ("角", Dimension::Money, 0.1),
    ("毛钱", Dimension::Money, 0.1),
    ("折", Dimension::Discount, 1.0),
    ("%", Dimension::Percent, 1.0),
    ("percent", Dimension::Percent, 1.0),
    ("个百分点", Dimension::Percent, 1.0),
    ("毫米", Dimension::Length, 1.0),
    ("mm", Dimension::Length, 1.0),
    ("厘米", Dimension::Length, 10.0),
    ("公分", Dimension::Length, 10.0),
    ("cm", Dimension::Length, 10.0),
    ("公里", Dimension::Length, 1_000_000.0),
    ("千米", Dimension::Length, 1_000_000.0),
    ("km", Dimension::Length, 1_000_000.0),
    ("米", Dimension::Length, 1_000.0),
    ("m", Dimension::Length, 1_000.0),
    ("英寸", Dimension::Length, 25.4),
    ("毫克", Dimension::Mass, 0.001),
    ("mg", Dimension::Mass, 0.001),
    ("公斤", Dimension::Mass, 1_000.0),
    ("千克", Dimension::Mass, 1_000.0),
    ("kg", Dimension::Mass, 1_000.0),
    ("克", Dimension::Mass, 1.0),
    ("g", Dimension::Mass, 1.0),
    ("斤", Dimension::Mass, 500.0),
    ("毫升", Dimension::Volume, 1.0),
    ("ml", Dimension::Volume, 1.0),
    ("升", Dimension::Volume, 1_000.0),
    ("l", Dimension::Volume, 1_000.0),
    ("摄氏度", Dimension::Degrees, 1.0),
    ("°c", Dimension::Degrees, 1.0),
    ("℃", Dimension::Degrees, 1.0),
    ("度", Dimension::Degrees, 1.0),
    ("码", Dimension::Size, 1.0),
];

/// Measure words that count things.
const COUNTED: &[&str] = &[
    "件", "张", "次", "双", "条", "位", "名", "家", "款", "种", "本", "套", "瓶", "盒", "支", "倍", "层", "级", "星",
    "步", "部", "包", "箱", "袋", "只", "片", "份", "单", "笔", "人", "岁", "遍", "档", "枚", "颗", "根", "台", "页",
    "期", "积分", "分", "个", "项", "色", "寸", "代", "客",
];

/// The unit that begins at `at`, blanks before it not counted: what it measures, its factor, and the place behind it.
pub(super) fn read(text: &Folded, at: usize) -> Option<(Dimension, f64, usize)> {
    let place = text.past_blanks(at);
    let ends = |end: usize| !text.at(end).is_some_and(|c| c.is_ascii_alphanumeric());
    let named = UNITS.iter().filter(|(name, ..)| {
        let end = place + name.chars().count();
        text.has_at(place, name) && (!name.is_ascii() || *name == "%" || ends(end))
    });
    let longest = named.max_by_key(|(name, ..)| name.chars().count());
    if let Some((name, dimension, factor)) = longest {
        return Some((*dimension, *factor, place + name.chars().count()));
    }
    let counted = COUNTED.iter().filter(|name| text.has_at(place, name)).max_by_key(|name| name.chars().count())?;
    Some((Dimension::Count(counted), 1.0, place + counted.chars().count()))
}
