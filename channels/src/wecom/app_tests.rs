use super::*;
use crate::wecom::stand_in::StandIn;

const SENT: &str = r#"{"errcode":0,"errmsg":"ok","invaliduser":"lihua|zhaoliu","unlicenseduser":"sunqi",
    "msgid":"M1","response_code":"RC1"}"#;

async fn app(answer: &'static str) -> (StandIn, App) {
    let server = StandIn::answering(answer).await;
    let app = App::new(server.api(), 1_000_007);
    (server, app)
}

#[tokio::test]
async fn a_text_is_the_documented_request() {
    let (server, app) = app(SENT).await;
    let sent = app.send_text("LiHua|WangWu", "您好").await.unwrap();
    let expected = json!({
        "touser": "LiHua|WangWu", "msgtype": "text", "agentid": 1_000_007, "enable_duplicate_check": 0,
        "text": { "content": "您好" },
    });
    let seen = server.only("message/send");
    assert_eq!(seen.json(), expected);
    assert!(String::from_utf8(seen.body).unwrap().contains("您好"), "non-ASCII goes raw");
    assert_eq!(sent.msgid.as_deref(), Some("M1"));
    assert_eq!(sent.response_code.as_deref(), Some("RC1"));
    assert_eq!(sent.invalid, ["lihua", "zhaoliu", "sunqi"]);
    assert!(!sent.reached("LiHua") && !sent.reached("SUNQI") && sent.reached("WangWu"));
}

#[tokio::test]
async fn every_kind_of_message_has_its_own_object() {
    let (server, app) = app(r#"{"errcode":0,"errmsg":"ok","invaliduser":""}"#).await;
    let card = json!({ "card_type": "button_interaction", "task_id": "case-81-r1" });
    app.send_markdown("a", "**x**").await.unwrap();
    app.send_image("a", "MID").await.unwrap();
    app.send_file("a", "MID").await.unwrap();
    let sent = app.send_card("a", &card).await.unwrap();
    assert_eq!(sent, Sent::default());
    let bodies: Vec<Value> = server.seen("message/send").iter().map(|s| s.json()).collect();
    assert_eq!(bodies[0]["markdown"], json!({ "content": "**x**" }));
    assert_eq!(bodies[1]["image"], json!({ "media_id": "MID" }));
    assert_eq!(bodies[2]["file"], json!({ "media_id": "MID" }));
    assert_eq!(bodies[3]["template_card"], card);
    let kinds: Vec<&str> = bodies.iter().filter_map(|b| b["msgtype"].as_str()).collect();
    assert_eq!(kinds, ["markdown", "image", "file", "template_card"]);
}

#[tokio::test]
async fn what_the_platform_would_cut_is_refused_before_it_leaves() {
    let (server, app) = app(SENT).await;
    let fits = "好".repeat(682) + "ab";
    app.send_text("a", &fits).await.unwrap();
    assert_eq!(app.send_text("a", &format!("{fits}c")).await.unwrap_err().code(), Some(45002));
    assert_eq!(app.send_markdown("a", &format!("{fits}c")).await.unwrap_err().code(), Some(45002));
    assert_eq!(app.send_text("a", "").await.unwrap_err().code(), Some(44004));
    assert_eq!(app.send_text("", "x").await.unwrap_err().code(), Some(81012));
    assert_eq!(server.seen("message/send").len(), 1);
}

#[tokio::test]
async fn a_card_update_names_members_and_the_code() {
    let (server, app) = app(r#"{"errcode":0,"errmsg":"ok","invaliduser":["LiHua"]}"#).await;
    let card = json!({ "card_type": "text_notice" });
    let failed = app.update_card(&["LiHua".into(), "WangWu".into()], "RC", &card).await.unwrap();
    assert_eq!(failed, ["lihua"]);
    let expected = json!({
        "userids": ["LiHua", "WangWu"], "agentid": 1_000_007, "response_code": "RC", "template_card": card,
    });
    assert_eq!(server.only("message/update_template_card").json(), expected);
    assert_eq!(app.update_card(&[], "RC", &card).await.unwrap_err().code(), Some(40058));
}

#[tokio::test]
async fn the_menu_goes_to_the_agent_and_no_menu_is_no_error() {
    let (server, app) = app(r#"{"errcode":46003,"errmsg":"menu no exist"}"#).await;
    app.delete_menu().await.unwrap();
    assert!(server.only("menu/delete").query.ends_with("&agentid=1000007"));
    let menu = json!({ "button": [{ "type": "click", "name": "队列", "key": "queue" }] });
    assert_eq!(app.create_menu(&menu).await.unwrap_err().code(), Some(46003));
    assert_eq!(server.only("menu/create").json(), menu);
}

#[tokio::test]
async fn the_agent_tells_its_visible_range() {
    let (_, app) = app(r#"{"errcode":0,"errmsg":"ok","agentid":1000007,"name":"客服台","close":0,
        "allow_userinfos":{"user":[{"userid":"LiHua"},{"userid":"WangWu"}]},"allow_partys":{"partyid":[1]}}"#)
    .await;
    let expected = Agent {
        name: "客服台".into(),
        closed: false,
        members: vec!["LiHua".into(), "WangWu".into()],
        parties: vec![1],
        tags: vec![],
    };
    assert_eq!(app.agent().await.unwrap(), expected);
}

#[tokio::test]
async fn an_unknown_member_is_none() {
    let (_, unknown) = app(r#"{"errcode":60111,"errmsg":"userid not found"}"#).await;
    assert_eq!(unknown.user("nobody").await.unwrap(), None);
    let (_, invisible) = app(r#"{"errcode":60011,"errmsg":"no privilege"}"#).await;
    assert_eq!(invisible.user("LiHua").await.unwrap_err().code(), Some(60011));
    let (server, known) = app(r#"{"errcode":0,"userid":"LiHua","name":"李华","status":1}"#).await;
    let expected = Member { userid: "LiHua".into(), name: "李华".into(), active: Some(true) };
    assert_eq!(known.user("lihua").await.unwrap(), Some(expected));
    assert!(server.only("user/get").query.ends_with("&userid=lihua"));
}

#[tokio::test]
async fn a_code_stands_for_a_member_or_for_nobody() {
    use crate::wecom::oauth::userid;
    let member = StandIn::answering(r#"{"errcode":0,"userid":"LiHua"}"#).await;
    assert_eq!(userid(&member.api(), "C+1/=").await.unwrap().as_deref(), Some("LiHua"));
    assert!(member.only("auth/getuserinfo").query.ends_with("&code=C%2B1%2F%3D"));
    let outsider = StandIn::answering(r#"{"errcode":0,"openid":"oX","external_userid":"wmX"}"#).await;
    assert_eq!(userid(&outsider.api(), "C").await.unwrap(), None);
    assert_eq!(userid(&outsider.api(), "").await.unwrap_err().code(), Some(40029));
}
