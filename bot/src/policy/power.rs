//! Who may do what, where: one table of role × power, with how far each grant reaches.

use serde::{Deserialize, Serialize};

use crate::desk::{Channel, Person, Role};

/// Something a person may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// See what waits.
    SeeQueue,
    /// See a case with its conversation.
    SeeCase,
    /// Approve, edit, reject.
    Decide,
    /// The same for what was escalated or is high risk.
    DecideHighRisk,
    /// Pass a case on to the next level.
    Escalate,
    /// Answer the customer in person, and give the case back.
    TakeOver,
    /// Stop one conversation.
    PauseConversation,
    /// Stop a channel.
    PauseChannel,
    /// Stop the desk.
    PauseEverything,
    /// Let a conversation go on.
    ResumeConversation,
    /// Let a channel go on.
    ResumeChannel,
    /// Let the desk go on; that it takes two people is the register's rule.
    ResumeEverything,
    /// Read the record and have it checked.
    ReadEvidence,
    /// Erase a customer's words.
    Erase,
    /// Import, publish and disable knowledge.
    ManageKnowledge,
    /// Change how far the bot may go.
    SetMode,
}

impl Power {
    /// Every power.
    pub const ALL: &'static [Self] = &[
        Self::SeeQueue,
        Self::SeeCase,
        Self::Decide,
        Self::DecideHighRisk,
        Self::Escalate,
        Self::TakeOver,
        Self::PauseConversation,
        Self::PauseChannel,
        Self::PauseEverything,
        Self::ResumeConversation,
        Self::ResumeChannel,
        Self::ResumeEverything,
        Self::ReadEvidence,
        Self::Erase,
        Self::ManageKnowledge,
        Self::SetMode,
    ];
}

/// How far a grant reaches; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Nowhere,
    /// On channels the person owns or is the escalation owner of.
    Owned,
    /// On those, and on channels that permit the person.
    Permitted,
    Everywhere,
}

/// The one table: what a role grants, and how far.
fn reach(role: Role, power: Power) -> Reach {
    use Power::{
        Decide, DecideHighRisk, Erase, Escalate, ManageKnowledge, PauseChannel, PauseConversation, ReadEvidence,
        ResumeChannel, ResumeConversation, SeeCase, SeeQueue, SetMode, TakeOver,
    };
    match (role, power) {
        (Role::Admin, _) => Reach::Everywhere,
        (Role::Supervisor, Erase | ManageKnowledge | SetMode) => Reach::Nowhere,
        (Role::Supervisor, _) => Reach::Everywhere,
        (Role::Reviewer, SeeQueue | SeeCase | Decide | Escalate | TakeOver | ReadEvidence) => Reach::Permitted,
        (Role::Reviewer, PauseConversation | PauseChannel | ResumeConversation) => Reach::Permitted,
        (Role::Reviewer, DecideHighRisk | ResumeChannel) => Reach::Owned,
        (Role::Auditor, SeeQueue | SeeCase | ReadEvidence) => Reach::Everywhere,
        (Role::KnowledgeOwner, ManageKnowledge) => Reach::Everywhere,
        (Role::Reviewer | Role::Auditor | Role::KnowledgeOwner, _) => Reach::Nowhere,
    }
}

/// A person may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// What was wanted.
    pub power: Power,
    /// What stands in the way.
    pub why: DeniedWhy,
}

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeniedWhy {
    /// None of the person's roles may do this anywhere.
    Role,
    /// The roles would allow it, but not on this channel.
    Channel,
    /// The person only reads.
    ReadsOnly,
}

impl Denied {
    /// The locale key of what the person is told; the sentence has no places to fill.
    pub fn key(&self) -> &'static str {
        match self.why {
            DeniedWhy::Role => "denied.role",
            DeniedWhy::Channel => "denied.channel",
            DeniedWhy::ReadsOnly => "denied.reads_only",
        }
    }
}

/// Whether `person` may do `power` on `channel`; without a channel only what reaches everywhere is allowed.
///
/// # Errors
/// What stands in the way.
pub fn may(person: &Person, power: Power, channel: Option<&Channel>) -> Result<(), Denied> {
    let granted = person.roles.iter().map(|role| reach(*role, power)).max().unwrap_or(Reach::Nowhere);
    let allowed = match granted {
        Reach::Everywhere => true,
        Reach::Permitted => channel.is_some_and(|c| owns(person, c) || c.permitted.contains(&person.id)),
        Reach::Owned => channel.is_some_and(|c| owns(person, c)),
        Reach::Nowhere => false,
    };
    let why = match granted {
        Reach::Nowhere if only_reads(person) => DeniedWhy::ReadsOnly,
        Reach::Nowhere => DeniedWhy::Role,
        _ => DeniedWhy::Channel,
    };
    if allowed { Ok(()) } else { Err(Denied { power, why }) }
}

fn owns(person: &Person, channel: &Channel) -> bool {
    [&channel.owner, &channel.escalation_owner].into_iter().any(|id| id.as_ref() == Some(&person.id))
}

fn only_reads(person: &Person) -> bool {
    person.roles.iter().all(|role| *role == Role::Auditor) && person.is(Role::Auditor)
}

#[cfg(test)]
#[path = "power_tests.rs"]
mod tests;
