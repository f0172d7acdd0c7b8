//! Faces that are sent again by condition: asks the running agent, which has the gateways, label by label.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use domain::label::LabelNumber;
use ledger::reference::ReferenceError;
use ledger::reference::shelf::{LabelCondition, LabelList, SHELF_PAGE_MAX, Shelf};
use protocol::ask::{ASK_VERSION, Answer, Answered, Asked, FrameError, FrameReader, Question, encode_frame};

use crate::place::Place;

/// How long the agent may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Bytes that are read at one time.
const READ_AT_ONCE: usize = 4_096;

/// Why not all labels were sent again.
#[derive(Debug, thiserror::Error)]
pub enum ResendError {
    /// The reference cannot be read.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// There is nothing known of labels.
    #[error("send labels again: the lane knows of no labels yet")]
    NoLabels,
    /// The agent does not run, or not here.
    #[error("send labels again: ask the agent at {socket}; does it run?")]
    Agent {
        /// Where it listens.
        socket: String,
        /// Why it did not answer.
        source: std::io::Error,
    },
    /// What it said is no answer.
    #[error("send labels again: the agent's answer")]
    Frame(#[from] FrameError),
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resent {
    /// Labels that stand so.
    pub found: u64,
    /// Those whose face is on its way again.
    pub asked: u64,
}

/// Has every label of this condition sent its face again.
///
/// # Errors
/// The agent does not run, or ends in the midst of it; what it took until then is on its way.
pub fn resend(data: &Path, condition: LabelCondition) -> Result<Resent, ResendError> {
    let place = Place::new(data);
    let shelf = Shelf::open(&place.reference())?.ok_or(ResendError::NoLabels)?;
    let numbers = numbers(&shelf, condition)?;
    let mut resent = Resent { found: numbers.len() as u64, asked: 0 };
    if numbers.is_empty() {
        return Ok(resent);
    }
    let socket = place.socket();
    let failed = |source| ResendError::Agent { socket: socket.display().to_string(), source };
    let mut line = UnixStream::connect(&socket).map_err(failed)?;
    line.set_read_timeout(Some(ANSWER_WITHIN)).map_err(failed)?;
    let mut reader = FrameReader::default();
    for (place, label) in (1..).zip(numbers) {
        let question = Question::ResendLabel { label: label.to_string() };
        let frame = encode_frame(&Asked { v: ASK_VERSION, number: place, question })?;
        line.write_all(&frame).map_err(failed)?;
        let answered = loop {
            if let Some(answered) = reader.message::<Answered>()? {
                break answered;
            }
            let mut bytes = [0; READ_AT_ONCE];
            match line.read(&mut bytes).map_err(failed)? {
                0 => return Err(failed(std::io::ErrorKind::UnexpectedEof.into())),
                read => reader.push(&bytes[..read]),
            }
        };
        resent.asked += u64::from(answered.answer == Answer::LabelAsked {});
    }
    Ok(resent)
}

/// All of a condition, read before the first is sent: what is sent stands so no more.
fn numbers(shelf: &Shelf, condition: LabelCondition) -> Result<Vec<LabelNumber>, ReferenceError> {
    let mut numbers = Vec::new();
    loop {
        let page = shelf.list(LabelList::In(condition), numbers.len(), SHELF_PAGE_MAX)?;
        let is_last = page.len() < SHELF_PAGE_MAX;
        numbers.extend(page.into_iter().map(|listed| listed.number));
        if is_last {
            return Ok(numbers);
        }
    }
}
