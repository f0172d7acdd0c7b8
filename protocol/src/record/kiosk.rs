//! What happens at a kiosk, between the rules and the journal.

use domain::till::kiosk::{AuditFound, CallEnd, Cause, Drawn, KioskRecord};

use crate::event;

impl From<&KioskRecord> for event::Kiosk {
    fn from(record: &KioskRecord) -> Self {
        match *record {
            KioskRecord::Called { cause } => Self::Called { cause: cause.into() },
            KioskRecord::Answered { cause, end, level } => {
                Self::Answered { cause: cause.into(), end: end.into(), level }
            }
            KioskRecord::AuditDrawn(Drawn { random, chance, due }) => {
                Self::AuditDrawn { random, chance, due }
            }
            KioskRecord::Audited(AuditFound { checked, missed, wrong, overcharged }) => {
                Self::Audited { checked, missed, wrong, overcharged }
            }
        }
    }
}

impl From<&event::Kiosk> for KioskRecord {
    fn from(fact: &event::Kiosk) -> Self {
        match *fact {
            event::Kiosk::Called { cause } => Self::Called { cause: cause.into() },
            event::Kiosk::Answered { cause, end, level } => {
                Self::Answered { cause: cause.into(), end: end.into(), level }
            }
            event::Kiosk::AuditDrawn { random, chance, due } => {
                Self::AuditDrawn(Drawn { random, chance, due })
            }
            event::Kiosk::Audited { checked, missed, wrong, overcharged } => {
                Self::Audited(AuditFound { checked, missed, wrong, overcharged })
            }
        }
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
            Cause::Audit => Self::Audit,
            Cause::Cash => Self::Cash,
            Cause::Help => Self::Help,
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
            event::Cause::Audit => Self::Audit,
            event::Cause::Cash => Self::Cash,
            event::Cause::Help => Self::Help,
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
