//! Lines not yet paid.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::bearer::Borne;
use crate::catalogue::{Item, Unit};
use crate::coupon::Coupon;
use crate::gift::{self, FreeGoods, KeptGift};
use crate::kit::allocate_kit;
use crate::member::{Member, PointsBack, PointsGrant};
use crate::money::{BASIS_POINTS, Money, Quantity};
use crate::phone::TakenBasket;
use crate::promotion::explain::Missed;
use crate::promotion::ticket::PointsSpent;
use crate::promotion::{Layer, Promotion};
use crate::quota::{QuotaHeard, QuotaUse, TicketUse};
use crate::refund::{PastSale, ReturnedLine};
use crate::sale::{SpentCoupon, Sums};
use crate::seller::Seller;
use crate::tax::{TaxMode, TaxRules, Taxable};
use crate::tender::TenderKind;

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
    /// The shelf label that made it so.
    pub kept: Option<KeptPrice>,
    /// What one costs whoever is no member, where the price is the member's.
    pub walk_in: Option<WalkInPrice>,
    /// Who said what it weighs, unless its code did.
    pub weighed_by: Option<WeighedBy>,
    /// The line's price as a scale printed it; it stands whatever the unit price says.
    pub label_amount: Option<Money>,
    /// What its code said of this piece.
    pub trace: Trace,
    /// What promotions of the whole basket take off it.
    pub savings: Vec<Saving>,
    /// Its share of what points paid for (积分抵现).
    pub points_off: Money,
    /// What a person took off it.
    pub discount: Option<Discount>,
    /// Its share of what a person took off the basket.
    pub basket_discount: Money,
    /// Who is credited for it, where that is not who is credited for the basket.
    pub seller: Option<Arc<Seller>>,
    /// What the cashier noted of it; may be empty.
    pub note: String,
}

/// What a code says of one piece of goods beside what it is, so that it can be
/// followed when the maker calls a batch back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// The batch it was made in (GS1 AI 10).
    pub batch: Option<String>,
    /// The last day on which it may be used (GS1 AI 17 or 7003).
    pub expiry: Option<NaiveDate>,
    /// The day until which it is at its best, or is to be sold, the earlier of
    /// the two (GS1 AI 15 and 16). It may be sold later; promotions of goods
    /// that are near their end count it like [`Trace::expiry`].
    pub best_before: Option<NaiveDate>,
    /// The number that no other piece of the item has (GS1 AI 21).
    pub serial: Option<String>,
}

impl Trace {
    /// The first of its days that the goods come to (临期).
    pub fn ends(&self) -> Option<NaiveDate> {
        self.expiry.into_iter().chain(self.best_before).min()
    }
}

/// That a price is what a shelf label may still show: the label is a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPrice {
    /// The label's number.
    pub label: String,
    /// What one would cost by price lists and promotions.
    pub otherwise: Money,
}

/// What one of a line's unit costs whoever is no member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkInPrice {
    /// On the price list.
    pub list_price: Money,
    /// What is charged.
    pub unit_price: Money,
    /// The promotion that makes it so.
    pub promotion: Option<AppliedPromotion>,
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

/// Who said what weighed goods weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeighedBy {
    /// The lane's scale, lying still.
    Scale {
        /// Whether a tare was taken off.
        net: bool,
    },
    /// A person.
    Person,
}

/// How much a person takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// So many basis points of the price: 1500 leaves 85 %.
    Part(u32),
    /// An amount.
    Amount(Money),
}

/// What a person took off a line or a basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    /// How much.
    pub cut: Cut,
    /// The most that whoever gave or approved it may take off, in basis
    /// points: an amount shrinks with it when goods are taken back later.
    pub most: u32,
    /// Why.
    pub reason: String,
}

impl Discount {
    /// What it takes off a price: never more than it may, nor all of it and more.
    pub fn off(&self, price: Money) -> Money {
        let left = |points: u32| price.basis_points(BASIS_POINTS - points.min(BASIS_POINTS));
        match self.cut {
            Cut::Part(points) => price - left(points.min(self.most)),
            Cut::Amount(amount) => amount.max(Money::ZERO).min(price - left(self.most)),
        }
    }
}

/// What a line remembers of the promotion that set its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedPromotion {
    /// HQ's id.
    pub id: Arc<str>,
    /// Its name in Chinese.
    pub name_zh: Arc<str>,
    /// Its name in English.
    pub name_en: Arc<str>,
}

impl From<&Promotion> for AppliedPromotion {
    fn from(promotion: &Promotion) -> Self {
        Self {
            id: promotion.id.as_str().into(),
            name_zh: promotion.name_zh.as_str().into(),
            name_en: promotion.name_en.as_str().into(),
        }
    }
}

/// What a promotion takes off a line beyond what its tag shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    /// Which.
    pub promotion: AppliedPromotion,
    /// Its layer.
    pub layer: Layer,
    /// Units of the line that take part; 0 where it is about amounts.
    pub units: u32,
    /// What it takes off.
    pub off: Money,
}

impl Line {
    /// What the customer pays for it, tax included.
    pub fn net(&self) -> Money {
        self.after_savings() - self.basket_discount
    }

    /// What it costs after promotions and points, before what was taken off the basket.
    pub fn after_savings(&self) -> Money {
        self.after_own_discount() - self.savings.iter().map(|saving| saving.off).sum() - self.points_off
    }

    /// What it costs before a person takes anything off.
    pub fn price(&self) -> Money {
        self.label_amount.unwrap_or_else(|| self.unit_price.times(self.quantity))
    }

    /// What it costs before promotions of the whole basket, and before what
    /// was taken off the basket.
    pub fn after_own_discount(&self) -> Money {
        let price = self.price();
        price - self.discount.as_ref().map_or(Money::ZERO, |discount| discount.off(price))
    }

    /// What people took off it.
    pub fn discounted(&self) -> Money {
        self.price() - self.after_own_discount() + self.basket_discount
    }

    /// Whether its prices, and what they come to, are amounts that a document
    /// may carry. No other line joins a basket.
    pub fn is_within_bounds(&self) -> bool {
        let holds = |price: Money| price.is_amount() && price.checked_times(self.quantity).is_some();
        holds(self.unit_price)
            && holds(self.item.price)
            && self.label_amount.is_none_or(Money::is_amount)
            && self.savings.iter().all(|saving| saving.off.is_amount())
            && self.points_off.is_amount()
            && Money::checked_sum(self.savings.iter().map(|saving| saving.off).chain([self.points_off]))
                .is_some_and(|off| off <= self.after_own_discount())
            && self.walk_in.as_ref().is_none_or(|price| holds(price.list_price) && holds(price.unit_price))
            && self.basket_discount.is_amount()
            && self.basket_discount <= self.after_savings()
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

    /// What tax is reckoned on: one share, or one a part of a kit.
    pub fn taxables(&self) -> Vec<Taxable> {
        let net = self.net();
        if self.item.kit.is_empty() {
            return vec![Taxable { rate: self.item.tax_rate, net }];
        }
        let shares = allocate_kit(net, &self.item.kit);
        let taxable = |(rate, net)| Taxable { rate, net };
        self.item.kit.iter().map(|part| part.tax_rate).zip(shares).map(taxable).collect()
    }

    /// Whether its price follows the price lists until it is paid: nobody set
    /// or typed it, and no scale printed an amount.
    pub fn follows_price_list(&self) -> bool {
        self.label_amount.is_none() && self.price_from == PriceFrom::List
    }

    /// What it would cost anybody at the list price; never below what it costs.
    pub fn gross(&self) -> Money {
        let list_price = self.walk_in.as_ref().map_or(self.item.price, |price| price.list_price);
        list_price.times(self.quantity).max(self.net() + self.points_off)
    }
}

/// What promotions, members' prices, set prices and discounts took off lines; points
/// are spent, not saved.
pub fn saved(lines: &[Line]) -> Money {
    lines.iter().map(|line| line.gross() - line.net() - line.points_off).sum()
}

/// How many pieces lines are; a weighed line counts as one.
pub fn pieces(lines: &[Line]) -> i64 {
    lines.iter().map(|line| line.item.pieces(line.quantity)).sum()
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
    /// The shelf label that made it so.
    pub kept: Option<KeptPrice>,
}

/// Lines in order of scanning, and goods that come back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basket {
    /// Shared with the tills from which this one was made, as none changes what another has.
    lines: Arc<Vec<Line>>,
    numbers_given: u32,
    age_confirmed: bool,
    voids: u32,
    discount: Option<Discount>,
    member: Option<Arc<Member>>,
    coupons: Vec<Coupon>,
    grant: Option<PointsGrant>,
    heard: Vec<QuotaHeard>,
    tender: Option<TenderKind>,
    seller: Option<Arc<Seller>>,
    note: String,
    past: Option<Box<PastSale>>,
    returns: Vec<ReturnedLine>,
    phones: Vec<TakenBasket>,
    derived: Derived,
}

/// What is worked out from a basket's goods. It says nothing of what a basket
/// is, so two that differ in it are the same.
#[derive(Debug, Clone, Default)]
struct Derived {
    savings: Savings,
    reckoning: Arc<Reckoning>,
}

/// How far promotions are worked out for a basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Savings {
    /// It changed since.
    Due,
    /// At a glance: what it costs may still fall, and does not rise, when they are worked out fully.
    Glanced,
    /// As far as they ever are; of a basket without goods there is nothing to work out.
    #[default]
    Full,
}

impl PartialEq for Derived {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Derived {}

/// What the price of a basket rests on, for a cashier who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reckoning {
    /// What almost applied, and what is missing; what lacks least first.
    pub almost: Vec<(AppliedPromotion, Missed)>,
    /// What more could be taken off at most: nothing where the price is proved
    /// to be the best.
    pub gap: Money,
    /// Points that are spent on it.
    pub points: PointsSpent,
    /// What each laid coupon takes off, in their order; nothing where it is of no use.
    pub coupons: Vec<Money>,
    /// Goods that are free for others.
    pub gifts: Vec<FreeGoods>,
    /// What it uses of promotions with quotas.
    pub uses: Vec<TicketUse>,
    /// What promotions take off it of which it is said who bears them.
    pub borne: Vec<Borne>,
}

impl Basket {
    /// A basket as it was parked.
    pub fn parked(
        lines: Vec<Line>,
        numbers_given: u32,
        age_confirmed: bool,
        voids: u32,
        discount: Option<Discount>,
    ) -> Self {
        Self {
            lines: Arc::new(lines),
            numbers_given,
            age_confirmed,
            voids,
            discount,
            derived: Derived { savings: Savings::Due, ..Derived::default() },
            ..Self::default()
        }
    }

    /// The same of a member, with coupons, to be paid with one kind of tender.
    #[must_use]
    pub fn brought_by(
        self,
        member: Option<Arc<Member>>,
        coupons: Vec<Coupon>,
        tender: Option<TenderKind>,
    ) -> Self {
        Self { member, coupons, tender, ..self }
    }

    /// The same with who is credited for it, and what was noted of it.
    #[must_use]
    pub fn sold_by(self, seller: Option<Arc<Seller>>, note: String) -> Self {
        Self { seller, note, ..self }
    }

    /// The same with what customers' phones brought.
    #[must_use]
    pub fn scanned_by(self, phones: Vec<TakenBasket>) -> Self {
        Self { phones, ..self }
    }

    /// The phones' baskets that are in it, as they came.
    pub fn phones(&self) -> &[TakenBasket] {
        &self.phones
    }

    /// Who is credited for the lines that name nobody else.
    pub fn seller(&self) -> Option<&Arc<Seller>> {
        self.seller.as_ref()
    }

    /// What the cashier noted of it; may be empty.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The kind of tender that all of it is paid with, where promotions ask for that.
    pub fn tender(&self) -> Option<TenderKind> {
        self.tender
    }

    /// Who buys, where that is known.
    pub fn member(&self) -> Option<&Arc<Member>> {
        self.member.as_ref()
    }

    /// The coupons that lie on it, whether they are of use or not.
    pub fn coupons(&self) -> &[Coupon] {
        &self.coupons
    }

    /// The coupons that take something off it, and what.
    pub fn spent_coupons(&self) -> Vec<SpentCoupon> {
        let offs = self.coupons.iter().zip(&self.derived.reckoning.coupons);
        offs.filter(|(_, off)| off.is_positive())
            .map(|(coupon, off)| SpentCoupon {
                code: coupon.code.clone(),
                promotion: coupon.promotion.clone(),
                off: *off,
            })
            .collect()
    }

    /// What it uses of promotions with quotas; nothing for goods that were taken
    /// back while promotions could not be asked.
    pub(crate) fn uses(&self) -> impl Iterator<Item = &TicketUse> {
        let uses = self.derived.reckoning.uses.iter();
        uses.filter(|used| used.line == 0 || self.line(used.line).is_some())
    }

    /// What promotions take off it of which it is said who bears them; nothing
    /// for goods that were taken back while promotions could not be asked.
    pub(crate) fn borne(&self) -> impl Iterator<Item = &Borne> {
        self.derived.reckoning.borne.iter().filter(|borne| self.line(borne.line).is_some())
    }

    /// What comes back of that with goods of the past sale.
    pub fn borne_back(&self) -> Vec<Borne> {
        self.past.as_ref().map(|past| past.borne_back(&self.returns)).unwrap_or_default()
    }

    /// What comes back of promotions with quotas.
    pub fn uses_back(&self) -> Vec<QuotaUse> {
        self.past.as_ref().map(|past| past.uses_back(&self.returns)).unwrap_or_default()
    }

    /// The coupons of a past sale of which nothing is left when this comes back.
    pub fn coupons_back(&self) -> Vec<String> {
        self.past.as_ref().map(|past| past.coupons_back(&self.returns)).unwrap_or_default()
    }

    /// The points that what comes back undoes.
    pub fn points_back(&self) -> Option<PointsBack> {
        self.past.as_ref()?.points_back(&self.returns)
    }

    /// What HQ said of promotions with quotas.
    pub fn heard(&self) -> &[QuotaHeard] {
        &self.heard
    }

    /// The points that may be spent on it.
    pub fn grant(&self) -> Option<&PointsGrant> {
        self.grant.as_ref()
    }

    /// The lines that count.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The goods that come back.
    pub fn returns(&self) -> &[ReturnedLine] {
        &self.returns
    }

    /// The past sale that goods come back from.
    pub fn past(&self) -> Option<&PastSale> {
        self.past.as_deref()
    }

    /// What a person took off the basket.
    pub fn discount(&self) -> Option<&Discount> {
        self.discount.as_ref()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.returns.is_empty() && self.past.is_none()
    }

    /// Whether nothing is in it, and nobody's card or coupon lies on it: a
    /// parked one may take its place.
    pub fn is_bare(&self) -> bool {
        self.is_empty() && self.member.is_none() && self.coupons.is_empty()
    }

    /// Whether it is as every basket begins.
    pub fn is_untouched(&self) -> bool {
        self.is_bare() && self.seller.is_none() && self.note.is_empty()
    }

    /// The number that the next line gets.
    pub fn next_number(&self) -> u32 {
        self.numbers_given.saturating_add(1)
    }

    /// How many numbers were given to lines.
    pub fn numbers_given(&self) -> u32 {
        self.numbers_given
    }

    /// How many lines were taken back.
    pub fn voids(&self) -> u32 {
        self.voids
    }

    /// Whether somebody looked at the buyer's age.
    pub fn age_confirmed(&self) -> bool {
        self.age_confirmed
    }

    /// The line with this number, unless it was voided.
    pub fn line(&self, number: u32) -> Option<&Line> {
        self.lines.iter().find(|line| line.number == number)
    }

    /// Whether this very piece is in it.
    pub fn has_serial(&self, sku: &str, serial: &str) -> bool {
        self.lines.iter().any(|line| line.item.sku == sku && line.trace.serial.as_deref() == Some(serial))
    }

    /// Whether it pays money into an account, which nothing else does.
    pub fn has_top_up(&self) -> bool {
        self.lines.iter().any(|line| line.item.is_top_up())
    }

    /// Whether a membership is in it.
    pub fn has_membership(&self) -> bool {
        self.lines.iter().any(|line| line.item.membership)
    }

    /// Sum of line nets, less what comes back; tax on top not included.
    pub fn total(&self) -> Money {
        let nets: Money = self.lines.iter().map(Line::net).sum();
        nets - self.returns.iter().map(|back| back.amount).sum()
    }

    /// What the basket comes to under a store's tax rules.
    pub fn sums(&self, rules: TaxRules) -> Sums {
        let nets: Money = self.lines.iter().map(Line::net).sum();
        let taxables: Vec<Taxable> = self.lines.iter().flat_map(Line::taxables).collect();
        let on_top = match rules.mode {
            TaxMode::Inclusive => Money::ZERO,
            TaxMode::Exclusive => rules.shares(&taxables).into_iter().sum(),
        };
        Sums {
            sold: nets + on_top,
            returned: self.returned(rules),
            left: self.past.as_ref().map(|past| past.left),
        }
    }

    /// What is given for the goods that come back, less what is kept back for
    /// gifts that do not.
    fn returned(&self, rules: TaxRules) -> Money {
        let back: Money = self.returns.iter().map(|back| back.value(rules.mode)).sum();
        let kept: Money = self.kept_gifts(rules).iter().map(|kept| kept.value(rules.mode)).sum();
        back - kept
    }

    /// Goods of it that are free for others. Where promotions could not be
    /// asked since goods were taken back, nothing is said of any.
    pub fn gifts(&self) -> Vec<FreeGoods> {
        let gifts = &self.derived.reckoning.gifts;
        if gift::fits(gifts, &self.lines) { gifts.clone() } else { Vec::new() }
    }

    /// The gifts that are kept though what earned them comes back.
    pub fn kept_gifts(&self, rules: TaxRules) -> Vec<KeptGift> {
        self.past.as_ref().map(|past| past.kept_gifts(&self.returns, rules)).unwrap_or_default()
    }

    /// What promotions, set prices and discounts took off.
    pub fn saved(&self) -> Money {
        saved(&self.lines)
    }

    /// How many pieces; a weighed line counts as one.
    pub fn pieces(&self) -> i64 {
        pieces(&self.lines)
    }

    /// The lines whose buyer's age nobody has confirmed.
    pub fn age_open(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.item.age_restricted && !self.age_confirmed)
    }

    /// What a discount on the basket is reckoned on: the lines that may be reduced.
    pub fn reducible(&self) -> Money {
        self.lines.iter().filter(|line| !line.item.no_promotion).map(Line::after_savings).sum()
    }

    pub(crate) fn add(&mut self, line: Line) {
        self.numbers_given = self.numbers_given.max(line.number);
        self.lines_to_change().push(line);
        self.spread_discount();
    }

    pub(crate) fn set_quantity(&mut self, number: u32, quantity: Quantity) {
        self.change(number, |line| line.quantity = quantity);
    }

    pub(crate) fn set_price(&mut self, number: u32, unit_price: Money) {
        self.change(number, |line| {
            line.unit_price = unit_price;
            line.price_from = PriceFrom::Set;
            line.promotion = None;
            line.kept = None;
            line.walk_in = None;
            line.label_amount = None;
            line.discount = None;
        });
    }

    pub(crate) fn name_seller(&mut self, number: Option<u32>, seller: Option<Arc<Seller>>) {
        match number {
            None => self.seller = seller,
            Some(number) => {
                if let Some(line) = self.lines_to_change().iter_mut().find(|line| line.number == number) {
                    line.seller = seller;
                }
            }
        }
    }

    pub(crate) fn write_note(&mut self, number: Option<u32>, note: String) {
        match number {
            None => self.note = note,
            Some(number) => {
                if let Some(line) = self.lines_to_change().iter_mut().find(|line| line.number == number) {
                    line.note = note;
                }
            }
        }
    }

    pub(crate) fn reduce_line(&mut self, number: u32, discount: Option<Discount>) {
        self.change(number, |line| line.discount = discount);
    }

    pub(crate) fn reduce(&mut self, discount: Option<Discount>) {
        self.discount = discount;
        self.spread_discount();
    }

    pub(crate) fn lower_price(&mut self, lowered: &LoweredPrice) {
        self.change(lowered.line, |line| {
            line.item = line.item.at_price(lowered.list_price);
            line.unit_price = lowered.unit_price;
            line.promotion.clone_from(&lowered.promotion);
            line.kept.clone_from(&lowered.kept);
        });
    }

    /// A member is here: these lines cost less for them.
    pub(crate) fn join(&mut self, member: Arc<Member>, prices: &[LoweredPrice]) {
        self.leave();
        for price in prices {
            self.change(price.line, |line| {
                line.walk_in = Some(WalkInPrice {
                    list_price: line.item.price,
                    unit_price: line.unit_price,
                    promotion: line.promotion.clone(),
                });
            });
            self.lower_price(price);
        }
        self.member = Some(member);
        self.spread_discount();
    }

    /// The member is gone, and with them their prices, coupons and points.
    pub(crate) fn leave(&mut self) {
        self.member = None;
        self.grant = None;
        self.coupons.retain(|coupon| coupon.owner.is_none());
        if self.lines.iter().any(|line| line.walk_in.is_some()) {
            for line in self.lines_to_change() {
                if let Some(price) = line.walk_in.take() {
                    line.item = line.item.at_price(price.list_price);
                    line.unit_price = price.unit_price;
                    line.promotion = price.promotion;
                    line.kept = None;
                }
            }
        }
        self.spread_discount();
    }

    pub(crate) fn choose_tender(&mut self, tender: Option<TenderKind>) {
        self.tender = tender;
        self.spread_discount();
    }

    pub(crate) fn lay(&mut self, coupon: Coupon) {
        self.coupons.push(coupon);
        self.spread_discount();
    }

    pub(crate) fn take_coupon_back(&mut self, code: &str) {
        self.coupons.retain(|coupon| coupon.code != code);
        self.spread_discount();
    }

    /// Takes all coupons off.
    pub(crate) fn leave_coupons(&mut self) {
        self.coupons.clear();
        self.spread_discount();
    }

    pub(crate) fn hear(&mut self, heard: Vec<QuotaHeard>) {
        self.heard = heard;
        self.spread_discount();
    }

    pub(crate) fn offer_points(&mut self, grant: Option<PointsGrant>) {
        self.grant = grant;
        self.spread_discount();
    }

    pub(crate) fn void(&mut self, number: u32) {
        let before = self.lines.len();
        self.lines_to_change().retain(|line| line.number != number);
        if self.lines.len() != before {
            self.voids = self.voids.saturating_add(1);
        }
        // Whoever comes next brings a basket of their own.
        if self.lines.is_empty() {
            self.phones.clear();
        }
        self.spread_discount();
    }

    pub(crate) fn take_phone(&mut self, taken: TakenBasket) {
        self.phones.push(taken);
    }

    pub(crate) fn see_phones(&mut self) {
        self.phones.iter_mut().for_each(|taken| taken.seen = true);
    }

    pub(crate) fn confirm_age(&mut self) {
        self.age_confirmed = true;
    }

    pub(crate) fn begin_return(&mut self, past: PastSale) {
        self.past = Some(Box::new(past));
    }

    pub(crate) fn take_back(&mut self, back: ReturnedLine) {
        self.returns.push(back);
    }

    /// Drops everything that comes back.
    pub(crate) fn end_return(&mut self) {
        self.past = None;
        self.returns.clear();
    }

    fn change(&mut self, number: u32, change: impl FnOnce(&mut Line)) {
        if let Some(line) = self.lines_to_change().iter_mut().find(|line| line.number == number) {
            change(line);
        }
        self.spread_discount();
    }

    /// Spreads the basket's discount over the lines that may be reduced.
    fn spread_discount(&mut self) {
        self.derived.savings = Savings::Due;
        self.spread_over_lines();
    }

    /// How far promotions are worked out for it.
    pub fn savings(&self) -> Savings {
        self.derived.savings
    }

    /// What its price rests on.
    pub fn reckoning(&self) -> &Reckoning {
        &self.derived.reckoning
    }

    /// Asks for promotions to be worked out again: the time may have come for others.
    pub(crate) fn ask_for_savings(&mut self) {
        self.derived.savings = Savings::Due;
    }

    /// Forgets what promotions take off, until it is worked out again.
    pub(crate) fn forget_savings(&mut self) {
        self.make_savings(Savings::Due, Vec::new(), Reckoning::default());
    }

    /// Takes in what promotions and points take off each line, worked out so `far`;
    /// nothing where lines are missing.
    pub(crate) fn make_savings(
        &mut self,
        far: Savings,
        savings: Vec<(Vec<Saving>, Money)>,
        reckoning: Reckoning,
    ) {
        let mut savings = savings.into_iter();
        for line in self.lines_to_change() {
            (line.savings, line.points_off) = savings.next().unwrap_or_default();
        }
        self.derived = Derived { savings: far, reckoning: Arc::new(reckoning) };
        self.spread_over_lines();
    }

    fn lines_to_change(&mut self) -> &mut Vec<Line> {
        Arc::make_mut(&mut self.lines)
    }

    fn spread_over_lines(&mut self) {
        if self.lines.iter().any(|line| line.basket_discount != Money::ZERO) {
            for line in self.lines_to_change() {
                line.basket_discount = Money::ZERO;
            }
        }
        let Some(discount) = &self.discount else { return };
        let weight = |line: &Line| {
            if line.item.no_promotion { 0 } else { line.after_savings().minor() }
        };
        let weights: Vec<i64> = self.lines.iter().map(weight).collect();
        let shares = discount.off(self.reducible()).prorate(&weights).unwrap_or_default();
        for (line, share) in self.lines_to_change().iter_mut().zip(shares) {
            line.basket_discount = share;
        }
    }
}
