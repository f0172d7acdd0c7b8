//! Asks the agent, and never waits for it.
//!
//! Every question ends exactly once: with an answer, or with none in time.
//! Three threads see to that beside the lane: one writes, one reads, and one
//! looks at the clock, so that an agent that takes a connection and never
//! reads or answers holds nobody up.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use protocol::ask::{
    ANSWER_WITHIN_MS, ASK_VERSION, Answer, Answered, Asked, FrameReader, QUESTIONS_MAX, encode_frame,
};

use crate::lane::Event;

/// How long a lane waits for an answer.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(ANSWER_WITHIN_MS);

/// Where questions go.
pub struct AgentLine {
    questions: SyncSender<Asked>,
    waiting: Arc<Waiting>,
}

/// The questions that have not ended.
struct Waiting {
    state: Mutex<State>,
    changed: Condvar,
    events: SyncSender<Event>,
}

#[derive(Default)]
struct State {
    /// By their numbers, with the moment at which they end without an answer.
    open: BTreeMap<u64, Instant>,
    is_over: bool,
}

impl AgentLine {
    /// Asks at this socket; answers go into the lane's queue. Nothing is
    /// connected before the first question.
    pub fn start(socket: PathBuf, events: &SyncSender<Event>) -> Self {
        let (questions, asked) = sync_channel(QUESTIONS_MAX);
        let waiting =
            Arc::new(Waiting { state: Mutex::default(), changed: Condvar::new(), events: events.clone() });
        let (writer, timer) = (waiting.clone(), waiting.clone());
        thread::spawn(move || write_questions(&socket, &asked, &writer));
        thread::spawn(move || timer.watch_the_clock());
        Self { questions, waiting }
    }

    /// Asks, and returns at once. However many are asked, at most
    /// [`QUESTIONS_MAX`] are under way: one more has no answer.
    pub fn ask(&self, asked: Asked, within: Duration) {
        let number = asked.number;
        let is_full = self.waiting.state().open.len() >= QUESTIONS_MAX;
        let now = Instant::now();
        self.waiting.open(number, if is_full { now } else { now + within });
        if !is_full && self.questions.try_send(asked).is_err() {
            self.waiting.open(number, now);
        }
    }
}

impl Drop for AgentLine {
    fn drop(&mut self) {
        self.waiting.state().is_over = true;
        self.waiting.changed.notify_all();
    }
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, number: u64, until: Instant) {
        self.state().open.insert(number, until);
        self.changed.notify_all();
    }

    /// Whether it still waits for its answer.
    fn is_open(&self, number: u64) -> bool {
        self.state().open.contains_key(&number)
    }

    /// Ends a question, if it has not ended.
    fn end(&self, number: u64, answer: Option<Answer>) {
        if self.state().open.remove(&number).is_some() {
            // A closed queue means that the lane has ended.
            let _ = self.events.send(Event::Answered { number, answer: answer.map(Box::new) });
        }
    }

    fn end_all(&self) {
        let numbers: Vec<u64> = self.state().open.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.end(number, None));
    }

    /// Ends without an answer what has waited long enough.
    fn watch_the_clock(&self) {
        loop {
            let mut state = self.state();
            if state.is_over {
                return;
            }
            let now = Instant::now();
            let over: Vec<u64> =
                state.open.iter().filter(|(_, until)| **until <= now).map(|(number, _)| *number).collect();
            if over.is_empty() {
                let next = state.open.values().min().map(|until| until.saturating_duration_since(now));
                state = match next {
                    Some(wait) => {
                        self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0
                    }
                    None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                };
                drop(state);
                continue;
            }
            drop(state);
            over.into_iter().for_each(|number| self.end(number, None));
        }
    }
}

/// A connection to the agent.
struct Connection {
    write: Box<dyn Write + Send>,
    /// Ends the reader.
    hang_up: Box<dyn Fn() + Send>,
    is_open: Arc<Mutex<bool>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        (self.hang_up)();
    }
}

fn write_questions(socket: &std::path::Path, asked: &Receiver<Asked>, waiting: &Arc<Waiting>) {
    let mut connection: Option<Connection> = None;
    while let Ok(question) = asked.recv() {
        let number = question.number;
        if !waiting.is_open(number) {
            continue;
        }
        let is_gone =
            |connection: &Connection| !*connection.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        if connection.as_ref().is_some_and(is_gone) {
            connection = None;
        }
        if connection.is_none() {
            match connect(socket, waiting) {
                Ok(made) => connection = Some(made),
                Err(error) => {
                    tracing::debug!(%error, "the agent is not there");
                    waiting.end(number, None);
                    continue;
                }
            }
        }
        let Some(open) = connection.as_mut() else { continue };
        let written =
            encode_frame(&question).map_err(io::Error::other).and_then(|frame| open.write.write_all(&frame));
        if let Err(error) = written {
            tracing::debug!(%error, "the agent does not listen");
            connection = None;
            waiting.end(number, None);
        }
    }
}

#[cfg(unix)]
fn connect(socket: &std::path::Path, waiting: &Arc<Waiting>) -> io::Result<Connection> {
    use std::os::unix::net::UnixStream;
    let stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    let (read, shut) = (stream.try_clone()?, stream.try_clone()?);
    let is_open = Arc::new(Mutex::new(true));
    let (waiting, open) = (waiting.clone(), is_open.clone());
    thread::spawn(move || {
        if let Err(error) = read_answers(read, &waiting) {
            tracing::debug!(%error, "the agent hung up");
        }
        *open.lock().unwrap_or_else(PoisonError::into_inner) = false;
        // Nothing that was asked here is answered any more.
        waiting.end_all();
    });
    let hang_up = move || {
        // It may be gone already.
        let _ = shut.shutdown(std::net::Shutdown::Both);
    };
    Ok(Connection { write: Box::new(stream), hang_up: Box::new(hang_up), is_open })
}

/// Where there are no such sockets the lane goes on within its own bounds.
#[cfg(not(unix))]
fn connect(_socket: &std::path::Path, _waiting: &Arc<Waiting>) -> io::Result<Connection> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Takes answers until the agent goes, or does not keep to the form.
fn read_answers(mut from_agent: impl Read, waiting: &Waiting) -> io::Result<()> {
    let mut frames = FrameReader::default();
    let mut bytes = vec![0; 64 << 10];
    loop {
        let read = from_agent.read(&mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        frames.push(&bytes[..read]);
        while let Some(answered) = frames.message::<Answered>().map_err(io::Error::other)? {
            if answered.v == ASK_VERSION {
                waiting.end(answered.number, Some(answered.answer));
            }
        }
    }
}
