//! Words that bind the shop. A source must have the word, or one that means the same, and mean it the same way.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::clause::is_denied;
use super::folded::Folded;

/// Words that promise the same, a family a line.
const FAMILIES: &[&[&str]] = &[
    &["保证", "保準", "包您", "确保", "guarantee", "guaranteed", "ensure"],
    &["承诺", "promise", "答应您"],
    &["一定", "肯定", "必定", "绝对", "必须", "certainly", "definitely", "absolutely"],
    &["百分百", "万无一失", "毫无"],
    &["包邮", "免邮", "免运费", "免邮费", "free shipping"],
    &["免费", "不收费", "不收取费用", "不要钱", "free of charge", "for free"],
    &["免单", "白送"],
    &["赠送", "送您", "附赠", "赠您", "送给您", "gift"],
    &["全额", "full refund"],
    &["无条件", "随时退", "随时可以退", "包退", "包换", "包赔"],
    &["无理由"],
    &["终身", "永久", "永远", "lifetime", "forever"],
    &["全网最低", "最低价", "最便宜", "lowest price"],
    &["最好", "第一品牌", "顶级", "最佳", "best"],
    &["马上", "立即", "立刻", "即刻", "immediately", "right away", "at once"],
    &["赔偿", "补偿", "赔付", "赔您", "假一赔", "compensate", "compensation"],
    &["返现", "返钱", "返还", "cashback"],
    &["退差价", "补差价", "补您差价", "保价", "价保"],
    &["补发", "重发", "补寄", "resend", "reship"],
    &["优先", "priority"],
    &["加急", "expedite"],
    &["已为您", "已经为您", "已帮您", "已经帮您", "给您安排", "为您安排", "帮您安排"],
    &["上门"],
    &["优惠券", "代金券", "coupon", "voucher"],
    &["无门槛"],
    &["破例", "特批", "特殊处理", "exception"],
];

/// The characters the words begin with.
static FIRST: LazyLock<HashSet<char>> =
    LazyLock::new(|| FAMILIES.iter().flat_map(|words| words.iter()).filter_map(|word| word.chars().next()).collect());

/// Which promises the sources make, and whether they make or refuse them.
pub(super) struct Promises {
    made: Vec<bool>,
    refused: Vec<bool>,
}

impl Promises {
    pub(super) fn of(sources: &[Folded]) -> Self {
        let mut promises = Self { made: vec![false; FAMILIES.len()], refused: vec![false; FAMILIES.len()] };
        for source in sources {
            for (family, span) in said(source) {
                let denied = is_denied(source, span.0);
                let list = if denied { &mut promises.refused } else { &mut promises.made };
                if let Some(known) = list.get_mut(family) {
                    *known = true;
                }
            }
        }
        promises
    }

    /// Promises of a text that no source makes. To refuse what the sources do not mention binds nobody.
    pub(super) fn missing(&self, text: &Folded) -> Vec<(usize, usize)> {
        let open = said(text).into_iter().filter(|(family, span)| {
            let made = self.made.get(*family).copied().unwrap_or_default();
            !made && !is_denied(text, span.0)
        });
        open.map(|(_, span)| span).collect()
    }
}

/// Every word of the families in a text: which family, and where.
fn said(text: &Folded) -> Vec<(usize, (usize, usize))> {
    let mut found = Vec::new();
    for at in 0..text.len() {
        // Few characters begin a word at all.
        if !text.at(at).is_some_and(|c| FIRST.contains(&c)) {
            continue;
        }
        for (family, words) in FAMILIES.iter().enumerate() {
            let longest = words.iter().filter(|word| stands_at(text, at, word)).map(|word| word.chars().count()).max();
            found.extend(longest.map(|length| (family, (at, at + length))));
        }
    }
    found
}

fn stands_at(text: &Folded, at: usize, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    let whole = !word.is_ascii() || (!letter(text.before(at)) && !letter(text.at(at + word.len())));
    whole && text.has_at(at, word)
}
