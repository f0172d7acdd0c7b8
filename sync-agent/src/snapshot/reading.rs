//! What is in a file of a reference: its changes, within its bounds.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Take};

use protocol::pull::Change;
use protocol::pull::snapshot::{LINE_BYTES_MAX, SnapshotHead, SnapshotPart};

use super::TakeError;
use crate::hq::{WINDOW_LOG_MAX, is_of_unknown_kind};

type Decoder = zstd::stream::read::Decoder<'static, BufReader<File>>;

/// The changes of a file, one after the other.
pub(super) struct Changes<'a> {
    part: &'a SnapshotPart,
    lines: BufReader<Take<Decoder>>,
    line: Vec<u8>,
    /// Bytes that were read after decompression.
    bytes: u64,
    /// Changes that were read, those of unknown kinds among them.
    count: u64,
}

impl<'a> Changes<'a> {
    /// Begins to read a file that must be of a place and version.
    pub(super) fn begin(file: File, part: &'a SnapshotPart) -> Result<Self, TakeError> {
        let form = |what: String| TakeError::Form { place: part.place.clone(), what };
        let unreadable = |error: io::Error| form(format!("cannot be read: {error}"));
        let mut decoder = Decoder::new(file).map_err(unreadable)?;
        decoder.window_log_max(WINDOW_LOG_MAX).map_err(unreadable)?;
        // One byte beyond what it says shows that it says too little.
        let lines = BufReader::new(decoder.take(part.inflated_bytes.saturating_add(1)));
        let mut changes = Self { part, lines, line: Vec::new(), bytes: 0, count: 0 };
        changes.read_line()?;
        let head: SnapshotHead =
            serde_json::from_slice(&changes.line).map_err(|error| form(format!("has no head: {error}")))?;
        if head.place != part.place || head.version != part.version {
            return Err(form(format!("is of {:?}, version {}", head.place, head.version)));
        }
        Ok(changes)
    }

    fn form(&self, what: &str) -> TakeError {
        TakeError::Form { place: self.part.place.clone(), what: what.to_owned() }
    }

    /// The next change that this program knows; `None` at the end of the whole file.
    pub(super) fn next(&mut self) -> Result<Option<Change>, TakeError> {
        while self.read_line()? {
            self.count += 1;
            match serde_json::from_slice(&self.line) {
                Ok(change) => return Ok(Some(change)),
                // A newer program gets it when it begins anew.
                Err(_) if is_of_unknown_kind(&self.line) => {}
                Err(error) => return Err(self.form(&format!("has a change that cannot be read: {error}"))),
            }
        }
        if self.bytes != self.part.inflated_bytes || self.count != self.part.changes {
            return Err(self.form("has not as much in it as it says"));
        }
        Ok(None)
    }

    /// Reads a line; tells whether there was one.
    fn read_line(&mut self) -> Result<bool, TakeError> {
        self.line.clear();
        let mut bounded = (&mut self.lines).take(LINE_BYTES_MAX as u64 + 1);
        let read = bounded.read_until(b'\n', &mut self.line);
        let read = read.map_err(|error| self.form(&format!("cannot be read: {error}")))?;
        self.bytes += read as u64;
        if self.bytes > self.part.inflated_bytes || self.line.len() > LINE_BYTES_MAX {
            return Err(self.form("has more in it than it says"));
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        }
        Ok(read > 0)
    }
}
