//! A member is named after the payment. A card that is scanned while the change still stands on the screen may be the
//! customer's who has just paid, or the next one's: the cashier is asked, and nothing is guessed.

use std::sync::Arc;

use domain::barcode::{Barcode, ReceiptCode};
use domain::member::Member;
use domain::record::Record;
use domain::refund::Origin;
use domain::till::after::{NAMED_FREELY_MS, Named, NotNamed, PaidSale};
use domain::till::{Desk, Input};
use drivers::sound::Tone as Sound;
use ledger::journal::ReadJournalError;
use ui::view::{self, Figure, Notice, Script, SheetRow, Tone};

use super::{Attempt, Kind, Open, fact, key, say};
use crate::lane::{Command, Lane, OpenLane, State, sale_number};
use crate::present;

/// Why nobody is named for a sale, in words.
pub(crate) fn why_not(why: NotNamed) -> (&'static str, &'static str) {
    match why {
        NotNamed::OtherShift => {
            ("只能补本班的单，这单不是", "Only a sale of the open shift can be given a member")
        }
        NotNamed::HasMember => ("这单已有会员，不能换", "This sale has a member, who stays"),
        NotNamed::Return => ("退货或换货的单不能补会员", "A return or exchange is given no member"),
        NotNamed::CameBack => {
            ("这单已有退货，不能补会员", "Goods of this sale came back: no member any more")
        }
        NotNamed::TopUp => ("充值单本来就有会员", "What is paid in has its member"),
        NotNamed::Paying => ("先收完这一位，再补会员", "Serve who pays first, then name the member"),
        NotNamed::Full => ("本班补得太多，交班后再说", "Too many were named in this shift; close it first"),
    }
}

impl OpenLane {
    /// A sale of this lane's present epoch as the till asks for it, to name its buyer.
    pub(crate) fn paid_sale(&self, seq: u64) -> Result<Option<PaidSale>, ReadJournalError> {
        let identity = self.journal().identity();
        let Some(past) = self.journal().past_sale(identity.epoch, seq)? else { return Ok(None) };
        let origin =
            Origin { store: identity.store.clone(), lane: identity.lane, epoch: identity.epoch, seq };
        let gave_back = |stored: &ledger::journal::Stored| {
            let Record::SaleCompleted { sale } = &stored.record else { return false };
            sale.returns.iter().any(|back| back.origin.as_ref() == Some(&origin))
        };
        let came_back = past.later.iter().any(gave_back);
        let stamp = past.sale.stamp;
        let Record::SaleCompleted { sale } = past.sale.record else { return Ok(None) };
        Ok(Some(PaidSale { seq, shift: stamp.shift, at_ms: stamp.at_ms, sale: *sale, came_back }))
    }
}

impl Lane {
    /// A member's card that is scanned while a sale that could have been theirs stands as done on the screen, or stood so
    /// when a scan by keys began: whose it is, only the cashier can say. Whether they are asked.
    pub(super) fn asks_whose_card(&mut self, code: &str, just_paid: Option<u64>) -> bool {
        let State::Open(open) = &self.state else { return false };
        let till = open.till();
        let document = if let Desk::Done(_, _, document) = till.desk() {
            Some(*document)
        } else {
            just_paid.filter(|_| till.basket().is_untouched() && self.front.entry.is_empty())
        };
        let Some(document) = document else { return false };
        let Ok(Some(paid)) = open.paid_sale(document) else { return false };
        let age_ms = self.moment.now_ms.saturating_sub(paid.at_ms);
        let is_over = !(0..NAMED_FREELY_MS).contains(&age_ms);
        if self.kiosk.is_some() || is_over || till.not_named(&paid).is_some() {
            return false;
        }
        self.open_sheet(Kind::WhoseCard { document, code: code.to_owned() });
        // An Enter that was the end of the scan, or meant for the cash, is no answer.
        self.rest();
        self.commands.push(Command::Play(Sound::Blocked));
        true
    }

    pub(super) fn show_whose_card(&self, sheet: &Open) -> view::Sheet {
        let paid = sheet.listed.first();
        let number = paid.map(|row| row.detail.clone()).unwrap_or_default();
        view::Sheet {
            tone: Tone::Attend,
            text: self.words(
                "付款之后扫到一张会员码，还没有用。给刚付的单：价钱不变，只记积分，不能撤回。给下一位：和平时一样。",
                "A member's card was scanned after the payment; it is not used yet. For the sale just paid: its price stays, the points count, and it cannot be undone. For the next customer: as ever.",
            ),
            figure: Some(Figure {
                label: say(
                    self.front.language,
                    &format!("刚付的单 {number}"),
                    &format!("Just paid, {number}"),
                ),
                value: paid.map(|row| row.value.clone()).unwrap_or_default(),
                tone: Tone::Quiet,
            }),
            keys: vec![
                key(self.words("给刚付的单", "For the sale just paid"), "F5"),
                key(self.words("给下一位", "For the next customer"), "F6"),
            ],
            go: self.words("给下一位", "Next customer"),
            can_go: true,
            back: self.words("不用这张", "For nobody"),
            ..self.blank(self.words("会员给哪一单？", "Whose card is it?"))
        }
    }

    pub(super) fn key_whose_card(&mut self, document: u64, code: String, index: usize) {
        match index {
            0 => self.name_and_close(document, Named::Code(code)),
            _ => self.go_whose_card(&code),
        }
    }

    /// The next customer begins with it.
    pub(super) fn go_whose_card(&mut self, code: &str) {
        self.close_sheets();
        self.input(Input::FindMember(code.to_owned()));
    }

    /// The same card once more, or another: the last one counts. Goods wait for the answer.
    pub(super) fn scan_for_whose_card(&mut self, document: u64, text: &str) -> bool {
        let Some(Barcode::Member(code)) = self.recognised(text) else { return false };
        if let Some(sheet) = self.sheet_mut() {
            sheet.kind = Kind::WhoseCard { document, code };
        }
        self.commands.push(Command::Play(Sound::Accepted));
        true
    }

    /// The last sale of this lane is to be given its member.
    pub(super) fn open_member_after(&mut self) {
        match self.till().and_then(domain::till::Till::last_sale) {
            Some(document) => self.open_sheet(Kind::MemberAfter(document)),
            None => self.notice(Notice::NothingToReprint),
        }
    }

    /// Reads the sale once: which it is, and why nobody can be named for it.
    pub(super) fn fill_paid_sale(&mut self, document: u64) {
        let State::Open(open) = &self.state else { return };
        let paid = match open.paid_sale(document) {
            Ok(paid) => paid,
            Err(error) => return self.notice(Notice::LedgerFault { reason: crate::lane::words(&error) }),
        };
        let Some(paid) = paid else { return };
        let sale = &paid.sale;
        let time = present::local_time(paid.at_ms, self.moment.offset_minutes, "%H:%M");
        let first = sale.lines.first().map(|line| present::name(&line.item, self.front.language));
        let mut rows = vec![SheetRow {
            detail: sale_number(open, document),
            ..fact(
                format!("{time} · {}", first.unwrap_or_default()),
                present::amount(&open.settings().currency, sale.payable),
            )
        }];
        if let Some(buyer) = &sale.buyer {
            rows.push(fact(self.words("会员", "Member"), buyer.shown.clone()));
        }
        if let Some(why) = open.till().not_named(&paid) {
            let (chinese, english) = why_not(why);
            rows.push(SheetRow { tone: Tone::Attend, ..fact(self.words(chinese, english), "") });
        }
        if let Some(sheet) = self.sheet_mut() {
            sheet.listed = rows;
        }
    }

    pub(super) fn show_member_after(&self, sheet: &Open) -> view::Sheet {
        view::Sheet {
            text: self.words(
                "这单的价钱不变，会员得到积分。扫会员码，或输入卡号、会员号、手机号。换一单：扫那张小票，或按 F5 从最近的单据里选。",
                "The price of this sale stays; the member gets its points. Scan the card, or type number or telephone. Another sale: scan its receipt, or F5 for the last documents.",
            ),
            fields: self.fields(sheet, &[("会员号、卡号或手机", "Number, card or telephone")]),
            rows: sheet.listed.clone(),
            keys: vec![
                key(self.words("最近的单据", "Last documents"), "F5"),
                key(self.words("登记新会员", "New member"), "F7"),
            ],
            go: self.words("补会员", "Name the member"),
            can_go: !sheet.text(0).is_empty(),
            letters: sheet.has_letters,
            script: Script::Capitals,
            ..self.blank(self.words("付款后补会员", "A member after the payment"))
        }
    }

    pub(super) fn key_member_after(&mut self, document: u64, index: usize) {
        if index == 1 {
            return self.begin_new_member(Some(document));
        }
        self.pop_sheet();
        self.open_sheet(Kind::Receipts);
    }

    pub(super) fn go_member_after(&mut self, document: u64) {
        let Some(sheet) = self.sheet() else { return };
        let code = sheet.text(0).to_owned();
        self.name_and_close(document, Named::Code(code));
    }

    /// A card names the member, a receipt of this lane another sale; goods go past the sheet.
    pub(super) fn scan_for_member_after(&mut self, document: u64, text: &str) -> bool {
        let barcode = self.recognised(text);
        if let Some(Barcode::Receipt(code)) = &barcode {
            self.turn_member_after_to(code);
            return true;
        }
        let Some(Barcode::Member(code)) = barcode else { return false };
        self.name_and_close(document, Named::Code(code));
        true
    }

    fn turn_member_after_to(&mut self, code: &ReceiptCode) {
        let State::Open(open) = &self.state else { return };
        let identity = open.journal().identity();
        let is_own = code.store.eq_ignore_ascii_case(&identity.store)
            && (code.lane, code.epoch) == (identity.lane, identity.epoch);
        if !is_own || !matches!(open.paid_sale(code.seq), Ok(Some(_))) {
            self.commands.push(Command::Play(Sound::Blocked));
            return self.front.say(
                Tone::Attend,
                ("不是本台的小票", "会员只能在卖出的那一台、当班补。还没有改。"),
                (
                    "That is no receipt of this lane",
                    "A member is named at the lane that sold, in the same shift. Nothing changed.",
                ),
            );
        }
        self.pop_sheet();
        self.open_sheet(Kind::MemberAfter(code.seq));
        self.commands.push(Command::Play(Sound::Accepted));
    }

    fn name_buyer(&mut self, document: u64, who: Named) -> Attempt {
        let State::Open(open) = &self.state else { return Attempt::Refused };
        match open.paid_sale(document) {
            Ok(Some(paid)) => self.attempt(Input::NameBuyer { paid: Box::new(paid), who }),
            Ok(None) => {
                self.notice(Notice::NothingToReprint);
                Attempt::Refused
            }
            Err(error) => {
                self.notice(Notice::LedgerFault { reason: crate::lane::words(&error) });
                Attempt::Refused
            }
        }
    }

    /// Somebody whom only HQ knows is the buyer of a sale.
    pub(crate) fn name_found_buyer(&mut self, document: u64, member: Arc<Member>) {
        let is_of_it = |sheet: &Open| matches!(sheet.kind, Kind::MemberAfter(of) if of == document);
        // Whoever left the question, or answered it otherwise, has taken it back: what is named stays.
        if !self.front.sheets.iter().any(|sheet| is_of_it(sheet) || is_question(sheet, document)) {
            return self.front.say(
                Tone::Attend,
                ("会员没有补上", "总部答复之前就离开了。要补：菜单里选“付款后补会员”。"),
                (
                    "No member was named",
                    "The question was left before HQ answered. To name one: the menu, A member after the payment.",
                ),
            );
        }
        self.name_and_close(document, Named::Member(member));
    }

    /// Names somebody, and leaves what asked for them once it is done.
    pub(super) fn name_and_close(&mut self, document: u64, who: Named) {
        if self.name_buyer(document, who) == Attempt::Done {
            self.close_sheets();
        }
    }
}

/// Whether a sheet asks whose card was scanned after a sale.
fn is_question(sheet: &Open, document: u64) -> bool {
    matches!(&sheet.kind, Kind::WhoseCard { document: of, .. } if *of == document)
}
