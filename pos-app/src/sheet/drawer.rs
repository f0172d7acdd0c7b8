//! The shift and its cash: float, movements, the count by denomination, X and Z.

use domain::money::Money;
use domain::shift::{CashMove, Denomination, ShiftReport, counted};
use domain::till::Input;
use ui::view::{self, Figure, Notice, SheetRow, Tone};

use super::{Attempt, Kind, Open, fact, key};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// Notes and coins of a decimal currency, in minor units, the largest first.
pub(super) const DENOMINATIONS: [i64; 9] = [10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 1];

/// Why cash moves.
fn reasons(kind: CashMove) -> &'static [(&'static str, &'static str)] {
    match kind {
        CashMove::PayIn => {
            &[("补零钱", "More change"), ("退回备用金", "Petty cash back"), ("其他存入", "Other")]
        }
        CashMove::PayOut => {
            &[("付货款", "Paying a supplier"), ("备用金", "Petty cash"), ("其他支出", "Other")]
        }
        CashMove::Drop => &[("大额投库", "Large notes to the safe"), ("交接投库", "Handing over")],
    }
}

/// Why the drawer is opened.
const DRAWER_REASONS: [(&str, &str); 4] = [
    ("换零钱", "Change"),
    ("核对现金", "Checking the cash"),
    ("顾客要求换钞", "Customer asks for change"),
    ("放错钱", "Money put in wrongly"),
];

impl Lane {
    pub(super) fn show_float(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        view::Sheet {
            tone: Tone::Attend,
            text: self.words(
                "点好备用金再开班。没开班不能卖。",
                "Count the float, then open the shift. Nothing is sold before.",
            ),
            fields: self.fields(sheet, &[("备用金", "Float")]),
            go: self.words("开班", "Open shift"),
            go_value: open.settings().currency.symbol.clone(),
            can_go: !sheet.text(0).is_empty(),
            ..self.blank(self.words("开班", "Open the shift"))
        }
    }

    pub(super) fn go_float(&mut self) {
        let Some(float) = self.sheet().and_then(|sheet| self.amount(sheet.text(0))) else {
            return self.notice(Notice::AmountRange);
        };
        self.attempt_and_close(Input::OpenShift { float });
    }

    pub(super) fn show_cash(&self, open: &OpenLane, sheet: &Open, kind: CashMove) -> view::Sheet {
        let title = match kind {
            CashMove::PayIn => self.words("现金存入", "Cash in"),
            CashMove::PayOut => self.words("现金支出", "Cash out"),
            CashMove::Drop => self.words("投库", "Safe drop"),
        };
        view::Sheet {
            tone: Tone::Attend,
            text: self
                .words("记到本班现金里，钱箱会打开。", "It is written into the shift, and the drawer opens."),
            fields: self.fields(sheet, &[("金额", "Amount")]),
            rows: self.reason_rows(reasons(kind)),
            selected: Some(sheet.row),
            go: title.clone(),
            go_value: open.settings().currency.symbol.clone(),
            can_go: !sheet.text(0).is_empty(),
            ..self.blank(title)
        }
    }

    pub(super) fn go_cash(&mut self, kind: CashMove) {
        let Some(sheet) = self.sheet() else { return };
        let reason = self.reason_of(sheet, reasons(kind));
        let Some(amount) = self.amount(sheet.text(0)) else { return self.notice(Notice::AmountRange) };
        self.attempt_and_close(Input::MoveCash { kind, amount, reason });
    }

    pub(super) fn show_drawer(&self, sheet: &Open) -> view::Sheet {
        view::Sheet {
            tone: Tone::Attend,
            text: self.words(
                "没有销售也开钱箱，会记下来。",
                "The drawer opens without a sale, and it is written down.",
            ),
            rows: self.reason_rows(&DRAWER_REASONS),
            selected: Some(sheet.row),
            go: self.words("开钱箱", "Open drawer"),
            ..self.blank(self.words("开钱箱", "Open the drawer"))
        }
    }

    pub(super) fn go_drawer(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let reason = self.reason_of(sheet, &DRAWER_REASONS);
        self.attempt_and_close(Input::OpenDrawer { reason });
    }

    pub(super) fn show_count(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let currency = &open.settings().currency;
        let counts = counts(sheet);
        let rows: Vec<SheetRow> = denominations(&counts)
            .into_iter()
            .map(|one| {
                let sum = Money::from_minor(one.value.minor().saturating_mul(i64::from(one.count)));
                let shown = if one.count == 0 {
                    String::new()
                } else {
                    format!("× {} = {}", one.count, currency.format(sum))
                };
                fact(currency.format_with_symbol(one.value), shown)
            })
            .collect();
        let total = counted(&denominations(&counts)).unwrap_or(Money::ZERO);
        let at = rows.get(sheet.row).map(|row| row.name.clone()).unwrap_or_default();
        let last = sheet.row + 1 >= rows.len();
        view::Sheet {
            tone: Tone::Attend,
            text: self.words(
                "输入张数，回车到下一种。数完按 F8。",
                "Type how many, Enter for the next. F8 when all is counted.",
            ),
            figure: Some(Figure {
                label: self.words("已数", "Counted"),
                value: currency.format(total),
                tone: Tone::Quiet,
            }),
            rows,
            selected: Some(sheet.row),
            keys: vec![key(self.words("数完了", "All counted"), "F8")],
            go: if last { self.words("数完了", "All counted") } else { self.words("下一种", "Next") },
            entry_label: at.clone(),
            placeholder: at,
            ..self.blank(self.words("点钞", "Count the drawer"))
        }
    }

    /// The number that was typed belongs to the chosen denomination.
    pub(super) fn note_count(&mut self) {
        let Some(sheet) = self.sheet_mut() else { return };
        let text = sheet.text(0).to_owned();
        let row = sheet.row;
        if let Some(count) = sheet.listed.get_mut(row) {
            count.value = text;
        }
    }

    /// Another denomination was chosen: its number can be typed on.
    pub(super) fn show_counted(&mut self) {
        let Some(sheet) = self.sheet_mut() else { return };
        let text = sheet.listed.get(sheet.row).map(|count| count.value.clone()).unwrap_or_default();
        if let Some(field) = sheet.focused() {
            field.text = text;
        }
    }

    pub(super) fn go_count(&mut self) {
        let Some(sheet) = self.sheet_mut() else { return };
        if sheet.row + 1 < DENOMINATIONS.len() {
            sheet.row += 1;
            self.show_counted();
        } else {
            self.submit_count();
            // One Enter too many must not close the shift.
            self.rest();
        }
    }

    pub(super) fn submit_count(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let denominations = denominations(&counts(sheet)).into_iter().filter(|one| one.count > 0).collect();
        if self.attempt(Input::CountCash { denominations }) == Attempt::Done {
            self.close_sheets();
            self.open_sheet(Kind::CloseShift);
        }
    }

    pub(super) fn show_close_shift(&self, open: &OpenLane) -> view::Sheet {
        let currency = &open.settings().currency;
        let report = open.till().report();
        let counted = report.as_ref().and_then(|report| report.counted);
        let parked = open.till().parked().len();
        let doubt = open.till().payments().len();
        let mut rows = Vec::new();
        if parked > 0 {
            rows.push(fact(
                self.words("挂单，转到下一班", "Parked, go on into the next shift"),
                parked.to_string(),
            ));
        }
        if doubt > 0 {
            rows.push(SheetRow {
                tone: Tone::Attend,
                ..fact(self.words("未定付款，转到下一班", "Payments in doubt, go on"), doubt.to_string())
            });
        }
        view::Sheet {
            tone: Tone::Attend,
            text: match counted {
                Some(_) => self.words(
                    "交班后打印日结单（Z）。长短款会记下，不拦你。",
                    "Closing prints the Z report. A difference is written down and stops nobody.",
                ),
                None => self.words(
                    "还没点钞。可以先点钞，也可以直接交班。",
                    "The drawer was not counted. Count it first, or close without.",
                ),
            },
            figure: counted.map(|counted| Figure {
                label: self.words("点钞合计", "Counted"),
                value: currency.format(counted),
                tone: Tone::Quiet,
            }),
            rows,
            go: self.words("交班", "Close shift"),
            ..self.blank(self.words("交班（Z）", "Close the shift (Z)"))
        }
    }

    pub(super) fn go_close_shift(&mut self) {
        self.attempt(Input::CloseShift);
    }

    pub(super) fn show_report(
        &self,
        open: &OpenLane,
        sheet: &Open,
        report: &ShiftReport,
        closed: bool,
    ) -> view::Sheet {
        let title = if closed {
            self.words("日结（Z）", "Z report")
        } else {
            self.words("查看（X）", "X report")
        };
        let title = super::say(
            self.front.language,
            &format!("{title}，第 {} 班", report.number),
            &format!("{title}, shift {}", report.number),
        );
        view::Sheet {
            text: report.business_date.to_string(),
            rows: self.report_rows(open, report),
            selected: Some(sheet.row),
            keys: vec![key(self.words("打印", "Print"), "F11")],
            go: self.words("打印并收起", "Print and close"),
            ..self.blank(title)
        }
    }

    fn report_rows(&self, open: &OpenLane, report: &ShiftReport) -> Vec<SheetRow> {
        let currency = &open.settings().currency;
        let takings = &report.takings;
        let money = |amount: Money| present::amount(currency, amount);
        let tally = |tally: domain::shift::Tally| {
            let (times, sum) = (times(self.front.language, tally.count), money(tally.amount));
            super::say(self.front.language, &format!("{times}，{sum}"), &format!("{times}, {sum}"))
        };
        let mut rows = vec![
            fact(self.words("单数", "Documents"), takings.documents.to_string()),
            fact(self.words("销售", "Sold"), money(takings.sold)),
            fact(self.words("退货", "Returned"), tally(takings.returned)),
            fact(self.words("抹零", "Cash rounding"), money(takings.rounding)),
        ];
        for (kind, amount) in &takings.tenders {
            rows.push(fact(present::tender_name(*kind, self.front.language), money(*amount)));
        }
        for (foreign, amount) in &takings.foreign {
            rows.push(fact(foreign.clone(), money(*amount)));
        }
        if takings.topped_up.count > 0 {
            let paid_in = self.words("其中储值充值", "Of it paid into stored value");
            rows.push(fact(paid_in, tally(takings.topped_up)));
        }
        rows.extend([
            fact(self.words("备用金", "Float"), money(takings.float)),
            fact(self.words("存入", "Cash in"), tally(takings.paid_in)),
            fact(self.words("支出", "Cash out"), tally(takings.paid_out)),
            fact(self.words("投库", "Safe drops"), tally(takings.dropped)),
            fact(self.words("应有现金", "Cash expected"), money(takings.expected_cash())),
        ]);
        if let Some(counted) = report.counted {
            rows.push(fact(self.words("点钞", "Cash counted"), money(counted)));
        }
        if let Some(variance) = report.variance() {
            let tone = if variance == Money::ZERO { Tone::Good } else { Tone::Stop };
            rows.push(SheetRow { tone, ..fact(self.words("长短款", "Difference"), money(variance)) });
        }
        rows.extend([
            fact(self.words("删行", "Voided lines"), tally(takings.voided)),
            fact(self.words("整单取消", "Cancelled"), tally(takings.cancelled)),
            fact(self.words("手工优惠", "Discounts by hand"), money(takings.discounts)),
            fact(self.words("开钱箱", "Drawer opened"), times(self.front.language, takings.drawer_opened)),
            fact(self.words("挂单", "Parked"), report.parked.len().to_string()),
            fact(self.words("未定付款", "Payments in doubt"), report.in_doubt.len().to_string()),
            fact(self.words("累计净额", "Running net"), money(report.totals.net())),
        ]);
        rows
    }

    pub(super) fn key_report(&mut self, report: &ShiftReport, closed: bool) {
        self.print_report(report, closed);
    }

    /// A report on paper, where there is a printer; it is looked at on the screen anyway.
    pub(crate) fn print_report(&mut self, report: &ShiftReport, closed: bool) {
        let State::Open(open) = &self.state else { return };
        let rows = self.report_rows(open, report);
        let heading = (
            present::store_name(open.store(), self.front.language),
            if closed {
                self.words("日结单 Z", "Z report")
            } else {
                self.words("查看单 X", "X report")
            },
        );
        let time = present::local_time(self.moment.now_ms, self.moment.offset_minutes, "%Y-%m-%d %H:%M");
        let shift = super::say(
            self.front.language,
            &format!("第 {} 班  {}", report.number, report.business_date),
            &format!("Shift {}  {}", report.number, report.business_date),
        );
        let lane = open.journal().identity().lane;
        let mut paper = drivers::printer::Document::new()
            .centred(heading.0)
            .title(heading.1)
            .pair(shift, format!("#{lane}"))
            .text(time)
            .rule();
        for row in rows {
            paper = paper.pair(row.name, row.value);
        }
        self.print_other(paper.rule().cut());
    }
}

/// So many times, in words.
fn times(language: view::Language, count: u32) -> String {
    let english = if count == 1 { "1 time".to_owned() } else { format!("{count} times") };
    super::say(language, &format!("{count} 次"), &english)
}

fn counts(sheet: &Open) -> Vec<u32> {
    sheet.listed.iter().map(|count| count.value.parse().unwrap_or(0)).collect()
}

fn denominations(counts: &[u32]) -> Vec<Denomination> {
    let each = DENOMINATIONS.iter().zip(counts);
    each.map(|(value, count)| Denomination { value: Money::from_minor(*value), count: *count }).collect()
}
