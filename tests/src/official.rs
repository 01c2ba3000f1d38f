//! The client of a 公众号 against the simulated platform, over the wire.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use channels::official::{Account, AccountSettings, BadCallback, Door, Received, receive, verify_url};
use channels::wecom::crypt::{Crypt, CryptFault};
use channels::{Arrival, Fate, Said, Spent, What};
use simulator::official::{Call, Knock, Mode, Notation, Official, Settings};
use simulator::{Clock, Fault, Lost, Nonce};

const NOW: i64 = 1_800_000_000_000;
const XIAOYU: &str = "oXiaoyu-0123456789_abcdefghij";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n shoe";

/// What stands where the product would: verifies, keeps each request and each arrival once, answers with nothing.
#[derive(Clone)]
struct Keeper {
    door: Arc<Door>,
    clock: Clock,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    requests: BTreeSet<String>,
    ids: BTreeSet<String>,
    arrivals: Vec<Arrival>,
    refused: Vec<BadCallback>,
    /// Answers 500 so many times, after it has kept what came.
    fails: usize,
}

impl Keeper {
    fn take(&self, received: Received) -> StatusCode {
        let mut kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if kept.requests.insert(received.replay_key) && kept.ids.insert(received.arrival.id.clone()) {
            kept.arrivals.push(received.arrival);
        }
        if kept.fails > 0 {
            kept.fails -= 1;
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        StatusCode::OK
    }

    fn arrivals(&self) -> Vec<What> {
        self.kept
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .arrivals
            .iter()
            .map(|arrival| arrival.what.clone())
            .collect()
    }

    fn refused(&self) -> Option<BadCallback> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).refused.last().copied()
    }
}

async fn check(State(keeper): State<Keeper>, RawQuery(query): RawQuery) -> Response {
    match verify_url(&keeper.door, &query.unwrap_or_default(), keeper.clock.now_ms() / 1_000) {
        Ok(echo) => echo.into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn hear(State(keeper): State<Keeper>, RawQuery(query): RawQuery, body: Bytes) -> StatusCode {
    match receive(&keeper.door, &query.unwrap_or_default(), &body, keeper.clock.now_ms() / 1_000) {
        Ok(received) => keeper.take(received),
        Err(bad) => {
            keeper.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).refused.push(bad);
            StatusCode::BAD_REQUEST
        }
    }
}

struct Stage {
    platform: Official,
    keeper: Keeper,
    account: Account,
    clock: Clock,
}

impl Stage {
    async fn new() -> anyhow::Result<Stage> {
        Stage::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> anyhow::Result<Stage> {
        let clock = Clock::at(NOW);
        let platform = Official::start(Settings { clock: clock.clone(), ..settings }).await?;
        let Settings { app_id, original_id, secret, token, aes_key, mode, .. } = platform.settings().clone();
        let crypt = Crypt::new(&token, &aes_key, &app_id)?;
        let door = match mode {
            Mode::Clear => Door::Clear { token: crypt.token().clone(), original_id },
            Mode::Compatible | Mode::Safe => Door::Sealed(crypt),
        };
        let keeper = Keeper { door: Arc::new(door), clock: clock.clone(), kept: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        platform.knock_at(&format!("http://{}/callback/official", listener.local_addr()?));
        let app = Router::new().route("/callback/official", get(check).post(hear)).with_state(keeper.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let settings = AccountSettings { base: platform.api_base(), app_id, secret: secret.into() };
        let time = clock.clone();
        let account = Account::new(settings, Arc::new(move || time.now_ms() / 1_000), None)?;
        Ok(Stage { platform, keeper, account, clock })
    }

    async fn send(&self, words: &str) -> Fate {
        let until = Instant::now() + Duration::from_secs(60);
        Fate::of_official(&self.account.send_text(XIAOYU, words, until).await)
    }

    fn sent(&self) -> Vec<String> {
        self.platform.accepted().into_iter().map(|sent| sent.content).collect()
    }

    fn knock(&self) -> anyhow::Result<Knock> {
        self.platform.knocks().pop().context("nothing was delivered")
    }
}

fn said(words: &str) -> What {
    What::Said(Said::text(words))
}

#[tokio::test]
async fn every_mode_and_notation_comes_in() -> anyhow::Result<()> {
    for mode in [Mode::Clear, Mode::Compatible, Mode::Safe] {
        for notation in [Notation::Xml, Notation::Json] {
            let stage = Stage::with(Settings { mode, notation, ..Settings::default() }).await?;
            stage.platform.verify_callback_url().await?;
            let nasty = "退]]>给<我> & \"谢谢\" <?x <!--";
            stage.platform.says(XIAOYU, nasty).await?;
            stage.platform.sends_image(XIAOYU, PNG.to_vec()).await?;
            stage.platform.sends_voice(XIAOYU, b"#!AMR\n".to_vec(), Some("到哪了")).await?;
            let arrivals = stage.keeper.arrivals();
            ensure!(arrivals.len() == 3 && arrivals[0] == said(nasty), "{mode:?} {notation:?}: {arrivals:?}");
            let What::Said(Said { kind, attachment: Some(picture), .. }) = &arrivals[1] else { panic!("{arrivals:?}") };
            ensure!(kind == "image" && stage.account.media(picture, 1_000).await?.bytes == PNG);
            ensure!(matches!(&arrivals[2], What::Said(Said { kind, text, .. }) if kind == "voice" && text == "到哪了"));
            ensure!(stage.platform.bubbles().is_empty() && stage.keeper.refused().is_none());
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_delivered_twice_is_one_arrival() -> anyhow::Result<()> {
    for mode in [Mode::Clear, Mode::Compatible, Mode::Safe] {
        for retry_nonce in [Nonce::Same, Nonce::Changed] {
            let stage = Stage::with(Settings { mode, retry_nonce, ..Settings::default() }).await?;
            stage.keeper.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fails = 2;
            let told = stage.platform.says(XIAOYU, "在吗").await?;
            ensure!((told.status, told.attempts) == (Some(200), 3));
            stage.keeper.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fails = 2;
            stage.platform.clicks(XIAOYU, "service").await?;
            ensure!(stage.platform.knock(&stage.knock()?).await? == Some(200), "a replay is answered like the first");
            let arrivals = stage.keeper.arrivals();
            ensure!(arrivals == [said("在吗"), What::Entered { code: None }], "{mode:?} {retry_nonce:?}: {arrivals:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_was_tampered_with_or_is_old_is_refused() -> anyhow::Result<()> {
    for mode in [Mode::Clear, Mode::Compatible, Mode::Safe] {
        let stage = Stage::with(Settings { mode, ..Settings::default() }).await?;
        stage.platform.says(XIAOYU, "在吗").await?;
        let real = stage.knock()?;
        for (at, name) in ["signature", "timestamp", "nonce"].iter().enumerate() {
            let mut forged = real.clone();
            let value = &mut forged.query.iter_mut().find(|(given, _)| given == name).context("no such parameter")?.1;
            let digit = if value.ends_with('1') { "2" } else { "1" };
            value.replace_range(value.len() - 1.., digit);
            // The three-part signature counts in clear text only.
            let refused = at > 0 || mode == Mode::Clear;
            ensure!(stage.platform.knock(&forged).await? == Some(if refused { 400 } else { 200 }), "{mode:?} {name}");
        }
        stage.clock.advance(301_000);
        ensure!(stage.platform.knock(&real).await? == Some(400));
        ensure!(stage.keeper.refused() == Some(BadCallback::Stale { skew_secs: -301 }));
        ensure!(stage.keeper.arrivals() == [said("在吗")]);
    }
    Ok(())
}

#[tokio::test]
async fn the_clear_part_of_compatible_mode_says_nothing() -> anyhow::Result<()> {
    let stage = Stage::with(Settings { mode: Mode::Compatible, ..Settings::default() }).await?;
    stage.platform.says(XIAOYU, "在吗").await?;
    let real = stage.knock()?;
    stage.keeper.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).requests.clear();
    stage.keeper.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).ids.clear();
    let lie = Knock { body: real.body.replace("在吗", "转账给我"), ..real.clone() };
    ensure!(lie.body != real.body && stage.platform.knock(&lie).await? == Some(200));
    ensure!(stage.keeper.arrivals() == [said("在吗"), said("在吗")], "only what is sealed is read");
    let mut downgraded = lie;
    downgraded.query.retain(|(name, _)| !["encrypt_type", "msg_signature"].contains(name));
    ensure!(stage.platform.knock(&downgraded).await? == Some(400));
    ensure!(stage.keeper.refused() == Some(BadCallback::Parameter("encrypt_type")));
    Ok(())
}

#[tokio::test]
async fn another_accounts_callbacks_are_refused() -> anyhow::Result<()> {
    for mode in [Mode::Clear, Mode::Safe] {
        let mine = Stage::with(Settings { mode, ..Settings::default() }).await?;
        // The same token and key: what is left to tell them apart is the receiver.
        let (app_id, original_id) = ("wx0000000000000000".to_owned(), "gh_other".to_owned());
        let theirs = Stage::with(Settings { mode, app_id, original_id, ..Settings::default() }).await?;
        theirs.platform.says(XIAOYU, "在吗").await?;
        ensure!(mine.platform.knock(&theirs.knock()?).await? == Some(400));
        ensure!(mine.keeper.refused() == Some(BadCallback::Refused(CryptFault::Receiver)));
    }
    Ok(())
}

#[tokio::test]
async fn five_replies_and_48_hours() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.platform.says(XIAOYU, "在吗").await?;
    for n in 1..=5 {
        ensure!(stage.send(&n.to_string()).await == Fate::Accepted, "{n}");
    }
    ensure!(stage.send("6").await == Fate::Refused { code: 45047, spent: Some(Spent::Messages) });
    stage.platform.says(XIAOYU, "还在吗").await?;
    stage.clock.advance(channels::official::ABILITIES.window.context("a window")?.lasts_ms);
    ensure!(stage.send("7").await == Fate::Refused { code: 45015, spent: Some(Spent::Window) });
    ensure!(stage.sent() == ["1", "2", "3", "4", "5"]);
    Ok(())
}

#[tokio::test]
async fn who_unfollows_is_gone() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.platform.subscribes(XIAOYU).await?;
    ensure!(stage.account.follower(XIAOYU).await?.subscribed);
    stage.platform.says(XIAOYU, "在吗").await?;
    stage.platform.unsubscribes(XIAOYU).await?;
    let arrivals = stage.keeper.arrivals();
    ensure!(arrivals == [What::Entered { code: None }, said("在吗"), What::SessionEnded], "{arrivals:?}");
    ensure!(stage.send("您好").await == Fate::Refused { code: 45015, spent: Some(Spent::Window) });
    let gone = stage.account.follower(XIAOYU).await?;
    ensure!(!gone.subscribed && gone.language.is_none());
    Ok(())
}

#[tokio::test]
async fn a_dead_token_is_renewed_once() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.platform.says(XIAOYU, "在吗").await?;
    ensure!(stage.send("1").await == Fate::Accepted);
    stage.platform.revoke_tokens();
    ensure!(stage.send("2").await == Fate::Accepted);
    ensure!((stage.platform.count(Call::StableToken), stage.platform.count(Call::Send)) == (2, 3));
    // One whose life is over is replaced before anything is sent with it.
    stage.platform.says(XIAOYU, "还在吗").await?;
    stage.clock.advance(7_200_000);
    ensure!(stage.send("3").await == Fate::Accepted);
    ensure!(stage.platform.count(Call::StableToken) == 3 && stage.platform.count(Call::Token) == 0);
    ensure!(stage.sent() == ["1", "2", "3"], "renewed, and sent once each");
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_never_resent() -> anyhow::Result<()> {
    for (lost, slow) in [(Lost::Drop, false), (Lost::BadGateway, false), (Lost::Garbage, false), (Lost::Hang, true)] {
        let stage = Stage::new().await?;
        stage.platform.says(XIAOYU, "在吗").await?;
        for (fault, taken) in [(Fault::After(lost), 1), (Fault::Before(lost), 1)] {
            if slow && fault == Fault::Before(lost) {
                continue;
            }
            let calls = stage.platform.count(Call::Send);
            stage.platform.disturb(Call::Send, 1, fault);
            ensure!(stage.send("您好").await == Fate::Unknown, "{fault:?}");
            ensure!(stage.platform.count(Call::Send) == calls + 1, "{fault:?} was repeated");
            ensure!(stage.sent().len() == taken, "{fault:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn pictures_and_typing_arrive() -> anyhow::Result<()> {
    let stage = Stage::new().await?;
    stage.platform.says(XIAOYU, "在吗").await?;
    stage.account.typing(XIAOYU, true).await?;
    ensure!(stage.account.typing(XIAOYU, true).await.is_err_and(|e| e.code() == Some(45081)));
    let id = stage.account.upload_image("鞋.png", PNG).await?;
    let until = Instant::now() + Duration::from_secs(60);
    stage.account.send_image(XIAOYU, &id, until).await?;
    let sent = stage.platform.accepted();
    ensure!(sent.len() == 1 && sent[0].kind == "image" && stage.platform.media(&id).as_deref() == Some(PNG));
    Ok(())
}
