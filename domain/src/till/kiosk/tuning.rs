//! How often a kiosk calls somebody, and how often for nothing: what a chain looks at when it sets tolerances and limits.

use std::collections::BTreeMap;

use super::{CallEnd, Cause, KioskRecord};
use crate::record::Record;

/// What came of the calls of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallCounts {
    /// Somebody was called.
    pub called: u64,
    /// They let it pass.
    pub passed: u64,
    /// They did not: the alarm was right.
    pub refused: u64,
    /// There was nothing.
    pub false_alarms: u64,
    /// It was put right, or settled otherwise, before anybody answered.
    pub gone: u64,
}

/// What was counted over a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Baskets that were paid.
    pub baskets: u64,
    /// Calls by their kinds.
    pub calls: BTreeMap<Cause, CallCounts>,
    /// Baskets about which chance was asked.
    pub drawn: u64,
    /// Of these, so many were to be looked at.
    pub due: u64,
    /// Of these, so many do not follow from their number: somebody must look into that.
    pub wrong_draws: u64,
    /// Baskets that were looked at.
    pub audited: u64,
    /// In so many of them something was not as it should be.
    pub audited_wrong: u64,
    /// Pieces that were found not to have been rung up.
    pub missed: u64,
    /// Weights that were learned.
    pub weighed: u64,
}

impl Tally {
    /// Counts a record of a kiosk's journal; every record may come.
    pub fn count(&mut self, record: &Record) {
        if let Record::SaleCompleted { .. } = record {
            self.baskets += 1;
        }
        let Record::Kiosk(record) = record else { return };
        match record {
            KioskRecord::Called { cause } => self.calls.entry(*cause).or_default().called += 1,
            KioskRecord::Answered { cause, end, .. } => {
                let counts = self.calls.entry(*cause).or_default();
                *match end {
                    CallEnd::Passed => &mut counts.passed,
                    CallEnd::Refused => &mut counts.refused,
                    CallEnd::FalseAlarm => &mut counts.false_alarms,
                    CallEnd::Gone => &mut counts.gone,
                } += 1;
            }
            KioskRecord::AuditDrawn { drawn, parts, .. } => {
                self.drawn += 1;
                self.due += u64::from(drawn.due);
                self.wrong_draws += u64::from(!drawn.adds_up(*parts));
            }
            KioskRecord::Audited(found) => {
                self.audited += 1;
                self.audited_wrong += u64::from(!found.is_well());
                self.missed += u64::from(found.missed);
            }
            KioskRecord::Weighed(_) => self.weighed += 1,
            KioskRecord::BagFound { .. } | KioskRecord::OwnBag { .. } => {}
        }
    }

    /// How many of something there are in a hundred baskets, in tenths, rounded half up; 0 where there are no baskets.
    pub fn tenths_in_hundred(&self, count: u64) -> u64 {
        if self.baskets == 0 { 0 } else { (count * 2_000 + self.baskets) / (self.baskets * 2) }
    }

    /// All kinds together.
    pub fn all(&self) -> CallCounts {
        self.calls.values().fold(CallCounts::default(), |sum, counts| CallCounts {
            called: sum.called + counts.called,
            passed: sum.passed + counts.passed,
            refused: sum.refused + counts.refused,
            false_alarms: sum.false_alarms + counts.false_alarms,
            gone: sum.gone + counts.gone,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::till::kiosk::{AuditFound, ChanceParts, Drawn, RandomSource};

    #[test]
    fn calls_and_what_came_of_them_are_counted_by_kind() {
        let mut tally = Tally { baskets: 40, ..Tally::default() };
        let answered = |cause, end| KioskRecord::Answered { cause, end, level: 0 };
        let weight = Cause::WrongWeight;
        let parts = ChanceParts { base: 200, ..ChanceParts::default() };
        let draw = |drawn| KioskRecord::AuditDrawn { drawn, parts, source: RandomSource::System };
        let records = [
            KioskRecord::Called { cause: weight },
            answered(weight, CallEnd::FalseAlarm),
            KioskRecord::Called { cause: weight },
            answered(weight, CallEnd::Refused),
            KioskRecord::Called { cause: Cause::Age },
            answered(Cause::Age, CallEnd::Gone),
            draw(Drawn::of(100, 200)),
            draw(Drawn { random: 100, chance: 200, due: false }),
            KioskRecord::Audited(AuditFound { checked: 3, missed: 2, ..AuditFound::default() }),
        ];
        records.into_iter().for_each(|record| tally.count(&Record::Kiosk(record)));
        let of_weight = CallCounts { called: 2, refused: 1, false_alarms: 1, ..CallCounts::default() };
        assert_eq!(tally.calls.get(&weight), Some(&of_weight));
        assert_eq!((tally.all().called, tally.all().gone), (3, 1));
        assert_eq!((tally.drawn, tally.due, tally.wrong_draws), (2, 1, 1));
        assert_eq!((tally.audited, tally.audited_wrong, tally.missed), (1, 1, 2));
        assert_eq!(tally.tenths_in_hundred(3), 75);
        assert_eq!(Tally::default().tenths_in_hundred(3), 0);
    }
}
