//! Events of every kind as they lie on disks and at HQ: `fixtures/wire/v1`
//! may be added to, never edited.

#[path = "wire/bearer.rs"]
mod bearer;
#[path = "wire/buyer.rs"]
mod buyer;
#[path = "wire/fullest.rs"]
mod fullest;
#[path = "wire/gift.rs"]
mod gift;
#[path = "wire/membership.rs"]
mod membership;
#[path = "wire/order.rs"]
mod order;
#[path = "wire/phone.rs"]
mod phone;
#[path = "wire/quota.rs"]
mod quota;
#[path = "wire/selling.rs"]
mod selling;
#[path = "wire/store.rs"]
mod store;
#[path = "wire/value.rs"]
mod value;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::basket::{
    AppliedPromotion, Basket, Cut, Discount, KeptPrice, Line, LoweredPrice, PriceFrom, Saving, Trace,
    WeighedBy,
};
use domain::catalogue::{Item, KitPart, TaxClass, TaxTreatment, Unit};
use domain::gift::Withheld;
use domain::label::{LabelBinding, LabelItem, LabelNumber};
use domain::money::{Money, Quantity, TaxRate};
use domain::order::desk::OrdersHere;
use domain::payment::{Belongs, Outcome, Payment, Purpose};
use domain::phone::UsedCodes;
use domain::promotion::Layer;
use domain::quota::QuotaCounts;
use domain::record::{PaperOutcome, Record, Staff};
use domain::refund::{Origin, PastLine, PastSale, ReturnedLine};
use domain::rights::Act;
use domain::sale::{Sale, TaxSummary, Tender};
use domain::shift::{Carried, CashMove, Denomination, GrandTotals, Parked, ShiftReport, Takings, Tally};
use domain::stock::{StockLine, TransfersHere};
use domain::tender::{CardEnd, TenderKind, Wallet};
use domain::till::kiosk::{
    AuditFound, BagFound, CallEnd, Cause, ChanceParts, Drawn, KioskRecord, RandomSource, Weighing,
};
use expect_test::{Expect, expect};
use protocol::chain::ChainHash;
use protocol::event::{self, EVENT_VERSION, Event, Fact};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/wire/v1")
}

fn wire(name: &str) -> Vec<u8> {
    let path = folder().join(name).with_extension("json");
    std::fs::read(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day")
}

fn event(seq: u64, record: &Record) -> Event {
    Event {
        v: EVENT_VERSION,
        store: "S001".into(),
        lane: 2,
        epoch: 1,
        seq,
        at_ms: 1_772_416_800_000 + 1_000 * i64::try_from(seq).expect("small"),
        offset_minutes: 480,
        business_date: day(),
        shift: 12,
        fact: Fact::from(record),
    }
}

fn staff() -> Staff {
    Staff { id: "e1".into(), number: "01".into(), name: "李雷".into() }
}

/// A bottle of beer at a promotion's price.
fn beer() -> Line {
    Line {
        number: 1,
        item: Arc::new(Item {
            sku: "40012".into(),
            name_zh: "青岛啤酒 \"经典\"".into(),
            name_en: "Beer \\ classic".into(),
            spec: "500ml".into(),
            category: "drinks".into(),
            code: "9520000000035".into(),
            age_restricted: true,
            ..Item::plain("40012", Money::from_minor(650), rate(1_300))
        }),
        code: "9520000000035".into(),
        unit: None,
        quantity: Quantity::from_pieces(2).expect("in range"),
        unit_price: Money::from_minor(590),
        price_from: PriceFrom::List,
        promotion: Some(AppliedPromotion {
            id: "p7".into(),
            name_zh: "周末".into(),
            name_en: "Weekend".into(),
        }),
        walk_in: None,
        kept: None,
        weighed_by: None,
        label_amount: None,
        trace: Trace::default(),
        discount: None,
        savings: Vec::new(),
        basket_discount: Money::ZERO,
        seller: None,
        note: String::new(),
        points_off: Money::ZERO,
    }
}

/// The same, whose code said which piece it is.
fn traced_beer() -> Line {
    let trace = Trace {
        batch: Some("A/1".into()),
        expiry: NaiveDate::from_ymd_opt(2027, 3, 31),
        best_before: None,
        serial: Some("S7".into()),
    };
    Line { number: 4, quantity: Quantity::ONE, trace, ..beer() }
}

/// Of two beers the second at half price, and a share of what the order saves.
fn beer_with_savings() -> Line {
    let saving = |id: &str, layer, units, off| Saving {
        promotion: AppliedPromotion { id: id.into(), name_zh: "满减".into(), name_en: "Off".into() },
        layer,
        units,
        off: Money::from_minor(off),
    };
    let savings = vec![saving("p8", Layer::Item, 2, 295), saving("p9", Layer::Order, 0, 41)];
    Line { number: 5, quantity: Quantity::from_pieces(2).expect("in range"), savings, ..beer() }
}

/// Apples at the amount that a scale printed, which is not weight times price.
fn apples() -> Line {
    Line {
        number: 3,
        item: Arc::new(Item {
            sku: "10001".into(),
            name_zh: "红富士苹果".into(),
            name_en: "Fuji apple".into(),
            weighed: true,
            code: "221000100683005343".into(),
            ..Item::plain("10001", Money::from_minor(1_280), rate(900))
        }),
        code: "221000100683005343".into(),
        unit: None,
        quantity: Quantity::from_thousandths(534).expect("in range"),
        unit_price: Money::from_minor(1_280),
        price_from: PriceFrom::List,
        promotion: None,
        walk_in: None,
        kept: None,
        weighed_by: None,
        label_amount: Some(Money::from_minor(683)),
        trace: Trace::default(),
        discount: None,
        savings: Vec::new(),
        basket_discount: Money::ZERO,
        seller: None,
        note: String::new(),
        points_off: Money::ZERO,
    }
}

/// Three cases of water that earn no points, of a class of the tax law.
fn cases() -> Line {
    Line {
        number: 4,
        item: Arc::new(Item {
            name_zh: "清泉水".into(),
            name_en: "Spring water".into(),
            code: "19520001003032".into(),
            no_points: true,
            tax_class: Some(TaxClass { id: "t13".into(), treatment: TaxTreatment::Taxed }),
            ..Item::plain("100001", Money::from_minor(4_500), rate(1_300))
        }),
        code: "19520001003032".into(),
        unit: Some(Unit { id: "case".into(), name_zh: "箱".into(), name_en: "Case".into(), factor: 24 }),
        quantity: Quantity::from_pieces(3).expect("in range"),
        unit_price: Money::from_minor(4_500),
        price_from: PriceFrom::List,
        promotion: None,
        walk_in: None,
        kept: None,
        weighed_by: None,
        label_amount: None,
        trace: Trace::default(),
        discount: None,
        savings: Vec::new(),
        basket_discount: Money::ZERO,
        seller: None,
        note: String::new(),
        points_off: Money::ZERO,
    }
}

/// A gift set whose parts have two rates.
fn gift_set() -> Line {
    let part = |sku: &str, pieces, price, points| KitPart {
        sku: sku.into(),
        quantity: Quantity::from_pieces(pieces).expect("in range"),
        price: Money::from_minor(price),
        tax_rate: rate(points),
    };
    Line {
        number: 5,
        item: Arc::new(Item {
            kit: vec![part("wine", 1, 1_680, 1_300), part("book", 2, 260, 900)],
            ..Item::plain("set", Money::from_minor(1_990), rate(1_300))
        }),
        code: "set".into(),
        unit: None,
        quantity: Quantity::ONE,
        unit_price: Money::from_minor(1_990),
        price_from: PriceFrom::List,
        promotion: None,
        walk_in: None,
        kept: None,
        weighed_by: None,
        label_amount: None,
        trace: Trace::default(),
        discount: None,
        savings: Vec::new(),
        basket_discount: Money::ZERO,
        seller: None,
        note: String::new(),
        points_off: Money::ZERO,
    }
}

/// Loose goods of a department that is exempt from tax, at a typed price.
fn loose() -> Line {
    Line {
        number: 6,
        item: Arc::new(Item {
            tax_class: Some(TaxClass { id: "veg".into(), treatment: TaxTreatment::Exempt }),
            ..Item::plain("D10", Money::from_minor(1_250), rate(0))
        }),
        code: "D10".into(),
        unit: None,
        quantity: Quantity::ONE,
        unit_price: Money::from_minor(1_250),
        price_from: PriceFrom::Typed,
        promotion: None,
        walk_in: None,
        kept: None,
        weighed_by: None,
        label_amount: None,
        trace: Trace::default(),
        discount: None,
        savings: Vec::new(),
        basket_discount: Money::ZERO,
        seller: None,
        note: String::new(),
        points_off: Money::ZERO,
    }
}

fn rate(points: u32) -> TaxRate {
    TaxRate::from_basis_points(points).expect("in range")
}

fn lowered(promotion: Option<AppliedPromotion>) -> Record {
    let lowered = LoweredPrice {
        line: 1,
        list_price: Money::from_minor(620),
        unit_price: Money::from_minor(580),
        promotion,
        kept: None,
    };
    Record::LinePriceLowered { lowered, net: Money::from_minor(1_160) }
}

fn sale() -> Sale {
    Sale {
        currency: "CNY".into(),
        reference_version: 4_711,
        staff: staff(),
        lines: vec![beer(), apples()],
        returns: Vec::new(),
        total: Money::from_minor(1_863),
        tax_added: Money::ZERO,
        rounding: Money::from_minor(-3),
        rounding_returned: Money::ZERO,
        payable: Money::from_minor(1_860),
        tenders: vec![Tender::Cash(Money::from_minor(2_000))],
        change: Money::from_minor(140),
        taxes: vec![
            TaxSummary { rate: rate(1_300), net: Money::from_minor(1_180), tax: Money::from_minor(136) },
            TaxSummary { rate: rate(900), net: Money::from_minor(683), tax: Money::from_minor(56) },
        ],
        buyer: None,
        coupons: Vec::new(),
        given: Vec::new(),
        points_back: None,
        gifts: Vec::new(),
        kept: Vec::new(),
        seller: None,
        note: String::new(),
        uses: Vec::new(),
        uses_back: Vec::new(),
        borne: Vec::new(),
        borne_back: Vec::new(),
        coupons_back: Vec::new(),
        price_gap: Money::ZERO,
        engine: 0,
        phones: Vec::new(),
        top_up: None,
    }
}

fn money(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn origin() -> Origin {
    Origin { store: "S001".into(), lane: 2, epoch: 1, seq: 13 }
}

/// Tobacco, which is never reduced, with what was taken off all the same.
fn reduced() -> Line {
    let discount = Discount { cut: Cut::Amount(money(30)), most: 3_000, reason: "压坏".into() };
    let item = Item { no_promotion: true, ..beer().item.as_ref().clone() };
    Line {
        item: Arc::new(item),
        promotion: None,
        discount: Some(discount),
        basket_discount: money(50),
        ..beer()
    }
}

/// One of the two beers of [`sale`], with the price that nobody asks for again.
fn beer_back() -> ReturnedLine {
    let sold = beer();
    let item = Item { price: Money::ZERO, age_restricted: false, ..sold.item.as_ref().clone() };
    ReturnedLine {
        origin: Some(origin()),
        line: 1,
        item: Arc::new(item),
        code: sold.code,
        quantity: Quantity::ONE,
        stock: Vec::new(),
        before: 0,
        amount: money(590),
        tax: money(68),
        reason: "漏气".into(),
        seller: None,
    }
}

/// A case of beer, which is twenty-four of them to a stock.
fn case_back() -> ReturnedLine {
    let beers = Quantity::from_pieces(24).expect("in range");
    let sku = beer_back().item.sku.clone();
    ReturnedLine { stock: vec![StockLine { sku, quantity: beers }], ..beer_back() }
}

fn wechat(minor: i64) -> Tender {
    let reference = "4200001".into();
    Tender::Wallet { wallet: Wallet::WeChat, payment: 9, reference, amount: money(minor), card: None }
}

/// Apples for a beer, the rest by several means.
fn exchange() -> Sale {
    let rate = |points| TaxRate::from_basis_points(points).expect("in range");
    Sale {
        lines: vec![apples()],
        returns: vec![beer_back()],
        total: money(93),
        rounding: money(-2),
        payable: money(91),
        tenders: vec![
            wechat(20),
            Tender::ForeignCash {
                currency: "HKD".into(),
                amount: money(50),
                rate: 915_300,
                value: money(46),
            },
            Tender::Voucher { number: "v1".into(), amount: money(21) },
            Tender::Cash(money(10)),
        ],
        change: money(6),
        taxes: vec![
            TaxSummary { rate: rate(1_300), net: money(-590), tax: money(-68) },
            TaxSummary { rate: rate(900), net: money(683), tax: money(56) },
        ],
        ..sale()
    }
}

/// A beer back for money, the rounding of its sale with it.
fn refunded() -> Sale {
    let rate = TaxRate::from_basis_points(1_300).expect("in range");
    Sale {
        lines: Vec::new(),
        returns: vec![beer_back(), ReturnedLine { origin: None, line: 2, ..beer_back() }],
        total: money(-1_180),
        rounding: money(3),
        rounding_returned: money(3),
        payable: money(-1_177),
        tenders: vec![wechat(-1_000), Tender::Cash(money(-177))],
        change: Money::ZERO,
        taxes: vec![TaxSummary { rate, net: money(-1_180), tax: money(-136) }],
        ..sale()
    }
}

/// Apples whose tax comes on top.
fn taxed_on_top() -> Sale {
    let rate = TaxRate::from_basis_points(900).expect("in range");
    Sale {
        lines: vec![apples()],
        total: money(744),
        tax_added: money(61),
        rounding: Money::ZERO,
        payable: money(744),
        tenders: vec![Tender::Cash(money(744))],
        change: Money::ZERO,
        taxes: vec![TaxSummary { rate, net: money(683), tax: money(61) }],
        ..sale()
    }
}

fn refund_of_nine() -> Purpose {
    Purpose::Refund { origin: Some(origin()), payment: 9 }
}

fn parked() -> Parked {
    let discount = Discount { cut: Cut::Part(500), most: 3_000, reason: "会员日".into() };
    Parked {
        number: 3,
        staff: "e1".into(),
        at_ms: 1_772_416_800_000,
        note: "红衣服".into(),
        basket: Basket::parked(vec![reduced()], 4, true, 2, Some(discount)),
        tenders: Vec::new(),
    }
}

fn carried() -> Carried {
    Carried {
        totals: GrandTotals { documents: 12, sold: money(45_000), returned: money(590) },
        parked: vec![parked()],
        parked_count: 3,
        payments: vec![
            Payment::carried(9, Wallet::WeChat, money(350), Purpose::Charge, Belongs::Parked(3), true),
            Payment::carried(10, Wallet::Alipay, money(590), refund_of_nine(), Belongs::Nothing, false),
        ],
        payment_count: 10,
        coupons_spent: Vec::new(),
        leases_spent: Vec::new(),
        quota_counts: QuotaCounts::default(),
        used_codes: UsedCodes::default(),
        orders: OrdersHere::default(),
        transfers: TransfersHere::default(),
    }
}

fn report() -> ShiftReport {
    let tally = |count, minor| Tally { count, amount: money(minor) };
    ShiftReport {
        number: 12,
        business_date: day(),
        takings: Takings {
            float: money(20_000),
            documents: 3,
            sold: money(5_000),
            returned: tally(1, 590),
            rounding: money(-5),
            tenders: vec![(TenderKind::Cash, money(4_000)), (TenderKind::Wallet(Wallet::Card), money(405))],
            foreign: vec![("HKD".into(), money(50))],
            paid_in: tally(1, 100),
            paid_out: tally(1, 20),
            dropped: tally(1, 10_000),
            voided: tally(2, 700),
            cancelled: tally(0, 0),
            discounts: money(80),
            drawer_opened: 1,
            topped_up: Tally::default(),
        },
        counted: Some(money(14_070)),
        totals: carried().totals,
        parked: vec![3],
        in_doubt: vec![9],
    }
}

/// The records of returns, tenders, shifts and rights.
fn later_records() -> Vec<(&'static str, Record)> {
    let id = || "e1".to_owned();
    let why = || "顾客要求".to_owned();
    let past = PastSale {
        origin: origin(),
        currency: "CNY".into(),
        lines: vec![
            PastLine { line: beer(), tax: money(136), returned: 1_000, kept: Withheld::default() },
            PastLine { line: apples(), tax: money(56), returned: 0, kept: Withheld::default() },
        ],
        left: money(1_270),
        tenders: vec![wechat(1_000), Tender::Cash(money(270))],
        points: None,
        gifts: Vec::new(),
        uses: Vec::new(),
        borne: Vec::new(),
        coupons: Vec::new(),
    };
    let begun =
        |purpose| Record::PaymentBegun { number: 9, wallet: Wallet::WeChat, amount: money(350), purpose };
    let moved = |kind| Record::CashMoved { kind, amount: money(300), staff: id(), reason: why() };
    let part = Discount { cut: Cut::Part(1_500), most: 3_000, reason: why() };
    vec![
        (
            "shift_opened_carried",
            Record::ShiftOpened {
                number: 12,
                business_date: day(),
                staff: id(),
                float: Money::ZERO,
                carried: Box::new(carried()),
            },
        ),
        ("shift_closed_report", Record::ShiftClosed { staff: id(), report: Some(Box::new(report())) }),
        ("cash_moved_pay_in", moved(CashMove::PayIn)),
        ("cash_moved_pay_out", moved(CashMove::PayOut)),
        ("cash_moved_drop", moved(CashMove::Drop)),
        (
            "cash_counted",
            Record::CashCounted {
                denominations: vec![
                    Denomination { value: money(10_000), count: 1 },
                    Denomination { value: money(10), count: 7 },
                ],
                total: money(10_070),
                staff: id(),
            },
        ),
        ("drawer_opened", Record::DrawerOpened { staff: id(), reason: why() }),
        ("locked", Record::Locked { staff: id() }),
        ("unlocked", Record::Unlocked { staff: id() }),
        (
            "approved",
            Record::Approved { act: Act::SetPrice, staff: id(), approver: "e2".into(), reason: why() },
        ),
        ("line_added_reduced", Record::LineAdded { line: reduced() }),
        ("line_discounted", Record::LineDiscounted { line: 1, discount: Some(part.clone()), staff: id() }),
        ("line_discounted_not", Record::LineDiscounted { line: 1, discount: None, staff: id() }),
        ("basket_discounted", Record::BasketDiscounted { discount: Some(part), staff: id() }),
        ("line_voided_reason", Record::LineVoided { line: 2, staff: id(), reason: why() }),
        (
            "basket_cancelled_reason",
            Record::BasketCancelled { staff: id(), total: money(1_863), reason: why() },
        ),
        ("basket_parked", Record::BasketParked { basket: 3, staff: id(), note: "红衣服".into() }),
        ("basket_recalled", Record::BasketRecalled { basket: 3, staff: id() }),
        ("return_begun", Record::ReturnBegun { past: Box::new(past) }),
        ("line_returned", Record::LineReturned { returned: beer_back(), staff: id() }),
        ("return_dropped", Record::ReturnDropped { staff: id() }),
        ("tender_added", Record::TenderAdded { tender: wechat(350) }),
        ("tender_removed", Record::TenderRemoved { place: 0 }),
        ("payment_begun", begun(Purpose::Charge)),
        ("payment_begun_refund", begun(refund_of_nine())),
        (
            "payment_ended",
            Record::PaymentEnded {
                number: 9,
                outcome: Outcome::Paid,
                reference: "4200001".into(),
                card: None,
            },
        ),
        (
            "payment_ended_in_doubt",
            Record::PaymentEnded {
                number: 9,
                outcome: Outcome::InDoubt,
                reference: String::new(),
                card: None,
            },
        ),
        ("sale_completed_exchange", Record::SaleCompleted { sale: Box::new(exchange()) }),
        ("sale_completed_refund", Record::SaleCompleted { sale: Box::new(refunded()) }),
        ("sale_completed_tax_on_top", Record::SaleCompleted { sale: Box::new(taxed_on_top()) }),
    ]
}

/// One record of every kind, and of every form that a kind has.
fn records() -> Vec<(&'static str, Record)> {
    let id = || "e1".to_owned();
    let ended = |outcome| Record::PaperEnded { document: 41, outcome };
    vec![
        (
            "shift_opened",
            Record::ShiftOpened {
                number: 12,
                business_date: day(),
                staff: id(),
                float: Money::from_minor(20_000),
                carried: Box::default(),
            },
        ),
        ("shift_closed", Record::ShiftClosed { staff: id(), report: None }),
        ("signed_in", Record::SignedIn { staff: staff() }),
        ("sign_in_refused", Record::SignInRefused { staff: id() }),
        ("signed_out", Record::SignedOut { staff: id() }),
        ("line_added", Record::LineAdded { line: beer() }),
        ("line_added_weighed", Record::LineAdded { line: apples() }),
        (
            "line_quantity_set",
            Record::LineQuantitySet {
                line: 1,
                quantity: Quantity::from_pieces(6).expect("in range"),
                net: Money::from_minor(3_540),
            },
        ),
        (
            "line_price_set",
            Record::LinePriceSet {
                line: 3,
                unit_price: Money::from_minor(1_000),
                net: Money::from_minor(534),
                staff: id(),
                reason: String::new(),
            },
        ),
        ("line_voided", Record::LineVoided { line: 2, staff: id(), reason: String::new() }),
        ("age_confirmed", Record::AgeConfirmed { staff: id() }),
        (
            "basket_cancelled",
            Record::BasketCancelled { staff: id(), total: Money::from_minor(1_863), reason: String::new() },
        ),
        ("sale_completed", Record::SaleCompleted { sale: Box::new(sale()) }),
        ("paper_begun", Record::PaperBegun { document: 41, reprint: false }),
        ("paper_begun_reprint", Record::PaperBegun { document: 41, reprint: true }),
        ("paper_ended_confirmed", ended(PaperOutcome::Confirmed)),
        ("paper_ended_sent_unconfirmed", ended(PaperOutcome::SentUnconfirmed)),
        ("paper_ended_in_doubt", ended(PaperOutcome::InDoubt)),
        ("paper_ended_waived", ended(PaperOutcome::Waived)),
        ("line_added_pack", Record::LineAdded { line: cases() }),
        ("line_added_kit", Record::LineAdded { line: gift_set() }),
        ("line_added_typed_price", Record::LineAdded { line: loose() }),
        ("line_added_set_price", Record::LineAdded { line: Line { price_from: PriceFrom::Set, ..cases() } }),
        ("line_price_lowered", lowered(None)),
        ("line_price_lowered_promotion", lowered(beer().promotion)),
        ("line_added_traced", Record::LineAdded { line: traced_beer() }),
        ("line_added_with_savings", Record::LineAdded { line: beer_with_savings() }),
    ]
    .into_iter()
    .chain(later_records())
    .chain(buyer::records())
    .chain(records_about_the_journal())
    .chain(records_of_the_scale())
    .chain(buyer::records_about_leases())
    .chain(records_over_an_epoch())
    .chain(records_of_labels())
    .chain([("shift_opened_paid_in_part", paid_in_part())])
    .chain(records_of_kept_prices())
    .chain(records_of_a_kiosk())
    .chain(selling::records())
    .chain(gift::records())
    .chain([("line_returned_pack", Record::LineReturned { returned: case_back(), staff: id() })])
    .chain(quota::records())
    .chain(phone::records())
    .chain(membership::records())
    .chain(order::records())
    .chain(bearer::records())
    .chain(records_of_a_bagging_scale())
    .chain(store::records())
    .chain([
        ("kiosk_called_price_query", Record::Kiosk(KioskRecord::Called { cause: Cause::PriceQuery })),
        ("kiosk_called_coupon_query", Record::Kiosk(KioskRecord::Called { cause: Cause::CouponQuery })),
    ])
    .chain(records_of_a_card())
    .chain(phone::records_of_other_lanes())
    .chain(value::records())
    .chain([("shift_opened_transfers", store::shift_after_transfers())])
    .chain(buyer::records_after_the_payment())
    .chain([(
        "line_price_set_reason",
        Record::LinePriceSet {
            line: 3,
            unit_price: Money::from_minor(1_000),
            net: Money::from_minor(534),
            staff: "e1".into(),
            reason: "标签不对".into(),
        },
    )])
    .collect()
}

/// A card of which the end of its number is known.
fn records_of_a_card() -> Vec<(&'static str, Record)> {
    let (card, reference) = (CardEnd::parse("0042").ok(), String::from("000123"));
    let tender = Tender::Wallet {
        wallet: Wallet::Card,
        payment: 9,
        reference: reference.clone(),
        amount: money(350),
        card,
    };
    vec![
        ("payment_ended_card", Record::PaymentEnded { number: 9, outcome: Outcome::Paid, reference, card }),
        ("tender_added_card", Record::TenderAdded { tender }),
    ]
}

/// What a lane writes down about its journal and its clock.
fn records_about_the_journal() -> Vec<(&'static str, Record)> {
    let (shown_ms, reckoned_ms) = (946_684_800_000, 1_772_416_800_000);
    let trusted = |staff: &str| Record::ClockTrusted { shown_ms, reckoned_ms, staff: staff.into() };
    vec![
        (
            "epoch_begun",
            Record::EpochBegun {
                previous_epoch: 1,
                previous_seq: 41,
                previous_hash: ChainHash::genesis("S001", 2, 1).to_string(),
            },
        ),
        ("clock_refused", Record::ClockRefused { shown_ms, reckoned_ms }),
        ("clock_trusted", trusted("")),
        ("clock_trusted_by", trusted("e1")),
    ]
}

/// What a lane carries on from an epoch that is over.
fn records_over_an_epoch() -> Vec<(&'static str, Record)> {
    let mut payment =
        Payment::carried(9, Wallet::WeChat, money(350), Purpose::Charge, Belongs::Nothing, true);
    payment.epoch = Some(1);
    let opened = Record::ShiftOpened {
        number: 12,
        business_date: day(),
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(Carried { payments: vec![payment], ..carried() }),
    };
    vec![("shift_opened_carried_over_an_epoch", opened)]
}

/// A parked basket of which a part is paid, in the record that opens a shift.
fn paid_in_part() -> Record {
    let mut carried = carried();
    for parked in &mut carried.parked {
        parked.tenders = vec![wechat(290)];
    }
    Record::ShiftOpened {
        number: 12,
        business_date: day(),
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(carried),
    }
}

/// What hangs on the shelves.
fn records_of_labels() -> Vec<(&'static str, Record)> {
    let number = |text| LabelNumber::parse(text).expect("a label's number");
    let binding = LabelBinding {
        label: number("00000218A3F5C611"),
        items: vec![LabelItem::of("100001")],
        template: String::new(),
        slot: String::new(),
    };
    let page = LabelBinding {
        label: number("00000218A3F5C702"),
        items: vec![LabelItem::of("200003"), LabelItem { sku: "100001".into(), unit: "case".into() }],
        template: "fresh".into(),
        slot: "A-3-2".into(),
    };
    let (old, staff) = (number("00000218A3F5C611"), String::from("e1"));
    let bound = |binding: &LabelBinding| Record::LabelBound { binding: binding.clone(), staff: "e1".into() };
    let unbound =
        |reason: &str| Record::LabelUnbound { label: old.clone(), staff: "e1".into(), reason: reason.into() };
    vec![
        ("label_bound", bound(&binding)),
        ("label_bound_page", bound(&page)),
        ("label_unbound", unbound("")),
        ("label_unbound_reason", unbound("下架")),
        (
            "label_replaced",
            Record::LabelReplaced { old: old.clone(), binding: page, staff, reason: "屏坏".into() },
        ),
        (
            "labels_waived",
            Record::LabelsWaived {
                item: LabelItem::of("100001"),
                staff: "e1".into(),
                reason: "价签已人工更换".into(),
            },
        ),
        (
            "approved_labels",
            Record::Approved {
                act: Act::WaiveLabels,
                staff: "e1".into(),
                approver: "e2".into(),
                reason: "价签已人工更换".into(),
            },
        ),
    ]
}

/// What a line costs because a shelf label may still show it.
fn records_of_kept_prices() -> Vec<(&'static str, Record)> {
    let kept = KeptPrice { label: "00000218A3F5C611".into(), otherwise: money(690) };
    let lowered = |price| LoweredPrice {
        line: 1,
        list_price: money(690),
        unit_price: money(price),
        promotion: None,
        kept: Some(kept.clone()),
    };
    let line = Line { unit_price: money(590), promotion: None, kept: Some(kept.clone()), ..beer() };
    vec![
        ("line_added_kept", Record::LineAdded { line }),
        ("line_price_lowered_kept", Record::LinePriceLowered { lowered: lowered(580), net: money(1_160) }),
    ]
}

/// Who said what goods weigh.
fn records_of_the_scale() -> Vec<(&'static str, Record)> {
    let by = |weighed_by| Record::LineAdded {
        line: Line { label_amount: None, weighed_by: Some(weighed_by), ..apples() },
    };
    let (staff, approver, reason) = ("e1".into(), "e2".into(), "秤坏了".into());
    vec![
        ("line_added_by_scale", by(WeighedBy::Scale { net: false })),
        ("line_added_by_scale_net", by(WeighedBy::Scale { net: true })),
        ("line_added_by_person", by(WeighedBy::Person)),
        ("approved_weight", Record::Approved { act: Act::TypeWeight, staff, approver, reason }),
    ]
}

/// What happens where customers use a lane by themselves.
fn records_of_a_kiosk() -> Vec<(&'static str, Record)> {
    let approved = |act| {
        let (staff, approver, reason) = ("e1".into(), "e2".into(), "看过身份证".into());
        Record::Approved { act, staff, approver, reason }
    };
    let answered = |cause, end, level| Record::Kiosk(KioskRecord::Answered { cause, end, level });
    let found = AuditFound { checked: 5, missed: 1, wrong: 0, overcharged: 2 };
    // As older programs wrote it.
    let (parts, source) = (ChanceParts::default(), RandomSource::Unsaid);
    let drawn = Drawn { random: 4_294_960_123, chance: 200, due: true };
    vec![
        ("approved_age", approved(Act::ConfirmAge)),
        ("approved_attend", approved(Act::Attend)),
        ("kiosk_called_age", Record::Kiosk(KioskRecord::Called { cause: Cause::Age })),
        ("kiosk_called_help", Record::Kiosk(KioskRecord::Called { cause: Cause::Help })),
        ("kiosk_answered_age_refused", answered(Cause::Age, CallEnd::Refused, 0)),
        ("kiosk_answered_pieces", answered(Cause::Pieces, CallEnd::Passed, 61)),
        ("kiosk_answered_total", answered(Cause::Total, CallEnd::Passed, 250_000)),
        ("kiosk_answered_removal", answered(Cause::Removal, CallEnd::Gone, 0)),
        ("kiosk_answered_payment", answered(Cause::Payment, CallEnd::FalseAlarm, 0)),
        ("kiosk_called_audit", Record::Kiosk(KioskRecord::Called { cause: Cause::Audit })),
        ("kiosk_called_cash", Record::Kiosk(KioskRecord::Called { cause: Cause::Cash })),
        ("kiosk_audit_drawn", Record::Kiosk(KioskRecord::AuditDrawn { drawn, parts, source })),
        ("kiosk_audited", Record::Kiosk(KioskRecord::Audited(found))),
    ]
}

/// What happens at a kiosk with a bagging scale.
fn records_of_a_bagging_scale() -> Vec<(&'static str, Record)> {
    let kiosk = |name, record| (name, Record::Kiosk(record));
    let called = |cause| KioskRecord::Called { cause };
    let weighed =
        |unit: &str| KioskRecord::Weighed(Weighing { sku: "100001".into(), unit: unit.into(), grams: 563 });
    let found = BagFound { low: 541, high: 585, measured: 312 };
    let parts = ChanceParts {
        base: 200,
        removals: 300,
        walk_in: 10,
        large: 500,
        alarms: 500,
        changes: 20,
        phone: 1_000,
        unchecked: 50,
    };
    let drawn = Drawn::of(4_294_961_123, parts.chance());
    let source = RandomSource::System;
    vec![
        kiosk("kiosk_called_not_bagged", called(Cause::NotBagged)),
        kiosk("kiosk_called_wrong_weight", called(Cause::WrongWeight)),
        kiosk("kiosk_called_unexpected", called(Cause::Unexpected)),
        kiosk("kiosk_called_taken_off", called(Cause::TakenOff)),
        kiosk("kiosk_bag_found", KioskRecord::BagFound { cause: Cause::WrongWeight, found }),
        kiosk("kiosk_weighed", weighed("")),
        kiosk("kiosk_weighed_pack", weighed("six")),
        kiosk("kiosk_own_bag", KioskRecord::OwnBag { grams: 180 }),
        kiosk("kiosk_audit_drawn_parts", KioskRecord::AuditDrawn { drawn, parts, source }),
    ]
}

/// A new kind does not compile before it stands here, and not pass before it
/// has a sample.
const fn kind(record: &Record) -> &'static str {
    match record {
        Record::ShiftOpened { .. } => "shift_opened",
        Record::ShiftClosed { .. } => "shift_closed",
        Record::SignedIn { .. } => "signed_in",
        Record::SignInRefused { .. } => "sign_in_refused",
        Record::SignedOut { .. } => "signed_out",
        Record::CashMoved { .. } => "cash_moved",
        Record::CashCounted { .. } => "cash_counted",
        Record::DrawerOpened { .. } => "drawer_opened",
        Record::Locked { .. } => "locked",
        Record::Unlocked { .. } => "unlocked",
        Record::Approved { .. } => "approved",
        Record::LineAdded { .. } => "line_added",
        Record::LineQuantitySet { .. } => "line_quantity_set",
        Record::LinePriceSet { .. } => "line_price_set",
        Record::LinePriceLowered { .. } => "line_price_lowered",
        Record::SellerNamed { .. } => "seller_named",
        Record::NoteWritten { .. } => "note_written",
        Record::LineVoided { .. } => "line_voided",
        Record::AgeConfirmed { .. } => "age_confirmed",
        Record::BasketCancelled { .. } => "basket_cancelled",
        Record::LineDiscounted { .. } => "line_discounted",
        Record::BasketDiscounted { .. } => "basket_discounted",
        Record::BasketParked { .. } => "basket_parked",
        Record::BasketRecalled { .. } => "basket_recalled",
        Record::BasketOffered { .. } => "basket_offered",
        Record::BasketTaken { .. } => "basket_taken",
        Record::BasketGone { .. } => "basket_gone",
        Record::ReturnBegun { .. } => "return_begun",
        Record::LineReturned { .. } => "line_returned",
        Record::ReturnDropped { .. } => "return_dropped",
        Record::TenderAdded { .. } => "tender_added",
        Record::TenderRemoved { .. } => "tender_removed",
        Record::PaymentBegun { .. } => "payment_begun",
        Record::PaymentEnded { .. } => "payment_ended",
        Record::SaleCompleted { .. } => "sale_completed",
        Record::MemberJoined { .. } => "member_joined",
        Record::MemberLeft => "member_left",
        Record::CouponLaid { .. } => "coupon_laid",
        Record::CouponTakenBack { .. } => "coupon_taken_back",
        Record::PointsOffered { .. } => "points_offered",
        Record::StockMoved { .. } => "stock_moved",
        Record::StockCounted { .. } => "stock_counted",
        Record::LabelBound { .. } => "label_bound",
        Record::LabelUnbound { .. } => "label_unbound",
        Record::LabelReplaced { .. } => "label_replaced",
        Record::LabelsWaived { .. } => "labels_waived",
        Record::MemberRegistered { .. } => "member_registered",
        Record::BuyerNamed { .. } => "buyer_named",
        Record::QuotasHeard { .. } => "quotas_heard",
        Record::LeaseReturned { .. } => "lease_returned",
        Record::TenderChosen { .. } => "tender_chosen",
        Record::PaperBegun { .. } => "paper_begun",
        Record::PaperEnded { .. } => "paper_ended",
        Record::EpochBegun { .. } => "epoch_begun",
        Record::ClockRefused { .. } => "clock_refused",
        Record::ClockTrusted { .. } => "clock_trusted",
        Record::Kiosk(_) => "kiosk",
        Record::Phone(_) => "phone",
        Record::Order(_) => "order",
    }
}

const KINDS: usize = 59;

#[test]
fn every_record_comes_back_from_its_bytes() {
    for (name, record) in records() {
        let decoded = event::decode(&event::encode(&event(7, &record))).expect(name);
        assert_eq!(decoded.record().as_ref(), Ok(&record), "{name}");
    }
    let kinds: BTreeSet<_> = records().iter().map(|(_, record)| kind(record)).collect();
    assert_eq!(kinds.len(), KINDS);
}

/// With `UPDATE_EXPECT` set, samples that are missing are written; none is
/// ever written over.
#[test]
fn what_is_written_today_is_what_was_written_at_the_release() {
    for (seq, (name, record)) in (1..).zip(records()) {
        let bytes = event::encode(&event(seq, &record));
        let path = folder().join(name).with_extension("json");
        if std::env::var_os("UPDATE_EXPECT").is_some() && !path.exists() {
            std::fs::write(&path, &bytes).expect("write a new sample");
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        assert_eq!(text(&wire(name)), text(&bytes), "{name}");
        assert!(text(&bytes).contains(&format!(r#""type":"{}","data""#, kind(&record))), "{name}");
    }
}

#[test]
fn every_sample_is_understood_and_written_again_byte_for_byte() {
    let samples: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the samples")
        .map(|sample| sample.expect("a sample").path())
        .collect();
    assert!(records().len() <= samples.len());
    for sample in samples {
        let bytes = std::fs::read(&sample).expect("a sample");
        let event = event::decode(&bytes).unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
        assert_eq!(event::encode(&event), bytes, "{}", sample.display());
        event.record().unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
    }
}

#[test]
fn a_return_that_pays_out_more_than_it_takes_back_is_refused() {
    let refused = |seq: u64| format!("understand event {seq}: the sale does not add up");
    let seq =
        1 + records().iter().position(|(name, _)| *name == "sale_completed_refund").expect("there") as u64;
    let refused = refused(seq);
    for (from, to) in [
        (r#""total":-1180"#, r#""total":-1181"#),
        (r#""amount":-177"#, r#""amount":-178"#),
        (r#""rounding_returned":3"#, r#""rounding_returned":2"#),
        (r#""amount":590"#, r#""amount":591"#),
        // Money in and out in one document.
        (r#"{"kind":"cash","amount":-177}"#, r#"{"kind":"cash","amount":23},{"kind":"cash","amount":-200}"#),
    ] {
        let text = String::from_utf8(wire("sale_completed_refund")).expect("UTF-8");
        assert!(text.contains(from), "{from}");
        let event = event::decode(text.replacen(from, to, 1).as_bytes()).expect("the form is right");
        assert_eq!(event.record().map_err(|error| error.to_string()), Err(refused.clone()), "{to}");
    }
}

/// Changes a sample and says what becomes of it.
fn check(sample: &str, from: &str, to: &str, expected: Expect) {
    let text = String::from_utf8(wire(sample)).expect("UTF-8");
    assert!(text.contains(from), "{from} is not in {sample}");
    let answer = match event::decode(text.replacen(from, to, 1).as_bytes()) {
        Err(error) => error.to_string(),
        Ok(event) => match event.record() {
            Err(error) => error.to_string(),
            Ok(_) => "understood".into(),
        },
    };
    expected.assert_eq(&answer);
}

#[test]
fn what_this_program_does_not_know_is_refused() {
    check(
        "signed_out",
        r#""v":1"#,
        r#""v":2"#,
        expect!["decode an event of version 2: this program knows 1 to 1"],
    );
    check(
        "signed_out",
        r#""v":1"#,
        r#""v":0"#,
        expect!["decode an event of version 0: this program knows 1 to 1"],
    );
    check("signed_out", r#""v":1"#, r#""v":65536"#, expect!["decode an event"]);
    check("signed_out", "signed_out", "gone_home", expect!["decode an event"]);
    check("signed_out", r#"{"v""#, r#"["v""#, expect!["decode an event"]);
    check(
        "sale_completed",
        r#""kind":"cash""#,
        r#""kind":"shells""#,
        expect![[r#"understand event 13: unknown tender "shells""#]],
    );
}

#[test]
fn a_newer_version_is_refused_for_its_version_whatever_else_it_says() {
    let newer = br#"{"v":2,"what":"nobody knows"}"#;
    assert_eq!(
        event::decode(newer).map_err(|error| error.to_string()),
        Err("decode an event of version 2: this program knows 1 to 1".into())
    );
}

#[test]
fn what_a_newer_program_adds_to_this_version_does_not_matter() {
    check("signed_out", r#""v":1"#, r#""v":1,"weather":"rain""#, expect!["understood"]);
}

#[test]
fn a_sale_that_does_not_add_up_is_refused() {
    let refused = || expect![[r#"understand event 13: the sale does not add up"#]];
    check("sale_completed", r#""total":1863"#, r#""total":1864"#, refused());
    check("sale_completed", r#""rounding":-3"#, r#""rounding":-2"#, refused());
    check("sale_completed", r#""payable":1860"#, r#""payable":1861"#, refused());
    check("sale_completed", r#""amount":2000"#, r#""amount":2001"#, refused());
    check("sale_completed", r#""change":140"#, r#""change":139"#, refused());
    check("sale_completed", r#""net":1180"#, r#""net":1179"#, refused());
    check("sale_completed", r#""quantity":2000"#, r#""quantity":1000"#, refused());
    check("sale_completed", r#""unit_price":590"#, r#""unit_price":591"#, refused());
    check("sale_completed", r#""label_amount":683"#, r#""label_amount":684"#, refused());
    // Sums that hold, but with a customer who pays more, or is owed.
    check(
        "sale_completed",
        r#""rounding":-3,"payable":1860,"tenders":[{"kind":"cash","amount":2000}],"change":140"#,
        r#""rounding":3,"payable":1866,"tenders":[{"kind":"cash","amount":2000}],"change":134"#,
        refused(),
    );
    check("sale_completed", r#""amount":2000}],"change":140"#, r#""amount":1800}],"change":-60"#, refused());
    check(
        "line_added",
        r#""net":1180"#,
        r#""net":1181"#,
        expect!["understand event 6: the sale does not add up"],
    );
}

#[test]
fn a_kit_whose_shares_are_not_its_parts_is_refused() {
    let refused = || expect!["understand event 21: the sale does not add up"];
    check("line_added_kit", r#""net":1520"#, r#""net":1521"#, refused());
    check("line_added_kit", r#""price":1680"#, r#""price":1"#, refused());
    check(
        "line_added_kit",
        r#""quantity":2000"#,
        r#""quantity":0"#,
        expect!["understand event 21: quantity 0 is out of range"],
    );
    check(
        "line_added_pack",
        r#""factor":24"#,
        r#""factor":0"#,
        expect!["understand event 20: factor 0 is out of range"],
    );
    check(
        "line_price_lowered",
        r#""unit_price":580"#,
        r#""unit_price":-9223372036854775808"#,
        expect!["understand event 24: price -9223372036854775808 is out of range"],
    );
}

#[test]
fn numbers_that_the_rules_cannot_reckon_with_are_refused() {
    let most = i64::MAX;
    check(
        "line_added",
        r#""quantity":2000"#,
        r#""quantity":0"#,
        expect!["understand event 6: quantity 0 is out of range"],
    );
    check(
        "line_added",
        r#""tax_rate":1300"#,
        r#""tax_rate":10001"#,
        expect!["understand event 6: tax rate 10001 is out of range"],
    );
    check(
        "line_added",
        r#""unit_price":590"#,
        &format!(r#""unit_price":{most}"#),
        expect!["understand event 6: price 9223372036854775807 is out of range"],
    );
    check(
        "line_added",
        r#""list_price":650"#,
        r#""list_price":-1"#,
        expect!["understand event 6: price -1 is out of range"],
    );
    check(
        "line_added_weighed",
        r#""label_amount":683"#,
        &format!(r#""label_amount":{most}"#),
        expect!["understand event 7: price 9223372036854775807 is out of range"],
    );
    check(
        "line_price_set",
        r#""unit_price":1000"#,
        &format!(r#""unit_price":{most}"#),
        expect!["understand event 9: price 9223372036854775807 is out of range"],
    );
    check(
        "sale_completed",
        r#""amount":2000"#,
        &format!(r#""amount":{most}"#),
        expect!["understand event 13: tender 9223372036854775807 is out of range"],
    );
    check(
        "sale_completed",
        r#""change":140"#,
        &format!(r#""change":{}"#, i64::MIN),
        expect!["understand event 13: change -9223372036854775808 is out of range"],
    );
    check(
        "sale_completed",
        r#""total":1863"#,
        &format!(r#""total":{most}"#),
        expect!["understand event 13: total 9223372036854775807 is out of range"],
    );
    check(
        "sale_completed",
        r#""tax":136"#,
        &format!(r#""tax":{most}"#),
        expect!["understand event 13: tax 9223372036854775807 is out of range"],
    );
}
