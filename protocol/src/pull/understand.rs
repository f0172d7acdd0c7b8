//! What HQ tells, as the rules see it: one reading of it, for whoever prices.

use domain::barcode::{Codes, ConfigureCodesError};
use domain::catalogue as rules_of_goods;
use domain::catalogue::{Item, PriceBounds, UNITS_MAX, Unit};
use domain::member::{PointsRules, Spending};
use domain::money::{Currency, Money, TaxRate};
use domain::tender::ForeignRate;
use domain::till::{Place, Rules};
use domain::value::{BONUS_STEPS_MAX, ValueRules};
use domain::{refund, tax, till};

use super::{
    Audience, Objective, PriceRow, PriceScope, Product, RefundOrder, SaleUnit, ShelfCap, SpendOrder, Store,
    TaxClass, TaxMode, TaxRounding, TaxTreatment, TypedWeights,
};

impl Product {
    /// The item as the rules see it, but for its prices, parts and caps; `class` is its tax class.
    pub fn understand(self, class: Option<TaxClass>) -> Item {
        let code = self.shown_code();
        Item {
            tax_rate: tax_rate(self.tax_rate, class.as_ref()),
            tax_class: class.map(|class| rules_of_goods::TaxClass {
                id: class.id,
                treatment: match class.treatment {
                    TaxTreatment::Taxed => rules_of_goods::TaxTreatment::Taxed,
                    TaxTreatment::ZeroRated => rules_of_goods::TaxTreatment::ZeroRated,
                    TaxTreatment::Exempt => rules_of_goods::TaxTreatment::Exempt,
                },
            }),
            units: self.units.into_iter().take(UNITS_MAX).map(SaleUnit::understand).collect(),
            prices: Vec::new(),
            kit: Vec::new(),
            open_price: self.open_price.map(|bounds| PriceBounds {
                min: Money::from_minor(bounds.min),
                max: Money::from_minor(bounds.max),
            }),
            caps: Vec::new(),
            code,
            sku: self.sku,
            name_zh: self.name_zh,
            name_en: self.name_en,
            spec: self.spec,
            category: self.category,
            weighed: self.weighed,
            price: Money::from_minor(self.price),
            age_restricted: self.age_restricted,
            no_promotion: self.no_promotion,
            no_points: self.no_points,
            gift: self.gift,
            membership: self.membership,
        }
    }

    /// The code that stands for it on a screen: its first barcode, its PLU, its department or its item code.
    fn shown_code(&self) -> String {
        let all = self.codes.iter().chain([&self.plu, &self.department]);
        all.filter(|code| !code.is_empty()).chain([&self.sku]).next().cloned().unwrap_or_default()
    }
}

/// The rate of the class where there is one, else the product's own.
pub fn tax_rate(of_product: u32, class: Option<&TaxClass>) -> TaxRate {
    let points = match class.map(|class| (class.treatment, class.rate)) {
        Some((TaxTreatment::Taxed, rate)) => rate,
        Some((TaxTreatment::ZeroRated | TaxTreatment::Exempt, _)) => 0,
        None => of_product,
    };
    // HQ refuses rates above 100 % on import.
    TaxRate::from_basis_points(points.min(10_000)).expect("at most 100 %")
}

impl SaleUnit {
    /// The pack as the rules see it.
    pub fn understand(self) -> rules_of_goods::SaleUnit {
        rules_of_goods::SaleUnit {
            unit: Unit { id: self.id, name_zh: self.name_zh, name_en: self.name_en, factor: self.factor },
            price: self.price.map(Money::from_minor),
        }
    }
}

impl PriceRow {
    /// The price as the rules of a store see it; `None` where it does not concern the store.
    pub fn understand(self, store: &str, groups: &[String]) -> Option<rules_of_goods::PriceRow> {
        let scope = match self.scope {
            PriceScope::Chain => rules_of_goods::PriceScope::Chain,
            PriceScope::Group(group) => {
                groups.contains(&group).then_some(rules_of_goods::PriceScope::Group)?
            }
            PriceScope::Store(of) => (of == store).then_some(rules_of_goods::PriceScope::Store)?,
        };
        Some(rules_of_goods::PriceRow {
            list: self.list,
            unit: self.unit,
            scope,
            audience: match self.audience {
                Audience::Everyone => rules_of_goods::Audience::Everyone,
                Audience::Members => rules_of_goods::Audience::Members,
                Audience::Tier(tier) => rules_of_goods::Audience::Tier(tier),
            },
            from_ms: self.from_ms,
            until_ms: self.until_ms,
            price: Money::from_minor(self.price),
        })
    }
}

impl ShelfCap {
    /// The cap as the rules see it.
    pub fn understand(self) -> rules_of_goods::ShelfCap {
        rules_of_goods::ShelfCap {
            unit: self.item.unit,
            from_ms: self.from_ms,
            price: self.price.map(Money::from_minor),
            member_price: self.member_price.map(Money::from_minor),
            label: self.label,
        }
    }
}

impl Store {
    /// The currency of every amount.
    pub fn understand_currency(&self) -> Currency {
        Currency {
            code: self.currency.clone(),
            symbol: self.currency_symbol.clone(),
            exponent: self.currency_exponent,
        }
    }

    /// A unit of the currency, such as a yuan.
    pub fn major(&self) -> Money {
        Money::from_minor(10i64.pow(u32::from(self.currency_exponent.min(4))))
    }

    /// The codes of the store's own, and the patterns that cannot be and are left out.
    pub fn understand_codes(&self) -> (Codes, Vec<ConfigureCodesError>) {
        Codes::configured(&self.scale_patterns, &self.code_patterns)
    }

    /// The rules of the store's tills on a channel such as `store`; what HQ left out is as the till has it. Which
    /// wallets and scale a lane has, and whether it is a kiosk, is the lane's own.
    pub fn understand_rules(&self, channel: &str) -> Rules {
        let (set, own) = (&self.rules, Rules::default());
        let earned = set.points_earned.as_ref();
        Rules {
            tax: tax::TaxRules {
                mode: set.tax_mode.map_or(own.tax.mode, |mode| match mode {
                    TaxMode::Inclusive => tax::TaxMode::Inclusive,
                    TaxMode::Exclusive => tax::TaxMode::Exclusive,
                }),
                rounding: set.tax_rounding.map_or(own.tax.rounding, |rounding| match rounding {
                    TaxRounding::PerLine => tax::TaxRounding::PerLine,
                    TaxRounding::PerDocument => tax::TaxRounding::PerDocument,
                }),
            },
            refund_order: set.refund_order.map_or(own.refund_order, |order| match order {
                RefundOrder::CashLast => refund::RefundOrder::CashLast,
                RefundOrder::Proportional => refund::RefundOrder::Proportional,
            }),
            shift_opens_itself: set.shift_opens_itself.unwrap_or(own.shift_opens_itself),
            blind_count: set.blind_count.unwrap_or(own.blind_count),
            blind_stock_count: set.blind_stock_count.unwrap_or(own.blind_stock_count),
            free_voids: set.free_voids.unwrap_or(own.free_voids),
            free_void_net: set.free_void_net.map_or(own.free_void_net, Money::from_minor),
            cancel_by_right: set.cancel_by_right.unwrap_or(own.cancel_by_right),
            foreign: set
                .foreign
                .iter()
                .map(|(currency, rate)| ForeignRate { currency: currency.clone(), rate: *rate })
                .collect(),
            wallets: own.wallets,
            has_scale: own.has_scale,
            kiosk: own.kiosk,
            exit_audit: own.exit_audit,
            typed_weights: set.typed_weights.map_or(own.typed_weights, |weights| match weights {
                TypedWeights::Free => till::TypedWeights::Free,
                TypedWeights::ByRight => till::TypedWeights::ByRight,
                TypedWeights::Never => till::TypedWeights::Never,
            }),
            objective: set.objective.map_or(own.objective, |objective| match objective {
                Objective::CustomerBest => domain::promotion::Objective::CustomerBest,
                Objective::TagPriceBinding => domain::promotion::Objective::TagPriceBinding,
            }),
            place: Place {
                store: self.code.clone(),
                channel: channel.to_owned(),
                member_days: set.member_days.clone(),
            },
            value: set.stored_value.as_ref().map(|value| ValueRules {
                order: match value.order {
                    SpendOrder::PrincipalFirst => domain::value::SpendOrder::PrincipalFirst,
                    SpendOrder::ProRata => domain::value::SpendOrder::ProRata,
                },
                principal_max: value.principal_max.map(Money::from_minor),
                bonuses: value
                    .bonuses
                    .iter()
                    .take(BONUS_STEPS_MAX)
                    .map(|step| (Money::from_minor(step.from), Money::from_minor(step.bonus)))
                    .collect(),
            }),
            points: PointsRules {
                money_per_point: earned.map(|earned| Money::from_minor(earned.money_per_point)),
                tier_multipliers: earned
                    .map(|earned| earned.tiers.iter().map(|(tier, times)| (tier.clone(), *times)).collect())
                    .unwrap_or_default(),
                spending: set.points_spent.map(|spent| Spending {
                    step: spent.step,
                    points_per_hundred: spent.points_per_hundred,
                    percent_max: spent.percent_max,
                }),
            },
        }
    }
}
