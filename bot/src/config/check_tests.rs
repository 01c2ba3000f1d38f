//! Every configuration that does not fit together has its line.

use crate::config::parse_desk;

const EXAMPLE: &str = include_str!("../../../aijia.example.toml");

/// The lines of the example with some words replaced where they first occur.
fn lines(replaced: &[(&str, &str)]) -> Vec<String> {
    let mut text = EXAMPLE.to_owned();
    for (from, to) in replaced {
        assert!(text.contains(from), "the example has no {from:?}");
        text = text.replacen(from, to, 1);
    }
    match parse_desk(&text, "aijia.toml") {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// Checks that each replacement alone gives exactly its line.
fn check(table: &[(&str, &str, &str)]) {
    for (from, to, line) in table {
        assert_eq!(lines(&[(from, to)]), [*line], "{from} -> {to}");
    }
}

#[test]
fn what_customers_want() {
    check(&[
        (
            r#"name = "shipping""#,
            r#"name = "product""#,
            r#"intents: teach one intent alone; add sentences of another: one is told from the other"#,
        ),
        (
            r#""走哪家呀""#,
            r#""这个会扎肉吗""#,
            r#"intents "shipping": "这个会扎肉吗" is said for "product" too; leave it with one of the two"#,
        ),
        (
            r#""走哪家呀""#,
            r#""  ""#,
            r#"intents "shipping": cannot learn from "  "; write a sentence of 1 to 200 characters"#,
        ),
    ]);
    let nobody =
        lines(&[(r#"["走哪家呀", "今天拍的话今天能走吗", "啥时候能走", "村里能到吗", "能不能放菜鸟"]"#, "[]")]);
    assert_eq!(nobody, [r#"intents "shipping": has no sentences; add said = ["…"], or take it out"#]);
    let unknown = lines(&[(r#"name = "shipping""#, r#"name = "shiping""#)]);
    assert!(unknown.len() == 1 && unknown[0].contains("shipping"), "{unknown:?}");
}

#[test]
fn the_desk() {
    check(&[
        (r#"locale = "zh-CN""#, r#"locale = "zh""#, r#"desk: locale "zh" is not available; use one of zh-CN, en"#),
        (
            r#"timezone = "Asia/Shanghai""#,
            r#"timezone = "Asia/Shangai""#,
            r#"desk: timezone "Asia/Shangai" is not an IANA name; did you mean "Asia/Shanghai"?"#,
        ),
        (
            r#"timezone = "Asia/Shanghai""#,
            r#"timezone = "北京时间""#,
            r#"desk: timezone "北京时间" is not an IANA name; use a name such as "Asia/Shanghai""#,
        ),
        ("review_minutes = 10", "review_minutes = 0", "desk: review_minutes is 0; use 1 to 1440"),
        ("review_minutes = 10", "review_minutes = 1441", "desk: review_minutes is 1441; use 1 to 1440"),
        ("waiting_minutes = 60", "waiting_minutes = 0", "desk: waiting_minutes is 0; use 1 to 1440"),
        ("open_cards = 3", "open_cards = 0", "desk: open_cards is 0; use 1 to 20"),
        ("open_cards = 3", "open_cards = 21", "desk: open_cards is 21; use 1 to 20"),
        (
            "hours = { lihua =",
            "hours = { lihau =",
            r#"channels "kf-flagship": hours names "lihau", who is not in permitted; did you mean "lihua"?"#,
        ),
        (
            r#"currency = "CNY""#,
            r#"currency = "rmb""#,
            r#"desk: currency "rmb" is not an ISO 4217 code; use three capital letters, such as "CNY""#,
        ),
        (
            "quiet_seconds = 3",
            "quiet_seconds = 13",
            "desk: quiet_seconds is 13 and quiet_at_most_seconds is 12; let quiet_seconds be at most \
             quiet_at_most_seconds, and that at most 60",
        ),
        (
            "quiet_at_most_seconds = 12",
            "quiet_at_most_seconds = 61",
            "desk: quiet_seconds is 3 and quiet_at_most_seconds is 61; let quiet_seconds be at most \
             quiet_at_most_seconds, and that at most 60",
        ),
        (
            r#"alarms_to = "chenjie""#,
            r#"alarms_to = "chenjei""#,
            r#"desk: alarms_to names "chenjei", who is not in [[people]]; did you mean "chenjie"?"#,
        ),
        (
            r#"alarms_to = "chenjie""#,
            r#"alarms_to = "zhouyi""#,
            r#"desk: alarms_to names "zhouyi", who has no WeCom id and no Telegram id; give "zhouyi" a wecom id, or a telegram id"#,
        ),
    ]);
}

#[test]
fn limits_are_inside() {
    for (from, to) in [
        ("review_minutes = 10", "review_minutes = 1"),
        ("review_minutes = 10", "review_minutes = 1440"),
        ("quiet_seconds = 3", "quiet_seconds = 12"),
        ("quiet_at_most_seconds = 12", "quiet_at_most_seconds = 60"),
        ("confidence = 0.90", "confidence = 0"),
        ("confidence = 0.90", "confidence = 1.0"),
        ("high_value_cents = 50000", "high_value_cents = 0"),
        (r#"locale = "zh-CN""#, r#"locale = "en""#),
    ] {
        assert_eq!(lines(&[(from, to)]), [""; 0], "{to}");
    }
}

#[test]
fn the_people() {
    let rule = "use 1 to 32 of a-z, 0-9, - and _, beginning with a letter or a digit";
    check(&[
        (
            r#"id = "sunmei""#,
            r#"id = "chenjie""#,
            r#"people "chenjie": the id is used twice; give one of them another id"#,
        ),
        (r#"id = "sunmei""#, r#"id = "SunMei""#, &format!(r#"people "SunMei": the id is not usable; {rule}"#)),
        (r#"id = "sunmei""#, r#"id = "孙梅""#, &format!(r#"people "孙梅": the id is not usable; {rule}"#)),
        (r#"id = "sunmei""#, r#"id = "-sun""#, &format!(r#"people "-sun": the id is not usable; {rule}"#)),
        (r#"id = "sunmei""#, r#"id = """#, &format!(r#"people "": the id is not usable; {rule}"#)),
        (
            "wecom = \"LiHua\"\n",
            "",
            r#"people "lihua": has no WeCom id and no Telegram id to get cards on; add wecom = "<member id>", or telegram = <user id>"#,
        ),
        (
            "wecom = \"ZhaoLiu\"\n",
            "telegram = 5\nsurfaces = [\"wecom_app\"]\n",
            r#"people "zhaoliu": surfaces names "wecom_app", where the person has no id; give the person an id there, or take it out of surfaces"#,
        ),
        (
            r#"wecom = "ZhaoLiu""#,
            r#"wecom = "lihua""#,
            r#"people "zhaoliu": has the WeCom id "lihua" of "lihua"; correct one of them"#,
        ),
        (
            r#"wecom = "SunMei""#,
            r#"wecom = " SunMei""#,
            r#"people "sunmei": the WeCom id " SunMei" is not usable; copy the member's account (帐号)"#,
        ),
        (
            r#"roles = ["auditor"]"#,
            "roles = []",
            r#"people "zhouyi": has no role; add roles = ["reviewer"], or take the person out"#,
        ),
        (r#"name = "周逸""#, r#"name = " ""#, r#"people "zhouyi": the name is empty; write the name colleagues know"#),
    ]);
}

#[test]
fn two_people_cannot_be_one_at_telegram() {
    let both = [("wecom = \"LiHua\"", "wecom = \"LiHua\"\ntelegram = 7"), ("wecom = \"SunMei\"", "telegram = 7")];
    assert_eq!(lines(&both), [r#"people "sunmei": the telegram id is somebody else's too; correct one of them"#]);
}

#[test]
fn somebody_is_admin() {
    let nobody = [
        (r#"roles = ["admin"]"#, r#"roles = ["supervisor"]"#),
        (r#"roles = ["supervisor", "admin"]"#, r#"roles = ["supervisor"]"#),
    ];
    let lines = lines(&nobody);
    assert_eq!(lines[0], r#"people: nobody is admin; give one person roles = ["admin"]"#);
    assert_eq!(lines.len(), 4, "and nobody can approve the three notices: {lines:#?}");
}

#[test]
fn the_channels() {
    let place = r#"channels "kf-flagship""#;
    check(&[
        (
            "escalation_owner = \"wangwu\"\n",
            "",
            r#"channels "kf-flagship": draft mode needs escalation_owner; add escalation_owner = "<person id>""#,
        ),
        (
            r#"permitted = ["lihua", "zhaoliu"]"#,
            "permitted = []",
            r#"channels "kf-flagship": draft mode needs somebody in permitted; add permitted = ["<person id>"]"#,
        ),
        (
            r#"permitted = ["lihua", "zhaoliu"]"#,
            r#"permitted = ["lihua", "zhaolui"]"#,
            &format!(r#"{place}: permitted names "zhaolui", who is not in [[people]]; did you mean "zhaoliu"?"#),
        ),
        (
            r#"permitted = ["lihua", "zhaoliu"]"#,
            r#"permitted = ["lihua", "sunmei"]"#,
            r#"channels "kf-flagship": permitted names "sunmei", who is not reviewer, supervisor or admin; give "sunmei" one of these roles, or take the name out"#,
        ),
        (
            r#"escalation_owner = "wangwu""#,
            r#"escalation_owner = "lihua""#,
            r#"channels "kf-flagship": escalation_owner names "lihua", who is not supervisor or admin; give "lihua" one of these roles, or name somebody else"#,
        ),
        (
            r#"escalation_owner = "wangwu""#,
            r#"escalation_owner = "somebody""#,
            r#"channels "kf-flagship": escalation_owner names "somebody", who is not in [[people]]; use one of lihua, zhaoliu, wangwu, chenjie, sunmei, zhouyi"#,
        ),
        (
            r#"owner = "wangwu""#,
            r#"owner = "wangwuu""#,
            &format!(r#"{place}: owner names "wangwuu", who is not in [[people]]; did you mean "wangwu"?"#),
        ),
        (
            r#"mode = "draft""#,
            r#"mode = "reviewed""#,
            r#"channels "kf-flagship": mode "reviewed" is not available yet: this version offers read_only, draft and auto; use mode = "draft""#,
        ),
    ]);
}

#[test]
fn the_names_of_channels() {
    let rule = "use 1 to 32 of a-z, 0-9, - and _, beginning with a letter or a digit";
    check(&[
        (
            r#"id = "kf-outlet""#,
            r#"id = "kf-flagship""#,
            r#"channels "kf-flagship": the id is used twice; give one of them another id"#,
        ),
        (r#"id = "kf-outlet""#, r#"id = "kf/1""#, &format!(r#"channels "kf/1": the id is not usable; {rule}"#)),
        (
            r#"store = "outlet""#,
            r#"store = "奥莱""#,
            &format!(r#"channels "kf-outlet": the store "奥莱" is not usable; {rule}"#),
        ),
        (
            r#"account = "wkAJ2GCAAAexampleoutlet00000002""#,
            r#"account = "wkAJ2GCAAAexampleflagship000001""#,
            r#"channels "kf-outlet": has the account "wkAJ2GCAAAexampleflagship000001" of channel "kf-flagship"; an account belongs to one channel: correct one of them"#,
        ),
        (
            r#"account = "wkAJ2GCAAAexampleoutlet00000002""#,
            r#"account = """#,
            r#"channels "kf-outlet": the account "" is not usable; copy the open_kfid"#,
        ),
    ]);
}

#[test]
fn a_channel_carried_by_hand() {
    let place = r#"channels "qianniu""#;
    let account = r#"account = "千牛·山茶家旗舰店""#;
    check(&[
        (
            account,
            "account = \"\"",
            &format!(r#"{place}: the account "" is not usable; write what the place is called, such as 千牛"#),
        ),
        (
            account,
            "account = \"千牛\"\ndispatch = \"turn\"",
            &format!(
                r#"{place}: cases of a manual channel are not dealt by turn; take dispatch = "turn" out: whoever asks for a customer gets the card"#
            ),
        ),
        (
            account,
            "account = \"千牛\"\nurl = \"https://mini.example.com/\"",
            &format!("{place}: url and private are for channels of kind webhook; take them out"),
        ),
    ]);
    use sha2::{Digest, Sha256};
    let notice = format!(
        "account = \"千牛\"\nnotices = {{ received = {{ text = \"好\", approved_by = \"chenjie\", sha256 = \"{}\" }} }}",
        hex::encode(Sha256::digest("好"))
    );
    let todo = "a manual channel has no notices; take them out: nothing leaves there by itself";
    check(&[(account, &notice, &format!("{place}: {todo}"))]);
}

#[test]
fn a_channel_that_only_reads_needs_nobody() {
    let bare = [
        (r#"permitted = ["zhaoliu"]"#, "permitted = []"),
        ("mode = \"read_only\"\n", ""),
        ("owner = \"wangwu\"\npermitted = []\nescalation_owner = \"wangwu\"\n", ""),
    ];
    assert_eq!(lines(&bare), [""; 0]);
}

#[test]
fn the_notices() {
    let place = r#"channels "kf-flagship" notices.received"#;
    let text = r#"text = "您的消息已收到，客服会尽快回复您。""#;
    let (right, wrong) = ("您的消息已收到，客服会尽快回复您！", format!("text = \"{}\"", "很".repeat(683)));
    use sha2::{Digest, Sha256};
    let hash_of = |text: &str| hex::encode(Sha256::digest(text));
    check(&[(
        text,
        &format!("text = {right:?}"),
        &format!(
            "{place}: sha256 is not that of the text; when an admin approves exactly this text: sha256 = {:?}",
            hash_of(right)
        ),
    )]);
    let long = lines(&[(text, &wrong), (&hash_of("您的消息已收到，客服会尽快回复您。"), &hash_of(&"很".repeat(683)))]);
    assert_eq!(long, [format!("{place}: the text has 2049 bytes; shorten it to 2048 bytes (about 680 汉字)")]);
    let empty = lines(&[(text, "text = \" \""), (&hash_of("您的消息已收到，客服会尽快回复您。"), &hash_of(" "))]);
    assert_eq!(empty, [format!("{place}: the text is empty; write the text, or take the notice out")]);
}

#[test]
fn the_approval_of_notices() {
    let place = r#"channels "kf-flagship" notices.welcome"#;
    check(&[
        (
            r#"approved_by = "chenjie""#,
            r#"approved_by = "lihua""#,
            &format!(r#"{place}: approved_by names "lihua", who is not admin; name the admin who approved the text"#),
        ),
        (
            r#"approved_by = "chenjie""#,
            r#"approved_by = "chenji""#,
            &format!(r#"{place}: approved_by names "chenji", who is not in [[people]]; did you mean "chenjie"?"#),
        ),
    ]);
}

#[test]
fn the_policy() {
    check(&[
        ("confidence = 0.90", "confidence = 90", "policy: confidence is 90; use 0 to 1, such as 0.90"),
        ("confidence = 0.90", "confidence = -0.1", "policy: confidence is -0.1; use 0 to 1, such as 0.90"),
        ("confidence = 0.90", "confidence = nan", "policy: confidence is NaN; use 0 to 1, such as 0.90"),
        ("high_value_cents = 50000", "high_value_cents = -1", "policy: high_value_cents is -1; use 0 or more"),
        (
            r#"# triggers = "triggers.toml""#,
            r#"triggers = """#,
            "policy: triggers is empty; name a file, or take the line out",
        ),
    ]);
}

/// What leaves without a person is always watched, marked and proved.
#[test]
fn the_models_budgets() {
    check(&[
        ("price_in = 0.0", "price_in = -1.0", "drafting: a price is no amount; use 0 or more for a million tokens"),
        (
            "# money = 0.5",
            "money = 0.5",
            "drafting.customer: limits money, and the model costs nothing; set price_in and price_out of [drafting], or \
             limit tokens instead",
        ),
    ]);
    assert!(lines(&[("price_out = 0.0", "price_out = 8.0"), ("# money = 0.5", "money = 0.5")]).is_empty());
    let odd = lines(&[("price_out = 0.0", "price_out = 8.0"), ("# money = 0.5", "money = -0.5")]);
    assert_eq!(odd, ["drafting.customer: money is no amount; use 0 or more, in the desk's currency"]);
    let unknown = lines(&[("tokens = 200000", "token = 200000")]);
    assert!(unknown.len() == 1 && unknown[0].contains("unknown key \"token\""), "{unknown:?}");
}

#[test]
fn the_limits_of_what_leaves_without_a_person() {
    let notice = r#"# notice = "（AI 自动回复，回复“人工”转人工客服）""#;
    let marked = "policy.auto: the notice is empty or too long; write one line of at most 60 characters, or take it out for the usual words";
    check(&[
        ("sample = 0.10", "sample = 0.0", "policy.auto: sample is 0; use 0.02 to 1, such as 0.10"),
        ("sample = 0.10", "sample = nan", "policy.auto: sample is NaN; use 0.02 to 1, such as 0.10"),
        (
            "bad_rate = 0.01",
            "bad_rate = 0.5",
            "policy.auto: bad_rate is 0.5; use more than 0 and at most 0.05, such as 0.01",
        ),
        (
            "bad_rate = 0.01",
            "bad_rate = 0.0",
            "policy.auto: bad_rate is 0; use more than 0 and at most 0.05, such as 0.01",
        ),
        ("most_characters = 300", "most_characters = 5000", "policy.auto: most_characters is 5000; use 1 to 600"),
        (notice, r#"notice = " ""#, marked),
        (notice, r#"notice = "a\nb""#, marked),
    ]);
}

#[test]
fn all_mistakes_are_told_at_once_each_on_one_line() {
    let lines = lines(&[
        ("review_minutes = 10", "review_minutes = 0"),
        (r#"id = "sunmei""#, r#"id = "a\nb""#),
        (r#"mode = "draft""#, r#"mode = "reviewed""#),
        ("confidence = 0.90", "confidence = 2"),
    ]);
    let places: Vec<_> = lines.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(places, ["desk", r#"people "a\nb""#, r#"channels "kf-flagship""#, "policy"]);
    assert!(lines.iter().all(|line| !line.contains('\n')));
}
