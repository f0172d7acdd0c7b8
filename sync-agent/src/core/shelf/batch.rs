//! Price changes as people follow them: how many labels one is about, and how
//! many of them show it.

use domain::label::LabelNumber;
use ledger::reference::shelf::{LabelBatch, LabelCondition};

use super::{ShelfCore, Tracked};

impl ShelfCore {
    /// Goes on with the price change that was under way, as far as the labels
    /// themselves say how far it had come.
    pub(super) fn go_on_with_batch(&mut self) {
        let last_ms = self.labels.values().map(|label| label.state.since_ms).max();
        match &mut self.summary.batch {
            Some(batch) if batch.ended_ms.is_none() => {
                batch.labels = batch.shown + batch.given_up + self.batch_open.len() as u64;
                if self.batch_open.is_empty() {
                    batch.ended_ms = last_ms.or(Some(batch.begun_ms));
                }
                self.summary_changed = true;
            }
            Some(_) | None => self.batch_open.clear(),
        }
    }

    /// A label that was given up at this time shows its face after all.
    pub(super) fn came_after_all(&mut self, given_up_ms: i64) {
        if let Some(batch) = self.summary.batch.as_mut().filter(|batch| batch.begun_ms <= given_up_ms)
            && batch.given_up > 0
        {
            (batch.given_up, batch.shown) = (batch.given_up - 1, batch.shown + 1);
            self.summary_changed = true;
        }
    }

    pub(super) fn count_in_batch(&mut self, now_ms: i64, number: &LabelNumber, condition: LabelCondition) {
        match condition {
            LabelCondition::Sending | LabelCondition::Held => {
                if self.batch_open.is_empty() {
                    self.summary.batch = Some(LabelBatch {
                        begun_ms: now_ms,
                        labels: 0,
                        shown: 0,
                        given_up: 0,
                        ended_ms: None,
                    });
                }
                if self.batch_open.insert(number.clone())
                    && let Some(batch) = &mut self.summary.batch
                {
                    batch.labels += 1;
                    self.summary_changed = true;
                }
            }
            LabelCondition::Shown
            | LabelCondition::NotSeen
            | LabelCondition::GivenUp
            | LabelCondition::NoFace
            | LabelCondition::Unbound => {
                let shows_it = self.labels.get(number).is_some_and(Tracked::shows_it);
                if self.batch_open.remove(number)
                    && let Some(batch) = &mut self.summary.batch
                {
                    match (shows_it, condition == LabelCondition::GivenUp) {
                        (true, _) => batch.shown += 1,
                        (false, true) => batch.given_up += 1,
                        // It left for another reason, and is of it no more.
                        (false, false) => batch.labels = batch.labels.saturating_sub(1),
                    }
                    batch.ended_ms = self.batch_open.is_empty().then_some(now_ms);
                    self.summary_changed = true;
                }
            }
        }
    }
}
