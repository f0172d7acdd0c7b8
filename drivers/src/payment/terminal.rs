//! The thread that asks one wallet: sends what an order's course wants asked, and tells what became of it.

use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::blocking::Client;
use reqwest::{Certificate, Identity, Url};
use ring::rand::{SecureRandom, SystemRandom};

use super::course::{Course, Question, State};
use super::provider::{Provider, Reply, Request, Stamp};
use super::refund::{Refund, RefundCourse, RefundReply};
use super::{Order, OrderNumber, PaymentCode};
use crate::frame::supervisor::{
    Desk, Device, HealthWatch, Lost, QueueFull, Repeat, Supervised, Supervision, Told,
};
use crate::frame::{Deadline, Health, lock};

/// Most bytes of an answer; true ones have two or three thousand.
pub const ANSWER_BYTES_MAX: u64 = 64 * 1_024;
/// How long a person's question may wait for the thread, which may have an answer of its own to wait for.
const COMMAND_DEADLINE: Duration = Duration::from_secs(60);

/// How a terminal is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalConfig {
    /// How often an idle terminal looks whether the wallet can be reached.
    pub look_interval: Duration,
    /// How long a connection may take.
    pub connect_deadline: Duration,
    /// Queue and pauses.
    pub supervision: Supervision,
}

impl Default for TerminalConfig {
    fn default() -> Self {
        Self {
            look_interval: Duration::from_secs(30),
            connect_deadline: Duration::from_secs(3),
            supervision: Supervision::default(),
        }
    }
}

/// What a terminal tells unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalEvent {
    /// Where the open order stands now.
    Order {
        /// Our number of it.
        number: OrderNumber,
        /// Where it stands.
        state: State,
        /// What the wallet or the line said, for the technician; empty where all went well.
        note: String,
    },
}

/// How a terminal answers a command: where the order stood when it was taken. What becomes of it is told by
/// [`TerminalEvent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalAnswer {
    /// It is on its way.
    Taken {
        /// Where it stood.
        state: State,
    },
    /// The terminal does not know this order: it has to be taken up again with [`Terminal::resume`].
    NotOpen,
}

/// Why an order was not begun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// Another one has no end yet; a second charge might be a second payment.
    #[error("begin payment: {0} is open; settle it first")]
    AnotherIsOpen(OrderNumber),
    /// Nothing to pay.
    #[error("begin payment: the amount must be above nothing")]
    NothingToPay,
    /// The queue is full.
    #[error("begin payment: the terminal is busy")]
    Busy(#[from] QueueFull),
}

/// What a terminal's thread reports.
pub type TerminalTold = Told<TerminalAnswer, TerminalEvent>;

/// A wallet's terminal with its thread; dropping it ends the thread, not the order.
#[derive(Debug)]
pub struct Terminal {
    supervised: Supervised<TerminalDevice>,
    open: Arc<Mutex<Option<Open>>>,
}

/// The order that has no end yet.
#[derive(Debug, Clone)]
struct Open {
    number: OrderNumber,
    in_doubt: bool,
}

/// What the thread is asked to do.
pub struct TerminalCommand(Act);

enum Act {
    Begin(Box<Order>, PaymentCode),
    Resume(Box<Order>),
    Refund(Box<Refund>),
    ResumeRefund(Box<Refund>),
    Query(OrderNumber),
    GiveUp(OrderNumber),
}

impl Terminal {
    /// Starts the thread. `on_told` is called from it and should only pass on what it is given.
    ///
    /// # Errors
    /// The merchant's certificate is none.
    pub fn spawn(
        provider: impl Provider,
        config: TerminalConfig,
        on_told: impl Fn(TerminalTold) + Send + Sync + 'static,
    ) -> Result<Self, Lost> {
        let open = Arc::new(Mutex::new(None));
        let device = TerminalDevice {
            lines: Lines::new(&provider, config)?,
            provider: Box::new(provider),
            config,
            begun_at: Instant::now(),
            current: None,
            open: Arc::clone(&open),
            looked: None,
        };
        Ok(Self { supervised: Supervised::spawn(device, config.supervision, on_told), open })
    }

    /// Asks about an order that nobody has made, signed as any other, and waits for the answer: [`Reply::NotFound`] says
    /// that the wallet knows the merchant and the keys of both fit.
    ///
    /// # Errors
    /// The merchant's certificate is none, or the wallet is not reached.
    pub fn try_keys(provider: &impl Provider, config: TerminalConfig) -> Result<Reply, Lost> {
        let stamp = stamp();
        // Random, so that it is nobody's; shop numbers have no such form.
        let number = format!("TRY-{}", stamp.nonce.chars().take(24).collect::<String>());
        let order = Order {
            number: OrderNumber::parse(&number).map_err(|error| Lost(error.to_string()))?,
            amount_minor: 1,
            currency: "CNY".to_owned(),
            subject: String::new(),
            terminal: "0".to_owned(),
        };
        let request = provider.request(Question::Query, &order, None, &stamp);
        let body = Lines::new(provider, config)?.send(&request, provider.policy().answer_ms)?;
        Ok(provider.reply(Question::Query, &order, &body))
    }

    /// Charges an order whose number is on the caller's disk. Returns at once.
    ///
    /// # Errors
    /// Another order is open, or there is nothing to pay. Nothing was or will be sent.
    pub fn begin(&self, id: u64, order: Order, code: PaymentCode) -> Result<(), BeginError> {
        if order.amount_minor <= 0 {
            return Err(BeginError::NothingToPay);
        }
        self.claim(&order.number)?;
        let number = order.number.clone();
        self.submit(id, Act::Begin(Box::new(order), code)).inspect_err(|_| self.release(&number))?;
        Ok(())
    }

    /// Takes an order up again that was begun before a stop, or by another terminal: it is asked about, never charged.
    ///
    /// # Errors
    /// Another order is open.
    pub fn resume(&self, id: u64, order: Order) -> Result<(), BeginError> {
        self.claim(&order.number)?;
        let number = order.number.clone();
        self.submit(id, Act::Resume(Box::new(order))).inspect_err(|_| self.release(&number))?;
        Ok(())
    }

    /// Gives money back under a number of its own, which is on the caller's disk; the refund is the open order then.
    ///
    /// # Errors
    /// Another order is open, or there is nothing to give back. Nothing was or will be sent.
    pub fn refund(&self, id: u64, refund: Refund) -> Result<(), BeginError> {
        self.take_refund(id, refund, Act::Refund)
    }

    /// Takes a refund up again: it is asked about first, and sent under its number where the wallet has never heard of it.
    ///
    /// # Errors
    /// Another order is open.
    pub fn resume_refund(&self, id: u64, refund: Refund) -> Result<(), BeginError> {
        self.take_refund(id, refund, Act::ResumeRefund)
    }

    fn take_refund(&self, id: u64, refund: Refund, act: fn(Box<Refund>) -> Act) -> Result<(), BeginError> {
        if refund.order.amount_minor <= 0 {
            return Err(BeginError::NothingToPay);
        }
        self.claim(&refund.order.number)?;
        let number = refund.order.number.clone();
        self.submit(id, act(Box::new(refund))).inspect_err(|_| self.release(&number))?;
        Ok(())
    }

    /// Asks now how an order stands, also one in doubt.
    ///
    /// # Errors
    /// The terminal is busy.
    pub fn query(&self, id: u64, number: OrderNumber) -> Result<(), QueueFull> {
        self.submit(id, Act::Query(number))
    }

    /// Takes an order back as soon as the wallet allows, also one in doubt. A refund is not taken back.
    ///
    /// # Errors
    /// The terminal is busy.
    pub fn give_up(&self, id: u64, number: OrderNumber) -> Result<(), QueueFull> {
        self.submit(id, Act::GiveUp(number))
    }

    /// The order that has no end yet.
    pub fn open_order(&self) -> Option<OrderNumber> {
        lock(&self.open).as_ref().map(|open| open.number.clone())
    }

    /// Makes room beside an order in doubt, which the caller keeps among its own and takes up again by
    /// [`resume`](Self::resume); for another customer's money, never for the same. Whether it was one in doubt.
    pub fn set_aside(&self, number: &OrderNumber) -> bool {
        lock(&self.open).take_if(|open| open.in_doubt && open.number == *number).is_some()
    }

    /// How the wallet can be reached.
    pub fn watch(&self) -> HealthWatch {
        self.supervised.watch()
    }

    /// Ends the thread and waits for that, at most `wait`; says whether it has ended.
    pub fn stop(self, wait: Duration) -> bool {
        self.supervised.stop(wait)
    }

    fn submit(&self, id: u64, act: Act) -> Result<(), QueueFull> {
        // Taking an order in is not charging it: that happens once, by its course.
        self.supervised.submit(id, TerminalCommand(act), Repeat::Safe, COMMAND_DEADLINE)
    }

    fn claim(&self, number: &OrderNumber) -> Result<(), BeginError> {
        let mut open = lock(&self.open);
        match open.as_ref() {
            Some(other) => Err(BeginError::AnotherIsOpen(other.number.clone())),
            None => {
                *open = Some(Open { number: number.clone(), in_doubt: false });
                Ok(())
            }
        }
    }

    fn release(&self, number: &OrderNumber) {
        lock(&self.open).take_if(|open| open.number == *number);
    }
}

/// The talk with one wallet.
pub struct TerminalDevice {
    provider: Box<dyn Provider>,
    lines: Lines,
    config: TerminalConfig,
    begun_at: Instant,
    current: Option<Current>,
    open: Arc<Mutex<Option<Open>>>,
    looked: Option<Instant>,
}

struct Current {
    number: OrderNumber,
    errand: Errand,
}

/// What a terminal is at.
enum Errand {
    Charge {
        order: Order,
        /// Only until the charge has left.
        code: Option<PaymentCode>,
        course: Course,
    },
    Refund {
        refund: Refund,
        course: RefundCourse,
    },
}

impl Errand {
    fn state(&self) -> &State {
        match self {
            Self::Charge { course, .. } => course.state(),
            Self::Refund { course, .. } => course.state(),
        }
    }

    fn deadline(&self) -> Option<i64> {
        match self {
            Self::Charge { course, .. } => course.deadline(),
            Self::Refund { course, .. } => course.deadline(),
        }
    }

    fn query(&mut self, now_ms: i64) {
        match self {
            Self::Charge { course, .. } => course.query(now_ms),
            Self::Refund { course, .. } => course.query(now_ms),
        }
    }

    fn give_up(&mut self, now_ms: i64) {
        match self {
            Self::Charge { course, .. } => course.give_up(now_ms),
            // Money that is owed is not taken back.
            Self::Refund { .. } => {}
        }
    }

    /// Asks what is to be asked now, by `send`; what was met and whether the state changed, where anything was asked.
    fn ask(
        &mut self,
        provider: &dyn Provider,
        mut now_ms: impl FnMut() -> i64,
        send: impl FnOnce(&Request) -> Result<Vec<u8>, Lost>,
    ) -> Option<Asked> {
        match self {
            Self::Charge { order, code, course } => {
                let question = course.poll(now_ms())?;
                // The code leaves once and is forgotten.
                let code = code.take().filter(|_| question == Question::Charge);
                let answered = send(&provider.request(question, order, code.as_ref(), &stamp()));
                let reply = match &answered {
                    Ok(body) => provider.reply(question, order, body),
                    Err(Lost(reason)) => Reply::Unknown { note: reason.clone() },
                };
                let changed = course.handle(now_ms(), &reply);
                let note = match reply {
                    Reply::Unknown { note } => note,
                    Reply::Paid { .. }
                    | Reply::Declined { .. }
                    | Reply::Waiting
                    | Reply::Closed
                    | Reply::NotFound
                    | Reply::Reversed
                    | Reply::NotReversed { .. } => String::new(),
                };
                Some(Asked { changed, note, lost: answered.err() })
            }
            Self::Refund { refund, course } => {
                let question = course.poll(now_ms())?;
                refund.total_minor = course.total_minor();
                let answered = send(&provider.refund_request(question, refund, &stamp()));
                let reply = match &answered {
                    Ok(body) => provider.refund_reply(question, refund, body),
                    Err(Lost(reason)) => RefundReply::Unknown { note: reason.clone() },
                };
                let changed = course.handle(now_ms(), &reply);
                let note = match reply {
                    RefundReply::Unknown { note } => note,
                    RefundReply::Worth { .. }
                    | RefundReply::Done { .. }
                    | RefundReply::Underway
                    | RefundReply::Refused { .. }
                    | RefundReply::NotFound => String::new(),
                };
                Some(Asked { changed, note, lost: answered.err() })
            }
        }
    }
}

/// What came of a question.
struct Asked {
    changed: bool,
    note: String,
    lost: Option<Lost>,
}

type TerminalDesk<'a, 'b> = &'a mut Desk<'b, TerminalAnswer, TerminalEvent>;

impl Device for TerminalDevice {
    type Line = ();
    type Command = TerminalCommand;
    type Answer = TerminalAnswer;
    type Event = TerminalEvent;

    fn open(&mut self) -> Result<(), Lost> {
        // Each question has a connection of its own; what cannot be reached is said when it is met.
        Ok(())
    }

    fn carry_out(
        &mut self,
        (): &mut (),
        command: &TerminalCommand,
        _: Deadline,
        desk: TerminalDesk<'_, '_>,
    ) -> Result<Option<TerminalAnswer>, Lost> {
        let policy = self.provider.policy();
        let now_ms = self.now_ms();
        let needs_total = self.provider.refund_needs_total();
        let (number, act): (&OrderNumber, fn(&mut Errand, i64)) = match &command.0 {
            Act::Begin(order, code) => {
                let course = Course::charge(policy, now_ms);
                self.take_up(Errand::Charge { order: (**order).clone(), code: Some(code.clone()), course });
                (&order.number, |_, _| {})
            }
            Act::Resume(order) => {
                let course = Course::resume(policy, now_ms);
                self.take_up(Errand::Charge { order: (**order).clone(), code: None, course });
                (&order.number, |_, _| {})
            }
            Act::Refund(refund) => {
                let course = RefundCourse::begin(policy, refund, needs_total, now_ms);
                self.take_up(Errand::Refund { refund: (**refund).clone(), course });
                (&refund.order.number, |_, _| {})
            }
            Act::ResumeRefund(refund) => {
                let course = RefundCourse::resume(policy, refund, needs_total, now_ms);
                self.take_up(Errand::Refund { refund: (**refund).clone(), course });
                (&refund.order.number, |_, _| {})
            }
            Act::Query(number) => (number, Errand::query),
            Act::GiveUp(number) => (number, Errand::give_up),
        };
        let Some(current) = self.current.as_mut().filter(|current| current.number == *number) else {
            return Ok(Some(TerminalAnswer::NotOpen));
        };
        let before = current.errand.state().clone();
        act(&mut current.errand, now_ms);
        let state = current.errand.state().clone();
        if state != before {
            self.tell(String::new(), desk);
        }
        Ok(Some(TerminalAnswer::Taken { state }))
    }

    fn idle(&mut self, (): &mut (), desk: TerminalDesk<'_, '_>) -> Result<Duration, Lost> {
        // What an answer says of the line is as good as a look.
        if !self.ask(desk) && self.looked.is_none_or(|at| at.elapsed() >= self.config.look_interval) {
            self.look(desk);
        }
        let look =
            self.looked.map_or(Duration::ZERO, |at| self.config.look_interval.saturating_sub(at.elapsed()));
        let now_ms = self.now_ms();
        let deadline = self.current.as_ref().and_then(|current| current.errand.deadline());
        Ok(deadline.map_or(look, |at_ms| {
            look.min(Duration::from_millis(u64::try_from(at_ms - now_ms).unwrap_or(0)))
        }))
    }
}

impl TerminalDevice {
    /// Milliseconds on this machine's steady clock, which nobody sets back.
    fn now_ms(&self) -> i64 {
        milliseconds_since(self.begun_at)
    }

    fn take_up(&mut self, errand: Errand) {
        let number = match &errand {
            Errand::Charge { order, .. } => order.number.clone(),
            Errand::Refund { refund, .. } => refund.order.number.clone(),
        };
        self.current = Some(Current { number, errand });
    }

    /// Asks what the open order wants asked now; whether there was anything.
    fn ask(&mut self, desk: TerminalDesk<'_, '_>) -> bool {
        let (begun_at, lines) = (self.begun_at, &self.lines);
        let answer_ms = self.provider.policy().answer_ms;
        let asked = self.current.as_mut().and_then(|current| {
            current.errand.ask(
                self.provider.as_ref(),
                || milliseconds_since(begun_at),
                |request| lines.send(request, answer_ms),
            )
        });
        let Some(Asked { changed, note, lost }) = asked else { return false };
        self.looked = Some(Instant::now());
        desk.report(match lost {
            None => Health::Ready,
            Some(Lost(reason)) => Health::Offline { reason },
        });
        if changed || !note.is_empty() {
            self.tell(note, desk);
        }
        true
    }

    fn tell(&mut self, note: String, desk: TerminalDesk<'_, '_>) {
        let Some(current) = &self.current else { return };
        let (number, state) = (current.number.clone(), current.errand.state().clone());
        {
            let mut open = lock(&self.open);
            if state.is_end() {
                self.current = None;
                open.take_if(|open| open.number == number);
            } else if let Some(open) = open.as_mut().filter(|open| open.number == number) {
                open.in_doubt = state == State::InDoubt;
            }
        }
        desk.emit(TerminalEvent::Order { number, state, note });
    }

    /// Whether the wallet can be reached: a connection is made and let go.
    fn look(&mut self, desk: TerminalDesk<'_, '_>) {
        self.looked = Some(Instant::now());
        desk.report(match reach(self.provider.base(), self.config.connect_deadline) {
            Ok(()) => Health::Ready,
            Err(Lost(reason)) => Health::Offline { reason },
        });
    }
}

fn milliseconds_since(begun_at: Instant) -> i64 {
    i64::try_from(begun_at.elapsed().as_millis()).unwrap_or(i64::MAX)
}

fn reach(base: &str, deadline: Duration) -> Result<(), Lost> {
    let url = Url::parse(base).map_err(|error| Lost(format!("{base}: {error}")))?;
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(443);
    let failed = |error: &dyn std::fmt::Display| Lost(format!("{host}: {error}"));
    let mut last = failed(&"no such host");
    for address in (host, port).to_socket_addrs().map_err(|error| failed(&error))? {
        match TcpStream::connect_timeout(&address, deadline) {
            Ok(_) => return Ok(()),
            Err(error) => last = failed(&error),
        }
    }
    Err(last)
}

/// The two kinds of connection: with the merchant's certificate and without.
struct Lines {
    plain: Client,
    certified: Option<Client>,
}

impl Lines {
    fn new(provider: &impl Provider, config: TerminalConfig) -> Result<Self, Lost> {
        static CRYPTOGRAPHY: Once = Once::new();
        CRYPTOGRAPHY.call_once(|| {
            // Where the program around it has installed one, that one serves.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        // What goes wrong here may quote the certificate: only the kind of error is kept.
        let failed = |what: &'static str| move |_: reqwest::Error| Lost(what.to_owned());
        let trusted = match provider.authority() {
            None => Vec::new(),
            Some(pem) => Certificate::from_pem_bundle(pem.as_bytes())
                .map_err(failed("read the trusted certificates: PEM is needed"))?,
        };
        let builder = || {
            let builder = Client::builder()
                .tls_certs_merge(trusted.clone())
                .connect_timeout(config.connect_deadline)
                .redirect(reqwest::redirect::Policy::none());
            let local = Url::parse(provider.base())
                .is_ok_and(|url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")));
            if local { builder.no_proxy() } else { builder }
        };
        let certified = match provider.certificate() {
            None => None,
            Some(pem) => {
                let identity = Identity::from_pem(pem.reveal().as_bytes()).map_err(failed(
                    "read the merchant's certificate: PEM of certificate and key is needed",
                ))?;
                let client = builder().identity(identity).build();
                Some(client.map_err(failed("use the merchant's certificate"))?)
            }
        };
        let plain = builder().build().map_err(failed("set up HTTP"))?;
        Ok(Self { plain, certified })
    }

    /// Sends a request and reads the answer, once; nothing is repeated here.
    fn send(&self, request: &Request, answer_ms: i64) -> Result<Vec<u8>, Lost> {
        let client = self.certified.as_ref().filter(|_| request.with_certificate).unwrap_or(&self.plain);
        // An error's own words may hold the address; it is said once, without its query.
        let failed = |error: reqwest::Error| Lost(words(&error.without_url()));
        let answer = client
            .post(&request.url)
            .header("Content-Type", request.content_type)
            .timeout(Duration::from_millis(u64::try_from(answer_ms).unwrap_or(0)))
            .body(request.body.clone())
            .send()
            .map_err(failed)?;
        let status = answer.status();
        let mut body = Vec::new();
        answer
            .take(ANSWER_BYTES_MAX + 1)
            .read_to_end(&mut body)
            .map_err(|error| Lost(format!("the answer broke off: {error}")))?;
        if !status.is_success() {
            return Err(Lost(format!("the wallet answered {status}")));
        }
        if body.len() as u64 > ANSWER_BYTES_MAX {
            return Err(Lost("the answer is too long".to_owned()));
        }
        Ok(body)
    }
}

/// An error with its causes.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

fn stamp() -> Stamp {
    let mut bytes = [0_u8; 16];
    // Without randomness the number of the order still makes the request its own.
    let _ = SystemRandom::new().fill(&mut bytes);
    let nonce = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp { nonce, seconds_utc: i64::try_from(since.as_secs()).unwrap_or(i64::MAX) }
}
