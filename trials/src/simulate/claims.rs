//! What one lane at a time may use up, as customers saw it used: which lane did, who had said that it may, and whether that
//! was too much.
//!
//! Whoever keeps a thing must give it to no second lane for as long as one may still use it. So of everything that one
//! authority said yes to no more is used than there is. A lane that could not ask may use it all the same, and HQ lists what
//! came of it. A lane whose disk was put back or copied is left out: what it did before is not in its books.

use std::collections::{BTreeMap, BTreeSet};

use hq::store::BookKind;

use super::astray::Astray;
use super::model::{Finding, Invariant, JournalKey, Model, Used, found};
use super::relay::{Authority, Thing};

/// Somebody used something up.
#[derive(Debug, Clone)]
struct Use {
    thing: Thing,
    line: u32,
    quantity: i64,
    source: (JournalKey, u64),
    by: BTreeSet<Authority>,
}

/// Everything that was used up.
#[derive(Debug, Default)]
pub struct Claims {
    uses: Vec<Use>,
    /// Who said last that a machine may use something up.
    said: BTreeMap<(usize, Thing), BTreeSet<Authority>>,
    /// Lanes whose disk was put back, copied or replaced.
    pub astray: Astray,
}

/// How much of what was used, and by whom.
#[derive(Default)]
struct Sum {
    quantity: i64,
    lanes: BTreeSet<u32>,
}

impl Claims {
    /// A machine was told that it may use something up, by these; by nobody where no answer came.
    pub fn say(&mut self, machine: usize, thing: Thing, by: impl IntoIterator<Item = Authority>) {
        self.said.insert((machine, thing), by.into_iter().collect());
    }

    /// A machine does not use it up after all.
    pub fn give_back(&mut self, machine: usize, thing: Thing) {
        self.said.remove(&(machine, thing));
    }

    /// A machine used something up. Where its clock is wrong nobody can say for how long it was promised. Gives who had
    /// said yes to each.
    pub fn use_up(
        &mut self,
        machine: usize,
        is_clock_right: bool,
        used: Vec<Used>,
    ) -> Vec<(Thing, BTreeSet<Authority>, JournalKey)> {
        let mut done = Vec::new();
        for used in used {
            match used {
                Used::Up { thing, line, quantity, source } => {
                    let said = self.said.get(&(machine, thing.clone())).cloned().unwrap_or_default();
                    let by = if is_clock_right { said } else { BTreeSet::new() };
                    done.push((thing.clone(), by.clone(), source.0.clone()));
                    self.uses.push(Use { thing, line, quantity, source, by });
                }
                Used::Undone { thing, sale } => {
                    self.uses.retain(|known| known.thing != thing || known.source != sale);
                }
            }
        }
        for (thing, ..) in &done {
            self.said.remove(&(machine, thing.clone()));
        }
        done
    }

    fn is_left_out(&self, used: &Use) -> bool {
        let of = match &used.thing {
            Thing::Receipt { store, at } => Some((store, at.0, at.1)),
            Thing::Parked { store, at } => Some((store, at.0, at.1)),
            Thing::Coupon(_) => None,
        };
        let (store, lane, epoch) = &used.source.0;
        self.astray.has(store, *lane, *epoch)
            || of.is_some_and(|(store, lane, epoch)| self.astray.has(store, lane, epoch))
    }

    /// Nothing was used up by lanes to which one authority said yes more than there is.
    pub fn check(&self, model: &Model) -> Result<(), Finding> {
        let mut sums: BTreeMap<(&Thing, u32, Authority), Sum> = BTreeMap::new();
        for used in self.uses.iter().filter(|used| !self.is_left_out(used)) {
            for by in &used.by {
                let sum = sums.entry((&used.thing, used.line, *by)).or_default();
                sum.quantity += used.quantity;
                sum.lanes.insert(used.source.0.1);
            }
        }
        for ((thing, line, by), Sum { quantity, lanes }) in sums {
            let Some(there) = there(model, thing, line) else { continue };
            if quantity > there {
                let invariant = match thing {
                    Thing::Receipt { .. } => Invariant::ReceiptOnce,
                    Thing::Parked { .. } => Invariant::ParkedOnce,
                    Thing::Coupon(_) => Invariant::CouponOnce,
                };
                let words =
                    format!("{by:?} let lanes {lanes:?} have {quantity} of {there} of {thing:?} line {line}");
                return found(invariant, words);
            }
        }
        Ok(())
    }

    /// What was used up too much by documents that HQ has is listed there. Gives how much was.
    pub fn check_listed(
        &self,
        model: &Model,
        is_at_hq: impl Fn(&(JournalKey, u64)) -> bool,
        listed: &BTreeSet<(BookKind, String, String)>,
    ) -> Result<u64, Finding> {
        let mut sums: BTreeMap<(&Thing, u32), i64> = BTreeMap::new();
        for used in self.uses.iter().filter(|used| is_at_hq(&used.source)) {
            *sums.entry((&used.thing, used.line)).or_default() += used.quantity;
        }
        let mut over = 0;
        for ((thing, line), quantity) in sums {
            let Some(there) = there(model, thing, line).filter(|there| quantity > *there) else { continue };
            let listed_so =
                |kind, store: &str, part: String| listed.contains(&(kind, store.to_owned(), part));
            let is_listed = match thing {
                Thing::Receipt { store, at: (lane, epoch, seq) } => {
                    // Of a sale that HQ does not have nobody knows what there was.
                    !is_at_hq(&((store.clone(), *lane, *epoch), *seq))
                        || listed_so(BookKind::Receipt, store, format!("{lane}/{epoch}/{seq}"))
                }
                Thing::Parked { store, at: (lane, epoch, number) } => {
                    listed_so(BookKind::ParkedEnded, store, format!("{lane}/{epoch}/{number}"))
                }
                Thing::Coupon(code) => {
                    listed.iter().any(|(kind, _, part)| *kind == BookKind::Coupon && part == code)
                }
            };
            if !is_listed {
                let words = format!(
                    "{quantity} of {there} of {thing:?} line {line} are used, and HQ does not list it"
                );
                return found(Invariant::Listed, words);
            }
            over += 1;
        }
        Ok(over)
    }
}

/// How much of something there is; `None` of a sale that no disk has any more.
fn there(model: &Model, thing: &Thing, line: u32) -> Option<i64> {
    let Thing::Receipt { store, at: (lane, epoch, seq) } = thing else { return Some(1) };
    let key = (store.clone(), *lane, *epoch);
    let sold = model.sale(&key, *seq)?.sale.lines.iter().find(|sold| sold.number == line)?;
    Some(sold.quantity.thousandths())
}
