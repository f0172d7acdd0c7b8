//! What sellers earn: the chain's rules, and a row for each line that somebody
//! is credited for.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::engine::{Column, Target};
use super::{JournalKey, Reading, SalesRange, StoreError, Writing, signed, values};

const COMMISSIONS: Target = Target {
    table: "commission",
    same: &["store", "lane", "epoch"],
    columns: &[
        "seq",
        "position",
        "seller",
        "business_date",
        "currency",
        "sku",
        "net",
        "rule",
        "amount",
        "of_document",
        "of_line",
    ],
    conflict: "",
    tells_new: false,
};

/// What somebody is credited for one line, or what of it was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommissionRow {
    /// The number of the document that says so: the row's source.
    pub seq: u64,
    /// The row's place among those of the document.
    pub position: i64,
    /// HQ's id of the seller.
    pub seller: String,
    /// The business date of the document.
    pub day: NaiveDate,
    /// ISO 4217 code of its amounts.
    pub currency: String,
    /// The item.
    pub sku: String,
    /// What was paid for the goods, minor units; below nothing for goods that
    /// came back.
    pub net: i64,
    /// The rule that counted; empty where none did.
    pub rule: String,
    /// What is earned, minor units; below nothing for what is taken back.
    pub amount: i64,
    /// The sale that earned it, which a row below nothing reverses.
    pub of_document: String,
    /// The line of that sale.
    pub of_line: u32,
}

/// What a seller is credited for on one day in one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommissionOfDay {
    /// HQ's id of the seller.
    pub seller: String,
    /// The business date.
    pub day: String,
    /// The store's code.
    pub store: String,
    /// ISO 4217 code of the amounts.
    pub currency: String,
    /// Rows: lines that were sold, and lines that came back.
    pub entries: u64,
    /// What was paid for the goods, less what came back, minor units.
    pub net: i64,
    /// What is earned, minor units.
    pub amount: i64,
}

/// One entry of a seller's balance, with what it follows from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommissionEntry {
    /// The business date.
    pub day: String,
    /// The document that says so: store, lane, epoch and number.
    pub source: String,
    /// The item.
    pub sku: String,
    /// What was paid for the goods, minor units.
    pub net: i64,
    /// The rule that counted; empty where none did.
    pub rule: String,
    /// What is earned or taken back, minor units.
    pub amount: i64,
    /// The sale that earned it.
    pub of_document: String,
    /// The line of that sale.
    pub of_line: u32,
}

impl Reading<'_> {
    /// The rules by id, as they were imported.
    pub fn commission_rules(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = self.all("SELECT id, body FROM commission_rule ORDER BY id", &[], |row| {
            Ok((row.text(0)?, row.text(1)?))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// The last business date that anything was credited for.
    pub fn commission_until(&self) -> Result<Option<String>, StoreError> {
        let last = self.one("SELECT max(business_date) FROM commission", &[], |row| row.text_or_none(0))?;
        Ok(last.flatten())
    }

    /// What rows took back already of what one line of a sale earned, minor
    /// units: nothing or below.
    pub fn commission_taken_back(&self, of_document: &str, of_line: u32) -> Result<i64, StoreError> {
        self.number(
            "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM commission
             WHERE of_document = ?1 AND of_line = ?2 AND amount < 0",
            values![of_document, of_line],
        )
    }

    /// The sums by seller, day, store and currency, in that order.
    pub fn commission_of_days(
        &self,
        range: &SalesRange,
        seller: Option<&str>,
    ) -> Result<Vec<CommissionOfDay>, StoreError> {
        let [from, to] = [range.from, range.to].map(|date| date.map(|date| date.to_string()));
        self.all(
            "SELECT seller, business_date, store, currency, count(*), CAST(sum(net) AS BIGINT),
             CAST(sum(amount) AS BIGINT) FROM commission
             WHERE (CAST(?1 AS TEXT) IS NULL OR seller = ?1) AND (CAST(?2 AS TEXT) IS NULL OR store = ?2)
               AND (CAST(?3 AS TEXT) IS NULL OR business_date >= ?3)
               AND (CAST(?4 AS TEXT) IS NULL OR business_date <= ?4)
               AND (CAST(?5 AS BIGINT) IS NULL OR lane = ?5)
             GROUP BY seller, business_date, store, currency
             ORDER BY seller, business_date, store, currency",
            values![seller, range.store.as_deref(), from.as_deref(), to.as_deref(), range.lane],
            |row| {
                Ok(CommissionOfDay {
                    seller: row.text(0)?,
                    day: row.text(1)?,
                    store: row.text(2)?,
                    currency: row.text(3)?,
                    entries: row.count(4)?,
                    net: row.int(5)?,
                    amount: row.int(6)?,
                })
            },
        )
    }

    /// The entries of a seller's balance, the newest first, at most `limit`.
    pub fn commission_entries(&self, seller: &str, limit: u32) -> Result<Vec<CommissionEntry>, StoreError> {
        self.all(
            "SELECT business_date, store, lane, epoch, seq, sku, net, rule, amount, of_document, of_line
             FROM commission WHERE seller = ?1
             ORDER BY business_date DESC, store, lane, epoch DESC, seq DESC, position LIMIT ?2",
            values![seller, limit],
            |row| {
                Ok(CommissionEntry {
                    day: row.text(0)?,
                    source: format!("{}/{}-{}-{}", row.text(1)?, row.int(2)?, row.int(3)?, row.int(4)?),
                    sku: row.text(5)?,
                    net: row.int(6)?,
                    rule: row.text(7)?,
                    amount: row.int(8)?,
                    of_document: row.text(9)?,
                    of_line: row.small(10)?,
                })
            },
        )
    }
}

impl Writing<'_> {
    /// Puts a rule; says whether it is new or differs.
    pub fn put_commission_rule(&self, id: &str, body: &str) -> Result<bool, StoreError> {
        let before =
            self.one("SELECT body FROM commission_rule WHERE id = ?1", values![id], |row| row.text(0))?;
        if before.as_deref() == Some(body) {
            return Ok(false);
        }
        self.execute(
            "INSERT INTO commission_rule (id, body) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            values![id, body],
        )?;
        Ok(true)
    }

    /// Adds what documents of a journal credit to sellers.
    pub fn add_commissions(&self, key: JournalKey<'_>, rows: &[CommissionRow]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let seqs = rows.iter().map(|row| signed(row.seq)).collect::<Result<Vec<_>, _>>()?;
        let days: Vec<String> = rows.iter().map(|row| row.day.to_string()).collect();
        self.insert(
            &COMMISSIONS,
            values![key.store, key.lane, key.epoch],
            &[
                Column::Ints(seqs),
                Column::Ints(rows.iter().map(|row| row.position).collect()),
                Column::Texts(rows.iter().map(|row| row.seller.as_str()).collect()),
                Column::Texts(days.iter().map(String::as_str).collect()),
                Column::Texts(rows.iter().map(|row| row.currency.as_str()).collect()),
                Column::Texts(rows.iter().map(|row| row.sku.as_str()).collect()),
                Column::Ints(rows.iter().map(|row| row.net).collect()),
                Column::Texts(rows.iter().map(|row| row.rule.as_str()).collect()),
                Column::Ints(rows.iter().map(|row| row.amount).collect()),
                Column::Texts(rows.iter().map(|row| row.of_document.as_str()).collect()),
                Column::Ints(rows.iter().map(|row| i64::from(row.of_line)).collect()),
            ],
        )?;
        Ok(())
    }
}
