//! The longest events that a lane may have to write.

use super::*;
use domain::basket::LINES_MAX;
use domain::member::LeaseSpent;
use domain::order::desk::{FOUND_HERE_MAX, ORDERS_HERE_MAX, OrderHere, StageHere};
use domain::phone::USED_MAX;
use domain::quota::{CountedFor, Given, QUOTA_COUNTS_MAX};
use domain::shift::PARKED_MAX;
use domain::stock::TRANSFERS_HERE_MAX;
use domain::till::{COUPONS_SPENT_MAX, LEASES_SPENT_MAX};

/// Goods as long as they are in a shop, and their savings.
fn long(number: usize) -> Line {
    let text = |length: usize| "字".repeat(length / 3);
    let item = Item {
        name_zh: text(60),
        name_en: "n".repeat(60),
        spec: "s".repeat(20),
        category: "c".repeat(20),
        ..(*beer().item).clone()
    };
    let number = u32::try_from(number).expect("small");
    Line { number, item: Arc::new(item), note: text(30), ..beer_with_savings() }
}

/// What a full lane takes along into its next shift is an event that may be written, or no shift could begin.
#[test]
fn the_fullest_shift_can_begin() {
    let each = LINES_MAX / PARKED_MAX;
    let mut parked = carried().parked;
    parked[0].basket = Basket::parked((1..=each).map(long).collect(), 4, true, 2, None);
    let parked = vec![parked[0].clone(); PARKED_MAX];
    let day = day();
    let counted = |number: usize| {
        let (promotion, member) = (format!("{number:020}"), format!("{number:020}"));
        (CountedFor { day, promotion, member }, Given { units: 1_000, off: 1_000_000 })
    };
    let lines = u32::try_from(FOUND_HERE_MAX / ORDERS_HERE_MAX).expect("small");
    let order = |number: usize| OrderHere {
        id: format!("{number:032}"),
        stage: StageHere::Accepted,
        found: (1..=lines).map(|line| (line, 1_000_000)).collect(),
    };
    let code = |number: usize| {
        let mut id = [0; 12];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        (domain::phone::CodeId(id), 1_772_416_800_000)
    };
    let lease = |number: usize| LeaseSpent {
        lease: format!("{number:032}"),
        spent: 1_000,
        bonus: 0,
        until_ms: 1_772_416_800_000,
    };
    let numbers: Vec<String> = (0..TRANSFERS_HERE_MAX).map(|number| format!("{number:064}")).collect();
    let record = Record::ShiftOpened {
        number: 12,
        business_date: day,
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(Carried {
            parked,
            coupons_spent: (0..COUPONS_SPENT_MAX).map(|number| format!("{number:032}")).collect(),
            leases_spent: (0..LEASES_SPENT_MAX).map(lease).collect(),
            quota_counts: QuotaCounts::of((0..QUOTA_COUNTS_MAX).map(counted)),
            used_codes: UsedCodes::restored((0..USED_MAX).map(code)),
            orders: OrdersHere::of((0..ORDERS_HERE_MAX).map(order).collect()),
            transfers: TransfersHere::of(numbers.clone(), numbers),
            ..carried()
        }),
    };
    let bytes = event::encode(&event(1, &record)).len();
    println!("{bytes} bytes");
    assert!(bytes < event::EVENT_BYTES_MAX, "{bytes} bytes are more than {}", event::EVENT_BYTES_MAX);
}
