//! Waiting until the desk has come to rest: everything written was read, and no case is open.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use simulator::{Api, Call, LedgerRow, Simulator};
use tokio::time::Instant;

use crate::shop::number_in;
use crate::world::World;

/// How often the desk is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Follows the ledger for the messages that the program has passed with its cursor: these it has acknowledged.
#[derive(Default)]
pub struct Reading {
    seen: u64,
    pages: BTreeMap<String, Vec<u64>>,
    /// The numbers of the acknowledged messages.
    pub passed: BTreeSet<u64>,
}

impl Reading {
    /// Reads what is new in the ledger.
    pub fn follow(&mut self, sim: &Simulator) {
        self.read(&sim.ledger_after(self.seen));
    }

    /// Reads these rows, which follow those read before.
    pub fn read(&mut self, rows: &[LedgerRow]) {
        for row in rows {
            self.seen = row.seq;
            if row.call == Call::Api(Api::KfSyncMsg) {
                self.page(row);
            }
        }
    }

    fn page(&mut self, row: &LedgerRow) {
        if let Some(numbers) = row.body["cursor"].as_str().and_then(|cursor| self.pages.remove(cursor)) {
            self.passed.extend(numbers);
        }
        let (next, list) = (row.answer["next_cursor"].as_str(), row.answer["msg_list"].as_array());
        let (Some(next), Some(list)) = (next, list) else { return };
        let texts = list.iter().filter_map(|item| item.pointer("/text/content").and_then(|text| text.as_str()));
        self.pages.insert(next.to_owned(), texts.filter_map(number_in).collect());
    }

    /// The numbers that were handed out and are not passed yet.
    pub fn handed_out(&self) -> usize {
        self.pages.values().flatten().filter(|number| !self.passed.contains(number)).count()
    }
}

/// What a desk says of itself in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Cases that are not closed.
    pub open: u64,
    /// Work that is due.
    pub due: u64,
}

/// The figures of the first instance that answers.
pub async fn load(world: &World) -> Option<Load> {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build().ok()?;
    for instance in world.instances.iter().flatten() {
        let answer = client.get(format!("http://{}/metrics", instance.address)).send().await;
        let Ok(answer) = answer.and_then(reqwest::Response::error_for_status) else { continue };
        if let Ok(text) = answer.text().await {
            return Some(figures(&text));
        }
    }
    None
}

fn figures(metrics: &str) -> Load {
    let mut load = Load::default();
    for line in metrics.lines() {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let value: u64 = value.parse().unwrap_or(0);
        if name.starts_with("aijia_cases{") && !name.contains("closed") {
            load.open += value;
        } else if name == "aijia_due_rows" {
            load.due = value;
        }
    }
    load
}

/// Waits until everything written was read and no case is open; gives how long that took, or nothing when `patience`
/// ended before.
pub async fn drained(world: &World, written: usize, patience: Duration) -> Option<Duration> {
    let (began, mut reading, mut calm) = (Instant::now(), Reading::default(), 0);
    while began.elapsed() < patience {
        reading.follow(&world.sim);
        let all_read = reading.passed.len() + reading.handed_out() >= written;
        let at_rest = load(world).await == Some(Load::default());
        calm = if all_read && at_rest { calm + 1 } else { 0 };
        if calm >= 2 {
            return Some(began.elapsed());
        }
        tokio::time::sleep(LOOK).await;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_cases_are_no_load() {
        let text = "aijia_cases{state=\"closed\"} 7\naijia_cases{state=\"awaiting_review\"} 2\naijia_due_rows 3\n";
        assert_eq!(figures(text), Load { open: 2, due: 3 });
    }
}
