//! What goes to the printer, and what became of it: documents, whose paper the till follows, and reports, whose it does not.

use domain::record::PaperOutcome;
use domain::till::{Input, Paper, Till};
use drivers::frame::{Health, Reason};
use drivers::printer::{Document, Job, Outcome, PrinterEvent};
use ui::view::{Notice, Tone};

use super::training;
use super::{Command, DRAWER_BIT, Lane, OTHER_BIT, PAPERS_PAUSE_MS, PAPERS_TOLD_MAX, State, words};
use crate::sheet::Kind;

/// What is known of the printer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PrinterStatus {
    pub health: Option<Health>,
    pub sending: bool,
}

impl PrinterStatus {
    /// Whether a document handed over now would begin to print.
    pub(crate) fn takes_documents(&self) -> bool {
        match &self.health {
            Some(Health::Ready | Health::Unknown | Health::Degraded(Reason::PaperLow)) => true,
            Some(
                Health::Connecting
                | Health::Offline { .. }
                | Health::Degraded(Reason::PaperOut | Reason::CoverOpen | Reason::Error | Reason::Garbled),
            )
            | None => false,
        }
    }
}

impl Lane {
    /// A report is shown; a shift that has ended has its own on paper at once.
    pub(super) fn hear_report(&mut self, report: Box<domain::shift::ShiftReport>) {
        let closed = self.till().is_some_and(|till| till.shift().is_none());
        if closed {
            self.close_sheets();
            if self.config.printer.is_some() {
                self.print_report(&report, true);
            }
        }
        if self.kiosk.is_none() {
            self.open_sheet(Kind::Report(report, closed));
        }
    }

    /// Prints what is no document: nobody is asked whether it was seen.
    pub(crate) fn print_other(&mut self, document: Document) {
        if self.config.printer.is_none() {
            self.front.say(
                Tone::Attend,
                ("没有打印机", "没有打印。内容都在屏幕上。"),
                ("There is no printer", "Nothing was printed. It is all on the screen."),
            );
            return;
        }
        self.others_printed += 1;
        let id = OTHER_BIT | self.others_printed;
        self.hand_to_printer(id, document);
    }

    fn hand_to_printer(&mut self, id: u64, document: Document) {
        let document = if self.config.training {
            training::marked(document, self.config.receipt_language)
        } else {
            document
        };
        self.commands.push(Command::Print(Job { id, document }));
    }

    pub(super) fn print(&mut self, document: u64, reprint: bool) {
        let State::Open(open) = &self.state else { return };
        match open.receipt(document, reprint, &self.config) {
            Ok(paper) => {
                self.printer.sending = true;
                self.hand_to_printer(document, paper);
            }
            Err(error) => {
                self.front.notice = Some(Notice::LedgerFault { reason: words(&error) });
                self.end_paper(document, PaperOutcome::Waived);
            }
        }
    }

    /// A paper is over: remembered for the screen, and to be written down.
    fn end_paper(&mut self, document: u64, outcome: PaperOutcome) {
        self.papers_told.retain(|(told, _)| *told != document);
        self.papers_told.push_back((document, outcome));
        if self.papers_told.len() > PAPERS_TOLD_MAX {
            self.papers_told.pop_front();
        }
        self.papers_ended.push_back((document, outcome));
    }

    /// What became of a paper since the start, where it is over.
    pub(crate) fn paper_told(&self, document: u64) -> Option<PaperOutcome> {
        self.papers_told.iter().find(|(told, _)| *told == document).map(|(_, outcome)| *outcome)
    }

    /// Writes down what became of papers, and hands the next waiting document
    /// to a printer that is there. A disk that refuses is asked again later.
    pub(super) fn begin_paper(&mut self) {
        if self.moment.waits_until(self.papers_again_ms, PAPERS_PAUSE_MS) {
            return;
        }
        while let Some((document, outcome)) = self.papers_ended.front().copied() {
            self.input(Input::PaperEnded { document, outcome });
            self.flush();
            let is_begun = |till: &Till| till.papers().get(&document) == Some(&Paper::Begun);
            if self.till().is_some_and(is_begun) {
                self.papers_again_ms = self.moment.now_ms + PAPERS_PAUSE_MS;
                return;
            }
            self.papers_ended.pop_front();
        }
        let takes = self.printer.takes_documents();
        let State::Open(open) = &mut self.state else { return };
        let papers = open.till().papers();
        let waits = papers.values().any(|paper| matches!(paper, Paper::Waiting { .. }));
        if !waits || !takes || papers.values().any(|paper| *paper == Paper::Begun) {
            return;
        }
        if open.has_room() {
            self.input(Input::PrinterReady);
            self.flush();
        } else {
            self.papers_again_ms = self.moment.now_ms + PAPERS_PAUSE_MS;
        }
    }

    pub(super) fn hear_printer(&mut self, event: PrinterEvent) {
        match event {
            PrinterEvent::Health(health) => self.printer.health = Some(health),
            PrinterEvent::JobStarted { .. } => self.printer.sending = true,
            PrinterEvent::JobEnded { id, outcome } if id & DRAWER_BIT != 0 => {
                if let Outcome::Rejected(rejection) = outcome {
                    tracing::warn!(%rejection, "drawer not opened");
                }
            }
            PrinterEvent::JobEnded { id, outcome } if id & OTHER_BIT != 0 => {
                self.printer.sending = false;
                if !matches!(outcome, Outcome::Confirmed | Outcome::SentUnconfirmed) {
                    self.front.say(
                        Tone::Attend,
                        ("报表没打出来", "数据都已保存。看看打印机，需要就再打一次。"),
                        (
                            "The report was not printed",
                            "Everything is saved. Look at the printer, and print it again if needed.",
                        ),
                    );
                }
            }
            PrinterEvent::JobEnded { id: document, outcome } => {
                self.printer.sending = false;
                let outcome = match outcome {
                    Outcome::Confirmed => PaperOutcome::Confirmed,
                    Outcome::SentUnconfirmed => PaperOutcome::SentUnconfirmed,
                    Outcome::InDoubt => PaperOutcome::InDoubt,
                    Outcome::Rejected(rejection) => {
                        tracing::warn!(%rejection, document, "receipt not printed");
                        self.front.say(
                            Tone::Attend,
                            ("小票没打出来", "交易已保存。按 F11 再打一次；还不行请叫技术员。"),
                            (
                                "The receipt was not printed",
                                "The sale is saved. F11 prints it again; if that fails, call a technician.",
                            ),
                        );
                        PaperOutcome::Waived
                    }
                };
                self.end_paper(document, outcome);
            }
        }
    }
}
