//! The socket of the agent, with a lane that asks as it should and as it should not.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;

use std::sync::Arc;
use std::time::Duration;

use protocol::ask::{
    ASK_VERSION, Answer, Answered, Asked, FRAME_BYTES_MAX, FrameReader, QUESTIONS_MAX, Question, encode_frame,
};
use sync_agent::asking::{Answers, listen, serve};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

fn answered(number: u64, answer: Answer) -> Answered {
    Answered { v: ASK_VERSION, number, answer }
}

/// Answers stock questions, never those for members.
struct Clerk;

impl Answers for Clerk {
    async fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Stock { .. } => Answer::Stock { places: Vec::new() },
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
            | Question::Earned { .. }
            | Question::FlashLabel { .. }
            | Question::LabelStore { .. }
            | Question::Stand { .. }
            | Question::Kiosks {}
            | Question::Act { .. }
            | Question::ResendLabel { .. }
            | Question::Positions {}
            | Question::ParkedBaskets { .. }
            | Question::ClaimParked { .. }
            | Question::ReleaseParked { .. }
            | Question::ClaimCode { .. }
            | Question::ReleaseCode { .. }
            | Question::QuotasUsed { .. } => std::future::pending().await,
        }
    }
}

struct Door {
    folder: TempDir,
    serving: JoinHandle<()>,
}

impl Door {
    fn open(within: Duration) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = listen(&folder.path().join("agent.sock")).expect("listens");
        Self { folder, serving: tokio::spawn(serve(listener, Arc::new(Clerk), within)) }
    }

    async fn connect(&self) -> Lane {
        let stream = UnixStream::connect(self.folder.path().join("agent.sock")).await.expect("connected");
        Lane { stream, frames: FrameReader::default() }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Lane {
    stream: UnixStream,
    frames: FrameReader,
}

impl Lane {
    async fn ask(&mut self, number: u64, question: Question) {
        let frame = encode_frame(&Asked { v: ASK_VERSION, number, question }).expect("a frame");
        self.stream.write_all(&frame).await.expect("written");
    }

    /// The next answer; `None` where the agent hung up.
    async fn hear(&mut self) -> Option<Answered> {
        let mut bytes = [0; 4_096];
        loop {
            if let Some(answer) = self.frames.message().expect("a frame") {
                return Some(answer);
            }
            match self.stream.read(&mut bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.frames.push(&bytes[..read]),
            }
        }
    }
}

fn stock() -> Question {
    Question::Stock { sku: "1".into() }
}

#[tokio::test]
async fn nobody_else_can_ask_and_an_old_socket_is_no_hindrance() {
    let door = Door::open(Duration::from_secs(60));
    let path = door.folder.path().join("agent.sock");
    let mode = std::fs::metadata(&path).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    door.serving.abort();
    drop(listen(&path).expect("the old one is taken away"));
}

#[tokio::test]
async fn what_nobody_answers_is_said_to_be_so_and_holds_up_nothing() {
    let door = Door::open(Duration::from_millis(100));
    let mut lane = door.connect().await;
    lane.ask(1, Question::Member { code: "m".into() }).await;
    lane.ask(2, stock()).await;
    assert_eq!(lane.hear().await, Some(answered(2, Answer::Stock { places: Vec::new() })));
    assert_eq!(lane.hear().await, Some(answered(1, Answer::Unreachable {})));
}

#[tokio::test]
async fn so_many_questions_are_under_way_and_no_more() {
    let door = Door::open(Duration::from_secs(1));
    let mut lane = door.connect().await;
    for number in 0..QUESTIONS_MAX as u64 {
        lane.ask(number, Question::Member { code: "m".into() }).await;
    }
    lane.ask(99, stock()).await;
    let refusal = lane.hear().await.expect("an answer");
    assert!(refusal.number == 99 && matches!(refusal.answer, Answer::Refused { .. }), "{refusal:?}");
    for _ in 0..QUESTIONS_MAX {
        assert!(matches!(lane.hear().await.expect("an answer").answer, Answer::Unreachable {}));
    }
    lane.ask(100, stock()).await;
    assert!(matches!(lane.hear().await.expect("an answer").answer, Answer::Stock { .. }));
}

#[tokio::test]
async fn whoever_does_not_keep_to_the_form_is_hung_up_on_and_the_next_is_served() {
    let door = Door::open(Duration::from_secs(60));
    for rubbish in [&b"\0\0\0\x05hello"[..], &(FRAME_BYTES_MAX as u32 + 1).to_be_bytes(), b"\0\0\0\x02{}"] {
        let mut lane = door.connect().await;
        lane.stream.write_all(rubbish).await.expect("written");
        assert_eq!(lane.hear().await, None);
    }
    let mut lane = door.connect().await;
    let newer = encode_frame(&serde_json::json!({"v": 1, "number": 5, "ask": "sing"})).expect("a frame");
    lane.stream.write_all(&newer).await.expect("written");
    assert!(matches!(lane.hear().await, Some(Answered { number: 5, answer: Answer::Refused { .. }, .. })));
    lane.ask(6, stock()).await;
    assert_eq!(lane.hear().await.map(|answer| answer.number), Some(6));
}
