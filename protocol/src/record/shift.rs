//! Shifts, their cash and their people, between the rules and the journal.

use std::sync::Arc;

use domain::basket::Basket;
use domain::money::Money;
use domain::payment::{Belongs, Payment};
use domain::rights::Act;
use domain::shift::{
    Carried, CashMove, Denomination, GrandTotals, Parked, ParkedId, ShiftReport, Takings, Tally, counted,
};
use domain::stock::TransfersHere;

use super::tender::{encode_purpose, kind_name, understand_kind, understand_purpose};
use super::{UnderstandEventError, understand_amount, understand_discount};
use crate::event;

impl From<CashMove> for event::CashMove {
    fn from(kind: CashMove) -> Self {
        match kind {
            CashMove::PayIn => Self::PayIn,
            CashMove::PayOut => Self::PayOut,
            CashMove::Drop => Self::Drop,
        }
    }
}

impl From<event::CashMove> for CashMove {
    fn from(kind: event::CashMove) -> Self {
        match kind {
            event::CashMove::PayIn => Self::PayIn,
            event::CashMove::PayOut => Self::PayOut,
            event::CashMove::Drop => Self::Drop,
        }
    }
}

impl From<&Denomination> for event::Denomination {
    fn from(one: &Denomination) -> Self {
        Self { value: one.value.minor(), count: one.count }
    }
}

/// What was counted; refuses a sum that is not that of its parts.
pub(super) fn understand_count(
    seq: u64,
    denominations: &[event::Denomination],
    total: i64,
) -> Result<Vec<Denomination>, UnderstandEventError> {
    let parts: Vec<Denomination> = denominations
        .iter()
        .map(|one| Denomination { value: Money::from_minor(one.value), count: one.count })
        .collect();
    if counted(&parts) == Some(Money::from_minor(total)) {
        Ok(parts)
    } else {
        Err(UnderstandEventError::Sums { seq })
    }
}

impl From<Tally> for event::Tally {
    fn from(tally: Tally) -> Self {
        Self { count: tally.count, amount: tally.amount.minor() }
    }
}

impl event::Tally {
    fn understand(self) -> Tally {
        Tally { count: self.count, amount: Money::from_minor(self.amount) }
    }
}

impl From<GrandTotals> for event::GrandTotals {
    fn from(totals: GrandTotals) -> Self {
        Self { documents: totals.documents, sold: totals.sold.minor(), returned: totals.returned.minor() }
    }
}

impl event::GrandTotals {
    /// Sums over a journal's life may be above what one document carries, but
    /// leave room to go on.
    fn understand(self, seq: u64) -> Result<GrandTotals, UnderstandEventError> {
        for value in [self.sold, self.returned] {
            if value.unsigned_abs() > i64::MAX.unsigned_abs() / 2 {
                return Err(UnderstandEventError::Range { seq, what: "running sum", value });
            }
        }
        Ok(GrandTotals {
            documents: self.documents,
            sold: Money::from_minor(self.sold),
            returned: Money::from_minor(self.returned),
        })
    }
}

impl From<&ShiftReport> for event::ShiftReport {
    fn from(report: &ShiftReport) -> Self {
        let takings = &report.takings;
        Self {
            number: report.number,
            business_date: report.business_date,
            float: takings.float.minor(),
            documents: takings.documents,
            sold: takings.sold.minor(),
            returned: takings.returned.into(),
            rounding: takings.rounding.minor(),
            tenders: takings
                .tenders
                .iter()
                .map(|(kind, sum)| event::TenderSum { kind: kind_name(*kind).into(), amount: sum.minor() })
                .collect(),
            foreign: takings
                .foreign
                .iter()
                .map(|(currency, sum)| event::ForeignSum { currency: currency.clone(), amount: sum.minor() })
                .collect(),
            paid_in: takings.paid_in.into(),
            paid_out: takings.paid_out.into(),
            dropped: takings.dropped.into(),
            voided: takings.voided.into(),
            cancelled: takings.cancelled.into(),
            discounts: takings.discounts.minor(),
            drawer_opened: takings.drawer_opened,
            topped_up: takings.topped_up.into(),
            expected_cash: takings.expected_cash().minor(),
            counted: report.counted.map(Money::minor),
            variance: report.variance().map(Money::minor),
            totals: report.totals.into(),
            parked: report.parked.clone(),
            in_doubt: report.in_doubt.clone(),
        }
    }
}

impl event::ShiftReport {
    pub(super) fn understand(&self, seq: u64) -> Result<ShiftReport, UnderstandEventError> {
        let money = Money::from_minor;
        let tenders =
            self.tenders.iter().map(|sum| Ok((understand_kind(seq, &sum.kind)?, money(sum.amount))));
        Ok(ShiftReport {
            number: self.number,
            business_date: self.business_date,
            takings: Takings {
                float: money(self.float),
                documents: self.documents,
                sold: money(self.sold),
                returned: self.returned.understand(),
                rounding: money(self.rounding),
                tenders: tenders.collect::<Result<_, UnderstandEventError>>()?,
                foreign: self.foreign.iter().map(|sum| (sum.currency.clone(), money(sum.amount))).collect(),
                paid_in: self.paid_in.understand(),
                paid_out: self.paid_out.understand(),
                dropped: self.dropped.understand(),
                voided: self.voided.understand(),
                cancelled: self.cancelled.understand(),
                discounts: money(self.discounts),
                drawer_opened: self.drawer_opened,
                topped_up: self.topped_up.understand(),
            },
            counted: self.counted.map(money),
            totals: self.totals.understand(seq)?,
            parked: self.parked.clone(),
            in_doubt: self.in_doubt.clone(),
        })
    }
}

/// What goes on, where anything does: nothing leaves no trace.
pub(super) fn encode_carried(carried: &Carried) -> Option<Box<event::Carried>> {
    if *carried == Carried::default() {
        return None;
    }
    Some(Box::new(event::Carried {
        totals: carried.totals.into(),
        parked: carried.parked.iter().map(Into::into).collect(),
        parked_count: carried.parked_count,
        payments: carried.payments.iter().map(Into::into).collect(),
        payment_count: carried.payment_count,
        coupons_spent: carried.coupons_spent.clone(),
        leases_spent: carried.leases_spent.iter().map(Into::into).collect(),
        quota_counts: super::quota::encode_counts(&carried.quota_counts),
        used_codes: super::phone::encode_used(&carried.used_codes),
        orders: super::order::encode_orders(&carried.orders),
        transfers_sent: carried.transfers.sent().to_vec(),
        transfers_received: carried.transfers.received().to_vec(),
    }))
}

impl event::Carried {
    pub(super) fn understand(&self, seq: u64) -> Result<Carried, UnderstandEventError> {
        Ok(Carried {
            totals: self.totals.understand(seq)?,
            parked: self.parked.iter().map(|parked| parked.understand(seq)).collect::<Result<_, _>>()?,
            parked_count: self.parked_count,
            payments: self
                .payments
                .iter()
                .map(|payment| payment.understand(seq))
                .collect::<Result<_, _>>()?,
            payment_count: self.payment_count,
            coupons_spent: self.coupons_spent.clone(),
            leases_spent: self
                .leases_spent
                .iter()
                .map(|known| known.understand(seq))
                .collect::<Result<_, _>>()?,
            quota_counts: super::quota::understand_counts(&self.quota_counts),
            used_codes: super::phone::understand_used(seq, &self.used_codes)?,
            orders: super::order::understand_orders(&self.orders),
            transfers: TransfersHere::of(self.transfers_sent.clone(), self.transfers_received.clone()),
        })
    }
}

impl From<ParkedId> for event::ParkedId {
    fn from(id: ParkedId) -> Self {
        Self { lane: id.lane, epoch: id.epoch, number: id.number }
    }
}

impl From<event::ParkedId> for ParkedId {
    fn from(id: event::ParkedId) -> Self {
        Self { lane: id.lane, epoch: id.epoch, number: id.number }
    }
}

impl From<&Parked> for event::Parked {
    fn from(parked: &Parked) -> Self {
        let basket = &parked.basket;
        Self {
            number: parked.number,
            staff: parked.staff.clone(),
            at_ms: parked.at_ms,
            note: parked.note.clone(),
            lines: basket.lines().iter().map(Into::into).collect(),
            numbers_given: basket.numbers_given(),
            age_confirmed: basket.age_confirmed(),
            voids: basket.voids(),
            discount: basket.discount().map(Into::into),
            member: basket.member().map(|member| member.as_ref().into()),
            coupons: basket.coupons().iter().map(Into::into).collect(),
            tender: basket.tender().map(|kind| kind_name(kind).to_owned()),
            tenders: parked.tenders.iter().map(Into::into).collect(),
            seller: basket.seller().map(|seller| seller.as_ref().into()),
            sale_note: basket.note().to_owned(),
            phones: basket.phones().iter().map(Into::into).collect(),
        }
    }
}

impl event::Parked {
    /// The basket as the rules see it. `seq` is that of the event it stands
    /// in, for the refusal.
    pub fn understand(&self, seq: u64) -> Result<Parked, UnderstandEventError> {
        let lines = self.lines.iter().map(|line| line.understand(seq)).collect::<Result<_, _>>()?;
        let discount = understand_discount(seq, self.discount.as_ref())?;
        Ok(Parked {
            number: self.number,
            staff: self.staff.clone(),
            at_ms: self.at_ms,
            note: self.note.clone(),
            basket: Basket::parked(lines, self.numbers_given, self.age_confirmed, self.voids, discount)
                .brought_by(
                    self.member.as_ref().map(Into::into),
                    self.coupons.iter().map(Into::into).collect(),
                    self.tender.as_ref().map(|kind| understand_kind(seq, kind)).transpose()?,
                )
                .sold_by(self.seller.as_ref().map(Into::into).map(Arc::new), self.sale_note.clone())
                .scanned_by(self.phones.iter().map(|taken| taken.understand(seq)).collect::<Result<_, _>>()?),
            tenders: self.tenders.iter().map(|tender| tender.understand(seq)).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&Payment> for event::OpenPayment {
    fn from(payment: &Payment) -> Self {
        Self {
            number: payment.number,
            wallet: payment.wallet.into(),
            amount: payment.amount.minor(),
            refund: encode_purpose(&payment.purpose),
            parked: match payment.belongs {
                Belongs::Parked(basket) => Some(basket),
                // A shift begins without a basket.
                Belongs::Open | Belongs::Nothing => None,
            },
            in_doubt: payment.in_doubt,
            epoch: payment.epoch,
        }
    }
}

impl event::OpenPayment {
    fn understand(&self, seq: u64) -> Result<Payment, UnderstandEventError> {
        let mut payment = Payment::carried(
            self.number,
            self.wallet.into(),
            understand_amount(seq, "payment", self.amount)?,
            understand_purpose(self.refund.as_ref()),
            self.parked.map_or(Belongs::Nothing, Belongs::Parked),
            self.in_doubt,
        );
        payment.epoch = self.epoch;
        Ok(payment)
    }
}

impl From<Act> for event::Act {
    fn from(act: Act) -> Self {
        match act {
            Act::SetPrice => Self::SetPrice,
            Act::GiveAway => Self::GiveAway,
            Act::Discount => Self::Discount,
            Act::Void => Self::Void,
            Act::Cancel => Self::Cancel,
            Act::Return => Self::Return,
            Act::BlindReturn => Self::BlindReturn,
            Act::OpenDrawer => Self::OpenDrawer,
            Act::TakeOut => Self::TakeOut,
            Act::Report => Self::Report,
            Act::ResolvePayment => Self::ResolvePayment,
            Act::TakeOver => Self::TakeOver,
            Act::TypeWeight => Self::TypeWeight,
            Act::WaiveLabels => Self::WaiveLabels,
            Act::ConfirmAge => Self::ConfirmAge,
            Act::Attend => Self::Attend,
            Act::CountStock => Self::CountStock,
            Act::SeeMargins => Self::SeeMargins,
            Act::NameBuyer => Self::NameBuyer,
        }
    }
}

impl From<event::Act> for Act {
    fn from(act: event::Act) -> Self {
        match act {
            event::Act::SetPrice => Self::SetPrice,
            event::Act::GiveAway => Self::GiveAway,
            event::Act::Discount => Self::Discount,
            event::Act::Void => Self::Void,
            event::Act::Cancel => Self::Cancel,
            event::Act::Return => Self::Return,
            event::Act::BlindReturn => Self::BlindReturn,
            event::Act::OpenDrawer => Self::OpenDrawer,
            event::Act::TakeOut => Self::TakeOut,
            event::Act::Report => Self::Report,
            event::Act::ResolvePayment => Self::ResolvePayment,
            event::Act::TakeOver => Self::TakeOver,
            event::Act::TypeWeight => Self::TypeWeight,
            event::Act::WaiveLabels => Self::WaiveLabels,
            event::Act::ConfirmAge => Self::ConfirmAge,
            event::Act::Attend => Self::Attend,
            event::Act::CountStock => Self::CountStock,
            event::Act::SeeMargins => Self::SeeMargins,
            event::Act::NameBuyer => Self::NameBuyer,
        }
    }
}
