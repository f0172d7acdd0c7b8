//! The thread that brings documents to one printer (on the network, a serial line or USB), each exactly once as far as anyone can know.
//!
//! - Not a byte sent: the job waits, for ever, in the bounded queue. The printer may be off, out of paper or open.
//! - Sent, with the question `GS r 1` behind it: a printer answers only after printing, so the thread waits for that
//!   answer on the same connection, also through a change of the roll.
//! - The connection lost after the first byte: the printer may still print what it has in its memory, even now. The job
//!   ends in doubt, and a person decides; nothing is ever sent a second time by itself.
//!
//! The drawer does not queue behind paper. Many printers serve one connection at a time, so a pulse goes over the
//! connection that a waiting receipt holds open, or over a short one of its own. It is never repeated, and given up
//! when it comes late: a drawer must not spring open with nobody near.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::connection::{Connection, Patience};
use super::document::{Document, Row};
use super::escpos::{BARRIER, EncodeError, drawer_pulse, encode_with};
use super::picture::Picture;
use super::profile::{DrawerPulse, Profile, StatusSupport};
use super::typeface::Typeface;
use crate::frame::port::{Flow, Port, SerialFrame, SerialSettings, Wire};
use crate::frame::supervisor::{HealthWatch, Lost};
use crate::frame::{Backoff, Deadline, FAILED, Health, Reason, lock, supervise};

/// Most documents waiting for one printer, the one being printed included.
pub const JOB_QUEUE_MAX: usize = 64;
/// Most drawer pulses waiting for one printer.
pub const DRAWER_QUEUE_MAX: usize = 8;

/// Speed of a serial printer unless configured otherwise.
pub const BAUD_DEFAULT: u32 = 19_200;
/// Device files that are serial ports; any other is written as a file.
const SERIAL_PREFIXES: [&str; 3] = ["/dev/tty", "/dev/pts/", "/dev/serial/"];
/// Between two looks at a printer that is waited for.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
/// What a line says that is no printer's; kept apart from a line that was lost.
const GARBLED: &str = "what answers is no printer, or speaks at another speed";

/// Where a printer is and how long to wait for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrinterConfig {
    /// `host:port` (receipt printers listen on port 9100), a serial port such as `/dev/ttyUSB0`, or a USB printer's file
    /// such as `/dev/usb/lp0`.
    pub address: String,
    /// Bits a second on a serial port.
    pub baud: u32,
    /// Who holds back what a serial printer has no room for.
    pub flow: Flow,
    /// What is printed above every document.
    pub logo: Option<Picture>,
    /// Fonts for what the printer's own lacks.
    pub typeface: Option<Arc<Typeface>>,
    /// What the model can do.
    pub profile: Profile,
    /// How long one try to connect may take.
    pub connect_deadline: Duration,
    /// How long an answer about the printer's state may take.
    pub answer_deadline: Duration,
    /// How long a printer that is not waiting for paper may take from the last byte to the end of printing.
    pub confirm_deadline: Duration,
    /// How old a drawer pulse may be when it is sent.
    pub drawer_deadline: Duration,
    /// How often an idle printer is looked at.
    pub look_interval: Duration,
    /// The first pause after a failed try.
    pub retry_pause_first: Duration,
    /// The longest such pause.
    pub retry_pause_max: Duration,
}

impl PrinterConfig {
    /// The usual deadlines for the printer at `address`.
    pub fn new(address: impl Into<String>, profile: Profile) -> Self {
        Self {
            address: address.into(),
            baud: BAUD_DEFAULT,
            flow: Flow::Hardware,
            logo: None,
            typeface: None,
            profile,
            connect_deadline: Duration::from_secs(2),
            answer_deadline: Duration::from_secs(1),
            confirm_deadline: Duration::from_secs(30),
            drawer_deadline: Duration::from_secs(5),
            look_interval: Duration::from_secs(10),
            retry_pause_first: crate::frame::RETRY_PAUSE_FIRST,
            retry_pause_max: crate::frame::RETRY_PAUSE_MAX,
        }
    }
}

impl PrinterConfig {
    /// Opens the line.
    pub(super) fn open(&self) -> Result<Wire, Lost> {
        self.port().open(self.connect_deadline)
    }

    fn port(&self) -> Port {
        let settings =
            SerialSettings { flow: self.flow, ..SerialSettings::new(self.baud, SerialFrame::EIGHT_NONE_ONE) };
        let is_serial = SERIAL_PREFIXES.iter().any(|prefix| self.address.starts_with(prefix));
        if self.address.starts_with('/') && !is_serial {
            Port::File { path: self.address.clone() }
        } else {
            Port::parse(&self.address, settings)
        }
    }
}

/// One document to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The caller's number, repeated in the events about it; drawer pulses share the numbers.
    pub id: u64,
    /// What to print.
    pub document: Document,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The printer says that it is done.
    Confirmed,
    /// Everything was sent to a printer that does not say.
    SentUnconfirmed,
    /// Nothing was sent, and nothing will be.
    Rejected(Rejection),
    /// Some was sent and the connection was lost: it is printed, or will be, or never. A person looks and decides.
    InDoubt,
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The document cannot be encoded.
    #[error(transparent)]
    Unprintable(#[from] EncodeError),
    /// There was no connection in time for a drawer pulse.
    #[error("open drawer: printer not reached: {0}")]
    Unreachable(String),
    /// The printer would open the drawer later, when it is ready again.
    #[error("open drawer: printer waits: {0:?}")]
    Blocked(Reason),
    /// The driver was stopped first.
    #[error("print: driver stopped")]
    Stopped,
}

/// What a printer's thread reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrinterEvent {
    /// The printer's state changed.
    Health(Health),
    /// The first byte of this job is about to be sent. Comes again if not even that byte left.
    JobStarted {
        /// The job's number.
        id: u64,
    },
    /// This job is over.
    JobEnded {
        /// The job's number.
        id: u64,
        /// How it ended.
        outcome: Outcome,
    },
}

/// The bounded queue has no room; nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("submit to printer: queue is full")]
pub struct QueueFull;

/// A printer with its thread; dropping it ends the thread.
#[derive(Debug)]
pub struct Printer {
    shared: Arc<Shared>,
    watch: HealthWatch,
    ended: Receiver<()>,
}

impl Printer {
    /// Starts the thread. `on_event` is called from it and should only pass the event on.
    pub fn spawn(config: PrinterConfig, on_event: impl Fn(PrinterEvent) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let watch = HealthWatch::default();
        let (end, ended) = sync_channel::<()>(1);
        let mut worker = Worker {
            watch: watch.clone(),
            backoff: Backoff::new(config.retry_pause_first, config.retry_pause_max),
            config,
            shared: Arc::clone(&shared),
            on_event: Box::new(on_event),
        };
        thread::spawn(move || {
            let _end = end;
            worker.supervise();
        });
        Self { shared, watch, ended }
    }

    /// How the printer is.
    pub fn watch(&self) -> HealthWatch {
        self.watch.clone()
    }

    /// Queues a document behind those already queued. Returns at once, however the printer is.
    ///
    /// # Errors
    /// [`JOB_QUEUE_MAX`] documents wait already.
    pub fn submit(&self, job: Job) -> Result<(), QueueFull> {
        self.shared.change(|queue| {
            if queue.jobs.len() >= JOB_QUEUE_MAX {
                return Err(QueueFull);
            }
            queue.jobs.push_back(Arc::new(job));
            Ok(())
        })
    }

    /// Opens the drawer, ahead of all documents. Returns at once; how it went comes as the event of job `id`.
    ///
    /// # Errors
    /// [`DRAWER_QUEUE_MAX`] pulses wait already.
    pub fn open_drawer(&self, id: u64) -> Result<(), QueueFull> {
        self.shared.change(|queue| {
            if queue.pulses.len() >= DRAWER_QUEUE_MAX {
                return Err(QueueFull);
            }
            queue.pulses.push_back(Pulse { id, asked: std::time::Instant::now() });
            Ok(())
        })
    }

    /// How many documents wait, the one being printed included.
    pub fn waiting(&self) -> usize {
        lock(&self.shared.queue).jobs.len()
    }

    /// Ends the thread and waits for that, at most `wait`; says whether it has ended. What still waits is rejected.
    pub fn stop(self, wait: Duration) -> bool {
        self.shared.change(|queue| queue.stopping = true);
        // The thread never sends: the channel closes when it ends.
        matches!(self.ended.recv_timeout(wait), Err(RecvTimeoutError::Disconnected))
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.shared.change(|queue| queue.stopping = true);
    }
}

#[derive(Debug, Clone, Copy)]
struct Pulse {
    id: u64,
    asked: std::time::Instant,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Arc<Job>>,
    /// Whether bytes of the first job may have left.
    first_started: bool,
    pulses: VecDeque<Pulse>,
    stopping: bool,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut Queue) -> T) -> T {
        let result = change(&mut lock(&self.queue));
        self.changed.notify_all();
        result
    }

    fn is_stopping(&self) -> bool {
        lock(&self.queue).stopping
    }

    /// Sleeps until `wake` holds or `pause` is over.
    fn sleep_until(&self, pause: Duration, wake: impl Fn(&Queue) -> bool) {
        let waited = self.changed.wait_timeout_while(lock(&self.queue), pause, |queue| !wake(queue));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// What to do next.
enum Work {
    Stop,
    Pulse(Pulse),
    Print(Arc<Job>),
    Look,
}

struct Worker {
    config: PrinterConfig,
    shared: Arc<Shared>,
    on_event: Box<dyn Fn(PrinterEvent) + Send>,
    watch: HealthWatch,
    backoff: Backoff,
}

impl Worker {
    /// Runs until told to stop; a panic (a defect of ours or of the listener) ends the job in hand, not the driver.
    fn supervise(&mut self) {
        let recover = |worker: &mut Self| {
            if lock(&worker.shared.queue).first_started {
                worker.end_first(Outcome::InDoubt);
            }
            worker.report(Health::Offline { reason: FAILED.to_owned() });
        };
        let pause = |worker: &mut Self| {
            let pause = worker.backoff.next_pause();
            worker.shared.sleep_until(pause, |queue| queue.stopping);
            // Told to stop, it runs once more and rejects what waits.
            false
        };
        supervise(self, Self::run, recover, pause);
    }

    fn run(&mut self) {
        self.report(Health::Connecting);
        let mut look = Deadline::after(Duration::ZERO);
        loop {
            match self.next_work(look) {
                Work::Stop => return self.reject_rest(),
                Work::Pulse(pulse) => self.open_drawer(pulse),
                Work::Print(job) => self.print(&job),
                Work::Look => {
                    self.look_when_idle();
                    look = Deadline::after(self.config.look_interval);
                }
            }
        }
    }

    fn next_work(&self, look: Deadline) -> Work {
        loop {
            let mut queue = lock(&self.shared.queue);
            if queue.stopping {
                return Work::Stop;
            }
            if let Some(pulse) = queue.pulses.pop_front() {
                return Work::Pulse(pulse);
            }
            if let Some(job) = queue.jobs.front() {
                return Work::Print(Arc::clone(job));
            }
            drop(queue);
            let Some(pause) = look.remaining() else {
                return Work::Look;
            };
            self.shared.sleep_until(pause, |queue| {
                queue.stopping || !queue.pulses.is_empty() || !queue.jobs.is_empty()
            });
        }
    }

    fn reject_rest(&mut self) {
        let ended: Vec<u64> = self.shared.change(|queue| {
            let jobs = queue.jobs.drain(..).map(|job| job.id);
            jobs.chain(queue.pulses.drain(..).map(|pulse| pulse.id)).collect()
        });
        for id in ended {
            self.emit(PrinterEvent::JobEnded { id, outcome: Outcome::Rejected(Rejection::Stopped) });
        }
    }

    fn emit(&self, event: PrinterEvent) {
        (self.on_event)(event);
    }

    fn report(&mut self, health: Health) {
        if self.watch.set(health.clone()) {
            self.emit(PrinterEvent::Health(health));
        }
    }

    fn end_first(&self, outcome: Outcome) {
        let job = self.shared.change(|queue| {
            queue.first_started = false;
            queue.jobs.pop_front()
        });
        if let Some(job) = job {
            self.emit(PrinterEvent::JobEnded { id: job.id, outcome });
        }
    }

    fn answers(&self) -> bool {
        match self.config.profile.status {
            StatusSupport::Full => true,
            StatusSupport::None => false,
        }
    }

    fn connect(&mut self) -> Result<Connection, Lost> {
        match Connection::open(&self.config) {
            Ok(connection) => {
                self.backoff.reset();
                Ok(connection)
            }
            Err(lost) => {
                self.report(Health::Offline { reason: lost.0.clone() });
                Err(lost)
            }
        }
    }

    /// Nothing could be sent: pauses before the next try, less when a drawer pulse comes.
    fn pause(&mut self) {
        let pause = self.backoff.next_pause();
        self.shared.sleep_until(pause, |queue| queue.stopping || !queue.pulses.is_empty());
    }

    fn look_when_idle(&mut self) {
        let looked = self.connect().and_then(|mut connection| self.look(&mut connection));
        match looked {
            Ok(_) => {}
            Err(Lost(reason)) => {
                self.report(Health::Offline { reason });
                let pause = self.backoff.next_pause();
                self.shared.sleep_until(pause, |queue| {
                    queue.stopping || !queue.pulses.is_empty() || !queue.jobs.is_empty()
                });
            }
        }
    }

    /// Asks the printer how it is and reports it; says whether it answered within the deadline. Printers that never
    /// answer are not asked. What answers without sense is no printer, or one at another speed.
    fn look(&mut self, connection: &mut Connection) -> Result<bool, Lost> {
        if !self.answers() {
            self.report(Health::Unknown);
            return Ok(false);
        }
        if !connection.ask()? {
            return Ok(false);
        }
        let deadline = Deadline::after(self.config.answer_deadline);
        while connection.replies.waiting() > 0 {
            if deadline.has_passed() || self.shared.is_stopping() {
                if connection.replies.is_garbled() && !connection.has_answered {
                    self.report(Health::Degraded(Reason::Garbled));
                }
                return Ok(false);
            }
            connection.listen()?;
        }
        connection.has_answered = true;
        self.report(connection.replies.status.health());
        Ok(true)
    }

    fn print(&mut self, job: &Job) {
        let headed = self.config.logo.as_ref().map(|logo| {
            let mut rows = vec![Row::Picture(logo.clone())];
            rows.extend(job.document.rows.iter().cloned());
            Document { rows }
        });
        let (profile, typeface) = (&self.config.profile, self.config.typeface.as_deref());
        let bytes = match encode_with(headed.as_ref().unwrap_or(&job.document), profile, typeface) {
            Ok(bytes) => bytes,
            Err(error) => return self.end_first(Outcome::Rejected(error.into())),
        };
        let Ok(mut connection) = self.connect() else {
            return self.pause();
        };
        match self.await_ready(&mut connection) {
            Ok(true) => {}
            Ok(false) => return,
            Err(Lost(reason)) => {
                if reason != GARBLED {
                    self.report(Health::Offline { reason });
                }
                return self.pause();
            }
        }
        self.shared.change(|queue| queue.first_started = true);
        self.emit(PrinterEvent::JobStarted { id: job.id });
        let mut sent = 0;
        let outcome = match self
            .send(&mut connection, &bytes, &mut sent)
            .and_then(|()| self.confirm(&mut connection))
        {
            Ok(outcome) => outcome,
            Err(Lost(reason)) => {
                self.report(Health::Offline { reason });
                if sent == 0 {
                    self.shared.change(|queue| queue.first_started = false);
                    return self.pause();
                }
                Outcome::InDoubt
            }
        };
        self.end_first(outcome);
    }

    /// Waits until the printer can print, on an open connection, with nothing sent. `false` when told to stop.
    fn await_ready(&mut self, connection: &mut Connection) -> Result<bool, Lost> {
        loop {
            if !self.look(connection)? {
                if connection.replies.is_garbled() && !connection.has_answered {
                    // Nothing is sent to what is no printer; perhaps one is there at the next try.
                    return Err(Lost(GARBLED.to_owned()));
                }
                // Silent, or of the kind that is never asked: unknown, and sent to all the same.
                self.report(Health::Unknown);
                return Ok(!self.shared.is_stopping());
            }
            if connection.replies.status.blocked().is_none() {
                return Ok(true);
            }
            let pause = Deadline::after(LOOK_PAUSE);
            while !pause.has_passed() {
                self.serve_drawer(connection)?;
                connection.listen()?;
                if self.shared.is_stopping() {
                    return Ok(false);
                }
            }
        }
    }

    fn send(&mut self, connection: &mut Connection, bytes: &[u8], sent: &mut usize) -> Result<(), Lost> {
        let barrier: &[u8] = if self.answers() { BARRIER } else { &[] };
        for part in [bytes, barrier] {
            if part == BARRIER {
                connection.replies.barrier_asked();
            }
            let mut rest = part;
            let mut patience = Patience::new(self.config.confirm_deadline);
            while !rest.is_empty() {
                match connection.wire.write(rest)? {
                    0 => {
                        // A full memory empties once there is paper; the printer says so unasked.
                        connection.listen()?;
                        self.report_unasked(connection);
                        patience.note(connection.replies.status.blocked().is_some());
                        if self.shared.is_stopping() || patience.is_over() {
                            return Err(Lost("the printer takes no more".to_owned()));
                        }
                    }
                    count => {
                        *sent += count;
                        rest = &rest[count..];
                        patience = Patience::new(self.config.confirm_deadline);
                    }
                }
            }
        }
        Ok(())
    }

    /// Reports what the printer said of itself without being asked.
    fn report_unasked(&mut self, connection: &mut Connection) {
        if std::mem::take(&mut connection.replies.said_unasked) {
            self.report(connection.replies.status.health());
        }
    }

    /// Waits on the connection that carried the job until the printer says that it is on paper.
    fn confirm(&mut self, connection: &mut Connection) -> Result<Outcome, Lost> {
        if !self.answers() {
            connection.linger();
            return Ok(Outcome::SentUnconfirmed);
        }
        let mut patience = Patience::new(self.config.confirm_deadline);
        loop {
            let pause = Deadline::after(LOOK_PAUSE);
            while !pause.has_passed() && !connection.replies.printed {
                self.serve_drawer(connection)?;
                connection.listen()?;
                self.report_unasked(connection);
            }
            if connection.replies.printed {
                self.report(connection.replies.status.health());
                return Ok(Outcome::Confirmed);
            }
            if self.shared.is_stopping() {
                return Ok(Outcome::InDoubt);
            }
            let has_answered = self.look(connection)?;
            let is_blocked = connection.replies.status.blocked().is_some();
            if has_answered && is_blocked {
                patience.renew();
            }
            // A printer whose memory is full answers nothing, and has said unasked what it waits for.
            patience.note(is_blocked);
            if patience.is_over() && !connection.replies.printed {
                let fell_silent = connection.has_answered && connection.replies.waiting() > 0;
                if fell_silent {
                    return Err(Lost("the printer stopped answering".to_owned()));
                }
                connection.linger();
                return Ok(Outcome::SentUnconfirmed);
            }
        }
    }

    /// Opens the drawer over a connection of its own.
    fn open_drawer(&mut self, pulse: Pulse) {
        let outcome = if pulse.asked.elapsed() > self.config.drawer_deadline {
            Outcome::Rejected(Rejection::Unreachable("too late".to_owned()))
        } else {
            match self.connect() {
                Err(Lost(reason)) => Outcome::Rejected(Rejection::Unreachable(reason)),
                Ok(mut connection) => match self.look(&mut connection) {
                    Err(Lost(reason)) => Outcome::Rejected(Rejection::Unreachable(reason)),
                    Ok(_) => {
                        let outcome = self.pulse(&mut connection, pulse);
                        connection.linger();
                        outcome
                    }
                },
            }
        };
        self.emit(PrinterEvent::JobEnded { id: pulse.id, outcome });
    }

    /// Opens the drawer over the connection of a document that waits for the printer.
    fn serve_drawer(&mut self, connection: &mut Connection) -> Result<(), Lost> {
        let Some(pulse) = self.shared.change(|queue| queue.pulses.pop_front()) else {
            return Ok(());
        };
        let outcome = if pulse.asked.elapsed() > self.config.drawer_deadline {
            Outcome::Rejected(Rejection::Unreachable("too late".to_owned()))
        } else {
            self.pulse(connection, pulse)
        };
        let lost = outcome == Outcome::InDoubt;
        self.emit(PrinterEvent::JobEnded { id: pulse.id, outcome });
        if lost { Err(Lost("the connection was lost".to_owned())) } else { Ok(()) }
    }

    fn pulse(&mut self, connection: &mut Connection, pulse: Pulse) -> Outcome {
        let kind = self.config.profile.drawer;
        if let (DrawerPulse::Queued, Some(reason)) = (kind, connection.replies.status.blocked()) {
            return Outcome::Rejected(Rejection::Blocked(reason));
        }
        self.emit(PrinterEvent::JobStarted { id: pulse.id });
        if connection.wire.write_all(drawer_pulse(kind)).is_err() {
            return Outcome::InDoubt;
        }
        // Real-time commands are obeyed in order: an answer to a question behind the pulse says that it was obeyed.
        match (kind, self.look(connection)) {
            (DrawerPulse::RealTime, Ok(true)) => Outcome::Confirmed,
            (DrawerPulse::RealTime, Ok(false)) | (DrawerPulse::Queued, Ok(_)) => Outcome::SentUnconfirmed,
            (DrawerPulse::RealTime | DrawerPulse::Queued, Err(Lost(_))) => Outcome::InDoubt,
        }
    }
}
