//! What every wallet is to a terminal: requests to send and answers to read, as bytes. Nothing is sent here.

use super::course::{Policy, Question};
use super::refund::{Refund, RefundQuestion, RefundReply};
use super::{Order, PaymentCode};

/// How a wallet answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The money moved.
    Paid {
        /// The wallet's own number.
        reference: String,
    },
    /// It did not and will not under this number.
    Declined {
        /// Why, for the cashier, as the wallet words it.
        reason: String,
    },
    /// The customer is asked for a password.
    Waiting,
    /// Nobody knows: no answer, one that makes no sense or has a wrong signature, or an error of the wallet's own.
    Unknown {
        /// What was met, for the technician.
        note: String,
    },
    /// The wallet has it closed; it was never paid.
    Closed,
    /// The wallet has never heard of it.
    NotFound,
    /// It was taken back: money that had moved is back.
    Reversed,
    /// It cannot be taken back: the money moved for good.
    NotReversed {
        /// The wallet's own number.
        reference: String,
    },
}

/// What goes into a request beside the order: made anew for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// At most 32 letters and digits that nobody guesses.
    pub nonce: String,
    /// Now, seconds UTC.
    pub seconds_utc: i64,
}

/// A request, ready to be sent by POST. Its body holds the customer's code and is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// What the body is.
    pub content_type: &'static str,
    /// The signed body.
    pub body: Vec<u8>,
    /// Whether the connection must show the merchant's certificate.
    pub with_certificate: bool,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A wallet.
pub trait Provider: Send + 'static {
    /// Its name, for health and logs.
    fn name(&self) -> &'static str;

    /// How long it is waited for.
    fn policy(&self) -> Policy;

    /// Where it is: the base that every request begins with.
    fn base(&self) -> &str;

    /// The request that asks this about an order. `code` is there for a charge and only then.
    fn request(
        &self,
        question: Question,
        order: &Order,
        code: Option<&PaymentCode>,
        stamp: &Stamp,
    ) -> Request;

    /// Reads an answer. One whose signature is not the wallet's, or that is about another order or another amount, is
    /// [`Reply::Unknown`] whatever it says.
    fn reply(&self, question: Question, order: &Order, body: &[u8]) -> Reply;

    /// Whether a refund must say what its payment was.
    fn refund_needs_total(&self) -> bool;

    /// The request that asks this about a refund.
    fn refund_request(&self, question: RefundQuestion, refund: &Refund, stamp: &Stamp) -> Request;

    /// Reads an answer about a refund, as [`reply`](Self::reply) does about an order.
    fn refund_reply(&self, question: RefundQuestion, refund: &Refund, body: &[u8]) -> RefundReply;

    /// The merchant's certificate and key in PEM, where some requests need one.
    fn certificate(&self) -> Option<&super::Secret> {
        None
    }

    /// Certificates in PEM that are trusted beside the system's, where the wallet stands behind a proxy of the shop's own.
    fn authority(&self) -> Option<&str> {
        None
    }
}

/// The same of a refund.
pub(super) fn unknown_refund(note: impl Into<String>) -> RefundReply {
    RefundReply::Unknown { note: note.into() }
}

/// Not known, with what was met.
pub(super) fn unknown(note: impl Into<String>) -> Reply {
    Reply::Unknown { note: note.into() }
}
