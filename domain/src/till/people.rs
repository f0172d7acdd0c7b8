//! Who stands at the till: signing in, locking, and letting somebody do what
//! they may not do alone.

use super::step::{Approver, Step, rights_here};
use super::{Context, Desk, Effect, Message, Sound};
use crate::record::{Record, Staff};
use crate::rights::{Act, Rights, kept_words};

impl Step {
    pub(super) fn pin_checked(&mut self, context: &Context<'_>, staff: Staff, rights: Rights, matches: bool) {
        match self.till.desk.clone() {
            Desk::SignedOut => {
                if self.is_pin_right(&staff.id, matches) {
                    self.sign_in(context, staff, rights);
                }
            }
            Desk::Locked(locked) => {
                if !self.is_pin_right(&staff.id, matches) {
                    return;
                }
                if locked.id == staff.id {
                    self.commit(Record::Unlocked { staff: staff.id });
                    self.till.rights = rights_here(context, rights);
                    self.effects.push(Effect::Sound(Sound::Accepted));
                } else if rights.allow(Act::TakeOver) || self.is_counter_empty(context) {
                    // Nobody sells under another's name.
                    self.commit(Record::SignedOut { staff: locked.id });
                    self.sign_in(context, staff, rights);
                } else {
                    self.refuse(Message::Locked);
                }
            }
            // The attendant comes to a kiosk that is open; what they do there is written down by itself.
            Desk::Selling(_) | Desk::Paying(_) | Desk::Done(..) if context.settings.rules.kiosk.is_some() => {
                if self.is_pin_right(&staff.id, matches) {
                    self.effects.push(Effect::Sound(Sound::Accepted));
                }
            }
            Desk::Selling(_) | Desk::Paying(_) | Desk::Saving(..) | Desk::Done(..) => {}
        }
    }

    /// Whether nothing lies here that whoever comes would take up of somebody else's work. A kiosk stays with the
    /// attendant who locked it.
    fn is_counter_empty(&self, context: &Context<'_>) -> bool {
        context.settings.rules.kiosk.is_none()
            && self.till.basket.is_untouched()
            && self.till.tenders.is_empty()
            && self.till.payment_of_basket().is_none()
    }

    pub(super) fn lock(&mut self) {
        if let Desk::Selling(staff) | Desk::Paying(staff) | Desk::Done(staff, ..) = &self.till.desk {
            let staff = staff.id.clone();
            self.commit(Record::Locked { staff });
        }
    }

    /// Whether somebody may be asked to let through what waits. Whether they
    /// may do it themselves is seen where it is done.
    pub(super) fn approved_by(&mut self, staff: Staff, rights: Rights, matches: bool, reason: &str) -> bool {
        if !self.is_pin_right(&staff.id, matches) {
            return false;
        }
        let reason = kept_words(reason);
        if reason.is_empty() {
            self.refuse(Message::ReasonNeeded);
            return false;
        }
        self.set_approver(Approver { staff: staff.id, rights, reason });
        true
    }
}
