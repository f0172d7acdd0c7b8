//! What the store earned on its goods on a day. Costs lie at HQ alone: it is asked while the sheet is open, for somebody
//! with the right, and forgotten when the sheet goes.

use chrono::{Days, NaiveDate};
use domain::money::{Currency, Money};
use domain::rights::Act;
use protocol::ask::{Answer, Margin, Margins, MarginsRefused};
use ui::view::{self, Figure, SheetKey, SheetRow, Tone};

use super::day::in_thousands;
use super::export::{REPORTS, WriteReportError, plain, write_table};
use super::{Kind, Open, fact, key};
use crate::lane::{Lane, OpenLane, State};

/// How far back a day is looked at from the till, days: two years and a bit.
const BACK_DAYS_MAX: u64 = 800;

/// What the columns of the table are called.
const COLUMNS: [&str; 8] = ["date", "of", "id", "name", "net", "cost", "margin", "margin_percent"];

/// What is known of margins.
#[derive(Debug, Default)]
enum Told {
    /// HQ is being asked.
    #[default]
    Asked,
    /// It did not answer.
    Nobody,
    /// In its books this person may not know.
    NoRight,
    /// It can say nothing of that day, and why.
    Not(String),
    /// These.
    Sums(Box<Margins>),
}

/// The margins that are looked at.
#[derive(Debug, Default)]
pub(crate) struct MarginsSeen {
    /// Which question it is; answers to others are for nobody.
    number: u64,
    days_back: u64,
    told: Told,
}

/// A part of a whole in tenths of a per cent, for a person to read; `None` where the whole is nothing.
fn per_mille(part: i64, whole: i64) -> Option<i64> {
    let share = i128::from(part) * 1_000 / i128::from((whole > 0).then_some(whole)?);
    i64::try_from(share).ok()
}

/// What was earned, minor units; below nothing for a loss.
fn earned(margin: &Margin) -> i64 {
    margin.net.saturating_sub(margin.cost)
}

/// How wide the bar of an amount is beside the widest, in thousandths; of next to nothing there is still one to see.
fn bar(earned: i64, most: i64) -> u32 {
    if earned == 0 || most <= 0 {
        return 0;
    }
    let share = i128::from(earned).abs() * 1_000 / i128::from(most);
    u32::try_from(share.clamp(1, 1_000)).unwrap_or(0)
}

fn percent(margin: &Margin) -> String {
    match per_mille(earned(margin), margin.net) {
        None => "—".to_owned(),
        Some(share) => {
            let sign = if share < 0 { "−" } else { "" };
            format!("{sign}{}.{}%", share.abs() / 10, share.abs() % 10)
        }
    }
}

impl Lane {
    fn margins_day(&self) -> NaiveDate {
        let shift = self.till().and_then(|till| till.shift()).map(|shift| shift.business_date);
        let today = shift.unwrap_or_else(|| self.today());
        today.checked_sub_days(Days::new(self.margins.days_back)).unwrap_or(today)
    }

    /// Whether whoever is signed in may see margins, as far as the lane knows; HQ has the last word.
    pub(super) fn may_see_margins(&self) -> bool {
        self.till().is_some_and(|till| till.rights().allow(Act::SeeMargins))
    }

    pub(super) fn open_margins(&mut self) {
        self.margins = MarginsSeen { number: self.margins.number, ..MarginsSeen::default() };
        self.open_sheet(Kind::Margins);
        self.ask_for_margins_of_day();
    }

    fn ask_for_margins_of_day(&mut self) {
        let Some(staff) = self.till().and_then(|till| till.desk().staff()).map(|staff| staff.id.clone())
        else {
            return;
        };
        self.margins.number += 1;
        self.margins.told = Told::Asked;
        let (day, number) = (self.margins_day(), self.margins.number);
        if let Some(sheet) = self.sheet_mut() {
            sheet.row = 0;
        }
        self.ask_for_margins(staff, day, number);
    }

    /// What HQ says of a day's margins, or that nobody can say now.
    pub(crate) fn hear_margins(&mut self, number: u64, answer: Option<Answer>) {
        if number != self.margins.number {
            return;
        }
        // Whoever left the sheet is not told any more.
        if !self.front.sheets.iter().any(|sheet| sheet.kind == Kind::Margins) {
            self.margins.told = Told::Nobody;
            return;
        }
        // Nothing else is said to this.
        #[allow(clippy::wildcard_enum_match_arm)]
        let told = match answer {
            Some(Answer::Margins { margins }) => Told::Sums(margins),
            Some(Answer::MarginsNotTold { why: MarginsRefused::NoRight }) => Told::NoRight,
            Some(Answer::Refused { reason }) => Told::Not(reason),
            _ => Told::Nobody,
        };
        self.margins.told = told;
    }

    /// Nobody looks any more: what goods cost is forgotten.
    pub(crate) fn forget_margins(&mut self) {
        let is_open = self.front.sheets.iter().any(|sheet| sheet.kind == Kind::Margins);
        if !is_open && matches!(self.margins.told, Told::Sums(_)) {
            self.margins.told = Told::Nobody;
        }
    }

    pub(super) fn show_margins(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let currency = &open.settings().currency;
        let rows = match &self.margins.told {
            Told::Sums(margins) => self.margin_rows(currency, margins, sheet.reason == 1),
            Told::Asked | Told::Nobody | Told::NoRight | Told::Not(_) => Vec::new(),
        };
        let day = self.margins_day();
        let text = match &self.margins.told {
            Told::Asked => self.words("正在问总部……", "HQ is being asked …"),
            Told::Nobody => self.words(
                "总部没有应答。成本只在总部，收银台上不存；连上再看。",
                "HQ did not answer. Costs lie at HQ and not on this till: look again when there is a line.",
            ),
            Told::NoRight => self.words(
                "总部的名册里你没有看毛利的权限。请店长自己登录来看。",
                "In HQ's books you may not see margins. A manager may, signed in as themselves.",
            ),
            Told::Not(reason) => format!("{}（{reason}）", self.words("总部说不了这一天", "HQ cannot say it of that day")),
            Told::Sums(_) => self.words(
                "全店这一天，不含税，退货已减，成本按卖出时的算。总部收到的才在内。",
                "The whole store on that day, without tax, returns taken off, costs as when it was sold; as far as HQ has it.",
            ),
        };
        let has_sums = matches!(self.margins.told, Told::Sums(_));
        view::Sheet {
            text,
            figure: Some(Figure {
                label: match self.margins.days_back {
                    0 => self.words("营业日（今天）", "Today"),
                    1 => self.words("营业日（昨天）", "Yesterday"),
                    back => super::say(
                        self.front.language,
                        &format!("营业日（{back} 天前）"),
                        &format!("{back} days ago"),
                    ),
                },
                value: day.format("%Y-%m-%d").to_string(),
                tone: Tone::Quiet,
            }),
            selected: (!rows.is_empty()).then_some(sheet.row),
            rows,
            empty: if has_sums {
                self.words("这一天没有销售", "Nothing was sold that day")
            } else {
                String::new()
            },
            keys: vec![
                SheetKey {
                    enabled: self.margins.days_back < BACK_DAYS_MAX,
                    ..key(self.words("前一天", "Day before"), "F2")
                },
                SheetKey {
                    enabled: self.margins.days_back > 0,
                    ..key(self.words("后一天", "Day after"), "F3")
                },
                SheetKey { on: sheet.reason == 0, ..key(self.words("按品类", "By category"), "F5") },
                SheetKey { on: sheet.reason == 1, ..key(self.words("按商品", "By goods"), "F8") },
                SheetKey { enabled: has_sums, ..key(self.words("存为表格", "As a table"), "F11") },
            ],
            go: self.words("好了", "Done"),
            ..self.blank(self.words("毛利", "Margins"))
        }
    }

    fn margin_rows(&self, currency: &Currency, margins: &Margins, by_goods: bool) -> Vec<SheetRow> {
        let minor = |amount: i64| in_thousands(currency, Money::from_minor(amount));
        // A bar is as wide as the amount that stands beside it; that of a loss in a colour of its own.
        let row = |name: String, margin: &Margin, most: i64| {
            let earned = earned(margin);
            SheetRow {
                detail: format!(
                    "{} {} · {} {} · {}",
                    self.words("净销售", "net sales"),
                    minor(margin.net),
                    self.words("成本", "cost"),
                    minor(margin.cost),
                    percent(margin)
                ),
                tone: if earned < 0 { Tone::Stop } else { Tone::Quiet },
                share: bar(earned, most),
                ..fact(name, minor(earned))
            }
        };
        if margins.categories.is_empty() && margins.uncosted_count == 0 {
            return Vec::new();
        }
        let total = row(self.words("毛利合计", "Total margin"), &margins.all, 0);
        let all = SheetRow { tone: if total.tone == Tone::Stop { Tone::Stop } else { Tone::Good }, ..total };
        let of = if by_goods { &margins.goods } else { &margins.categories };
        let mut of: Vec<&Margin> = of.iter().collect();
        of.sort_by_key(|margin| std::cmp::Reverse(earned(margin)));
        let most = of.iter().map(|margin| earned(margin).saturating_abs()).max().unwrap_or(0);
        let named = |margin: &Margin| {
            let name = super::say(self.front.language, &margin.name.0, &margin.name.1);
            if name.is_empty() { self.words("其他", "Other") } else { name }
        };
        let mut rows: Vec<SheetRow> =
            std::iter::once(all).chain(of.iter().map(|margin| row(named(margin), margin, most))).collect();
        if margins.uncosted_count > 0 {
            rows.push(SheetRow {
                detail: self.words("不在上面任何一个数里", "in none of the figures above"),
                tone: Tone::Attend,
                ..fact(
                    super::say(
                        self.front.language,
                        &format!("没有成本的商品 {} 种", margins.uncosted_count),
                        &format!("Goods without a cost: {}", margins.uncosted_count),
                    ),
                    minor(margins.uncosted_net),
                )
            });
            rows.extend(margins.uncosted.iter().map(|goods| SheetRow {
                detail: goods.sku.clone(),
                ..fact(super::say(self.front.language, &goods.name.0, &goods.name.1), minor(goods.net))
            }));
        }
        rows
    }

    pub(super) fn key_margins(&mut self, index: usize) {
        let back = self.margins.days_back;
        match index {
            0 => {
                self.margins.days_back = (back + 1).min(BACK_DAYS_MAX);
                self.ask_for_margins_of_day();
            }
            1 => {
                self.margins.days_back = back.saturating_sub(1);
                self.ask_for_margins_of_day();
            }
            2 | 3 => {
                if let Some(sheet) = self.sheet_mut() {
                    sheet.reason = index - 2;
                    sheet.row = 0;
                }
            }
            _ => self.export_margins(),
        }
    }

    fn export_margins(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Told::Sums(margins) = &self.margins.told else { return };
        let day = self.margins_day();
        let identity = open.journal().identity();
        let name = format!("{day}-{}-{}-margins.csv", identity.store, identity.lane);
        let file = self.paths.data.join(REPORTS).join(name);
        let rows = table(day, &open.settings().currency, margins);
        let written: Result<(), WriteReportError> = write_table(&file, &COLUMNS, &rows);
        self.say_written(&file, rows.len(), written.map_err(|error| crate::lane::words(&error)));
    }
}

/// The rows of the table: the sum, categories, goods, and goods without a cost.
fn table(day: NaiveDate, currency: &Currency, margins: &Margins) -> Vec<[String; 8]> {
    let amount = |minor: i64| currency.format(Money::from_minor(minor));
    let row = |of: &str, margin: &Margin| {
        [
            day.to_string(),
            of.to_owned(),
            plain(&margin.of),
            plain(&margin.name.0),
            amount(margin.net),
            amount(margin.cost),
            amount(earned(margin)),
            percent(margin),
        ]
    };
    let uncosted = margins.uncosted.iter().map(|goods| {
        let cells = [day.to_string(), "no_cost".to_owned(), plain(&goods.sku), plain(&goods.name.0)];
        let [day, of, sku, name] = cells;
        [day, of, sku, name, amount(goods.net), String::new(), String::new(), String::new()]
    });
    std::iter::once(row("all", &margins.all))
        .chain(margins.categories.iter().map(|margin| row("category", margin)))
        .chain(margins.goods.iter().map(|margin| row("goods", margin)))
        .chain(uncosted)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_told_in_tenths_of_a_per_cent_and_none_of_nothing() {
        let of = |net, cost| percent(&Margin { net, cost, ..Margin::default() });
        assert_eq!(
            (of(1_000, 766), of(1_000, 1_050), of(3, 1)),
            ("23.4%".into(), "−5.0%".into(), "66.6%".into())
        );
        assert_eq!((of(0, 5), of(-10, -4)), ("—".into(), "—".into()));
    }

    #[test]
    fn a_bar_is_as_wide_as_what_was_earned_or_lost() {
        assert_eq!((bar(3_000, 3_000), bar(-660, 3_000), bar(1_500, 3_000)), (1_000, 220, 500));
        assert_eq!((bar(0, 3_000), bar(0, 0), bar(1, i64::MAX), bar(i64::MIN, 1)), (0, 0, 1, 1_000));
    }
}
