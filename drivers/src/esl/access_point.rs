//! One OpenEPaperLink access point, as a pure machine: wishes, answers and messages go in with the time, calls and
//! results come out. It never trusts a 200: a label shows a face when the label itself was seen to have taken it.
//!
//! What the access point does not forgive, and what is done about it:
//! - its queue is in memory, so whatever is not confirmed when it starts anew is uploaded again;
//! - two uploads to one label are shown in turn, so what waits is cleared before another one goes;
//! - a picture equal to the one shown is never sent, so an upload without effect is tried again after `refresh`;
//! - a page's position has 8 bits, so a listing ends where labels repeat, and those not listed are asked for singly.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::wire::{self, Command, Message, NEVER, Page, Record};
use super::{ARTICLES_MAX, Flash, GivenUp, LabelId, LabelReport, RequestId, Told};
use crate::frame::{Health, Reason};
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
    /// Whether it goes on by itself when the label is seen.
    GivenUp { until_seen: bool },
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

    /// The label's wanted face is not to be had.
    pub fn give_up(&mut self, label: LabelId, why: GivenUp) {
        let entry = self.entry(label);
        entry.state = State::GivenUp { until_seen: matches!(why, GivenUp::Unknown | GivenUp::Asleep) };
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

    /// A message came.
    pub fn message(&mut self, text: &str, now: Moment) {
        match Message::parse(text) {
            Message::Records(records) => {
                for record in records {
                    self.record(record, now);
                }
            }
            Message::System { now: theirs, uptime } => {
                if let Some(theirs) = theirs.and_then(|theirs| i64::try_from(theirs).ok()) {
                    self.offset = Some(theirs - i64::try_from(now / 1_000).unwrap_or(0));
                }
                if let Some(uptime) = uptime {
                    let restarted = uptime < self.uptime;
                    self.uptime = uptime;
                    if restarted {
                        self.restarted(now);
                    }
                }
            }
            Message::Rebooting => self.restarted(now),
            Message::TransferTimeout(label) => {
                if let Some(Label { state: State::Sent(_), .. }) = self.labels.get(&label) {
                    // What it says of this label's queue is stale from here on.
                    self.again(label, Some(Command::Clear), now);
                }
            }
            Message::Other => {}
        }
    }

    /// What waited in its memory is lost: everything unconfirmed goes again, as the same try, unless the label is found to
    /// have taken it before.
    fn restarted(&mut self, now: Moment) {
        self.uptime = 0;
        for label in &self.sent {
            if let Some(Label { state: State::Sent(sent), .. }) = self.labels.get_mut(label) {
                (sent.is_lost, sent.is_checked) = (true, false);
                sent.effect_by = now;
            }
        }
        self.connected(now);
    }

    /// By the access point's clock, seconds.
    fn theirs(&self, now: Moment) -> u64 {
        (now / 1_000).saturating_add_signed(self.offset.unwrap_or(0))
    }

    fn record(&mut self, record: Record, now: Moment) {
        let label = record.label;
        if !self.labels.contains_key(&label) {
            // Labels that nobody linked are told, so that staff can find them.
            if self.labels.len() >= ARTICLES_MAX {
                return;
            }
            self.entry(label);
        }
        let report = LabelReport {
            label,
            hw_type: record.hw_type,
            last_seen: record.last_seen,
            next_check_in: (record.next_check_in != NEVER).then_some(record.next_check_in),
            battery_mv: record.battery_mv,
            temperature: record.temperature,
            is_elsewhere: record.is_external,
        };
        let clock_is_known = self.offset.is_some();
        let Some(entry) = self.labels.get_mut(&label) else { return };
        let is_news = entry.record.as_ref() != Some(&record);
        (entry.is_unknown, entry.is_fresh) = (false, true);
        if entry.record.is_none() {
            self.found.push(label);
        }
        if wire::known_panel(record.hw_type).is_none()
            && !self.panels.contains_key(&record.hw_type)
            && !self.types.contains(&record.hw_type)
        {
            self.types.push_back(record.hw_type);
        }
        let wanted = entry.wanted;
        let is_seen_again = entry.record.as_ref().is_none_or(|before| before.last_seen < record.last_seen);
        let mut outcome = Outcome::Nothing;
        match &mut entry.state {
            State::Sent(sent) => {
                let changed = sent.before.0 != Some(record.hash) || record.update_count > sent.before.1;
                // Its clock tells whole seconds.
                let is_after = !clock_is_known || record.update_last + 1 >= sent.at;
                sent.had_effect |= record.pending > 0;
                if changed && is_after && record.pending == 0 {
                    outcome = Outcome::Shown(record.hash);
                }
            }
            State::Rest => {
                // Somebody else gave it a picture, or it lost its own.
                let lost = entry.shown.is_some_and(|(_, hash)| hash != record.hash);
                if lost && record.pending == 0 && wanted.is_some() {
                    outcome = Outcome::Lost;
                }
            }
            State::GivenUp { until_seen: true } if is_seen_again && record.next_check_in != NEVER => {
                outcome = Outcome::Lost;
            }
            State::Due { .. } if entry.waits => outcome = Outcome::Found,
            State::GivenUp { .. } | State::Due { .. } => {}
        }
        entry.record = Some(record);
        match (outcome, wanted) {
            (Outcome::Shown(hash), Some(wanted)) => {
                entry.state = State::Rest;
                entry.shown = Some((wanted.digest, hash));
                self.sent.remove(&label);
                self.tell(Told::Shown { label, request: wanted.request, hash });
            }
            (Outcome::Lost, Some(_)) => {
                entry.shown = None;
                self.owe(label, now, None, now);
            }
            (Outcome::Found, Some(_)) => {
                entry.waits = false;
                self.due.push_back(label);
            }
            (Outcome::Nothing | Outcome::Shown(_) | Outcome::Lost | Outcome::Found, _) => {}
        }
        if is_news {
            self.tell(Told::Seen(report));
        }
    }

    /// The next try of a label, or its end.
    fn again(&mut self, label: LabelId, first: Option<Command>, now: Moment) {
        let pace = self.pace;
        let entry = self.entry(label);
        entry.tries += 1;
        let (tries, no_effects) = (entry.tries, entry.no_effects);
        if tries >= pace.tries {
            let why: GivenUp = if no_effects >= tries {
                GivenUp::NoEffect { tries }
            } else {
                GivenUp::NotConfirmed { tries }
            };
            return self.give_up(label, why);
        }
        let pause = pace.pause_first.saturating_mul(1 << (tries - 1).min(16)).min(pace.pause_max);
        self.owe(label, now + pause, first, now);
    }

    /// What to ask of the access point now; answered with [`AccessPoint::answer`].
    pub fn poll(&mut self, now: Moment) -> Option<Call> {
        self.lapse(now);
        if self.busy.is_some() || now < self.call_from {
            return None;
        }
        let call = self.next_call(now)?;
        let wait = match call {
            Call::Upload(..) => {
                self.upload_from = now + self.pace.between_uploads;
                self.pace.call_wait * 3
            }
            Call::Page(_) | Call::Record(_) | Call::Type(_) | Call::Command(..) | Call::Flash(..) => {
                self.pace.call_wait
            }
        };
        self.busy = Some((call.clone(), now + wait));
        Some(call)
    }

    fn next_call(&mut self, now: Moment) -> Option<Call> {
        if let Some((label, flash)) = self.flashes.pop_front() {
            return Some(Call::Flash(label, flash));
        }
        if let Some(hw_type) = self.types.pop_front() {
            return Some(Call::Type(hw_type));
        }
        // Uploads keep their pace; listings go between them.
        if let Some(call) = self.next_upload(now) {
            return Some(call);
        }
        if let Some((pos, ..)) = self.listing {
            return Some(Call::Page(pos));
        }
        if now >= self.list_at {
            self.list_at = now + self.pace.list_every;
            self.listing = Some((0, 0, BTreeSet::new()));
            return Some(Call::Page(0));
        }
        if let Some((from, label)) = self.looks.first().copied()
            && from <= now
        {
            self.looks.pop_first();
            return Some(Call::Record(label));
        }
        let label = self.ask.pop_front()?;
        Some(Call::Record(label))
    }

    fn next_upload(&mut self, now: Moment) -> Option<Call> {
        while let Some((from, label)) = self.later.first().copied()
            && from <= now
        {
            self.later.pop_first();
            self.due.push_back(label);
        }
        if now < self.upload_from || self.sent.len() >= QUEUED_MAX {
            return None;
        }
        while let Some(label) = self.due.pop_front() {
            let Some(entry) = self.labels.get_mut(&label) else { continue };
            let State::Due { from, first } = &mut entry.state else { continue };
            let Some(wanted) = entry.wanted else { continue };
            // An older entry of the queue; the newer one comes at its time.
            if now < *from {
                continue;
            }
            let Some(record) = entry.record.as_ref().filter(|_| entry.is_fresh) else {
                // What waits for it in the access point is not known.
                entry.waits = true;
                if entry.is_unknown {
                    self.give_up(label, GivenUp::Unknown);
                }
                continue;
            };
            if record.next_check_in == NEVER {
                self.give_up(label, GivenUp::Asleep);
                continue;
            }
            let hw_type = record.hw_type;
            let panel = wire::known_panel(hw_type).map(Ok).or(self.panels.get(&hw_type).copied());
            match panel {
                Some(Err(())) => {
                    self.give_up(label, GivenUp::UnknownType(hw_type));
                    continue;
                }
                Some(Ok(_)) if !record.is_external => {}
                // Another access point has it, or its type is being asked for.
                Some(Ok(_)) | None => {
                    entry.waits = true;
                    continue;
                }
            }
            let command = first.take().or((record.pending > 0).then_some(Command::Clear));
            let hash = record.hash;
            if command.is_none() && entry.shown == Some((wanted.digest, hash)) {
                // A newer face came and went before the label took it.
                entry.state = State::Rest;
                self.tell(Told::Shown { label, request: wanted.request, hash });
                continue;
            }
            self.due.push_front(label);
            return Some(match command {
                Some(command) => Call::Command(label, command),
                None => Call::Upload(label, wanted.digest),
            });
        }
        None
    }

    /// What came too late.
    fn lapse(&mut self, now: Moment) {
        if let Some((call, until)) = &self.busy
            && now >= *until
        {
            let call = call.clone();
            self.answer(&call, Answer::Failed("no answer in time".to_owned()), now);
        }
        let late: Vec<LabelId> =
            self.sent.iter().copied().filter(|label| self.late(*label, now).is_some()).collect();
        for label in late {
            let Some(what) = self.late(label, now) else { continue };
            let Some(entry) = self.labels.get_mut(&label) else { continue };
            let State::Sent(sent) = &mut entry.state else { continue };
            if !sent.is_checked {
                // The news may have been lost on the way, so it is asked before it is judged.
                sent.is_checked = true;
                self.ask.push_front(label);
                continue;
            }
            if self.ask.contains(&label)
                || matches!(self.busy, Some((Call::Record(busy), _)) if busy == label)
            {
                continue;
            }
            let pending = entry.record.as_ref().map_or(0, |record| record.pending);
            match what {
                Late::Lost => self.owe(label, now, None, now),
                Late::NoEffect => {
                    entry.no_effects += 1;
                    self.again(label, Some(Command::Refresh), now);
                }
                Late::NotConfirmed => self.again(label, (pending > 0).then_some(Command::Clear), now),
            }
        }
    }

    fn late(&self, label: LabelId, now: Moment) -> Option<Late> {
        let entry = self.labels.get(&label)?;
        let State::Sent(sent) = &entry.state else { return None };
        if sent.is_lost {
            return Some(Late::Lost);
        }
        if !sent.had_effect && now >= sent.effect_by {
            return Some(Late::NoEffect);
        }
        (now >= self.confirm_by(entry, sent, now)).then_some(Late::NotConfirmed)
    }

    /// A label that sleeps longer is waited for, a day at most.
    fn confirm_by(&self, entry: &Label, sent: &Sent, now: Moment) -> Moment {
        let expected = entry.record.as_ref().map_or(0, |record| record.next_check_in);
        let expected = expected.saturating_add_signed(-self.offset.unwrap_or(0)).saturating_mul(1_000);
        if expected > now + 86_400_000 {
            sent.confirm_by
        } else {
            sent.confirm_by.max(expected + self.pace.confirm_wait / 4)
        }
    }

    /// When [`AccessPoint::poll`] has something to do next, if nothing happens before.
    pub fn deadline(&self) -> Moment {
        if let Some((_, until)) = &self.busy {
            return *until;
        }
        let asks = !(self.ask.is_empty() && self.flashes.is_empty() && self.types.is_empty());
        let now = (asks || self.listing.is_some()).then_some(0);
        let due = (!self.due.is_empty() && self.sent.len() < QUEUED_MAX).then_some(self.upload_from);
        let later = self.later.first().into_iter().chain(self.looks.first()).map(|(from, _)| *from).min();
        let sent = self.sent.iter().filter_map(|label| {
            let entry = self.labels.get(label)?;
            let State::Sent(sent) = &entry.state else { return None };
            if sent.is_lost {
                return Some(0);
            }
            let confirm_by = self.confirm_by(entry, sent, sent.confirm_by);
            Some(if sent.had_effect { confirm_by } else { sent.effect_by.min(confirm_by) })
        });
        let first = [now, due, later, sent.min(), Some(self.list_at)].into_iter().flatten().min();
        first.unwrap_or(0).max(self.call_from)
    }

    /// What came of the call that is under way; answers to others are left alone.
    pub fn answer(&mut self, call: &Call, answer: Answer, now: Moment) {
        match self.busy.take() {
            Some((busy, _)) if busy == *call => {}
            other => {
                self.busy = other;
                return;
            }
        }
        let (status, body) = match answer {
            Answer::Text(status, body) => (status, body),
            Answer::Failed(reason) => return self.failed(call, reason, now),
            Answer::NoFace(why) => {
                if let Call::Upload(label, _) = call {
                    self.give_up(*label, why);
                }
                return;
            }
        };
        match call {
            Call::Page(pos) => self.page(*pos, status, &body, now),
            Call::Record(label) => match (status, Page::parse(&body)) {
                (200, Ok(page)) => {
                    self.well();
                    let found = page.records.into_iter().find(|record| record.label == *label);
                    match found {
                        Some(record) => self.record(record, now),
                        None => self.missing(*label, now),
                    }
                }
                (_, parsed) => {
                    self.ask.push_back(*label);
                    self.trouble(status, parsed.err().map(|error| error.to_string()), now);
                }
            },
            Call::Type(hw_type) => {
                // Also where it says that there is no such type.
                let panel =
                    if status == 200 { wire::parse_panel(*hw_type, &body).map_err(drop) } else { Err(()) };
                self.panels.insert(*hw_type, panel);
                self.well();
                let of_type =
                    |entry: &Label| entry.record.as_ref().is_some_and(|record| record.hw_type == *hw_type);
                self.found
                    .extend(self.labels.iter().filter(|(_, entry)| of_type(entry)).map(|(label, _)| *label));
                let waiting = self.labels.iter_mut().filter(|(_, entry)| entry.waits);
                self.due.extend(waiting.map(|(label, entry)| {
                    entry.waits = false;
                    *label
                }));
            }
            Call::Flash(..) => self.well(),
            Call::Command(label, command) => match status {
                // `Ok, done`; whatever else comes with a 200, the command was not obeyed.
                200 if body.starts_with("Ok") => {
                    self.well();
                    // A command is no upload.
                    self.upload_from = now;
                    if *command == Command::Clear {
                        self.settle(*label, now);
                    }
                }
                400 => self.missing(*label, now),
                _ => {
                    if let Some(Label { state: State::Due { first, .. }, .. }) = self.labels.get_mut(label) {
                        *first = Some(*command);
                    }
                    self.trouble(status, None, now);
                }
            },
            Call::Upload(label, digest) => self.uploaded(*label, *digest, (status, &body), now),
        }
    }

    /// Waits until nothing of before can reach the label, and looks.
    fn settle(&mut self, label: LabelId, now: Moment) {
        let from = now + self.pace.settle;
        if let Some(entry) = self.labels.get_mut(&label)
            && let State::Due { .. } = entry.state
        {
            entry.is_fresh = false;
            self.owe(label, from, None, now);
            self.looks.insert((from, label));
        }
    }

    fn uploaded(&mut self, label: LabelId, digest: [u8; 16], (status, body): (u16, &str), now: Moment) {
        let (pace, theirs) = (self.pace, self.theirs(now));
        let entry = self.entry(label);
        let is_newest = entry.wanted.is_some_and(|wanted| wanted.digest == digest);
        let is_due = matches!(entry.state, State::Due { .. });
        match status {
            200 => {
                self.well();
                if self.due.front() == Some(&label) {
                    self.due.pop_front();
                }
                let entry = self.entry(label);
                if !is_newest || !is_due {
                    // A newer face came meanwhile: what was uploaded must not be shown before it.
                    if entry.wanted.is_some() {
                        self.owe(label, now, Some(Command::Clear), now);
                    }
                    return;
                }
                // An empty 200 may have failed, and `Ok, saved` too: the label decides.
                let before = entry.record.as_ref().map_or((None, 0), |r| (Some(r.hash), r.update_count));
                entry.state = State::Sent(Sent {
                    before,
                    at: theirs,
                    effect_by: now + pace.effect_wait,
                    confirm_by: now + pace.confirm_wait,
                    had_effect: false,
                    is_lost: false,
                    is_checked: false,
                });
                self.sent.insert(label);
            }
            409 => self.trouble(status, None, now),
            400 if body.contains("mac not found") => self.missing(label, now),
            400 => self.give_up(label, GivenUp::Refused(body.chars().take(120).collect())),
            _ => self.trouble(status, None, now),
        }
    }

    fn page(&mut self, pos: u32, status: u16, body: &str, now: Moment) {
        let page = match Page::parse(body) {
            Ok(page) if status == 200 => page,
            other => {
                self.listing = None;
                return self.trouble(status, other.err().map(|error| error.to_string()), now);
            }
        };
        self.well();
        let Some((_, pages, mut seen)) = self.listing.take() else { return };
        let mut repeats = page.records.is_empty();
        for record in page.records {
            repeats |= !seen.insert(record.label);
            self.record(record, now);
        }
        let next = page.next.filter(|next| *next > pos);
        match next {
            Some(next) if !repeats && pages + 1 < PAGES_MAX => self.listing = Some((next, pages + 1, seen)),
            _ => {
                let all = std::mem::take(&mut self.lists_all);
                // Beyond the reach of a position of 8 bits, or gone.
                let beyond = self.labels.iter().filter(|(label, entry)| {
                    entry.is_minded
                        && !seen.contains(label)
                        && (all || entry.record.is_none() && !entry.is_unknown)
                });
                self.ask = beyond.map(|(label, _)| *label).collect();
            }
        }
    }

    /// The access point has no such label.
    fn missing(&mut self, label: LabelId, now: Moment) {
        self.found.push(label);
        let entry = self.entry(label);
        entry.record = None;
        entry.is_unknown = true;
        let is_open = matches!(entry.state, State::Due { .. } | State::Sent(_));
        if is_open {
            self.give_up(label, GivenUp::Unknown);
        }
        self.upload_from = self.upload_from.min(now + self.pace.between_uploads);
    }

    fn well(&mut self) {
        self.failures = 0;
        self.set_health(Health::Ready);
    }

    /// It answers, but not as it should.
    fn trouble(&mut self, status: u16, words: Option<String>, now: Moment) {
        self.pause(now);
        match (status, words) {
            (200, Some(words)) => self.set_health(Health::Offline { reason: words }),
            _ => self.set_health(Health::Degraded(Reason::Error)),
        }
    }

    fn pause(&mut self, now: Moment) {
        self.failures = (self.failures + 1).min(16);
        let pause = self.pace.pause_first.saturating_mul(1 << (self.failures - 1)).min(self.pace.pause_max);
        self.call_from = now + pause;
    }

    /// No answer: what was asked is asked again, and no label is blamed.
    fn failed(&mut self, call: &Call, reason: String, now: Moment) {
        self.pause(now);
        self.set_health(Health::Offline { reason });
        match call {
            Call::Page(_) => {
                self.listing = None;
                self.list_at = self.call_from;
            }
            Call::Record(label) => self.ask.push_back(*label),
            Call::Type(hw_type) => self.types.push_back(*hw_type),
            // A flash that comes late finds nobody looking.
            Call::Flash(..) => {}
            Call::Command(label, command) => {
                if let Some(Label { state: State::Due { first, .. }, .. }) = self.labels.get_mut(label) {
                    *first = Some(*command);
                }
            }
            Call::Upload(label, _) => {
                // It may have been taken all the same.
                if let Some(Label { state: State::Due { first, .. }, .. }) = self.labels.get_mut(label) {
                    *first = Some(Command::Clear);
                }
            }
        }
    }
}

enum Late {
    Lost,
    NoEffect,
    NotConfirmed,
}

enum Outcome {
    Nothing,
    Shown([u8; 8]),
    Lost,
    Found,
}
