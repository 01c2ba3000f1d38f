//! The real program, with a real browser, killed with a note on its way (`kill -9`), and started again: what may have
//! left never leaves again, and people are asked about it. `KILLS=50` kills it as often.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use cards::{PlanAct, PlanKey};
use simulator::seller::{Effect, Mishap};
use simulator::{Item, Lost};

use crate::actions::{ORDER, key};
use crate::world::operated::OperatedShop;
use crate::world::program::{Serving, until};
use crate::world::{Card, FLAGSHIP, XIAOYU};

/// How long after an approval the program is killed, in turn, in milliseconds: while the form is opened, filled in,
/// claimed, and, where there is nothing, once the shop has the note and does not answer.
const AFTER_MS: [Option<u64>; 4] = [None, Some(450), Some(150), Some(900)];
/// Kills where nobody asks for more.
const KILLS: usize = 2;

impl OperatedShop {
    /// The notes that reached the shop with this text.
    fn written(&self, text: &str) -> usize {
        let about = |effect: Effect| matches!(effect, Effect::Note { text: note, .. } if note.starts_with(text));
        self.seller.writes().into_iter().filter(|write| about(write.effect.clone())).count()
    }

    fn inbox(&self, member: &str) -> Vec<Item> {
        self.operator.sim.inbox(member)
    }

    /// A card of the action of this number with this button, on a member's phone.
    fn plan(&self, member: &str, number: i64, act: PlanAct) -> Option<Card> {
        let open = self.inbox(member).into_iter().rev().filter_map(|item| Card::open(&item));
        let about =
            |card: &Card| key(card, act).is_ok_and(|key| PlanKey::parse(&key).is_ok_and(|k| k.number == number));
        open.into_iter().find(about)
    }

    fn was_told(&self, member: &str, words: &str) -> usize {
        self.inbox(member).iter().filter(|item| item.text.contains(words)).count()
    }

    /// Whether the card of an action says that it is in the shop; one that still asks has a button of that name.
    fn is_done(&self, number: i64) -> bool {
        let title = format!("A{number} ");
        let says = |item: &Item| item.card.as_ref().is_some_and(|card| card.to_string().contains("已写入"));
        let settled = |item: &Item| Card::open(item).is_none() && says(item);
        self.inbox("LiHua").iter().any(|item| item.text.starts_with(&title) && settled(item))
    }

    async fn presses(&self, member: &str, number: i64, act: PlanAct) -> anyhow::Result<()> {
        until(|| self.plan(member, number, act).is_some()).await.with_context(|| format!("{member} has no {act:?}"))?;
        let card = self.plan(member, number, act).context("a card that was there is gone")?;
        self.operator.sim.tap(member, &card.task_id, &key(&card, act)?, &[]).await?;
        Ok(())
    }

    /// One note, and the program killed with it on its way; gives the program that serves afterwards and whether the shop
    /// has the note.
    async fn one(&self, serving: Serving, number: i64, after_ms: Option<u64>) -> anyhow::Result<(Serving, bool)> {
        let text = format!("第 {number} 条");
        self.operator.sim.says("LiHua", &format!("/do 1 note {text}")).await?;
        if after_ms.is_none() {
            self.seller.upset([Mishap::After(Lost::Hang)]);
        }
        self.presses("LiHua", number, PlanAct::Approve).await?;
        match after_ms {
            None => until(|| self.written(&text) == 1).await.context("the note never left")?,
            Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
        serving.killed().await?;
        let serving = self.operator.serves().await?;
        let asked = || self.plan("WangWu", number, PlanAct::Happened).is_some();
        let told = until(|| asked() || self.is_done(number));
        told.await.with_context(|| format!("nobody is told what note {number} came to"))?;
        ensure!(after_ms.is_some() || asked(), "note {number}: nobody is asked about what may have left");
        let written = self.written(&text);
        ensure!(written <= 1, "note {number} reached the shop {written} times");
        ensure!(asked() || written == 1, "note {number} is said to be written");
        if asked() {
            let act = if written == 1 { PlanAct::Happened } else { PlanAct::NotHappened };
            self.presses("LiHua", number, act).await?;
            self.lets_it_run_again().await?;
        }
        ensure!(self.written(&text) == written, "note {number} was handed in again");
        Ok((serving, written == 1))
    }

    /// The recipe was stopped: somebody tries it out and lets it run again.
    async fn lets_it_run_again(&self) -> anyhow::Result<()> {
        for (said, answer) in [
            (format!("/后台 测试 flagship note {ORDER}"), "测试通过"),
            ("/后台 恢复 flagship note".to_owned(), "已恢复"),
        ] {
            let before = self.was_told("WangWu", answer);
            self.operator.sim.says("WangWu", &said).await?;
            until(|| self.was_told("WangWu", answer) > before).await.context(said)?;
        }
        Ok(())
    }
}

/// Killed at any moment of a submit: a note is in the shop at most once, and where nobody knows, people are asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_killed_hands_nothing_in_twice() -> anyhow::Result<()> {
    let kills = std::env::var("KILLS").ok().map_or(Ok(KILLS), |kills| kills.parse()).context("KILLS")?;
    let shop = OperatedShop::begin().await?;
    if !shop.signs_in().await? {
        return Ok(());
    }
    let (began, mut serving, mut written) = (Instant::now(), shop.operator.serves().await?, 0);
    shop.operator.sim.customer_says(FLAGSHIP, XIAOYU, &format!("我的货到哪了？订单号 {ORDER}")).await?;
    shop.operator.card("LiHua").await?;
    for n in 0..kills {
        let stands;
        (serving, stands) = shop.one(serving, n as i64 + 1, AFTER_MS[n % AFTER_MS.len()]).await?;
        written += usize::from(stands);
    }
    println!("{kills} kills in {:.0?}: {written} notes in the shop, none of them twice", began.elapsed());
    drop(serving);
    Ok(())
}
