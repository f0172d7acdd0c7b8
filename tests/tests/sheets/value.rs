//! Stored value at the counter: what the sheets say, by keys and by touch, with HQ's answer, before it, and without.

use protocol::ask::Question;
use protocol::event::{Value, ValueGrant};

use super::*;

const MEMBER_CARD: &str = "M00000005C";
const MEMBER: &str = "M000005";

impl Lane {
    fn over(&self) -> ui::view::Sheet {
        self.stand.lane.view().sheet.expect("a sheet")
    }

    fn facts(&self) -> Vec<(String, String)> {
        self.over().rows.into_iter().map(|row| (row.name, row.value)).collect()
    }

    /// What HQ was asked for last, minor units.
    fn asked_for(&self) -> Option<i64> {
        self.stand.commands.iter().rev().find_map(|command| match command {
            Command::Ask(asked) => match &asked.question {
                Question::LendValue { member, amount } if member == MEMBER => Some(*amount),
                _ => None,
            },
            _ => None,
        })
    }

    /// HQ lends so much of 100 and 20.
    fn lends(&mut self, principal: i64, bonus: i64) {
        let grant = ValueGrant {
            lease: "v:M000005.1".into(),
            member: MEMBER.into(),
            lent: Value { principal, bonus },
            balance: 12_000,
            until_ms: self.stand.moment.now_ms + 30 * 60_000,
        };
        self.stand.answer(Answer::ValueLent { grant, balance: Value { principal: 10_000, bonus: 2_000 } });
    }
}

/// A member at the payment, with the sheet of stored value open and HQ not heard yet.
fn at_the_sheet() -> Lane {
    let mut lane = Lane::open();
    lane.stand.agent_is_slow = true;
    for _ in 0..3 {
        lane.scan(JUICE);
    }
    lane.stand.scan(MEMBER_CARD);
    lane.stand.key(Key::Char(' '));
    lane.stand.function(10);
    lane
}

#[test]
fn the_sheet_says_what_there_is_what_it_pays_and_what_is_left() {
    let mut lane = at_the_sheet();
    assert_eq!(lane.title(), "储值");
    assert!(lane.over().text.contains("正在问总部") && !lane.over().can_go, "{:?}", lane.over());
    let due = lane.total();
    assert_eq!(lane.asked_for(), Some(due));
    lane.lends(due, 0);
    let sheet = lane.over();
    assert_eq!(sheet.figure.map(|figure| figure.value), Some("¥120.00".into()));
    assert!(sheet.can_go);
    assert_eq!(lane.facts()[0], ("其中".into(), "本金 100.00 · 赠金 20.00".into()));
    let money = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
    assert_eq!(lane.facts()[1..], [("付后还有".to_owned(), money(12_000 - due))]);
    // A part of it; the rest is paid in cash.
    lane.stand.enter("5");
    let put = lane.till().tenders().iter().map(|tender| tender.amount().minor()).collect::<Vec<_>>();
    assert_eq!((put, lane.title()), (vec![500], String::new()));
    let shown = lane.stand.lane.view();
    assert!(format!("{shown:?}").contains("本金 5.00 · 赠金 0.00"), "which balances it is of stands there");
    lane.stand.enter("100");
    assert!(matches!(lane.till().desk(), Desk::Done(..)), "{:?}", lane.till().desk());
    // What was not spent goes back at once.
    lane.stand.key(Key::Escape);
    assert!(lane.till().is_returned("v:M000005.1"));
}

#[test]
fn by_touch_alone_all_of_it_is_paid() {
    let mut lane = at_the_sheet();
    let due = lane.total();
    lane.lends(due, 0);
    lane.stand.press(Button::Yes);
    let Desk::Done(_, sale, _) = lane.till().desk().clone() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!(sale.tenders.len(), 1);
    assert_eq!(sale.tenders[0].amount().minor(), due);
}

#[test]
fn without_hq_it_says_so_plainly_and_pays_nothing() {
    let mut lane = at_the_sheet();
    lane.stand.answer_none();
    assert!(lane.over().text.contains("总部联系不上") && !lane.over().can_go);
    lane.stand.key(Key::Enter);
    assert!(lane.till().tenders().is_empty());
    // Nor where another till holds it, or there is nothing.
    for (principal, words) in [(4_000, "别的收银台"), (0, "没有钱了")] {
        let mut lane = at_the_sheet();
        lane.stand.answer(Answer::ValueNotLent { balance: Value { principal, bonus: 0 } });
        assert!(lane.over().text.contains(words) && !lane.over().can_go, "{:?}", lane.over());
    }
}

#[test]
fn money_is_paid_in_by_the_members_sheet_within_what_the_law_allows() {
    let mut lane = Lane::open();
    lane.stand.agent_is_slow = true;
    lane.stand.scan(MEMBER_CARD);
    lane.stand.function(8);
    let key = lane.over().keys.iter().position(|key| key.label == "储值充值").expect("a key for it");
    lane.stand.press(Button::SheetKey(key));
    assert_eq!((lane.title(), lane.asked_for()), ("储值充值".into(), Some(0)));
    lane.stand.answer(Answer::ValueNotLent { balance: Value { principal: 480_000, bonus: 0 } });
    assert_eq!(lane.facts()[1], ("最多可充".into(), "200.00".into()));
    lane.stand.enter("500");
    assert!(lane.said() && lane.till().basket().is_empty(), "more than the account may hold");
    for _ in 0..3 {
        lane.stand.key(Key::Backspace);
    }
    lane.stand.type_text("100");
    assert_eq!(lane.facts()[2], ("赠送".into(), "5.00".into()));
    lane.stand.key(Key::Enter);
    assert!(matches!(lane.till().desk(), Desk::Paying(_)));
    // No goods join it, and stored value does not pay it.
    lane.scan(JUICE);
    assert_eq!(lane.lines(), 1);
    let kinds = lane.stand.lane.view();
    assert!(!format!("{kinds:?}").contains(r#"label: "储值""#), "no key for what cannot be");
    lane.stand.enter("100");
    let Desk::Done(_, sale, _) = lane.till().desk().clone() else { panic!("{:?}", lane.till().desk()) };
    let paid_in = sale.top_up.expect("paid in");
    assert_eq!((paid_in.value.principal.minor(), paid_in.value.bonus.minor()), (10_000, 500));
}

#[test]
fn with_goods_in_the_basket_nothing_is_paid_in() {
    let mut lane = Lane::open();
    lane.stand.scan(MEMBER_CARD);
    lane.scan(JUICE);
    lane.stand.function(8);
    lane.stand.function(9);
    assert!(lane.said());
    assert_eq!(lane.title(), "会员");
}
