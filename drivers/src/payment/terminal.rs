//! The thread that asks one wallet: sends what an order's course wants asked, and tells what became of it.

use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::blocking::Client;
use reqwest::{Identity, Url};
use ring::rand::{SecureRandom, SystemRandom};

use super::course::{Course, Question, State};
use super::provider::{Provider, Reply, Stamp};
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

    /// Asks now how an order stands, also one in doubt.
    ///
    /// # Errors
    /// The terminal is busy.
    pub fn query(&self, id: u64, number: OrderNumber) -> Result<(), QueueFull> {
        self.submit(id, Act::Query(number))
    }

    /// Takes an order back as soon as the wallet allows, also one in doubt.
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
    order: Order,
    /// Only until the charge has left.
    code: Option<PaymentCode>,
    course: Course,
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
        let (number, act): (&OrderNumber, fn(&mut Course, i64)) = match &command.0 {
            Act::Begin(order, code) => {
                let course = Course::charge(policy, now_ms);
                self.current = Some(Current { order: (**order).clone(), code: Some(code.clone()), course });
                (&order.number, |_, _| {})
            }
            Act::Resume(order) => {
                let course = Course::resume(policy, now_ms);
                self.current = Some(Current { order: (**order).clone(), code: None, course });
                (&order.number, |_, _| {})
            }
            Act::Query(number) => (number, Course::query),
            Act::GiveUp(number) => (number, Course::give_up),
        };
        let Some(current) = self.current.as_mut().filter(|current| current.order.number == *number) else {
            return Ok(Some(TerminalAnswer::NotOpen));
        };
        let before = current.course.state().clone();
        act(&mut current.course, now_ms);
        let state = current.course.state().clone();
        if state != before {
            self.tell(String::new(), desk);
        }
        Ok(Some(TerminalAnswer::Taken { state }))
    }

    fn idle(&mut self, (): &mut (), desk: TerminalDesk<'_, '_>) -> Result<Duration, Lost> {
        let now_ms = self.now_ms();
        let question = self.current.as_mut().and_then(|current| current.course.poll(now_ms));
        if let Some(question) = question {
            self.ask(question, desk);
        } else if self.looked.is_none_or(|at| at.elapsed() >= self.config.look_interval) {
            self.look(desk);
        }
        let look =
            self.looked.map_or(Duration::ZERO, |at| self.config.look_interval.saturating_sub(at.elapsed()));
        let now_ms = self.now_ms();
        let deadline = self.current.as_ref().and_then(|current| current.course.deadline());
        Ok(deadline.map_or(look, |at_ms| {
            look.min(Duration::from_millis(u64::try_from(at_ms - now_ms).unwrap_or(0)))
        }))
    }
}

impl TerminalDevice {
    /// Milliseconds on this machine's steady clock, which nobody sets back.
    fn now_ms(&self) -> i64 {
        i64::try_from(self.begun_at.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn ask(&mut self, question: Question, desk: TerminalDesk<'_, '_>) {
        let Some(current) = &mut self.current else { return };
        // The code leaves once and is forgotten.
        let code = if question == Question::Charge { current.code.take() } else { None };
        let request = self.provider.request(question, &current.order, code.as_ref(), &stamp());
        let answered = self.lines.send(&request, self.provider.policy().answer_ms);
        let reply = match &answered {
            Ok(body) => self.provider.reply(question, &current.order, body),
            Err(Lost(reason)) => Reply::Unknown { note: reason.clone() },
        };
        self.looked = Some(Instant::now());
        desk.report(match answered {
            Ok(_) => Health::Ready,
            Err(Lost(reason)) => Health::Offline { reason },
        });
        let now_ms = self.now_ms();
        let Some(current) = &mut self.current else { return };
        let changed = current.course.handle(now_ms, &reply);
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
        if changed || !note.is_empty() {
            self.tell(note, desk);
        }
    }

    fn tell(&mut self, note: String, desk: TerminalDesk<'_, '_>) {
        let Some(current) = &self.current else { return };
        let (number, state) = (current.order.number.clone(), current.course.state().clone());
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
        let builder = || {
            let builder = Client::builder()
                .connect_timeout(config.connect_deadline)
                .redirect(reqwest::redirect::Policy::none());
            let local = Url::parse(provider.base())
                .is_ok_and(|url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")));
            if local { builder.no_proxy() } else { builder }
        };
        // What goes wrong here may quote the certificate: only the kind of error is kept.
        let failed = |what: &'static str| move |_: reqwest::Error| Lost(what.to_owned());
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
    fn send(&self, request: &super::provider::Request, answer_ms: i64) -> Result<Vec<u8>, Lost> {
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
