//! One connection to a printer: what is asked and heard on it, and how long it is waited for. What is printed, and when,
//! is the [`device`](super::device)'s.

use std::time::Duration;

use super::device::PrinterConfig;
use super::reply::{QUESTIONS, Replies};
use crate::frame::Deadline;
use crate::frame::port::Wire;
use crate::frame::supervisor::Lost;

/// How long a printer known to wait for paper may fall silent before the connection counts as lost: a printer whose
/// memory is full answers no more until the roll is changed.
const BLOCKED_SILENCE_MAX: Duration = Duration::from_secs(1_800);
/// How long to wait, after the last byte, for a printer that answers nothing to close its side.
const LINGER: Duration = Duration::from_millis(500);
/// Room for what a printer says at once.
const READ_BUFFER_LENGTH: usize = 256;

/// How long a printer is waited for that does not go on: longer where it is known to wait for somebody.
pub(super) struct Patience {
    usual: Duration,
    is_blocked: bool,
    deadline: Deadline,
}

impl Patience {
    pub(super) fn new(usual: Duration) -> Self {
        Self { usual, is_blocked: false, deadline: Deadline::after(usual) }
    }

    /// Takes in whether the printer waits for somebody now; a change of that begins the wait anew.
    pub(super) fn note(&mut self, is_blocked: bool) {
        if self.is_blocked != is_blocked {
            self.is_blocked = is_blocked;
            self.renew();
        }
    }

    pub(super) fn renew(&mut self) {
        self.deadline = Deadline::after(if self.is_blocked { BLOCKED_SILENCE_MAX } else { self.usual });
    }

    pub(super) fn is_over(&self) -> bool {
        self.deadline.has_passed()
    }
}

/// One connection to the printer and what was heard on it.
pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) replies: Replies,
    pub(super) has_answered: bool,
}

impl Connection {
    pub(super) fn open(config: &PrinterConfig) -> Result<Self, Lost> {
        let wire = config.open()?;
        Ok(Self { wire, replies: Replies::default(), has_answered: false })
    }

    /// Asks everything about the printer's state, unless answers are still owed; says whether any are now.
    pub(super) fn ask(&mut self) -> Result<bool, Lost> {
        if self.replies.waiting() == 0 {
            // DLE EOT n, one after the other.
            let questions: Vec<u8> = QUESTIONS.iter().flat_map(|&question| [0x10, 0x04, question]).collect();
            match self.wire.write(&questions)? {
                // The printer's memory and ours are full: it cannot be asked now.
                0 => return Ok(false),
                count => self.wire.write_all(&questions[count..])?,
            }
            for question in QUESTIONS {
                self.replies.asked(question);
            }
        }
        Ok(true)
    }

    /// Takes what the printer says within one tick.
    pub(super) fn listen(&mut self) -> Result<(), Lost> {
        let mut buffer = [0_u8; READ_BUFFER_LENGTH];
        let count = self.wire.read(&mut buffer)?;
        for &byte in &buffer[..count] {
            self.replies.take(byte);
        }
        Ok(())
    }

    /// Closes our side and waits a little for the other: closing with unread answers would discard what is on its way.
    pub(super) fn linger(&mut self) {
        let deadline = Deadline::after(LINGER);
        if self.wire.finish() {
            while !deadline.has_passed() && self.listen().is_ok() {}
        }
    }
}
