//! The agent's program: its core, with what the shell does for it, on a
//! machine's disk and without HTTP. Everything ends at once but what asks HQ.

use std::path::Path;

use ledger::file::Trial;
use ledger::journal::{Identity, JournalReader};
use ledger::reference::shelf::ShelfChanges;
use ledger::reference::{Position, ReferenceWriter};
use protocol::chain::ChainHash;
use protocol::pull::Change;
use protocol::push::PushAnswer;
use sync_agent::core::{
    Action, Beginning, Copying, Core, Filed, Input, Intervals, Opening, PullAction, PullFailure, PullInput,
    PushAction, PushFailure, PushInput, Status,
};
use sync_agent::hq::{RequestError, parse_page};
use sync_agent::journal::{JournalError, LaneJournal};

use super::lane::REFERENCE;
use super::network::{Answer, Ask};
use crate::disk::Disk;
use crate::powercut::{JOURNAL, words};

/// How often an agent looks when nothing says that something changed.
pub const INTERVALS: Intervals = Intervals { push_ms: 10 * 60_000, pull_ms: 15 * 60_000 };

/// Which reconciler asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Push.
    Push,
    /// Pull.
    Pull,
    /// Labels.
    Shelf,
    /// The copy at the store's relay.
    Copy,
    /// The lane, by its number of the question.
    Lane,
}

/// A question under way.
#[derive(Debug, Clone, Copy)]
struct Asked {
    number: u64,
    opening: Opening,
}

/// An agent that runs.
pub struct Agent {
    core: Core,
    writer: ReferenceWriter,
    journal: Option<LaneJournal>,
    identity: Identity,
    trial: Trial,
    disk: &'static Disk,
    /// Pages of the pull that is under way; `None` while none is.
    pages: Option<Pages>,
    push: Option<Asked>,
    pull: Option<Asked>,
    saved: Option<(Option<Position>, Option<String>)>,
    /// Whether HQ said, when it answered last, that it takes bare batches.
    takes_bare: bool,
    /// The copy at the store's relay, where it has one.
    copying: Option<Copying>,
    /// The number of what the relay is asked for it.
    copy: Option<u64>,
}

/// What a pull has brought so far. It is written with its commit.
#[derive(Default)]
struct Pages {
    anew: bool,
    changes: Vec<Change>,
}

/// Something that HQ is to be asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who asks.
    pub side: Side,
    /// What.
    pub ask: Ask,
}

impl Agent {
    /// Starts on a machine's disk. The identity is what the enrolment said; it copies the journal where the store has a
    /// relay.
    pub fn start(
        disk: &'static Disk,
        trial: &Trial,
        identity: &Identity,
        copies: bool,
        seed: u64,
    ) -> Result<Self, String> {
        let mut writer =
            ReferenceWriter::open_trial(Path::new(REFERENCE), trial).map_err(|error| words(&error))?;
        let state = writer.state().map_err(|error| words(&error))?;
        if state.identity.as_ref() != Some(identity) {
            writer.set_identity(identity).map_err(|error| words(&error))?;
        }
        let is_outdated = writer.is_outdated().map_err(|error| words(&error))?;
        let beginning = Beginning { version: state.version, is_outdated, intervals: INTERVALS, seed };
        Ok(Self {
            core: Core::new(0, beginning),
            writer,
            journal: None,
            identity: identity.clone(),
            trial: *trial,
            disk,
            pages: None,
            push: None,
            pull: None,
            saved: None,
            takes_bare: false,
            copying: copies.then(|| Copying::new(0, INTERVALS.push_ms, seed)),
            copy: None,
        })
    }

    /// What it knows.
    pub fn status(&self) -> Status {
        self.core.status()
    }

    /// When it wants to be looked at again.
    pub fn deadline(&self) -> Option<i64> {
        let copy = self.copying.as_ref().and_then(Copying::deadline);
        [self.core.deadline(), copy].into_iter().flatten().min()
    }

    /// How far the relay has a copy of the journal; `None` where there is none to be.
    pub fn copied(&self) -> Option<u64> {
        let filed = self.copying.as_ref()?.filed();
        Some(filed.filter(|filed| filed.epoch == self.identity.epoch).map_or(0, |filed| filed.acknowledged))
    }

    /// The journal may have grown.
    pub fn nudge(&mut self, steady_ms: i64) {
        self.core.handle(steady_ms, Input::Nudge);
        if let Some(copying) = &mut self.copying {
            copying.nudge();
        }
    }

    /// Does what is to be done now and gives what HQ is to be asked, each
    /// under the number that `number` gives. An error is one of the disk.
    pub fn work(
        &mut self,
        steady_ms: i64,
        mut number: impl FnMut() -> u64,
    ) -> Result<Vec<(u64, Question)>, String> {
        let mut questions = Vec::new();
        while let Some(action) = self.core.poll(steady_ms) {
            match action {
                Action::Push(PushAction::Look { epoch_from }) => {
                    let input = match self.look(epoch_from) {
                        Ok(seen) => PushInput::Journal(seen),
                        Err(error) => PushInput::Failed(error.into()),
                    };
                    self.core.handle(steady_ms, Input::Push(input));
                }
                Action::Push(PushAction::AskPosition { epoch }) => {
                    let asked = Asked { number: number(), opening: Opening::Continue };
                    self.push = Some(asked);
                    let question = Question { side: Side::Push, ask: Ask::Position { epoch } };
                    questions.push((asked.number, question));
                }
                Action::Push(PushAction::Send { epoch, after }) => match self.batch(epoch, after) {
                    Ok(body) => {
                        let asked = Asked { number: number(), opening: Opening::Continue };
                        self.push = Some(asked);
                        questions
                            .push((asked.number, Question { side: Side::Push, ask: Ask::Push { body } }));
                    }
                    Err(error) => {
                        self.core.handle(steady_ms, Input::Push(PushInput::Failed(error.into())));
                    }
                },
                Action::Pull(PullAction::Page { after, opening, takes_snapshot: _ }) => {
                    let asked = Asked { number: number(), opening };
                    self.pull = Some(asked);
                    let ask = Ask::Page { after, in_use: self.core.status().version };
                    questions.push((asked.number, Question { side: Side::Pull, ask }));
                }
                Action::Pull(PullAction::Commit { version }) => {
                    let input = match self.commit(version) {
                        Ok(()) => PullInput::Committed,
                        Err(reason) => PullInput::Failed(PullFailure::Disk { reason }),
                    };
                    self.core.handle(steady_ms, Input::Pull(input));
                }
                // HQ is not told here that files are taken.
                Action::Pull(PullAction::Snapshot) => {
                    let reason = "no files were offered".to_owned();
                    let failed = PullInput::Failed(PullFailure::Form { reason });
                    self.core.handle(steady_ms, Input::Pull(failed));
                }
                Action::Pull(PullAction::Abandon) => {
                    self.pages = None;
                    self.core.handle(steady_ms, Input::Pull(PullInput::Abandoned));
                }
            }
        }
        self.work_at_copy(steady_ms, &mut number, &mut questions);
        self.tell()?;
        Ok(questions)
    }

    fn work_at_copy(
        &mut self,
        steady_ms: i64,
        number: &mut impl FnMut() -> u64,
        questions: &mut Vec<(u64, Question)>,
    ) {
        while let Some(action) = self.copying.as_mut().and_then(|copying| copying.poll(steady_ms)) {
            let asked = match action {
                PushAction::Look { epoch_from } => Err(match self.look(epoch_from) {
                    Ok(seen) => PushInput::Journal(seen),
                    Err(error) => PushInput::Failed(error.into()),
                }),
                PushAction::AskPosition { epoch } => Ok(Ask::Copied { epoch }),
                PushAction::Send { epoch, after } => match self.batch(epoch, after) {
                    Ok(body) => Ok(Ask::Copy { body }),
                    Err(error) => Err(PushInput::Failed(error.into())),
                },
            };
            match asked {
                Ok(ask) => {
                    let number = number();
                    self.copy = Some(number);
                    questions.push((number, Question { side: Side::Copy, ask }));
                }
                Err(input) => self.handle_copy(steady_ms, input),
            }
        }
    }

    fn handle_copy(&mut self, steady_ms: i64, input: PushInput) {
        if let Some(copying) = &mut self.copying {
            copying.handle(steady_ms, input);
        }
    }

    /// Hears an answer, or that none came. Tells whether it was waited for.
    pub fn hear(&mut self, steady_ms: i64, number: u64, side: Side, answer: Option<Answer>) -> bool {
        let waiting = match side {
            Side::Push => &mut self.push,
            Side::Pull => &mut self.pull,
            Side::Copy => {
                if self.copy.take_if(|asked| *asked == number).is_none() {
                    return false;
                }
                let takes_bare = self.takes_bare;
                let input = self.hear_push(answer);
                self.takes_bare = takes_bare;
                self.handle_copy(steady_ms, input);
                return true;
            }
            // The keeper of labels waits for it, or the lane.
            Side::Shelf | Side::Lane => return false,
        };
        let Some(asked) = waiting.take_if(|asked| asked.number == number) else { return false };
        let input = match side {
            Side::Push => Input::Push(self.hear_push(answer)),
            Side::Pull | Side::Shelf | Side::Copy | Side::Lane => {
                Input::Pull(self.hear_page(asked.opening, answer))
            }
        };
        self.core.handle(steady_ms, input);
        true
    }

    fn hear_push(&mut self, answer: Option<Answer>) -> PushInput {
        let unreachable = PushInput::Failed(PushFailure::Unreachable { wait_ms: 0 });
        match answer {
            Some(Answer::Filed(answer)) => self.compare(answer).unwrap_or_else(PushInput::Failed),
            Some(Answer::Refused(refusal)) => PushInput::Failed(RequestError::Push(refusal).into()),
            Some(Answer::Page(_) | Answer::Shelf(_) | Answer::Said(..) | Answer::ComeBack) | None => {
                unreachable
            }
        }
    }

    /// Holds HQ's position against the journal.
    fn compare(&mut self, answer: PushAnswer) -> Result<PushInput, PushFailure> {
        let PushAnswer { epoch, acknowledged, head, quarantined, signed, takes_bare, takes_context: _ } =
            answer;
        self.takes_bare = takes_bare;
        let head =
            ChainHash::parse(&head).map_err(|error| PushFailure::Refused { reason: error.to_string() })?;
        let journal = self.journal()?.ok_or(JournalError::Replaced)?;
        let agreement = journal.compare(epoch, acknowledged, &head)?;
        let filed = Filed { epoch, acknowledged, quarantined, signed };
        Ok(PushInput::Filed { filed, agreement })
    }

    fn hear_page(&mut self, opening: Opening, answer: Option<Answer>) -> PullInput {
        let failed = |failure| PullInput::Failed(failure);
        let page = match answer {
            Some(Answer::Page(compressed)) => match parse_page(&compressed) {
                Ok(page) => page,
                Err(error) => return failed(error.into()),
            },
            Some(Answer::Refused(refusal)) => return failed(RequestError::Push(refusal).into()),
            Some(Answer::Filed(_) | Answer::Shelf(_) | Answer::Said(..) | Answer::ComeBack) | None => {
                return failed(PullFailure::Unreachable { wait_ms: 0 });
            }
        };
        if page.head.anew {
            return PullInput::Anew { is_open: opening == Opening::Continue };
        }
        match opening {
            Opening::Continue => {}
            Opening::Begin if page.changes.is_empty() => {}
            Opening::Begin => self.pages = Some(Pages::default()),
            Opening::BeginAnew => self.pages = Some(Pages { anew: true, ..Pages::default() }),
        }
        if let Some(pages) = &mut self.pages {
            pages.changes.extend(page.changes);
        }
        PullInput::Page {
            through: page.head.through,
            latest: page.head.latest,
            more: page.head.more,
            is_open: self.pages.is_some(),
        }
    }

    fn commit(&mut self, version: u64) -> Result<(), String> {
        let pages = self.pages.take().unwrap_or_default();
        let update = self.writer.begin().map_err(|error| words(&error))?;
        if pages.anew {
            update.clear().map_err(|error| words(&error))?;
        }
        for change in &pages.changes {
            update.apply(change).map_err(|error| words(&error))?;
        }
        update.commit(version).map_err(|error| words(&error))
    }

    /// Writes what was found out about labels, between two pulls.
    pub fn write_shelf(&mut self, changes: &ShelfChanges) -> Result<(), String> {
        self.writer.write_shelf(changes).map_err(|error| words(&error))
    }

    /// Tells the lane what is known.
    fn tell(&mut self) -> Result<(), String> {
        let status = self.core.status();
        let position = status
            .filed
            .filter(|filed| filed.epoch == self.identity.epoch)
            .map(|filed| Position { acknowledged: filed.acknowledged, quarantined: filed.quarantined });
        let told = (position, status.alarm().map(ToString::to_string));
        let knows = status.answers > 0 || told.1.is_some();
        if self.pages.is_some() || !knows || self.saved.as_ref() == Some(&told) {
            return Ok(());
        }
        let written = match told.0 {
            Some(position) => self.writer.set_position(position, 0),
            None => self.writer.set_contact(0),
        };
        let written = written.and_then(|()| self.writer.set_alarm(told.1.as_deref()));
        match written {
            Ok(()) => self.saved = Some(told),
            // The lane is not told, and told again at the next change.
            Err(error) if self.disk.is_powered() => drop(error),
            Err(error) => return Err(words(&error)),
        }
        Ok(())
    }

    fn look(&mut self, epoch_from: u32) -> Result<Option<sync_agent::core::JournalSeen>, JournalError> {
        match self.journal()? {
            Some(journal) => journal.look(epoch_from),
            None => Ok(None),
        }
    }

    fn batch(&mut self, epoch: u32, after: u64) -> Result<Vec<u8>, JournalError> {
        let bare = self.takes_bare;
        let journal = self.journal()?.ok_or(JournalError::Replaced)?;
        Ok(journal.batch(epoch, after, bare, false)?.body)
    }

    /// The journal, once the lane has begun one.
    fn journal(&mut self) -> Result<Option<&mut LaneJournal>, JournalError> {
        if self.journal.is_none() && self.disk.exists(JOURNAL) == Ok(true) {
            let Some(reader) = JournalReader::open_trial(Path::new(JOURNAL), &self.trial)? else {
                return Ok(None);
            };
            self.journal = Some(LaneJournal::opened(reader, self.identity.clone())?);
        }
        Ok(self.journal.as_mut())
    }
}
