//! Between the rules' facts ([`domain::record`]) and the journal's ([`crate::event`]).
//!
//! Two sets of types on purpose: the rules may change their own at any time,
//! the journal's are frozen.

mod bearer;
mod buyer;
mod gift;
mod kiosk;
mod label;
mod order;
mod phone;
mod quota;
mod refund;
mod shift;
mod stock;
mod tender;
mod value;

use std::sync::Arc;

use domain::basket::{
    AppliedPromotion, Cut, Discount, Line, LoweredPrice, PriceFrom, Saving, Trace, WeighedBy,
};
use domain::catalogue::{Item, KitPart, TaxClass, TaxTreatment, Unit};
use domain::kit::allocate_kit;
use domain::money::{AMOUNT_MAX, BASIS_POINTS, Money, Quantity, TaxRate};
use domain::promotion::Layer;
use domain::record::{PaperOutcome, Record, Staff};
use domain::sale::{Sale, TaxSummary};
use domain::seller::Seller;

use crate::event::{self, Event, Fact};

/// Why an event of a known form means nothing to the rules of this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnderstandEventError {
    /// A number is outside of what the rules allow.
    #[error("understand event {seq}: {what} {value} is out of range")]
    Range {
        /// The event's number.
        seq: u64,
        /// Which number.
        what: &'static str,
        /// What it is.
        value: i64,
    },
    /// A means of payment that this program does not know.
    #[error("understand event {seq}: unknown tender {kind:?}")]
    Tender {
        /// The event's number.
        seq: u64,
        /// What stands there.
        kind: String,
    },
    /// A label's number is none, or it stands for what no label can.
    #[error("understand event {seq}: no label has this number or stands for this")]
    Label {
        /// The event's number.
        seq: u64,
    },
    /// What stands where the end of a card's number would is not four digits.
    #[error("understand event {seq}: of a card exactly four digits may stand there")]
    Card {
        /// The event's number.
        seq: u64,
    },
    /// The number of a phone's code is none.
    #[error("understand event {seq}: no code of a phone has this number")]
    Code {
        /// The event's number.
        seq: u64,
    },
    /// The sums of a sale do not hold.
    #[error("understand event {seq}: the sale does not add up")]
    Sums {
        /// The event's number.
        seq: u64,
    },
}

impl From<&Record> for Fact {
    fn from(record: &Record) -> Self {
        match record {
            Record::ShiftOpened { staff, float, carried, .. } => Self::ShiftOpened {
                staff: staff.clone(),
                float: float.minor(),
                carried: shift::encode_carried(carried),
            },
            Record::ShiftClosed { staff, report } => Self::ShiftClosed {
                staff: staff.clone(),
                report: report.as_deref().map(|report| Box::new(report.into())),
            },
            Record::CashMoved { kind, amount, staff, reason } => Self::CashMoved {
                kind: (*kind).into(),
                amount: amount.minor(),
                staff: staff.clone(),
                reason: reason.clone(),
            },
            Record::CashCounted { denominations, total, staff } => Self::CashCounted {
                denominations: denominations.iter().map(Into::into).collect(),
                total: total.minor(),
                staff: staff.clone(),
            },
            Record::DrawerOpened { staff, reason } => {
                Self::DrawerOpened { staff: staff.clone(), reason: reason.clone() }
            }
            Record::SignedIn { staff } => Self::SignedIn { staff: staff.into() },
            Record::SignInRefused { staff } => Self::SignInRefused { staff: staff.clone() },
            Record::SignedOut { staff } => Self::SignedOut { staff: staff.clone() },
            Record::Locked { staff } => Self::Locked { staff: staff.clone() },
            Record::Unlocked { staff } => Self::Unlocked { staff: staff.clone() },
            Record::Approved { act, staff, approver, reason } => Self::Approved {
                act: (*act).into(),
                staff: staff.clone(),
                approver: approver.clone(),
                reason: reason.clone(),
            },
            Record::LineAdded { line } => Self::LineAdded { line: line.into() },
            Record::LineQuantitySet { line, quantity, net } => {
                Self::LineQuantitySet { line: *line, quantity: quantity.thousandths(), net: net.minor() }
            }
            Record::LinePriceSet { line, unit_price, net, staff, reason } => Self::LinePriceSet {
                line: *line,
                unit_price: unit_price.minor(),
                net: net.minor(),
                staff: staff.clone(),
                reason: reason.clone(),
            },
            Record::LinePriceLowered { lowered, net } => Self::LinePriceLowered {
                line: lowered.line,
                list_price: lowered.list_price.minor(),
                unit_price: lowered.unit_price.minor(),
                promotion: lowered.promotion.as_ref().map(Into::into),
                kept: lowered.kept.as_ref().map(Into::into),
                net: net.minor(),
            },
            Record::LineDiscounted { line, discount, staff } => Self::LineDiscounted {
                line: *line,
                discount: discount.as_ref().map(Into::into),
                staff: staff.clone(),
            },
            Record::BasketDiscounted { discount, staff } => {
                Self::BasketDiscounted { discount: discount.as_ref().map(Into::into), staff: staff.clone() }
            }
            Record::SellerNamed { line, seller, staff } => Self::SellerNamed {
                line: *line,
                seller: seller.as_deref().map(Into::into),
                staff: staff.clone(),
            },
            Record::NoteWritten { line, note, staff } => {
                Self::NoteWritten { line: *line, note: note.clone(), staff: staff.clone() }
            }
            Record::LineVoided { line, staff, reason } => {
                Self::LineVoided { line: *line, staff: staff.clone(), reason: reason.clone() }
            }
            Record::MemberJoined { member, prices } => Self::MemberJoined {
                member: member.as_ref().into(),
                prices: prices.iter().map(Into::into).collect(),
            },
            Record::MemberLeft => Self::MemberLeft {},
            Record::CouponLaid { coupon } => Self::CouponLaid { coupon: coupon.into() },
            Record::CouponTakenBack { code } => Self::CouponTakenBack { code: code.clone() },
            Record::PointsOffered { grant } => Self::PointsOffered { grant: grant.as_ref().map(Into::into) },
            Record::StockMoved { movement, staff } => {
                Self::StockMoved { movement: movement.into(), staff: staff.clone() }
            }
            Record::StockCounted { count, staff } => {
                Self::StockCounted { count: count.into(), staff: staff.clone() }
            }
            Record::LabelBound { binding, staff } => {
                Self::LabelBound { binding: binding.into(), staff: staff.clone() }
            }
            Record::LabelUnbound { label, staff, reason } => {
                Self::LabelUnbound { label: label.to_string(), staff: staff.clone(), reason: reason.clone() }
            }
            Record::LabelReplaced { old, binding, staff, reason } => Self::LabelReplaced {
                old: old.to_string(),
                binding: binding.into(),
                staff: staff.clone(),
                reason: reason.clone(),
            },
            Record::LabelsWaived { item, staff, reason } => {
                Self::LabelsWaived { item: item.into(), staff: staff.clone(), reason: reason.clone() }
            }
            Record::MemberRegistered { member, staff } => {
                Self::MemberRegistered { member: member.into(), staff: staff.clone() }
            }
            Record::BuyerNamed { document, buyer, staff } => {
                Self::BuyerNamed { document: *document, buyer: buyer.into(), staff: staff.clone() }
            }
            Record::QuotasHeard { heard } => {
                Self::QuotasHeard { heard: heard.iter().map(Into::into).collect() }
            }
            Record::LeaseReturned { grant } => Self::LeaseReturned { grant: grant.into() },
            Record::TenderChosen { tender } => {
                Self::TenderChosen { tender: tender.map(|kind| tender::kind_name(kind).to_owned()) }
            }
            Record::AgeConfirmed { staff } => Self::AgeConfirmed { staff: staff.clone() },
            Record::BasketCancelled { staff, total, reason } => {
                Self::BasketCancelled { staff: staff.clone(), total: total.minor(), reason: reason.clone() }
            }
            Record::BasketParked { basket, staff, note } => {
                Self::BasketParked { basket: *basket, staff: staff.clone(), note: note.clone() }
            }
            Record::BasketRecalled { basket, staff } => {
                Self::BasketRecalled { basket: *basket, staff: staff.clone() }
            }
            Record::BasketOffered { parked } => {
                Self::BasketOffered { parked: Box::new(parked.as_ref().into()) }
            }
            Record::BasketTaken { from, parked, staff } => Self::BasketTaken {
                from: (*from).into(),
                parked: Box::new(parked.as_ref().into()),
                staff: staff.clone(),
            },
            Record::BasketGone { basket, lane } => Self::BasketGone { basket: *basket, lane: *lane },
            Record::ReturnBegun { past } => Self::ReturnBegun { past: Box::new(past.as_ref().into()) },
            Record::LineReturned { returned, staff } => {
                Self::LineReturned { returned: returned.into(), staff: staff.clone() }
            }
            Record::ReturnDropped { staff } => Self::ReturnDropped { staff: staff.clone() },
            Record::TenderAdded { tender } => Self::TenderAdded { tender: tender.into() },
            Record::TenderRemoved { place } => Self::TenderRemoved { place: *place },
            Record::PaymentBegun { number, wallet, amount, purpose } => Self::PaymentBegun {
                number: *number,
                wallet: (*wallet).into(),
                amount: amount.minor(),
                refund: tender::encode_purpose(purpose),
            },
            Record::PaymentEnded { number, outcome, reference, card } => Self::PaymentEnded {
                number: *number,
                outcome: (*outcome).into(),
                reference: reference.clone(),
                card: tender::encode_card(*card),
            },
            Record::SaleCompleted { sale } => Self::SaleCompleted { sale: sale.as_ref().into() },
            Record::PaperBegun { document, reprint } => {
                Self::PaperBegun { document: *document, reprint: *reprint }
            }
            Record::PaperEnded { document, outcome } => Self::PaperEnded {
                document: *document,
                outcome: match outcome {
                    PaperOutcome::Confirmed => event::PaperOutcome::Confirmed,
                    PaperOutcome::SentUnconfirmed => event::PaperOutcome::SentUnconfirmed,
                    PaperOutcome::InDoubt => event::PaperOutcome::InDoubt,
                    PaperOutcome::Waived => event::PaperOutcome::Waived,
                },
            },
            Record::EpochBegun { previous_epoch, previous_seq, previous_hash } => Self::EpochBegun {
                previous_epoch: *previous_epoch,
                previous_seq: *previous_seq,
                previous_hash: previous_hash.clone(),
            },
            Record::ClockRefused { shown_ms, reckoned_ms } => {
                Self::ClockRefused { shown_ms: *shown_ms, reckoned_ms: *reckoned_ms }
            }
            Record::ClockTrusted { shown_ms, reckoned_ms, staff } => {
                Self::ClockTrusted { shown_ms: *shown_ms, reckoned_ms: *reckoned_ms, staff: staff.clone() }
            }
            Record::Kiosk(record) => Self::Kiosk(record.into()),
            Record::Phone(record) => Self::Phone(record.into()),
            Record::Order(record) => Self::Order(record.into()),
        }
    }
}

impl From<&Staff> for event::Staff {
    fn from(staff: &Staff) -> Self {
        Self { id: staff.id.clone(), number: staff.number.clone(), name: staff.name.clone() }
    }
}

impl From<&event::Staff> for Staff {
    fn from(staff: &event::Staff) -> Self {
        Self { id: staff.id.clone(), number: staff.number.clone(), name: staff.name.clone() }
    }
}

impl From<&Seller> for event::Seller {
    fn from(seller: &Seller) -> Self {
        Self {
            id: seller.id.clone(),
            number: seller.number.clone(),
            name: seller.name.clone(),
            level: seller.level.clone(),
        }
    }
}

impl From<&event::Seller> for Seller {
    fn from(seller: &event::Seller) -> Self {
        Self {
            id: seller.id.clone(),
            number: seller.number.clone(),
            name: seller.name.clone(),
            level: seller.level.clone(),
        }
    }
}

impl From<&AppliedPromotion> for event::PromotionApplied {
    fn from(promotion: &AppliedPromotion) -> Self {
        Self {
            id: promotion.id.to_string(),
            name_zh: promotion.name_zh.to_string(),
            name_en: promotion.name_en.to_string(),
        }
    }
}

impl From<&event::PromotionApplied> for AppliedPromotion {
    fn from(promotion: &event::PromotionApplied) -> Self {
        Self {
            id: promotion.id.as_str().into(),
            name_zh: promotion.name_zh.as_str().into(),
            name_en: promotion.name_en.as_str().into(),
        }
    }
}

impl From<&TaxClass> for event::LineTaxClass {
    fn from(class: &TaxClass) -> Self {
        Self {
            id: class.id.clone(),
            treatment: match class.treatment {
                TaxTreatment::Taxed => event::TaxTreatment::Taxed,
                TaxTreatment::ZeroRated => event::TaxTreatment::ZeroRated,
                TaxTreatment::Exempt => event::TaxTreatment::Exempt,
            },
        }
    }
}

impl From<&event::LineTaxClass> for TaxClass {
    fn from(class: &event::LineTaxClass) -> Self {
        Self {
            id: class.id.clone(),
            treatment: match class.treatment {
                event::TaxTreatment::Taxed => TaxTreatment::Taxed,
                event::TaxTreatment::ZeroRated => TaxTreatment::ZeroRated,
                event::TaxTreatment::Exempt => TaxTreatment::Exempt,
            },
        }
    }
}

/// The parts of a line that is a kit, with their shares of its net.
fn kit_shares(line: &Line) -> Vec<event::KitShare> {
    let parts = &line.item.kit;
    let shares = allocate_kit(line.net(), parts);
    let share = |(part, net): (&KitPart, Money)| event::KitShare {
        sku: part.sku.clone(),
        quantity: part.quantity.thousandths(),
        price: part.price.minor(),
        tax_rate: part.tax_rate.basis_points(),
        net: net.minor(),
    };
    parts.iter().zip(shares).map(share).collect()
}

impl From<&Saving> for event::Saving {
    fn from(saving: &Saving) -> Self {
        Self {
            promotion: (&saving.promotion).into(),
            layer: match saving.layer {
                Layer::Price => event::SavingLayer::Price,
                Layer::Item => event::SavingLayer::Item,
                Layer::Order => event::SavingLayer::Order,
                Layer::Coupon => event::SavingLayer::Coupon,
            },
            units: saving.units,
            off: saving.off.minor(),
        }
    }
}

impl event::Saving {
    fn understand(&self, seq: u64) -> Result<Saving, UnderstandEventError> {
        Ok(Saving {
            promotion: (&self.promotion).into(),
            layer: match self.layer {
                event::SavingLayer::Price => Layer::Price,
                event::SavingLayer::Item => Layer::Item,
                event::SavingLayer::Order => Layer::Order,
                event::SavingLayer::Coupon => Layer::Coupon,
            },
            units: self.units,
            off: understand_amount(seq, "what a promotion took off", self.off)?,
        })
    }
}

impl From<&Line> for event::Line {
    fn from(line: &Line) -> Self {
        let item = line.item.as_ref();
        Self {
            line: line.number,
            sku: item.sku.clone(),
            code: line.code.clone(),
            name_zh: item.name_zh.clone(),
            name_en: item.name_en.clone(),
            spec: item.spec.clone(),
            category: item.category.clone(),
            weighed: item.weighed,
            quantity: line.quantity.thousandths(),
            list_price: item.price.minor(),
            unit_price: line.unit_price.minor(),
            kept: line.kept.as_ref().map(Into::into),
            weighed_by: line.weighed_by.map(|by| match by {
                WeighedBy::Scale { net: false } => event::WeighedBy::Scale,
                WeighedBy::Scale { net: true } => event::WeighedBy::ScaleNet,
                WeighedBy::Person => event::WeighedBy::Person,
            }),
            label_amount: line.label_amount.map(Money::minor),
            unit: line.unit.as_ref().map(|unit| event::LineUnit {
                id: unit.id.clone(),
                name_zh: unit.name_zh.clone(),
                name_en: unit.name_en.clone(),
                factor: unit.factor,
            }),
            price_from: match line.price_from {
                PriceFrom::List => None,
                PriceFrom::Typed => Some(event::PriceFrom::Typed),
                PriceFrom::Set => Some(event::PriceFrom::Set),
            },
            promotion: line.promotion.as_ref().map(Into::into),
            net: line.net().minor(),
            tax_rate: item.tax_rate.basis_points(),
            tax_class: item.tax_class.as_ref().map(Into::into),
            kit: kit_shares(line),
            age_restricted: item.age_restricted,
            no_points: item.no_points,
            membership: item.membership,
            batch: line.trace.batch.clone(),
            expiry: line.trace.expiry,
            best_before: line.trace.best_before,
            serial: line.trace.serial.clone(),
            no_promotion: item.no_promotion,
            savings: line.savings.iter().map(Into::into).collect(),
            discount: line.discount.as_ref().map(Into::into),
            basket_discount: line.basket_discount.minor(),
            walk_in: line.walk_in.as_ref().map(Into::into),
            points_off: line.points_off.minor(),
            seller: line.seller.as_deref().map(Into::into),
            note: line.note.clone(),
        }
    }
}

impl From<&Discount> for event::Discount {
    fn from(discount: &Discount) -> Self {
        let (part, amount) = match discount.cut {
            Cut::Part(points) => (Some(points), None),
            Cut::Amount(amount) => (None, Some(amount.minor())),
        };
        Self { part, amount, most: discount.most, reason: discount.reason.clone() }
    }
}

impl From<&Sale> for event::Sale {
    fn from(sale: &Sale) -> Self {
        Self {
            currency: sale.currency.clone(),
            reference_version: sale.reference_version,
            staff: (&sale.staff).into(),
            lines: sale.lines.iter().map(Into::into).collect(),
            returns: sale.returns.iter().map(Into::into).collect(),
            total: sale.total.minor(),
            tax_added: sale.tax_added.minor(),
            rounding: sale.rounding.minor(),
            rounding_returned: sale.rounding_returned.minor(),
            payable: sale.payable.minor(),
            tenders: sale.tenders.iter().map(Into::into).collect(),
            change: sale.change.minor(),
            taxes: sale
                .taxes
                .iter()
                .map(|tax| event::TaxSummary {
                    rate: tax.rate.basis_points(),
                    net: tax.net.minor(),
                    tax: tax.tax.minor(),
                })
                .collect(),
            buyer: sale.buyer.as_ref().map(Into::into),
            coupons: sale.coupons.iter().map(Into::into).collect(),
            given: sale.given.iter().map(Into::into).collect(),
            points_back: sale.points_back.as_ref().map(Into::into),
            gifts: sale.gifts.iter().map(Into::into).collect(),
            kept: sale.kept.iter().map(Into::into).collect(),
            seller: sale.seller.as_deref().map(Into::into),
            note: sale.note.clone(),
            uses: sale.uses.iter().map(Into::into).collect(),
            uses_back: sale.uses_back.iter().map(Into::into).collect(),
            borne: sale.borne.iter().map(Into::into).collect(),
            borne_back: sale.borne_back.iter().map(Into::into).collect(),
            coupons_back: sale.coupons_back.clone(),
            price_gap: sale.price_gap.minor(),
            engine: sale.engine,
            phones: sale.phones.iter().map(ToString::to_string).collect(),
            top_up: sale.top_up.as_ref().map(Into::into),
        }
    }
}

impl Event {
    /// What the event means to the rules; refuses what they do not allow, a
    /// sale whose sums do not hold among them.
    pub fn record(&self) -> Result<Record, UnderstandEventError> {
        let seq = self.seq;
        Ok(match &self.fact {
            Fact::ShiftOpened { staff, float, carried } => Record::ShiftOpened {
                number: self.shift,
                business_date: self.business_date,
                staff: staff.clone(),
                float: understand_amount(seq, "float", *float)?,
                carried: Box::new(
                    carried
                        .as_deref()
                        .map(|carried| carried.understand(seq))
                        .transpose()?
                        .unwrap_or_default(),
                ),
            },
            Fact::ShiftClosed { staff, report } => Record::ShiftClosed {
                staff: staff.clone(),
                report: report.as_deref().map(|report| report.understand(seq)).transpose()?.map(Box::new),
            },
            Fact::CashMoved { kind, amount, staff, reason } => Record::CashMoved {
                kind: (*kind).into(),
                amount: understand_amount(seq, "amount", *amount)?,
                staff: staff.clone(),
                reason: reason.clone(),
            },
            Fact::CashCounted { denominations, total, staff } => Record::CashCounted {
                denominations: shift::understand_count(seq, denominations, *total)?,
                total: understand_amount(seq, "total", *total)?,
                staff: staff.clone(),
            },
            Fact::DrawerOpened { staff, reason } => {
                Record::DrawerOpened { staff: staff.clone(), reason: reason.clone() }
            }
            Fact::SignedIn { staff } => Record::SignedIn { staff: staff.into() },
            Fact::SignInRefused { staff } => Record::SignInRefused { staff: staff.clone() },
            Fact::SignedOut { staff } => Record::SignedOut { staff: staff.clone() },
            Fact::Locked { staff } => Record::Locked { staff: staff.clone() },
            Fact::Unlocked { staff } => Record::Unlocked { staff: staff.clone() },
            Fact::Approved { act, staff, approver, reason } => Record::Approved {
                act: (*act).into(),
                staff: staff.clone(),
                approver: approver.clone(),
                reason: reason.clone(),
            },
            Fact::LineAdded { line } => Record::LineAdded { line: line.understand(seq)? },
            Fact::LineQuantitySet { line, quantity, net } => Record::LineQuantitySet {
                line: *line,
                quantity: understand_quantity(seq, *quantity)?,
                net: Money::from_minor(*net),
            },
            Fact::LinePriceSet { line, unit_price, net, staff, reason } => Record::LinePriceSet {
                line: *line,
                unit_price: understand_amount(seq, "price", *unit_price)?,
                net: Money::from_minor(*net),
                staff: staff.clone(),
                reason: reason.clone(),
            },
            Fact::LinePriceLowered { line, list_price, unit_price, promotion, kept, net } => {
                Record::LinePriceLowered {
                    lowered: LoweredPrice {
                        line: *line,
                        list_price: understand_amount(seq, "price", *list_price)?,
                        unit_price: understand_amount(seq, "price", *unit_price)?,
                        promotion: promotion.as_ref().map(Into::into),
                        kept: kept.as_ref().map(|kept| kept.understand(seq)).transpose()?,
                    },
                    net: Money::from_minor(*net),
                }
            }
            Fact::LineDiscounted { line, discount, staff } => Record::LineDiscounted {
                line: *line,
                discount: understand_discount(seq, discount.as_ref())?,
                staff: staff.clone(),
            },
            Fact::BasketDiscounted { discount, staff } => Record::BasketDiscounted {
                discount: understand_discount(seq, discount.as_ref())?,
                staff: staff.clone(),
            },
            Fact::SellerNamed { line, seller, staff } => Record::SellerNamed {
                line: *line,
                seller: seller.as_ref().map(Into::into).map(Arc::new),
                staff: staff.clone(),
            },
            Fact::NoteWritten { line, note, staff } => {
                Record::NoteWritten { line: *line, note: note.clone(), staff: staff.clone() }
            }
            Fact::LineVoided { line, staff, reason } => {
                Record::LineVoided { line: *line, staff: staff.clone(), reason: reason.clone() }
            }
            Fact::MemberJoined { member, prices } => Record::MemberJoined {
                member: member.into(),
                prices: prices.iter().map(|price| price.understand(seq)).collect::<Result<_, _>>()?,
            },
            Fact::MemberLeft {} => Record::MemberLeft,
            Fact::CouponLaid { coupon } => Record::CouponLaid { coupon: coupon.into() },
            Fact::CouponTakenBack { code } => Record::CouponTakenBack { code: code.clone() },
            Fact::PointsOffered { grant } => Record::PointsOffered {
                grant: grant.as_ref().map(|grant| grant.understand(seq)).transpose()?,
            },
            Fact::StockMoved { movement, staff } => {
                Record::StockMoved { movement: movement.understand(seq)?, staff: staff.clone() }
            }
            Fact::StockCounted { count, staff } => {
                Record::StockCounted { count: count.into(), staff: staff.clone() }
            }
            Fact::LabelBound { binding, staff } => {
                Record::LabelBound { binding: binding.understand(seq)?, staff: staff.clone() }
            }
            Fact::LabelUnbound { label, staff, reason } => Record::LabelUnbound {
                label: label::understand_label(seq, label)?,
                staff: staff.clone(),
                reason: reason.clone(),
            },
            Fact::LabelReplaced { old, binding, staff, reason } => Record::LabelReplaced {
                old: label::understand_label(seq, old)?,
                binding: binding.understand(seq)?,
                staff: staff.clone(),
                reason: reason.clone(),
            },
            Fact::LabelsWaived { item, staff, reason } => Record::LabelsWaived {
                item: item.understand(seq)?,
                staff: staff.clone(),
                reason: reason.clone(),
            },
            Fact::MemberRegistered { member, staff } => {
                Record::MemberRegistered { member: member.into(), staff: staff.clone() }
            }
            Fact::BuyerNamed { document, buyer, staff } => Record::BuyerNamed {
                document: *document,
                buyer: buyer.understand(seq)?,
                staff: staff.clone(),
            },
            Fact::QuotasHeard { heard } => {
                Record::QuotasHeard { heard: quota::understand_heard(seq, heard)? }
            }
            Fact::LeaseReturned { grant } => Record::LeaseReturned { grant: grant.understand(seq)? },
            Fact::TenderChosen { tender } => Record::TenderChosen {
                tender: tender.as_ref().map(|kind| tender::understand_kind(seq, kind)).transpose()?,
            },
            Fact::AgeConfirmed { staff } => Record::AgeConfirmed { staff: staff.clone() },
            Fact::BasketCancelled { staff, total, reason } => Record::BasketCancelled {
                staff: staff.clone(),
                total: Money::from_minor(*total),
                reason: reason.clone(),
            },
            Fact::BasketParked { basket, staff, note } => {
                Record::BasketParked { basket: *basket, staff: staff.clone(), note: note.clone() }
            }
            Fact::BasketRecalled { basket, staff } => {
                Record::BasketRecalled { basket: *basket, staff: staff.clone() }
            }
            Fact::BasketOffered { parked } => {
                Record::BasketOffered { parked: Box::new(parked.understand(seq)?) }
            }
            Fact::BasketTaken { from, parked, staff } => Record::BasketTaken {
                from: (*from).into(),
                parked: Box::new(parked.understand(seq)?),
                staff: staff.clone(),
            },
            Fact::BasketGone { basket, lane } => Record::BasketGone { basket: *basket, lane: *lane },
            Fact::ReturnBegun { past } => Record::ReturnBegun { past: Box::new(past.understand(seq)?) },
            Fact::LineReturned { returned, staff } => {
                Record::LineReturned { returned: returned.understand(seq)?, staff: staff.clone() }
            }
            Fact::ReturnDropped { staff } => Record::ReturnDropped { staff: staff.clone() },
            Fact::TenderAdded { tender } => Record::TenderAdded { tender: tender.understand(seq)? },
            Fact::TenderRemoved { place } => Record::TenderRemoved { place: *place },
            Fact::PaymentBegun { number, wallet, amount, refund } => Record::PaymentBegun {
                number: *number,
                wallet: (*wallet).into(),
                amount: understand_amount(seq, "payment", *amount)?,
                purpose: tender::understand_purpose(refund.as_ref()),
            },
            Fact::PaymentEnded { number, outcome, reference, card } => Record::PaymentEnded {
                number: *number,
                outcome: (*outcome).into(),
                reference: reference.clone(),
                card: tender::understand_card(seq, card)?,
            },
            Fact::SaleCompleted { sale } => Record::SaleCompleted { sale: Box::new(sale.understand(seq)?) },
            Fact::PaperBegun { document, reprint } => {
                Record::PaperBegun { document: *document, reprint: *reprint }
            }
            Fact::PaperEnded { document, outcome } => Record::PaperEnded {
                document: *document,
                outcome: match outcome {
                    event::PaperOutcome::Confirmed => PaperOutcome::Confirmed,
                    event::PaperOutcome::SentUnconfirmed => PaperOutcome::SentUnconfirmed,
                    event::PaperOutcome::InDoubt => PaperOutcome::InDoubt,
                    event::PaperOutcome::Waived => PaperOutcome::Waived,
                },
            },
            Fact::EpochBegun { previous_epoch, previous_seq, previous_hash } => Record::EpochBegun {
                previous_epoch: *previous_epoch,
                previous_seq: *previous_seq,
                previous_hash: previous_hash.clone(),
            },
            Fact::ClockRefused { shown_ms, reckoned_ms } => {
                Record::ClockRefused { shown_ms: *shown_ms, reckoned_ms: *reckoned_ms }
            }
            Fact::ClockTrusted { shown_ms, reckoned_ms, staff } => {
                Record::ClockTrusted { shown_ms: *shown_ms, reckoned_ms: *reckoned_ms, staff: staff.clone() }
            }
            Fact::Kiosk(fact) => Record::Kiosk(fact.into()),
            Fact::Phone(fact) => Record::Phone(fact.understand(seq)?),
            Fact::Order(fact) => Record::Order(fact.into()),
        })
    }
}

fn understand_quantity(seq: u64, thousandths: i64) -> Result<Quantity, UnderstandEventError> {
    Quantity::from_thousandths(thousandths).ok_or(UnderstandEventError::Range {
        seq,
        what: "quantity",
        value: thousandths,
    })
}

/// An amount that the rules can reckon with, whichever its sign.
fn understand_amount(seq: u64, what: &'static str, minor: i64) -> Result<Money, UnderstandEventError> {
    if minor.unsigned_abs() > AMOUNT_MAX.unsigned_abs() {
        return Err(UnderstandEventError::Range { seq, what, value: minor });
    }
    Ok(Money::from_minor(minor))
}

fn understand_rate(seq: u64, points: u32) -> Result<TaxRate, UnderstandEventError> {
    TaxRate::from_basis_points(points).ok_or(UnderstandEventError::Range {
        seq,
        what: "tax rate",
        value: i64::from(points),
    })
}

fn understand_discount(
    seq: u64,
    discount: Option<&event::Discount>,
) -> Result<Option<Discount>, UnderstandEventError> {
    let Some(discount) = discount else { return Ok(None) };
    let most = i64::from(discount.most);
    let range = |what, value| UnderstandEventError::Range { seq, what, value };
    if discount.most > BASIS_POINTS {
        return Err(range("discount", most));
    }
    let cut = match (discount.part, discount.amount) {
        (Some(points), None) if points <= BASIS_POINTS => Cut::Part(points),
        (None, Some(amount)) if Money::from_minor(amount).is_amount() => {
            Cut::Amount(Money::from_minor(amount))
        }
        (part, amount) => {
            return Err(range("discount", amount.or(part.map(i64::from)).unwrap_or_default()));
        }
    };
    Ok(Some(Discount { cut, most: discount.most, reason: discount.reason.clone() }))
}

impl event::Line {
    fn understand(&self, seq: u64) -> Result<Line, UnderstandEventError> {
        let line = Line {
            number: self.line,
            item: Arc::new(Item {
                sku: self.sku.clone(),
                name_zh: self.name_zh.clone(),
                name_en: self.name_en.clone(),
                spec: self.spec.clone(),
                category: self.category.clone(),
                weighed: self.weighed,
                price: Money::from_minor(self.list_price),
                tax_rate: understand_rate(seq, self.tax_rate)?,
                code: self.code.clone(),
                age_restricted: self.age_restricted,
                no_promotion: self.no_promotion,
                no_points: self.no_points,
                gift: false,
                membership: self.membership,
                tax_class: self.tax_class.as_ref().map(Into::into),
                // How a line is priced anew is asked of the catalogue.
                units: Vec::new(),
                prices: Vec::new(),
                kit: self
                    .kit
                    .iter()
                    .map(|part| {
                        Ok(KitPart {
                            sku: part.sku.clone(),
                            quantity: understand_quantity(seq, part.quantity)?,
                            price: understand_amount(seq, "price", part.price)?,
                            tax_rate: understand_rate(seq, part.tax_rate)?,
                        })
                    })
                    .collect::<Result<_, _>>()?,
                open_price: None,
                caps: Vec::new(),
            }),
            code: self.code.clone(),
            unit: self.unit.as_ref().map(|unit| Unit {
                id: unit.id.clone(),
                name_zh: unit.name_zh.clone(),
                name_en: unit.name_en.clone(),
                factor: unit.factor,
            }),
            quantity: understand_quantity(seq, self.quantity)?,
            unit_price: Money::from_minor(self.unit_price),
            price_from: match self.price_from {
                None => PriceFrom::List,
                Some(event::PriceFrom::Typed) => PriceFrom::Typed,
                Some(event::PriceFrom::Set) => PriceFrom::Set,
            },
            promotion: self.promotion.as_ref().map(Into::into),
            label_amount: self.label_amount.map(Money::from_minor),
            kept: self.kept.as_ref().map(|kept| kept.understand(seq)).transpose()?,
            weighed_by: self.weighed_by.map(|by| match by {
                event::WeighedBy::Scale => WeighedBy::Scale { net: false },
                event::WeighedBy::ScaleNet => WeighedBy::Scale { net: true },
                event::WeighedBy::Person => WeighedBy::Person,
            }),
            trace: Trace {
                batch: self.batch.clone(),
                expiry: self.expiry,
                best_before: self.best_before,
                serial: self.serial.clone(),
            },
            savings: self.savings.iter().map(|saving| saving.understand(seq)).collect::<Result<_, _>>()?,
            discount: understand_discount(seq, self.discount.as_ref())?,
            basket_discount: Money::from_minor(self.basket_discount),
            walk_in: self.walk_in.as_ref().map(|price| price.understand(seq)).transpose()?,
            points_off: Money::from_minor(self.points_off),
            seller: self.seller.as_ref().map(Into::into).map(Arc::new),
            note: self.note.clone(),
        };
        if let Some(unit) = &line.unit
            && unit.base_quantity(line.quantity).is_none()
        {
            let value = i64::from(unit.factor);
            return Err(UnderstandEventError::Range { seq, what: "factor", value });
        }
        if !line.is_within_bounds() {
            let prices = [Some(self.unit_price), Some(self.list_price), self.label_amount];
            let wrong = prices.into_iter().flatten().find(|price| !Money::from_minor(*price).is_amount());
            return Err(UnderstandEventError::Range {
                seq,
                what: "price",
                value: wrong.unwrap_or(self.unit_price),
            });
        }
        let adds_up = line.net().minor() == self.net && kit_shares(&line) == self.kit;
        if adds_up { Ok(line) } else { Err(UnderstandEventError::Sums { seq }) }
    }
}

impl event::Sale {
    /// The document with the buyer who was named after the payment, as whoever gives it back is told of it; one that has a
    /// buyer keeps them.
    #[must_use]
    pub fn bought_by(self, named: Option<event::Buyer>) -> Self {
        Self { buyer: self.buyer.or(named), ..self }
    }

    /// The document as the rules see it, where its numbers can be and add up.
    /// `seq` is its number, for the refusal.
    pub fn understand(&self, seq: u64) -> Result<Sale, UnderstandEventError> {
        let sale = Sale {
            currency: self.currency.clone(),
            reference_version: self.reference_version,
            staff: (&self.staff).into(),
            lines: self.lines.iter().map(|line| line.understand(seq)).collect::<Result<_, _>>()?,
            returns: self.returns.iter().map(|back| back.understand(seq)).collect::<Result<_, _>>()?,
            total: understand_amount(seq, "total", self.total)?,
            tax_added: understand_amount(seq, "tax", self.tax_added)?,
            rounding: understand_amount(seq, "rounding", self.rounding)?,
            rounding_returned: understand_amount(seq, "rounding", self.rounding_returned)?,
            payable: understand_amount(seq, "payable", self.payable)?,
            tenders: self.tenders.iter().map(|tender| tender.understand(seq)).collect::<Result<_, _>>()?,
            change: understand_amount(seq, "change", self.change)?,
            taxes: self
                .taxes
                .iter()
                .map(|tax| {
                    Ok(TaxSummary {
                        rate: understand_rate(seq, tax.rate)?,
                        net: understand_amount(seq, "taxed net", tax.net)?,
                        tax: understand_amount(seq, "tax", tax.tax)?,
                    })
                })
                .collect::<Result<_, _>>()?,
            buyer: self.buyer.as_ref().map(|buyer| buyer.understand(seq)).transpose()?,
            coupons: self.coupons.iter().map(|spent| spent.understand(seq)).collect::<Result<_, _>>()?,
            given: self.given.iter().map(Into::into).collect(),
            points_back: self.points_back.as_ref().map(|back| back.understand(seq)).transpose()?,
            gifts: self.gifts.iter().map(|gift| gift.understand(seq)).collect::<Result<_, _>>()?,
            kept: self.kept.iter().map(|kept| kept.understand(seq)).collect::<Result<_, _>>()?,
            seller: self.seller.as_ref().map(Into::into).map(Arc::new),
            note: self.note.clone(),
            uses: self.uses.iter().map(|used| used.understand(seq)).collect::<Result<_, _>>()?,
            uses_back: self.uses_back.iter().map(|used| used.understand(seq)).collect::<Result<_, _>>()?,
            borne: self.borne.iter().map(|borne| borne.understand(seq)).collect::<Result<_, _>>()?,
            borne_back: self
                .borne_back
                .iter()
                .map(|borne| borne.understand(seq))
                .collect::<Result<_, _>>()?,
            coupons_back: self.coupons_back.clone(),
            price_gap: understand_amount(seq, "price gap", self.price_gap)?,
            engine: self.engine,
            phones: self.phones.iter().map(|id| phone::understand_id(seq, id)).collect::<Result<_, _>>()?,
            top_up: self.top_up.as_ref().map(|top_up| top_up.understand(seq)).transpose()?,
        };
        if sale.adds_up() { Ok(sale) } else { Err(UnderstandEventError::Sums { seq }) }
    }
}
