//! Goods that come back without the receipt: found by the member who bought them, or by the card that paid.

use domain::tender::CardEnd;
use protocol::ask::{Knows, Question, ReceiptShown, Sought};

use super::*;

/// The card, id and telephone of a gold member of the demo shop.
const GOLD_CARD: &str = "M00000005C";
const GOLD: &str = "M000005";
const GOLD_PHONE: &str = "00000000005";

impl Lane {
    fn sells(&mut self, member: Option<&str>, goods: &[&str]) -> u64 {
        if let Some(card) = member {
            self.stand.scan(card);
        }
        for sku in goods {
            self.scan(sku);
        }
        let seq = self.pay_exactly();
        self.stand.key(Key::Escape);
        seq
    }

    /// Sells by a card whose end is typed, unless it is not known.
    fn sells_by_card(&mut self, sku: &str, end: &str) -> u64 {
        self.scan(sku);
        self.stand.key(Key::Char(' '));
        let ui::view::Screen::Pay(pay) = self.stand.lane.view().screen else { panic!("not paying") };
        let kind = pay.kinds.iter().position(|kind| kind.label.contains("银行卡")).expect("a card terminal");
        self.stand.press(Button::TenderKind(kind));
        assert_eq!(self.title(), "银行卡 · 收款");
        if !end.is_empty() {
            self.stand.key(Key::Tab);
            self.stand.type_text(end);
        }
        self.stand.key(Key::Enter);
        let Desk::Done(_, _, seq) = self.till().desk() else { panic!("{:?}", self.till().desk()) };
        let seq = *seq;
        self.stand.key(Key::Escape);
        seq
    }

    fn sheet(&self) -> ui::view::Sheet {
        self.stand.lane.view().sheet.expect("a sheet")
    }

    /// Names and details of its rows.
    fn rows(&self) -> Vec<(String, String)> {
        self.sheet().rows.into_iter().map(|row| (row.detail, row.value)).collect()
    }

    fn back_of(&self) -> Option<u64> {
        self.till().basket().past().map(|past| past.origin.seq)
    }

    fn asked(&self) -> Question {
        let asked = self.stand.commands.iter().rev().find_map(|command| match command {
            Command::Ask(asked) => Some(asked.question.clone()),
            _ => None,
        });
        asked.expect("a question")
    }
}

#[test]
fn a_members_receipts_are_listed_by_telephone_and_given_back_like_any() {
    let mut lane = Lane::open();
    let juice = lane.sells(Some(GOLD_CARD), &[JUICE]);
    let tea = lane.sells(Some(GOLD_CARD), &[TEA, WATER]);
    lane.sells(None, &[JUICE]);
    lane.stand.function(5);
    lane.stand.function(7);
    assert_eq!(lane.title(), "退货 · 会员的小票");
    lane.stand.enter(GOLD_PHONE);
    let numbers = |lane: &Lane| -> Vec<String> {
        let last = |(detail, _): &(String, String)| detail.rsplit('-').next().unwrap_or_default().to_owned();
        lane.rows().iter().map(last).collect()
    };
    assert_eq!(numbers(&lane), [format!("{tea:06}"), format!("{juice:06}")]);
    let text = lane.sheet().text;
    assert!(text.contains("吴** *0005") && text.contains("总部没有应答"), "{text}");
    // What lies in them is not said; goods leave those that hold them.
    assert!(lane.sheet().rows.iter().all(|row| !row.name.contains("茶")), "{:?}", lane.rows());
    lane.scan(JUICE);
    assert_eq!(numbers(&lane), [format!("{juice:06}")]);
    assert_eq!(lane.lines(), 0, "nothing was sold");
    lane.stand.key(Key::Enter);
    lane.approve("301", "4567");
    assert_eq!((lane.back_of(), lane.title()), (Some(juice), format!("退货 · S001-1-1-{juice:06}")));
    lane.stand.function(7);
    lane.approve("301", "4567");
    lane.stand.function(8);
    lane.stand.key(Key::Enter);
    let Desk::Done(..) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    // What came back stands in the list, and cannot come back again.
    lane.stand.key(Key::Escape);
    lane.stand.function(5);
    lane.stand.scan(GOLD_CARD);
    assert_eq!(lane.title(), "退货 · 会员的小票");
    let of_juice = lane.rows().into_iter().find(|(detail, _)| detail.ends_with(&format!("{juice:06}")));
    assert!(of_juice.is_some_and(|(detail, _)| detail.starts_with("已全部退完")), "{:?}", lane.rows());
    lane.stand.key(Key::Down);
    lane.stand.key(Key::Enter);
    assert!(lane.said() && lane.back_of().is_none());
    // The list is still there for another.
    assert_eq!(lane.title(), "退货 · 会员的小票");
}

#[test]
fn by_touch_alone_a_members_receipt_is_found() {
    let mut lane = Lane::open();
    let seq = lane.sells(Some(GOLD_CARD), &[JUICE]);
    lane.menu("退货");
    let key = lane.sheet().keys.iter().position(|key| key.shortcut == "F7").expect("by member");
    lane.stand.press(Button::SheetKey(key));
    for digit in GOLD_PHONE.chars() {
        lane.stand.press(Button::Digit(digit));
    }
    lane.stand.press(Button::Enter);
    lane.stand.press(Button::Row(0));
    lane.approve("301", "4567");
    assert_eq!(lane.back_of(), Some(seq));
}

#[test]
fn what_hq_knows_joins_the_list_and_the_chosen_receipt_stays_chosen() {
    let mut lane = Lane::open();
    let first = lane.sells(Some(GOLD_CARD), &[JUICE]);
    let second = lane.sells(Some(GOLD_CARD), &[TEA]);
    lane.stand.agent_is_slow = true;
    lane.stand.function(5);
    lane.stand.commands.clear();
    lane.stand.scan(GOLD_CARD);
    assert!(lane.sheet().text.contains("正在问总部"), "{}", lane.sheet().text);
    let Question::Receipts { sought, goods } = lane.asked() else { panic!("not asked") };
    assert_eq!((sought, goods.len()), (Sought::Member { code: GOLD.into() }, 0));
    lane.stand.key(Key::Down);
    let shown = |store: &str, number: u32, seq, at_ms, left| ReceiptShown {
        origin: event::Origin { store: store.into(), lane: number, epoch: 1, seq },
        at_ms,
        currency: "CNY".into(),
        payable: 1_000,
        left,
    };
    let now_ms = lane.stand.moment.now_ms;
    let member = event::Member { id: GOLD.into(), shown: "吴** *0005".into(), ..event::Member::default() };
    let answer = Answer::Receipts {
        member: Some(Box::new(member)),
        // Another lane's is newer; of the first HQ knows that some came back elsewhere.
        receipts: vec![
            shown("S002", 3, 9, now_ms, 1_000),
            shown("S001", 1, first, now_ms - 100_000, 100),
            ReceiptShown { currency: "HKD".into(), ..shown("S003", 1, 1, now_ms, 5) },
        ],
        more: false,
        knows: Knows::Chain,
    };
    lane.stand.answer(answer);
    let rows = lane.rows();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(lane.sheet().rows[0].name.contains("S002 店 3 号台"), "{:?}", lane.sheet().rows[0]);
    assert!(rows[1].0.ends_with(&format!("{second:06}")), "{rows:?}");
    assert!(rows[2].0.starts_with("可退 1.00"), "{rows:?}");
    assert_eq!(lane.sheet().selected, Some(2), "the first receipt was chosen, and still is");
}

#[test]
fn a_card_accepted_with_its_last_digits_is_found_by_them_on_its_day() {
    let mut lane = Lane::open();
    let known = lane.sells_by_card(JUICE, "0042");
    let unknown = lane.sells_by_card(TEA, "");
    let end = CardEnd::parse("0042").ok();
    let ends = lane.count(|record| matches!(record, Record::PaymentEnded { card, .. } if *card == end));
    assert_eq!(ends, 1);
    lane.stand.function(5);
    lane.stand.function(8);
    assert_eq!(lane.title(), "退货 · 按刷卡找小票");
    lane.stand.enter("0042");
    assert_eq!(lane.rows().len(), 1, "{:?}", lane.rows());
    // The day before nobody sold anything; and back again.
    lane.stand.function(2);
    assert_eq!(
        (lane.rows().len(), lane.sheet().figure.map(|figure| figure.value)),
        (0, Some("2026-11-20".into()))
    );
    lane.stand.function(3);
    assert_eq!(lane.rows().len(), 1);
    lane.stand.key(Key::Enter);
    lane.approve("301", "4567");
    assert_eq!(lane.back_of(), Some(known));
    lane.stand.key(Key::Delete);
    // Without the card the amount will do.
    lane.stand.function(5);
    lane.stand.function(8);
    lane.stand.key(Key::Tab);
    lane.stand.enter("6.00");
    lane.stand.key(Key::Enter);
    lane.approve("301", "4567");
    assert_eq!(lane.back_of(), Some(unknown));
}

#[test]
fn never_more_than_four_digits_of_a_card_are_typed_or_taken() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.key(Key::Char(' '));
    let ui::view::Screen::Pay(pay) = lane.stand.lane.view().screen else { panic!("not paying") };
    let kind = pay.kinds.iter().position(|kind| kind.label.contains("银行卡")).expect("a card terminal");
    lane.stand.press(Button::TenderKind(kind));
    lane.stand.key(Key::Tab);
    lane.stand.type_text("622202");
    assert_eq!(lane.sheet().fields[1].value, "6222");
    // Three are none: the payment waits, and it is said.
    lane.stand.key(Key::Backspace);
    lane.stand.key(Key::Enter);
    assert!(lane.said());
    assert_eq!(lane.count(|record| matches!(record, Record::PaymentEnded { .. })), 0);
    lane.stand.type_text("9");
    lane.stand.key(Key::Enter);
    let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!(sale.tenders[0].card().map(|end| end.to_string()), Some("6229".to_owned()));
}
