use super::*;
use proptest::prelude::*;

fn list(toml: &str) -> Gate {
    Gate::new(&[WordList::parse(toml).unwrap()]).unwrap()
}

fn shop() -> Gate {
    list(
        r#"
        name = "shop"
        [[group]]
        severity = "block"
        reason = { zh = "竞品", en = "Competitor" }
        instead = "只说自己的产品"
        words = ["云裳记", "代开发票", "TNT"]
        [[group]]
        severity = "review"
        reason = "绝对化"
        words = ["狼友"]
        alone = ["最好"]
        before = ["面料"]
        harmless = ["狼友好", "这样最好"]
        "#,
    )
}

/// Words found, as they stand in the text.
fn found(gate: &Gate, text: &str) -> Vec<(String, Severity, Disguise)> {
    gate.look(text).into_iter().map(|mark| (text[mark.span].to_owned(), mark.severity, mark.disguise)).collect()
}

fn words(gate: &Gate, text: &str) -> Vec<String> {
    found(gate, text).into_iter().map(|(word, _, _)| word).collect()
}

#[test]
fn a_mark_tells_the_reviewer_everything() {
    let text = "亲，这和云裳记家一样的";
    let marks = shop().look(text);
    assert_eq!(marks.len(), 1);
    let mark = &marks[0];
    assert_eq!((&text[mark.span.clone()], mark.word.as_str(), mark.list.as_str()), ("云裳记", "云裳记", "shop"));
    assert_eq!((mark.severity, mark.disguise), (Severity::Block, Disguise::None));
    assert_eq!((mark.reason.in_language("zh-CN"), mark.reason.in_language("en")), ("竞品", "Competitor"));
    assert_eq!(mark.instead.as_ref().map(|said| said.in_language("en")), Some("只说自己的产品"));
}

#[test]
fn dress_hides_nothing_and_the_span_is_the_original() {
    let gate = shop();
    for dressed in
        ["代開發票", "代 开 发 票", "代.开.发.票", "代🔥开发票", "代\u{200b}开\u{feff}发票", "代，开，发，票"]
    {
        assert_eq!(found(&gate, &format!("可以{dressed}吗")), [(dressed.to_owned(), Severity::Block, Disguise::None)]);
    }
    assert_eq!(words(&gate, "卖ＴＮＴ吗"), ["ＴＮＴ"]);
    assert_eq!(words(&gate, "卖т-n-t吗"), ["т-n-t"]);
}

#[test]
fn halves_are_for_review_and_sounds_a_suspicion() {
    let gate = shop();
    assert_eq!(found(&gate, "能亻弋开发票不"), [("亻弋开发票".to_owned(), Severity::Review, Disguise::Halves)]);
    assert_eq!(found(&gate, "能代开发飘不"), [("代开发飘".to_owned(), Severity::Suspicion, Disguise::Sound)]);
    assert_eq!(found(&gate, "能daikaifapiao不"), [("daikaifapiao".to_owned(), Severity::Suspicion, Disguise::Sound)]);
    assert_eq!(found(&gate, "这件zui好！"), [("zui好".to_owned(), Severity::Suspicion, Disguise::Sound)]);
}

#[test]
fn phrases_are_not_read_into_one_another() {
    let gate = shop();
    assert!(words(&gate, "可以代，开发票另说").is_empty());
    assert!(words(&gate, "the mountnt").is_empty(), "a part of a Latin word");
    assert!(words(&gate, "t nt").is_empty());
}

#[test]
fn a_word_that_stands_alone_claims_something() {
    let gate = shop();
    for claim in ["这款最好！", "这款是最好的哦，放心", "最好的面料", "最好面料", "质量最好"]
    {
        assert_eq!(words(&gate, claim), ["最好"], "{claim}");
    }
    for harmless in ["最好先量一下", "您最好在今天下单", "这样最好。"] {
        assert!(words(&gate, harmless).is_empty(), "{harmless}");
    }
}

#[test]
fn a_longer_word_makes_it_harmless_for_its_group_only() {
    let gate = shop();
    assert!(words(&gate, "和狼友好相处").is_empty());
    assert_eq!(words(&gate, "各位狼友，速来"), ["狼友"]);
}

#[test]
fn ordinary_and_short_words_are_not_looked_for() {
    let gate = Gate::new(&[WordList::bare(
        "public",
        Severity::Block,
        Said::Once("-".into()),
        "没有\n电话\tads\n購買\n客服\nLY\n性服务\n",
    )])
    .unwrap();
    assert!(words(&gate, "没有收到，请问客服电话多少，LY 怎么购买").is_empty());
    let out: Vec<_> = gate.left_out().iter().map(|out| (out.word.as_str(), out.why)).collect();
    let ordinary = |word| (word, Why::Ordinary);
    assert_eq!(out, [ordinary("没有"), ordinary("电话"), ordinary("購買"), ordinary("客服"), ("LY", Why::Short)]);
    assert!(words(&gate, "弹性服务说明").is_empty(), "a part of another word");
    assert_eq!(words(&gate, "提供性服务"), ["性服务"]);
}

/// What service says every day: none of it may be marked, whatever else the starter list learns.
const SERVICE: &str = "您好，请问有什么可以帮您？|没有收到货请打客服电话|购买满99元包邮，最多可用三张优惠券|最近快递较慢，请耐心等待|最后一个问题，发票什么时候开\
    |第一次购买立减10元|最高可抵扣50元|建议最好先量一下胸围|首单优惠截至11月30日|这款目前没有现货，最快明天补货|最终以页面为准|请填写唯一的订单编号|最大码是XXL\
    |羊毛衫请手洗，不要机洗|本店支持7天无理由退货|您可以选择最近的驿站自提|最晚今晚24点前发货|最低起订量是两件|这是我们店里卖得比较好的一款|全国联保一年\
    |请不要私下交易，也不要刷单|我们不提供好评返现|顶级域名怎么买|国家规定的三包服务|绝对路径填错会导致上传失败|永久删除后无法恢复|第一步，打开订单页|特价商品不退换\
    |安全起见请核对地址|保过期的优惠券不能用|极少数情况下会延迟|冠军联赛的球衣还有吗|尺码表在详情页最下面|客服工作时间 9:00-22:00|We ship within 48 hours, no. 1 Road";

#[test]
fn ordinary_service_is_not_marked() {
    for text in SERVICE.split('|') {
        let marks = Gate::starter().look(text);
        assert!(marks.is_empty(), "{text}: {marks:?}");
    }
}

#[test]
fn the_starter_list_finds_claims() {
    for (text, word) in [
        ("这是全国销量第一的羊绒衫", "销量第一"),
        ("本品为国家级工艺", "国家级"),
        ("绝 对 正 品，假一赔万", "绝对正品"),
        ("這款最便宜啦", "最便宜"),
        ("用了根治脚气", "根治"),
        ("央视推荐的好物", "央视推荐"),
        ("这款是顶级的哦", "顶级"),
        ("再不抢就没了", "再不抢就没了"),
    ] {
        let marks = Gate::starter().look(text);
        assert_eq!(marks.first().map(|mark| mark.word.as_str()), Some(word), "{text}");
    }
}

#[test]
fn the_starter_list_is_whole() {
    let list = WordList::starter().unwrap();
    let gate = Gate::new(std::slice::from_ref(&list)).unwrap();
    assert!(gate.left_out().is_empty(), "starter words nobody looks for: {:?}", gate.left_out());
    assert!(gate.len() > 400 && list.groups.len() >= 8);
    for group in &list.groups {
        assert_ne!(group.reason.in_language("en"), group.reason.in_language("zh"));
        let says = |longer: &&String| {
            let folded = Reading::new(longer).text;
            group.words.iter().chain(&group.alone).any(|word| folded.contains(&Reading::new(word).text))
        };
        let idle: Vec<_> = group.harmless.iter().filter(|longer| !says(longer)).collect();
        assert!(idle.is_empty(), "exceptions from nothing: {idle:?}");
    }
}

#[test]
fn a_list_is_measured_on_past_texts_before_it_may_block() {
    let list = WordList::bare("public", Severity::Block, Said::Once("-".into()), "毛衣\n狼友");
    let past = ["这件毛衣会起球吗", "毛衣掉色吗", "包邮吗", "几天到"];
    let measured = Gate::new(std::slice::from_ref(&list)).unwrap().measure(past);
    assert_eq!((measured.texts, measured.marked, measured.blocked), (4, 2, 2));
    assert_eq!(measured.words, [("毛衣".to_owned(), 2)]);
    assert_eq!(measured.blocking, [("public".to_owned(), 2)]);
    assert!((measured.rate() - 0.5).abs() < 1e-9);
    let kept = Gate::new(&[list.clone().without(&["毛衣".to_owned()])]).unwrap();
    assert_eq!(kept.measure(past).marked, 0);
    let soft = Gate::new(&[list.at_most(Severity::Review)]).unwrap();
    let soft = soft.measure(past);
    assert_eq!((soft.marked, soft.blocked, soft.blocking.len()), (2, 0, 0));
}

#[test]
fn a_bad_list_says_what_is_wrong() {
    let error = |toml: &str| WordList::parse(toml).unwrap_err().to_string();
    assert!(error("name = 'x'\n[[group]]\nseverity = 'block'\nreason = 'y'").contains("'x' has a group without words"));
    assert!(error("name = 'x'\n[[group]]\nseverity = 'harsh'\nreason = 'y'\nwords = ['z']").contains("harsh"));
    assert!(Gate::new(&[]).unwrap().look("最好").is_empty());
}

proptest! {
    /// Spans lie on character bounds, in order, and nothing that only sounds or is put together blocks.
    #[test]
    fn any_text_gets_sound_marks(text in "\\PC{0,80}|[代开發票亻弋飘最好的面料 ，。.*🔥a-z\u{200b}]{0,60}") {
        for gate in [Gate::starter(), &shop()] {
            let mut last = 0;
            for mark in gate.look(&text) {
                prop_assert!(text.get(mark.span.clone()).is_some_and(|said| !said.is_empty()));
                prop_assert!(mark.span.start >= last);
                last = mark.span.start;
                prop_assert!(mark.disguise != Disguise::Sound || mark.severity == Severity::Suspicion);
                prop_assert!(mark.disguise != Disguise::Halves || mark.severity <= Severity::Review);
            }
        }
    }

    /// However a forbidden word is dressed up, and whatever stands around it, it is found where it stands.
    #[test]
    fn a_dressed_word_is_found_where_it_stands(
        before in "[请问你们家，。 ]{0,6}", after in "[，。！]{1,3}", dress in "[\u{200b}\u{2060} .*·~]{1,2}",
    ) {
        let dressed = ["代", "开", "发", "票"].join(dress.as_str());
        let text = format!("{before}{dressed}{after}");
        let marks = shop().look(&text);
        prop_assert!(marks.iter().any(|mark| text[mark.span.clone()] == dressed), "{text}: {marks:?}");
    }
}
