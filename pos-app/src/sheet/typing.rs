//! Keys, taps and scans while a sheet is open: what is typed into it, what Enter and Escape do, and which scans it takes.

use domain::till::Input;
use drivers::sound::Tone as Sound;
use ui::action::Button;
use ui::view::{Script, Tone};

use super::{FIELD_MAX, Kind, Open, PAGE_ROWS, Takes};
use crate::lane::{Command, Lane, State};

impl Lane {
    /// The key of the sheet in front that this key of the keyboard stands for.
    pub(crate) fn sheet_key_of(&self, shortcut: &str) -> Option<usize> {
        self.sheet_view()?.keys.iter().position(|key| key.shortcut == shortcut)
    }

    /// A control, or a key, while a sheet is open.
    // What means nothing on a sheet does nothing there.
    #[allow(clippy::wildcard_enum_match_arm)]
    pub(crate) fn press_sheet(&mut self, button: Button) {
        if !matches!(button, Button::No | Button::Back)
            && let Some(sheet) = self.sheet_mut()
        {
            sheet.warned = false;
        }
        match button {
            Button::Letter(character) => {
                let capitals = self.sheet_view().is_some_and(|shown| shown.script == Script::Capitals);
                self.type_into_sheet(if capitals { character.to_ascii_uppercase() } else { character });
            }
            Button::Digit(character) => self.type_into_sheet(character),
            Button::Backspace => {
                if let Some(sheet) = self.sheet_mut() {
                    sheet.is_refused = false;
                    if let Some(field) = sheet.focused() {
                        field.text.pop();
                    }
                }
                self.typing_changed();
            }
            Button::Clear => {
                if let Some(field) = self.sheet_mut().and_then(Open::focused) {
                    field.text.clear();
                }
                self.typing_changed();
            }
            Button::Row(index) => self.tap_row(index),
            Button::Field(index) => {
                if let Some(sheet) = self.sheet_mut() {
                    let index = index.min(sheet.fields.len().saturating_sub(1));
                    // By touch letters come and go where the keys are.
                    sheet.has_letters = index != sheet.focus || !sheet.has_letters;
                    sheet.focus = index;
                    sheet.is_refused = false;
                }
            }
            Button::SheetKey(index) => self.press_sheet_key(index),
            Button::Menu => self.next_field(),
            Button::PageBefore | Button::PageAfter => {
                for _ in 0..PAGE_ROWS {
                    self.move_in_sheet(button == Button::PageAfter);
                }
            }
            Button::Help => self.open_sheet(Kind::Help),
            Button::Lock => self.lock(),
            Button::SignOut => self.sign_out(),
            Button::Yes | Button::Enter | Button::Finish => self.enter_sheet(button == Button::Enter),
            Button::No | Button::Back => self.back_from_sheet(),
            _ => {}
        }
    }

    fn next_field(&mut self) {
        // A field that is not shown is not written into.
        let shown = self.sheet_view().map_or(0, |shown| shown.fields.len());
        if let Some(sheet) = self.sheet_mut()
            && !sheet.fields.is_empty()
        {
            sheet.focus = (sheet.focus + 1) % sheet.fields.len().min(shown.max(1));
            sheet.is_refused = false;
        }
    }

    /// Enter: what the sheet is for. By key it is no answer where it may be
    /// the end of something else.
    fn enter_sheet(&mut self, by_key: bool) {
        let calm = self.is_calm();
        let Some(shown) = self.sheet_view() else { return };
        let Some(sheet) = self.sheet_mut() else { return };
        if by_key && (std::mem::take(&mut sheet.typed_under) || calm && sheet.waits_after_an_act()) {
            return;
        }
        if shown.go.is_empty() || !shown.can_go || by_key && self.asks_which() {
            return;
        }
        self.go();
    }

    fn go(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        match sheet.kind.clone() {
            Kind::Age => self.go_age(),
            Kind::Cancel => self.go_cancel(),
            Kind::Paper(document) => self.go_paper(document),
            Kind::Menu => self.go_menu(),
            Kind::Phones => self.go_phones(),
            Kind::Exit(exit, audit) => self.go_exit(&exit, audit),
            Kind::Help
            | Kind::Why
            | Kind::Health
            | Kind::Day(_)
            | Kind::Margins
            | Kind::Code(_)
            | Kind::Leave(..)
            | Kind::OnHand => {
                self.pop_sheet();
            }
            Kind::Approve(_) => self.go_approval(),
            Kind::Change { line, change } => self.go_change(line, change),
            Kind::Park => self.go_park(),
            Kind::Parked => self.go_parked(),
            Kind::Member => self.go_member(),
            Kind::Goods { .. } => self.go_goods(),
            Kind::GiveBack => self.go_give_back(),
            Kind::Bought(by) => self.go_bought(by),
            Kind::Blind => self.go_blind(),
            Kind::Voucher => self.go_voucher(),
            Kind::Foreign => self.go_foreign(),
            Kind::Value => self.go_value(),
            Kind::TopUp => self.go_top_up(),
            Kind::Payment(number) => self.go_payment(number),
            Kind::Payments => self.go_payments(),
            Kind::Float => self.go_float(),
            Kind::Cash(kind) => self.go_cash(kind),
            Kind::Drawer => self.go_drawer(),
            Kind::Count => self.go_count(),
            Kind::CloseShift => self.go_close_shift(),
            Kind::Report(report, closed) => {
                self.print_report(&report, closed);
                self.pop_sheet();
            }
            Kind::Receipts => self.go_receipts(),
            Kind::NewMember(sale) => self.go_new_member(sale),
            Kind::MemberAfter(document) => self.go_member_after(document),
            Kind::WhoseCard { document: _, code } => self.go_whose_card(&code),
            Kind::Stock(_) => self.go_stock(),
            Kind::Transfers(work) => self.go_transfers(work),
            Kind::Counts => self.go_counts(),
            Kind::Counting => self.go_counting(),
            Kind::EndCount => self.go_end_count(),
            Kind::Seller { line } => self.go_seller(line),
            Kind::Note { line } => self.go_note(line),
            Kind::Board => self.go_board(),
            Kind::KioskAt(lane) => self.go_kiosk_at(lane),
            Kind::Orders => self.go_orders(),
            Kind::Order(id) => self.go_order(&id),
            Kind::EndOrder(id) => self.go_end_order(&id),
        }
    }

    fn press_sheet_key(&mut self, index: usize) {
        let Some(shown) = self.sheet_view() else { return };
        if !shown.keys.get(index).is_some_and(|key| key.enabled) {
            return;
        }
        let Some(sheet) = self.sheet() else { return };
        match sheet.kind.clone() {
            Kind::Approve(act) => self.key_approval(act, index),
            Kind::Change { line, .. } => self.key_change(line, index),
            Kind::Member => self.key_member(index),
            Kind::Goods { .. } => self.key_goods(index),
            Kind::GiveBack => self.key_give_back(index),
            Kind::Bought(by) => self.key_bought(by, index),
            Kind::Blind => self.key_blind(index),
            Kind::Payment(number) => self.key_payment(number, index),
            Kind::Count => self.submit_count(),
            Kind::Report(report, closed) => self.key_report(&report, closed),
            Kind::Health => self.key_health(index),
            Kind::Day(_) => self.key_day(index),
            Kind::Margins => self.key_margins(index),
            Kind::Receipts => self.key_receipts(index),
            Kind::MemberAfter(document) => self.key_member_after(document, index),
            Kind::WhoseCard { document, code } => self.key_whose_card(document, code, index),
            Kind::Stock(work) => self.key_stock(work, index),
            Kind::Transfers(work) => self.key_transfers(work),
            Kind::Counts => self.key_counts(),
            Kind::Counting => self.key_counting(index),
            Kind::EndCount => self.key_end_count(index),
            Kind::Seller { line } => self.key_seller(line, index),
            Kind::Note { line } => self.key_note(line, index),
            Kind::Order(id) => self.key_order(&id, index),
            Kind::Paper(document) => self.key_paper(document),
            Kind::Age
            | Kind::Cancel
            | Kind::Menu
            | Kind::Help
            | Kind::Park
            | Kind::Parked
            | Kind::Why
            | Kind::Voucher
            | Kind::Foreign
            | Kind::Value
            | Kind::TopUp
            | Kind::Payments
            | Kind::Float
            | Kind::Cash(_)
            | Kind::Drawer
            | Kind::CloseShift
            | Kind::Code(_)
            | Kind::Phones
            | Kind::Leave(..)
            | Kind::Exit(..)
            | Kind::NewMember(_)
            | Kind::Orders
            | Kind::Board
            | Kind::KioskAt(_)
            | Kind::EndOrder(_)
            | Kind::OnHand => {}
        }
    }

    /// Escape: one step back. What was typed goes first, then the sheet.
    fn back_from_sheet(&mut self) {
        let Some(sheet) = self.sheet_mut() else { return };
        let kind = sheet.kind.clone();
        if let Kind::Payment(number) = kind {
            return self.back_from_payment(number);
        }
        if let Kind::Paper(document) = kind {
            return self.back_from_paper(document);
        }
        let focus = sheet.focus;
        let typed = sheet.focused().filter(|field| !field.text.is_empty() && field.takes != Takes::RowNumber);
        if let Some(field) = typed {
            field.text.clear();
            return self.typing_changed();
        }
        if kind == Kind::Count && sheet.row > 0 {
            sheet.row -= 1;
            return self.show_counted();
        }
        if focus > 0 {
            sheet.focus -= 1;
            return;
        }
        if self.warns_of_loss() {
            return;
        }
        self.pop_sheet();
        if matches!(kind, Kind::Approve(_)) {
            self.input(Input::Disapprove);
        }
    }

    /// A character joins the field that keys go to, where that takes it; where
    /// not, what was typed stays and the cashier is told.
    pub(crate) fn type_into_sheet(&mut self, character: char) {
        self.front.notice = None;
        let State::Open(open) = &self.state else { return };
        let currency = &open.settings().currency;
        let Some(sheet) = self.front.sheets.last_mut() else { return };
        let most = sheet.most_characters();
        let is_refused = sheet.is_refused;
        sheet.warned = false;
        let Some(field) = sheet.fields.get_mut(sheet.focus) else {
            sheet.typed_under = true;
            return;
        };
        let before = if is_refused { "" } else { field.text.as_str() };
        let is_full = before.chars().count() >= most;
        let (kind, before) = (field.takes, before.to_owned());
        let takes = !is_full && kind.takes(character, &before, currency);
        if takes {
            field.text = before.clone();
            field.text.push(character);
            sheet.is_refused = false;
        }
        if sheet.taken.len() >= 2 * FIELD_MAX {
            sheet.taken.remove(0);
        }
        sheet.taken.push(takes);
        if takes {
            self.typing_changed();
        } else {
            self.refuse_character(character, kind, is_full);
        }
    }

    /// A character was not taken: what was typed stays, and the cashier is told what belongs there. Of a scan that
    /// cannot be used every character is refused; it sounds once.
    pub(crate) fn refuse_character(&mut self, character: char, takes: Takes, is_full: bool) {
        let is_digit = character.is_ascii_digit();
        let (chinese, english) = if is_full {
            ("这里已经满了", "This is full")
        } else {
            match takes {
                Takes::Percent if is_digit => ("最多 100%", "No more than 100 %"),
                Takes::RowNumber | Takes::Digits | Takes::Pin | Takes::Percent => {
                    ("这里只收数字", "Only digits here")
                }
                Takes::Amount | Takes::Quantity if is_digit || character == '.' => {
                    ("小数位已经够了", "No further decimals here")
                }
                Takes::Amount | Takes::Quantity => ("这里收数字和小数点", "Only digits and a point here"),
                Takes::Code => ("这里收数字和字母", "Only digits and letters here"),
                Takes::Words => ("这里收文字", "Only words here"),
            }
        };
        let rest =
            ("已输入的都保留。可以接着改，或按 Esc 退回。", "What was typed stays. Change it, or press Esc.");
        self.front.say(Tone::Attend, (chinese, rest.0), (english, rest.1));
        if self.is_paying() {
            // It may be of a scan, whose Return pays nothing.
            self.rest();
        }
        if !self.front.in_burst {
            self.commands.push(Command::Play(Sound::Blocked));
        }
    }

    /// Takes in what was typed: rows follow their number, lists what is looked for.
    pub(crate) fn typing_changed(&mut self) {
        let Some(sheet) = self.front.sheets.last() else { return };
        if matches!(sheet.kind, Kind::Goods { .. }) {
            return self.find_goods();
        }
        if sheet.kind == Kind::Count {
            return self.note_count();
        }
        if matches!(sheet.kind, Kind::Seller { .. }) {
            return self.follow_staff_number();
        }
        let number = sheet.fields.get(sheet.focus).filter(|field| field.takes == Takes::RowNumber);
        let Some(number) = number.map(|field| field.text.clone()) else { return };
        let rows = self.sheet_view().map_or(0, |shown| shown.rows.len());
        // A number that is no row's begins anew with its last digit.
        let last = number.chars().next_back().map(String::from).unwrap_or_default();
        let chosen = [number, last].into_iter().find_map(|text| {
            let row = text.parse::<usize>().ok().filter(|row| (1..=rows).contains(row))?;
            Some((text, row - 1))
        });
        let Some(sheet) = self.front.sheets.last_mut() else { return };
        let (text, row) = chosen.unwrap_or((String::new(), sheet.row));
        sheet.row = row;
        if let Some(field) = sheet.focused() {
            field.text = text;
        }
    }

    /// Another row, by an arrow.
    pub(crate) fn move_in_sheet(&mut self, down: bool) {
        let rows =
            self.sheet_view().filter(|shown| shown.selected.is_some()).map_or(0, |shown| shown.rows.len());
        let Some(last) = rows.checked_sub(1) else { return };
        let Some(sheet) = self.sheet_mut() else { return };
        sheet.row = if down { (sheet.row + 1).min(last) } else { sheet.row.saturating_sub(1) };
        sheet.is_chosen = true;
        if let Some(field) = sheet.focused()
            && field.takes == Takes::RowNumber
        {
            field.text.clear();
        }
        self.row_changed();
    }

    fn row_changed(&mut self) {
        if self.sheet().is_some_and(|sheet| sheet.kind == Kind::Count) {
            self.show_counted();
        }
        // What was asked about one row is not asked about another.
        if let Some(sheet) = self.sheet_mut()
            && matches!(sheet.kind, Kind::Counts | Kind::Counting)
        {
            sheet.reason = 0;
        }
    }

    fn tap_row(&mut self, index: usize) {
        let Some(shown) = self.sheet_view().filter(|shown| shown.selected.is_some()) else { return };
        if index >= shown.rows.len() {
            return;
        }
        let Some(sheet) = self.sheet_mut() else { return };
        sheet.row = index;
        sheet.is_chosen = true;
        if sheet.tap_goes() {
            if !shown.go.is_empty() && shown.can_go {
                self.go();
            }
        } else {
            self.row_changed();
        }
    }

    /// A scan under a sheet that asks for one. Whether it was used.
    pub(crate) fn scan_into_sheet(&mut self, text: &str) -> bool {
        let Some(sheet) = self.sheet() else { return false };
        // A sheet that is not named here asks for no scan.
        #[allow(clippy::wildcard_enum_match_arm)]
        match &sheet.kind {
            Kind::Member => self.scan_for_member(text),
            Kind::Goods { selling: false } => self.scan_for_price(text),
            Kind::GiveBack => self.scan_for_return(text),
            Kind::Health => self.scan_to_try(text),
            Kind::Bought(by) => {
                let by = *by;
                self.scan_for_bought(by, text)
            }
            Kind::Blind => self.scan_for_blind(text),
            Kind::Approve(_) => self.scan_for_approval(text),
            Kind::Voucher => self.scan_for_voucher(text),
            Kind::Stock(_) => self.scan_for_stock(text),
            Kind::Counting => self.scan_for_count(text),
            Kind::NewMember(_) => self.scan_for_new_member(text),
            Kind::MemberAfter(document) => {
                let document = *document;
                self.scan_for_member_after(document, text)
            }
            Kind::WhoseCard { document, .. } => {
                let document = *document;
                self.scan_for_whose_card(document, text)
            }
            Kind::Seller { .. } => self.scan_card_for_seller(text),
            Kind::Orders => self.scan_for_orders(text),
            Kind::Order(_) => self.scan_for_order(text),
            _ => false,
        }
    }

    /// A scan that may not disturb what is open: nothing happens, and everybody hears it.
    pub(crate) fn block_scan(&mut self) {
        self.front.say(
            Tone::Attend,
            ("刚才扫的没有加入", "这一步做完，或按 Esc 返回，再扫一次。"),
            ("That scan was not added", "Finish this, or press Esc to go back, then scan again."),
        );
        self.commands.push(Command::Play(Sound::Blocked));
    }
}
