//! A failing seed as a short story: days, lanes and faults are left out for as
//! long as the same invariant breaks.

use super::script::{DAY_MS, Script};
use super::{Outcome, Plan, Pool, tell};

/// The most runs that a story may cost.
pub const RUNS_MAX: usize = 300;

/// What was left when nothing more could be left out.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// What still happens.
    pub script: Script,
    /// What comes of it.
    pub outcome: Outcome,
    /// How many runs that took.
    pub runs: usize,
}

struct Shrinking<'a> {
    plan: &'a Plan,
    pool: &'a mut Pool,
    runs: usize,
    runs_max: usize,
    script: Script,
    outcome: Outcome,
}

/// Leaves out what a failing run does not need. `None` where the run does not
/// fail.
pub fn shrink(plan: &Plan, runs_max: usize, pool: &mut Pool) -> Option<Shrunk> {
    let script = Script::draw(plan);
    let outcome = tell(plan, &script, pool);
    outcome.broken.as_ref()?;
    let mut shrinking = Shrinking { plan, pool, runs: 1, runs_max, script, outcome };
    shrinking.leave_out_days();
    shrinking.leave_out_customers();
    shrinking.leave_out_faults();
    shrinking.leave_out_days();
    let Shrinking { script, outcome, runs, .. } = shrinking;
    Some(Shrunk { script, outcome, runs })
}

impl Shrinking<'_> {
    /// Whether this breaks the same; then it is the story from here on.
    fn holds(&mut self, script: Script) -> bool {
        if self.runs >= self.runs_max || script == self.script {
            return false;
        }
        self.runs += 1;
        let outcome = tell(self.plan, &script, self.pool);
        let same = match (&outcome.broken, &self.outcome.broken) {
            (Some(now), Some(before)) => now.finding.invariant == before.finding.invariant,
            (None, _) | (_, None) => false,
        };
        if same {
            (self.script, self.outcome) = (script, outcome);
        }
        same
    }

    fn leave_out_days(&mut self) {
        let mut days = 1;
        while days < self.script.days {
            let mut shorter = self.script.clone();
            shorter.days = days;
            shorter.faults.retain(|planned| planned.at_ms < i64::from(days) * DAY_MS);
            if self.holds(shorter) {
                return;
            }
            days *= 2;
        }
    }

    fn leave_out_customers(&mut self) {
        for machine in 0..self.script.idle.len() {
            let mut quieter = self.script.clone();
            quieter.idle[machine] = true;
            quieter.faults.retain(|planned| planned.machine != machine || planned.fault.is_of_hq());
            self.holds(quieter);
        }
    }

    /// Halves, quarters, ... single faults, as long as something goes.
    fn leave_out_faults(&mut self) {
        let mut size = self.script.faults.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < self.script.faults.len() {
                let mut fewer = self.script.clone();
                let to = (from + size).min(fewer.faults.len());
                fewer.faults.drain(from..to);
                if !self.holds(fewer) {
                    from += size;
                }
                if self.runs >= self.runs_max {
                    return;
                }
            }
            size /= 2;
        }
    }
}
