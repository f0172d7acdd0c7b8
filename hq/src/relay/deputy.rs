//! Who speaks for HQ: what a relay answers by its book alone, and what it makes of HQ's own word. There is no HTTP and no
//! clock in it; whoever has a book does with it what the routes do.

use domain::stock::COUNT_LANES_MAX;
use protocol::ask::{Answer, Question, ReceiptRefused};
use protocol::event::Position;
use protocol::push::{PushAnswer, decode_batch};
use protocol::standing::StandingEnded;

use super::book::{Book, BookError};
use crate::intake::{self, IntakeError};

/// A relay's word to one lane.
pub struct Deputy<'a> {
    /// What the relay keeps.
    pub book: &'a Book,
    /// The lane that asks, as its key says.
    pub lane: u32,
    /// The relay's clock, milliseconds UTC.
    pub now_ms: i64,
    /// How far a lane's agent said just now that its journal is.
    pub heard: &'a dyn Fn(u32) -> Option<Position>,
}

/// What became of HQ's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What the lane is told.
    pub answer: Answer,
    /// What HQ is told then: it gave what another lane of this store has.
    pub take_back: Option<Question>,
}

/// Why a run of a journal is not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The lane must do something else, or its batch is too long.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The relay could not; the lane sends it again.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// Takes in a compressed run of a lane's journal.
pub fn take_copy(book: &Book, lane: u32, body: &[u8], now_ms: i64) -> Result<PushAnswer, CopyError> {
    let inflated = intake::inflate(body)?;
    let batch = decode_batch(&inflated).map_err(IntakeError::from)?;
    Ok(book.take_in(lane, &batch, now_ms)?.map_err(IntakeError::from)?)
}

/// Whether a lane has by this what it claimed.
fn is_yes(answer: &Answer) -> bool {
    matches!(
        answer,
        Answer::ReceiptClaimed { .. }
            | Answer::CouponClaimed { .. }
            | Answer::ParkedClaimed { .. }
            | Answer::CodeClaimed { .. }
    )
}

/// What takes a claim back at HQ.
// Nothing else is claimed.
#[allow(clippy::wildcard_enum_match_arm)]
fn release_of(question: &Question) -> Option<Question> {
    match question {
        Question::ClaimReceipt { origin } => Some(Question::ReleaseReceipt { origin: origin.clone() }),
        Question::ClaimCoupon { code, member: _ } => Some(Question::ReleaseCoupon { code: code.clone() }),
        Question::ClaimParked { parked } => Some(Question::ReleaseParked { parked: *parked }),
        Question::ClaimCode { id } => Some(Question::ReleaseCode { id: id.clone() }),
        _ => None,
    }
}

impl Deputy<'_> {
    /// What the store can say by itself, where HQ says nothing.
    pub fn answer(&self, question: &Question) -> Result<Answer, BookError> {
        Ok(self.known(question)?.unwrap_or(Answer::Unreachable {}))
    }

    /// The same; `None` where nobody here knows.
    fn known(&self, question: &Question) -> Result<Option<Answer>, BookError> {
        let Self { book, lane, now_ms, heard: _ } = *self;
        match question {
            Question::ClaimReceipt { origin } => book.claim_receipt(lane, origin, now_ms),
            Question::ReleaseReceipt { origin } => {
                book.release_receipt(lane, origin).map(|()| Some(Answer::Released {}))
            }
            Question::Receipts { sought, goods } => book.receipts(sought, goods),
            // Nothing against it is no yes: what a coupon stands for, the lane knows or nobody.
            Question::ClaimCoupon { code, .. } => {
                Ok(book.claim_coupon(lane, code, now_ms)?.map(|why| Answer::CouponNotClaimed { why }))
            }
            Question::ReleaseCoupon { code } => {
                book.release_coupon(lane, code).map(|()| Some(Answer::Released {}))
            }
            Question::ParkedBaskets { epoch, own } => book.parked(lane, *epoch, own, now_ms).map(Some),
            Question::ClaimParked { parked } => book.claim_parked(lane, *parked, now_ms),
            Question::ReleaseParked { parked } => {
                book.release_parked(lane, *parked).map(|()| Some(Answer::Released {}))
            }
            Question::ClaimCode { id } => book.claim_code(lane, id, now_ms).map(Some),
            Question::ReleaseCode { id } => book.release_code(lane, id).map(|()| Some(Answer::Released {})),
            Question::Positions {} => {
                let nobody = Answer::Positions { known: Vec::new(), unknown: Vec::new() };
                self.settle_positions(nobody).map(Some)
            }
            Question::LendPoints { member, points } => book.lend_part(lane, member, *points, now_ms),
            Question::Member { code } => Ok(book.guest(code)?.map(|member| Answer::Member { member, note: String::new() })),
            Question::LendValue { .. }
            | Question::Stock { .. }
            | Question::Earned { .. }
            | Question::Margins { .. }
            | Question::StoreDay { .. }
            | Question::FlashLabel { .. }
            | Question::ResendLabel { .. }
            | Question::LabelStore { .. }
            | Question::QuotasUsed { .. }
            // Answered before HQ is asked.
            | Question::Stand { .. }
            | Question::Kiosks {}
            | Question::Act { .. } => Ok(None),
        }
    }

    /// Holds what HQ said against what the store knows and HQ may not yet.
    pub fn settle(&self, question: &Question, said: Answer) -> Result<Settled, BookError> {
        let gave = is_yes(&said);
        let answer = self.settled(question, said)?;
        let take_back = (gave && !is_yes(&answer)).then(|| release_of(question)).flatten();
        Ok(Settled { answer, take_back })
    }

    /// What the store gives back to HQ before the same is asked once more: HQ lent a lane fewer points than it asked for, and
    /// the store has some of that member's, of which no lane has any.
    pub fn give_back(&self, question: &Question, said: &Answer) -> Result<Vec<StandingEnded>, BookError> {
        let Question::LendPoints { member, points } = question else { return Ok(Vec::new()) };
        let is_short = match said {
            Answer::PointsLent { grant } => grant.points < *points,
            said => matches!(said, Answer::PointsNotLent { .. }),
        };
        if is_short { self.book.close_standing(member) } else { Ok(Vec::new()) }
    }

    // Only claims can be in two hands.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn settled(&self, question: &Question, said: Answer) -> Result<Answer, BookError> {
        let Self { book, lane, now_ms, heard: _ } = *self;
        match (question, said) {
            (Question::ClaimReceipt { origin }, said @ Answer::ReceiptClaimed { .. }) => {
                book.settle_receipt(lane, origin, said, now_ms)
            }
            // HQ has not heard of the sale yet, and its own lane goes on without a yes: the store says what it knows.
            (
                Question::ClaimReceipt { origin },
                said @ Answer::ReceiptNotClaimed { why: ReceiptRefused::Unknown },
            ) => Ok(book.claim_receipt(lane, origin, now_ms)?.unwrap_or(said)),
            (Question::ClaimCoupon { code, .. }, said @ Answer::CouponClaimed { .. }) => {
                let refused = book.claim_coupon(lane, code, now_ms)?;
                Ok(refused.map_or(said, |why| Answer::CouponNotClaimed { why }))
            }
            (Question::ClaimParked { parked }, said) => book.settle_parked(lane, *parked, said, now_ms),
            // An HQ that does not know this question has not refused the code.
            (
                Question::ClaimCode { .. },
                said @ (Answer::CodeClaimed { .. } | Answer::Refused { .. } | Answer::Unreachable {}),
            ) => Ok(match (said, self.answer(question)?) {
                (said @ Answer::CodeClaimed { .. }, Answer::CodeClaimed { .. }) => said,
                (_, here) => here,
            }),
            (Question::ParkedBaskets { epoch, own }, said @ Answer::ParkedBaskets { .. }) => {
                book.settle_list((lane, *epoch, own), said, now_ms)
            }
            (Question::Receipts { sought, goods }, said @ Answer::Receipts { .. }) => {
                book.settle_receipts(sought, goods, said)
            }
            (Question::Positions {}, said @ Answer::Positions { .. }) => self.settle_positions(said),
            (
                Question::ReleaseReceipt { .. }
                | Question::ReleaseCoupon { .. }
                | Question::ReleaseParked { .. }
                | Question::ReleaseCode { .. },
                said,
            ) => {
                self.answer(question)?;
                Ok(said)
            }
            (_, said) => Ok(said),
        }
    }

    /// Adds to what HQ knows of lanes what they told the relay itself.
    // Nothing else says how far lanes are.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn settle_positions(&self, said: Answer) -> Result<Answer, BookError> {
        let (mut known, mut unknown) = match said {
            Answer::Positions { known, unknown } => (known, unknown),
            other => return Ok(other),
        };
        for (lane, copied) in self.book.lanes()?.into_iter().take(COUNT_LANES_MAX) {
            let at_hq = known.iter().position(|at: &Position| at.lane == lane);
            // A copy alone says how far it is, and not that the lane is no further.
            let Some(told) = (self.heard)(lane) else {
                if at_hq.is_none() && !unknown.contains(&lane) {
                    unknown.push(lane);
                }
                continue;
            };
            let copied = copied.filter(|copied| copied.epoch == told.epoch);
            let here = Position { seq: told.seq.max(copied.map_or(0, |copied| copied.seq)), ..told };
            match at_hq {
                Some(at) if (known[at].epoch, known[at].seq) < (here.epoch, here.seq) => known[at] = here,
                Some(_) => {}
                None => known.push(here),
            }
            unknown.retain(|unknown| *unknown != lane);
        }
        Ok(Answer::Positions { known, unknown })
    }
}
