//! Promotions that cannot work are refused with the reason; those that can
//! hold when, where and for whom they say. What they cost is held against a
//! search of everything, beside the case files.

use std::collections::BTreeSet;

use super::explain::Lacking;
use super::rule::{
    AmountStep, BundleReward, Conditions, DayWindow, ItemRule, OrderRule, PriceRule, PromotionError,
    QuantityStep, Rule, Scope, Slot, Stacking,
};
use super::ticket::{Buyer, Goods, Occasion, TicketLine, Unmet};
use super::*;
use crate::quota::{QuotaLeft, Whose};

mod effort;
mod worth;

fn yuan(amount: i64) -> Money {
    Money::from_minor(amount * 100)
}

fn promotion(id: &str, rule: Rule) -> Promotion {
    Promotion {
        id: id.into(),
        name_zh: id.into(),
        name_en: id.into(),
        rule,
        scope: Scope::everything(),
        conditions: Conditions::default(),
        quota: None,
        quotas: Vec::new(),
        bearers: Vec::new(),
        applications_max: None,
        stacking: Stacking::default(),
    }
}

fn threshold(min: i64, off: i64) -> Rule {
    Rule::Order(OrderRule::ThresholdOff { min: yuan(min), off: yuan(off), repeat_max: 1 })
}

fn refused(promotion: &Promotion) -> String {
    promotion.check().expect_err("it cannot work").to_string()
}

#[test]
fn a_promotion_that_cannot_work_is_refused_with_the_reason() {
    let price = |rule| promotion("p", Rule::Price(rule));
    let item = |rule| promotion("p", Rule::Item(rule));
    let order = |rule| promotion("p", Rule::Order(rule));
    let good = price(PriceRule::Fixed(yuan(1)));
    assert_eq!(good.check(), Ok(()));
    assert_eq!(promotion("", good.rule.clone()).check(), Err(PromotionError::NoId));
    let range = [
        price(PriceRule::Fixed(Money::from_minor(-1))),
        price(PriceRule::Percent(100)),
        price(PriceRule::Off(Money::ZERO)),
        price(PriceRule::AddOn { price: yuan(1), min: Money::ZERO, per: 1 }),
        price(PriceRule::AddOn { price: yuan(1), min: yuan(1), per: 0 }),
        item(ItemRule::NthUnit { n: 0, pay_percent: 50, same_sku: false, spread: false }),
        item(ItemRule::NthUnit { n: 2, pay_percent: 100, same_sku: false, spread: false }),
        item(ItemRule::XForY { n: 61, amount: yuan(1), same_sku: false }),
        item(ItemRule::BuyNGetM { n: 60, m: 60, same_sku: false, spread: false }),
        item(ItemRule::BuyNGetM { n: u32::MAX, m: 2, same_sku: false, spread: false }),
        order(OrderRule::ThresholdOff { min: yuan(1), off: Money::ZERO, repeat_max: 1 }),
        order(OrderRule::ThresholdOff { min: Money::ZERO, off: yuan(1), repeat_max: 2 }),
        order(OrderRule::ThresholdOff { min: yuan(1), off: yuan(1), repeat_max: 0 }),
        order(OrderRule::Percent { pay_percent: 80, min: Money::from_minor(-1), cap: None }),
        order(OrderRule::Percent { pay_percent: 80, min: yuan(1), cap: Some(Money::ZERO) }),
    ];
    for wrong in range {
        assert!(matches!(wrong.check(), Err(PromotionError::Range { .. })), "{wrong:?}");
    }
    let step = |min, off| AmountStep { min: yuan(min), off: yuan(off) };
    let units = |units, pay_percent| QuantityStep { units, pay_percent };
    let tiers = [
        order(OrderRule::TieredOff { tiers: vec![] }),
        order(OrderRule::TieredOff { tiers: vec![step(100, 10), step(200, 10)] }),
        order(OrderRule::TieredOff { tiers: vec![step(200, 10), step(100, 20)] }),
        item(ItemRule::QuantityTier { tiers: vec![units(3, 80), units(5, 90)] }),
    ];
    for wrong in tiers {
        assert!(matches!(wrong.check(), Err(PromotionError::Tiers { .. })), "{wrong:?}");
    }
    let slot = |units| Slot { scope: Scope::of(["a"]), units };
    let bundles = [
        (vec![], BundleReward::Off(yuan(1))),
        (vec![slot(1)], BundleReward::Slots { pay_percents: vec![], spread: false }),
    ];
    for (slots, reward) in bundles {
        let wrong = item(ItemRule::Bundle { slots, reward });
        assert!(matches!(wrong.check(), Err(PromotionError::Slots { .. })), "{wrong:?}");
    }
    let nothing = BundleReward::Slots { pay_percents: vec![100], spread: false };
    let wrong = item(ItemRule::Bundle { slots: vec![slot(1)], reward: nothing });
    assert!(matches!(wrong.check(), Err(PromotionError::NoEffect { .. })));
    let with = |change: &dyn Fn(&mut Promotion)| {
        let mut changed = good.clone();
        change(&mut changed);
        refused(&changed)
    };
    assert_eq!(with(&|p| p.quota = Some(0)), "use promotion p: a limit of 0 takes nothing off");
    assert_eq!(
        with(&|p| {
            p.scope = Scope::of(["a"]);
            p.scope.not_skus.insert("a".into());
        }),
        "use promotion p: it is about no goods; name some that are not excepted, or none for all"
    );
    assert_eq!(
        with(&|p| {
            p.stacking.excludes.insert("p".into());
        }),
        "use promotion p: it excludes itself"
    );
    let never = "use promotion p: it is never in force; look at its times";
    assert_eq!(with(&|p| (p.conditions.from_ms, p.conditions.until_ms) = (Some(5), Some(5))), never);
    assert_eq!(with(&|p| p.conditions.weekdays = BTreeSet::from([8])), never);
    assert_eq!(with(&|p| p.conditions.hours = vec![DayWindow { from_minute: 60, until_minute: 60 }]), never);
}

#[test]
fn one_that_is_refused_leaves_the_others_live() {
    let live = promotion("live", threshold(10, 1));
    let wrong = promotion("wrong", threshold(10, 0));
    let (set, refused) = PromotionSet::load(7, [live.clone(), wrong, live]);
    assert_eq!((set.version(), set.promotions().len()), (7, 1));
    assert!(
        matches!(&refused[..], [PromotionError::Range { .. }, PromotionError::SameId(id)] if id == "live")
    );
}

/// A Saturday, 2026-01-03, at this hour and minute in Shanghai.
fn saturday(hour: i64, minute: i64) -> Occasion {
    let midnight_ms = 1_767_369_600_000;
    Occasion {
        now_ms: midnight_ms + (hour * 60 + minute) * 60_000,
        offset_minutes: 480,
        store: "S001".into(),
        channel: "store".into(),
        ..Occasion::default()
    }
}

fn holds(conditions: &Conditions, occasion: &Occasion, expected: Option<Unmet>) {
    assert_eq!(conditions.unmet(occasion), expected, "{conditions:?} {occasion:?}");
}

#[test]
fn a_promotion_holds_when_it_says() {
    let night = DayWindow { from_minute: 22 * 60, until_minute: 6 * 60 };
    let by_night = Conditions { hours: vec![night], ..Conditions::default() };
    holds(&by_night, &saturday(23, 0), None);
    holds(&by_night, &saturday(5, 59), None);
    holds(&by_night, &saturday(6, 0), Some(Unmet::Time));
    let weekend = Conditions { weekdays: BTreeSet::from([6, 7]), ..Conditions::default() };
    holds(&weekend, &saturday(0, 0), None);
    holds(&weekend, &saturday(-1, 0), Some(Unmet::Time));
    let member_day = Conditions { member_day: true, ..Conditions::default() };
    holds(&member_day, &saturday(9, 0), Some(Unmet::Time));
    holds(&member_day, &Occasion { member_day: true, ..saturday(9, 0) }, None);
    let now = saturday(9, 0).now_ms;
    holds(&Conditions { until_ms: Some(now), ..Conditions::default() }, &saturday(9, 0), Some(Unmet::Time));
    holds(&Conditions { from_ms: Some(now), ..Conditions::default() }, &saturday(9, 0), None);
}

#[test]
fn a_promotion_holds_where_and_for_whom_it_says() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let none = Conditions::default;
    let elsewhere = [
        Conditions { stores: names(&["S002"]), ..none() },
        Conditions { channels: names(&["kiosk"]), ..none() },
    ];
    for conditions in elsewhere {
        holds(&conditions, &saturday(9, 0), Some(Unmet::Place));
    }
    let buyer =
        Buyer { tier: "gold".into(), tags: vec!["office".into()], stage: "first".into(), first_order: true };
    let member = Occasion { member: Some(buyer), ..saturday(9, 0) };
    let fitting = [
        Conditions { tiers: names(&["gold", "black"]), ..none() },
        Conditions { tags: names(&["school", "office"]), ..none() },
        Conditions { stages: names(&["first"]), ..none() },
        Conditions { members_only: true, ..none() },
        Conditions { first_order: true, ..none() },
    ];
    for conditions in fitting {
        holds(&conditions, &member, None);
        holds(&conditions, &saturday(9, 0), Some(Unmet::Customer));
    }
    holds(&Conditions { tiers: names(&["black"]), ..none() }, &member, Some(Unmet::Customer));
    let by_card = Conditions { tenders: names(&["card"]), ..none() };
    holds(&by_card, &saturday(9, 0), Some(Unmet::Tender));
    holds(&by_card, &Occasion { tender: Some("card".into()), ..saturday(9, 0) }, None);
}

fn line(number: u32, sku: &str, goods: Goods) -> TicketLine {
    TicketLine {
        number,
        sku: sku.into(),
        category: "food".into(),
        goods,
        factor: 1,
        price_stands: false,
        no_promotion: false,
        expires_in_days: None,
    }
}

fn priced(promotions: &[Promotion], lines: Vec<TicketLine>) -> Priced {
    let (set, refused) = PromotionSet::load(1, promotions.iter().cloned());
    assert_eq!(refused, []);
    let ticket = Ticket { lines, ..Ticket::default() };
    price(&set, &ticket, Objective::CustomerBest, &mut Memory::default(), WORK_MAX)
}

fn pieces(count: u32, price: i64) -> Goods {
    Goods::Pieces { count, price: yuan(price) }
}

#[test]
fn goods_near_their_end_are_cheaper_each_by_its_own_label() {
    let mut near = promotion("临期", Rule::Price(PriceRule::Percent(50)));
    near.scope.expires_within_days = Some(2);
    let milk = |number, days| TicketLine { expires_in_days: days, ..line(number, "milk", pieces(1, 10)) };
    let found = priced(&[near], vec![milk(1, Some(2)), milk(2, Some(3)), milk(3, None)]);
    assert_eq!(found.nets, [yuan(5), yuan(10), yuan(10)]);
}

#[test]
fn tobacco_neither_counts_nor_is_lowered() {
    let tobacco = TicketLine { no_promotion: true, ..line(1, "tobacco", pieces(1, 60)) };
    let half = promotion("half", Rule::Price(PriceRule::Percent(50)));
    let found = priced(&[promotion("m", threshold(100, 10)), half.clone()], vec![tobacco.clone()]);
    assert_eq!(found.nets, [yuan(60)]);
    let found = priced(&[promotion("m", threshold(100, 10))], vec![tobacco, line(2, "rice", pieces(1, 50))]);
    assert_eq!(
        (found.total, found.missed[0].lacking),
        (yuan(110), Lacking::Amount { missing: yuan(50), off: yuan(10) })
    );
}

#[test]
fn a_price_that_stands_counts_for_the_order_but_takes_no_shelf_price() {
    let half = promotion("half", Rule::Price(PriceRule::Percent(50)));
    let label = TicketLine { price_stands: true, ..line(1, "apple", Goods::Amount(yuan(120))) };
    let found = priced(&[half, promotion("m", threshold(100, 10))], vec![label]);
    assert_eq!(found.total, yuan(110));
}

#[test]
fn a_limit_beyond_the_ticket_counts_what_is_left_of_it() {
    let flash = promotion("秒杀", Rule::Price(PriceRule::Fixed(yuan(1))));
    let (set, _) = PromotionSet::load(1, [flash]);
    for (units, total) in [(0, 50), (2, 32), (9, 5)] {
        let ticket = Ticket {
            lines: vec![line(1, "egg", pieces(5, 10))],
            quotas_left: [("秒杀".to_owned(), QuotaLeft { units, whose: Whose::Store, daily: true })].into(),
            ..Ticket::default()
        };
        let found = price(&set, &ticket, Objective::TagPriceBinding, &mut Memory::default(), WORK_MAX);
        assert_eq!(found.total, yuan(total), "{units} left");
    }
}

#[test]
fn what_is_missing_is_said() {
    let mut gold = promotion("gold", Rule::Price(PriceRule::Percent(90)));
    gold.conditions.tiers.insert("gold".into());
    let pair = ItemRule::NthUnit { n: 2, pay_percent: 50, same_sku: true, spread: false };
    let found = priced(
        &[promotion("m100", threshold(100, 15)), promotion("pair", Rule::Item(pair)), gold],
        vec![line(1, "a", pieces(1, 60)), line(2, "b", pieces(1, 37))],
    );
    let lacking: Vec<(usize, Lacking)> =
        found.missed.iter().map(|missed| (missed.promotion, missed.lacking)).collect();
    assert_eq!(
        lacking,
        [
            (0, Lacking::Amount { missing: yuan(3), off: yuan(15) }),
            (1, Lacking::Units(1)),
            (2, Lacking::Condition(Unmet::Customer)),
        ]
    );
}

#[test]
fn a_wholesale_quantity_is_priced_and_says_what_was_not_proved() {
    let pair = ItemRule::NthUnit { n: 2, pay_percent: 50, same_sku: false, spread: false };
    let found = priced(&[promotion("pair", Rule::Item(pair))], vec![line(1, "a", pieces(99_999, 1))]);
    assert!(found.total < yuan(99_999) && !found.is_optimal());
    let special = promotion("special", Rule::Price(PriceRule::Percent(90)));
    let found = priced(&[special], vec![line(1, "a", pieces(99_999, 1))]);
    assert_eq!((found.total, found.is_optimal()), (Money::from_minor(8_999_910), true));
}
