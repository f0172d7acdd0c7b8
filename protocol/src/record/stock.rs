//! Goods that move beside sales, counts and new members, between the rules and
//! the journal.

use domain::member::NewMember;
use domain::money::Quantity;
use domain::stock::{CountStep, CountedLine, Movement, Position, StockCount, StockLine, StockMove};

use super::UnderstandEventError;
use crate::event;

impl From<StockMove> for event::StockMove {
    fn from(kind: StockMove) -> Self {
        match kind {
            StockMove::Receive => Self::Receive,
            StockMove::ReturnToSupplier => Self::ReturnToSupplier,
            StockMove::TransferOut => Self::TransferOut,
            StockMove::TransferIn => Self::TransferIn,
            StockMove::Damage => Self::Damage,
            StockMove::Expiry => Self::Expiry,
            StockMove::InternalUse => Self::InternalUse,
            StockMove::Tasting => Self::Tasting,
            StockMove::Reserve => Self::Reserve,
            StockMove::Release => Self::Release,
        }
    }
}

impl From<event::StockMove> for StockMove {
    fn from(kind: event::StockMove) -> Self {
        match kind {
            event::StockMove::Receive => Self::Receive,
            event::StockMove::ReturnToSupplier => Self::ReturnToSupplier,
            event::StockMove::TransferOut => Self::TransferOut,
            event::StockMove::TransferIn => Self::TransferIn,
            event::StockMove::Damage => Self::Damage,
            event::StockMove::Expiry => Self::Expiry,
            event::StockMove::InternalUse => Self::InternalUse,
            event::StockMove::Tasting => Self::Tasting,
            event::StockMove::Reserve => Self::Reserve,
            event::StockMove::Release => Self::Release,
        }
    }
}

impl From<&StockLine> for event::StockLine {
    fn from(line: &StockLine) -> Self {
        Self { sku: line.sku.clone(), quantity: line.quantity.thousandths() }
    }
}

impl event::StockLine {
    /// So much of an item as the rules see it, where that can be; of a movement, never nothing.
    pub(super) fn understand(&self, seq: u64) -> Result<StockLine, UnderstandEventError> {
        let quantity = Quantity::from_thousandths(self.quantity).ok_or(UnderstandEventError::Range {
            seq,
            what: "quantity",
            value: self.quantity,
        })?;
        Ok(StockLine { sku: self.sku.clone(), quantity })
    }
}

impl From<&Movement> for event::Movement {
    fn from(movement: &Movement) -> Self {
        Self {
            kind: movement.kind.into(),
            document: movement.document.clone(),
            other: movement.other.clone(),
            lines: movement.lines.iter().map(Into::into).collect(),
            reason: movement.reason.clone(),
        }
    }
}

impl event::Movement {
    /// The movement as the rules see it, where its quantities can be. `seq` is
    /// that of the event it stands in, for the refusal.
    pub fn understand(&self, seq: u64) -> Result<Movement, UnderstandEventError> {
        Ok(Movement {
            kind: self.kind.into(),
            document: self.document.clone(),
            other: self.other.clone(),
            lines: self.lines.iter().map(|line| line.understand(seq)).collect::<Result<_, _>>()?,
            reason: self.reason.clone(),
        })
    }
}

impl From<&StockCount> for event::StockCount {
    fn from(count: &StockCount) -> Self {
        let line =
            |line: &CountedLine| event::StockLine { sku: line.sku.clone(), quantity: line.thousandths };
        let step = |step: &CountStep| event::CountStep {
            line: step.line,
            at_ms: step.at_ms,
            positions: step.positions.iter().copied().map(Into::into).collect(),
            lost: step.lost.clone(),
        };
        Self {
            document: count.document.clone(),
            lines: count.lines.iter().map(line).collect(),
            positions: count.positions.iter().copied().map(Into::into).collect(),
            steps: count.steps.iter().map(step).collect(),
            reason: count.reason.clone(),
        }
    }
}

impl From<Position> for event::Position {
    fn from(at: Position) -> Self {
        Self { lane: at.lane, epoch: at.epoch, seq: at.seq }
    }
}

impl From<event::Position> for Position {
    fn from(at: event::Position) -> Self {
        Self { lane: at.lane, epoch: at.epoch, seq: at.seq }
    }
}

impl From<&event::StockCount> for StockCount {
    fn from(count: &event::StockCount) -> Self {
        let line =
            |line: &event::StockLine| CountedLine { sku: line.sku.clone(), thousandths: line.quantity };
        let step = |step: &event::CountStep| CountStep {
            line: step.line,
            at_ms: step.at_ms,
            positions: step.positions.iter().copied().map(Into::into).collect(),
            lost: step.lost.clone(),
        };
        Self {
            document: count.document.clone(),
            lines: count.lines.iter().map(line).collect(),
            positions: count.positions.iter().copied().map(Into::into).collect(),
            steps: count.steps.iter().map(step).collect(),
            reason: count.reason.clone(),
        }
    }
}

impl From<&NewMember> for event::NewMember {
    fn from(member: &NewMember) -> Self {
        Self {
            id: member.id.clone(),
            phone_hash: member.phone_hash.clone(),
            shown: member.shown.clone(),
            card: member.card.clone(),
        }
    }
}

impl From<&event::NewMember> for NewMember {
    fn from(member: &event::NewMember) -> Self {
        Self {
            id: member.id.clone(),
            phone_hash: member.phone_hash.clone(),
            shown: member.shown.clone(),
            card: member.card.clone(),
        }
    }
}
