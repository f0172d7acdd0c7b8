//! The stock room at the counter: goods that come, go or are thrown away, and where else there are any.

use domain::catalogue::{Catalogue as _, Item};
use domain::money::Quantity;
use domain::stock::{Movement, StockLine, StockMove, StockRefusal};
use domain::till::{Desk, Input};
use drivers::sound::Tone as Sound;
use protocol::ask::StockAt;
use ui::view::{self, Figure, Notice, SheetKey, SheetRow, Tone};

use super::{Attempt, Kind, Open, fact, key, numbered};
use crate::lane::{Command, Lane, State};
use crate::present;

/// Where the quantity is typed, and what names the delivery and the other side.
/// Lists of people who are away that are kept; beyond it the oldest goes.
const LISTS_MAX: usize = 16;

const QUANTITY: usize = 1;
pub(super) const DOCUMENT: usize = 2;
pub(super) const OTHER: usize = 3;

/// What is done with goods in the stock room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StockWork {
    /// A supplier brought them.
    Receive,
    /// They go back to the supplier.
    GiveBack,
    /// They leave for another store.
    TransferOut,
    /// They came from another store.
    TransferIn,
    /// They are thrown away, used or tasted.
    Waste,
}

/// Why goods leave without being sold, with their keys.
const WASTE: [(StockMove, &str, &str, &str); 4] = [
    (StockMove::Damage, "破损", "Broken", "F2"),
    (StockMove::Expiry, "过期", "Expired", "F3"),
    (StockMove::Tasting, "试吃", "Tasting", "F4"),
    (StockMove::InternalUse, "店内自用", "Used here", "F5"),
];

impl StockWork {
    /// All of them, as the menu lists them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Receive, Self::GiveBack, Self::TransferOut, Self::TransferIn, Self::Waste];

    pub(crate) const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::Receive => ("收货", "Receive goods"),
            Self::GiveBack => ("退供应商", "Back to supplier"),
            Self::TransferOut => ("调出到别的店", "Transfer out"),
            Self::TransferIn => ("调入", "Transfer in"),
            Self::Waste => ("报损", "Waste"),
        }
    }

    const fn other(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Receive | Self::GiveBack => Some(("供应商", "Supplier")),
            Self::TransferOut => Some(("调往门店", "To store")),
            Self::TransferIn => Some(("来自门店", "From store")),
            Self::Waste => None,
        }
    }

    /// What it is in the books; of waste, the chosen reason.
    pub(super) fn kind(self, reason: usize) -> StockMove {
        match self {
            Self::Receive => StockMove::Receive,
            Self::GiveBack => StockMove::ReturnToSupplier,
            Self::TransferOut => StockMove::TransferOut,
            Self::TransferIn => StockMove::TransferIn,
            Self::Waste => WASTE.get(reason).map_or(StockMove::Damage, |(kind, ..)| *kind),
        }
    }
}

impl Lane {
    pub(super) fn show_stock(&self, sheet: &Open, work: StockWork) -> view::Sheet {
        let rows: Vec<SheetRow> = sheet
            .items
            .iter()
            .zip(&sheet.counts)
            .enumerate()
            .map(|(index, (item, count))| {
                let name = present::name(item, self.front.language);
                let of = sheet.of_transfer.as_ref();
                let wanted = of.and_then(|of| of.wanted(work.kind(sheet.reason), &item.sku));
                let (detail, tone) = match (of, wanted) {
                    (None, _) => (item.sku.clone(), Tone::Quiet),
                    (Some(_), Some(wanted)) => {
                        let wanted_words =
                            format!("{} {}", self.words("单上", "on the order"), amount(item, wanted));
                        let tone = if wanted == *count { Tone::Quiet } else { Tone::Attend };
                        (format!("{} · {wanted_words}", item.sku), tone)
                    }
                    (Some(_), None) => {
                        (format!("{} · {}", item.sku, self.words("单上没有", "not asked for")), Tone::Attend)
                    }
                };
                SheetRow { key: String::new(), tone, ..numbered(index, name, detail, amount(item, *count)) }
            })
            .collect();
        let mut keys: Vec<SheetKey> = match work {
            StockWork::Waste => WASTE
                .iter()
                .enumerate()
                .map(|(index, (_, chinese, english, shortcut))| SheetKey {
                    on: index == sheet.reason,
                    ..key(self.words(chinese, english), shortcut)
                })
                .collect(),
            StockWork::Receive | StockWork::GiveBack | StockWork::TransferOut | StockWork::TransferIn => {
                Vec::new()
            }
        };
        keys.push(SheetKey {
            enabled: !rows.is_empty(),
            stop: true,
            ..key(self.words("删这一行", "Take the line out"), "Del")
        });
        keys.push(SheetKey {
            enabled: !rows.is_empty(),
            on: true,
            ..key(self.words("记账", "Write it down"), "F8")
        });
        let mut labels =
            vec![("商品（扫码）", "Item (scan it)"), ("数量", "Quantity"), ("单号（可空）", "Document no.")];
        labels.extend(work.other());
        let (chinese, english) = work.name();
        // With nothing typed the one big key does what ends the work.
        let ends = sheet.focus == 0 && sheet.text(0).is_empty() && !rows.is_empty();
        let go = match sheet.focus {
            0 if ends => self.words("记账", "Write it down"),
            0 => self.words("加一件", "Add it"),
            QUANTITY => self.words("改这个数", "Set it"),
            _ => self.words("接着扫", "Scan on"),
        };
        view::Sheet {
            tone: Tone::Attend,
            text: self.stock_text(sheet).unwrap_or_else(|| self.words(
                "扫一次加一件；要改数量：Tab 到“数量”，输数，回车。全部扫完按回车或 F8 记账。断网也能记。",
                "Each scan adds one. For another quantity: Tab, type it, Enter. At the end Enter or F8 writes it all down, also offline.",
            )),
            figure: Some(Figure {
                label: self.words("品种", "Items"),
                value: rows.len().to_string(),
                tone: Tone::Quiet,
            }),
            selected: (!rows.is_empty()).then_some(sheet.row),
            empty: self.words("还没有商品", "Nothing yet"),
            rows,
            fields: self.fields(sheet, &labels),
            keys,
            go,
            can_go: ends || sheet.focus > QUANTITY || !sheet.text(sheet.focus).is_empty(),
            // By touch alone a name must be written too.
            letters: sheet.focus == DOCUMENT || sheet.focus == OTHER,
            ..self.blank(self.words(chinese, english))
        }
    }

    /// What is to be done with a transfer that HQ ordered.
    fn stock_text(&self, sheet: &Open) -> Option<String> {
        let told = sheet.of_transfer.as_ref()?.told();
        let rest = self.words(
            "数已填好，扫码再加一。按实物改：↑↓ 选行，Tab 到“数量”，输数，回车；没有的按 Del 删。回车或 F8 记账，断网也能记。",
            "Filled in: a scan adds one more. As the goods are: ↑ ↓ a row, Tab, type, Enter; Del leaves a line out. Enter or F8 writes it down, also offline.",
        );
        let note = if told.note.is_empty() { String::new() } else { format!(" · {}", told.note) };
        Some(format!("{}{note}{}{rest}", told.number, self.words("。", ". ")))
    }

    /// Whether a list would be lost by leaving it: the first time that is said, and nothing is lost. A double key is
    /// no second time.
    pub(super) fn warns_of_loss(&mut self) -> bool {
        let calm = self.is_calm();
        let Some(sheet) = self.sheet_mut() else { return false };
        if !matches!(sheet.kind, Kind::Stock(_)) || sheet.items.is_empty() || sheet.warned && !calm {
            return false;
        }
        sheet.warned = true;
        let items = sheet.items.len();
        let what = super::say(
            self.front.language,
            &format!("这张单上的 {items} 种还没记账"),
            &format!("{items} items are not written down yet"),
        );
        let rest = self.words(
            "再按一次 Esc 丢弃；F8 记账；F12 锁定会留着它。",
            "Press Esc again to discard them; F8 writes them down; F12 locks and keeps them.",
        );
        self.rest();
        self.notice(Notice::Said { tone: Tone::Attend, what, rest });
        true
    }

    /// Whoever goes away from a list of goods finds it again when they come back.
    pub(crate) fn put_list_away(&mut self) {
        let Some(staff) = self.till().and_then(|till| till.desk().staff()).map(|staff| staff.id.clone())
        else {
            return;
        };
        let is_list = |sheet: &Open| matches!(sheet.kind, Kind::Stock(_)) && !sheet.items.is_empty();
        let Some(place) = self.front.sheets.iter().position(is_list) else { return };
        let list = self.front.sheets.remove(place);
        if self.front.lists.len() >= LISTS_MAX {
            self.front.lists.remove(0);
        }
        self.front.lists.push((staff, list));
    }

    /// Somebody is back: the list that they had begun, where nothing else is to be done first.
    pub(crate) fn bring_back_list(&mut self) {
        let Some(Desk::Selling(staff)) = self.till().map(|till| till.desk()) else { return };
        let Some(place) = self.front.lists.iter().position(|(of, _)| *of == staff.id) else { return };
        if self.front.sheets.is_empty() {
            let (_, mut list) = self.front.lists.remove(place);
            list.warned = false;
            self.front.sheets.push(list);
            // The Enter after a PIN may come twice.
            self.note_added();
        }
    }

    /// Goods that were scanned: one more of them.
    pub(super) fn scan_for_stock(&mut self, text: &str) -> bool {
        self.note_added();
        let Some((item, more)) = self.goods_of_stock(text) else {
            self.unknown_in_stock(text);
            return true;
        };
        if let Some(sheet) = self.sheet_mut() {
            sheet.warned = false;
        }
        // Of weighed goods somebody types how much.
        let more = if more == 0 { 1_000 } else { more };
        let Some(sheet) = self.front.sheets.last_mut() else { return true };
        match sheet.items.iter().position(|known| known.sku == item.sku) {
            Some(row) => {
                let sum = sheet.counts[row].saturating_add(more);
                if Quantity::from_thousandths(sum).is_some() {
                    sheet.counts[row] = sum;
                }
                sheet.row = row;
            }
            None if sheet.items.len() >= domain::stock::STOCK_LINES_MAX => {
                self.front.say(
                    Tone::Attend,
                    ("这张单满了", "按 F8 先记账，再开一张。"),
                    ("This document is full", "F8 writes it down; then begin another."),
                );
                self.commands.push(Command::Play(Sound::Blocked));
                return true;
            }
            None => {
                sheet.items.push(item);
                sheet.counts.push(more);
                sheet.row = sheet.items.len() - 1;
            }
        }
        if let Some(field) = sheet.fields.first_mut() {
            field.text.clear();
        }
        self.commands.push(Command::Play(Sound::Accepted));
        true
    }

    /// A scan in the stock room that is no goods.
    pub(super) fn unknown_in_stock(&mut self, text: &str) {
        let code = text.chars().filter(|character| !character.is_control()).take(32).collect();
        self.commands.push(Command::Play(Sound::Unknown));
        self.front.notice = Some(Notice::UnknownCode { code });
    }

    pub(super) fn go_stock(&mut self) {
        let Some(sheet) = self.front.sheets.last_mut() else { return };
        let typed = sheet.text(sheet.focus).trim().to_owned();
        match sheet.focus {
            0 if typed.is_empty() => {
                let Kind::Stock(work) = sheet.kind else { return };
                if !self.was_just_added() {
                    self.write_stock(work);
                }
            }
            0 => {
                self.scan_for_stock(&typed);
            }
            QUANTITY => {
                let row = sheet.row.min(sheet.items.len().saturating_sub(1));
                let Some(item) = sheet.items.get(row) else { return };
                let thousandths = super::give_back::thousandths(&typed).filter(|thousandths| {
                    Quantity::from_thousandths(*thousandths).is_some()
                        && (item.weighed || thousandths % 1_000 == 0)
                });
                let Some(thousandths) = thousandths else {
                    return self.notice(Notice::QuantityRange { max: Quantity::MAX.to_string() });
                };
                sheet.counts[row] = thousandths;
                sheet.fields[QUANTITY].text.clear();
                sheet.focus = 0;
                self.note_added();
            }
            _ => {
                sheet.focus = 0;
                self.note_added();
            }
        }
    }

    pub(super) fn key_stock(&mut self, work: StockWork, index: usize) {
        let reasons = if work == StockWork::Waste { WASTE.len() } else { 0 };
        let Some(sheet) = self.sheet_mut() else { return };
        if index < reasons {
            sheet.reason = index;
        } else if index == reasons {
            let row = sheet.row.min(sheet.items.len().saturating_sub(1));
            if row < sheet.items.len() {
                sheet.items.remove(row);
                sheet.counts.remove(row);
                sheet.row = row.saturating_sub(1);
            }
        } else {
            self.write_stock(work);
        }
    }

    fn write_stock(&mut self, work: StockWork) {
        let Some(sheet) = self.front.sheets.last() else { return };
        let typed = sheet.text(DOCUMENT).trim().to_owned();
        if self.warns_of_withdrawn(work.kind(sheet.reason), &typed) {
            return;
        }
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.front.sheets.last() else { return };
        let lines: Vec<StockLine> = sheet
            .items
            .iter()
            .zip(&sheet.counts)
            .filter_map(|(item, count)| {
                Some(StockLine { sku: item.sku.clone(), quantity: Quantity::from_thousandths(*count)? })
            })
            .collect();
        let typed = |field: usize| sheet.text(field).trim().to_owned();
        let identity = open.journal().identity();
        let document = Some(typed(DOCUMENT)).filter(|typed| !typed.is_empty()).unwrap_or_else(|| {
            // No two documents of one lane and epoch come after the same event.
            format!("{}-{}-{}", identity.lane, identity.epoch, open.journal().head().seq + 1)
        });
        let kind = work.kind(sheet.reason);
        let reason = match work {
            StockWork::Waste => {
                WASTE.get(sheet.reason).map(|(_, chinese, english, _)| self.words(chinese, english))
            }
            StockWork::Receive | StockWork::GiveBack | StockWork::TransferOut | StockWork::TransferIn => None,
        };
        let (items, other) = (lines.len(), if kind.names_other() { typed(OTHER) } else { String::new() });
        let movement =
            Movement { kind, document: document.clone(), other, lines, reason: reason.unwrap_or_default() };
        let of = sheet.of_transfer.as_ref().filter(|of| of.told().number == movement.document);
        let differing = of.map_or(0, |of| of.differing(&movement));
        if self.attempt(Input::MoveStock(Box::new(movement))) == Attempt::Done {
            self.close_sheets();
            let (chinese, english) = work.name();
            let what = super::say(
                self.front.language,
                &format!("{chinese}已记账：{items} 种"),
                &format!("{english}: {items} items written down"),
            );
            let rest = super::say(
                self.front.language,
                &format!("单号 {document}。总部收到后库存就变。"),
                &format!("Document {document}. Stock follows when HQ has it."),
            );
            let differs = super::say(
                self.front.language,
                &format!("与单上不同 {differing} 种，总部看得到。"),
                &format!(" {differing} items differ from what was asked for; HQ sees which."),
            );
            let rest = if differing > 0 { rest + &differs } else { rest };
            self.front.notice = Some(Notice::Said { tone: Tone::Good, what, rest });
        }
    }

    /// What is missing of a document of the stock room.
    pub(crate) fn stock_refused(language: view::Language, refusal: StockRefusal) -> Notice {
        let (chinese, english) = match refusal {
            StockRefusal::Lines => (
                ("单上没有商品", "先扫商品，再按 F8。"),
                ("No goods on the document", "Scan goods, then F8."),
            ),
            StockRefusal::Document => (
                ("单号不行", "不超过 64 个字符；空着就自动编号。"),
                ("That number will not do", "64 bytes at most; leave it empty to have one made up."),
            ),
            StockRefusal::Other => (
                ("没写对方是谁", "按 Tab 到供应商或门店一栏，写上再按 F8。"),
                ("The other side is missing", "Tab to supplier or store, write it, then F8."),
            ),
            StockRefusal::Item => (
                ("同一商品写了两次", "删掉一行，再按 F8。"),
                ("An item stands there twice", "Take one line out, then F8."),
            ),
            StockRefusal::Quantity => (
                ("数量不对", "改成 0.001 到上限之间的数，再按 F8。"),
                ("A quantity is wrong", "Set it again, then F8."),
            ),
            StockRefusal::Positions => {
                (("收银台写了两次", "重新盘点。"), ("A lane stands there twice", "Count again."))
            }
        };
        let (what, rest) = match language {
            view::Language::Chinese => chinese,
            view::Language::English => english,
        };
        Notice::Said { tone: Tone::Attend, what: what.to_owned(), rest: rest.to_owned() }
    }

    /// Where there is any of the goods whose price is shown.
    pub(super) fn ask_where(&mut self) {
        let chosen = self.sheet().and_then(|sheet| sheet.items.get(sheet.row)).cloned();
        if let Some(item) = chosen {
            self.ask_for_stock(item.sku.clone());
        }
    }

    /// HQ said where there is any, or nobody did.
    pub(crate) fn show_stock_of(&mut self, sku: &str, places: Option<Vec<StockAt>>) {
        let Some(places) = places else {
            return self.front.say(
                Tone::Attend,
                ("现在查不到库存", "连不上总部。卖货不受影响，过一会再查。"),
                ("Stock is not known now", "HQ cannot be reached. Selling goes on; try again later."),
            );
        };
        let State::Open(open) = &self.state else { return };
        let Ok(Some(item)) = open.reference().item_by_sku(sku) else { return };
        let here = open.store().code.clone();
        let rows: Vec<SheetRow> = places
            .iter()
            .map(|place| {
                let told = self.words(&place.name_zh, &place.name_en);
                let mut detail = Vec::new();
                let name = if place.store == here {
                    self.words("本店", "Here")
                } else if told.is_empty() {
                    place.store.clone()
                } else {
                    detail.push(place.store.clone());
                    told
                };
                detail.extend(place.metres.map(distance));
                if place.reserved != 0 {
                    detail.push(format!(
                        "{} {}",
                        self.words("已留", "reserved"),
                        amount(&item, place.reserved)
                    ));
                }
                if place.in_transit != 0 {
                    detail.push(format!(
                        "{} {}",
                        self.words("在途", "on the way"),
                        amount(&item, place.in_transit)
                    ));
                }
                let tone = if place.on_hand <= 0 { Tone::Attend } else { Tone::Quiet };
                SheetRow { detail: detail.join(" · "), tone, ..fact(name, amount(&item, place.on_hand)) }
            })
            .collect();
        self.open_sheet(Kind::OnHand);
        if let Some(sheet) = self.sheet_mut() {
            sheet.items = vec![item];
            sheet.listed = rows;
        }
    }

    pub(super) fn show_on_hand(&self, sheet: &Open) -> view::Sheet {
        let name = sheet.items.first().map(|item| present::name(item, self.front.language));
        view::Sheet {
            text: self.words(
                "总部账上的数，卖出要等上传才会减。少于零说明账没对上，请盘点。",
                "What HQ's books say; sales count when they have come in. Less than nothing: count it.",
            ),
            rows: sheet.listed.clone(),
            selected: Some(sheet.row),
            empty: self.words("哪里都没有", "There is none anywhere"),
            go: self.words("知道了", "Done"),
            ..self.blank(name.unwrap_or_default())
        }
    }
}

/// How far it is to a store, as people say it.
fn distance(metres: u32) -> String {
    match metres {
        0..1_000 => format!("{} m", metres.div_ceil(50) * 50),
        1_000..100_000 => format!("{}.{} km", metres / 1_000, metres % 1_000 / 100),
        _ => format!("{} km", metres / 1_000),
    }
}

/// So much of an item, as people read it.
pub(super) fn amount(item: &Item, thousandths: i64) -> String {
    let sign = if thousandths < 0 { "−" } else { "" };
    let (whole, part) = (thousandths.unsigned_abs() / 1_000, thousandths.unsigned_abs() % 1_000);
    if item.weighed || part != 0 { format!("{sign}{whole}.{part:03}") } else { format!("{sign}{whole}") }
}
