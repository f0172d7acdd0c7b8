//! Letters in one ink: outlines fitted to the pixel grid once per size, then kept as bits.

use std::borrow::Cow;
use std::collections::HashMap;

use resvg::tiny_skia::{FillRule, Mask, Path, PathBuilder, Transform};
use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{
    DrawSettings, Engine, GlyphStyles, HintingInstance, HintingOptions, OutlinePen, Target,
};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use thiserror::Error;

/// Letters kept at most, of all sizes; beyond it they are drawn anew. Two thousand goods need some three thousand.
pub const GLYPHS_MAX: usize = 20_000;

/// Sizes above this are not fitted to the grid: their stems are wide enough.
const FITTED_SIZE_MAX: u16 = 64;

/// A pixel is ink from this coverage on, of 255.
const COVERAGE: u8 = 120;

/// Why a font is not taken.
#[derive(Debug, Error)]
pub enum FontError {
    /// The bytes are no font.
    #[error("read the {which} font: {reason}")]
    Unreadable {
        /// `regular`, `bold` or `further`.
        which: &'static str,
        /// What the reader says.
        reason: String,
    },
}

/// One letter's bits.
#[derive(Debug)]
pub(super) struct Glyph {
    /// Left edge of the bits from the pen.
    pub left: i32,
    /// Top edge of the bits from the baseline, down is positive.
    pub top: i32,
    pub width: usize,
    /// Row by row.
    pub bits: Vec<bool>,
}

struct Face {
    bytes: Cow<'static, [u8]>,
    styles: Option<GlyphStyles>,
    hinting: HashMap<u16, Option<HintingInstance>>,
}

impl Face {
    fn parse(bytes: Cow<'static, [u8]>, which: &'static str) -> Result<Self, FontError> {
        let font = FontRef::new(&bytes)
            .map_err(|error| FontError::Unreadable { which, reason: error.to_string() })?;
        let styles = Some(GlyphStyles::new(&font.outline_glyphs()));
        Ok(Self { bytes, styles, hinting: HashMap::new() })
    }

    fn font(&self) -> Option<FontRef<'_>> {
        // The bytes were read once already.
        FontRef::new(&self.bytes).ok()
    }
}

/// Letters in one ink look wider than their outlines, so words stand at least this far apart, of the size.
const SPACE_EM: f32 = 0.28;

/// Which outline a character is.
#[derive(Debug, Clone, Copy)]
struct Letter {
    place: usize,
    id: GlyphId,
    /// How far the next one stands, of the size.
    advance_em: f32,
}

impl Letter {
    /// The box of a character that no font has.
    fn missing(bold: bool) -> Self {
        Self { place: usize::from(bold), id: GlyphId::NOTDEF, advance_em: 1.0 }
    }
}

fn advance_em(font: &FontRef, id: GlyphId) -> f32 {
    font.glyph_metrics(Size::new(1.0), LocationRef::default()).advance_width(id).unwrap_or(1.0)
}

/// The fonts of labels, and the letters drawn so far.
pub struct Fonts {
    /// Regular, bold, then those that help out.
    faces: Vec<Face>,
    ids: HashMap<(char, bool), Option<Letter>>,
    glyphs: HashMap<(usize, GlyphId, u16), Glyph>,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts").field("faces", &self.faces.len()).field("glyphs", &self.glyphs.len()).finish()
    }
}

impl Fonts {
    /// Fonts from the bytes of OpenType files.
    ///
    /// # Errors
    /// One of them is no font.
    pub fn new(
        regular: impl Into<Cow<'static, [u8]>>,
        bold: impl Into<Cow<'static, [u8]>>,
    ) -> Result<Self, FontError> {
        let faces = vec![Face::parse(regular.into(), "regular")?, Face::parse(bold.into(), "bold")?];
        Ok(Self { faces, ids: HashMap::new(), glyphs: HashMap::new() })
    }

    /// Adds a font for characters that those before it lack.
    ///
    /// # Errors
    /// It is no font.
    pub fn with_further(mut self, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self, FontError> {
        self.faces.push(Face::parse(bytes.into(), "further")?);
        self.ids.clear();
        Ok(self)
    }

    /// Whether some font has this character.
    pub(super) fn has(&mut self, character: char) -> bool {
        self.letter(character, false).is_some()
    }

    fn letter(&mut self, character: char, bold: bool) -> Option<Letter> {
        if let Some(found) = self.ids.get(&(character, bold)) {
            return *found;
        }
        let order = [usize::from(bold), usize::from(!bold)].into_iter().chain(2..self.faces.len());
        let found = order.into_iter().find_map(|place| {
            let font = self.faces.get(place)?.font()?;
            let id = font.charmap().map(character)?;
            let advance_em = advance_em(&font, id).max(if character == ' ' { SPACE_EM } else { 0.0 });
            Some(Letter { place, id, advance_em })
        });
        if self.ids.len() >= GLYPHS_MAX {
            self.ids.clear();
        }
        self.ids.insert((character, bold), found);
        found
    }

    /// The letter at a size in pixels; a box where no font has it.
    pub(super) fn glyph(&mut self, character: char, bold: bool, size: u16) -> Option<&Glyph> {
        let Letter { place, id, .. } = self.letter(character, bold).unwrap_or(Letter::missing(bold));
        let key = (place, id, size);
        if !self.glyphs.contains_key(&key) {
            if self.glyphs.len() >= GLYPHS_MAX {
                self.glyphs.clear();
            }
            let glyph = self.faces.get_mut(place)?.draw(id, size)?;
            self.glyphs.insert(key, glyph);
        }
        self.glyphs.get(&key)
    }

    /// How far the next letter stands, pixels.
    pub(super) fn advance(&mut self, character: char, bold: bool, size: u16) -> i32 {
        let letter = self.letter(character, bold).unwrap_or(Letter::missing(bold));
        round(letter.advance_em * f32::from(size))
    }
}

/// Bounds for the number of grid fittings kept.
const SIZES_MAX: usize = 256;

impl Face {
    fn draw(&mut self, id: GlyphId, size: u16) -> Option<Glyph> {
        let font = FontRef::new(&self.bytes).ok()?;
        let outlines = font.outline_glyphs();
        let pixels = Size::new(f32::from(size));
        if self.hinting.len() >= SIZES_MAX {
            self.hinting.clear();
        }
        let styles = &self.styles;
        let hinting = self.hinting.entry(size).or_insert_with(|| {
            let options = HintingOptions { engine: Engine::Auto(styles.clone()), target: Target::Mono };
            (size <= FITTED_SIZE_MAX)
                .then(|| HintingInstance::new(&outlines, pixels, LocationRef::default(), options).ok())
                .flatten()
        });
        let mut pen = Pen(PathBuilder::new());
        if let Some(outline) = outlines.get(id) {
            let fitted = hinting.as_ref().is_some_and(|instance| {
                let drawn = outline.draw(DrawSettings::hinted(instance, false), &mut pen).is_ok();
                if !drawn {
                    pen.0 = PathBuilder::new();
                }
                drawn
            });
            if !fitted {
                outline.draw(DrawSettings::unhinted(pixels, LocationRef::default()), &mut pen).ok()?;
            }
        }
        Some(rasterise(pen.0.finish()))
    }
}

/// The nearest whole pixel.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn round(length: f32) -> i32 {
    length.round() as i32
}

fn rasterise(path: Option<Path>) -> Glyph {
    let empty = Glyph { left: 0, top: 0, width: 0, bits: Vec::new() };
    let Some(path) = path else { return empty };
    let bounds = path.bounds();
    let (left, top) = (round(bounds.left().floor()), round(bounds.top().floor()));
    let (right, bottom) = (round(bounds.right().ceil()), round(bounds.bottom().ceil()));
    let (Ok(width), Ok(height)) = (u32::try_from(right - left), u32::try_from(bottom - top)) else {
        return empty;
    };
    let Some(mut mask) = Mask::new(width.max(1), height.max(1)) else { return empty };
    #[allow(clippy::cast_precision_loss)]
    let shift = Transform::from_translate(-left as f32, -top as f32);
    mask.fill_path(&path, FillRule::Winding, true, shift);
    let bits = mask.data().iter().map(|&coverage| coverage >= COVERAGE).collect();
    Glyph { left, top, width: usize::try_from(mask.width()).unwrap_or(0), bits }
}

/// Outlines point up, pixels down.
struct Pen(PathBuilder);

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, -y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, -y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.0.quad_to(cx, -cy, x, -y);
    }

    fn curve_to(&mut self, cx: f32, cy: f32, dx: f32, dy: f32, x: f32, y: f32) {
        self.0.cubic_to(cx, -cy, dx, -dy, x, -y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}
