//! Does what the core says: HTTP and disk. Decides nothing.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::label::LabelNumber;
use drivers::esl::Flash;
use ledger::journal::Identity;
use ledger::reference::{Position, ReferenceError};
use protocol::ask::{Answer, HQ_ANSWER_WITHIN_MS, LabelNotAsked, Question};
use protocol::chain::ChainHash;
use protocol::pull::Entity;
use protocol::push::{PushAnswer, PushRefusal};
use protocol::shelf::ShelfReport;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;
use tracing::{debug, error, info, warn};

#[cfg(unix)]
use crate::asking::{self, Answers};
use crate::core::{
    Action, Beginning, Copying, Core, Filed, Input, Intervals, Opening, PullAction, PullFailure, PullInput,
    PushAction, PushFailure, PushInput, Status,
};
use crate::hq::{self, ConnectError, Hq, LaneKey, PageTold, RequestError};
use crate::journal::{JournalError, LaneJournal};
use crate::labels::LabelsConfig;
use crate::labels::keeper::{KeeperConfig, LabelKeeper, Order};
use crate::pictures::{self, Pictures};
use crate::place::{Place, PlaceError};
use crate::reference::{Ended, ReferenceDesk, Saved, WriteError};
use crate::snapshot::{Coming, TakeError};

/// How often the journal is asked whether it changed: how late a sale begins
/// its way to HQ.
const NUDGE_INTERVAL: Duration = Duration::from_millis(200);

/// Ends of actions that wait at one time; there are at most two.
const INPUTS_MAX: usize = 16;

/// How long the lane's questions wait for HQ.
const ANSWER_WITHIN: Duration = Duration::from_millis(HQ_ANSWER_WITHIN_MS);

/// How an agent runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// The lane's data directory.
    pub data: PathBuf,
    /// How often to look.
    pub intervals: Intervals,
}

/// Why the agent does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The lane has no identity, key or HQ.
    #[error("run the agent: the lane is not enrolled; run sync-agent enrol first")]
    NotEnrolled,
    /// A file cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The reference cannot be used, or another agent has it.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// HQ's address is not one.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The thread that writes the reference ended.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// A task crashed.
    #[error("run the agent")]
    Task(#[from] JoinError),
}

/// An agent that runs within this program.
#[derive(Debug)]
pub struct Agent {
    status: watch::Receiver<Status>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), RunError>>,
}

impl Agent {
    /// What the agent knows, and whenever that changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Ends the agent. What was under way is dropped and done again by the
    /// next one.
    pub async fn stop(self) -> Result<(), RunError> {
        // It may have ended already; its result says how.
        let _ = self.stop.send(());
        self.task.await?
    }
}

/// Begins an agent within this program.
pub async fn start(config: Config) -> Result<Agent, RunError> {
    let shell = tokio::task::spawn_blocking(move || Shell::open(config)).await??;
    let (stop, stopped) = oneshot::channel();
    let status = shell.status.subscribe();
    let task = tokio::spawn(shell.run(async move {
        // A dropped sender ends the agent as well.
        let _ = stopped.await;
    }));
    Ok(Agent { status, stop, task })
}

/// Runs an agent until `stop` resolves.
pub async fn run(config: Config, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    let shell = tokio::task::spawn_blocking(move || Shell::open(config)).await??;
    shell.run(stop).await
}

/// A journal on its way to where it is filed or copied.
#[derive(Clone)]
struct Pusher {
    to: Hq,
    key: LaneKey,
    journal: Arc<Mutex<LaneJournal>>,
    /// Whether it was said, in the last answer, that bare batches are taken.
    takes_bare: Arc<AtomicBool>,
    /// The same of batches that are compressed with what was sent before.
    takes_context: Arc<AtomicBool>,
}

/// What actions are carried out with.
#[derive(Clone)]
struct Tools {
    hq: Hq,
    key: LaneKey,
    pusher: Pusher,
    reference: Arc<ReferenceDesk>,
    /// Where a whole new reference comes in.
    coming: Coming,
    /// The version of the reference that the lane has in use.
    in_use: Arc<AtomicU64>,
    /// The version that the pull began after whose pages come.
    began: Arc<AtomicU64>,
    /// How far the journal is: its epoch and last number, once it was looked at.
    journal_end: Arc<std::sync::Mutex<Option<(u32, u64)>>>,
    /// What was pulled and is not in use yet says what labels may show: HQ is
    /// told at once when it is, since labels wait for it.
    has_caps: Arc<AtomicBool>,
}

struct Shell {
    tools: Tools,
    core: Core,
    begun: Instant,
    status: watch::Sender<Status>,
    saved: Option<Saved>,
    contact_ms: Option<i64>,
    apart_ms: Option<i64>,
    /// The epoch that the lane was enrolled for: the position that the lane
    /// is told is of this one.
    epoch: u32,
    /// Where the lane asks.
    socket: PathBuf,
    /// Brings a copy of the journal to the store's relay, where there is one.
    copier: Option<(Copying, Pusher)>,
    /// Keeps labels true, once the agent runs.
    keeper: Option<LabelKeeper>,
    labels: LabelsConfig,
    lane: Identity,
    place: Place,
    /// The most bytes of pictures of goods; 0 for none.
    picture_bytes_max: u64,
}

impl Shell {
    fn open(config: Config) -> Result<Self, RunError> {
        let place = Place::new(&config.data);
        let (Some(settings), Some(key)) = (place.settings()?, place.key()?) else {
            return Err(RunError::NotEnrolled);
        };
        let reference = ReferenceDesk::open(&place.reference())?;
        let lane: Identity = reference.state().identity.clone().ok_or(RunError::NotEnrolled)?;
        let version = reference.state().version;
        let hq = Hq::of(&settings)?;
        info!(%lane, hq = hq.address(), relay = settings.relay, version, "the agent begins");
        let key = LaneKey { store: lane.store.clone(), lane: lane.lane, key };
        let epoch = lane.epoch;
        // Whatever is wrong with labels, sales go their way.
        let labels = LabelsConfig::read(&config.data).unwrap_or_else(|error| {
            error!(error = chain(&error), "the gateways of labels are not worked");
            LabelsConfig::default()
        });
        let pusher = |to: Hq| Pusher {
            to,
            key: key.clone(),
            journal: Arc::new(Mutex::new(LaneJournal::new(place.journal(), lane.clone()))),
            takes_bare: Arc::default(),
            takes_context: Arc::default(),
        };
        let socket = place.socket();
        // Differs in every process.
        let seed = RandomState::new().build_hasher().finish();
        let is_outdated = reference.is_outdated();
        let core = Core::new(0, Beginning { version, is_outdated, intervals: config.intervals, seed });
        let (status, _) = watch::channel(core.status());
        let copier = hq.relay().map(|relay| (Copying::new(0, config.intervals.push_ms, seed), pusher(relay)));
        Ok(Self {
            tools: Tools {
                pusher: pusher(hq.clone()),
                hq,
                coming: Coming::new(place.coming(), place.next_reference()),
                key: key.clone(),
                reference: Arc::new(reference),
                in_use: Arc::new(AtomicU64::new(version)),
                began: Arc::default(),
                journal_end: Arc::default(),
                has_caps: Arc::default(),
            },
            copier,
            keeper: None,
            labels,
            lane: lane.clone(),
            picture_bytes_max: settings
                .pictures_mib
                .map_or(pictures::BYTES_MAX_DEFAULT, |mib| u64::from(mib) << 20),
            place: place.clone(),
            core,
            begun: Instant::now(),
            status,
            saved: None,
            contact_ms: None,
            apart_ms: None,
            epoch,
            socket,
        })
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let (inputs, mut taken) = mpsc::channel(INPUTS_MAX);
        let mut actions = JoinSet::new();
        actions.spawn(self.tools.clone().listen(inputs.clone(), self.core.hint_wait()));
        let mut orders = None;
        if let Some((keeper, reports)) = self.begin_keeping().await? {
            orders = keeper.orders();
            if let Some(orders) = orders.clone() {
                actions.spawn(self.tools.clone().tell_of_labels(reports, orders));
            }
            self.keeper = Some(keeper);
        }
        // Also where none are wanted: then it takes away those that are there.
        let pictures = Pictures::new(self.place.pictures(), self.place.reference(), self.picture_bytes_max)
            .behind(self.tools.coming.clone());
        let (hq, key) = (self.tools.hq.clone(), self.tools.key.clone());
        let status = self.status.subscribe();
        actions.spawn(async move { Ok(pictures::bring(pictures, hq, key, status).await?) });
        let asking = self.tools.begin_answering(&self.socket, orders);
        let (grown, grows) = watch::channel(());
        if let Some((copying, pusher)) = self.copier.take() {
            actions.spawn(pusher.copy(copying, grows, self.begun));
        }
        let mut nudge = tokio::time::interval(NUDGE_INTERVAL);
        nudge.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(stop);
        let ended = loop {
            while let Some(action) = self.core.poll(self.now_ms()) {
                let (tools, inputs) = (self.tools.clone(), inputs.clone());
                actions.spawn(async move {
                    let input = tools.carry_out(action).await?;
                    // Nobody listens when the agent is ending.
                    let _ = inputs.send(input).await;
                    Ok::<(), RunError>(())
                });
            }
            self.tell()?;
            let wait = self.core.deadline().map(|deadline_ms| {
                Duration::from_millis(u64::try_from(deadline_ms.saturating_sub(self.now_ms())).unwrap_or(0))
            });
            let deadline = async {
                match wait {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = &mut stop => break Ok(()),
                Some(input) = taken.recv() => {
                    self.note(&input);
                    let now_ms = self.now_ms();
                    self.core.handle(now_ms, input);
                }
                Some(ended) = actions.join_next() => {
                    if let Err(error) = ended.map_err(RunError::from).and_then(|ended| ended) {
                        break Err(error);
                    }
                }
                _ = nudge.tick() => {
                    if self.tools.pusher.journal_has_changed().await? {
                        grown.send_replace(());
                        let now_ms = self.now_ms();
                        self.core.handle(now_ms, Input::Nudge);
                    }
                }
                () = deadline => {}
            }
        };
        if let Some(asking) = asking {
            asking.abort();
            // Aborted, or ended by itself: either way it has let the files go.
            let _ = asking.await;
        }
        actions.shutdown().await;
        let keeper = self.keeper.take();
        tokio::task::spawn_blocking(move || drop(keeper)).await?;
        let Tools { reference, .. } = self.tools;
        // The last owner closes the file; that is this one.
        tokio::task::spawn_blocking(move || drop(reference)).await?;
        info!("the agent ends");
        ended
    }

    /// Begins to keep labels true; what is reported comes out of the other
    /// end. An agent that cannot still moves sales.
    async fn begin_keeping(&self) -> Result<Option<(LabelKeeper, mpsc::Receiver<ShelfReport>)>, RunError> {
        let config = KeeperConfig {
            lane: self.lane.clone(),
            journal: self.place.journal(),
            reference: self.place.reference(),
            labels: self.labels.clone(),
        };
        let desk = self.tools.reference.clone();
        let begun = tokio::task::spawn_blocking(move || LabelKeeper::start(config, desk)).await?;
        Ok(begun.inspect_err(|error| error!(error = chain(error), "labels are not kept")).ok())
    }

    /// Tells the lane and whoever watches what is known.
    fn tell(&mut self) -> Result<(), Ended> {
        let status = self.core.status();
        // An epoch that another follows is not where the lane writes.
        let journal_end = status.journal.filter(|journal| !journal.is_closed);
        *self.tools.journal_end.lock().unwrap_or_else(PoisonError::into_inner) =
            journal_end.map(|journal| (journal.epoch, journal.last));
        if status.answers != self.status.borrow().answers {
            self.contact_ms = Some(chrono::Utc::now().timestamp_millis());
            self.apart_ms = self.tools.hq.apart_ms();
        }
        let saved = Saved {
            position: status
                .filed
                .filter(|filed| filed.epoch == self.epoch)
                .map(|filed| Position { acknowledged: filed.acknowledged, quarantined: filed.quarantined }),
            contact_ms: self.contact_ms,
            apart_ms: self.apart_ms,
            alarm: status.alarm().map(ToString::to_string),
        };
        // Before HQ has answered, what the last agent wrote stands.
        let knows = status.answers > 0 || saved.alarm.is_some();
        if knows && self.saved.as_ref() != Some(&saved) && self.tools.reference.save(saved.clone())? {
            self.saved = Some(saved);
        }
        self.status.send_if_modified(|told| {
            let changed = *told != status;
            *told = status;
            changed
        });
        Ok(())
    }

    /// Logs what a person may want to read later; never what is in events.
    fn note(&self, input: &Input) {
        match input {
            Input::Nudge | Input::Hint { .. } => {}
            Input::Push(PushInput::Failed(failure)) => warn!(?failure, "nothing is pushed"),
            Input::Push(PushInput::Filed { filed, .. }) => {
                info!(acknowledged = filed.acknowledged, quarantined = filed.quarantined, "HQ has filed");
            }
            Input::Push(PushInput::Journal(_)) => {}
            Input::Pull(PullInput::Failed(failure)) => warn!(?failure, "nothing is pulled"),
            Input::Pull(PullInput::Committed) => info!("a new reference is in use"),
            Input::Pull(PullInput::Anew { .. }) => {
                info!("HQ has forgotten deletions of the time before: everything is got again");
            }
            Input::Pull(PullInput::MuchToGet { latest, .. }) => info!(latest, "the reference comes as files"),
            Input::Pull(PullInput::PutIn { version }) => info!(version, "a whole new reference is in use"),
            Input::Pull(PullInput::Page { .. } | PullInput::Abandoned) => {}
        }
    }
}

/// An error and everything that it came from, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

impl From<JournalError> for PushFailure {
    fn from(error: JournalError) -> Self {
        match error {
            // Looked at again soon.
            JournalError::Replaced => Self::Unreachable { wait_ms: 0 },
            JournalError::Open(_)
            | JournalError::Read(_)
            | JournalError::OtherLane { .. }
            | JournalError::Compress(_) => Self::Journal { reason: chain(&error) },
        }
    }
}

impl From<RequestError> for PushFailure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Unreachable { reason, wait_ms } => {
                info!(reason, "HQ is not reached");
                Self::Unreachable { wait_ms }
            }
            // A certificate is renewed, and a clock set, without anybody looking here.
            RequestError::Certificate { reason, .. } => {
                info!(reason, "HQ is not reached");
                Self::Unreachable { wait_ms: 0 }
            }
            RequestError::OldHq => Self::Refused { reason: error.to_string() },
            RequestError::Push(PushRefusal::Gap { acknowledged }) => Self::Gap { acknowledged },
            RequestError::Push(PushRefusal::Fork { seq }) => Self::Fork { seq },
            RequestError::Push(PushRefusal::Malformed { reason }) | RequestError::Form(reason) => {
                Self::Refused { reason }
            }
            RequestError::Push(
                refusal @ (PushRefusal::Signature { .. }
                | PushRefusal::Unsigned { .. }
                | PushRefusal::Context),
            ) => Self::Refused { reason: refusal.to_string() },
            RequestError::Push(PushRefusal::Unauthorised) => Self::Unauthorised,
            RequestError::Enrol(refusal) => Self::Refused { reason: refusal.to_string() },
        }
    }
}

impl From<RequestError> for PullFailure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Unreachable { reason, wait_ms } => {
                info!(reason, "HQ is not reached");
                Self::Unreachable { wait_ms }
            }
            RequestError::Certificate { reason, .. } => {
                info!(reason, "HQ is not reached");
                Self::Unreachable { wait_ms: 0 }
            }
            RequestError::Push(PushRefusal::Unauthorised) => Self::Unauthorised,
            RequestError::Push(_) | RequestError::Enrol(_) | RequestError::Form(_) | RequestError::OldHq => {
                Self::Form { reason: chain(&error) }
            }
        }
    }
}

impl From<TakeError> for PullFailure {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Request(error) => error.into(),
            TakeError::Gone => Self::Gone,
            TakeError::Offer(_) | TakeError::Form { .. } => Self::Form { reason: chain(&error) },
            TakeError::Io { .. } | TakeError::Write(_) | TakeError::Ended(_) | TakeError::Stopped => {
                Self::Disk { reason: chain(&error) }
            }
        }
    }
}

impl From<WriteError> for PullFailure {
    fn from(error: WriteError) -> Self {
        Self::Disk { reason: chain(&error) }
    }
}

/// What cannot wait is asked of HQ.
#[cfg(unix)]
struct Counter {
    hq: Hq,
    key: LaneKey,
    labels: Option<SyncSender<Order>>,
}

#[cfg(unix)]
impl Answers for Counter {
    async fn answer(&self, question: Question) -> Answer {
        if let Some(answer) = self.answer_of_labels(&question).await {
            return answer;
        }
        // Without a relay there is no board, and HQ is not asked every second for none.
        if question.is_of_board() && self.hq.relay().is_none() {
            return Answer::Unreachable {};
        }
        match self.hq.ask(&self.key, &question).await {
            Ok(answer) => answer,
            Err(error) => {
                debug!(error = chain(&error), "no answer");
                Answer::Unreachable {}
            }
        }
    }
}

#[cfg(unix)]
impl Counter {
    /// What is asked of a label is answered here; anything else is not.
    async fn answer_of_labels(&self, question: &Question) -> Option<Answer> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let of = |text: &str| LabelNumber::parse(text).ok();
        let order = match question {
            Question::FlashLabel { label, colour, seconds } => {
                let flash = Flash { colour: *colour, seconds: *seconds };
                of(label).map(|label| Order::Flash { label, flash, answer })
            }
            Question::ResendLabel { label } => of(label).map(|label| Order::Resend { label, answer }),
            Question::Member { .. }
            | Question::LendPoints { .. }
            | Question::LendValue { .. }
            | Question::ClaimCoupon { .. }
            | Question::ReleaseCoupon { .. }
            | Question::ClaimReceipt { .. }
            | Question::ReleaseReceipt { .. }
            | Question::Receipts { .. }
            | Question::Margins { .. }
            | Question::StoreDay { .. }
            | Question::QuotasUsed { .. }
            | Question::Earned { .. }
            | Question::LabelStore { .. }
            | Question::Stand { .. }
            | Question::Kiosks {}
            | Question::Act { .. }
            | Question::Stock { .. }
            | Question::Positions {}
            | Question::ParkedBaskets { .. }
            | Question::ClaimParked { .. }
            | Question::ReleaseParked { .. }
            | Question::ClaimCode { .. }
            | Question::ReleaseCode { .. } => return None,
        };
        let busy = Answer::LabelNotAsked { why: LabelNotAsked::Busy };
        let (Some(order), Some(labels)) = (order, &self.labels) else {
            return Some(Answer::LabelNotAsked { why: LabelNotAsked::NoGateway });
        };
        if labels.try_send(order).is_err() {
            return Some(busy);
        }
        Some(answered.await.unwrap_or(busy))
    }
}

impl Pusher {
    /// Keeps the copy at the relay level with the journal for as long as the
    /// agent runs. A relay that is away holds up nothing but its copy.
    async fn copy(
        self,
        mut copying: Copying,
        mut grows: watch::Receiver<()>,
        begun: Instant,
    ) -> Result<(), RunError> {
        let now_ms = || i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        loop {
            while let Some(action) = copying.poll(now_ms()) {
                let input = self.push(action).await?.unwrap_or_else(PushInput::Failed);
                match &input {
                    PushInput::Failed(failure) => debug!(?failure, "the relay has no newer copy"),
                    PushInput::Filed { filed, .. } => {
                        debug!(copied = filed.acknowledged, "the relay has a copy");
                    }
                    PushInput::Journal(_) => {}
                }
                copying.handle(now_ms(), input);
            }
            let wait =
                copying.deadline().map_or(i64::MAX, |deadline_ms| deadline_ms.saturating_sub(now_ms()));
            let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
            tokio::select! {
                changed = grows.changed() => match changed {
                    Ok(()) => copying.nudge(),
                    // The agent is ending.
                    Err(_) => return Ok(()),
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn journal_has_changed(&self) -> Result<bool, JoinError> {
        let journal = self.journal.clone();
        let ask = move || match journal.try_lock() {
            Ok(mut journal) => journal.has_changed(),
            // Whoever reads it now is asked again at the next tick.
            Err(_) => false,
        };
        tokio::task::spawn_blocking(ask).await
    }

    /// Reads the journal on a blocking thread.
    async fn with_journal<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut LaneJournal) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<Result<T, PushFailure>, JoinError> {
        let journal = self.journal.clone();
        let done = tokio::task::spawn_blocking(move || {
            read(&mut journal.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Ok(done.await?.map_err(PushFailure::from))
    }

    async fn push(&self, action: PushAction) -> Result<Result<PushInput, PushFailure>, RunError> {
        let asked = match action {
            PushAction::Look { epoch_from } => {
                let seen = self.with_journal(move |journal| journal.look(epoch_from)).await?;
                return Ok(seen.map(PushInput::Journal));
            }
            PushAction::AskPosition { epoch } => self.to.position(&self.key, epoch).await,
            PushAction::Send { epoch, after } => {
                let context = self.takes_context.load(Ordering::Relaxed);
                let sent = match self.send(epoch, after, context).await? {
                    // What it was compressed with is not there, or came to harm on the way.
                    Ok(Err(RequestError::Push(PushRefusal::Context | PushRefusal::Malformed { .. })))
                        if context =>
                    {
                        self.send(epoch, after, false).await?
                    }
                    sent => sent,
                };
                match sent {
                    Ok(answer) => answer,
                    Err(failure) => return Ok(Err(failure)),
                }
            }
        };
        match asked {
            Ok(answer) => self.compare(answer).await,
            Err(error) => Ok(Err(error.into())),
        }
    }

    /// Sends the events after a number; the outer failure is the journal's.
    async fn send(
        &self,
        epoch: u32,
        after: u64,
        context: bool,
    ) -> Result<Result<Result<PushAnswer, RequestError>, PushFailure>, RunError> {
        let bare = self.takes_bare.load(Ordering::Relaxed);
        let made = self.with_journal(move |journal| journal.batch_or_next(epoch, after, bare, context));
        let batch = match made.await? {
            Ok(batch) => batch,
            Err(failure) => return Ok(Err(failure)),
        };
        if !batch.is_full {
            return Ok(Ok(self.to.push(&self.key, batch.body).await));
        }
        let next = (epoch, batch.through);
        let preparing = self.with_journal(move |journal| {
            journal.prepare(next, bare, context);
            Ok(())
        });
        let (sent, prepared) = tokio::join!(self.to.push(&self.key, batch.body), preparing);
        let _ = prepared?;
        Ok(Ok(sent))
    }

    /// Holds HQ's position against the journal.
    async fn compare(&self, answer: PushAnswer) -> Result<Result<PushInput, PushFailure>, RunError> {
        let PushAnswer { epoch, acknowledged, head, quarantined, signed, takes_bare, takes_context } = answer;
        self.takes_bare.store(takes_bare, Ordering::Relaxed);
        self.takes_context.store(takes_context, Ordering::Relaxed);
        let head = match ChainHash::parse(&head) {
            Ok(head) => head,
            Err(error) => return Ok(Err(PushFailure::Refused { reason: error.to_string() })),
        };
        let compared = self.with_journal(move |journal| journal.compare(epoch, acknowledged, &head)).await?;
        let filed = Filed { epoch, acknowledged, quarantined, signed };
        Ok(compared.map(|agreement| PushInput::Filed { filed, agreement }))
    }
}

impl Tools {
    /// Takes reports to HQ and back what it says, for as long as the agent runs.
    async fn tell_of_labels(
        self,
        mut reports: mpsc::Receiver<ShelfReport>,
        orders: SyncSender<Order>,
    ) -> Result<(), RunError> {
        while let Some(report) = reports.recv().await {
            let told = match self.hq.shelf(&self.key, &report).await {
                Ok(told) => Some(told),
                Err(error) => {
                    debug!(error = chain(&error), "HQ is not told of labels");
                    None
                }
            };
            let orders = orders.clone();
            // It has ended where it does not take it.
            let _ = tokio::task::spawn_blocking(move || orders.send(Order::Reported(told))).await?;
        }
        Ok(())
    }

    /// Hears HQ's hints for as long as the agent runs. Where there is no line,
    /// or an HQ that gives none, the timer does all the work.
    async fn listen(self, inputs: mpsc::Sender<Input>, wait: Duration) -> Result<(), RunError> {
        loop {
            let heard = self.hq.hints(&self.key, |version| inputs.try_send(Input::Hint { version }).is_ok());
            if let Err(error) = heard.await {
                debug!(error = chain(&error), "no hints");
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Answers the lane's questions from now on. A lane that cannot ask goes
    /// on within its own bounds.
    #[cfg(unix)]
    fn begin_answering(
        &self,
        socket: &std::path::Path,
        labels: Option<SyncSender<Order>>,
    ) -> Option<JoinHandle<()>> {
        match asking::listen(socket) {
            Ok(listener) => {
                let counter = Counter { hq: self.hq.clone(), key: self.key.clone(), labels };
                Some(tokio::spawn(asking::serve(listener, Arc::new(counter), ANSWER_WITHIN)))
            }
            Err(error) => {
                warn!(%error, socket = %socket.display(), "the lane cannot ask");
                None
            }
        }
    }

    #[cfg(not(unix))]
    fn begin_answering(
        &self,
        _socket: &std::path::Path,
        _labels: Option<SyncSender<Order>>,
    ) -> Option<JoinHandle<()>> {
        None
    }

    async fn carry_out(&self, action: Action) -> Result<Input, RunError> {
        match action {
            Action::Push(action) => {
                Ok(Input::Push(self.pusher.push(action).await?.unwrap_or_else(PushInput::Failed)))
            }
            Action::Pull(action) => {
                Ok(Input::Pull(self.pull(action).await?.unwrap_or_else(PullInput::Failed)))
            }
        }
    }

    async fn pull(&self, action: PullAction) -> Result<Result<PullInput, PullFailure>, RunError> {
        match action {
            PullAction::Commit { version } => {
                let done = self.reference.commit(version).await?;
                if done.is_ok() {
                    self.coming.forget();
                    self.in_use.store(version, Ordering::Relaxed);
                    if self.has_caps.swap(false, Ordering::Relaxed)
                        && let Err(error) = self.hq.in_use(&self.key, version).await
                    {
                        // The next page asked for says it as well.
                        debug!(error = chain(&error), "HQ is not told what is in use");
                    }
                }
                Ok(done.map(|()| PullInput::Committed).map_err(PullFailure::from))
            }
            PullAction::Snapshot => {
                let in_use = self.in_use.load(Ordering::Relaxed);
                let taken = self.coming.take(&self.hq, &self.key, &self.reference, in_use).await;
                match taken {
                    Ok(version) => {
                        self.in_use.store(version, Ordering::Relaxed);
                        Ok(Ok(PullInput::PutIn { version }))
                    }
                    Err(TakeError::Ended(ended)) => Err(ended.into()),
                    Err(error) => Ok(Err(error.into())),
                }
            }
            PullAction::Abandon => {
                self.reference.abandon().await?;
                Ok(Ok(PullInput::Abandoned))
            }
            PullAction::Page { after, opening, takes_snapshot } => {
                let in_use = self.in_use.load(Ordering::Relaxed);
                let journal = *self.journal_end.lock().unwrap_or_else(PoisonError::into_inner);
                if opening != Opening::Continue {
                    self.began.store(after, Ordering::Relaxed);
                }
                let began = self.began.load(Ordering::Relaxed);
                let told = PageTold { in_use, began, journal, takes_snapshot };
                let compressed = match self.hq.page(&self.key, after, told).await {
                    Ok(compressed) => compressed,
                    Err(error) => return Ok(Err(error.into())),
                };
                let parsed = tokio::task::spawn_blocking(move || hq::parse_page(&compressed)).await?;
                let page = match parsed {
                    Ok(page) => page,
                    Err(error) => return Ok(Err(error.into())),
                };
                let is_open = opening == Opening::Continue;
                if page.head.anew {
                    return Ok(Ok(PullInput::Anew { is_open }));
                }
                if page.head.snapshot {
                    return Ok(Ok(PullInput::MuchToGet { latest: page.head.latest, is_open }));
                }
                if page.unknown > 0 {
                    warn!(count = page.unknown, "HQ tells of kinds that this program does not know");
                }
                if page.changes.iter().any(|change| matches!(change.entity, Entity::ShelfCap(_))) {
                    self.has_caps.store(true, Ordering::Relaxed);
                }
                let written = self.reference.page(opening, page.changes).await?;
                Ok(written.map_err(PullFailure::from).map(|is_open| PullInput::Page {
                    through: page.head.through,
                    latest: page.head.latest,
                    more: page.head.more,
                    is_open,
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests;
