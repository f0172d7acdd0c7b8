//! What is written down beside selling: goods that move, counts, new members.

use super::step::Step;
use super::{Context, Effect, Message, Sound};
use crate::member::NewMember;
use crate::record::Record;
use crate::rights::kept_words;
use crate::stock::{Movement, StockCount};

impl Step {
    pub(super) fn move_stock(&mut self, movement: Movement) {
        let Some(staff) = self.at_counter() else { return };
        if let Err(refusal) = movement.check() {
            return self.refuse(Message::StockRefused(refusal));
        }
        let reason = kept_words(&movement.reason);
        self.commit(Record::StockMoved { movement: Movement { reason, ..movement }, staff: staff.id });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    pub(super) fn count_stock(&mut self, count: StockCount) {
        let Some(staff) = self.at_counter() else { return };
        if let Err(refusal) = count.check() {
            return self.refuse(Message::StockRefused(refusal));
        }
        self.commit(Record::StockCounted { count, staff: staff.id });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// Somebody becomes a member, with HQ or without, and buys as one.
    pub(super) fn register(&mut self, context: &Context<'_>, member: NewMember) {
        if self.till.shift.is_none() {
            return self.refuse(Message::OpenShiftFirst);
        }
        let Some(staff) = self.till.desk.staff().map(|staff| staff.id.clone()) else {
            return self.refuse(Message::SignInFirst);
        };
        if !member.is_within_bounds() {
            return self.refuse(Message::MemberUnknown(member.shown));
        }
        if self.may_change_buyer() {
            let joins = member.as_member();
            self.commit(Record::MemberRegistered { member, staff });
            self.join(context, joins);
        }
    }
}
