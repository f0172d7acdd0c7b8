//! What a phone's lines cost: a till is stepped through them as if they were scanned at the counter, and its basket is
//! read. So codes, prices, promotions and refusals are the till's own.

use domain::basket::Line;
use domain::catalogue::Catalogue;
use domain::money::Money;
use domain::record::Staff;
use domain::rights::Rights;
use domain::till::kiosk::KioskMessage;
use domain::till::{Context, Effect, Input, Message, Settings, Till};
use protocol::scan_go::PhoneLine;

/// Why goods cannot be bought by phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No goods of this chain have this code.
    Unknown,
    /// The code was read wrongly.
    Misread,
    /// It is no code of goods.
    NotGoods,
    /// It is a payment code: nobody but the till is to see it.
    PaymentCode,
    /// The buyer must be 18, which a person looks at.
    Age,
    /// It is sold at a manned till only.
    Counter,
    /// It must be weighed, and its label says no weight.
    Weigh,
    /// A cashier types its price, or it has none.
    Price,
    /// It may not be sold any more.
    Expired,
    /// The very piece is in the basket already.
    Again,
    /// So much of it is not sold at one time.
    Quantity,
    /// The goods could not be asked.
    Fault,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quoted {
    /// It can be bought: the lines of the basket that it is.
    Lines {
        /// One; several where each piece has a label of its own.
        lines: Vec<Line>,
        /// It is past its best.
        past_best: bool,
    },
    /// It cannot be bought by phone.
    Refused(Why),
}

/// A priced basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What became of each line, in the order in which they were asked.
    pub lines: Vec<Quoted>,
    /// What all that can be bought comes to, with tax that comes on top; before cash rounding.
    pub total: Money,
    /// What list prices came to, less what is to be paid.
    pub saved: Money,
    /// The version of the reference by which it was priced.
    pub version: u64,
}

/// When and where a basket is priced.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
    /// The store's offset from UTC, minutes.
    pub offset_minutes: i32,
}

/// Prices the lines of a phone.
pub fn quote(settings: &Settings, goods: &dyn Catalogue, moment: Moment, wanted: &[PhoneLine]) -> Quote {
    let Moment { now_ms, offset_minutes } = moment;
    let context = Context { now_ms, offset_minutes, catalogue: goods, settings };
    let nobody = Staff { id: "phone".into(), number: String::new(), name: String::new() };
    let sign_in = Input::PinChecked { staff: nobody, rights: Rights::NONE, matches: true };
    let mut till = Till::default().step(&context, sign_in).0;
    let mut numbers: Vec<Result<(Vec<u32>, bool), Why>> = Vec::with_capacity(wanted.len());
    for line in wanted {
        let scanned = scan(&till, &context, line);
        numbers.push(scanned.map(|(next, of_line, past_best)| {
            till = next;
            (of_line, past_best)
        }));
    }
    // A scan is answered by what is found at a glance; what is signed is what a payment would take.
    let till = till.step(&context, Input::Reckon).0;
    let basket = till.basket();
    let lines = numbers.into_iter().map(|of_line| match of_line {
        Ok((numbers, past_best)) => {
            let lines = numbers.iter().filter_map(|number| basket.line(*number).cloned()).collect();
            Quoted::Lines { lines, past_best }
        }
        Err(why) => Quoted::Refused(why),
    });
    Quote {
        lines: lines.collect(),
        total: basket.sums(settings.rules.tax).sold,
        saved: domain::basket::saved(basket.lines()),
        version: goods.version(),
    }
}

/// The till with a line in its basket, the line's numbers there, and whether it is past its best.
fn scan(till: &Till, context: &Context<'_>, wanted: &PhoneLine) -> Result<(Till, Vec<u32>, bool), Why> {
    let (mut next, number, past_best) = scan_one(till, context, &wanted.code)?;
    let mut numbers = vec![number];
    if wanted.pieces > 1 {
        let pieces = i64::from(wanted.pieces);
        let (counted, effects) = next.step(context, Input::SetQuantity { line: number, pieces });
        match told(&effects) {
            // Each piece has a label of its own: it was scanned as often as that.
            Some(Message::QuantityWeighed) => {
                for _ in 1..wanted.pieces {
                    let (another, number, _) = scan_one(&next, context, &wanted.code)?;
                    next = another;
                    numbers.push(number);
                }
            }
            Some(message) => return Err(why(message)),
            None => next = counted,
        }
    }
    Ok((next, numbers, past_best))
}

fn scan_one(till: &Till, context: &Context<'_>, code: &str) -> Result<(Till, u32, bool), Why> {
    let before = till.basket().numbers_given();
    let (next, effects) = till.step(context, Input::Code(code.to_owned()));
    let message = told(&effects);
    let Some(line) = next.basket().lines().last().filter(|line| line.number > before) else {
        return Err(message.map_or(Why::NotGoods, why));
    };
    if line.item.age_restricted {
        return Err(Why::Age);
    }
    let number = line.number;
    let past_best = matches!(message, Some(Message::PastBest { .. }));
    Ok((next, number, past_best))
}

fn told(effects: &[Effect]) -> Option<&Message> {
    effects.iter().find_map(|effect| if let Effect::Tell(message) = effect { Some(message) } else { None })
}

/// What a customer is told for what a cashier would be.
// A till says much that no phone can bring about: all that is no refusal of goods is one here.
#[allow(clippy::wildcard_enum_match_arm)]
fn why(message: &Message) -> Why {
    match message {
        Message::UnknownCode(_) => Why::Unknown,
        Message::Misread(_) | Message::Malformed { .. } | Message::LabelRange(_) => Why::Misread,
        Message::PaymentCode => Why::PaymentCode,
        Message::Expired { .. } => Why::Expired,
        Message::SerialInBasket { .. } => Why::Again,
        Message::AgeRestricted(_) => Why::Age,
        Message::WeightNeeded(_) | Message::NotWeighed { .. } | Message::WeightByScaleOnly(_) => Why::Weigh,
        Message::PriceNeeded(_) | Message::PriceMissing(_) => Why::Price,
        Message::Kiosk(KioskMessage::NotSoldHere(_)) => Why::Counter,
        Message::QuantityRange | Message::BasketFull => Why::Quantity,
        Message::Fault(_) => Why::Fault,
        _ => Why::NotGoods,
    }
}
