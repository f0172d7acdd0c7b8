//! What happens with codes of customers' phones.

use super::*;
use domain::phone::{
    CodeId, CodeKind, ExitRight, PhoneRecord, TakenBasket, TakenLine, Taking, Unsold, Unusable,
};

fn taken() -> TakenBasket {
    let line = |code: &str, pieces, shown: Option<i64>, taking| TakenLine {
        code: code.into(),
        pieces,
        shown: shown.map(money),
        taking,
    };
    TakenBasket {
        id: CodeId([7; 12]),
        until_ms: 1_772_418_600_000,
        shown: money(2_490),
        charged: money(1_863),
        lines: vec![
            line("6901028075763", 2, Some(1_180), Taking::Lines(vec![1])),
            line("2101234012505", 1, Some(683), Taking::Lines(vec![2, 3])),
            line("(01)09520000000011(17)260301", 1, Some(627), left_out(Unsold::Expired, "40012")),
            line("9520000000028", 3, None, left_out(Unsold::Unknown, "")),
        ],
        seen: false,
    }
}

fn left_out(why: Unsold, sku: &str) -> Taking {
    Taking::LeftOut { why, sku: sku.into() }
}

fn exit() -> ExitRight {
    ExitRight {
        id: CodeId([9; 12]),
        made_ms: 1_772_416_800_000,
        until_ms: 1_772_424_000_000,
        lane: 3,
        epoch: 1,
        seq: 4_711,
        pieces: 4,
        total: money(1_863),
    }
}

/// Codes that another lane of the store has.
pub(super) fn records_of_other_lanes() -> Vec<(&'static str, Record)> {
    let refused = |kind, why| Record::Phone(PhoneRecord::Refused { kind, why });
    let used_at = Unusable::UsedAt { lane: 3, at_ms: Some(1_772_416_920_000) };
    vec![
        ("phone_refused_used_at", refused(CodeKind::Basket, used_at)),
        ("phone_refused_held_at", refused(CodeKind::Exit, Unusable::HeldAt { lane: 2 })),
    ]
}

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let (staff, id) = ("e1".to_owned(), CodeId([9; 12]));
    let drawn = Drawn { random: 4_294_960_123, chance: 200, due: true };
    let checked = |drawn| PhoneRecord::ExitChecked { exit: exit(), staff: "e1".into(), drawn };
    let found = AuditFound { checked: 4, missed: 1, wrong: 0, overcharged: 0 };
    let refused = |kind, why| PhoneRecord::Refused { kind, why };
    let mut shift = carried();
    shift.used_codes =
        UsedCodes::restored([(CodeId([7; 12]), 1_772_418_600_000), (CodeId([9; 12]), 1_772_424_000_000)]);
    for parked in &mut shift.parked {
        let phones = vec![TakenBasket { seen: true, ..taken() }];
        parked.basket = Basket::parked(vec![reduced()], 4, true, 2, None).scanned_by(phones);
    }
    let opened = Record::ShiftOpened {
        number: 12,
        business_date: day(),
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(shift),
    };
    let sold = Sale { phones: vec![CodeId([7; 12]), CodeId([8; 12])], ..sale() };
    let of = |(name, record)| (name, Record::Phone(record));
    [
        ("phone_basket_taken", PhoneRecord::BasketTaken(taken())),
        ("phone_differences_seen", PhoneRecord::DifferencesSeen),
        ("phone_exit_checked", checked(None)),
        ("phone_exit_checked_drawn", checked(Some(drawn))),
        ("phone_exit_audited", PhoneRecord::ExitAudited { id, staff, found }),
        ("phone_refused_basket", refused(CodeKind::Basket, Unusable::OtherStore)),
        ("phone_refused_exit", refused(CodeKind::Exit, Unusable::UsedBefore)),
    ]
    .into_iter()
    .map(of)
    .chain([
        ("shift_opened_carried_codes", opened),
        ("sale_completed_phones", Record::SaleCompleted { sale: Box::new(sold) }),
    ])
    .collect()
}
