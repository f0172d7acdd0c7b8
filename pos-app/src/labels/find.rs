//! Looking for goods and labels by what was typed: initials, name, code, number, place.

use domain::label::LabelItem;
use ledger::reference::ReferenceError;

use super::Labels;
use super::seen::{Entry, Prices, item_entry};
use crate::lane::OpenLane;

/// The most goods, and the most labels, that are shown.
const FOUND_MAX: usize = 24;

impl Labels {
    /// What fits what was typed: goods first, then labels.
    pub(super) fn find(
        &mut self,
        open: &OpenLane,
        prices: &Prices<'_>,
    ) -> Result<Vec<Entry>, ReferenceError> {
        let text = self.typed.trim().to_owned();
        let items = open.reference().search(&text, FOUND_MAX)?;
        let Some(shelf) = &self.shelf else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for item in items {
            let labels = shelf.labels_of(&item.sku)?.len();
            found.push(item_entry(&LabelItem::of(&item.sku), labels, prices));
        }
        let listed = shelf.search(&text, FOUND_MAX)?;
        found.extend(listed.into_iter().map(|listed| self.entry(listed, prices)).collect::<Vec<_>>());
        Ok(found)
    }
}
