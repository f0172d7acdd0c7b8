//! What was sold on this day, from the lane's own journal, and its last documents.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::basket::{Cut, Discount};
use domain::catalogue::Item;
use domain::money::Money;
use domain::record::Record;
use domain::refund::Origin;
use domain::rights::Act;
use domain::sale::Sale;
use domain::seller::Seller;
use domain::till::Input;
use ledger::journal::Stored;
use protocol::ask::Earnings;
use ui::view::{self, Notice, SheetKey, SheetRow, Tone};

use super::{Attempt, Kind, Open, fact, key, numbered};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// The last documents that are listed.
const DOCUMENTS_MAX: usize = 60;

/// The goods that are ranked.
const TOP_GOODS: usize = 20;

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
}

/// A count and a sum by what they are of.
#[derive(Debug, Default)]
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

    /// Rows with a bar each, in the order of their names or the largest first.
    fn rows(self, lane: &Lane, open: &OpenLane, largest_first: bool) -> Vec<SheetRow> {
        let currency = &open.settings().currency;
        let mut sums: Vec<(String, (u64, Money))> = self.0.into_iter().collect();
        if largest_first {
            sums.sort_by_key(|(_, (_, sum))| std::cmp::Reverse(*sum));
        }
        let most = sums.iter().map(|(_, (_, sum))| sum.minor()).max().unwrap_or(0).max(1);
        sums.into_iter()
            .map(|(name, (count, sum))| SheetRow {
                detail: super::say(lane.front.language, &format!("{count} 次"), &format!("{count} times")),
                share: u32::try_from(sum.minor().max(0).saturating_mul(1_000) / most).unwrap_or(0),
                ..fact(name, present::amount(currency, sum))
            })
            .collect()
    }
}

/// What a person took off: a part in words, or an amount.
fn off_by(discount: &Discount) -> (String, Option<Money>) {
    match discount.cut {
        // In basis points; people give whole per cent.
        Cut::Part(points) => (format!(" −{}%", points / 100), None),
        Cut::Amount(amount) => (String::new(), Some(-amount)),
    }
}

impl Lane {
    pub(super) fn show_day(&self, sheet: &Open, by: DayBy) -> view::Sheet {
        let shortcuts = ["F4", "F5", "F6", "F7", "F8", "F9", "F10"];
        let views = ALL.iter().zip(shortcuts).map(|(other, shortcut)| {
            let (chinese, english) = other.words();
            SheetKey { on: *other == by, ..key(self.words(chinese, english), shortcut) }
        });
        let table = key(self.words("存为表格", "As a table"), "F11");
        let margins = self.may_see_margins().then(|| key(self.words("毛利", "Margins"), "F3"));
        let keys = views.chain([table]).chain(margins).collect();
        let (chinese, english) = by.words();
        let all = self.till().is_some_and(|till| till.rights().allow(Act::Report));
        view::Sheet {
            text: if all {
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

    pub(super) fn key_day(&mut self, index: usize) {
        match ALL.get(index) {
            Some(by) => {
                self.pop_sheet();
                self.open_sheet(Kind::Day(*by));
            }
            None if index == ALL.len() => self.export_day(),
            None => self.open_margins(),
        }
    }

    /// Reads the day; a cashier without the right to reports sees what is their own.
    pub(super) fn fill_day(&mut self, by: DayBy) {
        let State::Open(open) = &self.state else { return };
        let all = open.till().rights().allow(Act::Report);
        let own = open.till().desk().staff().map(|staff| staff.id.clone()).unwrap_or_default();
        let day = open.till().shift().map_or_else(|| self.today(), |shift| shift.business_date);
        let records = match open.journal().of_day(day) {
            Ok(records) => records,
            Err(error) => return self.notice(Notice::LedgerFault { reason: crate::lane::words(&error) }),
        };
        let rows = if by == DayBy::Exceptions {
            self.exceptions(open, &records, all, &own)
        } else if by == DayBy::Seller {
            self.credited(open, &records, (!all).then_some(own.as_str()))
        } else {
            let sales = records.iter().filter_map(|stored| {
                let Record::SaleCompleted { sale } = &stored.record else { return None };
                (all || sale.staff.id == own).then_some((stored, sale.as_ref()))
            });
            self.summed(open, sales, by)
        };
        if let Some(sheet) = self.sheet_mut() {
            sheet.listed = rows;
        }
        if by == DayBy::Seller {
            self.ask_what_is_earned(own, day);
        }
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
    ) -> Vec<SheetRow> {
        let language = self.front.language;
        let mut sums = Sums::default();
        let mut whole = Money::ZERO;
        for (stored, sale) in sales {
            whole += sale.payable;
            match by {
                DayBy::Hour => {
                    let hour = present::local_time(stored.stamp.at_ms, stored.stamp.offset_minutes, "%H:00");
                    sums.add(hour, sale.payable);
                }
                DayBy::Cashier => sums.add(sale.staff.name.clone(), sale.payable),
                DayBy::Tender => {
                    for tender in &sale.tenders {
                        sums.add(present::tender_name(tender.kind(), language), tender.amount());
                    }
                    if sale.change.is_positive() {
                        let cash = present::tender_name(domain::tender::TenderKind::Cash, language);
                        sums.0.entry(cash).or_default().1 += -sale.change;
                    }
                }
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
                }
                DayBy::Seller | DayBy::Exceptions => {}
            }
        }
        let mut rows = sums.rows(self, open, by != DayBy::Hour);
        if by == DayBy::Goods {
            rows.truncate(TOP_GOODS);
        }
        if !rows.is_empty() {
            let total = fact(
                self.words("合计（退货已减）", "Total, returns taken off"),
                present::amount(&open.settings().currency, whole),
            );
            rows.insert(0, SheetRow { tone: Tone::Good, ..total });
        }
        rows
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
    fn credited(&self, open: &OpenLane, records: &[Stored], only: Option<&str>) -> Vec<SheetRow> {
        let mut sums = Sums::default();
        let mut whole = Money::ZERO;
        let mut add = |seller: Option<&Arc<Seller>>, amount: Money| {
            let Some(seller) = seller.filter(|seller| only.is_none_or(|own| seller.id == own)) else {
                return;
            };
            whole += amount;
            sums.add(format!("{} · {}", seller.name, seller.number), amount);
        };
        for stored in records {
            let Record::SaleCompleted { sale } = &stored.record else { continue };
            sale.lines.iter().for_each(|line| add(sale.seller_of(line), line.net()));
            sale.returns.iter().for_each(|back| add(back.seller.as_ref(), -back.amount));
        }
        let mut rows = sums.rows(self, open, true);
        if !rows.is_empty() {
            let total = fact(
                self.words("导购业绩合计（退货已减）", "Credited in all, returns taken off"),
                present::amount(&open.settings().currency, whole),
            );
            rows.insert(0, SheetRow { tone: Tone::Good, ..total });
        }
        rows
    }

    fn exceptions(&self, open: &OpenLane, records: &[Stored], all: bool, own: &str) -> Vec<SheetRow> {
        let currency = &open.settings().currency;
        let name_of = |id: &str| {
            open.staff()
                .iter()
                .find(|member| member.id == id)
                .map_or(id, |member| member.name.as_str())
                .to_owned()
        };
        let mut rows = Vec::new();
        for stored in records {
            // What is an exception is named; everything else is a usual day.
            #[allow(clippy::wildcard_enum_match_arm)]
            let (staff, what, reason, amount) = match &stored.record {
                Record::LineVoided { staff, reason, .. } => {
                    (staff, self.words("删行", "Void"), reason.clone(), None)
                }
                Record::BasketCancelled { staff, reason, total } => {
                    (staff, self.words("整单取消", "Cancelled"), reason.clone(), Some(*total))
                }
                Record::LineReturned { returned, staff } => {
                    (staff, self.words("退货", "Return"), returned.reason.clone(), Some(-returned.amount))
                }
                Record::LinePriceSet { staff, unit_price, reason, .. } => {
                    (staff, self.words("改价", "Price set"), reason.clone(), Some(*unit_price))
                }
                Record::LineDiscounted { staff, discount: Some(discount), .. } => {
                    let (off, amount) = off_by(discount);
                    (
                        staff,
                        format!("{}{off}", self.words("本行打折", "Line discount")),
                        discount.reason.clone(),
                        amount,
                    )
                }
                Record::BasketDiscounted { staff, discount: Some(discount) } => {
                    let (off, amount) = off_by(discount);
                    (
                        staff,
                        format!("{}{off}", self.words("整单打折", "Basket discount")),
                        discount.reason.clone(),
                        amount,
                    )
                }
                Record::BuyerNamed { staff, buyer, document } => {
                    let points = buyer.points.as_ref().map_or(0, |points| points.earned);
                    let about = super::say(
                        self.front.language,
                        &format!("{} · 积分 {points} · {document} 号", buyer.shown),
                        &format!("{} · {points} points · No. {document}", buyer.shown),
                    );
                    (staff, self.words("付款后补会员", "Member after payment"), about, None)
                }
                Record::DrawerOpened { staff, reason } => {
                    (staff, self.words("开钱箱", "Drawer opened"), reason.clone(), None)
                }
                Record::Approved { act, approver, reason, .. } => {
                    let (chinese, english) = super::approval::act_words(*act);
                    (
                        approver,
                        format!("{} · {}", self.words("授权", "Approved"), self.words(chinese, english)),
                        reason.clone(),
                        None,
                    )
                }
                _ => continue,
            };
            if !all && staff != own {
                continue;
            }
            let time = present::local_time(stored.stamp.at_ms, stored.stamp.offset_minutes, "%H:%M");
            rows.push(SheetRow {
                detail: [time, name_of(staff), reason]
                    .into_iter()
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(" · "),
                ..fact(what, amount.map(|amount| present::amount(currency, amount)).unwrap_or_default())
            });
        }
        rows
    }

    pub(super) fn show_receipts(&self, sheet: &Open) -> view::Sheet {
        let any = !sheet.listed.is_empty();
        view::Sheet {
            text: self.words("最近的单据，最新的在上。", "The last documents, the newest first."),
            selected: any.then_some(sheet.row),
            rows: sheet.listed.clone(),
            empty: self.words("还没有单据", "No document yet"),
            keys: vec![
                SheetKey { enabled: any, ..key(self.words("重打", "Print again"), "F11") },
                SheetKey { enabled: any, ..key(self.words("电子小票", "As a code"), "F7") },
                SheetKey { enabled: any, stop: true, ..key(self.words("退货", "Return"), "F5") },
                SheetKey { enabled: any, ..key(self.words("补会员", "Name the member"), "F8") },
            ],
            go: self.words("电子小票", "As a code"),
            can_go: any,
            ..self.blank(self.words("小票", "Receipts"))
        }
    }

    pub(super) fn fill_receipts(&mut self) {
        let State::Open(open) = &self.state else { return };
        let currency = &open.settings().currency;
        let sales = match open.journal().last_sales(DOCUMENTS_MAX) {
            Ok(sales) => sales,
            Err(error) => return self.notice(Notice::LedgerFault { reason: crate::lane::words(&error) }),
        };
        let identity = open.journal().identity().clone();
        let (mut listed, mut documents) = (Vec::new(), Vec::new());
        for (index, (epoch, stored)) in sales.into_iter().enumerate() {
            let Record::SaleCompleted { sale } = &stored.record else { continue };
            let origin =
                Origin { store: identity.store.clone(), lane: identity.lane, epoch, seq: stored.seq };
            let time = present::local_time(stored.stamp.at_ms, stored.stamp.offset_minutes, "%m-%d %H:%M");
            let first = sale.lines.first().map(|line| present::name(&line.item, self.front.language));
            let goods = first.unwrap_or_else(|| self.words("退货", "Return"));
            listed.push(SheetRow {
                tone: if sale.returns.is_empty() { Tone::Quiet } else { Tone::Stop },
                ..numbered(
                    index,
                    format!("{time} · {goods}"),
                    format!("{} · {}", domain::receipt::number(&origin), sale.staff.name),
                    present::amount(currency, sale.payable),
                )
            });
            documents.push(origin);
        }
        if let Some(sheet) = self.sheet_mut() {
            sheet.listed = listed;
            sheet.documents = documents;
        }
    }

    fn chosen_document(&self) -> Option<Origin> {
        let sheet = self.sheet()?;
        sheet.documents.get(sheet.row).cloned()
    }

    pub(super) fn go_receipts(&mut self) {
        if let Some(origin) = self.chosen_document() {
            self.open_sheet(Kind::Code(origin));
        }
    }

    pub(super) fn key_receipts(&mut self, index: usize) {
        let Some(origin) = self.chosen_document() else { return };
        let State::Open(open) = &self.state else { return };
        match index {
            0 if origin.epoch == open.journal().identity().epoch => {
                if self.attempt(Input::Reprint { document: Some(origin.seq) }) == Attempt::Done {
                    self.close_sheets();
                }
            }
            0 => self.notice(Notice::NothingToReprint),
            1 => self.open_sheet(Kind::Code(origin)),
            3 if origin.epoch == open.journal().identity().epoch => {
                self.open_sheet(Kind::MemberAfter(origin.seq));
            }
            3 => self.notice(Notice::NothingToReprint),
            _ if self.is_selling() => {
                let Origin { store, lane, epoch, seq } = origin;
                self.begin_return_of(domain::barcode::ReceiptCode { store, lane, epoch, seq });
            }
            _ => self.block_scan(),
        }
    }
}
