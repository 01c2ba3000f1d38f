//! Customers on other channels than WeChat customer service, so that one story can be told of all of them.

use anyhow::{Context, ensure};
use simulator::integrator::{Answer, Integrator};
use simulator::official::{self, Official};
use simulator::telegram::{self, Limits, Method, Spot, Telegram};
use simulator::{Api, Fault, Lost, Nonce};

use super::{FLAGSHIP, World, XIAOYU};

/// Where the customers of a story are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Customers {
    /// WeChat customer service.
    Kf,
    /// Another system behind a webhook.
    Webhook,
    /// Telegram.
    Telegram,
    /// An Official Account.
    Official,
}

/// The world they are in.
pub enum Away {
    Kf,
    Webhook(Integrator),
    Telegram(Telegram),
    Official(Official),
}

/// A customer on Telegram.
pub const PERSON: i64 = 80_001;
/// A follower of the Official Account.
pub const FOLLOWER: &str = "oFollower000000000000000001";

impl Away {
    /// Opens it.
    pub async fn open(customers: Customers, clock: &simulator::Clock) -> anyhow::Result<Self> {
        let clock = clock.clone();
        Ok(match customers {
            Customers::Kf => Self::Kf,
            Customers::Webhook => Self::Webhook(Integrator::start(aijia::demo::WEBHOOK_SECRET, clock).await?),
            Customers::Telegram => {
                let telegram = telegram_world(&clock).await?;
                telegram.add_person(PERSON, "小雨");
                Self::Telegram(telegram)
            }
            Customers::Official => {
                Self::Official(Official::start(official::Settings { clock, ..official::Settings::default() }).await?)
            }
        })
    }

    /// Where the program is from now on.
    pub fn knocks_at(&self, address: &str) {
        match self {
            Self::Kf | Self::Telegram(_) => {}
            Self::Webhook(other) => other.knock_at(&format!("{address}/callback/webhook/mini")),
            Self::Official(account) => account.knock_at(&format!("{address}/callback/official")),
        }
    }

    /// What the program has to know of it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Kf | Self::Webhook(_) => Vec::new(),
            Self::Telegram(telegram) => telegram_environment(telegram),
            Self::Official(account) => {
                let own = account.settings();
                vec![
                    ("OFFICIAL_APP_ID", own.app_id.clone()),
                    ("OFFICIAL_APP_SECRET", own.secret.clone()),
                    ("OFFICIAL_TOKEN", own.token.clone()),
                    ("OFFICIAL_AES_KEY", own.aes_key.clone()),
                    ("OFFICIAL_API_BASE", account.api_base()),
                ]
            }
        }
    }

    /// The desk with their channel on it.
    pub fn on_desk(&self, desk: &str) -> String {
        let (kind, account, more) = match self {
            Self::Kf => return desk.to_owned(),
            Self::Webhook(other) => {
                ("webhook", "miniprogram".to_owned(), format!("url = \"{}\"\nprivate = true\n", other.url()))
            }
            Self::Telegram(_) => ("telegram", "aijia_bot".to_owned(), String::new()),
            Self::Official(account) => ("official", account.settings().app_id.clone(), String::new()),
        };
        with_channel(desk, kind, &account, &more)
    }

    /// The bot's id.
    pub fn bot() -> i64 {
        telegram::Settings::default().bots[0].id()
    }
}

/// A Telegram whose chats take any number of messages a second.
pub async fn telegram_world(clock: &simulator::Clock) -> anyhow::Result<Telegram> {
    let limits = Limits { chat_per_second: usize::MAX, ..Limits::default() };
    Telegram::start(telegram::Settings { clock: clock.clone(), limits, ..telegram::Settings::default() }).await
}

/// What the program has to know of it.
pub fn telegram_environment(telegram: &Telegram) -> Vec<(&'static str, String)> {
    vec![
        ("TELEGRAM_BOT_TOKEN", telegram::Settings::default().bots[0].token.clone()),
        ("TELEGRAM_API_BASE", telegram.api_base()),
    ]
}

/// A desk with one more channel, called `mini`.
pub fn with_channel(desk: &str, kind: &str, account: &str, more: &str) -> String {
    let channel = format!(
        "[[channels]]\nid = \"mini\"\nkind = \"{kind}\"\naccount = \"{account}\"\nstore = \"flagship\"\n\
         name = \"山茶家小程序\"\nowner = \"wangwu\"\npermitted = [\"lihua\", \"zhaoliu\"]\n\
         escalation_owner = \"wangwu\"\nmode = \"draft\"\nallowed_actions = [\"reply\"]\n{more}"
    );
    desk.replacen("[policy]", &format!("{channel}\n[policy]"), 1)
}

impl World {
    /// The story's customer writes on their channel; nothing happens yet.
    pub async fn somebody_writes(&mut self, text: &str) -> anyhow::Result<()> {
        match &self.away {
            Away::Kf => self.sim.customer_says(FLAGSHIP, XIAOYU, text).await.map(drop)?,
            Away::Webhook(other) => {
                let id = format!("m-{}", other.tries().len() + text.len());
                let status = other.customer_says("c-1", &id, text).await?;
                ensure!(status == 200, "HTTP {status}");
            }
            Away::Telegram(telegram) => drop(telegram.say(PERSON, Spot::private(Away::bot(), PERSON), text)?),
            Away::Official(account) => {
                let delivery = account.says(FOLLOWER, text).await?;
                ensure!(delivery.status == Some(200) && delivery.attempts == 1, "{delivery:?}");
                ensure!(account.bubbles().is_empty(), "the answer to a callback is shown to the customer");
            }
        }
        Ok(())
    }

    /// The story's customer writes, and waits until the desk has drafted.
    pub async fn somebody_asks(&mut self, text: &str) -> anyhow::Result<()> {
        self.somebody_writes(text).await?;
        self.settle().await?;
        self.wait(std::time::Duration::from_secs(4)).await
    }

    /// The newest thing that happened there is delivered once more.
    pub async fn delivered_again(&mut self) -> anyhow::Result<()> {
        match &self.away {
            Away::Kf => self.sim.ring_twice(FLAGSHIP, Nonce::Changed).await.map(drop)?,
            Away::Webhook(other) => {
                let data = serde_json::json!({
                    "channel_account": "miniprogram", "conversation_id": "c-1", "thread_kind": "dm",
                    "message_id": "m-twice", "customer": {"id": "u-c-1"}, "sender_role": "customer", "text": "在吗",
                });
                for id in ["evt-a", "evt-b"] {
                    ensure!(other.tell_as(id, "message.created", data.clone()).await? == 200);
                }
            }
            Away::Telegram(telegram) => telegram.repeat_last(Away::bot())?,
            Away::Official(account) => {
                let last = account.knocks().pop().context("nothing was delivered")?;
                ensure!(account.knock(&last).await? == Some(200));
            }
        }
        self.settle().await
    }

    /// The answer to the next message to a customer gets lost after the platform took it.
    pub fn loses_the_next_answer(&self) {
        let lost = Fault::After(Lost::Drop);
        match &self.away {
            Away::Kf => self.sim.faults().next(Api::KfSendMsg, 1, lost),
            Away::Webhook(other) => other.answers([Answer::TakenAndLost]),
            Away::Telegram(telegram) => telegram.faults().next(Method::SendMessage, 1, lost),
            Away::Official(account) => account.disturb(official::Call::Send, 1, lost),
        }
    }

    /// What the story's customer heard from the shop, oldest first.
    pub fn somebody_heard(&self) -> Vec<String> {
        match &self.away {
            Away::Kf => self.customer_heard(XIAOYU),
            Away::Webhook(other) => other.replies().into_iter().map(|reply| reply.text).collect(),
            Away::Telegram(telegram) => {
                let theirs = telegram.sent().into_iter().filter(|message| message.spot.room.chat_id() == PERSON);
                theirs.map(|message| message.text).collect()
            }
            Away::Official(account) => account.accepted().into_iter().map(|sent| sent.content).collect(),
        }
    }
}
