//! Pictures of figures, for a phone: bars that lie, each with its name before it and its figure behind it, so that nobody
//! has to look anything up. Drawn at twice the 390 points of a phone's width.

mod font;

pub use font::NoFont;

use std::path::PathBuf;

use plotters::backend::BitMapBackend;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Pixels across.
const WIDTH: u32 = 780;
/// Pixels to the left and right that stay empty.
const MARGIN: i32 = 40;
/// Where rows begin, and how high each is.
const TOP: i32 = 150;
const ROW: i32 = 72;
const BOTTOM: i32 = 24;
/// Where bars begin and how long the longest is; names stand before, figures behind.
const BAR_LEFT: i32 = 244;
const BAR_LONGEST: i32 = 336;
const BAR_HEIGHT: i32 = 40;
/// Height of lines of letters, which themselves are two thirds of it.
const TITLE: i32 = 50;
const SUBTITLE: i32 = 34;
const NAME: i32 = 38;
const FIGURE: i32 = 34;
const INSIDE: i32 = 32;
/// Rows that are drawn; the words have all of them.
const MOST_ROWS: usize = 8;

const PAPER: RGBColor = RGBColor(255, 255, 255);
const TRACK: RGBColor = RGBColor(240, 242, 244);
const INK: RGBColor = RGBColor(31, 41, 51);
const QUIET: RGBColor = RGBColor(98, 110, 122);

/// What a part of a bar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Somebody had to do something about it.
    Fair,
    /// It was wrong.
    Bad,
    /// Somebody did it instead.
    Other,
    /// Nothing is known yet.
    Open,
}

impl Tone {
    fn colour(self) -> RGBColor {
        match self {
            Self::Good => RGBColor(45, 110, 94),
            Self::Fair => RGBColor(201, 146, 58),
            Self::Bad => RGBColor(170, 72, 58),
            Self::Other => RGBColor(92, 112, 142),
            Self::Open => RGBColor(201, 208, 215),
        }
    }

    /// The colour of figures on it.
    fn ink(self) -> RGBColor {
        if self == Self::Open { INK } else { PAPER }
    }
}

/// A picture of bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// What it is about.
    pub title: String,
    /// What the colours stand for, each word in its colour; what the bars measure where there is one colour.
    pub key: Vec<(Tone, String)>,
    /// The bars, the first on top.
    pub rows: Vec<Bar>,
    /// What a full bar stands for; the longest row's sum where there is none.
    pub full: Option<f64>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What stands before it.
    pub name: String,
    /// Its parts, from the left.
    pub parts: Vec<(Tone, f64)>,
    /// What stands behind it.
    pub figure: String,
    /// Whether each part has its number in it.
    pub counted: bool,
}

/// Draws with a font that has Chinese letters. It is read when something is drawn first, and stays in memory.
#[derive(Debug, Clone, Default)]
pub struct Charts {
    own: Option<PathBuf>,
}

/// What a picture could not be drawn for.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// There are no letters.
    #[error(transparent)]
    NoFont(#[from] NoFont),
    /// The letters or the shapes.
    #[error("the picture cannot be drawn: {0}")]
    Drawing(String),
    /// The file.
    #[error("the picture cannot be written: {0}")]
    Writing(#[from] png::EncodingError),
}

impl Charts {
    /// With the font in this file, else with the first one the system has.
    pub fn new(own: Option<PathBuf>) -> Self {
        Self { own }
    }

    /// Why nothing can be drawn, and what to install, where nothing can.
    pub fn missing(&self) -> Option<NoFont> {
        font::register(self.own.as_deref()).err()
    }

    /// A picture as PNG; the same bars give the same bytes.
    ///
    /// # Errors
    /// When there is no font, or a letter cannot be drawn.
    pub fn draw(&self, bars: &Bars) -> Result<Vec<u8>, DrawError> {
        let family = font::register(self.own.as_deref())?;
        let rows = bars.rows.len().min(MOST_ROWS);
        let height = TOP.unsigned_abs() + ROW.unsigned_abs() * u32::try_from(rows).unwrap_or(0) + BOTTOM.unsigned_abs();
        let mut pixels = vec![0; (WIDTH * height * 3) as usize];
        paint(bars, &family, &mut pixels, height).map_err(DrawError::Drawing)?;
        encoded(&pixels, height)
    }
}

fn paint(bars: &Bars, family: &str, pixels: &mut [u8], height: u32) -> Result<(), String> {
    let area = BitMapBackend::with_buffer(pixels, (WIDTH, height)).into_drawing_area();
    let sheet = Sheet { area: &area, family };
    area.fill(&PAPER).map_err(|problem| problem.to_string())?;
    sheet.text(&bars.title, (MARGIN, 54), TITLE, INK, HPos::Left)?;
    let mut left = MARGIN;
    for (tone, word) in &bars.key {
        let colour = if bars.key.len() == 1 { QUIET } else { darker(*tone) };
        sheet.text(word, (left, 106), SUBTITLE, colour, HPos::Left)?;
        left += sheet.width(word, SUBTITLE)? + SUBTITLE;
    }
    let longest = bars.rows.iter().map(Bar::sum).fold(0.0, f64::max);
    let full = bars.full.unwrap_or(longest).max(f64::MIN_POSITIVE);
    for (row, at) in bars.rows.iter().take(MOST_ROWS).zip(0..) {
        sheet.row(row, TOP + ROW * at, full, bars.full.is_some())?;
    }
    area.present().map_err(|problem| problem.to_string())
}

/// A tone as letters on paper can carry it.
fn darker(tone: Tone) -> RGBColor {
    if tone == Tone::Open { QUIET } else { tone.colour() }
}

impl Bar {
    fn sum(&self) -> f64 {
        self.parts.iter().map(|(_, value)| value).sum()
    }
}

/// What is drawn on, and with which letters.
struct Sheet<'s, 'b> {
    area: &'s DrawingArea<BitMapBackend<'b>, plotters::coord::Shift>,
    family: &'s str,
}

impl Sheet<'_, '_> {
    /// A bar between `top` and the next row.
    fn row(&self, bar: &Bar, top: i32, full: f64, has_track: bool) -> Result<(), String> {
        let middle = top + ROW / 2;
        let name = self.fitting(&bar.name, NAME, BAR_LEFT - MARGIN - 16)?;
        self.text(&name, (MARGIN, middle), NAME, INK, HPos::Left)?;
        if has_track {
            self.bar((BAR_LEFT, BAR_LEFT + BAR_LONGEST), middle, TRACK)?;
        }
        let mut so_far = 0.0;
        let across = |value: f64| BAR_LEFT + (value / full * f64::from(BAR_LONGEST)).round() as i32;
        for (tone, value) in bar.parts.iter().filter(|(_, value)| *value > 0.0) {
            let (from, to) = (across(so_far), across(so_far + value));
            self.bar((from, to), middle, tone.colour())?;
            let count = format!("{value:.0}");
            if bar.counted && to - from > self.width(&count, INSIDE)? + 10 {
                self.text(&count, (i32::midpoint(from, to), middle), INSIDE, tone.ink(), HPos::Center)?;
            }
            so_far += value;
        }
        let behind = if has_track { BAR_LEFT + BAR_LONGEST } else { across(so_far) };
        self.text(&bar.figure, (behind + 14, middle), FIGURE, QUIET, HPos::Left)
    }

    fn bar(&self, (from, to): (i32, i32), middle: i32, colour: RGBColor) -> Result<(), String> {
        let corners = [(from, middle - BAR_HEIGHT / 2), (to, middle + BAR_HEIGHT / 2)];
        self.area.draw(&Rectangle::new(corners, colour.filled())).map_err(|problem| problem.to_string())
    }

    fn text(&self, text: &str, at: (i32, i32), size: i32, colour: RGBColor, side: HPos) -> Result<(), String> {
        let style = (self.family, size).into_text_style(self.area).color(&colour).pos(Pos::new(side, VPos::Center));
        // The library centres the line, whose letters sit in its upper part.
        let at = (at.0, at.1 + size / 12);
        self.area.draw(&Text::new(text.to_owned(), at, style)).map_err(|problem| problem.to_string())
    }

    fn width(&self, text: &str, size: i32) -> Result<i32, String> {
        let (width, _) = (self.family, size).into_font().box_size(text).map_err(|problem| problem.to_string())?;
        Ok(i32::try_from(width).unwrap_or(i32::MAX))
    }

    /// As much of a text as has room.
    fn fitting(&self, text: &str, size: i32, room: i32) -> Result<String, String> {
        let mut kept = text.to_owned();
        while self.width(&kept, size)? > room && kept.chars().count() > 1 {
            kept = kept.chars().take(kept.trim_end_matches('…').chars().count() - 1).chain(['…']).collect();
        }
        Ok(kept)
    }
}

fn encoded(pixels: &[u8], height: u32) -> Result<Vec<u8>, DrawError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(name: &str) -> Bars {
        let row = Bar { name: name.into(), parts: vec![(Tone::Good, 3.0)], figure: "3".into(), counted: true };
        Bars { title: "意图".into(), key: vec![(Tone::Good, "原样".into())], rows: vec![row], full: None }
    }

    #[test]
    fn a_picture_is_a_png_whose_names_fit_and_that_differs_with_its_words() {
        let charts = Charts::default();
        assert_eq!(charts.missing(), None, "the tests need a font with Chinese letters: scripts/setup-test");
        let long = charts.draw(&bars(&"很长的意图名称".repeat(20))).expect("drawn");
        assert!(long.starts_with(b"\x89PNG"));
        assert_eq!(
            long,
            charts.draw(&bars(&"很长的意图名称".repeat(30))).expect("drawn"),
            "both are cut at the same place"
        );
        assert_ne!(long, charts.draw(&bars("尺码")).expect("drawn"));
    }

    #[test]
    fn without_a_font_it_says_what_to_install() {
        let missing = Charts::new(Some("/nowhere.ttc".into())).missing();
        assert!(missing.is_some_and(|missing| missing.to_string().contains("/nowhere.ttc")));
    }
}
