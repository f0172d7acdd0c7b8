//! Means of payment beside plain cash: the keys for them, vouchers, foreign notes, a payment code for a part.

use domain::money::Money;
use domain::tender::Wallet;
use domain::till::{self, Desk, Input, Offer};
use ui::view::{self, Notice, Script, SheetKey, Tone};

use super::{Kind, Open, key, numbered};
use crate::lane::{Lane, OpenLane, State};

/// What a key at the payment stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Card,
    PartCash,
    Points,
    Coupons,
    Voucher,
    Foreign,
    Value,
}

impl Lane {
    /// The means beside cash, with their keys.
    fn means(&self, open: &OpenLane) -> Vec<(By, SheetKey)> {
        let rules = &open.settings().rules;
        let pays = open.till().due(open.settings()).payable >= Money::ZERO;
        let typed = !self.front.entry.is_empty();
        let mut means = Vec::new();
        if rules.wallets.contains(&Wallet::Card) {
            means.push((By::Card, SheetKey { enabled: pays, ..key(self.words("银行卡", "Card"), "F3") }));
        }
        means.push((
            By::PartCash,
            SheetKey {
                enabled: pays && typed, ..key(self.words("先收部分现金", "Part in cash"), "F4")
            },
        ));
        if rules.points.spending.is_some() {
            let points = SheetKey {
                on: open.basket().grant().is_some(),
                enabled: pays && open.basket().member().is_some(),
                ..key(self.words("积分", "Points"), "F5")
            };
            means.push((By::Points, points));
        }
        means.push((
            By::Coupons,
            SheetKey { enabled: pays, ..key(self.words("会员、券", "Member, coupon"), "F6") },
        ));
        means.push((By::Voucher, SheetKey { enabled: pays, ..key(self.words("代金券", "Voucher"), "F7") }));
        if rules.value.is_some() && !open.basket().has_top_up() {
            let value = SheetKey {
                enabled: pays && open.basket().member().is_some(),
                ..key(self.words("储值", "Stored value"), "F10")
            };
            means.push((By::Value, value));
        }
        if !rules.foreign.is_empty() {
            means.push((
                By::Foreign,
                SheetKey { enabled: pays, ..key(self.words("外币", "Foreign cash"), "F2") },
            ));
        }
        means
    }

    /// The keys as the payment screen shows them.
    pub(crate) fn tender_kinds(&self, open: &OpenLane) -> Vec<SheetKey> {
        self.means(open).into_iter().map(|(_, key)| key).collect()
    }

    /// The one that a key of the keyboard stands for.
    pub(crate) fn tender_kind_of(&self, shortcut: &str) -> Option<usize> {
        let State::Open(open) = &self.state else { return None };
        self.means(open).iter().position(|(_, key)| key.shortcut == shortcut)
    }

    /// A means beside cash was chosen; a typed amount is the part that it is to pay.
    pub(crate) fn take_by_kind(&mut self, index: usize) {
        let State::Open(open) = &self.state else { return };
        let Some((by, key)) = self.means(open).into_iter().nth(index) else { return };
        if !key.enabled {
            return;
        }
        let typed = self.amount(&self.front.entry).filter(|_| !self.front.entry.is_empty());
        match by {
            By::Card => {
                // What was refused as cash is no part that a card pays.
                let amount = typed.filter(|_| !self.front.entry_refused);
                let charge = Input::Charge { wallet: Wallet::Card, code: String::new(), amount };
                self.offer_typed(|lane| {
                    lane.front.entry.clear();
                    lane.input(charge);
                });
            }
            By::PartCash => match typed {
                Some(amount) => self.offer_typed(|lane| {
                    lane.front.entry.clear();
                    lane.input(Input::Tender(Offer::Cash(amount)));
                }),
                None => self.notice(Notice::AmountRange),
            },
            By::Points => self.offer_points(),
            By::Coupons => self.open_sheet(Kind::Member),
            By::Voucher => self.open_sheet(Kind::Voucher),
            By::Foreign => self.open_sheet(Kind::Foreign),
            By::Value => self.open_sheet(Kind::Value),
        }
    }

    /// A payment code is charged for the part that was typed before. Whether there was one.
    pub(super) fn charge_part(&mut self, code: &str) -> bool {
        let Some(amount) = self.amount(&self.front.entry).filter(|_| !self.front.entry.is_empty()) else {
            return false;
        };
        let code = code.trim();
        self.front.entry.clear();
        let wallet = till::wallet_of(code);
        self.input(Input::Charge { wallet, code: code.to_owned(), amount: Some(amount) });
        true
    }

    pub(super) fn show_voucher(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        view::Sheet {
            tone: Tone::Attend,
            text: self.words(
                "扫或输入券号，再输入面额。面额超过应收的部分不找零。",
                "Scan or type its number, then its face value. No change is given on it.",
            ),
            fields: self.fields(sheet, &[("券号", "Number"), ("面额", "Face value")]),
            go: if sheet.focus == 0 {
                self.words("下一步", "Next")
            } else {
                self.words("收券", "Take voucher")
            },
            go_value: open.settings().currency.symbol.clone(),
            can_go: !sheet.text(sheet.focus).is_empty(),
            letters: sheet.focus == 0,
            script: Script::Capitals,
            ..self.blank(self.words("代金券", "Voucher"))
        }
    }

    pub(super) fn go_voucher(&mut self) {
        let Some(sheet) = self.sheet_mut() else { return };
        if sheet.focus == 0 {
            sheet.focus = 1;
            return;
        }
        let (number, face) = (sheet.text(0).to_owned(), sheet.text(1).to_owned());
        let Some(face) = self.amount(&face) else { return self.notice(Notice::AmountRange) };
        self.attempt_and_close(Input::Tender(Offer::Voucher { number, face }));
    }

    /// A voucher's number, where that is what is typed.
    pub(super) fn scan_for_voucher(&mut self, text: &str) -> bool {
        let Some(sheet) = self.sheet_mut().filter(|sheet| sheet.focus == 0) else { return false };
        let number =
            text.chars().filter(|character| !character.is_control()).take(super::FIELD_MAX).collect();
        if let Some(field) = sheet.focused() {
            field.text = number;
        }
        sheet.focus = 1;
        true
    }

    pub(super) fn show_foreign(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let rows: Vec<_> = open
            .settings()
            .rules
            .foreign
            .iter()
            .enumerate()
            .map(|(index, known)| {
                // What a hundred of their major units are worth: rates are for a million minor ones.
                let worth = Money::from_minor(10_000).at_rate(known.rate).unwrap_or(Money::ZERO);
                let worth = format!("100 = {}", open.settings().currency.format_with_symbol(worth));
                numbered(index, known.currency.clone(), String::new(), worth)
            })
            .collect();
        view::Sheet {
            tone: Tone::Attend,
            text: self.words("找零用本国货币。", "Change is given in our currency."),
            fields: self.fields(sheet, &[("收到的外币", "Amount received")]),
            selected: Some(sheet.row),
            rows,
            go: self.words("收外币", "Take it"),
            can_go: !sheet.text(0).is_empty(),
            ..self.blank(self.words("外币", "Foreign cash"))
        }
    }

    pub(super) fn go_foreign(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.sheet() else { return };
        let known = open.settings().rules.foreign.get(sheet.row).map(|known| known.currency.clone());
        let Some((currency, amount)) = known.zip(self.amount(sheet.text(0))) else {
            return self.notice(Notice::AmountRange);
        };
        self.attempt_and_close(Input::Tender(Offer::ForeignCash { currency, amount }));
    }

    /// Whether money is taken now.
    pub(crate) fn is_paying(&self) -> bool {
        self.till().is_some_and(|till| matches!(till.desk(), Desk::Paying(_)))
    }
}
