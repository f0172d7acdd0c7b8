//! The part of an agent that keeps labels true: the real core of it, with what its thread does around it.

use std::path::Path;

use domain::catalogue::Catalogue;
use ledger::file::Trial;
use ledger::reference::Reference;
use ledger::reference::shelf::{LabelFace, LaneKnown, Shelf, ShelfSummary, ShownPrice};
use protocol::shelf::{CapTold, ItemCaps, ShelfAnswer, ShelfReport};
use sync_agent::core::{Given, Heard, LanesTold, ShelfBeginning, ShelfCore, Teeth, Wanted};

use super::Weakness;
use super::agent::Agent;
use super::lane::REFERENCE;
use super::shelf::{Rack, item};
use super::shop;
use crate::powercut::words;

/// How often it looks, milliseconds.
pub const LOOK_MS: i64 = 60_000;

/// HQ is told that the agent is there at least so often, milliseconds.
const REPORT_MS: i64 = 10 * 60_000;

/// The gateway's address.
const HOST: &str = "gateway";

/// Keeps the labels of a store true.
pub struct Keeper {
    core: ShelfCore,
    goods: Reference,
    shelf: Shelf,
    lane: u32,
    /// The report under way, and whether caps are in it.
    report: Option<(u64, bool)>,
    report_number: u64,
    reported_ms: i64,
    version: Option<u64>,
}

/// What a look comes to.
#[derive(Default)]
pub struct Looked {
    /// What HQ is to be told.
    pub report: Option<ShelfReport>,
    /// Faces for the gateway.
    pub given: Vec<Given>,
}

impl Keeper {
    /// Begins with what lies on the machine's disk; `None` before the goods were pulled.
    pub fn start(trial: &Trial, lane: u32, rack: &Rack, weakness: Weakness) -> Result<Option<Self>, String> {
        let path = Path::new(REFERENCE);
        let goods = Reference::open_trial(path, trial).map_err(|error| words(&error))?;
        let shelf = Shelf::open_trial(path, trial).map_err(|error| words(&error))?;
        let (Some(goods), Some(shelf)) = (goods, shelf) else { return Ok(None) };
        // Before the first pull nobody knows what HQ remembers of the labels.
        if goods.version() == 0 {
            return Ok(None);
        }
        let begun = || -> Result<_, ledger::reference::ReferenceError> {
            let (_, is_kept) = shelf.position()?;
            let summary: ShelfSummary = shelf.summary()?;
            let of = if is_kept { 0 } else { lane };
            let echo = if is_kept && !summary.is_recovering { Vec::new() } else { shelf.caps()? };
            let echo = echo.into_iter().filter(|cap| cap.lane == of).collect();
            Ok(ShelfBeginning { lane, states: shelf.states()?, summary, echo })
        };
        let mut core = ShelfCore::new(begun().map_err(|error| words(&error))?);
        core.without(match weakness {
            Weakness::LabelsFirst => Teeth { faces_first: true, ..Teeth::default() },
            Weakness::NoCaps => Teeth { no_caps: true, faces_first: true },
            Weakness::None
            | Weakness::NoDedupe
            | Weakness::EdgeTriggered
            | Weakness::NormalSync
            | Weakness::PaperFirst
            | Weakness::RelayLendsTwice
            | Weakness::RelayForgets
            | Weakness::LanesForget
            | Weakness::LeasesOverlap
            | Weakness::CountsOnArrival => Teeth::default(),
        });
        for label in &rack.labels {
            let heard = Heard {
                gateway: HOST.to_owned(),
                is_elsewhere: false,
                seen_ms: Some(0),
                battery_mv: Some(3_000),
                panel: None,
            };
            core.heard(0, &label.number, heard);
        }
        Ok(Some(Self {
            core,
            goods,
            shelf,
            lane,
            report: None,
            report_number: 0,
            reported_ms: i64::MIN / 2,
            version: None,
        }))
    }

    /// Looks at the goods, writes what follows, and says what is to be done. An error is one of the disk; faces are given
    /// out only once what allows them is on it.
    pub fn look(
        &mut self,
        agent: &mut Agent,
        rack: &Rack,
        (now_ms, number): (i64, u64),
    ) -> Result<Looked, String> {
        self.goods.refresh().map_err(|error| words(&error))?;
        let version = self.goods.version();
        if self.version != Some(version) {
            let told = self.shelf.told_for_nothing(self.lane).map_err(|error| words(&error))?;
            self.core.told_of(told);
            self.version = Some(version);
        }
        for label in &rack.labels {
            let face = self.face(label.goods)?;
            let wanted = Wanted { face: Some(face), is_bound: true, ..Wanted::default() };
            self.core.want(now_ms, &label.number, wanted);
        }
        self.goods.rest().map_err(|error| words(&error))?;
        self.write(agent)?;
        let report = self.reports(now_ms, number);
        let given = self.core.give(now_ms);
        // That they are on their way is known before they leave.
        self.write(agent)?;
        Ok(Looked { report, given })
    }

    fn face(&self, goods: &[usize]) -> Result<LabelFace, String> {
        let mut prices = Vec::new();
        for place in goods {
            let product = self.goods.product(&shop::sku(*place)).map_err(|error| words(&error))?;
            prices.push(ShownPrice {
                item: (&item(*place)).into(),
                price: product.map(|product| product.price),
                member_price: None,
            });
        }
        Ok(LabelFace { template: "normal".into(), prices, ..LabelFace::default() })
    }

    fn write(&mut self, agent: &mut Agent) -> Result<(), String> {
        while let Some(changes) = self.core.write() {
            let written = agent.write_shelf(&changes);
            self.core.written(&changes, written.is_ok());
            written?;
        }
        Ok(())
    }

    fn reports(&mut self, now_ms: i64, number: u64) -> Option<ShelfReport> {
        if self.report.is_some() {
            return None;
        }
        let published = self.core.publish();
        let is_due = !(0..REPORT_MS).contains(&(now_ms - self.reported_ms));
        if published.is_none() && !is_due && !self.core.waits_for_lanes() {
            return None;
        }
        self.reported_ms = now_ms;
        self.report = Some((number, published.is_some()));
        let items = published.into_iter().flat_map(|published| published.caps).map(|(item, caps)| ItemCaps {
            item: (&item).into(),
            caps: caps.into_iter().map(CapTold::from).collect(),
        });
        self.report_number = (self.report_number + 1).max(u64::try_from(now_ms).unwrap_or(0));
        Some(ShelfReport {
            number: self.report_number,
            items: items.collect(),
            counts: None,
            deals: Vec::new(),
            stock: Vec::new(),
        })
    }

    /// Whether a face waits for HQ or for a lane.
    pub fn is_waiting(&self) -> bool {
        let is_held = |number| self.core.state(number).is_some_and(|state| state.held.is_some());
        self.core.numbers().any(is_held)
    }

    /// HQ answered a report, or nobody waits for that any longer. Tells whether it was waited for.
    pub fn hear(&mut self, now_ms: i64, number: u64, told: Option<ShelfAnswer>) -> bool {
        let Some((_, has_caps)) = self.report.take_if(|(waited, _)| *waited == number) else { return false };
        if let Some(told) = &told {
            self.report_number = self.report_number.max(told.number);
        }
        let lanes = told.filter(|told| told.is_taken).map(|told| LanesTold {
            version: told.version,
            lanes: told
                .lanes
                .iter()
                .map(|lane| LaneKnown { lane: lane.lane, version: lane.version })
                .collect(),
        });
        match (has_caps, lanes) {
            (true, lanes) => self.core.published(now_ms, lanes),
            (false, Some(told)) => self.core.lanes_told(now_ms, told.lanes),
            (false, None) => {}
        }
        true
    }

    /// A label says that it shows a face.
    pub fn shown(&mut self, now_ms: i64, number: &domain::label::LabelNumber, send: u64) {
        self.core.shown(now_ms, number, send, String::new());
    }
}
