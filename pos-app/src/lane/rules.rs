//! What a chain set for the tills of a store, as the rules know it.

use domain::member::{PointsRules, Spending};
use domain::money::Money;
use domain::promotion::Objective;
use domain::refund::RefundOrder;
use domain::tax::{TaxMode, TaxRounding, TaxRules};
use domain::tender::ForeignRate;
use domain::till::{Place, Rules, TypedWeights};
use protocol::pull::{self, Store};

/// The rules of a store's tills; what HQ left out is as the till has it.
pub(super) fn rules(store: &Store) -> Rules {
    let (set, own) = (&store.rules, Rules::default());
    let objective = |objective| match objective {
        pull::Objective::CustomerBest => Objective::CustomerBest,
        pull::Objective::TagPriceBinding => Objective::TagPriceBinding,
    };
    let refund_order = |order| match order {
        pull::RefundOrder::CashLast => RefundOrder::CashLast,
        pull::RefundOrder::Proportional => RefundOrder::Proportional,
    };
    let mode = |mode| match mode {
        pull::TaxMode::Inclusive => TaxMode::Inclusive,
        pull::TaxMode::Exclusive => TaxMode::Exclusive,
    };
    let rounding = |rounding| match rounding {
        pull::TaxRounding::PerLine => TaxRounding::PerLine,
        pull::TaxRounding::PerDocument => TaxRounding::PerDocument,
    };
    let typed_weights = |set| match set {
        pull::TypedWeights::Free => TypedWeights::Free,
        pull::TypedWeights::ByRight => TypedWeights::ByRight,
        pull::TypedWeights::Never => TypedWeights::Never,
    };
    let earned = set.points_earned.as_ref();
    Rules {
        tax: TaxRules {
            mode: set.tax_mode.map_or(own.tax.mode, mode),
            rounding: set.tax_rounding.map_or(own.tax.rounding, rounding),
        },
        refund_order: set.refund_order.map_or(own.refund_order, refund_order),
        shift_opens_itself: set.shift_opens_itself.unwrap_or(own.shift_opens_itself),
        blind_count: set.blind_count.unwrap_or(own.blind_count),
        free_voids: set.free_voids.unwrap_or(own.free_voids),
        free_void_net: set.free_void_net.map_or(own.free_void_net, Money::from_minor),
        cancel_by_right: set.cancel_by_right.unwrap_or(own.cancel_by_right),
        foreign: set
            .foreign
            .iter()
            .map(|(currency, rate)| ForeignRate { currency: currency.clone(), rate: *rate })
            .collect(),
        // Which wallets are taken is the lane's own: it has their keys, and its scale.
        wallets: own.wallets,
        has_scale: own.has_scale,
        kiosk: own.kiosk,
        typed_weights: set.typed_weights.map_or(own.typed_weights, typed_weights),
        objective: set.objective.map_or(own.objective, objective),
        place: Place {
            store: store.code.clone(),
            channel: "store".to_owned(),
            member_days: set.member_days.clone(),
        },
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
