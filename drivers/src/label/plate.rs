//! A template prepared for one panel: what never changes is drawn once and kept as runs of ink.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;
use thiserror::Error;

use super::face::{Accent, Ink, Panel};
use super::template::{Condition, Dither, Drawn, Symbol, Template, Text, ink_of, layer_svg};

/// A row of pixels of one ink.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub from: usize,
    pub length: usize,
    pub ink: Ink,
}

#[derive(Debug)]
pub(super) enum Piece {
    Layer(Vec<Span>),
    Text(Text),
    Symbol(Symbol),
}

/// A template at the size of a panel.
#[derive(Debug)]
pub(super) struct Plate {
    /// Pixels for one unit of the view box.
    pub scale: f32,
    /// The view box, grown to the form of the panel.
    pub view: (f32, f32),
    pub pieces: Vec<(Vec<Condition>, Piece)>,
}

/// Why shapes cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("draw the shapes: {0}")]
pub struct DrawShapesError(String);

impl Plate {
    pub(super) fn prepare(template: &Template, panel: Panel) -> Result<Self, DrawShapesError> {
        let (width, height) = (f32::from(panel.width()), f32::from(panel.height()));
        let scale = (width / template.view.0).min(height / template.view.1);
        let view = (width / scale, height / scale);
        let mut pieces = Vec::new();
        for part in &template.parts {
            let accent = panel.accent();
            if part.conditions.iter().any(|condition| condition.on(accent) == Some(false)) {
                continue;
            }
            let conditions: Vec<_> =
                part.conditions.iter().filter(|condition| condition.on(accent).is_none()).cloned().collect();
            let piece = match &part.drawn {
                Drawn::Shapes(shapes, dither) => {
                    let size = (panel.width(), panel.height());
                    let svg = layer_svg(&template.definitions, shapes, view, size);
                    Piece::Layer(draw(&svg, panel, *dither)?)
                }
                Drawn::Text(text) => Piece::Text(text.clone()),
                Drawn::Symbol(symbol) => Piece::Symbol(symbol.clone()),
            };
            pieces.push((conditions, piece));
        }
        Ok(Self { scale, view, pieces })
    }
}

fn draw(svg: &str, panel: Panel, dither: Dither) -> Result<Vec<Span>, DrawShapesError> {
    let tree = usvg::Tree::from_str(svg, &usvg::Options::default())
        .map_err(|error| DrawShapesError(error.to_string()))?;
    let mut pixmap = Pixmap::new(panel.width().into(), panel.height().into())
        .ok_or_else(|| DrawShapesError("no memory for the picture".to_owned()))?;
    resvg::render(&tree, Transform::identity(), &mut pixmap.as_mut());
    let colours: Vec<Option<[u8; 3]>> = pixmap
        .pixels()
        .iter()
        .map(|pixel| {
            let colour = pixel.demultiply();
            let over_white = |part: u8| {
                let (part, alpha) = (u32::from(part), u32::from(colour.alpha()));
                u8::try_from((part * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
            };
            match dither {
                Dither::Threshold => {
                    (colour.alpha() >= 128).then(|| [colour.red(), colour.green(), colour.blue()])
                }
                Dither::Ordered | Dither::Burkes => (colour.alpha() >= 8).then(|| {
                    [over_white(colour.red()), over_white(colour.green()), over_white(colour.blue())]
                }),
            }
        })
        .collect();
    let inks = match dither {
        Dither::Threshold => colours.iter().map(|colour| colour.map(ink_of)).collect(),
        Dither::Ordered => ordered(&colours, panel),
        Dither::Burkes => burkes(&colours, panel),
    };
    Ok(spans(&inks, panel))
}

fn spans(inks: &[Option<Ink>], panel: Panel) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for (place, ink) in inks.iter().enumerate() {
        let Some(mut ink) = *ink else { continue };
        if ink == Ink::Accent && panel.accent() == Accent::None {
            ink = Ink::Black;
        }
        match spans.last_mut() {
            Some(span) if span.ink == ink && span.from + span.length == place => span.length += 1,
            _ => spans.push(Span { from: place, length: 1, ink }),
        }
    }
    spans
}

/// The inks of a panel and their colours.
fn palette(panel: Panel) -> &'static [(Ink, [i32; 3])] {
    const ALL: [(Ink, [i32; 3]); 3] =
        [(Ink::White, [255; 3]), (Ink::Black, [0; 3]), (Ink::Accent, [255, 0, 0])];
    const YELLOW: [(Ink, [i32; 3]); 3] =
        [(Ink::White, [255; 3]), (Ink::Black, [0; 3]), (Ink::Accent, [255, 255, 0])];
    match panel.accent() {
        Accent::None => &ALL[..2],
        Accent::Red => &ALL,
        Accent::Yellow => &YELLOW,
    }
}

fn nearest(colour: [i32; 3], palette: &[(Ink, [i32; 3])]) -> (Ink, [i32; 3]) {
    let distance = |of: [i32; 3]| -> i32 {
        let weights = [3, 6, 1];
        (0..3).map(|part| weights[part] * (colour[part] - of[part]).pow(2)).sum()
    };
    palette.iter().copied().min_by_key(|(_, of)| distance(*of)).unwrap_or((Ink::White, [255; 3]))
}

/// Thresholds of a 4x4 Bayer matrix.
fn ordered(colours: &[Option<[u8; 3]>], panel: Panel) -> Vec<Option<Ink>> {
    const BAYER: [[i32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    let (palette, width) = (palette(panel), usize::from(panel.width()));
    let ink = |(place, colour): (usize, &Option<[u8; 3]>)| {
        let lift = BAYER[place / width % 4][place % width % 4] * 16 - 120;
        colour.map(|colour| nearest(colour.map(|part| i32::from(part) + lift), palette).0)
    };
    colours.iter().enumerate().map(ink).collect()
}

/// Burkes' error diffusion: 8 4 ahead and 2 4 8 4 2 below, of 32.
fn burkes(colours: &[Option<[u8; 3]>], panel: Panel) -> Vec<Option<Ink>> {
    let (palette, width) = (palette(panel), usize::from(panel.width()));
    let mut errors = vec![[0_i32; 3]; colours.len() + 2 * width];
    let mut inks = Vec::with_capacity(colours.len());
    for (place, colour) in colours.iter().enumerate() {
        let Some(colour) = colour else {
            inks.push(None);
            continue;
        };
        let wanted: [i32; 3] = std::array::from_fn(|part| i32::from(colour[part]) + errors[place][part] / 32);
        let (ink, shown) = nearest(wanted, palette);
        inks.push(Some(ink));
        let column = place % width;
        for (across, down, share) in
            [(1, 0, 8), (2, 0, 4), (-2, 1, 2), (-1, 1, 4), (0, 1, 8), (1, 1, 4), (2, 1, 2)]
        {
            let Some(to) = column.checked_add_signed(across).filter(|to| *to < width) else { continue };
            let to = place - column + to + down * width;
            for part in 0..3 {
                errors[to][part] += (wanted[part] - shown[part]).clamp(-255, 255) * share;
            }
        }
    }
    inks
}
