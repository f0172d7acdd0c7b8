//! The socket at which the lane asks while a customer waits.
//!
//! A question is sent on to whoever may know, and what comes back, or that
//! nothing came back in time, is the answer. Nothing is remembered here: an
//! agent that is started again answers as well as the one before.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use protocol::ask::{
    ASK_VERSION, Answer, Answered, Asked, FrameReader, QUESTIONS_MAX, Question, encode_frame, read_question,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, warn};

/// Connections at one time: the lane has one, and one more while it is started again.
pub const CONNECTIONS_MAX: usize = 4;

/// How long a lane may take to read an answer before it is hung up on.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long nothing is accepted after the system refused a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Whoever answers questions.
pub trait Answers: Send + Sync + 'static {
    /// Answers, or says that nobody who knows was reached.
    fn answer(&self, question: Question) -> impl Future<Output = Answer> + Send;
}

/// Begins to listen, at a name that nobody but this user can connect to. What
/// an agent before left there is taken away: the caller holds the lane's files.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    // It gets its name once it is closed to everybody else.
    let beside = path.with_added_extension("new");
    for old in [&beside, path] {
        match std::fs::remove_file(old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    let listener = UnixListener::bind(&beside)?;
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&beside, path)?;
    Ok(listener)
}

/// Answers until it is dropped; what is not answered within a time is said to
/// be out of reach.
pub async fn serve<A: Answers>(listener: UnixListener, answers: Arc<A>, within: Duration) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut open = JoinSet::new();
    loop {
        // Who comes beyond the bound waits at the door, and asks in vain.
        let Ok(permit) = connections.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let answers = answers.clone();
                open.spawn(async move {
                    if let Err(error) = talk(stream, answers, within).await {
                        debug!(%error, "a lane is hung up on");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                warn!(%error, "no connection is taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while open.try_join_next().is_some() {}
    }
}

/// Talks with one lane until it goes, or does not keep to the form.
async fn talk<A: Answers>(stream: UnixStream, answers: Arc<A>, within: Duration) -> io::Result<()> {
    let (mut from_lane, to_lane) = stream.into_split();
    // As many as there are questions, and the refusal of one more.
    let (said, to_say) = mpsc::channel(QUESTIONS_MAX + 1);
    let mut tasks = JoinSet::new();
    tasks.spawn(say(to_lane, to_say));
    let under_way = Arc::new(Semaphore::new(QUESTIONS_MAX));
    let mut frames = FrameReader::default();
    let mut bytes = vec![0; 64 << 10];
    loop {
        let read = tokio::select! {
            read = from_lane.read(&mut bytes) => read?,
            Some(ended) = tasks.join_next() => {
                // A question that ended is of no more interest; that nothing
                // can be said any more ends the talk.
                ended.map_err(io::Error::other)??;
                continue;
            }
        };
        if read == 0 {
            return Ok(());
        }
        frames.push(&bytes[..read]);
        while let Some(value) = frames.message().map_err(io::Error::other)? {
            let asked = match read_question(value) {
                Ok(asked) => asked,
                Err(Some(refusal)) => {
                    say_now(&said, *refusal)?;
                    continue;
                }
                Err(None) => return Err(io::Error::other("a question without a number")),
            };
            let Ok(permit) = under_way.clone().try_acquire_owned() else {
                let reason = format!("more than {QUESTIONS_MAX} questions at one time");
                say_now(&said, answered(asked.number, Answer::Refused { reason }))?;
                continue;
            };
            let (said, answers) = (said.clone(), answers.clone());
            tasks.spawn(async move {
                let Asked { number, question, .. } = asked;
                let answer = timeout(within, answers.answer(question)).await;
                let answer = answered(number, answer.unwrap_or(Answer::Unreachable {}));
                // Nobody listens where the lane has gone.
                let _ = said.send(answer).await;
                drop(permit);
                Ok(())
            });
        }
    }
}

fn answered(number: u64, answer: Answer) -> Answered {
    Answered { v: ASK_VERSION, number, answer }
}

fn say_now(said: &mpsc::Sender<Answered>, answer: Answered) -> io::Result<()> {
    said.try_send(answer).map_err(|_| io::Error::other("the lane asks and does not listen"))
}

async fn say(mut lane: OwnedWriteHalf, mut to_say: mpsc::Receiver<Answered>) -> io::Result<()> {
    while let Some(answer) = to_say.recv().await {
        let frame = encode_frame(&answer).or_else(|error| {
            encode_frame(&answered(answer.number, Answer::Refused { reason: error.to_string() }))
        });
        let frame = frame.map_err(io::Error::other)?;
        timeout(WRITE_TIMEOUT, lane.write_all(&frame)).await.map_err(io::Error::other)??;
    }
    Ok(())
}
