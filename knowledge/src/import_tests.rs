use super::*;
use chrono_tz::Asia::Shanghai;
use proptest::prelude::*;

fn defaults() -> Defaults {
    Defaults { owner: Some("sunmei".into()), kind: None, scope: Scope::default(), timezone: Shanghai }
}

fn csv(text: &str) -> Imported {
    read("faq.csv", text.as_bytes(), &defaults())
}

fn markdown(text: &str) -> Imported {
    read("faq.md", text.as_bytes(), &defaults())
}

/// Place and fault of each problem.
fn faults(imported: &Imported) -> Vec<(String, &Fault)> {
    told(&imported.problems)
}

fn told(problems: &[Problem]) -> Vec<(String, &Fault)> {
    problems.iter().map(|problem| (problem.place.to_string(), &problem.fault)).collect()
}

fn at(place: &str) -> String {
    place.to_owned()
}

#[test]
fn a_row_becomes_an_item() {
    let found =
        csv("question,answer,id,title,kind,owner,store,platform,region,language,valid_from,valid_until,verify_by\n\
        包邮吗|运费多少,满99元包邮。,s1,运费,shipping,wangwu,flagship,tmall,CN,zh,2026-11-01,2026-12-31,2026/12/01\n");
    assert_eq!(found.problems, []);
    let item = &found.items[0];
    assert_eq!(item.questions, ["包邮吗", "运费多少"]);
    assert_eq!((item.answer.as_str(), item.title.as_str()), ("满99元包邮。", "运费"));
    assert_eq!((item.kind, item.owner.as_str(), item.file_id.as_deref()), (Kind::Shipping, "wangwu", Some("s1")));
    assert_eq!(item.scope, "store=flagship,platform=tmall,region=CN,language=zh".parse().unwrap());
    assert_eq!(item.valid_from, Some(1_793_462_400_000));
    assert_eq!(item.valid_until, Some(1_798_732_799_999));
    assert_eq!(item.source, "faq.csv line 2");
}

#[test]
fn gaps_are_filled_from_the_defaults() {
    let mut defaults = defaults();
    defaults.kind = Some(Kind::Returns);
    defaults.scope = "store=flagship,region=CN".parse().unwrap();
    let found = read("a.CSV", "Question;Answer;store\n可以退吗;7天内可以;outlet\n".as_bytes(), &defaults);
    let item = &found.items[0];
    assert_eq!((item.owner.as_str(), item.kind, item.title.as_str()), ("sunmei", Kind::Returns, "可以退吗"));
    assert_eq!(item.scope, "store=outlet,region=CN".parse().unwrap());
}

#[test]
fn delimiters_and_encodings_are_recognised() {
    let text = "question\tanswer\n包邮吗\t满99元，包邮。\n";
    let (gb, ..) = encoding_rs::GB18030.encode(text);
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let bom = format!("\u{feff}{text}");
    for bytes in [text.as_bytes(), bom.as_bytes(), &gb, &utf16] {
        let found = read("faq.tsv", bytes, &defaults());
        assert_eq!(found.problems, []);
        assert_eq!(found.items[0].answer, "满99元，包邮。");
    }
}

#[test]
fn a_quoted_cell_may_hold_lines_and_several_questions() {
    let found =
        csv("question,answer\r\n\"包邮吗\r\n运费多少 | 包邮吗\",\"第一行\n第二行 \"\"引\"\"\"\r\n怎么退,点售后\r\n");
    assert_eq!(found.items[0].questions, ["包邮吗", "运费多少"]);
    assert_eq!(found.items[0].answer, "第一行\n第二行 \"引\"");
    assert_eq!(found.items[1].source, "faq.csv line 5");
}

#[test]
fn lines_are_counted_over_empty_ones() {
    let found = csv("question,answer\n\n\n包邮吗,满99\n\n怎么洗,手洗\n");
    let sources: Vec<_> = found.items.iter().map(|item| item.source.as_str()).collect();
    assert_eq!(sources, ["faq.csv line 4", "faq.csv line 6"]);
}

#[test]
fn each_bad_row_is_named_and_the_rest_imports() {
    let found = csv("question,answer,kind,valid_from,valid_until\n\
        包邮吗,,,,\n\
        ,没有问题,,,\n\
        怎么洗,冷水手洗,洗涤,,\n\
        活动到几号,月底,,明天,\n\
        活动几号开始,月初,,2026-12-31,2026-12-01\n\
        ,,,,\n\
        可以退吗,可以,returns,,\n");
    assert_eq!(
        faults(&found),
        [
            (at("faq.csv line 2 column answer"), &Fault::NoAnswer),
            (at("faq.csv line 3 column question"), &Fault::NoQuestion),
            (at("faq.csv line 4 column kind"), &Fault::Kind(crate::UnknownKind("洗涤".into()))),
            (at("faq.csv line 5 column valid_from"), &Fault::Date { field: "valid_from", value: "明天".into() }),
            (at("faq.csv line 6 column valid_until"), &Fault::DateOrder),
        ]
    );
    let about: Vec<_> = found.problems.iter().map(|problem| problem.about.as_deref()).collect();
    assert_eq!(about, [Some("包邮吗"), None, Some("怎么洗"), Some("活动到几号"), Some("活动几号开始")]);
    assert_eq!(found.items.len(), 1);
    assert!(serde_json::to_string(&found.problems).unwrap().contains(r#""code":"no_answer""#));
}

#[test]
fn nobody_owns_it_is_a_problem_that_says_what_to_do() {
    let nobody = Defaults { owner: None, ..defaults() };
    let found = read("faq.csv", b"question,answer\na,b\n", &nobody);
    assert!(found.items.is_empty());
    assert!(found.problems[0].what.contains("--owner"), "{}", found.problems[0].what);
}

#[test]
fn repeats_are_reported_with_their_first_place() {
    let found =
        csv("id,question,answer,store\n1,包邮吗,满99,\n1,怎么洗,手洗,\n2, 包 邮吗？,满88,\n3,包邮吗,满59,outlet\n");
    let first = || "faq.csv line 2".to_owned();
    assert_eq!(
        faults(&found),
        [
            (at("faq.csv line 3 column id"), &Fault::DuplicateId { first: first() }),
            (at("faq.csv line 4 column question"), &Fault::DuplicateQuestion { first: first() }),
        ]
    );
    assert_eq!(found.items.len(), 2, "another store may answer differently");
}

#[test]
fn one_question_for_several_shops_or_products_is_several_entries_told_apart() {
    let rows = ["怎么洗,手洗,羊毛衫,", "怎么洗,干洗,羽绒服,", "怎么洗,水洗,,outlet", "包邮吗,满99,,"];
    let keys = |rows: &[&str]| {
        let found = csv(&format!("question,answer,title,store\n{}\n", rows.join("\n")));
        assert_eq!(found.problems, []);
        found.items.into_iter().map(|item| (item.answer, item.key)).collect::<std::collections::BTreeMap<_, _>>()
    };
    let (forward, backward) = (keys(&rows), keys(&[rows[3], rows[2], rows[1], rows[0]]));
    assert_eq!(forward, backward, "the order of the rows does not matter");
    assert_eq!(forward.values().collect::<std::collections::BTreeSet<_>>().len(), 4);
    assert_eq!(forward["满99"], "包邮吗", "a question asked once is its own key");
}

#[test]
fn a_campaign_without_an_end_is_refused_with_its_line() {
    let found = csv("question,answer,kind,valid_until\n满减吗,满300减40,campaign,\n送什么,袜子,活动,2026-12-12\n");
    assert_eq!(faults(&found), [(at("faq.csv line 2 column valid_until"), &Fault::CampaignEnd)]);
    assert_eq!(found.items.len(), 1);
    let mut campaign = defaults();
    campaign.kind = Some(Kind::Campaign);
    let found = read("a.md", "# 满减吗\n\n满300减40\n".as_bytes(), &campaign);
    assert_eq!(faults(&found), [(at("a.md line 1"), &Fault::CampaignEnd)]);
}

#[test]
fn several_answers_to_a_question_are_kept_together() {
    let found = csv("问题1,问题2,答案1,答案2\n怎么退,退货流程,点售后,7天内可退\n");
    assert_eq!(found.items[0].questions, ["怎么退", "退货流程"]);
    assert_eq!(found.items[0].answer, "点售后\n\n7天内可退");
    let found = markdown("# 退货\n\n问：怎么退？\n答：点售后。\n选原因。\n\n答：找客服。\n\nQ: 要吊牌吗\nA: 要\n");
    let said: Vec<_> = found.items.iter().map(|item| (item.title.as_str(), item.answer.as_str())).collect();
    assert_eq!(said, [("退货 > 怎么退？", "点售后。\n选原因。\n\n找客服。"), ("退货 > 要吊牌吗", "要")]);
    assert_eq!(found.items[1].source, "faq.md line 9");
}

#[test]
fn the_header_may_stand_below_a_title_and_again_on_every_page() {
    let found = csv("客服话术 11 月版,,\n,,\n序号,问题,答案\n1,怎么退,点售后\n序号,问题,答案\n2,怎么换,点换货\n");
    assert_eq!((faults(&found), found.skipped.len()), (vec![], 0));
    let sources: Vec<_> = found.items.iter().map(|item| item.source.as_str()).collect();
    assert_eq!(sources, ["faq.csv line 4", "faq.csv line 6"]);
    assert_eq!(csv("question,answer\nq1,a\nQ,A\n").items.len(), 2, "a row that sounds like a header is not one");
}

#[test]
fn a_table_in_a_document_is_a_list_of_entries_if_its_header_says_so() {
    let found = markdown("# 门店 {owner=wangwu}\n\n| 问题 | 答案 |\n|---|---|\n| 几点关门 | 十点 |\n| 在哪 | |\n");
    assert_eq!(faults(&found), [(at("faq.md line 6 column 答案"), &Fault::NoAnswer)]);
    let item = &found.items[0];
    assert_eq!(
        (item.title.as_str(), item.owner.as_str(), item.source.as_str()),
        ("门店 > 几点关门", "wangwu", "faq.md line 5")
    );
}

#[test]
fn big5_is_told_from_gb18030() {
    let text = "問題,答案\n請問運費怎麼計算,訂單滿九百九十元免運費，未滿則收取運費八十元。\n";
    let (bytes, ..) = encoding_rs::BIG5.encode(text);
    let found = read("faq.csv", &bytes, &defaults());
    assert_eq!(found.items.first().map(|item| item.questions[0].as_str()), Some("請問運費怎麼計算"), "{found:?}");
    for text in [
        "问题,答案\n包邮吗,满99\n",
        "问题,答案\n羊毛衫会起球吗,轻微起球属正常现象，可用修剪器。\n",
        "问题,答案\na,￥9\n",
    ] {
        let (bytes, ..) = encoding_rs::GB18030.encode(text);
        assert_eq!(read("a.csv", &bytes, &defaults()).problems, [], "{text}");
    }
}

#[test]
fn sizes_are_capped() {
    let long = "长".repeat(MAX_ANSWER_BYTES / 3 + 1);
    let many = (0..=MAX_QUESTIONS).map(|n| format!("问{n}")).collect::<Vec<_>>().join("|");
    let found = csv(&format!("question,answer\n怎么洗,{long}\n{long},手洗\n{many},手洗\n"));
    assert!(matches!(
        faults(&found)[..],
        [
            (_, Fault::AnswerTooLong { .. }),
            (_, Fault::QuestionTooLong { .. }),
            (_, Fault::TooManyQuestions { count: 51 })
        ]
    ));
    let found = read("faq.csv", &vec![b'a'; MAX_FILE_BYTES + 1], &defaults());
    assert!(matches!(&faults(&found)[..], [(place, Fault::FileTooLarge { .. })] if place == "faq.csv"));
    let found = read("faq.md", &vec![b'a'; MAX_PAGE_BYTES + 1], &defaults());
    assert!(found.problems[0].what.contains("5242880"), "{}", found.problems[0].what);
}

#[test]
fn problems_are_counted_when_they_are_too_many() {
    let found = csv(&format!("question,answer\n{}", "包邮吗,\n".repeat(MAX_PROBLEMS + 5)));
    assert_eq!(found.problems.len(), MAX_PROBLEMS + 1);
    assert_eq!(found.problems[MAX_PROBLEMS].fault, Fault::More { count: 5 });
}

#[test]
fn hostile_nesting_stays_small() {
    let found = markdown(&format!("# a\n\n{}x\n", "- ".repeat(3_000)));
    assert!(found.items.iter().all(|item| item.answer.len() < MAX_ANSWER_BYTES));
    let found = csv(&format!("question,answer\n{},b\n", "a|b|c".repeat(20_000)));
    assert!(found.items.len() + found.problems.len() == 1);
}

#[test]
fn files_that_hold_nothing_say_so() {
    assert_eq!(faults(&csv("")), [(at("faq.csv"), &Fault::Nothing)]);
    assert_eq!(faults(&csv("问句,答复\n包邮吗,满99\n")), [(at("faq.csv line 1"), &Fault::Header)]);
    assert_eq!(faults(&markdown("只有一段话，没有标题。")), [(at("faq.md"), &Fault::NoStructure)]);
    for (name, bytes, fault) in [
        ("faq.rtf", &b"{\\rtf"[..], Fault::Format { extension: "rtf".into() }),
        ("faq.xls", b"", Fault::OldOffice),
        ("faq.xlsx", b"\xD0\xCF\x11\xE0\xA1\xB1", Fault::OldOffice),
        ("faq.docx", b"<html>", Fault::NotPackage { expected: "docx" }),
        ("faq.csv", &[0, 1, 2, 0xFF, 0xFF], Fault::Encoding),
    ] {
        assert_eq!(faults(&read(name, bytes, &defaults())), [(at(name), &fault)]);
    }
}

#[test]
fn an_unknown_column_is_told_but_harmless() {
    let found = csv("问题,答案,备注\n包邮吗,满99,内部\n");
    assert_eq!(told(&found.skipped), [(at("faq.csv line 1 column 备注"), &Fault::Column { name: "备注".into() })]);
    assert_eq!((found.problems.len(), found.items.len()), (0, 1));
}

#[test]
fn headings_become_questions_with_their_path_as_title() {
    let found = markdown(
        "介绍不算。\n\n# 退换\n\n## 可以退吗？ | 能退货吗\n\n7 天内可以。\n\n### 运费谁出\n\n没有运费险的**自己出**。\n\n## 怎么换\n\n点售后。\n",
    );
    assert_eq!(found.problems, []);
    let titles: Vec<_> = found.items.iter().map(|item| item.title.as_str()).collect();
    assert_eq!(titles, ["退换 > 可以退吗？", "退换 > 可以退吗？ > 运费谁出", "退换 > 怎么换"]);
    assert_eq!(found.items[0].questions, ["可以退吗？", "能退货吗"]);
    assert_eq!(found.items[1].answer, "没有运费险的自己出。");
    assert_eq!(found.items[1].source, "faq.md line 9");
}

#[test]
fn front_matter_and_heading_attributes_set_fields() {
    let found = markdown(
        "---\nowner: wangwu\nkind: \"shipping\"\nid: x\nunknown: 1\n---\n\n# 规则 {kind=forbidden store=flagship}\n\n## 用语 {#f1}\n\n不说最好。\n\n# 发货 {#s1 verify_by=2026-12-31}\n\n当天。\n",
    );
    assert_eq!(found.problems, []);
    let [rule, shipping] = &found.items[..] else { panic!("{:?}", found.items) };
    assert_eq!((rule.kind, rule.owner.as_str(), rule.file_id.as_deref()), (Kind::Forbidden, "wangwu", Some("f1")));
    assert_eq!(rule.scope.store.as_deref(), Some("flagship"));
    assert_eq!((shipping.kind, shipping.scope.store.as_deref()), (Kind::Shipping, None));
    assert_eq!((shipping.file_id.as_deref(), shipping.verify_by), (Some("s1"), Some(1_798_732_799_999)));
}

#[test]
fn answers_read_well_in_a_chat() {
    let found = markdown(
        "# 怎么退\n\n请看[说明](https://example.com/r)：\n\n1. 点**售后**\n2. 选原因\n   - 质量\n   - 尺码\n\n| 卡 | 天 |\n|---|---|\n| 储蓄卡 | 3 |\n\n<!-- 内部 -->\n> 以页面为准\n\n```\nA  B\n```\n",
    );
    assert_eq!(
        found.items[0].answer,
        "请看说明 (https://example.com/r)：\n\n1. 点售后\n2. 选原因\n  - 质量\n  - 尺码\n\n卡 | 天\n储蓄卡 | 3\n\n以页面为准\n\nA  B"
    );
}

proptest! {
    #[test]
    fn no_bytes_can_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400), name in "(a\\.csv|b\\.md|c\\.tsv|d|e\\.html|f\\.txt|g\\.xlsx|h\\.docx)") {
        let found = read(&name, &bytes, &defaults());
        prop_assert!(!found.items.is_empty() || !found.problems.is_empty());
    }

    #[test]
    fn no_table_can_break_the_reader(text in "question,answer,kind\n([包邮吗\",|;\n a#{}=-]{0,80})") {
        for item in csv(&text).items {
            prop_assert!(!item.questions.is_empty() && !item.answer.is_empty() && !item.title.is_empty());
        }
        for item in markdown(&text.replace("question", "# q")).items {
            prop_assert!(!item.questions.is_empty() && !item.answer.is_empty());
        }
    }
}
