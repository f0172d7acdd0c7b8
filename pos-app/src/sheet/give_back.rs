//! Goods that come back: by receipt, or without one; what is left of each line and where the money goes is shown
//! before anything is confirmed.

use std::sync::Arc;

use domain::barcode::{Barcode, ReceiptCode};
use domain::catalogue::{Catalogue, Item};
use domain::gift::KeptGift;
use domain::money::{Currency, Money, Quantity};
use domain::record::Record;
use domain::refund::{Origin, PastSale};
use domain::till::Input;
use ui::view::{self, Figure, Notice, SheetKey, SheetRow, Tone};

use super::{Attempt, BoughtBy, Kind, Open, key, numbered};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// Why goods come back, as keys.
const REASONS: [(&str, &str); 4] = [
    ("质量问题", "Faulty"),
    ("不合适", "Not wanted"),
    ("买错了", "Bought by mistake"),
    ("价格不符", "Price was wrong"),
];

/// Their keys of the keyboard.
const SHORTCUTS: [&str; 4] = ["F2", "F3", "F4", "F6"];

impl Lane {
    fn reason_keys(&self, sheet: &Open) -> Vec<SheetKey> {
        REASONS
            .iter()
            .zip(SHORTCUTS)
            .enumerate()
            .map(|(index, ((chinese, english), shortcut))| SheetKey {
                on: index == sheet.reason,
                ..key(self.words(chinese, english), shortcut)
            })
            .collect()
    }

    fn chosen_reason(&self, sheet: &Open) -> String {
        REASONS.get(sheet.reason).map(|(chinese, english)| self.words(chinese, english)).unwrap_or_default()
    }

    pub(super) fn show_give_back(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let basket = open.basket();
        let currency = &open.settings().currency;
        let Some(past) = basket.past() else {
            let blind = !basket.returns().is_empty();
            let asks = self.waits_for_receipt();
            return view::Sheet {
                tone: Tone::Attend,
                text: if asks {
                    self.words(
                        "正在问总部这张小票还剩多少可退，最多等一秒半。现在按的键会记着。",
                        "Asking HQ what is left of this receipt: a second and a half at most. Keys typed now are kept.",
                    )
                } else if blind {
                    self.words(
                        "无小票退货进行中：按 F6 继续，空格去付款，或 Del 放弃。",
                        "A return without receipt is under way: F6 goes on, Del drops it.",
                    )
                } else {
                    self.words(
                        "扫小票下方的码，或输入小票号（最后一段也行）。没带小票：扫会员码或输手机号，刷卡的按 F8。",
                        "Scan the code on the receipt, or type its number (the last part will do). No receipt: scan the member's card or type the telephone; paid by card, F8.",
                    )
                },
                fields: self.fields(sheet, &[("小票号，或会员手机", "Receipt number, or telephone")]),
                keys: vec![
                    SheetKey { stop: true, ..key(self.words("无小票退货", "Without receipt"), "F6") },
                    key(self.words("按会员找", "By member"), "F7"),
                    key(self.words("按刷卡找", "By card"), "F8"),
                    SheetKey {
                        stop: true,
                        enabled: blind,
                        ..key(self.words("放弃退货", "Drop the return"), "Del")
                    },
                ],
                go: self.words("查小票", "Find"),
                can_go: !sheet.text(0).is_empty() && !asks,
                ..self.blank(self.words("退货", "Return"))
            };
        };
        let gifts = gifts_of(open);
        let rows: Vec<SheetRow> = past
            .lines
            .iter()
            .enumerate()
            .map(|(index, line)| {
                let left = past.quantity_left(line.line.number, basket.returns());
                let taken: i64 = basket
                    .returns()
                    .iter()
                    .filter(|back| back.line == line.line.number)
                    .map(|back| back.quantity.thousandths())
                    .sum();
                let (sold, left_words) = (line.line.quantity.to_string(), quantity(left));
                let detail = if taken > 0 {
                    super::say(
                        self.front.language,
                        &format!("买 {sold} · 本次退 {} · 还可退 {left_words}", quantity(taken)),
                        &format!("bought {sold} · back now {} · left {left_words}", quantity(taken)),
                    )
                } else {
                    super::say(
                        self.front.language,
                        &format!("买 {sold} · 可退 {left_words}"),
                        &format!("bought {sold} · left {left_words}"),
                    )
                };
                let gift = gifts.iter().find(|kept| kept.line == line.line.number);
                let detail = match gift {
                    None => detail,
                    Some(kept) => format!("{detail} · {}", self.gift_words(kept, currency)),
                };
                SheetRow {
                    tone: match gift {
                        Some(_) => Tone::Attend,
                        None if taken > 0 => Tone::Stop,
                        None => Tone::Quiet,
                    },
                    ..numbered(
                        index,
                        present::name(&line.line.item, self.front.language),
                        detail,
                        currency.format(line.line.net()),
                    )
                }
            })
            .collect();
        let due = open.till().due(open.settings());
        let number = domain::receipt::number(&past.origin);
        let mut keys = self.reason_keys(sheet);
        keys.push(key(self.words("全部退", "All of it"), "F7"));
        keys.push(SheetKey {
            enabled: !basket.returns().is_empty(),
            on: true,
            ..key(self.words("去退款", "Pay back"), "F8")
        });
        keys.push(SheetKey { stop: true, ..key(self.words("放弃退货", "Drop the return"), "Del") });
        let gives = due.payable < Money::ZERO;
        view::Sheet {
            tone: Tone::Stop,
            text: self.money_goes(open),
            figure: Some(Figure {
                label: if gives {
                    self.words("应退", "To be paid back")
                } else {
                    self.words("应收", "To be paid")
                },
                value: currency.format(if gives { -due.payable } else { due.payable }),
                tone: if gives { Tone::Stop } else { Tone::Quiet },
            }),
            selected: Some(sheet.row),
            rows,
            keys,
            entry_label: self.words("数量（空=1，称重=全部）", "Quantity (empty: 1, weighed: all)"),
            go: self.words("退这一行", "Return this line"),
            ..self.blank(format!("{} · {number}", self.words("退货", "Return")))
        }
    }

    /// Where the money of an open return goes, and which points with it.
    pub(crate) fn money_goes(&self, open: &OpenLane) -> String {
        let currency = &open.settings().currency;
        let due = open.till().due(open.settings());
        let parts: Vec<String> = due
            .payout
            .iter()
            .map(|tender| {
                let name = present::tender_name(tender.kind(), self.front.language);
                format!("{name} {}", currency.format(-tender.amount()))
            })
            .collect();
        let money = if parts.is_empty() {
            self.words(
                "选要退的行，回车。可以接着扫新商品来换货。",
                "Choose a line, Enter. Scan new goods to exchange.",
            )
        } else {
            format!("{}{}", self.words("钱退到：", "Money goes to: "), parts.join(" · "))
        };
        let kept: Money = gifts_of(open).iter().map(|kept| kept.amount).sum();
        let money = if kept == Money::ZERO {
            money
        } else {
            let kept = currency.format(kept);
            super::say(
                self.front.language,
                &format!("{money}。赠品未退，已扣 {kept}"),
                &format!("{money}. Gifts kept: {kept} taken off"),
            )
        };
        let money = format!("{money}{}", self.exchange_words(open));
        let money = match self.coupon_words(open) {
            None => money,
            Some(coupons) => format!("{money}{}{coupons}", self.words("。", ". ")),
        };
        let points = open.basket().points_back().filter(|points| points.reversed > 0 || points.restored > 0);
        match points {
            None => money,
            Some(points) => super::say(
                self.front.language,
                &format!("{money}。积分收回 {}，退还 {}", points.reversed, points.restored),
                &format!("{money}. Points: {} taken back, {} given back", points.reversed, points.restored),
            ),
        }
    }

    /// Of an exchange, what comes back and what is bought, of which the difference is paid.
    fn exchange_words(&self, open: &OpenLane) -> String {
        let (basket, currency) = (open.basket(), &open.settings().currency);
        if basket.lines().is_empty() || basket.returns().is_empty() {
            return String::new();
        }
        let back: Money = basket.returns().iter().map(|back| back.amount).sum();
        let new: Money = basket.lines().iter().map(domain::basket::Line::net).sum();
        let (back, new) = (currency.format(back), currency.format(new));
        super::say(
            self.front.language,
            &format!("。换货：退回 {back}，新买 {new}，只收退差价"),
            &format!(". Exchange: {back} back, {new} bought, the difference is paid"),
        )
    }

    /// Whether coupons of the sale are good again with this return; `None` where none was spent on it.
    fn coupon_words(&self, open: &OpenLane) -> Option<String> {
        let past = open.basket().past().filter(|past| !past.coupons.is_empty())?;
        let back = open.basket().coupons_back();
        Some(if back.is_empty() {
            let spent = past.coupons.len();
            super::say(
                self.front.language,
                &format!("用过的 {spent} 张券不退，全部退完才退"),
                &format!("Coupons spent on it ({spent}) stay spent until all of it is back"),
            )
        } else {
            format!("{} {}", self.words("券退还：", "Coupons given back:"), back.join(" "))
        })
    }

    /// That a gift is kept, or is no more, and what that is worth.
    fn gift_words(&self, kept: &KeptGift, currency: &Currency) -> String {
        if kept.amount < Money::ZERO {
            let amount = currency.format(-kept.amount);
            let english = format!("gift brought back, {amount} more");
            return super::say(self.front.language, &format!("赠品退回，多退 {amount}"), &english);
        }
        let amount = currency.format(kept.amount);
        let english = format!("gift kept, {amount} taken off");
        super::say(self.front.language, &format!("赠品未退，扣 {amount}"), &english)
    }

    /// A typed number, or the chosen line.
    pub(super) fn go_give_back(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.front.sheets.last() else { return };
        let typed = sheet.text(0).trim().to_owned();
        let Some(past) = open.basket().past() else {
            if self.names_member(&typed) {
                return self.find_bought(&typed);
            }
            let code = typed_number(open, &typed);
            match code {
                Some(code) => self.claim_receipt(code),
                None => self.notice(Notice::NothingToReturn),
            }
            return;
        };
        let Some(line) = past.lines.get(sheet.row) else { return };
        let number = line.line.number;
        let left = past.quantity_left(number, open.basket().returns());
        let thousandths = match typed.as_str() {
            "" if line.line.item.weighed => Some(left),
            "" => Some(1_000.min(left)),
            text => thousandths(text),
        };
        let Some(thousandths) = thousandths else {
            return self.notice(Notice::QuantityRange { max: quantity(left) });
        };
        let reason = self.chosen_reason(sheet);
        match self.attempt(Input::ReturnLine { line: number, thousandths, reason }) {
            Attempt::Refused => {}
            // Who is asked to approve may refuse: what was typed stays until it is done.
            Attempt::Asked => self.rest(),
            Attempt::Done => self.line_came_back(),
        }
    }

    /// A line came back: what was typed of it goes, and another Enter waits a moment.
    pub(super) fn line_came_back(&mut self) {
        if let Some(field) = self.sheet_mut().and_then(Open::focused) {
            field.text.clear();
        }
        self.rest();
    }

    fn return_all(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.front.sheets.last() else { return };
        let reason = self.chosen_reason(sheet);
        let Some(past) = open.basket().past() else { return };
        let left: Vec<(u32, i64)> = past
            .lines
            .iter()
            .map(|line| (line.line.number, past.quantity_left(line.line.number, open.basket().returns())))
            .filter(|(_, left)| *left > 0)
            .collect();
        for (line, thousandths) in left {
            if self.attempt(Input::ReturnLine { line, thousandths, reason: reason.clone() }) != Attempt::Done
            {
                return;
            }
        }
    }

    pub(super) fn key_give_back(&mut self, index: usize) {
        let State::Open(open) = &self.state else { return };
        if open.basket().past().is_none() {
            match index {
                0 => self.open_sheet(Kind::Blind),
                1 => self.open_bought(BoughtBy::Member, ""),
                2 => self.open_bought(BoughtBy::Payment, ""),
                _ => self.attempt_and_close(Input::DropReturn),
            }
            return;
        }
        match index {
            0..=3 => {
                if let Some(sheet) = self.sheet_mut() {
                    sheet.reason = index;
                }
            }
            4 => self.return_all(),
            5 => {
                self.close_sheets();
                self.input(Input::Pay);
            }
            _ => self.attempt_and_close(Input::DropReturn),
        }
    }

    /// A receipt that was scanned on the sheet; goods go past it.
    pub(super) fn scan_for_return(&mut self, text: &str) -> bool {
        let State::Open(open) = &self.state else { return false };
        let begun = open.basket().past().is_some();
        match self.recognised(text) {
            Some(Barcode::Receipt(code)) => self.claim_receipt(code),
            Some(Barcode::Member(_)) if !begun => self.find_bought(text),
            Some(_) | None => return false,
        }
        true
    }

    /// The receipts of a member whose card was scanned, or whose number was typed, on this sheet.
    fn find_bought(&mut self, text: &str) {
        if let Some(field) = self.sheet_mut().and_then(Open::focused) {
            field.text.clear();
        }
        self.open_bought(BoughtBy::Member, text.trim());
    }

    /// A receipt that was scanned at the counter.
    pub(super) fn begin_return_of(&mut self, code: ReceiptCode) {
        self.close_sheets();
        self.open_sheet(Kind::GiveBack);
        self.claim_receipt(code);
    }

    /// A sheet on which no return was begun after all goes away.
    pub(crate) fn end_begin_of_return(&mut self) {
        let State::Open(open) = &self.state else { return };
        let begun = open.basket().past().is_some() || open.till().pending().is_some();
        let typed = self.front.sheets.last().is_some_and(|sheet| !sheet.text(0).is_empty());
        if !begun && !typed {
            self.front.sheets.retain(|sheet| sheet.kind != Kind::GiveBack);
        }
    }

    /// Goods of a sale that HQ holds for this lane come back.
    pub(crate) fn begin_claimed_return(&mut self, past: PastSale) {
        if !self.front.sheets.iter().any(|sheet| sheet.kind == Kind::GiveBack) {
            self.open_sheet(Kind::GiveBack);
        }
        self.begin_return(past);
        self.end_begin_of_return();
    }

    fn begin_return(&mut self, past: PastSale) {
        if self.attempt(Input::BeginReturn { past: Box::new(past) }) != Attempt::Refused
            && let Some(place) = self.front.sheets.iter().position(|sheet| sheet.kind == Kind::GiveBack)
        {
            let sheet = &mut self.front.sheets[place];
            sheet.row = 0;
            if let Some(field) = sheet.focused() {
                field.text.clear();
            }
            // What it was found by has done its work.
            self.front.sheets.retain(|sheet| !matches!(sheet.kind, Kind::Bought(_)));
        }
    }

    /// Looks a past sale up in this lane's journal, and begins its return.
    pub(crate) fn find_own_receipt(&mut self, code: &ReceiptCode) {
        let State::Open(open) = &self.state else { return };
        let identity = open.journal().identity();
        if !code.store.eq_ignore_ascii_case(&identity.store) || code.lane != identity.lane {
            let what = super::say(
                self.front.language,
                &format!("这是 {} 店 {} 号台的小票", code.store, code.lane),
                &format!("That receipt is of store {}, lane {}", code.store, code.lane),
            );
            let rest = self.words(
                "没有退钱。请到那台退，或请主管做无小票退货（F5 再 F6）。",
                "No money was given. Return it at that lane, or without receipt (F5, then F6).",
            );
            return self.notice(Notice::Said { tone: Tone::Attend, what, rest });
        }
        match past_sale(open, code) {
            Ok(Some(past)) => self.begin_return(past),
            Ok(None) => {
                let number = code.seq;
                let what = super::say(
                    self.front.language,
                    &format!("本台没有这张小票：{number}"),
                    &format!("This lane has no such receipt: {number}"),
                );
                let rest = self.words(
                    "没有退钱。核对小票号再试。",
                    "No money was given. Check the number and try again.",
                );
                self.notice(Notice::Said { tone: Tone::Attend, what, rest });
            }
            Err(error) => self.notice(Notice::LedgerFault { reason: crate::lane::words(&error) }),
        }
    }

    pub(super) fn show_blind(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let currency = &open.settings().currency;
        let item = sheet.items.first();
        let name = item.map(|item| present::name(item, self.front.language));
        let due = open.till().due(open.settings());
        let rows = open
            .basket()
            .returns()
            .iter()
            .enumerate()
            .map(|(index, back)| SheetRow {
                key: String::new(),
                tone: Tone::Stop,
                ..numbered(
                    index,
                    present::name(&back.item, self.front.language),
                    format!("{} · {}", back.quantity, back.reason),
                    present::amount(currency, -back.amount),
                )
            })
            .collect();
        let mut keys = self.reason_keys(sheet);
        keys.push(SheetKey {
            enabled: !open.basket().returns().is_empty(),
            on: true,
            ..key(self.words("去退款", "Pay back"), "F8")
        });
        keys.push(SheetKey { stop: true, ..key(self.words("放弃退货", "Drop the return"), "Del") });
        let mut fields = self.fields(
            sheet,
            &[("商品", "Item"), ("数量", "Quantity"), ("单价（空=今天的价）", "Price (empty: today's)")],
        );
        if let (Some(name), Some(field)) = (name, fields.first_mut()) {
            field.value = name;
        }
        view::Sheet {
            tone: Tone::Stop,
            text: self.words(
                "没有小票：最多按今天的价退，退现金，要主管授权。扫商品，再输数量。",
                "Without a receipt: today's price at most, in cash, with approval. Scan the item, then how many.",
            ),
            figure: (due.payable < Money::ZERO).then(|| Figure {
                label: self.words("应退", "To be paid back"),
                value: currency.format(-due.payable),
                tone: Tone::Stop,
            }),
            fields,
            rows,
            keys,
            go: if sheet.focus == 2 || item.is_some() {
                self.words("退这些", "Return it")
            } else {
                self.words("下一步", "Next")
            },
            can_go: item.is_some() || !sheet.text(0).is_empty(),
            ..self.blank(self.words("无小票退货", "Return without receipt"))
        }
    }

    pub(super) fn scan_for_blind(&mut self, text: &str) -> bool {
        let Some(item) = self.goods_of_code(text) else {
            let code = text.chars().filter(|character| !character.is_control()).take(32).collect();
            self.notice(Notice::UnknownCode { code });
            return true;
        };
        if let Some(sheet) = self.front.sheets.last_mut() {
            sheet.items = vec![item];
            if let Some(field) = sheet.fields.first_mut() {
                field.text.clear();
            }
            sheet.focus = 1;
        }
        self.commands.push(crate::lane::Command::Play(drivers::sound::Tone::Accepted));
        true
    }

    /// The goods that a code stands for, if it is one of goods.
    pub(super) fn goods_of_code(&self, text: &str) -> Option<Arc<Item>> {
        let barcode = self.recognised(text)?;
        let State::Open(open) = &self.state else { return None };
        let reference = open.reference();
        let item = match &barcode {
            Barcode::Goods(goods) => {
                reference.item_by_gtin(&goods.gtin).map(|found| found.map(|found| found.item))
            }
            Barcode::ItemCode(code) | Barcode::Misread(code, _) => match reference.item_by_plu(code) {
                Ok(None) => reference.item_by_sku(code),
                answer => answer,
            },
            Barcode::Scale(label) => reference.item_by_plu(&label.plu),
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
        item.ok().flatten()
    }

    pub(super) fn go_blind(&mut self) {
        let Some(sheet) = self.front.sheets.last() else { return };
        let Some(item) = sheet.items.first().cloned() else {
            let code = sheet.text(0).to_owned();
            self.scan_for_blind(&code);
            return;
        };
        let typed = sheet.text(1);
        let count = match (typed, item.weighed) {
            ("", false) => Some(1),
            (text, false) => text.parse::<i64>().ok(),
            (text, true) => thousandths(text),
        };
        let Some(count) = count else {
            return self.notice(Notice::QuantityRange { max: Quantity::MAX.to_string() });
        };
        let unit_price = if sheet.text(2).is_empty() { None } else { self.amount(sheet.text(2)) };
        let reason = self.chosen_reason(sheet);
        let sku = item.sku.clone();
        if self.attempt(Input::ReturnBlind { sku, count, unit_price, reason }) != Attempt::Refused {
            if let Some(sheet) = self.front.sheets.iter_mut().find(|sheet| sheet.kind == Kind::Blind) {
                sheet.items.clear();
                sheet.focus = 0;
                for field in &mut sheet.fields {
                    field.text.clear();
                }
            }
            self.rest();
        }
    }

    pub(super) fn key_blind(&mut self, index: usize) {
        match index {
            0..=3 => {
                if let Some(sheet) = self.sheet_mut() {
                    sheet.reason = index;
                }
            }
            4 => {
                self.close_sheets();
                self.input(Input::Pay);
            }
            _ => self.attempt_and_close(Input::DropReturn),
        }
    }
}

/// The gifts that the open return keeps.
fn gifts_of(open: &OpenLane) -> Vec<KeptGift> {
    open.basket().kept_gifts(open.settings().rules.tax)
}

/// What is left of a sale of this lane.
fn past_sale(
    open: &OpenLane,
    code: &ReceiptCode,
) -> Result<Option<PastSale>, ledger::journal::ReadJournalError> {
    let Some(past) = open.journal().past_sale(code.epoch, code.seq)? else { return Ok(None) };
    let Record::SaleCompleted { sale } = &past.sale.record else { return Ok(None) };
    let later: Vec<_> = past
        .later
        .into_iter()
        .filter_map(
            |stored| if let Record::SaleCompleted { sale } = stored.record { Some(*sale) } else { None },
        )
        .collect();
    let origin = Origin {
        store: open.journal().identity().store.clone(),
        lane: code.lane,
        epoch: code.epoch,
        seq: code.seq,
    };
    Ok(Some(PastSale::new(origin, sale, &later, open.settings().rules.tax)))
}

/// A receipt's number as it is typed: the code, the printed number, or its last part.
fn typed_number(open: &OpenLane, text: &str) -> Option<ReceiptCode> {
    if let Some(Ok(code)) = ReceiptCode::read(text) {
        return Some(code);
    }
    let identity = open.journal().identity();
    let mut parts = text.rsplitn(4, '-');
    let seq = parts.next()?.parse().ok()?;
    let epoch = parts.next().map_or(Some(identity.epoch), |part| part.parse().ok())?;
    let lane = parts.next().map_or(Some(identity.lane), |part| part.parse().ok())?;
    let store = parts.next().map_or_else(|| identity.store.clone(), str::to_owned);
    Some(ReceiptCode { store, lane, epoch, seq })
}

fn quantity(thousandths: i64) -> String {
    Quantity::from_thousandths(thousandths).map_or_else(|| "0".to_owned(), |quantity| quantity.to_string())
}

/// A typed quantity such as `2` or `0.530`, in thousandths; `None` for what is none.
pub(super) fn thousandths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || text.is_empty() || text == "." {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i64 = if part.is_empty() { 0 } else { format!("{part:0<3}").parse().ok()? };
    whole.checked_mul(1_000)?.checked_add(part).filter(|all| *all > 0)
}

#[cfg(test)]
mod tests {
    use super::thousandths;

    #[test]
    fn a_quantity_is_read_as_it_is_typed() {
        for (text, read) in
            [("2", Some(2_000)), ("0.53", Some(530)), (".5", Some(500)), ("1.234", Some(1_234))]
        {
            assert_eq!(thousandths(text), read, "{text}");
        }
        for text in ["", ".", "0", "1.2345", "x", "1.2.3", "99999999999999999999"] {
            assert_eq!(thousandths(text), None, "{text}");
        }
    }
}
