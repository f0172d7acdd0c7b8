//! What messages and answers of an access point mean.

use super::super::wire::{self, Command, Message, NEVER, Page, Record};
use super::super::{ARTICLES_MAX, GivenUp, LabelId, LabelReport, Told};
use super::{AccessPoint, Answer, Call, Label, Moment, PAGES_MAX, Sent, State};
use crate::frame::{Health, Reason};

enum Outcome {
    Nothing,
    Shown([u8; 8]),
    Lost,
    Found,
}

impl AccessPoint {
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
            State::GivenUp { heard_from: Some(from) }
                if now >= *from && is_seen_again && record.next_check_in != NEVER =>
            {
                (entry.tries, entry.no_effects) = (0, 0);
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
                entry.rests = 0;
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
    pub(super) fn again(&mut self, label: LabelId, first: Option<Command>, now: Moment) {
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
            return self.give_up(label, why, now);
        }
        let pause = pace.pause_first.saturating_mul(1 << (tries - 1).min(16)).min(pace.pause_max);
        self.owe(label, now + pause, first, now);
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
                    self.give_up(*label, why, now);
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
            400 => self.give_up(label, GivenUp::Refused(body.chars().take(120).collect()), now),
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
            self.give_up(label, GivenUp::Unknown, now);
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
