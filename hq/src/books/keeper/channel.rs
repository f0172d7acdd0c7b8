//! What channels do to points and coupons: HQ itself decides, at once.

use protocol::ask::CouponRefused;
use protocol::pull::{Coupon, CouponState};

use super::{Keeper, Kept, read};
use crate::books::LaneId;
use crate::books::held::CouponBook;
use crate::books::points::{Done, Operation};
use crate::store::{BookKey, BookKind, Kind, StoreError};

/// The lane under which HQ itself moves what is in a store; no lane is that.
pub const HQ_LANE: u32 = 0;

/// Why a member's points are not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointsRefused {
    /// There is no such member.
    Unknown,
    /// There are not so many that are free.
    TooFew {
        /// How many are.
        available: i64,
    },
    /// The document moved this member's points before.
    Moved,
}

impl Keeper<'_, '_> {
    /// Gives a member points, or takes some that are free, for a document;
    /// each document does it once.
    pub fn move_points(
        &self,
        member: &str,
        document: &str,
        points: i64,
        reason: &str,
    ) -> Result<Result<Done, PointsRefused>, StoreError> {
        let member = self.member_of(member)?;
        if self.writing.member(&member)?.is_none() {
            return Ok(Err(PointsRefused::Unknown));
        }
        if self.writing.has_book_source(super::points_key(&member), document)? {
            return Ok(Err(PointsRefused::Moved));
        }
        let available = self.account(&member)?.available();
        if points < 0 && available < -points {
            return Ok(Err(PointsRefused::TooFew { available }));
        }
        let operation = Operation::Adjust { points, reason: reason.to_owned() };
        Ok(Ok(self.points(&member, "", (document, self.now_ms), &operation)?))
    }

    /// Spends a coupon of a store in a channel; none that is spent, or that a
    /// lane holds.
    pub fn redeem_coupon(
        &self,
        store: &str,
        code: &str,
        member: Option<&str>,
        document: &str,
    ) -> Result<Result<(), CouponRefused>, StoreError> {
        let Some(body) = self.writing.entity_of_store(Kind::Coupon, store, code)? else {
            return Ok(Err(CouponRefused::Unknown));
        };
        let coupon: Coupon = read("entity", &body)?;
        let key = BookKey { owner: store, kind: BookKind::Coupon, part: code };
        let kept: Kept<CouponBook> = self.take(key)?.unwrap_or_default();
        if kept.state.spent.iter().any(|known| known == document) {
            return Ok(Ok(()));
        }
        match coupon.state {
            CouponState::Issued => {}
            CouponState::Redeemed => return Ok(Err(CouponRefused::Used)),
            CouponState::Reserved => return Ok(Err(CouponRefused::Reserved)),
            CouponState::Frozen | CouponState::Void => return Ok(Err(CouponRefused::Withdrawn)),
        }
        if let Some(owner) = &coupon.owner {
            let brings = member.map(|member| self.member_of(member)).transpose()?;
            if brings.as_ref() != Some(owner) {
                return Ok(Err(CouponRefused::OtherMember));
            }
        }
        let is_out = coupon.from_ms.is_some_and(|from| self.now_ms < from)
            || coupon.until_ms.is_some_and(|until| until <= self.now_ms);
        if is_out {
            return Ok(Err(CouponRefused::Withdrawn));
        }
        if !kept.state.spent.is_empty() {
            return Ok(Err(CouponRefused::Used));
        }
        if kept.state.claim.is_some() {
            return Ok(Err(CouponRefused::Reserved));
        }
        let hq = LaneId { store: store.to_owned(), lane: HQ_LANE };
        self.spend_coupon(&hq, code, (document, self.now_ms))?;
        Ok(Ok(()))
    }
}
