//! Transfers that HQ ordered in `reference.db`: those that this store is to send or to receive, always the newest that HQ
//! told, whatever basket is open.

use protocol::pull;

use super::{Reference, ReferenceError, VERSION_WITH_TRANSFERS, read};

/// The most open transfers of a store that a lane looks at: the oldest.
pub const TRANSFERS_TOLD_MAX: usize = 200;

impl Reference {
    /// What HQ told of the store's transfers, the oldest first; at most [`TRANSFERS_TOLD_MAX`]. None while an older agent
    /// keeps the file.
    ///
    /// # Errors
    /// The file could not be read.
    pub fn transfers(&self) -> Result<Vec<pull::Transfer>, ReferenceError> {
        Ok(self.transfers_since(None)?.map(|(_, transfers)| transfers).unwrap_or_default())
    }

    /// The same, with a number for the next time; `None` where the agent has written nothing since that number was given.
    ///
    /// # Errors
    /// As [`Self::transfers`].
    pub fn transfers_since(
        &self,
        seen: Option<i64>,
    ) -> Result<Option<(i64, Vec<pull::Transfer>)>, ReferenceError> {
        let shelf = self.shelf.borrow();
        let Some(shelf) = shelf.as_ref() else { return Ok(None) };
        let now = shelf.data_version()?;
        if seen == Some(now) {
            return Ok(None);
        }
        let newest = shelf.newest();
        let layout: i32 = newest.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if layout < VERSION_WITH_TRANSFERS {
            return Ok(Some((now, Vec::new())));
        }
        let mut select =
            newest.prepare_cached("SELECT body FROM transfer ORDER BY ordered_ms, number LIMIT ?1")?;
        let rows = select.query_map([TRANSFERS_TOLD_MAX as u64], |row| {
            Ok(read::<pull::Transfer>(row.get_ref(0)?.as_str()?, "transfer"))
        })?;
        let transfers = rows.map(|row| row?).collect::<Result<Vec<_>, _>>()?;
        Ok(Some((now, transfers)))
    }
}
