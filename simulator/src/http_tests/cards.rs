use super::*;
use crate::{DuplicateAnswer, Impossible, ItemKind, Reply};

fn update(code: &Value, userids: Value, change: Value) -> Value {
    let mut body = json!({"agentid": 1_000_002, "response_code": code, "userids": userids});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

fn done(caption: &str) -> Value {
    json!({"button": {"replace_name": caption}})
}

#[tokio::test]
async fn a_code_updates_once_and_only_the_members_named() {
    let stage = Stage::new().await;
    let sent = stage.send("lihua|wangwu|Ghost", "template_card", card("t1")).await;
    assert_eq!((code(&sent), &sent["invaliduser"]), (0, &json!("ghost")));
    let update_once = update(&sent["response_code"], json!(["LiHua", "Nobody"]), done("已处理"));
    let answer = stage.post(Api::UpdateTemplateCard, update_once.clone()).await;
    assert_eq!((code(&answer), &answer["invaliduser"]), (0, &json!(["nobody"])));
    assert_eq!(code(&stage.post(Api::UpdateTemplateCard, update_once).await), 60140);
    assert_eq!(stage.sim.inbox("LiHua")[0].caption.as_deref(), Some("已处理"));
    assert!(!stage.sim.inbox("WangWu")[0].disabled());
    assert_eq!(code(&stage.send("LiHua", "template_card", card("t1")).await), 42014);
}

#[tokio::test]
async fn every_click_has_its_own_code_of_72_hours() {
    let stage = Stage::new().await;
    stage.send("LiHua|WangWu", "template_card", card("t1")).await;
    let code_of = |heard: &Heard| json!(heard.root.field("ResponseCode").unwrap());
    for _ in 0..2 {
        assert!(stage.sim.tap("lihua", "t1", "send:81", &[]).await.unwrap().accepted());
    }
    let heard = stage.bot.heard();
    assert_ne!(code_of(&heard[0]), code_of(&heard[1]));
    let replacement = json!({"template_card": {"card_type": "text_notice", "main_title": {"title": "已发 · 李华"},
        "card_action": {"type": 1, "url": "https://desk.example.com"}}});
    let everyone = json!(["lihua", "wangwu"]);
    let answer = stage.post(Api::UpdateTemplateCard, update(&code_of(&heard[0]), everyone.clone(), replacement)).await;
    assert_eq!(code(&answer), 0);
    let shown = stage.sim.inbox("WangWu")[0].card.clone().unwrap();
    assert_eq!(shown["main_title"]["title"], "已发 · 李华");
    assert_eq!(stage.sim.tap("WangWu", "t1", "send:81", &[]).await, Err(Impossible::Button("send:81".to_owned())));
    assert!(stage.sim.tap_late("WangWu", "t1", "send:81", &[]).await.unwrap().accepted());
    stage.sim.clock().advance(72 * 3_600_000);
    let mut late = Stage { token: String::new(), ..stage };
    late.token = late.gettoken("simulated-app-secret").await["access_token"].as_str().unwrap().to_owned();
    let answer = late.post(Api::UpdateTemplateCard, update(&code_of(&heard[1]), everyone, done("x"))).await;
    assert_eq!(code(&answer), 60140);
}

#[tokio::test]
async fn updates_are_checked_and_a_refused_one_may_spend_the_code() {
    for (spends, second) in [(false, 0), (true, 60140)] {
        let stage = Stage::with(settings(Switches { refused_update_spends_code: spends, ..Switches::default() })).await;
        let sent = stage.send("LiHua", "template_card", card("t1")).await;
        let codes = &sent["response_code"];
        let bad = update(codes, json!(["LiHua"]), json!({"template_card": {"card_type": "text_notice"}}));
        assert_eq!(code(&stage.post(Api::UpdateTemplateCard, bad).await), 42033);
        let good = update(codes, json!(["LiHua"]), done("好"));
        assert_eq!(code(&stage.post(Api::UpdateTemplateCard, good).await), second);
    }
    let stage = Stage::new().await;
    let answer = stage.post(Api::UpdateTemplateCard, update(&json!("none"), json!(["LiHua"]), done("好"))).await;
    assert_eq!(code(&answer), 60140);
}

#[tokio::test]
async fn a_click_carries_what_was_chosen() {
    let stage = Stage::new().await;
    stage.send("LiHua", "template_card", card("t1")).await;
    stage.sim.tap("LiHua", "t1", "edit:81", &[("hint", "shorter")]).await.unwrap();
    stage.sim.tap("LiHua", "t1", "send:81", &[]).await.unwrap();
    let heard = stage.bot.heard();
    let chosen = |heard: &Heard| {
        let item = heard.root.child("SelectedItems").unwrap().child("SelectedItem").unwrap().clone();
        (
            item.field("QuestionKey").unwrap().to_owned(),
            item.child("OptionIds").unwrap().field("OptionId").unwrap().to_owned(),
        )
    };
    assert_eq!(chosen(&heard[0]), ("hint".to_owned(), "shorter".to_owned()));
    assert_eq!(chosen(&heard[1]), ("hint".to_owned(), "none".to_owned()));
    let field = |name: &str| heard[0].root.field(name).map(str::to_owned);
    assert_eq!(field("FromUserName").as_deref(), Some("LiHua"));
    assert_eq!((field("TaskId").as_deref(), field("EventKey").as_deref()), (Some("t1"), Some("edit:81")));
    assert_eq!((field("CardType").as_deref(), field("MsgId")), (Some("button_interaction"), None));
    let impossible = |answer: Result<crate::Delivery, Impossible>| answer.unwrap_err().to_string();
    assert_eq!(impossible(stage.sim.tap("LiHua", "t1", "no", &[]).await), "no such button: no");
    assert_eq!(impossible(stage.sim.tap("LiHua", "t2", "no", &[]).await), "no such card: t2");
    assert_eq!(impossible(stage.sim.tap("LiHua", "t1", "edit:81", &[("hint", "x")]).await), "no such option: x");
    assert_eq!(impossible(stage.sim.tap("LiHua", "t1", "edit:81", &[("q", "none")]).await), "no such option: q");
    assert_eq!(impossible(stage.sim.tap("nobody", "t1", "no", &[]).await), "no such member: nobody");
    assert!(stage.sim.inbox("LiHua")[0].tapped);
}

#[tokio::test]
async fn a_passive_reply_changes_only_the_clickers_card() {
    let stage = Stage::new().await;
    stage.send("LiHua|WangWu", "template_card", card("t1")).await;
    let xml = "<xml><MsgType>update_button</MsgType><Button><ReplaceName>已发送</ReplaceName></Button></xml>";
    stage.bot.next(Say::Reply(xml.to_owned()));
    let tapped = stage.sim.tap("LiHua", "t1", "send:81", &[]).await.unwrap();
    assert!(tapped.changed_phone() && tapped.body.contains("已发送"));
    assert_eq!(stage.sim.inbox("LiHua")[0].caption.as_deref(), Some("已发送"));
    assert!(!stage.sim.inbox("WangWu")[0].disabled());
    assert_eq!(stage.sim.tap("LiHua", "t1", "send:81", &[]).await, Err(Impossible::Closed("t1".to_owned())));
    let second = "<xml><MsgType>update_template_card</MsgType><TemplateCard><CardType>button_interaction</CardType>\
        <MainTitle><Title>拒绝原因</Title></MainTitle><ButtonList><Text>确认</Text><Key>yes</Key></ButtonList></TemplateCard></xml>";
    stage.bot.next(Say::Reply(second.to_owned()));
    stage.sim.tap("WangWu", "t1", "send:81", &[]).await.unwrap();
    assert!(stage.sim.tap("WangWu", "t1", "yes", &[]).await.unwrap().accepted());
}

#[tokio::test]
async fn senseless_replies_change_nothing() {
    let stage = Stage::new().await;
    stage.send("LiHua", "template_card", card("t1")).await;
    stage.bot.next(Say::Raw("OK"));
    stage.bot.next(Say::Raw("success"));
    stage.bot.next(Say::Reply("<xml><MsgType>update_button</MsgType></xml>".to_owned()));
    let mut replies = Vec::new();
    for _ in 0..3 {
        replies.push(stage.sim.tap("LiHua", "t1", "send:81", &[]).await.unwrap().reply);
    }
    assert_eq!(replies, [Reply::Unreadable, Reply::Empty, Reply::Refused(crate::Errcode::BUTTON_TEXT)]);
    assert!(!stage.sim.inbox("LiHua")[0].disabled());
}

#[tokio::test]
async fn the_thirty_first_message_of_a_minute_is_dropped_silently() {
    let stage = Stage::new().await;
    for n in 0..31 {
        let answer = stage.send("LiHua|WangWu", "text", json!({"content": format!("第 {n} 条")})).await;
        assert_eq!(code(&answer), 0);
    }
    assert_eq!(stage.sim.inbox("LiHua").len(), 30);
    let accepted = stage.sim.accepted_app_messages("lihua");
    assert_eq!((accepted.len(), accepted[29].dropped, accepted[30].dropped), (31, false, true));
    stage.sim.clock().advance(60_000);
    stage.send("LiHua", "text", json!({"content": "又一条"})).await;
    assert_eq!(stage.sim.inbox("LiHua").len(), 31);
}

#[tokio::test]
async fn sends_are_checked() {
    let stage = Stage::new().await;
    let long = stage.send("LiHua", "text", json!({"content": "长".repeat(700)})).await;
    assert_eq!((code(&long), stage.sim.inbox("LiHua")[0].text.len()), (0, 2046));
    let text = json!({"content": "x"});
    assert_eq!(code(&stage.send("", "text", text.clone()).await), 81012);
    assert_eq!(code(&stage.send("ghost|phantom", "text", text.clone()).await), 81013);
    assert_eq!(code(&stage.send("LiHua", "text", json!({"content": ""})).await), 44004);
    assert_eq!(code(&stage.send("LiHua", "poem", text.clone()).await), 40058);
    let send = async |change: Value| {
        let mut body = json!({"touser": "LiHua", "msgtype": "text", "agentid": 1_000_002, "text": text.clone()});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        code(&stage.post(Api::MessageSend, body).await)
    };
    assert_eq!([send(json!({"agentid": "1000002"})).await, send(json!({"agentid": 5})).await], [40056, 301002]);
    assert_eq!([send(json!({"msgtype": "poem"})).await, send(json!({"safe": 2})).await], [40008, 40058]);
    assert_eq!(send(json!({"markdown": {"content": "y"}})).await, 40058);
    let mut attachment = card("t9");
    attachment["horizontal_content_list"] =
        json!([{"keyname": "截图", "type": 2, "value": "a.png", "media_id": "none"}]);
    assert_eq!(code(&stage.send("LiHua", "template_card", attachment).await), 42029);
}

#[tokio::test]
async fn interactive_cards_need_a_callback_url() {
    let sim = Simulator::start(settings(Switches::default())).await.unwrap();
    sim.add_member("LiHua", "李华");
    let bot = Stage::new().await;
    let stage = Stage { sim, ..bot };
    let token = stage.gettoken("simulated-app-secret").await["access_token"].as_str().unwrap().to_owned();
    let stage = Stage { token, ..stage };
    assert_eq!(code(&stage.send("LiHua", "template_card", card("t1")).await), 43012);
    assert_eq!(stage.sim.enters("LiHua").await, Err(Impossible::NoCallback));
}

#[tokio::test]
async fn identical_sends_can_be_dropped() {
    for (answer, repeats) in [(DuplicateAnswer::Repeated, true), (DuplicateAnswer::Bare, false)] {
        let stage = Stage::with(settings(Switches { duplicate_answer: answer, ..Switches::default() })).await;
        let body = json!({"touser": "LiHua", "msgtype": "template_card", "agentid": 1_000_002, "enable_duplicate_check": 1,
            "template_card": card("t1")});
        let first = stage.post(Api::MessageSend, body.clone()).await;
        let second = stage.post(Api::MessageSend, body.clone()).await;
        assert_eq!((code(&second), second["msgid"] == first["msgid"]), (0, repeats));
        assert_eq!(stage.sim.inbox("LiHua").len(), 1);
        stage.sim.clock().advance(1_800_000);
        assert_eq!(code(&stage.post(Api::MessageSend, body).await), 42014);
    }
}

#[tokio::test]
async fn a_recall_clears_the_phones_for_a_day() {
    let stage = Stage::new().await;
    let mut sent = Vec::new();
    for text in ["一", "二"] {
        sent.push(stage.send("LiHua", "text", json!({"content": text})).await["msgid"].clone());
    }
    assert_eq!(code(&stage.post(Api::MessageRecall, json!({"msgid": sent[0]})).await), 0);
    assert_eq!(stage.sim.inbox("LiHua").iter().map(|item| item.text.as_str()).collect::<Vec<_>>(), ["二"]);
    assert_eq!(code(&stage.post(Api::MessageRecall, json!({"msgid": "none"})).await), 40058);
    stage.sim.clock().advance(86_400_001);
    let token = stage.gettoken("simulated-app-secret").await["access_token"].as_str().unwrap().to_owned();
    let stage = Stage { token, ..stage };
    assert_eq!(code(&stage.post(Api::MessageRecall, json!({"msgid": sent[1]})).await), 42052);
}

#[tokio::test]
async fn the_phones_show_what_clients_show() {
    let stage = Stage::new().await;
    let mut long = card("t1");
    long["sub_title_text"] = json!("字".repeat(161));
    stage.send("LiHua", "template_card", long).await;
    let menu = json!({"button": [{"name": "待审", "type": "click", "key": "queue"}]});
    assert_eq!(code(&stage.post(Api::MenuCreate, menu.clone()).await), 0);
    assert_eq!(stage.get(Api::MenuGet, "&agentid=1000002").await["button"], menu["button"]);
    stage.bot.next(Say::Reply("<xml><MsgType>text</MsgType><Content>在等 3 件</Content></xml>".to_owned()));
    stage.sim.clicks_menu("LiHua", "queue").await.unwrap();
    assert!(stage.sim.clicks_menu("LiHua", "other").await.is_err());
    stage.sim.says("LiHua", "亲，已为您加急").await.unwrap();
    stage.sim.customer_says("wk1", "wm1", "到哪了").await.unwrap();
    let kinds: Vec<ItemKind> = stage.sim.inbox("LiHua").iter().map(|item| item.kind).collect();
    assert_eq!(kinds, [ItemKind::Card, ItemKind::Text, ItemKind::Own]);
    let state = stage.sim.state_for_phone();
    let member = &state["members"][0];
    let shown = member["items"][0]["card"]["sub_title_text"].as_str().unwrap();
    assert!(shown.chars().count() == 160 && shown.ends_with('…'));
    assert_eq!(
        (&member["userid"], &member["role_hint"], &member["items"][0]["disabled"]),
        (&json!("LiHua"), &json!("reviewer"), &json!(false))
    );
    let customer = &state["customers"][0];
    assert_eq!(
        (&customer["name"], &customer["quota_left"], &customer["session_state"]),
        (&json!("小周"), &json!(5), &json!(0))
    );
    assert_eq!((&customer["lines"][0]["text"], &customer["lines"][0]["from"]), (&json!("到哪了"), &json!("customer")));
    assert_eq!(
        (&state["menu"], &state["now_ms"], &state["accounts"][0]["name"]),
        (&menu["button"], &json!(NOW), &json!("旗舰店"))
    );
}
