//! What each page shows: everything formatted, nothing decided.

mod home;
mod label;
mod question;
mod walk;

use domain::money::Money;
use ledger::reference::shelf::{ParityDone, WhyNotStruck};
use ui::view::{self, LabelCard, LabelCount, LabelRow, LabelStep, Tone};

use super::hand::{REPLACED, UNBOUND, WAIVED};
use super::lists::{List, ROWS_PAGE};
use super::parity::Differing;
use super::seen::{Entry, Priced, Seen};
use super::words::{gateway_why, panel, short, spaced};
use super::{Labels, Page, Question};
use crate::lane::{Lane, OpenLane};

/// Where numbers are grouped.
const THOUSAND: u64 = 1_000;

/// A number as people read it: `1,085`.
fn grouped(number: u64) -> String {
    if number < THOUSAND {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / THOUSAND), number % THOUSAND)
}

/// A template's name, Chinese and English; a chain's own is called as its file is.
fn template_name(name: &str) -> (&str, &str) {
    match name {
        "" => ("自动（随商品状态）", "Automatic, by condition"),
        "normal" => ("普通", "Normal"),
        "promotion" => ("促销", "Promotion"),
        "member" => ("会员价", "Member price"),
        "fresh" => ("生鲜", "Fresh"),
        "clearance" => ("清仓", "Clearance"),
        "out-of-stock" => ("缺货", "Out of stock"),
        "several" => ("多商品", "Several items"),
        own => (own, own),
    }
}

impl Labels {
    /// How many answers a question has.
    pub(super) fn answers(&self, question: &Question) -> usize {
        match question {
            Question::Bound { .. } => 3,
            Question::Unheard { .. } => 2,
            Question::Unbind(_) => UNBOUND.len(),
            Question::Replace(_) => REPLACED.len(),
            Question::Template(_) => self.templates.len(),
            Question::Waive { .. } => WAIVED.len(),
        }
    }
}

impl Lane {
    /// What the staff's window shows.
    pub(crate) fn labels_view(&self, open: &OpenLane) -> view::Labels {
        let Some(labels) = &self.labels else { return view::Labels::default() };
        let searching = !labels.typed.is_empty() && !matches!(labels.page(), Page::Slot(_));
        let mut shown = if searching || labels.letters && !matches!(labels.page(), Page::Slot(_)) {
            self.show_found(open, labels)
        } else {
            match labels.page() {
                Page::Home => self.show_home(labels),
                Page::List(list) => self.show_list(open, labels, *list),
                Page::Label { adding, number } => self.show_one(open, labels, number, *adding),
                Page::Item(_) => self.show_item(open, labels),
                Page::Ask(question) => self.show_question(open, labels, question),
                Page::Slot(number) => self.show_slot(number),
                Page::Parity => self.show_parity(open, labels),
                Page::Walk(walk) => self.show_walk(open, labels, walk),
                Page::Pick(pick) => self.show_pick(labels, pick),
                Page::Help => self.show_labels_help(),
            }
        };
        shown.keys = self.labels_jobs().into_iter().map(|(_, key)| key).collect();
        shown.entry.clone_from(&labels.typed);
        shown.letters = labels.letters;
        if shown.placeholder.is_empty() {
            shown.placeholder = self.words("扫码，或输入品名、首字母、编码", "Scan, or type name or code");
        }
        if shown.back.is_empty() && (labels.places.len() > 1 || searching || labels.letters) {
            shown.back = self.words("返回", "Back");
        }
        shown
    }

    pub(in crate::labels) fn count(
        &self,
        chinese: &str,
        english: &str,
        number: u64,
        tone: Tone,
    ) -> LabelCount {
        LabelCount { text: format!("{} {}", self.words(chinese, english), grouped(number)), tone }
    }

    pub(in crate::labels) fn step(&self, chinese: &str, english: &str, is_next: bool) -> LabelStep {
        LabelStep { text: self.words(chinese, english), is_next }
    }

    pub(in crate::labels) fn steps(&self, label: bool, item: bool) -> Vec<LabelStep> {
        vec![
            self.step("① 扫价签", "① Scan label", !label),
            self.step("② 扫商品", "② Scan item", label && !item),
        ]
    }

    pub(in crate::labels) fn money(&self, open: &OpenLane, money: Option<Money>) -> String {
        money.map(|money| open.settings().currency.format(money)).unwrap_or_default()
    }

    pub(in crate::labels) fn entry_row(&self, open: &OpenLane, entry: &Entry) -> LabelRow {
        match entry {
            Entry::Label(seen) => self.label_row(open, seen),
            Entry::Item { priced, labels } => LabelRow {
                name: self.item_name(priced),
                detail: priced.found.as_ref().map(|found| found.code.clone()).unwrap_or_default(),
                value: self.money(open, priced.till),
                state: match labels {
                    0 => self.words("没有价签", "No label"),
                    1 => self.words("1 个价签", "1 label"),
                    more => self.words(&format!("{more} 个价签"), &format!("{more} labels")),
                },
                tone: if *labels == 0 { Tone::Attend } else { Tone::Good },
                ..LabelRow::default()
            },
            Entry::Gateway(host, state) => {
                let since = self.labels_time(state.since_ms);
                LabelRow {
                    name: host.clone(),
                    detail: gateway_why(&state.why, self.front.language),
                    state: if state.is_up {
                        self.words("正常", "Working")
                    } else {
                        self.words("不通", "Down")
                    },
                    state_detail: self.words(&format!("从 {since} 起"), &format!("since {since}")),
                    tone: if state.is_up { Tone::Good } else { Tone::Stop },
                    ..LabelRow::default()
                }
            }
            Entry::Differing(differing) => self.differing_row(open, differing),
            Entry::Day(done) => self.day_row(done),
        }
    }

    /// A day's comparison by the agent, or today's so far.
    fn day_row(&self, done: &ParityDone) -> LabelRow {
        let (state, tone) = self.done_state(done);
        let at = self.labels_time(done.at_ms);
        let left = match done.not_struck {
            0 => String::new(),
            left => {
                self.words(&format!(" · 划线价未显示 {left}"), &format!(" · struck prices left out: {left}"))
            }
        };
        LabelRow {
            name: done.day.clone(),
            detail: self.words(&format!("自动核对：{at}{left}"), &format!("by itself, {at}{left}")),
            value: grouped(done.checked),
            state,
            tone,
            ..LabelRow::default()
        }
    }

    /// What came of a comparison, in a word.
    pub(in crate::labels) fn done_state(&self, done: &ParityDone) -> (String, Tone) {
        match (done.below, done.differing) {
            (0, 0) => (self.words("全部一致", "All the same"), Tone::Good),
            (0, differing) => {
                let differing = grouped(differing);
                (self.words(&format!("{differing} 个不一致"), &format!("{differing} differ")), Tone::Attend)
            }
            (below, _) => {
                let below = grouped(below);
                (self.words(&format!("{below} 个低于收银"), &format!("{below} below the till")), Tone::Stop)
            }
        }
    }

    /// A label whose face would strike a price.
    fn not_struck_row(&self, open: &OpenLane, seen: &Seen) -> LabelRow {
        let row = self.label_row(open, seen);
        let Some(not) = seen.state.as_ref().and_then(|state| state.not_struck.as_ref()) else { return row };
        let was = self.money(open, Some(Money::from_minor(not.was)));
        LabelRow {
            before: self.words(&format!("原价 {was}"), &format!("was {was}")),
            state: self.not_struck_words(open, &not.why),
            state_detail: String::new(),
            tone: Tone::Attend,
            ..row
        }
    }

    /// Why a price is not struck.
    pub(in crate::labels) fn not_struck_words(&self, open: &OpenLane, why: &WhyNotStruck) -> String {
        match why {
            WhyNotStruck::SoldForLess(paid) => {
                let paid = self.money(open, Some(Money::from_minor(*paid)));
                self.words(&format!("前7天卖过 {paid}"), &format!("sold for {paid} before"))
            }
            WhyNotStruck::NeverSold => self.words("以前没卖过", "never sold before"),
            WhyNotStruck::NotKnownYet => self.words("等总部的成交价", "waits for HQ"),
            WhyNotStruck::NoBeginning => self.words("促销没有开始时间", "promotion has no start"),
        }
    }

    pub(in crate::labels) fn label_row(&self, open: &OpenLane, seen: &Seen) -> LabelRow {
        let standing = self.standing(seen);
        let slot = seen.bound.as_ref().map(|bound| bound.slot.as_str()).unwrap_or_default();
        let number = short(&seen.number);
        let detail = [slot, &number].into_iter().filter(|part| !part.is_empty());
        let single = match seen.items.as_slice() {
            [one] => Some(one),
            [] | [_, _, ..] => None,
        };
        let differs = |priced: &&Priced| priced.shows.is_some() && priced.shows != priced.till;
        LabelRow {
            picture: seen.should.clone().or_else(|| seen.is.clone()),
            name: self.labels_names(seen),
            detail: detail.map(str::to_owned).collect::<Vec<_>>().join(" · "),
            before: single
                .filter(differs)
                .map(|priced| {
                    let shows = self.money(open, priced.shows);
                    self.words(&format!("价签 {shows}"), &format!("label {shows}"))
                })
                .unwrap_or_default(),
            value: single.map(|priced| self.money(open, priced.till)).unwrap_or_default(),
            state: standing.what,
            state_detail: standing.detail,
            tone: standing.tone,
        }
    }

    pub(in crate::labels) fn differing_row(&self, open: &OpenLane, differing: &Differing) -> LabelRow {
        let Differing { label, item, found, shows, till } = differing;
        let priced = Priced {
            item: item.clone(),
            found: found.clone(),
            shows: Some(*shows),
            till: Some(*till),
            hq: None,
        };
        let below = shows < till;
        let shows = self.money(open, Some(*shows));
        LabelRow {
            name: self.item_name(&priced),
            detail: short(label),
            before: self.words(&format!("价签 {shows}"), &format!("label {shows}")),
            value: self.money(open, Some(*till)),
            state: if below {
                self.words("价签低于收银", "Below the till")
            } else {
                self.words("价签高于收银", "Above the till")
            },
            tone: if below { Tone::Stop } else { Tone::Attend },
            ..LabelRow::default()
        }
    }

    pub(in crate::labels) fn entry_rows(&self, open: &OpenLane, labels: &Labels) -> Vec<LabelRow> {
        labels.entries.iter().map(|entry| self.entry_row(open, entry)).collect()
    }

    /// The row that is chosen, in the card.
    pub(in crate::labels) fn card_of_row(&self, labels: &Labels) -> LabelCard {
        match labels.entries.get(labels.place().row) {
            Some(Entry::Label(seen)) => self.card_of(seen, self.steps(false, false)),
            Some(Entry::Item { priced, .. }) => LabelCard {
                steps: self.steps(false, false),
                title: self.item_name(priced),
                detail: self.words(
                    "回车打开，再扫价签就绑给它。",
                    "Enter opens it; a label scanned then is bound to it.",
                ),
                ..LabelCard::default()
            },
            Some(Entry::Gateway(..) | Entry::Differing(_) | Entry::Day(_)) | None => LabelCard {
                steps: self.steps(false, false),
                title: self.words("扫一个价签", "Scan a label"),
                ..LabelCard::default()
            },
        }
    }

    pub(in crate::labels) fn card_of(&self, seen: &Seen, steps: Vec<LabelStep>) -> LabelCard {
        let state = seen.state.as_ref();
        let size = state.and_then(|state| state.panel).map(|seen| panel(seen, self.front.language));
        let slot = seen.bound.as_ref().map(|bound| bound.slot.clone()).filter(|slot| !slot.is_empty());
        LabelCard {
            steps,
            title: spaced(&seen.number),
            detail: slot.into_iter().chain(size).collect::<Vec<_>>().join(" · "),
            picture: seen.should.clone().or_else(|| seen.is.clone()),
            stages: Vec::new(),
        }
    }

    pub(in crate::labels) fn show_list(&self, open: &OpenLane, labels: &Labels, list: List) -> view::Labels {
        let (name, empty) = (list.name(), list.empty());
        let offset = labels.place().offset;
        let (first, last) = (offset + 1, offset + labels.entries.len());
        let is_long = labels.total > ROWS_PAGE as u64;
        view::Labels {
            title: self.words(name.0, name.1),
            counts: vec![LabelCount { text: grouped(labels.total), tone: Tone::Quiet }],
            rows: match list {
                List::NotStruck => labels
                    .entries
                    .iter()
                    .map(|entry| match entry {
                        Entry::Label(seen) => self.not_struck_row(open, seen),
                        Entry::Item { .. } | Entry::Gateway(..) | Entry::Differing(_) | Entry::Day(_) => {
                            self.entry_row(open, entry)
                        }
                    })
                    .collect(),
                List::NotConfirmed
                | List::ItemsWithoutLabel
                | List::LabelsWithoutItem
                | List::LowBattery
                | List::Lost
                | List::Gateways
                | List::All => self.entry_rows(open, labels),
            },
            note: match list {
                List::NotStruck => self.words(
                    "划线价不能高于促销前7天本店的最低成交价，否则价签只显示现价。",
                    "A price is struck only if nobody paid less for it here in the seven days before.",
                ),
                List::NotConfirmed
                | List::ItemsWithoutLabel
                | List::LabelsWithoutItem
                | List::LowBattery
                | List::Lost
                | List::Gateways
                | List::All => String::new(),
            },
            selected: (!labels.entries.is_empty()).then(|| labels.place().row),
            empty: self.words(empty.0, empty.1),
            pages: if is_long {
                format!("{}–{} / {}", grouped(first as u64), grouped(last as u64), grouped(labels.total))
            } else {
                String::new()
            },
            page_before: offset > 0,
            page_after: (last as u64) < labels.total,
            card: self.card_of_row(labels),
            go: if list == List::Gateways { String::new() } else { self.words("打开", "Open") },
            can_go: !labels.entries.is_empty(),
            ..view::Labels::default()
        }
    }

    pub(in crate::labels) fn show_found(&self, open: &OpenLane, labels: &Labels) -> view::Labels {
        let typed = !labels.typed.is_empty();
        let rows = if typed { self.entry_rows(open, labels) } else { Vec::new() };
        view::Labels {
            title: self.words("查找", "Find"),
            selected: (!rows.is_empty()).then(|| labels.place().row.min(rows.len() - 1)),
            can_go: !rows.is_empty(),
            rows,
            empty: if typed {
                self.words("没有找到", "Nothing found")
            } else {
                self.words(
                    "商品：首字母、品名、编码。价签：编号、位置。",
                    "Goods by name or code; labels by number or place.",
                )
            },
            card: self.card_of_row(labels),
            go: self.words("打开", "Open"),
            ..view::Labels::default()
        }
    }

    pub(in crate::labels) fn show_item(&self, open: &OpenLane, labels: &Labels) -> view::Labels {
        let Page::Item(item) = labels.page() else { return view::Labels::default() };
        let prices = super::seen::Prices::new(open, self.moment);
        let priced = prices.of(item, None);
        let name = self.item_name(&priced);
        let code = priced.found.as_ref().map(|found| found.code.clone()).unwrap_or_default();
        let since = self.agent.contact_ms.map(|at_ms| self.labels_ago(self.moment.now_ms - at_ms));
        let hq = self.money(open, priced.hq);
        let hq = match since {
            Some(since) => self.words(&format!("{hq}（{since}）"), &format!("{hq} ({since})")),
            None => hq,
        };
        view::Labels {
            title: name.clone(),
            facts: vec![
                self.fact("收银价", "Till", self.money(open, priced.till), Tone::Quiet),
                self.fact("总部价", "HQ", hq, if priced.is_kept() { Tone::Attend } else { Tone::Quiet }),
                self.fact("编码", "Code", code, Tone::Quiet),
                self.fact("价签", "Labels", grouped(labels.total), Tone::Quiet),
            ],
            rows: self.entry_rows(open, labels),
            selected: (!labels.entries.is_empty()).then(|| labels.place().row),
            empty: self.words("还没有价签", "It has no label"),
            card: LabelCard {
                steps: vec![
                    self.step("① 商品", "① Goods", false),
                    self.step("② 扫价签", "② Scan label", true),
                ],
                title: self.words("扫要绑给它的价签", "Scan the label for it"),
                detail: name,
                ..LabelCard::default()
            },
            go: self.words("完成", "Done"),
            can_go: true,
            ..view::Labels::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_085, "1,085"), (1_000_007, "1,000,007")] {
            assert_eq!(grouped(number), text);
        }
    }
}
