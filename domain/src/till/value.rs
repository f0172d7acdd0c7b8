//! Stored value at the counter: paid with, and paid in.

use super::step::Step;
use super::{Context, Desk, Effect, Message, Sound};
use crate::basket::{Line, PriceFrom, Trace};
use crate::money::{Money, Quantity};
use crate::record::Record;
use crate::sale::Due;
use crate::tender::{Tender, TenderKind};
use crate::value::{self, StoredTender, TopUp, Value, ValueGrant};

impl Step {
    /// A payment out of what HQ lent to this lane: never more than the lease
    /// less what was spent of it here, also before a power cut, and never more
    /// than is due.
    pub(super) fn stored_value(
        &mut self,
        context: &Context<'_>,
        grant: &ValueGrant,
        amount: Option<Money>,
        due: &Due,
    ) -> Option<Tender> {
        if self.till.basket.has_top_up() {
            self.refuse(Message::TopUpAlone);
            return None;
        }
        let Some(member) = self.till.basket.member().map(|member| member.id.clone()) else {
            self.refuse(Message::MemberFirst);
            return None;
        };
        let Some(rules) = &context.settings.rules.value else {
            self.refuse(Message::ValueNotSpent);
            return None;
        };
        let order = rules.order;
        let is_there = |tender: &Tender| matches!(tender, Tender::StoredValue(_));
        if self.till.tenders.iter().any(is_there) {
            // One of a sale: a refund of it goes back by one ratio.
            self.refuse(Message::TendersFirst);
            return None;
        }
        let spent = self.till.value_spent(&grant.lease);
        let left = if grant.lent.is_amount() { grant.lent.less(spent) } else { Value::NOTHING };
        let known = self.till.leases_spent.iter().any(|known| known.lease == grant.lease);
        let full = !known && self.till.is_full_of_leases(self.now_ms);
        let is_good = grant.member == member
            && grant.balance.is_amount()
            && !grant.lease.is_empty()
            && self.now_ms < grant.until_ms
            && left.is_amount()
            && left.total().is_positive();
        if !is_good || full || self.till.is_returned(&grant.lease) {
            self.refuse(Message::ValueNotSpent);
            return None;
        }
        if due.exact == Money::ZERO {
            self.refuse(Message::MoreThanDue { due: Money::ZERO });
            return None;
        }
        // All of it may cost less by this kind of tender than part of it does.
        let all = self.due_by(context, TenderKind::StoredValue, None).0;
        let due = if amount.is_none() && all.exact <= left.total() { &all } else { due };
        if amount.is_some_and(|amount| amount > due.exact) {
            self.refuse(Message::MoreThanDue { due: due.exact });
            return None;
        }
        let wanted = amount.unwrap_or(due.exact);
        if wanted > left.total() && amount.is_some() {
            self.refuse(Message::ValueNotSpent);
            return None;
        }
        let part = left.spend(wanted, order);
        let after = grant.balance - spent.total() - part.total();
        Some(Tender::StoredValue(StoredTender {
            member,
            lease: grant.lease.clone(),
            until_ms: grant.until_ms,
            part,
            of: part,
            left: (Money::ZERO <= after && after.is_amount()).then_some(after),
        }))
    }

    /// Takes stored value off the basket whose time is over: HQ may lend it to
    /// another lane. Whether there was any.
    pub(super) fn drop_value_that_is_over(&mut self) -> bool {
        let now_ms = self.now_ms;
        let is_over =
            |tender: &Tender| matches!(tender, Tender::StoredValue(stored) if stored.until_ms <= now_ms);
        let Some(place) = self.till.tenders.iter().position(is_over) else { return false };
        // No more than TENDERS_MAX stand there.
        self.commit(Record::TenderRemoved { place: u32::try_from(place).unwrap_or(u32::MAX) });
        self.tell(Message::ValueOver);
        true
    }

    /// Money for the account of the member who is named: a basket of its own,
    /// in whole units of the currency, so that no cash rounding takes any off.
    pub(super) fn top_up(&mut self, context: &Context<'_>, amount: Money, balance: Option<Value>) {
        if self.at_counter().is_none() {
            return;
        }
        if self.till.shift.is_none() {
            return self.refuse(Message::OpenShiftFirst);
        }
        let Some(rules) =
            context.settings.rules.value.as_ref().filter(|_| context.settings.rules.kiosk.is_none())
        else {
            return self.refuse(Message::ValueNotSpent);
        };
        let basket = &self.till.basket;
        if basket.member().is_none() {
            return self.refuse(Message::MemberFirst);
        }
        let alone = basket.is_empty() && basket.coupons().is_empty() && basket.grant().is_none();
        if !alone {
            return self.refuse(Message::TopUpAlone);
        }
        // What HQ says of an account that owes is no room for more.
        let has = balance.map_or(Money::ZERO, |balance| balance.principal.max(Money::ZERO));
        let most = (rules.principal_max() - has).max(Money::ZERO);
        let unit = Money::from_minor(context.settings.currency.minor_per_major());
        let steps = [unit, context.settings.cash_rounding];
        let is_whole = |amount: Money| steps.into_iter().all(|step| amount.floor_to(step) == amount);
        if !amount.is_positive() || amount > most || !is_whole(amount) {
            return self.refuse(Message::TopUpRange { most });
        }
        let item = value::top_up_item(amount);
        let line = Line {
            number: basket.next_number(),
            code: item.code.clone(),
            item,
            unit: None,
            quantity: Quantity::ONE,
            unit_price: amount,
            price_from: PriceFrom::Typed,
            promotion: None,
            kept: None,
            walk_in: None,
            weighed_by: None,
            label_amount: None,
            trace: Trace::default(),
            discount: None,
            savings: Vec::new(),
            points_off: Money::ZERO,
            basket_discount: Money::ZERO,
            seller: None,
            note: String::new(),
        };
        self.commit(Record::LineAdded { line });
        self.effects.push(Effect::Sound(Sound::Accepted));
        if let Desk::Selling(_) = self.till.desk {
            self.pay(context);
        }
    }

    /// What the basket pays into an account, with what is given on top.
    pub(super) fn top_up_of_basket(&self, context: &Context<'_>) -> Option<TopUp> {
        let basket = &self.till.basket;
        let line = basket.lines().iter().find(|line| line.item.is_top_up())?;
        let principal = line.net();
        let rules = context.settings.rules.value.as_ref();
        let bonus = rules.map_or(Money::ZERO, |rules| rules.bonus(principal)).max(Money::ZERO);
        let value = Value { principal, bonus };
        // What the chain set wrongly gives nothing rather than what no document carries.
        let value = if value.is_amount() { value } else { Value { bonus: Money::ZERO, ..value } };
        Some(TopUp { member: basket.member().map(|member| member.id.clone())?, value })
    }
}
