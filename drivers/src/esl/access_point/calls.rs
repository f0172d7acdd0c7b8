//! What is asked of an access point next, and what has taken too long.

use std::collections::BTreeSet;

use super::super::wire::{self, Command, NEVER};
use super::super::{GivenUp, LabelId, Told};
use super::{AccessPoint, Answer, Call, Label, Moment, QUEUED_MAX, Sent, State};

enum Late {
    Lost,
    NoEffect,
    NotConfirmed,
}

impl AccessPoint {
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
                    self.give_up(label, GivenUp::Unknown, now);
                }
                continue;
            };
            if record.next_check_in == NEVER {
                self.give_up(label, GivenUp::Asleep, now);
                continue;
            }
            let hw_type = record.hw_type;
            let panel = wire::known_panel(hw_type).map(Ok).or(self.panels.get(&hw_type).copied());
            match panel {
                Some(Err(())) => {
                    self.give_up(label, GivenUp::UnknownType(hw_type), now);
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
}
