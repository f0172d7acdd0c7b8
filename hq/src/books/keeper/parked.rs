//! Baskets that lanes put aside: any lane of the store may take one up, one
//! lane at a time. What two took up all the same is listed.

use domain::shift::PARKED_MAX;
use protocol::ask::{Answer, PARKED_TOLD_MAX, PARKED_TOLD_MS, ParkedGone, ParkedRefused, ParkedShown};
use protocol::event::{self, Fact, Parked, ParkedId};
use serde::{Deserialize, Serialize};

use super::{Keeper, Kept, read, written};
use crate::books::LaneId;
use crate::books::held::{NotClaimed, ParkedBook};
use crate::store::{BookKey, BookKind, JournalKey, Reading, StoreError};

/// How long a parked basket is one lane's to take up, milliseconds: it does so at once.
pub const PARKED_CLAIM_MS: i64 = 2 * 60_000;

/// Open parked baskets of a store that are looked at for a list: so many at a time,
const LOOKED_AT_MAX: u32 = 1_000;

/// and so many times.
const LOOKS_MAX: usize = 20;

/// Epochs of a lane that are gone back through for one of its baskets.
const EPOCHS_BACK_MAX: u32 = 64;

/// A parked basket as it is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Row {
    book: ParkedBook,
    /// What lies in it; nothing once it was taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parked: Option<Parked>,
}

fn part(id: ParkedId) -> String {
    format!("{}/{}/{}", id.lane, id.epoch, id.number)
}

fn id_of(part: &str) -> Option<ParkedId> {
    let mut parts = part.split('/').map(|part| part.parse::<u32>().ok());
    Some(ParkedId { lane: parts.next()??, epoch: parts.next()??, number: parts.next()?? })
}

/// Whether a lane's journal of an epoch goes on from the one before, parked
/// baskets included.
fn goes_on(reading: &Reading<'_>, store: &str, lane: u32, epoch: u32) -> Result<bool, StoreError> {
    let first = reading.events_after(JournalKey { store, lane, epoch }, 0, 1)?;
    let event = first.first().and_then(|(_, bytes)| event::decode(bytes).ok());
    Ok(event.is_some_and(|event| matches!(event.fact, Fact::EpochBegun { .. })))
}

/// Whether a basket is of the journal that a lane has now, so that the lane itself knows best what became of it. A journal
/// of which nothing is filed yet may go on from the one before.
fn is_own(reading: &Reading<'_>, lane: &LaneId, epoch: u32, id: ParkedId) -> Result<bool, StoreError> {
    if id.lane != lane.lane {
        return Ok(false);
    }
    let mut at = epoch;
    for _ in 0..EPOCHS_BACK_MAX {
        if at == id.epoch {
            return Ok(true);
        }
        let key = JournalKey { store: &lane.store, lane: lane.lane, epoch: at };
        let is_unheard = reading.journal_head(key)?.acknowledged == 0;
        if at <= 1 || !(is_unheard || goes_on(reading, &lane.store, lane.lane, at)?) {
            return Ok(false);
        }
        at -= 1;
    }
    Ok(false)
}

/// As what a basket is kept that a lane knows under the epoch of its journal
/// now; `None` where nobody was told of it.
fn known_as(reading: &Reading<'_>, store: &str, id: ParkedId) -> Result<Option<ParkedId>, StoreError> {
    let mut id = id;
    for _ in 0..EPOCHS_BACK_MAX {
        let part = part(id);
        for kind in [BookKind::Parked, BookKind::ParkedEnded] {
            if reading.book(BookKey { owner: store, kind, part: &part })?.is_some() {
                return Ok(Some(id));
            }
        }
        if id.epoch <= 1 || !goes_on(reading, store, id.lane, id.epoch)? {
            return Ok(None);
        }
        id.epoch -= 1;
    }
    Ok(None)
}

/// The lane, other than one, that took a basket up.
fn taken_by_other(row: &Row, lane: u32) -> Option<u32> {
    row.book.ends.iter().map(|end| end.lane).find(|by| *by != lane)
}

/// The parked baskets of a store that a lane may take up beside its own
/// (`own`, by number), and those of its own that others took up.
pub fn parked_listed(
    reading: &Reading<'_>,
    lane: &LaneId,
    epoch: u32,
    own: &[u32],
    now_ms: i64,
) -> Result<Answer, StoreError> {
    let store = lane.store.as_str();
    let (mut gone, mut own_ids) = (Vec::new(), Vec::new());
    for number in own.iter().take(PARKED_MAX) {
        let Some(id) = known_as(reading, store, ParkedId { lane: lane.lane, epoch, number: *number })? else {
            continue;
        };
        own_ids.push(id);
        let ended = reading.book(BookKey { owner: store, kind: BookKind::ParkedEnded, part: &part(id) })?;
        let ended: Option<Kept<Row>> = ended.map(|body| read("book", &body)).transpose()?;
        if let Some(by) = ended.and_then(|row| taken_by_other(&row.state, lane.lane)) {
            gone.push(ParkedGone { number: *number, lane: by });
        }
    }
    let mut baskets = Vec::new();
    let mut after = String::new();
    for _ in 0..LOOKS_MAX {
        let more = reading.books_of_after(store, BookKind::Parked, &after, LOOKED_AT_MAX)?;
        let Some((last, _)) = more.last() else { break };
        last.clone_into(&mut after);
        for (part, body) in more {
            let Some(id) = id_of(&part).filter(|id| !own_ids.contains(id)) else { continue };
            // The lane took it up, and what it wrote of that has not come yet.
            if is_own(reading, lane, epoch, id)? {
                continue;
            }
            let row: Kept<Row> = read("book", &body)?;
            let is_held = row.state.book.claim.as_ref().is_some_and(|claim| claim.lane != *lane);
            match &row.state.parked {
                Some(parked) if !is_held && now_ms - parked.at_ms <= PARKED_TOLD_MS => {
                    baskets.push(ParkedShown::of(id, parked));
                }
                Some(_) | None => {}
            }
        }
    }
    baskets.sort_by_key(|basket| std::cmp::Reverse((basket.at_ms, basket.id)));
    baskets.truncate(PARKED_TOLD_MAX);
    Ok(Answer::ParkedBaskets { baskets, gone })
}

impl Keeper<'_, '_> {
    /// A lane put a basket aside and says what lies in it. Says whether that is new.
    pub(super) fn offer_parked(
        &self,
        key: JournalKey<'_>,
        (source, at_ms): (&str, i64),
        parked: &Parked,
    ) -> Result<bool, StoreError> {
        let part = part(ParkedId { lane: key.lane, epoch: key.epoch, number: parked.number });
        for kind in [BookKind::Parked, BookKind::ParkedEnded] {
            // Another lane may have been lent it by the store's relay, and be heard of first.
            if self.take::<Kept<Row>>(BookKey { owner: key.store, kind, part: &part })?.is_some() {
                return Ok(false);
            }
        }
        let book = BookKey { owner: key.store, kind: BookKind::Parked, part: &part };
        let kept = Kept {
            entries: 1,
            state: Row { book: ParkedBook::default(), parked: Some(parked.clone()) },
            claim: None,
        };
        self.enter(book, 1, (source, at_ms), 0, &serde_json::json!({ "do": "park" }))?;
        self.writing.put_book(book, &written(&kept))?;
        Ok(true)
    }

    /// A lane took up a basket of its own. Says whether that is new to a book.
    pub(super) fn recall_parked(
        &self,
        key: JournalKey<'_>,
        (source, at_ms): (&str, i64),
        number: u32,
    ) -> Result<bool, StoreError> {
        let id = ParkedId { lane: key.lane, epoch: key.epoch, number };
        match known_as(self.writing, key.store, id)? {
            Some(id) => self.end_parked(key.store, id, key.lane, (source, at_ms)),
            // Nobody else was told of it.
            None => Ok(false),
        }
    }

    /// A lane took a basket up. Where another did before, both have it, and
    /// that is listed. Says whether it is new.
    pub(super) fn end_parked(
        &self,
        store: &str,
        id: ParkedId,
        lane: u32,
        (source, at_ms): (&str, i64),
    ) -> Result<bool, StoreError> {
        let part = part(id);
        let open = BookKey { owner: store, kind: BookKind::Parked, part: &part };
        let ended = BookKey { owner: store, kind: BookKind::ParkedEnded, part: &part };
        let was_open: Option<Kept<Row>> = self.take(open)?;
        let mut kept: Kept<Row> = self.take(ended)?.unwrap_or_default();
        if let Some(claim) = was_open.as_ref().and_then(|row| row.state.book.claim.as_ref()) {
            self.writing.end_hold(&claim.lane, open, "")?;
        }
        if kept.state.book.ends.iter().any(|end| end.source == source) {
            return Ok(false);
        }
        if let Some(parked) = was_open.as_ref().and_then(|row| row.state.parked.as_ref())
            && lane != id.lane
        {
            // Its coupons are shown again at the lane that took it up.
            let owner = LaneId { store: store.to_owned(), lane: id.lane };
            for coupon in &parked.coupons {
                self.release_coupon(&owner, &coupon.code, source)?;
            }
        }
        if let Some(before) = kept.state.book.end(lane, source) {
            let what = serde_json::json!({ "taken_up_twice": part, "before": before });
            self.list(store, source, ended, &what)?;
        }
        kept.entries += 1;
        self.enter(
            ended,
            kept.entries,
            (source, at_ms),
            0,
            &serde_json::json!({ "do": "take", "lane": lane }),
        )?;
        self.writing.put_book(ended, &written(&kept))?;
        if was_open.is_some() {
            self.writing.remove_book(open)?;
        }
        Ok(true)
    }

    /// Lets a lane alone take up a basket, for a while.
    pub fn claim_parked(&self, lane: &LaneId, asked: ParkedId) -> Result<Answer, StoreError> {
        let refuse = |why| Ok(Answer::ParkedNotClaimed { why });
        let id = match asked.lane == lane.lane {
            true => known_as(self.writing, &lane.store, asked)?.unwrap_or(asked),
            false => asked,
        };
        let part = part(id);
        let open = BookKey { owner: &lane.store, kind: BookKind::Parked, part: &part };
        let Some(mut kept) = self.take::<Kept<Row>>(open)? else {
            let ended = BookKey { owner: &lane.store, kind: BookKind::ParkedEnded, part: &part };
            let ended: Option<Kept<Row>> = self.take(ended)?;
            return match ended.and_then(|row| taken_by_other(&row.state, lane.lane)) {
                Some(by) => refuse(ParkedRefused::Gone { lane: by }),
                None => refuse(ParkedRefused::Unknown {}),
            };
        };
        let until_ms = self.now_ms.saturating_add(PARKED_CLAIM_MS);
        match kept.state.book.claim(lane, until_ms) {
            Err(NotClaimed::Held) => {
                let by = kept.state.book.claim.as_ref().map_or(0, |claim| claim.lane.lane);
                return refuse(ParkedRefused::Held { lane: by });
            }
            Err(NotClaimed::Used) => return refuse(ParkedRefused::Unknown {}),
            Ok(()) => {}
        }
        let Some(parked) = kept.state.parked.clone() else { return refuse(ParkedRefused::Unknown {}) };
        self.put_claimed(open, &mut kept, lane, until_ms)?;
        Ok(Answer::ParkedClaimed { id, parked: Box::new(parked), until_ms })
    }

    /// A lane does not take a basket up after all.
    pub fn release_parked(&self, lane: &LaneId, id: ParkedId, source: &str) -> Result<(), StoreError> {
        let id = match id.lane == lane.lane {
            true => known_as(self.writing, &lane.store, id)?.unwrap_or(id),
            false => id,
        };
        self.release_parked_part(lane, &part(id), source)
    }

    pub(super) fn release_parked_part(
        &self,
        lane: &LaneId,
        part: &str,
        source: &str,
    ) -> Result<(), StoreError> {
        let open = BookKey { owner: &lane.store, kind: BookKind::Parked, part };
        let Some(mut kept) = self.take::<Kept<Row>>(open)? else { return Ok(()) };
        if kept.state.book.release(lane) {
            self.put_released(open, &mut kept, lane, source)?;
        }
        Ok(())
    }
}
