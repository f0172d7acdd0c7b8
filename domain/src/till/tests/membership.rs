//! A paid membership at the counter: it is somebody's, one a basket, and comes
//! back by its receipt.

use super::*;

/// The code of the fee: 9.90.
pub(super) const FEE: &str = "6901234567892";

fn member(id: &str) -> Happens {
    In(Input::FindMember(id.into()))
}

/// The fee and a cola for member m2, paid.
fn fee_paid() -> Vec<Happens> {
    then(selling(), [scan(COLA), member("m2"), scan(FEE), PAY, cash("13.40"), Saved])
}

fn last_sale(lane: &Lane) -> Sale {
    let sale = lane.journal.iter().rev().find_map(|(_, _, record)| match record {
        Record::SaleCompleted { sale } => Some(sale.as_ref().clone()),
        _ => None,
    });
    sale.expect("a document")
}

#[test]
fn a_membership_is_sold_to_somebody_who_is_named() {
    check(
        then(selling(), [scan(FEE)]),
        &[PAY, member("m2"), PAY, In(Input::DropMember)],
        expect![[r#"
            sound Blocked
            tell MemberFirst
            commit member m2 joined
            sound Accepted
            tell member m2
            sound Blocked
            tell MemberFirst
            = shift 1 of 2026-03-02, li paying; 1 lines 9.90
        "#]],
    );
}

#[test]
fn a_basket_has_one_membership_of_one_piece() {
    check(
        then(selling(), [scan(FEE)]),
        &[scan(FEE), pieces(1, 2), choose("plus", 2), choose("plus", 1), void(1), scan(FEE)],
        expect![[r#"
            sound Blocked
            tell one membership: not plus
            sound Blocked
            tell one membership: not plus
            sound Blocked
            tell one membership: not plus
            sound Blocked
            tell one membership: not plus
            commit line 1 voided by li
            tell plus voided
            commit line 2 plus 1 x 9.90 = 9.90
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 9.90
        "#]],
    );
}

#[test]
fn a_fee_earns_no_points_and_is_in_the_document() {
    let mut lane = Lane::new();
    for happens in then(vec![buyer::points()], fee_paid()) {
        lane.take(happens);
    }
    let sale = last_sale(&lane);
    let said: Vec<bool> = sale.lines.iter().map(|line| line.item.membership).collect();
    assert_eq!(said, [false, true]);
    let buyer = sale.buyer.expect("a member");
    assert_eq!(buyer.member, "m2");
    // A point for each yuan of the cola's 3.50; 13.40 would earn thirteen.
    assert_eq!(buyer.points.map(|points| points.earned), Some(3));
}

#[test]
fn a_fee_comes_back_by_its_receipt_alone() {
    let blind = In(Input::ReturnBlind {
        sku: "plus".into(),
        count: 1,
        unit_price: None,
        reason: "regrets it".into(),
    });
    check(
        then(fee_paid(), [BACK]),
        &[blind, BringsBack, brings_back(2, 1_000), PAY, PAY_OUT, Saved],
        expect![[r#"
            sound Blocked
            tell the receipt of plus is needed
            commit return of #6 begun, 13.40 left
            sound Accepted
            commit line 2 returned: plus 1 = 9.90, tax 1.14, to li for stale
            sound Accepted
            commit sale of 0 lines: -9.90 0.00 = -9.90, tendered -9.90, change 0.00, tax 13% -1.14 of -9.90
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #9, change 0.00; paper #6 waiting, #9 waiting
        "#]],
    );
    let mut lane = Lane::new();
    let given_back = [BACK, BringsBack, brings_back(2, 1_000), PAY, PAY_OUT, Saved];
    for happens in then(then(vec![buyer::points()], fee_paid()), given_back) {
        lane.take(happens);
    }
    let back = last_sale(&lane);
    assert!(back.returns[0].item.membership, "HQ learns that it ends");
    assert_eq!(-back.payable, money("9.90"));
    assert_eq!(back.points_back.map_or(0, |back| back.reversed), 0, "it had earned none");
}

/// A kiosk has nobody who sells it.
#[test]
fn strangers_do_not_sell_memberships_to_themselves() {
    let rules = kiosk_rules();
    let item = GOODS.iter().find(|good| good.sku == "plus").expect("the fee").item();
    assert!(!rules.sells(&item));
    assert!(rules.sells(&Item { membership: false, ..item }));
}

fn kiosk_rules() -> crate::till::kiosk::KioskRules {
    crate::till::kiosk::KioskRules::usual(Money::from_minor(100))
}
