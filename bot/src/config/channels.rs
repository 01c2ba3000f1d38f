//! Whether the channels fit together with the people.

use channels::webhook::send::{self, Reach};
use sha2::{Digest, Sha256};

use super::check::{Findings, ID_RULE, is_id, people_ids, unknown_person};
use super::names::hint;
use crate::desk::{Channel, ChannelKind, Desk, Dispatch, Mode, Notice, Notices, Role};
use crate::surface::TelegramChat;

/// Longest text of a customer message, in bytes (wecom 94677).
const TEXT_MAX: usize = 2_048;

/// Adds everything that is wrong with the channels.
pub(super) fn check_channels(desk: &Desk, found: &mut Findings) {
    for (index, channel) in desk.channels.iter().enumerate() {
        let place = &format!("channels {:?}", channel.id);
        check_names(place, channel, &desk.channels[..index], found);
        check_people(place, channel, desk, found);
        check_mode(place, channel, found);
        let notices = &channel.notices;
        for (kind, notice) in
            [("welcome", &notices.welcome), ("received", &notices.received), ("handover", &notices.handover)]
        {
            if let Some(notice) = notice {
                check_notice(&format!("{place} notices.{kind}"), notice, desk, found);
            }
        }
    }
}

fn check_names(place: &str, channel: &Channel, before: &[Channel], found: &mut Findings) {
    found.expect(is_id(&channel.id), place, "the id is not usable", ID_RULE);
    let same_id = before.iter().any(|other| other.id == channel.id);
    found.expect(!same_id, place, "the id is used twice", "give one of them another id");
    found.expect(is_id(&channel.store), place, format!("the store {:?} is not usable", channel.store), ID_RULE);
    let blank = channel.account.trim() != channel.account || channel.account.is_empty();
    let todo = match channel.kind {
        ChannelKind::WecomKf => "copy the open_kfid",
        ChannelKind::Webhook => "write a name for the other system's account",
        ChannelKind::Telegram => "write the bot's name, without the @",
        ChannelKind::Official => "copy the account's AppID",
        ChannelKind::Manual => "write what the place is called, such as 千牛",
    };
    found.expect(!blank, place, format!("the account {:?} is not usable", channel.account), todo);
    check_url(place, channel, found);
    check_by_hand(place, channel, found);
    let group = channel.telegram_group.is_none_or(TelegramChat::is_group);
    let todo = "write the group's id, which begins with a minus, and a topic behind a slash: \"-1001234567890/7\"";
    found.expect(group, place, "telegram_group is no group", todo);
    let by_turn = channel.dispatch == Dispatch::Turn && channel.telegram_group.is_some();
    found.expect(!by_turn, place, "has a telegram_group and dispatch = \"turn\"", "a group shares its cards: keep one");
    let same_account = |other: &&Channel| other.kind == channel.kind && other.account == channel.account;
    let alone = matches!(channel.kind, ChannelKind::Telegram | ChannelKind::Official);
    if let Some(other) = before.iter().find(|other| alone && other.kind == channel.kind) {
        let what = format!("is of the same kind as channel {:?}", other.id);
        found.add(place, what, "there is one account of this kind (see .env): keep one of them");
    } else if let Some(other) = before.iter().find(same_account) {
        let what = format!("has the account {:?} of channel {:?}", channel.account, other.id);
        found.add(place, what, "an account belongs to one channel: correct one of them");
    }
}

/// Where a colleague carries the words over by hand, the case is theirs, and nothing leaves by itself.
fn check_by_hand(place: &str, channel: &Channel, found: &mut Findings) {
    if !channel.is_by_hand() {
        return;
    }
    let by_turn = channel.dispatch == Dispatch::Turn;
    let todo = r#"take dispatch = "turn" out: whoever asks for a customer gets the card"#;
    found.expect(!by_turn, place, "cases of a manual channel are not dealt by turn", todo);
    let alone = channel.telegram_group.is_none();
    found.expect(alone, place, "a manual channel has no telegram_group", "take it out: whoever asks gets the card");
    let by_hand = channel.mode != Mode::Auto;
    found.expect(by_hand, place, "a manual channel is in mode auto", r#"use mode = "draft": nothing leaves by itself"#);
    let silent = channel.notices == Notices::default();
    found.expect(silent, place, "a manual channel has no notices", "take them out: nothing leaves there by itself");
}

fn check_url(place: &str, channel: &Channel, found: &mut Findings) {
    let reach = if channel.private { Reach::Private } else { Reach::Public };
    match (channel.kind, &channel.url) {
        (ChannelKind::Webhook, Some(url)) => {
            if let Err(problem) = send::check(url, reach) {
                found.add(place, format!("the url is not usable: {problem}"), "correct the url");
            }
        }
        (ChannelKind::Webhook, None) if channel.mode != Mode::ReadOnly => {
            let todo = r#"add url = "https://…", where the other system takes replies"#;
            found.add(place, "there is no url to send replies to", todo);
        }
        (ChannelKind::Webhook, None) => {}
        (_, url) => {
            let unused = url.is_none() && !channel.private;
            found.expect(unused, place, "url and private are for channels of kind webhook", "take them out");
        }
    }
}

fn check_people(place: &str, channel: &Channel, desk: &Desk, found: &mut Findings) {
    if let Some(owner) = &channel.owner
        && desk.person(owner).is_none()
    {
        found.add(place, unknown_person("owner", owner), hint(owner, &people_ids(desk)));
    }
    for id in &channel.permitted {
        match desk.person(id) {
            None => found.add(place, unknown_person("permitted", id), hint(id, &people_ids(desk))),
            Some(person) if !person.decides() => found.add(
                place,
                format!("permitted names {id:?}, who is not reviewer, supervisor or admin"),
                format!("give {id:?} one of these roles, or take the name out"),
            ),
            Some(_) => {}
        }
    }
    let permitted: Vec<&str> = channel.permitted.iter().map(String::as_str).collect();
    // Where nobody is permitted, that is said already.
    let strangers = channel.hours.keys().filter(|id| !permitted.is_empty() && !channel.permitted.contains(id));
    for id in strangers {
        found.add(place, format!("hours names {id:?}, who is not in permitted"), hint(id, &permitted));
    }
    if let Some(id) = &channel.escalation_owner {
        check_escalation_owner(place, id, desk, found);
    }
}

fn check_escalation_owner(place: &str, id: &str, desk: &Desk, found: &mut Findings) {
    match desk.person(id) {
        None => found.add(place, unknown_person("escalation_owner", id), hint(id, &people_ids(desk))),
        Some(person) if !person.is(Role::Supervisor) && !person.is(Role::Admin) => found.add(
            place,
            format!("escalation_owner names {id:?}, who is not supervisor or admin"),
            format!("give {id:?} one of these roles, or name somebody else"),
        ),
        Some(_) => {}
    }
}

fn check_mode(place: &str, channel: &Channel, found: &mut Findings) {
    let name = match channel.mode {
        Mode::ReadOnly => return,
        Mode::Draft => "draft",
        Mode::Reviewed => "reviewed",
        Mode::Auto => "auto",
    };
    if channel.mode == Mode::Reviewed {
        let what = format!("mode {name:?} is not available yet: this version offers read_only, draft and auto");
        found.add(place, what, r#"use mode = "draft""#);
    }
    let nobody = format!("{name} mode needs somebody in permitted");
    found.expect(!channel.permitted.is_empty(), place, nobody, r#"add permitted = ["<person id>"]"#);
    let no_owner = format!("{name} mode needs escalation_owner");
    found.expect(channel.escalation_owner.is_some(), place, no_owner, r#"add escalation_owner = "<person id>""#);
}

fn check_notice(place: &str, notice: &Notice, desk: &Desk, found: &mut Findings) {
    let Notice { text, approved_by, sha256 } = notice;
    found.expect(!text.trim().is_empty(), place, "the text is empty", "write the text, or take the notice out");
    let (size, todo) = (text.len(), format!("shorten it to {TEXT_MAX} bytes (about 680 汉字)"));
    found.expect(size <= TEXT_MAX, place, format!("the text has {size} bytes"), todo);
    let right = hex::encode(Sha256::digest(text));
    let todo = format!("when an admin approves exactly this text: sha256 = {right:?}");
    found.expect(*sha256 == right, place, "sha256 is not that of the text", todo);
    match desk.person(approved_by) {
        None => found.add(place, unknown_person("approved_by", approved_by), hint(approved_by, &people_ids(desk))),
        Some(person) if !person.is(Role::Admin) => {
            let what = format!("approved_by names {approved_by:?}, who is not admin");
            found.add(place, what, "name the admin who approved the text");
        }
        Some(_) => {}
    }
}
