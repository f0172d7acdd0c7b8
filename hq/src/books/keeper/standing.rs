//! Points that are lent to a store as a whole, for when HQ is out of reach: its relay lends parts of them to lanes.
//!
//! Such a lease ends when the relay accounts for its parts, or when no lane of the store can spend of it any more by what
//! the lanes' own journals say. A lane that was written off is not waited for.

use protocol::enrol::RELAY_LANE;
use protocol::event::{self, Event};
use protocol::standing::{StandingEnded, StandingLease};

use super::{CLOCK_SKEW_MS, Keeper, points_key};
use crate::books::LaneId;
use crate::books::points::{Operation, Settled};
use crate::store::{BookKind, JournalKey, StoreError};

/// So many leases of a store end in one transaction; the rest waits for the next.
pub const STANDING_ENDS_AT_A_TIME: u32 = 50;

/// A store's lanes are looked at for leases that are over once for so many events of a lane.
const LOOK_EVERY_EVENTS: u64 = 16;

/// The relay of a store, as books name it.
fn relay_of(store: &str) -> LaneId {
    LaneId { store: store.to_owned(), lane: RELAY_LANE }
}

impl Keeper<'_, '_> {
    /// Lends a store's relay a share of a member's points, renews what it has, or makes it up to the share. `instance` is
    /// the relay's book. `None` where nothing can be lent.
    pub fn stand(
        &self,
        store: &str,
        member: &str,
        instance: &str,
    ) -> Result<Option<StandingLease>, StoreError> {
        let (Some(terms), true) = (self.terms.standing(), self.writing.member(member)?.is_some()) else {
            return Ok(None);
        };
        let operation = Operation::Stand {
            relay: relay_of(store),
            instance: instance.to_owned(),
            percent: terms.percent,
            points_max: terms.points_max,
            until_ms: self.now_ms.saturating_add(terms.term_ms),
        };
        let source = format!("{store}/{RELAY_LANE}/standing");
        let done = self.points(member, store, (&source, self.now_ms), &operation)?;
        Ok(done.lent.map(|(lease, lent)| StandingLease {
            lease,
            member: member.to_owned(),
            points: lent.points,
            until_ms: lent.until_ms,
            guest: None,
        }))
    }

    /// A relay lends nothing of a lease any more. Where HQ has filed all in which its parts were spent, the rest goes back
    /// to the member; else it is renewed no more. Says whether the lease is over.
    pub fn end_accounted(
        &self,
        store: &str,
        instance: &str,
        ended: &StandingEnded,
    ) -> Result<bool, StoreError> {
        let Some(body) = self.writing.book(points_key(&ended.member))? else { return Ok(true) };
        let account = super::account_of(&body)?;
        let Some(lease) = account.leases().get(&ended.lease) else { return Ok(true) };
        let is_closed = match &lease.standing {
            Some(of) if lease.lane == relay_of(store) && (of == instance || of.is_empty()) => of.is_empty(),
            // It is none of this book's, and it may not end it.
            Some(_) | None => return Ok(false),
        };
        let is_filed = !ended.waits && self.has_filed(store, ended)?;
        let lease = ended.lease.clone();
        let operation = match is_filed {
            true => Operation::Settle { lease, why: Settled::Accounted },
            false if is_closed => return Ok(false),
            false => Operation::Close { lease },
        };
        let source = format!("{store}/{RELAY_LANE}/standing");
        self.points(&ended.member, store, (&source, self.now_ms), &operation)?;
        Ok(is_filed)
    }

    fn has_filed(&self, store: &str, ended: &StandingEnded) -> Result<bool, StoreError> {
        for at in &ended.journals {
            let key = JournalKey { store, lane: at.lane, epoch: at.epoch };
            if self.writing.journal_head(key)?.acknowledged < at.seq {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a lease is a store's as a whole: no lane gives it back.
    pub(super) fn is_standing(&self, member: &str, lease: &str) -> Result<bool, StoreError> {
        let Some(body) = self.writing.book(points_key(member))? else { return Ok(false) };
        let account = super::account_of(&body)?;
        Ok(account.leases().get(lease).is_some_and(|lease| lease.standing.is_some()))
    }

    /// Looks at the leases of a store now and then, as a lane's events come. `over_ms`: what ended before it is over for
    /// this lane.
    pub(super) fn look_at_standing(
        &self,
        store: &str,
        events: &[&Event],
        over_ms: i64,
    ) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
        if first.seq.saturating_sub(1) / LOOK_EVERY_EVENTS == last.seq / LOOK_EVERY_EVENTS {
            return Ok(());
        }
        self.end_standing(store, over_ms)
    }

    /// Ends the leases of a store of which no lane can spend any more: every lane that was not written off has filed
    /// something, by its own clock, after their end. Those that end after `until_ms` are not looked at.
    pub fn end_standing(&self, store: &str, until_ms: i64) -> Result<(), StoreError> {
        let relay = relay_of(store);
        if self.writing.first_holds_until(&relay, BookKind::Points, until_ms, 1)?.is_empty() {
            return Ok(());
        }
        let Some(passed_ms) = self.passed_by_all(store)? else { return Ok(()) };
        let over_ms = passed_ms.saturating_sub(CLOCK_SKEW_MS).min(until_ms);
        let limit = STANDING_ENDS_AT_A_TIME;
        let source = format!("{store}/{RELAY_LANE}/over");
        for hold in self.writing.first_holds_until(&relay, BookKind::Points, over_ms, limit)? {
            let operation = Operation::Settle { lease: hold.id.clone(), why: Settled::Over };
            self.points(&hold.owner, store, (&source, self.now_ms), &operation)?;
            // One that its book does not know is over as well.
            self.writing.end_hold(&relay, points_key(&hold.owner), &hold.id)?;
        }
        Ok(())
    }

    /// The instant that every lane of a store that counts has passed by its own clock, milliseconds UTC; `None` where one
    /// of them has said nothing yet, or nothing that can be read.
    fn passed_by_all(&self, store: &str) -> Result<Option<i64>, StoreError> {
        let mut passed_ms = self.now_ms;
        for lane in self.writing.lane_versions(store, RELAY_LANE)? {
            let epoch = self.writing.newest_epoch_filed(store, lane.lane)?;
            let key = JournalKey { store, lane: lane.lane, epoch };
            let last = self.writing.journal_head(key)?.acknowledged;
            let Some(before) = last.checked_sub(1) else { return Ok(None) };
            let events = self.writing.events_after(key, before, 1)?;
            let event = events.first().and_then(|(_, bytes)| event::decode(bytes).ok());
            let Some(event) = event else { return Ok(None) };
            passed_ms = passed_ms.min(event.at_ms);
        }
        Ok(Some(passed_ms))
    }
}
