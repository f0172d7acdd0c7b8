//! Promotions that somebody bears, and of which there is so much money.

use super::quota::{counted, used};
use super::*;
use domain::bearer::{Bearer, Borne, CostShare};
use domain::quota::{Counts, QuotaHeard, QuotaUse};

/// What is taken off, of which a supplier bears a third.
fn borne(off: i64) -> Vec<Borne> {
    let share = |bearer, basis_points| CostShare { bearer, basis_points };
    let supplier = Bearer::Supplier("T1".into());
    let shares = vec![share(supplier, 3_333), share(Bearer::Chain, 6_666), share(Bearer::Store, 1)];
    vec![Borne { promotion: "flash".into(), line: 1, off: money(off), shares }]
}

fn budget(units: u32, off: i64) -> Vec<QuotaUse> {
    vec![QuotaUse { off: money(off), ..used("", 1, units) }]
}

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let sold = Sale { uses: budget(1, 200), borne: borne(200), ..sale() };
    let back = Sale {
        lines: Vec::new(),
        returns: vec![ReturnedLine { amount: money(590), tax: money(0), ..beer_back() }],
        total: money(-590),
        rounding: money(0),
        payable: money(-590),
        tenders: vec![Tender::Cash(money(-590))],
        change: money(0),
        taxes: vec![TaxSummary { rate: rate(1_300), net: money(-590), tax: money(0) }],
        uses_back: budget(0, 100),
        borne_back: borne(100),
        ..sale()
    };
    let past = PastSale {
        origin: origin(),
        currency: "CNY".into(),
        lines: vec![PastLine { line: beer(), tax: money(136), returned: 0, kept: Withheld::default() }],
        left: money(1_180),
        tenders: vec![Tender::Cash(money(1_180))],
        points: None,
        gifts: Vec::new(),
        uses: budget(1, 200),
        borne: borne(200),
        coupons: Vec::new(),
    };
    let heard = QuotaHeard {
        promotion: "flash".into(),
        member: String::new(),
        day: day(),
        elsewhere: Counts::default(),
        here: Counts::default(),
        off_elsewhere: Counts { chain: 70_000, chain_today: 400, ..Counts::default() },
        off_here: Counts { store: -200, ..Counts::default() },
    };
    let opened = Record::ShiftOpened {
        number: 12,
        business_date: day(),
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(Carried { quota_counts: QuotaCounts::of([counted("", 1, 200)]), ..carried() }),
    };
    vec![
        ("sale_completed_borne", Record::SaleCompleted { sale: Box::new(sold) }),
        ("sale_completed_borne_back", Record::SaleCompleted { sale: Box::new(back) }),
        ("return_begun_borne", Record::ReturnBegun { past: Box::new(past) }),
        ("quotas_heard_of_money", Record::QuotasHeard { heard: vec![heard] }),
        ("shift_opened_budget", opened),
    ]
}
