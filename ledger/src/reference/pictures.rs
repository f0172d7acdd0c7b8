//! Which pictures goods have, for whoever gets the files or shows them: a
//! reader of its own, so that nobody who sells waits for it.

use std::collections::HashSet;
use std::path::Path;

use protocol::pull;
use rusqlite::{Connection, OptionalExtension};

use super::{KIND, ReferenceError, VERSION_WITH_PICTURES, read};
use crate::file;

/// A picture that is to lie on the lane's disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WantedPicture {
    /// The SHA-256 of the file, which is its name.
    pub sha256: String,
    /// How large it is, bytes.
    pub bytes: u32,
}

/// Which pictures goods have. Each answer is of the newest version.
#[derive(Debug)]
pub struct PictureBook {
    connection: Connection,
}

impl PictureBook {
    /// Opens the file to read; `None` while the agent has not made it.
    ///
    /// # Errors
    /// The file is refused.
    pub fn open(path: &Path) -> Result<Option<Self>, ReferenceError> {
        Ok(file::open_reader(path, &KIND)?.map(|connection| Self { connection }))
    }

    /// The version at which pictures last became others; 0 while there are none, and in a file of an older agent.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn version(&self) -> Result<u64, ReferenceError> {
        if !self.has_pictures()? {
            return Ok(0);
        }
        let sql = "SELECT pictures_version FROM state";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    fn has_pictures(&self) -> Result<bool, ReferenceError> {
        let layout: i32 = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(layout >= VERSION_WITH_PICTURES)
    }

    /// The picture of an item; `None` where it has none.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn of(&self, sku: &str) -> Result<Option<pull::Picture>, ReferenceError> {
        if !self.has_pictures()? {
            return Ok(None);
        }
        let mut select = self.connection.prepare_cached("SELECT body FROM picture WHERE sku = ?1")?;
        let body: Option<String> = select.query_row([sku], |row| row.get(0)).optional()?;
        let picture: Option<pull::Picture> = body.map(|body| read(&body, "picture")).transpose()?;
        Ok(picture.filter(pull::Picture::is_sound))
    }

    /// Whether any goods have one.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn any(&self) -> Result<bool, ReferenceError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM picture)";
        Ok(self.has_pictures()? && self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// The pictures that are to lie on the disk, in the order in which they are
    /// got, as many as go into so many bytes: those of the pinned goods, then of
    /// goods with a number on scales, then of all others by item code. Looks at
    /// each of them.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn wanted(&self, bytes_max: u64) -> Result<Vec<WantedPicture>, ReferenceError> {
        if !self.has_pictures()? {
            return Ok(Vec::new());
        }
        let (mut wanted, mut known, mut bytes) = (Vec::new(), HashSet::new(), 0);
        for sql in [
            "SELECT picture.body FROM product CROSS JOIN picture ON picture.sku = product.sku
             WHERE product.pin > 0 ORDER BY product.pin, product.sku",
            "SELECT picture.body FROM product CROSS JOIN picture ON picture.sku = product.sku
             WHERE product.plu <> '' ORDER BY product.plu, product.sku",
            "SELECT body FROM picture ORDER BY sku",
        ] {
            let mut select = self.connection.prepare(sql)?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let told = row.get_ref(0)?;
                let picture: pull::Picture = read(told.as_str().unwrap_or_default(), "picture")?;
                if !picture.is_sound() || known.contains(&picture.sha256) {
                    continue;
                }
                bytes += u64::from(picture.bytes);
                if bytes > bytes_max {
                    return Ok(wanted);
                }
                known.insert(picture.sha256.clone());
                wanted.push(WantedPicture { sha256: picture.sha256, bytes: picture.bytes });
            }
        }
        Ok(wanted)
    }
}
