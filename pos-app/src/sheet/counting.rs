//! Counting goods: which count, what was found, and the look at all of it before it is written down.

use domain::money::Quantity;
use domain::till::Input;
use drivers::scale::Reading;
use drivers::sound::Tone as Sound;
use ledger::counting::{CountRefused, Draft, DraftLine, Scope};
use ui::view::{self, Figure, Notice, SheetKey, SheetRow, Tone};

use super::stock::amount;
use super::{Kind, Open, key, numbered};
use crate::counting::{Begin, Said};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// Where the quantity is typed while goods are scanned.
const QUANTITY: usize = 1;

/// Why goods are counted, with their keys.
const REASONS: [(&str, &str, &str); 4] = [
    ("月度盘点", "Monthly count", "F2"),
    ("抽盘", "Spot check", "F3"),
    ("差异复盘", "Second count", "F4"),
    ("开店期初", "Opening stock", "F5"),
];

/// The keys under the scanned goods, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanKey {
    Typed,
    Weigh,
    TakeOut,
    Check,
}

impl Lane {
    pub(super) fn show_counts(&self, sheet: &Open) -> view::Sheet {
        let language = self.front.language;
        let rows: Vec<SheetRow> = self
            .counting
            .choices
            .iter()
            .enumerate()
            .map(|(index, choice)| {
                let (name, detail) = match choice {
                    Begin::Resume(draft) => {
                        let time =
                            present::local_time(draft.begun_ms, self.moment.offset_minutes, "%m-%d %H:%M");
                        let items = draft.lines.len();
                        let scope = self.scope_name(&draft.scope);
                        (
                            super::say(language, &format!("继续：{scope}"), &format!("Go on: {scope}")),
                            super::say(
                                language,
                                &format!("{} · {time} 开始 · 已盘 {items} 种", draft.document),
                                &format!("{} · begun {time} · {items} items so far", draft.document),
                            ),
                        )
                    }
                    Begin::Free => (
                        self.words("自由盘点", "Count freely"),
                        self.words("扫到什么盘什么", "Whatever is scanned"),
                    ),
                    Begin::List { name, .. } => (name.clone(), self.words("按清单", "By a list")),
                    Begin::Category { chinese, english, .. } => {
                        (super::say(language, chinese, english), self.words("按类别", "By category"))
                    }
                };
                numbered(index, name, detail, String::new())
            })
            .collect();
        let drops = matches!(self.counting.choices.get(sheet.row), Some(Begin::Resume(_)));
        view::Sheet {
            tone: Tone::Attend,
            text: if sheet.reason == 1 {
                self.words(
                    "丢弃后找不回来。真的不要，再按一次 Del。",
                    "A count that is dropped is gone. Press Del again if nobody wants it.",
                )
            } else {
                self.words(
                    "盘点时照常卖货。没盘完可以先退出，以后接着盘。",
                    "Selling goes on meanwhile. A count that is not finished can be gone on with later.",
                )
            },
            selected: Some(sheet.row),
            rows,
            keys: vec![SheetKey {
                enabled: drops,
                stop: true,
                on: sheet.reason == 1,
                ..key(self.words("丢弃这一单", "Drop this one"), "Del")
            }],
            go: self.words("开始", "Begin"),
            ..self.blank(self.words("盘点", "Count goods"))
        }
    }

    fn scope_name(&self, scope: &Scope) -> String {
        match scope {
            Scope::Free {} => self.words("自由盘点", "Count freely"),
            Scope::List { name, .. } => name.clone(),
            Scope::Category { id } => {
                let State::Open(open) = &self.state else { return id.clone() };
                let named = open.reference().categories().ok().and_then(|categories| {
                    let found = categories.into_iter().find(|category| category.id == *id)?;
                    Some(super::say(self.front.language, &found.name_zh, &found.name_en))
                });
                named.unwrap_or_else(|| id.clone())
            }
        }
    }

    pub(super) fn go_counts(&mut self) {
        let row = self.front.sheets.last().map_or(0, |sheet| sheet.row);
        let Some(begin) = self.counting.choices.get(row).cloned() else { return };
        if self.begin_count(begin) {
            self.pop_sheet();
            self.open_sheet(Kind::Counting);
            let last = self.counting.draft.as_ref().map_or(0, |draft| draft.lines.len().saturating_sub(1));
            if let Some(sheet) = self.sheet_mut() {
                sheet.row = last;
            }
        }
    }

    /// The one key: a count that is begun is dropped, when it is pressed twice.
    pub(super) fn key_counts(&mut self) {
        let Some(sheet) = self.sheet_mut() else { return };
        let row = sheet.row;
        if sheet.reason == 0 {
            sheet.reason = 1;
            return;
        }
        (sheet.reason, sheet.row) = (0, 0);
        if let Some(Begin::Resume(draft)) = self.counting.choices.get(row).cloned() {
            self.discard_count(&draft.document);
        }
    }

    fn counted_row(&self, index: usize, line: &DraftLine) -> SheetRow {
        let (name, value, go) = match self.counted_item(&line.sku) {
            Some(item) => {
                (present::name(item, self.front.language), amount(item, line.quantity), amount(item, line.go))
            }
            // The store has it no more; what lies there counts all the same.
            None => (line.sku.clone(), thousandths_words(line.quantity), thousandths_words(line.go)),
        };
        let detail = if line.go != 0 && line.go != line.quantity {
            super::say(
                self.front.language,
                &format!("{} · 本处 {go}", line.sku),
                &format!("{} · here {go}", line.sku),
            )
        } else {
            line.sku.clone()
        };
        SheetRow { key: String::new(), ..numbered(index, name, detail, value) }
    }

    /// What is known of the store's other lanes, in words; empty where all are.
    fn said_of_lanes(&self) -> String {
        let language = self.front.language;
        match &self.counting.said {
            None => String::new(),
            Some(Said::Nothing) => self.words(
                "现在问不到别的收银台：它们的销售按各自的时钟划分，总部等它们上报后才入账。盘点照样做。",
                "Other lanes cannot be asked now: their own clocks will decide, and HQ waits until it has heard of them. Go on counting.",
            ),
            Some(Said::But(unknown)) if unknown.is_empty() => String::new(),
            Some(Said::But(unknown)) => {
                let lanes: Vec<String> = unknown.iter().take(8).map(ToString::to_string).collect();
                let lanes = lanes.join(self.words("、", ", ").as_str());
                super::say(
                    language,
                    &format!("{lanes} 号收银台没联系上：按它自己的时钟划分，总部等它上报后才入账。盘点照样做。"),
                    &format!("Lane {lanes} is not heard of: its own clock will decide, and HQ waits for it. Go on counting."),
                )
            }
        }
    }

    fn scan_keys(&self) -> Vec<ScanKey> {
        let mut keys = vec![ScanKey::Typed];
        if self.config.scale.is_some() {
            keys.push(ScanKey::Weigh);
        }
        keys.extend([ScanKey::TakeOut, ScanKey::Check]);
        keys
    }

    pub(super) fn show_counting(&self, sheet: &Open) -> view::Sheet {
        let Some(draft) = &self.counting.draft else {
            return self.blank(self.words("盘点", "Count goods"));
        };
        let rows: Vec<SheetRow> =
            draft.lines.iter().enumerate().map(|(index, line)| self.counted_row(index, line)).collect();
        let is_empty = rows.is_empty();
        let keys = self.scan_keys().into_iter().map(|key_of| match key_of {
            ScanKey::Typed => SheetKey {
                enabled: !is_empty && !sheet.text(0).is_empty(),
                ..key(self.words("数量（先输数）", "Quantity (type it first)"), "F4")
            },
            ScanKey::Weigh => SheetKey { enabled: !is_empty, ..key(self.words("称重", "Weigh"), "F6") },
            ScanKey::TakeOut => SheetKey {
                enabled: !is_empty,
                stop: true,
                ..key(self.words("删这一行", "Take the line out"), "Del")
            },
            ScanKey::Check => {
                SheetKey { on: true, ..key(self.words("核对、记账", "Check, write down"), "F8") }
            }
        });
        let said = self.said_of_lanes();
        let text = if said.is_empty() {
            self.words(
                "扫一次加一件，几处的加在一起。要输数：输数按 F4。每一下都已存盘，Esc 可先退出；盘完按回车。",
                "Each scan adds one; several places add up. For a number: type it, F4. All is kept at once: Esc to go on later. Enter at the end.",
            )
        } else {
            said
        };
        let scope = self.scope_name(&draft.scope);
        let missing = self.goods_not_found().len();
        let left = match &draft.scope {
            Scope::Free {} => String::new(),
            Scope::List { .. } | Scope::Category { .. } => super::say(
                self.front.language,
                &format!(" · 还有 {missing} 种没盘到"),
                &format!(" · {missing} not found yet"),
            ),
        };
        // With nothing typed the one big key leads to the end.
        let ends = sheet.focus == 0 && sheet.text(0).is_empty() && !is_empty;
        view::Sheet {
            tone: Tone::Attend,
            text,
            figure: Some(Figure {
                label: super::say(self.front.language, &format!("品种{left}"), &format!("Items{left}")),
                value: draft.lines.len().to_string(),
                tone: Tone::Quiet,
            }),
            selected: (!is_empty).then_some(sheet.row),
            empty: self.words("还没有商品", "Nothing yet"),
            rows,
            fields: self.fields(sheet, &[("商品（扫码）", "Item (scan it)"), ("本处数量", "Quantity here")]),
            go: match sheet.focus {
                0 if ends => self.words("核对、记账", "Check, write down"),
                0 => self.words("加一件", "Add it"),
                _ => self.words("改这个数", "Set it"),
            },
            can_go: ends || !sheet.text(sheet.focus).is_empty(),
            keys: keys.collect(),
            back: self.words("先退出（已存）", "Leave (it is kept)"),
            ..self.blank(match &draft.scope {
                Scope::Free {} => scope,
                Scope::List { .. } | Scope::Category { .. } => {
                    super::say(self.front.language, &format!("盘点：{scope}"), &format!("Count: {scope}"))
                }
            })
        }
    }

    /// Goods that were scanned: so much more of them lies here.
    pub(super) fn scan_for_count(&mut self, text: &str) -> bool {
        self.note_added();
        let Some((item, more)) = self.goods_of_stock(text) else {
            self.unknown_in_stock(text);
            return true;
        };
        if let (Some(sheet), Some(draft)) = (self.front.sheets.last(), &self.counting.draft) {
            // Another item, or a number that stands: what comes now lies at another place.
            let before = draft.lines.get(sheet.row).is_some_and(|line| line.sku == item.sku);
            if let Some(place) = draft.lines.iter().position(|line| line.sku == item.sku)
                && (!before || sheet.reason == 1)
            {
                self.change_count(|draft| {
                    draft.end_go(place);
                    Ok(())
                });
            }
        }
        let Some(place) = self.find_goods_counted(&item, more) else { return true };
        let is_outside = !self.is_wanted(&item.sku);
        if let Some(sheet) = self.front.sheets.last_mut() {
            (sheet.row, sheet.reason, sheet.focus) = (place, 0, 0);
            sheet.fields.iter_mut().for_each(|field| field.text.clear());
        }
        self.commands.push(crate::lane::Command::Play(Sound::Accepted));
        if is_outside {
            self.front.say(
                Tone::Attend,
                ("这件不在这次要盘的里面", "已经记下。不要就按 Del 删掉这一行。"),
                ("This is none of the goods to be counted", "It is kept all the same. Del takes it out."),
            );
        } else if item.weighed && more == 0 {
            self.front.say(
                Tone::Attend,
                ("称重商品", "放上秤按 F6，或输公斤数按 F4。"),
                ("Goods by weight", "Put them on the scale and press F6, or type kilograms and F4."),
            );
        }
        true
    }

    pub(super) fn go_counting(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let typed = sheet.text(sheet.focus).trim().to_owned();
        if sheet.focus == QUANTITY {
            self.type_quantity(&typed);
        } else if !typed.is_empty() {
            self.scan_for_count(&typed);
        } else if !self.was_just_added() {
            self.open_sheet(Kind::EndCount);
        }
    }

    /// A typed quantity, where it can be one of these goods.
    fn quantity_typed(&mut self, typed: &str, sku: &str) -> Option<i64> {
        let weighed = self.counted_item(sku).is_none_or(|item| item.weighed);
        let thousandths =
            super::give_back::thousandths(typed).filter(|thousandths| weighed || thousandths % 1_000 == 0);
        if thousandths.is_none() {
            self.notice(Notice::QuantityRange { max: Quantity::MAX.to_string() });
        }
        thousandths
    }

    /// So much of the chosen goods lies here.
    fn type_quantity(&mut self, typed: &str) {
        let row = self.sheet().map_or(0, |sheet| sheet.row);
        let line = self.counting.draft.as_ref().and_then(|draft| draft.lines.get(row));
        let Some(sku) = line.map(|line| line.sku.clone()) else { return };
        let Some(thousandths) = self.quantity_typed(typed, &sku) else { return };
        self.set_quantity_here(row, thousandths);
    }

    fn set_quantity_here(&mut self, row: usize, thousandths: i64) {
        if self.change_count(|draft| draft.set_go(row, thousandths))
            && let Some(sheet) = self.sheet_mut()
        {
            // The next scan of it begins another place.
            (sheet.focus, sheet.reason) = (0, 1);
            sheet.fields.iter_mut().for_each(|field| field.text.clear());
            self.note_added();
        }
    }

    pub(super) fn key_counting(&mut self, index: usize) {
        let Some(pressed) = self.scan_keys().get(index).copied() else { return };
        let row = self.sheet().map_or(0, |sheet| sheet.row);
        match pressed {
            ScanKey::Typed => {
                let typed = self.sheet().map_or("", |sheet| sheet.text(0)).trim().to_owned();
                self.type_quantity(&typed);
            }
            ScanKey::Weigh => self.weigh_for_count(row),
            ScanKey::TakeOut => self.leave_out_counted(row),
            ScanKey::Check => self.open_sheet(Kind::EndCount),
        }
    }

    fn leave_out_counted(&mut self, row: usize) {
        let is_out = self.change_count(|draft| {
            if row < draft.lines.len() {
                draft.lines.remove(row);
            }
            Ok(())
        });
        if is_out && let Some(sheet) = self.sheet_mut() {
            sheet.row = row.saturating_sub(1);
        }
    }

    /// What lies still on the scale is so much of the chosen goods.
    fn weigh_for_count(&mut self, row: usize) {
        let grams = match self.scale.reading() {
            Some(Reading::Stable(load)) => load.weight.grams().filter(|grams| *grams > 0),
            Some(
                Reading::Moving
                | Reading::OverRange
                | Reading::UnderRange
                | Reading::BelowMinimum
                | Reading::Unchanged
                | Reading::Idle,
            )
            | None => None,
        };
        let weighed = self
            .counting
            .draft
            .as_ref()
            .and_then(|draft| draft.lines.get(row))
            .is_some_and(|line| self.counted_item(&line.sku).is_some_and(|item| item.weighed));
        match grams {
            // A gram is a thousandth of a kilogram.
            Some(grams) if weighed => self.set_quantity_here(row, grams),
            Some(_) => self.front.say(
                Tone::Attend,
                ("这件不是称重商品", "输件数按 F4。"),
                ("These goods are not sold by weight", "Type how many, then F4."),
            ),
            None => self.front.say(
                Tone::Attend,
                ("秤上还没有稳定的重量", "放好等它不动，再按 F6；秤坏了就输公斤数按 F4。"),
                (
                    "Nothing lies still on the scale",
                    "Wait until it does, then F6; or type kilograms and press F4.",
                ),
            ),
        }
    }

    pub(super) fn show_end_count(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let Some(draft) = &self.counting.draft else {
            return self.blank(self.words("盘点", "Count goods"));
        };
        let mut rows: Vec<SheetRow> =
            draft.lines.iter().enumerate().map(|(index, line)| self.counted_row(index, line)).collect();
        let counted = rows.len();
        let missing = self.goods_not_found();
        let what = if draft.counts_missing {
            self.words("没盘到：记 0", "Not found: counts as none")
        } else {
            self.words("没盘到：不动它的库存", "Not found: its stock is left alone")
        };
        rows.extend(missing.iter().enumerate().map(|(index, item)| SheetRow {
            key: String::new(),
            tone: Tone::Attend,
            ..numbered(
                counted + index,
                present::name(item, self.front.language),
                format!("{} · {what}", item.sku),
                if draft.counts_missing { "0".to_owned() } else { "—".to_owned() },
            )
        }));
        let mut keys: Vec<SheetKey> = REASONS
            .iter()
            .enumerate()
            .map(|(index, (chinese, english, shortcut))| SheetKey {
                on: index == sheet.reason,
                ..key(self.words(chinese, english), shortcut)
            })
            .collect();
        keys.push(SheetKey {
            enabled: !missing.is_empty(),
            on: draft.counts_missing,
            ..key(self.words("没盘到的记 0", "Not found is none"), "F6")
        });
        keys.push(SheetKey {
            enabled: !open.settings().rules.blind_stock_count && counted > 0,
            ..key(self.words("账面数", "In the books"), "F7")
        });
        keys.push(SheetKey {
            enabled: counted > 0,
            stop: true,
            ..key(self.words("删这一行", "Take the line out"), "Del")
        });
        let writes = counted > 0 || (draft.counts_missing && !missing.is_empty());
        keys.push(SheetKey { enabled: writes, on: true, ..key(self.words("记账", "Write it down"), "F8") });
        let said = self.said_of_lanes();
        view::Sheet {
            tone: Tone::Attend,
            text: if said.is_empty() {
                self.words(
                    "看一遍：哪一行不对就选中，输总数回车。选原因，按回车或 F8 记账。记账后改不了，只能再盘一次。",
                    "Look through: where a line is wrong choose it, type all of it, Enter. Choose why, then Enter or F8. It cannot be changed afterwards, only counted again.",
                )
            } else {
                said
            },
            figure: Some(Figure {
                label: self.words("品种", "Items"),
                value: counted.to_string(),
                tone: Tone::Quiet,
            }),
            selected: (!rows.is_empty()).then_some(sheet.row),
            rows,
            fields: self.fields(sheet, &[("总数", "In all")]),
            keys,
            go: if sheet.text(0).is_empty() {
                self.words("记账", "Write it down")
            } else {
                self.words("改这个数", "Set it")
            },
            can_go: writes || !sheet.text(0).is_empty(),
            back: self.words("接着盘", "Count on"),
            ..self.blank(self.words("盘点核对", "Check the count"))
        }
    }

    pub(super) fn go_end_count(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let (row, typed) = (sheet.row, sheet.text(0).trim().to_owned());
        if typed.is_empty() {
            if !self.was_just_added() {
                self.write_count();
            }
            return;
        }
        let line = self.counting.draft.as_ref().and_then(|draft| draft.lines.get(row));
        let Some(sku) = line.map(|line| line.sku.clone()) else { return };
        let Some(thousandths) = self.quantity_typed(&typed, &sku) else { return };
        if self.change_count(|draft| draft.set(row, thousandths)) {
            if let Some(field) = self.sheet_mut().and_then(Open::focused) {
                field.text.clear();
            }
            self.note_added();
        }
    }

    pub(super) fn key_end_count(&mut self, index: usize) {
        let row = self.sheet().map_or(0, |sheet| sheet.row);
        match index.checked_sub(REASONS.len()) {
            None => {
                if let Some(sheet) = self.sheet_mut() {
                    sheet.reason = index;
                }
            }
            Some(0) => {
                self.change_count(|draft| {
                    draft.counts_missing = !draft.counts_missing;
                    Ok(())
                });
            }
            Some(1) => {
                let line = self.counting.draft.as_ref().and_then(|draft| draft.lines.get(row));
                if let Some(sku) = line.map(|line| line.sku.clone()) {
                    self.ask_for_stock(sku);
                }
            }
            Some(2) => self.leave_out_counted(row),
            Some(_) => self.write_count(),
        }
    }

    fn write_count(&mut self) {
        let State::Open(open) = &self.state else { return };
        let head = open.journal().head().seq;
        let chosen = self.sheet().and_then(|sheet| REASONS.get(sheet.reason));
        let reason = chosen.map(|(chinese, english, _)| self.words(chinese, english)).unwrap_or_default();
        let Some(draft) = self.draft_to_write() else {
            self.front.say(
                Tone::Attend,
                ("一张单最多 2000 种", "关掉“没盘到的记 0”，或按小一点的清单分几次盘。"),
                ("2000 items are the most", "Leave out what was not found, or count by smaller lists."),
            );
            return self.commands.push(crate::lane::Command::Play(Sound::Blocked));
        };
        let count: domain::stock::StockCount = Draft::count(&draft, &reason);
        // A stop between the journal and the file is found by this.
        let is_noted = self.change_count(|draft| {
            draft.ends_after = Some(head);
            Ok::<(), CountRefused>(())
        });
        if is_noted {
            self.attempt_and_close(Input::CountStock(Box::new(count)));
        }
    }
}

fn thousandths_words(thousandths: i64) -> String {
    Quantity::from_thousandths(thousandths).map_or_else(|| "0".to_owned(), |quantity| quantity.to_string())
}
