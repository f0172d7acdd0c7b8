//! What GS1 data says of goods: which item, and of this piece its batch, dates, serial number, measure and price.

use chrono::{NaiveDate, NaiveTime};

use super::Barcode;
use super::element::{self, Element, ElementError, ElementFault, Elements, error};
use super::gtin::Gtin;
use crate::money::{AMOUNT_MAX, Currency, Money, Quantity};

/// A trade item as its code names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// Which item.
    pub gtin: Gtin,
    /// What the same eight digits mean as a UPC-E, where they may be one: for
    /// a look-up that does not find `gtin`.
    pub also: Option<Gtin>,
    /// AI 10.
    pub batch: Option<String>,
    /// AI 17, or the day of AI 7003: the last day on which it may be used.
    pub expiry: Option<NaiveDate>,
    /// AI 7003: when on that day it expires, at the lane's clock.
    pub expiry_time: Option<NaiveTime>,
    /// AI 15: until when it is at its best.
    pub best_before: Option<NaiveDate>,
    /// AI 16: until when it should be sold.
    pub sell_by: Option<NaiveDate>,
    /// AI 21.
    pub serial: Option<String>,
    /// AI 310n: the net weight, to the gram.
    pub weight: Option<Quantity>,
    /// AI 30: pieces in goods of variable measure.
    pub count: Option<Quantity>,
    /// AI 392n or 393n: what this piece costs.
    pub price: Option<Price>,
}

/// A price as an element string carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Its digits as one number.
    pub digits: i64,
    /// How many of them stand behind the point.
    pub decimals: u8,
    /// ISO 4217 numeric; the shop's own where the code does not say.
    pub currency: Option<u16>,
}

/// The numbers of currencies that shops of the region see (ISO 4217).
const CURRENCIES: &[(&str, u16)] = &[
    ("AUD", 36),
    ("CAD", 124),
    ("CHF", 756),
    ("CNY", 156),
    ("EUR", 978),
    ("GBP", 826),
    ("HKD", 344),
    ("IDR", 360),
    ("INR", 356),
    ("JPY", 392),
    ("KHR", 116),
    ("KRW", 410),
    ("KZT", 398),
    ("LAK", 418),
    ("MMK", 104),
    ("MNT", 496),
    ("MOP", 446),
    ("MYR", 458),
    ("NZD", 554),
    ("PHP", 608),
    ("RUB", 643),
    ("SGD", 702),
    ("THB", 764),
    ("TWD", 901),
    ("USD", 840),
    ("VND", 704),
];

impl Price {
    /// The amount in a currency; `None` where it is in another one, or has
    /// fractions that the currency has not.
    pub fn amount(self, currency: &Currency) -> Option<Money> {
        let ours = CURRENCIES.iter().find(|(code, _)| *code == currency.code).map(|(_, number)| *number);
        if self.currency.is_some() && self.currency != ours {
            return None;
        }
        let minor = i128::from(self.digits) * i128::from(currency.minor_per_major());
        let divisor = 10i128.pow(u32::from(self.decimals));
        let whole = minor % divisor == 0;
        let amount = i64::try_from(minor / divisor).ok()?;
        (whole && 0 < amount && amount <= AMOUNT_MAX).then_some(Money::from_minor(amount))
    }
}

impl Goods {
    /// An item of which nothing else is said.
    pub(super) fn of(gtin: Gtin) -> Self {
        Self {
            gtin,
            also: None,
            batch: None,
            expiry: None,
            expiry_time: None,
            best_before: None,
            sell_by: None,
            serial: None,
            weight: None,
            count: None,
            price: None,
        }
    }
}

/// Tells what elements stand for. Dates that the calendar of their century
/// does not have, and measures of nothing, are refused.
pub(super) fn understand(elements: &Elements<'_>, today: NaiveDate) -> Barcode {
    let coupon = ["8110", "8112", "255"].iter().find_map(|ai| elements.find(ai));
    if let Some(coupon) = coupon {
        return Barcode::Coupon(coupon.value.clone().into_owned());
    }
    if elements.find("01").is_some() {
        return goods(elements, today).map_or_else(Barcode::Malformed, Barcode::Goods);
    }
    // A global service relation number of who receives the service: a member.
    if let Some(member) = elements.find("8018") {
        return Barcode::Member(member.value.clone().into_owned());
    }
    let words: Vec<String> =
        elements.list().iter().map(|element| format!("({}){}", element.ai, element.value)).collect();
    super::other(&words.concat())
}

fn goods(elements: &Elements<'_>, today: NaiveDate) -> Result<Goods, ElementError> {
    let empty = ElementError { ai: None, position: 0, fault: ElementFault::Empty };
    // The table's rules have verified its check digit.
    let gtin = elements.find("01").and_then(|element| Gtin::parse(&element.value).ok()).ok_or(empty)?;
    let mut goods = Goods::of(gtin);
    for element in elements.list() {
        let value = element.value.as_ref();
        let refuse = |fault| error(element.ai, element.position, fault);
        let day = || {
            let wrong = ElementFault::Content(super::lint::LintError::Day);
            element::day(value, today).ok_or_else(|| refuse(wrong))
        };
        match element.ai.as_str() {
            "10" => goods.batch = Some(value.to_owned()),
            "15" => goods.best_before = Some(day()?),
            "16" => goods.sell_by = Some(day()?),
            "17" => expire(&mut goods, day()?, None),
            "21" => goods.serial = Some(value.to_owned()),
            "30" => {
                let count = value.parse().ok().and_then(Quantity::from_pieces);
                goods.count = Some(count.ok_or_else(|| refuse(ElementFault::Range))?);
            }
            "7003" => {
                let time = element::time(value.get(6..).unwrap_or_default());
                expire(&mut goods, day()?, time);
            }
            ai if ai.starts_with("310") => goods.weight = Some(weight(element)?),
            ai if ai.starts_with("392") => goods.price = Some(price(element, None, value)?),
            ai if ai.starts_with("393") => {
                let (currency, digits) = value.split_at_checked(3).unwrap_or_default();
                goods.price = Some(price(element, currency.parse().ok(), digits)?);
            }
            _ => {}
        }
    }
    Ok(goods)
}

/// Where a code says twice when it expires, the earlier one counts; a day
/// without a time lasts until its end.
fn expire(goods: &mut Goods, date: NaiveDate, time: Option<NaiveTime>) {
    let end = |time: Option<NaiveTime>| (time.is_none(), time);
    if goods.expiry.is_none_or(|expiry| (date, end(time)) < (expiry, end(goods.expiry_time))) {
        (goods.expiry, goods.expiry_time) = (Some(date), time);
    }
}

/// Kilograms with so many decimals, to the nearest gram.
fn weight(element: &Element<'_>) -> Result<Quantity, ElementError> {
    let refuse = || error(element.ai, element.position, ElementFault::Range);
    let digits: i64 = element.value.parse().map_err(|_| refuse())?;
    let grams = match element.ai.decimals() {
        decimals @ 0..=3 => digits * 10i64.pow(3 - u32::from(decimals)),
        decimals => {
            let divisor = 10i64.pow(u32::from(decimals) - 3);
            (digits + divisor / 2) / divisor
        }
    };
    Quantity::from_thousandths(grams).ok_or_else(refuse)
}

fn price(element: &Element<'_>, currency: Option<u16>, digits: &str) -> Result<Price, ElementError> {
    let digits = digits.parse().ok().filter(|digits| *digits > 0);
    let digits = digits.ok_or_else(|| error(element.ai, element.position, ElementFault::Range))?;
    Ok(Price { digits, decimals: element.ai.decimals(), currency })
}
