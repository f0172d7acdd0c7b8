//! What happens at a kiosk, between the rules and the journal.

use domain::till::kiosk::{
    AuditFound, BagFound, CallEnd, Cause, ChanceParts, Drawn, KioskRecord, RandomSource, Weighing,
};

use crate::event;

impl From<&KioskRecord> for event::Kiosk {
    fn from(record: &KioskRecord) -> Self {
        match record {
            KioskRecord::Called { cause } => Self::Called { cause: (*cause).into() },
            KioskRecord::Answered { cause, end, level } => {
                Self::Answered { cause: (*cause).into(), end: (*end).into(), level: *level }
            }
            KioskRecord::AuditDrawn { drawn: Drawn { random, chance, due }, parts, source } => {
                Self::AuditDrawn {
                    random: *random,
                    chance: *chance,
                    due: *due,
                    parts: (*parts).into(),
                    source: match source {
                        RandomSource::Unsaid => None,
                        RandomSource::System => Some(event::RandomSource::System),
                    },
                }
            }
            KioskRecord::Audited(AuditFound { checked, missed, wrong, overcharged }) => {
                Self::Audited { checked: *checked, missed: *missed, wrong: *wrong, overcharged: *overcharged }
            }
            KioskRecord::BagFound { cause, found: BagFound { low, high, measured } } => {
                Self::BagFound { cause: (*cause).into(), low: *low, high: *high, measured: *measured }
            }
            KioskRecord::Weighed(Weighing { sku, unit, grams }) => {
                Self::Weighed { sku: sku.clone(), unit: unit.clone(), grams: *grams }
            }
            KioskRecord::OwnBag { grams } => Self::OwnBag { grams: *grams },
        }
    }
}

impl From<&event::Kiosk> for KioskRecord {
    fn from(fact: &event::Kiosk) -> Self {
        match fact {
            event::Kiosk::Called { cause } => Self::Called { cause: (*cause).into() },
            event::Kiosk::Answered { cause, end, level } => {
                Self::Answered { cause: (*cause).into(), end: (*end).into(), level: *level }
            }
            event::Kiosk::AuditDrawn { random, chance, due, parts, source } => Self::AuditDrawn {
                drawn: Drawn { random: *random, chance: *chance, due: *due },
                parts: (*parts).into(),
                source: match source {
                    None => RandomSource::Unsaid,
                    Some(event::RandomSource::System) => RandomSource::System,
                },
            },
            event::Kiosk::Audited { checked, missed, wrong, overcharged } => Self::Audited(AuditFound {
                checked: *checked,
                missed: *missed,
                wrong: *wrong,
                overcharged: *overcharged,
            }),
            event::Kiosk::BagFound { cause, low, high, measured } => Self::BagFound {
                cause: (*cause).into(),
                found: BagFound { low: *low, high: *high, measured: *measured },
            },
            event::Kiosk::Weighed { sku, unit, grams } => {
                Self::Weighed(Weighing { sku: sku.clone(), unit: unit.clone(), grams: *grams })
            }
            event::Kiosk::OwnBag { grams } => Self::OwnBag { grams: *grams },
        }
    }
}

impl From<ChanceParts> for event::ChanceParts {
    fn from(parts: ChanceParts) -> Self {
        let ChanceParts { base, removals, walk_in, large, alarms, changes, phone, unchecked } = parts;
        Self { base, removals, walk_in, large, alarms, changes, phone, unchecked }
    }
}

impl From<event::ChanceParts> for ChanceParts {
    fn from(parts: event::ChanceParts) -> Self {
        let event::ChanceParts { base, removals, walk_in, large, alarms, changes, phone, unchecked } = parts;
        Self { base, removals, walk_in, large, alarms, changes, phone, unchecked }
    }
}

impl From<Cause> for event::Cause {
    fn from(from: Cause) -> Self {
        match from {
            Cause::Age => Self::Age,
            Cause::Removal => Self::Removal,
            Cause::Pieces => Self::Pieces,
            Cause::Total => Self::Total,
            Cause::Payment => Self::Payment,
            Cause::NotBagged => Self::NotBagged,
            Cause::WrongWeight => Self::WrongWeight,
            Cause::Unexpected => Self::Unexpected,
            Cause::TakenOff => Self::TakenOff,
            Cause::Audit => Self::Audit,
            Cause::Cash => Self::Cash,
            Cause::Help => Self::Help,
            Cause::PriceQuery => Self::PriceQuery,
            Cause::CouponQuery => Self::CouponQuery,
        }
    }
}

impl From<event::Cause> for Cause {
    fn from(from: event::Cause) -> Self {
        match from {
            event::Cause::Age => Self::Age,
            event::Cause::Removal => Self::Removal,
            event::Cause::Pieces => Self::Pieces,
            event::Cause::Total => Self::Total,
            event::Cause::Payment => Self::Payment,
            event::Cause::NotBagged => Self::NotBagged,
            event::Cause::WrongWeight => Self::WrongWeight,
            event::Cause::Unexpected => Self::Unexpected,
            event::Cause::TakenOff => Self::TakenOff,
            event::Cause::Audit => Self::Audit,
            event::Cause::Cash => Self::Cash,
            event::Cause::Help => Self::Help,
            event::Cause::PriceQuery => Self::PriceQuery,
            event::Cause::CouponQuery => Self::CouponQuery,
        }
    }
}

impl From<CallEnd> for event::CallEnd {
    fn from(from: CallEnd) -> Self {
        match from {
            CallEnd::Passed => Self::Passed,
            CallEnd::Refused => Self::Refused,
            CallEnd::FalseAlarm => Self::FalseAlarm,
            CallEnd::Gone => Self::Gone,
        }
    }
}

impl From<event::CallEnd> for CallEnd {
    fn from(from: event::CallEnd) -> Self {
        match from {
            event::CallEnd::Passed => Self::Passed,
            event::CallEnd::Refused => Self::Refused,
            event::CallEnd::FalseAlarm => Self::FalseAlarm,
            event::CallEnd::Gone => Self::Gone,
        }
    }
}
