//! Finding letters: the drawing library brings none, and Chinese ones are as large as the rest of the program.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use plotters::style::{FontStyle, register_font};
use ttf_parser::{Face, fonts_in_collection, name_id};

/// Where systems keep fonts with simplified Chinese letters, those first that need least memory.
const KNOWN: [&str; 6] = [
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/System/Library/Fonts/STHeiti Light.ttc",
];
/// Where the list of a collection's fonts begins; each is four bytes.
const FIRST: usize = 12;
/// A letter that every font for Chinese has.
const LETTER: char = '的';

/// Why nothing can be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFont {
    /// The system has none.
    #[error("no font with Chinese letters: apt-get install fonts-wqy-microhei, or name one in AIJIA_FONT")]
    Missing,
    /// The one that was named cannot be used.
    #[error("AIJIA_FONT {0} is no font with Chinese letters: name a .ttf, .otf or .ttc file of one")]
    Unusable(String),
}

/// Fonts that are known to the drawing library by now; it keeps them for ever, so each is given to it once.
static KEPT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Gives the drawing library a font, and its name there.
pub(super) fn register(own: Option<&Path>) -> Result<String, NoFont> {
    match own {
        Some(path) => named(path).ok_or_else(|| NoFont::Unusable(path.display().to_string())),
        None => KNOWN.iter().find_map(|path| named(Path::new(path))).ok_or(NoFont::Missing),
    }
}

fn named(path: &Path) -> Option<String> {
    let name = path.display().to_string();
    let mut kept = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !kept.iter().any(|known| known == path) {
        let bytes = simplified_first(std::fs::read(path).ok()?)?;
        register_font(&name, FontStyle::Normal, bytes.leak()).ok()?;
        kept.push(path.to_owned());
    }
    Some(name)
}

/// The file with the font for simplified Chinese as its first one: letters look different in Japan, and the drawing library
/// takes the first.
fn simplified_first(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let Some(count) = fonts_in_collection(&bytes) else { return has_letters(&bytes, 0).then_some(bytes) };
    let simplified = (0..count).find(|at| is_simplified(&bytes, *at)).unwrap_or(0);
    if !has_letters(&bytes, simplified) {
        return None;
    }
    let place = FIRST + 4 * usize::try_from(simplified).ok()?;
    let offset: [u8; 4] = bytes.get(place..place + 4)?.try_into().ok()?;
    bytes.get_mut(FIRST..FIRST + 4)?.copy_from_slice(&offset);
    Some(bytes)
}

fn has_letters(bytes: &[u8], at: u32) -> bool {
    Face::parse(bytes, at).is_ok_and(|face| face.glyph_index(LETTER).is_some())
}

/// Whether it is called so by its name for programs, such as `NotoSansCJKsc-Regular`.
fn is_simplified(bytes: &[u8], at: u32) -> bool {
    let Ok(face) = Face::parse(bytes, at) else { return false };
    let names = face.names().into_iter().filter(|name| name.name_id == name_id::POST_SCRIPT_NAME);
    names.filter_map(|name| name.to_string()).any(|name| name.contains("CJKsc") || name.contains("SansSC"))
}
