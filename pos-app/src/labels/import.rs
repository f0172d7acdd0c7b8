//! Bindings from a CSV file, for a store whose labels hang already: `pos-app labels import`.
//!
//! The file is read twice, row by row: first every row is checked and every bad one named, then the good bindings are
//! written as facts of the lane's journal, many at a time. A binding that holds already is passed over, so that a run
//! that was broken off is simply begun again.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use domain::clock::LaneClock;
use domain::label::{LabelBinding, LabelItem, LabelNumber, LabelRefusal};
use domain::record::Staff;
use domain::rights::Rights;
use domain::till::{Desk, Input};
use ledger::reference::ReferenceError;
use ledger::reference::shelf::Shelf;

use super::face::Faces;
use super::hand::LINES_MAX;
use super::scan::Scanned;
use crate::config::{Config, Mode, Paths};
use crate::lane::{Event, Lane, Moment, OpenLane, State};
use crate::pin;

/// The most rows of a file: more labels than the largest chain's store has, times a hundred.
pub const ROWS_MAX: u64 = 1_000_000;

/// The largest file, bytes.
pub const FILE_BYTES_MAX: u64 = 256 << 20;

/// Bindings that are written in one transaction.
const WRITTEN_AT_A_TIME: usize = 500;

/// Columns of the file, in any order; the first two are needed.
const COLUMNS: [&str; 5] = ["label", "item", "unit", "template", "slot"];

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("read {file}")]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// It is too large.
    #[error("read {file}: at most {ROWS_MAX} rows and {FILE_BYTES_MAX} bytes; split it", file = file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// A column is missing, or is none of those there are.
    #[error("read {file}: the first line names the columns, label and item and, where needed, unit, template and slot; {column:?} is wrong or missing", file = file.display())]
    Column {
        /// The file.
        file: PathBuf,
        /// Which.
        column: String,
    },
    /// The machine's clock shows what cannot be.
    #[error(
        "the clock shows {shown}, which cannot be after what the journal says: set it, then import; where it is right, pos-app clock trust says so"
    )]
    Clock {
        /// What it shows, UTC.
        shown: String,
    },
    /// The lane cannot write: it is not enrolled, has no goods yet, or its till runs.
    #[error("open the lane: {0}; enrol it, let its agent run once, and end its till first")]
    Closed(String),
    /// Nobody has this number, or the PIN is not theirs.
    #[error("sign in as {0}: there is no such number, or the PIN is wrong; nothing was written")]
    SignIn(String),
    /// What is known of labels cannot be read.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The words cannot be said.
    #[error("say what was found")]
    Say(#[from] std::io::Error),
    /// The journal did not take what was to be written; what was written before stands.
    #[error(
        "write bindings up to row {row}: the journal did not take them; {written} before them are written, run it again"
    )]
    Refused {
        /// The last row of them.
        row: u64,
        /// Bindings that were written.
        written: u64,
    },
}

/// Who imports, and what is done with bad rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The file.
    pub file: PathBuf,
    /// Staff number of whoever imports.
    pub number: String,
    /// Their PIN.
    pub pin: String,
    /// Nothing is written.
    pub dry_run: bool,
    /// Good rows are written though others are bad.
    pub skip_bad: bool,
}

/// What was found, and done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows of the file.
    pub rows: u64,
    /// Rows that are wrong.
    pub bad: u64,
    /// Labels whose binding is right.
    pub bindings: u64,
    /// Of these, those that held already.
    pub held: u64,
    /// Of these, labels that no gateway has heard yet.
    pub unheard: u64,
    /// Bindings that were written.
    pub written: u64,
}

impl Imported {
    /// Whether everything is as it should be.
    pub fn is_well(&self) -> bool {
        self.bad == 0
    }
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, bad, bindings, held, unheard, written } = self;
        writeln!(
            f,
            "{rows} rows, {bad} bad; {bindings} labels, {held} of them bound so already, {unheard} not heard yet"
        )?;
        writeln!(f, "{written} bindings written")
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum BadRow {
    #[error("{0:?} is no number of a label: 12 or 16 hexadecimal digits")]
    Label(String),
    #[error("item {0:?} is not sold here: neither its code nor its barcode is known")]
    Item(String),
    #[error("item {0} is not sold in pack {1:?}")]
    Unit(String, String),
    #[error("there is no template {0:?}")]
    Template(String),
    #[error("label {0} stands further up already: rows of one label stand one below the other")]
    Again(String),
    #[error("label {0} has more than {LINES_MAX} items, or one twice")]
    TooMany(String),
    #[error("label {0} has another place or template in the row above")]
    Other(String),
    #[error("another row of label {0} is wrong, so none of its rows counts")]
    Spoiled(String),
    #[error("label {0} is too small for its goods in this template: take a larger one, or another template")]
    Size(String),
    #[error("{0}")]
    Word(LabelRefusal),
}

/// A binding with the last of its rows.
struct Read {
    binding: LabelBinding,
    row: u64,
}

/// Reads bindings out of a file, row by row; remembers the numbers of labels, eight bytes each, and nothing else.
#[derive(Default)]
struct Reading {
    templates: BTreeSet<String>,
    seen: HashSet<u64>,
    open: Option<Read>,
    /// A label of which a row was wrong: none of its rows counts.
    spoiled: Option<LabelNumber>,
}

/// The columns of a file.
struct Columns([Option<usize>; COLUMNS.len()]);

impl Columns {
    fn of(file: &Path, header: &csv::StringRecord) -> Result<Self, ImportError> {
        let mut places = [None; COLUMNS.len()];
        let refuse = |column: &str| ImportError::Column { file: file.to_owned(), column: column.to_owned() };
        for (place, name) in header.iter().enumerate() {
            let name = name.trim_start_matches('\u{feff}').trim();
            let known = COLUMNS.iter().position(|known| *known == name).ok_or_else(|| refuse(name))?;
            if places[known].replace(place).is_some() {
                return Err(refuse(name));
            }
        }
        match places {
            [None, ..] => Err(refuse(COLUMNS[0])),
            [_, None, ..] => Err(refuse(COLUMNS[1])),
            [Some(_), Some(_), ..] => Ok(Self(places)),
        }
    }

    fn get<'r>(&self, row: &'r csv::StringRecord, column: usize) -> &'r str {
        self.0[column].and_then(|place| row.get(place)).unwrap_or_default().trim()
    }
}

impl Reading {
    /// Takes a row in: what is wrong with it, and the binding that ends before it.
    fn take(
        &mut self,
        (lane, labels): (&OpenLane, &super::Labels),
        columns: &Columns,
        row: &csv::StringRecord,
        number: u64,
    ) -> (Option<Read>, Option<BadRow>) {
        let text = columns.get(row, 0);
        let Ok(label) = LabelNumber::parse(text) else { return (None, Some(BadRow::Label(shown(text)))) };
        let ended = self.open.take_if(|open| open.binding.label != label);
        if self.spoiled.as_ref() == Some(&label) {
            return (ended, Some(BadRow::Spoiled(label.to_string())));
        }
        let bad = self.join((lane, labels), columns, (label.clone(), row), number).err();
        if bad.is_some() {
            self.open = None;
            self.seen.insert(digits(&label));
            self.spoiled = Some(label);
        }
        (ended, bad)
    }

    /// A row begins the binding of a label, or joins it.
    fn join(
        &mut self,
        (lane, labels): (&OpenLane, &super::Labels),
        columns: &Columns,
        (label, row): (LabelNumber, &csv::StringRecord),
        number: u64,
    ) -> Result<(), BadRow> {
        let item = item_of((lane, labels), columns.get(row, 1), columns.get(row, 2))?;
        let (template, slot) = (columns.get(row, 3).to_owned(), columns.get(row, 4).to_owned());
        if !self.templates.contains(&template) {
            return Err(BadRow::Template(shown(&template)));
        }
        if let Some(open) = &mut self.open {
            let binding = &mut open.binding;
            if binding.template != template || binding.slot != slot {
                return Err(BadRow::Other(label.to_string()));
            }
            if binding.items.len() >= LINES_MAX || binding.items.contains(&item) {
                return Err(BadRow::TooMany(label.to_string()));
            }
            binding.items.push(item);
            open.row = number;
            return Ok(());
        }
        if !self.seen.insert(digits(&label)) {
            return Err(BadRow::Again(label.to_string()));
        }
        let binding = LabelBinding { label, items: vec![item], template, slot };
        binding.check().map_err(BadRow::Word)?;
        self.open = Some(Read { binding, row: number });
        Ok(())
    }
}

/// Sixteen hexadecimal digits are a number.
fn digits(label: &LabelNumber) -> u64 {
    u64::from_str_radix(label.as_str(), 16).unwrap_or_default()
}

/// An item by its code or its barcode.
fn item_of((lane, labels): (&OpenLane, &super::Labels), code: &str, unit: &str) -> Result<LabelItem, BadRow> {
    let prices = super::seen::Prices::new(lane, Moment { now_ms: 0, offset_minutes: 0 });
    let mut item = LabelItem::of(code);
    if prices.item(&item).is_none() {
        item = match labels.read(lane, code, chrono::NaiveDate::default()) {
            Scanned::Item { item, .. } => item,
            Scanned::Label(_) | Scanned::Wrong(_) => return Err(BadRow::Item(shown(code))),
        };
    }
    if !unit.is_empty() {
        unit.clone_into(&mut item.unit);
        if prices.item(&item).is_none() {
            return Err(BadRow::Unit(item.sku, shown(unit)));
        }
    }
    Ok(item)
}

/// As much of a text as a message repeats.
fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(40).collect()
}

/// Imports a file, and says to `say` what is wrong with it, a line for each bad row. With bad rows nothing is written,
/// unless the good ones are wanted all the same.
///
/// # Errors
/// The file is no such file, nobody signed in, or the journal does not take what was written.
pub fn import(paths: &Paths, import: &Import, say: &mut impl Write) -> Result<Imported, ImportError> {
    import_at(paths, import, Moment::now, say)
}

/// The same by a clock of the caller's.
///
/// # Errors
/// As [`import`].
pub fn import_at(
    paths: &Paths,
    import: &Import,
    now: fn() -> Moment,
    say: &mut impl Write,
) -> Result<Imported, ImportError> {
    let file = &import.file;
    let too_large = std::fs::metadata(file).is_ok_and(|found| found.len() > FILE_BYTES_MAX);
    if too_large {
        return Err(ImportError::TooLarge { file: file.clone() });
    }
    let config = Config { mode: Mode::Labels, ..Config::default() };
    let mut lane = Lane::new(paths.clone(), config);
    let mut clock = Clock::new(&lane, now)?;
    lane.turn(clock.read()?, [Event::Tick]);
    if let State::Closed(closed) = &lane.state {
        return Err(ImportError::Closed(format!("{closed:?}")));
    }
    let mut imported = Imported::default();
    pass(&mut lane, file, &mut imported, &mut |row, bad| writeln!(say, "row {row}: {bad}"), &mut |_, _| {
        Ok(())
    })?;
    if import.dry_run || imported.bad > 0 && !import.skip_bad {
        return Ok(imported);
    }
    sign_in(&mut lane, &mut clock, import)?;
    let mut written = 0;
    let mut again = Imported::default();
    pass(&mut lane, file, &mut again, &mut |_, _| Ok(()), &mut |lane, bindings| {
        let before = lane.journal().map_or(0, |journal| journal.head().seq);
        let (count, row) = (bindings.len() as u64, bindings.last().map_or(0, |read| read.row));
        bindings.drain(..).for_each(|read| lane.feed(Input::BindLabel(Box::new(read.binding))));
        lane.turn(clock.read()?, [Event::Tick]);
        let after = lane.journal().map_or(0, |journal| journal.head().seq);
        if after != before + count {
            return Err(ImportError::Refused { row, written });
        }
        written += count;
        Ok(())
    })?;
    lane.feed(Input::SignOut);
    lane.turn(clock.read()?, [Event::Tick]);
    imported.written = written;
    Ok(imported)
}

/// The machine's clock, as far as it can be believed: what it stamps here stands in the till's own journal.
struct Clock {
    now: fn() -> Moment,
    lane: LaneClock,
    begun: Instant,
}

impl Clock {
    fn new(lane: &Lane, now: fn() -> Moment) -> Result<Self, ImportError> {
        let mut clock = Self { now, lane: LaneClock::new(lane.last_stamp_ms(), 0), begun: Instant::now() };
        clock.read()?;
        Ok(clock)
    }

    fn read(&mut self) -> Result<Moment, ImportError> {
        let shown = (self.now)();
        let steady = i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (now_ms, _) = self.lane.read(shown.now_ms, steady);
        if self.lane.is_refused() {
            let shown = chrono::DateTime::from_timestamp_millis(shown.now_ms).unwrap_or_default();
            return Err(ImportError::Clock { shown: shown.format("%Y-%m-%d %H:%M UTC").to_string() });
        }
        Ok(Moment { now_ms, ..shown })
    }
}

fn sign_in(lane: &mut Lane, clock: &mut Clock, import: &Import) -> Result<(), ImportError> {
    let refuse = || ImportError::SignIn(shown(&import.number));
    let State::Open(open) = &lane.state else { return Err(refuse()) };
    let member = open.staff().iter().find(|member| member.number == import.number).cloned();
    let member = member.ok_or_else(refuse)?;
    let waits = open.till().pin_wait_seconds(&member.id, lane.moment.now_ms) > 0;
    let matches =
        !waits && import.pin.len() <= pin::PIN_DIGITS_MAX && pin::matches(&import.pin, &member.pin_hash);
    let rights = Rights::of_role(&member.role, &open.settings().currency);
    let staff = Staff { id: member.id, number: member.number, name: member.name };
    lane.feed(Input::PinChecked { staff, rights, matches });
    lane.turn(clock.read()?, [Event::Tick]);
    let signed_in = lane.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_)));
    if signed_in { Ok(()) } else { Err(refuse()) }
}

type Say<'a> = &'a mut dyn FnMut(u64, &BadRow) -> std::io::Result<()>;
type WriteMany<'a> = &'a mut dyn FnMut(&mut Lane, &mut Vec<Read>) -> Result<(), ImportError>;

/// Goes through the file once.
fn pass(
    lane: &mut Lane,
    file: &Path,
    imported: &mut Imported,
    say: Say<'_>,
    write: WriteMany<'_>,
) -> Result<(), ImportError> {
    let failed = |source| ImportError::Read { file: file.to_owned(), source };
    let mut rows = csv::ReaderBuilder::new().flexible(true).from_path(file).map_err(failed)?;
    let columns = Columns::of(file, rows.headers().map_err(failed)?)?;
    let Some(shelf) = Shelf::open(&lane.paths.reference())? else {
        return Err(ImportError::Closed("its agent is of an older program".to_owned()));
    };
    let templates = Faces::new(lane.paths.labels()).templates().into_iter().chain([String::new()]).collect();
    let mut reading = Reading { templates, ..Reading::default() };
    let mut number = 1;
    let mut row = csv::StringRecord::new();
    let mut waiting = Vec::new();
    loop {
        let more = match rows.read_record(&mut row) {
            Ok(more) => more,
            // Broken letters are one bad row; what follows is read all the same.
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                number += 1;
                (imported.rows, imported.bad) = (imported.rows + 1, imported.bad + 1);
                say(number, &BadRow::Label("a text that is not UTF-8".to_owned()))?;
                continue;
            }
            Err(error) => return Err(failed(error)),
        };
        let ended = if more {
            number += 1;
            imported.rows += 1;
            if imported.rows > ROWS_MAX {
                return Err(ImportError::TooLarge { file: file.to_owned() });
            }
            let (State::Open(at), Some(labels)) = (&lane.state, &lane.labels) else {
                return Err(ImportError::Closed("it closed meanwhile".to_owned()));
            };
            let (ended, bad) = reading.take((at, labels), &columns, &row, number);
            if let Some(bad) = bad {
                imported.bad += 1;
                say(number, &bad)?;
            }
            ended
        } else {
            reading.open.take()
        };
        let ended = match ended {
            Some(read) if !lane.fits_binding(&read.binding) => {
                imported.bad += 1;
                say(read.row, &BadRow::Size(read.binding.label.to_string()))?;
                None
            }
            other => other,
        };
        if let Some(read) = ended {
            imported.bindings += 1;
            imported.unheard += u64::from(shelf.state(&read.binding.label)?.is_none());
            let known = shelf.bound(&read.binding.label)?;
            let holds = known.is_some_and(|known| {
                let LabelBinding { label: _, items, template, slot } = &read.binding;
                known.items == *items && known.template == *template && known.slot == *slot
            });
            if holds {
                imported.held += 1;
            } else {
                waiting.push(read);
            }
        }
        if waiting.len() >= WRITTEN_AT_A_TIME || !more && !waiting.is_empty() {
            write(lane, &mut waiting)?;
            waiting.clear();
        }
        if !more {
            return Ok(());
        }
    }
}
