//! Who bears what promotions take off, between the rules and the journal.

use domain::bearer::{BEARERS_MAX, Bearer, Borne, CostShare};

use super::{UnderstandEventError, understand_amount};
use crate::event;

impl From<&CostShare> for event::CostShare {
    fn from(share: &CostShare) -> Self {
        let (who, supplier) = match &share.bearer {
            Bearer::Chain => ("chain", String::new()),
            Bearer::Store => ("store", String::new()),
            Bearer::Supplier(id) => ("supplier", id.clone()),
        };
        Self { who: who.to_owned(), supplier, share: share.basis_points }
    }
}

impl event::CostShare {
    /// Who that is to the rules; `None` where it is nobody that they know.
    pub fn understand(&self) -> Option<CostShare> {
        let bearer = match (self.who.as_str(), self.supplier.as_str()) {
            ("chain", "") => Bearer::Chain,
            ("store", "") => Bearer::Store,
            ("supplier", id) if !id.is_empty() => Bearer::Supplier(id.to_owned()),
            _ => return None,
        };
        Some(CostShare { bearer, basis_points: self.share })
    }
}

impl From<&Borne> for event::Borne {
    fn from(borne: &Borne) -> Self {
        Self {
            promotion: borne.promotion.clone(),
            line: borne.line,
            off: borne.off.minor(),
            shares: borne.shares.iter().map(Into::into).collect(),
        }
    }
}

impl event::Borne {
    pub(super) fn understand(&self, seq: u64) -> Result<Borne, UnderstandEventError> {
        let range = |what, value: usize| UnderstandEventError::Range {
            seq,
            what,
            value: i64::try_from(value).unwrap_or(i64::MAX),
        };
        if self.shares.len() > BEARERS_MAX {
            return Err(range("number of bearers", self.shares.len()));
        }
        let shares = self.shares.iter().enumerate();
        let shares = shares.map(|(place, share)| share.understand().ok_or_else(|| range("bearer", place)));
        Ok(Borne {
            promotion: self.promotion.clone(),
            line: self.line,
            off: understand_amount(seq, "amount taken off", self.off)?,
            shares: shares.collect::<Result<_, _>>()?,
        })
    }
}
