//! Everything that can be done here, and the keys of the screen.

use domain::shift::CashMove;
use domain::till::{Desk, Input};
use ui::action::Button;
use ui::view::{self, SheetRow, Theme};

use super::{DayBy, Kind, Open, StockWork, fact, numbered};
use crate::lane::{Command, Lane, OpenLane, State};

/// What the menu offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Cancel,
    Return,
    Recall,
    Member,
    Why,
    Seller,
    Note,
    PriceCheck,
    Find,
    Receipts,
    MemberAfter,
    Payments,
    Stock(StockWork),
    Counts,
    Orders,
    Kiosks,
    Training,
    CashIn,
    CashOut,
    Drop,
    Drawer,
    OpenShift,
    X,
    Count,
    CloseShift,
    Day,
    Health,
    Language,
    Theme,
    Lock,
    SignOut,
}

impl Lane {
    /// What can be done where the cashier stands.
    fn choices(&self, open: &OpenLane) -> Vec<Choice> {
        use Choice::{
            Cancel, CashIn, CashOut, CloseShift, Count, Day, Drawer, Drop, Find, Health, Lock, Note,
            OpenShift, Payments, PriceCheck, Recall, Receipts, Return, Seller, SignOut, Theme as Shade, X,
        };
        let counter = matches!(open.till().desk(), Desk::Selling(_) | Desk::Done(..));
        let signed_in = !matches!(open.till().desk(), Desk::SignedOut | Desk::Locked(_));
        let mut choices = Vec::new();
        if counter && !open.basket().is_untouched() {
            choices.push(Cancel);
        }
        if counter {
            choices.extend([Return, Recall, PriceCheck, Find]);
        }
        let paying = matches!(open.till().desk(), Desk::Paying(_));
        if paying {
            choices.extend([Choice::Member, Choice::Why]);
        }
        if counter || paying {
            choices.push(Seller);
        }
        if (counter || paying) && !open.basket().is_empty() {
            choices.push(Note);
        }
        if signed_in {
            choices.extend([Receipts, Payments]);
        }
        if counter && open.till().shift().is_some() && open.till().last_sale().is_some() {
            choices.push(Choice::MemberAfter);
        }
        if counter && self.has_orders() {
            choices.push(Choice::Orders);
        }
        if signed_in && self.has_board() {
            choices.push(Choice::Kiosks);
        }
        if counter && open.till().shift().is_some() {
            choices.extend(StockWork::ALL.map(Choice::Stock));
            choices.push(Choice::Counts);
        }
        // Begun between two customers only; what is open stays as it is meanwhile.
        if self.config.training || (counter && open.basket().is_untouched()) {
            choices.push(Choice::Training);
        }
        if counter {
            match open.till().shift() {
                Some(_) => choices.extend([CashIn, CashOut, Drop, Drawer, X, Count, CloseShift]),
                None => choices.push(OpenShift),
            }
            choices.push(Day);
        }
        choices.extend([Health, Choice::Language, Shade]);
        if signed_in {
            choices.extend([Lock, SignOut]);
        }
        choices
    }

    pub(super) fn show_menu(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let rows: Vec<SheetRow> = self
            .choices(open)
            .into_iter()
            .enumerate()
            .map(|(index, choice)| {
                let (name, value) = self.choice(open, choice);
                numbered(index, name, String::new(), value)
            })
            .collect();
        view::Sheet {
            selected: Some(sheet.row),
            rows,
            go: self.words("打开", "Open"),
            ..self.blank(self.words("菜单", "Menu"))
        }
    }

    fn choice(&self, open: &OpenLane, choice: Choice) -> (String, String) {
        let count = |count: usize| if count == 0 { String::new() } else { count.to_string() };
        match choice {
            Choice::Cancel => (self.words("整单取消", "Cancel the basket"), String::new()),
            Choice::Return => (self.words("退货 / 换货", "Return or exchange"), "F5".to_owned()),
            Choice::Recall => (self.words("取单", "Parked baskets"), count(open.till().parked().len())),
            Choice::Member => (self.words("会员、券", "Member, coupon"), "F8".to_owned()),
            Choice::Why => (self.words("为什么这个价", "Why this price"), "F9".to_owned()),
            Choice::Seller => (self.words("导购", "Seller"), "F7".to_owned()),
            Choice::Note => (self.words("备注", "Note"), String::new()),
            Choice::PriceCheck => (self.words("查价", "Price check"), "F3".to_owned()),
            Choice::Find => (self.words("查找商品", "Find goods"), "F2".to_owned()),
            Choice::Receipts => {
                (self.words("小票：重打、电子小票、退货", "Receipts: reprint, code, return"), String::new())
            }
            Choice::MemberAfter => (self.words("付款后补会员", "A member after the payment"), String::new()),
            Choice::Payments => {
                (self.words("未定付款", "Payments in doubt"), count(open.till().payments().len()))
            }
            Choice::Orders => {
                (self.words("订单：拣货、交付", "Orders: pick, hand over"), count(self.open_orders_count()))
            }
            Choice::Kiosks => {
                (self.words("自助机：看台", "Kiosks: the board"), count(self.waiting_at_kiosks().len()))
            }
            Choice::Stock(work) => {
                let (chinese, english) = work.name();
                (self.words(chinese, english), count(self.transfers_of(work.kind(0)).count()))
            }
            Choice::Counts => (self.words("盘点", "Count goods"), String::new()),
            Choice::Training => (
                if self.config.training {
                    self.words("结束培训", "End the training")
                } else {
                    self.words("培训：不入账", "Training: nothing counts")
                },
                String::new(),
            ),
            Choice::CashIn => (self.words("现金存入", "Cash in"), String::new()),
            Choice::CashOut => (self.words("现金支出", "Cash out"), String::new()),
            Choice::Drop => (self.words("投库", "Safe drop"), String::new()),
            Choice::Drawer => (self.words("开钱箱", "Open the drawer"), String::new()),
            Choice::OpenShift => (self.words("开班", "Open the shift"), String::new()),
            Choice::X => (self.words("查看本班（X）", "Look at the shift (X)"), String::new()),
            Choice::Count => (self.words("点钞", "Count the drawer"), String::new()),
            Choice::CloseShift => (self.words("交班（Z）", "Close the shift (Z)"), String::new()),
            Choice::Day => (self.words("今日报表", "Today's reports"), String::new()),
            Choice::Health => (self.words("设备与状态", "Devices and state"), String::new()),
            Choice::Language => (self.words("语言 English", "Language 中文"), String::new()),
            Choice::Theme => (
                match self.front.theme {
                    Theme::Light => self.words("深色", "Dark colours"),
                    Theme::Dark => self.words("浅色", "Light colours"),
                },
                String::new(),
            ),
            Choice::Lock => (self.words("锁定 / 换人", "Lock or change user"), "F12".to_owned()),
            Choice::SignOut => (self.words("签退", "Sign out"), String::new()),
        }
    }

    pub(super) fn go_menu(&mut self) {
        let State::Open(open) = &self.state else { return };
        let row = self.front.sheets.last().map_or(0, |sheet| sheet.row);
        let Some(choice) = self.choices(open).get(row).copied() else { return };
        if matches!(choice, Choice::Language | Choice::Theme) {
            // Changed under the menu, so that it can be changed back at once.
            let button = if choice == Choice::Language { Button::Language } else { Button::Theme };
            return self.press(button);
        }
        self.pop_sheet();
        // A finished sale is left behind; what was under the menu goes with it.
        if self.till().is_some_and(|till| matches!(till.desk(), Desk::Done(..))) {
            self.input(Input::Back);
        }
        match choice {
            Choice::Cancel => self.cancel_basket(),
            Choice::Return => self.open_sheet(Kind::GiveBack),
            Choice::Recall => self.open_sheet(Kind::Parked),
            Choice::Member => self.open_sheet(Kind::Member),
            Choice::Why => self.open_sheet(Kind::Why),
            Choice::Seller => self.open_sheet(Kind::Seller { line: None }),
            Choice::Note => self.open_sheet(Kind::Note { line: None }),
            Choice::PriceCheck => self.open_sheet(Kind::Goods { selling: false }),
            Choice::Find => self.open_sheet(Kind::Goods { selling: true }),
            Choice::Receipts => self.open_sheet(Kind::Receipts),
            Choice::MemberAfter => self.open_member_after(),
            Choice::Payments => self.open_sheet(Kind::Payments),
            Choice::Orders => self.open_sheet(Kind::Orders),
            Choice::Kiosks => self.open_sheet(Kind::Board),
            Choice::Stock(work) => self.open_stock(work),
            Choice::Counts => self.open_sheet(Kind::Counts),
            Choice::Training => self.commands.push(Command::Train { begins: !self.config.training }),
            Choice::CashIn => self.open_sheet(Kind::Cash(CashMove::PayIn)),
            Choice::CashOut => self.open_sheet(Kind::Cash(CashMove::PayOut)),
            Choice::Drop => self.open_sheet(Kind::Cash(CashMove::Drop)),
            Choice::Drawer => self.open_sheet(Kind::Drawer),
            Choice::OpenShift => self.open_sheet(Kind::Float),
            Choice::X => {
                self.attempt(Input::Report);
            }
            Choice::Count => self.open_sheet(Kind::Count),
            Choice::CloseShift => self.open_sheet(Kind::CloseShift),
            Choice::Day => self.open_sheet(Kind::Day(DayBy::Hour)),
            Choice::Health => self.open_sheet(Kind::Health),
            Choice::Lock => self.lock(),
            Choice::SignOut => self.sign_out(),
            Choice::Language | Choice::Theme => {}
        }
    }

    pub(super) fn show_help(&self, open: &OpenLane) -> view::Sheet {
        let below = self.front.sheets.iter().rev().nth(1);
        let mut rows: Vec<SheetRow> = Vec::new();
        let mut add =
            |key: &str, chinese: &str, english: &str| rows.push(fact(self.words(chinese, english), key));
        let enter = self.words("回车", "Enter");
        match (below.map(|sheet| self.shown(open, sheet)), open.till().desk()) {
            (Some(shown), _) => {
                add("↑ ↓", "选一行", "Choose a row");
                add("Tab", "下一个输入框", "Next field");
                if !shown.go.is_empty() {
                    rows.push(fact(shown.go, enter));
                }
                rows.push(fact(shown.back, "Esc"));
                rows.extend(shown.keys.into_iter().map(|key| fact(key.label, key.shortcut)));
            }
            (None, Desk::SignedOut | Desk::Locked(_)) => {
                add("0–9", "工号，再输密码", "Staff number, then the PIN");
                rows.push(fact(self.words("确定", "Sign in"), enter));
                rows.push(fact(self.words("重选人", "Choose again"), "Esc"));
                rows.push(fact(self.words("菜单", "Menu"), "Tab"));
            }
            (None, Desk::Selling(_)) => {
                let space = self.words("空格", "Space");
                rows.push(fact(self.words("收款", "Pay"), space));
                let keys = [
                    ("F2", "查找：首字母、汉字、编码", "Find by initials, name or code"),
                    ("F3", "查价", "Price check"),
                    ("F4", "数量（先输数）", "Quantity (type it first)"),
                    ("F5", "退货 / 换货", "Return or exchange"),
                    ("F6", "改价、打折、备注", "Price, discount, note"),
                    ("F7", "导购（也可扫员工卡）", "Seller (or scan their card)"),
                    ("F8", "会员、券", "Member and coupons"),
                    ("F9", "为什么是这个价", "Why this price"),
                    ("F10", "挂单 / 取单", "Park, or recall"),
                    ("F11", "重打小票", "Print the last receipt again"),
                    ("F12", "锁定 / 换人", "Lock or change user"),
                    ("Del", "删行", "Void the line"),
                    ("↑ ↓", "选行", "Choose a line"),
                    (
                        "→",
                        "右边的商品：方向键选，回车加入",
                        "The goods at the right: arrows choose, Enter adds",
                    ),
                    ("PgUp PgDn", "翻页、换分类", "Pages and categories"),
                    ("Tab", "菜单：交班、报表、设备……", "Menu: shift, reports, devices …"),
                    ("12.50*10", "部门销售：金额*部门", "By department: amount*department"),
                ];
                for (key, chinese, english) in keys {
                    rows.push(fact(self.words(chinese, english), key));
                }
            }
            (None, Desk::Paying(_) | Desk::Saving(..)) => {
                rows.push(fact(self.words("正好的现金", "Exactly this much in cash"), enter.clone()));
                rows.push(fact(self.words("先输实收，找零并完成", "Type what was received, then"), enter));
                let keys = "Home PgUp End PgDn";
                rows.push(fact(self.words("快捷金额", "The amounts on the keys"), keys));
                rows.push(fact(self.words("收部分：先输金额", "A part: type its amount first"), "F4"));
                rows.extend(self.tender_kinds(open).into_iter().map(|key| fact(key.label, key.shortcut)));
                let scan = self.words("直接扫", "scan it");
                rows.push(fact(self.words("微信、支付宝付款码", "WeChat or Alipay code"), scan));
                rows.push(fact(self.words("退回最后一笔", "Hand the last one back"), "Del"));
                rows.push(fact(self.words("会员、券", "Member and coupons"), "F8"));
                rows.push(fact(self.words("为什么是这个价", "Why this price"), "F9"));
                rows.push(fact(self.words("回到商品", "Back to the goods"), "Esc"));
            }
            (None, Desk::Done(..)) => {
                rows.push(fact(
                    self.words("下一位：直接扫", "Next customer: just scan"),
                    self.words("扫码", "scan"),
                ));
                rows.push(fact(
                    self.words(
                        "会员：给下一位；再按一次，给刚付的单",
                        "Member: for the next; once more, for this sale",
                    ),
                    "F8",
                ));
                rows.push(fact(self.words("重打小票", "Print the receipt again"), "F11"));
                rows.push(fact(self.words("电子小票", "Receipt as a code"), "F7"));
                rows.push(fact(self.words("退货", "Return"), "F5"));
                rows.push(fact(self.words("菜单", "Menu"), "Tab"));
            }
        }
        view::Sheet {
            text: self.words(
                "什么时候都可以扫码。Esc 总是退一步，商品都在。",
                "Scan at any time. Esc always leads one step back; the basket stays.",
            ),
            selected: Some(self.sheet().map_or(0, |sheet| sheet.row)),
            rows,
            go: self.words("知道了", "Done"),
            ..self.blank(self.words("按键", "Keys"))
        }
    }
}
