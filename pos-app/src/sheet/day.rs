//! A day as a manager reads it: what was sold from every side, and what was out of the usual. Of this lane it is read out
//! of its own journal; of the whole store HQ is asked, and until it answers the lane's own stands.

mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::basket::{Cut, Discount};
use domain::catalogue::Item;
use domain::exceptions::Watch;
use domain::money::Money;
use domain::record::Record;
use domain::rights::Act;
use domain::sale::Sale;
use domain::seller::Seller;
use domain::tender::TenderKind;
use ledger::journal::Stored;
use protocol::ask::{Answer, Earnings, StoreDay, StoreDayBy, StoreDayRefused};
use ui::view::{self, Notice, SheetKey, SheetRow};

use super::{Kind, Open, fact, key};
use crate::lane::{Lane, OpenLane, State};
use crate::present;
pub(super) use table::in_thousands;
use table::{Happened, Often, Sum, Table, hours_between, kind_words};

/// The goods that are ranked.
const TOP_GOODS: usize = 20;

/// An hour, milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// How a day is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayBy {
    /// By hour.
    Hour,
    /// By category.
    Category,
    /// By cashier.
    Cashier,
    /// By kind of tender.
    Tender,
    /// The goods that sold most.
    Goods,
    /// Voids, returns, set prices, approvals, drawers.
    Exceptions,
    /// By who is credited.
    Seller,
}

const ALL: [DayBy; 7] = [
    DayBy::Hour,
    DayBy::Category,
    DayBy::Cashier,
    DayBy::Tender,
    DayBy::Goods,
    DayBy::Exceptions,
    DayBy::Seller,
];

impl DayBy {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Hour => ("按小时", "By hour"),
            Self::Category => ("按品类", "By category"),
            Self::Cashier => ("按收银员", "By cashier"),
            Self::Seller => ("按导购", "By seller"),
            Self::Tender => ("按付款", "By tender"),
            Self::Goods => ("畅销商品", "Top goods"),
            Self::Exceptions => ("异常", "Exceptions"),
        }
    }

    /// What the whole store is asked for; whom sellers are credited for, HQ says by itself.
    fn of_store(self) -> Option<StoreDayBy> {
        match self {
            Self::Hour => Some(StoreDayBy::Hour),
            Self::Category => Some(StoreDayBy::Category),
            Self::Cashier => Some(StoreDayBy::Cashier),
            Self::Tender => Some(StoreDayBy::Tender),
            Self::Goods => Some(StoreDayBy::Goods),
            Self::Exceptions => Some(StoreDayBy::Exceptions),
            Self::Seller => None,
        }
    }

    /// The end of its table's name.
    fn file_name(self) -> &'static str {
        match self {
            Self::Hour => "hours",
            Self::Category => "categories",
            Self::Cashier => "cashiers",
            Self::Tender => "tenders",
            Self::Goods => "goods",
            Self::Exceptions => "exceptions",
            Self::Seller => "sellers",
        }
    }
}

/// What is known of the whole store's day.
#[derive(Debug, Default)]
enum Told {
    /// HQ is being asked.
    #[default]
    Asked,
    /// It did not answer.
    Nobody,
    /// In its books this person may not know.
    NoRight,
    /// It can say nothing of it, and why.
    Not(String),
    /// This.
    Day(Box<StoreDay>),
}

/// The whole store's day, while somebody looks at it.
#[derive(Debug, Default)]
pub(crate) struct StoreDaySeen {
    /// It is looked at, and not this lane's.
    is_whole: bool,
    /// Which question it is; answers to others are for nobody.
    number: u64,
    told: Told,
}

/// What a person took off, in words; nothing where it is an amount.
fn off_by(discount: &Discount) -> String {
    match discount.cut {
        // In basis points; people give whole per cent.
        Cut::Part(points) => format!(" −{}%", points / 100),
        Cut::Amount(_) => String::new(),
    }
}

/// Sums by what they are of.
#[derive(Default)]
struct Sums(BTreeMap<String, (u64, Money)>);

impl Sums {
    fn add(&mut self, name: String, amount: Money) {
        let (count, sum) = self.0.entry(name).or_default();
        *count += 1;
        *sum += amount;
    }

    /// What came back counts as no time more.
    fn take_off(&mut self, name: String, amount: Money) {
        self.0.entry(name).or_default().1 += -amount;
    }

    /// The largest first.
    fn ranked(self) -> Vec<Sum> {
        let sum = |(name, (count, amount))| Sum { name, count, amount };
        let mut sums: Vec<Sum> = self.0.into_iter().map(sum).collect();
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.amount));
        sums
    }
}

impl Lane {
    pub(super) fn show_day(&self, sheet: &Open, by: DayBy) -> view::Sheet {
        let shortcuts = ["F4", "F5", "F6", "F7", "F8", "F9", "F10"];
        let views = ALL.iter().zip(shortcuts).map(|(other, shortcut)| {
            let (chinese, english) = other.words();
            SheetKey { on: *other == by, ..key(self.words(chinese, english), shortcut) }
        });
        let all = self.till().is_some_and(|till| till.rights().allow(Act::Report));
        let is_whole = self.store_day.is_whole && by.of_store().is_some();
        let table = key(self.words("存为表格", "As a table"), "F11");
        let store = SheetKey {
            on: is_whole,
            enabled: all && by.of_store().is_some(),
            ..key(self.words("全店", "Whole store"), "F2")
        };
        let margins = self.may_see_margins().then(|| key(self.words("毛利", "Margins"), "F3"));
        let keys = views.chain([table, store]).chain(margins).collect();
        let (chinese, english) = by.words();
        view::Sheet {
            text: if is_whole {
                self.store_day_text()
            } else if all {
                self.words("本台今天，全体收银员。", "This lane today, all cashiers.")
            } else {
                self.words(
                    "本台今天，只有你自己的。全部要有看报表的权限。",
                    "This lane today, your own. All of it needs the right to reports.",
                )
            },
            selected: (!sheet.listed.is_empty()).then_some(sheet.row),
            rows: sheet.listed.clone(),
            empty: self.words("今天还没有", "Nothing yet today"),
            keys,
            go: self.words("好了", "Done"),
            ..self.blank(format!("{} · {}", self.words("今日报表", "Today"), self.words(chinese, english)))
        }
    }

    fn store_day_text(&self) -> String {
        match &self.store_day.told {
            Told::Asked => self.words(
                "正在问总部全店的。先看本台。",
                "HQ is being asked for the store. This lane meanwhile.",
            ),
            Told::Nobody => self.words(
                "总部没有应答，下面只是本台。连上再看全店。",
                "HQ did not answer. Below is this lane alone; look again when there is a line.",
            ),
            Told::NoRight => self.words(
                "总部的名册里你没有看报表的权限，下面只是本台。",
                "In HQ's books you may not see reports. Below is this lane alone.",
            ),
            Told::Not(reason) => format!(
                "{}（{reason}）",
                self.words(
                    "总部说不了全店的，下面只是本台",
                    "HQ cannot say it of the store. Below is this lane alone"
                )
            ),
            Told::Day(day) => super::say(
                self.front.language,
                &format!("全店今天，{} 台收银机。总部收到的才在内。", day.lanes),
                &format!("The whole store today, lanes: {}. As far as HQ has it.", day.lanes),
            ),
        }
    }

    pub(super) fn key_day(&mut self, index: usize) {
        match ALL.get(index) {
            Some(by) => self.look_at_day(*by),
            None if index == ALL.len() => self.export_day(),
            None if index == ALL.len() + 1 => {
                self.store_day.is_whole = !self.store_day.is_whole;
                if let Some(Kind::Day(by)) = self.sheet().map(|sheet| sheet.kind.clone()) {
                    self.look_at_day(by);
                }
            }
            None => self.open_margins(),
        }
    }

    fn look_at_day(&mut self, by: DayBy) {
        self.pop_sheet();
        self.open_sheet(Kind::Day(by));
    }

    /// The business date that is looked at.
    pub(super) fn day_looked_at(&self) -> NaiveDate {
        let shift = self.till().and_then(|till| till.shift()).map(|shift| shift.business_date);
        shift.unwrap_or_else(|| self.today())
    }

    /// Reads the day; a cashier without the right to reports sees what is their own.
    pub(super) fn fill_day(&mut self, by: DayBy) {
        self.store_day.told = Told::Asked;
        self.list_day(by);
        let State::Open(open) = &self.state else { return };
        let own = open.till().desk().staff().map(|staff| staff.id.clone()).unwrap_or_default();
        let day = self.day_looked_at();
        if by == DayBy::Seller {
            return self.ask_what_is_earned(own, day);
        }
        if self.store_day.is_whole
            && let Some(by) = by.of_store()
        {
            self.store_day.number += 1;
            let number = self.store_day.number;
            self.ask_for_store_day(own, day, by, number);
        }
    }

    fn list_day(&mut self, by: DayBy) {
        let State::Open(open) = &self.state else { return };
        let rows = match self.table_of_day(open, by) {
            Ok(table) => table.rows(self.front.language, &open.settings().currency),
            Err(reason) => return self.notice(Notice::LedgerFault { reason }),
        };
        // Another sheet may lie over it when an answer comes.
        if let Some(sheet) = self.front.sheets.iter_mut().rfind(|sheet| sheet.kind == Kind::Day(by)) {
            sheet.listed = rows;
        }
    }

    /// What HQ says of the whole store's day, or that nobody can say now.
    pub(crate) fn hear_store_day(&mut self, number: u64, answer: Option<Answer>) {
        if number != self.store_day.number || !self.store_day.is_whole {
            return;
        }
        // Nothing else is said to this.
        #[allow(clippy::wildcard_enum_match_arm)]
        let told = match answer {
            Some(Answer::StoreDay { day }) => Told::Day(day),
            Some(Answer::StoreDayNotTold { why: StoreDayRefused::NoRight }) => Told::NoRight,
            Some(Answer::Refused { reason }) => Told::Not(reason),
            _ => Told::Nobody,
        };
        self.store_day.told = told;
        let by = self.front.sheets.iter().rev().find_map(|sheet| {
            if let Kind::Day(by) = sheet.kind { Some(by) } else { None }
        });
        if let Some(by) = by {
            self.list_day(by);
        }
    }

    /// Nobody looks any more: the next look is at this lane again.
    pub(crate) fn forget_store_day(&mut self) {
        if !self.front.sheets.iter().any(|sheet| matches!(sheet.kind, Kind::Day(_))) {
            self.store_day = StoreDaySeen { number: self.store_day.number, ..StoreDaySeen::default() };
        }
    }

    /// What is looked at: the whole store's table where HQ has told it, else this lane's.
    fn table_of_day(&self, open: &OpenLane, by: DayBy) -> Result<Table, String> {
        if self.store_day.is_whole
            && by.of_store().is_some()
            && let Told::Day(day) = &self.store_day.told
        {
            return Ok(Table::of_store(by, day, self.front.language, self.moment.offset_minutes));
        }
        let all = open.till().rights().allow(Act::Report);
        let own = open.till().desk().staff().map(|staff| staff.id.clone()).unwrap_or_default();
        let records =
            open.journal().of_day(self.day_looked_at()).map_err(|error| crate::lane::words(&error))?;
        Ok(match by {
            DayBy::Exceptions => self.exceptions(open, &records, (!all).then_some(own.as_str())),
            DayBy::Seller => self.credited(&records, (!all).then_some(own.as_str())),
            DayBy::Hour | DayBy::Category | DayBy::Cashier | DayBy::Tender | DayBy::Goods => {
                let sales = records.iter().filter_map(|stored| {
                    let Record::SaleCompleted { sale } = &stored.record else { return None };
                    (all || sale.staff.id == own).then_some((stored, sale.as_ref()))
                });
                self.summed(open, sales, by)
            }
        })
    }

    /// The table that is looked at, and the end of its file's name; of the whole store or not.
    pub(super) fn table_to_write(&self) -> Result<(Table, String, bool), String> {
        let State::Open(open) = &self.state else { return Err(String::new()) };
        let Some(Kind::Day(by)) = self.sheet().map(|sheet| sheet.kind.clone()) else {
            return Err(String::new());
        };
        let of_store =
            self.store_day.is_whole && by.of_store().is_some() && matches!(self.store_day.told, Told::Day(_));
        Ok((self.table_of_day(open, by)?, by.file_name().to_owned(), of_store))
    }

    /// What HQ says that whoever looks at their figures has earned, below what
    /// this lane knows by itself; or that nobody can say now.
    pub(crate) fn show_earned(&mut self, seller: &str, earned: Option<(Earnings, Earnings)>) {
        let State::Open(open) = &self.state else { return };
        let own = open.till().desk().staff().is_some_and(|staff| staff.id == seller);
        if !own || !self.sheet().is_some_and(|sheet| sheet.kind == Kind::Day(DayBy::Seller)) {
            return;
        }
        let currency = &open.settings().currency;
        let said = |(chinese, english): (&str, &str), sum: Earnings| {
            let sold = present::amount(currency, Money::from_minor(sum.net));
            SheetRow {
                detail: format!("{} {sold}", self.words("业绩", "sold")),
                ..fact(
                    self.words(chinese, english),
                    present::amount(currency, Money::from_minor(sum.commission)),
                )
            }
        };
        let rows = match earned {
            Some((day, month)) => vec![
                said(("我的提成 · 今天（总部）", "My commission today, by HQ"), day),
                said(("我的提成 · 本月（总部）", "My commission this month, by HQ"), month),
            ],
            None => vec![SheetRow {
                detail: self.words("总部没有应答，连上再看。", "HQ did not answer; look again later."),
                ..fact(self.words("我的提成", "My commission"), "—".to_owned())
            }],
        };
        if let Some(sheet) = self.sheet_mut() {
            sheet.listed.extend(rows);
        }
    }

    fn summed<'a>(
        &self,
        open: &OpenLane,
        sales: impl Iterator<Item = (&'a Stored, &'a Sale)>,
        by: DayBy,
    ) -> Table {
        let language = self.front.language;
        let mut sums = Sums::default();
        let mut hours: BTreeMap<i64, (u64, Money)> = BTreeMap::new();
        let (mut whole, mut paid_in) = (Money::ZERO, Money::ZERO);
        for (stored, sale) in sales {
            let is_paid_in = sale.top_up.is_some();
            if by == DayBy::Tender {
                for tender in &sale.tenders {
                    sums.add(present::tender_name(tender.kind(), language), tender.amount());
                }
                if sale.change.is_positive() {
                    sums.take_off(present::tender_name(TenderKind::Cash, language), sale.change);
                }
            }
            // What is paid into an account is taken, and no sale.
            if is_paid_in {
                paid_in += sale.payable;
                continue;
            }
            whole += sale.payable;
            match by {
                DayBy::Hour => {
                    let local_ms = stored.stamp.at_ms + i64::from(stored.stamp.offset_minutes) * 60_000;
                    let (count, sum) = hours.entry(local_ms.div_euclid(HOUR_MS)).or_default();
                    *count += 1;
                    *sum += sale.payable;
                }
                DayBy::Cashier => sums.add(sale.staff.name.clone(), sale.payable),
                DayBy::Category | DayBy::Goods => {
                    let name_of = |item: &Item| match by {
                        DayBy::Category => self.category_name(open, item),
                        DayBy::Hour
                        | DayBy::Cashier
                        | DayBy::Tender
                        | DayBy::Goods
                        | DayBy::Seller
                        | DayBy::Exceptions => present::name(item, language),
                    };
                    sale.lines.iter().for_each(|line| sums.add(name_of(&line.item), line.net()));
                    sale.returns.iter().for_each(|back| sums.take_off(name_of(&back.item), back.amount));
                    // What is kept back for a gift is money of its goods, and no goods.
                    sale.kept.iter().for_each(|kept| sums.take_off(name_of(&kept.item), -kept.amount));
                }
                DayBy::Tender | DayBy::Seller | DayBy::Exceptions => {}
            }
        }
        let mut rows = if by == DayBy::Hour { hours_between(hours) } else { sums.ranked() };
        if by == DayBy::Goods {
            rows.truncate(TOP_GOODS);
        }
        Table::Sums { by, rows, whole, paid_in }
    }

    fn category_name(&self, open: &OpenLane, item: &Item) -> String {
        let category = open.categories().iter().find(|category| category.id == item.category);
        category.map_or_else(
            || self.words("其他", "Other"),
            |category| super::say(self.front.language, &category.name_zh, &category.name_en),
        )
    }

    /// What each seller is credited for, what came back taken off; of one of
    /// them where that is all that may be seen.
    fn credited(&self, records: &[Stored], only: Option<&str>) -> Table {
        let mut sums = Sums::default();
        let mut whole = Money::ZERO;
        let mut add = |seller: Option<&Arc<Seller>>, amount: Money, is_back: bool| {
            let Some(seller) = seller.filter(|seller| only.is_none_or(|own| seller.id == own)) else {
                return;
            };
            let name = format!("{} · {}", seller.name, seller.number);
            if is_back {
                whole += -amount;
                sums.take_off(name, amount);
            } else {
                whole += amount;
                sums.add(name, amount);
            }
        };
        for stored in records {
            let Record::SaleCompleted { sale } = &stored.record else { continue };
            sale.lines.iter().for_each(|line| add(sale.seller_of(line), line.net(), false));
            sale.returns.iter().for_each(|back| add(back.seller.as_ref(), back.amount, true));
        }
        Table::Sums { by: DayBy::Seller, rows: sums.ranked(), whole, paid_in: Money::ZERO }
    }

    /// What was out of the usual on this lane; of one person where that is all that may be seen. `records` are a day's,
    /// newest first.
    fn exceptions(&self, open: &OpenLane, records: &[Stored], only: Option<&str>) -> Table {
        let language = self.front.language;
        let name_of = |id: &str| {
            let known = open.staff().iter().find(|member| member.id == id);
            known.map_or(id, |member| member.name.as_str()).to_owned()
        };
        let mut watch = Watch::default();
        let (mut sums, mut single) = (BTreeMap::new(), Vec::new());
        for stored in records.iter().rev() {
            let Some(found) = watch.take(&stored.record) else { continue };
            if only.is_some_and(|own| found.staff != own) {
                continue;
            }
            let often: &mut Often = sums
                .entry((found.kind, found.staff.clone()))
                .or_insert_with(|| Often::new(found.kind, name_of(&found.staff)));
            often.add(found.amount);
            let (chinese, english) = kind_words(found.kind);
            let (what, reason) = self.told_of(&stored.record, super::say(language, chinese, english));
            single.push(Happened {
                time: present::local_time(stored.stamp.at_ms, stored.stamp.offset_minutes, "%H:%M"),
                what,
                who: name_of(&found.staff),
                reason,
                amount: found.amount,
            });
        }
        single.reverse();
        Table::Exceptions { often: sums.into_values().collect(), single: Some(single) }
    }

    /// What happened, in the words of its kind or more exactly, and why.
    fn told_of(&self, record: &Record, what: String) -> (String, String) {
        // What is no exception is not told of.
        #[allow(clippy::wildcard_enum_match_arm)]
        match record {
            Record::LineVoided { reason, .. }
            | Record::BasketCancelled { reason, .. }
            | Record::DrawerOpened { reason, .. } => (what, reason.clone()),
            Record::LineReturned { returned, .. } => {
                let name = present::name(&returned.item, self.front.language);
                (what, [name, returned.reason.clone()].join(" · ").trim_end_matches(" · ").to_owned())
            }
            Record::LinePriceSet { unit_price, reason, .. } => {
                let State::Open(open) = &self.state else { return (what, reason.clone()) };
                let price = present::amount(&open.settings().currency, *unit_price);
                let now = format!("{} {price}", self.words("现价", "now"));
                (what, if reason.is_empty() { now } else { format!("{now} · {reason}") })
            }
            Record::LineDiscounted { discount: Some(discount), .. }
            | Record::BasketDiscounted { discount: Some(discount), .. } => {
                (format!("{what}{}", off_by(discount)), discount.reason.clone())
            }
            Record::BuyerNamed { buyer, document, .. } => {
                let points = buyer.points.as_ref().map_or(0, |points| points.earned);
                let about = super::say(
                    self.front.language,
                    &format!("{} · 积分 {points} · {document} 号", buyer.shown),
                    &format!("{} · {points} points · No. {document}", buyer.shown),
                );
                (what, about)
            }
            Record::Approved { act, reason, .. } => {
                let (chinese, english) = super::approval::act_words(*act);
                (format!("{what} · {}", self.words(chinese, english)), reason.clone())
            }
            _ => (what, String::new()),
        }
    }
}
