//! What HQ tells, as the rules see it. What lies in which table is not known here.

use domain::catalogue::{
    Audience, Item, PriceBounds, PriceRow, PriceScope, SaleUnit, TaxClass, TaxTreatment, UNITS_MAX, Unit,
};
use domain::coupon::{Coupon, CouponState};
use domain::member::Member;
use domain::money::{Money, TaxRate};
use protocol::pull;

use super::View;
use super::face::Face;

/// A member as the rules see one.
pub(super) fn member(member: pull::Member) -> Member {
    Member {
        id: member.id,
        shown: member.shown,
        tier: member.tier,
        tags: member.tags,
        stage: member.stage,
        first_order: member.first_order,
        points: member.points,
    }
}

/// A coupon as the rules see one.
pub(super) fn coupon(coupon: pull::Coupon) -> Coupon {
    Coupon {
        code: coupon.code,
        promotion: coupon.promotion,
        state: match coupon.state {
            pull::CouponState::Issued => CouponState::Issued,
            pull::CouponState::Reserved => CouponState::Reserved,
            pull::CouponState::Redeemed => CouponState::Redeemed,
            pull::CouponState::Frozen => CouponState::Frozen,
            pull::CouponState::Void => CouponState::Void,
        },
        from_ms: coupon.from_ms,
        until_ms: coupon.until_ms,
        owner: coupon.owner,
        group: coupon.group,
        together_max: coupon.together_max,
    }
}

/// An item as the rules see it, but for its prices and parts.
pub(super) fn item(product: Face, class: Option<pull::TaxClass>) -> Item {
    Item {
        tax_rate: tax_rate(product.tax_rate, class.as_ref()),
        tax_class: class.map(|class| TaxClass {
            id: class.id,
            treatment: match class.treatment {
                pull::TaxTreatment::Taxed => TaxTreatment::Taxed,
                pull::TaxTreatment::ZeroRated => TaxTreatment::ZeroRated,
                pull::TaxTreatment::Exempt => TaxTreatment::Exempt,
            },
        }),
        units: product.units.into_iter().take(UNITS_MAX).map(sale_unit).collect(),
        prices: Vec::new(),
        kit: Vec::new(),
        open_price: product.open_price.map(|bounds| PriceBounds {
            min: Money::from_minor(bounds.min),
            max: Money::from_minor(bounds.max),
        }),
        caps: Vec::new(),
        code: product.code,
        sku: product.sku,
        name_zh: product.name_zh,
        name_en: product.name_en,
        spec: product.spec,
        category: product.category,
        weighed: product.weighed,
        price: Money::from_minor(product.price),
        age_restricted: product.age_restricted,
        no_promotion: product.no_promotion,
        no_points: product.no_points,
        gift: product.gift,
    }
}

/// The rate of the class where there is one, else the product's own.
pub(super) fn tax_rate(of_product: u32, class: Option<&pull::TaxClass>) -> TaxRate {
    let points = match class.map(|class| (class.treatment, class.rate)) {
        Some((pull::TaxTreatment::Taxed, rate)) => rate,
        Some((pull::TaxTreatment::ZeroRated | pull::TaxTreatment::Exempt, _)) => 0,
        None => of_product,
    };
    // HQ refuses rates above 100 % on import.
    TaxRate::from_basis_points(points.min(10_000)).expect("at most 100 %")
}

pub(super) fn sale_unit(sold: pull::SaleUnit) -> SaleUnit {
    SaleUnit {
        unit: Unit { id: sold.id, name_zh: sold.name_zh, name_en: sold.name_en, factor: sold.factor },
        price: sold.price.map(Money::from_minor),
    }
}

/// A price as the rules see it; `None` where it does not concern this store.
/// HQ sends no other; one of a group that the store has left stays behind.
pub(super) fn price_row(row: pull::PriceRow, view: &View) -> Option<PriceRow> {
    let scope = match row.scope {
        pull::PriceScope::Chain => PriceScope::Chain,
        pull::PriceScope::Group(group) => view.groups.contains(&group).then_some(PriceScope::Group)?,
        pull::PriceScope::Store(store) => (store == view.store).then_some(PriceScope::Store)?,
    };
    Some(PriceRow {
        list: row.list,
        unit: row.unit,
        scope,
        audience: match row.audience {
            pull::Audience::Everyone => Audience::Everyone,
            pull::Audience::Members => Audience::Members,
            pull::Audience::Tier(tier) => Audience::Tier(tier),
        },
        from_ms: row.from_ms,
        until_ms: row.until_ms,
        price: Money::from_minor(row.price),
    })
}
