//! What a set-up writes into `lane.toml`: single words and whole sections. All else in it, comments too, stays as it is.

use std::io;

use super::progress::write_whole;
use crate::config::{self, Config, Paths, ReadConfigError};

/// Why `lane.toml` was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteLaneError {
    /// The disk refuses.
    #[error("write lane.toml")]
    Io(#[from] io::Error),
    /// What stands in it cannot be read; it is left as it is.
    #[error(transparent)]
    Read(#[from] ReadConfigError),
}

/// One thing that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A word of the lane's own, such as `language`.
    Word {
        /// Which.
        name: &'static str,
        /// What it says.
        value: String,
    },
    /// A section, such as `[printer]`.
    Section {
        /// Which.
        name: &'static str,
        /// Its words; `None` where it goes.
        words: Option<Vec<(&'static str, Setting)>>,
    },
}

/// What a word of a section says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

impl Setting {
    /// As TOML writes it.
    fn written(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

/// Makes changes in the lane's file, and gives what it says then.
///
/// # Errors
/// The file cannot be read as it is, or the disk refuses; nothing is changed then.
pub fn change(paths: &Paths, changes: &[Change]) -> Result<Config, WriteLaneError> {
    let file = paths.config();
    let before = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.into()),
    };
    config::read(&file)?;
    let after = changes.iter().fold(before.clone(), |text, change| changed(&text, change));
    if after != before {
        // Looked at where nobody reads it, before it takes the other's place.
        let trial = file.with_extension("trial");
        std::fs::write(&trial, &after)?;
        let read = config::read(&trial);
        let _ = std::fs::remove_file(&trial);
        read?;
        write_whole(&file, &after)?;
    }
    Ok(config::read(&file)?)
}

/// The text with one thing changed.
fn changed(text: &str, change: &Change) -> String {
    match change {
        Change::Word { name, value } => {
            let line = format!("{name} = {}", quoted(value));
            let mut lines: Vec<&str> = text.lines().collect();
            let end = lines.iter().position(|line| section_of(line).is_some()).unwrap_or(lines.len());
            match lines[..end].iter().position(|line| word_of(line) == Some(name)) {
                Some(place) => lines[place] = &line,
                None => lines.insert(0, &line),
            }
            joined(&lines)
        }
        Change::Section { name, words } => {
            let mut lines: Vec<&str> = Vec::new();
            let mut is_it = false;
            for line in text.lines() {
                if let Some(section) = section_of(line) {
                    is_it = section == *name;
                }
                if !is_it {
                    lines.push(line);
                }
            }
            while lines.last().is_some_and(|line| line.trim().is_empty()) {
                lines.pop();
            }
            let mut text = joined(&lines);
            if let Some(words) = words {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&format!("[{name}]\n"));
                for (word, value) in words {
                    text.push_str(&format!("{word} = {}\n", value.written()));
                }
            }
            text
        }
    }
}

/// The name of the section that begins on this line.
fn section_of(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix('[')?.trim_start_matches('[').split_once(']')?;
    let rest = rest.trim_start_matches(']').trim();
    (rest.is_empty() || rest.starts_with('#')).then(|| name.trim())
}

/// The word that this line sets.
fn word_of(line: &str) -> Option<&str> {
    line.split_once('=').map(|(name, _)| name.trim())
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &'static str, words: &[(&'static str, &str)]) -> Change {
        let words = words.iter().map(|(word, value)| (*word, Setting::Text((*value).to_owned()))).collect();
        Change::Section { name, words: Some(words) }
    }

    #[test]
    fn what_is_not_about_the_set_up_stays_to_the_letter() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths { data: folder.path().to_owned() };
        let before = "# our till\nlanguage = \"zh\" # first\n\n[payment]\ncard = true # terminal\n\n[printer]\n\
                      address = \"1.2.3.4:9100\"\n\n[wedge]\ngap_ms = 40\n";
        std::fs::write(paths.config(), before).expect("written");
        let changes = [
            Change::Word { name: "language", value: "en".into() },
            Change::Word { name: "theme", value: "dark".into() },
            section("printer", &[("address", "/dev/usb/lp0"), ("profile", "generic-58")]),
            section("scale", &[("port", "/dev/ttyS\"1"), ("protocol", "nci")]),
        ];
        let config = change(&paths, &changes).expect("changed");
        assert_eq!(config.language, config::Language::En);
        assert_eq!(config.scale.map(|scale| scale.port).as_deref(), Some("/dev/ttyS\"1"));
        let after = std::fs::read_to_string(paths.config()).expect("read");
        assert_eq!(
            after,
            "theme = \"dark\"\n# our till\nlanguage = \"en\"\n\n[payment]\ncard = true # terminal\n\n[wedge]\n\
             gap_ms = 40\n\n[printer]\naddress = \"/dev/usb/lp0\"\nprofile = \"generic-58\"\n\n[scale]\n\
             port = '/dev/ttyS\"1'\nprotocol = \"nci\"\n"
        );
        let gone = [Change::Section { name: "printer", words: None }];
        assert!(change(&paths, &gone).expect("changed").printer.is_none());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths { data: folder.path().to_owned() };
        for (text, wanted) in [("langauge = \"zh\"\n", true), ("", false)] {
            std::fs::write(paths.config(), text).expect("written");
            let unknown = section("scale", &[("port", "/x"), ("protocol", "acme")]);
            assert!(change(&paths, &[unknown]).is_err(), "{wanted}");
            assert_eq!(std::fs::read_to_string(paths.config()).expect("read"), text);
        }
    }
}
