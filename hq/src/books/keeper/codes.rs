//! Phones' baskets and exit codes: one lane of a store at a time may use one up, and each works once. What two lanes used
//! all the same is listed.

use protocol::ask::{Answer, CodeTaken};
use protocol::event;

use super::{Keeper, Kept, origin_of};
use crate::books::LaneId;
use crate::books::held::{CodeBook, NotClaimed};
use crate::store::{BookKey, BookKind, StoreError};

/// How long a code is one lane's to use up, milliseconds: it does so at once.
pub const CODE_CLAIM_MS: i64 = 2 * 60_000;

/// Entries of a code's book that are looked at for the moment of its first use: it is claimed a few times at most.
const ENTRIES_MAX: u32 = 64;

/// The code that a phone showed and that was used up, with what it was.
pub(super) fn used_code(fact: &event::Phone) -> Option<(&'static str, &str)> {
    match fact {
        event::Phone::BasketTaken { basket } => Some(("basket", &basket.id)),
        event::Phone::ExitChecked { exit, .. } => Some(("exit", &exit.id)),
        event::Phone::DifferencesSeen {}
        | event::Phone::ExitAudited { .. }
        | event::Phone::Refused { .. } => None,
    }
}

impl CodeBook {
    /// Takes it out of its row.
    fn of(kept: &mut Kept<Vec<String>>) -> Self {
        Self { claim: kept.claim.take(), uses: std::mem::take(&mut kept.state) }
    }

    /// Puts it into its row.
    fn keep(self, kept: &mut Kept<Vec<String>>) {
        (kept.claim, kept.state) = (self.claim, self.uses);
    }
}

impl Keeper<'_, '_> {
    /// Lets a lane alone use up a code, for a while.
    pub fn claim_code(&self, lane: &LaneId, id: &str) -> Result<Answer, StoreError> {
        let key = BookKey { owner: &lane.store, kind: BookKind::PhoneCode, part: id };
        let mut kept: Kept<Vec<String>> = self.take(key)?.unwrap_or_default();
        let mut book = CodeBook::of(&mut kept);
        let until_ms = self.now_ms.saturating_add(CODE_CLAIM_MS);
        let why = match book.claim(lane, until_ms) {
            Ok(()) => {
                book.keep(&mut kept);
                self.put_claimed(key, &mut kept, lane, until_ms)?;
                return Ok(Answer::CodeClaimed { until_ms });
            }
            Err(NotClaimed::Held) => {
                CodeTaken::Held { lane: book.claim.as_ref().map_or(0, |claim| claim.lane.lane) }
            }
            Err(NotClaimed::Used) => {
                let first = book.uses.first().map(String::as_str).unwrap_or_default();
                let entries = self.writing.book_entries(key, 0, ENTRIES_MAX)?;
                let at_ms = entries.iter().find(|entry| entry.source == first).map(|entry| entry.at_ms);
                CodeTaken::Used { lane: origin_of(first).map_or(0, |origin| origin.lane), at_ms }
            }
        };
        Ok(Answer::CodeNotClaimed { why })
    }

    /// A lane does not use a code up after all.
    pub fn release_code(&self, lane: &LaneId, id: &str, source: &str) -> Result<(), StoreError> {
        let key = BookKey { owner: &lane.store, kind: BookKind::PhoneCode, part: id };
        let Some(mut kept) = self.take::<Kept<Vec<String>>>(key)? else { return Ok(()) };
        let mut book = CodeBook::of(&mut kept);
        if book.release(lane) {
            book.keep(&mut kept);
            self.put_released(key, &mut kept, lane, source)?;
        }
        Ok(())
    }

    /// A phone's code was used. Each works once: a second use, of lanes that could not ask, is listed.
    pub(super) fn use_code(
        &self,
        lane: &LaneId,
        (source, at_ms): (&str, i64),
        what: &str,
        id: &str,
    ) -> Result<(), StoreError> {
        let key = BookKey { owner: &lane.store, kind: BookKind::PhoneCode, part: id };
        if self.writing.has_book_source(key, source)? {
            return Ok(());
        }
        let mut kept: Kept<Vec<String>> = self.take(key)?.unwrap_or_default();
        let mut book = CodeBook::of(&mut kept);
        if let Some(claim) = &book.claim {
            self.writing.end_hold(&claim.lane, key, "")?;
        }
        let before = book.use_up(source);
        book.keep(&mut kept);
        if !before.is_empty() {
            let wrong = serde_json::json!({ "phone_code": what, "used_before": before });
            self.list(&lane.store, source, key, &wrong)?;
        }
        kept.entries += 1;
        self.enter(key, kept.entries, (source, at_ms), 1, &serde_json::json!({ "use": what }))?;
        self.writing.put_book(key, &super::written(&kept))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::books::held::Claim;

    /// As programs of before read a code's row.
    #[derive(Deserialize)]
    struct Before {
        entries: u64,
        state: Vec<String>,
    }

    #[test]
    fn a_program_of_before_reads_a_code_that_is_claimed() {
        let claim =
            Claim { lane: LaneId { store: "S001".to_owned(), lane: 3 }, until_ms: 1, left_behind: false };
        let mut kept = Kept { entries: 2, ..Kept::default() };
        CodeBook { claim: Some(claim), uses: vec!["S001/3/1/9".to_owned()] }.keep(&mut kept);
        let row = super::super::written(&kept);
        let before: Before = serde_json::from_str(&row).expect("a row of before");
        assert_eq!((before.entries, before.state), (2, vec!["S001/3/1/9".to_owned()]));
        let mut again: Kept<Vec<String>> = serde_json::from_str(&row).expect("a row");
        assert!(CodeBook::of(&mut again).claim.is_some());
    }
}
