//! The sockets of an OpenEPaperLink access point: one thread that asks what the [`Shelf`] says, listens to messages, and
//! comes back after everything. It decides nothing.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::{Fuse, FusedFuture, FutureExt};
use futures_util::stream::StreamExt;
use reqwest::multipart::{Form, Part};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::access_point::{Answer, Call, Moment, Pace, TOLD_MAX};
use super::wire::{ANSWER_BYTES_MAX, flash_pattern};
use super::{Ask, Busy, Gateway, LabelId, RequestId, Shelf, Told};
use crate::frame::{Backoff, FAILED, Health, lock, supervise};
use crate::label::{Face, Press};

/// Wishes that wait for the thread at most.
pub const START_QUEUE_MAX: usize = 1_024;
/// A line of messages that says nothing for so long is opened anew; the access point tells its state every few seconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Opening the line of messages takes no longer.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// Which access point, and how it is worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenEPaperLinkConfig {
    /// Host and port, such as `192.168.1.40` or `labels.local:80`.
    pub host: String,
    /// How fast.
    pub pace: Pace,
    /// How fast the clock runs: 1, and more for a simulated access point.
    pub speed: u64,
}

impl OpenEPaperLinkConfig {
    /// An access point at its usual pace.
    pub fn new(host: impl Into<String>) -> Self {
        Self { host: host.into(), pace: Pace::default(), speed: 1 }
    }
}

/// Why the gateway does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The HTTP client cannot be made.
    #[error("make the HTTP client of the label gateway")]
    Client(#[from] reqwest::Error),
    /// The system gives no thread, or no event loop.
    #[error("start the thread of the label gateway")]
    Thread(#[from] std::io::Error),
}

#[derive(Debug)]
struct Shared {
    told: Mutex<VecDeque<Told>>,
    news: Condvar,
    health: Mutex<Health>,
}

/// A gateway over an OpenEPaperLink access point; dropping it ends its thread.
#[derive(Debug)]
pub struct OpenEPaperLink {
    asks: mpsc::Sender<(Ask, RequestId)>,
    shared: Arc<Shared>,
    requests: AtomicU64,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl OpenEPaperLink {
    /// Starts the thread. `recalled` is what labels were seen to show before the program stopped, as [`Told::Shown`] told it.
    ///
    /// # Errors
    /// The system gives no thread or no client. Whether the access point is there, [`Gateway::health`] says later.
    pub fn start(
        config: OpenEPaperLinkConfig,
        press: Press,
        recalled: &[(LabelId, Face, [u8; 8])],
    ) -> Result<Self, StartError> {
        // The client wants a provider even where it never speaks TLS; one that is there already stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(1).build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (asks, asked) = mpsc::channel(START_QUEUE_MAX);
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            told: Mutex::new(VecDeque::new()),
            news: Condvar::new(),
            health: Mutex::new(Health::Connecting),
        });
        let mut shelf = Shelf::new(press, config.pace);
        for (label, face, hash) in recalled {
            shelf.recall(*label, face, *hash);
        }
        let mut line = Line {
            client,
            clock: Clock::new(config.speed),
            limit: Duration::from_millis(config.pace.call_wait / config.speed.max(1)),
            host: config.host,
            shelf,
            shared: Arc::clone(&shared),
            in_hand: None,
            pauses: Backoff::default(),
            asked,
            stopped,
        };
        let thread = std::thread::Builder::new().name("label gateway".to_owned()).spawn(move || {
            line.supervise(&runtime);
        })?;
        Ok(Self { asks, shared, requests: AtomicU64::new(1), stop, thread: Some(thread) })
    }
}

impl Gateway for OpenEPaperLink {
    fn ask(&self, ask: Ask) -> Result<RequestId, Busy> {
        let request = RequestId(self.requests.fetch_add(1, Ordering::Relaxed));
        self.asks.try_send((ask, request)).map_err(|_| Busy)?;
        Ok(request)
    }

    fn told(&mut self, wait: Duration) -> Option<Told> {
        let told = lock(&self.shared.told);
        let waited = self.shared.news.wait_timeout_while(told, wait, |told| told.is_empty());
        waited.unwrap_or_else(PoisonError::into_inner).0.pop_front()
    }

    fn health(&self) -> Health {
        lock(&self.shared.health).clone()
    }
}

impl Drop for OpenEPaperLink {
    fn drop(&mut self) {
        // The thread may have ended by itself.
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Milliseconds of the Unix epoch that never go back.
#[derive(Debug, Clone, Copy)]
struct Clock {
    began: Instant,
    at: Moment,
    speed: u64,
}

impl Clock {
    fn new(speed: u64) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(since.as_millis()).unwrap_or(0);
        Self { began: Instant::now(), at, speed: speed.max(1) }
    }

    fn now(&self) -> Moment {
        let passed = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.at.saturating_add(passed.saturating_mul(self.speed) / 1_000)
    }

    fn until(&self, moment: Moment) -> Duration {
        Duration::from_micros(moment.saturating_sub(self.now()).saturating_mul(1_000) / self.speed)
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The line of messages.
enum Messages {
    Closed { until: tokio::time::Instant },
    Opening(tokio::task::JoinHandle<Option<Socket>>),
    Open { socket: Box<Socket>, heard: tokio::time::Instant },
}

struct Line {
    client: reqwest::Client,
    host: String,
    clock: Clock,
    limit: Duration,
    shelf: Shelf,
    shared: Arc<Shared>,
    /// The call that is under way: one that a panic cut off failed.
    in_hand: Option<Call>,
    /// Pauses after a panic.
    pauses: Backoff,
    asked: mpsc::Receiver<(Ask, RequestId)>,
    stopped: watch::Receiver<bool>,
}

impl Line {
    /// Runs until told to stop, also where a picture or an answer brings out a defect.
    fn supervise(&mut self, runtime: &tokio::runtime::Runtime) {
        let run = |line: &mut Self| runtime.block_on(line.run());
        let failed = |line: &mut Self| {
            *lock(&line.shared.health) = Health::Offline { reason: FAILED.to_owned() };
        };
        let pause = |line: &mut Self| {
            let pause = line.pauses.next_pause();
            // Stopped, or the gateway is gone.
            runtime.block_on(async { tokio::time::timeout(pause, line.stopped.changed()).await.is_ok() })
        };
        supervise(self, run, failed, pause);
    }

    async fn run(&mut self) {
        if let Some(call) = self.in_hand.take() {
            self.shelf.answer(&call, Answer::Failed(FAILED.to_owned()), self.clock.now());
        }
        let mut messages = Messages::Closed { until: tokio::time::Instant::now() };
        let mut pauses = Backoff::default();
        let mut under_way = std::pin::pin!(Fuse::terminated());
        loop {
            if under_way.is_terminated()
                && let Some(call) = self.shelf.poll(self.clock.now())
            {
                self.in_hand = Some(call.clone());
                let request = self.request(&call);
                let limit = if matches!(call, Call::Upload(..)) { self.limit * 3 } else { self.limit };
                under_way.set(perform(call, request, limit).fuse());
            }
            self.pass_on();
            let sleep = if under_way.is_terminated() {
                self.clock.until(self.shelf.deadline())
            } else {
                // The answer comes first; it has a limit of its own.
                SILENCE_MAX
            };
            tokio::select! {
                biased;
                _ = self.stopped.changed() => return,
                (call, answer) = &mut under_way, if !under_way.is_terminated() => {
                    self.in_hand = None;
                    self.shelf.answer(&call, answer, self.clock.now());
                }
                next = listen(&mut messages, &self.host) => match next {
                    Heard::Text(text) => self.shelf.message(&text, self.clock.now()),
                    Heard::Opened(socket) => {
                        pauses.reset();
                        messages = Messages::Open { socket, heard: tokio::time::Instant::now() };
                        self.shelf.connected(self.clock.now());
                    }
                    Heard::Closed => {
                        let until = tokio::time::Instant::now() + pauses.next_pause();
                        messages = Messages::Closed { until };
                    }
                },
                ask = self.asked.recv() => match ask {
                    Some((ask, request)) => self.shelf.ask(ask, request, self.clock.now()),
                    None => return,
                },
                () = tokio::time::sleep(sleep) => {}
            }
        }
    }

    fn pass_on(&mut self) {
        let mut told = lock(&self.shared.told);
        while let Some(next) = self.shelf.told() {
            if told.len() >= TOLD_MAX {
                let report = told.iter().position(|told| matches!(told, Told::Seen(_)));
                told.remove(report.unwrap_or(0));
            }
            told.push_back(next);
            self.shared.news.notify_one();
        }
        let mut health = lock(&self.shared.health);
        if *health != *self.shelf.health() {
            health.clone_from(self.shelf.health());
        }
    }

    /// The request of a call, or the answer where there is nothing to send.
    fn request(&mut self, call: &Call) -> Result<reqwest::RequestBuilder, Answer> {
        let at = |path: &str| format!("http://{}{path}", self.host);
        Ok(match call {
            Call::Page(0) => self.client.get(at("/get_db")),
            Call::Page(pos) => self.client.get(at(&format!("/get_db?pos={pos}"))),
            Call::Record(label) => self.client.get(at(&format!("/get_db?mac={label}"))),
            Call::Type(hw_type) => self.client.get(at(&format!("/tagtypes/{hw_type:02X}.json"))),
            Call::Command(label, command) => self
                .client
                .post(at("/tag_cmd"))
                .form(&[("mac", label.to_string()), ("cmd", command.name().to_owned())]),
            Call::Flash(label, flash) => {
                self.client.get(at(&format!("/led_flash?mac={label}&pattern={}", flash_pattern(*flash))))
            }
            Call::Upload(label, _) => {
                let picture = self.shelf.picture(*label).map_err(Answer::NoFace)?;
                let part = Part::bytes(picture).file_name("label.jpg");
                let part = part.mime_str("image/jpeg").map_err(|error| Answer::Failed(error.to_string()))?;
                // Texts carry no content type, and the picture comes last: the access point reads them in turn.
                let form = Form::new()
                    .text("mac", label.to_string())
                    .text("contentmode", "24")
                    .text("dither", "0")
                    .text("ttl", "0")
                    .text("rotate", "0")
                    .part("file", part);
                self.client.post(at("/imgupload")).multipart(form)
            }
        })
    }
}

async fn perform(
    call: Call,
    request: Result<reqwest::RequestBuilder, Answer>,
    limit: Duration,
) -> (Call, Answer) {
    let answer = match request {
        Err(answer) => answer,
        Ok(request) => match tokio::time::timeout(limit, ask(request)).await {
            Ok(Ok((status, body))) => Answer::Text(status, body),
            Ok(Err(error)) => Answer::Failed(said(&error)),
            Err(_) => Answer::Failed(format!("no answer within {} ms", limit.as_millis())),
        },
    };
    (call, answer)
}

/// An error with what caused it, without the address, which is known.
fn said(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

async fn ask(request: reqwest::RequestBuilder) -> Result<(u16, String), reqwest::Error> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if room == 0 {
            break;
        }
    }
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

enum Heard {
    Text(String),
    Opened(Box<Socket>),
    Closed,
}

/// Waits for the next thing on the line of messages, opening it first where it is closed. May be dropped at any point.
async fn listen(messages: &mut Messages, host: &str) -> Heard {
    if let Messages::Closed { until } = messages {
        tokio::time::sleep_until(*until).await;
        let address = format!("ws://{host}/ws");
        // A task of its own, since this is dropped whenever anything else happens.
        *messages = Messages::Opening(tokio::spawn(async {
            let opening = tokio_tungstenite::connect_async(address);
            tokio::time::timeout(CONNECT_WAIT, opening).await.ok()?.ok().map(|(socket, _)| socket)
        }));
    }
    match messages {
        Messages::Closed { .. } => Heard::Closed,
        Messages::Opening(task) => match task.await {
            Ok(Some(socket)) => Heard::Opened(Box::new(socket)),
            Ok(None) | Err(_) => Heard::Closed,
        },
        Messages::Open { socket, heard } => loop {
            match tokio::time::timeout_at(*heard + SILENCE_MAX, socket.next()).await {
                Ok(Some(Ok(Frame::Text(text)))) => {
                    *heard = tokio::time::Instant::now();
                    return Heard::Text(text.to_string());
                }
                Ok(Some(Ok(Frame::Close(_)))) | Ok(Some(Err(_))) | Ok(None) | Err(_) => return Heard::Closed,
                Ok(Some(Ok(Frame::Binary(_) | Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_)))) => {
                    *heard = tokio::time::Instant::now();
                }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Fonts;

    #[test]
    fn a_gateway_that_panics_says_so_and_can_still_be_stopped() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let fonts = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/fonts/");
        let font = |name: &str| std::fs::read(format!("{fonts}{name}")).expect("a font");
        let fonts = Fonts::new(font("NotoSansSC-Regular.otf"), font("NotoSansSC-Bold.otf")).expect("fonts");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (_asks, asked) = mpsc::channel(1);
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            told: Mutex::new(VecDeque::new()),
            news: Condvar::new(),
            health: Mutex::new(Health::Connecting),
        });
        let mut line = Line {
            client: reqwest::Client::new(),
            host: "127.0.0.1:1".to_owned(),
            // A clock that stands still is divided by: each round panics.
            clock: Clock { speed: 0, ..Clock::new(1) },
            limit: Duration::from_secs(1),
            shelf: Shelf::new(Press::new(fonts), Pace::default()),
            shared: Arc::clone(&shared),
            in_hand: None,
            pauses: Backoff::default(),
            asked,
            stopped,
        };
        let thread = std::thread::spawn(move || line.supervise(&runtime));
        let deadline = crate::frame::Deadline::after(Duration::from_secs(20));
        // Between two panics it also meets that nobody listens at its address.
        let failed = Health::Offline { reason: FAILED.to_owned() };
        let says_so = || *lock(&shared.health) == failed;
        while !says_so() {
            assert!(!deadline.has_passed(), "{:?}", lock(&shared.health));
            std::thread::yield_now();
        }
        assert!(!thread.is_finished(), "it tries again");
        drop(stop);
        thread.join().expect("it ends when told to");
    }
}
