//! The data directory: who has it, the key of whoever runs it, and where its
//! server listens.
//!
//! | file | what |
//! |---|---|
//! | `hq.db` | the database |
//! | `hq.lock` | locked by the one process that has the database open |
//! | `admin.key` | lets the command line talk to the running server; only its owner can read it |
//! | `database` | names the PostgreSQL that has the books instead of `hq.db`; no password is in it |
//! | `coming-in` | bodies of imports while they are read |
//! | `snapshots` | what lanes take that have much of the reference to get; a start forgets it |
//! | `address` | where the running server listens; gone when none runs |

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::secret::{self, DrawError};
use crate::store::{self, Address, OpenError, Store};

/// The environment variable that names the database where the command line does not.
pub const DATABASE_VARIABLE: &str = "GUITAI_HQ_DATABASE";

/// The folder in which bodies of imports lie while they are read.
const SPOOL: &str = "coming-in";

/// The folder of snapshots of the reference.
const SNAPSHOTS: &str = "snapshots";

/// Why the books cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenBooksError {
    /// The data directory says otherwise.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Another process has it.
    #[error("use {path}: another hq process has it", path = .0.display())]
    Taken(PathBuf),
    /// A file of it cannot be read or written.
    #[error("use {path}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The books are in a database that was not named.
    #[error("use {folder}: its books are in the PostgreSQL {database}; name it with --database or {DATABASE_VARIABLE}", folder = folder.display())]
    ElsewhereKept {
        /// The data directory.
        folder: PathBuf,
        /// Host, port and database.
        database: String,
    },
    /// The books are in a file here, and a database was named.
    #[error("use {folder}: its books are in {file}; take another data directory for a PostgreSQL", folder = .0.display(), file = store::FILE_NAME)]
    KeptHere(PathBuf),
    /// No randomness for a key.
    #[error(transparent)]
    Draw(#[from] DrawError),
}

/// A data directory.
#[derive(Debug, Clone)]
pub struct Place {
    folder: PathBuf,
}

/// Holds a data directory for this process until it is dropped.
#[derive(Debug)]
pub struct Held {
    _lock: File,
}

/// A folder for something that comes in.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
}

impl Spool {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, "a file that came in is left until the next start");
        }
    }
}

impl Place {
    /// Names a data directory, making it when it does not exist.
    pub fn open(folder: &Path) -> Result<Self, PlaceError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        // What is in it is the chain's books: nobody else's to read.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|source| PlaceError::Io { path: folder.to_owned(), source })?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.folder.join(store::FILE_NAME)
    }

    /// The folder of snapshots of the reference.
    pub fn snapshots(&self) -> PathBuf {
        self.folder.join(SNAPSHOTS)
    }

    /// The folder of pictures that a relay keeps.
    pub fn pictures(&self) -> PathBuf {
        self.folder.join("pictures")
    }

    /// Opens the books: the PostgreSQL that is named, or the file here. A
    /// directory that has begun with one of them stays with it.
    pub fn open_books(&self, database: Option<&Address>) -> Result<Store, OpenBooksError> {
        let kept = self.kept_elsewhere()?;
        match (database, kept) {
            (None, None) => Ok(Store::open(&self.database())?),
            (None, Some(database)) => {
                Err(PlaceError::ElsewhereKept { folder: self.folder.clone(), database }.into())
            }
            (Some(_), None) if self.database().exists() => {
                Err(PlaceError::KeptHere(self.folder.clone()).into())
            }
            (Some(address), kept) => {
                let store = Store::connect(address)?;
                let name = address.name();
                if kept.as_ref() != Some(&name) {
                    write_whole(&self.folder.join("database"), &name)?;
                }
                Ok(store)
            }
        }
    }

    /// The name of the database that has the books, where no file here has them.
    fn kept_elsewhere(&self) -> Result<Option<String>, PlaceError> {
        match self.read("database") {
            Ok(name) => Ok(Some(name)),
            Err(PlaceError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the directory for this process, or refuses at once.
    pub fn hold(&self) -> Result<Held, PlaceError> {
        let path = self.folder.join("hq.lock");
        let io = |source| PlaceError::Io { path: path.clone(), source };
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(Held { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(PlaceError::Taken(self.folder.clone())),
            Err(TryLockError::Error(source)) => Err(PlaceError::Io { path, source }),
        }
    }

    /// The admin key, drawing one when there is none. Whoever holds the
    /// directory asks first.
    pub fn make_admin_key(&self) -> Result<String, PlaceError> {
        match self.admin_key() {
            Ok(key) => return Ok(key),
            Err(PlaceError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let key = secret::draw_key()?;
        self.write_private("admin.key", &key)?;
        Ok(key)
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write_private(&self, name: &str, text: &str) -> Result<(), PlaceError> {
        let path = self.folder.join(name);
        let beside = self.folder.join(format!("{name}.new"));
        // Written beside and renamed: a cut in between leaves no half key.
        let written = create_private(&beside).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        });
        written.map_err(|source| PlaceError::Io { path, source })
    }

    /// Reads a small file; `None` where there is none.
    pub(crate) fn read_if_there(&self, name: &str) -> Result<Option<String>, PlaceError> {
        match self.read(name) {
            Ok(text) => Ok(Some(text)),
            Err(PlaceError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A file in it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The admin key.
    pub fn admin_key(&self) -> Result<String, PlaceError> {
        self.read("admin.key")
    }

    /// Where the running server listens; `None` when none does.
    pub fn address(&self) -> Result<Option<SocketAddr>, PlaceError> {
        match self.read("address") {
            Ok(text) => Ok(text.parse().ok()),
            Err(PlaceError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes where the server listens.
    pub fn set_address(&self, address: SocketAddr) -> Result<(), PlaceError> {
        write_whole(&self.folder.join("address"), &address.to_string())
    }

    /// Says that no server listens.
    pub fn clear_address(&self) -> Result<(), PlaceError> {
        let path = self.folder.join("address");
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(PlaceError::Io { path, source }),
        }
    }

    /// Makes a folder of its own for something that comes in; it is gone when
    /// it is dropped, and at the next start where the process was killed.
    pub fn make_spool(&self) -> Result<Spool, PlaceError> {
        let path = self.folder.join(SPOOL).join(secret::draw_id()?);
        fs::create_dir_all(&path).map_err(|source| PlaceError::Io { path: path.clone(), source })?;
        Ok(Spool { path })
    }

    /// Takes away what came in before, and was left.
    pub fn clear_spool(&self) -> Result<(), PlaceError> {
        let path = self.folder.join(SPOOL);
        match fs::remove_dir_all(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(PlaceError::Io { path, source }),
        }
    }

    fn read(&self, name: &str) -> Result<String, PlaceError> {
        let path = self.folder.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(source) => Err(PlaceError::Io { path, source }),
        }
    }
}

/// Writes a small file so that a reader sees all of it or none.
pub fn write_whole(path: &Path, text: &str) -> Result<(), PlaceError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, format!("{text}\n"))
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|source| PlaceError::Io { path: path.to_owned(), source })
}

/// Makes a file that only its owner can read, from its first moment on.
fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
