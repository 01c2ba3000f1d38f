//! Which change makes which version new.

use super::*;
use crate::config::parse_desk;
use crate::desk::{Dispatch, Mode, Role};

fn desk() -> Desk {
    parse_desk(include_str!("../../../aijia.example.toml"), "aijia.toml").unwrap()
}

const SMALL: &str = r#"
[[people]]
id = "chenjie"
name = "陈杰"
wecom = "ChenJie"
roles = ["admin"]
[[channels]]
id = "kf"
kind = "wecom_kf"
account = "wk1"
store = "flagship"
permitted = ["chenjie"]
escalation_owner = "chenjie"
mode = "draft"
allowed_actions = ["reply"]
"#;

type Change = fn(&mut Desk);

/// Whether a change makes a new policy version and a new people version.
fn renewed(change: Change) -> (bool, bool) {
    let (before, mut after) = (desk(), desk());
    change(&mut after);
    assert_ne!(before, after, "nothing was changed");
    (policy_version(&before, "t") != policy_version(&after, "t"), people_version(&before) != people_version(&after))
}

#[test]
fn what_decides_makes_a_new_policy_version() {
    let changes: [Change; 6] = [
        |desk| desk.policy.confidence = 0.95,
        |desk| desk.policy.high_value_cents += 1,
        |desk| desk.channels[0].mode = Mode::ReadOnly,
        |desk| desk.channels[0].store = "other".into(),
        |desk| desk.channels[0].allowed_actions.truncate(1),
        |desk| desk.channels[0].review_required.push("sizing".into()),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert_eq!(renewed(change), (true, false), "change {index}");
    }
    assert_ne!(policy_version(&desk(), "t"), policy_version(&desk(), "u"), "the trigger words decide too");
}

#[test]
fn people_names_and_hours_void_no_card() {
    let changes: [Change; 26] = [
        |desk| desk.desk.locale = "en".into(),
        |desk| desk.desk.timezone = "Asia/Tokyo".into(),
        |desk| desk.desk.review_minutes = 20,
        |desk| desk.desk.open_cards = 5,
        |desk| desk.desk.waiting_minutes = 30,
        |desk| desk.people[1].hours.truncate(1),
        |desk| desk.channels[0].dispatch = Dispatch::Turn,
        |desk| desk.channels[0].hours.clear(),
        |desk| desk.desk.currency = "JPY".into(),
        |desk| desk.desk.quiet_seconds = 0,
        |desk| desk.desk.quiet_at_most_seconds = 20,
        |desk| desk.desk.alarms_to = None,
        |desk| desk.desk.weekly_report = "fri 17:00".parse().unwrap(),
        |desk| desk.people[0].id = "lihua2".into(),
        |desk| desk.people[0].name = "李华华".into(),
        |desk| desk.people[0].wecom = Some("LiHua2".into()),
        |desk| desk.people[0].telegram = Some(1),
        |desk| desk.people[0].roles.push(Role::Supervisor),
        |desk| desk.channels[0].name = None,
        |desk| desk.channels[0].account = "wkOther".into(),
        |desk| desk.channels[0].owner = None,
        |desk| desk.channels[0].permitted.truncate(1),
        |desk| desk.channels[0].escalation_owner = Some("chenjie".into()),
        |desk| desk.channels[0].notices.welcome = None,
        |desk| desk.channels[0].notices.received = desk.channels[0].notices.handover.clone(),
        |desk| desk.policy.triggers = Some("file.toml".into()),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert_eq!(renewed(change), (false, true), "change {index}");
    }
}

#[test]
fn a_channel_more_makes_both_new() {
    assert_eq!(renewed(|desk| drop(desk.channels.pop())), (true, true));
}

#[test]
fn order_does_not_decide() {
    let mut turned = desk();
    turned.channels[0].allowed_actions.reverse();
    turned.channels[0].review_required.push("coupon".into());
    turned.channels.reverse();
    assert_eq!(policy_version(&desk(), "t"), policy_version(&turned, "t"));
}

#[test]
fn versions_are_fixed() {
    // Kept in the store and bound by approvals: a new program must not void every open card by accident.
    let desk = parse_desk(SMALL, "aijia.toml").unwrap();
    assert_eq!(short_version(&policy_version(&desk, "")), "aa3c53cdc8539327");
    assert_eq!(short_version(&people_version(&desk)), "0c6630ad8074da42");
}

#[test]
fn people_see_the_beginning_of_a_version() {
    let version = policy_version(&desk(), "t");
    assert_eq!(version.len(), 64);
    assert_eq!(short_version(&version), &version[..16]);
    assert_eq!(short_version("短"), "短");
}

#[test]
fn what_decided_before_decides_again_beside_the_people_of_now() {
    let before = desk();
    let mut now = desk();
    now.policy.confidence = 0.5;
    now.channels[0].mode = Mode::ReadOnly;
    now.channels[0].review_required.clear();
    now.channels[0].permitted.clear();
    now.desk.review_minutes += 1;
    let new = Channel { id: "new".into(), mode: Mode::Auto, ..now.channels[0].clone() };
    now.channels.push(new.clone());
    let again = deciding_as(now.clone(), &before);
    assert_eq!(people_version(&again), people_version(&now));
    assert_eq!(again.channels.last(), Some(&new), "what is new since then decides as it does");
    let without_new = Desk { channels: again.channels[..before.channels.len()].to_vec(), ..again };
    assert_eq!(policy_version(&without_new, "t"), policy_version(&before, "t"));
}

#[test]
fn what_decides_otherwise_is_told_by_its_place() {
    let (before, mut after) = (desk(), desk());
    after.policy.confidence = 0.5;
    after.channels[0].mode = Mode::ReadOnly;
    after.desk.review_minutes += 1;
    let id = &before.channels[0].id;
    let told = policy_changes((&before, "t"), (&after, "u"));
    let mode = json!(before.channels[0].mode);
    let wanted = [
        format!("channels.{id}.mode: {} → read_only", mode.as_str().unwrap()),
        format!("policy.confidence: {} → 0.5", before.policy.confidence),
        "triggers: t → u".to_owned(),
    ];
    assert_eq!(told, wanted);
    assert!(policy_changes((&before, "t"), (&before, "t")).is_empty());
}
