use super::*;
use crate::HitTests;
use proptest::prelude::*;

fn entry(id: &str, questions: &[&str], answer: &str) -> Entry {
    Entry {
        id: id.into(),
        version: 3,
        file_id: Some(format!("file-{id}")),
        kind: Kind::General,
        title: questions.first().copied().unwrap_or_default().into(),
        questions: questions.iter().map(|&question| question.into()).collect(),
        answer: answer.into(),
        owner: "sunmei".into(),
        scope: Scope::default(),
        valid_from: None,
        valid_until: None,
        verify_by: Some(7),
        source: "faq.csv line 2".into(),
        tests: HitTests::default(),
        forbids: None,
        cautions: Vec::new(),
        release: Release::default(),
    }
}

fn shop() -> Vec<Entry> {
    vec![
        entry("free", &["包邮吗", "满多少包邮"], "满 99 元包邮。"),
        entry("refund", &["退款多久到账"], "验货后原路退回，信用卡 3–7 个工作日到账。"),
        entry("wash", &["羊毛衫怎么洗"], "冷水手洗，平铺阴干，不要机洗。"),
        entry("hours", &["客服几点上班"], "每天 9:00–22:00。"),
        entry("ship", &["Do you ship abroad?"], "We only ship within the mainland."),
    ]
}

/// Where a customer is, as far as the words say it.
#[test]
fn a_region_is_named_by_its_whole_name() {
    let in_region = |id: &str, region: &str| Entry {
        scope: Scope { region: Some(region.into()), ..Scope::default() },
        ..entry(id, &["包邮吗"], "不包邮。")
    };
    let index =
        Index::build([in_region("a", "新疆"), in_region("b", "JP"), in_region("c", "新疆南疆"), in_region("d", "")]);
    for (text, region) in [
        ("寄到新疆包邮吗", Some("新疆")),
        ("寄到新疆南疆包邮吗", Some("新疆南疆")),
        ("ship to jp?", Some("JP")),
        ("jpeg 图片在哪里看", None),
        ("包邮吗", None),
        ("", None),
    ] {
        assert_eq!(index.region_in(text), region, "{text}");
    }
}

#[test]
fn the_same_knowledge_is_as_sure_every_time_it_is_indexed() {
    let long = "羊毛衫在腋下和袖口穿久了会起球吗，机洗会不会缩水，多少钱，什么时候能发货";
    let sure = || {
        let entries = (0..40).map(|at| entry(&at.to_string(), &[long, &format!("{long}{at}")], "冷水手洗。"));
        let index = Index::build(entries.chain(shop()));
        let asked = ["羊毛衫会起球缩水吗", "羊毛衫机洗会缩水起球吗什么时候发货多少钱"];
        asked.map(|text| {
            let query = Query { text, meaning: None, scope: &Scope::default(), now_ms: 0, limit: 5 };
            let found = index.search(&query);
            (found.confidence.to_bits(), found.hits.iter().map(|hit| hit.score.to_bits()).collect::<Vec<_>>())
        })
    };
    let first = sure();
    (0..20).for_each(|_| assert_eq!(sure(), first));
}

fn ids(index: &Index, text: &str, scope: &str, now_ms: i64) -> Vec<String> {
    let scope = scope.parse().unwrap();
    index
        .search(&Query { text, meaning: None, scope: &scope, now_ms, limit: 10 })
        .hits
        .into_iter()
        .map(|hit| hit.entry)
        .collect()
}

fn first(index: &Index, text: &str) -> Option<String> {
    ids(index, text, "", 0).into_iter().next()
}

#[test]
fn a_hit_carries_everything_a_citation_needs() {
    let index = Index::build(shop());
    let found =
        index.search(&Query {
            text: "满多少元包邮呢", meaning: None, scope: &Scope::default(), now_ms: 0, limit: 1
        });
    let hit = &found.hits[0];
    assert_eq!(found.hits.len(), 1);
    assert_eq!((hit.entry.as_str(), hit.version, hit.file_id.as_deref()), ("free", 3, Some("file-free")));
    assert_eq!(hit.question, "满多少包邮", "the wording nearest to what was asked");
    assert_eq!((hit.text.as_str(), hit.span), ("满 99 元包邮。", (0, "满 99 元包邮。".len())));
    assert_eq!((hit.owner.as_str(), hit.source.as_str(), hit.verify_by), ("sunmei", "faq.csv line 2", Some(7)));
    assert!(hit.score > 0.0);
}

#[test]
fn synonyms_variants_and_inflections_meet() {
    let index = Index::build(shop());
    assert_eq!(first(&index, "免邮费吗").as_deref(), Some("free"));
    assert_eq!(first(&index, "退錢幾天到帳").as_deref(), Some("refund"));
    assert_eq!(first(&index, "可以放洗衣机洗吗").as_deref(), Some("wash"));
    assert_eq!(first(&index, "营业时间").as_deref(), Some("hours"));
    assert_eq!(first(&index, "are you shipping to other countries").as_deref(), Some("ship"));
}

#[test]
fn typing_errors_homophones_and_pinyin_are_understood() {
    let index = Index::build(shop());
    assert_eq!(first(&index, "退宽多久").as_deref(), Some("refund"));
    assert_eq!(first(&index, "tuikuan").as_deref(), Some("refund"));
    assert_eq!(first(&index, "shpi to abroud").as_deref(), Some("ship"));
    assert_eq!(first(&index, "zhuanyi"), None, "sounds like nothing that is there");
}

#[test]
fn outside_its_days_an_entry_is_not_there() {
    let mut entries = shop();
    entries[0].valid_from = Some(100);
    entries[0].valid_until = Some(200);
    let index = Index::build(entries);
    let found = |now| ids(&index, "包邮吗", "", now).contains(&"free".to_owned());
    assert_eq!([99, 100, 200, 201].map(found), [false, true, true, false]);
}

#[test]
fn outside_its_scope_an_entry_is_not_there() {
    let mut entries = shop();
    entries[0].scope = "store=flagship".parse().unwrap();
    entries.push(Entry { scope: "store=outlet".parse().unwrap(), ..entry("outlet", &["包邮吗"], "不包邮。") });
    entries.push(entry("any", &["包邮吗"], "看页面。"));
    let index = Index::build(entries);
    assert_eq!(ids(&index, "包邮吗", "store=flagship", 0), ["free", "any"], "the store's own entry goes first");
    assert_eq!(ids(&index, "包邮吗", "store=outlet", 0), ["outlet", "any"]);
    assert_eq!(ids(&index, "包邮吗", "", 0).len(), 3);
}

/// Other shops' entries are left out before the best are chosen: however many of them fit better, a shop finds its own.
#[test]
fn entries_of_other_shops_crowd_nothing_out() {
    let outlet = |n: usize| {
        let scope = "store=outlet".parse().unwrap();
        Entry { scope, ..entry(&format!("outlet-{n}"), &["羊毛衫可以机洗吗"], "羊毛衫可以机洗。") }
    };
    let own = Entry {
        scope: "store=flagship".parse().unwrap(),
        ..entry("own", &["怎么洗羊毛衫"], "羊毛衫请手洗，水温不超过 30 度，平铺晾干。")
    };
    let index = Index::build((0..200).map(outlet).chain([own]));
    assert_eq!(ids(&index, "羊毛衫可以机洗吗", "store=flagship", 0), ["own"]);
}

#[test]
fn rules_are_no_answers() {
    let mut rule = entry("rule", &["包邮吗"], "不承诺包邮。");
    rule.kind = Kind::Forbidden;
    rule.scope = "store=flagship".parse().unwrap();
    rule.valid_until = Some(10);
    let index = Index::build([rule]);
    assert_eq!(first(&index, "包邮吗"), None);
    assert!(index.is_empty());
    let count = |kind, scope: &str, now| index.rules(kind, &scope.parse().unwrap(), now).count();
    assert_eq!(count(Kind::Forbidden, "store=flagship", 10), 1);
    assert_eq!(count(Kind::Forbidden, "store=flagship", 11), 0);
    assert_eq!(count(Kind::Forbidden, "store=outlet", 10), 0);
    assert_eq!(count(Kind::Tone, "", 10), 0);
}

#[test]
fn confidence_tells_near_from_far() {
    let index = Index::build(shop());
    let confidence = |text: &str| {
        index.search(&Query { text, meaning: None, scope: &Scope::default(), now_ms: 0, limit: 5 }).confidence
    };
    assert!(confidence("包邮吗？") > 0.95);
    assert!(confidence("退款要多久才能到账呀") > 0.7);
    assert!(confidence("这件羊毛大衣会不会起静电") < 0.5);
    assert_eq!(confidence("你好在吗"), 0.0);
    assert_eq!(confidence("火星上有生命么"), 0.0);
    assert_eq!(confidence(""), 0.0);
}

#[test]
fn two_entries_that_claim_one_question_are_no_certainty() {
    let mut entries = shop();
    let certain = |entries: Vec<Entry>| {
        Index::build(entries)
            .search(&Query { text: "包邮吗", meaning: None, scope: &Scope::default(), now_ms: 0, limit: 2 })
            .confidence
    };
    let alone = certain(entries.clone());
    entries.push(entry("other", &["包邮吗"], "不包邮。"));
    assert!(certain(entries) < alone);
}

#[test]
fn the_cited_sentence_is_the_one_that_answers() {
    let filler = "山茶家成立于二零一五年，专注舒适的日常穿着。".repeat(12);
    let answer = format!("{filler}羊毛衫请用冷水手洗，不要机洗。{filler}");
    let index = Index::build([entry("long", &["洗涤说明"], &answer)]);
    let found =
        index.search(&Query {
            text: "羊毛衫可以机洗吗", meaning: None, scope: &Scope::default(), now_ms: 0, limit: 1
        });
    let (from, to) = found.hits[0].span;
    assert!(found.hits[0].text[from..to].contains("羊毛衫请用冷水手洗"), "{}", &answer[from..to]);
    assert!(to - from < 500);
}

#[test]
fn an_empty_index_and_a_zero_limit_find_nothing() {
    assert_eq!(first(&Index::build([]), "包邮吗"), None);
    let none = Index::build(shop()).search(&Query {
        text: "包邮吗",
        meaning: None,
        scope: &Scope::default(),
        now_ms: 0,
        limit: 0,
    });
    assert!(none.hits.is_empty());
}

#[test]
fn a_search_leaves_no_trace_for_the_next() {
    let index = Index::build(shop());
    let before = ids(&index, "退款多久到账", "", 0);
    for text in ["包邮吗", "ship", "羊毛衫怎么洗", "几点上班"] {
        ids(&index, text, "", 0);
    }
    assert_eq!(ids(&index, "退款多久到账", "", 0), before);
}

proptest! {
    #[test]
    fn any_question_gets_sound_hits(text in "\\PC{0,60}|[包邮退款羊毛洗几点 ?a-z]{0,200}", limit in 0usize..200) {
        let index = Index::build(shop());
        let found = index.search(&Query { text: &text, meaning: None, scope: &Scope::default(), now_ms: 0, limit });
        prop_assert!(found.hits.len() <= limit);
        prop_assert!((0.0..=1.0).contains(&found.confidence));
        prop_assert!(found.hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
        for hit in found.hits {
            prop_assert!(hit.text.get(hit.span.0..hit.span.1).is_some_and(|cited| !cited.is_empty()));
        }
    }
}

/// A scope out of few values, so that random ones often meet.
fn any_scope() -> impl Strategy<Value = Scope> {
    let field = |values: &'static [&'static str]| {
        proptest::option::of(proptest::sample::select(values).prop_map(str::to_owned))
    };
    let places = (field(&["flagship", "outlet"]), field(&["tmall", "jd"]), field(&["新疆", "上海"]), field(&CHANNELS));
    (places, field(&["zh", "zh-CN", "en"])).prop_map(|((store, platform, region, channel), language)| Scope {
        store,
        platform,
        region,
        language,
        channel,
    })
}

const CHANNELS: [&str; 3] = ["kf-a", "kf-b", "kf-c"];

/// Where a version is released, or no longer: some channels, or all but some.
fn any_release() -> impl Strategy<Value = Release> {
    let some = || proptest::collection::vec(proptest::sample::select(&CHANNELS[..]).prop_map(str::to_owned), 0..2);
    (some(), some()).prop_map(|(only, except)| Release { only, except })
}

const ANSWERS: [&str; 4] = ["满 99 元包邮。", "包邮，偏远地区除外。", "羊毛衫冷水手洗。", "We ship free above 99."];
const ASKED: [&str; 5] = ["包邮吗", "满多少免邮", "羊毛衫怎么洗", "free shipping", "99"];

fn any_entry() -> impl Strategy<Value = Entry> {
    let time = || proptest::option::of(0i64..100);
    let parts = (0u8..12, any_scope(), time(), time(), 0..ANSWERS.len(), any::<(bool, bool)>(), any_release());
    parts.prop_map(|(id, scope, valid_from, valid_until, answer, (asked, is_rule), release)| Entry {
        scope,
        release,
        valid_from,
        valid_until,
        kind: if is_rule { Kind::Forbidden } else { Kind::Shipping },
        ..entry(&format!("e{id}"), if asked { &["包邮吗", "free shipping?"] } else { &[] }, ANSWERS[answer])
    })
}

proptest! {
    /// However entries, clocks and scopes change: what is found is published, valid, in scope and no rule, and what is
    /// cited lies in the entry's own text.
    #[test]
    fn nothing_out_of_scope_or_date_is_ever_found(
        editions in proptest::collection::vec(proptest::collection::vec(any_entry(), 0..40), 1..4),
        asked in proptest::collection::vec((any_scope(), -10i64..110, 0..ASKED.len()), 1..6),
    ) {
        for edition in &editions {
            let version = |(n, entry): (usize, &Entry)| Entry { version: n as i64, ..entry.clone() };
            let entries: Vec<Entry> = edition.iter().enumerate().map(version).collect();
            let index = Index::build(entries.clone());
            for (scope, now_ms, text) in &asked {
                let found = index.search(&Query { text: ASKED[*text], meaning: None, scope, now_ms: *now_ms, limit: 100 });
                for hit in found.hits {
                    let entry = &entries[hit.version as usize];
                    prop_assert_eq!((&hit.entry, &hit.text), (&entry.id, &entry.answer));
                    prop_assert!(entry.is_valid_at(*now_ms) && entry.covers(scope) && !entry.kind.is_rule());
                    prop_assert!(entry.answer.get(hit.span.0..hit.span.1).is_some_and(|cited| !cited.is_empty()));
                }
            }
        }
    }
}

/// A section of a document, at a line of its file.
fn section(id: &str, title: &str, answer: &str, source: &str) -> Entry {
    Entry { title: title.into(), source: source.into(), ..entry(id, &[], answer) }
}

#[test]
fn sections_of_one_document_that_say_half_of_it_each_are_one_answer() {
    let cost = || section("cost", "退换 > 退货运费", "退货运费由买家承担。", "售后.md line 3");
    let days = |title: &str, source: &str| section("days", title, "退款三个工作日到账。", source);
    let asked = "退货运费谁承担退款几个工作日到账";
    let completing = |entries: Vec<Entry>, text: &str| {
        let index = Index::build(entries.into_iter().chain(shop()));
        let found = index.search(&Query { text, meaning: None, scope: &Scope::default(), now_ms: 0, limit: 5 });
        let complete: Vec<_> = found.hits.iter().filter(|hit| hit.completes).map(|hit| hit.entry.clone()).collect();
        assert!(complete.len() <= 1 && found.hits.first().is_none_or(|hit| !hit.completes), "{complete:?}");
        !complete.is_empty()
    };
    let days_here = || days("退换 > 退款到账", "售后.md line 9");
    assert!(completing(vec![cost(), days_here()], asked));
    assert!(completing(vec![cost(), days("退换", "售后.md line 1")], asked), "the section around it");
    for (title, source) in
        [("退换 > 退款到账", "别的.md line 9"), ("退款 > 到账", "售后.md line 9"), ("退换 > 退款到账", "")]
    {
        assert!(!completing(vec![cost(), days(title, source)], asked), "{title} {source}");
    }
    let english = Entry { answer: "退款 refund in 3 days".replace("退款 ", ""), ..days_here() };
    assert!(!completing(vec![cost(), english], asked), "another language");
    assert!(!completing(vec![cost(), days_here()], "退货运费由谁承担"), "one thing");
    let both = section("both", "退换 > 都有", "退货运费由买家承担，退款三个工作日到账。", "售后.md line 12");
    assert!(!completing(vec![cost(), days_here(), both], asked), "one entry says it all");
    let exact = Entry { questions: vec![asked.into()], ..cost() };
    assert!(!completing(vec![exact, days_here()], asked), "an entry that is asked for word for word");
}

#[test]
fn of_two_sections_alike_that_of_the_document_that_says_more_of_it_goes_first() {
    let text = "请冷水手洗，平铺阴干。";
    let alone = section("alone", "围巾 > 保养", text, "围巾.md line 3");
    let here = section("here", "毛衫 > 保养", text, "毛衫.md line 3");
    let beside = section("beside", "毛衫 > 起球", "手洗、平铺也会有少量起球。", "毛衫.md line 9");
    let asked = "手洗以后平铺吗";
    let in_order = |entries: Vec<Entry>| {
        let mut found = ids(&Index::build(entries), asked, "", 0);
        found.retain(|id| id != "beside");
        found
    };
    assert_eq!(in_order(vec![alone.clone(), here.clone(), beside]), ["here", "alone"]);
    assert_eq!(in_order(vec![alone, here]), ["alone", "here"], "as they were given");
}

#[test]
fn what_a_long_message_means_counts_for_less() {
    let index = Index::build(shop());
    let faces = index.faces();
    let direction = Arc::new(Direction::of(&[1.0, 0.0]).unwrap());
    index.know(Meanings::new(faces.iter().map(|face| (face, direction.clone())), &[]));
    let place = Index::FEATURES.iter().position(|name| *name == "meaning").unwrap();
    let nearest = |text: &str| {
        let query = Query { text, meaning: Some(&[1.0, 0.0]), scope: &Scope::default(), now_ms: 0, limit: 5 };
        index.close_look(&query).iter().map(|(_, row)| row[place]).fold(0.0, f32::max)
    };
    let long = |chars: usize| format!("包邮吗{}", "。".repeat(chars - 3));
    for (chars, near) in [(3, 1.0), (120, 1.0), (240, 0.5), (1_200, 0.1)] {
        assert!((nearest(&long(chars)) - near).abs() < 0.01, "{chars} characters");
    }
}
