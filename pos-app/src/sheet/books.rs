//! The lane's last documents: printed again, given back, or named a member for.

use domain::record::Record;
use domain::refund::Origin;
use domain::till::Input;
use ui::view::{self, Notice, SheetKey, SheetRow, Tone};

use super::{Attempt, Kind, Open, key, numbered};
use crate::lane::{Lane, State};
use crate::present;

/// The last documents that are listed.
const DOCUMENTS_MAX: usize = 60;

impl Lane {
    pub(super) fn show_receipts(&self, sheet: &Open) -> view::Sheet {
        let any = !sheet.listed.is_empty();
        view::Sheet {
            text: self.words("最近的单据，最新的在上。", "The last documents, the newest first."),
            selected: any.then_some(sheet.row),
            rows: sheet.listed.clone(),
            empty: self.words("还没有单据", "No document yet"),
            keys: vec![
                SheetKey { enabled: any, ..key(self.words("重打", "Print again"), "F11") },
                SheetKey { enabled: any, ..key(self.words("电子小票", "As a code"), "F7") },
                SheetKey { enabled: any, stop: true, ..key(self.words("退货", "Return"), "F5") },
                SheetKey { enabled: any, ..key(self.words("补会员", "Name the member"), "F8") },
            ],
            go: self.words("电子小票", "As a code"),
            can_go: any,
            ..self.blank(self.words("小票", "Receipts"))
        }
    }

    pub(super) fn fill_receipts(&mut self) {
        let State::Open(open) = &self.state else { return };
        let currency = &open.settings().currency;
        let sales = match open.journal().last_sales(DOCUMENTS_MAX) {
            Ok(sales) => sales,
            Err(error) => return self.notice(Notice::LedgerFault { reason: crate::lane::words(&error) }),
        };
        let identity = open.journal().identity().clone();
        let (mut listed, mut documents) = (Vec::new(), Vec::new());
        for (index, (epoch, stored)) in sales.into_iter().enumerate() {
            let Record::SaleCompleted { sale } = &stored.record else { continue };
            let origin =
                Origin { store: identity.store.clone(), lane: identity.lane, epoch, seq: stored.seq };
            let time = present::local_time(stored.stamp.at_ms, stored.stamp.offset_minutes, "%m-%d %H:%M");
            let first = sale.lines.first().map(|line| present::name(&line.item, self.front.language));
            let goods = first.unwrap_or_else(|| self.words("退货", "Return"));
            listed.push(SheetRow {
                tone: if sale.returns.is_empty() { Tone::Quiet } else { Tone::Stop },
                ..numbered(
                    index,
                    format!("{time} · {goods}"),
                    format!("{} · {}", domain::receipt::number(&origin), sale.staff.name),
                    present::amount(currency, sale.payable),
                )
            });
            documents.push(origin);
        }
        if let Some(sheet) = self.sheet_mut() {
            sheet.listed = listed;
            sheet.documents = documents;
        }
    }

    fn chosen_document(&self) -> Option<Origin> {
        let sheet = self.sheet()?;
        sheet.documents.get(sheet.row).cloned()
    }

    pub(super) fn go_receipts(&mut self) {
        if let Some(origin) = self.chosen_document() {
            self.open_sheet(Kind::Code(origin));
        }
    }

    pub(super) fn key_receipts(&mut self, index: usize) {
        let Some(origin) = self.chosen_document() else { return };
        let State::Open(open) = &self.state else { return };
        match index {
            0 if origin.epoch == open.journal().identity().epoch => {
                if self.attempt(Input::Reprint { document: Some(origin.seq) }) == Attempt::Done {
                    self.close_sheets();
                }
            }
            0 => self.notice(Notice::NothingToReprint),
            1 => self.open_sheet(Kind::Code(origin)),
            3 if origin.epoch == open.journal().identity().epoch => {
                self.open_sheet(Kind::MemberAfter(origin.seq));
            }
            3 => self.notice(Notice::NothingToReprint),
            _ if self.is_selling() => {
                let Origin { store, lane, epoch, seq } = origin;
                self.begin_return_of(domain::barcode::ReceiptCode { store, lane, epoch, seq });
            }
            _ => self.block_scan(),
        }
    }
}
