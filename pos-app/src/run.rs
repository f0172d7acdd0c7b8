//! Threads, devices and the window around a lane.
//!
//! One thread owns the lane and its files; one draws; every device has its
//! own. All of them put events into one bounded queue, in the order in which
//! things happened.

use std::cell::Cell;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use domain::clock::LaneClock;
use drivers::display::{Display, Picture};
use drivers::frame::supervisor::{Ending, Told};
use drivers::printer::{Outcome, Printer, PrinterConfig, PrinterEvent, Rejection};
use drivers::scale::Scale;
#[cfg(target_os = "linux")]
use drivers::scanner::evdev::EvdevScanner;
use drivers::scanner::serial::{ScannerEvent, SerialScanner, SerialScannerConfig};
use drivers::sound::{Sound, SoundConfig};
use ledger::file::WriterLock;
use ledger::journal::JournalReader;
use ui::action::{Action, Key};
use ui::customer::CustomerScreen;
use ui::kiosk::{KioskRemote, KioskScreen};
use ui::view::View;
use ui::{Remote, ScreenError, TillScreen};

use crate::asking::{ANSWER_WITHIN, AgentLine};
use crate::config::{Config, Mode, Paths, Window};
use crate::customer::CustomerFeed;
use crate::lane::{Command, Event, Lane, Moment, PAUSE, TICK, TURN_EVENTS_MAX, words};
use crate::payment::Terminals;
use crate::pole;
use crate::set_up;

/// The most events that wait for the lane; who brings one more waits.
pub const EVENTS_WAITING_MAX: usize = 1_024;

/// How long the customers' display shows what it is tried with: somebody walks round the counter.
const POLE_TRIED: Duration = Duration::from_secs(5);

/// So long a character waits for the next: a quick scanner sends one every 2 ms, nobody types so quickly.
const GATHERED: Duration = Duration::from_millis(4);

/// So long characters wait at most: nobody sees that.
const GATHERED_MAX: Duration = Duration::from_millis(20);

/// So long a large basket may stay as it was last seen, while codes come quicker than it is priced and drawn.
const SEEN_WITHIN: Duration = Duration::from_millis(100);

/// So long its promotions may wait for their price meanwhile.
const PRICED_WITHIN: Duration = Duration::from_millis(300);

/// So long the promotions of a large basket wait at most for the window that draws its goods.
const DRAWN_WITHIN: Duration = Duration::from_millis(16);

/// How often it is asked meanwhile whether something came.
const LOOKED: Duration = Duration::from_millis(2);

/// The devices of a lane.
pub struct Devices {
    printer: Option<Printer>,
    sound: Sound,
    _scanners: Vec<AnyScanner>,
    scale: Option<Scale>,
    _bagging: Option<Scale>,
    display: Option<Display>,
    shown: Mutex<Picture>,
    /// Until when the display shows what it is tried with.
    pole_tried_until: Mutex<Option<Instant>>,
    terminals: Terminals,
    agent: AgentLine,
    events: SyncSender<Event>,
    after: Arc<Mutex<After>>,
}

impl Devices {
    /// Starts the devices that are configured; what they have to say goes into the queue.
    pub fn start(paths: &Paths, config: &Config, events: &SyncSender<Event>) -> anyhow::Result<Self> {
        let printer = match &config.printer {
            None => None,
            Some(printer) => {
                let events = events.clone();
                // A closed queue means that the lane has ended.
                Some(Printer::spawn(printer_config(printer, paths)?, move |event| {
                    let _ = events.send(Event::Printer(event));
                }))
            }
        };
        let scanners =
            config.all_scanners().map(|scanner| AnyScanner::start(scanner, events.clone())).collect();
        let scale = match &config.scale {
            None => None,
            Some(scale) => {
                let driver = scale.driver().map_err(anyhow::Error::from_boxed).context("set up the scale")?;
                let events = events.clone();
                Some(drivers::scale::spawn(driver, move |told| {
                    let _ = events.send(Event::Scale(told));
                }))
            }
        };
        let bagging = match config.bagging_scale.as_ref().filter(|_| config.mode == Mode::Kiosk) {
            None => None,
            Some(scale) => {
                let driver =
                    scale.driver().map_err(anyhow::Error::from_boxed).context("set up the bagging scale")?;
                let events = events.clone();
                Some(drivers::scale::spawn(driver, move |told| {
                    let _ = events.send(Event::Bagging(told));
                }))
            }
        };
        let display = match &config.display {
            None => None,
            Some(display) => {
                let driver =
                    display.driver().map_err(anyhow::Error::from_boxed).context("set up the display")?;
                let events = events.clone();
                Some(Display::spawn(driver, move |told| {
                    if let Told::Health(health) = told {
                        // A closed queue means that the lane has ended.
                        let _ = events.send(Event::Pole(health));
                    }
                }))
            }
        };
        let terminals = Terminals::start(paths, config, events);
        let sound = Sound::spawn(
            SoundConfig { folder: paths.sounds(), player: config.sound.player.clone() },
            |health| tracing::info!(?health, "sound"),
        );
        Ok(Self {
            printer,
            sound,
            _scanners: scanners,
            scale,
            _bagging: bagging,
            display,
            shown: Mutex::default(),
            pole_tried_until: Mutex::default(),
            terminals,
            // Nobody answers in a training: it is nobody's business.
            agent: AgentLine::start(
                if config.training { paths.training() } else { paths.clone() }.agent(),
                events,
            ),
            events: events.clone(),
            after: Arc::new(Mutex::new(After::End)),
        })
    }

    /// Does what the lane wants done; whether the program goes on.
    pub fn perform(&self, command: Command) -> bool {
        match command {
            Command::OpenDrawer { id } => {
                if let Some(printer) = &self.printer
                    && printer.open_drawer(id).is_err()
                {
                    tracing::warn!("drawer not opened: too many pulses wait");
                }
            }
            Command::Print(job) => {
                let id = job.id;
                let taken = self.printer.as_ref().is_some_and(|printer| printer.submit(job).is_ok());
                if !taken {
                    let outcome = Outcome::Rejected(Rejection::Stopped);
                    let _ = self.events.try_send(Event::Printer(PrinterEvent::JobEnded { id, outcome }));
                }
            }
            Command::Scale(ask) => {
                let taken = self
                    .scale
                    .as_ref()
                    .is_some_and(|scale| scale.submit(ask.id, ask.command, ask.repeat, ask.deadline).is_ok());
                if !taken {
                    let ended = Told::Ended { id: ask.id, ending: Ending::Stopped };
                    let _ = self.events.try_send(Event::Scale(ended));
                }
            }
            Command::Pay(ask) => self.terminals.ask(*ask),
            Command::Ask(asked) => self.agent.ask(asked, ANSWER_WITHIN),
            Command::Play(tone) => self.sound.play(tone),
            Command::TryPole => self.try_pole(),
            Command::Quit => return false,
            Command::Train { begins } => {
                let after = After::Again { training: begins };
                *self.after.lock().unwrap_or_else(PoisonError::into_inner) = after;
                return false;
            }
        }
        true
    }

    /// Shows a picture on the customers' display that every place of it takes part in, for a moment.
    fn try_pole(&self) {
        if let Some(display) = &self.display {
            let until = Instant::now() + POLE_TRIED;
            *self.pole_tried_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
            *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = pole::sample();
            let _ = display.show(0, pole::sample());
        }
    }

    /// Shows the customer what the cashier sees, where there is a display and it changed.
    pub fn show(&self, view: &View) {
        let Some(display) = &self.display else { return };
        let mut tried = self.pole_tried_until.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.is_some_and(|until| Instant::now() < until) {
            return;
        }
        *tried = None;
        let picture = pole::picture(view);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown != picture {
            shown.clone_from(&picture);
            // The newest takes the place of any that waits: there is always room.
            let _ = display.show(0, picture);
        }
    }
}

/// A printer's set-up; without its picture where that cannot be read, since a receipt matters more.
fn printer_config(printer: &crate::config::Printer, paths: &Paths) -> anyhow::Result<PrinterConfig> {
    printer
        .driver(paths)
        .or_else(|error| {
            tracing::error!(error = %error, "printing without the picture");
            crate::config::Printer { logo: None, ..printer.clone() }.driver(paths)
        })
        .map_err(anyhow::Error::from_boxed)
        .context("set up the printer")
}

/// A scanner with a line of its own.
pub(crate) enum AnyScanner {
    Serial {
        _driver: SerialScanner,
    },
    #[cfg(target_os = "linux")]
    Grabbed {
        _driver: EvdevScanner,
    },
}

impl AnyScanner {
    fn start(scanner: &crate::config::Scanner, events: SyncSender<Event>) -> Self {
        let path = scanner.path.clone();
        Self::with(scanner, move |event| {
            // A closed queue means that the lane has ended.
            let _ = events.send(match event {
                ScannerEvent::Scan(scan) => Event::Scan(scan),
                ScannerEvent::LineDropped { bytes } => Event::TornCode { bytes },
                ScannerEvent::Health(health) => Event::Scanner { path: path.clone(), health },
            });
        })
    }

    /// Starts it, whoever listens.
    pub(crate) fn with(
        scanner: &crate::config::Scanner,
        on_event: impl Fn(ScannerEvent) + Send + 'static,
    ) -> Self {
        #[cfg(target_os = "linux")]
        if scanner.path.starts_with("/dev/input/") {
            return Self::Grabbed { _driver: EvdevScanner::spawn(scanner.path.clone(), on_event) };
        }
        let config = SerialScannerConfig { baud: scanner.baud, ..SerialScannerConfig::new(&scanner.path) };
        Self::Serial { _driver: SerialScanner::spawn(config, on_event) }
    }
}

/// Takes turns until the program ends or every sender is gone.
///
/// `show` shows a view soon; `is_drawn` waits so long for it at most, and says whether it is on the screen.
pub fn take_turns(
    lane: &mut Lane,
    queue: &Receiver<Event>,
    devices: &Devices,
    show: impl Fn(&Lane, View),
    is_drawn: impl Fn(Duration) -> bool,
) {
    let begun = Instant::now();
    let mut clock = LaneClock::new(lane.last_stamp_ms(), 0);
    let came: Cell<Option<Event>> = Cell::default();
    let mut seen_at = begun;
    let mut due_since: Option<Instant> = None;
    let mut turn = |lane: &mut Lane, events: Vec<Event>| {
        let shown = Moment::now();
        let steady_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (now_ms, change) = clock.read(shown.now_ms, steady_ms);
        if let Some(change) = change {
            tracing::warn!(?change, "clock");
            lane.hear_clock(change);
        }
        let mut is_put_off = false;
        let commands = lane.turn_with(Moment { now_ms, ..shown }, events, |lane| {
            let may_wait = due_since.is_none_or(|since| since.elapsed() < PRICED_WITHIN);
            if !may_wait || seen_at.elapsed() >= SEEN_WITHIN || !has_come(&came, queue) {
                show(lane, lane.view());
                seen_at = Instant::now();
                while seen_at.elapsed() < DRAWN_WITHIN && !is_drawn(LOOKED) && !has_come(&came, queue) {}
            }
            is_put_off = may_wait && has_come(&came, queue);
            !is_put_off
        });
        if is_put_off {
            due_since.get_or_insert_with(Instant::now);
        } else {
            due_since = None;
            let view = lane.view();
            devices.show(&view);
            show(lane, view);
            seen_at = Instant::now();
        }
        commands.into_iter().all(|command| devices.perform(command))
    };
    if !turn(lane, Vec::new()) {
        return;
    }
    loop {
        let reckons = lane.is_to_reckon();
        let first = match came.take() {
            Some(event) => Ok(event),
            None => queue.recv_timeout(if reckons { PAUSE } else { TICK }),
        };
        let events = match first {
            Ok(first) => gather(first, queue),
            Err(RecvTimeoutError::Timeout) if reckons => {
                let is_known = lane.consider(&|| !has_come(&came, queue));
                if has_come(&came, queue) {
                    continue;
                }
                vec![if is_known { Event::Reckoned } else { Event::Tick }]
            }
            Err(RecvTimeoutError::Timeout) => vec![Event::Tick],
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if !turn(lane, events) {
            return;
        }
    }
}

/// Whether something has come, which then lies in `came` until it is taken.
fn has_come(came: &Cell<Option<Event>>, queue: &Receiver<Event>) -> bool {
    let event = came.take().or_else(|| queue.try_recv().ok());
    let has_come = event.is_some();
    came.set(event);
    has_come
}

/// What has come by now. Characters alone wait a little for what a scanner sends right after them: drawing half a code
/// would only keep the window from taking the rest.
fn gather(first: Event, queue: &Receiver<Event>) -> Vec<Event> {
    let is_char = |event: &Event| matches!(event, Event::Action(Action::Key { key: Key::Char(_), .. }));
    let until = Instant::now() + GATHERED_MAX;
    let mut only_chars = is_char(&first);
    let mut events = vec![first];
    while events.len() < TURN_EVENTS_MAX {
        let left = if only_chars { until.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
        let Ok(event) = queue.recv_timeout(left.min(GATHERED)) else { break };
        only_chars &= is_char(&event);
        events.push(event);
    }
    events
}

/// What comes after a lane's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing: it was closed.
    End,
    /// The same lane once more: for a training, or after one.
    Again {
        /// Whether it is for one.
        training: bool,
    },
}

/// Runs a lane with its window until the window is closed.
///
/// A training holds the lock of the journal that counts, so that no second till sells meanwhile, and begins with an empty
/// journal of its own.
pub fn run(paths: Paths, config: Config) -> anyhow::Result<After> {
    // A second till on the same files would show a frightening page over the
    // working one; a double start is better told where it was made.
    std::fs::create_dir_all(&paths.data).with_context(|| format!("make {}", paths.data.display()))?;
    if !config.training && set_up::is_needed(&paths) {
        return set_up::window::run(paths, config);
    }
    let lock = WriterLock::take(&paths.journal()).context("start the till")?;
    if !config.training {
        set_up::agent::keep_running(&paths);
    }
    let training = config.training.then(|| paths.training());
    let _record = if let Some(training) = &training {
        begin_training(&training.data)?;
        Some(lock)
    } else {
        drop(lock);
        None
    };
    let (events, queue) = sync_channel(EVENTS_WAITING_MAX);
    let actions = events.clone();
    let report = move |action| match actions.try_send(Event::Action(action)) {
        Ok(()) | Err(TrySendError::Disconnected(_)) => {}
        // Rather a window that waits than a scan that is lost.
        Err(TrySendError::Full(event)) => {
            let _ = actions.send(event);
        }
    };
    select_window_system()?;
    let screen = MainScreen::new(&config, report.clone())?;
    let customer = match &config.customer {
        None => None,
        Some(place) => {
            let window = CustomerScreen::new(report)?;
            window.show_at(place.place())?;
            Some(window)
        }
    };
    let feed = customer.as_ref().zip(config.customer.as_ref());
    let feed = feed.map(|(window, place)| CustomerFeed::new(window.remote(), place, &paths));
    let devices = Devices::start(&paths, &config, &events)?;
    check_journal(training.as_ref().unwrap_or(&paths), events.clone());
    drop(events);
    let remote = screen.remote();
    let after = Arc::clone(&devices.after);
    let lane = thread::Builder::new().name("lane".into()).spawn(move || {
        // Whatever ends the lane ends the window: a till that shows a basket
        // and takes no key would be worse than none.
        let _quit = QuitWhenDropped(remote.clone());
        let mut lane = Lane::new(paths, config);
        lane.wake_for_pictures(devices.events.clone());
        let show = |lane: &Lane, view| {
            if let Some(feed) = &feed {
                feed.show(&view);
            }
            remote.show(lane, view);
        };
        take_turns(&mut lane, &queue, &devices, show, |patience| remote.is_drawn_within(patience));
    })?;
    screen.run()?;
    // Without the windows nothing more can come; the queue's last sender goes with them.
    drop(screen);
    drop(customer);
    match lane.join() {
        Ok(()) => Ok(*after.lock().unwrap_or_else(PoisonError::into_inner)),
        Err(_) => anyhow::bail!("the lane ended in a bug; what was committed is safe"),
    }
}

/// Makes room for a training: what an earlier one left goes. Only files of a till lie there.
fn begin_training(folder: &Path) -> anyhow::Result<()> {
    let refused = || format!("make room for a training in {}", folder.display());
    match std::fs::remove_dir_all(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(refused),
    }
    std::fs::create_dir_all(folder).with_context(refused)
}

/// Once in a process: a training runs in the same one.
pub(crate) fn select_window_system() -> Result<(), ScreenError> {
    static SELECTED: Once = Once::new();
    let mut selected = Ok(());
    SELECTED.call_once(|| selected = ui::select_window_system());
    selected
}

/// The lane's own window: the cashier's, or the customers'.
enum MainScreen {
    Till(TillScreen),
    Kiosk(KioskScreen),
}

impl MainScreen {
    fn new(config: &Config, report: impl Fn(Action) + Clone + 'static) -> Result<Self, ScreenError> {
        let tall = Window { width: 1_080, height: 1_400, fullscreen: false };
        let window = match config.mode {
            // A kiosk stands upright where nothing else is said.
            Mode::Kiosk if config.window == Window::default() => &tall,
            Mode::Kiosk | Mode::Till | Mode::Labels => &config.window,
        };
        match config.mode {
            Mode::Till | Mode::Labels => {
                let screen = TillScreen::new(report)?;
                screen.set_size(window.width, window.height);
                screen.set_fullscreen(window.fullscreen);
                Ok(Self::Till(screen))
            }
            Mode::Kiosk => {
                let screen = KioskScreen::new(report)?;
                screen.set_size(window.width, window.height);
                screen.set_fullscreen(window.fullscreen);
                Ok(Self::Kiosk(screen))
            }
        }
    }

    fn remote(&self) -> MainRemote {
        match self {
            Self::Till(screen) => MainRemote::Till(screen.remote()),
            Self::Kiosk(screen) => MainRemote::Kiosk(screen.remote()),
        }
    }

    fn run(&self) -> Result<(), ScreenError> {
        match self {
            Self::Till(screen) => screen.run(),
            Self::Kiosk(screen) => screen.run(),
        }
    }
}

/// That window as the lane's thread sees it.
#[derive(Clone)]
enum MainRemote {
    Till(Remote),
    Kiosk(KioskRemote),
}

impl MainRemote {
    fn show(&self, lane: &Lane, view: View) {
        match self {
            Self::Till(remote) => remote.apply(view),
            Self::Kiosk(remote) => remote.apply(lane.kiosk_view()),
        }
    }

    /// Whether what was shown is on the screen, after `patience` at the latest.
    fn is_drawn_within(&self, patience: Duration) -> bool {
        match self {
            Self::Till(remote) => remote.is_drawn_within(patience),
            // Its lane shows nothing that it goes on working out.
            Self::Kiosk(_) => true,
        }
    }
}

struct QuitWhenDropped(MainRemote);

impl Drop for QuitWhenDropped {
    fn drop(&mut self) {
        match &self.0 {
            MainRemote::Till(remote) => remote.quit(),
            MainRemote::Kiosk(remote) => remote.quit(),
        }
    }
}

/// Reads the whole journal once, beside the selling, and tells only what is wrong.
pub fn check_journal(paths: &Paths, events: SyncSender<Event>) {
    let file = paths.journal();
    thread::spawn(move || {
        let checked = match JournalReader::open(&file) {
            Ok(Some(reader)) => reader.verify().map_err(|error| words(&error)),
            // None yet, or one that the lane itself refuses with better words.
            Ok(None) | Err(_) => return,
        };
        match checked {
            Ok(head) => tracing::info!(seq = head.seq, "journal checked"),
            Err(reason) => {
                let _ = events.send(Event::JournalDamaged { reason });
            }
        }
    });
}
