//! The self-built WeCom app (wecom 90236 messages, 94888 card updates).

use channels::wecom::api::{ApiError, MediaKind};
use serde_json::Value;

use super::{Missed, NotChanged};
use crate::app::Wecom;
use crate::effects::refused_for_good;

pub(super) async fn text(wecom: &Wecom, member: &str, text: &str) -> Result<(), Missed> {
    let sent = wecom.app.send_text(member, text).await.map_err(missed)?;
    if sent.reached(member) { Ok(()) } else { Err(unknown_member()) }
}

pub(super) async fn picture(wecom: &Wecom, member: &str, bytes: &[u8]) -> Result<(), Missed> {
    let media = wecom.app.upload(MediaKind::Image, "customer.jpg", bytes).await.map_err(missed)?;
    wecom.app.send_image(member, &media).await.map(drop).map_err(missed)
}

pub(super) async fn post(wecom: &Wecom, member: &str, card: &Value) -> Result<Option<String>, Missed> {
    let sent = wecom.app.send_card(member, card).await.map_err(missed)?;
    if sent.reached(member) { Ok(sent.response_code) } else { Err(unknown_member()) }
}

/// A code is spent by being used, whatever came of it: only what never left may use it again.
pub(super) async fn change(wecom: &Wecom, member: &str, code: &str, card: &Value) -> Result<(), NotChanged> {
    match wecom.app.update_card(&[member.to_owned()], code, card).await {
        Ok(unchanged) if unchanged.is_empty() => Ok(()),
        Err(error @ ApiError::NotSent { .. }) => Err(NotChanged::NotYet(error.to_string())),
        Ok(_) | Err(_) => Err(NotChanged::Never),
    }
}

fn unknown_member() -> Missed {
    Missed::Never("the platform does not know this member".into())
}

/// What an error means for a message whose repetition harms nobody.
pub(super) fn missed(error: ApiError) -> Missed {
    if refused_for_good(&error) { Missed::Never(error.to_string()) } else { Missed::NotYet(error.to_string()) }
}
