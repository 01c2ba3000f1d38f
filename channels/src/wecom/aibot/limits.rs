//! What this surface takes, as data: whoever draws a card or plans a message asks this.

/// The largest template card (wecom 101032). Smaller than an app's (wecom 90236). 字 are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardLimits {
    /// 字 of `source.desc`.
    pub source: usize,
    /// 字 of `main_title.title`.
    pub title: usize,
    /// 字 of `main_title.desc`.
    pub title_desc: usize,
    /// 字 of `emphasis_content.title`.
    pub emphasis: usize,
    /// 字 of `emphasis_content.desc`.
    pub emphasis_desc: usize,
    /// 字 of `sub_title_text`: the body of a card.
    pub body: usize,
    /// Rows of `horizontal_content_list`.
    pub rows: usize,
    /// 字 of a row's `keyname`; not among this surface's documents: an app's.
    pub row_key: usize,
    /// 字 of a row's `value`.
    pub row_value: usize,
    /// Whether a row may be a file (`type` 2).
    pub attachment_rows: bool,
    /// Entries of `jump_list`.
    pub jumps: usize,
    /// 字 of an entry's title.
    pub jump_title: usize,
    /// Bytes of the question that an entry of `type` 3 asks the bot.
    pub jump_question_bytes: usize,
    /// Rows of `vertical_content_list`.
    pub verticals: usize,
    /// 字 of such a row's title.
    pub vertical_title: usize,
    /// 字 of such a row's text.
    pub vertical_desc: usize,
    /// Buttons.
    pub buttons: usize,
    /// 字 of a button's text.
    pub button_text: usize,
    /// Whether a button may open an address (`type` 1).
    pub url_buttons: bool,
    /// Bytes of a key.
    pub key_bytes: usize,
    /// Drop-downs of a `multiple_interaction` card.
    pub selects: usize,
    /// 字 of a drop-down's title.
    pub select_title: usize,
    /// Entries of a drop-down.
    pub options: usize,
    /// 字 of such an entry.
    pub option_text: usize,
    /// Entries of a `vote_interaction` card.
    pub checks: usize,
    /// 字 of such an entry.
    pub check_text: usize,
    /// Entries of the `…` menu.
    pub menu: usize,
    /// Bytes of `task_id`; letters, digits, `_`, `-` and `@`.
    pub task_id_bytes: usize,
    /// Whether a card can be changed at any time, and not only as the answer to a tap.
    pub unasked_update: bool,
    /// How long after a tap its card can be changed, in milliseconds; once.
    pub update_window_ms: u64,
}

/// The AI bot's card.
pub const LIMITS: CardLimits = CardLimits {
    source: 13,
    title: 26,
    title_desc: 30,
    emphasis: 10,
    emphasis_desc: 15,
    body: 112,
    rows: 6,
    row_key: 5,
    row_value: 26,
    attachment_rows: false,
    jumps: 3,
    jump_title: 13,
    jump_question_bytes: 200,
    verticals: 4,
    vertical_title: 26,
    vertical_desc: 112,
    buttons: 6,
    button_text: 10,
    url_buttons: false,
    key_bytes: 1024,
    selects: 3,
    select_title: 13,
    options: 10,
    option_text: 10,
    checks: 20,
    check_text: 11,
    menu: 3,
    task_id_bytes: 128,
    unasked_update: false,
    update_window_ms: 5_000,
};

/// How much and how long (wecom 101463, 101031).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Messages to one chat in a minute, over all commands that send.
    pub chat_per_minute: u32,
    /// The same in an hour.
    pub chat_per_hour: u32,
    /// Uploads in a minute.
    pub uploads_per_minute: u32,
    /// Uploads in an hour.
    pub uploads_per_hour: u32,
    /// How long a message may be replied to, in milliseconds.
    pub reply_ms: u64,
    /// How long after its first frame a stream must be finished, in milliseconds.
    pub stream_ms: u64,
    /// Least pause between two frames of a stream, in milliseconds; a stream is refreshed at least every four minutes.
    pub stream_pause_ms: u64,
    /// Bytes of a text, of markdown, and of a stream's content.
    pub text_bytes: usize,
    /// How long a `media_id` lives, in milliseconds.
    pub media_ms: u64,
}

/// The AI bot's rates.
pub const RATES: Rates = Rates {
    chat_per_minute: 30,
    chat_per_hour: 1_000,
    uploads_per_minute: 30,
    uploads_per_hour: 1_000,
    reply_ms: 24 * 3_600_000,
    stream_ms: 6 * 60_000,
    stream_pause_ms: 500,
    text_bytes: 20_480,
    media_ms: 3 * 24 * 3_600_000,
};
