//! Who buys: found by card, number or telephone, and what they brought.

use domain::barcode::Barcode;
use domain::member::{Member, NewMember};
use domain::money::Money;
use domain::till::after::Named;
use domain::till::{Desk, Input};
use protocol::ask::PHONE_LENGTH_MIN;
use protocol::pull::phone_hash;
use ui::view::{self, Notice, Script};

use super::{Attempt, Kind, Open, key, numbered};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// The most digits of a telephone number, as of ITU-T E.164.
pub(super) const PHONE_LENGTH_MAX: usize = 15;

/// A Chinese mobile number: 1 and ten digits more.
pub(super) const CHINESE_MOBILE_LENGTH: usize = 11;

/// How many digits of the hash make a new member's id: the same person has the
/// same on every lane, and two people do not.
const NEW_ID_DIGITS: usize = 32;

/// A telephone number as people read it out: three digits, then four each.
fn grouped(digits: &str) -> String {
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index >= 3 && (index - 3) % 4 == 0 {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

impl Lane {
    pub(super) fn show_member(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let basket = open.basket();
        let currency = &open.settings().currency;
        let offs = &basket.reckoning().coupons;
        let rows: Vec<_> = basket
            .coupons()
            .iter()
            .enumerate()
            .map(|(index, coupon)| {
                let off = offs.get(index).copied().unwrap_or(Money::ZERO);
                let detail = if off.is_positive() {
                    self.words("结账时用掉", "Spent when paid")
                } else {
                    self.words("现在不减钱，不会用掉", "Takes nothing off now, and is kept")
                };
                let value =
                    if off.is_positive() { format!("−{}", currency.format(off)) } else { String::new() };
                numbered(index, coupon.code.clone(), detail, value)
            })
            .collect();
        let member = basket.member();
        let any_coupon = !rows.is_empty();
        let points_on = basket.grant().is_some();
        let mut keys = vec![
            view::SheetKey {
                enabled: member.is_some(),
                stop: true,
                ..key(self.words("不用会员", "No member"), "Del")
            },
            view::SheetKey {
                enabled: any_coupon,
                stop: true,
                ..key(self.words("收回这张券", "Take coupon back"), "F6")
            },
            view::SheetKey {
                on: points_on,
                enabled: member.is_some() && open.settings().rules.points.spending.is_some(),
                ..key(self.words("积分抵现", "Spend points"), "F5")
            },
            key(self.words("登记新会员", "New member"), "F7"),
        ];
        if open.settings().rules.value.is_some() {
            keys.push(view::SheetKey {
                enabled: member.is_some() && !self.is_paying(),
                ..key(self.words("储值充值", "Pay in value"), "F9")
            });
        }
        let is_done = matches!(open.till().desk(), Desk::Done(..));
        if is_done {
            keys.push(key(self.words("给刚付的单", "For the sale just paid"), "F8"));
        }
        view::Sheet {
            text: match member {
                None if is_done => self.words(
                    "给下一位顾客：扫会员码，或输入卡号、会员号、手机号。要补到刚付的单，按 F8。",
                    "For the next customer: scan the card, or type number or telephone. For the sale just paid, F8.",
                ),
                None => self.words(
                    "扫会员码，或输入卡号、会员号、手机号（点输入框出字母）。散客直接 Esc。",
                    "Scan the card, or type number or telephone (tap the field for letters). Esc for a walk-in.",
                ),
                Some(member) => {
                    let tier = present::tier(&member.tier, self.front.language);
                    let points = member.points.map_or_else(String::new, |points| {
                        super::say(
                            self.front.language,
                            &format!(" · 积分 {points}"),
                            &format!(" · {points} points"),
                        )
                    });
                    let note = present::note_of_member(self, open);
                    let note = if note.is_empty() { note } else { format!("\n{note}") };
                    format!("{} · {tier}{points}{note}", member.shown)
                }
            },
            fields: self.fields(sheet, &[("会员号、卡号或手机", "Number, card or telephone")]),
            selected: any_coupon.then_some(sheet.row),
            rows,
            empty: if member.is_some() {
                self.words("没有放上券。券码随时可以扫。", "No coupon lies here. Scan one at any time.")
            } else {
                String::new()
            },
            keys,
            go: self.words("查会员", "Find"),
            can_go: !sheet.text(0).is_empty(),
            letters: sheet.has_letters,
            script: Script::Capitals,
            ..self.blank(self.words("会员", "Member"))
        }
    }

    /// Who serves a member is told at once what they should know of them.
    pub(crate) fn tell_note_of_member(&mut self, member: &Member) {
        let State::Open(open) = &self.state else { return };
        let note = present::note_of_member(self, open);
        if note.is_empty() || self.kiosk.is_some() {
            return;
        }
        let who = &member.shown;
        self.front.say(
            view::Tone::Attend,
            (&format!("{who}：{note}"), "会员已放上。这句话只给收银员看，不打印。"),
            (&format!("{who}: {note}"), "The member is on the basket. Only you see this; it is not printed."),
        );
    }

    pub(super) fn go_member(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let code = sheet.text(0).to_owned();
        if self.attempt(Input::FindMember(code)) == Attempt::Done {
            self.close_sheets();
        }
    }

    /// A card or a coupon; goods go past the sheet.
    pub(super) fn scan_for_member(&mut self, text: &str) -> bool {
        let Some(barcode) = self.recognised(text) else { return false };
        let member = matches!(barcode, Barcode::Member(_));
        if !member && !matches!(barcode, Barcode::Coupon(_)) {
            return false;
        }
        if self.attempt(Input::Code(text.to_owned())) == Attempt::Done && member {
            self.close_sheets();
        }
        true
    }

    pub(super) fn key_member(&mut self, index: usize) {
        let State::Open(open) = &self.state else { return };
        let row = self.front.sheets.last().map_or(0, |sheet| sheet.row);
        let has_value = open.settings().rules.value.is_some();
        match index {
            0 => self.attempt_and_close(Input::DropMember),
            1 => {
                let coupons = open.basket().coupons();
                let chosen = coupons.get(row.min(coupons.len().saturating_sub(1)));
                if let Some(code) = chosen.map(|coupon| coupon.code.clone()) {
                    self.attempt(Input::TakeCouponBack { code });
                }
            }
            2 => self.offer_points(),
            4 if has_value => self.begin_top_up(),
            4 | 5 => self.turn_to_sale_just_paid(),
            _ => self.begin_new_member(None),
        }
    }

    /// Whoever was meant for the next customer is the one who has just paid.
    fn turn_to_sale_just_paid(&mut self) {
        let typed = self.sheet().map(|sheet| sheet.text(0).to_owned()).unwrap_or_default();
        self.pop_sheet();
        self.open_member_after();
        if let Some(field) = self.sheet_mut().and_then(Open::focused) {
            field.text = typed;
        }
    }

    /// What was typed to find somebody may be the number of somebody new.
    pub(super) fn begin_new_member(&mut self, sale: Option<u64>) {
        let typed = self.sheet().map(|sheet| sheet.text(0).trim().to_owned()).unwrap_or_default();
        self.open_sheet(Kind::NewMember(sale));
        if let Some(field) = self.sheet_mut().and_then(Open::focused)
            && typed.chars().all(|character| character.is_ascii_digit())
        {
            field.text = typed;
        }
    }

    pub(super) fn show_new_member(&self, sheet: &Open, sale: Option<u64>) -> view::Sheet {
        let digits = sheet.text(0).chars().count();
        view::Sheet {
            text: match sale {
                None => self.words(
                    "输手机号，回车。卡可以现在扫，也可以没有。断网也能登记，这一单就算会员价。手机号不留在本机。",
                    "Type the telephone, Enter. Scan a card if there is one. Works offline, and this basket counts. The number is not kept here.",
                ),
                Some(_) => self.words(
                    "输手机号，回车。卡可以现在扫，也可以没有。断网也能登记。刚付的单价钱不变，积分记给新会员。手机号不留在本机。",
                    "Type the telephone, Enter. Scan a card if there is one. Works offline. The paid sale keeps its price; the new member gets its points. The number is not kept here.",
                ),
            },
            figure: (digits > 0).then(|| view::Figure {
                label: self.words("手机号", "Telephone"),
                value: grouped(sheet.text(0)),
                tone: view::Tone::Quiet,
            }),
            fields: self.fields(sheet, &[("手机号", "Telephone"), ("会员卡（可不填）", "Card (may be empty)")]),
            go: match sale {
                None => self.words("登记", "Register"),
                Some(_) => self.words("登记并补会员", "Register and name"),
            },
            can_go: digits > 0,
            letters: sheet.focus == 1,
            script: Script::Capitals,
            ..self.blank(self.words("登记新会员", "New member"))
        }
    }

    pub(super) fn go_new_member(&mut self, sale: Option<u64>) {
        let Some(sheet) = self.sheet() else { return };
        let (phone, card) = (sheet.text(0).to_owned(), sheet.text(1).trim().to_owned());
        let is_mobile = phone.len() == CHINESE_MOBILE_LENGTH;
        if !(PHONE_LENGTH_MIN..=PHONE_LENGTH_MAX).contains(&phone.len())
            || (phone.starts_with('1') && !is_mobile)
        {
            self.commands.push(crate::lane::Command::Play(drivers::sound::Tone::Blocked));
            return self.front.say(
                view::Tone::Attend,
                ("手机号不对", "手机号是 1 开头的 11 位；座机 7 位以上。已输入的都保留，请核对。"),
                (
                    "That is no telephone number",
                    "A mobile has 11 digits and begins with 1; others have 7 or more. What was typed stays.",
                ),
            );
        }
        let hash = phone_hash(&phone);
        let last: String = phone.chars().skip(phone.len().saturating_sub(4)).collect();
        let member = NewMember {
            id: format!("n{}", &hash[..NEW_ID_DIGITS]),
            phone_hash: hash,
            shown: self.words(&format!("尾号{last}"), &format!("*{last}")),
            card,
        };
        match sale {
            None => self.attempt_and_close(Input::RegisterMember(Box::new(member))),
            Some(document) => self.name_and_close(document, Named::New(Box::new(member))),
        }
    }

    /// A card that somebody new is given.
    pub(super) fn scan_for_new_member(&mut self, text: &str) -> bool {
        let Some(Barcode::Member(code)) = self.recognised(text) else { return false };
        if let Some(field) = self.sheet_mut().and_then(|sheet| sheet.fields.get_mut(1)) {
            field.text = code;
            self.commands.push(crate::lane::Command::Play(drivers::sound::Tone::Accepted));
        }
        true
    }

    /// Points are spent of what HQ lent to this lane; taken off again by the same key.
    pub(super) fn offer_points(&mut self) {
        let State::Open(open) = &self.state else { return };
        if open.basket().member().is_none() {
            return self.notice(Notice::MemberFirst);
        }
        if open.basket().grant().is_some() {
            self.attempt(Input::OfferPoints(None));
            return;
        }
        self.spend_points();
    }
}
