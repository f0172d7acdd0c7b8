//! What was given of promotions with quotas, by lane, day and member.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use protocol::event::{Counts, QuotaHeard, QuotaUse, Sale};

use super::engine::{Column, Target};
use super::{JournalKey, Reading, StoreError, Writing, values};

const USES: Target = Target {
    table: "promotion_use",
    same: &["store", "lane"],
    columns: &["promotion", "member", "day", "units", "taken_off"],
    conflict: "ON CONFLICT (promotion, member, day, store, lane) DO UPDATE SET
        units = promotion_use.units + excluded.units,
        taken_off = promotion_use.taken_off + excluded.taken_off",
    tells_new: false,
};

/// Which promotion is asked about, by whom.
#[derive(Debug, Clone, Copy)]
pub struct QuotaAsked<'a> {
    /// HQ's id of the promotion.
    pub promotion: &'a str,
    /// The ids that the member who buys is known by; none for nobody.
    pub members: &'a [String],
    /// The business date of the lane.
    pub day: NaiveDate,
    /// The store of the lane that asks.
    pub store: &'a str,
    /// The lane's number.
    pub lane: u32,
}

impl Writing<'_> {
    /// Adds what a lane's documents used, and takes off what came back with them.
    pub fn add_quota_uses(&self, key: JournalKey<'_>, sales: &[&Sale]) -> Result<(), StoreError> {
        let mut moved: BTreeMap<(&str, &str, NaiveDate), [i64; 2]> = BTreeMap::new();
        for sale in sales {
            let used = sale.uses.iter().map(|used| (used, 1));
            for (used, sign) in used.chain(sale.uses_back.iter().map(|back| (back, -1))) {
                let QuotaUse { promotion, member, day, line: _, units, off } = used;
                // Whoever bought counts for everybody; a member for themselves too.
                let of_whom = ["", member.as_str()];
                for member in &of_whom[..if member.is_empty() { 1 } else { 2 }] {
                    let sums = moved.entry((promotion.as_str(), member, *day)).or_default();
                    for (sum, of) in sums.iter_mut().zip([i64::from(*units), *off]) {
                        *sum = sum.saturating_add(of.saturating_mul(sign));
                    }
                }
            }
        }
        if moved.is_empty() {
            return Ok(());
        }
        let days: Vec<String> = moved.keys().map(|(.., day)| day.to_string()).collect();
        self.insert(
            &USES,
            values![key.store, key.lane],
            &[
                Column::Texts(moved.keys().map(|(promotion, ..)| *promotion).collect()),
                Column::Texts(moved.keys().map(|(_, member, _)| *member).collect()),
                Column::Texts(days.iter().map(String::as_str).collect()),
                Column::Ints(moved.values().map(|[units, _]| *units).collect()),
                Column::Ints(moved.values().map(|[_, off]| *off).collect()),
            ],
        )?;
        Ok(())
    }
}

impl Reading<'_> {
    /// What was given of a promotion, as far as it is filed: by the lane that
    /// asks, and by all others.
    pub fn quota_used(&self, asked: &QuotaAsked<'_>) -> Result<QuotaHeard, StoreError> {
        let day = asked.day.to_string();
        let mut heard = QuotaHeard {
            promotion: asked.promotion.to_owned(),
            member: asked.members.first().cloned().unwrap_or_default(),
            day: asked.day,
            elsewhere: Counts::default(),
            here: Counts::default(),
            off_elsewhere: Counts::default(),
            off_here: Counts::default(),
        };
        let nobody = String::new();
        for member in asked.members.iter().chain([&nobody]) {
            let rows = self.all(
                "SELECT CAST(CASE WHEN store = ?3 THEN 1 ELSE 0 END AS BIGINT),
                 CAST(CASE WHEN store = ?3 AND lane = ?4 THEN 1 ELSE 0 END AS BIGINT),
                 CAST(CASE WHEN day = ?5 THEN 1 ELSE 0 END AS BIGINT),
                 CAST(sum(units) AS BIGINT), CAST(sum(taken_off) AS BIGINT)
                 FROM promotion_use WHERE promotion = ?1 AND member = ?2 GROUP BY 1, 2, 3",
                values![asked.promotion, member, asked.store, asked.lane, &day],
                |row| {
                    let place = [row.int(0)? == 1, row.int(1)? == 1, row.int(2)? == 1];
                    Ok((place, row.int(3)?, row.int(4)?))
                },
            )?;
            for ([in_store, by_lane, today], units, off) in rows {
                let both = match by_lane {
                    true => [(&mut heard.here, units), (&mut heard.off_here, off)],
                    false => [(&mut heard.elsewhere, units), (&mut heard.off_elsewhere, off)],
                };
                for (counts, given) in both {
                    let add = |all: &mut i64, on_the_day: &mut i64| {
                        *all = all.saturating_add(given);
                        *on_the_day = on_the_day.saturating_add(if today { given } else { 0 });
                    };
                    if !member.is_empty() {
                        add(&mut counts.member, &mut counts.member_today);
                        continue;
                    }
                    add(&mut counts.chain, &mut counts.chain_today);
                    if in_store {
                        add(&mut counts.store, &mut counts.store_today);
                    }
                }
            }
        }
        Ok(heard)
    }
}
