use super::*;
use crate::desk::ChannelKind;

const ROLES: [Role; 5] = [Role::Reviewer, Role::Supervisor, Role::Admin, Role::KnowledgeOwner, Role::Auditor];

/// What a person is to the channel in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    Stranger,
    Permitted,
    Owner,
    EscalationOwner,
    /// No channel is in question, or it was removed.
    NoChannel,
}

const TIES: [Tie; 5] = [Tie::Stranger, Tie::Permitted, Tie::Owner, Tie::EscalationOwner, Tie::NoChannel];

fn person(roles: &[Role]) -> Person {
    Person {
        id: "li".into(),
        name: "李".into(),
        wecom: None,
        telegram: None,
        surfaces: vec![],
        roles: roles.to_vec(),
        hours: vec![],
    }
}

fn channel(tie: Tie) -> Option<Channel> {
    let mine = |wanted| (tie == wanted).then(|| "li".to_owned()).or_else(|| Some("wang".to_owned()));
    (tie != Tie::NoChannel).then(|| Channel {
        id: "kf".into(),
        kind: ChannelKind::WecomKf,
        account: "wk".into(),
        store: "flagship".into(),
        name: None,
        owner: mine(Tie::Owner),
        permitted: mine(Tie::Permitted).into_iter().collect(),
        escalation_owner: mine(Tie::EscalationOwner),
        dispatch: Default::default(),
        telegram_group: None,
        hours: Default::default(),
        mode: Default::default(),
        allowed_actions: Vec::new(),
        review_required: Vec::new(),
        notices: Default::default(),
        url: None,
        private: false,
        platform: None,
        region: None,
    })
}

/// The rules in words, written apart from the table: who may, cell by cell.
fn expected(role: Role, power: Power, tie: Tie) -> bool {
    let here = matches!(tie, Tie::Permitted | Tie::Owner | Tie::EscalationOwner);
    let answers_for_it = matches!(tie, Tie::Owner | Tie::EscalationOwner);
    match role {
        Role::Admin => true,
        Role::Supervisor => ![Power::Erase, Power::ManageKnowledge, Power::SetMode].contains(&power),
        Role::Auditor => [Power::SeeQueue, Power::SeeCase, Power::ReadEvidence].contains(&power),
        Role::KnowledgeOwner => power == Power::ManageKnowledge,
        Role::Reviewer => match power {
            Power::SeeQueue | Power::SeeCase | Power::ReadEvidence => here,
            Power::Decide | Power::Escalate | Power::TakeOver => here,
            Power::PauseConversation | Power::PauseChannel | Power::ResumeConversation => here,
            Power::DecideHighRisk | Power::ResumeChannel => answers_for_it,
            Power::PauseEverything | Power::ResumeEverything => false,
            Power::Erase | Power::ManageKnowledge | Power::SetMode => false,
        },
    }
}

fn cells() -> impl Iterator<Item = (Role, Power, Tie)> {
    ROLES.into_iter().flat_map(|role| Power::ALL.iter().flat_map(move |p| TIES.map(|tie| (role, *p, tie))))
}

#[test]
fn every_cell_of_role_power_and_scope() {
    assert_eq!(cells().count(), 5 * 16 * 5);
    for (role, power, tie) in cells() {
        let answer = may(&person(&[role]), power, channel(tie).as_ref());
        assert_eq!(answer.is_ok(), expected(role, power, tie), "{role:?} {power:?} {tie:?}: {answer:?}");
        if let Err(denied) = answer {
            assert_eq!(denied.power, power);
            assert!(denied.key().starts_with("denied."));
        }
    }
}

#[test]
fn roles_add_up_and_no_role_is_no_power() {
    for (first, power, tie) in cells() {
        let channel = channel(tie);
        assert!(may(&person(&[]), power, channel.as_ref()).is_err());
        for second in ROLES {
            let both = may(&person(&[first, second]), power, channel.as_ref()).is_ok();
            let either = expected(first, power, tie) || expected(second, power, tie);
            assert_eq!(both, either, "{first:?}+{second:?} {power:?} {tie:?}");
        }
    }
}

#[test]
fn the_person_hears_what_stands_in_the_way() {
    let why = |roles: &[Role], power, tie| may(&person(roles), power, channel(tie).as_ref()).map_err(|d| d.why);
    assert_eq!(why(&[Role::Reviewer], Power::Decide, Tie::Stranger), Err(DeniedWhy::Channel));
    assert_eq!(why(&[Role::Reviewer], Power::Decide, Tie::NoChannel), Err(DeniedWhy::Channel));
    assert_eq!(why(&[Role::Reviewer], Power::SetMode, Tie::Owner), Err(DeniedWhy::Role));
    assert_eq!(why(&[Role::Auditor], Power::Decide, Tie::Owner), Err(DeniedWhy::ReadsOnly));
    assert_eq!(why(&[Role::Auditor, Role::Reviewer], Power::Decide, Tie::Stranger), Err(DeniedWhy::Channel));
    assert_eq!(why(&[Role::KnowledgeOwner], Power::PauseEverything, Tie::NoChannel), Err(DeniedWhy::Role));
    assert_eq!(why(&[], Power::SeeQueue, Tie::Owner), Err(DeniedWhy::Role));
}
