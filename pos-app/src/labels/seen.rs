//! What is read of labels and items for the page in front: once, until the agent writes something or time passes.

use std::sync::Arc;

use domain::catalogue::{Buyer, Catalogue, Item};
use domain::label::{LabelItem, LabelNumber};
use domain::money::Money;
use domain::pricing;
use ledger::reference::ReferenceError;
use ledger::reference::shelf::{
    BoundLabel, GatewayState, LabelCondition, LabelFace, LabelState, ListedLabel, ParityDone, Shelf,
    ShownPrice,
};
use ui::customer::Picture;

use super::lists::{List, ROWS_PAGE};
use super::parity::Differing;
use super::{COUNT_EVERY_MS, LOOK_AGAIN_MS, Labels, Looked, Page, Question};
use crate::config::Paths;
use crate::lane::{Moment, OpenLane};

/// A row of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Entry {
    /// A label.
    Label(Box<Seen>),
    /// An item, with how many labels it has.
    Item { priced: Priced, labels: usize },
    /// A gateway.
    Gateway(String, GatewayState),
    /// A price on a label that is not the till's.
    Differing(Differing),
    /// What came of the agent's comparison at the end of a day.
    Day(ParityDone),
}

/// A label with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub number: LabelNumber,
    pub bound: Option<BoundLabel>,
    pub state: Option<LabelState>,
    /// As it was last seen to be.
    pub is: Option<Picture>,
    /// As it should be.
    pub should: Option<Picture>,
    pub items: Vec<Priced>,
}

/// An item with its prices, per unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Priced {
    pub item: LabelItem,
    /// `None` where it is not sold here.
    pub found: Option<Arc<Item>>,
    /// What the label was last seen to say of it.
    pub shows: Option<Money>,
    /// What the till charges now, to anybody.
    pub till: Option<Money>,
    /// What it would charge where no label held it, by what HQ told.
    pub hq: Option<Money>,
}

impl Priced {
    /// The till charges less than HQ's price, since a label may show less.
    pub(super) fn is_kept(&self) -> bool {
        self.till.zip(self.hq).is_some_and(|(till, hq)| till < hq)
    }
}

impl Seen {
    /// What it stands for.
    pub(super) fn bound_items(&self) -> &[LabelItem] {
        self.bound.as_ref().map_or(&[], |bound| &bound.items)
    }

    /// What it should show, where the agent has worked that out for what it stands for now.
    pub(super) fn wanted(&self) -> Option<&LabelFace> {
        let wanted = self.state.as_ref()?.wanted.as_ref()?;
        let items: Vec<LabelItem> = wanted.prices.iter().map(|price| LabelItem::from(&price.item)).collect();
        let fits = |bound: &BoundLabel| bound.template.is_empty() || bound.template == wanted.template;
        let is_it = items == self.bound_items() && self.bound.as_ref().is_none_or(fits);
        is_it.then_some(wanted)
    }

    /// It shows what it should, and was seen to.
    pub(super) fn is_confirmed(&self) -> bool {
        let Some(state) = &self.state else { return false };
        state.condition == LabelCondition::Shown && self.wanted().is_some() && state.shown == state.wanted
    }
}

/// What prices are looked up with.
pub(super) struct Prices<'a> {
    open: &'a OpenLane,
    moment: Moment,
}

impl<'a> Prices<'a> {
    pub(super) fn new(open: &'a OpenLane, moment: Moment) -> Self {
        Self { open, moment }
    }

    /// An item as it costs now, with what a label says of it.
    pub(super) fn of(&self, item: &LabelItem, shown: Option<&LabelFace>) -> Priced {
        let said = |price: &&ShownPrice| LabelItem::from(&price.item) == *item;
        let shows = shown.and_then(|face| face.prices.iter().find(said)).and_then(|price| price.price);
        let found = self.item(item);
        let till = found.as_ref().and_then(|found| self.charged(found, item, Buyer::WalkIn));
        let hq = found.as_ref().and_then(|found| {
            let set = self.open.reference().promotions().ok()?;
            let price =
                pricing::shelf_price(&set, found, found.unit(&item.unit), Buyer::WalkIn, &self.occasion());
            price.map(|price| price.price.price)
        });
        Priced { item: item.clone(), found, shows: shows.map(Money::from_minor), till, hq }
    }

    /// An item, where it is sold here, and in this pack.
    pub(super) fn item(&self, item: &LabelItem) -> Option<Arc<Item>> {
        let found = self.open.reference().item_by_sku(&item.sku).unwrap_or_else(|error| {
            tracing::warn!(%error, "an item of a label is not looked up");
            None
        });
        found.filter(|found| item.unit.is_empty() || found.unit(&item.unit).is_some())
    }

    /// What the till charges now for one of a unit.
    pub(super) fn charged(&self, found: &Item, item: &LabelItem, buyer: Buyer<'_>) -> Option<Money> {
        let set = self.open.reference().promotions().ok()?;
        pricing::charged(&set, found, found.unit(&item.unit), buyer, &self.occasion())
    }

    fn occasion(&self) -> domain::promotion::ticket::Occasion {
        let settings = self.open.settings();
        let local_ms = self.moment.now_ms + i64::from(self.moment.offset_minutes) * 60_000;
        let today = chrono::DateTime::from_timestamp_millis(local_ms).unwrap_or_default().date_naive();
        domain::promotion::ticket::Occasion {
            member_day: settings.rules.place.member_days.contains(&today),
            ..settings.occasion(self.moment.now_ms, self.moment.offset_minutes)
        }
    }
}

impl Labels {
    /// How many rows stand in front.
    pub(super) fn rows_shown(&self) -> usize {
        if !self.typed.is_empty() && !matches!(self.page(), Page::Slot(_)) {
            return self.entries.len();
        }
        match self.page() {
            Page::Home => super::lists::HOME.len(),
            Page::List(_) | Page::Item(_) | Page::Parity => self.entries.len(),
            Page::Ask(question) => self.answers(question),
            Page::Pick(pick) => pick.numbers.len(),
            Page::Label { .. } | Page::Slot(_) | Page::Walk(_) | Page::Help => 0,
        }
    }

    /// Reads what is shown, where anything may be another since it was read last.
    pub(super) fn look(&mut self, open: &OpenLane, paths: &Paths, moment: Moment) {
        if let Err(error) = self.look_now(open, paths, moment) {
            // It is read again at the next turn; the file may be being made anew.
            tracing::warn!(%error, "labels are not read");
            self.shelf = None;
            self.looked = None;
        }
    }

    fn look_now(&mut self, open: &OpenLane, paths: &Paths, moment: Moment) -> Result<(), ReferenceError> {
        if self.shelf.is_none() {
            self.shelf = Shelf::open(&paths.reference())?;
        }
        let Some(shelf) = &self.shelf else { return Ok(()) };
        let data = shelf.data_version()?;
        self.check_some(open, moment)?;
        let is_same = self.looked.is_some_and(|looked| {
            looked.data == data
                && looked.version == open.version()
                && (0..LOOK_AGAIN_MS).contains(&(moment.now_ms - looked.at_ms))
        });
        if is_same {
            return Ok(());
        }
        self.looked = Some(Looked { data, version: open.version(), at_ms: moment.now_ms });
        self.forget_read_ones()?;
        let Some(shelf) = &self.shelf else { return Ok(()) };
        // Counting the whole goes through all labels: now and then, and only where the numbers are shown.
        let is_stale = !(0..COUNT_EVERY_MS).contains(&moment.now_ms.saturating_sub(self.counted_ms));
        match self.page() {
            Page::Home if is_stale => {
                self.counted_ms = moment.now_ms;
                self.count(moment)?;
            }
            // What was not counted is counted soon.
            Page::Home => {
                if let Some(looked) = &mut self.looked {
                    looked.at_ms = looked.at_ms.min(self.counted_ms + COUNT_EVERY_MS - LOOK_AGAIN_MS);
                }
            }
            Page::List(_)
            | Page::Label { .. }
            | Page::Item(_)
            | Page::Ask(_)
            | Page::Slot(_)
            | Page::Parity
            | Page::Walk(_)
            | Page::Pick(_)
            | Page::Help => self.known.gateways = shelf.gateways()?,
        }
        self.read_page(open, moment)
    }

    /// What the agent has read in the journal is known from it from now on.
    fn forget_read_ones(&mut self) -> Result<(), ReferenceError> {
        let Some(shelf) = &self.shelf else { return Ok(()) };
        let mut read = Vec::new();
        for (number, ours) in &self.ours {
            if shelf.bound(number)?.is_some_and(|bound| bound.at_ms >= ours.at_ms) {
                read.push(number.clone());
            }
        }
        read.iter().for_each(|number| drop(self.ours.remove(number)));
        Ok(())
    }

    fn read_page(&mut self, open: &OpenLane, moment: Moment) -> Result<(), ReferenceError> {
        let prices = Prices::new(open, moment);
        (self.seen, self.total) = (None, 0);
        let page = self.page().clone();
        if !self.typed.trim().is_empty() && !matches!(page, Page::Slot(_)) {
            self.entries = self.find(open, &prices)?;
            self.total = self.entries.len() as u64;
            return Ok(());
        }
        self.entries.clear();
        match page {
            Page::Home | Page::Help => {}
            Page::List(list) => self.read_list(list, &prices, moment)?,
            Page::Label { number, .. }
            | Page::Slot(number)
            | Page::Ask(
                Question::Bound { number, .. }
                | Question::Unheard { number, .. }
                | Question::Unbind(number)
                | Question::Replace(number)
                | Question::Template(number)
                | Question::Waive { number, .. },
            ) => {
                self.seen = Some(Box::new(self.see(&number, &prices)?));
                if matches!(self.page(), Page::Ask(Question::Template(_))) {
                    self.templates = self.template_names();
                }
            }
            Page::Item(item) => self.read_item(&item, &prices)?,
            Page::Parity => {
                let differing = self.report.iter().flat_map(|report| &report.named);
                self.entries = differing.cloned().map(Entry::Differing).collect();
                if let Some(shelf) = &self.shelf {
                    let summary = shelf.summary()?;
                    let days = summary.parity.into_iter().chain(summary.parity_days);
                    self.entries.extend(days.map(Entry::Day));
                }
                self.total = self.entries.len() as u64;
            }
            Page::Walk(walk) => {
                if let Some(number) = walk.label {
                    self.seen = Some(Box::new(self.see(&number, &prices)?));
                }
            }
            Page::Pick(pick) => {
                if let Some(number) = pick.current() {
                    self.seen = Some(Box::new(self.see(number, &prices)?));
                }
            }
        }
        Ok(())
    }

    fn read_list(&mut self, list: List, prices: &Prices<'_>, moment: Moment) -> Result<(), ReferenceError> {
        let offset = self.place().offset;
        let Some(shelf) = &self.shelf else { return Ok(()) };
        match list.of_shelf(moment.now_ms, self.lost_ms) {
            Some(of_shelf) => {
                let listed = shelf.list(of_shelf, offset, ROWS_PAGE)?;
                self.total = shelf.count(of_shelf)?;
                self.entries = listed.into_iter().map(|listed| self.entry(listed, prices)).collect();
            }
            None if list == List::Gateways => {
                let gateways = shelf.gateways()?;
                self.total = gateways.len() as u64;
                self.entries =
                    gateways.into_iter().map(|(host, state)| Entry::Gateway(host, state)).collect();
            }
            None => {
                let skus = shelf.items_without_label(offset, ROWS_PAGE)?;
                self.total = shelf.count_items_without_label()?;
                self.entries = skus.iter().map(|sku| item_entry(&LabelItem::of(sku), 0, prices)).collect();
            }
        }
        // A list that became shorter is shown from its beginning.
        if self.entries.is_empty() && offset > 0 {
            if let Some(place) = self.place_mut() {
                place.offset = 0;
            }
            return self.read_list(list, prices, moment);
        }
        let last = self.entries.len().saturating_sub(1);
        if let Some(place) = self.place_mut() {
            place.row = place.row.min(last);
        }
        Ok(())
    }

    fn read_item(&mut self, item: &LabelItem, prices: &Prices<'_>) -> Result<(), ReferenceError> {
        let Some(shelf) = &self.shelf else { return Ok(()) };
        let mut listed = Vec::new();
        for bound in shelf.labels_of(&item.sku)?.into_iter().filter(|bound| bound.items.contains(item)) {
            let state = shelf.state(&bound.number)?;
            listed.push(ListedLabel { number: bound.number.clone(), bound: Some(bound), state });
        }
        self.total = listed.len() as u64;
        self.entries = listed.into_iter().map(|listed| self.entry(listed, prices)).collect();
        Ok(())
    }

    /// A label for a row.
    pub(super) fn entry(&mut self, listed: ListedLabel, prices: &Prices<'_>) -> Entry {
        Entry::Label(Box::new(self.seen_of(listed, prices)))
    }

    /// A label with all that is known of it now.
    pub(super) fn see(&mut self, number: &LabelNumber, prices: &Prices<'_>) -> Result<Seen, ReferenceError> {
        let state = match &self.shelf {
            Some(shelf) => shelf.state(number)?,
            None => None,
        };
        let listed = ListedLabel { number: number.clone(), bound: self.bound(number), state };
        Ok(self.seen_of(listed, prices))
    }

    fn seen_of(&mut self, listed: ListedLabel, prices: &Prices<'_>) -> Seen {
        let ListedLabel { number, bound, state } = listed;
        let bound = self.ours.get(&number).cloned().or(bound);
        let shown = state.as_ref().and_then(|state| state.shown.as_ref());
        let items = bound.iter().flat_map(|bound| &bound.items);
        let items = items.map(|item| prices.of(item, shown)).collect();
        let mut seen = Seen { number, bound, items, is: None, should: None, state };
        if let Some(panel) = seen.state.as_ref().and_then(|state| state.panel) {
            let shown = seen.state.as_ref().and_then(|state| state.shown.as_ref());
            let is = shown.and_then(|face| self.faces.picture(face, panel));
            let should = seen.wanted().and_then(|face| self.faces.picture(face, panel));
            (seen.is, seen.should) = (is, should);
        }
        seen
    }
}

/// An item for a row.
pub(super) fn item_entry(item: &LabelItem, labels: usize, prices: &Prices<'_>) -> Entry {
    Entry::Item { priced: prices.of(item, None), labels }
}
