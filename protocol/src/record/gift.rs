//! Goods that were free for others, between the rules and the journal.

use std::sync::Arc;

use domain::catalogue::Item;
use domain::gift::{Free, FreeGoods, KeptGift, Units, Withheld};
use domain::money::Money;

use super::{UnderstandEventError, understand_amount, understand_rate};
use crate::event;

impl From<&FreeGoods> for event::FreeGoods {
    fn from(gift: &FreeGoods) -> Self {
        let units = |of: &Units| event::Units { line: of.line, units: of.units };
        let free = |free: &Free| event::Free {
            line: free.goods.line,
            units: free.goods.units,
            each: free.each.minor(),
        };
        Self {
            promotion: (&gift.promotion).into(),
            times: gift.times,
            earned_by: gift.earned_by.iter().map(units).collect(),
            free: gift.free.iter().map(free).collect(),
        }
    }
}

impl event::FreeGoods {
    /// Whether its lines can hold so much is seen where they are known.
    pub(super) fn understand(&self, seq: u64) -> Result<FreeGoods, UnderstandEventError> {
        let free = |free: &event::Free| {
            Ok(Free {
                goods: Units { line: free.line, units: free.units },
                each: understand_amount(seq, "what a gift would cost", free.each)?,
            })
        };
        Ok(FreeGoods {
            promotion: (&self.promotion).into(),
            times: self.times,
            earned_by: self.earned_by.iter().map(|of| Units { line: of.line, units: of.units }).collect(),
            free: self.free.iter().map(free).collect::<Result<_, UnderstandEventError>>()?,
        })
    }
}

impl From<&KeptGift> for event::KeptGift {
    fn from(kept: &KeptGift) -> Self {
        let item = kept.item.as_ref();
        Self {
            origin: (&kept.origin).into(),
            line: kept.line,
            sku: item.sku.clone(),
            code: item.code.clone(),
            name_zh: item.name_zh.clone(),
            name_en: item.name_en.clone(),
            spec: item.spec.clone(),
            quantity: kept.thousandths,
            amount: kept.amount.minor(),
            tax: kept.tax.minor(),
            tax_rate: item.tax_rate.basis_points(),
        }
    }
}

impl event::KeptGift {
    pub(super) fn understand(&self, seq: u64) -> Result<KeptGift, UnderstandEventError> {
        Ok(KeptGift {
            origin: (&self.origin).into(),
            line: self.line,
            item: Arc::new(Item {
                name_zh: self.name_zh.clone(),
                name_en: self.name_en.clone(),
                spec: self.spec.clone(),
                code: self.code.clone(),
                ..Item::plain(&self.sku, Money::ZERO, understand_rate(seq, self.tax_rate)?)
            }),
            thousandths: understand_amount(seq, "kept pieces", self.quantity)?.minor(),
            amount: understand_amount(seq, "what is kept back", self.amount)?,
            tax: understand_amount(seq, "tax of what is kept back", self.tax)?,
        })
    }
}

/// What is kept back, where anything is.
pub(super) fn encode_withheld(kept: Withheld) -> Option<event::Withheld> {
    (kept != Withheld::default()).then(|| event::Withheld {
        quantity: kept.thousandths,
        amount: kept.amount.minor(),
        tax: kept.tax.minor(),
    })
}

impl event::Withheld {
    pub(super) fn understand(self, seq: u64) -> Result<Withheld, UnderstandEventError> {
        Ok(Withheld {
            thousandths: self.quantity,
            amount: understand_amount(seq, "what is kept back", self.amount)?,
            tax: understand_amount(seq, "tax of what is kept back", self.tax)?,
        })
    }
}
