//! Stored value at the counter: paid with, and paid in. What there is only HQ knows; it is asked when a sheet opens,
//! and nobody waits for the answer.

use domain::money::Money;
use domain::till::{Input, Offer};
use domain::value::Value;
use ui::view::{self, Figure, Notice, Tone};

use super::{Kind, Open, fact};
use crate::lane::{Lane, OpenLane, State};

/// What is known of the stored value of the member who buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKnown {
    /// HQ is being asked.
    Asked,
    /// HQ cannot be asked now.
    Away,
    /// The chain has none here, or HQ does not know of it.
    NotHere,
    /// The member has so much.
    Has(Value),
}

impl Lane {
    /// The balances, in one line.
    fn balances(&self, open: &OpenLane, value: Value) -> String {
        let currency = &open.settings().currency;
        let (principal, bonus) = (currency.format(value.principal), currency.format(value.bonus));
        super::say(
            self.front.language,
            &format!("本金 {principal} · 赠金 {bonus}"),
            &format!("principal {principal} · bonus {bonus}"),
        )
    }

    /// What is said of an account that HQ has not told of.
    fn value_words(&self, known: Option<ValueKnown>, pays: bool) -> String {
        match known {
            Some(ValueKnown::Asked) | None => {
                self.words("正在问总部还有多少。", "HQ is being asked how much there is.")
            }
            Some(ValueKnown::Away) if pays => self.words(
                "总部联系不上，储值现在不能付。钱都在账户里，请先用别的方式付。",
                "HQ cannot be reached, so stored value cannot pay now. The account is safe; take another means.",
            ),
            Some(ValueKnown::Away) => self.words(
                "总部联系不上，余额看不到。充值可以照常收，联网后入账。",
                "HQ cannot be reached, so the balance is not known. Money can be paid in; it is entered later.",
            ),
            Some(ValueKnown::NotHere) => {
                self.words("总部没有为这个会员开储值。", "HQ keeps no stored value for this member.")
            }
            Some(ValueKnown::Has(_)) => String::new(),
        }
    }

    pub(super) fn show_value(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let currency = &open.settings().currency;
        let due = open.till().due(open.settings()).exact;
        let known = self.value_known();
        let left = self.value_left(open);
        let typed = self.amount(sheet.text(0)).filter(|_| !sheet.text(0).is_empty());
        let pays = typed.unwrap_or(due).min(left.total());
        let mut rows = Vec::new();
        let mut text = self.value_words(known, true);
        let mut figure = None;
        if let Some(ValueKnown::Has(balance)) = known {
            text = if left.total().is_positive() {
                self.words(
                    "回车全付。先输金额就只付那么多，余下的另付。",
                    "Enter pays what is due. Type an amount to pay only so much, and the rest otherwise.",
                )
            } else if (balance.total() - self.value_spent(open)).is_positive() {
                self.words(
                    "余额在别的收银台上占着，或刚付完还没退回。请稍后再试，或用别的方式付。",
                    "Another till holds it just now. Try again in a moment, or take another means.",
                )
            } else {
                self.words("储值里没有钱了。", "Nothing is left in the account.")
            };
            figure = Some(Figure {
                label: self.words("储值余额", "Stored value"),
                value: currency.format_with_symbol(balance.total()),
                tone: Tone::Quiet,
            });
            rows.push(fact(self.words("其中", "Of which"), self.balances(open, balance)));
            let after = balance.total() - self.value_spent(open) - pays;
            rows.push(fact(self.words("付后还有", "Left then"), currency.format(after.max(Money::ZERO))));
        }
        let enough = typed.is_none_or(|amount| amount <= left.total() && amount <= due);
        view::Sheet {
            tone: Tone::Attend,
            text,
            figure,
            fields: self.fields(sheet, &[("金额（可不填）", "Amount (may be empty)")]),
            rows,
            go: self.words("用储值付", "Pay with it"),
            go_value: if pays.is_positive() { currency.format_with_symbol(pays) } else { String::new() },
            can_go: pays.is_positive() && enough,
            ..self.blank(self.words("储值", "Stored value"))
        }
    }

    pub(super) fn go_value(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let typed = sheet.text(0).to_owned();
        let amount = if typed.is_empty() {
            None
        } else {
            match self.amount(&typed) {
                Some(amount) => Some(amount),
                None => return self.notice(Notice::AmountRange),
            }
        };
        if let Some(grant) = self.value_grant() {
            self.attempt_and_close(Input::Tender(Offer::StoredValue { grant, amount }));
        }
    }

    pub(super) fn show_top_up(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let currency = &open.settings().currency;
        let known = self.value_known();
        let rules = open.settings().rules.value.clone().unwrap_or_default();
        let amount = self.amount(sheet.text(0)).unwrap_or(Money::ZERO);
        let balance = if let Some(ValueKnown::Has(balance)) = known { Some(balance) } else { None };
        let has = balance.map_or(Money::ZERO, |balance| balance.principal.max(Money::ZERO));
        let most = (rules.principal_max() - has).max(Money::ZERO);
        let mut rows = Vec::new();
        if let Some(balance) = balance {
            rows.push(fact(self.words("现有", "There is"), self.balances(open, balance)));
        }
        rows.push(fact(self.words("最多可充", "At most"), currency.format(most)));
        rows.push(fact(self.words("赠送", "Given on top"), currency.format(rules.bonus(amount))));
        let member = open.basket().member().map(|member| member.shown.clone()).unwrap_or_default();
        let text = match known {
            Some(ValueKnown::Has(_)) => super::say(
                self.front.language,
                &format!("{member}：输金额，回车去收款。充值单独一单，不计积分、不打折、不开货物发票。"),
                &format!(
                    "{member}: type the amount, Enter goes to the payment. A sale of its own: no points, no discount, not taxed as goods."
                ),
            ),
            Some(ValueKnown::Asked | ValueKnown::Away | ValueKnown::NotHere) | None => {
                self.value_words(known, false)
            }
        };
        view::Sheet {
            text,
            figure: balance.map(|balance| Figure {
                label: self.words("储值余额", "Stored value"),
                value: currency.format_with_symbol(balance.total()),
                tone: Tone::Quiet,
            }),
            fields: self.fields(sheet, &[("充值金额", "Amount")]),
            rows,
            go: self.words("充值", "Pay in"),
            go_value: if amount.is_positive() { currency.format_with_symbol(amount) } else { String::new() },
            can_go: amount.is_positive()
                && !matches!(known, None | Some(ValueKnown::Asked | ValueKnown::NotHere)),
            ..self.blank(self.words("储值充值", "Pay into stored value"))
        }
    }

    pub(super) fn go_top_up(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let Some(amount) = self.amount(sheet.text(0)) else { return self.notice(Notice::AmountRange) };
        let balance = match self.value_known() {
            Some(ValueKnown::Has(balance)) => Some(balance),
            Some(ValueKnown::Away) => None,
            // What there is bounds what may be paid in.
            Some(ValueKnown::Asked | ValueKnown::NotHere) | None => return,
        };
        self.attempt_and_close(Input::TopUp { amount, balance });
    }

    /// Money is to be paid into the account of the member who is named.
    pub(super) fn begin_top_up(&mut self) {
        let State::Open(open) = &self.state else { return };
        if open.basket().member().is_none() {
            return self.notice(Notice::MemberFirst);
        }
        if !open.basket().lines().is_empty() {
            return self.front.say(
                Tone::Attend,
                ("充值要单独一单", "请先结或挂起这一单，再充值。没有收钱。"),
                ("Money is paid in by itself", "Finish or park this basket first. No money was taken."),
            );
        }
        self.open_sheet(Kind::TopUp);
    }

    /// What of the lease may still be spent here.
    fn value_left(&self, open: &OpenLane) -> Value {
        let Some(grant) = self.value_grant() else { return Value::NOTHING };
        let left = grant.lent.less(open.till().value_spent(&grant.lease));
        if left.is_amount() { left } else { Value::NOTHING }
    }

    /// What was spent of the lease here, which HQ may not have heard of.
    fn value_spent(&self, open: &OpenLane) -> Money {
        let lease = self.value_grant().map(|grant| grant.lease).unwrap_or_default();
        if open.till().is_returned(&lease) { Money::ZERO } else { open.till().value_spent(&lease).total() }
    }
}
