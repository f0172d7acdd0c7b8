//! What the lane's own journal says of labels: read as soon as it is written,
//! so that a label that was bound is in use with HQ down.

use std::path::PathBuf;

use domain::label::LabelNumber;
use domain::record::Record;
use ledger::journal::{Identity, JournalReader, OpenJournalError, ReadJournalError};
use ledger::reference::shelf::{ShelfChanges, ShelfPosition};
use protocol::event::{self, Event};
use protocol::pull::{Label, LabelStamp, LabelWaiver};

/// Events that are read at one time.
const EVENTS_AT_A_TIME: usize = 1_000;

/// Bytes of events that are read at one time.
const BYTES_AT_A_TIME: usize = 8 << 20;

/// What every event about labels has in its bytes, and few others.
const MARK: &[u8] = b"\"type\":\"label";

/// Why the journal was not read.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenJournalError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadJournalError),
}

/// The lane's journal, as far as labels care.
#[derive(Debug)]
pub struct Facts {
    path: PathBuf,
    lane: Identity,
    open: Option<(JournalReader, i64)>,
    position: ShelfPosition,
}

impl Facts {
    /// Begins after what was read before.
    pub fn new(path: PathBuf, lane: Identity, position: ShelfPosition) -> Self {
        Self { path, lane, open: None, position }
    }

    /// What is new since this was asked last, as it is to be written; `None`
    /// where nothing about labels is. It is read once.
    pub fn read(&mut self) -> Result<Option<ShelfChanges>, FactsError> {
        if self.open.is_none() {
            let Some(reader) = JournalReader::open(&self.path)? else { return Ok(None) };
            let found = reader.identity();
            // The one that pushes it says what is wrong.
            if (&found.store, found.lane) != (&self.lane.store, self.lane.lane) {
                return Ok(None);
            }
            self.open = Some((reader, i64::MIN));
        }
        let mut position = self.position;
        let Some((reader, seen)) = &mut self.open else { return Ok(None) };
        let version = reader.data_version().map_err(ReadJournalError::from)?;
        if std::mem::replace(seen, version) == version {
            return Ok(None);
        }
        let mut changes = ShelfChanges::default();
        let mut epochs = reader.epochs()?;
        epochs.retain(|epoch| *epoch >= position.epoch);
        for epoch in epochs {
            reader.turn_to(epoch);
            let mut after = if epoch == position.epoch { position.seq } else { 0 };
            loop {
                let entries = reader.entries_after(after, EVENTS_AT_A_TIME, BYTES_AT_A_TIME)?;
                let Some(last) = entries.last() else { break };
                after = last.seq;
                for entry in &entries {
                    take_in(&mut changes, &entry.bytes);
                }
            }
            position = ShelfPosition { epoch, seq: after };
        }
        self.position = position;
        if changes == ShelfChanges::default() {
            return Ok(None);
        }
        changes.position = Some(position);
        Ok(Some(changes))
    }

    /// The journal may be another file by now.
    pub fn forget_file(&mut self) {
        self.open = None;
    }

    /// How far it was read.
    pub fn position(&self) -> ShelfPosition {
        self.position
    }

    /// What was read after a position was not kept, and is to be read again.
    pub fn go_back(&mut self, position: ShelfPosition) {
        self.position = position;
        self.open = None;
    }
}

fn take_in(changes: &mut ShelfChanges, bytes: &[u8]) {
    if !bytes.windows(MARK.len()).any(|window| window == MARK) {
        return;
    }
    // What this program does not understand, HQ sets aside.
    let Ok(event) = event::decode(bytes) else { return };
    let Ok(record) = event.record() else { return };
    let (labels, waiver) = of(&event, &record);
    changes.labels.extend(labels);
    changes.waivers.extend(waiver);
}

/// What a record says of labels.
// A record about anything else says nothing of them.
#[allow(clippy::wildcard_enum_match_arm)]
fn of(event: &Event, record: &Record) -> (Vec<(LabelNumber, Label)>, Option<LabelWaiver>) {
    let stamp = LabelStamp { at_ms: event.at_ms, lane: event.lane, epoch: event.epoch, seq: event.seq };
    match record {
        Record::LabelBound { binding, .. } => {
            (vec![(binding.label.clone(), Label::bound(&binding.into(), stamp))], None)
        }
        Record::LabelUnbound { label, .. } => (vec![(label.clone(), Label::unbound(false, stamp))], None),
        Record::LabelReplaced { old, binding, .. } => {
            let new = (binding.label.clone(), Label::bound(&binding.into(), stamp));
            (vec![(old.clone(), Label::unbound(true, stamp)), new], None)
        }
        Record::LabelsWaived { item, .. } => (Vec::new(), Some(LabelWaiver { item: item.into(), stamp })),
        _ => (Vec::new(), None),
    }
}
