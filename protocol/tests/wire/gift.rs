//! Goods that were free for others, and gifts that are kept.

use super::*;
use domain::gift::{Free, FreeGoods, KeptGift, Units};

/// Two beers earn the third one, twice.
fn free_beer(times: u32) -> FreeGoods {
    FreeGoods {
        promotion: AppliedPromotion { id: "g1".into(), name_zh: "买赠".into(), name_en: "Gift".into() },
        times,
        earned_by: vec![Units { line: 1, units: 1 }],
        free: vec![Free { goods: Units { line: 2, units: 1 }, each: money(590) }],
    }
}

fn second() -> Line {
    let saving =
        Saving { promotion: free_beer(1).promotion, layer: Layer::Item, units: 2, off: money(1_180) };
    Line { number: 2, savings: vec![saving], ..beer() }
}

fn kept(thousandths: i64, amount: i64, tax: i64) -> KeptGift {
    let item = Item { age_restricted: false, category: String::new(), ..beer_back().item.as_ref().clone() };
    KeptGift {
        origin: origin(),
        line: 2,
        item: Arc::new(item),
        thousandths,
        amount: money(amount),
        tax: money(tax),
    }
}

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let given = Sale {
        lines: vec![beer(), second()],
        total: money(1_180),
        rounding: money(0),
        payable: money(1_180),
        tenders: vec![Tender::Cash(money(1_180))],
        change: money(0),
        taxes: vec![TaxSummary { rate: rate(1_300), net: money(1_180), tax: money(136) }],
        gifts: vec![free_beer(2)],
        ..sale()
    };
    // A beer comes back for 5.90, its gift does not; then the gift does too.
    let without = |kept: KeptGift, back: i64, paid: i64| Sale {
        lines: Vec::new(),
        returns: vec![ReturnedLine { amount: money(back), tax: money(0), ..beer_back() }],
        total: money(-paid),
        rounding: money(0),
        payable: money(-paid),
        tenders: if paid == 0 { Vec::new() } else { vec![Tender::Cash(money(-paid))] },
        change: money(0),
        taxes: Vec::new(),
        kept: vec![kept],
        ..sale()
    };
    let past = PastSale {
        origin: origin(),
        currency: "CNY".into(),
        lines: vec![
            PastLine { line: beer(), tax: money(136), returned: 1_000, kept: Withheld::default() },
            PastLine {
                line: second(),
                tax: money(0),
                returned: 0,
                kept: Withheld { thousandths: 1_000, amount: money(500), tax: money(58) },
            },
        ],
        left: money(1_090),
        tenders: vec![Tender::Cash(money(1_090))],
        points: None,
        gifts: vec![free_beer(2)],
        uses: Vec::new(),
        borne: Vec::new(),
        coupons: Vec::new(),
    };
    vec![
        ("sale_completed_gift", Record::SaleCompleted { sale: Box::new(given) }),
        (
            "sale_completed_gift_kept",
            Record::SaleCompleted { sale: Box::new(without(kept(1_000, 500, 58), 590, 90)) },
        ),
        (
            "sale_completed_gift_back",
            Record::SaleCompleted { sale: Box::new(without(kept(-1_000, -500, -58), 0, 500)) },
        ),
        ("return_begun_gift", Record::ReturnBegun { past: Box::new(past) }),
    ]
}
