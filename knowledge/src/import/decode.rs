//! Bytes to text: a byte order mark decides, then valid UTF-8, then GB18030 (what Chinese Excel writes).

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030};

/// The file as text without mark and with `\n` line ends, or `None` if it is in no supported encoding.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let decoded = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..])?,
        None => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => GB18030.decode_without_bom_handling_and_without_replacement(bytes)?,
        },
    };
    // A NUL means a binary file or UTF-16 without a mark: refuse rather than import rubbish.
    (!decoded.contains('\0')).then(|| decoded.replace("\r\n", "\n").replace('\r', "\n"))
}
