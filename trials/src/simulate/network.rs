//! What goes between machines, relays and HQ, and what becomes of it on the way.

use fixtures::bench::Dice;
use protocol::ask::Question;
use protocol::push::{PushAnswer, PushRefusal};
use protocol::shelf::{ShelfAnswer, ShelfReport};

use super::relay::Authority;

/// What HQ is asked.
#[derive(Debug, Clone)]
pub enum Ask {
    /// How far an epoch of the journal is filed.
    Position {
        /// Which.
        epoch: u32,
    },
    /// To file a compressed batch.
    Push {
        /// The batch.
        body: Vec<u8>,
    },
    /// What changed after a version.
    Page {
        /// Which.
        after: u64,
        /// What the lane has in use.
        in_use: u64,
    },
    /// To take in what an agent says of labels.
    Shelf(Box<ShelfReport>),
    /// The store's relay: how far it has copied an epoch of the journal.
    Copied {
        /// Which.
        epoch: u32,
    },
    /// The store's relay: to copy a compressed batch.
    Copy {
        /// The batch.
        body: Vec<u8>,
    },
    /// What a lane asks while a customer waits.
    Question(Box<Question>),
}

/// What HQ answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// How far it has filed.
    Filed(PushAnswer),
    /// It refuses.
    Refused(PushRefusal),
    /// A compressed page.
    Page(Vec<u8>),
    /// What the lanes of the store have in use.
    Shelf(ShelfAnswer),
    /// An answer to a lane's question, and who stands by it.
    Said(Box<protocol::ask::Answer>, Vec<Authority>),
    /// It cannot now.
    ComeBack,
}

/// How long an agent waits for an answer, milliseconds.
pub const PATIENCE_MS: i64 = 120_000;

/// How long it takes to see that nobody is there, milliseconds.
pub const REFUSED_MS: i64 = 10_000;

/// What a request or an answer meets on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It arrives after so many milliseconds.
    Arrives(i64),
    /// It arrives twice, after these.
    Twice(i64, i64),
    /// It never arrives.
    Lost,
}

/// The line of one machine.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// No line until then.
    pub down_until_ms: i64,
    /// Requests arrive and answers do not, until then.
    pub half_open_until_ms: i64,
    /// It loses, doubles and delays until then.
    pub bad_until_ms: i64,
}

impl Line {
    /// Whether there is none.
    pub fn is_down(&self, now_ms: i64) -> bool {
        now_ms < self.down_until_ms
    }

    /// What a request meets.
    pub fn request(&self, now_ms: i64, dice: &mut Dice) -> Way {
        self.way(now_ms, dice)
    }

    /// What an answer meets.
    pub fn answer(&self, now_ms: i64, dice: &mut Dice) -> Way {
        if now_ms < self.half_open_until_ms || self.is_down(now_ms) {
            return Way::Lost;
        }
        self.way(now_ms, dice)
    }

    fn way(&self, now_ms: i64, dice: &mut Dice) -> Way {
        let near = dice.between(5, 80);
        if now_ms >= self.bad_until_ms {
            return Way::Arrives(near);
        }
        // Beyond the agent's patience, some of them.
        let far = dice.between(100, 2 * PATIENCE_MS);
        match dice.below(10) {
            0 | 1 => Way::Lost,
            2 | 3 => Way::Twice(near, far),
            4 | 5 => Way::Arrives(far),
            _ => Way::Arrives(near),
        }
    }
}
