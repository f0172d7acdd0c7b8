//! What a chain set for the tills of a store, as the rules know it.

use domain::till::Rules;
use protocol::pull::Store;

/// The rules of a store's tills; what HQ left out is as the till has it. Which wallets are taken is the lane's own: it
/// has their keys, and its scale.
pub(super) fn rules(store: &Store) -> Rules {
    store.understand_rules("store")
}
