//! A payment that left the machine: under way, confirmed by the cashier at a terminal of its own, or in doubt.

use domain::payment::{Answer, Belongs, Payment, Purpose};
use domain::tender::{CardEnd, TenderKind, Wallet};
use domain::till::Input;
use drivers::sound::Tone as Sound;
use ui::view::{self, Figure, SheetKey, SheetRow, Tone};

use super::{Attempt, Kind, Open, key, numbered};
use crate::lane::{Command, Lane, OpenLane, State};
use crate::present;

/// How somebody knows how a payment ended.
const REASONS: [(&str, &str); 4] = [
    ("商户平台上查到", "Looked up at the wallet's site"),
    ("顾客手机账单上看到", "Seen on the customer's phone"),
    ("刷卡小票为凭", "By the card slip"),
    ("客服电话确认", "Confirmed by telephone"),
];

/// What may be typed of a card that was accepted: its end finds the sale again when goods come back.
const CARD_FIELDS: [(&str, &str); 2] = [
    ("凭证号（可不填）", "Slip number (may be empty)"),
    ("卡号末四位（可不填）", "Card: last four digits (may be empty)"),
];

fn find(open: &OpenLane, number: u64) -> Option<&Payment> {
    open.till().payments().iter().find(|payment| payment.number == number)
}

impl Lane {
    pub(super) fn show_payment(&self, open: &OpenLane, sheet: &Open, number: u64) -> view::Sheet {
        let Some(payment) = find(open, number) else { return self.blank(self.words("付款", "Payment")) };
        let currency = &open.settings().currency;
        let name = present::tender_name(TenderKind::Wallet(payment.wallet), self.front.language);
        let back = payment.purpose != Purpose::Charge;
        let what = if back { self.words("退款", "Refund") } else { self.words("收款", "Payment") };
        let figure = Some(Figure {
            label: format!("{name} · {what} {number}"),
            value: currency.format(payment.amount),
            tone: if back { Tone::Stop } else { Tone::Quiet },
        });
        if payment.in_doubt || !payment.is_active() {
            return self.show_doubt(sheet, payment, figure);
        }
        if payment.wallet == Wallet::Card {
            return view::Sheet {
                tone: Tone::Attend,
                text: self.words(
                    "请在刷卡机上操作这个金额，再按结果。已经记下，断电也不会重复收。",
                    "Do it at the card terminal, then say how it ended. It is written down: a power cut charges nobody twice.",
                ),
                figure,
                fields: self.fields(
                    sheet,
                    match back {
                        true => &CARD_FIELDS[..1],
                        false => &CARD_FIELDS,
                    },
                ),
                keys: vec![
                    SheetKey { stop: true, ..key(self.words("没成功", "It failed"), "F6") },
                    key(self.words("不清楚", "Not known"), "F7"),
                ],
                go: self.words("刷卡成功", "Card accepted"),
                go_value: currency.format_with_symbol(payment.amount),
                ..self.blank(format!("{name} · {what}"))
            };
        }
        let reversing = payment.is_reversing();
        view::Sheet {
            tone: Tone::Attend,
            text: if reversing {
                self.words(
                    "正在撤销，请等结果。撤销前不要再收一次。",
                    "It is being taken back: wait for the answer. Do not charge again before.",
                )
            } else {
                self.words(
                    "等顾客在手机上确认。已经记下，断电也不会重复收。可以先服务别的事，不要再扫一次。",
                    "Waiting for the customer's phone. It is written down: nobody is charged twice. Do not scan the code again.",
                )
            },
            figure,
            keys: vec![SheetKey {
                enabled: !reversing,
                stop: true,
                ..key(self.words("不等了，撤销", "Stop waiting, take it back"), "F6")
            }],
            back: self.words("不等了", "Stop waiting"),
            ..self.blank(format!("{name} · {what}"))
        }
    }

    /// What is known, what is safe, what to do.
    fn show_doubt(&self, sheet: &Open, payment: &Payment, figure: Option<Figure>) -> view::Sheet {
        let back = payment.purpose != Purpose::Charge;
        let parked = matches!(payment.belongs, Belongs::Parked(_));
        let text = match (back, payment.belongs) {
            (true, _) => self.words(
                "应退给顾客的钱，机器没有确认退出。商品已退，记录在案。请查明后认定结果。",
                "Owed to the customer: the refund was not confirmed. It is written down. Find out, then settle it.",
            ),
            (false, Belongs::Open) => self.words(
                "没人知道顾客付了没有。商品保留，不会重复收。先再问一次；查明以前不要让顾客再付。",
                "Nobody knows if the customer has paid. The basket is kept, nothing is charged twice. Ask again first.",
            ),
            (false, Belongs::Parked(_)) => self.words(
                "属于一个挂单。请先取单，再认定。",
                "It belongs to a parked basket: recall that first.",
            ),
            (false, Belongs::Nothing) => self.words(
                "这一单已取消。若顾客付了，要退给顾客。请查明后认定。",
                "Its basket was cancelled. If the customer paid, it goes back. Find out, then settle it.",
            ),
        };
        view::Sheet {
            tone: Tone::Stop,
            text,
            figure,
            rows: self.reason_rows(&REASONS),
            selected: Some(sheet.row),
            entry_label: self.words("怎么知道的", "How it is known"),
            placeholder: self.words("↑↓ 选依据", "↑ ↓ choose how it is known"),
            keys: vec![
                SheetKey { enabled: !parked, on: true, ..key(self.words("再问一次", "Ask again"), "F5") },
                SheetKey {
                    enabled: !parked,
                    ..key(
                        if back {
                            self.words("认定已退", "It was refunded")
                        } else {
                            self.words("认定已付", "It was paid")
                        },
                        "F6",
                    )
                },
                SheetKey {
                    enabled: !parked,
                    stop: true,
                    ..key(
                        if back {
                            self.words("认定未退", "Not refunded")
                        } else {
                            self.words("认定未付", "It was not paid")
                        },
                        "F7",
                    )
                },
                SheetKey {
                    enabled: !back && payment.belongs == Belongs::Open,
                    ..key(self.words("挂单，下一位", "Park, next customer"), "F8")
                },
            ],
            back: if self.is_paying() && self.till().is_some_and(|till| !till.tenders().is_empty()) {
                self.words("挂单离开", "Leave: park it")
            } else if self.is_paying() {
                self.words("回到商品", "Back to goods")
            } else {
                self.words("返回", "Back")
            },
            ..self.blank(self.words("付款结果不明", "Payment in doubt"))
        }
    }

    /// Card accepted, as the cashier saw it.
    pub(super) fn go_payment(&mut self, number: u64) {
        let State::Open(open) = &self.state else { return };
        let Some(payment) = find(open, number) else { return };
        if payment.wallet == Wallet::Card && payment.is_active() {
            let Some(sheet) = self.front.sheets.last() else { return };
            let (reference, end) = (sheet.text(0).to_owned(), sheet.text(1));
            let card = CardEnd::parse(end).ok();
            if !end.is_empty() && card.is_none() {
                self.commands.push(Command::Play(Sound::Blocked));
                return self.front.say(
                    Tone::Attend,
                    ("卡号末四位要四个数字", "刷卡已记下，没有丢。补全，或清空再回车。"),
                    (
                        "The card's end is four digits",
                        "The payment is written down. Type all four, or clear it, then Enter.",
                    ),
                );
            }
            self.attempt(Input::CardAccepted { number, reference, card });
        }
    }

    pub(super) fn key_payment(&mut self, number: u64, index: usize) {
        let State::Open(open) = &self.state else { return };
        let Some(payment) = find(open, number) else { return };
        let by_hand = payment.wallet == Wallet::Card;
        if !payment.in_doubt && payment.is_active() {
            match (by_hand, index) {
                (true, 0) => self.card_failed(number),
                // Nobody knows: it is asked for back, and that is not known either.
                (true, _) => {
                    self.attempt(Input::GiveUpPayment);
                    self.attempt(Input::Tick);
                }
                (false, _) => {
                    self.attempt(Input::GiveUpPayment);
                }
            }
            return;
        }
        let Some(sheet) = self.front.sheets.last() else { return };
        let reason = self.reason_of(sheet, &REASONS);
        match index {
            0 => {
                self.attempt(Input::AskPayment { number });
            }
            1 => self.resolve(number, true, reason),
            2 => self.resolve(number, false, reason),
            _ => self.park_in_doubt(),
        }
    }

    /// The next customer comes first: what is in doubt waits with its basket.
    fn park_in_doubt(&mut self) {
        let note = self.words("付款未定", "payment in doubt");
        self.front.line = None;
        self.scale.forget();
        self.attempt_and_close(Input::Park { note });
    }

    /// Whether an Escape that would do more than go back is the second one, and meant.
    fn is_meant(&mut self) -> bool {
        let calm = self.is_calm();
        let Some(sheet) = self.sheet_mut() else { return false };
        let is_meant = std::mem::replace(&mut sheet.warned, true) && !calm;
        if !is_meant {
            self.rest();
        }
        is_meant
    }

    fn resolve(&mut self, number: u64, paid: bool, reason: String) {
        if self.attempt(Input::ResolvePayment { number, paid, reason }) == Attempt::Done {
            self.front.sheets.retain(|sheet| sheet.kind != Kind::Payment(number));
        }
    }

    fn card_failed(&mut self, number: u64) {
        let reason = self.words("刷卡机上没成功", "failed at the card terminal");
        self.attempt(Input::PaymentAnswered { number, answer: Answer::Declined { reason } });
    }

    pub(super) fn back_from_payment(&mut self, number: u64) {
        let State::Open(open) = &self.state else { return };
        let Some(payment) = find(open, number) else { return self.pop_sheet() };
        if payment.is_active() && !payment.in_doubt {
            // Escape means that it is not to be waited for; a card that was
            // tried must be answered for.
            if payment.wallet != Wallet::Card {
                self.attempt(Input::GiveUpPayment);
            } else if self.is_meant() {
                // Whoever leaves a card that was tried does not know how it ended; the doubt is another question.
                if let Some(sheet) = self.sheet_mut() {
                    sheet.warned = false;
                }
                self.attempt(Input::GiveUpPayment);
                self.attempt(Input::Tick);
            } else {
                self.front.say(
                    Tone::Attend,
                    ("请先按刷卡结果", "已记下这次刷卡。成功按回车，没成功按 F6，不清楚按 F7 或再按 Esc。"),
                    (
                        "Say first how the card ended",
                        "It is written down. Enter: accepted, F6: failed, F7 or Esc once more: not known.",
                    ),
                );
            }
            return;
        }
        if self.is_paying() && payment_is_open(self, number) {
            if self.till().is_some_and(|till| !till.tenders().is_empty()) {
                // What was paid of it holds it at the payment.
                if self.is_meant() {
                    return self.park_in_doubt();
                }
                return self.front.say(
                    Tone::Attend,
                    ("这一单已收了一部分", "再按一次 Esc 挂单，先服务下一位：已付的留在单上，现金退还顾客。"),
                    (
                        "A part of this basket is paid",
                        "Esc once more parks it for the next customer: payments stay on it, cash goes back.",
                    ),
                );
            }
            self.pop_sheet();
            return self.input(Input::Back);
        }
        self.pop_sheet();
    }

    pub(super) fn show_payments(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let currency = &open.settings().currency;
        let rows: Vec<SheetRow> = open
            .till()
            .payments()
            .iter()
            .enumerate()
            .map(|(index, payment)| {
                let name = present::tender_name(TenderKind::Wallet(payment.wallet), self.front.language);
                let detail = match (payment.purpose == Purpose::Charge, payment.belongs) {
                    (false, _) => self.words("退款没有确认，欠顾客", "Refund not confirmed, owed"),
                    (true, Belongs::Open) => self.words("当前这一单", "Of the open basket"),
                    (true, Belongs::Parked(basket)) => super::say(
                        self.front.language,
                        &format!("挂单 {basket}"),
                        &format!("Of parked basket {basket}"),
                    ),
                    (true, Belongs::Nothing) => self.words("已取消的单", "Of a cancelled basket"),
                };
                let tone = if payment.in_doubt { Tone::Stop } else { Tone::Attend };
                SheetRow {
                    tone,
                    ..numbered(
                        index,
                        format!("{name} {}", payment.number),
                        detail,
                        currency.format(payment.amount),
                    )
                }
            })
            .collect();
        view::Sheet {
            tone: if rows.is_empty() { Tone::Quiet } else { Tone::Stop },
            text: self.words(
                "这些付款没有确定结果。都记下了，断电、换班都不丢。",
                "Nobody knows how these ended. They are written down and outlive stops and shifts.",
            ),
            selected: (!rows.is_empty()).then_some(sheet.row),
            can_go: !rows.is_empty(),
            rows,
            empty: self.words("没有未定的付款", "No payment is in doubt"),
            go: self.words("查看", "Look at it"),
            ..self.blank(self.words("未定付款", "Payments in doubt"))
        }
    }

    pub(super) fn go_payments(&mut self) {
        let State::Open(open) = &self.state else { return };
        let row = self.front.sheets.last().map_or(0, |sheet| sheet.row);
        let number = open.till().payments().get(row).map(|payment| payment.number);
        if let Some(number) = number {
            self.open_sheet(Kind::Payment(number));
        }
    }
}

fn payment_is_open(lane: &Lane, number: u64) -> bool {
    let State::Open(open) = &lane.state else { return false };
    find(open, number).is_some_and(|payment| payment.belongs == Belongs::Open)
}
