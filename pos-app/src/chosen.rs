//! The language and colours that somebody chose at the till, kept over a restart beside the lane's files.
//!
//! `lane.toml` says what a lane begins with; this says what its people made of it. Nothing depends on it: a file that
//! cannot be read is as none.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use ui::view::{Language, Theme};

use crate::config::{self, Config, Mode, Paths};

/// The most bytes that are read of it; more is not what a lane wrote.
const BYTES_MAX: u64 = 1_024;

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
struct Chosen {
    language: Option<config::Language>,
    theme: Option<config::Theme>,
}

/// The language and colours that a lane begins with: those chosen at the till where there are any.
pub(crate) fn at_start(paths: &Paths, config: &Config) -> (Language, Theme) {
    // At a kiosk each customer chooses anew.
    let is_read = config.mode != Mode::Kiosk && !config.screen_is_told;
    let chosen = if is_read { read(&paths.chosen()) } else { Chosen::default() };
    let language = match chosen.language.unwrap_or(config.language) {
        config::Language::Zh => Language::Chinese,
        config::Language::En => Language::English,
    };
    let theme = match chosen.theme.unwrap_or(config.theme) {
        config::Theme::Light => Theme::Light,
        config::Theme::Dark => Theme::Dark,
    };
    (language, theme)
}

/// Keeps what stands on the screen for the next start.
pub(crate) fn keep(paths: &Paths, config: &Config, language: Language, theme: Theme) {
    // A training leaves nothing behind.
    if config.mode == Mode::Kiosk || config.training {
        return;
    }
    let language = match language {
        Language::Chinese => "zh",
        Language::English => "en",
    };
    let theme = match theme {
        Theme::Light => "light",
        Theme::Dark => "dark",
    };
    if let Err(error) = write(&paths.chosen(), &format!("language = \"{language}\"\ntheme = \"{theme}\"\n")) {
        tracing::warn!(%error, "language and colours not kept");
    }
}

fn read(file: &Path) -> Chosen {
    let mut text = String::new();
    let read = fs::File::open(file).and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text));
    match read {
        Ok(_) => toml::from_str(&text).unwrap_or_else(|error| {
            tracing::warn!(%error, "what was chosen is not read");
            Chosen::default()
        }),
        Err(_) => Chosen::default(),
    }
}

/// Under a name of its own first, so that a cut leaves the file as it was.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let unfinished: PathBuf = file.with_extension("toml.new");
    let mut begun = fs::File::create(&unfinished)?;
    begun.write_all(text.as_bytes())?;
    begun.sync_all()?;
    fs::rename(&unfinished, file)
}
