//! Commands on their way: per `req_id` one at a time, in order, each until its answer or its time is over.

use super::{Output, Text, Ticket};
use crate::wecom::aibot::{DEAD_REQ_ID, frame};
use crate::wecom::api::ApiError;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// Most commands that wait or are on their way.
const MAX_COMMANDS: usize = 1_000;

/// A command, ready to be written.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) ticket: Ticket,
    pub(super) cmd: &'static str,
    pub(super) req_id: String,
    pub(super) body: Value,
    /// How long its answer may take.
    pub(super) answer_ms: u64,
    /// It is not begun after that.
    pub(super) begin_by_ms: Option<u64>,
}

#[derive(Debug, Default)]
struct Lane {
    /// Written and not answered, oldest first. Only the last one can still be waited for.
    asked: VecDeque<Asked>,
    waiting: VecDeque<Request>,
}

/// A written command. Given up, it keeps its place: its answer may still come, and must not be taken for the answer to
/// the next frame of the same `req_id`.
#[derive(Debug)]
struct Asked {
    ticket: Option<Ticket>,
    until_ms: u64,
}

#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: BTreeMap<String, Lane>,
    commands: usize,
}

impl Lanes {
    /// Takes a command and writes it if nothing is before it.
    pub(super) fn take(&mut self, request: Request, now_ms: u64, out: &mut VecDeque<Output>) {
        if self.commands >= MAX_COMMANDS {
            out.push_back(Output::Answer(request.ticket, not_sent("too much waits for the platform")));
            return;
        }
        self.commands += 1;
        let req_id = request.req_id.clone();
        self.lanes.entry(req_id.clone()).or_default().waiting.push_back(request);
        self.advance(&req_id, now_ms, out);
    }

    /// An answer came. Whether anybody waited for it.
    pub(super) fn answered(
        &mut self,
        req_id: &str,
        result: Result<Value, ApiError>,
        now_ms: u64,
        out: &mut VecDeque<Output>,
    ) -> bool {
        let Some(asked) = self.lanes.get_mut(req_id).and_then(|lane| lane.asked.pop_front()) else { return false };
        if let Some(ticket) = asked.ticket {
            self.commands -= 1;
            out.push_back(Output::Answer(ticket, result));
        }
        self.advance(req_id, now_ms, out);
        asked.ticket.is_some()
    }

    /// Gives up what was not answered in time; how many that were.
    pub(super) fn expire(&mut self, now_ms: u64, out: &mut VecDeque<Output>) -> u32 {
        let late: Vec<String> =
            self.lanes.iter().filter(|(_, lane)| lane.is_late(now_ms)).map(|(id, _)| id.clone()).collect();
        for req_id in &late {
            let asked = self.lanes.get_mut(req_id).and_then(|lane| lane.asked.back_mut());
            if let Some(ticket) = asked.and_then(|asked| asked.ticket.take()) {
                self.commands -= 1;
                out.push_back(Output::Answer(ticket, Err(ApiError::unknown("no answer in time"))));
            }
            self.advance(req_id, now_ms, out);
        }
        u32::try_from(late.len()).unwrap_or(u32::MAX)
    }

    /// The connection is gone: what was written may have been done, what waited was not.
    pub(super) fn fail(&mut self, out: &mut VecDeque<Output>) {
        self.commands = 0;
        for lane in std::mem::take(&mut self.lanes).into_values() {
            for ticket in lane.asked.into_iter().filter_map(|asked| asked.ticket) {
                out.push_back(Output::Answer(ticket, Err(ApiError::unknown("the connection broke before the answer"))));
            }
            for request in lane.waiting {
                out.push_back(Output::Answer(request.ticket, not_sent("the connection broke before it")));
            }
        }
    }

    /// When the next command is given up.
    pub(super) fn wake_ms(&self) -> Option<u64> {
        self.lanes.values().filter_map(Lane::until_ms).min()
    }

    /// Writes the next command of a lane if none of it is waited for.
    fn advance(&mut self, req_id: &str, now_ms: u64, out: &mut VecDeque<Output>) {
        let Some(lane) = self.lanes.get_mut(req_id) else { return };
        while lane.until_ms().is_none() {
            let Some(request) = lane.waiting.pop_front() else { break };
            if request.begin_by_ms.is_some_and(|by| now_ms > by) {
                self.commands -= 1;
                out.push_back(Output::Answer(request.ticket, too_late()));
                continue;
            }
            out.push_back(Output::Write(Text(frame::write(request.cmd, req_id, &request.body))));
            let until_ms = now_ms.saturating_add(request.answer_ms);
            lane.asked.push_back(Asked { ticket: Some(request.ticket), until_ms });
        }
        if lane.asked.is_empty() {
            self.lanes.remove(req_id);
        }
    }
}

impl Lane {
    /// Until when its last command is waited for.
    fn until_ms(&self) -> Option<u64> {
        self.asked.back().filter(|asked| asked.ticket.is_some()).map(|asked| asked.until_ms)
    }

    fn is_late(&self, now_ms: u64) -> bool {
        self.until_ms().is_some_and(|until| until <= now_ms)
    }
}

pub(super) fn not_sent(why: &str) -> Result<Value, ApiError> {
    Err(ApiError::NotSent { why: why.to_owned() })
}

/// The platform would refuse it without doubt.
pub(super) fn too_late() -> Result<Value, ApiError> {
    Err(ApiError::refused(DEAD_REQ_ID, "not sent: its time is over"))
}
