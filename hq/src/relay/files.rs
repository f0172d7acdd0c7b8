//! Snapshots of the reference that went by: the store's other lanes get what is
//! here from here, so that a file comes over the store's line once.
//!
//! A file grows by the pieces that lanes ask for one after the other. It is
//! named by its SHA-256: a whole one that is another is forgotten, and lanes
//! look for themselves what they got.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::pull::snapshot::is_name;
use sha2::{Digest, Sha256};
use tracing::warn;

use crate::feed::snapshot::{Piece, read_piece};

/// The most files that are kept: two for each place of a store in a few groups.
const FILES_MAX: usize = 16;

/// The most bytes of all files together; those that were written to longest ago go first.
const BYTES_MAX: u64 = 4 << 30;

/// Bytes that are hashed at one time.
const HASHED_AT_A_TIME: usize = 1 << 16;

/// The files of one relay.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    /// How long the whole of a file is, by its name, once that was said; also
    /// whoever has this alone writes.
    known: Mutex<Vec<(String, u64)>>,
}

impl Files {
    /// Keeps files in a folder; what an earlier process left there is forgotten.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        Ok(Self { folder: folder.to_owned(), known: Mutex::default() })
    }

    fn known(&self) -> MutexGuard<'_, Vec<(String, u64)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of a file from one up to and with another, or as many of them
    /// as are here; `None` where the first is not.
    pub(super) fn piece(&self, name: &str, range: (u64, u64)) -> Option<Piece> {
        let of = self.known().iter().find(|(known, _)| known == name).map(|(_, of)| *of)?;
        let mut file = File::open(self.folder.join(name)).ok()?;
        let here = file.metadata().ok()?.len().min(of);
        let piece = read_piece(&mut file, here, range).ok()?;
        // At the end of what is here the rest is HQ's to give.
        (!piece.bytes.is_empty()).then_some(Piece { of, ..piece })
    }

    /// Keeps a piece that HQ gave, where it follows on what is here. A disk that
    /// does not take it costs the other lanes their shorter way.
    pub(super) fn keep(&self, name: &str, piece: &Piece) {
        if let Err(error) = self.try_keep(name, piece) {
            warn!(%error, "a snapshot is not kept for the store's other lanes");
        }
    }

    fn try_keep(&self, name: &str, piece: &Piece) -> io::Result<()> {
        if !is_name(name) || piece.bytes.is_empty() || piece.of > BYTES_MAX {
            return Ok(());
        }
        let mut known = self.known();
        let path = self.folder.join(name);
        if !known.iter().any(|(known, _)| known == name) {
            if piece.from > 0 {
                return Ok(());
            }
            known.push((name.to_owned(), piece.of));
            while known.len() > 1
                && (known.len() > FILES_MAX || known.iter().map(|(_, of)| of).sum::<u64>() > BYTES_MAX)
            {
                let (gone, _) = known.remove(0);
                let _ = fs::remove_file(self.folder.join(gone));
            }
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        let here = file.metadata()?.len();
        if here != piece.from {
            return Ok(());
        }
        if let Err(error) = file.write_all(&piece.bytes) {
            // Half a piece is none.
            file.set_len(here)?;
            return Err(error);
        }
        if here + piece.bytes.len() as u64 == piece.of && hash_of(&path)? != name {
            known.retain(|(known, _)| known != name);
            fs::remove_file(&path)?;
            warn!(name, "a snapshot was damaged on its way; it is forgotten");
        }
        Ok(())
    }
}

fn hash_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut bytes = vec![0; HASHED_AT_A_TIME];
    loop {
        match file.read(&mut bytes)? {
            0 => break,
            length => hash.update(&bytes[..length]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(bytes: &[u8]) -> String {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn piece(whole: &[u8], from: usize, to: usize) -> Piece {
        Piece { from: from as u64, bytes: whole[from..to].to_vec(), of: whole.len() as u64 }
    }

    #[test]
    fn a_file_grows_by_pieces_and_a_damaged_one_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::open(&folder.path().join("files")).expect("opened");
        let whole: Vec<u8> = (0..100).collect();
        let name = name_of(&whole);
        files.keep(&name, &piece(&whole, 40, 60));
        assert_eq!(files.piece(&name, (40, 59)), None, "it does not begin in the middle");
        files.keep(&name, &piece(&whole, 0, 40));
        files.keep(&name, &piece(&whole, 0, 40));
        files.keep(&name, &piece(&whole, 50, 60));
        assert_eq!(files.piece(&name, (10, 19)), Some(piece(&whole, 10, 20)));
        assert_eq!(files.piece(&name, (30, 99)), Some(piece(&whole, 30, 40)), "as far as it is here");
        assert_eq!(files.piece(&name, (40, 99)), None);
        files.keep(&name, &piece(&whole, 40, 100));
        assert_eq!(files.piece(&name, (0, u64::MAX)), Some(piece(&whole, 0, 100)));
        let damaged = Piece { bytes: vec![7; 100], ..piece(&whole, 0, 0) };
        let other = name_of(b"other");
        files.keep(&other, &damaged);
        assert_eq!(files.piece(&other, (0, 9)), None);
        files.keep("../../x", &piece(&whole, 0, 100));
        assert!(!folder.path().join("x").exists());
        for number in 0..FILES_MAX as u8 {
            files.keep(&name_of(&[number]), &piece(&[number], 0, 1));
        }
        assert_eq!(files.piece(&name, (0, 9)), None, "the oldest goes");
        assert!(files.piece(&name_of(&[0]), (0, 0)).is_some());
    }
}
