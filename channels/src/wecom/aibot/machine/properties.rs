//! Whatever happens in whatever order: every command is answered once, and nothing is written without a socket.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Act {
    Pass(u64),
    Opened,
    Closed,
    /// Answers the oldest, or the newest, unanswered frame, with this code.
    Ack {
        oldest: bool,
        code: i64,
    },
    Text,
    Tap,
    Evict,
    Push,
    Reply,
    Noise(String),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1_u64..8_000).prop_map(Act::Pass),
        4 => Just(Act::Opened),
        1 => Just(Act::Closed),
        6 => (any::<bool>(), prop_oneof![4 => Just(0_i64), 1 => Just(846_605), 1 => Just(846_609)])
            .prop_map(|(oldest, code)| Act::Ack { oldest, code }),
        2 => Just(Act::Text),
        2 => Just(Act::Tap),
        1 => (0..10_u8).prop_map(|n| if n == 0 { Act::Evict } else { Act::Push }),
        3 => Just(Act::Push),
        3 => Just(Act::Reply),
        1 => "\\PC{0,20}".prop_map(Act::Noise),
    ]
}

/// The world around the machine, and what must hold in it.
struct World {
    machine: Machine,
    now: u64,
    opening: bool,
    open: bool,
    unanswered: Vec<String>,
    replies: Vec<ReplyTo>,
    asked: u64,
    answered: std::collections::BTreeSet<u64>,
    heard: u64,
    told: u64,
}

impl World {
    fn new(seed: u64) -> World {
        let identity = Identity { bot_id: "b".into(), secret: "s".into() };
        let machine = Machine::new(identity, Timing::default(), seed, 0);
        World {
            machine,
            now: 0,
            opening: false,
            open: false,
            unanswered: Vec::new(),
            replies: Vec::new(),
            asked: 0,
            answered: std::collections::BTreeSet::new(),
            heard: 0,
            told: 0,
        }
    }

    fn act(&mut self, act: Act) {
        let live = matches!(self.machine.state, State::Live(_));
        match act {
            Act::Pass(ms) => self.now += ms,
            Act::Opened if self.opening => {
                (self.opening, self.open) = (false, true);
                self.machine.opened(self.now);
            }
            Act::Closed => {
                (self.opening, self.open) = (false, false);
                self.machine.closed(self.now);
            }
            Act::Ack { oldest, code } if self.open && !self.unanswered.is_empty() => {
                let at = if oldest { 0 } else { self.unanswered.len() - 1 };
                let req_id = self.unanswered.remove(at);
                let ack = json!({"headers": {"req_id": req_id}, "errcode": code});
                self.machine.received(&ack.to_string(), self.now);
            }
            Act::Text if self.open => self.hear(live, r#"{"msgtype":"text","text":{"content":"x"}}"#),
            Act::Tap if self.open => self.hear(
                live,
                r#"{"msgtype":"event","event":{"eventtype":"template_card_event",
                "template_card_event":{"task_id":"t","event_key":"k"}}}"#,
            ),
            Act::Evict if self.open => {
                let body = r#"{"msgtype":"event","event":{"eventtype":"disconnected_event"}}"#;
                self.machine.received(&callback(0, body), self.now);
            }
            Act::Push => self.ask(Command::Own("aibot_send_msg", Value::Null)),
            Act::Reply => {
                if let Some(to) = self.replies.last().cloned() {
                    let by = to.to;
                    self.ask(Command::Reply(to, by, Value::Null));
                }
            }
            Act::Noise(text) if self.open => self.machine.received(&text, self.now),
            _ => {}
        }
        self.settle();
    }

    fn hear(&mut self, live: bool, body: &str) {
        self.heard += u64::from(live);
        self.machine.received(&callback(self.heard, body), self.now);
    }

    fn ask(&mut self, command: Command) {
        self.asked += 1;
        self.machine.ask(self.asked, command, self.now);
    }

    fn settle(&mut self) {
        while self.machine.wake_ms().is_some_and(|wake| wake <= self.now) {
            self.machine.tick(self.now);
            self.carry_out();
        }
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.machine.poll() {
            match output {
                Output::Open => {
                    assert!(!self.open && !self.opening, "one socket at a time");
                    self.opening = true;
                }
                Output::Close => {
                    (self.opening, self.open) = (false, false);
                    self.unanswered.clear();
                }
                Output::Write(Text(text)) => {
                    assert!(self.open, "nothing is written without a socket");
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.unanswered.push(frame["headers"]["req_id"].as_str().unwrap().to_owned());
                }
                Output::Tell(Event::Callback(callback)) => {
                    self.told += 1;
                    self.replies.push(callback.reply);
                }
                Output::Tell(_) => {}
                Output::Answer(ticket, _) => assert!(self.answered.insert(ticket), "answered twice"),
            }
        }
    }
}

fn callback(n: u64, body: &str) -> String {
    format!(r#"{{"cmd":"aibot_msg_callback","headers":{{"req_id":"c{n}"}},"body":{body}}}"#)
}

proptest! {
    #[test]
    fn every_command_is_answered_once_and_every_callback_told_once(
        seed in any::<u64>(),
        acts in proptest::collection::vec(act(), 0..120),
    ) {
        let mut world = World::new(seed);
        world.settle();
        for act in acts {
            world.act(act);
        }
        prop_assert_eq!(world.told, world.heard);
        world.machine.stop();
        world.carry_out();
        prop_assert_eq!(world.answered.len() as u64, world.asked);
        prop_assert!(world.machine.is_over());
    }
}
