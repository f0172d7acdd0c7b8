//! Shelf labels in `reference.db`: what each stands for, what it shows, and
//! what may be charged at most meanwhile.
//!
//! The agent alone writes it: what HQ told of the store's labels, what it read
//! in its own lane's journal before HQ had it, and what its gateways told.
//! [`Shelf`] is how screens and the till read it, always the newest: a basket
//! stays with one version of the goods, but a label that changes meanwhile
//! must not show less than the till asks.

use std::collections::BTreeMap;
use std::path::Path;

use domain::catalogue;
use domain::label::{LabelItem, LabelNumber};
use domain::money::Money;
use protocol::event;
use protocol::pull::{self, LabelStamp, ShelfCap};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{KIND, ReferenceError, VERSION_WITH_LABELS, read};
use crate::file::{self, Trial};

/// The lane under which this agent keeps the caps of its own gateways: no lane
/// has this number. What HQ tells of them is an echo, and stands under the
/// lane's own number.
const OWN: u32 = 0;

/// `from_ms` of a cap that holds whatever the time.
const ALWAYS: i64 = i64::MIN;

/// A battery below this is low, millivolts; as in `drivers::esl`.
pub const BATTERY_LOW_MV: u32 = 2_400;

/// The most rows of one page of a list.
pub const SHELF_PAGE_MAX: usize = 1_000;

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
    fn of(number: LabelNumber, label: pull::Label) -> Self {
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
    /// When all labels were last held against the till's prices, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_ms: Option<i64>,
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

/// Takes in that a label stands for something, unless what is known is newer.
pub(super) fn put_label(
    connection: &Connection,
    number: &str,
    label: &pull::Label,
) -> Result<(), ReferenceError> {
    let stamp = label.stamp;
    let known: Option<LabelStamp> = connection
        .prepare_cached("SELECT at_ms, lane, epoch, seq FROM label WHERE number = ?1")?
        .query_row([number], stamp_of)
        .optional()?;
    if known.is_some_and(|known| known > stamp) {
        return Ok(());
    }
    let body = serde_json::to_string(label).expect("plain data serialises");
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO label (number, at_ms, lane, epoch, seq, items, slot, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            number,
            stamp.at_ms,
            stamp.lane,
            stamp.epoch,
            stamp.seq,
            label.items.len() as u64,
            label.slot,
            body
        ])?;
    connection.prepare_cached("DELETE FROM label_item WHERE label = ?1")?.execute([number])?;
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO label_item (sku, unit, label) VALUES (?1, ?2, ?3)")?;
    for item in &label.items {
        insert.execute(params![item.sku, item.unit, number])?;
    }
    Ok(())
}

/// Takes in that something was waived, unless a newer waiver is known.
pub(super) fn put_waiver(connection: &Connection, waiver: &pull::LabelWaiver) -> Result<(), ReferenceError> {
    let (item, stamp) = (&waiver.item, waiver.stamp);
    connection
        .prepare_cached(
            "INSERT INTO label_waiver (sku, unit, at_ms, lane, epoch, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (sku, unit) DO UPDATE
             SET at_ms = excluded.at_ms, lane = excluded.lane, epoch = excluded.epoch, seq = excluded.seq,
                 is_done = 0
             WHERE (excluded.at_ms, excluded.lane, excluded.epoch, excluded.seq)
                 > (label_waiver.at_ms, label_waiver.lane, label_waiver.epoch, label_waiver.seq)",
        )?
        .execute(params![item.sku, item.unit, stamp.at_ms, stamp.lane, stamp.epoch, stamp.seq])?;
    Ok(())
}

/// Takes in a cap that HQ tells of.
pub(super) fn put_cap(connection: &Connection, cap: &ShelfCap) -> Result<(), ReferenceError> {
    insert_cap(connection, cap, cap.lane)
}

/// Takes back a cap that HQ told of.
pub(super) fn remove_cap(connection: &Connection, key: &str) -> Result<(), ReferenceError> {
    let parts: (String, String, u32, Option<i64>) = read(key, "shelf_cap")?;
    connection
        .prepare_cached("DELETE FROM shelf_cap WHERE sku = ?1 AND unit = ?2 AND lane = ?3 AND from_ms = ?4")?
        .execute(params![parts.0, parts.1, parts.2, parts.3.unwrap_or(ALWAYS)])?;
    Ok(())
}

fn insert_cap(connection: &Connection, cap: &ShelfCap, lane: u32) -> Result<(), ReferenceError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO shelf_cap (sku, unit, lane, from_ms, price, member_price, label)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            cap.item.sku,
            cap.item.unit,
            lane,
            cap.from_ms.unwrap_or(ALWAYS),
            cap.price,
            cap.member_price,
            cap.label
        ])?;
    Ok(())
}

/// Forgets what HQ told of labels, for a full pull; what the agent itself
/// knows of them stays, and what labels stand for, which the pull tells again.
pub(super) const FORGET_TOLD: &str = "DELETE FROM shelf_cap WHERE lane <> 0;";

/// Forgets everything about labels: the lane stands elsewhere now.
pub(super) const FORGET_ALL: &str = "
    DELETE FROM label; DELETE FROM label_item; DELETE FROM label_waiver; DELETE FROM label_state;
    DELETE FROM shelf_cap; DELETE FROM gateway;
    UPDATE shelf SET is_kept = 0, epoch = 0, seq = 0, body = '{}';
";

/// Writes what an agent has found out, in the caller's transaction.
pub(super) fn write(connection: &Connection, changes: &ShelfChanges) -> Result<(), ReferenceError> {
    for (number, label) in &changes.labels {
        put_label(connection, number.as_str(), label)?;
    }
    changes.waivers.iter().try_for_each(|waiver| put_waiver(connection, waiver))?;
    if let Some(position) = changes.position {
        connection
            .prepare_cached("UPDATE shelf SET epoch = ?1, seq = ?2")?
            .execute(params![position.epoch, position.seq])?;
    }
    for waiver in &changes.waivers_done {
        let stamp = waiver.stamp;
        connection
            .prepare_cached(
                "UPDATE label_waiver SET is_done = 1
                 WHERE sku = ?1 AND unit = ?2 AND (at_ms, lane, epoch, seq) = (?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                waiver.item.sku,
                waiver.item.unit,
                stamp.at_ms,
                stamp.lane,
                stamp.epoch,
                stamp.seq
            ])?;
    }
    for (number, state) in &changes.states {
        let body = serde_json::to_string(state).expect("plain data serialises");
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO label_state (number, condition, since_ms, battery_mv, seen_ms, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                number.as_str(),
                state.condition.name(),
                state.since_ms,
                state.battery_mv,
                state.seen_ms,
                body
            ])?;
    }
    for number in &changes.forgotten {
        connection.prepare_cached("DELETE FROM label_state WHERE number = ?1")?.execute([number.as_str()])?;
    }
    for (item, caps) in &changes.caps {
        connection
            .prepare_cached("DELETE FROM shelf_cap WHERE sku = ?1 AND unit = ?2 AND lane = ?3")?
            .execute(params![item.sku, item.unit, OWN])?;
        caps.iter().try_for_each(|cap| insert_cap(connection, cap, OWN))?;
    }
    for (host, state) in &changes.gateways {
        let body = serde_json::to_string(state).expect("plain data serialises");
        connection
            .prepare_cached("INSERT OR REPLACE INTO gateway (host, body) VALUES (?1, ?2)")?
            .execute([host.as_str(), &body])?;
    }
    for host in &changes.gateways_gone {
        connection.prepare_cached("DELETE FROM gateway WHERE host = ?1")?.execute([host])?;
    }
    if let Some(summary) = &changes.summary {
        let body = serde_json::to_string(summary).expect("plain data serialises");
        connection.prepare_cached("UPDATE shelf SET body = ?1")?.execute([body])?;
    }
    if changes.is_kept {
        connection.prepare_cached("UPDATE shelf SET is_kept = 1")?.execute([])?;
    }
    Ok(())
}

fn stamp_of(row: &Row<'_>) -> rusqlite::Result<LabelStamp> {
    Ok(LabelStamp { at_ms: row.get(0)?, lane: row.get(1)?, epoch: row.get(2)?, seq: row.get(3)? })
}

/// The labels of a store, as people and the till read them: always the newest.
#[derive(Debug)]
pub struct Shelf {
    connection: Connection,
}

/// What may be charged at most for one of a unit now, minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CapNow {
    /// By anybody, and a label that says so.
    pub price: Option<(i64, String)>,
    /// By members, and a label that says so.
    pub member_price: Option<(i64, String)>,
}

/// Which caps count: those of other lanes' gateways, and our own as the agent
/// keeps them, or where it does not yet, as HQ echoes them.
const CAPS_OF: &str = "
    SELECT unit, from_ms, price, member_price, label FROM shelf_cap
    WHERE sku = ?1 AND (lane = 0 OR NOT EXISTS (SELECT 1 FROM shelf WHERE is_kept)
         OR lane <> coalesce((SELECT lane FROM state), 0))
";

impl Shelf {
    /// Opens the file to read; `None` while the agent has not made it, or an
    /// older program did.
    pub fn open(path: &Path) -> Result<Option<Self>, ReferenceError> {
        Self::with(file::open_reader(path, &KIND)?)
    }

    /// The same on a trial's disk, where there is one.
    pub fn open_trial(path: &Path, trial: &Trial) -> Result<Option<Self>, ReferenceError> {
        Self::with(file::open_existing_reader(path, &KIND, Some(trial.vfs))?)
    }

    fn with(connection: Option<Connection>) -> Result<Option<Self>, ReferenceError> {
        let Some(connection) = connection else { return Ok(None) };
        let layout: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((layout >= VERSION_WITH_LABELS).then_some(Self { connection }))
    }

    /// A number that is another one when the agent has written anything since.
    pub fn data_version(&self) -> Result<i64, ReferenceError> {
        Ok(self.connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    /// What a label stands for; `None` where it was never bound.
    pub fn bound(&self, number: &LabelNumber) -> Result<Option<BoundLabel>, ReferenceError> {
        let label: Option<pull::Label> =
            self.one("SELECT body FROM label WHERE number = ?1", number.as_str(), "label")?;
        Ok(label.map(|label| BoundLabel::of(number.clone(), label)))
    }

    /// The labels of an item and all its packs, by number.
    pub fn labels_of(&self, sku: &str) -> Result<Vec<BoundLabel>, ReferenceError> {
        self.labels(
            "SELECT number, body FROM label WHERE number IN (SELECT label FROM label_item WHERE sku = ?1)
             ORDER BY number LIMIT ?2",
            &[&sku, &(SHELF_PAGE_MAX as u64)],
        )
    }

    /// All labels that stand for something, or did, by number.
    pub fn all_bound(&self) -> Result<Vec<BoundLabel>, ReferenceError> {
        self.labels("SELECT number, body FROM label ORDER BY number", &[])
    }

    /// What is known of a label.
    pub fn state(&self, number: &LabelNumber) -> Result<Option<LabelState>, ReferenceError> {
        self.one("SELECT body FROM label_state WHERE number = ?1", number.as_str(), "label_state")
    }

    /// All that is known of labels, by number.
    pub fn states(&self) -> Result<Vec<(LabelNumber, LabelState)>, ReferenceError> {
        let mut select =
            self.connection.prepare_cached("SELECT number, body FROM label_state ORDER BY number")?;
        let mut rows = select.query([])?;
        let mut states = Vec::new();
        while let Some(row) = rows.next()? {
            if let Ok(number) = LabelNumber::parse(row.get_ref(0)?.as_str().unwrap_or_default()) {
                states.push((number, read(row.get_ref(1)?.as_str().unwrap_or_default(), "label_state")?));
            }
        }
        Ok(states)
    }

    /// A page of a list, by number; at most [`SHELF_PAGE_MAX`].
    pub fn list(
        &self,
        list: LabelList,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<ListedLabel>, ReferenceError> {
        let (condition, value) = condition_of(list);
        let sql =
            format!("{EVERY_LABEL} WHERE {condition} AND ?1 IS ?1 ORDER BY every.number LIMIT ?2 OFFSET ?3");
        let mut select = self.connection.prepare_cached(&sql)?;
        let limit = limit.min(SHELF_PAGE_MAX) as u64;
        let mut rows = select.query(params![value, limit, offset as u64])?;
        let mut listed = Vec::new();
        while let Some(row) = rows.next()? {
            listed.extend(listed_of(row)?);
        }
        Ok(listed)
    }

    /// How many are on a list.
    pub fn count(&self, list: LabelList) -> Result<u64, ReferenceError> {
        let (condition, value) = condition_of(list);
        let sql = format!("SELECT count(*) FROM ({EVERY_LABEL} WHERE {condition} AND ?1 IS ?1)");
        Ok(self.connection.prepare_cached(&sql)?.query_row([value], |row| row.get(0))?)
    }

    /// Labels whose number, place or item code has this text in it, by number.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<ListedLabel>, ReferenceError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "{EVERY_LABEL} WHERE instr(every.number, upper(?1)) > 0 OR instr(lower(label.slot), lower(?1)) > 0
                 OR EXISTS (SELECT 1 FROM label_item WHERE label_item.label = every.number
                     AND instr(lower(label_item.sku), lower(?1)) > 0)
             ORDER BY every.number LIMIT ?2"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut rows = select.query(params![text, limit.min(SHELF_PAGE_MAX) as u64])?;
        let mut listed = Vec::new();
        while let Some(row) = rows.next()? {
            listed.extend(listed_of(row)?);
        }
        Ok(listed)
    }

    /// A page of the item codes that no label stands for, by item code.
    pub fn items_without_label(&self, offset: usize, limit: usize) -> Result<Vec<String>, ReferenceError> {
        let mut select = self.connection.prepare_cached(
            "SELECT sku FROM product
             WHERE NOT EXISTS (SELECT 1 FROM label_item WHERE label_item.sku = product.sku)
             ORDER BY sku LIMIT ?1 OFFSET ?2",
        )?;
        let rows =
            select.query_map(params![limit.min(SHELF_PAGE_MAX) as u64, offset as u64], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many item codes no label stands for.
    pub fn count_items_without_label(&self) -> Result<u64, ReferenceError> {
        let sql = "SELECT count(*) FROM product
                   WHERE NOT EXISTS (SELECT 1 FROM label_item WHERE label_item.sku = product.sku)";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// The gateways of this lane's agent, by address.
    pub fn gateways(&self) -> Result<Vec<(String, GatewayState)>, ReferenceError> {
        let mut select = self.connection.prepare_cached("SELECT host, body FROM gateway ORDER BY host")?;
        let mut rows = select.query([])?;
        let mut gateways = Vec::new();
        while let Some(row) = rows.next()? {
            gateways.push((row.get(0)?, read(row.get_ref(1)?.as_str().unwrap_or_default(), "gateway")?));
        }
        Ok(gateways)
    }

    /// What is known of the whole.
    pub fn summary(&self) -> Result<ShelfSummary, ReferenceError> {
        let body: String =
            self.connection.prepare_cached("SELECT body FROM shelf")?.query_row([], |row| row.get(0))?;
        read(&body, "shelf")
    }

    /// How far the agent has read its own lane's journal, and whether it keeps
    /// its own caps.
    pub fn position(&self) -> Result<(ShelfPosition, bool), ReferenceError> {
        let sql = "SELECT epoch, seq, is_kept FROM shelf";
        Ok(self
            .connection
            .prepare_cached(sql)?
            .query_row([], |row| Ok((ShelfPosition { epoch: row.get(0)?, seq: row.get(1)? }, row.get(2)?)))?)
    }

    /// The waivers that were not heeded yet.
    pub fn waivers(&self) -> Result<Vec<pull::LabelWaiver>, ReferenceError> {
        let sql = "SELECT at_ms, lane, epoch, seq, sku, unit FROM label_waiver WHERE NOT is_done ORDER BY sku, unit";
        let mut select = self.connection.prepare_cached(sql)?;
        let rows = select.query_map([], |row| {
            let item = event::LabelItem { sku: row.get(4)?, unit: row.get(5)? };
            Ok(pull::LabelWaiver { item, stamp: stamp_of(row)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What may be charged at most for an item and its packs, now and from
    /// instants that are known ahead.
    pub fn caps_of(&self, sku: &str) -> Result<Vec<catalogue::ShelfCap>, ReferenceError> {
        let mut select = self.connection.prepare_cached(CAPS_OF)?;
        let rows = select.query_map([sku], |row| {
            let from_ms: i64 = row.get(1)?;
            let money = |minor: Option<i64>| minor.map(Money::from_minor);
            Ok(catalogue::ShelfCap {
                unit: row.get(0)?,
                from_ms: (from_ms != ALWAYS).then_some(from_ms),
                price: money(row.get(2)?),
                member_price: money(row.get(3)?),
                label: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What may be charged at most for one of a unit (`""`: the base unit) at
    /// an instant, milliseconds UTC.
    pub fn cap(&self, sku: &str, unit: &str, now_ms: i64) -> Result<CapNow, ReferenceError> {
        let mut cap = CapNow::default();
        let caps = self.caps_of(sku)?;
        let in_force = |cap: &&catalogue::ShelfCap| {
            cap.unit == unit && cap.from_ms.is_none_or(|from_ms| from_ms <= now_ms)
        };
        for said in caps.iter().filter(in_force) {
            lower(&mut cap.price, said.price.map(Money::minor), &said.label);
            lower(&mut cap.member_price, said.member_price.map(Money::minor), &said.label);
        }
        Ok(cap)
    }

    /// The caps that lanes' agents said, as they lie here; `lane` 0 is this
    /// agent's own.
    pub fn caps(&self) -> Result<Vec<ShelfCap>, ReferenceError> {
        let mut select = self.connection.prepare_cached(
            "SELECT sku, unit, lane, from_ms, price, member_price, label FROM shelf_cap
             ORDER BY sku, unit, lane, from_ms",
        )?;
        let rows = select.query_map([], |row| {
            let from_ms: i64 = row.get(3)?;
            Ok(ShelfCap {
                item: event::LabelItem { sku: row.get(0)?, unit: row.get(1)? },
                lane: row.get(2)?,
                from_ms: (from_ms != ALWAYS).then_some(from_ms),
                price: row.get(4)?,
                member_price: row.get(5)?,
                label: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn labels(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<BoundLabel>, ReferenceError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let mut rows = select.query(values)?;
        let mut labels = Vec::new();
        while let Some(row) = rows.next()? {
            if let Ok(number) = LabelNumber::parse(row.get_ref(0)?.as_str().unwrap_or_default()) {
                let label = read(row.get_ref(1)?.as_str().unwrap_or_default(), "label")?;
                labels.push(BoundLabel::of(number, label));
            }
        }
        Ok(labels)
    }

    fn one<T: serde::de::DeserializeOwned>(
        &self,
        sql: &str,
        key: &str,
        kind: &'static str,
    ) -> Result<Option<T>, ReferenceError> {
        self.connection
            .prepare_cached(sql)?
            .query_row([key], |row| Ok(read(row.get_ref(0)?.as_str()?, kind)))
            .optional()?
            .transpose()
    }
}

fn lower(cap: &mut Option<(i64, String)>, price: Option<i64>, label: &str) {
    if let Some(price) = price.filter(|price| cap.as_ref().is_none_or(|(known, _)| price < known)) {
        *cap = Some((price, label.to_owned()));
    }
}

/// Every label that was bound or seen, with what is known of it.
const EVERY_LABEL: &str = "
    SELECT every.number, label.body, label_state.body
    FROM (SELECT number FROM label UNION SELECT number FROM label_state) AS every
    LEFT JOIN label ON label.number = every.number
    LEFT JOIN label_state ON label_state.number = every.number
";

/// Which of them a list has, and the value that it asks with.
fn condition_of(list: LabelList) -> (&'static str, rusqlite::types::Value) {
    use rusqlite::types::Value;
    match list {
        LabelList::All => ("1", Value::Null),
        LabelList::NotConfirmed => {
            ("label.items > 0 AND coalesce(label_state.condition, 'not_seen') <> 'shown'", Value::Null)
        }
        LabelList::In(condition) => ("label_state.condition = ?1", Value::Text(condition.name().to_owned())),
        LabelList::WithoutItem => {
            ("label_state.seen_ms IS NOT NULL AND coalesce(label.items, 0) = 0", Value::Null)
        }
        LabelList::LowBattery => ("label_state.battery_mv < ?1", Value::Integer(BATTERY_LOW_MV.into())),
        LabelList::Lost { since_ms } => (
            "label_state.seen_ms < ?1 AND NOT coalesce(label.body ->> '$.taken_down', 0)",
            Value::Integer(since_ms),
        ),
    }
}

fn listed_of(row: &Row<'_>) -> Result<Option<ListedLabel>, ReferenceError> {
    let Ok(number) = LabelNumber::parse(row.get_ref(0)?.as_str().unwrap_or_default()) else {
        return Ok(None);
    };
    let label: Option<String> = row.get(1)?;
    let state: Option<String> = row.get(2)?;
    let label: Option<pull::Label> = label.map(|body| read(&body, "label")).transpose()?;
    Ok(Some(ListedLabel {
        bound: label.map(|label| BoundLabel::of(number.clone(), label)),
        state: state.map(|body| read(&body, "label_state")).transpose()?,
        number,
    }))
}

#[cfg(test)]
#[path = "shelf/tests.rs"]
mod tests;
