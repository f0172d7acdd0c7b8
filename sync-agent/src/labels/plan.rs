//! What each label should say: its goods, their prices now and at the
//! instants that are known ahead, and the template that suits them.
//!
//! The prices are those that the till charges, by the same code
//! ([`domain::pricing::shelf_price`]); a label that said another would be
//! wrong from the moment it is shown.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::catalogue::{Buyer, Catalogue, Item, LookUpError, SaleUnit};
use domain::label::LabelItem;
use domain::money::{Currency, Money};
use domain::pricing::{self, UnitPrice};
use domain::promotion::PromotionSet;
use domain::promotion::rule::Promotion;
use domain::promotion::ticket::Occasion;
use ledger::reference::shelf::{BoundLabel, Deal, LabelFace, NotStruck, ShownPrice, WhyNotStruck};
use protocol::shelf::DealAsked;
use protocol::{event, pull};

use super::choice::{Choice, Condition};
use crate::core::{Later, Wanted};

/// So far ahead prices are looked for, milliseconds: longer than a line to HQ
/// is down.
pub const AHEAD_MS: i64 = 7 * DAY_MS;

/// The most instants of one label that are looked at ahead.
pub const INSTANTS_MAX: usize = 64;

/// Days of which the hours of promotions are looked at ahead: as far as dates.
const HOURS_AHEAD_DAYS: i64 = 7;

/// The time before a promotion of which the lowest price counts that was paid,
/// milliseconds: seven days (SAMR Order 56 of 2022, art. 16).
pub const STRUCK_WITHIN_MS: i64 = 7 * DAY_MS;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// The template of labels that stand for nothing any more.
pub const UNBOUND: &str = "unbound";

/// The goods of a store, as labels need them.
pub trait Goods: Catalogue {
    /// The item as HQ told of it, with what only a label says.
    fn product(&self, sku: &str) -> Result<Option<pull::Product>, LookUpError>;

    /// Whether the store has none of an item, as far as HQ has said.
    fn is_sold_out(&self, sku: &str) -> bool;

    /// What a unit was sold at here in the seven days before an instant, where
    /// HQ, which hears of all lanes, has said it whole.
    fn deal(&self, item: &LabelItem, until_ms: i64) -> Option<Deal>;
}

/// What a label should say, and what must be known for it to say more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// What it should say.
    pub wanted: Wanted,
    /// What to ask HQ for its sake.
    pub asks: Option<DealAsked>,
}

/// What of a store's rules a price depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// The store's code.
    pub store: String,
    /// Its currency.
    pub currency: Currency,
    /// The chain's member days.
    pub member_days: Vec<NaiveDate>,
    /// The lane's offset from UTC, minutes.
    pub offset_minutes: i32,
}

impl Trade {
    /// Of a store as HQ tells of it.
    pub fn of(store: &pull::Store, offset_minutes: i32) -> Self {
        Self {
            store: store.code.clone(),
            currency: Currency {
                code: store.currency.clone(),
                symbol: store.currency_symbol.clone(),
                exponent: store.currency_exponent,
            },
            member_days: store.rules.member_days.clone(),
            offset_minutes,
        }
    }

    pub(super) fn day(&self, at_ms: i64) -> Option<NaiveDate> {
        let local_ms = at_ms + i64::from(self.offset_minutes) * MINUTE_MS;
        chrono::DateTime::from_timestamp_millis(local_ms).map(|at| at.date_naive())
    }

    pub(super) fn occasion(&self, at_ms: i64) -> Occasion {
        Occasion {
            now_ms: at_ms,
            offset_minutes: self.offset_minutes,
            store: self.store.clone(),
            channel: "store".to_owned(),
            member_day: self.day(at_ms).is_some_and(|day| self.member_days.contains(&day)),
            ..Occasion::default()
        }
    }
}

/// A price of an item at an instant, as its label says it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    list: Money,
    price: UnitPrice,
    member: Option<Money>,
}

/// What a label should say from `now_ms` on, milliseconds UTC.
pub fn wanted(
    goods: &impl Goods,
    trade: &Trade,
    choice: &Choice,
    label: &BoundLabel,
    now_ms: i64,
) -> Result<Planned, LookUpError> {
    if label.items.is_empty() {
        let wanted = Wanted { face: Some(unbound(choice, label)), ..Wanted::default() };
        return Ok(Planned { wanted, asks: None });
    }
    let set = goods.promotions()?;
    let mut parts = Vec::new();
    for bound in &label.items {
        match find(goods, bound)? {
            Ok(found) => parts.push((bound, found)),
            Err(why) => return Ok(no_face(why)),
        }
    }
    let says = |at_ms: i64| -> Result<Vec<Said>, String> {
        parts.iter().map(|(_, (item, unit))| said(trade, &set, item, unit.as_ref(), at_ms)).collect()
    };
    let now = match says(now_ms) {
        Ok(now) => now,
        Err(why) => return Ok(no_face(why)),
    };
    let shown = |said: &[Said]| -> Vec<ShownPrice> {
        parts.iter().zip(said).map(|((bound, _), said)| shown_price(bound, said)).collect()
    };
    let mut later = Vec::new();
    for at_ms in instants(trade, &set, parts.iter().map(|(_, (item, _))| item.as_ref()), now_ms) {
        if let Ok(then) = says(at_ms) {
            later.push(Later { from_ms: at_ms, prices: shown(&then) });
        }
    }
    let prices = shown(&now);
    let One { template, texts, not_struck, asks } = match (parts.as_slice(), now.as_slice()) {
        ([(bound, (item, unit))], [said]) => {
            one(goods, trade, choice, (&set, now_ms), (label, bound), (item, unit.as_ref()), said)?
        }
        (parts, said) => {
            let lines = parts
                .iter()
                .zip(said)
                .map(|((_, (item, unit)), said)| line(trade, choice, item, unit.as_ref(), said));
            several(label, lines)
        }
    };
    let template = if label.template.is_empty() { template } else { label.template.clone() };
    let drawing = choice.drawing(&template);
    let face = LabelFace { template, texts, prices, drawing };
    let wanted = Wanted { face: Some(face), why: String::new(), is_bound: true, later, not_struck };
    Ok(Planned { wanted, asks })
}

/// When any of the labels' prices may change next after `now_ms`, of those
/// that are known ahead.
pub fn next_change(wanted: &[Later], now_ms: i64) -> Option<i64> {
    wanted.iter().map(|later| later.from_ms).find(|from_ms| *from_ms > now_ms)
}

fn no_face(why: String) -> Planned {
    let wanted = Wanted { why, is_bound: true, ..Wanted::default() };
    Planned { wanted, asks: None }
}

/// What a label says that stands for nothing any more: its number.
fn unbound(choice: &Choice, label: &BoundLabel) -> LabelFace {
    LabelFace {
        template: UNBOUND.to_owned(),
        texts: BTreeMap::from([("label".to_owned(), label.number.to_string())]),
        prices: Vec::new(),
        drawing: choice.drawing(UNBOUND),
    }
}

type Found = (std::sync::Arc<Item>, Option<SaleUnit>);

fn find(goods: &impl Goods, bound: &LabelItem) -> Result<Result<Found, String>, LookUpError> {
    let Some(item) = goods.item_by_sku(&bound.sku)? else {
        return Ok(Err(format!("item {} is not sold here", bound.sku)));
    };
    if bound.unit.is_empty() {
        return Ok(Ok((item, None)));
    }
    Ok(match item.unit(&bound.unit).cloned() {
        Some(unit) => Ok((item, Some(unit))),
        None => Err(format!("item {} is not sold in pack {}", bound.sku, bound.unit)),
    })
}

fn said(
    trade: &Trade,
    set: &PromotionSet,
    item: &Item,
    unit: Option<&SaleUnit>,
    at_ms: i64,
) -> Result<Said, String> {
    if item.open_price.is_some() {
        return Err(format!("item {} has no price of its own: it is typed", item.sku));
    }
    let occasion = trade.occasion(at_ms);
    let price = |buyer| pricing::shelf_price(set, item, unit, buyer, &occasion);
    let everybody = price(Buyer::WalkIn).filter(|price| price.list.is_positive() || item.gift);
    let everybody = everybody.ok_or_else(|| format!("item {} has no price", item.sku))?;
    let member = price(Buyer::Member { tier: "" }).map(|member| member.price.price);
    let member = member.filter(|member| *member < everybody.price.price);
    Ok(Said { list: everybody.list, price: everybody.price, member })
}

fn shown_price(bound: &LabelItem, said: &Said) -> ShownPrice {
    ShownPrice {
        item: event::LabelItem::from(bound),
        price: Some(said.price.price.minor()),
        member_price: said.member.map(Money::minor),
    }
}

/// Instants within [`AHEAD_MS`] at which a price may change, in order.
fn instants<'a>(
    trade: &Trade,
    set: &PromotionSet,
    items: impl Iterator<Item = &'a Item>,
    now_ms: i64,
) -> BTreeSet<i64> {
    let mut instants = BTreeSet::new();
    for item in items {
        instants.extend(item.prices.iter().flat_map(|row| [Some(row.from_ms), row.until_ms]).flatten());
        for place in set.about([(item.sku.as_str(), item.category.as_str())]) {
            promotion_instants(trade, &set.promotions()[place], now_ms, &mut instants);
        }
    }
    let ahead = instants.range(now_ms + 1..=now_ms + AHEAD_MS);
    ahead.take(INSTANTS_MAX).copied().collect()
}

fn promotion_instants(trade: &Trade, promotion: &Promotion, now_ms: i64, instants: &mut BTreeSet<i64>) {
    let conditions = &promotion.conditions;
    instants.extend([conditions.from_ms, conditions.until_ms].into_iter().flatten());
    let by_day = !conditions.weekdays.is_empty() || conditions.member_day;
    if !by_day && conditions.hours.is_empty() {
        return;
    }
    let offset_ms = i64::from(trade.offset_minutes) * MINUTE_MS;
    let midnight_ms = (now_ms + offset_ms).div_euclid(DAY_MS) * DAY_MS - offset_ms;
    for day in 0..=HOURS_AHEAD_DAYS {
        let day_ms = midnight_ms + day * DAY_MS;
        instants.extend(by_day.then_some(day_ms));
        for window in &conditions.hours {
            let minutes = [window.from_minute, window.until_minute];
            instants.extend(minutes.map(|minute| day_ms + i64::from(minute) * MINUTE_MS));
        }
    }
}

/// What a label with one item says, and the template that suits it.
#[derive(Debug, Default)]
struct One {
    template: String,
    texts: BTreeMap<String, String>,
    not_struck: Option<NotStruck>,
    asks: Option<DealAsked>,
}

fn one(
    goods: &impl Goods,
    trade: &Trade,
    choice: &Choice,
    (set, now_ms): (&PromotionSet, i64),
    (label, bound): (&BoundLabel, &LabelItem),
    (item, unit): (&Item, Option<&SaleUnit>),
    said: &Said,
) -> Result<One, LookUpError> {
    let product = goods.product(&item.sku)?;
    let mut made = One::default();
    let mut say = |field: &str, text: &str| {
        if !text.is_empty() {
            made.texts.insert(field.to_owned(), text.to_owned());
        }
    };
    say("name", choice.say(&item.name_zh, &item.name_en));
    say("spec", &item.spec);
    say("unit", unit_name(choice, item, unit));
    say("currency", &trade.currency.symbol);
    say("price", &trade.currency.format(said.price.price));
    if unit.is_none() && !item.weighed {
        let round = round_quantity(&item.spec, said.price.price);
        let round = round.map(|(price, of)| format!("{}/{of}", trade.currency.format_with_symbol(price)));
        say("unit_price", &round.unwrap_or_default());
    }
    say("sku", &item.sku);
    say("place", &label.slot);
    say("label", label.number.as_str());
    let of_product =
        |text: fn(&pull::Product) -> &String| product.as_ref().map(text).cloned().unwrap_or_default();
    let origin = of_product(|product| &product.origin);
    say("origin", &origin);
    say("grade", &of_product(|product| &product.grade));
    let codes = product.as_ref().map(|product| &product.codes).into_iter().flatten();
    let codes = match unit {
        Some(_) => Vec::new(),
        None => codes.filter(|code| matches!(code.len(), 8 | 12 | 13)).collect(),
    };
    let code = codes.first().map(|code| code.as_str()).unwrap_or_default();
    say("ean", code);
    say("link", &choice.link_of(&item.sku, code));
    let members = said.member.map(|member| trade.currency.format(member));
    say("member_price", members.as_deref().unwrap_or_default());
    let promotion = said.price.promotion.as_ref();
    if let Some(promotion) = promotion {
        let name = choice.say(&promotion.name_zh, &promotion.name_en);
        let of_members = said.member.map(|member| {
            format!("{} {}", choice.say("会员", "members"), trade.currency.format_with_symbol(member))
        });
        let both = [Some(name.to_owned()), of_members].into_iter().flatten().filter(|text| !text.is_empty());
        say("promo", &both.collect::<Vec<_>>().join(" "));
        let known = set.promotions().iter().find(|known| known.id == *promotion.id);
        let until_ms = known.and_then(|known| known.conditions.until_ms);
        // The last moment at which it still holds.
        if let Some(day) = until_ms.and_then(|until_ms| trade.day(until_ms - 1)) {
            say("valid", &format!("{} {}", choice.say("至", "until"), day.format("%m-%d")));
        }
        let from_ms = known.and_then(|known| known.conditions.from_ms);
        match struck(goods, bound, said, from_ms) {
            Struck::Nothing => {}
            Struck::Strikes { basis: (chinese, english) } => {
                say("was_price", &trade.currency.format(said.list));
                say("was_basis", choice.say(chinese, english));
            }
            Struck::Not { why, asks } => {
                let was = said.list.minor();
                made.not_struck = Some(NotStruck { item: event::LabelItem::from(bound), was, why });
                made.asks = asks;
            }
        }
    }
    let clears = promotion.is_some_and(|promotion| choice.clears(&promotion.id))
        || item.prices.iter().any(|row| {
            let is_it = row.price == said.list && row.unit == bound.unit && choice.clears(&row.list);
            is_it && domain::price_list::is_in_force(row, now_ms)
        });
    let is_sold_out = choice.asks_stock() && goods.is_sold_out(&item.sku);
    if is_sold_out {
        made.texts.insert("stock".to_owned(), choice.say("缺货", "Sold out").to_owned());
    }
    let condition = match () {
        () if is_sold_out => Condition::OutOfStock,
        () if clears => Condition::Clearance,
        () if promotion.is_some() => Condition::Promotion,
        () if said.member.is_some() => Condition::Member,
        () if item.weighed && !origin.is_empty() => Condition::Fresh,
        () => Condition::Normal,
    };
    choice.template(&item.category, condition).clone_into(&mut made.template);
    Ok(made)
}

/// Whether a face strikes the list price.
enum Struck {
    /// There is nothing to strike.
    Nothing,
    /// It does; what the price is, Chinese and English.
    Strikes { basis: (&'static str, &'static str) },
    /// It would, and does not.
    Not { why: WhyNotStruck, asks: Option<DealAsked> },
}

/// The list price is struck only where nobody paid less for the item in this
/// store in the seven days before the promotion, or for the last one sold
/// before them where none was.
fn struck(goods: &impl Goods, bound: &LabelItem, said: &Said, from_ms: Option<i64>) -> Struck {
    if said.list <= said.price.price {
        return Struck::Nothing;
    }
    let Some(until_ms) = from_ms else { return Struck::Not { why: WhyNotStruck::NoBeginning, asks: None } };
    let Some(deal) = goods.deal(bound, until_ms) else {
        let item = event::LabelItem::from(bound);
        let asks = DealAsked { item, from_ms: until_ms - STRUCK_WITHIN_MS, until_ms };
        return Struck::Not { why: WhyNotStruck::NotKnownYet, asks: Some(asks) };
    };
    match deal.ceiling() {
        None => Struck::Not { why: WhyNotStruck::NeverSold, asks: None },
        Some(paid) if said.list.minor() > paid => {
            Struck::Not { why: WhyNotStruck::SoldForLess(paid), asks: None }
        }
        Some(_) if deal.lowest.is_some() => Struck::Strikes { basis: ("7日最低成交价", "7-day low") },
        Some(_) => Struck::Strikes { basis: ("最近成交价", "last price") },
    }
}

/// The texts of a label with several items: a line for each.
fn several(label: &BoundLabel, lines: impl Iterator<Item = String>) -> One {
    let mut texts = BTreeMap::from([("label".to_owned(), label.number.to_string())]);
    if !label.slot.is_empty() {
        texts.insert("place".to_owned(), label.slot.clone());
    }
    texts.extend((1..).zip(lines).map(|(place, line)| (format!("line{place}"), line)));
    One { template: "several".to_owned(), texts, ..One::default() }
}

/// An item among several.
fn line(trade: &Trade, choice: &Choice, item: &Item, unit: Option<&SaleUnit>, said: &Said) -> String {
    let price = trade.currency.format_with_symbol(said.price.price);
    let member = said.member.map(|member| {
        format!(" {} {}", choice.say("会员", "members"), trade.currency.format_with_symbol(member))
    });
    let name = choice.say(&item.name_zh, &item.name_en);
    let spec = if item.spec.is_empty() { String::new() } else { format!(" {}", item.spec) };
    format!("{name}{spec} {price}/{}{}", unit_name(choice, item, unit), member.unwrap_or_default())
}

/// What one price buys (计价单位).
fn unit_name<'a>(choice: &Choice, item: &Item, unit: Option<&'a SaleUnit>) -> &'a str {
    match unit {
        Some(sold) => choice.say(&sold.unit.name_zh, &sold.unit.name_en),
        None if item.weighed => "kg",
        None => choice.say("件", "ea"),
    }
}

/// What a round quantity costs, rounded half up: 100 ml of what is measured in
/// millilitres or litres, 500 g of what is weighed. `None` where the spec says
/// neither, or more than one such thing.
fn round_quantity(spec: &str, price: Money) -> Option<(Money, &'static str)> {
    let spec = spec.trim().to_ascii_lowercase();
    let end = spec.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|end| *end > 0)?;
    let (number, measure) = spec.split_at(end);
    let (factor, round, of) = match measure.trim() {
        "ml" => (1, 100, "100ml"),
        "l" => (1_000, 100, "100ml"),
        "g" => (1, 500, "500g"),
        "kg" => (1_000, 500, "500g"),
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.len() > 3 {
        return None;
    }
    let thousandths: i128 = format!("{whole}{fraction:0<3}").parse().ok().filter(|found| *found > 0)?;
    // Divided in integers: the price of `round` is price x round / content.
    let (top, bottom) = (i128::from(price.minor()) * round * 1_000, thousandths * factor);
    let minor = i64::try_from((2 * top + bottom) / (2 * bottom)).ok()?;
    Some((Money::from_minor(minor), of)).filter(|(price, _)| price.is_positive() && price.is_amount())
}

#[cfg(test)]
mod chosen;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_quantity_costs_its_part_of_the_price() {
        let of = |spec: &str, price| {
            round_quantity(spec, Money::from_minor(price)).map(|(price, of)| (price.minor(), of))
        };
        assert_eq!(of("550ml", 200), Some((36, "100ml")));
        assert_eq!(of("1.5L", 600), Some((40, "100ml")));
        assert_eq!(of("250 g", 999), Some((1_998, "500g")));
        assert_eq!(of("2.5kg", 4_990), Some((998, "500g")));
        for spec in ["", "ml", "0ml", "550ml×6", "大", "1.2345L", "3 pcs", "99999999999999999999999999999ml"]
        {
            assert_eq!(of(spec, 100), None, "{spec}");
        }
    }

    #[test]
    fn hours_of_a_promotion_are_looked_at_ahead() {
        use domain::promotion::rule::{Conditions, DayWindow, PriceRule, Promotion, Rule, Scope, Stacking};
        let trade = Trade {
            store: "S1".into(),
            currency: Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 },
            member_days: Vec::new(),
            offset_minutes: 480,
        };
        let conditions = Conditions {
            until_ms: Some(10 * DAY_MS),
            hours: vec![DayWindow { from_minute: 600, until_minute: 660 }],
            ..Conditions::default()
        };
        let promotion = Promotion {
            id: "p".into(),
            name_zh: "早市".into(),
            name_en: "Morning".into(),
            rule: Rule::Price(PriceRule::Fixed(Money::from_minor(100))),
            scope: Scope::of(["egg"]),
            conditions,
            quota: None,
            quotas: Vec::new(),
            bearers: Vec::new(),
            applications_max: None,
            stacking: Stacking::default(),
        };
        let (set, refused) = PromotionSet::load(1, [promotion]);
        assert_eq!(refused, []);
        let rate = domain::money::TaxRate::from_basis_points(900).expect("in range");
        let item = Item::plain("egg", Money::from_minor(250), rate);
        // Midnight in Shanghai.
        let now_ms = 5 * DAY_MS - 8 * 60 * MINUTE_MS;
        let found: Vec<i64> = instants(&trade, &set, std::iter::once(&item), now_ms).into_iter().collect();
        let at = |day: i64, minute: i64| now_ms + day * DAY_MS + minute * MINUTE_MS;
        let mut hours: Vec<i64> = (0..7).flat_map(|day| [at(day, 600), at(day, 660)]).collect();
        hours.push(10 * DAY_MS);
        hours.sort_unstable();
        assert_eq!(found, hours);
        let says =
            |minute| said(&trade, &set, &item, None, at(0, minute)).expect("a price").price.price.minor();
        assert_eq!([says(599), says(600), says(659), says(660)], [250, 100, 100, 250]);
    }
}
