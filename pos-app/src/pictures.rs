//! Pictures of goods for the screens: looked up, read and decoded on a thread
//! of their own, so that a scan waits for none of it.
//!
//! The screens ask with [`Pictures::of`], which answers at once with what is
//! in memory; what is not comes with a later turn. A file is what its name
//! says, or is not shown: the agent is told, and gets it again.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use image::{ImageFormat, ImageReader, Limits};
use ledger::reference::ReferenceError;
use ledger::reference::pictures::PictureBook;
use protocol::pull::{
    PICTURE_BYTES_MAX, PICTURE_SIDE_MAX, PICTURES_DAMAGED, PICTURES_FOLDER, picture_name, picture_path,
};
use ui::customer::Picture;

use crate::lane::Event;

/// Goods that wait to be looked up at one time; who asks for one more asks again.
const ASKED_MAX: usize = 64;

/// Goods of which it is known whether they have a picture; those that were shown longest ago go first.
const KNOWN_MAX: usize = 2_048;

/// Between two looks whether pictures became others: a number that is read.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// After so long goods on the screen whose file has not come are looked up again. That goods have none is known until
/// pictures become others.
const AGAIN_WITHOUT: Duration = Duration::from_secs(2);

/// and one that is shown may be another by now.
const AGAIN_WITH: Duration = Duration::from_secs(60);

/// How large pictures are shown, and how many of them are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// Pixels of the longer side.
    side: u32,
    /// The most bytes of all that are kept in memory.
    bytes_max: usize,
}

/// At the till: tiles, and the last line.
pub(crate) const AT_TILL: Shown = Shown { side: 128, bytes_max: 16 << 20 };

/// At the kiosk, which offers four hundred goods of a kind.
pub(crate) const AT_KIOSK: Shown = Shown { side: 192, bytes_max: 64 << 20 };

/// What is known of one of the goods.
#[derive(Debug)]
struct Known {
    picture: Option<Picture>,
    /// The file that the picture is of.
    sha256: String,
    bytes: usize,
    /// When it was looked up; `None` before.
    looked: Option<Instant>,
    /// Its file has not come: what is shown, if anything, is of before.
    waits: bool,
    /// It waits to be looked up.
    asked: bool,
    /// When it was shown last, in turns of all.
    shown: u64,
}

#[derive(Debug, Default)]
struct Kept {
    /// Any goods of the shop have a picture.
    any: bool,
    goods: HashMap<String, Known>,
    bytes: usize,
    turn: u64,
    waker: Option<SyncSender<Event>>,
}

/// The pictures of a lane's goods.
#[derive(Debug)]
pub(crate) struct Pictures {
    kept: Arc<Mutex<Kept>>,
    asks: SyncSender<String>,
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pictures {
    /// Begins to look pictures up in a reference, beside which their files lie. Without a thread there are none.
    pub(crate) fn start(reference: &Path, shown: Shown) -> Self {
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let (asks, asked) = sync_channel(ASKED_MAX);
        let folder = reference.parent().unwrap_or(Path::new(".")).join(PICTURES_FOLDER);
        let mut reader = Reader {
            reference: reference.to_owned(),
            folder,
            book: None,
            said: None,
            version: None,
            shown,
            kept: kept.clone(),
        };
        let begun = thread::Builder::new().name("pictures".into()).spawn(move || reader.run(&asked));
        if let Err(error) = begun {
            tracing::error!(%error, "no pictures of goods are shown");
        }
        Self { kept, asks }
    }

    /// Lets the lane take a turn when a picture has come.
    pub(crate) fn wake(&self, events: SyncSender<Event>) {
        lock(&self.kept).waker = Some(events);
    }

    /// Whether any goods of the shop have one, so that a place is left for it.
    pub(crate) fn any(&self) -> bool {
        lock(&self.kept).any
    }

    /// The picture of an item, where it is in memory; where it is not it may come with a later turn.
    pub(crate) fn of(&self, sku: &str) -> Option<Picture> {
        let mut kept = lock(&self.kept);
        if !kept.any {
            return None;
        }
        kept.turn += 1;
        let turn = kept.turn;
        if !kept.goods.contains_key(sku) {
            kept.make_room(1, 0, usize::MAX);
            let known = Known {
                picture: None,
                sha256: String::new(),
                bytes: 0,
                looked: None,
                waits: true,
                asked: false,
                shown: turn,
            };
            kept.goods.insert(sku.to_owned(), known);
        }
        let known = kept.goods.get_mut(sku)?;
        known.shown = turn;
        let again = match (known.waits, &known.picture) {
            (true, _) => Some(AGAIN_WITHOUT),
            (false, Some(_)) => Some(AGAIN_WITH),
            // They have none, or one that cannot be shown: only another version tells otherwise.
            (false, None) => None,
        };
        let is_due = known.looked.is_none_or(|looked| again.is_some_and(|again| looked.elapsed() > again));
        if is_due && !known.asked {
            // Where too many wait, the next turn asks.
            known.asked = self.asks.try_send(sku.to_owned()).is_ok();
        }
        known.picture.clone()
    }
}

impl Kept {
    /// Forgets what was shown longest ago, until so many more goods and bytes are within the bounds.
    fn make_room(&mut self, goods: usize, bytes: usize, bytes_max: usize) {
        while self.goods.len() + goods > KNOWN_MAX || self.bytes.saturating_add(bytes) > bytes_max {
            let oldest = self.goods.iter().filter(|(_, known)| !known.asked || known.picture.is_some());
            let oldest = oldest.min_by_key(|(_, known)| known.shown).map(|(sku, _)| sku.clone());
            let Some(gone) = oldest.and_then(|sku| self.goods.remove(&sku)) else { return };
            self.bytes -= gone.bytes;
        }
    }
}

/// Looks pictures up.
struct Reader {
    reference: PathBuf,
    folder: PathBuf,
    book: Option<PictureBook>,
    /// Why it could not be looked into, as was told.
    said: Option<String>,
    /// The version of the pictures that what is known is of.
    version: Option<u64>,
    shown: Shown,
    kept: Arc<Mutex<Kept>>,
}

/// What was found of goods: the file, and the picture where it is another than was shown.
enum Found {
    /// They have none.
    Nothing,
    /// Its file is not here, or damaged.
    Waits,
    /// What is shown is right.
    Same,
    /// A file that is what its name says, and cannot be shown.
    NoPicture(String),
    /// This one.
    New(String, Picture),
}

impl Reader {
    fn run(&mut self, asked: &Receiver<String>) {
        let mut looked: Option<Instant> = None;
        loop {
            if looked.is_none_or(|at| at.elapsed() >= LOOK_INTERVAL) {
                let reason = self.look().err().map(|error| error.to_string());
                if let Some(reason) = &reason {
                    self.book = None;
                    if self.said.as_ref() != Some(reason) {
                        tracing::warn!(reason, "pictures of goods not looked up");
                    }
                }
                self.said = reason;
                looked = Some(Instant::now());
            }
            match asked.recv_timeout(LOOK_INTERVAL) {
                Ok(sku) => {
                    let mut any = self.look_up(&sku);
                    for sku in asked.try_iter() {
                        any |= self.look_up(&sku);
                    }
                    if any {
                        self.wake();
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Whether pictures became others: then all goods are looked up again when they are shown.
    fn look(&mut self) -> Result<(), ReferenceError> {
        if self.book.is_none() {
            self.book = PictureBook::open(&self.reference)?;
        }
        let Some(book) = &self.book else { return Ok(()) };
        let version = book.version()?;
        if self.version == Some(version) {
            return Ok(());
        }
        let any = book.any()?;
        self.version = Some(version);
        let mut kept = lock(&self.kept);
        kept.any = any;
        for known in kept.goods.values_mut() {
            known.looked = None;
        }
        drop(kept);
        self.wake();
        Ok(())
    }

    fn wake(&self) {
        let waker = lock(&self.kept).waker.clone();
        if let Some(events) = waker {
            // A lane with so much to do takes a turn anyway.
            let _ = events.try_send(Event::PicturesCame);
        }
    }

    /// Looks goods up, and says whether they are shown otherwise from now on.
    fn look_up(&self, sku: &str) -> bool {
        let before = lock(&self.kept).goods.get(sku).map(|known| known.sha256.clone());
        let found = self.find(sku, before.as_deref()).unwrap_or_else(|error| {
            tracing::warn!(%error, "a picture of goods not looked up");
            Found::Waits
        });
        let mut kept = lock(&self.kept);
        let Some(known) = kept.goods.get_mut(sku) else { return false };
        known.asked = false;
        known.looked = Some(Instant::now());
        known.waits = matches!(found, Found::Waits);
        let (picture, sha256, bytes) = match found {
            // Until the file has come the picture of before stands.
            Found::Same | Found::Waits => return false,
            Found::Nothing => (None, String::new(), 0),
            Found::NoPicture(sha256) => (None, sha256, 0),
            Found::New(sha256, picture) => {
                let bytes = picture.bytes();
                (Some(picture), sha256, bytes)
            }
        };
        let changes = known.picture.is_some() || picture.is_some();
        let was = std::mem::take(&mut known.bytes);
        known.picture = None;
        kept.bytes -= was;
        kept.make_room(0, bytes, self.shown.bytes_max);
        kept.bytes += bytes;
        match kept.goods.get_mut(sku) {
            Some(known) => (known.picture, known.sha256, known.bytes) = (picture, sha256, bytes),
            None => kept.bytes -= bytes,
        }
        changes
    }

    fn find(&self, sku: &str, before: Option<&str>) -> Result<Found, ReferenceError> {
        // Without a reference nothing is known, not even that there is none.
        let Some(book) = &self.book else { return Ok(Found::Waits) };
        let Some(told) = book.of(sku)? else { return Ok(Found::Nothing) };
        if before == Some(told.sha256.as_str()) {
            return Ok(Found::Same);
        }
        let file = picture_path(&self.folder, &told.sha256);
        let bytes = match fs::metadata(&file) {
            Ok(of) if of.len() > u64::from(PICTURE_BYTES_MAX) => Ok(Vec::new()),
            Ok(_) => fs::read(&file),
            Err(error) => Err(error),
        };
        let bytes = match bytes {
            // It has not come yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Waits),
            // What the disk cannot read is damaged, too.
            Err(_) => Vec::new(),
            Ok(bytes) => bytes,
        };
        if picture_name(&bytes) != told.sha256 {
            self.tell_damaged(&told.sha256);
            return Ok(Found::Waits);
        }
        match decode(&bytes, self.shown.side) {
            Ok(picture) => Ok(Found::New(told.sha256, picture)),
            Err(error) => {
                tracing::warn!(%error, sku, "a picture of goods cannot be shown");
                Ok(Found::NoPicture(told.sha256))
            }
        }
    }

    /// The agent gets it again.
    fn tell_damaged(&self, name: &str) {
        let folder = self.folder.join(PICTURES_DAMAGED);
        if folder.join(name).exists() {
            // The agent has not looked since.
            return;
        }
        let told = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), b""));
        match told {
            Ok(()) => tracing::warn!(name, "a picture of goods is damaged on the disk"),
            Err(error) => tracing::warn!(%error, name, "a damaged picture of goods stays"),
        }
    }
}

/// Decodes a picture that HQ made, at most so many pixels a side.
fn decode(file: &[u8], side: u32) -> Result<Picture, image::ImageError> {
    let mut reader = ImageReader::with_format(Cursor::new(file), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    limits.max_image_width = Some(PICTURE_SIDE_MAX);
    limits.max_image_height = Some(PICTURE_SIDE_MAX);
    limits.max_alloc = Some(u64::from(PICTURE_SIDE_MAX) * u64::from(PICTURE_SIDE_MAX) * 8);
    reader.limits(limits);
    let picture = reader.decode()?;
    let small =
        if picture.width().max(picture.height()) > side { picture.thumbnail(side, side) } else { picture };
    let rgba = small.into_rgba8();
    let (width, height) = rgba.dimensions();
    let empty = || {
        image::ImageError::Limits(image::error::LimitError::from_kind(
            image::error::LimitErrorKind::DimensionError,
        ))
    };
    Picture::new(width, height, rgba.into_raw()).ok_or_else(empty)
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, Rgb, RgbImage};
    use ledger::reference::ReferenceWriter;
    use protocol::pull::{self, Change, Entity};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn jpeg(side: u32, colour: [u8; 3]) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(side, side, Rgb(colour)));
        picture.write_to(&mut file, ImageFormat::Jpeg).expect("a JPEG");
        file.into_inner()
    }

    struct Shop {
        folder: tempfile::TempDir,
        writer: ReferenceWriter,
        version: u64,
    }

    impl Shop {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let writer = ReferenceWriter::open(&folder.path().join("reference.db")).expect("opens");
            Self { folder, writer, version: 0 }
        }

        fn pictures(&self, shown: Shown) -> Pictures {
            Pictures::start(&self.folder.path().join("reference.db"), shown)
        }

        fn tell(&mut self, sku: &str, file: Option<&[u8]>) {
            self.version += 1;
            let picture = file.map(|file| pull::Picture {
                sku: sku.to_owned(),
                sha256: picture_name(file),
                bytes: u32::try_from(file.len()).expect("short"),
            });
            let update = self.writer.begin().expect("begun");
            let entity = Entity::Picture(picture);
            update.apply(&Change { version: self.version, key: sku.to_owned(), entity }).expect("applied");
            update.commit(self.version).expect("committed");
        }

        fn path(&self, file: &[u8]) -> PathBuf {
            picture_path(&self.folder.path().join(PICTURES_FOLDER), &picture_name(file))
        }

        fn lay(&self, file: &[u8], bytes: &[u8]) {
            let path = self.path(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
    }

    /// Asks as the screens do, turn after turn.
    fn shown(pictures: &Pictures, sku: &str, wanted: impl Fn(Option<&Picture>) -> bool) -> Option<Picture> {
        let begun = Instant::now();
        loop {
            let found = pictures.of(sku);
            if wanted(found.as_ref()) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "{sku}: {found:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_picture_comes_later_is_scaled_and_gives_way_to_another() {
        let mut shop = Shop::new();
        let pictures = shop.pictures(AT_TILL);
        assert!(!pictures.any() && pictures.of("1").is_none());
        let (red, blue) = (jpeg(256, [200, 0, 0]), jpeg(64, [0, 0, 200]));
        shop.tell("1", Some(&red));
        let begun = Instant::now();
        while !pictures.any() {
            assert!(begun.elapsed() < PATIENCE);
            thread::sleep(Duration::from_millis(10));
        }
        assert!(pictures.of("1").is_none(), "its file has not come");
        shop.lay(&red, &red);
        let first = shown(&pictures, "1", |found| found.is_some()).expect("a picture");
        assert_eq!(first.bytes(), 128 * 128 * 4);
        assert_eq!(pictures.of("1"), Some(first.clone()), "it is kept");
        shop.tell("1", Some(&blue));
        thread::sleep(LOOK_INTERVAL + Duration::from_millis(300));
        assert_eq!(pictures.of("1"), Some(first.clone()), "until the other file has come");
        shop.lay(&blue, &blue);
        let second = shown(&pictures, "1", |found| found.is_some_and(|found| *found != first));
        assert_eq!(second.map(|found| found.bytes()), Some(64 * 64 * 4));
        shop.tell("1", None);
        shown(&pictures, "1", |found| found.is_none());
    }

    #[test]
    fn goods_without_a_picture_are_looked_up_once_until_pictures_become_others() {
        let mut shop = Shop::new();
        let pictures = shop.pictures(AT_TILL);
        let red = jpeg(64, [200, 0, 0]);
        shop.tell("1", Some(&red));
        shop.lay(&red, &red);
        shown(&pictures, "1", |found| found.is_some());
        pictures.of("2");
        let wait_for = |such: &dyn Fn(&Known) -> bool| {
            let begun = Instant::now();
            while !lock(&pictures.kept).goods.get("2").is_some_and(such) {
                assert!(begun.elapsed() < PATIENCE);
                thread::sleep(Duration::from_millis(10));
            }
        };
        wait_for(&|known| known.looked.is_some());
        // Long ago, and on the screen ever since.
        let long_ago = Instant::now().checked_sub(AGAIN_WITH * 2).expect("a while ago");
        lock(&pictures.kept).goods.get_mut("2").expect("known").looked = Some(long_ago);
        assert!(pictures.of("2").is_none());
        thread::sleep(Duration::from_millis(200));
        assert_eq!(lock(&pictures.kept).goods["2"].looked, Some(long_ago), "nobody looks again");
        // It gets one.
        shop.tell("2", Some(&red));
        shown(&pictures, "2", |found| found.is_some());
    }

    #[test]
    fn a_damaged_file_is_told_and_never_shown() {
        let mut shop = Shop::new();
        let pictures = shop.pictures(AT_TILL);
        let red = jpeg(64, [200, 0, 0]);
        shop.tell("1", Some(&red));
        shop.lay(&red, &jpeg(64, [0, 200, 0]));
        let told = shop.folder.path().join(PICTURES_FOLDER).join(PICTURES_DAMAGED).join(picture_name(&red));
        shown(&pictures, "1", |found| {
            assert!(found.is_none(), "another picture is shown");
            told.exists()
        });
        // The agent has got it again.
        shop.lay(&red, &red);
        shown(&pictures, "1", |found| found.is_some());
        // What its name says, and no picture: nothing is shown, and the agent is not asked for it for ever.
        let text = b"no picture".to_vec();
        shop.tell("2", Some(&text));
        shop.lay(&text, &text);
        for _ in 0..30 {
            assert!(pictures.of("2").is_none());
            thread::sleep(Duration::from_millis(10));
        }
        assert!(!told.with_file_name(picture_name(&text)).exists());
    }

    #[test]
    fn what_was_shown_longest_ago_goes_first() {
        let mut shop = Shop::new();
        let side = 64;
        let pictures = shop.pictures(Shown { side, bytes_max: 2 * 64 * 64 * 4 });
        let files: Vec<Vec<u8>> = (0..3u8).map(|number| jpeg(side, [number * 90, 0, 0])).collect();
        for (sku, file) in ["1", "2", "3"].iter().zip(&files) {
            shop.tell(sku, Some(file));
            shop.lay(file, file);
        }
        let first = shown(&pictures, "1", |found| found.is_some());
        shown(&pictures, "2", |found| found.is_some());
        assert_eq!(pictures.of("1"), first);
        shown(&pictures, "3", |found| found.is_some());
        assert_eq!(pictures.of("1"), first, "the second went");
        assert!(lock(&pictures.kept).bytes <= 2 * 64 * 64 * 4);
        assert!(pictures.of("2").is_none());
    }
}
