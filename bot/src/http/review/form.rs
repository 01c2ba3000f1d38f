//! The forms of a case's page: a new text, and for who signed in, sending.

use serde::Serialize;

use super::page::Extra;
use super::seal::Seal;
use super::visitor::Visitor;
use crate::app::App;
use crate::case::{SessionOwner, State};
use crate::view::View;

/// Messages one reply may have.
const MOST_PARTS: usize = 3;
/// Bytes the platform accepts in one text message (wecom 94677).
const PART_BYTES: usize = channels::wecom::kf::MAX_PART_BYTES;
/// Bytes of most Chinese characters.
const CHARACTER_BYTES: usize = 3;

/// What somebody may do on the page.
#[derive(Debug, Serialize)]
pub(super) struct Forms {
    token: Option<String>,
    csrf: String,
    version: i64,
    code: String,
    fields: Vec<Field>,
    live: bool,
    open: bool,
    sendable: bool,
    sends: bool,
    doubt: bool,
    resolves: bool,
    resends: bool,
    signed_in: bool,
    /// Who carries the reply over by hand, where somebody does.
    carried_by: Option<String>,
}

/// One message in the form.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    name: String,
    place: usize,
    text: String,
    left: i64,
    characters: i64,
}

/// Whether the text can be changed now, by this person.
pub(super) fn editable(view: &View, person: &str) -> bool {
    let decides = view.desk.desk.person(person).is_some_and(|p| view.decides(p));
    let open = match &view.case.state {
        State::AwaitingReview(_) | State::NeedsPerson(_) => true,
        State::HandedOver { to, session } => to == person && *session == SessionOwner::Bot,
        _ => false,
    };
    decides && open
}

/// Whether a person has to say what became of a message, and this one may.
fn resolvable(view: &View, person: &str) -> bool {
    let decides = view.desk.desk.person(person).is_some_and(|p| view.decides(p));
    decides && matches!(view.case.state, State::Unknown(_))
}

/// What a person may do now.
pub(super) fn of(app: &App, view: &View, visitor: &Visitor, extra: &Extra, paused: bool) -> Option<Forms> {
    let doubt = visitor.covers(view.case.version) && resolvable(view, &visitor.person);
    let covered = visitor.covers(view.case.version) && editable(view, &visitor.person);
    // What somebody wrote stays in sight, even where it can no longer be handed in.
    if !covered && !doubt && extra.kept.is_none() {
        return None;
    }
    let sendable = matches!(view.case.state, State::AwaitingReview(_));
    let shown = || view.case.draft().map(|d| d.parts.clone()).unwrap_or_default();
    let texts = extra.kept.clone().unwrap_or_else(shown);
    Some(Forms {
        token: visitor.token().map(str::to_owned),
        csrf: Seal::new(&app.cookie_key).form_token(&visitor.binding(), view.case.number),
        version: view.case.version,
        code: view.case.code(),
        fields: fields(&texts),
        live: covered,
        open: extra.kept.is_some() || !sendable,
        sendable,
        sends: sendable && visitor.signed_in() && !paused,
        doubt: doubt && extra.kept.is_none(),
        resolves: doubt && visitor.signed_in(),
        resends: !paused && view.may_send_again(),
        signed_in: visitor.signed_in(),
        carried_by: view.case.asker.as_deref().map(|asker| view.desk.desk.name_of(asker).to_owned()),
    })
}

/// The form's fields, as many as a reply may have messages.
fn fields(texts: &[String]) -> Vec<Field> {
    let field = |at: usize| {
        let text = texts.get(at).cloned().unwrap_or_default();
        let left = PART_BYTES as i64 - text.len() as i64;
        Field { name: format!("part{}", at + 1), place: at + 1, text, left, characters: left / CHARACTER_BYTES as i64 }
    };
    (0..MOST_PARTS).map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_says_what_room_is_left() {
        let fields = fields(&["短".into(), "长".repeat(700)]);
        let room: Vec<(&str, i64)> = fields.iter().map(|f| (f.name.as_str(), f.left)).collect();
        assert_eq!(room, [("part1", 2045), ("part2", -52), ("part3", 2048)]);
        assert_eq!(fields[0].characters, 681);
    }
}
