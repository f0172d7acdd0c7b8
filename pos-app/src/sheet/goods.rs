//! Goods by name, initials or code: to sell them, or to see what they cost.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::barcode::Barcode;
use domain::catalogue::{Catalogue, Item};
use domain::money::{Currency, Money};
use domain::till::Desk;
use drivers::sound::Tone as Sound;
use ledger::reference::ReferenceError;
use ui::view::{self, Figure, Notice, Tone};

use super::{Kind, Open, key, numbered};
use crate::entry::is_number;
use crate::lane::{Command, Lane, Moment, OpenLane, State};
use crate::present;

/// The most goods that a search shows; more is said.
const FOUND_MAX: usize = 24;

/// The goods that a typed text asks for: by what they cost where it says an amount (`12.50`, `¥12`, `12元`, beside
/// other words or alone), else by words. An amount without a sign may be a size: those follow.
pub(crate) fn found(
    open: &OpenLane,
    moment: Moment,
    text: &str,
    limit: usize,
) -> Result<Vec<Arc<Item>>, ReferenceError> {
    let currency = &open.settings().currency;
    let reference = open.reference();
    let asked = text.split_whitespace().find_map(|word| Some((word, amount_of(word, currency)?)));
    let Some((word, amount)) = asked else { return reference.search(text, limit) };
    let others: Vec<&str> = text.split_whitespace().filter(|other| *other != word).collect();
    let costs = |item: &Item| present::prices_now(open, item, moment).contains(&amount);
    let mut items = reference.at_price(amount, &others.join(" "), limit, costs)?;
    if word.chars().all(|character| character.is_ascii_digit() || character == '.') {
        let sized = reference.search(text, limit)?;
        let known: BTreeSet<String> = items.iter().map(|item| item.sku.clone()).collect();
        items.extend(sized.into_iter().filter(|item| !known.contains(&item.sku)));
        items.truncate(limit);
    }
    Ok(items)
}

/// An amount that is written as one: with the sign of the currency, or with decimals.
fn amount_of(word: &str, currency: &Currency) -> Option<Money> {
    let bare = word.trim_start_matches(['¥', '￥']).trim_start_matches(currency.symbol.as_str());
    let bare = bare.trim_end_matches(['元', '块']);
    let is_amount = bare != word || bare.contains('.');
    currency.parse(bare).ok().filter(|amount| is_amount && amount.is_positive())
}

impl Lane {
    pub(super) fn show_goods(&self, open: &OpenLane, sheet: &Open, selling: bool) -> view::Sheet {
        let rows: Vec<_> = sheet
            .items
            .iter()
            .take(FOUND_MAX)
            .enumerate()
            .map(|(index, item)| {
                let tile = present::tile(self, open, item);
                let name =
                    if tile.spec.is_empty() { tile.name } else { format!("{} {}", tile.name, tile.spec) };
                numbered(index, name, tile.code, tile.price)
            })
            .collect();
        let figure = sheet.items.get(sheet.row).filter(|_| !selling).map(|item| {
            let tile = present::tile(self, open, item);
            Figure { label: tile.name, value: tile.price, tone: Tone::Quiet }
        });
        let more = sheet.items.len() > FOUND_MAX;
        let text = if more {
            self.words("还有更多，请接着输入。", "More goods match: type on.")
        } else if selling {
            self.words(
                "拼音首字母、品名（可用输入法）、编码或价格（12.50）。回车加入。",
                "Initials, name (an input method may write), code or price (12.50). Enter adds it.",
            )
        } else {
            self.words("扫码或输入来查价，不会加入购物篮。", "Scan or type to see a price; nothing is added.")
        };
        let typed = !sheet.text(0).is_empty();
        view::Sheet {
            text,
            figure,
            fields: self.fields(sheet, &[("查找", "Find")]),
            selected: (!rows.is_empty()).then_some(sheet.row),
            empty: if typed {
                self.words("没有找到", "Nothing found")
            } else {
                self.words("例：xjnn → 香蕉牛奶", "For example: xjnn")
            },
            can_go: !rows.is_empty(),
            rows,
            keys: if selling {
                Vec::new()
            } else {
                vec![
                    view::SheetKey {
                        enabled: !sheet.items.is_empty(),
                        ..key(self.words("卖这个", "Sell it"), "F4")
                    },
                    view::SheetKey {
                        enabled: !sheet.items.is_empty(),
                        ..key(self.words("哪里有货", "Where in stock"), "F6")
                    },
                ]
            },
            go: if selling { self.words("加入", "Add") } else { self.words("卖这个", "Sell it") },
            letters: selling || sheet.items.is_empty(),
            ..self.blank(if selling {
                self.words("查找商品", "Find goods")
            } else {
                self.words("查价", "Price check")
            })
        }
    }

    /// Looks for what was typed.
    pub(super) fn find_goods(&mut self) {
        let Some(text) = self.sheet().map(|sheet| sheet.text(0).trim().to_owned()) else { return };
        let named = self.named(&text);
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.front.sheets.last_mut() else { return };
        sheet.row = 0;
        sheet.is_chosen = false;
        if text.is_empty() {
            sheet.items.clear();
            return;
        }
        match found(open, self.moment, &text, FOUND_MAX + 1) {
            Ok(items) => {
                sheet.items = items;
                // Whoever types all of a number means it.
                if let Some(named) = named {
                    sheet.items.retain(|item| item.sku != named.sku);
                    sheet.items.insert(0, named);
                    sheet.is_chosen = true;
                }
            }
            Err(error) => {
                self.front.notice = Some(Notice::ReferenceFault { reason: crate::lane::words(&error) });
            }
        }
    }

    /// The goods of which this is a whole number: item code, PLU, or a barcode.
    fn named(&self, text: &str) -> Option<Arc<Item>> {
        let State::Open(open) = &self.state else { return None };
        let reference = open.reference();
        let by_barcode = || match self.recognised(text)? {
            Barcode::Goods(goods) => Some(reference.item_by_gtin(&goods.gtin).ok()??.item),
            Barcode::Scale(_)
            | Barcode::Member(_)
            | Barcode::Coupon(_)
            | Barcode::Staff(_)
            | Barcode::Receipt(_)
            | Barcode::Label(_)
            | Barcode::Phone(_)
            | Barcode::Payment
            | Barcode::ItemCode(_)
            | Barcode::Misread(..)
            | Barcode::Malformed(_)
            | Barcode::Other(_) => None,
        };
        if !is_number(text) {
            return None;
        }
        let by_code = || reference.item_by_plu(text).ok()?.or_else(|| reference.item_by_sku(text).ok()?);
        by_code().or_else(by_barcode)
    }

    /// Whether Enter is answered with a question: several goods begin with these digits, and nobody chose among them.
    /// Digits alone may be a piece of a scan that something between scanner and window tore.
    pub(super) fn asks_which(&mut self) -> bool {
        let Some(sheet) = self.front.sheets.last_mut() else { return false };
        let text = sheet.text(0).trim();
        let asks = matches!(sheet.kind, Kind::Goods { .. })
            && !sheet.is_chosen
            && sheet.items.len() > 1
            && is_number(text);
        if asks {
            sheet.is_chosen = true;
            self.front.say(
                Tone::Attend,
                ("这些数字对应多种商品", "再按一次回车选中第一个，或用方向键选择，或接着输入。"),
                (
                    "Several goods begin so",
                    "Enter again takes the first; or choose with the arrows, or type on.",
                ),
            );
            self.commands.push(Command::Play(Sound::Blocked));
        }
        asks
    }

    pub(super) fn go_goods(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let chosen = sheet.items.get(sheet.row).map(|item| item.sku.clone());
        if let Some(sku) = chosen {
            self.close_sheets();
            self.front.line = None;
            self.choose(sku, None);
        }
    }

    pub(super) fn key_goods(&mut self, index: usize) {
        match index {
            0 => self.go_goods(),
            _ => self.ask_where(),
        }
    }

    /// What was scanned is shown with its price and not sold.
    pub(super) fn scan_for_price(&mut self, text: &str) -> bool {
        let Some(barcode) = self.recognised(text) else { return false };
        let State::Open(open) = &self.state else { return false };
        let reference = open.reference();
        let item = match &barcode {
            Barcode::Goods(goods) => {
                reference.item_by_gtin(&goods.gtin).map(|found| found.map(|found| found.item))
            }
            Barcode::Scale(label) => reference.item_by_plu(&label.plu),
            Barcode::ItemCode(code) | Barcode::Misread(code, _) => match reference.item_by_plu(code) {
                Ok(None) => reference.item_by_sku(code),
                answer => answer,
            },
            Barcode::Member(_)
            | Barcode::Coupon(_)
            | Barcode::Staff(_)
            | Barcode::Receipt(_)
            | Barcode::Label(_)
            | Barcode::Phone(_)
            | Barcode::Payment
            | Barcode::Malformed(_)
            | Barcode::Other(_) => Ok(None),
        };
        match item {
            Ok(Some(item)) => {
                if let Some(sheet) = self.front.sheets.last_mut() {
                    sheet.items = vec![item];
                    sheet.row = 0;
                }
                self.commands.push(Command::Play(Sound::Accepted));
            }
            Ok(None) => {
                let code = text.chars().filter(|character| !character.is_control()).take(32).collect();
                self.front.notice = Some(Notice::UnknownCode { code });
                self.commands.push(Command::Play(Sound::Unknown));
            }
            Err(fault) => self.notice(Notice::ReferenceFault { reason: fault.0 }),
        }
        true
    }

    /// Whether goods can be looked for now.
    pub(super) fn is_selling(&self) -> bool {
        self.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_) | Desk::Done(..)))
    }
}
