//! What happens with codes of customers' phones, between the rules and the journal.

use domain::money::Money;
use domain::phone::{
    CodeId, CodeKind, ExitRight, PhoneRecord, TakenBasket, TakenLine, Taking, Unsold, Unusable, UsedCodes,
};
use domain::till::kiosk::{AuditFound, Drawn};

use super::{UnderstandEventError, understand_amount};
use crate::event;

impl From<&PhoneRecord> for event::Phone {
    fn from(record: &PhoneRecord) -> Self {
        match record {
            PhoneRecord::BasketTaken(taken) => Self::BasketTaken { basket: taken.into() },
            PhoneRecord::DifferencesSeen => Self::DifferencesSeen {},
            PhoneRecord::ExitChecked { exit, staff, drawn } => Self::ExitChecked {
                exit: exit.into(),
                staff: staff.clone(),
                drawn: drawn.map(|Drawn { random, chance, due }| event::Drawn { random, chance, due }),
            },
            PhoneRecord::ExitAudited { id, staff, found } => {
                let AuditFound { checked, missed, wrong, overcharged } = *found;
                let (id, staff) = (id.to_string(), staff.clone());
                Self::ExitAudited { id, staff, checked, missed, wrong, overcharged }
            }
            PhoneRecord::Refused { kind, why } => {
                let (why, lane, used_ms, held) = encode_unusable(*why);
                Self::Refused { code: (*kind).into(), why, lane, used_ms, held }
            }
        }
    }
}

impl event::Phone {
    pub(super) fn understand(&self, seq: u64) -> Result<PhoneRecord, UnderstandEventError> {
        Ok(match self {
            Self::BasketTaken { basket } => PhoneRecord::BasketTaken(basket.understand(seq)?),
            Self::DifferencesSeen {} => PhoneRecord::DifferencesSeen,
            Self::ExitChecked { exit, staff, drawn } => PhoneRecord::ExitChecked {
                exit: exit.understand(seq)?,
                staff: staff.clone(),
                drawn: drawn.map(|event::Drawn { random, chance, due }| Drawn { random, chance, due }),
            },
            Self::ExitAudited { id, staff, checked, missed, wrong, overcharged } => {
                PhoneRecord::ExitAudited {
                    id: understand_id(seq, id)?,
                    staff: staff.clone(),
                    found: AuditFound {
                        checked: *checked,
                        missed: *missed,
                        wrong: *wrong,
                        overcharged: *overcharged,
                    },
                }
            }
            Self::Refused { code, why, lane, used_ms, held } => PhoneRecord::Refused {
                kind: (*code).into(),
                why: understand_unusable(*why, *lane, *used_ms, *held),
            },
        })
    }
}

/// A code's number; refuses what is none.
pub(super) fn understand_id(seq: u64, id: &str) -> Result<CodeId, UnderstandEventError> {
    CodeId::parse(id).ok_or(UnderstandEventError::Code { seq })
}

impl From<&TakenBasket> for event::PhoneTaken {
    fn from(taken: &TakenBasket) -> Self {
        Self {
            id: taken.id.to_string(),
            until_ms: taken.until_ms,
            shown: taken.shown.minor(),
            charged: taken.charged.minor(),
            lines: taken.lines.iter().map(Into::into).collect(),
            seen: taken.seen,
        }
    }
}

impl event::PhoneTaken {
    pub(super) fn understand(&self, seq: u64) -> Result<TakenBasket, UnderstandEventError> {
        Ok(TakenBasket {
            id: understand_id(seq, &self.id)?,
            until_ms: self.until_ms,
            shown: understand_amount(seq, "what a phone showed", self.shown)?,
            charged: understand_amount(seq, "what is charged", self.charged)?,
            lines: self.lines.iter().map(|line| line.understand(seq)).collect::<Result<_, _>>()?,
            seen: self.seen,
        })
    }
}

impl From<&TakenLine> for event::PhoneLine {
    fn from(line: &TakenLine) -> Self {
        let (lines, left_out, sku) = match &line.taking {
            Taking::Lines(numbers) => (numbers.clone(), None, String::new()),
            Taking::LeftOut { why, sku } => (Vec::new(), Some((*why).into()), sku.clone()),
        };
        let (code, shown) = (line.code.clone(), line.shown.map(Money::minor));
        Self { code, pieces: line.pieces, shown, lines, left_out, sku }
    }
}

impl event::PhoneLine {
    fn understand(&self, seq: u64) -> Result<TakenLine, UnderstandEventError> {
        let shown = self.shown.map(|shown| understand_amount(seq, "what a phone showed", shown));
        Ok(TakenLine {
            code: self.code.clone(),
            pieces: self.pieces,
            shown: shown.transpose()?,
            taking: match self.left_out {
                Some(why) => Taking::LeftOut { why: why.into(), sku: self.sku.clone() },
                None => Taking::Lines(self.lines.clone()),
            },
        })
    }
}

impl From<&ExitRight> for event::ExitRight {
    fn from(exit: &ExitRight) -> Self {
        Self {
            id: exit.id.to_string(),
            made_ms: exit.made_ms,
            until_ms: exit.until_ms,
            lane: exit.lane,
            epoch: exit.epoch,
            seq: exit.seq,
            pieces: exit.pieces,
            total: exit.total.minor(),
        }
    }
}

impl event::ExitRight {
    fn understand(&self, seq: u64) -> Result<ExitRight, UnderstandEventError> {
        Ok(ExitRight {
            id: understand_id(seq, &self.id)?,
            made_ms: self.made_ms,
            until_ms: self.until_ms,
            lane: self.lane,
            epoch: self.epoch,
            seq: self.seq,
            pieces: self.pieces,
            total: understand_amount(seq, "what was paid", self.total)?,
        })
    }
}

/// The codes that were used, by number.
pub(super) fn encode_used(used: &UsedCodes) -> Vec<event::UsedCode> {
    used.entries().map(|(id, until_ms)| event::UsedCode { id: id.to_string(), until_ms }).collect()
}

pub(super) fn understand_used(seq: u64, used: &[event::UsedCode]) -> Result<UsedCodes, UnderstandEventError> {
    let codes = used.iter().map(|code| Ok((understand_id(seq, &code.id)?, code.until_ms)));
    Ok(UsedCodes::restored(codes.collect::<Result<Vec<_>, UnderstandEventError>>()?))
}

/// Why a code is not taken, with what is known of another lane that used it: a reader that knows nothing of other lanes
/// reads that it was used before.
fn encode_unusable(why: Unusable) -> (event::CodeRefused, Option<u32>, Option<i64>, bool) {
    let plain = |why| (why, None, None, false);
    match why {
        Unusable::Damaged => plain(event::CodeRefused::Damaged),
        Unusable::Newer => plain(event::CodeRefused::Newer),
        Unusable::Forged => plain(event::CodeRefused::Forged),
        Unusable::OtherStore => plain(event::CodeRefused::OtherStore),
        Unusable::Expired => plain(event::CodeRefused::Expired),
        Unusable::UsedBefore => plain(event::CodeRefused::UsedBefore),
        Unusable::TooMany => plain(event::CodeRefused::TooMany),
        Unusable::UsedAt { lane, at_ms } => (event::CodeRefused::UsedBefore, Some(lane), at_ms, false),
        Unusable::HeldAt { lane } => (event::CodeRefused::UsedBefore, Some(lane), None, true),
    }
}

fn understand_unusable(
    why: event::CodeRefused,
    lane: Option<u32>,
    used_ms: Option<i64>,
    held: bool,
) -> Unusable {
    match (why, lane) {
        (event::CodeRefused::Damaged, _) => Unusable::Damaged,
        (event::CodeRefused::Newer, _) => Unusable::Newer,
        (event::CodeRefused::Forged, _) => Unusable::Forged,
        (event::CodeRefused::OtherStore, _) => Unusable::OtherStore,
        (event::CodeRefused::Expired, _) => Unusable::Expired,
        (event::CodeRefused::TooMany, _) => Unusable::TooMany,
        (event::CodeRefused::UsedBefore, None) => Unusable::UsedBefore,
        (event::CodeRefused::UsedBefore, Some(lane)) if held => Unusable::HeldAt { lane },
        (event::CodeRefused::UsedBefore, Some(lane)) => Unusable::UsedAt { lane, at_ms: used_ms },
    }
}

/// Writes both directions between two enums of the same variants.
macro_rules! same {
    ($ours:ty, $theirs:ty: $($variant:ident),+) => {
        impl From<$ours> for $theirs {
            fn from(from: $ours) -> Self {
                match from { $(<$ours>::$variant => Self::$variant,)+ }
            }
        }

        impl From<$theirs> for $ours {
            fn from(from: $theirs) -> Self {
                match from { $(<$theirs>::$variant => Self::$variant,)+ }
            }
        }
    };
}

same!(CodeKind, event::PhoneCode: Basket, Exit);
same!(Unsold, event::Unsold: Unknown, NotGoods, Expired, Again, Weigh, Price, NotHere, Quantity, Fault);
