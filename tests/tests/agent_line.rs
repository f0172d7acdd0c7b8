//! What a lane asks its agent: the line itself, with an agent that behaves in
//! every way that one may.
#![cfg(unix)]

use pos_app::asking::AgentLine;
use pos_app::lane::Event;
use protocol::ask::{ASK_VERSION, Answer, Answered, Asked, FrameReader, QUESTIONS_MAX, encode_frame};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use protocol::ask::Question;
use tempfile::TempDir;

/// Longer than any machine is busy.
const PATIENCE: Duration = Duration::from_secs(60);

struct Counter {
    line: AgentLine,
    events: Receiver<Event>,
    folder: TempDir,
}

impl Counter {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (send, events) = sync_channel(64);
        let line = AgentLine::start(folder.path().join("agent.sock"), &send);
        Self { line, events, folder }
    }

    fn agent(&self) -> UnixListener {
        UnixListener::bind(self.folder.path().join("agent.sock")).expect("listens")
    }

    fn ask(&self, number: u64, within: Duration) {
        let question = Question::Stock { sku: "1".into() };
        self.line.ask(Asked { v: ASK_VERSION, number, question }, within);
    }

    fn hear(&self) -> (u64, Option<Answer>) {
        match self.events.recv_timeout(PATIENCE).expect("every question ends") {
            Event::Answered { number, answer } => (number, answer.map(|answer| *answer)),
            other @ (Event::Action(_)
            | Event::Scan(_)
            | Event::Scale(_)
            | Event::Bagging(_)
            | Event::Printer(_)
            | Event::Payment { .. }
            | Event::TornCode { .. }
            | Event::Scanner { .. }
            | Event::Pole(_)
            | Event::JournalDamaged { .. }
            | Event::Reckoned
            | Event::PicturesCame
            | Event::Tick) => panic!("an answer, not {other:?}"),
        }
    }
}

fn read(stream: &mut UnixStream) -> Asked {
    let (mut frames, mut byte) = (FrameReader::default(), [0]);
    loop {
        stream.read_exact(&mut byte).expect("a question comes");
        frames.push(&byte);
        if let Some(asked) = frames.message().expect("a frame") {
            return asked;
        }
    }
}

fn answer(stream: &mut UnixStream, number: u64) {
    let answered = Answered { v: ASK_VERSION, number, answer: Answer::Released {} };
    stream.write_all(&encode_frame(&answered).expect("a frame")).expect("written");
}

#[test]
fn without_an_agent_there_is_an_answer_at_once() {
    let counter = Counter::open();
    counter.ask(1, PATIENCE);
    assert_eq!(counter.hear(), (1, None));
}

#[test]
fn an_agent_that_takes_the_call_and_never_answers_ends_each_question_once() {
    let counter = Counter::open();
    let agent = counter.agent();
    counter.ask(1, Duration::ZERO);
    counter.ask(2, Duration::from_millis(20));
    let mut ended = [counter.hear(), counter.hear()];
    ended.sort_by_key(|(number, _)| *number);
    assert_eq!(ended, [(1, None), (2, None)]);
    // A question that is answered after it ended is not answered twice.
    counter.ask(3, PATIENCE);
    let (mut stream, _) = agent.accept().expect("connected");
    while read(&mut stream).number != 3 {}
    answer(&mut stream, 2);
    answer(&mut stream, 3);
    answer(&mut stream, 3);
    assert_eq!(counter.hear(), (3, Some(Answer::Released {})));
    counter.ask(4, PATIENCE);
    answer(&mut stream, 4);
    assert_eq!(counter.hear(), (4, Some(Answer::Released {})), "nothing came twice in between");
}

#[test]
fn so_many_are_under_way_and_one_more_has_no_answer() {
    let counter = Counter::open();
    let _agent = counter.agent();
    for number in 0..QUESTIONS_MAX as u64 {
        counter.ask(number, PATIENCE);
    }
    counter.ask(99, PATIENCE);
    assert_eq!(counter.hear(), (99, None));
}

#[test]
fn an_agent_that_ends_is_found_again() {
    let counter = Counter::open();
    let agent = counter.agent();
    counter.ask(1, PATIENCE);
    let (mut stream, _) = agent.accept().expect("connected");
    assert_eq!(read(&mut stream).number, 1);
    drop((stream, agent));
    assert_eq!(counter.hear(), (1, None), "it is known at once that nobody answers");
    std::fs::remove_file(counter.folder.path().join("agent.sock")).expect("the old socket");
    let agent = counter.agent();
    counter.ask(2, PATIENCE);
    let (mut stream, _) = agent.accept().expect("connected again");
    assert_eq!(read(&mut stream).number, 2);
    answer(&mut stream, 2);
    assert_eq!(counter.hear(), (2, Some(Answer::Released {})));
}

#[test]
fn rubbish_from_the_agent_ends_the_call_and_not_the_lane() {
    let counter = Counter::open();
    let agent = counter.agent();
    counter.ask(1, PATIENCE);
    let (mut stream, _) = agent.accept().expect("connected");
    stream.write_all(&[0xff; 64]).expect("written");
    assert_eq!(counter.hear(), (1, None));
    counter.ask(2, PATIENCE);
    let (mut stream, _) = agent.accept().expect("connected again");
    answer(&mut stream, 2);
    assert_eq!(counter.hear(), (2, Some(Answer::Released {})));
}
