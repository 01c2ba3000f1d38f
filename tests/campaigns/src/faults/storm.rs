//! A platform that refuses, breaks off, answers nonsense, and kills tokens.

use std::collections::BTreeMap;
use std::time::Duration;

use simulator::{Api, Call, Errcode, Fault, LedgerRow, Lost};
use tokio::time::sleep;

use super::{Context, Row, campaign};
use crate::database::On;
use crate::reviewers::Habits;
use crate::stage::{Bustle, Stage};

/// The fourteen errcodes a platform in trouble answers with.
const CODES: [i64; 14] =
    [-1, 40_014, 42_001, 45_009, 45_033, 95_001, 95_002, 95_007, 95_013, 95_018, 95_019, 6_000, 40_058, 42_014];

/// After it, whoever called leaves that call alone for a minute.
const TOO_OFTEN: i64 = 45_009;

/// Rounds from one such second to the next, which is another API's: each has a quarter of its time to work.
const TOO_OFTEN_EVERY: u32 = 20;

/// Answers that break, besides: each before and after the platform did what was asked.
const BROKEN: [Lost; 3] = [Lost::Drop, Lost::BadGateway, Lost::Garbage];

/// Calls that are disturbed.
const APIS: [Api; 4] = [Api::KfSendMsg, Api::MessageSend, Api::KfSyncMsg, Api::UpdateTemplateCard];

/// Every code many times, broken bodies between them, and accepted messages that do not arrive after all.
///
/// # Errors
/// Where the program does not come up.
pub async fn errcodes(context: &Context) -> anyhow::Result<Row> {
    let each = context.trials(3, 100, 1_000);
    let plan = context.plan(On::Sqlite, 1);
    let bustle = Bustle { per_second: 3.0, customers: 60, ..Bustle::default() };
    campaign(("storm", "refusals"), plan, bustle, &mut Vec::new(), async |stage, notes| {
        let mut met: BTreeMap<i64, u64> = CODES.iter().map(|code| (*code, 0)).collect();
        let (mut seen, mut broken, mut failed) = (0, 0, 0);
        let began = tokio::time::Instant::now();
        let most = Duration::from_secs(20 + each * 18);
        for round in 0_u32.. {
            if met.values().all(|count| *count >= each) || began.elapsed() >= most {
                break;
            }
            disturb(stage, &met, each, round);
            sleep(Duration::from_millis(1_000)).await;
            let news = stage.world.sim.ledger_after(seen);
            seen = news.last().map_or(seen, |row| row.seq);
            for row in &news {
                match row.fault {
                    Some(Fault::Refuse(code)) => *met.entry(code.0).or_default() += 1,
                    Some(_) => broken += 1,
                    None => {}
                }
            }
            failed += u64::from(one_does_not_arrive(stage, &news).await);
        }
        stage.world.sim.faults().clear();
        notes.push(format!("each code at least {} times", met.values().min().copied().unwrap_or(0)));
        notes.push(format!("{broken} broken answers, {failed} msg_send_fail"));
        Ok(met.values().sum::<u64>() + broken + failed)
    })
    .await
}

/// Puts codes that were not met often enough in the way of a part of the calls, and one broken answer; and for a second
/// now and then, "called too often" in the way of all calls of one API, by turns.
fn disturb(stage: &mut Stage, met: &BTreeMap<i64, u64>, each: u64, round: u32) {
    let faults = stage.world.sim.faults();
    faults.clear();
    let mut wanted: Vec<i64> = met.iter().filter(|(_, count)| **count < each).map(|(code, _)| *code).collect();
    let by_turns = APIS.iter().cycle().nth((round / TOO_OFTEN_EVERY) as usize);
    if let Some(api) = by_turns.filter(|_| round.is_multiple_of(TOO_OFTEN_EVERY) && wanted.contains(&TOO_OFTEN)) {
        faults.always(*api, Fault::Refuse(Errcode(TOO_OFTEN)));
    }
    wanted.retain(|code| *code != TOO_OFTEN);
    for api in APIS {
        for _ in 0..3 {
            if let Some(code) = stage.draw.pick(&wanted) {
                faults.sometimes(api, 120, Fault::Refuse(Errcode(*code)));
            }
        }
        if let Some(lost) = stage.draw.pick(&BROKEN).copied() {
            let fault = if stage.draw.per_mille(500) { Fault::Before(lost) } else { Fault::After(lost) };
            faults.sometimes(api, 40, fault);
        }
    }
}

/// An accepted message to a customer turns out not to have arrived; whether there was one.
async fn one_does_not_arrive(stage: &mut Stage, news: &[LedgerRow]) -> bool {
    let sends = news.iter().filter(|row| row.accepted && row.call == Call::Api(Api::KfSendMsg));
    let ids: Vec<&str> = sends.filter_map(|row| row.body["msgid"].as_str()).collect();
    if !stage.draw.per_mille(400) {
        return false;
    }
    let Some(msgid) = stage.draw.pick(&ids) else { return false };
    stage.world.sim.send_fails(msgid, 10).await.is_ok()
}

/// Tokens die while many sends are on their way.
///
/// # Errors
/// Where the program does not come up.
pub async fn tokens(context: &Context) -> anyhow::Result<Row> {
    let trials = context.trials(6, 200, 1_000);
    let bustle = Bustle { per_second: 10.0, habits: Habits::SEND_ALL, pauses: false, ..Bustle::default() };
    campaign(("token", "revocations"), context.plan(On::Sqlite, 1), bustle, &mut Vec::new(), async |stage, notes| {
        let sim = stage.world.sim.clone();
        sim.faults().always(Api::KfSendMsg, Fault::Slow(1_500));
        for _ in 0..trials {
            sleep(stage.draw.millis(500, 3_000)).await;
            sim.faults().revoke_tokens();
        }
        sim.faults().clear();
        let asked: Vec<i64> =
            sim.ledger().iter().filter(|row| row.call == Call::Api(Api::GetToken)).map(|row| row.at_ms).collect();
        notes.push(format!("{} gettoken for {trials} revocations and one start", asked.len()));
        anyhow::ensure!(
            asked.len() as u64 <= trials + 3,
            "a token that died was asked for more than once: {} times for {trials} revocations",
            asked.len()
        );
        Ok(trials)
    })
    .await
}
