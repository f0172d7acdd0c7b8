//! What stores have, as others ask for it.

use super::{Reading, StoreError, Writing, values};

/// An item in a store, thousandths of its base unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockState {
    /// The item.
    pub sku: String,
    /// There, as far as is filed; below nothing where more was sold than came.
    pub on_hand: i64,
    /// There, and waited for.
    pub reserved: i64,
    /// On its way to the store.
    pub in_transit: i64,
}

impl Reading<'_> {
    /// What a store has after an item, in the order of item codes, at most
    /// `limit`.
    pub fn stock_after(
        &self,
        store: &str,
        only_negative: bool,
        after: &str,
        limit: u32,
    ) -> Result<Vec<StockState>, StoreError> {
        let negative = if only_negative { "HAVING sum(on_hand) < 0" } else { "" };
        self.all(
            &format!(
                "SELECT sku, CAST(sum(on_hand) AS BIGINT), CAST(sum(reserved) AS BIGINT),
                 CAST(sum(in_transit) AS BIGINT)
             FROM (SELECT sku, quantity AS on_hand, 0 AS reserved, 0 AS in_transit FROM stock
                   WHERE store = ?1 AND sku > ?2
                   UNION ALL
                   SELECT sku, 0, CASE WHEN kind = 'reserved' THEN quantity ELSE 0 END,
                       CASE WHEN kind = 'transit' THEN quantity ELSE 0 END
                   FROM stock_beside WHERE place = ?1 AND sku > ?2) moved
             GROUP BY sku {negative} ORDER BY sku LIMIT ?3"
            ),
            values![store, after, limit],
            |row| {
                Ok(StockState {
                    sku: row.text(0)?,
                    on_hand: row.int(1)?,
                    reserved: row.int(2)?,
                    in_transit: row.int(3)?,
                })
            },
        )
    }

    /// How an item stands in one store.
    pub fn stock_state(&self, store: &str, sku: &str) -> Result<StockState, StoreError> {
        let on_hand = self.stock_in_store(store, sku)?;
        let beside = self.one(
            "SELECT CAST(coalesce(sum(CASE WHEN kind = 'reserved' THEN quantity ELSE 0 END), 0) AS BIGINT),
                 CAST(coalesce(sum(CASE WHEN kind = 'transit' THEN quantity ELSE 0 END), 0) AS BIGINT)
             FROM stock_beside WHERE sku = ?1 AND place = ?2",
            values![sku, store],
            |row| Ok((row.int(0)?, row.int(1)?)),
        )?;
        let (reserved, in_transit) = beside.unwrap_or((0, 0));
        Ok(StockState { sku: sku.to_owned(), on_hand, reserved, in_transit })
    }
}

impl Writing<'_> {
    /// Lets whoever moves a store's stock at HQ go after whoever does now.
    pub fn lock_hq_stock(&self, store: &str) -> Result<(), StoreError> {
        self.next_hq_number(store).map(|_| ())
    }

    /// The next number of what HQ itself moves in a store. Nobody else draws
    /// one until this transaction ends.
    fn next_hq_number(&self, store: &str) -> Result<i64, StoreError> {
        let name = format!("hq_stock/{store}");
        self.execute(
            "INSERT INTO counter (name, value) VALUES (?1, 1)
             ON CONFLICT (name) DO UPDATE SET value = counter.value + 1",
            values![&name],
        )?;
        self.number("SELECT value FROM counter WHERE name = ?1", values![&name])
    }

    /// Writes that somebody waits for so much more of an item, thousandths;
    /// below nothing where they wait no more. `lane` is HQ's own.
    pub fn reserve_at_hq(
        &self,
        store: &str,
        lane: u32,
        document: &str,
        sku: &str,
        thousandths: i64,
    ) -> Result<(), StoreError> {
        self.move_beside_at_hq((store, lane), "reserved", document, sku, thousandths)
    }

    /// Writes that so much more of an item is on its way to a store, thousandths; below nothing where it is not any more.
    /// `lane` is HQ's own.
    pub fn move_transit_at_hq(
        &self,
        store: &str,
        lane: u32,
        document: &str,
        sku: &str,
        thousandths: i64,
    ) -> Result<(), StoreError> {
        self.move_beside_at_hq((store, lane), "transit", document, sku, thousandths)
    }

    fn move_beside_at_hq(
        &self,
        (store, lane): (&str, u32),
        kind: &str,
        document: &str,
        sku: &str,
        thousandths: i64,
    ) -> Result<(), StoreError> {
        let number = self.next_hq_number(store)?;
        self.execute(
            "INSERT INTO stock_beside (store, lane, epoch, seq, position, sku, kind, place, document, quantity)
             VALUES (?1, ?2, 0, ?3, 0, ?4, ?7, ?1, ?5, ?6)",
            values![store, lane, number, sku, document, thousandths, kind],
        )?;
        Ok(())
    }

    /// Adds to what HQ itself has moved of a store's stock, thousandths.
    pub fn move_hq_stock(
        &self,
        store: &str,
        lane: u32,
        sku: &str,
        thousandths: i64,
    ) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO stock (store, sku, lane, quantity) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (store, sku, lane) DO UPDATE SET quantity = stock.quantity + excluded.quantity",
            values![store, sku, lane, thousandths],
        )?;
        Ok(())
    }
}
