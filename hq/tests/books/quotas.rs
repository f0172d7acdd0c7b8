//! What was given of promotions of which there are so many, coupons that come
//! back, and prices that were not proved.

use chrono::NaiveDate;
use hq::projection;
use hq::store::SalesRange;
use protocol::event::{Borne, CostShare, Counts, QuotaHeard, QuotaUse};

use super::*;

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).expect("a day")
}

fn used(member: &str, of: u32, units: u32) -> QuotaUse {
    QuotaUse {
        promotion: "flash".into(),
        member: member.into(),
        day: day(of),
        line: 1,
        units,
        off: 250 * i64::from(units),
    }
}

fn asked(shop: &Shop, at: &At, member: &str) -> QuotaHeard {
    let question =
        Question::QuotasUsed { promotions: vec!["flash".into()], member: member.into(), day: day(2) };
    match shop.ask(at, question) {
        Answer::QuotasUsed { used } => used.into_iter().next().expect("one for each that was asked about"),
        other => panic!("counts, not {other:?}"),
    }
}

/// A document of an earlier sale of this lane comes back, and says more.
fn comes_back(at: &mut At, origin: &Origin, quantity: i64, change: impl FnOnce(&mut Sale)) {
    at.gives_back(origin, quantity, None);
    let (_, bytes) = at.lane.events.pop().expect("a document");
    let Fact::SaleCompleted { mut sale } = event::decode(&bytes).expect("an event").fact else {
        panic!("a document was written")
    };
    change(&mut sale);
    at.fact(Fact::SaleCompleted { sale });
}

pub(super) fn what_was_given_of_a_promotion_is_counted_by_lane_store_and_member(shop: Shop) {
    let (mut one, mut two, mut far) = (shop.lane("S1", 1), shop.lane("S1", 2), shop.lane("S2", 1));
    let nothing = asked(&shop, &one, "m1");
    assert_eq!((nothing.elsewhere, nothing.here), (Counts::default(), Counts::default()));
    let origin = one.sale(|sale| sale.uses = vec![used("m1", 2, 2), used("", 1, 1)]);
    two.sale(|sale| sale.uses = vec![used("m1", 1, 3), used("m2", 2, 4)]);
    far.sale(|sale| sale.uses = vec![used("m1", 2, 5)]);
    for at in [&mut one, &mut two, &mut far] {
        shop.file(at);
    }
    let heard = asked(&shop, &one, "m1");
    let here = Counts { member: 2, member_today: 2, store: 3, store_today: 2, chain: 3, chain_today: 2 };
    let elsewhere =
        Counts { member: 8, member_today: 5, store: 7, store_today: 4, chain: 12, chain_today: 9 };
    assert_eq!((heard.here, heard.elsewhere), (here, elsewhere), "filed twice, counted once");
    // Each unit had 2.50 taken off.
    let of_money = |counts: Counts| Counts {
        member: counts.member * 250,
        member_today: counts.member_today * 250,
        store: counts.store * 250,
        store_today: counts.store_today * 250,
        chain: counts.chain * 250,
        chain_today: counts.chain_today * 250,
    };
    assert_eq!((heard.off_here, heard.off_elsewhere), (of_money(here), of_money(elsewhere)));
    assert_eq!((heard.promotion.as_str(), heard.member.as_str(), heard.day), ("flash", "m1", day(2)));
    let walk_in = asked(&shop, &one, "");
    assert_eq!(walk_in.elsewhere, Counts { member: 0, member_today: 0, ..elsewhere });
    // It comes back at the other lane: the day it was sold gets it back.
    comes_back(&mut two, &origin, 1_000, |sale| sale.uses_back = vec![used("m1", 2, 2)]);
    shop.file(&mut two);
    let back = asked(&shop, &one, "m1");
    assert_eq!(back.here, here, "this lane gave them");
    assert_eq!((back.elsewhere.member, back.elsewhere.member_today), (6, 3));
    // A member who was taken in at a till is asked for under either id.
    shop.write(|writing| writing.add_member_code("id:t1", "m1"));
    assert_eq!(asked(&shop, &far, "t1").elsewhere.member, 3);
    let rebuilt = projection::rebuild(&shop.store, shop.now_ms).expect("made again");
    assert_eq!(rebuilt.differing, []);
    assert_eq!(asked(&shop, &one, "m1"), back);
    let many = vec!["flash".to_owned(); protocol::ask::QUOTAS_ASKED_MAX + 1];
    let question = Question::QuotasUsed { promotions: many, member: String::new(), day: day(2) };
    assert!(matches!(shop.ask(&one, question), Answer::Refused { .. }));
}

pub(super) fn a_coupon_is_good_again_when_all_it_was_spent_on_came_back(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let spends = |at: &mut At, code: &str| {
        let code = code.to_owned();
        at.sale(|sale| sale.coupons = vec![SpentCoupon { code, promotion: "k1".into(), off: 100 }])
    };
    let claim = |at: &At, code: &str| match shop
        .ask(at, Question::ClaimCoupon { code: code.into(), member: Some("m1".into()) })
    {
        Answer::CouponClaimed { .. } => Ok(()),
        Answer::CouponNotClaimed { why } => Err(why),
        other => panic!("a claim, not {other:?}"),
    };
    let back = |sale: &mut Sale| sale.coupons_back = vec!["C1".into()];
    let origin = spends(&mut one, "C1");
    shop.file(&mut one);
    // Half of it comes back at the other lane: nothing is said of the coupon.
    comes_back(&mut two, &origin, 500, |_| {});
    shop.file(&mut two);
    assert_eq!(claim(&two, "C1"), Err(CouponRefused::Used));
    comes_back(&mut two, &origin, 500, back);
    shop.file(&mut two);
    let told = shop.store.read::<_, StoreError>(|reading| reading.entity_of_store(Kind::Coupon, "S1", "C1"));
    assert!(!told.expect("a read").is_some_and(|body| body.contains("redeemed")), "lanes are told");
    assert_eq!(claim(&two, "C1"), Ok(()));
    // It is spent once more, and not given back for the first sale again.
    spends(&mut two, "C1");
    shop.file(&mut two);
    assert_eq!(claim(&one, "C1"), Err(CouponRefused::Used));
    assert!(shop.exceptions().is_empty());
    let well = hq::books::rebuild::rebuild(&shop.store, shop.now_ms).expect("looked at");
    assert_eq!((well.missing, well.differing), (0, 0));

    // What is over stays spent; what did not come back, or was never spent there, is listed.
    shop.write(|writing| {
        let coupon = format!(r#"{{"code":"C5","promotion":"k1","until_ms":{}}}"#, MORNING_MS - 1);
        writing.put_of_store(Kind::Coupon, "S1", "C5", &coupon).map(|_| ())
    });
    let over = spends(&mut one, "C5");
    comes_back(&mut one, &over, 1_000, |sale| sale.coupons_back = vec!["C5".into()]);
    shop.file(&mut one);
    assert_eq!(claim(&one, "C5"), Err(CouponRefused::Used));
    assert!(shop.exceptions().is_empty());
    let third = one.sale(|_| {});
    comes_back(&mut one, &third, 1_000, back);
    shop.file(&mut one);
    assert_eq!(claim(&one, "C1"), Err(CouponRefused::Used));
    let listed = shop.exceptions();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].what.contains("not known to have spent it"), "{}", listed[0].what);
    let whole = spends(&mut one, "C2");
    comes_back(&mut one, &whole, 400, |sale| sale.coupons_back = vec!["C2".into()]);
    shop.file(&mut one);
    assert_eq!(claim(&one, "C2"), Err(CouponRefused::Used));
    assert!(shop.exceptions().iter().any(|listed| listed.what.contains("not all of the sale")));
}

pub(super) fn what_promotions_took_off_is_borne_by_shares(shop: Shop) {
    let (mut one, mut far) = (shop.lane("S1", 1), shop.lane("S2", 1));
    let share =
        |who: &str, supplier: &str, share| CostShare { who: who.into(), supplier: supplier.into(), share };
    let thirds =
        |store| vec![share("supplier", "T1", 3_333), share("chain", "", 3_333), share("store", "", store)];
    let borne = |off, shares: &[CostShare]| {
        vec![Borne { promotion: "flash".into(), line: 1, off, shares: shares.to_vec() }]
    };
    let origin = one.sale(|sale| sale.borne = borne(101, &thirds(3_334)));
    // Later the chain bears all of it.
    one.sale(|sale| sale.borne = borne(50, &[share("chain", "", 10_000)]));
    far.sale(|sale| sale.borne = borne(7, &thirds(3_334)));
    shop.file(&mut one);
    shop.file(&mut far);
    let costs = |from: Option<NaiveDate>| {
        let range = SalesRange { store: None, lane: None, from, to: None };
        let rows =
            shop.store.read::<_, StoreError>(|reading| reading.promotion_costs(&range)).expect("a read");
        let row = |row: hq::store::PromotionCost| (row.store + " " + &row.who + &row.supplier, row.amount);
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    let of = |rows: &[(&str, i64)]| {
        rows.iter().map(|(who, amount)| ((*who).to_owned(), *amount)).collect::<Vec<_>>()
    };
    let far_away = [("S2 chain", 2), ("S2 store", 3), ("S2 supplierT1", 2)];
    let all = [&[("S1 chain", 83), ("S1 store", 34), ("S1 supplierT1", 34)][..], &far_away].concat();
    assert_eq!(costs(None), of(&all));
    assert_eq!(costs(NaiveDate::from_ymd_opt(2030, 1, 1)), []);
    // It comes back piece by piece: what is left is split, not each fen.
    for off in [34, 33, 34] {
        comes_back(&mut one, &origin, 300, |sale| sale.borne_back = borne(off, &thirds(3_334)));
    }
    shop.file(&mut one);
    let all = [&[("S1 chain", 50), ("S1 store", 0), ("S1 supplierT1", 0)][..], &far_away].concat();
    assert_eq!(costs(None), of(&all));
    let rebuilt = projection::rebuild(&shop.store, shop.now_ms).expect("made again");
    assert_eq!(rebuilt.differing, []);
    assert_eq!(costs(None), of(&all));
    // Shares that are not all of it, and what comes back without goods, are set aside.
    one.sale(|sale| sale.borne = borne(5, &thirds(3_333)));
    one.sale(|sale| sale.borne_back = borne(5, &thirds(3_334)));
    shop.file(&mut one);
    assert_eq!(costs(None), of(&all));
    let quarantined = shop.store.read::<_, StoreError>(|reading| reading.quarantined(10)).expect("a read");
    assert_eq!(quarantined.len(), 2, "{quarantined:?}");
}

pub(super) fn a_price_that_was_not_proved_is_listed(shop: Shop) {
    let mut one = shop.lane("S1", 1);
    one.sale(|sale| sale.engine = 1);
    one.sale(|sale| (sale.price_gap, sale.engine) = (2_069, 1));
    shop.file(&mut one);
    let listed = shop.exceptions();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].source.as_str(), listed[0].kind), ("S1/1/1/2", BookKind::Receipt));
    assert_eq!(listed[0].what, r#"{"engine":1,"price_gap":2069}"#);
}

/// Negative points would take from a member what they have, or give what they have not, and no entry would say so.
pub(super) fn points_below_nothing_are_set_aside_and_hold_up_nothing(shop: Shop) {
    let mut one = shop.lane("S1", 1);
    let origin = one.member_buys(7, 0, "");
    one.member_buys(-5, 0, "");
    one.member_buys(0, -5, "");
    one.gives_back(&origin, 500, Some((-3, 0)));
    one.gives_back(&origin, 500, Some((0, -3)));
    one.member_buys(2, 0, "");
    shop.file(&mut one);
    assert_eq!(shop.points(), (509, 0, 509));
    let quarantined = shop.store.read::<_, StoreError>(|reading| reading.quarantined(10)).expect("a read");
    let mut reasons: Vec<(u64, &str)> =
        quarantined.iter().map(|row| (row.seq, row.reason.as_str())).collect();
    reasons.sort_unstable();
    let expected = [
        (2, "-5 points are earned, which is below nothing"),
        (3, "-5 points are spent, which is below nothing"),
        (4, "-3 points are taken back, which is below nothing"),
        (5, "-3 points are given back, which is below nothing"),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(shop.exceptions(), []);
    let rebuilt = hq::books::rebuild::rebuild(&shop.store, shop.now_ms).expect("looked at");
    assert_eq!((rebuilt.missing, rebuilt.differing), (0, 0));
}

pub(super) fn what_comes_back_without_goods_is_set_aside(shop: Shop) {
    let mut one = shop.lane("S1", 1);
    one.sale(|sale| sale.uses_back = vec![used("m1", 2, 2)]);
    one.sale(|sale| sale.coupons_back = vec!["C1".into()]);
    one.sale(|sale| sale.uses = vec![used(&"m".repeat(300), 2, 2)]);
    shop.file(&mut one);
    let heard = asked(&shop, &shop.lane("S1", 9), "m1");
    assert_eq!(heard.elsewhere, Counts::default());
    let quarantined = shop.store.read::<_, StoreError>(|reading| reading.quarantined(10)).expect("a read");
    assert_eq!(quarantined.len(), 3, "{quarantined:?}");
}
