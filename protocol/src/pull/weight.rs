//! What a piece of goods weighs on bagging scales, as all lanes of the chain have seen it.

use domain::till::kiosk::SecurityWeight;
use serde::{Deserialize, Serialize};

/// The weighings of one kind of piece: how many, the sum of their grams, and the sum of the squares of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// HQ's item code.
    pub sku: String,
    /// HQ's id of the pack; absent for a base unit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// How many weighings there were.
    pub count: u32,
    /// The sum of them, grams.
    pub grams: i64,
    /// The sum of their squares.
    pub squares: i64,
}

impl Weight {
    /// What it is known by among those of its kind.
    pub fn key(sku: &str, unit: &str) -> String {
        serde_json::to_string(&(sku, unit)).expect("plain data serialises")
    }

    /// What it says; `None` where no weighings can have such sums.
    pub fn understand(&self) -> Option<SecurityWeight> {
        SecurityWeight::of_sums(self.count, self.grams, self.squares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull::{Change, Entity};

    #[test]
    fn how_weights_are_told_never_changes() {
        let told = |unit: &str| {
            let weight =
                Weight { sku: "100001".into(), unit: unit.into(), count: 3, grams: 1_710, squares: 974_702 };
            assert!(weight.understand().is_some_and(|weight| weight.is_known()));
            let key = Weight::key(&weight.sku, &weight.unit);
            let change = Change { version: 7, key, entity: Entity::Weight(Some(weight)) };
            let text = serde_json::to_string(&change).expect("JSON");
            assert_eq!(serde_json::from_str::<Change>(&text).expect("read"), change);
            text
        };
        let lines = [told(""), told("six")];
        expect_test::expect_file!["../../../fixtures/wire/board-v1/weights.txt"].assert_eq(&lines.join("\n"));
    }
}
