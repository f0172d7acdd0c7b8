//! Goods that come back, between the rules and the journal.

use std::sync::Arc;

use domain::catalogue::Item;
use domain::money::Money;
use domain::refund::{Origin, PastLine, PastSale, ReturnedLine};

use super::{UnderstandEventError, understand_amount, understand_quantity, understand_rate};
use crate::event;

impl From<&Origin> for event::Origin {
    fn from(origin: &Origin) -> Self {
        Self { store: origin.store.clone(), lane: origin.lane, epoch: origin.epoch, seq: origin.seq }
    }
}

impl From<&event::Origin> for Origin {
    fn from(origin: &event::Origin) -> Self {
        Self { store: origin.store.clone(), lane: origin.lane, epoch: origin.epoch, seq: origin.seq }
    }
}

impl From<&ReturnedLine> for event::Returned {
    fn from(back: &ReturnedLine) -> Self {
        let item = back.item.as_ref();
        Self {
            origin: back.origin.as_ref().map(Into::into),
            line: back.line,
            sku: item.sku.clone(),
            code: back.code.clone(),
            name_zh: item.name_zh.clone(),
            name_en: item.name_en.clone(),
            spec: item.spec.clone(),
            category: item.category.clone(),
            weighed: item.weighed,
            quantity: back.quantity.thousandths(),
            stock: back.stock.iter().map(Into::into).collect(),
            before: back.before,
            amount: back.amount.minor(),
            tax: back.tax.minor(),
            tax_rate: item.tax_rate.basis_points(),
            reason: back.reason.clone(),
            seller: back.seller.as_deref().map(Into::into),
            membership: item.membership,
        }
    }
}

impl event::Returned {
    pub(super) fn understand(&self, seq: u64) -> Result<ReturnedLine, UnderstandEventError> {
        Ok(ReturnedLine {
            origin: self.origin.as_ref().map(Into::into),
            line: self.line,
            item: Arc::new(Item {
                name_zh: self.name_zh.clone(),
                name_en: self.name_en.clone(),
                spec: self.spec.clone(),
                category: self.category.clone(),
                weighed: self.weighed,
                code: self.code.clone(),
                membership: self.membership,
                // What comes back is worth its amount; nobody asks for a price again.
                ..Item::plain(&self.sku, Money::ZERO, understand_rate(seq, self.tax_rate)?)
            }),
            code: self.code.clone(),
            quantity: understand_quantity(seq, self.quantity)?,
            stock: self.stock.iter().map(|line| line.understand(seq)).collect::<Result<_, _>>()?,
            before: understand_before(seq, self.before)?,
            amount: understand_amount(seq, "returned amount", self.amount)?,
            tax: understand_amount(seq, "returned tax", self.tax)?,
            reason: self.reason.clone(),
            seller: self.seller.as_ref().map(Into::into).map(Arc::new),
        })
    }
}

/// How much came back before: nothing, or what a line holds.
fn understand_before(seq: u64, thousandths: i64) -> Result<i64, UnderstandEventError> {
    match thousandths {
        0 => Ok(0),
        _ => understand_quantity(seq, thousandths).map(|_| thousandths),
    }
}

impl From<&PastSale> for event::PastSale {
    fn from(past: &PastSale) -> Self {
        let lines = past.lines.iter().map(|past| event::PastLine {
            line: (&past.line).into(),
            tax: past.tax.minor(),
            returned: past.returned,
            kept: super::gift::encode_withheld(past.kept),
        });
        Self {
            origin: (&past.origin).into(),
            currency: past.currency.clone(),
            lines: lines.collect(),
            left: past.left.minor(),
            tenders: past.tenders.iter().map(Into::into).collect(),
            points: past.points.as_ref().map(Into::into),
            gifts: past.gifts.iter().map(Into::into).collect(),
            uses: past.uses.iter().map(Into::into).collect(),
            borne: past.borne.iter().map(Into::into).collect(),
            coupons: past.coupons.clone(),
        }
    }
}

impl event::PastSale {
    pub(super) fn understand(&self, seq: u64) -> Result<PastSale, UnderstandEventError> {
        let line = |past: &event::PastLine| {
            Ok(PastLine {
                line: past.line.understand(seq)?,
                tax: understand_amount(seq, "tax", past.tax)?,
                returned: past.returned,
                kept: past.kept.map(|kept| kept.understand(seq)).transpose()?.unwrap_or_default(),
            })
        };
        let past = PastSale {
            origin: (&self.origin).into(),
            currency: self.currency.clone(),
            lines: self.lines.iter().map(line).collect::<Result<_, UnderstandEventError>>()?,
            left: understand_amount(seq, "left", self.left)?,
            tenders: self.tenders.iter().map(|tender| tender.understand(seq)).collect::<Result<_, _>>()?,
            points: self.points.as_ref().map(|points| points.understand(seq)).transpose()?,
            gifts: self.gifts.iter().map(|gift| gift.understand(seq)).collect::<Result<_, _>>()?,
            uses: self.uses.iter().map(|used| used.understand(seq)).collect::<Result<_, _>>()?,
            borne: self.borne.iter().map(|borne| borne.understand(seq)).collect::<Result<_, _>>()?,
            coupons: self.coupons.clone(),
        };
        if past.is_within_bounds() { Ok(past) } else { Err(UnderstandEventError::Sums { seq }) }
    }
}
