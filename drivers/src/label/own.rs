//! A chain's own templates from a folder, and the copies of the last good ones: what was in use before a bad edit is in
//! use after it, also over a restart.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::built_in::built_in;
use super::glyph::Fonts;
use super::press::Press;
use super::template::{Language, LoadTemplateError, Shape, TEMPLATES_MAX};

/// The name of the folder of copies in a lane's folder.
pub const KEPT_TEMPLATES: &str = "templates-kept";

/// A chain's own template that is not used as it stands, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file's name; the folder's where that cannot be read.
    pub file: String,
    /// Why.
    pub why: String,
    /// What is drawn in its place.
    pub instead: Instead,
}

/// What takes the place of a template that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// The last one of this name that was good.
    LastGood,
    /// The built-in one, or none where there is none of that name.
    BuiltIn,
    /// Nothing is amiss but that no copy of it could be kept.
    Itself,
}

impl std::fmt::Display for Instead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LastGood => "the last good one is in use",
            Self::BuiltIn => "the built-in one is in use",
            Self::Itself => "it is in use, but would not outlast a bad edit",
        })
    }
}

/// Where copies of good templates lie, and what may be done there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept<'a> {
    /// Nowhere.
    Nowhere,
    /// They are another program's: only read.
    Read(&'a Path),
    /// Ours: a good template is copied there, one that its chain took away goes.
    Write(&'a Path),
}

impl<'a> Kept<'a> {
    fn folder(self) -> Option<&'a Path> {
        match self {
            Self::Nowhere => None,
            Self::Read(folder) | Self::Write(folder) => Some(folder),
        }
    }
}

/// The chain's own templates as they lie in their folder: another value where
/// any of them was changed, came or went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnFiles(Vec<(String, u64, Option<SystemTime>)>);

/// How the templates of a folder lie there now.
pub fn own_files(folder: Option<&Path>) -> OwnFiles {
    let files = folder.and_then(|folder| drawings(folder).ok()).unwrap_or_default();
    let lies = |(name, path): (String, PathBuf)| {
        let data = fs::metadata(path).ok()?;
        Some((name, data.len(), data.modified().ok()))
    };
    OwnFiles(files.into_iter().filter_map(lies).collect())
}

/// A press with the built-in templates and those of a folder, `NAME.FORM.svg` each, which take the place of built-in ones
/// of their name and form. Where one is refused, or the folder cannot be read, the copy of the last good one is used.
/// Whoever draws labels and whoever shows them to people use this one, so that both draw the same. What is left out is
/// told beside it.
///
/// # Errors
/// A built-in template is refused, which a test rules out.
pub fn with_own(
    fonts: Fonts,
    language: Language,
    folder: Option<&Path>,
    kept: Kept<'_>,
) -> Result<(Press, Vec<LeftOut>), LoadTemplateError> {
    let mut press = built_in(fonts, language)?;
    let mut left_out = Vec::new();
    let Some(folder) = folder else { return Ok((press, left_out)) };
    let mut load = |file: &str, svg: io::Result<String>| {
        let svg = svg.map_err(|error| error.to_string())?;
        let (template, shape) = named(file).ok_or("no template's name")?;
        press.load(template, shape, &svg, language).map(|()| svg).map_err(|error| error.to_string())
    };
    let copies = kept.folder().map(drawings).transpose().ok().flatten().unwrap_or_default();
    let files = match drawings(folder) {
        Ok(files) => files,
        Err(error) => {
            let used = copies.into_iter().filter(|(file, svg)| load(file, read(svg)).is_ok()).count();
            let instead = if used > 0 { Instead::LastGood } else { Instead::BuiltIn };
            left_out.push(LeftOut { file: folder.display().to_string(), why: error.to_string(), instead });
            return Ok((press, left_out));
        }
    };
    for (file, path) in &files {
        match load(file, read(path)) {
            Ok(svg) => {
                if let Kept::Write(kept) = kept
                    && let Err(error) = keep(kept, file, &svg)
                {
                    let why = format!("keep a copy in {}: {error}", kept.display());
                    left_out.push(LeftOut { file: file.clone(), why, instead: Instead::Itself });
                }
            }
            Err(why) => {
                let copy = copies.get(file).is_some_and(|copy| load(file, read(copy)).is_ok());
                let instead = if copy { Instead::LastGood } else { Instead::BuiltIn };
                left_out.push(LeftOut { file: file.clone(), why, instead });
            }
        }
    }
    if let Kept::Write(_) = kept {
        for (_, copy) in copies.iter().filter(|(file, _)| !files.contains_key(*file)) {
            // One that stays would only be used if the folder went.
            let _ = fs::remove_file(copy);
        }
    }
    Ok((press, left_out))
}

/// The template and form that a file's name says.
fn named(file: &str) -> Option<(&str, Shape)> {
    let (template, form) = file.strip_suffix(".svg")?.rsplit_once('.')?;
    Some((template, Shape::ALL.into_iter().find(|known| known.name() == form)?))
}

/// The drawings of a folder by their file names, as many as a shop may have.
fn drawings(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let files = fs::read_dir(folder)?.flatten();
    let named = files.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        named(&name).is_some().then(|| (name, entry.path()))
    });
    Ok(named.take(TEMPLATES_MAX * Shape::ALL.len()).collect())
}

fn read(path: &PathBuf) -> io::Result<String> {
    fs::read_to_string(path)
}

/// Copies a good template, whole or not at all.
fn keep(folder: &Path, file: &str, svg: &str) -> io::Result<()> {
    let path = folder.join(file);
    if fs::read_to_string(&path).is_ok_and(|kept| kept == svg) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let half = folder.join(format!("{file}.new"));
    fs::write(&half, svg)?;
    fs::rename(&half, &path)
}
