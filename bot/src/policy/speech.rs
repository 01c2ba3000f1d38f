//! Two small questions about one message: does the customer ask for a person, and does it add anything at all.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::plain::{Plain, Word, words};

/// 人工 and 真人 where they mean something else, and words that refuse a person.
const NOT_A_PERSON: &str = "\
    人工智能|人工智慧|人工皮|人工革|人工合成|人工草|人工棉|人工毛|人工丝|人工钻|人工宝石|人工制|人工染|人工费|人工成本|人工作|人工资|人工艺|人工程|人工时|真人实拍|真人模特|\
    真人上身|真人照|真人图|真人秀|真人试穿|不用转人工|不要转人工|不需要转人工|别转人工|不用人工|不需要人工|不用找客服|不用找人工|来个人字";

/// Words that always ask for a person.
const ASKS: &str = "\
    转人工|轉人工|转接人工|接人工|接入人工|找人工|要人工|叫人工|换人工|用人工|来人工|来个人工|联系人工|呼叫人工|人工呢|人工在吗|有人工吗|有没有人工|没有人工吗|人工回复|\
    人工来回|人工处理|人工帮我|转客服|轉客服|转接客服|找客服|换客服|换个客服|叫客服|转真人|找真人|要真人|叫真人|真人在吗|有真人吗|跟真人|和真人|找活人|活人在吗|有活人吗|\
    来个活人|来个人|叫个人|找个人来|换个人来|不要机器人|别用机器人|不想跟机器人|不想和机器人|不要跟机器人|不要和机器人|找你们领导|叫你们领导|找你们经理|叫你们经理|找你们主管|\
    叫你们主管|找你们老板|叫你们老板|human agent|live agent|real person|real human|live person|talk to a person|\
    talk to a human|talk to a real|talk to someone|talk to an agent|talk to your manager|\
    speak to a person|speak to a human|speak to someone|speak to an agent|speak to a manager|\
    speak to your manager|speak with a person|speak with a human|speak with someone|\
    speak with an agent|speak with a manager|need a human|want a human|need a person|\
    a representative|service representative|transfer me|human please|agent please|not a bot|no bot|\
    stop the bot";

/// Words that ask for a person unless they only ask about opening hours and the like.
const MAY_ASK: &str = "人工客服|真人客服|人工服务|human support|customer service agent";
const ABOUT_HOURS: &str = "几点|上班|下班|时间|工作日|周末|节假日|多久|电话多少|收费|hours|when|what time";

/// Whole messages that ask for a person.
const WHOLE: &str = "人工|客服|真人|活人|人呢|有没有人|agent|human|operator|representative|person|a human|a person";

/// Messages, or pieces of them, after which the same reply is still the right one.
const FILLERS: &str = "\
    好的|好滴|好哒|好吧|好|嗯嗯|嗯|恩|哦|噢|喔|哈|呵|嘿|嘻|行|收到|知道了|明白了|明白|了解|懂了|ok|okay|kk|okk|谢谢|謝謝|谢了|多谢|感谢|谢|辛苦了|辛苦|\
    麻烦了|麻烦你了|麻烦您了|您|你|亲|亲亲|在吗|在么|在不在|在不|在嘛|在|有人吗|人在吗|你好|您好|你们好|嗨|哈喽|哈啰|喂|早|早上好|上午好|中午好|下午好|晚上好|早安|\
    晚安|拜拜|再见|没事了|没事|不客气|啊|呀|呢|吗|哟|啦|了|的|吧|hi|hello|hey|thanks|thank|thankyou|thx|you|ty|bye|gotit|\
    isee|great|goodmorning|hithere|noted";
/// Longer messages always say something.
const SHORT: usize = 24;

struct Speech {
    not_a_person: Vec<Word>,
    asks: Vec<Word>,
    may_ask: Vec<Word>,
    about_hours: Vec<Word>,
}

static SPEECH: LazyLock<Speech> = LazyLock::new(|| Speech {
    not_a_person: words(NOT_A_PERSON),
    asks: words(ASKS),
    may_ask: words(MAY_ASK),
    about_hours: words(ABOUT_HOURS),
});

static WHOLE_MESSAGES: LazyLock<HashSet<String>> = LazyLock::new(|| WHOLE.split('|').map(letters).collect());

/// Whether the customer asks for a person.
pub fn wants_person(text: &str) -> bool {
    let plain = Plain::new(text).without(&SPEECH.not_a_person);
    let has = |words: &[Word]| words.iter().any(|word| plain.has(word));
    WHOLE_MESSAGES.contains(&letters(plain.squeezed()))
        || has(&SPEECH.asks)
        || (has(&SPEECH.may_ask) && !has(&SPEECH.about_hours))
}

/// Whether a message leaves the open question as it was: 好的, 在吗, an emoji, nothing at all.
pub fn adds_nothing(text: &str) -> bool {
    let said = letters(&without_stickers(text));
    said.chars().count() <= SHORT && is_made_of_fillers(&said)
}

fn letters(text: &str) -> String {
    Plain::new(text).squeezed().replace('\n', "")
}

/// WeChat writes its own emoji as words in brackets: [微笑], [OK].
fn without_stickers(text: &str) -> String {
    let mut rest = text;
    let mut said = String::new();
    while let Some((before, after)) = rest.split_once('[') {
        said.push_str(before);
        match after
            .split_once(']')
            .filter(|(name, _)| !name.is_empty() && name.chars().count() <= 6 && !name.contains('['))
        {
            Some((_, following)) => rest = following,
            None => {
                said.push('[');
                rest = after;
            }
        }
    }
    said + rest
}

/// Whether the text can be cut into fillers without a rest.
fn is_made_of_fillers(text: &str) -> bool {
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for start in 0..text.len() {
        if !reached[start] {
            continue;
        }
        for filler in FILLERS.split('|').filter(|filler| text[start..].starts_with(filler)) {
            reached[start + filler.len()] = true;
        }
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_customer_who_asks_for_a_person_is_heard() {
        for text in [
            "人工",
            "转人工！",
            "人工客服",
            "我要转人工",
            "找客服",
            "麻烦帮我转 人 工 好吗",
            "转.人.工",
            "轉人工",
            "别用机器人糊弄我，来个人",
            "为什么不转人工",
            "有人工吗",
            "叫你们经理来",
            "human agent please",
            "I want to talk to a real person",
            "AGENT",
            "Can I speak to someone?",
            "人工智能太笨了，转人工",
            "有没有人",
            "我不要和机器人聊",
        ] {
            assert!(wants_person(text), "{text}");
        }
    }

    #[test]
    fn other_uses_of_the_word_are_no_request() {
        for text in [
            "这是人工智能吗",
            "鞋面是人工皮革的吗",
            "乐福鞋是牛皮的还是人造革",
            "人工客服几点上班",
            "人工费多少",
            "有真人实拍图吗",
            "要真人模特的图",
            "不用转人工，谢谢",
            "客人工作服有吗",
            "你们的客服态度很好",
            "包邮吗",
            "",
            "👍",
            "is this agent orange colour",
            "my personal opinion",
            "手工做的吗",
            "人工合成的宝石",
            "再来个人字拖",
        ] {
            assert!(!wants_person(text), "{text}");
        }
    }

    #[test]
    fn what_adds_nothing() {
        for text in [
            "好的",
            "在吗",
            "在吗？？",
            "嗯",
            "嗯嗯好的",
            "ok",
            "OK 谢谢",
            "👍",
            "👌🏻👌🏻",
            "[微笑]",
            "好的[OK]谢谢亲",
            "……",
            "",
            "  ",
            "Thank you!",
            "您好",
            "谢谢啦",
            "收到，辛苦了",
            "Hello",
            "有人吗",
        ] {
            assert!(adds_nothing(text), "{text}");
        }
    }

    #[test]
    fn what_adds_something() {
        for text in [
            "好的，那什么时候发货",
            "不用了",
            "退款",
            "嗯我要换大一码",
            "37码",
            "[图片]这个破了",
            "ok but when",
            "你好 包邮吗",
            "是的",
            "2",
            "1",
            "可以",
            "好好好好好好好好好好好好好好好好好好好好好好好好好好好好",
            "[x",
            "a]",
        ] {
            assert!(!adds_nothing(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,60}") {
            let _ = (wants_person(&text), adds_nothing(&text));
        }

        #[test]
        fn fillers_in_any_number_and_order_add_nothing(parts in prop::collection::vec(prop::sample::select(vec!["好的", "谢谢", "嗯", "在吗", "👍", " ", "！"]), 0..8)) {
            prop_assert!(adds_nothing(&parts.concat()));
        }
    }
}
