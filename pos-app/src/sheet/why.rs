//! Why the basket costs what it costs: what took something off which line, what almost did, and whether anything
//! better was possible.

use domain::basket::AppliedPromotion;
use domain::money::{Currency, Money};
use domain::promotion::explain::Lacking;
use domain::promotion::ticket::Unmet;
use domain::quota::Whose;
use ui::view::{self, Figure, Language, SheetRow, Tone};

use super::{Open, fact, say};
use crate::lane::{Lane, OpenLane};
use crate::present;

/// The most promotions that are said to have almost applied.
const ALMOST_MAX: usize = 8;

impl Lane {
    pub(super) fn show_why(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let language = self.front.language;
        let currency = &open.settings().currency;
        let basket = open.basket();
        let mut rows: Vec<SheetRow> = Vec::new();
        for line in basket.lines() {
            for (promotion, off) in present::taken_off(line) {
                rows.push(SheetRow {
                    detail: present::name(&line.item, language),
                    tone: Tone::Good,
                    ..fact(present::promotion_name(promotion, language), format!("−{}", currency.format(off)))
                });
            }
            let by_hand = line.discounted();
            if by_hand.is_positive() {
                rows.push(SheetRow {
                    detail: present::name(&line.item, language),
                    tone: Tone::Good,
                    ..fact(self.words("手工优惠", "By hand"), format!("−{}", currency.format(by_hand)))
                });
            }
        }
        for (promotion, missed) in basket.reckoning().almost.iter().take(ALMOST_MAX) {
            rows.push(SheetRow {
                detail: lacking(language, currency, missed.lacking),
                tone: Tone::Attend,
                ..fact(present::promotion_name(promotion, language), self.words("还没有", "Not yet"))
            });
        }
        let gap = basket.reckoning().gap;
        let proof = if gap.is_positive() {
            say(
                language,
                &format!("这是算到的最好价格；理论上最多还能省 {}。", currency.format_with_symbol(gap)),
                &format!(
                    "The best price found; at most {} more could be saved.",
                    currency.format_with_symbol(gap)
                ),
            )
        } else {
            self.words(
                "已比较所有可用的优惠组合，没有更便宜的。",
                "Every combination of offers was compared: none is cheaper.",
            )
        };
        view::Sheet {
            text: proof,
            figure: Some(Figure {
                label: self.words("共省", "Saved"),
                value: currency.format(basket.saved()),
                tone: if basket.saved().is_positive() { Tone::Good } else { Tone::Quiet },
            }),
            selected: (!rows.is_empty()).then_some(sheet.row),
            rows,
            empty: self
                .words("这一单没有优惠，都是标价。", "Nothing is reduced: these are the listed prices."),
            go: self.words("知道了", "Done"),
            ..self.blank(self.words("为什么是这个价？", "Why this price?"))
        }
    }
}

/// The first thing that is missing for something more, in one line.
pub(crate) fn almost(lane: &Lane, open: &OpenLane) -> String {
    let currency = &open.settings().currency;
    let found = open.basket().reckoning().almost.iter().find(|(_, missed)| match missed.lacking {
        Lacking::Amount { .. } | Lacking::Units(_) => true,
        Lacking::Condition(_) | Lacking::Outdone => false,
    });
    let said = |(promotion, missed): &(AppliedPromotion, domain::promotion::explain::Missed)| {
        let name = present::promotion_name(promotion, lane.front.language);
        format!("{name} · {}", lacking(lane.front.language, currency, missed.lacking))
    };
    found.map(said).unwrap_or_default()
}

fn lacking(language: Language, currency: &Currency, lacking: Lacking) -> String {
    let amount = |amount: Money| currency.format_with_symbol(amount);
    match lacking {
        Lacking::Amount { missing, off } => say(
            language,
            &format!("再买 {}，减 {}", amount(missing), amount(off)),
            &format!("{} more takes off {}", amount(missing), amount(off)),
        ),
        Lacking::Units(units) => say(language, &format!("再买 {units} 件"), &format!("{units} more pieces")),
        Lacking::Condition(unmet) => match unmet {
            Unmet::Time => say(language, "不在活动时间", "Not at this time"),
            Unmet::Place => say(language, "本店不参加", "Not in this store"),
            Unmet::Customer => say(language, "会员或指定顾客才有", "For members or certain customers"),
            Unmet::Coupon => say(language, "要有券", "Needs a coupon"),
            Unmet::Tender => say(language, "要用指定付款方式", "Needs a certain means of payment"),
            Unmet::UsedUp { whose, daily } => {
                let (zh, en) = used_up(whose, daily);
                say(language, zh, en)
            }
        },
        Lacking::Outdone => say(language, "已选更省的", "Something better was chosen"),
    }
}

/// Whose share of a promotion is used up.
fn used_up(whose: Whose, daily: bool) -> (&'static str, &'static str) {
    match (whose, daily) {
        (Whose::Member, true) => ("该会员今天已享受过", "This member already had it today"),
        (Whose::Member, false) => ("该会员已享受过", "This member already had it"),
        (Whose::Store, true) => ("本店今天名额已用完", "None left in this store today"),
        (Whose::Store, false) => ("本店名额已用完", "None left in this store"),
        (Whose::Chain, true) => ("今天名额已用完", "None left today"),
        (Whose::Chain, false) => ("名额已用完", "None left"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_share_is_used_up_is_said_in_both_languages() {
        let currency = Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 };
        let words = |whose, daily| {
            let lacks = Lacking::Condition(Unmet::UsedUp { whose, daily });
            [Language::Chinese, Language::English].map(|language| lacking(language, &currency, lacks))
        };
        assert_eq!(words(Whose::Member, true), ["该会员今天已享受过", "This member already had it today"]);
        assert_eq!(words(Whose::Store, true), ["本店今天名额已用完", "None left in this store today"]);
        let all = [Whose::Member, Whose::Store, Whose::Chain]
            .map(|whose| [true, false].map(|daily| words(whose, daily)));
        let different: std::collections::BTreeSet<&String> = all.iter().flatten().flatten().collect();
        assert_eq!(different.len(), 12, "each is said in words of its own");
    }
}
