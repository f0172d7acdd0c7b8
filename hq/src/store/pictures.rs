//! Pictures of goods: which one goods have is an entity of the feed, the files
//! lie by their SHA-256 for as long as goods have them.

use protocol::pull::{Picture, picture_name};

use super::reference::stored_json;
use super::{Kind, Put, Reading, StoreError, Writing, values};

impl Reading<'_> {
    /// The picture that goods have.
    pub fn picture_of(&self, sku: &str) -> Result<Option<Picture>, StoreError> {
        self.entity(Kind::Picture, sku)?.as_deref().map(stored_json).transpose()
    }

    /// A picture's file; `None` where no goods have it any more.
    pub fn picture_file(&self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.one("SELECT bytes FROM picture_file WHERE sha256 = ?1", values![sha256], |row| row.bytes(0))
    }

    /// How many files of pictures there are.
    pub fn picture_files(&self) -> Result<u64, StoreError> {
        super::unsigned(self.number("SELECT count(*) FROM picture_file", values![])?)
    }
}

impl Writing<'_> {
    /// Gives goods a picture, a file as lanes get it, in the place of the one
    /// that they have. Whether there are such goods is the caller's to know.
    pub fn put_picture(&self, sku: &str, file: &[u8]) -> Result<Put, StoreError> {
        // Another hand may be giving the same file, or taking its last goods away.
        self.hold_reference()?;
        let sha256 = picture_name(file);
        let before = self.picture_of(sku)?;
        if before.as_ref().is_some_and(|before| before.sha256 == sha256) {
            return Ok(Put::Same);
        }
        self.execute(
            "INSERT INTO picture_file (sha256, bytes) VALUES (?1, ?2) ON CONFLICT (sha256) DO NOTHING",
            values![&sha256, file],
        )?;
        self.execute(
            "INSERT INTO picture_use (sku, sha256) VALUES (?1, ?2)
             ON CONFLICT (sku) DO UPDATE SET sha256 = excluded.sha256",
            values![sku, &sha256],
        )?;
        let bytes = u32::try_from(file.len()).unwrap_or(u32::MAX);
        let picture = Picture { sku: sku.to_owned(), sha256, bytes };
        let body = serde_json::to_string(&picture).expect("plain data serialises");
        let put = self.put_entity(Kind::Picture, sku, &body)?;
        if let Some(before) = before {
            self.drop_unused(&before.sha256)?;
        }
        Ok(put)
    }

    /// Takes its picture from goods.
    pub fn delete_picture(&self, sku: &str) -> Result<Put, StoreError> {
        self.hold_reference()?;
        let Some(before) = self.picture_of(sku)? else { return Ok(Put::Same) };
        self.execute("DELETE FROM picture_use WHERE sku = ?1", values![sku])?;
        let put = self.delete_entity(Kind::Picture, sku)?;
        self.drop_unused(&before.sha256)?;
        Ok(put)
    }

    /// A file that no goods have is of no use: who was just told of it hears of the next one.
    fn drop_unused(&self, sha256: &str) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM picture_file WHERE sha256 = ?1
             AND NOT EXISTS (SELECT 1 FROM picture_use WHERE picture_use.sha256 = ?1)",
            values![sha256],
        )?;
        Ok(())
    }
}
