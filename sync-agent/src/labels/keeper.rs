//! The thread that owns the gateways: tells the core what happened, and does
//! what it says. Decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::catalogue::{Catalogue, LookUpError};
use domain::label::{LabelItem, LabelNumber};
use drivers::esl::{
    Article, Ask, Flash, Gateway, LabelId, OpenEPaperLink, OpenEPaperLinkConfig, RequestId, StartError, Told,
    wire,
};
use drivers::frame::Health;
use drivers::label::{
    Accent, Face, FontError, Fonts, KEPT_TEMPLATES, Kept, Language, LoadTemplateError, Panel, Press, Values,
    with_own,
};
use ledger::journal::Identity;
use ledger::reference::shelf::{
    BoundLabel, GatewayState, LabelCondition, LabelFace, LabelState, LaneKnown, PanelAccent, PanelSeen, Shelf,
};
use ledger::reference::{Reference, ReferenceError};
use protocol::ask::{Answer, LabelNotAsked};
use protocol::pull;
use protocol::shelf::{BatchCounts, CapTold, ItemCaps, ShelfAnswer, ShelfCounts, ShelfReport};
use tokio::sync::{mpsc, oneshot};
use tracing::{info, warn};

use super::LabelsConfig;
use super::facts::Facts;
use super::plan::{self, Goods, Trade};
use crate::core::{Given, Heard, LanesTold, ShelfBeginning, ShelfCore};
use crate::reference::ReferenceDesk;

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

/// What a gateway told that is taken in before anything else is done.
const TOLD_AT_A_TIME: usize = 10_000;

/// Orders that wait at one time.
const ORDERS_MAX: usize = 64;

static REGULAR: &[u8] = include_bytes!("../../../ui/fonts/NotoSansSC-Regular.otf");
static BOLD: &[u8] = include_bytes!("../../../ui/fonts/NotoSansSC-Bold.otf");

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
    desk: Arc<ReferenceDesk>,
    lane: Identity,
    path: PathBuf,
    facts: Facts,
    lines: Vec<Line>,
    /// `None` where this agent keeps no labels.
    core: Option<ShelfCore>,
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
        let mut lines = Vec::new();
        for gateway in &config.labels.gateway {
            let mut press = press(&config)?;
            let recalled = recalled(&mut press, &states, &gateway.host);
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
        let core = match (&shelf, keeps) {
            (Some(shelf), true) => {
                let own = |cap: &pull::ShelfCap| cap.lane == config.lane.lane;
                let echo = if is_kept { Vec::new() } else { shelf.caps()? };
                Some(ShelfCore::new(ShelfBeginning {
                    lane: config.lane.lane,
                    states,
                    summary: shelf.summary()?,
                    echo: echo.into_iter().filter(own).collect(),
                }))
            }
            (Some(_) | None, _) => None,
        };
        let now = Instant::now();
        Ok(Self {
            desk,
            facts: Facts::new(config.journal, config.lane.clone(), position),
            lane: config.lane,
            path: config.reference,
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
        let mut look_from = Instant::now();
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
            }
            if self.write().is_err() {
                // The writer of the reference has ended, and so does the agent.
                return;
            }
            self.give();
            self.report();
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
            return Ok(());
        }
        if self.goods.is_none() {
            self.goods = StoreGoods::open(&self.path, &self.lane.store)?;
        }
        let Some(goods) = &mut self.goods else { return Ok(()) };
        let now_ms = now_ms();
        if goods.refresh()? || now_ms >= self.plan_ms {
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
            if label.items.is_empty() && !core.state(number).is_some_and(showed) {
                continue;
            }
            let wanted = plan::wanted(goods, trade, label, now_ms)?;
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

    /// Tells HQ what is to be told, one report at a time.
    fn report(&mut self) {
        let now = Instant::now();
        if self.report_under_way.is_some() || now < self.report_from {
            return;
        }
        let Some(core) = &mut self.core else { return };
        let published = core.publish();
        let counts_due = now >= self.counts_from;
        if published.is_none() && !counts_due && !core.waits_for_lanes() {
            return;
        }
        let counts = counts_due.then(|| self.count()).filter(|counts| {
            let before =
                self.counts.as_ref().map(|known| ShelfCounts { at_ms: counts.at_ms, ..known.clone() });
            before.as_ref() != Some(counts)
        });
        self.report_under_way = Some(if published.is_some() { ReportKind::Caps } else { ReportKind::Counts });
        if published.is_some() {
            self.report_pause = LANES_AGAIN;
        }
        let items = published.into_iter().flat_map(|published| published.caps);
        let items = items.map(|(item, caps)| ItemCaps {
            item: (&item).into(),
            caps: caps.into_iter().map(CapTold::from).collect(),
        });
        self.report_number = (self.report_number + 1).max(u64::try_from(now_ms()).unwrap_or(0));
        if counts.is_some() {
            self.counts.clone_from(&counts);
        }
        let report = ShelfReport { number: self.report_number, items: items.collect(), counts };
        if self.reports.try_send(report).is_err() {
            self.reported(None);
        }
    }

    fn reported(&mut self, told: Option<ShelfAnswer>) {
        let Some(kind) = self.report_under_way.take() else { return };
        let Some(core) = &mut self.core else { return };
        let taken = told.as_ref().filter(|told| told.is_taken);
        if let Some(told) = &told {
            self.report_number = self.report_number.max(told.number);
        }
        let lanes = taken.map(|told| LanesTold {
            version: told.version,
            lanes: told
                .lanes
                .iter()
                .map(|lane| LaneKnown { lane: lane.lane, version: lane.version })
                .collect(),
        });
        match (kind, lanes) {
            (ReportKind::Caps, lanes) => core.published(now_ms(), lanes),
            (ReportKind::Counts, Some(told)) => core.lanes_told(now_ms(), told.lanes),
            (ReportKind::Counts, None) => {}
        }
        let now = Instant::now();
        self.counts_from = if taken.is_some() { now + COUNTS_EVERY } else { now };
        if taken.is_none() {
            self.counts = None;
        }
        self.report_pause = (self.report_pause * 2).min(LANES_AGAIN_MAX);
        let is_quiet = kind == ReportKind::Counts || taken.is_none();
        self.report_from = if is_quiet { now + self.report_pause } else { now + LANES_AGAIN / 2 };
    }

    fn count(&self) -> ShelfCounts {
        let mut counts = ShelfCounts { at_ms: now_ms(), ..ShelfCounts::default() };
        let Some(core) = &self.core else { return counts };
        for number in core.numbers() {
            let Some(state) = core.state(number) else { continue };
            let place = match state.condition {
                LabelCondition::Shown => &mut counts.shown,
                LabelCondition::Sending => &mut counts.sending,
                LabelCondition::Held => &mut counts.held,
                LabelCondition::NotSeen => &mut counts.not_seen,
                LabelCondition::GivenUp => &mut counts.given_up,
                LabelCondition::NoFace => &mut counts.no_face,
                LabelCondition::Unbound => continue,
            };
            *place += 1;
            counts.bound += 1;
            counts.low_battery += u64::from(state.battery_is_low());
            let differs = match (&state.shown, &state.wanted) {
                (Some(shown), Some(wanted)) => shown.prices != wanted.prices,
                (Some(_) | None, _) => false,
            };
            counts.differing += u64::from(differs);
        }
        counts.gateways = self.lines.len() as u64;
        let down = self.lines.iter().filter(|line| !matches!(line.health, Health::Ready));
        counts.gateways_down = down.count() as u64;
        counts.batch = core.summary().batch.as_ref().map(|batch| BatchCounts {
            begun_ms: batch.begun_ms,
            labels: batch.labels,
            shown: batch.shown,
            given_up: batch.given_up,
            ended_ms: batch.ended_ms,
        });
        counts
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

fn article(given: &Given) -> Result<Article, String> {
    let id = given.number.as_str().parse().map_err(|_| "a number of a label".to_owned())?;
    Ok(Article { id, template: given.face.template.clone(), values: values(&given.face) })
}

fn values(face: &LabelFace) -> Values {
    Values::of(face.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())))
}

fn press(config: &KeeperConfig) -> Result<Press, KeeperError> {
    let kept = config.reference.with_file_name(KEPT_TEMPLATES);
    let config = &config.labels;
    let language = if config.english { Language::English } else { Language::Chinese };
    let fonts = Fonts::new(REGULAR, BOLD)?;
    let (press, left_out) = with_own(fonts, language, config.templates.as_deref(), Kept::Write(&kept))?;
    for left in left_out {
        warn!(file = left.file, why = left.why, instead = %left.instead, "a template is not used as it stands");
    }
    Ok(press)
}

/// What labels were seen to show, as the gateway needs it to know that again.
/// A label that something was sent to since is sent its face anew.
fn recalled(
    press: &mut Press,
    states: &[(LabelNumber, LabelState)],
    host: &str,
) -> Vec<(LabelId, Face, [u8; 8])> {
    let mut recalled = Vec::new();
    for (number, state) in states.iter().filter(|(_, state)| state.gateway == host && state.sent.is_empty()) {
        let (Some(face), Some(panel)) = (&state.shown, state.panel.and_then(panel)) else { continue };
        let (Ok(id), Some(hash)) = (number.as_str().parse(), hash(&state.shown_hash)) else { continue };
        if let Ok(printed) = press.print(&face.template, panel, &values(face)) {
            recalled.push((id, printed.face, hash));
        }
    }
    info!(host, labels = recalled.len(), "a gateway is begun");
    recalled
}

fn hash(text: &str) -> Option<[u8; 8]> {
    u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16).map(u64::to_be_bytes)
}

fn panel_seen(hw_type: u8) -> PanelSeen {
    let panel = wire::known_panel(hw_type);
    PanelSeen {
        hw_type,
        width: panel.map_or(0, Panel::width),
        height: panel.map_or(0, Panel::height),
        accent: match panel.map(Panel::accent) {
            Some(Accent::Red) => PanelAccent::Red,
            Some(Accent::Yellow) => PanelAccent::Yellow,
            Some(Accent::None) | None => PanelAccent::None,
        },
    }
}

fn panel(seen: PanelSeen) -> Option<Panel> {
    let accent = match seen.accent {
        PanelAccent::None => Accent::None,
        PanelAccent::Red => Accent::Red,
        PanelAccent::Yellow => Accent::Yellow,
    };
    Panel::new(seen.width, seen.height, accent)
}

fn tries(why: &drivers::esl::GivenUp) -> u32 {
    use drivers::esl::GivenUp;
    match why {
        GivenUp::NotConfirmed { tries } | GivenUp::NoEffect { tries } => *tries,
        GivenUp::Unknown
        | GivenUp::Asleep
        | GivenUp::UnknownType(_)
        | GivenUp::Refused(_)
        | GivenUp::Print(_) => 0,
    }
}

fn gateway_state(health: &Health, since_ms: i64) -> GatewayState {
    let why = match health {
        Health::Ready => String::new(),
        other => format!("{other:?}"),
    };
    GatewayState { is_up: why.is_empty(), since_ms, why, open: 0 }
}

/// The goods as the reference has them, always the newest.
pub(super) struct StoreGoods {
    pub(super) reference: Reference,
    pub(super) shelf: Shelf,
    store: String,
    pub(super) trade: Option<Trade>,
    version: Option<u64>,
}

impl StoreGoods {
    /// Opens them; `None` while there is no reference.
    pub(super) fn open(path: &std::path::Path, store: &str) -> Result<Option<Self>, ReferenceError> {
        let (Some(reference), Some(shelf)) = (Reference::open(path)?, Shelf::open(path)?) else {
            return Ok(None);
        };
        Ok(Some(Self { reference, shelf, store: store.to_owned(), trade: None, version: None }))
    }

    /// Moves on to the newest version, and says whether that is another.
    pub(super) fn refresh(&mut self) -> Result<bool, ReferenceError> {
        self.reference.refresh()?;
        let version = self.reference.version();
        if self.version == Some(version) {
            return Ok(false);
        }
        self.version = Some(version);
        let offset_minutes = chrono::Local::now().offset().local_minus_utc() / 60;
        self.trade = self.reference.store(&self.store)?.map(|store| Trade::of(&store, offset_minutes));
        Ok(true)
    }
}

impl Catalogue for StoreGoods {
    fn version(&self) -> u64 {
        self.reference.version()
    }

    fn item_by_gtin(
        &self,
        gtin: &domain::barcode::Gtin,
    ) -> Result<Option<domain::catalogue::Found>, LookUpError> {
        self.reference.item_by_gtin(gtin)
    }

    fn item_by_plu(&self, plu: &str) -> Result<Option<Arc<domain::catalogue::Item>>, LookUpError> {
        self.reference.item_by_plu(plu)
    }

    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<domain::catalogue::Item>>, LookUpError> {
        self.reference.item_by_sku(sku)
    }

    fn item_by_department(
        &self,
        department: &str,
    ) -> Result<Option<Arc<domain::catalogue::Item>>, LookUpError> {
        self.reference.item_by_department(department)
    }

    fn promotions(&self) -> Result<Arc<domain::promotion::PromotionSet>, LookUpError> {
        self.reference.promotions()
    }

    fn member(&self, code: &str) -> Result<Option<Arc<domain::member::Member>>, LookUpError> {
        self.reference.member(code)
    }

    fn coupon(&self, code: &str) -> Result<Option<domain::coupon::Coupon>, LookUpError> {
        self.reference.coupon(code)
    }
}

impl Goods for StoreGoods {
    fn product(&self, sku: &str) -> Result<Option<pull::Product>, LookUpError> {
        Ok(self.reference.product(sku)?)
    }

    fn lowest_deal(&self, _item: &LabelItem, _now_ms: i64) -> Option<i64> {
        // One lane does not know what the store's others sold at.
        None
    }
}
