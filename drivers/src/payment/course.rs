//! One order from its first request to its known end, or in doubt. Pure: answers and the time come in, questions come
//! out. It opens nothing, and no clock is read.
//!
//! An order is charged once. What is unclear is asked about under the same number; at the deadline it is taken back,
//! again and again until that is answered; and where even that stays unanswered it is in doubt: then nothing is taken back
//! any more by itself, because a person may have settled it meanwhile, and only questions are asked.

use super::Reply;

/// How long a wallet is waited for, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// From an unclear answer, or none, to the next question.
    pub query_after_ms: i64,
    /// Between two questions while the customer types a password.
    pub query_every_ms: i64,
    /// How long after the charge the customer may think; then it is taken back.
    pub waiting_max_ms: i64,
    /// A reversal is not asked for sooner after the charge.
    pub reverse_from_ms: i64,
    /// Between two tries to reverse.
    pub reverse_every_ms: i64,
    /// So many tries to reverse; then the order is in doubt.
    pub reverse_tries_max: u32,
    /// Between two questions about an order in doubt.
    pub doubt_every_ms: i64,
    /// How long one answer may take.
    pub answer_ms: i64,
}

impl Policy {
    /// WeChat `micropay`: SYSTEMERROR is queried after 5 s, USERPAYING every 10 s up to 30 s, then reversed, not within
    /// 15 s of the charge.
    pub const WECHAT: Self = Self {
        query_after_ms: 5_000,
        query_every_ms: 10_000,
        waiting_max_ms: 30_000,
        reverse_from_ms: 15_000,
        reverse_every_ms: 5_000,
        reverse_tries_max: 12,
        doubt_every_ms: 60_000,
        answer_ms: 10_000,
    };

    /// Alipay: WAIT_BUYER_PAY is polled every 3 to 5 s up to 60 s, then cancelled at once.
    pub const ALIPAY: Self = Self {
        query_after_ms: 5_000,
        query_every_ms: 4_000,
        waiting_max_ms: 60_000,
        reverse_from_ms: 0,
        reverse_every_ms: 5_000,
        reverse_tries_max: 12,
        doubt_every_ms: 60_000,
        answer_ms: 10_000,
    };
}

/// What the wallet is to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// Charge. Asked once in an order's life.
    Charge,
    /// How the order stands.
    Query,
    /// Take it back.
    Reverse,
}

/// Where an order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The charge is on its way.
    Submitted,
    /// The customer is asked for a password.
    WaitingUser,
    /// Nobody knows; it is being asked about.
    Unknown,
    /// It is being taken back.
    Reversing,
    /// Nobody knows, and it could not be taken back. A person looks; a question by hand, or one of the slow ones, may
    /// still end it.
    InDoubt,
    /// The money moved. An end.
    Paid {
        /// The wallet's own number.
        reference: String,
    },
    /// Refused; no money moved. An end.
    Declined {
        /// Why, for the cashier.
        reason: String,
    },
    /// Never paid, and cannot be any more. An end.
    Closed,
    /// Taken back; no money moved in the end. An end.
    Reversed,
    /// Paid, though it was to be taken back or had been in doubt. An end.
    PaidAfterAll {
        /// The wallet's own number.
        reference: String,
    },
}

impl State {
    /// Whether everybody knows how it ended.
    pub fn is_end(&self) -> bool {
        match self {
            Self::Submitted | Self::WaitingUser | Self::Unknown | Self::Reversing | Self::InDoubt => false,
            Self::Paid { .. }
            | Self::Declined { .. }
            | Self::Closed
            | Self::Reversed
            | Self::PaidAfterAll { .. } => true,
        }
    }
}

/// An order on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    policy: Policy,
    state: State,
    /// When the charge was sent, or the order taken up again.
    since_ms: i64,
    /// When the charge was answered or given up, or the order taken up again: the wallet took it no later.
    charged_ms: i64,
    /// Whether it was asked about since the charge.
    asked_about: bool,
    /// What is to be asked next, and when.
    next: Option<(i64, Question)>,
    in_flight: Option<Question>,
    tries: u32,
}

impl Course {
    /// A new order, to be charged now.
    pub fn charge(policy: Policy, now_ms: i64) -> Self {
        Self {
            policy,
            state: State::Submitted,
            since_ms: now_ms,
            charged_ms: now_ms,
            asked_about: false,
            next: Some((now_ms, Question::Charge)),
            in_flight: None,
            tries: 0,
        }
    }

    /// An order that was begun before a stop: whether its charge ever left is not known, so it is asked about, and
    /// never charged.
    pub fn resume(policy: Policy, now_ms: i64) -> Self {
        Self { state: State::Unknown, next: Some((now_ms, Question::Query)), ..Self::charge(policy, now_ms) }
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// When [`poll`](Self::poll) will next have a question; `None` while one is in flight, and at the end.
    pub fn deadline(&self) -> Option<i64> {
        if self.in_flight.is_some() { None } else { self.next.map(|(at_ms, _)| at_ms) }
    }

    /// What is to be asked now. What is given here is in flight until [`handle`](Self::handle) is given its answer, or
    /// [`Reply::Unknown`] in its place.
    pub fn poll(&mut self, now_ms: i64) -> Option<Question> {
        let (at_ms, question) = self.next?;
        if self.in_flight.is_some() || now_ms < at_ms {
            return None;
        }
        self.next = None;
        self.in_flight = Some(question);
        match question {
            Question::Charge => self.since_ms = now_ms,
            Question::Query => {}
            Question::Reverse => self.tries += 1,
        }
        Some(question)
    }

    /// Takes the answer to what is in flight; says whether the state is another one now.
    pub fn handle(&mut self, now_ms: i64, reply: &Reply) -> bool {
        let Some(question) = self.in_flight.take() else { return false };
        let before = self.state.clone();
        match question {
            Question::Charge => {
                self.charged_ms = now_ms;
                self.asked(now_ms, reply);
            }
            Question::Query => {
                self.asked_about = true;
                self.asked(now_ms, reply);
            }
            Question::Reverse => self.reversed(now_ms, reply),
        }
        if self.state.is_end() {
            self.next = None;
        }
        self.state != before
    }

    /// Asks at once how it stands, on a person's word. Changes nothing at the end.
    pub fn query(&mut self, now_ms: i64) {
        match self.state {
            State::WaitingUser | State::Unknown | State::InDoubt => {
                self.next = Some((now_ms, Question::Query));
            }
            // The charge comes first, and a reversal tells as much.
            State::Submitted | State::Reversing => {}
            State::Paid { .. }
            | State::Declined { .. }
            | State::Closed
            | State::Reversed
            | State::PaidAfterAll { .. } => {}
        }
    }

    /// Takes it back as soon as the wallet allows, on a person's word; also what is in doubt.
    pub fn give_up(&mut self, now_ms: i64) {
        match self.state {
            State::Submitted if self.next.is_some() => {
                // Not a byte has left.
                self.state = State::Closed;
                self.next = None;
            }
            State::Submitted | State::WaitingUser | State::Unknown | State::InDoubt => {
                self.begin_reversing(now_ms);
            }
            State::Reversing
            | State::Paid { .. }
            | State::Declined { .. }
            | State::Closed
            | State::Reversed
            | State::PaidAfterAll { .. } => {}
        }
    }

    fn asked(&mut self, now_ms: i64, reply: &Reply) {
        let in_doubt = self.state == State::InDoubt;
        let reversing = self.state == State::Reversing;
        match reply {
            // Given up while the question was in flight: the reversal decides.
            Reply::Paid { .. } | Reply::NotReversed { .. } if reversing => self.begin_reversing(now_ms),
            Reply::Paid { reference } | Reply::NotReversed { reference } => {
                let reference = reference.clone();
                self.state =
                    if in_doubt { State::PaidAfterAll { reference } } else { State::Paid { reference } };
            }
            Reply::Declined { reason } => self.state = State::Declined { reason: reason.clone() },
            Reply::Closed => self.state = State::Closed,
            Reply::Reversed => self.state = State::Reversed,
            Reply::Waiting | Reply::Unknown { .. } | Reply::NotFound if reversing => {
                self.begin_reversing(now_ms);
            }
            Reply::Waiting | Reply::Unknown { .. } | Reply::NotFound if in_doubt => {
                self.next = Some((now_ms + self.policy.doubt_every_ms, Question::Query));
            }
            Reply::Waiting => {
                self.state = State::WaitingUser;
                self.wait(now_ms, self.policy.query_every_ms);
            }
            // That the wallet has never heard of it is no end: the charge may be on its way to it still. Taking it back
            // at the deadline makes sure that it is never paid.
            Reply::Unknown { .. } | Reply::NotFound => {
                if self.state == State::Submitted {
                    self.state = State::Unknown;
                }
                self.wait(now_ms, self.policy.query_after_ms);
            }
        }
    }

    fn reversed(&mut self, now_ms: i64, reply: &Reply) {
        match reply {
            Reply::Reversed => self.state = State::Reversed,
            Reply::Closed | Reply::NotFound | Reply::Declined { .. } => self.state = State::Closed,
            Reply::NotReversed { reference } => {
                self.state = State::PaidAfterAll { reference: reference.clone() };
            }
            Reply::Paid { .. } | Reply::Waiting | Reply::Unknown { .. } => {
                if self.tries >= self.policy.reverse_tries_max {
                    self.state = State::InDoubt;
                    self.next = Some((now_ms + self.policy.doubt_every_ms, Question::Query));
                } else {
                    self.next = Some((now_ms + self.policy.reverse_every_ms, Question::Reverse));
                }
            }
        }
    }

    /// The next question, or, once the deadline has passed, the reversal: never without a last question, lest what was
    /// paid meanwhile be taken back.
    fn wait(&mut self, now_ms: i64, pause_ms: i64) {
        let limit_ms = self.since_ms + self.policy.waiting_max_ms;
        if now_ms < limit_ms || !self.asked_about {
            self.next = Some(((now_ms + pause_ms).min(limit_ms.max(now_ms)), Question::Query));
        } else {
            self.begin_reversing(now_ms);
        }
    }

    fn begin_reversing(&mut self, now_ms: i64) {
        self.state = State::Reversing;
        self.tries = 0;
        let at_ms = now_ms.max(self.charged_ms + self.policy.reverse_from_ms);
        self.next = Some((at_ms, Question::Reverse));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Policy = Policy::WECHAT;

    fn paid() -> Reply {
        Reply::Paid { reference: "4200".to_owned() }
    }

    fn unknown() -> Reply {
        Reply::Unknown { note: "no answer".to_owned() }
    }

    /// Runs a course against answers given in turn; what was asked when, and where it ended.
    fn run(mut course: Course, answers: &[Reply]) -> (Vec<(i64, Question)>, State) {
        let mut asked = Vec::new();
        let mut answers = answers.iter();
        while let Some(at_ms) = course.deadline() {
            let question = course.poll(at_ms).expect("its deadline has come");
            asked.push((at_ms, question));
            assert_eq!(course.poll(i64::MAX), None, "one question at a time");
            let Some(answer) = answers.next() else { break };
            course.handle(at_ms, answer);
        }
        (asked, course.state().clone())
    }

    fn charged(answers: &[Reply]) -> (Vec<(i64, Question)>, State) {
        run(Course::charge(P, 0), answers)
    }

    use Question::{Charge, Query, Reverse};

    #[test]
    fn a_plain_payment_takes_one_question() {
        assert_eq!(charged(&[paid()]), (vec![(0, Charge)], State::Paid { reference: "4200".to_owned() }));
        let declined = Reply::Declined { reason: "余额不足".to_owned() };
        assert_eq!(charged(&[declined]).1, State::Declined { reason: "余额不足".to_owned() });
    }

    #[test]
    fn a_password_is_waited_for_and_then_taken_back() {
        let (asked, state) = charged(&[Reply::Waiting, Reply::Waiting, paid()]);
        assert_eq!(asked, [(0, Charge), (10_000, Query), (20_000, Query)]);
        assert_eq!(state, State::Paid { reference: "4200".to_owned() });
        let waits = vec![Reply::Waiting; 4];
        let (asked, state) = charged(&[waits, vec![Reply::Reversed]].concat());
        assert_eq!(
            asked,
            [(0, Charge), (10_000, Query), (20_000, Query), (30_000, Query), (30_000, Reverse)]
        );
        assert_eq!(state, State::Reversed);
    }

    #[test]
    fn a_lost_answer_is_asked_about_and_never_charged_again() {
        let (asked, state) = charged(&[unknown(), Reply::NotFound, paid()]);
        assert_eq!(asked, [(0, Charge), (5_000, Query), (10_000, Query)]);
        assert_eq!(state, State::Paid { reference: "4200".to_owned() });
    }

    #[test]
    fn an_answer_that_never_comes_is_asked_about_before_it_is_taken_back() {
        let mut course = Course::charge(P, 0);
        course.poll(0);
        // The line hung for longer than a customer is waited for.
        course.handle(40_000, &unknown());
        assert_eq!((course.poll(40_000), course.state()), (Some(Query), &State::Unknown));
        course.handle(40_100, &unknown());
        assert_eq!((course.state(), course.deadline()), (&State::Reversing, Some(55_000)));
    }

    #[test]
    fn what_cannot_be_taken_back_is_in_doubt_and_then_only_asked_about() {
        let mut course = Course::charge(P, 0);
        let mut reversals = Vec::new();
        while *course.state() != State::InDoubt {
            let at_ms = course.deadline().expect("it goes on");
            if course.poll(at_ms) == Some(Reverse) {
                reversals.push(at_ms);
            }
            course.handle(at_ms, &unknown());
        }
        assert_eq!(reversals.len(), 12);
        assert!(reversals.windows(2).all(|pair| pair[1] - pair[0] == P.reverse_every_ms));
        let mut at_ms = 0;
        for _ in 0..10 {
            at_ms = course.deadline().expect("it is asked about");
            assert_eq!(course.poll(at_ms), Some(Query));
            course.handle(at_ms, &unknown());
            assert_eq!(*course.state(), State::InDoubt);
        }
        // By hand, at once; it was paid after all.
        course.query(at_ms + 1);
        assert_eq!(course.poll(at_ms + 1), Some(Query));
        assert!(course.handle(at_ms + 1, &paid()));
        assert_eq!(*course.state(), State::PaidAfterAll { reference: "4200".to_owned() });
        assert_eq!(course.deadline(), None);
    }

    #[test]
    fn given_up_it_is_taken_back_no_sooner_than_the_wallet_allows() {
        let mut course = Course::charge(P, 0);
        course.poll(0);
        course.handle(100, &Reply::Waiting);
        course.give_up(1_000);
        assert_eq!(*course.state(), State::Reversing);
        // Counted from the answer: the charge arrived before it.
        assert_eq!(course.deadline(), Some(15_100));
        assert_eq!(course.poll(15_099), None);
        assert_eq!(course.poll(15_100), Some(Reverse));
        // Paid a second before: taking it back gives the money back.
        course.handle(15_200, &Reply::Reversed);
        assert_eq!(*course.state(), State::Reversed);
        // Given up before a byte has left: nothing to ask.
        let mut course = Course::charge(P, 0);
        course.give_up(0);
        assert_eq!((course.state(), course.deadline()), (&State::Closed, None));
        // Given up while the charge is in flight, and it says paid: the reversal decides.
        let mut course = Course::charge(P, 0);
        course.poll(0);
        course.give_up(10);
        course.handle(20, &paid());
        assert_eq!((course.state(), course.deadline()), (&State::Reversing, Some(15_020)));
    }

    #[test]
    fn what_was_begun_before_a_stop_is_asked_about_and_not_charged() {
        let (asked, state) = run(Course::resume(P, 70_000), &[paid()]);
        assert_eq!((asked, state), (vec![(70_000, Query)], State::Paid { reference: "4200".to_owned() }));
        // It never left: taken back at the deadline, so that it cannot be paid later.
        let answers = vec![Reply::NotFound; 20];
        let (asked, state) = run(Course::resume(P, 0), &answers);
        assert_eq!(asked.last(), Some(&(30_000, Reverse)));
        assert!(asked.iter().all(|(_, question)| *question != Charge));
        assert_eq!(state, State::Closed);
    }

    /// A wallet with money in it, and a line that loses things.
    #[derive(Default)]
    struct Purse {
        known: bool,
        paid: bool,
        reversed: bool,
        pays_at_ms: i64,
    }

    #[test]
    fn whatever_is_lost_the_end_that_is_told_is_true() {
        let mut ends = [0; 6];
        for seed in 1..4_000_u64 {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut dice = |sides: u64| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                (random >> 11) % sides
            };
            let policy = if dice(2) == 0 { Policy::WECHAT } else { Policy::ALIPAY };
            let mut purse =
                Purse { pays_at_ms: i64::try_from(dice(90_000)).expect("small"), ..Purse::default() };
            let loss = dice(100);
            let mut course = Course::charge(policy, 0);
            let mut charges = 0;
            let mut charged_ms = 0;
            let mut stopped = false;
            let mut at_ms = 0;
            for step in 0..200 {
                let Some(due_ms) = course.deadline() else { break };
                at_ms = due_ms.max(at_ms);
                if step < 100 && dice(30) == 0 && *course.state() != State::InDoubt {
                    course.give_up(at_ms);
                    continue;
                }
                if step < 100 && dice(40) == 0 && !stopped {
                    stopped = true;
                    course = Course::resume(policy, at_ms);
                    continue;
                }
                let Some(question) = course.poll(at_ms) else { continue };
                let (request_lost, answer_lost) = (dice(100) < loss, dice(100) < loss);
                if question == Charge {
                    charges += 1;
                    charged_ms = at_ms;
                }
                let answer = if request_lost {
                    unknown()
                } else {
                    if purse.known && !purse.reversed && purse.pays_at_ms <= at_ms {
                        purse.paid = true;
                    }
                    match question {
                        Charge => {
                            purse.known = true;
                            if purse.pays_at_ms < 20_000 {
                                purse.paid = true;
                                paid()
                            } else {
                                Reply::Waiting
                            }
                        }
                        Query if purse.reversed => Reply::Reversed,
                        Query if purse.paid => paid(),
                        Query if purse.known => Reply::Waiting,
                        Query => Reply::NotFound,
                        Reverse => {
                            assert!(charges == 0 || at_ms - charged_ms >= policy.reverse_from_ms);
                            purse.reversed = true;
                            purse.paid = false;
                            Reply::Reversed
                        }
                    }
                };
                at_ms += i64::try_from(dice(3_000)).expect("small");
                course.handle(at_ms, &if answer_lost { unknown() } else { answer });
            }
            assert!(charges <= 1, "seed {seed}: charged {charges} times");
            let (place, truth) = match course.state() {
                State::Paid { .. } => (0, purse.paid),
                State::PaidAfterAll { .. } => (1, purse.paid),
                State::Declined { .. } => (2, !purse.paid),
                State::Closed => (3, !purse.paid),
                State::Reversed => (4, !purse.paid),
                State::InDoubt => (5, true),
                State::Submitted | State::WaitingUser | State::Unknown | State::Reversing => {
                    panic!("seed {seed}: {:?} has no end", course.state())
                }
            };
            ends[place] += 1;
            assert!(truth, "seed {seed}: {:?} is not true", course.state());
        }
        // Every end but a refusal, which this purse does not give, was met.
        assert!(ends[0] > 0 && ends[1] > 0 && ends[3] > 0 && ends[4] > 0 && ends[5] > 0, "{ends:?}");
    }
}
