//! How far a set-up has come, kept in `set-up.toml` of the lane's folder until it is done. The one-time code is not in it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A step of the set-up, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// In which language, and in which colours.
    #[default]
    Language,
    /// Where HQ is, and the one-time code.
    Hq,
    /// Whether it is this store and this lane.
    Store,
    /// The receipt printer.
    Printer,
    /// The barcode scanner.
    Scanner,
    /// The counter scale.
    Scale,
    /// The customers' display.
    Display,
    /// Goods arrive.
    Goods,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Language,
        Self::Hq,
        Self::Store,
        Self::Printer,
        Self::Scanner,
        Self::Scale,
        Self::Display,
        Self::Goods,
    ];

    /// Its place among all, from 0.
    pub fn place(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or(0)
    }

    /// The step after it; the last one again after the last.
    pub fn next(self) -> Self {
        Self::ALL.get(self.place() + 1).copied().unwrap_or(self)
    }

    /// The step before it; the first one again before the first.
    pub fn before(self) -> Self {
        Self::ALL.get(self.place().wrapping_sub(1)).copied().unwrap_or(self)
    }
}

/// What is remembered over a stop.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The step that is open.
    pub step: Step,
    /// Where HQ is, as far as it was typed.
    pub hq: String,
    /// A code was sent to be exchanged, and nobody has heard an answer: it may be used up.
    pub code_sent: bool,
    /// Who the lane is that another code is to replace: while it still is that one, nothing was exchanged in whole.
    pub replaces: Option<String>,
}

impl Progress {
    fn path(data: &Path) -> PathBuf {
        data.join("set-up.toml")
    }

    /// Whether a set-up was begun here and not ended.
    pub fn is_open(data: &Path) -> bool {
        Self::path(data).exists()
    }

    /// What an earlier start left. One that cannot be read begins at the first step: nothing is lost by that.
    pub fn read(data: &Path) -> Self {
        match fs::read_to_string(Self::path(data)) {
            Ok(text) => toml::from_str(&text).unwrap_or_else(|error| {
                tracing::warn!(%error, "the set-up begins anew");
                Self::default()
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Self::default(),
            Err(error) => {
                tracing::warn!(%error, "the set-up begins anew");
                Self::default()
            }
        }
    }

    /// Remembers it.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, data: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        write_whole(&Self::path(data), &text)
    }

    /// Forgets it: the lane is set up.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn remove(data: &Path) -> io::Result<()> {
        match fs::remove_file(Self::path(data)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Writes a file so that a power cut leaves the old one or the new one.
pub(super) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_lead_from_the_first_to_the_last_and_back() {
        let forth =
            std::iter::successors(Some(Step::Language), |step| Some(step.next()).filter(|next| next != step));
        assert_eq!(forth.collect::<Vec<_>>(), Step::ALL);
        assert_eq!((Step::Goods.before(), Step::Language.before()), (Step::Display, Step::Language));
    }

    #[test]
    fn what_was_left_is_found_again_and_what_is_garbled_begins_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path();
        assert!(!Progress::is_open(data) && Progress::read(data) == Progress::default());
        let replaces = Some("S001/2/1".into());
        let left = Progress { step: Step::Scale, hq: "https://hq.example".into(), code_sent: true, replaces };
        left.write(data).expect("written");
        assert!(Progress::is_open(data));
        assert_eq!(Progress::read(data), left);
        fs::write(data.join("set-up.toml"), "step = 7").expect("written");
        assert_eq!(Progress::read(data), Progress::default());
        Progress::remove(data).expect("removed");
        Progress::remove(data).expect("removed already");
        assert!(!Progress::is_open(data));
    }
}
