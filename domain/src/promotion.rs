//! The best price of a ticket: every promotion that could be used, the least
//! total that they allow, the proof of it, and why.
//!
//! Layers are worked out in this order: shelf prices, units taken together,
//! the order, coupons, points. Which promotions apply is chosen for the least
//! total over all layers at once, not layer by layer.
//!
//! | module | what |
//! |---|---|
//! | [`rule`] | what a promotion is |
//! | [`set`] | the promotions that a lane knows |
//! | [`ticket`] | what is priced, and the answer |
//! | `problem` | a ticket against the promotions that are about it |
//! | `quick` | maps by what the engine itself makes |
//! | `component` | lines that share promotions, and the best use of these |
//! | `settle` | what one application of an item rule leaves |
//! | `overlay` | order, coupon and points promotions |
//! | `search` | the least total, proved |
//! | `work` | steps of work, and how many there may be |
//! | [`explain`] | what almost applied |
//! | [`grant`] | what a paid ticket is given beside |

mod component;
pub mod explain;
pub mod grant;
mod overlay;
mod problem;
mod quick;
pub mod rule;
mod search;
pub mod set;
mod settle;
pub mod ticket;
mod work;

pub use rule::{Layer, Promotion};
pub use search::Memory;
pub use set::PromotionSet;
pub use ticket::{Objective, Priced, Ticket};

use crate::money::{AMOUNT_MAX, Money};
use problem::Problem;
use search::{Finder, Found};
use ticket::{Applied, AppliedPart, PointsSpent};
use work::{Asking, Effort};

/// The steps of work after which a search is cut short: a few hundredths of a
/// second on a till.
pub const WORK_MAX: u64 = 400_000;

/// The steps of work that a glance takes at most, beside what it takes to look
/// at the lines: a few thousandths of a second on a till.
pub const GLANCE_WORK_MAX: u64 = 8_000;

/// Counts the engines that may choose differently for the same ticket; a sale
/// says by which it was priced.
pub const ENGINE_VERSION: u32 = 3;

/// Prices a ticket: the least total that the live promotions allow.
///
/// `memory` keeps what was found out for the next scan; an empty one gives
/// the same answer. `work_max` bounds the search in steps, so that the answer
/// is the same on every machine; where it is reached, the best found stands,
/// and [`Priced::bound`] says how much better another could be at most.
///
/// A ticket that is beyond any document (see [`Ticket::is_within_bounds`]) has
/// nothing taken off it: each line costs what it costs, as far as amounts go,
/// and nothing is proved.
pub fn price(
    set: &PromotionSet,
    ticket: &Ticket,
    objective: Objective,
    memory: &mut Memory,
    work_max: u64,
) -> Priced {
    if !ticket.is_within_bounds() {
        return beyond_bounds(ticket);
    }
    let asking = Asking::new(&|| true);
    let problem = Problem::new(set, ticket, objective, &asking, memory);
    searched(&problem, memory, work_max)
}

/// Prices a ticket at a glance: what a customer is shown while goods are
/// scanned. It is honest like [`price`], and looks less far.
///
/// What it finds depends on the ticket alone. Lines that it has not seen before
/// are looked at one component after the other, each with little work.
pub fn glance(set: &PromotionSet, ticket: &Ticket, objective: Objective, memory: &mut Memory) -> Priced {
    if !ticket.is_within_bounds() {
        return beyond_bounds(ticket);
    }
    let asking = Asking::new(&|| true);
    let mut problem = Problem::new(set, ticket, objective, &asking, memory);
    glanced(&mut problem, memory)
}

/// The same of a problem, as it is known or as it is found; where it is not wanted any more, nothing of use.
fn glanced(problem: &mut Problem<'_>, memory: &mut Memory) -> Priced {
    memory.turn_to(problem.set.version());
    if let Some(known) = memory.glance(problem) {
        return known;
    }
    problem.effort = Effort::Glance;
    let priced = searched(problem, memory, GLANCE_WORK_MAX);
    if !problem.asking.is_over() {
        memory.keep_glance(problem, priced.clone());
    }
    priced
}

/// Prices a ticket as well as it is ever priced: the better of [`glance`] and
/// of [`price`] with [`WORK_MAX`], so never dearer than the glance. What is
/// charged is this.
///
/// `goes_on` is asked all along, every small part of a millisecond: once it
/// says no, there is no answer. That changes none: what was found out until then
/// is remembered, and the answer is the same whenever it is asked for again.
/// The last few answers are remembered whole, so that to ask once more for the
/// same goods, under the same promotions, takes next to nothing.
pub fn price_fully(
    set: &PromotionSet,
    ticket: &Ticket,
    objective: Objective,
    memory: &mut Memory,
    goes_on: &dyn Fn() -> bool,
) -> Option<Priced> {
    if !ticket.is_within_bounds() {
        return Some(beyond_bounds(ticket));
    }
    let asking = Asking::new(goes_on);
    let mut problem = Problem::new(set, ticket, objective, &asking, memory);
    if let Some(known) = memory.answer(&problem) {
        return Some(known);
    }
    if asking.ask() {
        return None;
    }
    let mut best = glanced(&mut problem, memory);
    if !best.is_optimal() {
        problem.effort = Effort::Whole;
        let whole = searched(&problem, memory, WORK_MAX);
        let (bound, work) = (best.bound.max(whole.bound), best.work.saturating_add(whole.work));
        if whole.total < best.total {
            best = whole;
        }
        best = Priced { bound: bound.min(best.total), work, ..best };
    }
    if asking.is_over() {
        return None;
    }
    memory.keep_answer(&problem, best.clone());
    Some(best)
}

fn searched(problem: &Problem<'_>, memory: &mut Memory, work_max: u64) -> Priced {
    let (found, work) = Finder::new(problem, memory, work_max).find();
    answer(problem, found, work)
}

/// What no document can carry, with nothing taken off.
fn beyond_bounds(ticket: &Ticket) -> Priced {
    let most = Money::from_minor(AMOUNT_MAX);
    let nets: Vec<Money> =
        ticket.lines.iter().map(|line| line.goods.checked_gross().unwrap_or(most)).collect();
    let total = Money::checked_sum(nets.iter().copied()).unwrap_or(most);
    Priced { nets, total, ..Priced::default() }
}

/// Nets, reasons and sums of what was found.
fn answer(problem: &Problem<'_>, mut found: Found, work: u64) -> Priced {
    let mut applied = Vec::new();
    for portion in &found.outcome.portions {
        if let Some(promotion) = portion.price_promotion {
            let before = problem.regular(portion.line).times_count(portion.units);
            let after = match portion.item_promotion {
                None => portion.net,
                Some(item) => price_in_group(&found, portion.line, promotion, item),
            };
            let (line, units) = (portion.line, portion.units);
            let part = AppliedPart { line, units, free: 0, off: before - after };
            applied.push(Applied { promotion, layer: Layer::Price, parts: vec![part] });
        }
    }
    for application in &found.outcome.applications {
        let mut parts: Vec<AppliedPart> = Vec::new();
        for (member, net) in application.members.iter().zip(&application.nets) {
            let off = member.price - *net;
            let free = u32::from(*net == Money::ZERO && off.is_positive());
            match parts.iter_mut().find(|part| part.line == member.line) {
                Some(part) => {
                    part.units += 1;
                    part.free += free;
                    part.off += off;
                }
                None => parts.push(AppliedPart { line: member.line, units: 1, free, off }),
            }
        }
        parts.sort_by_key(|part| part.line);
        applied.push(Applied { promotion: application.promotion, layer: Layer::Item, parts });
    }
    for cut in &found.best.laid.used {
        let promotion = found.overlays[cut.overlay];
        let parts =
            cut.offs.iter().map(|(line, off)| AppliedPart { line: *line, units: 0, free: 0, off: *off });
        applied.push(Applied {
            promotion,
            layer: problem.promotion(promotion).layer(),
            parts: parts.collect(),
        });
    }
    let before_points = found.best.laid.total();
    let mut points = PointsSpent::default();
    if let Some(offer) = problem.ticket.points {
        let (spent, value) = offer.spendable(before_points);
        points = PointsSpent { points: spent, value };
        if value.is_positive() {
            overlay::spread_over_all(&mut found.best.laid.parts, value);
        }
    }
    let mut nets = vec![Money::ZERO; problem.ticket.lines.len()];
    for part in &found.best.laid.parts {
        nets[part.line] += part.net;
    }
    let total: Money = nets.iter().copied().sum();
    applied.sort_by_key(|applied| applied.layer);
    let names = applied.iter().map(|applied| applied.promotion).collect();
    let candidates = problem.candidates.iter().copied().collect();
    let missed = explain::missed(problem, &found, &problem.overlays(&candidates).0, &names);
    Priced { nets, total, points, applied, missed, bound: found.bound, work }
}

/// What the units of a line cost at a price promotion, before an item rule.
fn price_in_group(found: &Found, line: usize, promotion: usize, item: usize) -> Money {
    found
        .outcome
        .applications
        .iter()
        .filter(|application| application.promotion == item)
        .flat_map(|application| &application.members)
        .filter(|member| member.line == line && member.price_promotion == Some(promotion))
        .map(|member| member.price)
        .sum()
}

#[cfg(test)]
mod tests;
