//! Templates: SVG with fields, read once into parts that a panel can be prepared from. What is drawn how stands in
//! `plate` and `text`.

mod read;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::face::{Accent, Ink, Panel};
use super::field::{Field, Values};

/// The longest template, bytes: one picture of a logo fits.
pub const TEMPLATE_BYTES_MAX: usize = 256 * 1024;
/// The most elements of a template.
pub const ELEMENTS_MAX: usize = 2_000;
/// The most templates of a shop.
pub const TEMPLATES_MAX: usize = 256;

/// What templates say in their own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Texts as they stand.
    Chinese,
    /// `data-en` where there is one.
    English,
}

/// The rough form of a panel; a template has a drawing for each that it is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// About as wide as high: 152x152, 200x200.
    Square,
    /// Up to twice as wide as high: 400x300, 800x480.
    Page,
    /// Wider: 296x128, 384x168, 384x184.
    Strip,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 3] = [Self::Square, Self::Page, Self::Strip];

    /// The shape of a panel.
    pub fn of(panel: Panel) -> Self {
        let (width, height) = (u32::from(panel.width()), u32::from(panel.height()));
        if width * 6 < height * 7 {
            Self::Square
        } else if width < height * 2 {
            Self::Page
        } else {
            Self::Strip
        }
    }

    /// Its name, as in the file `normal.strip.svg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Square => "square",
            Self::Page => "page",
            Self::Strip => "strip",
        }
    }
}

/// Why a template is refused; the one that was loaded before stays.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("template {name}, line {line}, column {column}: {problem}")]
pub struct LoadTemplateError {
    /// Which.
    pub name: String,
    /// From one.
    pub line: u32,
    /// From one, characters.
    pub column: u32,
    /// What is wrong there.
    pub problem: TemplateProblem,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateProblem {
    /// It is longer than [`TEMPLATE_BYTES_MAX`].
    #[error("it has {0} bytes, at most {TEMPLATE_BYTES_MAX} are taken; embed smaller pictures")]
    TooLong(usize),
    /// It has more than [`ELEMENTS_MAX`] elements.
    #[error("it has more than {ELEMENTS_MAX} elements; simplify the drawing")]
    TooManyElements,
    /// The shop has [`TEMPLATES_MAX`] already.
    #[error("there are {TEMPLATES_MAX} templates already; take one away")]
    TooManyTemplates,
    /// It is no XML.
    #[error("not XML: {0}")]
    Xml(String),
    /// The root is not an `svg` element with a `viewBox` from 0 0.
    #[error("the root must be <svg viewBox=\"0 0 WIDTH HEIGHT\">")]
    Root,
    /// Nothing is called that.
    #[error("there is no field {0}; docs/labels.md lists them")]
    UnknownField(String),
    /// A field is not written `{{name}}`, `{{name|whole}}` or `{{name|fraction}}`.
    #[error(
        "{0:?} is not closed or has an unknown ending; write {{{{name}}}}, {{{{name|whole}}}} or {{{{name|fraction}}}}"
    )]
    Field(String),
    /// A field stands where only plain values may.
    #[error("fields may stand in texts and in data-value, not in {0}")]
    FieldInAttribute(String),
    /// An element that labels do not know.
    #[error("element <{0}> is not drawn on labels; turn it into shapes or take it out")]
    Element(String),
    /// A number, length or colour that is none.
    #[error("{attribute}=\"{value}\" is not understood")]
    Value {
        /// Of which attribute.
        attribute: String,
        /// What it says.
        value: String,
    },
    /// An attribute that is needed.
    #[error("<{element}> needs {attribute}")]
    Missing {
        /// Of which element.
        element: String,
        /// Which attribute.
        attribute: &'static str,
    },
    /// A condition that is none.
    #[error("condition {0:?}; write name, !name, name=text or name!=text, joined by ' and '")]
    Condition(String),
    /// A text in a group that is turned or scaled.
    #[error("a text, barcode or QR code can only be moved: transform must be translate(x, y)")]
    Transform,
    /// A picture from outside the file.
    #[error("pictures must be embedded (href=\"data:…\")")]
    OutsidePicture,
    /// An embedded picture of which nothing can be seen.
    #[error("this picture cannot be read; embed a PNG or JPEG (href=\"data:image/png;base64,…\")")]
    Picture,
    /// Something points to an element that is not there.
    #[error("nothing in the file has the id {0}")]
    NoSuchId(String),
    /// What the drawing library says.
    #[error("cannot be drawn: {0}")]
    Drawing(String),
}

/// A length that grows with the panel: per cent of its width or height, and units of the view box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Length {
    percent: f32,
    units: f32,
}

impl Length {
    const ZERO: Self = Self { percent: 0.0, units: 0.0 };

    pub(super) fn of(self, whole: f32) -> f32 {
        whole * self.percent / 100.0 + self.units
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = |text: &str| -> Option<f32> {
            let text = text.trim();
            let text = text.strip_suffix("px").unwrap_or(text);
            text.parse().ok().filter(|number: &f32| number.is_finite())
        };
        if let Some(inner) = text.strip_prefix("calc(").and_then(|rest| rest.strip_suffix(')')) {
            let (percent, rest) = inner.split_once('%')?;
            let units = match rest.trim() {
                "" => 0.0,
                rest => match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
                    (Some(plus), _) => number(plus)?,
                    (_, Some(minus)) => -number(minus)?,
                    (None, None) => return None,
                },
            };
            return Some(Self { percent: number(percent)?, units });
        }
        if let Some(percent) = text.strip_suffix('%') {
            return Some(Self { percent: number(percent)?, units: 0.0 });
        }
        Some(Self { percent: 0.0, units: number(text)? })
    }
}

/// What must be so for a part to show.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Present(Field),
    Absent(Field),
    Is(Field, String),
    IsNot(Field, String),
    AccentIs(String),
    AccentIsNot(String),
}

impl Condition {
    /// Whether it holds for every product on panels of this accent; `None` where that is the product's matter.
    pub(super) fn on(&self, accent: Accent) -> Option<bool> {
        match self {
            Self::AccentIs(name) => Some(accent.name() == name),
            Self::AccentIsNot(name) => Some(accent.name() != name),
            Self::Present(_) | Self::Absent(_) | Self::Is(..) | Self::IsNot(..) => None,
        }
    }

    pub(super) fn holds(&self, values: &Values) -> bool {
        match self {
            Self::Present(field) => values.get(*field).is_some(),
            Self::Absent(field) => values.get(*field).is_none(),
            Self::Is(field, text) => values.get(*field) == Some(text),
            Self::IsNot(field, text) => values.get(*field) != Some(text),
            Self::AccentIs(_) | Self::AccentIsNot(_) => true,
        }
    }

    fn parse(text: &str) -> Result<Self, TemplateProblem> {
        let bad = || TemplateProblem::Condition(text.to_owned());
        let field = |name: &str| {
            Field::named(name.trim()).ok_or_else(|| TemplateProblem::UnknownField(name.trim().to_owned()))
        };
        let text = text.trim();
        if let Some((name, wanted)) = text.split_once("!=") {
            let wanted = wanted.trim().to_owned();
            return if name.trim() == "accent" {
                Ok(Self::AccentIsNot(wanted))
            } else {
                Ok(Self::IsNot(field(name)?, wanted))
            };
        }
        if let Some((name, wanted)) = text.split_once('=') {
            let wanted = wanted.trim().to_owned();
            return if name.trim() == "accent" {
                Ok(Self::AccentIs(wanted))
            } else {
                Ok(Self::Is(field(name)?, wanted))
            };
        }
        match text.strip_prefix('!') {
            Some(name) => Ok(Self::Absent(field(name)?)),
            None if text.is_empty() => Err(bad()),
            None => Ok(Self::Present(field(text)?)),
        }
    }
}

/// Which part of a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    All,
    /// Before the last full stop.
    Whole,
    /// From the last full stop on.
    Fraction,
}

/// A text made of words and fields.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Literal(String),
    Field(Field, Piece),
}

/// What a text says for a product; `None` where a field that it names has no text.
pub(super) fn say(words: &[Word], values: &Values) -> Option<String> {
    let mut text = String::new();
    for word in words {
        match word {
            Word::Literal(literal) => text.push_str(literal),
            Word::Field(field, piece) => {
                let value = values.get(*field)?;
                let stop = value.rfind('.').unwrap_or(value.len());
                text.push_str(match piece {
                    Piece::All => value,
                    Piece::Whole => &value[..stop],
                    Piece::Fraction => &value[stop..],
                });
            }
        }
    }
    Some(text)
}

/// Words of one size and ink.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub words: Vec<Word>,
    /// Units of the view box.
    pub size: f32,
    pub bold: bool,
    pub ink: Ink,
    pub struck: bool,
    /// Space before it, units.
    pub gap: f32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Baseline {
    Alphabetic,
    Hanging,
    Central,
}

/// A text, which shrinks or wraps until it fits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub x: Length,
    pub y: Length,
    pub runs: Vec<Run>,
    pub anchor: Anchor,
    pub baseline: Baseline,
    pub width: Option<Length>,
    pub lines: usize,
    /// The smallest size of its largest run, units.
    pub size_min: f32,
    pub height: Option<Length>,
    pub cut: bool,
    pub back: Option<Ink>,
    pub pad: (f32, f32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SymbolKind {
    Ean,
    Qr,
}

/// A barcode or QR code in a box.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Symbol {
    pub kind: SymbolKind,
    pub anchor: Anchor,
    pub x: Length,
    pub y: Length,
    pub width: Length,
    pub height: Length,
    pub words: Vec<Word>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dither {
    Threshold,
    Ordered,
    Burkes,
}

/// An element that is the same for every product.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shapes {
    tag: String,
    attributes: Vec<(String, String)>,
    children: Vec<Shapes>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Drawn {
    Shapes(Vec<Shapes>, Dither),
    Text(Text),
    Symbol(Symbol),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub conditions: Vec<Condition>,
    pub drawn: Drawn,
}

/// One drawing of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    /// Width and height of the view box.
    pub view: (f32, f32),
    pub definitions: Vec<Shapes>,
    pub parts: Vec<Part>,
}

/// The templates of a shop, by name and shape.
#[derive(Debug, Default)]
pub struct Templates {
    drawings: BTreeMap<(String, Shape), Arc<Template>>,
    sources: BTreeMap<(String, Shape), [u8; 32]>,
}

impl Templates {
    /// Loads a drawing, in place of the one of this name and shape.
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
        let key = (name.to_owned(), shape);
        let full = || error_at(1, 1, TemplateProblem::TooManyTemplates);
        let room = self.drawings.contains_key(&key) || self.drawings.len() < TEMPLATES_MAX * Shape::ALL.len();
        let parsed = if room { Template::parse(svg, language) } else { Err(full()) };
        let template = parsed
            .map_err(|error| LoadTemplateError { name: format!("{name}.{}.svg", shape.name()), ..error })?;
        self.drawings.insert(key.clone(), Arc::new(template));
        let words = match language {
            Language::Chinese => "zh\n",
            Language::English => "en\n",
        };
        self.sources.insert(key, Sha256::new().chain_update(words).chain_update(svg).finalize().into());
        Ok(())
    }

    /// Sixteen hexadecimal digits that are others when any drawing of this name
    /// is another one: a face of before must then be made anew. `None` where
    /// nothing is called that.
    pub fn drawing(&self, name: &str) -> Option<String> {
        let mut hash = Sha256::new();
        let mut any = false;
        for shape in Shape::ALL {
            if let Some(source) = self.sources.get(&(name.to_owned(), shape)) {
                hash.update(shape.name());
                hash.update(source);
                any = true;
            }
        }
        let digest: [u8; 32] = hash.finalize().into();
        any.then(|| digest[..8].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The names that are loaded.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut last = "";
        self.drawings.keys().filter_map(move |(name, _)| {
            let new = last != name;
            last = name;
            new.then_some(name.as_str())
        })
    }

    /// The drawing for a panel: that of its shape, else another one, which leaves room unused.
    pub(super) fn find(&self, name: &str, panel: Panel) -> Option<&Arc<Template>> {
        let order = match Shape::of(panel) {
            Shape::Square => [Shape::Square, Shape::Page, Shape::Strip],
            Shape::Page => [Shape::Page, Shape::Strip, Shape::Square],
            Shape::Strip => [Shape::Strip, Shape::Page, Shape::Square],
        };
        order.into_iter().find_map(|shape| self.drawings.get(&(name.to_owned(), shape)))
    }
}

fn error_at(line: u32, column: u32, problem: TemplateProblem) -> LoadTemplateError {
    LoadTemplateError { name: String::new(), line, column, problem }
}

/// Attributes that hold a length, and whether it is one of the width.
const LENGTHS: &[(&str, bool)] = &[
    ("x", true),
    ("x1", true),
    ("x2", true),
    ("cx", true),
    ("width", true),
    ("rx", true),
    ("r", true),
    ("data-width", true),
    ("y", false),
    ("y1", false),
    ("y2", false),
    ("cy", false),
    ("height", false),
    ("ry", false),
    ("data-height", false),
];

const SVG: &str = "http://www.w3.org/2000/svg";

impl Shapes {
    /// Writes it as SVG for a view of this size.
    pub(super) fn write(&self, view: (f32, f32), out: &mut String) {
        out.push('<');
        out.push_str(&self.tag);
        for (name, value) in &self.attributes {
            let length = LENGTHS.iter().find(|(length, _)| length == name);
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            match (length, Length::parse(value)) {
                (Some((_, across)), Some(length)) if value.contains("calc(") => {
                    out.push_str(&length.of(if *across { view.0 } else { view.1 }).to_string());
                }
                _ => escape(value, out),
            }
            out.push('"');
        }
        out.push('>');
        for child in &self.children {
            child.write(view, out);
        }
        out.push_str("</");
        out.push_str(&self.tag);
        out.push('>');
    }
}

fn escape(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
}

/// A layer as a file of its own, `width` x `height` pixels.
pub(super) fn layer_svg(
    definitions: &[Shapes],
    shapes: &[Shapes],
    view: (f32, f32),
    (width, height): (u16, u16),
) -> String {
    let mut out = format!(
        "<svg xmlns=\"{SVG}\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {} {}\">",
        view.0, view.1
    );
    for shapes in definitions.iter().chain(shapes) {
        shapes.write(view, &mut out);
    }
    out.push_str("</svg>");
    out
}

/// The ink nearest to a colour: strong colours are the accent, the rest is light or dark.
pub(super) fn ink_of([red, green, blue]: [u8; 3]) -> Ink {
    let (high, low) = (red.max(green).max(blue), red.min(green).min(blue));
    if high - low >= 96 {
        return Ink::Accent;
    }
    let light = (u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114) / 1_000;
    if light >= 128 { Ink::White } else { Ink::Black }
}
