//! Receipts that are looked for without the paper, among the copies of the store's journals.

use std::cmp::Reverse;

use protocol::ask::{Answer, Knows, RECEIPTS_TOLD_MAX, ReceiptShown, Sought};
use protocol::event::{self, Buyer, Event, Fact, Origin, Sale};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Book, BookError, receipt};
use crate::books::keeper;
use crate::store::keys_of;

/// By what documents are found, with their business date.
pub(super) const SCHEMA: &str = "
    CREATE TABLE document_key (
        key TEXT NOT NULL,
        day TEXT NOT NULL,
        document INTEGER NOT NULL REFERENCES document (number) ON DELETE CASCADE,
        PRIMARY KEY (key, day, document)
    ) WITHOUT ROWID;
    CREATE INDEX document_key_document ON document_key (document);
";

/// The most documents that are looked at for one question.
const LOOKED_AT_MAX: u32 = 400;

/// The most different amounts by which one document is found.
const AMOUNTS_MAX: usize = 8;

/// Notes by what a document will be looked for.
pub(super) fn keep(
    writing: &Transaction<'_>,
    number: i64,
    event: &Event,
    sale: &Sale,
) -> Result<(), BookError> {
    let mut keys = keys_of(sale);
    if !sale.lines.is_empty() {
        let paid = sale.tenders.iter().map(|tender| tender.amount).take(AMOUNTS_MAX);
        keys.extend(std::iter::once(sale.payable).chain(paid).filter(|amount| *amount > 0).map(amount_key));
    }
    for key in keys {
        writing.execute(
            "INSERT INTO document_key (key, day, document) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![key, event.business_date.to_string(), number],
        )?;
    }
    Ok(())
}

/// By what it is found who was named as the buyer of a sale.
fn named_key(sale: &Origin) -> String {
    format!("buyer_named/{}/{}/{}", sale.lane, sale.epoch, sale.seq)
}

/// The number of a sale that has no buyer yet, and its business date; `None` where it is not here, or has one.
pub(super) fn to_be_named(
    reading: &Connection,
    sale: &Origin,
) -> Result<Option<((i64, Origin), String)>, BookError> {
    let found: Option<(i64, Vec<u8>)> = reading
        .query_row(
            "SELECT number, body FROM document WHERE lane = ?1 AND epoch = ?2 AND seq = ?3",
            params![sale.lane, sale.epoch, sale.seq],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((number, body)) = found else { return Ok(None) };
    let Ok(Event { fact: Fact::SaleCompleted { sale: document }, business_date, .. }) = event::decode(&body)
    else {
        return Ok(None);
    };
    let has_buyer = document.buyer.is_some() || named_for(reading, sale)?.is_some();
    Ok((!has_buyer).then(|| ((number, sale.clone()), business_date.to_string())))
}

/// A buyer was named for a sale: from now on it is found by them.
pub(super) fn name(
    writing: &Transaction<'_>,
    (number, sale): &(i64, Origin),
    day: &str,
    named: i64,
    member: &str,
) -> Result<(), BookError> {
    let keys = [(named_key(sale), named), (crate::store::SaleKey::Member(member).text(), *number)];
    for (key, document) in keys {
        writing.execute(
            "INSERT INTO document_key (key, day, document) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![key, day, document],
        )?;
    }
    Ok(())
}

/// Who was named as the buyer of a sale after its payment.
pub(super) fn named_for(reading: &Connection, sale: &Origin) -> Result<Option<Buyer>, BookError> {
    let body: Option<Vec<u8>> = reading
        .prepare_cached(
            "SELECT body FROM document_key JOIN document ON number = document WHERE key = ?1
             ORDER BY document LIMIT 1",
        )?
        .query_row([named_key(sale)], |row| row.get(0))
        .optional()?;
    Ok(body.and_then(|body| {
        let Ok(Event { fact: Fact::BuyerNamed { buyer, .. }, .. }) = event::decode(&body) else {
            return None;
        };
        Some(buyer)
    }))
}

fn amount_key(amount: i64) -> String {
    format!("amount/{amount}")
}

impl Book {
    /// The receipts that a lane looks for, as far as the store's own journals say; `None` where nobody here knows who
    /// is meant.
    pub fn receipts(&self, sought: &Sought, goods: &[String]) -> Result<Option<Answer>, BookError> {
        let (key, day, amount) = match sought {
            // Whose a card or a telephone is, only HQ and the lane know.
            Sought::Member { code } => (crate::store::SaleKey::Member(code).text(), None, None),
            Sought::Payment { card, day, amount } => match (card.as_str(), amount) {
                ("", None) => return Ok(None),
                ("", Some(amount)) => (amount_key(*amount), Some(day.to_string()), None),
                (card, amount) => (crate::store::SaleKey::Card(card).text(), Some(day.to_string()), *amount),
            },
        };
        let connection = self.connection();
        let found = found(&connection, self.store(), &key, day.as_deref())?;
        let mut more = found.len() >= usize::try_from(LOOKED_AT_MAX).unwrap_or(usize::MAX);
        let mut receipts = Vec::new();
        for (origin, at_ms) in found {
            let Some((sale, later)) = receipt(&connection, &origin)? else { continue };
            if !keeper::is_sought(&sale, amount, goods) {
                continue;
            }
            if receipts.len() == RECEIPTS_TOLD_MAX {
                more = true;
                break;
            }
            receipts.extend(keeper::shown(origin, at_ms, &sale, &later));
        }
        Ok(Some(Answer::Receipts { member: None, receipts, more, knows: Knows::Store }))
    }

    /// Adds to the receipts that HQ told those of this store that it has not heard of, and what came back here.
    pub fn settle_receipts(
        &self,
        sought: &Sought,
        goods: &[String],
        said: Answer,
    ) -> Result<Answer, BookError> {
        let Answer::Receipts { member, mut receipts, mut more, knows } = said else { return Ok(said) };
        let own = match (&member, sought) {
            (Some(member), Sought::Member { .. }) => Sought::Member { code: member.id.clone() },
            _ => sought.clone(),
        };
        if let Some(Answer::Receipts { receipts: here, more: more_here, .. }) = self.receipts(&own, goods)? {
            more |= more_here;
            merge(&mut receipts, here);
        }
        more |= receipts.len() > RECEIPTS_TOLD_MAX;
        receipts.truncate(RECEIPTS_TOLD_MAX);
        Ok(Answer::Receipts { member, receipts, more, knows })
    }
}

/// One list of two: of each receipt the less that somebody knows to be left, the newest first.
fn merge(receipts: &mut Vec<ReceiptShown>, others: Vec<ReceiptShown>) {
    for other in others {
        match receipts.iter_mut().find(|known| known.origin == other.origin) {
            Some(known) => known.left = known.left.min(other.left),
            None => receipts.push(other),
        }
    }
    receipts.sort_by_key(|receipt| Reverse(receipt.at_ms));
}

/// The newest documents with a key.
fn found(
    reading: &Connection,
    store: &str,
    key: &str,
    day: Option<&str>,
) -> Result<Vec<(Origin, i64)>, BookError> {
    let mut select = reading.prepare_cached(
        "SELECT lane, epoch, seq, body FROM document_key JOIN document ON number = document
         WHERE key = ?1 AND (?2 IS NULL OR day = ?2) ORDER BY day DESC, document DESC LIMIT ?3",
    )?;
    let rows = select.query_map(params![key, day, LOOKED_AT_MAX], |row| {
        let origin =
            Origin { store: store.to_owned(), lane: row.get(0)?, epoch: row.get(1)?, seq: row.get(2)? };
        Ok((origin, row.get::<_, Vec<u8>>(3)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (origin, body) = row?;
        let event =
            event::decode(&body).ok().filter(|event| matches!(event.fact, Fact::SaleCompleted { .. }));
        found.extend(event.map(|event| (origin, event.at_ms)));
    }
    found.sort_by_key(|(_, at_ms)| Reverse(*at_ms));
    Ok(found)
}
