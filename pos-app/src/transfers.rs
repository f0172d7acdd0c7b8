//! Transfers between stores that HQ ordered, as this lane knows them: what HQ told last, without what was done here since.

use domain::stock::StockMove;
use protocol::pull;

use crate::lane::{Lane, State, words};

/// What the lane knows of the store's transfers.
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    told: Vec<pull::Transfer>,
    /// The agent's file was so when it was read last.
    seen: Option<i64>,
}

impl Lane {
    /// Reads what HQ told of transfers, where the agent wrote anything.
    pub(crate) fn look_at_transfers(&mut self) {
        // Who gives out no goods of orders moves none between stores.
        if !self.has_orders() {
            return;
        }
        let State::Open(open) = &self.state else { return };
        match open.reference().transfers_since(self.transfers.seen) {
            Ok(None) => {}
            Ok(Some((seen, told))) => {
                self.transfers.seen = Some(seen);
                self.transfers.told = told;
            }
            Err(error) => tracing::warn!(error = words(&error), "transfers not read"),
        }
    }

    /// The transfers that this store is to send, or to receive, the oldest first: what HQ told, without those that this
    /// lane did, which it knows before HQ does.
    pub(crate) fn transfers_of(&self, kind: StockMove) -> impl Iterator<Item = &pull::Transfer> {
        let State::Open(open) = &self.state else { return None.into_iter().flatten() };
        let (store, here) = (open.store().code.as_str(), open.till().transfers());
        let is_wanted = move |transfer: &&pull::Transfer| {
            let number = &transfer.number;
            match kind {
                StockMove::TransferOut => {
                    transfer.from == store && !transfer.left && !here.sent().contains(number)
                }
                StockMove::TransferIn => transfer.to == store && !here.received().contains(number),
                StockMove::Receive
                | StockMove::ReturnToSupplier
                | StockMove::Damage
                | StockMove::Expiry
                | StockMove::InternalUse
                | StockMove::Tasting
                | StockMove::Reserve
                | StockMove::Release => false,
            }
        };
        Some(self.transfers.told.iter().filter(is_wanted)).into_iter().flatten()
    }
}
