//! Whose phones jobs reach.

use super::Job;
use crate::surface::Address;

impl Job {
    /// Whose phone it is for.
    pub(super) fn to(&self) -> Option<&Address> {
        match self {
            Self::SettleCard { to, .. }
            | Self::SettleCare { to, .. }
            | Self::Ask { to, .. }
            | Self::TestRecipe { to, .. }
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
            | Self::Text { to, .. }
            | Self::Show { to, .. }
            | Self::Story { to, .. } => Some(to),
            _ => None,
        }
    }

    /// The same for another phone of the same person; nothing for what is about one phone.
    pub(crate) fn elsewhere(self, other: Address) -> Option<Self> {
        match self {
            Self::Say { say, .. } => Some(Self::Say { to: other, say }),
            Self::Prompt { say, .. } => Some(Self::Prompt { to: other, say }),
            Self::Inform { say, .. } => Some(Self::Inform { to: other, say }),
            Self::Text { text, .. } => Some(Self::Text { to: other, text }),
            Self::Story { case, person, .. } => Some(Self::Story { case, to: other, person }),
            _ => None,
        }
    }
}
