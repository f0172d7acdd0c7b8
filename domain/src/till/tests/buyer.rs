//! Members, coupons, points, and what is bound to how a basket is paid.

use super::*;
use crate::barcode::shop::check_character;
use crate::label::{LabelBinding, LabelItem, LabelNumber};
use crate::member::{NewMember, PointsRules};
use crate::promotion::grant::{Gives, Grant};
use crate::promotion::rule::{BundleReward, Slot};
use crate::stock::{Movement, StockLine, StockMove};

const GOLD_CARD: &str = "M000001W";
const COUPON: &str = "CSPRING26K";

/// Milk is 6.50 for everybody, 6.00 for members and 5.50 for gold.
pub(super) fn milk_prices() -> Vec<PriceRow> {
    let row = |audience, price| PriceRow {
        list: "members".into(),
        unit: String::new(),
        scope: PriceScope::Chain,
        audience,
        from_ms: 0,
        until_ms: None,
        price: Money::from_minor(price),
    };
    vec![row(Audience::Members, 600), row(Audience::Tier("gold".into()), 550)]
}

/// 5 off 20 of yoghurt and milk for whoever brings a coupon, 3 off 8 of cola
/// likewise; at a festival 1 off cola by WeChat and 2 by cash from 10 on.
pub(super) fn promotions(festival: bool) -> Vec<Promotion> {
    let off = |min, off| OrderRule::ThresholdOff {
        min: Money::from_minor(min),
        off: Money::from_minor(off),
        repeat_max: 1,
    };
    let coupon = |rule| Works::Coupon { rule, regular_price_only: false };
    let bound = |id: &str, tender: &str, rule| Promotion {
        conditions: Conditions { tenders: [tender.to_owned()].into(), ..Conditions::default() },
        ..promotion(id, id, id, &["cola"], Works::Order(rule))
    };
    let mut all = vec![
        promotion("k1", "满20减5券", "5 off 20", &["yoghurt", "milk"], coupon(off(2_000, 500))),
        promotion("k2", "满8减3券", "3 off 8", &["cola"], coupon(off(800, 300))),
    ];
    if festival {
        all.push(bound("t1", "wechat", off(1, 100)));
        all.push(bound("t2", "cash", off(1_000, 200)));
        // Two beers earn a tea.
        let slot = |sku: &str, units| Slot { scope: Scope::of([sku]), units };
        let reward = BundleReward::Slots { pay_percents: vec![100, 0], spread: false };
        let slots = vec![slot("beer", 2), slot("tea", 1)];
        let gift = Works::Item(ItemRule::Bundle { slots, reward });
        all.push(promotion("g1", "买二赠茶", "tea with two", &["beer", "tea"], gift));
    }
    all
}

/// A chance to draw for every 10, and twice the points for members.
pub(super) fn grants() -> Vec<Grant> {
    let grant = |id: &str, gives, conditions, min, times_max| Grant {
        id: id.into(),
        name_zh: id.into(),
        name_en: id.into(),
        scope: Scope::everything(),
        conditions,
        min: Money::from_minor(min),
        times_max,
        gives,
    };
    let members = Conditions { members_only: true, ..Conditions::default() };
    vec![
        grant("draw", Gives::DrawChances(1), Conditions::default(), 1_000, u32::MAX),
        grant("twice", Gives::PointsMultiplier(20_000), members, 1, 1),
    ]
}

pub(super) fn member(code: &str) -> Option<Arc<Member>> {
    let (id, tier) = match code {
        "m1" | GOLD_CARD => ("m1", "gold"),
        "m2" => ("m2", "plain"),
        _ => return None,
    };
    Some(Arc::new(Member { id: id.into(), tier: tier.into(), ..Member::default() }))
}

/// A coupon's number, from what stands between its letter and its check.
pub(super) fn number(body: &str) -> String {
    let code = format!("C{body}");
    let check = check_character(&code);
    format!("{code}{check}")
}

pub(super) fn coupon(code: &str) -> Option<Coupon> {
    let plain = Coupon {
        code: code.into(),
        promotion: "k1".into(),
        state: CouponState::Issued,
        from_ms: None,
        until_ms: Some(MORNING_MS + DAY_MS),
        owner: None,
        group: String::new(),
        together_max: 2,
    };
    let is = |body: &str| code == number(body);
    Some(match code {
        COUPON => plain,
        _ if is("COLA0001") || is("COLA0002") => Coupon { promotion: "k2".into(), ..plain },
        _ if is("MINE0001") => Coupon { promotion: "k2".into(), owner: Some("m1".into()), ..plain },
        _ if is("USED0001") => Coupon { state: CouponState::Redeemed, ..plain },
        _ if is("OVER0001") => Coupon { until_ms: Some(MORNING_MS), ..plain },
        _ if is("GONE0001") => Coupon { promotion: "none".into(), ..plain },
        _ => return None,
    })
}

pub(super) fn points_rules() -> PointsRules {
    PointsRules {
        money_per_point: Some(Money::from_minor(100)),
        tier_multipliers: vec![("gold".into(), 15_000)],
        spending: Some(Spending { step: 100, points_per_hundred: 100, percent_max: 50 }),
    }
}

/// The most that HQ lends.
pub(super) const LENT: i64 = 2_000;

fn lent(member: &str, points: i64) -> PointsGrant {
    PointsGrant { lease: "lease-7".into(), member: member.into(), points, until_ms: MORNING_MS + 2 * HOUR_MS }
}

fn grant(member: &str, points: i64) -> Happens {
    In(Input::OfferPoints(Some(lent(member, points))))
}

fn goes_back() -> Happens {
    In(Input::ReturnLease(lent("m1", LENT)))
}

pub(super) fn any_buyer() -> impl Strategy<Value = Happens> {
    let coupons =
        ["COLA0001", "COLA0002", "MINE0001", "USED0001", "OVER0001", "GONE0001", "NONE0001"].map(number);
    let coupons: Vec<String> = coupons.into_iter().chain([COUPON.to_owned()]).collect();
    // Whatever is said of one lease, HQ lent so much of it at most.
    let points = prop_oneof![4 => 1i64..=LENT, 1 => i64::MIN..0];
    prop_oneof![
        4 => prop::sample::select(vec![GOLD_CARD, "m1", "m2", "nobody"])
            .prop_map(|code| In(Input::FindMember(code.into()))),
        1 => Just(In(Input::DropMember)),
        6 => prop::sample::select(coupons.clone()).prop_map(|code| scan(&code)),
        1 => prop::sample::select(coupons).prop_map(|code| In(Input::TakeCouponBack { code })),
        4 => (prop::sample::select(vec!["m1", "m2"]), points).prop_map(|(id, points)| grant(id, points)),
        1 => Just(In(Input::OfferPoints(None))),
        1 => Just(goes_back()),
        2 => prop::sample::select(vec!["COLA0001", "MINE0001"]).prop_map(|body| {
            let held = coupon(&number(body)).expect("one of the shop's");
            In(Input::Coupon(Box::new(Coupon { state: CouponState::Reserved, ..held })))
        }),
    ]
}

pub(super) fn points() -> Happens {
    Rule(|rules| rules.points = points_rules())
}

/// The last sale of a day.
fn last_sale(day: Vec<Happens>) -> Sale {
    let mut lane = Lane::new();
    for happens in day {
        lane.take(happens);
    }
    let sale = |(.., record): &(u64, i64, Record)| match record {
        Record::SaleCompleted { sale } => Some(sale.as_ref().clone()),
        _ => None,
    };
    lane.journal.iter().rev().find_map(sale).expect("something was sold")
}

#[test]
fn of_one_lease_no_more_is_spent_than_was_lent() {
    let sale =
        |points| [scan(GOLD_CARD), choose("cola", 4), grant("m1", points), PAY, Happens::PaysRest, Saved];
    check(
        then(
            then(then(selling(), [points()]), sale(500)),
            [CLOSE_SHIFT, pin("li", true), PowerCut, pin("li", true)],
        ),
        &[scan(GOLD_CARD), choose("cola", 4), grant("m1", 500), grant("m1", 700)],
        expect![[r#"
            commit member m1 joined
            sound Accepted
            tell member m1
            commit line 1 cola 4 x 3.50 = 14.00
            sound Accepted
            sound Blocked
            tell PointsNotSpent
            commit 200 points offered
            sound Accepted
            = shift 2 of 2026-03-02, li selling; 1 lines 12.00
        "#]],
    );
}

#[test]
fn points_that_went_back_are_not_spent_again_also_after_a_power_cut() {
    let none = || In(Input::OfferPoints(None));
    let offered = [points(), scan(GOLD_CARD), choose("cola", 4), grant("m1", 500)];
    check(
        then(selling(), offered),
        &[goes_back(), none(), goes_back(), goes_back(), grant("m1", 500)],
        expect![[r#"
            commit no points offered
            commit lease-7 goes back
            sound Blocked
            tell PointsNotSpent
            = shift 1 of 2026-03-02, li selling; 1 lines 14.00
        "#]],
    );
    let back = [points(), scan(GOLD_CARD), choose("cola", 4), goes_back(), PowerCut, pin("li", true)];
    check(
        then(selling(), back),
        &[grant("m1", 900)],
        expect![[r#"
            sound Blocked
            tell PointsNotSpent
            = shift 1 of 2026-03-02, li selling; 1 lines 14.00
        "#]],
    );
}

#[test]
fn points_that_a_restored_journal_was_lent_are_asked_for_anew() {
    let mut lane = Lane::new();
    let offered = [points(), scan(GOLD_CARD), choose("cola", 4), grant("m1", 500)];
    then(selling(), offered).into_iter().for_each(|happens| drop(lane.take(happens)));
    assert!(lane.till.basket().grant().is_some());
    let begun = Record::EpochBegun { previous_epoch: 1, previous_seq: 9, previous_hash: String::new() };
    let mut paying = lane.till.clone();
    lane.till.apply(lane.now_ms, &begun);
    assert_eq!(lane.till.basket().grant(), None);
    // Where money lies there already, what is to be paid stays as it was told.
    paying.tenders.push(Tender::Cash(Money::from_minor(100)));
    paying.apply(lane.now_ms, &begun);
    assert!(paying.basket().grant().is_some());
}

#[test]
fn a_coupon_that_hq_holds_for_this_lane_is_laid_whatever_was_told_of_it() {
    let held = |state| {
        let coupon = coupon(&number("COLA0001")).expect("one of the shop's");
        In(Input::Coupon(Box::new(Coupon { state, ..coupon })))
    };
    check(
        then(selling(), [choose("cola", 4)]),
        &[held(CouponState::Reserved), held(CouponState::Issued)],
        expect![[r#"
            commit coupon CCOLA0001X laid
            sound Accepted
            tell coupon CCOLA0001X takes off 3.00
            sound Blocked
            tell use coupon CCOLA0001X: it is on this ticket already
            = shift 1 of 2026-03-02, li selling; 1 lines 11.00
        "#]],
    );
    let spent =
        [choose("cola", 4), held(CouponState::Reserved), PAY, Happens::PaysRest, Saved, choose("cola", 3)];
    check(
        then(selling(), spent),
        &[held(CouponState::Reserved)],
        expect![[r#"
            sound Blocked
            tell use coupon CCOLA0001X: it was used before
            = shift 1 of 2026-03-02, li selling; 1 lines 10.50; paper #5 waiting
        "#]],
    );
}

#[test]
fn labels_are_bound_to_goods_that_are_known_and_waived_by_whoever_may() {
    let number = |last: u8| LabelNumber::parse(&format!("{last:016X}")).expect("a number");
    let binding = |label, sku: &str| LabelBinding {
        label: number(label),
        items: vec![LabelItem::of(sku)],
        template: String::new(),
        slot: "A-1".into(),
    };
    let bind = |sku: &str| In(Input::BindLabel(Box::new(binding(1, sku))));
    let replace = |old| {
        In(Input::ReplaceLabel {
            old: number(old),
            binding: Box::new(binding(2, "cola")),
            reason: "屏坏".into(),
        })
    };
    let waive = |reason: &str| In(Input::WaiveLabels { item: LabelItem::of("cola"), reason: reason.into() });
    check(
        then(selling(), [In(Input::SignOut), signs_in("li", "cashier"), choose("cola", 1)]),
        &[
            bind("cola"),
            bind("nothing"),
            replace(1),
            replace(2),
            In(Input::UnbindLabel { label: number(2), reason: "下架".into() }),
            waive(" "),
            waive("已换"),
            approves("zhao", "supervisor", "已看过"),
        ],
        expect![[r#"
            commit label 0000000000000001 bound
            sound Accepted
            sound Blocked
            tell ShelfLabelRefused(ItemUnknown("nothing"))
            commit label 0000000000000002 in place of 0000000000000001 for 屏坏
            sound Accepted
            sound Blocked
            tell ShelfLabelRefused(SameLabel)
            commit label 0000000000000002 unbound for 下架
            sound Accepted
            sound Blocked
            tell ReasonNeeded
            sound Blocked
            ask for WaiveLabels
            commit WaiveLabels of li approved by zhao for 已看过
            commit labels of cola waived for 已换
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 3.50
        "#]],
    );
}

#[test]
fn goods_that_move_and_people_who_join_are_written_down() {
    let movement = |document: &str| {
        In(Input::MoveStock(Box::new(Movement {
            kind: StockMove::Receive,
            document: document.into(),
            other: "farm".into(),
            lines: vec![StockLine {
                sku: "cola".into(),
                quantity: Quantity::from_pieces(24).expect("pieces"),
            }],
            reason: String::new(),
        })))
    };
    let new = |hash: &str| {
        In(Input::RegisterMember(Box::new(NewMember {
            id: "t1".into(),
            phone_hash: hash.into(),
            shown: "尾号0001".into(),
            card: String::new(),
        })))
    };
    check(
        then(selling(), [choose("cola", 1)]),
        &[movement("L-1"), movement(""), new("138"), new(&"0".repeat(64))],
        expect![[r#"
            commit Receive L-1
            sound Accepted
            sound Blocked
            tell StockRefused(Document)
            sound Blocked
            tell MemberUnknown("尾号0001")
            commit t1 registered
            commit member t1 joined
            sound Accepted
            tell member t1
            = shift 1 of 2026-03-02, li selling; 1 lines 3.50
        "#]],
    );
}

#[test]
fn a_member_pays_their_price_before_and_after_the_card() {
    check(
        selling(),
        &[scan(MILK), scan(GOLD_CARD), scan(MILK), scan(COLA), In(Input::DropMember)],
        expect![[r#"
            commit line 1 milk 1 x 6.50 = 6.50
            sound Accepted
            commit member m1 joined, line 1 at 5.50
            sound Accepted
            tell member m1
            commit line 2 milk 1 x 5.50 = 5.50
            sound Accepted
            commit line 3 cola 1 x 3.50 = 3.50
            sound Accepted
            commit member left
            = shift 1 of 2026-03-02, li selling; 3 lines 13.25
        "#]],
    );
}

#[test]
fn one_member_after_another_and_nobody_twice() {
    check(
        then(selling(), [scan(MILK), scan(GOLD_CARD)]),
        &[
            In(Input::FindMember("m1".into())),
            In(Input::FindMember("m2".into())),
            In(Input::FindMember("x".into())),
        ],
        expect![[r#"
            sound Accepted
            tell member m1
            commit member left
            commit member m2 joined, line 1 at 6.00
            sound Accepted
            tell member m2
            sound Unknown
            tell MemberUnknown("x")
            = shift 1 of 2026-03-02, li selling; 1 lines 6.00
        "#]],
    );
}

#[test]
fn a_coupon_takes_off_or_says_what_is_missing() {
    let cola = number("COLA0001");
    check(
        then(selling(), [scan(COLA), scan(COLA)]),
        &[
            scan(&cola),
            scan(COUPON),
            scan(COLA),
            scan(&cola),
            scan(&cola),
            scan(&number("COLA0002")),
            scan(&number("MINE0001")),
            scan(&number("USED0001")),
            scan(&number("OVER0001")),
            scan(&number("GONE0001")),
            scan(&number("NONE0001")),
            In(Input::TakeCouponBack { code: cola.clone() }),
            scan(GOLD_CARD),
            scan(&number("MINE0001")),
            In(Input::DropMember),
        ],
        expect![[r#"
            sound Blocked
            tell use coupon CCOLA0001X: its goods must come to 100 more
            sound Blocked
            tell use coupon CSPRING26K: it is for other goods
            commit line 3 cola 1 x 3.50 = 3.50
            sound Accepted
            commit coupon CCOLA0001X laid
            sound Accepted
            tell coupon CCOLA0001X takes off 3.00
            sound Blocked
            tell use coupon CCOLA0001X: it is on this ticket already
            sound Blocked
            tell use coupon CCOLA0002V: at most 1 of its kind go on one ticket
            sound Blocked
            tell use coupon CMINE0001K: it belongs to a member; sign that member in first
            sound Blocked
            tell use coupon CUSED00011: it was used before
            sound Blocked
            tell use coupon COVER00012: it was good until 1772416800000 ms
            sound Blocked
            tell use coupon CGONE0001B: what it stands for is not known here, or is over
            sound Unknown
            tell use coupon CNONE0001W: what it stands for is not known here, or is over
            commit coupon CCOLA0001X taken back
            commit member m1 joined
            sound Accepted
            tell member m1
            commit coupon CMINE0001K laid
            sound Accepted
            tell coupon CMINE0001K takes off 3.00
            commit member left
            = shift 1 of 2026-03-02, li selling; 3 lines 10.50
        "#]],
    );
}

#[test]
fn a_coupon_is_spent_once_also_after_a_power_cut() {
    let day = then(
        selling(),
        [scan(COLA), scan(COLA), scan(COLA), scan(&number("COLA0001")), PAY, cash("7.50"), Saved],
    );
    let sale = last_sale(day.clone());
    let spent: Vec<(&str, &str)> =
        sale.coupons.iter().map(|spent| (spent.code.as_str(), spent.promotion.as_str())).collect();
    assert_eq!(spent, [(number("COLA0001").as_str(), "k2")]);
    assert_eq!(sale.payable, money("7.50"));
    check(
        then(day, [CLOSE_SHIFT, pin("li", true), CLOSE_SHIFT, PowerCut, pin("li", true), choose("cola", 3)]),
        &[
            scan(&number("COLA0001")),
            scan(&number("COLA0002")),
            PARK,
            choose("cola", 3),
            scan(&number("COLA0002")),
        ],
        expect![[r#"
            sound Blocked
            tell use coupon CCOLA0001X: it was used before
            commit coupon CCOLA0002V laid
            sound Accepted
            tell coupon CCOLA0002V takes off 3.00
            commit basket 1 parked by li
            commit basket 1 offered
            tell basket 1 parked
            commit line 1 cola 3 x 3.50 = 10.50
            sound Accepted
            sound Blocked
            tell use coupon CCOLA0002V: another open ticket holds it; finish or cancel that one
            = shift 3 of 2026-03-02, li selling; 1 lines 10.50; 1 parked
        "#]],
    );
}

#[test]
fn a_coupon_that_is_of_no_use_any_more_is_not_spent() {
    let laid = then(selling(), [choose("cola", 3), scan(&number("COLA0001"))]);
    let sale = last_sale(then(laid.clone(), [pieces(1, 2), PAY, cash("7.00"), Saved]));
    assert_eq!(sale.coupons, []);
    // Nor is one whose time is over when the basket is paid.
    check(
        then(laid, [Later(DAY_MS)]),
        &[PAY],
        expect![[r#"
        commit coupon CCOLA0001X taken back
        tell use coupon CCOLA0001X: it was good until 1772503200000 ms
        = shift 1 of 2026-03-02, li paying; 1 lines 10.50
    "#]],
    );
}

#[test]
fn points_are_earned_and_spent_and_go_back_with_the_goods() {
    let day = then(
        selling(),
        [points(), scan(GOLD_CARD), choose("cola", 4), grant("m1", 550), PAY, cash("9.00"), Saved],
    );
    let sale = last_sale(day.clone());
    assert_eq!((sale.total, sale.payable), (money("9.00"), money("9.00")));
    let moved = sale.buyer.as_ref().and_then(|buyer| buyer.points.clone()).expect("points");
    assert_eq!((moved.spent, moved.value, moved.earned), (500, money("5.00"), 13));
    assert_eq!(moved.lease, "lease-7");
    assert_eq!(crate::basket::saved(&sale.lines), Money::ZERO);

    // Half of it comes back, then the rest.
    let first = last_sale(then(day.clone(), [BringsBack, brings_back(1, 2_000), PAY, PAY_OUT, Saved]));
    let back = first.points_back.clone().expect("points");
    assert_eq!((back.reversed, back.restored), (7, 250));
    let rest = [BringsBack, brings_back(1, 2_000), PAY, PAY_OUT, Saved, BringsBack, brings_back(1, 2_000)];
    let second = last_sale(then(then(day, rest), [PAY, PAY_OUT, Saved]));
    let back = second.points_back.expect("points");
    assert_eq!((back.reversed, back.restored), (6, 250));
}

#[test]
fn points_need_their_member_and_their_time() {
    check(
        then(selling(), [points(), choose("cola", 4)]),
        &[
            grant("m1", 500),
            scan(GOLD_CARD),
            grant("m2", 500),
            grant("m1", 0),
            grant("m1", 500),
            Later(3 * HOUR_MS),
            PAY,
        ],
        expect![[r#"
            sound Blocked
            tell MemberFirst
            commit member m1 joined
            sound Accepted
            tell member m1
            sound Blocked
            tell PointsNotSpent
            sound Blocked
            tell PointsNotSpent
            commit 500 points offered
            sound Accepted
            commit no points offered
            tell PointsNotSpent
            = shift 1 of 2026-03-02, li paying; 1 lines 14.00
        "#]],
    );
    check(
        then(selling(), [scan(GOLD_CARD), choose("cola", 4)]),
        &[grant("m1", 500)],
        expect![[r#"
            sound Blocked
            tell PointsNotSpent
            = shift 1 of 2026-03-02, li selling; 1 lines 14.00
        "#]],
    );
}

#[test]
fn points_are_not_spent_after_their_time_however_long_somebody_takes_to_pay() {
    let paying = || {
        let brought = [points(), scan(GOLD_CARD), choose("cola", 4), grant("m1", 500), PAY];
        then(then(selling(), brought), [Later(HOUR_MS)])
    };
    check(
        paying(),
        &[Later(2 * HOUR_MS), cash("9.00"), cash("14.00")],
        expect![[r#"
        commit no points offered
        tell PointsNotSpent
        commit sale of 1 lines: 14.00 0.00 = 14.00, tendered 14.00, change 0.00, tax 13% 1.61 of 14.00
        = shift 1 of 2026-03-02, li saving
    "#]],
    );
    let some = In(Input::Tender(Offer::Cash(Money::from_minor(500))));
    let begun = || then(paying(), [some.clone()]);
    // Who has begun to pay may end it for a moment.
    check(
        begun(),
        &[Later(HOUR_MS + 3 * 60 * SECOND_MS), cash("4.00")],
        expect![[r#"
        commit sale of 1 lines: 9.00 0.00 = 9.00, tendered 9.00, change 0.00, tax 13% 1.04 of 9.00
        = shift 1 of 2026-03-02, li saving
    "#]],
    );
    check(
        begun(),
        &[Later(2 * HOUR_MS), cash("4.00"), cash("9.00")],
        expect![[r#"
        commit no points offered
        tell PointsNotSpent
        commit sale of 1 lines: 14.00 0.00 = 14.00, tendered 14.00, change 0.00, tax 13% 1.61 of 14.00
        = shift 1 of 2026-03-02, li saving
    "#]],
    );
}

#[test]
fn a_promotion_of_a_wallet_holds_where_the_wallet_pays_all() {
    check(
        then(selling(), [Happens::Festival, choose("cola", 4)]),
        &[
            PAY,
            CHARGE(),
            answered(1, Answer::Declined { reason: "no money".into() }),
            some_cash("5.00"),
            CHARGE(),
            answered(2, paid()),
        ],
        expect![[r#"
            commit all by cash
            commit all by wechat
            commit WeChat payment 1 of 13.00 begun
            charge WeChat payment 1 13.00 to 134567890123456789
            commit payment 1 ended Declined
            commit all by cash
            sound Blocked
            tell payment declined: no money
            commit by several tenders
            commit tender cash 5.00
            sound Accepted
            commit WeChat payment 2 of 9.00 begun
            charge WeChat payment 2 9.00 to 134567890123456789
            commit payment 2 ended Paid
            sound Accepted
            commit sale of 1 lines: 14.00 0.00 = 14.00, tendered 14.00, change 0.00, tax 13% 1.61 of 14.00
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
    check(
        then(selling(), [Happens::Festival, choose("cola", 4), PAY]),
        &[CHARGE(), answered(1, paid())],
        expect![[r#"
            commit all by wechat
            commit WeChat payment 1 of 13.00 begun
            charge WeChat payment 1 13.00 to 134567890123456789
            commit payment 1 ended Paid
            sound Accepted
            commit sale of 1 lines: 13.00 0.00 = 13.00, tendered 13.00, change 0.00, tax 13% 1.50 of 13.00
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
    check(
        then(selling(), [Happens::Festival, choose("cola", 4), PAY]),
        &[cash("12.00")],
        expect![[r#"
            commit sale of 1 lines: 12.00 0.00 = 12.00, tendered 12.00, change 0.00, tax 13% 1.38 of 12.00
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn a_charge_in_doubt_keeps_the_price_that_it_asked_for() {
    let doubtful = then(
        then(selling(), [Happens::Festival, choose("cola", 4), PAY, CHARGE()]),
        (0..20).flat_map(|_| [Later(9 * SECOND_MS), TICK]),
    );
    check(
        then(doubtful, [BACK, PARK, PowerCut, pin("li", true), recall(1), PAY]),
        &[In(Input::AskPayment { number: 1 }), answered(1, paid())],
        expect![[r#"
            query WeChat payment 1
            commit payment 1 ended PaidAfterAll
            sound Accepted
            commit sale of 1 lines: 13.00 0.00 = 13.00, tendered 13.00, change 0.00, tax 13% 1.50 of 13.00
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn a_sale_is_given_what_its_sum_earns() {
    let sale_of = |brought: Vec<Happens>| {
        let before = then(then(vec![Happens::Festival, points()], selling()), brought);
        last_sale(then(
            before,
            [choose("beer", 2), choose("cola", 1), CONFIRM_AGE, PAY, Happens::PaysRest, Saved],
        ))
    };
    let given = |sale: &Sale| -> Vec<(String, u32)> {
        sale.given.iter().map(|given| (given.promotion.id.to_string(), given.times)).collect()
    };
    let walk_in = sale_of(Vec::new());
    assert_eq!(given(&walk_in), [("draw".to_owned(), 2)]);
    assert_eq!(walk_in.buyer, None);
    // 21.50 less 2.00 for cash: 19 points, and half as many again, twice.
    let member = sale_of(vec![scan(GOLD_CARD)]);
    assert_eq!(given(&member), [("draw".to_owned(), 2), ("twice".to_owned(), 1)]);
    assert_eq!(member.buyer.and_then(|buyer| buyer.points).map(|points| points.earned), Some(69));
}

#[test]
fn a_card_on_an_empty_counter_is_put_away_by_cancel() {
    check(
        then(selling(), [scan(GOLD_CARD)]),
        &[CLOSE_SHIFT, CANCEL, CANCEL, CLOSE_SHIFT],
        expect![[r#"
            sound Blocked
            tell BasketFirst
            commit member left
            sound Blocked
            tell NoLine
            commit shift closed by li
            commit li signed out
            report 0 documents, sold 0.00, returned 0.00, rounding 0.00; ; drawer 0.00; ever 0.00 in 0
            = no shift, signed out
        "#]],
    );
}
