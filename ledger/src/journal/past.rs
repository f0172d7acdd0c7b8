//! Looking back into a journal: a past sale with what came back of it, the documents of a day, the last ones.

use chrono::NaiveDate;
use domain::record::Record;
use domain::sale::SaleBuyer;
use domain::till::kiosk::{KioskRecord, Weighing};
use protocol::event::{self, Event, Fact};
use rusqlite::{OptionalExtension, params};

use super::{Journal, ReadJournalError, Stored, kind, reading, understand};

/// The most events of one day that are looked at: more than a lane sells in one.
pub const DAY_EVENTS_MAX: usize = 100_000;

/// The most events that are looked through for weights: what a busy kiosk does in some weeks.
pub const WEIGHED_EVENTS_MAX: usize = 200_000;

/// The most documents that are looked through for some of them: what a busy lane sells in some weeks.
pub const SOUGHT_DOCUMENTS_MAX: usize = 30_000;

/// Documents that were looked for.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Those that have it, newest first, with their epochs.
    pub found: Vec<(u32, Stored)>,
    /// Documents with goods that came back, oldest first, of whatever sale.
    pub later: Vec<Stored>,
}

/// A past sale, and every later document that may have taken some of it back.
#[derive(Debug, Clone)]
pub struct Past {
    /// The sale.
    pub sale: Stored,
    /// Documents with goods that came back, from then on, of whatever sale.
    pub later: Vec<Stored>,
}

impl Journal {
    /// A sale of this file by its epoch and number, with whoever was named as its buyer and what came back since; `None` where there is none, or where it
    /// lies in an archive.
    pub fn past_sale(&self, epoch: u32, seq: u64) -> Result<Option<Past>, ReadJournalError> {
        let body: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT body FROM event WHERE epoch = ?1 AND seq = ?2")?
            .query_row(params![epoch, seq], |row| row.get(0))
            .optional()?;
        let Some(body) = body else { return Ok(None) };
        let mut sale = understand(seq, &body)?.1;
        let Record::SaleCompleted { sale: document } = sale.record else { return Ok(None) };
        let bought = document.bought_by(self.named_after(epoch, seq)?);
        sale.record = Record::SaleCompleted { sale: Box::new(bought) };
        // What came back stands in the document as an origin; few documents have one.
        let mut select = self.connection.prepare_cached(
            "SELECT seq, body FROM event
             WHERE (epoch, seq) > (?1, ?2) AND kind = ?3 AND instr(body, CAST('\"origin\"' AS BLOB)) > 0
             ORDER BY epoch, seq",
        )?;
        let rows = select.query_map(params![epoch, seq, kind::SALE], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        let later = rows.map(|row| {
            let (seq, bytes) = row?;
            Ok(understand(seq, &bytes)?.1)
        });
        Ok(Some(Past { sale, later: later.collect::<Result<_, ReadJournalError>>()? }))
    }

    /// Who was named as the buyer of a sale after its payment: within its shift, and the first counts.
    pub fn named_after(&self, epoch: u32, seq: u64) -> Result<Option<SaleBuyer>, ReadJournalError> {
        let mut select = self.connection.prepare_cached(
            "SELECT seq, body FROM event INDEXED BY sqlite_autoindex_event_1
             WHERE epoch = ?1 AND seq > ?2 AND kind IN (?3, 'shift_closed') ORDER BY seq",
        )?;
        let mut rows = select.query(params![epoch, seq, kind::BUYER_NAMED])?;
        while let Some(row) = rows.next()? {
            let (number, bytes): (u64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let record = understand(number, &bytes)?.1.record;
            if matches!(record, Record::ShiftClosed { .. }) {
                break;
            }
            if let Record::BuyerNamed { document, buyer, .. } = record
                && document == seq
            {
                return Ok(Some(buyer));
            }
        }
        Ok(None)
    }

    /// What was written for a business day, newest first.
    pub fn of_day(&self, day: NaiveDate) -> Result<Vec<Stored>, ReadJournalError> {
        self.back_to(|stored| stored.stamp.business_date >= day, |stored| stored.stamp.business_date == day)
    }

    /// The last documents, newest first, with their epochs.
    pub fn last_sales(&self, count: usize) -> Result<Vec<(u32, Stored)>, ReadJournalError> {
        let mut select = self.connection.prepare_cached(reading::LAST_OF_KIND)?;
        let rows = select.query_map(params![kind::SALE, count], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, u64>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        rows.map(|row| {
            let (epoch, seq, bytes) = row?;
            Ok((epoch, understand(seq, &bytes)?.1))
        })
        .collect()
    }

    /// The newest documents in whose bytes, or, where it is a member's, in what names their buyer, a text stands and that
    /// `counts` lets count, at most `count`, among the last [`SOUGHT_DOCUMENTS_MAX`], with everything that came back since. A text that may stand there for another reason
    /// finds more than is meant: `counts` is to look at the documents themselves.
    pub fn sought(
        &self,
        (text, is_member): (&str, bool),
        count: usize,
        counts: impl Fn(&Stored) -> bool,
    ) -> Result<Sought, ReadJournalError> {
        let mut sought = Sought::default();
        self.documents_with(text, |epoch, stored| {
            if counts(&stored) {
                sought.found.push((epoch, stored));
            }
            sought.found.len() < count
        })?;
        let is_known = |found: &[(u32, Stored)], of: (u32, u64)| {
            found.iter().any(|(epoch, stored)| (*epoch, stored.seq) == of)
        };
        // Of a buyer who was named after the payment the sale itself does not speak.
        let mut named = Vec::new();
        if is_member {
            self.bodies_with(kind::BUYER_NAMED, text, |epoch, seq, bytes| {
                if let Record::BuyerNamed { document, .. } = understand(seq, bytes)?.1.record {
                    named.push((epoch, document));
                }
                Ok(named.len() < count)
            })?;
        }
        for (epoch, seq) in named {
            if let Some(past) = self.past_sale(epoch, seq)?
                && counts(&past.sale)
                && !is_known(&sought.found, (epoch, seq))
            {
                sought.found.push((epoch, past.sale));
            }
        }
        sought.found.sort_by_key(|(epoch, stored)| std::cmp::Reverse((*epoch, stored.seq)));
        sought.found.truncate(count);
        if !sought.found.is_empty() {
            self.documents_with("\"origin\"", |_, stored| {
                sought.later.push(stored);
                true
            })?;
            sought.later.reverse();
        }
        Ok(sought)
    }

    /// The documents of this lane that took something of a sale back, as they are told to others, the oldest first, among
    /// its last [`SOUGHT_DOCUMENTS_MAX`]: whoever keeps that sale may not have heard of them yet.
    pub fn gave_back(&self, origin: &event::Origin) -> Result<Vec<event::Sale>, ReadJournalError> {
        let mut found = Vec::new();
        self.bodies_with(kind::SALE, "\"origin\"", |_, _, bytes| {
            if let Ok(Event { fact: Fact::SaleCompleted { sale }, .. }) = event::decode(bytes)
                && sale.returns.iter().any(|back| back.origin.as_ref() == Some(origin))
            {
                found.push(sale);
            }
            Ok(true)
        })?;
        found.reverse();
        Ok(found)
    }

    /// Looks at documents with a text in their bytes, newest first, while more are wanted.
    fn documents_with(
        &self,
        text: &str,
        mut take: impl FnMut(u32, Stored) -> bool,
    ) -> Result<(), ReadJournalError> {
        self.bodies_with(kind::SALE, text, |epoch, seq, bytes| Ok(take(epoch, understand(seq, bytes)?.1)))
    }

    /// The same of the bytes themselves of the last events of a kind, with their epochs and numbers.
    fn bodies_with(
        &self,
        kind: &str,
        text: &str,
        mut take: impl FnMut(u32, u64, &[u8]) -> Result<bool, ReadJournalError>,
    ) -> Result<(), ReadJournalError> {
        let sql = format!(
            "SELECT epoch, seq, body FROM ({}) WHERE instr(body, CAST(?3 AS BLOB)) > 0",
            reading::LAST_OF_KIND
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut rows = select.query(params![kind, SOUGHT_DOCUMENTS_MAX, text])?;
        while let Some(row) = rows.next()? {
            let (epoch, seq, bytes): (u32, u64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if !take(epoch, seq, &bytes)? {
                break;
            }
        }
        Ok(())
    }

    /// What goods weighed on the bagging scale of this lane, among its last [`WEIGHED_EVENTS_MAX`] events, in any order.
    pub fn weighings(&self) -> Result<Vec<Weighing>, ReadJournalError> {
        let mut select = self.connection.prepare_cached(
            "SELECT seq, body FROM (SELECT seq, kind, body FROM event ORDER BY epoch DESC, seq DESC LIMIT ?1)
             WHERE kind = ?2 AND instr(body, CAST('\"weighed\"' AS BLOB)) > 0",
        )?;
        let mut rows = select.query(params![WEIGHED_EVENTS_MAX, kind::KIOSK])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (seq, bytes): (u64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            if let Record::Kiosk(KioskRecord::Weighed(weighing)) = understand(seq, &bytes)?.1.record {
                found.push(weighing);
            }
        }
        Ok(found)
    }

    fn back_to(
        &self,
        goes_on: impl Fn(&Stored) -> bool,
        counts: impl Fn(&Stored) -> bool,
    ) -> Result<Vec<Stored>, ReadJournalError> {
        let mut select = self.connection.prepare_cached(reading::BACKWARDS)?;
        let mut rows = select.query(params![DAY_EVENTS_MAX])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (seq, bytes): (u64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let stored = understand(seq, &bytes)?.1;
            if !goes_on(&stored) {
                break;
            }
            if counts(&stored) {
                found.push(stored);
            }
        }
        Ok(found)
    }
}
