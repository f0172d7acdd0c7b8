//! The keys of each page, and what they do to the label or list in front.

use std::collections::BTreeMap;

use domain::label::{LabelItem, LabelNumber};
use ledger::reference::shelf::LabelFace;
use ui::view::{Language, SheetKey, Theme};

use super::lists::List;
use super::seen::Entry;
use super::walk::Walk;
use super::{Labels, Page, Question};
use crate::lane::Lane;

/// Templates that are not chosen: they suit what a label stands for.
const NOT_CHOSEN: [&str; 2] = ["several", "unbound"];

/// What a label must have room for of its goods.
pub(super) struct GoodsText {
    pub name: String,
    pub unit: String,
    pub currency: String,
    pub price: String,
}

/// Something that a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    Find,
    Walk,
    Language,
    Theme,
    Add,
    Flash,
    Resend,
    Unbind,
    Replace,
    Slot,
    Template,
    Waive,
    Pick,
    PickGoods,
    Before,
    CheckAgain,
}

impl Labels {
    /// Whether what a label should show fits another label.
    pub(super) fn fits_as(&mut self, old: &LabelNumber, new: &LabelNumber) -> bool {
        let Some(shelf) = &self.shelf else { return true };
        let face = shelf.state(old).ok().flatten().and_then(|state| state.wanted.or(state.shown));
        let panel = shelf.state(new).ok().flatten().and_then(|state| state.panel);
        face.zip(panel).is_none_or(|(face, panel)| self.faces.fits(&face, panel))
    }

    /// Whether goods fit a label that is to be bound to them, by their names and
    /// what they cost now; the rest of a face gives way.
    pub(super) fn fits_goods(&mut self, number: &LabelNumber, goods: &[GoodsText], template: &str) -> bool {
        let panel = self.shelf.as_ref().and_then(|shelf| shelf.state(number).ok().flatten()?.panel);
        let Some(panel) = panel else { return true };
        let texts: BTreeMap<String, String> = match goods {
            [one] => {
                [("name", &one.name), ("unit", &one.unit), ("currency", &one.currency), ("price", &one.price)]
                    .into_iter()
                    .map(|(field, text)| (field.to_owned(), text.clone()))
                    .collect()
            }
            several => (1..)
                .zip(several)
                .map(|(place, one)| {
                    let GoodsText { name, unit, currency, price } = one;
                    (format!("line{place}"), format!("{name} {currency}{price}/{unit}"))
                })
                .collect(),
        };
        let usual = if goods.len() == 1 { "normal" } else { "several" };
        let template = if template.is_empty() { usual } else { template };
        let face = LabelFace { template: template.to_owned(), texts, ..LabelFace::default() };
        self.faces.fits(&face, panel)
    }

    /// Whether what a label should show fits it in another drawing; empty for the one that suits it.
    pub(super) fn fits_with(&mut self, number: &LabelNumber, template: &str) -> bool {
        let Some(shelf) = self.shelf.as_ref().filter(|_| !template.is_empty()) else { return true };
        let Some(state) = shelf.state(number).ok().flatten() else { return true };
        let (Some(face), Some(panel)) = (state.wanted, state.panel) else { return true };
        self.faces.fits(&LabelFace { template: template.to_owned(), ..face }, panel)
    }

    /// The drawings that a label can have; the first is the one that suits it.
    pub(super) fn template_names(&mut self) -> Vec<String> {
        let chosen = self.faces.templates().into_iter().filter(|name| !NOT_CHOSEN.contains(&name.as_str()));
        std::iter::once(String::new()).chain(chosen).collect()
    }

    /// The label in front: that of the page, or of the row.
    fn label_in_front(&self) -> Option<LabelNumber> {
        match self.page() {
            Page::Label { number, .. } | Page::Slot(number) => Some(number.clone()),
            Page::Pick(pick) => pick.current().cloned(),
            Page::Walk(walk) => walk.label.clone(),
            Page::List(_) | Page::Item(_) | Page::Parity | Page::Home => {
                match self.entries.get(self.place().row) {
                    Some(Entry::Label(seen)) => Some(seen.number.clone()),
                    Some(Entry::Differing(differing)) => Some(differing.label.clone()),
                    Some(Entry::Item { .. } | Entry::Gateway(..) | Entry::Day(_)) | None => None,
                }
            }
            Page::Ask(_) | Page::Help => None,
        }
    }

    /// An item of the label in front whose price the till keeps lower for a label's sake.
    fn kept_item(&self) -> Option<LabelItem> {
        let seen = self.seen.as_ref()?;
        seen.items.iter().find(|priced| priced.is_kept()).map(|priced| priced.item.clone())
    }
}

impl Lane {
    /// The keys of the page in front, with what they do.
    pub(super) fn labels_jobs(&self) -> Vec<(Job, SheetKey)> {
        let Some(labels) = &self.labels else { return Vec::new() };
        let key = |job: Job, chinese: &str, english: &str, shortcut: &str, enabled: bool| {
            let label = self.words(chinese, english);
            let stop = job == Job::Unbind;
            (job, SheetKey { label, shortcut: shortcut.to_owned(), stop, enabled, ..SheetKey::default() })
        };
        let front = labels.label_in_front().is_some();
        let find = key(Job::Find, "查找", "Find", "F2", true);
        let flash = |on| key(Job::Flash, "闪灯", "Flash it", "F3", on);
        let pick = |on| key(Job::Pick, "逐个去找", "Look for each", "F7", on);
        if !labels.typed.is_empty() {
            return vec![find, flash(front)];
        }
        match labels.page() {
            Page::Home => vec![
                find,
                key(Job::Walk, "核对：扫价签与商品", "Compare by scanning", "F4", true),
                key(Job::PickGoods, "按商品逐个去找", "Look for goods", "F7", true),
                key(Job::Language, "English", "中文", "F8", true),
                match self.front.theme {
                    Theme::Light => key(Job::Theme, "深色", "Dark", "F9", true),
                    Theme::Dark => key(Job::Theme, "浅色", "Light", "F9", true),
                },
            ],
            Page::List(list) => {
                let of_labels = !matches!(list, List::ItemsWithoutLabel | List::Gateways);
                let any = !labels.entries.is_empty();
                match of_labels {
                    true => vec![find, flash(front), pick(any)],
                    false => vec![find],
                }
            }
            Page::Label { adding, .. } => {
                let seen = labels.seen.as_ref();
                let bound = seen.is_some_and(|seen| !seen.bound_items().is_empty());
                let heard = seen.is_some_and(|seen| seen.state.is_some());
                let single = seen.is_some_and(|seen| seen.bound_items().len() == 1);
                let mut add = key(Job::Add, "再加商品", "Add items", "F4", bound);
                add.1.on = *adding;
                vec![
                    add,
                    key(Job::Replace, "更换价签", "Replace label", "F6", bound),
                    key(Job::Unbind, "解绑", "Unbind", "F5", bound),
                    flash(heard),
                    key(Job::Resend, "重发", "Send again", "F7", bound && heard),
                    key(Job::Slot, "位置", "Place", "F8", bound),
                    key(Job::Template, "模板", "Template", "F9", bound && single),
                    key(Job::Waive, "价签放行", "Waive labels", "F10", labels.kept_item().is_some()),
                ]
            }
            Page::Item(_) => vec![find, flash(front), pick(!labels.entries.is_empty())],
            Page::Ask(_) | Page::Slot(_) | Page::Help => Vec::new(),
            Page::Parity => vec![
                key(Job::CheckAgain, "再查一遍", "Check again", "F4", true),
                key(Job::Walk, "扫码核对", "By scanning", "F5", true),
                flash(front),
                pick(!labels.entries.is_empty()),
            ],
            Page::Walk(walk) => vec![flash(walk.label.is_some())],
            Page::Pick(_) => vec![flash(true), key(Job::Before, "上一个", "The one before", "F4", true)],
        }
    }

    pub(super) fn do_job(&mut self, job: Job) {
        let Some(labels) = &self.labels else { return };
        let front = labels.label_in_front();
        match job {
            Job::Find => self.with_labels(|labels| labels.letters = !labels.letters),
            Job::PickGoods => self.begin_pick_of_goods(),
            Job::Walk => self.with_labels(|labels| labels.turn_to(Page::Walk(Walk::default()))),
            Job::Language => {
                self.front.language = match self.front.language {
                    Language::Chinese => Language::English,
                    Language::English => Language::Chinese,
                };
            }
            Job::Theme => {
                self.front.theme = match self.front.theme {
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::Light,
                };
            }
            Job::Add => self.with_labels(|labels| {
                if let Some(Page::Label { adding, .. }) = labels.place_mut().map(|place| &mut place.page) {
                    *adding = !*adding;
                }
            }),
            Job::Flash => {
                if let Some(number) = front {
                    self.flash_label(&number);
                }
            }
            Job::Resend => {
                if let Some(number) = front {
                    self.ask_resend(&number);
                }
            }
            Job::Unbind => self.ask_front(Question::Unbind),
            Job::Replace => self.ask_front(Question::Replace),
            Job::Template => self.ask_front(Question::Template),
            Job::Waive => {
                if let (Some(number), Some(item)) = (front, labels.kept_item()) {
                    let question = Question::Waive { number, item };
                    self.with_labels(|labels| labels.turn_to(Page::Ask(question)));
                }
            }
            Job::Slot => {
                let Some(number) = front else { return };
                let slot = labels.bound(&number).map(|bound| bound.slot).unwrap_or_default();
                self.with_labels(|labels| {
                    labels.turn_to(Page::Slot(number));
                    labels.typed = slot;
                    labels.letters = true;
                });
            }
            Job::Pick => self.begin_pick(),
            Job::Before => self.pick_step(false),
            Job::CheckAgain => self.check_again(),
        }
    }

    fn ask_front(&mut self, question: impl FnOnce(LabelNumber) -> Question) {
        let Some(number) = self.labels.as_ref().and_then(|labels| labels.label_in_front()) else { return };
        self.with_labels(|labels| labels.turn_to(Page::Ask(question(number))));
    }

    /// The one big action of the page.
    pub(super) fn labels_go(&mut self) {
        let Some(labels) = &self.labels else { return };
        if !labels.typed.is_empty() && !matches!(labels.page(), Page::Slot(_)) {
            return self.labels_enter();
        }
        match labels.page() {
            Page::Home => self.with_labels(|labels| labels.turn_to(Page::List(List::ItemsWithoutLabel))),
            Page::Slot(_) => self.save_slot(),
            Page::Pick(_) => self.pick_step(true),
            Page::List(_) | Page::Ask(_) => self.open_labels_row(),
            Page::Label { .. } | Page::Item(_) | Page::Parity | Page::Walk(_) | Page::Help => {
                self.with_labels(Labels::turn_back);
            }
        }
    }
}
