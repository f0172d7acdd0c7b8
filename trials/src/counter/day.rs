//! What happens at a counter, one thing after another, from a seed.

use domain::money::Money;
use domain::payment::Answer;
use domain::record::{PaperOutcome, Staff};
use domain::rights::Rights;
use domain::shift::{CashMove, Denomination};
use domain::tender::Wallet;
use domain::till::{Desk, Input, Offer, Paper};
use fixtures::bench::Dice;
use ledger::journal::AppendError;

use super::Counter;

/// Seconds between two things that happen, at most.
const PAUSE_SECONDS_MAX: u64 = 20;

/// The days at a counter.
pub struct Day {
    dice: Dice,
    ends: bool,
}

impl Day {
    /// The same seed, the same days.
    pub fn new(seed: u64) -> Self {
        Self { dice: Dice::new(seed), ends: true }
    }

    /// The same, but its first shift never ends.
    pub fn endless(seed: u64) -> Self {
        Self { ends: false, ..Self::new(seed) }
    }

    /// Lets one more thing happen; what the till decided is on disk at once or,
    /// as on a lane that many things happen to in one turn, with what comes next.
    pub fn go_on(&mut self, counter: &mut Counter<'_>) -> Result<(), AppendError> {
        counter.outside.now_ms += i64::try_from(self.dice.below(PAUSE_SECONDS_MAX) * 1_000).unwrap_or(0);
        let inputs = match counter.till().desk() {
            Desk::SignedOut | Desk::Locked(_) => vec![self.signs_in()],
            Desk::Selling(_) => {
                let paper = self.looks_after_paper(counter);
                if paper.is_empty() { self.sells(counter) } else { paper }
            }
            Desk::Paying(_) => self.pays(counter),
            // Flushed at once, so nobody sees it.
            Desk::Saving(..) => Vec::new(),
            // The customer waits for the paper.
            Desk::Done(..) => {
                let paper = self.looks_after_paper(counter);
                if paper.is_empty() { vec![Input::Back] } else { paper }
            }
        };
        for input in inputs {
            counter.input(input)?;
        }
        if self.dice.chance(60) { counter.flush() } else { Ok(()) }
    }

    fn signs_in(&mut self) -> Input {
        let number = self.dice.count(1, 3);
        let staff = Staff { id: format!("e{number}"), number: format!("10{number}"), name: "李".to_owned() };
        Input::PinChecked { staff, rights: Rights::ALL, matches: !self.dice.chance(3) }
    }

    fn sells(&mut self, counter: &Counter<'_>) -> Vec<Input> {
        let till = counter.till();
        let lines: Vec<u32> = till.basket().lines().iter().map(|line| line.number).collect();
        let reason = || "一个原因".to_owned();
        if lines.is_empty() {
            match self.dice.below(40) {
                0 => return vec![Input::SignOut],
                1 => return vec![Input::Lock],
                2 => return vec![self.moves_cash()],
                3 => return vec![Input::OpenDrawer { reason: reason() }],
                4 | 5 => {
                    if let Some(parked) = till.parked().first() {
                        return vec![Input::Recall { basket: parked.number }];
                    }
                }
                6 if self.ends => return self.closes_the_shift(),
                _ => {}
            }
            return vec![self.scans(counter)];
        }
        let line = lines[self.dice.index(lines.len())];
        match self.dice.below(30) {
            0 => vec![Input::Void { line, reason: String::new() }],
            1 => vec![Input::SetQuantity { line, pieces: self.dice.between(1, 12) }],
            2 => vec![Input::SetPrice {
                line,
                unit_price: Money::from_minor(self.dice.between(100, 5_000)),
                reason: String::new(),
            }],
            3 => vec![Input::Cancel { reason: reason() }],
            4 => vec![Input::Park { note: "红伞".to_owned() }],
            5 => vec![Input::Report],
            6..=12 => vec![Input::ConfirmAge, Input::Pay],
            _ => vec![self.scans(counter)],
        }
    }

    fn scans(&mut self, counter: &Counter<'_>) -> Input {
        let item = counter.goods().item(self.dice.index(counter.goods().len()));
        if item.weighed {
            return Input::Choose { sku: item.sku.clone(), count: Some(self.dice.between(50, 4_000)) };
        }
        if item.code.len() >= 12 && self.dice.chance(80) {
            return Input::Code(item.code.clone());
        }
        Input::Choose { sku: item.sku.clone(), count: self.dice.chance(30).then(|| self.dice.between(1, 6)) }
    }

    fn moves_cash(&mut self) -> Input {
        let kind = [CashMove::PayIn, CashMove::PayOut, CashMove::Drop][self.dice.index(3)];
        let amount = Money::from_minor(self.dice.between(1, 500) * 100);
        Input::MoveCash { kind, amount, reason: "备用金".to_owned() }
    }

    fn closes_the_shift(&mut self) -> Vec<Input> {
        let note = Denomination { value: Money::from_minor(10_000), count: self.dice.count(0, 40) };
        vec![Input::CountCash { denominations: vec![note] }, Input::CloseShift]
    }

    fn pays(&mut self, counter: &Counter<'_>) -> Vec<Input> {
        let till = counter.till();
        if let Some(payment) = till.payments().first() {
            let number = payment.number;
            let paid = Answer::Paid { reference: format!("4200{number:012}") };
            return match self.dice.below(10) {
                0 => vec![Input::PaymentAnswered {
                    number,
                    answer: Answer::Declined { reason: "余额不足".to_owned() },
                }],
                1 => vec![Input::ResolvePayment { number, paid: true, reason: "见账单".to_owned() }],
                2 => vec![Input::AskPayment { number }, Input::Tick],
                _ => vec![Input::PaymentAnswered { number, answer: paid }],
            };
        }
        let due = counter.cash_due();
        match self.dice.below(20) {
            0 => vec![Input::Back],
            1 => vec![Input::TakeTenderBack { place: 0 }, Input::Back],
            2 | 3 => {
                let part = Money::from_minor((due.minor() / 3).max(1));
                vec![Input::Tender(Offer::Cash(part))]
            }
            4 => {
                let face = Money::from_minor(self.dice.between(1, 20) * 100);
                vec![Input::Tender(Offer::Voucher {
                    number: format!("V{}", self.dice.below(1_000_000)),
                    face,
                })]
            }
            5..=9 => {
                let wallet = if self.dice.chance(50) { Wallet::WeChat } else { Wallet::Alipay };
                vec![Input::Charge { wallet, code: "134567890123456789".to_owned(), amount: None }]
            }
            _ => {
                let note = Money::from_minor(due.minor().div_ceil_to(self.dice.between(1, 100) * 100));
                vec![Input::TakeCash(note)]
            }
        }
    }

    /// Paper is printed as soon as the printer can, and somebody looks after
    /// what is in doubt.
    fn looks_after_paper(&mut self, counter: &Counter<'_>) -> Vec<Input> {
        let next = counter.till().papers().iter().next().map(|(document, paper)| (*document, *paper));
        match next {
            None => Vec::new(),
            Some((_, Paper::Waiting { .. })) => vec![Input::PrinterReady],
            Some((document, Paper::Begun)) => {
                let outcome = match self.dice.below(20) {
                    0 => PaperOutcome::InDoubt,
                    1..=4 => PaperOutcome::SentUnconfirmed,
                    _ => PaperOutcome::Confirmed,
                };
                vec![Input::PaperEnded { document, outcome }]
            }
            Some((document, Paper::InDoubt)) if self.dice.chance(50) => vec![Input::WaivePaper { document }],
            Some((document, Paper::InDoubt)) => vec![Input::Reprint { document: Some(document) }],
        }
    }
}

/// Amounts as notes make them.
trait Notes {
    /// The least multiple of `note` that is not below it.
    fn div_ceil_to(self, note: i64) -> i64;
}

impl Notes for i64 {
    fn div_ceil_to(self, note: i64) -> i64 {
        (self.max(0) + note - 1) / note * note
    }
}
