//! The edge alone: verify, decrypt and read a callback, in the process and over HTTP, with nothing stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aijia::clock::{Clock, SECOND};
use anyhow::ensure;
use campaigns::database::On;
use campaigns::world::{Plan, World};
use channels::wecom::callback;
use channels::wecom::crypt::Crypt;
use simulator::Settings;

use crate::Asked;
use crate::figures::Figures;
use crate::http::{Connection, post};
use crate::process::{cpu, thread_cpu};

/// Bytes of a message's XML.
const SIZE: usize = 1_024;
/// Connections kept open.
const CONNECTIONS: usize = 64;

pub async fn measure(asked: &Asked, figures: &mut Figures) -> anyhow::Result<()> {
    let rate = in_process(asked.share(5))?;
    figures.judge(
        None,
        "verify + decrypt + parse, 1 KB, one core",
        format!("{rate:.0}/s"),
        "> 137,000/s",
        rate > 137_000.0,
    );
    let rate = over_http(asked).await?;
    figures.judge(
        None,
        "HTTP, the same and answered, nothing stored",
        format!("{rate:.0} per server CPU-second"),
        "> 47,000",
        rate > 47_000.0,
    );
    Ok(())
}

/// Seals callbacks as the platform does.
pub struct Platform {
    crypt: Crypt,
    settings: Settings,
}

impl Platform {
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        let crypt = Crypt::new(&settings.callback_token, &settings.callback_aes_key, &settings.corp_id)?;
        Ok(Self { crypt, settings })
    }

    /// A query and a body that carry `xml`; `number` makes them differ from any other.
    pub fn sealed(&self, xml: &str, number: u64) -> (String, String) {
        let (at, nonce) = (now_secs().to_string(), format!("n{number}"));
        let random = u128::from(number).to_be_bytes();
        let sealed = self.crypt.seal(xml.as_bytes(), random, &at, &nonce);
        let body = format!(
            "<xml><ToUserName><![CDATA[{}]]></ToUserName><Encrypt><![CDATA[{}]]></Encrypt><AgentID><![CDATA[{}]]></AgentID></xml>",
            self.settings.corp_id, sealed.encrypt, self.settings.agent_id
        );
        (format!("msg_signature={}&timestamp={at}&nonce={nonce}", sealed.msg_signature), body)
    }

    /// A message of a colleague, as long as [`SIZE`].
    fn message(&self, number: u64) -> String {
        let with = |content: &str| {
            format!(
                "<xml><ToUserName><![CDATA[{}]]></ToUserName><FromUserName><![CDATA[LiHua]]></FromUserName>\
                 <CreateTime>{}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content>\
                 <MsgId>{number}</MsgId><AgentID>{}</AgentID></xml>",
                self.settings.corp_id,
                now_secs(),
                self.settings.agent_id
            )
        };
        let left = SIZE.saturating_sub(with("").len()) / "问".len();
        with(&"问".repeat(left))
    }

    /// A doorbell, as long as [`SIZE`]: its token fills it up.
    pub fn doorbell(&self, account: &str, number: u64) -> String {
        let with = |token: &str| {
            format!(
                "<xml><ToUserName><![CDATA[{}]]></ToUserName><CreateTime>{}</CreateTime><MsgType><![CDATA[event]]></MsgType>\
                 <Event><![CDATA[kf_msg_or_event]]></Event><Token><![CDATA[{token}]]></Token>\
                 <OpenKfId><![CDATA[{account}]]></OpenKfId></xml>",
                self.settings.corp_id,
                now_secs()
            )
        };
        let left = SIZE.saturating_sub(with("").len());
        with(&format!("{number:0left$}"))
    }
}

/// Seconds since 1970.
fn now_secs() -> i64 {
    Clock::System.now() / SECOND
}

/// How many callbacks one core verifies, decrypts and reads in a second.
fn in_process(how_long: Duration) -> anyhow::Result<f64> {
    let platform = Platform::new(Settings::default())?;
    let sealed: Vec<(String, String)> = (0..64).map(|n| platform.sealed(&platform.message(n), n)).collect();
    let (began, before, mut count) = (Instant::now(), thread_cpu(), 0_u64);
    while began.elapsed() < how_long {
        for (query, body) in &sealed {
            let read = callback::receive(&platform.crypt, query, body.as_bytes(), now_secs());
            ensure!(read.is_ok(), "a callback of our own is refused: {read:?}");
            std::hint::black_box(&read);
            count += 1;
        }
    }
    // By the thread's own time: the machine may be busy with other things.
    Ok(count as f64 / thread_cpu().saturating_sub(before).as_secs_f64().max(0.01))
}

/// Callbacks a second of the server's processor time: known ones, which are verified, decrypted, read and answered like
/// all others, and only stored no second time.
async fn over_http(asked: &Asked) -> anyhow::Result<f64> {
    let mut world = World::open(Plan { on: On::Sqlite, binary: asked.program.clone(), ..Plan::default() }).await?;
    world.start_all().await?;
    let Some(Some(server)) = world.instances.first() else { anyhow::bail!("nothing serves") };
    let platform = Platform::new(world.sim.settings())?;
    let account = world.plan.shop.account(0);
    let requests: Arc<Vec<Vec<u8>>> = Arc::new((0..64).map(|n| ring(&platform, &account, n)).collect());
    let mut connection = Connection::open(server.address).await?;
    for request in requests.iter() {
        ensure!(connection.ask(request).await? == 200, "a callback of our own is refused");
    }
    let (before, stop, done) = (cpu(server.id()), Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..CONNECTIONS {
        let mut connection = Connection::open(server.address).await?;
        let (requests, stop, done) = (requests.clone(), stop.clone(), done.clone());
        asking.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let request = &requests[n % requests.len()];
                ensure!(connection.ask(request).await? == 200, "a callback that is known is refused");
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    tokio::time::sleep(asked.share(10)).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(asked) = asking.join_next().await {
        asked??;
    }
    let used = cpu(server.id()).saturating_sub(before);
    world.close(false).await?;
    Ok(done.load(Ordering::Relaxed) as f64 / used.as_secs_f64().max(0.01))
}

/// A request with a sealed doorbell.
pub fn ring(platform: &Platform, account: &str, number: u64) -> Vec<u8> {
    let (query, body) = platform.sealed(&platform.doorbell(account, number), number);
    post(&query, &body)
}
