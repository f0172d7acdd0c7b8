//! Orders that a channel takes and a store fulfils: placed, paid, accepted,
//! picked, handed over, or cancelled on the way.
//!
//! What the customer pays was agreed in the channel: the nets of the lines are
//! frozen, and nobody prices them again. What is not found is paid back by the
//! line's own net. [`Order::step`] is total: every act has an answer in every
//! state, and one that makes no sense changes nothing.

pub mod desk;

use crate::money::{Money, Quantity, TaxRate};

/// The most lines of one order.
pub const ORDER_LINES_MAX: usize = 200;

/// The longest item code, reference or reason of an order, bytes.
pub const ORDER_TEXT_LENGTH_MAX: usize = 128;

/// The fewest characters of a pick-up code: what is shorter is guessed.
pub const PICK_UP_CODE_LENGTH_MIN: usize = 6;

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// Its number within the order.
    pub number: u32,
    /// HQ's item code.
    pub sku: String,
    /// How much, of the base unit.
    pub quantity: Quantity,
    /// What all of it costs, tax included; frozen.
    pub net: Money,
    /// The rate of VAT in it.
    pub tax_rate: TaxRate,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderState {
    /// The channel took it.
    Placed,
    /// The customer has paid.
    Paid,
    /// The store will do it.
    Accepted,
    /// Its goods lie ready.
    Picked,
    /// The customer has the goods.
    HandedOver,
    /// It will not be done.
    Cancelled,
}

/// What is done to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderAct {
    /// The customer paid all of it in the channel.
    Pay {
        /// How much.
        amount: Money,
        /// The channel's number of the payment.
        reference: String,
    },
    /// The store will do it.
    Accept,
    /// Its goods were looked for.
    Pick {
        /// Lines of which not all was found: number, and how much was, in
        /// thousandths. All of a line that is not named was found.
        short: Vec<(u32, i64)>,
    },
    /// Somebody came for it.
    HandOver {
        /// The code that they brought.
        code: String,
    },
    /// It is not to be done.
    Cancel {
        /// Why.
        reason: String,
    },
}

/// What an act asks of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderEffect {
    /// So much of an item is waited for from now on, thousandths.
    Reserve {
        /// The item.
        sku: String,
        /// Thousandths.
        thousandths: i64,
    },
    /// So much of it is waited for no more.
    Release {
        /// The item.
        sku: String,
        /// Thousandths.
        thousandths: i64,
    },
    /// So much of it has left the store, and is waited for no more.
    Leave {
        /// The item.
        sku: String,
        /// Thousandths.
        thousandths: i64,
    },
    /// The channel pays so much back.
    Refund {
        /// Above nothing.
        amount: Money,
    },
}

/// Why an order is not placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceRefusal {
    /// It has no lines, or too many.
    #[error("place an order: it has no lines, or more than {ORDER_LINES_MAX}")]
    Lines,
    /// A line's number stands there twice.
    #[error("place an order: two lines have the number {0}")]
    Number(u32),
    /// An item code is missing or too long.
    #[error("place an order: the item code of line {0} is missing or too long")]
    Item(u32),
    /// A net is below nothing.
    #[error("place an order: the net of line {0} is below nothing or too large")]
    Net(u32),
    /// The lines do not come to the total.
    #[error("place an order: its lines come to {0}, and the total says something else")]
    Total(i64),
    /// The pick-up code is guessed too easily, or too long.
    #[error(
        "place an order: its pick-up code has fewer than {PICK_UP_CODE_LENGTH_MIN} characters, or too many"
    )]
    Code,
}

/// Why an act is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// It is not its turn.
    #[error("this cannot be done to an order that is {}", name(*state))]
    OutOfTurn {
        /// How far the order is.
        state: OrderState,
    },
    /// It was done before, otherwise.
    #[error("this was done to the order before, and otherwise")]
    Otherwise,
    /// Not all of it is paid, or too much.
    #[error("the order comes to {}, and {} is paid", .due.minor(), .paid.minor())]
    Amount {
        /// What it comes to.
        due: Money,
        /// What was paid.
        paid: Money,
    },
    /// There is no such line.
    #[error("the order has no line {0}")]
    Line(u32),
    /// More was found of a line than was ordered, or less than nothing.
    #[error("of line {line} {found} thousandths are found, and {ordered} are ordered")]
    Found {
        /// The line's number.
        line: u32,
        /// What was found.
        found: i64,
        /// What was ordered.
        ordered: i64,
    },
    /// Nothing at all was found.
    #[error("nothing of the order was found: cancel it")]
    Nothing,
    /// The code is another order's.
    #[error("the pick-up code is not that of the order")]
    Code,
    /// A reference or reason is missing or too long.
    #[error("a reference or a reason is missing, or longer than {ORDER_TEXT_LENGTH_MAX} bytes")]
    Text,
}

/// The state in words.
fn name(state: OrderState) -> &'static str {
    match state {
        OrderState::Placed => "placed",
        OrderState::Paid => "paid",
        OrderState::Accepted => "accepted",
        OrderState::Picked => "picked",
        OrderState::HandedOver => "handed over",
        OrderState::Cancelled => "cancelled",
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    lines: Vec<OrderLine>,
    total: Money,
    code: String,
    state: OrderState,
    /// The number of the payment, once it was paid.
    payment: Option<String>,
    /// What was found of each line, thousandths, once it was picked.
    found: Option<Vec<i64>>,
    refunded: Money,
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= ORDER_TEXT_LENGTH_MAX
}

impl Order {
    /// Takes an order, whose lines come to `total`; `code` is what the
    /// customer will bring.
    pub fn place(lines: Vec<OrderLine>, total: Money, code: String) -> Result<Self, PlaceRefusal> {
        if lines.is_empty() || lines.len() > ORDER_LINES_MAX {
            return Err(PlaceRefusal::Lines);
        }
        for (index, line) in lines.iter().enumerate() {
            if lines[..index].iter().any(|other| other.number == line.number) {
                return Err(PlaceRefusal::Number(line.number));
            }
            if !is_text(&line.sku) {
                return Err(PlaceRefusal::Item(line.number));
            }
            if line.net < Money::ZERO || !(line.net == Money::ZERO || line.net.is_amount()) {
                return Err(PlaceRefusal::Net(line.number));
            }
        }
        let sum = Money::checked_sum(lines.iter().map(|line| line.net));
        if sum != Some(total) {
            return Err(PlaceRefusal::Total(sum.map_or(i64::MAX, Money::minor)));
        }
        if code.chars().count() < PICK_UP_CODE_LENGTH_MIN || !is_text(&code) {
            return Err(PlaceRefusal::Code);
        }
        Ok(Self {
            lines,
            total,
            code,
            state: OrderState::Placed,
            payment: None,
            found: None,
            refunded: Money::ZERO,
        })
    }

    /// How far it has come.
    pub fn state(&self) -> OrderState {
        self.state
    }

    /// Its lines.
    pub fn lines(&self) -> &[OrderLine] {
        &self.lines
    }

    /// What it was placed for.
    pub fn total(&self) -> Money {
        self.total
    }

    /// What the channel has to pay back, or has paid back.
    pub fn refunded(&self) -> Money {
        self.refunded
    }

    /// What is paid and not paid back.
    pub fn kept(&self) -> Money {
        if self.payment.is_some() { self.total - self.refunded } else { Money::ZERO }
    }

    /// What is for the customer of a line, thousandths: what was ordered, or
    /// what was found once it was picked.
    pub fn quantity(&self, index: usize) -> i64 {
        let ordered = self.lines.get(index).map_or(0, |line| line.quantity.thousandths());
        self.found.as_ref().and_then(|found| found.get(index)).copied().unwrap_or(ordered)
    }

    /// Does something to it: the order as it is then, and what that asks of
    /// the books. What was done already is done again by doing nothing.
    pub fn step(&self, act: &OrderAct) -> Result<(Self, Vec<OrderEffect>), OrderRefusal> {
        match act {
            OrderAct::Pay { amount, reference } => self.pay(*amount, reference),
            OrderAct::Accept => self.accept(),
            OrderAct::Pick { short } => self.pick(short),
            OrderAct::HandOver { code } => self.hand_over(code),
            OrderAct::Cancel { reason } => self.cancel(reason),
        }
    }

    fn unchanged(&self) -> (Self, Vec<OrderEffect>) {
        (self.clone(), Vec::new())
    }

    fn out_of_turn(&self) -> OrderRefusal {
        OrderRefusal::OutOfTurn { state: self.state }
    }

    /// So much of each line, as an effect; lines of which there is nothing have none.
    fn each(&self, effect: impl Fn(String, i64) -> OrderEffect) -> Vec<OrderEffect> {
        let amounts = (0..self.lines.len()).map(|index| (index, self.quantity(index)));
        amounts
            .filter(|(_, thousandths)| *thousandths > 0)
            .map(|(index, thousandths)| effect(self.lines[index].sku.clone(), thousandths))
            .collect()
    }

    fn pay(&self, amount: Money, reference: &str) -> Result<(Self, Vec<OrderEffect>), OrderRefusal> {
        if let Some(payment) = &self.payment {
            let is_same = payment == reference && amount == self.total;
            return if is_same { Ok(self.unchanged()) } else { Err(OrderRefusal::Otherwise) };
        }
        if self.state != OrderState::Placed {
            return Err(self.out_of_turn());
        }
        if !is_text(reference) {
            return Err(OrderRefusal::Text);
        }
        if amount != self.total {
            return Err(OrderRefusal::Amount { due: self.total, paid: amount });
        }
        let paid = Self { state: OrderState::Paid, payment: Some(reference.to_owned()), ..self.clone() };
        let effects = paid.each(|sku, thousandths| OrderEffect::Reserve { sku, thousandths });
        Ok((paid, effects))
    }

    fn accept(&self) -> Result<(Self, Vec<OrderEffect>), OrderRefusal> {
        match self.state {
            OrderState::Paid => Ok((Self { state: OrderState::Accepted, ..self.clone() }, Vec::new())),
            OrderState::Accepted | OrderState::Picked | OrderState::HandedOver => Ok(self.unchanged()),
            OrderState::Placed | OrderState::Cancelled => Err(self.out_of_turn()),
        }
    }

    fn pick(&self, short: &[(u32, i64)]) -> Result<(Self, Vec<OrderEffect>), OrderRefusal> {
        let found = self.found_of(short)?;
        match self.state {
            OrderState::Accepted => {}
            OrderState::Picked | OrderState::HandedOver => {
                let is_same = self.found.as_ref() == Some(&found);
                return if is_same { Ok(self.unchanged()) } else { Err(OrderRefusal::Otherwise) };
            }
            OrderState::Placed | OrderState::Paid | OrderState::Cancelled => return Err(self.out_of_turn()),
        }
        let mut effects = Vec::new();
        let mut back = Money::ZERO;
        for (line, found) in self.lines.iter().zip(&found) {
            let ordered = line.quantity.thousandths();
            if *found < ordered {
                effects.push(OrderEffect::Release { sku: line.sku.clone(), thousandths: ordered - found });
                // Within bounds, since what was found is no more than what was ordered.
                back += line.net - line.net.cumulative(*found, ordered).unwrap_or(line.net);
            }
        }
        if back > Money::ZERO {
            effects.push(OrderEffect::Refund { amount: back });
        }
        let picked = Self {
            state: OrderState::Picked,
            found: Some(found),
            refunded: self.refunded + back,
            ..self.clone()
        };
        Ok((picked, effects))
    }

    /// What was found of each line.
    fn found_of(&self, short: &[(u32, i64)]) -> Result<Vec<i64>, OrderRefusal> {
        let mut found: Vec<i64> = self.lines.iter().map(|line| line.quantity.thousandths()).collect();
        for (number, thousandths) in short {
            let index = self.lines.iter().position(|line| line.number == *number);
            let index = index.ok_or(OrderRefusal::Line(*number))?;
            let ordered = self.lines[index].quantity.thousandths();
            if !(0..=ordered).contains(thousandths) {
                return Err(OrderRefusal::Found { line: *number, found: *thousandths, ordered });
            }
            found[index] = *thousandths;
        }
        if found.iter().all(|found| *found == 0) { Err(OrderRefusal::Nothing) } else { Ok(found) }
    }

    fn hand_over(&self, code: &str) -> Result<(Self, Vec<OrderEffect>), OrderRefusal> {
        if code != self.code {
            return Err(OrderRefusal::Code);
        }
        match self.state {
            OrderState::Picked => {
                let handed = Self { state: OrderState::HandedOver, ..self.clone() };
                let effects = handed.each(|sku, thousandths| OrderEffect::Leave { sku, thousandths });
                Ok((handed, effects))
            }
            OrderState::HandedOver => Ok(self.unchanged()),
            OrderState::Placed | OrderState::Paid | OrderState::Accepted | OrderState::Cancelled => {
                Err(self.out_of_turn())
            }
        }
    }

    fn cancel(&self, reason: &str) -> Result<(Self, Vec<OrderEffect>), OrderRefusal> {
        if !is_text(reason) {
            return Err(OrderRefusal::Text);
        }
        match self.state {
            OrderState::Placed => Ok((Self { state: OrderState::Cancelled, ..self.clone() }, Vec::new())),
            OrderState::Paid | OrderState::Accepted | OrderState::Picked => {
                let kept = self.kept();
                let mut effects = self.each(|sku, thousandths| OrderEffect::Release { sku, thousandths });
                if kept > Money::ZERO {
                    effects.push(OrderEffect::Refund { amount: kept });
                }
                let refunded = self.refunded + kept;
                Ok((Self { state: OrderState::Cancelled, refunded, ..self.clone() }, effects))
            }
            OrderState::Cancelled => Ok(self.unchanged()),
            OrderState::HandedOver => Err(self.out_of_turn()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(number: u32, thousandths: i64, net: i64) -> OrderLine {
        OrderLine {
            number,
            sku: format!("sku{number}"),
            quantity: Quantity::from_thousandths(thousandths).expect("a quantity"),
            net: Money::from_minor(net),
            tax_rate: TaxRate::from_basis_points(1_300).expect("a rate"),
        }
    }

    fn placed() -> Order {
        let lines = vec![line(1, 3_000, 1_000), line(2, 500, 333)];
        Order::place(lines, Money::from_minor(1_333), "PICK-42".into()).expect("an order")
    }

    fn pay() -> OrderAct {
        OrderAct::Pay { amount: Money::from_minor(1_333), reference: "W1".into() }
    }

    fn hand_over() -> OrderAct {
        OrderAct::HandOver { code: "PICK-42".into() }
    }

    fn after(acts: &[OrderAct]) -> Order {
        acts.iter().fold(placed(), |order, act| order.step(act).expect("its turn").0)
    }

    #[test]
    fn an_order_goes_from_the_channel_to_the_customer() {
        let (paid, effects) = placed().step(&pay()).expect("paid");
        let reserve = |sku: &str, thousandths| OrderEffect::Reserve { sku: sku.into(), thousandths };
        assert_eq!(effects, [reserve("sku1", 3_000), reserve("sku2", 500)]);
        let picked = after(&[pay(), OrderAct::Accept, OrderAct::Pick { short: Vec::new() }]);
        let (handed, effects) = picked.step(&hand_over()).expect("handed over");
        let leave = |sku: &str, thousandths| OrderEffect::Leave { sku: sku.into(), thousandths };
        assert_eq!(effects, [leave("sku1", 3_000), leave("sku2", 500)]);
        assert_eq!((handed.state(), handed.kept()), (OrderState::HandedOver, Money::from_minor(1_333)));
        assert_eq!(paid.state(), OrderState::Paid);
    }

    #[test]
    fn what_is_not_found_is_paid_back_by_the_lines_own_net() {
        let accepted = after(&[pay(), OrderAct::Accept]);
        let (picked, effects) =
            accepted.step(&OrderAct::Pick { short: vec![(1, 1_000), (2, 0)] }).expect("picked");
        let release = |sku: &str, thousandths| OrderEffect::Release { sku: sku.into(), thousandths };
        // A third of 10.00 is 3.33: 6.67 of it and all of 3.33 come back.
        let refund = OrderEffect::Refund { amount: Money::from_minor(1_000) };
        assert_eq!(effects, [release("sku1", 2_000), release("sku2", 500), refund]);
        assert_eq!(picked.kept(), Money::from_minor(333));
        let (_, effects) = picked.step(&hand_over()).expect("handed over");
        assert_eq!(effects, [OrderEffect::Leave { sku: "sku1".into(), thousandths: 1_000 }]);
        let (cancelled, effects) =
            picked.step(&OrderAct::Cancel { reason: "late".into() }).expect("cancelled");
        assert_eq!(effects[1], OrderEffect::Refund { amount: Money::from_minor(333) });
        assert_eq!(cancelled.kept(), Money::ZERO);
    }

    #[test]
    fn what_makes_no_sense_says_why() {
        let refuse = |order: &Order, act: OrderAct| order.step(&act).expect_err("refused");
        let accepted = after(&[pay(), OrderAct::Accept]);
        let state = OrderState::Placed;
        assert_eq!(refuse(&placed(), OrderAct::Accept), OrderRefusal::OutOfTurn { state });
        let short = OrderAct::Pay { amount: Money::from_minor(1), reference: "W1".into() };
        let due = OrderRefusal::Amount { due: Money::from_minor(1_333), paid: Money::from_minor(1) };
        assert_eq!(refuse(&placed(), short), due);
        let other = OrderAct::Pay { amount: Money::from_minor(1_333), reference: "W2".into() };
        assert_eq!(refuse(&accepted, other), OrderRefusal::Otherwise);
        let pick = |short| OrderAct::Pick { short };
        assert_eq!(refuse(&accepted, pick(vec![(9, 1)])), OrderRefusal::Line(9));
        let found = OrderRefusal::Found { line: 1, found: 3_001, ordered: 3_000 };
        assert_eq!(refuse(&accepted, pick(vec![(1, 3_001)])), found);
        assert_eq!(refuse(&accepted, pick(vec![(1, 0), (2, 0)])), OrderRefusal::Nothing);
        let wrong = OrderAct::HandOver { code: "PICK-43".into() };
        assert_eq!(refuse(&accepted, wrong), OrderRefusal::Code);
        let handed = after(&[pay(), OrderAct::Accept, pick(Vec::new()), hand_over()]);
        let late = OrderAct::Cancel { reason: "late".into() };
        assert_eq!(refuse(&handed, late), OrderRefusal::OutOfTurn { state: OrderState::HandedOver });
    }

    #[test]
    fn an_order_adds_up_or_is_not_placed() {
        let place = |lines: Vec<OrderLine>, total, code: &str| {
            Order::place(lines, Money::from_minor(total), code.into()).expect_err("refused")
        };
        assert_eq!(place(vec![], 0, "PICK-42"), PlaceRefusal::Lines);
        assert_eq!(place(vec![line(1, 1, 5), line(1, 1, 5)], 10, "PICK-42"), PlaceRefusal::Number(1));
        assert_eq!(place(vec![line(1, 1, -5)], -5, "PICK-42"), PlaceRefusal::Net(1));
        assert_eq!(place(vec![line(1, 1, 5)], 6, "PICK-42"), PlaceRefusal::Total(5));
        assert_eq!(place(vec![line(1, 1, 5)], 5, "12345"), PlaceRefusal::Code);
    }

    fn any_act() -> impl Strategy<Value = OrderAct> {
        prop_oneof![
            (0..2_000i64, 0..3u8).prop_map(|(amount, number)| OrderAct::Pay {
                amount: Money::from_minor(if number == 0 { amount } else { 1_333 }),
                reference: format!("W{number}"),
            }),
            Just(OrderAct::Accept),
            prop::collection::vec((0..4u32, -1..3_002i64), 0..3).prop_map(|short| OrderAct::Pick { short }),
            (0..2u8).prop_map(|wrong| OrderAct::HandOver {
                code: if wrong == 0 { "PICK-42".into() } else { "PICK-41".into() },
            }),
            (0..2u8).prop_map(|empty| OrderAct::Cancel { reason: "x".repeat(usize::from(empty)) }),
        ]
    }

    proptest! {
        /// Whatever is asked in whatever order: nothing panics, money that came
        /// in is kept or paid back, goods that were reserved are released or
        /// leave, and what was done is done once.
        #[test]
        fn whatever_is_done_the_books_come_out_even(acts in prop::collection::vec(any_act(), 0..30)) {
            let mut order = placed();
            let (mut reserved, mut refunded) = (0i64, Money::ZERO);
            for act in acts {
                let Ok((next, effects)) = order.step(&act) else { continue };
                prop_assert_eq!(next.step(&act).map(|(_, effects)| effects.len()).ok(), Some(0));
                for effect in effects {
                    match effect {
                        OrderEffect::Reserve { thousandths, .. } => reserved += thousandths,
                        OrderEffect::Release { thousandths, .. } | OrderEffect::Leave { thousandths, .. } => {
                            reserved -= thousandths;
                        }
                        OrderEffect::Refund { amount } => refunded += amount,
                    }
                }
                order = next;
                prop_assert_eq!(order.refunded(), refunded);
                let held: i64 = (0..order.lines().len()).map(|index| order.quantity(index)).sum();
                match order.state() {
                    OrderState::Placed | OrderState::HandedOver | OrderState::Cancelled => {
                        prop_assert_eq!(reserved, 0);
                    }
                    OrderState::Paid | OrderState::Accepted | OrderState::Picked => {
                        prop_assert_eq!(reserved, held);
                        prop_assert_eq!(order.kept() + order.refunded(), order.total());
                    }
                }
                if order.state() == OrderState::Cancelled {
                    prop_assert_eq!(order.kept(), Money::ZERO);
                }
            }
        }
    }
}
