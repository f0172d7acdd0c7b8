//! One payment that leaves the machine, from the moment our own number for it
//! is on disk until everybody knows how it ended, or that nobody does.
//!
//! Pure: answers and the clock come in, questions come out. A payment that was
//! begun is never charged again; what is unknown is asked about under the same
//! number, then reversed, and where even that is not answered it is in doubt
//! until a person or a late answer ends it.

use crate::money::Money;
use crate::refund::Origin;
use crate::tender::Wallet;

/// The most payments in doubt on one lane; at the most no other is begun.
pub const PAYMENTS_IN_DOUBT_MAX: usize = 32;

/// How long a wallet is waited for, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentRules {
    /// From an unclear answer, or none, to the first question.
    pub query_after_ms: i64,
    /// Between two questions.
    pub query_every_ms: i64,
    /// How long the customer may think; then the payment is reversed.
    pub waiting_max_ms: i64,
    /// A reversal is not asked for sooner after the charge.
    pub reverse_from_ms: i64,
    /// Between two tries to reverse.
    pub reverse_every_ms: i64,
    /// So many tries to reverse; then the payment is in doubt.
    pub reverse_tries_max: u32,
}

impl PaymentRules {
    /// WeChat `micropay`: SYSTEMERROR is queried after 5 s, USERPAYING every
    /// 10 s up to 30 s, then reversed, not within 15 s of the charge.
    pub const WECHAT: Self = Self {
        query_after_ms: 5_000,
        query_every_ms: 10_000,
        waiting_max_ms: 30_000,
        reverse_from_ms: 15_000,
        reverse_every_ms: 5_000,
        reverse_tries_max: 12,
    };

    /// Alipay: WAIT_BUYER_PAY is polled every 3 to 5 s up to 60 s, then
    /// cancelled at once.
    pub const ALIPAY: Self = Self {
        query_after_ms: 5_000,
        query_every_ms: 5_000,
        waiting_max_ms: 60_000,
        reverse_from_ms: 0,
        reverse_every_ms: 5_000,
        reverse_tries_max: 12,
    };

    /// A card at a terminal of its own, which a person answers for: they are
    /// waited for as long as a customer may look for a card, and a doubt is one
    /// at once, since nobody but a person can take it back.
    pub const CARD: Self = Self {
        query_after_ms: 60_000,
        query_every_ms: 60_000,
        waiting_max_ms: 15 * 60_000,
        reverse_from_ms: 0,
        reverse_every_ms: 1_000,
        reverse_tries_max: 1,
    };

    /// What holds for a wallet. UnionPay is treated as the most patient of the
    /// two until a terminal's manual says otherwise.
    pub const fn of(wallet: Wallet) -> Self {
        match wallet {
            Wallet::WeChat => Self::WECHAT,
            Wallet::Alipay | Wallet::UnionPay => Self::ALIPAY,
            Wallet::Card => Self::CARD,
        }
    }
}

/// What a payment is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Money from the customer.
    Charge,
    /// Money back to the customer, to a payment of a past sale.
    Refund {
        /// The sale that it belonged to; `None` for the open basket's own.
        origin: Option<Origin>,
        /// Our own number of that payment on its lane.
        payment: u64,
    },
}

/// Whose basket a payment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs {
    /// The open basket.
    Open,
    /// A parked one, by its number.
    Parked(u32),
    /// None: it was cancelled, or the payment is a refund of a finished document.
    Nothing,
}

/// How a request, a question or a reversal was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The money moved.
    Paid {
        /// The wallet's reference.
        reference: String,
    },
    /// It did not and will not.
    Declined {
        /// Why, for the cashier.
        reason: String,
    },
    /// The customer is asked for a password.
    Waiting,
    /// Nobody knows: no answer, or a system error.
    Unknown,
    /// The wallet has it closed, or has never heard of it.
    Closed,
    /// It was reversed: money that had moved is back.
    Reversed,
    /// It cannot be reversed: the money moved for good.
    NotReversed {
        /// The wallet's reference.
        reference: String,
    },
}

/// How a payment ended, or that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The money moved.
    Paid,
    /// Refused; no money moved.
    Declined,
    /// Never paid, and cannot be paid any more.
    Closed,
    /// Taken back; no money moved in the end.
    Reversed,
    /// Paid, though it was asked to be reversed or had been in doubt.
    PaidAfterAll,
    /// Nobody knows. Not an end: another outcome may follow.
    InDoubt,
}

/// What the lane is to ask the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// How it stands.
    Query,
    /// Take it back.
    Reverse,
}

/// What a payment wants after an answer or after time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Nothing now.
    Rest,
    /// The wallet is to be asked.
    Ask(Question),
    /// It ended, or is in doubt now.
    Ended(Outcome),
}

/// Where a payment stands between two records; not in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The request is on its way.
    Submitted { since_ms: i64 },
    /// Unclear, or the customer types a password.
    Waiting { since_ms: i64, next_ms: i64 },
    /// It is being taken back.
    Reversing { next_ms: i64, tries: u32 },
    /// Nobody knows, and nobody is asked until a person says so.
    InDoubt,
    /// The lane was stopped meanwhile: to be asked about at once.
    Resumed,
}

/// A payment that was begun and whose end is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Our own number, counted on this lane.
    pub number: u64,
    /// Who is to take it.
    pub wallet: Wallet,
    /// How much; above nothing for a refund too.
    pub amount: Money,
    /// What it is for.
    pub purpose: Purpose,
    /// Whose it is.
    pub belongs: Belongs,
    /// Whether the journal says that it is in doubt.
    pub in_doubt: bool,
    /// The epoch of the lane's journal that it was begun in, where that is over;
    /// `None` for the present one. The wallet knows the payment under it.
    pub epoch: Option<u32>,
    stage: Stage,
}

impl Payment {
    /// A payment whose number has just been written down.
    pub fn begun(number: u64, wallet: Wallet, amount: Money, purpose: Purpose, at_ms: i64) -> Self {
        let belongs = match purpose {
            Purpose::Charge => Belongs::Open,
            Purpose::Refund { .. } => Belongs::Nothing,
        };
        let stage = Stage::Submitted { since_ms: at_ms };
        Self { number, wallet, amount, purpose, belongs, in_doubt: false, epoch: None, stage }
    }

    /// A payment as a shift carried it on.
    pub fn carried(
        number: u64,
        wallet: Wallet,
        amount: Money,
        purpose: Purpose,
        belongs: Belongs,
        in_doubt: bool,
    ) -> Self {
        let mut payment = Self { belongs, in_doubt, ..Self::begun(number, wallet, amount, purpose, 0) };
        payment.wake();
        payment
    }

    /// What a start after a stop makes of it: nobody knows what was answered
    /// meanwhile, so it is asked about at the next tick.
    pub fn wake(&mut self) {
        self.stage = if self.in_doubt { Stage::InDoubt } else { Stage::Resumed };
    }

    /// Whether an answer is on its way or being waited for.
    pub fn is_active(&self) -> bool {
        match self.stage {
            Stage::Submitted { .. } | Stage::Waiting { .. } | Stage::Reversing { .. } | Stage::Resumed => {
                true
            }
            Stage::InDoubt => false,
        }
    }

    /// Whether it is being taken back.
    pub fn is_reversing(&self) -> bool {
        matches!(self.stage, Stage::Reversing { .. })
    }

    /// Remembers what the journal says now.
    pub(crate) fn doubt(&mut self) {
        self.in_doubt = true;
        self.stage = Stage::InDoubt;
    }

    /// Takes an answer in.
    pub fn answered(&mut self, rules: PaymentRules, now_ms: i64, answer: &Answer) -> Turn {
        match &self.purpose {
            Purpose::Charge => self.charge_answered(rules, now_ms, answer),
            Purpose::Refund { .. } => self.refund_answered(rules, now_ms, answer),
        }
    }

    fn charge_answered(&mut self, rules: PaymentRules, now_ms: i64, answer: &Answer) -> Turn {
        match (answer, self.stage) {
            // A late "paid" to an old question: the reversal decides.
            (Answer::Paid { .. }, Stage::Reversing { .. }) => Turn::Rest,
            (Answer::Paid { .. }, Stage::InDoubt) => match self.belongs {
                Belongs::Open => Turn::Ended(Outcome::PaidAfterAll),
                // It can be put against its basket once that is recalled.
                Belongs::Parked(_) => Turn::Rest,
                // Nothing was given for the money: back with it.
                Belongs::Nothing => {
                    self.stage = Stage::Reversing { next_ms: now_ms, tries: 0 };
                    Turn::Rest
                }
            },
            (Answer::Paid { .. }, Stage::Submitted { .. } | Stage::Waiting { .. } | Stage::Resumed) => {
                Turn::Ended(Outcome::Paid)
            }
            (Answer::Declined { .. }, _) => Turn::Ended(Outcome::Declined),
            (Answer::Closed, _) => Turn::Ended(Outcome::Closed),
            (Answer::Reversed, _) => Turn::Ended(Outcome::Reversed),
            (Answer::NotReversed { .. }, Stage::Reversing { .. } | Stage::InDoubt) => match self.belongs {
                Belongs::Open => Turn::Ended(Outcome::PaidAfterAll),
                Belongs::Parked(_) | Belongs::Nothing => self.fall_into_doubt(),
            },
            (Answer::NotReversed { .. }, _) => Turn::Rest,
            (Answer::Waiting | Answer::Unknown, _) => self.unclear(rules, now_ms, answer),
        }
    }

    /// A refund is repeated under its number until the wallet says that the
    /// money went; anything else leaves it owed, which a person settles.
    fn refund_answered(&mut self, rules: PaymentRules, now_ms: i64, answer: &Answer) -> Turn {
        match (answer, self.stage) {
            (Answer::Paid { .. }, Stage::InDoubt) => Turn::Ended(Outcome::PaidAfterAll),
            (Answer::Paid { .. }, _) => Turn::Ended(Outcome::Paid),
            (Answer::Declined { .. } | Answer::Closed | Answer::Reversed | Answer::NotReversed { .. }, _) => {
                self.fall_into_doubt()
            }
            (Answer::Waiting | Answer::Unknown, _) => self.unclear(rules, now_ms, answer),
        }
    }

    fn unclear(&mut self, rules: PaymentRules, now_ms: i64, answer: &Answer) -> Turn {
        let wait_ms = match answer {
            Answer::Waiting => rules.query_every_ms,
            Answer::Paid { .. }
            | Answer::Declined { .. }
            | Answer::Unknown
            | Answer::Closed
            | Answer::Reversed
            | Answer::NotReversed { .. } => rules.query_after_ms,
        };
        match self.stage {
            Stage::Submitted { since_ms } => {
                self.stage = Stage::Waiting { since_ms, next_ms: now_ms.saturating_add(wait_ms) };
            }
            Stage::Resumed => {
                self.stage = Stage::Waiting { since_ms: now_ms, next_ms: now_ms.saturating_add(wait_ms) };
            }
            Stage::Waiting { .. } | Stage::Reversing { .. } | Stage::InDoubt => {}
        }
        Turn::Rest
    }

    fn fall_into_doubt(&mut self) -> Turn {
        self.stage = Stage::InDoubt;
        if self.in_doubt { Turn::Rest } else { Turn::Ended(Outcome::InDoubt) }
    }

    /// Lets time pass.
    pub fn tick(&mut self, rules: PaymentRules, now_ms: i64) -> Turn {
        match self.stage {
            Stage::InDoubt => Turn::Rest,
            Stage::Resumed => {
                let next_ms = now_ms.saturating_add(rules.query_every_ms);
                self.stage = Stage::Waiting { since_ms: now_ms, next_ms };
                Turn::Ask(Question::Query)
            }
            Stage::Submitted { since_ms } => {
                let waited_ms = waited_ms(since_ms, now_ms);
                if waited_ms < 0 {
                    // A clock that was set back begins the wait anew.
                    self.stage = Stage::Submitted { since_ms: now_ms };
                } else if waited_ms >= rules.query_after_ms {
                    let next_ms = now_ms.saturating_add(rules.query_every_ms);
                    self.stage = Stage::Waiting { since_ms, next_ms };
                    return Turn::Ask(Question::Query);
                }
                Turn::Rest
            }
            Stage::Waiting { since_ms, next_ms } => self.wait_on(rules, now_ms, since_ms, next_ms),
            Stage::Reversing { next_ms, tries } => {
                let early_ms = next_ms.saturating_sub(now_ms);
                let longest_ms = rules.reverse_every_ms.max(rules.reverse_from_ms);
                if 0 < early_ms && early_ms <= longest_ms {
                    return Turn::Rest;
                }
                if tries >= rules.reverse_tries_max {
                    return self.fall_into_doubt();
                }
                let next_ms = now_ms.saturating_add(rules.reverse_every_ms);
                self.stage = Stage::Reversing { next_ms, tries: tries + 1 };
                Turn::Ask(Question::Reverse)
            }
        }
    }

    fn wait_on(&mut self, rules: PaymentRules, now_ms: i64, since_ms: i64, next_ms: i64) -> Turn {
        let waited_ms = waited_ms(since_ms, now_ms);
        if waited_ms < 0 {
            self.stage =
                Stage::Waiting { since_ms: now_ms, next_ms: now_ms.saturating_add(rules.query_every_ms) };
            return Turn::Ask(Question::Query);
        }
        if waited_ms >= rules.waiting_max_ms.max(rules.reverse_from_ms) {
            return match self.purpose {
                Purpose::Charge => {
                    let next_ms = now_ms.saturating_add(rules.reverse_every_ms);
                    self.stage = Stage::Reversing { next_ms, tries: 1 };
                    Turn::Ask(Question::Reverse)
                }
                Purpose::Refund { .. } => self.fall_into_doubt(),
            };
        }
        if now_ms >= next_ms {
            let next_ms = now_ms.saturating_add(rules.query_every_ms);
            self.stage = Stage::Waiting { since_ms, next_ms };
            return Turn::Ask(Question::Query);
        }
        Turn::Rest
    }

    /// The cashier gives up waiting: it is reversed as soon as the wallet
    /// takes that. Whether it changed anything.
    pub fn give_up(&mut self, rules: PaymentRules, now_ms: i64) -> bool {
        if self.purpose != Purpose::Charge {
            return false;
        }
        let since_ms = match self.stage {
            Stage::Submitted { since_ms } | Stage::Waiting { since_ms, .. } => since_ms,
            Stage::Resumed => now_ms,
            Stage::Reversing { .. } | Stage::InDoubt => return false,
        };
        let next_ms = since_ms.saturating_add(rules.reverse_from_ms).max(now_ms);
        self.stage = Stage::Reversing { next_ms, tries: 0 };
        true
    }
}

/// How long something has lasted; below nothing where the clock was set back.
fn waited_ms(since_ms: i64, now_ms: i64) -> i64 {
    now_ms.saturating_sub(since_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    /// What happens to a payment, and when, seconds after it was begun.
    enum Happens {
        Tick(i64),
        Answered(i64, Answer),
        GivenUp(i64),
        /// Power cut, then a tick.
        Stopped(i64),
    }

    use Happens::{Answered, GivenUp, Stopped, Tick};

    fn paid() -> Answer {
        Answer::Paid { reference: "4200".into() }
    }

    fn declined() -> Answer {
        Answer::Declined { reason: "no money".into() }
    }

    fn charge() -> Payment {
        Payment::begun(7, Wallet::WeChat, Money::from_minor(350), Purpose::Charge, 0)
    }

    fn refund() -> Payment {
        let origin = Origin { store: "S001".into(), lane: 1, epoch: 1, seq: 4 };
        let purpose = Purpose::Refund { origin: Some(origin), payment: 3 };
        Payment::begun(8, Wallet::WeChat, Money::from_minor(350), purpose, 0)
    }

    fn play(mut payment: Payment, rules: PaymentRules, day: Vec<Happens>) -> String {
        let mut told = String::new();
        for happens in day {
            let (at, turn) = match happens {
                Tick(at) => (at, payment.tick(rules, at * 1_000)),
                Answered(at, answer) => (at, payment.answered(rules, at * 1_000, &answer)),
                GivenUp(at) => {
                    payment.give_up(rules, at * 1_000);
                    (at, Turn::Rest)
                }
                Stopped(at) => {
                    payment.wake();
                    (at, payment.tick(rules, at * 1_000))
                }
            };
            match turn {
                Turn::Rest => {}
                Turn::Ask(question) => told.push_str(&format!("{at} s: {question:?}\n")),
                Turn::Ended(outcome) => {
                    told.push_str(&format!("{at} s: ended {outcome:?}\n"));
                    if outcome != Outcome::InDoubt {
                        return told;
                    }
                    payment.doubt();
                }
            }
        }
        told
    }

    fn check(rules: PaymentRules, day: Vec<Happens>, expected: Expect) {
        expected.assert_eq(&play(charge(), rules, day));
    }

    fn ticks(seconds: std::ops::RangeInclusive<i64>) -> Vec<Happens> {
        seconds.map(Tick).collect()
    }

    #[test]
    fn a_clear_answer_ends_it() {
        check(
            PaymentRules::WECHAT,
            vec![Tick(1), Answered(2, paid())],
            expect![[r#"
            2 s: ended Paid
        "#]],
        );
        check(
            PaymentRules::WECHAT,
            vec![Answered(2, declined())],
            expect![[r#"
            2 s: ended Declined
        "#]],
        );
    }

    #[test]
    fn a_customer_who_types_is_asked_about_and_then_reversed() {
        let mut day = vec![Answered(1, Answer::Waiting)];
        day.extend(ticks(2..=31));
        day.push(Answered(32, Answer::Reversed));
        check(
            PaymentRules::WECHAT,
            day,
            expect![[r#"
            11 s: Query
            21 s: Query
            30 s: Reverse
            32 s: ended Reversed
        "#]],
        );
    }

    #[test]
    fn no_answer_is_asked_about_and_a_late_paid_counts() {
        let mut day = ticks(1..=8);
        day.push(Answered(9, paid()));
        check(
            PaymentRules::WECHAT,
            day,
            expect![[r#"
            5 s: Query
            9 s: ended Paid
        "#]],
        );
    }

    #[test]
    fn alipay_is_asked_more_often_and_longer() {
        let mut day = vec![Answered(1, Answer::Waiting)];
        day.extend(ticks(2..=60));
        let told = play(charge(), PaymentRules::ALIPAY, day);
        assert_eq!(told.matches("Query").count(), 11);
        assert!(told.ends_with("60 s: Reverse\n"), "{told}");
    }

    #[test]
    fn a_reversal_that_nobody_answers_leaves_it_in_doubt() {
        let told = play(charge(), PaymentRules::WECHAT, ticks(1..=200));
        assert_eq!(told.matches("Reverse").count(), 12);
        assert!(told.ends_with("90 s: ended InDoubt\n"), "{told}");
    }

    #[test]
    fn while_it_is_reversed_an_old_paid_does_not_count_but_a_refused_reversal_does() {
        check(
            PaymentRules::WECHAT,
            vec![
                Tick(5),
                Tick(30),
                Answered(31, paid()),
                Answered(32, Answer::NotReversed { reference: "4200".into() }),
            ],
            expect![[r#"
                5 s: Query
                30 s: Reverse
                32 s: ended PaidAfterAll
            "#]],
        );
    }

    #[test]
    fn giving_up_reverses_but_not_too_soon_after_the_charge() {
        let mut day = vec![GivenUp(3)];
        day.extend(ticks(4..=16));
        check(
            PaymentRules::WECHAT,
            day,
            expect![[r#"
            15 s: Reverse
        "#]],
        );
        check(
            PaymentRules::ALIPAY,
            vec![GivenUp(3), Tick(3)],
            expect![[r#"
            3 s: Reverse
        "#]],
        );
    }

    #[test]
    fn after_a_stop_in_any_stage_it_is_asked_about_first() {
        let stages: [fn() -> Vec<Happens>; 4] = [
            Vec::new,
            || vec![Answered(1, Answer::Waiting)],
            || vec![Answered(1, Answer::Unknown), Tick(6)],
            || vec![Tick(5), Tick(30)],
        ];
        for stage in stages {
            let mut day = stage();
            day.push(Stopped(400));
            let told = play(charge(), PaymentRules::WECHAT, day);
            assert!(told.ends_with("400 s: Query\n"), "{told}");
        }
        // In doubt it stays until a person asks.
        let mut day = ticks(1..=100);
        day.extend([Stopped(400), Tick(500), Answered(501, paid())]);
        let told = play(charge(), PaymentRules::WECHAT, day);
        assert!(told.ends_with("90 s: ended InDoubt\n501 s: ended PaidAfterAll\n"), "{told}");
    }

    #[test]
    fn money_for_a_basket_that_is_gone_goes_back() {
        let mut payment = charge();
        payment.doubt();
        payment.belongs = Belongs::Nothing;
        let told = play(
            payment,
            PaymentRules::WECHAT,
            vec![Answered(1, paid()), Tick(1), Answered(2, Answer::Reversed)],
        );
        assert_eq!(told, "1 s: Reverse\n2 s: ended Reversed\n");
    }

    #[test]
    fn a_refund_is_asked_about_never_reversed_and_stays_owed_when_refused() {
        let mut day = ticks(1..=40);
        day.push(Answered(41, paid()));
        let told = play(refund(), PaymentRules::WECHAT, day);
        assert_eq!(
            told,
            "5 s: Query\n15 s: Query\n25 s: Query\n30 s: ended InDoubt\n41 s: ended PaidAfterAll\n"
        );
        let told = play(
            refund(),
            PaymentRules::WECHAT,
            vec![Answered(1, declined()), GivenUp(2), Answered(3, declined())],
        );
        assert_eq!(told, "1 s: ended InDoubt\n");
    }

    #[test]
    fn a_clock_set_back_stops_no_payment() {
        let mut payment = charge();
        assert_eq!(payment.tick(PaymentRules::WECHAT, -1_000_000), Turn::Rest);
        assert_eq!(payment.tick(PaymentRules::WECHAT, -995_000), Turn::Ask(Question::Query));
        assert_eq!(payment.tick(PaymentRules::WECHAT, -9_000_000), Turn::Ask(Question::Query));
    }

    proptest! {
        /// Whatever is answered whenever: it is never left to wait for ever.
        #[test]
        fn every_payment_ends_or_is_in_doubt(
            day in prop::collection::vec((0i64..20, prop::sample::select(vec![
                None, Some(Answer::Waiting), Some(Answer::Unknown),
            ])), 0..60),
            given_up in prop::option::of(0usize..60),
            is_refund in any::<bool>(),
        ) {
            let rules = PaymentRules::WECHAT;
            let mut payment = if is_refund { refund() } else { charge() };
            let mut now_ms = 0;
            for (at, (seconds, answer)) in day.into_iter().enumerate() {
                now_ms += seconds * 1_000;
                if given_up == Some(at) {
                    payment.give_up(rules, now_ms);
                }
                if let Some(answer) = answer {
                    payment.answered(rules, now_ms, &answer);
                }
                payment.tick(rules, now_ms);
            }
            for _ in 0..40 {
                now_ms += 10_000;
                payment.tick(rules, now_ms);
            }
            prop_assert!(!payment.is_active());
        }
    }
}
