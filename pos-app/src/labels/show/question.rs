//! Questions, with their answers as rows.

use ui::view::{self, LabelCard, LabelRow};

use super::template_name;
use crate::labels::hand::{REPLACED, UNBOUND, WAIVED};
use crate::labels::seen::Prices;
use crate::labels::{Labels, Question};
use crate::lane::{Lane, OpenLane};

impl Lane {
    pub(in crate::labels) fn reason_rows_of(&self, reasons: &[(&str, &str)]) -> Vec<LabelRow> {
        let row = |(chinese, english): &(&str, &str)| LabelRow {
            name: self.words(chinese, english),
            ..LabelRow::default()
        };
        reasons.iter().map(row).collect()
    }

    pub(in crate::labels) fn show_question(
        &self,
        open: &OpenLane,
        labels: &Labels,
        question: &Question,
    ) -> view::Labels {
        let seen = labels.seen.as_ref();
        let stands_for = seen.map(|seen| self.labels_names(seen)).unwrap_or_default();
        let item_of = |item: &domain::label::LabelItem| {
            let prices = Prices::new(open, self.moment);
            self.item_name(&prices.of(item, None))
        };
        let go = self.words("选这个", "Choose this");
        let card = seen.map(|seen| self.card_of(seen, Vec::new())).unwrap_or_default();
        let (title, note, rows, go) = match question {
            Question::Bound { item, .. } => {
                let new = item_of(item);
                (
                    self.words("这个价签已经绑了商品", "The label stands for something already"),
                    self.words(
                        &format!("现在是：{stands_for}。还没有改。"),
                        &format!("Now: {stands_for}. Nothing was changed yet."),
                    ),
                    vec![
                        LabelRow {
                            name: self.words(&format!("换成 {new}"), &format!("{new} instead")),
                            ..LabelRow::default()
                        },
                        LabelRow {
                            name: self.words(&format!("再加上 {new}"), &format!("{new} as well")),
                            ..LabelRow::default()
                        },
                        LabelRow { name: self.words("不动", "Leave it"), ..LabelRow::default() },
                    ],
                    go,
                )
            }
            Question::Unheard { number, item }
                if labels.elsewhere.as_ref().is_some_and(|(other, _)| other == number) =>
            {
                let new = item_of(item);
                let store = labels.elsewhere.as_ref().map(|(_, store)| store.as_str()).unwrap_or_default();
                (
                    self.words(
                        &format!("这个价签是 {store} 店的"),
                        &format!("This label is store {store}'s"),
                    ),
                    self.words(
                        "总部的记录里它在那家店绑着商品。还没有绑。",
                        "By HQ's books it stands for goods there. Nothing was bound yet.",
                    ),
                    vec![
                        LabelRow {
                            name: self.words(
                                &format!("已归本店，绑 {new}"),
                                &format!("It is ours now: bind {new}"),
                            ),
                            detail: self.words("那边要先解绑", "There it must be unbound first"),
                            ..LabelRow::default()
                        },
                        LabelRow { name: self.words("不绑", "Do not bind"), ..LabelRow::default() },
                    ],
                    go,
                )
            }
            Question::Unheard { item, .. } => {
                let new = item_of(item);
                (
                    self.words("没有基站听到过这个价签", "No gateway has heard this label"),
                    self.words(
                        "可能是新的（装好电池等几分钟），也可能是别的店的。还没有绑。",
                        "It may be new (minutes after its battery), or another store's. Nothing was bound yet.",
                    ),
                    vec![
                        LabelRow {
                            name: self.words(&format!("是本店的，绑 {new}"), &format!("It is ours: bind {new}")),
                            detail: self.words("听到它就推送", "It goes out when the label is heard"),
                            ..LabelRow::default()
                        },
                        LabelRow { name: self.words("不绑", "Do not bind"), ..LabelRow::default() },
                    ],
                    go,
                )
            }
            Question::Unbind(_) => (
                self.words("解绑：为什么？", "Unbind: why?"),
                self.words(&format!("现在是：{stands_for}。"), &format!("Now: {stands_for}.")),
                self.reason_rows_of(UNBOUND),
                self.words("解绑", "Unbind"),
            ),
            Question::Replace(_) => (
                self.words("更换价签：扫新的价签", "Replace: scan the new label"),
                self.words(
                    &format!("{stands_for}。商品、位置、模板都会照旧。先选原因，再扫新价签。"),
                    &format!(
                        "{stands_for}. Goods, place and template are kept. Choose why, then scan the new one."
                    ),
                ),
                self.reason_rows_of(REPLACED),
                String::new(),
            ),
            Question::Template(_) => (
                self.words("模板", "Template"),
                self.words("放不下的不能选。", "One that has no room is refused."),
                labels
                    .templates
                    .iter()
                    .map(|name| {
                        let (chinese, english) = template_name(name);
                        LabelRow { name: self.words(chinese, english), ..LabelRow::default() }
                    })
                    .collect(),
                self.words("用这个", "Use it"),
            ),
            Question::Waive { item, .. } => (
                self.words("价签放行，先用新价：为什么？", "Waive labels, new price now: why?"),
                {
                    let prices = Prices::new(open, self.moment);
                    let priced = prices.of(item, None);
                    let (till, hq) = (self.money(open, priced.till), self.money(open, priced.hq));
                    let name = self.item_name(&priced);
                    self.words(
                        &format!("{name}：现在按 {till} 收款，总部价 {hq}。顾客不能比价签多付，请先处理价签。要有权限。"),
                        &format!("{name}: charged {till} now, HQ says {hq}. Nobody may pay more than a label shows: see to it first. This takes a right."),
                    )
                },
                self.reason_rows_of(WAIVED),
                self.words("放行", "Waive"),
            ),
        };
        view::Labels {
            title,
            note,
            selected: Some(labels.place().row.min(rows.len().saturating_sub(1))),
            can_go: !go.is_empty() && !rows.is_empty(),
            rows,
            card: LabelCard {
                steps: if matches!(question, Question::Replace(_)) {
                    vec![
                        self.step("① 旧价签", "① Old label", false),
                        self.step("② 扫新价签", "② Scan the new one", true),
                    ]
                } else {
                    Vec::new()
                },
                ..card
            },
            go,
            ..view::Labels::default()
        }
    }
}
