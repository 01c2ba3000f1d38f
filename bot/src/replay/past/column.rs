//! What the columns of an export are called.

/// What a column, or a member of a JSON object, holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Conversation,
    At,
    From,
    Text,
    Channel,
    Kind,
}

/// Lines that are looked at for the separator: the header is the first one.
const SEPARATORS: [u8; 3] = [b'\t', b';', b','];

impl Column {
    /// The columns without which nothing can be replayed, by the name people are told.
    const NEEDED: [(Self, &'static str); 4] =
        [(Self::Conversation, "conversation"), (Self::At, "at"), (Self::From, "from"), (Self::Text, "text")];

    /// The column with this header, as shop systems write them.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_lowercase().as_str() {
            "conversation" | "conversation_id" | "session" | "session_id" | "会话" | "会话id" | "会话编号"
            | "会话号" => Self::Conversation,
            "at" | "time" | "sent_at" | "created_at" | "时间" | "发送时间" | "消息时间" => Self::At,
            "from" | "sender" | "role" | "发送方" | "发送者" | "发送人" | "角色" | "身份" => Self::From,
            "text" | "content" | "message" | "内容" | "消息" | "消息内容" | "聊天内容" => Self::Text,
            "channel" | "渠道" | "店铺" | "来源" => Self::Channel,
            "kind" | "type" | "msgtype" | "类型" | "消息类型" => Self::Kind,
            _ => return None,
        })
    }
}

/// The separator under which most names of the first line are known.
pub(super) fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let known = |separator: u8| {
        let names = header.split(separator as char).map(|name| Column::named(name.trim().trim_matches('"')));
        names.flatten().count()
    };
    // `max_by_key` keeps the last of equals, so the comma stands last.
    SEPARATORS.into_iter().max_by_key(|&separator| known(separator)).unwrap_or(b',')
}

/// Whether every needed column is there.
///
/// # Errors
/// The name of one that is missing.
pub(super) fn all_needed(columns: &[Option<Column>]) -> Result<(), &'static str> {
    let missing = Column::NEEDED.iter().find(|(needed, _)| !columns.contains(&Some(*needed)));
    missing.map_or(Ok(()), |(_, name)| Err(name))
}
