use std::collections::BTreeSet;

use super::*;

/// The page's words asked for: in templates by `t("…")`, in code by `say(…, "…")`, `"page.…"` or one of a match.
fn asked_for() -> String {
    let sources = [
        include_str!("review/basis.rs"),
        include_str!("review/decide.rs"),
        include_str!("review/page.rs"),
        include_str!("review/story.rs"),
        include_str!("review/trouble.rs"),
        include_str!("upload.rs"),
    ];
    TEMPLATES.iter().map(|(_, source)| *source).chain(sources).collect()
}

fn page_keys(words: &Words) -> BTreeSet<&str> {
    words.keys().filter_map(|key| key.strip_prefix("page.")).collect()
}

#[test]
fn every_word_of_a_template_exists() {
    let source: String = TEMPLATES.iter().map(|(_, source)| *source).collect();
    let source = source.replace("t('", "t(\"").replace("')", "\")");
    let asked: Vec<&str> = source.split("t(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(asked.len() > 40, "the search found only {}", asked.len());
    for locale in Locale::ALL {
        let words = Words::load(*locale);
        let missing: Vec<&&str> = asked.iter().filter(|key| !page_keys(&words).contains(**key)).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", locale.as_str());
    }
}

#[test]
fn no_word_is_left_over_and_none_is_missing_in_a_language() {
    let (chinese, english) = (Words::load(Locale::ZhCn), Words::load(Locale::En));
    assert_eq!(page_keys(&chinese), page_keys(&english));
    let asked = asked_for();
    let open = ["kind_", "entry_", "action_", "edited_next", "sent_next", "copied_next", "resolved_next"];
    let idle: Vec<&str> = page_keys(&chinese)
        .into_iter()
        .filter(|key| !open.iter().any(|open| key.starts_with(open)))
        .filter(|key| !asked.contains(&format!("\"{key}\"")) && !asked.contains(&format!("\"page.{key}\"")))
        .filter(|key| !asked.contains(&format!("'{key}'")))
        .collect();
    assert!(idle.is_empty(), "nobody asks for {idle:?}");
}

#[test]
fn a_notice_is_escaped_and_gives_back_what_was_written() {
    let notice = Notice {
        base: "/review".into(),
        lang: "zh-CN",
        title: "<b>x</b>".into(),
        text: "a & b".into(),
        onward: Some("/review/81".into()),
        kept: vec!["</textarea><script>alert(1)</script>".into()],
        good: false,
    };
    let text = text(Locale::ZhCn, "notice.html", &notice).unwrap();
    assert!(text.contains("&lt;b&gt;x") && text.contains("a &amp; b"), "{text}");
    assert!(text.contains("&lt;&#x2f;textarea&gt;&lt;script&gt;") && !text.contains("<script"), "{text}");
}

#[test]
fn nothing_in_a_template_needs_more_than_the_policy_allows() {
    for (name, source) in TEMPLATES {
        for never in ["<script", "style=", "onclick", "http:", "https:", "|safe", "| safe", "javascript"] {
            assert!(!source.contains(never), "{name} has {never}");
        }
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}
