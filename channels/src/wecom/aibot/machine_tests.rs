use super::*;
use crate::wecom::aibot::DEAD_REQ_ID;

const SECRET: &str = "SECRETxSECRETxSECRET";
const TIMING: Timing = Timing { retry_ms: 1_000, ..Timing::DOCUMENTED };

/// A machine, with what it did since last asked.
struct Bench {
    machine: Machine,
}

impl Bench {
    fn new() -> Bench {
        let identity = Identity { bot_id: "aib1".into(), secret: SECRET.into() };
        Bench { machine: Machine::new(identity, TIMING, 42, 0) }
    }

    /// Subscribed at 0.
    fn live() -> Bench {
        let mut bench = Bench::new();
        bench.subscribe(0);
        bench
    }

    fn subscribe(&mut self, at: u64) -> Vec<Output> {
        self.machine.tick(at);
        assert_eq!(self.did(), [Output::Open]);
        self.machine.opened(at);
        let (req_id, _) = self.written();
        self.ack(&req_id, 0, at);
        self.did()
    }

    fn did(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.machine.poll()).collect()
    }

    /// The `req_id` and the whole of the only frame written.
    fn written(&mut self) -> (String, Value) {
        let mut frames = self.did().into_iter().filter_map(|output| match output {
            Output::Write(Text(text)) => Some(serde_json::from_str::<Value>(&text).unwrap()),
            _ => None,
        });
        let frame = frames.next().unwrap();
        assert_eq!(frames.next(), None);
        (frame["headers"]["req_id"].as_str().unwrap().to_owned(), frame)
    }

    fn ack(&mut self, req_id: &str, code: i64, at: u64) {
        let ack = json!({"headers": {"req_id": req_id}, "errcode": code, "errmsg": "says"});
        self.machine.received(&ack.to_string(), at);
    }

    fn hear(&mut self, req_id: &str, body: Value, at: u64) {
        let cmd = if body["msgtype"] == "event" { "aibot_event_callback" } else { "aibot_msg_callback" };
        let frame = json!({"cmd": cmd, "headers": {"req_id": req_id}, "body": body});
        self.machine.received(&frame.to_string(), at);
    }

    /// What a member's text or press may be answered by.
    fn reply_to(&mut self, req_id: &str, body: Value, at: u64) -> ReplyTo {
        self.hear(req_id, body, at);
        match self.did().as_slice() {
            [Output::Tell(Event::Callback(callback))] => callback.reply.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn push(&mut self, ticket: Ticket, at: u64) {
        self.machine.ask(ticket, Command::Own("aibot_send_msg", json!({"chatid": "LiHua"})), at);
    }

    fn answer(&mut self) -> (Ticket, Result<Value, ApiError>) {
        let mut answers = self.did().into_iter().filter_map(|output| match output {
            Output::Answer(ticket, result) => Some((ticket, result)),
            _ => None,
        });
        let answer = answers.next().unwrap();
        assert_eq!(answers.next(), None);
        answer
    }
}

fn text() -> Value {
    json!({"msgid": "m1", "from": {"userid": "LiHua"}, "msgtype": "text", "text": {"content": "hi"}})
}

fn tap() -> Value {
    let tap = json!({"task_id": "t", "event_key": "ok", "card_type": "button_interaction"});
    let event = json!({"eventtype": "template_card_event", "template_card_event": tap});
    json!({"msgid": "e1", "from": {"userid": "LiHua"}, "msgtype": "event", "event": event})
}

fn disconnected() -> Value {
    json!({"msgtype": "event", "event": {"eventtype": "disconnected_event"}})
}

fn is_unknown(result: &Result<Value, ApiError>) -> bool {
    matches!(result, Err(ApiError::Unknown { .. }))
}

fn is_not_sent(result: &Result<Value, ApiError>) -> bool {
    matches!(result, Err(ApiError::NotSent { .. }))
}

fn code(result: &Result<Value, ApiError>) -> Option<i64> {
    result.as_ref().err().and_then(ApiError::code)
}

#[test]
fn it_opens_subscribes_and_is_live() {
    let mut bench = Bench::new();
    assert_eq!(bench.machine.wake_ms(), Some(0));
    bench.machine.tick(0);
    assert_eq!(bench.did(), [Output::Open]);
    bench.machine.opened(3);
    let (req_id, frame) = bench.written();
    assert_eq!(frame["cmd"], "aibot_subscribe");
    assert_eq!(frame["body"], json!({"bot_id": "aib1", "secret": SECRET}));
    bench.ack("another", 0, 4);
    assert_eq!(bench.did(), []);
    bench.ack(&req_id, 0, 5);
    assert_eq!(bench.did(), [Output::Tell(Event::Subscribed { gap: None })]);
}

#[test]
fn nothing_shows_the_secret() {
    let mut bench = Bench::new();
    bench.machine.tick(0);
    bench.machine.opened(0);
    let did = bench.did();
    assert!(!format!("{:?} {did:?}", bench.machine).contains(SECRET));
    let mut bench = Bench::live();
    bench.push(1, 0);
    let (req_id, _) = bench.written();
    let ack = json!({"headers": {"req_id": req_id}, "errcode": 40058, "errmsg": format!("bad {SECRET}")});
    bench.machine.received(&ack.to_string(), 1);
    assert!(!format!("{:?}", bench.answer()).contains(SECRET));
}

#[test]
fn silence_is_pinged_and_then_left() {
    let mut bench = Bench::live();
    assert_eq!(bench.machine.wake_ms(), Some(30_000));
    bench.machine.tick(29_999);
    assert_eq!(bench.did(), []);
    bench.machine.tick(30_000);
    assert_eq!(bench.written().1["cmd"], "ping");
    bench.machine.tick(60_000);
    assert_eq!(bench.written().1["cmd"], "ping");
    bench.machine.tick(89_999);
    assert_eq!(bench.did(), []);
    bench.machine.tick(90_000);
    assert_eq!(bench.did(), [Output::Close, Output::Tell(Event::Lost)]);
}

#[test]
fn any_frame_is_a_sign_of_life() {
    let mut bench = Bench::live();
    for round in 1..10 {
        let at = round * 30_000;
        bench.machine.tick(at);
        let (req_id, frame) = bench.written();
        assert_eq!(frame["cmd"], "ping");
        if round % 2 == 0 { bench.ack(&req_id, 0, at) } else { bench.machine.received("noise", at) }
    }
}

#[test]
fn a_process_that_slept_asks_before_it_leaves() {
    let mut bench = Bench::live();
    bench.machine.tick(600_000);
    assert_eq!(bench.written().1["cmd"], "ping");
}

#[test]
fn the_next_subscription_tells_for_how_long_nobody_listened() {
    let mut bench = Bench::live();
    bench.machine.received("life", 7_000);
    bench.machine.closed(9_000);
    assert_eq!(bench.did(), [Output::Close, Output::Tell(Event::Lost)]);
    let again = bench.machine.wake_ms().unwrap();
    assert!((9_500..=10_000).contains(&again), "{again}");
    // Failing to open is no second loss, and the wait doubles.
    bench.machine.tick(again);
    assert_eq!(bench.did(), [Output::Open]);
    bench.machine.closed(again);
    assert_eq!(bench.did(), [Output::Close]);
    let later = bench.machine.wake_ms().unwrap();
    assert!((again + 1_000..=again + 2_000).contains(&later), "{later}");
    let gap = Some(Duration::from_millis(later - 7_000));
    assert_eq!(bench.subscribe(later), [Output::Tell(Event::Subscribed { gap })]);
}

#[test]
fn waits_begin_anew_after_a_steady_connection() {
    let mut bench = Bench::live();
    let mut at = 0;
    for _ in 0..6 {
        bench.machine.closed(at);
        bench.did();
        at = bench.machine.wake_ms().unwrap();
        bench.subscribe(at);
    }
    bench.machine.closed(at + TIMING.steady_ms - 1);
    assert!(bench.machine.wake_ms().unwrap() >= at + 15_000);
    bench.did();
    let at = bench.machine.wake_ms().unwrap();
    bench.subscribe(at);
    bench.machine.closed(at + TIMING.steady_ms);
    assert!(bench.machine.wake_ms().unwrap() <= at + TIMING.steady_ms + 1_000);
}

#[test]
fn a_socket_or_subscription_that_never_comes_is_given_up() {
    let mut bench = Bench::new();
    bench.machine.tick(0);
    bench.did();
    bench.machine.tick(9_999);
    assert_eq!(bench.did(), []);
    bench.machine.tick(10_000);
    assert_eq!(bench.did(), [Output::Close]);
    let at = bench.machine.wake_ms().unwrap();
    bench.machine.tick(at);
    bench.machine.opened(at);
    bench.did();
    bench.machine.tick(at + 10_000);
    assert_eq!(bench.did(), [Output::Close]);
}

#[test]
fn a_refused_subscription_ends_after_five_tries() {
    let mut bench = Bench::new();
    for round in 1..=5 {
        let at = bench.machine.wake_ms().unwrap();
        bench.machine.tick(at);
        bench.machine.opened(at);
        let (req_id, _) = bench.written();
        bench.ack(&req_id, 853_000, at);
        let did = bench.did();
        let end = [Output::Close, Output::Tell(Event::Refused { code: 853_000 })];
        if round < 5 { assert_eq!(did, [Output::Close]) } else { assert_eq!(did, end) }
    }
    assert!(bench.machine.is_over() && bench.machine.wake_ms().is_none());
}

#[test]
fn an_evicted_connection_does_not_fight_back() {
    let mut bench = Bench::live();
    bench.push(1, 0);
    bench.did();
    bench.hear("d1", disconnected(), 10);
    let did = bench.did();
    assert!(matches!(&did[0], Output::Answer(1, result) if is_unknown(result)), "{did:?}");
    assert_eq!(did[1..], [Output::Close, Output::Tell(Event::Evicted)]);
    bench.machine.closed(20);
    bench.machine.tick(1_000_000);
    assert_eq!(bench.did(), []);
    bench.push(2, 20);
    assert!(is_not_sent(&bench.answer().1));
}

#[test]
fn a_command_is_answered_by_its_req_id() {
    let mut bench = Bench::live();
    bench.push(1, 0);
    let (first, _) = bench.written();
    bench.push(2, 0);
    let (second, _) = bench.written();
    assert_ne!(first, second);
    bench.ack(&second, 93_006, 1);
    let (ticket, result) = bench.answer();
    assert_eq!((ticket, code(&result)), (2, Some(93_006)));
    bench.ack(&first, 0, 1);
    assert_eq!(bench.answer(), (1, Ok(Value::Null)));
    bench.ack(&first, 0, 2);
    assert_eq!(bench.did(), []);
}

#[test]
fn a_lost_answer_is_unknown_and_an_upload_waits_longer() {
    let mut bench = Bench::live();
    bench.push(1, 0);
    bench.machine.ask(2, Command::Upload("aibot_upload_media_chunk", json!({})), 0);
    bench.did();
    assert_eq!(bench.machine.wake_ms(), Some(5_000));
    bench.machine.tick(5_000);
    let (ticket, result) = bench.answer();
    assert!(ticket == 1 && is_unknown(&result));
    assert_eq!(bench.machine.wake_ms(), Some(20_000));
}

#[test]
fn two_commands_in_a_row_without_an_answer_end_a_socket_that_answers_pings() {
    let mut bench = Bench::live();
    for round in 0..2 {
        bench.push(round, 0);
        bench.did();
    }
    bench.machine.received("alive", 4_999);
    bench.machine.tick(5_000);
    let did = bench.did();
    assert_eq!(did[2..], [Output::Close, Output::Tell(Event::Lost)]);
}

#[test]
fn what_was_written_is_unknown_and_what_waited_was_not_sent() {
    let mut bench = Bench::live();
    let to = bench.reply_to("r1", text(), 0);
    for ticket in 1..=2 {
        bench.machine.ask(ticket, Command::Reply(to.clone(), Answerable::Message, json!({})), 0);
    }
    assert_eq!(bench.written().0, "r1");
    bench.machine.closed(10);
    let did = bench.did();
    assert!(matches!(&did[0], Output::Answer(1, result) if is_unknown(result)));
    assert!(matches!(&did[1], Output::Answer(2, result) if is_not_sent(result)));
}

#[test]
fn frames_of_one_callback_leave_one_after_the_other() {
    let mut bench = Bench::live();
    let to = bench.reply_to("r1", text(), 0);
    for ticket in 1..=2 {
        let body = json!({"stream": {"content": ticket}});
        bench.machine.ask(ticket, Command::Reply(to.clone(), Answerable::Message, body), 0);
    }
    let (req_id, frame) = bench.written();
    assert_eq!((req_id.as_str(), frame["cmd"].as_str()), ("r1", Some("aibot_respond_msg")));
    bench.ack("r1", 0, 1);
    let did = bench.did();
    assert_eq!(did[0], Output::Answer(1, Ok(Value::Null)));
    assert!(matches!(&did[1], Output::Write(Text(text)) if text.contains("\"content\":2")));
}

#[test]
fn a_late_answer_is_not_taken_for_the_next_one() {
    let mut bench = Bench::live();
    let to = bench.reply_to("r1", text(), 0);
    for ticket in 1..=2 {
        bench.machine.ask(ticket, Command::Reply(to.clone(), Answerable::Message, json!({})), 0);
    }
    bench.did();
    bench.machine.tick(5_000);
    assert!(is_unknown(&match bench.did().remove(0) {
        Output::Answer(1, result) => result,
        other => panic!("{other:?}"),
    }));
    bench.ack("r1", 0, 5_001);
    assert_eq!(bench.did(), [], "the first one's");
    bench.ack("r1", 846_608, 5_002);
    let (ticket, result) = bench.answer();
    assert_eq!((ticket, code(&result)), (2, Some(846_608)));
}

#[test]
fn a_card_is_changed_within_five_seconds_only() {
    let mut bench = Bench::live();
    let to = bench.reply_to("e1", tap(), 1_000);
    bench.machine.ask(1, Command::Reply(to.clone(), Answerable::Tap, json!({})), 6_000);
    assert_eq!(bench.written().1["cmd"], "aibot_respond_update_msg");
    bench.ack("e1", 0, 6_000);
    bench.did();
    bench.machine.ask(2, Command::Reply(to, Answerable::Tap, json!({})), 6_001);
    assert_eq!(code(&bench.answer().1), Some(DEAD_REQ_ID));
}

#[test]
fn an_answer_is_bound_to_its_kind_and_its_connection() {
    let mut bench = Bench::live();
    let to = bench.reply_to("e1", tap(), 0);
    bench.machine.ask(1, Command::Reply(to.clone(), Answerable::Message, json!({})), 1);
    assert_eq!(code(&bench.answer().1), Some(DEAD_REQ_ID));
    let feedback = json!({"eventtype": "feedback_event", "feedback_event": {"id": "f", "type": 1}});
    let none = bench.reply_to("f1", json!({"msgtype": "event", "event": feedback}), 1);
    bench.machine.ask(2, Command::Reply(none, Answerable::Nothing, json!({})), 1);
    assert_eq!(code(&bench.answer().1), Some(DEAD_REQ_ID));
    bench.machine.closed(2);
    bench.did();
    let at = bench.machine.wake_ms().unwrap();
    bench.subscribe(at);
    bench.machine.ask(3, Command::Reply(to, Answerable::Tap, json!({})), at);
    assert_eq!(code(&bench.answer().1), Some(DEAD_REQ_ID));
}

#[test]
fn a_lost_subscription_is_taken_up_again() {
    let mut bench = Bench::live();
    bench.push(1, 0);
    let (req_id, _) = bench.written();
    bench.ack(&req_id, 846_609, 1);
    let did = bench.did();
    assert!(matches!(&did[0], Output::Answer(1, result) if is_not_sent(result)));
    assert_eq!(did[1..], [Output::Close, Output::Tell(Event::Lost)]);
}

#[test]
fn more_than_it_can_hold_is_not_sent() {
    let mut bench = Bench::live();
    for ticket in 0..1_000 {
        bench.push(ticket, 0);
    }
    bench.did();
    bench.push(1_000, 0);
    let (ticket, result) = bench.answer();
    assert!(ticket == 1_000 && is_not_sent(&result));
}
