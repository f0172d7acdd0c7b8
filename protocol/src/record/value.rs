//! Stored value between the rules and the journal.

use domain::money::Money;
use domain::value::{StoredTender, TopUp, Value, ValueGrant};

use super::{UnderstandEventError, understand_amount};
use crate::event;

impl From<Value> for event::Value {
    fn from(value: Value) -> Self {
        Self { principal: value.principal.minor(), bonus: value.bonus.minor() }
    }
}

impl event::Value {
    /// The value as the rules see it; its parts may be below nothing.
    pub fn understand(&self, seq: u64) -> Result<Value, UnderstandEventError> {
        Ok(Value {
            principal: understand_amount(seq, "principal", self.principal)?,
            bonus: understand_amount(seq, "bonus", self.bonus)?,
        })
    }
}

impl event::ValueGrant {
    /// The grant as the rules see it, where its numbers can be. `seq` is that
    /// of the event it stands in, for the refusal.
    pub fn understand(&self, seq: u64) -> Result<ValueGrant, UnderstandEventError> {
        Ok(ValueGrant {
            lease: self.lease.clone(),
            member: self.member.clone(),
            lent: self.lent.understand(seq)?,
            balance: understand_amount(seq, "balance", self.balance)?,
            until_ms: self.until_ms,
        })
    }
}

impl From<&StoredTender> for event::Stored {
    fn from(stored: &StoredTender) -> Self {
        Self {
            member: stored.member.clone(),
            lease: stored.lease.clone(),
            until_ms: stored.until_ms,
            part: stored.part.into(),
            of: (stored.of != stored.part).then(|| stored.of.into()),
            left: stored.left.map(Money::minor),
        }
    }
}

impl event::Stored {
    pub(super) fn understand(&self, seq: u64) -> Result<StoredTender, UnderstandEventError> {
        let part = self.part.understand(seq)?;
        let of = self.of.map(|of| of.understand(seq)).transpose()?.unwrap_or(part);
        // What is left of a payment, or goes back, is never more than was paid.
        let back = Value::NOTHING.less(part);
        let fits = |value: Value| value.is_amount() && of.less(value).is_amount();
        if !of.is_amount() || !(fits(part) || fits(back)) {
            return Err(UnderstandEventError::Sums { seq });
        }
        Ok(StoredTender {
            member: self.member.clone(),
            lease: self.lease.clone(),
            until_ms: self.until_ms,
            part,
            of,
            left: self.left.map(|left| understand_amount(seq, "balance", left)).transpose()?,
        })
    }
}

impl From<&TopUp> for event::TopUp {
    fn from(top_up: &TopUp) -> Self {
        Self { member: top_up.member.clone(), value: top_up.value.into() }
    }
}

impl event::TopUp {
    pub(super) fn understand(&self, seq: u64) -> Result<TopUp, UnderstandEventError> {
        Ok(TopUp { member: self.member.clone(), value: self.value.understand(seq)? })
    }
}
