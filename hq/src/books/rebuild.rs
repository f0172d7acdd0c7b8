//! Makes the books again: from the filed events what is missing in them, and
//! from their entries what they say.

use protocol::event::Event;
use serde::{Deserialize, Serialize};

use super::counting;
use super::keeper::Keeper;
use crate::intake;
use crate::store::{BookKind, JournalKey, Store, StoreError};

/// Events, or members, that are looked at in one transaction.
const AT_A_TIME: u32 = 500;

/// What making the books again has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebuiltBooks {
    /// Events that were read.
    pub events: u64,
    /// Members' accounts that were made again.
    pub accounts: u64,
    /// Documents that stood in no book.
    pub missing: u64,
    /// Accounts that said something else than their entries.
    pub differing: u64,
}

/// Looks through every event and every account, and puts right what is wrong.
/// `now_ms` is HQ's clock, milliseconds UTC.
pub fn rebuild(store: &Store, now_ms: i64) -> Result<RebuiltBooks, StoreError> {
    let mut done = RebuiltBooks::default();
    for epoch in store.read::<_, StoreError>(|reading| reading.lane_epochs())? {
        let key = JournalKey { store: &epoch.store, lane: epoch.lane, epoch: epoch.epoch };
        let mut after = 0;
        loop {
            let (last, events, missing) = store.write::<_, StoreError>(|writing| {
                let keeper = Keeper::new(writing, now_ms)?;
                let events = writing.events_after(key, after, AT_A_TIME)?;
                let mut missing = 0;
                for (seq, bytes) in &events {
                    // What cannot be used is in quarantine, and in no book.
                    let Ok(event) = intake::read_event(key, *seq, bytes) else { continue };
                    let event: &Event = &event;
                    missing += u64::from(keeper.file_again(key, event)?);
                }
                if missing > 0 {
                    counting::post_due(writing, key.store, now_ms)?;
                }
                Ok((events.last().map(|(seq, _)| *seq), events.len() as u64, missing))
            })?;
            done.events += events;
            done.missing += missing;
            let Some(last) = last else { break };
            after = last;
        }
    }
    for kind in [BookKind::Points, BookKind::Value] {
        make_accounts_again(store, kind, now_ms, &mut done)?;
    }
    Ok(done)
}

/// Makes all accounts of a kind again from their entries.
fn make_accounts_again(
    store: &Store,
    kind: BookKind,
    now_ms: i64,
    done: &mut RebuiltBooks,
) -> Result<(), StoreError> {
    let mut after = String::new();
    loop {
        let members =
            store.read::<_, StoreError>(|reading| reading.books_after(kind, (&after, ""), AT_A_TIME))?;
        let Some((last, _)) = members.last() else { return Ok(()) };
        last.clone_into(&mut after);
        done.accounts += members.len() as u64;
        done.differing += store.write::<_, StoreError>(|writing| {
            let keeper = Keeper::new(writing, now_ms)?;
            let mut differing = 0;
            for (member, _) in &members {
                let differs = match kind {
                    BookKind::Value => keeper.make_value_again(member)?,
                    _ => keeper.make_again(member)?,
                };
                differing += u64::from(differs);
            }
            Ok(differing)
        })?;
    }
}
