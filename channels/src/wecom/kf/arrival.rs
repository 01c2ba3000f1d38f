//! An item of `sync_msg` in the words that all channels share.

use super::{KfBody, KfEvent, KfMessage, MAX_PART_BYTES, Origin};
use crate::abilities::{Abilities, Repeats, Replies, ReplyWindow, TextLimit};
use crate::arrival::{Arrival, Said, What};

const HOUR_MS: i64 = 3_600_000;
/// The reason of a failed delivery that is "more than five messages" (wecom 94670).
const BUDGET_SPENT: i64 = 6;

/// What 微信客服 can do: five messages within 48 hours of the customer's last one, each of 2,048 bytes (wecom 94677).
pub const ABILITIES: Abilities = Abilities {
    replies: Replies::Sent,
    window: Some(ReplyWindow { lasts_ms: 48 * HOUR_MS, messages: 5 }),
    text: TextLimit::Bytes(MAX_PART_BYTES),
    repeats: Repeats::RefusedOnceLearned,
    session: true,
    names: true,
    attachments: true,
    edits: false,
    recalls: true,
    delivery: true,
    comments: false,
    known_by: "msgid",
    rates: &[],
};

impl From<KfMessage> for Arrival {
    fn from(message: KfMessage) -> Arrival {
        let KfMessage { msgid, external_userid, send_time, origin, servicer_userid, body, .. } = message;
        let what = match (body, origin) {
            (KfBody::Event(event), _) => happened(event),
            (body, Origin::Servicer) => {
                What::ColleagueSaid { member: servicer_userid.unwrap_or_default(), said: said(body) }
            }
            // A number nobody knows yet, with a customer's name on it: rather answered than lost.
            (body, Origin::Customer | Origin::Other(_)) => What::Said(said(body)),
            (_, Origin::System) => What::Nothing,
        };
        let at_ms = send_time.saturating_mul(1_000);
        Arrival {
            id: msgid,
            customer: external_userid,
            name: None,
            at_ms,
            replies_until_ms: None,
            replies_left: None,
            what,
        }
    }
}

fn happened(event: KfEvent) -> What {
    match event {
        KfEvent::EnterSession { welcome_code, .. } => What::Entered { code: welcome_code },
        KfEvent::CustomerRecalled { recall_msgid } => What::TakenBack { id: recall_msgid },
        KfEvent::SendFailed { fail_msgid, fail_type } => {
            What::NotDelivered { id: fail_msgid, why: fail_type, budget_spent: fail_type == BUDGET_SPENT }
        }
        KfEvent::SessionStatus { change_type: 3, .. } => What::SessionEnded,
        KfEvent::SessionStatus { new_servicer: Some(member), .. } => What::TakenOver { member },
        KfEvent::SessionStatus { .. }
        | KfEvent::ServicerStatus { .. }
        | KfEvent::ServicerRecalled { .. }
        | KfEvent::Other { .. } => What::Nothing,
    }
}

fn said(body: KfBody) -> Said {
    let words = |kind: &str, words: [Option<String>; 2]| {
        Said::of(kind, words.into_iter().flatten().collect::<Vec<_>>().join(" "), None)
    };
    match body {
        KfBody::Text { content, .. } => Said::text(content),
        KfBody::Image { media_id } => Said::of("image", "", Some(media_id)),
        KfBody::Voice { media_id } => Said::of("voice", "", Some(media_id)),
        KfBody::Video { media_id } => Said::of("video", "", Some(media_id)),
        KfBody::File { media_id } => Said::of("file", "", Some(media_id)),
        KfBody::Location { name, address, .. } => words("location", [name, address]),
        KfBody::Link { url, title, .. } => words("link", [title, Some(url)]),
        KfBody::Miniprogram { title, .. } => words("miniprogram", [title, None]),
        KfBody::BusinessCard { .. } => words("business_card", [None, None]),
        KfBody::Other { msgtype } => words(&msgtype, [None, None]),
        KfBody::Event(_) => words("event", [None, None]),
    }
}
