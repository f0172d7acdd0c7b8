//! The thread that owns the gateways: tells the core what happened, and does
//! what it says. Decides nothing.

mod faces;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::catalogue::LookUpError;
use domain::label::LabelNumber;
use drivers::esl::{
    Ask, Flash, Gateway, LabelId, OpenEPaperLink, OpenEPaperLinkConfig, RequestId, StartError, Told,
};
use drivers::frame::Health;
use drivers::label::{FontError, LoadTemplateError, OwnFiles, own_files};
use ledger::journal::Identity;
use ledger::reference::shelf::{BoundLabel, LabelFace, LabelState, Shelf};
use ledger::reference::{AgentWatch, ReferenceError};
use protocol::ask::{Answer, LabelNotAsked};
use protocol::shelf::{ShelfAnswer, ShelfCounts, ShelfReport};
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

use super::LabelsConfig;
use super::choice::Choice;
use super::facts::Facts;
use super::goods::{Newer, StoreGoods};
use super::plan::{self, Planned};
use crate::core::{Given, Heard, ShelfBeginning, ShelfCore};
use crate::reference::ReferenceDesk;
use faces::{article, gateway_state, panel_seen, press, recalled, tries};

/// How long the thread waits where nothing happens.
const PAUSE: Duration = Duration::from_millis(40);

/// How often the journal and the reference are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// All labels are held against their goods at least so often, milliseconds:
/// hours of the day begin and end.
const PLAN_EVERY_MS: i64 = 60_000;

/// How often it is asked at first which version the lanes have, and at last.
const LANES_AGAIN: Duration = Duration::from_millis(400);
const LANES_AGAIN_MAX: Duration = Duration::from_secs(10);

/// HQ is told how labels stand at least so often.
const COUNTS_EVERY: Duration = Duration::from_secs(30);

/// The chain's own templates are looked at so often.
const TEMPLATES_EVERY: Duration = Duration::from_secs(5);

/// What a gateway told that is taken in before anything else is done.
const TOLD_AT_A_TIME: usize = 10_000;

/// Orders that wait at one time.
const ORDERS_MAX: usize = 64;

/// Why the thread does not begin.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The reference cannot be read.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The fonts are not such.
    #[error(transparent)]
    Font(#[from] FontError),
    /// A template that comes with the program is refused.
    #[error(transparent)]
    Template(#[from] LoadTemplateError),
    /// A gateway cannot be worked.
    #[error(transparent)]
    Gateway(#[from] StartError),
    /// The system gives no thread.
    #[error("begin the thread of the labels")]
    Thread(#[from] std::io::Error),
}

/// What the thread is told.
#[derive(Debug)]
pub enum Order {
    /// Flash a label.
    Flash {
        /// Which.
        label: LabelNumber,
        /// How.
        flash: Flash,
        /// What is said to it.
        answer: oneshot::Sender<Answer>,
    },
    /// Send a label its face again.
    Resend {
        /// Which.
        label: LabelNumber,
        /// What is said to it.
        answer: oneshot::Sender<Answer>,
    },
    /// What HQ said to a report; `None` where it said nothing.
    Reported(Option<ShelfAnswer>),
}

/// Who keeps labels.
#[derive(Debug, Clone)]
pub struct KeeperConfig {
    /// The lane.
    pub lane: Identity,
    /// Its journal.
    pub journal: PathBuf,
    /// Its reference.
    pub reference: PathBuf,
    /// Gateways and templates.
    pub labels: LabelsConfig,
}

/// The thread.
#[derive(Debug)]
pub struct LabelKeeper {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl LabelKeeper {
    /// Begins. Reports to HQ come out of the other end.
    pub fn start(
        config: KeeperConfig,
        desk: Arc<ReferenceDesk>,
    ) -> Result<(Self, mpsc::Receiver<ShelfReport>), KeeperError> {
        let (orders, taken) = sync_channel(ORDERS_MAX);
        let (reports, to_hq) = mpsc::channel(1);
        let mut keeper = Keeper::open(config, desk, reports)?;
        let thread = std::thread::Builder::new().name("labels".into()).spawn(move || keeper.work(&taken))?;
        Ok((Self { orders: Some(orders), thread: Some(thread) }, to_hq))
    }

    /// Where orders go.
    pub fn orders(&self) -> Option<SyncSender<Order>> {
        self.orders.clone()
    }
}

impl Drop for LabelKeeper {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A crashed thread has left its words on stderr.
            let _ = thread.join();
        }
    }
}

/// A gateway with what was asked of it.
struct Line {
    host: String,
    gateway: OpenEPaperLink,
    requests: BTreeMap<RequestId, (LabelNumber, u64)>,
    health: Health,
    since_ms: i64,
}

struct Keeper {
    config: KeeperConfig,
    desk: Arc<ReferenceDesk>,
    choice: Choice,
    /// The chain's own templates, as they were read.
    templates: OwnFiles,
    asks: report::Asks,
    comparing: Option<report::Comparing>,
    /// Something changed since labels were compared with the till.
    is_to_compare: bool,
    facts: Facts,
    lines: Vec<Line>,
    /// `None` where this agent keeps no labels, or not yet.
    core: Option<ShelfCore>,
    /// Labels are kept from the first pull on: only then is there what HQ
    /// remembers of labels whose agent lost its file.
    waits_for_goods: bool,
    /// `None` while there is no reference.
    goods: Option<StoreGoods>,
    /// What is bound, as it was last read.
    bound: BTreeMap<LabelNumber, BoundLabel>,
    /// When prices change next, as far as is known ahead.
    plan_ms: i64,
    reports: mpsc::Sender<ShelfReport>,
    report_number: u64,
    report_under_way: Option<ReportKind>,
    report_from: Instant,
    report_pause: Duration,
    counts: Option<ShelfCounts>,
    counts_from: Instant,
}

/// What a report under way is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReportKind {
    /// Caps.
    Caps,
    /// Nothing but how it stands.
    Counts,
}

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

impl Keeper {
    fn open(
        config: KeeperConfig,
        desk: Arc<ReferenceDesk>,
        reports: mpsc::Sender<ShelfReport>,
    ) -> Result<Self, KeeperError> {
        let shelf = Shelf::open(&config.reference)?;
        let (position, is_kept) = match &shelf {
            Some(shelf) => shelf.position()?,
            None => Default::default(),
        };
        let mut states = shelf.as_ref().map(Shelf::states).transpose()?.unwrap_or_default();
        let is_here = |host: &str| config.labels.gateway.iter().any(|gateway| gateway.host == host);
        for (_, state) in states.iter_mut().filter(|(_, state)| !is_here(&state.gateway)) {
            // It is nobody's until one of today's gateways hears it.
            state.gateway.clear();
        }
        let keeps = !config.labels.gateway.is_empty() || !states.is_empty();
        let has_goods = has_goods(&config.reference)?;
        // Before they are read: what changes meanwhile is read again.
        let templates = own_files(config.labels.templates.as_deref());
        let choice = Choice::new(&config.labels, press(&config)?.templates());
        let mut lines = Vec::new();
        for gateway in &config.labels.gateway {
            let mut press = press(&config)?;
            let recalled = recalled(&mut press, &choice, &states, &gateway.host);
            let access_point =
                OpenEPaperLinkConfig { speed: gateway.speed, ..OpenEPaperLinkConfig::new(&gateway.host) };
            lines.push(Line {
                host: gateway.host.clone(),
                gateway: OpenEPaperLink::start(access_point, press, &recalled)?,
                requests: BTreeMap::new(),
                health: Health::Unknown,
                since_ms: now_ms(),
            });
        }
        let core = match (&shelf, keeps && has_goods) {
            (Some(shelf), true) => {
                let summary = shelf.summary()?;
                // Its own caps stand under no lane's number.
                let of = if is_kept { 0 } else { config.lane.lane };
                let echo = if is_kept && !summary.is_recovering { Vec::new() } else { shelf.caps()? };
                let echo = echo.into_iter().filter(|cap| cap.lane == of).collect();
                Some(ShelfCore::new(ShelfBeginning { lane: config.lane.lane, states, summary, echo }))
            }
            (Some(_) | None, _) => None,
        };
        let now = Instant::now();
        Ok(Self {
            desk,
            choice,
            templates,
            asks: report::Asks::default(),
            comparing: None,
            is_to_compare: true,
            facts: Facts::new(config.journal.clone(), config.lane.clone(), position),
            waits_for_goods: keeps && !has_goods,
            config,
            lines,
            core,
            goods: None,
            bound: BTreeMap::new(),
            plan_ms: i64::MIN,
            reports,
            report_number: 0,
            report_under_way: None,
            report_from: now,
            report_pause: LANES_AGAIN,
            counts: None,
            counts_from: now,
        })
    }

    fn work(&mut self, orders: &Receiver<Order>) {
        let (mut look_from, mut templates_from) = (Instant::now(), Instant::now() + TEMPLATES_EVERY);
        loop {
            match orders.recv_timeout(PAUSE) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            for line in 0..self.lines.len() {
                self.hear(line);
            }
            if Instant::now() >= look_from {
                look_from = Instant::now() + LOOK_EVERY;
                if let Err(error) = self.look() {
                    warn!(%error, "labels are not looked after");
                }
                self.compare(now_ms());
                if let Some(Err(error)) = self.goods.as_ref().map(StoreGoods::rest) {
                    warn!(%error, "the reference's log may grow");
                }
            }
            if self.write().is_err() {
                // The writer of the reference has ended, and so does the agent.
                return;
            }
            self.give();
            self.report();
            if Instant::now() >= templates_from {
                templates_from = Instant::now() + TEMPLATES_EVERY;
                self.follow_templates();
            }
        }
    }

    /// Begins anew where the chain's own templates are others now: labels whose
    /// drawing changed are given a new face, and no other. What was known is on
    /// disk.
    fn follow_templates(&mut self) {
        if own_files(self.config.labels.templates.as_deref()) == self.templates {
            return;
        }
        info!("the templates have changed");
        match Self::open(self.config.clone(), self.desk.clone(), self.reports.clone()) {
            Ok(anew) => *self = anew,
            Err(error) => warn!(%error, "labels are drawn as before"),
        }
    }

    fn obey(&mut self, order: Order) {
        // Nobody waits any more where the lane has hung up.
        match order {
            Order::Flash { label, flash, answer } => {
                let _ = answer.send(self.ask_label(&label, |id| Ask::Flash(id, flash)));
            }
            Order::Resend { label, answer } => {
                let said = self.ask_label(&label, Ask::Resend);
                if said == (Answer::LabelAsked {})
                    && let Some(core) = &mut self.core
                {
                    core.resend(now_ms(), &label);
                }
                let _ = answer.send(said);
            }
            Order::Reported(told) => self.reported(told),
        }
    }

    fn ask_label(&mut self, label: &LabelNumber, ask: impl FnOnce(LabelId) -> Ask) -> Answer {
        let not = |why| Answer::LabelNotAsked { why };
        if self.lines.is_empty() {
            return not(LabelNotAsked::NoGateway);
        }
        let host = self.core.as_ref().and_then(|core| core.state(label)).map(|state| state.gateway.clone());
        let line = host.and_then(|host| self.lines.iter_mut().find(|line| line.host == host));
        let (Some(line), Ok(id)) = (line, label.as_str().parse::<LabelId>()) else {
            return not(LabelNotAsked::NotSeen);
        };
        let asked = ask(id);
        let last = line.requests.iter().rev().find(|(_, (number, _))| number == label);
        let last = last.map(|(_, given)| given.clone());
        match line.gateway.ask(asked) {
            Ok(request) => {
                // What it brings is the end of what was given last.
                line.requests.extend(last.map(|given| (request, given)));
                Answer::LabelAsked {}
            }
            Err(_) => not(LabelNotAsked::Busy),
        }
    }

    /// Takes in what a gateway told.
    fn hear(&mut self, place: usize) {
        let (Some(core), Some(line)) = (&mut self.core, self.lines.get_mut(place)) else { return };
        let now_ms = now_ms();
        for _ in 0..TOLD_AT_A_TIME {
            let Some(told) = line.gateway.told(Duration::ZERO) else { break };
            match told {
                Told::Shown { label: _, request, hash } => {
                    if let Some((number, send)) = line.requests.remove(&request) {
                        line.requests.retain(|_, (known, earlier)| *known != number || *earlier > send);
                        let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                        core.shown(now_ms, &number, send, hash);
                        self.is_to_compare = true;
                    }
                }
                Told::Superseded { label: _, request } => drop(line.requests.remove(&request)),
                Told::GivenUp { label: _, request, why } => {
                    if let Some((number, send)) = line.requests.get(&request) {
                        core.given_up(now_ms, number, *send, (tries(&why), why.to_string()));
                    }
                }
                Told::Noted { label, note } => {
                    if let Ok(number) = LabelNumber::parse(&label.to_string()) {
                        core.noted(now_ms, &number, format!("{note:?}"));
                    }
                }
                Told::Seen(report) => {
                    let Ok(number) = LabelNumber::parse(&report.label.to_string()) else { continue };
                    let seen_ms =
                        i64::try_from(report.last_seen).ok().and_then(|seen| seen.checked_mul(1_000));
                    let heard = Heard {
                        gateway: line.host.clone(),
                        is_elsewhere: report.is_elsewhere,
                        seen_ms,
                        battery_mv: report.battery_mv,
                        panel: Some(panel_seen(report.hw_type)),
                    };
                    core.heard(now_ms, &number, heard);
                }
                // Its state is looked at below.
                Told::Health(_) => {}
            }
        }
        let health = line.gateway.health();
        if health != line.health {
            (line.health, line.since_ms) = (health, now_ms);
            core.gateway(&line.host, gateway_state(&line.health, line.since_ms));
        }
    }

    /// Looks at the journal, at what HQ told, and at the clock.
    fn look(&mut self) -> Result<(), LookError> {
        let before = self.facts.position();
        let changes = match self.facts.read() {
            Ok(changes) => changes,
            Err(error) => {
                self.facts.forget_file();
                return Err(error.into());
            }
        };
        let mut touched = BTreeSet::new();
        if let Some(changes) = changes {
            touched.extend(changes.labels.iter().map(|(number, _)| number.clone()));
            let written = self.desk.write_shelf(changes).map_err(|_| LookError::Ended)?;
            if let Err(error) = written {
                self.facts.go_back(before);
                return Err(error.into());
            }
        }
        if self.core.is_none() {
            if self.waits_for_goods && has_goods(&self.config.reference)? {
                *self = Self::open(self.config.clone(), self.desk.clone(), self.reports.clone())?;
            }
            return Ok(());
        }
        if self.goods.is_none() {
            self.goods = StoreGoods::open(&self.config.reference, &self.config.lane.store)?;
        }
        let Some(goods) = &mut self.goods else { return Ok(()) };
        let now_ms = now_ms();
        let newer = goods.refresh()?;
        if newer != Newer::Nothing
            && let Some(core) = &mut self.core
        {
            core.told_of(goods.shelf.told_for_nothing(self.config.lane.lane)?);
            self.is_to_compare = true;
        }
        // A clock that was put back does not hold prices up that change at their time.
        let is_due = now_ms >= self.plan_ms || self.plan_ms > now_ms + PLAN_EVERY_MS;
        if newer == Newer::Goods || is_due {
            self.bound =
                goods.shelf.all_bound()?.into_iter().map(|label| (label.number.clone(), label)).collect();
            self.plan(now_ms, None)?;
        } else if !touched.is_empty() {
            for number in &touched {
                if let Some(label) = goods.shelf.bound(number)? {
                    self.bound.insert(number.clone(), label);
                }
            }
            self.plan(now_ms, Some(&touched))?;
        }
        self.heed_waivers(now_ms)
    }

    /// Says what labels should show: all, or those.
    fn plan(&mut self, now_ms: i64, only: Option<&BTreeSet<LabelNumber>>) -> Result<(), LookError> {
        let (Some(core), Some(goods)) = (&mut self.core, &self.goods) else { return Ok(()) };
        let Some(trade) = &goods.trade else { return Ok(()) };
        let mut next_ms = now_ms + PLAN_EVERY_MS;
        if only.is_some() {
            next_ms = next_ms.min(self.plan_ms);
        }
        for (number, label) in &self.bound {
            if only.is_some_and(|only| !only.contains(number)) {
                continue;
            }
            if label.taken_down {
                if core.take_down(now_ms, number) {
                    self.lines.iter().for_each(|line| line.leave(number));
                }
                continue;
            }
            // A label that never showed anything of ours is left alone.
            let showed = |state: &LabelState| {
                let of_ours = |face: &LabelFace| face.template != plan::UNBOUND;
                state.shown.iter().chain(state.sent.iter().map(|sent| &sent.face)).any(of_ours)
                    || state.wanted.is_some()
            };
            let is_new = !core.is_recovering() && !core.state(number).is_some_and(showed);
            if label.items.is_empty() && is_new {
                continue;
            }
            let Planned { wanted, asks } = plan::wanted(goods, trade, &self.choice, label, now_ms)?;
            if let Some(asked) = asks {
                self.asks.want(now_ms, asked);
            }
            if let Some(change_ms) = plan::next_change(&wanted.later, now_ms) {
                next_ms = next_ms.min(change_ms);
            }
            core.want(now_ms, number, wanted);
        }
        self.plan_ms = next_ms;
        Ok(())
    }

    fn heed_waivers(&mut self, now_ms: i64) -> Result<(), LookError> {
        let (Some(core), Some(goods)) = (&mut self.core, &self.goods) else { return Ok(()) };
        if goods.trade.is_some() {
            for waiver in goods.shelf.waivers()? {
                core.waive(now_ms, &waiver);
            }
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), LookError> {
        let Some(core) = &mut self.core else { return Ok(()) };
        while let Some(changes) = core.write() {
            let written = self.desk.write_shelf(changes.clone()).map_err(|_| LookError::Ended)?;
            core.written(&changes, written.is_ok());
            if let Err(error) = written {
                warn!(%error, "what is known of labels is not written");
                break;
            }
        }
        Ok(())
    }

    fn give(&mut self) {
        let Some(core) = &mut self.core else { return };
        for given in core.give(now_ms()) {
            if given.is_first {
                let others = self.lines.iter().filter(|line| line.host != given.gateway);
                others.for_each(|line| line.leave(&given.number));
            }
            let line = self.lines.iter_mut().find(|line| line.host == given.gateway);
            let is_taken = line.is_some_and(|line| line.give(&given));
            if !is_taken {
                core.not_taken(&given.number, given.send);
            }
        }
    }
}

/// Why labels were not looked after.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Facts(#[from] super::facts::FactsError),
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    #[error(transparent)]
    Write(#[from] crate::reference::WriteError),
    #[error(transparent)]
    LookUp(#[from] LookUpError),
    #[error("begin to keep labels")]
    Begin(#[from] KeeperError),
    #[error("the writer of the reference has ended")]
    Ended,
}

impl Line {
    /// A label is another gateway's, or nobody's.
    fn leave(&self, number: &LabelNumber) {
        // A gateway that takes nothing now goes on with its last face, which
        // is the one that counts there.
        if let Ok(id) = number.as_str().parse()
            && self.gateway.ask(Ask::Unlink(id)).is_err()
        {
            warn!(%number, host = self.host, "the gateway is not told that the label left");
        }
    }

    /// Gives a label its face, and says whether the gateway took it.
    fn give(&mut self, given: &Given) -> bool {
        let (Ok(id), Ok(article)) = (given.number.as_str().parse(), article(given)) else { return false };
        let number = article.id.clone();
        // Whatever was asked of it before ends with this.
        let mut requests = Vec::new();
        let mut asks = vec![Ask::Upsert(vec![article])];
        asks.extend(given.is_first.then_some(Ask::Link(id, number)));
        for ask in asks {
            match self.gateway.ask(ask) {
                Ok(request) => requests.push(request),
                Err(_) => return false,
            }
        }
        for request in requests {
            self.requests.insert(request, (given.number.clone(), given.send));
        }
        true
    }
}

/// Whether the goods were ever pulled.
fn has_goods(reference: &std::path::Path) -> Result<bool, ReferenceError> {
    let watch = AgentWatch::open(reference)?;
    Ok(watch.map(|watch| watch.state()).transpose()?.is_some_and(|state| state.version > 0))
}
