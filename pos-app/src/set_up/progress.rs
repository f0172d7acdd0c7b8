//! How far a set-up has come, kept in `set-up.toml` of the lane's folder until it is done. The one-time code is not in it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::Mode;

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
    /// The scale under a kiosk's bagging area.
    BaggingScale,
    /// The customers' pole display.
    Display,
    /// The customers' window, on a screen of its own.
    Customer,
    /// Goods arrive.
    Goods,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Language,
        Self::Hq,
        Self::Store,
        Self::Printer,
        Self::Scanner,
        Self::Scale,
        Self::BaggingScale,
        Self::Display,
        Self::Customer,
        Self::Goods,
    ];

    /// Those that are asked where somebody of this kind stands at the lane: only a kiosk has a bagging area, and only where a
    /// cashier stands does the customer need a window of their own.
    pub fn of(mode: Mode) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |step| match step {
            Self::BaggingScale => mode == Mode::Kiosk,
            Self::Customer => mode == Mode::Till,
            Self::Language
            | Self::Hq
            | Self::Store
            | Self::Printer
            | Self::Scanner
            | Self::Scale
            | Self::Display
            | Self::Goods => true,
        })
    }

    /// Its place among those that are asked, from 0.
    pub fn place(self, mode: Mode) -> usize {
        Self::of(mode).take_while(|step| *step < self).count()
    }

    /// The step after it; the last one again after the last.
    pub fn next(self, mode: Mode) -> Self {
        Self::of(mode).find(|step| *step > self).unwrap_or(self)
    }

    /// The step before it; the first one again before the first.
    pub fn before(self, mode: Mode) -> Self {
        Self::of(mode).take_while(|step| *step < self).last().unwrap_or(self)
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
        for mode in [Mode::Till, Mode::Kiosk, Mode::Labels] {
            let next = |step: &Step| Some(step.next(mode)).filter(|next| next != step);
            let before = |step: &Step| Some(step.before(mode)).filter(|before| before != step);
            let forth: Vec<_> = std::iter::successors(Some(Step::Language), next).collect();
            let mut back: Vec<_> = std::iter::successors(Some(Step::Goods), before).collect();
            back.reverse();
            assert_eq!(forth, Step::of(mode).collect::<Vec<_>>());
            assert_eq!(forth, back);
            assert_eq!(
                forth.iter().map(|step| step.place(mode)).collect::<Vec<_>>(),
                Vec::from_iter(0..forth.len())
            );
            assert_eq!(forth.contains(&Step::BaggingScale), mode == Mode::Kiosk);
            assert_eq!(forth.contains(&Step::Customer), mode == Mode::Till);
        }
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
