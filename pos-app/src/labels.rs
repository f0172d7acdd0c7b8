//! The lane as the staff uses it for shelf labels: what is looked at, what is in the hand, and where a scan goes.
//!
//! The till behind it is the cashier's own: what a label stands for is a fact of its journal. What labels show is read
//! in the file that the agent writes, always the newest, so nothing here waits for anybody. Where somebody stands is a
//! stack of places, as sheets are; what a place shows is read again when the agent wrote something, or time passed.

mod face;
mod find;
mod hand;
pub mod import;
mod lists;
mod one;
mod parity;
mod scan;
mod seen;
mod show;
mod walk;
mod words;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

use domain::label::{LabelItem, LabelNumber};
use domain::till::Desk;
use drivers::scanner::wedge::{WedgeKey, WedgeOutcome};
use drivers::sound::Tone as Sound;
use ledger::reference::shelf::{BoundLabel, Shelf};
use ui::action::{Button, Key};
use ui::view::Tone;

use crate::config::{Config, Mode, Paths};
use crate::entry::{ENTRY_MAX, shortcut};
use crate::lane::{Command, Lane, State};
use face::Faces;
use hand::News;
pub(crate) use hand::refused;
use lists::{Known, List};
use parity::Report;
use seen::{Entry, Seen};
use walk::{Pick, Walk};

/// The most places that lie on each other.
const PLACES_MAX: usize = 12;

/// The most bindings that are followed until the labels show them.
const WATCHED_MAX: usize = 256;

/// The most bindings of this lane that the agent may not have read yet.
const OURS_MAX: usize = 1_024;

/// What is shown is read again after so long, milliseconds, whether or not the agent wrote anything: prices change by
/// the clock.
const LOOK_AGAIN_MS: i64 = 5_000;

/// Numbers of the whole are counted at most so often, milliseconds: that goes through all labels.
const COUNT_EVERY_MS: i64 = 2_000;

/// What the staff's window remembers.
pub(crate) struct Labels {
    /// `None` while there is no reference, or it is an older program's.
    shelf: Option<Shelf>,
    faces: Faces,
    lost_ms: i64,
    places: Vec<Place>,
    /// What was typed and not entered.
    typed: String,
    /// Letters and digits stand on the screen.
    letters: bool,
    known: Known,
    /// What stands in the list in front.
    entries: Vec<Entry>,
    /// How many there are in all.
    total: u64,
    /// The label in front.
    seen: Option<Box<Seen>>,
    /// The drawings to choose from, while somebody does; the first is the one that suits.
    templates: Vec<String>,
    looked: Option<Looked>,
    counted_ms: i64,
    /// What this lane wrote down and the agent has not read yet.
    ours: BTreeMap<LabelNumber, BoundLabel>,
    /// Labels whose faces are awaited, the newest last; with what was told of it last.
    watched: VecDeque<(LabelNumber, Option<News>)>,
    report: Option<Report>,
    /// A label that another store has, and that store, as HQ said it last.
    elsewhere: Option<(LabelNumber, String)>,
}

/// Of what the shown was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Looked {
    data: i64,
    version: u64,
    at_ms: i64,
}

/// Where somebody stands.
#[derive(Debug, Clone)]
struct Place {
    page: Page,
    /// The row that Enter takes.
    row: usize,
    /// The first row of the page of a long list.
    offset: usize,
}

impl Place {
    fn at(page: Page) -> Self {
        Self { page, row: 0, offset: 0 }
    }
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
enum Page {
    /// Everything there is to do.
    Home,
    /// A list.
    List(List),
    /// A label. While `adding`, an item that is scanned joins its others.
    Label { number: LabelNumber, adding: bool },
    /// An item: a label that is scanned is bound to it.
    Item(LabelItem),
    /// A question with its answers as rows.
    Ask(Question),
    /// Where a label hangs is typed.
    Slot(LabelNumber),
    /// Prices on labels held against the till.
    Parity,
    /// Labels and goods are compared by scanning.
    Walk(Walk),
    /// Labels are looked for one after the other.
    Pick(Pick),
    /// What the keys do.
    Help,
}

/// Something that is asked before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Question {
    /// A label stands for something else already.
    Bound { number: LabelNumber, item: LabelItem },
    /// No gateway has heard the label.
    Unheard { number: LabelNumber, item: LabelItem },
    /// A label is to stand for nothing.
    Unbind(LabelNumber),
    /// A label is broken or lost: another one is scanned.
    Replace(LabelNumber),
    /// Which drawing a label has.
    Template(LabelNumber),
    /// The till's new price is to count before a label shows it.
    Waive { number: LabelNumber, item: LabelItem },
}

impl Labels {
    /// What a lane needs for it, where it is about labels.
    pub(crate) fn of(config: &Config, paths: &Paths) -> Option<Box<Self>> {
        (config.mode == Mode::Labels).then(|| {
            Box::new(Self {
                shelf: None,
                faces: Faces::new(paths.labels()),
                lost_ms: i64::from(config.labels.lost_hours) * 3_600_000,
                places: vec![Place::at(Page::Home)],
                typed: String::new(),
                letters: false,
                known: Known::default(),
                entries: Vec::new(),
                total: 0,
                seen: None,
                templates: Vec::new(),
                looked: None,
                counted_ms: i64::MIN,
                ours: BTreeMap::new(),
                watched: VecDeque::new(),
                report: None,
                elsewhere: None,
            })
        })
    }

    fn place(&self) -> &Place {
        // The first one never goes.
        self.places.last().unwrap_or_else(|| unreachable!("the first place stays"))
    }

    fn page(&self) -> &Page {
        &self.place().page
    }

    fn place_mut(&mut self) -> Option<&mut Place> {
        self.places.last_mut()
    }

    /// Goes on to a page; one about another label takes the place of the last.
    fn turn_to(&mut self, page: Page) {
        self.typed.clear();
        self.letters = false;
        self.looked = None;
        let replaces = |old: &Page| match (old, &page) {
            (Page::Label { .. } | Page::Item(_), Page::Label { .. } | Page::Item(_)) => true,
            (Page::Ask(_), _) => true,
            (old, new) => old == new,
        };
        while self.places.len() > 1 && replaces(self.page()) {
            self.places.pop();
        }
        if self.places.len() >= PLACES_MAX {
            self.places.remove(1);
        }
        self.places.push(Place::at(page));
    }

    /// Back to where one came from.
    fn turn_back(&mut self) {
        self.looked = None;
        if self.places.len() > 1 {
            self.places.pop();
        }
    }

    /// What a label stands for, with what this lane wrote down just now.
    fn bound(&self, number: &LabelNumber) -> Option<BoundLabel> {
        if let Some(ours) = self.ours.get(number) {
            return Some(ours.clone());
        }
        self.shelf.as_ref().and_then(|shelf| shelf.bound(number).ok().flatten())
    }

    /// The labels that hang for an item, by number, with what this lane wrote down just now.
    fn numbers_of(&self, item: &LabelItem) -> Vec<LabelNumber> {
        let shelf = self.shelf.as_ref().and_then(|shelf| shelf.labels_of(&item.sku).ok()).unwrap_or_default();
        let mut numbers: BTreeSet<LabelNumber> = shelf.into_iter().map(|bound| bound.number).collect();
        numbers.extend(self.ours.keys().cloned());
        let hangs = |bound: BoundLabel| !bound.taken_down && bound.items.contains(item);
        numbers.into_iter().filter(|number| self.bound(number).is_some_and(hangs)).collect()
    }

    /// Whether the store has it: it was bound here, or a gateway heard it.
    fn is_known(&self, number: &LabelNumber) -> bool {
        self.bound(number).is_some() || self.is_heard(number)
    }

    /// Whether a gateway heard it.
    fn is_heard(&self, number: &LabelNumber) -> bool {
        let state = self.shelf.as_ref().and_then(|shelf| shelf.state(number).ok().flatten());
        state.is_some_and(|state| state.seen_ms.is_some())
    }
}

impl Lane {
    /// Whether keys, taps and scans are the labels': somebody is signed in, and no sheet stands above.
    pub(crate) fn is_at_labels(&self) -> bool {
        self.labels.is_some()
            && self.front.sheets.is_empty()
            && self.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_) | Desk::Done(..)))
    }

    fn with_labels(&mut self, change: impl FnOnce(&mut Labels)) {
        if let Some(labels) = &mut self.labels {
            change(labels);
        }
    }

    /// Tells the staff something, with a sound where it is no success.
    fn labels_say(&mut self, tone: Tone, chinese: (&str, &str), english: (&str, &str)) {
        self.front.say(tone, chinese, english);
        match tone {
            Tone::Good | Tone::Quiet => {}
            Tone::Attend | Tone::Stop => self.sound(Sound::Blocked),
        }
    }

    fn sound(&mut self, sound: Sound) {
        self.commands.push(Command::Play(sound));
    }

    /// A key of the keyboard, or of a scanner that acts as one.
    pub(crate) fn labels_key(&mut self, key: Key, at: Instant) {
        let typed = match key {
            Key::Char(character) => WedgeKey::Char(character),
            Key::Enter => WedgeKey::Enter,
            Key::Escape
            | Key::Backspace
            | Key::Delete
            | Key::Tab
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::Right
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::PageDown
            | Key::Function(_) => {
                self.front.wedge.forget();
                return self.labels_command(key);
            }
        };
        match self.front.wedge.key(typed, at) {
            WedgeOutcome::Typed(character) => self.labels_typed(character),
            WedgeOutcome::Enter => self.labels_enter(),
            WedgeOutcome::Scan { text, typed } => {
                let before = self.labels.as_ref().map(|labels| labels.typed.clone()).unwrap_or_default();
                // The scan's first characters were taken for typing; what stood before them was one scan with it, where
                // the window was busy and saw its keys late.
                let kept = before.chars().count().saturating_sub(typed);
                let whole: String = before.chars().take(kept).chain(text.chars()).collect();
                self.with_labels(|labels| labels.typed.clear());
                let text = if kept > 0 && self.is_code_here(&whole) { whole } else { text };
                self.labels_scan(&text);
            }
        }
    }

    fn labels_command(&mut self, key: Key) {
        if let Some(shortcut) = shortcut(key)
            && let Some(index) = self.labels_jobs().iter().position(|(_, key)| key.shortcut == shortcut)
        {
            return self.press_labels(Button::SheetKey(index));
        }
        let button = match key {
            Key::Escape => Button::No,
            Key::Backspace => Button::Backspace,
            Key::PageUp => Button::PageBefore,
            Key::PageDown => Button::PageAfter,
            Key::Tab | Key::Home => Button::Menu,
            Key::Function(1) => Button::Help,
            Key::Function(2) => Button::Find,
            Key::Function(12) => Button::Lock,
            Key::Up => return self.move_labels_row(false),
            Key::Down => return self.move_labels_row(true),
            Key::Left
            | Key::Right
            | Key::End
            | Key::Delete
            | Key::Function(_)
            | Key::Char(_)
            | Key::Enter => return,
        };
        self.press_labels(button);
    }

    fn labels_typed(&mut self, character: char) {
        self.front.notice = None;
        self.with_labels(|labels| {
            if !character.is_control() && labels.typed.chars().count() < ENTRY_MAX {
                labels.typed.push(character);
                labels.looked = None;
                labels.place_mut().map(|place| place.row = 0).unwrap_or_default();
            }
        });
    }

    fn move_labels_row(&mut self, down: bool) {
        self.with_labels(|labels| {
            labels.looked = None;
            let last = labels.rows_shown().saturating_sub(1);
            if let Some(place) = labels.place_mut() {
                place.row = if down { (place.row + 1).min(last) } else { place.row.saturating_sub(1) };
            }
        });
    }

    /// A control of the window, or the key that stands for it.
    // What means nothing here does nothing.
    #[allow(clippy::wildcard_enum_match_arm)]
    pub(crate) fn press_labels(&mut self, button: Button) {
        self.front.notice = None;
        match button {
            Button::Row(row) => {
                self.with_labels(|labels| {
                    labels.place_mut().map(|place| place.row = row).unwrap_or_default()
                });
                self.open_labels_row();
            }
            Button::SheetKey(index) => {
                let job = self.labels_jobs().into_iter().nth(index).filter(|(_, key)| key.enabled);
                if let Some((job, _)) = job {
                    self.do_job(job);
                }
            }
            Button::Letter(character) | Button::Digit(character) => self.labels_typed(character),
            Button::Backspace => self.with_labels(|labels| {
                labels.typed.pop();
                labels.looked = None;
            }),
            Button::Clear => self.with_labels(|labels| {
                labels.typed.clear();
                labels.looked = None;
            }),
            Button::Enter => self.labels_enter(),
            Button::Yes => self.labels_go(),
            Button::No | Button::Back => self.labels_back(),
            Button::Find => self.with_labels(|labels| labels.letters = !labels.letters),
            Button::PageBefore => self.turn_labels_page(false),
            Button::PageAfter => self.turn_labels_page(true),
            Button::Menu => self.with_labels(|labels| {
                labels.places.truncate(1);
                labels.typed.clear();
                labels.letters = false;
                labels.looked = None;
            }),
            Button::Help => self.with_labels(|labels| labels.turn_to(Page::Help)),
            Button::Lock => self.lock(),
            _ => {}
        }
    }

    /// What was typed goes first, then letters on the screen, then the page.
    fn labels_back(&mut self) {
        self.with_labels(|labels| {
            labels.looked = None;
            if !labels.typed.is_empty() {
                labels.typed.clear();
            } else if labels.letters {
                labels.letters = false;
            } else {
                labels.turn_back();
            }
        });
    }

    fn turn_labels_page(&mut self, after: bool) {
        self.with_labels(|labels| {
            let (total, shown) = (usize::try_from(labels.total).unwrap_or(usize::MAX), labels.entries.len());
            labels.looked = None;
            if let Some(place) = labels.place_mut().filter(|place| matches!(place.page, Page::List(_))) {
                let next = place.offset + lists::ROWS_PAGE;
                if after && shown > 0 && next < total {
                    (place.offset, place.row) = (next, 0);
                } else if !after {
                    (place.offset, place.row) = (place.offset.saturating_sub(lists::ROWS_PAGE), 0);
                }
            }
        });
    }

    /// Enter: what was typed is a code, or chooses among what was found.
    fn labels_enter(&mut self) {
        let Some(labels) = &self.labels else { return };
        let typed = labels.typed.trim().to_owned();
        if matches!(labels.page(), Page::Slot(_)) {
            return self.save_slot();
        }
        if typed.is_empty() {
            // On a walk Enter goes on; elsewhere it opens what is chosen.
            let opens = labels.rows_shown() > 0 && !matches!(labels.page(), Page::Pick(_));
            return if opens { self.open_labels_row() } else { self.labels_go() };
        }
        if self.is_code_here(&typed) {
            self.with_labels(|labels| labels.typed.clear());
            return self.labels_scan(&typed);
        }
        if labels.entries.is_empty() {
            self.labels_say(
                Tone::Attend,
                ("没有找到", "什么都没改。少输几个字母，或扫码。"),
                ("Nothing found", "Nothing was changed. Try fewer letters, or scan."),
            );
        } else {
            self.open_labels_row();
        }
    }

    /// Reads what is shown, and says what became of bindings. After every turn.
    pub(crate) fn settle_labels(&mut self) {
        let Some(mut labels) = self.labels.take() else { return };
        if let State::Open(open) = &self.state {
            labels.look(open, &self.paths, self.moment);
        }
        let news = labels.news();
        self.labels = Some(labels);
        for (number, news) in news {
            self.tell_news(&number, news);
        }
    }
}
