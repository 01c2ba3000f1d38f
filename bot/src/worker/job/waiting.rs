//! How a job waits: in which lane, before or behind which others, and for whose phone.

use super::Job;
use crate::store::queue::Rank;
use crate::surface::{Address, Surface};

impl Job {
    /// Jobs of one lane are done one after another.
    pub(super) fn lane(&self) -> String {
        match self {
            Self::Draft { case, .. } => format!("draft:{case}"),
            Self::PostCard { to, .. } | Self::PostCare { to, .. } | Self::Story { to, .. } => {
                format!("to:{}", to.lane())
            }
            // Changing a card is no message: it does not wait until the phone may have another one.
            Self::SettleCard { task_id, .. } | Self::SettleCare { task_id, .. } | Self::Ask { task_id, .. } => {
                format!("card:{task_id}")
            }
            // Whoever asked or commanded hears at once, however many cards wait for the same phone.
            Self::Say { to, .. } | Self::Prompt { to, .. } | Self::Text { to, .. } | Self::Show { to, .. } => {
                format!("answer:{}", to.lane())
            }
            Self::Inform { to, .. } => format!("inform:{}", to.lane()),
            // Told an hour later: it holds up nothing else this person is told.
            Self::Corrections { owner, .. } => format!("corrections:{owner}"),
            Self::AnswerPress { press, .. } => format!("press:{press}"),
            // Dates stand alone: none of them holds another one back.
            Self::ReviewDeadline { case, due } => format!("review:{case}:{due}"),
            Self::WindowDeadline { case, due } => format!("window:{case}:{due}"),
            Self::EvidenceStale { case, version } => format!("stale:{case}:{version}"),
            Self::PolicyChanged { case } => format!("policy:{case}"),
            Self::KnowledgeChanged { case } => format!("knowledge:{case}"),
            Self::Publish { entry, .. } => format!("publish:{entry}"),
            Self::AskReview { sample } => format!("sample:{sample}"),
            // One after another: each may be large.
            Self::FetchUpload { to, .. } => format!("fetch:{}", to.lane()),
            Self::ReadUpload { upload } | Self::PublishUpload { upload, .. } => format!("upload:{upload}"),
            // Those that are claimed wait for each other by the dealer's lock, not for a worker that died.
            Self::Deal { because } => format!("deal:{because}"),
            Self::Send { conversation, .. }
            | Self::Transfer { conversation, .. }
            | Self::EndSession { conversation }
            | Self::Notice { conversation, .. } => format!("send:{conversation}"),
            Self::Welcome { conversation, .. } => format!("welcome:{conversation}"),
            Self::FetchMedia { conversation, seq, .. } => format!("media:{conversation}:{seq}"),
            Self::LearnName { conversation } => format!("name:{conversation}"),
            Self::TestRecipe { store, recipe, .. } => format!("recipe:{store}:{recipe}"),
            Self::CollectPack { case, .. } => format!("pack:{case}"),
            Self::Draw { to, until } => format!("draw:{}:{until}", to.lane()),
            Self::PrepareAction { action } | Self::SubmitAction { action } => format!("action:{action}"),
            Self::Erase { conversation, .. } => format!("erase:{conversation}"),
        }
    }

    pub(super) fn rank(&self) -> Rank {
        if self.to().is_some_and(|to| to.surface == Surface::WecomAibot) {
            return Rank::Linked;
        }
        match self {
            Self::Say { .. }
            | Self::Prompt { .. }
            | Self::AnswerPress { .. }
            | Self::Text { .. }
            | Self::Show { .. }
            | Self::Ask { .. }
            | Self::Send { .. }
            | Self::Transfer { .. }
            | Self::EndSession { .. }
            | Self::Notice { .. }
            | Self::Welcome { .. } => Rank::First,
            Self::PostCard { .. }
            | Self::PostCare { .. }
            | Self::SettleCard { .. }
            | Self::SettleCare { .. }
            | Self::Story { .. }
            | Self::Inform { .. }
            | Self::Corrections { .. }
            | Self::ReviewDeadline { .. }
            | Self::WindowDeadline { .. }
            | Self::EvidenceStale { .. }
            | Self::PolicyChanged { .. }
            | Self::KnowledgeChanged { .. }
            | Self::AskReview { .. } => Rank::Then,
            Self::Deal { .. } => Rank::Turns,
            Self::Draft { .. }
            | Self::Publish { .. }
            | Self::FetchUpload { .. }
            | Self::ReadUpload { .. }
            | Self::PublishUpload { .. }
            | Self::FetchMedia { .. }
            | Self::LearnName { .. }
            | Self::TestRecipe { .. }
            | Self::Draw { .. }
            | Self::CollectPack { .. }
            | Self::PrepareAction { .. }
            | Self::SubmitAction { .. }
            | Self::Erase { .. } => Rank::Slow,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Draft { .. } => "draft",
            Self::PostCard { .. } => "post_card",
            Self::PostCare { .. } => "post_care",
            Self::SettleCard { .. } => "settle_card",
            Self::SettleCare { .. } => "settle_care",
            Self::Ask { .. } => "ask",
            Self::Say { .. } => "say",
            Self::Prompt { .. } => "prompt",
            Self::AnswerPress { .. } => "answer_press",
            Self::Inform { .. } => "inform",
            Self::Corrections { .. } => "corrections",
            Self::Text { .. } => "text",
            Self::Story { .. } => "story",
            Self::Deal { .. } => "deal",
            Self::ReviewDeadline { .. } => "review_deadline",
            Self::WindowDeadline { .. } => "window_deadline",
            Self::Send { .. } => "send",
            Self::Transfer { .. } => "transfer",
            Self::EndSession { .. } => "end_session",
            Self::Notice { .. } => "notice",
            Self::Welcome { .. } => "welcome",
            Self::FetchMedia { .. } => "fetch_media",
            Self::LearnName { .. } => "learn_name",
            Self::TestRecipe { .. } => "test_recipe",
            Self::EvidenceStale { .. } => "evidence_stale",
            Self::PolicyChanged { .. } => "policy_changed",
            Self::KnowledgeChanged { .. } => "knowledge_changed",
            Self::Publish { .. } => "publish",
            Self::AskReview { .. } => "ask_review",
            Self::Show { .. } => "show",
            Self::Draw { .. } => "draw",
            Self::CollectPack { .. } => "collect_pack",
            Self::PrepareAction { .. } => "prepare_action",
            Self::SubmitAction { .. } => "submit_action",
            Self::FetchUpload { .. } => "fetch_upload",
            Self::ReadUpload { .. } => "read_upload",
            Self::PublishUpload { .. } => "publish_upload",
            Self::Erase { .. } => "erase",
        }
    }

    pub(super) fn case(&self) -> Option<&str> {
        match self {
            Self::Draft { case, .. }
            | Self::Story { case, .. }
            | Self::CollectPack { case, .. }
            | Self::ReviewDeadline { case, .. }
            | Self::WindowDeadline { case, .. }
            | Self::Send { case, .. }
            | Self::Transfer { case, .. }
            | Self::Notice { case, .. }
            | Self::EvidenceStale { case, .. }
            | Self::PolicyChanged { case }
            | Self::KnowledgeChanged { case } => Some(case),
            _ => None,
        }
    }

    /// Whose phone it is for.
    fn to(&self) -> Option<&Address> {
        match self {
            Self::SettleCard { to, .. }
            | Self::SettleCare { to, .. }
            | Self::Ask { to, .. }
            | Self::TestRecipe { to, .. }
            | Self::CollectPack { to, .. }
            | Self::PublishUpload { to, .. }
            | Self::Send { to: Some(to), .. } => Some(to),
            _ => self.paced(),
        }
    }

    /// Whose phone a new message would reach; changing a card is no message.
    pub(super) fn paced(&self) -> Option<&Address> {
        match self {
            Self::PostCard { to, .. }
            | Self::PostCare { to, .. }
            | Self::Say { to, .. }
            | Self::Prompt { to, .. }
            | Self::Inform { to, .. }
            | Self::Corrections { to, .. }
            | Self::Text { to, .. }
            | Self::Show { to, .. }
            | Self::Story { to, .. } => Some(to),
            _ => None,
        }
    }
}
