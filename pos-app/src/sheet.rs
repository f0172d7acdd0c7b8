//! Sheets over the basket: which are open, what was typed into them, and which keys and scans go to them.
//!
//! A sheet is a kind with what was typed; what it shows is derived from that and the till at every turn. They lie on
//! each other, so that Escape leads back one step at a time, and at last to the goods, with the basket as it was.

mod after;
mod approval;
mod board;
mod books;
mod bought;
mod change;
mod code;
mod counting;
mod day;
mod drawer;
mod export;
mod give_back;
mod goods;
mod health;
mod margins;
mod member;
mod menu;
mod orders;
mod parking;
mod payment;
mod phone;
mod question;
mod seller;
mod stock;
mod tender;
mod transfers;
mod typing;
mod value;
mod why;

use std::sync::Arc;

use domain::barcode::{self, Barcode};
use domain::catalogue::Item;
use domain::money::Currency;
use domain::phone::ExitRight;
use domain::refund::Origin;
use domain::rights::Act;
use domain::shift::{CashMove, ShiftReport};
use domain::tender::CARD_DIGITS;
use domain::till::{Desk, Input, Paper};
use drivers::sound::Tone as Sound;
use ui::view::{self, Language, Notice, SheetField, SheetKey, SheetRow, Tone};

use crate::entry::CALM_MS;
use crate::lane::{Command, Lane, OpenLane, State};
pub(crate) use after::why_not;
pub(crate) use bought::{Bought, BoughtBy};
pub(crate) use change::Change;
pub(crate) use day::{DayBy, StoreDaySeen};
pub(crate) use goods::found;
pub(crate) use health::CLOCK_APART_MS;
pub(crate) use margins::MarginsSeen;
pub(crate) use parking::{Claimed, Elsewhere};
pub(crate) use stock::StockWork;
pub(crate) use value::ValueKnown;
pub(crate) use why::almost;

/// The most sheets that lie on each other.
const SHEETS_MAX: usize = 8;

/// The most characters of one field.
const FIELD_MAX: usize = 64;

/// The most digits of how many notes or coins of one value there are.
const COUNT_DIGITS_MAX: usize = 5;

/// A quantity is counted in thousandths.
const QUANTITY_DECIMALS: usize = 3;

/// How many rows a page key moves by.
const PAGE_ROWS: usize = 6;

/// What a sheet is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Is the buyer 18?
    Age,
    /// Drop the basket?
    Cancel,
    /// Was this document printed?
    Paper(u64),
    /// Everything that can be done here.
    Menu,
    /// The keys of this screen.
    Help,
    /// Somebody is to let the cashier do this.
    Approve(Act),
    /// Price or discount of a line, or a discount of the basket.
    Change {
        /// The line.
        line: u32,
        /// What.
        change: Change,
    },
    /// The basket is put aside.
    Park,
    /// The baskets that were put aside.
    Parked,
    /// Who buys, and what they brought.
    Member,
    /// Goods by name, initials or code: to sell them, or to see their price.
    Goods {
        /// To sell them.
        selling: bool,
    },
    /// Why the basket costs what it costs.
    Why,
    /// Goods come back.
    GiveBack,
    /// Receipts are looked for without the paper.
    Bought(BoughtBy),
    /// Goods come back without a receipt.
    Blind,
    /// A voucher is taken.
    Voucher,
    /// Notes of another currency are taken.
    Foreign,
    /// Stored value pays.
    Value,
    /// Money is paid into an account.
    TopUp,
    /// A payment that is under way or in doubt.
    Payment(u64),
    /// All payments whose end is not known.
    Payments,
    /// A shift is opened with its float.
    Float,
    /// Cash moves without a sale.
    Cash(CashMove),
    /// The drawer is opened without a sale.
    Drawer,
    /// The drawer is counted.
    Count,
    /// The shift ends.
    CloseShift,
    /// What a shift has taken; whether it is closed.
    Report(Box<ShiftReport>, bool),
    /// How the lane and its devices are.
    Health,
    /// What was sold on this day.
    Day(DayBy),
    /// What was earned on goods on a day.
    Margins,
    /// The last documents of this lane.
    Receipts,
    /// A document as a code.
    Code(Origin),
    /// Where customers' phones and the till differ.
    Phones,
    /// The right to leave with what a document paid for, as a code.
    Leave(Origin, String),
    /// A customer leaves; whether their goods are looked at.
    Exit(Box<ExitRight>, bool),
    /// Somebody becomes a member: of the basket, or of a sale that was paid, by its number.
    NewMember(Option<u64>),
    /// A member is named for a sale that was paid, by its number.
    MemberAfter(u64),
    /// Whose is the card that was scanned after a payment?
    WhoseCard {
        /// The sale that was paid.
        document: u64,
        /// The card.
        code: String,
    },
    /// Goods come, go or are thrown away.
    Stock(StockWork),
    /// The transfers that HQ ordered: which is sent, or received.
    Transfers(StockWork),
    /// Where there is any of some goods.
    OnHand,
    /// Which goods are counted: a new count, or one that was begun.
    Counts,
    /// Goods are counted.
    Counting,
    /// The look at a count before it is written down.
    EndCount,
    /// Who is credited.
    Seller {
        /// The line; the whole basket where `None`.
        line: Option<u32>,
    },
    /// What is noted.
    Note {
        /// The line; the whole basket where `None`.
        line: Option<u32>,
    },
    /// The store's kiosks.
    Board,
    /// One of them, by its number.
    KioskAt(u32),
    /// The store's orders of channels.
    Orders,
    /// One of them, by its id: what is to be done with it next.
    Order(String),
    /// An order is refused, or nobody came for it: why, and the last question.
    EndOrder(String),
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing but the number of a row, which is not shown apart.
    RowNumber,
    /// Digits.
    Digits,
    /// Digits that are not shown.
    Pin,
    /// Whole per cent, up to 100.
    Percent,
    /// An amount of the store's currency.
    Amount,
    /// A quantity: digits and a point, to the thousandth.
    Quantity,
    /// A code, number or telephone.
    Code,
    /// Words.
    Words,
}

impl Takes {
    /// Whether a character may follow what stands there.
    pub(crate) fn takes(self, character: char, before: &str, currency: &Currency) -> bool {
        match self {
            Self::RowNumber | Self::Digits | Self::Pin => character.is_ascii_digit(),
            Self::Percent => {
                let typed = format!("{before}{character}").parse::<u32>();
                character.is_ascii_digit() && typed.is_ok_and(|percent| percent <= 100)
            }
            Self::Amount => takes_decimal(character, before, usize::from(currency.exponent)),
            Self::Quantity => takes_decimal(character, before, QUANTITY_DECIMALS),
            Self::Code => !character.is_control() && character != ' ',
            Self::Words => !character.is_control(),
        }
    }
}

/// Whether a digit or the point may follow a number with so many decimals at most.
fn takes_decimal(character: char, before: &str, decimals: usize) -> bool {
    match before.split_once('.') {
        None => character.is_ascii_digit() || character == '.' && decimals > 0,
        Some((_, after)) => character.is_ascii_digit() && after.len() < decimals,
    }
}

/// Something that is typed into a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    takes: Takes,
    text: String,
}

/// What happens to a scan while a sheet is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanRule {
    /// The sheet goes, and the scan joins the basket.
    Sells,
    /// The sheet asks for it; what it cannot use joins the basket.
    Takes,
    /// Nothing may disturb it: the scan is refused and says so.
    Blocks,
}

/// How something ended that a sheet asked the till for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It was done.
    Done,
    /// It was not, and the cashier was told why.
    Refused,
    /// Somebody is asked for it.
    Asked,
}

/// A sheet that is open.
#[derive(Debug, Clone)]
pub(crate) struct Open {
    pub(crate) kind: Kind,
    fields: Vec<Field>,
    focus: usize,
    row: usize,
    /// Goods that were found.
    items: Vec<Arc<Item>>,
    /// How much of each, thousandths, where that is asked.
    counts: Vec<i64>,
    /// What it lists that takes long to read: read once.
    listed: Vec<SheetRow>,
    /// Documents that it lists.
    documents: Vec<Origin>,
    /// Which of its reasons is chosen, where they are keys.
    reason: usize,
    /// Which of the last typed characters a field took, newest last.
    taken: Vec<bool>,
    /// Something was typed under a question, so the next Enter may be the end
    /// of that and no answer.
    typed_under: bool,
    /// The row was chosen, or asked about: Enter means it.
    is_chosen: bool,
    /// What was typed was refused as a whole: the next character begins anew.
    is_refused: bool,
    /// The field was tapped: letters stand where its keys are.
    has_letters: bool,
    /// Whoever leaves it was told what is lost: a second time it goes.
    warned: bool,
    /// Scanners are tried: what is read is shown, and not sold.
    tries_scans: bool,
    /// The transfer that HQ ordered and that it is about.
    of_transfer: Option<transfers::OfTransfer>,
    /// When it was opened, or something was added to it last, the lane's clock: the key that adds is the key that ends, and
    /// one press too many ends nothing.
    added_ms: i64,
}

impl Open {
    fn new(kind: Kind) -> Self {
        use Takes::{Amount, Code, Digits, Pin, Quantity, RowNumber, Words};
        let takes: &[Takes] = match &kind {
            Kind::Age
            | Kind::Cancel
            | Kind::Paper(_)
            | Kind::Code(_)
            | Kind::Leave(..)
            | Kind::WhoseCard { .. }
            | Kind::Exit(_, false) => &[],
            Kind::Exit(_, true) => &[Digits],
            Kind::Menu
            | Kind::Help
            | Kind::Parked
            | Kind::Why
            | Kind::Payments
            | Kind::Drawer
            | Kind::CloseShift
            | Kind::Report(..)
            | Kind::Health
            | Kind::Day(_)
            | Kind::Margins
            | Kind::Receipts
            | Kind::Phones
            | Kind::OnHand
            | Kind::Board
            | Kind::KioskAt(_)
            | Kind::Counts
            | Kind::Transfers(_)
            | Kind::EndOrder(_) => &[RowNumber],
            Kind::Orders => &[Code],
            Kind::Order(_) => &[Code, Quantity],
            Kind::Approve(_) => &[Digits, Pin],
            Kind::Change { change, .. } => change.takes(),
            Kind::Park => &[Words],
            Kind::Member | Kind::MemberAfter(_) => &[Code],
            Kind::Goods { .. } => &[Words],
            Kind::GiveBack => &[Code],
            Kind::Bought(BoughtBy::Member) => &[Code, Words],
            Kind::Bought(BoughtBy::Payment) => &[Digits, Amount, Words],
            Kind::Blind => &[Code, Quantity, Amount],
            Kind::Voucher => &[Code, Amount],
            Kind::Foreign | Kind::Value | Kind::TopUp => &[Amount],
            Kind::Payment(_) => &[Digits, Digits],
            Kind::Float | Kind::Cash(_) => &[Amount],
            Kind::Count => &[Digits],
            Kind::NewMember(_) => &[Digits, Code],
            Kind::Seller { .. } => &[Digits],
            Kind::Note { .. } => &[Words],
            Kind::Counting => &[Code, Quantity],
            Kind::EndCount => &[Quantity],
            Kind::Stock(StockWork::Waste) => &[Code, Quantity, Code],
            Kind::Stock(_) => &[Code, Quantity, Code, Words],
        };
        let fields = takes.iter().map(|takes| Field { takes: *takes, text: String::new() }).collect();
        Self {
            kind,
            fields,
            focus: 0,
            row: 0,
            items: Vec::new(),
            counts: Vec::new(),
            listed: Vec::new(),
            documents: Vec::new(),
            reason: 0,
            taken: Vec::new(),
            typed_under: false,
            is_chosen: false,
            is_refused: false,
            has_letters: false,
            warned: false,
            tries_scans: false,
            of_transfer: None,
            added_ms: i64::MIN,
        }
    }

    fn text(&self, field: usize) -> &str {
        self.fields.get(field).map_or("", |field| field.text.as_str())
    }

    fn focused(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    /// Takes the last characters out again: they were a scan's.
    pub(crate) fn untype(&mut self, count: usize) {
        self.typed_under = false;
        let taken = self.taken.iter().rev().take(count).filter(|taken| **taken).count();
        self.taken.clear();
        if let Some(field) = self.focused() {
            let kept = field.text.chars().count().saturating_sub(taken);
            field.text = field.text.chars().take(kept).collect();
        }
    }

    /// What stands in the field that is written into.
    pub(crate) fn written(&self) -> &str {
        self.text(self.focus)
    }

    /// Empties that field: all of it was a scan's.
    pub(crate) fn unwrite(&mut self) {
        self.typed_under = false;
        self.taken.clear();
        if let Some(field) = self.focused() {
            field.text.clear();
        }
    }

    /// Puts back what stood in that field before a scan.
    pub(crate) fn rewrite(&mut self, stood: String) {
        self.typed_under = false;
        self.taken.clear();
        if let Some(field) = self.focused() {
            field.text = stood;
        }
    }

    /// The most characters of the field that is written into.
    fn most_characters(&self) -> usize {
        match (&self.kind, self.focus) {
            (Kind::Count, _) => COUNT_DIGITS_MAX,
            // Of a card nobody types more than may be kept.
            (Kind::Payment(_), 1) | (Kind::Bought(BoughtBy::Payment), 0) => CARD_DIGITS,
            // A mobile number begins with 1 and has no more than its digits.
            (Kind::NewMember(_), 0) if self.text(0).starts_with('1') => member::CHINESE_MOBILE_LENGTH,
            (Kind::NewMember(_), 0) => member::PHONE_LENGTH_MAX,
            _ => FIELD_MAX,
        }
    }

    /// Whether it has a field that is written into.
    pub(crate) fn is_written(&self) -> bool {
        self.fields.get(self.focus).is_some()
    }

    /// Whether somebody has begun to write into it.
    pub(crate) fn has_words(&self) -> bool {
        self.fields.iter().any(|field| !field.text.is_empty())
    }

    /// What happens to a scan.
    pub(crate) fn scan_rule(&self) -> ScanRule {
        match self.kind {
            Kind::Health if self.tries_scans => ScanRule::Takes,
            Kind::Age
            | Kind::Cancel
            | Kind::Paper(_)
            | Kind::Menu
            | Kind::Help
            | Kind::Change { .. }
            | Kind::Park
            | Kind::Parked
            | Kind::Goods { selling: true }
            | Kind::Why
            | Kind::Health
            | Kind::Day(_)
            | Kind::Margins
            | Kind::Receipts
            | Kind::Code(_)
            | Kind::Phones
            | Kind::Leave(..)
            | Kind::Exit(_, false)
            | Kind::Note { .. }
            | Kind::Board
            | Kind::KioskAt(_)
            | Kind::Counts
            | Kind::OnHand => ScanRule::Sells,
            Kind::Member
            | Kind::MemberAfter(_)
            | Kind::Goods { selling: false }
            | Kind::GiveBack
            | Kind::Bought(_)
            | Kind::Seller { .. }
            | Kind::Orders
            | Kind::Order(_) => ScanRule::Takes,
            Kind::Approve(_)
            | Kind::Exit(_, true)
            | Kind::Blind
            | Kind::Voucher
            | Kind::Foreign
            | Kind::Value
            | Kind::TopUp
            | Kind::Payment(_)
            | Kind::Payments
            | Kind::Float
            | Kind::Cash(_)
            | Kind::Drawer
            | Kind::Count
            | Kind::CloseShift
            | Kind::Report(..)
            | Kind::NewMember(_)
            | Kind::WhoseCard { .. }
            | Kind::EndOrder(_)
            | Kind::Counting
            | Kind::EndCount
            | Kind::Transfers(_)
            | Kind::Stock(_) => ScanRule::Blocks,
        }
    }

    /// Whether a tap on a row is the choice itself.
    fn tap_goes(&self) -> bool {
        match self.kind {
            Kind::Menu
            | Kind::Parked
            | Kind::Goods { .. }
            | Kind::Payments
            | Kind::Receipts
            | Kind::Bought(_)
            | Kind::Orders
            | Kind::Board
            | Kind::Counts
            | Kind::Transfers(_)
            | Kind::Seller { .. } => true,
            Kind::Age
            | Kind::Cancel
            | Kind::Paper(_)
            | Kind::Help
            | Kind::Approve(_)
            | Kind::Change { .. }
            | Kind::Park
            | Kind::Member
            | Kind::Why
            | Kind::GiveBack
            | Kind::Blind
            | Kind::Voucher
            | Kind::Foreign
            | Kind::Value
            | Kind::TopUp
            | Kind::Payment(_)
            | Kind::Float
            | Kind::Cash(_)
            | Kind::Drawer
            | Kind::Count
            | Kind::CloseShift
            | Kind::Report(..)
            | Kind::Health
            | Kind::Day(_)
            | Kind::Margins
            | Kind::Code(_)
            | Kind::Phones
            | Kind::Leave(..)
            | Kind::Exit(..)
            | Kind::NewMember(_)
            | Kind::MemberAfter(_)
            | Kind::WhoseCard { .. }
            | Kind::Stock(_)
            | Kind::Note { .. }
            | Kind::Order(_)
            | Kind::EndOrder(_)
            | Kind::KioskAt(_)
            | Kind::Counting
            | Kind::EndCount
            | Kind::OnHand => false,
        }
    }
}

/// The text of the screen's language.
pub(crate) fn say(language: Language, chinese: &str, english: &str) -> String {
    match language {
        Language::Chinese => chinese.to_owned(),
        Language::English => english.to_owned(),
    }
}

/// So many pieces.
fn pieces_in_english(count: i64) -> String {
    if count == 1 { "1 pc".to_owned() } else { format!("{count} pcs") }
}

/// A row that is chosen by its number.
fn numbered(index: usize, name: String, detail: String, value: String) -> SheetRow {
    SheetRow { key: (index + 1).to_string(), name, detail, value, tone: Tone::Quiet, share: 0 }
}

/// A row that is read.
fn fact(name: impl Into<String>, value: impl Into<String>) -> SheetRow {
    SheetRow {
        key: String::new(),
        name: name.into(),
        detail: String::new(),
        value: value.into(),
        tone: Tone::Quiet,
        share: 0,
    }
}

fn key(label: String, shortcut: &str) -> SheetKey {
    SheetKey { label, shortcut: shortcut.to_owned(), enabled: true, ..SheetKey::default() }
}

impl Lane {
    /// The text of the screen's language.
    pub(crate) fn words(&self, chinese: &str, english: &str) -> String {
        say(self.front.language, chinese, english)
    }

    /// A sheet with its title and what Escape does, to be filled in.
    fn blank(&self, title: String) -> view::Sheet {
        view::Sheet { title, back: self.words("返回", "Back"), ..view::Sheet::default() }
    }

    /// Puts a sheet over what is there; one that is open already stays.
    pub(crate) fn open_sheet(&mut self, kind: Kind) {
        if self.front.sheets.last().is_some_and(|top| top.kind == kind) {
            return;
        }
        if kind == Kind::Why {
            // Whoever asks for reasons is told those of what will be charged.
            self.input(Input::Reckon);
        }
        if self.front.sheets.len() >= SHEETS_MAX {
            self.front.sheets.remove(0);
        }
        self.front.clear_entry();
        self.front.sheets.push(Open::new(kind));
        self.note_added();
        self.fill_sheet();
    }

    /// Puts all sheets away; what waits for an approval does not any more.
    pub(crate) fn close_sheets(&mut self) {
        if self.front.sheets.iter().any(|sheet| matches!(sheet.kind, Kind::Approve(_))) {
            self.input(Input::Disapprove);
        }
        if !self.front.sheets.is_empty() {
            self.rest_before_paying();
        }
        self.front.sheets.clear();
    }

    /// Puts the sheet in front away.
    fn pop_sheet(&mut self) {
        self.rest_before_paying();
        self.front.sheets.pop();
        // One press too many for it ends nothing that lies below.
        self.note_added();
    }

    /// A sheet goes: a second Enter that was meant for it takes no cash.
    fn rest_before_paying(&mut self) {
        if self.is_paying() {
            self.rest();
        }
    }

    fn sheet(&self) -> Option<&Open> {
        self.front.sheets.last()
    }

    fn sheet_mut(&mut self) -> Option<&mut Open> {
        self.front.sheets.last_mut()
    }

    /// Lets the till decide, writes it down and says how it ended.
    pub(crate) fn attempt(&mut self, input: Input) -> Attempt {
        self.front.attempt = Attempt::Done;
        self.input(input);
        self.flush();
        self.front.attempt
    }

    /// The same; a sheet whose act was done goes away.
    fn attempt_and_close(&mut self, input: Input) {
        if self.attempt(input) == Attempt::Done {
            self.close_sheets();
        }
    }

    /// What the sheet in front shows.
    pub(crate) fn sheet_view(&self) -> Option<view::Sheet> {
        let State::Open(open) = &self.state else { return None };
        let sheet = self.sheet()?;
        let mut shown = self.shown(open, sheet);
        if let Some(field) = sheet.fields.get(sheet.focus) {
            if shown.entry_label.is_empty() {
                shown.entry_label =
                    shown.fields.get(sheet.focus).map(|field| field.label.clone()).unwrap_or_default();
            }
            if shown.placeholder.is_empty() {
                shown.placeholder = if field.takes == Takes::RowNumber {
                    self.words("↑↓ 选择 · 回车确定", "↑ ↓ choose · Enter")
                } else {
                    shown.entry_label.clone()
                };
            }
            shown.entry = typed_as_shown(field);
        } else {
            shown.entry_label = shown.title.clone();
        }
        // Rows below the last one are none.
        shown.selected = shown.selected.map(|row| row.min(shown.rows.len().saturating_sub(1)));
        Some(shown)
    }

    fn shown(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        match &sheet.kind {
            Kind::Age => self.show_age(open),
            Kind::Cancel => self.show_cancel(open, sheet),
            Kind::Paper(document) => self.show_paper(open, *document),
            Kind::Menu => self.show_menu(open, sheet),
            Kind::Help => self.show_help(open),
            Kind::Approve(act) => self.show_approval(open, sheet, *act),
            Kind::Change { line, change } => self.show_change(open, sheet, *line, *change),
            Kind::Park => self.show_park(open, sheet),
            Kind::Parked => self.show_parked(open, sheet),
            Kind::Member => self.show_member(open, sheet),
            Kind::Goods { selling } => self.show_goods(open, sheet, *selling),
            Kind::Why => self.show_why(open, sheet),
            Kind::GiveBack => self.show_give_back(open, sheet),
            Kind::Bought(by) => self.show_bought(open, sheet, *by),
            Kind::Blind => self.show_blind(open, sheet),
            Kind::Voucher => self.show_voucher(open, sheet),
            Kind::Foreign => self.show_foreign(open, sheet),
            Kind::Value => self.show_value(open, sheet),
            Kind::TopUp => self.show_top_up(open, sheet),
            Kind::Payment(number) => self.show_payment(open, sheet, *number),
            Kind::Payments => self.show_payments(open, sheet),
            Kind::Float => self.show_float(open, sheet),
            Kind::Cash(kind) => self.show_cash(open, sheet, *kind),
            Kind::Drawer => self.show_drawer(sheet),
            Kind::Count => self.show_count(open, sheet),
            Kind::CloseShift => self.show_close_shift(open),
            Kind::Report(report, closed) => self.show_report(open, sheet, report, *closed),
            Kind::Health => self.show_health(open, sheet),
            Kind::Day(by) => self.show_day(sheet, *by),
            Kind::Margins => self.show_margins(open, sheet),
            Kind::Receipts => self.show_receipts(sheet),
            Kind::Code(origin) => self.show_code(open, origin),
            Kind::Phones => self.show_phones(open, sheet),
            Kind::Leave(origin, code) => self.show_leave(origin, code),
            Kind::Exit(exit, audit) => self.show_exit(open, sheet, exit, *audit),
            Kind::NewMember(sale) => self.show_new_member(sheet, *sale),
            Kind::MemberAfter(_) => self.show_member_after(sheet),
            Kind::WhoseCard { .. } => self.show_whose_card(sheet),
            Kind::Stock(work) => self.show_stock(sheet, *work),
            Kind::Transfers(work) => self.show_transfers(sheet, *work),
            Kind::OnHand => self.show_on_hand(sheet),
            Kind::Counts => self.show_counts(sheet),
            Kind::Counting => self.show_counting(sheet),
            Kind::EndCount => self.show_end_count(open, sheet),
            Kind::Seller { line } => self.show_seller(open, sheet, *line),
            Kind::Note { line } => self.show_note(open, sheet, *line),
            Kind::Board => self.show_board(open, sheet),
            Kind::KioskAt(lane) => self.show_kiosk_at(open, sheet, *lane),
            Kind::Orders => self.show_orders(sheet),
            Kind::Order(id) => self.show_order(open, sheet, id),
            Kind::EndOrder(id) => self.show_end_order(open, sheet, id),
        }
    }

    /// Reads what a sheet lists, once.
    fn fill_sheet(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        match sheet.kind.clone() {
            Kind::Day(by) => self.fill_day(by),
            Kind::Receipts => self.fill_receipts(),
            Kind::MemberAfter(document) | Kind::WhoseCard { document, .. } => self.fill_paid_sale(document),
            Kind::Goods { .. } => self.find_goods(),
            Kind::Counts => self.find_counts(),
            Kind::Parked => self.find_parked(),
            Kind::Value | Kind::TopUp => self.ask_for_value(),
            Kind::Count => {
                if let Some(sheet) = self.front.sheets.last_mut() {
                    sheet.listed = vec![fact("", ""); drawer::DENOMINATIONS.len()];
                }
            }
            Kind::Age
            | Kind::Cancel
            | Kind::Paper(_)
            | Kind::Menu
            | Kind::Help
            | Kind::Approve(_)
            | Kind::Change { .. }
            | Kind::Park
            | Kind::Member
            | Kind::Why
            | Kind::GiveBack
            | Kind::Bought(_)
            | Kind::Blind
            | Kind::Voucher
            | Kind::Foreign
            | Kind::Payment(_)
            | Kind::Payments
            | Kind::Float
            | Kind::Cash(_)
            | Kind::Drawer
            | Kind::CloseShift
            | Kind::Report(..)
            | Kind::Health
            | Kind::Margins
            | Kind::Code(_)
            | Kind::Phones
            | Kind::Leave(..)
            | Kind::Exit(..)
            | Kind::NewMember(_)
            | Kind::Stock(_)
            | Kind::Transfers(_)
            | Kind::Seller { .. }
            | Kind::Note { .. }
            | Kind::Orders
            | Kind::Order(_)
            | Kind::EndOrder(_)
            | Kind::Board
            | Kind::KioskAt(_)
            | Kind::Counting
            | Kind::EndCount
            | Kind::OnHand => {}
        }
    }

    /// What a code stands for at this counter.
    pub(crate) fn recognised(&self, text: &str) -> Option<Barcode> {
        let State::Open(open) = &self.state else { return None };
        Some(barcode::recognise(text, &open.settings().codes, self.today()))
    }

    fn today(&self) -> chrono::NaiveDate {
        let local_ms = self.moment.now_ms + i64::from(self.moment.offset_minutes) * 60_000;
        chrono::DateTime::from_timestamp_millis(local_ms).unwrap_or_default().date_naive()
    }

    /// Codes that mean something at the counter beside goods: a receipt, a
    /// card of the staff, a payment code for a part, a member's card after a
    /// payment. Whether it was one. `just_paid` is the sale that stood as done
    /// when a scan by keys began.
    pub(crate) fn scan_for_counter(&mut self, text: &str, just_paid: Option<u64>) -> bool {
        let Some(barcode) = self.recognised(text) else { return false };
        let State::Open(open) = &self.state else { return false };
        let desk = open.till().desk().clone();
        if let (Barcode::Receipt(code), Desk::Selling(_) | Desk::Done(..)) = (&barcode, &desk) {
            self.begin_return_of(code.clone());
            return true;
        }
        if let (Barcode::Member(code), Desk::Selling(_) | Desk::Done(..)) = (&barcode, &desk)
            && self.asks_whose_card(code, just_paid)
        {
            return true;
        }
        if let (Barcode::Staff(code), Desk::SignedOut | Desk::Locked(_)) = (&barcode, &desk) {
            if let Some(id) = self.staff_of_card(code) {
                self.front.chosen = Some(id);
                self.front.entry.clear();
                return true;
            }
            return false;
        }
        if let (Barcode::Staff(code), Desk::Selling(_) | Desk::Paying(_) | Desk::Done(..)) = (&barcode, &desk)
        {
            return self.scan_for_seller(code);
        }
        if let (Barcode::Payment, Desk::Paying(_)) = (&barcode, &desk) {
            return self.charge_part(text);
        }
        if let Barcode::Phone(code) = &barcode {
            return self.scan_phone(code);
        }
        false
    }

    /// Opens and puts away the sheets that the till itself asks for: a receipt
    /// or a payment that nobody knows the end of, a payment under way.
    pub(crate) fn settle_sheets(&mut self) {
        let State::Open(open) = &self.state else { return };
        let till = open.till();
        let selling = matches!(till.desk(), Desk::Selling(_));
        let paying = matches!(till.desk(), Desk::Paying(_));
        let of_basket =
            till.payments().iter().find(|payment| payment.belongs == domain::payment::Belongs::Open);
        let payment = of_basket.filter(|_| paying).map(|payment| Kind::Payment(payment.number));
        let later = &mut self.front.papers_later;
        if matches!(till.desk(), Desk::Done(..) | Desk::SignedOut | Desk::Locked(_)) {
            later.clear();
        }
        let in_doubt = |document: &u64, paper: &Paper| *paper == Paper::InDoubt && !later.contains(document);
        let doubt = till.papers().iter().rev().find(|(document, paper)| in_doubt(document, paper));
        let paper = doubt.filter(|_| selling).map(|(document, _)| Kind::Paper(*document));
        let known: Vec<u64> = till.payments().iter().map(|payment| payment.number).collect();
        let papers: Vec<u64> = doubt.map(|(document, _)| *document).into_iter().collect();
        let pending = till.pending().is_some();
        let has_phones = !till.basket().phones().is_empty();
        let done = if let Desk::Done(_, _, seq) = till.desk() { Some(*seq) } else { None };
        let at_rest = till.last_sale().filter(|_| selling && till.basket().is_untouched());
        let before = self.front.sheets.len();
        self.front.sheets.retain(|sheet| {
            if sheet.kind == Kind::Phones {
                has_phones
            } else if let Kind::WhoseCard { document, .. } = &sheet.kind {
                done.or(at_rest) == Some(*document)
            } else if let Kind::MemberAfter(_) | Kind::NewMember(Some(_)) = &sheet.kind {
                selling || done.is_some()
            } else if let Kind::Leave(origin, _) = &sheet.kind {
                done == Some(origin.seq)
            } else if let Kind::Payment(number) = &sheet.kind {
                known.contains(number)
            } else if let Kind::Paper(document) = &sheet.kind {
                selling && papers.contains(document)
            } else {
                pending || !matches!(sheet.kind, Kind::Approve(_))
            }
        });
        if self.front.sheets.len() < before {
            self.rest_before_paying();
        }
        if let Some(kind) = payment
            && !self.front.sheets.iter().any(|sheet| sheet.kind == kind)
        {
            self.front.sheets.clear();
            self.open_sheet(kind);
        }
        if let Some(kind) = paper
            && self.front.sheets.is_empty()
        {
            self.front.sheets.push(Open::new(kind));
        }
    }

    /// After an act of a sheet that stays: the next Enter waits a moment.
    pub(crate) fn rest(&mut self) {
        self.front.calm_until_ms = self.moment.now_ms + CALM_MS;
    }

    /// Somebody's id by the card that was scanned: it bears their number.
    fn staff_of_card(&self, code: &str) -> Option<String> {
        let State::Open(open) = &self.state else { return None };
        let digits = code.get(1..code.len().saturating_sub(1))?.trim_start_matches('0');
        open.staff().iter().find(|member| member.number == digits).map(|member| member.id.clone())
    }

    /// Something was added to the sheet in front: its end waits a moment.
    fn note_added(&mut self) {
        let now_ms = self.moment.now_ms;
        if let Some(sheet) = self.sheet_mut() {
            sheet.added_ms = now_ms;
        }
    }

    /// Whether that was just now, so that a press that would end the sheet may be one too many of what added to it.
    fn was_just_added(&self) -> bool {
        let added_ms = self.sheet().map_or(i64::MIN, |sheet| sheet.added_ms);
        self.moment.waits_until(added_ms.saturating_add(CALM_MS), CALM_MS)
    }

    /// What was typed into the fields, as they are shown.
    fn fields(&self, sheet: &Open, labels: &[(&str, &str)]) -> Vec<SheetField> {
        let shown = |(index, (field, (chinese, english))): (usize, (&Field, &(&str, &str)))| SheetField {
            label: self.words(chinese, english),
            value: typed_as_shown(field),
            focused: index == sheet.focus,
        };
        sheet.fields.iter().zip(labels).enumerate().map(shown).collect()
    }

    /// Reasons as rows, the first chosen.
    fn reason_rows(&self, reasons: &[(&str, &str)]) -> Vec<SheetRow> {
        reasons
            .iter()
            .enumerate()
            .map(|(index, (chinese, english))| {
                let mut row = numbered(index, self.words(chinese, english), String::new(), String::new());
                row.key = String::new();
                row
            })
            .collect()
    }

    /// The reason that is chosen among these.
    fn reason_of(&self, sheet: &Open, reasons: &[(&str, &str)]) -> String {
        let chosen = reasons.get(sheet.row.min(reasons.len().saturating_sub(1)));
        chosen.map(|(chinese, english)| self.words(chinese, english)).unwrap_or_default()
    }

    fn notice(&mut self, notice: Notice) {
        self.front.notice = Some(notice);
        self.commands.push(Command::Play(Sound::Blocked));
    }
}

impl Open {
    /// Whether it stays after an act, so that a second Enter might do it again. One that ends what was typed is
    /// no second one.
    fn waits_after_an_act(&self) -> bool {
        // An order's next step is another one each time, whatever stands in its field.
        let is_order = matches!(self.kind, Kind::Order(_));
        (is_order || self.text(self.focus).is_empty())
            && matches!(
                self.kind,
                Kind::Paper(_)
                    | Kind::WhoseCard { .. }
                    | Kind::GiveBack
                    | Kind::Blind
                    | Kind::Approve(_)
                    | Kind::CloseShift
                    | Kind::KioskAt(_)
                    | Kind::Order(_)
            )
    }
}

fn typed_as_shown(field: &Field) -> String {
    if field.takes == Takes::Pin { "●".repeat(field.text.chars().count()) } else { field.text.clone() }
}
