//! The customers and the cashier of one lane, from a seed: what they do next,
//! looking at the till only as people do.

use domain::money::Money;
use domain::record::{PaperOutcome, Staff};
use domain::refund::PastSale;
use domain::rights::Rights;
use domain::shift::{CashMove, Denomination};
use domain::tender::Wallet;
use domain::till::{Desk, Input, Offer, Paper, Till};
use fixtures::bench::Dice;

use super::shop;

/// Milliseconds between two things at a counter, at most; half of it on the
/// average.
const PAUSE_MS_MAX: i64 = 8 * 60_000;

/// Milliseconds between two things while the doors close.
const CLOSING_PAUSE_MS: i64 = 60_000;

/// When the doors open and close, minutes of the shop's day.
const OPENS: i64 = 7 * 60;
const CLOSES: i64 = 22 * 60;

/// Whether the doors are open at a minute of the shop's day.
pub fn is_open(minute: i64) -> bool {
    (OPENS..CLOSES).contains(&minute)
}

/// What people know of a lane.
pub struct Seen<'a> {
    /// The till, as the screen shows it.
    pub till: &'a Till,
    /// What is to be paid in cash, fen.
    pub cash_due: i64,
    /// Whether somebody showed a receipt at another lane of the store a short while ago.
    pub is_shown_elsewhere: bool,
    /// The member's code that somebody showed at another lane of the chain a short while ago.
    pub card_elsewhere: Option<String>,
    /// Minutes of the shop's day.
    pub minute: i64,
}

/// What comes next.
pub struct Next {
    /// What the lane hears.
    pub inputs: Vec<Input>,
    /// What somebody else is asked first.
    pub wish: Option<Wish>,
    /// When they come again, milliseconds from now.
    pub pause_ms: i64,
}

/// What whoever keeps what lanes share is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// A parked basket of this lane, by its number.
    Recall(u32),
    /// A basket that another lane put aside; which of them.
    Elsewhere(usize),
    /// Goods come back.
    BringBack,
    /// The member who buys wants to spend points.
    Spend,
}

/// The customers of one lane.
pub struct Customers {
    dice: Dice,
    store: usize,
    stores: usize,
    closes_shift: bool,
}

impl Customers {
    /// The same seed, the same people.
    pub fn new(seed: u64, store: usize, stores: usize) -> Self {
        Self { dice: Dice::new(seed), store, stores, closes_shift: true }
    }

    /// Whether it is so, in so many of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.dice.chance(percent)
    }

    /// One of so many.
    pub fn one_of(&mut self, count: usize) -> usize {
        self.dice.index(count)
    }

    /// Lets one more thing happen.
    pub fn next(&mut self, seen: &Seen<'_>) -> Next {
        let open = is_open(seen.minute);
        let pause_ms = self.dice.between(1_000, PAUSE_MS_MAX);
        if open {
            self.closes_shift = self.dice.chance(80);
            let wish = self.wishes(seen);
            let inputs = if wish.is_none() { self.inputs(seen) } else { Vec::new() };
            return Next { inputs, wish, pause_ms };
        }
        let inputs = self.close_down(seen);
        if !inputs.is_empty() {
            return Next { inputs, wish: None, pause_ms: CLOSING_PAUSE_MS };
        }
        let until_open = (OPENS - seen.minute).rem_euclid(24 * 60);
        Next { inputs, wish: None, pause_ms: until_open * 60_000 + pause_ms }
    }

    /// What a customer wants who comes to an empty counter or has points, and others must be asked about.
    fn wishes(&mut self, seen: &Seen<'_>) -> Option<Wish> {
        let till = seen.till;
        let basket = till.basket();
        let may_spend =
            matches!(till.desk(), Desk::Selling(_) | Desk::Paying(_)) && till.tenders().is_empty();
        let has_points = basket.member().is_some() && basket.grant().is_none() && !basket.lines().is_empty();
        if may_spend && has_points && self.dice.chance(25) {
            return Some(Wish::Spend);
        }
        let is_free = matches!(till.desk(), Desk::Selling(_)) && till.basket().is_empty();
        if !is_free || till.shift().is_none() {
            return None;
        }
        // Who was sent away there, or has a copy of it, comes here.
        if seen.is_shown_elsewhere && self.dice.chance(25) {
            return Some(Wish::BringBack);
        }
        match self.dice.below(100) {
            0..=5 => Some(Wish::BringBack),
            6..=24 => till.parked().first().map(|parked| Wish::Recall(parked.number)),
            25..=32 => Some(Wish::Elsewhere(self.dice.index(64))),
            _ => None,
        }
    }

    fn inputs(&mut self, seen: &Seen<'_>) -> Vec<Input> {
        match seen.till.desk() {
            Desk::SignedOut | Desk::Locked(_) => vec![self.signs_in()],
            Desk::Selling(_) => self.sells(seen),
            Desk::Paying(_) => self.pays(seen),
            // Flushed at once, so nobody sees it.
            Desk::Saving(..) => Vec::new(),
            Desk::Done(..) => vec![Input::Back],
        }
    }

    /// The doors close: the basket is paid or dropped, the drawer counted.
    fn close_down(&mut self, seen: &Seen<'_>) -> Vec<Input> {
        let till = seen.till;
        match till.desk() {
            Desk::SignedOut | Desk::Locked(_) | Desk::Saving(..) => Vec::new(),
            Desk::Done(..) => vec![Input::Back],
            Desk::Paying(_) => self.pays(seen),
            Desk::Selling(_) if !till.basket().is_empty() => {
                vec![Input::DropReturn, Input::Cancel { reason: "打烊".to_owned() }]
            }
            Desk::Selling(_) if till.shift().is_some() && self.closes_shift => {
                let note = Denomination { value: Money::from_minor(10_000), count: self.dice.count(0, 40) };
                vec![Input::CountCash { denominations: vec![note] }, Input::CloseShift, Input::SignOut]
            }
            Desk::Selling(_) => vec![Input::SignOut],
        }
    }

    fn signs_in(&mut self) -> Input {
        let number = self.dice.count(1, 3);
        let staff = Staff { id: format!("e{number}"), number: format!("10{number}"), name: "李".to_owned() };
        Input::PinChecked { staff, rights: Rights::ALL, matches: !self.dice.chance(3) }
    }

    fn sells(&mut self, seen: &Seen<'_>) -> Vec<Input> {
        let till = seen.till;
        let doubtful = till.papers().iter().find(|(_, paper)| **paper == Paper::InDoubt);
        if let Some((document, _)) = doubtful {
            let document = *document;
            return if self.dice.chance(50) {
                vec![Input::WaivePaper { document }]
            } else {
                vec![Input::Reprint { document: Some(document) }]
            };
        }
        if let Some(payment) = till.payments().iter().find(|payment| payment.in_doubt)
            && self.dice.chance(30)
        {
            let number = payment.number;
            return if self.dice.chance(50) {
                vec![Input::AskPayment { number }, Input::Tick]
            } else {
                vec![Input::ResolvePayment {
                    number,
                    paid: self.dice.chance(50),
                    reason: "见账单".to_owned(),
                }]
            };
        }
        if till.basket().is_empty() {
            return self.greets(seen);
        }
        let lines: Vec<u32> = till.basket().lines().iter().map(|line| line.number).collect();
        if lines.is_empty() {
            // Goods come back, and none are bought yet.
            return if self.dice.chance(60) { vec![Input::Pay] } else { vec![self.scans()] };
        }
        let line = lines[self.dice.index(lines.len())];
        let reason = "一个原因".to_owned();
        match self.dice.below(40) {
            0 => vec![Input::Void { line, reason: String::new() }],
            1 => vec![Input::SetQuantity { line, pieces: self.dice.between(1, 9) }],
            2 => vec![Input::SetPrice {
                line,
                unit_price: Money::from_minor(self.dice.between(100, 3_000)),
                reason: String::new(),
            }],
            3 => vec![Input::DropReturn, Input::Cancel { reason }],
            4 | 9 => vec![Input::Park { note: "红伞".to_owned() }],
            5 => vec![self.shows_card(seen)],
            6 | 7 => vec![Input::Code(shop::coupon(self.store, self.dice.index(shop::COUPONS)))],
            8 => vec![Input::DropMember],
            // They change their mind.
            20 => vec![Input::OfferPoints(None)],
            10..=19 => vec![Input::ConfirmAge, Input::Pay],
            _ => vec![self.scans()],
        }
    }

    fn greets(&mut self, seen: &Seen<'_>) -> Vec<Input> {
        match self.dice.below(60) {
            0 => return vec![Input::SignOut],
            1 => return vec![Input::Lock],
            2 => {
                let kind = [CashMove::PayIn, CashMove::PayOut, CashMove::Drop][self.dice.index(3)];
                let amount = Money::from_minor(self.dice.between(1, 500) * 100);
                return vec![Input::MoveCash { kind, amount, reason: "备用金".to_owned() }];
            }
            3 => return vec![Input::OpenDrawer { reason: "换零钱".to_owned() }],
            4 | 5 => return vec![Input::Report],
            21..=32 => return vec![self.shows_card(seen)],
            _ => {}
        }
        vec![self.scans()]
    }

    /// Somebody is a member, of this store or another, or becomes one; some were at another lane just before.
    fn shows_card(&mut self, seen: &Seen<'_>) -> Input {
        if let Some(card) = &seen.card_elsewhere
            && self.dice.chance(50)
        {
            return Input::FindMember(card.clone());
        }
        match self.dice.below(20) {
            0..=12 => Input::FindMember(shop::member(self.store, self.dice.index(shop::MEMBERS))),
            13..=16 => {
                let store = self.dice.index(self.stores);
                Input::FindMember(shop::member(store, self.dice.index(shop::MEMBERS)))
            }
            17 => Input::FindMember(shop::phone(self.dice.index(shop::PHONES))),
            _ => Input::RegisterMember(Box::new(shop::new_member(self.dice.index(shop::PHONES)))),
        }
    }

    fn scans(&mut self) -> Input {
        let item = self.dice.index(shop::GOODS);
        if shop::is_weighed(item) {
            return Input::Choose { sku: shop::sku(item), count: Some(self.dice.between(50, 4_000)) };
        }
        if self.dice.chance(80) {
            return Input::Code(shop::gtin(item));
        }
        Input::Choose { sku: shop::sku(item), count: self.dice.chance(30).then(|| self.dice.between(1, 6)) }
    }

    fn pays(&mut self, seen: &Seen<'_>) -> Vec<Input> {
        let till = seen.till;
        if let Some(payment) = till.payments().iter().find(|payment| !payment.in_doubt) {
            // The wallet is slow: somebody loses patience.
            let number = payment.number;
            return match self.dice.below(4) {
                0 => vec![Input::GiveUpPayment],
                1 => vec![Input::AskPayment { number }],
                _ => vec![Input::Tick],
            };
        }
        if let Some(payment) = till.payments().first()
            && self.dice.chance(60)
        {
            let number = payment.number;
            let reason = "见账单".to_owned();
            return vec![Input::ResolvePayment { number, paid: self.dice.chance(50), reason }];
        }
        let due = seen.cash_due;
        if due < 0 || (due == 0 && till.basket().lines().is_empty()) {
            return vec![Input::PayOut];
        }
        match self.dice.below(20) {
            0 => vec![Input::Back],
            1 => vec![Input::TakeTenderBack { place: 0 }, Input::Back],
            2 | 3 => vec![Input::Tender(Offer::Cash(Money::from_minor((due / 3).max(1))))],
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
                let note = self.dice.between(1, 100) * 100;
                vec![Input::TakeCash(Money::from_minor((due.max(0) + note - 1) / note * note))]
            }
        }
    }

    /// What becomes of a paper that a printer began.
    pub fn paper(&mut self) -> PaperOutcome {
        match self.dice.below(30) {
            0 => PaperOutcome::InDoubt,
            1..=4 => PaperOutcome::SentUnconfirmed,
            _ => PaperOutcome::Confirmed,
        }
    }
}

/// Some of a sale comes back.
pub fn bring_back(past: PastSale) -> Vec<Input> {
    let line = past.lines.iter().find(|line| line.returned < line.line.quantity.thousandths());
    let Some(line) = line else { return Vec::new() };
    let (number, left) = (line.line.number, line.line.quantity.thousandths() - line.returned);
    // Some bring back all that they have of it, some a piece.
    let part = if line.line.item.weighed || past.origin.seq % 2 == 0 { left } else { 1_000.min(left) };
    vec![
        Input::BeginReturn { past: Box::new(past) },
        Input::ReturnLine { line: number, thousandths: part, reason: "不新鲜".to_owned() },
    ]
}
