//! One day at the desk, told and checked: every scene says what each person saw, and fails if it did not hold.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use cards::{Act, Key};
use serde_json::Value;
use simulator::Simulator;
use simulator::phone::Elsewhere;
use simulator::seller::Seller;
use tokio::net::TcpListener;

use super::stage::{FLAGSHIP, OUTLET, Stage, Staging, XIAOYU};
use super::{elsewhere, office};
use crate::app::App;
use crate::case::{Case, State};
use crate::clock::{Clock, Ids, MINUTE, SECOND, Timestamp};
use crate::config::Database;
use crate::store::{cases, queue};
use crate::surface::Surface;
use crate::{cli, http, worker};

/// 2026-11-25 10:00 in Shanghai.
const MORNING: Timestamp = 1_795_572_000_000;
/// How long the day waits for what crosses a socket.
const ACROSS: Duration = Duration::from_secs(5);

/// Plays the day on a fresh stage in `folder`.
pub(super) async fn tell(folder: PathBuf) -> anyhow::Result<()> {
    let mut day = Day::begin(folder).await?;
    day.a_fact().await?;
    day.a_refund().await?;
    day.an_edit().await?;
    day.two_reviewers().await?;
    day.an_escalation().await?;
    day.a_pause().await?;
    day.a_customer_writes_again().await?;
    day.a_duplicate_callback().await?;
    day.an_order().await?;
    day.somewhere_else().await?;
    day.the_record().await
}

struct Day {
    app: App,
    /// The configuration file.
    desk: String,
    seller: Seller,
    sim: Simulator,
    elsewhere: Elsewhere,
    clock: Clock,
    sim_clock: simulator::Clock,
}

impl Day {
    async fn begin(folder: PathBuf) -> anyhow::Result<Self> {
        let (clock, sim_clock) = (Clock::manual(MORNING), simulator::Clock::at(MORNING));
        let edge = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", edge.local_addr()?);
        let elsewhere = elsewhere::begin(&sim_clock).await?;
        let (seller, office) = office::open(sim_clock.clone(), &folder).await?;
        let desk = elsewhere::desk(&office);
        let staging = Staging {
            clock: clock.clone(),
            sim_clock: sim_clock.clone(),
            ids: Ids::seeded(20_261_125),
            seed: 20_261_125,
            database: Database::Sqlite(folder.join("aijia.db")),
            folder,
            public_url: Some(address.clone()),
            desk: desk.clone(),
            openai_base: None,
            knows_duplicates: false,
            more: elsewhere::environment(&elsewhere),
        };
        let Stage { app, sim } = Stage::set(staging).await?;
        elsewhere::move_team(&app, &desk, Surface::WecomApp, 0).await?;
        let router = http::router(app.clone());
        tokio::spawn(async move { axum::serve(edge, router).await });
        sim.set_callback_url(&format!("{address}/callback/wecom"));
        sim.verify_callback_url().await?;
        let mut day = Self { app, desk, seller, sim, elsewhere, clock, sim_clock };
        day.pass(0).await?;
        Ok(day)
    }

    async fn a_fact(&mut self) -> anyhow::Result<()> {
        scene("一、顾客问一个事实 · A customer asks for a fact");
        self.customer(FLAGSHIP, XIAOYU, "羊毛衫会起球吗？").await?;
        ensure!(self.heard(XIAOYU).is_empty(), "something was sent without a tap");
        let shown = self.newest_case().await?.draft().cloned().context("no draft")?;
        self.tap("LiHua", Act::Send).await?;
        ensure!(self.heard(XIAOYU) == shown.parts, "what was sent is not what was shown");
        self.show_customer(XIAOYU);
        Ok(())
    }

    async fn a_refund(&mut self) -> anyhow::Result<()> {
        scene("二、退款：只有主管能批 · A refund: only the supervisor may approve");
        self.customer(FLAGSHIP, "wmAqiang", "我要退款，退款多久能到账？").await?;
        ensure!(self.open_card("LiHua").is_none(), "a refund must not go to a reviewer");
        self.tap("WangWu", Act::Send).await?;
        ensure!(!self.heard("wmAqiang").is_empty(), "the approved reply did not arrive");
        self.show_customer("wmAqiang");
        Ok(())
    }

    async fn an_edit(&mut self) -> anyhow::Result<()> {
        scene("三、改了再发 · An edit comes back as a card and is approved as shown");
        self.customer(OUTLET, "wmLinlin", "羊毛衫怎么洗？").await?;
        self.tap("ZhaoLiu", Act::Edit).await?;
        self.say("ZhaoLiu", "亲，冷水手洗、平铺晾干，就不会变形哦。").await?;
        ensure!(self.heard("wmLinlin").is_empty(), "an edit alone must not send");
        self.tap("LiHua", Act::Send).await?;
        ensure!(self.heard("wmLinlin") == ["亲，冷水手洗、平铺晾干，就不会变形哦。"], "not the edited text");
        self.show_customer("wmLinlin");
        Ok(())
    }

    async fn two_reviewers(&mut self) -> anyhow::Result<()> {
        scene("四、两个人同时点 · Two reviewers tap at once");
        let before = self.heard(XIAOYU).len();
        self.customer(FLAGSHIP, XIAOYU, "羊毛衫会起球吗？").await?;
        let mine = self.open_card("LiHua").context("李华 has no card")?;
        let yours = self.open_card("ZhaoLiu").context("赵柳 has no card")?;
        let (my_key, your_key) = (key(&mine.1, Act::Send)?, key(&yours.1, Act::Send)?);
        let (one, two) = tokio::join!(
            self.sim.tap("LiHua", &mine.0, &my_key, &[]),
            self.sim.tap("ZhaoLiu", &yours.0, &your_key, &[]),
        );
        ensure!(one?.accepted() && two?.accepted(), "a tap was not taken");
        self.pass(0).await?;
        ensure!(self.heard(XIAOYU).len() == before + 1, "two taps, one reply");
        self.show_member("ZhaoLiu");
        Ok(())
    }

    async fn an_escalation(&mut self) -> anyhow::Result<()> {
        scene("五、没人理，转给主管 · Nobody answers: the escalation owner is asked, with the whole story");
        let before = self.heard("wmAqiang").len();
        self.customer(FLAGSHIP, "wmAqiang", "羊毛衫会缩水吗？").await?;
        self.pass(10 * MINUTE).await?;
        self.show_member("WangWu");
        self.tap("WangWu", Act::Send).await?;
        ensure!(self.heard("wmAqiang").len() > before, "the escalation owner's approval did not arrive");
        Ok(())
    }

    async fn a_pause(&mut self) -> anyhow::Result<()> {
        scene("六、暂停 · A pause, and two people to lift it");
        let before = self.heard("wmLinlin").len();
        self.customer(OUTLET, "wmLinlin", "羊毛衫会起球吗？").await?;
        self.say("ChenJie", "/暂停 全部 价格写错了").await?;
        self.tap("LiHua", Act::Send).await?;
        ensure!(self.heard("wmLinlin").len() == before, "something left during the pause");
        self.show_member("LiHua");
        self.say("ChenJie", "/恢复 全部").await?;
        self.say("WangWu", "/恢复 全部").await?;
        self.tap("LiHua", Act::Send).await?;
        ensure!(self.heard("wmLinlin").len() == before + 1, "nothing left after the resume");
        Ok(())
    }

    async fn a_customer_writes_again(&mut self) -> anyhow::Result<()> {
        scene("七、卡片还开着，顾客又写了 · The customer writes again while a card is open");
        let before = self.heard(XIAOYU).len();
        self.customer(FLAGSHIP, XIAOYU, "羊毛衫会起球吗？").await?;
        let old = self.open_card("LiHua").context("no card")?;
        self.customer(FLAGSHIP, XIAOYU, "还有，怎么洗？").await?;
        self.sim.tap_late("LiHua", &old.0, &key(&old.1, Act::Send)?, &[]).await?;
        self.pass(0).await?;
        ensure!(self.heard(XIAOYU).len() == before, "an old card sent something");
        self.tap("LiHua", Act::Send).await?;
        ensure!(self.heard(XIAOYU).len() > before, "the new card did not send");
        Ok(())
    }

    async fn a_duplicate_callback(&mut self) -> anyhow::Result<()> {
        scene("八、同一个回调来了两次 · The same callback arrives twice");
        let cases = self.newest_case().await?.number;
        self.sim.customer_says(FLAGSHIP, XIAOYU, "羊毛衫会缩水吗？").await?;
        self.sim.ring_twice(FLAGSHIP, simulator::Nonce::Same).await?;
        self.pass(0).await?;
        self.pass(4 * SECOND).await?;
        ensure!(self.newest_case().await?.number == cases + 1, "one message, one case");
        self.tap("LiHua", Act::Send).await
    }

    async fn an_order(&mut self) -> anyhow::Result<()> {
        scene("九、顾客问订单：先到后台查 · A customer asks for an order: it is looked up first");
        if let Some(missing) = self.app.offices.missing() {
            println!("  没有查 Not looked up: {missing}");
            return Ok(());
        }
        office::sign_in(&self.app, &self.seller).await?;
        let before = self.seller.writes().len();
        self.customer(FLAGSHIP, "wmAqiang", &format!("我的货到哪了？订单号 {}", office::ORDER)).await?;
        let draft = self.newest_case().await?.draft().cloned().context("no draft")?;
        let pictures = draft.look_up.as_ref().map_or(0, |look_up| look_up.pictures().len());
        ensure!(pictures > 0, "nothing was looked up: {:?}", draft.look_up);
        let seen = self.sim.inbox("LiHua").iter().filter(|item| item.kind == simulator::ItemKind::Image).count();
        ensure!(seen > 0, "the picture did not reach the reviewer");
        println!("  后台截图 pictures of the back office: {pictures}，卡片上方 above the card: {seen}");
        self.tap("LiHua", Act::Send).await?;
        ensure!(self.seller.writes().len() == before, "a look-up wrote");
        self.show_customer("wmAqiang");
        Ok(())
    }

    async fn somewhere_else(&mut self) -> anyhow::Result<()> {
        scene("十、换个地方 · The customer is on Telegram, the reviewer in the chat with the AI bot");
        let Elsewhere { telegram, aibot } = self.elsewhere.clone();
        elsewhere::move_team(&self.app, &self.desk, Surface::WecomAibot, 1).await?;
        let (customer, spot) = elsewhere::customer();
        println!("  {customer} 在 Telegram 写道 writes on Telegram: 羊毛衫会起球吗？");
        telegram.say(customer, spot, "羊毛衫会起球吗？")?;
        self.pass(0).await?;
        self.pass(4 * SECOND).await?;
        let pushed = aibot.pushed("LiHua").into_iter().rev().find(|body| body["msgtype"] == "template_card");
        let card = pushed.context("李华 has no card in the chat with the bot")?["template_card"].take();
        println!("  LiHua 在智能机器人里 in the AI bot's chat: {}", card_in_words(&card));
        let heard = || telegram.sent().into_iter().filter(|message| message.spot == spot).map(|message| message.text);
        ensure!(heard().count() == 0, "something was sent without a tap");
        let told = aibot.taps("LiHua", card["task_id"].as_str().unwrap_or_default(), &key(&card, Act::Send)?, &[])?;
        ensure!(told.told && worker::listen(&self.app, ACROSS).await?, "the tap was not heard");
        self.pass(0).await?;
        let heard: Vec<String> = heard().collect();
        let shown = card["sub_title_text"].as_str().unwrap_or_default();
        ensure!(heard.len() == 1 && shown.starts_with(&heard[0]), "what was sent is not what was shown: {heard:?}");
        println!("  {customer} 收到 hears: {}", heard[0]);
        Ok(())
    }

    async fn the_record(&mut self) -> anyhow::Result<()> {
        scene("十一、查账 · The record");
        let now = self.clock.now();
        let unfinished = self.app.store.read(move |tx| Box::pin(async move { Ok(queue::unfinished(tx, now).await?) }));
        let unfinished = unfinished.await?;
        ensure!(unfinished.is_empty(), "rows are left undone: {unfinished:?}");
        worker::checkpoint::seal(&self.app).await?;
        let summary = cli::verify_evidence(&self.app).await?.map_err(anyhow::Error::msg)?;
        self.say("WangWu", "/why 1").await?;
        self.show_member("WangWu");
        println!("\n{summary}");
        println!("全部成立。Everything held.");
        Ok(())
    }

    async fn pass(&mut self, ms: Timestamp) -> anyhow::Result<()> {
        self.clock.advance(ms);
        self.sim_clock.advance(ms);
        worker::pump(&self.app).await
    }

    async fn customer(&mut self, account: &str, customer: &str, text: &str) -> anyhow::Result<()> {
        println!("  {customer} 写道 writes: {text}");
        self.sim.customer_says(account, customer, text).await?;
        self.pass(0).await?;
        self.pass(4 * SECOND).await?;
        println!("  #{} {}", self.newest_case().await?.number, state(&self.newest_case().await?));
        Ok(())
    }

    async fn say(&mut self, member: &str, text: &str) -> anyhow::Result<()> {
        println!("  {member} 说 says: {text}");
        self.sim.says(member, text).await?;
        self.pass(0).await
    }

    async fn tap(&mut self, member: &str, act: Act) -> anyhow::Result<()> {
        let (task_id, card) = self.open_card(member).with_context(|| format!("{member} has no open card"))?;
        println!("  {member} 的卡片 card: {}", card_in_words(&card));
        println!("  {member} 点了 taps: {}", act.as_str());
        self.sim.tap(member, &task_id, &key(&card, act)?, &[]).await?;
        self.pass(0).await
    }

    fn open_card(&self, member: &str) -> Option<(String, Value)> {
        self.sim.inbox(member).into_iter().rev().find_map(|item| {
            let pressable = !item.disabled();
            let card = item.card.filter(|card| pressable && key(card, Act::TakeOver).is_ok())?;
            Some((item.task_id.unwrap_or_default(), card))
        })
    }

    fn heard(&self, customer: &str) -> Vec<String> {
        let lines = self.sim.history(customer).into_iter();
        lines.filter(|line| line.from == simulator::Speaker::Shop).map(|line| line.text).collect()
    }

    fn show_customer(&self, customer: &str) {
        self.heard(customer).last().into_iter().for_each(|text| println!("  {customer} 收到 hears: {text}"));
    }

    fn show_member(&self, member: &str) {
        let texts = self.sim.inbox(member).into_iter().rev().filter(|item| item.kind == simulator::ItemKind::Text);
        texts.take(1).for_each(|item| println!("  {member} 看到 sees: {}", item.text.replace('\n', "\n      ")));
    }

    async fn newest_case(&self) -> anyhow::Result<Case> {
        let newest = self.app.store.read(|tx| Box::pin(async move { Ok(cases::newest(tx, 1).await?) }));
        newest.await?.into_iter().next().context("there is no case")
    }
}

fn scene(title: &str) {
    println!("\n{title}");
}

fn state(case: &Case) -> String {
    match &case.state {
        State::AwaitingReview(review) => format!("等待审核 awaits review, {:?}", review.level),
        state => state.name().to_owned(),
    }
}

fn key(card: &Value, act: Act) -> anyhow::Result<String> {
    let buttons = card["button_list"].as_array().context("a card without buttons")?;
    let keys = buttons.iter().filter_map(|button| button["key"].as_str());
    let found = keys.into_iter().find(|key| Key::parse(key).is_ok_and(|key| key.act == act));
    found.map(str::to_owned).with_context(|| format!("the card has no button {}", act.as_str()))
}

fn card_in_words(card: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('\n', " ");
    format!(
        "{} | {} | {}",
        text(&card["main_title"]["title"]),
        text(&card["main_title"]["desc"]),
        text(&card["sub_title_text"])
    )
}
