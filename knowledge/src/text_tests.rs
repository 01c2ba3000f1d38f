use super::*;
use proptest::prelude::*;

fn tokens(text: &str, class: Class) -> Vec<String> {
    let mut found = Vec::new();
    Canonical::new(text).tokens(Synonyms::builtin(), |token| {
        if token.class == class {
            found.push(token.text.to_owned());
        }
    });
    found
}

#[test]
fn folding_removes_what_only_looks_different() {
    assert_eq!(fold("ＡＢＣ１２３"), "abc123");
    assert_eq!(fold("退\u{200b}貨"), "退货");
    assert_eq!(compact("包邮 吗？？"), compact("包郵吗"));
}

#[test]
fn chinese_becomes_words_and_pairs() {
    assert_eq!(tokens("羊毛针织衫", Class::Gram), ["羊毛", "毛针", "针织", "织衫"]);
    let words = tokens("请问羽绒服的充绒量是多少", Class::Word);
    assert!(words.contains(&"羽绒服".to_owned()) && words.contains(&"羽绒".to_owned()), "{words:?}");
    assert!(!words.contains(&"请问".to_owned()) && !words.contains(&"的".to_owned()), "{words:?}");
}

#[test]
fn mixed_scripts_are_cut_where_they_change() {
    assert_eq!(tokens("M101 针织衫 160cm", Class::Word), ["m101", "针织衫", "针织", "160", "cm"]);
    assert_eq!(tokens("ECS实例's", Class::Word)[..1], ["ecs"]);
}

#[test]
fn stop_words_alone_leave_nothing() {
    for text in ["在吗", "你好，请问可以吗", "怎么样？", "How do I do this?", "🙏🙏", "", "。。。"]
    {
        for class in [Class::Word, Class::Gram, Class::Concept] {
            assert_eq!(tokens(text, class), Vec::<String>::new(), "{text}");
        }
    }
}

#[test]
fn a_synonym_group_lightens_its_words() {
    let mut weights = Vec::new();
    Canonical::new("包邮").tokens(Synonyms::builtin(), |token| weights.push((token.class, token.weight)));
    assert_eq!(
        weights,
        [(Class::Concept, 1.0), (Class::Word, IN_CONCEPT), (Class::Word, IN_CONCEPT), (Class::Gram, IN_CONCEPT)]
    );
}

proptest! {
    #[test]
    fn any_text_can_be_cut(text in any::<String>()) {
        let mut count = 0usize;
        Canonical::new(&text).tokens(Synonyms::builtin(), |token| {
            count += 1;
            assert!(!token.text.is_empty() && token.weight > 0.0 && token.weight <= 1.0);
        });
        prop_assert!(count <= 6 * fold(&text).chars().count() + 6);
    }

    #[test]
    fn chinese_and_latin_in_any_mixture(text in "[包邮退貨款a-z0-9' ，。羽绒]{0,40}") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once.clone());
        prop_assert_eq!(compact(&once), compact(&text));
        Canonical::new(&text).tokens(Synonyms::builtin(), |_| {});
    }
}
