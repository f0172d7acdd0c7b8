//! Who is credited for a line or the basket, and what is noted of it.

use std::sync::Arc;

use domain::barcode::Barcode;
use domain::basket::Basket;
use domain::seller::Seller;
use domain::till::Input;
use protocol::pull::StaffMember;
use ui::view::{self, Notice, SheetKey, SheetRow, Tone};

use super::{Attempt, Kind, Open, key};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// What is often noted, so that nobody has to type it.
const NOTES: [(&str, &str); 7] = [
    ("（不写备注）", "(no note)"),
    ("礼盒包装", "Gift wrap"),
    ("分开装", "Packed apart"),
    ("送货上门", "To be delivered"),
    ("要开发票", "Wants an invoice"),
    ("瑕疵已告知", "Was told of the flaw"),
    ("不要袋子", "No bag"),
];

/// The place of the key that means the basket, and of the one that means a line.
const WHOLE: usize = 0;
const LINE: usize = 1;

/// Somebody of the staff as a document remembers them for what they sold.
fn seller_of(member: &StaffMember) -> Arc<Seller> {
    Arc::new(Seller {
        id: member.id.clone(),
        number: member.number.clone(),
        name: member.name.clone(),
        level: member.role.clone(),
    })
}

/// Who is credited for a line, or the basket, as it is now.
fn named(basket: &Basket, line: Option<u32>) -> Option<&Arc<Seller>> {
    match line {
        None => basket.seller(),
        Some(number) => basket.line(number).and_then(|line| line.seller.as_ref()),
    }
}

impl Lane {
    /// What a sheet about a line or the basket is about, in words.
    fn what_about(&self, open: &OpenLane, line: Option<u32>) -> String {
        let line = line.and_then(|number| open.basket().line(number));
        match line {
            None => self.words("整单", "Whole basket"),
            Some(line) => present::name(&line.item, self.front.language),
        }
    }

    /// The keys that change between the basket and a line of it.
    fn about_keys(&self, open: &OpenLane, line: Option<u32>) -> Vec<SheetKey> {
        let any_line = !open.basket().lines().is_empty();
        vec![
            SheetKey { on: line.is_none(), ..key(self.words("整单", "Whole basket"), "F4") },
            SheetKey {
                on: line.is_some(),
                enabled: any_line,
                ..key(self.words("只这一行", "This line only"), "F5")
            },
        ]
    }

    pub(super) fn show_seller(&self, open: &OpenLane, sheet: &Open, line: Option<u32>) -> view::Sheet {
        let now = named(open.basket(), line);
        let rows: Vec<SheetRow> = open
            .staff()
            .iter()
            .map(|member| {
                let is_now = now.is_some_and(|seller| seller.id == member.id);
                SheetRow {
                    key: member.number.clone(),
                    name: member.name.clone(),
                    detail: String::new(),
                    value: if is_now { self.words("现在", "now") } else { String::new() },
                    tone: if is_now { Tone::Good } else { Tone::Quiet },
                    share: 0,
                }
            })
            .collect();
        let mut keys = self.about_keys(open, line);
        keys.push(SheetKey {
            enabled: now.is_some(),
            stop: true,
            ..key(self.words("不记导购", "Nobody"), "Del")
        });
        let (chinese, english) = ("导购", "Seller");
        view::Sheet {
            text: self.words(
                "扫工牌，或输入工号，或点人名。提成记给谁，小票上会写工号。",
                "Scan a staff card, type the number, or tap a name. The receipt says the number.",
            ),
            fields: self.fields(sheet, &[("工号", "Staff number")]),
            selected: (!rows.is_empty()).then_some(sheet.row),
            can_go: !rows.is_empty(),
            rows,
            empty: self.words("总部还没有下发员工", "HQ has told of no staff yet"),
            keys,
            go: self.words("记给此人", "Credit them"),
            ..self.blank(format!("{} · {}", self.words(chinese, english), self.what_about(open, line)))
        }
    }

    /// The row of whoever's number begins like what was typed.
    pub(super) fn follow_staff_number(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.front.sheets.last_mut() else { return };
        let typed = sheet.text(0).to_owned();
        let found = open.staff().iter().position(|member| member.number.starts_with(&typed));
        if let Some(row) = found.filter(|_| !typed.is_empty()) {
            sheet.row = row;
        }
    }

    pub(super) fn go_seller(&mut self, line: Option<u32>) {
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.front.sheets.last() else { return };
        let typed = sheet.text(0);
        let found = if typed.is_empty() {
            open.staff().get(sheet.row.min(open.staff().len().saturating_sub(1)))
        } else {
            open.staff().iter().find(|member| member.number == typed)
        };
        match found.map(seller_of) {
            Some(seller) => self.name_seller(line, seller),
            None => {
                let number = typed.to_owned();
                self.notice(Notice::UnknownStaff { number });
            }
        }
    }

    fn name_seller(&mut self, line: Option<u32>, seller: Arc<Seller>) {
        let name = seller.name.clone();
        if self.attempt(Input::NameSeller { line, seller: Some(seller) }) == Attempt::Done {
            self.close_sheets();
            self.front.say(
                Tone::Quiet,
                (&format!("导购：{name}"), "已记在单上。"),
                (&format!("Sold by {name}"), "It stands on the basket."),
            );
        }
    }

    pub(super) fn key_seller(&mut self, line: Option<u32>, index: usize) {
        match index {
            WHOLE => self.turn_seller(None),
            LINE => self.turn_seller(line.or(self.selected_number())),
            _ => self.attempt_and_close(Input::NameSeller { line, seller: None }),
        }
    }

    fn turn_seller(&mut self, line: Option<u32>) {
        if let Some(sheet) = self.sheet_mut() {
            sheet.kind = Kind::Seller { line };
        }
    }

    /// A card of the staff says who is credited for the basket, or for what
    /// the sheet in front is about.
    pub(crate) fn scan_for_seller(&mut self, code: &str) -> bool {
        let State::Open(open) = &self.state else { return false };
        let Some(id) = self.staff_of_card(code) else { return false };
        let Some(member) = open.staff().iter().find(|member| member.id == id) else { return false };
        let seller = seller_of(member);
        let line = match self.sheet().map(|sheet| &sheet.kind) {
            Some(Kind::Seller { line }) => *line,
            Some(_) | None => None,
        };
        self.name_seller(line, seller);
        true
    }

    /// A card that was scanned on the sheet; goods go past it.
    pub(super) fn scan_card_for_seller(&mut self, text: &str) -> bool {
        match self.recognised(text) {
            Some(Barcode::Staff(code)) => self.scan_for_seller(&code),
            Some(_) | None => false,
        }
    }

    pub(super) fn show_note(&self, open: &OpenLane, sheet: &Open, line: Option<u32>) -> view::Sheet {
        let basket = open.basket();
        let now = match line {
            None => basket.note(),
            Some(number) => basket.line(number).map_or("", |line| line.note.as_str()),
        };
        let text = if now.is_empty() {
            self.words("印在小票上，总部也看得到。", "It is printed on the receipt, and HQ sees it.")
        } else {
            format!("{} {now}", self.words("现在的备注：", "Noted now:"))
        };
        view::Sheet {
            text,
            fields: self.fields(sheet, &[("备注", "Note")]),
            rows: self.reason_rows(&NOTES),
            selected: Some(sheet.row),
            keys: self.about_keys(open, line),
            letters: true,
            go: self.words("记下", "Note it"),
            ..self.blank(format!("{} · {}", self.words("备注", "Note"), self.what_about(open, line)))
        }
    }

    pub(super) fn go_note(&mut self, line: Option<u32>) {
        let Some(sheet) = self.sheet() else { return };
        let note = match (sheet.text(0).trim(), sheet.row) {
            ("", 0) => String::new(),
            ("", _) => self.reason_of(sheet, &NOTES),
            (typed, _) => typed.to_owned(),
        };
        self.attempt_and_close(Input::Note { line, note });
    }

    pub(super) fn key_note(&mut self, line: Option<u32>, index: usize) {
        let line = if index == WHOLE { None } else { line.or(self.selected_number()) };
        if let Some(sheet) = self.sheet_mut() {
            sheet.kind = Kind::Note { line };
        }
    }
}
