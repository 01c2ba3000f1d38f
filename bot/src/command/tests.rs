use super::*;
use proptest::prelude::*;

fn command(text: &str) -> Command {
    match parse(text) {
        Parsed::Command(command) => command,
        other => panic!("{text}: {other:?}"),
    }
}

fn bad(text: &str) -> (String, &'static str) {
    match parse(text) {
        Parsed::Bad { command, usage_key } => (command, usage_key),
        other => panic!("{text}: {other:?}"),
    }
}

fn same(spellings: &[&str], wanted: &Command) {
    for text in spellings {
        assert_eq!(command(text), *wanted, "{text}");
    }
}

#[test]
fn commands_without_arguments() {
    same(&["/help", "／帮助", " /HELP ", "帮助", "帮助。", "/ help", "/help@shop_bot", "help"], &Command::Help);
    same(&["/status", "/状态"], &Command::Status);
    same(&["/queue", "/队列", "／ＱＵＥＵＥ"], &Command::Queue);
    same(&["/whoami", "/我是谁"], &Command::Whoami);
    same(&["/上班", "/onduty", "/on_duty", "/on-duty"], &Command::OnDuty);
    same(&["/下班", "/offduty"], &Command::OffDuty);
    same(&["取消", " 取消 ", "取消！", "/取消", "cancel", "Cancel."], &Command::Cancel);
}

#[test]
fn commands_about_one_case() {
    same(&["/case 81", "/case #81", "/案件81", "/案件 ＃８１", "／case　81"], &Command::Case { n: 81 });
    same(&["/why 81", "/为什么 #81"], &Command::Why { n: 81 });
    same(&["/escalate 81", "/上级 81", "/转上级 81"], &Command::Escalate { n: 81 });
    same(&["/take 81", "/接手#81"], &Command::Take { n: 81 });
    same(&["/giveback 81", "/give_back 81", "/交还 81"], &Command::GiveBack { n: 81 });
    same(&["/evidence 81", "/证据 81"], &Command::Evidence { n: 81 });
}

#[test]
fn something_to_be_done_keeps_its_words() {
    let wanted = |action: Option<&str>, text: &str| Command::Do {
        n: 81,
        action: action.map(str::to_owned),
        text: text.to_owned(),
    };
    same(&["/do 81", "/做 #81", "／办81"], &wanted(None, ""));
    same(&["/do 81 note 已催：仓库 A", "/执行 81 NOTE 已催：仓库 A"], &wanted(Some("note"), "已催：仓库 A"));
    same(&["/做 81 备注：已催", "/做 81 备注 已催"], &wanted(Some("备注"), "已催"));
    assert_eq!(bad("/do note"), ("do".to_owned(), "usage.do"));
}

#[test]
fn the_knowledge_is_looked_after_by_number_or_id() {
    let kb = |command: KnowledgeCommand| Command::Knowledge(command);
    same(&["/kb", "/知识", "／ＫＢ"], &kb(KnowledgeCommand::Overview));
    same(&["/kb stale", "/知识 过期", "/知识过期"], &kb(KnowledgeCommand::Stale));
    same(&["/kb show 12", "/知识 查看 12", "/知识查看12"], &kb(KnowledgeCommand::Show { name: "12".into() }));
    same(
        &["/kb disable faq.csv:a", "/知识 停用 faq.csv:a"],
        &kb(KnowledgeCommand::Disable { name: "faq.csv:a".into() }),
    );
    let publish = KnowledgeCommand::Publish { name: "12".into(), words: vec!["kf-a".into(), "7f3k".into()] };
    same(&["/kb publish 12 kf-a 7f3k", "/知识发布12 kf-a 7f3k"], &kb(publish));
    same(&["/kb owner"], &kb(KnowledgeCommand::Owner { who: None }));
    for text in ["/kb show", "/kb show 1 2", "/kb 搜索", "/kb disable"] {
        assert_eq!(bad(text), ("kb".to_owned(), "usage.kb"), "{text}");
    }
}

#[test]
fn an_example_is_shown_before_it_is_agreed_to() {
    let example = |command: ExampleCommand| Command::Example(command);
    same(&["/example", "/示例", "/样例"], &example(ExampleCommand::List));
    same(&["/example 15", "/示例 #15", "/示例15"], &example(ExampleCommand::Show { n: 15 }));
    same(&["/示例 15 同意"], &example(ExampleCommand::Agree { n: 15, code: None }));
    let coded = ExampleCommand::Agree { n: 15, code: Some("7f3k".into()) };
    same(&["/示例 15 同意 7F3K", "/example 15 agree 〔7f3k〕", "/示例15 同意 7f3k"], &example(coded));
    same(&["/示例 15 撤回", "/example 15 withdraw"], &example(ExampleCommand::Withdraw { n: 15 }));
    for text in ["/示例 好的", "/示例 15 也许", "/示例 15 同意 7f3k 9", "/示例 15 撤回 7f3k"] {
        assert_eq!(bad(text), ("example".to_owned(), "usage.example"), "{text}");
    }
}

#[test]
fn an_erasure_is_shown_before_it_is_confirmed() {
    let erase = |wish: EraseWish| Command::Erase(EraseCommand { n: 15, wish });
    same(&["/erase 15", "/清除 #15", "/删除资料15"], &erase(EraseWish::Show));
    same(&["/清除 15 确认"], &erase(EraseWish::Confirm { code: None }));
    let coded = EraseWish::Confirm { code: Some("7f3k".into()) };
    same(&["/清除 15 确认 7F3K", "/erase 15 confirm 〔7f3k〕", "/清除15 确认 ７f3k"], &erase(coded));
    let hold = EraseWish::Hold { why: "仲裁 2026-118".into() };
    same(&["/清除 15 保留 仲裁 2026-118", "/erase 15 HOLD 仲裁 2026-118"], &erase(hold));
    same(&["/清除 15 解除", "/erase 15 release"], &erase(EraseWish::Release));
    for text in ["/清除", "/清除 全部", "/清除 15 好", "/清除 15 确认 7f3k 9", "/清除 15 保留", "/清除 15 解除 了"]
    {
        assert_eq!(bad(text), ("erase".to_owned(), "usage.erase"), "{text}");
    }
}

#[test]
fn a_policy_is_taken_back_by_the_code_of_what_was_shown() {
    let back = |code: Option<&str>| Command::Policy(PolicyCommand::TakeBack { code: code.map(Into::into) });
    same(&["/policy", "/策略", "／规则"], &Command::Policy(PolicyCommand::List));
    same(&["/策略 停用", "/policy ROLLBACK", "/规则　退回"], &back(None));
    same(&["/策略 停用 7F3K", "/policy back 〔7f3k〕", "/policy disable ７f3k"], &back(Some("7f3k")));
    for text in ["/策略 停用 7f3k 9", "/策略 好", "/policy 7f3k"] {
        assert_eq!(bad(text), ("policy".to_owned(), "usage.policy"), "{text}");
    }
}

#[test]
fn quality_is_scored_by_seven_signs() {
    let qa = |command: QaCommand| Command::Qa(command);
    same(&["/qa", "/质检", "/抽检"], &qa(QaCommand::Sample { week: None }));
    let week = "2026-W48".parse().ok();
    same(&["/qa 2026-W48", "/质检 2026-w48", "/质检２０２６－Ｗ４８"], &qa(QaCommand::Sample { week }));
    same(&["/qa 81", "/质检 #81", "/质检81"], &qa(QaCommand::Show { n: 81 }));
    let score = |note: &str| qa(QaCommand::Score { n: 81, points: "54-5351".into(), note: note.into() });
    same(&["/qa 81 54-5351", "/质检 81 5 4 - 5 3 5 1", "/质检 #81 ５，４，－，5,3,5,1"], &score(""));
    same(&["/qa 81 54-5351 好", "/质检 81：5 4 - 5 3 5 1 好"], &score("好"));
    for text in ["/qa 好", "/qa 81 54", "/qa 81 54-53511", "/qa 81 好"] {
        assert_eq!(bad(text), ("qa".to_owned(), "usage.qa"), "{text}");
    }
}

#[test]
fn asking_takes_the_words_as_they_were_typed() {
    let ask = |words: &str| Command::Ask { words: words.into() };
    assert_eq!(command("/ask 千牛 羊毛衫会起球吗？\n  第二行"), ask("千牛 羊毛衫会起球吗？\n  第二行"));
    assert_eq!(command("/问千牛：HELLO"), ask("千牛：HELLO"));
    assert_eq!(command("/代问 qianniu"), ask("qianniu"));
    assert_eq!(command("/ask"), ask(""));
    let more = |text: &str| Command::AskMore { n: 81, text: text.into() };
    assert_eq!(command("/ask #81 白色的\n还有吗"), more("白色的\n还有吗"));
    assert_eq!(command("/问 ＃８１：白色的"), more("白色的"));
    assert_eq!(command("/问#81"), more(""));
    assert_eq!(command("/ask 81 白色的"), ask("81 白色的"), "a shop may be called so");
}

#[test]
fn a_name_is_set_apart_from_what_follows() {
    for text in ["千牛 在吗", "千牛：在吗", "千牛,在吗", "千牛、 在吗", "千牛\n在吗", "千牛　在吗"]
    {
        assert_eq!(after_name(text, "千牛"), Some("在吗"), "{text}");
    }
    assert_eq!(after_name("ＱianNiu 在吗", "qianniu"), Some("在吗"));
    assert_eq!(after_name("千牛", "千牛"), Some(""));
    assert_eq!(after_name("千牛店 在吗", "千牛"), None);
    assert_eq!(after_name("千", "千牛"), None);
}

#[test]
fn approving_carries_the_code() {
    let with_code = Command::Approve { n: 81, code: Some("7f3k".into()) };
    same(
        &["/approve 81 7f3k", "/通过 #81 7F3K", "/发送 81 〔7f3k〕", "/通过81 ７Ｆ３Ｋ", "/批准 81  [7f3k] "],
        &with_code,
    );
    same(&["/approve 81", "/通过81", "/通过 81 〔〕"], &Command::Approve { n: 81, code: None });
    assert_eq!(bad("/approve 81 7f 3k"), ("approve".into(), "usage.approve"));
    assert_eq!(bad("/通过 全部"), ("approve".into(), "usage.approve"));
}

#[test]
fn resolving_a_doubt_carries_the_code() {
    let code = || Some("7f3k".to_owned());
    same(&["/delivered 81 7f3k", "/送达 #81 7F3K", "/已送达81 7f3k"], &Command::Delivered { n: 81, code: code() });
    same(&["/resend 81 7f3k", "/重发81 〔7f3k〕"], &Command::Resend { n: 81, code: code() });
    same(&["/drop 81 7f3k", "/放弃 81 ７Ｆ３Ｋ"], &Command::Drop { n: 81, code: code() });
    same(&["/重发 81"], &Command::Resend { n: 81, code: None });
    assert_eq!(bad("/重发"), ("resend".into(), "usage.resend"));
}

#[test]
fn an_edit_keeps_the_text_as_it_was_typed() {
    let edit = |text: &str| Command::Edit { n: 81, text: text.into() };
    assert_eq!(command("/edit 81 您好，  ２ 天到\n\n谢谢 / 山茶家"), edit("您好，  ２ 天到\n\n谢谢 / 山茶家"));
    assert_eq!(command("/改 #81：HELLO"), edit("HELLO"));
    assert_eq!(command("/改81您好"), edit("您好"));
    assert_eq!(command("/edit 81\n/help 也可以写"), edit("/help 也可以写"));
    assert_eq!(bad("/改 81"), ("edit".into(), "usage.edit"));
    assert_eq!(bad("/改 您好"), ("edit".into(), "usage.edit"));
}

#[test]
fn a_rejection_has_a_reason_and_a_note() {
    let reject = |reason, note: &str| Command::Reject { n: 81, reason, note: (!note.is_empty()).then(|| note.into()) };
    assert_eq!(command("/reject 81 2"), reject(Some(RejectReason::OutdatedKnowledge), ""));
    assert_eq!(command("/拒绝 81 缺知识"), reject(Some(RejectReason::MissingKnowledge), ""));
    assert_eq!(command("/拒绝 81 语气不合品牌 太生硬"), reject(Some(RejectReason::OffBrandTone), "太生硬"));
    assert_eq!(command("/reject #81 wrong_channel: only 天猫"), reject(Some(RejectReason::WrongChannel), "only 天猫"));
    assert_eq!(command("/拒绝 81 写得不行"), reject(None, "写得不行"));
    assert_eq!(command("/拒绝 81"), reject(None, ""));
}

#[test]
fn a_pause_is_a_pause_however_it_is_written() {
    let pause = |scope, why: &str| Command::Pause { scope, why: (!why.is_empty()).then(|| why.into()) };
    same(&["/pause", "/暂停", "暂停", "暂停！", "／暂停 "], &pause(None, ""));
    same(
        &["/pause all", "/暂停 全部", "/暂停全部", "/pause DESK", "/pause全部"],
        &pause(Some(ScopeArg::Everything), ""),
    );
    same(&["/pause #81", "/暂停81", "/暂停 ＃８１"], &pause(Some(ScopeArg::Conversation(81)), ""));
    same(&["/暂停 旗舰店", "/暂停旗舰店", "/暂停 渠道 旗舰店"], &pause(Some(ScopeArg::Channel("旗舰店".into())), ""));
    assert_eq!(
        command("/pause kf-flagship 价格写错了 先停"),
        pause(Some(ScopeArg::Channel("kf-flagship".into())), "价格写错了 先停")
    );
    assert_eq!(command("/暂停 全部 系统异常"), pause(Some(ScopeArg::Everything), "系统异常"));
    assert_eq!(command("/resume"), Command::Resume { scope: None });
    let risky = |place: Option<&str>| Some(ScopeArg::HighRisk(place.map(str::to_owned)));
    same(&["/暂停 高风险", "/暂停高风险", "/pause risk all"], &pause(risky(None), ""));
    same(
        &["/暂停 高风险 马来西亚 平台规则待确认", "/暂停 高风险 国家 马来西亚 平台规则待确认"],
        &pause(risky(Some("马来西亚")), "平台规则待确认"),
    );
    assert_eq!(command("/恢复 高风险 马来西亚"), Command::Resume { scope: risky(Some("马来西亚")) });
    assert_eq!(command("/恢复 #81"), Command::Resume { scope: Some(ScopeArg::Conversation(81)) });
    assert_eq!(bad("/恢复 全部 吧"), ("resume".into(), "usage.resume"));
}

#[test]
fn what_the_draft_phase_teaches_can_be_asked() {
    assert_eq!((command("/mode"), command("/模式 ")), (Command::Mode, Command::Mode));
    same(&["/检查 上级", "/checklist escalation", "/检查上级"], &Command::TestEscalation);
    assert_eq!((command("/检查"), command("/checklist")), (Command::Checklist, Command::Checklist));
    assert_eq!((command("/报告"), command("/report")), (Command::Report, Command::Report));
}

#[test]
fn how_far_the_bot_goes_is_said_for_a_channel_and_an_intent() {
    let wish = |channel: &str, intent: &str, auto| {
        let place = Place { channel: channel.into(), intent: intent.into() };
        Command::SetMode { place, auto }
    };
    assert_eq!(command("/mode kf-flagship/shipping auto"), wish("kf-flagship", "shipping", true));
    assert_eq!(command("／模式 山茶家 旗舰店／发货 自动"), wish("山茶家 旗舰店", "发货", true));
    assert_eq!(command("/mode kf / shipping DRAFT"), wish("kf", "shipping", false));
    for text in [
        "/mode kf auto",
        "/模式 旗舰店 自动",
        "/mode kf/shipping",
        "/mode /shipping auto",
        "/mode kf/ auto",
        "/mode kf/a b",
    ] {
        assert_eq!(bad(text), ("mode".into(), "usage.mode"), "{text}");
    }
}

#[test]
fn a_bad_command_names_its_usage() {
    for text in ["/case", "/case abc", "/case 0", "/case -1", "/case 81 82", "/case 9999999999999999"] {
        assert_eq!(bad(text), ("case".into(), "usage.case"), "{text}");
    }
    assert_eq!(bad("/aprove 81 7f3k"), ("aprove".into(), "usage.unknown"));
    assert_eq!(bad("/queue now").1, "usage.queue");
}

#[test]
fn everything_else_comes_back_unchanged() {
    for text in [
        "",
        "  您好 ",
        "暂停一下",
        "请帮助我",
        "我要取消订单",
        "81",
        "/::)",
        "/",
        "//",
        "/tmp/file",
        "a/help",
        "https://shop.example/help",
        "改 81 您好",
        "/ 1",
        "help me",
    ] {
        assert_eq!(parse(text), Parsed::NotACommand(text.to_owned()), "{text}");
    }
}

#[test]
fn spellings_are_unique_and_read_back() {
    let mut seen = std::collections::BTreeSet::new();
    for name in Name::ALL {
        for spelling in name.spellings() {
            assert!(seen.insert(spelling), "{spelling} twice");
            assert!(!matches!(parse(&format!("/{spelling}")), Parsed::NotACommand(_)), "{spelling}");
        }
    }
}

#[test]
fn every_command_a_person_can_use_is_in_the_help() {
    let lines: Vec<_> = help_text_keys().collect();
    assert_eq!(lines.len(), 33);
    assert!(lines.contains(&("command.help", None)) && lines.contains(&("command.approve", Some(Power::Decide))));
    for locale in cards::words::Locale::ALL {
        let words = cards::words::Words::load(*locale);
        let missing: Vec<_> = help_text_keys().filter(|(key, _)| !words.has(key)).collect();
        assert!(missing.is_empty(), "{} {missing:?}", locale.as_str());
        assert!(Name::ALL.iter().all(|name| words.has(name.usage_key())), "{}", locale.as_str());
    }
}

/// Something that looks like a command, right or wrong.
fn nearly() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "/", "／", "/case", "/通过", "/改", "/拒绝", "/暂停", "/恢复", "/why", "暂停", "/xyz",
    ]);
    (name, ".{0,20}", "[ #＃0-9８１]{0,6}", ".{0,20}").prop_map(|(name, a, b, c)| format!("{name}{a}{b}{c}"))
}

proptest! {
    #[test]
    fn parsing_never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn nearly_a_command_never_panics(text in nearly()) {
        let _ = parse(&text);
    }

    #[test]
    fn text_without_a_slash_is_unchanged(text in "[^/／暂帮取pPhHcCｐＰｈＨｃＣ].{0,60}") {
        prop_assume!(!text.trim_start().starts_with(['/', '／']) && bare(&text).is_none());
        prop_assert_eq!(parse(&text), Parsed::NotACommand(text));
    }

    #[test]
    fn an_edit_gives_back_what_was_typed(n in 1i64..1_000_000, text in "[^\\s:：0-9０-９][^\\r]{0,80}[^\\s]") {
        let typed = format!("/edit {n} {text}");
        prop_assert_eq!(parse(&typed), Parsed::Command(Command::Edit { n, text }));
    }
}
