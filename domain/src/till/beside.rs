//! What is written down beside selling: goods that move, counts, shelf labels, new members, orders of channels.

use super::step::Step;
use super::{Context, Effect, Message, Sound};
use crate::label::{LabelBinding, LabelItem, LabelNumber, LabelRefusal};
use crate::member::NewMember;
use crate::order::desk::{OrderAsk, OrderRecord, ToldOrder};
use crate::record::Record;
use crate::rights::{Act, kept_words};
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
        let reason = kept_words(&count.reason);
        if reason.is_empty() {
            return self.refuse(Message::ReasonNeeded);
        }
        if self.allow(Act::CountStock, |rights| rights.allow(Act::CountStock)).is_none() {
            return;
        }
        let told = Message::StockCounted { document: count.document.clone(), items: count.lines.len() };
        self.commit(Record::StockCounted { count: StockCount { reason, ..count }, staff: staff.id });
        self.tell(told);
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    pub(super) fn bind_label(&mut self, context: &Context<'_>, binding: LabelBinding) {
        let Some(staff) = self.at_counter() else { return };
        if let Err(refused) = check_binding(context, &binding) {
            return self.refuse(refused);
        }
        self.commit(Record::LabelBound { binding, staff: staff.id });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    pub(super) fn unbind_label(&mut self, label: LabelNumber, reason: &str) {
        let Some(staff) = self.at_counter() else { return };
        self.commit(Record::LabelUnbound { label, staff: staff.id, reason: kept_words(reason) });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    pub(super) fn replace_label(
        &mut self,
        context: &Context<'_>,
        old: LabelNumber,
        binding: LabelBinding,
        reason: &str,
    ) {
        let Some(staff) = self.at_counter() else { return };
        if binding.label == old {
            return self.refuse(Message::ShelfLabelRefused(LabelRefusal::SameLabel));
        }
        if let Err(refused) = check_binding(context, &binding) {
            return self.refuse(refused);
        }
        let reason = kept_words(reason);
        self.commit(Record::LabelReplaced { old, binding, staff: staff.id, reason });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    pub(super) fn waive_labels(&mut self, context: &Context<'_>, item: LabelItem, reason: &str) {
        let Some(staff) = self.at_counter() else { return };
        if let Err(refused) = check_item(context, &item) {
            return self.refuse(refused);
        }
        let reason = kept_words(reason);
        if reason.is_empty() {
            return self.refuse(Message::ReasonNeeded);
        }
        if self.allow(Act::WaiveLabels, |rights| rights.allow(Act::WaiveLabels)).is_none() {
            return;
        }
        self.commit(Record::LabelsWaived { item, staff: staff.id, reason });
        self.effects.push(Effect::Sound(Sound::Accepted));
    }

    /// Something is done with an order of a channel: the basket stays as it is.
    pub(super) fn order(&mut self, context: &Context<'_>, told: &ToldOrder, ask: &OrderAsk) {
        let Some(staff) = self.at_counter() else { return };
        let mut weighed = Vec::new();
        for line in &told.lines {
            match context.catalogue.item_by_sku(&line.sku) {
                // Goods that the store does not know any more are counted by the piece.
                Ok(item) => weighed.extend(item.filter(|item| item.weighed).map(|item| item.sku.clone())),
                Err(error) => return self.refuse(Message::Fault(error)),
            }
        }
        let here = self.till.orders.get(&told.id);
        let is_weighed = |sku: &str| weighed.iter().any(|known| known == sku);
        match told.decide(here, ask, is_weighed, context.now_ms) {
            Ok(deed) => {
                self.commit(Record::Order(OrderRecord { order: told.id.clone(), staff: staff.id, deed }));
                self.effects.push(Effect::Sound(Sound::Accepted));
            }
            Err(refused) => self.refuse(Message::OrderRefused(refused)),
        }
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

/// Whether a label may stand for these goods: a price that nobody knows
/// cannot be shown.
fn check_binding(context: &Context<'_>, binding: &LabelBinding) -> Result<(), Message> {
    binding.check().map_err(Message::ShelfLabelRefused)?;
    binding.items.iter().try_for_each(|item| check_item(context, item))
}

fn check_item(context: &Context<'_>, item: &LabelItem) -> Result<(), Message> {
    item.check().map_err(Message::ShelfLabelRefused)?;
    let found = context.catalogue.item_by_sku(&item.sku).map_err(Message::Fault)?;
    if found.is_some_and(|found| item.unit.is_empty() || found.unit(&item.unit).is_some()) {
        return Ok(());
    }
    Err(Message::ShelfLabelRefused(LabelRefusal::ItemUnknown(item.sku.clone())))
}
