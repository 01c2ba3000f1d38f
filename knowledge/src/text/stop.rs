//! Words that say nothing about what is asked.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Chinese: particles, pronouns, question words, politeness of customers and sellers.
const CHINESE: &str = "的 了 谁 出来 吗 呢 啊 呀 吧 哦 嗯 哈 嘛 么 哪 哪个 哪些 哪里 哪儿 什么 怎么 怎样 怎么样 怎么办 怎么回事 如何 为什么 为何 \
    为啥 啥 多少 几 是 是不是 是否 有 有没有 没有 没 不 能 能不能 可以 可不可以 可否 能否 会 会不会 要 要不要 想 想要 需要 应该 得 \
    我 我们 你 你们 您 他 她 它 他们 咱 咱们 自己 这 这个 这些 这样 这里 这边 那 那个 那些 那里 那么 请 请问 问 问下 问一下 想问 麻烦 \
    你好 您好 亲 亲亲 在 在吗 在不在 有人 谢谢 好 好的 好吗 行 行吗 吗 和 与 或 或者 及 以及 并 而 但 但是 因为 所以 如果 的话 时 时候 之 \
    就 都 也 还 还是 再 又 才 只 很 太 最 更 比较 非常 真 真的 到底 究竟 一下 一个 一些 一点 有点 个 些 点 下 上 里 中 对 对于 关于 从 到 \
    被 把 将 给 让 向 于 以 为 由 等 着 过 去 来 看 说 做 知道 告诉 帮 帮我 帮忙 东西 事情 问题 情况 方法 办法 现在 今天 怎 么样 多 大概 一般";

/// English: articles, pronouns, auxiliaries, question words, politeness.
const ENGLISH: &str = "a an the and or but if then else of to in on at by for with from as into about than so such via per \
    is are was were be been being am do does did done doing have has had having can could may might must shall should \
    will would i me my mine we us our ours you your yours he him his she her hers it its they them their theirs this \
    that these those there here what which who whom whose when where why how not no nor yes please hi hello hey thanks \
    thank ok okay just also any some all both each other own same too very don't doesn't didn't can't cannot won't \
    isn't aren't wasn't i'm i've i'd i'll it's that's what's let get got want need know tell help s t m re ve d ll";

static STOP: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| CHINESE.split_whitespace().chain(ENGLISH.split_whitespace()).collect());

/// Whether `word` (folded, not stemmed) carries no meaning of its own.
pub(super) fn is_stop(word: &str) -> bool {
    STOP.contains(word)
}
