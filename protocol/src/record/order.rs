//! What a lane did with orders, between the rules and the journal.

use domain::order::desk::{Missing, OrderDeed, OrderHere, OrderRecord, OrdersHere, StageHere};

use crate::event;

impl From<&OrderRecord> for event::Order {
    fn from(record: &OrderRecord) -> Self {
        let missing = |missing: &Missing| event::Missing { line: missing.line, found: missing.found };
        Self {
            order: record.order.clone(),
            staff: record.staff.clone(),
            deed: match &record.deed {
                OrderDeed::Accepted => event::OrderDeed::Accepted {},
                OrderDeed::Refused { reason } => event::OrderDeed::Refused { reason: reason.clone() },
                OrderDeed::Found { line, thousandths } => {
                    event::OrderDeed::Found { line: *line, quantity: *thousandths }
                }
                OrderDeed::Ready { missing: lines, reason } => event::OrderDeed::Ready {
                    missing: lines.iter().map(missing).collect(),
                    reason: reason.clone(),
                },
                OrderDeed::HandedOver { code } => event::OrderDeed::HandedOver { code: code.clone() },
                OrderDeed::NotCollected => event::OrderDeed::NotCollected {},
            },
        }
    }
}

impl From<&event::Order> for OrderRecord {
    fn from(fact: &event::Order) -> Self {
        let missing = |missing: &event::Missing| Missing { line: missing.line, found: missing.found };
        Self {
            order: fact.order.clone(),
            staff: fact.staff.clone(),
            deed: match &fact.deed {
                event::OrderDeed::Accepted {} => OrderDeed::Accepted,
                event::OrderDeed::Refused { reason } => OrderDeed::Refused { reason: reason.clone() },
                event::OrderDeed::Found { line, quantity } => {
                    OrderDeed::Found { line: *line, thousandths: *quantity }
                }
                event::OrderDeed::Ready { missing: lines, reason } => {
                    OrderDeed::Ready { missing: lines.iter().map(missing).collect(), reason: reason.clone() }
                }
                event::OrderDeed::HandedOver { code } => OrderDeed::HandedOver { code: code.clone() },
                event::OrderDeed::NotCollected {} => OrderDeed::NotCollected,
            },
        }
    }
}

pub(super) fn encode_orders(orders: &OrdersHere) -> Vec<event::OrderHere> {
    let here = |here: &OrderHere| event::OrderHere {
        order: here.id.clone(),
        stage: match here.stage {
            StageHere::Accepted => event::OrderStage::Accepted,
            StageHere::Ready => event::OrderStage::Ready,
            StageHere::HandedOver => event::OrderStage::HandedOver,
            StageHere::Ended => event::OrderStage::Ended,
        },
        found: here.found.iter().map(|(line, found)| event::Missing { line: *line, found: *found }).collect(),
    };
    orders.all().iter().map(here).collect()
}

pub(super) fn understand_orders(orders: &[event::OrderHere]) -> OrdersHere {
    let here = |here: &event::OrderHere| OrderHere {
        id: here.order.clone(),
        stage: match here.stage {
            event::OrderStage::Accepted => StageHere::Accepted,
            event::OrderStage::Ready => StageHere::Ready,
            event::OrderStage::HandedOver => StageHere::HandedOver,
            event::OrderStage::Ended => StageHere::Ended,
        },
        found: here.found.iter().map(|found| (found.line, found.found)).collect(),
    };
    OrdersHere::of(orders.iter().map(here).collect())
}
