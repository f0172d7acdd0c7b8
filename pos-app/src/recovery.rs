//! What a stop left unfinished, in words for a person. Nothing of it is done
//! again by itself but paper that was never begun.

use domain::money::{Currency, Money};
use domain::receipt;
use domain::refund::Origin;
use domain::till::{Paper, Till};
use ledger::journal::Identity;

use crate::config::Language;

/// One thing that a stop left unfinished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfinished {
    /// A basket is open.
    Basket {
        /// Its lines.
        lines: usize,
    },
    /// Goods are being taken back.
    Return {
        /// How many lines came back so far; 0 where a receipt is open and none did.
        lines: usize,
    },
    /// A payment was begun, and nobody knows whether it was made. It is asked
    /// about, never begun again.
    Payment {
        /// Our number.
        number: u64,
        /// How much.
        amount: Money,
    },
    /// A receipt was begun, and nobody saw it print. It is not printed again
    /// by itself.
    Receipt {
        /// The sale's number as people read it.
        number: String,
    },
    /// A sale is on disk and nothing that came after the drawer: it may not have
    /// opened. It is not opened again by itself.
    Drawer {
        /// The change that was due.
        change: Money,
    },
}

/// Lists what is unfinished: what holds up the counter first. `last_change` is
/// the change of a sale after which nothing shows that the drawer opened.
pub fn unfinished(till: &Till, identity: &Identity, last_change: Option<Money>) -> Vec<Unfinished> {
    let mut things = Vec::new();
    let lines = till.basket().lines().len();
    if lines > 0 {
        things.push(Unfinished::Basket { lines });
    }
    let (basket, back) = (till.basket(), till.basket().returns().len());
    if back > 0 || basket.past().is_some() {
        things.push(Unfinished::Return { lines: back });
    }
    things.extend(
        till.payments()
            .iter()
            .map(|payment| Unfinished::Payment { number: payment.number, amount: payment.amount }),
    );
    let Identity { store, lane, epoch } = identity;
    things.extend(
        till.papers().iter().filter(|(_, paper)| matches!(paper, Paper::InDoubt | Paper::Begun)).map(
            |(seq, _)| Unfinished::Receipt {
                number: receipt::number(&Origin {
                    store: store.clone(),
                    lane: *lane,
                    epoch: *epoch,
                    seq: *seq,
                }),
            },
        ),
    );
    things.extend(last_change.map(|change| Unfinished::Drawer { change }));
    things
}

impl Unfinished {
    /// In plain words.
    pub fn words(&self, language: Language, currency: &Currency) -> String {
        let money = |amount| currency.format_with_symbol(amount);
        match (self, language) {
            (Self::Basket { lines }, Language::Zh) => format!("未结账购物篮 {lines} 行"),
            (Self::Basket { lines }, Language::En) => format!("open basket, {lines} lines"),
            (Self::Return { lines }, Language::Zh) => format!("未完成的退货 {lines} 行"),
            (Self::Return { lines }, Language::En) => format!("return under way, {lines} lines"),
            (Self::Payment { number, amount }, Language::Zh) => {
                format!("支付 {number}（{}）结果不明", money(*amount))
            }
            (Self::Payment { number, amount }, Language::En) => {
                format!("payment {number} of {} not known", money(*amount))
            }
            (Self::Receipt { number }, Language::Zh) => format!("小票 {number} 可能没打"),
            (Self::Receipt { number }, Language::En) => format!("receipt {number} may not be printed"),
            (Self::Drawer { change }, Language::Zh) => {
                format!("上一单已保存，钱箱可能没开，找零 {}", money(*change))
            }
            (Self::Drawer { change }, Language::En) => {
                format!("last sale is saved, drawer may not have opened, change {}", money(*change))
            }
        }
    }
}

/// All of it on one line.
pub fn line(things: &[Unfinished], language: Language, currency: &Currency) -> String {
    let words: Vec<String> = things.iter().map(|thing| thing.words(language, currency)).collect();
    words.join(" · ")
}

#[cfg(test)]
mod tests {
    use domain::record::{PaperOutcome, Record};

    use super::*;

    fn yuan() -> Currency {
        Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 }
    }

    #[test]
    fn what_was_begun_and_not_ended_is_listed_in_both_languages() {
        let identity = Identity { store: "S001".into(), lane: 2, epoch: 1 };
        let mut till = Till::default();
        assert_eq!(unfinished(&till, &identity, None), []);
        till.restore(41, 0, &Record::PaperBegun { document: 40, reprint: false });
        let begun = Record::PaymentBegun {
            number: 7,
            wallet: domain::tender::Wallet::WeChat,
            amount: Money::from_minor(3_960),
            purpose: domain::payment::Purpose::Charge,
        };
        till.restore(42, 0, &begun);
        let things = unfinished(&till, &identity, Some(Money::from_minor(140)));
        assert_eq!(
            line(&things, Language::Zh, &yuan()),
            "支付 7（¥39.60）结果不明 · 小票 S001-2-1-000040 可能没打 · 上一单已保存，钱箱可能没开，找零 ¥1.40"
        );
        assert_eq!(
            line(&things, Language::En, &yuan()),
            "payment 7 of ¥39.60 not known · receipt S001-2-1-000040 may not be printed · \
             last sale is saved, drawer may not have opened, change ¥1.40"
        );
        till.restore(43, 0, &Record::PaperEnded { document: 40, outcome: PaperOutcome::Confirmed });
        assert_eq!(unfinished(&till, &identity, None).len(), 1);
    }
}
