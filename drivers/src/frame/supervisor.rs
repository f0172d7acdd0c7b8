//! One supervised thread for one device: a bounded queue in, health to look at, events out, the line opened again
//! whenever it is lost. What is said on the line is the [`Device`]'s.
//!
//! A device that hangs holds up nobody but its own thread: [`Supervised::submit`] puts a command into the queue or
//! refuses it, and every command ends exactly once, at the latest a little after its deadline.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Backoff, Deadline, FAILED, Health, RETRY_PAUSE_FIRST, RETRY_PAUSE_MAX, lock, supervise};

/// Most commands that wait for one device unless configured otherwise.
pub const COMMAND_QUEUE_MAX: usize = 16;

/// The line to the device is gone, or the device is not what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Lost(pub String);

impl From<std::io::Error> for Lost {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Whether a command may be carried out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Twice is as good as once: it is tried again until its deadline when the line is lost.
    Safe,
    /// Once its first byte may have left it is never sent again by itself.
    Never,
}

/// How a command ended; each ends exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending<A> {
    /// The device answered.
    Answered(A),
    /// Its deadline passed. Nothing was done, or nothing that may not be done twice.
    Expired,
    /// A newer command took its place in the queue; nothing was sent.
    Superseded,
    /// The driver was stopped first; nothing was sent.
    Stopped,
    /// It was sent and not answered, and may have been carried out. A person looks.
    InDoubt,
}

/// What a supervised device tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<A, E> {
    /// The device's health changed.
    Health(Health),
    /// The first byte of this command is about to leave. Comes again when it is repeated.
    Started {
        /// The command's number.
        id: u64,
    },
    /// This command is over.
    Ended {
        /// The command's number.
        id: u64,
        /// How it ended.
        ending: Ending<A>,
    },
    /// The device had something to say unasked.
    News(E),
}

/// What is said on one kind of line.
///
/// Every method returns within a bounded time: reads and writes wait for ticks, and loops look at
/// [`Desk::is_stopping`].
pub trait Device: Send + 'static {
    /// An open line.
    type Line;
    /// What it can be asked to do.
    type Command: Send + 'static;
    /// What it answers.
    type Answer: Send + 'static;
    /// What it says unasked.
    type Event: Send + 'static;

    /// Opens the line.
    ///
    /// # Errors
    /// It cannot be opened now; it is tried again after a pause.
    fn open(&mut self) -> Result<Self::Line, Lost>;

    /// Carries out a command. `None` where no answer came before `until`.
    ///
    /// [`Desk::begin`] is called before the first byte leaves.
    ///
    /// # Errors
    /// The line was lost.
    fn carry_out(
        &mut self,
        line: &mut Self::Line,
        command: &Self::Command,
        until: Deadline,
        desk: &mut Desk<'_, Self::Answer, Self::Event>,
    ) -> Result<Option<Self::Answer>, Lost>;

    /// Looks after the line while nothing is asked, and reports the health; gives the pause until the next look.
    ///
    /// # Errors
    /// The line was lost.
    fn idle(
        &mut self,
        line: &mut Self::Line,
        desk: &mut Desk<'_, Self::Answer, Self::Event>,
    ) -> Result<Duration, Lost>;

    /// Whether `newer` makes `older`, which still waits or is in hand, pointless.
    fn supersedes(newer: &Self::Command, older: &Self::Command) -> bool {
        let _ = (newer, older);
        false
    }
}

/// How a device is supervised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supervision {
    /// Most commands that wait.
    pub queue_max: usize,
    /// The first pause after a failed try to open.
    pub retry_pause_first: Duration,
    /// The longest such pause.
    pub retry_pause_max: Duration,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            queue_max: COMMAND_QUEUE_MAX,
            retry_pause_first: RETRY_PAUSE_FIRST,
            retry_pause_max: RETRY_PAUSE_MAX,
        }
    }
}

/// The bounded queue has no room; nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ask device: queue is full")]
pub struct QueueFull;

/// A health and when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How the device is.
    pub health: Health,
    /// Since when, on this machine's steady clock.
    pub since: Instant,
}

/// A device's health, to look at from any thread at any time.
#[derive(Debug, Clone)]
pub struct HealthWatch {
    shared: Arc<(Mutex<Standing>, Condvar)>,
}

impl Default for HealthWatch {
    fn default() -> Self {
        let standing = Standing { health: Health::Unknown, since: Instant::now() };
        Self { shared: Arc::new((Mutex::new(standing), Condvar::new())) }
    }
}

impl HealthWatch {
    /// How the device is now, and since when.
    pub fn now(&self) -> Standing {
        lock(&self.shared.0).clone()
    }

    /// Waits until the health is as wanted, at most `wait`; gives what it is then.
    pub fn wait_until(&self, wait: Duration, wanted: impl Fn(&Health) -> bool) -> Standing {
        let guard = lock(&self.shared.0);
        let waited = self.shared.1.wait_timeout_while(guard, wait, |standing| !wanted(&standing.health));
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Notes a health; says whether it is another one.
    pub(crate) fn set(&self, health: Health) -> bool {
        let mut standing = lock(&self.shared.0);
        if standing.health == health {
            return false;
        }
        *standing = Standing { health, since: Instant::now() };
        drop(standing);
        self.shared.1.notify_all();
        true
    }
}

/// A device with its thread; dropping it ends the thread.
pub struct Supervised<D: Device> {
    shared: Arc<Shared<D::Command>>,
    superseded: Arc<dyn Fn(Vec<u64>) + Send + Sync>,
    watch: HealthWatch,
    ended: Receiver<()>,
}

impl<D: Device> std::fmt::Debug for Supervised<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supervised").field("health", &self.watch.now().health).finish_non_exhaustive()
    }
}

impl<D: Device> Supervised<D> {
    /// Starts the thread. `on_told` is called from it (and, where a command takes the place of another, from the thread
    /// that submits) and should only pass on what it is given.
    pub fn spawn(
        device: D,
        supervision: Supervision,
        on_told: impl Fn(Told<D::Answer, D::Event>) + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue { waiting: VecDeque::new(), in_hand: None, stopping: false }),
            changed: Condvar::new(),
            queue_max: supervision.queue_max,
        });
        let on_told: Arc<Listener<D>> = Arc::new(on_told);
        let watch = HealthWatch::default();
        let (end, ended) = sync_channel::<()>(1);
        let mut worker = Worker {
            device,
            shared: Arc::clone(&shared),
            on_told: Arc::clone(&on_told),
            watch: watch.clone(),
            backoff: Backoff::new(supervision.retry_pause_first, supervision.retry_pause_max),
        };
        thread::spawn(move || {
            let _end = end;
            worker.supervise();
        });
        let superseded = Arc::new(move |ids: Vec<u64>| {
            for id in ids {
                on_told(Told::Ended { id, ending: Ending::Superseded });
            }
        });
        Self { shared, superseded, watch, ended }
    }

    /// Queues a command. Returns at once, however the device is; how it went comes as the end of `id`.
    ///
    /// # Errors
    /// As many commands as may wait do so already.
    pub fn submit(
        &self,
        id: u64,
        command: D::Command,
        repeat: Repeat,
        deadline: Duration,
    ) -> Result<(), QueueFull> {
        let superseded = self.shared.change(|queue| {
            let mut superseded = Vec::new();
            queue.waiting.retain(|order| {
                let stays = !D::supersedes(&command, &order.command);
                if !stays {
                    superseded.push(order.id);
                }
                stays
            });
            if queue.waiting.len() + usize::from(queue.in_hand.is_some()) >= self.shared.queue_max {
                return (superseded, Err(QueueFull));
            }
            let until = Deadline::after(deadline);
            queue.waiting.push_back(Order { id, command, repeat, until });
            (superseded, Ok(()))
        });
        (self.superseded)(superseded.0);
        superseded.1
    }

    /// How the device is.
    pub fn watch(&self) -> HealthWatch {
        self.watch.clone()
    }

    /// How many commands wait, the one in hand included.
    pub fn waiting(&self) -> usize {
        let queue = lock(&self.shared.queue);
        queue.waiting.len() + usize::from(queue.in_hand.is_some())
    }

    /// Ends the thread and waits for that, at most `wait`; says whether it has ended. What still waits is stopped.
    pub fn stop(self, wait: Duration) -> bool {
        self.shared.change(|queue| queue.stopping = true);
        // The thread never sends: the channel closes when it ends.
        matches!(self.ended.recv_timeout(wait), Err(RecvTimeoutError::Disconnected))
    }
}

impl<D: Device> Drop for Supervised<D> {
    fn drop(&mut self) {
        self.shared.change(|queue| queue.stopping = true);
    }
}

type Listener<D> = dyn Fn(Told<<D as Device>::Answer, <D as Device>::Event>) + Send + Sync;

struct Order<C> {
    id: u64,
    command: C,
    repeat: Repeat,
    until: Deadline,
}

/// The command that the thread works at.
#[derive(Debug, Clone, Copy)]
struct InHand {
    id: u64,
    repeat: Repeat,
    begun: bool,
}

struct Queue<C> {
    waiting: VecDeque<Order<C>>,
    in_hand: Option<InHand>,
    stopping: bool,
}

struct Shared<C> {
    queue: Mutex<Queue<C>>,
    changed: Condvar,
    queue_max: usize,
}

impl<C> Shared<C> {
    fn change<T>(&self, change: impl FnOnce(&mut Queue<C>) -> T) -> T {
        let result = change(&mut lock(&self.queue));
        self.changed.notify_all();
        result
    }

    /// Sleeps until something waits that did not, or a stop, or `pause` is over.
    fn sleep(&self, pause: Duration, known: usize) {
        let waited = self.changed.wait_timeout_while(lock(&self.queue), pause, |queue| {
            !queue.stopping && queue.waiting.len() <= known
        });
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// What a [`Device`] at work may do towards its callers.
pub struct Desk<'a, A, E> {
    on_told: &'a (dyn Fn(Told<A, E>) + Send + Sync),
    watch: &'a HealthWatch,
    stopping: &'a dyn Fn() -> bool,
    superseded: &'a dyn Fn() -> bool,
    sleep: &'a dyn Fn(Duration),
    begin: &'a dyn Fn(),
}

impl<A, E> Desk<'_, A, E> {
    /// Says how the device is; heard of where it changed.
    pub fn report(&mut self, health: Health) {
        if self.watch.set(health.clone()) {
            (self.on_told)(Told::Health(health));
        }
    }

    /// Says something unasked.
    pub fn emit(&mut self, event: E) {
        (self.on_told)(Told::News(event));
    }

    /// Whether the driver is to end.
    pub fn is_stopping(&self) -> bool {
        (self.stopping)()
    }

    /// Whether a command waits that makes the one in hand pointless; one that may be repeated ends then as superseded,
    /// when the device gives no answer to it.
    pub fn is_superseded(&self) -> bool {
        (self.superseded)()
    }

    /// Sleeps, less where the driver is to end.
    pub fn sleep(&self, pause: Duration) {
        (self.sleep)(pause);
    }

    /// Notes that the first byte of the command in hand is about to leave.
    pub fn begin(&mut self) {
        (self.begin)();
    }
}

struct Worker<D: Device> {
    device: D,
    shared: Arc<Shared<D::Command>>,
    on_told: Arc<Listener<D>>,
    watch: HealthWatch,
    backoff: Backoff,
}

impl<D: Device> Worker<D> {
    /// Runs until told to stop; a panic (a defect of ours or of the listener) ends the command in hand, not the driver.
    fn supervise(&mut self) {
        let recover = |worker: &mut Self| {
            worker.end_in_hand();
            worker.report(Health::Offline { reason: FAILED.to_owned() });
        };
        let pause = |worker: &mut Self| {
            let pause = worker.backoff.next_pause();
            worker.shared.sleep(pause, usize::MAX);
            // Told to stop, it runs once more and ends what waits.
            false
        };
        supervise(self, Self::run, recover, pause);
    }

    fn run(&mut self) {
        self.report(Health::Connecting);
        while !self.is_stopping() {
            let lost = match self.device.open() {
                Ok(mut line) => self.serve(&mut line),
                Err(lost) => Err(lost),
            };
            let Err(Lost(reason)) = lost else { break };
            if self.is_stopping() {
                break;
            }
            self.report(Health::Offline { reason });
            self.pause();
        }
        let left: Vec<u64> =
            self.shared.change(|queue| queue.waiting.drain(..).map(|order| order.id).collect());
        for id in left {
            self.end(id, Ending::Stopped);
        }
    }

    /// Sleeps until the next try to open, and ends what becomes too old meanwhile.
    fn pause(&mut self) {
        let pause = Deadline::after(self.backoff.next_pause());
        loop {
            self.end_expired();
            let Some(left) = pause.remaining() else { return };
            let next = self.shared.change(|queue| {
                let soonest = queue.waiting.iter().filter_map(|order| order.until.remaining()).min();
                (soonest.unwrap_or(left).min(left), queue.waiting.len())
            });
            self.shared.sleep(next.0, next.1);
            if self.is_stopping() {
                return;
            }
        }
    }

    /// Works on an open line until it is lost or a stop is asked for.
    fn serve(&mut self, line: &mut D::Line) -> Result<(), Lost> {
        while !self.is_stopping() {
            self.end_expired();
            let order = self.shared.change(|queue| {
                let order = queue.waiting.pop_front()?;
                queue.in_hand = Some(InHand { id: order.id, repeat: order.repeat, begun: false });
                Some(order)
            });
            if let Some(order) = order {
                self.carry_out(line, order)?;
                continue;
            }
            let pause = self.with_desk(|_| false, |device, desk| device.idle(line, desk))?;
            // A line that was opened and answers is a success; only then do pauses start over.
            self.backoff.reset();
            self.shared.sleep(pause, 0);
        }
        Ok(())
    }

    fn carry_out(&mut self, line: &mut D::Line, order: Order<D::Command>) -> Result<(), Lost> {
        let superseded = |queue: &Queue<D::Command>| {
            queue.waiting.iter().any(|waiting| D::supersedes(&waiting.command, &order.command))
        };
        let done = self
            .with_desk(superseded, |device, desk| device.carry_out(line, &order.command, order.until, desk));
        match done {
            Ok(Some(answer)) => {
                self.shared.change(|queue| queue.in_hand = None);
                self.backoff.reset();
                self.end(order.id, Ending::Answered(answer));
                Ok(())
            }
            Ok(None) if order.repeat == Repeat::Safe && superseded(&lock(&self.shared.queue)) => {
                self.shared.change(|queue| queue.in_hand = None);
                self.end(order.id, Ending::Superseded);
                Ok(())
            }
            Ok(None) => {
                self.end_in_hand();
                Ok(())
            }
            Err(lost) => {
                let again = self.shared.change(|queue| {
                    let begun = queue.in_hand.is_some_and(|in_hand| in_hand.begun);
                    let again = order.repeat == Repeat::Safe || !begun;
                    if again {
                        queue.in_hand = None;
                        queue.waiting.push_front(order);
                    }
                    again
                });
                if !again {
                    self.end_in_hand();
                }
                Err(lost)
            }
        }
    }

    /// Ends the command in hand, of which no answer came.
    fn end_in_hand(&self) {
        if let Some(in_hand) = self.shared.change(|queue| queue.in_hand.take()) {
            let ending = match in_hand.repeat {
                Repeat::Never if in_hand.begun => Ending::InDoubt,
                Repeat::Never | Repeat::Safe => Ending::Expired,
            };
            self.end(in_hand.id, ending);
        }
    }

    fn end_expired(&self) {
        let expired: Vec<u64> = self.shared.change(|queue| {
            let mut expired = Vec::new();
            queue.waiting.retain(|order| {
                let over = order.until.has_passed();
                if over {
                    expired.push(order.id);
                }
                !over
            });
            expired
        });
        for id in expired {
            self.end(id, Ending::Expired);
        }
    }

    fn end(&self, id: u64, ending: Ending<D::Answer>) {
        (self.on_told)(Told::Ended { id, ending });
    }

    fn report(&self, health: Health) {
        if self.watch.set(health.clone()) {
            (self.on_told)(Told::Health(health));
        }
    }

    fn is_stopping(&self) -> bool {
        lock(&self.shared.queue).stopping
    }

    fn with_desk<T>(
        &mut self,
        superseded: impl Fn(&Queue<D::Command>) -> bool,
        act: impl FnOnce(&mut D, &mut Desk<'_, D::Answer, D::Event>) -> T,
    ) -> T {
        let shared = &self.shared;
        let on_told = &self.on_told;
        let mut desk = Desk {
            on_told: on_told.as_ref(),
            watch: &self.watch,
            stopping: &|| lock(&shared.queue).stopping,
            superseded: &|| superseded(&lock(&shared.queue)),
            sleep: &|pause| shared.sleep(pause, usize::MAX),
            begin: &|| {
                let id = shared.change(|queue| {
                    queue.in_hand.as_mut().map(|in_hand| {
                        in_hand.begun = true;
                        in_hand.id
                    })
                });
                if let Some(id) = id {
                    on_told(Told::Started { id });
                }
            },
        };
        act(&mut self.device, &mut desk)
    }
}

#[cfg(test)]
mod tests;
