//! Samples of who buys and what they bring.

use domain::basket::WalkInPrice;
use domain::coupon::{Coupon, CouponState};
use domain::member::{LeaseSpent, Member, NewMember, PastPoints, PointsBack, PointsGrant, PointsMoved};
use domain::points::EarnRule;
use domain::promotion::grant::{Given, Gives};
use domain::rights::Act;
use domain::sale::{SaleBuyer, SpentCoupon};
use domain::stock::{CountedLine, Movement, Position, StockCount, StockLine, StockMove};

use super::*;

fn member() -> Arc<Member> {
    Arc::new(Member {
        id: "m1".into(),
        shown: "赵** *0001".into(),
        tier: "gold".into(),
        tags: vec!["社群".into()],
        stage: "regular".into(),
        first_order: true,
        points: Some(4_266),
    })
}

fn coupon() -> Coupon {
    Coupon {
        code: "CSPRING26K".into(),
        promotion: "k1".into(),
        state: CouponState::Issued,
        from_ms: Some(1_772_000_000_000),
        until_ms: Some(1_773_000_000_000),
        owner: Some("m1".into()),
        group: "cash".into(),
        together_max: 2,
    }
}

fn grant() -> PointsGrant {
    PointsGrant { lease: "l-7".into(), member: "m1".into(), points: 500, until_ms: 1_772_500_000_000 }
}

fn rule() -> EarnRule {
    EarnRule { money_per_point: money(100), multiplier: 15_000 }
}

/// Two beers at the member's price, two yuan of it paid with points.
fn members_beer() -> Line {
    let walk_in = WalkInPrice {
        list_price: money(650),
        unit_price: money(620),
        promotion: Some(AppliedPromotion {
            id: "p6".into(),
            name_zh: "周一".into(),
            name_en: "Monday".into(),
        }),
    };
    Line { walk_in: Some(walk_in), points_off: money(200), ..beer() }
}

fn members_sale() -> Sale {
    let given = |id: &str, gives, times| Given {
        promotion: AppliedPromotion { id: id.into(), name_zh: "礼".into(), name_en: "Gift".into() },
        gives,
        times,
    };
    Sale {
        lines: vec![members_beer()],
        total: money(980),
        rounding: Money::ZERO,
        payable: money(980),
        tenders: vec![wechat(980)],
        change: Money::ZERO,
        taxes: vec![TaxSummary { rate: rate(1_300), net: money(980), tax: money(113) }],
        buyer: Some(SaleBuyer {
            member: "m1".into(),
            shown: "赵** *0001".into(),
            tier: "gold".into(),
            points: Some(PointsMoved {
                earned: 13,
                rule: rule(),
                spent: 200,
                value: money(200),
                lease: "l-7".into(),
            }),
        }),
        coupons: vec![SpentCoupon { code: "CSPRING26K".into(), promotion: "k1".into(), off: money(500) }],
        given: vec![
            given("g1", Gives::DrawChances(1), 2),
            given("g2", Gives::Coupon("five-off".into()), 1),
            given("g3", Gives::PointsMultiplier(20_000), 1),
        ],
        ..sale()
    }
}

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let price = LoweredPrice {
        line: 1,
        list_price: money(600),
        unit_price: money(590),
        promotion: beer().promotion,
        kept: None,
    };
    let plain = Arc::new(Member { id: "m2".into(), ..Member::default() });
    let bearer = Coupon {
        from_ms: None,
        until_ms: None,
        owner: None,
        group: String::new(),
        together_max: 1,
        ..coupon()
    };
    let points = PastPoints {
        member: "m1".into(),
        rule: rule(),
        earning_left: money(980),
        spent: 200,
        value: money(200),
        value_back: money(100),
    };
    let past = PastSale {
        origin: origin(),
        currency: "CNY".into(),
        lines: vec![PastLine {
            line: members_beer(),
            tax: money(113),
            returned: 1_000,
            kept: Withheld::default(),
        }],
        left: money(490),
        tenders: vec![wechat(490)],
        points: Some(points),
        gifts: Vec::new(),
        uses: Vec::new(),
        borne: Vec::new(),
        coupons: Vec::new(),
    };
    let mut shift = carried();
    shift.coupons_spent = vec!["CSPRING26K".into()];
    shift.leases_spent =
        vec![LeaseSpent { lease: "l-7".into(), spent: 200, bonus: 0, until_ms: 1_772_500_000_000 }];
    shift.parked = vec![Parked {
        number: 3,
        staff: "e1".into(),
        at_ms: 1_772_416_800_000,
        note: String::new(),
        basket: Basket::parked(vec![beer()], 1, false, 0, None).brought_by(
            Some(member()),
            vec![coupon()],
            Some(TenderKind::Wallet(Wallet::WeChat)),
        ),
        tenders: Vec::new(),
    }];
    let back = PointsBack { member: "m1".into(), reversed: 7, restored: 100 };
    vec![
        ("member_joined", Record::MemberJoined { member: member(), prices: vec![price] }),
        ("member_joined_plain", Record::MemberJoined { member: plain, prices: Vec::new() }),
        ("member_left", Record::MemberLeft),
        ("coupon_laid", Record::CouponLaid { coupon: coupon() }),
        ("coupon_laid_bearer", Record::CouponLaid { coupon: bearer }),
        ("coupon_taken_back", Record::CouponTakenBack { code: "CSPRING26K".into() }),
        ("points_offered", Record::PointsOffered { grant: Some(grant()) }),
        ("points_offered_not", Record::PointsOffered { grant: None }),
        ("tender_chosen", Record::TenderChosen { tender: Some(TenderKind::Wallet(Wallet::WeChat)) }),
        ("tender_chosen_not", Record::TenderChosen { tender: None }),
        ("line_added_member", Record::LineAdded { line: members_beer() }),
        ("sale_completed_member", Record::SaleCompleted { sale: Box::new(members_sale()) }),
        (
            "sale_completed_points_back",
            Record::SaleCompleted { sale: Box::new(Sale { points_back: Some(back), ..refunded() }) },
        ),
        ("return_begun_member", Record::ReturnBegun { past: Box::new(past) }),
        (
            "shift_opened_coupons",
            Record::ShiftOpened {
                number: 12,
                business_date: day(),
                staff: "e1".into(),
                float: Money::ZERO,
                carried: Box::new(shift),
            },
        ),
    ]
}

/// What goes back to HQ before its time.
pub(super) fn records_about_leases() -> Vec<(&'static str, Record)> {
    let movement = |kind, document: &str, other: &str| Record::StockMoved {
        movement: Movement {
            kind,
            document: document.into(),
            other: other.into(),
            lines: vec![StockLine {
                sku: "100001".into(),
                quantity: Quantity::from_pieces(24).expect("pieces"),
            }],
            reason: String::new(),
        },
        staff: "e1".into(),
    };
    let count = StockCount {
        document: "C-2026-03".into(),
        lines: vec![
            CountedLine { sku: "100001".into(), thousandths: 23_000 },
            CountedLine { sku: "200003".into(), thousandths: 0 },
        ],
        positions: vec![Position { lane: 1, epoch: 1, seq: 812 }, Position { lane: 2, epoch: 3, seq: 41 }],
        steps: Vec::new(),
        reason: String::new(),
    };
    let new = NewMember {
        id: "t031f50e5e09a5f61b2da02c2f59fde6".into(),
        phone_hash: "031f50e5e09a5f61b2da02c2f59fde68fba579de4e1ef7a5490d6425f810977e".into(),
        shown: "尾号0001".into(),
        card: String::new(),
    };
    let carded = NewMember { card: "M00000007K".into(), ..new.clone() };
    let registered = |member| Record::MemberRegistered { member, staff: "e1".into() };
    vec![
        ("lease_returned", Record::LeaseReturned { grant: grant() }),
        ("stock_moved_receive", movement(StockMove::Receive, "L-77", "farm")),
        ("stock_moved_transfer", movement(StockMove::TransferOut, "T-5", "S002")),
        ("stock_moved_damage", movement(StockMove::Damage, "W-1", "")),
        ("stock_counted", Record::StockCounted { count, staff: "e1".into() }),
        ("member_registered", registered(new)),
        ("member_registered_card", registered(carded)),
    ]
}

/// Who was named as the buyer after the payment, and who let it be done.
pub(super) fn records_after_the_payment() -> Vec<(&'static str, Record)> {
    let named = |points| Record::BuyerNamed {
        document: 40,
        buyer: SaleBuyer {
            member: "m1".into(), shown: "王** 尾号1234".into(), tier: "gold".into(), points
        },
        staff: "e1".into(),
    };
    let earned = PointsMoved {
        earned: 17,
        rule: EarnRule { money_per_point: money(100), multiplier: 15_000 },
        spent: 0,
        value: Money::ZERO,
        lease: String::new(),
    };
    let approved = Record::Approved {
        act: Act::NameBuyer,
        staff: "e1".into(),
        approver: "e2".into(),
        reason: "核对过小票".into(),
    };
    vec![
        ("buyer_named", named(Some(earned))),
        ("buyer_named_no_points", named(None)),
        ("approved_name_buyer", approved),
    ]
}
