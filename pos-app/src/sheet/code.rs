//! A document as a code on the screen, for a customer who wants no paper: what stands on the paper to be scanned.

use domain::barcode::{RECEIPT_TOKEN_LENGTH, ReceiptCode};
use domain::refund::Origin;
use domain::till::Desk;
use ui::view::{self, Picture};

use super::Kind;
use crate::lane::{Lane, OpenLane, State};

impl Lane {
    /// The last sale's receipt as a code.
    pub(crate) fn show_last_receipt(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Desk::Done(_, _, seq) = open.till().desk() else { return };
        let identity = open.journal().identity();
        let origin =
            Origin { store: identity.store.clone(), lane: identity.lane, epoch: identity.epoch, seq: *seq };
        self.open_sheet(Kind::Code(origin));
    }

    /// A document as its code holds it: a link to the receipt where the chain shows receipts and this journal has it, so
    /// that a phone can open it; else its number. A till reads both.
    pub(crate) fn code_of_document(&self, open: &OpenLane, origin: &Origin) -> String {
        let Origin { store, lane, epoch, seq } = origin.clone();
        let code = ReceiptCode { store, lane, epoch, seq };
        let journal = open.journal();
        let own = journal.identity();
        let is_own = (&own.store, own.lane, own.epoch) == (&code.store, lane, epoch) && !self.config.training;
        let address = open.store().receipts_at.as_ref().filter(|_| is_own);
        let hash = address.and_then(|_| journal.hash_at(seq).ok()).map(|hash| hash.to_string());
        match address.zip(hash.as_deref().and_then(|hash| hash.get(..RECEIPT_TOKEN_LENGTH))) {
            Some((address, token)) => code.link(address, token),
            None => code.to_string(),
        }
    }

    pub(super) fn show_code(&self, open: &OpenLane, origin: &Origin) -> view::Sheet {
        let code = self.code_of_document(open, origin);
        let text = if ReceiptCode::in_link(&code).is_some() {
            self.words(
                "顾客用手机扫，就能看小票；拍下来也能凭它退换。",
                "The customer scans it and reads the receipt; goods can be returned with a picture of it.",
            )
        } else {
            self.words(
                "顾客拍下这个码，就能凭它退换。",
                "The customer takes a picture of it; goods can be returned with it.",
            )
        };
        view::Sheet {
            text,
            picture: drivers::printer::qr_squares(&code).map(|(width, dark)| Picture { width, dark }),
            go: self.words("好了", "Done"),
            ..self.blank(format!(
                "{} · {}",
                self.words("电子小票", "Receipt"),
                domain::receipt::number(origin)
            ))
        }
    }
}
