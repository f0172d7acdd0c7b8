//! What an agent knows of its store's labels, as it lies in the file.

use std::collections::BTreeMap;

use domain::label::{LabelItem, LabelNumber};
use protocol::event;
use protocol::pull::{self, ShelfCap};
use serde::{Deserialize, Serialize};

/// A battery below this is low, millivolts; as in `drivers::esl`.
pub const BATTERY_LOW_MV: u32 = 2_400;

/// What a label stands for, as far as is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundLabel {
    /// Which label.
    pub number: LabelNumber,
    /// Its goods; none where it stands for nothing.
    pub items: Vec<LabelItem>,
    /// The template that is used whatever the goods' condition; empty for the
    /// one that suits it.
    pub template: String,
    /// Where it hangs; may be empty.
    pub slot: String,
    /// It was taken down.
    pub taken_down: bool,
    /// When that was said, milliseconds UTC by the clock of the lane.
    pub at_ms: i64,
    /// The lane.
    pub lane: u32,
}

impl BoundLabel {
    pub(super) fn of(number: LabelNumber, label: pull::Label) -> Self {
        Self {
            number,
            items: label.items.iter().map(LabelItem::from).collect(),
            template: label.template,
            slot: label.slot,
            taken_down: label.taken_down,
            at_ms: label.stamp.at_ms,
            lane: label.stamp.lane,
        }
    }
}

/// A label's face in words: with its panel it is the picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelFace {
    /// The template.
    #[serde(default)]
    pub template: String,
    /// The text of each field, by the field's name in `docs/labels.md`.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
    /// What it says goods cost.
    #[serde(default)]
    pub prices: Vec<ShownPrice>,
    /// Of the template's drawings, so that a face whose drawing was changed is
    /// another face; empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub drawing: String,
}

/// What an item was sold at in this store before a promotion began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    /// The item.
    pub item: LabelItem,
    /// From this instant on, milliseconds UTC.
    pub from_ms: i64,
    /// Up to but not including this one.
    pub until_ms: i64,
    /// The lowest price of one of the unit in that time, minor units.
    pub lowest: Option<i64>,
    /// Where there is none, the last one before.
    pub last: Option<i64>,
}

impl Deal {
    /// The most that may be struck; `None` where it was never sold before.
    pub fn ceiling(&self) -> Option<i64> {
        self.lowest.or(self.last)
    }
}

/// A price that a face would strike, and does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotStruck {
    /// The item.
    #[serde(flatten)]
    pub item: event::LabelItem,
    /// What it cost, minor units.
    pub was: i64,
    /// Why it is not struck.
    pub why: WhyNotStruck,
}

/// Why a price is not struck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNotStruck {
    /// It was sold for less shortly before, minor units.
    SoldForLess(i64),
    /// It was never sold here before.
    NeverSold,
    /// HQ has not said yet what it was sold at.
    NotKnownYet,
    /// The promotion does not say since when it holds.
    NoBeginning,
}

/// What a face says that an item costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPrice {
    /// The item.
    #[serde(flatten)]
    pub item: event::LabelItem,
    /// One of the unit, for everybody, minor units; absent where the face says none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
    /// The same for members, where the face says it apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_price: Option<i64>,
}

/// A face that was given to a gateway and that the label may show from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFace {
    /// What it says.
    pub face: LabelFace,
    /// When it was given, milliseconds UTC.
    pub at_ms: i64,
}

/// How it stands with a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelCondition {
    /// It shows what it should.
    Shown,
    /// Its face is on the way.
    Sending,
    /// Its face waits until no till would charge more than it says.
    Held,
    /// No gateway has seen it yet.
    NotSeen,
    /// It will not show its face by itself.
    GivenUp,
    /// Its face cannot be made.
    NoFace,
    /// It stands for nothing.
    Unbound,
}

impl LabelCondition {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Shown, Self::Sending, Self::Held, Self::NotSeen, Self::GivenUp, Self::NoFace, Self::Unbound];

    /// Its name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Sending => "sending",
            Self::Held => "held",
            Self::NotSeen => "not_seen",
            Self::GivenUp => "given_up",
            Self::NoFace => "no_face",
            Self::Unbound => "unbound",
        }
    }
}

/// The form of a label's panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelSeen {
    /// Its type, as the gateway says it.
    pub hw_type: u8,
    /// Pixels; 0 while only the type is known.
    #[serde(default)]
    pub width: u16,
    /// Pixels; 0 while only the type is known.
    #[serde(default)]
    pub height: u16,
    /// Its third ink.
    #[serde(default)]
    pub accent: PanelAccent,
}

/// A panel's third ink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelAccent {
    /// None: black and white alone.
    #[default]
    None,
    /// Red.
    Red,
    /// Yellow.
    Yellow,
}

/// Why a face waits though a gateway could take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum HeldBack {
    /// These lanes of the store may charge more than it says, as far as is known.
    Lanes {
        /// Their numbers.
        lanes: Vec<u32>,
    },
    /// HQ, which knows what the store's other lanes charge, has not said it yet.
    Hq {},
}

/// What is known of a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelState {
    /// How it stands with it.
    pub condition: LabelCondition,
    /// Since when, milliseconds UTC.
    pub since_ms: i64,
    /// What it should show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<LabelFace>,
    /// What it was last seen to show; where it may show something later too,
    /// that stands in [`Self::sent`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<LabelFace>,
    /// When it was seen to show it, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_ms: Option<i64>,
    /// What it reported of its picture then, hexadecimal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shown_hash: String,
    /// The price that its face would strike, and does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_struck: Option<NotStruck>,
    /// What was sent since, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<SentFace>,
    /// Why its face is held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldBack>,
    /// How often it was sent without being shown.
    #[serde(default)]
    pub tries: u32,
    /// Why it was given up, or its face cannot be made; in English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What there is to say about its face, such as a text that was cut; in English.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The gateway that has it, by its address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub gateway: String,
    /// Its panel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<PanelSeen>,
    /// Its battery, millivolts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery_mv: Option<u32>,
    /// When a gateway last heard it, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_ms: Option<i64>,
    /// It was taken down: what it shows is no offer while it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_down: bool,
}

impl LabelState {
    /// A label of which nothing is known.
    pub fn new(at_ms: i64) -> Self {
        Self {
            condition: LabelCondition::NotSeen,
            since_ms: at_ms,
            wanted: None,
            shown: None,
            shown_ms: None,
            shown_hash: String::new(),
            not_struck: None,
            sent: Vec::new(),
            held: None,
            tries: 0,
            why: String::new(),
            notes: Vec::new(),
            gateway: String::new(),
            panel: None,
            battery_mv: None,
            seen_ms: None,
            is_down: false,
        }
    }

    /// Whether its battery should be changed.
    pub fn battery_is_low(&self) -> bool {
        self.battery_mv.is_some_and(|battery| battery < BATTERY_LOW_MV)
    }
}

/// How a gateway is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayState {
    /// Whether it works.
    pub is_up: bool,
    /// Since when, milliseconds UTC.
    pub since_ms: i64,
    /// Why it does not work, or works badly; in English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Faces that are on their way through it.
    #[serde(default)]
    pub open: u64,
}

/// What stands for a page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedLabel {
    /// Which label.
    pub number: LabelNumber,
    /// What it stands for, where it was ever bound.
    pub bound: Option<BoundLabel>,
    /// What is known of it, where anything is.
    pub state: Option<LabelState>,
}

/// A list of labels that people go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelList {
    /// Every label that was bound or seen.
    All,
    /// Bound ones that do not show what they should: [`LabelCondition::Sending`]
    /// and every other condition that is not [`LabelCondition::Shown`].
    NotConfirmed,
    /// Those of one condition.
    In(LabelCondition),
    /// Seen by a gateway, and of no item.
    WithoutItem,
    /// Their face would strike a price that nothing shows it may.
    NotStruck,
    /// Their battery is low.
    LowBattery,
    /// No gateway has heard them since this instant, milliseconds UTC, though
    /// one has before; not those that were taken down.
    Lost {
        /// The instant.
        since_ms: i64,
    },
}

/// How far an agent has read its own lane's journal for what concerns labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShelfPosition {
    /// The epoch.
    pub epoch: u32,
    /// The number of the last event read.
    pub seq: u64,
}

/// What an agent knows of its store's labels as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfSummary {
    /// The other lanes of the store, as HQ last told of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<LaneKnown>,
    /// When HQ told of them, milliseconds UTC; absent before it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lanes_ms: Option<i64>,
    /// The price change that is being sent, or was sent last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<LabelBatch>,
    /// What labels show was lost, and is not known again of all of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_recovering: bool,
    /// The last comparison of all labels with the till, of which there is one
    /// each hour, and one at the beginning of each day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity: Option<ParityDone>,
    /// The last one of each day before, newest first; at most
    /// [`PARITY_DAYS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parity_days: Vec<ParityDone>,
}

/// The days whose last comparison is kept.
pub const PARITY_DAYS_MAX: usize = 31;

/// What came of a comparison of all labels with the till.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ParityDone {
    /// When, milliseconds UTC.
    pub at_ms: i64,
    /// The day, by the lane's clock: `2026-03-02`.
    pub day: String,
    /// Labels that stand for something.
    pub bound: u64,
    /// Prices that were compared.
    pub checked: u64,
    /// Those that are the same.
    pub matching: u64,
    /// Those that are not.
    pub differing: u64,
    /// Of those, the ones that show less than the till charges.
    pub below: u64,
    /// Labels that were never seen to show anything.
    pub unseen: u64,
    /// Prices that were not struck.
    pub not_struck: u64,
    /// How long ago the label that was heard longest ago was heard, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_ms: Option<i64>,
}

/// Another lane of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneKnown {
    /// Its number.
    pub lane: u32,
    /// The version of the reference that is in use there, as far as is known.
    pub version: u64,
}

/// Faces that became due at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelBatch {
    /// When the first of them became due, milliseconds UTC.
    pub begun_ms: i64,
    /// How many labels it is about.
    pub labels: u64,
    /// How many of them show it.
    pub shown: u64,
    /// How many were given up.
    pub given_up: u64,
    /// When the last of them was shown or given up, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<i64>,
}

/// What an agent writes about labels at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShelfChanges {
    /// What labels stand for, read in the lane's own journal.
    pub labels: Vec<(LabelNumber, pull::Label)>,
    /// What was waived, from the same.
    pub waivers: Vec<pull::LabelWaiver>,
    /// Waivers that were heeded.
    pub waivers_done: Vec<pull::LabelWaiver>,
    /// How far it was read.
    pub position: Option<ShelfPosition>,
    /// Labels of which something else is known now.
    pub states: Vec<(LabelNumber, LabelState)>,
    /// Labels of which nothing is to be known any more.
    pub forgotten: Vec<LabelNumber>,
    /// Items with all caps that this agent's gateways make for them; none
    /// where no label of theirs shows the item any more.
    pub caps: Vec<(LabelItem, Vec<ShelfCap>)>,
    /// What goods were sold at, as HQ told it.
    pub deals: Vec<Deal>,
    /// Gateways that are otherwise now.
    pub gateways: Vec<(String, GatewayState)>,
    /// Gateways that this agent has no more.
    pub gateways_gone: Vec<String>,
    /// What is known of the whole.
    pub summary: Option<ShelfSummary>,
    /// From now on this agent itself says what its labels may show; what HQ
    /// echoes of it does not count.
    pub is_kept: bool,
}
