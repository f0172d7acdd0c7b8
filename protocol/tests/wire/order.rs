//! What is done with orders of channels at a till.

use super::*;
use domain::order::desk::{Missing, OrderDeed, OrderHere, OrderRecord, StageHere};

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let done = |deed| Record::Order(OrderRecord { order: "mp-20260302-17".into(), staff: "e1".into(), deed });
    let here =
        |id: &str, stage, found: &[(u32, i64)]| OrderHere { id: id.into(), stage, found: found.to_vec() };
    let orders = OrdersHere::of(vec![
        here("o1", StageHere::HandedOver, &[]),
        here("o2", StageHere::Ended, &[]),
        here("o3", StageHere::Ready, &[(1, 2_000), (2, 530)]),
        here("o4", StageHere::Accepted, &[(1, 1_000)]),
    ]);
    let opened = Record::ShiftOpened {
        number: 12,
        business_date: day(),
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(Carried { orders, ..carried() }),
    };
    let missing = vec![Missing { line: 1, found: 1_000 }, Missing { line: 3, found: 0 }];
    vec![
        ("order_accepted", done(OrderDeed::Accepted)),
        ("order_refused", done(OrderDeed::Refused { reason: "卖完了".into() })),
        ("order_found", done(OrderDeed::Found { line: 2, thousandths: 530 })),
        ("order_ready", done(OrderDeed::Ready { missing: Vec::new(), reason: String::new() })),
        ("order_ready_short", done(OrderDeed::Ready { missing, reason: "货架上没有".into() })),
        ("order_handed_over", done(OrderDeed::HandedOver { code: "482915".into() })),
        ("order_not_collected", done(OrderDeed::NotCollected)),
        ("shift_opened_orders", opened),
    ]
}
