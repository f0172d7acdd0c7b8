//! The page of one label: as it is, as it should be, what it stands for and what that costs.

use domain::label::LabelNumber;
use ledger::reference::shelf::LabelCondition;
use ui::view::{self, LabelCard, LabelCount, LabelFact, LabelPicture, LabelRow, Tone};

use super::template_name;
use crate::labels::Labels;
use crate::labels::seen::{Priced, Seen};
use crate::labels::words::{panel, spaced};
use crate::lane::{Lane, OpenLane};

impl Lane {
    pub(in crate::labels) fn fact(
        &self,
        chinese: &str,
        english: &str,
        value: String,
        tone: Tone,
    ) -> LabelFact {
        LabelFact { name: self.words(chinese, english), value, tone }
    }

    /// The two pictures of a label, and since when they are so.
    pub(in crate::labels) fn faces(&self, seen: &Seen) -> Vec<LabelPicture> {
        let state = seen.state.as_ref();
        let at = state.and_then(|state| state.shown_ms).map(|at_ms| self.labels_time(at_ms));
        let at = at.map(|at| self.words(&format!("{at} 确认"), &format!("confirmed {at}")));
        let unknown = self.words("还没有确认过", "never confirmed");
        let standing = self.standing(seen);
        let wanted = if seen.should.is_some() { String::new() } else { standing.what };
        vec![
            LabelPicture {
                name: self.words("现在显示", "It shows"),
                detail: at.filter(|_| seen.is.is_some()).unwrap_or(unknown),
                picture: seen.is.clone(),
            },
            LabelPicture {
                name: self.words("应当显示", "It should show"),
                detail: wanted,
                picture: seen.should.clone(),
            },
        ]
    }

    pub(in crate::labels) fn facts(&self, open: &OpenLane, seen: &Seen) -> Vec<LabelFact> {
        let none = || self.words("—", "—");
        let state = seen.state.as_ref();
        let bound = seen.bound.as_ref();
        let slot = bound.map(|bound| bound.slot.clone()).filter(|slot| !slot.is_empty());
        let template = match bound.map(|bound| bound.template.as_str()) {
            Some("") | None => {
                let wanted = seen.wanted().map(|face| template_name(&face.template));
                match wanted {
                    Some((chinese, english)) => {
                        self.words(&format!("自动：{chinese}"), &format!("automatic: {english}"))
                    }
                    None => self.words("自动", "automatic"),
                }
            }
            Some(fixed) => {
                let (chinese, english) = template_name(fixed);
                self.words(chinese, english)
            }
        };
        let standing = self.standing(seen);
        let heard = state.and_then(|state| state.seen_ms);
        let lost = heard.is_some_and(|at_ms| {
            self.labels.as_ref().is_some_and(|labels| self.moment.now_ms - at_ms > labels.lost_ms)
        });
        let low = state.is_some_and(|state| state.battery_is_low());
        let is_held = state.is_some_and(|state| state.condition == LabelCondition::Held);
        // For whom it waits says more; why it fails has a line of its own.
        let standing_text = if is_held { standing.detail } else { standing.what };
        let not_struck = state.and_then(|state| state.not_struck.as_ref());
        let not_struck = not_struck.map(|not| {
            let why = self.not_struck_words(open, &not.why);
            self.fact("划线价没显示", "Struck price left out", why, Tone::Attend)
        });
        let mut facts = vec![
            self.fact("状态", "Standing", standing_text, standing.tone),
            self.fact("位置", "Place", slot.unwrap_or_else(none), Tone::Quiet),
            self.fact("模板", "Template", template, Tone::Quiet),
            self.fact(
                "电池",
                "Battery",
                state.map_or_else(none, |state| self.battery(state)),
                if low { Tone::Attend } else { Tone::Quiet },
            ),
            self.fact(
                "最后听到",
                "Last heard",
                heard.map_or_else(
                    || self.words("从没听到", "never"),
                    |at_ms| self.labels_ago(self.moment.now_ms - at_ms),
                ),
                if lost { Tone::Attend } else { Tone::Quiet },
            ),
            self.fact(
                "基站",
                "Gateway",
                state.map(|state| state.gateway.clone()).filter(|host| !host.is_empty()).unwrap_or_else(none),
                Tone::Quiet,
            ),
        ];
        facts.extend(not_struck);
        facts
    }

    /// What an item costs on the label, at the till and by HQ.
    pub(in crate::labels) fn price_row(&self, open: &OpenLane, priced: &Priced) -> LabelRow {
        let shows = priced.shows.map(|shows| self.money(open, Some(shows)));
        let hq = priced.hq.filter(|_| priced.is_kept()).map(|hq| self.money(open, Some(hq)));
        let (state, tone) = match (priced.shows, priced.till) {
            (_, None) => (self.words("没有价格", "No price"), Tone::Stop),
            (None, Some(_)) => (self.words("价签没确认过", "Never confirmed"), Tone::Attend),
            (Some(shows), Some(till)) if shows == till => (self.words("一致", "The same"), Tone::Good),
            (Some(shows), Some(till)) if shows < till => {
                (self.words("价签低于收银", "Below the till"), Tone::Stop)
            }
            (Some(_), Some(_)) => (self.words("价签高于收银", "Above the till"), Tone::Attend),
        };
        LabelRow {
            name: self.item_name(priced),
            detail: priced.found.as_ref().map(|found| found.code.clone()).unwrap_or_default(),
            before: shows
                .map(|shows| self.words(&format!("价签 {shows}"), &format!("label {shows}")))
                .unwrap_or_default(),
            value: priced
                .till
                .map(|till| self.money(open, Some(till)))
                .map(|till| self.words(&format!("收银 {till}"), &format!("till {till}")))
                .unwrap_or_default(),
            state,
            state_detail: hq
                .map(|hq| self.words(&format!("总部 {hq}，等价签"), &format!("HQ {hq}, waits for labels")))
                .unwrap_or_default(),
            tone,
            ..LabelRow::default()
        }
    }

    pub(in crate::labels) fn show_one(
        &self,
        open: &OpenLane,
        labels: &Labels,
        number: &LabelNumber,
        adding: bool,
    ) -> view::Labels {
        let title = spaced(number);
        let Some(seen) = &labels.seen else { return view::Labels { title, ..view::Labels::default() } };
        let is_bound = !seen.bound_items().is_empty();
        let size = seen.state.as_ref().and_then(|state| state.panel);
        let mut steps = self.steps(true, is_bound && !adding);
        if adding {
            steps.push(self.step("可以接着扫", "and more", false));
        }
        let card_title = if !is_bound {
            self.words("扫要绑的商品", "Scan the goods")
        } else if adding {
            self.words("扫要加上的商品", "Scan what joins it")
        } else {
            self.labels_names(seen)
        };
        let standing = self.standing(seen);
        view::Labels {
            title,
            note: if standing.tone == Tone::Stop { standing.detail } else { String::new() },
            counts: size
                .map(|seen| LabelCount { text: panel(seen, self.front.language), tone: Tone::Quiet })
                .into_iter()
                .collect(),
            faces: self.faces(seen),
            facts: self.facts(open, seen),
            rows: seen.items.iter().map(|priced| self.price_row(open, priced)).collect(),
            empty: self.words("还没绑商品", "It stands for nothing"),
            card: LabelCard {
                steps,
                title: card_title,
                detail: if is_bound {
                    self.words("扫下一个价签，接着绑。", "Scan the next label to go on.")
                } else {
                    String::new()
                },
                stages: self.stages(seen),
                picture: None,
            },
            go: self.words("完成", "Done"),
            can_go: true,
            ..view::Labels::default()
        }
    }

    pub(in crate::labels) fn show_slot(&self, number: &LabelNumber) -> view::Labels {
        view::Labels {
            title: self.words("价签挂在哪里", "Where the label hangs"),
            note: self.words("例：A3-2-05，三排二层第五格。", "Such as A3-2-05: rack, shelf, place."),
            counts: vec![LabelCount { text: spaced(number), tone: Tone::Quiet }],
            placeholder: self.words("位置", "Place"),
            go: self.words("保存", "Save"),
            can_go: true,
            ..view::Labels::default()
        }
    }
}
