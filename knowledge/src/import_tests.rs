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
fn faults(imported: &Imported) -> Vec<(&str, &Fault)> {
    imported.problems.iter().map(|problem| (problem.place.as_str(), &problem.fault)).collect()
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
            ("faq.csv line 2", &Fault::NoAnswer),
            ("faq.csv line 3", &Fault::NoQuestion),
            ("faq.csv line 4", &Fault::Kind(crate::UnknownKind("洗涤".into()))),
            ("faq.csv line 5", &Fault::Date { field: "valid_from", value: "明天".into() }),
            ("faq.csv line 6", &Fault::DateOrder),
        ]
    );
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
            ("faq.csv line 3", &Fault::DuplicateId { first: first() }),
            ("faq.csv line 4", &Fault::DuplicateQuestion { first: first() }),
        ]
    );
    assert_eq!(found.items.len(), 2, "another store may answer differently");
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
    assert!(matches!(faults(&found)[..], [("faq.csv", Fault::FileTooLarge { .. })]));
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
    assert_eq!(faults(&csv("")), [("faq.csv", &Fault::Nothing)]);
    assert_eq!(faults(&csv("问句,答复\n包邮吗,满99\n")), [("faq.csv line 1", &Fault::Header)]);
    assert_eq!(faults(&markdown("只有一段话，没有标题。")), [("faq.md", &Fault::Nothing)]);
    let found = read("faq.pdf", b"%PDF", &defaults());
    assert_eq!(faults(&found), [("faq.pdf", &Fault::Format { extension: "pdf".into() })]);
    let found = read("faq.csv", &[0, 1, 2, 0xFF, 0xFF], &defaults());
    assert_eq!(faults(&found), [("faq.csv", &Fault::Encoding)]);
}

#[test]
fn an_unknown_column_is_told_but_harmless() {
    let found = csv("问题,答案,备注\n包邮吗,满99,内部\n");
    assert_eq!(faults(&found), [("faq.csv line 1", &Fault::Column { name: "备注".into() })]);
    assert_eq!(found.items.len(), 1);
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
    fn no_bytes_can_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400), name in "(a\\.csv|b\\.md|c\\.tsv|d)") {
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
