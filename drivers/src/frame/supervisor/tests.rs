//! The supervisor on a device that does what the test hands it.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;

const WAIT: Duration = Duration::from_secs(20);
const QUICK: Supervision = Supervision {
    queue_max: 3,
    retry_pause_first: Duration::from_millis(1),
    retry_pause_max: Duration::from_millis(5),
};

/// A device that does what the test hands it, one step a command or a try to open.
struct Scripted {
    opens: Receiver<Result<(), Lost>>,
    steps: Receiver<Step>,
    asked: Sender<u32>,
}

enum Step {
    Answer,
    Silence,
    /// The line is lost, after the first byte or before it.
    Lose {
        begun: bool,
    },
    Panic,
}

impl Device for Scripted {
    type Line = ();
    type Command = u32;
    type Answer = u32;
    type Event = ();

    fn open(&mut self) -> Result<(), Lost> {
        // Nothing scripted: open.
        self.opens.try_recv().unwrap_or(Ok(()))
    }

    fn carry_out(
        &mut self,
        _: &mut (),
        command: &u32,
        _: Deadline,
        desk: &mut Desk<'_, u32, ()>,
    ) -> Result<Option<u32>, Lost> {
        let _ = self.asked.send(*command);
        let step = self.steps.recv().map_err(|error| Lost(error.to_string()))?;
        if !matches!(step, Step::Lose { begun: false }) {
            desk.begin();
        }
        match step {
            Step::Answer => Ok(Some(*command)),
            Step::Silence => Ok(None),
            Step::Lose { .. } => Err(Lost("pulled".to_owned())),
            Step::Panic => panic!("a defect"),
        }
    }

    /// Eight makes seven pointless.
    fn supersedes(newer: &u32, older: &u32) -> bool {
        (newer, older) == (&8, &7)
    }

    fn idle(&mut self, _: &mut (), desk: &mut Desk<'_, u32, ()>) -> Result<Duration, Lost> {
        desk.report(Health::Ready);
        Ok(Duration::from_secs(60))
    }
}

struct Bench {
    driver: Supervised<Scripted>,
    opens: Sender<Result<(), Lost>>,
    steps: Sender<Step>,
    asked: Receiver<u32>,
    told: Receiver<Told<u32, ()>>,
}

impl Bench {
    fn new() -> Self {
        let (opens, opens_of) = channel();
        let (steps, steps_of) = channel();
        let (asked_of, asked) = channel();
        let (tell, told) = channel();
        let device = Scripted { opens: opens_of, steps: steps_of, asked: asked_of };
        let driver = Supervised::spawn(device, QUICK, move |event| {
            let _ = tell.send(event);
        });
        Self { driver, opens, steps, asked, told }
    }

    fn ask(&self, id: u64, repeat: Repeat, deadline: Duration) {
        self.driver.submit(id, 7, repeat, deadline).expect("room");
    }

    fn step(&self, step: Step) {
        self.steps.send(step).expect("the device runs");
    }

    fn end_of(&self, id: u64) -> Ending<u32> {
        loop {
            match self.told.recv_timeout(WAIT).expect("it ends") {
                Told::Ended { id: ended, ending } if ended == id => return ending,
                Told::Ended { .. } | Told::Health(_) | Told::Started { .. } | Told::News(()) => {}
            }
        }
    }
}

#[test]
fn what_may_be_repeated_is_and_what_may_not_is_in_doubt() {
    let bench = Bench::new();
    bench.ask(1, Repeat::Safe, WAIT);
    bench.step(Step::Lose { begun: true });
    bench.step(Step::Answer);
    assert_eq!(bench.end_of(1), Ending::Answered(7));
    assert_eq!(bench.asked.try_iter().count(), 2);
    bench.ask(2, Repeat::Never, WAIT);
    bench.step(Step::Lose { begun: true });
    assert_eq!(bench.end_of(2), Ending::InDoubt);
    assert_eq!(bench.asked.try_iter().count(), 1, "it was not sent again");
    // Not a byte had left: it may be tried again.
    bench.ask(3, Repeat::Never, WAIT);
    bench.step(Step::Lose { begun: false });
    bench.step(Step::Answer);
    assert_eq!(bench.end_of(3), Ending::Answered(7));
    for (id, repeat, ending) in [(4, Repeat::Safe, Ending::Expired), (5, Repeat::Never, Ending::InDoubt)] {
        bench.ask(id, repeat, WAIT);
        bench.step(Step::Silence);
        assert_eq!(bench.end_of(id), ending);
    }
}

#[test]
fn what_is_in_hand_gives_way_to_what_makes_it_pointless_unless_it_may_have_been_done() {
    let bench = Bench::new();
    for (id, repeat, ending) in [(1, Repeat::Safe, Ending::Superseded), (3, Repeat::Never, Ending::InDoubt)] {
        bench.ask(id, repeat, WAIT);
        assert_eq!(bench.asked.recv_timeout(WAIT), Ok(7), "it is in hand");
        bench.driver.submit(id + 1, 8, Repeat::Safe, WAIT).expect("room");
        bench.step(Step::Silence);
        assert_eq!(bench.end_of(id), ending);
        bench.step(Step::Answer);
        assert_eq!(bench.end_of(id + 1), Ending::Answered(8));
        assert_eq!(bench.asked.recv_timeout(WAIT), Ok(8));
    }
}

#[test]
fn a_defect_ends_the_command_in_hand_and_not_the_driver() {
    let bench = Bench::new();
    bench.ask(1, Repeat::Never, WAIT);
    bench.step(Step::Panic);
    assert_eq!(bench.end_of(1), Ending::InDoubt);
    bench.ask(2, Repeat::Never, WAIT);
    bench.step(Step::Answer);
    assert_eq!(bench.end_of(2), Ending::Answered(7));
}

#[test]
fn what_waits_too_long_for_a_device_that_is_away_expires_and_is_never_sent() {
    let bench = Bench::new();
    bench.driver.watch().wait_until(WAIT, |health| *health == Health::Ready);
    for _ in 0..10_000 {
        bench.opens.send(Err(Lost("away".to_owned()))).expect("the device runs");
    }
    bench.ask(1, Repeat::Safe, WAIT);
    bench.step(Step::Lose { begun: true });
    bench.ask(2, Repeat::Never, Duration::from_millis(20));
    assert_eq!(bench.end_of(2), Ending::Expired);
    let standing = bench.driver.watch().now();
    assert_eq!(standing.health, Health::Offline { reason: "away".to_owned() });
    assert!(standing.since.elapsed() < WAIT);
    assert_eq!(bench.asked.try_iter().count(), 1);
    assert!(bench.driver.stop(WAIT));
}

#[test]
fn the_queue_is_bounded_and_what_waits_at_the_end_is_stopped() {
    let bench = Bench::new();
    bench.ask(1, Repeat::Safe, WAIT);
    assert_eq!(bench.asked.recv_timeout(WAIT), Ok(7), "the first is in hand");
    bench.ask(2, Repeat::Safe, WAIT);
    bench.ask(3, Repeat::Safe, WAIT);
    assert_eq!(bench.driver.submit(4, 7, Repeat::Safe, WAIT), Err(QueueFull));
    assert_eq!(bench.driver.waiting(), 3);
    let Bench { driver, steps, told, .. } = bench;
    // The device comes to itself while the driver stops.
    steps.send(Step::Answer).expect("the device runs");
    drop(steps);
    assert!(driver.stop(WAIT));
    let mut ended: Vec<u64> = told
        .try_iter()
        .filter_map(|event| match event {
            Told::Ended { id, .. } => Some(id),
            Told::Health(_) | Told::Started { .. } | Told::News(()) => None,
        })
        .collect();
    ended.sort_unstable();
    assert_eq!(ended, [1, 2, 3]);
}
