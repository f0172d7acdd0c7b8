//! The thread that alone writes `reference.db`.
//!
//! Pages of one pull stay in one open transaction; what the lane wants to
//! know of its agent is written between pulls, the newest only.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, sync_channel};
use std::thread::JoinHandle;

use ledger::reference::{AgentState, Position, ReferenceError, ReferenceWriter, Update};
use protocol::pull::Change;
use tokio::sync::oneshot;

use crate::core::Opening;

/// Orders that wait at one time; the shell gives one at a time and some saves.
const ORDERS_MAX: usize = 8;

/// What the lane is told of its agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// How far HQ has the journal; `None` before HQ said so.
    pub position: Option<Position>,
    /// When HQ last answered, milliseconds UTC; `None` before it did.
    pub contact_ms: Option<i64>,
    /// Why a person must look.
    pub alarm: Option<String>,
}

type Answer<T> = oneshot::Sender<Result<T, ReferenceError>>;

enum Order {
    Page { opening: Opening, changes: Vec<Change>, answer: Answer<bool> },
    Commit { version: u64, answer: Answer<()> },
    Abandon { answer: oneshot::Sender<()> },
    Save(Saved),
}

/// The writer of the reference.
#[derive(Debug)]
pub struct ReferenceDesk {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    state: AgentState,
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
        let (orders, taken) = sync_channel(ORDERS_MAX);
        let thread = std::thread::spawn(move || Desk { writer, saved: None }.work(&taken));
        Ok(Self { orders: Some(orders), thread: Some(thread), state })
    }

    /// What was known when the file was opened.
    pub fn state(&self) -> &AgentState {
        &self.state
    }

    /// Writes a page into the transaction, and says whether one is open then.
    /// On an error none is.
    pub async fn page(&self, opening: Opening, changes: Vec<Change>) -> Result<Result<bool, ReferenceError>, Ended> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Page { opening, changes, answer })?;
        answered.await.map_err(|_| Ended)
    }

    /// Commits the transaction as a version. On an error it is rolled back.
    pub async fn commit(&self, version: u64) -> Result<Result<(), ReferenceError>, Ended> {
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
    /// To be written when no transaction is open.
    saved: Option<Saved>,
}

/// How a transaction ended.
enum End {
    Closed,
    Desk,
}

impl Desk {
    fn work(&mut self, orders: &Receiver<Order>) {
        while let Ok(order) = orders.recv() {
            let end = match order {
                Order::Page { opening: Opening::Continue, answer, .. } => {
                    // Its transaction was lost with an error that was told.
                    let lost = rusqlite_misuse();
                    let _ = answer.send(Err(lost));
                    End::Closed
                }
                Order::Page { opening: Opening::Begin, changes, answer } if changes.is_empty() => {
                    let _ = answer.send(Ok(false));
                    End::Closed
                }
                Order::Page { opening, changes, answer } => {
                    self.transaction(orders, opening == Opening::BeginAnew, &changes, answer)
                }
                Order::Commit { version, answer } => {
                    let done = self.writer.begin().and_then(|update| update.commit(version));
                    let _ = answer.send(done);
                    End::Closed
                }
                Order::Abandon { answer } => {
                    let _ = answer.send(());
                    End::Closed
                }
                Order::Save(saved) => {
                    self.saved = Some(saved);
                    End::Closed
                }
            };
            self.write_saved();
            match end {
                End::Closed => {}
                End::Desk => return,
            }
        }
    }
}
