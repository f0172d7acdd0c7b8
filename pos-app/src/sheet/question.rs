//! Questions that are answered by yes or no: the buyer's age, a dropped basket, a receipt that nobody saw print.

use domain::basket::Basket;
use domain::till::Input;
use ui::view::{self, Language, Tone};

use super::{Open, fact, key};
use crate::lane::{Lane, OpenLane, sale_number};
use crate::present;

/// The most goods that a question about age names.
const GOODS_NAMED_MAX: usize = 6;

/// Why a basket is dropped.
const CANCEL_REASONS: [(&str, &str); 4] = [
    ("顾客不买了", "Customer left"),
    ("忘带钱或付不了", "Cannot pay"),
    ("扫错重来", "Rung up wrongly"),
    ("试机", "Trying the till"),
];

impl Lane {
    pub(super) fn show_age(&self, open: &OpenLane) -> view::Sheet {
        let goods = age_goods(open.basket(), self.front.language);
        view::Sheet {
            tone: Tone::Attend,
            text: self.words(
                "拿不准就看身份证。以下商品不卖给未成年人：",
                "Look at an identity card if in doubt. Not sold to minors:",
            ),
            rows: goods.into_iter().take(GOODS_NAMED_MAX).map(|name| fact(name, "")).collect(),
            go: self.words("是，已满18岁", "Yes, 18 or older"),
            back: self.words("否，或不确定", "No, or not sure"),
            ..self.blank(self.words("顾客满18岁了吗？", "Is the buyer 18 or older?"))
        }
    }

    pub(super) fn go_age(&mut self) {
        self.pop_sheet();
        self.input(Input::ConfirmAge);
        self.input(Input::Pay);
    }

    pub(super) fn show_cancel(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let basket = open.basket();
        let total = open.settings().currency.format_with_symbol(basket.total());
        let lines = basket.lines().len();
        let language = self.front.language;
        view::Sheet {
            tone: Tone::Stop,
            text: super::say(
                language,
                &format!("{lines} 行，{total}。什么都不卖，也不收钱。"),
                &format!("{lines} lines, {total}. Nothing is sold, no money is taken."),
            ),
            rows: self.reason_rows(&CANCEL_REASONS),
            selected: Some(sheet.row),
            go: self.words("整单取消", "Cancel basket"),
            back: self.words("保留", "Keep basket"),
            ..self.blank(self.words("整单取消？", "Cancel the whole basket?"))
        }
    }

    pub(super) fn go_cancel(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let reason = self.reason_of(sheet, &CANCEL_REASONS);
        self.front.line = None;
        self.scale.forget();
        self.attempt_and_close(Input::Cancel { reason });
    }

    pub(super) fn show_paper(&self, open: &OpenLane, document: u64) -> view::Sheet {
        let number = sale_number(open, document);
        let title = super::say(
            self.front.language,
            &format!("小票 {number} 打出来了吗？"),
            &format!("Was receipt {number} printed?"),
        );
        view::Sheet {
            tone: Tone::Attend,
            text: self.words(
                "销售已保存。请看打印机：小票完整吗？",
                "The sale is saved. Look at the printer: is the receipt whole?",
            ),
            go: self.words("是，打出来了", "Yes, printed"),
            keys: vec![key(self.words("没有，再打一次", "No, print again"), "F5")],
            back: self.words("等会儿再看", "Look later"),
            ..self.blank(title)
        }
    }

    pub(super) fn go_paper(&mut self, document: u64) {
        self.pop_sheet();
        self.input(Input::WaivePaper { document });
    }

    pub(super) fn key_paper(&mut self, document: u64) {
        self.pop_sheet();
        self.input(Input::Reprint { document: Some(document) });
    }

    /// Nothing is decided: it is asked again after the next customer.
    pub(super) fn back_from_paper(&mut self, document: u64) {
        self.pop_sheet();
        self.front.papers_later.insert(document);
    }
}

/// The restricted goods, each named once, with how often where more than once.
fn age_goods(basket: &Basket, language: Language) -> Vec<String> {
    let mut goods: Vec<(String, usize)> = Vec::new();
    for line in basket.age_open() {
        let name = present::name(&line.item, language);
        match goods.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => goods.push((name, 1)),
        }
    }
    let said = |(name, count)| if count == 1 { name } else { format!("{name} × {count}") };
    goods.into_iter().map(said).collect()
}
