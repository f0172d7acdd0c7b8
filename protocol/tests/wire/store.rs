//! What the lanes of a store have in common, as events: counts that go on while they sell, and parked baskets.

use domain::money::Money;
use domain::record::Record;
use domain::rights::Act;
use domain::shift::{Carried, ParkedId};
use domain::stock::{CountStep, CountedLine, Position, StockCount, TransfersHere};

use super::{carried, day, parked};

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let step =
        |line, at_ms, positions, lost: &[u32]| CountStep { line, at_ms, positions, lost: lost.to_vec() };
    let count = StockCount {
        document: "C1-1-813".into(),
        lines: vec![
            CountedLine { sku: "100001".into(), thousandths: 23_000 },
            CountedLine { sku: "200003".into(), thousandths: 0 },
        ],
        positions: vec![Position { lane: 1, epoch: 1, seq: 812 }, Position { lane: 2, epoch: 3, seq: 41 }],
        steps: vec![
            step(0, 1_772_416_000_000, Vec::new(), &[]),
            step(1, 1_772_416_060_000, vec![Position { lane: 1, epoch: 1, seq: 815 }], &[2]),
        ],
        reason: "月度盘点".into(),
    };
    let id = || "e1".to_owned();
    let approved = Record::Approved {
        act: Act::CountStock,
        staff: id(),
        approver: "e2".into(),
        reason: "核对过".into(),
    };
    let from = ParkedId { lane: 1, epoch: 2, number: 3 };
    vec![
        ("stock_counted_while_selling", Record::StockCounted { count, staff: id() }),
        ("approved_count", approved),
        ("basket_offered", Record::BasketOffered { parked: Box::new(parked()) }),
        ("basket_taken", Record::BasketTaken { from, parked: Box::new(parked()), staff: id() }),
        ("basket_gone", Record::BasketGone { basket: 3, lane: 2 }),
    ]
}

/// A till that sent goods to other stores, and took some in, before its shift.
pub(super) fn shift_after_transfers() -> Record {
    let transfers = TransfersHere::of(vec!["T-7Q2M".into(), "1-1-813".into()], vec!["T-9K4X".into()]);
    Record::ShiftOpened {
        number: 12,
        business_date: day(),
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(Carried { transfers, ..carried() }),
    }
}
