//! Pictures of goods on the lane's disk: those that the reference names are
//! got one by one, after everything else, and what it names no more goes.
//!
//! A file lies under its SHA-256, `pictures/ab/ab12…`, and is put there whole.
//! A till that finds one damaged says so by an empty file of the same name in
//! `pictures/damaged`; it is got again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ledger::reference::ReferenceError;
use ledger::reference::pictures::{PictureBook, WantedPicture};
use ledger::reference::staging::{ROOM_KEPT_BYTES, check_room, free_room};
use protocol::pull::snapshot::is_name;
use protocol::pull::{PICTURES_DAMAGED, picture_name, picture_path};
use tokio::sync::watch;
use tokio::task::JoinError;
use tracing::{debug, info, warn};

use crate::core::Status;
use crate::hq::{Hq, LaneKey};
use crate::snapshot::Coming;

/// The most bytes of all pictures of a lane, unless it is set otherwise: some twenty thousand.
pub const BYTES_MAX_DEFAULT: u64 = 256 << 20;

/// A whole new reference needs so many times its own size while it is made and put in.
const ROOM_FOR_REFERENCE: u64 = 3;

/// How a file ends that is being written.
const BEGUN: &str = ".new";

/// Between two looks at what is wanted: a number that is read, and a folder that is empty.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// So many are got between two looks.
const GOT_AT_A_TIME: usize = 64;

/// The waits after failures: each twice as long as the one before.
const WAIT_MIN: Duration = Duration::from_secs(5);
const WAIT_MAX: Duration = Duration::from_secs(600);

/// How often the disk is looked through for what somebody took away there, and what could not be got is tried again.
const LOOK_THROUGH_INTERVAL: Duration = Duration::from_secs(3_600);

/// Names of damaged ones that are looked at in one go.
const DAMAGED_MAX: usize = 256;

/// Why pictures are not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The folder cannot be used.
    #[error("keep pictures in {path}", path = path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The reference was not read, or the disk has no room.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

/// The pictures of a lane, and what is missing of them.
#[derive(Debug)]
pub struct Pictures {
    folder: PathBuf,
    reference: PathBuf,
    bytes_max: u64,
    /// Where a whole new reference comes in, which goes before pictures.
    coming: Option<Coming>,
    /// What stays free for the lane's journal, bytes.
    room_kept: u64,
    book: Option<PictureBook>,
    /// What is to lie there, what matters most first.
    wanted: Vec<WantedPicture>,
    /// What lies there, with its bytes.
    have: HashMap<String, u64>,
    missing: VecDeque<WantedPicture>,
    /// The version of the pictures that `missing` is of.
    planned: Option<u64>,
    looked_through: Option<Instant>,
}

impl Pictures {
    /// Keeps the pictures that a reference names in a folder, at most so many bytes.
    pub fn new(folder: PathBuf, reference: PathBuf, bytes_max: u64) -> Self {
        Self {
            folder,
            reference,
            bytes_max,
            coming: None,
            room_kept: ROOM_KEPT_BYTES,
            book: None,
            wanted: Vec::new(),
            have: HashMap::new(),
            missing: VecDeque::new(),
            planned: None,
            looked_through: None,
        }
    }

    /// Gives way to what comes there.
    #[must_use]
    pub fn behind(self, coming: Coming) -> Self {
        Self { coming: Some(coming), ..self }
    }

    /// What must stay free beside pictures, bytes: room for the journal, and for the next whole reference.
    fn reserve(&self) -> u64 {
        let in_use = fs::metadata(&self.reference).map_or(0, |of| of.len());
        let comes = self.coming.as_ref().map_or(0, Coming::unpacked);
        self.room_kept.saturating_add(in_use.max(comes).saturating_mul(ROOM_FOR_REFERENCE))
    }

    /// Takes pictures away where what goes before them has too little room: what matters least goes first.
    fn give_way(&mut self) -> Result<(), KeepError> {
        let reserve = self.reserve();
        let mut least = self.wanted.len();
        let mut gone = 0_usize;
        while !self.have.is_empty() && free_room(&self.folder)? < reserve {
            let name = loop {
                let Some(place) = least.checked_sub(1) else { break None };
                least = place;
                let name = &self.wanted[place].sha256;
                if self.have.contains_key(name) {
                    break Some(name.clone());
                }
            };
            let Some(name) = name else { break };
            self.remove(&name).map_err(self.io())?;
            gone += 1;
        }
        if gone > 0 {
            warn!(gone, "pictures of goods make room on the disk");
            self.note_missing();
        }
        Ok(())
    }

    fn note_missing(&mut self) {
        let missing = self.wanted.iter().filter(|picture| !self.have.contains_key(&picture.sha256));
        self.missing = missing.cloned().collect();
    }

    /// Whether so many bytes more may lie there.
    fn check_room(&self, bytes: u64) -> Result<(), KeepError> {
        Ok(check_room(&self.folder.join("x"), self.reserve().saturating_add(bytes))?)
    }

    fn io(&self) -> impl FnOnce(io::Error) -> KeepError {
        let path = self.folder.clone();
        move |source| KeepError::Io { path, source }
    }

    /// Looks whether others are wanted or some are damaged, and takes away what nobody wants. Whether any is missing.
    ///
    /// # Errors
    /// The reference or the folder cannot be read.
    pub fn look(&mut self) -> Result<bool, KeepError> {
        if self.book.is_none() {
            self.book = PictureBook::open(&self.reference)?;
        }
        let Some(book) = &self.book else { return Ok(false) };
        let version = book.version()?;
        let looks_through = self.looked_through.is_none_or(|at| at.elapsed() > LOOK_THROUGH_INTERVAL);
        if looks_through {
            self.have = look_through(&self.folder).map_err(self.io())?;
            self.looked_through = Some(Instant::now());
        }
        let any_damaged = self.look_at_damaged().map_err(self.io())?;
        if self.planned != Some(version) || looks_through || any_damaged {
            self.plan(version)?;
        }
        self.give_way()?;
        Ok(!self.missing.is_empty())
    }

    fn plan(&mut self, version: u64) -> Result<(), KeepError> {
        let Some(book) = &self.book else { return Ok(()) };
        let wanted = book.wanted(self.bytes_max)?;
        let names: HashSet<&str> = wanted.iter().map(|picture| picture.sha256.as_str()).collect();
        let gone: Vec<String> =
            self.have.keys().filter(|name| !names.contains(name.as_str())).cloned().collect();
        for name in &gone {
            self.remove(name).map_err(self.io())?;
        }
        self.wanted = wanted;
        self.note_missing();
        self.planned = Some(version);
        if !gone.is_empty() || !self.missing.is_empty() {
            info!(
                missing = self.missing.len(),
                gone = gone.len(),
                have = self.have.len(),
                "pictures of goods"
            );
        }
        Ok(())
    }

    /// What a till has found damaged, or empty, goes, and is missing.
    fn look_at_damaged(&mut self) -> io::Result<bool> {
        let folder = self.folder.join(PICTURES_DAMAGED);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let mut any = false;
        for entry in entries.take(DAMAGED_MAX) {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_name(&name) {
                let found = fs::read(picture_path(&self.folder, &name)).unwrap_or_default();
                if picture_name(&found) != name {
                    warn!(name, "a picture is damaged on the disk; it is got again");
                    self.remove(&name)?;
                    any = true;
                }
                fs::remove_file(entry.path())?;
            }
        }
        Ok(any)
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.have.remove(name);
        match fs::remove_file(picture_path(&self.folder, name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Keeps a picture that came; whether it is what its name says.
    ///
    /// # Errors
    /// The disk has no room or does not take it.
    pub fn keep(&mut self, name: &str, bytes: &[u8]) -> Result<bool, KeepError> {
        if !is_name(name) || picture_name(bytes) != name {
            return Ok(false);
        }
        let path = picture_path(&self.folder, name);
        let folder = path.parent().unwrap_or(&self.folder).to_owned();
        make_private(&folder).map_err(self.io())?;
        self.check_room(bytes.len() as u64)?;
        let begun = folder.join(format!("{name}{BEGUN}"));
        let mut options = fs::OpenOptions::new();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // Not waited for: what a cut of the power takes away is found damaged, and got again.
        let written = options.open(&begun).and_then(|mut file| file.write_all(bytes));
        written.and_then(|()| fs::rename(&begun, &path)).map_err(self.io())?;
        self.have.insert(name.to_owned(), bytes.len() as u64);
        Ok(true)
    }
}

/// What lies in a folder of pictures. What was begun and not ended goes.
fn look_through(folder: &Path) -> io::Result<HashMap<String, u64>> {
    make_private(folder)?;
    let mut have = HashMap::new();
    for part in fs::read_dir(folder)? {
        let part = part?;
        let is_part = part.file_name().to_str().is_some_and(|name| {
            name.len() == 2 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        });
        // Other things may lie here: a kiosk's own pictures, damaged ones' names.
        if !is_part || !part.path().is_dir() {
            continue;
        }
        for entry in fs::read_dir(part.path())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_name(&name) {
                have.insert(name, entry.metadata()?.len());
            } else if name.ends_with(BEGUN) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(have)
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Works on pictures on a thread for work that blocks.
async fn blocking<T: Send + 'static>(
    mut pictures: Pictures,
    work: impl FnOnce(&mut Pictures) -> T + Send + 'static,
) -> Result<(Pictures, T), JoinError> {
    tokio::task::spawn_blocking(move || {
        let done = work(&mut pictures);
        (pictures, done)
    })
    .await
}

/// Gets what is missing for as long as the agent runs, one after the other: while HQ has all that the lane sold, and the
/// lane all that HQ told.
pub(crate) async fn bring(
    mut pictures: Pictures,
    hq: Hq,
    key: LaneKey,
    status: watch::Receiver<Status>,
) -> Result<(), JoinError> {
    let mut pause = LOOK_INTERVAL;
    let mut after_failure = WAIT_MIN;
    let is_level = || status.borrow().is_level();
    loop {
        tokio::time::sleep(pause).await;
        pause = LOOK_INTERVAL;
        let (looked, any) = blocking(pictures, Pictures::look).await?;
        pictures = looked;
        let failed = match any {
            Ok(true) if is_level() => get_some(&mut pictures, &hq, &key, &is_level).await,
            Ok(_) => continue,
            Err(error) => Err(chain(&error)),
        };
        match failed {
            Ok(()) => after_failure = WAIT_MIN,
            Err(reason) => {
                debug!(reason, "pictures of goods wait");
                pause = after_failure;
                after_failure = (after_failure * 2).min(WAIT_MAX);
            }
        }
    }
}

async fn get_some(
    pictures: &mut Pictures,
    hq: &Hq,
    key: &LaneKey,
    is_level: &impl Fn() -> bool,
) -> Result<(), String> {
    for _ in 0..GOT_AT_A_TIME {
        // Sales and prices go before pictures.
        if !is_level() {
            return Ok(());
        }
        let Some(wanted) = pictures.missing.pop_front() else { return Ok(()) };
        // What has no place here is not asked for.
        if let Err(error) = pictures.check_room(wanted.bytes.into()) {
            pictures.missing.push_front(wanted);
            return Err(chain(&error));
        }
        match hq.picture(key, &wanted.sha256).await {
            Ok(Some(bytes)) => {
                // Some 15 kB into the system's cache.
                match pictures.keep(&wanted.sha256, &bytes) {
                    Ok(true) => {}
                    // The next look through the disk tries it again.
                    Ok(false) => warn!(name = wanted.sha256, "a picture was damaged on its way"),
                    Err(error) => {
                        pictures.missing.push_front(wanted);
                        warn!(error = chain(&error), "a picture is not kept");
                        return Err(chain(&error));
                    }
                }
            }
            // HQ has another by now, of which the reference tells next.
            Ok(None) => debug!(name = wanted.sha256, "HQ has a picture no more"),
            Err(error) => {
                // Others may come where this one does not.
                pictures.missing.push_back(wanted);
                return Err(chain(&error));
            }
        }
    }
    Ok(())
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use ledger::reference::ReferenceWriter;
    use protocol::pull::{Change, Entity, Picture};

    use super::*;

    struct Lane {
        folder: tempfile::TempDir,
        writer: ReferenceWriter,
        version: u64,
    }

    impl Lane {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let writer = ReferenceWriter::open(&folder.path().join("reference.db")).expect("opens");
            Self { folder, writer, version: 0 }
        }

        fn pictures(&self, bytes_max: u64) -> Pictures {
            let path = |name: &str| self.folder.path().join(name);
            Pictures::new(path("pictures"), path("reference.db"), bytes_max)
        }

        fn tell(&mut self, sku: &str, bytes: Option<&[u8]>) {
            self.version += 1;
            let picture = bytes.map(|bytes| Picture {
                sku: sku.to_owned(),
                sha256: picture_name(bytes),
                bytes: u32::try_from(bytes.len()).expect("short"),
            });
            let update = self.writer.begin().expect("begun");
            let entity = Entity::Picture(picture);
            let change = Change { version: self.version, key: sku.to_owned(), entity };
            update.apply(&change).expect("applied");
            update.commit(self.version).expect("committed");
        }

        fn lies(&self, bytes: &[u8]) -> bool {
            let path = picture_path(&self.folder.path().join("pictures"), &picture_name(bytes));
            fs::read(path).is_ok_and(|found| found == bytes)
        }
    }

    fn missing(pictures: &mut Pictures) -> Vec<String> {
        pictures.look().expect("looked");
        pictures.missing.iter().map(|picture| picture.sha256.clone()).collect()
    }

    #[test]
    fn what_the_reference_names_is_missing_until_it_is_kept_and_what_it_names_no_more_goes() {
        let mut lane = Lane::new();
        let mut pictures = lane.pictures(25);
        assert_eq!(missing(&mut pictures), Vec::<String>::new());
        let files: Vec<Vec<u8>> = (0..4u8).map(|number| vec![number; 10]).collect();
        lane.tell("1", Some(&files[0]));
        lane.tell("2", Some(&files[1]));
        assert_eq!(missing(&mut pictures), [picture_name(&files[0]), picture_name(&files[1])]);
        assert!(pictures.keep(&picture_name(&files[0]), &files[0]).expect("kept"));
        assert!(
            !pictures.keep(&picture_name(&files[1]), &files[3]).expect("looked at"),
            "damaged on its way"
        );
        assert!(lane.lies(&files[0]) && !lane.lies(&files[1]) && !lane.lies(&files[3]));
        pictures.missing.pop_front();
        assert_eq!(missing(&mut pictures), [picture_name(&files[1])], "nothing is planned anew for nothing");
        // A third has no room, until the first goes.
        lane.tell("3", Some(&files[2]));
        assert_eq!(missing(&mut pictures), [picture_name(&files[1])]);
        lane.tell("1", None);
        assert_eq!(missing(&mut pictures), [picture_name(&files[1]), picture_name(&files[2])]);
        assert!(!lane.lies(&files[0]));
        // The next agent finds what lies there; what this one had begun is gone.
        assert!(pictures.keep(&picture_name(&files[2]), &files[2]).expect("kept"));
        let begun = picture_path(&pictures.folder, &picture_name(&files[2])).with_extension("new");
        fs::write(&begun, b"half").expect("a file");
        fs::write(pictures.folder.join("100001.png"), b"a kiosk's own").expect("a file");
        let mut pictures = lane.pictures(25);
        assert_eq!(missing(&mut pictures), [picture_name(&files[1])]);
        assert!(!begun.exists() && pictures.folder.join("100001.png").exists());
    }

    #[test]
    fn pictures_make_room_for_a_new_reference_and_none_comes_where_it_has_none() {
        let mut lane = Lane::new();
        let coming = Coming::new(lane.folder.path().join("coming"), lane.folder.path().join("next.db"));
        let mut pictures = lane.pictures(BYTES_MAX_DEFAULT).behind(coming);
        pictures.room_kept = 0;
        let files: Vec<Vec<u8>> = (0..3u8).map(|number| vec![number; 10]).collect();
        for (number, file) in files.iter().enumerate() {
            lane.tell(&number.to_string(), Some(file));
        }
        missing(&mut pictures);
        for file in &files {
            assert!(pictures.keep(&picture_name(file), file).expect("kept"));
        }
        pictures.missing.clear();
        assert_eq!(missing(&mut pictures), Vec::<String>::new());
        // Of what it needs the disk has too little: all pictures go, and none is kept.
        let part = serde_json::json!({
            "place": "", "version": 9, "changes": 1, "bytes": 9, "inflated_bytes": u64::MAX / 64, "sha256": "0".repeat(64)
        });
        let offer = serde_json::json!({ "parts": [part] }).to_string();
        fs::create_dir_all(lane.folder.path().join("coming")).expect("a folder");
        fs::write(lane.folder.path().join("coming/offer.json"), offer).expect("a file");
        assert!(pictures.reserve() > u64::MAX / 64, "{}", pictures.reserve());
        assert_eq!(missing(&mut pictures).len(), 3);
        assert!(!files.iter().any(|file| lane.lies(file)));
        assert!(
            pictures.check_room(10).is_err() && pictures.keep(&picture_name(&files[0]), &files[0]).is_err()
        );
        // It is in: they come again, those that matter most first.
        fs::remove_file(lane.folder.path().join("coming/offer.json")).expect("gone");
        assert_eq!(missing(&mut pictures), files.iter().map(|file| picture_name(file)).collect::<Vec<_>>());
        assert!(pictures.keep(&picture_name(&files[0]), &files[0]).expect("kept"));
        // The room for the next one is the lane's, before any comes.
        let of_reference = fs::metadata(&pictures.reference).expect("a reference").len();
        assert_eq!(pictures.reserve(), ROOM_FOR_REFERENCE * of_reference);
    }

    #[test]
    fn what_a_till_finds_damaged_is_got_again_and_a_false_alarm_changes_nothing() {
        let mut lane = Lane::new();
        let mut pictures = lane.pictures(BYTES_MAX_DEFAULT);
        let (good, rotten) = (vec![1u8; 40], vec![2u8; 40]);
        lane.tell("1", Some(&good));
        lane.tell("2", Some(&rotten));
        missing(&mut pictures);
        for file in [&good, &rotten] {
            assert!(pictures.keep(&picture_name(file), file).expect("kept"));
        }
        pictures.missing.clear();
        let path = picture_path(&pictures.folder, &picture_name(&rotten));
        fs::write(&path, b"rot").expect("a file");
        assert_eq!(missing(&mut pictures), Vec::<String>::new(), "nobody has looked at it");
        let damaged = pictures.folder.join(PICTURES_DAMAGED);
        fs::create_dir_all(&damaged).expect("a folder");
        for name in [&picture_name(&good), &picture_name(&rotten), "x"] {
            fs::write(damaged.join(name), b"").expect("a file");
        }
        assert_eq!(missing(&mut pictures), [picture_name(&rotten)]);
        assert!(lane.lies(&good) && !path.exists());
        assert!(!damaged.join(picture_name(&good)).exists() && damaged.join("x").exists());
    }
}
