use std::time::Duration;

use super::*;
use crate::{Call, CallbackKind, Nonce};

#[tokio::test]
async fn the_callback_url_is_verified_with_a_plus() {
    for literal_plus in [false, true] {
        let stage = Stage::with(settings(Switches { literal_plus, ..Switches::default() })).await;
        stage.sim.verify_callback_url().await.unwrap();
        stage.sim.set_callback_url(&format!("{}/nowhere", stage.sim.origin()));
        assert!(stage.sim.verify_callback_url().await.is_err());
        let checks: Vec<bool> =
            stage.sim.ledger().iter().filter(|row| row.call == Call::UrlCheck).map(|row| row.accepted).collect();
        assert_eq!(checks, [true, false]);
    }
}

#[tokio::test]
async fn a_word_rings_and_its_token_opens_sync_msg() {
    let stage = Stage::new().await;
    let msgid = stage.sim.customer_says("wk1", "wm1", "到哪了").await.unwrap();
    let heard = stage.bot.heard();
    let root = &heard[0].root;
    assert_eq!((root.field("Event"), root.field("OpenKfId")), (Some("kf_msg_or_event"), Some("wk1")));
    assert_eq!((root.field("FromUserName"), root.field("Content")), (None, None));
    let body = json!({"open_kfid": "wk1", "token": root.field("Token"), "limit": 1000});
    let page = stage.post(Api::KfSyncMsg, body).await;
    let item = &page["msg_list"][0];
    assert_eq!(
        (&item["msgid"], &item["origin"], &item["text"]["content"]),
        (&json!(msgid), &json!(3), &json!("到哪了"))
    );
    assert_eq!(item["send_time"], NOW / 1000);
}

#[tokio::test]
async fn a_callback_is_tried_three_times() {
    for nonce in [Nonce::Same, Nonce::Changed] {
        let switches = Switches { retry_nonce: nonce, ..Switches::default() };
        let callback_timeout = Duration::from_millis(500);
        let stage = Stage::with(Settings { callback_timeout, ..settings(switches) }).await;
        stage.bot.next(Say::Hang);
        stage.bot.next(Say::Status(500));
        let delivery = stage.sim.ring("wk1").await.unwrap();
        assert_eq!((delivery.status, delivery.retries, delivery.rows.len()), (Some(200), 2, 3));
        let heard = stage.bot.heard();
        assert_eq!(heard[0].root, heard[2].root);
        assert_eq!(heard[0].nonce == heard[2].nonce, nonce == Nonce::Same);
        (0..4).for_each(|_| stage.bot.next(Say::Status(503)));
        let delivery = stage.sim.ring("wk1").await.unwrap();
        assert_eq!((delivery.status, delivery.retries, stage.bot.heard().len()), (Some(503), 2, 6));
        let rows = stage.sim.ledger();
        let statuses =
            rows.iter().filter(|row| row.call == Call::Callback(CallbackKind::Doorbell)).map(|row| row.errcode);
        assert_eq!(statuses.collect::<Vec<_>>(), [0, 500, 200, 503, 503, 503]);
    }
}

#[tokio::test]
async fn doorbells_can_be_held_and_doubled() {
    let stage = Stage::new().await;
    stage.sim.hold_doorbells(true);
    stage.sim.customer_says("wk1", "wm1", "一").await.unwrap();
    stage.sim.customer_says("wk1", "wm1", "二").await.unwrap();
    assert_eq!(stage.bot.heard().len(), 0);
    stage.sim.ring_twice("wk1", Nonce::Same).await.unwrap();
    stage.sim.ring_twice("wk1", Nonce::Changed).await.unwrap();
    let heard = stage.bot.heard();
    assert_eq!(heard.iter().map(|each| each.nonce == heard[0].nonce).collect::<Vec<_>>(), [true, true, false, false]);
    assert!(heard[0].root == heard[1].root && heard[2].root == heard[3].root && heard[2].nonce != heard[3].nonce);
    let card_rows = stage.sim.redeliver(9_999, Nonce::Same).await;
    assert!(card_rows.is_err());
}

#[tokio::test]
async fn a_bot_that_is_down_loses_no_words() {
    let stage = Stage::new().await;
    stage.sim.set_callback_url("http://127.0.0.1:1/callback");
    stage.sim.customer_says("wk1", "wm1", "在吗").await.unwrap();
    let page = stage.post(Api::KfSyncMsg, json!({"open_kfid": "wk1"})).await;
    assert_eq!(page["msg_list"].as_array().map(Vec::len), Some(1));
    let attempts = stage.sim.ledger().iter().filter(|row| row.call == Call::Callback(CallbackKind::Doorbell)).count();
    assert_eq!(attempts, 3);
}

#[tokio::test]
async fn members_write_under_every_style_of_xml() {
    for seed in 0..8 {
        let stage = Stage::with(settings(Switches::from_seed(seed))).await;
        let nasty = "退款]]>给<我> & \"谢谢\"";
        stage.sim.says("lihua", nasty).await.unwrap();
        let heard = stage.bot.heard();
        let root = &heard[0].root;
        assert_eq!((root.field("FromUserName"), root.field("Content")), (Some("LiHua"), Some(nasty)));
        assert!(root.field("MsgId").unwrap().parse::<i64>().is_ok());
        assert_eq!(root.field("AgentID"), Some("1000002"));
        let nonce = &heard[0].nonce;
        assert!(nonce.len() == 10 && nonce.bytes().all(|byte| byte.is_ascii_digit()));
    }
}

#[tokio::test]
async fn customers_send_pictures_and_big_ones_arrive_as_words() {
    let stage = Stage::new().await;
    let small = b"\xff\xd8\xff\xe0 shoe".to_vec();
    stage.sim.customer_sends_image("wk1", "wm1", small.clone()).await.unwrap();
    stage.sim.customer_sends_image("wk1", "wm1", vec![0; 2 * 1024 * 1024 + 1]).await.unwrap();
    stage.sim.customer_sends_file("wk1", "wm1", "发票.pdf", b"%PDF-1.7".to_vec()).await.unwrap();
    stage.sim.customer_sends_voice("wk1", "wm1", b"#!AMR\n".to_vec()).await.unwrap();
    let page = stage.post(Api::KfSyncMsg, json!({"open_kfid": "wk1"})).await;
    let kinds: Vec<&str> =
        page["msg_list"].as_array().unwrap().iter().map(|item| item["msgtype"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["image", "text", "file", "voice"]);
    let id = page["msg_list"][0]["image"]["media_id"].as_str().unwrap();
    let got = stage.http.get(stage.url(Api::MediaGet, &format!("&media_id={id}"))).send().await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), small);
}
