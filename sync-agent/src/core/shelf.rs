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

mod batch;
mod caps;
mod giving;
mod writing;

use std::collections::{BTreeMap, BTreeSet};

use domain::label::{LabelItem, LabelNumber};
use ledger::reference::shelf::{
    Deal, GatewayState, LabelCondition, LabelFace, LabelState, LaneKnown, NotStruck, PanelSeen, SentFace,
    ShelfSummary, ShownPrice,
};
use protocol::pull::{LabelWaiver, ShelfCap};

use giving::Remote;

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

/// That a label was heard is written down so often, milliseconds.
const SEEN_WRITTEN_MS: i64 = 600_000;

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
    /// The price that the face would strike, and does not.
    pub not_struck: Option<NotStruck>,
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
    /// Where what is known was lost: the caps that HQ has of this lane, or while
    /// [`ShelfSummary::is_recovering`] those of this agent. They stand until
    /// every label that should show something was seen: until then one of them
    /// may hang there with a face that nobody remembers.
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
    unwritten_deals: Vec<Deal>,
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
            unwritten_deals: Vec::new(),
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
            if matches!(state.condition, LabelCondition::Sending | LabelCondition::Held) {
                core.batch_open.insert(number.clone());
            }
            core.labels.insert(number.clone(), Tracked { given, is_bound, ..Tracked::new(state) });
            core.index(&number);
        }
        if core.summary.is_recovering == core.floor.is_empty() {
            core.summary.is_recovering = !core.floor.is_empty();
            core.summary_changed = true;
        }
        core.go_on_with_batch();
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
            && label.state.not_struck == wanted.not_struck
            && (wanted.face.is_some() || label.state.why == wanted.why);
        if is_same && label.is_known_there {
            return;
        }
        let is_new = label.state.wanted != wanted.face;
        label.state.is_down = false;
        label.is_bound = wanted.is_bound;
        label.later = wanted.later;
        label.state.not_struck = wanted.not_struck;
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
        (label.state.wanted, label.state.not_struck) = (None, None);
        (label.is_bound, label.is_known_there, label.later) = (false, false, Vec::new());
        self.arm(now_ms, number);
        self.changed(now_ms, number);
        self.recover();
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
        self.recover();
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

    /// Whether labels may show what nobody remembers.
    pub fn is_recovering(&self) -> bool {
        !self.floor.is_empty()
    }

    /// What was lost is known again once every label was seen.
    fn recover(&mut self) {
        let mut wanted = self.labels.values().filter(|label| label.state.wanted.is_some()).peekable();
        let is_over = wanted.peek().is_some() && wanted.all(|label| label.state.shown.is_some());
        if is_over && !self.floor.is_empty() {
            self.touched.extend(std::mem::take(&mut self.floor).into_keys());
            (self.summary.is_recovering, self.summary_changed) = (false, true);
            self.reckon();
        }
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
        let before = (label.state.condition, label.state.since_ms);
        if label.state.condition != condition {
            (label.state.condition, label.state.since_ms) = (condition, now_ms);
        }
        self.unwritten_labels.insert(number.clone());
        if (before.0, condition) == (LabelCondition::GivenUp, LabelCondition::Shown) {
            self.came_after_all(before.1);
        }
        self.count_in_batch(now_ms, number, condition);
        self.reckon();
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

    /// It was seen to show what it should, and nothing else was sent since: the
    /// same face may have been, to a gateway that has to be told again.
    fn shows_it(&self) -> bool {
        let Some(wanted) = &self.state.wanted else { return false };
        self.state.shown.as_ref() == Some(wanted) && self.state.sent.iter().all(|sent| sent.face == *wanted)
    }

    fn condition(&self) -> LabelCondition {
        let (state, shows_it) = (&self.state, self.shows_it());
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
