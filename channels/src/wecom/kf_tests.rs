use super::*;
use crate::wecom::stand_in::{StandIn, json as answer_json, token};
use proptest::prelude::*;

async fn kf(answer: &'static str) -> (StandIn, Kf) {
    let server = StandIn::answering(answer).await;
    let kf = Kf::new(server.api());
    (server, kf)
}

const PAGE: &str = r#"{"errcode":0,"errmsg":"ok","next_cursor":"C2","has_more":1,"msg_list":[
 {"msgid":"m1","open_kfid":"wk1","external_userid":"wm1","send_time":1700000000,"origin":3,"msgtype":"text",
  "text":{"content":" 在吗 ","menu_id":"buy"}},
 {"msgid":"m2","open_kfid":"wk1","external_userid":"wm1","send_time":"1700000001","origin":5,
  "servicer_userid":"LiHua","msgtype":"image","image":{"media_id":"MID"}},
 {"msgid":"m3","send_time":1700000002,"origin":4,"msgtype":"event","event":{"event_type":"enter_session",
  "open_kfid":"wk1","external_userid":"wm2","scene":"s","scene_param":"","welcome_code":"W"}},
 {"msgid":"m4","open_kfid":"wk1","external_userid":"wm1","send_time":1,"origin":3,"msgtype":"text","text":null},
 {"msgid":"m5","open_kfid":"wk1","external_userid":"wm1","send_time":1,"origin":3,"msgtype":"merged_msg",
  "merged_msg":{"title":"t","item":[]}},
 "not an object",
 {"msgid":"m7","msgtype":"event","event":{"event_type":"something_new","open_kfid":"wk1"}},
 {"msgid":"m8","origin":4,"msgtype":"event","event":{"event_type":"msg_send_fail","open_kfid":"wk1",
  "external_userid":"wm1","fail_msgid":"ours","fail_type":4}}
]}"#;

/// Time enough.
fn soon() -> std::time::Instant {
    std::time::Instant::now() + std::time::Duration::from_secs(60)
}

#[tokio::test]
async fn one_unreadable_item_never_costs_the_page() {
    let (server, kf) = kf(PAGE).await;
    let page = kf.sync("wk1", None, Some("TK"), 5000).await.unwrap();
    let sent = server.only("kf/sync_msg").json();
    assert_eq!(sent, json!({ "open_kfid": "wk1", "limit": 1000, "voice_format": 0, "token": "TK" }));
    assert_eq!((page.next_cursor.as_str(), page.has_more, page.messages.len()), ("C2", true, 8));
    let m = &page.messages;
    assert_eq!(m[0].body, KfBody::Text { content: " 在吗 ".into(), menu_id: Some("buy".into()) });
    assert_eq!((m[0].origin, m[0].send_time), (Origin::Customer, 1_700_000_000));
    assert_eq!((m[1].origin, m[1].servicer_userid.as_deref()), (Origin::Servicer, Some("LiHua")));
    assert_eq!((&m[1].body, m[1].send_time), (&KfBody::Image { media_id: "MID".into() }, 1_700_000_001));
    let entered = KfEvent::EnterSession { scene: Some("s".into()), scene_param: None, welcome_code: Some("W".into()) };
    assert_eq!((&m[2].body, m[2].external_userid.as_deref()), (&KfBody::Event(entered), Some("wm2")));
    assert_eq!((m[2].open_kfid.as_str(), m[2].origin), ("wk1", Origin::System));
    assert_eq!(m[3].body, KfBody::Other { msgtype: "text".into() });
    assert_eq!(m[4].body, KfBody::Other { msgtype: "merged_msg".into() });
    assert_eq!(m[4].raw["merged_msg"]["title"], "t");
    assert!(m[5].msgid.starts_with("raw:") && m[5].msgid.len() == 68);
    assert_eq!((m[5].open_kfid.as_str(), m[5].origin), ("wk1", Origin::Other(0)));
    assert_eq!(m[6].body, KfBody::Event(KfEvent::Other { event_type: "something_new".into() }));
    assert_eq!(m[7].body, KfBody::Event(KfEvent::SendFailed { fail_msgid: "ours".into(), fail_type: 4 }));
}

#[tokio::test]
async fn messages_survive_storage() {
    let (_, kf) = kf(PAGE).await;
    let page = kf.sync("wk1", Some("C1"), None, 0).await.unwrap();
    let stored = serde_json::to_string(&page).unwrap();
    assert_eq!(serde_json::from_str::<Page>(&stored).unwrap(), page);
}

#[tokio::test]
async fn cursors_never_run_in_a_circle() {
    let (server, idle) = kf(r#"{"errcode":0,"has_more":0}"#).await;
    let page = idle.sync("wk1", Some("C1"), Some(""), 0).await.unwrap();
    assert_eq!(page, Page { next_cursor: "C1".into(), has_more: false, messages: vec![] });
    let sent = server.only("kf/sync_msg").json();
    assert_eq!(sent, json!({ "open_kfid": "wk1", "limit": 1, "voice_format": 0, "cursor": "C1" }));
    let (_, endless) = kf(r#"{"errcode":0,"has_more":1,"msg_list":[]}"#).await;
    assert!(matches!(endless.sync("wk1", Some("C1"), None, 1).await, Err(ApiError::Unknown { .. })));
}

fn item(msgtype: &str, inner: Value) -> KfBody {
    KfMessage::read(&json!({ "msgid": "m", "msgtype": msgtype, msgtype: inner }), "wk").body
}

fn event(inner: Value) -> KfBody {
    item("event", inner)
}

#[test]
fn every_documented_body_is_read() {
    assert_eq!(item("voice", json!({ "media_id": "M" })), KfBody::Voice { media_id: "M".into() });
    assert_eq!(item("video", json!({ "media_id": "M" })), KfBody::Video { media_id: "M".into() });
    assert_eq!(item("file", json!({ "media_id": "M" })), KfBody::File { media_id: "M".into() });
    let place = json!({ "latitude": 23.1, "longitude": "113.3", "name": "塔", "address": "" });
    let expected = KfBody::Location { latitude: 23.1, longitude: 113.3, name: Some("塔".into()), address: None };
    assert_eq!(item("location", place), expected);
    let link = json!({ "title": "t", "desc": "d", "url": "https://e", "pic_url": "p" });
    let expected = KfBody::Link { url: "https://e".into(), title: Some("t".into()), desc: Some("d".into()) };
    assert_eq!(item("link", link), expected);
    assert_eq!(item("business_card", json!({ "userid": "u" })), KfBody::BusinessCard { userid: "u".into() });
    let mini = json!({ "title": "订单", "appid": "wx1", "pagepath": "p", "thumb_media_id": "t" });
    let (title, appid, pagepath) = (Some("订单".into()), Some("wx1".into()), Some("p".into()));
    assert_eq!(item("miniprogram", mini), KfBody::Miniprogram { title, appid, pagepath });
}

#[test]
fn every_documented_event_is_read() {
    let status = json!({ "event_type": "servicer_status_change", "servicer_userid": "u", "status": 2, "stop_type": 1 });
    assert_eq!(event(status), KfBody::Event(KfEvent::ServicerStatus { servicer_userid: "u".into(), status: 2 }));
    let change =
        json!({ "event_type": "session_status_change", "change_type": 3, "old_servicer_userid": "u", "msg_code": "c" });
    let expected = KfEvent::SessionStatus {
        change_type: 3,
        old_servicer: Some("u".into()),
        new_servicer: None,
        msg_code: Some("c".into()),
    };
    assert_eq!(event(change), KfBody::Event(expected));
    let recall = |kind: &str| event(json!({ "event_type": kind, "recall_msgid": "m0" }));
    let recall_msgid = || "m0".to_owned();
    assert_eq!(recall("user_recall_msg"), KfBody::Event(KfEvent::CustomerRecalled { recall_msgid: recall_msgid() }));
    assert_eq!(
        recall("servicer_recall_msg"),
        KfBody::Event(KfEvent::ServicerRecalled { recall_msgid: recall_msgid() })
    );
    let lacking = event(json!({ "event_type": "user_recall_msg" }));
    assert_eq!(lacking, KfBody::Event(KfEvent::Other { event_type: "user_recall_msg".into() }));
}

#[tokio::test]
async fn a_send_carries_our_msgid() {
    let (server, kf) = kf(r#"{"errcode":0,"errmsg":"ok","msgid":"c81-v2-p1"}"#).await;
    assert_eq!(kf.send_text("wm1", "wk1", "c81-v2-p1", "您好", soon()).await.unwrap(), "c81-v2-p1");
    let expected = json!({
        "touser": "wm1", "open_kfid": "wk1", "msgid": "c81-v2-p1", "msgtype": "text", "text": { "content": "您好" },
    });
    assert_eq!(server.only("kf/send_msg").json(), expected);
}

#[tokio::test]
async fn what_cannot_be_sent_never_leaves() {
    let (server, kf) = kf(r#"{"errcode":0}"#).await;
    for bad in ["", "a b", "号", "x.y", &"a".repeat(33)] {
        assert_eq!(kf.send_text("wm1", "wk1", bad, "x", soon()).await.unwrap_err().code(), Some(40058), "{bad}");
    }
    let long = "好".repeat(683);
    assert_eq!(kf.send_text("wm1", "wk1", "m", &long, soon()).await.unwrap_err().code(), Some(45002));
    assert_eq!(kf.send_text("wm1", "wk1", "m", "", soon()).await.unwrap_err().code(), Some(44004));
    assert_eq!(kf.send_on_event("c", Some(""), "x", soon()).await.unwrap_err().code(), Some(40058));
    assert!(server.seen("gettoken").is_empty());
}

#[tokio::test]
async fn a_send_on_an_event_omits_an_absent_msgid() {
    let (server, kf) = kf(r#"{"errcode":0}"#).await;
    assert_eq!(kf.send_on_event("W", None, "欢迎", soon()).await.unwrap(), None);
    let sent = server.only("kf/send_msg_on_event").json();
    assert_eq!(sent, json!({ "code": "W", "msgtype": "text", "text": { "content": "欢迎" } }));
    assert_eq!(kf.send_on_event("W", Some("n1"), "欢迎", soon()).await.unwrap().as_deref(), Some("n1"));
}

#[tokio::test]
async fn the_state_is_read_and_moved() {
    let (server, kf) = kf(r#"{"errcode":0,"service_state":3,"servicer_userid":"LiHua","msg_code":"MC"}"#).await;
    let state = kf.state("wk1", "wm1").await.unwrap();
    assert_eq!(state, SessionState { state: ServiceState::Servicer, servicer: Some("LiHua".into()) });
    for to in [Transfer::Servicer("LiHua"), Transfer::Pool, Transfer::End] {
        assert_eq!(kf.transfer("wk1", "wm1", to).await.unwrap().as_deref(), Some("MC"));
    }
    let moved: Vec<Value> = server.seen("kf/service_state/trans").iter().map(|s| s.json()).collect();
    let base = |state: i64| json!({ "open_kfid": "wk1", "external_userid": "wm1", "service_state": state });
    let mut to_servicer = base(3);
    to_servicer["servicer_userid"] = "LiHua".into();
    assert_eq!(moved, [to_servicer, base(2), base(4)]);
    assert_eq!(server.only("kf/service_state/get").json()["external_userid"], "wm1");
}

#[test]
fn only_the_first_two_states_let_the_api_send() {
    let may: Vec<bool> = (-1..6).map(|code| ServiceState::from_code(code).api_may_send()).collect();
    assert_eq!(may, [false, true, true, false, false, false, false]);
}

#[tokio::test]
async fn lists_are_read_leniently() {
    let (server, kf) = kf(r#"{"errcode":0,
        "servicer_list":[{"userid":"a","status":0},{"userid":"b","status":1,"stop_type":1},{"department_id":7},{}],
        "account_list":[{"open_kfid":"wk1","name":"旗舰店","avatar":"https://a","manage_privilege":false},{"name":"?"}],
        "customer_list":[{"external_userid":"wm1","nickname":"小鱼","avatar":"","gender":1}],
        "invalid_external_userid":["wm2"]}"#)
    .await;
    let expected = [
        Servicer::Member { userid: "a".into(), receiving: true },
        Servicer::Member { userid: "b".into(), receiving: false },
        Servicer::Department { id: 7 },
    ];
    assert_eq!(kf.servicers("wk1").await.unwrap(), expected);
    assert!(server.only("kf/servicer/list").query.ends_with("&open_kfid=wk1"));
    let accounts = kf.accounts(0, 500).await.unwrap();
    assert_eq!((accounts.len(), accounts[0].managed), (1, Some(false)));
    assert_eq!(server.only("kf/account/list").json(), json!({ "offset": 0, "limit": 100 }));
    let ids: Vec<String> = (0..250).map(|n| format!("wm{n}")).collect();
    assert_eq!(kf.customers(&ids).await.unwrap().len(), 3);
    let batches = server.seen("kf/customer/batchget");
    let sizes: Vec<usize> =
        batches.iter().map(|s| s.json()["external_userid_list"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert!(kf.customers(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn refusals_of_a_send_are_data() {
    let server = StandIn::start(|seen, n| match seen.path.as_str() {
        "gettoken" => token(n),
        _ => answer_json(r#"{"errcode":95018,"errmsg":"state"}"#),
    })
    .await;
    let error = Kf::new(server.api()).send_text("wm1", "wk1", "m", "x", soon()).await.unwrap_err();
    assert_eq!(error.code().map(SendRefusal::from_code), Some(SendRefusal::NotAllowedInState));
    let kinds = [95001, 95002, 95031, 95013, 45009, 45033, 95000].map(SendRefusal::from_code);
    use SendRefusal::{Other, QuotaSpent, RateLimited, SessionEnded, WindowClosed};
    assert_eq!(kinds, [QuotaSpent, WindowClosed, WindowClosed, SessionEnded, RateLimited, RateLimited, Other]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let name =
        prop::sample::select(vec!["msgid", "msgtype", "text", "event", "event_type", "content", "origin", "image"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec!["text", "event", "image", "enter_session", ""]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_item_is_read_and_kept(raw in any_json()) {
        let message = KfMessage::read(&raw, "wk");
        prop_assert!(!message.msgid.is_empty());
        prop_assert_eq!(message.raw, raw);
    }
}
