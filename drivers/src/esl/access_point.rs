//! One OpenEPaperLink access point, as a pure machine: wishes, answers and messages go in with the time, calls and
//! results come out. It never trusts a 200: a label shows a face when the label itself was seen to have taken it.
//!
//! What the access point does not forgive, and what is done about it:
//! - its queue is in memory, so whatever is not confirmed when it starts anew is uploaded again;
//! - two uploads to one label are shown in turn, so what waits is cleared before another one goes;
//! - a picture equal to the one shown is never sent, so an upload without effect is tried again after `refresh`;
//! - a page's position has 8 bits, so a listing ends where labels repeat, and those not listed are asked for singly.

mod calls;
mod news;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::wire::{self, Command, Record};
use super::{ARTICLES_MAX, Flash, GivenUp, LabelId, RequestId, Told};
use crate::frame::Health;
use crate::label::Panel;

/// Milliseconds of the Unix epoch, by a clock that never goes back.
pub type Moment = u64;

/// Labels with an upload that is not confirmed, at most; more would fill the access point's memory, and its radio is
/// never without work.
pub const QUEUED_MAX: usize = 200;
/// Pages of one listing at most.
pub const PAGES_MAX: usize = 256;
/// Flashes that wait at most.
pub const FLASHES_MAX: usize = 64;
/// Results that wait to be fetched at most; beyond it reports of labels go first.
pub const TOLD_MAX: usize = 4 * ARTICLES_MAX;

/// How fast an access point is worked, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// From the start of one upload to that of the next.
    pub between_uploads: u64,
    /// Tries of one face before its label is given up.
    pub tries: u32,
    /// The pause after a first failure; it doubles.
    pub pause_first: u64,
    /// The longest pause.
    pub pause_max: u64,
    /// How long a label that was given up rests before it gets the same tries again, when it is heard. It doubles.
    pub rest_first: u64,
    /// The longest rest.
    pub rest_max: u64,
    /// From taking back what waits to the next upload: a transfer on the air may still end meanwhile.
    pub settle: u64,
    /// How long an upload may have no effect.
    pub effect_wait: u64,
    /// How long a label may take to confirm, from the upload or from when it was expected.
    pub confirm_wait: u64,
    /// From one listing to the next.
    pub list_every: u64,
    /// How long a call may take; an upload, three times as long.
    pub call_wait: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            between_uploads: 1_000,
            tries: 3,
            pause_first: 2_000,
            pause_max: 60_000,
            rest_first: 3_600_000,
            rest_max: 8 * 3_600_000,
            settle: 4_000,
            effect_wait: 30_000,
            confirm_wait: 600_000,
            list_every: 600_000,
            call_wait: 10_000,
        }
    }
}

/// What is to be asked of the access point. One call is under way at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// `GET /get_db?pos=`.
    Page(u32),
    /// `GET /get_db?mac=`.
    Record(LabelId),
    /// `GET /tagtypes/XX.json`.
    Type(u8),
    /// `POST /imgupload` of the face with this digest.
    Upload(LabelId, [u8; 16]),
    /// `POST /tag_cmd`.
    Command(LabelId, Command),
    /// `GET /led_flash`.
    Flash(LabelId, Flash),
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A status and a text.
    Text(u16, String),
    /// No answer: refused, broken off, or too late.
    Failed(String),
    /// The face could not be made, so nothing was sent.
    NoFace(GivenUp),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// Nothing is wanted, or it is shown.
    Rest,
    /// An upload is due from this moment on, after this command.
    Due { from: Moment, first: Option<Command> },
    /// An upload was taken; by these moments it must have an effect, and be confirmed.
    Sent(Sent),
    /// It goes on by itself when the label is heard from this moment on; never, where there is none.
    GivenUp { heard_from: Option<Moment> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sent {
    /// What the label reported before: its picture, and how often it took one.
    before: (Option<[u8; 8]>, u64),
    /// By the access point's clock, seconds.
    at: u64,
    effect_by: Moment,
    confirm_by: Moment,
    /// It was seen to wait for the label.
    had_effect: bool,
    /// The access point started anew since.
    is_lost: bool,
    /// The label was asked for before the upload is judged.
    is_checked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    request: RequestId,
    digest: [u8; 16],
}

#[derive(Debug)]
struct Label {
    record: Option<Record>,
    /// The record was told since the line of messages stands.
    is_fresh: bool,
    /// Somebody linked it.
    is_minded: bool,
    /// Asked for singly, in vain.
    is_unknown: bool,
    /// Its upload is due, and something about it is not known yet.
    waits: bool,
    wanted: Option<Wanted>,
    /// The face that it was seen to take, and what it reported then.
    shown: Option<([u8; 16], [u8; 8])>,
    state: State,
    tries: u32,
    no_effects: u32,
    /// How often this face was given up for want of an answer.
    rests: u32,
}

/// The machine.
#[derive(Debug)]
pub struct AccessPoint {
    pace: Pace,
    labels: BTreeMap<LabelId, Label>,
    /// Labels whose upload is due, oldest first; stale entries are skipped.
    due: VecDeque<LabelId>,
    /// Labels whose upload is due later.
    later: BTreeSet<(Moment, LabelId)>,
    sent: BTreeSet<LabelId>,
    /// Labels to be asked for singly, each not before its moment.
    looks: BTreeSet<(Moment, LabelId)>,
    /// The same at once.
    ask: VecDeque<LabelId>,
    flashes: VecDeque<(LabelId, Flash)>,
    panels: BTreeMap<u8, Result<Panel, ()>>,
    types: VecDeque<u8>,
    listing: Option<(u32, usize, BTreeSet<LabelId>)>,
    /// The listing answers for every label that is minded.
    lists_all: bool,
    list_at: Moment,
    busy: Option<(Call, Moment)>,
    upload_from: Moment,
    call_from: Moment,
    failures: u32,
    /// The access point's clock less ours, seconds; `None` until it told.
    offset: Option<i64>,
    uptime: u64,
    health: Health,
    told: VecDeque<Told>,
    /// Labels of which something became known that a face depends on.
    found: Vec<LabelId>,
}

impl AccessPoint {
    /// Begins with a listing.
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            labels: BTreeMap::new(),
            due: VecDeque::new(),
            later: BTreeSet::new(),
            sent: BTreeSet::new(),
            looks: BTreeSet::new(),
            ask: VecDeque::new(),
            flashes: VecDeque::new(),
            panels: BTreeMap::new(),
            types: VecDeque::new(),
            listing: None,
            lists_all: true,
            list_at: 0,
            busy: None,
            upload_from: 0,
            call_from: 0,
            failures: 0,
            offset: None,
            uptime: 0,
            health: Health::Connecting,
            told: VecDeque::new(),
            found: Vec::new(),
        }
    }

    /// The panel of a label, as soon as its type is known.
    pub fn panel(&self, label: LabelId) -> Option<Panel> {
        let record = self.labels.get(&label)?.record.as_ref()?;
        wire::known_panel(record.hw_type)
            .or_else(|| self.panels.get(&record.hw_type).copied().and_then(Result::ok))
    }

    /// Labels of which a panel became known, or that none will, since this was asked last.
    pub fn found(&mut self) -> Vec<LabelId> {
        std::mem::take(&mut self.found)
    }

    /// Why a label's panel will not become known by itself.
    pub fn hopeless(&self, label: LabelId) -> Option<GivenUp> {
        let entry = self.labels.get(&label)?;
        match &entry.record {
            None => entry.is_unknown.then_some(GivenUp::Unknown),
            Some(record) => matches!(self.panels.get(&record.hw_type), Some(Err(())))
                .then_some(GivenUp::UnknownType(record.hw_type)),
        }
    }

    /// How the access point is.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Labels whose newest face is neither shown nor given up.
    pub fn open(&self) -> usize {
        let is_open = |label: &&Label| match label.state {
            State::Rest | State::GivenUp { .. } => false,
            State::Due { .. } | State::Sent(_) => true,
        };
        self.labels.values().filter(is_open).count()
    }

    /// Minds a label: asks for it where it is not known. At most [`ARTICLES_MAX`] are minded.
    pub fn mind(&mut self, label: LabelId) -> bool {
        if !self.labels.contains_key(&label) && self.labels.len() >= ARTICLES_MAX {
            return false;
        }
        let entry = self.entry(label);
        let is_new = !std::mem::replace(&mut entry.is_minded, true);
        // The first listing answers for most.
        if is_new && entry.record.is_none() && !self.lists_all {
            self.ask.push_back(label);
        }
        true
    }

    fn entry(&mut self, label: LabelId) -> &mut Label {
        self.labels.entry(label).or_insert(Label {
            record: None,
            is_fresh: false,
            is_minded: false,
            is_unknown: false,
            waits: false,
            wanted: None,
            shown: None,
            state: State::Rest,
            tries: 0,
            no_effects: 0,
            rests: 0,
        })
    }

    /// Recalls what a label was seen to show, before the program stopped.
    pub fn recall(&mut self, label: LabelId, digest: [u8; 16], hash: [u8; 8]) {
        self.entry(label).shown = Some((digest, hash));
    }

    /// Wants a face on a label; a face that was wanted before and is not shown is superseded.
    pub fn want(&mut self, label: LabelId, digest: [u8; 16], request: RequestId, now: Moment) {
        let entry = self.entry(label);
        let before = entry.wanted.replace(Wanted { request, digest });
        let was_sent = matches!(entry.state, State::Sent(_));
        let was_open = was_sent || matches!(entry.state, State::Due { .. });
        let same = before.is_some_and(|before| before.digest == digest);
        if let (Some(before), true) = (before, was_open) {
            self.tell(Told::Superseded { label, request: before.request });
            if same {
                // What is under way serves the newer request.
                return;
            }
        }
        let entry = self.entry(label);
        let hash = entry.record.as_ref().map(|record| record.hash);
        let is_idle = entry.record.as_ref().is_some_and(|record| record.pending == 0);
        if let (Some((shown, seen)), Some(hash), true, false) = (entry.shown, hash, is_idle, was_open)
            && shown == digest
            && seen == hash
        {
            entry.state = State::Rest;
            self.tell(Told::Shown { label, request, hash });
            return;
        }
        entry.tries = 0;
        entry.no_effects = 0;
        entry.rests = 0;
        // What waits in the access point would be shown first.
        self.owe(label, now, was_sent.then_some(Command::Clear), now);
    }

    /// Sends the wanted face again, whatever the label shows.
    pub fn resend(&mut self, label: LabelId, request: RequestId, now: Moment) {
        let entry = self.entry(label);
        let Some(wanted) = &mut entry.wanted else { return };
        wanted.request = request;
        entry.tries = 0;
        entry.no_effects = 0;
        entry.rests = 0;
        entry.shown = None;
        self.owe(label, now, Some(Command::Refresh), now);
    }

    /// Wants nothing of a label any more.
    pub fn forget(&mut self, label: LabelId) {
        let Some(entry) = self.labels.get_mut(&label) else { return };
        let wanted = entry.wanted.take();
        let was_open = matches!(entry.state, State::Due { .. } | State::Sent(_));
        entry.state = State::Rest;
        entry.is_minded = false;
        self.sent.remove(&label);
        if let (Some(wanted), true) = (wanted, was_open) {
            self.tell(Told::Superseded { label, request: wanted.request });
        }
    }

    /// The label's wanted face is not to be had, for now or for good.
    pub fn give_up(&mut self, label: LabelId, why: GivenUp, now: Moment) {
        let (first, longest) = (self.pace.rest_first, self.pace.rest_max);
        let entry = self.entry(label);
        let heard_from = match why {
            GivenUp::Unknown | GivenUp::Asleep => Some(0),
            // One in a thousand labels is merely unlucky: it is there, and will show its face another time.
            GivenUp::NotConfirmed { .. } | GivenUp::NoEffect { .. } => {
                let rest = first.saturating_mul(1 << entry.rests.min(16)).min(longest);
                entry.rests = entry.rests.saturating_add(1);
                Some(now + rest)
            }
            GivenUp::UnknownType(_) | GivenUp::Refused(_) | GivenUp::Print(_) => None,
        };
        entry.state = State::GivenUp { heard_from };
        let request = entry.wanted.map(|wanted| wanted.request);
        self.sent.remove(&label);
        if let Some(request) = request {
            self.tell(Told::GivenUp { label, request, why });
        }
    }

    /// Flashes a label; `false` where too many wait.
    pub fn flash(&mut self, label: LabelId, flash: Flash) -> bool {
        let room = self.flashes.len() < FLASHES_MAX;
        if room {
            self.flashes.push_back((label, flash));
        }
        room
    }

    /// The next result.
    pub fn told(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    fn tell(&mut self, told: Told) {
        if self.told.len() >= TOLD_MAX {
            let seen = self.told.iter().position(|told| matches!(told, Told::Seen(_)));
            self.told.remove(seen.unwrap_or(0));
        }
        self.told.push_back(told);
    }

    fn set_health(&mut self, health: Health) {
        if self.health != health {
            self.health = health.clone();
            self.tell(Told::Health(health));
        }
    }

    fn owe(&mut self, label: LabelId, from: Moment, first: Option<Command>, now: Moment) {
        let entry = self.entry(label);
        entry.state = State::Due { from, first };
        entry.waits = false;
        self.sent.remove(&label);
        if from <= now {
            self.due.push_back(label);
        } else {
            self.later.insert((from, label));
        }
    }

    /// The line of messages stands: everything may have changed meanwhile.
    pub fn connected(&mut self, now: Moment) {
        self.list_at = now;
        self.lists_all = true;
        self.listing = None;
        self.ask.clear();
        for entry in self.labels.values_mut() {
            entry.is_fresh = false;
        }
    }
}
