//! Tenders and payments between the rules and the journal.

use domain::payment::{Outcome, Purpose};
use domain::tender::{CardEnd, Tender, TenderKind, Wallet};

use super::{UnderstandEventError, understand_amount};
use crate::event;

/// A kind of tender as the journal names it.
pub(super) fn kind_name(kind: TenderKind) -> &'static str {
    match kind {
        TenderKind::Cash => "cash",
        TenderKind::ForeignCash => "foreign_cash",
        TenderKind::Wallet(Wallet::WeChat) => "wechat",
        TenderKind::Wallet(Wallet::Alipay) => "alipay",
        TenderKind::Wallet(Wallet::UnionPay) => "unionpay",
        TenderKind::Wallet(Wallet::Card) => "card",
        TenderKind::Voucher => "voucher",
        TenderKind::StoredValue => "stored_value",
    }
}

/// The kind that a name stands for.
pub(super) fn understand_kind(seq: u64, name: &str) -> Result<TenderKind, UnderstandEventError> {
    Ok(match name {
        "cash" => TenderKind::Cash,
        "foreign_cash" => TenderKind::ForeignCash,
        "wechat" => TenderKind::Wallet(Wallet::WeChat),
        "alipay" => TenderKind::Wallet(Wallet::Alipay),
        "unionpay" => TenderKind::Wallet(Wallet::UnionPay),
        "card" => TenderKind::Wallet(Wallet::Card),
        "voucher" => TenderKind::Voucher,
        "stored_value" => TenderKind::StoredValue,
        _ => return Err(UnderstandEventError::Tender { seq, kind: name.to_owned() }),
    })
}

/// The end of a card's number; empty for none.
pub(super) fn encode_card(card: Option<CardEnd>) -> String {
    card.map(|card| card.to_string()).unwrap_or_default()
}

/// The end of a card's number. One that says more than it may is refused, whoever wrote it.
pub(super) fn understand_card(seq: u64, card: &str) -> Result<Option<CardEnd>, UnderstandEventError> {
    if card.is_empty() {
        return Ok(None);
    }
    CardEnd::parse(card).map(Some).map_err(|_| UnderstandEventError::Card { seq })
}

impl From<&Tender> for event::Tender {
    fn from(tender: &Tender) -> Self {
        let mut encoded = Self {
            kind: kind_name(tender.kind()).into(),
            amount: tender.amount().minor(),
            payment: None,
            reference: String::new(),
            foreign: None,
            card: String::new(),
            stored: None,
        };
        match tender {
            Tender::Cash(_) => {}
            Tender::ForeignCash { currency, amount, rate, .. } => {
                encoded.foreign =
                    Some(event::Foreign { currency: currency.clone(), amount: amount.minor(), rate: *rate });
            }
            Tender::Wallet { payment, reference, card, .. } => {
                encoded.card = encode_card(*card);
                encoded.payment = Some(*payment);
                encoded.reference = reference.clone();
            }
            Tender::Voucher { number, .. } => encoded.reference = number.clone(),
            Tender::StoredValue(stored) => encoded.stored = Some(stored.into()),
        }
        encoded
    }
}

impl event::Tender {
    pub(super) fn understand(&self, seq: u64) -> Result<Tender, UnderstandEventError> {
        let amount = understand_amount(seq, "tender", self.amount)?;
        let incomplete = || UnderstandEventError::Tender { seq, kind: self.kind.clone() };
        Ok(match understand_kind(seq, &self.kind)? {
            TenderKind::Cash => Tender::Cash(amount),
            TenderKind::ForeignCash => {
                let foreign = self.foreign.as_ref().ok_or_else(incomplete)?;
                Tender::ForeignCash {
                    currency: foreign.currency.clone(),
                    amount: understand_amount(seq, "foreign amount", foreign.amount)?,
                    rate: foreign.rate,
                    value: amount,
                }
            }
            TenderKind::Wallet(wallet) => Tender::Wallet {
                wallet,
                payment: self.payment.ok_or_else(incomplete)?,
                reference: self.reference.clone(),
                amount,
                card: understand_card(seq, &self.card)?,
            },
            TenderKind::Voucher => Tender::Voucher { number: self.reference.clone(), amount },
            TenderKind::StoredValue => {
                let stored = self.stored.as_ref().ok_or_else(incomplete)?.understand(seq)?;
                if stored.part.total() != amount {
                    return Err(UnderstandEventError::Sums { seq });
                }
                Tender::StoredValue(stored)
            }
        })
    }
}

impl From<Wallet> for event::Wallet {
    fn from(wallet: Wallet) -> Self {
        match wallet {
            Wallet::WeChat => Self::WeChat,
            Wallet::Alipay => Self::Alipay,
            Wallet::UnionPay => Self::UnionPay,
            Wallet::Card => Self::Card,
        }
    }
}

impl From<event::Wallet> for Wallet {
    fn from(wallet: event::Wallet) -> Self {
        match wallet {
            event::Wallet::WeChat => Self::WeChat,
            event::Wallet::Alipay => Self::Alipay,
            event::Wallet::UnionPay => Self::UnionPay,
            event::Wallet::Card => Self::Card,
        }
    }
}

pub(super) fn encode_purpose(purpose: &Purpose) -> Option<event::RefundOf> {
    match purpose {
        Purpose::Charge => None,
        Purpose::Refund { origin, payment } => {
            Some(event::RefundOf { origin: origin.as_ref().map(Into::into), payment: *payment })
        }
    }
}

pub(super) fn understand_purpose(refund: Option<&event::RefundOf>) -> Purpose {
    match refund {
        None => Purpose::Charge,
        Some(refund) => {
            Purpose::Refund { origin: refund.origin.as_ref().map(Into::into), payment: refund.payment }
        }
    }
}

impl From<Outcome> for event::PaymentOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Paid => Self::Paid,
            Outcome::Declined => Self::Declined,
            Outcome::Closed => Self::Closed,
            Outcome::Reversed => Self::Reversed,
            Outcome::PaidAfterAll => Self::PaidAfterAll,
            Outcome::InDoubt => Self::InDoubt,
        }
    }
}

impl From<event::PaymentOutcome> for Outcome {
    fn from(outcome: event::PaymentOutcome) -> Self {
        match outcome {
            event::PaymentOutcome::Paid => Self::Paid,
            event::PaymentOutcome::Declined => Self::Declined,
            event::PaymentOutcome::Closed => Self::Closed,
            event::PaymentOutcome::Reversed => Self::Reversed,
            event::PaymentOutcome::PaidAfterAll => Self::PaidAfterAll,
            event::PaymentOutcome::InDoubt => Self::InDoubt,
        }
    }
}
