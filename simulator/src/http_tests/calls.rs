use std::time::Duration;

use super::*;
use crate::{Call, Errcode, Fault, Lost};

#[tokio::test]
async fn tokens_live_two_hours() {
    let stage = Stage::new().await;
    assert_eq!(code(&stage.gettoken("wrong").await), 40001);
    let base = stage.sim.api_base();
    let ask = async |url: String| -> i64 { code(&stage.http.get(url).send().await.unwrap().json().await.unwrap()) };
    assert_eq!(ask(format!("{base}/gettoken?corpid=ww0&corpsecret=x")).await, 40013);
    assert_eq!(ask(format!("{base}/gettoken?corpsecret=x")).await, 41002);
    assert_eq!(ask(format!("{base}/agent/get?agentid=1000002")).await, 41001);
    assert_eq!(ask(format!("{base}/agent/get?access_token=none&agentid=1000002")).await, 40014);
    assert_eq!(code(&stage.get(Api::AgentGet, "&agentid=1000002").await), 0);
    assert_eq!(code(&stage.get(Api::AgentGet, "&agentid=7").await), 301002);
    stage.sim.clock().advance(7_200_000);
    assert_eq!(code(&stage.get(Api::AgentGet, "&agentid=1000002").await), 42001);
}

#[tokio::test]
async fn a_killed_token_is_refused_and_the_next_one_is_good() {
    let mut stage = Stage::new().await;
    stage.sim.faults().revoke_tokens();
    assert_eq!(code(&stage.get(Api::AgentGet, "&agentid=1000002").await), 40014);
    stage.token = stage.gettoken("simulated-app-secret").await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(code(&stage.get(Api::AgentGet, "&agentid=1000002").await), 0);
}

#[tokio::test]
async fn paths_and_methods() {
    let stage = Stage::new().await;
    let answer = stage.http.get(format!("{}/message/sent", stage.sim.api_base())).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(code(&stage.get(Api::MessageSend, "").await), 40058);
    let broken = stage.http.post(stage.url(Api::MessageSend, "")).body("{\"touser\":").send().await.unwrap();
    assert_eq!(code(&broken.json().await.unwrap()), 40058);
    assert!(stage.sim.ledger().iter().any(|row| row.call == Call::UnknownPath && row.body["path"] == "message/sent"));
}

#[tokio::test]
async fn a_lost_answer_was_a_send_all_the_same() {
    let stage = Stage::new().await;
    stage.sim.customer_says("wk1", "wm1", "在吗").await.unwrap();
    let body =
        json!({"touser": "wm1", "open_kfid": "wk1", "msgid": "a1", "msgtype": "text", "text": {"content": "您好"}});
    let try_send = async |ms: u64| {
        let request = stage.http.post(stage.url(Api::KfSendMsg, "")).json(&body).timeout(Duration::from_millis(ms));
        request.send().await.map(|response| response.status().as_u16())
    };
    let faults = stage.sim.faults();
    faults.next(Api::KfSendMsg, 1, Fault::Before(Lost::Drop));
    faults.next(Api::KfSendMsg, 1, Fault::Before(Lost::Hang));
    faults.next(Api::KfSendMsg, 1, Fault::Refuse(Errcode::BUSY));
    faults.next(Api::KfSendMsg, 1, Fault::After(Lost::Drop));
    assert!(try_send(10_000).await.is_err_and(|fault| !fault.is_timeout()));
    assert!(try_send(600).await.is_err_and(|fault| fault.is_timeout()));
    assert_eq!(stage.sim.accepted_kf_sends().len(), 0);
    assert_eq!(code(&stage.reply("a1").await), -1);
    assert!(try_send(10_000).await.is_err_and(|fault| !fault.is_timeout()));
    let sends = stage.sim.accepted_kf_sends();
    assert_eq!((sends.len(), sends[0].msgid.as_str(), sends[0].text.as_str()), (1, "a1", "您好"));
    assert_eq!(code(&stage.reply("a1").await), 95_033);
    assert_eq!(stage.sim.history("wm1").iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["在吗", "您好"]);
    let rows = stage.sim.ledger();
    let seen: Vec<(bool, i64)> = rows
        .iter()
        .filter(|row| row.call == Call::Api(Api::KfSendMsg))
        .map(|row| (row.accepted, row.errcode))
        .collect();
    assert_eq!(seen, [(false, 0), (false, 0), (false, -1), (true, 0), (false, 95_033)]);
    assert!(rows.iter().enumerate().all(|(at, row)| row.seq == at as u64 + 1));
}

#[tokio::test]
async fn gateways_garbage_and_outages() {
    let stage = Stage::new().await;
    let ask = async || stage.http.get(stage.url(Api::AgentGet, "&agentid=1000002")).send().await.unwrap();
    stage.sim.faults().next(Api::AgentGet, 1, Fault::Before(Lost::BadGateway));
    stage.sim.faults().next(Api::AgentGet, 1, Fault::After(Lost::Garbage));
    assert_eq!(ask().await.status(), 502);
    assert!(ask().await.json::<Value>().await.is_err());
    stage.sim.faults().outage(Fault::Before(Lost::BadGateway));
    assert_eq!((ask().await.status().as_u16(), ask().await.status().as_u16()), (502, 502));
    stage.sim.faults().clear();
    assert_eq!(ask().await.status(), 200);
}

#[tokio::test]
async fn calls_are_counted_per_minute() {
    let stage = Stage::with(Settings { calls_per_minute: 3, ..settings(Switches::default()) }).await;
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(code(&stage.get(Api::UserGet, "&userid=lihua").await));
    }
    assert_eq!(codes, [0, 0, 0, 45009]);
    stage.sim.clock().advance(60_000);
    assert_eq!(stage.get(Api::UserGet, "&userid=lihua").await["userid"], "LiHua");
    assert_eq!(code(&stage.get(Api::UserGet, "&userid=nobody").await), 60111);
}

async fn upload(stage: &Stage, kind: &str, name: &str, bytes: Vec<u8>) -> Value {
    let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new().part("media", part);
    let request = stage.http.post(stage.url(Api::MediaUpload, &format!("&type={kind}"))).multipart(form);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn media_go_up_and_come_down_for_three_days() {
    let stage = Stage::new().await;
    let png = b"\x89PNG\r\n\x1a\n and more".to_vec();
    let stored = upload(&stage, "image", "截图.png", png.clone()).await;
    assert!(stored["created_at"].is_string() && stored["type"] == "image");
    let id = stored["media_id"].as_str().unwrap().to_owned();
    let url = stage.url(Api::MediaGet, &format!("&media_id={id}"));
    let whole = stage.http.get(&url).send().await.unwrap();
    let named = whole.headers()["content-disposition"].as_bytes().to_vec();
    assert!(String::from_utf8(named).unwrap().contains("filename=\"截图.png\""));
    assert_eq!((whole.headers()["content-type"].to_str().unwrap(), whole.status().as_u16()), ("image/png", 200));
    assert_eq!(whole.bytes().await.unwrap(), png);
    let part = stage.http.get(&url).header("range", "bytes=1-3").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().as_ref()), (206, b"PNG".as_slice()));
    assert_eq!(code(&stage.send("LiHua", "image", json!({"media_id": id})).await), 0);
    assert_eq!(code(&stage.send("LiHua", "file", json!({"media_id": id})).await), 40004);
    stage.sim.clock().advance(3 * 86_400_000);
    let late = stage.gettoken("simulated-app-secret").await["access_token"].as_str().unwrap().to_owned();
    let gone = stage.http.get(url.replace(&stage.token, &late)).send().await.unwrap();
    assert_eq!((gone.status().as_u16(), code(&gone.json().await.unwrap())), (200, 40007));
    assert_eq!(stage.sim.media(&id).map(|medium| medium.bytes), Some(png));
}

#[tokio::test]
async fn bad_uploads_are_refused() {
    let stage = Stage::new().await;
    assert_eq!(code(&upload(&stage, "image", "a.png", b"GIF89a".to_vec()).await), 40005);
    assert_eq!(code(&upload(&stage, "file", "a.txt", b"12345".to_vec()).await), 40006);
    assert_eq!(code(&upload(&stage, "file", "a.txt", Vec::new()).await), 44001);
    assert_eq!(code(&upload(&stage, "film", "a.txt", b"1234567".to_vec()).await), 40004);
    assert_eq!(
        code(&upload(&stage, "voice", "a.amr", [b"#!AMR".to_vec(), vec![0; 2 * 1024 * 1024]].concat()).await),
        45001
    );
    assert_eq!(code(&stage.post(Api::MediaUpload, json!({})).await), 40004);
}

#[tokio::test]
async fn signing_in_is_good_once() {
    let stage = Stage::new().await;
    let corp = stage.sim.settings().corp_id;
    let link = format!(
        "{}/connect/oauth2/authorize?appid={corp}&redirect_uri=http%3A%2F%2Fdesk.example%2Freview&response_type=code&scope=snsapi_base&state=s1",
        stage.sim.origin()
    );
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page = http.get(&link).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("李华") && page.contains("as=LiHua"));
    stage.sim.sign_in_as(Some("lihua"));
    let back = http.get(&link).send().await.unwrap().headers()["location"].to_str().unwrap().to_owned();
    let code_of = back.strip_prefix("http://desk.example/review?code=").unwrap().strip_suffix("&state=s1").unwrap();
    let info = async |code: &str| stage.get(Api::AuthGetUserInfo, &format!("&code={code}")).await;
    assert_eq!(info(code_of).await["userid"], "LiHua");
    assert_eq!(code(&info(code_of).await), 40029);
    let late = stage.sim.oauth_code("LiHua");
    let outsider = stage.sim.oauth_code_of_outsider("wm1");
    assert_eq!(info(&outsider).await["external_userid"], "wm1");
    stage.sim.clock().advance(300_000);
    assert_eq!(code(&info(&late).await), 42003);
    assert_eq!(http.get(link.replace("state=s1", "state=s-1")).send().await.unwrap().status(), 400);
    assert!(stage.sim.ledger().iter().all(|row| !row.body.to_string().contains(&late)), "codes are not written down");
}

#[tokio::test]
async fn shutting_down_ends_hanging_calls() {
    let stage = Stage::new().await;
    stage.sim.faults().always(Api::AgentGet, Fault::Before(Lost::Hang));
    let call = stage.http.get(stage.url(Api::AgentGet, "&agentid=1000002")).send();
    let (answer, ()) = tokio::join!(call, async { stage.sim.shutdown() });
    assert!(answer.is_err());
}
