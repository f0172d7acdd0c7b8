//! Orders of channels in `reference.db`: what HQ told of those that the store
//! is to hand over, always the newest, whatever basket is open.

use domain::money::{Money, Quantity, TaxRate};
use domain::order::desk::ToldOrder;
use domain::order::{OrderLine, OrderState};
use protocol::pull;

use super::{Reference, ReferenceError, VERSION_WITH_ORDERS, read};

/// The most open orders of a store that a lane looks at: the first promised.
/// A store with more has other worries than the list of a till.
pub const ORDERS_TOLD_MAX: usize = 500;

/// An order, and the hash of the code that the customer brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderAtStore {
    /// What HQ told.
    pub told: ToldOrder,
    /// [`pull::pick_up_hash`] of its code.
    pub code_hash: String,
}

impl OrderAtStore {
    /// Whether a code is that of the order.
    pub fn is_code(&self, store: &str, code: &str) -> bool {
        pull::pick_up_hash(store, &self.told.id, code) == self.code_hash
    }
}

impl Reference {
    /// The store's open orders: the promised ones first, by their time; at
    /// most [`ORDERS_TOLD_MAX`]. None while an older agent keeps the file.
    ///
    /// # Errors
    /// The file could not be read, or a row holds what no order can.
    pub fn orders(&self) -> Result<Vec<OrderAtStore>, ReferenceError> {
        Ok(self.orders_since(None)?.map(|(_, orders)| orders).unwrap_or_default())
    }

    /// The same, with a number for the next time; `None` where the agent has
    /// written nothing since that number was given.
    ///
    /// # Errors
    /// As [`Self::orders`].
    pub fn orders_since(
        &self,
        seen: Option<i64>,
    ) -> Result<Option<(i64, Vec<OrderAtStore>)>, ReferenceError> {
        let shelf = self.shelf.borrow();
        let Some(shelf) = shelf.as_ref() else { return Ok(None) };
        let now = shelf.data_version()?;
        if seen == Some(now) {
            return Ok(None);
        }
        let newest = shelf.newest();
        let layout: i32 = newest.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if layout < VERSION_WITH_ORDERS {
            return Ok(Some((now, Vec::new())));
        }
        let mut select = newest.prepare_cached(
            "SELECT body FROM channel_order
             ORDER BY coalesce(promised_ms, 9223372036854775807), id LIMIT ?1",
        )?;
        let rows = select.query_map([ORDERS_TOLD_MAX as u64], |row| {
            Ok(read::<pull::Order>(row.get_ref(0)?.as_str()?, "order"))
        })?;
        let orders = rows.map(|row| understand(row??)).collect::<Result<Vec<_>, _>>()?;
        Ok(Some((now, orders)))
    }
}

fn understand(order: pull::Order) -> Result<OrderAtStore, ReferenceError> {
    let wrong = |what| ReferenceError::Item { sku: order.id.clone(), what };
    let line = |line: &pull::OrderLine| {
        // Of a line of which nothing was found nothing is handed over.
        let Some(quantity) = Quantity::from_thousandths(line.quantity) else {
            return if line.quantity == 0 { Ok(None) } else { Err(wrong("a quantity of the order")) };
        };
        let tax_rate =
            TaxRate::from_basis_points(line.tax_rate).ok_or_else(|| wrong("a rate of the order"))?;
        let (number, net) = (line.line, Money::from_minor(line.net));
        Ok(Some(OrderLine { number, sku: line.sku.clone(), quantity, net, tax_rate }))
    };
    let lines = order.lines.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    Ok(OrderAtStore {
        code_hash: order.code_hash,
        told: ToldOrder {
            lines: lines.into_iter().flatten().collect(),
            id: order.id,
            channel: order.channel,
            state: match order.state {
                pull::OrderState::Paid => OrderState::Paid,
                pull::OrderState::Accepted => OrderState::Accepted,
                pull::OrderState::Picked => OrderState::Picked,
            },
            kept: Money::from_minor(order.kept),
            promised_ms: order.promised_ms,
            shown: order.shown,
        },
    })
}
