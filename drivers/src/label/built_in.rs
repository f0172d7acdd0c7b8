//! The templates that come with Guitai; a chain's own of the same name take their place.

use std::path::Path;
use std::time::SystemTime;

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

/// A chain's own template that is not used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file's name; the folder's where that cannot be read.
    pub file: String,
    /// Why.
    pub why: String,
}

/// The chain's own templates as they lie in their folder: another value where
/// any of them was changed, came or went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnFiles(Vec<(String, u64, Option<SystemTime>)>);

/// How the templates of a folder lie there now.
pub fn own_files(folder: Option<&Path>) -> OwnFiles {
    let files = folder.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let mut found: Vec<_> = files
        .filter_map(|file| {
            let name = file.file_name().to_str().filter(|name| name.ends_with(".svg"))?.to_owned();
            let data = file.metadata().ok()?;
            Some((name, data.len(), data.modified().ok()))
        })
        .collect();
    found.sort();
    OwnFiles(found)
}

/// A press with the built-in templates and those of a folder, `NAME.FORM.svg`
/// each, which take the place of built-in ones of their name and form. Whoever
/// draws labels and whoever shows them to people use this one, so that both
/// draw the same. What is left out is told beside it.
///
/// # Errors
/// A built-in template is refused, which a test rules out.
pub fn with_own(
    fonts: Fonts,
    language: Language,
    folder: Option<&Path>,
) -> Result<(Press, Vec<LeftOut>), LoadTemplateError> {
    let mut press = built_in(fonts, language)?;
    let mut left_out = Vec::new();
    let Some(folder) = folder else { return Ok((press, left_out)) };
    let files = match std::fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) => {
            left_out.push(LeftOut { file: folder.display().to_string(), why: error.to_string() });
            return Ok((press, left_out));
        }
    };
    for file in files.flatten() {
        let path = file.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let Some((template, form)) = name.strip_suffix(".svg").and_then(|name| name.rsplit_once('.')) else {
            continue;
        };
        let Some(shape) = Shape::ALL.into_iter().find(|known| known.name() == form) else { continue };
        let loaded = std::fs::read_to_string(&path).map_err(|error| error.to_string());
        let loaded = loaded
            .and_then(|svg| press.load(template, shape, &svg, language).map_err(|error| error.to_string()));
        if let Err(why) = loaded {
            left_out.push(LeftOut { file: name, why });
        }
    }
    Ok((press, left_out))
}
