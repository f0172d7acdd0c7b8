//! A member who is named after the payment. They get the points that the sale
//! would have earned them; nothing else of the sale changes, and its price least.

use std::sync::Arc;

use super::member::MEMBER_CODE_LENGTH_MAX;
use super::savings::ticket_line;
use super::step::Step;
use super::{Context, Desk, Effect, Message, Sound};
use crate::basket::Line;
use crate::member::{Member, NewMember, PointsMoved};
use crate::money::Money;
use crate::promotion::grant;
use crate::promotion::ticket::{Occasion, TicketLine};
use crate::record::Record;
use crate::rights::{Act, kept_words};
use crate::sale::{Sale, SaleBuyer, earning};
use crate::tender::Tender;

/// So long after the payment of the lane's last sale its cashier names the member alone, milliseconds: the customer
/// still stands there, or has just turned round.
pub const NAMED_FREELY_MS: i64 = 5 * 60_000;

/// So often in one shift a cashier names the same member alone: who collects strangers' points has somebody look on.
pub const NAMED_FREELY_TIMES: usize = 1;

/// The most sales of one shift whose member is named after the payment.
pub const NAMED_AFTER_MAX: usize = 500;

/// A sale that this lane's journal holds in its present epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidSale {
    /// Its number.
    pub seq: u64,
    /// The number of its shift.
    pub shift: u32,
    /// When it was, by the lane's clock, milliseconds UTC.
    pub at_ms: i64,
    /// The document.
    pub sale: Sale,
    /// Whether this lane knows that something of it came back.
    pub came_back: bool,
}

/// Who is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By card, number or telephone, as typed.
    Code(String),
    /// A member who was found elsewhere.
    Member(Arc<Member>),
    /// Somebody who becomes a member with it.
    New(Box<NewMember>),
}

/// Why no member is named for a sale any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotNamed {
    /// It is none of the open shift's.
    OtherShift,
    /// It has a member.
    HasMember,
    /// Nothing was bought with it, or something was given back with it.
    Return,
    /// Something of it came back.
    CameBack,
    /// It pays money into an account, whose owner was named.
    TopUp,
    /// Too many were named in this shift.
    Full,
    /// Another customer pays just now, and comes first.
    Paying,
}

impl Sale {
    /// Why nobody can be named as its buyer after the payment, whenever that is; `None` where somebody can.
    pub fn not_named_after(&self) -> Option<NotNamed> {
        if self.top_up.is_some() {
            Some(NotNamed::TopUp)
        } else if self.lines.is_empty() || !self.returns.is_empty() {
            Some(NotNamed::Return)
        } else if self.buyer.is_some() {
            Some(NotNamed::HasMember)
        } else {
            None
        }
    }
}

impl Step {
    pub(super) fn name_buyer(&mut self, context: &Context<'_>, paid: &PaidSale, who: Named) {
        match &self.till.desk {
            Desk::Selling(_) | Desk::Done(..) => {}
            Desk::SignedOut => return self.refuse(Message::SignInFirst),
            Desk::Locked(_) => return self.refuse(Message::Locked),
            // The customer who pays comes first.
            Desk::Paying(_) => return self.refuse(Message::BuyerNotNamed(NotNamed::Paying)),
            Desk::Saving(..) => return,
        }
        if let Some(why) = self.till.not_named(paid) {
            return self.refuse(Message::BuyerNotNamed(why));
        }
        let mut registered = None;
        let member = match who {
            Named::Member(member) => member,
            Named::New(new) => {
                if !new.is_within_bounds() {
                    return self.refuse(Message::MemberUnknown(new.shown));
                }
                let member = new.as_member();
                registered = Some(*new);
                member
            }
            Named::Code(text) => {
                let code = kept_words(&text);
                let unknown = Message::BuyerUnknown { document: paid.seq, code: code.clone() };
                if code.is_empty() || code.len() > MEMBER_CODE_LENGTH_MAX {
                    return self.unknown(unknown);
                }
                match context.catalogue.member(&code) {
                    Err(fault) => return self.refuse(Message::Fault(fault)),
                    Ok(None) => return self.unknown(unknown),
                    Ok(Some(member)) => member,
                }
            }
        };
        let Some(staff) = self.till.desk.staff().map(|staff| staff.id.clone()) else { return };
        if !self.till.names_freely(paid, &member.id, self.now_ms)
            && self.allow(Act::NameBuyer, |rights| rights.allow(Act::NameBuyer)).is_none()
        {
            return;
        }
        // Who stays unregistered where the naming is refused: both are written, or neither.
        if let Some(member) = registered {
            self.commit(Record::MemberRegistered { member, staff: staff.clone() });
        }
        let buyer = buyer_after(context, paid, &member);
        let earned = buyer.points.as_ref().map_or(0, |points| points.earned);
        self.commit(Record::BuyerNamed { document: paid.seq, buyer, staff });
        self.effects.push(Effect::Sound(Sound::Accepted));
        self.tell(Message::BuyerNamed { document: paid.seq, member, earned });
    }
}

impl super::Till {
    /// Why no member is named for a paid sale any more; `None` where one can be.
    pub fn not_named(&self, paid: &PaidSale) -> Option<NotNamed> {
        if self.shift.is_none_or(|shift| shift.number != paid.shift) || Some(paid.seq) > self.last_sale {
            return Some(NotNamed::OtherShift);
        }
        if let Some(why) = paid.sale.not_named_after() {
            return Some(why);
        }
        if self.named_after.iter().any(|(document, _)| *document == paid.seq) {
            Some(NotNamed::HasMember)
        } else if paid.came_back {
            Some(NotNamed::CameBack)
        } else if self.named_after.len() >= NAMED_AFTER_MAX {
            Some(NotNamed::Full)
        } else {
            None
        }
    }

    /// Whether a cashier names this member for this sale without anybody looking on.
    fn names_freely(&self, paid: &PaidSale, member: &str, now_ms: i64) -> bool {
        let times = self.named_after.iter().filter(|(_, known)| known == member).count();
        self.last_sale == Some(paid.seq)
            && (0..NAMED_FREELY_MS).contains(&now_ms.saturating_sub(paid.at_ms))
            && times < NAMED_FREELY_TIMES
    }
}

/// The buyer as the sale would have remembered them: with the points that it earns at the price that was paid, by the tier
/// that they have and by what tickets are given that they could have had then.
fn buyer_after(context: &Context<'_>, paid: &PaidSale, member: &Member) -> SaleBuyer {
    let sale = &paid.sale;
    let multiplier = grant::points_multiplier(&sale.given).max(multiplier_of(context, paid, member));
    let rule = context.settings.rules.points.earning(&member.tier, multiplier);
    SaleBuyer {
        member: member.id.clone(),
        shown: member.shown.clone(),
        tier: member.tier.clone(),
        points: rule.map(|rule| PointsMoved {
            earned: rule.held(earning(&sale.lines)),
            rule,
            spent: 0,
            value: Money::ZERO,
            lease: String::new(),
        }),
    }
}

/// By how much points would have been multiplied, had the member been there.
fn multiplier_of(context: &Context<'_>, paid: &PaidSale, member: &Member) -> u32 {
    let then = Context {
        now_ms: paid.at_ms,
        offset_minutes: context.offset_minutes,
        catalogue: context.catalogue,
        settings: context.settings,
    };
    let Ok(set) = then.promotions() else { return grant::points_multiplier(&[]) };
    let anybody = then.occasion();
    let lines = &paid.sale.lines;
    let ticket = |line: &Line| ticket_line(&then, &set, line, context.settings.rules.objective, &anybody);
    let ticket: Vec<TicketLine> = lines.iter().map(ticket).collect();
    let nets: Vec<Money> = lines.iter().map(Line::net).collect();
    let mut kinds = paid.sale.tenders.iter().map(Tender::kind);
    let tender = kinds.next().filter(|first| kinds.all(|kind| kind == *first));
    let occasion = Occasion {
        member: Some(member.buyer()),
        tender: tender.map(|kind| kind.name().to_owned()),
        ..anybody
    };
    grant::points_multiplier(&grant::given(set.grants(), &ticket, &nets, &occasion))
}
