//! The shelf reconciler: what labels should show moves onto them, in an order
//! in which nobody pays more than a label shows.
//!
//! A label *may show* what it was last seen to show and every face that was
//! given to its gateway since. Of all labels that may show an item the least
//! price is its cap, and no till of the store charges more. A face is given to
//! a gateway only when a cap of its price, or a lower one, is on this disk and
//! in force on every lane of the store. A cap rises by itself when labels were
//! seen to show more. So a price falls at the tills first and then on the
//! labels, and rises on the labels first and then at the tills, and no state
//! in between needs to be known to be right.
//!
//! Pure, like its neighbours: the shell writes, publishes and gives, and says
//! what came of it. Unlike theirs, these times are those of the clock, since
//! prices hold by it.

use std::collections::{BTreeMap, BTreeSet};

use domain::label::{LabelItem, LabelNumber};
use ledger::reference::shelf::{
    GatewayState, HeldBack, LabelBatch, LabelCondition, LabelFace, LabelState, LaneKnown, PanelSeen,
    SentFace, ShelfChanges, ShelfSummary, ShownPrice,
};
use protocol::event;
use protocol::pull::{LabelWaiver, ShelfCap};

/// How far two clocks of one store may be apart, milliseconds. A cap that is
/// told ahead begins so much before its time, and is relied on only at it.
pub const CLOCK_SKEW_MS: i64 = 60_000;

/// The most items whose caps are published at one time.
pub const PUBLISHED_ITEMS_MAX: usize = 1_000;

/// The most labels that are written at one time.
pub const WRITTEN_LABELS_MAX: usize = 2_000;

/// The most faces that are given out at one time.
pub const GIVEN_MAX: usize = 256;

/// The most faces of one label that are remembered since it was last seen to
/// show one; older ones are remembered as one, with their least prices.
pub const SENT_MAX: usize = 8;

/// The most publications of one item that wait for lanes.
const PENDING_MAX: usize = 4;

/// That a label was heard is written down so often, milliseconds.
const SEEN_WRITTEN_MS: i64 = 600_000;

/// What waits for the clock alone is looked at so often, milliseconds.
const LOOK_MS: i64 = 1_000;

/// What one label should show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Now; `None` where there is no face, for this reason.
    pub face: Option<LabelFace>,
    /// Why there is none; in English.
    pub why: String,
    /// It stands for something.
    pub is_bound: bool,
    /// What its prices will be, as far as is known, in order of time.
    pub later: Vec<Later>,
}

/// What a label will say from an instant on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// Milliseconds UTC.
    pub from_ms: i64,
    /// Its prices.
    pub prices: Vec<ShownPrice>,
}

/// A face on its way to a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Which label.
    pub number: LabelNumber,
    /// The gateway that has it.
    pub gateway: String,
    /// What it is to show.
    pub face: LabelFace,
    /// The number by which its end is told.
    pub send: u64,
    /// The gateway was not told of the label before.
    pub is_first: bool,
}

/// The caps that HQ is to tell the store's lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Items with all their caps; none where there is none any more.
    pub caps: Vec<(LabelItem, Vec<ShelfCap>)>,
}

/// What HQ said to a publication, or when it was asked for the lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanesTold {
    /// The version of the reference that has what was published.
    pub version: u64,
    /// The store's other lanes that count.
    pub lanes: Vec<LaneKnown>,
}

/// What was heard of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The gateway.
    pub gateway: String,
    /// Another gateway hears it better.
    pub is_elsewhere: bool,
    /// When, milliseconds UTC.
    pub seen_ms: Option<i64>,
    /// Millivolts.
    pub battery_mv: Option<u32>,
    /// Its panel.
    pub panel: Option<PanelSeen>,
}

/// What begins a reconciler: what the one before has written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShelfBeginning {
    /// The lane whose agent this is.
    pub lane: u32,
    /// All that is known of labels.
    pub states: Vec<(LabelNumber, LabelState)>,
    /// What is known of the whole.
    pub summary: ShelfSummary,
    /// Where what is known was lost: the caps that HQ has of this lane. They
    /// stand until every label was seen.
    pub echo: Vec<ShelfCap>,
}

#[derive(Debug)]
struct Tracked {
    state: LabelState,
    is_bound: bool,
    later: Vec<Later>,
    /// For each of `state.sent`, under which number it was given by this
    /// process.
    given: Vec<Option<u64>>,
    /// The last of `state.sent` was not given yet.
    is_armed: bool,
    /// The gateway has been told of the label since this process began.
    is_known_there: bool,
    /// Counts its changes, and up to which it is on disk.
    revision: u64,
    durable: u64,
    /// What it may show, or will.
    items: BTreeSet<LabelItem>,
    /// When it was last written that it was heard.
    heard_written_ms: i64,
}

/// What the lanes are known to keep to.
#[derive(Debug, Default)]
struct Remote {
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

/// The reconciler of one agent's labels.
#[derive(Debug)]
pub struct ShelfCore {
    lane: u32,
    labels: BTreeMap<LabelNumber, Tracked>,
    labels_of: BTreeMap<LabelItem, BTreeSet<LabelNumber>>,
    /// Caps of what was lost.
    floor: BTreeMap<LabelItem, Vec<ShelfCap>>,
    /// Caps as they were last worked out.
    caps: BTreeMap<LabelItem, Vec<ShelfCap>>,
    remote: BTreeMap<LabelItem, Remote>,
    lanes: Option<Vec<LaneKnown>>,
    summary: ShelfSummary,
    /// Labels of a batch that are neither shown nor given up.
    batch_open: BTreeSet<LabelNumber>,
    touched: BTreeSet<LabelItem>,
    unwritten_labels: BTreeSet<LabelNumber>,
    unwritten_items: BTreeSet<LabelItem>,
    unwritten_gateways: BTreeMap<String, GatewayState>,
    waivers_done: Vec<LabelWaiver>,
    summary_changed: bool,
    /// What is being written: labels with their revisions.
    writing: Option<Vec<(LabelNumber, u64)>>,
    /// Items whose caps are on their way to the disk.
    writing_items: BTreeSet<LabelItem>,
    unpublished: BTreeSet<LabelItem>,
    publishing: Option<BTreeSet<LabelItem>>,
    awaiting: BTreeSet<LabelItem>,
    armed: BTreeSet<LabelNumber>,
    sends: u64,
    /// Something changed that a face may wait for; else it is looked from this
    /// moment on, since caps come into force by the clock.
    is_to_look: bool,
    look_ms: i64,
    teeth: Teeth,
}

/// What keeps a customer from paying too much, each of which a test takes away
/// to see that it is needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Teeth {
    /// Caps are not made.
    pub no_caps: bool,
    /// Faces do not wait for tills.
    pub faces_first: bool,
}

impl ShelfCore {
    /// Begins with what is on disk.
    pub fn new(beginning: ShelfBeginning) -> Self {
        let mut floor: BTreeMap<LabelItem, Vec<ShelfCap>> = BTreeMap::new();
        for cap in beginning.echo {
            floor.entry((&cap.item).into()).or_default().push(cap);
        }
        let summary = beginning.summary;
        let lanes = summary.lanes_ms.map(|_| summary.lanes.clone());
        let mut core = Self {
            lane: beginning.lane,
            labels: BTreeMap::new(),
            labels_of: BTreeMap::new(),
            touched: floor.keys().cloned().collect(),
            floor,
            caps: BTreeMap::new(),
            remote: BTreeMap::new(),
            lanes,
            summary,
            batch_open: BTreeSet::new(),
            unwritten_labels: BTreeSet::new(),
            unwritten_items: BTreeSet::new(),
            unwritten_gateways: BTreeMap::new(),
            waivers_done: Vec::new(),
            summary_changed: false,
            writing: None,
            writing_items: BTreeSet::new(),
            unpublished: BTreeSet::new(),
            publishing: None,
            awaiting: BTreeSet::new(),
            armed: BTreeSet::new(),
            sends: 0,
            is_to_look: true,
            look_ms: i64::MIN,
            teeth: Teeth::default(),
        };
        for (number, state) in beginning.states {
            let given = vec![None; state.sent.len()];
            let is_bound = state.wanted.is_some() && state.condition != LabelCondition::Unbound;
            core.labels.insert(number.clone(), Tracked { given, is_bound, ..Tracked::new(state) });
            core.index(&number);
        }
        core.reckon();
        core
    }

    /// For tests that show what is needed.
    pub fn without(&mut self, teeth: Teeth) {
        self.teeth = teeth;
    }

    /// What is known of a label.
    pub fn state(&self, number: &LabelNumber) -> Option<&LabelState> {
        self.labels.get(number).map(|label| &label.state)
    }

    /// Every label that is known.
    pub fn numbers(&self) -> impl Iterator<Item = &LabelNumber> {
        self.labels.keys()
    }

    /// What is known of the whole.
    pub fn summary(&self) -> &ShelfSummary {
        &self.summary
    }

    /// Says what a label should show. Said again, it changes nothing.
    pub fn want(&mut self, now_ms: i64, number: &LabelNumber, wanted: Wanted) {
        let label = self.label(number, now_ms);
        let is_same = label.state.wanted == wanted.face
            && !label.state.is_down
            && label.later == wanted.later
            && label.is_bound == wanted.is_bound
            && (wanted.face.is_some() || label.state.why == wanted.why);
        if is_same && label.is_known_there {
            return;
        }
        let is_new = label.state.wanted != wanted.face;
        label.state.is_down = false;
        label.is_bound = wanted.is_bound;
        label.later = wanted.later;
        label.state.wanted.clone_from(&wanted.face);
        if is_new || wanted.face.is_none() {
            label.state.why = wanted.why;
            label.state.tries = 0;
            label.state.notes.clear();
        }
        self.arm(now_ms, number);
        self.changed(now_ms, number);
    }

    /// A label was taken down: what it shows counts no more, until it is
    /// wanted again. Tells whether that is news.
    pub fn take_down(&mut self, now_ms: i64, number: &LabelNumber) -> bool {
        let Some(label) = self.labels.get_mut(number) else { return false };
        if std::mem::replace(&mut label.state.is_down, true) {
            return false;
        }
        label.state.wanted = None;
        (label.is_bound, label.is_known_there, label.later) = (false, false, Vec::new());
        self.arm(now_ms, number);
        self.changed(now_ms, number);
        true
    }

    /// A person let the price lists' price of an item count: what labels may
    /// show below it is theirs to answer for.
    pub fn waive(&mut self, now_ms: i64, waiver: &LabelWaiver) {
        let item = LabelItem::from(&waiver.item);
        for number in self.labels_of.get(&item).cloned().unwrap_or_default() {
            let Some(label) = self.labels.get_mut(&number) else { continue };
            let wanted = label.state.wanted.as_ref().and_then(|face| price_of(face, &item)).cloned();
            let faces = label.state.sent.iter_mut().map(|sent| (sent.at_ms, &mut sent.face));
            let shown_ms = label.state.shown_ms.unwrap_or(0);
            let faces = faces.chain(label.state.shown.as_mut().map(|face| (shown_ms, face)));
            for (at_ms, face) in faces {
                let is_less = |shown: &ShownPrice| match &wanted {
                    Some(wanted) => {
                        below(shown.price, wanted.price) || below(shown.member_price, least(wanted))
                    }
                    None => true,
                };
                if at_ms <= waiver.stamp.at_ms {
                    face.prices.retain(|shown| LabelItem::from(&shown.item) != item || !is_less(shown));
                }
            }
            self.changed(now_ms, &number);
        }
        self.floor.remove(&item);
        self.touched.insert(item);
        self.reckon();
        self.waivers_done.push(waiver.clone());
    }

    /// A label is to be given its face again, also after it was given up.
    /// Tells which gateway has it.
    pub fn resend(&mut self, now_ms: i64, number: &LabelNumber) -> Option<String> {
        let label = self.labels.get_mut(number)?;
        if label.state.gateway.is_empty() {
            return None;
        }
        label.state.tries = 0;
        if label.state.condition == LabelCondition::GivenUp {
            label.state.why.clear();
        }
        let gateway = label.state.gateway.clone();
        self.changed(now_ms, number);
        Some(gateway)
    }

    /// Something was heard of a label.
    pub fn heard(&mut self, now_ms: i64, number: &LabelNumber, heard: Heard) {
        let label = self.label(number, now_ms);
        let moves =
            label.state.gateway != heard.gateway && (!heard.is_elsewhere || label.state.gateway.is_empty());
        if heard.is_elsewhere && !moves && label.state.gateway != heard.gateway {
            return;
        }
        let is_news = moves
            || (heard.battery_mv.is_some() && label.state.battery_mv != heard.battery_mv)
            || (heard.panel.is_some() && label.state.panel != heard.panel)
            || heard.seen_ms.is_some_and(|seen_ms| seen_ms >= label.heard_written_ms + SEEN_WRITTEN_MS);
        label.state.seen_ms = label.state.seen_ms.max(heard.seen_ms);
        label.state.battery_mv = heard.battery_mv.or(label.state.battery_mv);
        label.state.panel = heard.panel.or(label.state.panel);
        if moves {
            label.state.gateway = heard.gateway;
            // The new one has to be told of it.
            label.is_known_there = false;
            self.arm(now_ms, number);
        }
        if is_news {
            if let Some(label) = self.labels.get_mut(number) {
                label.heard_written_ms = label.state.seen_ms.unwrap_or(now_ms);
            }
            self.changed(now_ms, number);
        }
    }

    /// A label was seen to show a face that was given.
    pub fn shown(&mut self, now_ms: i64, number: &LabelNumber, send: u64, hash: String) {
        let Some(label) = self.labels.get_mut(number) else { return };
        let Some(place) = label.given.iter().position(|given| *given == Some(send)) else { return };
        let mut sent: Vec<SentFace> = std::mem::take(&mut label.state.sent);
        let later = sent.split_off(place + 1);
        label.state.shown = sent.pop().map(|sent| sent.face);
        label.state.shown_ms = Some(now_ms);
        label.state.shown_hash = hash;
        label.state.sent = later;
        label.state.tries = 0;
        label.state.why.clear();
        label.given.drain(..=place);
        self.changed(now_ms, number);
    }

    /// A face that was given will not be shown by itself.
    pub fn given_up(&mut self, now_ms: i64, number: &LabelNumber, send: u64, why: (u32, String)) {
        let Some(label) = self.labels.get_mut(number) else { return };
        if label.given.last() != Some(&Some(send)) {
            return;
        }
        (label.state.tries, label.state.why) = why;
        self.changed(now_ms, number);
    }

    /// There is something to say of a label's face.
    pub fn noted(&mut self, now_ms: i64, number: &LabelNumber, note: String) {
        let Some(label) = self.labels.get_mut(number) else { return };
        if label.state.notes.len() < 8 && !label.state.notes.contains(&note) {
            label.state.notes.push(note);
            self.changed(now_ms, number);
        }
    }

    /// How a gateway is. One that began anew has to be told of its labels.
    pub fn gateway(&mut self, host: &str, state: GatewayState) {
        self.unwritten_gateways.insert(host.to_owned(), state);
    }

    /// Something to write; `None` while a write is under way or nothing is new.
    pub fn write(&mut self) -> Option<ShelfChanges> {
        self.reckon();
        let nothing = self.unwritten_labels.is_empty()
            && self.unwritten_items.is_empty()
            && self.unwritten_gateways.is_empty()
            && self.waivers_done.is_empty()
            && !self.summary_changed;
        if self.writing.is_some() || nothing {
            return None;
        }
        let numbers: Vec<LabelNumber> =
            self.unwritten_labels.iter().take(WRITTEN_LABELS_MAX).cloned().collect();
        let mut changes = ShelfChanges { is_kept: true, ..ShelfChanges::default() };
        let mut writing = Vec::new();
        for number in numbers {
            self.unwritten_labels.remove(&number);
            if let Some(label) = self.labels.get(&number) {
                changes.states.push((number.clone(), label.state.clone()));
                writing.push((number, label.revision));
            }
        }
        // Caps may lie on the disk before the faces that they are for, never
        // after: all of them go with the first labels.
        self.writing_items = std::mem::take(&mut self.unwritten_items);
        let of = |item: &LabelItem| (item.clone(), self.caps.get(item).cloned().unwrap_or_default());
        changes.caps = self.writing_items.iter().map(of).collect();
        changes.gateways = std::mem::take(&mut self.unwritten_gateways).into_iter().collect();
        changes.waivers_done = std::mem::take(&mut self.waivers_done);
        changes.summary = std::mem::take(&mut self.summary_changed).then(|| self.summary.clone());
        self.writing = Some(writing);
        Some(changes)
    }

    /// What was to be written is on disk, or is not.
    pub fn written(&mut self, changes: &ShelfChanges, is_done: bool) {
        let items = std::mem::take(&mut self.writing_items);
        let Some(writing) = self.writing.take() else { return };
        self.is_to_look = true;
        if is_done {
            for (number, revision) in writing {
                if let Some(label) = self.labels.get_mut(&number) {
                    label.durable = label.durable.max(revision);
                }
            }
            return;
        }
        self.unwritten_labels.extend(writing.into_iter().map(|(number, _)| number));
        self.unwritten_items.extend(items);
        for (host, state) in &changes.gateways {
            self.unwritten_gateways.entry(host.clone()).or_insert_with(|| state.clone());
        }
        self.waivers_done.extend(changes.waivers_done.iter().cloned());
        self.summary_changed |= changes.summary.is_some();
    }

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
        if !std::mem::take(&mut self.is_to_look) && now_ms < self.look_ms {
            return given;
        }
        self.look_ms = now_ms + LOOK_MS;
        for number in self.armed.clone() {
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

    /// Has a label's newest face wait to be given, where it needs one.
    fn arm(&mut self, now_ms: i64, number: &LabelNumber) {
        let Some(label) = self.labels.get_mut(number) else { return };
        if std::mem::take(&mut label.is_armed) {
            label.state.sent.pop();
            label.given.pop();
            self.armed.remove(number);
        }
        label.state.held = None;
        let Some(wanted) = label.state.wanted.clone() else { return };
        let is_shown = label.state.sent.is_empty() && label.state.shown.as_ref() == Some(&wanted);
        let is_on_its_way = label.state.sent.last().is_some_and(|sent| sent.face == wanted)
            && label.given.last().is_some_and(Option::is_some);
        if (is_shown || is_on_its_way) && label.is_known_there {
            return;
        }
        // The same face of an earlier process stays beside it: this one may be
        // taken back, and that one may still be on its way.
        label.state.sent.push(SentFace { face: wanted, at_ms: now_ms });
        label.given.push(None);
        if label.state.sent.len() > SENT_MAX {
            let oldest = label.state.sent.remove(0);
            label.given.remove(0);
            merge(&mut label.state.sent[0].face, oldest.face);
        }
        label.is_armed = true;
        self.armed.insert(number.clone());
        self.is_to_look = true;
    }

    fn label(&mut self, number: &LabelNumber, now_ms: i64) -> &mut Tracked {
        self.labels.entry(number.clone()).or_insert_with(|| Tracked::new(LabelState::new(now_ms)))
    }

    /// Works out what follows from a change of a label.
    fn changed(&mut self, now_ms: i64, number: &LabelNumber) {
        self.index(number);
        let Some(label) = self.labels.get_mut(number) else { return };
        label.revision += 1;
        let condition = label.condition();
        if label.state.condition != condition {
            (label.state.condition, label.state.since_ms) = (condition, now_ms);
        }
        self.unwritten_labels.insert(number.clone());
        self.count_in_batch(now_ms, number, condition);
        self.reckon();
    }

    /// Keeps which labels an item may be shown by.
    fn index(&mut self, number: &LabelNumber) {
        let Some(label) = self.labels.get_mut(number) else { return };
        let faces = label.state.shown.iter().chain(label.state.sent.iter().map(|sent| &sent.face));
        let faces = faces.filter(|_| !label.state.is_down);
        let prices =
            faces.flat_map(|face| &face.prices).chain(label.later.iter().flat_map(|later| &later.prices));
        let items: BTreeSet<LabelItem> = prices.map(|shown| LabelItem::from(&shown.item)).collect();
        let before = std::mem::replace(&mut label.items, items.clone());
        for gone in before.difference(&items) {
            if let Some(labels) = self.labels_of.get_mut(gone) {
                labels.remove(number);
                if labels.is_empty() {
                    self.labels_of.remove(gone);
                }
            }
        }
        for item in &items {
            self.labels_of.entry(item.clone()).or_default().insert(number.clone());
        }
        self.touched.extend(items);
        self.touched.extend(before);
    }

    /// Works out the caps of what was touched.
    fn reckon(&mut self) {
        for item in std::mem::take(&mut self.touched) {
            let caps = self.caps_of(&item);
            if self.caps.get(&item).map(Vec::as_slice).unwrap_or_default() != caps.as_slice() {
                if caps.is_empty() {
                    self.caps.remove(&item);
                } else {
                    self.caps.insert(item.clone(), caps);
                }
                self.unwritten_items.insert(item.clone());
                self.unpublished.insert(item);
            }
        }
    }

    fn caps_of(&mut self, item: &LabelItem) -> Vec<ShelfCap> {
        if self.teeth.no_caps {
            return Vec::new();
        }
        let numbers = self.labels_of.get(item).cloned().unwrap_or_default();
        // What was lost is known again once every label of the item was seen.
        let all_seen = numbers
            .iter()
            .all(|number| self.labels.get(number).is_some_and(|label| label.state.shown.is_some()));
        if all_seen && !numbers.is_empty() {
            self.floor.remove(item);
        }
        let mut caps: BTreeMap<Option<i64>, ShelfCap> = BTreeMap::new();
        let empty = |from_ms| ShelfCap {
            item: event::LabelItem::from(item),
            lane: self.lane,
            from_ms,
            price: None,
            member_price: None,
            label: String::new(),
        };
        let mut lower = |from_ms: Option<i64>, price: Option<i64>, member_price: Option<i64>, label: &str| {
            let cap = caps.entry(from_ms).or_insert_with(|| empty(from_ms));
            let is_lower = |known: Option<i64>, new: Option<i64>| {
                new.is_some_and(|new| known.is_none_or(|known| new < known))
            };
            if is_lower(cap.price, price) {
                (cap.price, cap.label) = (price, label.to_owned());
            }
            if is_lower(cap.member_price, member_price) {
                cap.member_price = member_price;
                if cap.label.is_empty() {
                    label.clone_into(&mut cap.label);
                }
            }
        };
        for cap in self.floor.get(item).into_iter().flatten() {
            lower(cap.from_ms, cap.price, cap.member_price, &cap.label);
        }
        for number in &numbers {
            let Some(label) = self.labels.get(number) else { continue };
            let faces = label.state.shown.iter().chain(label.state.sent.iter().map(|sent| &sent.face));
            for shown in faces.filter_map(|face| price_of(face, item)) {
                lower(None, shown.price, shown.member_price, number.as_str());
            }
            for later in &label.later {
                let prices = later.prices.iter().filter(|shown| LabelItem::from(&shown.item) == *item);
                for shown in prices {
                    lower(
                        Some(later.from_ms - CLOCK_SKEW_MS),
                        shown.price,
                        shown.member_price,
                        number.as_str(),
                    );
                }
            }
        }
        worthwhile(caps.into_values().collect())
    }

    fn count_in_batch(&mut self, now_ms: i64, number: &LabelNumber, condition: LabelCondition) {
        match condition {
            LabelCondition::Sending | LabelCondition::Held => {
                if self.batch_open.is_empty() {
                    self.summary.batch = Some(LabelBatch {
                        begun_ms: now_ms,
                        labels: 0,
                        shown: 0,
                        given_up: 0,
                        ended_ms: None,
                    });
                }
                if self.batch_open.insert(number.clone())
                    && let Some(batch) = &mut self.summary.batch
                {
                    batch.labels += 1;
                    self.summary_changed = true;
                }
            }
            LabelCondition::Shown
            | LabelCondition::NotSeen
            | LabelCondition::GivenUp
            | LabelCondition::NoFace
            | LabelCondition::Unbound => {
                if self.batch_open.remove(number)
                    && let Some(batch) = &mut self.summary.batch
                {
                    match condition == LabelCondition::GivenUp {
                        true => batch.given_up += 1,
                        false => batch.shown += 1,
                    }
                    batch.ended_ms = self.batch_open.is_empty().then_some(now_ms);
                    self.summary_changed = true;
                }
            }
        }
    }
}

impl Tracked {
    fn new(state: LabelState) -> Self {
        Self {
            state,
            is_bound: false,
            later: Vec::new(),
            given: Vec::new(),
            is_armed: false,
            is_known_there: false,
            revision: 0,
            durable: 0,
            items: BTreeSet::new(),
            heard_written_ms: i64::MIN / 2,
        }
    }

    fn condition(&self) -> LabelCondition {
        let state = &self.state;
        let shows_it = state.sent.is_empty() && state.wanted.is_some() && state.shown == state.wanted;
        match (&state.wanted, self.is_bound) {
            (None, false) => LabelCondition::Unbound,
            (None, true) => LabelCondition::NoFace,
            (Some(_), false) if shows_it => LabelCondition::Unbound,
            (Some(_), true) if shows_it => LabelCondition::Shown,
            (Some(_), _) if state.gateway.is_empty() => LabelCondition::NotSeen,
            (Some(_), _) if state.held.is_some() => LabelCondition::Held,
            (Some(_), _) if !state.why.is_empty() && !self.is_armed => LabelCondition::GivenUp,
            (Some(_), _) => LabelCondition::Sending,
        }
    }
}

/// Of caps in order of time, those that lower what holds before them.
fn worthwhile(caps: Vec<ShelfCap>) -> Vec<ShelfCap> {
    let (mut price, mut member_price) = (None::<i64>, None::<i64>);
    let lowers = |known: &mut Option<i64>, new: Option<i64>| match new {
        Some(new) if known.is_none_or(|known| new < known) => {
            *known = Some(new);
            true
        }
        Some(_) | None => false,
    };
    let mut kept = Vec::new();
    for cap in caps {
        let lowers_price = lowers(&mut price, cap.price);
        let lowers_member = lowers(&mut member_price, cap.member_price);
        if lowers_price || lowers_member {
            kept.push(cap);
        }
    }
    kept
}

fn price_of<'a>(face: &'a LabelFace, item: &LabelItem) -> Option<&'a ShownPrice> {
    face.prices.iter().find(|shown| shown.item.sku == item.sku && shown.item.unit == item.unit)
}

fn below(one: Option<i64>, other: Option<i64>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one < other)
}

/// What a member pays by a face.
fn least(shown: &ShownPrice) -> Option<i64> {
    shown.member_price.or(shown.price)
}

/// Adds to a face that it may also be another: each price is the lesser.
fn merge(face: &mut LabelFace, other: LabelFace) {
    let lesser = |one: Option<i64>, other: Option<i64>| one.into_iter().chain(other).min();
    for shown in other.prices {
        match face.prices.iter_mut().find(|known| known.item == shown.item) {
            Some(known) => {
                known.price = lesser(known.price, shown.price);
                known.member_price = lesser(known.member_price, shown.member_price);
            }
            None => face.prices.push(shown),
        }
    }
}

#[cfg(test)]
mod tests;
