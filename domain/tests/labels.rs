//! What labels may show, and what is charged because of it.

use domain::catalogue::{Audience, Buyer, Item, PriceRow, PriceScope, SaleUnit, ShelfCap, Unit};
use domain::money::{Money, TaxRate};
use domain::pricing::{cap, shelf_price};
use domain::promotion::PromotionSet;
use domain::promotion::ticket::Occasion;

const MEMBER: Buyer<'_> = Buyer::Member { tier: "" };

fn says(
    unit: &str,
    from_ms: Option<i64>,
    price: Option<i64>,
    member_price: Option<i64>,
    label: &str,
) -> ShelfCap {
    let money = |price: Option<i64>| price.map(Money::from_minor);
    ShelfCap {
        unit: unit.into(),
        from_ms,
        price: money(price),
        member_price: money(member_price),
        label: label.into(),
    }
}

/// A bottle at 5.00; 提 of 6 without a price of its own, 箱 of 24 at 100.00.
fn beer(caps: Vec<ShelfCap>) -> Item {
    let unit = |id: &str, factor| Unit { id: id.into(), name_zh: id.into(), name_en: id.into(), factor };
    let price = Money::from_minor(500);
    Item {
        units: vec![
            SaleUnit { unit: unit("six", 6), price: None },
            SaleUnit { unit: unit("case", 24), price: Some(Money::from_minor(10_000)) },
        ],
        caps,
        ..Item::plain("beer", price, TaxRate::from_basis_points(1_300).expect("in range"))
    }
}

#[track_caller]
fn check(item: &Item, unit: &str, buyer: Buyer<'_>, now_ms: i64, expected: Option<(i64, &str)>) {
    let found = cap(item, item.unit(unit), buyer, now_ms);
    assert_eq!(found.map(|cap| (cap.price.minor(), cap.label)), expected, "{unit} at {now_ms}");
}

#[test]
fn the_least_that_any_label_may_show_counts() {
    let item = beer(vec![
        says("", None, Some(480), None, "L1"),
        says("", None, Some(450), Some(400), "L2"),
        says("", Some(100), Some(300), None, "L3"),
    ]);
    check(&item, "", Buyer::WalkIn, 99, Some((450, "L2")));
    check(&item, "", MEMBER, 99, Some((400, "L2")));
    check(&item, "", Buyer::WalkIn, 100, Some((300, "L3")));
    check(&item, "", MEMBER, 100, Some((300, "L3")));
    check(&beer(Vec::new()), "", Buyer::WalkIn, 0, None);
}

#[test]
fn a_members_price_on_a_label_is_no_promise_to_others() {
    let item = beer(vec![says("", None, None, Some(400), "L1")]);
    check(&item, "", Buyer::WalkIn, 0, None);
    check(&item, "", MEMBER, 0, Some((400, "L1")));
}

#[test]
fn a_pack_without_a_price_of_its_own_costs_no_more_than_its_pieces() {
    let item = beer(vec![says("", None, Some(450), None, "L1"), says("case", None, Some(9_000), None, "L2")]);
    check(&item, "six", Buyer::WalkIn, 0, Some((2_700, "L1")));
    check(&item, "case", Buyer::WalkIn, 0, Some((9_000, "L2")));
    // The case has a price of its own: a label of the bottle says nothing of it.
    let bottle = beer(vec![says("", None, Some(100), None, "L1")]);
    check(&bottle, "case", Buyer::WalkIn, 0, None);
}

#[test]
fn a_label_says_the_price_of_its_instant() {
    let mut item = beer(Vec::new());
    let row = |audience, from_ms, price| PriceRow {
        list: "l".into(),
        unit: String::new(),
        scope: PriceScope::Chain,
        audience,
        from_ms,
        until_ms: None,
        price: Money::from_minor(price),
    };
    item.prices = vec![row(Audience::Everyone, 100, 450), row(Audience::Members, 0, 480)];
    let (set, _) = PromotionSet::load(1, []);
    let says = |buyer, now_ms| {
        let occasion = Occasion { now_ms, ..Occasion::default() };
        shelf_price(&set, &item, None, buyer, &occasion).expect("a price").price.price.minor()
    };
    assert_eq!([says(Buyer::WalkIn, 99), says(MEMBER, 99)], [500, 480]);
    assert_eq!([says(Buyer::WalkIn, 100), says(MEMBER, 100)], [450, 450]);
}
