//! Somebody who may lets the cashier do what was asked for, on the spot: their number or card, their PIN, a reason.

use domain::barcode::Barcode;
use domain::rights::{Act, Rights};
use domain::till::Input;
use protocol::pull::StaffMember;
use ui::view::{self, Notice, Tone};

use super::{Attempt, Kind, Open};
use crate::lane::{Lane, OpenLane, State};
use crate::pin;

/// Why something is allowed, by what it is.
fn reasons(act: Act) -> &'static [(&'static str, &'static str)] {
    match act {
        Act::SetPrice | Act::Discount | Act::GiveAway => &[
            ("临近保质期", "Close to its date"),
            ("包装破损", "Damaged pack"),
            ("价签不符", "Tag says otherwise"),
            ("补偿顾客", "Goodwill"),
        ],
        Act::Void | Act::Cancel => &[
            ("顾客不要了", "Customer changed their mind"),
            ("扫错", "Rung up wrongly"),
            ("钱不够", "Not enough money"),
        ],
        Act::Return | Act::BlindReturn => &[
            ("质量问题", "Faulty"),
            ("顾客不满意", "Not wanted"),
            ("买错", "Bought by mistake"),
            ("价格不符", "Price was wrong"),
        ],
        Act::OpenDrawer => {
            &[("换零钱", "Change"), ("核对现金", "Checking the cash"), ("顾客要求", "Customer asks")]
        }
        Act::TakeOut => {
            &[("备用金", "Petty cash"), ("付货款", "Paying a supplier"), ("上缴", "To the office")]
        }
        Act::Report => &[("交接", "Handing over"), ("核对", "Checking")],
        Act::ResolvePayment => &[
            ("商户平台已查", "Looked up at the wallet"),
            ("顾客手机已看", "Seen on the phone"),
            ("刷卡小票为凭", "By the card slip"),
        ],
        Act::TakeOver => &[("换班", "Change of cashier")],
        Act::ConfirmAge => &[("看过身份证", "Looked at the ID")],
        Act::Attend => &[("帮顾客处理", "Helping the customer")],
        Act::CountStock => &[("盘点核对过", "The count was checked")],
        Act::SeeMargins => &[("核对", "Checking")],
        Act::NameBuyer => &[
            ("看过小票和会员码", "Saw receipt and card"),
            ("顾客刚离开又回来", "The customer came back at once"),
            ("收银员漏问会员", "The card was not asked for"),
        ],
        Act::TypeWeight => &[("秤坏了", "The scale is broken"), ("放不下", "Too large for it")],
        Act::WaiveLabels => {
            &[("价签已人工更换", "Label changed by hand"), ("价签已取下", "Label taken down")]
        }
    }
}

/// What is asked for, in words.
pub(super) fn act_words(act: Act) -> (&'static str, &'static str) {
    match act {
        Act::SetPrice => ("改价", "Setting a price"),
        Act::GiveAway => ("价格改为零", "Giving it away"),
        Act::Discount => ("打折", "A discount"),
        Act::Void => ("删行", "Voiding a line"),
        Act::Cancel => ("整单取消", "Cancelling the basket"),
        Act::Return => ("退货", "A return"),
        Act::BlindReturn => ("无小票退货", "A return without receipt"),
        Act::OpenDrawer => ("开钱箱", "Opening the drawer"),
        Act::TakeOut => ("从钱箱取钱", "Taking cash out"),
        Act::Report => ("看报表", "Looking at the report"),
        Act::ResolvePayment => ("认定付款结果", "Settling a payment"),
        Act::TakeOver => ("接管收银台", "Taking the lane over"),
        Act::TypeWeight => ("手输重量", "Typing a weight"),
        Act::WaiveLabels => ("价签未确认先用新价", "A price before its labels"),
        Act::ConfirmAge => ("确认年龄", "Confirming an age"),
        Act::Attend => ("照看自助机", "Attending a kiosk"),
        Act::CountStock => ("盘点入账", "Writing a count down"),
        Act::SeeMargins => ("看毛利", "Looking at margins"),
        Act::NameBuyer => ("付款后补会员", "Naming a member after the payment"),
    }
}

/// The most people that are offered by name; the others type their number.
const NAMES_MAX: usize = 8;

/// Whoever may approve it here, by what their role may.
fn approvers(open: &OpenLane, act: Act) -> impl Iterator<Item = &StaffMember> {
    let currency = &open.settings().currency;
    let may = move |member: &&StaffMember| Rights::of_role(&member.role, currency).allow(act);
    open.staff().iter().filter(may).take(NAMES_MAX)
}

impl Lane {
    /// A name was tapped: that is who approves.
    pub(super) fn key_approval(&mut self, act: Act, index: usize) {
        let State::Open(open) = &self.state else { return };
        let Some(number) = approvers(open, act).nth(index).map(|member| member.number.clone()) else {
            return;
        };
        self.approver_is(number);
    }

    fn approver_is(&mut self, number: String) {
        let Some(sheet) = self.sheet_mut() else { return };
        if let Some(field) = sheet.fields.first_mut() {
            field.text = number;
        }
        sheet.focus = 1;
    }

    pub(super) fn show_approval(&self, open: &OpenLane, sheet: &Open, act: Act) -> view::Sheet {
        let (chinese, english) = act_words(act);
        let number = sheet.text(0);
        let member = open.staff().iter().find(|member| member.number == number);
        let who = member.map(|member| member.name.clone()).unwrap_or_default();
        let wait = member.map_or(0, |member| open.till().pin_wait_seconds(&member.id, self.moment.now_ms));
        let text = if wait > 0 {
            super::say(
                self.front.language,
                &format!("密码不对，{wait} 秒后再试。还没有做，商品都在。"),
                &format!("Wrong PIN: wait {wait} s. Nothing is done yet and the basket is kept."),
            )
        } else if self.labels.is_some() {
            self.words(
                "还没有做。请有权限的人输入工号和密码，或扫工牌。",
                "Nothing was done yet. Somebody with the right types number and PIN, or scans a card.",
            )
        } else {
            self.words(
                "还没有做，商品都在。请有权限的人输入工号和密码，或扫工牌。",
                "Nothing is done yet and the basket is kept. Somebody with the right types number and PIN, or scans a card.",
            )
        };
        let go =
            if sheet.focus == 0 { self.words("下一步", "Next") } else { self.words("同意", "Approve") };
        view::Sheet {
            tone: Tone::Attend,
            text,
            fields: self.fields(sheet, &[("授权人工号", "Number"), ("密码", "PIN")]),
            rows: self.reason_rows(reasons(act)),
            selected: Some(sheet.row),
            keys: approvers(open, act).map(|member| super::key(member.name.clone(), "")).collect(),
            go,
            go_value: who,
            can_go: wait == 0,
            back: self.words("不做了", "Cancel"),
            ..self.blank(super::say(
                self.front.language,
                &format!("需要授权：{chinese}"),
                &format!("{english} needs approval"),
            ))
        }
    }

    /// Who first, then the PIN, then it is done.
    pub(super) fn go_approval(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.front.sheets.last() else { return };
        let Kind::Approve(act) = sheet.kind else { return };
        let number = sheet.text(0).to_owned();
        let Some(member) = open.staff().iter().find(|member| member.number == number).cloned() else {
            return self.notice(Notice::UnknownStaff { number });
        };
        let pin = sheet.text(1).to_owned();
        if pin.is_empty() {
            if let Some(sheet) = self.sheet_mut() {
                sheet.focus = 1;
            }
            return;
        }
        let waits = open.till().pin_wait_seconds(&member.id, self.moment.now_ms) > 0;
        let matches = !waits && pin.len() <= pin::PIN_DIGITS_MAX && pin::matches(&pin, &member.pin_hash);
        let rights = Rights::of_role(&member.role, &open.settings().currency);
        let reason = self.reason_of(sheet, reasons(act));
        let staff = domain::record::Staff { id: member.id, number: member.number, name: member.name };
        let attempt = self.attempt(Input::Approve { staff, rights, matches, reason });
        match attempt {
            Attempt::Done => self.after_approval(),
            Attempt::Refused | Attempt::Asked => {
                // The PIN is never kept, and somebody else may come.
                if let Some(sheet) = self.front.sheets.iter_mut().rev().find(|sheet| sheet.fields.len() == 2)
                    && let Some(field) = sheet.fields.get_mut(1)
                {
                    field.text.clear();
                    sheet.focus = usize::from(!matches);
                }
            }
        }
    }

    /// What was asked for is done: its sheet goes, unless there is more to do on it.
    fn after_approval(&mut self) {
        self.front.sheets.retain(|sheet| !matches!(sheet.kind, Kind::Approve(_)));
        let stays = self.sheet().is_some_and(|sheet| {
            matches!(sheet.kind, Kind::GiveBack | Kind::Blind | Kind::Report(..) | Kind::Payments)
        });
        if self.sheet().is_some_and(|sheet| matches!(sheet.kind, Kind::GiveBack)) {
            self.line_came_back();
        } else if stays {
            self.rest();
        } else {
            self.close_sheets();
        }
    }

    /// A card of the staff says who approves.
    pub(super) fn scan_for_approval(&mut self, text: &str) -> bool {
        let Some(Barcode::Staff(code)) = self.recognised(text) else { return false };
        let Some(id) = self.staff_of_card(&code) else { return false };
        let State::Open(open) = &self.state else { return false };
        let Some(number) =
            open.staff().iter().find(|member| member.id == id).map(|member| member.number.clone())
        else {
            return false;
        };
        self.approver_is(number);
        true
    }
}
