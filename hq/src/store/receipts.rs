//! Sales by what a customer without a receipt can say: who bought, which card paid, how much on which day.

use chrono::NaiveDate;
use domain::tender::CardEnd;
use protocol::event::{Event, Origin};

use super::documents::SaleOf;
use super::engine::{Column, Target, Value};
use super::{Reading, StoreError, Writing, signed, values};

const KEYS: Target = Target {
    table: "sale_key",
    same: &["store", "lane", "epoch"],
    columns: &["seq", "key", "business_date", "at_ms"],
    conflict: "",
    tells_new: false,
};

/// By what sales are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaleKey<'a> {
    /// By the id of who bought, as the sale names them.
    Member(&'a str),
    /// By the last four digits of the card that paid.
    Card(&'a str),
}

impl SaleKey<'_> {
    /// As it stands in tables.
    pub fn text(self) -> String {
        match self {
            Self::Member(id) => format!("member/{id}"),
            Self::Card(digits) => format!("card/{digits}"),
        }
    }
}

/// A sale that was found, and when it was made by its lane's clock, milliseconds UTC.
pub type FoundSale = (Origin, i64);

impl Writing<'_> {
    /// Adds by what sales are found. Who only gave goods back is not looked for.
    pub(super) fn add_sale_keys(
        &self,
        same: &[Value<'_>],
        sales: &[SaleOf<'_>],
        seqs: &[i64],
    ) -> Result<(), StoreError> {
        let (mut at, mut keys, mut dates, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for ((event, sale), seq) in sales.iter().zip(seqs) {
            for key in keys_of(sale) {
                at.push(*seq);
                keys.push(key);
                dates.push(event.business_date.to_string());
                times.push(event.at_ms);
            }
        }
        if at.is_empty() {
            return Ok(());
        }
        self.insert(
            &KEYS,
            same,
            &[
                Column::Ints(at),
                Column::Texts(keys.iter().map(String::as_str).collect()),
                Column::Texts(dates.iter().map(String::as_str).collect()),
                Column::Ints(times),
            ],
        )?;
        Ok(())
    }
}

impl Writing<'_> {
    /// A sale is found by whoever was named as its buyer after the payment; once, by the first of them.
    pub fn add_buyer_key(
        &self,
        key: super::JournalKey<'_>,
        sale: &Event,
        member: &str,
    ) -> Result<(), StoreError> {
        let (seq, date, member) =
            (signed(sale.seq)?, sale.business_date.to_string(), SaleKey::Member(member).text());
        self.execute(
            "INSERT INTO sale_key (store, lane, epoch, seq, key, business_date, at_ms)
             SELECT CAST(?1 AS TEXT), CAST(?2 AS BIGINT), CAST(?3 AS BIGINT), CAST(?4 AS BIGINT),
                 CAST(?5 AS TEXT), CAST(?6 AS TEXT), CAST(?7 AS BIGINT)
             WHERE NOT EXISTS (SELECT 1 FROM sale_key WHERE store = ?1 AND lane = ?2 AND epoch = ?3 AND seq = ?4
                 AND key LIKE 'member/%')",
            values![
                key.store,
                key.lane,
                key.epoch,
                seq,
                member.as_str(),
                date.as_str(),
                sale.at_ms
            ],
        )?;
        Ok(())
    }
}

/// By what a document is found, each once.
pub(crate) fn keys_of(sale: &protocol::event::Sale) -> Vec<String> {
    if sale.lines.is_empty() {
        return Vec::new();
    }
    let member = sale.buyer.iter().map(|buyer| SaleKey::Member(&buyer.member).text());
    let paid = sale.tenders.iter().filter(|tender| tender.amount > 0 && CardEnd::parse(&tender.card).is_ok());
    let mut keys: Vec<String> = member.chain(paid.map(|tender| SaleKey::Card(&tender.card).text())).collect();
    keys.sort();
    keys.dedup();
    keys
}

impl Reading<'_> {
    /// The newest sales with a key, of business dates from the first to the last, at most `limit`.
    pub fn sales_with(
        &self,
        key: SaleKey<'_>,
        (from, to): (NaiveDate, NaiveDate),
        limit: u32,
    ) -> Result<Vec<FoundSale>, StoreError> {
        let (key, from, to) = (key.text(), from.to_string(), to.to_string());
        self.all(
            "SELECT store, lane, epoch, seq, at_ms FROM sale_key
             WHERE key = ?1 AND business_date >= ?2 AND business_date <= ?3
             ORDER BY business_date DESC, at_ms DESC, store, lane, epoch DESC, seq DESC LIMIT ?4",
            values![key.as_str(), from.as_str(), to.as_str(), limit],
            |row| {
                let origin = Origin {
                    store: row.text(0)?,
                    lane: row.small(1)?,
                    epoch: row.small(2)?,
                    seq: row.count(3)?,
                };
                Ok((origin, row.int(4)?))
            },
        )
    }

    /// Who bought in a store on a business date, by the ids that its sales name, after one of them, at most `limit`.
    pub fn members_of_day(
        &self,
        store: &str,
        day: NaiveDate,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let (day, after) = (day.to_string(), SaleKey::Member(after).text());
        self.all(
            "SELECT DISTINCT k.key FROM sale s JOIN sale_key k
             ON k.store = s.store AND k.lane = s.lane AND k.epoch = s.epoch AND k.seq = s.seq
             WHERE s.store = ?1 AND s.business_date = ?2 AND k.key > ?3 AND k.key LIKE 'member/%'
             ORDER BY k.key LIMIT ?4",
            values![store, day.as_str(), after.as_str(), limit],
            |row| {
                let key = row.text(0)?;
                Ok(key.strip_prefix("member/").unwrap_or(&key).to_owned())
            },
        )
    }

    /// The newest sales of a store's business date to which so much was to be paid, or was paid by one means, minor
    /// units, at most `limit`.
    pub fn sales_of_amount(
        &self,
        store: &str,
        day: NaiveDate,
        amount: i64,
        limit: u32,
    ) -> Result<Vec<FoundSale>, StoreError> {
        let day = day.to_string();
        self.all(
            "SELECT s.lane, s.epoch, s.seq, s.at_ms FROM sale s
             WHERE s.store = ?1 AND s.business_date = ?2 AND (s.payable = ?3 OR EXISTS (
                 SELECT 1 FROM sale_tender t WHERE t.store = s.store AND t.lane = s.lane AND t.epoch = s.epoch
                     AND t.seq = s.seq AND t.amount = ?3))
             ORDER BY s.at_ms DESC, s.lane, s.epoch DESC, s.seq DESC LIMIT ?4",
            values![store, day.as_str(), amount, limit],
            |row| {
                let origin = Origin {
                    store: store.to_owned(),
                    lane: row.small(0)?,
                    epoch: row.small(1)?,
                    seq: row.count(2)?,
                };
                Ok((origin, row.int(3)?))
            },
        )
    }

    /// The codes that lead to a member and begin with a prefix, at most `limit`.
    pub fn codes_of_member(&self, member: &str, prefix: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let like = format!("{prefix}%");
        self.all(
            "SELECT code FROM member_code WHERE member = ?1 AND code LIKE ?2 ORDER BY code LIMIT ?3",
            values![member, like.as_str(), limit],
            |row| row.text(0),
        )
    }

    /// A filed event's bytes.
    pub fn event_bytes(&self, origin: &Origin) -> Result<Option<Vec<u8>>, StoreError> {
        let key = super::JournalKey { store: &origin.store, lane: origin.lane, epoch: origin.epoch };
        let Some(before) = origin.seq.checked_sub(1) else { return Ok(None) };
        signed(origin.seq)?;
        let found = self.events_after(key, before, 1)?;
        Ok(found.into_iter().find(|(seq, _)| *seq == origin.seq).map(|(_, bytes)| bytes))
    }
}
