//! What a control means where the cashier stands, while no sheet is open.

// What a button means depends on where the cashier stands; one that means
// nothing there, a new one among them, does nothing.
#![allow(clippy::wildcard_enum_match_arm)]

use domain::money::Money;
use domain::payment::Belongs;
use domain::rights::Rights;
use domain::sale;
use domain::till::{Desk, Input};
use ui::action::Button;
use ui::view::{Language, Notice, Theme};

use super::{CALM_MS, OFF_AGAIN_MS, TILES_MAX, identified};
use crate::chosen;
use crate::lane::{Lane, State};
use crate::pin;
use crate::present;
use crate::sheet::{Attempt, Change, Kind};

impl Lane {
    /// A control, or the key that stands for it.
    pub(crate) fn press(&mut self, button: Button) {
        match button {
            Button::Language => {
                self.front.language = match self.front.language {
                    Language::Chinese => Language::English,
                    Language::English => Language::Chinese,
                };
                return chosen::keep(&self.paths, &self.config, self.front.language, self.front.theme);
            }
            Button::Theme => {
                self.front.theme = match self.front.theme {
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::Light,
                };
                return chosen::keep(&self.paths, &self.config, self.front.language, self.front.theme);
            }
            Button::DismissNotice => {
                self.front.notice = None;
                return;
            }
            Button::ScaleZero => return self.zero_scale(),
            Button::ScaleTare => return self.tare_scale(),
            _ => {}
        }
        if self.is_at_labels() {
            return self.press_labels(button);
        }
        if self.front.sheets.is_empty() && self.press_while_weighing(button) {
            return;
        }
        let State::Open(open) = &self.state else { return self.press_closed(button) };
        let desk = open.till().desk().clone();
        let had_notice = self.front.notice.take().is_some();
        self.front.just_paid = None;
        if !self.front.sheets.is_empty() {
            return self.press_sheet(button);
        }
        match button {
            Button::Menu => return self.open_sheet(Kind::Menu),
            Button::Help => return self.open_sheet(Kind::Help),
            Button::Orders => return self.open_orders(),
            Button::Lock => return self.lock(),
            _ => {}
        }
        match desk {
            Desk::SignedOut | Desk::Locked(_) => self.press_signed_out(button),
            Desk::Selling(_) => self.press_selling(button, had_notice),
            Desk::Paying(_) => self.press_paying(button, had_notice),
            Desk::Saving(..) => {}
            Desk::Done(..) => self.press_done(button),
        }
    }

    /// Nothing is sold here now: the screen says what to do, and help says how one gets on.
    fn press_closed(&mut self, button: Button) {
        match button {
            Button::Help => self.front.say(
                ui::view::Tone::Attend,
                ("本台现在不卖货", "中间写着怎么回事、该做什么；弄好了会自己打开。请顾客先到别的收银台。"),
                (
                    "This lane does not sell now",
                    "The screen says what happened and what to do; it opens by itself. Send customers to another lane.",
                ),
            ),
            Button::Back | Button::No => self.front.notice = None,
            _ => {}
        }
    }

    /// Whether what comes now may have been meant for the screen before.
    pub(crate) fn is_calm(&self) -> bool {
        self.moment.waits_until(self.front.calm_until_ms, CALM_MS)
    }

    fn press_signed_out(&mut self, button: Button) {
        match button {
            Button::Digit(digit) => self.typed(digit),
            Button::Backspace => self.rub_out(),
            Button::Clear => self.front.entry.clear(),
            Button::Back | Button::No => {
                self.front.entry.clear();
                self.front.chosen = None;
            }
            Button::Staff(index) => {
                let State::Open(open) = &self.state else { return };
                self.front.chosen = open.staff().get(index).map(|member| member.id.clone());
                self.front.entry.clear();
            }
            Button::Enter | Button::Yes => match self.front.chosen.clone() {
                Some(id) => self.sign_in(&id),
                None => self.choose_staff(),
            },
            _ => {}
        }
    }

    /// The last character goes; what is left is typing again.
    fn rub_out(&mut self) {
        self.front.entry.pop();
        self.front.entry_refused = false;
    }

    fn choose_staff(&mut self) {
        let State::Open(open) = &self.state else { return };
        let number = self.front.entry.clone();
        match open.staff().iter().find(|member| member.number == number) {
            Some(member) => {
                self.front.chosen = Some(member.id.clone());
                self.front.entry.clear();
            }
            None if number.is_empty() => {}
            // It does not stay: it may be a PIN that was typed too early.
            None => {
                self.front.entry.clear();
                self.front.notice = Some(Notice::UnknownStaff { number });
            }
        }
    }

    fn sign_in(&mut self, id: &str) {
        let pin = std::mem::take(&mut self.front.entry);
        let State::Open(open) = &self.state else { return };
        let Some(member) = open.staff().iter().find(|member| member.id == id).cloned() else { return };
        if pin.is_empty() {
            return;
        }
        // While a wait runs no PIN is looked at, so trying tells nothing.
        let waits = open.till().pin_wait_seconds(id, self.moment.now_ms) > 0;
        let matches = !waits && pin.len() <= pin::PIN_DIGITS_MAX && pin::matches(&pin, &member.pin_hash);
        let rights = Rights::of_role(&member.role, &open.settings().currency);
        let staff = domain::record::Staff { id: member.id, number: member.number, name: member.name };
        self.input(Input::PinChecked { staff, rights, matches });
        if self.till().is_some_and(|till| !matches!(till.desk(), Desk::SignedOut | Desk::Locked(_))) {
            self.front.chosen = None;
            self.front.line = None;
            self.front.notice = self.front.on_sign_in.take();
            // A second Enter after the PIN is no answer to what comes up now.
            self.front.calm_until_ms = self.moment.now_ms + CALM_MS;
            self.front.fill_tiles(&self.state);
            self.bring_back_list();
        }
    }

    fn press_selling(&mut self, button: Button, had_notice: bool) {
        match button {
            Button::Digit(digit) => self.typed(digit),
            Button::Backspace => {
                self.rub_out();
                self.search();
            }
            Button::Clear => self.front.clear_entry(),
            // The first press puts a message away.
            Button::Back | Button::No if !had_notice => {
                self.front.clear_entry();
                self.front.line = None;
            }
            // A message is read before anything is added.
            Button::Enter if self.front.grid.is_some() => {
                if let Some(tile) = self.front.grid.filter(|_| !had_notice) {
                    self.choose_goods(tile);
                    // Whoever counts the same goods presses again.
                    self.front.grid =
                        Some(tile).filter(|_| self.front.pricing.is_none() && self.front.weighing.is_none());
                }
            }
            Button::Enter | Button::Yes => self.enter_code(),
            Button::Quantity => self.set_quantity(),
            Button::Void => self.void(),
            Button::CancelBasket => self.cancel_basket(),
            Button::Find => self.open_sheet(Kind::Goods { selling: true }),
            Button::PriceCheck => self.open_sheet(Kind::Goods { selling: false }),
            Button::GiveBack => self.open_sheet(Kind::GiveBack),
            Button::ChangeLine => self.change_line(),
            Button::Seller => self.open_sheet(Kind::Seller { line: None }),
            Button::Member => self.open_sheet(Kind::Member),
            Button::Why => self.open_sheet(Kind::Why),
            Button::Park => self.park_or_recall(),
            Button::Pay => {
                self.front.clear_entry();
                self.input(Input::Pay);
            }
            Button::Goods(index) => self.choose_goods(index),
            Button::Tab(tab) => self.turn_to(tab, 0),
            Button::PageBefore => self.turn_to(self.front.tab, self.front.page.saturating_sub(1)),
            Button::PageAfter if self.front.tiles.as_ref().is_some_and(|tiles| tiles.len() > TILES_MAX) => {
                self.turn_to(self.front.tab, self.front.page + 1);
            }
            Button::Line(index) => {
                let State::Open(open) = &self.state else { return };
                let lines = open.basket().lines();
                // What comes back stands above them, and is changed on its sheet.
                let Some(index) = index.checked_sub(open.basket().returns().len()) else {
                    return self.open_sheet(Kind::GiveBack);
                };
                self.front.line =
                    lines.get(index).filter(|_| index + 1 != lines.len()).map(|line| line.number);
            }
            Button::Reprint => self.input(Input::Reprint { document: None }),
            Button::SignOut => self.sign_out(),
            _ => {}
        }
    }

    /// Drops the basket after a question; an empty one is nothing to ask about.
    pub(crate) fn cancel_basket(&mut self) {
        let State::Open(open) = &self.state else { return };
        if open.basket().is_empty() {
            self.input(Input::Cancel { reason: String::new() });
        } else {
            self.open_sheet(Kind::Cancel);
        }
    }

    fn change_line(&mut self) {
        match self.selected_number() {
            Some(line) => self.open_sheet(Kind::Change { line, change: Change::Price }),
            None => self.input(Input::SetQuantity { line: 0, pieces: 1 }),
        }
    }

    fn park_or_recall(&mut self) {
        let empty = self.till().is_some_and(|till| till.basket().is_bare());
        self.open_sheet(if empty { Kind::Parked } else { Kind::Park });
    }

    /// The cashier steps away, or another one comes: the basket stays.
    pub(crate) fn lock(&mut self) {
        self.put_list_away();
        self.close_sheets();
        self.front.clear_entry();
        self.front.chosen = None;
        self.scale.forget();
        self.input(Input::Lock);
    }

    pub(crate) fn sign_out(&mut self) {
        self.put_list_away();
        self.front.clear_entry();
        self.close_sheets();
        self.front.chosen = None;
        self.scale.forget();
        self.input(Input::SignOut);
    }

    pub(super) fn turn_to(&mut self, tab: usize, page: usize) {
        self.front.tab = tab;
        self.front.page = page;
        self.front.clear_entry();
        self.front.forget_tiles();
        self.front.fill_tiles(&self.state);
    }

    /// Enter: the chosen search result, or the entry as a code.
    fn enter_code(&mut self) {
        if !self.front.results.is_empty() {
            return self.choose_goods(self.front.result);
        }
        let text = self.front.entry.trim().to_owned();
        if let Some((typed, code)) = identified(&text) {
            // The end of a scan that was torn came as a key of its own.
            self.front.entry = typed.to_owned();
            return self.scan_over(code);
        }
        self.offer_typed(|lane| lane.enter_typed(text));
    }

    /// What was typed: grams or a price that was asked for, an amount with a department, or a code.
    fn enter_typed(&mut self, text: String) {
        let weighing = self.front.weighing.take();
        let pricing = self.front.pricing.take();
        self.front.clear_entry();
        if text.is_empty() {
            return;
        }
        self.front.line = None;
        // Where a scale stands, goods are rarely weighed by hand, and a number that is a code is meant as one.
        let weighing = weighing.filter(|_| self.config.scale.is_none() || !self.is_item_code(&text));
        if let (Some(sku), Ok(grams)) = (weighing, text.parse()) {
            self.choose(sku, Some(grams));
        } else if let (Some(sku), Some(price)) = (pricing, self.amount(&text)) {
            self.choose_priced(Input::ChoosePriced { sku, price });
        } else if let Some((price, code)) = text.split_once('*')
            && let Some(price) = self.amount(price)
        {
            self.choose_priced(Input::Department { code: code.to_owned(), price });
        } else if text.chars().any(char::is_alphabetic) {
            // Item codes with letters are among the results.
            self.front.attempt = Attempt::Refused;
            self.front.notice = Some(Notice::NothingFound { text });
        } else {
            self.scan(&text);
        }
    }

    /// A search result, or a tile with the typed number of pieces or grams.
    fn choose_goods(&mut self, index: usize) {
        let (item, count) = if self.front.results.is_empty() {
            if self.front.entry_refused {
                self.front.clear_entry();
            }
            let tiles = self.front.tiles.as_deref().unwrap_or_default();
            (tiles.get(index).cloned(), self.front.entry.parse().ok())
        } else {
            (self.front.results.get(index).cloned(), None)
        };
        if let Some(item) = item {
            let price = self.amount(&self.front.entry).filter(|_| self.front.results.is_empty());
            self.front.clear_entry();
            self.front.line = None;
            let sku = item.sku.clone();
            match price.filter(|_| item.open_price.is_some()) {
                Some(price) => self.choose_priced(Input::ChoosePriced { sku, price }),
                None => self.choose(sku, count),
            }
        }
    }

    /// An amount as it was typed.
    pub(crate) fn amount(&self, text: &str) -> Option<Money> {
        let State::Open(open) = &self.state else { return None };
        open.settings().currency.parse(text.trim()).ok()
    }

    pub(crate) fn selected_number(&self) -> Option<u32> {
        let State::Open(open) = &self.state else { return None };
        let lines = open.basket().lines();
        lines.get(present::selected(lines, self.front.line)).map(|line| line.number)
    }

    fn set_quantity(&mut self) {
        // No number typed is out of range too, and the notice says what to do.
        let pieces = self.front.entry.trim().parse().unwrap_or(0);
        // 0 is no line's number: the till says that there is none.
        let line = self.selected_number().unwrap_or(0);
        self.offer_typed(|lane| {
            lane.front.clear_entry();
            lane.input(Input::SetQuantity { line, pieces });
        });
    }

    /// Whether something may be taken off now: not by a second press that came with the first.
    fn may_take_off(&mut self) -> bool {
        if self.moment.waits_until(self.front.kept_until_ms, CALM_MS) {
            return false;
        }
        self.front.kept_until_ms = self.moment.now_ms + OFF_AGAIN_MS;
        true
    }

    fn void(&mut self) {
        if !self.may_take_off() {
            return;
        }
        let line = self.selected_number().unwrap_or(0);
        self.front.line = None;
        self.input(Input::Void { line, reason: String::new() });
    }

    fn press_paying(&mut self, button: Button, had_notice: bool) {
        match button {
            Button::Digit(digit) => self.typed(digit),
            Button::Backspace => self.rub_out(),
            Button::Clear => self.front.entry.clear(),
            Button::Back | Button::No => {
                // The first press takes back what was typed.
                if self.front.entry.is_empty() {
                    self.input(Input::Back);
                }
                self.front.entry.clear();
            }
            Button::QuickCash(index) => self.take_likely_cash(index),
            Button::Enter if self.front.entry.is_empty() && self.is_cash_due() => {
                // One that may have been meant for something else, or the end of a scan, takes no money; nor does the
                // next one of a key that is held or bounces.
                if had_notice || self.is_calm() {
                    self.rest();
                } else {
                    self.take_likely_cash(0);
                }
            }
            Button::Finish | Button::Enter | Button::Yes => {
                let State::Open(open) = &self.state else { return };
                if open.till().due(open.settings()).payable < Money::ZERO {
                    return self.input(Input::PayOut);
                }
                // Nothing typed is nothing handed over; the till says what is missing.
                let typed = if self.front.entry.is_empty() { "0" } else { self.front.entry.as_str() };
                match open.settings().currency.parse(typed) {
                    Ok(amount) => self.take_cash(amount),
                    Err(_) => {
                        self.front.entry_refused = true;
                        let max = open.settings().currency.format_with_symbol(open.settings().change_max);
                        self.front.notice = Some(Notice::ChangeTooLarge { max });
                    }
                }
            }
            Button::Reprint => self.input(Input::Reprint { document: None }),
            Button::SignOut => self.sign_out(),
            Button::TenderKind(index) => self.take_by_kind(index),
            Button::TakeBack(index) => self.take_back(index),
            Button::Member => self.open_sheet(Kind::Member),
            Button::Seller => self.open_sheet(Kind::Seller { line: None }),
            Button::Why => self.open_sheet(Kind::Why),
            _ => {}
        }
    }

    /// Hands a tender back: the last one where none is named.
    fn take_back(&mut self, index: usize) {
        if !self.may_take_off() {
            return;
        }
        let State::Open(open) = &self.state else { return };
        let last = open.till().tenders().len().saturating_sub(1);
        self.input(Input::TakeTenderBack { place: index.min(last) });
    }

    /// Whether the customer owes money, and no payment of the basket is under way or in doubt.
    fn is_cash_due(&self) -> bool {
        let State::Open(open) = &self.state else { return false };
        let till = open.till();
        let pays = till.cash_due(open.settings()).payable.is_positive();
        pays && !till.payments().iter().any(|payment| payment.belongs == Belongs::Open)
    }

    /// One of the amounts that customers are likely to hand over, the exact one first.
    fn take_likely_cash(&mut self, index: usize) {
        let State::Open(open) = &self.state else { return };
        let settings = open.settings();
        let due = open.till().cash_due(settings).payable;
        let amount = sale::likely_cash(due, &settings.currency).get(index).copied();
        if let Some(amount) = amount.filter(|_| self.is_cash_due()) {
            self.take_cash(amount);
        }
    }

    fn take_cash(&mut self, amount: Money) {
        self.front.line = None;
        self.offer_typed(|lane| {
            lane.front.entry.clear();
            lane.input(Input::TakeCash(amount));
        });
    }

    fn press_done(&mut self, button: Button) {
        match button {
            Button::Reprint => self.input(Input::Reprint { document: None }),
            Button::SignOut => self.sign_out(),
            Button::Digit(digit) => self.typed(digit),
            Button::Find => self.show_last_receipt(),
            // The next customer begins with one of these.
            Button::Member => self.open_sheet(Kind::Member),
            Button::GiveBack => self.open_sheet(Kind::GiveBack),
            Button::PriceCheck => self.open_sheet(Kind::Goods { selling: false }),
            Button::Park => self.open_sheet(Kind::Parked),
            // Nothing is left to pay, and an impatient second Enter or space
            // must not go anywhere.
            Button::Pay
            | Button::Void
            | Button::Quantity
            | Button::CancelBasket
            | Button::Enter
            | Button::Finish
            | Button::ChangeLine
            | Button::Why
            | Button::Yes => {}
            Button::Back if self.is_calm() => {}
            Button::Goods(_) | Button::Tab(_) => {
                self.input(Input::Back);
                self.press_selling(button, false);
            }
            _ => self.input(Input::Back),
        }
    }
}
