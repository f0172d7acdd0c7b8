//! A document as a code on the screen, for a customer who wants no paper: what stands on the paper to be scanned.

use domain::barcode::ReceiptCode;
use domain::refund::Origin;
use domain::till::Desk;
use ui::view::{self, Picture};

use super::Kind;
use crate::lane::{Lane, State};

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

    pub(super) fn show_code(&self, origin: &Origin) -> view::Sheet {
        let Origin { store, lane, epoch, seq } = origin.clone();
        let code = ReceiptCode { store, lane, epoch, seq }.to_string();
        view::Sheet {
            text: self.words(
                "顾客拍下这个码，就能凭它退换。",
                "The customer takes a picture of it; goods can be returned with it.",
            ),
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
