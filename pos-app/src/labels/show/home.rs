//! The first page, with all there is to do, and the page of keys.

use ui::view::{self, LabelCard, LabelRow, Tone};

use super::grouped;
use crate::labels::Labels;
use crate::labels::lists::{HOME, HomeRow, List};
use crate::labels::parity::Report;
use crate::lane::Lane;

impl Lane {
    pub(in crate::labels) fn show_home(&self, labels: &Labels) -> view::Labels {
        let known = &labels.known;
        let rows = HOME.iter().map(|row| self.home_row(labels, *row)).collect();
        let mut shown = view::Labels {
            title: self.words("价签", "Shelf labels"),
            rows,
            selected: Some(labels.place().row.min(HOME.len() - 1)),
            card: LabelCard {
                steps: self.steps(false, false),
                title: self.words("扫一个价签", "Scan a label"),
                detail: self.words(
                    "先扫商品也行。两次扫码就绑好，画面会自动推送。",
                    "Or the goods first. Two scans bind it; the picture goes out by itself.",
                ),
                ..LabelCard::default()
            },
            go: self.words("补齐没有价签的商品", "Items without a label"),
            go_value: grouped(known.items_without),
            can_go: known.items_without > 0,
            ..view::Labels::default()
        };
        if let Some(batch) = &known.batch {
            let at = self.labels_time(batch.begun_ms);
            shown.title = self.words(&format!("调价 {at}"), &format!("Price change {at}"));
            let waiting = batch.labels.saturating_sub(batch.shown + batch.given_up);
            shown.counts.push(self.count("已确认", "Confirmed", batch.shown, Tone::Good));
            if waiting > 0 {
                shown.counts.push(self.count("等待", "Waiting", waiting, Tone::Attend));
            }
            if batch.given_up > 0 {
                shown.counts.push(self.count("失败", "Failed", batch.given_up, Tone::Stop));
            }
            let share = batch.shown.saturating_mul(1_000).checked_div(batch.labels);
            shown.progress = share.and_then(|share| u32::try_from(share.min(1_000)).ok());
            shown.note = match batch.ended_ms {
                None => self.words(
                    &format!("共 {} 个价签。涨价的商品在价签全部确认前仍按原价收款。", grouped(batch.labels)),
                    &format!(
                        "{} labels. What rises is charged at the old price until its labels confirm.",
                        grouped(batch.labels)
                    ),
                ),
                Some(ended_ms) => {
                    let at = self.labels_time(ended_ms);
                    self.words(
                        &format!("共 {} 个价签，{at} 结束。", grouped(batch.labels)),
                        &format!("{} labels, ended {at}.", grouped(batch.labels)),
                    )
                }
            };
        }
        shown
    }

    pub(in crate::labels) fn home_row(&self, labels: &Labels, row: HomeRow) -> LabelRow {
        let known = &labels.known;
        let named = |(chinese, english): (&str, &str), detail: String| LabelRow {
            name: self.words(chinese, english),
            detail,
            ..LabelRow::default()
        };
        match row {
            HomeRow::List(List::Gateways) => {
                let (up, all) = (known.gateways_up(), known.gateways.len());
                let row = named(List::Gateways.name(), String::new());
                let down = all - up;
                LabelRow {
                    value: format!("{up}/{all}"),
                    state: if down > 0 {
                        self.words(&format!("{down} 个不通"), &format!("{down} down"))
                    } else if all == 0 {
                        self.words("本机没有", "none here")
                    } else {
                        self.words("正常", "Working")
                    },
                    tone: if down > 0 {
                        Tone::Stop
                    } else if all == 0 {
                        Tone::Attend
                    } else {
                        Tone::Good
                    },
                    ..row
                }
            }
            HomeRow::List(list) => {
                let number = known.of(list);
                let detail = match list {
                    List::NotConfirmed if known.held > 0 => self.words(
                        &format!("其中 {} 个先等收银机", grouped(known.held)),
                        &format!("{} of them wait for tills", grouped(known.held)),
                    ),
                    List::NotConfirmed
                    | List::ItemsWithoutLabel
                    | List::LabelsWithoutItem
                    | List::LowBattery
                    | List::Lost
                    | List::NotStruck
                    | List::Gateways
                    | List::All => String::new(),
                };
                let (state, tone) = match list {
                    List::NotStruck if number > 0 => (self.words("看原因", "See why"), Tone::Attend),
                    List::NotConfirmed if known.given_up > 0 => (
                        self.words(
                            &format!("{} 个送不到", grouped(known.given_up)),
                            &format!("{} not reached", grouped(known.given_up)),
                        ),
                        Tone::Stop,
                    ),
                    List::All => (
                        self.words(
                            &format!("已确认 {}", grouped(known.shown)),
                            &format!("{} confirmed", grouped(known.shown)),
                        ),
                        Tone::Quiet,
                    ),
                    List::NotConfirmed
                    | List::ItemsWithoutLabel
                    | List::LabelsWithoutItem
                    | List::LowBattery
                    | List::Lost
                    | List::NotStruck
                    | List::Gateways
                        if number > 0 =>
                    {
                        (self.words("要处理", "To do"), Tone::Attend)
                    }
                    List::NotConfirmed
                    | List::ItemsWithoutLabel
                    | List::LabelsWithoutItem
                    | List::LowBattery
                    | List::Lost
                    | List::NotStruck
                    | List::Gateways => (self.words("没有", "None"), Tone::Good),
                };
                LabelRow { value: grouped(number), state, tone, ..named(list.name(), detail) }
            }
            HomeRow::Parity => {
                let words = ("价签与收银核对报告", "Labels held against the till");
                if let (None, Some(done)) = (&labels.report, &known.parity) {
                    let ago = self.labels_ago(self.moment.now_ms - done.at_ms);
                    let detail = self.words(&format!("自动核对：{ago}"), &format!("Checked by itself {ago}"));
                    let (state, tone) = self.done_state(done);
                    return LabelRow { value: grouped(done.checked), state, tone, ..named(words, detail) };
                }
                let Some(report) = &labels.report else {
                    let detail = self.words("今天还没有查", "Not checked since the start");
                    return LabelRow { state: self.words("去查", "Check"), ..named(words, detail) };
                };
                let row = named(words, self.report_age(report));
                let (state, tone) = self.report_state(report);
                LabelRow { value: grouped(report.checked), state, tone, ..row }
            }
            HomeRow::Walk => named(
                ("扫码核对：价签、商品、收银价", "Compare by scanning: label, goods, till"),
                self.words("沿着货架走，先扫价签再扫商品", "Along the shelf: the label, then the goods"),
            ),
        }
    }

    pub(in crate::labels) fn report_age(&self, report: &Report) -> String {
        match report.ended_ms {
            None => self.words("正在查", "Being checked"),
            Some(ended_ms) => {
                let ago = self.labels_ago(self.moment.now_ms - ended_ms);
                self.words(&format!("查于{ago}"), &format!("Checked {ago}"))
            }
        }
    }

    pub(in crate::labels) fn report_state(&self, report: &Report) -> (String, Tone) {
        if report.below > 0 {
            let below = grouped(report.below);
            (self.words(&format!("{below} 个低于收银"), &format!("{below} below the till")), Tone::Stop)
        } else if report.differing > 0 {
            let differing = grouped(report.differing);
            (self.words(&format!("{differing} 个不一致"), &format!("{differing} differ")), Tone::Attend)
        } else if report.ended_ms.is_none() {
            (self.words("正在查", "Being checked"), Tone::Quiet)
        } else {
            (self.words("全部一致", "All the same"), Tone::Good)
        }
    }

    pub(in crate::labels) fn show_labels_help(&self) -> view::Labels {
        let row = |key: &str, chinese: &str, english: &str| LabelRow {
            name: self.words(chinese, english),
            value: key.to_owned(),
            ..LabelRow::default()
        };
        view::Labels {
            title: self.words("怎么用", "How to"),
            rows: vec![
                row(
                    "",
                    "绑定：扫价签，扫商品（反过来也行）",
                    "Bind: scan the label, scan the goods, or the other way",
                ),
                row(
                    "",
                    "一签多品：打开价签，F4，逐个扫商品",
                    "Several on one: open the label, F4, scan each",
                ),
                row("", "换坏的：打开旧价签，F6，扫新的", "Replace: open the old one, F6, scan the new one"),
                row("", "查找：直接打字，首字母、品名、编码都行", "Find: just type initials, name or code"),
                row("F2", "屏幕字母", "Letters on the screen"),
                row("F3", "闪灯", "Flash"),
                row("Tab", "回到首页", "To the first page"),
                row("F12", "锁定", "Lock"),
            ],
            go: self.words("知道了", "Done"),
            can_go: true,
            ..view::Labels::default()
        }
    }
}
