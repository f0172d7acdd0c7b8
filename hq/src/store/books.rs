//! Rows of the books of record: books, their entries, what lanes hold, what a
//! person must look at, and by what members are found.

use serde::{Deserialize, Serialize};

use super::engine::{Column, Row, Target};
use super::{JournalKey, Kind, Reading, StoreError, Writing, signed, values};
use crate::books::LaneId;

/// What kind of book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookKind {
    /// The points of a member.
    Points,
    /// What a sale did to the points of a member.
    PointsSale,
    /// A coupon; its owner is the store in which it may be used.
    Coupon,
    /// What is left of a sale; its owner is the store that sold.
    Receipt,
    /// Money that a member paid before.
    Value,
    /// What a sale did to it.
    ValueSale,
    /// A count of goods that waits for journals.
    CountWaiting,
    /// A count of goods, and what it did.
    Count,
    /// An order of a channel; its owner is the store that fulfils it.
    Order,
    /// Goods that somebody waits for in a store, without an order of ours.
    Reservation,
    /// A phone's basket or exit code, which works once; its owner is the store.
    PhoneCode,
    /// The paid memberships of a person.
    Membership,
    /// What an employee or a store was given of fees; its owner is either.
    Reward,
    /// A basket that a lane put aside; its owner is the store.
    Parked,
    /// One that was taken up again, and by whom.
    ParkedEnded,
    /// A transfer between stores, by its number, as exceptions name it: it has a table of its own.
    Transfer,
    /// Who was named as the buyer of a sale after its payment; its owner is the store that sold.
    BuyerNamed,
}

impl BookKind {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::PointsSale => "points_sale",
            Self::Coupon => "coupon",
            Self::Receipt => "receipt",
            Self::Value => "value",
            Self::ValueSale => "value_sale",
            Self::CountWaiting => "count_waiting",
            Self::Count => "count",
            Self::Order => "order",
            Self::Reservation => "reservation",
            Self::PhoneCode => "phone_code",
            Self::Membership => "membership",
            Self::Reward => "reward",
            Self::Parked => "parked",
            Self::ParkedEnded => "parked_ended",
            Self::Transfer => "transfer",
            Self::BuyerNamed => "buyer_named",
        }
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        let all = [
            Self::Points,
            Self::PointsSale,
            Self::Coupon,
            Self::Receipt,
            Self::Value,
            Self::ValueSale,
            Self::CountWaiting,
            Self::Count,
            Self::Order,
            Self::Reservation,
            Self::PhoneCode,
            Self::Membership,
            Self::Reward,
            Self::Parked,
            Self::ParkedEnded,
            Self::Transfer,
            Self::BuyerNamed,
        ];
        all.into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| StoreError::Row { table: "book", reason: format!("kind {name:?}") })
    }
}

/// What a book is known by. The owner comes first, so that all of an owner's
/// books lie together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BookKey<'a> {
    /// A member or a store.
    pub owner: &'a str,
    /// What kind.
    pub kind: BookKind,
    /// Which of the owner's of this kind; empty where there is one.
    pub part: &'a str,
}

/// What was done to a book. Never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookEntry {
    /// Counts the entries of the book, from 1.
    pub number: u64,
    /// The document behind it.
    pub source: String,
    /// When it happened, milliseconds UTC.
    pub at_ms: i64,
    /// When HQ heard of it, milliseconds UTC.
    pub heard_at_ms: i64,
    /// By how much the balance moved.
    pub amount: i64,
    /// What was done, as JSON.
    pub body: String,
}

/// What a lane has of a book, and nobody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    /// The lane.
    pub lane: LaneId,
    /// The book's owner.
    pub owner: String,
    /// The book's kind.
    pub kind: BookKind,
    /// The book's part.
    pub part: String,
    /// Which of the book's holds.
    pub id: String,
    /// The lane uses it no more from this instant on by its own clock,
    /// milliseconds UTC.
    pub until_ms: i64,
}

/// Something that stands and that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The store whose document it is about.
    pub store: String,
    /// The document.
    pub source: String,
    /// The kind of the book.
    pub kind: BookKind,
    /// The book's owner.
    pub owner: String,
    /// The book's part.
    pub part: String,
    /// What is wrong, as JSON.
    pub what: String,
    /// When it was found, milliseconds UTC.
    pub found_at_ms: i64,
}

/// Where a page of exceptions ended: what a document did to a book, and how much of it was told. What is wrong with it may
/// be long, and does not stand here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionPlace {
    /// When it was found, milliseconds UTC.
    pub found_at_ms: i64,
    /// The store whose document it is about.
    pub store: String,
    /// The document.
    pub source: String,
    /// The kind of the book.
    pub kind: BookKind,
    /// The book's owner.
    pub owner: String,
    /// The book's part.
    pub part: String,
    /// So many things of these were told.
    pub told: u32,
}

impl ExceptionPlace {
    /// Where a page ends that began at another place.
    pub fn end_of(page: &[Exception], began: Option<&Self>) -> Option<Self> {
        let last = page.last()?;
        let mut place = Self {
            found_at_ms: last.found_at_ms,
            store: last.store.clone(),
            source: last.source.clone(),
            kind: last.kind,
            owner: last.owner.clone(),
            part: last.part.clone(),
            told: 0,
        };
        let same = page.iter().rev().take_while(|row| place.is_of(row)).count();
        let before =
            began.filter(|began| same == page.len() && Self { told: 0, ..(*began).clone() } == place);
        place.told = before.map_or(0, |began| began.told) + u32::try_from(same).unwrap_or(u32::MAX);
        Some(place)
    }

    fn is_of(&self, row: &Exception) -> bool {
        (self.found_at_ms, self.kind) == (row.found_at_ms, row.kind)
            && (&self.store, &self.source, &self.owner, &self.part)
                == (&row.store, &row.source, &row.owner, &row.part)
    }
}

/// What is with goods that are not, or not only, on a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// On its way to a store.
    Transit,
    /// On the shelf, and waited for.
    Reserved,
}

impl Beside {
    fn name(self) -> &'static str {
        match self {
            Self::Transit => "transit",
            Self::Reserved => "reserved",
        }
    }
}

/// A movement of what is on its way or waited for.
#[derive(Debug, Clone, Copy)]
pub struct BesideRow<'a> {
    /// The event's number.
    pub seq: u64,
    /// The place within the event, from 0.
    pub position: i64,
    /// The item.
    pub sku: &'a str,
    /// What is with it.
    pub kind: Beside,
    /// Where it goes to, or is.
    pub place: &'a str,
    /// The transfer or order.
    pub document: &'a str,
    /// Thousandths; below nothing where it ends.
    pub quantity: i64,
}

const BESIDE: Target = Target {
    table: "stock_beside",
    same: &["store", "lane", "epoch"],
    columns: &["seq", "position", "sku", "kind", "place", "document", "quantity"],
    conflict: "",
    tells_new: false,
};

fn hold_row(row: &dyn Row) -> Result<HoldRow, StoreError> {
    Ok(HoldRow {
        lane: LaneId { store: row.text(0)?, lane: row.small(1)? },
        owner: row.text(2)?,
        kind: BookKind::parse(&row.text(3)?)?,
        part: row.text(4)?,
        id: row.text(5)?,
        until_ms: row.int(6)?,
    })
}

const HOLD_COLUMNS: &str = "store, lane, owner, kind, part, id, until_ms";

impl Reading<'_> {
    /// A book as it stands, as JSON; `None` where nothing was done to it yet.
    pub fn book(&self, key: BookKey<'_>) -> Result<Option<String>, StoreError> {
        self.find_book(key, "")
    }

    fn find_book(&self, key: BookKey<'_>, locked: &str) -> Result<Option<String>, StoreError> {
        let body = self.one(
            &format!("SELECT body FROM book WHERE owner = ?1 AND kind = ?2 AND part = ?3{locked}"),
            values![key.owner, key.kind.name(), key.part],
            |row| row.text(0),
        )?;
        Ok(body.filter(|body| !body.is_empty()))
    }

    /// What was done to a book after its entry of a number, in order, at most
    /// `limit`.
    pub fn book_entries(
        &self,
        key: BookKey<'_>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<BookEntry>, StoreError> {
        self.all(
            "SELECT number, source, at_ms, heard_at_ms, amount, body FROM book_entry
             WHERE owner = ?1 AND kind = ?2 AND part = ?3 AND number > ?4 ORDER BY number LIMIT ?5",
            values![key.owner, key.kind.name(), key.part, signed(after)?, limit],
            |row| {
                Ok(BookEntry {
                    number: row.count(0)?,
                    source: row.text(1)?,
                    at_ms: row.int(2)?,
                    heard_at_ms: row.int(3)?,
                    amount: row.int(4)?,
                    body: row.text(5)?,
                })
            },
        )
    }

    /// The sum of a book's entries.
    pub fn book_sum(&self, key: BookKey<'_>) -> Result<i64, StoreError> {
        self.number(
            "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM book_entry
             WHERE owner = ?1 AND kind = ?2 AND part = ?3",
            values![key.owner, key.kind.name(), key.part],
        )
    }

    /// Whether a document is behind an entry of a book.
    pub fn has_book_source(&self, key: BookKey<'_>, source: &str) -> Result<bool, StoreError> {
        let found = self.one(
            "SELECT CAST(1 AS BIGINT) FROM book_entry WHERE owner = ?1 AND kind = ?2 AND part = ?3 AND source = ?4 LIMIT 1",
            values![key.owner, key.kind.name(), key.part, source],
            |row| row.int(0),
        )?;
        Ok(found.is_some())
    }

    /// The books of one kind after an owner and part, in their order.
    pub fn books_after(
        &self,
        kind: BookKind,
        after: (&str, &str),
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        self.all(
            "SELECT owner, part FROM book WHERE kind = ?1 AND (owner > ?2 OR (owner = ?2 AND part > ?3))
             ORDER BY owner, part LIMIT ?4",
            values![kind.name(), after.0, after.1, limit],
            |row| Ok((row.text(0)?, row.text(1)?)),
        )
    }

    /// An owner's books of one kind after a part, in the order of their parts,
    /// at most `limit`: part, stored JSON.
    pub fn books_of_after(
        &self,
        owner: &str,
        kind: BookKind,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, String)>, StoreError> {
        self.all(
            "SELECT part, body FROM book WHERE owner = ?1 AND kind = ?2 AND part > ?3 AND body <> ''
             ORDER BY part LIMIT ?4",
            values![owner, kind.name(), after, limit],
            |row| Ok((row.text(0)?, row.text(1)?)),
        )
    }

    /// The number of a book's last entry; 0 before the first.
    pub fn last_book_entry(&self, key: BookKey<'_>) -> Result<u64, StoreError> {
        super::unsigned(self.number(
            "SELECT coalesce(max(number), 0) FROM book_entry WHERE owner = ?1 AND kind = ?2 AND part = ?3",
            values![key.owner, key.kind.name(), key.part],
        )?)
    }

    /// The parts of an owner's books of one kind, in order.
    pub fn parts_of(&self, owner: &str, kind: BookKind) -> Result<Vec<String>, StoreError> {
        self.all(
            "SELECT part FROM book WHERE owner = ?1 AND kind = ?2 AND body <> '' ORDER BY part",
            values![owner, kind.name()],
            |row| row.text(0),
        )
    }

    /// What a lane holds whose end is not after an instant of its own clock.
    pub fn holds_until(&self, lane: &LaneId, until_ms: i64) -> Result<Vec<HoldRow>, StoreError> {
        self.all(
            &format!(
                "SELECT {HOLD_COLUMNS} FROM hold WHERE store = ?1 AND lane = ?2 AND until_ms <= ?3
                 ORDER BY owner, kind, part, id"
            ),
            values![&lane.store, lane.lane, until_ms],
            hold_row,
        )
    }

    /// The same of one kind, the first to end first, at most `limit`.
    pub fn first_holds_until(
        &self,
        lane: &LaneId,
        kind: BookKind,
        until_ms: i64,
        limit: u32,
    ) -> Result<Vec<HoldRow>, StoreError> {
        self.all(
            &format!(
                "SELECT {HOLD_COLUMNS} FROM hold WHERE store = ?1 AND lane = ?2 AND kind = ?3 AND until_ms <= ?4
                 ORDER BY until_ms, owner, part, id LIMIT ?5"
            ),
            values![&lane.store, lane.lane, kind.name(), until_ms, limit],
            hold_row,
        )
    }

    /// How much of members' points the relay of each store holds, by its code.
    pub fn holds_of_relays(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.all(
            "SELECT store, count(*) FROM hold WHERE lane = 0 AND kind = 'points' GROUP BY store ORDER BY store",
            values![],
            |row| Ok((row.text(0)?, row.count(1)?)),
        )
    }

    /// How much of one kind a lane holds.
    pub fn count_holds(&self, lane: &LaneId, kind: BookKind) -> Result<u64, StoreError> {
        super::unsigned(self.number(
            "SELECT count(*) FROM hold WHERE store = ?1 AND lane = ?2 AND kind = ?3",
            values![&lane.store, lane.lane, kind.name()],
        )?)
    }

    /// What a person must look at, newest first, at most `limit`.
    pub fn exceptions(&self, limit: u32) -> Result<Vec<Exception>, StoreError> {
        self.exceptions_after(None, limit)
    }

    /// The same after those of a place.
    pub fn exceptions_after(
        &self,
        after: Option<&ExceptionPlace>,
        limit: u32,
    ) -> Result<Vec<Exception>, StoreError> {
        let (found_at_ms, told) = after.map_or((i64::MAX, 0), |place| (place.found_at_ms, place.told));
        let (store, source) = after.map_or(("", ""), |place| (place.store.as_str(), place.source.as_str()));
        let (owner, part) = after.map_or(("", ""), |place| (place.owner.as_str(), place.part.as_str()));
        let kind = after.map_or("", |place| place.kind.name());
        self.all(
            "SELECT store, source, kind, owner, part, what, found_at_ms FROM exception
             WHERE found_at_ms <= ?1
               AND (found_at_ms < ?1 OR (store, source, kind, owner, part) >= (?2, ?3, ?4, ?5, ?6))
             ORDER BY found_at_ms DESC, store, source, kind, owner, part, what LIMIT ?7 OFFSET ?8",
            values![found_at_ms, store, source, kind, owner, part, limit, told],
            |row| {
                Ok(Exception {
                    store: row.text(0)?,
                    source: row.text(1)?,
                    kind: BookKind::parse(&row.text(2)?)?,
                    owner: row.text(3)?,
                    part: row.text(4)?,
                    what: row.text(5)?,
                    found_at_ms: row.int(6)?,
                })
            },
        )
    }

    /// The ids of the members who are found by a card's code or the hash of a
    /// telephone number, at most two.
    pub fn members_of_code(&self, code: &str) -> Result<Vec<String>, StoreError> {
        self.all(
            "SELECT member FROM member_code WHERE code = ?1 ORDER BY member LIMIT 2",
            values![code],
            |row| row.text(0),
        )
    }

    /// The same, all of them up to `limit`: whose cards a person has.
    pub fn all_members_of_code(&self, code: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        self.all(
            "SELECT member FROM member_code WHERE code = ?1 ORDER BY member LIMIT ?2",
            values![code, limit],
            |row| row.text(0),
        )
    }

    /// An entity that one store's lanes alone are told of.
    pub fn entity_of_store(&self, kind: Kind, store: &str, key: &str) -> Result<Option<String>, StoreError> {
        let body = self.one(
            "SELECT body FROM entity WHERE store = ?1 AND kind = ?2 AND key = ?3",
            values![store, kind.name(), key],
            |row| row.text_or_none(0),
        )?;
        Ok(body.flatten())
    }

    /// What every store has of an item, by store, at most `limit`: thousandths.
    pub fn stock_of_item(&self, sku: &str, limit: u32) -> Result<Vec<(String, i64)>, StoreError> {
        self.all(
            "SELECT store, CAST(sum(quantity) AS BIGINT) FROM stock WHERE sku = ?1
             GROUP BY store ORDER BY 2 DESC, store LIMIT ?2",
            values![sku, limit],
            |row| Ok((row.text(0)?, row.int(1)?)),
        )
    }

    /// What a store has of an item, thousandths.
    pub fn stock_in_store(&self, store: &str, sku: &str) -> Result<i64, StoreError> {
        self.number(
            "SELECT CAST(coalesce(sum(quantity), 0) AS BIGINT) FROM stock WHERE store = ?1 AND sku = ?2",
            values![store, sku],
        )
    }

    /// What of an item is on its way to each store, and what somebody waits
    /// for there: store, on its way, waited for; thousandths.
    pub fn stock_beside(&self, sku: &str, limit: u32) -> Result<Vec<(String, i64, i64)>, StoreError> {
        self.all(
            "SELECT place, CAST(sum(CASE WHEN kind = 'transit' THEN quantity ELSE 0 END) AS BIGINT),
             CAST(sum(CASE WHEN kind = 'reserved' THEN quantity ELSE 0 END) AS BIGINT)
             FROM stock_beside WHERE sku = ?1 GROUP BY place ORDER BY place LIMIT ?2",
            values![sku, limit],
            |row| Ok((row.text(0)?, row.int(1)?, row.int(2)?)),
        )
    }

    /// The members whose points time does something to by a moment, the first first, at most `limit`.
    pub fn points_due(&self, now_ms: i64, limit: u32) -> Result<Vec<String>, StoreError> {
        self.all(
            "SELECT member FROM points_due WHERE due_ms <= ?1 ORDER BY due_ms, member LIMIT ?2",
            values![now_ms, limit],
            |row| row.text(0),
        )
    }

    /// What a chain set for all of its members, as JSON.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.one("SELECT body FROM setting WHERE name = ?1", values![name], |row| row.text(0))
    }
}

impl Writing<'_> {
    /// A book as it stands, which nobody else changes until the transaction
    /// ends.
    pub fn lock_book(&self, key: BookKey<'_>) -> Result<Option<String>, StoreError> {
        let locked = self.locked();
        if locked.is_empty() {
            return self.find_book(key, locked);
        }
        // What is not there cannot be locked.
        self.execute(
            "INSERT INTO book (owner, kind, part, body) VALUES (?1, ?2, ?3, '') ON CONFLICT DO NOTHING",
            values![key.owner, key.kind.name(), key.part],
        )?;
        self.find_book(key, locked)
    }

    /// Makes a book what `body` says.
    pub fn put_book(&self, key: BookKey<'_>, body: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO book (owner, kind, part, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (owner, kind, part) DO UPDATE SET body = excluded.body",
            values![key.owner, key.kind.name(), key.part, body],
        )?;
        Ok(())
    }

    /// Takes a book away whose place another takes.
    pub fn remove_book(&self, key: BookKey<'_>) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM book WHERE owner = ?1 AND kind = ?2 AND part = ?3",
            values![key.owner, key.kind.name(), key.part],
        )?;
        Ok(())
    }

    /// Writes what was done to a book.
    pub fn add_book_entry(&self, key: BookKey<'_>, entry: &BookEntry) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO book_entry (owner, kind, part, number, source, at_ms, heard_at_ms, amount, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            values![
                key.owner,
                key.kind.name(),
                key.part,
                signed(entry.number)?,
                &entry.source,
                entry.at_ms,
                entry.heard_at_ms,
                entry.amount,
                &entry.body
            ],
        )?;
        Ok(())
    }

    /// Notes what a lane holds, and until when.
    pub fn put_hold(&self, hold: &HoldRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO hold (store, lane, owner, kind, part, id, until_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (store, lane, owner, kind, part, id) DO UPDATE SET until_ms = excluded.until_ms",
            values![
                &hold.lane.store,
                hold.lane.lane,
                &hold.owner,
                hold.kind.name(),
                &hold.part,
                &hold.id,
                hold.until_ms
            ],
        )?;
        Ok(())
    }

    /// Forgets what a lane held.
    pub fn end_hold(&self, lane: &LaneId, key: BookKey<'_>, id: &str) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM hold WHERE store = ?1 AND lane = ?2 AND owner = ?3 AND kind = ?4 AND part = ?5 AND id = ?6",
            values![&lane.store, lane.lane, key.owner, key.kind.name(), key.part, id],
        )?;
        Ok(())
    }

    /// Lists what a person must look at; the same is listed once.
    pub fn add_exception(&self, exception: &Exception) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO exception (store, source, kind, owner, part, what, found_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            values![
                &exception.store,
                &exception.source,
                exception.kind.name(),
                &exception.owner,
                &exception.part,
                &exception.what,
                exception.found_at_ms
            ],
        )?;
        Ok(())
    }

    /// Replaces everything by which a member is found, but for the ids that
    /// were theirs.
    pub fn set_member_codes<'a>(
        &self,
        member: &str,
        codes: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM member_code WHERE member = ?1 AND substr(code, 1, 3) <> 'id:'",
            values![member],
        )?;
        for code in codes {
            self.execute(
                "INSERT INTO member_code (code, member) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                values![code, member],
            )?;
        }
        Ok(())
    }

    /// Adds something by which a member is found.
    pub fn add_member_code(&self, code: &str, member: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO member_code (code, member) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            values![code, member],
        )?;
        Ok(())
    }

    /// Writes goods that are on their way or waited for.
    pub fn add_stock_beside(&self, key: JournalKey<'_>, rows: &[BesideRow<'_>]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let ints = |of: &dyn Fn(&BesideRow<'_>) -> i64| Column::Ints(rows.iter().map(of).collect());
        let mut seqs = Vec::with_capacity(rows.len());
        for row in rows {
            seqs.push(signed(row.seq)?);
        }
        self.insert(
            &BESIDE,
            values![key.store, key.lane, key.epoch],
            &[
                Column::Ints(seqs),
                ints(&|row| row.position),
                Column::Texts(rows.iter().map(|row| row.sku).collect()),
                Column::Texts(rows.iter().map(|row| row.kind.name()).collect()),
                Column::Texts(rows.iter().map(|row| row.place).collect()),
                Column::Texts(rows.iter().map(|row| row.document).collect()),
                ints(&|row| row.quantity),
            ],
        )?;
        Ok(())
    }

    /// Notes when time next does something to a member's points; `None` where it never does.
    pub fn put_points_due(&self, member: &str, due_ms: Option<i64>) -> Result<(), StoreError> {
        match due_ms {
            Some(due_ms) => self.execute(
                "INSERT INTO points_due (member, due_ms) VALUES (?1, ?2)
                 ON CONFLICT (member) DO UPDATE SET due_ms = excluded.due_ms",
                values![member, due_ms],
            )?,
            None => self.execute("DELETE FROM points_due WHERE member = ?1", values![member])?,
        };
        Ok(())
    }

    /// What a chain set for all of its members, which nobody else changes until the transaction ends; `first` where it set
    /// nothing yet.
    pub fn lock_setting(&self, name: &str, first: &str) -> Result<String, StoreError> {
        self.execute(
            "INSERT INTO setting (name, body) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET body = setting.body",
            values![name, first],
        )?;
        Ok(self.setting(name)?.unwrap_or_else(|| first.to_owned()))
    }

    /// Sets what counts for all members.
    pub fn put_setting(&self, name: &str, body: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO setting (name, body) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET body = excluded.body",
            values![name, body],
        )?;
        Ok(())
    }
}
