//! Every file that is not what it should be has its line.

use super::*;

const EXAMPLE: &str = include_str!("../../../aijia.example.toml");
const DEMO: &str = include_str!("../../demo/aijia.toml");

fn lines(text: &str) -> Vec<String> {
    let errors = parse_desk(text, "aijia.toml").expect_err("accepted");
    errors.iter().map(ToString::to_string).collect()
}

/// How errors name the first line that begins with `begin`.
fn at(text: &str, begin: &str) -> String {
    let line = text.lines().position(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("no {begin:?}"));
    format!("aijia.toml line {}", line + 1)
}

#[test]
fn the_example_is_complete() {
    let desk = parse_desk(EXAMPLE, "aijia.example.toml").unwrap();
    assert_eq!(desk.people.len(), 6);
    assert_eq!(desk.name_of("zhouyi"), "周逸");
    assert_eq!(desk.channels[0].label(), "山茶家旗舰店");
    assert!(desk.channels[0].notices.welcome.is_some());
    // Every key there is appears in it, if only in a comment.
    let keys = [
        keys_of::<Settings>(),
        keys_of::<Person>(),
        keys_of::<Channel>(),
        keys_of::<Notices>(),
        keys_of::<Notice>(),
        keys_of::<Policy>(),
    ];
    for key in keys.concat() {
        assert!(EXAMPLE.contains(key), "{key} is not documented");
    }
}

#[test]
fn the_demo_is_usable() {
    let desk = parse_desk(DEMO, "aijia.toml").unwrap();
    let channels: Vec<_> = desk.channels.iter().map(|c| (c.id.as_str(), c.account.as_str(), c.label())).collect();
    assert_eq!(
        channels,
        [("kf-flagship", "wkDemoFlagship", "山茶家旗舰店"), ("kf-outlet", "wkDemoOutlet", "山茶家奥莱店")]
    );
    assert!(desk.channels.iter().all(|c| c.permitted == ["lihua", "zhaoliu"]));
    assert_eq!(desk.person_by_wecom("wangwu").map(|p| p.id.as_str()), Some("wangwu"));
    assert_eq!(desk.desk.review_minutes, 10);
}

#[test]
fn unknown_keys_are_all_named_with_line_and_hint() {
    let text = DEMO
        .replace("review_minutes", "review_minuets")
        .replacen("wecom = \"LiHua\"", "wechat = \"LiHua\"", 1)
        .replacen("[[channels]]", "[[channels]]\nfavourite_colour = \"red\"\nnotices.recieved = {}", 1)
        .replace("[policy]", "[policies]");
    let keys = "id, kind, account, store, platform, region, name, owner, permitted, escalation_owner, dispatch, \
                telegram_group, hours, mode, allowed_actions, review_required, notices, url, private";
    assert_eq!(
        lines(&text),
        [
            "aijia.toml line 6: unknown key \"review_minuets\"; did you mean \"review_minutes\"?",
            "aijia.toml line 12: unknown key \"wechat\"; did you mean \"wecom\"?",
            &format!("{}: unknown key \"favourite_colour\"; use one of {keys}", at(&text, "favourite")),
            &format!("{}: unknown key \"recieved\"; did you mean \"received\"?", at(&text, "notices.recieved")),
            &format!("{}: unknown key \"policies\"; did you mean \"policy\"?", at(&text, "[policies]")),
        ]
    );
}

#[test]
fn unknown_keys_are_found_however_the_table_is_written() {
    for (text, line) in [
        ("desk.local = \"en\"", "line 1: unknown key \"local\"; did you mean \"locale\"?"),
        ("desk = { local = \"en\" }", "line 1: unknown key \"local\"; did you mean \"locale\"?"),
        ("people = [\n { ids = \"a\" } ]", "line 2: unknown key \"ids\"; did you mean \"id\"?"),
        (
            "[[channels]]\n[channels.notices.welcome]\nsha265 = \"\"",
            "line 3: unknown key \"sha265\"; did you mean \"sha256\"?",
        ),
    ] {
        assert_eq!(lines(text), [format!("aijia.toml {line}")], "{text}");
    }
}

#[test]
fn what_is_not_toml_is_named_by_line() {
    for (text, begins) in [
        ("[desk]\nlocale = zh-CN\n", "aijia.toml line 2: is not valid TOML ("),
        ("[desk]\n[desk]\n", "aijia.toml line 2: is not valid TOML ("),
        ("[desk\n", "aijia.toml line 1: is not valid TOML ("),
        ("[desk]\ncurrency = \"CNY\"\ncurrency = \"EUR\"\n", "aijia.toml line 3: is not valid TOML ("),
    ] {
        let lines = lines(text);
        assert!(lines[0].starts_with(begins), "{lines:?}");
        assert!(lines.iter().all(|line| !line.contains('\n')), "{lines:?}");
    }
}

#[test]
fn values_of_the_wrong_type_are_named_by_line_and_key() {
    for (from, to, begin, line) in [
        (
            "review_minutes = 10",
            "review_minutes = \"ten\"",
            "review_minutes",
            "review_minutes: invalid type: string \"ten\", expected u32; correct the value",
        ),
        (
            "review_minutes = 10",
            "review_minutes = -1",
            "review_minutes",
            "review_minutes: invalid value: integer `-1`, expected u32; correct the value",
        ),
        (
            "mode = \"draft\"",
            "mode = \"drafts\"",
            "mode = \"drafts\"",
            "mode: unknown variant `drafts`, expected one of `read_only`, `draft`, `reviewed`, `auto`; \
             did you mean \"draft\"?",
        ),
        (
            "roles = [\"supervisor\", \"admin\"]",
            "roles = [\"superviser\", \"admin\"]",
            "roles = [\"superviser\"",
            "roles: unknown variant `superviser`, expected one of `reviewer`, `supervisor`, `admin`, \
             `knowledge_owner`, `auditor`; did you mean \"supervisor\"?",
        ),
        (
            "kind = \"wecom_kf\"",
            "kind = \"sms\"",
            "kind",
            "kind: unknown variant `sms`, expected one of `wecom_kf`, `webhook`, `telegram`, `official`, `manual`; use one of \
             wecom_kf, webhook, telegram, official, manual",
        ),
        (
            "roles = [\"reviewer\"]",
            "roles = [\"reviewer\"]\nhours = [\"9-18\"]",
            "hours",
            "hours: \"9-18\" are no hours: write \"09:00-18:00\" or \"mon-fri 09:00-18:00\"; correct the value",
        ),
        (
            "mode = \"draft\"",
            "dispatch = \"turns\"\nmode = \"draft\"",
            "dispatch",
            "dispatch: unknown variant `turns`, expected `all` or `turn`; did you mean \"turn\"?",
        ),
        ("store = \"flagship\"\n", "", "[[channels]]", "missing field `store`; add store = …"),
        ("[[people]]\nid = \"lihua\"", "[[people]]", "[[people]]", "missing field `id`; add id = …"),
    ] {
        assert!(DEMO.contains(from), "{from}");
        let text = DEMO.replacen(from, to, 1);
        assert_eq!(lines(&text), [format!("{}: {line}", at(&text, begin))]);
    }
}

#[test]
fn a_huge_file_is_refused() {
    let text = "#".repeat(FILE_MAX + 1);
    assert_eq!(lines(&text), ["aijia.toml: is larger than 1 MiB; check that it is the right file"]);
}

#[test]
fn an_empty_file_says_what_is_needed_first() {
    assert_eq!(lines(""), [r#"people: nobody is admin; give one person roles = ["admin"]"#]);
}
