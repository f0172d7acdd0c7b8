//! Who is credited for goods, and what a cashier notes of them.

use super::*;
use domain::seller::Seller;

fn seller(id: &str) -> Option<Arc<Seller>> {
    let (number, name) = ("0107".into(), "韩梅梅".into());
    Some(Arc::new(Seller { id: id.into(), number, name, level: "guide".into() }))
}

fn noted() -> Line {
    Line { seller: seller("e8"), note: "要冰的".into(), ..beer() }
}

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let named = |line, seller| Record::SellerNamed { line, seller, staff: "e1".into() };
    let note = |line, note: &str| Record::NoteWritten { line, note: note.into(), staff: "e1".into() };
    let mut shift = carried();
    shift.parked = vec![Parked {
        number: 3,
        staff: "e1".into(),
        at_ms: 1_772_416_800_000,
        note: "红衣服".into(),
        basket: Basket::parked(vec![noted()], 1, false, 0, None).sold_by(seller("e7"), "送到三楼".into()),
        tenders: Vec::new(),
    }];
    let opened = Record::ShiftOpened {
        number: 12,
        business_date: day(),
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(shift),
    };
    let sold =
        Sale { lines: vec![noted(), apples()], seller: seller("e7"), note: "送到三楼".into(), ..sale() };
    let back = ReturnedLine { before: 1_000, seller: seller("e7"), ..beer_back() };
    vec![
        ("seller_named", named(None, seller("e7"))),
        ("seller_named_line", named(Some(2), seller("e8"))),
        ("seller_named_nobody", named(Some(2), None)),
        ("note_written", note(None, "送到三楼")),
        ("note_written_line", note(Some(1), "要冰的")),
        ("note_written_none", note(Some(1), "")),
        ("line_added_sold_by", Record::LineAdded { line: noted() }),
        ("sale_completed_sold_by", Record::SaleCompleted { sale: Box::new(sold) }),
        ("line_returned_later", Record::LineReturned { returned: back, staff: "e1".into() }),
        ("shift_opened_sold_by", opened),
    ]
}
