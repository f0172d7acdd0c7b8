//! Threads, devices and the window around a lane.
//!
//! One thread owns the lane and its files; one draws; every device has its
//! own. All of them put events into one bounded queue, in the order in which
//! things happened.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Instant;

use anyhow::Context;
use domain::clock::LaneClock;
use drivers::printer::{Outcome, Printer, PrinterConfig, PrinterEvent, Profile, Rejection};
use drivers::scanner::serial::{ScannerEvent, SerialScanner, SerialScannerConfig};
use drivers::sound::{Sound, SoundConfig};
use ledger::file::WriterLock;
use ledger::journal::JournalReader;
use ui::{Remote, TillScreen};

use crate::config::{Config, Paths};
use crate::lane::{Command, Event, Lane, Moment, TICK, TURN_EVENTS_MAX, words};

/// The most events that wait for the lane; who brings one more waits.
pub const EVENTS_WAITING_MAX: usize = 1_024;

/// The devices of a lane.
pub struct Devices {
    printer: Option<Printer>,
    sound: Sound,
    _scanner: Option<SerialScanner>,
    events: SyncSender<Event>,
}

impl Devices {
    /// Starts the devices that are configured; what they have to say goes into the queue.
    pub fn start(paths: &Paths, config: &Config, events: &SyncSender<Event>) -> anyhow::Result<Self> {
        let printer = match &config.printer {
            None => None,
            Some(printer) => {
                let profile = Profile::parse(&printer.profile)?;
                let events = events.clone();
                // A closed queue means that the lane has ended.
                Some(Printer::spawn(PrinterConfig::new(&printer.address, profile), move |event| {
                    let _ = events.send(Event::Printer(event));
                }))
            }
        };
        let scanner = config.scanner.as_ref().map(|scanner| {
            let events = events.clone();
            let config =
                SerialScannerConfig { baud: scanner.baud, ..SerialScannerConfig::new(&scanner.path) };
            SerialScanner::spawn(config, move |event| match event {
                ScannerEvent::Scan(scan) => {
                    let _ = events.send(Event::Scan(scan));
                }
                ScannerEvent::LineDropped { bytes } => tracing::warn!(bytes, "scanner sent too long a line"),
                ScannerEvent::Health(health) => tracing::info!(?health, "scanner"),
            })
        });
        let sound = Sound::spawn(
            SoundConfig { folder: paths.sounds(), player: config.sound.player.clone() },
            |health| tracing::info!(?health, "sound"),
        );
        Ok(Self { printer, sound, _scanner: scanner, events: events.clone() })
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
            Command::Play(tone) => self.sound.play(tone),
            Command::Quit => return false,
        }
        true
    }
}

/// Takes turns until the program ends or every sender is gone.
pub fn take_turns(
    lane: &mut Lane,
    queue: &Receiver<Event>,
    devices: &Devices,
    show: impl Fn(ui::view::View),
) {
    let begun = Instant::now();
    let mut clock = LaneClock::new(lane.last_stamp_ms(), 0);
    let mut turn = |events: Vec<Event>| {
        let shown = Moment::now();
        let steady_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (now_ms, change) = clock.read(shown.now_ms, steady_ms);
        if let Some(change) = change {
            tracing::warn!(?change, "clock");
            lane.hear_clock(change);
        }
        let commands = lane.turn(Moment { now_ms, ..shown }, events);
        show(lane.view());
        commands.into_iter().all(|command| devices.perform(command))
    };
    if !turn(Vec::new()) {
        return;
    }
    loop {
        let events = match queue.recv_timeout(TICK) {
            Ok(first) => std::iter::once(first).chain(queue.try_iter()).take(TURN_EVENTS_MAX).collect(),
            Err(RecvTimeoutError::Timeout) => vec![Event::Tick],
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if !turn(events) {
            return;
        }
    }
}

/// Runs a lane with its window until the window is closed.
pub fn run(paths: Paths, config: Config) -> anyhow::Result<()> {
    // A second till on the same files would show a frightening page over the
    // working one; a double start is better told where it was made.
    std::fs::create_dir_all(&paths.data).with_context(|| format!("make {}", paths.data.display()))?;
    drop(WriterLock::take(&paths.journal()).context("start the till")?);
    let (events, queue) = sync_channel(EVENTS_WAITING_MAX);
    let actions = events.clone();
    let screen = TillScreen::new(move |action| match actions.try_send(Event::Action(action)) {
        Ok(()) | Err(TrySendError::Disconnected(_)) => {}
        // Rather a window that waits than a scan that is lost.
        Err(TrySendError::Full(event)) => {
            let _ = actions.send(event);
        }
    })?;
    screen.set_size(config.window.width, config.window.height);
    screen.set_fullscreen(config.window.fullscreen);
    let devices = Devices::start(&paths, &config, &events)?;
    check_journal(&paths, events.clone());
    drop(events);
    let remote = screen.remote();
    let lane = thread::Builder::new().name("lane".into()).spawn(move || {
        // Whatever ends the lane ends the window: a till that shows a basket
        // and takes no key would be worse than none.
        let _quit = QuitWhenDropped(remote.clone());
        let mut lane = Lane::new(paths, config);
        take_turns(&mut lane, &queue, &devices, |view| remote.apply(view));
    })?;
    screen.run()?;
    // Without the window nothing more can come; the queue's last sender goes with it.
    drop(screen);
    match lane.join() {
        Ok(()) => Ok(()),
        Err(_) => anyhow::bail!("the lane ended in a bug; what was committed is safe"),
    }
}

struct QuitWhenDropped(Remote);

impl Drop for QuitWhenDropped {
    fn drop(&mut self) {
        self.0.quit();
    }
}

/// Reads the whole journal once, beside the selling.
fn check_journal(paths: &Paths, events: SyncSender<Event>) {
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
