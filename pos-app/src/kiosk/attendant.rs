//! The attendant's place at a kiosk: who they are, what waits for them, and what they say to it. It needs no network:
//! numbers and PINs lie on the lane.

// A page answers to the touches that it has.
#![allow(clippy::wildcard_enum_match_arm)]

use domain::payment::Belongs;
use domain::record::Staff;
use domain::rights::Rights;
use domain::till::kiosk::{AuditFound, CallEnd, Cause, KioskInput};
use domain::till::{Desk, Input, Paper};
use drivers::sound::Tone as Sound;
use ui::kiosk::{Row, Touch};
use ui::view::Tone;

use super::{Page, TYPED_MAX, answers};
use crate::lane::{Lane, OpenLane, State};
use crate::pin;
use crate::present;

/// Somebody says who they are: the number, then the PIN.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Gate {
    /// The number, once it is said.
    pub number: Option<String>,
    pub typed: String,
}

/// The attendant is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub staff: Staff,
    pub rights: Rights,
}

/// A basket that was drawn is being looked at: pieces by what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Audit {
    pub found: AuditFound,
}

/// What the attendant may say or do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Deed {
    /// Asks the till, with this reason.
    Do(Box<Input>, &'static str, &'static str),
    /// Lets the customer do what they asked for.
    LetThrough,
    /// Does not let them.
    Deny,
    /// Looks at a basket.
    Audit,
    /// The basket is put aside, whatever stands against it.
    PutAside,
    /// One that was put aside is taken up again.
    TakeBack(u32),
    /// Closes the lane.
    Shut,
    /// Closes the lane and the day.
    EndShift,
}

/// A row of the attendant's list, and what it does.
struct Entry {
    row: Row,
    deed: Deed,
}

impl Lane {
    pub(super) fn open_gate(&mut self) {
        self.with_kiosk(|kiosk| kiosk.gate = Some(Gate::default()));
    }

    /// A card says who; the PIN is still asked for.
    pub(super) fn gate_by_card(&mut self, code: &str) {
        let State::Open(open) = &self.state else { return };
        let digits = code.get(1..code.len().saturating_sub(1)).unwrap_or_default().trim_start_matches('0');
        let number = digits.to_owned();
        if open.staff().iter().any(|member| member.number == number) {
            self.with_kiosk(|kiosk| {
                kiosk.session = None;
                kiosk.gate = Some(Gate { number: Some(number), typed: String::new() });
            });
        } else {
            self.kiosk_says(Tone::Attend, ("不认识这张工牌", "Nobody here has this card"), ("", ""));
            self.play(Sound::Blocked);
        }
    }

    pub(super) fn touch_gate(&mut self, touch: Touch) {
        let Some(mut gate) = self.kiosk.as_ref().and_then(|kiosk| kiosk.gate.clone()) else { return };
        match touch {
            Touch::Digit(digit) if gate.typed.chars().count() < TYPED_MAX => gate.typed.push(digit),
            Touch::Erase => drop(gate.typed.pop()),
            Touch::Back | Touch::Staff => return self.with_kiosk(|kiosk| kiosk.gate = None),
            Touch::Go => return self.pass_gate(gate),
            _ => {}
        }
        self.with_kiosk(|kiosk| kiosk.gate = Some(gate));
    }

    fn pass_gate(&mut self, gate: Gate) {
        let State::Open(open) = &self.state else { return };
        let Gate { number, typed } = gate;
        let Some(number) = number else {
            let known = open.staff().iter().any(|member| member.number == typed);
            if known {
                return self.with_kiosk(|kiosk| {
                    kiosk.gate = Some(Gate { number: Some(typed), typed: String::new() });
                });
            }
            self.kiosk_says(Tone::Attend, ("没有这个工号", "Nobody here has this number"), ("", ""));
            self.with_kiosk(|kiosk| kiosk.gate = Some(Gate::default()));
            return self.play(Sound::Blocked);
        };
        let Some(member) = open.staff().iter().find(|member| member.number == number).cloned() else {
            return;
        };
        if typed.is_empty() {
            return;
        }
        // While a wait runs no PIN is looked at, so trying tells nothing.
        let waits = open.till().pin_wait_seconds(&member.id, self.moment.now_ms) > 0;
        let matches = !waits && typed.len() <= pin::PIN_DIGITS_MAX && pin::matches(&typed, &member.pin_hash);
        let rights = Rights::of_role(&member.role, &open.settings().currency);
        let staff = Staff { id: member.id, number: member.number, name: member.name };
        let shut = self.is_shut();
        // The PIN is never kept.
        self.with_kiosk(|kiosk| kiosk.gate = Some(Gate { number: Some(number), typed: String::new() }));
        self.input(Input::PinChecked { staff: staff.clone(), rights, matches });
        self.flush();
        if shut {
            if !self.is_shut() {
                self.with_kiosk(|kiosk| {
                    kiosk.gate = None;
                    kiosk.page = Page::Scan;
                    kiosk.begun = false;
                });
            }
        } else if matches {
            self.with_kiosk(|kiosk| {
                kiosk.gate = None;
                kiosk.notice = None;
                kiosk.session = Some(Session { staff, rights });
            });
            self.held_elsewhere = None;
            self.look_after_parked();
        }
    }

    pub(super) fn touch_session(&mut self, touch: Touch) {
        if self.kiosk.as_ref().is_some_and(|kiosk| kiosk.audit.is_some()) {
            return self.touch_audit(touch);
        }
        match touch {
            Touch::Back | Touch::Go | Touch::Staff => self.end_session(),
            Touch::Row(index) => {
                let State::Open(open) = &self.state else { return };
                let deed = self.entries(open).into_iter().nth(index).map(|entry| entry.deed);
                if let Some(deed) = deed {
                    self.perform_deed(deed);
                }
            }
            _ => {}
        }
    }

    fn end_session(&mut self) {
        self.with_kiosk(|kiosk| {
            kiosk.session = None;
            kiosk.audit = None;
        });
    }

    fn touch_audit(&mut self, touch: Touch) {
        let Some(mut audit) = self.kiosk.as_ref().and_then(|kiosk| kiosk.audit) else { return };
        let found = &mut audit.found;
        let field = |found: &mut AuditFound, index: usize, by: i32| {
            let count = match index {
                0 => &mut found.checked,
                1 => &mut found.missed,
                2 => &mut found.wrong,
                _ => &mut found.overcharged,
            };
            *count = count.saturating_add_signed(by);
        };
        match touch {
            Touch::More(index) => field(found, index, 1),
            Touch::Less(index) => field(found, index, -1),
            Touch::Back => return self.with_kiosk(|kiosk| kiosk.audit = None),
            Touch::Go => {
                let input = Input::Kiosk(KioskInput::Audited(*found));
                return self.attend(input, "抽查", "Looked at the basket");
            }
            _ => {}
        }
        self.with_kiosk(|kiosk| kiosk.audit = Some(audit));
    }

    /// Asks the till for something, and approves it.
    pub(super) fn attend(&mut self, input: Input, chinese: &str, english: &str) {
        let Some(session) = self.kiosk.as_ref().and_then(|kiosk| kiosk.session.clone()) else { return };
        let reason = self.words(chinese, english);
        self.attend_by(session, input, reason);
    }

    /// The same, by whoever says so.
    pub(super) fn attend_by(&mut self, by: Session, input: Input, reason: String) {
        let Session { staff, rights } = by;
        self.input(input);
        if self.till().is_some_and(|till| till.pending().is_some()) {
            self.input(Input::Approve { staff, rights, matches: true, reason });
            if self.till().is_some_and(|till| till.pending().is_some()) {
                // Who is there may not, and the customer did not ask for it.
                self.input(Input::Disapprove);
            }
        }
        self.flush();
    }

    fn perform_deed(&mut self, deed: Deed) {
        match deed {
            Deed::Do(input, chinese, english) => self.attend(*input, chinese, english),
            Deed::LetThrough => {
                let Some(Session { staff, rights }) =
                    self.kiosk.as_ref().and_then(|kiosk| kiosk.session.clone())
                else {
                    return;
                };
                let reason = self.words("顾客改主意", "Customer changed their mind");
                self.input(Input::Approve { staff, rights, matches: true, reason });
                self.flush();
            }
            Deed::Deny => {
                self.input(Input::Disapprove);
                self.flush();
            }
            Deed::Audit => self.with_kiosk(|kiosk| kiosk.audit = Some(Audit::default())),
            Deed::PutAside => {
                let note = self.words("顾客离开", "Left by the customer");
                self.take_basket_away(note);
            }
            Deed::TakeBack(basket) => self.take_basket_back(basket),
            Deed::Shut => {
                self.attend(Input::SignOut, "交班", "Closing the kiosk");
                self.end_session();
            }
            Deed::EndShift => {
                self.attend(Input::CloseShift, "日结", "Closing the day");
                self.end_session();
            }
        }
    }

    /// The open basket is put aside, whatever stands against it.
    pub(super) fn take_basket_away(&mut self, note: String) {
        if self.is_desk(|desk| matches!(desk, Desk::Paying(_))) {
            self.input(Input::Back);
        }
        self.put_aside(note);
        self.flush();
    }

    /// The rows of the attendant's list.
    pub(super) fn attendant_rows(&self, open: &OpenLane) -> Vec<Row> {
        self.entries(open).into_iter().map(|entry| entry.row).collect()
    }

    fn entry(&self, tone: Option<Tone>, name: (&str, &str), detail: String, deed: Deed) -> Entry {
        let row = Row { name: self.words(name.0, name.1), detail, tone, tap: true, ..Row::default() };
        Entry { row, deed }
    }

    /// What waits, what may be said to it, and what can be done at any time.
    fn entries(&self, open: &OpenLane) -> Vec<Entry> {
        let till = open.till();
        let mut entries = Vec::new();
        for call in till.kiosk().calls() {
            self.add_answers(open, call.cause, &mut entries);
        }
        let empty = till.basket().is_untouched();
        let at_goods = matches!(till.desk(), Desk::Selling(_));
        for parked in till.parked().iter().filter(|_| empty && at_goods) {
            let time = present::local_time(parked.at_ms, self.moment.offset_minutes, "%H:%M");
            let total = open.settings().currency.format_with_symbol(parked.basket.total());
            let lines = parked.basket.lines().len();
            let detail = self.words(
                &format!("{}号 · {time} · {lines} 行 · {total}", parked.number),
                &format!("No. {} · {time} · {lines} lines · {total}", parked.number),
            );
            entries.push(self.entry(
                Some(Tone::Attend),
                ("取回搁下的一单", "Take up a basket that was left"),
                detail,
                Deed::TakeBack(parked.number),
            ));
        }
        for (document, paper) in till.papers() {
            if *paper == Paper::InDoubt {
                let number = crate::lane::sale_number(open, *document);
                let again = Deed::Do(
                    Box::new(Input::Reprint { document: Some(*document) }),
                    "小票没打出来",
                    "The receipt did not come out",
                );
                let fine = Deed::Do(
                    Box::new(Input::WaivePaper { document: *document }),
                    "小票已打出",
                    "The receipt is there",
                );
                let words = ("小票没打出来，重打", "A receipt did not come out: print it again");
                entries.push(self.entry(Some(Tone::Attend), words, number.clone(), again));
                entries.push(self.entry(
                    None,
                    ("小票已打出，不用重打", "It is there: do not print it"),
                    number,
                    fine,
                ));
            }
        }
        self.add_usual(open, &mut entries);
        entries
    }

    /// What can be done at any time.
    fn add_usual(&self, open: &OpenLane, entries: &mut Vec<Entry>) {
        let till = open.till();
        let any = !till.basket().lines().is_empty();
        let free = till.tenders().is_empty() && !till.payments().iter().any(|payment| payment.is_active());
        if any && free && matches!(till.desk(), Desk::Selling(_) | Desk::Paying(_)) {
            let words = ("先搁下这一单，接待下一位", "Put this basket aside for the next customer");
            entries.push(self.entry(None, words, String::new(), Deed::PutAside));
        }
        if any && matches!(till.desk(), Desk::Selling(_)) {
            let reason = self.words("顾客离开", "The customer left");
            let cancel = Deed::Do(Box::new(Input::Cancel { reason }), "顾客离开", "The customer left");
            let words = ("取消整单，商品归位", "Drop the basket, goods go back to the shelf");
            entries.push(self.entry(Some(Tone::Stop), words, String::new(), cancel));
        }
        if till.last_sale().is_some() && open.settings().prints_receipts {
            let again = Deed::Do(
                Box::new(Input::Reprint { document: None }),
                "顾客要小票",
                "Customer wants a receipt",
            );
            entries.push(self.entry(
                None,
                ("重打上一张小票", "Print the last receipt again"),
                String::new(),
                again,
            ));
        }
        if !any && matches!(till.desk(), Desk::Selling(_) | Desk::Done(..)) {
            entries.push(self.entry(
                None,
                ("关闭本机", "Close this kiosk"),
                self.words("下次由店员开机", "An attendant opens it again"),
                Deed::Shut,
            ));
            entries.push(self.entry(None, ("日结", "End the day"), String::new(), Deed::EndShift));
        }
    }

    fn answer(
        &self,
        cause: Cause,
        end: CallEnd,
        words: (&str, &str),
        detail: String,
        reason: (&'static str, &'static str),
    ) -> Entry {
        let input = Box::new(Input::Kiosk(KioskInput::Answer { cause, end }));
        let tone = if end == CallEnd::Refused { Tone::Stop } else { Tone::Good };
        self.entry(Some(tone), words, detail, Deed::Do(input, reason.0, reason.1))
    }

    /// What a call is about, for whoever answers it.
    fn call_detail(&self, open: &OpenLane, cause: Cause) -> String {
        let basket = open.basket();
        match cause {
            Cause::Age => {
                let goods = basket.age_open().map(|line| present::name(&line.item, self.front.language));
                goods.collect::<Vec<_>>().join("、")
            }
            Cause::Pieces => {
                let pieces = basket.pieces();
                self.words(&format!("{pieces} 件"), &format!("{pieces} pieces"))
            }
            Cause::Total => open.settings().currency.format_with_symbol(basket.total()),
            Cause::NotBagged | Cause::WrongWeight | Cause::Unexpected | Cause::TakenOff => {
                self.bag_detail(open)
            }
            Cause::Removal
            | Cause::Payment
            | Cause::Audit
            | Cause::Cash
            | Cause::Help
            | Cause::PriceQuery
            | Cause::CouponQuery => String::new(),
        }
    }

    /// What may be said to a call.
    fn add_answers(&self, open: &OpenLane, cause: Cause, entries: &mut Vec<Entry>) {
        let till = open.till();
        let currency = &open.settings().currency;
        match cause {
            Cause::Age
            | Cause::Pieces
            | Cause::Total
            | Cause::NotBagged
            | Cause::WrongWeight
            | Cause::Unexpected
            | Cause::TakenOff
            | Cause::Help
            | Cause::PriceQuery
            | Cause::CouponQuery => {
                let detail = self.call_detail(open, cause);
                for (end, words, reason) in answers::answers(cause) {
                    entries.push(self.answer(cause, *end, *words, detail.clone(), *reason));
                }
            }
            Cause::Removal => {
                let words = ("同意取出", "Let it be taken out");
                entries.push(self.entry(Some(Tone::Good), words, String::new(), Deed::LetThrough));
                let words = ("不同意取出", "Do not let it be taken out");
                entries.push(self.entry(Some(Tone::Stop), words, String::new(), Deed::Deny));
            }
            Cause::Payment => self.add_payment(open, entries),
            Cause::Audit => {
                let words = ("开始抽查", "Look at the basket");
                entries.push(self.entry(Some(Tone::Attend), words, String::new(), Deed::Audit));
            }
            Cause::Cash => {
                let due = till.cash_due(open.settings()).payable;
                let detail = currency.format_with_symbol(due);
                let take = Deed::Do(Box::new(Input::TakeCash(due)), "收现金", "Took the cash");
                if matches!(till.desk(), Desk::Paying(_)) {
                    let words = ("收了现金，分文不差", "Took exactly this in cash");
                    entries.push(self.entry(Some(Tone::Good), words, detail, take));
                }
            }
        }
    }

    fn add_payment(&self, open: &OpenLane, entries: &mut Vec<Entry>) {
        let till = open.till();
        let doubtful =
            till.payments().iter().find(|payment| payment.belongs == Belongs::Open && !payment.is_active());
        let Some(payment) = doubtful else {
            let words = ("可以再试一次付款", "Let them try to pay again");
            let entry = self.answer(
                Cause::Payment,
                CallEnd::Passed,
                words,
                String::new(),
                ("再试付款", "Another try to pay"),
            );
            return entries.push(entry);
        };
        let number = payment.number;
        let wallet =
            present::tender_name(domain::tender::TenderKind::Wallet(payment.wallet), self.front.language);
        let amount = open.settings().currency.format_with_symbol(payment.amount);
        let detail = format!("{wallet} · {amount} · #{number}");
        let reason = self.words("商户平台上查到", "Looked up at the wallet's site");
        let resolve = |paid| Box::new(Input::ResolvePayment { number, paid, reason: reason.clone() });
        let ask = Deed::Do(Box::new(Input::AskPayment { number }), "再查", "Asked again");
        entries.push(self.entry(
            Some(Tone::Attend),
            ("再问一次钱包", "Ask the wallet again"),
            detail.clone(),
            ask,
        ));
        let paid = Deed::Do(resolve(true), "商户平台上查到", "Looked up at the wallet's site");
        entries.push(self.entry(
            Some(Tone::Good),
            ("查到已付（主管）", "It was paid (supervisor)"),
            detail.clone(),
            paid,
        ));
        let unpaid = Deed::Do(resolve(false), "商户平台上查到", "Looked up at the wallet's site");
        entries.push(self.entry(
            Some(Tone::Stop),
            ("查到没付（主管）", "It was not paid (supervisor)"),
            detail,
            unpaid,
        ));
    }
}
