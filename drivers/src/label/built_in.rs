//! The templates that come with Guitai; a chain's own of the same name take their place.

use super::glyph::Fonts;
use super::press::Press;
use super::template::{Language, LoadTemplateError, Shape};

macro_rules! drawings {
    ($($name:literal),*) => {
        &[$((
            $name,
            [
                (Shape::Square, include_str!(concat!("../../labels/", $name, ".square.svg"))),
                (Shape::Page, include_str!(concat!("../../labels/", $name, ".page.svg"))),
                (Shape::Strip, include_str!(concat!("../../labels/", $name, ".strip.svg"))),
            ],
        )),*]
    };
}

/// Each template's name and drawings.
pub const BUILT_IN: &[(&str, [(Shape, &str); 3])] =
    drawings!("normal", "promotion", "member", "fresh", "clearance", "out-of-stock", "several", "unbound");

/// A press with the built-in templates.
///
/// # Errors
/// One of them is refused, which a test rules out.
pub fn built_in(fonts: Fonts, language: Language) -> Result<Press, LoadTemplateError> {
    let mut press = Press::new(fonts);
    for (name, drawings) in BUILT_IN {
        for (shape, svg) in drawings {
            press.load(name, *shape, svg, language)?;
        }
    }
    Ok(press)
}
