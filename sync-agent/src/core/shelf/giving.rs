//! When a face may leave: what HQ tells the store's other lanes, what they are
//! known to keep to, and what therefore waits.

use std::collections::{BTreeMap, BTreeSet};

use domain::label::{LabelItem, LabelNumber};
use ledger::reference::shelf::{HeldBack, LabelFace, LaneKnown, ShownPrice};
use protocol::pull::ShelfCap;

use super::{CLOCK_SKEW_MS, GIVEN_MAX, Given, LanesTold, PUBLISHED_ITEMS_MAX, Publication, ShelfCore};

/// The most publications of one item that wait for lanes.
const PENDING_MAX: usize = 4;

/// What waits for the clock alone is looked at so often, milliseconds.
const LOOK_MS: i64 = 1_000;

/// What the lanes are known to keep to.
#[derive(Debug, Default)]
pub(super) struct Remote {
    /// In force everywhere; nothing where it was never said.
    confirmed: Vec<ShelfCap>,
    /// Published since, with the version that has it once HQ said so.
    pending: Vec<(Option<u64>, Vec<ShelfCap>)>,
}

impl Remote {
    /// Adds what is about to be published. Of what HQ may or may not have
    /// heard, the same is remembered once, and too much of it as anything.
    fn add(&mut self, caps: Vec<ShelfCap>) {
        self.pending.retain(|(version, known)| version.is_some() || *known != caps);
        if self.pending.len() >= 2 * PENDING_MAX {
            self.pending.retain(|(version, _)| version.is_some());
            self.pending.push((None, Vec::new()));
        }
        self.pending.push((None, caps));
    }
}

/// The most that somebody may be asked; `None` for anything.
type Bound = (Option<i64>, Option<i64>);

impl ShelfCore {
    /// Something to tell HQ; `None` while that is under way or nothing is new.
    pub fn publish(&mut self) -> Option<Publication> {
        self.reckon();
        if self.publishing.is_some() {
            return None;
        }
        let has_room = |item: &&LabelItem| {
            let waits =
                |remote: &Remote| remote.pending.iter().filter(|(version, _)| version.is_some()).count();
            self.remote.get(*item).is_none_or(|remote| waits(remote) < PENDING_MAX)
        };
        let items: BTreeSet<LabelItem> =
            self.unpublished.iter().filter(has_room).take(PUBLISHED_ITEMS_MAX).cloned().collect();
        if items.is_empty() {
            return None;
        }
        let mut caps = Vec::new();
        for item in &items {
            self.unpublished.remove(item);
            let own = self.caps.get(item).cloned().unwrap_or_default();
            self.remote.entry(item.clone()).or_default().add(own.clone());
            caps.push((item.clone(), own));
        }
        self.publishing = Some(items);
        Some(Publication { caps })
    }

    /// What HQ said to the publication; `None` where it said nothing, and
    /// nobody knows whether it heard it.
    pub fn published(&mut self, now_ms: i64, told: Option<LanesTold>) {
        let items = self.publishing.take().unwrap_or_default();
        let Some(told) = told else {
            self.unpublished.extend(items);
            return;
        };
        for item in items {
            if let Some((version, _)) =
                self.remote.get_mut(&item).and_then(|remote| remote.pending.last_mut())
            {
                *version = Some(told.version);
            }
            self.awaiting.insert(item);
        }
        self.lanes_told(now_ms, told.lanes);
    }

    /// HQ tells lanes caps of ours for these items. Those of an earlier process
    /// that hold no more are taken back.
    pub fn told_of(&mut self, items: impl IntoIterator<Item = LabelItem>) {
        let stale = |item: &LabelItem| !self.caps.contains_key(item) && !self.remote.contains_key(item);
        let stale: Vec<LabelItem> = items.into_iter().filter(stale).collect();
        self.unpublished.extend(stale);
    }

    /// What HQ knows of the store's other lanes.
    pub fn lanes_told(&mut self, now_ms: i64, lanes: Vec<LaneKnown>) {
        if self.lanes.as_ref() != Some(&lanes) || self.summary.lanes_ms.is_none() {
            self.summary.lanes.clone_from(&lanes);
            self.summary.lanes_ms = Some(now_ms);
            self.summary_changed = true;
        }
        self.is_to_look = true;
        let everywhere = lanes.iter().map(|lane| lane.version).min().unwrap_or(u64::MAX);
        self.lanes = Some(lanes);
        let remote = &mut self.remote;
        self.awaiting.retain(|item| {
            let Some(remote) = remote.get_mut(item) else { return false };
            let is_in = |(version, _): &(Option<u64>, Vec<ShelfCap>)| {
                version.is_some_and(|version| version <= everywhere)
            };
            if let Some(place) = remote.pending.iter().rposition(is_in) {
                remote.confirmed =
                    remote.pending.drain(..=place).next_back().map(|(_, caps)| caps).unwrap_or_default();
            }
            !remote.pending.is_empty()
        });
    }

    /// Whether lanes are waited for.
    pub fn waits_for_lanes(&self) -> bool {
        !self.awaiting.is_empty()
    }

    /// Faces to give to their gateways now, at most [`GIVEN_MAX`].
    pub fn give(&mut self, now_ms: i64) -> Vec<Given> {
        let mut given = Vec::new();
        // A clock that was put back does not hold faces up.
        let is_early = now_ms < self.look_ms && self.look_ms <= now_ms + LOOK_MS;
        if !std::mem::take(&mut self.is_to_look) && is_early {
            return given;
        }
        self.look_ms = now_ms + LOOK_MS;
        for number in self.by_turns() {
            if given.len() == GIVEN_MAX {
                self.is_to_look = true;
                break;
            }
            let held = match self.may_be_given(now_ms, &number) {
                Ok(true) => {
                    given.extend(self.hand_out(now_ms, &number));
                    continue;
                }
                Ok(false) => None,
                Err(held) => Some(held),
            };
            let Some(label) = self.labels.get_mut(&number) else { continue };
            if label.state.held != held {
                label.state.held = held;
                self.changed(now_ms, &number);
            }
        }
        given
    }

    /// The labels that wait, by turns of their gateways: each has its own air,
    /// and none begins only when the one before has got all of its faces.
    fn by_turns(&self) -> Vec<LabelNumber> {
        let mut waiting: BTreeMap<&str, Vec<&LabelNumber>> = BTreeMap::new();
        for number in &self.armed {
            let gateway = self.labels.get(number).map_or("", |label| label.state.gateway.as_str());
            waiting.entry(gateway).or_default().push(number);
        }
        let most = waiting.values().map(Vec::len).max().unwrap_or(0);
        let turn = |turn: usize| waiting.values().filter_map(move |numbers| numbers.get(turn).copied());
        (0..most).flat_map(turn).cloned().collect()
    }

    /// A face that was given did not get there: it is to be given again.
    pub fn not_taken(&mut self, number: &LabelNumber, send: u64) {
        let Some(label) = self.labels.get_mut(number) else { return };
        if label.given.last() == Some(&Some(send)) {
            if let Some(last) = label.given.last_mut() {
                *last = None;
            }
            label.is_armed = true;
            label.is_known_there = false;
            self.armed.insert(number.clone());
        }
    }

    fn hand_out(&mut self, now_ms: i64, number: &LabelNumber) -> Option<Given> {
        self.sends += 1;
        let send = self.sends;
        self.armed.remove(number);
        let label = self.labels.get_mut(number)?;
        let face = label.state.sent.last()?.face.clone();
        *label.given.last_mut()? = Some(send);
        let is_first = !std::mem::replace(&mut label.is_known_there, true);
        label.is_armed = false;
        label.state.held = None;
        let gateway = label.state.gateway.clone();
        self.changed(now_ms, number);
        Some(Given { number: number.clone(), gateway, face, send, is_first })
    }

    /// Whether the face that a label waits for may leave: yes, not yet, or
    /// because of whom not.
    fn may_be_given(&self, now_ms: i64, number: &LabelNumber) -> Result<bool, HeldBack> {
        let Some(label) = self.labels.get(number) else { return Ok(false) };
        let Some(sent) = label.state.sent.last().filter(|_| label.is_armed) else { return Ok(false) };
        if label.state.gateway.is_empty() {
            return Ok(false);
        }
        if self.teeth.faces_first {
            return Ok(true);
        }
        let Some(lanes) = &self.lanes else { return Err(HeldBack::Hq {}) };
        let is_kept = |shown: &ShownPrice| {
            let item = LabelItem::from(&shown.item);
            let (price, member_price) = self.in_force(&item, now_ms);
            let holds = |bound: Option<i64>, price: i64| bound.is_some_and(|bound| bound <= price);
            shown.price.is_none_or(|least| holds(price, least))
                && shown.member_price.is_none_or(|least| holds(price, least) || holds(member_price, least))
        };
        if !lanes.is_empty() && !sent.face.prices.iter().all(is_kept) {
            return Err(self.held_by(lanes, &sent.face));
        }
        Ok(label.durable >= label.revision)
    }

    /// Whom a face waits for.
    fn held_by(&self, lanes: &[LaneKnown], face: &LabelFace) -> HeldBack {
        let items = face.prices.iter().map(|shown| LabelItem::from(&shown.item));
        let versions = items.map(|item| {
            self.remote.get(&item).and_then(|remote| remote.pending.last()).and_then(|(version, _)| *version)
        });
        match versions.collect::<Option<Vec<u64>>>().and_then(|versions| versions.into_iter().max()) {
            Some(needed) => HeldBack::Lanes {
                lanes: lanes.iter().filter(|lane| lane.version < needed).map(|lane| lane.lane).collect(),
            },
            None => HeldBack::Hq {},
        }
    }

    /// The most that any other lane asks for an item.
    fn in_force(&self, item: &LabelItem, now_ms: i64) -> Bound {
        let Some(remote) = self.remote.get(item) else { return (None, None) };
        let in_one = |caps: &[ShelfCap]| {
            let now = || {
                caps.iter().filter(|cap| cap.from_ms.is_none_or(|from_ms| from_ms + CLOCK_SKEW_MS <= now_ms))
            };
            (now().filter_map(|cap| cap.price).min(), now().filter_map(|cap| cap.member_price).min())
        };
        let most = |one: Option<i64>, other: Option<i64>| Some(one?.max(other?));
        let (price, member_price) = in_one(&remote.confirmed);
        remote
            .pending
            .iter()
            .map(|(_, caps)| in_one(caps))
            .fold((price, member_price), |bound, (price, member_price)| {
                (most(bound.0, price), most(bound.1, member_price))
            })
    }
}
