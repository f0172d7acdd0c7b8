//! Pictures of goods: a folder of them is taken in whole or not at all.
//!
//! Each is scaled once ([`scale`]), and what was sent is not kept. The files are named by item code or barcode.

mod scale;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use domain::barcode::Gtin;

use crate::import::{self, ImportError, Imported, Problem, Problems};
use crate::store::{Kind, Put, Reading, Store, Writing};
pub use scale::{FILE_BYTES_MAX, PIXELS_MAX, ScaleError, scale};

/// The most pictures of one import, which are held until all of them are known to be good: some 150 MB as a rule, and 490 MB
/// were each as large as it may be.
pub const IMPORT_PICTURES_MAX: usize = 10_000;

/// How the names of files end that are looked at.
const ENDINGS: [&str; 4] = ["png", "jpg", "jpeg", "webp"];

/// Pictures that are scaled at one time; each may need 300 MB while it is unpacked.
const HANDS_MAX: usize = 4;

/// Pictures between two reports of progress.
const PROGRESS_PICTURES: u64 = 500;

/// Pictures that were looked at, and are to be taken in.
pub struct PictureImport {
    /// By item code.
    pictures: BTreeMap<String, Vec<u8>>,
    /// Whether goods that are not named lose theirs.
    replace: bool,
}

/// Looks at every file of a folder, and changes nothing yet.
///
/// # Errors
/// The folder cannot be read, or something is wrong with files: each of them is listed.
pub fn prepare(store: &Store, folder: &Path, replace: bool) -> Result<PictureImport, ImportError> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut problems = Problems::default();
    let mut note = |file: &str, what: String| {
        let problem = Problem { file: name.clone(), place: file.to_owned(), what };
        problems.problems.push(problem);
    };
    let mut named: BTreeMap<String, (String, PathBuf)> = BTreeMap::new();
    let files = listed(folder)?;
    if files.len() > IMPORT_PICTURES_MAX {
        let what =
            format!("it has {} files, and may have {IMPORT_PICTURES_MAX}; use several folders", files.len());
        note("", what);
        return Err(ImportError::Problems(problems));
    }
    store.read::<_, ImportError>(|reading| {
        for (file, path) in files {
            match sku_of(reading, &path)? {
                Err(what) => note(&file, what),
                Ok(sku) => match named.get(&sku) {
                    Some((other, _)) => {
                        note(&file, format!("it is of item {sku}, and so is {other}; leave one of them out"));
                    }
                    None => drop(named.insert(sku, (file, path))),
                },
            }
        }
        Ok(())
    })?;
    let named: Vec<(String, String, PathBuf)> =
        named.into_iter().map(|(sku, (file, path))| (sku, file, path)).collect();
    let mut pictures = BTreeMap::new();
    for ((sku, file, _), scaled) in named.iter().zip(scale_all(&named)) {
        match scaled {
            Ok(picture) => drop(pictures.insert(sku.clone(), picture)),
            Err(what) => note(file, what),
        }
    }
    if problems.problems.is_empty() {
        return Ok(PictureImport { pictures, replace });
    }
    problems.problems.sort_by(|one, other| one.place.cmp(&other.place));
    Err(ImportError::Problems(problems))
}

/// The files of a folder in the order of their names, without hidden ones.
fn listed(folder: &Path) -> Result<Vec<(String, PathBuf)>, ImportError> {
    let wrong = |source| ImportError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            files.push((name, entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

/// Whose picture a file is, or what is wrong with its name.
fn sku_of(reading: &Reading<'_>, path: &Path) -> Result<Result<String, String>, ImportError> {
    if !path.is_file() {
        return Ok(Err("it is no file; pictures lie in the folder itself".to_owned()));
    }
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)) {
        return Ok(Err(format!("its name ends in none of {}", ENDINGS.join(", "))));
    }
    let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
        return Ok(Err("its name is no text".to_owned()));
    };
    if reading.entity(Kind::Product, name)?.is_some() {
        return Ok(Ok(name.to_owned()));
    }
    let found = match Gtin::parse(name) {
        Ok(gtin) => reading.sku_of_code(gtin.as_str())?,
        Err(_) => None,
    };
    Ok(found.ok_or_else(|| format!("there are no goods with item code or barcode {name:?}; name it by one")))
}

/// Scales all files, some at one time; what is wrong with one stands in its place.
fn scale_all(files: &[(String, String, PathBuf)]) -> Vec<Result<Vec<u8>, String>> {
    let next = AtomicUsize::new(0);
    let scaled = Mutex::new(Vec::with_capacity(files.len()));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((_, _, path)) = files.get(index) else { return };
            let done = read_and_scale(path);
            scaled.lock().unwrap_or_else(PoisonError::into_inner).push((index, done));
        }
    };
    let hands = thread::available_parallelism().map_or(1, usize::from).min(HANDS_MAX);
    thread::scope(|scope| {
        for _ in 0..hands {
            scope.spawn(work);
        }
    });
    let mut scaled = scaled.into_inner().unwrap_or_else(PoisonError::into_inner);
    scaled.sort_by_key(|(index, _)| *index);
    scaled.into_iter().map(|(_, done)| done).collect()
}

fn read_and_scale(path: &Path) -> Result<Vec<u8>, String> {
    let read = |error: std::io::Error| format!("it cannot be read ({error})");
    let length = fs::metadata(path).map_err(read)?.len();
    if length > FILE_BYTES_MAX as u64 {
        return Err(ScaleError::Bytes { found: length }.to_string());
    }
    scale(&fs::read(path).map_err(read)?).map_err(|error| error.to_string())
}

impl PictureImport {
    /// Writes all of them, in the caller's transaction. `progress` hears now and then how many are done.
    ///
    /// # Errors
    /// Goods are gone meanwhile, or the database did not do it.
    pub fn apply(
        &self,
        writing: &Writing<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, ImportError> {
        let mut done = Imported::default();
        let mut gone = Problems::default();
        for (sku, picture) in &self.pictures {
            done.named += 1;
            // Others may have changed something while pictures were unpacked.
            if writing.entity(Kind::Product, sku)?.is_none() {
                let what = "these goods are gone since the picture was looked at".to_owned();
                gone.problems.push(Problem { file: String::new(), place: sku.clone(), what });
                continue;
            }
            if writing.put_picture(sku, picture)? != Put::Same {
                done.changed += 1;
            }
            if done.named % PROGRESS_PICTURES == 0 {
                progress(done.named);
            }
        }
        if !gone.problems.is_empty() {
            return Err(ImportError::Problems(gone));
        }
        if self.replace {
            let had: BTreeSet<String> =
                writing.entities(Kind::Picture)?.into_iter().map(|(sku, _)| sku).collect();
            for sku in had.iter().filter(|sku| !self.pictures.contains_key(*sku)) {
                writing.delete_picture(sku)?;
                done.deleted += 1;
            }
        }
        done.version = writing.reference_version()?;
        Ok(done)
    }

    /// Says what applying it would do, and leaves no trace of that.
    ///
    /// # Errors
    /// The database did not do it.
    pub fn try_out(&self, store: &Store) -> Result<Imported, ImportError> {
        import::rolled_back(store, |writing| self.apply(writing, &mut |_| {}))
    }
}

#[cfg(test)]
mod tests;
