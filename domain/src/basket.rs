//! Lines not yet paid.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::catalogue::{Item, Promotion, Unit};
use crate::kit::allocate_kit;
use crate::money::{Money, Quantity, TaxRate};

/// The most lines that a basket holds; a longer sale is paid in two.
pub const LINES_MAX: usize = 2_000;

/// One line of a basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1..n in order of scanning; the number of a voided line is not given again.
    pub number: u32,
    /// What is sold, as it was when it was scanned.
    pub item: Arc<Item>,
    /// What was scanned or chosen; of GS1 data, the item's number.
    pub code: String,
    /// The pack that it is sold in; `None` for pieces or kilograms.
    pub unit: Option<Unit>,
    /// How many of the unit; pieces or kilograms without one.
    pub quantity: Quantity,
    /// What one of the unit, one piece or one kilogram, is charged.
    pub unit_price: Money,
    /// Where that price comes from.
    pub price_from: PriceFrom,
    /// The promotion that made it so.
    pub promotion: Option<AppliedPromotion>,
    /// The line's price as a scale printed it; it stands whatever the unit price says.
    pub label_amount: Option<Money>,
    /// What its code said of this piece.
    pub trace: Trace,
}

/// What a code says of one piece of goods beside what it is, so that it can be
/// followed when the maker calls a batch back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// The batch it was made in (GS1 AI 10).
    pub batch: Option<String>,
    /// The last day on which it may be used (GS1 AI 17 or 7003).
    pub expiry: Option<NaiveDate>,
    /// The number that no other piece of the item has (GS1 AI 21).
    pub serial: Option<String>,
}

/// Where a line's unit price comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceFrom {
    /// The price lists and promotions; it follows them where they fall.
    List,
    /// The cashier typed it, as the item asks for.
    Typed,
    /// A person set it on the line.
    Set,
}

/// What a line remembers of the promotion that set its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedPromotion {
    /// HQ's id.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
}

impl From<Promotion> for AppliedPromotion {
    fn from(promotion: Promotion) -> Self {
        Self { id: promotion.id, name_zh: promotion.name_zh, name_en: promotion.name_en }
    }
}

impl Line {
    /// What the customer pays for it, tax included.
    pub fn net(&self) -> Money {
        self.label_amount.unwrap_or_else(|| self.unit_price.times(self.quantity))
    }

    /// Whether its prices, and what they come to, are amounts that a document
    /// may carry. No other line joins a basket.
    pub fn is_within_bounds(&self) -> bool {
        let holds = |price: Money| price.is_amount() && price.checked_times(self.quantity).is_some();
        holds(self.unit_price)
            && holds(self.item.price)
            && self.label_amount.is_none_or(Money::is_amount)
            && self.checked_base_quantity().is_some()
    }

    fn checked_base_quantity(&self) -> Option<Quantity> {
        match &self.unit {
            Some(unit) => unit.base_quantity(self.quantity),
            None => Some(self.quantity),
        }
    }

    /// How many pieces or kilograms it is, whatever they are packed in: what
    /// promotions and stock count.
    pub fn base_quantity(&self) -> Quantity {
        self.checked_base_quantity().expect("a line within bounds joins a basket")
    }

    /// Its net by tax rate: one share, or one a part of a kit.
    pub fn taxed_shares(&self) -> Vec<(TaxRate, Money)> {
        let net = self.net();
        if self.item.kit.is_empty() {
            return vec![(self.item.tax_rate, net)];
        }
        let shares = allocate_kit(net, &self.item.kit);
        self.item.kit.iter().map(|part| part.tax_rate).zip(shares).collect()
    }

    /// Whether its price follows the price lists until it is paid: nobody set
    /// or typed it, and no scale printed an amount.
    pub fn follows_price_list(&self) -> bool {
        self.label_amount.is_none() && self.price_from == PriceFrom::List
    }

    /// What it would cost at the list price; never below its net.
    pub fn gross(&self) -> Money {
        self.item.price.times(self.quantity).max(self.net())
    }
}

/// What a line costs since its price fell while the basket was open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoweredPrice {
    /// The line's number.
    pub line: u32,
    /// The list price of its unit, never above the one at scanning.
    pub list_price: Money,
    /// What one of its unit is charged, never above what it was.
    pub unit_price: Money,
    /// The promotion that made it so.
    pub promotion: Option<AppliedPromotion>,
}

/// Lines in order of scanning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basket {
    lines: Vec<Line>,
    numbers_given: u32,
    age_confirmed: bool,
}

impl Basket {
    /// The lines that count.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The number that the next line gets.
    pub fn next_number(&self) -> u32 {
        self.numbers_given + 1
    }

    /// The line with this number, unless it was voided.
    pub fn line(&self, number: u32) -> Option<&Line> {
        self.lines.iter().find(|line| line.number == number)
    }

    /// Whether this very piece is in it.
    pub fn has_serial(&self, sku: &str, serial: &str) -> bool {
        self.lines.iter().any(|line| line.item.sku == sku && line.trace.serial.as_deref() == Some(serial))
    }

    /// Sum of line nets.
    pub fn total(&self) -> Money {
        self.lines.iter().map(Line::net).sum()
    }

    /// What promotions and set prices took off.
    pub fn saved(&self) -> Money {
        self.lines.iter().map(|line| line.gross() - line.net()).sum()
    }

    /// How many pieces; a weighed line counts as one.
    pub fn pieces(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity.pieces().filter(|_| !line.item.weighed).unwrap_or(1)).sum()
    }

    /// The lines whose buyer's age nobody has confirmed.
    pub fn age_open(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.item.age_restricted && !self.age_confirmed)
    }

    pub(crate) fn add(&mut self, line: Line) {
        self.numbers_given = self.numbers_given.max(line.number);
        self.lines.push(line);
    }

    pub(crate) fn set_quantity(&mut self, number: u32, quantity: Quantity) {
        if let Some(line) = self.line_mut(number) {
            line.quantity = quantity;
        }
    }

    pub(crate) fn set_price(&mut self, number: u32, unit_price: Money) {
        if let Some(line) = self.line_mut(number) {
            line.unit_price = unit_price;
            line.price_from = PriceFrom::Set;
            line.promotion = None;
            line.label_amount = None;
        }
    }

    pub(crate) fn lower_price(&mut self, lowered: &LoweredPrice) {
        if let Some(line) = self.line_mut(lowered.line) {
            line.item = line.item.at_price(lowered.list_price);
            line.unit_price = lowered.unit_price;
            line.promotion.clone_from(&lowered.promotion);
        }
    }

    pub(crate) fn void(&mut self, number: u32) {
        self.lines.retain(|line| line.number != number);
    }

    pub(crate) fn confirm_age(&mut self) {
        self.age_confirmed = true;
    }

    fn line_mut(&mut self, number: u32) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.number == number)
    }
}
