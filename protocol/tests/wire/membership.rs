//! A paid membership: its fee as a line, and as it comes back.

use super::*;

fn fee() -> Item {
    let beer = beer();
    Item { membership: true, age_restricted: false, ..beer.item.as_ref().clone() }
}

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let line = Line { item: Arc::new(fee()), ..beer() };
    let item = Item { price: Money::ZERO, ..beer_back().item.as_ref().clone() };
    let returned = ReturnedLine { item: Arc::new(Item { membership: true, ..item }), ..beer_back() };
    vec![
        ("line_added_membership", Record::LineAdded { line }),
        ("line_returned_membership", Record::LineReturned { returned, staff: "e1".into() }),
    ]
}
