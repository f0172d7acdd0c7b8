//! Shelf labels, as far as a lane writes them down: which goods a label stands
//! for, and that a person lets a new price count before its labels show it.
//!
//! What a label shows, and how a face gets there, is known elsewhere.

use std::fmt;

/// The most items of one label: more is not readable on any panel.
pub const LABEL_ITEMS_MAX: usize = 16;

/// The longest template's name or place on a shelf, bytes.
pub const LABEL_WORD_LENGTH_MAX: usize = 64;

/// The longest item code or unit on a label, bytes.
pub const LABEL_ITEM_LENGTH_MAX: usize = 64;

/// A label's own number: sixteen hexadecimal digits, capital letters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelNumber(Box<str>);

/// A text is no number of a label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read a label's number: {0:?} is not 12 or 16 hexadecimal digits")]
pub struct ParseLabelNumberError(String);

impl LabelNumber {
    /// Reads what is printed on a label, or in its code: 16 digits, or 12,
    /// before which zeros are understood. Spaces, colons and dashes do not matter.
    pub fn parse(text: &str) -> Result<Self, ParseLabelNumberError> {
        let digits: String = text.chars().filter(|digit| !matches!(digit, ' ' | ':' | '-')).collect();
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex || !matches!(digits.len(), 12 | 16) {
            return Err(ParseLabelNumberError(text.chars().take(40).collect()));
        }
        Ok(Self(format!("{digits:0>16}").to_ascii_uppercase().into()))
    }

    /// The sixteen digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LabelNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LabelNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that a label stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelItem {
    /// HQ's item code.
    pub sku: String,
    /// The id of the pack whose price it shows; empty for the base unit.
    pub unit: String,
}

impl LabelItem {
    /// The base unit of an item.
    pub fn of(sku: &str) -> Self {
        Self { sku: sku.to_owned(), unit: String::new() }
    }
}

/// What a label stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelBinding {
    /// Which label.
    pub label: LabelNumber,
    /// Its goods, the first one first on the face; 1 to [`LABEL_ITEMS_MAX`].
    pub items: Vec<LabelItem>,
    /// The template that is used whatever the goods' condition; empty for the
    /// one that suits it.
    pub template: String,
    /// Where it hangs, in the shop's own words; may be empty.
    pub slot: String,
}

/// Why something about a label is not written down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelRefusal {
    /// There are none, too many, or one stands there twice.
    #[error("a label stands for 1 to {LABEL_ITEMS_MAX} different items")]
    Items,
    /// The lane does not know this item, or not in this pack.
    #[error("item {0:?} is not known")]
    ItemUnknown(String),
    /// A name is too long.
    #[error("{0:?} is too long")]
    Word(String),
    /// A label does not take its own place.
    #[error("a label cannot take its own place")]
    SameLabel,
}

impl LabelBinding {
    /// Whether it can be written down, as far as its form goes.
    pub fn check(&self) -> Result<(), LabelRefusal> {
        if !(1..=LABEL_ITEMS_MAX).contains(&self.items.len()) {
            return Err(LabelRefusal::Items);
        }
        for (place, item) in self.items.iter().enumerate() {
            item.check()?;
            if self.items[..place].contains(item) {
                return Err(LabelRefusal::Items);
            }
        }
        for word in [&self.template, &self.slot] {
            if word.len() > LABEL_WORD_LENGTH_MAX || word.chars().any(char::is_control) {
                return Err(LabelRefusal::Word(word.chars().take(LABEL_WORD_LENGTH_MAX).collect()));
            }
        }
        Ok(())
    }
}

impl LabelItem {
    /// Whether it can be an item, as far as its form goes.
    pub fn check(&self) -> Result<(), LabelRefusal> {
        let fits = |text: &str| text.len() <= LABEL_ITEM_LENGTH_MAX && !text.chars().any(char::is_control);
        if self.sku.is_empty() || !fits(&self.sku) || !fits(&self.unit) {
            return Err(LabelRefusal::ItemUnknown(self.sku.chars().take(LABEL_ITEM_LENGTH_MAX).collect()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(skus: &[&str]) -> LabelBinding {
        LabelBinding {
            label: LabelNumber::parse("00000218A3F5C611").expect("a number"),
            items: skus.iter().map(|sku| LabelItem::of(sku)).collect(),
            template: String::new(),
            slot: "A-3-2".into(),
        }
    }

    #[test]
    fn a_label_has_one_number_however_it_is_written() {
        let number = LabelNumber::parse("00000218a3f5c611").expect("a number");
        assert_eq!(number.as_str(), "00000218A3F5C611");
        assert_eq!(LabelNumber::parse("02:18:A3:F5:C6:11"), Ok(number));
        for wrong in ["", "0218", "6901234567892", "0218A3F5C61G", "00000218A3F5C61100"] {
            assert!(LabelNumber::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_label_stands_for_some_items_and_each_once() {
        assert_eq!(binding(&["a"]).check(), Ok(()));
        assert_eq!(binding(&[]).check(), Err(LabelRefusal::Items));
        assert_eq!(binding(&["a", "b", "a"]).check(), Err(LabelRefusal::Items));
        assert_eq!(binding(&["a"; LABEL_ITEMS_MAX + 1]).check(), Err(LabelRefusal::Items));
        assert_eq!(binding(&[""]).check(), Err(LabelRefusal::ItemUnknown(String::new())));
        let mut packs = binding(&["a", "a"]);
        packs.items[1].unit = "case".into();
        assert_eq!(packs.check(), Ok(()));
        let long = "长".repeat(LABEL_WORD_LENGTH_MAX / 3 + 1);
        assert!(matches!(LabelBinding { slot: long, ..binding(&["a"]) }.check(), Err(LabelRefusal::Word(_))));
    }
}
