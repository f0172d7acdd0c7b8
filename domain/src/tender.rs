//! Means of payment put against a basket. Whether one is accepted is the till's to decide.

use crate::money::Money;
use crate::value::StoredTender;

/// The most tenders of one basket.
pub const TENDERS_MAX: usize = 16;

/// The most characters of a number or reference that a tender keeps.
pub const REFERENCE_LENGTH_MAX: usize = 64;

/// How many digits of a card's number are kept: the last ones, which its slip shows too.
pub const CARD_DIGITS: usize = 4;

/// The last digits of a card's number: enough to find a sale by the card again, too few to pay with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardEnd([u8; CARD_DIGITS]);

/// Why a text is not the end of a card's number. It is not repeated: it may be more of that number than anybody
/// should keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read the end of a card's number: it is exactly {CARD_DIGITS} digits")]
pub struct CardEndError;

impl CardEnd {
    /// Reads exactly [`CARD_DIGITS`] digits.
    pub fn parse(text: &str) -> Result<Self, CardEndError> {
        let digits: [u8; CARD_DIGITS] = text.as_bytes().try_into().map_err(|_| CardEndError)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(CardEndError) }
    }
}

impl std::fmt::Display for CardEnd {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|digit| write!(formatter, "{}", char::from(*digit)))
    }
}

/// Who takes a payment by code or card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wallet {
    /// WeChat Pay.
    WeChat,
    /// Alipay.
    Alipay,
    /// UnionPay by code.
    UnionPay,
    /// A card at a terminal.
    Card,
}

/// What kind of tender, as a shift's report sums them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TenderKind {
    /// Notes and coins of the currency.
    Cash,
    /// Notes of another currency.
    ForeignCash,
    /// By code or card.
    Wallet(Wallet),
    /// A voucher with a face value.
    Voucher,
    /// Money that the member paid in beforehand.
    StoredValue,
}

impl TenderKind {
    /// How promotions name it: [`crate::promotion::rule::Conditions::tenders`].
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::ForeignCash => "foreign_cash",
            Self::Wallet(Wallet::WeChat) => "wechat",
            Self::Wallet(Wallet::Alipay) => "alipay",
            Self::Wallet(Wallet::UnionPay) => "unionpay",
            Self::Wallet(Wallet::Card) => "card",
            Self::Voucher => "voucher",
            Self::StoredValue => "stored_value",
        }
    }
}

/// One means of payment put against a sale. In a document that pays money
/// back the amounts are below nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tender {
    /// Notes and coins, as handed over.
    Cash(Money),
    /// Notes of another currency, as handed over. Change is given in ours.
    ForeignCash {
        /// ISO 4217 code.
        currency: String,
        /// What was handed over, in its minor units.
        amount: Money,
        /// Our minor units for a million of theirs.
        rate: u64,
        /// What it is worth.
        value: Money,
    },
    /// By code or card; never more than what is due.
    Wallet {
        /// Who took it.
        wallet: Wallet,
        /// Our own number of the payment on this lane.
        payment: u64,
        /// The wallet's reference, where it gave one.
        reference: String,
        /// How much.
        amount: Money,
        /// The end of the card's number, where it was a card and somebody typed it.
        card: Option<CardEnd>,
    },
    /// A voucher; what its face is above the due is lost, change is not given.
    Voucher {
        /// Its number.
        number: String,
        /// How much of it counts.
        amount: Money,
    },
    /// Money that the member paid in beforehand; never more than what is due.
    StoredValue(StoredTender),
}

impl Tender {
    /// What it counts for.
    pub fn amount(&self) -> Money {
        match self {
            Self::Cash(amount) => *amount,
            Self::ForeignCash { value, .. } => *value,
            Self::Wallet { amount, .. } | Self::Voucher { amount, .. } => *amount,
            Self::StoredValue(stored) => stored.part.total(),
        }
    }

    /// Whether it went into the drawer: only from cash is change given, and
    /// only cash is rounded.
    pub fn is_cash(&self) -> bool {
        match self {
            Self::Cash(_) | Self::ForeignCash { .. } => true,
            Self::Wallet { .. } | Self::Voucher { .. } | Self::StoredValue(_) => false,
        }
    }

    /// The end of the card's number, where it is known.
    pub fn card(&self) -> Option<CardEnd> {
        if let Self::Wallet { card, .. } = self { *card } else { None }
    }

    /// Its kind.
    pub fn kind(&self) -> TenderKind {
        match self {
            Self::Cash(_) => TenderKind::Cash,
            Self::ForeignCash { .. } => TenderKind::ForeignCash,
            Self::Wallet { wallet, .. } => TenderKind::Wallet(*wallet),
            Self::Voucher { .. } => TenderKind::Voucher,
            Self::StoredValue(_) => TenderKind::StoredValue,
        }
    }

    /// The same means with another amount; foreign cash is given back as ours.
    pub(crate) fn with_amount(&self, amount: Money) -> Self {
        match self {
            Self::Cash(_) | Self::ForeignCash { .. } => Self::Cash(amount),
            Self::Wallet { wallet, payment, reference, card, .. } => {
                let (wallet, payment, card) = (*wallet, *payment, *card);
                Self::Wallet { wallet, payment, reference: reference.clone(), amount, card }
            }
            Self::Voucher { number, .. } => Self::Voucher { number: number.clone(), amount },
            Self::StoredValue(stored) => Self::StoredValue(stored.with_amount(amount)),
        }
    }
}

/// What a note of another currency is worth here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignRate {
    /// ISO 4217 code.
    pub currency: String,
    /// Our minor units for a million of theirs.
    pub rate: u64,
}

#[cfg(test)]
mod tests {
    use super::{CardEnd, CardEndError};

    #[test]
    fn of_a_card_four_digits_are_kept_and_no_more() {
        assert_eq!(CardEnd::parse("0042").map(|end| end.to_string()), Ok("0042".to_owned()));
        for text in ["", "042", "00042", "6222020000000042", "004x", "٠٠٤٢", " 042"] {
            assert_eq!(CardEnd::parse(text), Err(CardEndError), "{text}");
        }
    }
}
