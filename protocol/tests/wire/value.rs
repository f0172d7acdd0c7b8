//! Stored value: paid with, paid in, given back, and what a shift says of it.

use domain::member::LeaseSpent;
use domain::sale::SaleBuyer;
use domain::value::{StoredTender, TopUp, Value, top_up_item};

use super::*;

fn amounts(principal: i64, bonus: i64) -> Value {
    Value { principal: money(principal), bonus: money(bonus) }
}

fn stored(part: Value, of: Value, left: Option<i64>) -> Tender {
    Tender::StoredValue(StoredTender {
        member: "m1".into(),
        lease: "v:m1.7".into(),
        until_ms: 1_772_500_000_000,
        part,
        of,
        left: left.map(money),
    })
}

fn paid() -> Tender {
    stored(amounts(850, 170), amounts(850, 170), Some(3_980))
}

fn buyer() -> Option<SaleBuyer> {
    Some(SaleBuyer { member: "m1".into(), shown: "赵** *0001".into(), tier: String::new(), points: None })
}

/// The beer and the apples, a part of them with stored value.
fn split() -> Sale {
    Sale { tenders: vec![paid(), Tender::Cash(money(1_000))], change: money(160), buyer: buyer(), ..sale() }
}

/// Half of what was paid with it goes back.
fn back() -> Sale {
    let taxes = vec![TaxSummary { rate: rate(1_300), net: money(-510), tax: money(-59) }];
    Sale {
        lines: Vec::new(),
        returns: vec![ReturnedLine { amount: money(510), tax: money(59), ..beer_back() }],
        total: money(-510),
        rounding: Money::ZERO,
        payable: money(-510),
        tenders: vec![stored(amounts(-425, -85), amounts(850, 170), None)],
        change: Money::ZERO,
        taxes,
        ..sale()
    }
}

/// 500 paid in, 50 on top.
fn paid_in() -> Sale {
    let amount = money(50_000);
    let plain =
        Line { item: top_up_item(amount), unit_price: amount, price_from: PriceFrom::Typed, ..apples() };
    let line = Line { number: 1, code: String::new(), quantity: Quantity::ONE, label_amount: None, ..plain };
    let line = Line { weighed_by: None, trace: Trace::default(), promotion: None, ..line };
    Sale {
        lines: vec![line],
        total: amount,
        rounding: Money::ZERO,
        payable: amount,
        tenders: vec![wechat(50_000)],
        change: Money::ZERO,
        taxes: vec![TaxSummary { rate: rate(0), net: amount, tax: Money::ZERO }],
        buyer: buyer(),
        top_up: Some(TopUp { member: "m1".into(), value: amounts(50_000, 5_000) }),
        ..sale()
    }
}

fn sold(sale: Sale) -> Record {
    Record::SaleCompleted { sale: Box::new(sale) }
}

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let mut carried = carried();
    carried.leases_spent =
        vec![LeaseSpent { lease: "v:m1.7".into(), spent: 1_020, bonus: 170, until_ms: 1_772_500_000_000 }];
    let opened = Record::ShiftOpened {
        number: 12,
        business_date: day(),
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(carried),
    };
    let mut report = report();
    report.takings.topped_up = Tally { count: 1, amount: money(50_000) };
    report.takings.tenders.push((TenderKind::StoredValue, money(1_020)));
    let closed = Record::ShiftClosed { staff: "e1".into(), report: Some(Box::new(report)) };
    vec![
        ("tender_added_stored_value", Record::TenderAdded { tender: paid() }),
        ("sale_completed_stored_value", sold(split())),
        ("sale_completed_stored_value_back", sold(back())),
        ("sale_completed_top_up", sold(paid_in())),
        ("shift_opened_value_spent", opened),
        ("shift_closed_topped_up", closed),
    ]
}

#[test]
fn stored_value_that_does_not_add_up_is_refused() {
    let refused = |_: &str| {
        let number = 1 + super::records()
            .iter()
            .position(|(name, _)| *name == "sale_completed_top_up")
            .expect("there");
        format!("understand event {number}: the sale does not add up")
    };
    for (from, to) in [
        (r#""principal":50000,"bonus":5000"#, r#""principal":49999,"bonus":5000"#),
        (r#""principal":50000,"bonus":5000"#, r#""principal":50000,"bonus":-5000"#),
    ] {
        let text = String::from_utf8(wire("sale_completed_top_up")).expect("UTF-8");
        assert!(text.contains(from), "{from}");
        let event = event::decode(text.replacen(from, to, 1).as_bytes()).expect("the form is right");
        assert_eq!(event.record().map_err(|error| error.to_string()), Err(refused(to)), "{to}");
    }
    for (from, to) in [
        (r#""principal":850,"bonus":170"#, r#""principal":850,"bonus":171"#),
        (r#""principal":850,"bonus":170"#, r#""principal":1190,"bonus":-170"#),
    ] {
        let text = String::from_utf8(wire("sale_completed_stored_value")).expect("UTF-8");
        assert!(text.contains(from), "{from}");
        let event = event::decode(text.replacen(from, to, 1).as_bytes()).expect("the form is right");
        assert!(event.record().is_err(), "{to}");
    }
}
