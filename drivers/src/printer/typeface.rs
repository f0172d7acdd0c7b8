//! Fonts of this machine for what a printer's own font lacks: a line with such a character is drawn and sent as a picture.
//! Which fonts there are is the caller's to say.

// Outlines have real coordinates.
#![allow(clippy::float_arithmetic)]

use std::path::PathBuf;
use std::sync::OnceLock;

use ab_glyph::{Font, FontVec, PxScale, ScaleFont};

use super::charset::columns_of_char;
use super::document::Size;
use super::picture::Picture;

/// The largest font file that is read; those with all hanzi have some twenty million bytes.
pub const FONT_BYTES_MAX: u64 = 64 << 20;
/// Dots of a column in a printer's font A.
const COLUMN_DOTS: usize = 12;
/// Dots of a line's characters from top to bottom.
const LINE_DOTS: usize = 24;
/// The em of a character, and its base line from the top, in parts of a line's height: hanzi are as large as the printer's own,
/// and what hangs below the line has room.
const EM: f32 = 22.0 / 24.0;
const BASE_LINE: f32 = 19.5 / 24.0;
/// A dot is black from this coverage on; thin strokes of small hanzi stay whole.
const COVERAGE: f32 = 0.3;

/// Fonts in the order in which they are asked. They are read when the first character is looked for: most shops never need them.
#[derive(Default)]
pub struct Typeface {
    files: Vec<PathBuf>,
    fonts: OnceLock<Vec<FontVec>>,
}

impl std::fmt::Debug for Typeface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Typeface").field("files", &self.files).finish_non_exhaustive()
    }
}

impl PartialEq for Typeface {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

impl Eq for Typeface {}

impl Typeface {
    /// Takes OpenType files; of a collection, its first font. Those that cannot be read help nobody and are left out.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { files: files.into_iter().collect(), fonts: OnceLock::new() }
    }

    /// The files that it was given.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// How many of them are fonts.
    pub fn readable(&self) -> usize {
        self.fonts().len()
    }

    fn fonts(&self) -> &[FontVec] {
        self.fonts.get_or_init(|| {
            let read = |file: &PathBuf| {
                let length = std::fs::metadata(file).ok()?.len();
                let bytes = (length <= FONT_BYTES_MAX).then(|| std::fs::read(file).ok())??;
                FontVec::try_from_vec_and_index(bytes, 0).ok()
            };
            self.files.iter().filter_map(read).collect()
        })
    }

    fn font_of(&self, character: char) -> Option<&FontVec> {
        self.fonts().iter().find(|font| font.glyph_id(character).0 != 0)
    }

    /// Whether a font has this character.
    pub fn has(&self, character: char) -> bool {
        self.font_of(character).is_some()
    }

    /// Draws a line that fits, each character in the columns that a printer gives it.
    pub fn draw(&self, text: &str, bold: bool, size: Size) -> Picture {
        let (wide, high) = (size.width_factor(), size.height_factor());
        let columns: usize = text.chars().map(columns_of_char).sum();
        let (width, height) = (columns.max(1) * COLUMN_DOTS * wide, LINE_DOTS * high);
        let mut black = vec![false; width * height];
        let mut column = 0;
        for character in text.chars() {
            let cells = columns_of_char(character);
            let left = column * COLUMN_DOTS * wide;
            let room = cells * COLUMN_DOTS * wide;
            self.ink(character, room, height, |x, y| {
                // A bold stroke is a dot wider, as printers make it.
                for x in [x, x + usize::from(bold)] {
                    if x < room {
                        black[y * width + left + x] = true;
                    }
                }
            });
            column += cells;
        }
        Picture::draw(width, height, |x, y| black[y * width + x])
    }

    /// The dots of one character in a box.
    fn ink(&self, character: char, width: usize, height: usize, mut dot: impl FnMut(usize, usize)) {
        let Some(font) = self.font_of(character) else { return };
        // Both are some dozens.
        let (box_width, box_height) = (width as f32, height as f32);
        // The library measures a font from its highest to its lowest point, printers by the em.
        let per_em = font.height_unscaled() / font.units_per_em().unwrap_or(1_000.0);
        let scale = PxScale::from(box_height * EM * per_em);
        let scaled = font.as_scaled(scale);
        let advance = scaled.h_advance(font.glyph_id(character));
        // What is wider than its columns is pressed into them.
        let press = if advance > box_width { box_width / advance } else { 1.0 };
        let scale = PxScale { x: scale.x * press, y: scale.y };
        let left = (box_width - advance * press) / 2.0;
        let position = ab_glyph::point(left, box_height * BASE_LINE);
        let glyph = font.glyph_id(character).with_scale_and_position(scale, position);
        let Some(outline) = font.outline_glyph(glyph) else { return };
        let corner = outline.px_bounds().min;
        outline.draw(|x, y, coverage| {
            let place = |origin: f32, offset: u32| (origin as i32).checked_add_unsigned(offset);
            let (Some(x), Some(y)) = (place(corner.x, x), place(corner.y, y)) else { return };
            if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y))
                && coverage >= COVERAGE
                && x < width
                && y < height
            {
                dot(x, y);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::escpos::{encode, encode_with};
    use crate::printer::{Charset, Document, Line, Profile, lay_out_with};

    /// The till's own, of which ✓ is a character that GBK has not.
    fn typeface() -> Typeface {
        let font = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/fonts/NotoSansSC-Regular.otf");
        Typeface::new(["/nowhere.ttf".into(), font.into()])
    }

    #[test]
    fn only_a_line_that_the_printer_lacks_is_drawn() {
        let typeface = typeface();
        assert_eq!(typeface.readable(), 1);
        let profile = Profile::parse("generic-80").expect("a built-in profile");
        let document = Document::new().text("✓ 已核对").text("谢谢惠顾");
        let lines = lay_out_with(&document, profile.columns, Charset::Gbk, Some(&typeface));
        assert!(matches!(&lines[0], Line::Text { text, .. } if text == "✓ 已核对"), "{lines:?}");
        let drawn = encode_with(&document, &profile, Some(&typeface)).expect("encoded");
        let raster = |bytes: &[u8]| bytes.windows(3).filter(|three| *three == b"\x1dv0").count();
        assert_eq!(raster(&drawn), 1);
        let (thanks, _, _) = encoding_rs::GBK.encode("谢谢惠顾");
        assert!(drawn.windows(thanks.len()).any(|part| part == thanks.as_ref()));
        // Without a font, the mark for what is missing.
        let marked = encode(&document, &profile).expect("encoded");
        let (mark, _, _) = encoding_rs::GBK.encode("〓 已核对");
        assert!(raster(&marked) == 0 && marked.windows(mark.len()).any(|part| part == mark.as_ref()));
        // And where no font has it either.
        let unknown = lay_out_with(&Document::new().text("牛奶🥛"), 48, Charset::Gbk, Some(&typeface));
        assert!(matches!(&unknown[0], Line::Text { text, .. } if text == "牛奶〓"), "{unknown:?}");
    }

    #[test]
    fn a_character_fills_its_columns_and_no_more() {
        let typeface = typeface();
        for (text, size, width, height) in [
            ("✓", Size::Normal, 24, 24),
            ("✓a柜", Size::Normal, 60, 24),
            ("柜", Size::Double, 48, 48),
            ("柜", Size::DoubleHeight, 24, 48),
        ] {
            let picture = typeface.draw(text, false, size);
            assert_eq!((picture.width(), picture.height()), (width, height), "{text}");
            let raster = picture.raster();
            let ink: u32 = raster[8..].iter().map(|byte| byte.count_ones()).sum();
            assert!(ink > 20, "{text} has {ink} dots");
        }
        let dots = |bold| typeface.draw("柜台", bold, Size::Normal).raster();
        assert_ne!(dots(true), dots(false));
    }
}
