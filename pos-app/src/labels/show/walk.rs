//! The report of prices, and the pages of going along the shelves.

use domain::label::LabelNumber;
use domain::money::Money;
use ui::view::{self, LabelCard, LabelCount, LabelRow, LabelStage, Tone};

use super::grouped;
use crate::labels::Labels;
use crate::labels::seen::Priced;
use crate::labels::walk::{Pick, Verdict, Walk, Walked, Wanted};
use crate::labels::words::{short, spaced};
use crate::lane::{Lane, OpenLane};

impl Lane {
    pub(in crate::labels) fn show_parity(&self, open: &OpenLane, labels: &Labels) -> view::Labels {
        let title = self.words("价签与收银核对", "Labels and till");
        let Some(report) = &labels.report else { return view::Labels { title, ..view::Labels::default() } };
        let (_, tone) = self.report_state(report);
        let oldest = report.oldest_ms.map(|ms| self.labels_ago(ms));
        let ended = report.ended_ms.is_some();
        let mut note = self.report_age(report);
        if let Some(oldest) = oldest.filter(|_| ended) {
            note = self.words(
                &format!("{note}。最久没听到的价签是{oldest}的。"),
                &format!("{note}. The label heard longest ago: {oldest}."),
            );
        }
        if report.unseen > 0 {
            let unseen = grouped(report.unseen);
            note = self.words(
                &format!("{note}有 {unseen} 个还没有确认过。"),
                &format!("{note} {unseen} were never confirmed."),
            );
        }
        view::Labels {
            title,
            counts: vec![
                self.count("已查", "Checked", report.checked, Tone::Quiet),
                self.count("一致", "Same", report.matching, Tone::Good),
                self.count(
                    "不一致",
                    "Differ",
                    report.differing,
                    if report.differing > 0 { tone } else { Tone::Quiet },
                ),
            ],
            progress: report.progress(),
            note,
            rows: self.entry_rows(open, labels),
            selected: (!labels.entries.is_empty()).then(|| labels.place().row),
            empty: if ended {
                self.words("没有不一致的", "None differs")
            } else {
                self.words("正在查…", "Being checked…")
            },
            card: LabelCard {
                title: if report.below > 0 {
                    let below = grouped(report.below);
                    self.words(&format!("{below} 个价签低于收银"), &format!("{below} labels below the till"))
                } else if ended {
                    self.words("没有价签低于收银", "No label is below the till")
                } else {
                    self.words("正在查", "Being checked")
                },
                detail: self.words(
                    "顾客付的不会比价签多；高于收银的是正在降价的。",
                    "Nobody pays more than a label shows; those above are being lowered.",
                ),
                ..LabelCard::default()
            },
            go: self.words("完成", "Done"),
            can_go: true,
            ..view::Labels::default()
        }
    }

    pub(in crate::labels) fn walked_row(&self, open: &OpenLane, walked: &Walked) -> LabelRow {
        let priced = Priced {
            item: walked.item.clone(),
            found: walked.found.clone(),
            shows: walked.shows,
            till: walked.till,
            hq: walked.hq,
        };
        let (chinese, english) = walked.verdict.words();
        let part = |name: (&str, &str), money: Option<Money>| {
            money.map(|money| format!("{} {}", self.words(name.0, name.1), self.money(open, Some(money))))
        };
        let parts = [part(("价签", "label"), walked.shows), part(("总部", "HQ"), walked.hq)];
        let detail: Vec<String> = parts.into_iter().flatten().chain([short(&walked.label)]).collect();
        LabelRow {
            name: self.item_name(&priced),
            detail: detail.join(" · "),
            value: self.money(open, walked.till),
            state: self.words(chinese, english),
            tone: walked.verdict.tone(),
            ..LabelRow::default()
        }
    }

    /// What the label shows beside what the till charges, and what HQ has; what is wrong is the label's.
    fn compared(&self, open: &OpenLane, walked: &Walked) -> Vec<LabelStage> {
        let shows = match (walked.shows, walked.verdict) {
            (Some(_), _) => self.money(open, walked.shows),
            (None, Verdict::OtherItem) => self.words("别的商品", "other goods"),
            (None, Verdict::Same | Verdict::Kept | Verdict::Below | Verdict::Above | Verdict::Unseen) => {
                self.words("没见它显示过", "was never seen")
            }
        };
        let stage = |(chinese, english), detail, tone| LabelStage {
            name: self.words(chinese, english),
            detail,
            tone,
        };
        let mut stages = vec![
            stage(("价签", "Label"), shows, walked.verdict.tone()),
            stage(("收银价", "Till"), self.money(open, walked.till), Tone::Quiet),
        ];
        if walked.hq.is_some() {
            stages.push(stage(("总部", "HQ"), self.money(open, walked.hq), Tone::Quiet));
        }
        stages
    }

    pub(in crate::labels) fn show_walk(&self, open: &OpenLane, labels: &Labels, walk: &Walk) -> view::Labels {
        let card = match (&walk.label, &labels.seen, walk.walked.first()) {
            (Some(_), Some(seen), _) => self.card_of(seen, self.steps(true, false)),
            // What was compared last stands large until the next label.
            (_, _, Some(last)) => {
                let row = self.walked_row(open, last);
                LabelCard {
                    steps: self.steps(false, false),
                    title: row.state,
                    detail: row.name,
                    stages: self.compared(open, last),
                    picture: None,
                }
            }
            (_, _, None) => LabelCard {
                steps: self.steps(false, false),
                title: self.words("扫一个价签", "Scan a label"),
                detail: self.words("再扫它下面的商品。", "Then the goods beneath it."),
                ..LabelCard::default()
            },
        };
        view::Labels {
            title: self.words("扫码核对", "Compare by scanning"),
            counts: vec![
                self.count("一致", "Same", walk.right.into(), Tone::Good),
                self.count(
                    "不对",
                    "Wrong",
                    walk.wrong.into(),
                    if walk.wrong > 0 { Tone::Stop } else { Tone::Quiet },
                ),
            ],
            note: match self.agent.contact_ms {
                // What this lane knows of HQ's price is as old as its last word.
                Some(at_ms) => {
                    let ago = self.labels_ago(self.moment.now_ms - at_ms);
                    self.words(
                        &format!("粗体是收银价；总部价是{ago}听到的。"),
                        &format!("Bold is what the till charges; HQ was heard {ago}."),
                    )
                }
                None => self.words(
                    "粗体是收银价；还没有听到总部。",
                    "Bold is what the till charges; HQ was not heard yet.",
                ),
            },
            rows: walk.walked.iter().map(|walked| self.walked_row(open, walked)).collect(),
            empty: self.words("扫价签，再扫商品", "Scan a label, then the goods"),
            card,
            go: self.words("完成", "Done"),
            can_go: true,
            ..view::Labels::default()
        }
    }

    pub(in crate::labels) fn show_pick(&self, labels: &Labels, pick: &Pick) -> view::Labels {
        let (chinese, english) = match pick.wanted {
            Wanted::List(list) => list.name(),
            Wanted::Goods => ("商品的价签", "labels of goods"),
        };
        let of_goods = pick.wanted == Wanted::Goods;
        let row = |(place, number): (usize, &LabelNumber)| {
            let found = pick.found.contains(&place);
            let slot = labels.bound(number).map(|bound| bound.slot).unwrap_or_default();
            LabelRow {
                name: spaced(number),
                detail: slot,
                state: if found {
                    self.words("✓ 找到", "✓ found")
                } else if place == pick.at {
                    self.words("正在找", "looking for it")
                } else {
                    String::new()
                },
                tone: if found { Tone::Good } else { Tone::Attend },
                ..LabelRow::default()
            }
        };
        let done = pick.found.len();
        let card = labels.seen.as_ref().map(|seen| LabelCard {
            title: spaced(&seen.number),
            ..self.card_of(
                seen,
                vec![
                    self.step("找闪灯的那个", "Find the flashing one", true),
                    self.step("扫它打勾", "scan to tick it off", false),
                ],
            )
        });
        view::Labels {
            title: self.words(&format!("逐个去找 · {chinese}"), &format!("Look for each · {english}")),
            counts: vec![LabelCount {
                text: format!("{done}/{}", pick.numbers.len()),
                tone: if done == pick.numbers.len() { Tone::Good } else { Tone::Quiet },
            }],
            progress: u32::try_from(done * 1_000 / pick.numbers.len().max(1)).ok(),
            rows: pick.numbers.iter().enumerate().map(row).collect(),
            selected: (!pick.numbers.is_empty()).then_some(pick.at),
            note: if of_goods {
                self.words(
                    "扫商品：它的价签加到单子上并闪灯。扫价签打勾。",
                    "Scan goods: their labels join the list and flash. Scan a label to tick it off.",
                )
            } else {
                String::new()
            },
            empty: self.words("扫要找的商品", "Scan the goods to be found"),
            card: card.unwrap_or_else(|| LabelCard {
                title: self.words("扫要找的商品", "Scan the goods to be found"),
                detail: self.words("可以一件接一件地扫。", "One after the other, as many as there are."),
                ..LabelCard::default()
            }),
            go: self.words("下一个", "Next"),
            can_go: !pick.numbers.is_empty(),
            ..view::Labels::default()
        }
    }
}
