//! Pictures of goods that went by: the store's other lanes get them from here, also while HQ is out of reach.
//!
//! A file is named by its SHA-256 and never changes. What was got last stays, also over a start.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use protocol::pull::snapshot::is_name;
use protocol::pull::{PICTURE_BYTES_MAX, picture_name};
use tracing::warn;

use super::{ROOM_KEPT_BYTES, free_bytes};

/// The most bytes of all pictures together: those of a lane twice over.
const BYTES_MAX: u64 = 512 << 20;

/// How a file ends that is being written.
const BEGUN: &str = ".new";

/// The pictures of one relay.
#[derive(Debug)]
pub(super) struct Pictures {
    folder: PathBuf,
    bytes_max: u64,
    room_kept: u64,
    /// Names and sizes, in the order in which they came.
    known: Mutex<VecDeque<(String, u64)>>,
}

impl Pictures {
    /// Finds what an earlier process has left in a folder.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        Self::open_with(folder, BYTES_MAX, ROOM_KEPT_BYTES)
    }

    fn open_with(folder: &Path, bytes_max: u64, room_kept: u64) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_name(&name) {
                let of = entry.metadata()?;
                found.push((of.modified().unwrap_or(SystemTime::UNIX_EPOCH), name, of.len()));
            } else if name.ends_with(BEGUN) {
                fs::remove_file(entry.path())?;
            }
        }
        found.sort();
        let known = found.into_iter().map(|(_, name, bytes)| (name, bytes)).collect();
        Ok(Self { folder: folder.to_owned(), bytes_max, room_kept, known: Mutex::new(known) })
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<(String, u64)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A picture that is here and what its name says. One that is not is forgotten.
    pub(super) fn get(&self, name: &str) -> Option<Vec<u8>> {
        if !is_name(name) || !self.known().iter().any(|(known, _)| known == name) {
            return None;
        }
        let path = self.folder.join(name);
        let found = fs::read(&path).ok().filter(|bytes| picture_name(bytes) == name);
        if found.is_none() {
            self.known().retain(|(known, _)| known != name);
            // What cannot be taken away is written over.
            let _ = fs::remove_file(path);
        }
        found
    }

    /// Keeps a picture that HQ gave. A disk that does not take it costs the other lanes their shorter way.
    pub(super) fn keep(&self, name: &str, bytes: &[u8]) {
        if let Err(error) = self.try_keep(name, bytes) {
            warn!(%error, "a picture is not kept for the store's other lanes");
        }
    }

    /// Whether there is room for so many bytes more, once those that came first have gone for it. What else lies on the disk
    /// goes before pictures.
    fn make_room(&self, known: &mut VecDeque<(String, u64)>, bytes: u64) -> io::Result<bool> {
        let needed = self.room_kept.saturating_add(bytes);
        loop {
            if free_bytes(&self.folder)? >= needed {
                return Ok(true);
            }
            let Some((gone, _)) = known.pop_front() else { return Ok(false) };
            fs::remove_file(self.folder.join(gone))?;
        }
    }

    fn try_keep(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > PICTURE_BYTES_MAX as usize || picture_name(bytes) != name {
            return Ok(());
        }
        let mut known = self.known();
        if known.iter().any(|(known, _)| known == name) {
            return Ok(());
        }
        if !self.make_room(&mut known, bytes.len() as u64)? {
            return Ok(());
        }
        let begun = self.folder.join(format!("{name}{BEGUN}"));
        let mut options = fs::OpenOptions::new();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&begun)?.write_all(bytes)?;
        fs::rename(begun, self.folder.join(name))?;
        known.push_back((name.to_owned(), bytes.len() as u64));
        let mut sum: u64 = known.iter().map(|(_, bytes)| bytes).sum();
        while sum > self.bytes_max
            && let Some((gone, bytes)) = known.pop_front()
        {
            sum -= bytes;
            let _ = fs::remove_file(self.folder.join(gone));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_last_stays_and_a_damaged_one_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("pictures");
        let pictures = Pictures::open_with(&place, 25, 0).expect("opened");
        let files: Vec<Vec<u8>> = (0..3u8).map(|number| vec![number; 10]).collect();
        for file in &files {
            pictures.keep(&picture_name(file), file);
        }
        pictures.keep(&picture_name(&files[2]), b"something else");
        pictures.keep("../x", b"x");
        assert!(!folder.path().join("x").exists());
        let has = |pictures: &Pictures| -> Vec<bool> {
            files
                .iter()
                .map(|file| pictures.get(&picture_name(file)).is_some_and(|found| found == *file))
                .collect()
        };
        assert_eq!(has(&pictures), [false, true, true], "the oldest goes");
        fs::write(place.join(picture_name(&files[1])), b"rotten").expect("a file");
        fs::write(place.join("half.new"), b"").expect("a file");
        drop(pictures);
        let pictures = Pictures::open_with(&place, 25, 0).expect("opened");
        assert_eq!(has(&pictures), [false, false, true]);
        assert!(!place.join(picture_name(&files[1])).exists() && !place.join("half.new").exists());
        pictures.keep(&picture_name(&files[1]), &files[1]);
        assert_eq!(has(&pictures), [false, true, true]);
    }

    #[test]
    fn pictures_leave_room_on_the_disk_for_what_goes_before_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("pictures");
        let files: Vec<Vec<u8>> = (0..3u8).map(|number| vec![number; 10]).collect();
        let pictures = Pictures::open_with(&place, 1_000, 0).expect("opened");
        files.iter().for_each(|file| pictures.keep(&picture_name(file), file));
        assert!(files.iter().all(|file| pictures.get(&picture_name(file)).is_some()));
        // Nothing is as large as what is to stay free now: what was there goes, and nothing comes.
        let pictures = Pictures::open_with(&place, 1_000, u64::MAX).expect("opened");
        let one_more = vec![9; 10];
        pictures.keep(&picture_name(&one_more), &one_more);
        assert!(pictures.get(&picture_name(&one_more)).is_none());
        assert!(files.iter().all(|file| !place.join(picture_name(file)).exists()));
    }
}
