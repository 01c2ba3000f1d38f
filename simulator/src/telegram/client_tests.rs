//! The bot's own client against the simulated Telegram.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use channels::telegram::{
    ABILITIES, Answer, BadWebhook, Bot, Button, ButtonKey, CallError, Heard, Image, Me, Place, Pressed, Prompt,
    Refusal, Rich, Sealed, Secret, Settings as BotSettings, Update, Webhook, Words, open_webhook,
};
use channels::{Arrival, Fate, Said, What, split};

use super::*;
use crate::clock::{Clock, DAY_MS, SECOND_MS};
use crate::errcode::Errcode;
use crate::faults::{Fault, Lost};

const NOW: i64 = 1_800_000_000_000;
const BOT: i64 = 7001;
const CUSTOMER: i64 = 42;
const REVIEWER: i64 = 5001;
const GROUP: i64 = -1_001_234_567_890;
const TOPIC: i64 = 7;
const PNG: &[u8] = b"\x89PNG picture";

struct Stage {
    telegram: Telegram,
    bot: Bot,
    clock: Clock,
    me: Me,
}

impl Stage {
    /// One customer, and a reviewer in a group with a topic.
    async fn new() -> Self {
        let clock = Clock::at(NOW);
        let telegram = Telegram::start(Settings { clock: clock.clone(), ..Settings::default() }).await.unwrap();
        telegram.add_person(CUSTOMER, "小满");
        telegram.add_person(REVIEWER, "李华");
        telegram.add_group(GROUP, "客服", &[REVIEWER, BOT], &[TOPIC]);
        let bot = client(&telegram, "7001:simulated_bot_secret");
        let me = bot.me().await.unwrap();
        Self { telegram, bot, clock, me }
    }

    fn customer_says(&self, text: &str) -> i64 {
        self.telegram.say(CUSTOMER, Spot::private(BOT, CUSTOMER), text).unwrap()
    }

    async fn reply(&self, text: &str) -> Result<i32, CallError> {
        self.bot.send_text(&CUSTOMER.to_string(), text, soon()).await
    }

    /// What came in since the last time, confirmed.
    async fn news(&self) -> Vec<Update> {
        let updates = self.bot.poll(None, 100, 0).await.unwrap();
        if let Some(last) = updates.last() {
            self.bot.poll(Some(last.id + 1), 1, 0).await.unwrap();
        }
        updates
    }

    async fn arrivals(&self) -> Vec<Arrival> {
        self.news().await.iter().filter_map(Update::arrival).collect()
    }

    async fn pressed(&self) -> Pressed {
        let heard: Vec<Heard> = self.news().await.iter().filter_map(|update| update.heard(&self.me)).collect();
        match &heard[..] {
            [Heard::Pressed(pressed)] => pressed.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn texts(&self) -> Vec<String> {
        self.telegram.sent().into_iter().map(|message| message.text).collect()
    }
}

fn client(telegram: &Telegram, token: &str) -> Bot {
    Bot::new(BotSettings { base: telegram.api_base(), token: token.into() }).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

fn key() -> ButtonKey {
    ButtonKey::new(&vec![7; 32].into()).unwrap()
}

#[tokio::test]
async fn a_customer_is_heard_and_answered() {
    let stage = Stage::new().await;
    stage.customer_says("羽绒服能机洗吗");
    let [arrival] = &stage.arrivals().await[..] else { panic!("one arrival") };
    assert_eq!(arrival.what, What::Said(Said::text("羽绒服能机洗吗")));
    assert_eq!((arrival.customer.as_deref(), arrival.name.as_deref()), (Some("42"), Some("小满")));
    assert_eq!(arrival.at_ms, NOW);
    let id = stage.reply("可以，请用洗衣袋。").await.unwrap();
    let sent = stage.telegram.sent();
    assert_eq!((sent.len(), sent[0].id, sent[0].text.as_str()), (1, i64::from(id), "可以，请用洗衣袋。"));
    assert_eq!(sent[0].spot, Spot::private(BOT, CUSTOMER));
}

#[tokio::test]
async fn what_was_not_confirmed_comes_again_under_the_same_ids() {
    let stage = Stage::new().await;
    stage.customer_says("在吗");
    let (first, again) = (stage.bot.poll(None, 100, 0).await.unwrap(), stage.bot.poll(None, 100, 0).await.unwrap());
    assert_eq!((first.len(), &first), (1, &again));
    assert_eq!(first[0].arrival(), again[0].arrival());
    stage.customer_says("?");
    let rest = stage.bot.poll(Some(first[0].id + 1), 100, 0).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_ne!(rest[0].arrival().unwrap().id, first[0].arrival().unwrap().id);
    // Confirmed for good.
    assert_eq!(stage.bot.poll(None, 100, 0).await.unwrap(), rest);
    stage.clock.advance(DAY_MS);
    assert!(stage.bot.poll(None, 100, 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_change_of_a_message_is_told() {
    let stage = Stage::new().await;
    let message = stage.customer_says("要M码");
    stage.clock.advance(SECOND_MS);
    stage.telegram.edit(CUSTOMER, Room::Private { bot: BOT, user: CUSTOMER }, message, "要L码").unwrap();
    let [said, edited] = &stage.arrivals().await[..] else { panic!("two arrivals") };
    assert_eq!(edited.what, What::Edited { id: said.id.clone(), text: "要L码".to_owned() });
    assert_eq!(edited.at_ms, NOW + SECOND_MS);
}

#[tokio::test]
async fn who_blocked_the_bot_gets_nothing() {
    let stage = Stage::new().await;
    let early = stage.reply("您好").await.unwrap_err();
    assert_eq!(early.refusal(), Some(Refusal::Gone));
    stage.customer_says("别烦我");
    stage.telegram.block(CUSTOMER, BOT).unwrap();
    let arrivals = stage.arrivals().await;
    assert_eq!(arrivals.last().unwrap().what, What::SessionEnded);
    let refused = stage.reply("您好").await;
    assert_eq!(Fate::from(&refused), Fate::Refused { code: 403, spent: None });
    assert_eq!(refused.unwrap_err().refusal(), Some(Refusal::Gone));
    stage.telegram.unblock(CUSTOMER, BOT).unwrap();
    assert_eq!(stage.arrivals().await[0].what, What::Nothing);
    stage.reply("您好").await.unwrap();
    assert_eq!(stage.texts(), ["您好"]);
}

#[tokio::test]
async fn too_much_at_once_is_put_off() {
    let stage = Stage::new().await;
    stage.customer_says("在吗");
    stage.reply("在的").await.unwrap();
    let soon_after = stage.reply("请说").await;
    assert_eq!(Fate::from(&soon_after), Fate::PutOff { code: 429, wait_ms: Some(1_000) });
    stage.clock.advance(SECOND_MS);
    stage.reply("请说").await.unwrap();
    assert_eq!(stage.texts(), ["在的", "请说"]);
}

#[tokio::test]
async fn a_group_takes_twenty_a_minute() {
    let stage = Stage::new().await;
    let place = Place { chat: GROUP, topic: None };
    for n in 0..20 {
        stage.bot.send_card(place, &Rich::from(&*n.to_string()), &[], soon()).await.unwrap();
        stage.clock.advance(SECOND_MS);
    }
    let error = stage.bot.send_card(place, &"20".into(), &[], soon()).await.unwrap_err();
    assert_eq!(error, CallError::PutOff { wait_ms: Some(41_000) });
    stage.clock.advance(41_000);
    stage.bot.send_card(place, &"20".into(), &[], soon()).await.unwrap();
}

#[tokio::test]
async fn whatever_gets_lost_is_unknown_and_arrives_once_at_most() {
    let lost = [Lost::Drop, Lost::BadGateway, Lost::Garbage];
    for (done, fault) in lost.into_iter().flat_map(|lost| [(true, Fault::After(lost)), (false, Fault::Before(lost))]) {
        let stage = Stage::new().await;
        stage.customer_says("在吗");
        stage.telegram.faults().next(Method::SendMessage, 1, fault);
        assert_eq!(Fate::from(&stage.reply("在的").await), Fate::Unknown, "{fault:?}");
        assert_eq!(stage.texts().len(), usize::from(done), "{fault:?}");
        assert_eq!(stage.telegram.count(Method::SendMessage), 1, "{fault:?}: asked again by itself");
    }
}

#[tokio::test]
async fn refusals_and_slow_answers_are_what_they_are() {
    let stage = Stage::new().await;
    stage.customer_says("在吗");
    let faults = stage.telegram.faults();
    faults.next(Method::SendMessage, 1, Fault::Refuse(Errcode(429)));
    assert_eq!(Fate::from(&stage.reply("在的").await), Fate::PutOff { code: 429, wait_ms: Some(3_000) });
    faults.next(Method::SendMessage, 1, Fault::Refuse(Errcode(500)));
    assert_eq!(Fate::from(&stage.reply("在的").await), Fate::Unknown);
    faults.outage(Fault::Refuse(Errcode(401)));
    assert_eq!(stage.reply("在的").await.unwrap_err().refusal(), Some(Refusal::Setup));
    faults.clear();
    faults.next(Method::SendMessage, 1, Fault::Slow(100));
    assert_eq!(Fate::from(&stage.reply("在的").await), Fate::Accepted);
    let wrong = client(&stage.telegram, "7001:another_secret");
    assert_eq!(wrong.me().await.unwrap_err().refusal(), Some(Refusal::Setup));
    stage.telegram.shutdown();
}

#[tokio::test]
async fn parts_that_we_cut_fit_to_the_unit() {
    let stage = Stage::new().await;
    stage.customer_says("说详细点");
    let text = "a".repeat(4095) + "😀" + &"退款三天内到账😀。".repeat(600);
    let parts = split(&text, ABILITIES.text);
    for part in &parts {
        stage.reply(part).await.unwrap();
        stage.clock.advance(SECOND_MS);
    }
    assert_eq!((stage.texts().concat(), stage.texts().len()), (text, parts.len()));
    assert_eq!(parts[0], "a".repeat(4095));
}

#[tokio::test]
async fn pictures_go_both_ways() {
    let stage = Stage::new().await;
    let spot = Spot::private(BOT, CUSTOMER);
    stage.telegram.send(CUSTOMER, spot, Medium::Photo(PNG.to_vec()), "破了").unwrap();
    stage.telegram.send(CUSTOMER, spot, Medium::Voice(b"OggS".to_vec()), "").unwrap();
    stage.telegram.send(CUSTOMER, spot, Medium::Document("发票.pdf".to_owned(), b"%PDF".to_vec()), "").unwrap();
    stage.telegram.send(CUSTOMER, spot, Medium::Sticker(b"RIFF".to_vec()), "").unwrap();
    let said = |arrival: Arrival| match arrival.what {
        What::Said(said) => said,
        other => panic!("{other:?}"),
    };
    let said: Vec<Said> = stage.arrivals().await.into_iter().map(said).collect();
    let kinds: Vec<&str> = said.iter().map(|said| said.kind.as_str()).collect();
    assert_eq!((kinds, said[0].text.as_str()), (vec!["image", "voice", "file", "sticker"], "破了"));
    let photo = said[0].attachment.clone().unwrap();
    assert_eq!(stage.bot.download(&photo, 1_000).await.unwrap(), PNG);
    assert_eq!(stage.bot.download(&photo, 4).await.unwrap_err().refusal(), Some(Refusal::TooLarge));
    assert_eq!(stage.bot.download("photo-1", 1_000).await.unwrap_err().refusal(), Some(Refusal::Content));
    let image = Image { name: "尺码表.png", bytes: PNG };
    stage.bot.send_image("42", image, "尺码表", soon()).await.unwrap();
    let sent = &stage.telegram.sent()[0];
    assert_eq!((sent.text.as_str(), sent.attachment.as_ref().unwrap().bytes), ("尺码表", PNG.len()));
    stage.clock.advance(SECOND_MS);
    let image = Image { name: "x.png", bytes: b"no picture" };
    let refused = stage.bot.send_image("42", image, "", soon()).await.unwrap_err();
    assert_eq!(refused.refusal(), Some(Refusal::Content));
}

/// A card in the group's topic with two signed buttons.
async fn card(stage: &Stage) -> (i32, String) {
    let seal = |action| key().seal(GROUP, &Sealed { action, version: 2, card: "81:7f3k".to_owned() }).unwrap();
    let rows = vec![vec![Button::data("发送", seal(1)), Button::data("改", seal(2))]];
    let text = Rich::new().bold("#81").plain("\n").quote("<b>能退吗</b> & @all");
    let place = Place { chat: GROUP, topic: Some(7) };
    (stage.bot.send_card(place, &text, &rows, soon()).await.unwrap(), seal(1))
}

#[tokio::test]
async fn a_reviewer_presses_a_card_and_sees_it_settled() {
    let stage = Stage::new().await;
    let (id, data) = card(&stage).await;
    let room = Room::Group { chat: GROUP };
    let query = stage.telegram.press(REVIEWER, room, i64::from(id), "发送").unwrap();
    let pressed = stage.pressed().await;
    let place = Place { chat: GROUP, topic: Some(7) };
    assert_eq!((pressed.place, pressed.user, pressed.message), (place, REVIEWER, id));
    assert_eq!((&pressed.id, &pressed.data), (&query, &data));
    assert_eq!(key().open(pressed.place.chat, &pressed.data).unwrap().action, 1);
    stage.bot.answer_press(&pressed.id, Answer::Alert("已发送"), soon()).await.unwrap();
    assert_eq!(stage.telegram.answer(&query), Some(PressAnswer { text: "已发送".to_owned(), alert: true }));
    for _ in 0..2 {
        // The second time it says that already.
        stage.bot.update_card(GROUP, id, &"#81 已由李华发送".into(), &[], soon()).await.unwrap();
    }
    let shown = stage.telegram.sent().remove(0);
    assert_eq!((shown.text.as_str(), shown.keyboard.len(), shown.edits.len()), ("#81 已由李华发送", 0, 1));
    assert_eq!(shown.edits[0].text, "#81\n<b>能退吗</b> & @all");
    assert!(stage.telegram.press(REVIEWER, room, i64::from(id), "发送").is_err());
    let gone = stage.bot.update_card(GROUP, 999, &"x".into(), &[], soon()).await.unwrap_err();
    assert_eq!(gone.refusal(), Some(Refusal::MessageGone));
    stage.clock.advance(2 * DAY_MS);
    stage.bot.answer_press(&query, Answer::Silent, soon()).await.unwrap();
}

#[tokio::test]
async fn a_button_that_was_altered_or_copied_opens_nowhere() {
    let stage = Stage::new().await;
    let (id, data) = card(&stage).await;
    let room = Room::Group { chat: GROUP };
    let last = if data.ends_with('A') { "Q" } else { "A" };
    let altered = format!("{}{last}", &data[..data.len() - 1]);
    stage.telegram.press_data(REVIEWER, room, i64::from(id), &altered).unwrap();
    let pressed = stage.pressed().await;
    assert!(key().open(pressed.place.chat, &pressed.data).is_err());
    // The same data under a message in another chat.
    stage.telegram.say(REVIEWER, Spot::private(BOT, REVIEWER), "/start").unwrap();
    stage.news().await;
    let private = Place { chat: REVIEWER, topic: None };
    let other = stage.bot.send_card(private, &"#81".into(), &[], soon()).await.unwrap();
    let room = Room::Private { bot: BOT, user: REVIEWER };
    stage.telegram.press_data(REVIEWER, room, i64::from(other), &data).unwrap();
    let pressed = stage.pressed().await;
    assert!(key().open(pressed.place.chat, &pressed.data).is_err());
    assert!(key().open(GROUP, &pressed.data).is_ok());
}

#[tokio::test]
async fn a_press_of_an_old_card_still_says_where() {
    let stage = Stage::new().await;
    let (id, data) = card(&stage).await;
    stage.clock.advance(3 * DAY_MS);
    stage.telegram.press(REVIEWER, Room::Group { chat: GROUP }, i64::from(id), "发送").unwrap();
    let pressed = stage.pressed().await;
    assert_eq!((pressed.place, pressed.message), (Place { chat: GROUP, topic: None }, id));
    assert_eq!(pressed.data, data);
}

#[tokio::test]
async fn an_edit_is_asked_for_and_comes_as_a_reply() {
    let stage = Stage::new().await;
    let place = Place { chat: GROUP, topic: Some(7) };
    let text = Rich::new().mention(REVIEWER, "李华").plain(" 下一条消息将作为 #81 的新回复");
    let prompt = Prompt { text: &text, placeholder: Some("新的回复") };
    let id = stage.bot.send_prompt(place, prompt, soon()).await.unwrap();
    assert!(stage.telegram.sent()[0].prompt);
    let spot = Spot::topic(GROUP, TOPIC);
    // Not for the bot: it has its privacy.
    stage.telegram.say(REVIEWER, spot, "等等").unwrap();
    stage.telegram.reply(REVIEWER, spot, i64::from(id), "可以机洗，请用洗衣袋。").unwrap();
    stage.telegram.say(REVIEWER, spot, "/暂停@aijia_bot 全部 爆仓").unwrap();
    stage.telegram.say(REVIEWER, spot, "/pause@another_bot").unwrap();
    let heard: Vec<_> = stage.news().await.iter().filter_map(|update| update.heard(&stage.me)).collect();
    let words = |heard: &Heard| match heard {
        Heard::Said(said) => (said.place, said.user, said.words.clone()),
        Heard::Pressed(_) | Heard::Sent(_) => panic!("{heard:?}"),
    };
    let reply = Words::Reply { to: id, text: "可以机洗，请用洗衣袋。".to_owned() };
    let command = Words::Command { name: "暂停".to_owned(), rest: "全部 爆仓".to_owned() };
    assert_eq!(heard.iter().map(words).collect::<Vec<_>>(), [(place, REVIEWER, reply), (place, REVIEWER, command)]);
}

#[tokio::test]
async fn a_message_in_a_topic_is_no_reply() {
    let bots = vec![BotAccount { privacy: false, ..Settings::default().bots.remove(0) }];
    let telegram = Telegram::start(Settings { bots, ..Settings::default() }).await.unwrap();
    telegram.add_person(REVIEWER, "李华");
    telegram.add_group(GROUP, "客服", &[REVIEWER, BOT], &[TOPIC]);
    telegram.say(REVIEWER, Spot::topic(GROUP, TOPIC), "等等").unwrap();
    let bot = client(&telegram, "7001:simulated_bot_secret");
    let (me, updates) = (bot.me().await.unwrap(), bot.poll(None, 1, 0).await.unwrap());
    match updates[0].heard(&me) {
        Some(Heard::Said(said)) => assert_eq!(said.words, Words::Text("等等".to_owned())),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_place_that_is_gone_says_so() {
    let stage = Stage::new().await;
    stage.telegram.delete_topic(GROUP, TOPIC);
    let send = async |place| stage.bot.send_card(place, &"#81".into(), &[], soon()).await.map_err(|e| e.refusal());
    assert_eq!(send(Place { chat: GROUP, topic: Some(7) }).await, Err(Some(Refusal::TopicGone)));
    assert!(send(Place { chat: GROUP, topic: None }).await.is_ok());
    stage.telegram.remove_from_group(GROUP, BOT);
    assert_eq!(send(Place { chat: GROUP, topic: None }).await, Err(Some(Refusal::Gone)));
    assert_eq!(send(Place { chat: -5, topic: None }).await, Err(Some(Refusal::Gone)));
}

#[tokio::test]
async fn messages_with_the_same_number_are_told_apart() {
    let clock = Clock::at(NOW);
    let account =
        |token: &str, username: &str| BotAccount { token: token.into(), username: username.into(), privacy: true };
    let bots = vec![account("7001:a", "one_bot"), account("7002:b", "two_bot")];
    let telegram = Telegram::start(Settings { bots, clock, ..Settings::default() }).await.unwrap();
    telegram.add_person(42, "小满");
    telegram.add_person(43, "小雨");
    let mut ids = Vec::new();
    for (bot, user) in [(7001, 42), (7001, 43), (7002, 42), (7002, 43)] {
        assert_eq!(telegram.say(user, Spot::private(bot, user), "在吗").unwrap(), 1);
    }
    for token in ["7001:a", "7002:b"] {
        let updates = client(&telegram, token).poll(None, 100, 0).await.unwrap();
        ids.extend(updates.iter().map(|update| update.arrival().unwrap().id));
    }
    assert_eq!(ids, ["7001:42:1", "7001:43:1", "7002:42:1", "7002:43:1"]);
}

#[tokio::test]
async fn a_waiting_poll_hears_at_once_and_ends_at_another() {
    let stage = Stage::new().await;
    let started = Instant::now();
    let (updates, ()) = tokio::join!(stage.bot.poll(None, 100, 30), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.customer_says("在吗");
    });
    assert_eq!(updates.unwrap().len(), 1);
    assert!(started.elapsed() < Duration::from_secs(10));
    let last = stage.bot.poll(None, 1, 0).await.unwrap()[0].id;
    let (first, second) = tokio::join!(stage.bot.poll(Some(last + 1), 100, 30), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.bot.poll(Some(last + 1), 100, 0).await
    });
    assert_eq!(first.unwrap_err().refusal(), Some(Refusal::Setup));
    assert!(second.unwrap().is_empty());
}

/// What a webhook of ours took, and how it answers first.
#[derive(Clone)]
struct Door {
    secret: Secret,
    taken: Arc<Mutex<Vec<Result<Update, BadWebhook>>>>,
    failures: Arc<Mutex<usize>>,
}

async fn take(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = headers.get("x-telegram-bot-api-secret-token").map(|value| value.as_bytes());
    let opened = open_webhook(BOT, &door.secret, header, &body);
    let refused = opened.is_err();
    door.taken.lock().unwrap().push(opened);
    let mut failures = door.failures.lock().unwrap();
    match *failures {
        0 if refused => StatusCode::UNAUTHORIZED,
        0 => StatusCode::OK,
        _ => {
            *failures -= 1;
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl Door {
    /// Opens one that knows this secret; gives its address.
    async fn open(secret: &str, failures: usize) -> (Self, String) {
        let secret = Secret::new(&secret.into()).unwrap();
        let door = Self { secret, taken: Arc::default(), failures: Arc::new(Mutex::new(failures)) };
        let app = axum::Router::new().fallback(take).with_state(door.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callback/telegram", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (door, url)
    }

    /// What it took, once that are so many.
    async fn taken(&self, count: usize) -> Vec<Result<Update, BadWebhook>> {
        for _ in 0..200 {
            let taken = self.taken.lock().unwrap().clone();
            if taken.len() >= count {
                return taken;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{} of {count} deliveries came", self.taken.lock().unwrap().len())
    }
}

#[tokio::test]
async fn a_webhook_gets_everything_again_until_it_takes_it() {
    let stage = Stage::new().await;
    stage.customer_says("第一句");
    let (door, url) = Door::open("hook-secret_1", 1).await;
    let secret = Secret::new(&"hook-secret_1".into()).unwrap();
    let webhook = Webhook { url: url.parse().unwrap(), secret: &secret, connections: 1 };
    stage.bot.set_webhook(webhook).await.unwrap();
    stage.customer_says("第二句");
    let taken: Vec<Update> = door.taken(3).await.into_iter().map(Result::unwrap).collect();
    let ids: Vec<String> = taken.iter().map(|update| update.arrival().unwrap().id).collect();
    // The first try failed after it was read: a duplicate, known by its ids.
    assert_eq!(ids, ["7001:42:1", "7001:42:1", "7001:42:2"]);
    assert_eq!(taken[0], taken[1]);
    let polled = stage.bot.poll(None, 1, 0).await.unwrap_err();
    assert_eq!(polled.refusal(), Some(Refusal::Setup));
    stage.telegram.repeat_last(BOT).unwrap();
    assert_eq!(door.taken(4).await[3].as_ref(), Ok(&taken[2]));
    stage.bot.delete_webhook().await.unwrap();
    stage.customer_says("第三句");
    assert_eq!(stage.bot.poll(None, 1, 0).await.unwrap()[0].arrival().unwrap().id, "7001:42:3");
}

#[tokio::test]
async fn a_webhook_with_the_wrong_secret_is_refused() {
    let stage = Stage::new().await;
    let (door, url) = Door::open("hook-secret_1", 0).await;
    let wrong = Secret::new(&"hook-secret_2".into()).unwrap();
    let webhook = Webhook { url: url.parse().unwrap(), secret: &wrong, connections: 1 };
    stage.bot.set_webhook(webhook).await.unwrap();
    stage.customer_says("在吗");
    assert_eq!(door.taken(1).await[0], Err(BadWebhook::Secret));
    assert_eq!(stage.telegram.waiting(BOT), 1);
}
