//! The lane's program: the till's books and the goods, with what a lane does
//! around them, and no window. Its order of work is that of `pos-app`.

use std::collections::VecDeque;
use std::path::Path;

use domain::clock::{ClockChange, LaneClock};
use domain::record::{PaperOutcome, Record};
use domain::till::{Context, Desk, Effect, Input, Paper, Settings, Till};
use ledger::books::Books;
use ledger::file::Trial;
use ledger::journal::{AppendError, Identity, Journal, JournalReader};
use ledger::reference::{AgentWatch, Reference};

use domain::refund::Origin;
use protocol::ask::{Answer, Question};

use super::Weakness;
use super::asking::{Errands, Heard};
use super::model::{Finding, Written};
use crate::powercut::{JOURNAL, words};

/// Where the reference lies on a machine's disk.
pub const REFERENCE: &str = "/reference.db";

/// How long papers wait after the disk refused one, milliseconds.
const PAPERS_PAUSE_MS: i64 = 10_000;

/// How far the shop's clock is from UTC, minutes.
pub const OFFSET_MINUTES: i32 = 480;

/// A lane that can sell.
pub struct Lane {
    /// The till and its journal.
    pub books: Books,
    /// The goods.
    pub reference: Reference,
    settings: Settings,
    clock: LaneClock,
    /// Whether the printer takes a document.
    pub printer_ready: bool,
    papers_ended: VecDeque<(u64, PaperOutcome)>,
    papers_again_ms: i64,
    identity: Identity,
    weakness: Weakness,
    /// What it asks.
    pub errands: Errands,
}

/// How a start ends.
// There is one for each machine.
#[allow(clippy::large_enum_variant)]
pub enum Start {
    /// It can sell.
    Open(Lane),
    /// It has no goods yet.
    WaitingForGoods,
    /// HQ has more of the journal than the disk.
    LostEnd,
    /// It does not start, in words.
    Refused(String),
}

/// What a lane wants done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    /// Print a document.
    Print(u64),
    /// Ask the wallet for money; the payment's number.
    Charge(u64),
    /// Ask the wallet how it stands.
    Query(u64),
    /// Ask the wallet to take it back.
    Reverse(u64),
    /// A sale is on disk.
    Sold(u64),
    /// The disk was full.
    DiskFull,
    /// The clock was refused.
    ClockRefused,
    /// Ask whoever keeps what lanes share.
    Ask(u64, Box<Question>),
}

/// Where what a lane hears comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// People.
    Counter,
    /// An answer, or that there was none: nobody is asked about it again.
    Answer,
}

/// Why a turn ended early.
pub enum Stop {
    /// The disk did not do it; the power may be off.
    Disk(String),
    /// Something is not as it must be.
    Found(Finding),
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        Self::Found(finding)
    }
}

impl Lane {
    /// Starts on a machine's disk: looks what the agent says, opens the goods
    /// and the journal, and goes on.
    pub fn start(
        trial: &Trial,
        settings: &Settings,
        steady_ms: i64,
        shown_ms: i64,
        weakness: Weakness,
    ) -> Start {
        let refused = |error: &(dyn std::error::Error + 'static)| Start::Refused(words(error));
        let watch = match AgentWatch::open_trial(Path::new(REFERENCE), trial) {
            Ok(Some(watch)) => watch,
            Ok(None) => return Start::WaitingForGoods,
            Err(error) => return refused(&error),
        };
        let state = match watch.state() {
            Ok(state) => state,
            Err(error) => return refused(&error),
        };
        let Some(identity) = state.identity else { return Start::WaitingForGoods };
        let reference = match Reference::open_trial(Path::new(REFERENCE), trial) {
            Ok(Some(reference)) => reference,
            Ok(None) => return Start::WaitingForGoods,
            Err(error) => return refused(&error),
        };
        match reference.store(&identity.store) {
            Ok(Some(_)) => {}
            Ok(None) => return Start::WaitingForGoods,
            Err(error) => return refused(&error),
        }
        let journal = match Journal::open_trial(Path::new(JOURNAL), &identity, trial) {
            Ok(journal) => journal,
            Err(error) => return refused(&error),
        };
        if state.position.lost_end(journal.head().seq).is_some() {
            return Start::LostEnd;
        }
        let last_stamp = JournalReader::open_trial(Path::new(JOURNAL), trial)
            .ok()
            .flatten()
            .and_then(|reader| reader.last_stamp().ok().flatten());
        let books = match Books::open(journal, settings) {
            Ok(books) => books,
            Err(error) => return refused(&error),
        };
        let mut lane = Self {
            books,
            reference,
            settings: settings.clone(),
            clock: LaneClock::new(last_stamp.map(|stamp| stamp.at_ms), steady_ms),
            printer_ready: true,
            papers_ended: VecDeque::new(),
            papers_again_ms: 0,
            identity,
            weakness,
            errands: Errands::default(),
        };
        let now_ms = lane.clock.read(shown_ms, steady_ms).0;
        // The first turn reads it again, and says what is wrong with it.
        lane.clock = LaneClock::new(last_stamp.map(|stamp| stamp.at_ms), steady_ms);
        let context = context(now_ms, &lane.reference, &lane.settings);
        lane.books.reprice(&context);
        Start::Open(lane)
    }

    /// Whose lane it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The till.
    pub fn till(&self) -> &Till {
        self.books.till()
    }

    /// What is to be paid in cash.
    pub fn cash_due(&self) -> i64 {
        self.till().cash_due(&self.settings).payable.minor()
    }

    /// Takes inputs in, writes what was decided, and gives what is to be done.
    pub fn turn(
        &mut self,
        written: &mut Written,
        (shown_ms, steady_ms): (i64, i64),
        (by, inputs): (By, Vec<Input>),
    ) -> Result<Vec<Out>, Stop> {
        let mut outs = Vec::new();
        let (now_ms, change) = self.clock.read(shown_ms, steady_ms);
        if let Some(change) = change {
            self.note_clock(now_ms, change, &mut outs);
        }
        if self.till().basket().is_empty() && !matches!(self.till().desk(), Desk::Saving(..)) {
            self.reference.refresh().map_err(|error| Stop::Disk(words(&error)))?;
        }
        let was_bare = self.till().basket().is_empty();
        for input in inputs {
            let first = match by {
                By::Counter => self.errands.ask_first(self.books.till(), &self.settings, input),
                By::Answer => Ok(input),
            };
            match first {
                Ok(input) => self.input(written, now_ms, input, &mut outs)?,
                Err(asked) => outs.extend(asked.map(out)),
            }
        }
        self.flush(written, now_ms, &mut outs)?;
        let (inputs, questions) = self.errands.look(self.books.till(), (now_ms, was_bare), self.weakness);
        outs.extend(questions.into_iter().map(out));
        for input in inputs {
            self.input(written, now_ms, input, &mut outs)?;
        }
        self.flush(written, now_ms, &mut outs)?;
        self.begin_paper(written, now_ms, &mut outs)?;
        Ok(outs)
    }

    /// Hears what was answered to a question, or that nothing was.
    pub fn hear(&mut self, said: (u64, Option<Answer>), (shown_ms, steady_ms): (i64, i64)) -> Heard {
        let now_ms = self.now_ms(shown_ms, steady_ms);
        let (till, settings) = (self.books.till(), &self.settings);
        self.errands.hear(said, (till, settings, now_ms), self.books.journal())
    }

    /// The member who buys wants to spend points.
    pub fn spend_points(&mut self) -> Result<Input, Option<Out>> {
        let asked = self.errands.spend_points(self.books.till(), &self.settings);
        asked.map_err(|asked| asked.map(out))
    }

    /// What its clock says, milliseconds UTC.
    pub fn now_ms(&self, shown_ms: i64, steady_ms: i64) -> i64 {
        // The turn that follows says what is wrong with it.
        let mut clock = self.clock;
        clock.read(shown_ms, steady_ms).0
    }

    /// Somebody who counts wants to know how far the other lanes are; `None` where that is being asked.
    pub fn ask_positions(&mut self) -> Option<Out> {
        self.errands.ask_positions().map(out)
    }

    /// One of its own parked baskets is wanted.
    pub fn recall(&mut self, basket: u32) -> Option<Out> {
        self.errands.recall(self.identity.lane, self.identity.epoch, basket).map(out)
    }

    /// A basket of another lane is wanted.
    pub fn look_elsewhere(&mut self, luck: usize) -> Out {
        out(self.errands.look_elsewhere(self.books.till(), self.identity.epoch, luck))
    }

    /// Somebody wants to give goods of a sale back.
    pub fn claim_receipt(&mut self, origin: Origin) -> Out {
        out(self.errands.claim_receipt(origin))
    }

    /// Hears what became of a paper.
    pub fn paper_ended(&mut self, document: u64, outcome: PaperOutcome) {
        self.papers_ended.push_back((document, outcome));
    }

    /// Moves the WAL into the file, as in a quiet moment.
    pub fn tidy(&self) -> Result<(), Stop> {
        self.books.journal().tidy().map_err(|error| Stop::Disk(words(&error)))
    }

    fn note_clock(&mut self, now_ms: i64, change: ClockChange, outs: &mut Vec<Out>) {
        let record = match change {
            ClockChange::Refused { shown_ms, reckoned_ms } => {
                outs.push(Out::ClockRefused);
                Record::ClockRefused { shown_ms, reckoned_ms }
            }
            ClockChange::Trusted { shown_ms, reckoned_ms } => {
                Record::ClockTrusted { shown_ms, reckoned_ms, staff: String::new() }
            }
        };
        self.books.note(now_ms, OFFSET_MINUTES, record);
    }

    fn input(
        &mut self,
        written: &mut Written,
        now_ms: i64,
        input: Input,
        outs: &mut Vec<Out>,
    ) -> Result<(), Stop> {
        let context = context(now_ms, &self.reference, &self.settings);
        if self.books.input(&context, input, false) { self.flush(written, now_ms, outs) } else { Ok(()) }
    }

    fn flush(&mut self, written: &mut Written, now_ms: i64, outs: &mut Vec<Out>) -> Result<(), Stop> {
        loop {
            let waiting = self.books.waiting().to_vec();
            if self.weakness == Weakness::PaperFirst && matches!(self.till().desk(), Desk::Saving(..)) {
                let document = self.books.journal().head().seq + waiting.len() as u64;
                written.print(&self.identity, document)?;
            }
            let wrote = !waiting.is_empty();
            written.under_way = wrote.then(|| (self.identity.clone(), waiting));
            let context = context(now_ms, &self.reference, &self.settings);
            match self.books.flush(&context) {
                Ok(effects) => {
                    if let Some((identity, records)) = written.under_way.take() {
                        let head = self.books.journal().head();
                        let sales = written.acknowledge(&identity, &records, head)?;
                        outs.extend(sales.into_iter().map(Out::Sold));
                    }
                    if effects.is_empty() && self.books.waiting().is_empty() {
                        return Ok(());
                    }
                    for effect in effects {
                        self.perform(written, now_ms, effect, outs)?;
                    }
                }
                Err(AppendError::DiskFull) => {
                    written.under_way = None;
                    outs.push(Out::DiskFull);
                    return Ok(());
                }
                Err(
                    error @ (AppendError::TooLong { .. } | AppendError::Sqlite(_) | AppendError::InDoubt),
                ) => {
                    return Err(Stop::Disk(words(&error)));
                }
            }
        }
    }

    fn perform(
        &mut self,
        written: &mut Written,
        now_ms: i64,
        effect: Effect,
        outs: &mut Vec<Out>,
    ) -> Result<(), Stop> {
        match effect {
            Effect::Print { document, .. } => outs.push(Out::Print(document)),
            Effect::Charge { payment, .. } => outs.push(Out::Charge(payment.number)),
            Effect::QueryPayment(payment) => outs.push(Out::Query(payment.number)),
            Effect::ReversePayment(payment) => outs.push(Out::Reverse(payment.number)),
            Effect::Refund(payment) => {
                let reason = "没有支付终端".to_owned();
                let answer = domain::payment::Answer::Declined { reason };
                let input = Input::PaymentAnswered { number: payment.number, answer };
                self.input(written, now_ms, input, outs)?;
            }
            Effect::Commit(_)
            | Effect::Sound(_)
            // No lane here has a scale.
            | Effect::Weigh(_)
            | Effect::OpenDrawer
            | Effect::Ask(_)
            | Effect::Report(_) => {}
            Effect::Tell(message) => {
                outs.extend(self.errands.hear_till(&self.settings, &message).map(out));
            }
        }
        Ok(())
    }

    /// Writes down what became of papers, and hands the next one to a printer
    /// that is there.
    fn begin_paper(&mut self, written: &mut Written, now_ms: i64, outs: &mut Vec<Out>) -> Result<(), Stop> {
        if (1..=PAPERS_PAUSE_MS).contains(&self.papers_again_ms.saturating_sub(now_ms)) {
            return Ok(());
        }
        while let Some((document, outcome)) = self.papers_ended.front().copied() {
            self.input(written, now_ms, Input::PaperEnded { document, outcome }, outs)?;
            self.flush(written, now_ms, outs)?;
            if self.till().papers().get(&document) == Some(&Paper::Begun) {
                self.papers_again_ms = now_ms + PAPERS_PAUSE_MS;
                return Ok(());
            }
            self.papers_ended.pop_front();
        }
        let papers = self.till().papers();
        let waits = papers.values().any(|paper| matches!(paper, Paper::Waiting { .. }));
        if !waits || !self.printer_ready || papers.values().any(|paper| *paper == Paper::Begun) {
            return Ok(());
        }
        self.input(written, now_ms, Input::PrinterReady, outs)?;
        self.flush(written, now_ms, outs)
    }
}

fn out((number, question): (u64, Question)) -> Out {
    Out::Ask(number, Box::new(question))
}

fn context<'a>(now_ms: i64, reference: &'a Reference, settings: &'a Settings) -> Context<'a> {
    Context { now_ms, offset_minutes: OFFSET_MINUTES, catalogue: reference, settings }
}
