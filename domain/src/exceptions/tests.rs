use std::sync::Arc;

use super::*;
use crate::basket::{Cut, Discount, LoweredPrice, PriceFrom, Trace};
use crate::catalogue::Item;
use crate::money::{Quantity, TaxRate};
use crate::shift::{Carried, Parked};

fn line(number: u32, pieces: i64) -> Line {
    let rate = TaxRate::from_basis_points(1_300).expect("a rate");
    Line {
        number,
        item: Arc::new(Item::plain(&number.to_string(), Money::from_minor(800), rate)),
        code: number.to_string(),
        unit: None,
        quantity: Quantity::from_pieces(pieces).expect("pieces"),
        unit_price: Money::from_minor(800),
        price_from: PriceFrom::List,
        promotion: None,
        kept: None,
        walk_in: None,
        weighed_by: None,
        label_amount: None,
        trace: Trace::default(),
        savings: Vec::new(),
        points_off: Money::ZERO,
        discount: None,
        basket_discount: Money::ZERO,
        seller: None,
        note: String::new(),
    }
}

fn added(number: u32, pieces: i64) -> Record {
    Record::LineAdded { line: line(number, pieces) }
}

fn voided(number: u32) -> Record {
    Record::LineVoided { line: number, staff: "u1".into(), reason: String::new() }
}

fn quantity(number: u32, pieces: i64) -> Record {
    let quantity = Quantity::from_pieces(pieces).expect("pieces");
    Record::LineQuantitySet { line: number, quantity, net: Money::ZERO }
}

fn half_off(most: u32) -> Option<Discount> {
    Some(Discount { cut: Cut::Part(5_000), most, reason: String::new() })
}

fn cancelled(total: i64) -> Record {
    Record::BasketCancelled { staff: "u1".into(), total: Money::from_minor(total), reason: String::new() }
}

/// The kinds and amounts, minor units, of what is out of the usual.
fn found(records: &[Record]) -> Vec<(&'static str, Option<i64>)> {
    let mut watch = Watch::default();
    let found = records.iter().filter_map(|record| watch.take(record));
    found.map(|found| (found.kind.name(), found.amount.map(Money::minor))).collect()
}

#[test]
fn a_void_has_the_amount_that_its_line_had_then() {
    let lowered = LoweredPrice {
        line: 1,
        list_price: Money::from_minor(700),
        unit_price: Money::from_minor(700),
        promotion: None,
        kept: None,
    };
    let half = Record::LineDiscounted { line: 1, discount: half_off(10_000), staff: "u1".into() };
    let records = [
        added(1, 1),
        quantity(1, 3),
        Record::LinePriceLowered { lowered, net: Money::from_minor(2_100) },
        half,
        voided(1),
        voided(1),
    ];
    assert_eq!(found(&records), [("line_discount", Some(-1_050)), ("void", Some(1_050)), ("void", None)]);
}

#[test]
fn the_next_basket_gives_its_numbers_anew_and_a_parked_one_keeps_its_lines() {
    let parked = Record::BasketParked { basket: 7, staff: "u1".into(), note: String::new() };
    let recalled = Record::BasketRecalled { basket: 7, staff: "u1".into() };
    let records = [added(1, 2), parked, added(1, 1), cancelled(800), voided(1), recalled, voided(1)];
    assert_eq!(found(&records), [("cancel", Some(800)), ("void", None), ("void", Some(1_600))]);
    // One of yesterday stands in what the shift carries on.
    let basket = Basket::parked(vec![line(4, 5)], 4, false, 0, half_off(10_000));
    let yesterdays =
        Parked { number: 2, staff: "u1".into(), at_ms: 0, note: String::new(), basket, tenders: Vec::new() };
    let opened = Record::ShiftOpened {
        number: 2,
        business_date: chrono::NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date"),
        staff: "u1".into(),
        float: Money::ZERO,
        carried: Box::new(Carried { parked: vec![yesterdays], ..Carried::default() }),
    };
    let recalled = Record::BasketRecalled { basket: 2, staff: "u1".into() };
    assert_eq!(found(&[opened, recalled, voided(4)]), [("void", Some(4_000))]);
}

#[test]
fn a_price_that_was_set_says_what_it_took_off_and_a_discount_of_a_basket_too() {
    let set = Record::LinePriceSet {
        line: 1,
        unit_price: Money::from_minor(500),
        net: Money::from_minor(1_000),
        staff: "u2".into(),
        reason: String::new(),
    };
    let discount = |discount| Record::BasketDiscounted { discount, staff: "u2".into() };
    // No more is taken off than whoever gave it may; taken back it is no exception.
    let records = [added(1, 2), set, discount(half_off(1_000)), discount(None)];
    assert_eq!(found(&records), [("price_set", Some(-600)), ("basket_discount", Some(-100))]);
    let mut watch = Watch::default();
    let whose = records.iter().filter_map(|record| watch.take(record)).map(|found| found.staff);
    assert_eq!(whose.collect::<Vec<_>>(), ["u2", "u2"]);
}

#[test]
fn what_no_till_would_write_has_no_amount_and_stops_nobody() {
    let mut dear = line(1, 1);
    dear.unit_price = Money::from_minor(crate::money::AMOUNT_MAX);
    let records = [Record::LineAdded { line: dear }, quantity(1, 2), voided(1)];
    assert_eq!(found(&records), [("void", None)]);
}

#[test]
fn every_kind_has_a_name_of_its_own() {
    for kind in ExceptionKind::ALL {
        assert_eq!(ExceptionKind::of_name(kind.name()), Some(kind));
    }
    assert_eq!(ExceptionKind::of_name("something of a newer program"), None);
}
