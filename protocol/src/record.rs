//! Between the rules' facts ([`domain::record`]) and the journal's ([`crate::event`]).
//!
//! Two sets of types on purpose: the rules may change their own at any time,
//! the journal's are frozen.

use std::sync::Arc;

use domain::basket::{AppliedPromotion, Line, LoweredPrice, PriceFrom, Trace};
use domain::catalogue::{Item, KitPart, TaxClass, TaxTreatment, Unit};
use domain::kit::allocate_kit;
use domain::money::{AMOUNT_MAX, Money, Quantity, TaxRate};
use domain::record::{PaperOutcome, Record, Staff};
use domain::sale::{Sale, TaxSummary, Tender};

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
            Record::ShiftOpened { staff, float, .. } => {
                Self::ShiftOpened { staff: staff.clone(), float: float.minor() }
            }
            Record::ShiftClosed { staff } => Self::ShiftClosed { staff: staff.clone() },
            Record::SignedIn { staff } => Self::SignedIn { staff: staff.into() },
            Record::SignInRefused { staff } => Self::SignInRefused { staff: staff.clone() },
            Record::SignedOut { staff } => Self::SignedOut { staff: staff.clone() },
            Record::LineAdded { line } => Self::LineAdded { line: line.into() },
            Record::LineQuantitySet { line, quantity, net } => {
                Self::LineQuantitySet { line: *line, quantity: quantity.thousandths(), net: net.minor() }
            }
            Record::LinePriceSet { line, unit_price, net, staff } => Self::LinePriceSet {
                line: *line,
                unit_price: unit_price.minor(),
                net: net.minor(),
                staff: staff.clone(),
            },
            Record::LinePriceLowered { lowered, net } => Self::LinePriceLowered {
                line: lowered.line,
                list_price: lowered.list_price.minor(),
                unit_price: lowered.unit_price.minor(),
                promotion: lowered.promotion.as_ref().map(Into::into),
                net: net.minor(),
            },
            Record::LineVoided { line, staff } => Self::LineVoided { line: *line, staff: staff.clone() },
            Record::AgeConfirmed { staff } => Self::AgeConfirmed { staff: staff.clone() },
            Record::BasketCancelled { staff, total } => {
                Self::BasketCancelled { staff: staff.clone(), total: total.minor() }
            }
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

impl From<&AppliedPromotion> for event::PromotionApplied {
    fn from(promotion: &AppliedPromotion) -> Self {
        Self {
            id: promotion.id.clone(),
            name_zh: promotion.name_zh.clone(),
            name_en: promotion.name_en.clone(),
        }
    }
}

impl From<&event::PromotionApplied> for AppliedPromotion {
    fn from(promotion: &event::PromotionApplied) -> Self {
        Self {
            id: promotion.id.clone(),
            name_zh: promotion.name_zh.clone(),
            name_en: promotion.name_en.clone(),
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
            batch: line.trace.batch.clone(),
            expiry: line.trace.expiry,
            serial: line.trace.serial.clone(),
        }
    }
}

impl From<&Sale> for event::Sale {
    fn from(sale: &Sale) -> Self {
        Self {
            currency: sale.currency.clone(),
            reference_version: sale.reference_version,
            staff: (&sale.staff).into(),
            lines: sale.lines.iter().map(Into::into).collect(),
            total: sale.total.minor(),
            rounding: sale.rounding.minor(),
            payable: sale.payable.minor(),
            tenders: sale
                .tenders
                .iter()
                .map(|tender| match tender {
                    Tender::Cash(amount) => event::Tender { kind: "cash".into(), amount: amount.minor() },
                })
                .collect(),
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
        }
    }
}

impl Event {
    /// What the event means to the rules; refuses what they do not allow, a
    /// sale whose sums do not hold among them.
    pub fn record(&self) -> Result<Record, UnderstandEventError> {
        let seq = self.seq;
        Ok(match &self.fact {
            Fact::ShiftOpened { staff, float } => Record::ShiftOpened {
                number: self.shift,
                business_date: self.business_date,
                staff: staff.clone(),
                float: Money::from_minor(*float),
            },
            Fact::ShiftClosed { staff } => Record::ShiftClosed { staff: staff.clone() },
            Fact::SignedIn { staff } => Record::SignedIn { staff: staff.into() },
            Fact::SignInRefused { staff } => Record::SignInRefused { staff: staff.clone() },
            Fact::SignedOut { staff } => Record::SignedOut { staff: staff.clone() },
            Fact::LineAdded { line } => Record::LineAdded { line: line.understand(seq)? },
            Fact::LineQuantitySet { line, quantity, net } => Record::LineQuantitySet {
                line: *line,
                quantity: understand_quantity(seq, *quantity)?,
                net: Money::from_minor(*net),
            },
            Fact::LinePriceSet { line, unit_price, net, staff } => Record::LinePriceSet {
                line: *line,
                unit_price: understand_amount(seq, "price", *unit_price)?,
                net: Money::from_minor(*net),
                staff: staff.clone(),
            },
            Fact::LinePriceLowered { line, list_price, unit_price, promotion, net } => {
                Record::LinePriceLowered {
                    lowered: LoweredPrice {
                        line: *line,
                        list_price: understand_amount(seq, "price", *list_price)?,
                        unit_price: understand_amount(seq, "price", *unit_price)?,
                        promotion: promotion.as_ref().map(Into::into),
                    },
                    net: Money::from_minor(*net),
                }
            }
            Fact::LineVoided { line, staff } => Record::LineVoided { line: *line, staff: staff.clone() },
            Fact::AgeConfirmed { staff } => Record::AgeConfirmed { staff: staff.clone() },
            Fact::BasketCancelled { staff, total } => {
                Record::BasketCancelled { staff: staff.clone(), total: Money::from_minor(*total) }
            }
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
                // Whether it may be reduced is not asked again once it is a line.
                no_promotion: false,
                no_points: self.no_points,
                gift: false,
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
            trace: Trace { batch: self.batch.clone(), expiry: self.expiry, serial: self.serial.clone() },
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
    fn understand(&self, seq: u64) -> Result<Sale, UnderstandEventError> {
        let sale = Sale {
            currency: self.currency.clone(),
            reference_version: self.reference_version,
            staff: (&self.staff).into(),
            lines: self.lines.iter().map(|line| line.understand(seq)).collect::<Result<_, _>>()?,
            total: understand_amount(seq, "total", self.total)?,
            rounding: understand_amount(seq, "rounding", self.rounding)?,
            payable: understand_amount(seq, "payable", self.payable)?,
            tenders: self
                .tenders
                .iter()
                .map(|tender| match tender.kind.as_str() {
                    "cash" => Ok(Tender::Cash(understand_amount(seq, "tender", tender.amount)?)),
                    _ => Err(UnderstandEventError::Tender { seq, kind: tender.kind.clone() }),
                })
                .collect::<Result<_, _>>()?,
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
        };
        if sale.adds_up() { Ok(sale) } else { Err(UnderstandEventError::Sums { seq }) }
    }
}
