//! The program of a store's relay: its book on a disk that forgets, and what it says for HQ, without HTTP.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hq::intake::IntakeError;
use hq::relay::{Book, BookError, Copied, CopyError, Deputy, Settled, take_copy};
use hq::secret::SecretHash;
use protocol::ask::{Answer as Said, Question};
use protocol::chain::ChainHash;
use protocol::event::{Origin, ParkedId, Position};
use protocol::push::PushAnswer;

use super::machine::Papers;
use super::network::{Answer, Line};
use super::{Weakness, shop};
use crate::powercut::words;
use crate::vfs::memory::Mounted;

/// The relay of a store.
pub struct Relay {
    /// Which store, from 0.
    pub store: usize,
    /// Its disk.
    pub mounted: Mounted,
    /// Its line to HQ.
    pub line: Line,
    /// How many disks it has had: what it said on one it does not know on the next.
    pub life: u64,
    /// How many lanes the store has.
    lanes: u32,
    book: Option<Book>,
    weakness: Weakness,
}

/// How far lanes are, as their agents said to it just now.
pub type Told = BTreeMap<u32, Position>;

/// An error of the relay's disk, in words.
pub type DiskError = String;

fn of_disk(error: &BookError) -> DiskError {
    words(error)
}

impl Relay {
    /// A relay with an empty disk, off.
    pub fn new(store: usize, lanes: usize, mounted: Mounted, weakness: Weakness) -> Self {
        let lanes = u32::try_from(lanes).unwrap_or(u32::MAX);
        Self { store, mounted, line: Line::default(), life: 0, lanes, book: None, weakness }
    }

    /// The file on this machine's disk, as SQLite finds it.
    fn name(&self) -> PathBuf {
        PathBuf::from(format!("file:/relay.db?vfs={}", self.mounted.vfs))
    }

    /// Starts the program.
    pub fn start(&mut self) -> Result<(), DiskError> {
        let book =
            Book::open(&self.name(), &shop::store_code(self.store)).map_err(|error| of_disk(&error))?;
        self.book = Some(book);
        if self.weakness == Weakness::RelayForgets { self.forget() } else { Ok(()) }
    }

    /// Ends the program, or sees that it has ended.
    pub fn stop(&mut self) {
        self.book = None;
    }

    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        self.book.is_some()
    }

    fn book(&self) -> Result<&Book, DiskError> {
        self.book.as_ref().ok_or_else(|| "the relay is away".to_owned())
    }

    /// A lane was enrolled through it.
    pub fn enrolled(&self, papers: &Papers) -> Result<(), DiskError> {
        let (book, identity) = (self.book()?, &papers.identity);
        let hash = ChainHash::genesis(&identity.store, identity.lane, identity.epoch);
        book.note_key(identity.lane, &SecretHash::of(&papers.key))
            .and_then(|()| book.begin_copy(identity.lane, identity.epoch, Copied { seq: 0, hash }))
            .map_err(|error| of_disk(&error))
    }

    /// HQ's answer to a lane goes by.
    pub fn passed(&self, papers: &Papers, answer: &Answer) -> Result<(), DiskError> {
        let (book, lane) = (self.book()?, papers.identity.lane);
        let takes = match answer {
            Answer::Refused(protocol::push::PushRefusal::Unauthorised) => Some(false),
            Answer::Filed(_) | Answer::Page(_) | Answer::Shelf(_) | Answer::Said(..) => Some(true),
            Answer::Refused(_) | Answer::ComeBack => None,
        };
        let noted =
            takes.map_or(Ok(()), |takes| book.note_verdict(lane, &SecretHash::of(&papers.key), takes));
        let begun = noted.and_then(|()| match answer {
            Answer::Filed(at_hq) => book.copy_behind(lane, at_hq.epoch, at_hq).map(drop),
            Answer::Refused(_) | Answer::Page(_) | Answer::Shelf(_) | Answer::Said(..) | Answer::ComeBack => {
                Ok(())
            }
        });
        begun.map_err(|error| of_disk(&error))
    }

    /// Whether HQ let this lane in last.
    pub fn knows(&self, papers: &Papers) -> Result<bool, DiskError> {
        let known = self.book()?.knows_key(papers.identity.lane, &SecretHash::of(&papers.key));
        known.map_err(|error| of_disk(&error))
    }

    /// How far a journal is copied; `None` where HQ is to be asked first.
    pub fn copied(&self, papers: &Papers, epoch: u32) -> Result<Option<PushAnswer>, DiskError> {
        let key = SecretHash::of(&papers.key);
        self.book()?.copy_of(papers.identity.lane, &key, epoch).map_err(|error| of_disk(&error))
    }

    /// Begins a copy behind what HQ has.
    pub fn copy_behind(
        &self,
        papers: &Papers,
        epoch: u32,
        at_hq: &PushAnswer,
    ) -> Result<Option<PushAnswer>, DiskError> {
        let begun = self.book()?.copy_behind(papers.identity.lane, epoch, at_hq);
        begun.map_err(|error| of_disk(&error))
    }

    /// Takes in a run of a lane's journal.
    pub fn copy(&self, papers: &Papers, body: &[u8], now_ms: i64) -> Result<Answer, DiskError> {
        match take_copy(self.book()?, papers.identity.lane, body, now_ms) {
            Ok(answer) => Ok(Answer::Filed(answer)),
            Err(CopyError::Intake(IntakeError::Refused(refusal))) => Ok(Answer::Refused(refusal)),
            Err(error @ (CopyError::Intake(_) | CopyError::Book(_))) => Err(words(&error)),
        }
    }

    /// What it answers by itself.
    pub fn answer(
        &self,
        (lane, told): (u32, &Told),
        question: &Question,
        now_ms: i64,
    ) -> Result<Said, DiskError> {
        self.weaken(lane, question)?;
        let heard = |lane| told.get(&lane).copied();
        self.deputy(lane, now_ms, &heard)?.answer(question).map_err(|error| of_disk(&error))
    }

    /// What it makes of HQ's word.
    pub fn settle(
        &self,
        (lane, told): (u32, &Told),
        question: &Question,
        said: Said,
        now_ms: i64,
    ) -> Result<Settled, DiskError> {
        self.weaken(lane, question)?;
        let heard = |lane| told.get(&lane).copied();
        self.deputy(lane, now_ms, &heard)?.settle(question, said).map_err(|error| of_disk(&error))
    }

    fn deputy<'a>(
        &'a self,
        lane: u32,
        now_ms: i64,
        heard: &'a dyn Fn(u32) -> Option<Position>,
    ) -> Result<Deputy<'a>, DiskError> {
        Ok(Deputy { book: self.book()?, lane, now_ms, heard })
    }

    /// A relay that lends to two lanes: it does not mind who has what.
    // Nothing else is lent.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn weaken(&self, lane: u32, question: &Question) -> Result<(), DiskError> {
        if self.weakness != Weakness::RelayLendsTwice {
            return Ok(());
        }
        let book = self.book()?;
        for other in (1..=self.lanes).filter(|other| *other != lane) {
            let done = match question {
                Question::ClaimReceipt { origin } => book.release_receipt(other, origin),
                Question::ClaimCoupon { code, .. } => book.release_coupon(other, code),
                Question::ClaimParked { parked } => book.release_parked(other, *parked),
                _ => Ok(()),
            };
            done.map_err(|error| of_disk(&error))?;
        }
        Ok(())
    }

    /// A relay that forgets with every stop who has what, and what came back.
    fn forget(&self) -> Result<(), DiskError> {
        let connection = rusqlite::Connection::open(self.name()).map_err(|error| words(&error))?;
        let forgotten = connection.execute_batch(
            "DELETE FROM receipt_claim; DELETE FROM came_back; DELETE FROM coupon WHERE is_spent = 0;
             UPDATE parked SET by_lane = NULL, until_ms = NULL;",
        );
        forgotten.map_err(|error| words(&error))
    }
}

/// Whoever keeps what lanes share, and may give it to one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authority {
    /// HQ, with how often it was put back.
    Hq(u64),
    /// A store's relay, with how many disks it has had.
    Relay(usize, u64),
}

/// What one lane at a time may use up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// What is left of a sale.
    Receipt {
        /// The store's code.
        store: String,
        /// The lane, the epoch and the number.
        at: (u32, u32, u64),
    },
    /// A parked basket.
    Parked {
        /// The store's code.
        store: String,
        /// The lane, the epoch and the number.
        at: (u32, u32, u32),
    },
    /// A coupon, by its number.
    Coupon(String),
}

impl Thing {
    /// What is left of a sale.
    pub fn receipt(origin: &Origin) -> Self {
        Self::Receipt { store: origin.store.clone(), at: (origin.lane, origin.epoch, origin.seq) }
    }

    /// A parked basket of a store.
    pub fn parked(store: &str, id: ParkedId) -> Self {
        Self::Parked { store: store.to_owned(), at: (id.lane, id.epoch, id.number) }
    }
}

/// Whether this is a yes.
pub fn is_claim(said: &Said) -> bool {
    matches!(
        said,
        Said::ReceiptClaimed { .. }
            | Said::CouponClaimed { .. }
            | Said::ParkedClaimed { .. }
            | Said::PointsLent { .. }
    )
}
