//! Counts of goods that are not finished: a file each, beside the journal.
//!
//! A count takes an hour, and moves nothing before it ends; so what was found
//! so far is a note of the lane's and no fact of the journal. It is on the disk
//! after every act, whole or as it was before, and goes on after a stop.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use domain::stock::{
    COUNT_LANES_MAX, COUNT_POSITIONS_MAX, CountStep, CountedLine, STOCK_LINES_MAX, StockCount,
};
use protocol::event::Position;
use serde::{Deserialize, Serialize};

/// The most counts that are begun and not finished on one lane.
pub const DRAFTS_MAX: usize = 16;

/// The most bytes of one: two thousand lines that name forty lanes each.
pub const DRAFT_BYTES_MAX: u64 = 16 << 20;

/// How the files end.
const ENDING: &str = "count";

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Scope {
    /// Whatever is scanned.
    Free {},
    /// The goods of a category.
    Category {
        /// HQ's id of it.
        id: String,
    },
    /// The goods of a list.
    List {
        /// Its name.
        name: String,
        /// HQ's item codes.
        skus: Vec<String>,
    },
}

/// How much was found of an item so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    /// HQ's item code.
    pub sku: String,
    /// In all, thousandths of its base unit.
    pub quantity: i64,
    /// How much of that is of the place that is being counted now.
    pub go: i64,
    /// When it was found first, the lane's clock, milliseconds UTC.
    pub at_ms: i64,
    /// How far this lane's journal was then.
    pub own: Position,
    /// How far the store's other lanes were, as far as anybody could say.
    pub others: Vec<Position>,
}

/// A count that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The number of the count.
    pub document: String,
    /// When it was begun, the lane's clock, milliseconds UTC.
    pub begun_ms: i64,
    /// The staff id of who began it.
    pub staff: String,
    /// What is counted.
    pub scope: Scope,
    /// In the order in which the items were found first.
    pub lines: Vec<DraftLine>,
    /// Whether goods of its scope that were not found count as none.
    pub counts_missing: bool,
    /// The number of the journal's last event before it was written down, once that was tried.
    pub ends_after: Option<u64>,
}

/// Why nothing more is counted in this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountRefused {
    /// It has as many lines as a count may have, or names as many positions.
    Full,
    /// More of an item than there can be, or less than nothing.
    Quantity,
}

impl DraftLine {
    /// How far lanes were when it was found, by lane.
    fn positions(&self) -> BTreeMap<u32, Position> {
        self.others.iter().chain([&self.own]).map(|at| (at.lane, *at)).collect()
    }
}

/// The most of an item that one line says, thousandths.
fn fits(quantity: i64) -> bool {
    quantity == 0 || domain::money::Quantity::from_thousandths(quantity).is_some()
}

impl Draft {
    /// So much more of an item was found, at the place that is being counted
    /// now. What was not found before takes `new` for its line; gives the
    /// line's place.
    pub fn find(
        &mut self,
        sku: &str,
        more: i64,
        new: impl FnOnce() -> DraftLine,
    ) -> Result<usize, CountRefused> {
        if let Some(place) = self.lines.iter().position(|line| line.sku == sku) {
            let line = &mut self.lines[place];
            let sum = line.quantity.saturating_add(more);
            if !fits(sum) {
                return Err(CountRefused::Quantity);
            }
            (line.quantity, line.go) = (sum, line.go.saturating_add(more));
            return Ok(place);
        }
        let steps = self.count("").steps;
        let named: usize = steps.iter().map(|step| step.positions.len() + step.lost.len()).sum();
        // One more line names every lane once at most.
        if self.lines.len() >= STOCK_LINES_MAX || named + COUNT_LANES_MAX > COUNT_POSITIONS_MAX {
            return Err(CountRefused::Full);
        }
        if !fits(more) {
            return Err(CountRefused::Quantity);
        }
        self.lines.push(DraftLine { quantity: more, go: more, ..new() });
        Ok(self.lines.len() - 1)
    }

    /// At the place that is being counted now there is so much of a line.
    pub fn set_go(&mut self, place: usize, go: i64) -> Result<(), CountRefused> {
        let Some(line) = self.lines.get_mut(place) else { return Ok(()) };
        let sum = line.quantity.saturating_sub(line.go).saturating_add(go);
        if !fits(sum) {
            return Err(CountRefused::Quantity);
        }
        (line.quantity, line.go) = (sum, go);
        Ok(())
    }

    /// The next piece of this item lies at another place, or begins a new number.
    pub fn end_go(&mut self, place: usize) {
        if let Some(line) = self.lines.get_mut(place) {
            line.go = 0;
        }
    }

    /// There is so much of a line in all.
    pub fn set(&mut self, place: usize, quantity: i64) -> Result<(), CountRefused> {
        if !fits(quantity) {
            return Err(CountRefused::Quantity);
        }
        if let Some(line) = self.lines.get_mut(place) {
            (line.quantity, line.go) = (quantity, 0);
        }
        Ok(())
    }

    /// The store's other lanes were so far when a line was found.
    pub fn hear(&mut self, sku: &str, known: &[Position]) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.sku == sku) {
            let own = line.own.lane;
            line.others = known.iter().filter(|at| at.lane != own).copied().collect();
        }
    }

    /// What is written down of it: each line with where lanes were then.
    pub fn count(&self, reason: &str) -> StockCount {
        let mut steps: Vec<CountStep> = Vec::new();
        let mut positions = BTreeMap::new();
        let mut before: Option<(i64, BTreeMap<u32, Position>)> = None;
        for (index, line) in self.lines.iter().enumerate() {
            let at = line.positions();
            // No more than STOCK_LINES_MAX.
            let mut step = CountStep {
                line: u32::try_from(index).unwrap_or(u32::MAX),
                at_ms: line.at_ms,
                positions: Vec::new(),
                lost: Vec::new(),
            };
            match &before {
                None => positions.clone_from(&at),
                Some((_, known)) => {
                    step.positions = at
                        .values()
                        .filter(|at| known.get(&at.lane) != Some(at))
                        .map(|at| (*at).into())
                        .collect();
                    step.lost = known.keys().filter(|lane| !at.contains_key(lane)).copied().collect();
                }
            }
            let is_news = before.as_ref().is_none_or(|(at_ms, known)| *at_ms != line.at_ms || *known != at);
            if is_news {
                steps.push(step);
            }
            before = Some((line.at_ms, at));
        }
        let counted = |line: &DraftLine| CountedLine { sku: line.sku.clone(), thousandths: line.quantity };
        StockCount {
            document: self.document.clone(),
            lines: self.lines.iter().map(counted).collect(),
            positions: positions.into_values().map(Into::into).collect(),
            steps,
            reason: reason.to_owned(),
        }
    }
}

/// Where a lane's counts lie that are not finished.
#[derive(Debug, Clone)]
pub struct Drafts {
    folder: PathBuf,
}

/// Why a count is not kept, or not read.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The file cannot be read or written.
    #[error("keep the count {file}")]
    Io {
        /// Which.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It is no count of ours, or damaged.
    #[error("read the count {file}: {reason}; move the file away to count again")]
    Form {
        /// Which.
        file: String,
        /// Why.
        reason: String,
    },
}

impl Drafts {
    /// Those in this folder, which is made when something is kept.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self, document: &str) -> PathBuf {
        // A count's number is the lane's own: letters, digits and lines.
        let name: String =
            document.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        self.folder.join(name).with_added_extension(ENDING)
    }

    /// The counts that are not finished, the oldest first, at most
    /// [`DRAFTS_MAX`]; and what could not be read.
    pub fn list(&self) -> (Vec<Draft>, Vec<DraftError>) {
        let (mut drafts, mut errors) = (Vec::new(), Vec::new());
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (drafts, errors),
            Err(source) => {
                errors.push(DraftError::Io { file: self.folder.display().to_string(), source });
                return (drafts, errors);
            }
        };
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
            .collect();
        files.sort();
        for file in files.iter().take(DRAFTS_MAX) {
            match read(file) {
                Ok(draft) => drafts.push(draft),
                Err(error) => errors.push(error),
            }
        }
        drafts.sort_by(|one, other| (one.begun_ms, &one.document).cmp(&(other.begun_ms, &other.document)));
        (drafts, errors)
    }

    /// Puts a count on the disk, in the place of what was there of it.
    pub fn keep(&self, draft: &Draft) -> Result<(), DraftError> {
        let file = self.file(&draft.document);
        let kept = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let begun = file.with_added_extension("begun");
            let mut out = File::create(&begun)?;
            out.write_all(&serde_json::to_vec(draft)?)?;
            out.sync_all()?;
            fs::rename(&begun, &file)?;
            sync_folder(&self.folder)
        };
        kept().map_err(|source| DraftError::Io { file: file.display().to_string(), source })
    }

    /// Lets a count go: it is written down, or not wanted any more.
    pub fn drop(&self, document: &str) -> Result<(), DraftError> {
        let file = self.file(document);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(DraftError::Io { file: file.display().to_string(), source: error })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a rename is on the disk when it is done.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn read(file: &Path) -> Result<Draft, DraftError> {
    let io = |source| DraftError::Io { file: file.display().to_string(), source };
    let form = |reason: String| DraftError::Form { file: file.display().to_string(), reason };
    if fs::metadata(file).map_err(io)?.len() > DRAFT_BYTES_MAX {
        return Err(form(format!("it has more than {DRAFT_BYTES_MAX} bytes")));
    }
    let draft: Draft =
        serde_json::from_slice(&fs::read(file).map_err(io)?).map_err(|error| form(error.to_string()))?;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(lane: u32, seq: u64) -> Position {
        Position { lane, epoch: 1, seq }
    }

    fn draft() -> Draft {
        Draft {
            document: "C1-1-8".into(),
            begun_ms: 1_000,
            staff: "e1".into(),
            scope: Scope::Free {},
            lines: Vec::new(),
            counts_missing: false,
            ends_after: None,
        }
    }

    fn find(draft: &mut Draft, sku: &str, more: i64, at_ms: i64, seq: u64) -> Result<usize, CountRefused> {
        let line = || DraftLine {
            sku: sku.into(),
            quantity: 0,
            go: 0,
            at_ms,
            own: position(1, seq),
            others: Vec::new(),
        };
        draft.find(sku, more, line)
    }

    #[test]
    fn several_places_of_one_item_add_up_and_keep_the_first_moment() {
        let mut draft = draft();
        assert_eq!(find(&mut draft, "tea", 1_000, 5, 9), Ok(0));
        // 24 lie here, and 12 at the other place.
        draft.set_go(0, 24_000).expect("a number");
        draft.end_go(0);
        assert_eq!(find(&mut draft, "tea", 1_000, 50, 12), Ok(0));
        draft.set_go(0, 12_000).expect("a number");
        assert_eq!((draft.lines[0].quantity, draft.lines[0].at_ms), (36_000, 5));
        draft.set(0, 35_000).expect("a number");
        assert_eq!(draft.lines[0].quantity, 35_000);
        assert_eq!(draft.set(0, -1), Err(CountRefused::Quantity));
    }

    #[test]
    fn each_line_says_where_lanes_were_when_it_was_found() {
        let mut draft = draft();
        for (at, (sku, seq)) in [("tea", 9), ("rice", 9), ("milk", 11)].into_iter().enumerate() {
            let at_ms = i64::try_from(at).expect("small") * 1_000;
            find(&mut draft, sku, 1_000, at_ms, seq).expect("counted");
        }
        draft.hear("tea", &[position(1, 7), position(2, 40), position(3, 2)]);
        draft.hear("rice", &[position(2, 41), position(3, 2)]);
        // When the milk was found nobody could say where the others were.
        let count = draft.count("month");
        assert_eq!(count.check(), Ok(()));
        let known: Vec<(u32, u64)> = count.positions.iter().map(|at| (at.lane, at.seq)).collect();
        assert_eq!(known, [(1, 9), (2, 40), (3, 2)], "the lane itself knows best where it is");
        let steps: Vec<_> = count
            .steps
            .iter()
            .map(|step| {
                let moved: Vec<(u32, u64)> = step.positions.iter().map(|at| (at.lane, at.seq)).collect();
                (step.line, step.at_ms, moved, step.lost.clone())
            })
            .collect();
        assert_eq!(
            steps,
            [
                (0, 0, vec![], vec![]),
                (1, 1_000, vec![(2, 41)], vec![]),
                (2, 2_000, vec![(1, 11)], vec![2, 3]),
            ]
        );
    }

    #[test]
    fn a_count_is_on_the_disk_whole_and_a_damaged_one_is_told_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let drafts = Drafts::new(folder.path().join("counts"));
        assert!(drafts.list().0.is_empty());
        let mut draft = draft();
        drafts.keep(&draft).expect("kept");
        find(&mut draft, "tea", 2_000, 5, 9).expect("counted");
        drafts.keep(&draft).expect("kept");
        fs::write(folder.path().join("counts/C1-1-9.count"), b"{\"docu").expect("written");
        fs::write(folder.path().join("counts/C1-1-8.count.begun"), b"{").expect("written");
        let (read, errors) = drafts.list();
        assert_eq!(read, [draft]);
        assert!(matches!(errors[..], [DraftError::Form { .. }]), "{errors:?}");
        drafts.drop("C1-1-8").expect("gone");
        drafts.drop("C1-1-8").expect("gone already");
        assert!(drafts.list().0.is_empty());
    }
}
