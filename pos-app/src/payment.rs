//! The till's payments by code at the wallets' terminals: orders made of payments, states told as answers. Which delays a
//! wallet has, and what is in doubt, is decided elsewhere.

use std::sync::mpsc::SyncSender;

use domain::payment::{Answer, Payment, Purpose};
use domain::record::Record;
use domain::tender::{Tender, Wallet};
use drivers::frame::supervisor::{HealthWatch, Told};
use drivers::payment::{
    BeginError, Order, OrderNumber, PaymentCode, Provider, Refund, State, Terminal, TerminalConfig,
    TerminalEvent, TerminalTold,
};

use crate::config::{Config, DeviceError, Paths};
use crate::lane::{Event, OpenLane};

/// Orders share the terminals' numbers of commands; nobody waits for the end of one.
const COMMAND: u64 = 0;

/// What a wallet is to be asked about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The till's own number of it.
    pub payment: u64,
    /// Whom.
    pub wallet: Wallet,
    /// About which order.
    pub order: Order,
    /// The payment that money goes back to, and what it was, where that is known; `None` for a charge.
    pub back_to: Option<(OrderNumber, Option<i64>)>,
    /// What.
    pub act: Act,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Charge the customer whose code this is.
    Charge(PaymentCode),
    /// How it stands.
    Query,
    /// Take it back.
    Reverse,
    /// Give money back.
    Refund,
}

/// Whether this lane has a terminal for a wallet.
pub fn takes(config: &Config, wallet: Wallet) -> bool {
    match wallet {
        Wallet::WeChat => config.payment.wechat.is_some(),
        Wallet::Alipay => config.payment.alipay.is_some(),
        Wallet::Card => config.payment.card,
        Wallet::UnionPay => false,
    }
}

/// The order of a payment: its number is made of store, lane, the epoch that it was begun in and the payment's own, and so
/// used once in the world of this merchant. `None` where the store's code cannot stand in it.
pub fn order_of(open: &OpenLane, config: &Config, payment: &Payment) -> Option<Order> {
    let identity = open.journal().identity();
    Some(Order {
        number: number_of(
            &identity.store,
            identity.lane,
            payment.epoch.unwrap_or(identity.epoch),
            payment.number,
        )?,
        amount_minor: payment.amount.minor(),
        currency: open.settings().currency.code.clone(),
        subject: config.payment.subject.clone(),
        terminal: identity.lane.to_string(),
    })
}

/// The order that a refund gives money back to, and what it was: the open basket's own was taken back as a whole, and that
/// of a sale of this lane stands in its journal. What another lane took, the wallet is asked. `None` for a charge.
pub fn back_to(open: &OpenLane, payment: &Payment) -> Option<(OrderNumber, Option<i64>)> {
    let identity = open.journal().identity();
    let Purpose::Refund { origin, payment: of } = &payment.purpose else { return None };
    let Some(origin) = origin else {
        let number = number_of(&identity.store, identity.lane, identity.epoch, *of)?;
        return Some((number, Some(payment.amount.minor())));
    };
    let number = number_of(&origin.store, origin.lane, origin.epoch, *of)?;
    let is_ours =
        origin.store == identity.store && origin.lane == identity.lane && origin.epoch == identity.epoch;
    Some((number, if is_ours { total_of(open, origin.seq, *of) } else { None }))
}

/// What a payment of a sale of this lane was, minor units.
fn total_of(open: &OpenLane, sale: u64, payment: u64) -> Option<i64> {
    let Record::SaleCompleted { sale } = open.journal().record(sale).ok()?.record else { return None };
    sale.tenders.iter().find_map(|tender| match tender {
        Tender::Wallet { payment: number, amount, .. } if *number == payment => Some(amount.minor()),
        Tender::Wallet { .. }
        | Tender::Cash(_)
        | Tender::ForeignCash { .. }
        | Tender::Voucher { .. }
        | Tender::StoredValue(_) => None,
    })
}

fn number_of(
    store: &str,
    lane: impl std::fmt::Display,
    epoch: impl std::fmt::Display,
    payment: u64,
) -> Option<OrderNumber> {
    OrderNumber::parse(&format!("{store}-{lane}-{epoch}-{payment}")).ok()
}

/// The terminals of a lane.
pub struct Terminals {
    wechat: Option<Terminal>,
    alipay: Option<Terminal>,
    events: SyncSender<Event>,
}

impl Terminals {
    /// Starts the terminals that are configured. One that cannot be set up is told to the technician and left out: the lane
    /// sells without it.
    pub fn start(paths: &Paths, config: &Config, events: &SyncSender<Event>) -> Self {
        let wechat = config.payment.wechat.as_ref().and_then(|account| {
            set_up("wechat", account.driver(paths), |account| spawn(account, events.clone()))
        });
        let alipay = config.payment.alipay.as_ref().and_then(|account| {
            set_up("alipay", account.driver(paths), |account| spawn(account, events.clone()))
        });
        Self { wechat, alipay, events: events.clone() }
    }

    /// Asks what the till wants asked. Returns at once; answers come as events.
    pub fn ask(&self, ask: Ask) {
        let terminal = match ask.wallet {
            Wallet::WeChat => self.wechat.as_ref(),
            Wallet::Alipay => self.alipay.as_ref(),
            Wallet::UnionPay | Wallet::Card => None,
        };
        let answer = match terminal {
            Some(terminal) => put(terminal, &ask),
            // Nothing was sent, and of what was sent before nobody knows.
            None => Some(match ask.act {
                Act::Charge(_) | Act::Refund => Answer::Declined { reason: "terminal not set up".to_owned() },
                Act::Query | Act::Reverse => Answer::Unknown,
            }),
        };
        if let Some(answer) = answer {
            let _ = self.events.try_send(Event::Payment { number: ask.payment, answer });
        }
    }

    /// How the terminals are.
    pub fn watches(&self) -> Vec<(&'static str, HealthWatch)> {
        let watch = |name, terminal: &Option<Terminal>| terminal.as_ref().map(|one| (name, one.watch()));
        [watch("wechat", &self.wechat), watch("alipay", &self.alipay)].into_iter().flatten().collect()
    }
}

fn set_up<T>(
    wallet: &'static str,
    account: Result<T, DeviceError>,
    spawn: impl FnOnce(T) -> Result<Terminal, DeviceError>,
) -> Option<Terminal> {
    account
        .and_then(spawn)
        .inspect_err(|error| tracing::error!(wallet, error = %error, "no payment by code"))
        .ok()
}

fn spawn(account: impl Provider, events: SyncSender<Event>) -> Result<Terminal, DeviceError> {
    let wallet = account.name();
    Ok(Terminal::spawn(account, TerminalConfig::default(), move |told| hear(wallet, told, &events))?)
}

/// Puts it to a terminal; gives the answer where none will come.
fn put(terminal: &Terminal, ask: &Ask) -> Option<Answer> {
    let number = &ask.order.number;
    let open = terminal.open_order();
    if let Some(other) = open.as_ref().filter(|other| *other != number) {
        // The journal keeps what is in doubt; the terminal takes it up again when it is asked about.
        terminal.set_aside(other);
    }
    let is_open = open.as_ref() == Some(number);
    if let Some((of, total_minor)) = &ask.back_to {
        let refund = Refund { order: ask.order.clone(), of: of.clone(), total_minor: *total_minor };
        let taken = match ask.act {
            Act::Refund => terminal.refund(COMMAND, refund),
            Act::Query if is_open => terminal.query(COMMAND, number.clone()).map_err(BeginError::from),
            Act::Query => terminal.resume_refund(COMMAND, refund),
            // Neither is asked of money that goes back.
            Act::Charge(_) | Act::Reverse => return Some(Answer::Unknown),
        };
        // It is owed, and sent later under the same number: the till asks again.
        return taken.err().map(|_| Answer::Unknown);
    }
    let taken: Result<(), BeginError> = match &ask.act {
        Act::Charge(code) => terminal.begin(COMMAND, ask.order.clone(), code.clone()),
        Act::Query if is_open => terminal.query(COMMAND, number.clone()).map_err(BeginError::from),
        Act::Query | Act::Refund => terminal.resume(COMMAND, ask.order.clone()),
        Act::Reverse => {
            let known = if is_open { Ok(()) } else { terminal.resume(COMMAND, ask.order.clone()) };
            known.and_then(|()| Ok(terminal.give_up(COMMAND, number.clone())?))
        }
    };
    let refused = taken.err()?;
    Some(match ask.act {
        Act::Charge(_) => Answer::Declined { reason: refused.to_string() },
        Act::Query | Act::Reverse | Act::Refund => Answer::Unknown,
    })
}

/// What a terminal tells, as the till's answers.
fn hear(wallet: &'static str, told: TerminalTold, events: &SyncSender<Event>) {
    match told {
        Told::Health(health) => tracing::info!(wallet, ?health, "payment terminal"),
        Told::Started { .. } | Told::Ended { .. } => {}
        Told::News(TerminalEvent::Order { number, state, note }) => {
            tracing::info!(wallet, order = %number, ?state, note, "payment");
            let own = number.as_str().rsplit('-').next().and_then(|text| text.parse().ok());
            let Some(own) = own else { return };
            for answer in answers(state) {
                // A closed queue means that the lane has ended; the journal knows what is open.
                let _ = events.send(Event::Payment { number: own, answer });
            }
        }
    }
}

/// A state of the terminal in the till's words.
fn answers(state: State) -> Vec<Answer> {
    match state {
        State::Submitted | State::Reversing => Vec::new(),
        State::WaitingUser => vec![Answer::Waiting],
        State::Unknown | State::InDoubt => vec![Answer::Unknown],
        State::Paid { reference } => vec![Answer::Paid { reference }],
        State::Declined { reason } => vec![Answer::Declined { reason }],
        State::Closed => vec![Answer::Closed],
        State::Reversed => vec![Answer::Reversed],
        // The first ends what the till waits for, the second what it was taking back.
        State::PaidAfterAll { reference } => {
            vec![Answer::Paid { reference: reference.clone() }, Answer::NotReversed { reference }]
        }
    }
}
