use super::*;
use proptest::prelude::*;

const NOW: i64 = 1_700_000_000;
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

fn crypt() -> Crypt {
    Crypt::new("QDG6eK", KEY, "ww0corp").unwrap()
}

/// Query and body of a callback as the platform sends it.
fn request(plain: &str, timestamp: &str, nonce: &str) -> (String, String) {
    let sealed = crypt().seal(plain.as_bytes(), [9; 16], timestamp, nonce);
    let query = format!("msg_signature={}&timestamp={timestamp}&nonce={nonce}", sealed.msg_signature);
    let body = format!(
        "<xml><ToUserName><![CDATA[ww0corp]]></ToUserName><Encrypt><![CDATA[{}]]></Encrypt><AgentID></AgentID></xml>",
        sealed.encrypt
    );
    (query, body)
}

fn received(plain: &str) -> Received {
    let (query, body) = request(plain, "1700000000", "263014780");
    receive(&crypt(), &query, body.as_bytes(), NOW).unwrap()
}

fn incoming(inner: &str) -> Incoming {
    received(&format!("<xml><ToUserName>ww0corp</ToUserName>{inner}<AgentID>1000007</AgentID></xml>")).incoming
}

fn content(kind: &str, inner: &str) -> MemberContent {
    let xml = format!(
        "<FromUserName>LiHua</FromUserName><CreateTime>5</CreateTime><MsgType>{kind}</MsgType>{inner}<MsgId>1</MsgId>"
    );
    match incoming(&xml) {
        Incoming::Message(m) => m.content,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_official_example_is_read() {
    let official = Crypt::new("QDG6eK", KEY, "wx5823bf96d3bd56c7").unwrap();
    let line = include_str!("crypt_vectors.jsonl").lines().nth(1).unwrap();
    let v: serde_json::Value = serde_json::from_str(line).unwrap();
    let query = "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149";
    let body = format!("<xml><Encrypt><![CDATA[{}]]></Encrypt></xml>", v["encrypt"].as_str().unwrap());
    let got = receive(&official, query, body.as_bytes(), 1_409_659_800).unwrap();
    let expected = MemberMessage {
        userid: "mycreate".into(),
        msg_id: "4561255354251345929".into(),
        at_secs: 1_409_659_813,
        content: MemberContent::Text("hello".into()),
    };
    assert_eq!(got.incoming, Incoming::Message(expected));
    assert_eq!(got.event_key, "msg:4561255354251345929:mycreate");
    let digest = sha256_hex(v["encrypt"].as_str().unwrap().as_bytes());
    assert_eq!(got.replay_key, format!("01409659813-{digest}"));
}

#[test]
fn the_url_check_answers_the_official_echo() {
    let official = Crypt::new("QDG6eK", KEY, "wx5823bf96d3bd56c7").unwrap();
    let head = "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780&echostr=";
    let echo = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";
    let encoded = echo.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for spelled in [echo.to_owned(), encoded, echo.replace('+', "%20")] {
        assert_eq!(verify_url(&official, &format!("{head}{spelled}"), 1_409_659_600).unwrap(), "1616140317555161061");
    }
    assert_eq!(verify_url(&official, head, 1_409_659_600), Err(BadCallback::Refused(CryptFault::Signature)));
    assert_eq!(verify_url(&official, "", 1_409_659_600), Err(BadCallback::Parameter("msg_signature")));
    let late = verify_url(&official, &format!("{head}{echo}"), 1_409_659_890);
    assert_eq!(late, Err(BadCallback::Stale { skew_secs: -301 }));
}

#[test]
fn formats_are_pinned_before_anything_is_decrypted() {
    let sign = "a".repeat(40);
    let bad = |query: String| receive(&crypt(), &query, b"", NOW).unwrap_err();
    let wrong_sign = [String::new(), "a".repeat(39), "a".repeat(41), "g".repeat(40), format!("{}%20", "a".repeat(39))];
    for s in wrong_sign {
        let query = format!("msg_signature={s}&timestamp=1700000000&nonce=1");
        assert_eq!(bad(query), BadCallback::Parameter("msg_signature"), "{s}");
    }
    for t in ["", "170000000", "17000000000", "+170000000", "-170000000", "1.70000000", "１700000000", "1700000000%20"]
    {
        let query = format!("msg_signature={sign}&timestamp={t}&nonce=1");
        assert_eq!(bad(query), BadCallback::Parameter("timestamp"), "{t}");
    }
    for n in ["", "a-b", "a%00", "号", "a+b", &"a".repeat(33)] {
        let query = format!("msg_signature={sign}&timestamp=1700000000&nonce={n}");
        assert_eq!(bad(query), BadCallback::Parameter("nonce"), "{n}");
    }
    for doubled in ["nonce=1&nonce=1", "nonce=1&%6Eonce=2", "nonce=%zz", "nonce=1&x=1&x=2"] {
        assert_eq!(
            bad(format!("msg_signature={sign}&timestamp=1700000000&{doubled}")),
            BadCallback::Query,
            "{doubled}"
        );
    }
}

#[test]
fn freshness_is_300_seconds_either_way() {
    for (timestamp, skew) in [(NOW - 300, None), (NOW + 300, None), (NOW - 301, Some(-301)), (NOW + 301, Some(301))] {
        let (query, body) = request("<xml><MsgType>x</MsgType></xml>", &timestamp.to_string(), "1");
        let result = receive(&crypt(), &query, body.as_bytes(), NOW).map(drop);
        assert_eq!(result, skew.map_or(Ok(()), |skew_secs| Err(BadCallback::Stale { skew_secs })));
    }
}

#[test]
fn sizes_are_capped() {
    let (query, body) = request("<xml><MsgType>x</MsgType></xml>", "1700000000", "1");
    let receive = |body: &str| receive(&crypt(), &query, body.as_bytes(), NOW).map(drop);
    assert_eq!(receive(&(body.clone() + &" ".repeat(MAX_BODY - body.len()))), Ok(()));
    assert_eq!(receive(&(body.clone() + &" ".repeat(MAX_BODY - body.len() + 1))), Err(BadCallback::Envelope));
}

#[test]
fn bytes_cannot_move_between_nonce_and_ciphertext() {
    let (_, body) = request("<xml><MsgType>x</MsgType></xml>", "1700000000", "9");
    let encrypt = xml::only_encrypt(body.as_bytes()).unwrap();
    for cut in 1..=64.min(encrypt.len()) {
        let (moved, rest) = encrypt.split_at(cut);
        let sealed = crypt().seal(b"<xml><MsgType>x</MsgType></xml>", [9; 16], "1700000000", "9");
        let query = format!("msg_signature={}&timestamp=1700000000&nonce=9{moved}", sealed.msg_signature);
        let body = format!("<xml><Encrypt>{rest}</Encrypt></xml>");
        assert!(receive(&crypt(), &query, body.as_bytes(), NOW).is_err(), "{cut}");
    }
}

#[test]
fn a_card_tap_keeps_everything() {
    let tap = |event: &str, items: &str| {
        incoming(&format!(
            "<FromUserName>LiHua</FromUserName><CreateTime>1700000001</CreateTime><MsgType>event</MsgType>\
             <Event>{event}</Event><EventKey>ok:81:1</EventKey><TaskId>case-81-r1</TaskId>\
             <CardType>button_interaction</CardType><ResponseCode>RC</ResponseCode>{items}"
        ))
    };
    let expected = |selected: Vec<(String, Vec<String>)>| CardTap {
        userid: "LiHua".into(),
        at_secs: 1_700_000_001,
        task_id: "case-81-r1".into(),
        card_type: "button_interaction".into(),
        event_key: "ok:81:1".into(),
        response_code: Some("RC".into()),
        selected,
    };
    let items = "<SelectedItems><SelectedItem><QuestionKey>q1</QuestionKey><OptionIds><OptionId>a</OptionId>\
                 <OptionId>b</OptionId></OptionIds></SelectedItem><SelectedItem><QuestionKey>q2</QuestionKey>\
                 <OptionIds></OptionIds></SelectedItem></SelectedItems>";
    let selected = vec![("q1".to_owned(), vec!["a".to_owned(), "b".to_owned()]), ("q2".to_owned(), vec![])];
    assert_eq!(tap("template_card_event", items), Incoming::CardTap(expected(selected)));
    assert_eq!(tap("template_card_event", "<SelectedItems/>"), Incoming::CardTap(expected(vec![])));
    assert_eq!(tap("template_card_menu_event", ""), Incoming::CardMenu(expected(vec![])));
}

#[test]
fn the_doorbell_and_the_accounts_are_read() {
    let bell = "<CreateTime>1</CreateTime><MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token>TK</Token><OpenKfId>wk0</OpenKfId>";
    assert_eq!(incoming(bell), Incoming::Doorbell { open_kfid: "wk0".into(), token: Some("TK".into()) });
    let change = "<MsgType>event</MsgType><Event>kf_account_auth_change</Event><AuthAddOpenKfId>wk1</AuthAddOpenKfId>\
                  <AuthAddOpenKfId>wk2</AuthAddOpenKfId><AuthDelOpenKfId>wk3</AuthDelOpenKfId>";
    let expected = KfAccounts { added: vec!["wk1".into(), "wk2".into()], removed: vec!["wk3".into()] };
    assert_eq!(incoming(change), Incoming::KfAccounts(expected));
}

#[test]
fn other_events_are_read_or_named() {
    let event = |name: &str, inner: &str| {
        incoming(&format!(
            "<FromUserName>LiHua</FromUserName><CreateTime>7</CreateTime><MsgType>event</MsgType><Event>{name}</Event>{inner}"
        ))
    };
    let userid = || "LiHua".to_owned();
    let click = Incoming::MenuClick { userid: userid(), key: "queue".into(), at_secs: 7 };
    assert_eq!(event("click", "<EventKey>queue</EventKey>"), click);
    assert_eq!(event("enter_agent", "<EventKey></EventKey>"), Incoming::Entered { userid: userid() });
    let other = |name: &str| Incoming::Other { event: name.to_owned(), userid: Some(userid()) };
    assert_eq!(event("close_inactive_agent", ""), other("close_inactive_agent"));
    assert_eq!(event("template_card_event", "<EventKey>k</EventKey>"), other("template_card_event"), "no task id");
    assert_eq!(event("click", ""), other("click"), "no key");
    assert_eq!(incoming(""), Incoming::Other { event: String::new(), userid: None });
    assert_eq!(incoming("<MsgType>text</MsgType>"), Incoming::Other { event: "text".into(), userid: None });
}

#[test]
fn every_message_type_is_read_or_named() {
    let media = "<MediaId>M</MediaId>";
    let media_id = || "M".to_owned();
    assert_eq!(content("text", "<Content><![CDATA[ /暂停 ]]></Content>"), MemberContent::Text(" /暂停 ".into()));
    let image = MemberContent::Image { media_id: media_id(), pic_url: Some("https://p".into()) };
    assert_eq!(content("image", &format!("<PicUrl>https://p</PicUrl>{media}")), image);
    let voice = MemberContent::Voice { media_id: media_id(), format: Some("amr".into()), recognition: None };
    assert_eq!(content("voice", &format!("{media}<Format>amr</Format>")), voice);
    assert_eq!(content("video", media), MemberContent::Video { media_id: media_id(), thumb_media_id: None });
    assert_eq!(content("file", media), MemberContent::File { media_id: media_id(), name: None });
    let place = MemberContent::Location { latitude: 23.134, longitude: 113.358, label: Some("广州".into()) };
    let at = "<Location_X>23.134</Location_X><Location_Y>113.358</Location_Y><Scale>20</Scale><Label>广州</Label>";
    assert_eq!(content("location", at), place);
    let link = MemberContent::Link { url: "https://e".into(), title: Some("t".into()), description: None };
    assert_eq!(content("link", "<Title>t</Title><Url>https://e</Url>"), link);
    for (kind, inner) in [("hologram", ""), ("image", ""), ("location", "<Location_X>NaN</Location_X>"), ("text", "")] {
        assert_eq!(content(kind, inner), MemberContent::Other(kind.into()));
    }
}

#[test]
fn a_missing_time_is_the_signed_one() {
    let xml = "<FromUserName>u</FromUserName><MsgType>text</MsgType><Content>x</Content>";
    assert!(matches!(incoming(xml), Incoming::Message(m) if m.at_secs == NOW && m.msg_id.is_empty()));
}

#[test]
fn a_doubled_identity_is_refused() {
    for field in ["FromUserName", "Event", "EventKey", "TaskId", "ResponseCode", "Content"] {
        let plain = format!("<xml><{field}>a</{field}><MsgType>event</MsgType><{field}>b</{field}></xml>");
        let (query, body) = request(&plain, "1700000000", "1");
        let result = receive(&crypt(), &query, body.as_bytes(), NOW);
        assert!(matches!(result, Err(BadCallback::Content(_))), "{field}");
    }
}

#[test]
fn unreadable_content_is_named() {
    for plain in ["", "hello", "<xml>", "<!DOCTYPE x><xml/>", "<xml>&x;</xml>"] {
        let (query, body) = request(plain, "1700000000", "1");
        assert!(matches!(receive(&crypt(), &query, body.as_bytes(), NOW), Err(BadCallback::Content(_))), "{plain}");
    }
}

#[test]
fn keys_tell_happenings_apart_and_retries_together() {
    let event = |code: &str| {
        format!(
            "<xml><FromUserName>sys</FromUserName><CreateTime>7</CreateTime><MsgType>event</MsgType><Event>x</Event><ResponseCode>{code}</ResponseCode></xml>"
        )
    };
    let (a, b) = (received(&event("1")), received(&event("2")));
    assert_ne!(a.event_key, b.event_key, "same second, same sender");
    assert_eq!(a.event_key, received(&event("1")).event_key);
    let (query, body) = request(&event("1"), "1700000009", "other");
    let resealed = crypt().seal(event("1").as_bytes(), [3; 16], "1700000009", "other");
    let body = body.replace(&xml::only_encrypt(body.as_bytes()).unwrap(), &resealed.encrypt);
    let query = query.replace(&query[14..54], &resealed.msg_signature);
    let retry = receive(&crypt(), &query, body.as_bytes(), NOW).unwrap();
    assert_eq!(retry.event_key, a.event_key, "a retry sealed anew");
    assert_ne!(retry.replay_key, a.replay_key);
    assert_eq!(a.replay_key.len(), 76);
}

#[test]
fn what_was_received_survives_storage() {
    let all = [
        received(
            "<xml><FromUserName>u</FromUserName><MsgType>location</MsgType><Location_X>1.5</Location_X><Location_Y>2</Location_Y></xml>",
        ),
        received("<xml><MsgType>event</MsgType><Event>kf_msg_or_event</Event><OpenKfId>wk</OpenKfId></xml>"),
    ];
    for one in all {
        let stored = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Received>(&stored).unwrap(), one);
    }
}

proptest! {
    #[test]
    fn a_changed_request_is_never_accepted(at in 0usize..1000, with in 32u8..127, in_query in any::<bool>()) {
        let (query, body) = request("<xml><MsgType>event</MsgType><Event>x</Event></xml>", "1700000000", "nonce1");
        let good = receive(&crypt(), &query, body.as_bytes(), NOW).unwrap();
        let (mut changed_query, mut changed_body) = (query.clone().into_bytes(), body.clone().into_bytes());
        let target = if in_query { &mut changed_query } else { &mut changed_body };
        let at = at % target.len();
        target[at] = with;
        let changed_query = String::from_utf8(changed_query).unwrap();
        // A change outside what is signed (the envelope's other elements) reads the same; any other is refused.
        if let Ok(got) = receive(&crypt(), &changed_query, &changed_body, NOW) {
            prop_assert_eq!(got, good);
        }
    }

    #[test]
    fn no_bytes_panic(query in any::<String>(), body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(receive(&crypt(), &query, &body, NOW).is_err());
        prop_assert!(verify_url(&crypt(), &query, NOW).is_err());
    }
}
