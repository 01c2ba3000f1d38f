//! What goes wrong at the edges: greetings that get lost, replies that never arrive, accounts nobody configured,
//! messages that are taken back, configuration that would strand somebody.

use std::time::Duration;

use aijia::case::{Event, PartResult, State, Why};
use aijia::evidence::{Actor, Kind};
use aijia::store::conversations::{self, Message};
use aijia::store::queue::{self, Rank};
use aijia::store::{desks, sends};
use aijia::worker::Inbound;
use aijia::{config, effects, start, worker};
use anyhow::{Context, ensure};
use cards::Act;
use channels::wecom::kf::KfMessage;
use serde_json::{Value, json};
use simulator::{Api, Fault, Lost};

use crate::story;
use crate::world::shown::sha256;
use crate::world::{DESK, FLAGSHIP, Setting, World, XIAOYU};

const FACT: &str = "羊毛衫会起球吗？";
const UNKNOWN: &str = "你们老板养的猫叫什么名字？";
const WELCOME: &str = "您好，这里是山茶家，请问有什么可以帮您？";

fn with_welcome() -> Setting {
    let last_line = "review_required = [\"coupon\"]\n";
    let sha256 = sha256(WELCOME);
    let table =
        format!("[channels.notices.welcome]\ntext = \"{WELCOME}\"\napproved_by = \"chenjie\"\nsha256 = \"{sha256}\"\n");
    Setting::desk(DESK.replacen(last_line, &format!("{last_line}\n{table}"), 1))
}

fn read_only() -> Setting {
    Setting::desk(DESK.replacen("mode = \"draft\"", "mode = \"read_only\"", 1))
}

impl World {
    /// The messages of the customer most stories are about.
    async fn messages(&self) -> anyhow::Result<Vec<Message>> {
        self.app
            .store
            .read(|tx| {
                Box::pin(async move {
                    let open = conversations::by_customer(tx, "kf-flagship", XIAOYU).await?;
                    let open = open.context("no conversation")?;
                    Ok(conversations::history(tx, &open.id, 50).await?)
                })
            })
            .await
    }

    /// Something as the platform would give it arrives in the flagship's account, and is handled.
    async fn hears(&mut self, item: Value) -> anyhow::Result<()> {
        let (app, now) = (self.app.clone(), self.clock.now());
        let message = KfMessage::read(&item, FLAGSHIP);
        let dedup = format!("kf:{FLAGSHIP}:{}", message.msgid);
        let body = Inbound::Customer { account: FLAGSHIP.into(), message, backlog: false };
        let body = serde_json::to_string(&body)?;
        let id = app.ids.next(now)?;
        let stored = app.store.commit(move |tx| {
            Box::pin(async move {
                let lane = format!("kf:{FLAGSHIP}:{XIAOYU}");
                Ok(queue::receive(tx, &id, &dedup, (&lane, Rank::Then), &body, now).await?)
            })
        });
        ensure!(stored.await?, "it was there before");
        self.settle().await
    }

    fn item(&self, msgid: &str, origin: i64, text: &str) -> Value {
        json!({ "msgid": msgid, "open_kfid": FLAGSHIP, "external_userid": XIAOYU, "origin": origin,
            "send_time": self.clock.now() / 1000, "msgtype": "text", "text": { "content": text } })
    }

    /// How often a text stands in a table, whichever column.
    async fn rows_saying(&self, text: &'static str) -> anyhow::Result<Vec<(String, i64)>> {
        let sql = "SELECT 'inbox', COUNT(*) FROM inbox WHERE REPLACE(body, $1, '') <> body
                   UNION ALL SELECT 'outbox', COUNT(*) FROM outbox WHERE REPLACE(body, $1, '') <> body
                   UNION ALL SELECT 'gaps', COUNT(*) FROM gaps WHERE REPLACE(question, $1, '') <> question
                   UNION ALL SELECT 'messages', COUNT(*) FROM messages WHERE REPLACE(body, $1, '') <> body
                   UNION ALL SELECT 'evidence', COUNT(*) FROM evidence WHERE REPLACE(payload, $1, '') <> payload";
        let rows = self
            .app
            .store
            .read(move |tx| Box::pin(async move { Ok(tx.all::<(String, i64)>(sql, aijia::args![text]).await?) }));
        Ok(rows.await?.into_iter().filter(|(_, times)| *times > 0).collect())
    }

    async fn under_way(&self) -> anyhow::Result<Vec<sends::Send>> {
        self.app.store.read(|tx| Box::pin(async move { Ok(sends::in_flight(tx).await?) })).await
    }

    /// How often the phone of whoever watches the desk shows a text.
    pub fn alarms(&self, text: &str) -> usize {
        self.sim.inbox("WangWu").iter().filter(|item| item.text.contains(text)).count()
    }
}

story!(
    /// A greeting is a send like any other: claimed, settled, on record, and part of the conversation.
    a_greeting_is_a_send,
    in with_welcome(),
    |world| {
        world.sim.customer_enters(FLAGSHIP, XIAOYU).await?;
        world.settle().await?;
        let sent = world.sim.accepted_kf_sends();
        ensure!(sent.len() == 1 && sent[0].on_event && sent[0].text == WELCOME);
        let id = sent[0].msgid.clone();
        let intent = world.app.store.read(move |tx| Box::pin(async move { Ok(sends::load(tx, &id).await?) }));
        let intent = intent.await?.context("no intent for the greeting")?;
        ensure!(intent.kind == "welcome" && intent.case().is_none() && intent.state == "accepted");
        let settled = world.entries(Kind::SendSettled).await?;
        ensure!(settled.len() == 1 && settled[0]["notice"] == "welcome", "{settled:?}");
        let said = world.messages().await?;
        ensure!(said.len() == 1 && said[0].body == WELCOME && said[0].author == "shop", "{said:?}");
        world.customer_says(FACT).await?;
        ensure!(world.phone("LiHua").contains("小雨") || world.app.store.read(|tx| Box::pin(async move {
            Ok(conversations::by_customer(tx, "kf-flagship", XIAOYU).await?.and_then(|c| c.name))
        })).await?.is_some(), "who is greeted first has a name too");
    }
);

story!(
    /// The program dies while a greeting is on its way: unknown, never repeated, and no longer under way.
    killed_while_a_greeting_was_on_its_way,
    in with_welcome(),
    |world| {
        world.sim.faults().next(Api::KfSendMsgOnEvent, 1, Fault::After(Lost::Hang));
        world.sim.customer_enters(FLAGSHIP, XIAOYU).await?;
        world.killed_at(Api::KfSendMsgOnEvent, 1).await?;
        world.wait(Duration::from_secs(61)).await?;
        ensure!(world.sim.count(Api::KfSendMsgOnEvent) == 1 && world.under_way().await?.is_empty());
        let settled = world.entries(Kind::SendSettled).await?;
        ensure!(settled.len() == 1 && settled[0]["result"]["result"] == "unknown", "{settled:?}");
    }
);

story!(
    /// Whoever pauses hears of a greeting that is on its way, although it belongs to no case.
    a_pause_names_a_greeting_under_way,
    in with_welcome(),
    |world| {
        world.sim.faults().next(Api::KfSendMsgOnEvent, 1, Fault::After(Lost::Hang));
        world.sim.customer_enters(FLAGSHIP, XIAOYU).await?;
        let app = world.app.clone();
        let working = tokio::spawn(async move { worker::pump(&app).await });
        while world.sim.count(Api::KfSendMsgOnEvent) == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        world.member_says("WangWu", "/暂停 kf-flagship").await?;
        let told = world.newest_text("WangWu");
        ensure!(told.contains("出门") && told.contains(XIAOYU), "{told}");
        working.abort();
        world.restart().await?;
        world.wait(Duration::from_secs(61)).await?;
    }
);

story!(
    /// A greeting that was not delivered is told and on record; the case that was answered since stays closed.
    a_lost_greeting_opens_no_case_again,
    in with_welcome(),
    |world| {
        world.sim.customer_enters(FLAGSHIP, XIAOYU).await?;
        world.settle().await?;
        let greeting = world.sim.accepted_kf_sends()[0].msgid.clone();
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        ensure!(world.case(1).await?.is_closed());
        world.sim.send_fails(&greeting, 10).await?;
        world.settle().await?;
        ensure!(world.case(1).await?.is_closed() && world.alarms("固定回复") == 1, "{}", world.phone("WangWu"));
        ensure!(world.entries(Kind::DeliveryFailed).await?.len() == 1);
        ensure!(world.messages().await?.iter().filter(|m| m.failed).count() == 1);
    }
);

story!(
    /// A reply that did not arrive counts as not said: the story says so, the question is open again, and what the
    /// platform says about the budget holds.
    a_reply_that_did_not_arrive,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        let sent = world.sim.accepted_kf_sends()[0].msgid.clone();
        world.sim.send_fails(&sent, 6).await?;
        world.settle().await?;
        ensure!(matches!(world.case(1).await?.state, State::NeedsPerson(ref s) if s.why == Why::NotDelivered));
        let said = world.messages().await?;
        ensure!(said.iter().any(|m| m.author == "shop" && m.failed), "{said:?}");
        ensure!(said.iter().any(|m| m.author == "customer" && !m.answered), "{said:?}");
        let id = world.case(1).await?.conversation;
        let open = world.app.store.read(move |tx| Box::pin(async move { Ok(conversations::load(tx, &id).await?) }));
        ensure!(open.await?.context("no conversation")?.window().quota_left == Some(0), "more than five, says the platform");
        world.member_says("LiHua", "/case 1").await?;
        ensure!(world.phone("LiHua").contains("没有送达"), "{}", world.phone("LiHua"));
    }
);

story!(
    /// The message that opens a case belongs to it, and not to the case before.
    the_first_message_belongs_to_its_case,
    |world| {
        world.customer_says(FACT).await?;
        world.taps("LiHua", Act::Send).await?;
        world.customer_says(UNKNOWN).await?;
        let (first, second) = (world.case(1).await?.id, world.case(2).await?.id);
        let said = world.messages().await?;
        let of = |text: &str| said.iter().find(|m| m.body == text).and_then(|m| m.case_id.clone());
        ensure!(of(FACT) == Some(first) && of(UNKNOWN) == Some(second), "{said:?}");
    }
);

story!(
    /// A channel that only reads opens no case by itself, but goes on with the one that is open.
    an_open_case_goes_on_where_the_channel_only_reads,
    in read_only(),
    |world| {
        world.customer_says(FACT).await?;
        ensure!(world.case(1).await.is_err());
        world.customer_says("转人工").await?;
        let before = world.case(1).await?.watermark;
        world.customer_says("订单一直没发货").await?;
        ensure!(world.case(1).await?.watermark == before + 1 && world.case(2).await.is_err());
    }
);

story!(
    /// Messages on an account nobody configured are kept, told once, and handled once the channel exists.
    an_account_nobody_configured_loses_nothing,
    |world| {
        world.sim.add_kf_account("wkNew", "山茶家新店");
        for text in [FACT, "在吗", "有人吗"] {
            world.sim.customer_says("wkNew", "wmLinlin", text).await?;
            world.settle().await?;
        }
        ensure!(world.alarms("wkNew") == 1, "{}", world.phone("WangWu"));
        world.wait(Duration::from_secs(3600)).await?;
        ensure!(world.alarms("wkNew") == 1 && world.case(1).await.is_err());
        let mut desk = world.desk().await?.desk.clone();
        let mut channel = desk.channels[0].clone();
        (channel.id, channel.account) = ("kf-new".into(), "wkNew".into());
        desk.channels.push(channel);
        start::apply_desk(&world.app, desk, "with the new shop".into()).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.case(1).await?.channel == "kf-new" && world.case(2).await.is_err());
        let counts = world.app.store.read(|tx| Box::pin(async move { Ok(desks::counts(tx).await?) })).await?;
        ensure!(counts.iter().any(|(what, times)| what == "unknown_account:wkNew" && *times >= 1), "{counts:?}");
    }
);

story!(
    /// A channel with open cases cannot be taken away; who may do what is on record when it changes.
    a_channel_with_open_cases_stays,
    |world| {
        world.customer_says(FACT).await?;
        let mut desk = world.desk().await?.desk.clone();
        desk.channels.iter_mut().filter(|c| c.id == "kf-flagship").for_each(|c| c.id = "kf-renamed".into());
        let refused = start::apply_desk(&world.app, desk, "renamed".into()).await;
        let problem = refused.err().context("it was applied")?.to_string();
        ensure!(problem.contains("kf-flagship") && problem.contains("1 open cases"), "{problem}");
        ensure!(world.desk().await?.desk.channel("kf-flagship").is_some());
        let mut desk = world.desk().await?.desk.clone();
        desk.people.iter_mut().filter(|p| p.id == "lihua").for_each(|p| p.roles.push(aijia::desk::Role::Supervisor));
        start::apply_desk(&world.app, desk, "promoted".into()).await?;
        let applied = world.entries(Kind::ConfigApplied).await?;
        let rights = applied.last().map(|payload| payload["rights"].clone()).unwrap_or_default();
        let promoted = json!([{ "of": "lihua", "before": ["reviewer"], "after": ["reviewer", "supervisor"] }]);
        ensure!(rights == promoted, "{rights}");
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
    }
);

story!(
    /// What an importer did is not what the owner did.
    an_import_is_recorded_as_one,
    |world| {
        let changed = world.app.store.read(|tx| {
            Box::pin(async move { aijia::store::record::of_desk(tx, 1000).await })
        });
        let changed: Vec<_> = changed.await?.into_iter().filter(|told| told.kind == Kind::KnowledgeChanged).collect();
        ensure!(!changed.is_empty() && changed.iter().all(|told| told.actor == Actor::System));
        let payload = changed[0].payload.clone().unwrap_or_default();
        ensure!(payload["by"] == "aijia knowledge import" && payload["file"].is_string(), "{payload}");
    }
);

story!(
    /// An origin nobody knows, a character no database takes: the customer's words are kept and answered.
    odd_messages_are_not_lost,
    |world| {
        let item = world.item("odd-1", 9, "羊毛衫\0会起球吗？");
        world.hears(item).await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.has_open_card("LiHua"));
        ensure!(world.messages().await?[0].body == FACT);
    }
);

story!(
    /// Taken back is taken back: no copy of the words is left anywhere in the database.
    a_recalled_message_leaves_no_copy,
    |world| {
        let msgid = world.sim.customer_says(FLAGSHIP, XIAOYU, UNKNOWN).await?;
        world.settle().await?;
        world.wait(Duration::from_secs(4)).await?;
        world.member_says("LiHua", "/why 1").await?;
        ensure!(world.rows_saying(UNKNOWN).await?.iter().any(|(table, _)| table == "gaps"));
        world.sim.customer_recalls(&msgid).await?;
        world.settle().await?;
        ensure!(world.rows_saying(UNKNOWN).await?.is_empty(), "{:?}", world.rows_saying(UNKNOWN).await?);
    }
);

story!(
    /// The attachment goes with the message.
    a_recalled_picture_is_removed,
    |world| {
        let msgid = world.sim.customer_sends_image(FLAGSHIP, XIAOYU, b"\x89PNG a picture".to_vec()).await?;
        world.settle().await?;
        let name = world.messages().await?[0].media_sha256.clone().context("it was not stored")?;
        ensure!(world.app.blobs.get(&name).await.is_ok());
        world.sim.customer_recalls(&msgid).await?;
        world.settle().await?;
        ensure!(world.app.blobs.get(&name).await.is_err());
    }
);

story!(
    /// The recall overtakes its message: the words are never stored.
    a_recall_that_comes_first,
    |world| {
        let mut recall = world.item("recall-1", 4, "");
        recall["msgtype"] = "event".into();
        recall["event"] = json!({ "event_type": "user_recall_msg", "recall_msgid": "late-1" });
        world.hears(recall).await?;
        let late = world.item("late-1", 3, UNKNOWN);
        world.hears(late).await?;
        world.wait(Duration::from_secs(4)).await?;
        ensure!(world.case(1).await.is_err() && world.rows_saying(UNKNOWN).await?.is_empty());
    }
);

story!(
    /// Whoever lost the lease of a send says nothing about what somebody else is sending.
    a_worker_that_was_given_up_judges_nothing,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Hang));
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        let app = world.app.clone();
        let goal = world.sim.count(Api::KfSendMsg) + 1;
        let working = tokio::spawn(async move { worker::pump(&app).await });
        while world.sim.count(Api::KfSendMsg) < goal {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let row = world.app.store.read(|tx| {
            Box::pin(async move {
                let sql = "SELECT id, lane, body, attempts, fence FROM outbox WHERE kind = 'send'";
                Ok(tx.one::<queue::Row>(sql, aijia::args![]).await?)
            })
        });
        let row = row.await?.context("nothing is being sent")?;
        let stale = queue::Row { fence: row.fence - 1, ..row };
        let late = effects::perform(&world.app, stale).await;
        ensure!(late.is_err_and(|problem| problem.to_string().contains("no longer ours")));
        ensure!(matches!(world.case(1).await?.state, State::Sending(_)) && world.under_way().await?.len() == 1);
        working.abort();
        world.restart().await?;
        world.wait(Duration::from_secs(61)).await?;
        ensure!(matches!(world.case(1).await?.state, State::Unknown(_)));
    }
);

story!(
    /// Without a token nothing leaves, and nothing waits on its way for one.
    a_send_without_a_token_never_leaves,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.sim.faults().revoke_tokens();
        world.sim.faults().always(Api::GetToken, Fault::Before(Lost::Drop));
        world.taps_card("LiHua", &card, Act::Send, &[]).await?;
        ensure!(world.sim.accepted_kf_sends().is_empty() && world.under_way().await?.is_empty());
        let codes = world.app.store.read(|tx| {
            let sql = "SELECT state, code FROM sends";
            Box::pin(async move { Ok(tx.all::<(String, i64)>(sql, aijia::args![]).await?) })
        });
        // Where the card's change finds out first that the token is dead, the send is not even claimed.
        let codes = codes.await?;
        ensure!(codes.is_empty() || codes == [("failed".to_owned(), 0)], "{codes:?}");
        world.sim.faults().clear();
        world.wait(Duration::from_secs(300)).await?;
        let claimed = !codes.is_empty();
        ensure!(world.sim.accepted_kf_sends().is_empty() == claimed && world.has_open_card("LiHua") == claimed);
    }
);

story!(
    /// People read their own language: no reason is told in the program's words.
    why_is_told_in_the_desks_language,
    |world| {
        world.customer_says(FACT).await?;
        world.member_says("WangWu", "/暂停 kf-flagship 先停").await?;
        world.taps("LiHua", Act::Send).await?;
        world.customer_says("那羊绒衫呢？").await?;
        world.member_says("WangWu", "/why 1").await?;
        let told = world.newest_text("WangWu");
        ensure!(!told.contains("voided.") && !told.contains("customer wrote"), "{told}");
    }
);

/// Commands that only look follow the database, and say when the file says something else.
#[test]
fn looking_changes_nothing() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let run = |desk: &str, arguments: &[&str]| -> anyhow::Result<(Option<i32>, String)> {
        std::fs::write(folder.path().join("aijia.toml"), desk)?;
        let mut command = std::process::Command::new(crate::configuration::program()?);
        command.current_dir(folder.path()).args(arguments).env_clear();
        command.env("AIJIA_CONFIG", "aijia.toml").env("AIJIA_DATA_DIR", folder.path().join("data"));
        let output = command.output()?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let other = DESK.replacen("review_minutes = 10", "review_minutes = 11", 1);
    let other = if other == DESK { format!("{DESK}\n# changed\n") } else { other };
    let first = run(DESK, &["case", "list"])?;
    ensure!(first.0 == Some(0) && !first.1.contains("differs"), "the first start applies: {first:?}");
    for _ in 0..2 {
        let looked = run(&other, &["case", "list"])?;
        ensure!(looked.0 == Some(0) && looked.1.contains("differs"), "{looked:?}");
    }
    ensure!(run(&other, &["config", "apply"])?.0 == Some(0));
    let looked = run(&other, &["case", "list"])?;
    ensure!(!looked.1.contains("differs"), "{looked:?}");
    ensure!(config::parse_desk(&other, "aijia.toml").is_ok());
    Ok(())
}

story!(
    /// A reply of a case that is closed by now is settled late: the customer's newer case stays the one in hand.
    a_late_result_does_not_hide_the_newer_case,
    |world| {
        world.customer_says(FACT).await?;
        let card = world.card("LiHua")?;
        world.sim.faults().next(Api::KfSendMsg, 1, Fault::After(Lost::Hang));
        world.sim.tap("LiHua", &card.task_id, &card.key(Act::Send)?, &[]).await?;
        world.killed_at(Api::KfSendMsg, 1).await?;
        world.sim.servicer_types(FLAGSHIP, XIAOYU, "WangWu", "我来答").await?;
        world.settle().await?;
        let ended = json!({ "event_type": "session_status_change", "open_kfid": FLAGSHIP, "external_userid": XIAOYU,
            "change_type": 3, "old_servicer_userid": "WangWu" });
        let ended = json!({ "msgid": "ended-1", "open_kfid": FLAGSHIP, "external_userid": XIAOYU, "origin": 4,
            "send_time": world.clock.now() / 1000, "msgtype": "event", "event": ended });
        world.hears(ended).await?;
        ensure!(world.case(1).await?.is_closed());
        let question = world.item("said-2", 3, FACT);
        world.hears(question).await?;
        ensure!(!world.case(2).await?.is_closed());
        let (app, old) = (world.app.clone(), world.case(1).await?.id);
        let late = world.app.store.commit(move |tx| {
            Box::pin(async move {
                let event = Event::Settled { part: 0, result: PartResult::Accepted };
                worker::apply::apply(tx, &app, &old, &event).await
            })
        });
        ensure!(late.await?.is_ok());
        let again = world.item("said-3", 3, UNKNOWN);
        world.hears(again).await?;
        ensure!(world.case(3).await.is_err(), "the customer's second case was forgotten");
        // Whoever was killed is missed, and the row it held is finished by somebody else.
        world.wait(Duration::from_secs(61)).await?;
    }
);
