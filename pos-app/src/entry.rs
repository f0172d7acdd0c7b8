//! Keys and scans, and where they go: to the sheet that is open, or to the screen below it.

mod below;
mod grid;
mod press;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use domain::barcode::{self, Barcode};
use domain::catalogue::{Catalogue, Item};
use domain::till::{Desk, Input};
use drivers::scanner::Scan;
use drivers::scanner::wedge::{LENGTH_MAX, Wedge, WedgeConfig, WedgeKey, WedgeOutcome};
use ui::action::{Button, Key};
use ui::view::{Language, Notice, Theme};

use crate::chosen;
use crate::config::{Config, Paths};
use crate::entry::below::Below;
use crate::lane::{Lane, State};
use crate::present;
use crate::sheet::{Attempt, Kind, Open, ScanRule, Takes, found};

/// Tiles on a page of the grid.
pub const TILES_MAX: usize = 12;

/// How long a second Enter or a double click, meant for the screen before,
/// does nothing, milliseconds.
pub const CALM_MS: i64 = 1_000;

/// After something was taken off, the same key takes nothing more off for so long, milliseconds: a key that bounces is
/// quicker, and a finger that means it is not.
pub const OFF_AGAIN_MS: i64 = 300;

/// Search results that are shown.
pub const RESULTS_MAX: usize = 8;

/// The most pieces that a number typed before a scan stands for: a larger one
/// is more likely a rest of something else.
pub const TYPED_PIECES_MAX: i64 = 99;

/// The most keys that are kept while HQ is asked about a receipt.
const KEYS_AHEAD_MAX: usize = 64;

/// The most characters that the entry line takes.
pub const ENTRY_MAX: usize = 64;

/// What the screen remembers that is no business of the till.
pub struct Front {
    pub(crate) language: Language,
    pub(crate) theme: Theme,
    pub(crate) entry: String,
    /// What stands in the entry line was refused: the next character begins anew, and a scan is one by itself.
    pub(crate) entry_refused: bool,
    pub(crate) wedge: Wedge,
    /// Scans below an input method.
    pub(crate) below: Below,
    pub(crate) notice: Option<Notice>,
    /// The sheets over the basket, the one in front last.
    pub(crate) sheets: Vec<Open>,
    /// Lists of goods that somebody had begun when they locked the lane or left, with whose they are.
    pub(crate) lists: Vec<(String, Open)>,
    /// How the last thing ended that a sheet asked the till for.
    pub(crate) attempt: Attempt,
    /// The line that keys act on, by number; the last one where `None`.
    pub(crate) line: Option<u32>,
    /// Who is signing in, by staff id.
    pub(crate) chosen: Option<String>,
    pub(crate) tab: usize,
    pub(crate) page: usize,
    pub(crate) tiles: Option<Vec<Arc<Item>>>,
    /// The tile that the keys have chosen.
    pub(crate) grid: Option<usize>,
    pub(crate) results: Vec<Arc<Item>>,
    pub(crate) result: usize,
    /// The weighed item that grams are typed for.
    pub(crate) weighing: Option<String>,
    /// The item that a price is typed for.
    pub(crate) pricing: Option<String>,
    /// Until then an Enter that was meant for the screen before does nothing,
    /// milliseconds UTC.
    pub(crate) calm_until_ms: i64,
    /// Until then nothing more is taken off the basket or the payment by the key that took something off, milliseconds UTC.
    pub(crate) kept_until_ms: i64,
    /// What somebody who signs in should know.
    pub(crate) on_sign_in: Option<Notice>,
    /// The sale whose exit code was shown, or that has none.
    pub(crate) exit_shown: Option<u64>,
    /// Receipts that nobody saw print, and that the cashier looks for later: after this customer. No more than the till
    /// keeps of them.
    pub(crate) papers_later: BTreeSet<u64>,
    /// Somebody whom HQ was asked about, by their id, and what whoever serves them should know.
    pub(crate) asked_about: Option<(String, String)>,
    /// The sale that stood as done when the first character of what is typed came: it may be a scan by keys.
    just_paid: Option<u64>,
    /// When the last key came.
    last_key: Option<Instant>,
    /// Whether it came as quickly after the one before as a scanner's do.
    pub(crate) in_burst: bool,
    /// Which of the last typed characters the entry line took, newest last.
    taken: VecDeque<bool>,
    /// Keys that came while HQ was asked about a receipt: they are meant for
    /// what comes up then.
    keys_ahead: Vec<(Key, Instant)>,
}

impl Front {
    pub(crate) fn new(paths: &Paths, config: &Config) -> Self {
        let (language, theme) = chosen::at_start(paths, config);
        let wedge = WedgeConfig {
            gap_max: Duration::from_millis(config.wedge.gap_ms),
            length_min: config.wedge.length_min,
            prefix: config.wedge.prefix,
        };
        Self {
            language,
            theme,
            entry: String::new(),
            entry_refused: false,
            wedge: Wedge::new(wedge),
            below: Below::new(wedge),
            notice: None,
            sheets: Vec::new(),
            lists: Vec::new(),
            attempt: Attempt::Done,
            line: None,
            chosen: None,
            tab: 0,
            page: 0,
            tiles: None,
            grid: None,
            results: Vec::new(),
            result: 0,
            weighing: None,
            pricing: None,
            calm_until_ms: 0,
            kept_until_ms: 0,
            on_sign_in: None,
            exit_shown: None,
            papers_later: BTreeSet::new(),
            asked_about: None,
            just_paid: None,
            last_key: None,
            in_burst: false,
            taken: VecDeque::new(),
            keys_ahead: Vec::new(),
        }
    }

    /// Says something about a sheet.
    pub(crate) fn say(&mut self, tone: ui::view::Tone, chinese: (&str, &str), english: (&str, &str)) {
        let (what, rest) = match self.language {
            Language::Chinese => chinese,
            Language::English => english,
        };
        self.notice = Some(Notice::Said { tone, what: what.to_owned(), rest: rest.to_owned() });
    }

    fn note_taken(&mut self, is_taken: bool) {
        if self.taken.len() >= LENGTH_MAX {
            self.taken.pop_front();
        }
        self.taken.push_back(is_taken);
    }

    /// The last characters leave the entry line: they were a scan's. What a person typed before them stays.
    fn untype(&mut self, count: usize) {
        let taken = self.taken.iter().rev().take(count).filter(|taken| **taken).count();
        self.taken.clear();
        let kept = self.entry.chars().count().saturating_sub(taken);
        self.entry = self.entry.chars().take(kept).collect();
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

    pub(crate) fn clear_entry(&mut self) {
        self.weighing = None;
        self.pricing = None;
        self.grid = None;
        self.entry.clear();
        self.entry_refused = false;
        self.results.clear();
        self.result = 0;
    }
}

/// What was typed before a code with a scanner's identifier, such as `]E0`, and the code with it.
pub(super) fn identified(entry: &str) -> Option<(&str, &str)> {
    let (typed, code) = entry.split_at(entry.rfind(']')?);
    let is_code = Scan::parse(code).symbology.is_some();
    is_code.then_some((typed, code))
}

impl Lane {
    /// A key of the keyboard, or of a scanner that acts as one.
    pub(crate) fn key(&mut self, key: Key, at: Instant) {
        if self.is_at_labels() {
            return self.labels_key(key, at);
        }
        if self.keeps_key(key, at) {
            return;
        }
        let typed = match key {
            Key::Char(character) if self.is_of_a_scan(character, at) => return,
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
        self.front.in_burst = in_burst;
        let number_only =
            self.front.entry_refused || self.front.entry.chars().all(|character| character.is_ascii_digit());
        match self.front.wedge.key(typed, at) {
            // A space within a scan belongs to it.
            WedgeOutcome::Typed(' ') if number_only && !in_burst && self.front.sheets.is_empty() => {
                self.press(Button::Pay);
            }
            WedgeOutcome::Typed(character) => self.typed(character),
            WedgeOutcome::Enter if self.ends_below(at) => {}
            WedgeOutcome::Enter => self.press(Button::Enter),
            WedgeOutcome::Scan { text, typed } => self.scanned(&text, typed, at),
        }
    }

    /// Keeps a key for what comes up when HQ has answered about a receipt.
    fn keeps_key(&mut self, key: Key, at: Instant) -> bool {
        let waits = self.waits_for_receipt()
            && self.front.sheets.last().is_some_and(|sheet| sheet.kind == Kind::GiveBack);
        let is_kept = waits && matches!(key, Key::Char(_) | Key::Enter | Key::Backspace);
        if is_kept && self.front.keys_ahead.len() < KEYS_AHEAD_MAX {
            self.front.keys_ahead.push((key, at));
        }
        is_kept
    }

    /// HQ has answered about a receipt, or nobody has: what was typed meanwhile
    /// goes to the return that came up, or to whoever is to approve it. Where
    /// none came up it goes nowhere: a PIN may be among it.
    pub(crate) fn type_what_was_kept(&mut self) {
        let kept = std::mem::take(&mut self.front.keys_ahead);
        let State::Open(open) = &self.state else { return };
        let comes = open.basket().past().is_some() || open.till().pending().is_some();
        if comes && !self.front.sheets.is_empty() {
            kept.into_iter().for_each(|(key, at)| self.key(key, at));
        }
    }

    /// A scan through the keyboard, of which `typed` characters were taken for typing.
    fn scanned(&mut self, text: &str, typed: usize, at: Instant) {
        if let Some(heard) = self.heard_below(text, at) {
            if let Some(sheet) = self.front.sheets.last_mut() {
                if heard.is_taken {
                    sheet.untype(typed);
                } else {
                    sheet.rewrite(heard.stood);
                }
                self.typing_changed();
            } else {
                self.front.untype(typed);
                self.search();
            }
            if !heard.is_taken {
                self.front.notice = None;
                self.scan_over(&heard.text);
            }
            return;
        }
        self.front.notice = None;
        let written = self.front.sheets.last().map(|sheet| sheet.written().to_owned());
        // What lies between scanner and window, such as an input method, may have torn a scan in two: where all that was
        // written is goods, it was one.
        let torn = written.filter(|written| self.is_known(written));
        if let Some(sheet) = self.front.sheets.last_mut() {
            match &torn {
                Some(_) => sheet.unwrite(),
                None => sheet.untype(typed),
            }
            self.typing_changed();
            return self.scan_over(torn.as_deref().unwrap_or(text));
        }
        // So is one without a sheet. Nobody types what scanners put before a code.
        if Scan::parse(text).symbology.is_none()
            && let Some((typed_before, whole)) = identified(&self.front.entry)
        {
            let whole = whole.to_owned();
            self.front.entry = typed_before.to_owned();
            return self.scan_over(&whole);
        }
        // And where all of the entry is goods, it was one scan.
        if self.is_known(&self.front.entry) {
            let whole = std::mem::take(&mut self.front.entry);
            return self.scan_over(&whole);
        }
        self.front.untype(typed);
        self.scan_over(text);
    }

    /// A scan goes to the sheet that asks for one; past one that does not, it
    /// joins the basket, and what must not be disturbed says so.
    pub(crate) fn scan_over(&mut self, text: &str) {
        if self.is_paying() {
            // A Return that is left of it pays nothing.
            self.rest();
        }
        if self.front.entry_refused && self.front.sheets.is_empty() {
            // It is no number of pieces, no part and no beginning of what is scanned.
            self.front.clear_entry();
        }
        match self.front.sheets.last().map(Open::scan_rule) {
            None => {}
            Some(ScanRule::Sells) => self.close_sheets(),
            Some(ScanRule::Takes) => {
                if self.scan_into_sheet(text) {
                    return;
                }
                self.close_sheets();
            }
            Some(ScanRule::Blocks) => {
                if !self.scan_into_sheet(text) {
                    self.block_scan();
                }
                return;
            }
        }
        let just_paid = self.front.just_paid.take();
        if self.scan_for_counter(text, just_paid) {
            return;
        }
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
            | Barcode::Phone(_)
            | Barcode::Payment
            | Barcode::ItemCode(_)
            | Barcode::Misread(..)
            | Barcode::Malformed(_)
            | Barcode::Other(_) => Ok(None),
        };
        found.is_ok_and(|item| item.is_some())
    }

    /// Whether goods are chosen by typing this.
    pub(crate) fn is_item_code(&self, text: &str) -> bool {
        let State::Open(open) = &self.state else { return false };
        let reference = open.reference();
        let found = |item: Result<Option<Arc<Item>>, _>| item.is_ok_and(|item| item.is_some());
        found(reference.item_by_plu(text)) || found(reference.item_by_sku(text))
    }

    fn command_key(&mut self, key: Key) {
        let paying = self.till().is_some_and(|till| matches!(till.desk(), Desk::Paying(_)));
        if key == Key::Delete && self.moment.waits_until(self.front.kept_until_ms, CALM_MS) {
            return;
        }
        if let Some(shortcut) = shortcut(key)
            && let Some(index) = self.sheet_key_of(&shortcut)
        {
            let sheets = self.front.sheets.len();
            self.press(Button::SheetKey(index));
            if key == Key::Delete {
                // Where it closed its sheet, the goods lie under the next one of a key that is held or bounces.
                let is_closed = self.front.sheets.len() < sheets;
                self.front.kept_until_ms =
                    self.moment.now_ms + if is_closed { CALM_MS } else { OFF_AGAIN_MS };
            }
            return;
        }
        if let (true, true, Some(shortcut)) = (paying, self.front.sheets.is_empty(), shortcut(key))
            && let Some(index) = self.tender_kind_of(&shortcut)
        {
            return self.press(Button::TenderKind(index));
        }
        if let (true, true, Some(index)) = (paying, self.front.sheets.is_empty(), likely_cash_of(key)) {
            // As an Enter: one that may have been meant for something else takes no money.
            if self.is_calm() || self.front.notice.is_some() {
                self.front.notice = None;
                return self.rest();
            }
            return self.press(Button::QuickCash(index));
        }
        if self.moves_in_grid(key) {
            return;
        }
        let done = self.till().is_some_and(|till| matches!(till.desk(), Desk::Done(..)));
        let bare = self.front.sheets.is_empty();
        let button = match key {
            // A second press of the key that took the cash.
            Key::Home | Key::End | Key::PageUp | Key::PageDown if done && bare && self.is_calm() => return,
            Key::Escape => Button::Back,
            Key::Backspace => Button::Backspace,
            Key::Delete if paying => Button::TakeBack(usize::MAX),
            Key::Delete => Button::Void,
            Key::Home => Button::ScaleZero,
            Key::End => Button::ScaleTare,
            Key::PageUp | Key::PageDown if self.turns_category(key == Key::PageDown) => return,
            Key::PageUp => Button::PageBefore,
            Key::PageDown => Button::PageAfter,
            Key::Tab => Button::Menu,
            Key::Function(1) => Button::Help,
            Key::Function(2) => Button::Find,
            Key::Function(3) => Button::PriceCheck,
            Key::Function(4) => Button::Quantity,
            Key::Function(5) => Button::GiveBack,
            Key::Function(6) => Button::ChangeLine,
            Key::Function(7) if done => Button::Find,
            Key::Function(8) => Button::Member,
            Key::Function(9) => Button::Why,
            Key::Function(7) => Button::Seller,
            Key::Function(10) => Button::Park,
            Key::Function(11) => Button::Reprint,
            Key::Function(12) => Button::Lock,
            Key::Up => return self.move_by(false),
            Key::Down => return self.move_by(true),
            Key::Left | Key::Right | Key::Function(_) | Key::Char(_) | Key::Enter => return,
        };
        self.press(button);
    }

    /// A character joins what is typed, where that takes it.
    pub(crate) fn typed(&mut self, character: char) {
        if !self.front.sheets.is_empty() {
            return self.type_into_sheet(character);
        }
        let State::Open(open) = &self.state else { return };
        let before = if self.front.entry_refused { String::new() } else { self.front.entry.clone() };
        let takes = match open.till().desk() {
            Desk::SignedOut | Desk::Locked(_) => Takes::Digits,
            Desk::Paying(_) => Takes::Amount,
            Desk::Selling(_) | Desk::Done(..) => Takes::Words,
            // For a moment: the change comes.
            Desk::Saving(..) => return self.front.note_taken(false),
        };
        let is_full = before.chars().count() >= ENTRY_MAX;
        if is_full || !takes.takes(character, &before, &open.settings().currency) {
            self.front.note_taken(false);
            return self.refuse_character(character, takes, is_full);
        }
        if let Desk::Done(_, _, document) = open.till().desk() {
            self.front.just_paid = Some(*document);
            self.input(Input::Back);
        }
        self.front.notice = None;
        if std::mem::take(&mut self.front.entry_refused) {
            self.front.entry.clear();
        }
        self.front.grid = None;
        self.front.entry.push(character);
        self.front.note_taken(true);
        self.search();
    }

    /// Has the till decide about what was typed: it goes, and stands there again where it was refused.
    pub(crate) fn offer_typed(&mut self, offer: impl FnOnce(&mut Self)) {
        let typed = self.front.entry.clone();
        let asked = (self.front.weighing.clone(), self.front.pricing.clone());
        let sheets = self.front.sheets.len();
        self.front.attempt = Attempt::Done;
        offer(self);
        self.flush();
        let was_refused = self.front.attempt == Attempt::Refused && self.front.sheets.len() == sheets;
        // Where something else is asked for now, what was typed is no answer to that.
        let now = (self.front.weighing.clone(), self.front.pricing.clone());
        if !was_refused || typed.is_empty() || (now != asked && now != (None, None)) {
            return;
        }
        self.front.clear_entry();
        (self.front.weighing, self.front.pricing) = asked;
        self.front.entry = typed;
        self.front.entry_refused = true;
    }

    /// Looks for goods while letters are typed. Digits are a code or a
    /// quantity until Enter or another key says which.
    pub(crate) fn search(&mut self) {
        self.front.results.clear();
        self.front.result = 0;
        let State::Open(open) = &self.state else { return };
        let text = self.front.entry.trim();
        let letters = !text.is_empty() && !is_number(text);
        if !letters || !matches!(open.till().desk(), Desk::Selling(_)) {
            return;
        }
        match found(open, self.moment, text, RESULTS_MAX + 1) {
            Ok(results) => self.front.results = results,
            Err(error) => {
                self.front.notice = Some(Notice::ReferenceFault { reason: crate::lane::words(&error) })
            }
        }
    }

    fn move_by(&mut self, down: bool) {
        if !self.front.sheets.is_empty() {
            return self.move_in_sheet(down);
        }
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
}

/// Whether a typed text is a number, an amount, or an amount with a
/// department (`12.50*10`), and not something to look for.
pub(crate) fn is_number(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_digit() || matches!(character, '.' | '*'))
}

/// Which of the amounts that are likely to be handed over a key takes: the four keys lie as the four amounts do.
fn likely_cash_of(key: Key) -> Option<usize> {
    match key {
        Key::Home => Some(0),
        Key::PageUp => Some(1),
        Key::End => Some(2),
        Key::PageDown => Some(3),
        Key::Escape
        | Key::Backspace
        | Key::Delete
        | Key::Tab
        | Key::Up
        | Key::Down
        | Key::Left
        | Key::Right
        | Key::Function(_)
        | Key::Char(_)
        | Key::Enter => None,
    }
}

/// A key of the keyboard as keys on the screen name it.
pub(crate) fn shortcut(key: Key) -> Option<String> {
    match key {
        Key::Function(number) => Some(format!("F{number}")),
        Key::Delete => Some("Del".to_owned()),
        Key::Escape
        | Key::Backspace
        | Key::Tab
        | Key::Up
        | Key::Down
        | Key::Left
        | Key::Right
        | Key::Home
        | Key::End
        | Key::PageUp
        | Key::PageDown
        | Key::Char(_)
        | Key::Enter => None,
    }
}
