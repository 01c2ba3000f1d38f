//! The demo's own files: they import without a problem, and customers' words find the right entry.

#![cfg(test)]

use std::path::Path;

use chrono_tz::Asia::Shanghai;
use knowledge::import::{Defaults, Imported, read};
use knowledge::{Found, Index, Kind, Query, Scope};

/// 2026-11-25 12:00 in Shanghai.
const NOW: i64 = 1_795_579_200_000;

fn imported() -> Vec<Imported> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bot/demo/knowledge");
    let defaults = Defaults {
        owner: Some("sunmei".into()),
        kind: Some(Kind::General),
        scope: Scope::default(),
        timezone: Shanghai,
    };
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| read(path.file_name().unwrap().to_str().unwrap(), &std::fs::read(path).unwrap(), &defaults))
        .collect()
}

fn shop() -> Index {
    let items = imported().into_iter().flat_map(|file| file.items).enumerate();
    Index::build(items.map(|(number, item)| item.into_entry(format!("e{number}"), 1)))
}

fn ask(shop: &Index, text: &str) -> Found {
    shop.search(&Query { text, meaning: None, scope: &Scope::default(), now_ms: NOW, limit: 5 })
}

#[test]
fn every_file_imports_without_a_problem() {
    let files = imported();
    let problems: Vec<_> = files.iter().flat_map(|file| &file.problems).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let items: Vec<_> = files.iter().flat_map(|file| &file.items).collect();
    assert!(items.len() >= 60, "{}", items.len());
    for kind in Kind::ALL {
        assert!(items.iter().any(|item| item.kind == kind), "nothing of kind {kind}");
    }
    assert!(items.iter().all(|item| item.file_id.is_some() && ["sunmei", "wangwu"].contains(&item.owner.as_str())));
}

/// Wordings that are in no file, with the entry each should find.
const ASKED: [(&str, &str); 30] = [
    ("亲 你们家免邮费吗", "s-free"),
    ("運費多少錢", "s-free"),
    ("我今天拍的话啥时候能寄出来呀", "s-dispatch"),
    ("到广州大概要几天", "s-days"),
    ("可以发顺丰不", "s-courier"),
    ("西藏这边能收到吗", "s-remote"),
    ("物流卡在中转站好几天不动了", "s-stuck"),
    ("显示已经签收了可是我根本没拿到", "s-lost"),
    ("地址写错了能帮我改一下吗", "s-address"),
    ("我急着穿，能不能催一下", "s-urge"),
    ("买了不喜欢可以退吗", "r-seven"),
    ("退回去的邮费算谁的", "r-fee"),
    ("退款几天能到账啊", "r-refund"),
    ("裤子小了想换大一码", "r-exchange"),
    ("刚收到袖子就开线了", "r-defect"),
    ("少发了一件给我", "r-wrong"),
    ("鞋子保修多长时间", "r-warranty"),
    ("定金还能退吗", "r-deposit"),
    ("需要开个发票", "g-invoice"),
    ("你们几点下班", "g-hours"),
    ("我要投诉你们", "g-complaint"),
    ("羊毛衫能不能放洗衣机里洗", "p-wool-wash"),
    ("羽绒服充了多少绒", "p-down-fill"),
    ("110斤165高穿哪个码的羽绒服", "p-down-size"),
    ("牛仔裤26码的腰围是多少", "p-jeans-size"),
    ("乐福鞋是牛皮的还是人造革", "p-loafer-material"),
    ("真丝衬衫透吗", "p-shirt-material"),
    ("昨天刚买今天就降价了，能退差价吗", "c-price"),
    ("满减是怎么算的", "c-winter"),
    ("do you ship abroad", "s-abroad"),
];

#[test]
fn customers_words_find_the_entry() {
    let shop = shop();
    let places: Vec<_> = ASKED
        .iter()
        .map(|(text, wanted)| {
            let found = ask(&shop, text);
            let place = found.hits.iter().position(|hit| hit.file_id.as_deref() == Some(*wanted));
            println!("{place:?} {:.2} {text} -> {:?}", found.confidence, found.hits.first().map(|hit| &hit.file_id));
            place
        })
        .collect();
    let first = places.iter().filter(|place| **place == Some(0)).count();
    assert!(first >= 27, "only {first} of {} first", ASKED.len());
    assert!(places.iter().all(Option::is_some), "all within the first five");
}

#[test]
fn what_the_shop_does_not_know_has_no_confidence() {
    let shop = shop();
    for text in [
        "在吗",
        "今天天气怎么样",
        "帮我写一首关于春天的诗",
        "明天股票会涨吗",
        "你是谁",
        "What is the capital of France?",
        "👍",
        "",
    ] {
        let found = ask(&shop, text);
        println!("{:.2} {text} -> {:?}", found.confidence, found.hits.first().map(|hit| &hit.question));
        assert!(found.confidence < 0.3, "{text}: {}", found.confidence);
    }
}

#[test]
fn a_question_word_for_word_is_certain() {
    let shop = shop();
    for (text, wanted) in [("包邮吗", "s-free"), ("退款多久到账?", "r-refund"), ("羽绒服充绒量多少", "p-down-fill")]
    {
        let found = ask(&shop, text);
        assert_eq!(found.hits[0].file_id.as_deref(), Some(wanted));
        assert!(found.confidence > 0.95, "{text}: {}", found.confidence);
    }
}

#[test]
fn an_ended_campaign_is_never_offered() {
    let found = ask(&shop(), "双十一有什么活动");
    assert!(found.hits.iter().all(|hit| hit.file_id.as_deref() != Some("c-1111")));
}

#[test]
fn rules_are_kept_for_drafts() {
    let shop = shop();
    let count = |kind| shop.rules(kind, &Scope::default(), NOW).count();
    assert_eq!([Kind::Forbidden, Kind::Tone, Kind::Escalation].map(count), [5, 3, 4]);
    assert_eq!(count(Kind::General), 0);
}

/// A customer who asks for one entry is answered with one; who asks for two neighbours in a breath, with both.
#[test]
fn neighbours_are_told_together_when_both_are_asked_for() {
    let shop = shop();
    let sections: Vec<_> = shop.entries().iter().filter(|entry| entry.title.contains(" > ")).collect();
    let asked = shop.entries().iter().flat_map(|entry| &entry.questions);
    let completed = |text: &str| ask(&shop, text).hits.iter().any(|hit| hit.completes);
    let single: Vec<_> = asked.clone().filter(|question| completed(question)).collect();
    assert!(single.len() * 100 <= asked.count(), "{single:?}");
    let alone: Vec<_> = ASKED.iter().filter(|(text, _)| completed(text)).collect();
    assert!(alone.is_empty(), "{alone:?}");
    let pairs: Vec<_> =
        sections.windows(2).filter(|two| two[0].source.split(' ').next() == two[1].source.split(' ').next()).collect();
    let both = |two: &&&[&knowledge::Indexed]| {
        let text = format!("{}{}", two[0].questions[0], two[1].questions[0]).replace(['？', '?'], "");
        let found = ask(&shop, &text);
        let told: Vec<_> = found.hits.iter().take(1).chain(found.hits.iter().filter(|hit| hit.completes)).collect();
        told.len() == 2 && two.iter().all(|entry| told.iter().any(|hit| hit.entry == *entry.id))
    };
    let told = pairs.iter().filter(both).count();
    println!("{told} of {} pairs", pairs.len());
    assert!(told * 10 >= pairs.len() * 7, "{told} of {}", pairs.len());
}
