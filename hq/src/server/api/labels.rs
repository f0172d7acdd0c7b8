//! Routes about shelf labels: how those of a store stand.

use protocol::shelf::{BatchCounts, ShelfCounts};
use schemars::JsonSchema;
use serde::Serialize;

use super::catalogue::known_store;
use super::forms::{Millis, Page};
use super::route::{Call, Nothing, Route, question};
use crate::access::Scope;
use crate::server::refusal::Refusal;
use crate::shelves::{self, ShelfRow};
use crate::store::Reading;

const LABELS: (&str, Scope) = ("labels", Scope::GoodsRead);

pub(super) fn routes() -> Vec<Route> {
    vec![question(
        "/v1/stores/{store}/labels",
        LABELS,
        "How a store's shelf labels stand, for each lane whose agent has gateways.",
        of_store,
    )]
}

/// The labels of one agent's gateways.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Labels {
    store: String,
    /// The lane whose agent has the gateways.
    #[schemars(range(max = 4_294_967_295u32))]
    lane: u32,
    /// When HQ heard of it last.
    heard_at_ms: Millis,
    /// Labels of the store that stand for something, by the journals filed.
    bound: u64,
    /// What the agent said last; null before it said anything.
    counts: Option<Counts>,
    /// The store's other lanes: a label is given a lower price once each has the version that says so.
    lanes: Vec<InUse>,
}

/// How many labels, as the agent counts them.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Counts {
    /// By the lane's clock.
    at_ms: Millis,
    /// Labels that stand for something.
    bound: u64,
    /// They show what they should.
    shown: u64,
    /// Their faces are on the way.
    sending: u64,
    /// Their faces wait for a till that may still charge more than they say.
    held: u64,
    /// No gateway has seen them.
    not_seen: u64,
    /// They will not show their face by themselves.
    given_up: u64,
    /// Their face cannot be made.
    no_face: u64,
    /// They show another price than the tills charge.
    differing: u64,
    /// Of those, the ones that show less, which must never be.
    below: u64,
    /// Prices that were not struck, since nothing shows that they may be.
    not_struck: u64,
    /// When labels and tills were last compared whole; null before.
    checked_ms: Option<Millis>,
    /// Their battery is low.
    low_battery: u64,
    gateways: u64,
    gateways_down: u64,
    /// The price change that is being sent, or was sent last; null before the first.
    batch: Option<Batch>,
}

/// How far a price change has come on the labels.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Batch {
    begun_ms: Millis,
    /// Labels that it is about.
    labels: u64,
    /// Those that show it.
    shown: u64,
    /// Those that were given up.
    given_up: u64,
    /// When it was over; null while it goes on.
    ended_ms: Option<Millis>,
}

/// What a lane has in use.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct InUse {
    #[schemars(range(max = 4_294_967_295u32))]
    lane: u32,
    /// The version of the reference.
    version: u64,
}

impl From<ShelfCounts> for Counts {
    fn from(said: ShelfCounts) -> Self {
        Self {
            at_ms: said.at_ms,
            bound: said.bound,
            shown: said.shown,
            sending: said.sending,
            held: said.held,
            not_seen: said.not_seen,
            given_up: said.given_up,
            no_face: said.no_face,
            differing: said.differing,
            below: said.below,
            not_struck: said.not_struck,
            checked_ms: said.checked_ms,
            low_battery: said.low_battery,
            gateways: said.gateways,
            gateways_down: said.gateways_down,
            batch: said.batch.map(Batch::from),
        }
    }
}

impl From<BatchCounts> for Batch {
    fn from(said: BatchCounts) -> Self {
        let BatchCounts { begun_ms, labels, shown, given_up, ended_ms } = said;
        Self { begun_ms, labels, shown, given_up, ended_ms }
    }
}

impl From<ShelfRow> for Labels {
    fn from(row: ShelfRow) -> Self {
        let ShelfRow { store, lane, heard_at_ms, bound, counts, lanes } = row;
        let lanes = lanes.into_iter().map(|used| InUse { lane: used.lane, version: used.version }).collect();
        Self { store, lane, heard_at_ms, bound, counts: counts.map(Counts::from), lanes }
    }
}

fn of_store(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<Page<Labels>, Refusal> {
    let store = call.param("store");
    known_store(reading, store)?;
    let rows = shelves::of_reading(reading, Some(store))?;
    Ok(Page { items: rows.into_iter().map(Labels::from).collect(), next: None })
}
