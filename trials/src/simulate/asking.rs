//! What a lane asks while a customer waits, and what it does with the answer or without: in the order of `pos-app`. What is
//! this lane's alone the domain keeps.

use std::collections::BTreeMap;

use domain::barcode::{self, Barcode};
use domain::member::{Member, PointsGrant};
use domain::record::Record;
use domain::refund::{Origin, PastSale};
use domain::till::holds::{Due, Holds};
use domain::till::{Desk, Input, Message, Settings, Till};
use ledger::journal::Journal;
use protocol::ask::{Answer, ParkedRefused, Question};
use protocol::event::{self, ParkedId};

use super::Weakness;
use super::customers;
use super::relay::{Thing, is_claim};

/// So many points are asked for where nobody has told how many there are.
const POINTS_ASKED: i64 = 100_000;

/// What an answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Errand {
    Member,
    /// The member who buys may want to spend points.
    Points {
        member: String,
        is_wanted: bool,
    },
    Coupon {
        code: String,
        text: String,
    },
    KeepCoupon(String),
    Receipt(Origin),
    KeepReceipt(Origin),
    /// What other lanes put aside; which one is wanted.
    Parked {
        luck: usize,
    },
    Recall {
        basket: u32,
    },
    TakeUp(ParkedId),
    Release,
    /// How far the store's lanes are.
    Positions,
}

/// What came of an answer, or of none.
#[derive(Debug, Default)]
pub struct Heard {
    /// What the till hears.
    pub inputs: Vec<Input>,
    /// What is asked next.
    pub questions: Vec<(u64, Question)>,
    /// What the answer was about, and whether it was a yes; no where nobody knows.
    pub said: Option<(Thing, bool)>,
    /// Another lane has it, or used it up.
    pub is_refused: bool,
    /// Points that were lent to this lane.
    pub lent: Option<PointsGrant>,
    /// None were lent.
    pub is_not_lent: bool,
    /// How far other lanes are; none where nobody can say.
    pub positions: Option<Vec<event::Position>>,
}

/// What is asked, and what is held for this lane.
#[derive(Debug, Default)]
pub struct Errands {
    asked: u64,
    open: BTreeMap<u64, Errand>,
    holds: Holds,
    /// A basket that was given to this lane in this turn.
    trying: Option<ParkedId>,
}

impl Errands {
    fn ask(&mut self, errand: Errand, question: Question) -> (u64, Question) {
        self.asked += 1;
        self.open.insert(self.asked, errand);
        (self.asked, question)
    }

    /// What is asked before the till decides: whether a coupon is unspent.
    pub fn ask_first(
        &mut self,
        till: &Till,
        settings: &Settings,
        input: Input,
    ) -> Result<Input, Option<(u64, Question)>> {
        let Input::Code(text) = &input else { return Ok(input) };
        let takes =
            matches!(till.desk(), Desk::Selling(_) | Desk::Paying(_)) && !till.basket().lines().is_empty();
        let recognised = barcode::recognise(text, &settings.codes, chrono::NaiveDate::default());
        let Barcode::Coupon(code) = recognised else { return Ok(input) };
        if !takes || till.basket().coupons().iter().any(|laid| laid.code == code) {
            return Ok(input);
        }
        let errand = Errand::Coupon { code: code.clone(), text: text.clone() };
        if self.open.values().any(|other| *other == errand) {
            return Err(None);
        }
        let member = till.basket().member().map(|member| member.id.clone());
        Err(Some(self.ask(errand, Question::ClaimCoupon { code, member })))
    }

    /// What the till says others may know more about: who a member is, and what of their points may be spent here.
    // Nobody else knows more of anything else here.
    #[allow(clippy::wildcard_enum_match_arm)]
    pub fn hear_till(&mut self, settings: &Settings, message: &Message) -> Option<(u64, Question)> {
        match message {
            Message::MemberUnknown(code) => {
                let question = Question::member(code);
                question.is_within_bounds().then(|| self.ask(Errand::Member, question))
            }
            Message::MemberJoined(member) => self.ask_for_points(settings, member, false),
            _ => None,
        }
    }

    /// Asks for a lease where points are spent at all and none is held.
    fn ask_for_points(
        &mut self,
        settings: &Settings,
        member: &Member,
        is_wanted: bool,
    ) -> Option<(u64, Question)> {
        let spends = settings.rules.points.spending.is_some();
        let has_none = member.points.is_some_and(|points| points <= 0);
        let points = member.points.filter(|_| !has_none).unwrap_or(POINTS_ASKED);
        let held = self.holds.lease_of(&member.id).is_some();
        if !spends || held || self.holds.is_full() || (has_none && !is_wanted) {
            return None;
        }
        for errand in self.open.values_mut() {
            if let Errand::Points { member: of, is_wanted: wish } = errand
                && *of == member.id
            {
                *wish |= is_wanted;
                return None;
            }
        }
        let errand = Errand::Points { member: member.id.clone(), is_wanted };
        Some(self.ask(errand, Question::LendPoints { member: member.id.clone(), points }))
    }

    /// The member who buys wants to spend points: those that are lent, or as soon as some are.
    pub fn spend_points(
        &mut self,
        till: &Till,
        settings: &Settings,
    ) -> Result<Input, Option<(u64, Question)>> {
        let Some(member) = till.basket().member() else { return Err(None) };
        match self.holds.lease_of(&member.id) {
            Some(grant) => Ok(Input::OfferPoints(Some(grant.clone()))),
            None => Err(self.ask_for_points(settings, member, true)),
        }
    }

    /// Somebody counts; one question is enough at one time.
    pub fn ask_positions(&mut self) -> Option<(u64, Question)> {
        let is_asking = self.open.values().any(|errand| *errand == Errand::Positions);
        (!is_asking).then(|| self.ask(Errand::Positions, Question::Positions {}))
    }

    /// Goods of a sale are to come back.
    pub fn claim_receipt(&mut self, origin: Origin) -> (u64, Question) {
        let question = Question::ClaimReceipt { origin: (&origin).into() };
        self.ask(Errand::Receipt(origin), question)
    }

    /// A basket of this lane's own is to be taken up; `None` where one is being asked for.
    pub fn recall(&mut self, lane: u32, epoch: u32, basket: u32) -> Option<(u64, Question)> {
        let is_asking =
            self.open.values().any(|errand| matches!(errand, Errand::Recall { .. } | Errand::TakeUp(_)));
        let parked = ParkedId { lane, epoch, number: basket };
        (!is_asking).then(|| self.ask(Errand::Recall { basket }, Question::ClaimParked { parked }))
    }

    /// A basket of another lane is looked for.
    pub fn look_elsewhere(&mut self, till: &Till, epoch: u32, luck: usize) -> (u64, Question) {
        let own = till.parked().iter().map(|parked| parked.number);
        let own = own.filter(|number| till.is_lendable(*number)).collect();
        self.ask(Errand::Parked { luck }, Question::ParkedBaskets { epoch, own })
    }

    /// An answer came, or none in time.
    // Each errand knows the few answers that are for it.
    #[allow(clippy::wildcard_enum_match_arm)]
    pub fn hear(
        &mut self,
        (number, answer): (u64, Option<Answer>),
        (till, settings, now_ms): (&Till, &Settings, i64),
        journal: &Journal,
    ) -> Heard {
        let Some(errand) = self.open.remove(&number) else { return Heard::default() };
        let yes = answer.as_ref().is_some_and(is_claim);
        let mut heard = Heard::default();
        let store = &journal.identity().store;
        match errand {
            Errand::Member => {
                if let Some(Answer::Member { member, .. }) = answer {
                    heard.inputs.push(Input::Member((&member).into()));
                }
            }
            Errand::Points { member, is_wanted } => match answer {
                Some(Answer::PointsLent { grant }) if grant.member == member => {
                    let Ok(grant) = grant.understand(0) else { return heard };
                    self.holds.hold_lease(grant.clone());
                    if is_wanted {
                        heard.inputs.push(Input::OfferPoints(Some(grant.clone())));
                    }
                    heard.lent = Some(grant);
                }
                Some(Answer::PointsNotLent { .. }) => heard.is_not_lent = true,
                _ => {}
            },
            Errand::Coupon { code, text } => {
                heard.said = Some((Thing::Coupon(code.clone()), yes));
                match answer {
                    Some(Answer::CouponClaimed { coupon }) => {
                        self.holds.hold_coupon(&code, now_ms);
                        heard.inputs.push(Input::Coupon(Box::new((&coupon).into())));
                    }
                    Some(Answer::CouponNotClaimed { .. }) => heard.is_refused = true,
                    _ => {
                        self.holds.hold_coupon(&code, now_ms);
                        heard.inputs.push(Input::Code(text));
                    }
                }
            }
            Errand::KeepCoupon(code) => {
                if let Some(Answer::CouponNotClaimed { .. }) = answer {
                    self.holds.refuse_coupon(&code);
                    heard.is_refused = true;
                }
                heard.said = Some((Thing::Coupon(code), yes));
            }
            Errand::Receipt(origin) => {
                heard.said = Some((Thing::receipt(&(&origin).into()), yes));
                let past = match answer {
                    Some(Answer::ReceiptClaimed { sale, later, .. }) => {
                        past(&origin, &sale, later, (journal, settings))
                    }
                    Some(Answer::ReceiptNotClaimed {
                        why: protocol::ask::ReceiptRefused::Held | protocol::ask::ReceiptRefused::NothingLeft,
                    }) => {
                        heard.is_refused = true;
                        return heard;
                    }
                    // Without anybody a lane gives back only what it sold itself.
                    _ => own(&origin, journal, settings),
                };
                self.holds.hold_receipt(origin, till.last_sale(), now_ms);
                let is_free = matches!(till.desk(), Desk::Selling(_)) && till.basket().is_empty();
                heard.inputs = past.filter(|_| is_free).map(customers::bring_back).unwrap_or_default();
            }
            Errand::KeepReceipt(origin) => {
                let mut is_so = yes;
                match answer {
                    Some(Answer::ReceiptNotClaimed { why })
                        if why != protocol::ask::ReceiptRefused::Unknown =>
                    {
                        self.holds.refuse_receipt(&origin);
                        heard.is_refused = true;
                    }
                    Some(Answer::ReceiptClaimed { sale, later, .. }) => {
                        if let Some(now) = past(&origin, &sale, later, (journal, settings)) {
                            self.holds.keep_receipt(till, &now);
                            // The yes is about what is left, and not about what the return was begun with.
                            let begun = till.basket().past().filter(|begun| begun.origin == origin);
                            is_so = !begun.is_some_and(|begun| now.has_less_left_than(begun));
                        }
                    }
                    _ => {}
                }
                heard.said = Some((Thing::receipt(&(&origin).into()), is_so));
            }
            Errand::Parked { luck } => {
                if let Some(Answer::ParkedBaskets { baskets, gone }) = answer {
                    let gone = gone.into_iter().filter(|gone| till.is_lendable(gone.number));
                    heard.inputs =
                        gone.map(|gone| Input::ParkedGone { basket: gone.number, lane: gone.lane }).collect();
                    let wanted = baskets.get(luck % baskets.len().max(1)).map(|basket| basket.id);
                    let is_asking = self
                        .open
                        .values()
                        .any(|errand| matches!(errand, Errand::Recall { .. } | Errand::TakeUp(_)));
                    if let Some(parked) = wanted.filter(|_| !is_asking) {
                        let asked = self.ask(Errand::TakeUp(parked), Question::ClaimParked { parked });
                        heard.questions.push(asked);
                    }
                }
            }
            Errand::Recall { basket } => match answer {
                Some(Answer::ParkedClaimed { id, .. }) => {
                    heard.said = Some((Thing::parked(store, id), true));
                    self.trying = Some(id);
                    heard.inputs.push(Input::Recall { basket });
                }
                Some(Answer::ParkedNotClaimed { why: ParkedRefused::Gone { lane } }) => {
                    heard.is_refused = true;
                    heard.inputs.push(Input::ParkedGone { basket, lane });
                }
                Some(Answer::ParkedNotClaimed { why: ParkedRefused::Held { .. } }) => heard.is_refused = true,
                _ => heard.inputs.push(Input::Recall { basket }),
            },
            Errand::TakeUp(id) => match answer {
                Some(Answer::ParkedClaimed { id, parked, .. }) => {
                    heard.said = Some((Thing::parked(store, id), true));
                    self.trying = Some(id);
                    if let Ok(parked) = parked.understand(0) {
                        heard.inputs.push(Input::TakeUp { from: id.into(), parked: Box::new(parked) });
                    }
                }
                Some(Answer::ParkedNotClaimed { .. }) => heard.is_refused = true,
                // It may have been given to this lane, and the word of it lost.
                _ => heard.questions.push(self.ask(Errand::Release, Question::ReleaseParked { parked: id })),
            },
            Errand::Release => {}
            Errand::Positions => {
                heard.positions = Some(match answer {
                    Some(Answer::Positions { known, .. }) => known,
                    _ => Vec::new(),
                });
            }
        }
        heard
    }

    /// Gives back what nobody needs, and asks again for what somebody does. `was_bare` says that the counter was empty
    /// before this turn.
    pub fn look(
        &mut self,
        till: &Till,
        (now_ms, was_bare): (i64, bool),
        weakness: Weakness,
    ) -> (Vec<Input>, Vec<(u64, Question)>) {
        let (mut inputs, mut questions) = (Vec::new(), Vec::new());
        if let Some(parked) = self.trying.take()
            && !(was_bare && !till.basket().lines().is_empty())
        {
            questions.push(self.ask(Errand::Release, Question::ReleaseParked { parked }));
        }
        for due in self.holds.look(till, now_ms) {
            let (errand, question) = match due {
                Due::ReturnLease(grant) => {
                    inputs.push(Input::ReturnLease(grant));
                    continue;
                }
                Due::DropCoupon(code) => {
                    inputs.push(Input::TakeCouponBack { code });
                    continue;
                }
                Due::DropReturn | Due::DropReturnBegunBefore => {
                    inputs.extend([Input::Back, Input::DropReturn]);
                    continue;
                }
                Due::ReleaseCoupon(code) => (Errand::Release, Question::ReleaseCoupon { code }),
                Due::ReleaseCode(id) => (Errand::Release, Question::ReleaseCode { id: id.to_string() }),
                Due::ReleaseReceipt(origin) => {
                    (Errand::Release, Question::ReleaseReceipt { origin: (&origin).into() })
                }
                Due::KeepCoupon(_) | Due::KeepReceipt(_) if weakness == Weakness::LanesForget => continue,
                Due::KeepCoupon(code) => {
                    let member = till.basket().member().map(|member| member.id.clone());
                    (Errand::KeepCoupon(code.clone()), Question::ClaimCoupon { code, member })
                }
                Due::KeepReceipt(origin) => {
                    let question = Question::ClaimReceipt { origin: (&origin).into() };
                    (Errand::KeepReceipt(origin), question)
                }
            };
            questions.push(self.ask(errand, question));
        }
        (inputs, questions)
    }
}

/// A sale as whoever keeps it told of it, less what this lane gave back of it and nobody else has heard of yet.
fn past(
    origin: &Origin,
    sale: &event::Sale,
    mut later: Vec<event::Sale>,
    (journal, settings): (&Journal, &Settings),
) -> Option<PastSale> {
    let sale = sale.understand(origin.seq).ok()?;
    for own in journal.gave_back(&origin.into()).ok()? {
        if !later.contains(&own) {
            later.push(own);
        }
    }
    let later: Vec<_> =
        later.iter().map(|sale| sale.understand(origin.seq)).collect::<Result<_, _>>().ok()?;
    Some(PastSale::new(origin.clone(), &sale, &later, settings.rules.tax))
}

/// A sale of the lane's own journal, with what came back of it there.
fn own(origin: &Origin, journal: &Journal, settings: &Settings) -> Option<PastSale> {
    let identity = journal.identity();
    if (&origin.store, origin.lane) != (&identity.store, identity.lane) {
        return None;
    }
    let past = journal.past_sale(origin.epoch, origin.seq).ok()??;
    let of = |record: Record| if let Record::SaleCompleted { sale } = record { Some(*sale) } else { None };
    let later: Vec<_> = past.later.into_iter().filter_map(|stored| of(stored.record)).collect();
    Some(PastSale::new(origin.clone(), &of(past.sale.record)?, &later, settings.rules.tax))
}
