//! Promotions of which there are so many, what a cut search leaves open, and coupons that come back.

use super::*;
use domain::quota::{CountedFor, Counts, Given, QuotaHeard, QuotaUse};

pub(super) fn used(member: &str, line: u32, units: u32) -> QuotaUse {
    QuotaUse { promotion: "flash".into(), member: member.into(), day: day(), line, units, off: Money::ZERO }
}

pub(super) fn counted(member: &str, units: i64, off: i64) -> (CountedFor, Given) {
    (CountedFor { day: day(), promotion: "flash".into(), member: member.into() }, Given { units, off })
}

pub(super) fn records() -> Vec<(&'static str, Record)> {
    let sold =
        Sale { uses: vec![used("m1", 1, 2), used("", 0, 1)], price_gap: money(3), engine: 1, ..sale() };
    let back = Sale {
        lines: Vec::new(),
        returns: vec![ReturnedLine { amount: money(590), tax: money(0), ..beer_back() }],
        total: money(-590),
        rounding: money(0),
        payable: money(-590),
        tenders: vec![Tender::Cash(money(-590))],
        change: money(0),
        taxes: vec![TaxSummary { rate: rate(1_300), net: money(-590), tax: money(0) }],
        uses_back: vec![used("m1", 1, 1)],
        coupons_back: vec!["CSPRING26K".into()],
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
        uses: vec![used("m1", 1, 2)],
        borne: Vec::new(),
        coupons: vec!["CSPRING26K".into()],
    };
    let dated = traced_beer();
    let trace = Trace { best_before: NaiveDate::from_ymd_opt(2026, 3, 31), ..dated.trace.clone() };
    let best_before = Line { trace, ..dated };
    let heard = QuotaHeard {
        promotion: "flash".into(),
        member: "m1".into(),
        day: day(),
        elsewhere: Counts { member: 1, store: -1, chain: 700, chain_today: 40, ..Counts::default() },
        here: Counts { member: 2, member_today: 2, store: 2, store_today: 2, chain: 2, chain_today: 2 },
        off_elsewhere: Counts::default(),
        off_here: Counts::default(),
    };
    let unknown = QuotaHeard { member: String::new(), here: Counts::default(), ..heard.clone() };
    let opened = Record::ShiftOpened {
        number: 12,
        business_date: day(),
        staff: "e1".into(),
        float: Money::ZERO,
        carried: Box::new(Carried {
            quota_counts: QuotaCounts::of([counted("m1", 2, 0), counted("", -1, 0)]),
            ..carried()
        }),
    };
    vec![
        ("sale_completed_quota", Record::SaleCompleted { sale: Box::new(sold) }),
        ("sale_completed_quota_back", Record::SaleCompleted { sale: Box::new(back) }),
        ("return_begun_quota", Record::ReturnBegun { past: Box::new(past) }),
        ("quotas_heard", Record::QuotasHeard { heard: vec![heard] }),
        ("quotas_heard_of_nobody", Record::QuotasHeard { heard: vec![unknown] }),
        ("shift_opened_quota", opened),
        ("line_added_best_before", Record::LineAdded { line: best_before }),
    ]
}
