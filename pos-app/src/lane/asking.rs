//! What the lane asks its agent, and what it does with the answers, or without.
//!
//! An answer is one more event. Whatever was asked, the cashier goes on
//! meanwhile; what comes back is held against the till as it is then. What HQ
//! holds for this lane and nobody needs any more is given back at the end of
//! each turn, by a look at the till and not by what happened.

// Of what may be said, each errand knows the few answers that are for it; any
// other, one of a newer agent among them, is no answer.
#![allow(clippy::wildcard_enum_match_arm)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::barcode::phone::PhoneCode;
use domain::barcode::{self, Barcode, ReceiptCode};
use domain::catalogue::Catalogue as _;
use domain::coupon::CouponRefusal;
use domain::label::LabelNumber;
use domain::member::{Member, PointsGrant};
use domain::phone::{CodeId, Unusable};
use domain::quota::Whose;
use domain::refund::{Origin, PastSale};
use domain::tender::Tender;
use domain::till::holds::{Due, Holds, LEASES_HELD_MAX};
use domain::till::{Desk, Input, Message, Till};
use domain::value::ValueGrant;
use drivers::sound::Tone;
use protocol::ask::{
    ASK_VERSION, Answer, Asked, CodeTaken, CouponRefused, ParkedRefused, QUESTIONS_MAX, QUOTAS_ASKED_MAX,
    Question, ReceiptRefused, StoreDayBy,
};
use protocol::event::{self, ParkedId};

use super::{Command, Lane, State};
use crate::sheet::{Attempt, Claimed, Kind, ValueKnown};

/// So many points are asked for where HQ has not told how many there are.
const POINTS_ASKED: i64 = 100_000;

/// What an answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Errand {
    /// Somebody whom this lane does not know was looked for by this.
    Member { code: String },
    /// The same, for a sale that was paid.
    Buyer { document: u64, code: String },
    /// The member who buys may want to spend points.
    Points { member: String, is_wanted: bool },
    /// The stored value of the member who buys is wanted, or its balance.
    Value { member: String },
    /// A coupon was scanned.
    Coupon { code: String, text: String },
    /// A coupon lies on a basket, and is to stay this lane's.
    KeepCoupon { code: String },
    /// A phone's code was shown, while so many baskets had left the counter.
    Code { id: CodeId, code: PhoneCode, left: u64 },
    /// A receipt was scanned, to give goods back.
    Receipt(ReceiptCode),
    /// Goods of a sale are coming back, and it is to stay this lane's.
    KeepReceipt(Origin),
    /// Receipts are looked for without the paper; which search it is.
    Receipts(u64),
    /// Where there is any of an item.
    Stock { sku: String },
    /// What other lanes put aside.
    ParkedBaskets,
    /// One of this lane's own parked baskets is to be taken up.
    Recall { basket: u32 },
    /// A basket of another lane is to be taken up.
    TakeUp { id: ParkedId },
    /// How far the store's other lanes are, for a count of goods.
    Positions,
    /// A shelf label is to flash, or to be sent its face again.
    Label { number: LabelNumber, resent: bool },
    /// Whose a shelf label is that nobody here has heard.
    LabelStore { number: LabelNumber },
    /// How much was given of promotions with quotas.
    Quotas,
    /// What the one who looks at their figures has earned.
    Earned { seller: String },
    /// What was earned on goods; which question it is.
    Margins(u64),
    /// The whole store's day; which question it is.
    StoreDay(u64),
    /// The kiosk said how it is.
    Stand,
    /// How the store's kiosks are.
    Kiosks,
    /// Something was said to a kiosk; the lane's number of it.
    Act(u64),
    /// Something was given back; nobody waits.
    Release,
}

/// What is asked, and what HQ holds for this lane.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    asked: u64,
    open: BTreeMap<u64, Errand>,
    holds: Holds,
    /// Stored value that HQ put aside.
    values: Vec<ValueGrant>,
    /// What is known of the stored value of the member who buys, by their id.
    value: Option<(String, ValueKnown)>,
    /// What was asked of promotions with quotas for the open basket.
    quotas: QuotasAsked,
}

/// The promotions with quotas that HQ was asked about, for whom: each once for a
/// basket, answered or not.
#[derive(Debug, Default)]
struct QuotasAsked {
    /// HQ's id of who buys; empty for nobody known.
    member: String,
    promotions: BTreeSet<String>,
}

impl Lane {
    /// How many points the member who buys may spend here, as far as HQ has
    /// lent them; `None` where none are lent.
    pub fn points_lent(&self) -> Option<i64> {
        let member = self.till()?.basket().member()?;
        self.errands.holds.lease_of(&member.id).map(|grant| grant.points)
    }

    /// The customer wants to spend points: those that are lent, or as soon as
    /// some are.
    pub fn spend_points(&mut self) {
        let Some(member) = self.till().and_then(|till| till.basket().member().cloned()) else {
            return self.tell_now(&Message::MemberFirst);
        };
        match self.errands.holds.lease_of(&member.id).cloned() {
            Some(grant) => self.input(Input::OfferPoints(Some(grant))),
            None => self.ask_for_points(&member, true),
        }
    }

    /// Goods of a sale are to come back, of this lane or another.
    pub fn claim_receipt(&mut self, code: ReceiptCode) {
        let origin = event::Origin {
            store: self.own_store(&code.store),
            lane: code.lane,
            epoch: code.epoch,
            seq: code.seq,
        };
        self.ask_agent(Question::ClaimReceipt { origin }, Errand::Receipt(code));
    }

    /// What a phone's code would do, where nobody is to be asked about it first; `None` where that is being done. The
    /// lane's own book knows best, and no code that is refused anyway is asked about.
    pub(crate) fn ask_about_code(&mut self, code: &PhoneCode, input: Input) -> Option<Input> {
        let Some(id) = Self::code_used_by(&input) else { return Some(input) };
        if self.till().is_none_or(|till| till.used_codes().check(id, self.moment.now_ms).is_err()) {
            return Some(input);
        }
        // What was done before in this turn counts.
        self.flush();
        let State::Open(open) = &self.state else { return None };
        let left = open.baskets_left();
        let mut is_asked = false;
        for other in self.errands.open.values_mut() {
            if let Errand::Code { id: asked, left: of, .. } = other
                && *asked == id
            {
                // Scanned once more: it is for whoever is served now.
                (*of, is_asked) = (left, true);
            }
        }
        self.checking_phone();
        if !is_asked {
            let errand = Errand::Code { id, code: code.clone(), left };
            self.ask_agent(Question::ClaimCode { id: id.to_string() }, errand);
        }
        None
    }

    /// Which receipts there are, by a search of this number.
    pub(crate) fn ask_for_receipts(&mut self, question: Question, number: u64) {
        self.ask_agent(question, Errand::Receipts(number));
    }

    /// Where there is any of an item, here and in other stores.
    pub(crate) fn ask_for_stock(&mut self, sku: String) {
        let errand = Errand::Stock { sku: sku.clone() };
        if self.errands.open.values().all(|other| *other != errand) {
            self.ask_agent(Question::Stock { sku }, errand);
        }
    }

    /// How far the store's other lanes are; one question is enough at one time.
    pub(crate) fn ask_for_positions(&mut self) {
        if self.errands.open.values().all(|other| *other != Errand::Positions) {
            self.ask_agent(Question::Positions {}, Errand::Positions);
        }
    }

    /// The number by which a basket of this lane is asked for.
    fn own_parked(&self, number: u32) -> Option<ParkedId> {
        let identity = self.journal()?.identity();
        Some(ParkedId { lane: identity.lane, epoch: identity.epoch, number })
    }

    /// Which baskets other lanes put aside, and which of this lane's own are at others.
    pub(crate) fn ask_for_parked(&mut self) {
        let Some(epoch) = self.journal().map(|journal| journal.identity().epoch) else { return };
        let lendable = |till: &domain::till::Till| -> Vec<u32> {
            till.parked()
                .iter()
                .map(|parked| parked.number)
                .filter(|number| till.is_lendable(*number))
                .collect()
        };
        let own = self.till().map(lendable).unwrap_or_default();
        if self.errands.open.values().all(|other| *other != Errand::ParkedBaskets) {
            self.ask_agent(Question::ParkedBaskets { epoch, own }, Errand::ParkedBaskets);
        }
    }

    /// Whether a parked basket is being asked for.
    pub(crate) fn is_taking_up(&self) -> bool {
        let is = |errand: &Errand| matches!(errand, Errand::Recall { .. } | Errand::TakeUp { .. });
        self.errands.open.values().any(is)
    }

    /// A basket of this lane's own is to be taken up: another lane may have it.
    pub(crate) fn ask_for_own_parked(&mut self, basket: u32) {
        let Some(parked) = self.own_parked(basket) else { return };
        if !self.is_taking_up() {
            self.ask_agent(Question::ClaimParked { parked }, Errand::Recall { basket });
        }
    }

    /// A basket of another lane is to be taken up here.
    pub(crate) fn ask_to_take_up(&mut self, id: ParkedId) {
        if !self.is_taking_up() {
            self.ask_agent(Question::ClaimParked { parked: id }, Errand::TakeUp { id });
        }
    }

    /// A parked basket is not taken up here after all.
    pub(crate) fn release_parked(&mut self, parked: ParkedId) {
        self.ask_agent(Question::ReleaseParked { parked }, Errand::Release);
    }

    /// The same of one of this lane's own.
    pub(crate) fn release_own_parked(&mut self, basket: u32) {
        if let Some(parked) = self.own_parked(basket) {
            self.release_parked(parked);
        }
    }

    /// Lets a shelf label flash green for so many seconds.
    pub(crate) fn ask_flash(&mut self, number: &LabelNumber, seconds: u8) {
        let question = Question::FlashLabel { label: number.to_string(), colour: [0, 255, 0], seconds };
        self.ask_agent(question, Errand::Label { number: number.clone(), resent: false });
    }

    /// Sends a shelf label its face again.
    pub(crate) fn ask_resend(&mut self, number: &LabelNumber) {
        let question = Question::ResendLabel { label: number.to_string() };
        self.ask_agent(question, Errand::Label { number: number.clone(), resent: true });
    }

    /// Whose a shelf label is that no gateway here has heard; HQ may know.
    pub(crate) fn ask_whose_label(&mut self, number: &LabelNumber) {
        let errand = Errand::LabelStore { number: number.clone() };
        if self.errands.open.values().all(|other| *other != errand) {
            self.ask_agent(Question::LabelStore { label: number.to_string() }, errand);
        }
    }

    /// Asks what only the store's relay knows: of kiosks and the attendant's board.
    pub(crate) fn ask_board(&mut self, question: Question) {
        let errand = match &question {
            Question::Stand { .. } => Errand::Stand,
            Question::Act { act } => match act.read() {
                Ok(act) => Errand::Act(act.number),
                Err(_) => return,
            },
            _ => Errand::Kiosks,
        };
        self.ask_agent(question, errand);
    }

    /// What somebody has earned on a day and in its month, which only HQ knows.
    pub(crate) fn ask_what_is_earned(&mut self, seller: String, day: NaiveDate) {
        let errand = Errand::Earned { seller: seller.clone() };
        if self.errands.open.values().all(|other| *other != errand) {
            self.ask_agent(Question::Earned { seller, day }, errand);
        }
    }

    /// What the store earned on its goods on a day, which only HQ knows and tells to whoever may know.
    pub(crate) fn ask_for_margins(&mut self, staff: String, day: NaiveDate, number: u64) {
        self.ask_agent(Question::Margins { staff, day }, Errand::Margins(number));
    }

    /// How a day was in the whole store, which only HQ knows and tells to whoever may know.
    pub(crate) fn ask_for_store_day(&mut self, staff: String, day: NaiveDate, by: StoreDayBy, number: u64) {
        let offset_minutes = self.moment.offset_minutes;
        self.ask_agent(Question::StoreDay { staff, day, by, offset_minutes }, Errand::StoreDay(number));
    }

    /// A store's code is typed in small letters or capitals.
    fn own_store(&self, typed: &str) -> String {
        match &self.state {
            State::Open(open) if open.store().code.eq_ignore_ascii_case(typed) => open.store().code.clone(),
            State::Open(_) | State::Closed(_) => typed.to_owned(),
        }
    }

    /// What is asked of HQ before the till decides; `None` where it is now
    /// being asked.
    pub(super) fn ask_first(&mut self, input: Input) -> Option<Input> {
        let Input::Code(text) = &input else { return Some(input) };
        let State::Open(open) = &self.state else { return Some(input) };
        // Without goods there is nothing to take anything off; the till says so.
        let takes = matches!(open.till().desk(), Desk::Selling(_) | Desk::Paying(_))
            && !open.basket().lines().is_empty();
        let day = chrono::NaiveDate::default();
        let Barcode::Coupon(code) = barcode::recognise(text, &open.settings().codes, day) else {
            return Some(input);
        };
        if !takes || open.basket().coupons().iter().any(|laid| laid.code == code) {
            return Some(input);
        }
        let member = open.basket().member().map(|member| member.id.clone());
        let errand = Errand::Coupon { code: code.clone(), text: text.clone() };
        if self.errands.open.values().all(|other| *other != errand) {
            self.ask_agent(Question::ClaimCoupon { code, member }, errand);
        }
        None
    }

    /// What the cashier is to be told, unless somebody can still be asked.
    pub(super) fn tell_or_ask(&mut self, message: Message) {
        match &message {
            Message::MemberUnknown(code) => {
                let errand = Errand::Member { code: code.clone() };
                let question = Question::member(code);
                if question.is_within_bounds() {
                    // Whatever sheet asked waits for the end of it.
                    self.front.attempt = Attempt::Asked;
                    return self.ask_agent(question, errand);
                }
            }
            Message::BuyerUnknown { document, code } => {
                let errand = Errand::Buyer { document: *document, code: code.clone() };
                let question = Question::member(code);
                if question.is_within_bounds() {
                    self.front.attempt = Attempt::Asked;
                    // A key that is pressed twice asks once.
                    if self.errands.open.values().any(|other| *other == errand) {
                        return;
                    }
                    return self.ask_agent(question, errand);
                }
            }
            Message::MemberJoined(member) => {
                let member = member.clone();
                self.tell_now(&message);
                self.tell_note_of_member(&member);
                return self.ask_for_points(&member, false);
            }
            Message::ReceiptCode(code) if self.takes_returns() => return self.claim_receipt(code.clone()),
            Message::StockCounted { document, .. } => self.end_count(document),
            // Nobody else knows more of these.
            _ => {}
        }
        self.tell_now(&message);
    }

    fn takes_returns(&self) -> bool {
        self.till().is_some_and(|till| till.shift().is_some() && matches!(till.desk(), Desk::Selling(_)))
    }

    /// Asks for a lease where points are spent at all and none is held.
    fn ask_for_points(&mut self, member: &Arc<Member>, is_wanted: bool) {
        let State::Open(open) = &self.state else { return };
        let spends = open.settings().rules.points.spending.is_some();
        // Some may have come back since the member was told of.
        let has_none = member.points.is_some_and(|points| points <= 0);
        let points = member.points.filter(|_| !has_none).unwrap_or(POINTS_ASKED);
        let held = self.errands.holds.lease_of(&member.id).is_some();
        let full = self.errands.holds.is_full();
        if !spends || held || full || (has_none && !is_wanted) {
            if is_wanted {
                self.tell_now(&Message::PointsNotSpent);
            }
            return;
        }
        // One question for a member is enough; the later wish counts.
        let asked = self.errands.open.values_mut().find_map(|errand| match errand {
            Errand::Points { member: of, is_wanted } if *of == member.id => Some(is_wanted),
            Errand::Points { .. }
            | Errand::Member { .. }
            | Errand::Buyer { .. }
            | Errand::Value { .. }
            | Errand::Coupon { .. }
            | Errand::Code { .. }
            | Errand::KeepCoupon { .. }
            | Errand::Receipt(_)
            | Errand::KeepReceipt(_)
            | Errand::Receipts(_)
            | Errand::Stock { .. }
            | Errand::Positions
            | Errand::ParkedBaskets
            | Errand::Recall { .. }
            | Errand::TakeUp { .. }
            | Errand::LabelStore { .. }
            | Errand::Label { .. }
            | Errand::Earned { .. }
            | Errand::Margins(_)
            | Errand::StoreDay(_)
            | Errand::Quotas
            | Errand::Stand
            | Errand::Kiosks
            | Errand::Act(_)
            | Errand::Release => None,
        });
        if let Some(wish) = asked {
            *wish |= is_wanted;
            return;
        }
        let question = Question::LendPoints { member: member.id.clone(), points };
        self.ask_agent(question, Errand::Points { member: member.id.clone(), is_wanted });
    }

    fn ask_agent(&mut self, question: Question, errand: Errand) {
        if self.errands.open.len() >= QUESTIONS_MAX {
            return self.end_errand(errand, None);
        }
        self.errands.asked += 1;
        let number = self.errands.asked;
        self.errands.open.insert(number, errand);
        self.commands.push(Command::Ask(Asked { v: ASK_VERSION, number, question }));
    }

    /// An answer came, or none in time.
    pub(super) fn hear_answer(&mut self, number: u64, answer: Option<Answer>) {
        if let Some(errand) = self.errands.open.remove(&number) {
            self.end_errand(errand, answer);
            if !self.waits_for_receipt() {
                self.type_what_was_kept();
            }
        }
    }

    /// Whether HQ is being asked about a receipt whose goods are to come back.
    pub(crate) fn waits_for_receipt(&self) -> bool {
        self.errands.open.values().any(|errand| matches!(errand, Errand::Receipt(_)))
    }

    fn end_errand(&mut self, errand: Errand, answer: Option<Answer>) {
        if let Some(Answer::Refused { reason }) = &answer {
            tracing::warn!(reason, "the agent refuses a question");
        }
        match errand {
            Errand::Member { code } => match answer {
                Some(Answer::Member { member, note }) => {
                    self.front.sheets.retain(|sheet| sheet.kind != Kind::Member);
                    self.front.asked_about = Some((member.id.clone(), note));
                    self.input(Input::Member((&member).into()));
                }
                _ => self.tell_now(&Message::MemberUnknown(code)),
            },
            Errand::Buyer { document, code } => match answer {
                Some(Answer::Member { member, .. }) => self.name_found_buyer(document, (&member).into()),
                _ => self.tell_now(&Message::BuyerUnknown { document, code }),
            },
            Errand::Points { member, is_wanted } => self.end_points(&member, is_wanted, answer),
            Errand::Value { member } => self.end_value(member, answer),
            Errand::Coupon { code, text } => self.end_coupon(code, text, answer),
            Errand::Code { id, code, left } => self.end_code(id, &code, left, answer),
            Errand::Receipt(code) => self.end_receipt(code, answer),
            Errand::KeepCoupon { code } => {
                if let Some(Answer::CouponNotClaimed { .. }) = answer {
                    self.errands.holds.refuse_coupon(&code);
                }
            }
            Errand::KeepReceipt(origin) => self.end_keep_receipt(origin, answer),
            Errand::Receipts(number) => self.hear_receipts(number, answer),
            Errand::Stock { sku } => self.show_stock_of(
                &sku,
                match answer {
                    Some(Answer::Stock { places }) => Some(places),
                    _ => None,
                },
            ),
            Errand::ParkedBaskets => self.hear_parked(match answer {
                Some(Answer::ParkedBaskets { baskets, gone }) => Some((baskets, gone)),
                _ => None,
            }),
            Errand::Recall { basket } if self.kiosk.is_some() => {
                self.end_kiosk_recall(basket, claimed(answer))
            }
            Errand::Recall { basket } => self.end_recall(basket, claimed(answer)),
            Errand::TakeUp { id } => self.end_take_up(id, claimed(answer)),
            Errand::Positions => self.hear_positions(match answer {
                Some(Answer::Positions { known, unknown }) => Some((known, unknown)),
                _ => None,
            }),
            Errand::Label { number, resent } => self.hear_label_answer(&number, resent, answer.as_ref()),
            Errand::LabelStore { number } => match answer {
                Some(Answer::LabelStore { store: Some(store) }) => self.hear_whose_label(number, store),
                // HQ knows of no other store, or cannot be asked: then a person decides.
                _ => {}
            },
            Errand::Quotas => match answer {
                Some(Answer::QuotasUsed { used }) => {
                    self.input(Input::QuotasHeard(used.iter().map(Into::into).collect()));
                }
                // The lane goes on with what it gave itself.
                _ => {}
            },
            Errand::Earned { seller } => self.show_earned(
                &seller,
                match answer {
                    Some(Answer::Earned { day, month }) => Some((day, month)),
                    _ => None,
                },
            ),
            Errand::Margins(number) => self.hear_margins(number, answer),
            Errand::StoreDay(number) => self.hear_store_day(number, answer),
            Errand::Stand => self.hear_acts(answer),
            Errand::Kiosks => self.hear_kiosks(answer),
            Errand::Act(number) => self.hear_act_taken(number, answer),
            Errand::Release => {}
        }
    }

    fn end_points(&mut self, member: &str, is_wanted: bool, answer: Option<Answer>) {
        let grant = match answer {
            Some(Answer::PointsLent { grant }) if grant.member == member => grant.understand(0).ok(),
            _ => None,
        };
        match grant {
            Some(grant) => {
                self.errands.holds.hold_lease(grant.clone());
                if is_wanted {
                    self.input(Input::OfferPoints(Some(grant)));
                }
            }
            None if is_wanted => self.tell_now(&Message::PointsNotSpent),
            None => {}
        }
    }

    /// What is known of the stored value of the member who buys.
    pub(crate) fn value_known(&self) -> Option<ValueKnown> {
        let member = self.till()?.basket().member()?;
        self.errands.value.as_ref().filter(|(of, _)| *of == member.id).map(|(_, known)| *known)
    }

    /// What HQ lent to this lane of their stored value.
    pub(crate) fn value_grant(&self) -> Option<ValueGrant> {
        let member = self.till()?.basket().member()?;
        let now_ms = self.moment.now_ms;
        let is_it = |grant: &&ValueGrant| grant.member == member.id && now_ms < grant.until_ms;
        self.errands.values.iter().find(is_it).cloned()
    }

    /// Asks what the member who buys has, and for as much of it as is due.
    pub(crate) fn ask_for_value(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Some(member) = open.basket().member().map(|member| member.id.clone()) else { return };
        let due = if matches!(open.till().desk(), Desk::Paying(_)) {
            open.till().due(open.settings()).exact
        } else {
            domain::money::Money::ZERO
        };
        let held = self.value_grant();
        let spent = held.as_ref().map(|grant| open.till().value_spent(&grant.lease).total());
        // What was spent of the lease here, HQ may not have heard of.
        let amount = (due + spent.unwrap_or_default()).minor().clamp(0, domain::money::AMOUNT_MAX);
        let is_full = held.is_none() && self.errands.values.len() >= LEASES_HELD_MAX;
        let is_asked = self
            .errands
            .open
            .values()
            .any(|errand| matches!(errand, Errand::Value { member: of } if *of == member));
        if is_asked || is_full {
            return;
        }
        let known = self.value_known().filter(|known| matches!(known, ValueKnown::Has(_)));
        self.errands.value = Some((member.clone(), known.unwrap_or(ValueKnown::Asked)));
        self.ask_agent(Question::LendValue { member: member.clone(), amount }, Errand::Value { member });
    }

    fn end_value(&mut self, member: String, answer: Option<Answer>) {
        let has = |balance: event::Value| balance.understand(0).map_or(ValueKnown::Away, ValueKnown::Has);
        let known = match answer {
            Some(Answer::ValueLent { grant, balance }) if grant.member == member => {
                let is_returned = |lease: &str| self.till().is_some_and(|till| till.is_returned(lease));
                // HQ has not heard yet that this one went back.
                if let Some(grant) = grant.understand(0).ok().filter(|grant| !is_returned(&grant.lease)) {
                    self.errands.values.retain(|known| known.member != grant.member);
                    self.errands.values.push(grant);
                }
                has(balance)
            }
            Some(Answer::ValueNotLent { balance }) => has(balance),
            Some(Answer::Refused { .. }) => ValueKnown::NotHere,
            _ => ValueKnown::Away,
        };
        self.errands.value = Some((member, known));
    }

    fn end_coupon(&mut self, code: String, text: String, answer: Option<Answer>) {
        match answer {
            Some(Answer::CouponClaimed { coupon }) if coupon.code == code => {
                self.errands.holds.hold_coupon(&code, self.moment.now_ms);
                self.input(Input::Coupon(Box::new((&coupon).into())));
            }
            Some(Answer::CouponNotClaimed { why }) => {
                let refusal = match why {
                    CouponRefused::Unknown => CouponRefusal::Unknown(code),
                    CouponRefused::Used => CouponRefusal::Used(code),
                    CouponRefused::Reserved => CouponRefusal::Reserved(code),
                    CouponRefused::Withdrawn => CouponRefusal::Withdrawn(code),
                    CouponRefused::OtherMember => CouponRefusal::OtherMember(code),
                };
                self.commands.push(Command::Play(Tone::Blocked));
                self.tell_now(&Message::CouponRefused(refusal));
            }
            // Within its own bounds: what HQ told this store of it before.
            _ => {
                self.input_now(Input::Code(text));
                let lies = |till: &Till| till.basket().coupons().iter().any(|laid| laid.code == code);
                if self.till().is_some_and(lies) {
                    self.errands.holds.hold_coupon(&code, self.moment.now_ms);
                }
            }
        }
    }

    /// A phone's code is taken as the counter stands now; a basket only into the customer's own of then.
    fn end_code(&mut self, id: CodeId, code: &PhoneCode, left: u64, answer: Option<Answer>) {
        self.checked_phone();
        match answer {
            Some(Answer::CodeNotClaimed { why }) => {
                let why = match why {
                    CodeTaken::Used { lane, at_ms } => Unusable::UsedAt { lane, at_ms },
                    CodeTaken::Held { lane } => Unusable::HeldAt { lane },
                };
                return self.refuse_phone(code, why);
            }
            // Whoever does not know the question holds nothing.
            Some(Answer::Refused { .. }) => {}
            // An answer that was lost may have given it to this lane.
            _ => self.errands.holds.hold_code(id),
        }
        let State::Open(open) = &self.state else { return };
        if matches!(code, PhoneCode::Basket(_)) && open.baskets_left() != left {
            return self.drop_phone(code);
        }
        if self.kiosk.is_some() {
            self.take_phone_at_kiosk(code);
        } else {
            self.take_phone(code);
        }
    }

    fn end_receipt(&mut self, code: ReceiptCode, answer: Option<Answer>) {
        match answer {
            Some(Answer::ReceiptClaimed { sale, later, .. }) => {
                let origin = Origin {
                    store: self.own_store(&code.store),
                    lane: code.lane,
                    epoch: code.epoch,
                    seq: code.seq,
                };
                self.hold_receipt(&origin);
                match self.past_sale(origin, &sale, later) {
                    Some(past) => self.begin_claimed_return(past),
                    None => self.tell_now(&Message::NotReturnable),
                }
            }
            Some(Answer::ReceiptNotClaimed { why: ReceiptRefused::NothingLeft }) => {
                self.commands.push(Command::Play(Tone::Blocked));
                self.tell_now(&Message::NothingToReturn);
                self.end_begin_of_return();
            }
            Some(Answer::ReceiptNotClaimed { why: ReceiptRefused::Held }) => {
                self.commands.push(Command::Play(Tone::Blocked));
                self.tell_now(&Message::ReturnElsewhere);
                self.end_begin_of_return();
            }
            // HQ may not have it yet, or nobody was reached.
            _ => self.return_alone(code),
        }
    }

    fn end_keep_receipt(&mut self, origin: Origin, answer: Option<Answer>) {
        match answer {
            Some(Answer::ReceiptNotClaimed { why: ReceiptRefused::Held | ReceiptRefused::NothingLeft }) => {
                self.errands.holds.refuse_receipt(&origin);
            }
            Some(Answer::ReceiptClaimed { sale, later, .. }) => {
                let now = self.past_sale(origin, &sale, later);
                let State::Open(open) = &self.state else { return };
                if let Some(now) = now {
                    self.errands.holds.keep_receipt(open.till(), &now);
                }
            }
            _ => {}
        }
    }

    /// A sale as whoever keeps it told of it, less what this lane gave back of it and nobody else has heard of yet.
    fn past_sale(&self, origin: Origin, sale: &event::Sale, mut later: Vec<event::Sale>) -> Option<PastSale> {
        let State::Open(open) = &self.state else { return None };
        let seq = origin.seq;
        let mut sale = sale.understand(seq).ok()?;
        let identity = open.journal().identity();
        if (&origin.store, origin.lane) == (&identity.store, identity.lane) {
            sale = sale.bought_by(open.journal().named_after(origin.epoch, seq).ok()?);
        }
        for own in open.journal().gave_back(&(&origin).into()).ok()? {
            if !later.contains(&own) {
                later.push(own);
            }
        }
        let later: Vec<_> = later.iter().map(|sale| sale.understand(seq)).collect::<Result<_, _>>().ok()?;
        Some(PastSale::new(origin, &sale, &later, open.settings().rules.tax))
    }

    fn hold_receipt(&mut self, origin: &Origin) {
        let last = self.till().and_then(Till::last_sale);
        self.errands.holds.hold_receipt(origin.clone(), last, self.moment.now_ms);
    }

    /// Without HQ a lane gives back only what it sold itself, and not much.
    fn return_alone(&mut self, code: ReceiptCode) {
        self.find_own_receipt(&code);
        let begun = self.till().and_then(|till| till.basket().past().map(|past| past.origin.clone()));
        if let Some(origin) = begun {
            self.hold_receipt(&origin);
        }
        self.end_begin_of_return();
    }

    /// Asks what others gave of the promotions with quotas that the open basket
    /// is about; by a look at it, at the end of each turn.
    pub(super) fn ask_for_quotas(&mut self) {
        let State::Open(open) = &self.state else { return };
        let basket = open.basket();
        if basket.lines().is_empty() {
            self.errands.quotas = QuotasAsked::default();
            return;
        }
        let is_open = matches!(open.till().desk(), Desk::Selling(_) | Desk::Paying(_));
        let Some(set) =
            open.reference().promotions().ok().filter(|set| is_open && set.with_quotas().next().is_some())
        else {
            return;
        };
        let Some(shift) = open.till().shift() else { return };
        let member = basket.member().map(|member| member.id.clone()).unwrap_or_default();
        if member != self.errands.quotas.member {
            self.errands.quotas = QuotasAsked { member: member.clone(), promotions: BTreeSet::new() };
        }
        let goods = basket.lines().iter().map(|line| (line.item.sku.as_str(), line.item.category.as_str()));
        let about = set.about(goods).into_iter().map(|place| &set.promotions()[place]);
        let wanted = about.filter(|promotion| {
            // Of what only members have, a walk-in needs to know nothing.
            let for_others = promotion.quotas.iter().any(|quota| quota.whose != Whose::Member);
            !promotion.quotas.is_empty() && (for_others || !member.is_empty())
        });
        let asked = &self.errands.quotas.promotions;
        let promotions: Vec<String> = wanted
            .map(|promotion| promotion.id.clone())
            .filter(|id| !asked.contains(id))
            .take(QUOTAS_ASKED_MAX)
            .collect();
        let question =
            Question::QuotasUsed { promotions: promotions.clone(), member, day: shift.business_date };
        if question.is_within_bounds() {
            self.errands.quotas.promotions.extend(promotions);
            self.ask_agent(question, Errand::Quotas);
        }
    }

    /// Stored value that was lent and is not needed any more, as the till gives leases back.
    fn values_over(&mut self) -> Vec<PointsGrant> {
        let State::Open(open) = &self.state else { return Vec::new() };
        let (till, now_ms) = (open.till(), self.moment.now_ms);
        if matches!(till.desk(), Desk::Saving(..)) {
            return Vec::new();
        }
        let buyer = till.basket().member().map(|member| member.id.clone());
        let pays = |grant: &ValueGrant| {
            let is_it = |tender: &Tender| matches!(tender, Tender::StoredValue(stored) if stored.lease == grant.lease);
            till.tenders().iter().any(is_it)
        };
        // A lane that was stopped meanwhile knows its lease by the basket that it pays.
        let known = |lease: &str| self.errands.values.iter().any(|grant| grant.lease == lease);
        let of_basket = till.tenders().iter().filter_map(|tender| {
            let Tender::StoredValue(stored) = tender else { return None };
            (!known(&stored.lease)).then(|| ValueGrant {
                lease: stored.lease.clone(),
                member: stored.member.clone(),
                lent: stored.part.plus(till.value_spent(&stored.lease)),
                balance: domain::money::Money::ZERO,
                until_ms: stored.until_ms,
            })
        });
        let of_basket: Vec<ValueGrant> = of_basket.collect();
        self.errands.values.extend(of_basket);
        let (kept, over): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.errands.values).into_iter().partition(|grant| {
                pays(grant) || (buyer.as_ref() == Some(&grant.member) && now_ms < grant.until_ms)
            });
        self.errands.values = kept;
        if self.errands.value.as_ref().is_some_and(|(member, _)| buyer.as_ref() != Some(member)) {
            self.errands.value = None;
        }
        over.into_iter()
            .map(|grant| PointsGrant {
                points: (grant.lent.total() - till.value_spent(&grant.lease).total()).minor(),
                lease: grant.lease,
                member: grant.member,
                until_ms: grant.until_ms,
            })
            .collect()
    }

    /// Gives back to HQ what it holds for this lane and nobody needs any more, and asks again for what somebody does.
    pub(super) fn give_back_to_hq(&mut self) {
        let State::Open(open) = &self.state else { return };
        let due = self.errands.holds.look(open.till(), self.moment.now_ms);
        for grant in self.values_over() {
            self.input_now(Input::ReturnLease(grant));
        }
        for due in due {
            match due {
                Due::ReturnLease(grant) => self.input_now(Input::ReturnLease(grant)),
                Due::ReleaseCoupon(code) => {
                    self.ask_agent(Question::ReleaseCoupon { code }, Errand::Release);
                }
                Due::ReleaseCode(id) => {
                    self.ask_agent(Question::ReleaseCode { id: id.to_string() }, Errand::Release);
                }
                Due::ReleaseReceipt(origin) => {
                    self.ask_agent(Question::ReleaseReceipt { origin: (&origin).into() }, Errand::Release);
                }
                Due::KeepCoupon(code) => {
                    let member = self.till().and_then(|till| till.basket().member());
                    let member = member.map(|member| member.id.clone());
                    let question = Question::ClaimCoupon { code: code.clone(), member };
                    self.ask_agent(question, Errand::KeepCoupon { code });
                }
                Due::KeepReceipt(origin) => {
                    let question = Question::ClaimReceipt { origin: (&origin).into() };
                    self.ask_agent(question, Errand::KeepReceipt(origin));
                }
                Due::DropCoupon(code) => {
                    self.input_now(Input::TakeCouponBack { code: code.clone() });
                    self.commands.push(Command::Play(Tone::Blocked));
                    self.tell_now(&Message::CouponRefused(CouponRefusal::Reserved(code)));
                }
                due @ (Due::DropReturn | Due::DropReturnBegunBefore) => {
                    if self.till().is_some_and(|till| matches!(till.desk(), Desk::Paying(_))) {
                        self.input_now(Input::Back);
                    }
                    self.input_now(Input::DropReturn);
                    self.commands.push(Command::Play(Tone::Blocked));
                    self.tell_now(match due {
                        Due::DropReturnBegunBefore => &Message::ReturnedElsewhere,
                        _ => &Message::ReturnElsewhere,
                    });
                }
            }
        }
    }
}

/// What was said to a claim of a parked basket.
fn claimed(answer: Option<Answer>) -> Claimed {
    match answer {
        Some(Answer::ParkedClaimed { id, parked, until_ms: _ }) => Claimed::Yes(Box::new((id, *parked))),
        Some(Answer::ParkedNotClaimed { why }) => Claimed::Not(why),
        // An HQ that does not know this question lends no baskets either.
        Some(Answer::Refused { .. }) => Claimed::Not(ParkedRefused::Unknown {}),
        _ => Claimed::Nobody,
    }
}
