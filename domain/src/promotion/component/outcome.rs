//! What a way comes to, unit by unit.

use super::super::rule::Rule;
use super::super::set::PromotionSet;
use super::super::settle::{Member, settle};
use super::mode::Mode;
use super::run::{Pick, Turn};
use super::{Application, Component, Outcome, Portion, Ways};

pub(super) fn members_of(component: &Component, places: &[(usize, usize)]) -> Vec<Member> {
    places
        .iter()
        .map(|(class, join)| {
            let (class, join) = (&component.classes[*class], &component.classes[*class].joins[*join]);
            Member {
                line: class.line,
                price: join.price,
                price_promotion: join.price_promotion,
                slot: join.slot,
            }
        })
        .collect()
}

impl Ways {
    /// How much of a memory it fills.
    pub(in crate::promotion) fn size(&self) -> usize {
        let nodes = self.runs.iter().flat_map(|run| run.nodes.iter().flatten());
        let small = self.small.as_ref().map_or(0, super::Small::size);
        small + self.ways.len() + nodes.map(|node| node.steps.len() + node.labels.len()).sum::<usize>()
    }

    /// What a way comes to, unit by unit.
    pub(in crate::promotion) fn outcome(&self, set: &PromotionSet, way: usize) -> Outcome {
        let component = &self.searched;
        let Some(way) = self.ways.get(way) else { return Outcome::default() };
        if let Some(small) = &self.small {
            return small.outcome(component, set, way.label);
        }
        let run = &self.runs[way.run];
        let mut outcome = Outcome::default();
        let mut counted: Vec<Vec<(usize, usize)>> = vec![Vec::new(); component.groups.len()];
        let mut levels: Vec<Vec<Vec<(usize, usize)>>> = vec![Vec::new(); component.groups.len()];
        let (mut node, mut label) = (0usize, way.label as usize);
        for (step, turn) in run.order.iter().enumerate() {
            let Turn { class, times, .. } = turn;
            let here = &run.nodes[step][node];
            let chosen = &here.labels[label];
            let taken = &here.steps[chosen.step as usize];
            let units = &component.classes[*class];
            match taken.pick {
                Pick::Pass => {}
                Pick::Single(single) => {
                    let single = &units.singles[single];
                    outcome.add(Portion {
                        line: units.line,
                        units: *times,
                        net: single.price.times_count(*times),
                        price_promotion: single.promotion,
                        item_promotion: None,
                    });
                }
                Pick::Join(join, place) => {
                    let group = units.joins[join].group;
                    let units: u32 = component.groups[group].slots.iter().sum();
                    match run.modes[group] {
                        Mode::Counted => counted[group].push((*class, join)),
                        Mode::Levels => {
                            let level = place.unwrap_or(0);
                            let open = levels[group].iter().position(|members| members.len() == level);
                            let mut members = open
                                .filter(|_| level > 0)
                                .map_or_else(Vec::new, |open| levels[group].remove(open));
                            members.push((*class, join));
                            if members.len() == units as usize {
                                outcome.apply(component, set, group, &members);
                            } else {
                                levels[group].push(members);
                            }
                        }
                        Mode::Remembered => {
                            let mut members =
                                place.map_or_else(Vec::new, |place| here.state.open[place].members.clone());
                            members.push((*class, join));
                            members.sort_unstable();
                            if members.len() == units as usize {
                                outcome.apply(component, set, group, &members);
                            }
                        }
                    }
                }
            }
            (node, label) = (taken.next as usize, chosen.next as usize);
        }
        for (group, members) in counted.into_iter().enumerate() {
            let all = members.len();
            let sizes = if run.tiers[group].is_some() {
                vec![u32::try_from(all).unwrap_or(u32::MAX)]
            } else {
                component.groups[group].slots.clone()
            };
            outcome.apply_counted(component, set, group, members, &sizes);
        }
        outcome
            .portions
            .sort_by_key(|portion| (portion.line, portion.price_promotion, portion.item_promotion));
        outcome
    }
}

impl Outcome {
    pub(super) fn add(&mut self, portion: Portion) {
        let same = self.portions.iter_mut().find(|other| {
            (other.line, other.price_promotion, other.item_promotion)
                == (portion.line, portion.price_promotion, portion.item_promotion)
        });
        match same {
            Some(other) => {
                other.units += portion.units;
                other.net += portion.net;
            }
            None => self.portions.push(portion),
        }
    }

    /// Puts counted members into groups, the dearest together.
    pub(super) fn apply_counted(
        &mut self,
        component: &Component,
        set: &PromotionSet,
        group: usize,
        members: Vec<(usize, usize)>,
        sizes: &[u32],
    ) {
        let slot_of = |(class, join): &(usize, usize)| component.classes[*class].joins[*join].slot;
        let mut slots: Vec<Vec<(usize, usize)>> = vec![Vec::new(); sizes.len()];
        for member in members {
            slots[slot_of(&member).min(sizes.len() - 1)].push(member);
        }
        let mut rest: Vec<std::collections::VecDeque<_>> = slots.into_iter().map(Into::into).collect();
        while rest.iter().any(|slot| !slot.is_empty()) {
            let mut taken = Vec::new();
            for (slot, size) in rest.iter_mut().zip(sizes) {
                let size = (*size as usize).min(slot.len());
                taken.extend(slot.drain(..size));
            }
            self.apply(component, set, group, &taken);
        }
    }

    pub(super) fn apply(
        &mut self,
        component: &Component,
        set: &PromotionSet,
        group: usize,
        places: &[(usize, usize)],
    ) {
        let promotion = component.groups[group].promotion;
        let Rule::Item(rule) = &set.promotions()[promotion].rule else { return };
        let members = members_of(component, places);
        let nets = settle(rule, &members);
        let item_promotion = nets.as_ref().map(|_| promotion);
        let nets = nets.unwrap_or_else(|| members.iter().map(|member| member.price).collect());
        for (member, net) in members.iter().zip(&nets) {
            self.add(Portion {
                line: member.line,
                units: 1,
                net: *net,
                price_promotion: member.price_promotion,
                item_promotion,
            });
        }
        if item_promotion.is_some() {
            self.applications.push(Application { promotion, members, nets });
        }
    }
}
