//! A sale as the paper that the customer takes home: what it says, row by row.
//!
//! A customer checks it with a pencil: what stands at the right edge above the
//! total comes to the total. Each line stands at its price; what is taken off
//! one line stands below it, what is taken off all of them once, after the
//! subtotal. How it is printed is the driver's.

mod layout;
mod words;

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;

use crate::basket::{self, AppliedPromotion, Line, PriceFrom};
use crate::catalogue::Item;
use crate::gift::KeptGift;
use crate::money::{Currency, Money, Quantity};
use crate::points::MULTIPLIER_ONE;
use crate::promotion::Layer;
use crate::promotion::grant::{Given, Gives};
use crate::refund::{Origin, ReturnedLine};
use crate::sale::Sale;
use crate::tender::{Tender, Wallet};
use crate::value::Value;
pub use layout::COLUMNS_MIN;
pub use words::Language;
use words::Words;

/// A receipt, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The rows from the top.
    pub rows: Vec<Row>,
}

/// One row of a receipt; a long one takes several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The store's name, large.
    Title(String),
    /// Text in the middle.
    Centred(String),
    /// Text at the left.
    Text(String),
    /// Text at the left that wraps, and at the right text that stays whole.
    Pair {
        /// What wraps.
        left: String,
        /// What stays whole.
        right: String,
    },
    /// A pair that is seen first: what is to pay.
    Strong {
        /// What wraps.
        left: String,
        /// What stays whole.
        right: String,
    },
    /// A line across the paper.
    Rule,
    /// A QR code that holds this.
    Qr(String),
    /// The end of the paper.
    End,
}

/// What a receipt says beside the sale itself.
#[derive(Debug, Clone, Copy)]
pub struct Heading<'a> {
    /// The store's name in Chinese.
    pub store_zh: &'a str,
    /// The store's name in English.
    pub store_en: &'a str,
    /// Lines below the name: address, telephone.
    pub header: &'a [String],
    /// Lines at the foot.
    pub footer: &'a [String],
    /// The lane's number within its store.
    pub lane: u32,
    /// The number by which people name the sale.
    pub number: &'a str,
    /// What its QR code holds.
    pub qr: &'a str,
    /// When it was, milliseconds UTC.
    pub at_ms: i64,
    /// The lane's offset from UTC, minutes.
    pub offset_minutes: i32,
    /// Whether it was printed before.
    pub reprint: bool,
    /// How many points the member has now, where that is known.
    pub points_balance: Option<i64>,
    /// What lets the customer leave with the goods, as a QR code holds it.
    pub exit: Option<&'a str>,
}

/// The number by which people name a sale: store, lane, epoch and sequence.
pub fn number(origin: &Origin) -> String {
    let Origin { store, lane, epoch, seq } = origin;
    format!("{store}-{lane}-{epoch}-{seq:06}")
}

/// Writes a sale's receipt.
pub fn receipt(heading: &Heading<'_>, sale: &Sale, currency: &Currency, language: Language) -> Receipt {
    let mut paper = Paper { rows: Vec::new(), currency, language, words: language.words() };
    paper.head(heading, sale);
    paper.rows.push(Row::Rule);
    for line in &sale.lines {
        paper.line(line);
    }
    for back in &sale.returns {
        paper.returned(back);
    }
    for kept in &sale.kept {
        paper.kept(kept);
    }
    paper.rows.push(Row::Rule);
    paper.sums(sale);
    paper.paid(sale);
    paper.rows.push(Row::Rule);
    paper.taxes(sale);
    paper.member(sale, heading.points_balance);
    for line in heading.footer {
        paper.rows.push(Row::Centred(line.clone()));
    }
    paper.rows.push(Row::Qr(heading.qr.to_owned()));
    if let Some(exit) = heading.exit {
        paper.rows.push(Row::Rule);
        paper.centred(paper.words.exit);
        paper.rows.push(Row::Qr(exit.to_owned()));
    }
    paper.rows.push(Row::End);
    Receipt { rows: paper.rows }
}

/// A receipt that is being written.
struct Paper<'a> {
    rows: Vec<Row>,
    currency: &'a Currency,
    language: Language,
    words: &'static Words,
}

impl Paper<'_> {
    fn centred(&mut self, text: impl Into<String>) {
        self.rows.push(Row::Centred(text.into()));
    }

    fn text(&mut self, text: impl Into<String>) {
        self.rows.push(Row::Text(text.into()));
    }

    fn pair(&mut self, left: impl Into<String>, right: impl Into<String>) {
        self.rows.push(Row::Pair { left: left.into(), right: right.into() });
    }

    fn amount(&mut self, left: impl Into<String>, amount: Money) {
        let right = self.currency.format(amount);
        self.pair(left, right);
    }

    fn head(&mut self, heading: &Heading<'_>, sale: &Sale) {
        let words = self.words;
        self.rows.push(Row::Title(self.language.pick(heading.store_zh, heading.store_en).to_owned()));
        for line in heading.header {
            self.centred(line);
        }
        self.centred(match (sale.lines.is_empty(), sale.returns.is_empty()) {
            _ if sale.top_up.is_some() => words.top_up_receipt,
            (_, true) => words.receipt,
            (true, false) => words.return_receipt,
            (false, false) => words.exchange_receipt,
        });
        if heading.reprint {
            self.centred(words.reprint);
        }
        self.text(format!("{}: {}", words.number, heading.number));
        self.text(format!("{}: {}", words.date, local_time(heading.at_ms, heading.offset_minutes)));
        self.pair(
            format!("{}: {}", words.cashier, sale.staff.number),
            format!("{}: {}", words.lane, heading.lane),
        );
        if let Some(seller) = &sale.seller {
            self.text(format!("{}: {}", words.seller, seller.number));
        }
    }

    /// A line at its price, how that comes about, and what is taken off it alone.
    fn line(&mut self, line: &Line) {
        let words = self.words;
        self.amount(self.goods(&line.item), line.price());
        if line.item.is_top_up() {
            // No goods: it has neither a code nor pieces.
            return;
        }
        let unit = match (&line.unit, self.language) {
            (Some(unit), Language::Chinese) => unit.name_zh.clone(),
            (Some(unit), Language::English) => format!(" {}", unit.name_en),
            (None, _) => kilograms(&line.item).to_owned(),
        };
        let each = self.currency.format(line.unit_price);
        self.text(format!("  {} {}{unit} x {each}", line.code, line.quantity));
        if line.item.membership {
            self.text(format!("  {}", words.membership));
        }
        let list_price = line.walk_in.as_ref().map_or(line.item.price, |price| price.list_price);
        let lowered = line.unit_price < list_price;
        let because = match (&line.promotion, line.price_from) {
            (Some(promotion), _) => Some(self.named(promotion).to_owned()),
            (None, PriceFrom::Set) => Some(words.set_price.to_owned()),
            (None, PriceFrom::List) if line.kept.is_some() => Some(words.label_price.to_owned()),
            (None, PriceFrom::List) if line.walk_in.is_some() => Some(words.member_price.to_owned()),
            (None, PriceFrom::List | PriceFrom::Typed) => None,
        };
        if let Some(because) = because {
            let list = self.currency.format(list_price);
            self.text(if lowered {
                format!("  {because} ({} {list})", words.list_price)
            } else {
                format!("  {because}")
            });
        }
        self.taken_off(format!("  {}", words.discount), line.price() - line.after_own_discount());
        for saving in line.savings.iter().filter(|saving| !is_of_the_ticket(saving.layer)) {
            self.taken_off(format!("  {}", self.named(&saving.promotion)), saving.off);
        }
        if let Some(seller) = &line.seller {
            self.text(format!("  {}: {}", words.seller, seller.number));
        }
        if !line.note.is_empty() {
            self.text(format!("  {}: {}", words.note, line.note));
        }
    }

    fn taken_off(&mut self, what: String, off: Money) {
        if off != Money::ZERO {
            self.amount(what, -off);
        }
    }

    fn returned(&mut self, back: &ReturnedLine) {
        let words = self.words;
        let unit = kilograms(&back.item);
        self.amount(format!("{}: {}", words.returned, self.goods(&back.item)), -back.amount);
        self.text(format!("  {} {}{unit}", back.code, back.quantity));
        if back.item.membership {
            self.text(format!("  {}", words.membership_ends));
        }
        if let Some(origin) = &back.origin {
            self.text(format!("  {}: {}", words.sold_on, number(origin)));
        }
    }

    /// A gift that is not brought back with what earned it, or is after all.
    fn kept(&mut self, kept: &KeptGift) {
        let words = self.words;
        let word = if kept.thousandths < 0 { words.gift_back } else { words.gift_kept };
        self.amount(format!("{word}: {}", self.goods(&kept.item)), kept.amount);
        if let Some(quantity) = Quantity::from_thousandths(kept.thousandths.abs()) {
            self.text(format!("  {} {quantity}", kept.item.code));
        }
    }

    /// Pieces, what is taken off the whole, the total, and what is to pay.
    fn sums(&mut self, sale: &Sale) {
        let words = self.words;
        let pieces = if sale.lines.is_empty() {
            sale.returns.iter().map(|back| back.item.pieces(back.quantity)).sum()
        } else {
            basket::pieces(&sale.lines)
        };
        let pieces = format!("{}: {pieces}", words.pieces);
        let basket_discount: Money = sale.lines.iter().map(|line| line.basket_discount).sum();
        let off: Vec<(String, Money)> = of_the_ticket(&sale.lines)
            .into_iter()
            .map(|(promotion, off)| (self.named(promotion).to_owned(), off))
            .chain([(words.points_off.to_owned(), sale.lines.iter().map(|line| line.points_off).sum())])
            .chain([(words.basket_discount.to_owned(), basket_discount)])
            .collect();
        let in_all: Money = off.iter().map(|(_, off)| *off).sum();
        let labelled = |word: &str, amount: Money| format!("{word} {}", self.currency.format(amount));
        if sale.top_up.is_some() {
            // No goods, so no pieces.
            self.amount(words.total, sale.total);
        } else if in_all == Money::ZERO && sale.tax_added == Money::ZERO {
            self.pair(pieces, labelled(words.total, sale.total));
        } else {
            self.pair(pieces, labelled(words.subtotal, sale.total - sale.tax_added + in_all));
            for (what, off) in off {
                self.taken_off(what, off);
            }
            if sale.tax_added != Money::ZERO {
                self.amount(words.tax_added, sale.tax_added);
            }
            self.amount(words.total, sale.total);
        }
        if sale.rounding != Money::ZERO {
            self.amount(words.rounding, sale.rounding);
        }
        let (left, right) = if sale.payable < Money::ZERO {
            (words.paid_out, -sale.payable)
        } else {
            (words.payable, sale.payable)
        };
        let right = self.currency.format_with_symbol(right);
        self.rows.push(Row::Strong { left: left.to_owned(), right });
    }

    /// What was put against it or paid out, change, and what was saved.
    fn paid(&mut self, sale: &Sale) {
        let words = self.words;
        for tender in &sale.tenders {
            self.tender(tender);
        }
        let pays_out = sale.payable < Money::ZERO;
        if sale.tenders.iter().any(Tender::is_cash) && !pays_out {
            self.amount(words.change, sale.change);
        }
        let saved = basket::saved(&sale.lines);
        if saved.is_positive() {
            self.amount(words.saved, saved);
        }
    }

    /// A tender, with what it needs to be found again or reckoned. One that
    /// is paid out says so and stands as an amount above nothing.
    fn tender(&mut self, tender: &Tender) {
        let words = self.words;
        let (sign, amount) = if tender.amount() < Money::ZERO {
            (format!("{} ", words.refund), -tender.amount())
        } else {
            (String::new(), tender.amount())
        };
        match tender {
            Tender::Cash(_) => self.amount(format!("{sign}{}", words.cash), amount),
            Tender::ForeignCash { currency, amount: notes, rate, .. } => {
                let exponent = exponent_of(currency);
                let theirs = Currency { code: currency.clone(), symbol: String::new(), exponent };
                self.amount(format!("{sign}{} {currency} {}", words.cash, theirs.format(*notes)), amount);
                let rate = rate_text(*rate, exponent, self.currency);
                self.text(format!("  {}: 1 {currency} = {rate}", words.rate));
            }
            Tender::Wallet { wallet, reference, card, .. } => {
                let name = match wallet {
                    Wallet::WeChat => words.wechat,
                    Wallet::Alipay => words.alipay,
                    Wallet::UnionPay => words.union_pay,
                    Wallet::Card => words.card,
                };
                let end = card.map(|card| format!(" *{card}")).unwrap_or_default();
                self.amount(format!("{sign}{name}{end}"), amount);
                if !reference.is_empty() {
                    self.text(format!("  {}: {reference}", words.reference));
                }
            }
            Tender::Voucher { number, .. } => {
                self.amount(format!("{sign}{} {number}", words.voucher), amount);
            }
            Tender::StoredValue(stored) => {
                self.amount(format!("{sign}{}", words.stored_value), amount);
                let part = if stored.part.total() < Money::ZERO {
                    Value::NOTHING.less(stored.part)
                } else {
                    stored.part
                };
                self.principal_and_bonus(part);
                self.value_left(stored.left);
            }
        }
    }

    /// Of which balances it is.
    fn principal_and_bonus(&mut self, value: Value) {
        let words = self.words;
        let (principal, bonus) = (self.currency.format(value.principal), self.currency.format(value.bonus));
        self.text(format!("  {} {principal}  {} {bonus}", words.principal, words.bonus));
    }

    fn value_left(&mut self, left: Option<Money>) {
        if let Some(left) = left {
            let left = self.currency.format(left);
            self.text(format!("  {} {left}", self.words.value_left));
        }
    }

    fn taxes(&mut self, sale: &Sale) {
        let words = self.words;
        if let Some(top_up) = &sale.top_up {
            self.text(words.not_taxed);
            return self.principal_and_bonus(top_up.value);
        }
        let word = if sale.tax_added == Money::ZERO { words.tax_contained } else { words.tax_added };
        for tax in &sale.taxes {
            self.amount(format!("{word} {} ({})", tax.rate, self.currency.format(tax.net)), tax.tax);
        }
    }

    /// Who bought, what became of their points, and what the sale was given.
    fn member(&mut self, sale: &Sale, balance: Option<i64>) {
        let words = self.words;
        if let Some(buyer) = &sale.buyer {
            self.text(format!("{}: {}", words.member, buyer.shown));
        }
        if let Some(points) = sale.buyer.as_ref().and_then(|buyer| buyer.points.as_ref()) {
            if points.spent != 0 {
                let worth = self.currency.format(points.value);
                self.pair(
                    format!("{} ({} {worth})", words.points_spent, words.points_worth),
                    points.spent.to_string(),
                );
            }
            self.pair(words.points_earned, points.earned.to_string());
        }
        if let Some(back) = &sale.points_back {
            if back.reversed != 0 {
                self.pair(words.points_reversed, (-back.reversed).to_string());
            }
            if back.restored != 0 {
                self.pair(words.points_restored, back.restored.to_string());
            }
        }
        for code in &sale.coupons_back {
            self.text(format!("{}: {code}", words.coupon_back));
        }
        if let Some(balance) = balance {
            self.pair(words.points_balance, balance.to_string());
        }
        if !sale.note.is_empty() {
            self.text(format!("{}: {}", words.note, sale.note));
        }
        for given in &sale.given {
            self.pair(self.named(&given.promotion).to_owned(), how_much(given));
        }
    }

    fn goods(&self, item: &Item) -> String {
        let name = self.language.pick(&item.name_zh, &item.name_en);
        if item.spec.is_empty() { name.to_owned() } else { format!("{name} {}", item.spec) }
    }

    fn named<'b>(&self, promotion: &'b AppliedPromotion) -> &'b str {
        self.language.pick(&promotion.name_zh, &promotion.name_en)
    }
}

/// How many chances or coupons were given, or what points were multiplied by.
fn how_much(given: &Given) -> String {
    match &given.gives {
        Gives::DrawChances(chances) => format!("x {}", given.times.saturating_mul(*chances)),
        Gives::Coupon(_) => format!("x {}", given.times),
        Gives::PointsMultiplier(times) => {
            let (whole, part) = (times / MULTIPLIER_ONE, times % MULTIPLIER_ONE);
            let number = format!("{whole}.{part:04}");
            format!("x {}", number.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

/// What follows the quantity of goods that are not in a pack.
fn kilograms(item: &Item) -> &'static str {
    if item.weighed { "kg" } else { "" }
}

/// Whether a layer's savings are about the whole ticket rather than a line.
fn is_of_the_ticket(layer: Layer) -> bool {
    match layer {
        Layer::Price | Layer::Item => false,
        Layer::Order | Layer::Coupon => true,
    }
}

/// What promotions took off the whole ticket, each once, as they came.
fn of_the_ticket(lines: &[Line]) -> Vec<(&AppliedPromotion, Money)> {
    let mut sums: Vec<(&AppliedPromotion, Money)> = Vec::new();
    let savings = lines.iter().flat_map(|line| &line.savings);
    for saving in savings.filter(|saving| is_of_the_ticket(saving.layer)) {
        match sums.iter_mut().find(|(promotion, _)| promotion.id == saving.promotion.id) {
            Some((_, sum)) => *sum += saving.off,
            None => sums.push((&saving.promotion, saving.off)),
        }
    }
    sums
}

fn local_time(at_ms: i64, offset_minutes: i32) -> String {
    offset_minutes
        .checked_mul(60)
        .and_then(FixedOffset::east_opt)
        .zip(DateTime::from_timestamp_millis(at_ms))
        .map(|(offset, at)| at.with_timezone(&offset).format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

/// Decimal places of a currency's minor unit (ISO 4217), of those whose notes
/// a shop may take.
fn exponent_of(currency: &str) -> u8 {
    match currency {
        "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "PYG" | "UGX" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

/// What one major unit of another currency is worth, from our minor units for
/// a million of its minor units.
fn rate_text(rate: u64, their_exponent: u8, ours: &Currency) -> String {
    // A million is six places; the exponents of the two shift them.
    let places = 6 + u32::from(ours.exponent.min(crate::money::EXPONENT_MAX));
    let scale = places - u32::from(their_exponent);
    let rate = Decimal::from_i128_with_scale(i128::from(rate), scale).normalize();
    format!("{rate} {}", ours.code)
}
