//! The press: templates and fonts in, faces out. Plates and letters are kept between faces, so one face costs little more
//! than copying its pixels.

use std::collections::HashMap;

use thiserror::Error;

use super::face::{Accent, Face, Ink, Panel};
use super::field::{Field, Values};
use super::glyph::{Fonts, round};
use super::plate::{Piece, Plate};
use super::symbol::{self, Modules, QUIET_QR};
use super::template::{
    Anchor, Language, LoadTemplateError, Run, Shape, Symbol, SymbolKind, Templates, Text, Word, say,
};
use super::text::{DoesNotFit, Fitted, Said, first_baseline, fit, line_height};

/// Plates kept at most: every template at a dozen sizes.
pub const PLATES_MAX: usize = 1_024;

/// Why there is no face.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrintError {
    /// Nothing is called that.
    #[error("there is no template {0}; load it first")]
    NoTemplate(String),
    /// A text that may not be cut has no room.
    #[error(
        "{text:?} has no room on {width}x{height}; shorten it, or give it more room in template {template}"
    )]
    DoesNotFit {
        /// Which template.
        template: String,
        /// What it says.
        text: String,
        /// Of the panel, pixels.
        width: u16,
        /// Of the panel, pixels.
        height: u16,
    },
    /// The shapes cannot be drawn.
    #[error("draw the shapes of template {template}: {reason}")]
    Shapes {
        /// Which template.
        template: String,
        /// What the drawing library says.
        reason: String,
    },
}

/// Something about a face that somebody should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The end of a text was cut off.
    Cut(Field),
    /// No font has this character; a box stands in its place.
    NoLetter(char),
    /// The number is no EAN-13, EAN-8 or UPC-A, or its check digit is wrong; it was left out.
    NotAnEan(String),
    /// There is no room for this barcode or QR code; it was left out.
    NoRoom(Field),
}

/// A face, and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Printed {
    /// The picture.
    pub face: Face,
    /// Empty where all is well.
    pub notes: Vec<Note>,
}

/// Makes faces.
#[derive(Debug)]
pub struct Press {
    fonts: Fonts,
    templates: Templates,
    plates: HashMap<String, HashMap<Panel, Plate>>,
}

impl Press {
    /// A press without templates.
    pub fn new(fonts: Fonts) -> Self {
        Self { fonts, templates: Templates::default(), plates: HashMap::new() }
    }

    /// Loads a drawing of a template, in place of the one of this name and shape.
    ///
    /// # Errors
    /// It is refused, with the place; what was loaded before stays.
    pub fn load(
        &mut self,
        name: &str,
        shape: Shape,
        svg: &str,
        language: Language,
    ) -> Result<(), LoadTemplateError> {
        self.templates.load(name, shape, svg, language)?;
        self.plates.remove(name);
        Ok(())
    }

    /// What is loaded.
    pub fn templates(&self) -> &Templates {
        &self.templates
    }

    /// Makes a face.
    ///
    /// # Errors
    /// There is no such template, or a text has no room that may not be cut.
    pub fn print(&mut self, name: &str, panel: Panel, values: &Values) -> Result<Printed, PrintError> {
        self.prepare(name, panel)?;
        let mut face = Face::blank(panel);
        let mut notes = Vec::new();
        // Prepared just now.
        let Some(plate) = self.plates.get(name).and_then(|plates| plates.get(&panel)) else {
            return Err(PrintError::NoTemplate(name.to_owned()));
        };
        for (conditions, piece) in &plate.pieces {
            if !conditions.iter().all(|condition| condition.holds(values)) {
                continue;
            }
            let mut sheet = Sheet { panel, pixels: face.pixels_mut(), scale: plate.scale, view: plate.view };
            match piece {
                Piece::Layer(spans) => {
                    for span in spans {
                        sheet.pixels[span.from..span.from + span.length].fill(span.ink);
                    }
                }
                Piece::Text(text) => {
                    sheet.text(&mut self.fonts, text, values, &mut notes).map_err(|text| {
                        PrintError::DoesNotFit {
                            template: name.to_owned(),
                            text,
                            width: panel.width(),
                            height: panel.height(),
                        }
                    })?;
                }
                Piece::Symbol(symbol) => sheet.symbol(symbol, values, &mut notes),
            }
        }
        Ok(Printed { face, notes })
    }

    fn prepare(&mut self, name: &str, panel: Panel) -> Result<(), PrintError> {
        if self.plates.get(name).is_some_and(|plates| plates.contains_key(&panel)) {
            return Ok(());
        }
        let template =
            self.templates.find(name, panel).ok_or_else(|| PrintError::NoTemplate(name.to_owned()))?;
        let plate = Plate::prepare(template, panel)
            .map_err(|error| PrintError::Shapes { template: name.to_owned(), reason: error.to_string() })?;
        if self.plates.values().map(HashMap::len).sum::<usize>() >= PLATES_MAX {
            self.plates.clear();
        }
        self.plates.entry(name.to_owned()).or_default().insert(panel, plate);
        Ok(())
    }
}

/// Pixels being covered.
struct Sheet<'a> {
    panel: Panel,
    pixels: &'a mut [Ink],
    scale: f32,
    view: (f32, f32),
}

impl Sheet<'_> {
    fn px(&self, units: f32) -> i32 {
        round(units * self.scale)
    }

    /// The ink of a text on this panel: yellow is too pale for letters, and what is not there is black.
    fn text_ink(&self, ink: Ink) -> Ink {
        match (ink, self.panel.accent()) {
            (Ink::Accent, Accent::None | Accent::Yellow) => Ink::Black,
            (Ink::Accent, Accent::Red) | (Ink::White | Ink::Black, _) => ink,
        }
    }

    fn fill(&mut self, left: i32, top: i32, width: i32, height: i32, ink: Ink) {
        let (right, bottom) = (left.saturating_add(width), top.saturating_add(height));
        let columns = clip(left, right, self.panel.width());
        let row_width = usize::from(self.panel.width());
        for row in clip(top, bottom, self.panel.height()) {
            self.pixels[row * row_width..][columns.clone()].fill(ink);
        }
    }

    /// Covers one pixel of a letter. White letters on yellow are black instead.
    fn dot(&mut self, x: i32, y: i32, ink: Ink) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        let width = usize::from(self.panel.width());
        if x >= width {
            return;
        }
        if let Some(pixel) = self.pixels.get_mut(y * width + x) {
            let on_yellow = *pixel == Ink::Accent && self.panel.accent() == Accent::Yellow;
            *pixel = if ink == Ink::White && on_yellow { Ink::Black } else { ink };
        }
    }

    fn text(
        &mut self,
        fonts: &mut Fonts,
        text: &Text,
        values: &Values,
        notes: &mut Vec<Note>,
    ) -> Result<(), String> {
        let texts: Vec<Option<String>> = text.runs.iter().map(|run| say(&run.words, values)).collect();
        let said: Vec<Said> = texts
            .iter()
            .enumerate()
            .filter_map(|(run, text)| Some(Said { run, text: text.as_deref()? }))
            .filter(|said| !said.text.is_empty())
            .collect();
        if said.is_empty() {
            return Ok(());
        }
        let fitted = fit(fonts, text, &said, self.scale, self.view)
            .map_err(|DoesNotFit| said.iter().map(|said| said.text).collect::<String>())?;
        if fitted.cut
            && let Some(field) = text.runs.iter().find_map(first_field)
        {
            notes.push(Note::Cut(field));
        }
        for character in said.iter().flat_map(|said| said.text.chars()) {
            if !fonts.has(character) && !notes.contains(&Note::NoLetter(character)) {
                notes.push(Note::NoLetter(character));
            }
        }
        self.letters(fonts, text, &fitted);
        Ok(())
    }

    fn letters(&mut self, fonts: &mut Fonts, text: &Text, fitted: &Fitted) {
        let (x, y) = (self.px(text.x.of(self.view.0)), self.px(text.y.of(self.view.1)));
        let pad = (self.px(text.pad.0), self.px(text.pad.1));
        let size = f32::from(fitted.size);
        let mut baseline = y + first_baseline(text.baseline, fitted.size, fitted.lines.len());
        let widest = fitted.lines.iter().map(|(_, width)| *width).max().unwrap_or(0);
        let start = |width: i32| match text.anchor {
            Anchor::Start => x + pad.0,
            Anchor::Middle => x - width / 2,
            Anchor::End => x - pad.0 - width,
        };
        if let Some(back) = text.back {
            let rows = i32::try_from(fitted.lines.len()).unwrap_or(1);
            let (above, below) = (round(size * 0.84), round(size * 0.11));
            let height = above + below + (rows - 1) * line_height(size) + 2 * pad.1;
            let ink =
                if back == Ink::Accent && self.panel.accent() == Accent::None { Ink::Black } else { back };
            self.fill(start(widest) - pad.0, baseline - above - pad.1, widest + 2 * pad.0, height, ink);
        }
        for (stretches, width) in &fitted.lines {
            let left = start(*width);
            for stretch in stretches {
                let Some(run) = text.runs.get(stretch.run) else { continue };
                let ink = self.text_ink(run.ink);
                let mut pen = left + stretch.left;
                for character in stretch.text.chars() {
                    let Some(glyph) = fonts.glyph(character, run.bold, stretch.size) else { continue };
                    if glyph.width > 0 {
                        for (row, bits) in (0_i32..).zip(glyph.bits.chunks(glyph.width)) {
                            for (column, _) in (0_i32..).zip(bits).filter(|(_, bit)| **bit) {
                                self.dot(pen + glyph.left + column, baseline + glyph.top + row, ink);
                            }
                        }
                    }
                    pen += fonts.advance(character, run.bold, stretch.size);
                }
                if run.struck {
                    let own = f32::from(stretch.size);
                    let thick = round(own / 14.0).max(1);
                    let top = baseline - round(own * 0.30) - thick / 2;
                    self.fill(left + stretch.left - 1, top, stretch.width + 2, thick, ink);
                }
            }
            baseline += line_height(size);
        }
    }

    fn symbol(&mut self, symbol: &Symbol, values: &Values, notes: &mut Vec<Note>) {
        let Some(text) = say(&symbol.words, values) else { return };
        let modules = match symbol.kind {
            SymbolKind::Ean => symbol::ean(&text),
            SymbolKind::Qr => symbol::qr(&text),
        };
        let Some(modules) = modules else {
            notes.push(Note::NotAnEan(text));
            return;
        };
        let left = self.px(symbol.x.of(self.view.0));
        let top = self.px(symbol.y.of(self.view.1));
        let width = self.px(symbol.width.of(self.view.0));
        let height = self.px(symbol.height.of(self.view.1));
        let fits = match symbol.kind {
            SymbolKind::Ean => self.bars(&modules, symbol.anchor, left, top, width, height),
            SymbolKind::Qr => self.squares(&modules, left, top, width.min(height)),
        };
        if !fits
            && let Some(Word::Field(field, _)) =
                symbol.words.iter().find(|word| matches!(word, Word::Field(..)))
        {
            notes.push(Note::NoRoom(*field));
        }
    }

    /// The box holds the bars alone; the quiet zones are the designer's.
    fn bars(
        &mut self,
        modules: &Modules,
        anchor: Anchor,
        left: i32,
        top: i32,
        width: i32,
        height: i32,
    ) -> bool {
        let Ok(bars) = i32::try_from(modules.width) else { return false };
        let module = width / bars.max(1);
        if module < 1 || height < 1 {
            return false;
        }
        self.fill(left, top, width, height, Ink::White);
        let mut x = match anchor {
            Anchor::Start => left,
            Anchor::Middle => left + (width - bars * module) / 2,
            Anchor::End => left + width - bars * module,
        };
        for dark in &modules.dark {
            if *dark {
                self.fill(x, top, module, height, Ink::Black);
            }
            x += module;
        }
        true
    }

    fn squares(&mut self, modules: &Modules, left: i32, top: i32, side: i32) -> bool {
        let (Ok(count), Ok(across)) =
            (i32::try_from(modules.width + 2 * QUIET_QR), i32::try_from(modules.width))
        else {
            return false;
        };
        let module = side / count;
        if module < 1 {
            return false;
        }
        self.fill(left, top, side, side, Ink::White);
        let begin = (side - across * module) / 2;
        for (row, dark) in (0_i32..).zip(modules.dark.chunks(modules.width)) {
            for (column, _) in (0_i32..).zip(dark).filter(|(_, dark)| **dark) {
                self.fill(
                    left + begin + column * module,
                    top + begin + row * module,
                    module,
                    module,
                    Ink::Black,
                );
            }
        }
        true
    }
}

fn first_field(run: &Run) -> Option<Field> {
    run.words.iter().find_map(|word| match word {
        Word::Field(field, _) => Some(*field),
        Word::Literal(_) => None,
    })
}

/// Whole pixels between two edges that lie on the panel.
fn clip(from: i32, to: i32, side: u16) -> std::ops::Range<usize> {
    let at = |edge: i32| usize::try_from(edge.clamp(0, side.into())).unwrap_or(0);
    at(from)..at(to).max(at(from))
}
