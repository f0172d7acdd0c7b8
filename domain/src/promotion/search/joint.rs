//! The ways of all components together.

use super::super::component::{Exhausted, Front, Search, Way, Ways, Work};

/// The most ways of all components together that are kept at a time.
pub(super) const JOINT_WAYS_MAX: usize = 20_000;

/// The ways of all components together.
pub(super) struct Joint {
    pub(super) ways: Vec<JointWay>,
    pub(super) steps: Vec<Vec<JointWay>>,
    pub(super) cut: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JointWay {
    pub(super) cost: i128,
    pub(super) applications: u32,
    pub(super) sums: Vec<i64>,
    /// The way of the last component, and the joint way of those before it.
    pub(super) own: usize,
    pub(super) before: usize,
}

impl Joint {
    pub(super) fn of(
        all: &[Ways],
        cost: i128,
        sums: Vec<i64>,
        slack: i128,
        search: Search<'_>,
        work: &mut Work,
    ) -> Result<Self, Exhausted> {
        let regions = sums.len();
        let mut steps: Vec<Vec<JointWay>> =
            vec![vec![JointWay { cost, applications: 0, sums, own: 0, before: 0 }]];
        let mut cut = false;
        for ways in all {
            let least = ways.ways.first().map_or(0, |way| way.cost);
            let before = steps.last().map_or(&[][..], Vec::as_slice);
            let before_least = before.first().map_or(0, |way| way.cost);
            let mut next: Vec<JointWay> = Vec::new();
            for (place, joint) in before.iter().enumerate() {
                for (own, way) in ways.ways.iter().enumerate() {
                    if joint.cost - before_least + way.cost - least > slack {
                        break;
                    }
                    next.push(joint.with(place, own, way));
                }
            }
            work.spend(next.len() as u64)?;
            next.sort_by(|one, other| {
                (one.cost, one.applications, &one.sums).cmp(&(other.cost, other.applications, &other.sums))
            });
            let mut front = Front::new(search, regions);
            let mut kept: Vec<JointWay> = Vec::new();
            for way in next {
                if !front.takes(&way.sums) {
                    continue;
                }
                if kept.len() == JOINT_WAYS_MAX {
                    cut = true;
                    break;
                }
                kept.push(way);
            }
            steps.push(kept);
        }
        Ok(Self { ways: steps.last().cloned().unwrap_or_default(), steps, cut })
    }

    /// The way of each component in a joint way.
    pub(super) fn path(&self, way: &JointWay) -> Vec<usize> {
        let mut path = Vec::new();
        let mut here = way;
        for step in (1..self.steps.len()).rev() {
            path.push(here.own);
            here = &self.steps[step - 1][here.before];
        }
        path.reverse();
        path
    }
}

impl JointWay {
    pub(super) fn with(&self, place: usize, own: usize, way: &Way) -> Self {
        Self {
            cost: self.cost + way.cost,
            applications: self.applications + way.applications,
            sums: self.sums.iter().zip(&way.sums).map(|(one, other)| one + other).collect(),
            own,
            before: place,
        }
    }
}
