//! The files of the lane's data directory that the agent knows.
//!
//! | file | what |
//! |---|---|
//! | `journal.db` | the lane's journal; read only |
//! | `reference.db` | what HQ told; the agent is its one writer |
//! | `reference-coming` | files of a whole new reference on their way; gone once they are in use |
//! | `reference-next.db` | the new one while it is made |
//! | `pictures` | pictures of goods by their SHA-256, and the names of those that a till found damaged |
//! | `agent.toml` | where HQ is |
//! | `agent.sock` | where the lane asks the agent; only its owner can |
//! | `agent.key` | the lane's key; only its owner can read it |
//! | `journal.key` | what the lane signs its journal with; only its owner can read it, and the lane reads it |

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Why a file of the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It cannot be read or written.
    #[error("use {path}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not of its form.
    #[error("read {path}", path = path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        source: toml::de::Error,
    },
    /// It could not be put into its form.
    #[error("write the agent's settings")]
    Encode(#[from] toml::ser::Error),
}

/// What `agent.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The base of HQ's routes, such as `https://hq.example`.
    pub hq: String,
    /// The base of the relay's routes of this store, such as
    /// `https://relay.store`: it is asked first, and gets a copy of the journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<String>,
    /// A PEM file with roots of the chain's own, beside those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// The most that pictures of goods may take of the disk, MiB; none are
    /// got where it is 0. 256 where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pictures_mib: Option<u32>,
}

/// A lane's data directory.
#[derive(Debug, Clone)]
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// Names a data directory.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Makes the directory where it does not exist.
    pub fn make(&self) -> Result<(), PlaceError> {
        fs::create_dir_all(&self.folder)
            .map_err(|source| PlaceError::Io { path: self.folder.clone(), source })
    }

    /// The lane's journal.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal.db")
    }

    /// What HQ told.
    pub fn reference(&self) -> PathBuf {
        self.folder.join("reference.db")
    }

    /// Where files of a whole new reference lie while they come.
    pub fn coming(&self) -> PathBuf {
        self.folder.join("reference-coming")
    }

    /// Where a whole new reference is made.
    pub fn next_reference(&self) -> PathBuf {
        self.folder.join("reference-next.db")
    }

    /// Pictures of goods.
    pub fn pictures(&self) -> PathBuf {
        self.folder.join(protocol::pull::PICTURES_FOLDER)
    }

    /// Where the lane asks.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(protocol::ask::SOCKET_NAME)
    }

    fn settings_path(&self) -> PathBuf {
        self.folder.join("agent.toml")
    }

    fn key_path(&self) -> PathBuf {
        self.folder.join("agent.key")
    }

    fn journal_key_path(&self) -> PathBuf {
        self.folder.join("journal.key")
    }

    /// The settings; `None` before the lane was enrolled.
    pub fn settings(&self) -> Result<Option<Settings>, PlaceError> {
        let path = self.settings_path();
        match read(&path)? {
            Some(text) => toml::from_str(&text).map(Some).map_err(|source| PlaceError::Form { path, source }),
            None => Ok(None),
        }
    }

    /// The lane's key; `None` before the lane was enrolled.
    pub fn key(&self) -> Result<Option<String>, PlaceError> {
        let key = read(&self.key_path())?.map(|text| text.trim().to_owned());
        Ok(key.filter(|key| !key.is_empty()))
    }

    /// Writes the settings.
    pub fn set_settings(&self, settings: &Settings) -> Result<(), PlaceError> {
        write_private(&self.settings_path(), &toml::to_string(settings)?)
    }

    /// Writes the lane's key.
    pub fn set_key(&self, key: &str) -> Result<(), PlaceError> {
        write_private(&self.key_path(), key)
    }

    /// Writes the secret that the lane signs its journal with.
    pub fn set_journal_key(&self, secret: &str) -> Result<(), PlaceError> {
        write_private(&self.journal_key_path(), secret)
    }
}

fn read(path: &Path) -> Result<Option<String>, PlaceError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PlaceError::Io { path: path.to_owned(), source }),
    }
}

/// Writes a file that only its owner can read from its first moment on; a
/// power cut leaves the old one or the new one.
fn write_private(path: &Path, text: &str) -> Result<(), PlaceError> {
    let beside = path.with_added_extension("new");
    let written = create_private(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    written.map_err(|source| PlaceError::Io { path: path.to_owned(), source })
}

fn create_private(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::new(folder.path());
        assert_eq!(place.key().expect("no file"), None);
        place.set_key("secret").expect("written");
        place.set_key("another").expect("written again");
        assert_eq!(place.key().expect("a file").as_deref(), Some("another"));
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(
                &fs::metadata(place.key_path()).expect("a file").permissions(),
            );
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
