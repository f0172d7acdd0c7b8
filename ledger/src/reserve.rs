//! Room on the disk that is kept for the sale under way.
//!
//! A full disk must refuse the next sale, not break this one: the reserve is
//! given up so that the open sale can be written, and nothing new is begun
//! until it could be laid down again.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How much is kept free: several times the largest event and its WAL frames.
pub const RESERVE_BYTES: usize = 16 << 20;

/// A file of [`RESERVE_BYTES`] beside the journal.
#[derive(Debug)]
pub struct Reserve {
    /// `None` on a trial's disk, where no room is kept.
    path: Option<PathBuf>,
    laid: bool,
}

impl Reserve {
    /// Looks for the reserve beside `database` and lays it where it is missing.
    pub fn beside(database: &Path) -> Self {
        let mut reserve = Self { path: Some(database.with_extension("reserve")), laid: false };
        reserve.lay();
        reserve
    }

    /// No reserve: there is never any room to give up, and none is missed.
    pub fn none() -> Self {
        Self { path: None, laid: true }
    }

    /// Whether it is there.
    pub fn is_laid(&self) -> bool {
        self.laid
    }

    /// Lays it down; tells whether there was room.
    pub fn lay(&mut self) -> bool {
        let Some(path) = &self.path else { return true };
        let whole = || std::fs::metadata(path).is_ok_and(|meta| meta.len() == RESERVE_BYTES as u64);
        self.laid = whole() || write(path).is_ok();
        if !self.laid {
            // A torn reserve takes room and keeps none.
            let _ = std::fs::remove_file(path);
        }
        self.laid
    }

    /// Gives the room up; tells whether there was any to give.
    pub fn give_up(&mut self) -> bool {
        let Some(path) = &self.path else { return false };
        std::mem::take(&mut self.laid) && std::fs::remove_file(path).is_ok()
    }
}

/// Written in full rather than left sparse: a hole keeps nothing free.
fn write(path: &Path) -> std::io::Result<()> {
    let mut file: File = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    let block = [0xA5u8; 64 << 10];
    for _ in 0..RESERVE_BYTES / block.len() {
        file.write_all(&block)?;
    }
    file.sync_all()
}
