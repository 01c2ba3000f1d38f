//! Colleagues on other surfaces than the WeCom app, so that one story can be told of all of them.

use std::time::Duration;

use aijia::worker;
use anyhow::{Context, ensure};
use cards::words::{Locale, Words};
use cards::{Act, CareAct, CareKey, Key};
use serde_json::Value;
use simulator::aibot::AiBot;
use simulator::telegram::{Message, Spot, Telegram};

use super::away::telegram_world;
use super::{Away, Card, World};

/// Where the colleagues of a story are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colleagues {
    /// The WeCom app.
    App,
    /// The WeCom AI bot.
    Aibot,
    /// Telegram.
    Telegram,
}

/// What they hold in their hands.
pub enum Phones {
    App,
    Aibot(AiBot),
    Telegram(Telegram),
}

/// The desk's members, and who they are on Telegram.
const MEMBERS: [(&str, i64); 5] =
    [("LiHua", 90_001), ("ZhaoLiu", 90_002), ("WangWu", 90_003), ("ChenJie", 90_004), ("SunMei", 90_005)];
const BOT_ID: &str = "aib-desk";
const BOT_SECRET: &str = "aibot-secret-for-stories";
/// How long a story waits for what crosses a socket.
const CROSSING: Duration = Duration::from_secs(5);

/// Who a member is on Telegram.
pub fn telegram_id(member: &str) -> i64 {
    MEMBERS.iter().find(|(name, _)| *name == member).map_or(0, |(_, id)| *id)
}

impl Phones {
    /// Hands them out; where the customers are on Telegram too, it is the same bot.
    pub async fn hand_out(colleagues: Colleagues, away: &Away, clock: &simulator::Clock) -> anyhow::Result<Self> {
        Ok(match colleagues {
            Colleagues::App => Self::App,
            Colleagues::Aibot => {
                let bot = AiBot::start(BOT_ID, BOT_SECRET, clock.clone()).await?;
                // Whoever never opened the bot cannot be written to.
                MEMBERS.iter().for_each(|(member, _)| drop(bot.enters(member)));
                Self::Aibot(bot)
            }
            Colleagues::Telegram => {
                let telegram = match away {
                    Away::Telegram(telegram) => telegram.clone(),
                    Away::Kf | Away::Webhook(_) | Away::Official(_) => telegram_world(clock).await?,
                };
                for (member, id) in MEMBERS {
                    telegram.add_person(id, member);
                    // A bot may write to whoever wrote to it.
                    telegram.say(id, Spot::private(Away::bot(), id), "/start")?;
                }
                Self::Telegram(telegram)
            }
        })
    }

    /// What the program has to know of it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::App => Vec::new(),
            Self::Aibot(bot) => vec![
                ("WECOM_AIBOT_ID", BOT_ID.into()),
                ("WECOM_AIBOT_SECRET", BOT_SECRET.into()),
                ("WECOM_AIBOT_URL", bot.url()),
            ],
            Self::Telegram(telegram) => super::away::telegram_environment(telegram),
        }
    }

    /// The desk whose members are there.
    pub fn on_desk(&self, desk: &str) -> String {
        match self {
            Self::App | Self::Aibot(_) => desk.to_owned(),
            Self::Telegram(_) => MEMBERS.iter().fold(desk.to_owned(), |desk, (member, id)| {
                let app = format!("wecom = \"{member}\"\n");
                desk.replace(&app, &format!("{app}telegram = {id}\nsurfaces = [\"telegram\", \"wecom_app\"]\n"))
            }),
        }
    }
}

impl World {
    /// A colleague presses a button of their newest open card, wherever that is.
    pub async fn decides(&mut self, member: &str, act: Act) -> anyhow::Result<()> {
        match &self.phones {
            Phones::App => return self.taps(member, act).await.map(drop),
            Phones::Aibot(bot) => {
                let card = aibot_card(bot, member).with_context(|| format!("{member} has no open card"))?;
                ensure!(bot.taps(member, &card.task_id, &card.key(act)?, &[])?.told, "nobody was told of the tap");
            }
            Phones::Telegram(telegram) => {
                let card = telegram_card(telegram, member).with_context(|| format!("{member} has no open card"))?;
                telegram.press(telegram_id(member), card.spot.room, card.id, &label(&card, act))?;
            }
        }
        self.listens().await
    }

    /// A colleague presses a button of their newest card about the knowledge, wherever that is.
    pub async fn decides_on_knowledge(&mut self, member: &str, act: CareAct) -> anyhow::Result<()> {
        let none = || format!("{member} has no card about the knowledge with {act:?}");
        let pressable = |card: Card| care_key(&card, act).map(|key| (card, key));
        match &self.phones {
            Phones::App => {
                let inbox = self.sim.inbox(member);
                let (card, key) = inbox.iter().rev().filter_map(Card::open).find_map(pressable).with_context(none)?;
                self.sim.tap(member, &card.task_id, &key, &[]).await?;
            }
            Phones::Aibot(bot) => {
                let (card, key) = aibot_cards(bot, member).find_map(pressable).with_context(none)?;
                ensure!(bot.taps(member, &card.task_id, &key, &[])?.told, "nobody was told of the tap");
            }
            Phones::Telegram(telegram) => {
                let card = telegram_card(telegram, member).with_context(none)?;
                let label = act.label(&Words::load(Locale::ZhCn));
                telegram.press(telegram_id(member), card.spot.room, card.id, &label)?;
            }
        }
        self.listens().await
    }

    /// A colleague writes, wherever they are.
    pub async fn writes(&mut self, member: &str, text: &str) -> anyhow::Result<()> {
        match &self.phones {
            Phones::App => return self.member_says(member, text).await,
            Phones::Aibot(bot) => ensure!(bot.says(member, text).told, "nobody was told of {text:?}"),
            Phones::Telegram(telegram) => {
                let id = telegram_id(member);
                telegram.say(id, Spot::private(Away::bot(), id), text)?;
            }
        }
        self.listens().await
    }

    /// Whether a colleague has a card that can still be pressed, wherever that is.
    pub fn holds_card(&self, member: &str) -> bool {
        match &self.phones {
            Phones::App => self.has_open_card(member),
            Phones::Aibot(bot) => aibot_card(bot, member).is_some(),
            Phones::Telegram(telegram) => telegram_card(telegram, member).is_some(),
        }
    }

    /// Everything a colleague was ever shown, oldest first.
    pub fn was_told(&self, member: &str) -> Vec<String> {
        match &self.phones {
            Phones::App => self.sim.inbox(member).into_iter().map(|item| item.text).collect(),
            Phones::Aibot(bot) => bot.pushed(member).iter().map(text_of).collect(),
            Phones::Telegram(telegram) => {
                let seen = |message: &Message| is_with(message, member) || message.spot.room.chat_id() < 0;
                let theirs = telegram.sent().into_iter().filter(seen);
                theirs.flat_map(|m| m.edits.into_iter().map(|edit| edit.text).chain([m.text])).collect()
            }
        }
    }

    /// Whether somebody who approved these words elsewhere than in the app had seen all of them, with their code.
    pub fn saw_elsewhere(&self, member: &str, mark: &str, words: &str) -> bool {
        let seen = self.was_told(member);
        let whole = seen.iter().any(|text| text.contains(mark) && text.contains(words));
        let stretches = seen.iter().filter(|text| text.trim_end().ends_with(mark));
        let joined: String = stretches.filter_map(|text| stretch(text)).collect();
        whole || joined.contains(words)
    }

    /// What crossed a socket arrives, and what comes of it happens.
    pub async fn listens(&mut self) -> anyhow::Result<()> {
        if matches!(self.phones, Phones::Aibot(_)) {
            ensure!(worker::listen(&self.app, CROSSING).await?, "the AI bot heard nothing");
        }
        self.settle().await
    }
}

/// What an act is called on a card; it is called otherwise where a colleague carries the reply over by hand.
fn label(card: &Message, act: Act) -> String {
    let words = Words::load(Locale::ZhCn);
    let by_hand = words.text(&["by_hand.", act.as_str()].concat(), &[]);
    let is_there = card.keyboard.iter().flatten().any(|key| key.label == by_hand);
    if is_there { by_hand } else { act.label(&words) }
}

/// What stands between the first and the last line, without the fences around it.
fn stretch(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('\n')?;
    let (stretch, _) = rest.trim_end().rsplit_once('\n')?;
    Some(stretch.trim_matches('`').trim_matches('\n'))
}

fn text_of(body: &Value) -> String {
    let markdown = body["markdown"]["content"].as_str().map(str::to_owned);
    markdown.or_else(|| body["template_card"]["sub_title_text"].as_str().map(str::to_owned)).unwrap_or_default()
}

/// The newest card of a case a member can still press.
pub fn aibot_card(bot: &AiBot, member: &str) -> Option<Card> {
    let of_a_case = |card: &Card| Key::parse(card.shown["button_list"][0]["key"].as_str().unwrap_or_default()).is_ok();
    aibot_cards(bot, member).find(of_a_case)
}

/// The cards a member can still press, the newest first.
fn aibot_cards(bot: &AiBot, member: &str) -> impl Iterator<Item = Card> {
    bot.pushed(member).into_iter().rev().filter_map(move |body| {
        let task_id = body["template_card"]["task_id"].as_str()?.to_owned();
        let shown = bot.card(member, &task_id)?;
        shown.get("replace_text").is_none().then_some(Card { task_id, shown })
    })
}

/// The key of a button of a card about the knowledge.
pub fn care_key(card: &Card, act: CareAct) -> Option<String> {
    let buttons = card.shown["button_list"].as_array()?;
    let mut keys = buttons.iter().filter_map(|button| button["key"].as_str());
    keys.find(|key| CareKey::parse(key).is_ok_and(|key| key.act == act)).map(str::to_owned)
}

/// The newest message to a member that has buttons.
pub fn telegram_card(telegram: &Telegram, member: &str) -> Option<Message> {
    let theirs = telegram.sent().into_iter().rev().filter(|message| is_with(message, member));
    theirs.into_iter().find(|message| message.keyboard.iter().flatten().any(|key| key.data.is_some()))
}

fn is_with(message: &Message, member: &str) -> bool {
    message.spot.room.chat_id() == telegram_id(member)
}
