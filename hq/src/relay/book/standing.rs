//! Points that HQ lent to the store as a whole, and the parts of them that its lanes have or had.
//!
//! A part is durable here before anybody is told of it, and no more is ever out, or spent, than the whole. What of a part was
//! spent, and when it is over, says the copy of its lane's journal: the lane gave it back, or is past its end by its own
//! clock. Where the copy may miss something of the journal, or says more than this book knows, what may have been spent
//! counts as spent.

use protocol::ask::Answer;
use protocol::event::{Member, PointsGrant, Position, Sale};
use protocol::standing::{
    PartId, STANDING_CODES_MAX, STANDING_ENDED_MAX, STANDING_MEMBERS_MAX, STANDING_PARTS_MAX, StandingEnded,
    StandingGuest, StandingTold,
};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Book, BookError, CLAIM_MARGIN_MS};

/// A lane may spend a part for so long, milliseconds.
pub const PART_MS: i64 = 30 * 60_000;

/// A lane that says nothing for so long after the end of its part is not waited for with lending to the others,
/// milliseconds.
const SILENT_MS: i64 = 2 * 3_600_000;

/// For so long after its end the name of a lease that is no more, or is not known, is kept, milliseconds: longer than one
/// lasts.
const NAMED_MS: i64 = 4 * 86_400_000;

/// The tables, as the fifth form of the file brought them.
pub(super) const SCHEMA: &str = "
    -- Which book this is: another one after the file was lost.
    CREATE TABLE standing_book (instance TEXT NOT NULL);
    INSERT INTO standing_book VALUES (lower(hex(randomblob(16))));
    CREATE TABLE standing (
        lease TEXT PRIMARY KEY,
        member TEXT NOT NULL,
        -- How many were lent, whatever was spent of them.
        points INTEGER NOT NULL,
        until_ms INTEGER NOT NULL,
        -- Nothing of it is lent any more, ever.
        is_closed INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX standing_member ON standing (member);
    CREATE TABLE standing_part (
        lease TEXT NOT NULL REFERENCES standing (lease) ON DELETE CASCADE,
        lane INTEGER NOT NULL,
        number INTEGER NOT NULL,
        points INTEGER NOT NULL,
        spent INTEGER NOT NULL DEFAULT 0,
        until_ms INTEGER NOT NULL,
        -- Of the journal that was copied when it was lent.
        epoch INTEGER NOT NULL,
        -- Where the lane's journal says that it is over; none while the lane may spend of it.
        ended_epoch INTEGER,
        ended_seq INTEGER,
        PRIMARY KEY (lease, lane, number)
    ) WITHOUT ROWID;
    -- Who members of other stores are, as JSON, and by what they are found.
    CREATE TABLE standing_guest (
        lease TEXT PRIMARY KEY REFERENCES standing (lease) ON DELETE CASCADE,
        member TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE standing_code (
        code TEXT NOT NULL,
        lease TEXT NOT NULL REFERENCES standing (lease) ON DELETE CASCADE,
        PRIMARY KEY (code, lease)
    ) WITHOUT ROWID;
    CREATE INDEX standing_code_lease ON standing_code (lease);
    CREATE INDEX standing_part_lane ON standing_part (lane, ended_seq, until_ms);
    -- Leases that HQ has ended: an answer that was written before does not bring them back.
    CREATE TABLE standing_over (lease TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) WITHOUT ROWID;
    -- Leases that are not known here and of which a lane had a part.
    CREATE TABLE standing_doubt (
        lease TEXT PRIMARY KEY,
        until_ms INTEGER NOT NULL DEFAULT (unixepoch() * 1000)
    ) WITHOUT ROWID;
";

/// Where something stands in a lane's journal.
pub(super) struct At {
    pub lane: u32,
    pub epoch: u32,
    pub seq: u64,
}

/// Notes what a lane's sale spent of a part.
pub(super) fn spend(writing: &Transaction<'_>, sale: &Sale) -> Result<(), BookError> {
    let Some(moved) = sale.buyer.as_ref().and_then(|buyer| buyer.points.as_ref()) else { return Ok(()) };
    let Some(part) = PartId::parse(&moved.lease).filter(|_| moved.spent > 0) else { return Ok(()) };
    let known = writing.execute(
        "UPDATE standing_part SET spent = spent + ?4 WHERE lease = ?1 AND lane = ?2 AND number = ?3",
        params![part.lease, part.lane, part.number, moved.spent],
    )?;
    if known == 0 {
        doubt(writing, part)?;
    }
    Ok(())
}

/// A lane gave something back.
pub(super) fn give_back(writing: &Transaction<'_>, at: &At, lease: &str) -> Result<(), BookError> {
    let Some(part) = PartId::parse(lease) else { return Ok(()) };
    let known = writing.execute(
        "UPDATE standing_part SET ended_epoch = coalesce(ended_epoch, ?4), ended_seq = coalesce(ended_seq, ?5)
         WHERE lease = ?1 AND lane = ?2 AND number = ?3",
        params![part.lease, part.lane, part.number, at.epoch, at.seq],
    )?;
    if known == 0 {
        doubt(writing, part)?;
    }
    Ok(())
}

/// A lane did something that cannot be read here: it may have spent what it has.
pub(super) fn not_read(writing: &Transaction<'_>, lane: u32) -> Result<(), BookError> {
    writing.execute(
        "UPDATE standing_part SET spent = max(points, spent) WHERE lane = ?1 AND ended_seq IS NULL",
        [lane],
    )?;
    Ok(())
}

/// It begins anew, as one whose file was lost: what it was lent runs out at HQ by the lanes' own journals.
fn begin_anew(writing: &Transaction<'_>) -> Result<(), BookError> {
    tracing::warn!("the relay's file was put back from a copy: points are lent to the store anew");
    writing.execute("DELETE FROM standing", [])?;
    writing.execute("UPDATE standing_book SET instance = lower(hex(randomblob(16)))", [])?;
    Ok(())
}

/// A lane had a part that this book has forgotten: its file was put back from a copy, and nobody knows how many parts more
/// there are. Where the lease itself is not known, HQ may tell of it yet.
fn doubt(writing: &Transaction<'_>, part: PartId<'_>) -> Result<(), BookError> {
    let is_known: bool = writing.query_row(
        "SELECT EXISTS (SELECT 1 FROM standing WHERE lease = ?1)",
        [part.lease],
        |row| row.get(0),
    )?;
    if is_known {
        return begin_anew(writing);
    }
    writing.execute("INSERT INTO standing_doubt (lease) VALUES (?1) ON CONFLICT DO NOTHING", [part.lease])?;
    Ok(())
}

fn is_in(writing: &Transaction<'_>, table: &str, lease: &str) -> Result<bool, BookError> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE lease = ?1)");
    Ok(writing.prepare_cached(&sql)?.query_row([lease], |row| row.get(0))?)
}

/// Of what ended before `over_ms` a lane that is past it spends nothing any more.
pub(super) fn free(writing: &Transaction<'_>, at: &At, over_ms: i64) -> Result<(), BookError> {
    writing.execute(
        "UPDATE standing_part SET ended_epoch = ?2, ended_seq = ?3
         WHERE lane = ?1 AND ended_seq IS NULL AND until_ms < ?4",
        params![at.lane, at.epoch, at.seq, over_ms],
    )?;
    Ok(())
}

/// Lets go of leases that HQ has long ended.
pub(super) fn tend(writing: &Transaction<'_>, old_ms: i64, now_ms: i64) -> Result<(), BookError> {
    writing.execute("DELETE FROM standing WHERE until_ms < ?1", [old_ms])?;
    for table in ["standing_over", "standing_doubt"] {
        let sql = format!("DELETE FROM {table} WHERE until_ms < ?1");
        writing.execute(&sql, [now_ms.saturating_sub(NAMED_MS)])?;
    }
    Ok(())
}

/// What of a part is out, or gone: all of it while its lane may spend of it, and for ever where the copy may miss a sale,
/// because the lane goes on in another journal than the one in which it was lent.
const USED: &str =
    "CASE WHEN ended_seq IS NOT NULL AND ended_epoch = epoch THEN spent ELSE max(points, spent) END";

fn left(reading: &Connection, lease: &str, points: i64) -> Result<i64, BookError> {
    let used: i64 = reading
        .prepare_cached(&format!("SELECT coalesce(sum({USED}), 0) FROM standing_part WHERE lease = ?1"))?
        .query_row([lease], |row| row.get(0))?;
    Ok(points.saturating_sub(used).max(0))
}

fn newest_copy(reading: &Connection, lane: u32) -> Result<Option<u32>, BookError> {
    Ok(reading.query_row("SELECT max(epoch) FROM copy WHERE lane = ?1", [lane], |row| row.get(0))?)
}

/// A lease that parts can be lent of.
struct Open {
    lease: String,
    points: i64,
    until_ms: i64,
}

/// What a lane has of a lease.
struct Has {
    number: u32,
    points: i64,
    spent: i64,
    until_ms: i64,
}

impl Open {
    fn of(reading: &Connection, member: &str, now_ms: i64) -> Result<Vec<Self>, BookError> {
        let mut select = reading.prepare_cached(
            "SELECT lease, points, until_ms FROM standing
             WHERE member = ?1 AND is_closed = 0 AND until_ms > ?2 ORDER BY until_ms DESC, lease",
        )?;
        let rows = select.query_map(params![member, now_ms.saturating_add(CLAIM_MARGIN_MS)], |row| {
            Ok(Self { lease: row.get(0)?, points: row.get(1)?, until_ms: row.get(2)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Lends a lane a part, or more of the one that it has, or that one for longer.
    fn lend(
        &self,
        writing: &Transaction<'_>,
        (lane, epoch): (u32, u32),
        (wanted, now_ms): (i64, i64),
    ) -> Result<Option<(String, i64, i64)>, BookError> {
        let has = writing
            .query_row(
                "SELECT number, points, spent, until_ms FROM standing_part
                 WHERE lease = ?1 AND lane = ?2 AND epoch = ?3 AND ended_seq IS NULL ORDER BY number DESC LIMIT 1",
                params![self.lease, lane, epoch],
                |row| {
                    let (number, points) = (row.get(0)?, row.get(1)?);
                    Ok(Has { number, points, spent: row.get(2)?, until_ms: row.get(3)? })
                },
            )
            .optional()?;
        let held = has.as_ref().map_or(0, |has| (has.points - has.spent).max(0));
        let more = (wanted - held).clamp(0, left(writing, &self.lease, self.points)?);
        if held + more == 0 {
            return Ok(None);
        }
        let until_ms = now_ms.saturating_add(PART_MS).min(self.until_ms.saturating_sub(CLAIM_MARGIN_MS));
        let (number, points, until_ms) = match has {
            Some(has) => (has.number, has.points + more, until_ms.max(has.until_ms)),
            None => {
                let (of_lane, all): (u32, usize) = writing.query_row(
                    "SELECT coalesce(max(CASE WHEN lane = ?2 THEN number END), 0), count(*)
                     FROM standing_part WHERE lease = ?1",
                    params![self.lease, lane],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?;
                if all >= STANDING_PARTS_MAX {
                    return Ok(None);
                }
                (of_lane + 1, more, until_ms)
            }
        };
        writing.execute(
            "INSERT INTO standing_part (lease, lane, number, points, until_ms, epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (lease, lane, number) DO UPDATE SET points = excluded.points, until_ms = excluded.until_ms",
            params![self.lease, lane, number, points, until_ms, epoch],
        )?;
        Ok(Some((PartId { lease: &self.lease, lane, number }.to_string(), points, until_ms)))
    }
}

/// Where journals say that the parts of a lease are over; `None` while one of them is out.
fn journals(reading: &Connection, lease: &str) -> Result<Option<Vec<Position>>, BookError> {
    let mut select = reading.prepare_cached(
        "SELECT lane, epoch, ended_epoch, ended_seq FROM standing_part WHERE lease = ?1 ORDER BY lane, number",
    )?;
    let mut rows = select.query([lease])?;
    let mut journals: Vec<Position> = Vec::new();
    let mut add = |at: Position| match journals
        .iter_mut()
        .find(|known| (known.lane, known.epoch) == (at.lane, at.epoch))
    {
        Some(known) => known.seq = known.seq.max(at.seq),
        None => journals.push(at),
    };
    while let Some(row) = rows.next()? {
        let (lane, epoch): (u32, u32) = (row.get(0)?, row.get(1)?);
        let (Some(ended_epoch), Some(seq)) = (row.get(2)?, row.get(3)?) else { return Ok(None) };
        add(Position { lane, epoch: ended_epoch, seq });
        // What is copied of the journal before it may have spent of it.
        if ended_epoch != epoch
            && let Some(copied) = super::copied(reading, lane, epoch)?
        {
            add(Position { lane, epoch, seq: copied.seq });
        }
    }
    Ok(Some(journals))
}

impl Book {
    /// Which book this is: 32 hexadecimal digits, drawn when it was begun.
    pub fn instance(&self) -> Result<String, BookError> {
        Ok(self.connection().query_row("SELECT instance FROM standing_book", [], |row| row.get(0))?)
    }

    /// Takes in what HQ said of the store's leases to the book of this instance. An answer that comes late, or twice, changes
    /// nothing, nor does one to a book that was here before.
    pub fn hear_standing(&self, instance: &str, told: &StandingTold) -> Result<(), BookError> {
        self.write(|writing| {
            let own: String = writing.query_row("SELECT instance FROM standing_book", [], |row| row.get(0))?;
            if own != instance {
                return Ok(());
            }
            for ended in &told.ended {
                writing.execute(
                    "INSERT INTO standing_over (lease, until_ms)
                     SELECT lease, until_ms FROM standing WHERE lease = ?1 AND is_closed = 1 ON CONFLICT DO NOTHING",
                    [ended],
                )?;
                writing.execute("DELETE FROM standing WHERE lease = ?1 AND is_closed = 1", [ended])?;
            }
            let known: usize = writing.query_row("SELECT count(*) FROM standing", [], |row| row.get(0))?;
            // Twice as many as HQ lends: those that wait for their end stand beside the new ones.
            let room = (2 * STANDING_MEMBERS_MAX).saturating_sub(known);
            let mut made = 0;
            for lease in &told.leases {
                if is_in(writing, "standing_over", &lease.lease)? {
                    continue;
                }
                if is_in(writing, "standing_doubt", &lease.lease)? {
                    return begin_anew(writing);
                }
                let renewed = writing.execute(
                    "UPDATE standing SET points = max(points, ?2), until_ms = max(until_ms, ?3) WHERE lease = ?1",
                    params![lease.lease, lease.points, lease.until_ms],
                )?;
                if renewed == 0 {
                    if made >= room {
                        continue;
                    }
                    made += 1;
                    writing.execute(
                        "INSERT INTO standing (lease, member, points, until_ms) VALUES (?1, ?2, ?3, ?4)",
                        params![lease.lease, lease.member, lease.points, lease.until_ms],
                    )?;
                }
                if let Some(guest) = &lease.guest {
                    know_guest(writing, &lease.lease, guest)?;
                }
            }
            Ok(())
        })
    }

    /// Who has this card, id or telephone number, of the members of other stores whose points are lent to this one; `None`
    /// where nobody here knows. Their points are those that are left here.
    pub fn guest(&self, code: &str) -> Result<Option<Member>, BookError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT lease, points, guest.member FROM standing JOIN standing_guest AS guest USING (lease)
             WHERE is_closed = 0 AND (standing.member = ?1
                 OR lease IN (SELECT lease FROM standing_code WHERE code = ?1)) ORDER BY until_ms DESC, lease",
        )?;
        let rows = select.query_map([code], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })?;
        let mut found: Option<Member> = None;
        for row in rows {
            let (lease, points, body) = row?;
            let Ok(member) = serde_json::from_str::<Member>(&body) else { continue };
            let left = left(&connection, &lease, points)?;
            match &mut found {
                Some(known) if known.id == member.id => {
                    known.points = known.points.map(|points| points.saturating_add(left));
                }
                // Two people's is nobody's.
                Some(_) => return Ok(None),
                None => found = Some(Member { points: Some(left), ..member }),
            }
        }
        Ok(found)
    }

    /// Lends a lane a part of what the store has of a member's points, while HQ cannot be asked: as many as it asks for, as
    /// far as there are so many. `None` where the store has none, or nobody would learn what the lane does with them.
    pub fn lend_part(
        &self,
        lane: u32,
        member: &str,
        points: i64,
        now_ms: i64,
    ) -> Result<Option<Answer>, BookError> {
        self.write(|writing| {
            let Some(epoch) = newest_copy(writing, lane)? else { return Ok(None) };
            for open in Open::of(writing, member, now_ms)? {
                if let Some((lease, points, until_ms)) =
                    open.lend(writing, (lane, epoch), (points, now_ms))?
                {
                    let grant = PointsGrant { lease, member: member.to_owned(), points, until_ms };
                    return Ok(Some(Answer::PointsLent { grant }));
                }
            }
            Ok(None)
        })
    }

    /// Leases that HQ is to take back: their time is over, they had too many parts, or a lane with a part of them has not
    /// been heard of for long. From then on nothing of them is lent. The same again until HQ has taken them.
    pub fn standing_ended(&self, now_ms: i64) -> Result<Vec<StandingEnded>, BookError> {
        self.write(|writing| {
            writing.execute(
                "UPDATE standing SET is_closed = 1 WHERE is_closed = 0 AND (until_ms <= ?1
                 OR (SELECT count(*) FROM standing_part AS part WHERE part.lease = standing.lease) >= ?2
                 OR EXISTS (SELECT 1 FROM standing_part AS part WHERE part.lease = standing.lease
                     AND ended_seq IS NULL AND part.until_ms < ?3))",
                params![
                    now_ms.saturating_add(CLAIM_MARGIN_MS),
                    STANDING_PARTS_MAX,
                    now_ms.saturating_sub(SILENT_MS)
                ],
            )?;
            // Those that can be ended at once come first.
            let mut found = ended(writing, ("is_closed = 1 AND NOT", ""), STANDING_ENDED_MAX)?;
            let room = STANDING_ENDED_MAX - found.len();
            found.extend(ended(writing, ("is_closed = 1 AND", ""), room)?);
            Ok(found)
        })
    }

    /// Gives back to HQ what the store has of a member's points, where no part of it is out: the member stands at a lane of
    /// this store, and HQ can be asked. From then on nothing of it is lent here.
    pub fn close_standing(&self, member: &str) -> Result<Vec<StandingEnded>, BookError> {
        self.write(|writing| {
            let found = ended(writing, ("member = ?1 AND NOT", member), STANDING_ENDED_MAX)?;
            for closed in &found {
                writing.execute("UPDATE standing SET is_closed = 1 WHERE lease = ?1", [&closed.lease])?;
            }
            Ok(found)
        })
    }

    /// How many leases the store has, and how many points of them are left to lend.
    pub fn standing(&self) -> Result<(u64, i64), BookError> {
        let sql = format!(
            "SELECT count(*), coalesce(sum(max(points - coalesce(
                 (SELECT sum({USED}) FROM standing_part AS part WHERE part.lease = standing.lease), 0), 0)), 0)
             FROM standing WHERE is_closed = 0"
        );
        Ok(self.connection().query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }
}

fn know_guest(writing: &Transaction<'_>, lease: &str, guest: &StandingGuest) -> Result<(), BookError> {
    let body = serde_json::to_string(&guest.member).expect("plain data serialises");
    writing.execute(
        "INSERT INTO standing_guest (lease, member) VALUES (?1, ?2)
         ON CONFLICT (lease) DO UPDATE SET member = excluded.member",
        params![lease, body],
    )?;
    writing.execute("DELETE FROM standing_code WHERE lease = ?1", [lease])?;
    for code in guest.codes.iter().take(STANDING_CODES_MAX) {
        writing.execute(
            "INSERT INTO standing_code (code, lease) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![code, lease],
        )?;
    }
    Ok(())
}

/// The leases of a kind, the first to end first. `which` ends with whether a part of them is to be out.
fn ended(
    writing: &Transaction<'_>,
    (which, member): (&str, &str),
    limit: usize,
) -> Result<Vec<StandingEnded>, BookError> {
    let mut select = writing.prepare_cached(&format!(
        "SELECT lease, member FROM standing WHERE ?1 = ?1 AND {which} EXISTS (
             SELECT 1 FROM standing_part AS part WHERE part.lease = standing.lease AND ended_seq IS NULL)
         ORDER BY until_ms, lease LIMIT ?2"
    ))?;
    let rows = select
        .query_map(params![member, limit], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let rows: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut found = Vec::new();
    for (lease, member) in rows {
        let journals = journals(writing, &lease)?;
        let waits = journals.is_none();
        found.push(StandingEnded { lease, member, journals: journals.unwrap_or_default(), waits });
    }
    Ok(found)
}
