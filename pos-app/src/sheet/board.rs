//! The attendant's board over the basket: who waits at which kiosk, every kiosk with how it is, and what is said to one.

use domain::catalogue::Catalogue;
use domain::money::Money;
use domain::rights::Act;
use domain::till::kiosk::{CallEnd, Cause};
use protocol::board::{Deed, KioskStand, LOST_MS, StandCall, StandState, Trouble};
use ui::view::{self, Figure, SheetRow, Tone};

use super::{Kind, Open, fact};
use crate::board::cause_of;
use crate::kiosk::answers::{Words, answers, cause_words};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// What may be said to a kiosk, as a row.
struct Choice {
    row: SheetRow,
    /// What is said, and the reason that the kiosk writes down; nothing where somebody must go there.
    says: Option<(Deed, String)>,
}

/// So long somebody has waited, in minutes and seconds.
fn waited(for_ms: i64) -> String {
    let seconds = for_ms / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

const fn state_words(state: StandState) -> Words {
    match state {
        StandState::Closed => ("未开放", "closed"),
        StandState::Free => ("空闲", "free"),
        StandState::Serving => ("正在扫码", "ringing up"),
        StandState::Paying => ("正在付款", "paying"),
        StandState::Paid => ("已付款", "paid"),
    }
}

const fn trouble_words(trouble: Trouble) -> Words {
    match trouble {
        Trouble::PaperOut => ("缺纸或盖子开着", "no paper, or cover open"),
        Trouble::PaperLow => ("纸快用完", "paper low"),
        Trouble::PrinterAway => ("打印机连不上", "printer away"),
        Trouble::ScaleAway => ("电子秤连不上", "scale away"),
        Trouble::BaggingAway => ("装袋秤连不上", "bagging scale away"),
        Trouble::PaperInDoubt => ("有小票没确认", "a receipt is in doubt"),
        Trouble::Other => ("设备有问题", "a device needs somebody"),
    }
}

impl Lane {
    fn kiosk_name(&self, lane: u32) -> String {
        self.words(&format!("{lane} 号自助机"), &format!("Kiosk {lane}"))
    }

    /// The lanes of the board's rows: who waits comes first, then every kiosk.
    fn board_lanes(&self) -> Vec<u32> {
        let waiting = self.waiting_at_kiosks().into_iter().map(|waiting| waiting.lane);
        waiting.chain(self.kiosks().iter().map(|kiosk| kiosk.lane)).collect()
    }

    pub(super) fn show_board(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let waiting = self.waiting_at_kiosks();
        let calls = waiting.iter().map(|waiting| {
            let (chinese, english) = cause_words(cause_of(&waiting.call));
            SheetRow {
                key: String::new(),
                name: format!("{} · {}", self.kiosk_name(waiting.lane), self.words(chinese, english)),
                detail: self.call_words(open, &waiting.call),
                value: waited(waiting.for_ms),
                tone: Tone::Attend,
                share: 0,
            }
        });
        let kiosks = self.kiosks().iter().map(|kiosk| self.kiosk_row(open, kiosk));
        let rows: Vec<SheetRow> = calls.chain(kiosks).collect();
        let is_heard = self.is_board_heard();
        let count = waiting.len();
        let text = if is_heard {
            self.words(
                "选一行，回车处理。每一步都记在那台的账本里，写明是谁。",
                "Choose one; Enter. Each step stands in its journal, with who.",
            )
        } else {
            self.words(
                "门店中继没有应答，下面可能不是现在的情况。请到机器旁处理，工号和密码照常能用。",
                "The store's relay does not answer: this may be old. Go there; number and PIN work as ever.",
            )
        };
        view::Sheet {
            tone: if !is_heard {
                Tone::Stop
            } else if count > 0 {
                Tone::Attend
            } else {
                Tone::Quiet
            },
            text,
            figure: Some(Figure {
                label: self.words("等店员", "Waiting"),
                value: count.to_string(),
                tone: if count > 0 { Tone::Attend } else { Tone::Quiet },
            }),
            selected: (!rows.is_empty()).then_some(sheet.row),
            can_go: !rows.is_empty(),
            rows,
            empty: self.words("还没有自助机报到", "No kiosk was heard yet"),
            go: self.words("处理", "Open"),
            ..self.blank(self.words("自助机", "Kiosks"))
        }
    }

    fn kiosk_row(&self, open: &OpenLane, kiosk: &KioskStand) -> SheetRow {
        let stand = &kiosk.stand;
        let is_lost = kiosk.age_ms >= LOST_MS || !self.is_board_heard();
        let state = state_words(stand.state);
        let mut detail = vec![if is_lost {
            let seconds = kiosk.age_ms / 1_000;
            self.words(&format!("{seconds} 秒没有消息"), &format!("silent for {seconds} s"))
        } else {
            self.words(state.0, state.1)
        }];
        detail.extend(stand.troubles.iter().map(|trouble| {
            let words = trouble_words(*trouble);
            self.words(words.0, words.1)
        }));
        if stand.parked > 0 {
            let parked = stand.parked;
            detail.push(self.words(&format!("搁下 {parked} 单"), &format!("{parked} put aside")));
        }
        let value = if stand.pieces > 0 {
            let total = open.settings().currency.format(Money::from_minor(stand.total));
            self.words(
                &format!("{} 件 {total}", stand.pieces),
                &format!("{} {} {total}", stand.pieces, if stand.pieces == 1 { "pc" } else { "pcs" }),
            )
        } else {
            String::new()
        };
        let tone = if is_lost || stand.troubles.contains(&Trouble::PaperOut) {
            Tone::Stop
        } else if !stand.calls.is_empty() || !stand.troubles.is_empty() {
            Tone::Attend
        } else if stand.state == StandState::Closed {
            Tone::Quiet
        } else {
            Tone::Good
        };
        SheetRow { tone, detail: detail.join(" · "), ..fact(self.kiosk_name(kiosk.lane), value) }
    }

    /// What a call is about.
    fn call_words(&self, open: &OpenLane, call: &StandCall) -> String {
        let names: Vec<String> = call
            .goods
            .iter()
            .map(|sku| match open.reference().item_by_sku(sku).ok().flatten() {
                Some(item) => present::name(&item, self.front.language),
                None => sku.clone(),
            })
            .collect();
        let seen = call.seen;
        let amount = || open.settings().currency.format_with_symbol(Money::from_minor(seen));
        let what = match cause_of(call) {
            Cause::Pieces => self.words(&format!("{seen} 件"), &format!("{seen} pieces")),
            Cause::Total | Cause::Cash => amount(),
            Cause::NotBagged | Cause::WrongWeight | Cause::Unexpected | Cause::TakenOff => {
                self.words(&format!("变化 {seen} 克"), &format!("changed by {seen} g"))
            }
            Cause::Payment if seen > 0 => self.words(&format!("付款 #{seen}"), &format!("payment #{seen}")),
            Cause::Age
            | Cause::Removal
            | Cause::Payment
            | Cause::Audit
            | Cause::Help
            | Cause::PriceQuery
            | Cause::CouponQuery => String::new(),
        };
        names.into_iter().chain([what]).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    /// What may be said to a kiosk.
    fn board_choices(&self, open: &OpenLane, kiosk: &KioskStand) -> Vec<Choice> {
        let mut choices = Vec::new();
        for call in &kiosk.stand.calls {
            self.add_call_choices(open, call, &mut choices);
        }
        let any = kiosk.stand.pieces > 0;
        let row = |tone, words: Words, detail: String| SheetRow {
            tone,
            detail,
            ..fact(self.words(words.0, words.1), "")
        };
        if any && matches!(kiosk.stand.state, StandState::Serving | StandState::Paying) {
            let total = kiosk.stand.total;
            let detail = open.settings().currency.format_with_symbol(Money::from_minor(total));
            choices.push(Choice {
                row: row(
                    Tone::Quiet,
                    ("接走这一单，让下一位用", "Take this basket over: the next one may begin"),
                    detail,
                ),
                says: Some((Deed::PutAside { total }, self.words("店员接走", "Taken over by the staff"))),
            });
        }
        if !any && kiosk.stand.state != StandState::Closed {
            choices.push(Choice {
                row: row(Tone::Stop, ("关闭这台", "Close this kiosk"), String::new()),
                says: Some((Deed::Close {}, self.words("关闭自助机", "Closing the kiosk"))),
            });
        }
        if kiosk.stand.state == StandState::Closed {
            choices.push(Choice {
                row: row(
                    Tone::Quiet,
                    ("到机器旁开机", "It is opened there"),
                    self.words("工号和密码", "Number and PIN"),
                ),
                says: None,
            });
        }
        choices
    }

    fn add_call_choices(&self, open: &OpenLane, call: &StandCall, choices: &mut Vec<Choice>) {
        let cause = cause_of(call);
        let (at_ms, seen) = (call.at_ms, call.seen);
        let detail = {
            let about = cause_words(cause);
            let what = self.call_words(open, call);
            let about = self.words(about.0, about.1);
            if what.is_empty() { about } else { format!("{about} · {what}") }
        };
        let mut push = |tone, words: Words, says: Option<(Deed, Words)>| {
            let row = SheetRow { tone, detail: detail.clone(), ..fact(self.words(words.0, words.1), "") };
            let says = says.map(|(deed, reason)| (deed, self.words(reason.0, reason.1)));
            choices.push(Choice { row, says });
        };
        let tone = |end| if end == CallEnd::Refused { Tone::Stop } else { Tone::Good };
        let answer = |end: CallEnd| Deed::Answer { cause: call.cause, at_ms, seen, end: end.into() };
        for (end, words, reason) in answers(cause) {
            push(tone(*end), *words, Some((answer(*end), *reason)));
        }
        match cause {
            Cause::Removal => {
                let agreed = ("顾客改主意", "Customer changed their mind");
                push(
                    Tone::Good,
                    ("同意取出", "Let it be taken out"),
                    Some((answer(CallEnd::Passed), agreed)),
                );
                let denied = ("不同意取出", "Not to be taken out");
                push(
                    Tone::Stop,
                    ("不同意取出", "Do not let it be taken out"),
                    Some((answer(CallEnd::Refused), denied)),
                );
            }
            Cause::Payment if seen > 0 => {
                let asks = Deed::AskWallet { at_ms, seen };
                push(
                    Tone::Attend,
                    ("再问一次钱包", "Ask the wallet again"),
                    Some((asks, ("再查", "Asked again"))),
                );
                push(Tone::Quiet, ("查到结果后，主管到机器旁处理", "A supervisor settles it there"), None);
            }
            Cause::Payment => {
                let again = ("再试付款", "Another try to pay");
                push(
                    Tone::Good,
                    ("可以再试一次付款", "Let them try to pay again"),
                    Some((answer(CallEnd::Passed), again)),
                );
            }
            Cause::Cash => {
                let taken = ("收现金", "Took the cash");
                push(
                    Tone::Good,
                    ("在本台收了现金，分文不差", "Took exactly this in cash here"),
                    Some((Deed::Cash { at_ms, seen }, taken)),
                );
            }
            Cause::Audit => push(Tone::Attend, ("到机器旁看商品", "Look at the goods there"), None),
            Cause::Age
            | Cause::Pieces
            | Cause::Total
            | Cause::NotBagged
            | Cause::WrongWeight
            | Cause::Unexpected
            | Cause::TakenOff
            | Cause::Help
            | Cause::PriceQuery
            | Cause::CouponQuery => {}
        }
    }

    pub(super) fn show_kiosk_at(&self, open: &OpenLane, sheet: &Open, lane: u32) -> view::Sheet {
        let blank = self.blank(self.kiosk_name(lane));
        let Some(kiosk) = self.kiosk_at(lane) else {
            return view::Sheet {
                text: self.words("这台没有消息。", "It was not heard."),
                can_go: false,
                ..blank
            };
        };
        let choices = self.board_choices(open, kiosk);
        let may = self.till().is_some_and(|till| till.rights().allow(Act::Attend));
        let says = choices.get(sheet.row.min(choices.len().saturating_sub(1)));
        let can_go = may && says.is_some_and(|choice| choice.says.is_some());
        let state = self.kiosk_row(open, kiosk);
        let text = if may {
            state.detail
        } else {
            let may_not =
                self.words("您没有这个权限，请主管来。", "You may not attend kiosks: ask a supervisor.");
            format!("{} · {may_not}", state.detail)
        };
        view::Sheet {
            tone: state.tone,
            text,
            figure: Some(Figure {
                label: self.words("这一单", "This basket"),
                value: open.settings().currency.format(Money::from_minor(kiosk.stand.total)),
                tone: Tone::Quiet,
            }),
            selected: (!choices.is_empty()).then_some(sheet.row),
            rows: choices.into_iter().map(|choice| choice.row).collect(),
            empty: self.words("这台没有要办的", "Nothing is to be done there"),
            can_go,
            go: self.words("就这样办", "Do this"),
            ..blank
        }
    }

    pub(super) fn go_board(&mut self) {
        let row = self.sheet().map_or(0, |sheet| sheet.row);
        let lanes = self.board_lanes();
        if let Some(lane) = lanes.get(row.min(lanes.len().saturating_sub(1))) {
            self.open_sheet(Kind::KioskAt(*lane));
        }
    }

    pub(super) fn go_kiosk_at(&mut self, lane: u32) {
        // What is there changed a moment ago: nobody has read it yet.
        if self.is_calm() {
            return;
        }
        let State::Open(open) = &self.state else { return };
        let Some(kiosk) = self.kiosk_at(lane) else { return };
        let row = self.sheet().map_or(0, |sheet| sheet.row);
        let mut choices = self.board_choices(open, kiosk);
        if choices.is_empty() {
            return;
        }
        let choice = choices.swap_remove(row.min(choices.len() - 1));
        let Some((deed, reason)) = choice.says else { return };
        self.pop_sheet();
        self.say_to_kiosk(lane, deed, reason);
    }
}
