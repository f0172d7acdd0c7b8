//! Understands what a printer says on its line: answers to `DLE EOT` and `GS r`, and status it sends unasked. Asks
//! nothing itself.

use std::collections::VecDeque;

use crate::frame::{Health, Reason};

/// The questions of one look at a printer, in order: printer, cause of being offline, error, paper.
pub(super) const QUESTIONS: [u8; 4] = [1, 2, 3, 4];

/// Most bytes without sense that are put down to a bad contact.
const NOISE_MAX: usize = 4;

/// What is known of a printer from its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Status {
    offline: bool,
    cover_open: bool,
    stopped_by_paper: bool,
    error: bool,
    paper_low: bool,
    paper_out: bool,
}

impl Status {
    /// Why the printer does not print now, if it does not.
    pub(super) fn blocked(&self) -> Option<Reason> {
        if self.paper_out || self.stopped_by_paper {
            Some(Reason::PaperOut)
        } else if self.cover_open {
            Some(Reason::CoverOpen)
        } else if self.error || self.offline {
            Some(Reason::Error)
        } else {
            None
        }
    }

    /// The printer's health, given that it answers.
    pub(super) fn health(&self) -> Health {
        match self.blocked() {
            Some(reason) => Health::Degraded(reason),
            None if self.paper_low => Health::Degraded(Reason::PaperLow),
            None => Health::Ready,
        }
    }

    fn take(&mut self, question: u8, answer: u8) {
        let has = |bits: u8| answer & bits != 0;
        match question {
            1 => self.offline = has(0x08),
            2 => {
                self.cover_open = has(0x04);
                self.stopped_by_paper = has(0x20);
                self.error = has(0x40);
            }
            // Recoverable, cutter, unrecoverable and self-recovering errors; question 2 sums them up too.
            3 => self.error = has(0x6c),
            4 => {
                self.paper_low = has(0x0c);
                self.paper_out = has(0x60);
            }
            _ => {}
        }
    }
}

/// Sorts the printer's bytes. The kinds differ in fixed bits, so answers that cross on the line are still told apart.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// What the answers so far say.
    pub(super) status: Status,
    /// Whether `GS r` was answered: everything sent before it is on paper.
    pub(super) printed: bool,
    waiting: VecDeque<u8>,
    automatic: Vec<u8>,
    /// Whether `GS r` was sent: only then can it be answered.
    barrier_asked: bool,
    /// Bytes that were no answer to anything.
    noise: usize,
    /// Whether the printer said how it is without being asked.
    pub(super) said_unasked: bool,
}

impl Replies {
    /// Notes that the question `DLE EOT n` was sent.
    pub(super) fn asked(&mut self, question: u8) {
        self.waiting.push_back(question);
    }

    /// Notes that `GS r` is about to be sent.
    pub(super) fn barrier_asked(&mut self) {
        self.barrier_asked = true;
    }

    /// Whether more came that made no sense than a bad contact makes.
    pub(super) fn is_garbled(&self) -> bool {
        self.noise > NOISE_MAX
    }

    /// How many questions have no answer yet.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes one byte; noise is ignored.
    pub(super) fn take(&mut self, byte: u8) {
        if !self.automatic.is_empty() {
            self.take_automatic(byte);
        } else if byte & 0x93 == 0x12 {
            // 0xx1xx10: an answer to DLE EOT.
            match self.waiting.pop_front() {
                Some(question) => self.status.take(question, byte),
                None => self.noise += 1,
            }
        } else if byte & 0x93 == 0x10 {
            // 0xx1xx00: the first of the four bytes of Automatic Status Back.
            self.automatic.push(byte);
        } else if self.barrier_asked && matches!(byte, 0x00 | 0x03 | 0x0c | 0x0f) {
            // 0000eenn: the answer to GS r 1, each sensor twice. Letters, of which another device's answers are made,
            // must never be taken for it: they would say that a receipt is on paper.
            self.status.paper_low = byte & 0x03 != 0;
            self.printed = true;
        } else {
            self.noise += 1;
        }
    }

    fn take_automatic(&mut self, byte: u8) {
        // The second to fourth byte have bits 4 and 7 clear, and answers to DLE EOT have bit 4 set: the rest was lost.
        if byte & 0x90 != 0 {
            self.noise += self.automatic.len();
            self.automatic.clear();
            return self.take(byte);
        }
        self.automatic.push(byte);
        if let [first, second, third, _] = self.automatic[..] {
            self.status.offline = first & 0x08 != 0;
            self.status.cover_open = first & 0x20 != 0;
            self.status.error = second & 0x6c != 0;
            self.status.paper_low = third & 0x03 != 0;
            self.status.paper_out = third & 0x0c != 0;
            self.status.stopped_by_paper = self.status.paper_out;
            self.said_unasked = true;
            self.automatic.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(replies: &mut Replies, answers: [u8; 4]) -> Health {
        for question in QUESTIONS {
            replies.asked(question);
        }
        for answer in answers {
            assert!(replies.waiting() > 0);
            replies.take(answer);
        }
        assert_eq!((replies.waiting(), replies.printed), (0, false));
        replies.status.health()
    }

    #[test]
    fn a_look_says_how_the_printer_is() {
        let mut replies = Replies::default();
        assert_eq!(look(&mut replies, [0x12, 0x12, 0x12, 0x12]), Health::Ready);
        assert_eq!(
            look(&mut replies, [0x16, 0x12, 0x12, 0x12]),
            Health::Ready,
            "a closed drawer is no fault"
        );
        assert_eq!(look(&mut replies, [0x12, 0x12, 0x12, 0x1e]), Health::Degraded(Reason::PaperLow));
        assert_eq!(look(&mut replies, [0x1a, 0x32, 0x12, 0x7e]), Health::Degraded(Reason::PaperOut));
        assert_eq!(look(&mut replies, [0x1a, 0x16, 0x12, 0x12]), Health::Degraded(Reason::CoverOpen));
        assert_eq!(look(&mut replies, [0x1a, 0x52, 0x1a, 0x12]), Health::Degraded(Reason::Error));
        assert_eq!(look(&mut replies, [0x1a, 0x12, 0x12, 0x12]), Health::Degraded(Reason::Error));
        assert_eq!(look(&mut replies, [0x12, 0x12, 0x12, 0x12]), Health::Ready);
    }

    #[test]
    fn the_barrier_is_told_apart_from_status_that_crosses_it() {
        let mut replies = Replies::default();
        replies.asked(1);
        replies.barrier_asked();
        replies.take(0x00);
        assert_eq!((replies.waiting(), std::mem::take(&mut replies.printed)), (1, true));
        replies.take(0x12);
        assert_eq!((replies.waiting(), replies.printed), (0, false));
        // Automatic status: its last three bytes look like answers to GS r and are none.
        for byte in [0x18, 0x00, 0x0f, 0x00] {
            replies.take(byte);
        }
        assert_eq!((replies.status.blocked(), replies.printed), (Some(Reason::PaperOut), false));
        for byte in [0x10, 0x00, 0x00, 0x00] {
            replies.take(byte);
        }
        assert_eq!((replies.status.health(), replies.printed), (Health::Ready, false));
        replies.take(0x03);
        assert!(replies.printed);
        assert_eq!(replies.status.health(), Health::Degraded(Reason::PaperLow));
    }

    #[test]
    fn no_letter_says_that_a_receipt_is_on_paper() {
        let mut replies = Replies::default();
        for question in QUESTIONS {
            replies.asked(question);
        }
        replies.barrier_asked();
        for byte in *b"HTTP/1.1 400 Bad Request" {
            replies.take(byte);
        }
        assert!(!replies.printed && replies.is_garbled() && replies.waiting() > 0);
        // Not asked: not answered.
        let mut replies = Replies::default();
        replies.take(0x00);
        assert!(!replies.printed && !replies.is_garbled());
    }

    #[test]
    fn a_status_that_was_cut_off_swallows_no_answers() {
        let mut replies = Replies::default();
        replies.take(0x10);
        assert_eq!(look(&mut replies, [0x12, 0x12, 0x12, 0x1e]), Health::Degraded(Reason::PaperLow));
        assert!(!replies.said_unasked);
    }

    #[test]
    fn noise_and_answers_to_nothing_are_ignored() {
        let mut replies = Replies::default();
        for byte in [0xff, 0x91, 0x13, 0x12] {
            replies.take(byte);
        }
        assert_eq!((replies.status, replies.printed), (Status::default(), false));
    }
}
