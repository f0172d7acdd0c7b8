//! Payment by a code that the customer shows: WeChat Pay and Alipay, asked from the lane itself. Amounts are integers of
//! minor units in a currency that the caller names; what they are for is the caller's.
//!
//! | | |
//! |---|---|
//! | [`Course`] | one order from its first request to its known end, or in doubt: pure, time comes in |
//! | [`RefundCourse`] | money back to a payment, likewise |
//! | [`Provider`] | one wallet's requests and answers as bytes: [`WeChat`], [`Alipay`] |
//! | [`Terminal`] | the thread that sends them |
//!
//! The caller writes the order's number to its disk before [`Terminal::begin`], and never begins another number for the
//! same money while the old one is open: the terminal refuses to.

mod alipay;
mod course;
mod provider;
mod refund;
mod signature;
mod terminal;
mod wechat;

pub use alipay::{Alipay, AlipayConfig};
pub use course::{Course, Policy, Question, State};
pub use provider::{Provider, Reply, Request, Stamp};
pub use refund::{Refund, RefundCourse, RefundQuestion, RefundReply};
pub use signature::{KeyError, PrivateKey, PublicKey, Secret, SignKind, wechat_sign};
pub use terminal::{
    BeginError, Terminal, TerminalAnswer, TerminalConfig, TerminalDevice, TerminalEvent, TerminalTold,
};
pub use wechat::{WeChat, WeChatConfig};

/// Most characters of an order number: WeChat's bound, the narrower one.
pub const ORDER_NUMBER_LENGTH_MAX: usize = 32;
/// Most digits of a payment code; those of Alipay have up to 24.
pub const CODE_LENGTH_MAX: usize = 32;
/// Most characters of what an order is for.
pub const SUBJECT_LENGTH_MAX: usize = 42;

/// Our own number of an order, unique at the merchant for ever.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderNumber(String);

/// Why a text is no order number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read order number {0:?}: 1 to {ORDER_NUMBER_LENGTH_MAX} letters, digits, _ or - are needed")]
pub struct ParseOrderNumberError(String);

impl OrderNumber {
    /// Takes 1 to 32 ASCII letters, digits, `_` and `-`: what both wallets allow.
    ///
    /// # Errors
    /// It has others, or none, or too many.
    pub fn parse(text: &str) -> Result<Self, ParseOrderNumberError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if text.is_empty() || text.len() > ORDER_NUMBER_LENGTH_MAX || !text.bytes().all(allowed) {
            return Err(ParseOrderNumberError(text.chars().take(64).collect()));
        }
        Ok(Self(text.to_owned()))
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The code on the customer's phone. Whoever reads it within its minute may charge it, so it is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentCode(String);

/// Why a text is no payment code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read payment code: 10 to {CODE_LENGTH_MAX} digits are needed")]
pub struct ParsePaymentCodeError;

impl PaymentCode {
    /// Takes digits.
    ///
    /// # Errors
    /// It has others, too few or too many.
    pub fn parse(text: &str) -> Result<Self, ParsePaymentCodeError> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits && (10..=CODE_LENGTH_MAX).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParsePaymentCodeError)
        }
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PaymentCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PaymentCode(hidden)")
    }
}

/// What is to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Our own number, on the caller's disk before it comes here.
    pub number: OrderNumber,
    /// How much, in minor units; above nothing.
    pub amount_minor: i64,
    /// ISO 4217 code of the currency, such as `CNY`.
    pub currency: String,
    /// What the customer reads in the wallet, cut at [`SUBJECT_LENGTH_MAX`] characters.
    pub subject: String,
    /// Where the till stands, for the wallet's books: its number in the shop.
    pub terminal: String,
}

impl Order {
    /// The subject within its bound, without what would break a line.
    pub(crate) fn subject_text(&self) -> String {
        let text: String = self
            .subject
            .chars()
            .filter(|character| !character.is_control())
            .take(SUBJECT_LENGTH_MAX)
            .collect();
        if text.is_empty() { "-".to_owned() } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_are_parsed_at_the_door() {
        assert!(OrderNumber::parse("S001-L2-1-000123").is_ok());
        for wrong in ["", "S001/2", "编号", "a b", &"1".repeat(33)] {
            assert!(OrderNumber::parse(wrong).is_err(), "{wrong}");
        }
        assert!(PaymentCode::parse("134567890123456789").is_ok());
        for wrong in
            ["", "12345", "13456789012345678X", &"1".repeat(33), "１３４５６７８９０１２３４５６７８９"]
        {
            assert!(PaymentCode::parse(wrong).is_err(), "{wrong}");
        }
        assert!(!format!("{:?}", PaymentCode::parse("134567890123456789")).contains("1345"));
    }
}
