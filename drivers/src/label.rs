//! Faces of electronic shelf labels: an SVG template ([`Templates`]) and a product's texts ([`Values`]) become the exact
//! pixels and inks of one panel ([`Face`]). Which price a face shows is for others; here it is a text.
//!
//! How a designer writes a template stands in `docs/labels.md`.

// Positions of ink are drawing, not money.
#![allow(clippy::float_arithmetic)]

mod built_in;
mod face;
mod field;
mod glyph;
mod own;
mod plate;
mod press;
mod symbol;
mod template;
mod text;

pub use built_in::{BUILT_IN, built_in};
pub use face::{Accent, Face, FaceImageError, Ink, Panel, SIDE_MAX};
pub use field::{Field, VALUE_CHARACTERS_MAX, ValueTooLong, Values};
pub use glyph::{FontError, Fonts, GLYPHS_MAX};
pub use own::{Instead, KEPT_TEMPLATES, Kept, LeftOut, OwnFiles, own_files, with_own};
pub use press::{Note, PLATES_MAX, Press, PrintError, Printed};
pub use template::{
    ELEMENTS_MAX, Language, LoadTemplateError, Shape, TEMPLATE_BYTES_MAX, TEMPLATES_MAX, TemplateProblem,
    Templates,
};
