//! A line's price and discount, and a discount of the whole basket.

use domain::basket::Cut;
use domain::till::Input;
use ui::view::{self, Figure, Tone};

use super::{Attempt, Kind, Open, Takes, key};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// The line's unit price.
    Price,
    /// So many per cent off the line.
    LinePercent,
    /// An amount off the line.
    LineAmount,
    /// So many per cent off the basket.
    BasketPercent,
    /// An amount off the basket.
    BasketAmount,
}

/// In the order of their keys.
const CHANGES: [Change; 5] =
    [Change::Price, Change::LinePercent, Change::LineAmount, Change::BasketPercent, Change::BasketAmount];

/// Why something is taken off.
const REASONS: [(&str, &str); 5] = [
    ("临近保质期", "Close to its date"),
    ("包装破损", "Damaged pack"),
    ("价签不符", "Tag says otherwise"),
    ("补偿顾客", "Goodwill"),
    ("员工价", "Staff price"),
];

impl Change {
    pub(super) fn takes(self) -> &'static [Takes] {
        match self {
            Self::Price | Self::LineAmount | Self::BasketAmount => &[Takes::Amount],
            Self::LinePercent | Self::BasketPercent => &[Takes::Percent],
        }
    }

    fn is_of_basket(self) -> bool {
        matches!(self, Self::BasketPercent | Self::BasketAmount)
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Price => ("改单价", "Unit price"),
            Self::LinePercent => ("本行减 %", "% off line"),
            Self::LineAmount => ("本行减金额", "Amount off line"),
            Self::BasketPercent => ("整单减 %", "% off basket"),
            Self::BasketAmount => ("整单减金额", "Amount off basket"),
        }
    }
}

impl Lane {
    pub(super) fn show_change(
        &self,
        open: &OpenLane,
        sheet: &Open,
        number: u32,
        change: Change,
    ) -> view::Sheet {
        let currency = &open.settings().currency;
        let basket = open.basket();
        let line = basket.line(number);
        let name = line.map(|line| present::name(&line.item, self.front.language)).unwrap_or_default();
        let (what, price) = match (change, line) {
            (Change::Price, Some(line)) => (("现单价", "Unit price now"), line.unit_price),
            (Change::LinePercent | Change::LineAmount, Some(line)) => (("本行现价", "Line now"), line.net()),
            _ => (("整单现价", "Basket now"), basket.total()),
        };
        let (chinese, english) = change.words();
        let title = if change.is_of_basket() {
            self.words(chinese, english)
        } else {
            format!("{} · {name}", self.words(chinese, english))
        };
        let shortcuts = ["F4", "F5", "F6", "F7", "F8"];
        let mut keys: Vec<_> = CHANGES
            .iter()
            .zip(shortcuts)
            .map(|(other, shortcut)| {
                let (chinese, english) = other.words();
                view::SheetKey { on: *other == change, ..key(self.words(chinese, english), shortcut) }
            })
            .collect();
        let reduced = if change.is_of_basket() {
            basket.discount().is_some()
        } else {
            line.is_some_and(|line| line.discount.is_some())
        };
        keys.push(view::SheetKey {
            enabled: reduced,
            stop: true,
            ..key(self.words("撤销折扣", "Undo discount"), "Del")
        });
        keys.push(key(self.words("导购", "Seller"), "F9"));
        keys.push(key(self.words("备注", "Note"), "F10"));
        let typed = sheet.text(0);
        let hint = match change {
            Change::LinePercent | Change::BasketPercent => {
                let left = typed.parse::<u32>().ok().and_then(|off| 100u32.checked_sub(off));
                left.map(|left| {
                    super::say(
                        self.front.language,
                        &format!("减 {typed}%，也就是{}。", zhe(left)),
                        &format!("{typed}% off leaves {left}%."),
                    )
                })
            }
            Change::Price | Change::LineAmount | Change::BasketAmount => None,
        };
        view::Sheet {
            tone: Tone::Attend,
            text: hint.unwrap_or_else(|| {
                self.words(
                    "小票上会写明。权限不够时请主管当场授权。",
                    "The receipt says it. A supervisor approves what is beyond your right.",
                )
            }),
            figure: Some(Figure {
                label: self.words(what.0, what.1),
                value: currency.format(price),
                tone: Tone::Quiet,
            }),
            fields: self.fields(
                sheet,
                &[match change {
                    Change::Price => ("新单价", "New unit price"),
                    Change::LinePercent | Change::BasketPercent => ("减百分之几", "Per cent off"),
                    Change::LineAmount | Change::BasketAmount => ("减多少钱", "Amount off"),
                }],
            ),
            rows: self.reason_rows(&REASONS),
            selected: Some(sheet.row),
            keys,
            go: self.words("确定", "Change"),
            can_go: !typed.is_empty(),
            ..self.blank(title)
        }
    }

    pub(super) fn key_change(&mut self, line: u32, index: usize) {
        let Some(Kind::Change { change, .. }) = self.sheet().map(|sheet| sheet.kind.clone()) else { return };
        match CHANGES.get(index) {
            Some(other) => {
                self.pop_sheet();
                self.open_sheet(Kind::Change { line, change: *other });
            }
            None if index > CHANGES.len() => {
                self.pop_sheet();
                let line = (!change.is_of_basket()).then_some(line);
                self.open_sheet(if index == CHANGES.len() + 1 {
                    Kind::Seller { line }
                } else {
                    Kind::Note { line }
                });
            }
            None => {
                let line = (!change.is_of_basket()).then_some(line);
                self.attempt_and_close(Input::Discount { line, cut: None, reason: String::new() });
            }
        }
    }

    pub(super) fn go_change(&mut self, line: u32, change: Change) {
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.front.sheets.last() else { return };
        let typed = sheet.text(0);
        let reason = self.reason_of(sheet, &REASONS);
        let amount = open.settings().currency.parse(typed).ok();
        let percent = typed.parse::<u32>().ok().and_then(|percent| percent.checked_mul(100));
        let of_line = (!change.is_of_basket()).then_some(line);
        let input = match change {
            Change::Price => amount.map(|unit_price| Input::SetPrice { line, unit_price, reason }),
            Change::LinePercent | Change::BasketPercent => {
                percent.map(|points| Input::Discount { line: of_line, cut: Some(Cut::Part(points)), reason })
            }
            Change::LineAmount | Change::BasketAmount => {
                amount.map(|amount| Input::Discount { line: of_line, cut: Some(Cut::Amount(amount)), reason })
            }
        };
        let Some(input) = input else { return self.notice(ui::view::Notice::AmountRange) };
        if self.attempt(input) == Attempt::Done {
            self.close_sheets();
        }
    }
}

/// What is left of a hundred as shops say it: 80 are 8 折, 85 are 85 折.
fn zhe(left: u32) -> String {
    match left {
        0 => "白送".to_owned(),
        1..=9 => format!("原价的 {left}%"),
        _ if left % 10 == 0 => format!(" {} 折", left / 10),
        _ => format!(" {left} 折"),
    }
}
