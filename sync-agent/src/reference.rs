//! The thread that alone writes `reference.db`.
//!
//! Pages of one pull stay in one open transaction; what the lane wants to
//! know of its agent is written between pulls, the newest only.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ledger::reference::shelf::ShelfChanges;
use ledger::reference::staging::Staging;
use ledger::reference::{AgentState, Position, ReferenceError, ReferenceWriter, Update};
use protocol::pull::Change;
use tokio::sync::oneshot;
use tracing::{debug, warn};

use crate::core::Opening;

/// Orders that wait at one time; the shell gives one at a time and some saves.
const ORDERS_MAX: usize = 8;

/// A WAL file of more bytes is emptied: a full pull makes one, and labels that
/// are heard do in minutes.
pub const WAL_BYTES_TIDIED: u64 = 16 << 20;

/// How long is waited for each reader that is in the way: a till that serves
/// nobody moves on every second.
const TIDY_WAIT: Duration = Duration::from_millis(2_500);

/// One that did not let go, since it has a basket open, is not waited for again
/// before this.
const TIDY_AGAIN: Duration = Duration::from_secs(30);

/// What the lane is told of its agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// How far HQ has the journal; `None` before HQ said so.
    pub position: Option<Position>,
    /// When HQ last answered, milliseconds UTC; `None` before it did.
    pub contact_ms: Option<i64>,
    /// By how much this machine's clock is ahead of HQ's, milliseconds; `None` before HQ said what time it is.
    pub apart_ms: Option<i64>,
    /// Why a person must look.
    pub alarm: Option<String>,
}

type Answer<T> = oneshot::Sender<Result<T, WriteError>>;

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file did not take it.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// It goes on with a transaction that is not open, or the other way round.
    #[error("write the reference: the order does not fit the transaction")]
    NoTransaction,
}

enum Order {
    Page { opening: Opening, changes: Vec<Change>, answer: Answer<bool> },
    Commit { version: u64, answer: Answer<()> },
    Abandon { answer: oneshot::Sender<()> },
    PutIn { staging: Box<Staging>, version: u64, answer: Answer<()> },
    Save(Saved),
    Shelf(Box<Written>),
}

/// What is to be written of labels, and who waits for it.
struct Written {
    changes: ShelfChanges,
    answer: SyncSender<Result<(), WriteError>>,
}

/// The writer of the reference.
#[derive(Debug)]
pub struct ReferenceDesk {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    state: AgentState,
    is_outdated: bool,
}

/// The thread has ended; it does only when the desk is closed or it crashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ask the writer of the reference: it has ended")]
pub struct Ended;

impl ReferenceDesk {
    /// Opens or makes the file, and begins to take orders. Refuses while
    /// another process writes it.
    pub fn open(path: &Path) -> Result<Self, ReferenceError> {
        let writer = ReferenceWriter::open(path)?;
        let state = writer.state()?;
        let is_outdated = writer.is_outdated()?;
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        let wal = PathBuf::from(wal);
        let (orders, taken) = sync_channel(ORDERS_MAX);
        let desk = Desk { writer, wal, waiting: Waiting::default(), tidy_from: Instant::now() };
        let thread = std::thread::spawn(move || { desk }.work(&taken));
        Ok(Self { orders: Some(orders), thread: Some(thread), state, is_outdated })
    }

    /// What was known when the file was opened.
    pub fn state(&self) -> &AgentState {
        &self.state
    }

    /// Whether, when the file was opened, all of it had to be pulled again.
    pub fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    /// Writes a page into the transaction, and says whether one is open then.
    /// On an error none is.
    pub async fn page(
        &self,
        opening: Opening,
        changes: Vec<Change>,
    ) -> Result<Result<bool, WriteError>, Ended> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Page { opening, changes, answer })?;
        answered.await.map_err(|_| Ended)
    }

    /// Commits the transaction as a version. On an error it is rolled back.
    pub async fn commit(&self, version: u64) -> Result<Result<(), WriteError>, Ended> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Commit { version, answer })?;
        answered.await.map_err(|_| Ended)
    }

    /// Rolls the transaction back.
    pub async fn abandon(&self) -> Result<(), Ended> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Abandon { answer })?;
        answered.await.map_err(|_| Ended)
    }

    /// Puts a finished reference in the place of everything that is there, as a
    /// version. On an error everything is as it was.
    pub async fn put_in(&self, staging: Staging, version: u64) -> Result<Result<(), WriteError>, Ended> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::PutIn { staging: Box::new(staging), version, answer })?;
        answered.await.map_err(|_| Ended)
    }

    /// Says what the lane is told from now on. While the thread is behind it
    /// is not taken; the caller says it again.
    pub fn save(&self, saved: Saved) -> Result<bool, Ended> {
        use std::sync::mpsc::TrySendError;
        match self.orders.as_ref().ok_or(Ended)?.try_send(Order::Save(saved)) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(_)) => Ok(false),
            Err(TrySendError::Disconnected(_)) => Err(Ended),
        }
    }

    /// Writes what was found out about labels, between two pulls. Blocks until
    /// it is written.
    pub fn write_shelf(&self, changes: ShelfChanges) -> Result<Result<(), WriteError>, Ended> {
        let (answer, answered) = sync_channel(1);
        self.order(Order::Shelf(Box::new(Written { changes, answer })))?;
        answered.recv().map_err(|_| Ended)
    }

    fn order(&self, order: Order) -> Result<(), Ended> {
        // Each reconciler has one order under way, so there is room.
        self.orders.as_ref().ok_or(Ended)?.send(order).map_err(|_| Ended)
    }

    /// Rolls back what is open, writes what is to be saved, and closes the
    /// file. Blocks until that is done.
    pub fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A crashed thread has left its words on stderr.
            let _ = thread.join();
        }
    }
}

impl Drop for ReferenceDesk {
    fn drop(&mut self) {
        self.end();
    }
}

struct Desk {
    writer: ReferenceWriter,
    wal: PathBuf,
    waiting: Waiting,
    /// When readers may be waited for.
    tidy_from: Instant,
}

/// To be written when no transaction is open.
#[derive(Default)]
struct Waiting {
    saved: Option<Saved>,
    /// In their order; who gave one waits for it.
    shelf: Vec<Written>,
}

/// Whether more orders can come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Orders {
    MayCome,
    Ended,
}

impl Desk {
    fn work(&mut self, orders: &Receiver<Order>) {
        // An answer that nobody waits for any more is dropped, here and below.
        while let Ok(order) = orders.recv() {
            let mut then = Orders::MayCome;
            match order {
                Order::Page { opening: Opening::Continue, answer, .. } => {
                    let _ = answer.send(Err(WriteError::NoTransaction));
                }
                Order::Page { opening: Opening::Begin, changes, answer } if changes.is_empty() => {
                    let _ = answer.send(Ok(false));
                }
                Order::Page { opening, changes, answer } => {
                    then = self.pull(orders, opening, &changes, answer);
                }
                Order::Commit { version, answer } => {
                    let done = self.writer.begin().and_then(|update| update.commit(version));
                    let _ = answer.send(done.map_err(WriteError::from));
                }
                Order::Abandon { answer } => {
                    let _ = answer.send(());
                }
                Order::PutIn { staging, version, answer } => {
                    let _ = answer.send(self.writer.put_in(*staging, version).map_err(WriteError::from));
                }
                Order::Save(saved) => self.waiting.saved = Some(saved),
                Order::Shelf(written) => self.waiting.shelf.push(*written),
            }
            self.write_saved();
            for Written { changes, answer } in std::mem::take(&mut self.waiting.shelf) {
                let _ = answer.send(self.writer.write_shelf(&changes).map_err(WriteError::from));
            }
            self.tidy();
            if then == Orders::Ended {
                return;
            }
        }
    }

    /// Empties the log where it has become large.
    fn tidy(&mut self) {
        let wal_bytes = std::fs::metadata(&self.wal).map_or(0, |metadata| metadata.len());
        if wal_bytes <= WAL_BYTES_TIDIED || Instant::now() < self.tidy_from {
            return;
        }
        match self.writer.tidy_within(TIDY_WAIT) {
            Ok(true) => return,
            Ok(false) => debug!(wal_bytes, "the WAL stays, a reader is in the way"),
            Err(error) => debug!(%error, "the WAL stays"),
        }
        self.tidy_from = Instant::now() + TIDY_AGAIN;
    }

    /// Takes orders with a transaction open, from a pull's first page to its
    /// end. Every way out that does not commit rolls back.
    fn pull(
        &mut self,
        orders: &Receiver<Order>,
        opening: Opening,
        changes: &[Change],
        answer: Answer<bool>,
    ) -> Orders {
        match begin(&mut self.writer, opening, changes) {
            Ok(update) => {
                let _ = answer.send(Ok(true));
                take_pages(update, orders, &mut self.waiting)
            }
            Err(error) => {
                let _ = answer.send(Err(error.into()));
                Orders::MayCome
            }
        }
    }

    fn write_saved(&mut self) {
        let Some(saved) = self.waiting.saved.take() else { return };
        let written = match (saved.position, saved.contact_ms) {
            (Some(position), Some(contact_ms)) => self.writer.set_position(position, contact_ms),
            (None, Some(contact_ms)) => self.writer.set_contact(contact_ms),
            (Some(_) | None, None) => Ok(()),
        };
        let written =
            written.and_then(|()| saved.apart_ms.map_or(Ok(()), |apart_ms| self.writer.set_apart(apart_ms)));
        if let Err(error) = written.and_then(|()| self.writer.set_alarm(saved.alarm.as_deref())) {
            warn!(%error, "the lane is not told of its agent");
        }
    }
}

fn begin<'w>(
    writer: &'w mut ReferenceWriter,
    opening: Opening,
    changes: &[Change],
) -> Result<Update<'w>, ReferenceError> {
    let update = writer.begin()?;
    if opening == Opening::BeginAnew {
        update.clear()?;
    }
    apply(&update, changes)?;
    Ok(update)
}

/// Takes orders while a transaction is open.
fn take_pages(update: Update<'_>, orders: &Receiver<Order>, waiting: &mut Waiting) -> Orders {
    loop {
        match orders.recv() {
            Err(RecvError) => return Orders::Ended,
            Ok(Order::Save(newer)) => waiting.saved = Some(newer),
            Ok(Order::Shelf(written)) => waiting.shelf.push(*written),
            Ok(Order::Page { opening: Opening::Continue, changes, answer }) => {
                let applied = apply(&update, &changes);
                let is_lost = applied.is_err();
                let _ = answer.send(applied.map(|()| true).map_err(WriteError::from));
                if is_lost {
                    return Orders::MayCome;
                }
            }
            Ok(Order::Page { opening: Opening::Begin | Opening::BeginAnew, answer, .. }) => {
                let _ = answer.send(Err(WriteError::NoTransaction));
                return Orders::MayCome;
            }
            Ok(Order::PutIn { answer, .. }) => {
                let _ = answer.send(Err(WriteError::NoTransaction));
                return Orders::MayCome;
            }
            Ok(Order::Commit { version, answer }) => {
                let _ = answer.send(update.commit(version).map_err(WriteError::from));
                return Orders::MayCome;
            }
            Ok(Order::Abandon { answer }) => {
                drop(update);
                let _ = answer.send(());
                return Orders::MayCome;
            }
        }
    }
}

fn apply(update: &Update<'_>, changes: &[Change]) -> Result<(), ReferenceError> {
    changes.iter().try_for_each(|change| update.apply(change))
}

#[cfg(test)]
mod tests;
