//! `kf/sync_msg` (wecom 94670): cursors, pages, tokens, three days.

use serde_json::{Value, json};

use super::{Account, mark};
use crate::api::{Answer, Answered, Request};
use crate::body::Fields;
use crate::clock::DAY_MS;
use crate::errcode::Errcode;
use crate::rng::Rng;
use crate::world::World;

const KEPT_MS: i64 = 3 * DAY_MS;
const PAGE: i64 = 1_000;
const CURSOR_BYTES: usize = 64;
const TOKEN_BYTES: usize = 128;

/// `kf/sync_msg`.
pub(crate) fn sync(world: &mut World, request: &Request) -> Answered {
    let body = Fields::new(&request.body, &["cursor", "token", "limit", "voice_format", "open_kfid"])?;
    let open_kfid = body.text("open_kfid")?;
    world.kf.account(open_kfid)?;
    let open_kfid = open_kfid.unwrap_or_default();
    body.int_in("voice_format", 0..=1, 0)?;
    let limit = usize::try_from(body.int_in("limit", 1..=PAGE, PAGE)?).map_err(|_| Errcode::PARAMETER)?;
    admit(world, open_kfid, body.text("token")?)?;
    let (now, uneven) = (world.now(), world.settings.switches.uneven_pages);
    let (rng, account) = (&mut world.rng, world.kf.account(Some(open_kfid))?);
    let start = start(account, open_kfid, body.text("cursor")?, now)?;
    let take = page_size(account, rng, start, limit, uneven);
    Ok(Answer::Json(page(account, rng, open_kfid, start, take)))
}

/// A doorbell's token, or the strict limit without one.
fn admit(world: &mut World, open_kfid: &str, token: Option<&str>) -> Result<(), Errcode> {
    let (now, strict) = (world.now(), world.settings.switches.tokenless_syncs_per_minute);
    match token.filter(|token| !token.is_empty()) {
        None => {
            let admitted = world.kf.account(Some(open_kfid))?.tokenless.admit(now, strict, usize::MAX);
            if admitted { Ok(()) } else { Err(Errcode::FREQUENCY) }
        }
        Some(token) if token.len() > TOKEN_BYTES => Err(Errcode::PARAMETER),
        Some(token) => match world.kf.doorbell_tokens.get(token) {
            Some((of, expires_ms)) if of == open_kfid && *expires_ms > now => Ok(()),
            _ => Err(Errcode::KF_TOKEN),
        },
    }
}

/// Where the page begins: after the cursor, and not before the last three days.
fn start(account: &Account, open_kfid: &str, cursor: Option<&str>, now: i64) -> Result<usize, Errcode> {
    let oldest = account.queue.partition_point(|queued| queued.at_ms < now - KEPT_MS);
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else { return Ok(oldest) };
    let at = read_cursor(open_kfid, cursor).filter(|at| *at <= account.queue.len()).ok_or(Errcode::PARAMETER)?;
    Ok(at.max(oldest))
}

fn write_cursor(open_kfid: &str, rng: &mut Rng, at: usize) -> String {
    format!("4g{}{:08x}{at:x}", mark(open_kfid), rng.next() >> 32)
}

fn read_cursor(open_kfid: &str, cursor: &str) -> Option<usize> {
    let rest = cursor.strip_prefix("4g")?.strip_prefix(mark(open_kfid).as_str())?;
    let at = rest.get(8..).filter(|_| cursor.len() <= CURSOR_BYTES)?;
    usize::from_str_radix(at, 16).ok()
}

/// How many items come; where pages are uneven, fewer than there are, or none, but never none twice in a row.
fn page_size(account: &mut Account, rng: &mut Rng, start: usize, limit: usize, uneven: bool) -> usize {
    let waiting = (account.queue.len() - start).min(limit);
    if !uneven || waiting == 0 {
        return waiting;
    }
    account.gave_empty_page = !account.gave_empty_page && rng.below(4) == 0;
    if account.gave_empty_page {
        return 0;
    }
    let short = 1 + usize::try_from(rng.below(4)).unwrap_or(0);
    if rng.coin() { waiting.min(short) } else { waiting }
}

fn page(account: &Account, rng: &mut Rng, open_kfid: &str, start: usize, take: usize) -> Value {
    let end = start + take;
    let items: Vec<&Value> = account.queue[start..end].iter().map(|queued| &queued.item).collect();
    let has_more = i32::from(end < account.queue.len());
    json!({"next_cursor": write_cursor(open_kfid, rng, end), "has_more": has_more, "msg_list": items})
}
