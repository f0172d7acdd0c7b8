//! Caps: of all that labels may show of an item, the least.

use std::collections::{BTreeMap, BTreeSet};

use domain::label::{LabelItem, LabelNumber};
use protocol::event;
use protocol::pull::ShelfCap;

use super::{CLOCK_SKEW_MS, ShelfCore, price_of};

impl ShelfCore {
    /// Keeps which labels an item may be shown by.
    pub(super) fn index(&mut self, number: &LabelNumber) {
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
    pub(super) fn reckon(&mut self) {
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

    fn caps_of(&self, item: &LabelItem) -> Vec<ShelfCap> {
        if self.teeth.no_caps {
            return Vec::new();
        }
        let numbers = self.labels_of.get(item).cloned().unwrap_or_default();
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
