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
    path: PathBuf,
    laid: bool,
}

impl Reserve {
    /// Looks for the reserve beside `database` and lays it where it is missing.
    pub fn beside(database: &Path) -> Self {
        let mut reserve = Self { path: database.with_extension("reserve"), laid: false };
        reserve.lay();
        reserve
    }

    /// Whether it is there.
    pub fn is_laid(&self) -> bool {
        self.laid
    }

    /// Lays it down; tells whether there was room.
    pub fn lay(&mut self) -> bool {
        let whole = || std::fs::metadata(&self.path).is_ok_and(|meta| meta.len() == RESERVE_BYTES as u64);
        self.laid = whole() || self.write().is_ok();
        if !self.laid {
            // A torn reserve takes room and keeps none.
            let _ = std::fs::remove_file(&self.path);
        }
        self.laid
    }

    /// Gives the room up; tells whether there was any to give.
    pub fn give_up(&mut self) -> bool {
        std::mem::take(&mut self.laid) && std::fs::remove_file(&self.path).is_ok()
    }

    /// Written in full rather than left sparse: a hole keeps nothing free.
    fn write(&self) -> std::io::Result<()> {
        let mut file: File =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&self.path)?;
        let block = [0xA5u8; 64 << 10];
        for _ in 0..RESERVE_BYTES / block.len() {
            file.write_all(&block)?;
        }
        file.sync_all()
    }
}
