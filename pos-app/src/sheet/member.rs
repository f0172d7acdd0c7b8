//! Who buys: found by card, number or telephone, and what they brought.

use domain::barcode::Barcode;
use domain::money::Money;
use domain::till::Input;
use ui::view::{self, Notice};

use super::{Attempt, Open, key, numbered};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

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
        let keys = vec![
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
        ];
        view::Sheet {
            text: match member {
                None => self.words(
                    "扫会员码，或输入卡号、会员号、手机号。散客直接 Esc。",
                    "Scan the card, or type number or telephone. Esc for a walk-in.",
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
                    format!("{} · {tier}{points}", member.shown)
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
            ..self.blank(self.words("会员", "Member"))
        }
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
        match index {
            0 => self.attempt_and_close(Input::DropMember),
            1 => {
                let coupons = open.basket().coupons();
                let chosen = coupons.get(row.min(coupons.len().saturating_sub(1)));
                if let Some(code) = chosen.map(|coupon| coupon.code.clone()) {
                    self.attempt(Input::TakeCouponBack { code });
                }
            }
            _ => self.offer_points(),
        }
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
