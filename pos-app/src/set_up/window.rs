//! Threads and the window around a set-up.

use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use drivers::sound::{Sound, SoundConfig, Tone};
use ledger::file::WriterLock;
use ui::customer::{CustomerRemote, CustomerScreen};
use ui::{Remote, TillScreen};

use super::ports::Machine;
use super::trial::{self, Said, Trying};
use super::{Errand, Event, SetUp, agent};
use crate::config::{Config, Paths};
use crate::lane::Moment;
use crate::run::{After, EVENTS_WAITING_MAX, select_window_system};

/// How often the set-up looks around when nothing happens.
const TICK: Duration = Duration::from_millis(500);

/// Runs a set-up with its window, until it is done or the window is closed.
///
/// # Errors
/// There is no display, or another set-up runs in this folder.
pub fn run(paths: Paths, config: Config) -> anyhow::Result<After> {
    // Two of them would answer one question twice.
    let _one = WriterLock::take(&paths.data.join("set-up.db")).context("set the till up")?;
    let (events, queue) = sync_channel(EVENTS_WAITING_MAX);
    let actions = events.clone();
    let report = move |action| match actions.try_send(Event::Action(action)) {
        Ok(()) | Err(TrySendError::Disconnected(_)) => {}
        // Rather a window that waits than a key that is lost.
        Err(TrySendError::Full(event)) => {
            let _ = actions.send(event);
        }
    };
    select_window_system()?;
    let screen = TillScreen::new(report.clone())?;
    // Hidden until it is tried. Keys that reach it are the set-up's.
    let customer = CustomerScreen::new(report)?;
    screen.set_size(config.window.width, config.window.height);
    screen.set_fullscreen(config.window.fullscreen);
    let after = Arc::new(Mutex::new(After::End));
    let (remote, told, customer_remote) = (screen.remote(), Arc::clone(&after), customer.remote());
    let worker = thread::Builder::new().name("set-up".into()).spawn(move || {
        let _quit = QuitWhenDropped(remote.clone());
        let sound = SoundConfig { folder: paths.sounds(), player: config.sound.player.clone() };
        let mut hands = Hands {
            sound: Sound::spawn(sound, |health| tracing::info!(?health, "sound")),
            paths: paths.clone(),
            events,
            customer: customer_remote,
            trial: None,
            agent: None,
        };
        let mut set_up = SetUp::new(paths, config, Machine::default());
        let show = |set_up: &SetUp| remote.apply(set_up.view());
        if turn(&mut set_up, &queue, &mut hands, show) {
            *told.lock().unwrap_or_else(PoisonError::into_inner) = After::Again { training: false };
        }
    })?;
    screen.run()?;
    drop(screen);
    drop(customer);
    match worker.join() {
        Ok(()) => Ok(*after.lock().unwrap_or_else(PoisonError::into_inner)),
        Err(_) => anyhow::bail!("the set-up ended in a bug; the next start goes on where it was"),
    }
}

/// Whatever ends the set-up ends its window.
struct QuitWhenDropped(Remote);

impl Drop for QuitWhenDropped {
    fn drop(&mut self) {
        self.0.quit();
    }
}

/// Takes events until the set-up is done, which it says, or nobody is there any more.
fn turn(set_up: &mut SetUp, queue: &Receiver<Event>, hands: &mut Hands, show: impl Fn(&SetUp)) -> bool {
    show(set_up);
    loop {
        let event = match queue.recv_timeout(TICK) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::Tick,
            Err(RecvTimeoutError::Disconnected) => return false,
        };
        for event in std::iter::once(event).chain(hands.agent_ended()).chain(hands.picture_over()) {
            for errand in set_up.take(Moment::now(), event) {
                match errand {
                    Errand::Done => return true,
                    Errand::Quit => return false,
                    Errand::Ask { .. }
                    | Errand::Try { .. }
                    | Errand::LetGo
                    | Errand::Beep
                    | Errand::StartAgent => hands.perform(errand),
                }
            }
        }
        show(set_up);
    }
}

/// What a set-up has beside its window.
struct Hands {
    sound: Sound,
    paths: Paths,
    events: SyncSender<Event>,
    customer: CustomerRemote,
    /// What is tried, and our number of that.
    trial: Option<(u64, Trying)>,
    agent: Option<Child>,
}

impl Hands {
    fn perform(&mut self, errand: Errand) {
        match errand {
            Errand::Ask { number, asked } => {
                if asked.spend && asked.replace {
                    self.end_agent();
                }
                let (paths, events) = (self.paths.clone(), self.events.clone());
                thread::spawn(move || {
                    let outcome = agent::ask(&paths, &asked);
                    // A closed queue means that the set-up has ended.
                    let _ = events.send(Event::Asked { number, outcome });
                });
            }
            Errand::Try { number, tried } => {
                self.trial = None;
                match trial::begin(&self.paths, &tried, number, &self.events, &self.customer) {
                    Ok(trial) => self.trial = Some((number, trial)),
                    Err(error) => self.tell(Event::NotTried { number, reason: error.to_string() }),
                }
            }
            Errand::LetGo => self.trial = None,
            Errand::Beep => self.sound.play(Tone::Accepted),
            Errand::StartAgent => {
                if self.agent.is_some() {
                    return;
                }
                match agent::start(&self.paths) {
                    Ok(child) => self.agent = Some(child),
                    Err(error) => self.tell(Event::NoAgent { reason: error.to_string() }),
                }
            }
            Errand::Done | Errand::Quit => {}
        }
    }

    /// That a test picture has stood long enough, once it has.
    fn picture_over(&mut self) -> Option<Event> {
        let number = self.trial.as_ref().filter(|(_, trial)| trial.is_over())?.0;
        self.trial = None;
        Some(Event::Said { number, said: Said::PictureOver })
    }

    /// How the agent ended that was started here, once it has: so nothing of it is left.
    fn agent_ended(&mut self) -> Option<Event> {
        let status = self.agent.as_mut()?.try_wait().ok()??;
        self.agent = None;
        Some(Event::AgentEnded { status: status.to_string() })
    }

    /// Ends the agent that was started here: it holds the files that an exchange writes. Like a power cut, that loses
    /// nothing.
    fn end_agent(&mut self) {
        let Some(mut child) = self.agent.take() else { return };
        if let Err(error) = child.kill().and_then(|()| child.wait()) {
            // The exchange says that the files are in use.
            tracing::warn!(%error, "the agent was not ended");
        }
    }

    /// Tells this thread's own queue; where it is full, what is told is told by the next try.
    fn tell(&self, event: Event) {
        let _ = self.events.try_send(event);
    }
}
