//! Going along the shelves: labels looked for one after the other, and labels compared with goods, till and HQ by
//! scanning.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::catalogue::Item;
use domain::label::{LabelItem, LabelNumber};
use domain::money::Money;
use drivers::sound::Tone as Sound;
use ui::view::Tone;

use super::lists::List;
use super::scan::Scanned;
use super::seen::{Entry, Prices};
use super::{Labels, Page};
use crate::lane::{Lane, State};

/// The most labels that are looked for at one time.
const PICKED_MAX: usize = 1_000;

/// The most comparisons that are remembered; the oldest goes first.
const WALKED_MAX: usize = 500;

/// A green light, for as long as one walks along a shelf, seconds.
pub(super) const FLASH_SECONDS: u8 = 30;

/// Whose labels are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Those of a list.
    List(List),
    /// Those of goods that are scanned one after the other: an order that is picked, goods that are taken off the shelf.
    Goods,
}

/// Labels that are looked for one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pick {
    pub wanted: Wanted,
    pub numbers: Vec<LabelNumber>,
    /// Those that were found, by their places in the list.
    pub found: BTreeSet<usize>,
    pub at: usize,
}

impl Pick {
    /// The one that is looked for now.
    pub(super) fn current(&self) -> Option<&LabelNumber> {
        self.numbers.get(self.at)
    }

    /// The next one after the current that was not found, round the end of the list.
    fn next_open(&self) -> Option<usize> {
        let count = self.numbers.len();
        (1..=count).map(|step| (self.at + step) % count).find(|place| !self.found.contains(place))
    }
}

/// Labels are compared with what lies beneath them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Walk {
    /// The label that was scanned, while its goods were not.
    pub label: Option<LabelNumber>,
    /// What was found, the newest first.
    pub walked: Vec<Walked>,
    pub right: u32,
    pub wrong: u32,
}

/// A label that was compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Walked {
    pub label: LabelNumber,
    pub item: LabelItem,
    pub found: Option<Arc<Item>>,
    pub shows: Option<Money>,
    pub till: Option<Money>,
    pub hq: Option<Money>,
    pub verdict: Verdict,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Label, till and HQ say the same.
    Same,
    /// Label and till say the same; HQ's price waits for labels.
    Kept,
    /// The label stands for other goods.
    OtherItem,
    /// The label says less than the till charges, which must never be.
    Below,
    /// The label says more: the customer pays less than it says.
    Above,
    /// The label was never seen to show anything.
    Unseen,
}

impl Verdict {
    pub(super) const fn is_right(self) -> bool {
        match self {
            Self::Same | Self::Kept => true,
            Self::OtherItem | Self::Below | Self::Above | Self::Unseen => false,
        }
    }

    /// How urgent it is. A label above the till is being lowered: no customer pays too much.
    pub(super) const fn tone(self) -> Tone {
        match self {
            Self::Same | Self::Kept => Tone::Good,
            Self::Above | Self::Unseen => Tone::Attend,
            Self::OtherItem | Self::Below => Tone::Stop,
        }
    }

    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Same => ("一致", "The same"),
            Self::Kept => ("一致，新价等价签", "The same; a new price waits"),
            Self::OtherItem => ("绑的是别的商品", "It stands for other goods"),
            Self::Below => ("价签低于收银", "Label below the till"),
            Self::Above => ("价签高于收银", "Label above the till"),
            Self::Unseen => ("价签没确认过", "Never confirmed"),
        }
    }

    /// Of a label that says `shows` of goods for which the till charges `till`, and HQ wants `hq`.
    fn of(is_bound: bool, shows: Option<Money>, till: Option<Money>, hq: Option<Money>) -> Self {
        match (is_bound, shows, till) {
            (false, _, _) => Self::OtherItem,
            (true, None, _) | (true, Some(_), None) => Self::Unseen,
            (true, Some(shows), Some(till)) if shows < till => Self::Below,
            (true, Some(shows), Some(till)) if shows > till => Self::Above,
            (true, Some(_), Some(till)) if hq.is_some_and(|hq| hq != till) => Self::Kept,
            (true, Some(_), Some(_)) => Self::Same,
        }
    }
}

impl Labels {
    fn walk_mut(&mut self) -> Option<&mut Walk> {
        match &mut self.place_mut()?.page {
            Page::Walk(walk) => Some(walk),
            Page::Home
            | Page::List(_)
            | Page::Label { .. }
            | Page::Item(_)
            | Page::Ask(_)
            | Page::Slot(_)
            | Page::Parity
            | Page::Pick(_)
            | Page::Help => None,
        }
    }

    fn pick_mut(&mut self) -> Option<&mut Pick> {
        match &mut self.place_mut()?.page {
            Page::Pick(pick) => Some(pick),
            Page::Home
            | Page::List(_)
            | Page::Label { .. }
            | Page::Item(_)
            | Page::Ask(_)
            | Page::Slot(_)
            | Page::Parity
            | Page::Walk(_)
            | Page::Help => None,
        }
    }
}

impl Lane {
    /// A scan on a walk: a label, then what lies beneath it.
    pub(super) fn walk_scan(&mut self, scanned: Scanned) {
        match scanned {
            Scanned::Label(number) => {
                if self.labels.as_ref().is_some_and(|labels| labels.is_known(&number)) {
                    self.with_labels(|labels| {
                        labels.looked = None;
                        labels.walk_mut().map(|walk| walk.label = Some(number)).unwrap_or_default();
                    });
                    self.sound(Sound::Accepted);
                } else {
                    self.say_unknown_label();
                }
            }
            Scanned::Item { item, .. } => self.walk_item(item),
            Scanned::Wrong(wrong) => self.say_wrong(&wrong),
        }
    }

    fn walk_item(&mut self, item: LabelItem) {
        let Some(mut labels) = self.labels.take() else { return };
        let number = labels.walk_mut().and_then(|walk| walk.label.take());
        let walked = number.and_then(|number| {
            let State::Open(open) = &self.state else { return None };
            let prices = Prices::new(open, self.moment);
            let seen = labels.see(&number, &prices).ok()?;
            let shown = seen.state.as_ref().and_then(|state| state.shown.as_ref());
            let priced = prices.of(&item, shown);
            let is_bound = seen.bound_items().contains(&item);
            let verdict = Verdict::of(is_bound, priced.shows, priced.till, priced.hq);
            Some(Walked {
                label: number,
                item,
                found: priced.found,
                shows: priced.shows,
                till: priced.till,
                hq: priced.hq,
                verdict,
            })
        });
        labels.looked = None;
        let verdict = walked.as_ref().map(|walked| walked.verdict);
        if let (Some(walk), Some(walked)) = (labels.walk_mut(), walked) {
            if walked.verdict.is_right() {
                walk.right += 1;
            } else {
                walk.wrong += 1;
            }
            walk.walked.insert(0, walked);
            walk.walked.truncate(WALKED_MAX);
        }
        self.labels = Some(labels);
        match verdict {
            Some(verdict) if verdict.is_right() => self.sound(Sound::Accepted),
            Some(verdict) => {
                let (chinese, english) = verdict.words();
                self.labels_say(
                    Tone::Attend,
                    (chinese, "已记在这一页。再扫价签可以打开它：先按返回。"),
                    (english, "It stands on this page. Go back and scan the label to put it right."),
                );
            }
            None => self.labels_say(
                Tone::Attend,
                ("先扫价签", "什么都没比。先扫价签，再扫它下面的商品。"),
                ("The label first", "Nothing was compared. Scan the label, then the goods beneath it."),
            ),
        }
    }

    /// Begins to look for the labels of the list in front.
    pub(super) fn begin_pick(&mut self) {
        let now_ms = self.moment.now_ms;
        let Some(labels) = &self.labels else { return };
        let (list, numbers) = match labels.page() {
            Page::List(list) => {
                let of_shelf = list.of_shelf(now_ms, labels.lost_ms);
                let listed = of_shelf.zip(labels.shelf.as_ref());
                let listed = listed.and_then(|(of_shelf, shelf)| shelf.list(of_shelf, 0, PICKED_MAX).ok());
                (*list, listed.into_iter().flatten().map(|listed| listed.number).collect::<Vec<_>>())
            }
            Page::Item(_) | Page::Parity => {
                let number = |entry: &Entry| match entry {
                    Entry::Label(seen) => Some(seen.number.clone()),
                    Entry::Differing(differing) => Some(differing.label.clone()),
                    Entry::Item { .. } | Entry::Gateway(..) | Entry::Day(_) => None,
                };
                let mut numbers: Vec<LabelNumber> = labels.entries.iter().filter_map(number).collect();
                numbers.dedup();
                (List::All, numbers)
            }
            Page::Home
            | Page::Label { .. }
            | Page::Ask(_)
            | Page::Slot(_)
            | Page::Walk(_)
            | Page::Pick(_)
            | Page::Help => return,
        };
        if numbers.is_empty() {
            return self.labels_say(
                Tone::Attend,
                ("没有要找的价签", "这一页是空的。"),
                ("There is no label to look for", "This page is empty."),
            );
        }
        let pick = Pick { wanted: Wanted::List(list), numbers, found: BTreeSet::new(), at: 0 };
        self.with_labels(|labels| labels.turn_to(Page::Pick(pick)));
        self.flash_current();
    }

    /// Begins to look for the labels of goods that are scanned from here on.
    pub(super) fn begin_pick_of_goods(&mut self) {
        let pick = Pick { wanted: Wanted::Goods, numbers: Vec::new(), found: BTreeSet::new(), at: 0 };
        self.with_labels(|labels| labels.turn_to(Page::Pick(pick)));
    }

    /// The labels of goods join those that are looked for; where none was, the first of them flashes.
    fn pick_goods(&mut self, item: &LabelItem) {
        let Some(mut labels) = self.labels.take() else { return };
        labels.looked = None;
        let of_goods = labels.numbers_of(item);
        let joined = labels.pick_mut().and_then(|pick| {
            let first = of_goods.first()?;
            let was_over = pick.next_open().is_none();
            let room = PICKED_MAX.saturating_sub(pick.numbers.len());
            let new = of_goods.iter().filter(|number| !pick.numbers.contains(number)).take(room);
            let new: Vec<LabelNumber> = new.cloned().collect();
            pick.numbers.extend(new);
            let at = pick.numbers.iter().position(|known| known == first)?;
            // Whoever still looks for another one goes on with that.
            if was_over {
                pick.at = at;
            }
            Some(was_over)
        });
        self.labels = Some(labels);
        match joined {
            Some(is_next) => {
                self.sound(Sound::Accepted);
                if is_next {
                    self.settle_pick();
                }
            }
            None => self.labels_say(
                Tone::Attend,
                ("这个商品没有价签", "单子没有变。先给它绑一个价签。"),
                ("These goods have no label", "The list is as it was. Bind a label to them first."),
            ),
        }
    }

    fn flash_current(&mut self) {
        let number = match self.labels.as_ref().map(|labels| labels.page()) {
            Some(Page::Pick(pick)) => pick.current().cloned(),
            Some(
                Page::Home
                | Page::List(_)
                | Page::Label { .. }
                | Page::Item(_)
                | Page::Ask(_)
                | Page::Slot(_)
                | Page::Parity
                | Page::Walk(_)
                | Page::Help,
            )
            | None => None,
        };
        if let Some(number) = number {
            self.flash_label(&number);
        }
    }

    /// Goes to a label of the list that is looked for, and lets it flash.
    pub(super) fn pick_row(&mut self, row: usize) {
        self.with_labels(|labels| {
            labels.looked = None;
            if let Some(pick) = labels.pick_mut() {
                pick.at = row.min(pick.numbers.len().saturating_sub(1));
            }
        });
        self.settle_pick();
    }

    /// The next or the one before, found or not.
    pub(super) fn pick_step(&mut self, forward: bool) {
        self.with_labels(|labels| {
            labels.looked = None;
            if let Some(pick) = labels.pick_mut() {
                let count = pick.numbers.len().max(1);
                pick.at = (pick.at + if forward { 1 } else { count - 1 }) % count;
            }
        });
        self.settle_pick();
    }

    fn settle_pick(&mut self) {
        self.with_labels(|labels| {
            let at = labels.pick_mut().map_or(0, |pick| pick.at);
            labels.place_mut().map(|place| place.row = at).unwrap_or_default();
        });
        self.flash_current();
    }

    fn picks_goods(&self) -> bool {
        let page = self.labels.as_ref().map(|labels| labels.page());
        matches!(page, Some(Page::Pick(Pick { wanted: Wanted::Goods, .. })))
    }

    /// A scan while labels are looked for: the label is found.
    pub(super) fn pick_scan(&mut self, scanned: Scanned) {
        let number = match scanned {
            Scanned::Label(number) => number,
            Scanned::Item { item, .. } if self.picks_goods() => return self.pick_goods(&item),
            Scanned::Item { .. } => {
                return self.labels_say(
                    Tone::Attend,
                    ("这是商品", "什么都没改。正在找价签：扫价签上的码就打勾。"),
                    ("That is an item", "Nothing was changed. Scan the label itself to tick it off."),
                );
            }
            Scanned::Wrong(wrong) => return self.say_wrong(&wrong),
        };
        let Some(mut labels) = self.labels.take() else { return };
        labels.looked = None;
        let found = labels.pick_mut().and_then(|pick| {
            let at = pick.numbers.iter().position(|known| *known == number)?;
            pick.found.insert(at);
            let next = pick.next_open();
            pick.at = next.unwrap_or(at);
            Some(next)
        });
        self.labels = Some(labels);
        match found {
            Some(Some(_)) => {
                self.sound(Sound::Accepted);
                self.settle_pick();
            }
            Some(None) => {
                self.sound(Sound::Accepted);
                self.labels_say(
                    Tone::Good,
                    ("都找到了", "单子上的价签全部打了勾。"),
                    ("All were found", "Every label of the list is ticked off."),
                );
            }
            None => self.labels_say(
                Tone::Attend,
                ("不在这张单子上", "没有打勾。扫正在闪灯的那一个。"),
                ("It is not on this list", "Nothing was ticked off. Scan the one that flashes."),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_says_who_is_wrong() {
        let of = |is_bound, shows: i64, till: i64, hq: i64| {
            let money = |minor| Some(Money::from_minor(minor));
            Verdict::of(is_bound, money(shows), money(till), money(hq))
        };
        assert_eq!(of(true, 200, 200, 200), Verdict::Same);
        assert_eq!(of(true, 200, 200, 300), Verdict::Kept);
        assert_eq!(of(true, 100, 200, 200), Verdict::Below);
        assert_eq!(of(true, 300, 200, 200), Verdict::Above);
        assert_eq!(of(false, 200, 200, 200), Verdict::OtherItem);
        assert_eq!(Verdict::of(true, None, Some(Money::from_minor(1)), None), Verdict::Unseen);
    }

    #[test]
    fn a_list_is_walked_round_its_end_until_all_are_found() {
        let number = |place: u32| LabelNumber::parse(&format!("{place:016X}")).expect("a number");
        let mut pick =
            Pick { wanted: Wanted::Goods, numbers: (0..3).map(number).collect(), found: [2].into(), at: 1 };
        assert_eq!(pick.next_open(), Some(0));
        pick.found.extend([0, 1]);
        assert_eq!(pick.next_open(), None);
    }
}
