//! A training: the same till, goods and devices, and a journal of its own that nobody books.
//!
//! Its lane has an epoch that no lane comes to, so that no number of it is one of a real sale: a paper of a training that
//! is brought back is a receipt that neither lane nor HQ knows.

use drivers::printer::{Document, Row};
use ledger::journal::Identity;
use ledger::reference::{AgentState, Position};

use crate::config::Language;

/// The epoch of trainings.
pub const TRAINING_EPOCH: u32 = u32::MAX;

/// What the agent knows, as a training sees it: goods and HQ, but nothing of how far this lane's journal is sent.
pub(super) fn apart(state: AgentState) -> AgentState {
    let identity = state.identity.map(|identity| Identity { epoch: TRAINING_EPOCH, ..identity });
    AgentState { identity, position: Position::default(), alarm: None, ..state }
}

/// A paper of a training: says so above and below, and has no code that a scanner could bring back.
pub(super) fn marked(document: Document, language: Language) -> Document {
    let (title, below) = match language {
        Language::Zh => ("培训", "培训小票，不作凭证"),
        Language::En => ("TRAINING", "Training: not a receipt"),
    };
    let mut rows = Document::new().title(title).centred(below).rule().rows;
    let (cuts, said): (Vec<Row>, Vec<Row>) =
        document.rows.into_iter().partition(|row| matches!(row, Row::Cut));
    rows.extend(said.into_iter().filter(|row| !matches!(row, Row::Qr { .. } | Row::Barcode { .. })));
    rows.extend(Document::new().rule().centred(below).rows);
    rows.extend(cuts);
    Document { rows }
}
