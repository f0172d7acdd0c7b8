//! How often a kiosk called somebody, and how often for nothing: printed for whoever sets its tolerances and limits.

use std::fmt::Write;

use anyhow::Context;
use chrono::NaiveDate;
use domain::till::kiosk::Cause;
use domain::till::kiosk::tuning::{CallCounts, Tally};
use protocol::event;

use crate::config::Paths;

/// So many events are read at one time.
const EVENTS_READ: usize = 1_000;

/// So many bytes of them at most.
const BYTES_READ: usize = 4 << 20;

/// What stands before the calls of one kind.
const fn name(cause: Cause) -> &'static str {
    match cause {
        Cause::Age => "age / 年龄",
        Cause::Removal => "taking out / 取出",
        Cause::Pieces => "pieces / 件数",
        Cause::Total => "amount / 金额",
        Cause::Payment => "payment / 付款",
        Cause::NotBagged => "not bagged / 没装袋",
        Cause::WrongWeight => "wrong weight / 重量不符",
        Cause::Unexpected => "unexpected item / 多了东西",
        Cause::TakenOff => "taken off / 少了东西",
        Cause::Audit => "spot check / 抽查",
        Cause::Cash => "cash / 现金",
        Cause::Help => "help / 求助",
        Cause::PriceQuery => "price query / 价格疑问",
        Cause::CouponQuery => "coupon query / 优惠券疑问",
    }
}

/// Counts what the journal of the present epoch says of the business days between two, both included, and writes it down.
///
/// # Errors
/// The journal cannot be read.
pub fn interventions(
    paths: &Paths,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> anyhow::Result<(String, bool)> {
    let reader = super::open(paths)?;
    let (mut tally, mut after) = (Tally::default(), 0);
    loop {
        let entries = reader.entries_after(after, EVENTS_READ, BYTES_READ)?;
        let Some(last) = entries.last() else { break };
        after = last.seq;
        for entry in &entries {
            let event = event::decode(&entry.bytes).with_context(|| format!("read event {}", entry.seq))?;
            let day = event.business_date;
            if from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to) {
                let record = event.record().with_context(|| format!("read event {}", entry.seq))?;
                tally.count(&record);
            }
        }
    }
    Ok((words(&tally), tally.wrong_draws == 0))
}

fn words(tally: &Tally) -> String {
    let mut out = String::new();
    let in_hundred = |count: u64| {
        let tenths = tally.tenths_in_hundred(count);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let _ = writeln!(out, "{} baskets were paid / 已付 {} 单", tally.baskets, tally.baskets);
    let heads = ["called", "per 100", "right", "passed", "false", "gone"];
    let head: String = heads.iter().map(|head| format!("{head:>9}")).collect();
    let _ = writeln!(out, "{head}  why / 原因");
    let mut row = |counts: CallCounts, name: &str| {
        let CallCounts { called, passed, refused, false_alarms, gone } = counts;
        let _ = writeln!(
            out,
            "{called:>9}{:>9}{refused:>9}{passed:>9}{false_alarms:>9}{gone:>9}  {name}",
            in_hundred(called)
        );
    };
    for (cause, counts) in &tally.calls {
        row(*counts, name(*cause));
    }
    row(tally.all(), "all / 合计");
    let Tally { drawn, due, wrong_draws, audited, audited_wrong, missed, weighed, .. } = tally;
    let _ = writeln!(
        out,
        "spot checks / 抽查: {drawn} draws, {due} due, {audited} done, {audited_wrong} with errors, {missed} pieces not rung up"
    );
    let _ = writeln!(out, "weights learned / 学到的重量: {weighed}");
    if *wrong_draws > 0 {
        let _ = writeln!(
            out,
            "{wrong_draws} DRAWS DO NOT FOLLOW FROM THEIR NUMBER: somebody changed the program or the journal / 有抽查不是按随机数定的"
        );
    }
    out
}
