//! A sale as paper: hands what the receipt says to the printer. What it says is the domain's.

use domain::barcode::ReceiptCode;
use domain::money::Currency;
use domain::receipt::{self, Receipt, Row};
use domain::refund::Origin;
use domain::sale::Sale;
use drivers::printer::{self, Document, Size};
use ledger::journal::{Identity, Stamp};
use protocol::pull::Store;

use crate::config::Language;

/// The number by which people name a sale: store, lane, epoch and sequence.
pub fn number(identity: &Identity, seq: u64) -> String {
    let Identity { store, lane, epoch } = identity.clone();
    receipt::number(&Origin { store, lane, epoch, seq })
}

/// What a receipt says beside the sale itself.
pub struct Heading<'a> {
    /// The store.
    pub store: &'a Store,
    /// The lane.
    pub identity: &'a Identity,
    /// The sale's number.
    pub seq: u64,
    /// When it was.
    pub stamp: Stamp,
    /// The language of the paper.
    pub language: Language,
    /// Whether it was printed before.
    pub reprint: bool,
    /// The right to leave with the goods, where the sale has one.
    pub exit: Option<String>,
}

/// Lays a sale out for the printer.
pub fn document(heading: &Heading<'_>, sale: &Sale, currency: &Currency) -> Document {
    let Identity { store, lane, epoch } = heading.identity.clone();
    let head = receipt::Heading {
        store_zh: &heading.store.name_zh,
        store_en: &heading.store.name_en,
        header: &heading.store.receipt_header,
        footer: &heading.store.receipt_footer,
        lane,
        number: &number(heading.identity, heading.seq),
        qr: &ReceiptCode { store, lane, epoch, seq: heading.seq }.to_string(),
        at_ms: heading.stamp.at_ms,
        offset_minutes: heading.stamp.offset_minutes,
        reprint: heading.reprint,
        points_balance: None,
        exit: heading.exit.as_deref(),
    };
    let language = match heading.language {
        Language::Zh => receipt::Language::Chinese,
        Language::En => receipt::Language::English,
    };
    rows(receipt::receipt(&head, sale, currency, language))
}

fn rows(receipt: Receipt) -> Document {
    receipt.rows.into_iter().fold(Document::new(), |paper, row| match row {
        Row::Title(text) => paper.title(text),
        Row::Centred(text) => paper.centred(text),
        Row::Text(text) => paper.text(text),
        Row::Pair { left, right } => paper.pair(left, right),
        Row::Strong { left, right } => {
            paper.row(printer::Row::Pair { left, right, bold: true, size: Size::DoubleHeight })
        }
        Row::Rule => paper.rule(),
        Row::Qr(data) => paper.qr(data),
        Row::End => paper.cut(),
    })
}
