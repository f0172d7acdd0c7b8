//! Keys and taps, and what they mean where the cashier stands.

// What a button means depends on where the cashier stands; one that means
// nothing there, a new one among them, does nothing.
#![allow(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use domain::barcode::{self, Barcode};
use domain::catalogue::{Catalogue, Item};
use domain::money::Money;
use domain::rights::Rights;
use domain::sale;
use domain::till::{Desk, Input, Paper};
use drivers::scanner::wedge::{Wedge, WedgeConfig, WedgeKey, WedgeOutcome};
use ui::action::{Button, Key};
use ui::view::{Language, Notice, Theme};

use crate::config::{self, Config};
use crate::lane::{Lane, State};
use crate::pin;
use crate::present;

/// Tiles on a page of the grid.
pub const TILES_MAX: usize = 12;

/// How long a second Enter or a double click, meant for the screen before,
/// does nothing, milliseconds.
pub const CALM_MS: i64 = 1_000;

/// Search results that are shown.
pub const RESULTS_MAX: usize = 8;

/// The most pieces that a number typed before a scan stands for: a larger one
/// is more likely a rest of something else.
pub const TYPED_PIECES_MAX: i64 = 99;

/// The most characters that the entry line takes.
pub const ENTRY_MAX: usize = 64;

/// What the screen remembers that is no business of the till.
pub struct Front {
    pub(crate) language: Language,
    pub(crate) theme: Theme,
    pub(crate) entry: String,
    pub(crate) wedge: Wedge,
    pub(crate) notice: Option<Notice>,
    pub(crate) sheet: Option<Ask>,
    /// The line that keys act on, by number; the last one where `None`.
    pub(crate) line: Option<u32>,
    /// Who is signing in, by staff id.
    pub(crate) chosen: Option<String>,
    pub(crate) tab: usize,
    pub(crate) page: usize,
    pub(crate) tiles: Option<Vec<Arc<Item>>>,
    pub(crate) results: Vec<Arc<Item>>,
    pub(crate) result: usize,
    /// Something was typed since the question came up, so the next Enter may
    /// be the end of that, not an answer.
    typed_under_question: bool,
    /// The weighed item that grams are typed for.
    pub(crate) weighing: Option<String>,
    /// The item that a price is typed for.
    pub(crate) pricing: Option<String>,
    /// Until then an Enter that was meant for the screen before does nothing,
    /// milliseconds UTC.
    pub(crate) calm_until_ms: i64,
    /// What somebody who signs in should know.
    pub(crate) on_sign_in: Option<Notice>,
    /// When the last key came.
    last_key: Option<Instant>,
}

/// A question that stands over the basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Age,
    Cancel,
}

impl Front {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            language: match config.language {
                config::Language::Zh => Language::Chinese,
                config::Language::En => Language::English,
            },
            theme: match config.theme {
                config::Theme::Light => Theme::Light,
                config::Theme::Dark => Theme::Dark,
            },
            entry: String::new(),
            wedge: Wedge::new(WedgeConfig {
                gap_max: Duration::from_millis(config.wedge.gap_ms),
                length_min: config.wedge.length_min,
                prefix: config.wedge.prefix,
            }),
            notice: None,
            sheet: None,
            line: None,
            chosen: None,
            tab: 0,
            page: 0,
            tiles: None,
            results: Vec::new(),
            result: 0,
            typed_under_question: false,
            weighing: None,
            pricing: None,
            calm_until_ms: 0,
            on_sign_in: None,
            last_key: None,
        }
    }

    pub(crate) fn ask_age(&mut self) {
        self.ask(Ask::Age);
    }

    fn ask(&mut self, question: Ask) {
        self.clear_entry();
        self.typed_under_question = false;
        self.sheet = Some(question);
    }

    pub(crate) fn forget_tiles(&mut self) {
        self.tiles = None;
    }

    /// Reads the page of the grid that is shown, and one tile more, which
    /// tells whether a page follows.
    pub(crate) fn fill_tiles(&mut self, state: &State) {
        let State::Open(open) = state else { return };
        if self.tiles.is_none() {
            match open.tiles(self.tab, self.page * TILES_MAX, TILES_MAX + 1) {
                Ok(tiles) => self.tiles = Some(tiles),
                Err(error) => tracing::warn!(%error, "grid not read"),
            }
        }
    }

    fn clear_entry(&mut self) {
        self.weighing = None;
        self.pricing = None;
        self.entry.clear();
        self.results.clear();
        self.result = 0;
    }
}

impl Lane {
    /// A key of the keyboard, or of a scanner that acts as one.
    pub(crate) fn key(&mut self, key: Key, at: Instant) {
        let typed = match key {
            Key::Char(character) => WedgeKey::Char(character),
            Key::Enter => WedgeKey::Enter,
            Key::Escape
            | Key::Backspace
            | Key::Delete
            | Key::Tab
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::Right
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::PageDown
            | Key::Function(_) => {
                self.front.wedge.forget();
                return self.command_key(key);
            }
        };
        let gap_max = Duration::from_millis(self.config.wedge.gap_ms);
        let last = self.front.last_key.replace(at);
        let in_burst = last.is_some_and(|last| at.saturating_duration_since(last) <= gap_max);
        let number_only = self.front.entry.chars().all(|character| character.is_ascii_digit());
        match self.front.wedge.key(typed, at) {
            // A space within a scan belongs to it.
            WedgeOutcome::Typed(' ') if number_only && !in_burst => self.press(Button::Pay),
            WedgeOutcome::Typed(character) => self.typed(character),
            WedgeOutcome::Enter => self.press(Button::Enter),
            WedgeOutcome::Scan { text, typed } => self.scanned(&text, typed),
        }
    }

    /// A scan through the keyboard, of which `typed` characters were taken for typing.
    fn scanned(&mut self, text: &str, typed: usize) {
        if self.question_is_open() {
            // Nothing of it went into the entry.
            self.front.notice = None;
            return self.scan_over(text);
        }
        self.front.notice = None;
        // A window that was busy may have torn a scan in two: where all of the
        // entry is goods, it was one scan.
        if self.is_known(&self.front.entry) {
            let whole = std::mem::take(&mut self.front.entry);
            return self.scan_over(&whole);
        }
        // The scan's own characters leave the entry; what a person typed
        // before them stays.
        let kept = self.front.entry.chars().count().saturating_sub(typed);
        self.front.entry = self.front.entry.chars().take(kept).collect();
        self.scan_over(text);
    }

    /// A scan joins the basket whatever stands over it: a question of the
    /// cashier's is put away, and a small number typed before is the quantity.
    pub(crate) fn scan_over(&mut self, text: &str) {
        self.front.sheet = None;
        let State::Open(open) = &self.state else { return };
        if !matches!(open.till().desk(), Desk::Selling(_) | Desk::Done(..)) {
            return self.scan(text);
        }
        let pieces = self.front.entry.parse().ok().filter(|pieces| (2..=TYPED_PIECES_MAX).contains(pieces));
        let before = open.basket().next_number();
        self.front.clear_entry();
        self.front.line = None;
        self.scan(text);
        let State::Open(open) = &self.state else { return };
        if let (Some(pieces), Some(line)) = (pieces, open.basket().lines().last())
            && line.number == before
        {
            self.input(Input::SetQuantity { line: before, pieces });
        }
    }

    fn question_is_open(&self) -> bool {
        self.ask().is_some() && self.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_)))
    }

    /// Whether a text is a code of goods of this shop, no longer than an EAN-13
    /// or as long as a scale's label: a number typed before a scan makes it
    /// longer than either.
    fn is_known(&self, text: &str) -> bool {
        let State::Open(open) = &self.state else { return false };
        // Neither is told apart by dates, so any day will do.
        let day = NaiveDate::default();
        let found = match barcode::recognise(text, &open.settings().codes, day) {
            Barcode::Goods(goods) if text.len() <= 13 => {
                open.reference().item_by_gtin(&goods.gtin).map(|found| found.map(|found| found.item))
            }
            Barcode::Scale(label) => open.reference().item_by_plu(&label.plu),
            Barcode::Goods(_)
            | Barcode::Member(_)
            | Barcode::Coupon(_)
            | Barcode::Staff(_)
            | Barcode::Receipt(_)
            | Barcode::Label(_)
            | Barcode::Payment
            | Barcode::ItemCode(_)
            | Barcode::Misread(..)
            | Barcode::Malformed(_)
            | Barcode::Other(_) => Ok(None),
        };
        found.is_ok_and(|item| item.is_some())
    }

    fn command_key(&mut self, key: Key) {
        let button = match key {
            Key::Escape => Button::Back,
            Key::Backspace => Button::Backspace,
            Key::Delete => Button::Void,
            Key::Home => Button::ScaleZero,
            Key::End => Button::ScaleTare,
            Key::PageUp => Button::PageBefore,
            Key::PageDown => Button::PageAfter,
            Key::Function(1) => Button::Language,
            Key::Function(3) => Button::Theme,
            Key::Function(4) => Button::Quantity,
            Key::Function(10) => Button::SignOut,
            Key::Function(11) => Button::Reprint,
            Key::Function(12) => Button::CancelBasket,
            Key::Up => return self.move_by(false),
            Key::Down => return self.move_by(true),
            Key::Tab | Key::Left | Key::Right | Key::Function(_) | Key::Char(_) | Key::Enter => return,
        };
        self.press(button);
    }

    /// A character joins the entry, where the entry takes it.
    fn typed(&mut self, character: char) {
        if self.question_is_open() {
            self.front.typed_under_question = true;
            return;
        }
        let State::Open(open) = &self.state else { return };
        let takes = match open.till().desk() {
            Desk::SignedOut | Desk::Locked(_) => character.is_ascii_digit(),
            Desk::Paying(_) => character.is_ascii_digit() || character == '.',
            Desk::Selling(_) | Desk::Done(..) => !character.is_control(),
            Desk::Saving(..) => false,
        };
        if !takes || self.front.entry.chars().count() >= ENTRY_MAX {
            return;
        }
        if matches!(open.till().desk(), Desk::Done(..)) {
            self.input(Input::Back);
        }
        self.front.notice = None;
        self.front.entry.push(character);
        self.search();
    }

    /// Looks for goods while letters are typed. Digits are a code or a
    /// quantity until Enter or another key says which.
    fn search(&mut self) {
        self.front.results.clear();
        self.front.result = 0;
        let State::Open(open) = &self.state else { return };
        let text = self.front.entry.trim();
        let letters = !text.is_empty() && !is_number(text);
        if !letters || !matches!(open.till().desk(), Desk::Selling(_)) {
            return;
        }
        match open.reference().search(text, RESULTS_MAX + 1) {
            Ok(results) => self.front.results = results,
            Err(error) => {
                self.front.notice = Some(Notice::ReferenceFault { reason: crate::lane::words(&error) })
            }
        }
    }

    fn move_by(&mut self, down: bool) {
        if !self.front.results.is_empty() {
            let last = self.front.results.len().min(RESULTS_MAX) - 1;
            self.front.result =
                if down { (self.front.result + 1).min(last) } else { self.front.result.saturating_sub(1) };
            return;
        }
        let State::Open(open) = &self.state else { return };
        let lines = open.basket().lines();
        let Some(last) = lines.len().checked_sub(1) else { return };
        let at = present::selected(lines, self.front.line);
        let at = if down { (at + 1).min(last) } else { at.saturating_sub(1) };
        self.front.line = (at != last).then(|| lines[at].number);
    }

    /// A control, or the key that stands for it.
    pub(crate) fn press(&mut self, button: Button) {
        match button {
            Button::Language => {
                self.front.language = match self.front.language {
                    Language::Chinese => Language::English,
                    Language::English => Language::Chinese,
                };
                return;
            }
            Button::Theme => {
                self.front.theme = match self.front.theme {
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::Light,
                };
                return;
            }
            Button::DismissNotice => {
                self.front.notice = None;
                return;
            }
            Button::ScaleZero => return self.zero_scale(),
            Button::ScaleTare => return self.tare_scale(),
            _ => {}
        }
        if self.press_while_weighing(button) {
            return;
        }
        let State::Open(open) = &self.state else { return };
        let desk = open.till().desk().clone();
        let had_notice = self.front.notice.take().is_some();
        if !matches!(desk, Desk::Selling(_)) {
            self.front.sheet = None;
        } else if self.ask().is_some() {
            return self.answer(button);
        }
        match desk {
            Desk::SignedOut | Desk::Locked(_) => self.press_signed_out(button),
            Desk::Selling(_) => self.press_selling(button, had_notice),
            Desk::Paying(_) => self.press_paying(button),
            Desk::Saving(..) => {}
            Desk::Done(..) => self.press_done(button),
        }
    }

    /// The question that stands over the basket: one of the cashier's, or one
    /// of the lane's own about a doubtful receipt.
    pub(crate) fn ask(&self) -> Option<Asked> {
        let State::Open(open) = &self.state else { return None };
        match self.front.sheet {
            Some(Ask::Age) => Some(Asked::Age),
            Some(Ask::Cancel) => Some(Asked::Cancel),
            None => {
                let papers = open.till().papers().iter();
                let doubt = papers.rev().find(|(_, paper)| **paper == Paper::InDoubt);
                doubt.map(|(document, _)| Asked::Receipt(*document))
            }
        }
    }

    /// Whether what comes now may have been meant for the screen before.
    fn is_calm(&self) -> bool {
        self.moment.waits_until(self.front.calm_until_ms, CALM_MS)
    }

    /// A button while a question is open: an answer, or nothing.
    fn answer(&mut self, button: Button) {
        let asked = self.ask();
        let calm = matches!(asked, Some(Asked::Receipt(_))) && self.is_calm();
        if button == Button::Enter && (std::mem::take(&mut self.front.typed_under_question) || calm) {
            return;
        }
        let yes = match button {
            Button::Yes | Button::Enter => true,
            Button::No | Button::Back => false,
            Button::SignOut => return self.sign_out(),
            _ => return,
        };
        match (asked, yes) {
            (Some(Asked::Age), true) => {
                self.front.sheet = None;
                self.input(Input::ConfirmAge);
                self.input(Input::Pay);
            }
            (Some(Asked::Cancel), true) => {
                self.front.sheet = None;
                self.front.line = None;
                self.input(Input::Cancel { reason: String::new() });
            }
            (Some(Asked::Age | Asked::Cancel), false) => self.front.sheet = None,
            // The question is whether it was printed.
            (Some(Asked::Receipt(document)), true) => self.input(Input::WaivePaper { document }),
            (Some(Asked::Receipt(document)), false) => {
                self.input(Input::Reprint { document: Some(document) })
            }
            (None, _) => {}
        }
    }

    fn press_signed_out(&mut self, button: Button) {
        match button {
            Button::Digit(digit) => self.typed(digit),
            Button::Backspace => {
                self.front.entry.pop();
            }
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

    fn choose_staff(&mut self) {
        let State::Open(open) = &self.state else { return };
        let number = std::mem::take(&mut self.front.entry);
        match open.staff().iter().find(|member| member.number == number) {
            Some(member) => self.front.chosen = Some(member.id.clone()),
            None if number.is_empty() => {}
            None => self.front.notice = Some(Notice::UnknownStaff { number }),
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
        }
    }

    fn press_selling(&mut self, button: Button, had_notice: bool) {
        match button {
            Button::Digit(digit) => self.typed(digit),
            Button::Backspace => {
                self.front.entry.pop();
                self.search();
            }
            Button::Clear => self.front.clear_entry(),
            Button::Back | Button::No => {
                if !had_notice {
                    self.front.clear_entry();
                    self.front.line = None;
                }
            }
            Button::Enter | Button::Yes => self.enter_code(),
            Button::Quantity => self.set_quantity(),
            Button::Void => self.void(),
            Button::CancelBasket => {
                let State::Open(open) = &self.state else { return };
                if open.basket().is_empty() {
                    self.input(Input::Cancel { reason: String::new() });
                } else {
                    self.front.ask(Ask::Cancel);
                }
            }
            Button::Pay => {
                self.front.clear_entry();
                self.input(Input::Pay);
            }
            Button::Goods(index) => self.choose_goods(index),
            Button::Tab(tab) => self.turn_to(tab, 0),
            Button::PageBefore => self.turn_to(self.front.tab, self.front.page.saturating_sub(1)),
            Button::PageAfter => {
                if self.front.tiles.as_ref().is_some_and(|tiles| tiles.len() > TILES_MAX) {
                    self.turn_to(self.front.tab, self.front.page + 1);
                }
            }
            Button::Line(index) => {
                let State::Open(open) = &self.state else { return };
                let lines = open.basket().lines();
                self.front.line =
                    lines.get(index).filter(|_| index + 1 != lines.len()).map(|line| line.number);
            }
            Button::Reprint => self.input(Input::Reprint { document: None }),
            Button::SignOut => self.sign_out(),
            Button::Finish
            | Button::QuickCash(_)
            | Button::Staff(_)
            | Button::Language
            | Button::Theme
            | Button::ScaleZero
            | Button::ScaleTare
            | Button::DismissNotice => {}
        }
    }

    fn sign_out(&mut self) {
        self.front.clear_entry();
        self.front.sheet = None;
        self.front.chosen = None;
        self.input(Input::SignOut);
    }

    fn turn_to(&mut self, tab: usize, page: usize) {
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
        let weighing = self.front.weighing.take();
        let pricing = self.front.pricing.take();
        self.front.clear_entry();
        if text.is_empty() {
            return;
        }
        self.front.line = None;
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
            self.front.notice = Some(Notice::NothingFound { text });
        } else {
            self.scan(&text);
        }
    }

    /// A search result, or a tile with the typed number of pieces or grams.
    fn choose_goods(&mut self, index: usize) {
        let (item, count) = if self.front.results.is_empty() {
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
    fn amount(&self, text: &str) -> Option<Money> {
        let State::Open(open) = &self.state else { return None };
        open.settings().currency.parse(text.trim()).ok()
    }

    fn selected_number(&self) -> Option<u32> {
        let State::Open(open) = &self.state else { return None };
        let lines = open.basket().lines();
        lines.get(present::selected(lines, self.front.line)).map(|line| line.number)
    }

    fn set_quantity(&mut self) {
        // No number typed is out of range too, and the notice says what to do.
        let pieces = self.front.entry.trim().parse().unwrap_or(0);
        self.front.clear_entry();
        // 0 is no line's number: the till says that there is none.
        let line = self.selected_number().unwrap_or(0);
        self.input(Input::SetQuantity { line, pieces });
    }

    fn void(&mut self) {
        let line = self.selected_number().unwrap_or(0);
        self.front.line = None;
        self.input(Input::Void { line, reason: String::new() });
    }

    fn press_paying(&mut self, button: Button) {
        match button {
            Button::Digit(digit) => self.typed(digit),
            Button::Backspace => {
                self.front.entry.pop();
            }
            Button::Clear => self.front.entry.clear(),
            Button::Back | Button::No => {
                // The first press takes back what was typed.
                if self.front.entry.is_empty() {
                    self.input(Input::Back);
                }
                self.front.entry.clear();
            }
            Button::QuickCash(index) => {
                let State::Open(open) = &self.state else { return };
                let settings = open.settings();
                let due = open.till().cash_due(settings).payable;
                if let Some(amount) = sale::likely_cash(due, &settings.currency).get(index).copied() {
                    self.take_cash(amount);
                }
            }
            Button::Finish | Button::Enter | Button::Yes => {
                let State::Open(open) = &self.state else { return };
                // Nothing typed is nothing handed over; the till says what is missing.
                let typed = if self.front.entry.is_empty() { "0" } else { self.front.entry.as_str() };
                match open.settings().currency.parse(typed) {
                    Ok(amount) => self.take_cash(amount),
                    Err(_) => {
                        self.front.entry.clear();
                        let max = open.settings().currency.format_with_symbol(open.settings().change_max);
                        self.front.notice = Some(Notice::ChangeTooLarge { max });
                    }
                }
            }
            Button::Reprint => self.input(Input::Reprint { document: None }),
            Button::SignOut => self.sign_out(),
            _ => {}
        }
    }

    fn take_cash(&mut self, amount: Money) {
        self.front.entry.clear();
        self.front.line = None;
        self.input(Input::TakeCash(amount));
    }

    fn press_done(&mut self, button: Button) {
        match button {
            Button::Reprint => self.input(Input::Reprint { document: None }),
            Button::SignOut => self.sign_out(),
            Button::Digit(digit) => self.typed(digit),
            // Nothing is left to pay, and an impatient second Enter or space
            // must not go anywhere.
            Button::Pay
            | Button::Void
            | Button::Quantity
            | Button::CancelBasket
            | Button::Enter
            | Button::Finish
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

/// Whether a typed text is a number, an amount, or an amount with a
/// department (`12.50*10`), and not something to look for.
pub(crate) fn is_number(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_digit() || matches!(character, '.' | '*'))
}

/// The question that stands over the basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Is the buyer 18?
    Age,
    /// Drop the basket?
    Cancel,
    /// Was this document printed?
    Receipt(u64),
}
