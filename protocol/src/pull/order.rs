//! Orders of channels, as the lanes of the store that fulfils them are told.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An order that is paid and not yet handed over. Its nets are frozen: no
/// lane prices it again.
///
/// It holds what a hand-over needs and no more (个人信息保护法 art. 6): no name
/// and no telephone number, and of the pick-up code a hash only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// HQ's id, one among those of its store.
    pub id: String,
    /// Which channel took it.
    pub channel: String,
    /// How far it has come.
    pub state: OrderState,
    /// What is to be handed over.
    pub lines: Vec<OrderLine>,
    /// What is paid and not paid back, minor units.
    pub kept: i64,
    /// [`pick_up_hash`] of the code that the customer brings.
    pub code_hash: String,
    /// When it was promised for, milliseconds UTC; absent for no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_ms: Option<i64>,
    /// What may be shown of the customer, such as `赵** *0001`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shown: String,
}

/// How far an order that lanes are told of has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Paid, and not yet accepted.
    Paid,
    /// The store will do it.
    Accepted,
    /// Its goods lie ready.
    Picked,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Its number within the order.
    pub line: u32,
    /// HQ's item code.
    pub sku: String,
    /// What is for the customer, thousandths of the base unit.
    pub quantity: i64,
    /// What was paid for what was ordered of it, tax included, minor units.
    pub net: i64,
    /// VAT in basis points.
    pub tax_rate: u32,
}

/// SHA-256, in lower-case hex, of a pick-up code with its order: it is checked
/// at a till that is cut off, and two orders with one code differ.
pub fn pick_up_hash(store: &str, order: &str, code: &str) -> String {
    let mut hash = Sha256::new();
    for part in ["pick-up", store, order, code] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_good_for_its_order_alone() {
        let hash = pick_up_hash("S001", "o1", "482915");
        assert_eq!(hash.len(), 64);
        assert_ne!(hash, pick_up_hash("S001", "o2", "482915"));
        assert_ne!(hash, pick_up_hash("S001", "o", "1482915"));
    }
}
