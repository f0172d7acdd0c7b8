//! `lane.toml`: how this lane is set up. Identity and goods are not in it; they come from HQ.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The largest change that is given unless configured otherwise, in major units.
const CHANGE_MAX_DEFAULT: i64 = 1_000;

/// Where a lane keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The folder of all of them.
    pub data: PathBuf,
}

impl Paths {
    /// The lane's journal.
    pub fn journal(&self) -> PathBuf {
        self.data.join("journal.db")
    }

    /// What HQ told us.
    pub fn reference(&self) -> PathBuf {
        self.data.join("reference.db")
    }

    /// The set-up.
    pub fn config(&self) -> PathBuf {
        self.data.join("lane.toml")
    }

    /// Sounds, made at the first start.
    pub fn sounds(&self) -> PathBuf {
        self.data.join("sounds")
    }
}

/// The set-up of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `zh` or `en`: the language at start.
    pub language: Language,
    /// `light` or `dark`: the colours at start.
    pub theme: Theme,
    /// The language of receipts.
    pub receipt_language: Language,
    /// The most change that is given, in whole major units of the currency.
    pub change_max: i64,
    /// The window.
    pub window: Window,
    /// The receipt printer, where there is one.
    pub printer: Option<Printer>,
    /// A serial barcode scanner, where there is one.
    pub scanner: Option<Scanner>,
    /// Scanners that act as keyboards.
    pub wedge: Wedge,
    /// Sounds.
    pub sound: Sound,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            language: Language::Zh,
            theme: Theme::Light,
            receipt_language: Language::Zh,
            change_max: CHANGE_MAX_DEFAULT,
            window: Window::default(),
            printer: None,
            scanner: None,
            wedge: Wedge::default(),
            sound: Sound::default(),
        }
    }
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Simplified Chinese.
    Zh,
    /// English.
    En,
}

/// The colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark ink on light ground.
    Light,
    /// Light ink on dark ground.
    Dark,
}

/// The window.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether it fills the screen.
    pub fullscreen: bool,
}

impl Default for Window {
    fn default() -> Self {
        Self { width: 1_024, height: 768, fullscreen: false }
    }
}

/// The receipt printer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printer {
    /// `host:port`.
    pub address: String,
    /// The model's profile, such as `generic-80`.
    #[serde(default = "default_profile")]
    pub profile: String,
}

fn default_profile() -> String {
    "generic-80".to_owned()
}

/// A serial barcode scanner.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scanner {
    /// The device, such as `/dev/ttyACM0`.
    pub path: String,
    /// Bits a second.
    #[serde(default = "default_baud")]
    pub baud: u32,
}

fn default_baud() -> u32 {
    drivers::scanner::serial::BAUD_DEFAULT
}

/// Scanners that act as keyboards.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wedge {
    /// The longest pause between two characters of one scan, milliseconds.
    pub gap_ms: u64,
    /// The fewest characters of a scan.
    pub length_min: usize,
    /// The character that the scanner sends first, if it was set up so.
    pub prefix: Option<char>,
}

impl Default for Wedge {
    fn default() -> Self {
        let wedge = drivers::scanner::wedge::WedgeConfig::default();
        Self {
            gap_ms: u64::try_from(wedge.gap_max.as_millis()).unwrap_or(30),
            length_min: wedge.length_min,
            prefix: wedge.prefix,
        }
    }
}

/// Sounds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Sound {
    /// The command that plays a WAV file given as its last argument; the first
    /// known one on this machine where it is left out.
    pub player: Option<Vec<String>>,
}

/// Why the set-up cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadConfigError {
    /// The file cannot be read.
    #[error("read {file}")]
    Io {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in it is not understood; the source names line and column.
    #[error("read {file}")]
    Form {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// The printer's profile is not known.
    #[error("read {file}: printer")]
    Profile {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: drivers::printer::ParseProfileError,
    },
}

/// Reads `lane.toml`; a lane without one has neither printer nor scanner.
pub fn read(file: &Path) -> Result<Config, ReadConfigError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
        Err(source) => return Err(ReadConfigError::Io { file: file.to_owned(), source }),
    };
    let config: Config = toml::from_str(&text)
        .map_err(|source| ReadConfigError::Form { file: file.to_owned(), source: Box::new(source) })?;
    if let Some(printer) = &config.printer {
        drivers::printer::Profile::parse(&printer.profile)
            .map_err(|source| ReadConfigError::Profile { file: file.to_owned(), source })?;
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ReadConfigError> {
        let folder = std::env::temp_dir().join(format!("guitai-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let file = folder.join(format!("{:x}.toml", text.len()));
        std::fs::write(&file, text).expect("a temporary file");
        read(&file)
    }

    #[test]
    fn an_empty_set_up_sells_without_devices() {
        assert_eq!(parse("").expect("empty is fine"), Config::default());
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let error = parse("language = \"zh\"\n[printer]\nadress = \"1.2.3.4:9100\"\n").expect_err("a typo");
        let ReadConfigError::Form { source, .. } = error else { panic!("{error}") };
        assert!(source.to_string().contains("line 3"), "{source}");
        let error =
            parse("[printer]\naddress = \"1.2.3.4:9100\"\nprofile = \"nope\"\n").expect_err("no such model");
        assert!(matches!(error, ReadConfigError::Profile { .. }));
    }
}
