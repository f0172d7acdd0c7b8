//! What there is to do: numbers of the whole, and the lists behind them.

use ledger::reference::ReferenceError;
use ledger::reference::shelf::{GatewayState, LabelBatch, LabelCondition, LabelList, ParityDone};
use ui::view::{LabelCount, Tone};

use super::{Entry, Labels, Page};
use crate::lane::{Lane, Moment};
use crate::sheet::say;

/// Rows of one page of a list.
pub(super) const ROWS_PAGE: usize = 50;

/// A list that people go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// Labels that do not show what they should.
    NotConfirmed,
    /// Items that no label stands for.
    ItemsWithoutLabel,
    /// Labels that stand for nothing.
    LabelsWithoutItem,
    /// Labels whose battery is low.
    LowBattery,
    /// Labels that nobody has heard for long.
    Lost,
    /// Labels that would strike a price which nothing shows they may.
    NotStruck,
    /// Gateways.
    Gateways,
    /// All labels.
    All,
}

impl List {
    /// As the ledger has it; `None` for what is no list of labels.
    pub(super) fn of_shelf(self, now_ms: i64, lost_ms: i64) -> Option<LabelList> {
        match self {
            Self::NotConfirmed => Some(LabelList::NotConfirmed),
            Self::LabelsWithoutItem => Some(LabelList::WithoutItem),
            Self::LowBattery => Some(LabelList::LowBattery),
            Self::Lost => Some(LabelList::Lost { since_ms: now_ms.saturating_sub(lost_ms) }),
            Self::NotStruck => Some(LabelList::NotStruck),
            Self::All => Some(LabelList::All),
            Self::ItemsWithoutLabel | Self::Gateways => None,
        }
    }

    /// Its name, Chinese and English.
    pub(super) const fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::NotConfirmed => ("未确认的价签", "Labels not confirmed"),
            Self::ItemsWithoutLabel => ("没有价签的商品", "Items without a label"),
            Self::LabelsWithoutItem => ("没绑商品的价签", "Labels without an item"),
            Self::LowBattery => ("电量低", "Battery low"),
            Self::Lost => ("失联的价签", "Labels lost"),
            Self::NotStruck => ("没有显示的划线价", "Struck prices left out"),
            Self::Gateways => ("基站", "Gateways"),
            Self::All => ("全部价签", "All labels"),
        }
    }

    /// What is said of it while it is empty.
    pub(super) const fn empty(self) -> (&'static str, &'static str) {
        match self {
            Self::NotConfirmed => ("全部已确认", "All are confirmed"),
            Self::ItemsWithoutLabel => ("每个商品都有价签", "Every item has a label"),
            Self::LabelsWithoutItem => ("没有空闲的价签", "None is free"),
            Self::LowBattery => ("电量都够", "All batteries are good"),
            Self::Lost => ("没有失联的", "None is lost"),
            Self::NotStruck => ("划线价都显示了", "None is left out"),
            Self::Gateways => (
                "本机没有基站。基站写在 labels.toml 里",
                "This lane has no gateway; they stand in labels.toml",
            ),
            Self::All => ("还没有价签", "There is no label yet"),
        }
    }
}

/// A row of what there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HomeRow {
    List(List),
    Parity,
    Walk,
}

/// What there is to do, in order.
pub(super) const HOME: [HomeRow; 10] = [
    HomeRow::List(List::NotConfirmed),
    HomeRow::List(List::ItemsWithoutLabel),
    HomeRow::List(List::LabelsWithoutItem),
    HomeRow::List(List::LowBattery),
    HomeRow::List(List::Lost),
    HomeRow::List(List::Gateways),
    HomeRow::Parity,
    HomeRow::Walk,
    HomeRow::List(List::NotStruck),
    HomeRow::List(List::All),
];

/// Numbers of the whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    pub all: u64,
    pub shown: u64,
    pub not_confirmed: u64,
    pub given_up: u64,
    pub held: u64,
    pub items_without: u64,
    pub without_item: u64,
    pub low: u64,
    pub lost: u64,
    pub not_struck: u64,
    pub parity: Option<ParityDone>,
    pub gateways: Vec<(String, GatewayState)>,
    pub batch: Option<LabelBatch>,
}

impl Known {
    pub(super) fn of(&self, list: List) -> u64 {
        match list {
            List::NotConfirmed => self.not_confirmed,
            List::ItemsWithoutLabel => self.items_without,
            List::LabelsWithoutItem => self.without_item,
            List::LowBattery => self.low,
            List::Lost => self.lost,
            List::NotStruck => self.not_struck,
            List::Gateways => self.gateways.len() as u64,
            List::All => self.all,
        }
    }

    pub(super) fn gateways_up(&self) -> usize {
        self.gateways.iter().filter(|(_, state)| state.is_up).count()
    }
}

impl Labels {
    /// Counts the whole.
    pub(super) fn count(&mut self, moment: Moment) -> Result<(), ReferenceError> {
        let Some(shelf) = &self.shelf else { return Ok(()) };
        let since_ms = moment.now_ms.saturating_sub(self.lost_ms);
        let summary = shelf.summary()?;
        self.known = Known {
            all: shelf.count(LabelList::All)?,
            shown: shelf.count(LabelList::In(LabelCondition::Shown))?,
            not_confirmed: shelf.count(LabelList::NotConfirmed)?,
            given_up: shelf.count(LabelList::In(LabelCondition::GivenUp))?,
            held: shelf.count(LabelList::In(LabelCondition::Held))?,
            items_without: shelf.count_items_without_label()?,
            without_item: shelf.count(LabelList::WithoutItem)?,
            low: shelf.count(LabelList::LowBattery)?,
            lost: shelf.count(LabelList::Lost { since_ms })?,
            not_struck: shelf.count(LabelList::NotStruck)?,
            parity: summary.parity,
            gateways: shelf.gateways()?,
            batch: summary.batch,
        };
        Ok(())
    }
}

impl Lane {
    /// How the gateways are, for the bar.
    pub(crate) fn labels_bar(&self) -> Option<LabelCount> {
        let labels = self.labels.as_ref()?;
        let (up, all) = (labels.known.gateways_up(), labels.known.gateways.len());
        let (chinese, english) = if all == 0 {
            ("本机无基站".to_owned(), "No gateway".to_owned())
        } else {
            (format!("基站 {up}/{all}"), format!("Gateways {up}/{all}"))
        };
        let tone = if up < all {
            Tone::Stop
        } else if all == 0 {
            Tone::Attend
        } else {
            Tone::Good
        };
        Some(LabelCount { text: say(self.front.language, &chinese, &english), tone })
    }

    /// Opens the row that is chosen.
    pub(super) fn open_labels_row(&mut self) {
        let Some(labels) = &self.labels else { return };
        let row = labels.place().row;
        let searching = !labels.typed.is_empty();
        let page = labels.page().clone();
        match page {
            Page::Home if !searching => {
                let page = match HOME.get(row) {
                    Some(HomeRow::List(list)) => Page::List(*list),
                    Some(HomeRow::Parity) => Page::Parity,
                    Some(HomeRow::Walk) => Page::Walk(super::Walk::default()),
                    None => return,
                };
                if page == Page::Parity {
                    return self.open_parity();
                }
                self.with_labels(|labels| labels.turn_to(page));
            }
            Page::Ask(question) if !searching => self.answer_labels(question, row),
            Page::Pick(_) if !searching => self.pick_row(row),
            Page::Home
            | Page::List(_)
            | Page::Label { .. }
            | Page::Item(_)
            | Page::Ask(_)
            | Page::Slot(_)
            | Page::Parity
            | Page::Walk(_)
            | Page::Pick(_)
            | Page::Help => self.open_entry(row),
        }
    }

    fn open_entry(&mut self, row: usize) {
        let Some(labels) = &self.labels else { return };
        let page = match labels.entries.get(row) {
            Some(Entry::Label(seen)) => Page::Label { number: seen.number.clone(), adding: false },
            Some(Entry::Item { priced, .. }) => Page::Item(priced.item.clone()),
            Some(Entry::Differing(differing)) => {
                Page::Label { number: differing.label.clone(), adding: false }
            }
            Some(Entry::Gateway(..) | Entry::Day(_)) | None => return,
        };
        self.with_labels(|labels| labels.turn_to(page));
    }
}
