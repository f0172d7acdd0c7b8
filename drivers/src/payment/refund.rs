//! Money back to a payment, from its first request to its known end, or in doubt. Pure, as [`Course`](super::Course) is.
//!
//! A refund has one number for its whole life, and wallets give money back once under a number: what the wallet has never
//! heard of is sent again under the same one, what is unclear is asked about. Once in doubt nothing is sent any more by
//! itself, because a person may have given the money back otherwise; only questions are asked.

use super::course::{Policy, State};
use super::{Order, OrderNumber};

/// Money that goes back to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Our own number of the refund, how much goes back, and where the till stands.
    pub order: Order,
    /// Our own number of the payment that it goes back to.
    pub of: OrderNumber,
    /// What that payment was, minor units; the wallet is asked where the caller does not know.
    pub total_minor: Option<i64>,
}

/// What the wallet is to be asked about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundQuestion {
    /// What the payment was that money goes back to.
    Original,
    /// Give it back. Under one number it happens once.
    Refund,
    /// How the refund stands.
    Query,
}

/// How a wallet answered about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundReply {
    /// The payment was this much, minor units.
    Worth {
        /// All of it.
        total_minor: i64,
    },
    /// The money is back.
    Done {
        /// The wallet's own number of the refund.
        reference: String,
    },
    /// The wallet works at it.
    Underway,
    /// It was not given back, and will not be as it is asked for.
    Refused {
        /// Why, for the cashier, as the wallet words it.
        reason: String,
    },
    /// The wallet has never heard of what it was asked about.
    NotFound,
    /// Nobody knows: no answer, one that makes no sense or has a wrong signature, or an error of the wallet's own.
    Unknown {
        /// What was met, for the technician.
        note: String,
    },
}

/// A refund on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundCourse {
    policy: Policy,
    state: State,
    amount_minor: i64,
    total_minor: Option<i64>,
    needs_total: bool,
    since_ms: i64,
    next: Option<(i64, RefundQuestion)>,
    in_flight: Option<RefundQuestion>,
    sent: u32,
    /// Whether it was asked about since it was last sent: a line that hung is no reason to doubt.
    asked_about: bool,
    /// Whether what the wallet has never heard of may be sent.
    may_send: bool,
}

impl RefundCourse {
    /// A new refund, to be sent now. `needs_total` where the wallet wants to be told what the payment was.
    pub fn begin(policy: Policy, refund: &Refund, needs_total: bool, now_ms: i64) -> Self {
        let mut course = Self {
            policy,
            state: State::Submitted,
            amount_minor: refund.order.amount_minor,
            total_minor: refund.total_minor,
            needs_total,
            since_ms: now_ms,
            next: None,
            in_flight: None,
            sent: 0,
            asked_about: false,
            may_send: true,
        };
        course.send(now_ms);
        course
    }

    /// A refund that was begun before a stop: asked about first, and sent where the wallet has never heard of it.
    pub fn resume(policy: Policy, refund: &Refund, needs_total: bool, now_ms: i64) -> Self {
        let begun = Self::begin(policy, refund, needs_total, now_ms);
        Self { state: State::Unknown, next: Some((now_ms, RefundQuestion::Query)), ..begun }
    }

    /// Where it stands. `Paid` is that the money is back, `WaitingUser` that the wallet works at it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What the payment was, once that is known, minor units.
    pub fn total_minor(&self) -> Option<i64> {
        self.total_minor
    }

    /// When [`poll`](Self::poll) will next have a question; `None` while one is in flight, and at the end.
    pub fn deadline(&self) -> Option<i64> {
        if self.in_flight.is_some() { None } else { self.next.map(|(at_ms, _)| at_ms) }
    }

    /// What is to be asked now; in flight until [`handle`](Self::handle) is given its answer.
    pub fn poll(&mut self, now_ms: i64) -> Option<RefundQuestion> {
        let (at_ms, question) = self.next?;
        if self.in_flight.is_some() || now_ms < at_ms {
            return None;
        }
        self.next = None;
        self.in_flight = Some(question);
        self.sent += u32::from(question == RefundQuestion::Refund);
        Some(question)
    }

    /// Takes the answer to what is in flight; says whether the state is another one now.
    pub fn handle(&mut self, now_ms: i64, reply: &RefundReply) -> bool {
        let Some(question) = self.in_flight.take() else { return false };
        let before = self.state.clone();
        self.asked_about = question != RefundQuestion::Refund;
        match (question, reply) {
            (_, RefundReply::Done { reference }) => {
                let reference = reference.clone();
                let in_doubt = self.state == State::InDoubt;
                self.state =
                    if in_doubt { State::PaidAfterAll { reference } } else { State::Paid { reference } };
            }
            (_, RefundReply::Refused { reason }) => self.state = State::Declined { reason: reason.clone() },
            (RefundQuestion::Original, RefundReply::Worth { total_minor }) => {
                self.worth(now_ms, *total_minor)
            }
            (RefundQuestion::Original, RefundReply::NotFound) => {
                self.state = State::Declined { reason: "the wallet does not know the payment".to_owned() };
            }
            (RefundQuestion::Original, RefundReply::Underway | RefundReply::Unknown { .. }) => {
                self.wait(now_ms, RefundQuestion::Original);
            }
            (RefundQuestion::Query, RefundReply::NotFound) => self.never_heard_of(now_ms),
            (RefundQuestion::Refund | RefundQuestion::Query, RefundReply::Underway) => {
                if self.state != State::InDoubt {
                    self.state = State::WaitingUser;
                }
                self.wait(now_ms, RefundQuestion::Query);
            }
            (
                RefundQuestion::Refund | RefundQuestion::Query,
                RefundReply::Unknown { .. } | RefundReply::NotFound | RefundReply::Worth { .. },
            ) => self.wait(now_ms, RefundQuestion::Query),
        }
        if self.state.is_end() {
            self.next = None;
        }
        self.state != before
    }

    /// Asks at once how it stands, on a person's word; what the wallet has never heard of is sent again.
    pub fn query(&mut self, now_ms: i64) {
        match self.state {
            State::WaitingUser | State::Unknown => self.next = Some((now_ms, RefundQuestion::Query)),
            State::InDoubt => {
                self.may_send = true;
                self.sent = 0;
                // What it brings about is followed as closely as at first.
                self.since_ms = now_ms;
                self.asked_about = false;
                self.next = Some((now_ms, RefundQuestion::Query));
            }
            State::Submitted | State::Reversing => {}
            State::Paid { .. }
            | State::Declined { .. }
            | State::Closed
            | State::Reversed
            | State::PaidAfterAll { .. } => {}
        }
    }

    fn send(&mut self, now_ms: i64) {
        let knows = self.total_minor.is_some() || !self.needs_total;
        let question = if knows { RefundQuestion::Refund } else { RefundQuestion::Original };
        self.next = Some((now_ms, question));
    }

    fn worth(&mut self, now_ms: i64, total_minor: i64) {
        if total_minor < self.amount_minor {
            self.state = State::Declined { reason: "the payment was less than that".to_owned() };
            return;
        }
        self.total_minor = Some(total_minor);
        self.send(now_ms);
    }

    /// The wallet has never heard of it: what was sent was lost.
    fn never_heard_of(&mut self, now_ms: i64) {
        if self.may_send && self.sent < self.policy.reverse_tries_max {
            self.send(now_ms);
        } else {
            self.doubt(now_ms);
        }
    }

    fn wait(&mut self, now_ms: i64, question: RefundQuestion) {
        let late = now_ms >= self.since_ms + self.policy.waiting_max_ms && self.asked_about;
        if late || self.state == State::InDoubt && !self.may_send {
            return self.doubt(now_ms);
        }
        if self.state == State::Submitted {
            self.state = State::Unknown;
        }
        self.next = Some((now_ms + self.policy.query_after_ms, question));
    }

    fn doubt(&mut self, now_ms: i64) {
        self.state = State::InDoubt;
        self.may_send = false;
        self.next = Some((now_ms + self.policy.doubt_every_ms, RefundQuestion::Query));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Policy = Policy::WECHAT;

    fn refund(total_minor: Option<i64>) -> Refund {
        Refund {
            order: Order {
                number: OrderNumber::parse("S1-1-1-8").expect("a number"),
                amount_minor: 350,
                currency: "CNY".to_owned(),
                subject: "return".to_owned(),
                terminal: "1".to_owned(),
            },
            of: OrderNumber::parse("S1-1-1-7").expect("a number"),
            total_minor,
        }
    }

    fn unknown() -> RefundReply {
        RefundReply::Unknown { note: "no answer".to_owned() }
    }

    fn done() -> RefundReply {
        RefundReply::Done { reference: "50".to_owned() }
    }

    /// Runs a course against answers given in turn, the last of them for ever, for at most `hours`.
    fn run(mut course: RefundCourse, answers: &[RefundReply], hours: i64) -> (Vec<RefundQuestion>, State) {
        let mut asked = Vec::new();
        let mut answers = answers.iter().peekable();
        while let Some(at_ms) = course.deadline().filter(|at_ms| *at_ms < hours * 3_600_000) {
            asked.push(course.poll(at_ms).expect("a question at its deadline"));
            let Some(answer) = answers.next() else { break };
            course.handle(at_ms, answer);
            if course.state().is_end() {
                break;
            }
        }
        (asked, course.state().clone())
    }

    use RefundQuestion::{Original, Query, Refund as Send};

    #[test]
    fn a_refund_is_sent_once_where_all_is_well() {
        let course = RefundCourse::begin(P, &refund(Some(500)), true, 0);
        assert_eq!(run(course, &[done()], 1), (vec![Send], State::Paid { reference: "50".to_owned() }));
        // The wallet is asked what the payment was, where nobody else knows.
        let course = RefundCourse::begin(P, &refund(None), true, 0);
        let worth = RefundReply::Worth { total_minor: 500 };
        let (asked, state) = run(course, &[worth, RefundReply::Underway, done()], 1);
        assert_eq!((asked, state.is_end()), (vec![Original, Send, Query], true));
        let course = RefundCourse::begin(P, &refund(None), true, 0);
        let (asked, state) = run(course, &[RefundReply::Worth { total_minor: 349 }], 1);
        assert!(asked == [Original] && matches!(state, State::Declined { .. }), "{state:?}");
        let course = RefundCourse::begin(P, &refund(None), false, 0);
        assert_eq!(run(course, &[done()], 1).0, [Send]);
    }

    #[test]
    fn what_was_lost_is_sent_again_and_what_is_unclear_is_asked_about() {
        let lost = [unknown(), RefundReply::NotFound, done()];
        let course = RefundCourse::begin(P, &refund(Some(500)), true, 0);
        assert_eq!(run(course, &lost, 1).0, [Send, Query, Send]);
        let course = RefundCourse::resume(P, &refund(Some(500)), true, 0);
        assert_eq!(run(course, &[done()], 1).0, [Query]);
        let course = RefundCourse::resume(P, &refund(None), true, 0);
        let worth = RefundReply::Worth { total_minor: 350 };
        assert_eq!(run(course, &[RefundReply::NotFound, worth, done()], 1).0, [Query, Original, Send]);
    }

    #[test]
    fn in_doubt_nothing_is_sent_by_itself() {
        let silent: Vec<RefundReply> = std::iter::repeat_n(unknown(), 20).collect();
        let course = RefundCourse::begin(P, &refund(Some(500)), true, 0);
        let (asked, state) = run(course.clone(), &silent, 1);
        assert_eq!((asked.iter().filter(|asked| **asked == Send).count(), state), (1, State::InDoubt));
        // Later the wallet has never heard of it: a person may have given the money back.
        let mut late = silent[..10].to_vec();
        late.extend(std::iter::repeat_n(RefundReply::NotFound, 10));
        let (asked, state) = run(course.clone(), &late, 1);
        assert_eq!((asked.iter().filter(|asked| **asked == Send).count(), state), (1, State::InDoubt));
        // On a person's word it is.
        let mut course = course;
        for reply in &late {
            let at_ms = course.deadline().expect("not ended");
            course.poll(at_ms).expect("a question");
            course.handle(at_ms, reply);
        }
        course.query(10_000_000);
        let asked = run(course, &[RefundReply::NotFound, done()], 10).0;
        assert_eq!(asked, [Query, Send]);
    }

    #[test]
    fn a_late_word_ends_a_doubt() {
        let mut answers: Vec<RefundReply> = std::iter::repeat_n(unknown(), 12).collect();
        answers.push(done());
        let course = RefundCourse::begin(P, &refund(Some(500)), true, 0);
        assert_eq!(run(course, &answers, 1).1, State::PaidAfterAll { reference: "50".to_owned() });
    }
}
