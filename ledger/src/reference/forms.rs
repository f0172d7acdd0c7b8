//! What HQ tells, as the rules see it. What lies in which table is not known here.

use domain::catalogue::{Item, PriceBounds, TaxClass, TaxTreatment, UNITS_MAX};
use domain::coupon::{Coupon, CouponState};
use domain::member::Member;
use domain::money::Money;
use protocol::pull;
use protocol::pull::understand::tax_rate;

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
        units: product.units.into_iter().take(UNITS_MAX).map(pull::SaleUnit::understand).collect(),
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
        membership: product.membership,
    }
}
