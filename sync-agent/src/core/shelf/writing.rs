//! What of all that is known goes to the disk, and when it is there.

use domain::label::{LabelItem, LabelNumber};
use ledger::reference::shelf::{Deal, PARITY_DAYS_MAX, ParityDone, ShelfChanges};

use super::{ShelfCore, WRITTEN_LABELS_MAX};

impl ShelfCore {
    /// HQ said what goods were sold at.
    pub fn dealt(&mut self, deals: impl IntoIterator<Item = Deal>) {
        self.unwritten_deals.extend(deals);
    }

    /// All labels were held against the till.
    pub fn compared(&mut self, done: ParityDone) {
        let before = self.summary.parity.replace(done);
        if let Some(before) = before
            && self.summary.parity.as_ref().is_some_and(|done| done.day != before.day)
        {
            self.summary.parity_days.insert(0, before);
            self.summary.parity_days.truncate(PARITY_DAYS_MAX);
        }
        self.summary_changed = true;
    }

    /// Something to write; `None` while a write is under way or nothing is new.
    pub fn write(&mut self) -> Option<ShelfChanges> {
        self.reckon();
        let nothing = self.unwritten_labels.is_empty()
            && self.unwritten_items.is_empty()
            && self.unwritten_gateways.is_empty()
            && self.unwritten_deals.is_empty()
            && self.waivers_done.is_empty()
            && !self.summary_changed;
        if self.writing.is_some() || nothing {
            return None;
        }
        let numbers: Vec<LabelNumber> =
            self.unwritten_labels.iter().take(WRITTEN_LABELS_MAX).cloned().collect();
        let mut changes = ShelfChanges { is_kept: true, ..ShelfChanges::default() };
        let mut writing = Vec::new();
        for number in numbers {
            self.unwritten_labels.remove(&number);
            if let Some(label) = self.labels.get(&number) {
                changes.states.push((number.clone(), label.state.clone()));
                writing.push((number, label.revision));
            }
        }
        // Caps may lie on the disk before the faces that they are for, never
        // after: all of them go with the first labels.
        self.writing_items = std::mem::take(&mut self.unwritten_items);
        let of = |item: &LabelItem| (item.clone(), self.caps.get(item).cloned().unwrap_or_default());
        changes.caps = self.writing_items.iter().map(of).collect();
        changes.gateways = std::mem::take(&mut self.unwritten_gateways).into_iter().collect();
        changes.deals = std::mem::take(&mut self.unwritten_deals);
        changes.waivers_done = std::mem::take(&mut self.waivers_done);
        changes.summary = std::mem::take(&mut self.summary_changed).then(|| self.summary.clone());
        self.writing = Some(writing);
        Some(changes)
    }

    /// What was to be written is on disk, or is not.
    pub fn written(&mut self, changes: &ShelfChanges, is_done: bool) {
        let items = std::mem::take(&mut self.writing_items);
        let Some(writing) = self.writing.take() else { return };
        self.is_to_look = true;
        if is_done {
            for (number, revision) in writing {
                if let Some(label) = self.labels.get_mut(&number) {
                    label.durable = label.durable.max(revision);
                }
            }
            return;
        }
        self.unwritten_labels.extend(writing.into_iter().map(|(number, _)| number));
        self.unwritten_items.extend(items);
        for (host, state) in &changes.gateways {
            self.unwritten_gateways.entry(host.clone()).or_insert_with(|| state.clone());
        }
        self.unwritten_deals.extend(changes.deals.iter().cloned());
        self.waivers_done.extend(changes.waivers_done.iter().cloned());
        self.summary_changed |= changes.summary.is_some();
    }
}
