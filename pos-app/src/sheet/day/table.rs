//! What a day's table says, before it is drawn or written into a file.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::exceptions::ExceptionKind;
use domain::money::{Currency, Money};
use domain::tender::{TenderKind, Wallet};
use protocol::ask::{StoreDay, StoreDayRow};
use ui::view::{Language, SheetRow, Tone};

use super::super::export::plain;
use super::super::{fact, say};
use super::{DayBy, HOUR_MS, TOP_GOODS};
use crate::present;

/// Between the first and the last hour with a document no more are filled in: a clock was wrong.
const HOURS_MAX: i64 = 48;

/// How many, and what they come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Sum {
    /// What it is of.
    pub(super) name: String,
    /// How many, as [`DayBy`] counts.
    pub(super) count: u64,
    /// What they come to.
    pub(super) amount: Money,
}

/// How often a person did something that is out of the usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Often {
    /// What; `None` of a kind that a newer HQ knows, whose name stands in `other`.
    kind: Option<ExceptionKind>,
    other: String,
    who: String,
    count: u64,
    amount: Option<Money>,
}

impl Often {
    pub(super) fn new(kind: ExceptionKind, who: String) -> Self {
        Self { kind: Some(kind), other: String::new(), who, count: 0, amount: None }
    }

    pub(super) fn add(&mut self, amount: Option<Money>) {
        self.count += 1;
        self.amount = summed(self.amount, amount);
    }

    fn what(&self, language: Language) -> String {
        match self.kind {
            Some(kind) => {
                let (chinese, english) = kind_words(kind);
                say(language, chinese, english)
            }
            None => self.other.clone(),
        }
    }
}

/// A sum of amounts, as far as there are any and they can be held.
fn summed(sum: Option<Money>, amount: Option<Money>) -> Option<Money> {
    match (sum, amount) {
        (Some(sum), Some(amount)) => sum.checked_add(amount).or(Some(sum)),
        (sum, amount) => sum.or(amount),
    }
}

/// One thing that was out of the usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Happened {
    pub(super) time: String,
    pub(super) what: String,
    pub(super) who: String,
    pub(super) reason: String,
    pub(super) amount: Option<Money>,
}

/// A table of a day.
#[derive(Debug)]
pub(in super::super) enum Table {
    /// Sums, and what all of them come to.
    Sums {
        /// From which side.
        by: DayBy,
        /// In the order in which they are shown.
        rows: Vec<Sum>,
        /// What was sold, what came back taken off.
        whole: Money,
        /// What members paid into their accounts.
        paid_in: Money,
    },
    /// What was out of the usual.
    Exceptions {
        /// How often, by kind and person.
        often: Vec<Often>,
        /// Each by itself, newest first; `None` where only sums are known.
        single: Option<Vec<Happened>>,
    },
}

/// What is called how.
pub(super) fn kind_words(kind: ExceptionKind) -> (&'static str, &'static str) {
    match kind {
        ExceptionKind::Void => ("删行", "Void"),
        ExceptionKind::Cancel => ("整单取消", "Cancelled"),
        ExceptionKind::Return => ("退货", "Return"),
        ExceptionKind::PriceSet => ("改价", "Price set"),
        ExceptionKind::LineDiscount => ("本行打折", "Line discount"),
        ExceptionKind::BasketDiscount => ("整单打折", "Basket discount"),
        ExceptionKind::LateMember => ("付款后补会员", "Member after payment"),
        ExceptionKind::Drawer => ("开钱箱", "Drawer opened"),
        ExceptionKind::Approval => ("授权", "Approved"),
    }
}

/// Rows of hours in their order, also those in between in which nothing was sold. An hour is told by how many have passed
/// since 1970-01-01 where the store is.
pub(super) fn hours_between(mut hours: BTreeMap<i64, (u64, Money)>) -> Vec<Sum> {
    let ends =
        hours.first_key_value().zip(hours.last_key_value()).map(|((first, _), (last, _))| (*first, *last));
    if let Some((first, last)) = ends.filter(|(first, last)| last - first <= HOURS_MAX) {
        for hour in first..=last {
            hours.entry(hour).or_default();
        }
    }
    let row = |(hour, (count, amount)): (i64, _)| Sum {
        name: present::local_time(hour.saturating_mul(HOUR_MS), 0, "%H:00"),
        count,
        amount,
    };
    hours.into_iter().map(row).collect()
}

/// An amount with its thousands apart, below nothing with the sign that screens have for minus: sums of a day are long.
pub(in super::super) fn in_thousands(currency: &Currency, amount: Money) -> String {
    let plain = currency.format(if amount < Money::ZERO { -amount } else { amount });
    let (whole, decimals) =
        plain.split_once('.').map_or((plain.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut text = if amount < Money::ZERO { "−".to_owned() } else { String::new() };
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(decimals) = decimals {
        text.push('.');
        text.push_str(decimals);
    }
    text
}

/// So many times, in words.
fn times(language: Language, count: u64) -> String {
    let english = if count == 1 { "1 time".to_owned() } else { format!("{count} times") };
    say(language, &format!("{count} 次"), &english)
}

/// How wide a bar is beside the widest, in thousandths.
fn share(part: i64, most: i64) -> u32 {
    u32::try_from(i128::from(part.max(0)) * 1_000 / i128::from(most.max(1))).unwrap_or(0)
}

impl DayBy {
    /// So many of what it counts.
    fn counted(self, language: Language, count: u64) -> String {
        let (chinese, one, many) = match self {
            Self::Hour | Self::Cashier => ("单", "receipt", "receipts"),
            Self::Tender => ("笔", "payment", "payments"),
            Self::Category | Self::Goods | Self::Seller => ("行", "line", "lines"),
            Self::Exceptions => ("次", "time", "times"),
        };
        let english = if count == 1 { one } else { many };
        say(language, &format!("{count} {chinese}"), &format!("{count} {english}"))
    }

    /// What its columns of names and of numbers are called.
    fn columns(self) -> [(&'static str, &'static str); 2] {
        let name = match self {
            Self::Hour => ("时段", "Hour"),
            Self::Category => ("品类", "Category"),
            Self::Cashier => ("收银员", "Cashier"),
            Self::Tender => ("付款方式", "Tender"),
            Self::Goods => ("商品", "Goods"),
            Self::Exceptions => ("种类", "Kind"),
            Self::Seller => ("导购", "Seller"),
        };
        let count = match self {
            Self::Hour | Self::Cashier => ("单数", "Receipts"),
            Self::Tender => ("笔数", "Payments"),
            Self::Category | Self::Goods | Self::Seller => ("行数", "Lines"),
            Self::Exceptions => ("次数", "Times"),
        };
        [name, count]
    }
}

impl Table {
    /// What HQ told of the whole store. `offset_minutes` is the store's from UTC.
    pub(super) fn of_store(by: DayBy, day: &StoreDay, language: Language, offset_minutes: i32) -> Self {
        if by == DayBy::Exceptions {
            let often = day.exceptions.iter().map(|row| Often {
                kind: ExceptionKind::of_name(&row.kind),
                other: row.kind.clone(),
                who: if row.name.is_empty() { row.staff.clone() } else { row.name.clone() },
                count: row.count,
                amount: row.amount.map(Money::from_minor),
            });
            return Self::Exceptions { often: often.collect(), single: None };
        }
        let name = |row: &StoreDayRow| match by {
            DayBy::Tender => {
                tender_of(&row.of).map_or_else(|| row.of.clone(), |kind| present::tender_name(kind, language))
            }
            DayBy::Hour
            | DayBy::Category
            | DayBy::Cashier
            | DayBy::Goods
            | DayBy::Seller
            | DayBy::Exceptions => {
                let name = say(language, &row.name.0, &row.name.1);
                match (name.is_empty(), by) {
                    (true, DayBy::Category) => say(language, "其他", "Other"),
                    (true, _) => row.of.clone(),
                    (false, _) => name,
                }
            }
        };
        let mut rows: Vec<Sum> = if by == DayBy::Hour {
            let offset_ms = i64::from(offset_minutes) * 60_000;
            let hour = |row: &StoreDayRow| {
                let local_ms = row.of.parse::<i64>().ok()?.checked_add(offset_ms)?;
                Some((local_ms.div_euclid(HOUR_MS), (row.count, Money::from_minor(row.amount))))
            };
            hours_between(day.rows.iter().filter_map(hour).collect())
        } else {
            let sum = |row| Sum { name: name(row), count: row.count, amount: Money::from_minor(row.amount) };
            day.rows.iter().map(sum).collect()
        };
        if by == DayBy::Goods {
            rows.truncate(TOP_GOODS);
        }
        let (whole, paid_in) = (Money::from_minor(day.payable), Money::from_minor(day.paid_in));
        Self::Sums { by, rows, whole, paid_in }
    }

    /// As a sheet shows it.
    pub(super) fn rows(&self, language: Language, currency: &Currency) -> Vec<SheetRow> {
        match self {
            Self::Sums { by, rows, whole, paid_in } => {
                let most = rows.iter().map(|sum| sum.amount.minor()).max().unwrap_or(0);
                let row = |sum: &Sum| SheetRow {
                    detail: by.counted(language, sum.count),
                    share: share(sum.amount.minor(), most),
                    ..fact(sum.name.clone(), in_thousands(currency, sum.amount))
                };
                let mut shown: Vec<SheetRow> = rows.iter().map(row).collect();
                if shown.is_empty() {
                    return shown;
                }
                let (chinese, english) = match by {
                    DayBy::Seller => ("导购业绩合计（退货已减）", "Credited in all, returns taken off"),
                    DayBy::Hour
                    | DayBy::Category
                    | DayBy::Cashier
                    | DayBy::Tender
                    | DayBy::Goods
                    | DayBy::Exceptions => ("合计（退货已减）", "Total, returns taken off"),
                };
                let total = fact(say(language, chinese, english), in_thousands(currency, *whole));
                shown.insert(0, SheetRow { tone: Tone::Good, ..total });
                if *by == DayBy::Tender && *paid_in != Money::ZERO {
                    let apart = fact(
                        say(language, "会员储值充值", "Paid into members' accounts"),
                        in_thousands(currency, *paid_in),
                    );
                    let detail =
                        say(language, "在下面的付款里，不算销售", "among the payments below, and no sale");
                    shown.insert(1, SheetRow { detail, ..apart });
                }
                shown
            }
            Self::Exceptions { often, single } => {
                let mut shown = often_rows(often, language, currency);
                let single = single.iter().flatten().map(|one| SheetRow {
                    detail: joined([one.time.as_str(), &one.who, &one.reason]),
                    ..fact(
                        one.what.clone(),
                        one.amount.map(|amount| in_thousands(currency, amount)).unwrap_or_default(),
                    )
                });
                let mut single = single.peekable();
                if single.peek().is_some() {
                    shown.push(heading(language, "逐笔，最新的在上", "Each of them, the newest first"));
                }
                shown.extend(single);
                shown
            }
        }
    }

    /// As a file has it: its columns, and its rows. `day` stands in each of them.
    pub(in super::super) fn file(
        &self,
        day: NaiveDate,
        language: Language,
        currency: &Currency,
    ) -> (Vec<String>, Vec<Vec<String>>) {
        let words = |(chinese, english): (&str, &str)| say(language, chinese, english);
        let amount = |amount: Option<Money>| amount.map(|amount| currency.format(amount)).unwrap_or_default();
        let (date, money) = (words(("日期", "Date")), words(("金额", "Amount")));
        match self {
            Self::Sums { by, rows, .. } => {
                let [name, count] = by.columns().map(words);
                let row = |sum: &Sum| {
                    vec![
                        day.to_string(),
                        plain(&sum.name),
                        sum.count.to_string(),
                        currency.format(sum.amount),
                    ]
                };
                (vec![date, name, count, money], rows.iter().map(row).collect())
            }
            Self::Exceptions { single: Some(single), .. } => {
                let columns =
                    [("时间", "Time"), ("种类", "Kind"), ("谁", "Who"), ("原因", "Reason")].map(words);
                let row = |one: &Happened| {
                    vec![
                        day.to_string(),
                        one.time.clone(),
                        plain(&one.what),
                        plain(&one.who),
                        plain(&one.reason),
                        amount(one.amount),
                    ]
                };
                let columns = [date].into_iter().chain(columns).chain([money]).collect();
                (columns, single.iter().map(row).collect())
            }
            Self::Exceptions { often, single: None } => {
                let columns = [("种类", "Kind"), ("谁", "Who"), ("次数", "Times")].map(words);
                let row = |often: &Often| {
                    let what = plain(&often.what(language));
                    vec![
                        day.to_string(),
                        what,
                        plain(&often.who),
                        often.count.to_string(),
                        amount(often.amount),
                    ]
                };
                let columns = [date].into_iter().chain(columns).chain([money]).collect();
                (columns, often.iter().map(row).collect())
            }
        }
    }
}

fn joined<const N: usize>(parts: [&str; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn heading(language: Language, chinese: &str, english: &str) -> SheetRow {
    SheetRow { tone: Tone::Good, ..fact(say(language, chinese, english), "") }
}

/// Sums by kind, then by person: how often, with a bar of it, and what it came to.
fn often_rows(often: &[Often], language: Language, currency: &Currency) -> Vec<SheetRow> {
    if often.is_empty() {
        return Vec::new();
    }
    // By the place of its first; what the same name stands for is summed.
    let summed_by = |name: &dyn Fn(&Often) -> String| {
        let mut sums: Vec<(String, u64, Option<Money>)> = Vec::new();
        for one in often {
            let name = name(one);
            match sums.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, count, amount)) => {
                    *count += one.count;
                    *amount = summed(*amount, one.amount);
                }
                None => sums.push((name, one.count, one.amount)),
            }
        }
        sums
    };
    let bars = |sums: Vec<(String, u64, Option<Money>)>, detail: &dyn Fn(&str, Option<Money>) -> String| {
        let most = sums.iter().map(|(_, count, _)| *count).max().unwrap_or(0);
        let width = |count: u64| share(count.cast_signed(), most.cast_signed());
        let row = |(name, count, amount): (String, u64, Option<Money>)| SheetRow {
            detail: detail(&name, amount),
            share: width(count),
            ..fact(name, times(language, count))
        };
        sums.into_iter().map(row).collect::<Vec<_>>()
    };
    let kinds = summed_by(&|one| one.what(language));
    let of_kind = |_: &str, amount: Option<Money>| {
        amount.map(|amount| in_thousands(currency, amount)).unwrap_or_default()
    };
    let mut people = summed_by(&|one| one.who.clone());
    people.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    let of_person = |who: &str, _: Option<Money>| {
        let theirs = often.iter().filter(|one| one.who == who);
        theirs.map(|one| format!("{} {}", one.what(language), one.count)).collect::<Vec<_>>().join(" · ")
    };
    let mut rows = vec![heading(language, "按种类", "By kind")];
    rows.extend(bars(kinds, &of_kind));
    rows.push(heading(language, "按人", "By person"));
    rows.extend(bars(people, &of_person));
    rows
}

/// The kind of tender of this name in documents.
fn tender_of(name: &str) -> Option<TenderKind> {
    let kinds = [
        TenderKind::Cash,
        TenderKind::ForeignCash,
        TenderKind::Wallet(Wallet::WeChat),
        TenderKind::Wallet(Wallet::Alipay),
        TenderKind::Wallet(Wallet::UnionPay),
        TenderKind::Wallet(Wallet::Card),
        TenderKind::Voucher,
        TenderKind::StoredValue,
    ];
    kinds.into_iter().find(|kind| kind.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(rows: &[Sum]) -> Vec<(&str, u64)> {
        rows.iter().map(|row| (row.name.as_str(), row.count)).collect()
    }

    #[test]
    fn hours_without_a_sale_stand_between_those_with_one_also_over_midnight() {
        let at = |hour: i64| (hour, (1, Money::from_minor(100)));
        let rows = hours_between([at(22), at(25)].into_iter().collect());
        assert_eq!(named(&rows), [("22:00", 1), ("23:00", 0), ("00:00", 0), ("01:00", 1)]);
        // A clock that was wrong for a year fills no year.
        assert_eq!(hours_between([at(10), at(10 + 24 * 365)].into_iter().collect()).len(), 2);
        assert_eq!(hours_between(BTreeMap::new()).len(), 0);
    }

    #[test]
    fn thousands_stand_apart_whatever_the_currency() {
        let of = |minor, exponent| {
            let currency = Currency { code: "X".into(), symbol: "¤".into(), exponent };
            in_thousands(&currency, Money::from_minor(minor))
        };
        assert_eq!(
            [of(123_456_789, 2), of(99_999, 2), of(-100_000, 2), of(0, 2)].join(" "),
            "1,234,567.89 999.99 −1,000.00 0.00"
        );
        assert_eq!((of(1_234, 0).as_str(), of(12, 0).as_str()), ("1,234", "12"));
    }

    #[test]
    fn what_a_newer_hq_names_otherwise_is_shown_by_its_name() {
        let row = |of: &str| StoreDayRow { of: of.into(), count: 1, amount: 5, ..StoreDayRow::default() };
        let day = StoreDay { rows: vec![row("cash"), row("shells")], payable: 10, ..StoreDay::default() };
        let Table::Sums { rows, .. } = Table::of_store(DayBy::Tender, &day, Language::English, 0) else {
            panic!("sums")
        };
        assert_eq!(named(&rows), [("Cash", 1), ("shells", 1)]);
    }
}
