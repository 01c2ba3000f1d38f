//! Bytes to text: a byte order mark decides, then valid UTF-8, then what the bytes look like: GB18030 (what Chinese
//! Excel writes) or Big5.

use std::borrow::Cow;

use encoding_rs::{BIG5, Encoding, GB18030};

/// The file as text without mark and with `\n` line ends, or `None` if it is in no supported encoding.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let decoded = match marked(bytes) {
        Some(decoded) => decoded?,
        None => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => legacy(bytes)?,
        },
    };
    // A NUL means a binary file or UTF-16 without a mark: refuse rather than import rubbish.
    (!decoded.contains('\0')).then(|| decoded.replace("\r\n", "\n").replace('\r', "\n"))
}

/// A part of an office file: UTF-8, or UTF-16 with a mark.
pub(super) fn xml(bytes: &[u8]) -> Option<String> {
    match marked(bytes) {
        Some(decoded) => decoded.map(Cow::into_owned),
        None => std::str::from_utf8(bytes).ok().map(str::to_owned),
    }
}

/// The text after a byte order mark, if there is one.
fn marked(bytes: &[u8]) -> Option<Option<Cow<'_, str>>> {
    let (encoding, mark) = Encoding::for_bom(bytes)?;
    Some(encoding.decode_without_bom_handling_and_without_replacement(bytes.get(mark..)?))
}

/// Most Big5 is valid GB18030 as well, but reads as nonsense: whose everyday characters the bytes are decides.
fn legacy(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let decoded = |encoding: &'static Encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes);
    let (mut simplified, mut traditional) = (0_usize, 0_usize);
    let mut rest = bytes;
    while let [lead, tail @ ..] = rest {
        rest = tail;
        if let (0x81.., [trail, behind @ ..]) = (lead, tail) {
            // GB 2312, and the first level of Big5: what almost every text consists of.
            simplified += usize::from(matches!((lead, trail), (0xB0..=0xF7, 0xA1..)));
            traditional += usize::from(matches!((lead, trail), (0xA4..=0xC6, 0x40..=0x7E | 0xA1..)));
            rest = behind;
        }
    }
    if traditional > simplified { decoded(BIG5).or_else(|| decoded(GB18030)) } else { decoded(GB18030) }
}
