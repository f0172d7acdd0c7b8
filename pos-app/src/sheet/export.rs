//! A day's lines, and the table of it that is looked at, for a spreadsheet: written beside the lane's files.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use domain::money::Currency;
use domain::record::Record;
use domain::refund::Origin;
use domain::rights::Act;
use domain::sale::Sale;
use ledger::journal::{Identity, Stored};
use ui::view::Tone;

use crate::lane::{Lane, State};
use crate::present;

/// The folder of tables, beside the lane's files.
pub const REPORTS: &str = "reports";

/// So many tables stay, some ten years of one a day; the oldest goes for a new one.
pub const REPORTS_MAX: usize = 4_000;

/// Tells spreadsheets that what follows is UTF-8: without it they show hanzi as noise.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What the columns are called, for a person and for whoever reads the table by program.
const COLUMNS: [&str; 12] = [
    "date",
    "time",
    "document",
    "kind",
    "cashier",
    "sku",
    "code",
    "name",
    "quantity",
    "unit_price",
    "net",
    "tax_rate",
];

/// Why no table was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteReportError {
    /// The system refused.
    #[error("write {file}")]
    File {
        /// The table.
        file: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// A row could not be written.
    #[error("write {file}")]
    Table {
        /// The table.
        file: PathBuf,
        /// What was wrong.
        source: csv::Error,
    },
}

impl Lane {
    /// Writes the table that is looked at, and, where that is this lane's, the lines of the day: of everybody for whom that
    /// may be seen, else one's own.
    pub(super) fn export_day(&mut self) {
        match self.written_day() {
            Ok(files) => self.say_tables(&files),
            Err((file, reason)) => self.say_written(&file, 0, Err(reason)),
        }
    }

    /// The files that were written, with their rows; or the one that was not, and why.
    fn written_day(&self) -> Result<Vec<(PathBuf, usize)>, (PathBuf, String)> {
        let State::Open(open) = &self.state else { return Ok(Vec::new()) };
        let folder = self.paths.data.join(REPORTS);
        let (table, of, is_store) = self.table_to_write().map_err(|reason| (folder.clone(), reason))?;
        let all = open.till().rights().allow(Act::Report);
        let own = open.till().desk().staff().map(|staff| staff.id.clone()).unwrap_or_default();
        let (day, identity) = (self.day_looked_at(), open.journal().identity());
        let currency = &open.settings().currency;
        let whose = if all { "all" } else { own.as_str() };
        let Identity { store, lane, .. } = identity;
        let name = if is_store {
            format!("{day}-{store}-store-{of}.csv")
        } else {
            format!("{day}-{store}-{lane}-{whose}-{of}.csv")
        };
        let file = folder.join(name);
        let (columns, rows) = table.file(day, self.front.language, currency);
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let in_words = |file: &Path, written: Result<(), WriteReportError>| {
            written.map_err(|error| (file.to_owned(), crate::lane::words(&error)))
        };
        in_words(&file, write_table(&file, &columns, &rows))?;
        let mut files = vec![(file, rows.len())];
        if !is_store {
            let file = folder.join(format!("{day}-{store}-{lane}-{whose}.csv"));
            let records = open.journal().of_day(day);
            let records = records.map_err(|error| (file.clone(), crate::lane::words(&error)))?;
            let rows = rows_of_day(&records, identity, currency, (!all).then_some(own.as_str()));
            in_words(&file, write_table(&file, &COLUMNS, &rows))?;
            files.push((file, rows.len()));
        }
        Ok(files)
    }

    fn say_tables(&mut self, files: &[(PathBuf, usize)]) {
        let [(table, rows), rest @ ..] = files else { return };
        let (mut chinese, mut english) =
            (format!("{rows} 行：{}", table.display()), format!("{rows} rows: {}", table.display()));
        for (lines, count) in rest {
            let name = lines.file_name().unwrap_or_default().to_string_lossy().into_owned();
            chinese.push_str(&format!("；销售明细 {count} 行：{name}"));
            english.push_str(&format!("; the day's lines, {count}: {name}"));
        }
        self.front.say(Tone::Good, ("表格已写好", &chinese), ("The table is written", &english));
    }

    /// That a table was written, or why not.
    pub(super) fn say_written(&mut self, file: &Path, lines: usize, written: Result<(), String>) {
        let path = file.display();
        match written {
            Ok(()) => self.front.say(
                Tone::Good,
                ("表格已写好", &format!("{lines} 行：{path}")),
                ("The table is written", &format!("{lines} rows: {path}")),
            ),
            Err(reason) => self.front.say(
                Tone::Attend,
                ("表格没有写成", &format!("销售都在。看看磁盘，再试一次。（{reason}）")),
                (
                    "The table is not written",
                    &format!("All sales are safe. Look at the disk and try again. ({reason})"),
                ),
            ),
        }
    }
}

/// A row a line that was sold or came back, in the order of the day; `records` are its events, newest first.
fn rows_of_day(
    records: &[Stored],
    identity: &Identity,
    currency: &Currency,
    of: Option<&str>,
) -> Vec<[String; 12]> {
    let mut identity = identity.clone();
    let mut documents = Vec::new();
    for stored in records {
        // What is none of these is no line of a day.
        #[allow(clippy::wildcard_enum_match_arm)]
        match &stored.record {
            Record::EpochBegun { previous_epoch, .. } => identity.epoch = *previous_epoch,
            Record::SaleCompleted { sale } if of.is_none_or(|staff| sale.staff.id == staff) => {
                documents.push(rows_of(stored, sale, &identity, currency));
            }
            _ => {}
        }
    }
    documents.into_iter().rev().flatten().collect()
}

fn rows_of(stored: &Stored, sale: &Sale, identity: &Identity, currency: &Currency) -> Vec<[String; 12]> {
    let Identity { store, lane, epoch } = identity.clone();
    let number = domain::receipt::number(&Origin { store, lane, epoch, seq: stored.seq });
    let head = |kind: &str| {
        let time = present::local_time(stored.stamp.at_ms, stored.stamp.offset_minutes, "%H:%M:%S");
        let date = stored.stamp.business_date.to_string();
        [date, time, number.clone(), kind.to_owned(), plain(&sale.staff.name)]
    };
    let row = |head: [String; 5], rest: [String; 7]| -> [String; 12] {
        let mut cells = head.into_iter().chain(rest);
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    };
    let sold = sale.lines.iter().map(|line| {
        let rest = [
            plain(&line.item.sku),
            plain(&line.code),
            plain(&line.item.name_zh),
            line.quantity.to_string(),
            currency.format(line.unit_price),
            currency.format(line.net()),
            line.item.tax_rate.to_string(),
        ];
        row(head("sale"), rest)
    });
    let returned = sale.returns.iter().map(|back| {
        let rest = [
            plain(&back.item.sku),
            plain(&back.code),
            plain(&back.item.name_zh),
            format!("-{}", back.quantity),
            String::new(),
            currency.format(-back.amount),
            back.item.tax_rate.to_string(),
        ];
        row(head("return"), rest)
    });
    sold.chain(returned).collect()
}

/// Text that no spreadsheet takes for a formula.
pub(super) fn plain(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

/// A new file that nobody else of this machine reads: it may say what goods cost.
fn private(file: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}

/// Writes a table whole or not at all, and makes room for it.
pub(super) fn write_table<R: AsRef<[String]>>(
    file: &Path,
    columns: &[&str],
    rows: &[R],
) -> Result<(), WriteReportError> {
    let failed = |source| WriteReportError::File { file: file.to_owned(), source };
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    make_room(folder).map_err(failed)?;
    let unfinished = file.with_extension("part");
    let mut out = private(&unfinished).map_err(failed)?;
    out.write_all(BYTE_ORDER_MARK).map_err(failed)?;
    let wrong = |source| WriteReportError::Table { file: file.to_owned(), source };
    let mut table = csv::Writer::from_writer(out);
    table.write_record(columns).map_err(wrong)?;
    rows.iter().try_for_each(|row| table.write_record(row.as_ref())).map_err(wrong)?;
    let out = table.into_inner().map_err(|error| failed(error.into_error()))?;
    out.sync_all().map_err(failed)?;
    std::fs::rename(&unfinished, file).map_err(failed)
}

/// Tables begin with their date, so the first by name is the oldest.
fn make_room(folder: &Path) -> std::io::Result<()> {
    let mut tables: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .collect();
    tables.sort();
    let too_many = (tables.len() + 1).saturating_sub(REPORTS_MAX);
    tables.iter().take(too_many).try_for_each(std::fs::remove_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_spreadsheet_would_reckon_with_stays_a_name() {
        assert_eq!(plain("=1+1"), "'=1+1");
        assert_eq!(plain("@总价"), "'@总价");
        assert_eq!(plain("矿泉水 550ml"), "矿泉水 550ml");
    }

    #[test]
    fn a_table_takes_the_place_of_the_oldest_one() {
        let folder = tempfile::tempdir().expect("a folder");
        for number in 0..REPORTS_MAX {
            std::fs::write(folder.path().join(format!("{number:05}.csv")), "").expect("a table");
        }
        let file = folder.path().join("99999.csv");
        write_table::<[String; 12]>(&file, &COLUMNS, &[]).expect("written");
        assert!(file.exists());
        assert!(!folder.path().join("00000.csv").exists());
        assert!(folder.path().join("00001.csv").exists());
    }
}
