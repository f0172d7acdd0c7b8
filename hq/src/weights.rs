//! What goods weigh on the bagging scales of the chain's kiosks: what each lane has weighed is added up, and every lane is
//! told. What stands in the feed is also the sum itself, with how far each lane has been heard, so that an event counts
//! once however often it is read.

use protocol::event::Event;
use protocol::pull::Weight;
use serde::{Deserialize, Serialize};

use crate::store::{JournalKey, Kind, StoreError, Writing};

/// So many lanes are heard about one kind of goods: by then its weight is known.
const LANES_HEARD_MAX: usize = 64;

/// A weight as it is kept; lanes read the weight alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    weight: Weight,
    /// Whose weighings are in it, and up to which event of their journals.
    heard: Vec<Heard>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Heard {
    store: String,
    lane: u32,
    epoch: u32,
    seq: u64,
}

/// Adds a weighing of a lane; nothing where it is in already, where enough lanes were heard, or where it can be none.
pub(crate) fn hear(
    writing: &Writing<'_>,
    key: JournalKey<'_>,
    event: &Event,
    (sku, unit, grams): (&str, &str, i64),
) -> Result<(), StoreError> {
    let name = Weight::key(sku, unit);
    // Two lanes may be heard at once, and each adds to what the other made.
    writing.hold_reference()?;
    let kept = writing.entity(Kind::Weight, &name)?;
    let kept: Option<Kept> = kept
        .as_deref()
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| StoreError::Row { table: "entity", reason: format!("weight {name}: {error}") })?;
    let mut kept = kept.unwrap_or_else(|| Kept {
        weight: Weight { sku: sku.to_owned(), unit: unit.to_owned(), count: 0, grams: 0, squares: 0 },
        heard: Vec::new(),
    });
    let is_of =
        |heard: &Heard| (heard.store.as_str(), heard.lane, heard.epoch) == (key.store, key.lane, key.epoch);
    match kept.heard.iter().position(is_of) {
        Some(place) if kept.heard[place].seq >= event.seq => return Ok(()),
        Some(place) => kept.heard[place].seq = event.seq,
        None if kept.heard.len() >= LANES_HEARD_MAX => return Ok(()),
        None => {
            let (store, lane, epoch, seq) = (key.store.to_owned(), key.lane, key.epoch, event.seq);
            kept.heard.push(Heard { store, lane, epoch, seq });
        }
    }
    let before = kept.weight.understand().unwrap_or_default();
    let after = before.with(grams);
    if after == before {
        return Ok(());
    }
    let (sum, squares) = after.sums();
    (kept.weight.count, kept.weight.grams, kept.weight.squares) = (after.count(), sum, squares);
    let body = serde_json::to_string(&kept).expect("plain data serialises");
    writing.put_entity(Kind::Weight, &name, &body).map(drop)
}
