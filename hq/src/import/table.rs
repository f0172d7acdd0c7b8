//! A CSV file with a first row of names, a row at a time: a million rows need
//! the memory of one.

use std::fs::File;
use std::io;
use std::path::Path;

use csv::{ErrorKind, StringRecord, Trim};

/// The columns of a kind of file, by the names in the first row. Their order
/// in the file is free.
pub(super) struct Columns {
    /// All that may be there.
    pub names: &'static [&'static str],
    /// Those that must be.
    pub needed: &'static [&'static str],
}

/// An open file.
pub(super) struct Table {
    reader: csv::Reader<File>,
    columns: &'static Columns,
    header: Header,
}

enum Header {
    Unread,
    /// Where each of the columns stands in a row.
    Read(Vec<Option<usize>>),
    Wrong,
}

impl Table {
    /// Opens a file.
    pub(super) fn open(path: &Path, columns: &'static Columns) -> io::Result<Self> {
        let reader = csv::ReaderBuilder::new().trim(Trim::All).from_reader(File::open(path)?);
        Ok(Self { reader, columns, header: Header::Unread })
    }

    /// The next row with its place, or what is wrong with it; `None` at the
    /// end, and after a first row that cannot be used.
    pub(super) fn next_row<T>(
        &mut self,
        read: impl FnOnce(&Row<'_>) -> Result<T, String>,
    ) -> Option<(String, Result<T, String>)> {
        if matches!(self.header, Header::Unread) {
            match self.read_header() {
                Ok(places) => self.header = Header::Read(places),
                Err(what) => {
                    self.header = Header::Wrong;
                    return Some(("row 1".to_owned(), Err(what)));
                }
            }
        }
        let Header::Read(places) = &self.header else { return None };
        let mut record = StringRecord::new();
        let line = self.reader.position().line();
        match self.reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let row = Row { record: &record, columns: self.columns, places };
                Some((format!("row {line}"), read(&row)))
            }
            Err(error) => {
                let line = error.position().map_or(line, csv::Position::line);
                // A file that cannot be read on has no next row.
                if error.is_io_error() {
                    self.header = Header::Wrong;
                }
                Some((format!("row {line}"), Err(explain(&error))))
            }
        }
    }

    fn read_header(&mut self) -> Result<Vec<Option<usize>>, String> {
        let names = self.columns.names;
        let header = self.reader.headers().map_err(|error| explain(&error))?;
        let mut places = vec![None; names.len()];
        for (place, name) in header.iter().enumerate() {
            let column = names
                .iter()
                .position(|column| *column == name)
                .ok_or_else(|| format!("there is no column {name:?}; use {}", names.join(",")))?;
            if places[column].replace(place).is_some() {
                return Err(format!("the column {name:?} is there twice; remove one"));
            }
        }
        let is_missing = |name: &&&str| {
            let column = names.iter().position(|column| column == *name);
            column.and_then(|column| places[column]).is_none()
        };
        match self.columns.needed.iter().find(is_missing) {
            Some(name) => Err(format!("the column {name:?} is missing; add it to the first row")),
            None => Ok(places),
        }
    }
}

fn explain(error: &csv::Error) -> String {
    match error.kind() {
        ErrorKind::Utf8 { .. } => "the text is not UTF-8; save the file as CSV UTF-8".to_owned(),
        ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "it has {len} columns and the first row has {expected_len}; put texts with commas into quotes"
        ),
        ErrorKind::Io(_) | ErrorKind::Seek | ErrorKind::Serialize(_) | ErrorKind::Deserialize { .. } | _ => {
            format!("it cannot be read: {error}")
        }
    }
}

/// A row of the file.
pub(super) struct Row<'a> {
    record: &'a StringRecord,
    columns: &'static Columns,
    places: &'a [Option<usize>],
}

impl Row<'_> {
    /// What stands in a column; empty where there is no such column.
    pub(super) fn text(&self, name: &str) -> &str {
        let column = self.columns.names.iter().position(|column| *column == name);
        let place = column.and_then(|column| self.places[column]);
        place.and_then(|place| self.record.get(place)).unwrap_or_default()
    }

    /// Yes or no, as people write it; empty is no.
    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        match self.text(name).to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "是" => Ok(true),
            "" | "false" | "0" | "no" | "n" | "否" => Ok(false),
            text => Err(format!("{name} {text:?}: write true or false")),
        }
    }
}
