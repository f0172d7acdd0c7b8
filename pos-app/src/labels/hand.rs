//! What is done with a label in the hand: bound, taken off, replaced, its light, its price. The till writes it down.

use domain::label::{LABEL_ITEMS_MAX, LabelBinding, LabelItem, LabelNumber, LabelRefusal};
use domain::till::Input;
use drivers::sound::Tone as Sound;
use ledger::reference::shelf::{BoundLabel, LabelCondition};
use protocol::ask::{Answer, LabelNotAsked};
use ui::view::{Language, Notice, Tone};

use super::one::GoodsText;
use super::seen::Prices;
use super::walk::FLASH_SECONDS;
use super::{Labels, OURS_MAX, Page, Question, WATCHED_MAX};
use crate::lane::{Lane, State};
use crate::sheet::{Attempt, say};

/// The most items that a label has lines for.
pub(super) const LINES_MAX: usize = 6;

const _: () = assert!(LINES_MAX <= LABEL_ITEMS_MAX, "the journal takes what a label shows");

/// What became of a binding that was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// The label shows it.
    Confirmed,
    /// It waits for tills.
    Held,
    /// It will not, by itself.
    Failed,
}

/// Why a till does not write down what was asked of it about labels.
pub(crate) fn refused(refusal: &LabelRefusal, language: Language) -> Notice {
    let (what, rest) = match refusal {
        LabelRefusal::Items => (
            ("商品太多或重复", "Too many goods, or one twice"),
            (
                "什么都没改。一个价签最多绑 16 个不同的商品。",
                "Nothing was changed. A label takes 1 to 16 different items.",
            ),
        ),
        LabelRefusal::ItemUnknown(_) => (
            ("本店没有这个商品", "This item is not sold here"),
            ("没有绑定。新商品要总部先建档。", "Nothing was bound. HQ enters new goods first."),
        ),
        LabelRefusal::Word(_) => (
            ("太长了", "It is too long"),
            ("什么都没改。请写短一些。", "Nothing was changed. Write it shorter."),
        ),
        LabelRefusal::SameLabel => (
            ("扫的还是旧价签", "That is the old label"),
            ("还没有更换。请扫新的价签。", "Nothing was replaced. Scan the new one."),
        ),
    };
    Notice::Said {
        tone: Tone::Attend,
        what: say(language, what.0, what.1),
        rest: say(language, rest.0, rest.1),
    }
}

impl Labels {
    /// Remembers what this lane wrote down, until the agent has read it.
    fn wrote(&mut self, bound: BoundLabel) {
        let number = bound.number.clone();
        if self.ours.len() >= OURS_MAX
            && let Some(oldest) =
                self.ours.values().min_by_key(|bound| bound.at_ms).map(|bound| bound.number.clone())
        {
            self.ours.remove(&oldest);
        }
        self.watched.retain(|(watched, _)| *watched != number);
        if !bound.taken_down {
            if self.watched.len() >= WATCHED_MAX {
                self.watched.pop_front();
            }
            self.watched.push_back((number.clone(), None));
        }
        self.ours.insert(number, bound);
        self.looked = None;
    }

    /// What became of the bindings that are followed, since this was asked last.
    pub(super) fn news(&mut self) -> Vec<(LabelNumber, News)> {
        let Some(shelf) = &self.shelf else { return Vec::new() };
        let mut news = Vec::new();
        let ours = &self.ours;
        self.watched.retain_mut(|(number, told)| {
            if ours.contains_key(number) {
                return true;
            }
            let (Ok(bound), Ok(Some(state))) = (shelf.bound(number), shelf.state(number)) else {
                return true;
            };
            let items = bound.map(|bound| bound.items).unwrap_or_default();
            let wanted = state
                .wanted
                .as_ref()
                .map(|face| face.prices.iter().map(|price| LabelItem::from(&price.item)).collect::<Vec<_>>());
            if wanted.is_some_and(|wanted| wanted != items) {
                return true;
            }
            let now = match state.condition {
                LabelCondition::Shown if state.shown == state.wanted => News::Confirmed,
                LabelCondition::GivenUp | LabelCondition::NoFace => News::Failed,
                LabelCondition::Held => News::Held,
                // It has become what it was to become.
                LabelCondition::Unbound => return !items.is_empty(),
                LabelCondition::Shown | LabelCondition::Sending | LabelCondition::NotSeen => return true,
            };
            // One that failed may still come to show it, when it wakes.
            if told.replace(now) != Some(now) {
                news.push((number.clone(), now));
            }
            now != News::Confirmed
        });
        news
    }
}

impl Lane {
    /// An item and a label were scanned, in either order.
    pub(super) fn bind_item(&mut self, number: &LabelNumber, item: LabelItem) {
        let Some(labels) = &self.labels else { return };
        let adding = matches!(labels.page(), Page::Label { adding: true, .. });
        let bound = labels.bound(number);
        let items = bound.as_ref().map_or(&[][..], |bound| &bound.items);
        if !labels.is_known(number) {
            self.ask_whose_label(number);
            return self.ask_about(Question::Unheard { number: number.clone(), item });
        }
        if items.contains(&item) {
            self.labels_say(
                Tone::Quiet,
                ("绑的就是这个商品", "不用再绑。画面不对可以按“重发”。"),
                ("It stands for that already", "Nothing to do. If it shows something else, send it again."),
            );
            self.sound(Sound::Accepted);
            return self.show_label(number.clone());
        }
        if items.is_empty() {
            return self.bind(number, vec![item]);
        }
        if adding {
            return self.bind_another(number, item);
        }
        self.ask_about(Question::Bound { number: number.clone(), item });
    }

    /// HQ said that another store has a label.
    pub(crate) fn hear_whose_label(&mut self, number: LabelNumber, store: String) {
        let short = super::words::short(&number);
        self.with_labels(|labels| {
            labels.elsewhere = Some((number, store.clone()));
            labels.looked = None;
        });
        if self.labels.is_some() {
            self.labels_say(
                Tone::Stop,
                (&format!("{short} 是 {store} 店的"), "没有绑定。请还给那家店，或让那边先解绑。"),
                (
                    &format!("{short} is store {store}'s"),
                    "Nothing was bound. Give it back, or have it unbound there first.",
                ),
            );
        }
    }

    fn ask_about(&mut self, question: Question) {
        self.sound(Sound::Blocked);
        self.with_labels(|labels| labels.turn_to(Page::Ask(question)));
    }

    fn show_label(&mut self, number: LabelNumber) {
        self.with_labels(|labels| labels.turn_to(Page::Label { number, adding: false }));
    }

    /// One more item joins those of a label.
    fn bind_another(&mut self, number: &LabelNumber, item: LabelItem) {
        let bound = self.labels.as_ref().and_then(|labels| labels.bound(number));
        let mut items = bound.map(|bound| bound.items).unwrap_or_default();
        if items.len() >= LINES_MAX {
            return self.labels_say(
                Tone::Attend,
                ("这个价签放不下了", "没有加上。一个价签最多显示 6 个商品，请用另一个。"),
                (
                    "The label has no room for more",
                    "Nothing was added. It shows up to 6 items; take another one.",
                ),
            );
        }
        items.push(item);
        self.bind(number, items);
        // The next one joins them, too.
        self.with_labels(|labels| {
            if let Some(Page::Label { adding, .. }) = labels.place_mut().map(|place| &mut place.page) {
                *adding = true;
            }
        });
    }

    fn bind(&mut self, number: &LabelNumber, items: Vec<LabelItem>) {
        let bound = self.labels.as_ref().and_then(|labels| labels.bound(number));
        let (template, slot) = bound.map(|bound| (bound.template, bound.slot)).unwrap_or_default();
        self.bind_as(LabelBinding { label: number.clone(), items, template, slot });
    }

    /// What a label must have room for of these goods; those that cannot be
    /// looked up are left to the till, which refuses them.
    fn goods_texts(&self, items: &[LabelItem]) -> Vec<GoodsText> {
        let State::Open(open) = &self.state else { return Vec::new() };
        let prices = Prices::new(open, self.moment);
        let currency = &open.settings().currency;
        let of = |item: &LabelItem| {
            let priced = prices.of(item, None);
            let (found, price) = (priced.found?, priced.till?);
            let unit = found.unit(&item.unit).map(|sold| sold.unit.name_zh.clone());
            let usual = || if found.weighed { "kg".to_owned() } else { "件".to_owned() };
            let name = if found.name_zh.is_empty() { found.name_en.clone() } else { found.name_zh.clone() };
            let (unit, price) = (unit.unwrap_or_else(usual), currency.format(price));
            Some(GoodsText { name, unit, currency: currency.symbol.clone(), price })
        };
        items.iter().filter_map(of).collect()
    }

    /// Whether goods have room on a label, as far as its size is known.
    pub(super) fn fits_binding(&mut self, binding: &LabelBinding) -> bool {
        let goods = self.goods_texts(&binding.items);
        self.labels.as_mut().is_none_or(|labels| {
            goods.is_empty() || labels.fits_goods(&binding.label, &goods, &binding.template)
        })
    }

    /// Has the till write down what a label stands for, and shows the label.
    fn bind_as(&mut self, binding: LabelBinding) {
        if !self.fits_binding(&binding) {
            return self.labels_say(
                Tone::Attend,
                ("这个价签放不下", "没有绑定。品名和价格在它上面放不下，请拿大一些的价签。"),
                (
                    "The label is the wrong size",
                    "Nothing was bound: name and price have no room. Take a larger one.",
                ),
            );
        }
        if self.attempt(Input::BindLabel(Box::new(binding.clone()))) == Attempt::Done {
            self.after_binding(binding);
        }
    }

    fn after_binding(&mut self, binding: LabelBinding) {
        let (at_ms, lane) = (self.moment.now_ms, self.lane_number());
        let LabelBinding { label: number, items, template, slot } = binding;
        let bound =
            BoundLabel { number: number.clone(), items, template, slot, taken_down: false, at_ms, lane };
        self.with_labels(|labels| labels.wrote(bound));
        self.show_label(number);
    }

    fn lane_number(&self) -> u32 {
        self.journal().map_or(0, |journal| journal.identity().lane)
    }

    /// A label stands for nothing any more.
    fn unbind(&mut self, number: &LabelNumber, reason: String) {
        let input = Input::UnbindLabel { label: number.clone(), reason };
        if self.attempt(input) != Attempt::Done {
            return;
        }
        let (at_ms, lane) = (self.moment.now_ms, self.lane_number());
        let bound = BoundLabel {
            number: number.clone(),
            items: Vec::new(),
            template: String::new(),
            slot: String::new(),
            taken_down: false,
            at_ms,
            lane,
        };
        self.with_labels(|labels| labels.wrote(bound));
        self.front.say(
            Tone::Good,
            ("已解绑", "价签会变成空白的编号；收银价不再受它限制，等它确认。"),
            ("Unbound", "It goes blank; from then on the till need not heed it."),
        );
        self.show_label(number.clone());
    }

    /// Another label takes the place of one that is broken or lost: same goods, same place, same drawing.
    pub(super) fn replace_by(&mut self, old: &LabelNumber, new: LabelNumber) {
        let Some(labels) = &mut self.labels else { return };
        let Some(bound) = labels.bound(old).filter(|bound| !bound.items.is_empty()) else { return };
        let row = labels.place().row;
        if labels.bound(&new).is_some_and(|bound| !bound.items.is_empty()) && new != *old {
            return self.labels_say(
                Tone::Attend,
                ("新价签已经绑了别的商品", "还没有更换。请扫空闲的价签，或先把它解绑。"),
                (
                    "The new label stands for other goods",
                    "Nothing was replaced. Scan a free one, or unbind it first.",
                ),
            );
        }
        if !labels.is_known(&new) {
            return self.say_unknown_label();
        }
        if !labels.fits_as(old, &new) {
            return self.labels_say(
                Tone::Attend,
                ("新价签的尺寸不合适", "还没有更换。原来的内容在它上面放不下，请拿大一些的。"),
                (
                    "The new label is the wrong size",
                    "Nothing was replaced: its text has no room. Take a larger one.",
                ),
            );
        }
        let binding = LabelBinding {
            label: new.clone(),
            items: bound.items.clone(),
            template: bound.template.clone(),
            slot: bound.slot.clone(),
        };
        let reason = self.reason_at(REPLACED, row);
        let input = Input::ReplaceLabel { old: old.clone(), binding: Box::new(binding.clone()), reason };
        if self.attempt(input) != Attempt::Done {
            return;
        }
        let gone = BoundLabel {
            number: old.clone(),
            items: Vec::new(),
            template: String::new(),
            slot: String::new(),
            taken_down: true,
            at_ms: self.moment.now_ms,
            lane: self.lane_number(),
        };
        self.with_labels(|labels| labels.wrote(gone));
        self.after_binding(binding);
        let old = super::words::short(old);
        self.front.say(
            Tone::Good,
            (&format!("已更换，{old} 作废"), "商品、位置、模板都照旧。旧价签请收走。"),
            (
                &format!("Replaced: {old} is out of use"),
                "Goods, place and template are kept. Take the old one away.",
            ),
        );
    }

    /// The place of a label was typed.
    pub(super) fn save_slot(&mut self) {
        let Some(labels) = &self.labels else { return };
        let Page::Slot(number) = labels.page().clone() else { return };
        let slot = labels.typed.trim().to_owned();
        let Some(bound) = labels.bound(&number) else { return };
        let BoundLabel { items, template, .. } = bound;
        self.bind_as(LabelBinding { label: number, items, template, slot });
    }

    fn set_template(&mut self, number: &LabelNumber, template: String) {
        let Some(labels) = &mut self.labels else { return };
        let Some(bound) = labels.bound(number) else { return };
        if !labels.fits_with(number, &template) {
            return self.labels_say(
                Tone::Attend,
                ("这个价签放不下这个模板", "模板没有换。换一个模板，或用大一些的价签。"),
                (
                    "The label is the wrong size for this template",
                    "It was not changed. Choose another, or a larger label.",
                ),
            );
        }
        let BoundLabel { items, slot, .. } = bound;
        self.bind_as(LabelBinding { label: number.clone(), items, template, slot });
    }

    /// What an answer to a question does.
    pub(super) fn answer_labels(&mut self, question: Question, row: usize) {
        match (question, row) {
            (Question::Bound { number, item }, 0) => self.bind(&number, vec![item]),
            (Question::Bound { number, item }, 1) => self.bind_another(&number, item),
            (Question::Unheard { number, item }, 0) => self.bind(&number, vec![item]),
            (Question::Bound { .. } | Question::Unheard { .. }, _) => {
                self.with_labels(Labels::turn_back);
            }
            (Question::Unbind(number), row) => {
                let reason = self.reason_at(UNBOUND, row);
                self.unbind(&number, reason);
            }
            (Question::Replace(_), _) => self.labels_say(
                Tone::Quiet,
                ("扫新的价签", "还没有更换。原因已选好，扫新价签就换。"),
                ("Scan the new label", "Nothing was replaced yet. The reason is chosen; scan the new one."),
            ),
            (Question::Template(number), row) => {
                let name = self.labels.as_ref().and_then(|labels| labels.templates.get(row).cloned());
                if let Some(name) = name {
                    self.set_template(&number, name);
                }
            }
            (Question::Waive { number, item }, row) => {
                let reason = self.reason_at(WAIVED, row);
                let attempt = self.attempt(Input::WaiveLabels { item, reason });
                if attempt != Attempt::Refused {
                    self.show_label(number);
                }
                if attempt == Attempt::Done {
                    self.say_waived();
                }
            }
        }
    }

    fn say_waived(&mut self) {
        self.front.say(
            Tone::Good,
            ("新价马上生效", "收银按新价收款。价签上还是旧价的，请马上盖住或换掉。"),
            ("The new price counts now", "Tills charge it. Cover or change what still shows the old one."),
        );
    }

    /// Lets a label flash, so that it is found.
    pub(super) fn flash_label(&mut self, number: &LabelNumber) {
        self.ask_flash(number, FLASH_SECONDS);
    }

    /// What the agent said to a flash or to a face that was to be sent again.
    pub(crate) fn hear_label_answer(&mut self, number: &LabelNumber, resent: bool, answer: Option<&Answer>) {
        if self.labels.is_none() {
            return;
        }
        let short = super::words::short(number);
        match answer {
            Some(Answer::LabelAsked {}) if resent => self.labels_say(
                Tone::Good,
                (&format!("{short} 正在重发"), "等它下一次醒来，最多几分钟。"),
                (&format!("{short} is sent again"), "It shows it when it wakes next, in minutes at most."),
            ),
            Some(Answer::LabelAsked {}) => self.labels_say(
                Tone::Good,
                (&format!("{short} 在闪绿灯"), "它下一次醒来就闪，约 30 秒。"),
                (&format!("{short} flashes green"), "From when it wakes next, for about 30 s."),
            ),
            Some(Answer::LabelNotAsked { why: LabelNotAsked::NoGateway }) => self.labels_say(
                Tone::Attend,
                ("本机没有基站", "什么都没做。请到接着基站的那台机器上做。"),
                ("This lane has no gateway", "Nothing was done. Do it at the lane that has one."),
            ),
            Some(Answer::LabelNotAsked { why: LabelNotAsked::NotSeen }) => self.labels_say(
                Tone::Attend,
                (&format!("基站听不到 {short}"), "什么都没做。看看电池，或拿近一些。"),
                (
                    &format!("No gateway hears {short}"),
                    "Nothing was done. Check its battery, or bring it closer.",
                ),
            ),
            Some(Answer::LabelNotAsked { why: LabelNotAsked::Busy }) => self.labels_say(
                Tone::Attend,
                ("基站正忙", "什么都没做。过一会儿再按。"),
                ("The gateway is busy", "Nothing was done. Press again in a moment."),
            ),
            Some(_) | None => self.labels_say(
                Tone::Attend,
                ("同步程序没有应答", "什么都没做。绑定照常记下，等它回来就推送。"),
                (
                    "The agent does not answer",
                    "Nothing was done. Bindings are kept and go out when it is back.",
                ),
            ),
        }
    }

    /// Says what became of a binding that was followed.
    pub(super) fn tell_news(&mut self, number: &LabelNumber, news: News) {
        let short = super::words::short(number);
        match news {
            News::Confirmed => {
                self.sound(Sound::Accepted);
                // What was said since of something else is more important.
                let of_it =
                    |notice: &Notice| matches!(notice, Notice::Said { what, .. } if what.starts_with(&short));
                if self.front.notice.as_ref().is_none_or(of_it) {
                    self.front.say(
                        Tone::Good,
                        (&format!("{short} 已确认"), "价签显示的就是应当显示的。"),
                        (&format!("{short} is confirmed"), "The label shows what it should."),
                    );
                }
            }
            News::Held => self.labels_say(
                Tone::Attend,
                (&format!("{short} 等收银机"), "价签要降价：等店里每台收银机都收到新价再显示。"),
                (
                    &format!("{short} waits for tills"),
                    "Its price is lower: it is shown when every till of the store has it.",
                ),
            ),
            News::Failed => self.labels_say(
                Tone::Stop,
                (&format!("{short} 没有显示"), "绑定已记下。打开它看原因，再按“重发”。"),
                (
                    &format!("{short} does not show it"),
                    "The binding is kept. Open it to see why, then send it again.",
                ),
            ),
        }
    }

    /// A reason, in the language of the screen.
    fn reason_at(&self, reasons: &[(&str, &str)], row: usize) -> String {
        let chosen = reasons.get(row.min(reasons.len().saturating_sub(1)));
        chosen.map(|(chinese, english)| self.words(chinese, english)).unwrap_or_default()
    }
}

/// Why a label is unbound, replaced, or its price waived.
pub(super) const UNBOUND: &[(&str, &str)] = &[
    ("商品下架", "Goods are no longer sold"),
    ("换位置", "Goods have moved"),
    ("绑错了", "Bound by mistake"),
];
pub(super) const REPLACED: &[(&str, &str)] =
    &[("坏了", "Broken"), ("丢了", "Lost"), ("没电", "Battery flat")];
pub(super) const WAIVED: &[(&str, &str)] = &[
    ("价签已人工更换", "Label changed by hand"),
    ("价签已取下", "Label taken down"),
    ("价签已盖住", "Label covered"),
];
