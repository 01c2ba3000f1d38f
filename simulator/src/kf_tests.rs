use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::api::{Answer, Api, Request};
use crate::clock::{Clock, DAY_MS};
use crate::kf::customer::Said;
use crate::settings::{LongText, Settings, Switches};

const NOW: i64 = 1_800_000_000_000;

fn world_with(switches: Switches) -> World {
    let mut world = World::new(Settings { switches, clock: Clock::at(NOW), ..Settings::default() });
    world.kf.add_account("wk1", "旗舰店");
    world.kf.add_account("wk2", "专营店");
    world.kf.add_customer("wm1", "小周");
    customer::set_servicer(&mut world, "wk1", "LiHua", true).unwrap();
    customer::set_servicer(&mut world, "wk1", "wang", false).unwrap();
    world
}

fn world() -> World {
    world_with(Switches::default())
}

fn call(world: &mut World, api: Api, body: Value) -> Result<Value, i64> {
    let request = Request { api, query: BTreeMap::new(), body, upload: None, range: None };
    let answered = match api {
        Api::KfSyncMsg => sync::sync(world, &request),
        Api::KfSendMsg => send::send(world, &request),
        Api::KfSendMsgOnEvent => send::send_on_event(world, &request),
        Api::KfStateGet => state::get(world, &request),
        Api::KfStateTrans => state::trans(world, &request),
        _ => directory::customers(world, &request),
    };
    match answered.map_err(|code| code.0)? {
        Answer::Json(value) => Ok(value),
        Answer::File { .. } => Err(0),
    }
}

fn says(world: &mut World, text: &str) -> String {
    customer::says(world, "wk1", "wm1", Said::Text(text)).unwrap()
}

fn send(world: &mut World, msgid: &str) -> Result<Value, i64> {
    let body =
        json!({"touser": "wm1", "open_kfid": "wk1", "msgid": msgid, "msgtype": "text", "text": {"content": "您好"}});
    call(world, Api::KfSendMsg, body)
}

fn trans(world: &mut World, state: i64, servicer: Option<&str>) -> Result<Value, i64> {
    let mut body = json!({"open_kfid": "wk1", "external_userid": "wm1", "service_state": state});
    if let Some(servicer) = servicer {
        body["servicer_userid"] = servicer.into();
    }
    call(world, Api::KfStateTrans, body)
}

fn state_now(world: &mut World) -> Value {
    call(world, Api::KfStateGet, json!({"open_kfid": "wk1", "external_userid": "wm1"})).unwrap()
}

#[test]
fn five_messages_and_a_new_word_opens_five_more() {
    let mut world = world();
    assert_eq!(send(&mut world, "a0"), Err(95002));
    says(&mut world, "在吗");
    for n in 0..5 {
        assert!(send(&mut world, &format!("a{n}")).is_ok());
    }
    assert_eq!(send(&mut world, "a5"), Err(95001));
    says(&mut world, "还在吗");
    assert_eq!(send(&mut world, "a5"), Ok(json!({"msgid": "a5"})));
}

#[test]
fn after_48_hours_nothing_goes_out() {
    let mut world = world();
    says(&mut world, "在吗");
    world.settings.clock.advance(WINDOW_MS);
    assert!(send(&mut world, "a1").is_ok());
    world.settings.clock.advance(1);
    assert_eq!(send(&mut world, "a2"), Err(95002));
    assert_eq!(state_now(&mut world)["service_state"], 4);
    assert_eq!(trans(&mut world, 2, None), Err(95013));
}

#[test]
fn a_msgid_is_good_once_per_account_and_a_refused_one_is_not_used() {
    let switches = Switches { duplicate_msgid: Errcode(95_077), duplicate_checked_first: true, ..Switches::default() };
    let mut world = world_with(switches);
    assert_eq!(send(&mut world, "a1"), Err(95002));
    says(&mut world, "在吗");
    assert!(send(&mut world, "a1").is_ok());
    assert_eq!(send(&mut world, "a1"), Err(95_077));
    for wrong in ["", "有中文", "a b", &"x".repeat(33)] {
        assert_eq!(send(&mut world, wrong), Err(40058), "{wrong}");
    }
    let body = json!({"touser": "wm1", "open_kfid": "wk1", "msgtype": "text", "text": {"content": "x"}});
    let given = call(&mut world, Api::KfSendMsg, body).unwrap();
    assert!(given["msgid"].as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!(world.kf.session("wk1", "wm1").unwrap().quota_left(NOW), 3);
}

#[test]
fn the_order_of_the_duplicate_check_is_a_switch() {
    for (first, expected) in [(true, 95_033), (false, 95001)] {
        let mut world = world_with(Switches { duplicate_checked_first: first, ..Switches::default() });
        says(&mut world, "在吗");
        for n in 0..5 {
            send(&mut world, &format!("a{n}")).unwrap();
        }
        assert_eq!(send(&mut world, "a0"), Err(expected));
    }
}

#[test]
fn the_table_of_transitions() {
    use SessionState::{Assistant, Ended, Human, New, Pool};
    let all = [New, Assistant, Pool, Human, Ended];
    let open: Vec<(SessionState, SessionState)> = all
        .into_iter()
        .flat_map(|from| all.into_iter().map(move |to| (from, to)))
        .filter(|(from, to)| state::allowed(*from, *to, false).is_ok())
        .collect();
    let expected = [
        (New, Pool),
        (New, Human),
        (Assistant, Pool),
        (Assistant, Human),
        (Pool, Human),
        (Human, Human),
        (Human, Ended),
    ];
    assert_eq!(open, expected);
    assert_eq!(state::allowed(New, Assistant, true), Ok(()));
    assert_eq!(state::allowed(Ended, Pool, true), Err(Errcode::KF_ENDED));
}

#[test]
fn handing_over_silences_the_bot_until_the_session_ends() {
    let mut world = world();
    says(&mut world, "转人工");
    assert_eq!(trans(&mut world, 3, None), Err(40058));
    assert_eq!(trans(&mut world, 3, Some("nobody")), Err(95014));
    assert_eq!(trans(&mut world, 3, Some("wang")), Err(95019));
    assert!(trans(&mut world, 3, Some("lihua")).unwrap()["msg_code"].is_string());
    assert_eq!(state_now(&mut world), json!({"service_state": 3, "servicer_userid": "LiHua"}));
    assert_eq!(trans(&mut world, 3, Some("LiHua")), Err(95016));
    assert_eq!(send(&mut world, "a1"), Err(95018));
    customer::ends(&mut world, "wk1", "wm1").unwrap();
    assert_eq!(send(&mut world, "a1"), Err(95018));
    says(&mut world, "再问一下");
    assert_eq!(state_now(&mut world)["service_state"], 0);
    assert!(send(&mut world, "a1").is_ok());
}

#[test]
fn a_servicer_who_types_takes_the_session() {
    let mut world = world();
    says(&mut world, "在吗");
    let place = ("wk1", "wm1");
    customer::servicer_types(&mut world, place, "lihua", "我来").unwrap();
    assert_eq!(state_now(&mut world)["service_state"], 3);
    customer::ends(&mut world, "wk1", "wm1").unwrap();
    customer::servicer_types(&mut world, place, "lihua", "补充一句").unwrap();
    let page = call(&mut world, Api::KfSyncMsg, json!({"open_kfid": "wk1"})).unwrap();
    let items = page["msg_list"].as_array().unwrap();
    let changes: Vec<i64> = items.iter().filter_map(|item| item["event"]["change_type"].as_i64()).collect();
    assert_eq!(changes, [1, 3, 4]);
    assert!(items[1]["event"]["external_userid"] == "wm1" && items[1].get("external_userid").is_none());
    assert!(items[2]["origin"] == 5 && items[2]["servicer_userid"] == "LiHua");
    assert_eq!(
        customer::servicer_types(&mut world, place, "stranger", "x").err().map(|e| e.to_string()).as_deref(),
        Some("not a servicer: stranger")
    );
}

#[test]
fn accounts_that_route_to_people_start_in_three() {
    let mut world = world();
    customer::route_to_people(&mut world, "wk1", true).unwrap();
    says(&mut world, "在吗");
    assert_eq!(send(&mut world, "a1"), Err(95018));
}

/// Reads everything after `cursor`, page by page.
fn drain(world: &mut World, cursor: &mut Option<String>) -> (Vec<String>, usize) {
    let (mut texts, mut empty) = (Vec::new(), 0);
    loop {
        let token = doorbell_token(world, "wk1");
        let body = json!({"open_kfid": "wk1", "token": token, "cursor": cursor, "limit": 7});
        let page = call(world, Api::KfSyncMsg, body).unwrap();
        let items = page["msg_list"].as_array().unwrap();
        assert!(items.len() <= 7);
        empty += usize::from(items.is_empty() && page["has_more"] == 1);
        texts.extend(items.iter().map(|item| item["text"]["content"].as_str().unwrap().to_owned()));
        *cursor = page["next_cursor"].as_str().map(str::to_owned);
        if page["has_more"] == 0 {
            return (texts, empty);
        }
    }
}

#[test]
fn uneven_pages_lose_and_repeat_nothing() {
    let mut empty_pages = 0;
    for seed in 0..30 {
        let mut world = world_with(Switches { uneven_pages: true, ..Switches::default() });
        world.rng = crate::rng::Rng::new(seed);
        (0..40).for_each(|n| drop(says(&mut world, &n.to_string())));
        let mut cursor = None;
        let (texts, empty) = drain(&mut world, &mut cursor);
        assert_eq!(texts, (0..40).map(|n: i32| n.to_string()).collect::<Vec<_>>());
        empty_pages += empty;
        says(&mut world, "new");
        assert_eq!(drain(&mut world, &mut cursor).0, ["new"]);
    }
    assert!(empty_pages > 0);
}

#[test]
fn three_days_are_kept() {
    let mut world = world();
    says(&mut world, "old");
    let mut cursor = None;
    drain(&mut world, &mut cursor);
    says(&mut world, "lost");
    world.settings.clock.advance(3 * DAY_MS + 1);
    says(&mut world, "kept");
    assert_eq!(drain(&mut world, &mut cursor).0, ["kept"]);
    assert_eq!(drain(&mut world, &mut None).0, ["kept"]);
}

#[test]
fn tokens_and_cursors_belong_to_their_account() {
    let mut world = world();
    let token = doorbell_token(&mut world, "wk1");
    let sync = |world: &mut World, body: Value| call(world, Api::KfSyncMsg, body);
    assert_eq!(sync(&mut world, json!({"open_kfid": "wk2", "token": token})), Err(95007));
    let cursor = sync(&mut world, json!({"open_kfid": "wk1", "token": token})).unwrap()["next_cursor"].clone();
    assert!(cursor.as_str().unwrap().len() <= 64);
    assert_eq!(sync(&mut world, json!({"open_kfid": "wk2", "cursor": cursor})), Err(40058));
    assert_eq!(sync(&mut world, json!({"open_kfid": "wk1", "token": token, "cursor": "4gxyz"})), Err(40058));
    assert_eq!(sync(&mut world, json!({"open_kfid": "wk1", "limit": 1001})), Err(40058));
    assert_eq!((sync(&mut world, json!({})), sync(&mut world, json!({"open_kfid": "wk9"}))), (Err(95004), Err(95000)));
    world.settings.clock.advance(600_000);
    assert_eq!(sync(&mut world, json!({"open_kfid": "wk1", "token": token})), Err(95007));
}

#[test]
fn without_a_token_the_limit_is_strict() {
    let mut world = world_with(Switches { tokenless_syncs_per_minute: 2, ..Switches::default() });
    let sync = |world: &mut World| call(world, Api::KfSyncMsg, json!({"open_kfid": "wk1"})).err();
    assert_eq!([sync(&mut world), sync(&mut world), sync(&mut world)], [None, None, Some(45009)]);
    world.settings.clock.advance(60_000);
    assert_eq!(sync(&mut world), None);
}

#[test]
fn a_welcome_is_good_for_20_seconds_and_once() {
    let mut world = world();
    let welcome = |world: &mut World, code: &Option<String>| {
        let body = json!({"code": code, "msgtype": "text", "text": {"content": "欢迎"}});
        call(world, Api::KfSendMsgOnEvent, body).map(drop)
    };
    let late = customer::enters(&mut world, "wk1", "wm1").unwrap();
    world.settings.clock.advance(20_000);
    assert_eq!(welcome(&mut world, &late), Err(95007));
    let code = customer::enters(&mut world, "wk1", "wm1").unwrap();
    assert_eq!((welcome(&mut world, &code), welcome(&mut world, &code)), (Ok(()), Err(95007)));
    assert_eq!(customer::enters(&mut world, "wk1", "wm1").unwrap(), None);
    assert_eq!(world.kf.event_code_target(&code.unwrap()), Some(("wk1".to_owned(), "wm1".to_owned())));
}

#[test]
fn a_code_dies_with_its_state() {
    let mut world = world();
    says(&mut world, "在吗");
    let code = trans(&mut world, 2, None).unwrap()["msg_code"].clone();
    let body = json!({"code": code, "msgtype": "text", "text": {"content": "请稍候"}});
    let menu = json!({"code": code, "msgtype": "msgmenu", "msgmenu": {"head_content": "x"}});
    assert_eq!(call(&mut world, Api::KfSendMsgOnEvent, menu), Err(40008));
    trans(&mut world, 3, Some("LiHua")).unwrap();
    assert_eq!(call(&mut world, Api::KfSendMsgOnEvent, body), Err(95018));
}

#[test]
fn long_texts_are_cut_or_refused() {
    let long = "好".repeat(700);
    let body = json!({"touser": "wm1", "open_kfid": "wk1", "msgtype": "text", "text": {"content": long}});
    for (rule, expected) in [(LongText::Cut, Ok(682)), (LongText::Refused, Err(45002))] {
        let mut world = world_with(Switches { long_text: rule, ..Switches::default() });
        says(&mut world, "在吗");
        let shown = |world: &World| world.kf.customers["wm1"].lines[1].text.chars().count();
        assert_eq!(call(&mut world, Api::KfSendMsg, body.clone()).map(|_| shown(&world)), expected);
    }
}

#[test]
fn contents_are_checked() {
    let mut world = world();
    says(&mut world, "在吗");
    let mut send = |mut body: Value| {
        body["touser"] = "wm1".into();
        body["open_kfid"] = "wk1".into();
        call(&mut world, Api::KfSendMsg, body).err().unwrap_or(0)
    };
    assert_eq!(send(json!({"msgtype": "text", "text": {"content": ""}})), 44004);
    assert_eq!(send(json!({"msgtype": "markdown"})), 40008);
    assert_eq!(send(json!({"msgtype": "text", "text": {"content": "x"}, "image": {"media_id": "m"}})), 40058);
    assert_eq!(send(json!({"msgtype": "text", "text": {"content": "x", "bold": true}})), 40058);
    assert_eq!(send(json!({"msgtype": "image", "image": {"media_id": "m"}})), 40007);
    let item = json!({"type": "click", "click": {"id": "1", "content": "转人工"}});
    assert_eq!(send(json!({"msgtype": "msgmenu", "msgmenu": {"list": vec![item.clone(); 11]}})), 95008);
    assert_eq!(send(json!({"msgtype": "msgmenu", "msgmenu": {"list": [{"type": "tap"}]}})), 95009);
    assert_eq!(send(json!({"msgtype": "msgmenu", "msgmenu": {"head_content": "选一个", "list": [item]}})), 0);
    let stranger = json!({"touser": "LiHua", "open_kfid": "wk1", "msgtype": "text", "text": {"content": "x"}});
    assert_eq!(call(&mut world, Api::KfSendMsg, stranger), Err(40096));
}

#[test]
fn recalls_and_failures_are_events() {
    let mut world = world();
    let said = says(&mut world, "卡号 6222");
    send(&mut world, "a1").unwrap();
    customer::recalls(&mut world, &said).unwrap();
    customer::send_fails(&mut world, "a1", 10).unwrap();
    assert!(customer::recalls(&mut world, &said).is_err() && customer::recalls(&mut world, "a1").is_err());
    assert!(customer::send_fails(&mut world, &said, 10).is_err());
    let page = call(&mut world, Api::KfSyncMsg, json!({"open_kfid": "wk1"})).unwrap();
    assert_eq!(page["msg_list"].as_array().unwrap().len(), 3, "what the API sent never comes back");
    assert_eq!(page["msg_list"][1]["event"]["recall_msgid"], said.as_str());
    let failed = &page["msg_list"][2]["event"];
    assert_eq!(
        (&failed["event_type"], &failed["fail_msgid"], &failed["fail_type"]),
        (&json!("msg_send_fail"), &json!("a1"), &json!(10))
    );
}

#[test]
fn customers_are_known_for_48_hours() {
    let mut world = world();
    world.kf.add_customer("wm2", "小吴");
    says(&mut world, "在吗");
    let body = json!({"external_userid_list": ["wm1", "wm2"]});
    let known = call(&mut world, Api::KfCustomerBatchGet, body.clone()).unwrap();
    assert_eq!(
        (&known["customer_list"][0]["nickname"], &known["invalid_external_userid"]),
        (&json!("小周"), &json!(["wm2"]))
    );
    world.settings.clock.advance(WINDOW_MS + 1);
    assert_eq!(call(&mut world, Api::KfCustomerBatchGet, body).unwrap()["customer_list"], json!([]));
}

/// Random words, sends and waits against a model of five lines.
#[test]
fn under_random_traffic_the_budget_holds() {
    for seed in 0..200 {
        let mut rng = crate::rng::Rng::new(seed);
        let mut world = world_with(Switches::from_seed(seed));
        let (mut opened_ms, mut left) = (None, 0);
        for n in 0..60 {
            match rng.below(6) {
                0 => {
                    says(&mut world, "在吗");
                    (opened_ms, left) = (Some(world.now()), QUOTA);
                }
                1 => world.settings.clock.advance(i64::try_from(rng.below(40)).unwrap() * HOUR_MS),
                _ => {
                    let open = opened_ms.is_some_and(|at| world.now() - at <= WINDOW_MS);
                    let expected = if !open {
                        Err(95002)
                    } else if left == 0 {
                        Err(95001)
                    } else {
                        Ok(())
                    };
                    assert_eq!(send(&mut world, &format!("m{n}")).map(drop), expected, "seed {seed}, step {n}");
                    left -= u32::from(expected.is_ok());
                }
            }
        }
    }
}
