//! An order at a till: its way, its refusals, and that HQ's book takes in whatever a till does.

use proptest::prelude::*;

use super::super::{Order, OrderAct};
use super::*;
use crate::money::{Quantity, TaxRate};

const NOON: i64 = 1_795_233_600_000;

fn line(number: u32, sku: &str, thousandths: i64, net: i64) -> OrderLine {
    OrderLine {
        number,
        sku: sku.into(),
        quantity: Quantity::from_thousandths(thousandths).expect("a quantity"),
        net: Money::from_minor(net),
        tax_rate: TaxRate::from_basis_points(1_300).expect("a rate"),
    }
}

/// Three bottles, half a kilogram of apples, one tea.
fn told(state: OrderState) -> ToldOrder {
    ToldOrder {
        id: "o1".into(),
        channel: "mini_program".into(),
        state,
        lines: vec![line(1, "water", 3_000, 1_000), line(2, "apple", 500, 333), line(3, "tea", 1_000, 450)],
        kept: Money::from_minor(1_783),
        promised_ms: Some(NOON),
        shown: "赵** *0001".into(),
    }
}

/// A till with one order, to which things are done.
struct Desk {
    told: ToldOrder,
    orders: OrdersHere,
    now_ms: i64,
}

impl Desk {
    fn new() -> Self {
        Self { told: told(OrderState::Paid), orders: OrdersHere::default(), now_ms: NOON }
    }

    fn ask(&mut self, ask: &OrderAsk) -> Result<OrderDeed, OrderRefused> {
        let here = self.orders.get(&self.told.id);
        let deed = self.told.decide(here, ask, |sku| sku == "apple", self.now_ms)?;
        let record = OrderRecord { order: self.told.id.clone(), staff: "e1".into(), deed: deed.clone() };
        self.orders.apply(&record);
        Ok(deed)
    }

    fn done(&mut self, asks: &[OrderAsk]) -> &mut Self {
        for ask in asks {
            self.ask(ask).unwrap_or_else(|refused| panic!("{ask:?}: {refused:?}"));
        }
        self
    }

    fn standing(&self) -> Standing {
        self.told.standing(self.orders.get("o1"))
    }
}

fn find(line: u32, thousandths: i64) -> OrderAsk {
    OrderAsk::Find { line, thousandths }
}

fn ready(reason: &str) -> OrderAsk {
    OrderAsk::Ready { reason: reason.into() }
}

fn hand_over(matches: bool) -> OrderAsk {
    OrderAsk::HandOver { code: "482915".into(), matches }
}

fn refuse(reason: &str) -> OrderAsk {
    OrderAsk::Refuse { reason: reason.into() }
}

#[test]
fn an_order_is_picked_and_handed_over_once() {
    let mut desk = Desk::new();
    assert_eq!(desk.standing(), Standing::New);
    desk.done(&[OrderAsk::Accept]);
    assert_eq!(desk.standing(), Standing::Accepted);
    desk.done(&[find(1, 3_000), find(2, 512), find(3, 1_000)]);
    assert_eq!(desk.standing(), Standing::Picking);
    assert_eq!(desk.ask(&ready("")), Ok(OrderDeed::Ready { missing: Vec::new(), reason: String::new() }));
    assert_eq!(desk.ask(&hand_over(false)), Err(OrderRefused::Code));
    assert_eq!(desk.ask(&hand_over(true)), Ok(OrderDeed::HandedOver { code: "482915".into() }));
    // HQ still tells of it.
    desk.told.state = OrderState::Picked;
    assert_eq!(desk.ask(&hand_over(true)), Err(OrderRefused::OutOfTurn(Standing::HandedOver)));
    assert_eq!(desk.standing(), Standing::HandedOver);
}

#[test]
fn what_is_missing_needs_a_reason_and_is_paid_back_as_hq_pays_it() {
    let mut desk = Desk::new();
    desk.done(&[OrderAsk::Accept, find(1, 2_000), find(2, 460)]);
    assert_eq!(desk.ask(&ready("")), Err(OrderRefused::Reason));
    let missing = vec![
        Missing { line: 1, found: 2_000 },
        Missing { line: 2, found: 460 },
        Missing { line: 3, found: 0 },
    ];
    let done = desk.ask(&ready(" 货架上没有 "));
    assert_eq!(done, Ok(OrderDeed::Ready { missing: missing.clone(), reason: "货架上没有".into() }));
    let book =
        Order::place(desk.told.lines.clone(), Money::from_minor(1_783), "482915".into()).expect("placed");
    let pay = OrderAct::Pay { amount: Money::from_minor(1_783), reference: "W1".into() };
    let short = missing.iter().map(|missing| (missing.line, missing.found)).collect();
    let acts = [pay, OrderAct::Accept, OrderAct::Pick { short }];
    let picked = acts.iter().fold(book, |book, act| book.step(act).expect("its turn").0);
    assert_eq!(desk.told.back_for(&missing), picked.refunded());
    assert_eq!(picked.refunded().minor(), 333 + 27 + 450);
}

#[test]
fn weighed_goods_may_be_a_little_off() {
    let mut desk = Desk::new();
    desk.done(&[OrderAsk::Accept, find(1, 3_000), find(3, 1_000)]);
    assert_eq!(desk.ask(&find(2, 551)), Err(OrderRefused::TooMuch { most: 550 }));
    desk.done(&[find(2, 550), find(2, 450)]);
    // A little less needs no words, but the customer gets the money.
    let missing = vec![Missing { line: 2, found: 450 }];
    assert_eq!(desk.ask(&ready("")), Ok(OrderDeed::Ready { missing, reason: String::new() }));
    let mut desk = Desk::new();
    desk.done(&[OrderAsk::Accept, find(1, 3_000), find(3, 1_000), find(2, 449)]);
    assert_eq!(desk.ask(&ready("")), Err(OrderRefused::Reason));
    assert_eq!(desk.ask(&find(1, 3_001)), Err(OrderRefused::TooMuch { most: 3_000 }));
    assert_eq!(desk.ask(&find(1, -1)), Err(OrderRefused::TooMuch { most: 3_000 }));
    assert_eq!(desk.ask(&find(4, 1)), Err(OrderRefused::NoLine(4)));
}

#[test]
fn nothing_is_done_out_of_turn() {
    let mut desk = Desk::new();
    for ask in [find(1, 1_000), ready("x"), hand_over(true), OrderAsk::NotCollected] {
        assert_eq!(desk.ask(&ask), Err(OrderRefused::OutOfTurn(Standing::New)), "{ask:?}");
    }
    assert_eq!(desk.ask(&refuse("  ")), Err(OrderRefused::Reason));
    desk.done(&[OrderAsk::Accept]);
    assert_eq!(desk.ask(&OrderAsk::Accept), Err(OrderRefused::OutOfTurn(Standing::Accepted)));
    assert_eq!(desk.ask(&hand_over(true)), Err(OrderRefused::OutOfTurn(Standing::Accepted)));
    assert_eq!(desk.ask(&ready("sold out")), Err(OrderRefused::Nothing));
    desk.done(&[find(1, 1_000), ready("sold out")]);
    for ask in [OrderAsk::Accept, refuse("x"), find(1, 2_000), ready("x")] {
        assert_eq!(desk.ask(&ask), Err(OrderRefused::OutOfTurn(Standing::Ready)), "{ask:?}");
    }
    let mut refused = Desk::new();
    refused.done(&[refuse("卖完了")]);
    assert_eq!(refused.ask(&OrderAsk::Accept), Err(OrderRefused::OutOfTurn(Standing::Ended)));
}

#[test]
fn nobody_is_late_before_two_hours_after_the_promise() {
    let mut desk = Desk::new();
    desk.done(&[OrderAsk::Accept, find(1, 3_000), ready("x")]);
    desk.now_ms = NOON + NOT_COLLECTED_AFTER_MS - 1;
    let from_ms = NOON + NOT_COLLECTED_AFTER_MS;
    assert_eq!(desk.ask(&OrderAsk::NotCollected), Err(OrderRefused::TooEarly { from_ms }));
    desk.told.promised_ms = None;
    assert_eq!(desk.ask(&OrderAsk::NotCollected), Err(OrderRefused::NoPromise));
    desk.told.promised_ms = Some(NOON);
    desk.now_ms += 1;
    desk.done(&[OrderAsk::NotCollected]);
    assert_eq!(desk.ask(&hand_over(true)), Err(OrderRefused::OutOfTurn(Standing::Ended)));
}

#[test]
fn the_oldest_are_forgotten_where_there_are_too_many() {
    let mut orders = OrdersHere::default();
    let mut accept = |id: String| {
        orders.apply(&OrderRecord { order: id, staff: "e1".into(), deed: OrderDeed::Accepted });
        orders.all().len()
    };
    for number in 0..ORDERS_HERE_MAX {
        accept(format!("o{number}"));
    }
    // One that is touched is the newest.
    assert_eq!(accept("o0".into()), ORDERS_HERE_MAX);
    assert_eq!(accept("one more".into()), ORDERS_HERE_MAX);
    assert!(orders.get("o0").is_some() && orders.get("o1").is_none());
    assert_eq!(OrdersHere::of(orders.all().to_vec()), orders);
}

fn any_ask() -> impl Strategy<Value = OrderAsk> {
    prop_oneof![
        Just(OrderAsk::Accept),
        prop_oneof![Just("x"), Just("")].prop_map(refuse),
        (0u32..5, -1i64..3_300).prop_map(|(line, thousandths)| find(line, thousandths)),
        prop_oneof![Just("x"), Just("")].prop_map(ready),
        any::<bool>().prop_map(hand_over),
        Just(OrderAsk::NotCollected),
    ]
}

proptest! {
    /// Whatever is asked in whatever order, HQ's book takes in what a till
    /// did, and both come to the same money.
    #[test]
    fn hq_takes_in_whatever_a_till_does(asks in prop::collection::vec(any_ask(), 0..24)) {
        let mut desk = Desk::new();
        desk.now_ms = NOON + NOT_COLLECTED_AFTER_MS;
        let total = Money::from_minor(1_783);
        let placed = Order::place(desk.told.lines.clone(), total, "482915".into()).expect("placed");
        let pay = OrderAct::Pay { amount: total, reference: "W1".into() };
        let mut book = placed.step(&pay).expect("paid").0;
        for ask in &asks {
            let Ok(deed) = desk.ask(ask) else { continue };
            let act = match deed {
                OrderDeed::Found { .. } => continue,
                OrderDeed::Accepted => OrderAct::Accept,
                OrderDeed::Refused { reason } => OrderAct::Cancel { reason },
                OrderDeed::Ready { missing, .. } => {
                    prop_assert!(desk.told.back_for(&missing) < total);
                    OrderAct::Pick { short: missing.iter().map(|of| (of.line, of.found)).collect() }
                }
                OrderDeed::HandedOver { code } => OrderAct::HandOver { code },
                OrderDeed::NotCollected => OrderAct::Cancel { reason: "not collected".into() },
            };
            let before = book.state();
            book = book.step(&act).map_err(|error| TestCaseError::fail(error.to_string()))?.0;
            prop_assert!(book.state() != before, "nothing is done twice");
        }
        let at_hq = match book.state() {
            OrderState::Placed | OrderState::Paid => Standing::New,
            OrderState::Accepted => Standing::Accepted,
            OrderState::Picked => Standing::Ready,
            OrderState::HandedOver => Standing::HandedOver,
            OrderState::Cancelled => Standing::Ended,
        };
        let here = if desk.standing() == Standing::Picking { Standing::Accepted } else { desk.standing() };
        prop_assert_eq!(here, at_hq);
    }
}

#[test]
fn what_was_found_of_the_oldest_orders_is_forgotten_first() {
    let lines = 200u32;
    let full = |number: usize| OrderHere {
        id: format!("o{number}"),
        stage: StageHere::Accepted,
        found: (1..=lines).map(|line| (line, 1_000)).collect(),
    };
    let mut orders = OrdersHere::of((0..ORDERS_HERE_MAX).map(full).collect());
    let known = |orders: &OrdersHere| orders.all().iter().filter(|here| !here.found.is_empty()).count();
    assert_eq!(known(&orders), FOUND_HERE_MAX / lines as usize);
    assert!(orders.get("o0").is_some_and(|here| here.found.is_empty()), "it is an order of this till still");
    for line in 1..=lines {
        let deed = OrderDeed::Found { line, thousandths: 1_000 };
        orders.apply(&OrderRecord { order: "o0".into(), staff: "e1".into(), deed });
    }
    assert_eq!(orders.get("o0").map(|here| here.found.len()), Some(lines as usize));
    assert_eq!(known(&orders), FOUND_HERE_MAX / lines as usize);
    assert_eq!(OrdersHere::of(orders.all().to_vec()), orders);
}
