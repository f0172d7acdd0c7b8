//! Shelf labels, between the rules and the journal.

use domain::basket::KeptPrice;
use domain::label::{LabelBinding, LabelItem, LabelNumber};

use super::{UnderstandEventError, understand_amount};
use crate::event;

impl From<&LabelItem> for event::LabelItem {
    fn from(item: &LabelItem) -> Self {
        Self { sku: item.sku.clone(), unit: item.unit.clone() }
    }
}

impl From<&event::LabelItem> for LabelItem {
    fn from(item: &event::LabelItem) -> Self {
        Self { sku: item.sku.clone(), unit: item.unit.clone() }
    }
}

impl From<&LabelBinding> for event::LabelBinding {
    fn from(binding: &LabelBinding) -> Self {
        Self {
            label: binding.label.to_string(),
            items: binding.items.iter().map(Into::into).collect(),
            template: binding.template.clone(),
            slot: binding.slot.clone(),
        }
    }
}

/// A label's number. `seq` is that of the event it stands in, for the refusal.
pub(super) fn understand_label(seq: u64, text: &str) -> Result<LabelNumber, UnderstandEventError> {
    LabelNumber::parse(text).map_err(|_| UnderstandEventError::Label { seq })
}

impl event::LabelItem {
    /// The item as the rules see it, where it can be one.
    pub fn understand(&self, seq: u64) -> Result<LabelItem, UnderstandEventError> {
        let item = LabelItem::from(self);
        item.check().map_err(|_| UnderstandEventError::Label { seq })?;
        Ok(item)
    }
}

impl event::LabelBinding {
    /// The binding as the rules see it, where it can be one. `seq` is that of
    /// the event it stands in, for the refusal.
    pub fn understand(&self, seq: u64) -> Result<LabelBinding, UnderstandEventError> {
        let binding = LabelBinding {
            label: understand_label(seq, &self.label)?,
            items: self.items.iter().map(Into::into).collect(),
            template: self.template.clone(),
            slot: self.slot.clone(),
        };
        binding.check().map_err(|_| UnderstandEventError::Label { seq })?;
        Ok(binding)
    }
}

impl From<&KeptPrice> for event::KeptPrice {
    fn from(kept: &KeptPrice) -> Self {
        Self { label: kept.label.clone(), otherwise: kept.otherwise.minor() }
    }
}

impl event::KeptPrice {
    pub(super) fn understand(&self, seq: u64) -> Result<KeptPrice, UnderstandEventError> {
        let otherwise = understand_amount(seq, "price", self.otherwise)?;
        Ok(KeptPrice { label: self.label.clone(), otherwise })
    }
}
