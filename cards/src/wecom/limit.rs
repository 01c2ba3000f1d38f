//! The smaller of WeCom's limits, app (90236) and bot (101032). Text in characters, ids and messages in bytes.

/// `source.desc`.
pub(crate) const SOURCE: usize = 13;
/// `main_title.title`.
pub(crate) const TITLE: usize = 26;
/// `main_title.desc`.
pub(crate) const DESC: usize = 30;
/// `quote_area.quote_text`: no limit is documented; what a phone shows without scrolling past the draft.
pub(crate) const QUOTE: usize = 120;
/// `quote_area.title`: no limit is documented.
pub(crate) const QUOTE_TITLE: usize = 30;
/// `sub_title_text`.
pub(crate) const BODY: usize = 112;
/// Entries of `horizontal_content_list`.
pub(crate) const ROWS: usize = 6;
/// A row's `keyname`.
pub(crate) const ROW_KEY: usize = 5;
/// A row's `value`.
pub(crate) const ROW_VALUE: usize = 26;
/// Entries of `jump_list`.
pub(crate) const JUMPS: usize = 3;
/// A jump's `title`.
pub(crate) const JUMP_TITLE: usize = 13;
/// Entries of `button_list`.
pub(crate) const BUTTONS: usize = 6;
/// A button's text; also the caption of a disabled card.
pub(crate) const BUTTON: usize = 10;
/// Options of a drop-down.
pub(crate) const OPTIONS: usize = 10;
/// An option's text.
pub(crate) const OPTION: usize = 10;
/// A drop-down's title.
pub(crate) const SELECT_TITLE: usize = 13;
/// `task_id`.
pub(crate) const TASK_ID_BYTES: usize = 128;
/// A button's `key`, a drop-down's `question_key`.
pub(crate) const KEY_BYTES: usize = 1024;
/// An option's `id`.
pub(crate) const OPTION_ID_BYTES: usize = 128;
/// A link.
pub(crate) const URL_BYTES: usize = 2048;
/// A text message.
pub(crate) const MESSAGE_BYTES: usize = 2048;
