//! Orders as a till has them: what HQ told of each, what was done with it
//! here, and what may be done next.
//!
//! HQ's [`Order`](super::Order) is the book; a till may be cut off from it for
//! days. So a till keeps what it did itself, and an order stands as far as
//! either of them knows. Nothing here is priced: what was not found is paid
//! back by the line's own frozen net.

use super::{OrderLine, OrderState};
use crate::money::Money;
use crate::rights::REASON_LENGTH_MAX;

/// The most orders of which a till remembers what it did; the oldest go. An
/// order that HQ tells of no more is not looked for here, so only a till that
/// was cut off for as many orders forgets one that matters.
pub const ORDERS_HERE_MAX: usize = 512;

/// How many lines of orders a till remembers what was found of. Of the oldest
/// order it then forgets that, and it is looked for once more.
pub const FOUND_HERE_MAX: usize = 8_192;

/// Weighed goods may be so much above what was ordered, per cent of it: an
/// apple is not cut. The customer pays nothing for it.
pub const WEIGHT_OVER_PERCENT_MAX: i64 = 10;

/// Weighed goods may be so much below what was ordered without anybody saying
/// why, per cent of it. What is missing is paid back all the same.
pub const WEIGHT_UNDER_PERCENT_FREE: i64 = 10;

/// So long after the promised time nobody has come for an order, milliseconds.
pub const NOT_COLLECTED_AFTER_MS: i64 = 2 * 3_600_000;

/// An order as HQ told of it: paid, and not yet handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldOrder {
    /// HQ's id, one among those of its store.
    pub id: String,
    /// Which channel took it.
    pub channel: String,
    /// How far it has come, as far as HQ knows.
    pub state: OrderState,
    /// What is to be handed over; once it was picked, what was found.
    pub lines: Vec<OrderLine>,
    /// What is paid and not paid back.
    pub kept: Money,
    /// When it was promised for, milliseconds UTC.
    pub promised_ms: Option<i64>,
    /// What may be shown of the customer.
    pub shown: String,
}

/// What a person wants done with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderAsk {
    /// The store will do it.
    Accept,
    /// The store will not do it; the channel pays all of it back.
    Refuse {
        /// Why.
        reason: String,
    },
    /// So much of a line lies in the bag now.
    Find {
        /// The line's number.
        line: u32,
        /// All of it, thousandths: what was there before included.
        thousandths: i64,
    },
    /// All that can be found lies in the bag.
    Ready {
        /// Why something is missing; may be empty where nothing is.
        reason: String,
    },
    /// Somebody came for it.
    HandOver {
        /// What they brought.
        code: String,
        /// Whether it is the order's: its hash was compared elsewhere.
        matches: bool,
    },
    /// Nobody came for it: the goods go back, and the channel pays it back.
    NotCollected,
}

/// A line of which not all was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The line's number.
    pub line: u32,
    /// How much was found, thousandths: less than was ordered.
    pub found: i64,
}

/// What was done with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderDeed {
    /// The store will do it.
    Accepted,
    /// The store will not do it.
    Refused {
        /// Why.
        reason: String,
    },
    /// So much of a line lay in the bag then.
    Found {
        /// The line's number.
        line: u32,
        /// Thousandths, as counted or weighed.
        thousandths: i64,
    },
    /// Its goods lie ready.
    Ready {
        /// Of these lines not all was found.
        missing: Vec<Missing>,
        /// Why; empty where it needs no words.
        reason: String,
    },
    /// Somebody has the goods.
    HandedOver {
        /// What they brought; it is good for nothing any more.
        code: String,
    },
    /// Nobody came for it.
    NotCollected,
}

/// One thing that was done with an order at a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecord {
    /// The order's id.
    pub order: String,
    /// Who did it.
    pub staff: String,
    /// What.
    pub deed: OrderDeed,
}

/// How far an order has come at this till.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageHere {
    /// It was accepted here, or goods of it were found here.
    Accepted,
    /// It lies ready since here.
    Ready,
    /// It was handed over here.
    HandedOver,
    /// It was refused here, or nobody came for it.
    Ended,
}

/// What this till did with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderHere {
    /// The order's id.
    pub id: String,
    /// How far it has come here.
    pub stage: StageHere,
    /// What lies in the bag: the line's number and thousandths, by number.
    pub found: Vec<(u32, i64)>,
}

/// How an order stands, by what HQ told and what was done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nobody has said yet that the store will do it.
    New,
    /// The store will do it.
    Accepted,
    /// Some of it lies in the bag.
    Picking,
    /// It can be handed over.
    Ready,
    /// It was handed over here.
    HandedOver,
    /// It was refused here, or nobody came for it.
    Ended,
}

/// Why nothing was done with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderRefused {
    /// It is not its turn.
    OutOfTurn(Standing),
    /// It has no such line.
    NoLine(u32),
    /// More than was ordered, or less than nothing.
    TooMuch {
        /// The most that may lie in the bag, thousandths.
        most: i64,
    },
    /// Nothing at all was found: it is refused instead.
    Nothing,
    /// Something is missing, and nobody said why.
    Reason,
    /// The code is not that of the order.
    Code,
    /// The customer may still come.
    TooEarly {
        /// From this instant on nobody came, milliseconds UTC.
        from_ms: i64,
    },
    /// No time was promised, so nobody is late: HQ ends it.
    NoPromise,
}

/// The most of a line that may lie in the bag, thousandths.
pub fn most_of(line: &OrderLine, weighed: bool) -> i64 {
    let ordered = line.quantity.thousandths();
    if weighed {
        ordered.saturating_add(ordered.saturating_mul(WEIGHT_OVER_PERCENT_MAX) / 100)
    } else {
        ordered
    }
}

impl ToldOrder {
    /// What was found of a line here, thousandths; once HQ tells that the order was made ready, what HQ tells.
    pub fn found(&self, here: Option<&OrderHere>, line: &OrderLine) -> i64 {
        // Whoever made it ready, here or elsewhere: that is what lies in the bag.
        if self.state == OrderState::Picked {
            return line.quantity.thousandths();
        }
        let found = here.and_then(|here| here.found.iter().find(|(number, _)| *number == line.number));
        found.map_or(0, |(_, found)| *found)
    }

    /// How it stands.
    pub fn standing(&self, here: Option<&OrderHere>) -> Standing {
        let told = match self.state {
            OrderState::Placed | OrderState::Paid => Standing::New,
            OrderState::Accepted => Standing::Accepted,
            OrderState::Picked => Standing::Ready,
            OrderState::HandedOver | OrderState::Cancelled => Standing::Ended,
        };
        let done = match here {
            None => Standing::New,
            Some(OrderHere { stage: StageHere::Accepted, found, .. }) if found.is_empty() => {
                Standing::Accepted
            }
            Some(OrderHere { stage: StageHere::Accepted, .. }) => Standing::Picking,
            Some(OrderHere { stage: StageHere::Ready, .. }) => Standing::Ready,
            Some(OrderHere { stage: StageHere::HandedOver, .. }) => Standing::HandedOver,
            Some(OrderHere { stage: StageHere::Ended, .. }) => Standing::Ended,
        };
        told.max(done)
    }

    /// Of which lines not all lies in the bag.
    pub fn missing(&self, here: Option<&OrderHere>) -> Vec<Missing> {
        let missing = |line: &OrderLine| {
            let found = self.found(here, line);
            (found < line.quantity.thousandths()).then_some(Missing { line: line.number, found })
        };
        self.lines.iter().filter_map(missing).collect()
    }

    /// What the channel pays back for what is missing: the frozen net of each
    /// line, less the share of what was found. HQ reckons the same.
    pub fn back_for(&self, missing: &[Missing]) -> Money {
        let back = |missing: &Missing| {
            let line = self.lines.iter().find(|line| line.number == missing.line)?;
            let kept = line.net.cumulative(missing.found, line.quantity.thousandths());
            Some(line.net - kept.unwrap_or(line.net))
        };
        missing.iter().filter_map(back).sum()
    }

    /// What is done where somebody asks for this. `weighed` says of an item
    /// code whether it is sold by weight; `now_ms` is the lane's clock,
    /// milliseconds UTC.
    ///
    /// # Errors
    /// It is not its turn, or what was asked cannot be.
    pub fn decide(
        &self,
        here: Option<&OrderHere>,
        ask: &OrderAsk,
        weighed: impl Fn(&str) -> bool,
        now_ms: i64,
    ) -> Result<OrderDeed, OrderRefused> {
        let standing = self.standing(here);
        let out_of_turn = || Err(OrderRefused::OutOfTurn(standing));
        let is_open = matches!(standing, Standing::Accepted | Standing::Picking);
        match ask {
            OrderAsk::Accept if standing == Standing::New => Ok(OrderDeed::Accepted),
            OrderAsk::Refuse { reason } if standing == Standing::New || is_open => {
                let reason = kept(reason);
                if reason.is_empty() { Err(OrderRefused::Reason) } else { Ok(OrderDeed::Refused { reason }) }
            }
            OrderAsk::Find { line: number, thousandths } if is_open => {
                let line = self.lines.iter().find(|line| line.number == *number);
                let line = line.ok_or(OrderRefused::NoLine(*number))?;
                let most = most_of(line, weighed(&line.sku));
                if !(0..=most).contains(thousandths) {
                    return Err(OrderRefused::TooMuch { most });
                }
                Ok(OrderDeed::Found { line: *number, thousandths: *thousandths })
            }
            OrderAsk::Ready { reason } if is_open => self.ready(here, reason, weighed),
            OrderAsk::HandOver { code, matches } if standing == Standing::Ready => {
                if *matches {
                    Ok(OrderDeed::HandedOver { code: code.clone() })
                } else {
                    Err(OrderRefused::Code)
                }
            }
            OrderAsk::NotCollected if is_open || standing == Standing::Ready => match self.promised_ms {
                None => Err(OrderRefused::NoPromise),
                Some(promised_ms) => {
                    let from_ms = promised_ms.saturating_add(NOT_COLLECTED_AFTER_MS);
                    if now_ms < from_ms {
                        Err(OrderRefused::TooEarly { from_ms })
                    } else {
                        Ok(OrderDeed::NotCollected)
                    }
                }
            },
            OrderAsk::Accept
            | OrderAsk::Refuse { .. }
            | OrderAsk::Find { .. }
            | OrderAsk::Ready { .. }
            | OrderAsk::HandOver { .. }
            | OrderAsk::NotCollected => out_of_turn(),
        }
    }

    fn ready(
        &self,
        here: Option<&OrderHere>,
        reason: &str,
        weighed: impl Fn(&str) -> bool,
    ) -> Result<OrderDeed, OrderRefused> {
        let missing = self.missing(here);
        if self.lines.iter().all(|line| self.found(here, line) == 0) {
            return Err(OrderRefused::Nothing);
        }
        let reason = kept(reason);
        let needs_words = |missing: &Missing| {
            let line = self.lines.iter().find(|line| line.number == missing.line);
            line.is_some_and(|line| {
                let ordered = line.quantity.thousandths();
                let free = ordered.saturating_mul(WEIGHT_UNDER_PERCENT_FREE) / 100;
                !weighed(&line.sku) || missing.found < ordered - free
            })
        };
        if reason.is_empty() && missing.iter().any(needs_words) {
            return Err(OrderRefused::Reason);
        }
        Ok(OrderDeed::Ready { missing, reason })
    }
}

/// A reason as a record keeps it.
fn kept(reason: &str) -> String {
    reason.trim().chars().take(REASON_LENGTH_MAX).collect()
}

/// What a till did with orders, oldest first; at most [`ORDERS_HERE_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrdersHere {
    orders: Vec<OrderHere>,
}

impl OrdersHere {
    /// These, the newest where there are too many.
    pub fn of(mut orders: Vec<OrderHere>) -> Self {
        orders.drain(..orders.len().saturating_sub(ORDERS_HERE_MAX));
        let mut here = Self { orders };
        here.forget_oldest_found();
        here
    }

    /// Keeps what was found of [`FOUND_HERE_MAX`] lines, those of the newest orders.
    fn forget_oldest_found(&mut self) {
        let mut left = FOUND_HERE_MAX;
        for here in self.orders.iter_mut().rev() {
            match left.checked_sub(here.found.len()) {
                Some(fewer) => left = fewer,
                None => {
                    left = 0;
                    here.found.clear();
                }
            }
        }
    }

    /// All of them, oldest first.
    pub fn all(&self) -> &[OrderHere] {
        &self.orders
    }

    /// What was done with an order.
    pub fn get(&self, id: &str) -> Option<&OrderHere> {
        self.orders.iter().find(|here| here.id == id)
    }

    pub(crate) fn apply(&mut self, record: &OrderRecord) {
        let place = self.orders.iter().position(|here| here.id == record.order);
        let mut here = place.map(|place| self.orders.remove(place)).unwrap_or_else(|| OrderHere {
            id: record.order.clone(),
            stage: StageHere::Accepted,
            found: Vec::new(),
        });
        match &record.deed {
            OrderDeed::Accepted => {}
            OrderDeed::Found { line, thousandths } => {
                here.found.retain(|(number, _)| number != line);
                here.found.push((*line, *thousandths));
                here.found.sort_unstable();
            }
            OrderDeed::Ready { .. } => here.stage = StageHere::Ready,
            OrderDeed::HandedOver { .. } => {
                here.stage = StageHere::HandedOver;
                here.found.clear();
            }
            OrderDeed::Refused { .. } | OrderDeed::NotCollected => {
                here.stage = StageHere::Ended;
                here.found.clear();
            }
        }
        if self.orders.len() >= ORDERS_HERE_MAX {
            self.orders.remove(0);
        }
        self.orders.push(here);
        self.forget_oldest_found();
    }
}

#[cfg(test)]
mod tests;
